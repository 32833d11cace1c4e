//! The log as it grows, for those who need not wait for the public checkpoint: owners and oversight.
//!
//! In:    a request, and the path of a tile.
//! Out:   the log's own checkpoint; tiles and bundles as far as it reaches.
//! Never: gives either to somebody whom the rules do not let see the installation's inner state.

use clear_audit::Receipt;
use clear_identity::Proven;
use clear_policy::{Decision, Deed, may};
use clear_record::Request;
use serde::Serialize;

use crate::desk::Desk;
use crate::entry::{Entry, Refusal};

/// What of the log is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Newest {
    /// `checkpoint`, or the path of a tile or bundle, like `tile/0/x001/234`.
    pub path: String,
}

/// The log's own checkpoint. It leaves its own entry in the log.
///
/// # Errors
/// A [`Refusal`], in the log before it is returned.
pub async fn newest_checkpoint(desk: &Desk, request: Proven<Request<Newest>>) -> Result<(String, Receipt), Refusal> {
    let entry = Entry::asked(desk, &request, "log", &request.question);
    if let Decision::Deny(denial) = may(&desk.register(), &*desk.rules(), Deed::Operate, &request) {
        return Err(entry.refuse(denial).await);
    }
    let (checkpoint, size) = (desk.public_log().checkpoint(), desk.public_log().published_size());
    Ok((checkpoint, entry.told(size).await?))
}

/// A tile or bundle as far as the log's own checkpoint reaches; `None` beyond.
///
/// A refusal is logged, a tile is not: a leaf tells no record, the checkpoint that a reader begins with is logged, and a
/// log that grew by being read would never be read to its end.
///
/// # Errors
/// A [`Refusal`], in the log before it is returned.
pub async fn newest_tile(desk: &Desk, request: Proven<Request<Newest>>) -> Result<Option<Vec<u8>>, Refusal> {
    if let Decision::Deny(denial) = may(&desk.register(), &*desk.rules(), Deed::Operate, &request) {
        return Err(Entry::asked(desk, &request, "log", &request.question).refuse(denial).await);
    }
    let (log, path) = (desk.public_log().clone(), request.question.path.clone());
    match tokio::task::spawn_blocking(move || log.tile(&path)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(Entry::asked(desk, &request, "log", &request.question).failed(&error).await),
        Err(error) => Err(Entry::asked(desk, &request, "log", &request.question).failed(&error).await),
    }
}
