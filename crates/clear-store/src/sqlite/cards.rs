//! The cards, in the same database as the ledger.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Folder;
use crate::cards::{CardColumns, card};
use crate::{Card, Cards, Error, lite};

impl Folder {
    /// The next revision, inside the caller's transaction.
    async fn next_revision(&self, tx: &mut lite::Writing) -> Result<i64, Error> {
        sqlx::query_scalar("UPDATE revision SET last = last + 1 RETURNING last")
            .fetch_one(tx.conn())
            .await
            .map_err(self.fault("count a revision"))
    }
}

#[async_trait]
impl Cards for Folder {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Card>, Error> {
        let columns: Option<CardColumns> =
            sqlx::query_as("SELECT key, revision, owner, due, body FROM card WHERE kind = ? AND key = ?")
                .bind(kind)
                .bind(key)
                .fetch_optional(&self.readers)
                .await
                .map_err(self.fault("read a card"))?;
        Ok(columns.map(card))
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        if_revision: u64,
        owner: Option<&str>,
        due: Option<Timestamp>,
        body: Vec<u8>,
    ) -> Result<u64, Error> {
        let mut tx = lite::begin(&self.writer, &self.place).await?;
        let revision = self.next_revision(&mut tx).await?;
        let sql = match if_revision {
            0 => {
                "INSERT INTO card (kind, key, revision, owner, due, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING"
            }
            _ => {
                "UPDATE card SET revision = ?3, owner = ?4, due = ?5, body = ?6 WHERE kind = ?1 AND key = ?2 AND revision = ?7"
            }
        };
        let mut query = sqlx::query(sql)
            .bind(kind)
            .bind(key)
            .bind(revision)
            .bind(owner)
            .bind(due.map(Timestamp::as_microsecond))
            .bind(body);
        if if_revision != 0 {
            query = query.bind(crate::book::int(if_revision));
        }
        let done = query.execute(tx.conn()).await.map_err(self.fault("write a card"))?;
        // A conflict commits too: the counter's step does no harm, and the connection stays.
        tx.commit().await.map_err(self.fault("write a card"))?;
        match done.rows_affected() {
            0 => Err(Error::Conflict { kind: kind.to_owned(), key: key.to_owned() }),
            _ => Ok(revision.unsigned_abs()),
        }
    }

    async fn list(&self, kind: &str, owner: Option<&str>) -> Result<Vec<Card>, Error> {
        let rows: Vec<CardColumns> = sqlx::query_as("SELECT key, revision, owner, due, body FROM card WHERE kind = ?1 AND (?2 IS NULL OR owner = ?2) ORDER BY key")
            .bind(kind)
            .bind(owner)
            .fetch_all(&self.readers)
            .await
            .map_err(self.fault("list cards"))?;
        Ok(rows.into_iter().map(card).collect())
    }

    async fn claim(&self, kind: &str, now: Timestamp, lease_until: Timestamp) -> Result<Option<Card>, Error> {
        let mut tx = lite::begin(&self.writer, &self.place).await?;
        let revision = self.next_revision(&mut tx).await?;
        let claimed: Option<CardColumns> = sqlx::query_as(
            "UPDATE card SET due = ?1, revision = ?2
             WHERE kind = ?3 AND key = (SELECT key FROM card WHERE kind = ?3 AND due <= ?4 ORDER BY due, key LIMIT 1)
             RETURNING key, revision, owner, due, body",
        )
        .bind(lease_until.as_microsecond())
        .bind(revision)
        .bind(kind)
        .bind(now.as_microsecond())
        .fetch_optional(tx.conn())
        .await
        .map_err(self.fault("claim a card"))?;
        tx.commit().await.map_err(self.fault("claim a card"))?;
        Ok(claimed.map(card))
    }

    async fn delete(&self, kind: &str, key: &str, if_revision: u64) -> Result<(), Error> {
        let mut tx = lite::begin(&self.writer, &self.place).await?;
        let done = sqlx::query("DELETE FROM card WHERE kind = ? AND key = ? AND revision = ?")
            .bind(kind)
            .bind(key)
            .bind(crate::book::int(if_revision))
            .execute(tx.conn())
            .await
            .map_err(self.fault("delete a card"))?;
        tx.commit().await.map_err(self.fault("delete a card"))?;
        match done.rows_affected() {
            0 => Err(Error::Conflict { kind: kind.to_owned(), key: key.to_owned() }),
            _ => Ok(()),
        }
    }
}
