//! A key that spellings share when they are read alike.
//!
//! In:    a folded word.
//! Out:   a [`Sound`].
//! Never: says that two names are one person's: a key finds what is then compared.
//!
//! # How
//! As in Soundex (R. C. Russell, US patent 1,261,167, 1918) consonants fall into classes, vowels count at the beginning only,
//! and neighbours of one class count once. As in Metaphone (L. Philips, *Hanging on the Metaphone*, 1990) letters are read in
//! their surroundings, which here include the letter groups of romanisation tables: what BGN/PCGN, ISO 9, ALA-LC, ICAO 9303,
//! French and German passports write for one letter falls into one class. Voiced and unvoiced stops are one class, as
//! McCune-Reischauer and Revised Romanisation (Korean), Wade-Giles and Pinyin (Chinese) differ there.
//!
//! # Change here
//! A letter group: the arms of `read`, longest first.

use std::fmt;

/// How a word sounds, in 64 bits: up to twelve classes of letters. The empty word's is zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sound(u64);

impl Sound {
    /// As a number, for an index.
    pub fn number(self) -> u64 {
        self.0
    }

    /// How many classes are heard.
    pub(crate) fn len(self) -> u32 {
        (u64::BITS - self.0.leading_zeros()).div_ceil(BITS)
    }

    /// Whether nothing is heard: no letter or digit.
    pub fn is_silent(self) -> bool {
        self.0 == 0
    }
}

const CLASSES_MAX: u32 = 12;
const BITS: u32 = 5;

/// Classes of letters, and how they are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Any vowel; counts at the beginning of a word.
    Vowel = 1,
    /// P, B.
    P,
    /// F, V, W before a vowel, PH.
    F,
    /// T, D, TH, DH.
    T,
    /// K, C, Q, G, CK.
    K,
    /// S, Z, SH, SCH, TS, C before E, I, Y.
    S,
    /// CH, TCH, TSCH, CZ, J, DJ, ZH, G before E, I, Y.
    J,
    L,
    M,
    N,
    R,
    /// H at the beginning, KH.
    H,
    Digit,
}

const SHOWN: &[u8; 32] = b"-APFTKSJLMNRH0123456789---------";

/// The key of a folded word: `SMITH`, `SMYTH` and `SCHMIDT` have one, so do `YELTSIN` and `ELTZIN`.
///
/// Sounds after the twelfth are not heard. Letters outside `A-Z 0-9` are passed over, so fold before.
pub fn sound(token: &str) -> Sound {
    let word = token.as_bytes();
    let (mut key, mut classes) = (0u64, 0u32);
    let mut last = None;
    let mut at = 0;
    while at < word.len() && classes < CLASSES_MAX {
        let before = at.checked_sub(1).and_then(|at| word.get(at)).copied();
        let (letters, heard) = read(before, word.get(at..).unwrap_or_default());
        match heard {
            Heard::Nothing => {}
            Heard::Vowel if at == 0 => add(&mut key, &mut classes, Class::Vowel as u64),
            // A vowel parts two consonants of one class.
            Heard::Vowel => last = None,
            Heard::One(class) => {
                if last != Some(class) {
                    add(&mut key, &mut classes, class as u64);
                }
                last = Some(class);
            }
            Heard::X => {
                add(&mut key, &mut classes, Class::K as u64);
                add(&mut key, &mut classes, Class::S as u64);
                last = Some(Class::S);
            }
            Heard::Digit(digit) => {
                add(&mut key, &mut classes, Class::Digit as u64 + u64::from(digit));
                last = None;
            }
        }
        at += letters;
    }
    Sound(key)
}

fn add(key: &mut u64, classes: &mut u32, class: u64) {
    if *classes < CLASSES_MAX {
        *key |= class << (*classes * BITS);
        *classes += 1;
    }
}

enum Heard {
    Nothing,
    Vowel,
    One(Class),
    X,
    Digit(u8),
}

fn is_vowel(letter: Option<&u8>) -> bool {
    letter.is_some_and(|letter| matches!(letter, b'A' | b'E' | b'I' | b'O' | b'U' | b'Y'))
}

