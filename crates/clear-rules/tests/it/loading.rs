//! What loads, and what is said of that which does not.

use clear_policy::{AgencyKind, Rules};
use clear_rules::{CedarRules, Error, SCHEMA, Texts, check};

/// The rules that come with the program, with one text put in the place of another in one file.
fn changed(file: &str, from: &str, to: &str) -> Result<CedarRules, String> {
    let texts: Texts = Texts::embedded()
        .iter()
        .map(|(name, text)| {
            let text = if name == file { text.replace(from, to) } else { text.to_owned() };
            (name.to_owned(), text)
        })
        .collect();
    assert_ne!(texts, Texts::embedded(), "`{from}` does not stand in {file}");
    CedarRules::of(texts).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(file: &str, from: &str, to: &str, place: &str, said: &str) {
    let error = changed(file, from, to).err().expect("it should not load");
    assert!(error.contains(place) && error.contains(said), "`{place}` and `{said}` are not in:\n{error}");
}

#[test]
fn the_rules_that_come_with_the_program_load_and_introduce_themselves() {
    let report = check(None).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!(report.digest, CedarRules::embedded().unwrap().digest());
    assert!(report.policies.iter().all(|policy| policy.why.ends_with('.')), "a reason is a sentence");
    let first = report.policies.iter().find(|policy| policy.id == "closed-path").unwrap();
    assert_eq!((first.file.as_str(), first.line, first.effect.to_string()), ("orders.cedar", 4, "forbid".to_owned()));
}

#[test]
fn no_rule_names_an_agency() {
    for (file, text) in Texts::embedded().iter() {
        assert!(!text.contains("Agency::\""), "{file}");
    }
}

#[test]
fn whatever_is_wrong_is_named_with_its_place() {
    refused(
        "orders.cedar",
        "forbid (principal, action, resource)",
        "forbid (principal action, resource)",
        "orders.cedar:6:19",
        "unexpected token",
    );
    refused("orders.cedar", "@why(\"A cut-off", "@because(\"A cut-off", "orders.cedar:4:1", "lacks");
    refused("orders.cedar", "@id(\"path-holds-home\")", "@id(\"closed-path\")", "orders.cedar:4:1", "taken");
    refused("owner.cedar", "Role::\"analyst\"", "Role::\"analist\"", "owner.cedar:11:", "analist");
    refused("owner.cedar", "resource.owners.isEmpty()", "resource.owner.isEmpty()", "owner.cedar:", "owner");
    refused(
        "partner.cedar",
        "principal has agency &&\n  resource.handling",
        "resource.handling",
        "partner.cedar:10:74",
        "attribute `agency`",
    );
    refused("purposes.cedar", "context.purpose_denied", "1 == 2", "purposes.cedar", "impossible");
    refused(
        "handling.cedar",
        "principal, action in",
        "principal == ?principal, action in",
        "handling.cedar:",
        "template",
    );
    refused(SCHEMA, "entity Register;", "entity Register", "schema.cedarschema:", "unexpected");
    refused(SCHEMA, "\"protected_victim\", ", "", "caveats.cedar:", "protected_victim");
}

#[test]
fn a_schema_that_lacks_a_word_of_the_programs_does_not_load() {
    // No rule reads the instrument, so that only the probe can find this.
    refused(SCHEMA, ", \"detainer\"", "", "schema.cedarschema:1:1: does not fit the program", "detainer");
    refused(SCHEMA, ", \"terms\"", "", "schema.cedarschema:1:1: does not fit the program", "terms");
    refused(SCHEMA, ", \"vendor\"", "", "schema.cedarschema:1:1: does not fit the program", "vendor");
    refused(
        SCHEMA,
        "  use_code: String,\n",
        "",
        "schema.cedarschema:1:1: does not fit the program",
        "is not valid for `Action::\"point\"`",
    );
}

#[test]
fn every_kind_of_agency_is_a_word_of_the_schema() {
    let next = |kind| match kind {
        AgencyKind::Owner => Some(AgencyKind::Local),
        AgencyKind::Local => Some(AgencyKind::State),
        AgencyKind::State => Some(AgencyKind::Federal),
        AgencyKind::Federal => Some(AgencyKind::TaskForce),
        AgencyKind::TaskForce => Some(AgencyKind::Oversight),
        AgencyKind::Oversight => Some(AgencyKind::Press),
        AgencyKind::Press => Some(AgencyKind::Vendor),
        AgencyKind::Vendor => Some(AgencyKind::Parent),
        AgencyKind::Parent => None,
    };
    let rules = CedarRules::embedded().unwrap();
    for kind in std::iter::successors(Some(AgencyKind::Owner), |kind| next(*kind)) {
        let asker = clear_policy::Slice { agency_kind: Some(kind.word()), ..crate::officer() };
        assert!(rules.judge(&asker, &crate::white()).is_ok(), "{kind:?}");
    }
}

#[test]
fn a_folder_loads_as_the_embedded_rules_do() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in Texts::embedded().iter() {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    std::fs::write(dir.path().join("README.md"), "Notes.").unwrap();
    let rules = CedarRules::load(dir.path()).unwrap();
    assert_eq!(rules.digest(), CedarRules::embedded().unwrap().digest());
    assert_eq!(check(Some(dir.path())).unwrap(), check(None).unwrap());

    std::fs::write(dir.path().join("orders.cedr"), "").unwrap();
    let error = CedarRules::load(dir.path()).err().unwrap();
    assert!(matches!(&error, Error::Invalid(problems) if problems[0].file == "orders.cedr"), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = CedarRules::load(std::path::Path::new("/nowhere/policies")).err().unwrap();
    assert!(matches!(error, Error::Read { .. }) && error.to_string().contains("/nowhere/policies"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = CedarRules::load(empty.path()).err().unwrap().to_string();
    assert!(error.contains("is not in the folder") && error.contains("no policies"), "{error}");
}

#[test]
fn every_changed_byte_changes_the_digest() {
    let rules = changed("orders.cedar", "// Orders.", "// Orders ").unwrap();
    assert_ne!(rules.digest(), CedarRules::embedded().unwrap().digest());
}
