//! Free text: which words stand in which fields of which rows.
//!
//! In:    records; a [`Wanted`] and a Sight.
//! Out:   rows with scores and reasons; words that were perhaps meant.
//! Never: counts, weighs or offers what the Sight does not open.
//!
//! # How
//! A *text* is what one field says. Many offences have the same one, so that a text has a list of rows. Words lead to
//! texts; each text keeps its own words in order, which serve phrases, counts and its removal. Nothing of it stays
//! behind. Scores are BM25 on statistics that are counted under the Sight, question by question (`find.rs` here).
//!
//! # Change here
//! What is searched: `fields.rs`. The language: `wanted.rs`. Why this is not tantivy: docs/decisions/0024.

mod fields;
mod find;
mod snippet;
mod spelling;
mod tokens;
mod wanted;

use std::collections::{BTreeMap, HashMap};

use clear_record::{LabelId, Record};

pub(crate) use fields::FieldId;
pub use fields::field_names;
pub(crate) use find::Read;
pub use snippet::{Piece, Snippet, snippets};
pub use wanted::Wanted;

use crate::rows::RowId;

type WordId = u32;
type TextId = u32;

const GONE: TextId = TextId::MAX;

/// A word in one spelling.
struct Word {
    spelt: Box<str>,
    // Ascending, each once.
    texts: Vec<TextId>,
}

/// What one field says.
struct Text {
    field: FieldId,
    /// Its words in order, as numbers of seven bits a byte: frequent words come early and have short ones.
    words: Box<[u8]>,
    /// How many.
    length: u32,
    // Ascending.
    rows: Vec<RowId>,
}

/// How many texts there are and how long they are together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sum {
    texts: u64,
    words: u64,
}

/// The free text of an index.
#[derive(Default)]
pub(crate) struct Prose {
    words: Vec<Option<Word>>,
    by_spelling: BTreeMap<Box<str>, WordId>,
    /// The spellings of each stem.
    stems: HashMap<Box<str>, Vec<WordId>>,
    texts: Vec<Option<Text>>,
    /// Texts that repeat, by what they say.
    repeated: HashMap<(FieldId, Box<[u8]>), TextId>,
    // What each row says, ascending by row.
    rows: Vec<RowId>,
    said: Vec<TextId>,
    sums: HashMap<(FieldId, LabelId), Sum>,
}

clear_record::snapshot!(Word { spelt, texts });
clear_record::snapshot!(Text { field, words, length, rows });
clear_record::snapshot!(Sum { texts, words });
clear_record::snapshot!(Prose { words, by_spelling, stems, texts, repeated, rows, said, sums });

/// Numbers of seven bits a byte, the lowest first.
fn packed(words: &[WordId]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(words.len() + words.len() / 2);
    for word in words {
        let mut rest = *word;
        while rest > 0x7f {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes.into_boxed_slice()
}

fn unpacked(bytes: &[u8]) -> impl Iterator<Item = WordId> + '_ {
    let mut bytes = bytes.iter();
    std::iter::from_fn(move || {
        let (mut word, mut shift) = (0, 0);
        loop {
            let byte = *bytes.next()?;
            word |= WordId::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(word);
            }
        }
    })
}

impl Prose {
    pub(crate) fn insert(&mut self, row: RowId, label: LabelId, record: &Record) {
        for (id, field) in fields::fields() {
            let Some(text) = (field.text)(record) else { continue };
            let words: Vec<WordId> = tokens::tokens(&text).map(|token| self.word(token.word)).collect();
            if !words.is_empty() {
                let text = self.text(id, field.repeats, &words);
                if let Some(Some(text)) = self.texts.get_mut(text as usize) {
                    text.rows.push(row);
                }
                self.rows.push(row);
                self.said.push(text);
                let sum = self.sums.entry((id, label)).or_default();
                *sum = Sum { texts: sum.texts + 1, words: sum.words + words.len() as u64 };
            }
        }
    }

    fn word(&mut self, spelt: String) -> WordId {
        if let Some(id) = self.by_spelling.get(spelt.as_str()) {
            return *id;
        }
        let id = WordId::try_from(self.words.len()).unwrap_or(WordId::MAX);
        self.stems.entry(tokens::stem(&spelt).into()).or_default().push(id);
        self.by_spelling.insert(spelt.as_str().into(), id);
        self.words.push(Some(Word { spelt: spelt.into(), texts: Vec::new() }));
        id
    }

