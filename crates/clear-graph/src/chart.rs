//! A chart: what one question about links is answered with.

use std::collections::HashMap;

use crate::graph::No;
use crate::leaf::{Leaf, Link};
use crate::node::Node;
use crate::walk::HUB_MAX;

/// What to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Where to start.
    pub from: Node,
    /// Where to go, if anywhere.
    pub to: Option<Node>,
    /// With `to`: what both are linked with, in place of the ways from one to the other.
    pub common: bool,
    /// Other nodes that are expanded, in order. One that the asker may not know of is left out.
    pub open: Vec<Node>,
    /// Links that a way has at most.
    pub hops: usize,
    /// How many neighbours of `from` are left out first, or how many common ones.
    pub offset: usize,
    /// How many neighbours of each expanded node are shown.
    pub limit: usize,
}

/// A node on a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which.
    pub node: Node,
    /// How many neighbours it has in all; counted up to one more than [`HUB_MAX`].
    pub degree: usize,
}

/// Two nodes of a chart that are linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// One, by its place in the chart.
    pub one: usize,
    /// The other.
    pub other: usize,
    /// Why.
    pub links: Vec<Link>,
}

/// A node whose neighbours are on the chart, as far as the limit goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// Which.
    pub node: usize,
    /// How many neighbours it has.
    pub total: usize,
    /// How many of them were left out first.
    pub offset: usize,
    /// How many of them were taken.
    pub shown: usize,
}

/// What is linked, each node once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chart {
    /// The nodes: where it starts, where it goes, and the others as they were met.
    pub nodes: Vec<Placed>,
    /// Every link between two of them, in the order of the nodes.
    pub links: Vec<Linked>,
    /// The nodes that were expanded.
    pub expanded: Vec<Expanded>,
    /// The shortest ways, each from its first node to its last.
    pub paths: Vec<Vec<usize>>,
    /// Whether there are more ways of that length.
    pub more_paths: bool,
    /// What both ends are linked with, where that was asked.
    pub common: Vec<usize>,
    /// How many of those there are in all.
    pub common_total: usize,
    /// Nodes with too many neighbours for a way to lead through them: the first that were met.
    pub hubs: Vec<usize>,
    /// How many of those were met.
    pub hubs_total: usize,
    /// Whether the search for ways gave up.
    pub gave_up: bool,
}

/// Hubs that a chart names.
const HUBS_NAMED: usize = 3;

impl Leaf<'_> {
    /// Draws a chart. `None` where the asker may not know that there is a node to start from, or to go to.
    pub fn chart(&self, wish: &Wish) -> Option<Chart> {
        let ends = [Some(&wish.from), wish.to.as_ref()];
        if ends.iter().flatten().any(|node| !self.knows(node)) {
            return None;
        }
        let mut drawn = Drawn { leaf: self, chart: Chart::default(), places: HashMap::new(), ends: 0 };
        ends.into_iter().flatten().for_each(|node| _ = drawn.place(node));
        drawn.ends = drawn.chart.nodes.len();
        match &wish.to {
            None => drawn.expand(&wish.from, wish.offset, wish.limit),
            Some(to) if wish.common => drawn.common(&wish.from, to, wish.offset, wish.limit),
            Some(to) => drawn.ways(&wish.from, to, wish.hops),
        }
        for node in wish.open.iter().filter(|node| self.knows(node)) {
            drawn.expand(node, 0, wish.limit);
        }
        Some(drawn.linked())
    }
}

struct Drawn<'a, 'b> {
    leaf: &'a Leaf<'b>,
    chart: Chart,
    places: HashMap<Node, usize>,
    /// How many nodes the question itself names to start from and to go to.
    ends: usize,
}

impl Drawn<'_, '_> {
    fn place(&mut self, node: &Node) -> usize {
        if let Some(at) = self.places.get(node) {
            return *at;
        }
        let at = self.chart.nodes.len();
        self.places.insert(node.clone(), at);
        self.chart.nodes.push(Placed { node: node.clone(), degree: self.leaf.degree(node, HUB_MAX) });
        at
    }

    fn expand(&mut self, node: &Node, offset: usize, limit: usize) {
        let place = self.place(node);
        if self.chart.expanded.iter().any(|expanded| expanded.node == place) {
            return;
        }
        let Some(page) = self.leaf.neighbours(node, offset, limit) else { return };
        let shown = page.neighbours.len();
        page.neighbours.iter().for_each(|neighbour| _ = self.place(&neighbour.node));
        self.chart.expanded.push(Expanded { node: place, total: page.total, offset, shown });
    }

    fn common(&mut self, one: &Node, other: &Node, offset: usize, limit: usize) {
        let Some(found) = self.leaf.common(one, other, offset, limit) else { return };
        self.chart.common = found.neighbours.iter().map(|(neighbour, _)| self.place(&neighbour.node)).collect();
        self.chart.common_total = found.total;
    }

    fn ways(&mut self, from: &Node, to: &Node, hops: usize) {
        let Some(found) = self.leaf.paths(from, to, hops) else { return };
        self.chart.paths =
            found.paths.iter().map(|path| path.nodes.iter().map(|node| self.place(node)).collect()).collect();
        self.chart.hubs = found.hubs.iter().take(HUBS_NAMED).map(|node| self.place(node)).collect();
        (self.chart.more_paths, self.chart.gave_up) = (found.more, found.gave_up);
        self.chart.hubs_total = found.hubs.len();
    }

    /// Adds every link between two nodes of the chart. Between two hubs only where a question led: whoever is linked with
    /// thousands would be looked through for each of the others.
    fn linked(mut self) -> Chart {
        let led: Vec<usize> = self.chart.expanded.iter().map(|it| it.node).chain(0..self.ends).collect();
        let mut found: HashMap<(usize, usize), Vec<Link>> = HashMap::new();
        let nos: Vec<(usize, No)> =
            (0..).zip(&self.chart.nodes).filter_map(|(at, placed)| Some((at, self.leaf.find(&placed.node)?))).collect();
        let numbers: Vec<No> = nos.iter().map(|(_, no)| *no).collect();
        for (at, no) in &nos {
            let hub = self.chart.nodes.get(*at).is_some_and(|placed| placed.degree > HUB_MAX);
            if hub && !led.contains(at) {
                continue;
            }
            for neighbour in self.leaf.with_links(*no, &numbers) {
                let Some(other) = self.places.get(&neighbour.node) else { continue };
                if !neighbour.links.is_empty() {
                    found.insert((*at.min(other), *at.max(other)), neighbour.links);
                }
            }
        }
        let mut links: Vec<Linked> =
            found.into_iter().map(|((one, other), links)| Linked { one, other, links }).collect();
        links.sort_unstable_by_key(|linked| (linked.one, linked.other));
        self.chart.links = links;
        self.chart
    }
}
