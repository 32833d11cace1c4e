//! INVARIANT (a cut-off has no inverse): whatever the register takes later, what a closure denied stays denied.

use std::collections::BTreeSet;

use clear_policy::{
    Admission, AgencyKind, Announcement, Covers, Decision, Denial, EdgeKind, Ending, Entry, KeyEnd, Member, Register,
    SuspensionEnd, TaskForce, decide,
};
use proptest::prelude::*;

use crate::world::{
    BASIC, RULES, account, affiliation, agency, agreement, ask, at, city, cut, edge, known, labels, note, signer,
    suspension,
};

const NAMES: [&str; 12] = ["pd", "so", "bor", "frs", "sis", "new", "state", "tf", "board", "x1", "x2", "x3"];

const KEYS: [&str; 5] = ["ann", "bob", "cyd", "sam", "sue"];

/// One thing that somebody tries to enter; the register may refuse it.
#[derive(Debug, Clone)]
enum Step {
    Agency(usize, Option<usize>, Option<usize>),
    Edge(bool, usize, usize, Option<u8>),
    Agreement(u8, usize, usize),
    Affiliation(usize),
    Suspension(usize),
    SuspensionEnd,
    CutOff(usize, bool),
    Announced(usize, Option<usize>),
    Admitted(usize),
    TaskForce,
    Member(usize),
    Ending(u8),
    KeyEnd(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    prop_oneof![
        (9..NAMES.len(), prop::option::of(name.clone()), prop::option::of(name.clone()))
            .prop_map(|(id, up, was)| Step::Agency(id, up, was)),
        (any::<bool>(), name.clone(), name.clone(), prop::option::of(0u8..12))
            .prop_map(|(kind, from, to, end)| Step::Edge(kind, from, to, end)),
        (0u8..9, name.clone(), name.clone()).prop_map(|(number, owner, with)| Step::Agreement(number, owner, with)),
        name.clone().prop_map(Step::Affiliation),
        name.clone().prop_map(Step::Suspension),
        Just(Step::SuspensionEnd),
        (name.clone(), any::<bool>()).prop_map(|(over, family)| Step::CutOff(over, family)),
        (9..NAMES.len(), prop::option::of(name.clone())).prop_map(|(id, up)| Step::Announced(id, up)),
        (9..NAMES.len()).prop_map(Step::Admitted),
        // Led by the same agency, its members enrolled and not dismissed: a task force is freed when the agency that is cut
        // off leaves it, and that is meant (GR10).
        Just(Step::TaskForce),
        name.prop_map(Step::Member),
        (0u8..112).prop_map(Step::Ending),
        (0..KEYS.len()).prop_map(Step::KeyEnd),
    ]
}

/// Enters a step; what the register refuses changes nothing.
fn take(register: &mut Register, step: &Step, at_step: usize) {
    let name = |at: usize| NAMES[at];
    let entry = match step {
        Step::Agency(id, up, was) => known(name(*id), AgencyKind::Federal, up.map(name), was.map(name)),
        Step::Edge(kind, from, to, end) => {
            let kind = if *kind { EdgeKind::Parent } else { EdgeKind::Predecessor };
            // Ends before and after the orders' date.
            let end = end.map(|years| format!("20{}-01-01", 20 + years));
            edge(kind, name(*from), name(*to), end.as_deref())
        }
        Step::Agreement(number, owner, with) => {
            Entry::Agreement(agreement(&number.to_string(), name(*owner), name(*with), BASIC))
        }
        Step::Affiliation(with) => affiliation("u", name(*with), None),
        Step::Suspension(over) => suspension("S", name(*over), "2026-02-01", "2026-02-10"),
        Step::SuspensionEnd => Entry::SuspensionEnd(SuspensionEnd { number: "S".into(), at: at("2020-01-01") }),
        Step::Announced(id, up) => {
            let Entry::Agency(known) = known(name(*id), AgencyKind::Federal, up.map(name), None) else { return };
            Entry::Announcement(Announcement { agency: known, by: Some(account("al")), at: Some(at("2026-01-01")) })
        }
        Step::Admitted(id) => {
            let admission =
                Admission { agency: agency(name(*id)), by: Some(account("bo")), at: Some(at("2026-01-20")) };
            Entry::Admission(admission)
        }
        Step::TaskForce => Entry::TaskForce(TaskForce {
            agency: agency("tf"),
            lead: agency("so"),
            purposes: BTreeSet::from(["case".into()]),
            from: at("2026-01-01"),
            until: at("2027-01-01"),
            document: "00".into(),
        }),
        Step::Member(member) => {
            let [task_force, agency] = ["tf", name(*member)].map(agency);
            Entry::Member(Member { task_force, agency, from: at("2026-01-01"), until: None })
        }
        Step::Ending(number) => {
            let ending = Ending {
                installation: agency("city"),
                number: "E-1".into(),
                order: format!("CO-{number}"),
                issued_at: at("2026-01-02"),
                holds_from: at("2027-01-01"),
                register: register.version(),
                text: "The council ends it.".into(),
            };
            Entry::Ending { note: note(&ending, &["ann", "bob", "cyd"].map(signer)) }
        }
        Step::KeyEnd(holder) => Entry::KeyEnd(KeyEnd { holder: account(KEYS[*holder]), reason: "It was lost.".into() }),
        Step::CutOff(over, family) => {
            let covers = if *family { Covers::Family } else { Covers::Under };
            if register.agency(&crate::world::agency(name(*over))).is_some() {
                let _refused = cut(register, &format!("CO-{at_step}"), name(*over), covers);
            }
            return;
        }
    };
    let _refused = register.apply(&entry);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn gr03_what_a_closure_denied_stays_denied(
        before in prop::collection::vec(step(), 0..12),
        over in 2..6usize,
        family in any::<bool>(),
        after in prop::collection::vec(step(), 0..12),
    ) {
        let mut register = city();
        for (at, step) in before.iter().enumerate() {
            take(&mut register, step, at);
        }
        take(&mut register, &Step::CutOff(over, family), 100);
        let mut later = register.clone();
        for (at, step) in after.iter().enumerate() {
            take(&mut later, step, 200 + at);
        }
        for home in NAMES {
            for whom in NAMES {
                let request = ask("u", home, "officer analyst clerk partner", &format!("{home} {whom}"), "2026-02-05");
                let path = register.path(&request.standing, &request.inquiry, request.asked_at);
                if register.closed_to(&path, request.asked_at).is_none() {
                    continue;
                }
                let decision = decide(&later, &*RULES, &labels(), &clear_policy::Sights::new(), &request);
                prop_assert!(matches!(decision, Decision::Deny(Denial::Ordered(_))), "{home} for {whom}: {decision:?}");
            }
        }
        for order in register.orders() {
            let (was, is) = (register.closure_of(&order.draft.number), later.closure_of(&order.draft.number));
            prop_assert!(was.zip(is).is_some_and(|(was, is)| was.is_subset(is)), "{}", order.draft.number);
        }
    }
}
