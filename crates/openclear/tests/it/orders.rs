//! An order closes the door to its closure and changes no byte for anybody else (GR04).

use serde_json::{Value, json};

use crate::bed::{Ask, Bed, Said};

/// What everybody asks, before and after.
fn questions(bed: &Bed, who: &str) -> Vec<Ask> {
    let cast = bed.cast();
    let find = |question: Value| bed.find(who, &question);
    let count = |question: Value| {
        bed.as_who(who, Ask::post("/api/v1/counts", &json!({"inquiry": bed.inquiry(who), "question": question})))
    };
    vec![
        find(json!({"name": cast.misspelt})),
        find(json!({"name": format!("{} {}", cast.given_name, cast.family_name), "date_of_birth": cast.date_of_birth})),
        find(json!({"name": "smith", "limit": 50})),
        find(json!({"plate": cast.plate})),
        find(json!({"case_number": cast.case_number})),
        find(json!({"text": cast.event_number})),
        find(json!({"from": "2018-10-01", "to": "2018-10-02", "limit": 100})),
        find(json!({"name": "Imogen Thackwell"})),
        bed.open_record(who, cast.person),
        bed.open_record(who, cast.vehicle),
        bed.open_record(who, cast.incident),
        bed.open_record(who, cast.administrative),
        bed.open_record(who, cast.gray),
        bed.open_record(who, cast.black),
        count(json!({"by": ["primary_type"]})),
        count(json!({"by": ["beat"], "where": "arrest = true"})),
    ]
}

#[test]
fn gr04_others_bytes_unchanged() {
    let bed = Bed::city();
    let server = bed.serve();
    let others = ["officer", "analyst", "clerk", "partner", "sheriff", "oversight"];
    let all = |who: &str| -> Vec<Said> { questions(&bed, who).iter().map(|ask| server.ask(ask)).collect() };
    let before: Vec<Vec<Said>> = others.iter().map(|who| all(who)).collect();
    for who in ["officer", "partner", "sheriff", "cut_off"] {
        let answered = all(who).iter().filter(|said| said.status == 200).count();
        assert!(answered >= 10, "{who} has an agreement and gets {answered} answers");
    }

    bed.cut_off_frs(&server);

    for (who, before) in others.iter().zip(&before) {
        for ((ask, before), after) in questions(&bed, who).iter().zip(before).zip(all(who)) {
            assert_eq!(
                (before.status, same(before)),
                (after.status, same(&after)),
                "{who}: {} {}",
                ask.method,
                ask.path
            );
        }
    }

    // The agency itself, another one of its family, and whoever asks for either: the order, and nothing else.
    let order = |said: &Said, what: &str| {
        assert_eq!((said.status, said.code().as_str()), (403, "cut_off"), "{what}: {}", said.text());
        let order = &said.json()["order"];
        assert_eq!(order["number"], "2026-1", "{what}");
        assert!(order["issued_at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{what}");
        assert!(order["text"].as_str().unwrap().contains("access ends"), "{what}");
        assert!(order["contact"].as_str().unwrap().contains("Office of Legal Affairs"), "{what}");
        assert!(!said.text().contains(&bed.cast().family_name), "{what}");
    };
    for who in ["cut_off", "sister"] {
        all(who).iter().for_each(|said| order(said, who));
    }
    for who in ["officer", "partner", "sheriff", "clerk", "oversight", "stranger"] {
        for agency in ["frs", "frontier-service", "border-department"] {
            let mut inquiry = bed.inquiry(who);
            for beneficiaries in [json!([agency]), json!([bed.person(who).agency, agency])] {
                inquiry["on_behalf_of"] = beneficiaries;
                let ask =
                    Ask::post("/api/v1/find", &json!({"inquiry": inquiry, "question": {"plate": bed.cast().plate}}));
                order(&server.ask(&bed.as_who(who, ask)), &format!("{who} for {agency}"));
            }
        }
    }

    // No later agreement reopens it.
    let agreement = json!([{"entry": "agreement", "number": "A-2026-9", "owner": "pmpd", "agency": "frs", "kinds": ["person"], "classes": ["identity"],
        "purposes": ["criminal_investigation"], "use_codes": ["C"], "from": "2018-01-01T00:00:00Z", "document": "0", "signatories": ["nobody"]}]);
    let refused = server.ask(&bed.as_who("steward", Ask::post("/api/v1/register/entries", &agreement)));
    assert_eq!(refused.status, 400, "{}", refused.text());
    all("cut_off").iter().for_each(|said| order(said, "after an agreement"));

    // Nor does a start of the server, which knows the order before it listens.
    server.kill();
    let server = bed.serve();
    for ask in questions(&bed, "cut_off") {
        order(&server.ask(&ask), "after a start");
    }
    for (ask, before) in questions(&bed, "partner").iter().zip(&before[3]) {
        assert_eq!(same(before), same(&server.ask(ask)), "after a start: {} {}", ask.method, ask.path);
    }
}

/// The body; of a refusal without the request's own number, which is never twice the same.
fn same(said: &Said) -> String {
    said.number().map_or_else(|| said.text(), |number| said.text().replace(number, "…"))
}

#[test]
fn gr07_a_missing_part_of_the_inquiry_is_refused_by_name() {
    let bed = Bed::city();
    let server = bed.serve();
    let parts = ["purpose", "use_code", "case", "reason", "on_behalf_of"];
    for who in ["officer", "partner", "clerk"] {
        for part in parts {
            let mut inquiry = bed.inquiry(who);
            inquiry.as_object_mut().unwrap().remove(part);
            let find = Ask::post("/api/v1/find", &json!({"inquiry": inquiry, "question": {"plate": bed.cast().plate}}));
            let counts = Ask::post("/api/v1/counts", &json!({"inquiry": inquiry, "question": {"by": ["beat"]}}));
            let open = Ask::get(&format!("/api/v1/records/{}", bed.cast().person)).under(&inquiry);
            for ask in [find, counts, open] {
                let said = server.ask(&bed.as_who(who, ask));
                assert_eq!(
                    (said.status, said.code().as_str()),
                    (422, "inquiry_incomplete"),
                    "{who} without {part}: {}",
                    said.text()
                );
                assert_eq!(said.json()["missing"], json!([part]), "{who} without {part}");
                assert!(
                    said.json()["message"].as_str().unwrap().contains(part),
                    "{who} without {part}: {}",
                    said.text()
                );
            }
        }
    }
    let nothing = server.ask(&bed.as_who("officer", Ask::post("/api/v1/find", &json!({"question": {"plate": "x"}}))));
    assert_eq!(nothing.json()["missing"], json!(parts));
    for (part, value, status, code) in [
        ("purpose", json!("curiosity"), 422, "inquiry_unknown"),
        ("purpose", json!("civil_immigration_enforcement"), 403, "purpose_denied"),
        ("use_code", json!("Z"), 422, "inquiry_unknown"),
        ("case", json!("  "), 422, "inquiry_incomplete"),
        ("on_behalf_of", json!(["no-such-agency"]), 422, "unknown_agency"),
    ] {
        let mut inquiry = bed.inquiry("officer");
        inquiry[part] = value;
        let said = server.ask(
            &bed.as_who("officer", Ask::post("/api/v1/find", &json!({"inquiry": inquiry, "question": {"plate": "x"}}))),
        );
        assert_eq!((said.status, said.code().as_str()), (status, code), "{part}: {}", said.text());
    }
}
