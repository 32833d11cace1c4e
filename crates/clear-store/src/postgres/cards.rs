//! The cards, in the same database as the ledger.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Server;
use crate::cards::{CardColumns, card};
use crate::{Card, Cards, Error};

#[async_trait]
impl Cards for Server {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Card>, Error> {
        let columns: Option<CardColumns> =
            sqlx::query_as("SELECT key, revision, owner, due, body FROM openclear.card WHERE kind = $1 AND key = $2")
                .bind(kind)
                .bind(key)
                .fetch_optional(&self.pool)
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
        let sql = match if_revision {
            0 => {
                "INSERT INTO openclear.card (kind, key, revision, owner, due, body) VALUES ($1, $2, nextval('openclear.revision'), $3, $4, $5)
                 ON CONFLICT DO NOTHING RETURNING revision"
            }
            _ => {
                "UPDATE openclear.card SET revision = nextval('openclear.revision'), owner = $3, due = $4, body = $5
                 WHERE kind = $1 AND key = $2 AND revision = $6 RETURNING revision"
            }
        };
        let mut query = sqlx::query_scalar(sql)
            .bind(kind)
            .bind(key)
            .bind(owner)
            .bind(due.map(Timestamp::as_microsecond))
            .bind(body);
        if if_revision != 0 {
            query = query.bind(crate::book::int(if_revision));
        }
        let revision: Option<i64> = query.fetch_optional(&self.pool).await.map_err(self.fault("write a card"))?;
        revision.map(i64::unsigned_abs).ok_or_else(|| Error::Conflict { kind: kind.to_owned(), key: key.to_owned() })
    }

    async fn list(&self, kind: &str, owner: Option<&str>) -> Result<Vec<Card>, Error> {
        let rows: Vec<CardColumns> =
            sqlx::query_as("SELECT key, revision, owner, due, body FROM openclear.card WHERE kind = $1 AND ($2::text IS NULL OR owner = $2) ORDER BY key")
                .bind(kind)
                .bind(owner)
                .fetch_all(&self.pool)
                .await
                .map_err(self.fault("list cards"))?;
        Ok(rows.into_iter().map(card).collect())
    }

    async fn claim(&self, kind: &str, now: Timestamp, lease_until: Timestamp) -> Result<Option<Card>, Error> {
        // A card that somebody else is claiming is passed over, not waited for.
        let claimed: Option<CardColumns> = sqlx::query_as(
            "UPDATE openclear.card SET due = $1, revision = nextval('openclear.revision')
             WHERE kind = $2 AND key = (
                 SELECT key FROM openclear.card WHERE kind = $2 AND due <= $3 ORDER BY due, key LIMIT 1 FOR UPDATE SKIP LOCKED
             ) RETURNING key, revision, owner, due, body",
        )
        .bind(lease_until.as_microsecond())
        .bind(kind)
        .bind(now.as_microsecond())
        .fetch_optional(&self.pool)
        .await
        .map_err(self.fault("claim a card"))?;
        Ok(claimed.map(card))
    }

    async fn delete(&self, kind: &str, key: &str, if_revision: u64) -> Result<(), Error> {
        let done = sqlx::query("DELETE FROM openclear.card WHERE kind = $1 AND key = $2 AND revision = $3")
            .bind(kind)
            .bind(key)
            .bind(crate::book::int(if_revision))
            .execute(&self.pool)
            .await
            .map_err(self.fault("delete a card"))?;
        match done.rows_affected() {
            0 => Err(Error::Conflict { kind: kind.to_owned(), key: key.to_owned() }),
            _ => Ok(()),
        }
    }
}
