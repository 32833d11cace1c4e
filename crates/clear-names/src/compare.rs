//! Whether two names may be one person's.
//!
//! In:    two names, of any script and in any order.
//! Out:   a [`Match`]: a score from 0 to 1, and which words stand for which.
//! Never: says that two *persons* are one: many share a name, and a name is one thing among several that linkage weighs.
//!
//! # How
//! Words are paired, the most alike first. A word that has no counterpart costs little as long as the other name has none
//! either (a middle name left out); where both have one left, they contradict each other, and one contradiction is
//! enough to tell two names apart however much the rest agrees.
//!
//! # Change here
//! What a deviation is worth: the constants, each with its reason. How words are read: `reading.rs`.

use std::ops::Range;

use crate::distance::edits;
use crate::name::{Name, Role, Word};
use crate::nicknames::{Kin, kin_of};
use crate::reading::{self, Letter};

/// From this score on, two names are taken to be one person's.
pub const MATCH: f32 = 0.7;

/// How well two names match, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// From 0 to 1. Two equal names that are not empty have 1.
    pub score: f32,
    /// Which words of the first name stand for which of the second, the most alike first.
    pub pairs: Vec<Pair>,
}

impl Match {
    /// Whether the score reaches [`MATCH`].
    pub fn is_match(&self) -> bool {
        self.score >= MATCH
    }
}

/// Words that stand for each other, counted from 0 in each name without its titles; several when they are joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Places in the first name.
    pub a: Range<usize>,
    /// Places in the second.
    pub b: Range<usize>,
    /// From 0 to 1.
    pub likeness: f32,
    /// What makes them alike.
    pub why: Why,
}

/// What makes two words alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The same letters.
    Equal,
    /// Read alike, or a typing error apart.
    Alike,
    /// Written as one word here and as several there.
    Joined,
    /// Two usual spellings of one name.
    Spelling,
    /// Nickname and name, or two nicknames of one name.
    Nickname,
    /// An initial, or several.
    Initial,
    /// Cut off where the form's field ends.
    CutOff,
}

/// Compares two names as they are written. Where one is compared with many, [`Name::of`] it once and [`compare_names`].
pub fn compare(a: &str, b: &str) -> Match {
    compare_names(&Name::of(a), &Name::of(b))
}

// A contradiction is decisive by itself: a full word against another leaves less than MATCH however much agrees.
const CONTRADICTION: f32 = 0.45;
// Initials are often wrong, and yet a wrong one is more than a missing one.
const CONTRADICTION_OF_INITIAL: f32 = 0.65;
const CONTRADICTION_OF_GENERATION: f32 = 0.5;
// Middle names are left out more often than not.
const MISSING: f32 = 0.96;
const MISSING_MOST: f32 = 0.8;
// One word in common with a longer name is a family, or a first name.
const ONE_WORD: f32 = 0.6;

const SPELLING: f32 = 0.95;
const NICKNAME: f32 = 0.9;
const NICKNAME_BY_FORMAL_NAME: f32 = 0.75;
const INITIAL: f32 = 0.7;
const CUT_OFF: f32 = 0.9;
const JOINED: f32 = 0.98;
/// What is left of likeness when all edits that a word may have are used up.
const EDITED: f32 = 0.45;

/// Compares two names that were made ready. The order of the two does not matter.
pub fn compare_names(a: &Name, b: &Name) -> Match {
    // In a fixed order, so that ties are broken alike both ways.
    if a.order(b).is_le() {
        return ordered(a, b);
    }
    let mut found = ordered(b, a);
    for pair in &mut found.pairs {
        std::mem::swap(&mut pair.a, &mut pair.b);
    }
    found
}

