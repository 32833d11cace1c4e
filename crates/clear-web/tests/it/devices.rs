//! Devices (GR11) and what an order does to whoever is signed in (GR02), as browsers and programs meet it.

use clear_audit::{Event, Opened, What};
use serde_json::{Value, json};

use crate::city::{Answer, City, PASSWORD, code};

/// A browser: what it keeps.
pub(crate) struct Browser {
    device: Option<String>,
    session: String,
}

impl Browser {
    /// What it sends with every request.
    pub(crate) fn cookies(&self) -> String {
        format!("session={}; device={}", self.session, self.device.as_deref().unwrap_or_default())
    }
}

fn kept(answer: &Answer, name: &str) -> Option<String> {
    let cookie =
        answer.cookies().into_iter().find_map(|cookie| cookie.strip_prefix(&format!("{name}="))?.split(';').next())?;
    (!cookie.is_empty()).then(|| cookie.to_owned())
}

fn post_form(city: &City, path: &str, cookies: &str, body: &str) -> Answer {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("user-agent", "Firefox on the car's terminal"),
        ("cookie", cookies),
    ];
    city.ask(&format!("POST {path}"), &headers, body.as_bytes())
}

/// Signs in on a browser; each account's code works once, so that a second sign-in waits for the next code.
pub(crate) fn sign_in(city: &City, account: &str, secret: &str, device: Option<&str>) -> Result<Browser, Answer> {
    let cookies = device.map(|device| format!("device={device}")).unwrap_or_default();
    let fields = format!("account={account}&password={}&code={}", PASSWORD.replace(' ', "+"), code(secret));
    let answer = post_form(city, "/sign-in", &cookies, &fields);
    match kept(&answer, "session") {
        Some(session) => {
            let device_cookie = answer.cookies().into_iter().find(|cookie| cookie.starts_with("device="));
            if let Some(cookie) = device_cookie {
                for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"] {
                    assert!(cookie.contains(part), "{cookie}");
                }
            }
            Ok(Browser { device: kept(&answer, "device"), session })
        }
        None => Err(answer),
    }
}

fn me(city: &City, cookies: &str) -> Answer {
    city.ask("GET /api/v1/me", &[("cookie", cookies)], b"")
}

fn events(city: &City) -> Vec<Event> {
    let log = city.desk.public_log();
    let events = log.openings(0..log.synced_size()).unwrap().filter_map(|opened| match opened.unwrap().1 {
        Opened::Event(event) => Some(event),
        _ => None,
    });
    events.collect()
}

#[test]
fn s03_a_borrowed_session_is_refused_on_another_device_and_logged() {
    let city = City::open();
    let secret = city.enrol_person("officer-7");
    let Ok(officer) = sign_in(&city, "officer-7", &secret, None) else { panic!("not let in") };
    let device = officer.device.expect("a browser is given a device");
    let other = city.enrol_person("officer-8");
    let Ok(other) = sign_in(&city, "officer-8", &other, None) else { panic!("not let in") };
    let other_device = other.device.unwrap();
    let at_home = me(&city, &format!("session={}; device={device}", officer.session));
    assert_eq!(at_home.json()["account"], "officer-7", "{}", at_home.text());

    // The session alone, on a machine of somebody else's, with a made-up one, and as a program would send it.
    let elsewhere = [
        me(&city, &format!("session={}", officer.session)),
        me(&city, &format!("session={}; device={other_device}", officer.session)),
        me(&city, &format!("session={}; device=ocd_{}", officer.session, "A".repeat(43))),
        city.ask("GET /api/v1/me", &[("authorization", &format!("Bearer {}", officer.session))], b""),
        city.ask("GET /api/v1/find?name=calloway", &[("cookie", &format!("session={}", officer.session))], b""),
    ];
    for answer in &elsewhere {
        assert_eq!((answer.status, answer.code().as_str()), (401, "other_device"), "{}", answer.text());
        assert_eq!(answer.json()["message"], "This session belongs to another device: sign in here.");
    }
    let page = city.ask("GET /search", &[("cookie", &format!("session={}", officer.session))], b"");
    assert_eq!(page.status, 401);
    assert!(page.text().contains("belongs to another device") && page.text().contains("name=\"password\""));
    let noted: Vec<Event> = events(&city).into_iter().filter(|event| event.what == What::SignInRefused).collect();
    assert_eq!(noted.len(), elsewhere.len() + 1);
    let session = at_home.json()["session"].as_str().unwrap().to_owned();
    for event in noted {
        assert_eq!(event.account, Some("officer-7".parse().unwrap()));
        assert_eq!((event.session.as_deref(), event.address.as_deref()), (Some(session.as_str()), Some("127.0.0.1")));
        assert!(event.why.unwrap().contains("another device"));
    }
    // The officer's own session is none the worse for it.
    assert_eq!(me(&city, &format!("session={}; device={device}", officer.session)).status, 200);
}

