//! The ledger over either engine: what the rows mean, in which order they are written, and who may write.
//!
//! In:    batches, ids, places.
//! Out:   what was committed; versions with their bodies opened.
//! Never: knows SQL, gives `None` for a body that should open.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use clear_record::{AgencyId, Kind, Label, LabelId, Provenance, RecordId, Seq, Version};
use jiff::Timestamp;

use crate::batch::{self, Origin, Plain};
use crate::cores::{spread, stream};
use crate::engine::{Engine, HeadRow, Names, OutboxRow, Row, Tx};
use crate::intern::Interned;
use crate::keys::{Keys, OwnerKey, Wrapped};
use crate::{AsOf, Batch, Committed, Error, Fence, Head, Ledger, Outbox, OutboxBody, Snapshots, seal};

pub(crate) struct Book<E> {
    engine: Arc<E>,
    keys: Keys,
    snapshots: Snapshots,
    labels: Interned<Label>,
    origins: Interned<Origin>,
    /// The last outbox row that the log is said to have. Not written down: after a restart the log is asked.
    logged: AtomicI64,
}

/// Opens the ledger's key store beside its engine.
pub(crate) async fn open<E: Engine>(
    engine: Arc<E>,
    keys_folder: &std::path::Path,
    snapshots: Snapshots,
) -> Result<Book<E>, Error> {
    let head = engine.head().await?;
    let keys = crate::keys::open(keys_folder, engine.ledger(), head.seq).await?;
    let (tx, head) = engine.begin().await?;
    keys.sweep(head.seq).await?;
    tx.end(head).await?;
    let (labels, origins) = (Interned::new(Names::Labels), Interned::new(Names::Origins));
    Ok(Book { engine, keys, snapshots, labels, origins, logged: AtomicI64::new(0) })
}

/// A number as the engines keep it. What is too large for them is beyond any row's.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A fresh name for a ledger.
pub(crate) fn fresh_name() -> Result<Vec<u8>, Error> {
    let mut name = vec![0; 16];
    getrandom::fill(&mut name).map_err(|source| Error::Randomness { source })?;
    Ok(name)
}

/// A number for one attempt to commit, which no other attempt has.
fn fresh_attempt() -> Result<i64, Error> {
    let mut attempt = [0; 8];
    getrandom::fill(&mut attempt).map_err(|source| Error::Randomness { source })?;
    Ok(i64::from_be_bytes(attempt))
}

/// INVARIANT (an old leader writes nothing): checked under the head row's lock.
fn check_fence(fence: &Fence, head: HeadRow) -> Result<(), Error> {
    match head.epoch.unsigned_abs() {
        is if is == fence.epoch => Ok(()),
        is => Err(Error::Fenced { held: fence.epoch, is }),
    }
}

impl<E: Engine> Book<E> {
    pub(crate) async fn close_keys(&self) {
        self.keys.close().await;
    }

    /// Writes what every commit writes after its versions, and commits.
    async fn end(
        &self,
        mut tx: E::Tx,
        old: HeadRow,
        seq: i64,
        register: Vec<Vec<u8>>,
        outbox: Vec<OutboxBody>,
    ) -> Result<HeadRow, Error> {
        let new = HeadRow {
            epoch: old.epoch,
            seq,
            register: old.register + count(register.len()),
            outbox: old.outbox + count(outbox.len()),
        };
        tx.add_register((old.register + 1..).zip(register).collect()).await?;
        let row = |(number, outbox): (i64, OutboxBody)| OutboxRow {
            number,
            upto: seq,
            register: new.register,
            clear: i64::from(outbox.clear),
            body: outbox.body,
        };
        let rows: Vec<OutboxRow> = (old.outbox + 1..).zip(outbox).map(row).collect();
        let logged = self.logged.load(Ordering::Acquire);
        if logged > 0 {
            tx.forget_outbox(logged.min(old.outbox)).await?;
        }
        tx.add_outbox(rows).await?;
        tx.end(new).await?;
        Ok(new)
    }

    async fn destroy_snapshots(&self, seq: Seq) -> Result<(), Error> {
        let snapshots = self.snapshots.clone();
        let destroyed = tokio::task::spawn_blocking(move || snapshots.destroy_for(seq)).await;
        destroyed.map_err(|source| Error::Stopped { source })?
    }

