//! The decision.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use clear_record::{AgencyId, HoldId, Inquiry, Label, Reach, Relation, Request, Standing};
use jiff::Timestamp;

use crate::analytic::DeIdentified;
use crate::reasons::{self, Flag};
use crate::sights::{Case, Facts, Sight, Sights};
use crate::{Deed, Order, Parts, Register, RuleFault, Rules, Slice, Suspension};

/// Decides a question about records.
///
/// Pure: the same arguments decide the same, years later. `labels` are the labels in use, by id; `sights` only
/// remembers what the rules said before.
pub fn decide<Q>(
    register: &Register,
    rules: &dyn Rules,
    labels: &[Label],
    sights: &Sights,
    request: &Request<Q>,
) -> Decision {
    let facts = Facts {
        register: register.version(),
        interval: register.interval(request.asked_at),
        rules: rules.digest(),
        labels: labels.len(),
        standing: &request.standing,
        inquiry: &request.inquiry,
    };
    if let Some(grant) = sights.granted(&facts) {
        return Decision::Permit(Grant { at: request.asked_at, ..grant });
    }
    let decision = decide_anew(register, rules, labels, sights, request);
    if let Decision::Permit(grant) = &decision {
        sights.keep_granted(&facts, grant);
    }
    decision
}

/// INVARIANT (a decision is a function of what is remembered with it): of the request it reads the standing, the inquiry
/// and the moment, and of the moment no more than between which two dates of the register it lies.
fn decide_anew<Q>(
    register: &Register,
    rules: &dyn Rules,
    labels: &[Label],
    sights: &Sights,
    request: &Request<Q>,
) -> Decision {
    let path = register.path(&request.standing, &request.inquiry, request.asked_at);
    if let Some(denial) = barred(register, &request.standing, &path, request.asked_at) {
        return Decision::Deny(denial);
    }
    if let Some(denial) = wanting(register, request) {
        return Decision::Deny(denial);
    }
    let closed = register.owners_closed_to(&path, request.asked_at);
    let slice = slice(register, request, &path);
    let judged_by = rules.digest().to_owned();
    let narrowed = request.inquiry.analytic.then(|| DeIdentified::of(rules));
    let rules = narrowed.as_ref().map_or(rules, |narrowed| narrowed as &dyn Rules);
    let case = Case { register, rules, labels, closed: &closed, at: request.asked_at };
    let sight = match sights.sight(&case, &slice) {
        Ok(sight) => sight,
        Err(fault) => return Decision::Deny(Denial::Fault(fault)),
    };
    // Where no label is in use there is nothing to open to anybody, which is no refusal.
    if sight.is_nothing() && !(labels.is_empty() && closed.is_empty()) {
        // An asker to whom an owner's order leaves nothing gets the order, never an empty result.
        return Decision::Deny(match closed.into_values().next() {
            Some(order) => Denial::Ordered(order),
            None => Denial::NothingOpen,
        });
    }
    // A release is one second person's word for one question; who gives `released` has checked it.
    if request.inquiry.released.is_none()
        && let Some(basis) = reasons::held(register, request)
    {
        return Decision::Deny(Denial::Held(Held { basis, contact: reasons::desk_of_owners(register), hold: None }));
    }
    Decision::Permit(Grant::of(
        request.asked_at,
        Granted {
            sight,
            path,
            standing: request.standing.clone(),
            recipients: recipients(request),
            register: register.version(),
            rules: judged_by,
            stops: register.stops(),
            orders: closed.into_values().collect(),
            flags: reasons::flags(register, request),
        },
    ))
}

/// What an inquiry fails to say before any record is asked for: for opening one. Decided as a question would be, but for
/// the rules.
pub fn refused_before_rules<Q>(register: &Register, request: &Request<Q>) -> Option<Denial> {
    let path = register.path(&request.standing, &request.inquiry, request.asked_at);
    barred(register, &request.standing, &path, request.asked_at).or_else(|| wanting(register, request))
}

