//! Free text as words: where each stands, how it is spelt in the index, and what it is a form of.

use std::sync::OnceLock;

use rust_stemmers::{Algorithm, Stemmer};

use crate::text;

/// More of one text is not looked at: a report of a hundred pages has fewer characters.
const TEXT_CHARS_MAX: usize = 300_000;

/// A longer word is cut here, in the index and in the question alike.
const WORD_CHARS_MAX: usize = 40;

/// One word of a text.
#[derive(Debug, PartialEq)]
pub(crate) struct Token {
    /// As the index spells it: `VICTIMS`.
    pub(crate) word: String,
    /// Where it stands in the text, in bytes.
    pub(crate) at: std::ops::Range<usize>,
}

/// The words of a text in order. A word is a run of letters and digits; an apostrophe inside belongs to it.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Token> + '_ {
    let end = text.char_indices().nth(TEXT_CHARS_MAX).map_or(text.len(), |(at, _)| at);
    let text = text.get(..end).unwrap_or(text);
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(from..)?;
            let start = from + rest.find(char::is_alphanumeric)?;
            let run = text.get(start..)?;
            let long = run.find(|c| !belongs(c)).unwrap_or(run.len());
            from = start + long;
            let run = run.get(..long)?.trim_end_matches(is_apostrophe);
            let word: String = text::folded(run).chars().filter(|c| c.is_alphanumeric()).take(WORD_CHARS_MAX).collect();
            if !word.is_empty() {
                return Some(Token { word, at: start..start + run.len() });
            }
        }
    })
}

fn belongs(c: char) -> bool {
    c.is_alphanumeric() || is_apostrophe(c) || unicode_normalization::char::is_combining_mark(c)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ')
}

/// What a word is a form of, by the English rules of Snowball: `BURGLARIES` and `BURGLARY` have one stem. A word with other than
/// the letters A to Z is its own.
pub(crate) fn stem(word: &str) -> String {
    static STEMMER: OnceLock<Stemmer> = OnceLock::new();
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return word.to_owned();
    }
    let stemmer = STEMMER.get_or_init(|| Stemmer::create(Algorithm::English));
    stemmer.stem(&word.to_ascii_lowercase()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_words_with_their_places() {
        for (text, expected) in [
            ("Kicked in the door.", "KICKED@0 IN@7 THE@10 DOOR@14"),
            ("the victim's car, 9mm", "THE@0 VICTIMS@4 CAR@13 9MM@18"),
            ("O’Brien (née Müller)", "OBRIEN@0 NEE@11 MULLER@16"),
            ("'quoted'  -- x", "QUOTED@1 X@13"),
            ("720 ILCS 5/16-1", "720@0 ILCS@4 5@9 16@11 1@14"),
            ("\0🙂 \u{301}", ""),
            ("", ""),
        ] {
            let words: Vec<String> = tokens(text).map(|token| format!("{}@{}", token.word, token.at.start)).collect();
            assert_eq!(words.join(" "), expected, "{text}");
        }
        assert_eq!(tokens(&"a".repeat(1_000_000)).next().map(|token| token.word.len()), Some(WORD_CHARS_MAX));
        assert_eq!(tokens(&"a ".repeat(1_000_000)).count(), TEXT_CHARS_MAX / 2);
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for (a, b, same) in [
            ("BURGLARY", "BURGLARIES", true),
            ("STAB", "STABBED", true),
            ("STABBING", "STABBED", true),
            ("RUNNING", "RUNS", true),
            ("VICTIMS", "VICTIM", true),
            ("KNIFE", "KNIVES", false),
            ("POLICE", "POLICY", false),
            ("9MM", "9M", false),
        ] {
            assert_eq!(stem(a) == stem(b), same, "{a} {b}");
        }
    }
}
