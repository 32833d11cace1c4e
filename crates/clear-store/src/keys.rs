//! The key store: one key for each body, wrapped under its owner's key, apart from the ledger.
//!
//! In:    wrapped keys with their places in the ledger.
//! Out:   the same; owners' keys, ready for use.
//! Never: holds a body, gives a key to another crate, makes a new owner's key where an old one is missing.
//!
//! # How
//! `keys.db` is SQLite whichever engine keeps the ledger, so that a backup of the ledger never holds the keys. An
//! owner's key is a file beside it, `owner-<agency>.key`, 32 bytes, readable by this account alone.
//!
//! A place in the ledger may have keys of several attempts: a commit that failed after its keys were written, or
//! a process that lost the lead without knowing. INVARIANT (no key replaces another): each attempt has its own number,
//! which its bodies repeat.

#![expect(clippy::disallowed_methods, reason = "stores: record-keys")]

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::KeyInit;
use clear_record::{AgencyId, RecordId};
use sqlx::{Sqlite, SqlitePool};

use crate::engine::LAYOUT;
use crate::seal::KEY_LEN;
use crate::{Error, files, lite};

/// A wrapped key with its place and attempt.
pub(crate) struct Wrapped {
    pub(crate) seq: i64,
    pub(crate) attempt: i64,
    pub(crate) key: Vec<u8>,
}

/// An owner's key, with its schedule made.
pub(crate) type OwnerKey = Arc<Aes256Gcm>;

pub(crate) struct Keys {
    folder: PathBuf,
    place: String,
    writer: SqlitePool,
    readers: SqlitePool,
    owners: Arc<RwLock<HashMap<AgencyId, OwnerKey>>>,
    /// Owners of whom `keys.db` says that they have a key file.
    known: Arc<RwLock<HashSet<AgencyId>>>,
}

/// How often the journal is asked to go before we say that a reader keeps it.
const TRUNCATE_TRIES: u32 = 5;

/// Opens the key store of a ledger that stands at `head`.
pub(crate) async fn open(folder: &Path, ledger: &[u8], head: i64) -> Result<Keys, Error> {
    files::make_private_folder(folder)?;
    let path = folder.join("keys.db");
    let place = path.display().to_string();
    let fault = |doing| lite::fault(&place, doing);
    let writer = lite::writer(&path).await?;
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.map_err(fault("open the key store"))?;
    sqlx::raw_sql(include_str!("sql/keys.sql"))
        .execute(&mut *tx)
        .await
        .map_err(fault("make the key store's tables"))?;
    let meta: Option<(i64, Vec<u8>)> = sqlx::query_as("SELECT layout, ledger FROM meta")
        .fetch_optional(&mut *tx)
        .await
        .map_err(fault("read the key store's layout"))?;
    match meta {
        Some((found, _)) if found > LAYOUT => return Err(Error::Newer { place, found, known: LAYOUT }),
        Some((_, of)) if of != ledger => return Err(Error::OtherKeys { folder: folder.to_owned() }),
        Some(_) => {}
        // A ledger that has versions had keys.
        None if head > 0 => return Err(Error::OtherKeys { folder: folder.to_owned() }),
        None => {
            sqlx::query("INSERT INTO meta (layout, ledger, settled) VALUES (?, ?, 0)")
                .bind(LAYOUT)
                .bind(ledger)
                .execute(&mut *tx)
                .await
                .map_err(fault("name the key store's ledger"))?;
        }
    }
    let known: Vec<String> =
        sqlx::query_scalar("SELECT agency FROM owner").fetch_all(&mut *tx).await.map_err(fault("read the owners"))?;
    tx.commit().await.map_err(fault("open the key store"))?;
    let known = known.iter().filter_map(|agency| agency.parse().ok()).collect();
    let readers = lite::readers(&path);
    Ok(Keys {
        folder: folder.to_owned(),
        place,
        writer,
        readers,
        owners: Arc::default(),
        known: Arc::new(RwLock::new(known)),
    })
}

