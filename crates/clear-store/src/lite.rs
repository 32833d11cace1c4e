//! SQLite as both the ledger and the key store use it.

#![expect(clippy::disallowed_methods, reason = "stores: ledger, cards, record-keys")]

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Sqlite, SqliteConnection, SqlitePool};

use crate::Error;
use crate::keys::Bound;

/// How many rows one statement takes: few enough for SQLite's 32,766 bound values whatever the table.
const ROWS: usize = 500;
/// How long a writer waits for another. A bulk load may hold the database for seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pages between checkpoints: fewer, larger ones, because an index page is written once for many commits.
const CHECKPOINT_PAGES: &str = "8000";

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .pragma("secure_delete", "ON")
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("temp_store", "MEMORY")
        .row_buffer_size(1024)
        .disable_statement_logging()
}

/// The one connection that writes, made with its file.
pub(crate) async fn writer(path: &Path) -> Result<SqlitePool, Error> {
    let place = path.display().to_string();
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options(path).create_if_missing(true).pragma("cache_size", "-131072"))
        .await
        .map_err(fault(&place, "be opened"))
}

/// A few connections that read.
pub(crate) fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options(path).read_only(true).pragma("cache_size", "-16384"))
}

/// What an error of SQLite's means.
pub(crate) fn fault(place: &str, doing: &'static str) -> impl Fn(sqlx::Error) -> Error + Send + Sync + use<> {
    let place = place.to_owned();
    move |source| {
        let place = place.clone();
        let code: i32 = source
            .as_database_error()
            .and_then(|error| error.code())
            .and_then(|code| code.parse().ok())
            .unwrap_or_default();
        match (code & 0xff, code, &source) {
            // SQLITE_FULL, and SQLITE_IOERR_SHMSIZE: no room for the index of the journal.
            (13, _, _) | (_, 4874, _) => Error::Full { place, source: source.into() },
            // SQLITE_BUSY and SQLITE_LOCKED.
            (5 | 6, _, _) | (_, _, sqlx::Error::PoolTimedOut) => Error::Busy { place, source: source.into() },
            _ => Error::Database { doing, place, source: source.into() },
        }
    }
}

/// A transaction of the writer. Dropped without `commit`, it takes its connection with it: SQLite rolls back by itself
/// on some errors and not on others, and a new connection knows nothing of either.
pub(crate) struct Writing {
    conn: PoolConnection<Sqlite>,
    done: bool,
}

/// Begins a transaction, waiting for the writer's turn.
pub(crate) async fn begin(writer: &SqlitePool, place: &str) -> Result<Writing, Error> {
    let conn = writer.acquire().await.map_err(fault(place, "be written"))?;
    let mut writing = Writing { conn, done: false };
    sqlx::query("BEGIN IMMEDIATE").execute(writing.conn()).await.map_err(fault(place, "begin a transaction"))?;
    Ok(writing)
}

impl Writing {
    pub(crate) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        sqlx::query("COMMIT").execute(self.conn()).await?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.done {
            self.conn.close_on_drop();
        }
    }
}

/// Inserts many rows with few statements. `into` ends with `VALUES `; `bind` binds `columns` values.
pub(crate) async fn insert<T>(
    conn: &mut SqliteConnection,
    into: &'static str,
    columns: usize,
    rows: Vec<T>,
    bind: impl for<'q> Fn(Bound<'q>, T) -> Bound<'q>,
) -> Result<(), sqlx::Error> {
    let one = format!("({})", vec!["?"; columns].join(","));
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<T> = rows.by_ref().take(ROWS).collect();
        let sql = format!("{into}{}", vec![one.as_str(); some.len()].join(","));
        // Only the statements that come again are worth keeping.
        let again = some.len() == ROWS || some.len() == 1;
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(again);
        for row in some {
            query = bind(query, row);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Numbers as one value, which `json_each` takes apart.
pub(crate) fn list(numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    format!("[{}]", numbers.join(","))
}
