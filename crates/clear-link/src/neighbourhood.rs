//! Which person records are the same person, under a Sight.
//!
//! In:    the person records that the asker may see, and people's [`Judgement`]s about pairs of them.
//! Out:   [`Cluster`]s, every join with its [`Edge`] and reason.
//! Never: sees a record that it was not given, so that a hidden record bridges nothing; takes a weight or a rarity from
//!        records; joins two records that a judgement parts; depends on the order in which it is given them.
//!
//! # How
//! The engine with declared weights (`declared`), over names, date of birth and identity number: the fields of the class
//! that whoever may see the record at all may see. Records are put in the order of their ids first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clear_record::{Person, RecordId};
use sha2::{Digest as _, Sha256};

use crate::agglomerate::{self, Decided};
use crate::block;
use crate::compare::{MISSING, Pattern};
use crate::declared;
use crate::explain::Waterfall;
use crate::link::{Scored, together};
use crate::model::Model;
use crate::prepared::Prepared;
use crate::role::Role;
use crate::table::Table;

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
}

/// Why two records are joined. `Display` says it in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A person judged so.
    Judged,
    /// They are alike.
    Alike {
        /// The probability that they are one person, by the model, in thousandths, rounded down.
        per_mille: u16,
        /// What agrees, in words, what says most first.
        agrees: Vec<String>,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Judged => f.write_str("judged to be the same person"),
            Why::Alike { per_mille, agrees } => {
                write!(f, "{} ({}.{} %)", agrees.join(", "), per_mille / 10, per_mille % 10)
            }
        }
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

/// The records of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The records, by id; at least one.
    pub members: Vec<RecordId>,
    /// What joins them, one fewer than members at most: a record that only the group's fields together brought in may
    /// have none.
    pub edges: Vec<Edge>,
    /// What would have joined a member to another cluster, if a judgement did not part them.
    pub refused: Vec<Edge>,
}

impl Cluster {
    /// The cluster's own id.
    pub fn id(&self) -> ClusterId {
        ClusterId::of(&self.members)
    }
}

/// The id of a cluster: who sees the same records together sees the same id, and nobody else does. It is made of the members'
/// ids alone, so that it changes when a record joins or leaves, and tells of no record that the asker does not see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId([u8; 16]);

impl ClusterId {
    /// The id of these members, in any order: the first half of the SHA-256 of their ids in order, each as it is written,
    /// behind the words that say what it is of.
    pub fn of(members: &[RecordId]) -> ClusterId {
        let members: BTreeSet<RecordId> = members.iter().copied().collect();
        let mut hash = Sha256::new();
        hash.update(b"openclear cluster 1\n");
        members.iter().for_each(|id| hash.update(format!("{id}\n")));
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(digest.split_at(16).0);
        ClusterId(id)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("same_")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const ROLES: [Role; 5] = [Role::GivenName, Role::MiddleName, Role::Surname, Role::DateOfBirth, Role::IdNumber];

/// So few records are compared each with each.
const FEW: usize = 100;

/// The clusters of these records, by their smallest id. Every record is in exactly one; judgements about others are
/// not looked at.
pub fn cluster(persons: &[(RecordId, &Person)], judgements: &[Judgement]) -> Vec<Cluster> {
    let persons: BTreeMap<RecordId, &Person> = persons.iter().copied().collect();
    let ids: Vec<RecordId> = persons.keys().copied().collect();
    let prepared = prepared(persons.values().copied());
    let model = declared::shipped().model.fitted_to(&prepared.comparisons);
    let mut pattern = Pattern::default();
    let scored: Vec<Scored> = candidates(&prepared)
        .into_iter()
        .filter_map(|(a, b)| {
            prepared.compare(a, b, &mut pattern);
            let ln_odds = model.score(&pattern);
            (ln_odds > 0.0).then_some(Scored { a, b, ln_odds })
        })
        .collect();
    let row = |id: &RecordId| ids.binary_search(id).ok().map(|row| row as u32);
    let pairs = |wanted: bool| -> Vec<(u32, u32)> {
        let of = |judgement: &Judgement| match judgement {
            Judgement::Same(a, b) if wanted && a != b => row(a).zip(row(b)),
            Judgement::Different(a, b) if !wanted && a != b => row(a).zip(row(b)),
            _ => None,
        };
        judgements.iter().filter_map(of).collect()
    };
    let (same, different) = (pairs(true), pairs(false));
    let decided = Decided::of(&same, &different);
    let clusters = agglomerate::clusters(prepared.rows, &scored, &decided, &mut |a, b| {
        together(&prepared, &model, a, b, &mut pattern)
    });
    let edges = Edges { ids: &ids, prepared: &prepared, model: &model };
    edges.clusters(&clusters, &scored, &decided, &different)
}

/// Why two records are, or are not, one person, by the declared weights.
pub fn explain(a: &Person, b: &Person) -> Waterfall {
    let prepared = prepared([a, b].into_iter());
    let model = declared::shipped().model.fitted_to(&prepared.comparisons);
    crate::explain::waterfall(&prepared, &model, 0, 1)
}

fn prepared<'a>(persons: impl Iterator<Item = &'a Person>) -> Prepared {
    let mut prepared = Prepared::of(Table::new(&ROLES));
    for person in persons {
        let birth = person.date_of_birth.map(|birth| birth.to_string());
        let text = |field: &'a Option<String>| field.as_deref().unwrap_or_default();
        let names = [text(&person.given_name), text(&person.middle_name), text(&person.family_name)];
        let others = [birth.as_deref().unwrap_or_default(), text(&person.identity_number)];
        prepared.push(names.into_iter().chain(others));
    }
    prepared.declare(|role, value| declared::shipped().ln(role, value));
    prepared
}

fn candidates(prepared: &Prepared) -> Vec<(u32, u32)> {
    if (prepared.rows as usize) <= FEW {
        return (0..prepared.rows).flat_map(|a| (a + 1..prepared.rows).map(move |b| (a, b))).collect();
    }
    block::pairs(prepared).0.into_iter().map(|pair| ((pair >> 32) as u32, pair as u32)).collect()
}

struct Edges<'a> {
    ids: &'a [RecordId],
    prepared: &'a Prepared,
    model: &'a Model,
}

