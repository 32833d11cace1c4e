//! Words to persons, each with the other words of the same person.
//!
//! In:    persons with their words.
//! Out:   the persons who have a word, or a word of one set beside a word of another.
//! Never: looks at a label.
//!
//! # How
//! A word's list holds one entry for each person and each *other* word of that person: the other word's id above, the
//! person's number below, sorted. So `JOHN` and `SMITH` together are one run in either list: how many Johns there are
//! costs a few more steps of a binary search, not a pass over all of them. Words of one first letter are neighbours
//! (`tokens.rs`), so that `J SMITH` is one run as well. New entries go to the list's end and are sorted in when they are
//! many.

use crate::tokens::TokenId;

/// No other word.
pub(crate) const ALONE: TokenId = 0;

/// All lists, by the place of the word.
#[derive(Default)]
pub(crate) struct Pairs {
    lists: Vec<List>,
}

#[derive(Default)]
struct List {
    entries: Vec<u64>,
    /// So many of them are in order.
    sorted: u32,
}

clear_record::snapshot!(Pairs { lists });
clear_record::snapshot!(List { entries, sorted });

fn entry(other: TokenId, person: u32) -> u64 {
    u64::from(other) << 32 | u64::from(person)
}

fn other(entry: u64) -> TokenId {
    (entry >> 32) as TokenId
}

fn person(entry: u64) -> u32 {
    (entry & u64::from(u32::MAX)) as u32
}

impl Pairs {
    pub(crate) fn add(&mut self, place: u32, beside: TokenId, person: u32) {
        let place = place as usize;
        if self.lists.len() <= place {
            self.lists.resize_with(place + 1, List::default);
        }
        if let Some(list) = self.lists.get_mut(place) {
            list.add(entry(beside, person));
        }
    }

    pub(crate) fn remove(&mut self, place: u32, beside: TokenId, person: u32) {
        if let Some(list) = self.lists.get_mut(place as usize) {
            list.remove(entry(beside, person));
        }
    }

    /// How many entries a word has: at least as many as persons.
    pub(crate) fn len(&self, place: u32) -> usize {
        self.lists.get(place as usize).map_or(0, |list| list.entries.len())
    }

    /// Every person who has the word, some of them more than once.
    pub(crate) fn all(&self, place: u32) -> impl Iterator<Item = u32> + '_ {
        self.lists.get(place as usize).into_iter().flat_map(|list| &list.entries).map(|entry| person(*entry))
    }

    /// Every person who has the word beside one of these, with the other's position among them. `ids` ascend.
    pub(crate) fn beside(&self, place: u32, ids: &[TokenId], seen: &Sieve, mut each: impl FnMut(usize, u32)) {
        let Some(list) = self.lists.get(place as usize) else { return };
        let sorted = list.entries.get(..list.sorted as usize).unwrap_or_default();
        let fresh = list.entries.get(list.sorted as usize..).unwrap_or_default();
        let scanned = if sorted.len() <= ids.len() * STEPS {
            list.entries.as_slice()
        } else {
            let mut rest = sorted;
            for (at, id) in ids.iter().enumerate() {
                rest = rest.get(before(rest, *id)..).unwrap_or_default();
                let run = rest.iter().take_while(|entry| other(**entry) == *id);
                run.for_each(|entry| each(at, person(*entry)));
                if rest.is_empty() {
                    break;
                }
            }
            fresh
        };
        for entry in scanned {
            let other = other(*entry);
            if seen.may_hold(other)
                && let Ok(at) = ids.binary_search(&other)
            {
                each(at, person(*entry));
            }
        }
    }

    /// Every person who has the word beside one with an id in this range.
    pub(crate) fn beside_range(&self, place: u32, (from, to): (TokenId, TokenId), mut each: impl FnMut(u32)) {
        let Some(list) = self.lists.get(place as usize) else { return };
        let (sorted, fresh) = list.entries.split_at_checked(list.sorted as usize).unwrap_or_default();
        let start = sorted.partition_point(|entry| other(*entry) < from);
        let run = sorted.get(start..).unwrap_or_default().iter().take_while(|entry| other(**entry) < to);
        run.chain(fresh.iter().filter(|entry| (from..to).contains(&other(**entry))))
            .for_each(|entry| each(person(*entry)));
    }

    /// What [`beside`](Pairs::beside) will cost for a word, in entries looked at.
    pub(crate) fn cost(&self, place: u32, ids: usize) -> usize {
        let len = self.len(place);
        len.min(ids * STEPS)
    }

    /// Puts every list in order and gives spare memory back.
    pub(crate) fn settle(&mut self) {
        for list in &mut self.lists {
            list.settle();
            list.entries.shrink_to_fit();
        }
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        let entries: usize = self.lists.iter().map(|list| list.entries.capacity() * size_of::<u64>()).sum();
        entries + self.lists.capacity() * size_of::<List>()
    }
}

