//! Values as they are compared: case, accents, punctuation and order of a date's parts folded away.
//!
//! In:    a value as written, and its role.
//! Out:   the folded value; `false` where the value says nothing (empty, `unknown`, `00/00/0000`).
//! Never: guesses a value; looks at any other record.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Bytes of a folded value that are kept. A name of 10,000 characters is a mistake, and comparing it costs its length.
pub(crate) const KEPT_BYTES: usize = 64;

/// Upper-case letters and digits of any script; runs of anything else become one space, but a hyphen stays.
pub(crate) fn fold_words(value: &str, out: &mut Vec<u8>) -> bool {
    out.clear();
    if value.is_ascii() {
        let mut gap = false;
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                if gap && !out.is_empty() {
                    out.push(b' ');
                }
                gap = false;
                out.push(byte.to_ascii_uppercase());
            } else if byte == b'-' && out.last().is_some_and(|last| last.is_ascii_alphanumeric()) && !gap {
                out.push(b'-');
            } else if byte != b'\'' {
                gap = true;
            }
            if out.len() >= KEPT_BYTES {
                break;
            }
        }
    } else {
        fold_wide(value, out);
    }
    while out.last() == Some(&b'-') {
        out.pop();
    }
    !out.is_empty() && !says_nothing(out)
}

fn fold_wide(value: &str, out: &mut Vec<u8>) {
    let mut gap = false;
    let mut utf8 = [0; 4];
    for c in value.chars().take(4 * KEPT_BYTES).nfkd().filter(|c| !is_combining_mark(*c)) {
        let hyphen = matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{2013}');
        if c.is_alphanumeric() {
            if gap && !out.is_empty() {
                out.push(b' ');
            }
            gap = false;
            for upper in c.to_uppercase() {
                out.extend_from_slice(upper.encode_utf8(&mut utf8).as_bytes());
            }
        } else if hyphen && !gap && !out.is_empty() {
            out.push(b'-');
        } else if !matches!(c, '\'' | '\u{2019}' | '\u{02bc}') {
            gap = true;
        }
        if out.len() >= KEPT_BYTES {
            break;
        }
    }
}

/// Letters and digits alone: numbers, phones, postal codes.
pub(crate) fn fold_number(value: &str, out: &mut Vec<u8>) -> bool {
    out.clear();
    out.extend(value.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase()).take(KEPT_BYTES));
    !out.is_empty() && out.iter().any(|b| *b != b'0') && !says_nothing(out)
}

/// An email address: trimmed, lower case made upper.
pub(crate) fn fold_email(value: &str, out: &mut Vec<u8>) -> bool {
    out.clear();
    out.extend(value.trim().bytes().map(|b| b.to_ascii_uppercase()).take(KEPT_BYTES));
    while std::str::from_utf8(out).is_err() {
        out.pop();
    }
    !out.is_empty() && !says_nothing(out)
}

fn says_nothing(folded: &[u8]) -> bool {
    matches!(folded, b"UNKNOWN" | b"UNK" | b"NULL" | b"NONE" | b"NAN" | b"N A" | b"NA" | b"NOT KNOWN" | b"NOT RECORDED")
}

/// In which order a column writes a date's parts when the year stands last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateOrder {
    MonthFirst,
    DayFirst,
}

/// A date as eight digits, year first. Digits that no calendar has stay: they are typing errors, and the rest helps.
pub(crate) fn fold_date(value: &str, order: DateOrder, out: &mut Vec<u8>) -> bool {
    out.clear();
    let value = value.split(['T', ' ']).find(|part| !part.is_empty()).unwrap_or_default();
    let mut parts = value.split(['-', '/', '.']);
    let digits =
        |part: Option<&str>| part.filter(|p| !p.is_empty() && p.len() <= 4 && all_digits(p)).map(str::to_owned);
    match (digits(parts.next()), digits(parts.next()), digits(parts.next()), parts.next()) {
        (Some(year), Some(month), Some(day), None) if year.len() == 4 => push(out, &year, &month, &day),
        (Some(a), Some(b), Some(year), None) if year.len() == 4 => match order {
            DateOrder::MonthFirst => push(out, &year, &a, &b),
            DateOrder::DayFirst => push(out, &year, &b, &a),
        },
        _ if value.len() == 8 && all_digits(value) => out.extend_from_slice(value.as_bytes()),
        _ => return false,
    }
    out.len() == 8 && !out.starts_with(b"0000") && !out.iter().all(|b| *b == b'9')
}

fn push(out: &mut Vec<u8>, year: &str, month: &str, day: &str) {
    out.extend_from_slice(year.as_bytes());
    for part in [month, day] {
        if part.len() == 1 {
            out.push(b'0');
        }
        out.extend_from_slice(part.as_bytes());
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a written date shows that its column puts the day first (`25/12/1970`), or the month.
pub(crate) fn order_shown(value: &str) -> Option<DateOrder> {
    let mut parts = value.trim().split(['-', '/', '.']);
    let (a, b) = (parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?);
    match (a, b) {
        (13..=31, 1..=12) => Some(DateOrder::DayFirst),
        (1..=12, 13..=31) => Some(DateOrder::MonthFirst),
        _ => None,
    }
}
