//! One spelling for all scripts: the letters A to Z and the digits.
//!
//! In:    a text of any script.
//! Out:   upper-case ASCII letters and digits.
//! Never: spells out an emoji or a sign, or reads more of a text than its first 4,000 characters.
//!
//! # How
//! Letters are composed (Unicode normalization form C), then written in ASCII one by one. The tables are those of AnyAscii,
//! which follow the usual romanisation of each script, but for a few letters that names need otherwise.
//!
//! # Change here
//! A letter that is to be read otherwise: `read_by_us`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What lies beyond is not read, and the spelling is not longer.
const TEXT_CHARS_MAX: usize = 4_000;

/// The letters and digits of a text in one spelling, everything else left out: `José Muñoz-3` is `JOSEMUNOZ3`.
///
/// Vowels that a script does not write are missing: `محمد` is `MHMD`. At most the first 4,000 characters are read, and at
/// most as many letters given. Folding twice is folding once.
pub fn folded(text: &str) -> String {
    // Nearly all names are ASCII already.
    if text.is_ascii() {
        return letters(text.bytes());
    }
    // Composed first: taken apart, `й` would be read as `и` with a mark, and a Hangul syllable as three letters.
    let composed = text.chars().take(TEXT_CHARS_MAX).nfc();
    let written = composed.scan('\0', |before, c| {
        let ascii = hangul(c).or_else(|| read_by_us(*before, c).map(alone));
        *before = c;
        Some(ascii.unwrap_or_else(|| alone(if is_read(c) { any_ascii::any_ascii_char(c) } else { "" })))
    });
    letters(written.flatten().flat_map(str::bytes))
}

fn letters(text: impl Iterator<Item = u8>) -> String {
    let letters = text.take(TEXT_CHARS_MAX).filter(u8::is_ascii_alphanumeric);
    letters.map(|letter| char::from(letter.to_ascii_uppercase())).collect()
}

/// Emoji and signs have ASCII names as well, but are no part of a person's name.
fn is_read(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Where names are better served by another reading than the table's, which leaves `ا` and `ع` out.
fn read_by_us(before: char, c: char) -> Option<&'static str> {
    match (before, c) {
        // Greek `υ` after a vowel (ELOT 743, ISO 843's transcription): `ου` is *ou*, `αυ` and `ευ` are *av* and *ev*.
        ('ο' | 'Ο', 'υ' | 'ύ' | 'Υ' | 'Ύ') => Some("U"),
        ('α' | 'Α' | 'ε' | 'Ε', 'υ' | 'ύ' | 'Υ' | 'Ύ') => Some("V"),
        // Arabic letters that are a vowel or carry one: long *a*, the bearer of hamza, `ع`, and two endings in *a*.
        (_, 'ا' | 'آ' | 'أ' | 'ٱ' | 'ع' | 'ة' | 'ى') => Some("A"),
        (_, 'إ') => Some("I"),
        // Hebrew letters that are hard at the beginning of a word.
        (before, 'ב') if !before.is_alphabetic() => Some("B"),
        (before, 'פ') if !before.is_alphabetic() => Some("P"),
        (before, 'כ') if !before.is_alphabetic() => Some("K"),
        // And those that carry a vowel.
        (_, 'א' | 'ע') => Some("A"),
        _ => None,
    }
}

fn alone(ascii: &'static str) -> [&'static str; 3] {
    [ascii, "", ""]
}

/// A Hangul syllable by Revised Romanisation (2000), where a letter at the syllable's end is read otherwise than at its beginning.
fn hangul(c: char) -> Option<[&'static str; 3]> {
    const FIRST: [&str; 19] =
        ["G", "KK", "N", "D", "TT", "R", "M", "B", "PP", "S", "SS", "", "J", "JJ", "CH", "K", "T", "P", "H"];
    const VOWEL: [&str; 21] = [
        "A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WO", "WE", "WI", "YU",
        "EU", "UI", "I",
    ];
    const LAST: [&str; 28] = [
        "", "K", "K", "K", "N", "N", "N", "T", "L", "K", "M", "L", "L", "L", "P", "L", "M", "P", "P", "T", "T", "NG",
        "T", "T", "K", "T", "P", "T",
    ];
    let at = usize::try_from(u32::from(c).checked_sub(0xac00)?).ok()?;
    Some([FIRST.get(at / 588)?, VOWEL.get(at % 588 / 28)?, LAST.get(at % 28)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_script_folds_to_letters_and_digits() {
        for (text, expected) in [
            ("José Muñoz-3", "JOSEMUNOZ3"),
            ("Straße STRAẞE", "STRASSESTRASSE"),
            ("Łukasz Ørsted Þór Æsa Đức", "LUKASZORSTEDTHORAESADUC"),
            ("ＪＯＨＮ ﬁn", "JOHNFIN"),
            ("e\u{301}milie\0x", "EMILIEX"),
            ("İpek Işık", "IPEKISIK"),
            ("Юрий Щербаков", "YURIYSHCHERBAKOV"),
            ("и\u{306}", "Y"),
            ("Παπανδρέου Σταύρος", "PAPANDREOUSTAVROS"),
            ("محمد", "MHMD"),
            ("خالد عبد علي", "KHALDABDALY"),
            ("אברהם", "AVRHM"),
            ("ברוך", "BRVKH"),
            ("יוסף", "YVSF"),
            ("王小明", "WANGXIAOMING"),
            ("김정은", "GIMJEONGEUN"),
            ("박", "BAK"),
            ("გიორგი", "GIORGI"),
            ("Հովհաննես", "HOVHANNES"),
            ("นที", "NTHI"),
            ("मोदी", "MODI"),
            ("ひろし ヒロシ", "HIROSHIHIROSHI"),
            ("🙂 👑 – ’ \u{202e}", ""),
            ("", ""),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
        assert_eq!(folded(&"A".repeat(10_000)).len(), TEXT_CHARS_MAX);
        assert_eq!(folded(&"щ".repeat(10_000)).len(), TEXT_CHARS_MAX);
        assert_eq!(folded(&format!("a{}", "\u{301}".repeat(10_000))), "A");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC*|.*") {
            let once = folded(&text);
            prop_assert!(once.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
            prop_assert_eq!(&folded(&once), &once);
        }
    }
}
