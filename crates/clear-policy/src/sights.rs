//! What the rules open on every label, remembered by everything that they were given.
//!
//! In:    a question as the rules see it ([`Slice`]), the register, the rules, the labels in use.
//! Out:   a [`Sight`]: what may be read, for each relation to a record.
//! Never: uses what was remembered for other rules, another register, a past interval or other labels; compares by a hash
//!        alone; keeps a verdict that the rules could not give.
//!
//! # How
//! Memories, one in the other. *Grants*, by everything that a decision is a function of: the same question asked again.
//! *Sights*, by the whole slice, the rules' digest, the register's version, the interval
//! between two of its dates and the number of labels: the answer to a question that was asked before. *Verdicts*, by their
//! essence (`essence.rs`): what is left to look up when the register changed, and almost always there, because a new entry
//! makes few questions that are like none before. *Labels*, by owners and shape: twenty thousand labels have a few hundred
//! owner sets and shapes, and agreements are read once for each owner set and kind.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use clear_record::{
    AgencyId, FieldClass, Inquiry, Kind, Label, LabelSet, PerClass, Purpose, Reach, Relation, Standing, UseCode,
};
use jiff::Timestamp;

use crate::essence::{Asker, Parties, Shape, seen};
use crate::{Grant, Order, Reads, Register, RuleFault, Rules, Slice, Verdict};

/// What verdicts are asked for.
pub(crate) struct Case<'a> {
    pub(crate) register: &'a Register,
    pub(crate) rules: &'a dyn Rules,
    pub(crate) labels: &'a [Label],
    pub(crate) closed: &'a BTreeMap<AgencyId, Arc<Order>>,
    pub(crate) at: Timestamp,
}

/// What one question may read, for each relation of its asker to a record.
#[derive(Debug, Clone)]
pub struct Sight(Arc<[Arc<Reach>; Relation::ALL.len()]>);

impl Sight {
    /// Reads nothing.
    pub fn nothing() -> Sight {
        let nothing = Arc::new(Reach::nothing());
        Sight(Arc::new(std::array::from_fn(|_| nothing.clone())))
    }

    /// Reads the same of every record, however the asker stands to it.
    pub(crate) fn same(reach: Reach) -> Sight {
        let reach = Arc::new(reach);
        Sight(Arc::new(std::array::from_fn(|_| reach.clone())))
    }

    /// What may be read of records in that relation to the asker.
    #[expect(clippy::indexing_slicing, reason = "the array has one place for each relation")]
    pub fn of(&self, relation: Relation) -> &Reach {
        &self.0[relation as usize]
    }

    /// Whether nothing can be read in any relation.
    pub fn is_nothing(&self) -> bool {
        self.0.iter().all(|reach| reach.is_nothing())
    }
}

/// What a decision is a function of, beside the contents that versions and digests stand for.
pub(crate) struct Facts<'a> {
    pub(crate) register: u64,
    pub(crate) interval: Option<Timestamp>,
    pub(crate) rules: &'a str,
    pub(crate) labels: usize,
    pub(crate) standing: &'a Standing,
    pub(crate) inquiry: &'a Inquiry,
}

/// The memory of grants, sights and verdicts. Forgetting costs time and changes nothing.
#[derive(Default)]
pub struct Sights {
    granted: RwLock<Given>,
    kept: RwLock<Kept>,
    shelf: Mutex<Arc<Shelf>>,
    /// By the rules' digest. There are the rules in force and the same for aggregates, and for a moment their successors.
    verdicts: Mutex<HashMap<String, Arc<Mutex<Verdicts>>>>,
}

/// Sights of the newest register that was asked under, by the rules' digest and then by a hash of the slice; what stands
/// under one hash is compared as a whole.
#[derive(Default)]
struct Kept {
    register: u64,
    sights: HashMap<String, HashMap<u64, Vec<Remembered>, Quick>>,
    count: usize,
}

/// Grants under the newest register, by a hash of asker and inquiry; what stands under one hash is compared as a whole.
#[derive(Default)]
struct Given {
    register: u64,
    grants: HashMap<u64, Vec<Granted>, Quick>,
    count: usize,
}

struct Granted {
    interval: Option<Timestamp>,
    rules: String,
    labels: usize,
    standing: Standing,
    inquiry: Inquiry,
    grant: Grant,
}

impl Granted {
    fn is_for(&self, facts: &Facts<'_>) -> bool {
        self.labels == facts.labels
            && self.interval == facts.interval
            && self.rules == facts.rules
            && self.standing == *facts.standing
            && self.inquiry == *facts.inquiry
    }
}

