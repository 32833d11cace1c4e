//! Persons by name, date of birth and identity number.
//!
//! # How
//! Each asked name part gets the list of dictionary tokens that it may mean, each with a quality. The rows of the
//! cheapest part are candidates; each is tested for its label, then scored by its own tokens alone.

use std::collections::HashMap;

use clear_record::{FieldClass, Sight};
use jiff::civil::Date;

use super::Candidate;
use crate::index::birth_key;
use crate::names::Role;
use crate::query::Why;
use crate::rows::RowId;
use crate::words::TokenId;
use crate::{Index, text};

/// Later parts of an asked name are not looked at.
const PARTS_MAX: usize = 6;

/// A last part of so many letters may be only the beginning of a name.
const BEGUN_CHARS_MIN: usize = 3;

/// How much each thing that is asked weighs in the score.
mod weight {
    pub(super) const NAME: f32 = 0.6;
    pub(super) const BIRTH: f32 = 0.4;
    pub(super) const NUMBER: f32 = 0.6;
}

/// How good one match of one name part is.
mod quality {
    pub(super) const SAME: f32 = 1.0;
    pub(super) const ALIAS: f32 = 0.95;
    pub(super) const PIECE: f32 = 0.9;
    pub(super) const ONE_EDIT: f32 = 0.85;
    pub(super) const TWO_EDITS: f32 = 0.7;
    pub(super) const INITIAL: f32 = 0.6;
    /// A name that is only begun, without a letter of the rest; more letters are better.
    pub(super) const BEGUN: f32 = 0.5;
}

/// How a dictionary token matches an asked part.
#[derive(Clone, Copy)]
enum How {
    Same,
    Piece,
    Edits(u8),
    Begins,
    Initial,
}

/// One asked part with every token that it may mean.
struct Part {
    text: String,
    initial: bool,
    means: HashMap<TokenId, (f32, How)>,
    cost: usize,
}

pub(super) fn find(
    index: &Index,
    name: Option<&str>,
    birth: Option<Date>,
    number: Option<&str>,
    sight: &Sight<'_>,
) -> Vec<Candidate> {
    let number = number.map(text::number);
    let asked_parts = name.map(asked_parts).unwrap_or_default();
    let as_typed = spelling(index, &asked_parts, None);
    // One of three parts may be missing in a record, such as a middle name.
    let told = as_typed.iter().filter(|part| !part.initial).count();
    let may_miss = usize::from(as_typed.len() >= 3).min(told.saturating_sub(1));
    let mut spellings = vec![(as_typed, may_miss)];
    spellings.extend(joined(&asked_parts).iter().enumerate().map(|(at, parts)| (spelling(index, parts, Some(at)), 0)));
    let mut found = Vec::new();
    for (parts, may_miss) in spellings {
        let asked = Asked { parts, may_miss, birth, number: number.as_deref() };
        for row in asked.rows(index) {
            // The label first: nothing of a hidden row is scored.
            let Some((label, id)) = index.rows.get(row).map(|row| (row.label, row.id)) else { continue };
            if !sight.opens(FieldClass::Identity, label, id) && !sight.points(label, id) {
                continue;
            }
            if let Some((score, points, why)) = asked.score(index, row) {
                found.extend(index.seen(sight, FieldClass::Identity, row, score, points, why));
            }
        }
    }
    found
}

fn asked_parts(name: &str) -> Vec<text::Part> {
    let mut parts = text::name_parts(name);
    let suffix = |part: &text::Part| matches!(part.whole.as_str(), "JR" | "SR" | "II" | "III" | "IV");
    if parts.iter().filter(|part| !suffix(part)).count() > 0 {
        parts.retain(|part| !suffix(part));
    }
    parts.truncate(PARTS_MAX);
    parts
}

/// The same name with two neighbours written together: `MC DONALD`.
fn joined(parts: &[text::Part]) -> Vec<Vec<text::Part>> {
    let pairs = parts.iter().zip(parts.iter().skip(1)).enumerate();
    pairs
        .map(|(at, (a, b))| {
            let whole = format!("{}{}", a.whole, b.whole);
            let copy = |part: &text::Part| text::Part { whole: part.whole.clone(), pieces: part.pieces.clone() };
            let mut joined: Vec<text::Part> = parts.iter().take(at).map(copy).collect();
            joined.push(text::Part { whole, pieces: Vec::new() });
            joined.extend(parts.iter().skip(at + 2).map(copy));
            joined
        })
        .collect()
}

