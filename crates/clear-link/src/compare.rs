//! Compares two rows.
//!
//! In:    two rows of a [`Prepared`] table.
//! Out:   for each comparison a level, or [`MISSING`], and how rare what agrees is.
//! Never: weighs: what a level is worth, the model says.
#![expect(clippy::indexing_slicing, reason = "codes index the dictionaries that made them; hot loop")]

use crate::levels::{GIVEN_EXCHANGED, GIVEN_NEARLY, Kind, SURNAME_EXCHANGED};
use clear_names::{edits, jaro_winkler};

use crate::prepared::{Comparison, Field, MOST, Prepared, REST};
use crate::table::NONE;
use crate::words::Close;

/// One of the two says nothing.
pub(crate) const MISSING: u8 = 255;

/// How two rows compare.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pattern {
    pub(crate) level: [u8; MOST],
    /// ln(1 / share) of the rarer value, where the level goes by rarity.
    pub(crate) rarity: [f32; MOST],
    /// ln of how much oftener strangers agree on several names than on each alone.
    pub(crate) company: f32,
}

impl Default for Pattern {
    fn default() -> Pattern {
        Pattern { level: [MISSING; MOST], rarity: [0.0; MOST], company: 0.0 }
    }
}

/// How two names stand in each other's place.
enum Exchanged {
    AsTheyAre,
    Nearly,
}

impl Prepared {
    pub(crate) fn compare(&self, i: u32, j: u32, out: &mut Pattern) {
        let (a, b) = (self.row(i), self.row(j));
        for (at, comparison) in self.comparisons.iter().enumerate() {
            let (level, rarity) = self.compare_one(comparison, a, b);
            out.level[at] = level;
            out.rarity[at] = rarity;
        }
        out.company = 0.0;
        let agrees = |kind: Kind| {
            let at = self.comparisons.iter().position(|comparison| comparison.kind == kind);
            at.is_some_and(|at| usize::from(out.level[at]) < kind.levels().len() - 1)
        };
        if agrees(Kind::Given) && agrees(Kind::Surname) {
            let rest = agrees(Kind::Middle);
            out.company = (self.company.ln(self, a, rest) + self.company.ln(self, b, rest)) / 2.0;
        }
    }

    pub(crate) fn compare_one(&self, comparison: &Comparison, i: &[u32], j: &[u32]) -> (u8, f32) {
        match comparison.kind {
            Kind::Given => self.compare_given(i, j),
            Kind::Surname => self.compare_surname(i, j),
            Kind::Middle => self.compare_middle(i, j),
            kind => {
                let field = &self.fields[comparison.field];
                let (a, b) = (i[field.slot], j[field.slot]);
                if kind == Kind::Suffix {
                    return suffix(field, a, b);
                }
                if a == NONE || b == NONE {
                    return (MISSING, 0.0);
                }
                match kind {
                    Kind::Street => street(field, i, j),
                    _ if a == b => (0, field.rarity.one(a)),
                    Kind::Exact => (1, 0.0),
                    Kind::Date => date(field, a, b),
                    Kind::Text => text(field, a, b),
                    Kind::Number => number(field, a, b),
                    _ => postcode(field, a, b),
                }
            }
        }
    }

    fn compare_given(&self, i: &[u32], j: &[u32]) -> (u8, f32) {
        let Some(slot) = self.given else { return (MISSING, 0.0) };
        let (a, b) = (i[slot], j[slot]);
        if a == NONE || b == NONE {
            return (MISSING, 0.0);
        }
        let words = &self.words;
        if a == b {
            return (0, words.given.one(a));
        }
        if words.are_nicknames(a, b) {
            return (1, words.given.ln(a, b));
        }
        match words.closeness(a, b) {
            Close::Edit => return (2, words.given.ln(a, b)),
            Close::Near => return (3, words.given.ln(a, b)),
            Close::Far => {}
        }
        if words.starts(a, b) {
            return (4, 0.0);
        }
        match self.exchanged(i, j) {
            Some(Exchanged::AsTheyAre) => return (GIVEN_EXCHANGED as u8, words.any.ln(a, b)),
            Some(Exchanged::Nearly) => return (GIVEN_NEARLY as u8, 0.0),
            None => {}
        }
        match self.elsewhere(slot, i, j) {
            Some((_, _, rarity)) => (6, rarity),
            None => (8, 0.0),
        }
    }

