//! The register's path and the rules' reading of it are the same: whatever the register computes, the rules believe; a path
//! that lacks any one of its agencies, they do not; and nobody else is on it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use clear_policy::{Covers, Deed, Entry, Member, Register, Rules, Slice, TaskForce};
use clear_record::{AgencyId, Inquiry, Role};
use clear_rules::{CedarRules, Texts};
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, RngSeed};

use crate::world::{affiliation, agencies, agency, ask, at, city, cut};

/// Everything is permitted, so that only what the rules say of paths and closures is left to shut anything.
static CARELESS: LazyLock<CedarRules> = LazyLock::new(|| {
    let all = "@id(\"all\") @why(\"Careless.\") permit (principal, action, resource);\n";
    let texts = Texts::embedded();
    let texts = texts.iter().chain([("all.cedar", all)]).map(|(file, text)| (file.to_owned(), text.to_owned()));
    CedarRules::of(texts.collect()).expect("the rules load")
});

/// A task force with members, two second hats, and, if wanted, an order.
fn register(order: bool) -> Register {
    let mut register = city();
    let task_force = TaskForce {
        agency: agency("tf"),
        lead: agency("so"),
        purposes: BTreeSet::from(["case".into()]),
        from: at("2025-01-01"),
        until: at("2027-01-01"),
        document: "00".into(),
    };
    let member = Member { task_force: agency("tf"), agency: agency("state"), from: at("2025-01-01"), until: None };
    let hats = [affiliation("u", "sis", Some("2026-06-01")), affiliation("w", "frs", None)];
    for entry in [Entry::TaskForce(task_force), Entry::Member(member)].into_iter().chain(hats) {
        register.apply(&entry).unwrap();
    }
    if order {
        cut(&mut register, "CO-1", "frs", Covers::Family).unwrap();
    }
    register
}

fn some() -> impl Strategy<Value = BTreeSet<AgencyId>> {
    let all: Vec<AgencyId> = agencies("pd so frs sis state tf board new").into_iter().collect();
    subsequence(all, 0..=2).prop_map(|some| some.into_iter().collect())
}

#[test]
fn s13_the_path_of_the_register_is_the_path_of_the_rules() {
    let registers = [register(false), register(true)];
    let who = prop::sample::select(vec![("u", "pd"), ("u", "state"), ("w", "so"), ("x", "tf"), ("x", "board")]);
    let day = prop::sample::select(vec!["2026-03-01", "2026-07-01", "2027-02-01"]);
    let config = Config { cases: 1_500, rng_seed: RngSeed::Fixed(8), failure_persistence: None, ..Config::default() };
    let open = std::cell::Cell::new((0, 0));
    proptest!(config, |(order in any::<bool>(), who in who, day in day, named in (some(), some(), some(), any::<bool>()))| {
        let register = &registers[usize::from(order)];
        let (on_behalf_of, relays, recipients, as_task_force) = named;
        let mut request = ask(who.0, who.1, "", "", day);
        request.inquiry = Inquiry {
            on_behalf_of: Some(on_behalf_of),
            relays,
            recipients,
            task_force: as_task_force.then(|| agency("tf")),
            ..request.inquiry
        };
        let (standing, inquiry, now) = (&request.standing, &request.inquiry, request.asked_at);
        let path = register.path(standing, inquiry, now);
        let parts = register.parts(standing, inquiry, now);
        let slice = Slice {
            agency: standing.agency.clone(),
            agency_kind: Some("owner"),
            roles: Role::ALL.iter().copied().collect(),
            closed: path.iter().filter(|id| register.orders_over(id, now).next().is_some()).cloned().collect(),
            path: path.clone(),
            affiliations: parts.affiliations,
            task_force: parts.task_force,
            beneficiaries: parts.beneficiaries,
            relays: parts.relays,
            recipients: parts.recipients,
            purpose: inquiry.purpose.clone(),
            use_code: inquiry.use_code.clone(),
            ..Slice::default()
        };
        let permits = |slice: &Slice| CARELESS.permits(slice, Deed::Operate).unwrap();
        // The rules shut exactly what the register's own closures shut.
        let shut = register.closed_to(&path, now).is_some();
        prop_assert_eq!(permits(&slice), !shut);
        for missing in &path {
            let without = Slice { path: path.iter().filter(|id| *id != missing).cloned().collect(), ..slice.clone() };
            prop_assert!(!permits(&without), "a path without {} was believed", missing);
        }
        let (opened, closed) = open.get();
        open.set((opened + u32::from(!shut), closed + u32::from(shut)));
    });
    let (opened, closed) = open.get();
    assert!(opened > 100 && closed > 100, "{opened} open, {closed} shut");
}
