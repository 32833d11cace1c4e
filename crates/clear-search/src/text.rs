//! One spelling for what is compared, as names have it.

pub(crate) use clear_names::{folded, parts as name_parts};

/// A plate or number: letters and digits only, at most as many as a word of a name has.
pub(crate) fn number(text: &str) -> String {
    let mut number: String = folded(text).chars().filter(char::is_ascii_alphanumeric).collect();
    number.truncate(clear_names::TOKEN_LETTERS_MAX);
    number
}
