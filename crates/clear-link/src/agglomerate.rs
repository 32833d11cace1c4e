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
    score: &dyn Fn(u32, u32) -> f32,
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
        agglomerate(component, objective, score, &mut cluster);
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
    score: &dyn Fn(u32, u32) -> f32,
    cluster: &mut [u32],
) {
    let mut rows: Vec<u32> = component.iter().flat_map(|(_, a, b, _)| [*a, *b]).collect();
    rows.sort_unstable();
    rows.dedup();
    let local = |row: u32| rows.binary_search(&row).unwrap_or_default() as u32;
    let count = rows.len();
    let clamp = |s: f32| s.clamp(objective.least, objective.most);
    let mut members: Vec<Vec<u32>> = (0..count as u32).map(|row| vec![row]).collect();
    let mut stamp: Vec<u32> = vec![0; count];
    // (sum, pairs seen) between clusters.
    let mut links: Vec<HashMap<u32, (f32, u32)>> = vec![HashMap::new(); count];
    let mut known: HashMap<u64, f32> = HashMap::with_capacity(component.len());
    let mut heap: BinaryHeap<Proposal> = BinaryHeap::with_capacity(component.len());
    for (_, a, b, s) in component {
        let (a, b, s) = (local(*a), local(*b), clamp(*s));
        links[a as usize].insert(b, (s, 1));
        links[b as usize].insert(a, (s, 1));
        known.insert(u64::from(a.min(b)) << 32 | u64::from(a.max(b)), s);
        if s > objective.threshold {
            heap.push(Proposal { mean: s, whole: true, a: a.min(b), b: a.max(b), stamp: (0, 0) });
        }
    }
    while let Some(top) = heap.pop() {
        let (a, b) = (top.a as usize, top.b as usize);
        if (stamp[a], stamp[b]) != top.stamp || members[a].is_empty() || members[b].is_empty() {
            continue;
        }
        if !top.whole {
            let mut sum = 0.0;
            for x in &members[a] {
                for y in &members[b] {
                    let pair = u64::from(*x.min(y)) << 32 | u64::from(*x.max(y));
                    sum += *known.entry(pair).or_insert_with(|| clamp(score(rows[*x as usize], rows[*y as usize])));
                }
            }
            let pairs = (members[a].len() * members[b].len()) as u32;
            links[a].insert(top.b, (sum, pairs));
            links[b].insert(top.a, (sum, pairs));
            let mean = sum / pairs as f32;
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
        for (other, (sum, pairs)) in of_b {
            if other == top.a {
                continue;
            }
            links[other as usize].remove(&top.b);
            let link = links[a].entry(other).or_insert((0.0, 0));
            link.0 += sum;
            link.1 += pairs;
        }
        let own: Vec<(u32, (f32, u32))> = links[a].iter().map(|(other, link)| (*other, *link)).collect();
        for (other, link) in own {
            links[other as usize].insert(top.a, link);
            let pairs = (members[a].len() * members[other as usize].len()) as u32;
            let mean = link.0 / link.1 as f32;
            if mean > objective.threshold {
                let (x, y) = (top.a.min(other), top.a.max(other));
                heap.push(Proposal {
                    mean,
                    whole: link.1 == pairs,
                    a: x,
                    b: y,
                    stamp: (stamp[x as usize], stamp[y as usize]),
                });
            }
        }
    }
    for group in members {
        let Some(least) = group.iter().min() else { continue };
        for row in &group {
            cluster[rows[*row as usize] as usize] = rows[*least as usize];
        }
    }
}
