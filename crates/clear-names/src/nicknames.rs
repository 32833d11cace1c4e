//! Who is called what: `BOB` is short for `ROBERT`.
//!
//! In:    a folded given name.
//! Out:   the names that it is a nickname of or has as nickname.
//! Never: says that two names are kin because somebody could be called both at third hand.
//!
//! # How
//! Two names are kin *directly*, when one is a nickname of the other, or *by a formal name* of which both are nicknames (`BOB`
//! and `ROBBY` of `ROBERT`), unless both have nicknames of their own (`ROSE` and `LINDA`, though both are short for `ROSALINDA`). There it ends: two formal names that share a nickname are two persons' names (`ALAN` and `ALBERT` are both called
//! `AL`), and a chain of kin would make one name of most of them.
//!
//! # Change here
//! A nickname: `data/nicknames.txt` or `data/hypocorisms.txt`, a line per formal name. A spelling: `data/spellings.txt`.

use crate::lexicon::{Entry, entry};

/// How two names are kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kin {
    /// One is a nickname of the other.
    Direct,
    /// Both are nicknames of one formal name, and not both have nicknames of their own.
    ByFormalName,
}

/// The names that a folded name is a nickname of or has as nickname: sorted, without itself. A name is among another's exactly
/// when the other is among its own. One look-up, no allocation.
pub fn nicknames(token: &str) -> &'static [&'static str] {
    entry(token).map_or(&[], |entry| &entry.direct)
}

/// Whether two folded names may be one person's, and differ: [`kin`] in some way.
pub fn are_nicknames(a: &str, b: &str) -> bool {
    kin(a, b).is_some()
}

/// How two folded names are kin, if they are. No name is kin of itself.
pub fn kin(a: &str, b: &str) -> Option<Kin> {
    kin_of(entry(a)?, b)
}

/// Other usual spellings of a folded name, sorted: `MUHAMMAD` among those of `MOHAMMED`, `YI` among those of `LEE`. Symmetric.
pub fn spellings(token: &str) -> &'static [&'static str] {
    entry(token).map_or(&[], |entry| &entry.spellings)
}

pub(crate) fn kin_of(entry: &Entry, other: &str) -> Option<Kin> {
    if entry.direct.binary_search(&other).is_ok() {
        return Some(Kin::Direct);
    }
    entry.by_formal_name.binary_search(&other).is_ok().then_some(Kin::ByFormalName)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kin_is_direct_or_by_a_formal_name_and_ends_there() {
        for (a, b, expected) in [
            ("BOB", "ROBERT", Some(Kin::Direct)),
            ("BOB", "ROB", Some(Kin::Direct)),
            ("BOB", "ROBBY", Some(Kin::ByFormalName)),
            ("BETH", "ELIZABETH", Some(Kin::Direct)),
            ("BETH", "LIZZY", Some(Kin::ByFormalName)),
            ("PACO", "FRANCISCO", Some(Kin::Direct)),
            ("ALAN", "ALBERT", None),
            ("ROSE", "LINDA", None),
            ("ROBERT", "WILLIAM", None),
            ("ROBERT", "ROBERT", None),
            ("KOWALSKI", "ROBERT", None),
            ("", "", None),
        ] {
            assert_eq!(kin(a, b), expected, "{a} {b}");
            assert_eq!(kin(b, a), expected, "{b} {a}");
        }
        assert!(
            spellings("LEE").contains(&"YI") && !spellings("LEE").contains(&"LEE") && spellings("KOWALSKI").is_empty()
        );
        assert_eq!(nicknames("AARON"), ["ERIN", "RON", "RONNIE"]);
        assert!(nicknames("KOWALSKI").is_empty());
    }
}
