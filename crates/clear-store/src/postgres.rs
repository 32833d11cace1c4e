//! PostgreSQL: for a department. Replication, backup and failover are the server's own.
//!
//! In:    a server's address, and a role that may create a schema or finds `openclear` made.
//! Out:   an [`Engine`], and the cards in the same schema.
//! Never: sends a key or an unsealed body to the server.

#![expect(clippy::disallowed_methods, reason = "stores: ledger, cards; flows: database-server")]

mod cards;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clear_record::{Kind, RecordId};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::Error;
use crate::engine::{Engine, HeadRow, LAYOUT, Names, OutboxRow, Row, Tx, VersionColumns, id_bytes, id_from, row};

/// How long a call waits for a connection before it says that the server cannot be reached.
const PATIENCE: Duration = Duration::from_secs(5);
/// The server ends what a vanished client left open, so that the head row is free again.
const SESSION: [(&str, &str); 3] =
    [("lock_timeout", "60s"), ("statement_timeout", "300s"), ("idle_in_transaction_session_timeout", "60s")];
/// Bytes of bodies in one statement, below what one message may hold.
const STATEMENT_BYTES: usize = 32 << 20;

pub(crate) struct Server {
    /// The address without the password.
    url: String,
    ledger: Vec<u8>,
    pool: PgPool,
    /// Commits of this process queue here, not in the pool, so that readers always find a connection.
    turn: Arc<Mutex<()>>,
}

