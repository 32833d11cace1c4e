//! Inquiries before any record: parts that are missing, purposes, beneficiaries, words in reasons, holds, emergencies.

use clear_policy::{Covers, DeclaredPurpose, Denial, Entry, Flag, Register, Terms};
use clear_record::{FieldClass, Inquiry, LabelId, Purpose, Relation, Request};

use crate::world::{affiliation, agency, ask, at, city, cut, denied, opens, permitted};

const DAY: &str = "2026-02-01";

fn term(number: &str, about: Option<&str>, purpose: Option<&str>, words: &[&str]) -> Entry {
    Entry::Terms(Terms {
        number: number.into(),
        about: about.map(agency),
        purpose: purpose.map(Purpose::from),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    })
}

/// The city with `bor` and its family cut off, terms that point at `frs` and at a denied purpose, and a purpose that is
/// held.
fn town() -> Register {
    let mut register = city();
    let held = DeclaredPurpose {
        code: "watch".into(),
        title: "Watching a place of worship".into(),
        denied: None,
        held: Some("city code 4".into()),
        events: Default::default(),
    };
    for entry in [
        term("T1", Some("frs"), None, &["FRS", "removal service"]),
        term("T2", None, Some("removal"), &["deportation"]),
        term("T3", Some("state"), None, &["troopers"]),
        Entry::Purpose(held),
    ] {
        register.apply(&entry).unwrap_or_else(|error| panic!("{}: {error}", entry.name()));
    }
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    register
}

fn asks(home: &str, roles: &str, whom: &str, change: impl Fn(&mut Inquiry)) -> Request<()> {
    let mut request = ask("u", home, roles, whom, DAY);
    change(&mut request.inquiry);
    request
}

fn says(home: &str, roles: &str, reason: &str, for_them: Option<bool>) -> Request<()> {
    asks(home, roles, home, |it| (it.reason, it.for_them) = (Some(reason.into()), for_them))
}

#[test]
fn s02_words_of_a_closure_or_a_denied_purpose_are_asked_back_and_others_are_not() {
    let town = town();
    let asked = |reason: &str| match denied(&town, &says("pd", "officer", reason, None)) {
        Denial::AskBack { question, terms } => (question, terms.join(" ")),
        other => panic!("{reason}: {other}"),
    };
    let frs = "Is this for FRS?".to_owned();
    // Whoever writes it where the requestor or the case stands is asked as well.
    for change in
        [(|it: &mut Inquiry| it.requestor = Some("agent 12, F.R.S.".into())) as fn(&mut Inquiry), |it: &mut Inquiry| {
            it.case = Some("FRS-2026-1".into())
        }]
    {
        let denial = denied(&town, &asks("pd", "officer", "pd", change));
        assert!(matches!(denial, Denial::AskBack { .. }), "{denial}");
    }
    assert_eq!(asked("lookup for FRS, ref 12"), (frs.clone(), "T1".into()));
    assert_eq!(asked("the Removal  Service asked"), (frs, "T1".into()));
    assert_eq!(asked("papers for deportation").0, "Is this for the purpose “Civil enforcement”?");
    assert_eq!(asked("FRS deportation").1, "T1 T2");
    // Whole words; and the words of an agency that is not cut off are looked for nowhere.
    for reason in ["the offrs came late", "removal of a service weapon", "with the troopers on I-90"] {
        permitted(&town, &says("pd", "officer", reason, None));
    }
    // Who asks openly for somebody is judged by that, and not asked as well.
    let open = asks("pd", "officer", "pd frs", |it| it.reason = Some("for FRS".into()));
    assert!(matches!(denied(&town, &open), Denial::Ordered(_)));
    // A sentence about danger is read too.
    let danger = asks("pd", "officer", "pd", |it| it.emergency = Some("FRS says a man has a gun".into()));
    assert!(matches!(denied(&town, &danger), Denial::AskBack { .. }));
}

#[test]
fn s02_yes_is_judged_as_if_they_had_been_named() {
    let town = town();
    for (home, roles) in [("pd", "officer"), ("state", "partner"), ("board", "oversight")] {
        match denied(&town, &says(home, roles, "for FRS", Some(true))) {
            Denial::Ordered(order) => assert_eq!(order.draft.number, "CO-1", "{home}"),
            other => panic!("{home}: {other}"),
        }
    }
    let purpose = denied(&town, &says("pd", "officer", "for a deportation", Some(true)));
    assert!(matches!(purpose, Denial::PurposeDenied { .. }), "{purpose}");
}

