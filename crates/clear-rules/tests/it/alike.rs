//! INVARIANT (equal essences are judged alike): what is remembered is what judging plainly says, whatever the rules are.

use std::collections::BTreeSet;

use clear_policy::{Reads, Rules, Slice};
use clear_record::{AgencyId, Caveat, FieldClass, Handling, Instrument, Kind, Label, Purpose, Relation, Role, UseCode};
use clear_rules::{CedarRules, Texts};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use proptest::test_runner::{Config, RngSeed};

use crate::agency;

const AGENCIES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn some<T: Clone + std::fmt::Debug + Ord + 'static>(all: &[T]) -> impl Strategy<Value = BTreeSet<T>> + use<T> {
    subsequence(all.to_vec(), 0..=all.len()).prop_map(|some| some.into_iter().collect())
}

/// Few agencies, so that one is often in several sets.
fn agencies() -> impl Strategy<Value = BTreeSet<AgencyId>> {
    let all: Vec<AgencyId> = AGENCIES.iter().map(|name| agency(name)).collect();
    subsequence(all, 0..=3).prop_map(|some| some.into_iter().collect())
}

fn one<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    any::<Index>().prop_map(move |at| *at.get(all))
}

pub(crate) fn slices() -> impl Strategy<Value = Slice> {
    let sets = (agencies(), agencies(), agencies(), agencies(), agencies(), agencies(), agencies());
    let kinds = ["owner", "local", "federal", "oversight", "vendor"];
    let asker = (
        prop::option::weighted(0.9, one(&AGENCIES)),
        prop::option::weighted(0.9, prop::sample::select(kinds.to_vec())),
        some(Role::ALL),
    );
    let inquiry = (
        prop::sample::select(vec!["investigation", "traffic"]),
        prop::bool::weighted(0.05),
        prop::sample::select(vec!["C", "J"]),
        any::<bool>(),
        one(Relation::ALL),
        some(FieldClass::ALL),
        // Most questions have a path as the register builds it; the rest must be refused alike as well.
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.5),
    );
    (sets, asker, inquiry).prop_map(|(sets, (home, kind, roles), inquiry)| {
        let (mut path, affiliations, task_force, beneficiaries, relays, recipients, mut closed) = sets;
        let (purpose, purpose_denied, use_code, emergency, relation, agreed, whole, open) = inquiry;
        let home = home.map(agency);
        if whole {
            path.extend(home.iter().chain(&affiliations).chain(&task_force).cloned());
            path.extend(beneficiaries.iter().chain(&relays).chain(&recipients).cloned());
        }
        if open {
            closed.clear();
        }
        Slice {
            agency: home,
            agency_kind: kind,
            roles,
            path,
            affiliations,
            task_force,
            beneficiaries,
            relays,
            recipients,
            closed,
            purpose: Some(Purpose(purpose.into())),
            purpose_denied,
            use_code: Some(UseCode(use_code.into())),
            emergency,
            relation,
            agreed,
        }
    })
}

pub(crate) fn labels() -> impl Strategy<Value = Label> {
    let caveats = prop_oneof![4 => Just(BTreeSet::new()), 1 => some(Caveat::ALL)];
    let instrument = prop::option::of(one(Instrument::ALL));
    (agencies(), one(&Kind::ALL), one(Handling::ALL), caveats, instrument)
        .prop_map(|(owners, kind, handling, caveats, instrument)| Label { owners, kind, handling, caveats, instrument })
}

/// At home nearly always: otherwise almost everything is closed, and closed is easy to agree about.
pub(crate) fn questions() -> impl Strategy<Value = (Slice, Label)> {
    (slices(), labels(), prop::bool::weighted(0.6), any::<bool>()).prop_map(|(mut slice, mut label, own, alone)| {
        if let (Some(home), true) = (slice.agency.clone(), own) {
            label.owners = BTreeSet::from([home.clone()]);
            if alone {
                slice = Slice {
                    path: label.owners.clone(),
                    affiliations: BTreeSet::new(),
                    task_force: BTreeSet::new(),
                    relays: BTreeSet::new(),
                    recipients: BTreeSet::new(),
                    beneficiaries: label.owners.clone(),
                    closed: BTreeSet::new(),
                    ..slice
                };
            }
        }
        (slice, label)
    })
}

