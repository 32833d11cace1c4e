//! The fold: which record says which edges, and what label it has.

use std::collections::HashMap;
use std::io::{Read, Result, Write};
use std::sync::Arc;

use clear_record::snapshot::not_a;
use clear_record::{FieldClass, Kind, LabelId, Part, Record, RecordId, Seq, Sight, Snapshot, Verdict, Version};
use jiff::civil::Date;

use crate::fields::{self, Reads, Shared};
use crate::leaf::{Leaf, Window};
use crate::node::Node;

/// A node's number; a number is given again when its node is gone.
pub(crate) type No = u32;

/// An edge as one of its ends has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    /// The node at the other end.
    pub(crate) other: No,
    /// The field that says it.
    pub(crate) field: u8,
}

/// What stands at a number.
#[derive(Clone, Debug)]
pub(crate) enum Stands {
    Record(RecordId),
    Value(Shared, Arc<str>),
}

/// One node with its edges.
pub(crate) struct Held {
    pub(crate) stands: Stands,
    /// A record's current label; `None` for a value, and for a record that is only named.
    pub(crate) label: Option<LabelId>,
    pub(crate) day: Option<Day>,
    /// Of a record that joins others: how.
    pub(crate) joins: Option<Joins>,
    pub(crate) says: Box<[Edge]>,
    /// Ascending.
    pub(crate) said: Vec<Edge>,
}

/// A day as a number that sorts like it, in four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i32);

impl From<Date> for Day {
    fn from(date: Date) -> Day {
        Day(i32::from(date.year()) << 9 | i32::from(date.month()) << 5 | i32::from(date.day()))
    }
}

/// How a record joins others: in a word, for whom this class of its fields is open.
#[derive(Clone, Copy)]
pub(crate) struct Joins {
    pub(crate) word: &'static str,
    pub(crate) class: FieldClass,
}

const SAME_PERSON: &str = "same person";

/// What is known of a record, whether anything links it or not. Twelve bytes, because there is one for each record of the
/// city; what is absent is [`NONE`] or [`NO_DAY`].
#[derive(Clone, Copy)]
struct Known {
    label: u32,
    day: i32,
    node: No,
}

const NONE: u32 = u32::MAX;
const NO_DAY: i32 = i32::MIN;

impl Known {
    const NOTHING: Known = Known { label: NONE, day: NO_DAY, node: NONE };

    fn label(self) -> Option<LabelId> {
        (self.label != NONE).then_some(LabelId(self.label))
    }

    fn day(self) -> Option<Day> {
        (self.day != NO_DAY).then_some(Day(self.day))
    }
}

/// Records by id, a table for each kind: the kind takes no room.
#[derive(Default)]
struct Records([HashMap<u128, Known>; Kind::ALL.len()]);

impl Records {
    fn get(&self, id: RecordId) -> Option<Known> {
        self.0.get(id.kind as usize)?.get(&id.raw).copied()
    }

    fn set(&mut self, id: RecordId, known: Known) {
        if let Some(table) = self.0.get_mut(id.kind as usize) {
            table.insert(id.raw, known);
        }
    }

    fn remove(&mut self, id: RecordId) {
        if let Some(table) = self.0.get_mut(id.kind as usize) {
            table.remove(&id.raw);
        }
    }
}

/// What is linked to what. Drop it, apply the same versions again, and it answers the same.
pub struct Graph {
    spell: fn(Shared, &str) -> Option<String>,
    seq: Seq,
    records: Records,
    values: HashMap<(Shared, Arc<str>), No>,
    nodes: Vec<Option<Held>>,
    free: Vec<No>,
}

