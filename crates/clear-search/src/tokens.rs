//! The words that names are made of, found whole, by their beginning, with typing errors in them, and by their sound.
//!
//! In:    folded words, each with every use of it.
//! Out:   the numbers of words that are like an asked one.
//! Never: says which persons have a word: it holds the words of all labels, and a word counts only through a person whom
//!        the asker's Sight opens, which `find/person.rs` tests.
//!
//! # How
//! Two words within *k* edits share a text that comes from deleting at most *k* letters of each (W. Garbe, *Symmetric
//! Delete spelling correction*, 2012). The hashes of all such texts, and of the word's sound, lead to the word: in one
//! flat table for most, in a tree for those that came since it was made. A candidate's letters and length, in four bytes,
//! rule most false ones out; the rest is verified by counting edits.
//!
//! # Change here
//! How many edits a word may be off: [`Care::budget`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Result, Write};
use std::ops::Range;

use clear_names::{edits, sound};
use clear_record::Snapshot;
use hashbrown::HashTable;

/// A word's place in the dictionary, with the number of its first letter above [`PLACE_BITS`], so that words of one
/// first letter are neighbours wherever numbers are sorted. Zero is no word's.
pub(crate) type TokenId = u32;

const PLACE_BITS: u32 = 26;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;

/// The first id of a letter or digit, and the first beyond.
pub(crate) fn ids_of_letter(letter: u8) -> (TokenId, TokenId) {
    let number = letter_number(letter);
    (number << PLACE_BITS, (number + 1) << PLACE_BITS)
}

pub(crate) fn place(id: TokenId) -> u32 {
    id & PLACE_MASK
}

fn letter_number(letter: u8) -> u32 {
    match letter {
        b'A'..=b'Z' => u32::from(letter - b'A') + 1,
        b'0'..=b'9' => u32::from(letter - b'0') + 27,
        _ => 37,
    }
}

/// How carefully somebody is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Care {
    /// One edit in a short word, two in a long one.
    Strict,
    /// Two edits in all but the shortest, and what sounds alike.
    Wide,
}

impl Care {
    /// How many edits two words may be apart, by the letters of the longer one.
    pub(crate) fn budget(self, letters: usize) -> u8 {
        match (self, letters) {
            (_, 0..=1) | (Care::Strict, 2) => 0,
            (Care::Strict, 3..=5) | (Care::Wide, 2..=3) => 1,
            _ => 2,
        }
    }

    /// Whether an asked word of so many letters is looked for as widely with this care as with any.
    pub(crate) fn is_as_wide(self, letters: usize) -> bool {
        self == Care::Wide || letters >= 6
    }

    /// The same for an asked and a recorded word. With care, two letters may be three of which one was left out, `LE` for
    /// `LEE`, and are no other misspelling. An initial never is one.
    pub(crate) fn most(self, a: usize, b: usize) -> u8 {
        match (self, a.min(b)) {
            (Care::Strict, 2) if (a, b) == (2, 3) => 1,
            (_, 0..=1) | (Care::Strict, 2) => 0,
            (Care::Wide, 2) => 1,
            _ => self.budget(a.max(b)),
        }
    }
}

/// Deletions beyond this many letters of a word add entries and find nothing more.
const HEAD_LETTERS: usize = 8;

/// So many letters of a word stand in its own sixteen bytes, the last of which is its length.
const INLINE: usize = 15;

/// The dictionary.
#[derive(Default)]
pub(crate) struct Tokens {
    inline: Vec<[u8; INLINE + 1]>,
    longer: HashMap<u32, Box<str>>,
    /// Which letters a word has, in 26 bits, and how many, in 6.
    sketches: Vec<u32>,
    uses: Vec<u32>,
    by_text: HashTable<u32>,
    free: Vec<u32>,
    // Of the words that were there when the table was made.
    links: Links,
    sorted: Vec<u32>,
    // Of the words that came since.
    fresh_links: BTreeSet<(u32, u32)>,
    fresh: BTreeMap<Box<str>, u32>,
    // Gone words that the table still leads to.
    dead: Vec<u32>,
}

