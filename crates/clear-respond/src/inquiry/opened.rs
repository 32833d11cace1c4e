//! Opened inquiries: by hand, by an event of dispatch, for standing analysis, for programs; and the relief officer who
//! takes one over.
//!
//! INVARIANT (an inquiry is its holder's): it is found for the account that holds it and for nobody else, while it is open.
//! Whoever takes it over opens one of their own, judged under their own path, and the old one ends.

use std::collections::BTreeSet;

use clear_audit::What;
use clear_identity::{Account, Proven};
use clear_policy::{Decision, Deed, Denial, may, refused_before_rules};
use clear_record::{AccountId, AgencyId, EventKind, Inquiry, InquiryId, Purpose, Request, Role, Standing, UseCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::card::{self, Kept};
use crate::desk::{Desk, Error};
use crate::entry::{Entry, Refusal};

const INQUIRY: &str = "inquiry";
const EVENT: &str = "event";

/// A shift: how long an inquiry stays open that was opened by hand or by an event.
const SHIFT: SignedDuration = SignedDuration::from_hours(12);
/// How long one of standing analysis or of a program stays open at most.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Longer texts are no reasons.
const TEXT_MAX_CHARS: usize = 400;
const NUMBER_MAX_CHARS: usize = 60;

/// How an inquiry came to be open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InquiryKind {
    /// By its holder, for a case.
    #[default]
    ByHand,
    /// By a stop or a dispatch.
    Event,
    /// For a named project: counts and de-identified rows.
    Analytic,
    /// For a job or a program's token.
    Service,
}

/// An opened inquiry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpenInquiry {
    /// Its number; a question names it in `X-Inquiry`.
    #[schema(value_type = String)]
    pub number: InquiryId,
    /// How it came to be open.
    pub kind: InquiryKind,
    /// Why.
    #[schema(value_type = String)]
    pub purpose: Purpose,
    /// Under which legal use.
    #[schema(value_type = String)]
    pub use_code: UseCode,
    /// The case or event number, or the project's name.
    pub case: String,
    /// The reason in words.
    pub reason: String,
    /// On whose behalf.
    #[schema(value_type = Vec<String>)]
    pub on_behalf_of: BTreeSet<AgencyId>,
    /// The task force that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub task_force: Option<AgencyId>,
    /// What its holder answered when asked back at its opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_them: Option<bool>,
    /// Who approved a standing analytic one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub approver: Option<AccountId>,
    /// Who holds it; nobody yet where an event named a unit alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub holder: Option<AccountId>,
    /// The holder's agency.
    #[schema(value_type = String)]
    pub agency: AgencyId,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The inquiry that it was taken over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub taken_from: Option<InquiryId>,
    /// When it was opened.
    #[schema(value_type = String)]
    pub opened_at: Timestamp,
    /// Until when it is open, exclusive.
    #[schema(value_type = String)]
    pub until: Timestamp,
    /// When it was ended before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub closed_at: Option<Timestamp>,
}

impl OpenInquiry {
    fn is_open(&self, at: Timestamp) -> bool {
        self.closed_at.is_none() && at < self.until
    }

    /// The parts of a question under this inquiry.
    ///
    /// # Errors
    /// What the question says differently, in words for the asker.
    pub(crate) fn states(&self, said: &Inquiry) -> Result<Inquiry, String> {
        let differs = [
            ("purpose", said.purpose.as_ref().is_some_and(|said| *said != self.purpose)),
            ("use_code", said.use_code.as_ref().is_some_and(|said| *said != self.use_code)),
            ("case", said.case.as_ref().is_some_and(|said| *said != self.case)),
        ];
        if let Some((part, _)) = differs.into_iter().find(|(_, differs)| *differs) {
            return Err(format!(
                "the inquiry {} states another `{part}`; leave `{part}` out, or open another inquiry",
                self.number
            ));
        }
        let beneficiaries = self.on_behalf_of.iter().chain(said.on_behalf_of.iter().flatten());
        Ok(Inquiry {
            purpose: Some(self.purpose.clone()),
            use_code: Some(self.use_code.clone()),
            case: Some(self.case.clone()),
            // Words that are said with the question are read; those of the opening were read then.
            reason: Some(said.reason.clone().unwrap_or_else(|| self.reason.clone())),
            on_behalf_of: Some(beneficiaries.cloned().collect()),
            number: Some(self.number.clone()),
            task_force: said.task_force.clone().or_else(|| self.task_force.clone()),
            for_them: said.for_them.or(self.for_them.filter(|_| said.reason.is_none())),
            analytic: said.analytic || self.kind == InquiryKind::Analytic,
            ..said.clone()
        })
    }

