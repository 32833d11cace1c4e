//! What happens by itself. A job is an asker like everybody: it has an account, a token, an inquiry and entries in the
//! log, and an order that covers its agency ends it.
//!
//! In:    a desk, the job's token, its inquiry, the day.
//! Out:   filings, through `clear_respond::accept`.
//! Never: reads or writes past the roads; has a right that its account has not.
//!
//! # Change here
//! A job: one file beside `lapse.rs`, and a line in [`run`].

mod digests;
mod lapse;
mod restrictions;

pub use digests::ask_was_this_you;
pub use lapse::lapse;
pub use restrictions::end_restrictions;

use std::sync::Arc;
use std::time::Duration;

use clear_record::Inquiry;
use clear_respond::{Credential, Desk};

/// As whom the jobs ask, and why.
#[derive(Clone)]
pub struct Keeper {
    /// The API token of the jobs' account.
    pub token: String,
    /// The inquiry under which they ask, as the register declares purposes and use codes.
    pub inquiry: Inquiry,
}

/// Why a job stopped half-way; the next round goes on where it stopped.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum Error {
    #[error("the jobs' account is not proven")]
    Unproven(#[from] clear_respond::Unproven),
    #[error("a job was refused: {0}")]
    Refused(String),
    #[error("an entry came back that does not read")]
    Unreadable(#[from] clear_record::BadRecord),
}

/// How often the jobs look whether something is due.
const ROUND: Duration = Duration::from_secs(15 * 60);

/// Runs every job, now and then every quarter of an hour, until the future is dropped.
pub async fn run(desk: Arc<Desk>, keeper: Keeper) {
    loop {
        match round(&desk, &keeper).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "hot-file entries lapsed and restrictions ended"),
            Err(error) => tracing::error!("{error}"),
        }
        tokio::time::sleep(ROUND).await;
    }
}

async fn round(desk: &Arc<Desk>, keeper: &Keeper) -> Result<usize, Error> {
    let asker = desk.prove(Credential::Token(&keeper.token)).await?;
    let today = desk.clock().to_zoned(desk.time_zone()).date();
    let lapsed = lapse(desk, &asker, &keeper.inquiry, today).await?;
    let ended = lapsed + end_restrictions(desk, &asker).await?;
    let asked = ask_was_this_you(desk, &asker).await?;
    if asked > 0 {
        tracing::info!(asked, "accounts are asked whether it was they");
    }
    Ok(ended)
}
