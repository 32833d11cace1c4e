//! What is decided: for whom, under what, and that the memory changes nothing.

use clear_policy::{Covers, Decision, Deed, Denial, Scope, Sights, decide, may};
use clear_record::{AgencyId, Label, Standing};

use crate::world::{
    RULES, affiliation, agencies, agency, ask, at, city, cut, decided, denied, draft, labels, opens, permitted, signed,
    signer,
};

const ALL: &str = "op pl id co bi na pr so";

#[test]
fn each_asker_reads_what_is_theirs() {
    let register = city();
    let reads = |home, roles, whom| opens(&permitted(&register, &ask("u", home, roles, whom, "2026-02-01")));
    assert_eq!(reads("pd", "officer", "pd"), [ALL, "op so", "op so", ALL], "of both: what the stricter of them shares");
    assert_eq!(reads("so", "officer", "so"), ["op id", ALL, "op id", ""]);
    assert_eq!(reads("state", "partner", "state"), ["op pl id", "op pl id", "op pl id", ""]);
    assert_eq!(reads("pd", "officer", "pd state"), ["op pl id", "op", "op", ""], "on behalf of: the stricter of both");
    assert_eq!(reads("board", "oversight", "board"), ["op so"; 4]);
}

#[test]
fn a_label_without_owners_is_open_to_nobody() {
    let register = city();
    let nobodys = Label { owners: Default::default(), ..labels()[0].clone() };
    for (home, roles) in [("pd", "officer clerk"), ("state", "partner"), ("board", "oversight")] {
        let request = ask("u", home, roles, home, "2026-02-01");
        let decision = decide(&register, &*RULES, std::slice::from_ref(&nobodys), &Sights::new(), &request);
        assert!(matches!(decision, Decision::Deny(Denial::NothingOpen)), "{home}");
    }
}

#[test]
fn gr02_gr08_s13_every_door_to_a_cut_off_agency_is_shut_and_no_other() {
    let mut register = city();
    register.apply(&affiliation("dual", "sis", None)).unwrap();
    register.apply(&affiliation("former", "sis", Some("2025-01-01"))).unwrap();
    let before = register.clone();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    let doors = [
        ("its own agent", ask("u", "frs", "partner", "frs", "2026-02-01")),
        ("its sister", ask("u", "sis", "partner", "sis", "2026-02-01")),
        ("its successor", ask("u", "new", "partner", "new", "2026-02-01")),
        ("a partner on its behalf", ask("u", "state", "partner", "state frs", "2026-02-01")),
        ("an officer on its behalf", ask("u", "pd", "officer", "pd sis", "2026-02-01")),
        ("oversight on its behalf", ask("u", "board", "oversight", "board frs", "2026-02-01")),
        ("an officer with its hat too", ask("dual", "pd", "officer", "pd", "2026-02-01")),
    ];
    for (door, request) in doors {
        match denied(&register, &request) {
            Denial::Ordered(order) => assert_eq!(order.draft.number, "CO-1", "{door}"),
            other => panic!("{door}: {other}"),
        }
        let deed = may(&register, &*RULES, Deed::Operate, &request);
        assert!(matches!(deed, Decision::Deny(Denial::Ordered(_))), "{door}");
    }
    for request in [
        ask("u", "state", "partner", "state", "2026-02-01"),
        ask("u", "pd", "officer", "pd", "2026-02-01"),
        ask("former", "pd", "officer", "pd", "2026-02-01"),
    ] {
        let (was, is) = (permitted(&before, &request), permitted(&register, &request));
        assert_eq!(opens(&was), opens(&is));
        assert!(was.holds(&register, at("2026-02-01")), "a grant whose path meets no closure lives on");
    }
    let grant = permitted(&before, &ask("u", "sis", "partner", "sis", "2026-02-01"));
    assert!(grant.holds(&before, at("2026-02-01")) && !grant.holds(&register, at("2026-02-01")));
}

#[test]
fn one_owners_order_closes_that_owners_records_and_no_others() {
    let mut register = city();
    let order = draft(&register, "CO-1", "frs", Covers::Under, Scope::Owner(agency("so")));
    let before = permitted(&register, &ask("u", "frs", "partner", "frs", "2026-02-01"));
    assert_eq!(opens(&before), ["op pl id", "op pl id", "op pl id", ""]);
    register.apply(&signed(&order, &[signer("sam"), signer("sue")])).unwrap();
    let after = permitted(&register, &ask("u", "frs", "partner", "frs", "2026-02-01"));
    assert_eq!(opens(&after), ["op pl id", "", "", ""]);
    assert_eq!(after.orders().len(), 1, "the asker is told");
    assert!(!before.holds(&register, at("2026-02-01")));
    // The owner's own officer, on behalf of that agency, reads nothing of the owner's.
    let own = denied(&register, &ask("u", "so", "officer", "so new", "2026-02-01"));
    assert!(matches!(own, Denial::Ordered(_)), "{own}");
}