#[test]
fn s02_no_is_an_attestation_answered_for_the_owner_flagged_and_held_for_a_partner() {
    let town = town();
    let grant = permitted(&town, &says("pd", "officer", "FRS letter found in the car, stolen", Some(false)));
    assert_eq!(grant.flags(), [Flag::Term { number: "T1".into() }]);
    assert!(!grant.path().contains(&agency("frs")));
    assert!(permitted(&town, &says("pd", "officer", "stolen car, hit and run", Some(false))).flags().is_empty());

    let held = denied(&town, &says("state", "partner", "FRS letter found in the car, stolen", Some(false)));
    assert!(matches!(&held, Denial::Held(it) if it.contact == "desk; desk" && it.hold.is_none()), "{held}");
    let released = asks("state", "partner", "state", |it| {
        it.reason = Some("FRS letter found in the car, stolen".into());
        it.for_them = Some(false);
        it.released = Some("h1".parse().unwrap());
    });
    assert_eq!(permitted(&town, &released).flags(), [Flag::Term { number: "T1".into() }]);
}

#[test]
fn s10_a_vague_reason_is_flagged_and_a_program_is_not_asked_for_another_every_time() {
    let town = town();
    let flags = |roles: &str, reason: &str| permitted(&town, &says("pd", roles, reason, None)).flags().to_vec();
    assert_eq!(flags("officer", "police business"), [Flag::Vague]);
    assert!(flags("officer", "stolen car, hit and run").is_empty());
    assert!(flags("clerk service", "nightly").is_empty());
}

#[test]
fn gr06_a_denied_purpose_is_denied_to_everybody_in_an_emergency_too() {
    let town = town();
    for (home, roles) in [("pd", "officer clerk"), ("state", "partner"), ("board", "oversight")] {
        for emergency in [None, Some("A child is in the river".to_owned())] {
            let request =
                asks(home, roles, home, |it| (it.purpose, it.emergency) = (Some("removal".into()), emergency.clone()));
            assert!(matches!(denied(&town, &request), Denial::PurposeDenied { .. }), "{home}");
        }
    }
}

#[test]
fn gr06_a_held_purpose_waits_but_never_from_the_owners_own_officers() {
    let town = town();
    let watch = |home, roles| asks(home, roles, home, |it| it.purpose = Some("watch".into()));
    assert!(matches!(denied(&town, &watch("pd", "analyst")), Denial::Held(_)));
    // No agreement names the purpose, so that there is nothing to release for a partner.
    assert_eq!(denied(&town, &watch("state", "partner")), Denial::NothingOpen);
    permitted(&town, &watch("pd", "officer"));
    permitted(&town, &watch("pd", "officer analyst"));
}

#[test]
fn gr07_each_missing_part_is_refused_by_its_name() {
    let town = town();
    let missing = |change: &dyn Fn(&mut Inquiry)| denied(&town, &asks("pd", "officer", "pd", change));
    assert_eq!(missing(&|it| it.purpose = None), Denial::Missing(vec!["purpose"]));
    assert_eq!(missing(&|it| it.use_code = None), Denial::Missing(vec!["use_code"]));
    assert_eq!(missing(&|it| it.case = None), Denial::Missing(vec!["case"]));
    assert_eq!(missing(&|it| it.reason = Some(" ".into())), Denial::Missing(vec!["reason"]));
    assert_eq!(missing(&|it| it.on_behalf_of = None), Denial::Missing(vec!["on_behalf_of"]));
    assert_eq!(missing(&|it| it.emergency = Some(" ".into())), Denial::Missing(vec!["emergency"]));
}

#[test]
fn gr08_on_behalf_of_is_judged_by_both_and_the_stricter_wins() {
    let register = city();
    let own = opens(&permitted(&register, &ask("u", "pd", "officer", "pd", DAY)));
    let both = opens(&permitted(&register, &ask("u", "pd", "officer", "pd state", DAY)));
    // What `state` may not read of `pd` alone, an officer does not read for it; nor the other way about.
    assert_eq!((own[0].as_str(), both[0].as_str()), ("op pl id co bi na pr so", "op pl id"));
    let state = permitted(&register, &ask("u", "state", "partner", "state", DAY));
    for class in FieldClass::ALL.iter().copied() {
        for label in (0..4).map(LabelId) {
            let joint = permitted(&register, &ask("u", "pd", "officer", "pd state", DAY));
            let opened = joint.reach(Relation::Any).opens(class, label);
            assert!(!opened || state.reach(Relation::Any).opens(class, label), "{class} of {label:?}");
        }
    }
    // A beneficiary without an agreement leaves nothing of another owner's records.
    assert_eq!(denied(&register, &ask("u", "so", "officer", "so tf board", DAY)), Denial::NothingOpen);
}

