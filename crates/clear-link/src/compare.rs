//! Compares two rows.
//!
//! In:    two rows of a [`Prepared`] table.
//! Out:   for each comparison a level, or [`MISSING`], and how rare what agrees is.
//! Never: weighs: what a level is worth, the model says.
#![expect(clippy::indexing_slicing, reason = "codes index the dictionaries that made them; hot loop")]

use crate::levels::Kind;
use crate::prepared::{Comparison, Field, MOST, Prepared, Words};
use crate::table::NONE;
use crate::words::{edits, jaro_winkler};

/// One of the two says nothing.
pub(crate) const MISSING: u8 = 255;

/// How two rows compare.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pattern {
    pub(crate) level: [u8; MOST],
    /// ln(1 / share) of the rarer value, where the level goes by rarity.
    pub(crate) rarity: [f32; MOST],
}

impl Prepared {
    pub(crate) fn compare(&self, i: u32, j: u32, out: &mut Pattern) {
        for (at, comparison) in self.comparisons.iter().enumerate() {
            let (level, rarity) = self.compare_one(comparison, i, j);
            out.level[at] = level;
            out.rarity[at] = rarity;
        }
    }

    pub(crate) fn compare_one(&self, comparison: &Comparison, i: u32, j: u32) -> (u8, f32) {
        match comparison.kind {
            Kind::Given => self.given(i as usize, j as usize),
            Kind::Surname => self.surname(i as usize, j as usize),
            Kind::Middle => self.middle(i as usize, j as usize),
            kind => {
                let field = &self.fields[comparison.field];
                let (a, b) = (field.codes[i as usize], field.codes[j as usize]);
                if a == NONE || b == NONE {
                    return (MISSING, 0.0);
                }
                match kind {
                    Kind::Street => street(field, i as usize, j as usize),
                    Kind::Date => date(field, a, b),
                    Kind::Exact if a == b => (0, field.rarity.ln(a, b)),
                    Kind::Exact => (1, 0.0),
                    Kind::Text => text(field, a, b),
                    Kind::Number => number(field, a, b),
                    _ => postcode(field, a, b),
                }
            }
        }
    }

