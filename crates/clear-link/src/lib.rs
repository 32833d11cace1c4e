//! Which person records are the same person.
//!
//! In:    the person records that the asker may see, and people's [`Judgement`]s about pairs of them.
//! Out:   [`Cluster`]s, every join with its [`Edge`] and reason; [`block_keys`] to find a record's neighbourhood.
//! Never: reads the store; sees a record that it was not given, so that a hidden record bridges nothing; joins two
//!        records that a judgement parts.
//!
//! # How
//! Rules give each record keys; two records with a key in common have an edge. Judgements come first, then the rules,
//! strongest first. INVARIANT (parted records never meet): a join is refused where it would bring together two records
//! that a judgement parts, so of the edges that join them the weakest are the ones that go. The answer is a pure
//! function of the two sets: the order in which they are given does not matter.
//!
//! # Change here
//! A rule: [`Why`] and `keys` below it. What a judgement outranks: `cluster`.

mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clear_record::{Person, RecordId};

pub use keys::{BlockKey, block_keys};

/// What a person decided about two records. A record itself; here it is data passed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judgement {
    /// They are the same person.
    Same(RecordId, RecordId),
    /// They are not. Outranks everything, also a judgement that says the same.
    Different(RecordId, RecordId),
}

impl Judgement {
    /// The two records that it is about.
    pub fn about(&self) -> [RecordId; 2] {
        let (Judgement::Same(a, b) | Judgement::Different(a, b)) = *self;
        [a, b]
    }

    /// The same judgement with the smaller id first: who was named first does not matter.
    fn ordered(&self) -> Judgement {
        match *self {
            Judgement::Same(a, b) => Judgement::Same(a.min(b), a.max(b)),
            Judgement::Different(a, b) => Judgement::Different(a.min(b), a.max(b)),
        }
    }
}

/// Why two records are joined, strongest first. `Display` says it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A person judged so.
    Judged,
    /// The same identity number and date of birth.
    NumberAndBirth,
    /// The same identity number and full name.
    NumberAndName,
    /// The same full name and date of birth.
    NameAndBirth,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Judged => "judged to be the same person",
            Why::NumberAndBirth => "same identity number and date of birth",
            Why::NumberAndName => "same identity number and full name",
            Why::NameAndBirth => "same full name and date of birth",
        })
    }
}

/// Two records that are the same person as far as this reason goes; `a` is the smaller id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// One record.
    pub a: RecordId,
    /// The other.
    pub b: RecordId,
    /// Why.
    pub why: Why,
}

impl Edge {
    fn of(a: RecordId, b: RecordId, why: Why) -> Edge {
        Edge { a: a.min(b), b: a.max(b), why }
    }
}

/// The records of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The records, by id; at least one.
    pub members: Vec<RecordId>,
    /// What joins them: one fewer than members.
    pub edges: Vec<Edge>,
    /// What would have joined a member to another cluster, if a judgement did not part them.
    pub refused: Vec<Edge>,
}

/// The clusters of these records, by their smallest id. Every record is in exactly one; judgements about others are
/// not looked at.
pub fn cluster(persons: &[(RecordId, &Person)], judgements: &[Judgement]) -> Vec<Cluster> {
    let ids: BTreeSet<RecordId> = persons.iter().map(|(id, _)| *id).collect();
    let judgements: BTreeSet<Judgement> = judgements.iter().map(Judgement::ordered).collect();
    let mut groups = Groups::of(&ids);
    for judgement in &judgements {
        if let Judgement::Different(a, b) = judgement {
            groups.part(*a, *b);
        }
    }
    for judgement in &judgements {
        if let Judgement::Same(a, b) = judgement
            && a != b
            && ids.contains(a)
            && ids.contains(b)
        {
            groups.join(Edge::of(*a, *b, Why::Judged));
        }
    }
    // The map sorts by rule first: stronger rules join before weaker ones.
    let mut blocks: BTreeMap<(Why, String), BTreeSet<RecordId>> = BTreeMap::new();
    for (id, person) in persons {
        for key in keys::of(person) {
            blocks.entry(key).or_default().insert(*id);
        }
    }
    for ((why, _), members) in &blocks {
        join_block(&mut groups, *why, members);
    }
    groups.clusters()
}

