//! Rows, streamed: what they are, what the log has of them, and how they end.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clear_audit::{Event, Opened, What};
use clear_policy::{Over, SuspensionDraft, sign};
use clear_record::{Draft, Handling, Inquiry, Kind, Label, Method, Origin, Provenance, Record, RecordId};
use clear_respond::{Credential, Filing};
use clear_rules::{CedarRules, Texts};
use jiff::SignedDuration;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::city::{City, Client};
use crate::devices::sign_in;

/// More than two parts of an answer.
const ROWS: usize = 300;

/// Files incidents on two beats, of two types, one a minute; every third is black to other agencies if `black`.
fn file_incidents(city: &City, count: usize, black: bool) {
    let asker = city.runtime.block_on(city.desk.prove(Credential::Token(city.token("officer")))).unwrap();
    let (agency, author) = (asker.agency.clone().unwrap(), asker.account.clone().unwrap());
    let draft = |number: usize| {
        let incident = json!({
            "case_number": format!("JC{number:06}"),
            "occurred_from": format!("2019-07-{:02}T{:02}:{:02}:00", 1 + number / 1440, number / 60 % 24, number % 60),
            "offences": [{"iucr": "0820", "primary_type": if number.is_multiple_of(3) { "THEFT" } else { "BATTERY" }}],
            "beat": if number.is_multiple_of(2) { "0411" } else { "0412" },
            "block": "014XX W FERRY ST", "location_description": "STREET, \"SIDEWALK\"", "ward": 27
        });
        let mut label = Label::of(agency.clone(), Kind::Incident);
        if black && number.is_multiple_of(3) {
            label.handling = Handling::Black;
        }
        Draft {
            id: RecordId::derived(Kind::Incident, &agency, "test", &number.to_string()),
            record: Record::from_bytes(Kind::Incident, incident.to_string().as_bytes()).unwrap(),
            label,
            valid_from: city.desk.clock(),
            provenance: Provenance {
                agency: agency.clone(),
                author: author.clone(),
                method: Method::Imported,
                source: "test".into(),
                reference: None,
                derived: Default::default(),
            },
        }
    };
    let importer = city.runtime.block_on(city.desk.prove(Credential::Token(city.token("importer")))).unwrap();
    let filing = Filing::Records((0..count).map(draft).collect());
    let request = city.desk.request(&importer, Inquiry::default(), Origin::default(), None, filing);
    city.runtime.block_on(clear_respond::accept(&city.desk, request)).unwrap();
}

/// A whole answer, taken out of its chunks.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    trailers: Vec<(String, String)>,
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

fn send(client: &mut Client, city: &City, who: &str, path: &str, accept: &str, body: &Value) {
    let bearer = format!("Bearer {}", city.token(who));
    send_with(client, path, &[("authorization", &bearer), ("accept", accept)], body);
}

fn send_with(client: &mut Client, path: &str, who: &[(&str, &str)], body: &Value) {
    let headers = [who, &[("content-type", "application/json"), ("te", "trailers")]].concat();
    client.send(&format!("POST {path}"), &headers, body.to_string().as_bytes()).unwrap();
}

fn pairs(client: &mut Client) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    loop {
        let mut line = String::new();
        client.stream.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { return pairs };
        pairs.push((name.to_ascii_lowercase(), value.to_owned()));
    }
}

fn receive(client: &mut Client) -> Answer {
    let mut line = String::new();
    client.stream.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let headers = pairs(client);
    let mut body = Vec::new();
    if find(&headers, "transfer-encoding") != "chunked" {
        body.resize(find(&headers, "content-length").parse().unwrap(), 0);
        client.stream.read_exact(&mut body).unwrap();
        return Answer { status, headers, body: String::from_utf8(body).unwrap(), trailers: vec![] };
    }
    loop {
        let mut line = String::new();
        client.stream.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        if size == 0 {
            let trailers = pairs(client);
            return Answer { status, headers, body: String::from_utf8(body).unwrap(), trailers };
        }
        let at = body.len();
        body.resize(at + size + 2, 0);
        client.stream.read_exact(&mut body[at..]).unwrap();
        body.truncate(at + size);
    }
}

