//! The words of all names, and how alike two are.
//!
//! In:    folded words.
//! Out:   a code for each, its sound, its pieces, its nicknames; whether two are close.
//! Never: compares letters where masks or lengths already tell that two words are far apart.
#![expect(clippy::indexing_slicing, reason = "codes index the lists that grow with the dictionary; hot loop")]

use clear_names::{edits, jaro_winkler, nicknames, sound};
use hashbrown::HashMap;

use crate::dict::Dict;
use crate::rarity::Rarity;
use crate::table::NONE;

/// What makes most comparisons of two texts a matter of a few instructions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape {
    /// Which of 32 classes of letters it has: texts whose masks differ in many bits are many edits apart.
    mask: u32,
    pub(crate) len: u8,
    first: u8,
}

impl Shape {
    pub(crate) fn of(text: &[u8]) -> Shape {
        let mask = text.iter().fold(0_u32, |mask, byte| mask | 1 << (byte & 31));
        Shape { mask, len: text.len().min(255) as u8, first: text.first().copied().unwrap_or_default() }
    }

    /// Whether the texts may be within so many edits. One edit changes at most two bits of the mask.
    pub(crate) fn may_be_within(self, other: Shape, most: u32) -> bool {
        u32::from(self.len.abs_diff(other.len)) <= most && (self.mask ^ other.mask).count_ones() <= 2 * most
    }

    /// Whether the texts may be so similar by Jaro and Winkler: a class of letters that only one has is a letter there that
    /// has no partner, so the similarity has a ceiling that costs no look at the letters. For texts of up to 64 letters.
    pub(crate) fn may_be_like(self, other: Shape, least: f32) -> bool {
        let (a, b) = (f32::from(self.len), f32::from(other.len));
        let alone = |own: u32, others: u32| (own & !others).count_ones() as f32;
        let common = (a - alone(self.mask, other.mask)).min(b - alone(other.mask, self.mask));
        let jaro = (common / a + common / b + 1.0) / 3.0;
        let beginning = if self.first == other.first { 0.4 } else { 0.0 };
        // A little room for the rounding of the exact sum.
        common > 0.0 && jaro + beginning * (1.0 - jaro) > least - 1e-4
    }
}

/// Similarity by Jaro and Winkler from which two words are near.
const LIKE: f32 = 0.88;

/// How near two words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    Edit,
    Near,
    Far,
}

/// The words of all names.
#[derive(Default)]
pub(crate) struct Words {
    dict: Dict,
    shapes: Vec<Shape>,
    /// The number of each word's sound.
    sounds: Vec<u32>,
    sound_numbers: HashMap<u64, u32>,
    /// First and last part of a name that is joined of several.
    pieces: Vec<[u32; 2]>,
    /// Of the words that have any: the nicknames that are words here too.
    nicknames: HashMap<u32, Vec<u32>>,
    has_nicknames: Vec<bool>,
    pub(crate) given: Rarity,
    pub(crate) surname: Rarity,
    pub(crate) any: Rarity,
    pub(crate) by_sound: Rarity,
}

impl Words {
    pub(crate) fn len(&self) -> usize {
        self.dict.len()
    }

    pub(crate) fn text(&self, word: u32) -> &[u8] {
        self.dict.get(word)
    }

    pub(crate) fn letters(&self, word: u32) -> u8 {
        self.shapes[word as usize].len
    }

    /// Reads a little of what is known of a word.
    pub(crate) fn touch(&self, word: u32) -> u32 {
        let at = word as usize;
        self.shapes[at].mask ^ self.sounds[at] ^ u32::from(self.has_nicknames[at])
    }

    pub(crate) fn sound(&self, word: u32) -> u32 {
        self.sounds[word as usize]
    }

    pub(crate) fn pieces(&self, word: u32) -> [u32; 2] {
        self.pieces[word as usize]
    }

