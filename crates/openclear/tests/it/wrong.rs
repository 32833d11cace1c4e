//! Bad input: a clear word, never a fault of ours, and nothing is changed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::bed::{Ask, Bed, Server, run, stderr};

/// The register's version and how many records the clerk sees: what a refused request must leave as it was.
fn state(bed: &Bed, server: &Server) -> (Value, Value) {
    let register = server.ask(&Ask::get("/api/v1/register")).json()["version"].clone();
    let list = server.ask(&bed.find("clerk", &json!({"text": "ZZZ 999"})));
    assert_eq!(list.status, 200, "{}", list.text());
    (register, list.json()["total"].clone())
}

#[test]
fn wrong_requests_are_refused_with_a_word() {
    let bed = Bed::city();
    let server = bed.serve();
    let before = state(&bed, &server);
    let inquiry = bed.inquiry("officer");
    let find = |body: Value| bed.as_who("officer", Ask::post("/api/v1/find", &body));
    let file = |body: &str| {
        bed.as_who("clerk", Ask::post_bytes("/api/v1/records/vehicle", "application/json", body.as_bytes().to_vec()))
    };
    let bearer = |token: &str| {
        Ask::post("/api/v1/find", &json!({"inquiry": inquiry, "question": {"plate": "x"}}))
            .with("authorization", &format!("Bearer {token}"))
    };
    let steward = |path: &str, body: Value| bed.as_who("steward", Ask::post(path, &body));
    let wish = |agency: &str| json!({"number": "2026-9", "agency": agency, "covers": "under", "text": "Access ends."});
    let table: Vec<(&str, Ask, u16, &[&str])> = vec![
        (
            "an unknown field of a question",
            find(json!({"inquiry": inquiry, "question": {"nmae": "smith"}})),
            400,
            &["unknown field `nmae`"],
        ),
        (
            "an unknown field beside it",
            find(json!({"inquiry": inquiry, "question": {"name": "smith"}, "limit": 5})),
            400,
            &["unknown field `limit`"],
        ),
        (
            "an unknown field of an inquiry",
            find(json!({"inquiry": {"porpoise": "x"}, "question": {"name": "smith"}})),
            400,
            &["unknown field `porpoise`"],
        ),
        (
            "an unknown field of a query",
            bed.as_who("officer", Ask::get("/api/v1/find?nmae=smith").under(&inquiry)),
            400,
            &["unknown field `nmae`"],
        ),
        ("an unknown field of a record", file(r#"{"plate": "ZZZ 999", "color": "blue"}"#), 400, &["`color`"]),
        (
            "an unknown field of an account",
            steward("/api/v1/accounts", json!({"id": "x", "name": "X", "agency": "pmpd", "roles": [], "admin": true})),
            400,
            &["unknown field `admin`"],
        ),
        (
            "an unknown field of an entry",
            steward("/api/v1/register/entries", json!([{"entry": "use_code", "code": "Q", "title": "Q", "note": "x"}])),
            400,
            &["unknown field `note`"],
        ),
        ("half a JSON", file(r#"{"plate": "ZZZ 9"#), 400, &["vehicle"]),
        (
            "no JSON at all",
            bed.as_who("officer", Ask::post_bytes("/api/v1/find", "application/json", vec![])),
            400,
            &["the body is empty"],
        ),
        ("a number for a word", file(r#"{"plate": 7}"#), 400, &["`plate`"]),
        ("a year that cannot be", file(r#"{"plate": "ZZZ 999", "model_year": 3000}"#), 400, &["`model_year`"]),
        (
            "another content type",
            bed.as_who("officer", Ask::post_bytes("/api/v1/find", "text/csv", b"name,smith".to_vec())),
            415,
            &["application/json"],
        ),
        (
            "a form for JSON",
            bed.as_who("clerk", Ask::form("/api/v1/records/vehicle", &[("plate", "ZZZ 999")])),
            415,
            &["application/json"],
        ),
        (
            "JSON for a form",
            bed.as_who("officer", Ask::post("/search", &json!({"q": "x"}))),
            415,
            &["application/x-www-form-urlencoded"],
        ),
        ("a token that was never given", bearer("oct_0000000000000000000000000"), 401, &["ign in", "token"]),
        ("a token that has ended", bearer(&bed.person("officer").old_token), 401, &["ended"]),
        ("a session that was never opened", bearer("ocs_0000000000000000000000000"), 401, &[]),
        ("no bearer", Ask::get("/api/v1/me").with("authorization", "Basic b2ZmaWNlcjpwYXNz"), 401, &["Bearer"]),
        (
            "an unknown kind of record",
            bed.as_who("clerk", Ask::post("/api/v1/records/boat", &json!({}))),
            404,
            &["vehicle"],
        ),
        ("an id that is none", bed.open_record("officer", "per_xyz"), 400, &["per_xyz"]),
        (
            "an order over an unknown agency",
            steward("/api/v1/register/cut-offs/preview", wish("no-such-agency")),
            400,
            &["no-such-agency"],
        ),
        ("an order over no agency", steward("/api/v1/register/cut-offs/preview", wish("")), 400, &["agency"]),
        ("an order over an owner", steward("/api/v1/register/cut-offs/preview", wish("pmpd")), 400, &["owner"]),
        (
            "an order without signatures",
            steward("/api/v1/register/cut-offs", json!({"note": "OpenCLEAR cut-off order, version 1\n"})),
            400,
            &[],
        ),
        (
            "a word of the register that is none",
            steward("/api/v1/register/entries", json!([{"entry": "reopening", "agency": "frs"}])),
            400,
            &["reopening"],
        ),
        (
            "an empty filing of the register",
            steward("/api/v1/register/entries", json!([])),
            400,
            &["nothing in the filing"],
        ),
        (
            "an account that exists",
            steward(
                "/api/v1/accounts",
                json!({"id": "officer-1042", "name": "X", "agency": "pmpd", "roles": ["officer"], "password": "nineteen lanterns on the pier"}),
            ),
            400,
            &["officer-1042"],
        ),
        (
            "a password that is too short",
            steward(
                "/api/v1/accounts",
                json!({"id": "x", "name": "X", "agency": "pmpd", "roles": ["officer"], "password": "short"}),
            ),
            400,
            &["assword"],
        ),
        ("a method that is not taken", bed.as_who("officer", Ask::form("/api/v1/register", &[])), 405, &["GET"]),
        ("an address that is none", bed.as_who("officer", Ask::get("/api/v2/find")), 404, &[]),
        ("a path out of the log's folder", Ask::get("/log/tile/..%2f..%2fkeys%2flog.key"), 404, &[]),
    ];
    let mut wrong = Vec::new();
    for (what, ask, status, says) in table {
        let said = server.ask(&ask);
        let message =
            if said.is_page() { said.text() } else { said.json()["message"].as_str().unwrap_or_default().to_owned() };
        if said.status != status || message.is_empty() || !says.iter().all(|words| message.contains(words)) {
            wrong.push(format!("{what}: {} and not {status} with {says:?}: {}", said.status, said.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(state(&bed, &server), before, "something was changed");
    let stderr = server.stderr();
    assert!(!stderr.contains("panicked") && !stderr.contains("ERROR"), "{stderr}");
}

#[test]
fn a_body_of_100_mb_is_refused_and_the_server_goes_on() {
    let bed = Bed::bare();
    let server = bed.serve();
    let before = resident_kb(server.id());
    // With its length said beforehand, and without.
    for chunked in [false, true] {
        let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
        let length =
            if chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {}", 100 << 20) };
        let token = &bed.person("clerk").token;
        let head = format!(
            "POST /api/v1/records/vehicle HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n{length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut reader = stream.try_clone().unwrap();
        let answer = std::thread::spawn(move || {
            let mut said = Vec::new();
            let mut chunk = [0; 4096];
            // The connection may be reset after the answer: what came before that is the answer.
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                said.extend_from_slice(&chunk[..count]);
            }
            String::from_utf8_lossy(&said).into_owned()
        });
        let megabyte = vec![b' '; 1 << 20];
        for _ in 0..100 {
            let part = if chunked {
                [format!("{:x}\r\n", megabyte.len()).as_bytes(), &megabyte, b"\r\n"].concat()
            } else {
                megabyte.clone()
            };
            if stream.write_all(&part).is_err() {
                break;
            }
        }
        drop(stream);
        let said = answer.join().unwrap();
        assert!(said.starts_with("HTTP/1.1 413"), "chunked {chunked}: {}", said.lines().next().unwrap_or_default());
        assert!(said.contains("too_long") && said.contains("openclear import"), "{said}");
    }
    let grown = resident_kb(server.id()).saturating_sub(before);
    assert!(grown < 50_000, "the server grew by {grown} kB");
    let good = server.ask(&bed.as_who("clerk", Ask::post("/api/v1/records/vehicle", &json!({"plate": "AB 1"}))));
    assert_eq!(good.status, 201, "{}", good.text());
}

fn resident_kb(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn commands_that_cannot_be_done_say_why_and_change_nothing() {
    let bed = Bed::city();
    let dir = bed.dir.to_str().unwrap();
    let server = bed.serve();
    let before = state(&bed, &server);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    let register = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/port-meridian/register.json");
    let typo = bed.beside("typo.json");
    fs::write(&typo, fs::read_to_string(register).unwrap().replacen("\"quorum\"", "\"quroum\"", 1)).unwrap();
    let typo_line = fs::read_to_string(&typo).unwrap().lines().position(|line| line.contains("quroum")).unwrap() + 1;
    let line = format!("line {typo_line}");
    let late = bed.beside("late.json");
    fs::write(&late, fs::read_to_string(register).unwrap().replacen("\"owner\": \"pmpd\"", "\"owner\": \"pmdp\"", 1))
        .unwrap();
    let fresh = bed.beside("fresh");
    let fresh = fresh.to_str().unwrap();
    let other = bed.beside("other");
    let other = other.to_str().unwrap();
    let (typo, late) = (typo.to_str().unwrap(), late.to_str().unwrap());
    let sample = crate::bed::sample();
    let sample = sample.to_str().unwrap();
    let (steward, clerk, old) =
        (&bed.person("steward").token, &bed.person("clerk").token, &bed.person("officer").old_token);
    let key = bed.beside("a.key");
    fs::write(&key, "not a key").unwrap();
    let key = key.to_str().unwrap();
    let founder = bed.beside("founder.key");
    fs::write(&founder, &clear_testkit::story::fixed_keys(&clear_testkit::story::register())[0].private).unwrap();
    let founder = founder.to_str().unwrap();
    let url = server.url.as_str();
    let inquiry = ["--purpose", "criminal_investigation", "--use-code", "C", "--case", "JB1", "--reason", "a reason"];
    let asking = |rest: &[&'static str], token| [rest, &inquiry, &["--url", url, "--as", token]].concat();
    let table: Vec<(&str, Vec<&str>, i32, Vec<&str>)> = vec![
        (
            "a folder in use, by an import",
            vec!["import", "chicago-crimes", "--dir", dir, "--as", clerk, sample],
            1,
            vec!["in use by another process", dir],
        ),
        (
            "a folder in use, by a server",
            vec!["serve", "--dir", dir, "--port", "0"],
            1,
            vec!["in use by another process", dir],
        ),
        ("a port in use", vec!["serve", "--dir", other, "--port", &port], 1, vec![&port, "in use"]),
        ("a port in use, by a demo", vec!["demo", "--dir", other, "--port", &port], 1, vec![&port, "in use"]),
        ("nothing founded", vec!["serve", "--dir", other, "--port", "0"], 1, vec!["openclear init", other]),
        (
            "a register with a typo",
            vec!["init", "--dir", fresh, "--register", typo],
            1,
            vec!["typo.json", "quroum", &line],
        ),
        (
            "a register that names nobody",
            vec!["init", "--dir", fresh, "--register", late],
            1,
            vec!["pmdp", "agreement"],
        ),
        (
            "no register",
            vec!["init", "--dir", fresh, "--register", "/nowhere/register.json"],
            1,
            vec!["/nowhere/register.json"],
        ),
        (
            "no server",
            vec!["ask", "plate", "x", "--url", "http://127.0.0.1:1", "--as", clerk],
            1,
            vec!["cannot reach http://127.0.0.1:1"],
        ),
        ("a token that has ended", asking(&["ask", "plate", "x"], old), 3, vec!["ended"]),
        (
            "a persona that is none",
            vec!["ask", "plate", "x", "--url", url, "--as", "/nowhere/personas.json#officer"],
            1,
            vec!["/nowhere/personas.json"],
        ),
        (
            "an order over an unknown agency",
            vec![
                "register",
                "cut-off",
                "--agency",
                "no-such-agency",
                "--text",
                "x",
                "--key",
                key,
                "--url",
                url,
                "--as",
                steward,
            ],
            3,
            vec!["no-such-agency"],
        ),
        (
            "an order that was mistyped",
            vec![
                "register",
                "cut-off",
                "--agency",
                "narcotics",
                "--text",
                "x",
                "--key",
                key,
                "--confirm",
                "1 wrong",
                "--url",
                url,
                "--as",
                steward,
            ],
            1,
            vec!["nothing was signed"],
        ),
        (
            "a suspension of an unknown agency",
            vec![
                "register",
                "suspend",
                "--agency",
                "no-such-agency",
                "--reason",
                "x",
                "--key",
                founder,
                "--url",
                url,
                "--as",
                steward,
            ],
            3,
            vec!["no-such-agency"],
        ),
        ("a log that is none", vec!["audit", "verify", "/nowhere"], 1, vec!["/nowhere"]),
        (
            "a PostgreSQL that is not there",
            vec!["serve", "--dir", other, "--port", "0", "--postgres", "postgres://clear:hunter22@127.0.0.1:1/clear"],
            1,
            vec!["127.0.0.1:1", "cannot be reached"],
        ),
        (
            "an address that is none",
            vec!["serve", "--dir", other, "--port", "0", "--postgres", "mysql://clear:hunter22@db/clear"],
            1,
            vec!["postgres://"],
        ),
    ];
    let mut wrong = Vec::new();
    for (what, args, code, says) in table {
        let output = run(&args);
        let said = stderr(&output);
        let clean = !said.contains("panicked") && !said.contains("hunter22");
        if output.status.code() != Some(code) || !clean || !says.iter().all(|words| said.contains(words)) {
            wrong.push(format!("{what}: {} and not {code} with {says:?}: {said}", output.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(state(&bed, &server), before, "something was changed");
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");

    // Founding twice founds once, and keeps the founders' keys.
    let good = run(&["init", "--dir", fresh, "--register", register]);
    assert_eq!(good.status.code(), Some(0), "{}", stderr(&good));
    let keys = || {
        let mut keys: Vec<_> = fs::read_dir(bed.beside("fresh/keys-of-founders"))
            .unwrap()
            .map(|key| fs::read(key.unwrap().path()).unwrap())
            .collect();
        keys.sort();
        keys
    };
    let before = keys();
    assert_eq!(before.len(), 3);
    let again = run(&["init", "--dir", fresh, "--register", register]);
    assert_eq!(again.status.code(), Some(1), "{}", stderr(&again));
    assert!(stderr(&again).contains("holds an installation already"), "{}", stderr(&again));
    assert!(keys() == before, "a refused founding changed the founders' keys");
}
