//! Links over HTTP: the chart, the ways, what is not there, the page.

use clear_audit::{Event, Opened, What};
use clear_testkit::story;
use serde_json::{Value, json};

use crate::city::{Answer, City};
use crate::pages::is_a_page;

/// Two people of one incident, one of whom drives a car whose plate another car has as well; a third who has the telephone of
/// the first.
struct Story {
    city: City,
    suspect: String,
    victim: String,
    friend: String,
    incident: String,
    car: String,
}

impl Story {
    fn open() -> Story {
        let city = City::open();
        let person = |name: &str, phone: &str| {
            city.file("person", &json!({"family_name": name, "given_name": "Ida", "phone": phone}))
        };
        let suspect = person("Calloway", "(312) 555-0100");
        let victim = person("Marrow", "(312) 555-0177");
        let friend = person("Lantry", "312-555-0100");
        let incident =
            city.file("incident", &json!({"occurred_from": "2019-07-01T22:00:00", "block": "014XX W FERRY ST"}));
        let car = city.file("vehicle", &json!({"plate": "PM 777", "plate_state": "PM", "owner": suspect}));
        city.file("vehicle", &json!({"plate": "pm777"}));
        for (part, who) in [("suspect", &suspect), ("victim", &victim)] {
            city.file("involvement", &json!({"incident": incident, "part": part, "person": who}));
        }
        Story { city, suspect, victim, friend, incident, car }
    }

    fn ask_as(&self, persona: &str, question: &Value) -> Answer {
        let agency = story::personas().into_iter().find(|known| known.persona == persona).unwrap().agency;
        let purpose = if persona == "oversight" { "oversight" } else { "criminal_investigation" };
        let inquiry = json!({"purpose": purpose, "use_code": "C", "case": "JC-1", "reason": "Who was with the suspect", "on_behalf_of": [agency]});
        let body = json!({"inquiry": inquiry, "question": question});
        self.city.ask_as(persona, "POST /api/v1/links", body.to_string().as_bytes())
    }

