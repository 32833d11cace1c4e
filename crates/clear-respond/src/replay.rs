//! Decides the log's questions once more, under a register or rules that are not in force, and says what would change.
//!
//! In:    the *asked* events of the log, the register and rules in force, a [`Change`].
//! Out:   a [`Replay`]: refused, users, joint cases, and the others, each compared.
//! Never: runs a question, reads a record, puts anything in force.
//!
//! # How
//! Decisions are pure, and the *asked* event holds everything that one is a function of, so each question is decided
//! twice with the same labels: as the register and the rules are, and as they would be. Nothing is assumed of anybody:
//! an asker outside the closure counts as unchanged when both decisions are equal, label by label and class by class.
//!
//! # Change here
//! A further part of a question: `entry.rs` writes it, [`request`] reads it, a test compares the two.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use clear_audit::{Event, Opened, Receipt, What};
use clear_identity::Proven;
use clear_policy::{BadOrder, Decision, Deed, Grant, OrderDraft, Register, Rules, Sights, decide, may};
use clear_query::{Counts, Find, Lapsing, Open, Question, Rows};
use clear_record::{AccountId, AgencyId, Inquiry, Label, Origin, Relation, Request, Standing};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::desk::Desk;
use crate::entry::{Entry, Refusal};

/// What a question of the log is called; filings and deeds are not decided again.
const QUESTIONS: &[&str] = &[Find::NAME, Open::NAME, Counts::NAME, Lapsing::NAME, Rows::NAME];
/// How many changed questions are named; all are counted.
const NAMED: usize = 100;

/// What is looked at before it is in force.
#[derive(Clone, Default)]
pub struct Change {
    /// A drafted order; its signatures are not needed.
    pub order: Option<OrderDraft>,
    /// Other rules.
    pub rules: Option<Arc<dyn Rules>>,
}

/// What would have become of the questions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// The number of the drafted order, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The agencies that it would cover.
    #[schema(value_type = Vec<String>)]
    pub closure: BTreeSet<AgencyId>,
    /// The digest of the rules in force.
    pub rules: String,
    /// The digest of the changed rules, where they are changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_rules: Option<String>,
    /// The register's version that the questions were decided under.
    pub register: u64,
    /// The questions are those asked at or after this moment.
    pub since: String,
    /// How many days that are.
    pub days: u16,
    /// How many questions were decided twice.
    pub questions: u64,
    /// How many of them are answered as things are, and would be refused.
    pub refused: u64,
    /// How many accounts asked those.
    pub users: u64,
    /// How many questions of the closure are refused as things are, and stay so.
    pub refused_already: u64,
    /// How many questions of the closure would still be answered, but with less: an owner's order closes that owner's
    /// records alone.
    pub narrowed: u64,
    /// Cases in which both the closure and others asked.
    pub joint_cases: u64,
    /// How many questions of everybody else are decided the same, label by label and class by class.
    pub others_unchanged: u64,
    /// How many questions of everybody else are not.
    pub others_changed: u64,
    /// The first hundred of them.
    pub changed: Vec<ChangedQuestion>,
    /// Questions that an older version logged without all that a decision needs; they are not decided again.
    pub not_replayable: u64,
    /// Open connections of the closure, which the order would end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u64>,
}

/// A question of somebody outside the closure that would be decided otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangedQuestion {
    /// The request's number.
    pub request: String,
    /// Its asked event's place in the log.
    pub entry: u64,
    /// The asker's agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// What is decided as things are.
    pub before: String,
    /// What would be.
    pub after: String,
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = match (&self.order, &self.changed_rules) {
            (Some(order), None) => format!("Under order {order}"),
            (Some(order), Some(_)) => format!("Under order {order} and the changed rules"),
            (None, _) => "Under the changed rules".to_owned(),
        };
        writeln!(
            f,
            "{change}, the last {} days' {}: {} refused ({}), {}, {}.",
            self.days,
            count(self.questions, "question"),
            self.refused,
            count(self.users, "user"),
            count(self.joint_cases, "joint case"),
            match self.others_changed {
                0 => format!("all others unchanged ({})", self.others_unchanged),
                changed => format!("{changed} of the others CHANGED, {} unchanged", self.others_unchanged),
            }
        )?;
        if self.refused_already > 0 {
            writeln!(f, "  refused already and still: {}", self.refused_already)?;
        }
        if self.narrowed > 0 {
            writeln!(f, "  still answered, with less: {}", self.narrowed)?;
        }
        if self.not_replayable > 0 {
            writeln!(f, "  logged by an older version without what a decision needs: {}", self.not_replayable)?;
        }
        for changed in &self.changed {
            let agency = changed.agency.as_deref().unwrap_or("-");
            writeln!(f, "  entry {} of {agency}: {} becomes {}", changed.entry, changed.before, changed.after)?;
        }
        if let Some(connections) = self.connections {
            writeln!(f, "  ends: {} of the closure", count(connections, "open connection"))?;
        }
        Ok(())
    }
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// How far a replay is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Entries of the log that were read.
    pub read: u64,
    /// Entries that there are to read.
    pub of: u64,
}

