//! Words in reasons: whole, normalised, in order. Never a part of a word, never a guess.

use std::collections::BTreeSet;

/// A text as its words: lower case, letters and digits only; letters that stand alone side by side are one word (`F.R.S.`).
pub(crate) fn normal(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut spelt = false;
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        let alone = word.chars().count() == 1;
        match words.last_mut().filter(|_| spelt && alone) {
            Some(before) => before.push_str(&word),
            None => words.push(word),
        }
        spelt = alone;
    }
    words
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
        assert!(said("F.R.S."));
        assert!(said("as f r s asked"));
        assert!(!said("f. r. for s"));
        assert!(!said("the offrs came late"));
        assert!(!said("removal of a service weapon"));
        assert!(!said(""));
    }
}
