//! Which records are joined, as tables; and what never depends on order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod engine;

use std::collections::BTreeSet;

use clear_link::{BlockKey, Cluster, Judgement, block_keys, cluster};
use clear_record::{Kind, Person, Record, RecordId};
use proptest::collection::vec;
use proptest::prelude::*;

fn id(number: u128) -> RecordId {
    RecordId { kind: Kind::Person, raw: number }
}

/// `given family | birth | number`; any may be empty.
fn person(text: &str) -> Person {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let (given, family) = parts[0].split_once(' ').unwrap_or((parts[0], ""));
    let fields =
        [("given_name", given), ("family_name", family), ("date_of_birth", parts[1]), ("identity_number", parts[2])];
    let fields: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("\"{name}\":\"{value}\""))
        .collect();
    match Record::from_bytes(Kind::Person, format!("{{{}}}", fields.join(",")).as_bytes()) {
        Ok(Record::Person(person)) => person,
        other => panic!("{text}: {other:?}"),
    }
}

fn clusters(persons: &[&str], judgements: &[Judgement]) -> Vec<Cluster> {
    let persons: Vec<Person> = persons.iter().map(|text| person(text)).collect();
    let persons: Vec<(RecordId, &Person)> = (1..).map(id).zip(&persons).collect();
    cluster(&persons, judgements)
}

