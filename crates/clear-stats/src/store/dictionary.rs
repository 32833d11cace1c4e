//! What codes stand for: one dictionary for each coded column of a table, over all its rows, hidden ones included.
//!
//! INVARIANT (a code never leaves): the order of codes tells when a value was first seen. Answers are in the order of
//! values, never of codes.

mod kept;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::{HashMap, HashTable};

/// What the codes of one column stand for, as readers hold it. Code zero is NULL and stands for nothing.
#[derive(Debug, Clone)]
pub(crate) enum Words {
    Text(Texts),
    Number(Numbers),
    /// 1 is no, 2 is yes.
    Flag,
    /// The column has values of its own.
    None,
}

impl Words {
    /// One more than the highest code.
    pub(crate) fn codes(&self) -> usize {
        match self {
            Words::Text(texts) => texts.len,
            Words::Number(numbers) => numbers.0.len(),
            Words::Flag => 3,
            Words::None => 0,
        }
    }
}

/// Texts in segments, so that a writer copies little of what a reader holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    segments: Vec<Arc<Segment>>,
    len: usize,
}

const SEGMENT: usize = 4_096;

#[derive(Debug, Clone, Default)]
struct Segment {
    bytes: String,
    ends: Vec<u32>,
}

impl Segment {
    fn text(&self, at: usize) -> &str {
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0) as usize;
        self.bytes.get(start..end).unwrap_or("")
    }

    fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }
}

impl Texts {
    pub(crate) fn text(&self, code: u32) -> &str {
        self.segments.get(code as usize / SEGMENT).map_or("", |segment| segment.text(code as usize % SEGMENT))
    }

    /// Every text by its code; that of code zero, which no row has, is empty.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(|segment| (0..segment.ends.len()).map(|at| segment.text(at)))
    }

    fn push(&mut self, text: &str) -> u32 {
        if self.len.is_multiple_of(SEGMENT) {
            self.segments.push(Arc::default());
        }
        if let Some(last) = self.segments.last_mut() {
            Arc::make_mut(last).push(text);
        }
        self.len += 1;
        (self.len - 1) as u32
    }

    fn replace(&mut self, code: u32, text: &str) {
        let Some(place) = self.segments.get_mut(code as usize / SEGMENT) else { return };
        let mut segment = Segment::default();
        for at in 0..place.ends.len() {
            segment.push(if at == code as usize % SEGMENT { text } else { place.text(at) });
        }
        *place = Arc::new(segment);
    }

    fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.bytes.capacity() + segment.ends.capacity() * 4).sum()
    }
}

/// Numbers of which there are few.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbers(Arc<Vec<f64>>);

impl Numbers {
    pub(crate) fn number(&self, code: u32) -> f64 {
        self.0.get(code as usize).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().copied()
    }
}

/// How a writer finds the code of a value. It forgets a value when its last row is gone.
pub(crate) struct Index {
    texts: HashTable<u32>,
    numbers: HashMap<u64, u32>,
    hasher: RandomState,
    /// How many rows have each code.
    rows: Vec<u32>,
    free: Vec<u32>,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            texts: HashTable::new(),
            numbers: HashMap::new(),
            hasher: RandomState::new(),
            // Code zero is never given.
            rows: vec![1],
            free: Vec::new(),
        }
    }
}

impl Index {
    /// The code of a text, for one more row.
    pub(crate) fn take_text(&mut self, words: &mut Texts, text: &str) -> u32 {
        if words.len == 0 {
            words.push("");
        }
        let hash = self.hasher.hash_one(text);
        let code = match self.texts.find(hash, |code| words.text(*code) == text) {
            Some(code) => *code,
            None => {
                let code = match self.free.pop() {
                    Some(code) => {
                        words.replace(code, text);
                        code
                    }
                    None => words.push(text),
                };
                let hasher = &self.hasher;
                self.texts.insert_unique(hash, code, |code| hasher.hash_one(words.text(*code)));
                code
            }
        };
        self.one_more(code);
        code
    }

    /// The code of a number, for one more row.
    pub(crate) fn take_number(&mut self, words: &mut Numbers, number: f64) -> u32 {
        let code = match self.numbers.get(&number.to_bits()) {
            Some(code) => *code,
            None => {
                let numbers = Arc::make_mut(&mut words.0);
                if numbers.is_empty() {
                    numbers.push(f64::NAN);
                }
                let code = self.free.pop().unwrap_or(numbers.len() as u32);
                match numbers.get_mut(code as usize) {
                    Some(place) => *place = number,
                    None => numbers.push(number),
                }
                self.numbers.insert(number.to_bits(), code);
                code
            }
        };
        self.one_more(code);
        code
    }

    /// One row less has this code.
    pub(crate) fn let_go(&mut self, words: &mut Words, code: u32) {
        let Some(rows) = self.rows.get_mut(code as usize).filter(|_| code != 0) else { return };
        *rows = rows.saturating_sub(1);
        if *rows > 0 {
            return;
        }
        match words {
            Words::Text(texts) => {
                let hash = self.hasher.hash_one(texts.text(code));
                if let Ok(entry) = self.texts.find_entry(hash, |other| *other == code) {
                    entry.remove();
                }
                texts.replace(code, "");
            }
            Words::Number(numbers) => {
                self.numbers.remove(&numbers.number(code).to_bits());
                if let Some(place) = Arc::make_mut(&mut numbers.0).get_mut(code as usize) {
                    *place = f64::NAN;
                }
            }
            Words::Flag | Words::None => return,
        }
        self.free.push(code);
    }

    fn one_more(&mut self, code: u32) {
        match self.rows.get_mut(code as usize) {
            Some(rows) => *rows += 1,
            None => self.rows.push(1),
        }
    }

    pub(crate) fn bytes(&self, words: &Words) -> usize {
        let texts = if let Words::Text(texts) = words { texts.bytes() } else { 0 };
        texts + self.texts.capacity() * 5 + self.numbers.capacity() * 17 + self.rows.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_forgotten_with_its_last_row_and_readers_keep_theirs() {
        let mut index = Index::default();
        let mut words = Words::Text(Texts::default());
        let mut take = |words: &mut Words, text: &str| match words {
            Words::Text(texts) => index.take_text(texts, text),
            _ => 0,
        };
        let codes = ["a", "b", "a"].map(|text| take(&mut words, text));
        assert_eq!(codes, [1, 2, 1]);
        let Words::Text(held) = words.clone() else { panic!() };
        index.let_go(&mut words, 2);
        index.let_go(&mut words, 1);
        let Words::Text(texts) = &words else { panic!() };
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["", "a", ""]);
        assert_eq!(held.iter().collect::<Vec<_>>(), ["", "a", "b"]);
        let Words::Text(texts) = &mut words else { panic!() };
        assert_eq!(index.take_text(texts, "c"), 2);
        assert_eq!((texts.text(1), texts.text(2), held.text(2)), ("a", "c", "b"));
    }

    #[test]
    fn many_texts_keep_their_codes() {
        let (mut index, mut texts) = (Index::default(), Texts::default());
        let codes: Vec<u32> = (0..10_000).map(|text| index.take_text(&mut texts, &text.to_string())).collect();
        assert!(codes.iter().enumerate().all(|(text, code)| texts.text(*code) == text.to_string()));
        assert!((0..10_000).all(|text| index.take_text(&mut texts, &text.to_string()) == codes[text as usize]));
        assert_eq!(texts.iter().count(), 10_001);
    }
}