clear_record::snapshot!(Links { shift, starts, places });

// The table of words is made again: it is found by the words themselves.
impl Snapshot for Tokens {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        let inline: Vec<u128> = self.inline.iter().map(|bytes| u128::from_le_bytes(*bytes)).collect();
        inline.write(out)?;
        self.longer.write(out)?;
        [&self.sketches, &self.uses, &self.free, &self.sorted, &self.dead]
            .into_iter()
            .try_for_each(|numbers| numbers.write(out))?;
        self.links.write(out)?;
        self.fresh_links.write(out)?;
        self.fresh.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Tokens> {
        let inline: Vec<[u8; INLINE + 1]> = Vec::<u128>::read(from)?.into_iter().map(u128::to_le_bytes).collect();
        let longer: HashMap<u32, Box<str>> = HashMap::read(from)?;
        let (sketches, uses, free) = (Vec::read(from)?, Vec::read(from)?, Vec::read(from)?);
        let (sorted, dead) = (Vec::read(from)?, Vec::read(from)?);
        let (links, fresh_links, fresh) = Snapshot::read(from)?;
        let mut by_text = HashTable::with_capacity(inline.len());
        let text = |place: &u32| hash(bytes_at(&inline, &longer, *place));
        for place in (0..inline.len() as u32).filter(|place| !bytes_at(&inline, &longer, *place).is_empty()) {
            by_text.insert_unique(text(&place), place, text);
        }
        Ok(Tokens { inline, longer, sketches, uses, by_text, free, links, sorted, fresh_links, fresh, dead })
    }
}

impl Tokens {
    /// Adds one use of a word of 1 to 40 ASCII letters and digits.
    pub(crate) fn add(&mut self, text: &str) -> TokenId {
        let place = self.place_of(text).unwrap_or_else(|| self.create(text));
        if let Some(uses) = self.uses.get_mut(place as usize) {
            *uses += 1;
        }
        self.id(place)
    }

    /// Takes one use away. A word without uses is gone, its letters at once, what leads to its place at the next
    /// [`rebuild`](Tokens::rebuild).
    pub(crate) fn release(&mut self, place: u32) {
        let Some(uses) = self.uses.get_mut(place as usize) else { return };
        *uses = uses.saturating_sub(1);
        if *uses > 0 {
            return;
        }
        let text = self.text(place).to_owned();
        if let Ok(entry) = self.by_text.find_entry(hash(text.as_bytes()), |other| *other == place) {
            entry.remove();
        }
        if self.fresh.remove(text.as_str()).is_some() {
            for hash in keys(text.as_bytes()) {
                self.fresh_links.remove(&(hash, place));
            }
            self.free.push(place);
        } else {
            let at = self.sorted.partition_point(|other| self.bytes(*other) < text.as_bytes());
            if self.sorted.get(at) == Some(&place) {
                self.sorted.remove(at);
            }
            self.dead.push(place);
        }
        self.longer.remove(&place);
        if let (Some(inline), Some(sketch)) =
            (self.inline.get_mut(place as usize), self.sketches.get_mut(place as usize))
        {
            (*inline, *sketch) = ([0; INLINE + 1], 0);
        }
        if self.dead.len() > 1_024 + self.sorted.len() / 4 {
            self.rebuild();
        }
    }

    fn create(&mut self, text: &str) -> u32 {
        let place = self.enter(text);
        self.fresh.insert(text.into(), place);
        self.fresh_links.extend(keys(text.as_bytes()).into_iter().map(|hash| (hash, place)));
        if self.fresh.len() > 1_024 + self.sorted.len() / 4 {
            self.rebuild();
        }
        place
    }