impl Graph {
    /// A graph of nothing. `spell` gives a value's one spelling, or `None` for a text that names none.
    pub fn new(spell: fn(Shared, &str) -> Option<String>) -> Graph {
        Graph {
            spell,
            seq: Seq::default(),
            records: Records::default(),
            values: HashMap::new(),
            nodes: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Takes in one version; they come in `seq` order. One that was seen before changes nothing, except that an expunged one
    /// removes what its record said whenever it comes.
    pub fn apply(&mut self, version: &Version) {
        if version.seq <= self.seq && version.record.is_some() {
            return;
        }
        self.seq = self.seq.max(version.seq);
        let Some(record) = &version.record else { return self.expunge(version.id) };
        let no = self.records.get(version.id).map_or(NONE, |known| known.node);
        let known = Known { label: version.label.0, day: day(record).map_or(NO_DAY, |day| day.0), node: no };
        self.records.set(version.id, known);
        let said = self.edges(record);
        if said.is_empty() && no == NONE {
            return;
        }
        let no = self.node_of(version.id);
        let old = match self.held_mut(no) {
            Some(held) => {
                (held.label, held.day, held.joins) = (known.label(), known.day(), joins(record));
                std::mem::replace(&mut held.says, said.as_slice().into())
            }
            None => Box::default(),
        };
        // What is new is said before what is old is taken back, so that no node between the two is given up.
        for edge in said.iter().filter(|edge| !old.contains(edge)) {
            let back = Edge { other: no, field: edge.field };
            if let Some(held) = self.held_mut(edge.other)
                && let Err(at) = held.said.binary_search(&back)
            {
                held.said.insert(at, back);
            }
        }
        for edge in old.iter().filter(|edge| !said.contains(edge)) {
            self.unsay(no, *edge);
        }
        self.drop_if_alone(no);
    }

    /// How far it has followed the ledger.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The current label of a record that has a body; for the roads, which test it, never for an asker.
    pub fn label(&self, id: RecordId) -> Option<LabelId> {
        self.records.get(id)?.label()
    }

    /// How many nodes and edges it holds, hidden ones included: for operators, never for askers.
    pub fn size(&self) -> (usize, usize) {
        let held = self.nodes.iter().flatten();
        held.fold((0, 0), |(nodes, edges), held| (nodes + 1, edges + held.says.len()))
    }

    /// What one asker may see of it.
    pub fn under<'a>(&'a self, sight: &'a Sight<'a>, window: Window) -> Leaf<'a> {
        Leaf::new(self, sight, window)
    }

    /// Reads a node from what somebody wrote: a value in any spelling becomes its one.
    pub fn spelt(&self, node: Node) -> Option<Node> {
        match node {
            Node::Record(_) => Some(node),
            Node::Value(shared, text) => Node::value(shared, &text, self.spell),
        }
    }

    /// The records that name this one, of every kind, where the edge itself may be seen; in order.
    pub fn naming_under(&self, id: RecordId, sight: &Sight<'_>) -> Vec<RecordId> {
        let says = |edge: &Edge| {
            let (from, label) = self.record_at(edge.other)?;
            sight.opens(fields::field(edge.field)?.class, label?, from).then_some(from)
        };
        let mut ids: Vec<RecordId> = self.said_of(id).iter().filter_map(says).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The records that this one names, where the edge itself may be seen.
    pub fn named_by_under(&self, id: RecordId, sight: &Sight<'_>) -> Vec<RecordId> {
        let Some(held) = self.number(id).and_then(|no| self.held(no)) else { return Vec::new() };
        let open = |edge: &&Edge| {
            let class = fields::field(edge.field).map(|field| field.class);
            class.zip(held.label).is_some_and(|(class, label)| sight.opens(class, label, id))
        };
        held.says.iter().filter(open).filter_map(|edge| self.record_at(edge.other)).map(|(id, _)| id).collect()
    }

    /// Every record that names this one, for the write road.
    pub fn naming(&self, id: RecordId) -> Vec<RecordId> {
        let said = self.said_of(id).iter();
        said.filter_map(|edge| self.record_at(edge.other)).map(|(from, _)| from).collect()
    }

    /// The records that are parts of this one, for the write road.
    pub fn parts_of(&self, whole: RecordId) -> Vec<RecordId> {
        let part = |edge: &&Edge| {
            matches!(fields::field(edge.field).map(|field| field.reads), Some(Reads::Id { part: true, .. }))
        };
        let said = self.said_of(whole).iter().filter(part);
        said.filter_map(|edge| self.record_at(edge.other)).map(|(from, _)| from).collect()
    }

    /// The records beside a node that its asker does not see, for their owners alone: at most so many are looked at.
    pub fn beside(&self, node: &Node, most: usize) -> Vec<RecordId> {
        let Some(held) = self.find(node).and_then(|no| self.held(no)) else { return Vec::new() };
        let direct = held.says.iter().chain(&held.said).map(|edge| edge.other).take(most);
        let joined = |no: No| match self.held(no) {
            Some(held) if held.joins.is_some() => held.says.iter().map(|edge| edge.other).collect(),
            _ => Vec::new(),
        };
        let all = direct.flat_map(|no| std::iter::once(no).chain(joined(no)));
        let mut ids: Vec<RecordId> = all.filter_map(|no| self.record_at(no)).map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| *node != Node::Record(*id));
        ids
    }

