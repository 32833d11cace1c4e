//! Person names: which words each person has, in which part, and which persons have a word.
//!
//! # How
//! `tokens.rs` finds words, `pairs.rs` persons by two words at once; here each person's own words are kept, in order, so
//! that a candidate can be scored by them alone.

use clear_names::{Part, parts};
use clear_record::Person;

use crate::pairs::{ALONE, Pairs};
use crate::tokens::{TokenId, Tokens, place};

/// Which name of the person a word is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Given,
    Middle,
    Family,
    Alias,
    /// A piece of a joined name, or several written together: found by, but not a name of its own.
    Piece,
    /// Of a spelling that is known to be a typing error: found by, never shown.
    Error,
}

impl Role {
    fn of(mark: u32) -> Role {
        match mark {
            0 => Role::Given,
            1 => Role::Middle,
            2 => Role::Family,
            3 => Role::Alias,
            4 => Role::Piece,
            _ => Role::Error,
        }
    }
}

const ROLE_BITS: u32 = 3;

/// More words of one person are left out: pairs grow with the square.
pub(crate) const WORDS_MAX: usize = 48;

/// So many aliases, and as many known typing errors, are looked at.
const SPELLINGS_MAX: usize = 16;

/// So many words are few: a full name, a joined one, an alias.
pub(crate) const WORDS_FEW: usize = 6;

/// The person names of an index.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) tokens: Tokens,
    pub(crate) pairs: Pairs,
    // Where each person's words begin; they end where the next one's begin.
    starts: Vec<u32>,
    words: Vec<u32>,
}

clear_record::snapshot!(Names { tokens, pairs, starts, words });

/// A word's place and role; the place of a removed one.
const GONE: u32 = u32::MAX;

impl Names {
    /// Adds the next person, whose number is how many were added before.
    pub(crate) fn push(&mut self, person: &Person) {
        let number = self.starts.len() as u32;
        self.starts.push(self.words.len() as u32);
        for (text, role) in words_of(person) {
            let place = place(self.tokens.add(&text));
            self.words.push(put_together(place, role));
        }
        for (place, beside) in self.pairs_of(number) {
            self.pairs.add(place, beside, number);
        }
    }

    /// Puts in order what came in any, and leaves no trace of words that are gone.
    pub(crate) fn settle(&mut self) {
        self.tokens.rebuild();
        self.pairs.settle();
    }

    pub(crate) fn remove(&mut self, number: u32) {
        for (place, beside) in self.pairs_of(number) {
            self.pairs.remove(place, beside, number);
        }
        let range = self.range(number);
        let words = self.words.get_mut(range).into_iter().flatten();
        for word in words.map(|word| std::mem::replace(word, GONE)).filter(|word| *word != GONE) {
            self.tokens.release(taken_apart(word).0);
        }
    }

    fn range(&self, number: u32) -> std::ops::Range<usize> {
        let at = number as usize;
        let start = self.starts.get(at).map_or(0, |start| *start as usize);
        let end = self.starts.get(at + 1).map_or(self.words.len(), |end| *end as usize);
        start..end
    }

