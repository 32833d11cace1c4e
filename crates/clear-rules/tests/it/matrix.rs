//! The whole matrix, as a file for reviewers: who reads what, and who may do what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use clear_policy::{Deed, Rules, Slice, Verdict};
use clear_record::{Caveat, FieldClass, Handling, Kind, Label, Relation, Role};
use clear_rules::{CedarRules, Effect, Policy, Texts};

use crate::{agencies, agency, handled, officer, white};

/// `a` owns the records, `b` owns some of them together with `a`, `p` and `q` are partners, `v` a vendor, `o` an oversight
/// body, `x` is cut off. One line: who, agency and its kind, roles, everybody on the path, why they are on it, classes that
/// agreements open on records of others.
pub(crate) const ASKERS: &[(&str, &str, &str, &str, &str, &str, &str)] = &[
    ("officer", "a", "owner", "officer", "a", "", "opi"),
    ("analyst", "a", "owner", "analyst", "a", "", "opi"),
    ("clerk", "a", "owner", "clerk", "a", "", "opi"),
    ("steward", "a", "owner", "steward", "a", "", "opi"),
    ("service", "a", "owner", "service", "a", "", "opi"),
    ("clerk and analyst", "a", "owner", "clerk analyst", "a", "", "opi"),
    ("officer for the partner", "a", "owner", "officer", "a p", "beneficiaries=p", "opi"),
    ("co-owner's officer", "b", "owner", "officer", "b", "", "opi"),
    ("co-owner's clerk", "b", "owner", "clerk", "b", "", "opi"),
    ("partner", "p", "state", "partner", "p", "", "opi"),
    ("partner, all agreed", "p", "state", "partner", "p", "", "opicbnxs"),
    ("partner's officer", "p", "local", "officer", "p", "", "op"),
    ("partner's analyst", "p", "federal", "analyst", "p", "", "opicbnxs"),
    ("partner's clerk", "p", "federal", "clerk", "p", "", "opicbnxs"),
    ("partner handing on", "p", "state", "officer", "p q", "recipients=q", "o"),
    ("stranger, no agreement", "p", "federal", "officer partner", "p", "", ""),
    ("vendor", "v", "vendor", "service", "v", "", ""),
    ("oversight", "o", "oversight", "oversight", "o", "", ""),
    ("oversight and officer", "o", "oversight", "oversight officer", "o", "", "opicbnxs"),
    ("oversight for the partner", "o", "oversight", "oversight", "o p", "beneficiaries=p", "opi"),
    ("oversight role, partner", "p", "state", "oversight partner", "p", "", "opi"),
    ("press", "p", "press", "", "p", "", "opicbnxs"),
    ("cut off", "x", "federal", "partner officer", "x", "", "opicbnxs"),
    ("officer for the cut-off", "a", "owner", "officer clerk", "a x", "beneficiaries=x", "opicbnxs"),
    ("cut-off's second hat", "a", "owner", "officer clerk", "a x", "affiliations=x", "opicbnxs"),
    ("task force with cut-off", "a", "owner", "officer clerk", "a x", "task_force=x", "opicbnxs"),
    ("relayed by the cut-off", "a", "owner", "officer clerk", "a x", "relays=x", "opicbnxs"),
    ("handed on to the cut-off", "a", "owner", "officer clerk", "a x", "recipients=x", "opicbnxs"),
    ("steward for the cut-off", "a", "owner", "steward", "a x", "beneficiaries=x", "opicbnxs"),
    ("oversight for the cut-off", "o", "oversight", "oversight", "o x", "beneficiaries=x", "opicbnxs"),
    ("path without its asker", "a", "owner", "officer", "p", "", "opicbnxs"),
    ("path without second hat", "a", "owner", "officer", "a", "affiliations=x", "opicbnxs"),
    ("path without task force", "a", "owner", "officer", "a", "task_force=x", "opicbnxs"),
    ("path without beneficiary", "a", "owner", "officer", "a", "beneficiaries=x", "opicbnxs"),
    ("path without relay", "a", "owner", "officer", "a", "relays=x", "opicbnxs"),
    ("path without recipient", "a", "owner", "officer", "a", "recipients=x", "opicbnxs"),
    ("resident", "", "", "", "", "", ""),
    ("account without agency", "", "", "officer clerk steward", "p", "", "opicbnxs"),
];