fn inquiry(who: &str) -> Value {
    let agency = clear_testkit::story::personas().into_iter().find(|known| known.persona == who).unwrap().agency;
    json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Pattern on the beat", "on_behalf_of": [agency]})
}

fn rows_as(city: &City, who: &str, path: &str, accept: &str, question: &Value) -> Answer {
    let mut client = city.client();
    send(&mut client, city, who, path, accept, &json!({"inquiry": inquiry(who), "question": question}));
    receive(&mut client)
}

fn rows(city: &City, question: &Value) -> Answer {
    rows_as(city, "officer", "/api/v1/rows", "*/*", question)
}

/// The events of one request.
fn events(city: &City, request: &str) -> Vec<Event> {
    let log = city.desk.public_log();
    let opened = log.openings(0..log.synced_size()).unwrap().map(|opened| opened.unwrap().1);
    opened
        .filter_map(|opened| match opened {
            Opened::Event(event) if event.request.as_ref().is_some_and(|id| id.as_str() == request) => Some(event),
            _ => None,
        })
        .collect()
}

#[test]
fn rows_are_lines_in_the_order_of_filing_and_each_part_is_in_the_log() {
    let city = City::open();
    file_incidents(&city, ROWS, false);
    let answer = rows(&city, &json!({"from": "2019-07-01"}));
    assert_eq!(
        (answer.status, find(&answer.headers, "content-type")),
        (200, "application/x-ndjson"),
        "{}",
        answer.body
    );
    let lines: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let cases: Vec<_> = lines.iter().map(|line| line["fields"]["case_number"].as_str().unwrap().to_owned()).collect();
    assert_eq!(cases, (0..ROWS).map(|number| format!("JC{number:06}")).collect::<Vec<_>>());
    assert_eq!((&lines[0]["originator"], &lines[0]["sharing"]["recipients"]), (&json!("pmpd"), &json!(["pmpd"])));

    let request = find(&answer.headers, "x-clear-request");
    let log = events(&city, request);
    let whats: Vec<What> = log.iter().map(|event| event.what).collect();
    assert_eq!(whats, [What::Asked, What::Batch, What::Batch, What::Batch, What::Answered]);
    assert!(log[0].question.as_ref().unwrap().starts_with("rows {\"from\":"), "{:?}", log[0].question);
    let seq: u64 = find(&answer.headers, "x-clear-seq").parse().unwrap();
    assert!(log[1..4].iter().all(|event| event.seq.unwrap().0 == seq && event.digest.is_some()));
    let mut told: Vec<String> = log[1..4].iter().flat_map(|event| &event.records).map(ToString::to_string).collect();
    let mut ids: Vec<String> = lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    told.sort();
    ids.sort();
    assert_eq!(told, ids, "what was told is what the log says");
    assert_eq!((log[1].count, log[3].count, log[4].count), (Some(128), Some(44), Some(300)));
    let receipt = clear_audit::Receipt::parse(find(&answer.trailers, "x-clear-receipt")).unwrap();
    receipt.check(city.desk.public_log().vkey()).unwrap();
    assert_eq!(receipt.request().unwrap().as_str(), request);
    // The same question at the same moment has the same bytes.
    assert_eq!(rows(&city, &json!({"from": "2019-07-01"})).body, answer.body);
}

