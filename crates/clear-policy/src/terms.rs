//! Words in reasons: whole, normalised, in order. Never a part of a word, never a guess.

use std::collections::BTreeSet;

/// A text as its words: lower case, letters and digits only.
pub(crate) fn normal(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase())
        .collect()
}

/// Whether one of the terms, each a word or a phrase, stands in what was said.
pub(crate) fn met(terms: &BTreeSet<String>, said: &[String]) -> bool {
    terms
        .iter()
        .map(|term| normal(term))
        .any(|term| !term.is_empty() && said.windows(term.len()).any(|words| words == term))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_and_phrases_are_met_in_any_case_and_nothing_else() {
        let terms = BTreeSet::from(["FRS".to_owned(), "removal service".to_owned()]);
        let said = |text: &str| met(&terms, &normal(text));
        assert!(said("for frs"));
        assert!(said("Request of the Removal  Service, today"));
        assert!(said("F.R.S. / FRS"));
        assert!(!said("the offrs came late"));
        assert!(!said("removal of a service weapon"));
        assert!(!said(""));
    }
}
