//! The road in: filings and entries of the register.

use std::collections::HashMap;
use std::sync::Arc;

use clear_audit::{Event, Receipt, What};
use clear_identity::Proven;
use clear_policy::{BadEntry, Decision, Deed, Denial, Entry as RegisterEntry, Register, may};
use clear_record::{AgencyId, Draft, Kind, Label, Method, RecordId, Request, Seq, Version};
use clear_store::{Batch, OutboxBody};
use jiff::Timestamp;

use crate::desk::{Desk, PublishError};
use crate::entry::{Entry, Refusal};

/// What is brought in.
#[derive(Debug, Clone)]
pub enum Filing {
    /// Records: new ones, corrections, rows of an imported file.
    Records(Vec<Draft>),
    /// Entries of the register, all or none.
    Register(Vec<RegisterEntry>),
}

/// A filing that does not fit, in words for the filer.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum BadFiling {
    #[error("there is nothing in the filing")]
    Empty,
    #[error("entry {number}: {source}")]
    Entry { number: usize, source: BadEntry },
    #[error("there is no record {0} that you may correct")]
    NoSuchRecord(RecordId),
    #[error("the filing's records are contributed by `{0}`, which is not your agency")]
    OtherAgency(AgencyId),
}

/// What was taken, durable and in the log.
#[derive(Debug)]
pub struct Accepted {
    /// The records that were filed: new versions only.
    pub filed: Vec<RecordId>,
    /// Rows that the ledger had already, word for word.
    pub unchanged: usize,
    /// The last version's place; a question that names it sees the filing.
    pub seq: Seq,
    /// The register's version afterwards.
    pub register: u64,
    /// Orders that the filing put in force.
    pub orders: Vec<AcceptedOrder>,
    /// That it is in the log.
    pub receipt: Receipt,
}

/// An order in force.
#[derive(Debug, Clone)]
pub struct AcceptedOrder {
    /// Its number.
    pub number: String,
    /// The agencies that it covers.
    pub closure: Vec<AgencyId>,
    /// When the gate held.
    pub holds_since: Timestamp,
    /// How many connections were reset.
    pub connections: usize,
}

/// Takes in one filing. Whatever comes into OpenCLEAR comes in through here.
///
/// It runs to its end even when the filer goes away: an order that was committed must also close the gate.
///
/// # Errors
/// A [`Refusal`]; nothing was changed then, unless it is [`Refusal::LogDown`]: what was committed before the log failed
/// is invisible until the next start, which logs it first.
pub async fn accept(desk: &Arc<Desk>, request: Proven<Request<Filing>>) -> Result<Accepted, Refusal> {
    let desk = desk.clone();
    match tokio::spawn(async move { take(&desk, &request).await }).await {
        Ok(result) => result,
        Err(_) => Err(Refusal::Failed),
    }
}

async fn take(desk: &Desk, request: &Request<Filing>) -> Result<Accepted, Refusal> {
    let entry = Entry::asked(desk, request, "file", &summary(&request.question));
    if let Some(denial) = denied(desk, request) {
        return Err(entry.refuse(denial).await);
    }
    let fence = desk.writer.lock().await;
    // Decided again with the pen in hand: the register may have moved while we waited, and it cannot move now.
    if let Some(denial) = denied(desk, request) {
        return Err(entry.refuse(denial).await);
    }
    let register = desk.register();
    let prepared = match &request.question {
        Filing::Records(drafts) => match prepare(desk, request, drafts).await {
            Ok(Ok((drafts, unchanged))) => {
                Prepared { drafts, unchanged, entries: vec![], register: Register::clone(&register) }
            }
            Ok(Err(bad)) => return Err(entry.wrong(bad.to_string()).await),
            Err(error) => return Err(entry.failed(&error).await),
        },
        Filing::Register(entries) => match enter(&register, entries) {
            Ok(after) => Prepared { drafts: vec![], unchanged: 0, entries: entries.clone(), register: after },
            Err(bad) => return Err(entry.wrong(bad.to_string()).await),
        },
    };
    let ids: Vec<RecordId> = prepared.drafts.iter().map(|draft| draft.id).collect();
    let filed = Event {
        what: What::Filed,
        records: ids.clone(),
        count: Some((ids.len() + prepared.entries.len()) as u64),
        register: Some(register.version()),
        ..entry.event(What::Filed)
    };
    let (mut bodies, mut outbox) = (Vec::new(), Vec::new());
    for entry in &prepared.entries {
        let body = serde_json::to_vec(entry).unwrap_or_default();
        outbox.push(OutboxBody { clear: true, body: body.clone() });
        bodies.push(body);
    }
    outbox.push(OutboxBody { clear: false, body: serde_json::to_vec(&filed).unwrap_or_default() });
    let batch = Batch {
        recorded_at: desk.clock(),
        drafts: prepared.drafts,
        register: bodies,
        expects_register: register.version(),
        outbox,
    };
    let cut_before = register.cut();
    let published = match desk.publish(&fence, batch, prepared.register).await {
        Ok(published) => published,
        Err(PublishError::Store(error)) => return Err(entry.failed(&error).await),
        Err(PublishError::Log(down)) => return Err(desk.log_down(&down)),
    };
    entry.ended_by_outbox();
    let orders = close(desk, cut_before);
    let receipt = published.receipt.ok_or(Refusal::Failed)?;
    Ok(Accepted {
        filed: ids,
        unchanged: prepared.unchanged,
        seq: desk.visible(),
        register: published.committed.register,
        orders,
        receipt,
    })
}

