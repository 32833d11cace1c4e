//! Which rows say what is wanted, and how well.
//!
//! INVARIANT (a number about hidden rows is a hidden row): how many texts there are, how long they are on average and how
//! many have a word is counted among those that the Sight opens, for each question. Sums are taken in the order of the
//! question and never of the index, so that not even the last bit of a score depends on a hidden text.

use std::collections::BTreeSet;
use std::ops::Bound;

use clear_record::{RecordId, Sight};

use super::fields::{self, FIELDS, FieldId};
use super::wanted::{Leaf, Node, Wanted, What};
use super::{Prose, Sum, Text, TextId, WordId, tokens, unpacked};
use crate::query::{Suggested, Why};
use crate::rows::{Row, RowId, Rows};

/// How soon more of the same word counts no more, and how much a long text counts less (Robertson and Zaragoza 2009).
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// A row that says what a leaf wants: in which field best, and what that is worth.
#[derive(Debug, Clone, Copy)]
struct Said {
    score: f64,
    field: FieldId,
}

/// One leaf's rows under the Sight, with what is needed to score them. Most rows of a frequent word do not have the other
/// words, so that their texts are looked into only when they are scored.
struct Looked {
    // Ascending, each open; a row has several where several of its fields say it.
    rows: Vec<(RowId, TextId)>,
    /// The words that were looked for: in order for a phrase, else ascending.
    wanted: Vec<WordId>,
    phrase: bool,
    /// What the leaf is worth, for how rare it is among open texts.
    weight: f64,
    /// How long open texts are on average, words.
    mean: f64,
}

impl Looked {
    /// The field in which a row says it best, and what that is worth.
    fn of(&self, prose: &Prose, row: RowId) -> Option<Said> {
        let from = self.rows.partition_point(|(other, _)| *other < row);
        let texts = self.rows.iter().skip(from).take_while(|(other, _)| *other == row);
        let mut best: Option<Said> = None;
        for text in texts.filter_map(|(_, text)| prose.held(*text)) {
            let (times, length) = (f64::from(self.times(text)), f64::from(text.length));
            let score = self.weight * times * (K1 + 1.0) / (times + K1 * (1.0 - B + B * length / self.mean));
            // Of two fields that are worth the same, the first of the list is named.
            let better = |other: Said| score > other.score || score == other.score && text.field < other.field;
            if best.is_none_or(better) {
                best = Some(Said { score, field: text.field });
            }
        }
        best
    }

    /// The most that a row could score.
    fn best(&self) -> f64 {
        self.weight * (K1 + 1.0)
    }

    /// How often a text says it.
    fn times(&self, text: &Text) -> u32 {
        if self.phrase {
            return phrases(text, &self.wanted);
        }
        let is_wanted = |word: &WordId| match self.wanted.as_slice() {
            [only] => word == only,
            several => several.binary_search(word).is_ok(),
        };
        unpacked(&text.words).filter(is_wanted).count() as u32
    }
}

/// What a question found.
pub(crate) struct Read {
    /// Rows with score, 0 to 1. Every one is open in a field that says what is wanted.
    pub(crate) rows: Vec<(RowId, f32)>,
    /// What each leaf found, with what was asked.
    found: Vec<(String, Looked)>,
    /// Words that were perhaps meant instead of one that no open text has.
    pub(crate) suggested: Vec<Suggested>,
}

impl Prose {
    /// Answers a question under a Sight.
    pub(crate) fn find(&self, wanted: &Wanted, rows: &Rows, sight: &Sight<'_>) -> Read {
        let under = Under { prose: self, rows, sight, singled: singled(rows, sight) };
        let mut finding = Finding { under: &under, found: Vec::new(), suggested: Vec::new() };
        let matched = finding.node(&wanted.0, true);
        let best: f64 = finding.found.iter().map(Looked::best).sum();
        let scored = |row: RowId| {
            let score: f64 =
                finding.found.iter().filter_map(|looked| looked.of(self, row)).map(|said| said.score).sum();
            let share = if best > 0.0 { (score / best).clamp(0.0, 1.0) } else { 0.0 };
            (row, share as f32)
        };
        let rows = matched.into_iter().map(scored).collect();
        let asked = wanted.leaves().into_iter().map(Leaf::said);
        Read { rows, found: asked.zip(finding.found).collect(), suggested: finding.suggested }
    }
}