/// Every part with what it may mean. The part at `joined` was written as two: it means itself or nothing.
fn spelling(index: &Index, parts: &[text::Part], joined: Option<usize>) -> Vec<Part> {
    let words = &index.names.words;
    let last = parts.len().saturating_sub(1);
    parts
        .iter()
        .enumerate()
        .map(|(at, text::Part { whole, pieces })| {
            let chars = whole.chars().count();
            let mut means: HashMap<TokenId, (f32, How)> = HashMap::new();
            let mut mean = |id, quality, how| match means.get(&id) {
                Some((other, _)) if *other >= quality => {}
                _ => _ = means.insert(id, (quality, how)),
            };
            // An initial names so many tokens that it only confirms rows that other parts find.
            let initial = chars == 1;
            if joined == Some(at) {
                words.id(whole).into_iter().for_each(|id| mean(id, quality::SAME, How::Same));
            } else if !initial {
                for (id, edits) in index.names.near(whole) {
                    match edits {
                        0 => mean(id, quality::SAME, How::Same),
                        1 => mean(id, quality::ONE_EDIT, How::Edits(1)),
                        edits => mean(id, quality::TWO_EDITS, How::Edits(edits)),
                    }
                }
                for piece in pieces.iter().filter(|piece| piece.chars().count() > 1) {
                    if let Some(id) = words.id(piece) {
                        mean(id, quality::PIECE, How::Piece);
                    }
                }
                let first: String = whole.chars().take(1).collect();
                if let Some(id) = words.id(&first) {
                    mean(id, quality::INITIAL, How::Initial);
                }
                if at == last && chars >= BEGUN_CHARS_MIN {
                    for id in words.beginning(whole) {
                        let share = chars as f32 / words.text(id).chars().count().max(1) as f32;
                        mean(id, quality::BEGUN + (quality::ONE_EDIT - quality::BEGUN) * share, How::Begins);
                    }
                }
            }
            let cost = means.keys().map(|id| words.postings(*id).len()).sum();
            Part { text: whole.clone(), initial, means, cost }
        })
        .collect()
}

struct Asked<'a> {
    parts: Vec<Part>,
    /// How many parts may match nothing; fewer than those that are more than an initial.
    may_miss: usize,
    birth: Option<Date>,
    number: Option<&'a str>,
}