struct Prepared {
    drafts: Vec<Draft>,
    unchanged: usize,
    entries: Vec<RegisterEntry>,
    register: Register,
}

/// Closes the gate for every order that is new since `before`. Sessions and tokens of the closure go on saying who
/// presents them, so that each gets the order's text for as long as it asks; they open nothing.
fn close(desk: &Desk, before: u64) -> Vec<AcceptedOrder> {
    let register = desk.register();
    let mut orders = Vec::new();
    for order in register.orders().iter().skip(usize::try_from(before).unwrap_or(usize::MAX)) {
        let Some(closure) = register.closure_of(&order.draft.number) else { continue };
        let connections = match order.draft.scope {
            clear_policy::Scope::Installation => desk.gate().close(closure),
            // An owner's order leaves the other owners' answers open; grants of the closure die by `Grant::holds`.
            clear_policy::Scope::Owner(_) => 0,
        };
        let holds_since = desk.clock();
        let closure = closure.iter().cloned().collect();
        orders.push(AcceptedOrder { number: order.draft.number.clone(), closure, holds_since, connections });
    }
    orders
}

fn denied(desk: &Desk, request: &Request<Filing>) -> Option<Denial> {
    let register = desk.register();
    let mut deeds: Vec<Deed> = match &request.question {
        Filing::Records(drafts) => drafts.iter().map(|draft| Deed::File(draft.record.kind())).collect(),
        Filing::Register(entries) => entries.iter().map(|entry| Deed::Govern(entry.name())).collect(),
    };
    // An owner's agreements are its own to make; another owner's steward has no say in them.
    if let Filing::Register(entries) = &request.question {
        let foreign = entries.iter().find(|entry| match entry {
            RegisterEntry::Agreement(agreement) => request.standing.agency.as_ref() != Some(&agreement.owner),
            _ => false,
        });
        if let Some(entry) = foreign {
            return Some(Denial::NotPermitted(Deed::Govern(entry.name())));
        }
    }
    deeds.sort_by_key(ToString::to_string);
    deeds.dedup();
    if deeds.is_empty() {
        // An empty filing is judged as the smallest one, so that strangers learn nothing else.
        deeds.push(match &request.question {
            Filing::Records(_) => Deed::File(Kind::Incident),
            Filing::Register(_) => Deed::Govern("edge"),
        });
    }
    deeds.into_iter().find_map(|deed| match may(&register, desk.rules(), deed, request) {
        Decision::Permit(_) => None,
        Decision::Deny(denial) => Some(denial),
    })
}

fn enter(register: &Register, entries: &[RegisterEntry]) -> Result<Register, BadFiling> {
    if entries.is_empty() {
        return Err(BadFiling::Empty);
    }
    let mut after = register.clone();
    for (at, entry) in entries.iter().enumerate() {
        after.apply(entry).map_err(|source| BadFiling::Entry { number: at + 1, source })?;
    }
    Ok(after)
}

