//! One spelling for what is compared: case and diacritics folded, punctuation gone.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer tokens are cut here, in the index and in the question alike.
const TOKEN_CHARS_MAX: usize = 40;

/// More tokens of one field are left out, so that a name of 10,000 letters costs what a name costs.
pub(crate) const TOKENS_MAX: usize = 16;

/// Upper case without diacritics; letters that Unicode does not take apart are spelt out.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // Compatibility forms too, so that full-width and ligatures are plain letters.
    for c in text.chars().take(4_000).nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' | 'ẞ' => folded.push_str("SS"),
            'Æ' | 'æ' => folded.push_str("AE"),
            'Œ' | 'œ' => folded.push_str("OE"),
            'Þ' | 'þ' => folded.push_str("TH"),
            'Ø' | 'ø' => folded.push('O'),
            'Đ' | 'đ' | 'Ð' | 'ð' => folded.push('D'),
            'Ł' | 'ł' => folded.push('L'),
            'ı' => folded.push('I'),
            c if c.is_ascii() => folded.push(c.to_ascii_uppercase()),
            c => folded.extend(c.to_uppercase().filter(|c| !is_combining_mark(*c))),
        }
    }
    folded
}

/// Marks inside one word: `O'Brien`, `Garcia-Lopez`.
fn is_inner(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '-' | '‐' | '‑' | '–' | '.')
}

/// A word of a name: as one, and the pieces that it is joined from, if it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) whole: String,
    pub(crate) pieces: Vec<String>,
}

/// The words of a name, in order.
pub(crate) fn name_parts(text: &str) -> Vec<Part> {
    // Marks are looked at before folding, which takes some of them apart.
    text.split(|c: char| !c.is_alphanumeric() && !is_inner(c) && !is_combining_mark(c))
        .map(|word| {
            let pieces: Vec<String> =
                word.split(is_inner).map(letters).filter(|piece| !piece.is_empty()).take(4).collect();
            let whole = cut(pieces.concat());
            Part { whole, pieces: if pieces.len() > 1 { pieces } else { Vec::new() } }
        })
        .filter(|part| !part.whole.is_empty())
        .take(TOKENS_MAX)
        .collect()
}

fn letters(word: &str) -> String {
    cut(folded(word).chars().filter(|c| c.is_alphanumeric()).collect())
}

fn cut(token: String) -> String {
    match token.char_indices().nth(TOKEN_CHARS_MAX) {
        Some((end, _)) => token.get(..end).unwrap_or_default().to_owned(),
        None => token,
    }
}

/// A plate or number: letters and digits only.
pub(crate) fn number(text: &str) -> String {
    cut(folded(text).chars().filter(|c| c.is_alphanumeric()).collect())
}

/// A telephone number: its digits without the country's 1 in front; nothing, if there are fewer than seven.
pub(crate) fn phone(text: &str) -> String {
    let digits: String = folded(text).chars().filter(char::is_ascii_digit).take(20).collect();
    let digits = if digits.len() == 11 { digits.strip_prefix('1').unwrap_or(&digits) } else { &digits };
    if digits.len() >= 7 { digits.to_owned() } else { String::new() }
}

/// Letters added, left out, changed or swapped with their neighbour (optimal string alignment), if at most `most`.
pub(crate) fn edits(a: &[char], b: &[char], most: u8) -> Option<u8> {
    let most = usize::from(most);
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        let mut least = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut edits = (cell(&last, j) + usize::from(x != y)).min(cell(&last, j + 1) + 1).min(cell(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                edits = edits.min(cell(&before, j - 1) + 1);
            }
            least = least.min(edits);
            row.push(edits);
        }
        if least > most {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|edits| *edits <= most).and_then(|edits| u8::try_from(edits).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_to_one_spelling() {
        let parts = |text: &str| -> Vec<String> {
            name_parts(text)
                .into_iter()
                .map(|part| {
                    if part.pieces.is_empty() {
                        part.whole
                    } else {
                        format!("{}({})", part.whole, part.pieces.join("+"))
                    }
                })
                .collect()
        };
        for (text, expected) in [
            ("José  Muñoz", "JOSE MUNOZ"),
            ("O'Brien", "OBRIEN(O+BRIEN)"),
            ("O’Brien", "OBRIEN(O+BRIEN)"),
            ("Garcia-Lopez, Ana", "GARCIALOPEZ(GARCIA+LOPEZ) ANA"),
            ("Straße", "STRASSE"),
            ("Łukasz Ørsted", "LUKASZ ORSTED"),
            ("ＪＯＨＮ", "JOHN"),
            ("J. R.", "J R"),
            ("Иван", "ИВАН"),
            ("'-' . 🙂", ""),
            ("", ""),
            ("e\u{301}milie\0x", "EMILIE X"),
        ] {
            assert_eq!(parts(text).join(" "), expected, "{text}");
        }
        let long = name_parts(&"A".repeat(10_000));
        assert_eq!((long.len(), long[0].whole.len()), (1, TOKEN_CHARS_MAX));
        assert_eq!(name_parts(&"A ".repeat(10_000)).len(), TOKENS_MAX);
    }

    #[test]
    fn edits_are_counted_with_swapped_neighbours_as_one() {
        let count = |a: &str, b: &str| edits(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>(), 2);
        for (a, b, expected) in [
            ("SMITH", "SMITH", Some(0)),
            ("SMITH", "SMYTH", Some(1)),
            ("SMITH", "SMTIH", Some(1)),
            ("SMITH", "SMITHS", Some(1)),
            ("SMITH", "MITH", Some(1)),
            ("SMITH", "MSIHT", Some(2)),
            ("SMITH", "JONES", None),
            ("", "AB", Some(2)),
            ("", "ABC", None),
        ] {
            assert_eq!(count(a, b), expected, "{a} {b}");
            assert_eq!(count(b, a), expected, "{b} {a}");
        }
    }
}
