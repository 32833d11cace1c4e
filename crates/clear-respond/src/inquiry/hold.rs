//! Holds: a question that waits for a second person, with a clock and a telephone number.
//!
//! INVARIANT (a release is for one question, once): a hold keeps the digest of asker, inquiry and question; a release is
//! taken for no other, until it lapses or is used.

use clear_audit::What;
use clear_identity::Proven;
use clear_policy::{Decision, Deed, Denial, Held, Hold, may};
use clear_record::{AccountId, AgencyId, HoldId, Inquiry, Request, RequestId, Standing};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::card::{self, Kept};
use super::review::WAITING;
use crate::desk::{Desk, Error};
use crate::entry::{Entry, Refusal};

const HOLD: &str = "hold";

/// By when a second person should have decided.
const DUE: SignedDuration = SignedDuration::from_mins(30);
/// How long a release can be used.
const RELEASED_FOR: SignedDuration = SignedDuration::from_mins(30);

/// How a hold stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum HoldState {
    /// Nobody has decided yet.
    Waiting,
    /// A second person released it: the same question is answered once, under this hold's number.
    Released {
        /// Who.
        #[schema(value_type = String)]
        by: AccountId,
        /// Until when.
        #[schema(value_type = String)]
        until: Timestamp,
    },
    /// A second person refused it.
    Refused {
        /// Who.
        #[schema(value_type = String)]
        by: AccountId,
        /// When.
        #[schema(value_type = String)]
        at: Timestamp,
    },
    /// The release was used.
    Used,
}

/// A question that waits, or waited.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HeldQuestion {
    /// Its number.
    #[schema(value_type = String)]
    pub number: HoldId,
    /// The request that was held, as it stands in the log.
    #[schema(value_type = String)]
    pub request: RequestId,
    /// Who asks.
    #[schema(value_type = String)]
    pub account: AccountId,
    /// For which agency.
    #[schema(value_type = String)]
    pub agency: AgencyId,
    /// The inquiry, part by part.
    #[schema(value_type = Object)]
    pub inquiry: Inquiry,
    /// What is asked, in the asker's words.
    pub question: String,
    /// Why it waits.
    pub basis: String,
    /// Whom the asker may telephone.
    pub contact: String,
    /// Since when.
    #[schema(value_type = String)]
    pub asked_at: Timestamp,
    /// By when somebody should have decided.
    #[schema(value_type = String)]
    pub due: Timestamp,
    /// How it stands.
    #[serde(flatten)]
    pub state: HoldState,
    /// SHA-256 of asker, inquiry and question.
    pub digest: String,
}

