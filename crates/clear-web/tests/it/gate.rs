//! The gate at the socket.

use std::io::Read;
use std::time::Duration;

use crate::city::City;

#[test]
fn an_order_resets_its_closures_connections_and_no_others() {
    let city = City::open();
    city.some_person();
    let line = "GET /api/v1/find?name=calloway";
    let (mut cut, mut other, mut idle) = (city.client(), city.client(), city.client());
    let first = cut.ask_as(&city, "cut_off", line, b"").unwrap();
    assert_eq!(first.status, 200, "{}", first.text());
    let before = other.ask_as(&city, "partner", line, b"").unwrap();
    assert_eq!(idle.ask("GET /api/v1/register", &[], b"").unwrap().status, 200);

    let order = city.cut_off("frs", "2019-07-16/1");
    assert_eq!(order["connections"], 1);

    // Reset, not ended in order: nothing of what was still to be sent arrives.
    let error = cut.stream.read(&mut [0u8; 1]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let after = other.ask_as(&city, "partner", line, b"").unwrap();
    assert_eq!((after.status, after.body), (200, before.body));
    assert_eq!(idle.ask("GET /healthz", &[], b"").unwrap().status, 200);
}

#[test]
fn bytes_that_wait_in_the_kernel_are_discarded() {
    let city = City::open();
    for number in 0..40 {
        let record = serde_json::json!({"family_name": "Calloway", "given_name": format!("Marcus{number}"), "marks": "m".repeat(20_000)});
        city.file("person", &record);
    }
    let mut cut = city.client();
    // A reader that does not read, and asks on: answers pile up in both kernels until the server can write no more.
    let line = "GET /api/v1/find?name=calloway&limit=40";
    cut.ask_as(&city, "cut_off", line, b"").unwrap();
    let sent = city.desk.counts().into_iter().find(|(how, _)| *how == "answered").unwrap().1;
    let bearer = format!("Bearer {}", city.token("cut_off"));
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-inquiry-purpose", "criminal_investigation"),
        ("x-inquiry-use-code", "C"),
        ("x-inquiry-case", "JC-1"),
        ("x-inquiry-reason", "Witness"),
        ("x-inquiry-on-behalf-of", "frs"),
    ];
    for _ in 0..20 {
        cut.send(line, &headers, b"").unwrap();
    }
    // At least one more answer is under way.
    while city.desk.counts().into_iter().find(|(how, _)| *how == "answered").unwrap().1 == sent {
        std::thread::yield_now();
    }
    city.cut_off("frs", "2019-07-16/1");
    // What this end's kernel had taken before may still be read; then comes the reset, and never an orderly end.
    let mut rest = Vec::new();
    let error = cut.stream.read_to_end(&mut rest).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(rest.len() < 20 * 800_000, "{} bytes", rest.len());
}

#[test]
fn a_connection_carries_one_standing() {
    let city = City::open();
    city.some_person();
    let mut shared = city.client();
    let line = "GET /api/v1/find?name=calloway";
    assert_eq!(shared.ask_as(&city, "officer", line, b"").unwrap().status, 200);
    assert_eq!(shared.ask_as(&city, "officer", line, b"").unwrap().status, 200);
    let another = shared.ask_as(&city, "partner", line, b"").unwrap();
    assert_eq!((another.status, another.code().as_str(), another.header("connection")), (421, "one_standing", "close"));
    assert!(shared.is_ended());
    // The same question on a connection of its own.
    assert_eq!(city.ask_as("partner", line, b"").status, 200);

    let mut browser = city.client();
    assert_eq!(browser.ask_as(&city, "officer", line, b"").unwrap().status, 200);
    let cookie = format!("session={}", city.token("partner"));
    let sent = browser.ask("GET /search?q=calloway", &[("cookie", &cookie)], b"").unwrap();
    assert_eq!((sent.status, sent.header("location"), sent.header("connection")), (307, "/search?q=calloway", "close"));
    assert!(browser.is_ended());
}

#[test]
fn ended_connections_leave_the_gate() {
    let city = City::open();
    let open = city.client();
    while city.desk.gate().connections() != 1 {
        std::thread::yield_now();
    }
    drop(open);
    let began = std::time::Instant::now();
    while city.desk.gate().connections() != 0 {
        assert!(began.elapsed() < Duration::from_secs(5), "the connection is still in the gate's list");
        std::thread::yield_now();
    }
}
