//! Puts rows together, the surest first, as long as that is more likely right than wrong.
//!
//! In:    pairs with their log odds, a way to weigh any two groups, people's decisions.
//! Out:   a cluster for each row.
//! Never: lets one strong pair chain two groups whose other pairs speak against it; joins what a decision parts.
//!
//! # How
//! Hierarchical, greedy, within each connected component of the pairs. A proposal to join two groups lies in a heap with
//! the odds that its parts had before they were groups, which is a guess from above; when it comes to the top it is weighed
//! exactly, and goes back. So only pairs of groups that have a chance are ever weighed. Ties go to the smaller rows.
#![expect(clippy::indexing_slicing, reason = "local numbers index the component's own lists")]

use std::collections::BinaryHeap;

use hashbrown::{HashMap, HashSet};

use crate::link::Scored;

/// Log odds from which groups are joined: even odds.
const THRESHOLD: f32 = 0.0;

/// What people decided about pairs of rows.
#[derive(Default)]
pub(crate) struct Decided {
    same: Vec<(u32, u32)>,
    different: HashSet<(u32, u32)>,
    linked: HashSet<(u32, u32)>,
}

impl Decided {
    pub(crate) fn of(same: &[(u32, u32)], different: &[(u32, u32)]) -> Decided {
        let ordered = |(a, b): &(u32, u32)| (*a.min(b), *a.max(b));
        let different: HashSet<(u32, u32)> = different.iter().map(ordered).collect();
        let linked: HashSet<(u32, u32)> =
            same.iter().map(ordered).filter(|pair| pair.0 != pair.1 && !different.contains(pair)).collect();
        let mut same: Vec<(u32, u32)> = linked.iter().copied().collect();
        same.sort_unstable();
        Decided { same, different, linked }
    }

    /// Pairs that are decided to be one person, in order.
    pub(crate) fn same(&self) -> &[(u32, u32)] {
        &self.same
    }

    /// What is decided about two groups: apart if any pair of theirs is, together if any pair of theirs is.
    fn about(&self, a: &[u32], b: &[u32]) -> Option<f32> {
        if self.same.is_empty() && self.different.is_empty() {
            return None;
        }
        let any = |set: &HashSet<(u32, u32)>| {
            !set.is_empty() && a.iter().any(|x| b.iter().any(|y| set.contains(&(*x.min(y), *x.max(y)))))
        };
        if any(&self.different) { Some(f32::NEG_INFINITY) } else { any(&self.linked).then_some(f32::INFINITY) }
    }
}

/// The cluster of each row: its smallest row. `join` gives the log odds of two groups of rows.
///
/// The objective: at every step the two groups with the highest log odds together are joined, as long as these are above
/// zero, which is where a join is more likely right than wrong. INVARIANT (parted records never meet): a pair that a
/// person parted makes the odds of its groups minus infinity, whatever the scores say.
pub(crate) fn clusters(
    rows: u32,
    scored: &[Scored],
    decided: &Decided,
    join: &mut dyn FnMut(&[u32], &[u32]) -> f32,
) -> Vec<u32> {
    let mut parent: Vec<u32> = (0..rows).collect();
    let known = scored.iter().map(|pair| (pair.a, pair.b, pair.ln_odds));
    let judged = decided.same.iter().filter(|(_, b)| *b < rows).map(|(a, b)| (*a, *b, f32::INFINITY));
    for (a, b, _) in known.clone().chain(judged.clone()) {
        let (a, b) = (top(&mut parent, a), top(&mut parent, b));
        if a != b {
            parent[a.max(b) as usize] = a.min(b);
        }
    }
    let mut by_component: Vec<(u32, u32, u32, f32)> = known
        .map(|(a, b, odds)| (a, b, decided.about(&[a], &[b]).unwrap_or(odds)))
        .chain(judged)
        .map(|(a, b, odds)| (top(&mut parent, a), a, b, odds))
        .collect();
    by_component.sort_unstable_by_key(|edge| (edge.0, edge.1, edge.2));
    by_component.dedup_by_key(|edge| (edge.1, edge.2));
    let mut cluster: Vec<u32> = (0..rows).collect();
    let mut with_decisions = |a: &[u32], b: &[u32]| decided.about(a, b).unwrap_or_else(|| join(a, b));
    for component in by_component.chunk_by(|x, y| x.0 == y.0) {
        if let [(_, a, b, odds)] = component {
            if *odds > THRESHOLD {
                cluster[*b as usize] = *a;
            }
            continue;
        }
        agglomerate(component, &mut with_decisions, &mut cluster);
    }
    cluster
}

