//! Entries of the register on their way in, and what an order or a suspension does when it is taken.
//!
//! In:    entries that the rules permit, the register as it is.
//! Out:   the entries as they will stand there; orders in force.
//! Never: lets an entry say itself who entered it, or when.

use std::collections::BTreeSet;
use std::sync::Arc;

use clear_policy::{BadEntry, BadOrder, Deed, Denial, Entry, Order, Over, Register, Scope, Suspension};
use clear_record::{AccountId, AgencyId, Request};
use jiff::{SignedDuration, Timestamp};

use crate::accept::{AcceptedOrder, BadFiling, Filing};
use crate::desk::{Desk, chain};
use crate::gate::Whom;

/// What a steward may not enter although stewards may enter such entries: another owner's agreements, vendors and keys are
/// its own to make.
pub(crate) fn not_ones_own(register: &Register, request: &Request<Filing>, entries: &[Entry]) -> Option<Denial> {
    let home = request.standing.agency.as_ref();
    let keeper =
        |holder: &AccountId| register.keys().into_iter().find(|key| key.holder == *holder).map(|key| &key.agency);
    let foreign = entries.iter().find(|entry| match entry {
        Entry::Agreement(agreement) => home != Some(&agreement.owner),
        Entry::Vendor(vendor) => home != Some(&vendor.owner),
        Entry::Key(key) => home != Some(&key.agency),
        // A key that nobody has is refused by its own words later.
        Entry::KeyEnd(end) => keeper(&end.holder).is_some_and(|agency| home != Some(agency)),
        _ => false,
    });
    foreign.map(|entry| Denial::NotPermitted(Deed::Govern(entry.name())))
}

/// The entries as they will stand in the register, and the register with them: all or none.
///
/// # Errors
/// The first entry that is not taken, by its number.
pub(crate) fn enter(
    desk: &Desk,
    register: &Register,
    request: &Request<Filing>,
    entries: &[Entry],
) -> Result<(Vec<Entry>, Register), BadFiling> {
    if entries.is_empty() {
        return Err(BadFiling::Empty);
    }
    let (mut after, mut taken) = (register.clone(), Vec::new());
    for (at, entry) in entries.iter().enumerate() {
        let bad = |source| BadFiling::Entry { number: at + 1, source };
        if let Entry::Edge(_) = entry {
            // As it was said first, so that an end that would have freed an agency is refused and not put right.
            after.clone().apply(entry).map_err(bad)?;
        }
        let entry = said_by(desk, request, entry).map_err(bad)?;
        after.apply(&entry).map_err(bad)?;
        in_time(&after, &entry, desk.clock()).map_err(|late| bad(BadEntry::Order(late)))?;
        taken.push(entry);
    }
    Ok((taken, after))
}

/// What persons sign is dated by their own clocks, which may be a little ahead.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

/// Holds what was just signed and taken against this server's clock, which the register does not know: an order from the
/// future would make every later one older than the newest, and a notice period is one of this clock's days.
fn in_time(register: &Register, entry: &Entry, now: Timestamp) -> Result<(), BadOrder> {
    let not_ahead = |dated: Timestamp| match dated.duration_since(now) > CLOCKS_APART {
        true => Err(BadOrder::Ahead { dated, now }),
        false => Ok(()),
    };
    match entry {
        Entry::CutOff { .. } => register.orders().last().map_or(Ok(()), |order| not_ahead(order.draft.issued_at)),
        Entry::Suspension { note } => Suspension::dated(note).map_or(Ok(()), not_ahead),
        Entry::Ending { .. } => {
            let Some(ending) = register.endings().last() else { return Ok(()) };
            let power = register.founding().and_then(|founding| founding.ends_cut_offs.as_ref());
            let days = power.map_or(0, |power| power.notice_days);
            let noticed = now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX);
            match noticed.duration_since(ending.holds_from) > CLOCKS_APART {
                true => Err(BadOrder::Notice { days, from: ending.holds_from }),
                false => not_ahead(ending.issued_at),
            }
        }
        _ => Ok(()),
    }
}

/// The entry with the asker's own account and the desk's clock, where it matters who enters it and when.
fn said_by(desk: &Desk, request: &Request<Filing>, entry: &Entry) -> Result<Entry, BadEntry> {
    let (by, now) = (request.standing.account.clone(), desk.clock());
    let mut entry = entry.clone();
    match &mut entry {
        Entry::Agency(agency) => return Err(BadEntry::Announce(agency.id.clone())),
        Entry::Announcement(said) => (said.by, said.at) = (by, Some(now)),
        Entry::Admission(said) => (said.by, said.at) = (by, Some(now)),
        Entry::Attestation(said) => (said.account, said.at) = (by, Some(now)),
        // What was refused while it lasted stays refused in every replay.
        Entry::SuspensionEnd(end) => end.at = end.at.max(now),
        Entry::Affiliation(hat) => hat.until = hat.until.map(|until| until.max(now)),
        Entry::Member(member) => member.until = member.until.map(|until| until.max(now)),
        // An end dated back would free an agency of an order that is dated before today, and change what replays say.
        Entry::Edge(edge) => edge.ended_at = edge.ended_at.map(|end| end.max(now)),
        _ => {}
    }
    Ok(entry)
}

