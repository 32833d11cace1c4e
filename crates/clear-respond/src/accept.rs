//! The road in: filings and entries of the register.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use clear_audit::{Event, Receipt, What};
use clear_identity::Proven;
use clear_policy::{BadEntry, Decision, Deed, Denial, Entry as RegisterEntry, Register, may};
use clear_record::{AgencyId, BadRecord, Draft, Kind, Label, Method, Record, RecordId, Request, Seq, Version};
use clear_store::{Batch, OutboxBody};
use jiff::Timestamp;

use crate::desk::{Desk, PublishError};
use crate::entry::{Entry, Refusal};
use crate::restrict::{self, Restrict};
use crate::{caveats, govern, tighten};

/// What is brought in.
#[derive(Debug, Clone)]
pub enum Filing {
    /// Records: new ones, corrections, rows of an imported file. An imported row is its record whole.
    Records(Vec<Draft>),
    /// The next version of one record: what the draft does not name stays as it is.
    Correction {
        /// The version.
        draft: Box<Draft>,
        /// Fields that are taken out.
        emptied: BTreeSet<String>,
    },
    /// How one record is handled from now on (GR15).
    Restrict(Restrict),
    /// Every such decision whose date has come is ended; only the dates say which.
    EndRestrictions,
    /// Entries of the register, all or none.
    Register(Vec<RegisterEntry>),
}

impl Filing {
    fn drafts(&self) -> &[Draft] {
        match self {
            Filing::Records(drafts) => drafts,
            Filing::Correction { draft, .. } => std::slice::from_ref(draft),
            Filing::Restrict(_) | Filing::EndRestrictions | Filing::Register(_) => &[],
        }
    }

    /// A draft of this filing with what it does not name taken from the record's version of now: nobody takes out by a
    /// correction what they were not shown. An imported row stays as it is; its source is the whole of it.
    fn completed(&self, draft: &Draft, now: &Record) -> Result<Record, BadRecord> {
        if draft.provenance.method == Method::Imported {
            return Ok(draft.record.clone());
        }
        let mut fields = now.to_json();
        if let Filing::Correction { emptied, .. } = self {
            fields.retain(|field, _| !emptied.contains(field));
        }
        fields.extend(draft.record.to_json());
        Record::from_bytes(now.kind(), serde_json::Value::Object(fields).to_string().as_bytes())
    }
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
    #[error("{0}")]
    Restriction(String),
    #[error("a restriction is set on the record itself, at its `handling`")]
    RestrictionFiled,
    #[error("an assignment names its filer neither as assigned nor as supervisor: somebody else files it")]
    OwnAssignment,
    #[error("the record does not hold together with what it keeps: {0}")]
    Incomplete(String),
    #[error("the register does not know the agency `{0}`")]
    UnknownAgency(AgencyId),
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
/// It runs to its end even when the filer goes away: an order that was committed must also close the gate. The filer has
/// the answer when the gate holds; the sessions and tokens of the closure, which open nothing any more, end behind it.
///
/// # Errors
/// A [`Refusal`]; nothing was changed then, unless it is [`Refusal::LogDown`]: what was committed before the log failed
/// is invisible until the next start, which logs it first.
pub async fn accept(desk: &Arc<Desk>, request: Proven<Request<Filing>>) -> Result<Accepted, Refusal> {
    let desk = desk.clone();
    let (say, said) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let before = match take(&desk, &request).await {
            Ok((accepted, before)) => {
                let _ = say.send(Ok(accepted));
                before
            }
            Err(refusal) => return drop(say.send(Err(refusal))),
        };
        govern::end_credentials(&desk, &before).await;
    });
    said.await.unwrap_or(Err(Refusal::Failed))
}

