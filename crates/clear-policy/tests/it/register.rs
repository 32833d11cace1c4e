//! What a closure holds, what the register refuses, and what a date ends.

use clear_policy::{BadEntry, BadOrder, Covers, Denial, EdgeKind, Entry, Over, Scope, SuspensionEnd};

use crate::world::{
    BASIC, account, affiliation, agencies, agency, agreement, ask, at, city, cut, denied, draft, edge, opens,
    permitted, signed, signer, suspended, suspension,
};

#[test]
fn gr02_under_goes_down_and_family_goes_everywhere() {
    let register = city();
    let closure = |of, covers| register.closure(&agency(of), covers, at("2026-01-01"));
    assert_eq!(closure("frs", Covers::Under), agencies("frs new"));
    assert_eq!(closure("bor", Covers::Under), agencies("bor frs sis new"));
    assert_eq!(closure("frs", Covers::Family), agencies("bor frs sis new"));
    assert_eq!(closure("new", Covers::Under), agencies("new"));
    assert_eq!(closure("new", Covers::Family), agencies("bor frs sis new"));
}

#[test]
fn an_edge_that_ended_before_the_order_does_not_count_and_one_after_it_does() {
    let mut register = city();
    register.apply(&edge(EdgeKind::Parent, "bor", "frs", Some("2025-06-01"))).unwrap();
    assert_eq!(register.closure(&agency("bor"), Covers::Under, at("2026-01-01")), agencies("bor sis"));
    assert_eq!(register.closure(&agency("bor"), Covers::Under, at("2025-01-01")), agencies("bor frs sis new"));
}

#[test]
fn a_re_parenting_frees_nobody() {
    for ended in ["2027-01-01", "2020-01-01"] {
        let mut register = city();
        cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
        let before = register.version();
        let refused = register.apply(&edge(EdgeKind::Parent, "bor", "frs", Some(ended))).unwrap_err();
        assert!(matches!(&refused, BadEntry::WouldFree { order, .. } if order == "CO-1"), "{refused}");
        // A new parent beside the old one is entered, and frees nobody.
        register.apply(&edge(EdgeKind::Parent, "state", "frs", None)).unwrap();
        assert_eq!(register.version(), before + 1);
        assert_eq!(register.closure_of("CO-1"), Some(&agencies("bor frs sis new")), "{ended}");
        assert!(matches!(denied(&register, &ask("u", "new", "partner", "new", "2028-01-01")), Denial::Ordered(_)));
    }
}

#[test]
fn a_re_parenting_of_the_agency_that_an_order_names_frees_none_of_its_family() {
    let mut register = city();
    cut(&mut register, "CO-1", "frs", Covers::Family).unwrap();
    let ended = register.apply(&edge(EdgeKind::Parent, "bor", "frs", Some("2027-01-01"))).unwrap_err();
    assert!(matches!(&ended, BadEntry::WouldFree { order, .. } if order == "CO-1"), "{ended}");
}

#[test]
fn an_affiliation_ends_by_the_same_entry_with_an_end() {
    let mut register = city();
    register.apply(&affiliation("u", "tf", None)).unwrap();
    let path = |register: &clear_policy::Register, day| {
        let request = ask("u", "state", "partner", "state", day);
        register.path(&request.standing, &request.inquiry, request.asked_at)
    };
    assert_eq!(path(&register, "2026-03-01"), agencies("state tf"));
    register.apply(&affiliation("u", "tf", Some("2026-02-01"))).unwrap();
    assert_eq!(path(&register, "2026-01-01"), agencies("state tf"));
    assert_eq!(path(&register, "2026-03-01"), agencies("state"));
}

#[test]
fn s13_who_comes_under_a_cut_off_agency_later_is_cut_off() {
    let mut register = city();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    permitted(&register, &ask("u", "tf", "partner", "tf", "2026-02-01"));
    register.apply(&edge(EdgeKind::Predecessor, "sis", "tf", None)).unwrap();
    assert!(matches!(denied(&register, &ask("u", "tf", "partner", "tf", "2026-02-01")), Denial::Ordered(_)));
}

#[test]
fn edges_make_no_circles() {
    let mut register = city();
    assert_eq!(register.apply(&edge(EdgeKind::Parent, "new", "bor", None)), Err(BadEntry::Circle(agency("bor"))));
    assert_eq!(register.apply(&edge(EdgeKind::Parent, "tf", "tf", None)), Err(BadEntry::Circle(agency("tf"))));
    let none = register.apply(&edge(EdgeKind::Parent, "tf", "state", Some("2026-01-01")));
    assert_eq!(none, Err(BadEntry::NoEdge(agency("tf"), agency("state"))));
}

