//! The second half of the write road: commit, log, make visible.
//!
//! In:    a batch that was decided on, the register as it will be, the pen.
//! Out:   what was committed, with the receipt of its last row in the log.
//! Never: makes anything visible of which a row is not in the log; logs a row before those that were committed before it.
//!
//! # How
//! A commit whose acknowledgement was lost is committed all the same, and so is one whose writer was stopped in between:
//! the ledger then has rows that nobody gave to the log. They are found by their numbers, which have no gap, and logged
//! first: INVARIANT (the log has the outbox without a gap).
//!
//! # Change here
//! What a row is: `clear-store`. What a start does with rows that the log lacks: [`Desk::open`].

use std::sync::Arc;
use std::sync::atomic::Ordering;

use clear_audit::{LogDown, Receipt};
use clear_policy::Register;
use clear_store::{Batch, Committed, Fence, Head, OutboxBody};

use jiff::Timestamp;

use super::{Desk, PoisonError, chain};

/// What the write road did.
pub(crate) struct Published {
    pub(crate) receipt: Option<Receipt>,
    pub(crate) committed: Committed,
}

/// Where the write road stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("cannot commit")]
    Store(#[from] clear_store::Error),
    #[error("cannot log what was committed; it stays invisible until the next start")]
    Log(#[from] LogDown),
    #[error("cannot read the register that was committed")]
    Register(#[source] super::Error),
}

impl Desk {
    /// Commits a batch, logs its rows and makes it visible. Returns the receipt of the last outbox row.
    pub(crate) async fn publish(
        &self,
        fence: &Fence,
        batch: Batch,
        register: Register,
    ) -> Result<Published, PublishError> {
        let bodies: Vec<OutboxBody> = batch.outbox.clone();
        let (drafts, recorded_at) = (batch.drafts.len() as u64, batch.recorded_at);
        let (committed, missed) = match self.store.ledger.commit(fence, batch).await {
            Ok(committed) => {
                let missed = committed.outbox.start > self.appended() + 1;
                (committed, missed)
            }
            Err(error) => match self.committed_after_all(fence, &error, &bodies, drafts, recorded_at).await {
                Ok(Some(committed)) => (committed, true),
                Ok(None) => return Err(error.into()),
                Err(settling) => {
                    tracing::error!("what became of a commit shows at the next one: {}", chain(&settling));
                    return Err(error.into());
                }
            },
        };
        let rows = match missed {
            true => self.missed().await?,
            false => committed.outbox.clone().zip(bodies).collect(),
        };
        let receipt = self.append_rows(rows).await?;
        // What is in the spool alone stays in the outbox: should the spool be lost, the next start logs it from there.
        if receipt.as_ref().is_none_or(|receipt| receipt.index() < self.log.synced_size()) {
            self.store.ledger.logged(committed.outbox.end.saturating_sub(1)).await?;
        }
        if missed {
            self.reread_labels().await?;
        } else if !committed.new_labels.is_empty() {
            let mut labels = self.labels.write().unwrap_or_else(PoisonError::into_inner);
            let mut longer = labels.as_ref().clone();
            longer.extend(committed.new_labels.iter().map(|(_, label)| label.clone()));
            *labels = Arc::new(longer);
        }
        if register.version() != self.register().version() {
            self.register_within.store(self.log.size(), Ordering::SeqCst);
            *self.register.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(register);
        }
        // Everything below this line reads `seq <= visible`: what is not in the log is not visible.
        self.visible.fetch_max(committed.seqs.end.saturating_sub(1), Ordering::SeqCst);
        Ok(Published { receipt, committed })
    }

    /// Finds out whether a commit that failed was committed all the same: then it is as if it had not failed. What others
    /// had left behind in that way is logged and made visible here; its filer was told of an error of ours.
    async fn committed_after_all(
        &self,
        fence: &Fence,
        error: &clear_store::Error,
        bodies: &[OutboxBody],
        drafts: u64,
        recorded_at: Timestamp,
    ) -> Result<Option<Committed>, PublishError> {
        // Who leads now logs what is committed; it is not ours to look at.
        if matches!(error, clear_store::Error::Fenced { .. }) {
            return Ok(None);
        }
        let Head { register, outbox, .. } = self.store.ledger.head().await?;
        if outbox <= self.appended() {
            return Ok(None);
        }
        // An empty commit goes through for the leader alone: so nobody has led since, and the rows are this process's.
        let empty = Batch { recorded_at, drafts: vec![], register: vec![], expects_register: register, outbox: vec![] };
        let head = self.store.ledger.commit(fence, empty).await?;
        let rows = self.missed().await?;
        let (seq, last) = (head.seqs.end, head.outbox.end);
        if !bodies.is_empty() && rows.len() >= bodies.len() && rows.last().map(|(_, body)| body) == bodies.last() {
            tracing::warn!("a commit was kept although its acknowledgement was lost: {}", chain(error));
            return Ok(Some(Committed {
                seqs: seq.saturating_sub(drafts)..seq,
                register,
                outbox: last.saturating_sub(bodies.len() as u64)..last,
                new_labels: vec![],
                label_of: vec![],
            }));
        }
        self.append_rows(rows).await?;
        self.reread_labels().await?;
        self.register_within.store(self.log.size(), Ordering::SeqCst);
        let before = self.register();
        let after = crate::resume::founded(&self.store).await.map_err(PublishError::Register)?;
        *self.register.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        self.visible.fetch_max(seq.saturating_sub(1), Ordering::SeqCst);
        drop(crate::govern::take_effect(self, &before));
        crate::govern::end_credentials(self, &before).await;
        Ok(None)
    }

    /// Gives rows to the log, in order, and waits for the last of them.
    async fn append_rows(&self, rows: Vec<(u64, OutboxBody)>) -> Result<Option<Receipt>, LogDown> {
        let mut last = None;
        for (number, row) in rows {
            let pending = self.log.append_body(row.clear, &row.body, Some(number));
            // What the log did not take stays missed, and what comes behind it with it.
            if let Some(down) = pending.refused() {
                return Err(down.clone());
            }
            self.appended.store(number, Ordering::SeqCst);
            last = Some(pending);
        }
        match last {
            Some(pending) => pending.wait().await.map(Some),
            None => Ok(None),
        }
    }

    /// The rows that the ledger has and that were not given to the log.
    async fn missed(&self) -> Result<Vec<(u64, OutboxBody)>, clear_store::Error> {
        let appended = self.appended();
        let rows = self.store.ledger.unlogged().await?.into_iter().filter(|row| row.number > appended);
        let rows: Vec<_> = rows.map(|row| (row.number, OutboxBody { clear: row.clear, body: row.body })).collect();
        let dense = (appended + 1..).zip(&rows).all(|(number, (is, _))| number == *is);
        let gap =
            || clear_store::Error::Damaged { place: "the outbox".to_owned(), what: "a gap in its rows".to_owned() };
        if dense { Ok(rows) } else { Err(gap()) }
    }

    /// Takes the labels from the ledger: those of a filing that was missed are not among the ones that came back.
    async fn reread_labels(&self) -> Result<(), clear_store::Error> {
        let labels = self.store.ledger.labels().await?;
        *self.labels.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(labels);
        Ok(())
    }

    /// Whether strangers see the log as far as the register of this version.
    pub(crate) fn register_is_public(&self) -> bool {
        self.register_within.load(Ordering::SeqCst) <= self.log.public_size()
    }

    fn appended(&self) -> u64 {
        self.appended.load(Ordering::SeqCst)
    }
}
