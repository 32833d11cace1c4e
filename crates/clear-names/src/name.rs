//! A name made ready to be compared with many.
//!
//! In:    a name as somebody wrote it.
//! Out:   a [`Name`]: its words, how each is read, and which say little.
//! Never: keeps a title, or the name as it was written.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use crate::lexicon::{self, Entry};
use crate::parts::{PARTS_MAX, is_syllable, parts};
use crate::reading::{self, Letter};
use crate::sound::{Sound, sound};
use crate::words::Kind;

/// A name made ready: [`compare_names`](crate::compare_names) takes two. Prepare once what is compared often.
#[derive(Clone, Default)]
pub struct Name {
    /// All words without anything between them, so that neighbours joined are a piece of it; so are the readings.
    text: String,
    letters: Vec<Letter>,
    words: Vec<Word>,
    pub(crate) generation: Option<u8>,
    /// As long as a form's field: the last word may be cut off.
    pub(crate) may_be_cut: bool,
    pub(crate) has_child_of: bool,
}

/// What a word does in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Tells whose name it is.
    Full,
    /// A single letter.
    Initial,
    /// Article, preposition, son of.
    Particle,
}

#[derive(Clone)]
pub(crate) struct Word {
    text: Range<u16>,
    letters: Range<u16>,
    pub(crate) role: Role,
    /// Written in a script without vowels.
    pub(crate) bare: bool,
    /// One sign of Chinese or Korean writing.
    pub(crate) sign: bool,
    /// Follows a word for son or daughter.
    pub(crate) is_parent: bool,
    /// What is known about the word.
    pub(crate) known: Option<&'static Entry>,
    /// Of a common name.
    pub(crate) sound: Sound,
}

impl Word {
    /// Whether it may stand for first letters, as `JC` does: no common name does.
    pub(crate) fn may_be_initials(&self) -> bool {
        self.known.is_none_or(|known| !known.common)
    }

    /// In letters.
    pub(crate) fn length(&self) -> usize {
        usize::from(self.text.end - self.text.start)
    }
}

/// Names of at least so many letters and blanks are taken to be cut off at a form's end.
const FIELD_CHARS: usize = 30;

impl Name {
    /// Makes a name ready: its first 16 words. Titles, degrees and generations are no words of it.
    pub fn of(text: &str) -> Self {
        let mut words = pieces(text);
        // The last word is the name that the title belongs to.
        let mut left = words.len();
        words.retain(|word| {
            left -= 1;
            left == 0 || word.kind() != Some(Kind::Title)
        });
        let mut name = Self { may_be_cut: text.chars().take(FIELD_CHARS).count() == FIELD_CHARS, ..Self::default() };
        while words.len() > 2 {
            match words.last().and_then(Piece::kind) {
                Some(Kind::Generation(generation)) => name.generation = Some(generation),
                Some(Kind::Degree) => {}
                _ => break,
            }
            words.pop();
        }
        words.truncate(PARTS_MAX);
        let last = words.len().saturating_sub(1);
        let mut after_child_of = false;
        for (at, piece) in words.iter().enumerate() {
            let kind = piece.kind().filter(|_| at > 0 && at < last);
            let role = match kind {
                Some(Kind::Particle | Kind::ChildOf) => Role::Particle,
                _ if piece.text.len() == 1 && !piece.sign => Role::Initial,
                _ => Role::Full,
            };
            name.push(piece, role, after_child_of);
            // An article may stand between: `bin al-`.
            after_child_of = kind == Some(Kind::ChildOf) || (after_child_of && kind == Some(Kind::Particle));
            name.has_child_of |= after_child_of;
        }
        name
    }

    /// Whether no letter or digit is in it.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn push(&mut self, piece: &Piece, role: Role, is_parent: bool) {
        let (text, letters) = (self.text.len(), self.letters.len());
        self.text.push_str(&piece.text);
        reading::read(piece.text.as_bytes(), &mut self.letters);
        let range = |start: usize, end: usize| place(start)..place(end);
        self.words.push(Word {
            text: range(text, self.text.len()),
            letters: range(letters, self.letters.len()),
            role,
            bare: piece.bare,
            sign: piece.sign,
            is_parent,
            known: piece.known.filter(|_| role == Role::Full),
            sound: piece.known.filter(|known| known.common).map(|_| sound(&piece.text)).unwrap_or_default(),
        });
    }

    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }

    /// The letters of neighbouring words, joined.
    pub(crate) fn text(&self, words: Range<usize>) -> &str {
        let (Some(first), Some(last)) = (self.words.get(words.start), self.words.get(words.end.wrapping_sub(1))) else {
            return "";
        };
        self.text.get(usize::from(first.text.start)..usize::from(last.text.end)).unwrap_or_default()
    }

    /// How neighbouring words are read, joined.
    pub(crate) fn reading(&self, words: Range<usize>) -> &[Letter] {
        let (Some(first), Some(last)) = (self.words.get(words.start), self.words.get(words.end.wrapping_sub(1))) else {
            return &[];
        };
        self.letters.get(usize::from(first.letters.start)..usize::from(last.letters.end)).unwrap_or_default()
    }

    /// By letters, then by where the words end.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let ends = |name: &'_ Self| name.words.iter().map(|word| word.text.end).collect::<Vec<_>>();
        self.text.cmp(&other.text).then_with(|| ends(self).cmp(&ends(other)))
    }

    /// All words as one.
    pub(crate) fn whole(&self) -> (&str, &[Letter]) {
        (&self.text, &self.letters)
    }
}

/// At most 16 words of 40 letters, each read as at most two.
fn place(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

struct Piece {
    text: String,
    bare: bool,
    sign: bool,
    known: Option<&'static Entry>,
}

impl Piece {
    fn kind(&self) -> Option<Kind> {
        self.known.and_then(|known| known.kind)
    }
}

/// The words, those that are joined from pieces taken apart: whether a hyphen or a blank is written is a habit.
fn pieces(text: &str) -> Vec<Piece> {
    let (bare, sign) = (text.chars().any(is_bare), text.chars().any(is_syllable));
    let piece = |text: String| {
        let known = lexicon::entry(&text);
        Piece { text, bare, sign, known }
    };
    let mut pieces = Vec::with_capacity(4);
    for part in parts(text) {
        if part.pieces.is_empty() {
            pieces.push(piece(part.whole));
        } else {
            pieces.extend(part.pieces.into_iter().map(piece));
        }
    }
    pieces
}

/// Letters of Hebrew, Arabic, Syriac: short vowels are not written.
fn is_bare(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{77f}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// How many words, and never which: a name is a person's data.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({} words)", self.words.len())
    }
}