/// How many letters are read as one, and what is heard. The rest is not empty.
fn read(before: Option<u8>, rest: &[u8]) -> (usize, Heard) {
    use Class::{F, H, J, K, L, M, N, P, R, S, T};
    use Heard::{Digit, Nothing, One, Vowel, X};
    let starts = before.is_none();
    match rest {
        // Silent at the beginning of English names, and X as in Xavier and in Pinyin.
        [b'K' | b'G' | b'P', b'N', ..] if starts => (2, One(N)),
        [b'W', b'R', ..] if starts => (2, One(R)),
        [b'P', b'S', ..] if starts => (2, One(S)),
        [b'X', ..] if starts => (1, One(S)),
        // Щ: shch (BGN/PCGN, ALA-LC, ICAO), schtsch (German), chtch (French), szcz (Polish).
        [b'S', b'C', b'H', b'T', b'S', b'C', b'H', ..] => (7, One(S)),
        [b'C', b'H', b'T', b'C', b'H', ..] => (5, One(S)),
        [b'S', b'H', b'C', b'H', ..] | [b'S', b'Z', b'C', b'Z', ..] => (4, One(S)),
        // Ч and Ж: ch, tch (French), tsch (German), cz (Polish); zh, j (French), dj, dsch.
        [b'T' | b'D', b'S', b'C', b'H', ..] => (4, One(J)),
        [b'T', b'C', b'H', ..] | [b'D', b'Z', b'H', ..] => (3, One(J)),
        [b'D', b'G', b'E' | b'I', ..] => (2, One(J)),
        [b'D', b'J', ..] | [b'C', b'Z', ..] | [b'Z', b'H', ..] => (2, One(J)),
        // Ш: sh, sch (German), ch is read above as Ч; sz (Polish, Hungarian).
        [b'S', b'C', b'H', ..] => (3, One(S)),
        [b'S', b'H' | b'Z', ..] => (2, One(S)),
        // Greek and Latin ch before a consonant, and Michael.
        [b'C', b'H', b'R' | b'L' | b'N' | b'M', ..] | [b'C', b'H', b'A', b'E', ..] => (2, One(K)),
        [b'C', b'H', ..] => (2, One(J)),
        // Ц and Armenian or Georgian affricates.
        [b'T' | b'D', b'S' | b'Z', ..] => (2, One(S)),
        [b'S', b'C', b'E' | b'I' | b'Y', ..] => (2, One(S)),
        [b'C', b'E' | b'I' | b'Y', ..] => (1, One(S)),
        // X and خ: kh, often h; a plain h inside a word is dropped by many.
        [b'K', b'H', ..] => (2, if starts { One(H) } else { Nothing }),
        // Silent in Wright and Hugh; غ elsewhere.
        [b'G', b'H'] | [b'G', b'H', b'T' | b'S' | b'N' | b'L', ..] if !starts => (2, Nothing),
        [b'G', b'H', ..] => (2, One(K)),
        [b'G', b'E' | b'I' | b'Y', ..] => (1, One(J)),
        [b'C', b'K' | b'Q', ..] => (2, One(K)),
        [b'P', b'H' | b'F', ..] => (2, One(F)),
        [b'D', b'T', ..] | [b'T' | b'D', b'H', ..] => (2, One(T)),
        // й and я are j in ISO 9 and German: a glide beside a consonant or at the end.
        [b'J'] if !starts => (1, Vowel),
        [b'J', next, ..] if !starts && (!is_vowel(before.as_ref()) || !is_vowel(Some(next))) => (1, Vowel),
        [b'J', ..] => (1, One(J)),
        [b'W', next, ..] if is_vowel(Some(next)) => (1, One(F)),
        [b'W', ..] => (1, Nothing),
        [b'H', ..] => (1, if starts { One(H) } else { Nothing }),
        [b'A' | b'E' | b'I' | b'O' | b'U' | b'Y', ..] => (1, Vowel),
        [b'P' | b'B', ..] => (1, One(P)),
        [b'F' | b'V', ..] => (1, One(F)),
        [b'T' | b'D', ..] => (1, One(T)),
        [b'K' | b'C' | b'Q' | b'G', ..] => (1, One(K)),
        [b'S' | b'Z', ..] => (1, One(S)),
        [b'X', ..] => (1, X),
        [b'L', ..] => (1, One(L)),
        // Thompson and Thomson.
        [b'M', b'P', b'S' | b'T', ..] => (2, One(M)),
        [b'M', ..] => (1, One(M)),
        [b'N', ..] => (1, One(N)),
        [b'R', ..] => (1, One(R)),
        [digit @ b'0'..=b'9', ..] => (1, Digit(*digit - b'0')),
        _ => (1, Nothing),
    }
}