fn ordered(a: &Name, b: &Name) -> Match {
    let mut paired = Paired { pairs: Vec::with_capacity(a.words().len().min(b.words().len())), in_a: 0, in_b: 0 };
    // Equal words first: they are the most alike, and what they take needs no further look.
    let mut found = Vec::with_capacity(8);
    each_two(a, b, &paired, |i, j| {
        if a.text(i..i + 1) == b.text(j..j + 1) {
            found.push(pair(i, j, 1.0, Why::Equal))
        }
    });
    paired.take(&mut found);
    each_two(a, b, &paired, |i, j| {
        if let Some((likeness, why)) = alike(a, i, b, j) {
            found.push(pair(i, j, likeness, why));
        }
    });
    if paired.in_a != all(a) || paired.in_b != all(b) {
        spans(a, b, paired.in_a, paired.in_b, |a, b, likeness, why| found.push(Pair { a, b, likeness, why }));
        spans(b, a, paired.in_b, paired.in_a, |b, a, likeness, why| found.push(Pair { a, b, likeness, why }));
    }
    paired.take(&mut found);
    let mut score = judged(a, b, &paired);
    // Blanks elsewhere, all letters in order.
    if score < JOINED && a.words().len() != b.words().len() && joined(a, b) {
        score = JOINED * JOINED;
    }
    Match { score, pairs: paired.pairs }
}

/// Words that have found each other, and bits for the places that they take.
struct Paired {
    pairs: Vec<Pair>,
    in_a: u64,
    in_b: u64,
}

impl Paired {
    /// Takes pairs, the most alike first, as far as their words are free.
    fn take(&mut self, found: &mut Vec<Pair>) {
        found.sort_by(|x, y| {
            let place = |pair: &Pair| (pair.a.start.abs_diff(pair.b.start), pair.a.start + pair.b.start);
            y.likeness.total_cmp(&x.likeness).then(x.why.cmp(&y.why)).then(place(x).cmp(&place(y)))
        });
        for pair in found.drain(..) {
            let (bits_a, bits_b) = (bits(&pair.a), bits(&pair.b));
            if self.in_a & bits_a == 0 && self.in_b & bits_b == 0 {
                self.in_a |= bits_a;
                self.in_b |= bits_b;
                self.pairs.push(pair);
            }
        }
    }
}

fn pair(i: usize, j: usize, likeness: f32, why: Why) -> Pair {
    Pair { a: i..i + 1, b: j..j + 1, likeness, why }
}

/// Each word of one name with each of the other, where both are free. Where both names say whose child somebody is, a parent's
/// name stands for a parent's only.
fn each_two(a: &Name, b: &Name, paired: &Paired, mut look: impl FnMut(usize, usize)) {
    let parents = a.has_child_of && b.has_child_of;
    for (i, x) in a.words().iter().enumerate().filter(|(i, _)| paired.in_a & (1 << i) == 0) {
        for (j, y) in b.words().iter().enumerate().filter(|(j, _)| paired.in_b & (1 << j) == 0) {
            if !parents || x.is_parent == y.is_parent {
                look(i, j);
            }
        }
    }
}

fn all(name: &Name) -> u64 {
    bits(&(0..name.words().len()))
}

fn joined(a: &Name, b: &Name) -> bool {
    let ((text_a, letters_a), (text_b, letters_b)) = (a.whole(), b.whole());
    text_a.len().min(text_b.len()) >= 5 && (text_a == text_b || reading::cost(letters_a, letters_b, 40).is_some())
}

fn bits(words: &Range<usize>) -> u64 {
    words.clone().fold(0, |bits, word| bits | 1 << word)
}