pub(crate) fn top(parent: &mut [u32], mut at: u32) -> u32 {
    while parent[at as usize] != at {
        let up = parent[parent[at as usize] as usize];
        parent[at as usize] = up;
        at = up;
    }
    at
}

#[derive(PartialEq)]
struct Proposal {
    mean: f32,
    whole: bool,
    a: u32,
    b: u32,
    stamp: (u32, u32),
}
impl Eq for Proposal {}
impl Ord for Proposal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.mean
            .total_cmp(&other.mean)
            .then(self.whole.cmp(&other.whole))
            .then((other.a, other.b).cmp(&(self.a, self.b)))
    }
}
impl PartialOrd for Proposal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

fn agglomerate(component: &[(u32, u32, u32, f32)], join: &mut dyn FnMut(&[u32], &[u32]) -> f32, cluster: &mut [u32]) {
    let mut rows: Vec<u32> = component.iter().flat_map(|(_, a, b, _)| [*a, *b]).collect();
    rows.sort_unstable();
    rows.dedup();
    let local = |row: u32| rows.binary_search(&row).unwrap_or_default() as u32;
    let count = rows.len();
    let mut members: Vec<Vec<u32>> = rows.iter().map(|row| vec![*row]).collect();
    let mut stamp: Vec<u32> = vec![0; count];
    let mut links: Vec<HashMap<u32, f32>> = vec![HashMap::new(); count];
    let mut heap: BinaryHeap<Proposal> = BinaryHeap::with_capacity(component.len());
    for (_, a, b, s) in component {
        let (a, b) = (local(*a), local(*b));
        links[a as usize].insert(b, *s);
        links[b as usize].insert(a, *s);
        if *s > THRESHOLD {
            heap.push(Proposal { mean: *s, whole: true, a: a.min(b), b: a.max(b), stamp: (0, 0) });
        }
    }
    while let Some(top) = heap.pop() {
        let (a, b) = (top.a as usize, top.b as usize);
        if (stamp[a], stamp[b]) != top.stamp || members[a].is_empty() || members[b].is_empty() {
            continue;
        }
        if !top.whole {
            let mean = join(&members[a], &members[b]);
            links[a].insert(top.b, mean);
            links[b].insert(top.a, mean);
            if mean > THRESHOLD {
                heap.push(Proposal { mean, whole: true, ..top });
            }
            continue;
        }
        // b goes into a.
        let moved = std::mem::take(&mut members[b]);
        members[a].extend(moved);
        stamp[a] += 1;
        stamp[b] += 1;
        let of_b = std::mem::take(&mut links[b]);
        links[a].remove(&top.b);
        for (other, mean) in of_b {
            if other == top.a {
                continue;
            }
            links[other as usize].remove(&top.b);
            let link = links[a].entry(other).or_insert(mean);
            *link = link.max(mean);
        }
        let own: Vec<(u32, f32)> = links[a].iter().map(|(other, link)| (*other, *link)).collect();
        for (other, mean) in own {
            links[other as usize].insert(top.a, mean);
            if mean > THRESHOLD {
                let (x, y) = (top.a.min(other), top.a.max(other));
                heap.push(Proposal { mean, whole: false, a: x, b: y, stamp: (stamp[x as usize], stamp[y as usize]) });
            }
        }
    }
    for group in members {
        let Some(least) = group.iter().min() else { continue };
        for row in &group {
            cluster[*row as usize] = *least;
        }
    }
}
