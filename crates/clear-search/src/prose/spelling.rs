//! Words that were perhaps meant, and words that begin as typed: of open texts only.

use std::ops::Bound;

use clear_record::Sight;

use super::Prose;
use super::find::{Under, under};
use crate::query::Suggested;
use crate::rows::Rows;

/// A shorter word may be anything.
const WORD_CHARS_MIN: usize = 4;
/// From so many letters on, two may be wrong.
const TWO_EDITS_FROM: usize = 8;
/// Offered for one word.
const OFFERED_MAX: usize = 3;

/// Which letters a word has, as bits: two words of one edit differ in two of them at most.
fn letters(word: &str) -> u32 {
    word.chars().fold(0, |set, c| set | 1 << (u32::from(c) & 31))
}

impl Prose {
    /// Words of open texts that differ from this one by an edit or two: fewest edits first, then most rows, then by
    /// spelling.
    pub(super) fn meant(&self, asked: &str, field: Option<&str>, under: &Under<'_>) -> Vec<Suggested> {
        let chars: Vec<char> = asked.chars().collect();
        if chars.len() < WORD_CHARS_MIN {
            return Vec::new();
        }
        let most = if chars.len() >= TWO_EDITS_FROM { 2 } else { 1 };
        let set = letters(asked);
        let mut meant: Vec<(u8, std::cmp::Reverse<usize>, &str)> = Vec::new();
        for (spelt, id) in &self.by_spelling {
            let near = (letters(spelt) ^ set).count_ones() <= 2 * u32::from(most);
            if !near || spelt.len().abs_diff(asked.len()) > 4 * usize::from(most) {
                continue;
            }
            let Some(edits) = clear_names::edits(asked.as_bytes(), spelt.as_bytes(), most) else { continue };
            let count = under.count(*id, field);
            if count > 0 {
                meant.push((edits, std::cmp::Reverse(count), spelt));
            }
        }
        meant.sort_unstable();
        let suggested = |(_, count, spelt): (u8, std::cmp::Reverse<usize>, &str)| Suggested {
            asked: asked.to_owned(),
            instead: spelt.to_owned(),
            count: count.0,
        };
        meant.into_iter().take(OFFERED_MAX).map(suggested).collect()
    }

    /// Words of open texts that begin so, with how many open rows have each.
    pub(crate) fn beginning(&self, begun: &str, rows: &Rows, sight: &Sight<'_>) -> Vec<(String, usize)> {
        let under = under(self, rows, sight);
        let from = self
            .by_spelling
            .range::<str, _>((Bound::Included(begun), Bound::Unbounded))
            .take_while(|(word, _)| word.starts_with(begun));
        from.map(|(word, id)| (word.to_string(), under.count(*id, None))).filter(|(_, count)| *count > 0).collect()
    }
}