    fn compare_surname(&self, i: &[u32], j: &[u32]) -> (u8, f32) {
        let Some(slot) = self.surname else { return (MISSING, 0.0) };
        let (a, b) = (i[slot], j[slot]);
        if a == NONE || b == NONE {
            return (MISSING, 0.0);
        }
        let words = &self.words;
        if a == b {
            return (0, words.surname.one(a));
        }
        match words.closeness(a, b) {
            Close::Edit => return (1, words.surname.ln(a, b)),
            Close::Near => return (2, words.surname.ln(a, b)),
            Close::Far => {}
        }
        match self.exchanged(i, j) {
            // Each of the two words is one comparison's: the given name's has the rarer.
            Some(Exchanged::AsTheyAre) => return (SURNAME_EXCHANGED as u8, words.any.one(a).min(words.any.one(b))),
            // The given name's comparison has said it all.
            Some(Exchanged::Nearly) if self.compare_given(i, j).0 == GIVEN_NEARLY as u8 => return (MISSING, 0.0),
            _ => {}
        }
        let (of_a, of_b) = (words.pieces(a), words.pieces(b));
        if of_a[0] != NONE || of_b[0] != NONE {
            for x in [a, of_a[0], of_a[1]].into_iter().filter(|word| *word != NONE) {
                for y in [b, of_b[0], of_b[1]].into_iter().filter(|word| *word != NONE) {
                    if x == y || words.closeness(x, y) == Close::Edit {
                        return (3, words.any.ln(x, y));
                    }
                }
            }
        }
        let Some((x, y, rarity)) = self.elsewhere(slot, i, j) else { return (6, 0.0) };
        // One word that two rows have in common is one agreement: if the given name's comparison has it, this has not.
        let taken = self.given.is_some_and(|given| {
            (x == i[given] || y == j[given])
                && self.compare_given(i, j).0 == 6
                && self.elsewhere(given, i, j).is_some_and(|(p, q, _)| (p, q) == (x, y))
        });
        if taken { (6, 0.0) } else { (5, rarity) }
    }

    /// Whether each row's given name is the other's family name, or like it.
    fn exchanged(&self, i: &[u32], j: &[u32]) -> Option<Exchanged> {
        let (given, surname) = (self.given?, self.surname?);
        if [i[given], i[surname], j[given], j[surname]].contains(&NONE) {
            return None;
        }
        if i[given] == j[surname] && i[surname] == j[given] {
            return Some(Exchanged::AsTheyAre);
        }
        let like = |a: u32, b: u32| a == b || self.words.are_like(a, b);
        (like(i[given], j[surname]) && like(j[given], i[surname])).then_some(Exchanged::Nearly)
    }

    /// The name in this slot of either row among the other row's other names.
    fn elsewhere(&self, slot: usize, i: &[u32], j: &[u32]) -> Option<(u32, u32, f32)> {
        let found = self.among(i[slot], slot, j);
        found.or_else(|| self.among(j[slot], slot, i).map(|(b, a, rarity)| (a, b, rarity)))
    }

    /// A word, and what is like it among the names of the row that stand in other slots.
    fn among(&self, word: u32, slot: usize, row: &[u32]) -> Option<(u32, u32, f32)> {
        let words = &self.words;
        let one = |other: u32| -> Option<(u32, u32, f32)> {
            if other == NONE {
                return None;
            }
            let like = other == word || (words.letters(word) > 3 && words.closeness(word, other) == Close::Edit);
            like.then(|| (word, other, words.any.ln(word, other)))
        };
        let names = [self.given, self.surname].into_iter().flatten().filter(|other| *other != slot);
        let rest = self.rest.map_or(0..0, |rest| rest..rest + REST);
        names.chain(rest).find_map(|slot| one(row[slot]))
    }

    fn compare_middle(&self, i: &[u32], j: &[u32]) -> (u8, f32) {
        let Some(slot) = self.rest else { return (MISSING, 0.0) };
        if i[slot] == NONE || j[slot] == NONE {
            return (MISSING, 0.0);
        }
        let words = &self.words;
        let mut best = (3, 0.0);
        for x in i[slot..slot + REST].iter().filter(|word| **word != NONE) {
            for y in j[slot..slot + REST].iter().filter(|word| **word != NONE) {
                let found = if x == y {
                    (0, words.any.one(*x))
                } else if words.starts(*x, *y) {
                    (1, 0.0)
                } else if words.closeness(*x, *y) != Close::Far {
                    (2, words.any.ln(*x, *y))
                } else {
                    continue;
                };
                if found.0 < best.0 || (found.0 == best.0 && found.1 > best.1) {
                    best = found;
                }
            }
        }
        best
    }
}

fn suffix(field: &Field, a: u32, b: u32) -> (u8, f32) {
    match (a, b) {
        (NONE, NONE) => (MISSING, 0.0),
        (NONE, _) | (_, NONE) => (1, 0.0),
        _ if a == b => (0, field.rarity.one(a)),
        _ => (2, 0.0),
    }
}