    /// The places of a person's words, in order, with their roles.
    pub(crate) fn words(&self, number: u32) -> impl Iterator<Item = (u32, Role)> + '_ {
        let words = self.words.get(self.range(number)).unwrap_or_default();
        words.iter().copied().filter(|word| *word != GONE).map(taken_apart)
    }

    /// The same, each as one number, if they are few; of words that only confirm, those alone that an initial is asked for.
    pub(crate) fn marked_few(&self, number: u32, initials: bool) -> Option<[u32; WORDS_FEW]> {
        let mut few = [GONE; WORDS_FEW];
        let mut slots = few.iter_mut();
        for word in self.words.get(self.range(number)).unwrap_or_default() {
            let (place, role) = taken_apart(*word);
            if initials || self.leads(place, role) {
                *slots.next()? = *word;
            }
        }
        Some(few)
    }

    /// Whether a word leads to its person. A middle initial and a piece of one letter do not: they only confirm.
    pub(crate) fn leads(&self, place: u32, role: Role) -> bool {
        !matches!(role, Role::Middle | Role::Piece | Role::Error) || self.tokens.bytes(place).len() > 1
    }

    /// What leads to a person: each of its words beside each other one, once.
    fn pairs_of(&self, number: u32) -> Vec<(u32, TokenId)> {
        let words: Vec<u32> =
            self.words(number).filter(|(place, role)| self.leads(*place, *role)).map(|(place, _)| place).collect();
        if let [only] = words.as_slice() {
            return vec![(*only, ALONE)];
        }
        let mut pairs = Vec::with_capacity(words.len() * words.len().saturating_sub(1));
        for (at, word) in words.iter().enumerate() {
            let others = words.iter().enumerate().filter(|(other, _)| *other != at);
            pairs.extend(others.map(|(_, other)| (*word, self.tokens.id(*other))));
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.tokens.size() + self.pairs.size() + (self.starts.capacity() + self.words.capacity()) * 4
    }
}

/// A word's place and role as one number.
pub(crate) fn put_together(place: u32, role: Role) -> u32 {
    place << ROLE_BITS | role as u32
}

pub(crate) fn taken_apart(word: u32) -> (u32, Role) {
    (word >> ROLE_BITS, Role::of(word & ((1 << ROLE_BITS) - 1)))
}

/// Every word by which a person is found, with the part of the name that it is from.
fn words_of(person: &Person) -> Vec<(String, Role)> {
    let mut words: Vec<(String, Role)> = Vec::new();
    let named =
        [(&person.given_name, Role::Given), (&person.middle_name, Role::Middle), (&person.family_name, Role::Family)];
    let own = named.into_iter().filter_map(|(name, role)| Some((name.as_deref()?, role)));
    let of = |names: &'_ [String], role| {
        names.iter().take(SPELLINGS_MAX).map(move |name| (name.clone(), role)).collect::<Vec<_>>()
    };
    let others = [of(&person.aliases, Role::Alias), of(&person.misspellings, Role::Error)].concat();
    for (name, role) in own.chain(others.iter().map(|(name, role)| (name.as_str(), *role))) {
        let parts = parts(name);
        let piece = if role == Role::Error { Role::Error } else { Role::Piece };
        if parts.len() > 1 && matches!(role, Role::Given | Role::Middle | Role::Family) {
            // `DE LA CRUZ` is also asked for as `DELACRUZ`.
            let mut together: String = parts.iter().map(|part| part.whole.as_str()).collect();
            together.truncate(clear_names::TOKEN_LETTERS_MAX);
            words.push((together, Role::Piece));
        }
        for Part { whole, pieces } in parts {
            words.push((whole, role));
            words.extend(pieces.into_iter().map(|text| (text, piece)));
        }
    }
    // The same word twice in one role, as in two aliases with one family name, says nothing more.
    let mut kept: Vec<(String, Role)> = Vec::with_capacity(words.len());
    for word in words {
        let again = matches!(word.1, Role::Alias | Role::Piece | Role::Error) && kept.contains(&word);
        if !again && kept.len() < WORDS_MAX {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use clear_record::{Kind, Record};

    use super::*;

    #[test]
    fn a_removed_person_leaves_no_word_that_nobody_else_has() {
        let person = |json: &str| match Record::from_bytes(Kind::Person, json.as_bytes()) {
            Ok(Record::Person(person)) => person,
            other => panic!("{other:?}"),
        };
        let mut names = Names::default();
        names.push(&person(r#"{"given_name":"Xanthippe","family_name":"Alder","misspellings":["Xantipe"]}"#));
        names.push(&person(r#"{"given_name":"Rosalind","family_name":"Alder"}"#));
        names.remove(0);
        names.settle();
        for (word, there) in [("XANTHIPPE", false), ("XANTIPE", false), ("ALDER", true), ("ROSALIND", true)] {
            assert_eq!(names.tokens.find(word).is_some(), there, "{word}");
        }
        assert_eq!(names.words(0).count(), 0);
    }
}
