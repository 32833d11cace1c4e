//! Limits, methods, other sites, HTTP/2, the end.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use clear_web::Config;

use crate::city::City;

#[test]
fn a_body_of_100_mb_is_refused_without_being_read() {
    let city = City::open();
    let token = format!("Bearer {}", city.token("officer"));
    let refused = |length: Option<usize>| {
        let mut client = city.client();
        let length_text = length.map(|length| length.to_string()).unwrap_or_default();
        let mut headers = vec![("authorization", token.as_str()), ("content-type", "application/json")];
        match length {
            Some(_) => headers.push(("content-length", &length_text)),
            None => headers.extend([("transfer-encoding", "chunked"), ("content-length", "")]),
        }
        let headers: Vec<_> =
            headers.into_iter().filter(|(name, value)| *name != "content-length" || !value.is_empty()).collect();
        let mut head = "POST /api/v1/records/incident HTTP/1.1\r\nhost: clear.test\r\n".to_owned();
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str("\r\n");
        let stream = client.stream.get_mut();
        stream.write_all(head.as_bytes()).unwrap();
        let part = vec![b' '; 1 << 16];
        for _ in 0..(100 << 20) / part.len() {
            // The other end stops reading at some time; the refusal is on its way then.
            let chunk =
                if length.is_some() { part.clone() } else { [b"10000\r\n".as_slice(), &part, b"\r\n"].concat() };
            if stream.write_all(&chunk).is_err() {
                break;
            }
        }
        let answer = client.receive(false).unwrap();
        assert_eq!(answer.header("connection"), "close");
        (answer.status, answer.code())
    };
    assert_eq!(refused(Some(100 << 20)), (413, "too_long".to_owned()));
    assert_eq!(refused(None), (413, "too_long".to_owned()));
    assert_eq!(city.ask("GET /healthz", &[], b"").status, 200);
}

#[test]
fn wrong_addresses_and_methods() {
    let city = City::open();
    let api = city.ask("GET /api/v1/nothing", &[], b"");
    assert_eq!(
        (api.status, api.header("content-type"), api.code().as_str()),
        (404, "application/json", "no_such_route")
    );
    let page = city.ask("GET /nothing", &[], b"");
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.text().contains("<h1>Nothing at this address</h1>"));
    let method = city.ask("POST /api/v1/me", &[], b"");
    assert_eq!((method.status, method.header("allow"), method.code().as_str()), (405, "GET,HEAD", "method"));
    let head = city.ask("HEAD /register", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let long = city.ask("GET /", &[("x-long", &"x".repeat(60_000))], b"");
    assert_eq!(long.status, 431);
}

#[test]
fn another_sites_page_cannot_act_here() {
    let city = City::open();
    let token = format!("Bearer {}", city.token("officer"));
    let file = |origin: (&'static str, &'static str)| {
        let headers = [("authorization", token.as_str()), ("content-type", "application/json"), origin];
        city.ask("POST /api/v1/records/vehicle", &headers, br#"{"plate":"QX 4471"}"#).status
    };
    let entries = city.desk.public_log().size();
    assert_eq!(file(("origin", "https://other.example")), 403);
    assert_eq!(file(("sec-fetch-site", "cross-site")), 403);
    assert_eq!(city.desk.public_log().size(), entries, "nothing was asked of the roads");
    assert_eq!(file(("origin", "http://clear.test")), 201);
}

#[test]
fn http_2_is_spoken_on_the_same_port() {
    let city = City::open();
    let mut client = city.client();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    client.stream.get_mut().write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &settings].concat()).unwrap();
    let mut frame = [0u8; 9];
    client.stream.read_exact(&mut frame).unwrap();
    assert_eq!((frame[3], frame[5..9].to_vec()), (4, vec![0; 4]), "the first frame of the other end is SETTINGS");
}

#[test]
fn a_silent_connection_is_ended() {
    let city = City::with(Config { head_timeout: Duration::from_millis(200), ..Config::default() });
    for begin in [&b""[..], b"PRI ", b"GET / HTTP/1.1\r\nhost: x\r\n"] {
        let mut client = city.client();
        client.stream.get_mut().write_all(begin).unwrap();
        let began = Instant::now();
        let mut rest = Vec::new();
        let _ = client.stream.read_to_end(&mut rest);
        assert!(began.elapsed() < Duration::from_secs(5), "{begin:?}");
    }
}

#[test]
fn the_server_ends_within_seconds_although_somebody_stays() {
    let mut city = City::open();
    let mut idle = city.client();
    assert_eq!(idle.ask("GET /healthz", &[], b"").unwrap().status, 200);
    let _silent = city.client();
    assert!(city.stop() < Duration::from_secs(8));
    assert!(idle.is_ended());
}

#[test]
fn connections_beyond_the_limit_wait_their_turn() {
    let city = City::with(Config { connections_max: 1, ..Config::default() });
    let mut first = city.client();
    assert_eq!(first.ask("GET /healthz", &[], b"").unwrap().status, 200);
    let mut second = city.client();
    second.send("GET /healthz", &[], b"").unwrap();
    second.stream.get_mut().set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(second.receive(false).is_err());
    drop(first);
    second.stream.get_mut().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(second.receive(false).unwrap().status, 200);
}

#[test]
fn a_port_in_use_says_so() {
    let city = City::open();
    let error = city.runtime.block_on(clear_web::listen(city.address)).unwrap_err();
    assert!(error.to_string().contains("in use by another process"), "{error}");
}

#[test]
fn metrics_count_and_name_nobody() {
    let city = City::open();
    city.some_person();
    city.ask_as("officer", "GET /api/v1/find?name=calloway", b"");
    city.ask("GET /never/heard-of", &[], b"");
    let metrics = city.ask("GET /metrics", &[], b"").text();
    assert!(metrics.contains(r#"http_requests_total{method="GET",route="/api/v1/find",status="200"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"http_requests_total{method="GET",route="none",status="404"} 1"#), "{metrics}");
    assert!(metrics.contains("http_request_seconds_bucket"), "{metrics}");
    // Whom a proxy hands on is not on this machine.
    let handed_on = city.ask("GET /metrics", &[("x-forwarded-for", "203.0.113.7")], b"");
    assert_eq!(handed_on.status, 403, "{}", handed_on.text());
    assert!(metrics.contains(r#"requests_ended_total{how="answered"} 1"#), "{metrics}");
    for word in ["calloway", "officer", "heard-of", "127.0.0.1"] {
        assert!(!metrics.contains(word), "{word}");
    }
    assert_eq!(city.ask("GET /healthz", &[], b"").json()["state"], "serving");
}
