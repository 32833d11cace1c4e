//! The decision.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use clear_record::{
    AgencyId, FieldClass, Inquiry, Label, LabelId, LabelSet, PerClass, Reach, Relation, Request, Standing,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{Deed, Order, Register, RuleFault, Rules, Slice, Suspension, Verdict};

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
    let path = register.path(&request.standing, &request.inquiry, request.asked_at);
    if let Some(denial) = barred(register, &request.standing, &path, request.asked_at) {
        return Decision::Deny(denial);
    }
    if let Some(denial) = wanting(register, &request.inquiry) {
        return Decision::Deny(denial);
    }
    let closed = register.owners_closed_to(&path);
    let slice = slice(register, &request.standing, &request.inquiry, &path);
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
    Decision::Permit(Grant {
        reach: sight,
        path,
        register: register.version(),
        cut: register.cut(),
        orders: closed.into_values().collect(),
    })
}

/// Decides a deed: a filing, an entry in the register.
pub fn may<Q>(register: &Register, rules: &dyn Rules, deed: Deed, request: &Request<Q>) -> Decision {
    let path = register.path(&request.standing, &request.inquiry, request.asked_at);
    if let Some(denial) = barred(register, &request.standing, &path, request.asked_at) {
        return Decision::Deny(denial);
    }
    let slice = slice(register, &request.standing, &request.inquiry, &path);
    match rules.permits(&slice, deed) {
        Err(fault) => Decision::Deny(Denial::Fault(fault)),
        Ok(false) => Decision::Deny(Denial::NotPermitted(deed)),
        Ok(true) => Decision::Permit(Grant {
            reach: Arc::new(Reach::nothing()),
            path,
            register: register.version(),
            cut: register.cut(),
            orders: Vec::new(),
        }),
    }
}

/// What bars an asker whatever it asks.
fn barred(register: &Register, standing: &Standing, path: &BTreeSet<AgencyId>, at: Timestamp) -> Option<Denial> {
    if register.founding().is_none() {
        return Some(Denial::Fault(RuleFault("the register is empty".into())));
    }
    // Orders are subtracted before any rule is read, so that no rule, present or future, can add one back.
    if let Some(order) = register.closed_to(path) {
        return Some(Denial::Ordered(order));
    }
    if let Some(suspension) = register.suspended(standing.account.as_ref(), path, at) {
        return Some(Denial::Suspended(suspension.clone()));
    }
    let unknown = path.iter().find(|agency| register.agency(agency).is_none());
    if let Some(agency) = unknown {
        return Some(Denial::UnknownAgency(agency.clone()));
    }
    if standing.account.is_none() {
        return Some(Denial::SignIn);
    }
    None
}

/// What the inquiry fails to say, or says that nobody may (GR06, GR07).
fn wanting(register: &Register, inquiry: &Inquiry) -> Option<Denial> {
    let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let parts = [
        ("purpose", inquiry.purpose.as_ref().is_some_and(|purpose| !purpose.as_str().is_empty())),
        ("use_code", inquiry.use_code.as_ref().is_some_and(|code| !code.as_str().is_empty())),
        ("case", said(&inquiry.case)),
        ("reason", said(&inquiry.reason)),
        ("on_behalf_of", inquiry.on_behalf_of.as_ref().is_some_and(|agencies| !agencies.is_empty())),
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

fn slice(register: &Register, standing: &Standing, inquiry: &Inquiry, path: &BTreeSet<AgencyId>) -> Slice {
    let denied = inquiry
        .purpose
        .as_ref()
        .and_then(|code| register.purpose(code))
        .is_some_and(|purpose| purpose.denied.is_some());
    Slice {
        agency: standing.agency.clone(),
        agency_kind: standing.agency.as_ref().and_then(|id| register.agency(id)).map(|agency| agency.kind.word()),
        roles: standing.roles.clone(),
        path: path.clone(),
        closed: path.iter().filter(|agency| register.orders_over(agency).next().is_some()).cloned().collect(),
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
            Denial::SignIn => "sign_in",
            Denial::Missing(_) => "inquiry_incomplete",
            Denial::Unknown { .. } => "inquiry_unknown",
            Denial::PurposeDenied { .. } => "purpose_denied",
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
            Denial::NothingOpen => {
                f.write_str("No agreement in force opens any record for this agency, purpose and use code.")
            }
            Denial::NotPermitted(deed) => write!(f, "This account may not {deed}."),
            Denial::Fault(_) => f.write_str("The rules cannot be evaluated at the moment, so nothing is open."),
        }
    }
}

/// A permit: what may be read, for whom, under which register. Only this crate makes one.
#[derive(Debug, Clone)]
pub struct Grant {
    reach: Arc<Reach>,
    path: BTreeSet<AgencyId>,
    register: u64,
    cut: u64,
    orders: Vec<Arc<Order>>,
}

impl Grant {
    /// What may be read of records in that relation to the asker.
    pub fn reach(&self, relation: Relation) -> &Reach {
        let _ = relation;
        &self.reach
    }

    /// Every agency of the question.
    pub fn path(&self) -> &BTreeSet<AgencyId> {
        &self.path
    }

    /// The register's version that was decided under.
    pub fn register(&self) -> u64 {
        self.register
    }

    /// The number of cut-off orders that were decided under.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Orders that close a part of the installation to this path; the asker is told.
    pub fn orders(&self) -> &[Arc<Order>] {
        &self.orders
    }

    /// Whether the grant still holds under a newer register (GR04): it dies if an order now meets its path.
    pub fn holds(&self, register: &Register) -> bool {
        self.cut == register.cut()
            || (register.closed_to(&self.path).is_none()
                && register.owners_closed_to(&self.path).len() == self.orders.len())
    }
}

struct Case<'a> {
    register: &'a Register,
    rules: &'a dyn Rules,
    labels: &'a [Label],
    closed: &'a BTreeMap<AgencyId, Arc<Order>>,
    at: Timestamp,
}