/// A condition that is legal in any rule about records.
fn condition() -> impl Strategy<Value = String> {
    let set = || {
        prop::sample::select(Reads::SETS[1..].to_vec()).prop_map(|set| match set {
            "owners" => "resource.owners".to_owned(),
            set => format!("principal.{set}"),
        })
    };
    let plain = prop::sample::select(vec![
        "context.emergency",
        "context.purpose_denied",
        "context.purpose == \"traffic\"",
        "context.use_code like \"J*\"",
        "context.agreed.isEmpty()",
        "context.agreed.contains(Class::\"place\")",
        "context.agreed == [Class::\"place\"]",
        "context.relation == Relation::\"supervisor\"",
        "principal.roles.containsAll([Role::\"clerk\", Role::\"analyst\"])",
        "principal.roles == [Role::\"service\"]",
        "principal has agency_kind && principal.agency_kind == AgencyKind::\"vendor\"",
        "principal has agency && resource.owners.contains(principal.agency)",
        "principal has agency && [principal.agency] == principal.relays",
        "resource.kind == Kind::\"stop\"",
        "[Kind::\"arrest\", Kind::\"person\"].contains(resource.kind)",
        "resource.handling != Handling::\"white\"",
        "resource.caveats.contains(Caveat::\"juvenile\")",
        "resource.caveats.isEmpty()",
        "resource has instrument && resource.instrument == Instrument::\"detainer\"",
        "action == Action::\"read_source\"",
        "principal.path.contains(Agency::\"b\")",
    ])
    .prop_map(str::to_owned);
    let of_sets =
        (set(), set(), prop::sample::select(vec!["containsAll", "containsAny", "=="])).prop_map(|(a, b, relation)| {
            match relation {
                "==" => format!("{a} == {b}"),
                relation => format!("{a}.{relation}({b})"),
            }
        });
    prop_oneof![plain, of_sets].prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("!({inner})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(({a}) && ({b}))")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(({a}) || ({b}))")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("(if {a} then {b} else {c})")),
        ]
    })
}

fn made(conditions: &[(bool, String)]) -> Result<CedarRules, clear_rules::Error> {
    let own: String = conditions
        .iter()
        .enumerate()
        .map(|(at, (permit, condition))| {
            let effect = if *permit { "permit" } else { "forbid" };
            let head = if at % 2 == 0 { "action in Action::\"see\"" } else { "action == Action::\"read_place\"" };
            format!("@id(\"r{at}\") @why(\"Random.\") {effect} (principal, {head}, resource) when {{ {condition} }};\n")
        })
        .collect();
    let schema = Texts::embedded().get(clear_rules::SCHEMA).unwrap().to_owned();
    CedarRules::of([(clear_rules::SCHEMA.to_owned(), schema), ("own.cedar".to_owned(), own)].into_iter().collect())
}

#[test]
fn what_is_remembered_of_the_rules_is_what_they_say() {
    let rules = CedarRules::embedded().unwrap();
    let open = std::cell::Cell::new(0);
    let config = Config { cases: 2_500, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() };
    proptest!(config, |((slice, label) in questions())| {
        let judged = rules.judge(&slice, &label);
        prop_assert_eq!(&judged, &rules.judge_plainly(&slice, &label));
        // The second time it is remembered.
        prop_assert_eq!(&judged, &rules.judge(&slice, &label));
        open.set(open.get() + usize::from(!judged.unwrap().classes.is_empty()));
    });
    assert!(open.get() > 125, "too few questions were open to say much: {}", open.get());
}

#[test]
fn what_is_remembered_of_any_rules_is_what_they_say() {
    let config = Config { cases: 80, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..Config::default() };
    let loaded = std::cell::Cell::new(0);
    let rules = prop::collection::vec((prop::bool::weighted(0.7), condition()), 1..4);
    proptest!(config, |(rules in rules, asked in prop::collection::vec(questions(), 20..40))| {
        // What can never be true does not load; that is a mistake in a rule, and none here.
        let Ok(rules) = made(&rules) else { return Ok(()) };
        loaded.set(loaded.get() + 1);
        for (slice, label) in &asked {
            prop_assert_eq!(rules.judge(slice, label), rules.judge_plainly(slice, label));
        }
    });
    assert!(loaded.get() > 50, "{} of the rules loaded", loaded.get());
}

#[test]
fn the_rules_that_come_with_the_program_can_be_remembered_well() {
    let rules = CedarRules::embedded().unwrap();
    for action in 0..=FieldClass::ALL.len() {
        let reads = rules.reads(action);
        assert!(!reads.agencies_by_name && !reads.purpose && !reads.use_code);
        assert_eq!((reads.kind, reads.instrument), (None, None), "no rule reads what a record is; agreements do");
    }
}
