//! What functions of texts do, one text at a time.
//!
//! In:    texts.
//! Out:   texts, counts and yes or no.
//! Never: takes time that grows with the square of what is given, but in the length of a pattern times a text.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How long a text may become by filling up, characters.
const PADDED_MAX: f64 = 1_000_000.0;

/// A pattern of `LIKE`, read once: `%` stands for any characters, `_` for one, and a backslash for what follows it.
pub(super) fn wilds(pattern: &str) -> Vec<Wild> {
    let mut wilds = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        wilds.push(match c {
            '%' if wilds.last() == Some(&Wild::Any) => continue,
            '%' => Wild::Any,
            '_' => Wild::One,
            '\\' => Wild::This(chars.next().unwrap_or('\\')),
            c => Wild::This(c),
        });
    }
    wilds
}

/// One sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wild {
    Any,
    One,
    This(char),
}

/// Whether a text is of a pattern. Goes back to the last `%` alone, which is enough, because an earlier one that took
/// more would leave the later one less.
pub(super) fn like(text: &str, wilds: &[Wild]) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut back: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        match wilds.get(at) {
            Some(Wild::Any) => {
                at += 1;
                if at == wilds.len() {
                    return true;
                }
                back = Some((at, rest.clone()));
                continue;
            }
            Some(wild) => {
                let mut next = rest.clone();
                match next.next() {
                    Some(c) if *wild == Wild::One || *wild == Wild::This(c) => {
                        rest = next;
                        at += 1;
                        continue;
                    }
                    Some(_) => {}
                    None => return false,
                }
            }
            None if rest.as_str().is_empty() => return true,
            None => {}
        }
        let Some((after, from)) = &mut back else { return false };
        if from.next().is_none() {
            return false;
        }
        at = *after;
        rest = from.clone();
    }
}

/// Without accents and other marks; letters that are one sign of two become two.
pub(super) fn unaccent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => out.push_str("ss"),
            'Æ' => out.push_str("AE"),
            'æ' => out.push_str("ae"),
            'Œ' => out.push_str("OE"),
            'œ' => out.push_str("oe"),
            'Ø' => out.push('O'),
            'ø' => out.push('o'),
            'Ł' => out.push('L'),
            'ł' => out.push('l'),
            'Đ' => out.push('D'),
            'đ' => out.push('d'),
            'ı' => out.push('i'),
            c => out.push(c),
        }
    }
    out
}

/// From that character on, the first being 1; at most so many. Characters before the first count and are not there.
pub(super) fn substring(text: &str, from: f64, count: Option<f64>) -> Option<&str> {
    let from = from.trunc();
    let count = count.map(f64::trunc);
    if count.is_some_and(|count| count < 0.0) {
        return None;
    }
    let first = from.max(1.0);
    let end = count.map_or(f64::INFINITY, |count| from + count);
    let place = |number: f64| -> usize {
        // Positions beyond the text are its end.
        if number >= text.len() as f64 + 1.0 {
            return text.len();
        }
        text.char_indices().nth((number - 1.0) as usize).map_or(text.len(), |(at, _)| at)
    };
    if end <= first {
        return Some("");
    }
    text.get(place(first)..place(end))
}

/// The text cut at `by`, and of the pieces that one.
pub(super) fn split_part<'a>(text: &'a str, by: &str, which: f64) -> Option<&'a str> {
    let which = which.trunc();
    if which == 0.0 || !which.is_finite() || which.abs() > 1e9 {
        return None;
    }
    if by.is_empty() {
        return Some(if which == 1.0 || which == -1.0 { text } else { "" });
    }
    let nth = which.abs() as usize - 1;
    let piece = if which > 0.0 { text.split(by).nth(nth) } else { text.rsplit(by).nth(nth) };
    Some(piece.unwrap_or_default())
}

/// Filled up to so many characters, in front or behind.
pub(super) fn pad(text: &str, to: f64, with: &str, in_front: bool) -> Option<String> {
    let to = to.trunc();
    if !(0.0..=PADDED_MAX).contains(&to) {
        return None;
    }
    let (to, long) = (to as usize, text.chars().count());
    let cut: String = text.chars().take(to).collect();
    if long >= to || with.is_empty() {
        return Some(cut);
    }
    let filling: String = with.chars().cycle().take(to - long).collect();
    Some(if in_front { filling + &cut } else { cut + &filling })
}

/// Every `from` becomes `to`; NULL where the text would grow beyond reason.
pub(super) fn replace(text: &str, from: &str, to: &str) -> Option<String> {
    if from.is_empty() {
        return Some(text.to_owned());
    }
    let grown = (text.matches(from).count() as f64) * to.len() as f64;
    (grown < 1e7).then(|| text.replace(from, to))
}

/// The words of a search, small letters and digits.
pub(super) fn search_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_of_patterns_or_not() {
        for (text, pattern, fits) in [
            ("THEFT", "TH%", true),
            ("THEFT", "%FT", true),
            ("THEFT", "_HEFT", true),
            ("THEFT", "theft", false),
            ("", "%", true),
            ("", "_", false),
            ("abcabc", "%abc", true),
            ("a%b", r"a\%b", true),
            ("axb", r"a\%b", false),
            ("thé", "th_", true),
            ("ab", "a%b%", true),
            ("ab", "a%c%", false),
        ] {
            assert_eq!(like(text, &wilds(pattern)), fits, "{text} {pattern}");
        }
        assert!(!like(&"a".repeat(2_000), &wilds(&("%a".repeat(500) + "b"))));
    }

    #[test]
    fn pieces_are_cut_as_they_are_counted() {
        for (text, from, count, piece) in [
            ("world", 2.0, None, Some("orld")),
            ("world", 2.0, Some(1.0), Some("o")),
            ("world", -1.0, Some(3.0), Some("w")),
            ("world", 0.0, None, Some("world")),
            ("world", 9.0, Some(1.0), Some("")),
            ("thé", 3.0, Some(9.0), Some("é")),
            ("world", 1.0, Some(-1.0), None),
            ("world", 1e300, Some(1e300), Some("")),
        ] {
            assert_eq!(substring(text, from, count), piece, "{text} {from} {count:?}");
        }
        for (which, piece) in [(1.0, Some("a")), (3.0, Some("")), (-1.0, Some("b")), (0.0, None), (1e300, None)] {
            assert_eq!(split_part("a-b", "-", which), piece, "{which}");
        }
        assert_eq!(pad("4", 3.0, "0", true).as_deref(), Some("004"));
        assert_eq!(pad("abcd", 2.0, "0", false).as_deref(), Some("ab"));
        assert_eq!(pad("a", 1e12, "0", false), None);
        assert_eq!(unaccent("Sainte-Thérèse, Łódź, Straße"), "Sainte-Therese, Lodz, Strasse");
    }
}