    fn enter(&mut self, text: &str) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.inline.push([0; INLINE + 1]);
            self.sketches.push(0);
            self.uses.push(0);
            (self.inline.len() - 1) as u32
        });
        let bytes = text.as_bytes();
        let mut inline = [0; INLINE + 1];
        inline.iter_mut().zip(bytes.iter().take(INLINE)).for_each(|(to, from)| *to = *from);
        if let Some(length) = inline.last_mut() {
            *length = bytes.len() as u8;
        }
        if bytes.len() > INLINE {
            self.longer.insert(place, text.into());
        }
        if let (Some(to), Some(sketch)) = (self.inline.get_mut(place as usize), self.sketches.get_mut(place as usize)) {
            (*to, *sketch) = (inline, sketch_of(bytes));
        }
        let (inline, longer) = (&self.inline, &self.longer);
        self.by_text.insert_unique(hash(bytes), place, |place| hash(bytes_at(inline, longer, *place)));
        place
    }

    /// Makes the flat table again, of the words that are there: nothing leads to a gone one any more.
    pub(crate) fn rebuild(&mut self) {
        self.free.append(&mut self.dead);
        self.fresh.clear();
        self.fresh_links.clear();
        let places = (0..self.inline.len() as u32).filter(|place| !self.bytes(*place).is_empty());
        let mut sorted: Vec<u32> = places.collect();
        sorted.sort_unstable_by(|a, b| self.bytes(*a).cmp(self.bytes(*b)));
        let mut links: Vec<(u32, u32)> = Vec::with_capacity(self.links.places.len());
        for place in &sorted {
            links.extend(keys(self.bytes(*place)).into_iter().map(|key| (key, *place)));
        }
        self.links = Links::of(&links);
        self.sorted = sorted;
    }

    pub(crate) fn bytes(&self, place: u32) -> &[u8] {
        bytes_at(&self.inline, &self.longer, place)
    }

    pub(crate) fn text(&self, place: u32) -> &str {
        std::str::from_utf8(self.bytes(place)).unwrap_or_default()
    }

    pub(crate) fn id(&self, place: u32) -> TokenId {
        letter_number(self.inline.get(place as usize).map_or(0, |inline| inline[0])) << PLACE_BITS | place
    }

    fn place_of(&self, text: &str) -> Option<u32> {
        let bytes = text.as_bytes();
        self.by_text.find(hash(bytes), |place| self.bytes(*place) == bytes).copied()
    }

    /// A word's number, if somebody has it.
    pub(crate) fn find(&self, text: &str) -> Option<TokenId> {
        self.place_of(text).map(|place| self.id(place))
    }

    /// The words that begin with this text.
    pub(crate) fn beginning<'a>(&'a self, text: &'a str) -> impl Iterator<Item = TokenId> + 'a {
        let from = self.sorted.partition_point(|place| self.bytes(*place) < text.as_bytes());
        let old = self.sorted.iter().skip(from).copied();
        let old = old.take_while(|place| self.bytes(*place).starts_with(text.as_bytes()));
        let fresh = self.fresh.range::<str, _>((std::ops::Bound::Included(text), std::ops::Bound::Unbounded));
        let fresh = fresh.take_while(move |(token, _)| token.starts_with(text)).map(|(_, place)| *place);
        old.chain(fresh).map(|place| self.id(place))
    }

    /// The words within so many edits as `care` allows, with how many; the word itself among them.
    pub(crate) fn near(&self, asked: &str, care: Care) -> Vec<(TokenId, u8)> {
        let asked = asked.as_bytes();
        let budget = care.budget(asked.len());
        let sketch = sketch_of(asked);
        // Each edit changes at most two letters, and the length by one.
        let alike = |place: &u32| {
            let other = self.sketches.get(*place as usize).copied().unwrap_or_default();
            let length = other >> LETTERS;
            let most = u32::from(care.most(asked.len(), length as usize));
            let differ = (other ^ sketch) & LETTERS_MASK;
            length > 0 && length.abs_diff(sketch >> LETTERS) <= most && differ.count_ones() <= 2 * most
        };
        let mut keys = Vec::with_capacity(40);
        deletions(asked, budget, |key| keys.push(key));
        let mut places = self.of_each(&keys);
        places.retain(alike);
        places.sort_unstable();
        places.dedup();
        let counted = |place: u32| {
            let recorded = self.bytes(place);
            Some((self.id(place), slips(asked, recorded, care.most(asked.len(), recorded.len()))?))
        };
        places.into_iter().filter_map(counted).collect()
    }

    /// The words that sound like this one, itself among them.
    pub(crate) fn sounding(&self, asked: &str) -> Vec<TokenId> {
        let heard = sound(asked);
        if heard.is_silent() {
            return Vec::new();
        }
        let mut places = self.of_each(&[sound_key(heard.number())]);
        places.retain(|place| sound(self.text(*place)) == heard);
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| self.id(place)).collect()
    }

    /// The places of all these keys. One step after the other for all of them: what each waits for from memory comes together.
    fn of_each(&self, keys: &[u32]) -> Vec<u32> {
        let ranges: Vec<Range<usize>> = keys.iter().map(|key| self.links.range_of(*key)).collect();
        let mut places = Vec::with_capacity(ranges.iter().map(Range::len).sum());
        for range in ranges {
            places.extend_from_slice(self.links.places.get(range).unwrap_or_default());
        }
        if !self.fresh.is_empty() {
            places.extend(keys.iter().flat_map(|key| self.fresh_of(*key)));
        }
        places
    }

    fn fresh_of(&self, key: u32) -> impl Iterator<Item = u32> + '_ {
        self.fresh_links.range((key, 0)..=(key, u32::MAX)).map(|(_, place)| *place)
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.inline.capacity() * (INLINE + 1)
            + self.longer.len() * 80
            + (self.sketches.capacity() + self.uses.capacity() + self.sorted.capacity()) * 4
            + self.by_text.allocation_size()
            + (self.links.starts.capacity() + self.links.places.capacity()) * 4
            + self.fresh_links.len() * 12
            + self.fresh.len() * 48
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_text.is_empty()
            && self.longer.is_empty()
            && self.fresh.is_empty()
            && self.fresh_links.is_empty()
            && self.inline.iter().flatten().all(|byte| *byte == 0)
            && self.sketches.iter().all(|sketch| *sketch == 0)
    }

    #[cfg(test)]
    pub(crate) fn links_len(&self) -> usize {
        self.links.places.len()
    }
}

