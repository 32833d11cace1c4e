//! Persons who may be the same, by the linker's blocking keys.
//!
//! # How
//! There are about five keys a person, and most are one person's alone, so that a list for each would be mostly lists. Keys
//! lie in *runs* in order, each beside the number of its person. What comes goes to the end; when that is long, it becomes a
//! run; two runs of about the same length become one, so that there are few. Persons who are gone leave at the next merge.

use std::io::{Read, Result, Write};

use clear_link::BlockKey;
use clear_record::{Kind, RecordId, Snapshot};
use hashbrown::HashTable;

/// What lies in no order.
const FRESH_MAX: usize = 4_096;

/// Persons by their keys.
#[derive(Default)]
pub(crate) struct Blocks {
    // The 128 bits of each person's id, by number; `GONE` where there is none any more.
    persons: Vec<u128>,
    numbers: HashTable<u32>,
    runs: Vec<Run>,
    fresh: Vec<(u64, u32)>,
}

/// Keys in order, and beside each the number of its person.
#[derive(Default)]
struct Run {
    keys: Vec<u64>,
    numbers: Vec<u32>,
}

clear_record::snapshot!(Run { keys, numbers });

const GONE: u128 = u128::MAX;

fn hash(raw: u128) -> u64 {
    let mixed = ((raw >> 64) as u64 ^ (raw as u64).rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

fn at(persons: &[u128], number: u32) -> u128 {
    persons.get(number as usize).copied().unwrap_or(GONE)
}

impl Blocks {
    /// Puts a person under these keys, and under no others any more.
    pub(crate) fn put(&mut self, id: RecordId, keys: &[BlockKey]) {
        self.remove(id);
        if id.raw == GONE {
            return;
        }
        let number = u32::try_from(self.persons.len()).unwrap_or(u32::MAX);
        self.persons.push(id.raw);
        let persons = &self.persons;
        self.numbers.insert_unique(hash(id.raw), number, |number| hash(at(persons, *number)));
        self.fresh.extend(keys.iter().map(|key| (key.0, number)));
        if self.fresh.len() > FRESH_MAX {
            self.settle(false);
        }
    }

    /// Takes a person out.
    pub(crate) fn remove(&mut self, id: RecordId) {
        let persons = &self.persons;
        if let Ok(entry) = self.numbers.find_entry(hash(id.raw), |number| at(persons, *number) == id.raw) {
            let (number, _) = entry.remove();
            if let Some(raw) = self.persons.get_mut(number as usize) {
                *raw = GONE;
            }
        }
    }

    /// Leaves no trace of those who are gone but their numbers.
    pub(crate) fn compact(&mut self) {
        self.settle(true);
    }

    /// The persons under a key.
    pub(crate) fn of(&self, key: BlockKey) -> impl Iterator<Item = RecordId> + '_ {
        let settled = self.runs.iter().flat_map(move |run| {
            let from = run.keys.partition_point(|other| *other < key.0);
            let same = run.keys.iter().skip(from).take_while(move |other| **other == key.0);
            same.zip(run.numbers.iter().skip(from)).map(|(_, number)| *number)
        });
        let fresh = self.fresh.iter().filter(move |(other, _)| *other == key.0).map(|(_, number)| *number);
        let raws = settled.chain(fresh).map(|number| at(&self.persons, number)).filter(|raw| *raw != GONE);
        raws.map(|raw| RecordId { kind: Kind::Person, raw })
    }

    /// Makes a run of what is fresh, and one of every two neighbours of which the older is not twice as long, or of all.
    fn settle(&mut self, all: bool) {
        self.fresh.sort_unstable();
        let (keys, numbers) = self.fresh.drain(..).unzip();
        self.runs.push(Run { keys, numbers });
        while let Some(last) = self.runs.pop() {
            match self.runs.pop() {
                Some(before) if all || before.keys.len() < 2 * last.keys.len() => {
                    let merged = merged(&before, &last, &self.persons);
                    self.runs.push(merged);
                }
                Some(before) => {
                    self.runs.extend([before, last]);
                    break;
                }
                None => {
                    self.runs.push(if all { merged(&Run::default(), &last, &self.persons) } else { last });
                    break;
                }
            }
        }
    }
}

/// Both runs in one, without those who are gone.
fn merged(a: &Run, b: &Run, persons: &[u128]) -> Run {
    let length = a.keys.len() + b.keys.len();
    let mut run = Run { keys: Vec::with_capacity(length), numbers: Vec::with_capacity(length) };
    let mut a = a.keys.iter().copied().zip(a.numbers.iter().copied()).peekable();
    let mut b = b.keys.iter().copied().zip(b.numbers.iter().copied()).peekable();
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if x <= y => a.next(),
            (Some(_), None) => a.next(),
            (_, Some(_)) => b.next(),
            (None, None) => break,
        };
        if let Some((key, number)) = next.filter(|(_, number)| at(persons, *number) != GONE) {
            run.keys.push(key);
            run.numbers.push(number);
        }
    }
    run
}

// The table of numbers is made again: it is found by the ids.
impl Snapshot for Blocks {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.persons.write(out)?;
        self.runs.write(out)?;
        self.fresh.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Blocks> {
        let persons: Vec<u128> = Vec::read(from)?;
        let mut numbers = HashTable::with_capacity(persons.len());
        for (number, raw) in (0..).zip(&persons).filter(|(_, raw)| **raw != GONE) {
            numbers.insert_unique(hash(*raw), number, |number| hash(at(&persons, *number)));
        }
        Ok(Blocks { numbers, runs: Vec::read(from)?, fresh: Vec::read(from)?, persons })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Steps of a small linear congruential generator: the same on every machine.
    fn steps() -> impl FnMut(u64) -> u64 {
        let mut state = 7_u64;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        }
    }

    #[test]
    fn persons_are_under_their_newest_keys_alone() {
        let (mut step, mut blocks) = (steps(), Blocks::default());
        let mut plain: BTreeMap<u128, BTreeSet<u64>> = BTreeMap::new();
        for round in 0..6_000 {
            let id = RecordId { kind: Kind::Person, raw: u128::from(step(900)) };
            if step(5) == 0 {
                blocks.remove(id);
                plain.remove(&id.raw);
            } else {
                let keys: BTreeSet<u64> = (0..step(9)).map(|_| step(700)).collect();
                blocks.put(id, &keys.iter().map(|key| BlockKey(*key)).collect::<Vec<_>>());
                plain.insert(id.raw, keys);
            }
            if round % 2_000 == 1_999 {
                let mut bytes = Vec::new();
                blocks.write(&mut bytes).unwrap();
                blocks = Blocks::read(&mut &*bytes).unwrap();
            }
        }
        for compacted in [false, true] {
            for key in 0..700 {
                let found: BTreeSet<u128> = blocks.of(BlockKey(key)).map(|id| id.raw).collect();
                let naive: BTreeSet<u128> =
                    plain.iter().filter(|(_, keys)| keys.contains(&key)).map(|(raw, _)| *raw).collect();
                assert_eq!(found, naive, "{key}");
            }
            blocks.compact();
            let kept: usize = blocks.runs.iter().map(|run| run.keys.len()).sum();
            assert!(blocks.fresh.is_empty() && blocks.runs.len() == 1);
            assert_eq!(kept, plain.values().map(BTreeSet::len).sum::<usize>(), "{compacted}");
        }
    }
}
