//! The docket of compelled productions (GR20): one person releases nothing, whoever demands gets nothing here.

use clear_audit::{Event, Opened, What};
use clear_record::Role;
use clear_respond::NewAccount;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::city::{Answer, City};

fn demand(instrument: &str, judge: bool) -> Value {
    json!({
        "instrument": instrument, "judge_signed": judge, "court": judge.then_some("Circuit Court, First Municipal District"),
        "reference": "26 MC 114", "demanded_by": "Federal Removal Service", "agency": "frs",
        "service": "by courier, to the records division", "received": "2024-07-14", "deadline": "2024-07-28",
        "legal_basis": "725 ILCS 5/108-3", "scope": "What is held on one person"
    })
}

fn with(mut demand: Value, field: &str, value: Value) -> Value {
    demand[field] = value;
    demand
}

fn post(city: &City, persona: &str, path: &str, body: &Value) -> Answer {
    city.ask_as(persona, &format!("POST /api/v1/productions{path}"), body.to_string().as_bytes())
}

fn docketed(city: &City, demand: &Value) -> String {
    let answer = post(city, "clerk", "", demand);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let number = answer.json()["number"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("/api/v1/productions/{number}"));
    number
}

fn determine(city: &City, number: &str, body: &Value) -> Answer {
    post(city, "steward", &format!("/{number}/determination"), body)
}

fn release(city: &City, persona: &str, number: &str) -> Answer {
    post(city, persona, &format!("/{number}/release"), &json!({}))
}

/// The production events of the log, as `why` and how many records.
fn steps(city: &City, number: &str) -> Vec<(String, usize)> {
    let log = city.desk.public_log();
    let events = log.openings(0..log.synced_size()).unwrap().filter_map(|opened| match opened.unwrap().1 {
        Opened::Event(event) => Some(event),
        _ => None,
    });
    let of = |event: &Event| event.what == What::Production && event.docket.as_deref() == Some(number);
    events
        .filter(of)
        .inspect(|event| assert_eq!(event.recipients, ["frs".parse().unwrap()].into(), "who demanded"))
        .map(|event| (event.why.clone().unwrap(), event.records.len()))
        .collect()
}

fn refused(answer: &Answer, status: u16, code: &str, words: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text());
    assert!(answer.text().contains(words), "`{words}` is not in {}", answer.text());
}

/// Somebody with both roles, and a token.
fn both(city: &City) -> String {
    let account: clear_record::AccountId = "both-hats".parse().unwrap();
    let new = NewAccount {
        id: account.clone(),
        name: "Clerk and steward".into(),
        agency: "pmpd".parse().unwrap(),
        roles: [Role::Clerk, Role::Steward].into(),
        password: None,
        now: Timestamp::now(),
    };
    city.runtime.block_on(async {
        city.desk.enrol(new).await.unwrap();
        let end = Timestamp::now() + SignedDuration::from_hours(1);
        city.desk.issue_token(&account, "test", end).await.unwrap()
    })
}