/// Opens the ledger on a server, making it where it is missing.
pub(crate) async fn open(url: &str) -> Result<Server, Error> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Error::Address { source: "it does not begin with `postgres://`".into() });
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(|source| Error::Address { source: source.into() })?
        .application_name("openclear")
        .options(SESSION)
        .disable_statement_logging();
    let url = address(&options);
    let fault = |doing| fault(&url, doing);
    // One plain connection first: a pool would try a refused one again and again.
    let first = tokio::time::timeout(PATIENCE, options.connect()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    let mut conn = first.map_err(fault("let this program in"))?;
    let ledger = make(&mut conn, &url).await?;
    // What was made stays made; a farewell that fails changes nothing.
    let _ = conn.close().await;
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(PATIENCE)
        .after_connect(|conn, _| {
            Box::pin(async move {
                // A commit that is acknowledged is durable, whatever the server's default.
                sqlx::query("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'").execute(conn).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options);
    Ok(Server { url, ledger, pool, turn: Arc::default() })
}

/// Makes the schema where it is missing and gives the ledger's name.
async fn make(conn: &mut PgConnection, url: &str) -> Result<Vec<u8>, Error> {
    let fault = |doing| fault(url, doing);
    let mut tx = conn.begin().await.map_err(fault("begin a transaction"))?;
    // Two processes that start together make it once. The number is `openclea` in ASCII.
    sqlx::query("SELECT pg_advisory_xact_lock(8030029660390450529)")
        .execute(&mut *tx)
        .await
        .map_err(fault("lock the schema"))?;
    let made: bool = sqlx::query_scalar("SELECT to_regclass('openclear.meta') IS NOT NULL")
        .fetch_one(&mut *tx)
        .await
        .map_err(fault("read its layout"))?;
    if !made {
        let there: bool = sqlx::query_scalar("SELECT to_regnamespace('openclear') IS NOT NULL")
            .fetch_one(&mut *tx)
            .await
            .map_err(fault("read its layout"))?;
        // A role that may not create schemas is given one.
        if !there {
            sqlx::raw_sql("CREATE SCHEMA openclear")
                .execute(&mut *tx)
                .await
                .map_err(fault("create the schema `openclear`"))?;
        }
        sqlx::raw_sql(include_str!("sql/postgres.sql")).execute(&mut *tx).await.map_err(fault("make its tables"))?;
        sqlx::query("INSERT INTO openclear.meta (layout, ledger) VALUES ($1, $2)")
            .bind(LAYOUT)
            .bind(crate::book::fresh_name()?)
            .execute(&mut *tx)
            .await
            .map_err(fault("name the ledger"))?;
        sqlx::query("INSERT INTO openclear.head (epoch, seq, register, outbox) VALUES (0, 0, 0, 0)")
            .execute(&mut *tx)
            .await
            .map_err(fault("begin the ledger"))?;
    }
    let (found, ledger): (i64, Vec<u8>) = sqlx::query_as("SELECT layout, ledger FROM openclear.meta")
        .fetch_one(&mut *tx)
        .await
        .map_err(fault("read its layout"))?;
    if found > LAYOUT {
        return Err(Error::Newer { place: url.to_owned(), found, known: LAYOUT });
    }
    tx.commit().await.map_err(fault("begin the ledger"))?;
    Ok(ledger)
}

/// The address as an operator may see it: without the password.
fn address(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    format!(
        "postgres://{}@{host}:{}/{}",
        options.get_username(),
        options.get_port(),
        options.get_database().unwrap_or_default()
    )
}

/// What an error of the server's means.
fn fault(url: &str, doing: &'static str) -> impl Fn(sqlx::Error) -> Error + Send + Sync + use<> {
    let url = url.to_owned();
    move |source| {
        let (url, place) = (url.clone(), url.clone());
        let gone = matches!(
            source,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed
        );
        let code =
            source.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned()).unwrap_or_default();
        match code.as_str() {
            _ if gone => Error::Unreachable { url, source: source.into() },
            // Connections broken, refused or too many; the server stops, starts or has crashed.
            "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => {
                Error::Unreachable { url, source: source.into() }
            }
            code if code.starts_with("08") => Error::Unreachable { url, source: source.into() },
            "53100" => Error::Full { place, source: source.into() },
            // A lock or a statement that took too long, or two writers in each other's way.
            "55P03" | "57014" | "40P01" | "40001" => Error::Busy { place, source: source.into() },
            _ => Error::Database { doing, place, source: source.into() },
        }
    }
}

impl Server {
    fn fault(&self, doing: &'static str) -> impl Fn(sqlx::Error) -> Error + use<> {
        fault(&self.url, doing)
    }

    fn rows(&self, rows: Vec<VersionColumns>) -> Result<Vec<Row>, Error> {
        rows.into_iter().map(|columns| row(&self.url, columns)).collect()
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

async fn names(conn: impl sqlx::PgExecutor<'_>, which: Names, from: i64) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let sql = match which {
        Names::Labels => "SELECT id, text FROM openclear.label WHERE id >= $1 ORDER BY id",
        Names::Origins => "SELECT id, text FROM openclear.origin WHERE id >= $1 ORDER BY id",
    };
    sqlx::query_as(sql).bind(from).fetch_all(conn).await
}

async fn history(conn: impl sqlx::PgExecutor<'_>, id: RecordId, upto: i64) -> Result<Vec<VersionColumns>, sqlx::Error> {
    sqlx::query_as("SELECT seq, id, label, origin, valid_from, recorded_at, body FROM openclear.version WHERE id = $1 AND seq <= $2 ORDER BY seq")
        .bind(id_bytes(id))
        .bind(upto)
        .fetch_all(conn)
        .await
}

fn head_row((epoch, seq, register, outbox): (i64, i64, i64, i64)) -> HeadRow {
    HeadRow { epoch, seq, register, outbox }
}

#[async_trait]
impl Engine for Server {
    type Tx = ServerTx;

    async fn begin(&self) -> Result<(ServerTx, HeadRow), Error> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let conn = self.pool.acquire().await.map_err(self.fault("be written"))?;
        let mut tx = ServerTx { conn, done: false, url: self.url.clone(), _turn: turn };
        sqlx::query("BEGIN").execute(tx.conn()).await.map_err(self.fault("begin a transaction"))?;
        let head = sqlx::query_as("SELECT epoch, seq, register, outbox FROM openclear.head FOR UPDATE")
            .fetch_one(tx.conn())
            .await
            .map_err(self.fault("lock the head"))?;
        Ok((tx, head_row(head)))
    }

    async fn head(&self) -> Result<HeadRow, Error> {
        let head = sqlx::query_as("SELECT epoch, seq, register, outbox FROM openclear.head")
            .fetch_one(&self.pool)
            .await
            .map_err(self.fault("read the head"))?;
        Ok(head_row(head))
    }

    fn place(&self) -> &str {
        &self.url
    }

    fn ledger(&self) -> &[u8] {
        &self.ledger
    }

    async fn follow(&self, after: i64, upto: i64, max: i64) -> Result<Vec<Row>, Error> {
        let rows = sqlx::query_as(
            "SELECT seq, id, label, origin, valid_from, recorded_at, body FROM openclear.version WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
        )
        .bind(after)
        .bind(upto)
        .bind(max)
        .fetch_all(&self.pool)
        .await
        .map_err(self.fault("follow the versions"))?;
        self.rows(rows)
    }

    async fn follow_kinds(&self, kinds: &[Kind], after: i64, upto: i64, max: i64) -> Result<Vec<Row>, Error> {
        let codes: Vec<i32> = kinds.iter().map(|kind| i32::from(kind.code())).collect();
        let rows = sqlx::query_as(
            "SELECT seq, id, label, origin, valid_from, recorded_at, body FROM openclear.version
             WHERE seq > $1 AND seq <= $2 AND get_byte(id, 0) = ANY($3) ORDER BY seq LIMIT $4",
        )
        .bind(after)
        .bind(upto)
        .bind(codes)
        .bind(max)
        .fetch_all(&self.pool)
        .await
        .map_err(self.fault("follow the versions"))?;
        self.rows(rows)
    }

    async fn changed(&self, kind: Kind, after: i64, upto: i64) -> Result<Vec<(RecordId, bool)>, Error> {
        let rows: Vec<(Vec<u8>, bool)> = sqlx::query_as(
            "SELECT id, EXISTS (SELECT 1 FROM openclear.version AS earlier WHERE earlier.id = later.id AND earlier.seq <= $1)
             FROM (SELECT DISTINCT id FROM openclear.version WHERE seq > $1 AND seq <= $2 AND get_byte(id, 0) = $3) AS later",
        )
        .bind(after)
        .bind(upto)
        .bind(i32::from(kind.code()))
        .fetch_all(&self.pool)
        .await
        .map_err(self.fault("follow the versions"))?;
        rows.into_iter().map(|(id, before)| Ok((id_from(&id, self.place())?, before))).collect()
    }

    async fn read(&self, ids: &[RecordId], upto: i64, valid: i64) -> Result<Vec<Row>, Error> {
        let rows = sqlx::query_as(
            "SELECT v.seq, v.id, v.label, v.origin, v.valid_from, v.recorded_at, v.body
             FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted(id, place) CROSS JOIN LATERAL (
                 SELECT * FROM openclear.version AS v WHERE v.id = wanted.id AND v.seq <= $2 AND v.valid_from <= $3 ORDER BY v.seq DESC LIMIT 1
             ) AS v ORDER BY wanted.place",
        )
        .bind(ids.iter().copied().map(id_bytes).collect::<Vec<_>>())
        .bind(upto)
        .bind(valid)
        .fetch_all(&self.pool)
        .await
        .map_err(self.fault("read records"))?;
        self.rows(rows)
    }

    async fn at(&self, seqs: &[i64]) -> Result<Vec<Row>, Error> {
        let rows = sqlx::query_as(
            "SELECT seq, id, label, origin, valid_from, recorded_at, body FROM openclear.version WHERE seq = ANY($1)",
        )
        .bind(seqs.to_vec())
        .fetch_all(&self.pool)
        .await
        .map_err(self.fault("read records"))?;
        self.rows(rows)
    }

    async fn history(&self, id: RecordId, upto: i64) -> Result<Vec<Row>, Error> {
        let rows = history(&self.pool, id, upto).await.map_err(self.fault("read a history"))?;
        self.rows(rows)
    }

    async fn names(&self, which: Names, from: i64) -> Result<Vec<(i64, String)>, Error> {
        names(&self.pool, which, from).await.map_err(self.fault("read labels"))
    }

    async fn register(&self, after: i64) -> Result<Vec<(i64, Vec<u8>)>, Error> {
        sqlx::query_as("SELECT version, body FROM openclear.register WHERE version > $1 ORDER BY version")
            .bind(after)
            .fetch_all(&self.pool)
            .await
            .map_err(self.fault("read the register"))
    }

    async fn outbox(&self, after: i64) -> Result<Vec<OutboxRow>, Error> {
        let rows: Vec<(i64, i64, i64, i64, Vec<u8>)> = sqlx::query_as(
            "SELECT number, upto, register, clear, body FROM openclear.outbox WHERE number > $1 ORDER BY number",
        )
        .bind(after)
        .fetch_all(&self.pool)
        .await
        .map_err(self.fault("read the outbox"))?;
        Ok(rows
            .into_iter()
            .map(|(number, upto, register, clear, body)| OutboxRow { number, upto, register, clear, body })
            .collect())
    }
}

/// A transaction that holds the head row. Dropped before `end`, it takes its connection with it, and the server rolls back.
pub(crate) struct ServerTx {
    conn: PoolConnection<Postgres>,
    done: bool,
    url: String,
    _turn: OwnedMutexGuard<()>,
}

impl ServerTx {
    fn fault(&self, doing: &'static str) -> impl Fn(sqlx::Error) -> Error + use<> {
        fault(&self.url, doing)
    }

    fn conn(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}

impl Drop for ServerTx {
    fn drop(&mut self) {
        if !self.done {
            self.conn.close_on_drop();
        }
    }
}

#[async_trait]
impl Tx for ServerTx {
    async fn names(&mut self, which: Names, from: i64) -> Result<Vec<(i64, String)>, Error> {
        names(self.conn(), which, from).await.map_err(self.fault("read labels"))
    }

    async fn add_names(&mut self, which: Names, rows: &[(i64, String)]) -> Result<(), Error> {
        let sql = match which {
            Names::Labels => "INSERT INTO openclear.label (id, text) SELECT * FROM unnest($1::int8[], $2::text[])",
            Names::Origins => "INSERT INTO openclear.origin (id, text) SELECT * FROM unnest($1::int8[], $2::text[])",
        };
        let (ids, texts): (Vec<i64>, Vec<String>) = rows.iter().cloned().unzip();
        sqlx::query(sql).bind(ids).bind(texts).execute(self.conn()).await.map_err(self.fault("add labels"))?;
        Ok(())
    }

    async fn add_versions(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let (mut seqs, mut ids, mut labels, mut origins, mut valids, mut recordeds, mut bodies) =
                (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let mut bytes = 0;
            while let Some(row) = rows.next_if(|_| bytes < STATEMENT_BYTES) {
                bytes += row.body.as_ref().map_or(0, Vec::len);
                seqs.push(row.seq);
                ids.push(id_bytes(row.id));
                labels.push(row.label);
                origins.push(row.origin);
                valids.push(row.valid_from);
                recordeds.push(row.recorded_at);
                bodies.push(row.body);
            }
            sqlx::query(
                "INSERT INTO openclear.version (seq, id, label, origin, valid_from, recorded_at, body)
                 SELECT * FROM unnest($1::int8[], $2::bytea[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::bytea[])",
            )
            .bind(seqs)
            .bind(ids)
            .bind(labels)
            .bind(origins)
            .bind(valids)
            .bind(recordeds)
            .bind(bodies)
            .execute(self.conn())
            .await
            .map_err(self.fault("add versions"))?;
        }
        Ok(())
    }

    async fn add_register(&mut self, rows: Vec<(i64, Vec<u8>)>) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let (versions, bodies): (Vec<i64>, Vec<Vec<u8>>) = rows.into_iter().unzip();
        sqlx::query("INSERT INTO openclear.register (version, body) SELECT * FROM unnest($1::int8[], $2::bytea[])")
            .bind(versions)
            .bind(bodies)
            .execute(self.conn())
            .await
            .map_err(self.fault("add to the register"))?;
        Ok(())
    }

    async fn add_outbox(&mut self, rows: Vec<OutboxRow>) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let (mut numbers, mut uptos, mut registers, mut clears, mut bodies) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            numbers.push(row.number);
            uptos.push(row.upto);
            registers.push(row.register);
            clears.push(row.clear);
            bodies.push(row.body);
        }
        sqlx::query(
            "INSERT INTO openclear.outbox (number, upto, register, clear, body)
             SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[])",
        )
        .bind(numbers)
        .bind(uptos)
        .bind(registers)
        .bind(clears)
        .bind(bodies)
        .execute(self.conn())
        .await
        .map_err(self.fault("add to the outbox"))?;
        Ok(())
    }

    async fn forget_outbox(&mut self, upto: i64) -> Result<(), Error> {
        sqlx::query("DELETE FROM openclear.outbox WHERE number <= $1")
            .bind(upto)
            .execute(self.conn())
            .await
            .map_err(self.fault("clear the outbox"))?;
        Ok(())
    }

    async fn history(&mut self, id: RecordId) -> Result<Vec<Row>, Error> {
        let rows = history(self.conn(), id, i64::MAX).await.map_err(self.fault("read a history"))?;
        rows.into_iter().map(|columns| row(&self.url, columns)).collect()
    }

    async fn empty_bodies(&mut self, id: RecordId) -> Result<(), Error> {
        sqlx::query("UPDATE openclear.version SET body = NULL WHERE id = $1")
            .bind(id_bytes(id))
            .execute(self.conn())
            .await
            .map_err(self.fault("empty bodies"))?;
        Ok(())
    }

    async fn end(mut self, head: HeadRow) -> Result<(), Error> {
        sqlx::query("UPDATE openclear.head SET epoch = $1, seq = $2, register = $3, outbox = $4")
            .bind(head.epoch)
            .bind(head.seq)
            .bind(head.register)
            .bind(head.outbox)
            .execute(self.conn())
            .await
            .map_err(self.fault("write the head"))?;
        sqlx::query("COMMIT").execute(self.conn()).await.map_err(self.fault("commit"))?;
        self.done = true;
        Ok(())
    }
}