    /// The inquiry that its opening is judged by.
    fn inquiry(&self) -> Inquiry {
        Inquiry {
            purpose: Some(self.purpose.clone()),
            use_code: Some(self.use_code.clone()),
            case: Some(self.case.clone()),
            reason: Some(self.reason.clone()),
            on_behalf_of: Some(self.on_behalf_of.clone()),
            task_force: self.task_force.clone(),
            for_them: self.for_them,
            ..Inquiry::default()
        }
    }
}

/// An inquiry to be opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewInquiry {
    /// `by_hand`, `analytic` or `service`; events open theirs.
    pub kind: InquiryKind,
    /// Why: a code that the register declares.
    #[schema(value_type = Option<String>)]
    pub purpose: Option<Purpose>,
    /// Under which legal use: a code that the register declares.
    #[schema(value_type = Option<String>)]
    pub use_code: Option<UseCode>,
    /// The case number; of an analytic one, the project's name; of a program's, the job's.
    pub case: Option<String>,
    /// The reason in words.
    pub reason: Option<String>,
    /// On whose behalf; the own agency unless said.
    #[schema(value_type = Option<Vec<String>>)]
    pub on_behalf_of: Option<BTreeSet<AgencyId>>,
    /// The task force that it is for.
    #[schema(value_type = Option<String>)]
    pub task_force: Option<AgencyId>,
    /// The answer, where the reason is asked back.
    pub for_them: Option<bool>,
    /// Who approved a standing analytic one: another person.
    #[schema(value_type = Option<String>)]
    pub approver: Option<AccountId>,
    /// Until when: a shift at most, a year for analysis and programs.
    #[schema(value_type = Option<String>)]
    pub until: Option<Timestamp>,
}

/// A stop or a dispatch, as the dispatch system tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    /// Its number; the same number again changes nothing but who is assigned. Absent: one is minted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What it is.
    #[schema(value_type = String)]
    pub kind: EventKind,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The officers assigned; without any, the unit's officer takes it over.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub officers: BTreeSet<AccountId>,
    /// When it began; now unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
    /// The purpose; what the register declares for this kind of event unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub purpose: Option<Purpose>,
    /// The use code; as the purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub use_code: Option<UseCode>,
    /// What the call says; the kind and the number unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An event with the inquiries that it opened.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpenedEvent {
    /// Its number.
    pub event: String,
    /// Whether it was told for the first time.
    pub new: bool,
    /// One for each officer assigned, or one for the unit.
    pub inquiries: Vec<OpenInquiry>,
}

/// What is kept of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Told {
    kind: EventKind,
    purpose: Purpose,
    use_code: UseCode,
    reason: String,
    unit: Option<String>,
    at: Timestamp,
    /// Which inquiry is whose.
    inquiries: Vec<(InquiryId, Option<AccountId>)>,
}

/// The open inquiry that a question names, if it is this asker's.
pub(super) async fn find(
    desk: &Desk,
    standing: &Standing,
    inquiry: &Inquiry,
    at: Timestamp,
) -> Result<Option<OpenInquiry>, Error> {
    let Some(number) = &inquiry.number else { return Ok(None) };
    let kept: Option<Kept<OpenInquiry>> = card::get(desk, INQUIRY, number.as_str()).await?;
    let mine = |open: &OpenInquiry| {
        open.holder.is_some()
            && open.holder == standing.account
            && Some(&open.agency) == standing.agency.as_ref()
            && open.is_open(at)
    };
    Ok(kept.map(|kept| kept.body).filter(mine))
}

