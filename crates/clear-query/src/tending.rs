//! Seeing to the columns behind everybody's back: order, memory, and what had to wait.
//!
//! In:    the projections.
//! Out:   the same projections, in better order.
//! Never: holds a lock while it works or waits for a place; two at a time.
//!
//! # How
//! `clear-stats` does its work on frozen tables. Here it is begun under the lock, done without it, and taken over under it again, so that
//! what is filed meanwhile is visible as soon as ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use clear_record::{Kind, Label, Seq};
use clear_stats::{Columns, Settling};
use clear_store::Ledger;

use crate::shelves::{Error, Folds, MadeOf, Shelves};

/// The kinds that columns follow.
const FOLLOWED: [Kind; 2] = [Kind::Incident, Kind::Involvement];

/// Versions that are folded at once.
const FOLDED_AT_ONCE: usize = 20_000;

/// Versions between two words of progress.
const TOLD_AFTER: u64 = 50_000;

/// Who sees to the columns now. The next one may when it is dropped.
pub(crate) struct Turn(pub(crate) Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// What it needs.
pub(crate) struct Tending {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) folds: Arc<RwLock<Folds>>,
    pub(crate) made_of: Arc<RwLock<MadeOf>>,
    pub(crate) _turn: Turn,
}

/// Puts columns aside where there is something to put.
///
/// # Errors
/// When the process is stopping. That the place does not take it is told to the operator.
pub(crate) async fn settle(settling: Option<Settling>) -> Result<(), Error> {
    let Some(settling) = settling else { return Ok(()) };
    let settled = tokio::task::spawn_blocking(move || settling.work()).await.map_err(|_| Error::Stopped)?;
    if let Err(error) = settled {
        tracing::warn!(%error, "columns stay in memory that have no room there");
    }
    Ok(())
}

impl Tending {
    pub(crate) async fn run(self) {
        let done = async {
            self.take_waiting().await?;
            self.fold_again_if_lost().await?;
            self.put_in_order().await?;
            let settling = self.read(|folds| folds.columns.settling());
            settle(settling).await
        };
        if let Err(error) = done.await {
            tracing::error!(error = &error as &dyn std::error::Error, "the columns of the sets could not be seen to");
        }
    }

    fn read<T>(&self, with: impl FnOnce(&Folds) -> T) -> T {
        with(&self.folds.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, with: impl FnOnce(&mut Folds) -> T) -> T {
        with(&mut self.folds.write().unwrap_or_else(PoisonError::into_inner))
    }

    async fn take_waiting(&self) -> Result<(), Error> {
        let Some(thawing) = self.read(|folds| folds.columns.waited_for()) else { return Ok(()) };
        let thawed = tokio::task::spawn_blocking(move || thawing.work()).await.map_err(|_| Error::Stopped)?;
        if thawed {
            self.write(|folds| folds.columns.take_waiting());
        }
        Ok(())
    }

    async fn put_in_order(&self) -> Result<(), Error> {
        if !self.read(|folds| folds.columns.is_ragged()) {
            return Ok(());
        }
        let mut compacting = self.write(|folds| folds.columns.begin_compaction());
        let work = tokio::task::spawn_blocking(move || {
            compacting.work();
            compacting
        });
        let compacting = work.await.map_err(|_| Error::Stopped)?;
        // What was written meanwhile may be aside in the new order.
        let thawing = self.read(|folds| folds.columns.written_since(&compacting));
        let thawing = tokio::task::spawn_blocking(move || thawing.work());
        thawing.await.map_err(|_| Error::Stopped)?;
        self.write(|folds| folds.columns.end_compaction(compacting));
        Ok(())
    }

    /// Makes the columns again from the ledger, where rows are gone that only the ledger has; once their place answers.
    async fn fold_again_if_lost(&self) -> Result<(), Error> {
        let why = self.read(|folds| folds.columns.failed().filter(|_| folds.columns.is_lost()).cloned());
        let Some(why) = why else { return Ok(()) };
        let made_of = self.made_of.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answers = made_of.clone();
        if !tokio::task::spawn_blocking(move || answers.place_answers()).await.map_err(|_| Error::Stopped)? {
            return Ok(());
        }
        tracing::warn!(
            error = &why as &dyn std::error::Error,
            "the columns of the sets are folded again from the ledger"
        );
        let mut columns = made_of.columns();
        let mut at = Seq::default();
        loop {
            let upto = self.read(|folds| folds.seq);
            let labels = self.read(|folds| folds.label_values.clone());
            at = fold(&*self.ledger, &labels, &mut columns, at, upto).await?;
            let done = self.write(|folds| {
                let done = folds.seq == upto;
                if done {
                    std::mem::swap(&mut folds.columns, &mut columns);
                }
                done
            });
            if done {
                return Ok(());
            }
        }
    }
}

/// Folds what columns follow.
async fn fold(
    ledger: &dyn Ledger,
    labels: &[Label],
    columns: &mut Columns,
    after: Seq,
    upto: Seq,
) -> Result<Seq, Error> {
    let mut at = after;
    while at < upto {
        let versions = ledger.follow_kinds(&FOLLOWED, at, upto, FOLDED_AT_ONCE).await?;
        for version in &versions {
            columns.apply_labelled(version, labels.get(version.label.0 as usize));
        }
        settle(columns.settling()).await?;
        match versions.last() {
            Some(last) if versions.len() == FOLDED_AT_ONCE => at = last.seq,
            _ => at = upto,
        }
    }
    Ok(at)
}

/// The sets, folded by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldedSets {
    /// How far.
    pub seq: Seq,
    /// The rows of each set, hidden ones included: for operators, never for askers.
    pub rows: Vec<(&'static str, usize)>,
    /// Bytes of them in memory.
    pub bytes_in_memory: usize,
    /// Bytes of them that were put aside, sealed.
    pub bytes_aside: u64,
}

impl Shelves {
    /// Folds the sets by themselves, all from the beginning, and gives them up again: to see that it can be done, how long it takes, and
    /// what memory it needs. `progress` is told how far it is.
    ///
    /// # Errors
    /// When the ledger cannot be read, or columns do not come back from where they were put.
    pub async fn fold_sets(&self, upto: Seq, mut progress: impl FnMut(Seq)) -> Result<FoldedSets, Error> {
        let made_of = self.made_of.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut columns = made_of.columns();
        let labels = self.ledger.labels().await?;
        let mut at = Seq::default();
        while at < upto {
            let next = Seq(at.0.saturating_add(TOLD_AFTER).min(upto.0));
            at = fold(&*self.ledger, &labels, &mut columns, at, next).await?;
            progress(at);
        }
        let folded = tokio::task::spawn_blocking(move || {
            columns.compact();
            columns.settle()?;
            match columns.failed() {
                Some(error) => Err(error.clone()),
                None => Ok((columns.rows(), columns.bytes(), columns.bytes_aside())),
            }
        });
        let (rows, bytes_in_memory, bytes_aside) = folded.await.map_err(|_| Error::Stopped)??;
        Ok(FoldedSets { seq: at, rows, bytes_in_memory, bytes_aside })
    }
}
