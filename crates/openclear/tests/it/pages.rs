//! The pages, as a browser without JavaScript sees them: signing in, the inquiry bar, search, a record with its alerts.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::bed::{Ask, Bed, PASSWORD, Said, Server, percent};

/// A browser: it keeps cookies, and follows where it is sent.
struct Browser<'a> {
    server: &'a Server,
    cookies: Vec<(String, String)>,
}

impl Browser<'_> {
    fn send(&mut self, ask: Ask) -> Said {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let ask = if cookies.is_empty() { ask } else { ask.with("cookie", &cookies.join("; ")) };
        let said = self.server.ask(&ask);
        for (_, cookie) in said.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
            for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
                assert!(cookie.contains(part), "`{name}` is not {part}");
            }
        }
        if said.is_page() {
            works_without_scripts(&ask.path, &said);
        }
        match said.header("location") {
            Some(place) if (301..=303).contains(&said.status) => {
                let place = place.to_owned();
                assert!(place.starts_with('/'), "{place} is another site");
                self.send(Ask::get(&place))
            }
            _ => said,
        }
    }
}

fn works_without_scripts(path: &str, said: &Said) {
    let html = said.text().to_lowercase();
    assert!(
        !html.contains("<script") && !html.contains("javascript:") && !html.contains(" onclick="),
        "{path} has a script"
    );
    assert!(
        said.header("content-security-policy").is_some_and(|policy| policy.contains("script-src 'none'")),
        "{path}"
    );
    // Nothing comes from another host.
    for attribute in ["src=\"", "href=\"", "action=\""] {
        for rest in html.split(attribute).skip(1) {
            let target = rest.split('"').next().unwrap();
            let outside = target.starts_with("http") || target.starts_with("//");
            assert!(!outside || attribute == "href=\"" && !rest.contains("stylesheet"), "{path} takes {target}");
        }
    }
}

#[test]
fn an_officer_signs_in_states_the_inquiry_searches_a_plate_and_sees_the_alerts() {
    let bed = Bed::city();
    let server = bed.serve();
    let (cast, account) = (bed.cast(), bed.person("officer").account.clone());
    let mut browser = Browser { server: &server, cookies: vec![] };

    // The page that was wanted comes back after signing in.
    let wanted = format!("/search?q={}", percent(&cast.plate));
    let sign_in = browser.send(Ask::get(&wanted));
    assert!(sign_in.status == 401 && sign_in.text().contains("name=\"password\""), "{}", sign_in.text());
    let enter = |password: &str, code: &str| {
        Ask::form("/sign-in", &[("account", &account), ("password", password), ("code", code), ("next", &wanted)])
    };
    for (password, code) in
        [("a wrong password of enough length", bed.code("officer", 1)), (PASSWORD, "000000".to_owned())]
    {
        let refused = browser.send(enter(password, &code));
        assert_eq!(refused.status, 401, "{}", refused.text());
        assert!(browser.cookies.is_empty() && refused.text().contains("role=\"alert\""));
    }
    let code = bed.code("officer", 1);
    let asked_back = browser.send(enter(PASSWORD, &code));
    // Signed in; and the question is asked back, because nothing is said of why.
    assert_eq!(asked_back.status, 422, "{}", asked_back.text());
    assert!(asked_back.text().contains(&account) && asked_back.text().contains(&cast.plate), "{}", asked_back.text());
    assert!(browser.cookies.iter().any(|(name, _)| name == "session"));
    // A code works once.
    let mut other = Browser { server: &server, cookies: vec![] };
    assert_eq!(other.send(enter(PASSWORD, &code)).status, 401);

    // The bar is filled in, the search goes on, and the bar is kept for the next page.
    let found = browser.send(Ask::form(
        "/search",
        &[
            ("q", &cast.plate),
            ("purpose", "criminal_investigation"),
            ("use_code", "C"),
            ("case", &cast.event_number),
            ("reason", "tail lamp out, stop on the avenue"),
        ],
    ));
    assert_eq!(found.status, 200, "{}", found.text());
    assert!(
        found.text().contains(&format!("/records/{}", cast.vehicle)) && found.text().contains("tail lamp out"),
        "{}",
        found.text()
    );
    let vehicle = browser.send(Ask::get(&format!("/records/{}", cast.vehicle)));
    assert_eq!(vehicle.status, 200, "{}", vehicle.text());
    let person = browser.send(Ask::get(&format!("/records/{}", cast.person)));
    for page in [&vehicle, &person] {
        let text = page.text().to_lowercase();
        for words in ["judicial warrant", "confirm first", "administrative", "no action", "tail lamp out", "receipt"] {
            assert!(text.contains(words), "`{words}` is not on the page: {text}");
        }
    }
    assert!(person.text().contains(&cast.family_name));
    assert_eq!(browser.send(Ask::get("/counts?by=beat")).status, 200);

    // A page of another site cannot act in the officer's name.
    let forged = browser.send(Ask::form("/sign-out", &[]).with("origin", "http://other.example"));
    assert_eq!(forged.status, 403, "{}", forged.text());
    assert_eq!(browser.send(Ask::get(&format!("/records/{}", cast.vehicle))).status, 200);
    let stolen = browser.cookies.clone();
    assert_eq!(browser.send(Ask::form("/sign-out", &[])).status, 200);
    // The machine stays known to whoever signs in next; the session and the inquiry are gone.
    let left: Vec<_> = browser.cookies.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(left, ["device"]);
    let mut thief = Browser { server: &server, cookies: stolen };
    assert_eq!(thief.send(Ask::get("/search")).status, 401, "a session outlived signing out");

    for path in ["/", "/register", "/log", "/sign-in", "/api/v1/docs", "/no-such-page"] {
        let page = server.ask(&Ask::get(path));
        assert!(page.is_page(), "{path}");
        works_without_scripts(path, &page);
    }
}

#[test]
fn a_browser_shows_the_public_register() {
    let bed = Bed::city();
    let server = bed.serve();
    bed.cut_off_frs(&server);
    let profile = bed.beside("browser");
    let began = Instant::now();
    let mut browser = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--virtual-time-budget=5000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("{}/register", server.url))
        .stdin(std::process::Stdio::null())
        .stdout(std::fs::File::create(bed.beside("dom.html")).unwrap())
        .stderr(std::fs::File::create(bed.beside("browser.log")).unwrap())
        .spawn()
        .unwrap_or_else(|error| panic!("chromium: {error}: install it (`scripts/prepare test` does)"));
    while browser.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(60) {
            browser.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let dom = std::fs::read_to_string(bed.beside("dom.html")).unwrap();
    let said = std::fs::read_to_string(bed.beside("browser.log")).unwrap();
    for words in [
        "Federal Removal Service",
        "cut off",
        "2026-1",
        "By order of the City Council",
        "Office of Legal Affairs",
        "Booking prints to the state repository",
    ] {
        assert!(dom.contains(words), "`{words}` is not on the page: {dom}\n{said}");
    }
}