    /// Opens bodies on every core. A key that is missing and was not destroyed on purpose is an error.
    async fn open_rows(&self, rows: Vec<Row>) -> Result<Vec<Version>, Error> {
        let sealed: Vec<i64> = rows.iter().filter(|row| row.body.is_some()).map(|row| row.seq).collect();
        let wrapped = self.keys.get(&sealed).await?;
        self.open_with(rows, wrapped).await
    }

    /// The same with keys that were fetched: at least those of the rows, in order of place and attempt.
    async fn open_with(&self, rows: Vec<Row>, wrapped: Vec<Wrapped>) -> Result<Vec<Version>, Error> {
        let place = |seq, attempt| wrapped.binary_search_by_key(&(seq, attempt), |key| (key.seq, key.attempt));

        // What each row needs besides itself, found before the work is spread.
        let mut origins: HashMap<i64, (Arc<Origin>, Option<OwnerKey>)> = HashMap::new();
        let mut lost: Vec<(i64, i64, RecordId)> = Vec::new();
        let mut found: Vec<Option<usize>> = Vec::with_capacity(rows.len());
        for row in &rows {
            let attempt = row
                .body
                .as_deref()
                .map(|body| seal::attempt_of(body).ok_or(Error::Sealed { id: row.id }))
                .transpose()?;
            let key = attempt.and_then(|attempt| place(row.seq, attempt).ok());
            if let (Some(attempt), None) = (attempt, key) {
                lost.push((row.seq, attempt, row.id));
            }
            found.push(key);
            let (origin, owner) = match origins.entry(row.origin) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert((self.origins.get(&*self.engine, row.origin).await?, None)),
            };
            if key.is_some() && owner.is_none() {
                *owner = Some(self.keys.owner(&origin.agency).await?);
            }
        }
        if !lost.is_empty() {
            let expunged = self.keys.expunged(&lost.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>()).await?;
            if let Some((.., id)) = lost.iter().find(|(seq, attempt, _)| !expunged.contains(&(*seq, *attempt))) {
                return Err(Error::Sealed { id: *id });
            }
        }

        let mut wrapped: Vec<Vec<u8>> = wrapped.into_iter().map(|key| key.key).collect();
        let rows: Vec<(Row, Option<Vec<u8>>)> = rows
            .into_iter()
            .zip(found)
            .map(|(row, key)| (row, key.and_then(|at| wrapped.get_mut(at)).map(std::mem::take)))
            .collect();
        spread(rows, move |part| part.into_iter().map(|(row, key)| open_row(row, key, &origins)).collect()).await
    }
}

/// Opens one row.
fn open_row(
    row: Row,
    key: Option<Vec<u8>>,
    origins: &HashMap<i64, (Arc<Origin>, Option<OwnerKey>)>,
) -> Result<Version, Error> {
    let shut = || Error::Sealed { id: row.id };
    let (origin, owner) = origins.get(&row.origin).ok_or_else(shut)?;
    let contents = match (row.body, key) {
        (Some(body), Some(key)) => Some(seal::open(owner.as_ref().ok_or_else(shut)?, row.id, row.seq, &key, body)?),
        // Emptied, or its key destroyed a moment before the body is.
        _ => None,
    };
    let (record, reference) = contents.map_or((None, None), |contents| (Some(contents.record), contents.reference));
    Ok(Version {
        seq: Seq(row.seq.unsigned_abs()),
        id: row.id,
        label: LabelId(u32::try_from(row.label).map_err(|_| shut())?),
        valid_from: Timestamp::from_microsecond(row.valid_from).map_err(|_| shut())?,
        recorded_at: Timestamp::from_microsecond(row.recorded_at).map_err(|_| shut())?,
        provenance: Provenance { reference, ..Provenance::from(&**origin) },
        record,
    })
}

/// A draft with its place and numbers, about to be sealed.
struct Placed {
    plain: Plain,
    seq: i64,
    label: i64,
    origin: i64,
    owner: OwnerKey,
}

/// Seals one part of a batch.
fn seal_part(part: Vec<Placed>, attempt: i64, recorded_at: i64) -> Result<Vec<(Row, Wrapped)>, Error> {
    let mut random = vec![0; part.len() * seal::RANDOM_LEN];
    getrandom::fill(&mut random).map_err(|source| Error::Randomness { source })?;
    let (random, _) = random.as_chunks::<{ seal::RANDOM_LEN }>();
    let seal = |(placed, random): (Placed, &[u8; seal::RANDOM_LEN])| {
        let Placed { plain, seq, label, origin, owner } = placed;
        let Plain { id, valid_from, mut envelope, .. } = plain;
        let key = seal::seal(&owner, id, seq, attempt, random, &mut envelope)?;
        Ok((
            Row { seq, id, label, origin, valid_from, recorded_at, body: Some(envelope) },
            Wrapped { seq, attempt, key },
        ))
    };
    part.into_iter().zip(random).map(seal).collect()
}