/// Joins each record of a block to the first group of the block that may have it. Linear in the block unless
/// judgements split it: a million records with one key are a million joins, not a million million.
fn join_block(groups: &mut Groups, why: Why, members: &BTreeSet<RecordId>) {
    let mut leaders: Vec<RecordId> = Vec::new();
    for member in members {
        let mut refused = Vec::new();
        let joined = leaders.iter().any(|leader| {
            let edge = Edge::of(*leader, *member, why);
            let met = groups.meet(&edge);
            if !met {
                refused.push(edge);
            }
            met
        });
        groups.refused.extend(refused);
        if !joined {
            leaders.push(*member);
        }
    }
}

/// Union-find with enemies: each group knows the groups that it may not meet.
struct Groups {
    leader: BTreeMap<RecordId, RecordId>,
    size: BTreeMap<RecordId, usize>,
    enemies: BTreeMap<RecordId, BTreeSet<RecordId>>,
    joined: Vec<Edge>,
    refused: BTreeSet<Edge>,
}

impl Groups {
    fn of(ids: &BTreeSet<RecordId>) -> Groups {
        Groups {
            leader: ids.iter().map(|id| (*id, *id)).collect(),
            size: BTreeMap::new(),
            enemies: BTreeMap::new(),
            joined: Vec::new(),
            refused: BTreeSet::new(),
        }
    }

    fn leader(&mut self, id: RecordId) -> RecordId {
        let mut top = id;
        while let Some(next) = self.leader.get(&top).filter(|next| **next != top) {
            top = *next;
        }
        // Everything on the way now points to the top.
        let mut at = id;
        while at != top {
            at = self.leader.insert(at, top).unwrap_or(top);
        }
        top
    }

    fn part(&mut self, a: RecordId, b: RecordId) {
        if a != b && self.leader.contains_key(&a) && self.leader.contains_key(&b) {
            self.enemies.entry(a).or_default().insert(b);
            self.enemies.entry(b).or_default().insert(a);
        }
    }

    fn join(&mut self, edge: Edge) {
        if !self.meet(&edge) {
            self.refused.insert(edge);
        }
    }

    /// Whether the two are in one group now.
    fn meet(&mut self, edge: &Edge) -> bool {
        let (a, b) = (self.leader(edge.a), self.leader(edge.b));
        if a == b {
            return true;
        }
        // INVARIANT (parted records never meet).
        if self.enemies.get(&a).is_some_and(|enemies| enemies.contains(&b)) {
            return false;
        }
        let size = |id: &RecordId| self.size.get(id).copied().unwrap_or(1);
        let (large, small) = if size(&a) >= size(&b) { (a, b) } else { (b, a) };
        let both = size(&a) + size(&b);
        self.size.insert(large, both);
        self.leader.insert(small, large);
        for enemy in self.enemies.remove(&small).unwrap_or_default() {
            if let Some(of_enemy) = self.enemies.get_mut(&enemy) {
                of_enemy.remove(&small);
                of_enemy.insert(large);
            }
            self.enemies.entry(large).or_default().insert(enemy);
        }
        self.joined.push(edge.clone());
        true
    }

    fn clusters(mut self) -> Vec<Cluster> {
        let ids: Vec<RecordId> = self.leader.keys().copied().collect();
        let mut clusters: BTreeMap<RecordId, Cluster> = BTreeMap::new();
        for id in ids {
            clusters.entry(self.leader(id)).or_default().members.push(id);
        }
        for edge in std::mem::take(&mut self.joined) {
            clusters.entry(self.leader(edge.a)).or_default().edges.push(edge);
        }
        for edge in std::mem::take(&mut self.refused) {
            for side in BTreeSet::from([self.leader(edge.a), self.leader(edge.b)]) {
                clusters.entry(side).or_default().refused.push(edge.clone());
            }
        }
        let mut clusters: Vec<Cluster> = clusters.into_values().collect();
        clusters.iter_mut().for_each(|cluster| cluster.edges.sort());
        clusters.sort_by(|a, b| a.members.cmp(&b.members));
        clusters
    }
}