#[test]
fn gr08_a_partner_on_behalf_of_another_agency_waits_and_a_closure_is_refused_outright() {
    let mut register = city();
    let two = |roles| ask("u", "state", roles, "state tf", DAY);
    let Denial::Held(held) = denied(&register, &two("partner")) else { panic!("not held") };
    assert_eq!(held.basis, "it is on behalf of another agency, TF");
    // The owner is no third party, and the own officers' questions are judged by the stricter and never wait.
    permitted(&register, &ask("u", "state", "partner", "state pd", DAY));
    permitted(&register, &ask("u", "pd", "officer", "pd state", DAY));
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    assert!(matches!(denied(&register, &ask("u", "state", "partner", "state frs", DAY)), Denial::Ordered(_)));
}

#[test]
fn gr08_every_current_hat_is_on_the_path() {
    let mut register = city();
    register.apply(&affiliation("u", "state", None)).unwrap();
    register.apply(&affiliation("u", "sis", Some("2025-01-01"))).unwrap();
    // Attested within the year, or nothing is answered at all.
    assert_eq!(denied(&register, &ask("u", "pd", "officer", "pd", DAY)), Denial::Attest);
    let attested = clear_policy::Attestation { account: Some(crate::world::account("u")), at: Some(at("2026-01-02")) };
    register.apply(&Entry::Attestation(attested)).unwrap();
    let grant = permitted(&register, &ask("u", "pd", "officer", "pd", DAY));
    assert_eq!(opens(&grant)[0], "op pl id", "the city hat reads no more than the other one");
}

#[test]
fn gr17_an_emergency_needs_no_case_waits_for_nobody_and_is_flagged() {
    let town = town();
    let danger = |home: &str, roles: &str, whom: &str| {
        asks(home, roles, whom, |it| {
            (it.case, it.reason, it.emergency) = (None, None, Some("A child was taken ten minutes ago".into()))
        })
    };
    assert_eq!(permitted(&town, &danger("pd", "officer", "pd")).flags(), [Flag::Emergency]);
    assert_eq!(permitted(&town, &danger("state", "partner", "state tf")).flags(), [Flag::Emergency]);
}

#[test]
fn gr17_never_to_a_closure() {
    let town = town();
    for (home, roles, whom) in [
        ("frs", "partner", "frs"),
        ("sis", "partner", "sis"),
        ("state", "partner", "state frs"),
        ("pd", "officer", "pd sis"),
    ] {
        let request = asks(home, roles, whom, |it| it.emergency = Some("A child was taken".into()));
        assert!(matches!(denied(&town, &request), Denial::Ordered(_)), "{home} for {whom}");
    }
}

#[test]
fn a_credential_that_an_order_ended_gets_the_order_and_opens_nothing() {
    let town = town();
    let mut request = ask("u", "pd", "officer", "pd", DAY);
    request.standing.ended_by = Some("CO-1".into());
    assert!(matches!(denied(&town, &request), Denial::Ordered(order) if order.draft.number == "CO-1"));
    request.standing.ended_by = Some("another register's".into());
    assert_eq!(denied(&town, &request), Denial::SignIn);
}

#[test]
fn gr10_a_task_force_is_named_by_its_current_members_alone() {
    let register = city();
    let named = asks("pd", "officer", "pd", |it| it.task_force = Some(agency("tf")));
    // `tf` has no dated founding here: an agency is no task force for being called one.
    assert_eq!(denied(&register, &named), Denial::Unknown { part: "task_force", said: "tf".into() });
}

#[test]
fn analytic_inquiries_open_de_identified_rows_and_no_more() {
    let register = city();
    let names = asks("pd", "analyst", "pd", |_| {});
    let analytic = asks("pd", "analyst", "pd", |it| it.analytic = true);
    assert!(opens(&permitted(&register, &names))[0].contains("id"));
    assert_eq!(opens(&permitted(&register, &analytic)), ["op so", "op so", "op so", "op so"]);
    assert!((0..4).all(|label| !permitted(&register, &analytic).reach(Relation::Any).pointer.contains(LabelId(label))));
}