    pub(crate) fn held(&self, no: No) -> Option<&Held> {
        self.nodes.get(no as usize)?.as_ref()
    }

    /// The number of a node that something links.
    pub(crate) fn find(&self, node: &Node) -> Option<No> {
        match node {
            Node::Record(id) => self.number(*id),
            Node::Value(shared, text) => self.values.get(&(*shared, Arc::from(&**text))).copied(),
        }
    }

    fn number(&self, id: RecordId) -> Option<No> {
        self.records.get(id).map(|known| known.node).filter(|no| *no != NONE)
    }

    fn said_of(&self, id: RecordId) -> &[Edge] {
        self.number(id).and_then(|no| self.held(no)).map_or(&[], |held| &held.said)
    }

    fn record_at(&self, no: No) -> Option<(RecordId, Option<LabelId>)> {
        match self.held(no)? {
            Held { stands: Stands::Record(id), label, .. } => Some((*id, *label)),
            _ => None,
        }
    }

    fn held_mut(&mut self, no: No) -> Option<&mut Held> {
        self.nodes.get_mut(no as usize)?.as_mut()
    }

    /// The edges that a record says, in order, each once. Their other ends have a number from here on.
    fn edges(&mut self, record: &Record) -> Vec<Edge> {
        let mut edges: Vec<Edge> = Vec::new();
        for (number, field) in fields::of_kind(record.kind()) {
            let other = match field.reads {
                Reads::Id { id, .. } => id(record).map(|id| self.node_of(id)),
                Reads::Text(shared, text) => {
                    text(record).and_then(|text| (self.spell)(shared, text)).map(|text| self.value_of(shared, &text))
                }
            };
            edges.extend(other.map(|other| Edge { other, field: number }));
        }
        edges
    }

    fn node_of(&mut self, id: RecordId) -> No {
        let known = self.records.get(id).unwrap_or(Known::NOTHING);
        if known.node != NONE {
            return known.node;
        }
        let no = self.push(Stands::Record(id), known.label(), known.day());
        self.records.set(id, Known { node: no, ..known });
        no
    }

    fn value_of(&mut self, shared: Shared, text: &str) -> No {
        let key = (shared, Arc::from(text));
        if let Some(no) = self.values.get(&key) {
            return *no;
        }
        let no = self.push(Stands::Value(shared, key.1.clone()), None, None);
        self.values.insert(key, no);
        no
    }

    fn push(&mut self, stands: Stands, label: Option<LabelId>, day: Option<Day>) -> No {
        let held = Some(Held { stands, label, day, joins: None, says: Box::default(), said: Vec::new() });
        match self.free.pop() {
            Some(no) => {
                if let Some(place) = self.nodes.get_mut(no as usize) {
                    *place = held;
                }
                no
            }
            None => {
                self.nodes.push(held);
                No::try_from(self.nodes.len() - 1).unwrap_or(NONE)
            }
        }
    }

    fn expunge(&mut self, id: RecordId) {
        let Some(Known { node: no, .. }) = self.records.get(id) else { return };
        if no == NONE {
            return self.records.remove(id);
        }
        self.records.set(id, Known { node: no, ..Known::NOTHING });
        let old = match self.held_mut(no) {
            Some(held) => {
                (held.label, held.day, held.joins) = (None, None, None);
                std::mem::take(&mut held.says)
            }
            None => Box::default(),
        };
        for edge in old {
            self.unsay(no, edge);
        }
        self.drop_if_alone(no);
    }

    /// Takes an edge back from its other end.
    fn unsay(&mut self, from: No, edge: Edge) {
        if let Some(held) = self.held_mut(edge.other)
            && let Ok(at) = held.said.binary_search(&Edge { other: from, field: edge.field })
        {
            held.said.remove(at);
        }
        if edge.other != from {
            self.drop_if_alone(edge.other);
        }
    }

