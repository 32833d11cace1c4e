//! Person names: tokens, and the neighbours of a token by deleted letters.
//!
//! # How
//! Two tokens within *k* edits share a text that comes from deleting at most *k* letters of each (Garbe's symmetric
//! delete). The index keeps, for every token, the hashes of all such texts; a question looks up its own, and each
//! candidate is then verified by counting edits. The dictionary holds tokens of all labels: a candidate counts only
//! through a posting that the asker's Reach opens, which `find/person.rs` tests.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use clear_record::Person;

use crate::rows::RowId;
use crate::text::{self, Part};
use crate::words::{TokenId, Words};

/// Which name of the person a token is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Given,
    Middle,
    Family,
    Alias,
    /// A piece of a joined name, or several written together: found by, but not a name of its own.
    Piece,
}

impl Role {
    pub(crate) fn of(mark: u8) -> Role {
        match mark {
            0 => Role::Given,
            1 => Role::Middle,
            2 => Role::Family,
            3 => Role::Alias,
            _ => Role::Piece,
        }
    }
}

/// How many edits a token of so many letters may be off.
fn budget(chars: usize) -> u8 {
    match chars {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

/// Deletions beyond this many letters of a token add entries and find nothing more.
const HEAD_CHARS: usize = 8;

/// The person names of an index.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) words: Words,
    neighbours: Neighbours,
}

impl Names {
    pub(crate) fn insert(&mut self, row: RowId, person: &Person) {
        let mut tokens: Vec<(String, Role)> = Vec::new();
        let named = [
            (&person.given_name, Role::Given),
            (&person.middle_name, Role::Middle),
            (&person.family_name, Role::Family),
        ];
        let own = named.into_iter().filter_map(|(name, role)| Some((name.as_deref()?, role)));
        let aliases = person.aliases.iter().take(text::TOKENS_MAX).map(|alias| (alias.as_str(), Role::Alias));
        for (name, role) in own.chain(aliases) {
            let parts = text::name_parts(name);
            if parts.len() > 1 && role != Role::Alias {
                // `DE LA CRUZ` is also asked for as `DELACRUZ`.
                tokens.push((parts.iter().map(|part| part.whole.as_str()).collect(), Role::Piece));
            }
            for Part { whole, pieces } in parts {
                tokens.push((whole, role));
                tokens.extend(pieces.into_iter().map(|piece| (piece, Role::Piece)));
            }
        }
        if tokens.is_empty() {
            return;
        }
        let changed = self.words.insert(row, tokens.iter().map(|(token, role)| (token.as_str(), *role as u8)));
        for id in changed.added {
            self.neighbours.insert(self.words.text(id), id);
        }
    }

    pub(crate) fn remove(&mut self, row: RowId) {
        for (id, text) in self.words.remove(row).removed {
            self.neighbours.remove(&text, id);
        }
    }

    /// The tokens within their budget of edits, the token itself among them.
    pub(crate) fn near(&self, token: &str) -> Vec<(TokenId, u8)> {
        let asked: Vec<char> = token.chars().collect();
        let mut seen = HashSet::new();
        let mut near = Vec::new();
        for hash in deletions(&asked) {
            for id in self.neighbours.of(hash) {
                if !seen.insert(id) {
                    continue;
                }
                let recorded: Vec<char> = self.words.text(id).chars().collect();
                let most = budget(asked.len().max(recorded.len()));
                // A two-letter token is nobody's misspelling: `LI` is not `LIU`'s typing error but another name.
                let most = if asked.len().min(recorded.len()) <= 2 { 0 } else { most };
                if let Some(edits) = text::edits(&asked, &recorded, most) {
                    near.push((id, edits));
                }
            }
        }
        near
    }
}

/// The hashes of a token's head with up to its budget of letters deleted.
fn deletions(token: &[char]) -> Vec<u32> {
    let head = token.get(..HEAD_CHARS.min(token.len())).unwrap_or_default();
    let mut hashes = vec![hash(head.iter())];
    let without =
        |a: usize, b: usize| hash(head.iter().enumerate().filter(|(at, _)| *at != a && *at != b).map(|(_, c)| c));
    let budget = budget(token.len());
    for a in 0..if budget >= 1 { head.len() } else { 0 } {
        hashes.push(without(a, a));
        for b in 0..if budget >= 2 { a } else { 0 } {
            hashes.push(without(a, b));
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// FNV-1a. A clash costs one verification and nothing else.
fn hash<'a>(chars: impl Iterator<Item = &'a char>) -> u32 {
    chars.fold(0x811c_9dc5, |hash, c| (hash ^ *c as u32).wrapping_mul(0x0100_0193))
}

/// Hashes to tokens, as chains in one vector: eight bytes for each pair beside the table of heads.
#[derive(Default)]
struct Neighbours {
    heads: HashMap<u32, u32, BuildHasherDefault<Spread>>,
    links: Vec<(TokenId, u32)>,
    free: Vec<u32>,
}

const END: u32 = u32::MAX;

impl Neighbours {
    fn insert(&mut self, token: &str, id: TokenId) {
        for hash in deletions(&token.chars().collect::<Vec<_>>()) {
            let next = self.heads.get(&hash).copied().unwrap_or(END);
            let at = match self.free.pop() {
                Some(at) => at,
                None => {
                    self.links.push((0, END));
                    (self.links.len() - 1) as u32
                }
            };
            if let Some(link) = self.links.get_mut(at as usize) {
                *link = (id, next);
            }
            self.heads.insert(hash, at);
        }
    }

    fn remove(&mut self, token: &str, id: TokenId) {
        for hash in deletions(&token.chars().collect::<Vec<_>>()) {
            let mut before = END;
            let mut at = self.heads.get(&hash).copied().unwrap_or(END);
            while let Some((other, next)) = self.links.get(at as usize).copied() {
                if other == id {
                    match self.links.get_mut(before as usize) {
                        Some(link) => link.1 = next,
                        None if next == END => _ = self.heads.remove(&hash),
                        None => _ = self.heads.insert(hash, next),
                    }
                    self.free.push(at);
                    break;
                }
                (before, at) = (at, next);
            }
        }
    }

    fn of(&self, hash: u32) -> impl Iterator<Item = TokenId> + '_ {
        let head = self.heads.get(&hash).copied();
        let links = std::iter::successors(head.and_then(|at| self.links.get(at as usize)), |(_, next)| {
            self.links.get(*next as usize)
        });
        links.map(|(id, _)| *id)
    }
}

/// The keys are hashes already; this only spreads them over the table's control bits.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    fn write_u32(&mut self, key: u32) {
        self.0 = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(family: &str) -> Person {
        let json = format!(r#"{{"family_name":"{family}"}}"#);
        match clear_record::Record::from_bytes(clear_record::Kind::Person, json.as_bytes()) {
            Ok(clear_record::Record::Person(person)) => person,
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #[test]
        fn every_token_within_its_budget_is_near_and_no_other(tokens in proptest::collection::btree_set("[AB]{1,10}", 1..30), asked in "[AB]{1,10}") {
            let mut names = Names::default();
            for (row, token) in tokens.iter().enumerate() {
                names.insert(row as RowId, &person(token));
            }
            let mut near: Vec<(String, u8)> = names.near(&asked).into_iter().map(|(id, edits)| (names.words.text(id).to_owned(), edits)).collect();
            near.sort();
            let chars = |token: &str| token.chars().collect::<Vec<_>>();
            let naive: Vec<(String, u8)> = tokens
                .iter()
                .filter_map(|token| {
                    let short = token.len().min(asked.len()) <= 2;
                    let most = if short { 0 } else { budget(token.len().max(asked.len())) };
                    Some((token.clone(), text::edits(&chars(&asked), &chars(token), most)?))
                })
                .collect();
            prop_assert_eq!(near, naive);
        }

        #[test]
        fn what_was_removed_leaves_nothing(tokens in proptest::collection::vec("[A-D]{1,8}", 1..20)) {
            let mut names = Names::default();
            for (row, token) in tokens.iter().enumerate() {
                names.insert(row as RowId, &person(token));
            }
            for row in 0..tokens.len() {
                names.remove(row as RowId);
            }
            prop_assert!(names.words.is_empty());
            prop_assert!(names.neighbours.heads.is_empty());
            prop_assert_eq!(names.neighbours.free.len(), names.neighbours.links.len());
        }
    }
}
