//! What a second person looks at afterwards: emergencies within a day, flagged and vague reasons within a week (GR25).
//!
//! INVARIANT (nobody reviews oneself): the asker of a reviewed question is refused as its reviewer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use clear_audit::What;
use clear_identity::Proven;
use clear_policy::{Decision, Deed, Denial, Flag, may};
use clear_record::{AccountId, AgencyId, Purpose, Request, RequestId, ReviewId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::card::{self, Kept};
use super::hold::{self, HeldQuestion};
use crate::desk::{Desk, Error};
use crate::disclosures;
use crate::entry::{Entry, Refusal};

const REVIEW: &str = "review";
const TALLY: &str = "term";
/// Whose cards are those that nobody has decided yet.
pub(super) const WAITING: &str = "waiting";

const EMERGENCY_DUE: SignedDuration = SignedDuration::from_hours(24);
const DUE: SignedDuration = SignedDuration::from_hours(7 * 24);
const NOTE_MAX_CHARS: usize = 1000;

/// A question that somebody shall look at.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Its number.
    #[schema(value_type = String)]
    pub number: ReviewId,
    /// The first request that it is about, as it stands in the log.
    #[schema(value_type = String)]
    pub request: RequestId,
    /// Who asked.
    #[schema(value_type = String)]
    pub account: AccountId,
    /// For which agency.
    #[schema(value_type = String)]
    pub agency: AgencyId,
    /// Why, as stated.
    #[schema(value_type = Option<String>)]
    pub purpose: Option<Purpose>,
    /// The case, as stated.
    pub case: Option<String>,
    /// The reason, as stated.
    pub reason: Option<String>,
    /// The danger, as stated.
    pub emergency: Option<String>,
    /// What the asker said when asked back whether it was for somebody else; *yes* was judged as if they had been named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_them: Option<bool>,
    /// What was asked.
    pub question: String,
    /// What should be looked at.
    #[schema(value_type = Vec<Object>)]
    pub flags: Vec<Flag>,
    /// Whether somebody should look at once: an emergency.
    pub urgent: bool,
    /// When it was asked.
    #[schema(value_type = String)]
    pub asked_at: Timestamp,
    /// By when somebody should have looked.
    #[schema(value_type = String)]
    pub due: Timestamp,
    /// Whether that moment has passed.
    #[serde(default)]
    pub overdue: bool,
    /// What the reviewer said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// What waits for a second person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Queue {
    /// Questions that are answered when somebody releases them.
    pub holds: Vec<HeldQuestion>,
    /// Questions that were answered and shall be looked at.
    pub reviews: Vec<Review>,
}

/// What a reviewer said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// Who.
    #[schema(value_type = String)]
    pub by: AccountId,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Whether it was in order.
    pub in_order: bool,
    /// In words.
    pub note: String,
}

/// How often words of one entry of terms were met, and how often a reviewer found that it was what they are looked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TermPrecision {
    /// The terms' number; the words are not published.
    pub number: String,
    /// Inquiries that were flagged for them.
    pub flagged: u64,
    /// Of these, how many were reviewed.
    pub reviewed: u64,
    /// Of these, how many were not in order.
    pub confirmed: u64,
}

// INVARIANT (people's data has no Debug): a question names persons.
impl std::fmt::Debug for Review {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Review").field("number", &self.number).finish_non_exhaustive()
    }
}

/// How many things wait that somebody should look at today: holds and emergencies. For the frame of every page.
#[derive(Default)]
pub(crate) struct Urgent(AtomicUsize);

impl Urgent {
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn sub(&self, count: usize) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| Some(known.saturating_sub(count)));
    }
}