/// Decides a deed: a filing, an entry in the register.
pub fn may<Q>(register: &Register, rules: &dyn Rules, deed: Deed, request: &Request<Q>) -> Decision {
    let path = register.path(&request.standing, &request.inquiry, request.asked_at);
    if let Some(denial) = barred(register, &request.standing, &path, request.asked_at) {
        return Decision::Deny(denial);
    }
    let slice = slice(register, request, &path);
    match rules.permits(&slice, deed) {
        Err(fault) => Decision::Deny(Denial::Fault(fault)),
        Ok(false) => Decision::Deny(Denial::NotPermitted(deed)),
        Ok(true) => Decision::Permit(Grant::of(
            request.asked_at,
            Granted {
                sight: Sight::nothing(),
                path,
                standing: request.standing.clone(),
                recipients: recipients(request),
                register: register.version(),
                rules: rules.digest().to_owned(),
                stops: register.stops(),
                orders: Vec::new(),
                flags: Vec::new(),
            },
        )),
    }
}

/// Whom an answer is for.
fn recipients<Q>(request: &Request<Q>) -> BTreeSet<AgencyId> {
    let beneficiaries = request.inquiry.on_behalf_of.iter().flatten();
    request.standing.agency.iter().chain(beneficiaries).chain(&request.inquiry.recipients).cloned().collect()
}

/// What bars an asker whatever it asks.
fn barred(register: &Register, standing: &Standing, path: &BTreeSet<AgencyId>, at: Timestamp) -> Option<Denial> {
    if register.founding().is_none() {
        return Some(Denial::Fault(RuleFault("the register is empty".into())));
    }
    // Orders are subtracted before any rule is read, so that no rule, present or future, can add one back.
    if let Some(order) = register.closed_to(path, at) {
        return Some(Denial::Ordered(order));
    }
    if let Some(suspension) = register.suspended(standing, path, at) {
        return Some(Denial::Suspended(suspension.clone()));
    }
    // An agency that is only announced is as good as unknown: the second person has not vouched for it.
    if let Some(agency) = path.iter().find(|agency| !register.is_admitted(agency)) {
        return Some(Denial::UnknownAgency(agency.clone()));
    }
    if let Some(vendor) = register.unengaged(path, at) {
        return Some(Denial::Unengaged(vendor));
    }
    if standing.account.is_none() {
        return Some(Denial::SignIn);
    }
    // Its holder gets the order that ended it; a credential that says no more than that it has ended opens nothing.
    if let Some(number) = &standing.ended_by {
        let order = register.orders().iter().find(|order| order.draft.number == *number);
        return Some(order.map_or(Denial::SignIn, |order| Denial::Ordered(order.clone())));
    }
    None
}

/// What the asker and the inquiry fail to say, or say that nobody may (GR06, GR07, GR10).
fn wanting<Q>(register: &Register, request: &Request<Q>) -> Option<Denial> {
    let attest = request.standing.account.as_ref().is_some_and(|it| register.unattested(it, request.asked_at));
    if attest {
        return Some(Denial::Attest);
    }
    incomplete(register, &request.inquiry)
        .or_else(|| no_member(register, request))
        .or_else(|| reasons::stated_by_answer(register, request))
        .or_else(|| reasons::asked_back(register, request))
}

fn incomplete(register: &Register, inquiry: &Inquiry) -> Option<Denial> {
    let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    // Somebody whose life is in danger has no case number yet, and the sentence that says so is the reason (GR17).
    let danger = said(&inquiry.emergency);
    let parts = [
        ("purpose", inquiry.purpose.as_ref().is_some_and(|purpose| !purpose.as_str().is_empty())),
        ("use_code", inquiry.use_code.as_ref().is_some_and(|code| !code.as_str().is_empty())),
        ("case", danger || said(&inquiry.case)),
        ("reason", danger || said(&inquiry.reason)),
        ("on_behalf_of", inquiry.on_behalf_of.as_ref().is_some_and(|agencies| !agencies.is_empty())),
        ("emergency", danger || inquiry.emergency.is_none()),
    ];
    let missing: Vec<&'static str> = parts.into_iter().filter(|(_, there)| !there).map(|(part, _)| part).collect();
    if !missing.is_empty() {
        return Some(Denial::Missing(missing));
    }
    let (Some(purpose), Some(use_code)) = (&inquiry.purpose, &inquiry.use_code) else {
        return Some(Denial::Missing(vec!["purpose", "use_code"]));
    };
    let Some(declared) = register.purpose(purpose) else {
        return Some(Denial::Unknown { part: "purpose", said: purpose.to_string() });
    };
    if let Some(basis) = &declared.denied {
        return Some(Denial::PurposeDenied { purpose: declared.title.clone(), basis: basis.clone() });
    }
    if !register.knows_use_code(use_code) {
        return Some(Denial::Unknown { part: "use_code", said: use_code.to_string() });
    }
    None
}

