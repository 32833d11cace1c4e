//! The solver runs for real. Where it is not installed these tests fail and say so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod certificate;
mod mutants;
mod proofs;

use clear_rules::{CedarRules, SCHEMA, Texts};

/// A permit for everybody and everything, as somebody careless might write it.
pub(crate) const CARELESS: (&str, &str) =
    ("all.cedar", "@id(\"all\") @why(\"Careless.\") permit (principal, action, resource);\n");

/// The rules that come with the program, with files added and one policy left out.
pub(crate) fn rules(added: &[(&str, &str)], without: Option<&str>) -> CedarRules {
    changed(added, |_, text| {
        let out = without.map(|id| format!("@id(\"{id}\")"));
        text.split_inclusive(";\n").filter(|part| out.as_ref().is_none_or(|out| !part.contains(out))).collect()
    })
}

/// The same, with each text put through a change.
pub(crate) fn changed(added: &[(&str, &str)], change: impl Fn(&str, &str) -> String) -> CedarRules {
    let embedded = Texts::embedded();
    let texts = embedded.iter().chain(added.iter().copied());
    let texts: Texts = texts.map(|(file, text)| (file.to_owned(), change(file, text))).collect();
    CedarRules::of(texts).unwrap_or_else(|error| panic!("{error}"))
}

/// The schema with one text put in the place of another.
pub(crate) fn schema(from: &str, to: &str) -> CedarRules {
    changed(&[], |file, text| if file == SCHEMA { text.replace(from, to) } else { text.to_owned() })
}
