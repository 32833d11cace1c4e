//! Inquiries, holds and reviews over HTTP, for programs and on the pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::city::{Answer, City};
use crate::pages::is_a_page;

const PLATE: &str = "KES1042";

/// A browser of one persona's: it keeps cookies, and follows where it is sent.
struct Browser<'a> {
    city: &'a City,
    cookies: Vec<(String, String)>,
}

impl Browser<'_> {
    fn of<'a>(city: &'a City, who: &str) -> Browser<'a> {
        Browser { city, cookies: vec![("session".into(), city.token(who).to_owned())] }
    }

    /// The inquiry that the bar would have kept.
    fn states(mut self, inquiry: &Value) -> Self {
        self.cookies.push(("inquiry".into(), URL_SAFE_NO_PAD.encode(inquiry.to_string())));
        self
    }

    fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), "")
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(&format!("POST {path}"), &form)
    }

    fn send(&mut self, line: &str, form: &str) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![("cookie", cookies.as_str())];
        if line.starts_with("POST") {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let answer = self.city.ask(line, &headers, form.as_bytes());
        for cookie in answer.cookies() {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        match answer.status {
            303 => {
                let place = answer.header("location").to_owned();
                assert!(place.starts_with('/') && !place.starts_with("//"), "{place}");
                self.get(&place)
            }
            _ => {
                is_a_page(line, &answer);
                answer
            }
        }
    }
}

fn with_a_vehicle() -> City {
    let city = City::open();
    let vehicle = city.file("vehicle", &json!({"plate": PLATE, "plate_state": "PM", "make": "Ford"}));
    let entry = json!({"topic": "stolen_vehicle", "instrument": "stolen", "authority": "county-sheriff", "vehicle": vehicle, "entered_on": "2019-07-01", "offence": "Burglary"});
    city.file("hot_file", &entry);
    city
}

fn bearer(city: &City, who: &str, line: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let token = format!("Bearer {}", city.token(who));
    let mut all = vec![("authorization", token.as_str()), ("content-type", "application/json")];
    all.extend(headers);
    let body = if line.starts_with("GET") { String::new() } else { body.to_string() };
    city.ask(line, &all, body.as_bytes())
}

#[test]
fn an_inquiry_of_somebody_elses_and_one_that_is_not_there_are_the_same_bytes() {
    let city = with_a_vehicle();
    let new = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "suspect named by a witness"});
    let opened = bearer(&city, "officer", "POST /api/v1/inquiries", &[], &new);
    assert_eq!(opened.status, 201, "{}", opened.text());
    let number = opened.json()["number"].as_str().unwrap().to_owned();
    let find = format!("GET /api/v1/find?plate={PLATE}");
    let found = bearer(&city, "officer", &find, &[("x-inquiry", &number)], &json!(null));
    assert_eq!((found.status, found.json()["total"].as_u64()), (200, Some(1)));
    // In the body it is the inquiry's `number`.
    let body = json!({"inquiry": {"number": number}, "question": {"plate": PLATE}});
    assert_eq!(bearer(&city, "officer", "POST /api/v1/find", &[], &body).body, found.body);

    let refused = |who: &str, number: &str| {
        let mut answer = bearer(&city, who, &find, &[("x-inquiry", number)], &json!(null)).json();
        answer.as_object_mut().unwrap().remove("request").unwrap();
        answer.to_string()
    };
    assert_eq!(refused("clerk", &number), refused("clerk", "there-is-none"));
    let mine = bearer(&city, "officer", "GET /api/v1/inquiries", &[], &json!(null)).json();
    assert_eq!(mine["inquiries"][0]["number"], number);
    let others = bearer(&city, "clerk", "GET /api/v1/inquiries", &[], &json!(null)).json();
    assert_eq!(others, json!({"inquiries": []}));
    for (line, status) in [
        ("GET /api/v1/inquiries", 401),
        ("POST /api/v1/inquiries", 401),
        ("POST /api/v1/events", 401),
        ("GET /api/v1/reviews", 401),
        ("GET /api/v1/holds/x", 401),
    ] {
        let event = json!({"kind": "stop", "officers": ["officer-1042"]});
        let body = if line.contains("events") { event } else { json!({}) };
        let headers = [("content-type", "application/json")];
        let answer =
            city.ask(line, &headers, if line.starts_with("GET") { String::new() } else { body.to_string() }.as_bytes());
        assert_eq!(answer.status, status, "{line}: {}", answer.text());
    }
}

