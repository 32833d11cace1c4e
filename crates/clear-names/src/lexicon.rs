//! What is known about single names: nicknames, usual spellings, and who is called so.
//!
//! In:    a folded name.
//! Out:   its [`Entry`], by one look-up that allocates nothing.
//! Never: holds a person; the files are word lists, their origins in `data/ORIGIN.md`.
//!
//! # Change here
//! A word: the files in `data`. A file more: [`read`].

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use crate::words::{self, Kind};

/// Each line: a formal name, then its nicknames.
const NICKNAMES: [&str; 2] = [include_str!("../data/nicknames.txt"), include_str!("../data/hypocorisms.txt")];
/// Each line: spellings of one name.
const SPELLINGS: &str = include_str!("../data/spellings.txt");
/// Each line: a name, and how many of 100,000 women, men and family names have it.
const CENSUS: &str = include_str!("../data/census.txt");

static ENTRIES: LazyLock<Entries> = LazyLock::new(read);

type Entries = HashMap<&'static str, Entry, BuildHasherDefault<Fnv>>;

/// FNV-1a (Fowler, Noll, Vo). The table's keys are our own, so that nobody can make them collide, and words are short.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What is known about one name.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// Names that it is a nickname of or has as nickname: sorted, without itself.
    pub(crate) direct: Vec<&'static str>,
    /// Other nicknames of the same formal names, where not both have nicknames of their own: sorted, without itself and those above.
    pub(crate) by_formal_name: Vec<&'static str>,
    /// Other usual spellings of it: sorted, without itself.
    pub(crate) spellings: Vec<&'static str>,
    /// What it is beside a name.
    pub(crate) kind: Option<Kind>,
    sex: Option<Sex>,
    /// Common enough to be a name of its own rather than another one misspelt.
    pub(crate) common: bool,
}

/// Whose given name it is, nearly always.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sex {
    Female,
    Male,
}

/// Ten women to a man, or the other way round, make a name theirs.
const NEARLY_ALWAYS: u32 = 10;

/// What is known about a folded name, if anything is.
pub(crate) fn entry(name: &str) -> Option<&'static Entry> {
    ENTRIES.get(name)
}

impl Entry {
    /// Whether both are usual spellings of one name.
    pub(crate) fn is_spelling_of(&self, other: &Self) -> bool {
        self.spellings.binary_search(&other.name).is_ok()
    }

    /// Whether one is a woman's name and the other a man's.
    pub(crate) fn is_of_other_sex(&self, other: &Self) -> bool {
        matches!((self.sex, other.sex), (Some(own), Some(other)) if own != other)
    }

    /// Whether both are known for names of their own, so that one is hardly the other misspelt.
    pub(crate) fn are_both_names(&self, other: &Self) -> bool {
        self.common && other.common
    }

    /// Whether both have a list of spellings, and none that they share.
    pub(crate) fn are_spelt_apart(&self, other: &Self) -> bool {
        !self.spellings.is_empty() && !other.spellings.is_empty() && !self.is_spelling_of(other)
    }
}

fn read() -> Entries {
    let mut entries = Entries::default();
    read_nicknames(&mut entries);
    for line in SPELLINGS.lines() {
        for name in line.split_ascii_whitespace() {
            let others = line.split_ascii_whitespace().filter(|other| *other != name);
            let spellings = &mut entries.entry(name).or_default().spellings;
            spellings.extend(others);
            spellings.sort_unstable();
            spellings.dedup();
        }
    }
    for line in CENSUS.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(name) = words.next() else { continue };
        let mut count = || words.next().and_then(|count| count.parse::<u32>().ok()).unwrap_or_default();
        let (women, men, _) = (count(), count(), count());
        let entry = entries.entry(name).or_default();
        entry.common = true;
        entry.sex = match (women, men) {
            (women, men) if women > men * NEARLY_ALWAYS => Some(Sex::Female),
            (women, men) if men > women * NEARLY_ALWAYS => Some(Sex::Male),
            _ => None,
        };
    }
    for (word, kind) in words::kinds() {
        entries.entry(word).or_default().kind = Some(kind);
    }
    for (name, entry) in &mut entries {
        entry.name = name;
    }
    entries
}

