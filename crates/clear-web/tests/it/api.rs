//! What programs send, and what they get.

use serde_json::{Value, json};

use crate::city::{City, Client};

fn find(name: &str) -> Value {
    json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Witness names a suspect", "on_behalf_of": ["pmpd"]},
        "question": {"name": name}
    })
}

#[test]
fn an_answer_is_the_same_bytes_by_every_way_and_has_its_receipt() {
    let city = City::open();
    let id = city.some_person();
    let by_post = city.ask_as("officer", "POST /api/v1/find", find("calloway marcus").to_string().as_bytes());
    assert_eq!(by_post.status, 200, "{}", by_post.text());
    assert_eq!(by_post.json()["hits"][0]["record"]["id"], id);
    let by_get = city.ask_as("officer", "GET /api/v1/find?name=calloway+marcus", b"");
    assert_eq!(by_post.body, by_get.body);

    let opened = city.ask_as("officer", &format!("GET /api/v1/records/{id}"), b"");
    assert_eq!(opened.json()["record"]["shown"]["fields"]["given_name"], "Marcus");
    let receipt = clear_audit::Receipt::parse(opened.header("x-clear-receipt")).unwrap();
    receipt.check(city.desk.public_log().vkey()).unwrap();
    assert_eq!(receipt.request().unwrap().as_str(), opened.header("x-clear-request"));
    assert_eq!(opened.header("cache-control"), "no-store");

    let counts = json!({"inquiry": find("x")["inquiry"], "question": {"by": ["beat"]}});
    let counted = city.ask_as("officer", "POST /api/v1/counts", counts.to_string().as_bytes());
    assert_eq!((counted.status, counted.json()["total"].as_u64()), (200, Some(0)), "{}", counted.text());
}

#[test]
fn a_record_is_filed_corrected_and_seen_at_its_seq() {
    let city = City::open();
    let filed = city.ask_as(
        "officer",
        "POST /api/v1/records/vehicle",
        br#"{"plate":"QX 4471","plate_state":"IL","colour":"blue","make":"Ford"}"#,
    );
    assert_eq!(filed.status, 201, "{}", filed.text());
    let id = filed.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(filed.header("location"), format!("/api/v1/records/{id}"));
    let corrected = city.ask_as(
        "clerk",
        &format!("POST /api/v1/records/vehicle?id={id}"),
        br#"{"plate":"QX 4471","colour":"green","make":null}"#,
    );
    assert_eq!(corrected.status, 201, "{}", corrected.text());
    let seq = corrected.json()["seq"].as_u64().unwrap();
    let seen = city.ask_as("officer", &format!("GET /api/v1/records/{id}?see={seq}"), b"");
    // What the correction named, what it kept, what it took out.
    let fields = &seen.json()["record"]["shown"]["fields"];
    assert_eq!((&fields["colour"], &fields["plate_state"]), (&json!("green"), &json!("IL")));
    assert_eq!(fields.get("make"), None);
    let ahead = city.ask_as("officer", &format!("GET /api/v1/records/{id}?see={}", seq + 1), b"");
    assert_eq!((ahead.status, ahead.code().as_str()), (400, "wrong"));
}