impl Keys {
    /// Deletes the keys of commits that never came to be. The caller holds the head row at `head`, so that nobody is
    /// between his keys and his commit.
    pub(crate) async fn sweep(&self, head: i64) -> Result<(), Error> {
        let fault = |doing| lite::fault(&self.place, doing);
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(fault("sweep"))?;
        let settled: i64 =
            sqlx::query_scalar("SELECT settled FROM meta").fetch_one(&mut *tx).await.map_err(fault("sweep"))?;
        if head < settled {
            // Deleting here would destroy the keys of versions that another copy of the ledger may still have.
            tracing::warn!(
                head,
                settled,
                "the ledger is older than its key store: restored from a backup? keys beyond its end are kept"
            );
            return Ok(());
        }
        let swept =
            sqlx::query("DELETE FROM key WHERE seq > ?").bind(head).execute(&mut *tx).await.map_err(fault("sweep"))?;
        sqlx::query("UPDATE meta SET settled = ?").bind(head).execute(&mut *tx).await.map_err(fault("sweep"))?;
        tx.commit().await.map_err(fault("sweep"))?;
        if swept.rows_affected() > 0 {
            tracing::info!(keys = swept.rows_affected(), "deleted the keys of commits that never came to be");
        }
        Ok(())
    }

    /// Begins to keep keys. The caller holds the head row, so that one process at a time is here.
    pub(crate) async fn begin(&self) -> Result<Keeping<'_>, Error> {
        Ok(Keeping { keys: self, tx: lite::begin(&self.writer, &self.place).await? })
    }

    /// The keys of these places, in order of place and attempt.
    pub(crate) async fn get(&self, seqs: &[i64]) -> Result<Vec<Wrapped>, Error> {
        let (Some(first), Some(last)) = (seqs.iter().min(), seqs.iter().max()) else { return Ok(Vec::new()) };
        let dense = usize::try_from(last - first).is_ok_and(|span| span < seqs.len());
        let rows: Vec<(i64, i64, Vec<u8>)> = if dense {
            sqlx::query_as("SELECT seq, attempt, wrapped FROM key WHERE seq BETWEEN ? AND ? ORDER BY seq, attempt")
                .bind(first)
                .bind(last)
                .fetch_all(&self.readers)
                .await
        } else {
            sqlx::query_as("SELECT seq, attempt, wrapped FROM key WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq, attempt")
                .bind(lite::list(seqs))
                .fetch_all(&self.readers)
                .await
        }
        .map_err(lite::fault(&self.place, "read keys"))?;
        Ok(rows.into_iter().map(|(seq, attempt, key)| Wrapped { seq, attempt, key }).collect())
    }

    /// Which of these places had keys that were destroyed on purpose, with their attempts.
    pub(crate) async fn expunged(&self, seqs: &[i64]) -> Result<HashSet<(i64, i64)>, Error> {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT seq, attempt FROM expunged WHERE seq IN (SELECT value FROM json_each(?))")
                .bind(lite::list(seqs))
                .fetch_all(&self.readers)
                .await
                .map_err(lite::fault(&self.place, "read what was expunged"))?;
        Ok(rows.into_iter().collect())
    }

    /// Destroys every key of these bodies, given by place and attempt, and of any other attempt at those places.
    pub(crate) async fn destroy(&self, id: RecordId, bodies: &[(i64, i64)]) -> Result<(), Error> {
        let fault = |doing| lite::fault(&self.place, doing);
        let seqs = lite::list(&bodies.iter().map(|(seq, _)| *seq).collect::<Vec<_>>());
        let mut tx = lite::begin(&self.writer, &self.place).await?;
        sqlx::query("INSERT OR IGNORE INTO expunged (seq, attempt) SELECT seq, attempt FROM key WHERE seq IN (SELECT value FROM json_each(?))")
            .bind(&seqs)
            .execute(tx.conn())
            .await
            .map_err(fault("expunge"))?;
        // A key that was lost before is expunged now: its body is empty on purpose from here on.
        lite::insert(
            tx.conn(),
            "INSERT OR IGNORE INTO expunged (seq, attempt) VALUES ",
            2,
            bodies.to_vec(),
            |query, (seq, attempt)| query.bind(seq).bind(attempt),
        )
        .await
        .map_err(fault("expunge"))?;
        sqlx::query("DELETE FROM key WHERE seq IN (SELECT value FROM json_each(?))")
            .bind(&seqs)
            .execute(tx.conn())
            .await
            .map_err(fault("expunge"))?;
        tx.commit().await.map_err(fault("expunge"))?;

        // The journal still holds the pages as they were; only a truncated journal has forgotten them.
        for _ in 0..TRUNCATE_TRIES {
            let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&self.writer)
                .await
                .map_err(fault("clear its journal"))?;
            if busy == 0 {
                return Ok(());
            }
        }
        Err(Error::KeysLinger { id, folder: self.folder.clone() })
    }

    /// An owner's key, made when the owner is new.
    pub(crate) async fn owner(&self, agency: &AgencyId) -> Result<OwnerKey, Error> {
        if let Some(key) = self.owners.read().unwrap_or_else(PoisonError::into_inner).get(agency) {
            return Ok(Arc::clone(key));
        }
        let path = self.folder.join(format!("owner-{agency}.key"));
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).contains(agency);
        let (owners, agency) = (Arc::clone(&self.owners), agency.clone());
        tokio::task::spawn_blocking(move || {
            let key = Arc::new(Aes256Gcm::new(&owner_key(&path, known)?.into()));
            owners.write().unwrap_or_else(PoisonError::into_inner).insert(agency, Arc::clone(&key));
            Ok(key)
        })
        .await
        .map_err(|source| Error::Stopped { source })?
    }

    /// Closes the key store after what is under way.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Keys being kept. Dropped without `end`, none of them is.
