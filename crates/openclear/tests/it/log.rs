//! What the log says of requests that do not end well: wrong ones, clients that hang up, a process that is killed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use clear_audit::What;
use serde_json::json;

use crate::bed::{Ask, Bed, Server, until};

/// Every asked event with the events that end it.
fn ends(bed: &Bed) -> BTreeMap<String, Vec<What>> {
    let mut ends: BTreeMap<String, Vec<What>> = BTreeMap::new();
    for (_, event) in bed.events() {
        let Some(request) = event.request else { continue };
        match event.what {
            What::Asked => assert!(ends.insert(request.to_string(), vec![]).is_none(), "{request} was asked twice"),
            what if what.ends() => ends.get_mut(request.as_str()).expect("asked before it ended").push(what),
            _ => {}
        }
    }
    ends
}

/// Enrolling hashes a password, which keeps a request open for a while: long enough to hang up or be killed in it.
fn slow(bed: &Bed, number: usize) -> Ask {
    let account = json!({"id": format!("slow-{number}"), "name": "Somebody", "agency": "pmpd", "roles": ["officer"], "password": "nineteen lanterns on the pier"});
    bed.as_who("steward", Ask::post("/api/v1/accounts", &account))
}

/// Sends a request and leaves without reading the answer.
fn hang_up(server: &Server, ask: &Ask, after: Duration) {
    let stream = send(server, ask);
    std::thread::sleep(after);
    drop(stream);
}

#[test]
fn wrong_questions_clients_that_hang_up_and_a_killed_process_leave_one_end_each() {
    let bed = Bed::city();
    let server = bed.serve_at_pace("1h", 256);
    let wrong = [
        bed.find("officer", &json!({"name": "a", "words": "b"})),
        bed.find("officer", &json!({})),
        bed.as_who(
            "officer",
            Ask::post(
                "/api/v1/counts",
                &json!({"inquiry": bed.inquiry("officer"), "question": {"by": ["no_such_column"]}}),
            ),
        ),
        bed.as_who(
            "officer",
            Ask::post(
                "/api/v1/find",
                &json!({"inquiry": bed.inquiry("officer"), "question": {"name": "a"}, "see": 1_000_000}),
            ),
        ),
        bed.as_who(
            "steward",
            Ask::post(
                "/api/v1/register/entries",
                &json!([{"entry": "edge", "kind": "parent", "from": "frs", "to": "nowhere"}]),
            ),
        ),
    ];
    let mut numbers = Vec::new();
    for ask in &wrong {
        let said = server.ask(ask);
        assert_eq!(said.status, 400, "{}", said.text());
        numbers.push(said.number().expect("a wrong question has a number").to_owned());
    }
    for number in 0..12 {
        hang_up(&server, &slow(&bed, number), Duration::from_millis(2 * number as u64));
        hang_up(&server, &bed.find("officer", &json!({"name": "smith"})), Duration::from_millis(number as u64));
    }
    // The last answer comes after everything that was sent before it was given up.
    until("what was hung up on has ended", Duration::from_secs(30), || {
        let metrics = server.ask(&Ask::get("/metrics")).text();
        let count = |asked: bool| -> u64 {
            let lines = metrics
                .lines()
                .filter(|line| line.starts_with("requests_ended_total{") && line.contains("how=\"asked\"") == asked);
            lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
        };
        count(true) == count(false)
    });
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
    let known = ends(&bed);
    for number in &numbers {
        assert_eq!(known[number], [What::Failed], "{number}");
    }
    assert!(known.values().all(|ends| ends.len() == 1), "{:?}", known.values().collect::<Vec<_>>());
    assert!(known.values().any(|ends| ends == &[What::Cut]), "nobody was noticed to have hung up");

    // Killed half-way: the next start ends what was open. How long a question is open depends on how busy the machine is.
    for round in 0..12 {
        let server = bed.serve_at_pace("1h", 256);
        let open: Vec<TcpStream> = (0..4).map(|number| send(&server, &slow(&bed, 100 + 10 * round + number))).collect();
        // Asked is on the disk some milliseconds after it was sent; the hashes of four passwords take longer.
        std::thread::sleep(Duration::from_millis(40 + 30 * (round as u64 % 6)));
        server.kill();
        drop(open);
        let (status, _) = bed.serve_at_pace("1h", 256).stop();
        assert!(status.success());
        if round >= 2 && ends(&bed).values().any(|ends| ends == &[What::Crashed]) {
            break;
        }
    }
    let known = ends(&bed);
    assert!(
        known.values().all(|ends| ends.len() == 1),
        "a request has no end, or two: {:?}",
        known.iter().filter(|(_, ends)| ends.len() != 1).collect::<Vec<_>>()
    );
    assert!(known.values().any(|ends| ends == &[What::Crashed]), "no request was open when the process was killed");
}

/// Sends a request; the connection stays open as long as what is returned.
fn send(server: &Server, ask: &Ask) -> TcpStream {
    let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(&ask.wire()).unwrap();
    stream
}