/// Puts in force what the register took since `before`: closes the gate for the closures of orders, and ends the
/// connections of what is suspended. Their sessions and tokens are for [`end_credentials`].
pub(crate) fn take_effect(desk: &Desk, before: &Register) -> Vec<AcceptedOrder> {
    let register = desk.register();
    if register.version() == before.version() {
        return Vec::new();
    }
    let orders = close(desk, before, &register);
    for order in &orders {
        // From this entry on nothing of an answer goes to the closure: certificates count from here.
        let (order, at) = (Some(order.number.clone()), order.holds_since);
        let holds = clear_audit::Event {
            what: clear_audit::What::Register,
            at,
            address: Some("local".to_owned()),
            register: Some(register.version()),
            order,
            ..clear_audit::Event::default()
        };
        drop(desk.log().append(&holds, None));
    }
    orders
}

fn close(desk: &Desk, before: &Register, register: &Register) -> Vec<AcceptedOrder> {
    let mut orders = Vec::new();
    for (at, order) in register.orders().iter().enumerate() {
        let Some(closure) = register.closure_of(&order.draft.number) else { continue };
        let is_new = at >= before.orders().len();
        // An older order's closure may have grown: by an agency that was announced, or an edge.
        let now = desk.clock();
        if register.ending_of(&order.draft.number).is_some_and(|ending| ending.holds_from <= now) {
            continue;
        }
        let (accounts, task_forces) = register.carrying(closure, now);
        let carried = before.carrying(closure, now) != (accounts.clone(), task_forces.clone());
        if !is_new && !carried && before.closure_of(&order.draft.number) == Some(closure) {
            continue;
        }
        let mut connections = close_for(desk, order, closure);
        // Their connections may have been bound before they had the hat, or the member.
        let none = (accounts.is_empty(), task_forces.is_empty());
        for (whom, none) in [(Whom::Accounts(&accounts), none.0), (Whom::Agencies(&task_forces), none.1)] {
            connections += if none { 0 } else { desk.gate().interrupt(&order.draft.number, whom) };
        }
        let holds_since = desk.clock();
        if is_new {
            let closure = closure.iter().cloned().collect();
            orders.push(AcceptedOrder { number: order.draft.number.clone(), closure, holds_since, connections });
        }
    }
    for suspension in new_suspensions(before, register) {
        let number = &suspension.number;
        match &suspension.over {
            Over::Account(account) => desk.gate().interrupt(number, Whom::Account(account)),
            Over::Device(device) => desk.gate().interrupt(number, Whom::Device(device)),
            Over::Agency(agency) => {
                let under = register.closure(agency, clear_policy::Covers::Under, suspension.from);
                desk.gate().interrupt(number, Whom::Agencies(&under))
            }
        };
    }
    orders
}

/// Closes the gate for an order. An owner's order leaves the other owners' answers open: what runs is interrupted, and
/// asked again it is decided without that owner's records.
pub(crate) fn close_for(desk: &Desk, order: &Order, closure: &BTreeSet<AgencyId>) -> usize {
    match order.draft.scope {
        Scope::Installation => desk.gate().close(&order.draft.number, closure),
        Scope::Owner(_) => desk.gate().interrupt(&order.draft.number, Whom::Agencies(closure)),
    }
}

/// Ends what the closures of the installation's orders have signed in, where a closure is new or has grown since `before`.
/// Nobody waits for it: the register denies them from its change on, and the gate is closed.
pub(crate) async fn end_credentials(desk: &Desk, before: &Register) {
    let register = desk.register();
    if register.version() == before.version() {
        return;
    }
    // After an ending holds, who signs in anew is somebody new: only orders without one end credentials.
    let whole = |order: &&Arc<Order>| {
        order.draft.scope == Scope::Installation && register.ending_of(&order.draft.number).is_none()
    };
    let hats = before.affiliations().len() != register.affiliations().len();
    for order in register.orders().iter().filter(whole) {
        let number = &order.draft.number;
        if !hats && before.closure_of(number) == register.closure_of(number) {
            continue;
        }
        if let Err(error) = desk.end_credentials(number).await {
            // The register denies them whatever their sessions say; the next start ends them again.
            tracing::error!("order {number} holds, but its sessions are not ended: {}", chain(&error));
        }
    }
}

fn new_suspensions<'a>(before: &'a Register, after: &'a Register) -> impl Iterator<Item = &'a Suspension> {
    after.suspensions().filter(|suspension| !before.suspensions().any(|known| known.number == suspension.number))
}

/// Opens the gate again for orders that the founding quorum has ended, once their ending holds.
pub(crate) fn reopen_ended(desk: &Desk, register: &Arc<Register>) {
    let now = desk.clock();
    for ending in register.endings().iter().filter(|ending| ending.holds_from <= now) {
        desk.gate().reopen(&ending.order);
    }
}
