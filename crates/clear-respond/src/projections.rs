//! Projections between two runs: read from their snapshot at a start, kept at an end, made again by command.
//!
//! In:    a desk that opens or closes; or a store that nobody serves.
//! Out:   projections that stand where the ledger stands; a snapshot for the next start.
//! Never: fails a start or an end because of a snapshot: without one, everything is folded again. Keeps one that holds what
//!        was expunged.
//!
//! # Change here
//! What is kept: `clear-query`. How it lies on the disk: `clear-store`. Why: docs/decisions/0061.

use std::sync::atomic::Ordering;

use clear_query::{FoldedSets, Kept, Restored, Shelves};
use clear_record::Seq;
use clear_store::Store;

use crate::Desk;
use crate::desk::{Error, Room};

/// Projections that are so many versions ahead of their snapshot are kept at an end and after a start: to fold as many takes
/// a tenth of a second.
pub(crate) const AHEAD_AT_END: u64 = 5_000;

/// The same while questions are answered: filings wait for it, a second or two for millions of records.
pub const AHEAD_SERVING: u64 = 200_000;

/// Versions between two words of progress.
const STEP: u64 = 50_000;

impl Desk {
    /// Makes the projections: from what was kept of them, and from the ledger.
    pub(crate) async fn project(&self) -> Result<(), Error> {
        let restored = self.shelves().restore(&self.store.snapshots, self.visible()).await?;
        let stood = self.shelves().seq();
        self.shelves().catch_up(self.visible()).await?;
        if self.shelves().seq().0 - stood.0 >= AHEAD_AT_END {
            self.shelves().compact();
        }
        match restored {
            Restored::At(kept) if self.shelves().expunged_since(kept.seq) => {
                // The process ended between an expungement and the end of the snapshot.
                destroy(&self.store).await?;
            }
            Restored::At(kept) => {
                self.kept.store(kept.seq.0, Ordering::SeqCst);
                tracing::info!(seq = kept.seq.0, bytes = kept.bytes, "the projections were read from their snapshot");
            }
            Restored::Refused(why) => {
                tracing::warn!("the projections were folded again, because of their snapshot: {why}");
            }
            Restored::Nothing => {}
        }
        self.keep_projections(AHEAD_AT_END).await;
        Ok(())
    }

    /// Keeps the projections for the next start, if they are at least so many versions ahead of what was kept last. That
    /// it does not succeed is told to the operator and costs the next start its time, nothing else. Gives
    /// [`projections_kept`](Desk::projections_kept).
    pub async fn keep_projections(&self, ahead: u64) -> Seq {
        let seq = self.shelves().seq().0;
        if seq.saturating_sub(self.kept.load(Ordering::SeqCst)) < ahead.max(1) {
            return self.projections_kept();
        }
        match self.shelves().keep(&self.store.snapshots).await {
            Ok(Some(kept)) => {
                self.kept.store(kept.seq.0, Ordering::SeqCst);
                tracing::info!(seq = kept.seq.0, bytes = kept.bytes, "the projections were kept for the next start");
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the projections could not be kept: the next start folds them again"
            ),
        }
        self.projections_kept()
    }

    /// How far the projections had followed the ledger when they were kept last, or read from what was kept; zero if they
    /// were not.
    pub fn projections_kept(&self) -> Seq {
        Seq(self.kept.load(Ordering::SeqCst))
    }
}

/// Folds the whole ledger again and keeps what comes of it, whatever was kept before. `progress` is told how far it is,
/// and how far it goes. `None` where there is nothing to keep, or something was expunged meanwhile.
///
/// What the ledger has and the log may lack is folded as well: before the next start shows anything, it is in the log.
///
/// # Errors
/// When the ledger cannot be read or the snapshot not be written.
pub async fn rebuild_projections(store: &Store, mut progress: impl FnMut(Seq, Seq)) -> Result<Option<Kept>, Error> {
    destroy(store).await?;
    let head = store.ledger.head().await?.seq;
    let shelves = Shelves::new(store.ledger.clone());
    // With the public sets: a snapshot is of the same sets as the server's.
    let key = crate::publish::key::of_blocks(&*store.cards).await?;
    shelves.publishing(key, crate::public::time_zone(&crate::resume::founded(store).await?));
    progress(Seq::default(), head);
    while shelves.seq() < head {
        shelves.catch_up(Seq(shelves.seq().0.saturating_add(STEP).min(head.0))).await?;
        progress(shelves.seq(), head);
    }
    shelves.compact();
    Ok(shelves.keep(&store.snapshots).await?)
}

/// Folds the sets of analysis and open data again, by themselves, and gives them up: to see that it can be done, how long it takes and how
/// much memory it needs. `progress` is told how far it is, and how far it goes.
///
/// # Errors
/// When the ledger cannot be read, or columns do not come back from where they were put.
pub async fn rebuild_sets(
    store: &Store,
    bound: Option<Room>,
    mut progress: impl FnMut(Seq, Seq),
) -> Result<FoldedSets, Error> {
    let head = store.ledger.head().await?.seq;
    let register = crate::resume::founded(store).await?;
    let zone = register.founding().and_then(|founding| jiff::tz::TimeZone::get(&founding.time_zone).ok());
    let shelves = Shelves::new(store.ledger.clone());
    if let Some(Room { memory_bytes, place: Some(place) }) = bound {
        shelves.bound_columns(Some(memory_bytes), &place)?;
    }
    let key = crate::publish::key::of_blocks(&*store.cards).await?;
    shelves.publishing(key, zone.unwrap_or(jiff::tz::TimeZone::UTC));
    progress(Seq::default(), head);
    Ok(shelves.fold_sets(head, |at| progress(at, head)).await?)
}

async fn destroy(store: &Store) -> Result<(), Error> {
    let snapshots = store.snapshots.clone();
    Ok(tokio::task::spawn_blocking(move || snapshots.destroy()).await.map_err(|_| Error::Unfinished)??)
}
