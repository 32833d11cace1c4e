//! Silent hits: the owner of a black record learns who would have hit it; the asker learns nothing (GR15).
//!
//! In:    a question that was answered, its grant.
//! Out:   a card for the owners of the black records that it would have hit, for whoever of theirs sees those records.
//! Never: does anything that the asker could observe: the same look for every question, and no wait on a hit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use clear_audit::{Event, Receipt, What};
use clear_identity::Proven;
use clear_policy::Grant;
use clear_query::Question;
use clear_record::{AccountId, AgencyId, RecordId, Request, RequestId};
use clear_store::Cards;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::desk::{Desk, chain};
use crate::entry::Refusal;
use crate::inquiry::{self, Granted};

const CARD: &str = "silent_hits";
/// What is listed at once, the newest first.
const LISTED_MAX: usize = 500;

/// A question that would have hit a black record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SilentHitNotice {
    /// The record.
    pub record: String,
    /// When it was asked.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// The question's number in the log.
    pub request: String,
    /// Who asked.
    #[schema(value_type = Option<String>)]
    pub account: Option<AccountId>,
    /// Of which agency.
    #[schema(value_type = Option<String>)]
    pub agency: Option<AgencyId>,
    /// For which purpose.
    pub purpose: Option<String>,
    /// On which case.
    pub case: Option<String>,
    /// Why, in the asker's words.
    pub reason: Option<String>,
}

/// What was hit and is not written yet, by owner. What gathers while one write runs goes with the next: however many ask,
/// an owner costs one write at a time, and filings find the store free in between.
///
/// A crash loses what stands here, some milliseconds; that it was asked stands in the log.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    hits: BTreeMap<AgencyId, Vec<SilentHitNotice>>,
    writing: bool,
}

impl Waiting {
    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks whether the question would have hit black records, and leaves their owners a card. Done for every question alike,
/// while its answer waits for the log; writing the card is nobody's wait.
pub(crate) async fn look<Q: Question>(desk: &Desk, request: &Request<Q>, grant: &Grant) {
    let hits = request.question.silent_hits(desk.shelves(), grant);
    if hits.is_empty() {
        return;
    }
    let notice = SilentHitNotice {
        record: String::new(),
        at: request.asked_at,
        request: request.id.to_string(),
        account: request.standing.account.clone(),
        agency: request.standing.agency.clone(),
        purpose: request.inquiry.purpose.as_ref().map(ToString::to_string),
        case: request.inquiry.case.clone(),
        reason: request.inquiry.reason.clone(),
    };
    let mut queue = desk.silent.queue();
    for hit in hits {
        let notice = SilentHitNotice { record: hit.id.to_string(), ..notice.clone() };
        for owner in &hit.owners {
            queue.hits.entry(owner.clone()).or_default().push(notice.clone());
        }
    }
    if !std::mem::replace(&mut queue.writing, true) {
        tokio::spawn(write(desk.silent.clone(), desk.cards_shared()));
    }
}

/// Writes what waits until nothing does.
async fn write(waiting: Waiting, cards: Arc<dyn Cards>) {
    loop {
        let hits = {
            let mut queue = waiting.queue();
            queue.writing = !queue.hits.is_empty();
            std::mem::take(&mut queue.hits)
        };
        if hits.is_empty() {
            return;
        }
        for (owner, notices) in hits {
            let body = serde_json::to_vec(&notices).unwrap_or_default();
            let key = RequestId::fresh().to_string();
            if let Err(error) = cards.put(CARD, &key, 0, Some(owner.as_str()), None, body).await {
                tracing::error!("{} silent hits of {owner} were not noted: {}", notices.len(), chain(&error));
            }
        }
    }
}

impl Desk {
    /// The questions that would have hit black records of the asker's own agency, newest first: those records that the
    /// asker sees, so that this list opens nothing that the records do not.
    ///
    /// # Errors
    /// A [`Refusal`], as for any question.
    pub async fn silent_hits(&self, request: Proven<Request<()>>) -> Result<(Vec<SilentHitNotice>, Receipt), Refusal> {
        let Granted { entry, grant, .. } = inquiry::granted(self, &request, "silent_hits").await?;
        let cards = match self.cards().list(CARD, request.standing.agency.as_ref().map(AgencyId::as_str)).await {
            Ok(cards) => cards,
            Err(error) => return Err(entry.failed(&error).await),
        };
        if let Err(error) = self.shelves().catch_up(self.visible()).await {
            return Err(entry.failed(&error).await);
        }
        let ties = self.shelves().ties(&grant);
        let sight = ties.sight(&grant);
        let seen = |id: RecordId| self.shelves().label_of(id).is_some_and(|label| sight.shows(label, id));
        let own = request.standing.agency.as_ref().map(AgencyId::as_str);
        let mut notices: Vec<(RecordId, SilentHitNotice)> = cards
            .iter()
            .filter(|card| card.owner.is_some() && card.owner.as_deref() == own)
            .filter_map(|card| serde_json::from_slice::<Vec<SilentHitNotice>>(&card.body).ok())
            .flatten()
            .filter_map(|notice| Some((notice.record.parse().ok()?, notice)))
            .filter(|(id, _)| seen(*id))
            .collect();
        notices.sort_by(|(_, a), (_, b)| (b.at, &b.request, &b.record).cmp(&(a.at, &a.request, &a.record)));
        notices.truncate(LISTED_MAX);
        let records: Vec<RecordId> = notices.iter().map(|(id, _)| *id).collect();
        let event = Event {
            path: grant.path().clone(),
            count: Some(records.len() as u64),
            owners: crate::disclosures::owners(self, &records),
            records,
            register: Some(grant.register()),
            ..entry.event(What::Answered)
        };
        let receipt = entry.ended(event).await?;
        Ok((notices.into_iter().map(|(_, notice)| notice).collect(), receipt))
    }
}