#[test]
fn a_sheet_has_the_open_columns_and_a_heading_without_rows() {
    let city = City::open();
    file_incidents(&city, 5, false);
    let sheet = rows_as(&city, "officer", "/api/v1/rows", "text/csv", &json!({"beat": "411", "type": "BATTERY"}));
    assert_eq!(find(&sheet.headers, "content-type"), "text/csv; charset=utf-8; header=present");
    let lines: Vec<&str> = sheet.body.split("\r\n").collect();
    assert!(
        lines[0].starts_with("id,originator,handling,caveats,recipients,valid_from,case_number,occurred_from,"),
        "{}",
        lines[0]
    );
    assert_eq!(lines.len(), 2 + 2, "{}", sheet.body);
    assert!(lines[1].contains(",JC000002,2019-07-01T00:02:00,"), "{}", lines[1]);
    assert!(lines[1].contains(r#","STREET, ""SIDEWALK""","#), "{}", lines[1]);
    let empty = rows_as(&city, "officer", "/api/v1/rows?format=csv", "*/*", &json!({"beat": "9999"}));
    assert_eq!((empty.status, empty.body), (200, format!("{}\r\n", lines[0])));
    let nothing = rows(&city, &json!({"beat": "9999"}));
    assert_eq!((nothing.status, nothing.body.as_str()), (200, ""));
    let whats: Vec<What> =
        events(&city, find(&nothing.headers, "x-clear-request")).iter().map(|event| event.what).collect();
    assert_eq!(whats, [What::Asked, What::Answered]);
}

#[test]
fn rows_are_those_that_were_asked_for() {
    let city = City::open();
    file_incidents(&city, ROWS, false);
    for (question, count) in [
        (json!({"beat": "0411"}), 150),
        (json!({"beat": "412", "type": "THEFT"}), 50),
        (json!({"type": "NOTHING LIKE IT"}), 0),
        (json!({"from": "2019-07-01", "to": "2019-07-01"}), ROWS),
        (json!({"from": "2019-07-02"}), 0),
        (json!({"where": "ward = 27 AND beat = '0411'", "limit": 130}), 130),
        (json!({"where": "ward = 28"}), 0),
        (json!({"from": "2019-07-01", "limit": 1}), 1),
        (json!({"from": "2019-07-01", "limit": 0}), 0),
    ] {
        let answer = rows(&city, &question);
        assert_eq!((answer.status, answer.body.lines().count()), (200, count), "{question}");
    }
    for (question, code, what) in [
        (json!({}), "wrong", "say which incidents"),
        (json!({"from": "2019-07-02", "to": "2019-07-01"}), "wrong", "is after to"),
        (json!({"where": "ward = "}), "wrong", ""),
        (json!({"where": "no_such = 1"}), "wrong", "No such column: no_such"),
        (json!({"where": "ward"}), "wrong", ""),
        (json!({"from": "yesterday"}), "bad_json", "at line 1 column"),
        (json!({"colour": "red"}), "bad_json", "unknown field `colour`"),
    ] {
        let answer = rows(&city, &question);
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, said["code"].as_str().unwrap()), (400, code), "{question}: {said}");
        assert!(said["message"].as_str().unwrap().contains(what), "{question}: {said}");
    }
    let answer = rows_as(&city, "officer", "/api/v1/rows", "image/png", &json!({"beat": "0411"}));
    assert_eq!(answer.status, 406, "{}", answer.body);
    let mut client = city.client();
    send(&mut client, &city, "officer", "/api/v1/rows", "*/*", &json!({"question": {"beat": "0411"}}));
    let answer = receive(&mut client);
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &said["code"]), (422, &json!("inquiry_incomplete")), "{said}");
}

#[test]
fn gr15_a_black_record_is_no_row_and_leaves_no_gap() {
    let city = City::open();
    file_incidents(&city, ROWS, true);
    let question = json!({"from": "2019-07-01"});
    let partner = rows_as(&city, "partner", "/api/v1/rows", "*/*", &question);
    assert_eq!((partner.status, partner.body.lines().count()), (200, ROWS * 2 / 3), "{}", partner.body);
    assert!(!partner.body.contains("THEFT"));
    // Parts are full whatever is hidden between their rows.
    let counts: Vec<_> = events(&city, find(&partner.headers, "x-clear-request"))
        .iter()
        .filter(|event| event.what == What::Batch)
        .map(|event| event.count.unwrap())
        .collect();
    assert_eq!(counts, [128, 72]);
}

/// Waits for the end of a request in the log.
fn ended(city: &City, request: &str) -> Event {
    let began = Instant::now();
    loop {
        let ends: Vec<Event> = events(city, request).into_iter().filter(|event| event.what.ends()).collect();
        if let [end] = ends.as_slice() {
            return end.clone();
        }
        assert!(ends.is_empty(), "ended twice: {ends:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{request} has no end");
        std::thread::yield_now();
    }
}