    /// The words of a folded name. A family name is one word with pieces.
    pub(crate) fn cut(&mut self, name: &[u8], whole: bool, out: &mut Vec<u32>) {
        out.clear();
        if whole {
            out.push(self.word(name));
        } else {
            out.extend(name.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).map(|word| self.word(word)));
        }
    }

    fn word(&mut self, written: &[u8]) -> u32 {
        let joint = |byte: &u8| matches!(byte, b'-' | b' ');
        if !written.iter().any(joint) {
            return self.single(written);
        }
        let joined: Vec<u8> = written.iter().copied().filter(|byte| !joint(byte)).collect();
        let parts: Vec<&[u8]> = written.split(joint).filter(|part| part.len() > 1).collect();
        let known = self.dict.len();
        let code = self.single(&joined);
        if code as usize == known
            && let [first, .., last] = parts[..]
        {
            self.pieces[code as usize] = [self.single(first), self.single(last)];
        }
        code
    }

    fn single(&mut self, word: &[u8]) -> u32 {
        let code = self.dict.intern(word);
        if (code as usize) < self.shapes.len() {
            return code;
        }
        let text = std::str::from_utf8(word).unwrap_or_default();
        let next = self.sound_numbers.len() as u32;
        self.sounds.push(*self.sound_numbers.entry(sound(text).number()).or_insert(next));
        self.shapes.push(Shape::of(word));
        self.pieces.push([NONE; 2]);
        self.has_nicknames.push(false);
        for nickname in nicknames(text) {
            if let Some(other) = self.dict.find(nickname.as_bytes()) {
                for (a, b) in [(code, other), (other, code)] {
                    self.nicknames.entry(a).or_default().push(b);
                    self.has_nicknames[a as usize] = true;
                }
            }
        }
        code
    }

    pub(crate) fn settle(&mut self, rows: u32) {
        let words = self.dict.len();
        self.given.settle(words);
        self.surname.settle(words);
        self.any.settle(words);
        for word in 0..words as u32 {
            self.by_sound.add_many(self.sounds[word as usize], self.any.count(word));
        }
        self.by_sound.settle_of(self.sound_numbers.len(), rows);
    }

    pub(crate) fn closeness(&self, a: u32, b: u32) -> Close {
        let (x, y) = (self.shapes[a as usize], self.shapes[b as usize]);
        let short = x.len.min(y.len);
        if short < 3 {
            return Close::Far;
        }
        let sounds = self.sounds[a as usize] == self.sounds[b as usize];
        if !sounds && !x.may_be_within(y, 3) {
            return Close::Far;
        }
        let texts = || (self.dict.get(a), self.dict.get(b));
        let most = if short > 5 { 2 } else { 1 };
        if x.may_be_within(y, u32::from(most)) {
            let (s, t) = texts();
            match edits(s, t, most) {
                Some(0 | 1) => return Close::Edit,
                Some(_) => return Close::Near,
                None => {}
            }
        }
        let like = || {
            let (s, t) = texts();
            x.may_be_like(y, LIKE) && jaro_winkler(s, t) >= LIKE
        };
        if sounds || like() { Close::Near } else { Close::Far }
    }

    /// One is the initial or the beginning of the other.
    pub(crate) fn starts(&self, a: u32, b: u32) -> bool {
        let (x, y) = (self.shapes[a as usize], self.shapes[b as usize]);
        if x.first != y.first || x.len.min(y.len) == 2 {
            return false;
        }
        x.len.min(y.len) == 1 || {
            let (s, t) = (self.dict.get(a), self.dict.get(b));
            if s.len() <= t.len() { t.starts_with(s) } else { s.starts_with(t) }
        }
    }

    /// Whether two words that are not the same may be one name, written otherwise.
    pub(crate) fn are_like(&self, a: u32, b: u32) -> bool {
        self.closeness(a, b) != Close::Far || self.are_nicknames(a, b)
    }

    pub(crate) fn are_nicknames(&self, a: u32, b: u32) -> bool {
        self.has_nicknames[a as usize]
            && self.has_nicknames[b as usize]
            && self.nicknames.get(&a).is_some_and(|of| of.contains(&b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_shape_never_rules_out_what_the_letters_allow(a in "[A-F]{1,9}", b in "[A-F]{1,9}") {
            let (x, y) = (Shape::of(a.as_bytes()), Shape::of(b.as_bytes()));
            for most in 1..=3 {
                let within = edits(a.as_bytes(), b.as_bytes(), most).is_some();
                prop_assert!(!within || x.may_be_within(y, u32::from(most)), "{a} {b} {most}");
            }
            for least in [0.5, LIKE, 0.92] {
                let like = jaro_winkler(a.as_bytes(), b.as_bytes()) >= least;
                prop_assert!(!like || x.may_be_like(y, least), "{a} {b} {least}");
            }
        }
    }
}