impl Read {
    /// Why a row was found: made for the hits that are shown, of which there are few.
    pub(crate) fn why(&self, prose: &Prose, row: RowId) -> Vec<Why> {
        let said = |(asked, looked): &(String, Looked)| {
            let said = looked.of(prose, row)?;
            Some(Why::Words { asked: asked.clone(), field: fields::field(said.field)?.name })
        };
        self.found.iter().filter_map(said).collect()
    }
}

/// The index as the Sight shows it.
pub(super) struct Under<'a> {
    prose: &'a Prose,
    rows: &'a Rows,
    sight: &'a Sight<'a>,
    /// Rows for which the label alone does not say what is open.
    singled: Vec<(RowId, Row)>,
}

fn singled(rows: &Rows, sight: &Sight<'_>) -> Vec<(RowId, Row)> {
    let ids: BTreeSet<RecordId> = sight.singled().collect();
    ids.into_iter().filter_map(|id| rows.of(id).and_then(|at| Some((at, rows.get(at)?)))).collect()
}

impl Under<'_> {
    fn opens(&self, field: FieldId, row: &Row) -> bool {
        fields::field(field).is_some_and(|field| self.sight.opens(field.class, row.label, row.id))
    }

    /// The open texts of fields of this name; of all, if there is none.
    fn sum(&self, name: Option<&str>) -> Sum {
        let any = self.sight.any();
        let asked = |id: FieldId| fields::field(id).is_some_and(|field| name.is_none_or(|name| field.name == name));
        let mut sum = Sum::default();
        for ((id, label), part) in &self.prose.sums {
            if asked(*id) && fields::field(*id).is_some_and(|field| any.opens(field.class, *label)) {
                sum = Sum { texts: sum.texts + part.texts, words: sum.words + part.words };
            }
        }
        for (at, row) in &self.singled {
            for text in self.prose.of_row(*at).filter(|text| asked(text.field)) {
                let by_label = fields::field(text.field).is_some_and(|field| any.opens(field.class, row.label));
                let words = u64::from(text.length);
                match (by_label, self.opens(text.field, row)) {
                    (false, true) => sum = Sum { texts: sum.texts + 1, words: sum.words + words },
                    (true, false) => sum = Sum { texts: sum.texts - 1, words: sum.words - words },
                    _ => {}
                }
            }
        }
        sum
    }

    /// The open rows of a text.
    fn open_rows<'u>(&'u self, text: &'u Text) -> impl Iterator<Item = RowId> + 'u {
        text.rows.iter().copied().filter(|at| self.rows.get(*at).is_some_and(|row| self.opens(text.field, &row)))
    }

    /// How many open rows have the word, in fields of this name.
    pub(super) fn count(&self, word: WordId, name: Option<&str>) -> usize {
        let texts = self.prose.spelling(word).map(|word| word.texts.as_slice()).unwrap_or_default();
        let mut rows: Vec<RowId> = Vec::new();
        for text in texts.iter().filter_map(|id| self.prose.held(*id)).filter(|text| is_asked(text.field, name)) {
            rows.extend(self.open_rows(text));
        }
        rows.sort_unstable();
        rows.dedup();
        rows.len()
    }

    fn look(&self, leaf: &Leaf) -> Looked {
        let prose = self.prose;
        let wanted = prose.spellings(&leaf.what);
        let phrase = matches!(leaf.what, What::Phrase(_));
        let mut rows: Vec<(RowId, TextId)> = Vec::new();
        for id in prose.texts_with(&leaf.what, &wanted) {
            let Some(text) = prose.held(id).filter(|text| is_asked(text.field, leaf.field)) else { continue };
            if !phrase || phrases(text, &wanted) > 0 {
                rows.extend(self.open_rows(text).map(|row| (row, id)));
            }
        }
        rows.sort_unstable();
        let (mut weight, mut mean) = (0.0, 1.0);
        if !rows.is_empty() {
            let Sum { texts, words } = self.sum(leaf.field);
            let (all, with) = (texts as f64, rows.len() as f64);
            weight = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            mean = words as f64 / all;
        }
        Looked { rows, wanted, phrase, weight, mean }
    }
}