/// Begins an answer that is longer than everything that waits for it, and reads its head.
fn begin(city: &City, who: &str) -> (Client, String) {
    let bearer = format!("Bearer {}", city.token(who));
    begin_with(city, &[("authorization", &bearer)], &inquiry(who))
}

fn begin_with(city: &City, who: &[(&str, &str)], inquiry: &Value) -> (Client, String) {
    // This end's kernel takes little by itself.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(&city.address.into()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut client = Client { stream: BufReader::new(socket.into()) };
    let body = json!({"inquiry": inquiry, "question": {"from": "2019-07-01"}});
    send_with(&mut client, "/api/v1/rows", who, &body);
    let mut line = String::new();
    client.stream.read_line(&mut line).unwrap();
    assert!(line.contains(" 200 "), "{line}");
    let headers = pairs(&mut client);
    (client, find(&headers, "x-clear-request").to_owned())
}

/// More than two kernels take of an answer that nobody reads.
const MANY: usize = 2_000;

#[test]
fn an_asker_that_goes_away_is_cut_in_the_log() {
    let city = City::open();
    file_incidents(&city, MANY, false);
    let (client, request) = begin(&city, "officer");
    drop(client);
    let end = ended(&city, &request);
    assert_eq!((end.what, end.why.as_deref()), (What::Cut, Some("the asker went away")));
}

#[test]
fn a_reader_that_does_not_read_is_waited_for_without_making_more() {
    let city = City::open();
    file_incidents(&city, MANY, false);
    let (mut client, request) = begin(&city, "officer");
    let batches = || events(&city, &request).iter().filter(|event| event.what == What::Batch).count();
    // It comes to a rest; what is made is what there is room for.
    let mut rest = (batches(), Instant::now());
    while rest.1.elapsed() < Duration::from_millis(700) {
        let now = batches();
        if now != rest.0 {
            rest = (now, Instant::now());
        }
        std::thread::yield_now();
    }
    assert!(rest.0 < MANY / 128, "all {} parts were made for nobody", rest.0);
    assert!(events(&city, &request).iter().all(|event| !event.what.ends()));
    // And goes on as soon as somebody reads.
    client.stream.get_mut().flush().unwrap();
    let mut some = vec![0; 1 << 20];
    let began = Instant::now();
    while events(&city, &request).iter().all(|event| !event.what.ends()) {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not go on");
        let _more = client.stream.read(&mut some).unwrap();
    }
    assert_eq!(ended(&city, &request).what, What::Answered);
}

#[test]
fn s12_gr02_an_owners_order_ends_the_running_answers_of_its_closure() {
    let city = City::open();
    file_incidents(&city, MANY, false);
    let (mut cut, request) = begin(&city, "partner");
    let (mut other, others) = begin(&city, "officer");
    let agency = inquiry("partner")["on_behalf_of"][0].as_str().unwrap().to_owned();
    let said = city.cut_off_by_owner(&agency, "pmpd", "2019-07-16/2");
    assert_eq!(said["connections"], 1, "{said}");
    let mut rest = Vec::new();
    let error = cut.stream.read_to_end(&mut rest).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let end = ended(&city, &request);
    assert!(
        end.what == What::Cut && end.why.as_ref().unwrap().contains("2019-07-16/2"),
        "{:?} {:?}",
        end.what,
        end.why
    );
    // The owner's own officers read on.
    let mut some = vec![0; 1 << 20];
    while events(&city, &others).iter().all(|event| !event.what.ends()) {
        let _more = other.stream.read(&mut some).unwrap();
    }
    assert_eq!(ended(&city, &others).what, What::Answered);
    let again = rows_as(&city, "partner", "/api/v1/rows", "*/*", &json!({"from": "2019-07-01"}));
    let said: Value = serde_json::from_str(&again.body).unwrap();
    assert_eq!((again.status, &said["order"]["number"]), (403, &json!("2019-07-16/2")), "{said}");
}

