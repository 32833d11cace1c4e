//! The piece of a text that shows what was found, with the words marked.

use clear_record::{FieldClass, Record};

use super::fields::FIELDS;
use super::tokens::{Token, stem, tokens};
use super::wanted::{Leaf, Wanted, What};

/// A snippet has so many words.
const WORDS: usize = 30;

/// A piece of one field.
#[derive(Clone, PartialEq)]
pub struct Snippet {
    /// The field's name.
    pub field: &'static str,
    /// Its class, by which it is open or closed.
    pub class: FieldClass,
    /// The text in order. Where it is cut, the first or last piece ends in an ellipsis.
    pub pieces: Vec<Piece>,
}

/// A run of text.
#[derive(Clone, PartialEq)]
pub struct Piece {
    /// The text, as recorded.
    pub text: String,
    /// Whether it is what was asked.
    pub marked: bool,
}

impl std::fmt::Debug for Snippet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snippet({})", self.field)
    }
}

/// The snippets of a record: one for each of its fields that `opens` and that has a wanted word. Made from the record
/// itself, when it has been fetched, so that the index need not keep any text.
pub fn snippets(record: &Record, wanted: &Wanted, opens: impl Fn(FieldClass) -> bool) -> Vec<Snippet> {
    let leaves = wanted.leaves();
    let mut snippets = Vec::new();
    for field in FIELDS.iter().filter(|field| field.kind == record.kind() && opens(field.class)) {
        let Some(text) = (field.text)(record) else { continue };
        let leaves: Vec<&Leaf> =
            leaves.iter().filter(|leaf| leaf.field.is_none_or(|name| name == field.name)).copied().collect();
        let words: Vec<Token> = tokens(&text).collect();
        let marks = marks(&words, &leaves);
        if marks.iter().any(|mark| *mark != 0) {
            snippets.push(Snippet { field: field.name, class: field.class, pieces: cut(&text, &words, &marks) });
        }
    }
    snippets
}

/// For each word, which leaves it is part of, as bits.
fn marks(words: &[Token], leaves: &[&Leaf]) -> Vec<u64> {
    let mut marks = vec![0u64; words.len()];
    for (bit, leaf) in (0..64u32).zip(leaves) {
        let bit = 1u64 << bit;
        let mut mark = |is: &dyn Fn(&str) -> bool| {
            for (mark, _) in marks.iter_mut().zip(words).filter(|(_, token)| is(&token.word)) {
                *mark |= bit;
            }
        };
        match &leaf.what {
            What::Word(asked) => {
                let asked = stem(asked);
                mark(&|word| stem(word) == asked);
            }
            What::Begins(begun) => mark(&|word| word.starts_with(begun.as_str())),
            What::Phrase(phrase) => {
                let is = |window: &[Token]| window.iter().zip(phrase).all(|(token, word)| token.word == *word);
                let windows = words.windows(phrase.len().max(1)).enumerate().filter(|(_, window)| is(window));
                let starts: Vec<usize> = windows.map(|(at, _)| at).collect();
                for start in starts {
                    marks.iter_mut().skip(start).take(phrase.len()).for_each(|mark| *mark |= bit);
                }
            }
        }
    }
    marks
}

/// The window with most of what was asked, the first of equals.
fn cut(text: &str, words: &[Token], marks: &[u64]) -> Vec<Piece> {
    let marked: Vec<usize> = marks.iter().enumerate().filter(|(_, mark)| **mark != 0).map(|(at, _)| at).collect();
    let worth = |start: usize| {
        let window = marks.iter().skip(start).take(WORDS);
        let (kinds, times) =
            window.fold((0u64, 0u32), |(kinds, times), mark| (kinds | mark, times + u32::from(*mark != 0)));
        (kinds.count_ones(), times)
    };
    // A few words before the first that is marked, so that it is read in its sentence.
    let starts = marked.iter().take(1_000).map(|at| at.saturating_sub(5).min(words.len().saturating_sub(WORDS)));
    let mut best = (0, (0, 0));
    for start in starts {
        let worth = worth(start);
        if worth > best.1 {
            best = (start, worth);
        }
    }
    let (start, end) = (best.0, (best.0 + WORDS).min(words.len()));
    let from = if start == 0 { 0 } else { words.get(start).map_or(0, |token| token.at.start) };
    let to = if end == words.len() { text.len() } else { words.get(end - 1).map_or(text.len(), |token| token.at.end) };
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = from;
    let mut push = |text: &str, marked: bool| {
        if !text.is_empty() {
            pieces.push(Piece { text: text.to_owned(), marked });
        }
    };
    if from > 0 {
        push("… ", false);
    }
    for (token, mark) in words.iter().zip(marks).take(end).skip(start) {
        if *mark != 0 {
            push(text.get(at..token.at.start).unwrap_or_default(), false);
            push(text.get(token.at.clone()).unwrap_or_default(), true);
            at = token.at.end;
        }
    }
    // What follows the last word of a long text may be long.
    push(&text.get(at..to).unwrap_or_default().chars().take(2_000).collect::<String>(), false);
    if to < text.len() {
        push(" …", false);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use clear_record::Kind;

    #[test]
    fn snippets_mark_what_was_asked() {
        let long =
            format!("{} The burglar broke the rear door. {}", "Nothing of note. ".repeat(20), "More. ".repeat(50));
        for (text, asked, expected) in [
            ("Two burglaries, one burglar.", "burglary", "Two [burglaries], one burglar."),
            ("He said \"stop\" & ran", "\"said stop\"", "He [said] \"[stop]\" & ran"),
            ("<b>stop</b>", "stop", "<b>[stop]</b>"),
            ("José's knife", "jos* -gun", "[José's] knife"),
            ("knife", "gun", ""),
            (
                long.as_str(),
                "burglar \"rear door\"",
                "… note. Nothing of note.  The [burglar] broke the [rear] [door]. ",
            ),
        ] {
            let json =
                format!(r#"{{"about":"inc_00000000000000000000000007","text":"{}"}}"#, text.replace('"', "\\\""));
            let record = Record::from_bytes(Kind::Narrative, json.as_bytes()).unwrap();
            let wanted = Wanted::read(asked).unwrap();
            let shown = |opens: bool| -> String {
                let snippets = snippets(&record, &wanted, |class| opens && class == FieldClass::Narrative);
                let pieces = snippets.iter().flat_map(|snippet| &snippet.pieces);
                pieces
                    .map(|piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text.clone() })
                    .collect()
            };
            assert!(
                shown(true).contains(expected) && (expected.is_empty() == shown(true).is_empty()),
                "{}",
                shown(true)
            );
            assert_eq!(shown(false), "", "a closed class has no snippet");
        }
    }
}