#[test]
fn gr03_no_agreement_follows_a_cut_off() {
    let mut register = city();
    cut(&mut register, "CO-1", "frs", Covers::Under).unwrap();
    for cut_off in ["frs", "new"] {
        let again = Entry::Agreement(agreement("9", "pd", cut_off, BASIC));
        assert_eq!(register.apply(&again), Err(BadEntry::CutOff(agency(cut_off))));
    }
    register.apply(&Entry::Agreement(agreement("9", "pd", "state", BASIC))).unwrap();
}

#[test]
fn one_owners_order_leaves_the_other_owners_agreements_possible() {
    let mut register = city();
    let order = draft(&register, "CO-1", "frs", Covers::Under, Scope::Owner(agency("so")));
    register.apply(&signed(&order, &[signer("sam"), signer("sue")])).unwrap();
    let with_so = register.apply(&Entry::Agreement(agreement("9", "so", "frs", BASIC)));
    assert_eq!(with_so, Err(BadEntry::CutOff(agency("frs"))));
    assert_eq!(register.apply(&Entry::Agreement(agreement("9", "pd", "frs", BASIC))), Ok(()));
}

#[test]
fn gr01_an_agreement_is_between_known_parties_for_declared_things_and_a_time() {
    let register = city();
    let refused = |change: &dyn Fn(&mut clear_policy::Agreement)| {
        let mut agreement = agreement("9", "pd", "state", BASIC);
        change(&mut agreement);
        register.clone().apply(&Entry::Agreement(agreement)).unwrap_err()
    };
    assert_eq!(refused(&|it| it.agency = agency("nobody")), BadEntry::UnknownAgency(agency("nobody")));
    assert_eq!(refused(&|it| it.owner = agency("state")), BadEntry::NotAnOwner(agency("state")));
    assert_eq!(refused(&|it| it.until = Some(it.from)), BadEntry::EndsBeforeItBegins("9".into()));
    assert_eq!(refused(&|it| it.purposes.extend(["fun".into()])), BadEntry::UnknownPurpose("fun".into()));
    assert_eq!(refused(&|it| it.use_codes.extend(["Z".into()])), BadEntry::UnknownUseCode("Z".into()));
}

#[test]
fn gr01_an_agreement_opens_from_its_first_moment_until_its_last() {
    let register = city();
    for (day, open) in [("2019-12-31", false), ("2020-01-01", true), ("2029-12-31", true), ("2030-01-01", false)] {
        let request = ask("u", "state", "partner", "state", day);
        match open {
            true => {
                assert_eq!(opens(&permitted(&register, &request)), ["op pl id", "op pl id", "op pl id", ""], "{day}")
            }
            false => assert_eq!(denied(&register, &request), Denial::NothingOpen, "{day}"),
        }
    }
}

#[test]
fn a_suspension_ends_by_itself_or_early_and_covers_what_is_under_it() {
    let mut register = city();
    register.apply(&suspension("S-1", "bor", "2026-03-01", "2026-03-15")).unwrap();
    let asked = |register: &_, day| crate::world::decided(register, &ask("u", "frs", "partner", "frs", day));
    let suspended =
        |register: &_, day| matches!(asked(register, day), clear_policy::Decision::Deny(Denial::Suspended(_)));
    for (day, is) in [("2026-02-28", false), ("2026-03-01", true), ("2026-03-14", true), ("2026-03-15", false)] {
        assert_eq!(suspended(&register, day), is, "{day}");
    }
    register.apply(&Entry::SuspensionEnd(SuspensionEnd { number: "S-1".into(), at: at("2026-03-05") })).unwrap();
    assert!(suspended(&register, "2026-03-04") && !suspended(&register, "2026-03-05"));

    // Its end is not put back to a time that has passed before it began.
    register.apply(&suspension("S-2", "bor", "2026-04-01", "2026-04-03")).unwrap();
    register.apply(&Entry::SuspensionEnd(SuspensionEnd { number: "S-2".into(), at: at("2020-01-01") })).unwrap();
    assert!(!suspended(&register, "2026-04-01"));

    let why = |entry: &Entry| match city().apply(entry) {
        Err(BadEntry::Order(bad)) => bad,
        other => panic!("{other:?}"),
    };
    assert!(matches!(why(&suspension("S-3", "bor", "2026-03-01", "2026-03-16")), BadOrder::Long { .. }));
    assert!(matches!(why(&suspension("S-3", "bor", "2026-03-02", "2026-03-01")), BadOrder::Long { .. }));
    assert_eq!(
        why(&suspension("S-3", "nobody", "2026-03-01", "2026-03-02")),
        BadOrder::UnknownAgency(agency("nobody"))
    );
    let again = register.apply(&suspension("S-1", "bor", "2026-03-01", "2026-03-02")).unwrap_err();
    assert_eq!(again, BadEntry::Order(BadOrder::KnownSuspension("S-1".into())));
    // A partner's key suspends nobody.
    let Entry::Suspension { note } = suspension("S-4", "bor", "2026-03-01", "2026-03-02") else { panic!() };
    let text = note.split("\n\n").next().map(|text| format!("{text}\n")).unwrap();
    let foreign = Entry::Suspension { note: crate::world::note(&text, &[signer("fay")]) };
    assert!(matches!(why(&foreign), BadOrder::Signatures { needed: 1, valid: 0, .. }));
}