fn date(field: &Field, a: u32, b: u32) -> (u8, f32) {
    let (x, y) = (field.digits[a as usize], field.digits[b as usize]);
    let unlike = x ^ y;
    let nibbles = (unlike | unlike >> 1 | unlike >> 2 | unlike >> 3) & 0x1111_1111;
    let digits = nibbles.count_ones();
    let exchanged = || {
        // Two digits beside each other, exchanged.
        let low = nibbles.trailing_zeros();
        nibbles >> low == 0x11 && (x >> low & 15) == (y >> (low + 4) & 15) && (y >> low & 15) == (x >> (low + 4) & 15)
    };
    if digits == 1 || (digits == 2 && exchanged()) {
        return (1, field.rarity.ln(a, b));
    }
    let year = unlike >> 16 == 0;
    let month = unlike >> 8 & 255 == 0;
    let day = unlike & 255 == 0;
    if year && (x >> 8 & 255) == (y & 255) && (y >> 8 & 255) == (x & 255) {
        return (2, field.rarity.ln(a, b));
    }
    match u8::from(year) + u8::from(month) + u8::from(day) {
        2.. => (3, 0.0),
        _ if year => (4, 0.0),
        _ => (5, 0.0),
    }
}

fn text(field: &Field, a: u32, b: u32) -> (u8, f32) {
    let (x, y) = (field.shape(a), field.shape(b));
    let (s, t) = (field.values.get(a), field.values.get(b));
    if x.may_be_within(y, 2) && x.len.min(y.len) > 3 && edits(s, t, 2).is_some() {
        return (1, field.rarity.ln(a, b));
    }
    let words = |text| <[u8]>::split(text, |byte| *byte == b' ').filter(|word: &&[u8]| word.len() > 2);
    if (s.contains(&b' ') || t.contains(&b' ')) && words(s).any(|word| words(t).any(|other| word == other)) {
        return (2, field.rarity.ln(a, b));
    }
    (3, 0.0)
}

fn number(field: &Field, a: u32, b: u32) -> (u8, f32) {
    let (x, y) = (field.shape(a), field.shape(b));
    if x.len.min(y.len) > 2 && x.may_be_within(y, 1) && edits(field.values.get(a), field.values.get(b), 1).is_some() {
        return (1, field.rarity.ln(a, b));
    }
    (2, 0.0)
}

fn postcode(field: &Field, a: u32, b: u32) -> (u8, f32) {
    let (s, t) = (field.values.get(a), field.values.get(b));
    if field.shape(a).may_be_within(field.shape(b), 1) && edits(s, t, 1).is_some() {
        return (1, field.rarity.ln(a, b));
    }
    if area(s) == area(t) { (2, 0.0) } else { (3, 0.0) }
}

/// The area of a postal code: what stands before the space, or the first three of five digits, two of four.
fn area(code: &[u8]) -> &[u8] {
    match code.iter().position(|byte| *byte == b' ') {
        Some(at) => &code[..at],
        None if code.len() > 4 => &code[..3],
        None => &code[..code.len().min(2)],
    }
}

fn street(field: &Field, i: &[u32], j: &[u32]) -> (u8, f32) {
    let (a, b) = (i[field.slot], j[field.slot]);
    let like = || {
        let (x, y) = (field.shape(a), field.shape(b));
        let (s, t) = (field.values.get(a), field.values.get(b));
        x.may_be_within(y, 4)
            && (x.may_be_within(y, 2) && edits(s, t, 2).is_some()
                || x.may_be_like(y, 0.92) && jaro_winkler(s, t) > 0.92)
    };
    let (Some((number, values)), Some(both)) = (&field.number, &field.both) else {
        return match a == b {
            true => (0, field.rarity.one(a)),
            false if like() => (1, field.rarity.ln(a, b)),
            false => (4, 0.0),
        };
    };
    let (n, m) = (i[*number], j[*number]);
    if n == NONE || m == NONE {
        return if a == b || like() { (2, field.rarity.ln(a, b)) } else { (4, 0.0) };
    }
    let near = || edits(values.get(n), values.get(m), 1).is_some();
    let rarity = || both.rarity.ln(i[both.slot], j[both.slot]);
    match (a == b, n == m) {
        (true, true) => (0, rarity()),
        (true, false) if near() => (1, rarity()),
        (true, false) => (2, field.rarity.one(a)),
        (false, true) if like() => (1, rarity()),
        (false, false) if near() && like() => (3, rarity()),
        _ => (4, 0.0),
    }
}