/// Edits, as `clear_names::edits` counts them; and as two, if so many are allowed, also two neighbours that were swapped
/// with a letter added or left out between them: `JOTNHAN` for `JONATHAN`.
fn slips(a: &[u8], b: &[u8], most: u8) -> Option<u8> {
    edits(a, b, most).or_else(|| (most >= 2 && are_swapped_around(a, b)).then_some(2))
}

fn are_swapped_around(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if short.len() + 1 != long.len() {
        return false;
    }
    let start = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let end = short.iter().rev().zip(long.iter().rev()).take_while(|(x, y)| x == y).count();
    if start + end + 2 != short.len() {
        return false;
    }
    let at = |word: &[u8], at: usize| word.get(start + at).copied();
    at(short, 0) == at(long, 2) && at(short, 1) == at(long, 0)
}

fn bytes_at<'a>(inline: &'a [[u8; INLINE + 1]], longer: &'a HashMap<u32, Box<str>>, place: u32) -> &'a [u8] {
    let Some(bytes) = inline.get(place as usize) else { return &[] };
    let length = usize::from(bytes.last().copied().unwrap_or_default());
    match bytes.get(..length) {
        Some(bytes) if length <= INLINE => bytes,
        _ => longer.get(&place).map_or(&[], |text| text.as_bytes()),
    }
}

