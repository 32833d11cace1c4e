//! Shortest paths from one node to another.

use std::collections::HashMap;

use crate::graph::No;
use crate::leaf::{Leaf, Link};
use crate::node::Node;

/// Links that a path has at most. Beyond six, nearly everybody is linked with nearly everybody, which says nothing.
pub const HOPS_MAX: usize = 6;
/// A node with more neighbours than this is a hub: a path may begin or end there and does not lead through it, because whatever
/// passes a garage's address or a tow yard's telephone is no acquaintance.
pub const HUB_MAX: usize = 200;
/// Nodes whose neighbours are looked at before a search gives up.
pub const LOOKED_AT_MAX: usize = 20_000;
/// Paths that are given at most.
pub const PATHS_MAX: usize = 10;

/// A path: nodes in order, and between two of them what links them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The nodes, both ends included.
    pub nodes: Vec<Node>,
    /// The links from each node to the next.
    pub links: Vec<Vec<Link>>,
}

/// What a search for paths found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The shortest paths, all of one length, at most [`PATHS_MAX`]; in order.
    pub paths: Vec<Path>,
    /// Whether there are more of that length.
    pub more: bool,
    /// Hubs that no path was led through, in the order in which they were met.
    pub hubs: Vec<Node>,
    /// Whether the search gave up after [`LOOKED_AT_MAX`] nodes.
    pub gave_up: bool,
}

impl Leaf<'_> {
    /// The shortest paths of at most `hops` links between two nodes. `None` where the asker may not know that there is one of
    /// the two.
    ///
    /// # How
    /// Breadth first from the end that is no hub, or from the first: level by level, each node's neighbours in the order of
    /// every answer. What is counted for giving up is what the asker sees.
    pub fn paths(&self, from: &Node, to: &Node, hops: usize) -> Option<Paths> {
        if !self.knows(from) || !self.knows(to) {
            return None;
        }
        let nothing = Paths { paths: Vec::new(), more: false, hubs: Vec::new(), gave_up: false };
        let (Some(one), Some(other)) = (self.find(from), self.find(to)) else { return Some(nothing) };
        if one == other {
            return Some(nothing);
        }
        let hub = |no: No| self.degree_of(no, HUB_MAX) > HUB_MAX;
        let turned = hub(one) && !hub(other);
        let (start, end) = if turned { (other, one) } else { (one, other) };
        let mut walk = Walk::from(start);
        let found = walk.to(self, end, hops.min(HOPS_MAX));
        let mut paths: Vec<Vec<No>> = Vec::new();
        if found {
            walk.back(end, &mut vec![end], &mut paths);
        }
        let more = paths.len() > PATHS_MAX;
        paths.truncate(PATHS_MAX);
        if !turned {
            paths.iter_mut().for_each(|path| path.reverse());
        }
        let path = |nos: &Vec<No>| Path {
            nodes: nos.iter().filter_map(|no| self.node(*no)).collect(),
            links: nos.iter().zip(nos.iter().skip(1)).map(|(one, other)| self.between(*one, *other)).collect(),
        };
        Some(Paths {
            paths: paths.iter().map(path).collect(),
            more,
            hubs: walk.hubs.iter().filter_map(|no| self.node(*no)).collect(),
            gave_up: walk.gave_up,
        })
    }

    fn between(&self, one: No, other: No) -> Vec<Link> {
        self.with_links(one, &[other]).pop().map(|neighbour| neighbour.links).unwrap_or_default()
    }
}

/// A search that goes on level by level.
struct Walk {
    start: No,
    /// How many links from the start, and over which nodes, in order.
    seen: HashMap<No, (usize, Vec<No>)>,
    hubs: Vec<No>,
    looked_at: usize,
    gave_up: bool,
}

impl Walk {
    fn from(start: No) -> Walk {
        Walk { start, seen: HashMap::from([(start, (0, Vec::new()))]), hubs: Vec::new(), looked_at: 0, gave_up: false }
    }

    /// Whether the end is reached.
    fn to(&mut self, leaf: &Leaf<'_>, end: No, hops: usize) -> bool {
        let mut level = vec![self.start];
        for hop in 1..=hops {
            let mut next = Vec::new();
            for no in std::mem::take(&mut level) {
                if self.looked_at == LOOKED_AT_MAX {
                    self.gave_up = true;
                    break;
                }
                self.looked_at += 1;
                if no != self.start && leaf.degree_of(no, HUB_MAX) > HUB_MAX {
                    self.hubs.push(no);
                    continue;
                }
                for other in leaf.ordered(no) {
                    match self.seen.get_mut(&other) {
                        None => {
                            self.seen.insert(other, (hop, vec![no]));
                            next.push(other);
                        }
                        Some((at, before)) if *at == hop => before.push(no),
                        Some(_) => {}
                    }
                }
            }
            if self.seen.contains_key(&end) {
                return true;
            }
            if next.is_empty() || self.gave_up {
                return false;
            }
            level = next;
        }
        false
    }

    /// Goes back from a node to the start, one more path than are given.
    fn back(&self, at: No, path: &mut Vec<No>, paths: &mut Vec<Vec<No>>) {
        if paths.len() > PATHS_MAX {
            return;
        }
        if at == self.start {
            paths.push(path.clone());
            return;
        }
        for before in self.seen.get(&at).map(|(_, before)| before.as_slice()).unwrap_or_default() {
            path.push(*before);
            self.back(*before, path, paths);
            path.pop();
        }
    }
}