/// Grants that are kept at once.
const GRANTS_KEPT: usize = 1 << 14;

struct Remembered {
    slice: Slice,
    interval: Option<Timestamp>,
    labels: usize,
    sight: Sight,
}

/// Bits of labels that are kept at once, over all sights; past it the memory starts anew.
const BITS_KEPT: usize = 1 << 30;

/// Rule sets whose sights and verdicts are kept at once.
const RULES_KEPT: usize = 4;

/// Verdicts of one rule set that are kept at once.
const VERDICTS_KEPT: usize = 1 << 20;

impl Sights {
    /// An empty memory.
    pub fn new() -> Sights {
        Sights::default()
    }

    /// The grant that was given for just this before, with the moment of then.
    pub(crate) fn granted(&self, facts: &Facts<'_>) -> Option<Grant> {
        let given = self.granted.read().unwrap_or_else(PoisonError::into_inner);
        if given.register != facts.register {
            return None;
        }
        let known = given.grants.get(&hash(facts))?;
        known.iter().find(|known| known.is_for(facts)).map(|known| known.grant.clone())
    }

    pub(crate) fn keep_granted(&self, facts: &Facts<'_>, grant: &Grant) {
        let mut given = self.granted.write().unwrap_or_else(PoisonError::into_inner);
        if given.register != facts.register || given.count >= GRANTS_KEPT {
            *given = Given { register: facts.register, ..Given::default() };
        }
        given.count += 1;
        given.grants.entry(hash(facts)).or_default().push(Granted {
            interval: facts.interval,
            rules: facts.rules.to_owned(),
            labels: facts.labels,
            standing: facts.standing.clone(),
            inquiry: facts.inquiry.clone(),
            grant: grant.clone(),
        });
    }

    pub(crate) fn sight(&self, case: &Case<'_>, slice: &Slice) -> Result<Sight, RuleFault> {
        let hash = Quick.hash_one(slice);
        let interval = case.register.interval(case.at);
        if let Some(known) = self.known(case, slice, hash, interval) {
            return Ok(known);
        }
        let sight = self.judged(case, slice)?;
        self.keep(case, slice, hash, interval, sight.clone());
        Ok(sight)
    }