/// Suspends somebody by one founder's key.
fn suspend(city: &City, number: &str, over: Over) {
    let from = city.desk.clock();
    let draft = SuspensionDraft {
        installation: "port-meridian".parse().unwrap(),
        number: number.into(),
        over,
        from,
        until: from + SignedDuration::from_hours(24),
        reason: "Its password was found in a list".into(),
    };
    let note = sign(&draft.to_string(), &[city.keys[0].private.as_str()]).unwrap();
    let entries = json!([{"entry": "suspension", "note": note}]);
    let answer = city.ask_as("steward", "POST /api/v1/register/entries", entries.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[test]
fn s12_gr02_a_suspension_ends_the_running_answers_of_its_account_agency_or_device_alone() {
    let city = City::open();
    file_incidents(&city, MANY, false);
    let personas = clear_testkit::story::personas();
    let partner = personas.into_iter().find(|known| known.persona == "partner").unwrap();
    let browser = |account: &str| sign_in(&city, account, &city.enrol_person(account), None).ok().unwrap().cookies();
    let (car, desk) = (browser("officer-7"), browser("officer-8"));
    let me = city.ask("GET /api/v1/me", &[("cookie", &car)], b"").json();
    let device = me["device"].as_str().unwrap().parse().unwrap();
    let (mut other, others) = begin(&city, "officer");
    // Of the same agency and on another machine than what is suspended.
    let (mut colleague, colleagues) = begin_with(&city, &[("cookie", &desk)], &inquiry("officer"));
    let as_partner = |city: &City| begin(city, "partner");
    let as_car = |city: &City| begin_with(city, &[("cookie", &car)], &inquiry("officer"));
    type Begin<'a> = &'a dyn Fn(&City) -> (Client, String);
    let cases: [(&str, Over, Begin<'_>); 3] = [
        ("S-1", Over::Device(device), &as_car),
        ("S-2", Over::Account(partner.account), &as_partner),
        ("S-3", Over::Agency("county-sheriff".parse().unwrap()), &|city| begin(city, "sheriff")),
    ];
    for (number, over, begin) in cases {
        let (mut cut, request) = begin(&city);
        suspend(&city, number, over);
        let error = cut.stream.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{number}");
        let end = ended(&city, &request);
        assert!(end.what == What::Cut && end.why.as_ref().unwrap().contains(number), "{:?} {:?}", end.what, end.why);
    }
    // Nobody else notices.
    for (client, request) in [(&mut other, &others), (&mut colleague, &colleagues)] {
        let mut some = vec![0; 1 << 20];
        while events(&city, request).iter().all(|event| !event.what.ends()) {
            let _more = client.stream.read(&mut some).unwrap();
        }
        assert_eq!(ended(&city, request).what, What::Answered);
    }
    for who in ["partner", "sheriff"] {
        assert_eq!(rows_as(&city, who, "/api/v1/rows", "*/*", &json!({"from": "2019-07-01"})).status, 403, "{who}");
    }
    let mut again = city.client();
    send_with(
        &mut again,
        "/api/v1/rows",
        &[("cookie", &car)],
        &json!({"inquiry": inquiry("officer"), "question": {"beat": "0411"}}),
    );
    let again = receive(&mut again);
    assert!(again.status == 403 && again.body.contains("suspended"), "{} {}", again.status, again.body);
}

#[test]
fn s09_what_runs_when_the_rules_change_does_not_go_on() {
    let city = City::open();
    file_incidents(&city, MANY, false);
    let (mut running, request) = begin(&city, "officer");
    let closed = (
        "closed.cedar".to_owned(),
        "@id(\"closed\")\n@why(\"Closed.\")\nforbid (principal, action, resource);".to_owned(),
    );
    let texts =
        Texts::embedded().iter().map(|(name, text)| (name.to_owned(), text.to_owned())).chain([closed]).collect();
    let rules = Arc::new(CedarRules::of(texts).unwrap());
    city.runtime.block_on(city.desk.change_rules(rules, "a test".into())).unwrap();
    let mut rest = Vec::new();
    let ended_in_order = running.stream.read_to_end(&mut rest).is_ok() && rest.ends_with(b"0\r\n\r\n");
    assert!(!ended_in_order, "the answer looks whole");
    let end = ended(&city, &request);
    assert!(end.what == What::Cut && end.why.as_ref().unwrap().contains("rules"), "{:?} {:?}", end.what, end.why);
    assert_eq!(rows(&city, &json!({"from": "2019-07-01"})).status, 403);
}