/// How many entries are of words before this one. What is near is found soonest: the words that are looked for ascend, and
/// the next one is seldom far.
fn before(entries: &[u64], id: TokenId) -> usize {
    let least = entry(id, 0);
    let mut to = 1;
    while entries.get(to - 1).is_some_and(|entry| *entry < least) {
        to *= 2;
    }
    let from = to / 2;
    let near = entries.get(from..to.min(entries.len())).unwrap_or_default();
    from + near.partition_point(|entry| *entry < least)
}

/// A binary search in a list costs about as much as looking at so many of its entries one after the other.
const STEPS: usize = 12;

impl List {
    fn add(&mut self, entry: u64) {
        if self.entries.len() == self.entries.capacity() {
            // An eighth more, instead of twice as much: there are millions of entries.
            self.entries.reserve_exact(self.entries.len() / 8 + 1);
        }
        self.entries.push(entry);
        let fresh = self.entries.len() - self.sorted as usize;
        if fresh > 16 + 2 * self.entries.len().isqrt() {
            self.settle();
        }
    }

    fn settle(&mut self) {
        // A stable sort sees that the first part is in order and merges.
        self.entries.sort();
        self.sorted = self.entries.len() as u32;
    }

    fn remove(&mut self, entry: u64) {
        let (sorted, fresh) = self.entries.split_at_checked(self.sorted as usize).unwrap_or_default();
        if let Ok(at) = sorted.binary_search(&entry) {
            self.entries.remove(at);
            self.sorted -= 1;
        } else if let Some(at) = fresh.iter().position(|other| *other == entry) {
            self.entries.remove(self.sorted as usize + at);
        }
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
    }
}

/// A set of word ids that is small enough to stay near the processor, and may hold more than was put in.
pub(crate) struct Sieve([u64; 128]);

impl Sieve {
    pub(crate) fn of(ids: &[TokenId]) -> Sieve {
        let mut sieve = Sieve([0; 128]);
        for id in ids {
            let (word, bit) = Sieve::at(*id);
            if let Some(word) = sieve.0.get_mut(word) {
                *word |= bit;
            }
        }
        sieve
    }

    fn at(id: TokenId) -> (usize, u64) {
        let hash = id.wrapping_mul(0x9e37_79b9) >> 19;
        (hash as usize / 64, 1 << (hash % 64))
    }

    pub(crate) fn may_hold(&self, id: TokenId) -> bool {
        let (word, bit) = Sieve::at(id);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pairs_are_those_of_a_plain_list(
            steps in proptest::collection::vec((0..4u32, 1..40u32, 0..9u32, proptest::bool::weighted(0.2)), 0..400),
            ids in proptest::collection::btree_set(1..40u32, 1..12), range in (0..40u32, 0..40u32),
        ) {
            let (mut pairs, mut plain) = (Pairs::default(), std::collections::BTreeSet::new());
            for (word, beside, person, removed) in steps {
                if removed {
                    plain.remove(&(word, beside, person));
                    pairs.remove(word, beside, person);
                } else if plain.insert((word, beside, person)) {
                    pairs.add(word, beside, person);
                }
            }
            let ids: Vec<TokenId> = ids.into_iter().collect();
            for word in 0..4 {
                let mut found = Vec::new();
                pairs.beside(word, &ids, &Sieve::of(&ids), |at, person| found.push((word, ids[at], person)));
                found.sort_unstable();
                let naive: Vec<_> = plain.iter().copied().filter(|(of, beside, _)| *of == word && ids.contains(beside)).collect();
                prop_assert_eq!(found, naive);
                let mut found = Vec::new();
                pairs.beside_range(word, range, |person| found.push(person));
                found.sort_unstable();
                let mut naive: Vec<u32> = plain.iter().filter(|(of, beside, _)| *of == word && (range.0..range.1).contains(beside)).map(|(.., person)| *person).collect();
                naive.sort_unstable();
                prop_assert_eq!(found, naive);
                prop_assert_eq!(pairs.all(word).count(), pairs.len(word));
            }
        }
    }
}