    fn known(&self, case: &Case<'_>, slice: &Slice, hash: u64, interval: Option<Timestamp>) -> Option<Sight> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if kept.register != case.register.version() {
            return None;
        }
        // Labels are only ever added, so that their number says which they are.
        let same = |known: &&Remembered| {
            known.interval == interval && known.labels == case.labels.len() && known.slice == *slice
        };
        kept.sights.get(case.rules.digest())?.get(&hash)?.iter().find(same).map(|known| known.sight.clone())
    }

    fn keep(&self, case: &Case<'_>, slice: &Slice, hash: u64, interval: Option<Timestamp>, sight: Sight) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let (register, labels) = (case.register.version(), case.labels.len());
        let full = kept.count.saturating_mul(labels.max(1) * (FieldClass::ALL.len() + 1)) > BITS_KEPT;
        if full || kept.register != register || kept.sights.len() > RULES_KEPT {
            *kept = Kept { register, ..Kept::default() };
        }
        let there = kept.sights.entry(case.rules.digest().to_owned()).or_default().entry(hash).or_default();
        // The same question with fewer labels, or before a date, is never asked again.
        there.retain(|known| known.slice != *slice);
        there.push(Remembered { slice: slice.clone(), interval, labels, sight });
        kept.count += 1;
    }

    /// Judges every label, as far as no like one was judged before.
    fn judged(&self, case: &Case<'_>, slice: &Slice) -> Result<Sight, RuleFault> {
        let (Some(purpose), Some(use_code)) = (&slice.purpose, &slice.use_code) else {
            return Ok(Sight::nothing());
        };
        let shelf = self.shelf(case.labels);
        let judge = Judge::of(case, self.verdicts(case.rules), slice);
        let agreements = Agreements::of(case.register, &slice.path, purpose, use_code, case.at);
        let owners: Vec<Option<Owners>> = shelf
            .owners
            .iter()
            .map(|owners| {
                // An owner's order closes that owner's records to the path, before any rule is read.
                if owners.iter().any(|owner| case.closed.contains_key(owner)) {
                    return None;
                }
                let closed = match case.register.orders().is_empty() {
                    true => BTreeSet::new(),
                    false => case.register.closed_among(&slice.path, owners, case.at),
                };
                let given = Slice { closed, ..slice.clone() };
                let parties = judge.parties(&given, owners);
                Some(Owners { parties, agreed: agreements.open(&slice.path, owners), given })
            })
            .collect();
        let shapes: Vec<u32> = shelf.shapes.iter().map(|(_, label)| judge.shape(label)).collect();
        // Rows are few: what differs between labels is which of them applies.
        let mut rows = vec![Row::default()];
        let mut row_numbers: HashMap<Row, u32, Quick> = HashMap::from_iter([(Row::default(), 0)]);
        let mut known: HashMap<(u32, u32, u32), u32, Quick> = HashMap::default();
        let mut row_of: Vec<u32> = Vec::with_capacity(case.labels.len());
        for (label, (owner_set, shape)) in case.labels.iter().zip(&shelf.places) {
            let (Some(Some(owners)), Some(shape)) = (owners.get(*owner_set as usize), shapes.get(*shape as usize))
            else {
                row_of.push(0);
                continue;
            };
            let agreed = owners.agreed.get(label.kind as usize).copied().unwrap_or(0);
            let key = (owners.parties, agreed, *shape);
            let at = match known.get(&key) {
                Some(at) => *at,
                None => {
                    let row = judge.row(owners, agreed, *shape, label)?;
                    let at = *row_numbers.entry(row).or_insert(rows.len() as u32);
                    if at as usize == rows.len() {
                        rows.push(row);
                    }
                    known.insert(key, at);
                    at
                }
            };
            row_of.push(at);
        }
        Ok(sight(&rows, &row_of))
    }

    /// The labels by owners and shape, extended by those that are new.
    fn shelf(&self, labels: &[Label]) -> Arc<Shelf> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        // Labels are only ever added: the last one that is known says whether these are still the same.
        let last = shelf.labels.len().checked_sub(1);
        if last.is_some_and(|last| labels.get(last) != shelf.labels.get(last)) {
            *shelf = Arc::default();
        }
        debug_assert!(labels.starts_with(&shelf.labels), "a label was changed or taken away");
        if shelf.labels.len() < labels.len() {
            Arc::make_mut(&mut shelf).extend(labels);
        }
        shelf.clone()
    }

    /// The verdicts of these rules.
    fn verdicts(&self, rules: &dyn Rules) -> Arc<Mutex<Verdicts>> {
        let full = |verdicts: &Arc<Mutex<Verdicts>>| {
            verdicts.lock().unwrap_or_else(PoisonError::into_inner).judged.len() > VERDICTS_KEPT
        };
        let mut by_rules = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever still judges under those that are dropped keeps them: their numbers mean nothing elsewhere.
        by_rules.retain(|_, verdicts| !full(verdicts));
        if by_rules.len() > RULES_KEPT {
            by_rules.clear();
        }
        by_rules.entry(rules.digest().to_owned()).or_default().clone()
    }
}

/// Labels by owner set and shape, in the labels' order.
#[derive(Default, Clone)]
struct Shelf {
    labels: Vec<Label>,
    owners: Vec<BTreeSet<AgencyId>>,
    owner_sets: HashMap<BTreeSet<AgencyId>, u32>,
    /// Each shape with a label that has it.
    shapes: Vec<(Shape, Label)>,
    shape_numbers: HashMap<Shape, u32>,
    /// Each label's owner set and shape.
    places: Vec<(u32, u32)>,
}

impl Shelf {
    fn extend(&mut self, labels: &[Label]) {
        // Shapes are kept whole, so that they serve any rules.
        const WHOLE: Reads = Reads::everything();
        for label in labels.iter().skip(self.labels.len()) {
            let owners = match self.owner_sets.get(&label.owners) {
                Some(number) => *number,
                None => {
                    let number = self.owners.len() as u32;
                    self.owners.push(label.owners.clone());
                    self.owner_sets.insert(label.owners.clone(), number);
                    number
                }
            };
            let shape = Shape::of(label, &WHOLE);
            let next = self.shapes.len() as u32;
            let number = *self.shape_numbers.entry(shape).or_insert(next);
            if number == next {
                self.shapes.push((shape, label.clone()));
            }
            self.places.push((owners, number));
            self.labels.push(label.clone());
        }
    }
}

/// What a question meets at a set of owners.
struct Owners {
    parties: u32,
    /// The classes that agreements open, as bits, for each kind.
    agreed: PerKind,
    given: Slice,
}

type PerKind = [u32; Kind::ALL.len()];

/// What is open on a label, in each relation: a bit for the pointer and one for each field class.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
struct Row([u16; Relation::ALL.len()]);

/// The bit of a pointer; field classes follow in their order.
const POINTER: u32 = 0;