/// A task force lends its name to its current members alone.
fn no_member<Q>(register: &Register, request: &Request<Q>) -> Option<Denial> {
    let named = request.inquiry.task_force.as_ref()?;
    let Some(task_force) = register.task_force(named, request.asked_at) else {
        return Some(Denial::Unknown { part: "task_force", said: named.to_string() });
    };
    let mine = |agency: &AgencyId| request.standing.agency.as_ref() == Some(agency);
    let member =
        mine(&task_force.lead) || register.members_of(named, request.asked_at).any(|member| mine(&member.agency));
    (!member).then(|| Denial::NotAMember(named.clone()))
}

fn slice<Q>(register: &Register, request: &Request<Q>, path: &BTreeSet<AgencyId>) -> Slice {
    let Request { standing, inquiry, asked_at, .. } = request;
    let denied = inquiry
        .purpose
        .as_ref()
        .and_then(|code| register.purpose(code))
        .is_some_and(|purpose| purpose.denied.is_some());
    let Parts { affiliations, task_force, beneficiaries, relays, recipients } =
        register.parts(standing, inquiry, *asked_at);
    Slice {
        agency: standing.agency.clone(),
        agency_kind: standing.agency.as_ref().and_then(|id| register.agency(id)).map(|agency| agency.kind.word()),
        roles: standing.roles.clone(),
        path: path.clone(),
        affiliations,
        task_force,
        beneficiaries,
        relays,
        recipients,
        closed: path
            .iter()
            .filter(|agency| register.orders_over(agency, *asked_at).next().is_some())
            .cloned()
            .collect(),
        purpose: inquiry.purpose.clone(),
        purpose_denied: denied,
        use_code: inquiry.use_code.clone(),
        emergency: inquiry.emergency.is_some(),
        ..Slice::default()
    }
}

/// What was decided.
#[derive(Debug)]
pub enum Decision {
    /// The question may be run, within the grant.
    Permit(Grant),
    /// It may not.
    Deny(Denial),
}

