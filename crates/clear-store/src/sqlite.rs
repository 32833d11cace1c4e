//! SQLite in a folder: the embedded default.
//!
//! In:    a data folder that no other process holds.
//! Out:   an [`Engine`], and the cards in the same database.
//! Never: shares its folder.

mod cards;

use std::fs::File;
use std::path::Path;

use async_trait::async_trait;
use clear_record::{Kind, RecordId};
use sqlx::{SqliteConnection, SqlitePool};

use crate::engine::{Engine, HeadRow, LAYOUT, Names, OutboxRow, Row, Tx, VersionColumns, id_bytes, id_from, row};
use crate::{Error, files, lite};

pub(crate) struct Folder {
    place: String,
    ledger: Vec<u8>,
    writer: SqlitePool,
    readers: SqlitePool,
    /// Dropped last, with the folder.
    _held: File,
}

/// Opens the database of a data folder and holds the folder.
pub(crate) async fn open(folder: &Path) -> Result<Folder, Error> {
    files::make_private_folder(folder)?;
    let held = files::hold(folder)?;
    let path = folder.join("ledger.db");
    let place = path.display().to_string();
    let fault = |doing| lite::fault(&place, doing);
    let writer = lite::writer(&path).await?;
    let mut tx = lite::begin(&writer, &place).await?;
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'")
        .fetch_one(tx.conn())
        .await
        .map_err(fault("read its layout"))?;
    if made == 0 {
        sqlx::raw_sql(include_str!("sql/sqlite.sql")).execute(tx.conn()).await.map_err(fault("make its tables"))?;
        sqlx::query("INSERT INTO meta (layout, ledger) VALUES (?, ?)")
            .bind(LAYOUT)
            .bind(crate::book::fresh_name()?)
            .execute(tx.conn())
            .await
            .map_err(fault("name the ledger"))?;
        sqlx::raw_sql("INSERT INTO head (epoch, seq, register, outbox) VALUES (0, 0, 0, 0); INSERT INTO revision (last) VALUES (0)")
            .execute(tx.conn())
            .await
            .map_err(fault("begin the ledger"))?;
    }
    let (found, ledger): (i64, Vec<u8>) = sqlx::query_as("SELECT layout, ledger FROM meta")
        .fetch_one(tx.conn())
        .await
        .map_err(fault("read its layout"))?;
    if found > LAYOUT {
        return Err(Error::Newer { place, found, known: LAYOUT });
    }
    tx.commit().await.map_err(fault("begin the ledger"))?;
    files::sync_folder(&path)?;
    let readers = lite::readers(&path);
    Ok(Folder { place, ledger, writer, readers, _held: held })
}

impl Folder {
    fn fault(&self, doing: &'static str) -> impl Fn(sqlx::Error) -> Error + use<> {
        lite::fault(&self.place, doing)
    }