#[test]
fn an_account_or_a_device_is_suspended_whatever_its_agency() {
    let mut register = city();
    let request = |device: &str| {
        let mut request = ask("u", "state", "partner", "state", "2026-03-01");
        request.standing.device = Some(device.parse().unwrap());
        request
    };
    register.apply(&suspended("S-1", Over::Device("car-7".parse().unwrap()), "2026-03-01", "2026-03-02")).unwrap();
    assert!(matches!(denied(&register, &request("car-7")), Denial::Suspended(_)));
    permitted(&register, &request("car-8"));
    register.apply(&suspended("S-2", Over::Account(account("u")), "2026-03-01", "2026-03-02")).unwrap();
    assert!(matches!(denied(&register, &request("car-8")), Denial::Suspended(_)));
    permitted(&register, &ask("v", "state", "partner", "state", "2026-03-01"));
}

#[test]
fn a_grant_ends_with_a_suspension_or_an_order_that_meets_it_and_with_nothing_else() {
    let mut register = city();
    let state = permitted(&register, &ask("u", "state", "partner", "state", "2026-03-01"));
    let frs = permitted(&register, &ask("u", "frs", "partner", "frs", "2026-03-01"));
    register.apply(&suspension("S-1", "bor", "2026-03-01", "2026-03-15")).unwrap();
    assert!(state.holds(&register, at("2026-03-01")));
    assert!(matches!(frs.ended_by(&register, at("2026-03-01")), Some(Denial::Suspended(_))));
    assert!(frs.holds(&register, at("2026-03-20")), "it is over");
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    assert!(state.holds(&register, at("2026-03-20")));
    assert!(matches!(frs.ended_by(&register, at("2026-03-20")), Some(Denial::Ordered(_))));
}

#[test]
fn gr04_a_grant_ends_when_the_closure_of_an_older_order_grows_to_it() {
    let mut register = city();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    let granted = |who: &str| permitted(&register, &ask("u", who, "partner", who, "2026-03-01"));
    let (state, own) = (granted("state"), granted("pd"));
    register.apply(&edge(EdgeKind::Parent, "bor", "state", None)).unwrap();
    match state.ended_by(&register, at("2026-03-02")) {
        Some(Denial::Ordered(order)) => assert_eq!(order.draft.number, "CO-1"),
        other => panic!("{other:?}"),
    }
    assert!(own.holds(&register, at("2026-03-02")), "and nobody else's");
}

#[test]
fn gr04_a_grant_ends_when_a_suspension_begins_that_was_entered_before_it() {
    let mut register = city();
    register.apply(&suspension("S-1", "state", "2026-03-10", "2026-03-12")).unwrap();
    let state = permitted(&register, &ask("u", "state", "partner", "state", "2026-03-01"));
    let ended = |day| matches!(state.ended_by(&register, at(day)), Some(Denial::Suspended(_)));
    for (day, is) in [("2026-03-09", false), ("2026-03-10", true), ("2026-03-11", true), ("2026-03-12", false)] {
        assert_eq!(ended(day), is, "{day}");
    }
}

#[test]
fn an_entry_for_nobody_is_refused() {
    let mut register = city();
    assert_eq!(register.apply(&affiliation("u", "nobody", None)), Err(BadEntry::UnknownAgency(agency("nobody"))));
    let first = clear_policy::Register::new().apply(&affiliation("u", "pd", None));
    assert_eq!(first, Err(BadEntry::NotFounded));
    assert_eq!(
        register.apply(&Entry::Installation(crate::world::founding())),
        Err(BadEntry::AlreadyFounded(agency("city")))
    );
}

#[test]
fn s04_gr12_an_agreement_opens_nothing_that_it_does_not_list() {
    let with = |change: &dyn Fn(&mut clear_policy::Agreement)| {
        let mut register = city();
        let mut only = agreement("1", "pd", "state", BASIC);
        change(&mut only);
        register.apply(&Entry::Agreement(only)).unwrap();
        // The other owner's agreement is ended, so that only this one is left.
        let mut ended = agreement("6", "so", "state", BASIC);
        ended.until = Some(at("2021-01-01"));
        register.apply(&Entry::Agreement(ended)).unwrap();
        crate::world::decided(&register, &ask("u", "state", "partner", "state", "2026-03-01"))
    };
    assert!(matches!(with(&|_| {}), clear_policy::Decision::Permit(_)));
    let empties: [&dyn Fn(&mut clear_policy::Agreement); 4] =
        [&|it| it.kinds.clear(), &|it| it.classes.clear(), &|it| it.purposes.clear(), &|it| it.use_codes.clear()];
    for empty in empties {
        assert!(matches!(with(empty), clear_policy::Decision::Deny(Denial::NothingOpen)));
    }
}