/// Checks and completes a filing of records: labels are tightened to their wholes, rows that are known word for word
/// fall out, and parts of a whole that became stricter get a stricter version of their own.
async fn prepare(
    desk: &Desk,
    request: &Request<Filing>,
    drafts: &[Draft],
) -> Result<Result<(Vec<Draft>, usize), BadFiling>, clear_query::Error> {
    if drafts.is_empty() {
        return Ok(Err(BadFiling::Empty));
    }
    let Some(agency) = &request.standing.agency else {
        return Ok(Err(BadFiling::Empty));
    };
    let foreign = |draft: &&Draft| draft.provenance.agency != *agency || !draft.label.owners.contains(agency);
    if let Some(draft) = drafts.iter().find(foreign) {
        return Ok(Err(BadFiling::OtherAgency(draft.provenance.agency.clone())));
    }
    desk.shelves().catch_up(desk.visible()).await?;
    let labels = desk.labels();
    let label_of = |id: RecordId| -> Option<&Label> { labels.get(desk.shelves().label_of(id)?.0 as usize) };
    let known: Vec<RecordId> = drafts.iter().map(|draft| draft.id).filter(|id| label_of(*id).is_some()).collect();
    let current: HashMap<RecordId, Version> = desk
        .shelves()
        .current(&known, desk.visible())
        .await?
        .into_iter()
        .map(|version| (version.id, version))
        .collect();
    let (mut taken, mut unchanged) = (Vec::with_capacity(drafts.len()), 0);
    // Within one filing a part may come before its whole, and a record twice.
    let mut in_filing: HashMap<RecordId, Label> = drafts.iter().map(|draft| (draft.id, draft.label.clone())).collect();
    // A file that gives a row twice means the last one; loading it again must come to the same.
    let last: HashMap<RecordId, usize> = drafts.iter().enumerate().map(|(at, draft)| (draft.id, at)).collect();
    for (at, draft) in drafts.iter().enumerate() {
        if draft.provenance.method == Method::Imported && last.get(&draft.id) != Some(&at) {
            unchanged += 1;
            continue;
        }
        let mut draft = draft.clone();
        if let Some(label) = label_of(draft.id) {
            if !label.owners.contains(agency) {
                // The same words as for a record that is not there.
                return Ok(Err(BadFiling::NoSuchRecord(draft.id)));
            }
            // A filing never loosens a label; that is a deed of its own.
            draft.label = draft.label.within(label);
            let same = current.get(&draft.id).is_some_and(|version| version.record.as_ref() == Some(&draft.record));
            if same && draft.provenance.method == Method::Imported {
                unchanged += 1;
                continue;
            }
        }
        // A whole that is not there, and one that the filer may not see, are treated alike: no word about either.
        if let Some(whole) = draft.record.whole() {
            if let Some(label) = in_filing.get(&whole) {
                draft.label = draft.label.within(label);
            }
            if let Some(label) = label_of(whole) {
                draft.label = draft.label.within(label);
            }
        }
        in_filing.insert(draft.id, draft.label.clone());
        taken.push(draft);
    }
    let tightened = tighten_parts(desk, &taken, &in_filing).await?;
    taken.extend(tightened);
    Ok(Ok((taken, unchanged)))
}

/// INVARIANT (a part is at least as strict as its whole): new versions of filed parts whose whole became stricter.
async fn tighten_parts(
    desk: &Desk,
    taken: &[Draft],
    in_filing: &HashMap<RecordId, Label>,
) -> Result<Vec<Draft>, clear_query::Error> {
    let labels = desk.labels();
    let mut tightened: Vec<Draft> = Vec::new();
    for whole in taken {
        let looser: Vec<RecordId> = desk
            .shelves()
            .parts_of(whole.id)
            .into_iter()
            .filter(|part| !in_filing.contains_key(part))
            .filter(|part| {
                let label = desk.shelves().label_of(*part).and_then(|label| labels.get(label.0 as usize));
                label.is_some_and(|label| !label.is_within(&whole.label))
            })
            .collect();
        for version in desk.shelves().current(&looser, desk.visible()).await? {
            let (Some(record), Some(label)) = (version.record, labels.get(version.label.0 as usize)) else { continue };
            tightened.push(Draft {
                id: version.id,
                record,
                label: label.clone().within(&whole.label),
                valid_from: version.valid_from,
                provenance: version.provenance,
            });
        }
    }
    Ok(tightened)
}

/// What stands in the log as the question of a filing: what and how many, not the contents.
fn summary(filing: &Filing) -> Vec<String> {
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    match filing {
        Filing::Records(drafts) => {
            drafts.iter().for_each(|draft| *counts.entry(draft.record.kind().to_string()).or_default() += 1)
        }
        Filing::Register(entries) => {
            entries.iter().for_each(|entry| *counts.entry(entry.name().to_owned()).or_default() += 1)
        }
    }
    counts.into_iter().map(|(name, count)| format!("{count} {name}")).collect()
}
