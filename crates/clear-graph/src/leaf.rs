//! The leaf: the only way to an edge.

use std::collections::{HashMap, HashSet};

use clear_record::{FieldClass, Kind, LabelId, RecordId, Sight};
use jiff::civil::Date;

use crate::fields::{self, THINGS};
use crate::graph::{Day, Edge, Graph, Held, No, Stands, has_day};
use crate::node::Node;

/// Days between which dated records are, both included. A record of a dated kind whose day may not be seen, or is not known,
/// is in no window that has an end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

impl Window {
    fn is_open(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    fn holds(self, day: Day) -> bool {
        self.from.is_none_or(|from| Day::from(from) <= day) && self.to.is_none_or(|to| day <= Day::from(to))
    }
}

/// One reason why two nodes are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// In a word: the field that says it, or the part that was played.
    pub what: &'static str,
    /// The record that says it.
    pub by: RecordId,
    /// That record's label.
    pub label: LabelId,
    /// The classes of what says it: each must be open on the label.
    pub classes: [FieldClass; 3],
}

/// A node beside another, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Which.
    pub node: Node,
    /// Why, in order, each once.
    pub links: Vec<Link>,
}

/// Some of the neighbours of a node, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// These.
    pub neighbours: Vec<Neighbour>,
    /// How many there are in all.
    pub total: usize,
}

/// Some of what two nodes are both linked with, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// These, each with what links it to the first node, and what links it to the second.
    pub neighbours: Vec<(Neighbour, Vec<Link>)>,
    /// How many there are in all.
    pub total: usize,
}

/// What one asker may see of a graph.
pub struct Leaf<'a> {
    graph: &'a Graph,
    sight: &'a Sight<'a>,
    window: Window,
}

