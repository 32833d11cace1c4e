//! New agencies, task forces, vendors, terms and attestations.

use std::collections::BTreeSet;

use clear_policy::{
    Admission, Agency, AgencyKind, Announcement, Attestation, BadEntry, Covers, Denial, EdgeKind, Entry, Member,
    Register, TaskForce, Terms, Vendor,
};
use clear_record::{Inquiry, Request};

use crate::world::{
    BASIC, account, affiliation, agencies, agency, agreement, ask, at, city, cut, denied, edge, known, opens, permitted,
};

fn announced(id: &str, parent: Option<&str>, by: Option<&str>) -> Entry {
    let Entry::Agency(known) = known(id, AgencyKind::Federal, parent, None) else { panic!() };
    let agency = Agency { jurisdiction: Some("the lake".into()), ..known };
    Entry::Announcement(Announcement { agency, by: by.map(account), at: Some(at("2026-01-01")) })
}

fn admitted(id: &str, by: &str, day: &str) -> Entry {
    Entry::Admission(Admission { agency: agency(id), by: Some(account(by)), at: Some(at(day)) })
}

#[test]
fn a_new_agency_needs_two_persons_and_a_notice() {
    let mut register = city();
    let asks = |day| ask("u", "lake", "partner", "lake", day);
    assert_eq!(register.apply(&admitted("lake", "bo", "2026-01-09")), Err(BadEntry::NotAnnounced(agency("lake"))));
    assert_eq!(register.apply(&announced("lake", None, None)), Err(BadEntry::WhoAndWhen));
    register.apply(&announced("lake", None, Some("al"))).unwrap();
    let agreed = Entry::Agreement(agreement("9", "pd", "lake", BASIC));
    assert_eq!(register.apply(&agreed), Err(BadEntry::NotAdmitted(agency("lake"))));
    assert_eq!(denied(&register, &asks("2026-01-02")), Denial::UnknownAgency(agency("lake")));

    let same = register.apply(&admitted("lake", "al", "2026-01-09"));
    assert_eq!(same, Err(BadEntry::SamePerson { agency: agency("lake"), by: account("al") }));
    let early = register.apply(&admitted("lake", "bo", "2026-01-07"));
    assert_eq!(early, Err(BadEntry::Notice { agency: agency("lake"), until: at("2026-01-08") }));
    register.apply(&admitted("lake", "bo", "2026-01-08")).unwrap();
    register.apply(&agreed).unwrap();
    permitted(&register, &asks("2026-01-09"));
}

#[test]
fn s13_an_agency_announced_under_a_cut_off_one_is_in_the_closure_at_once_and_never_admitted() {
    let mut register = city();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    register.apply(&announced("lake", Some("bor"), Some("al"))).unwrap();
    assert_eq!(register.closure_of("CO-1"), Some(&agencies("bor frs sis new lake")));
    assert_eq!(register.apply(&admitted("lake", "bo", "2026-02-01")), Err(BadEntry::CutOff(agency("lake"))));
    let request = ask("u", "lake", "partner", "lake", "2026-02-01");
    assert!(matches!(denied(&register, &request), Denial::Ordered(_)));
}

/// The task force `tf`, led by `so`, with the members `state` and `frs`.
fn joined() -> Register {
    let mut register = city();
    let task_force = TaskForce {
        agency: agency("tf"),
        lead: agency("so"),
        purposes: BTreeSet::from(["case".into()]),
        from: at("2026-01-01"),
        until: at("2027-01-01"),
        document: "00".into(),
    };
    register.apply(&Entry::TaskForce(task_force)).unwrap();
    for member in ["state", "frs"] {
        register.apply(&enrolled(member, "2026-01-01", None)).unwrap();
    }
    register
}

fn enrolled(member: &str, from: &str, until: Option<&str>) -> Entry {
    let [task_force, agency] = ["tf", member].map(agency);
    Entry::Member(Member { task_force, agency, from: at(from), until: until.map(at) })
}

fn as_task_force(who: &str) -> Request<()> {
    let mut request = ask("u", who, "officer partner", who, "2026-03-01");
    request.inquiry = Inquiry { task_force: Some(agency("tf")), ..request.inquiry };
    request
}

#[test]
fn gr10_a_task_force_never_widens_a_member() {
    let register = joined();
    let path = |request: &Request<()>| register.path(&request.standing, &request.inquiry, request.asked_at);
    assert_eq!(path(&as_task_force("state")), agencies("state tf so frs"));
    assert_eq!(path(&ask("u", "tf", "partner", "tf", "2026-03-01")), agencies("state tf so frs"), "its own login");
    assert_eq!(path(&ask("u", "state", "partner", "state", "2026-03-01")), agencies("state"));
    let alone = opens(&permitted(&register, &ask("u", "state", "partner", "state", "2026-03-01")));
    assert_eq!(alone, ["op pl id", "op pl id", "op pl id", ""]);
    // `so` sees two classes of pd's records, and tf has no agreement with so: the stricter wins.
    assert_eq!(opens(&permitted(&register, &as_task_force("state"))), ["op id", "", "", ""]);
}

