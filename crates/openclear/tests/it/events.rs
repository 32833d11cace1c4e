//! What is logged: a server is driven through the kinds of events, and every event of its log has its parts.

use std::collections::{BTreeMap, BTreeSet};

use clear_audit::What;
use serde_json::json;

use crate::bed::{Ask, Bed, PASSWORD, Server, signal, until};
use crate::report::served;

/// Kinds that this run does not bring about, each with the test whose run does.
const ELSEWHERE: &[(What, &str)] = &[
    (What::Cut, "openclear gate.rs, log.rs"),
    (What::Crashed, "openclear log.rs, kill.rs"),
    (What::Withheld, "clear-web labels.rs"),
    (What::Rules, "openclear prove.rs"),
    (What::Replayed, "openclear replay.rs"),
    (What::Disputed, "clear-respond was_this_you.rs, openclear disclosures.rs"),
    (What::WitnessAlarm, "openclear rollback.rs"),
    (What::Resumed, "openclear rollback.rs"),
    (What::Degraded, "openclear, with a disk that fills"),
    (What::Spooled, "openclear, with a disk that fills"),
    (What::Destroyed, "openclear check.rs"),
];

#[test]
fn gr21_every_event_of_a_server_has_its_parts_and_every_kind_is_brought_about() {
    let bed = Bed::city();
    let server = served(&bed, &["--releases", "minute"]);
    let inquiry = bed.inquiry("officer");
    let ask = |who: &str, ask: Ask, status: u16| {
        let said = server.ask(&bed.as_who(who, ask.clone()));
        assert_eq!(said.status, status, "{} {}: {}", ask.method, ask.path, said.text());
        said
    };
    // Answered, with a requestor; denied; wrong; a stream of batches.
    let mut of_somebody = inquiry.clone();
    of_somebody["requestor"] = json!("unit 12");
    ask("officer", Ask::post("/api/v1/find", &json!({"inquiry": of_somebody, "question": {"name": "smith"}})), 200);
    ask(
        "stranger",
        Ask::post("/api/v1/find", &json!({"inquiry": bed.inquiry("stranger"), "question": {"name": "smith"}})),
        403,
    );
    ask("officer", Ask::post("/api/v1/find", &json!({"inquiry": inquiry, "question": {}})), 400);
    ask(
        "officer",
        Ask::post("/api/v1/rows", &json!({"inquiry": inquiry, "question": {"from": "2018-10-01", "limit": 3}})),
        200,
    );
    // Held, released, reviewed, an emergency, an inquiry.
    let mut beneficiary = bed.inquiry("partner");
    beneficiary["on_behalf_of"] = json!(["marshals", "county-sheriff"]);
    let held = ask(
        "partner",
        Ask::post("/api/v1/find", &json!({"inquiry": beneficiary, "question": {"name": "nobody"}})),
        423,
    );
    let hold = held.json()["hold"]["number"].as_str().unwrap().to_owned();
    ask("clerk", Ask::post(&format!("/api/v1/holds/{hold}/release"), &json!({})), 200);
    let mut emergency = inquiry.clone();
    emergency["emergency"] = json!("shots fired at the pier");
    ask("officer", Ask::post("/api/v1/find", &json!({"inquiry": emergency, "question": {"name": "smith"}})), 200);
    let reviews = ask("clerk", Ask::get("/api/v1/reviews"), 200).json();
    let review = reviews["reviews"][0]["number"].as_str().unwrap().to_owned();
    let word = json!({"outcome": "in_order", "note": "Heard the call."});
    ask("clerk", Ask::post(&format!("/api/v1/reviews/{review}"), &word), 200);
    let stop = json!({"event": "E-1", "kind": "stop", "officers": [bed.person("officer").account]});
    ask("officer", Ask::post("/api/v1/events", &stop), 201);
    // Filed, and filed again as a correction; a production; a report; a cut-off.
    let vehicle = json!({"plate": "EVT-1", "plate_state": "PM"});
    let id =
        ask("clerk", Ask::post("/api/v1/records/vehicle", &vehicle), 201).json()["id"].as_str().unwrap().to_owned();
    let corrected = json!({"plate": "EVT-1", "colour": "green"});
    ask("clerk", Ask::post(&format!("/api/v1/records/vehicle?id={id}"), &corrected), 201);
    let record = bed.cast().person.to_string();
    let demand = json!({
        "instrument": "judicial_warrant", "judge_signed": true, "court": "Circuit Court", "demanded_by": "A lawyer",
        "service": "by courier", "received": "2024-07-14", "legal_basis": "725 ILCS 5/108-3", "scope": "One record", "records": [record]
    });
    ask("clerk", Ask::post("/api/v1/productions", &demand), 201);
    ask("steward", Ask::get("/api/v1/reports/2026").under(&bed.inquiry("steward")), 200);
    bed.cut_off_frs(&server);
    // Somebody comes and goes, and somebody does not get in.
    let bad = json!({"account": bed.person("officer").account, "password": "a guess of some length", "code": "123456"});
    assert_eq!(server.ask(&Ask::post("/api/v1/sign-in", &bad)).status, 401);
    let good = json!({"account": bed.person("officer").account, "password": PASSWORD, "code": bed.code("officer", 1)});
    let session = server.ask(&Ask::post("/api/v1/sign-in", &good)).json();
    let bearer = format!("Bearer {}", session["token"].as_str().unwrap());
    assert_eq!(server.ask(&Ask::post("/api/v1/sign-out", &json!({})).with("authorization", &bearer)).status, 204);
    // A page for everybody, a release when the minute has ended, the configuration read again.
    for _ in 0..3 {
        assert_eq!(server.ask(&Ask::get("/register")).status, 200);
    }
    signal(server.id(), "HUP");
    until("a release is made", std::time::Duration::from_secs(90), || released(&server) > 0);
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");

    // From the server's start on: what the bed filed before came by no connection.
    let all = bed.events();
    let start = all.iter().rposition(|(_, event)| event.what == What::Started).unwrap();
    let events = &all[start..];
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, event) in events {
        *kinds.entry(event.what.word()).or_default() += 1;
        assert!(
            event.lacks().is_empty(),
            "entry {index}, {}, lacks {:?}: {}",
            event.what.word(),
            event.lacks(),
            serde_json::to_string(event).unwrap()
        );
    }
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(what, _)| what.word()).collect();
    for what in What::all() {
        let word = what.word();
        // Whether the public checkpoint needs filling up is chance here.
        if *what == What::Cover {
            continue;
        }
        assert_ne!(kinds.contains_key(word), elsewhere.contains(word), "{word}: {kinds:?}");
    }
    // To the microsecond, in UTC, and never a step back.
    let times: Vec<String> =
        events.iter().map(|(_, event)| serde_json::to_value(event.at).unwrap().as_str().unwrap().to_owned()).collect();
    assert!(
        times.iter().all(|at| at.ends_with('Z')) && times.iter().any(|at| at.len() >= "2026-01-01T00:00:00.00Z".len())
    );
    let of = |what: What| events.iter().map(|(_, event)| event).filter(move |event| event.what == what);
    assert!(of(What::Asked).any(|event| event.requestor.as_deref() == Some("unit 12")), "the requestor is logged");
    let corrects = |event: &clear_audit::Event| event.why.as_deref() == Some("corrects 1 of 1 records");
    assert_eq!(of(What::Filed).filter(|event| corrects(event)).count(), 1, "a correction is told apart");
    assert!(of(What::Configured).any(|event| event.why.as_deref().unwrap().starts_with("start: changed ")));
    assert!(of(What::Configured).any(|event| event.why.as_deref().unwrap().starts_with("read again: ")));
    // Public pages: totals by page, and nothing that leads to who looked.
    let public: Vec<_> = of(What::PublicCounts).collect();
    assert!(
        public.iter().any(|event| event.why.as_deref().unwrap().contains("register_page 3")),
        "{:?}",
        public[0].why
    );
    assert!(public.iter().all(|event| event.address.as_deref() == Some("local") && event.session.is_none()));
}

fn released(server: &Server) -> usize {
    server.ask(&Ask::get("/api/v1/transparency/releases")).json().as_array().unwrap().len()
}

#[test]
fn gr21_the_configuration_is_logged_by_digest_and_names_and_never_a_secret() {
    let bed = Bed::bare();
    let token = bed.person("importer").token.clone();
    for extra in [&[][..], &[], &["--small-counts", "7"]] {
        let (status, said) = served(&bed, extra).stop();
        assert!(status.success(), "{said}");
    }
    let why: Vec<String> = bed
        .events()
        .into_iter()
        .filter(|(_, event)| event.what == What::Configured && event.digest.is_some())
        .map(|(_, event)| format!("{} {}", event.why.unwrap(), event.digest.unwrap().len()))
        .collect();
    assert!(
        why[0].starts_with("start: changed analysis_memory, analysis_place, contact, database, folder,"),
        "{why:?}"
    );
    assert_eq!(why[1..], ["start: nothing changed 64", "start: changed small_counts 64"]);
    let all: String = bed.events().iter().map(|(_, event)| serde_json::to_string(event).unwrap()).collect();
    assert!(!all.contains(&token), "a token is in the log");
}