impl<'a> Leaf<'a> {
    pub(crate) fn new(graph: &'a Graph, sight: &'a Sight<'a>, window: Window) -> Leaf<'a> {
        Leaf { graph, sight, window }
    }

    /// Whether the asker may know that there is such a node: a record of which some field is open, whatever links it; a value
    /// that some record shows.
    pub fn knows(&self, node: &Node) -> bool {
        match node {
            Node::Record(id) => {
                THINGS.contains(&id.kind) && self.graph.label(*id).is_some_and(|label| self.sight.opens_any(label, *id))
            }
            Node::Value(..) => self.graph.find(node).is_some_and(|no| self.is_shown_value(no)),
        }
    }

    /// The neighbours of a node: by kind in the order of [`THINGS`], the newest of each first, then by id; values last. `None` where the asker may not
    /// know that there is such a node.
    pub fn neighbours(&self, node: &Node, offset: usize, limit: usize) -> Option<Page> {
        if !self.knows(node) {
            return None;
        }
        let Some(no) = self.graph.find(node) else { return Some(Page { neighbours: Vec::new(), total: 0 }) };
        let all = self.ordered(no);
        let page: Vec<No> = all.iter().copied().skip(offset).take(limit).collect();
        Some(Page { neighbours: self.with_links(no, &page), total: all.len() })
    }

    /// How many neighbours a node has; counting stops beyond `most`.
    pub fn degree(&self, node: &Node, most: usize) -> usize {
        let Some(no) = self.graph.find(node).filter(|_| self.knows(node)) else { return 0 };
        self.degree_of(no, most)
    }

    /// The neighbours that two nodes have in common, with the links to the first and to the second of them.
    pub fn common(&self, one: &Node, other: &Node, offset: usize, limit: usize) -> Option<Common> {
        if !self.knows(one) || !self.knows(other) {
            return None;
        }
        let (Some(one), Some(other)) = (self.graph.find(one), self.graph.find(other)) else {
            return Some(Common { neighbours: Vec::new(), total: 0 });
        };
        let theirs: HashSet<No> = self.ordered(other).into_iter().collect();
        let all: Vec<No> = self.ordered(one).into_iter().filter(|no| theirs.contains(no)).collect();
        let page: Vec<No> = all.iter().copied().skip(offset).take(limit).collect();
        let second = self.with_links(other, &page).into_iter().map(|neighbour| neighbour.links);
        Some(Common { neighbours: self.with_links(one, &page).into_iter().zip(second).collect(), total: all.len() })
    }

    /// Why two nodes are linked; nothing where they are not.
    pub fn links(&self, one: &Node, other: &Node) -> Vec<Link> {
        let (Some(one), Some(other)) = (self.find(one), self.find(other)) else { return Vec::new() };
        self.with_links(one, &[other]).pop().map(|neighbour| neighbour.links).unwrap_or_default()
    }

    pub(crate) fn find(&self, node: &Node) -> Option<No> {
        self.graph.find(node).filter(|_| self.knows(node))
    }

    pub(crate) fn node(&self, no: No) -> Option<Node> {
        Some(match &self.graph.held(no)?.stands {
            Stands::Record(id) => Node::Record(*id),
            Stands::Value(shared, text) => Node::Value(*shared, (**text).into()),
        })
    }

    pub(crate) fn degree_of(&self, no: No, most: usize) -> usize {
        let mut seen = HashSet::new();
        self.each(no, &mut |other, _| {
            seen.insert(other);
            seen.len() <= most
        });
        seen.len()
    }

    /// The neighbours in the order of every answer, which depends on what the asker sees of them alone.
    pub(crate) fn ordered(&self, no: No) -> Vec<No> {
        let mut seen = HashSet::new();
        self.each(no, &mut |other, _| {
            seen.insert(other);
            true
        });
        let key = |no: No| {
            let held = self.graph.held(no)?;
            let day = self.day(held).map(std::cmp::Reverse);
            Some(match &held.stands {
                // An absent day sorts behind: `None` is less than any, so that it is turned round.
                Stands::Record(id) => (rank(id.kind), day.is_none(), day, self.node(no)),
                Stands::Value(shared, _) => (THINGS.len() + *shared as usize, true, None, self.node(no)),
            })
        };
        let mut keyed: Vec<_> = seen.into_iter().map(|no| (key(no), no)).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, no)| no).collect()
    }

    /// These neighbours, each with everything that links it.
    pub(crate) fn with_links(&self, no: No, page: &[No]) -> Vec<Neighbour> {
        let mut links: HashMap<No, Vec<Link>> = page.iter().map(|other| (*other, Vec::new())).collect();
        self.each(no, &mut |other, link| {
            if let Some(links) = links.get_mut(&other) {
                links.push(link);
            }
            true
        });
        let neighbour = |other: &No| {
            let mut links = links.get(other).cloned().unwrap_or_default();
            links.sort_unstable();
            links.dedup();
            Some(Neighbour { node: self.node(*other)?, links })
        };
        page.iter().filter_map(neighbour).collect()
    }

    /// INVARIANT (hidden edges end in the leaf): every edge that the asker may see from a node, in no order, until `visit`
    /// says that it is enough. Both ends are shown, the record that says the edge shows the field that says it, and each
    /// record between has shown both of its fields.
    fn each(&self, no: No, visit: &mut dyn FnMut(No, Link) -> bool) {
        let Some(held) = self.graph.held(no) else { return };
        for edge in held.says.iter() {
            let Some((by, label, class, what)) = self.said(no, *edge) else { continue };
            if edge.other != no
                && self.is_shown(edge.other)
                && !visit(edge.other, Link { what, by, label, classes: [class; 3] })
            {
                return;
            }
        }
        for back in &held.said {
            let Some((by, label, class, what)) = self.said(back.other, Edge { other: no, field: back.field }) else {
                continue;
            };
            let Some(from) = self.graph.held(back.other) else { continue };
            if THINGS.contains(&by.kind) {
                if back.other != no
                    && self.is_shown(back.other)
                    && !visit(back.other, Link { what, by, label, classes: [class; 3] })
                {
                    return;
                }
                continue;
            }
            let Some(joins) = from.joins else { continue };
            // Which part was played is a field of its own, and may be closed where both ends are open.
            let told = self.sight.opens(joins.class, label, by);
            let (what, told) = if told { (joins.word, joins.class) } else { (by.kind.name(), class) };
            for edge in from.says.iter().filter(|edge| edge.other != no) {
                let Some((_, _, other, _)) = self.said(back.other, *edge) else { continue };
                if self.is_shown(edge.other)
                    && !visit(edge.other, Link { what, by, label, classes: [class, other, told] })
                {
                    return;
                }
            }
        }
    }

    /// An edge that a record says, if the asker may read the field that says it.
    fn said(&self, from: No, edge: Edge) -> Option<(RecordId, LabelId, FieldClass, &'static str)> {
        let Held { stands: Stands::Record(id), label: Some(label), .. } = self.graph.held(from)? else { return None };
        let field = fields::field(edge.field)?;
        self.sight.opens(field.class, *label, *id).then_some((*id, *label, field.class, field.name))
    }

    /// Whether a node may be an end of a link.
    fn is_shown(&self, no: No) -> bool {
        match self.graph.held(no) {
            Some(held @ Held { stands: Stands::Record(id), label: Some(label), .. }) => {
                THINGS.contains(&id.kind)
                    && self.sight.opens_any(*label, *id)
                    && (self.window.is_open()
                        || !has_day(id.kind)
                        || self.day(held).is_some_and(|day| self.window.holds(day)))
            }
            // A value has an edge that was just seen.
            Some(Held { stands: Stands::Value(..), .. }) => true,
            _ => false,
        }
    }

    fn is_shown_value(&self, no: No) -> bool {
        let said = self.graph.held(no).map(|held| held.said.iter()).into_iter().flatten();
        said.into_iter().any(|back| self.said(back.other, Edge { other: no, field: back.field }).is_some())
    }

    /// The day that a record is of, where the asker may read it.
    fn day(&self, held: &Held) -> Option<Day> {
        let Held { stands: Stands::Record(id), label: Some(label), day, .. } = held else { return None };
        day.filter(|_| self.sight.opens(FieldClass::Operational, *label, *id))
    }
}

fn rank(kind: Kind) -> usize {
    THINGS.iter().position(|thing| *thing == kind).unwrap_or(THINGS.len())
}