/// The classes, each by one of its letters: `SMT`.
impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = (0..CLASSES_MAX).map(|at| (self.0 >> (at * BITS)) & 31).take_while(|class| *class != 0);
        let shown = classes.filter_map(|class| SHOWN.get(usize::try_from(class).ok()?));
        f.write_str(&shown.map(|letter| char::from(*letter)).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_that_are_read_alike_have_one_key() {
        for line in [
            "SMT: SMITH SMYTH SMYTHE SCHMIDT SCHMITT SMIT",
            "JNSN: JOHNSON JONSON JOHNSEN",
            "TMSN: THOMPSON THOMSON TOMSEN",
            "KTRN: KATHERINE CATHERINE KATHRYN CATRINE",
            "NT: KNIGHT NIGHT",
            "RT: WRIGHT RIGHT WRITE",
            "FLPS: PHILLIPS FILIPS PHILIPS",
            "MMT: MOHAMMED MUHAMMAD MOHAMED MAHOMET MEHMED",
            "AMT: AHMED AKHMED AHMAD AHMET",
            "HLT: KHALID HALED HALIDE",
            "ALSN: YELTSIN ELTSIN IELTSIN ELCIN ELTZIN",
            "AR: YURI IURII URI YURIY IOURI",
            "KRPJF: GORBACHEV GORBATCHEV GORBATSCHEV GORBACHYOV GORBACHOFF",
            "SRPKF: SHCHERBAKOV SCHTSCHERBAKOV CHTCHERBAKOV SZCZERBAKOV SHERBAKOFF",
            "JKF: ZHUKOV JOUKOV DJUKOV ZHUKOFF",
            "TTN: TATYANA TATIANA TATJANA",
            "SRJ: SERGEI SERGEY SERGEJ SERGII",
            "SFR: XAVIER SAVIER",
            "MKSM: MAXIM MAKSIM",
            "KFLSK: KOWALSKI KOVALSKY KOWALSKY",
            "KRSTN: CHRISTINE KRISTIN CHRISTIAN KRYSTYNA",
            "5K: 5K",
            ":",
        ] {
            let (key, names) = line.split_once(':').unwrap();
            for name in names.split_whitespace() {
                assert_eq!(format!("{:?}", sound(name)), key, "{name}");
            }
        }
    }

    #[test]
    fn other_names_sound_otherwise() {
        for (a, b) in [("SMITH", "SMILEY"), ("JOHN", "JAMES"), ("MARY", "NARY"), ("LEE", "REE"), ("MARIA", "MARTHA")] {
            assert_ne!(sound(a), sound(b), "{a} {b}");
        }
        assert!(sound("").is_silent() && !sound("A").is_silent());
    }

    proptest! {
        #[test]
        fn every_word_has_a_key(word in "\\PC*|[A-Z0-9]{0,40}") {
            let key = sound(&word);
            prop_assert_eq!(key, sound(&word));
            prop_assert!(key.number() >> (CLASSES_MAX * BITS) == 0);
        }

        #[test]
        fn a_letter_or_digit_at_the_beginning_is_heard(word in "[A-VX-Z0-9][A-Z0-9]{0,10}") {
            prop_assert!(!sound(&word).is_silent());
        }
    }
}