/// Puts a question in the queue, once for each inquiry and day however much is asked under it.
pub(crate) async fn flag<Q>(desk: &Desk, facts: &Request<Q>, asked: &str, flags: &[Flag]) -> Result<(), Error> {
    let (Some(account), Some(agency)) = (&facts.standing.account, &facts.standing.agency) else { return Ok(()) };
    if flags.is_empty() {
        return Ok(());
    }
    let inquiry = &facts.inquiry;
    let day = facts.asked_at.strftime("%Y-%m-%d").to_string();
    let said = (&inquiry.case, &inquiry.reason, &inquiry.emergency, inquiry.for_them);
    let same = serde_json::json!([account, said, flags, day]).to_string();
    let digest: String = Sha256::digest(same).iter().take(13).map(|byte| format!("{byte:02x}")).collect();
    let Ok(number) = digest.parse::<ReviewId>() else { return Ok(()) };
    if card::get::<Review>(desk, REVIEW, number.as_str()).await?.is_some() {
        return Ok(());
    }
    let urgent = flags.iter().any(|flag| matches!(flag, Flag::Emergency | Flag::Disputed));
    let due = facts.asked_at + if urgent { EMERGENCY_DUE } else { DUE };
    let review = Review {
        number,
        request: facts.id.clone(),
        account: account.clone(),
        agency: agency.clone(),
        purpose: inquiry.purpose.clone(),
        case: inquiry.case.clone(),
        reason: inquiry.reason.clone(),
        emergency: inquiry.emergency.clone(),
        for_them: inquiry.for_them,
        question: asked.to_owned(),
        flags: flags.to_vec(),
        urgent,
        asked_at: facts.asked_at,
        due,
        overdue: false,
        outcome: None,
    };
    if !card::put(desk, REVIEW, review.number.as_str(), 0, Some(WAITING), Some(due), &review).await? {
        return Ok(());
    }
    if urgent {
        desk.urgent.add(1);
        let what = if flags.contains(&Flag::Disputed) { "an account is disputed" } else { "emergency stated" };
        let why = format!("review {}: {what} in request {}", review.number, review.request);
        desk.note(What::Alerted, Some(account.clone()), &facts.origin.address, Some(why)).await?;
    }
    for flag in flags {
        if let Flag::Term { number } = flag {
            tally(desk, number, |tally| tally.flagged += 1).await?;
        }
    }
    Ok(())
}

async fn tally(desk: &Desk, number: &str, add: impl Fn(&mut TermPrecision)) -> Result<(), Error> {
    let change = |tally: &mut TermPrecision| {
        number.clone_into(&mut tally.number);
        add(tally);
    };
    card::change(desk, TALLY, number, change).await
}

/// Why somebody may not look at what waits.
pub(super) fn no_reviewer<Q>(desk: &Desk, request: &Request<Q>) -> Option<Denial> {
    match may(&desk.register(), &*desk.rules(), Deed::Review, request) {
        Decision::Permit(_) => None,
        Decision::Deny(denial) => Some(denial),
    }
}

impl Desk {
    /// How many holds and emergencies wait.
    pub fn urgent(&self) -> usize {
        self.urgent.0.load(Ordering::Relaxed)
    }

    /// Counts what waits, at the start.
    pub(crate) async fn count_urgent(&self) -> Result<(), Error> {
        let reviews: Vec<Kept<Review>> = card::list(self, REVIEW, WAITING).await?;
        let urgent = reviews.iter().filter(|kept| kept.body.urgent).count();
        self.urgent.0.store(urgent + hold::waiting(self).await?.len(), Ordering::Relaxed);
        Ok(())
    }

    /// What waits for a second person: questions to be released, and what is to be reviewed; the urgent first, then what
    /// is due first.
    ///
    /// # Errors
    /// A [`Refusal`] to everybody who is no reviewer.
    pub async fn queue(&self, request: Proven<Request<()>>) -> Result<Queue, Refusal> {
        let entry = Entry::asked(self, &request, "queue", &());
        if let Some(denial) = no_reviewer(self, &request) {
            return Err(entry.refuse(denial).await);
        }
        let queue = match self.waiting(request.asked_at).await {
            Ok(queue) => queue,
            Err(error) => return Err(entry.failed(&error).await),
        };
        entry.also(What::Reviewed, format!("{} holds and {} reviews wait", queue.holds.len(), queue.reviews.len()));
        entry.done().await?;
        Ok(queue)
    }