// INVARIANT (people's data has no Debug): a question names persons.
impl std::fmt::Debug for HeldQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldQuestion").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What a release is for: this asker, this inquiry, this question.
pub(super) fn digest(standing: &Standing, inquiry: &Inquiry, asked: &str) -> String {
    let inquiry = Inquiry { released: None, ..inquiry.clone() };
    let whole = serde_json::json!([standing.account, standing.agency, inquiry, asked]).to_string();
    Sha256::digest(whole).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a hold is released for the question of that digest, at that moment.
pub(super) async fn is_released(desk: &Desk, number: &HoldId, digest: &str, at: Timestamp) -> Result<bool, Error> {
    let kept: Option<Kept<HeldQuestion>> = card::get(desk, HOLD, number.as_str()).await?;
    Ok(kept.is_some_and(|Kept { body, .. }| {
        body.digest == digest && matches!(body.state, HoldState::Released { until, .. } if at < until)
    }))
}

/// Uses a release up; says whether it was there to be used.
pub(super) async fn use_up(desk: &Desk, number: &HoldId) -> Result<bool, Error> {
    let kept: Option<Kept<HeldQuestion>> = card::get(desk, HOLD, number.as_str()).await?;
    let Some(Kept { revision, body }) = kept.filter(|kept| matches!(kept.body.state, HoldState::Released { .. }))
    else {
        return Ok(false);
    };
    put_state(desk, revision, body, HoldState::Used).await
}

/// Writes down that a question waits, once however often it is asked, and says so in the denial.
pub(super) async fn put<Q>(desk: &Desk, facts: &Request<Q>, asked: &str, held: Held) -> Result<Denial, Error> {
    let digest = digest(&facts.standing, &facts.inquiry, asked);
    let denial = |hold: &HeldQuestion| match hold.state {
        HoldState::Refused { .. } => Denial::HoldRefused(hold.number.clone()),
        _ => Denial::Held(Held { hold: Some(Hold { number: hold.number.clone(), due: hold.due }), ..held.clone() }),
    };
    let waiting: Vec<Kept<HeldQuestion>> = card::list(desk, HOLD, WAITING).await?;
    if let Some(kept) = waiting.iter().find(|kept| kept.body.digest == digest) {
        return Ok(denial(&kept.body));
    }
    let (Some(account), Some(agency)) = (facts.standing.account.clone(), facts.standing.agency.clone()) else {
        return Ok(Denial::SignIn);
    };
    let hold = HeldQuestion {
        number: HoldId::fresh(),
        request: facts.id.clone(),
        account,
        agency,
        inquiry: facts.inquiry.clone(),
        question: asked.to_owned(),
        basis: held.basis.clone(),
        contact: held.contact.clone(),
        asked_at: facts.asked_at,
        due: facts.asked_at + DUE,
        state: HoldState::Waiting,
        digest,
    };
    card::put(desk, HOLD, hold.number.as_str(), 0, Some(WAITING), Some(hold.due), &hold).await?;
    desk.urgent.add(1);
    Ok(denial(&hold))
}

async fn put_state(desk: &Desk, revision: u64, hold: HeldQuestion, state: HoldState) -> Result<bool, Error> {
    let hold = HeldQuestion { state, ..hold };
    card::put(desk, HOLD, hold.number.as_str(), revision, None, None, &hold).await
}

/// The questions that wait, the one that is due first first.
pub(super) async fn waiting(desk: &Desk) -> Result<Vec<HeldQuestion>, Error> {
    let kept: Vec<Kept<HeldQuestion>> = card::list(desk, HOLD, WAITING).await?;
    let mut waiting: Vec<HeldQuestion> = kept.into_iter().map(|kept| kept.body).collect();
    waiting.sort_by(|a, b| a.due.cmp(&b.due).then_with(|| a.number.cmp(&b.number)));
    Ok(waiting)
}

impl Desk {
    /// A hold of the asker's own, to look at its clock; nobody else's.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn my_hold(&self, standing: &Standing, number: &HoldId) -> Result<Option<HeldQuestion>, Error> {
        let kept: Option<Kept<HeldQuestion>> = card::get(self, HOLD, number.as_str()).await?;
        Ok(kept.map(|kept| kept.body).filter(|hold| Some(&hold.account) == standing.account.as_ref()))
    }

    /// Releases a hold, or refuses to: a second person of an owner, never the asker.
    ///
    /// # Errors
    /// A [`Refusal`]: not permitted, one's own question, decided already.
    pub async fn decide_hold(&self, request: Proven<Request<HoldId>>, release: bool) -> Result<HeldQuestion, Refusal> {
        let name = if release { "release_hold" } else { "refuse_hold" };
        let mut entry = Entry::asked(self, &request, name, &request.question);
        let register = self.register();
        if let Decision::Deny(denial) = may(&register, &*self.rules(), Deed::Review, &request) {
            return Err(entry.refuse(denial).await);
        }
        // Oversight looks at what was decided; it does not decide for an owner.
        if !request.standing.agency.as_ref().is_some_and(|agency| register.is_owner(agency)) {
            return Err(entry.refuse(Denial::NotPermitted(Deed::Review)).await);
        }
        let kept: Option<Kept<HeldQuestion>> = match card::get(self, HOLD, request.question.as_str()).await {
            Ok(kept) => kept,
            Err(error) => return Err(entry.failed(&error).await),
        };
        let Some(Kept { revision, body }) = kept else {
            return Err(entry.wrong("there is no hold of that number".into()).await);
        };
        let Some(by) = request.standing.account.clone().filter(|by| *by != body.account) else {
            return Err(entry.refuse(Denial::SecondPerson).await);
        };
        if body.state != HoldState::Waiting {
            return Err(entry.wrong(format!("hold {} is decided already", body.number)).await);
        }
        let state = match release {
            true => HoldState::Released { by, until: request.asked_at + RELEASED_FOR },
            false => HoldState::Refused { by, at: request.asked_at },
        };
        entry.must_be_logged().await?;
        match put_state(self, revision, body.clone(), state.clone()).await {
            Ok(true) => {}
            Ok(false) => return Err(entry.wrong(format!("hold {} is decided already", body.number)).await),
            Err(error) => return Err(entry.failed(&error).await),
        }
        self.urgent.sub(1);
        let how = if release { "released" } else { "refused" };
        entry.also(What::Released, format!("hold {} of request {} {how}", body.number, body.request));
        entry.done().await?;
        Ok(HeldQuestion { state, ..body })
    }
}
