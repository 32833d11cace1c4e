//! Emergencies, relations, handing on, caveats: one rule at a time.

use std::collections::BTreeSet;

use clear_policy::{Rules, Slice};
use clear_record::{Caveat, FieldClass, Handling, Label, Relation, Role};
use clear_rules::CedarRules;

use crate::{agencies, agency, handled, officer, white};

/// What is read, as the first letters of each class; `?` is a pointer.
fn reads(slice: &Slice, label: &Label) -> String {
    let verdict = CedarRules::embedded().unwrap().judge(slice, label).unwrap();
    let classes: Vec<&str> = verdict.classes.iter().map(|class| &class.word()[..2]).collect();
    let pointer = if verdict.pointer { "?" } else { "" };
    format!("{pointer}{}", classes.join(" "))
}

/// An officer of a partner, to whom agreements open what happened, and nothing else.
fn partner() -> Slice {
    Slice {
        agency: Some(agency("p")),
        agency_kind: Some("local"),
        path: agencies("p"),
        agreed: BTreeSet::from([FieldClass::Operational]),
        ..officer()
    }
}

fn caveat(caveat: Caveat) -> Label {
    Label { caveats: BTreeSet::from([caveat]), ..white() }
}

#[test]
fn gr17_an_emergency_opens_where_and_who_to_officers_and_nothing_else_to_anybody() {
    let danger = Slice { emergency: true, ..partner() };
    assert_eq!(reads(&partner(), &white()), "op");
    assert_eq!(reads(&danger, &white()), "op pl id co");
    assert_eq!(reads(&danger, &handled(Handling::Gray)), "?op pl id co");
    assert_eq!(reads(&danger, &handled(Handling::Black)), "");
    for circumstance in Caveat::ALL {
        assert_eq!(reads(&danger, &caveat(*circumstance)), "", "{circumstance}");
    }
    // To nobody without any agreement, in no closure, for no one else, in no other role.
    assert_eq!(reads(&Slice { agreed: BTreeSet::new(), ..danger.clone() }, &white()), "");
    assert_eq!(reads(&Slice { closed: agencies("p"), ..danger.clone() }, &white()), "");
    let handed_on = Slice { path: agencies("p q"), recipients: agencies("q"), ..danger.clone() };
    assert_eq!(reads(&handed_on, &white()), "op");
    assert_eq!(reads(&Slice { roles: BTreeSet::from([Role::Analyst]), ..danger }, &white()), "op");
}

#[test]
fn gr09_what_is_handed_on_is_open_only_where_agreements_open_it_for_that_one_too() {
    let on = Slice { path: agencies("p q"), recipients: agencies("q"), ..partner() };
    // The register has put into `agreed` what is open to everybody on the path.
    assert_eq!(reads(&on, &white()), "op");
    assert_eq!(reads(&Slice { agreed: BTreeSet::new(), ..on.clone() }, &white()), "");
    assert_eq!(reads(&Slice { relation: Relation::Recipient, ..on.clone() }, &white()), "op");
    assert_eq!(reads(&Slice { relation: Relation::Recipient, ..on }, &handled(Handling::Gray)), "?");
    let own = Slice { path: agencies("a q"), recipients: agencies("q"), agreed: BTreeSet::new(), ..officer() };
    assert_eq!(reads(&own, &white()), "", "not even the owner's officer hands on what no agreement opens");
}

#[test]
fn gr15_gray_points_black_is_silent_and_a_referral_opens_gray() {
    assert_eq!(reads(&partner(), &handled(Handling::Gray)), "?");
    assert_eq!(reads(&partner(), &handled(Handling::Black)), "");
    let referred = Slice { relation: Relation::Recipient, ..partner() };
    assert_eq!(reads(&referred, &handled(Handling::Gray)), "?op pl id");
    assert_eq!(reads(&referred, &handled(Handling::Black)), "");
    let clerk = Slice { roles: BTreeSet::from([Role::Clerk]), ..officer() };
    assert!(reads(&clerk, &handled(Handling::Black)).starts_with("op"), "it never hides from the custodian");
    let board = Slice {
        agency: Some(agency("o")),
        agency_kind: Some("oversight"),
        roles: BTreeSet::from([Role::Oversight]),
        path: agencies("o"),
        agreed: BTreeSet::new(),
        ..officer()
    };
    assert_eq!(reads(&board, &handled(Handling::Black)), "op so", "nor from oversight");
}

#[test]
fn gr16_fields_are_withheld_by_role_and_circumstance() {
    let analyst = Slice { roles: BTreeSet::from([Role::Analyst]), ..officer() };
    assert_eq!(reads(&analyst, &white()), "op pl id co bi na so");
    assert_eq!(reads(&analyst, &caveat(Caveat::ProtectedVictim)), "op pl na so");
    assert_eq!(reads(&analyst, &caveat(Caveat::Juvenile)), "");
    assert_eq!(reads(&officer(), &caveat(Caveat::ProtectedVictim)), "op pl id co bi na pr so");
}

#[test]
fn an_open_investigation_is_for_those_who_filed_work_or_supervise_it() {
    let open = caveat(Caveat::OpenInvestigation);
    for (relation, is_open) in [
        (Relation::Any, false),
        (Relation::Author, true),
        (Relation::Assigned, true),
        (Relation::Supervisor, true),
        (Relation::Recipient, false),
        (Relation::Subject, false),
    ] {
        let asked = reads(&Slice { relation, ..officer() }, &open);
        assert_eq!(!asked.is_empty(), is_open, "{relation}: {asked}");
        assert_eq!(reads(&Slice { relation, ..partner() }, &open), "", "{relation}, of another agency");
        // Filing it opens neither what is sealed nor what is black.
        let sealed = Slice { relation, ..officer() };
        assert_eq!(reads(&sealed, &caveat(Caveat::Sealed)), "", "{relation}");
        assert_eq!(reads(&sealed, &handled(Handling::Black)), "", "{relation}");
    }
}

#[test]
fn gr13_a_vendor_reads_by_agreement_or_not_at_all() {
    let vendor = Slice { agency_kind: Some("vendor"), roles: BTreeSet::from([Role::Service]), ..partner() };
    assert_eq!(reads(&vendor, &white()), "");
    let engaged = Slice { roles: BTreeSet::from([Role::Partner]), ..vendor };
    assert_eq!(reads(&engaged, &white()), "op");
    assert_eq!(reads(&Slice { agreed: BTreeSet::new(), ..engaged }, &white()), "");
}

#[test]
fn gr12_there_is_no_everybody() {
    let stranger = Slice { agreed: BTreeSet::new(), ..partner() };
    for role in Role::ALL {
        for handling in Handling::ALL {
            assert_eq!(reads(&Slice { roles: BTreeSet::from([*role]), ..stranger.clone() }, &handled(*handling)), "");
        }
    }
}
