//! The projections between two runs: kept as a snapshot, and restored from it.
//!
//! In:    the [`Shelves`], and the store's [`Snapshots`].
//! Out:   a snapshot of everything that is folded, or shelves that stand where one was made.
//! Never: takes over a snapshot of another program, of another ledger, of other settings, of what is not visible, or that is not
//!        whole; needs one: without it, everything is folded again.
//!
//! # How
//! The folds say what they hold, field by field. The columns, which are the most of it, are held first and written when filings go
//! on again. What came after the snapshot is followed as always; where something of that was expunged, whoever opened the shelves
//! destroys the snapshot ([`Restored::At`] with [`Shelves::expunged_since`]).
//!
//! # Change here
//! A new projection in `Folds`: a line in `Folds::write` and `Folds::read`.

use std::io::{Read, Result, Write};
use std::sync::PoisonError;

use clear_graph::Graph;
use clear_record::{RecordId, Seq, Snapshot};
use clear_stats::Columns;
use clear_store::{Of, Snapshots};

use crate::Shelves;
use crate::shelves::{Error, Folds, spelt};

/// A snapshot that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// How far it has followed the ledger.
    pub seq: Seq,
    /// The length of its file.
    pub bytes: u64,
}

/// What became of the last snapshot at a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// The shelves stand where it was made.
    At(Kept),
    /// There is none, or none may be kept here.
    Nothing,
    /// It is of no use; the words say why. Everything is folded again.
    Refused(&'static str),
}

impl Folds {
    /// Writes everything but the columns.
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.seq.write(out)?;
        self.index.write(out)?;
        self.activity.write(out)?;
        self.graph.write(out)?;
        self.relations.write(out)?;
        self.black.write(out)?;
        self.places.write(out)?;
        self.blocks.write(out)?;
        self.lapses.write(out)?;
        self.lapse_of.write(out)?;
        self.last.write(out)?;
        self.expunged.write(out)
    }

    /// Reads it, and the columns behind it: those of these sets.
    fn read(columns: &Columns, from: &mut impl Read) -> Result<Folds> {
        Ok(Folds {
            seq: Seq::read(from)?,
            index: Snapshot::read(from)?,
            activity: Snapshot::read(from)?,
            graph: Graph::read(spelt, from)?,
            relations: Snapshot::read(from)?,
            black: Snapshot::read(from)?,
            places: Snapshot::read(from)?,
            blocks: Snapshot::read(from)?,
            lapses: Snapshot::read(from)?,
            lapse_of: Snapshot::read(from)?,
            last: Option::read(from)?,
            expunged: Seq::read(from)?,
            columns: columns.restored(from)?,
            label_values: Default::default(),
        })
    }
}

impl Shelves {
    /// Keeps the projections as they are now. Questions go on meanwhile; what is filed is seen afterwards. `None` where
    /// nothing may be kept here, where nothing is folded, or where something was expunged meanwhile.
    ///
    /// # Errors
    /// When the snapshot cannot be written; then an older one is still there.
    pub async fn keep(&self, snapshots: &Snapshots) -> std::result::Result<Option<Kept>, Error> {
        let (folds, snapshots) = (self.folds.clone(), snapshots.clone());
        if self.seq() == Seq::default() {
            return Ok(None);
        }
        let kept = tokio::task::spawn_blocking(move || {
            let Some(program) = snapshots.program() else { return Ok(None) };
            let mut stood = Seq::default();
            let bytes = snapshots.keep(|out| {
                let folds = folds.read().unwrap_or_else(PoisonError::into_inner);
                stood = folds.seq;
                Of { program, seq: stood, last: folds.last }.write(out)?;
                folds.write(out)?;
                let columns = folds.columns.held()?;
                drop(folds);
                columns.write(out)?;
                Ok(stood)
            })?;
            Ok::<_, Error>(bytes.map(|bytes| Kept { seq: stood, bytes }))
        });
        kept.await.map_err(|_| Error::Stopped)?
    }

    /// Takes over the newest snapshot, if it is of this program and of this ledger up to `visible` at most, and whole.
    ///
    /// # Errors
    /// When the ledger or the folder cannot be read. That a snapshot is of no use is no error.
    pub async fn restore(&self, snapshots: &Snapshots, visible: Seq) -> std::result::Result<Restored, Error> {
        let place = snapshots.clone();
        let newest = tokio::task::spawn_blocking(move || {
            let newest = place.newest()?;
            Ok::<_, clear_store::Error>(newest.map(|(of, opening)| (of, opening, place.program())))
        });
        let Some((of, mut opening, program)) = newest.await.map_err(|_| Error::Stopped)?? else {
            return Ok(Restored::Nothing);
        };
        if program != Some(of.program) {
            return Ok(Restored::Refused("another build of the program made it"));
        }
        if of.seq > visible {
            return Ok(Restored::Refused("the ledger is older than it: restored from a backup?"));
        }
        let Some((id, recorded_at)) = of.last else {
            return Ok(Restored::Refused("it does not say of which version it is"));
        };
        let there = self.version_at(of.seq).await?;
        if there != Some((id, recorded_at)) {
            return Ok(Restored::Refused("it is of another ledger"));
        }
        let bytes = opening.length();
        let now = self.folds.clone();
        let read = tokio::task::spawn_blocking(move || {
            // Which sets there are was said to these shelves.
            let now = now.read().unwrap_or_else(PoisonError::into_inner);
            let folds = Folds::read(&now.columns, &mut opening)?;
            if opening.is_over() { Ok(folds) } else { Err(clear_record::snapshot::not_a("whole snapshot")) }
        });
        let mut folds = match read.await.map_err(|_| Error::Stopped)? {
            Ok(folds) => folds,
            Err(error) => {
                tracing::warn!(%error, "a snapshot of the projections does not read");
                return Ok(Restored::Refused("it is cut off, was changed, or was made under other settings"));
            }
        };
        folds.label_values = std::sync::Arc::new(self.ledger.labels().await?);
        *self.folds.write().unwrap_or_else(PoisonError::into_inner) = folds;
        Ok(Restored::At(Kept { seq: of.seq, bytes }))
    }

    /// Whether something was expunged behind this place: a snapshot that was made there may not be kept.
    pub fn expunged_since(&self, seq: Seq) -> bool {
        self.folds().expunged > seq
    }

    async fn version_at(&self, seq: Seq) -> std::result::Result<Option<(RecordId, jiff::Timestamp)>, Error> {
        let before = Seq(seq.0.saturating_sub(1));
        let version = self.ledger.follow(before, seq, 1).await?.pop();
        Ok(version.map(|version| (version.id, version.recorded_at)))
    }
}
