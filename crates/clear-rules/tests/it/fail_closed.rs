//! Any doubt is a fault, and a fault is no.

use std::collections::BTreeSet;

use clear_policy::{Deed, Rules, Verdict};
use clear_record::Role;
use clear_rules::{CedarRules, Texts};

use crate::{agencies, officer, white};

/// The rules that come with the program, with a file added.
fn with(file: &str, text: &str) -> CedarRules {
    let texts = Texts::embedded();
    let texts = texts.iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
    CedarRules::of(texts.chain([(file.to_owned(), text.to_owned())]).collect()).unwrap()
}

#[test]
fn gr05_a_forbid_that_errs_is_a_fault_and_not_skipped() {
    // The sum overflows, which the validator cannot know, and only for a purpose that is not asked about at loading.
    let rules = with(
        "sum.cedar",
        r#"@id("sum") @why("A sum that overflows.")
        forbid (principal, action == Action::"read_identity", resource)
        when { context.purpose == "investigation" && 9223372036854775807 + 1 > 0 };"#,
    );
    let fault = rules.judge(&officer(), &white()).unwrap_err();
    assert!(fault.0.contains("sum") && fault.0.contains("overflow"), "{fault}");
}

#[test]
fn gr05_a_rule_that_errs_for_every_asker_does_not_load() {
    let text =
        r#"@id("sum") @why("A sum.") forbid (principal, action, resource) when { 9223372036854775807 + 1 > 0 };"#;
    let texts = Texts::embedded();
    let texts = texts.iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
    let texts = texts.chain([("sum.cedar".to_owned(), text.to_owned())]).collect();
    let error = CedarRules::of(texts).err().expect("it should not load").to_string();
    assert!(error.contains("policy `sum`") && error.contains("overflow"), "{error}");
}

#[test]
fn gr05_words_that_the_schema_does_not_know_are_faults() {
    let rules = CedarRules::embedded().unwrap();
    let mut asker = officer();
    asker.agency_kind = Some("galactic");
    assert!(rules.judge(&asker, &white()).unwrap_err().0.contains("galactic"));
    assert!(rules.permits(&officer(), Deed::Govern("everything")).unwrap_err().0.contains("everything"));
}

#[test]
fn gr07_without_purpose_or_use_code_nothing_is_open() {
    let rules = CedarRules::embedded().unwrap();
    let purposeless = clear_policy::Slice { purpose: None, ..officer() };
    let useless = clear_policy::Slice { use_code: None, ..officer() };
    assert_eq!(rules.judge(&purposeless, &white()), Ok(Verdict::default()));
    assert_eq!(rules.judge(&useless, &white()), Ok(Verdict::default()));
}

#[test]
fn s09_no_role_opens_a_closed_path() {
    let rules = CedarRules::embedded().unwrap();
    let mut asker = officer();
    asker.roles = Role::ALL.iter().copied().collect();
    asker.path = agencies("a cut");
    asker.closed = agencies("cut");
    assert_eq!(rules.judge(&asker, &white()), Ok(Verdict::default()));
    for deed in [Deed::Operate, Deed::Govern("cut_off"), Deed::File(clear_record::Kind::Incident)] {
        assert_eq!(rules.permits(&asker, deed), Ok(false), "{deed}");
        let open = clear_policy::Slice { closed: BTreeSet::new(), ..asker.clone() };
        assert_eq!(rules.permits(&open, deed), Ok(true), "{deed}: only the order closes it");
    }
}

#[test]
fn s09_a_permit_for_everybody_opens_no_closed_path_no_denied_purpose_and_no_class_without_an_agreement() {
    let rules = with("all.cedar", r#"@id("all") @why("Somebody was careless.") permit (principal, action, resource);"#);
    let stranger = clear_policy::Slice {
        agency: Some(crate::agency("s")),
        agency_kind: Some("federal"),
        roles: BTreeSet::from([Role::Partner]),
        path: agencies("s"),
        agreed: BTreeSet::new(),
        ..officer()
    };
    assert_eq!(rules.judge(&stranger, &white()), Ok(Verdict::default()));
    let closed = clear_policy::Slice { closed: agencies("a"), ..officer() };
    assert_eq!(rules.judge(&closed, &white()), Ok(Verdict::default()));
    let denied = clear_policy::Slice { purpose_denied: true, ..officer() };
    assert_eq!(rules.judge(&denied, &white()), Ok(Verdict::default()));
    assert_eq!(rules.permits(&denied, Deed::Operate), Ok(false));
}

#[test]
fn gr05_a_path_without_the_askers_own_agency_is_not_believed() {
    let rules = CedarRules::embedded().unwrap();
    let asker = clear_policy::Slice { path: agencies("b"), ..officer() };
    assert_eq!(rules.judge(&asker, &white()), Ok(Verdict::default()));
}
