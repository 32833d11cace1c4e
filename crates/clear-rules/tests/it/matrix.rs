//! The whole matrix, as a file for reviewers: who reads what, and who may do what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use clear_policy::{Deed, Rules, Slice, Verdict};
use clear_record::{Caveat, FieldClass, Handling, Kind, Label, Role};
use clear_rules::{CedarRules, Effect, Policy, Texts};

use crate::{agencies, agency, handled, officer, white};

/// `a` owns the records, `b` owns some of them together with `a`, `p` is a partner, `o` an oversight body, `x` is cut off.
/// One line: who, agency and its kind, roles, everybody on the path, classes that agreements open on records of others.
const ASKERS: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("officer", "a", "owner", "officer", "a", "opi"),
    ("analyst", "a", "owner", "analyst", "a", "opi"),
    ("clerk", "a", "owner", "clerk", "a", "opi"),
    ("steward", "a", "owner", "steward", "a", "opi"),
    ("service", "a", "owner", "service", "a", "opi"),
    ("clerk and analyst", "a", "owner", "clerk analyst", "a", "opi"),
    ("officer for the partner", "a", "owner", "officer", "a p", "opi"),
    ("co-owner's officer", "b", "owner", "officer", "b", "opi"),
    ("co-owner's clerk", "b", "owner", "clerk", "b", "opi"),
    ("partner", "p", "state", "partner", "p", "opi"),
    ("partner, all agreed", "p", "state", "partner", "p", "opicbnxs"),
    ("partner's officer", "p", "local", "officer", "p", "opicbnxs"),
    ("partner's analyst", "p", "federal", "analyst", "p", "opicbnxs"),
    ("partner's clerk", "p", "federal", "clerk", "p", "opicbnxs"),
    ("stranger, no agreement", "p", "federal", "partner", "p", ""),
    ("oversight", "o", "oversight", "oversight", "o", ""),
    ("oversight and officer", "o", "oversight", "oversight officer", "o", "opicbnxs"),
    ("oversight for the partner", "o", "oversight", "oversight", "o p", "opi"),
    ("oversight role, partner", "p", "state", "oversight partner", "p", "opi"),
    ("press", "p", "press", "", "p", "opicbnxs"),
    ("cut off", "x", "federal", "partner officer", "x", "opicbnxs"),
    ("officer for the cut-off", "a", "owner", "officer clerk", "a x", "opicbnxs"),
    ("steward for the cut-off", "a", "owner", "steward", "a x", "opicbnxs"),
    ("oversight for the cut-off", "o", "oversight", "oversight", "o x", "opicbnxs"),
    ("officer, denied purpose!", "a", "owner", "officer clerk steward", "a", "opicbnxs"),
    ("path without its asker", "a", "owner", "officer", "p", "opicbnxs"),
    ("resident", "", "", "", "", ""),
    ("account without agency", "", "", "officer clerk steward", "p", "opicbnxs"),
];

fn letter(class: FieldClass) -> char {
    match class {
        FieldClass::Operational => 'o',
        FieldClass::Place => 'p',
        FieldClass::Identity => 'i',
        FieldClass::Contact => 'c',
        FieldClass::Biometric => 'b',
        FieldClass::Narrative => 'n',
        FieldClass::Protected => 'x',
        FieldClass::Source => 's',
    }
}

fn labels() -> Vec<(&'static str, Label)> {
    let caveat = |caveat, label: Label| Label { caveats: BTreeSet::from([caveat]), ..label };
    let shared = |label: Label| Label { owners: agencies("a b"), ..label };
    vec![
        ("white", white()),
        ("gray", handled(Handling::Gray)),
        ("black", handled(Handling::Black)),
        ("juvenile", caveat(Caveat::Juvenile, white())),
        ("sealed", caveat(Caveat::Sealed, white())),
        ("victim", caveat(Caveat::ProtectedVictim, white())),
        ("intel", caveat(Caveat::Intelligence, white())),
        ("open inv", caveat(Caveat::OpenInvestigation, white())),
        ("gray juv", caveat(Caveat::Juvenile, handled(Handling::Gray))),
        ("a and b", shared(white())),
        ("a b gray", shared(handled(Handling::Gray))),
        ("a b seal", shared(caveat(Caveat::Sealed, white()))),
        ("nobody's", Label { owners: BTreeSet::new(), ..white() }),
    ]
}

