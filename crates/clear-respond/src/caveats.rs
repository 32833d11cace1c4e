//! Caveats on the write road: what the table of [`clear_record::derive`] asks for, of everything that a filing touches.
//!
//! In:    the drafts of a filing; what the ledger has of the events, incidents and persons that they belong to.
//! Out:   the drafts with their caveats; stricter versions of filed records whose facts the filing changes.
//! Never: takes a caveat away; touches a record that is not the filer's agency's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use clear_record::derive::{self, On};
use clear_record::{AgencyId, Caveat, Draft, Incident, Kind, Label, Person, Record, RecordId, Version};

use crate::desk::Desk;

/// What a record is to carry, and by which rules.
type Asked = BTreeMap<RecordId, (BTreeSet<Caveat>, BTreeSet<String>)>;

/// Puts the table's caveats on the drafts; returns new versions of filed records that need them too.
pub(crate) async fn derive(
    desk: &Desk,
    agency: &AgencyId,
    drafts: &mut [Draft],
    labels: &[Label],
) -> Result<Vec<Draft>, clear_query::Error> {
    let facts = Facts::of(desk, drafts).await?;
    let mut asked = Asked::new();
    for event in &facts.events {
        facts.ask(desk, *event, &mut asked);
    }
    for draft in drafts.iter_mut() {
        if let Some((caveats, rules)) = asked.get(&draft.id) {
            draft.label.caveats.extend(caveats);
            draft.provenance.derived.extend(rules.iter().cloned());
        }
    }
    let in_filing: BTreeSet<RecordId> = drafts.iter().map(|draft| draft.id).collect();
    let label_of = |id: RecordId| labels.get(desk.shelves().label_of(id)?.0 as usize);
    asked.retain(|id, (caveats, _)| {
        let wanting = |label: &Label| label.owners.contains(agency) && !label.caveats.is_superset(caveats);
        !in_filing.contains(id) && label_of(*id).is_some_and(wanting)
    });
    let ids: Vec<RecordId> = asked.keys().copied().collect();
    let versions = desk.shelves().current(&ids, desk.visible()).await?;
    Ok(versions.into_iter().filter_map(|version| closed(version, labels, &asked)).collect())
}

/// The next version of a filed record, with what is asked of it.
fn closed(version: Version, labels: &[Label], asked: &Asked) -> Option<Draft> {
    let (caveats, rules) = asked.get(&version.id)?;
    let mut label = labels.get(version.label.0 as usize)?.clone();
    label.caveats.extend(caveats);
    let mut provenance = version.provenance;
    provenance.derived.extend(rules.iter().cloned());
    Some(Draft { id: version.id, record: version.record?, label, valid_from: version.valid_from, provenance })
}

/// The events that a filing touches, with everything that the table reads of them.
struct Facts {
    events: BTreeSet<RecordId>,
    records: HashMap<RecordId, Record>,
    /// Reports that are filed here, by their incident.
    reports: BTreeMap<RecordId, Vec<RecordId>>,
}

impl Facts {
    async fn of(desk: &Desk, drafts: &[Draft]) -> Result<Facts, clear_query::Error> {
        let (mut events, mut reports): (BTreeSet<RecordId>, BTreeMap<RecordId, Vec<RecordId>>) = Default::default();
        for draft in drafts {
            match &draft.record {
                Record::Involvement(_) | Record::Arrest(_) | Record::Stop(_) => _ = events.insert(draft.id),
                // Another offence code changes what its parts are.
                Record::Incident(_) => {
                    events.insert(draft.id);
                    events.extend(of_kind(desk.shelves().parts_of(draft.id), Kind::Involvement));
                }
                // Another date of birth changes the age at every event that names the person.
                Record::Person(_) => events.extend(desk.shelves().naming(draft.id).into_iter().filter(is_event)),
                Record::Narrative(narrative) if narrative.about.kind == Kind::Incident => {
                    reports.entry(narrative.about).or_default().push(draft.id);
                    events.insert(narrative.about);
                    events.extend(of_kind(desk.shelves().parts_of(narrative.about), Kind::Involvement));
                }
                _ => {}
            }
        }
        let mut facts = Facts { events, records: HashMap::new(), reports };
        // The last version of a filing that has a record twice is the one that counts.
        facts
            .records
            .extend(drafts.iter().filter(|draft| is_read(draft.id.kind)).map(|draft| (draft.id, draft.record.clone())));
        facts.fetch(desk, facts.events.iter().copied().collect()).await?;
        let named = facts.events.iter().filter_map(|id| facts.records.get(id)).flat_map(Record::names);
        let named = named.filter(|id| matches!(id.kind, Kind::Incident | Kind::Person)).collect();
        facts.fetch(desk, named).await?;
        Ok(facts)
    }

    async fn fetch(&mut self, desk: &Desk, mut ids: Vec<RecordId>) -> Result<(), clear_query::Error> {
        ids.retain(|id| !self.records.contains_key(id) && desk.shelves().label_of(*id).is_some());
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        let versions = desk.shelves().current(&ids, desk.visible()).await?;
        self.records.extend(versions.into_iter().filter_map(|version| Some((version.id, version.record?))));
        Ok(())
    }

    /// Adds what one event asks for.
    fn ask(&self, desk: &Desk, id: RecordId, asked: &mut Asked) {
        let Some(event) = self.records.get(&id) else { return };
        let (incident_id, person_id) = match event {
            Record::Incident(_) => (Some(id), None),
            Record::Involvement(own) => (Some(own.incident.id()), own.person.map(RecordId::from)),
            Record::Arrest(own) => (own.incident.map(RecordId::from), Some(own.person.id())),
            Record::Stop(own) => (None, own.person.map(RecordId::from)),
            _ => return,
        };
        let incident: Option<&Incident> = match incident_id.and_then(|id| self.records.get(&id)) {
            Some(Record::Incident(incident)) => Some(incident),
            _ => None,
        };
        let person: Option<&Person> = match person_id.and_then(|id| self.records.get(&id)) {
            Some(Record::Person(person)) => Some(person),
            _ => None,
        };
        for rule in derive::caveats(event, incident, person) {
            let mut close = |id: RecordId| {
                let (caveats, rules) = asked.entry(id).or_default();
                caveats.insert(rule.caveat);
                rules.insert(rule.id.to_owned());
            };
            for on in rule.on {
                match on {
                    // The incident itself says what happened, and to nobody in particular.
                    On::Event if id.kind == Kind::Incident => {}
                    On::Event => close(id),
                    On::Person => person_id.into_iter().for_each(&mut close),
                    On::Report => {
                        let Some(incident) = incident_id else { continue };
                        self.reports.get(&incident).into_iter().flatten().copied().for_each(&mut close);
                        of_kind(desk.shelves().parts_of(incident), Kind::Narrative).for_each(&mut close);
                    }
                }
            }
        }
    }
}

/// The kinds that the table reads.
fn is_read(kind: Kind) -> bool {
    matches!(kind, Kind::Incident | Kind::Involvement | Kind::Arrest | Kind::Stop | Kind::Person)
}

fn is_event(id: &RecordId) -> bool {
    matches!(id.kind, Kind::Involvement | Kind::Arrest | Kind::Stop)
}

fn of_kind(ids: Vec<RecordId>, kind: Kind) -> impl Iterator<Item = RecordId> {
    ids.into_iter().filter(move |id| id.kind == kind)
}