const LETTERS: u32 = 26;
const LETTERS_MASK: u32 = (1 << LETTERS) - 1;

fn sketch_of(text: &[u8]) -> u32 {
    let letters = text.iter().fold(0, |bits, byte| bits | 1 << (u32::from(*byte) % LETTERS));
    letters | (text.len() as u32) << LETTERS
}

/// FNV-1a. A clash costs one comparison and nothing else.
fn hash(text: &[u8]) -> u64 {
    let hash = text
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

fn sound_key(sound: u64) -> u32 {
    (sound.wrapping_add(0x51_7c_c1_b7).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// Every key that leads to a word: all that it may be asked by with care or widely, and its sound. Each once.
fn keys(text: &[u8]) -> Vec<u32> {
    let mut keys = Vec::with_capacity(40);
    deletions(text, Care::Wide.budget(text.len()), |key| keys.push(key));
    let heard = std::str::from_utf8(text).map(sound).unwrap_or_default();
    if !heard.is_silent() {
        keys.push(sound_key(heard.number()));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The hashes of a word's head with up to `most` letters deleted; some may come twice.
fn deletions(text: &[u8], most: u8, mut each: impl FnMut(u32)) {
    let head = text.get(..HEAD_LETTERS.min(text.len())).unwrap_or_default();
    let without = |a: usize, b: usize| {
        let kept = head.iter().enumerate().filter(|(at, _)| *at != a && *at != b);
        let hash = kept.fold(0x811c_9dc5u32, |hash, (_, byte)| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        // The table goes by the highest bits, which FNV mixes least.
        hash.wrapping_mul(0x9e37_79b9)
    };
    each(without(usize::MAX, usize::MAX));
    for a in 0..if most >= 1 { head.len() } else { 0 } {
        each(without(a, a));
        for b in 0..if most >= 2 { a } else { 0 } {
            each(without(a, b));
        }
    }
}

/// Keys to places, flat: the places of a bucket follow each other.
#[derive(Default)]
struct Links {
    shift: u32,
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl Links {
    fn of(links: &[(u32, u32)]) -> Links {
        let bits = (links.len().max(4) / 2).next_power_of_two().trailing_zeros().min(30);
        let shift = 32 - bits;
        let bucket = |key: u32| (key >> shift) as usize;
        let mut starts = vec![0u32; (1usize << bits) + 1];
        for (key, _) in links {
            if let Some(count) = starts.get_mut(bucket(*key)) {
                *count += 1;
            }
        }
        // Each bucket's place is its end first, and moves to its beginning while it is filled from behind.
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut places = vec![0u32; links.len()];
        for (key, place) in links.iter().rev() {
            if let Some(start) = starts.get_mut(bucket(*key)) {
                *start -= 1;
                if let Some(slot) = places.get_mut(*start as usize) {
                    *slot = *place;
                }
            }
        }
        Links { shift, starts, places }
    }

    /// Where in `places` those of a key are.
    fn range_of(&self, key: u32) -> Range<usize> {
        let range = || {
            let at = (key >> self.shift) as usize;
            Some(*self.starts.get(at)? as usize..*self.starts.get(at + 1)? as usize)
        };
        // A table that was never made has no buckets, and no shift to find one by.
        let range = if self.starts.is_empty() { None } else { range() };
        range.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(texts: &std::collections::BTreeSet<String>, rebuilt: bool) -> Tokens {
        let mut tokens = Tokens::default();
        for (at, text) in texts.iter().enumerate() {
            tokens.add(text);
            if rebuilt && at == texts.len() / 2 {
                tokens.rebuild();
            }
        }
        tokens
    }

    #[test]
    fn swapped_around_a_letter_is_two_slips() {
        for (a, b, expected) in [
            ("JOTNHAN", "JONATHAN", Some(2)),
            ("HJNSON", "JOHNSON", Some(2)),
            ("ERICKSNPO", "ERICKSON", Some(2)),
            ("RAECL", "RACHEL", Some(2)),
            ("RALEC", "RACHEL", None),
            ("SMITH", "SMYTH", Some(1)),
        ] {
            assert_eq!(slips(a.as_bytes(), b.as_bytes(), 2), expected, "{a} {b}");
            assert_eq!(slips(b.as_bytes(), a.as_bytes(), 2), expected, "{b} {a}");
            assert_eq!(slips(a.as_bytes(), b.as_bytes(), 1), expected.filter(|slips| *slips == 1), "{a} {b}");
        }
    }

    #[test]
    fn long_words_are_looked_for_as_widely_with_care() {
        for asked in (0..12).filter(|asked| Care::Strict.is_as_wide(*asked)) {
            assert_eq!(Care::Strict.budget(asked), Care::Wide.budget(asked));
            // Others are more than two edits away.
            for recorded in asked - 2..asked + 3 {
                assert_eq!(Care::Strict.most(asked, recorded), Care::Wide.most(asked, recorded), "{asked} {recorded}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_word_within_its_budget_is_near_and_no_other(
            texts in proptest::collection::btree_set("[AB]{1,10}|[A-D]{1,18}", 1..30), asked in "[AB]{1,10}|[A-D]{1,18}",
            care in prop_oneof![Just(Care::Strict), Just(Care::Wide)], rebuilt: bool,
        ) {
            let tokens = tokens(&texts, rebuilt);
            let mut near: Vec<(String, u8)> = tokens.near(&asked, care).into_iter()
                .map(|(id, edits)| (tokens.text(place(id)).to_owned(), edits)).collect();
            near.sort();
            let naive: Vec<(String, u8)> = texts.iter().filter_map(|text| {
                Some((text.clone(), slips(asked.as_bytes(), text.as_bytes(), care.most(asked.len(), text.len()))?))
            }).collect();
            prop_assert_eq!(near, naive);
        }

        #[test]
        fn words_are_found_by_their_beginning_sound_and_letters(
            texts in proptest::collection::btree_set("[A-C]{1,4}", 1..30), gone in proptest::collection::vec("[A-C]{1,4}", 0..9),
            asked in "[A-C]{1,3}", rebuilt: bool,
        ) {
            let mut tokens = tokens(&texts, rebuilt);
            let gone: std::collections::BTreeSet<String> = gone.into_iter().filter(|text| texts.contains(text)).collect();
            for text in &gone {
                let id = tokens.find(text).unwrap();
                tokens.release(place(id));
            }
            let texts: Vec<String> = texts.difference(&gone).cloned().collect();
            let found = |ids: Vec<TokenId>| {
                let mut found: Vec<String> = ids.into_iter().map(|id| tokens.text(place(id)).to_owned()).collect();
                found.sort();
                found
            };
            let naive = |test: &dyn Fn(&str) -> bool| -> Vec<String> { texts.iter().filter(|text| test(text)).cloned().collect() };
            prop_assert_eq!(found(tokens.beginning(&asked).collect()), naive(&|text| text.starts_with(&asked)));
            prop_assert_eq!(found(tokens.sounding(&asked)), naive(&|text| sound(text) == sound(&asked)));
            prop_assert_eq!(found(tokens.find(&asked).into_iter().collect()), naive(&|text| text == asked));
        }

        #[test]
        fn what_was_released_leaves_nothing(texts in proptest::collection::btree_set("[A-D]{1,18}", 1..20), rebuilt: bool) {
            let mut tokens = tokens(&texts, rebuilt);
            for text in &texts {
                let id = tokens.find(text).unwrap();
                tokens.release(place(id));
            }
            prop_assert!(tokens.is_empty());
            tokens.rebuild();
            prop_assert_eq!(tokens.links_len(), 0);
            prop_assert_eq!(tokens.free.len(), tokens.inline.len());
        }
    }
}