/// Why a question was refused. An agency's own standing is no secret, so the words are plain.
#[derive(Debug, Clone, PartialEq)]
pub enum Denial {
    /// A cut-off order covers an agency of the path.
    Ordered(Arc<Order>),
    /// A suspension is in force.
    Suspended(Suspension),
    /// The question names an agency that the register does not know.
    UnknownAgency(AgencyId),
    /// A vendor on the path whom no owner has engaged at the moment (GR13).
    Unengaged(AgencyId),
    /// Nobody has signed in.
    SignIn,
    /// Parts of the inquiry are missing, by name.
    Missing(Vec<&'static str>),
    /// A part of the inquiry says something that the register does not declare.
    Unknown {
        /// Which part.
        part: &'static str,
        /// What it said.
        said: String,
    },
    /// The purpose is denied to every agency.
    PurposeDenied {
        /// The purpose in words.
        purpose: String,
        /// On which legal basis.
        basis: String,
    },
    /// The reason has words that also stand for somebody else: the asker is asked whether it is for them (S2).
    AskBack {
        /// The question, to be answered yes or no.
        question: String,
        /// The numbers of the terms.
        terms: Vec<String>,
    },
    /// Nothing leaves until a second person has released it.
    Held(Held),
    /// A second person has refused to release it.
    HoldRefused(HoldId),
    /// The release was used: it was for one question, once.
    HoldUsed(HoldId),
    /// The inquiry that the question names is not there, not the asker's, or at its end: the same words for all of them.
    NoInquiry,
    /// A standing analytic inquiry: counts and de-identified rows only.
    AnalyticOnly,
    /// The asker's affiliations are not attested for this year.
    Attest,
    /// The asker's agency is no member of the task force that it names, or not any more.
    NotAMember(AgencyId),
    /// Whoever asked cannot be the second person.
    SecondPerson,
    /// No agreement or rule opens anything for this question.
    NothingOpen,
    /// The rules do not permit the deed.
    NotPermitted(Deed),
    /// The rules could not be evaluated: closed.
    Fault(RuleFault),
}

impl Denial {
    /// A short word for logs, metrics and the API's `code`.
    pub fn code(&self) -> &'static str {
        match self {
            Denial::Ordered(_) => "cut_off",
            Denial::Suspended(_) => "suspended",
            Denial::UnknownAgency(_) => "unknown_agency",
            Denial::Unengaged(_) => "unengaged",
            Denial::SignIn => "sign_in",
            Denial::Missing(_) => "inquiry_incomplete",
            Denial::Unknown { .. } => "inquiry_unknown",
            Denial::PurposeDenied { .. } => "purpose_denied",
            Denial::AskBack { .. } => "ask_back",
            Denial::Held(_) => "held",
            Denial::HoldRefused(_) => "hold_refused",
            Denial::HoldUsed(_) => "hold_used",
            Denial::NoInquiry => "no_inquiry",
            Denial::AnalyticOnly => "analytic_only",
            Denial::Attest => "attest",
            Denial::NotAMember(_) => "not_a_member",
            Denial::SecondPerson => "second_person",
            Denial::NothingOpen => "nothing_open",
            Denial::NotPermitted(_) => "not_permitted",
            Denial::Fault(_) => "closed",
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::Ordered(order) => write!(
                f,
                "Access ended by order {} of {}. {} Contact: {}",
                order.draft.number,
                order.draft.issued_at.strftime("%Y-%m-%d"),
                order.draft.text,
                order.draft.contact
            ),
            Denial::Suspended(suspension) => {
                write!(f, "Access is suspended until {} (suspension {}).", suspension.until, suspension.number)
            }
            Denial::UnknownAgency(agency) => write!(f, "The register does not know the agency `{agency}`."),
            Denial::Unengaged(vendor) => {
                write!(f, "No engagement of the vendor `{vendor}` is in force, so its accounts open nothing.")
            }
            Denial::SignIn => f.write_str("Sign in first: this needs an account."),
            Denial::Missing(parts) => write!(f, "The inquiry does not say: {}.", parts.join(", ")),
            Denial::Unknown { part, said } => {
                write!(
                    f,
                    "The register does not declare the {part} `{said}`; the public register page lists those that it does."
                )
            }
            Denial::PurposeDenied { purpose, basis } => {
                write!(f, "The purpose “{purpose}” is denied to every agency ({basis}).")
            }
            Denial::AskBack { question, .. } => f.write_str(question),
            Denial::Held(held) => {
                write!(f, "Nothing is answered until a second person has released it, because {}.", held.basis)?;
                if let Some(hold) = &held.hold {
                    write!(f, " Hold {}, to be decided by {}.", hold.number, hold.due)?;
                }
                write!(f, " Telephone: {}", held.contact)
            }
            Denial::HoldRefused(number) => write!(f, "A second person has refused to release it (hold {number})."),
            Denial::HoldUsed(number) => write!(f, "The release of hold {number} was used; it was for one question, once."),
            Denial::NoInquiry => f.write_str(
                "There is no open inquiry of that number that is yours. Open one, take one over, or state the parts.",
            ),
            Denial::AnalyticOnly => f.write_str(
                "This is a standing analytic inquiry: it counts and lists de-identified rows. Names need a case.",
            ),
            Denial::Attest => f.write_str(
                "Your affiliations are not attested for this year. Attest at /steward/entries#attestation that every agency you belong to is declared, and ask again.",
            ),
            Denial::NotAMember(task_force) => {
                write!(f, "Your agency is no current member of the task force `{task_force}`.")
            }
            Denial::SecondPerson => f.write_str("A second person decides this, not the one who asked."),
            Denial::NothingOpen => {
                f.write_str("No agreement in force opens any record for this agency, purpose and use code.")
            }
            Denial::NotPermitted(deed) => write!(f, "This account may not {deed}."),
            Denial::Fault(_) => f.write_str("The rules cannot be evaluated at the moment, so nothing is open."),
        }
    }
}