impl Edges<'_> {
    fn clusters(
        &self,
        clusters: &[u32],
        scored: &[Scored],
        decided: &Decided,
        different: &[(u32, u32)],
    ) -> Vec<Cluster> {
        let mut found: BTreeMap<u32, Cluster> = BTreeMap::new();
        for (id, cluster) in self.ids.iter().zip(clusters) {
            found.entry(*cluster).or_default().members.push(*id);
        }
        let of = |row: u32| clusters.get(row as usize).copied().unwrap_or(row);
        let parted: BTreeSet<(u32, u32)> =
            different.iter().flat_map(|(a, b)| [(of(*a), of(*b)), (of(*b), of(*a))]).collect();
        // What joins a cluster: judgements, then the most likely pairs that bring something together.
        let mut sorted: Vec<&Scored> = scored.iter().collect();
        sorted.sort_unstable_by(|x, y| y.ln_odds.total_cmp(&x.ln_odds).then((x.a, x.b).cmp(&(y.a, y.b))));
        let judged = decided.same().iter().map(|(a, b)| (*a, *b, true));
        let mut parent: Vec<u32> = (0..self.ids.len() as u32).collect();
        for (a, b, is_judged) in judged.chain(sorted.iter().map(|pair| (pair.a, pair.b, false))) {
            let edge = || self.edge(a, b, is_judged);
            if of(a) == of(b) {
                let (x, y) = (agglomerate::top(&mut parent, a), agglomerate::top(&mut parent, b));
                if x != y
                    && let Some(slot) = parent.get_mut(x.max(y) as usize)
                {
                    *slot = x.min(y);
                    found.entry(of(a)).or_default().edges.extend(edge());
                }
            } else if parted.contains(&(of(a), of(b))) {
                found.entry(of(a)).or_default().refused.extend(edge());
                found.entry(of(b)).or_default().refused.extend(edge());
            }
        }
        let mut found: Vec<Cluster> = found.into_values().collect();
        for cluster in &mut found {
            cluster.edges.sort();
            cluster.refused.sort();
            cluster.refused.dedup();
        }
        found
    }

    fn edge(&self, a: u32, b: u32, judged: bool) -> Option<Edge> {
        let id = |row: u32| self.ids.get(row as usize).copied();
        let why = if judged { Why::Judged } else { self.alike(a, b) };
        Some(Edge { a: id(a.min(b))?, b: id(a.max(b))?, why })
    }

    fn alike(&self, a: u32, b: u32) -> Why {
        let mut pattern = Pattern::default();
        self.prepared.compare(a, b, &mut pattern);
        let probability = 1.0 / (1.0 + (-self.model.score(&pattern)).exp());
        let waterfall = crate::explain::waterfall(self.prepared, self.model, a, b);
        let mut steps: Vec<_> = waterfall.steps.iter().filter(|step| step.bits > 0.0).collect();
        steps.sort_by(|x, y| y.bits.total_cmp(&x.bits));
        let said =
            |step: &&crate::Step| step.level.map(|level| format!("{}: {level}", step.role.name().replace('_', " ")));
        debug_assert!(pattern.level.iter().any(|level| *level != MISSING));
        Why::Alike { per_mille: (probability * 1000.0) as u16, agrees: steps.iter().filter_map(said).collect() }
    }
}