/// What a steward looks at before an order is signed.
#[derive(Clone)]
pub struct Preview {
    /// What would change.
    pub change: Change,
    /// How many days back.
    pub days: u16,
}

/// A replay, and that it is in the log.
#[derive(Debug)]
pub struct Previewed {
    /// What would change.
    pub replay: Replay,
    /// That it is in the log.
    pub receipt: Receipt,
}

/// Why there is no replay.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum ReplayError {
    #[error("the draft cannot be looked at: {0}")]
    Order(#[from] BadOrder),
    #[error("there is nothing to look at: give a drafted order, or changed rules")]
    Nothing,
    #[error("cannot read the log")]
    Log(#[from] clear_audit::Error),
    #[error("cannot write the log")]
    LogDown(#[from] clear_audit::LogDown),
    #[error("the replay was interrupted")]
    Unfinished,
}

/// Replays for an asker who may enter orders. It leaves its own entry in the log.
///
/// # Errors
/// A [`Refusal`], in the log before it is returned.
pub async fn preview(desk: &Arc<Desk>, request: Proven<Request<Preview>>) -> Result<Previewed, Refusal> {
    let Preview { change, days } = request.question.clone();
    let entry = Entry::asked(desk, &request, "replay", &(change.order.as_ref().map(|order| &order.number), days));
    let now = desk.now();
    if let Decision::Deny(denial) = may(&now.register, &*desk.rules(), Deed::Govern("cut_off"), &request) {
        return Err(entry.refuse(denial).await);
    }
    // One at a time: it reads a good part of the log, and nobody should be able to ask for ten at once.
    let (turn, reader) = (desk.reading.clone().lock_owned().await, desk.clone());
    let replay = move || {
        let _turn = turn;
        reader.replay(&change, days, |_| ())
    };
    match tokio::task::spawn_blocking(replay).await {
        Ok(Ok(replay)) => {
            let receipt = entry.told(replay.questions).await?;
            Ok(Previewed { replay, receipt })
        }
        Ok(Err(error @ (ReplayError::Order(_) | ReplayError::Nothing))) => Err(entry.wrong(error.to_string()).await),
        Ok(Err(error)) => Err(entry.failed(&error).await),
        Err(error) => Err(entry.failed(&error).await),
    }
}

impl Desk {
    /// Decides the questions of the last days again. Blocks; memory grows with distinct accounts and cases alone.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn replay(&self, change: &Change, days: u16, progress: impl FnMut(Progress)) -> Result<Replay, ReplayError> {
        if change.order.is_none() && change.rules.is_none() {
            return Err(ReplayError::Nothing);
        }
        let now = self.now();
        let changed = match &change.order {
            Some(draft) => now.register.under(draft)?,
            None => Register::clone(&now.register),
        };
        let closure = change.order.as_ref().and_then(|draft| changed.closure_of(&draft.number)).cloned();
        let closure = closure.unwrap_or_default();
        let since = self.clock().checked_sub(SignedDuration::from_hours(24 * i64::from(days)));
        let since = since.unwrap_or(Timestamp::MIN);
        let log = self.public_log();
        let (from, to) = (log.before(since)?, log.synced_size());
        let in_force = self.rules();
        let before = World::new(&now.register, &*in_force, &now.labels);
        let rules = change.rules.as_deref().unwrap_or(&*in_force);
        let after = World::new(&changed, rules, &now.labels);
        let mut replay = compare(log.openings(from..to)?, since, to - from, &before, &after, &closure, progress)?;
        replay.order = change.order.as_ref().map(|draft| draft.number.clone());
        replay.changed_rules = change.rules.as_ref().map(|rules| rules.digest().to_owned());
        replay.connections = change.order.as_ref().map(|_| self.gate().meeting(&closure) as u64);
        replay.closure = closure;
        replay.days = days;
        Ok(replay)
    }

    /// The same from the operator's machine, for an installation that is not served; it leaves an entry in the log.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub async fn replay_locally(
        self: &Arc<Self>,
        change: Change,
        days: u16,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Replay, ReplayError> {
        let number = change.order.as_ref().map_or_else(|| "changed rules".into(), |draft| draft.number.clone());
        let why = Some(format!("{number}, {days} days"));
        self.note(What::Replayed, None, "local", why).await?;
        let desk = self.clone();
        let replayed = tokio::task::spawn_blocking(move || desk.replay(&change, days, progress)).await;
        replayed.unwrap_or(Err(ReplayError::Unfinished))
    }
}

/// A register, rules and labels, and what they decided before.
struct World<'a> {
    register: &'a Register,
    rules: &'a dyn Rules,
    labels: &'a [Label],
    sights: Sights,
}