/// Under which circumstances each asker asks. The first is printed whole, of the others the lines that are different.
pub(crate) const CIRCUMSTANCES: &[(&str, Circumstances)] = &[
    ("Purpose `investigation`, as the agreements state it; no relation to the record.", PLAIN),
    (
        "Purpose `traffic`: for it the agreements open operational and identity fields of stops and vehicles alone.",
        Circumstances { purpose: "traffic", ..PLAIN },
    ),
    ("Purpose `removal`, which is denied to everybody.", Circumstances { purpose: "removal", ..PLAIN }),
    ("The asker filed the record.", Circumstances { relation: Relation::Author, ..PLAIN }),
    ("The asker is assigned to it.", Circumstances { relation: Relation::Assigned, ..PLAIN }),
    ("The asker supervises who is assigned to it.", Circumstances { relation: Relation::Supervisor, ..PLAIN }),
    ("It was referred to the asker's agency.", Circumstances { relation: Relation::Recipient, ..PLAIN }),
    ("It is about the asker.", Circumstances { relation: Relation::Subject, ..PLAIN }),
    ("An emergency: imminent danger to somebody's life.", Circumstances { emergency: true, ..PLAIN }),
];

#[derive(Clone, Copy)]
pub(crate) struct Circumstances {
    purpose: &'static str,
    relation: Relation,
    emergency: bool,
}

const PLAIN: Circumstances = Circumstances { purpose: "investigation", relation: Relation::Any, emergency: false };

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