    /// INVARIANT (nothing expunged is kept): a node that nothing links any more leaves neither its number nor its text.
    fn drop_if_alone(&mut self, no: No) {
        let Some(slot) = self.nodes.get_mut(no as usize) else { return };
        let Some(held) = slot.take_if(|held| held.says.is_empty() && held.said.is_empty()) else { return };
        match held.stands {
            Stands::Record(id) => match self.records.get(id) {
                Some(known) if known.label != NONE => self.records.set(id, Known { node: NONE, ..known }),
                _ => self.records.remove(id),
            },
            Stands::Value(shared, text) => _ = self.values.remove(&(shared, text)),
        }
        self.free.push(no);
    }
}

/// The day that a record is of, from its operational field.
fn day(record: &Record) -> Option<Day> {
    let day = match record {
        Record::Incident(it) => it.occurred_from.date(),
        Record::Arrest(it) => it.arrested_at.date(),
        Record::Stop(it) => it.stopped_at.date(),
        Record::Property(it) => it.received_at?.date(),
        Record::HotFile(it) => it.entered_on,
        _ => return None,
    };
    Some(day.into())
}

/// Whether records of this kind are of a day.
pub(crate) fn has_day(kind: Kind) -> bool {
    matches!(kind, Kind::Incident | Kind::Arrest | Kind::Stop | Kind::Property | Kind::HotFile)
}

/// How a record joins the others that it names, if that is all it does.
fn joins(record: &Record) -> Option<Joins> {
    match record {
        Record::Involvement(it) => Some(Joins { word: it.part.word(), class: FieldClass::Operational }),
        // A word that two records are of two persons joins nothing.
        Record::Judgement(it) if it.verdict == Verdict::Same => {
            Some(Joins { word: SAME_PERSON, class: FieldClass::Identity })
        }
        _ => None,
    }
}

clear_record::snapshot!(Edge { other, field });
clear_record::snapshot!(Known { label, day, node });
clear_record::snapshot!(Held { stands, label, day, joins, says, said });

impl Snapshot for Day {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.0.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Day> {
        i32::read(from).map(Day)
    }
}

impl Snapshot for Stands {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        match self {
            Stands::Record(id) => (None::<String>, *id).write(out),
            Stands::Value(shared, text) => {
                Some(shared.word().to_owned()).write(out)?;
                text.to_string().write(out)
            }
        }
    }

    fn read(from: &mut impl Read) -> Result<Stands> {
        match Option::<String>::read(from)? {
            None => RecordId::read(from).map(Stands::Record),
            Some(word) => {
                let shared = Shared::from_word(&word).ok_or_else(|| not_a("shared value"))?;
                Ok(Stands::Value(shared, String::read(from)?.into()))
            }
        }
    }
}

impl Snapshot for Joins {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.word.to_owned().write(out)?;
        self.class.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Joins> {
        let said = String::read(from)?;
        let word = if said == SAME_PERSON { Some(SAME_PERSON) } else { Part::from_word(&said).map(Part::word) };
        Ok(Joins { word: word.ok_or_else(|| not_a("way to join"))?, class: FieldClass::read(from)? })
    }
}

impl Graph {
    /// Writes what [`read`](Graph::read) takes. The values are found again by the nodes that they stand at.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn write(&self, out: &mut impl Write) -> Result<()> {
        self.seq.write(out)?;
        self.records.0.iter().try_for_each(|table| table.write(out))?;
        self.nodes.write(out)?;
        self.free.write(out)
    }

    /// Reads a graph; `spell` as for [`new`](Graph::new).
    ///
    /// # Errors
    /// When `from` ends, or what it gives is no graph.
    pub fn read(spell: fn(Shared, &str) -> Option<String>, from: &mut impl Read) -> Result<Graph> {
        let seq = Seq::read(from)?;
        let tables = HashMap::read_each(Kind::ALL.len(), from)?;
        let records = Records(tables.try_into().map_err(|_| not_a("table of each kind"))?);
        let nodes: Vec<Option<Held>> = Vec::read(from)?;
        let value = |(no, held): (No, &Option<Held>)| match held {
            Some(Held { stands: Stands::Value(shared, text), .. }) => Some(((*shared, text.clone()), no)),
            _ => None,
        };
        let values = (0..).zip(&nodes).filter_map(value).collect();
        Ok(Graph { spell, seq, records, values, nodes, free: Vec::read(from)? })
    }
}