/// What the pairs, and the words that are left over, say together.
fn judged(a: &Name, b: &Name, paired: &Paired) -> f32 {
    let (mut agreed, mut weight, mut full) = (0.0, 0.0, 0.0);
    for pair in &paired.pairs {
        let w = (weights(a, &pair.a) + weights(b, &pair.b)) / 2.0;
        agreed += w * pair.likeness;
        weight += w;
        full += match pair.why {
            Why::Initial => 0.5,
            _ if is_particle(a, &pair.a) => 0.0,
            Why::Joined => 2.0,
            _ => 1.0,
        };
    }
    if weight == 0.0 {
        return 0.0;
    }
    let left = |name: &Name, taken: u64| {
        let free = name.words().iter().enumerate().filter(move |(at, _)| taken & (1 << at) == 0);
        free.fold((0, 0), |(full, initial), (_, word)| match word.role {
            Role::Full => (full + 1, initial),
            Role::Initial => (full, initial + 1),
            Role::Particle => (full, initial),
        })
    };
    let ((full_a, initial_a), (full_b, initial_b)) = (left(a, paired.in_a), left(b, paired.in_b));
    let contradictions = full_a.min(full_b);
    // What is left on one side only, then initials against it.
    let (rest_a, rest_b) = (full_a - contradictions + initial_a, full_b - contradictions + initial_b);
    let of_initials = rest_a.min(rest_b);
    let missing = rest_a.max(rest_b) - of_initials;
    let mut score = agreed / weight;
    score *= CONTRADICTION.powi(contradictions) * CONTRADICTION_OF_INITIAL.powi(of_initials);
    score *= MISSING.powi(missing).max(MISSING_MOST);
    if missing > 0 && full < 2.0 {
        score *= ONE_WORD;
    }
    if let (Some(x), Some(y)) = (a.generation, b.generation)
        && x != y
    {
        score *= CONTRADICTION_OF_GENERATION;
    }
    score.clamp(0.0, 1.0)
}

fn is_particle(name: &Name, words: &Range<usize>) -> bool {
    name.words().get(words.clone()).is_some_and(|words| words.iter().all(|word| word.role == Role::Particle))
}

/// Longer words tell more.
fn weights(name: &Name, words: &Range<usize>) -> f32 {
    let weight = |word: &Word| match word.role {
        Role::Particle => 0.1,
        Role::Initial => 0.3,
        Role::Full => 0.6 + 0.08 * f32::from(u8::try_from(word.length().min(8)).unwrap_or(8)),
    };
    name.words().get(words.clone()).unwrap_or_default().iter().map(weight).sum()
}

/// Each full word of `one` beside two and three neighbours of `many`, where all are free.
fn spans(
    one: &Name,
    many: &Name,
    in_one: u64,
    in_many: u64,
    mut found: impl FnMut(Range<usize>, Range<usize>, f32, Why),
) {
    let free = |(i, word): &(usize, &Word)| word.role == Role::Full && in_one & (1 << i) == 0;
    for (i, word) in one.words().iter().enumerate().filter(free) {
        let text = one.text(i..i + 1);
        for start in 0..many.words().len() {
            for end in (start + 2..=start + 3).filter(|end| *end <= many.words().len()) {
                if in_many & bits(&(start..end)) != 0 {
                    break;
                }
                let joined = many.text(start..end);
                if text.len() == end - start && word.may_be_initials() && initials(text, many, start..end) {
                    found(i..i + 1, start..end, INITIAL, Why::Initial);
                }
                if joined.len().abs_diff(text.len()) > 2 || text.len() < 4 {
                    continue;
                }
                let sign = word.sign && many.words().get(start).is_some_and(|word| word.sign);
                let (apart, read) = (many.reading(start..end), one.reading(i..i + 1));
                let read = || read_alike((text, read), (joined, apart), text.len().max(joined.len()));
                if joined == text {
                    found(i..i + 1, start..end, JOINED, Why::Joined);
                } else if !sign && let Some(likeness) = read() {
                    found(i..i + 1, start..end, JOINED * likeness, Why::Joined);
                }
            }
        }
    }
}

/// Whether a word is made of the first letters of full words: `JC` of `JEAN CLAUDE`.
fn initials(text: &str, many: &Name, words: Range<usize>) -> bool {
    text.bytes().zip(words).all(|(letter, at)| {
        many.words().get(at).is_some_and(|word| word.role == Role::Full)
            && many.text(at..at + 1).as_bytes().first() == Some(&letter)
    })
}