#[test]
fn gr11_devices_are_listed_and_a_lost_one_is_ended() {
    let city = City::open();
    let secret = city.enrol_person("officer-7");
    let Ok(car) = sign_in(&city, "officer-7", &secret, None) else { panic!("not let in") };
    let cookies = format!("session={}; device={}", car.session, car.device.unwrap());
    let list = |cookies: &str| city.ask("GET /api/v1/devices", &[("cookie", cookies)], b"").json();
    let devices = list(&cookies);
    let shown: Vec<(&Value, &Value, &Value, &Value)> = devices
        .as_array()
        .unwrap()
        .iter()
        .map(|device| (&device["name"], &device["kind"], &device["open"], &device["this"]))
        .collect();
    assert_eq!(shown, [(&json!("Firefox on the car's terminal"), &json!("machine"), &json!(1), &json!(true))]);
    let page = city.ask("GET /devices", &[("cookie", &cookies)], b"");
    assert!(page.status == 200 && page.text().contains("Firefox on the car") && page.text().contains("this one"));

    // A program's token is a device of its own, and is ended as one.
    let officer = |line: &str| city.ask_as("officer", line, b"{}");
    let own = officer("GET /api/v1/devices").json();
    assert_eq!((own.as_array().unwrap().len(), &own[0]["kind"], &own[0]["this"]), (1, &json!("program"), &json!(true)));
    let id = devices[0]["id"].as_str().unwrap();
    let not_mine = officer(&format!("POST /api/v1/devices/{id}/end"));
    assert_eq!((not_mine.status, not_mine.code().as_str()), (404, "no_such_device"));
    assert_eq!(officer("POST /api/v1/devices/Ü/end").status, 404);
    assert_eq!(me(&city, &cookies).json()["device"], devices[0]["id"]);

    let ended = post_form(&city, &format!("/devices/{id}/end"), &cookies, "");
    assert_eq!((ended.status, ended.header("location")), (303, "/devices"));
    assert_eq!(me(&city, &cookies).status, 401, "at once");
    let id = own[0]["id"].as_str().unwrap();
    assert_eq!(officer(&format!("POST /api/v1/devices/{id}/end")).json()["ended"], 1);
    assert_eq!(officer("GET /api/v1/devices").code(), "unproven");
    let anonymous = city.ask("GET /api/v1/devices", &[], b"");
    assert_eq!((anonymous.status, anonymous.code().as_str()), (401, "sign_in"));
}