#[test]
fn what_does_not_read_is_said_with_its_place() {
    let city = with_a_vehicle();
    let wrong = |line: &str, headers: &[(&str, &str)], body: Value| {
        let answer = bearer(&city, "officer", line, headers, &body);
        assert!((400..500).contains(&answer.status), "{line}: {} {}", answer.status, answer.text());
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    let find = format!("GET /api/v1/find?plate={PLATE}");
    assert!(wrong(&find, &[("x-inquiry", "No Number!")], json!(null)).contains("x-inquiry"));
    assert!(wrong(&find, &[("x-inquiry-for-them", "perhaps")], json!(null)).contains("`yes` or `no`"));
    assert!(wrong("POST /api/v1/inquiries", &[], json!({"purpos": "x"})).contains("unknown field `purpos`"));
    assert!(wrong("POST /api/v1/events", &[], json!({"kind": "parade"})).contains("parade"));
    assert!(wrong("POST /api/v1/inquiries/No%20Number/close", &[], json!({})).contains("number"));
    assert!(wrong("POST /api/v1/holds/none/release", &[], json!({})).contains("may not"));
    assert!(wrong("POST /api/v1/reviews/none", &[], json!({"outcome": "fine", "note": "x"})).contains("fine"));
    let clerk = bearer(&city, "clerk", "POST /api/v1/reviews/none", &[], &json!({"outcome": "in_order", "note": "x"}));
    assert_eq!(clerk.status, 400, "{}", clerk.text());
    let hold = bearer(&city, "officer", "GET /api/v1/holds/none", &[], &json!(null));
    assert_eq!((hold.status, hold.code().as_str()), (404, "no_such_hold"));
}

#[test]
fn the_stop_page_starts_checks_states_an_emergency_and_ends() {
    let city = with_a_vehicle();
    let mut browser = Browser::of(&city, "officer");
    let page = browser.get("/stop");
    assert!(page.text().contains("No stop is open") && page.text().contains("Start stop"));
    let page = browser.post("/stop", &[("do", "start")]);
    assert!(page.text().contains("name=\"plate\"") && page.text().contains("S-20"), "{}", page.text());
    let page = browser.get(&format!("/stop?plate={PLATE}"));
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("warning-confirm") && text.contains("<b>1</b> record that you may see"), "{text}");
    // A plate that nobody has is a page too.
    assert!(browser.get("/stop?plate=NONE+1").text().contains("Nothing that you may see has this plate"));
    let number = text.split("name=\"inquiry\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = browser.post("/stop", &[("do", "emergency"), ("inquiry", &number), ("sentence", "A child was taken")]);
    assert!(page.text().contains("Emergency stated"), "{}", page.text());
    assert_eq!(browser.get(&format!("/stop?plate={PLATE}")).status, 200);
    assert_eq!(city.desk.urgent(), 1);
    let page = browser.post("/stop", &[("do", "end"), ("inquiry", &number)]);
    assert!(page.text().contains("No stop is open"));
    assert_eq!(browser.post("/stop", &[("do", "dance")]).status, 400);
    assert_eq!(browser.post("/stop", &[("do", "take_over"), ("event", "E-1")]).status, 422);

    // The reviewers see it on every page, and look at it on theirs.
    let mut clerk = Browser::of(&city, "clerk");
    let page = clerk.get("/reviews");
    assert!(page.text().contains("A child was taken") && page.text().contains("emergency</span>"), "{}", page.text());
    assert!(clerk.get("/register").text().contains("<b>1</b><span class=\"sr\"> urgent</span>"));
    let review = page.text().split("name=\"number\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let decided = [("do", "in_order"), ("number", review.as_str()), ("note", "Called the sergeant.")];
    assert!(clerk.post("/reviews", &decided).text().contains("Nothing waits"));
    assert_eq!(city.desk.urgent(), 0);
    assert_eq!(Browser::of(&city, "officer").get("/reviews").status, 403);
}

#[test]
fn s02_on_the_pages_a_reason_is_asked_back_with_two_buttons() {
    let city = with_a_vehicle();
    city.cut_off("border-department", "2026-1");
    let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "for the FRS, hit and run", "on_behalf_of": ["pmpd"]});
    let search = format!("/search?q={PLATE}");
    let mut browser = Browser::of(&city, "officer").states(&inquiry);
    let asked = browser.get(&search);
    assert_eq!(asked.status, 409);
    let text = asked.text();
    assert!(
        text.contains("Is this for Federal Removal Service?")
            && text.contains("value=\"no\"")
            && text.contains("value=\"yes\"")
    );
    let yes = browser.post("/inquiry/reply", &[("for_them", "yes"), ("next", &search)]);
    assert!(yes.status == 403 && yes.text().contains("Access has ended"), "{}", yes.text());
    let no = browser.post("/inquiry/reply", &[("for_them", "no"), ("next", &search)]);
    assert!(no.status == 200 && no.text().contains(PLATE), "{}", no.text());
    // The answer was about these words; other words are asked about again.
    let other = [
        ("q", PLATE),
        ("purpose", "criminal_investigation"),
        ("use_code", "C"),
        ("case", "JC-1"),
        ("reason", "the FRS telephoned about a car"),
    ];
    assert_eq!(browser.post("/search", &other).status, 409);
    assert_eq!(browser.post("/inquiry/reply", &[("for_them", "perhaps"), ("next", &search)]).status, 422);
    // A reply leads nowhere else.
    let away = browser.post("/inquiry/reply", &[("for_them", "no"), ("next", "//other.example/")]);
    assert_eq!(away.status, 200);
}

#[test]
fn on_the_pages_a_held_question_shows_its_clock_and_a_telephone_number_until_it_is_released() {
    let city = with_a_vehicle();
    let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "M-77", "reason": "fugitive seen at the harbor", "on_behalf_of": ["marshals", "county-sheriff"]});
    let search = format!("/search?q={PLATE}");
    let mut marshal = Browser::of(&city, "partner").states(&inquiry);
    let held = marshal.get(&search);
    assert_eq!(held.status, 423);
    let text = held.text();
    for words in ["waits for a second person", "Records Section, +1 555-0101", "To be decided by"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let hold = text.split("name=\"released\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let again = [("released", hold.as_str()), ("next", search.as_str())];
    assert_eq!(marshal.post("/inquiry/reply", &again).status, 423);
    let mut clerk = Browser::of(&city, "clerk");
    assert!(clerk.get("/reviews").text().contains("on behalf of another agency, County Sheriff"));
    assert!(clerk.post("/reviews", &[("do", "release"), ("number", &hold)]).text().contains("No question waits"));
    let mine = bearer(&city, "partner", &format!("GET /api/v1/holds/{hold}"), &[], &json!(null)).json();
    assert_eq!((&mine["state"], &mine["by"]), (&json!("released"), &json!("clerk-1")));
    let answered = marshal.post("/inquiry/reply", &again);
    assert!(answered.status == 200 && answered.text().contains(PLATE), "{}", answered.text());
    assert_eq!(marshal.get(&search).status, 423, "once");
}