    fn ask(&self, question: &Value) -> Value {
        let answer = self.ask_as("officer", question);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

fn nodes(chart: &Value) -> Vec<&str> {
    chart["nodes"].as_array().unwrap().iter().map(|node| node["node"].as_str().unwrap()).collect()
}

#[test]
fn what_is_linked_is_shown_with_its_reason_and_logged() {
    let story = Story::open();
    let chart = story.ask(&json!({"from": story.suspect}));
    assert_eq!(
        nodes(&chart),
        [&story.suspect, &story.incident, &story.car, "phone:3125550100"],
        "by kind, the values last"
    );
    let because: Vec<&str> =
        chart["links"].as_array().unwrap().iter().map(|link| link["because"][0]["what"].as_str().unwrap()).collect();
    assert_eq!(because, ["suspect", "owner", "phone"]);
    assert_eq!((&chart["expanded"][0]["total"], &chart["nodes"][0]["degree"]), (&json!(3), &json!(3)));
    assert_eq!(chart["nodes"][1]["record"]["originator"], "pmpd", "each record carries its terms");

    let ways = |to: &str| {
        let chart = story.ask(&json!({"from": story.victim, "to": to}));
        chart["paths"][0]
            .as_array()
            .map(|path| path.iter().map(|node| node.as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(
        ways(&story.friend).unwrap(),
        [&story.victim, &story.incident, &story.suspect, "phone:3125550100", &story.friend]
    );
    assert_eq!(ways("plate: PM-777").unwrap().len(), 5);
    let far = story.ask(&json!({"from": story.victim, "to": story.friend, "hops": 3}));
    assert_eq!(far["notes"][0], "No way of at most 3 links leads from one to the other.");
    let common = story.ask(&json!({"from": story.suspect, "to": story.friend, "common": true}));
    assert_eq!((&common["common"][0], &common["common_total"]), (&json!("phone:3125550100"), &json!(1)));
    let late = story.ask(&json!({"from": story.suspect, "since": "2019-07-02"}));
    assert!(!nodes(&late).contains(&story.incident.as_str()));

    // Every record of a chart, and every paper that gives its reason, stands in the log as shown.
    let log = story.city.desk.public_log();
    let opened = log.openings(0..log.synced_size()).unwrap().map(Result::unwrap);
    let events: Vec<Event> = opened
        .filter_map(|(_, opened)| match opened {
            Opened::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    let asked =
        events.iter().position(|event| event.question.as_deref().is_some_and(|it| it.starts_with("links "))).unwrap();
    let answered = events[asked..].iter().find(|event| event.what == What::Answered).unwrap();
    let kinds: Vec<&str> = answered.records.iter().map(|id| id.kind.name()).collect();
    assert_eq!(kinds, ["person", "incident", "involvement", "vehicle"]);
}

#[test]
fn not_there_and_not_yours_are_the_same_and_a_wrong_question_is_told_its_mend() {
    let story = Story::open();
    let nobody = "per_00000000000000000000000009";
    let nothing = story.ask_as("officer", &json!({"from": nobody}));
    assert_eq!((nothing.status, nothing.code().as_str()), (404, "not_found"));
    let before: Value = nothing.json()["message"].clone();
    // The officer blackens the telephone's owner for others; to a partner nothing of it is there, by no road.
    let wish = json!({"handling": "gray", "reason": "A joint inquiry is open"});
    let line = format!("POST /api/v1/records/{}/handling", story.suspect);
    let restricted = story.city.ask_as("officer", &line, wish.to_string().as_bytes());
    assert_eq!(restricted.status, 201, "{}", restricted.text());
    for from in [story.suspect.as_str(), "phone:3125550100", nobody, "plate:NOBODY1"] {
        let answer = story.ask_as("partner", &json!({"from": from}));
        // The friend has the telephone too, where a partner may read that class.
        if answer.status == 200 {
            assert!(!answer.text().contains(&story.suspect), "{from}");
            continue;
        }
        assert_eq!((answer.status, &answer.json()["message"]), (404, &before), "{from}");
    }
    let ways = story.ask_as("partner", &json!({"from": story.victim, "to": story.car}));
    assert!(ways.status == 404 || ways.json()["paths"].as_array().is_none(), "{}", ways.text());
    for (question, what) in [
        (json!({"from": "nobody"}), "is not a record id"),
        (json!({"from": story.suspect, "hops": 9}), "hops is 1 to 6"),
        (json!({"from": story.suspect, "colour": "red"}), "unknown field `colour`"),
        (json!({"from": story.suspect, "since": "2019-07-02", "until": "2019-07-01"}), "is after until"),
    ] {
        let answer = story.ask_as("officer", &question);
        assert_eq!(answer.status, 400, "{question}: {}", answer.text());
        assert!(answer.text().contains(what), "{question}: {}", answer.text());
    }
}

#[test]
fn the_page_draws_the_chart_and_says_it_again_as_a_list() {
    let story = Story::open();
    let inquiry = {
        use base64::Engine as _;
        let json = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Who was with the suspect"});
        format!("inquiry={}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string()))
    };
    let bearer = format!("Bearer {}", story.city.token("officer"));
    let get = |path: &str| {
        story.city.ask(&format!("GET {path}"), &[("authorization", bearer.as_str()), ("cookie", inquiry.as_str())], b"")
    };
    let empty = get("/links");
    is_a_page("/links", &empty);
    let record = get(&format!("/records/{}", story.suspect));
    assert!(record.text().contains(&format!("/links?from={}", story.suspect)));
    let page = get(&format!("/links?from={}&open={}", story.suspect, story.incident));
    is_a_page("links of two", &page);
    let text = page.text();
    assert_eq!(text.matches("<g class=\"node").count(), 5, "{text}");
    for words in
        ["Calloway, Ida", "Marrow, Ida", "suspect", "Telephone", "3125550100", "start here", "The same as a list"]
    {
        assert!(text.contains(words), "{words}");
    }
    let ways = get(&format!("/links?from={}&to={}", story.victim, story.friend));
    is_a_page("ways", &ways);
    assert!(ways.text().contains("The shortest way</h2>"), "{}", ways.text());
    assert_eq!(get("/links?from=per_00000000000000000000000009").status, 404);
    let wrong = get(&format!("/links?from={}&hops=many", story.suspect));
    assert_eq!(wrong.status, 400);
    is_a_page("a wrong question", &wrong);
    assert!(wrong.text().contains("is a whole number"));
}

/// GR15: who looks at what would lead to a black record gets what there is without it, and its owner is told.
#[test]
fn gr15_a_chart_that_would_have_shown_a_black_record_tells_its_owner_and_nobody_else() {
    let story = Story::open();
    let city = &story.city;
    city.enrol_person("second-person");
    let until = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 90)).to_string();
    let black = json!({"handling": "black", "reason": "Covert operation, warrant 24-SW-118", "second_person": "second-person", "until": until});
    let path = format!("POST /api/v1/records/{}/handling", story.suspect);
    let closed = city.ask_as("clerk", &path, black.to_string().as_bytes());
    assert_eq!(closed.status, 201, "{}", closed.text());

    let hits = |who: &str| city.ask_as(who, "GET /api/v1/silent-hits", b"").json()["silent_hits"].clone();
    let told = |count: usize| {
        let begun = std::time::Instant::now();
        while hits("clerk").as_array().map_or(0, Vec::len) != count {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{} and not {count}", hits("clerk"));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    // Somebody who shares nothing with the record leaves nothing; two steps away is not beside it.
    story.ask(&json!({"from": story.victim}));
    story.ask(&json!({"from": story.friend}));
    assert_eq!(hits("clerk"), json!([]));
    // The incident that it has a part in, the telephone that it shares, the same when it is opened from another, and itself.
    for (number, question) in [
        json!({"from": story.incident}),
        json!({"from": "phone:312 555 0100"}),
        json!({"from": story.friend, "open": ["phone:312 555 0100"]}),
        json!({"from": story.friend, "to": story.suspect}),
    ]
    .iter()
    .enumerate()
    {
        let answer = story.ask_as("officer", question);
        assert!(!answer.text().contains(&story.suspect), "{question}: {}", answer.text());
        told(number + 1);
    }
    let newest = hits("clerk")[0].clone();
    assert_eq!((&newest["record"], &newest["account"]), (&json!(story.suspect), &json!("officer-1042")));
    // The custodian sees it, and whoever does not is told of nothing.
    assert!(nodes(&story.ask_as("clerk", &json!({"from": story.incident})).json()).contains(&story.suspect.as_str()));
    assert_eq!((hits("clerk").as_array().map(Vec::len), hits("officer")), (Some(4), json!([])));
}