/// What the rules said before, by the digest of everything that they were given.
#[derive(Default)]
pub struct Sights(Mutex<HashMap<[u8; 32], Sight>>);

#[derive(Clone)]
struct Sight {
    reach: Arc<Reach>,
    verdicts: Arc<Vec<Verdict>>,
}

/// Sights that are kept at once; past it the memory starts anew, which costs time and changes nothing.
const SIGHTS_KEPT: usize = 4096;

impl Sights {
    /// An empty memory.
    pub fn new() -> Sights {
        Sights::default()
    }

    fn sight(&self, case: &Case<'_>, slice: &Slice) -> Result<Arc<Reach>, RuleFault> {
        let key = key(case, slice)?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        // Labels are only ever added, so that a shorter list of verdicts is the beginning of the longer one.
        let mut verdicts = match known {
            Some(sight) if sight.verdicts.len() == case.labels.len() => return Ok(sight.reach),
            Some(sight) if sight.verdicts.len() < case.labels.len() => sight.verdicts.as_ref().clone(),
            _ => Vec::new(),
        };
        for label in case.labels.get(verdicts.len()..).unwrap_or_default() {
            verdicts.push(judge(case, slice, label)?);
        }
        let reach = Arc::new(reach(&verdicts));
        let sight = Sight { reach: reach.clone(), verdicts: Arc::new(verdicts) };
        let mut sights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sights.len() >= SIGHTS_KEPT {
            sights.clear();
        }
        sights.insert(key, sight);
        Ok(reach)
    }
}

fn judge(case: &Case<'_>, slice: &Slice, label: &Label) -> Result<Verdict, RuleFault> {
    if label.owners.iter().any(|owner| case.closed.contains_key(owner)) {
        return Ok(Verdict::default());
    }
    let (Some(purpose), Some(use_code)) = (&slice.purpose, &slice.use_code) else {
        return Ok(Verdict::default());
    };
    let agreed = case.register.agreed(&slice.path, &label.owners, label.kind, purpose, use_code, case.at);
    let closed = case.register.closed_among(&slice.path, &label.owners);
    case.rules.judge(&Slice { agreed, closed, ..slice.clone() }, label)
}

fn reach(verdicts: &[Verdict]) -> Reach {
    let labels = |open: &dyn Fn(&Verdict) -> bool| -> LabelSet {
        (0u32..).map(LabelId).zip(verdicts).filter(|(_, verdict)| open(verdict)).map(|(label, _)| label).collect()
    };
    Reach {
        pointer: labels(&|verdict| verdict.pointer),
        class: PerClass::from_fn(|class: FieldClass| labels(&|verdict| verdict.classes.contains(&class))),
    }
}

/// The digest of everything that verdicts depend on: rules, register, the interval that the moment lies in, the slice.
fn key(case: &Case<'_>, slice: &Slice) -> Result<[u8; 32], RuleFault> {
    let slice = serde_json::to_vec(slice).map_err(|error| RuleFault(error.to_string()))?;
    let mut hash = Sha256::new();
    for part in [
        case.rules.digest().as_bytes(),
        &case.register.version().to_be_bytes(),
        &case.register.interval(case.at).to_be_bytes(),
        &slice,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    Ok(hash.finalize().into())
}