/// `1-2 3` is two clusters.
fn shown(clusters: &[Cluster]) -> String {
    let members = |cluster: &Cluster| cluster.members.iter().map(|id| id.raw.to_string()).collect::<Vec<_>>().join("-");
    clusters.iter().map(members).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_agrees_enough_is_joined() {
    for (a, b, joined) in [
        ("John Smith|1980-02-01|", "JOHN SMITH|1980-02-01|", true),
        ("José Muñoz|1980-02-01|", "jose munoz|1980-02-01|", true),
        ("Siobhan O'Brien|1980-02-01|", "siobhan obrien|1980-02-01|", true),
        ("Robert Quimby|1980-02-01|", "Bob Quimby|1980-02-01|", true),
        ("Quimby Robert|1980-02-01|", "Robert Quimby|1980-02-01|", true),
        ("Tamsin Quimby|1980-02-11|", "Tamsin Quimbey|1980-11-02|", true),
        ("Tamsin Quimby|1980-02-11|71235", "Tamsin Delacroix|1980-02-11|71235", true),
        ("John Smith||IR-71235", "John Smith||ir 71235", true),
        ("John Smith||", "John Smith||", false),
        ("John Smith|1980-02-01|71235", "Jack Jones|1990-07-21|71235", false),
        ("John Smith|1980-02-01|", "John Smith|1950-07-21|", false),
        ("||71235", "||71235", false),
        ("||", "||", false),
        ("John|1980-02-01|", "John|1980-02-01|", false),
    ] {
        let expected = if joined { "1-2" } else { "1 2" };
        assert_eq!(shown(&clusters(&[a, b], &[])), expected, "{a} {b}");
        let keys = |text| block_keys(&person(text)).into_iter().collect::<BTreeSet<BlockKey>>();
        assert!(!joined || !keys(a).is_disjoint(&keys(b)), "a neighbourhood has whatever is joined: {a} {b}");
    }
}

#[test]
fn judgements_outrank_rules_and_parting_outranks_joining() {
    use Judgement::{Different, Same};
    let same = "John Smith|1980-02-01|";
    let other = "Ana Cruz|1990-01-01|";
    for (persons, judgements, expected) in [
        (vec![same, other], vec![Same(id(1), id(2))], "1-2"),
        (vec![same, same], vec![Different(id(2), id(1))], "1 2"),
        (vec![same, same, same], vec![Different(id(1), id(2))], "1-3 2"),
        (vec![same, same, other], vec![Same(id(1), id(3)), Different(id(2), id(3))], "1-3 2"),
        (vec![same, same], vec![Same(id(1), id(2)), Different(id(1), id(2))], "1 2"),
        (vec![same, other, other], vec![Same(id(1), id(2)), Different(id(1), id(3))], "1-2 3"),
        (vec![same, other], vec![Same(id(1), id(9)), Different(id(2), id(9))], "1 2"),
        (vec![same], vec![Same(id(1), id(1)), Different(id(1), id(1))], "1"),
        (vec![], vec![], ""),
    ] {
        assert_eq!(shown(&clusters(&persons, &judgements)), expected, "{judgements:?}");
    }
}

#[test]
fn every_join_says_why_and_so_does_every_refusal() {
    let same = "John Smith|1980-02-01|7";
    let found = clusters(&[same, same, "John Smith|1980-02-01|"], &[Judgement::Different(id(1), id(3))]);
    let said = |edges: &[clear_link::Edge]| {
        edges.iter().map(|edge| format!("{}-{} {}", edge.a.raw, edge.b.raw, edge.why)).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(shown(&found), "1-2 3");
    assert_eq!(
        said(&found[0].edges),
        "1-2 date of birth: same, id number: same, surname: same, given name: same (99.9 %)"
    );
    assert!(said(&found[0].refused).starts_with("1-3 date of birth: same, surname: same, given name: same ("));
    assert_eq!(found[1].refused.last(), found[0].refused.last());
}

#[test]
fn a_block_of_equals_is_not_quadratic() {
    let person = person("John Smith|1980-02-01|7");
    let persons: Vec<(RecordId, &Person)> = (0..5_000).map(|number| (id(number), &person)).collect();
    let found = cluster(&persons, &[]);
    assert_eq!((found.len(), found[0].members.len(), found[0].edges.len()), (1, 5_000, 4_999));
}

fn any_persons() -> impl Strategy<Value = Vec<String>> {
    let one = (0..3usize, 0..3usize, 0..3usize).prop_map(|(name, birth, number)| {
        format!(
            "{}|{}|{}",
            ["John Smith", "Ana Cruz", ""][name],
            ["1980-02-01", "1990-01-01", ""][birth],
            ["7", "8", ""][number]
        )
    });
    vec(one, 0..20)
}

fn any_judgements() -> impl Strategy<Value = Vec<Judgement>> {
    let one = (any::<bool>(), 0..22u128, 0..22u128);
    vec(
        one.prop_map(
            |(same, a, b)| if same { Judgement::Same(id(a), id(b)) } else { Judgement::Different(id(a), id(b)) },
        ),
        0..15,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_order_of_records_and_judgements_does_not_matter(
        persons in any_persons(), judgements in any_judgements(), order in any::<prop::sample::Index>(),
    ) {
        let people: Vec<Person> = persons.iter().map(|text| person(text)).collect();
        let mut given: Vec<(RecordId, &Person)> = (0..).map(id).zip(&people).collect();
        let once = cluster(&given, &judgements);
        given.reverse();
        let middle = order.index(given.len() + 1);
        given.rotate_left(middle);
        let mut judged: Vec<Judgement> = judgements.iter().rev().map(|judgement| match *judgement {
            Judgement::Same(a, b) => Judgement::Same(b, a),
            Judgement::Different(a, b) => Judgement::Different(b, a),
        }).collect();
        judged.extend(judgements.first().copied());
        prop_assert_eq!(cluster(&given, &judged), once);
    }

    #[test]
    fn parted_records_never_meet_and_nothing_is_lost(persons in any_persons(), judgements in any_judgements()) {
        let people: Vec<Person> = persons.iter().map(|text| person(text)).collect();
        let given: Vec<(RecordId, &Person)> = (0..).map(id).zip(&people).collect();
        let found = cluster(&given, &judgements);
        let mut members: Vec<RecordId> = found.iter().flat_map(|cluster| cluster.members.clone()).collect();
        members.sort();
        prop_assert_eq!(members, given.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        for cluster in &found {
            let within = |id: &RecordId| cluster.members.contains(id);
            prop_assert_eq!(cluster.edges.len() + 1, cluster.members.len());
            prop_assert!(cluster.edges.iter().all(|edge| within(&edge.a) && within(&edge.b)));
            prop_assert!(cluster.refused.iter().all(|edge| within(&edge.a) != within(&edge.b)));
            for judgement in &judgements {
                if let Judgement::Different(a, b) = judgement {
                    prop_assert!(a == b || !(within(a) && within(b)));
                }
            }
        }
    }
}

#[test]
fn a_hidden_record_bridges_nothing() {
    let (a, b, c) = ("Tamsin Quimby|1980-02-11|", "Tamsin Quimby|1980-02-11|71235", "Tamsin Delacroix||71235");
    assert_eq!(shown(&clusters(&[a, b, c], &[])), "1-2-3");
    assert_eq!(shown(&clusters(&[a, c], &[])), "1 2");
}

/// The example of docs/linking.md, which shows it as it is printed here.
#[test]
fn the_worked_example_is_the_one_in_the_docs() {
    let (a, b) = (person("Robert Quimby|1980-02-11|"), person("Bob Quimbey|1980-02-11|"));
    let waterfall = clear_link::explain(&a, &b);
    let docs = include_str!("../../../../docs/linking.md").replace("\r", "");
    assert!(docs.contains(&waterfall.to_string()), "docs/linking.md should show:\n{waterfall}");
    // By hand: a birthday is one of e^10.2 days, two records are one person with odds of e^-14.9 before any evidence.
    let bits = |ln: f32| ln / std::f32::consts::LN_2;
    let step = |role: &str| waterfall.steps.iter().find(|step| step.role.name() == role).unwrap().bits;
    assert!((waterfall.before - bits(-14.9)).abs() < 0.01);
    assert!(
        (step("date_of_birth") - bits(10.2)).abs() < 0.3,
        "same dates are same nearly always where they are one person's"
    );
    assert!(
        (waterfall.after
            - (waterfall.before
                + waterfall.company
                + waterfall.household
                + waterfall.steps.iter().map(|step| step.bits).sum::<f32>()))
        .abs()
            < 0.01
    );
}