pub(crate) fn labels() -> Vec<(&'static str, Label)> {
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

pub(crate) fn slice(
    line: &(&str, &str, &'static str, &str, &str, &str, &str),
    under: Circumstances,
    label: Option<&Label>,
) -> Slice {
    let (_, home, kind, roles, path, why, agreed) = line;
    let path = agencies(path);
    let part =
        |name: &str| agencies(why.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).unwrap_or_default());
    // As the register computes it: an owner needs no agreement with itself, everybody else does.
    let home_alone = label.is_some_and(|label| label.owners.len() == 1 && label.owners == path);
    let opens = |class: &FieldClass| {
        let stated = match under.purpose {
            "traffic" => {
                let kinds = [Kind::Stop, Kind::Vehicle];
                "oi".contains(letter(*class)) && label.is_some_and(|label| kinds.contains(&label.kind))
            }
            _ => true,
        };
        home_alone || (stated && agreed.contains(letter(*class)))
    };
    Slice {
        agency: (!home.is_empty()).then(|| agency(home)),
        agency_kind: (!kind.is_empty()).then_some(*kind),
        roles: roles.split_whitespace().map(|word| Role::from_word(word).unwrap()).collect(),
        closed: path.intersection(&agencies("x")).cloned().collect(),
        path,
        affiliations: part("affiliations"),
        task_force: part("task_force"),
        beneficiaries: part("beneficiaries"),
        relays: part("relays"),
        recipients: part("recipients"),
        purpose: Some(under.purpose.into()),
        purpose_denied: under.purpose == "removal",
        emergency: under.emergency,
        relation: under.relation,
        agreed: FieldClass::ALL.iter().copied().filter(opens).collect(),
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

/// What each asker reads under one circumstance: a line for all data classes that read alike.
fn reading(rules: &CedarRules, all: &[Kind], under: Circumstances) -> Vec<Vec<String>> {
    let labels = labels();
    let lines = ASKERS.iter().map(|line| {
        let mut rows: BTreeMap<String, Vec<Kind>> = BTreeMap::new();
        for kind in all.iter().copied() {
            let cells: Vec<String> = labels
                .iter()
                .map(|(_, label)| Label { kind, ..label.clone() })
                .map(|label| cell(&rules.judge(&slice(line, under, Some(&label)), &label).unwrap()))
                .collect();
            rows.entry(columns(&cells)).or_default().push(kind);
        }
        rows.iter().map(|(row, kinds)| format!("{:<27}{:<34}{row}", line.0, named(kinds, all))).collect()
    });
    lines.collect()
}

fn columns(cells: &[String]) -> String {
    cells.iter().fold(String::new(), |row, cell| format!("{row}{cell:<11}")).trim_end().to_owned()
}

fn named(kinds: &[Kind], all: &[Kind]) -> String {
    let names = |kinds: &mut dyn Iterator<Item = &Kind>| kinds.map(|kind| kind.name()).collect::<Vec<_>>().join(" ");
    match all.len() - kinds.len() {
        0 => "every".to_owned(),
        1 | 2 => format!("every but {}", names(&mut all.iter().filter(|kind| !kinds.contains(kind)))),
        _ => names(&mut kinds.iter()),
    }
}

/// What each asker may do.
fn doing(rules: &CedarRules) -> String {
    let entries = "account installation agency admission agreement member vendor terms attestation suspension cut_off ending \
                   succession flow";
    let deeds: Vec<Deed> = Kind::ALL
        .iter()
        .map(|kind| Deed::File(*kind))
        .chain(entries.split_whitespace().map(Deed::Govern))
        .chain([Deed::Handle, Deed::Inquire, Deed::Review, Deed::Produce, Deed::Operate])
        .collect();
    let mut text = String::new();
    for line in ASKERS {
        let may = |under: Circumstances| {
            let slice = slice(line, under, None);
            deeds.iter().filter(move |deed| rules.permits(&slice, **deed).unwrap())
        };
        let (mut filed, mut governed, mut done) = (Vec::new(), Vec::new(), Vec::new());
        for deed in may(PLAIN) {
            match deed {
                Deed::File(kind) => filed.push(*kind),
                Deed::Govern(entry) => governed.push(*entry),
                Deed::Handle => done.push("handle".to_owned()),
                Deed::Inquire => done.push("inquire".to_owned()),
                Deed::Review => done.push("review".to_owned()),
                Deed::Produce => done.push("produce".to_owned()),
                Deed::Operate => done.push("operate".to_owned()),
            }
        }
        if !filed.is_empty() {
            done.push(format!("file ({})", named(&filed, &Kind::ALL)));
        }
        if !governed.is_empty() {
            done.push(format!("govern ({})", governed.join(" ")));
        }
        let done = if done.is_empty() { "-".to_owned() } else { done.join(", ") };
        writeln!(text, "{:<27}{done}", line.0).unwrap();
        let denied = may(Circumstances { purpose: "removal", ..PLAIN }).count();
        if denied > 0 {
            writeln!(text, "{:<27}{denied} deeds although the purpose is denied", line.0).unwrap();
        }
    }
    text
}

fn matrix(rules: &CedarRules) -> String {
    let mut text = String::from(
        "Who reads what. Made by a test from the rules in force; do not edit (OPENCLEAR_UPDATE_GOLDEN=1 writes it anew).\n\n\
         o operational  p place  i identity  c contact  b biometric  n narrative  x protected  s source\n\
         whom? = a pointer to the owner and nothing else; +? = a pointer beside what is read; - = no sign that the record \
         exists\n\
         Records are of the agency a, those of the last columns of a and b, or of nobody.\n\n",
    );
    let head: Vec<String> = labels().iter().map(|(name, _)| (*name).to_owned()).collect();
    let head = format!("{:<27}{:<34}{}", "asker", "data class", columns(&head));
    let mut first: Option<Vec<Vec<String>>> = None;
    for (title, under) in CIRCUMSTANCES {
        let lines = reading(rules, &Kind::ALL, *under);
        let rows: Vec<&String> = match &first {
            None => lines.iter().flatten().collect(),
            Some(first) => {
                lines.iter().zip(first).filter(|(now, first)| now != first).flat_map(|(now, _)| now).collect()
            }
        };
        let also = match (&first, rows.is_empty()) {
            (None, _) => "",
            (_, true) => " As in the first table.",
            _ => " Otherwise as in the first table:",
        };
        writeln!(text, "{title}{also}\n").unwrap();
        if !rows.is_empty() {
            writeln!(text, "{head}").unwrap();
            rows.iter().for_each(|row| writeln!(text, "{row}").unwrap());
            text.push('\n');
        }
        first = first.or(Some(lines));
    }
    text.push_str("Who may do what; nobody does anything for a purpose that is denied.\n\n");
    text.push_str(&doing(rules));
    text
}

#[test]
fn gr05_the_matrix_is_the_one_that_was_reviewed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/matrix.golden");
    let is = matrix(&CedarRules::embedded().unwrap());
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
        CedarRules::of(texts.collect()).unwrap()
    };
    // No rule tells data classes apart, so that one of them shows what a rule does.
    let read = |rules: &CedarRules, under| reading(rules, &[Kind::Incident], under);
    let whole = |rules: CedarRules| {
        let all: Vec<_> = CIRCUMSTANCES.iter().map(|(_, under)| read(&rules, *under)).collect();
        (doing(&rules), all)
    };
    let (plain, open) = (whole(made(None, None)), whole(made(None, Some(careless))));
    assert_ne!(plain.0, open.0);
    for policy in CedarRules::embedded().unwrap().policies() {
        let (before, careless) = match policy.effect {
            Effect::Permit => (&plain, None),
            Effect::Forbid => (&open, Some(careless)),
        };
        let without = made(Some(policy), careless);
        let mut under = CIRCUMSTANCES.iter().zip(&before.1);
        let needed = under.any(|((_, under), before)| read(&without, *under) != *before) || doing(&without) != before.0;
        assert!(needed, "no line of the matrix shows the {} `{}`", policy.effect, policy.id);
    }
}