fn read_nicknames(entries: &mut Entries) {
    let mut nicknames_of: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut formal_of: HashMap<&str, Vec<&str>> = HashMap::new();
    for line in NICKNAMES.iter().flat_map(|lines| lines.lines()) {
        let mut names = line.split_ascii_whitespace();
        let Some(formal) = names.next() else { continue };
        for nickname in names.filter(|nickname| *nickname != formal) {
            nicknames_of.entry(formal).or_default().push(nickname);
            formal_of.entry(nickname).or_default().push(formal);
        }
    }
    let none = Vec::new();
    for name in nicknames_of.keys().chain(formal_of.keys()) {
        let formal = formal_of.get(name).unwrap_or(&none);
        let mut direct: Vec<&str> = nicknames_of.get(name).unwrap_or(&none).iter().chain(formal).copied().collect();
        direct.sort_unstable();
        direct.dedup();
        // Names with nicknames of their own are more than nicknames: `ROSE` and `LINDA` are two names, though both are short for
        // `ROSALINDA`.
        let two_names = |other: &str| nicknames_of.contains_key(name) && nicknames_of.contains_key(other);
        let shared = formal.iter().filter_map(|formal| nicknames_of.get(formal)).flatten().copied();
        let shared = shared.filter(|other| !two_names(other));
        let mut by_formal_name: Vec<&str> =
            shared.filter(|other| other != name && direct.binary_search(other).is_err()).collect();
        by_formal_name.sort_unstable();
        by_formal_name.dedup();
        entries.insert(name, Entry { direct, by_formal_name, ..Entry::default() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folded;

    #[test]
    fn what_is_known_of_two_names() {
        type Say = fn(&Entry, &Entry) -> bool;
        let (spelling, sex, names, apart): (Say, Say, Say, Say) =
            (Entry::is_spelling_of, Entry::is_of_other_sex, Entry::are_both_names, Entry::are_spelt_apart);
        for (say, a, b, expected) in [
            (spelling, "MOHAMMED", "MUHAMMAD", true),
            (spelling, "MOHAMMED", "MAHMOUD", false),
            (apart, "MOHAMMED", "MAHMOUD", true),
            (apart, "MOHAMMED", "MARIA", false),
            (spelling, "WONG", "WANG", true),
            (spelling, "WONG", "HUANG", true),
            (spelling, "WANG", "HUANG", false),
            (sex, "ERIC", "ERICA", true),
            (sex, "JAN", "ERICA", false),
            (names, "MARTIN", "MARVIN", true),
        ] {
            let (x, y) = (entry(a).unwrap(), entry(b).unwrap());
            assert_eq!((say(x, y), say(y, x)), (expected, expected), "{a} {b}");
        }
        assert!(entry("MARVNI").is_none());
    }

    #[test]
    fn the_files_are_folded_and_nicknames_are_sorted_and_symmetric() {
        assert!(ENTRIES.len() > 5_000);
        for (name, entry) in ENTRIES.iter() {
            assert_eq!(folded(name), *name);
            assert_eq!(entry.name, *name);
            for (list, of) in [(&entry.direct, 0), (&entry.by_formal_name, 1), (&entry.spellings, 2)] {
                assert!(list.is_sorted_by(|a, b| a < b), "{name}");
                assert!(list.len() <= 40, "{name} has {}", list.len());
                for other in list {
                    let back = &ENTRIES[other];
                    let back = [&back.direct, &back.by_formal_name, &back.spellings][of];
                    assert!(other != name && back.contains(name), "{name} {other}");
                }
            }
        }
    }
}