#[async_trait]
impl<E: Engine> Ledger for Book<E> {
    async fn lead(&self) -> Result<Fence, Error> {
        let (tx, head) = self.engine.begin().await?;
        let epoch = head.epoch + 1;
        tx.end(HeadRow { epoch, ..head }).await?;
        Ok(Fence { epoch: epoch.unsigned_abs() })
    }

    async fn commit(&self, fence: &Fence, batch: Batch) -> Result<Committed, Error> {
        let (register, outbox, expected) = (batch.register, batch.outbox, batch.expects_register);
        // Everything that needs no lock is done before it is taken.
        let ready = batch::ready(batch.recorded_at, batch.drafts).await?;
        let mut owners: HashMap<AgencyId, OwnerKey> = HashMap::new();
        for (_, origin) in &ready.origins {
            owners.insert(origin.agency.clone(), self.keys.owner(&origin.agency).await?);
        }

        let (mut tx, head) = self.engine.begin().await?;
        check_fence(fence, head)?;
        let is = head.register.unsigned_abs();
        if is != expected {
            return Err(Error::RegisterMoved { expected, is });
        }
        let labels = self.labels.intern(&mut tx, ready.labels).await?;
        let origins = self.origins.intern(&mut tx, ready.origins).await?;
        let label_of: Vec<LabelId> = ready.rows.iter().map(|row| labels.label(row.label)).collect::<Result<_, _>>()?;

        let place = |(seq, plain): (i64, Plain)| {
            let (label, (origin, value)) =
                (labels.number(plain.label)?, (origins.number(plain.origin)?, origins.value(plain.origin)?));
            let owner = owners.get(&value.agency).cloned().ok_or(Error::Sealed { id: plain.id })?;
            Ok(Placed { plain, seq, label, origin, owner })
        };
        let placed: Vec<Placed> = (head.seq + 1..).zip(ready.rows).map(place).collect::<Result<_, Error>>()?;
        let last = head.seq + count(placed.len());
        let (attempt, recorded_at) = (fresh_attempt()?, ready.recorded_at);

        if !placed.is_empty() {
            // Bodies are sealed on every core while those sealed before are written.
            let mut sealing = stream(placed, move |part| seal_part(part, attempt, recorded_at));
            let mut keeping = self.keys.begin().await?;
            while let Some(part) = sealing.next().await? {
                let (rows, keys) = part.into_iter().unzip();
                let (kept, added) = tokio::join!(keeping.add(keys), tx.add_versions(rows));
                kept?;
                added?;
            }
            // INVARIANT (a key is durable before its body): the keys' commit comes before the ledger's.
            keeping.end(&owners.into_keys().collect::<Vec<_>>(), head.seq).await?;
        }
        let new = self.end(tx, head, last, register, outbox).await?;

        let new_labels = labels.new_labels();
        self.labels.committed(labels);
        self.origins.committed(origins);
        Ok(committed(head, new, new_labels, label_of))
    }

    async fn head(&self) -> Result<Head, Error> {
        let head = self.engine.head().await?;
        Ok(Head {
            seq: Seq(head.seq.unsigned_abs()),
            register: head.register.unsigned_abs(),
            outbox: head.outbox.unsigned_abs(),
        })
    }

    async fn follow(&self, after: Seq, upto: Seq, max: usize) -> Result<Vec<Version>, Error> {
        let rows = self.engine.follow(int(after.0), int(upto.0), count(max)).await?;
        self.open_rows(rows).await
    }

    async fn follow_kinds(&self, kinds: &[Kind], after: Seq, upto: Seq, max: usize) -> Result<Vec<Version>, Error> {
        let rows = self.engine.follow_kinds(kinds, int(after.0), int(upto.0), count(max)).await?;
        self.open_rows(rows).await
    }

    async fn changed(&self, kind: Kind, after: Seq, upto: Seq) -> Result<Vec<(RecordId, bool)>, Error> {
        self.engine.changed(kind, int(after.0), int(upto.0)).await
    }