#[test]
fn gr02_an_order_ends_sessions_and_tokens_and_their_holders_get_the_order() {
    let city = City::open();
    city.some_person();
    let agent = enrol(&city, "agent-1", "frs");
    let Ok(agent_on) = sign_in(&city, "agent-1", &agent, None) else { panic!("not let in") };
    let device = agent_on.device.unwrap();
    let cookies = format!("session={}; device={device}", agent_on.session);
    let officer = city.enrol_person("officer-7");
    let Ok(officer) = sign_in(&city, "officer-7", &officer, None) else { panic!("not let in") };
    let officers = format!("session={}; device={}", officer.session, officer.device.unwrap());
    assert_eq!((me(&city, &cookies).status, me(&city, &officers).status), (200, 200));

    city.cut_off("frs", "2026-1");

    let order = |answer: &Answer, what: &str| {
        assert_eq!((answer.status, answer.code().as_str()), (403, "cut_off"), "{what}: {}", answer.text());
        assert_eq!(answer.json()["order"]["number"], "2026-1", "{what}");
        assert!(answer.json()["order"]["contact"].as_str().unwrap().contains("Legal Affairs"), "{what}");
    };
    let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "stop", "on_behalf_of": ["frs"]});
    let find = json!({"inquiry": inquiry, "question": {"name": "calloway"}}).to_string();
    let json = [("content-type", "application/json"), ("cookie", cookies.as_str())];
    order(&city.ask("POST /api/v1/find", &json, find.as_bytes()), "the session asks");
    order(&me(&city, &cookies), "who am I");
    order(&city.ask("GET /api/v1/devices", &[("cookie", &cookies)], b""), "devices");
    order(&city.ask_as("cut_off", "GET /api/v1/find?name=calloway", b""), "the token asks");
    order(&city.ask_as("cut_off", "GET /api/v1/me", b""), "the token");
    assert_eq!(me(&city, &officers).status, 200, "everybody else's go on");

    // What it asked stands in the log as asked and denied, with the order that ended the session.
    let denied = events(&city)
        .into_iter()
        .filter(|event| event.what == What::Denied && event.account == Some("agent-1".parse().unwrap()));
    let denied: Vec<Event> = denied.collect();
    assert_eq!(denied.len(), 1);
    assert!(denied[0].why.as_ref().unwrap().starts_with("cut_off"), "{:?}", denied[0].why);

    // Nobody of the closure signs in any more: with everything right it is the order, with anything wrong it is what
    // everybody is told.
    let wrong =
        post_form(&city, "/sign-in", "", &format!("account=agent-1&password=wrong+words+here&code={}", code(&agent)));
    assert!(wrong.status == 401 && !wrong.text().contains("2026-1"), "{}", wrong.text());
    let next =
        clear_identity::one_time_code(&agent, jiff::Timestamp::now() + jiff::SignedDuration::from_secs(30)).unwrap();
    let body = json!({"account": "agent-1", "password": PASSWORD, "code": next.reveal()}).to_string();
    let refused = city.ask("POST /api/v1/sign-in", &[("content-type", "application/json")], body.as_bytes());
    order(&refused, "signing in");
    let told: Vec<Event> = events(&city)
        .into_iter()
        .filter(|event| {
            event.what == What::SignInRefused && event.why.as_ref().is_some_and(|why| why.contains("2026-1"))
        })
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].account, Some("agent-1".parse().unwrap()));
    // Nor does a program get a token.
    let late = city.runtime.block_on(city.desk.issue_token(
        &"frs-analyst".parse().unwrap(),
        "late",
        jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1),
    ));
    assert!(late.unwrap_err().to_string().contains("2026-1"));
    let held = city.runtime.block_on(city.desk.holdings(&"frs-analyst".parse().unwrap())).unwrap();
    assert!(held.iter().all(|held| held.ended_by.as_deref() == Some("2026-1")), "{held:?}");
}

fn enrol(city: &City, account: &str, agency: &str) -> String {
    let new = clear_respond::NewAccount {
        id: account.parse().unwrap(),
        name: "Somebody".into(),
        agency: agency.parse().unwrap(),
        roles: [clear_record::Role::Partner].into(),
        password: Some(PASSWORD.into()),
        now: jiff::Timestamp::now(),
    };
    let enrolled = city.runtime.block_on(city.desk.enrol(new)).unwrap();
    enrolled.second_factor.unwrap().secret_base32.reveal().to_owned()
}