fn is_asked(field: FieldId, name: Option<&str>) -> bool {
    name.is_none_or(|name| FIELDS.get(usize::from(field)).is_some_and(|field| field.name == name))
}

/// How often the words stand in this order.
fn phrases(text: &Text, phrase: &[WordId]) -> u32 {
    let words: Vec<WordId> = unpacked(&text.words).collect();
    words.windows(phrase.len().max(1)).filter(|window| *window == phrase).count() as u32
}

impl Prose {
    /// The words of the index that a leaf looks for: in order for a phrase, else ascending. A phrase of which one word is
    /// nowhere has none.
    fn spellings(&self, what: &What) -> Vec<WordId> {
        let mut words: Vec<WordId> = match what {
            What::Word(word) => self.stems.get(tokens::stem(word).as_str()).cloned().unwrap_or_default(),
            What::Begins(begun) => {
                let from = self.by_spelling.range::<str, _>((Bound::Included(begun.as_str()), Bound::Unbounded));
                from.take_while(|(word, _)| word.starts_with(begun.as_str())).map(|(_, id)| *id).collect()
            }
            What::Phrase(phrase) => {
                let ids: Option<Vec<WordId>> =
                    phrase.iter().map(|word| self.by_spelling.get(word.as_str()).copied()).collect();
                return ids.unwrap_or_default();
            }
        };
        words.sort_unstable();
        words
    }

    /// Texts that may have what a leaf looks for, ascending.
    fn texts_with(&self, what: &What, wanted: &[WordId]) -> Vec<TextId> {
        let lists = || wanted.iter().filter_map(|word| self.spelling(*word)).map(|word| word.texts.as_slice());
        if let What::Phrase(_) = what {
            let Some(shortest) = lists().min_by_key(|list| list.len()) else { return Vec::new() };
            let everywhere = |id: &&TextId| lists().all(|list| list.binary_search(id).is_ok());
            return shortest.iter().filter(everywhere).copied().collect();
        }
        let mut texts: Vec<TextId> = lists().flatten().copied().collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}

struct Finding<'a> {
    under: &'a Under<'a>,
    /// What was looked up for each leaf that finds, in the order of the question.
    found: Vec<Looked>,
    suggested: Vec<Suggested>,
}

impl Finding<'_> {
    /// The rows of a node, ascending.
    fn node(&mut self, node: &Node, finds: bool) -> Vec<RowId> {
        match node {
            Node::Leaf(leaf) => {
                let looked = self.under.look(leaf);
                let mut rows: Vec<RowId> = looked.rows.iter().map(|(row, _)| *row).collect();
                rows.dedup();
                if finds {
                    if let (true, What::Word(word)) = (rows.is_empty(), &leaf.what) {
                        self.suggested.extend(self.under.prose.meant(word, leaf.field, self.under));
                    }
                    self.found.push(looked);
                }
                rows
            }
            Node::All { these, not } => {
                let found: Vec<Vec<RowId>> = these.iter().map(|node| self.node(node, finds)).collect();
                let left_out: Vec<Vec<RowId>> = not.iter().map(|node| self.node(node, false)).collect();
                let Some((first, others)) = found.split_first() else { return Vec::new() };
                let is_in = |list: &Vec<RowId>, row: &RowId| list.binary_search(row).is_ok();
                let keeps = |row: &RowId| {
                    others.iter().all(|list| is_in(list, row)) && !left_out.iter().any(|list| is_in(list, row))
                };
                first.iter().copied().filter(keeps).collect()
            }
            Node::Any(nodes) => {
                let mut rows: Vec<RowId> = nodes.iter().flat_map(|node| self.node(node, finds)).collect();
                rows.sort_unstable();
                rows.dedup();
                rows
            }
        }
    }
}

/// For suggestions: the index under a Sight.
pub(super) fn under<'a>(prose: &'a Prose, rows: &'a Rows, sight: &'a Sight<'a>) -> Under<'a> {
    Under { prose, rows, sight, singled: Vec::new() }
}