    async fn read(&self, ids: &[RecordId], as_of: AsOf) -> Result<Vec<Version>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows =
            self.engine.read(ids, int(as_of.seq.0), as_of.valid.map_or(i64::MAX, Timestamp::as_microsecond)).await?;
        self.open_rows(rows).await
    }

    async fn read_at(&self, places: &[(RecordId, Seq)]) -> Result<Vec<Version>, Error> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let seqs: Vec<i64> = places.iter().map(|(_, seq)| int(seq.0)).collect();
        // Rows and keys are fetched at once, because the places are known.
        let (rows, wrapped) = tokio::join!(self.engine.at(&seqs), self.keys.get(&seqs));
        let mut rows: HashMap<(RecordId, i64), Row> = rows?.into_iter().map(|row| ((row.id, row.seq), row)).collect();
        let rows = places.iter().filter_map(|(id, seq)| rows.remove(&(*id, int(seq.0)))).collect();
        self.open_with(rows, wrapped?).await
    }

    async fn history(&self, id: RecordId, upto: Seq) -> Result<Vec<Version>, Error> {
        let rows = self.engine.history(id, int(upto.0)).await?;
        self.open_rows(rows).await
    }

    async fn labels(&self) -> Result<Vec<Label>, Error> {
        self.labels.all(&*self.engine).await
    }

    async fn register(&self, after: u64) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let rows = self.engine.register(int(after)).await?;
        Ok(rows.into_iter().map(|(version, body)| (version.unsigned_abs(), body)).collect())
    }

    async fn unlogged(&self) -> Result<Vec<Outbox>, Error> {
        let rows = self.engine.outbox(self.logged.load(Ordering::Acquire)).await?;
        let outbox = |row: OutboxRow| Outbox {
            number: row.number.unsigned_abs(),
            upto: Seq(row.upto.unsigned_abs()),
            register: row.register.unsigned_abs(),
            clear: row.clear != 0,
            body: row.body,
        };
        Ok(rows.into_iter().map(outbox).collect())
    }

    async fn logged(&self, upto: u64) -> Result<(), Error> {
        self.logged.fetch_max(int(upto), Ordering::AcqRel);
        Ok(())
    }

    async fn expunge(
        &self,
        fence: &Fence,
        id: RecordId,
        recorded_at: Timestamp,
        outbox: Vec<OutboxBody>,
    ) -> Result<Committed, Error> {
        let (mut tx, head) = self.engine.begin().await?;
        check_fence(fence, head)?;
        let rows = tx.history(id).await?;
        let bodies: Vec<(i64, i64)> = rows
            .iter()
            .filter_map(|row| Some((row.seq, seal::attempt_of(row.body.as_deref()?).unwrap_or_default())))
            .collect();
        let newest = rows.iter().map(|row| (row.label, row.origin, row.valid_from)).next_back();
        let (mut seq, mut label_of) = (head.seq, Vec::new());
        if let (Some((label, origin, valid_from)), false) = (newest, bodies.is_empty()) {
            // Keys first. From here on the bodies cannot be opened, whatever happens to this transaction; until it
            // ends, readers find the keys destroyed on purpose, and doing all of it again ends it.
            self.keys.destroy(id, &bodies).await?;
            // What was folded of them, too; and again below, for a snapshot that is under way now.
            self.destroy_snapshots(Seq(0)).await?;
            tx.empty_bodies(id).await?;
            seq += 1;
            label_of.push(LabelId(u32::try_from(label).map_err(|_| Error::Sealed { id })?));
            tx.add_versions(vec![Row {
                seq,
                id,
                label,
                origin,
                valid_from,
                recorded_at: recorded_at.as_microsecond(),
                body: None,
            }])
            .await?;
        }
        let new = self.end(tx, head, seq, Vec::new(), outbox).await?;
        if !bodies.is_empty() {
            self.destroy_snapshots(Seq(new.seq.unsigned_abs())).await?;
        }
        Ok(committed(head, new, Vec::new(), label_of))
    }
}

/// What a transaction did, by the head row before and after it.
fn committed(old: HeadRow, new: HeadRow, new_labels: Vec<(LabelId, Label)>, label_of: Vec<LabelId>) -> Committed {
    let after = |last: i64| last.unsigned_abs() + 1;
    Committed {
        seqs: after(old.seq)..after(new.seq),
        register: new.register.unsigned_abs(),
        outbox: after(old.outbox)..after(new.outbox),
        new_labels,
        label_of,
    }
}