impl Asked<'_> {
    /// Every row that may match. Whichever parts are the cheapest, no row that would match is left out, so that the
    /// choice, which looks at hidden rows too, cannot be seen in the answer.
    fn rows(&self, index: &Index) -> Vec<RowId> {
        let words = &index.names.words;
        let mut told: Vec<&Part> = self.parts.iter().filter(|part| !part.initial).collect();
        told.sort_by_key(|part| part.cost);
        let ids = told.iter().take(self.may_miss + 1).flat_map(|part| part.means.keys());
        let mut rows: Vec<RowId> = ids.flat_map(|id| words.postings(*id)).map(|entry| words.row_of(*entry)).collect();
        rows.extend(self.number.into_iter().flat_map(|number| index.identity_numbers.get(number)));
        if let Some(birth) = self.birth.filter(|_| self.parts.is_empty()) {
            let days = [Some(birth), swapped(birth)];
            rows.extend(days.into_iter().flatten().flat_map(|day| index.births.get_key(birth_key(day))));
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// How well a row matches, whether a pointer may come of it, and why; `None` if it does not match.
    fn score(&self, index: &Index, row: RowId) -> Option<(f32, bool, Vec<Why>)> {
        let mut why = Vec::new();
        let (mut asked, mut got) = (0.0, 0.0);
        let mut points = true;
        let mut found = false;
        if let Some(number) = self.number {
            let same = index.identity_numbers.holds(row, number);
            asked += weight::NUMBER;
            if same {
                got += weight::NUMBER;
                why.push(Why::IdentityNumber);
            }
            found |= same;
            points &= same;
        }
        if !self.parts.is_empty() {
            asked += weight::NAME;
            let name = self.name(index, row);
            // Half a name points at too many: only a full one points.
            points &= self.parts.len() > 1 && name.as_ref().is_some_and(|(_, why)| why.len() == self.parts.len());
            found |= name.is_some();
            if let Some((quality, reasons)) = name {
                got += weight::NAME * quality;
                why.extend(reasons);
            }
        }
        if let Some(birth) = self.birth {
            let match_ = index.births.key_of(row).and_then(|key| birth_match(birth, key));
            asked += weight::BIRTH;
            // A wrong date of birth makes a worse hit, not none: it is the field that is wrong most often.
            if let Some((quality, reason)) = match_ {
                got += weight::BIRTH * quality;
                found |= self.parts.is_empty() && !matches!(reason, Why::BirthNear);
                points &= matches!(reason, Why::Birth) && (!self.parts.is_empty() || self.number.is_some());
                why.push(reason);
            } else {
                points = false;
            }
        }
        (found && asked > 0.0).then(|| (got / asked, points && why.iter().all(Why::points), why))
    }

    /// How well the row's names match, and why, one reason for each part that does.
    fn name(&self, index: &Index, row: RowId) -> Option<(f32, Vec<Why>)> {
        let words = &index.names.words;
        let tokens: Vec<(TokenId, Role)> =
            words.tokens_of(words.entry_of(row)?).map(|(id, mark)| (id, Role::of(mark))).collect();
        let mut taken = vec![false; tokens.len()];
        let mut why = Vec::new();
        let mut sum = 0.0;
        for part in &self.parts {
            let mut best: Option<(f32, usize, How)> = None;
            for (at, (id, role)) in tokens.iter().enumerate().filter(|(at, _)| taken.get(*at) == Some(&false)) {
                let meant = if part.initial {
                    words.text(*id).starts_with(&part.text).then_some((quality::INITIAL, How::Initial))
                } else {
                    part.means.get(id).copied()
                };
                let Some((quality, how)) = meant else { continue };
                let quality = match role {
                    Role::Given | Role::Middle | Role::Family => quality,
                    Role::Alias => quality * quality::ALIAS,
                    Role::Piece => quality * quality::PIECE,
                };
                if best.is_none_or(|(other, ..)| quality > other) {
                    best = Some((quality, at, how));
                }
            }
            let Some((quality, at, how)) = best else { continue };
            let Some((id, role)) = tokens.get(at) else { continue };
            taken.iter_mut().skip(at).take(1).for_each(|taken| *taken = true);
            sum += quality;
            let (asked, recorded) = (part.text.clone(), words.text(*id).to_owned());
            why.push(match (how, role) {
                (How::Edits(edits), _) => Why::Misspelt { asked, recorded, edits },
                (How::Begins, _) => Why::Begins { asked, recorded },
                (How::Initial, _) => Why::Initial { asked, recorded },
                (How::Piece, _) | (How::Same, Role::Piece) => Why::Piece { asked },
                (How::Same, Role::Alias) => Why::Alias { asked },
                (How::Same, Role::Given | Role::Middle | Role::Family) => Why::Name { asked },
            });
        }
        if why.len() + self.may_miss < self.parts.len() || why.is_empty() {
            return None;
        }
        // Of two that match equally, the one whose whole name was asked for is better.
        let own = |(_, role): &(TokenId, Role)| matches!(role, Role::Given | Role::Family);
        let all = tokens.iter().filter(|token| own(token)).count().max(1);
        let named = tokens.iter().zip(&taken).filter(|(token, taken)| own(token) && **taken).count();
        let quality = sum / self.parts.len() as f32;
        Some((quality * (0.9 + 0.1 * named as f32 / all as f32), why))
    }
}

fn swapped(date: Date) -> Option<Date> {
    Date::new(date.year(), date.day(), date.month()).ok().filter(|swapped| *swapped != date)
}

fn birth_match(asked: Date, recorded: u64) -> Option<(f32, Why)> {
    if birth_key(asked) == recorded {
        return Some((1.0, Why::Birth));
    }
    if swapped(asked).is_some_and(|swapped| birth_key(swapped) == recorded) {
        return Some((0.8, Why::BirthSwapped));
    }
    let parts = |key: u64| [key >> 16, key >> 8 & 0xff, key & 0xff];
    let same = parts(birth_key(asked)).into_iter().zip(parts(recorded)).filter(|(a, b)| a == b).count();
    (same == 2).then_some((0.5, Why::BirthNear))
}