/// How alike two words are that are not equal, if one may stand for the other.
fn alike(a: &Name, i: usize, b: &Name, j: usize) -> Option<(f32, Why)> {
    let (x, y) = (a.words().get(i)?, b.words().get(j)?);
    let (text_a, text_b) = (a.text(i..i + 1), b.text(j..j + 1));
    match (x.role, y.role) {
        (Role::Initial, Role::Full) | (Role::Full, Role::Initial) => {
            return (text_a.as_bytes().first() == text_b.as_bytes().first()).then_some((INITIAL, Why::Initial));
        }
        (Role::Full, Role::Full) => {}
        (Role::Particle, Role::Particle) => return Some((0.9, Why::Alike)),
        _ => return None,
    }
    // A sign of Chinese or Korean writing is a whole syllable: another one is another name.
    if x.sign && y.sign {
        return None;
    }
    let mut tenth = false;
    if let (Some(known_a), Some(known_b)) = (x.known, y.known) {
        if known_a.is_spelling_of(known_b) {
            return Some((SPELLING, Why::Spelling));
        }
        match kin_of(known_a, known_b.name) {
            Some(Kin::Direct) => return Some((NICKNAME, Why::Nickname)),
            Some(Kin::ByFormalName) => return Some((NICKNAME_BY_FORMAL_NAME, Why::Nickname)),
            None => {}
        }
        if known_a.is_of_other_sex(known_b) {
            return None;
        }
        tenth = known_a.are_spelt_apart(known_b)
            || (known_a.are_both_names(known_b) && !(x.sound == y.sound && x.sound.len() > 2));
    }
    let (read_a, read_b) = (a.reading(i..i + 1), b.reading(j..j + 1));
    if x.bare != y.bare {
        return read_bare(read_a, read_b).map(|likeness| (likeness, Why::Alike));
    }
    let ends = |name: &Name, at: usize| name.may_be_cut && at + 1 == name.words().len();
    if (ends(a, i) && text_b.starts_with(text_a)) || (ends(b, j) && text_a.starts_with(text_b)) {
        return Some((CUT_OFF, Why::CutOff));
    }
    let letters = text_a.len().max(text_b.len());
    // Beside a common name, a word that is none is likely a misspelling of it, even of four letters.
    let misspelt = matches!((x.known, y.known), (Some(known), None) | (None, Some(known)) if known.common);
    let letters = if misspelt && letters == 4 { 5 } else { letters };
    let (a, b) = ((text_a, read_a), (text_b, read_b));
    let likeness = if tenth { read_as_names(a, b, letters) } else { read_alike(a, b, letters) };
    likeness.map(|likeness| (likeness, Why::Alike))
}

/// Two names that stand in the lists are two names, unless they are read alike: a tenth of a letter for each letter.
fn read_as_names(a: (&str, &[Letter]), b: (&str, &[Letter]), letters: usize) -> Option<f32> {
    let most = 10 * u16::try_from(letters.saturating_sub(1)).ok()?;
    reading::cost(a.1, b.1, most)?;
    read_alike(a, b, letters)
}

/// The edits that a word may have: a quarter of a letter for each letter beyond the first, so that five letters may have one
/// wrong and nine two, and of three only such as sound alike. Errors of the ear change what is read, errors of the hand what is
/// written: the fewer count.
fn read_alike(a: (&str, &[Letter]), b: (&str, &[Letter]), letters: usize) -> Option<f32> {
    let most = (25 * u16::try_from(letters.saturating_sub(1)).ok()?).min(200);
    let heard = reading::cost(a.1, b.1, most);
    let cost = match heard {
        Some(cost) if cost <= reading::LETTER => cost,
        _ => {
            let letters = u8::try_from(most / reading::LETTER).unwrap_or_default();
            let written =
                edits(a.0.as_bytes(), b.0.as_bytes(), letters).map(|edits| u16::from(edits) * reading::LETTER);
            heard.into_iter().chain(written).min()?
        }
    };
    Some(1.0 - (1.0 - EDITED) * f32::from(cost) / f32::from(most.max(1)))
}

/// The same where one of the two is in a script that leaves vowels out. There many a letter is read in two ways (`פ` as *p* or
/// *f*), so that each consonant may have somewhat more.
fn read_bare(a: &[Letter], b: &[Letter]) -> Option<f32> {
    let consonants = reading::consonants(a).min(reading::consonants(b));
    let most = 30 * u16::try_from(consonants).ok()?;
    let cost = reading::cost_without_vowels(a, b, most)?;
    Some(1.0 - (1.0 - EDITED) * f32::from(cost) / f32::from(most.max(1)))
}
