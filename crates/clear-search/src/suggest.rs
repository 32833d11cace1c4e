//! What may be meant by what was begun: streets, words and plates of open rows.

use std::collections::{BTreeMap, BTreeSet};

use clear_record::{FieldClass, Sight};

use crate::rows::RowId;
use crate::{Index, text};

/// A beginning has so many letters or digits.
const BEGUN_CHARS_MIN: usize = 3;

/// Something that begins as typed.
#[derive(Clone, PartialEq)]
pub struct Suggestion {
    /// What it is: `street`, `word` or `plate`.
    pub kind: &'static str,
    /// The text, as the index spells it.
    pub text: String,
    /// How many open rows have it.
    pub count: usize,
}

impl std::fmt::Debug for Suggestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Suggestion({}, {})", self.kind, self.count)
    }
}

impl Index {
    /// What begins as typed, of each kind at most `limit`: most open rows first, then by text. Fewer than three letters
    /// and digits suggest nothing, because they would list the store.
    pub fn suggest(&self, begun: &str, limit: usize, sight: &Sight<'_>) -> Vec<Suggestion> {
        let letters = text::number(begun);
        if letters.chars().count() < BEGUN_CHARS_MIN {
            return Vec::new();
        }
        let open = |class: FieldClass| {
            move |at: RowId| self.rows.get(at).is_some_and(|row| sight.opens(class, row.label, row.id))
        };
        let mut streets: BTreeMap<String, BTreeSet<RowId>> = BTreeMap::new();
        for (class, addresses) in self.addresses.iter() {
            for (street, rows) in addresses.beginning(begun, open(class)) {
                streets.entry(street).or_default().extend(rows);
            }
        }
        let mut plates: BTreeMap<String, usize> = BTreeMap::new();
        for (plate, row) in self.plates.beginning(&letters) {
            *plates.entry(plate).or_default() += usize::from(open(FieldClass::Identity)(row));
        }
        let one_word = !begun.trim().contains(char::is_whitespace);
        let words = if one_word { self.prose.beginning(&letters, &self.rows, sight) } else { Vec::new() };
        let of = |kind: &'static str, counted: Vec<(String, usize)>| {
            let mut counted: Vec<_> = counted.into_iter().filter(|(_, count)| *count > 0).collect();
            counted.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            counted.into_iter().take(limit).map(move |(text, count)| Suggestion { kind, text, count })
        };
        let streets = streets.into_iter().map(|(street, rows)| (street, rows.len())).collect();
        of("street", streets).chain(of("plate", plates.into_iter().collect())).chain(of("word", words)).collect()
    }
}
