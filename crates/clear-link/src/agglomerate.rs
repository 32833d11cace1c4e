//! Puts rows together, the surest first, as long as that is more likely right than wrong.
//!
//! In:    pairs with their log odds, and a way to score any other pair.
//! Out:   a cluster number for each row.
//! Never: lets one strong pair chain two groups whose other pairs speak against it; depends on the order of the rows.
#![expect(clippy::indexing_slicing, reason = "local numbers index the component's own lists")]

use std::collections::BinaryHeap;

use hashbrown::HashMap;

/// Log odds beyond which a pair counts no more: one pair alone shall not decide over many.
pub(crate) struct Objective {
    pub(crate) most: f32,
    pub(crate) least: f32,
    pub(crate) threshold: f32,
}

pub(crate) fn clusters(
    rows: u32,
    edges: &[(u32, u32, f32)],
    objective: &Objective,
    join: &mut dyn FnMut(&[u32], &[u32]) -> f32,
) -> Vec<u32> {
    let mut parent: Vec<u32> = (0..rows).collect();
    for (a, b, _) in edges {
        let (a, b) = (top(&mut parent, *a), top(&mut parent, *b));
        if a != b {
            parent[a.max(b) as usize] = a.min(b);
        }
    }
    // Edges by component: sort by (top, a, b).
    let mut by_component: Vec<(u32, u32, u32, f32)> =
        edges.iter().map(|(a, b, s)| (top(&mut parent, *a), *a, *b, *s)).collect();
    by_component.sort_unstable_by(|x, y| (x.0, x.1, x.2).cmp(&(y.0, y.1, y.2)));
    let mut cluster: Vec<u32> = (0..rows).collect();
    for component in by_component.chunk_by(|x, y| x.0 == y.0) {
        if let [(_, a, b, s)] = component {
            if *s > objective.threshold {
                cluster[*b as usize] = *a;
            }
            continue;
        }
        agglomerate(component, objective, join, &mut cluster);
    }
    cluster
}

fn top(parent: &mut [u32], mut at: u32) -> u32 {
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

fn agglomerate(
    component: &[(u32, u32, u32, f32)],
    objective: &Objective,
    join: &mut dyn FnMut(&[u32], &[u32]) -> f32,
    cluster: &mut [u32],
) {
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
        if *s > objective.threshold {
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
            if mean > objective.threshold {
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
            if mean > objective.threshold {
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
