//! Tightening has the guarantees of a cut-off: nothing of a record leaves after the filing that closed it is acknowledged.
//!
//! In:    the drafts of a filing; once it is in the log, its place.
//! Out:   the records that became stricter, hidden at once from every sight; answers on their way waited for or reset.
//! Never: acknowledges while an answer that was made before may still begin to leave.
//!
//! # How
//! An answer notes how many tightenings there were when it was begun, and takes a [pass](Leaving::pass) before it is
//! logged. If the number is another one by then, it is made again. A tightening first raises the number, then waits for
//! the passes that were taken before; then it resets the connections that still send something of what was closed.

use clear_audit::Event;
use clear_record::{AccountId, Draft, Label, Record, RecordId, Seq};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::desk::Desk;
use crate::entry::Response;

/// Answers in their last step.
#[derive(Default)]
pub(crate) struct Leaving(RwLock<()>);

impl Leaving {
    /// The right to leave; a tightening waits for whoever holds one.
    pub(crate) async fn pass(&self) -> RwLockReadGuard<'_, ()> {
        self.0.read().await
    }

    async fn wait(&self) {
        drop(self.0.write().await);
    }
}

impl Desk {
    /// The answer, if nothing was tightened since it was made. Asked when the gate knows what it tells of: a tightening
    /// that comes later resets the connection. One that does not leave is *withheld* in the log, and asked again.
    pub async fn leaves<T>(&self, response: Response<T>) -> Option<Response<T>> {
        if self.shelves().tightenings() == response.tightenings() {
            return Some(response);
        }
        let event = Event { at: self.clock(), ..response.withheld("a record was tightened") };
        // Nothing left either way; where the log is down, the next question says so.
        let _ = self.log().append(&event, None).wait().await;
        None
    }
}

/// The records that a filing closes to somebody: by a stricter label, or because a relation ends.
pub(crate) fn tightened(desk: &Desk, drafts: &[Draft]) -> Vec<RecordId> {
    let values = desk.labels();
    let label_of = |id: RecordId| -> Option<&Label> { values.get(desk.shelves().label_of(id)?.0 as usize) };
    let mut ids: Vec<RecordId> = Vec::new();
    for draft in drafts {
        let Some(label) = label_of(draft.id) else { continue };
        // What the old label has that the new one lacks is loosened; what the new one has beyond is tightened.
        if !label.is_within(&draft.label) || label.instrument != draft.label.instrument {
            ids.push(draft.id);
        }
        if matches!(draft.record, Record::Assignment(_) | Record::Referral(_)) {
            ids.extend(desk.shelves().covered_by(draft.id));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Holds back what was closed at `seq`. When this returns, nothing that was made before leaves any more.
pub(crate) async fn hold(desk: &Desk, seq: Seq, ids: Vec<RecordId>, by: Option<&AccountId>) {
    if ids.is_empty() {
        return;
    }
    desk.shelves().tighten(seq, ids.clone());
    desk.leaving.wait().await;
    let reset = desk.gate().retract(seq, &ids, by);
    if reset > 0 {
        tracing::info!(reset, "connections that still sent what was closed were reset");
    }
}
