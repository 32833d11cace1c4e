//! One spelling for what is compared, as names have it.

pub(crate) use clear_names::{folded, parts as name_parts};

/// A plate or number: letters and digits only, at most as many as a word of a name has.
pub(crate) fn number(text: &str) -> String {
    let mut number: String = folded(text).chars().filter(char::is_ascii_alphanumeric).collect();
    number.truncate(clear_names::TOKEN_LETTERS_MAX);
    number
}

/// A telephone number: its digits without the country's 1 in front; nothing, if there are fewer than seven.
pub(crate) fn phone(text: &str) -> String {
    let digits: String = folded(text).chars().filter(char::is_ascii_digit).take(20).collect();
    let digits = if digits.len() == 11 { digits.strip_prefix('1').unwrap_or(&digits) } else { &digits };
    if digits.len() >= 7 { digits.to_owned() } else { String::new() }
}
