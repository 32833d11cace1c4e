//! The index itself: what is kept of each version.

use std::collections::HashMap;
use std::io::{Read, Result, Write};

use clear_record::{FieldClass, Kind, LabelId, PerClass, Person, Record, RecordId, Seq, Snapshot, Version};

use crate::address::Addresses;
use crate::events::{self, Events};
use crate::keys::Keys;
use crate::persons::Persons;
use crate::places::Places;
use crate::plates::Plates;
use crate::prose::Prose;
use crate::rows::{Row, RowId, Rows};
use crate::text;

/// Finds record ids. A projection: drop it, apply the same versions again, and it answers the same.
#[derive(Default)]
pub struct Index {
    seq: Seq,
    pub(crate) rows: Rows,
    pub(crate) events: Events,
    pub(crate) persons: Persons,
    // Class identity.
    pub(crate) plates: Plates,
    /// The registered owner of a vehicle's row.
    pub(crate) owners: HashMap<RowId, RecordId>,
    pub(crate) serials: Keys,
    // Class operational.
    pub(crate) numbers: Keys,
    // Of the class by which it stands here.
    pub(crate) addresses: PerClass<Addresses>,
    // Each field by its class.
    pub(crate) prose: Prose,
    pub(crate) places: Places,
}

impl Snapshot for Index {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.seq.write(out)?;
        self.rows.write(out)?;
        self.events.write(&self.rows, out)?;
        self.persons.write(out)?;
        self.plates.write(out)?;
        self.owners.write(out)?;
        self.serials.write(out)?;
        self.numbers.write(out)?;
        self.addresses.write(out)?;
        self.prose.write(out)?;
        self.places.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Index> {
        let (seq, rows, events) = (Seq::read(from)?, Rows::read(from)?, Events::read(from)?);
        let persons = Persons::read(from)?;
        let (plates, owners, serials, numbers) = Snapshot::read(from)?;
        let (addresses, prose, places) = Snapshot::read(from)?;
        Ok(Index { seq, rows, events, persons, plates, owners, serials, numbers, addresses, prose, places })
    }
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
        self.insert(version, record);
    }

    /// Takes a tenth of a second for a million words: afterwards nothing in memory comes of a word that is gone, and what came
    /// in any order is in the order in which it is found soonest. Worth its time after many versions.
    pub fn compact(&mut self) {
        self.persons.settle();
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

    /// Bytes held for persons, and for the rows of all records: for operators. What the allocator adds is not counted.
    pub fn persons_bytes(&self) -> usize {
        self.rows.bytes() + self.persons.size()
    }

    fn insert(&mut self, version: &Version, record: &Record) {
        let (id, label) = (version.id, version.label);
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
        self.prose.insert(row, label, record);
        match record {
            Record::Person(person) => self.insert_person(row, person),
            Record::Incident(incident) => {
                self.places.insert(row, incident);
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
            Record::Vehicle(vehicle) => {
                self.plates.insert(row, vehicle.plate.as_deref(), vehicle.vin.as_deref());
                self.owners.extend(vehicle.owner.map(|owner| (row, RecordId::from(owner))));
            }
            Record::Property(property) => {
                self.number(row, property.inventory_number.as_deref());
                let serial = property.serial_number.as_deref().map(text::number).unwrap_or_default();
                if !serial.is_empty() {
                    self.serials.insert(&serial, row);
                }
            }
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
        self.persons.insert(row, person);
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
        let label = self.rows.get(row).map_or(LabelId(0), |row| row.label);
        self.prose.remove(row, label);
        match id.kind {
            Kind::Person => {
                self.persons.remove(row);
                self.addresses[FieldClass::Contact].remove(row);
            }
            Kind::Vehicle => {
                self.plates.remove(row);
                self.owners.remove(&row);
            }
            _ => {
                self.numbers.remove(row);
                self.serials.remove(row);
                self.places.remove(row);
                self.addresses[FieldClass::Operational].remove(row);
                self.addresses[FieldClass::Place].remove(row);
            }
        }
        // Events are taken out of their list by the next merge; until then the row's absence hides them.
        self.rows.remove(row);
    }
}