fn slice(line: &(&str, &str, &'static str, &str, &str, &str), label: Option<&Label>) -> Slice {
    let (who, home, kind, roles, path, agreed) = line;
    let path = agencies(path);
    // As the register computes it: an owner needs no agreement with itself, everybody else does.
    let home_alone = label.is_some_and(|label| label.owners.len() == 1 && label.owners == path);
    Slice {
        agency: (!home.is_empty()).then(|| agency(home)),
        agency_kind: (!kind.is_empty()).then_some(*kind),
        roles: roles.split_whitespace().map(|word| Role::from_word(word).unwrap()).collect(),
        closed: path.intersection(&agencies("x")).cloned().collect(),
        path,
        purpose_denied: who.ends_with('!'),
        agreed: FieldClass::ALL.iter().copied().filter(|class| home_alone || agreed.contains(letter(*class))).collect(),
        ..officer()
    }
}

fn cell(verdict: &Verdict) -> String {
    let classes: String = FieldClass::ALL
        .iter()
        .map(|class| if verdict.classes.contains(class) { letter(*class) } else { '.' })
        .collect();
    match (verdict.pointer, verdict.classes.is_empty()) {
        (true, true) => "whom?".to_owned(),
        (true, false) => format!("{classes}+?"),
        (false, true) => "-".to_owned(),
        (false, false) => classes,
    }
}

fn matrix(rules: &CedarRules, all: &[Kind]) -> String {
    let mut text = String::from(
        "Who reads what. Made by a test from the rules in force; do not edit (OPENCLEAR_UPDATE_GOLDEN=1 writes it anew).\n\n\
         o operational  p place  i identity  c contact  b biometric  n narrative  x protected  s source\n\
         whom? = a pointer to the owner and nothing else; - = no sign that the record exists\n\
         Records are of the agency a, those of the last columns of a and b, or of nobody.\n\n",
    );
    let labels = labels();
    let columns = |cells: &[String]| cells.iter().fold(String::new(), |row, cell| format!("{row}{cell:<10}"));
    let head: Vec<String> = labels.iter().map(|(name, _)| (*name).to_owned()).collect();
    writeln!(text, "{:<27}{:<34}{}", "asker", "data class", columns(&head).trim_end()).unwrap();
    for line in ASKERS {
        // Data classes that read alike stand in one line.
        let mut rows: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for kind in all.iter().copied() {
            let cells: Vec<String> = labels
                .iter()
                .map(|(_, label)| Label { kind, ..label.clone() })
                .map(|label| cell(&rules.judge(&slice(line, Some(&label)), &label).unwrap()))
                .collect();
            rows.entry(columns(&cells)).or_default().push(kind.name());
        }
        for (row, kinds) in rows {
            let kinds = if kinds.len() == all.len() { "every".to_owned() } else { kinds.join(" ") };
            writeln!(text, "{:<27}{kinds:<34}{}", line.0, row.trim_end()).unwrap();
        }
    }
    text.push_str("\nWho may do what.\n\n");
    let deeds: Vec<Deed> = Kind::ALL
        .iter()
        .map(|kind| Deed::File(*kind))
        .chain(["installation", "agency", "agreement", "suspension", "cut_off", "flow"].map(Deed::Govern))
        .chain([Deed::Operate])
        .collect();
    for line in ASKERS {
        let open: Vec<String> = deeds
            .iter()
            .filter(|deed| rules.permits(&slice(line, None), **deed).unwrap())
            .map(|deed| match deed {
                Deed::File(kind) => format!("file:{kind}"),
                Deed::Govern(entry) => format!("govern:{entry}"),
                Deed::Operate => "operate".to_owned(),
            })
            .collect();
        let open = if open.is_empty() { "-".to_owned() } else { open.join(" ") };
        writeln!(text, "{:<27}{open}", line.0).unwrap();
    }
    text
}

#[test]
fn the_matrix_is_the_one_that_was_reviewed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/matrix.golden");
    let is = matrix(&CedarRules::embedded().unwrap(), &Kind::ALL);
    if std::env::var_os("OPENCLEAR_UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &is).unwrap();
    }
    let reviewed = std::fs::read_to_string(&golden).unwrap();
    for (at, (is, was)) in is.lines().zip(reviewed.lines()).enumerate() {
        assert_eq!(is, was, "line {} of matrix.golden; OPENCLEAR_UPDATE_GOLDEN=1 writes it anew, for a review", at + 1);
    }
    assert_eq!(is, reviewed);
}

#[test]
fn every_rule_is_needed() {
    // Without a permit something is shut. Without a forbid something is open once somebody carelessly permits everything:
    // a forbid whose loss no line of the matrix shows would be dead weight.
    let careless = ("all.cedar", "@id(\"all\") @why(\"Careless.\") permit (principal, action, resource);\n");
    let made = |left_out: Option<&Policy>, careless: Option<(&str, &str)>| {
        let texts = Texts::embedded();
        let texts = texts.iter().chain(careless).map(|(file, text)| {
            let out = left_out.filter(|policy| policy.file == file).map(|policy| format!("@id(\"{}\")", policy.id));
            let kept = text.split_inclusive(";\n").filter(|part| out.as_ref().is_none_or(|out| !part.contains(out)));
            (file.to_owned(), kept.collect())
        });
        matrix(&CedarRules::of(texts.collect()).unwrap(), &[Kind::Incident])
    };
    let (plain, open) = (made(None, None), made(None, Some(careless)));
    assert_ne!(plain, open);
    for policy in CedarRules::embedded().unwrap().policies() {
        match policy.effect {
            Effect::Permit => assert_ne!(made(Some(policy), None), plain, "without the permit `{}`", policy.id),
            Effect::Forbid => {
                assert_ne!(made(Some(policy), Some(careless)), open, "without the forbid `{}`", policy.id)
            }
        }
    }
}
