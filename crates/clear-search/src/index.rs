//! The index itself: what is kept of each version.

use clear_record::{FieldClass, Kind, LabelId, PerClass, Person, Record, RecordId, Seq, Version};

use crate::address::Addresses;
use crate::events::{self, Events};
use crate::keys::Keys;
use crate::names::Names;
use crate::plates::Plates;
use crate::rows::{Row, RowId, Rows};
use crate::text;

/// Finds record ids. A projection: drop it, apply the same versions again, and it answers the same.
#[derive(Default)]
pub struct Index {
    seq: Seq,
    pub(crate) rows: Rows,
    pub(crate) events: Events,
    // Class identity.
    pub(crate) names: Names,
    pub(crate) births: Keys,
    pub(crate) identity_numbers: Keys,
    pub(crate) plates: Plates,
    // Class operational.
    pub(crate) numbers: Keys,
    // Of the class by which it stands here.
    pub(crate) addresses: PerClass<Addresses>,
}

impl Index {
    /// An index of nothing.
    pub fn new() -> Index {
        Index::default()
    }

    /// Takes in one version; they come in `seq` order, each record's newest counts. A version seen before changes
    /// nothing, except that an expunged one removes its record whenever it comes.
    pub fn apply(&mut self, version: &Version) {
        let Some(record) = &version.record else {
            self.remove(version.id);
            self.seq = self.seq.max(version.seq);
            return;
        };
        if version.seq <= self.seq {
            return;
        }
        self.seq = version.seq;
        self.remove(version.id);
        self.insert(version.id, version.label, record);
    }

    /// How far it has followed the ledger.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// How many records it holds, hidden ones included: for operators, never for askers.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn insert(&mut self, id: RecordId, label: LabelId, record: &Record) {
        let (when, beat) = match record {
            Record::Incident(incident) => (Some(incident.occurred_from), incident.beat.as_deref()),
            Record::Stop(stop) => (Some(stop.stopped_at), stop.beat.as_deref()),
            Record::Arrest(arrest) => (Some(arrest.arrested_at), arrest.beat.as_deref()),
            _ => (None, None),
        };
        let beat = self.events.beat(beat);
        let row = self.rows.insert(Row { id, label, when: when.map(events::seconds), beat });
        if Events::has(id.kind) {
            self.events.insert(&self.rows, row);
        }
        match record {
            Record::Person(person) => self.insert_person(row, person),
            Record::Incident(incident) => {
                self.number(row, incident.case_number.as_deref());
                self.address(row, FieldClass::Operational, incident.block.as_deref());
                self.address(row, FieldClass::Place, incident.address.as_deref());
            }
            Record::Stop(stop) => {
                self.number(row, stop.event_number.as_deref());
                self.address(row, FieldClass::Operational, stop.block.as_deref());
            }
            Record::Arrest(arrest) => {
                self.number(row, arrest.booking_number.as_deref());
                self.address(row, FieldClass::Place, arrest.address.as_deref());
            }
            Record::Vehicle(vehicle) => self.plates.insert(row, vehicle.plate.as_deref(), vehicle.vin.as_deref()),
            Record::Property(property) => self.number(row, property.inventory_number.as_deref()),
            Record::HotFile(entry) => self.number(row, entry.reference.as_deref()),
            Record::Involvement(_)
            | Record::Narrative(_)
            | Record::Assignment(_)
            | Record::Referral(_)
            | Record::Judgement(_)
            | Record::Restriction(_) => {}
        }
    }

    fn insert_person(&mut self, row: RowId, person: &Person) {
        self.names.insert(row, person);
        if let Some(birth) = person.date_of_birth {
            self.births.insert_key(birth_key(birth), row);
        }
        let number = person.identity_number.as_deref().map(text::number).unwrap_or_default();
        if !number.is_empty() {
            self.identity_numbers.insert(&number, row);
        }
        self.address(row, FieldClass::Contact, person.address.as_deref());
    }

    fn number(&mut self, row: RowId, number: Option<&str>) {
        let number = number.map(text::number).unwrap_or_default();
        if !number.is_empty() {
            self.numbers.insert(&number, row);
        }
    }

    fn address(&mut self, row: RowId, class: FieldClass, address: Option<&str>) {
        if let Some(address) = address {
            self.addresses[class].insert(row, address);
        }
    }

    fn remove(&mut self, id: RecordId) {
        let Some(row) = self.rows.of(id) else { return };
        match id.kind {
            Kind::Person => {
                self.names.remove(row);
                self.births.remove(row);
                self.identity_numbers.remove(row);
                self.addresses[FieldClass::Contact].remove(row);
            }
            Kind::Vehicle => self.plates.remove(row),
            _ => {
                self.numbers.remove(row);
                self.addresses[FieldClass::Operational].remove(row);
                self.addresses[FieldClass::Place].remove(row);
            }
        }
        // Events are taken out of their list by the next merge; until then the row's absence hides them.
        self.rows.remove(row);
    }
}

/// A date of birth as a key: year, month and day, so that its parts can be read back.
pub(crate) fn birth_key(date: jiff::civil::Date) -> u64 {
    let year = u64::try_from(i32::from(date.year()) + 10_000).unwrap_or_default();
    year << 16 | u64::from(date.month().unsigned_abs()) << 8 | u64::from(date.day().unsigned_abs())
}