#[test]
fn refusals_say_what_to_do() {
    let city = City::open();
    city.some_person();
    let whole = find("calloway");
    let without = |part: &str| {
        let mut body = whole.clone();
        body["inquiry"].as_object_mut().unwrap().remove(part);
        body.to_string()
    };
    let with = |part: &str, value: Value| {
        let mut body = whole.clone();
        body["inquiry"][part] = value;
        body.to_string()
    };
    let refused = |persona: &str, line: &str, body: &str| {
        let answer = city.ask_as(persona, line, body.as_bytes());
        (answer.status, answer.code())
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(refused("officer", "POST /api/v1/find", &without("case")), is(422, "inquiry_incomplete"));
    assert_eq!(
        refused("officer", "POST /api/v1/find", &with("purpose", json!("curiosity"))),
        is(422, "inquiry_unknown")
    );
    assert_eq!(
        refused("officer", "POST /api/v1/find", &with("purpose", json!("civil_immigration_enforcement"))),
        is(403, "purpose_denied")
    );
    assert_eq!(
        refused("officer", "POST /api/v1/find", &with("on_behalf_of", json!(["nobody"]))),
        is(422, "unknown_agency")
    );
    assert_eq!(refused("stranger", "GET /api/v1/find?name=calloway", ""), is(403, "nothing_open"));
    assert_eq!(refused("partner", "POST /api/v1/records/vehicle", r#"{"plate":"A"}"#), is(403, "not_permitted"));
    assert_eq!(
        refused("officer", "POST /api/v1/register/entries", r#"[{"entry":"use_code","code":"X","title":"X"}]"#),
        is(403, "not_permitted")
    );
    assert_eq!(
        refused(
            "steward",
            "POST /api/v1/register/entries",
            r#"[{"entry":"suspension_end","number":"S-0","at":"2019-07-16T00:00:00Z"}]"#
        ),
        is(400, "wrong")
    );
    assert_eq!(refused("officer", "GET /api/v1/find", ""), is(400, "wrong"));
    assert_eq!(refused("officer", "GET /api/v1/find?nam=x", ""), is(400, "bad_query"));
    assert_eq!(refused("officer", "GET /api/v1/records/per_1", ""), is(400, "bad_id"));
    assert_eq!(refused("officer", "POST /api/v1/records/unicorn", "{}"), is(404, "no_such_kind"));
    assert_eq!(
        refused(
            "officer",
            "POST /api/v1/accounts",
            r#"{"id":"x","name":"X","agency":"pmpd","roles":["officer"],"password":null}"#
        ),
        is(403, "not_permitted")
    );

    let missing = city.ask_as("officer", "POST /api/v1/find", without("case").as_bytes());
    assert_eq!(missing.json()["missing"], json!(["case"]));
    assert_eq!(missing.json()["request"], missing.header("x-clear-request"));
    assert!(!missing.header("x-clear-receipt").is_empty());
}

#[test]
fn who_proves_nothing_is_told_what_to_do() {
    let city = City::open();
    let anonymous = city.ask("GET /api/v1/find?name=x", &[], b"");
    assert_eq!(
        (anonymous.status, anonymous.code().as_str(), anonymous.header("www-authenticate")),
        (401, "sign_in", "Bearer")
    );
    let unknown = city.ask("GET /api/v1/me", &[("authorization", "Bearer oct_nobody")], b"");
    assert_eq!((unknown.status, unknown.code().as_str()), (401, "unproven"));
    let basic = city.ask("GET /api/v1/me", &[("authorization", "Basic eDp5")], b"");
    assert_eq!((basic.status, basic.code().as_str()), (401, "unproven"));
    // An expired token says when it expired.
    let account = "officer-1042".parse().unwrap();
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(300);
    let token = city.runtime.block_on(city.desk.issue_token(&account, "short", end)).unwrap();
    while jiff::Timestamp::now() <= end {
        std::thread::yield_now();
    }
    let expired = city.ask("GET /api/v1/me", &[("authorization", &format!("Bearer {token}"))], b"");
    assert_eq!(expired.status, 401);
    let message = expired.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&end.to_string()[..16]), "{message}");
}

#[test]
fn s15_not_there_and_not_yours_are_the_same_bytes() {
    let city = City::open();
    let there = city.some_person();
    city.file("vehicle", &json!({"plate": "QX 4471"}));
    let nowhere = clear_record::RecordId::fresh(clear_record::Kind::Person).to_string();
    // The sister agency may see vehicles and no persons.
    let look = |id: &str| {
        let answer = city.ask_as("sister", &format!("GET /api/v1/records/{id}"), b"");
        let names: Vec<String> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
        (answer.status, names, answer.text())
    };
    let (not_yours, not_there) = (look(&there), look(&nowhere));
    assert_eq!(not_yours.0, 404, "{}", not_yours.2);
    assert_eq!(not_yours, not_there);
    assert_eq!(not_yours.2, r#"{"code":"not_found","message":"There is no such record that you may see."}"#);
    // The owner's officer sees that one is there.
    assert_eq!(city.ask_as("officer", &format!("GET /api/v1/records/{there}"), b"").status, 200);
    assert_eq!(city.ask_as("officer", &format!("GET /api/v1/records/{nowhere}"), b"").text(), not_there.2);
}

#[test]
fn what_does_not_read_is_refused_with_its_place() {
    let city = City::open();
    let wrong = |line: &str, body: &str| {
        let answer = city.ask_as("officer", line, body.as_bytes());
        assert_eq!(answer.status, 400, "{}", answer.text());
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    let unknown = wrong("POST /api/v1/find", "{\n  \"question\": {\"nmae\": \"x\"}\n}");
    assert!(unknown.contains("unknown field `nmae`") && unknown.contains("line 2 column"), "{unknown}");
    let outer = wrong("POST /api/v1/find", r#"{"question":{"name":"x"},"limit":1}"#);
    assert!(outer.contains("unknown field `limit`"), "{outer}");
    let torn = wrong("POST /api/v1/find", r#"{"question":"#);
    assert!(torn.contains("line 1 column"), "{torn}");
    assert!(wrong("POST /api/v1/find", "").contains("empty"));
    let field = wrong("POST /api/v1/records/vehicle", r#"{"plate":"A","wings":2}"#);
    assert!(field.contains("`wings`"), "{field}");
    let entry = wrong(
        "POST /api/v1/register/entries",
        r#"[{"entry":"agency","id":"x","name":"X","kind":"local","contact":"c","colour":"red"}]"#,
    );
    assert!(entry.contains("colour"), "{entry}");

    let token = format!("Bearer {}", city.token("officer"));
    let typed = city.ask("POST /api/v1/find", &[("authorization", &token), ("content-type", "text/xml")], b"<a/>");
    assert_eq!((typed.status, typed.code().as_str()), (415, "content_type"));
}

#[test]
fn an_account_is_enrolled_by_a_steward_and_signs_in() {
    let city = City::open();
    let body = json!({"id": "r-quinn", "name": "R. Quinn", "agency": "pmpd", "roles": ["officer"], "password": crate::city::PASSWORD});
    let enrolled = city.ask_as("steward", "POST /api/v1/accounts", body.to_string().as_bytes());
    assert_eq!(enrolled.status, 201, "{}", enrolled.text());
    let secret = enrolled.json()["second_factor_base32"].as_str().unwrap().to_owned();

    let sign_in = |account: &str, password: &str, code: &str| {
        let body = json!({"account": account, "password": password, "code": code}).to_string();
        city.ask("POST /api/v1/sign-in", &[("content-type", "application/json")], body.as_bytes())
    };
    let code = crate::city::code(&secret);
    // A name that can be nobody's, an account that is not there, and a wrong password: the same words.
    let refusals = [("Ü?", "x"), ("nobody-here", "x"), ("r-quinn", "x")].map(|(account, password)| {
        let answer = sign_in(account, password, &code);
        (answer.status, answer.text())
    });
    assert_eq!(refusals[0].0, 401, "{}", refusals[0].1);
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");

    let signed_in = sign_in("r-quinn", crate::city::PASSWORD, &code);
    assert_eq!((signed_in.status, signed_in.header("connection")), (200, "close"), "{}", signed_in.text());
    let bearer = format!("Bearer {}", signed_in.json()["token"].as_str().unwrap());
    let me = city.ask("GET /api/v1/me", &[("authorization", &bearer)], b"");
    assert_eq!((me.json()["account"].as_str(), me.json()["agency"].as_str()), (Some("r-quinn"), Some("pmpd")));
    let out = city.ask("POST /api/v1/sign-out", &[("authorization", &bearer)], b"");
    assert_eq!(out.status, 204, "{}", out.text());
    assert_eq!(city.ask("GET /api/v1/me", &[("authorization", &bearer)], b"").status, 401);
}

#[test]
fn an_order_is_acknowledged_and_shown_to_whom_it_cuts_off() {
    let city = City::open();
    city.some_person();
    let ask = |persona: &str| city.ask_as(persona, "GET /api/v1/find?name=calloway", b"");
    let (before, officer_before) = (ask("partner"), ask("officer"));
    assert_eq!((ask("cut_off").status, before.status), (200, 200));

    let order = city.cut_off("frs", "2019-07-16/1");
    assert_eq!(order["number"], "2019-07-16/1");
    assert_eq!(order["closure"], json!([{"id": "frs", "name": "Federal Removal Service"}]));
    assert!(order["milliseconds"].as_f64().unwrap() > 0.0);
    assert!(order["holds_since"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());

    let refused = city.ask_as("cut_off", "GET /api/v1/find?name=calloway", b"");
    assert_eq!((refused.status, refused.code().as_str()), (403, "cut_off"));
    assert_eq!(refused.json()["order"]["number"], "2019-07-16/1");
    assert!(refused.json()["order"]["text"].as_str().unwrap().contains("permanent"));
    assert!(refused.json()["order"]["contact"].as_str().unwrap().contains("Legal Affairs"));
    let page = city.ask("GET /search?q=calloway", &[("cookie", &format!("session={}", city.token("cut_off")))], b"");
    assert_eq!(page.status, 403);
    assert!(page.text().contains("2019-07-16/1") && page.text().contains("Legal Affairs"));

    // Everybody else's answers are the same bytes.
    assert_eq!(ask("partner").body, before.body);
    assert_eq!(ask("officer").body, officer_before.body);
    // The same order again is refused and changes nothing.
    let again = city.ask_as(
        "steward",
        "POST /api/v1/register/cut-offs",
        json!({"note": city.signed_order("narcotics", "2019-07-16/1")}).to_string().as_bytes(),
    );
    assert_eq!((again.status, again.code().as_str()), (400, "wrong"));
    assert!(city.ask("GET /api/v1/register", &[], b"").json()["orders"].as_array().unwrap().len() == 1);
}

#[test]
fn a_signed_order_may_come_as_plain_text() {
    let city = City::open();
    let note = city.signed_order("border-department", "2019-07-16/2");
    let token = format!("Bearer {}", city.token("steward"));
    let headers = [("authorization", token.as_str()), ("content-type", "text/plain; charset=utf-8")];
    let answer = Client::open(city.address).ask("POST /api/v1/register/cut-offs", &headers, note.as_bytes()).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    let closure: Vec<_> = answer.json()["closure"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agency| agency["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(closure, ["border-department", "frontier-service", "frs"]);
}
