//! A new record is linked as it arrives.
//!
//! In:    a linked table; then rows, one at a time.
//! Out:   the cluster that each joins, and the pairs that say so.
//! Never: learns: weights and rarities stay as they were when the table was linked, so that a row gets the same answer
//!        whatever came between; moves a row out of its cluster.
//!
//! # How
//! The same keys as in the batch find the same candidates, the same model weighs them. A row joins the cluster with the
//! highest odds together, if these are even or better; then clusters that it brings together are joined while that is so.
//!
//! The bound: a batch of the same rows joins in another order, the surest first, and may part what was joined here. Where
//! the last tenth of 100,000 records arrives one at a time, fewer than one pair of records in two hundred is joined otherwise
//! than in the batch (test `arriving_one_at_a_time_is_nearly_the_batch`).

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::block::{self, Atoms, WHOLE_BLOCK};
use crate::compare::Pattern;
use crate::link::{Linked, Scored, together};
use crate::model::Model;
use crate::prepared::Prepared;

/// A linked table that grows.
pub struct Linker {
    prepared: Prepared,
    model: Model,
    atoms: Atoms,
    needed: f32,
    /// Key (32 bits) and row of the rows that were linked together, in order.
    settled: Vec<u64>,
    arrived: HashMap<u32, Vec<u32>>,
    cluster: Vec<u32>,
    members: HashMap<u32, Vec<u32>>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// Its number.
    pub row: u32,
    /// The smallest row of its cluster; its own number if it is alone.
    pub cluster: u32,
    /// The pairs that speak for a link, the strongest first.
    pub pairs: Vec<Scored>,
}

impl Linker {
    /// A linker that goes on where a batch ended.
    pub fn new(linked: Linked) -> Linker {
        let Linked { prepared, model, clusters, .. } = linked;
        let atoms = Atoms::of(&prepared);
        let needed = block::needed(prepared.rows);
        let mut settled = Vec::new();
        for row in 0..prepared.rows {
            atoms.keys(&prepared, row, needed, &mut |key| settled.push((key >> 32) << 32 | u64::from(row)));
        }
        settled.sort_unstable();
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        for (row, cluster) in clusters.iter().enumerate() {
            if row as u32 != *cluster {
                members.entry(*cluster).or_insert_with(|| vec![*cluster]).push(row as u32);
            }
        }
        Linker { prepared, model, atoms, needed, settled, arrived: HashMap::new(), cluster: clusters, members }
    }

    /// How many rows there are.
    pub fn rows(&self) -> u32 {
        self.prepared.rows
    }

    /// The cluster of each row: its smallest row.
    pub fn clusters(&self) -> &[u32] {
        &self.cluster
    }

    /// Adds a row, its values in the order of the table's roles, and links it.
    pub fn insert<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) -> Arrived {
        let row = self.prepared.push(values);
        let mut candidates: BTreeSet<u32> = BTreeSet::new();
        let mut keys: Vec<u32> = Vec::new();
        self.atoms.keys(&self.prepared, row, self.needed, &mut |key| keys.push((key >> 32) as u32));
        for key in keys {
            let start = self.settled.partition_point(|entry| ((entry >> 32) as u32) < key);
            let block = self.settled.iter().skip(start).take_while(|entry| (*entry >> 32) as u32 == key);
            candidates.extend(block.take(WHOLE_BLOCK).map(|entry| *entry as u32));
            let block = self.arrived.entry(key).or_default();
            candidates.extend(block.iter().rev().take(WHOLE_BLOCK));
            block.push(row);
        }
        candidates.remove(&row);
        let mut pattern = Pattern::default();
        let mut pairs = Vec::new();
        for other in candidates {
            self.prepared.compare(other, row, &mut pattern);
            let ln_odds = self.model.score(&pattern);
            if ln_odds > 0.0 {
                pairs.push(Scored { a: other, b: row, ln_odds });
            }
        }
        pairs.sort_unstable_by(|a, b| b.ln_odds.total_cmp(&a.ln_odds).then(a.a.cmp(&b.a)));
        self.cluster.push(row);
        let near: BTreeSet<u32> = pairs.iter().filter_map(|pair| self.cluster.get(pair.a as usize).copied()).collect();
        let cluster = self.join(row, near, &mut pattern);
        Arrived { row, cluster, pairs }
    }

    fn join(&mut self, row: u32, mut near: BTreeSet<u32>, pattern: &mut Pattern) -> u32 {
        let mut own = row;
        while !near.is_empty() {
            let of = |cluster: u32| self.members.get(&cluster).cloned().unwrap_or_else(|| vec![cluster]);
            let mine = of(own);
            let odds =
                near.iter().map(|other| (together(&self.prepared, &self.model, &mine, &of(*other), pattern), *other));
            let best = odds.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            let Some((_, other)) = best.filter(|(odds, _)| *odds > 0.0) else { break };
            near.remove(&other);
            let mut both = mine;
            both.extend(of(other));
            both.sort_unstable();
            self.members.remove(&own);
            self.members.remove(&other);
            own = own.min(other);
            for member in &both {
                if let Some(cluster) = self.cluster.get_mut(*member as usize) {
                    *cluster = own;
                }
            }
            self.members.insert(own, both);
        }
        own
    }
}