    fn text(&mut self, field: FieldId, repeats: bool, words: &[WordId]) -> TextId {
        let bytes = packed(words);
        let key = repeats.then(|| (field, bytes.clone()));
        if let Some(id) = key.as_ref().and_then(|key| self.repeated.get(key)) {
            return *id;
        }
        let id = TextId::try_from(self.texts.len()).unwrap_or(GONE);
        self.repeated.extend(key.map(|key| (key, id)));
        let length = u32::try_from(words.len()).unwrap_or(u32::MAX);
        self.texts.push(Some(Text { field, words: bytes, length, rows: Vec::new() }));
        for word in words {
            if let Some(Some(word)) = self.words.get_mut(*word as usize)
                && word.texts.last() != Some(&id)
            {
                word.texts.push(id);
            }
        }
        id
    }

    /// Takes out everything that the row says. Its label is the one that it went in with.
    pub(crate) fn remove(&mut self, row: RowId, label: LabelId) {
        let mut at = self.rows.partition_point(|other| *other < row);
        while self.rows.get(at) == Some(&row) {
            let text = self.said.get_mut(at).map_or(GONE, |said| std::mem::replace(said, GONE));
            self.unsay(row, label, text);
            at += 1;
        }
    }

    fn unsay(&mut self, row: RowId, label: LabelId, id: TextId) {
        let Some(Some(text)) = self.texts.get_mut(id as usize) else { return };
        let field = text.field;
        if let Some(sum) = self.sums.get_mut(&(field, label)) {
            *sum = Sum { texts: sum.texts - 1, words: sum.words - u64::from(text.length) };
            if sum.texts == 0 {
                self.sums.remove(&(field, label));
            }
        }
        if let Ok(at) = text.rows.binary_search(&row) {
            text.rows.remove(at);
        }
        if !text.rows.is_empty() {
            return;
        }
        let Some(text) = self.texts.get_mut(id as usize).and_then(Option::take) else { return };
        for word in unpacked(&text.words) {
            let Some(Some(held)) = self.words.get_mut(word as usize) else { continue };
            if let Ok(at) = held.texts.binary_search(&id) {
                held.texts.remove(at);
            }
            if held.texts.is_empty() {
                self.forget(word);
            }
        }
        self.repeated.remove(&(field, text.words));
    }

    /// A word that no text has is not kept: it may be what was to be expunged.
    fn forget(&mut self, id: WordId) {
        let Some(word) = self.words.get_mut(id as usize).and_then(Option::take) else { return };
        self.by_spelling.remove(&word.spelt);
        let stem = tokens::stem(&word.spelt);
        if let Some(spellings) = self.stems.get_mut(stem.as_str()) {
            spellings.retain(|other| *other != id);
            if spellings.is_empty() {
                self.stems.remove(stem.as_str());
            }
        }
    }

    fn held(&self, id: TextId) -> Option<&Text> {
        self.texts.get(id as usize)?.as_ref()
    }

    fn spelling(&self, id: WordId) -> Option<&Word> {
        self.words.get(id as usize)?.as_ref()
    }

    /// The texts of a row.
    fn of_row(&self, row: RowId) -> impl Iterator<Item = &Text> + '_ {
        let from = self.rows.partition_point(|other| *other < row);
        let rows = self.rows.iter().skip(from).take_while(move |other| **other == row);
        rows.zip(self.said.iter().skip(from)).filter_map(|(_, text)| self.held(*text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_from_their_bytes() {
        let words = [0, 1, 127, 128, 300, 16_383, 16_384, 2_000_000, WordId::MAX];
        assert_eq!(unpacked(&packed(&words)).collect::<Vec<_>>(), words);
    }

    #[test]
    fn nothing_of_a_removed_row_stays_behind() {
        let record = |json: &str, kind| Record::from_bytes(kind, json.as_bytes()).unwrap();
        let mut prose = Prose::default();
        let incident = record(
            r#"{"occurred_from":"2018-03-04T10:00:00","offences":[{"iucr":"0820","primary_type":"THEFT","description":"$500 AND UNDER"}]}"#,
            clear_record::Kind::Incident,
        );
        let narrative = record(
            r#"{"about":"inc_00000000000000000000000007","text":"The thefts, the thefts."}"#,
            clear_record::Kind::Narrative,
        );
        for (row, record) in [(1, &incident), (2, &narrative), (5, &incident)] {
            prose.insert(row, LabelId(row), record);
        }
        assert_eq!(prose.texts.iter().flatten().count(), 2, "the same offence is one text");
        for row in [1, 2, 2, 5, 7] {
            prose.remove(row, LabelId(row));
        }
        assert!(prose.by_spelling.is_empty() && prose.stems.is_empty() && prose.repeated.is_empty());
        assert!(prose.sums.is_empty() && prose.texts.iter().all(Option::is_none));
        assert!(prose.words.iter().all(Option::is_none) && prose.said.iter().all(|text| *text == GONE));
    }
}