    fn given(&self, i: usize, j: usize) -> (u8, f32) {
        let (a, b) = (self.given[i], self.given[j]);
        if a == NONE || b == NONE {
            return (MISSING, 0.0);
        }
        let words = &self.words;
        if a == b {
            return (0, words.given.ln(a, b));
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
        match self.given_elsewhere(i, j) {
            Some((_, _, rarity)) => (5, rarity),
            None => (6, 0.0),
        }
    }

    /// The given name of either row among the other's other names.
    fn given_elsewhere(&self, i: usize, j: usize) -> Option<(u32, u32, f32)> {
        let (a, b) = (self.given[i], self.given[j]);
        self.elsewhere(a, j, b).or_else(|| self.elsewhere(b, i, a).map(|(b, a, rarity)| (a, b, rarity)))
    }

    fn surname(&self, i: usize, j: usize) -> (u8, f32) {
        let (a, b) = (self.surname[i], self.surname[j]);
        if a == NONE || b == NONE {
            return (MISSING, 0.0);
        }
        let words = &self.words;
        if a == b {
            return (0, words.surname.ln(a, b));
        }
        match words.closeness(a, b) {
            Close::Edit => return (1, words.surname.ln(a, b)),
            Close::Near => return (2, words.surname.ln(a, b)),
            Close::Far => {}
        }
        let pieces = |word: u32| {
            let [first, last] = words.pieces[word as usize];
            [word, first, last]
        };
        if words.pieces[a as usize][0] != NONE || words.pieces[b as usize][0] != NONE {
            for x in pieces(a).into_iter().filter(|word| *word != NONE) {
                for y in pieces(b).into_iter().filter(|word| *word != NONE) {
                    if x == y || words.closeness(x, y) == Close::Edit {
                        return (3, words.any.ln(x, y));
                    }
                }
            }
        }
        let found = self.elsewhere(a, j, b).or_else(|| self.elsewhere(b, i, a).map(|(b, a, rarity)| (a, b, rarity)));
        let Some((x, y, rarity)) = found else { return (5, 0.0) };
        // One word that two rows have in common is one agreement: if the given name's comparison has it, this has not.
        let taken = self.given.get(i).zip(self.given.get(j)).is_some_and(|(p, q)| {
            *p != NONE && *q != NONE && (x == *p || y == *q) && self.given(i, j).0 == 5 && {
                self.given_elsewhere(i, j).is_some_and(|(p, q, _)| (p, q) == (x, y))
            }
        });
        if taken { (5, 0.0) } else { (4, rarity) }
    }

    /// A word and what is like it among the other names of the row; `but` is the one that it was compared with.
    fn elsewhere(&self, word: u32, row: usize, but: u32) -> Option<(u32, u32, f32)> {
        let words = &self.words;
        let one = |other: u32| -> Option<(u32, u32, f32)> {
            if other == NONE || other == but {
                return None;
            }
            let like =
                other == word || (words.shape[word as usize].len > 3 && words.closeness(word, other) == Close::Edit);
            like.then(|| (word, other, words.any.ln(word, other)))
        };
        let rest = self.rest.get(row).copied().unwrap_or([NONE; 3]);
        self.given
            .get(row)
            .and_then(|other| one(*other))
            .or_else(|| self.surname.get(row).and_then(|other| one(*other)))
            .or_else(|| rest.into_iter().find_map(one))
    }

    fn middle(&self, i: usize, j: usize) -> (u8, f32) {
        let (a, b) = (self.rest[i], self.rest[j]);
        if a[0] == NONE || b[0] == NONE {
            return (MISSING, 0.0);
        }
        let words = &self.words;
        let mut best = (3, 0.0);
        for x in a.into_iter().filter(|word| *word != NONE) {
            for y in b.into_iter().filter(|word| *word != NONE) {
                let found = if x == y {
                    (0, words.any.ln(x, y))
                } else if words.starts(x, y) {
                    (1, 0.0)
                } else if words.closeness(x, y) != Close::Far {
                    (2, words.any.ln(x, y))
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

/// How near two words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    Edit,
    Near,
    Far,
}

impl Words {
    pub(crate) fn closeness(&self, a: u32, b: u32) -> Close {
        let (x, y) = (self.shape[a as usize], self.shape[b as usize]);
        let short = x.len.min(y.len);
        let sounds = x.sound == y.sound && short > 2;
        if !sounds && !x.may_be_within(y, 3) {
            return Close::Far;
        }
        let (s, t) = (self.dict.get(a), self.dict.get(b));
        if x.may_be_within(y, 2) {
            match edits(s, t) {
                Some(0 | 1) if short > 2 => return Close::Edit,
                Some(2) if short > 5 => return Close::Near,
                _ => {}
            }
        }
        if short > 2 && (sounds || jaro_winkler(s, t) >= 0.88) { Close::Near } else { Close::Far }
    }

    /// One is the initial or the beginning of the other.
    pub(crate) fn starts(&self, a: u32, b: u32) -> bool {
        let (s, t) = (self.dict.get(a), self.dict.get(b));
        let (short, long) = if s.len() <= t.len() { (s, t) } else { (t, s) };
        (short.len() == 1 || short.len() > 2) && long.starts_with(short)
    }

    pub(crate) fn are_nicknames(&self, a: u32, b: u32) -> bool {
        self.nicknames.get(a as usize).is_some_and(|of| of.contains(&b))
    }
}

fn date(field: &Field, a: u32, b: u32) -> (u8, f32) {
    if a == b {
        return (0, field.rarity.ln(a, b));
    }
    let (x, y) = (field.values.get(a), field.values.get(b));
    let ([x0, x1, x2, x3, x4, x5, x6, x7], [y0, y1, y2, y3, y4, y5, y6, y7]) = (x, y) else { return (5, 0.0) };
    let unlike = x.iter().zip(y).filter(|(p, q)| p != q).count();
    if unlike == 1 || (unlike == 2 && edits(x, y) == Some(1)) {
        return (1, field.rarity.ln(a, b));
    }
    let year = [x0, x1, x2, x3] == [y0, y1, y2, y3];
    let month = [x4, x5] == [y4, y5];
    let day = [x6, x7] == [y6, y7];
    if year && [x4, x5, x6, x7] == [y6, y7, y4, y5] {
        return (2, field.rarity.ln(a, b));
    }
    match u8::from(year) + u8::from(month) + u8::from(day) {
        2.. => (3, 0.0),
        _ if year => (4, 0.0),
        _ => (5, 0.0),
    }
}

fn text(field: &Field, a: u32, b: u32) -> (u8, f32) {
    if a == b {
        return (0, field.rarity.ln(a, b));
    }
    let (x, y) = (field.shape[a as usize], field.shape[b as usize]);
    let (s, t) = (field.values.get(a), field.values.get(b));
    if x.may_be_within(y, 2) && x.len.min(y.len) > 3 && edits(s, t).is_some() {
        return (1, field.rarity.ln(a, b));
    }
    let words = |text| <[u8]>::split(text, |byte| *byte == b' ').filter(|word: &&[u8]| word.len() > 2);
    if (s.contains(&b' ') || t.contains(&b' ')) && words(s).any(|word| words(t).any(|other| word == other)) {
        return (2, field.rarity.ln(a, b));
    }
    (3, 0.0)
}

fn number(field: &Field, a: u32, b: u32) -> (u8, f32) {
    if a == b {
        return (0, field.rarity.ln(a, b));
    }
    let (x, y) = (field.shape[a as usize], field.shape[b as usize]);
    if x.may_be_within(y, 2) {
        match edits(field.values.get(a), field.values.get(b)) {
            Some(0 | 1) if x.len > 2 => return (1, field.rarity.ln(a, b)),
            Some(2) if x.len > 5 => return (2, field.rarity.ln(a, b)),
            _ => {}
        }
    }
    (3, 0.0)
}

fn postcode(field: &Field, a: u32, b: u32) -> (u8, f32) {
    if a == b {
        return (0, field.rarity.ln(a, b));
    }
    let (s, t) = (field.values.get(a), field.values.get(b));
    if field.shape[a as usize].may_be_within(field.shape[b as usize], 1) && edits(s, t) == Some(1) {
        return (1, field.rarity.ln(a, b));
    }
    if area(s) == area(t) { (2, 0.0) } else { (3, 0.0) }
}

/// The area of a postal code: what stands before the space, or the first three of five digits, two of four.
pub(crate) fn area(code: &[u8]) -> &[u8] {
    match code.iter().position(|byte| *byte == b' ') {
        Some(at) => &code[..at],
        None if code.len() > 4 => &code[..3],
        None => &code[..code.len().min(2)],
    }
}

fn street(field: &Field, i: usize, j: usize) -> (u8, f32) {
    let (a, b) = (field.codes[i], field.codes[j]);
    let like = |a: u32, b: u32| {
        let (x, y) = (field.shape[a as usize], field.shape[b as usize]);
        x.may_be_within(y, 2) && edits(field.values.get(a), field.values.get(b)).is_some()
            || jaro_winkler(field.values.get(a), field.values.get(b)) > 0.92
    };
    let (Some((numbers, values)), Some((both, rarity))) = (&field.number, &field.both) else {
        return match a == b {
            true => (0, field.rarity.ln(a, b)),
            false if like(a, b) => (1, field.rarity.ln(a, b)),
            false => (4, 0.0),
        };
    };
    let (n, m) = (numbers[i], numbers[j]);
    if n == NONE || m == NONE {
        return match a == b {
            true => (2, field.rarity.ln(a, b)),
            false if like(a, b) => (2, field.rarity.ln(a, b)),
            false => (4, 0.0),
        };
    }
    let near = || edits(values.get(n), values.get(m)) == Some(1);
    match (a == b, n == m) {
        (true, true) => (0, rarity.ln(both[i], both[j])),
        (true, false) if near() => (1, rarity.ln(both[i], both[j])),
        (true, false) => (2, field.rarity.ln(a, b)),
        (false, true) if like(a, b) => (1, rarity.ln(both[i], both[j])),
        (false, false) if near() && like(a, b) => (3, rarity.ln(both[i], both[j])),
        _ => (4, 0.0),
    }
}