/// A question that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Why it waits, as the end of a sentence.
    pub basis: String,
    /// Whom to telephone.
    pub contact: String,
    /// The hold, once it is written down.
    pub hold: Option<Hold>,
}

/// A hold: its number and its clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub number: HoldId,
    /// Until when somebody should have decided.
    pub due: Timestamp,
}

/// A permit: what may be read, for whom, under which register. Only this crate makes one.
#[derive(Debug, Clone)]
pub struct Grant {
    granted: Arc<Granted>,
    at: Timestamp,
}

/// What a grant is made of beside its moment. Shared, because the same question gets the same again.
#[derive(Debug)]
struct Granted {
    sight: Sight,
    path: BTreeSet<AgencyId>,
    standing: Standing,
    recipients: BTreeSet<AgencyId>,
    register: u64,
    rules: String,
    stops: u64,
    orders: Vec<Arc<Order>>,
    flags: Vec<Flag>,
}

impl Grant {
    /// The grant of everybody: nobody in particular asks, for nobody, and no order or suspension meets it.
    pub(crate) fn of_everybody(register: &Register, rules: &dyn Rules, at: Timestamp, sight: Sight) -> Grant {
        Grant::of(
            at,
            Granted {
                sight,
                path: BTreeSet::new(),
                standing: Standing::resident(),
                recipients: BTreeSet::new(),
                register: register.version(),
                rules: rules.digest().to_owned(),
                stops: register.stops(),
                orders: Vec::new(),
                flags: Vec::new(),
            },
        )
    }

    fn of(at: Timestamp, granted: Granted) -> Grant {
        Grant { granted: Arc::new(granted), at }
    }

    /// What may be read of records in that relation to the asker.
    pub fn reach(&self, relation: Relation) -> &Reach {
        self.granted.sight.of(relation)
    }

    /// Every agency of the question.
    pub fn path(&self) -> &BTreeSet<AgencyId> {
        &self.granted.path
    }

    /// Who asks, for relations to single records.
    pub fn standing(&self) -> &Standing {
        &self.granted.standing
    }

    /// When it was asked.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whom the answer is for, and nobody else (GR09): the own agency, and those that the question named as beneficiaries
    /// or recipients.
    pub fn recipients(&self) -> &BTreeSet<AgencyId> {
        &self.granted.recipients
    }

    /// The register's version that was decided under.
    pub fn register(&self) -> u64 {
        self.granted.register
    }

    /// The digest of the rules that were decided under. Where others are in force now, the grant is for nothing any more.
    pub fn rules(&self) -> &str {
        &self.granted.rules
    }

    /// Orders that close a part of the installation to this path; the asker is told.
    pub fn orders(&self) -> &[Arc<Order>] {
        &self.granted.orders
    }

    /// What a reviewer should look at afterwards.
    pub fn flags(&self) -> &[Flag] {
        &self.granted.flags
    }

    /// Whether the grant still holds under a newer register (GR04): it dies if an order or a suspension now meets it.
    pub fn holds(&self, register: &Register, now: Timestamp) -> bool {
        self.ended_by(register, now).is_none()
    }

    /// What ended the grant since it was given.
    pub fn ended_by(&self, register: &Register, now: Timestamp) -> Option<Denial> {
        // A suspension may be dated ahead: then its entry was no stop yet, and its beginning is.
        let begun = |suspension: &Suspension| self.at < suspension.from && suspension.from <= now;
        if self.granted.stops == register.stops() && !register.suspensions().any(begun) {
            return None;
        }
        let order = register.closed_to(&self.granted.path, now).or_else(|| {
            let owners = register.owners_closed_to(&self.granted.path, now);
            owners.into_values().find(|order| !self.granted.orders.contains(order))
        });
        let suspension =
            || register.suspended(&self.granted.standing, &self.granted.path, now).cloned().map(Denial::Suspended);
        order.map(Denial::Ordered).or_else(suspension)
    }
}