fn packed(verdict: &Verdict) -> u16 {
    verdict.classes.iter().fold(u16::from(verdict.pointer) << POINTER, |bits, class| bits | 2 << *class as u32)
}

/// Verdicts of one rule set, by their essences, whose parts are numbered.
#[derive(Default)]
struct Verdicts {
    askers: HashMap<Vec<Asker>, u32>,
    parties: HashMap<Parties, u32>,
    shapes: HashMap<Shape, u32>,
    judged: HashMap<Key, u8, Quick>,
}

/// What one action's verdict depends on, in all relations at once: an essence with its parts as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    action: u32,
    asker: u32,
    parties: u32,
    agreed: u32,
    shape: u32,
}

// A key's verdict is a bit for each relation.
const _: () = assert!(Relation::ALL.len() <= 8);

/// One question, put to the rules label by label.
struct Judge<'a> {
    rules: &'a dyn Rules,
    /// What the rules about each action read, the pointer first; and about all of them.
    actions: Vec<Reads>,
    reads: Reads,
    verdicts: Arc<Mutex<Verdicts>>,
    asker: u32,
}

impl<'a> Judge<'a> {
    fn of(case: &Case<'a>, verdicts: Arc<Mutex<Verdicts>>, slice: &Slice) -> Judge<'a> {
        let actions: Vec<Reads> = (0..=FieldClass::ALL.len()).map(|action| case.rules.reads(action)).collect();
        let reads = actions.iter().fold(Reads::nothing(), |reads, action| reads.and(action));
        let asker = |relation: &Relation| Asker::of(&Slice { relation: *relation, ..slice.clone() }, &reads);
        let askers: Vec<Asker> = Relation::ALL.iter().map(asker).collect();
        let mut judge = Judge { rules: case.rules, actions, reads, verdicts, asker: 0 };
        let asker = number(&mut judge.lock().askers, askers);
        judge.asker = asker;
        judge
    }

    fn parties(&self, given: &Slice, owners: &BTreeSet<AgencyId>) -> u32 {
        let parties = Parties::of(given, owners, &self.reads);
        number(&mut self.lock().parties, parties)
    }

    fn shape(&self, label: &Label) -> u32 {
        number(&mut self.lock().shapes, Shape::of(label, &self.reads))
    }

    /// What is open on a label in each relation.
    fn row(&self, owners: &Owners, agreed: u32, shape: u32, label: &Label) -> Result<Row, RuleFault> {
        let key = |action: usize, reads: &Reads| Key {
            action: action as u32,
            asker: self.asker,
            parties: owners.parties,
            agreed: seen(agreed, reads),
            shape,
        };
        let mut row = Row::default();
        let is_known = {
            let verdicts = self.lock();
            self.actions.iter().enumerate().all(|(action, reads)| match verdicts.judged.get(&key(action, reads)) {
                None => false,
                Some(open) => {
                    for (relation, bits) in row.0.iter_mut().enumerate() {
                        *bits |= u16::from(open >> relation & 1) << action;
                    }
                    true
                }
            })
        };
        if is_known {
            return Ok(row);
        }
        let classes = FieldClass::ALL.iter().copied().filter(|class| agreed >> *class as u32 & 1 == 1);
        let mut given = Slice { agreed: classes.collect(), ..owners.given.clone() };
        row = Row::default();
        for (relation, bits) in Relation::ALL.iter().zip(&mut row.0) {
            given.relation = *relation;
            // A fault is nobody's verdict: it is not kept, and nothing is open.
            *bits = packed(&self.rules.judge(&given, label)?);
        }
        let mut verdicts = self.lock();
        for (action, reads) in self.actions.iter().enumerate() {
            let open = row.0.iter().rev().fold(0, |open, bits| open << 1 | u8::from(bits >> action & 1 == 1));
            verdicts.judged.insert(key(action, reads), open);
        }
        Ok(row)
    }

    fn lock(&self) -> MutexGuard<'_, Verdicts> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of what differs most between questions; the rest is compared.
fn hash(facts: &Facts<'_>) -> u64 {
    let mut hasher = Quick.build_hasher();
    facts.standing.account.hash(&mut hasher);
    facts.standing.device.hash(&mut hasher);
    facts.inquiry.purpose.hash(&mut hasher);
    facts.inquiry.case.hash(&mut hasher);
    facts.inquiry.reason.hash(&mut hasher);
    facts.inquiry.on_behalf_of.hash(&mut hasher);
    facts.inquiry.number.hash(&mut hasher);
    hasher.finish()
}

/// The number of a part; a new one gets the next.
fn number<T: Hash + Eq>(numbers: &mut HashMap<T, u32>, part: T) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(part).or_insert(next)
}

/// Hashes small numbers quickly. Keys are compared as a whole wherever it is used, and nobody outside chooses them.
#[derive(Default, Clone, Copy)]
struct Quick;

impl BuildHasher for Quick {
    type Hasher = QuickHasher;
    fn build_hasher(&self) -> QuickHasher {
        QuickHasher(0)
    }
}

struct QuickHasher(u64);

impl QuickHasher {
    fn add(&mut self, word: u64) {
        // The multiplier of FxHash, as rustc uses it.
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        // The table looks at the highest and the lowest bits; the multiplication mixes upwards only.
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.add(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.add(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }
}

/// What agreements in force open to the agencies of a path: the same as [`Register::agreed`], read once for all labels.
struct Agreements<'a>(HashMap<(&'a AgencyId, &'a AgencyId), PerKind>);

impl<'a> Agreements<'a> {
    fn of(
        register: &'a Register,
        path: &BTreeSet<AgencyId>,
        purpose: &Purpose,
        use_code: &UseCode,
        at: Timestamp,
    ) -> Agreements<'a> {
        let mut open: HashMap<_, PerKind> = HashMap::new();
        let in_force = register.agreements().filter(|agreement| {
            path.contains(&agreement.agency)
                && agreement.purposes.contains(purpose)
                && agreement.use_codes.contains(use_code)
                && agreement.from <= at
                && agreement.until.is_none_or(|until| at < until)
        });
        for agreement in in_force {
            let per_kind = open.entry((&agreement.owner, &agreement.agency)).or_default();
            let classes = agreement.classes.iter().fold(0, |bits, class| bits | 1 << *class as u32);
            for kind in &agreement.kinds {
                if let Some(open) = per_kind.get_mut(*kind as usize) {
                    *open |= classes;
                }
            }
        }
        Agreements(open)
    }

    /// The strictest of all owners and agencies, for each kind of record.
    fn open(&self, path: &BTreeSet<AgencyId>, owners: &BTreeSet<AgencyId>) -> PerKind {
        const ALL: u32 = (1 << FieldClass::ALL.len()) - 1;
        // Nobody can open what nobody owns, and a path without an agency opens nothing.
        let mut agreed: PerKind = [if owners.is_empty() || path.is_empty() { 0 } else { ALL }; _];
        for owner in owners {
            for agency in path.iter().filter(|agency| *agency != owner) {
                let open = self.0.get(&(owner, agency)).copied().unwrap_or_default();
                agreed.iter_mut().zip(open).for_each(|(agreed, open)| *agreed &= open);
            }
        }
        agreed
    }
}

/// Turns rows into bitmaps.
fn sight(rows: &[Row], row_of: &[u32]) -> Sight {
    let mut reaches: Vec<Arc<Reach>> = Vec::with_capacity(Relation::ALL.len());
    for relation in 0..Relation::ALL.len() {
        let open = |row: &Row, relation: usize| row.0.get(relation).copied().unwrap_or(0);
        // Most relations open to most askers what none does.
        let same = (0..relation).find(|other| rows.iter().all(|row| open(row, *other) == open(row, relation)));
        let reach = match same.and_then(|other| reaches.get(other)) {
            Some(reach) => reach.clone(),
            None => {
                let open: Vec<u16> = rows.iter().map(|row| open(row, relation)).collect();
                let mut words = [const { Vec::new() }; 1 + FieldClass::ALL.len()];
                words.iter_mut().for_each(|words: &mut Vec<u64>| words.reserve(row_of.len().div_ceil(64)));
                for labels in row_of.chunks(64) {
                    let mut word = [0u64; 1 + FieldClass::ALL.len()];
                    for (at, row) in labels.iter().enumerate() {
                        let open = u64::from(open.get(*row as usize).copied().unwrap_or(0));
                        word.iter_mut().enumerate().for_each(|(bit, word)| *word |= (open >> bit & 1) << at);
                    }
                    words.iter_mut().zip(word).for_each(|(words, word)| words.push(word));
                }
                let mut sets = words.into_iter().map(LabelSet::from);
                let pointer = sets.next().unwrap_or_default();
                Arc::new(Reach { pointer, class: PerClass::from_fn(|_| sets.next().unwrap_or_default()) })
            }
        };
        reaches.push(reach);
    }
    let nothing = Arc::new(Reach::nothing());
    Sight(Arc::new(std::array::from_fn(|at| reaches.get(at).unwrap_or(&nothing).clone())))
}