    fn rows(&self, rows: Vec<VersionColumns>) -> Result<Vec<Row>, Error> {
        rows.into_iter().map(|columns| row(&self.place, columns)).collect()
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

async fn head(conn: impl sqlx::SqliteExecutor<'_>) -> Result<HeadRow, sqlx::Error> {
    let (epoch, seq, register, outbox) =
        sqlx::query_as("SELECT epoch, seq, register, outbox FROM head").fetch_one(conn).await?;
    Ok(HeadRow { epoch, seq, register, outbox })
}

async fn names(
    conn: impl sqlx::SqliteExecutor<'_>,
    which: Names,
    from: i64,
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let sql = match which {
        Names::Labels => "SELECT id, text FROM label WHERE id >= ? ORDER BY id",
        Names::Origins => "SELECT id, text FROM origin WHERE id >= ? ORDER BY id",
    };
    sqlx::query_as(sql).bind(from).fetch_all(conn).await
}

#[async_trait]
impl Engine for Folder {
    type Tx = FolderTx;

    async fn begin(&self) -> Result<(FolderTx, HeadRow), Error> {
        let mut writing = lite::begin(&self.writer, &self.place).await?;
        let head = head(writing.conn()).await.map_err(self.fault("read the head"))?;
        Ok((FolderTx { writing, place: self.place.clone() }, head))
    }

    async fn head(&self) -> Result<HeadRow, Error> {
        head(&self.readers).await.map_err(self.fault("read the head"))
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn ledger(&self) -> &[u8] {
        &self.ledger
    }

    async fn follow(&self, after: i64, upto: i64, max: i64) -> Result<Vec<Row>, Error> {
        let rows = sqlx::query_as(
            "SELECT seq, id, label, origin, valid_from, recorded_at, body FROM version WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        )
        .bind(after)
        .bind(upto)
        .bind(max)
        .fetch_all(&self.readers)
        .await
        .map_err(self.fault("follow the versions"))?;
        self.rows(rows)
    }

    async fn follow_kinds(&self, kinds: &[Kind], after: i64, upto: i64, max: i64) -> Result<Vec<Row>, Error> {
        let codes: Vec<i64> = kinds.iter().map(|kind| i64::from(kind.code())).collect();
        let rows = sqlx::query_as(
            "SELECT seq, id, label, origin, valid_from, recorded_at, body FROM version
             WHERE seq > ? AND seq <= ? AND hex(substr(id, 1, 1)) IN (SELECT printf('%02X', value) FROM json_each(?)) ORDER BY seq LIMIT ?",
        )
        .bind(after)
        .bind(upto)
        .bind(lite::list(&codes))
        .bind(max)
        .fetch_all(&self.readers)
        .await
        .map_err(self.fault("follow the versions"))?;
        self.rows(rows)
    }

    async fn changed(&self, kind: Kind, after: i64, upto: i64) -> Result<Vec<(RecordId, bool)>, Error> {
        let rows: Vec<(Vec<u8>, bool)> = sqlx::query_as(
            "SELECT id, EXISTS (SELECT 1 FROM version AS earlier WHERE earlier.id = later.id AND earlier.seq <= ?1)
             FROM (SELECT DISTINCT id FROM version WHERE seq > ?1 AND seq <= ?2 AND hex(substr(id, 1, 1)) = printf('%02X', ?3)) AS later",
        )
        .bind(after)
        .bind(upto)
        .bind(i64::from(kind.code()))
        .fetch_all(&self.readers)
        .await
        .map_err(self.fault("follow the versions"))?;
        rows.into_iter().map(|(id, before)| Ok((id_from(&id, self.place())?, before))).collect()
    }

    async fn read(&self, ids: &[RecordId], upto: i64, valid: i64) -> Result<Vec<Row>, Error> {
        let rows = sqlx::query_as(
            "SELECT v.seq, v.id, v.label, v.origin, v.valid_from, v.recorded_at, v.body
             FROM json_each(?1) AS wanted CROSS JOIN version AS v ON v.seq = (
                 SELECT seq FROM version WHERE id = unhex(wanted.value) AND seq <= ?2 AND valid_from <= ?3 ORDER BY seq DESC LIMIT 1
             ) ORDER BY wanted.key",
        )
        .bind(hex_list(ids))
        .bind(upto)
        .bind(valid)
        .fetch_all(&self.readers)
        .await
        .map_err(self.fault("read records"))?;
        self.rows(rows)
    }

    async fn at(&self, seqs: &[i64]) -> Result<Vec<Row>, Error> {
        let rows = sqlx::query_as(
            "SELECT seq, id, label, origin, valid_from, recorded_at, body FROM version WHERE seq IN (SELECT value FROM json_each(?))",
        )
        .bind(lite::list(seqs))
        .fetch_all(&self.readers)
        .await
        .map_err(self.fault("read records"))?;
        self.rows(rows)
    }

    async fn history(&self, id: RecordId, upto: i64) -> Result<Vec<Row>, Error> {
        let rows = history(&self.readers, id, upto).await.map_err(self.fault("read a history"))?;
        self.rows(rows)
    }

    async fn names(&self, which: Names, from: i64) -> Result<Vec<(i64, String)>, Error> {
        names(&self.readers, which, from).await.map_err(self.fault("read labels"))
    }

    async fn register(&self, after: i64) -> Result<Vec<(i64, Vec<u8>)>, Error> {
        sqlx::query_as("SELECT version, body FROM register WHERE version > ? ORDER BY version")
            .bind(after)
            .fetch_all(&self.readers)
            .await
            .map_err(self.fault("read the register"))
    }

    async fn outbox(&self, after: i64) -> Result<Vec<OutboxRow>, Error> {
        let rows: Vec<(i64, i64, i64, i64, Vec<u8>)> =
            sqlx::query_as("SELECT number, upto, register, clear, body FROM outbox WHERE number > ? ORDER BY number")
                .bind(after)
                .fetch_all(&self.readers)
                .await
                .map_err(self.fault("read the outbox"))?;
        Ok(rows
            .into_iter()
            .map(|(number, upto, register, clear, body)| OutboxRow { number, upto, register, clear, body })
            .collect())
    }
}

async fn history(
    conn: impl sqlx::SqliteExecutor<'_>,
    id: RecordId,
    upto: i64,
) -> Result<Vec<VersionColumns>, sqlx::Error> {
    sqlx::query_as("SELECT seq, id, label, origin, valid_from, recorded_at, body FROM version WHERE id = ? AND seq <= ? ORDER BY seq")
        .bind(id_bytes(id))
        .bind(upto)
        .fetch_all(conn)
        .await
}

/// Ids as one value, which `json_each` takes apart.
fn hex_list(ids: &[RecordId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("\"{:02x}{:032x}\"", id.kind.code(), id.raw)).collect();
    format!("[{}]", ids.join(","))
}

pub(crate) struct FolderTx {
    writing: lite::Writing,
    place: String,
}

impl FolderTx {
    fn fault(&self, doing: &'static str) -> impl Fn(sqlx::Error) -> Error + use<> {
        lite::fault(&self.place, doing)
    }

    fn conn(&mut self) -> &mut SqliteConnection {
        self.writing.conn()
    }
}

#[async_trait]
impl Tx for FolderTx {
    async fn names(&mut self, which: Names, from: i64) -> Result<Vec<(i64, String)>, Error> {
        names(self.conn(), which, from).await.map_err(self.fault("read labels"))
    }

    async fn add_names(&mut self, which: Names, rows: &[(i64, String)]) -> Result<(), Error> {
        let sql = match which {
            Names::Labels => "INSERT INTO label (id, text) VALUES ",
            Names::Origins => "INSERT INTO origin (id, text) VALUES ",
        };
        lite::insert(self.conn(), sql, 2, rows.to_vec(), |query, (id, text)| query.bind(id).bind(text))
            .await
            .map_err(self.fault("add labels"))
    }

    async fn add_versions(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        let sql = "INSERT INTO version (seq, id, label, origin, valid_from, recorded_at, body) VALUES ";
        lite::insert(self.conn(), sql, 7, rows, |query, row| {
            query
                .bind(row.seq)
                .bind(id_bytes(row.id))
                .bind(row.label)
                .bind(row.origin)
                .bind(row.valid_from)
                .bind(row.recorded_at)
                .bind(row.body)
        })
        .await
        .map_err(self.fault("add versions"))
    }

    async fn add_register(&mut self, rows: Vec<(i64, Vec<u8>)>) -> Result<(), Error> {
        lite::insert(self.conn(), "INSERT INTO register (version, body) VALUES ", 2, rows, |query, (version, body)| {
            query.bind(version).bind(body)
        })
        .await
        .map_err(self.fault("add to the register"))
    }

    async fn add_outbox(&mut self, rows: Vec<OutboxRow>) -> Result<(), Error> {
        let sql = "INSERT INTO outbox (number, upto, register, clear, body) VALUES ";
        lite::insert(self.conn(), sql, 5, rows, |query, row| {
            query.bind(row.number).bind(row.upto).bind(row.register).bind(row.clear).bind(row.body)
        })
        .await
        .map_err(self.fault("add to the outbox"))
    }

    async fn forget_outbox(&mut self, upto: i64) -> Result<(), Error> {
        sqlx::query("DELETE FROM outbox WHERE number <= ?")
            .bind(upto)
            .execute(self.conn())
            .await
            .map_err(self.fault("clear the outbox"))?;
        Ok(())
    }

    async fn history(&mut self, id: RecordId) -> Result<Vec<Row>, Error> {
        let rows = history(self.conn(), id, i64::MAX).await.map_err(self.fault("read a history"))?;
        rows.into_iter().map(|columns| row(&self.place, columns)).collect()
    }

    async fn empty_bodies(&mut self, id: RecordId) -> Result<(), Error> {
        sqlx::query("UPDATE version SET body = NULL WHERE id = ?")
            .bind(id_bytes(id))
            .execute(self.conn())
            .await
            .map_err(self.fault("empty bodies"))?;
        Ok(())
    }

    async fn end(mut self, head: HeadRow) -> Result<(), Error> {
        sqlx::query("UPDATE head SET epoch = ?, seq = ?, register = ?, outbox = ?")
            .bind(head.epoch)
            .bind(head.seq)
            .bind(head.register)
            .bind(head.outbox)
            .execute(self.conn())
            .await
            .map_err(self.fault("write the head"))?;
        let fault = self.fault("commit");
        self.writing.commit().await.map_err(fault)
    }
}