impl Desk {
    /// Opens an inquiry for its asker.
    ///
    /// # Errors
    /// A part that is missing or that nobody may state, a reason that is asked back: as a question under it would be.
    pub async fn open_inquiry(&self, request: Proven<Request<NewInquiry>>) -> Result<OpenInquiry, Refusal> {
        let new = &request.question;
        let own = request.standing.agency.clone();
        let inquiry = Inquiry {
            purpose: new.purpose.clone(),
            use_code: new.use_code.clone(),
            case: new.case.clone(),
            reason: new.reason.clone(),
            on_behalf_of: new.on_behalf_of.clone().or_else(|| own.clone().map(|own| [own].into())),
            task_force: new.task_force.clone(),
            for_them: new.for_them,
            ..Inquiry::default()
        };
        let facts = Request { inquiry: inquiry.clone(), ..request.clone().into_inner() };
        let entry = Entry::asked(self, &facts, "open_inquiry", &new);
        if let Some(denial) = self.may_open(&facts) {
            return Err(entry.refuse(denial).await);
        }
        let (Some(purpose), Some(use_code), Some(case), Some(reason), Some(agency), Some(holder)) =
            (inquiry.purpose, inquiry.use_code, inquiry.case, inquiry.reason, own, request.standing.account.clone())
        else {
            return Err(entry.refuse(Denial::Missing(vec!["case", "reason"])).await);
        };
        let until = match self.end_of(&request, new).await {
            Ok(Ok(until)) => until,
            Ok(Err(wrong)) => return Err(entry.wrong(wrong.to_owned()).await),
            Err(error) => return Err(entry.failed(&error).await),
        };
        let opened = OpenInquiry {
            number: InquiryId::fresh(),
            kind: new.kind,
            purpose,
            use_code,
            case: case.trim().to_owned(),
            reason: reason.trim().to_owned(),
            on_behalf_of: inquiry.on_behalf_of.unwrap_or_default(),
            task_force: new.task_force.clone(),
            for_them: new.for_them,
            approver: new.approver.clone(),
            holder: Some(holder),
            agency,
            unit: None,
            taken_from: None,
            opened_at: request.asked_at,
            until,
            closed_at: None,
        };
        self.keep(entry, &opened, "opened").await?;
        Ok(opened)
    }