/// Takes the filing; with what was taken, the register as it was before.
async fn take(desk: &Desk, request: &Request<Filing>) -> Result<(Accepted, Arc<Register>), Refusal> {
    let mut entry = Entry::asked(desk, request, "file", &summary(&request.question));
    entry.must_be_logged().await?;
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
        Filing::Records(_) | Filing::Correction { .. } => match prepare(desk, request).await {
            Ok(Ok((drafts, unchanged))) => {
                Prepared { drafts, unchanged, entries: vec![], register: Register::clone(&register) }
            }
            Ok(Err(bad)) => return Err(entry.wrong(bad.to_string()).await),
            Err(error) => return Err(entry.failed(&error).await),
        },
        Filing::Restrict(asked) => match restrict::prepare(desk, request, asked).await {
            Ok(Ok(drafts)) => Prepared { drafts, unchanged: 0, entries: vec![], register: Register::clone(&register) },
            Ok(Err(bad)) => return Err(entry.wrong(bad.to_string()).await),
            Err(error) => return Err(entry.failed(&error).await),
        },
        Filing::EndRestrictions => match restrict::prepare_ended(desk).await {
            Ok(drafts) => Prepared { drafts, unchanged: 0, entries: vec![], register: Register::clone(&register) },
            Err(error) => return Err(entry.failed(&error).await),
        },
        Filing::Register(entries) => match govern::enter(desk, &register, request, entries) {
            Ok((entries, after)) => Prepared { drafts: vec![], unchanged: 0, entries, register: after },
            Err(bad) => return Err(entry.wrong(bad.to_string()).await),
        },
    };
    let ids: Vec<RecordId> = prepared.drafts.iter().map(|draft| draft.id).collect();
    let tightened = tighten::tightened(desk, &prepared.drafts);
    // A correction is an event that is told apart (GR21): what was there before the filing is corrected by it.
    let there = |draft: &&Draft| desk.shelves().label_of(draft.id).is_some();
    let corrected = request.question.drafts().iter().filter(there).count();
    let filed = Event {
        what: What::Filed,
        why: (corrected > 0).then(|| format!("corrects {corrected} of {} records", ids.len())),
        records: ids.clone(),
        count: Some((ids.len() + prepared.entries.len()) as u64),
        register: Some(register.version()),
        ..entry.event(What::Filed)
    };
    let (mut bodies, mut outbox) = (Vec::new(), Vec::new());
    for entry in &prepared.entries {
        let body = serde_json::to_vec(entry).unwrap_or_default();
        outbox.push(OutboxBody { clear: entry.is_public(), body: body.clone() });
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
    let published = match desk.publish(&fence, batch, prepared.register).await {
        Ok(published) => published,
        Err(PublishError::Store(error)) => return Err(entry.failed(&error).await),
        Err(PublishError::Log(down)) => return Err(desk.log_down(&down)),
        Err(PublishError::Register(error)) => return Err(entry.failed(&error).await),
    };
    entry.ended_by_outbox();
    tighten::hold(
        desk,
        Seq(published.committed.seqs.end.saturating_sub(1)),
        tightened,
        request.standing.account.as_ref(),
    )
    .await;
    let orders = govern::take_effect(desk, &register);
    let accepted = Accepted {
        filed: ids,
        unchanged: prepared.unchanged,
        seq: desk.visible(),
        register: published.committed.register,
        orders,
        receipt: published.receipt.ok_or(Refusal::Failed)?,
    };
    Ok((accepted, register))
}

struct Prepared {
    drafts: Vec<Draft>,
    unchanged: usize,
    entries: Vec<RegisterEntry>,
    register: Register,
}

fn denied(desk: &Desk, request: &Request<Filing>) -> Option<Denial> {
    let register = desk.register();
    let mut deeds: Vec<Deed> = match &request.question {
        Filing::Records(_) | Filing::Correction { .. } => {
            request.question.drafts().iter().map(|draft| Deed::File(draft.record.kind())).collect()
        }
        Filing::Restrict(_) => vec![Deed::Handle],
        Filing::EndRestrictions => vec![Deed::File(Kind::Restriction)],
        Filing::Register(entries) => entries.iter().map(|entry| Deed::Govern(entry.name())).collect(),
    };
    if let Filing::Register(entries) = &request.question
        && let Some(denial) = govern::not_ones_own(&register, request, entries)
    {
        return Some(denial);
    }
    deeds.sort_by_key(ToString::to_string);
    deeds.dedup();
    if deeds.is_empty() {
        // An empty filing is judged as the smallest one, so that strangers learn nothing else.
        deeds.push(match &request.question {
            Filing::Register(_) => Deed::Govern("edge"),
            _ => Deed::File(Kind::Incident),
        });
    }
    deeds.into_iter().find_map(|deed| match may(&register, &*desk.rules(), deed, request) {
        Decision::Permit(_) => None,
        Decision::Deny(denial) => Some(denial),
    })
}