pub(crate) struct Keeping<'a> {
    keys: &'a Keys,
    tx: lite::Writing,
}

impl Keeping<'_> {
    pub(crate) async fn add(&mut self, keys: Vec<Wrapped>) -> Result<(), Error> {
        let sql = "INSERT INTO key (seq, attempt, wrapped) VALUES ";
        lite::insert(self.tx.conn(), sql, 3, keys, |query, key| query.bind(key.seq).bind(key.attempt).bind(key.key))
            .await
            .map_err(lite::fault(&self.keys.place, "keep keys"))
    }

    /// Makes the keys durable. The ledger stood at `head` when the caller took its lock.
    pub(crate) async fn end(mut self, owners: &[AgencyId], head: i64) -> Result<(), Error> {
        let fault = |doing| lite::fault(&self.keys.place, doing);
        let new: Vec<AgencyId> = {
            let known = self.keys.known.read().unwrap_or_else(PoisonError::into_inner);
            owners.iter().filter(|owner| !known.contains(*owner)).cloned().collect()
        };
        for owner in &new {
            sqlx::query("INSERT OR IGNORE INTO owner (agency) VALUES (?)")
                .bind(owner.as_str())
                .execute(self.tx.conn())
                .await
                .map_err(fault("write down an owner"))?;
        }
        sqlx::query("UPDATE meta SET settled = max(settled, ?)")
            .bind(head)
            .execute(self.tx.conn())
            .await
            .map_err(fault("keep keys"))?;
        self.tx.commit().await.map_err(fault("keep keys"))?;
        self.keys.known.write().unwrap_or_else(PoisonError::into_inner).extend(new);
        Ok(())
    }
}

/// Reads an owner's key, or makes it where the owner never had one.
fn owner_key(path: &Path, known: bool) -> Result<[u8; KEY_LEN], Error> {
    let fault = |doing| move |source| Error::File { doing, path: path.to_owned(), source };
    match std::fs::read(path) {
        Ok(bytes) => return bytes.try_into().map_err(|_| Error::OwnerKey { path: path.to_owned() }),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fault("read")(error)),
        // A new key here would seal new records while the old ones stay shut: say it now, not at the first read.
        Err(_) if known => return Err(Error::OwnerKey { path: path.to_owned() }),
        Err(_) => {}
    }
    let mut key = [0; KEY_LEN];
    getrandom::fill(&mut key).map_err(|source| Error::Randomness { source })?;
    let mut name = [0; 8];
    getrandom::fill(&mut name).map_err(|source| Error::Randomness { source })?;
    // Written whole under another name and then linked, so that two processes agree on one key and none reads half.
    let draft = path.with_extension(format!("{:016x}", u64::from_be_bytes(name)));
    let mut file = files::create_private(&draft)?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(fault("write"))?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(fault("tidy up beside"))?;
    match linked {
        Ok(()) => {
            files::sync_folder(path)?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => std::fs::read(path)
            .map_err(fault("read"))?
            .try_into()
            .map_err(|_| Error::OwnerKey { path: path.to_owned() }),
        Err(error) => Err(fault("write")(error)),
    }
}

/// What is bound to a statement that inserts rows.
pub(crate) type Bound<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;
