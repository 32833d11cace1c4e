//! Exact keys to rows: numbers, plates.

use std::collections::HashMap;

use crate::rows::RowId;

/// A multimap from keys to rows. Short keys are packed into a number, because there are millions of case numbers.
#[derive(Default)]
pub(crate) struct Keys {
    first: HashMap<u64, RowId>,
    more: HashMap<u64, Vec<RowId>>,
    // Keys too long to pack, by a number of their own with the highest bit set.
    long: HashMap<Box<str>, u64>,
    next_long: u64,
    // What each row holds, ascending by row, so that it can be taken out again.
    rows: Vec<RowId>,
    keys: Vec<u64>,
}

clear_record::snapshot!(Keys { first, more, long, next_long, rows, keys });

const LONG: u64 = 1 << 63;
const GONE: u64 = u64::MAX;

/// Up to twelve of `0-9 A-Z` as a number below 2^63.
fn packed(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 12 {
        return None;
    }
    text.bytes().try_fold(0u64, |packed, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0' + 1,
            b'A'..=b'Z' => byte - b'A' + 11,
            _ => return None,
        };
        Some(packed * 37 + u64::from(digit))
    })
}

impl Keys {
    fn known(&self, text: &str) -> Option<u64> {
        packed(text).or_else(|| self.long.get(text).copied())
    }

    /// Adds a row under a text, which must not be empty.
    pub(crate) fn insert(&mut self, text: &str, row: RowId) {
        let key = self.known(text).unwrap_or_else(|| {
            self.next_long += 1;
            let key = LONG | self.next_long;
            self.long.insert(text.into(), key);
            key
        });
        self.insert_key(key, row);
    }

    /// Adds a row under a number below 2^63.
    pub(crate) fn insert_key(&mut self, key: u64, row: RowId) {
        if *self.first.entry(key).or_insert(row) != row {
            self.more.entry(key).or_default().push(row);
        }
        self.rows.push(row);
        self.keys.push(key);
    }

    pub(crate) fn get(&self, text: &str) -> impl Iterator<Item = RowId> + '_ {
        self.known(text).into_iter().flat_map(|key| self.get_key(key))
    }

    pub(crate) fn get_key(&self, key: u64) -> impl Iterator<Item = RowId> + '_ {
        self.first.get(&key).copied().into_iter().chain(self.more.get(&key).into_iter().flatten().copied())
    }

    /// Takes the row out from wherever it stands.
    pub(crate) fn remove(&mut self, row: RowId) {
        let mut at = self.rows.partition_point(|other| *other < row);
        while self.rows.get(at) == Some(&row) {
            if let Some(key) = self.keys.get_mut(at).map(|key| std::mem::replace(key, GONE)) {
                self.take(key, row);
            }
            at += 1;
        }
    }

    fn take(&mut self, key: u64, row: RowId) {
        if self.first.get(&key) != Some(&row) {
            if let Some(rows) = self.more.get_mut(&key) {
                rows.retain(|other| *other != row);
            }
        } else if let Some(next) = self.more.get_mut(&key).filter(|rows| !rows.is_empty()).map(|rows| rows.remove(0)) {
            self.first.insert(key, next);
        } else {
            self.first.remove(&key);
            if key & LONG != 0 {
                self.long.retain(|_, other| *other != key);
            }
        }
        if self.more.get(&key).is_some_and(Vec::is_empty) {
            self.more.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_short_and_long_are_found_until_they_are_removed() {
        for key in ["HX123456", "0", "A LONG KEY THAT CANNOT BE PACKED", "ИВАН", "00"] {
            let mut keys = Keys::default();
            for row in [3, 5, 9] {
                keys.insert(key, row);
            }
            keys.insert("OTHER", 10);
            assert_eq!(keys.get(key).collect::<Vec<_>>(), [3, 5, 9], "{key}");
            keys.remove(3);
            assert_eq!(keys.get(key).collect::<Vec<_>>(), [5, 9], "{key}");
            keys.remove(9);
            keys.remove(9);
            keys.remove(5);
            assert_eq!(keys.get(key).count(), 0, "{key}");
            assert!(keys.more.is_empty() && keys.long.is_empty() && keys.first.len() == 1, "{key}");
        }
    }

    #[test]
    fn packing_keeps_keys_apart() {
        assert_ne!(packed("0"), packed("00"));
        assert!(packed("ZZZZZZZZZZZZ").is_some_and(|key| key < LONG));
        assert_eq!(packed("a"), None);
    }
}