#[test]
fn gr20_a_warrant_is_produced_by_custodian_and_counsel_and_counted_in_public() {
    let city = City::open();
    let (person, other) = (city.some_person(), city.some_person());
    let number = docketed(&city, &with(demand("judicial_warrant", true), "records", json!([person])));
    refused(&release(&city, "clerk", &number), 400, "wrong", "Counsel has not determined");
    let said = json!({"determination": "comply", "reasons": "Valid on its face.", "records": [person, other]});
    refused(&post(&city, "clerk", &format!("/{number}/determination"), &said), 403, "not_permitted", "may not");
    assert_eq!(determine(&city, &number, &said).status, 200);

    let first = release(&city, "clerk", &number);
    assert_eq!((first.status, &first.json()["manifest"]), (200, &Value::Null), "{}", first.text());
    refused(&release(&city, "clerk", &number), 403, "second_person", "second person");
    refused(&determine(&city, &number, &said), 400, "wrong", "its determination stands");
    let second = release(&city, "steward", &number);
    let manifest = &second.json()["manifest"];
    let ids: Vec<_> = manifest["records"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    let mut expected = vec![person.as_str(), other.as_str()];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    // No content; and the same body twice has not the same digest, because each manifest has a salt of its own.
    assert!(!second.text().contains("Calloway") && !second.text().contains("Marcus"), "{}", second.text());
    let digest = |answer: &Answer| answer.json()["manifest"]["records"][0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(digest(&second).len(), 64);
    refused(&release(&city, "steward", &number), 400, "wrong", "produced already");

    let looked = city.ask_as("clerk", &format!("GET /api/v1/productions/{number}"), b"");
    assert_eq!(looked.json()["manifest"], second.json()["manifest"]);
    let page = city.ask(
        &format!("GET /productions/{number}"),
        &[("cookie", &format!("session={}", city.token("clerk")))],
        b"",
    );
    assert!(page.status == 200 && page.text().contains(&digest(&second)), "{}", page.text());
    let again = docketed(&city, &with(demand("court_order", true), "records", json!([person, other])));
    determine(&city, &again, &json!({"determination": "comply", "reasons": "Ordered."}));
    release(&city, "steward", &again);
    assert_ne!(digest(&release(&city, "clerk", &again)), digest(&second));

    assert_eq!(
        steps(&city, &number),
        [
            ("docketed: judicial_warrant, undetermined".to_owned(), 0),
            ("determined: judicial_warrant, comply".to_owned(), 0),
            ("released by one: judicial_warrant, comply".to_owned(), 0),
            ("produced: judicial_warrant, comply".to_owned(), 2),
        ]
    );
    let public = city.runtime.block_on(city.desk.public_productions()).unwrap();
    let counts: Vec<_> =
        public.iter().map(|row| (row.instrument, row.determination, row.count, row.produced, row.records)).collect();
    assert_eq!(counts, [("court_order", "comply", 1, 1, 2), ("judicial_warrant", "comply", 1, 1, 2)]);
}

#[test]
fn gr20_one_person_cannot_release_alone() {
    let city = City::open();
    let bearer = format!("Bearer {}", both(&city));
    let number = docketed(&city, &with(demand("judicial_warrant", true), "records", json!([city.some_person()])));
    let alone = |path: &str, body: &Value| {
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        city.ask(&format!("POST /api/v1/productions/{number}/{path}"), &headers, body.to_string().as_bytes())
    };
    assert_eq!(alone("determination", &json!({"determination": "comply", "reasons": "Valid."})).status, 200);
    assert_eq!(alone("release", &json!({})).status, 200);
    // In the one office or the other: the second word of the same person is nobody's second word.
    for _ in 0..2 {
        refused(&alone("release", &json!({})), 403, "second_person", "second person");
    }
    let looked = city.ask_as("clerk", &format!("GET /api/v1/productions/{number}"), b"").json();
    assert_eq!((looked["releases"].as_array().unwrap().len(), &looked["manifest"]), (1, &Value::Null));
    assert!(steps(&city, &number).iter().all(|(_, records)| *records == 0));
    // That one was the custodian's; the clerk's would be the same office once more.
    refused(&release(&city, "clerk", &number), 400, "wrong", "waits for the release of counsel");
    assert_eq!(release(&city, "steward", &number).json()["manifest"]["records"].as_array().unwrap().len(), 1);
}

#[test]
fn gr20_an_administrative_subpoena_awaits_a_court() {
    let city = City::open();
    let person = city.some_person();
    for instrument in ["administrative_subpoena", "administrative_warrant"] {
        let number = docketed(&city, &with(demand(instrument, false), "records", json!([person])));
        let looked = city.ask_as("clerk", &format!("GET /api/v1/productions/{number}"), b"").json();
        assert_eq!(looked["determined"]["determination"], "awaiting_court");
        assert_eq!(looked["determined"]["by"], Value::Null, "nobody said so: it begins there");
        refused(&release(&city, "clerk", &number), 400, "wrong", "awaiting court");
        let comply = json!({"determination": "comply", "reasons": "They asked nicely."});
        refused(&determine(&city, &number, &comply), 400, "wrong", "awaits a court");
        refused(
            &determine(&city, &number, &with(comply.clone(), "court_decision", json!("  "))),
            400,
            "wrong",
            "awaits a court",
        );
        assert_eq!(determine(&city, &number, &json!({"determination": "object", "reasons": "Overbroad."})).status, 200);
        refused(&release(&city, "steward", &number), 400, "wrong", "object");
        let enforced = with(comply, "court_decision", json!("Enforced, District Court, 26 MC 114, 2024-08-02"));
        assert_eq!(determine(&city, &number, &enforced).status, 200);
        assert_eq!(release(&city, "clerk", &number).status, 200);
        assert!(release(&city, "steward", &number).json()["manifest"].is_object());
    }
    // Nothing asks for a court where one has spoken, or a law has.
    for (instrument, judge) in [("judicial_subpoena", false), ("statute", false), ("court_order", true)] {
        let number = docketed(&city, &demand(instrument, judge));
        let looked = city.ask_as("clerk", &format!("GET /api/v1/productions/{number}"), b"").json();
        assert_eq!(looked["determined"], Value::Null, "{instrument}");
    }
}

#[test]
fn gr20_a_wrong_demand_is_refused_with_its_place() {
    let city = City::open();
    let nowhere = clear_record::RecordId::fresh(clear_record::Kind::Person).to_string();
    let warrant = || demand("judicial_warrant", true);
    for (body, words) in [
        (with(warrant(), "judge_signed", json!(false)), "judge_signed: a judicial warrant is signed by a judge"),
        (with(demand("administrative_subpoena", false), "judge_signed", json!(true)), "judge_signed: no judge signs"),
        (with(warrant(), "court", Value::Null), "court: whose judge"),
        (with(warrant(), "scope", json!("  ")), "scope: it is empty"),
        (with(warrant(), "legal_basis", json!("x".repeat(5000))), "legal_basis: it is longer"),
        (with(warrant(), "deadline", json!("2024-07-13")), "deadline: it lies before"),
        (with(warrant(), "received", json!("2999-01-01")), "received: 2999-01-01 has not come yet"),
        (with(warrant(), "agency", json!("nobody")), "the register does not know `nobody`"),
        (with(warrant(), "records", json!([nowhere])), "there is no record"),
    ] {
        refused(&post(&city, "clerk", "", &body), 400, "wrong", words);
    }
    for (body, words) in [
        (with(warrant(), "instrument", json!("letter")), "unknown variant `letter`"),
        (with(warrant(), "records", json!(["x"])), "record id"),
        (with(warrant(), "colour", json!("red")), "unknown field `colour`"),
    ] {
        refused(&post(&city, "clerk", "", &body), 400, "bad_json", words);
    }
    let list = city.ask_as("clerk", "GET /api/v1/productions", b"");
    assert_eq!(list.json()["productions"], json!([]), "nothing was docketed");
    refused(&release(&city, "clerk", "pmpd-2024-0001"), 400, "wrong", "There is no entry");
    let number = docketed(&city, &warrant());
    for (body, words) in [
        (json!({"determination": "comply", "reasons": "Valid."}), "name the records"),
        (json!({"determination": "comply", "reasons": "Valid.", "records": [nowhere]}), "there is no record"),
        (json!({"determination": "object", "reasons": ""}), "reasons: it is empty"),
    ] {
        refused(&determine(&city, &number, &body), 400, "wrong", words);
    }
    assert_eq!(steps(&city, &number).len(), 1, "nothing but the docketing was done");
}

#[test]
fn gr20_who_demands_gets_nothing_here() {
    let city = City::open();
    let number = docketed(&city, &with(demand("judicial_warrant", true), "records", json!([city.some_person()])));
    let everything = |persona: &str| {
        [
            city.ask_as(persona, "GET /api/v1/productions", b""),
            city.ask_as(persona, &format!("GET /api/v1/productions/{number}"), b""),
            post(&city, persona, "", &demand("judicial_warrant", true)),
            post(
                &city,
                persona,
                &format!("/{number}/determination"),
                &json!({"determination": "comply", "reasons": "x"}),
            ),
            release(&city, persona, &number),
        ]
    };
    for persona in ["cut_off", "partner", "officer", "analyst", "oversight", "stranger", "importer"] {
        everything(persona).iter().for_each(|answer| refused(answer, 403, "not_permitted", "may not keep the docket"));
    }
    city.cut_off("frs", "2026-1");
    everything("cut_off").iter().for_each(|answer| refused(answer, 403, "cut_off", "2026-1"));
    // The demand of a cut-off agency goes its way all the same: the custodian asks, not the agency.
    assert_eq!(determine(&city, &number, &json!({"determination": "comply", "reasons": "Valid."})).status, 200);
    assert_eq!(release(&city, "clerk", &number).status, 200);
    assert!(release(&city, "steward", &number).json()["manifest"].is_object());
    docketed(&city, &demand("administrative_subpoena", false));
    let anonymous = city.ask("GET /api/v1/productions", &[], b"");
    assert_eq!((anonymous.status, anonymous.code().as_str()), (401, "sign_in"));
}

#[test]
fn gr20_the_docket_is_kept_on_pages() {
    let city = City::open();
    let person = city.some_person();
    let cookie = |persona: &str| format!("session={}", city.token(persona));
    let send = |persona: &str, path: &str, fields: &[(&str, &str)]| {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let cookie = cookie(persona);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie.as_str())];
        city.ask(&format!("POST {path}"), &headers, body.as_bytes())
    };
    let mut fields = vec![
        ("instrument", "court_order"),
        ("judge_signed", "yes"),
        ("court", ""),
        ("demanded_by", "A <b>defence</b> lawyer"),
        ("service", "by mail"),
        ("received", "2024-07-14"),
        ("deadline", ""),
        ("legal_basis", "Ill. S. Ct. R. 412"),
        ("scope", "One record"),
        ("records", &person),
    ];
    let wrong = send("clerk", "/productions", &fields);
    assert!(wrong.status == 400 && wrong.text().contains("whose judge signed it?"), "{}", wrong.text());
    assert!(wrong.text().contains("A &#60;b&#62;defence&#60;/b&#62; lawyer"), "what was typed is kept, as text");
    fields[2] = ("court", "Circuit Court");
    let docketed = send("clerk", "/productions", &fields);
    assert_eq!(docketed.status, 303, "{}", docketed.text());
    let place = docketed.header("location").to_owned();
    let look = |persona: &str| city.ask(&format!("GET {place}"), &[("cookie", &cookie(persona))], b"").text();
    assert!(look("steward").contains("name=\"determination\"") && !look("clerk").contains("name=\"determination\""));
    let unsaid = send("steward", &format!("{place}/determination"), &[("determination", ""), ("reasons", "x")]);
    assert!(unsaid.status == 400 && unsaid.text().contains("role=\"alert\""), "{}", unsaid.text());
    let comply = [("determination", "comply"), ("reasons", "Valid."), ("records", person.as_str())];
    assert_eq!(send("steward", &format!("{place}/determination"), &comply).status, 303);
    assert_eq!(send("steward", &format!("{place}/release"), &[]).status, 303);
    let twice = send("steward", &format!("{place}/release"), &[]);
    assert_eq!(twice.status, 403, "{}", twice.text());
    assert!(look("clerk").contains("Release it") && !look("clerk").contains("Manifest"));
    assert_eq!(send("clerk", &format!("{place}/release"), &[]).status, 303);
    assert!(look("clerk").contains("Manifest") && look("clerk").contains(&person));
    let list = city.ask("GET /productions", &[("cookie", &cookie("clerk"))], b"");
    assert!(list.text().contains(&place) && list.text().contains("produced"), "{}", list.text());
    let officer = city.ask("GET /productions", &[("cookie", &cookie("officer"))], b"");
    assert_eq!(officer.status, 403);
}