#[test]
fn gr10_while_a_member_is_cut_off_the_task_force_receives_nothing_and_the_others_keep_theirs() {
    let mut register = joined();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    assert!(matches!(denied(&register, &as_task_force("state")), Denial::Ordered(_)));
    assert!(matches!(denied(&register, &ask("u", "tf", "partner", "tf", "2026-03-01")), Denial::Ordered(_)));
    permitted(&register, &ask("u", "state", "partner", "state", "2026-03-01"));
    // An officer who is affiliated with the task force keeps the own agency's too.
    register.apply(&affiliation("v", "tf", None)).unwrap();
    permitted(&register, &ask("v", "state", "partner", "state", "2020-06-01"));

    for until in [None, Some("2099-01-01")] {
        let again = register.apply(&enrolled("sis", "2026-02-01", until));
        assert_eq!(again, Err(BadEntry::CutOff(agency("sis"))), "{until:?}");
    }
    register.apply(&enrolled("frs", "2026-01-01", Some("2026-02-15"))).unwrap();
    permitted(&register, &as_task_force("state"));
}

#[test]
fn a_task_force_is_of_its_kind_and_dated() {
    let mut register = joined();
    let refused = |change: &dyn Fn(&mut TaskForce)| {
        let mut task_force = register.task_forces().next().unwrap().clone();
        change(&mut task_force);
        register.clone().apply(&Entry::TaskForce(task_force)).unwrap_err()
    };
    assert_eq!(refused(&|it| it.agency = agency("state")), BadEntry::NotOfKind(agency("state"), "task_force"));
    assert_eq!(refused(&|it| it.until = it.from), BadEntry::Dates("tf".into()));
    assert_eq!(refused(&|it| it.purposes.extend(["fun".into()])), BadEntry::UnknownPurpose("fun".into()));
    let nowhere = Entry::Member(Member {
        task_force: agency("state"),
        agency: agency("so"),
        from: at("2026-01-01"),
        until: None,
    });
    assert_eq!(register.apply(&nowhere), Err(BadEntry::NoTaskForce(agency("state"))));
}

#[test]
fn s05_gr13_a_vendor_opens_nothing_without_an_engagement_in_force() {
    let mut register = city();
    register.apply(&known("soft", AgencyKind::Vendor, None, None)).unwrap();
    register.apply(&Entry::Agreement(agreement("9", "pd", "soft", BASIC))).unwrap();
    let asks = |day| ask("u", "soft", "partner", "soft", day);
    assert_eq!(denied(&register, &asks("2026-02-01")), Denial::Unengaged(agency("soft")));
    let engaged = Vendor {
        number: "V-1".into(),
        vendor: agency("soft"),
        owner: agency("pd"),
        work: "A pilot.".into(),
        from: at("2026-01-01"),
        until: at("2026-03-01"),
        document: "00".into(),
    };
    let person = Entry::Vendor(Vendor { vendor: agency("state"), ..engaged.clone() });
    assert_eq!(register.apply(&person), Err(BadEntry::NotOfKind(agency("state"), "vendor")));
    register.apply(&Entry::Vendor(engaged)).unwrap();
    permitted(&register, &asks("2026-02-01"));
    assert_eq!(denied(&register, &asks("2026-03-01")), Denial::Unengaged(agency("soft")));
}

#[test]
fn terms_are_met_where_what_they_point_at_is_closed() {
    let mut register = city();
    let terms = |number: &str, about: Option<&str>, purpose: Option<&str>, words: &[&str]| {
        Entry::Terms(Terms {
            number: number.into(),
            about: about.map(agency),
            purpose: purpose.map(Into::into),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        })
    };
    for bad in [
        terms("T-9", None, None, &["x"]),
        terms("T-9", Some("frs"), None, &[]),
        terms("T-9", Some("frs"), None, &["!"]),
    ] {
        assert_eq!(register.apply(&bad), Err(BadEntry::Terms("T-9".into())));
    }
    register.apply(&terms("T-1", Some("frs"), None, &["FRS", "removal service"])).unwrap();
    register.apply(&terms("T-2", None, Some("removal"), &["deport"])).unwrap();
    let met = |register: &Register, reason| {
        let met = register.terms_met(reason, at("2026-02-01"));
        met.iter().map(|terms| terms.number.clone()).collect::<Vec<_>>()
    };
    assert_eq!(met(&register, "for frs, to deport"), ["T-2"], "nobody is cut off yet, and the purpose is denied");
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    assert_eq!(met(&register, "for frs, to deport"), ["T-1", "T-2"]);
    assert_eq!(met(&register, "the removal of a service weapon"), Vec::<String>::new());
}

#[test]
fn who_wears_two_hats_attests_them_every_year() {
    let mut register = city();
    assert!(!register.unattested(&account("u"), at("2026-01-01")), "one hat needs no attestation");
    register.apply(&affiliation("u", "state", None)).unwrap();
    assert!(!register.unattested(&account("u"), at("2020-06-01")));
    assert!(register.unattested(&account("u"), at("2026-01-01")));
    assert_eq!(register.apply(&Entry::Attestation(Attestation { account: None, at: None })), Err(BadEntry::WhoAndWhen));
    let attested = Attestation { account: Some(account("u")), at: Some(at("2025-12-01")) };
    register.apply(&Entry::Attestation(attested)).unwrap();
    assert!(!register.unattested(&account("u"), at("2026-01-01")));
    assert!(register.unattested(&account("u"), at("2027-01-01")));
}

#[test]
fn the_path_holds_relays_and_recipients() {
    let register = city();
    let mut request = ask("u", "pd", "officer", "pd", "2026-03-01");
    request.inquiry.relays = agencies("state");
    request.inquiry.recipients = agencies("board tf");
    let path = register.path(&request.standing, &request.inquiry, request.asked_at);
    assert_eq!(path, agencies("pd state board tf"));
    let mut register = register;
    register.apply(&edge(EdgeKind::Parent, "bor", "board", None)).unwrap();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    assert!(matches!(denied(&register, &request), Denial::Ordered(_)), "a delivery to a recipient in a closure");
}