    async fn waiting(&self, now: Timestamp) -> Result<Queue, Error> {
        let kept: Vec<Kept<Review>> = card::list(self, REVIEW, WAITING).await?;
        let marked = |review: Review| Review { overdue: review.due <= now, ..review };
        let mut reviews: Vec<Review> = kept.into_iter().map(|kept| marked(kept.body)).collect();
        reviews.sort_by(|a, b| (!a.urgent, a.due, &a.number).cmp(&(!b.urgent, b.due, &b.number)));
        Ok(Queue { holds: hold::waiting(self).await?, reviews })
    }

    /// A reviewer's word about one question.
    ///
    /// # Errors
    /// A [`Refusal`]: not permitted, one's own question, reviewed already, no note.
    pub async fn review(
        &self,
        request: Proven<Request<ReviewId>>,
        in_order: bool,
        note: &str,
    ) -> Result<Review, Refusal> {
        let mut entry = Entry::asked(self, &request, "review", &request.question);
        if let Some(denial) = no_reviewer(self, &request) {
            return Err(entry.refuse(denial).await);
        }
        let kept: Option<Kept<Review>> = match card::get(self, REVIEW, request.question.as_str()).await {
            Ok(kept) => kept,
            Err(error) => return Err(entry.failed(&error).await),
        };
        let Some(Kept { revision, body }) = kept else {
            return Err(entry.wrong("there is no review of that number".into()).await);
        };
        let Some(by) = request.standing.account.clone().filter(|by| *by != body.account) else {
            return Err(entry.refuse(Denial::SecondPerson).await);
        };
        // What opens an account again is for whoever enrols accounts.
        let disputed = body.flags.contains(&Flag::Disputed);
        if disputed && let Err(denial) = disclosures::may_open(self, &request) {
            return Err(entry.refuse(*denial).await);
        }
        let note = note.trim();
        if note.is_empty() || note.chars().count() > NOTE_MAX_CHARS {
            return Err(entry.wrong("`note` says in 1 to 1,000 characters what was looked at".into()).await);
        }
        let taken = body.outcome.is_none();
        let outcome = Outcome { by, at: request.asked_at, in_order, note: note.to_owned() };
        let overdue = body.due <= request.asked_at;
        let reviewed = Review { outcome: Some(outcome), overdue, ..body };
        entry.must_be_logged().await?;
        let written = match taken {
            true => card::put(self, REVIEW, reviewed.number.as_str(), revision, None, None, &reviewed).await,
            false => Ok(false),
        };
        match written {
            Ok(true) => {}
            Ok(false) => return Err(entry.wrong(format!("review {} is decided already", reviewed.number)).await),
            Err(error) => return Err(entry.failed(&error).await),
        }
        if reviewed.urgent {
            self.urgent.sub(1);
        }
        if disputed && let Err(error) = disclosures::looked_at(self, &reviewed.account, in_order).await {
            return Err(entry.failed(&error).await);
        }
        for flag in &reviewed.flags {
            if let Flag::Term { number } = flag {
                let count = |tally: &mut TermPrecision| {
                    tally.reviewed += 1;
                    tally.confirmed += u64::from(!in_order);
                };
                if let Err(error) = tally(self, number, count).await {
                    return Err(entry.failed(&error).await);
                }
            }
        }
        let how = if in_order { "in order" } else { "not in order" };
        let terms = reviewed.flags.iter().filter_map(|flag| match flag {
            Flag::Term { number } => Some(number.clone()),
            _ => None,
        });
        let why = format!("review {} of request {}: {how}", reviewed.number, reviewed.request);
        entry.also_of(What::Reviewed, why, terms.collect());
        entry.done().await?;
        Ok(reviewed)
    }

    /// How precise the terms are, by number, for the public page. Numbers without words.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn term_precision(&self) -> Result<Vec<TermPrecision>, Error> {
        let mut known: BTreeMap<String, TermPrecision> = BTreeMap::new();
        for terms in self.register().terms() {
            let kept: Option<Kept<TermPrecision>> = card::get(self, TALLY, &terms.number).await?;
            let tally = kept.map_or_else(TermPrecision::default, |kept| kept.body);
            known.insert(terms.number.clone(), TermPrecision { number: terms.number.clone(), ..tally });
        }
        Ok(known.into_values().collect())
    }
}
