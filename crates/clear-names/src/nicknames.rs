//! Who is called what: `BOB` is short for `ROBERT`.
//!
//! In:    a folded given name.
//! Out:   the names that it is a nickname of or has as nickname.
//! Never: says that two names are kin because somebody could be called both at third hand.
//!
//! # How
//! A file of formal names with their nicknames. Two names are kin *directly*, when one is a nickname of the other, or *by a
//! formal name* of which both are nicknames (`BOB` and `ROB` of `ROBERT`). There it ends: two formal names that share a nickname
//! are two persons' names (`ALAN` and `ALBERT` are both called `AL`), and a chain of kin would make one name of most of them.
//!
//! # Change here
//! A nickname: `data/nicknames.txt`, a line per formal name.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Each line: a formal name, then its nicknames. Where it comes from: `data/ORIGIN.md`.
const LINES: &str = include_str!("../data/nicknames.txt");

/// How two names are kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kin {
    /// One is a nickname of the other.
    Direct,
    /// Both are nicknames of one formal name.
    ByFormalName,
}

struct Entry {
    direct: Vec<&'static str>,
    by_formal_name: Vec<&'static str>,
}

static ENTRIES: LazyLock<HashMap<&'static str, Entry>> = LazyLock::new(|| entries(LINES));

/// The names that a folded name is a nickname of or has as nickname: sorted, without itself. A name is among another's exactly
/// when the other is among its own.
pub fn nicknames(token: &str) -> &'static [&'static str] {
    ENTRIES.get(token).map_or(&[], |entry| &entry.direct)
}

/// Whether two folded names may be one person's, and differ: [`kin`] in some way.
pub fn are_nicknames(a: &str, b: &str) -> bool {
    kin(a, b).is_some()
}

/// How two folded names are kin, if they are. No name is kin of itself.
pub fn kin(a: &str, b: &str) -> Option<Kin> {
    let entry = ENTRIES.get(a)?;
    if entry.direct.binary_search(&b).is_ok() {
        return Some(Kin::Direct);
    }
    entry.by_formal_name.binary_search(&b).is_ok().then_some(Kin::ByFormalName)
}

fn entries(lines: &'static str) -> HashMap<&'static str, Entry> {
    let mut nicknames_of: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut formal_of: HashMap<&str, Vec<&str>> = HashMap::new();
    for line in lines.lines() {
        let mut names = line.split_ascii_whitespace();
        let Some(formal) = names.next() else { continue };
        for nickname in names.filter(|nickname| *nickname != formal) {
            nicknames_of.entry(formal).or_default().push(nickname);
            formal_of.entry(nickname).or_default().push(formal);
        }
    }
    let none = Vec::new();
    let entry = |name: &'static str| {
        let formal = formal_of.get(name).unwrap_or(&none);
        let mut direct: Vec<&str> = nicknames_of.get(name).unwrap_or(&none).iter().chain(formal).copied().collect();
        direct.sort_unstable();
        direct.dedup();
        let shared = formal.iter().filter_map(|formal| nicknames_of.get(formal)).flatten().copied();
        let mut by_formal_name: Vec<&str> =
            shared.filter(|other| *other != name && direct.binary_search(other).is_err()).collect();
        by_formal_name.sort_unstable();
        by_formal_name.dedup();
        (name, Entry { direct, by_formal_name })
    };
    nicknames_of.keys().chain(formal_of.keys()).map(|name| entry(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folded;

    #[test]
    fn kin_is_direct_or_by_a_formal_name_and_ends_there() {
        for (a, b, expected) in [
            ("BOB", "ROBERT", Some(Kin::Direct)),
            ("BOB", "ROB", Some(Kin::Direct)),
            ("BOB", "ROBBY", Some(Kin::ByFormalName)),
            ("BETH", "ELIZABETH", Some(Kin::Direct)),
            ("BETH", "LIZZY", Some(Kin::ByFormalName)),
            ("ALAN", "ALBERT", None),
            ("ROBERT", "ROBERT", None),
            ("KOWALSKI", "ROBERT", None),
            ("", "", None),
        ] {
            assert_eq!(kin(a, b), expected, "{a} {b}");
            assert_eq!(kin(b, a), expected, "{b} {a}");
        }
        assert_eq!(nicknames("AARON"), ["ERIN", "RON", "RONNIE"]);
        assert!(nicknames("KOWALSKI").is_empty());
    }

    #[test]
    fn the_whole_file_is_folded_sorted_and_symmetric() {
        assert!(ENTRIES.len() > 2_000);
        for (name, Entry { direct, by_formal_name }) in ENTRIES.iter() {
            assert_eq!(folded(name), *name);
            for (list, way) in [(direct, Kin::Direct), (by_formal_name, Kin::ByFormalName)] {
                assert!(list.is_sorted_by(|a, b| a < b), "{name}");
                assert!(list.len() <= 40, "{name} has {}", list.len());
                for other in list {
                    assert_ne!(other, name);
                    assert_eq!(kin(other, name), Some(way), "{name} {other}");
                }
            }
        }
    }
}