#[test]
fn gr07_what_the_inquiry_does_not_say_is_refused_by_name() {
    let register = city();
    let missing = |change: &dyn Fn(&mut clear_record::Inquiry)| {
        let mut request = ask("u", "pd", "officer", "pd", "2026-02-01");
        change(&mut request.inquiry);
        denied(&register, &request)
    };
    assert_eq!(missing(&|it| it.purpose = None), Denial::Missing(vec!["purpose"]));
    assert_eq!(missing(&|it| it.purpose = Some(" ".into())), Denial::Missing(vec!["purpose"]));
    assert_eq!(missing(&|it| it.use_code = None), Denial::Missing(vec!["use_code"]));
    assert_eq!(missing(&|it| it.case = Some("  ".into())), Denial::Missing(vec!["case"]));
    assert_eq!(missing(&|it| it.reason = None), Denial::Missing(vec!["reason"]));
    assert_eq!(missing(&|it| it.on_behalf_of = None), Denial::Missing(vec!["on_behalf_of"]));
    assert_eq!(missing(&|it| it.on_behalf_of = Some(agencies(""))), Denial::Missing(vec!["on_behalf_of"]));
    let all = Denial::Missing(vec!["purpose", "use_code", "case", "reason", "on_behalf_of"]);
    assert_eq!(missing(&|it| *it = Default::default()), all);
    assert_eq!(missing(&|it| it.purpose = Some("fun".into())), Denial::Unknown { part: "purpose", said: "fun".into() });
    assert_eq!(missing(&|it| it.use_code = Some("Z".into())), Denial::Unknown { part: "use_code", said: "Z".into() });
}

#[test]
fn gr06_a_denied_purpose_is_denied_to_everybody() {
    let register = city();
    for (home, roles) in [("pd", "officer clerk"), ("state", "partner"), ("board", "oversight")] {
        let mut request = ask("u", home, roles, home, "2026-02-01");
        request.inquiry.purpose = Some("removal".into());
        assert!(matches!(denied(&register, &request), Denial::PurposeDenied { .. }), "{home}");
    }
}

#[test]
fn who_is_not_known_is_told_so() {
    let register = city();
    let unknown: AgencyId = agency("nobody");
    assert_eq!(
        denied(&register, &ask("u", "nobody", "partner", "pd", "2026-02-01")),
        Denial::UnknownAgency(unknown.clone())
    );
    assert_eq!(
        denied(&register, &ask("u", "pd", "officer", "pd nobody", "2026-02-01")),
        Denial::UnknownAgency(unknown)
    );
    let mut resident = ask("u", "pd", "", "pd", "2026-02-01");
    resident.standing = Standing::resident();
    assert_eq!(denied(&register, &resident), Denial::SignIn);
    let empty = clear_policy::Register::new();
    assert!(matches!(denied(&empty, &ask("u", "pd", "officer", "pd", "2026-02-01")), Denial::Fault(_)));
}

#[test]
fn stewards_govern_and_read_nothing_and_nobody_founds_twice() {
    let register = city();
    let steward = ask("u", "pd", "steward", "pd", "2026-02-01");
    assert_eq!(denied(&register, &steward), Denial::NothingOpen);
    let governs = |deed| matches!(may(&register, &*RULES, deed, &steward), Decision::Permit(_));
    assert!(governs(Deed::Govern("cut_off")) && governs(Deed::Govern("agreement")) && governs(Deed::Operate));
    assert!(!governs(Deed::Govern("installation")));
    let denial = may(&register, &*RULES, Deed::Govern("cut_off"), &ask("u", "state", "steward", "state", "2026-02-01"));
    assert!(matches!(denial, Decision::Deny(Denial::NotPermitted(Deed::Govern("cut_off")))));
}

#[test]
fn the_memory_of_verdicts_changes_nothing() {
    let mut register = city();
    let sights = Sights::new();
    let mut labels = labels();
    let requests = [
        ask("u", "pd", "officer", "pd", "2026-02-01"),
        ask("v", "pd", "officer", "pd", "2026-02-02"),
        ask("u", "pd", "officer", "pd state", "2026-02-01"),
        ask("u", "pd", "analyst", "pd", "2026-02-01"),
        ask("u", "state", "partner", "state", "2029-12-31"),
        ask("u", "state", "partner", "state", "2030-01-01"),
        ask("u", "frs", "partner", "frs", "2026-02-01"),
    ];
    let same = |register: &clear_policy::Register, labels: &[Label]| {
        for request in &requests {
            for round in ["first", "again"] {
                let said = |sights: &Sights| match decide(register, &*RULES, labels, sights, request) {
                    Decision::Permit(grant) => (Some(grant.reach(clear_record::Relation::Any).clone()), None),
                    Decision::Deny(denial) => (None, Some(denial)),
                };
                assert_eq!(said(&sights), said(&Sights::new()), "{round}: {request:?}");
            }
        }
    };
    same(&register, &labels);
    labels.push(Label { handling: clear_record::Handling::Gray, ..labels[0].clone() });
    same(&register, &labels);
    cut(&mut register, "CO-1", "frs", Covers::Under).unwrap();
    same(&register, &labels);
    assert!(matches!(decided(&register, &requests[6]), Decision::Deny(Denial::Ordered(_))));
}
