//! The words of a name.
//!
//! In:    a name as somebody wrote it.
//! Out:   its words in order, each in one spelling, and what each is joined from.
//! Never: gives a word of more than 40 letters, or more than 16 words.

use std::fmt;

use unicode_normalization::char::is_combining_mark;

use crate::fold::folded;

/// Longer words are cut here, wherever names are indexed, asked for or compared.
pub const TOKEN_LETTERS_MAX: usize = 40;

/// More words of one name are left out, so that a name of 10,000 letters costs what a name costs.
pub const PARTS_MAX: usize = 16;

const PIECES_MAX: usize = 4;

/// A word of a name: as one, and the pieces that it is joined from, if it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Never empty: `OBRIEN`.
    pub whole: String,
    /// Two to four, or none: `O`, `BRIEN`.
    pub pieces: Vec<String>,
}

/// The words of a name in order, each [folded](crate::folded).
///
/// Hyphen, apostrophe, dot and middle dot join: `O'Brien` is `OBRIEN` of `O` and `BRIEN`. Chinese and Korean names are written
/// without blanks, so each sign of theirs is a piece: `王小明` is `WANGXIAOMING` of `WANG`, `XIAO`, `MING`. Marks that steer
/// the direction of writing are not seen; every other sign stands between two words.
pub fn parts(text: &str) -> Vec<Part> {
    // Marks are looked at before folding, which leaves them out.
    text.split(|c: char| !is_of_word(c)).filter_map(part).take(PARTS_MAX).collect()
}

fn part(word: &str) -> Option<Part> {
    let spelt = |piece: &str| {
        let mut piece = folded(piece);
        piece.truncate(TOKEN_LETTERS_MAX);
        piece
    };
    // Nearly all words are of one piece.
    if word.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
        let whole = spelt(word);
        return (!whole.is_empty()).then_some(Part { whole, pieces: Vec::new() });
    }
    let signs = word.chars().count();
    let pieces: Vec<String> = if (2..=PIECES_MAX).contains(&signs) && word.chars().all(is_syllable) {
        word.split_inclusive(|_: char| true).map(spelt).filter(|piece| !piece.is_empty()).collect()
    } else {
        word.split(is_joint).map(spelt).filter(|piece| !piece.is_empty()).take(PIECES_MAX).collect()
    };
    let mut whole = pieces.concat();
    whole.truncate(TOKEN_LETTERS_MAX);
    (!whole.is_empty()).then_some(Part { whole, pieces: if pieces.len() > 1 { pieces } else { Vec::new() } })
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || is_joint(c)
        || is_unseen(c)
        || (!c.is_ascii() && (c.is_alphanumeric() || is_combining_mark(c)))
}

/// Marks inside one word: `O'Brien`, `Garcia-Lopez`, `J.R.`, `Gal·la`, Hebrew maqaf and geresh, Persian's narrow break.
fn is_joint(c: char) -> bool {
    matches!(
        c,
        '\'' | '’'
            | '‘'
            | 'ʼ'
            | 'ʻ'
            | '′'
            | '＇'
            | '`'
            | '´'
            | '-'
            | '‐'
            | '‑'
            | '–'
            | '－'
            | '.'
            | '·'
            | '・'
            | '־'
            | '׳'
            | '״'
            | '\u{200c}'
    )
}

/// Soft hyphen, joiners, and the marks and brackets of the direction of writing.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200d}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Han signs and Hangul syllables.
pub(crate) fn is_syllable(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '\u{ac00}'..='\u{d7a3}')
}

/// How long, and never what: a part of a name is a person's data.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} letters, {} pieces)", self.whole.len(), self.pieces.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_have_words_and_words_have_pieces() {
        let shown = |part: Part| match part.pieces.is_empty() {
            true => part.whole,
            false => format!("{}({})", part.whole, part.pieces.join("+")),
        };
        for (text, expected) in [
            ("José  Muñoz", "JOSE MUNOZ"),
            ("O'Brien", "OBRIEN(O+BRIEN)"),
            ("O’Brien", "OBRIEN(O+BRIEN)"),
            ("Garcia-Lopez, Ana", "GARCIALOPEZ(GARCIA+LOPEZ) ANA"),
            ("J. R.", "J R"),
            ("J.R.", "JR(J+R)"),
            ("'-' . 🙂", ""),
            ("", ""),
            ("e\u{301}milie\0x", "EMILIE X"),
            ("\u{202b}محمد\u{200f} علي\u{202c}", "MHMD ALY"),
            ("علی\u{200c}رضا", "ALYRDA(ALY+RDA)"),
            ("王小明", "WANGXIAOMING(WANG+XIAO+MING)"),
            ("김정은", "GIMJEONGEUN(GIM+JEONG+EUN)"),
            ("巴拉克·奥巴马", "BALAKEAOBAMA(BALAKE+AOBAMA)"),
            ("a-b-c-d-e", "ABCD(A+B+C+D)"),
        ] {
            assert_eq!(parts(text).into_iter().map(shown).collect::<Vec<_>>().join(" "), expected, "{text}");
        }
        let long = parts(&"A".repeat(10_000));
        assert_eq!((long.len(), long[0].whole.len()), (1, TOKEN_LETTERS_MAX));
        assert_eq!(parts(&"A ".repeat(10_000)).len(), PARTS_MAX);
    }

    proptest! {
        #[test]
        fn parts_are_bounded_and_folded(text in "\\PC*|.*|[\u{200c}'一-三가-갏 ]*") {
            let parts = parts(&text);
            prop_assert!(parts.len() <= PARTS_MAX);
            for Part { whole, pieces } in parts {
                prop_assert!((1..=TOKEN_LETTERS_MAX).contains(&whole.len()));
                prop_assert_eq!(&folded(&whole), &whole);
                prop_assert!(pieces.len() != 1 && pieces.len() <= PIECES_MAX);
                prop_assert!(pieces.is_empty() || pieces.concat().starts_with(&whole));
            }
        }
    }
}