    /// Until when a new inquiry is open; or why there can be none, in words for the asker.
    async fn end_of(
        &self,
        request: &Request<NewInquiry>,
        new: &NewInquiry,
    ) -> Result<Result<Timestamp, &'static str>, Error> {
        let long = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
        if long(&new.case, NUMBER_MAX_CHARS) || long(&new.reason, TEXT_MAX_CHARS) {
            return Ok(Err("`case` has at most 60 characters and `reason` at most 400"));
        }
        let most = match new.kind {
            InquiryKind::ByHand => SHIFT,
            InquiryKind::Analytic | InquiryKind::Service => YEAR,
            InquiryKind::Event => return Ok(Err("events open theirs: `POST /api/v1/events`")),
        };
        if new.kind == InquiryKind::Service && !request.standing.roles.contains(&Role::Service) {
            return Ok(Err("a `service` inquiry is a program's; its account has the role `service`"));
        }
        if new.kind == InquiryKind::Analytic {
            let Some(approver) = new.approver.as_ref().filter(|it| Some(*it) != request.standing.account.as_ref())
            else {
                return Ok(Err("an `analytic` inquiry names in `approver` another person, who approved its project"));
            };
            let known = self.identity().account(approver).await?;
            if !known.is_some_and(|known| is_person(&known) && Some(&known.agency) == request.standing.agency.as_ref())
            {
                return Ok(Err("`approver` is no person of your agency"));
            }
        }
        let latest = request.asked_at + most;
        let until = new.until.unwrap_or(latest);
        if until <= request.asked_at || until > latest {
            return Ok(Err(
                "`until` lies in the future: a shift of 12 hours at most, a year for analysis and programs",
            ));
        }
        Ok(Ok(until))
    }

    /// The open inquiries of an asker, the newest first.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn my_inquiries(&self, standing: &Standing) -> Result<Vec<OpenInquiry>, Error> {
        let Some(account) = &standing.account else { return Ok(Vec::new()) };
        let now = self.clock();
        let kept: Vec<Kept<OpenInquiry>> = card::list(self, INQUIRY, account.as_str()).await?;
        let mut open: Vec<OpenInquiry> =
            kept.into_iter().map(|kept| kept.body).filter(|open| open.is_open(now)).collect();
        open.sort_by(|a, b| b.opened_at.cmp(&a.opened_at).then_with(|| a.number.cmp(&b.number)));
        Ok(open)
    }

    /// Ends an inquiry of the asker's.
    ///
    /// # Errors
    /// The same words for one that is not there and for one that is not the asker's.
    pub async fn close_inquiry(&self, request: Proven<Request<InquiryId>>) -> Result<OpenInquiry, Refusal> {
        let mut entry = Entry::asked(self, &request, "close_inquiry", &request.question);
        let kept: Result<Option<Kept<OpenInquiry>>, Error> = card::get(self, INQUIRY, request.question.as_str()).await;
        let kept = match kept {
            Ok(kept) => kept.filter(|it| it.body.holder.is_some() && it.body.holder == request.standing.account),
            Err(error) => return Err(entry.failed(&error).await),
        };
        let Some(Kept { revision, body }) = kept.filter(|kept| kept.body.is_open(request.asked_at)) else {
            return Err(entry.refuse(Denial::NoInquiry).await);
        };
        let closed = OpenInquiry { closed_at: Some(request.asked_at), ..body };
        entry.must_be_logged().await?;
        match self.end(revision, &closed).await {
            Ok(true) => {}
            Ok(false) => return Err(entry.refuse(Denial::NoInquiry).await),
            Err(error) => return Err(entry.failed(&error).await),
        }
        entry.also(What::Inquiry, format!("{} ended", closed.number));
        entry.done().await?;
        Ok(closed)
    }

    /// The relief officer takes over, under the own identity: a new inquiry of the same parts, and the old one ends. The
    /// text names an inquiry, or an event that has one without a holder or with one holder.
    ///
    /// # Errors
    /// The same words for one that is not there, not open, or another agency's.
    pub async fn take_over(&self, request: Proven<Request<String>>) -> Result<OpenInquiry, Refusal> {
        let now = request.asked_at;
        let found = self.to_take_over(&request).await;
        let facts = |inquiry: Inquiry| Request { inquiry, ..request.clone().into_inner() };
        let stated = found.as_ref().ok().and_then(|found| found.as_ref()).map(|kept| kept.body.inquiry());
        let facts = facts(stated.unwrap_or_default());
        let mut entry = Entry::asked(self, &facts, "take_over", &request.question);
        let Kept { revision, body: old } = match found {
            Ok(Some(kept)) => kept,
            // Whom an order bars gets the order, and not a word about inquiries.
            Ok(None) => {
                let barred = match may(&self.register(), &*self.rules(), Deed::Inquire, &facts) {
                    Decision::Deny(denial) => denial,
                    Decision::Permit(_) => Denial::NoInquiry,
                };
                return Err(entry.refuse(barred).await);
            }
            Err(error) => return Err(entry.failed(&error).await),
        };
        if let Some(denial) = self.may_open(&facts) {
            return Err(entry.refuse(denial).await);
        }
        let taken = OpenInquiry {
            number: InquiryId::fresh(),
            holder: request.standing.account.clone(),
            // The relief officer answers for the own questions; nobody's attestation is inherited.
            for_them: None,
            taken_from: Some(old.number.clone()),
            opened_at: now,
            ..old.clone()
        };
        entry.must_be_logged().await?;
        // The new one first: a crash between the two leaves an inquiry too many for a shift, and no officer without one.
        if let Err(error) = self.write(&taken).await {
            return Err(entry.failed(&error).await);
        }
        match self.end(revision, &OpenInquiry { closed_at: Some(now), ..old.clone() }).await {
            Ok(true) => {}
            ended => {
                let undone = OpenInquiry { closed_at: Some(now), ..taken.clone() };
                let written = card::get::<OpenInquiry>(self, INQUIRY, taken.number.as_str()).await;
                if let Ok(Some(kept)) = written
                    && let Err(error) = self.end(kept.revision, &undone).await
                {
                    tracing::error!("cannot end an inquiry that was not taken over: {error}");
                }
                return Err(match ended {
                    Err(error) => entry.failed(&error).await,
                    Ok(_) => entry.refuse(Denial::NoInquiry).await,
                });
            }
        }
        entry.also(What::Inquiry, format!("{} taken over as {}", old.number, taken.number));
        entry.done().await?;
        Ok(taken)
    }

    async fn to_take_over(&self, request: &Request<String>) -> Result<Option<Kept<OpenInquiry>>, Error> {
        let (Some(agency), Some(account)) = (&request.standing.agency, &request.standing.account) else {
            return Ok(None);
        };
        let fits = |open: &OpenInquiry| {
            matches!(open.kind, InquiryKind::ByHand | InquiryKind::Event)
                && open.agency == *agency
                && open.holder.as_ref() != Some(account)
                && open.is_open(request.asked_at)
        };
        let named = request.question.trim();
        if let Ok(number) = named.parse::<InquiryId>() {
            let kept: Option<Kept<OpenInquiry>> = card::get(self, INQUIRY, number.as_str()).await?;
            if let Some(kept) = kept.filter(|kept| fits(&kept.body)) {
                return Ok(Some(kept));
            }
        }
        let told: Option<Kept<Told>> = card::get(self, EVENT, &event_key(agency, named)).await?;
        let mut open = Vec::new();
        for (number, _) in told.iter().flat_map(|told| &told.body.inquiries) {
            let kept: Option<Kept<OpenInquiry>> = card::get(self, INQUIRY, number.as_str()).await?;
            open.extend(kept.filter(|kept| fits(&kept.body)));
        }
        // Of several officers at one event, the relief says which: by the inquiry's number.
        Ok(if open.len() == 1 { open.pop() } else { None })
    }

    /// Takes in an event of dispatch and opens an inquiry for each officer assigned; an officer's own stop is one too.
    /// The same number again opens inquiries for officers who are new to it, and changes nothing else.
    ///
    /// # Errors
    /// An event that says something else than before under the same number, an officer who is not the agency's, a
    /// purpose that the register does not declare.
    pub async fn take_event(&self, request: Proven<Request<NewEvent>>) -> Result<OpenedEvent, Refusal> {
        let new = &request.question;
        let said = new.event.as_ref().map(|number| number.trim()).filter(|number| !number.is_empty());
        let event = said.map_or_else(|| minted(request.asked_at), str::to_owned);
        let register = self.register();
        let declared = register
            .purposes()
            .filter(|purpose| purpose.denied.is_none())
            .find_map(|purpose| Some((purpose.code.clone(), purpose.events.get(&new.kind)?.clone())));
        let (purpose, use_code) = declared.unzip();
        let reason = new.reason.clone().filter(|text| !text.trim().is_empty());
        let inquiry = Inquiry {
            purpose: new.purpose.clone().or(purpose),
            use_code: new.use_code.clone().or(use_code),
            case: Some(event.clone()),
            reason: Some(reason.unwrap_or_else(|| format!("{} {event}", new.kind))),
            on_behalf_of: request.standing.agency.clone().map(|own| [own].into()),
            // The words of a caller are no words of the officer's; each question under it is read for itself.
            for_them: Some(false),
            ..Inquiry::default()
        };
        let facts = Request { inquiry, ..request.clone().into_inner() };
        let mut entry = Entry::asked(self, &facts, "event", &new);
        if let Some(denial) = self.may_open(&facts) {
            return Err(entry.refuse(denial).await);
        }
        // An officer starts the own stop; whom else an event is about, dispatch says.
        let own = |officer: &AccountId| request.standing.account.as_ref() == Some(officer);
        let own = !new.officers.is_empty() && new.officers.iter().all(own);
        if !own && !request.standing.roles.contains(&Role::Service) {
            return Err(entry.refuse(Denial::NotPermitted(Deed::Inquire)).await);
        }
        entry.must_be_logged().await?;
        match self.taken(&facts, &event).await {
            Ok(Ok(opened)) => {
                let numbers: Vec<&str> = opened.inquiries.iter().map(|open| open.number.as_str()).collect();
                entry.also(What::Inquiry, format!("event {event}: {}", numbers.join(", ")));
                entry.done().await?;
                Ok(opened)
            }
            Ok(Err(wrong)) => Err(entry.wrong(wrong).await),
            Err(error) => Err(entry.failed(&error).await),
        }
    }

    async fn taken(&self, facts: &Request<NewEvent>, event: &str) -> Result<Result<OpenedEvent, String>, Error> {
        let (new, inquiry) = (&facts.question, &facts.inquiry);
        if event.chars().count() > NUMBER_MAX_CHARS || event.contains(char::is_control) {
            return Ok(Err("`event` is longer than 60 characters, or not one line".into()));
        }
        let unit = new.unit.as_ref().map(|unit| unit.trim().to_owned()).filter(|unit| !unit.is_empty());
        if new.officers.is_empty() && unit.is_none() {
            return Ok(Err("an event names in `officers` who is assigned, or in `unit` which unit".into()));
        }
        let at = new.at.unwrap_or(facts.asked_at);
        if at > facts.asked_at + SignedDuration::from_mins(5) || at + SHIFT <= facts.asked_at {
            return Ok(Err("`at` is not of this shift: neither ahead of the clock nor 12 hours back".into()));
        }
        let (Some(agency), Some(purpose), Some(use_code), Some(reason)) =
            (facts.standing.agency.clone(), inquiry.purpose.clone(), inquiry.use_code.clone(), inquiry.reason.clone())
        else {
            return Ok(Err("the register declares no purpose for such events; say `purpose` and `use_code`".into()));
        };
        if reason.chars().count() > TEXT_MAX_CHARS {
            return Ok(Err("`reason` has at most 400 characters".into()));
        }
        for officer in &new.officers {
            let known = self.identity().account(officer).await?;
            if !known.is_some_and(|known| known.agency == agency && is_person(&known)) {
                return Ok(Err(format!("`{officer}` is no officer of your agency")));
            }
        }
        let key = event_key(&agency, event);
        for _ in 0..20 {
            let before: Option<Kept<Told>> = card::get(self, EVENT, &key).await?;
            let is_new = before.is_none();
            let (revision, mut told) = match before {
                Some(Kept { revision, body }) => {
                    let differs = [
                        ("kind", body.kind != new.kind),
                        ("purpose", body.purpose != purpose),
                        ("use_code", body.use_code != use_code),
                        ("at", new.at.is_some_and(|at| at != body.at)),
                        ("unit", unit.is_some() && unit != body.unit),
                    ];
                    if let Some((part, _)) = differs.into_iter().find(|(_, differs)| *differs) {
                        return Ok(Err(format!("event {event} was told with another `{part}`")));
                    }
                    (revision, body)
                }
                None => {
                    let (kind, unit) = (new.kind, unit.clone());
                    let (purpose, use_code, reason) = (purpose.clone(), use_code.clone(), reason.clone());
                    (0, Told { kind, purpose, use_code, reason, unit, at, inquiries: Vec::new() })
                }
            };
            let mut holders: Vec<Option<AccountId>> = new.officers.iter().cloned().map(Some).collect();
            if holders.is_empty() {
                holders.push(None);
            }
            holders.retain(|holder| !told.inquiries.iter().any(|(_, known)| known == holder));
            told.inquiries.extend(holders.iter().map(|holder| (InquiryId::fresh(), holder.clone())));
            // The numbers are written down first, so that telling an event twice, or half, opens each once.
            if (is_new || !holders.is_empty())
                && !card::put(self, EVENT, &key, revision, Some(agency.as_str()), None, &told).await?
            {
                continue;
            }
            let mut inquiries = Vec::new();
            for (number, holder) in &told.inquiries {
                let known: Option<Kept<OpenInquiry>> = card::get(self, INQUIRY, number.as_str()).await?;
                let open = known.map(|kept| kept.body).unwrap_or_else(|| OpenInquiry {
                    number: number.clone(),
                    kind: InquiryKind::Event,
                    purpose: told.purpose.clone(),
                    use_code: told.use_code.clone(),
                    case: event.to_owned(),
                    reason: told.reason.clone(),
                    on_behalf_of: [agency.clone()].into(),
                    task_force: None,
                    for_them: None,
                    approver: None,
                    holder: holder.clone(),
                    agency: agency.clone(),
                    unit: told.unit.clone(),
                    taken_from: None,
                    opened_at: told.at,
                    until: told.at + SHIFT,
                    closed_at: None,
                });
                self.write(&open).await?;
                inquiries.push(open);
            }
            inquiries.retain(|open| open.closed_at.is_none());
            return Ok(Ok(OpenedEvent { event: event.to_owned(), new: is_new, inquiries }));
        }
        Err(Error::Busy(EVENT))
    }

    /// Why this inquiry cannot be opened by this asker.
    fn may_open<Q>(&self, facts: &Request<Q>) -> Option<Denial> {
        let register = self.register();
        let refused = refused_before_rules(&register, facts);
        refused.or_else(|| match may(&register, &*self.rules(), Deed::Inquire, facts) {
            Decision::Permit(_) => None,
            Decision::Deny(denial) => Some(denial),
        })
    }

    async fn keep(&self, mut entry: Entry<'_>, open: &OpenInquiry, how: &str) -> Result<(), Refusal> {
        entry.must_be_logged().await?;
        if let Err(error) = self.write(open).await {
            return Err(entry.failed(&error).await);
        }
        entry.also(What::Inquiry, format!("{} {how}", open.number));
        entry.done().await.map(|_| ())
    }

    /// Writes an inquiry that is not written yet.
    async fn write(&self, open: &OpenInquiry) -> Result<(), Error> {
        let owner = open.holder.as_ref().map(AccountId::as_str);
        card::put(self, INQUIRY, open.number.as_str(), 0, owner, Some(open.until), open).await.map(|_| ())
    }

    /// Writes an inquiry that has ended: it is in nobody's list any more. Says whether it was still as it had been read.
    async fn end(&self, revision: u64, closed: &OpenInquiry) -> Result<bool, Error> {
        card::put(self, INQUIRY, closed.number.as_str(), revision, None, None, closed).await
    }
}

/// Whether an account is a person's, and in use.
fn is_person(account: &Account) -> bool {
    !account.roles.contains(&Role::Service) && !account.disabled
}

/// An agency's events are numbered by itself.
fn event_key(agency: &AgencyId, event: &str) -> String {
    format!("{agency}/{}", event.to_lowercase())
}

/// A number for an event that has none.
fn minted(at: Timestamp) -> String {
    let fresh = InquiryId::fresh().to_string();
    format!("S-{}-{}", at.strftime("%Y%m%d"), fresh.get(..6).unwrap_or(&fresh).to_uppercase())
}