impl<'a> World<'a> {
    fn new(register: &'a Register, rules: &'a dyn Rules, labels: &'a [Label]) -> World<'a> {
        World { register, rules, labels, sights: Sights::new() }
    }

    fn decide(&self, request: &Request<()>) -> Decision {
        decide(self.register, self.rules, self.labels, &self.sights, request)
    }
}

fn compare(
    openings: impl Iterator<Item = Result<(u64, Opened), clear_audit::Error>>,
    since: Timestamp,
    of: u64,
    before: &World<'_>,
    after: &World<'_>,
    closure: &BTreeSet<AgencyId>,
    mut progress: impl FnMut(Progress),
) -> Result<Replay, clear_audit::Error> {
    let mut replay = Replay {
        register: before.register.version(),
        rules: before.rules.digest().to_owned(),
        since: since.to_string(),
        ..Replay::default()
    };
    let mut users: HashSet<AccountId> = HashSet::new();
    // Who asked in a case: the closure, others, or both.
    let mut cases: HashMap<Box<str>, (bool, bool)> = HashMap::new();
    for (read, opened) in (0..).zip(openings) {
        if read % 4096 == 0 {
            progress(Progress { read, of });
        }
        let (place, opened) = opened?;
        let Opened::Event(event) = opened else { continue };
        if event.what != What::Asked || event.at < since || !is_question(&event) {
            continue;
        }
        let Some(request) = request(&event) else {
            replay.not_replayable += 1;
            continue;
        };
        replay.questions += 1;
        let (now, then) = (before.decide(&request), after.decide(&request));
        let path = after.register.path(&request.standing, &request.inquiry, request.asked_at);
        let covered = !path.is_disjoint(closure);
        if let Some(case) = request.inquiry.case.as_deref().map(str::trim).filter(|case| !case.is_empty()) {
            let who = cases.entry(case.into()).or_default();
            if covered { who.0 = true } else { who.1 = true }
        }
        let refused = matches!((&now, &then), (Decision::Permit(_), Decision::Deny(_)));
        if refused {
            replay.refused += 1;
            users.extend(request.standing.account.clone());
        }
        let same = same(&now, &then);
        match (covered, same) {
            (true, _) if refused => {}
            (true, _) if matches!(then, Decision::Deny(_)) => replay.refused_already += 1,
            (true, _) => replay.narrowed += u64::from(!same),
            (false, true) => replay.others_unchanged += 1,
            (false, false) => {
                replay.others_changed += 1;
                if replay.changed.len() < NAMED {
                    replay.changed.push(ChangedQuestion {
                        request: request.id.to_string(),
                        entry: place,
                        agency: event.agency.as_ref().map(ToString::to_string),
                        before: words(&now, &then),
                        after: words(&then, &now),
                    });
                }
            }
        }
    }
    replay.users = users.len() as u64;
    replay.joint_cases = cases.values().filter(|(covered, others)| *covered && *others).count() as u64;
    progress(Progress { read: of, of });
    Ok(replay)
}

/// Whether two decisions are the same: both refuse in the same words, or both open the same, to every relation.
fn same(one: &Decision, other: &Decision) -> bool {
    let opens = |one: &Grant, other: &Grant| {
        Relation::ALL.iter().all(|relation| one.reach(*relation) == other.reach(*relation))
            && one.orders() == other.orders()
    };
    match (one, other) {
        (Decision::Permit(one), Decision::Permit(other)) => opens(one, other),
        (Decision::Deny(one), Decision::Deny(other)) => one == other,
        _ => false,
    }
}

fn words(decision: &Decision, other: &Decision) -> String {
    match (decision, other) {
        (Decision::Deny(denial), _) => format!("refused ({})", denial.code()),
        (Decision::Permit(_), Decision::Permit(_)) => "answered, with another reach".to_owned(),
        (Decision::Permit(_), Decision::Deny(_)) => "answered".to_owned(),
    }
}

fn is_question(event: &Event) -> bool {
    let name = event.question.as_deref().and_then(|question| question.split(' ').next());
    name.is_some_and(|name| QUESTIONS.contains(&name))
}

/// The request that an *asked* event is about; `None` where an older version logged less than a decision needs.
pub(crate) fn request(event: &Event) -> Option<Request<()>> {
    // Roles and version came into the log together.
    event.register?;
    let (standing, inquiry) = said(event);
    Some(Request {
        id: event.request.clone()?,
        asked_at: event.at,
        standing,
        inquiry,
        origin: Origin { address: event.address.clone().unwrap_or_default(), session: event.session.clone() },
        see: None,
        question: (),
    })
}

/// Who asked, and under which inquiry, as far as the event says it.
pub(crate) fn said(event: &Event) -> (Standing, Inquiry) {
    let standing = Standing {
        account: event.account.clone(),
        agency: event.agency.clone(),
        roles: event.roles.clone(),
        device: event.device.clone(),
        ended_by: event.ended_by.clone(),
    };
    let inquiry = Inquiry {
        purpose: event.purpose.clone(),
        use_code: event.use_code.clone(),
        case: event.case.clone(),
        reason: event.reason.clone(),
        on_behalf_of: event.on_behalf_of.clone(),
        number: event.inquiry.clone(),
        task_force: event.task_force.clone(),
        relays: event.relays.clone(),
        recipients: event.recipients.clone(),
        for_them: event.for_them,
        emergency: event.emergency.clone(),
        released: event.released.clone(),
        analytic: event.analytic,
        requestor: event.requestor.clone(),
    };
    (standing, inquiry)
}

/// Decides what an *asked* event asked, under the register, rules and labels of then, years later.
///
/// `None` where an older version logged less than a decision needs.
pub fn decided_again(event: &Event, register: &Register, rules: &dyn Rules, labels: &[Label]) -> Option<Decision> {
    Some(decide(register, rules, labels, &Sights::new(), &request(event)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asked_event_holds_every_part_of_a_question() {
        let agencies = |name: &str| -> BTreeSet<AgencyId> { [name.parse().expect("an id")].into() };
        // No `..default()` here: a new part does not compile until it is logged and read back.
        let request = Request {
            id: clear_record::RequestId::fresh(),
            asked_at: Timestamp::UNIX_EPOCH,
            standing: Standing {
                account: Some("officer-1".parse().expect("an id")),
                agency: Some("pmpd".parse().expect("an id")),
                roles: [clear_record::Role::Officer].into(),
                device: Some(clear_record::DeviceId::fresh()),
                ended_by: Some("2026-1".into()),
            },
            inquiry: Inquiry {
                purpose: Some("criminal_investigation".into()),
                use_code: Some("C".into()),
                case: Some("JB1".into()),
                reason: Some("stop".into()),
                on_behalf_of: Some(agencies("a")),
                number: Some(clear_record::InquiryId::fresh()),
                task_force: Some("b".parse().expect("an id")),
                relays: agencies("c"),
                recipients: agencies("d"),
                for_them: Some(false),
                emergency: Some("shots fired".into()),
                released: Some(clear_record::HoldId::fresh()),
                analytic: true,
                requestor: Some("unit 12".into()),
            },
            origin: Origin { address: "10.0.0.1".into(), session: Some("s".into()) },
            see: None,
            question: (),
        };
        let event = Event { register: Some(1), ..crate::entry::event(&request, "find", &()) };
        let json = serde_json::to_string(&event).expect("json");
        let read: Event = serde_json::from_str(&json).expect("an event");
        assert_eq!(super::request(&read), Some(request));
        // An entry of an older version reads, and says that it cannot be decided again.
        let older: Event = serde_json::from_str(r#"{"at":"2026-01-01T00:00:00Z","what":"asked","request":"00000000000000000000000000","account":"officer-1","question":"find {}"}"#)
            .unwrap_or_default();
        assert!(super::request(&older).is_none());
    }
}