/// Checks and completes a filing of records: caveats are derived, labels are tightened to their wholes, rows that are
/// known word for word fall out, and what became stricter by the filing gets a version of its own.
async fn prepare(
    desk: &Desk,
    request: &Request<Filing>,
) -> Result<Result<(Vec<Draft>, usize), BadFiling>, clear_query::Error> {
    let drafts = request.question.drafts();
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
        let label_there = |id: RecordId| in_filing.get(&id).or_else(|| label_of(id)).cloned();
        if let Some(bad) = relation_refused(desk, request, &draft, label_there) {
            return Ok(Err(bad));
        }
        if let Some(label) = label_of(draft.id) {
            if !label.owners.contains(agency) {
                // The same words as for a record that is not there.
                return Ok(Err(BadFiling::NoSuchRecord(draft.id)));
            }
            // A filing never loosens a label; that is a deed of its own.
            draft.label = draft.label.within(label);
            if let Some(record) = current.get(&draft.id).and_then(|version| version.record.as_ref()) {
                match request.question.completed(&draft, record) {
                    Ok(completed) => draft.record = completed,
                    Err(bad) => return Ok(Err(BadFiling::Incomplete(bad.to_string()))),
                }
            }
            let same = current.get(&draft.id).is_some_and(|version| version.record.as_ref() == Some(&draft.record));
            if same && draft.provenance.method == Method::Imported {
                unchanged += 1;
                continue;
            }
        } else if let Filing::Correction { .. } = &request.question {
            // Taken as a new record, it would tell an id that is nowhere from one that is somebody else's (S19).
            return Ok(Err(BadFiling::NoSuchRecord(draft.id)));
        }
        // A whole that is not there, and one that the filer may not see, are treated alike: no word about either.
        for whole in draft.record.wholes() {
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
    let derived = caveats::derive(desk, agency, &mut taken, &labels).await?;
    taken.extend(derived);
    let parts = tighten_parts(desk, &mut taken).await?;
    taken.extend(parts);
    Ok(Ok((taken, unchanged)))
}

/// What a record says about who may read another one, and by whom it may be said.
fn relation_refused(
    desk: &Desk,
    request: &Request<Filing>,
    draft: &Draft,
    label_of: impl Fn(RecordId) -> Option<Label>,
) -> Option<BadFiling> {
    match &draft.record {
        // A decision on a record is a deed of its own, because it changes a label.
        Record::Restriction(_) => Some(BadFiling::RestrictionFiled),
        Record::Assignment(assignment) => {
            let own = request.standing.account.as_ref();
            let is_own = Some(&assignment.account) == own || assignment.supervisor.as_ref() == own && own.is_some();
            is_own.then_some(BadFiling::OwnAssignment)
        }
        Record::Judgement(judgement) => {
            // Of the other one no word is said: whether it is there, or whose it is.
            let agency = request.standing.agency.as_ref();
            let owned = |label: Label| agency.is_some_and(|agency| label.owners.contains(agency));
            let own = [judgement.one.id(), judgement.other.id()].into_iter().any(|id| label_of(id).is_some_and(owned));
            (!own).then_some(BadFiling::NoSuchRecord(judgement.one.id()))
        }
        Record::Referral(referral) => {
            let agency = request.standing.agency.as_ref();
            let owned = |label: &Label| agency.is_some_and(|agency| label.owners.contains(agency));
            if desk.register().agency(&referral.agency).is_none() {
                return Some(BadFiling::UnknownAgency(referral.agency.clone()));
            }
            // Not there, and not the filer's to refer, are the same words.
            (!label_of(referral.record).as_ref().is_some_and(owned)).then_some(BadFiling::NoSuchRecord(referral.record))
        }
        _ => None,
    }
}

/// INVARIANT (a part is at least as strict as its whole): drafts get the strictness of their wholes, and filed parts of
/// what became stricter get new versions, and their parts.
async fn tighten_parts(desk: &Desk, taken: &mut [Draft]) -> Result<Vec<Draft>, clear_query::Error> {
    let values = desk.labels();
    let label_of = |id: RecordId| values.get(desk.shelves().label_of(id)?.0 as usize);
    let mut labels: HashMap<RecordId, Label> = taken.iter().map(|draft| (draft.id, draft.label.clone())).collect();
    let mut settled = false;
    while !settled {
        settled = true;
        for draft in taken.iter_mut() {
            for whole in draft.record.wholes() {
                let Some(of_whole) = labels.get(&whole).or_else(|| label_of(whole)) else { continue };
                if !draft.label.is_within(of_whole) {
                    draft.label = draft.label.clone().within(of_whole);
                    labels.insert(draft.id, draft.label.clone());
                    settled = false;
                }
            }
        }
    }
    let mut ahead: Vec<RecordId> = labels.keys().copied().collect();
    let mut stricter: Vec<RecordId> = Vec::new();
    while let Some(whole) = ahead.pop() {
        let Some(of_whole) = labels.get(&whole).cloned() else { continue };
        for part in desk.shelves().parts_of(whole) {
            let Some(label) = label_of(part).filter(|label| !label.is_within(&of_whole)) else { continue };
            if let std::collections::hash_map::Entry::Vacant(place) = labels.entry(part) {
                place.insert(label.clone().within(&of_whole));
                stricter.push(part);
                ahead.push(part);
            }
        }
    }
    stricter.sort_unstable();
    let versions = desk.shelves().current(&stricter, desk.visible()).await?;
    let draft = |version: Version| {
        let label = labels.get(&version.id)?.clone();
        let Version { id, valid_from, provenance, .. } = version;
        Some(Draft { id, record: version.record?, label, valid_from, provenance })
    };
    Ok(versions.into_iter().filter_map(draft).collect())
}

/// What stands in the log as the question of a filing: what and how many, not the contents.
fn summary(filing: &Filing) -> Vec<String> {
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    match filing {
        Filing::Records(_) | Filing::Correction { .. } => {
            let kinds = filing.drafts().iter().map(|draft| draft.record.kind().to_string());
            kinds.for_each(|kind| *counts.entry(kind).or_default() += 1);
        }
        Filing::Restrict(asked) => _ = counts.insert(format!("restriction to {}", asked.handling), 1),
        Filing::EndRestrictions => _ = counts.insert("end of restrictions".into(), 1),
        Filing::Register(entries) => {
            entries.iter().for_each(|entry| *counts.entry(entry.name().to_owned()).or_default() += 1)
        }
    }
    counts.into_iter().map(|(name, count)| format!("{count} {name}")).collect()
}
