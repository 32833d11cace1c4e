//! The pages: whole without a script, for people with and without an account.

use serde_json::json;

use crate::city::{Answer, City, PASSWORD, code};

/// What holds for every page.
pub(crate) fn is_a_page(what: &str, answer: &Answer) {
    let text = answer.text();
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{what}");
    assert!(
        text.starts_with("<!doctype html>") && text.contains("<html lang=\"en\">") && text.contains("class=\"skip\""),
        "{what}"
    );
    assert_eq!(text.matches("<h1").count(), 1, "{what}");
    for never in ["<script", " style=", "javascript:", " onclick", "src=\"http"] {
        assert!(!text.contains(never), "{what}: {never}");
    }
    // Every field has a label.
    for field in
        text.split("<input ").skip(1).chain(text.split("<select ").skip(1)).chain(text.split("<textarea ").skip(1))
    {
        let tag = field.split('>').next().unwrap();
        if !tag.contains("type=\"hidden\"") {
            let id = tag.split("id=\"").nth(1).unwrap_or_else(|| panic!("{what}: {tag}")).split('"').next().unwrap();
            assert!(text.contains(&format!("for=\"{id}\"")), "{what}: {id}");
        }
    }
    // The reference is for whoever writes a program, at a desk; every other page is for a car.
    let most = if what == "/api/v1/docs" { 220_000 } else { 60_000 };
    assert!(answer.body.len() <= most, "{what}: {} bytes", answer.body.len());
    assert!(answer.header("content-security-policy").starts_with("default-src 'self'; script-src 'none'"), "{what}");
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
}

#[test]
fn everybody_may_look_at_the_public_pages() {
    let city = City::open();
    for (path, words) in [
        ("/", "Port Meridian Police records"),
        ("/register", "Federal Removal Service"),
        ("/log", "port-meridian/test"),
        ("/sign-in", "One-time code"),
        ("/api/v1/docs", "/api/v1/find"),
    ] {
        let answer = city.ask(&format!("GET {path}"), &[], b"");
        assert_eq!(answer.status, 200, "{path}");
        is_a_page(path, &answer);
        assert!(answer.text().contains(words), "{path}");
        let style =
            answer.text().split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let style = city.ask(&format!("GET {style}"), &[], b"");
        assert_eq!((style.status, style.header("content-type")), (200, "text/css; charset=utf-8"));
        assert!(style.header("cache-control").contains("immutable"));
    }
    for path in ["/search", "/search?q=x", "/counts", "/steward", "/records/per_00000000000000000000000000"] {
        let answer = city.ask(&format!("GET {path}"), &[], b"");
        assert_eq!(answer.status, 401, "{path}");
        is_a_page(path, &answer);
        assert!(answer.text().contains(&format!("name=\"next\" value=\"{path}\"")), "{path}");
    }
}

#[test]
fn an_officer_signs_in_states_an_inquiry_and_finds_somebody() {
    let city = City::open();
    let id = city.some_person();
    city.file("hot_file", &json!({"topic": "wanted_person", "instrument": "judicial_warrant", "authority": "county-sheriff", "person": id, "entered_on": "2019-07-01", "offence": "Burglary"}));
    city.file("hot_file", &json!({"topic": "wanted_person", "instrument": "detainer", "authority": "frs", "person": id, "entered_on": "2019-07-02"}));
    let secret = city.enrol_person("officer-7");
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "http://clear.test"),
        ("sec-fetch-site", "same-origin"),
    ];
    let post = |path: &str, cookie: &str, body: &str| {
        let headers: Vec<_> = form.iter().copied().chain([("cookie", cookie)]).collect();
        city.ask(&format!("POST {path}"), &headers, body.as_bytes())
    };
    let wrong = post("/sign-in", "", &format!("account=officer-7&password=wrong&code={}&next=/search", code(&secret)));
    assert_eq!(wrong.status, 401);
    is_a_page("a wrong password", &wrong);
    assert!(!wrong.text().contains("wrong\""), "what was typed as a password is not sent back");

    let fields: String = url_form(&[
        ("account", "officer-7"),
        ("password", PASSWORD),
        ("code", &code(&secret)),
        ("next", "/search?q=calloway"),
    ]);
    let entered = post("/sign-in", "", &fields);
    assert_eq!(
        (entered.status, entered.header("location"), entered.header("connection")),
        (303, "/search?q=calloway", "close")
    );
    let session = entered.cookies().into_iter().find(|cookie| cookie.starts_with("session=")).unwrap().to_owned();
    assert!(session.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{session}");
    let device = entered.cookies().into_iter().find(|cookie| cookie.starts_with("device=")).unwrap().to_owned();
    let session = [session, device].map(|cookie| cookie.split(';').next().unwrap().to_owned()).join("; ");

    // Without an inquiry the page says what is missing, and marks it.
    let without = city.ask("GET /search?q=calloway", &[("cookie", &session)], b"");
    assert_eq!(without.status, 422);
    is_a_page("search without an inquiry", &without);
    assert!(without.text().contains("purpose, use_code, case, reason"));
    assert_eq!(without.text().matches("aria-invalid=\"true\"").count(), 4);

    let fields = url_form(&[
        ("q", "calloway marcus"),
        ("purpose", "criminal_investigation"),
        ("use_code", "C"),
        ("case", "JC-1"),
        ("reason", "Witness <b>names</b> a suspect"),
        ("on_behalf_of", "pmpd"),
    ]);
    let kept = post("/search", &session, &fields);
    assert_eq!((kept.status, kept.header("location")), (303, "/search?q=calloway+marcus"));
    assert!(!kept.header("location").contains("Witness"));
    let inquiry = kept.cookies()[0].split(';').next().unwrap().to_owned();
    assert!(kept.cookies()[0].contains("HttpOnly; SameSite=Strict"));
    let cookies = format!("{session}; {inquiry}");
    let found = city.ask("GET /search?q=calloway+marcus", &[("cookie", &cookies)], b"");
    assert_eq!(found.status, 200);
    is_a_page("results", &found);
    assert!(found.text().contains(&format!("href=\"/records/{id}\"")) && found.text().contains("Calloway, Marcus"));
    assert!(found.text().contains("Witness &#60;b&#62;names"), "what was typed is shown as text");

    let record = city.ask(&format!("GET /records/{id}"), &[("cookie", &cookies)], b"");
    assert_eq!(record.status, 200);
    is_a_page("record", &record);
    let text = record.text();
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is not on the page"));
    // Alerts come first, and what no judge signed is no ground for anything.
    assert!(place("warning-confirm") < place("record-head") && place("warning-none") < place("record-head"));
    assert!(text.contains("confirm first") && text.contains("no action") && text.contains("1981-04-03"));
    for path in ["/counts", "/counts?by=beat", "/counts?by=month"] {
        let counts = city.ask(&format!("GET {path}"), &[("cookie", &cookies)], b"");
        assert_eq!(counts.status, 200, "{path}: {}", counts.text());
        is_a_page(path, &counts);
    }

    let nowhere = clear_record::RecordId::fresh(clear_record::Kind::Person);
    let gone = city.ask(&format!("GET /records/{nowhere}"), &[("cookie", &cookies)], b"");
    assert_eq!(gone.status, 404);
    is_a_page("no such record", &gone);

    let out = post("/sign-out", &cookies, "");
    assert_eq!((out.status, out.header("location")), (303, "/"));
    assert!(out.cookies().iter().all(|cookie| cookie.contains("Max-Age=0")));
    assert_eq!(city.ask("GET /search", &[("cookie", &session)], b"").status, 401);
}

#[test]
fn a_steward_looks_before_signing_and_puts_an_order_in_force() {
    let city = City::open();
    let cookie = format!("session={}", city.token("steward"));
    let post = |path: &str, body: String| {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie.as_str())];
        city.ask(&format!("POST {path}"), &headers, body.as_bytes())
    };
    let page = city.ask("GET /steward", &[("cookie", &cookie)], b"");
    assert_eq!(page.status, 200);
    is_a_page("steward", &page);
    let wish = [
        ("number", "2019-07-16/1"),
        ("agency", "border-department"),
        ("covers", "under"),
        ("scope", "installation"),
        ("text", "Access ends."),
    ];
    let preview = post("/steward/preview", url_form(&wish));
    assert_eq!(preview.status, 200, "{}", preview.text());
    is_a_page("preview", &preview);
    for name in ["Border Department", "Federal Removal Service", "Frontier Inspection Service"] {
        assert!(preview.text().contains(name), "{name}");
    }
    let unsigned = post("/steward/cut-offs", url_form(&[("note", "OpenCLEAR cut-off order, version 1\r\n")]));
    assert_eq!(unsigned.status, 400);
    is_a_page("unsigned", &unsigned);
    // Browsers send `\r\n`; the signatures hold all the same.
    let note = city.signed_order("border-department", "2019-07-16/1").replace('\n', "\r\n");
    let done = post("/steward/cut-offs", url_form(&[("note", &note)]));
    assert_eq!(done.status, 201, "{}", done.text());
    is_a_page("done", &done);
    assert!(done.text().contains("Holds since") && done.text().contains(" ms</b>"));
    let register = city.ask("GET /register", &[], b"");
    is_a_page("register", &register);
    assert!(register.text().contains("Border Department is cut off") && register.text().contains("pill-cut-off"));
}

fn url_form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
