//! The register is governed: two persons for a new agency, one key for a suspension, and a clear no for what does not fit.

use std::fs;
use std::sync::Arc;

use clear_policy::{Covers, Entry, KeyPair, Over, Register, Scope, SuspensionDraft};
use clear_record::{AgencyId, Inquiry, Origin};
use clear_respond::{Credential, Filing};
use clear_testkit::story;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::bed::{Ask, Bed, Said, Server, run, stderr};

fn enter(bed: &Bed, server: &Server, who: &str, entry: &Value) -> Said {
    server.ask(&bed.as_who(who, Ask::post("/api/v1/register/entries", &json!([entry]))))
}

fn version(server: &Server) -> u64 {
    server.ask(&Ask::get("/api/v1/register")).json()["version"].as_u64().unwrap()
}

fn keys() -> Vec<KeyPair> {
    story::fixed_keys(&story::register())
}

fn announcement(id: &str, parent: Option<&str>) -> Value {
    let agency = json!({"id": id, "name": "Lake Patrol", "kind": "local", "parent": parent, "contact": "desk"});
    json!({"entry": "announcement", "agency": agency})
}

#[test]
fn gr01_a_new_agency_needs_two_persons_and_a_notice() {
    let bed = Bed::bare();
    // Announced nine days ago, by the same road.
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (desk, store) = bed.open_at(Arc::new(|| Timestamp::now() - SignedDuration::from_hours(216))).await;
        let asker = desk.prove(Credential::Token(&bed.person("steward").token)).await.unwrap();
        let entry: Entry = serde_json::from_value(announcement("lake-patrol", None)).unwrap();
        let filing = Filing::Register(vec![entry]);
        let request = desk.request(&asker, Inquiry::default(), Origin::default(), None, filing);
        clear_respond::accept(&desk, request).await.unwrap();
        desk.close().await.unwrap();
        drop(desk);
        store.close().await;
    });
    let server = bed.serve();
    let access = |id: &str| -> Value {
        let register = server.ask(&Ask::get("/api/v1/register")).json();
        let agency = register["agencies"].as_array().unwrap().iter().find(|agency| agency["id"] == id).cloned();
        agency.unwrap()["access"].clone()
    };
    assert_eq!(access("lake-patrol"), "announced");
    let said = enter(&bed, &server, "steward", &announcement("bay-patrol", None));
    assert_eq!(said.status, 201, "{}", said.text());
    let page = server.ask(&Ask::get("/register")).text();
    assert!(page.contains("Announced, without access yet") && page.contains("bay-patrol"), "{page}");

    let admission = |id: &str| json!({"entry": "admission", "agency": id, "by": "somebody-else"});
    for (who, id, words) in [
        ("steward", "lake-patrol", "was announced by `steward`; a second person admits it"),
        ("second_steward", "bay-patrol", "the notice for `bay-patrol` ends at"),
        ("second_steward", "no-patrol", "is not announced"),
    ] {
        let said = enter(&bed, &server, who, &admission(id));
        assert_eq!(said.status, 400, "{who} {id}: {}", said.text());
        assert!(said.text().contains(words), "{who} {id}: {}", said.text());
    }
    let agency = json!({"entry": "agency", "id": "new", "name": "New", "kind": "local", "contact": "desk"});
    let alone = enter(&bed, &server, "steward", &agency);
    assert!(alone.status == 400 && alone.text().contains("announcement"), "{}", alone.text());
    assert_eq!(enter(&bed, &server, "officer", &admission("lake-patrol")).status, 403);
    assert_eq!(enter(&bed, &server, "second_steward", &admission("lake-patrol")).status, 201);
    assert_eq!(access("lake-patrol"), "none");
}

#[test]
fn one_key_suspends_at_once_and_the_suspension_ends_early() {
    let bed = Bed::city();
    let server = bed.serve();
    let plate = json!({"plate": bed.cast().plate});
    let asked = |who: &str| server.ask(&bed.find(who, &plate));
    assert_eq!((asked("partner").status, asked("sheriff").status), (200, 200));
    let key = bed.beside("chief.key");
    fs::write(&key, &keys()[0].private).unwrap();
    let suspend = |over: [&str; 2]| {
        let place = ["--url", server.url.as_str(), "--as", bed.person("steward").token.as_str()];
        let args = ["register", "suspend", over[0], over[1], "--reason", "a borrowed login", "--days", "3"];
        run(&[&args[..], &["--key", key.to_str().unwrap()], &place].concat())
    };
    let done = suspend(["--agency", "marshals"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let refused = asked("partner");
    assert_eq!((refused.status, refused.code().as_str()), (403, "suspended"), "{}", refused.text());
    assert_eq!(asked("sheriff").status, 200);
    let page = server.ask(&Ask::get("/register")).text();
    assert!(page.contains("a borrowed login"), "{page}");

    let done = suspend(["--account", &bed.person("sheriff").account]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(asked("sheriff").code(), "suspended");
    let register = server.ask(&Ask::get("/api/v1/register")).json();
    assert_eq!(register["suspensions"].as_array().unwrap().len(), 1, "a person's suspension is not public");

    let number = register["suspensions"][0]["number"].clone();
    let end = json!({"entry": "suspension_end", "number": number, "at": "2018-01-01T00:00:00Z"});
    assert_eq!(enter(&bed, &server, "steward", &end).status, 201);
    assert_eq!(asked("partner").status, 200);
}

#[test]
fn an_order_that_does_not_fit_says_why_and_changes_nothing() {
    let bed = Bed::bare();
    let server = bed.serve();
    let keys = keys();
    let founders = [keys[0].private.as_str(), keys[1].private.as_str()];
    // The register as the server has it, so that each order is wrong in one thing alone.
    let register = || {
        let mut register = Register::new();
        story::entries().iter().for_each(|entry| register.apply(entry).unwrap());
        register
    };
    let draft = |change: &dyn Fn(&mut clear_policy::OrderDraft)| {
        let (register, issued_at) = (register(), Timestamp::now());
        let agency = "frs".parse().unwrap();
        let closure = register.closure(&agency, Covers::Family, issued_at);
        let mut draft = clear_policy::OrderDraft {
            installation: "port-meridian".parse().unwrap(),
            number: "2026-1".into(),
            agency,
            covers: Covers::Family,
            scope: Scope::Installation,
            issued_at,
            register: register.version(),
            closure_count: closure.len(),
            closure_digest: clear_policy::closure_digest(&closure),
            contact: "counsel".into(),
            text: "By order.".into(),
        };
        change(&mut draft);
        draft.to_string()
    };
    let sign = |text: &str, keys: &[&str]| clear_policy::sign(text, keys).unwrap();
    let usual = draft(&|_| {});
    let stranger =
        KeyPair::from_seed(&"port-meridian".parse().unwrap(), "eve".parse().unwrap(), "frs".parse().unwrap(), &[7; 32]);
    let once = sign(&usual, &founders[..1]);
    let twice = format!("{once}{}\n", once.lines().last().unwrap());
    let long = SuspensionDraft {
        installation: "port-meridian".parse().unwrap(),
        number: "S-1".into(),
        over: Over::Agency("marshals".parse().unwrap()),
        from: Timestamp::now(),
        until: Timestamp::now() + SignedDuration::from_hours(24 * 15),
        reason: "x".into(),
    };
    let later = Timestamp::now() + SignedDuration::from_hours(2);
    let of_owner = SuspensionDraft {
        over: Over::Agency("pmpd".parse().unwrap()),
        until: Timestamp::now() + SignedDuration::from_hours(24),
        ..long.clone()
    };
    let of_oversight = SuspensionDraft { over: Over::Agency("oversight-board".parse().unwrap()), ..of_owner.clone() };
    let ahead = SuspensionDraft {
        over: long.over.clone(),
        from: later,
        until: later + SignedDuration::from_hours(1),
        ..of_owner.clone()
    };
    let suspension =
        |draft: &SuspensionDraft| json!({"entry": "suspension", "note": sign(&draft.to_string(), &founders[..1])});
    let order = |note: String| json!({"entry": "cut_off", "note": note});
    let cases: Vec<(&str, Value, &str)> = vec![
        ("no note", order("By order.".into()), "not a signed note"),
        ("a line is missing", order(sign("OpenCLEAR cut-off order, version 1\nnumber: 1\n", &founders)), "line 2"),
        ("one key", order(once.clone()), "needs 2 signatures of different persons"),
        ("the same key twice", order(twice), "needs 2 signatures of different persons"),
        ("a stranger's key", order(sign(&usual, &[founders[0], &stranger.private])), "no key that may sign this"),
        (
            "an unknown agency",
            order(sign(&draft(&|it| it.agency = "nobody".parse().unwrap()), &founders)),
            "does not know the agency `nobody`",
        ),
        (
            "a closure that holds an owner",
            order(sign(
                &draft(&|it| {
                    it.agency = "pmpd".parse().unwrap();
                    let closure = register().closure(&it.agency, it.covers, it.issued_at);
                    (it.closure_count, it.closure_digest) = (closure.len(), clear_policy::closure_digest(&closure));
                }),
                &founders,
            )),
            "an owner cannot be cut off",
        ),
        (
            "an order from the future",
            order(sign(&draft(&|it| it.issued_at = later), &founders)),
            "ahead of this server's clock",
        ),
        ("a suspension of an owner", suspension(&of_owner), "which owns records here or oversees it"),
        ("a suspension of who watches", suspension(&of_oversight), "which owns records here or oversees it"),
        ("a suspension from the future", suspension(&ahead), "ahead of this server's clock"),
        ("another version", order(sign(&draft(&|it| it.register += 1), &founders)), "draft it again"),
        ("another closure", order(sign(&draft(&|it| it.closure_count += 1), &founders)), "look at the closure"),
        (
            "a suspension that is too long",
            json!({"entry": "suspension", "note": sign(&long.to_string(), &founders[..1])}),
            "at most 14 days",
        ),
        ("the end of no order", json!({"entry": "ending", "note": "x"}), "not a signed note"),
        (
            "an agreement that ends before it begins",
            json!({"entry": "agreement", "number": "9", "owner": "pmpd", "agency": "marshals", "kinds": [], "classes": [], "purposes": [],
                "use_codes": [], "from": "2026-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z", "document": "0", "signatories": []}),
            "ends before it begins",
        ),
        (
            "a circle",
            json!({"entry": "edge", "kind": "parent", "from": "frs", "to": "border-department"}),
            "its own parent",
        ),
    ];
    let before = version(&server);
    let refused = |what: &str, entry: &Value, words: &str| {
        let said = enter(&bed, &server, "steward", entry);
        assert_eq!(said.status, 400, "{what}: {}", said.text());
        assert!(said.text().contains("entry 1: ") && said.text().contains(words), "{what}: {}", said.text());
    };
    cases.iter().for_each(|(what, entry, words)| refused(what, entry, words));
    // Of a file, the line is said too.
    let file = bed.beside("entries.json");
    std::fs::write(&file, "[\n  {\"entry\": \"use_code\", \"code\": \"Z\", \"title\": \"Z\"},\n\n  {\"entry\": \"edge\", \"kind\": \"parent\", \"from\": \"frs\", \"to\": \"nowhere\"}\n]\n").unwrap();
    let file = file.to_str().unwrap();
    let place = ["--url", server.url.as_str(), "--as", bed.person("steward").token.as_str()];
    let said = run(&[&["register", "enter", file][..], &place].concat());
    assert!(!said.status.success() && stderr(&said).contains(&format!("{file}:4: entry 2")), "{}", stderr(&said));
    assert!(stderr(&said).contains("nowhere"), "{}", stderr(&said));
    // Another agency's keys and agreements are its own to make and to end.
    let mut key = serde_json::to_value(&stranger.holder).unwrap();
    key["entry"] = json!("key");
    let foreign = [
        ("a key", key),
        ("a key's end", json!({"entry": "key_end", "holder": "board-chair", "reason": "We say so."})),
        (
            "an agreement",
            json!({"entry": "agreement", "number": "9", "owner": "county-sheriff", "agency": "marshals", "kinds": ["person"], "classes": ["identity"],
                "purposes": ["criminal_investigation"], "use_codes": ["C"], "from": "2026-01-01T00:00:00Z", "document": "0".repeat(64), "signatories": ["x"]}),
        ),
    ];
    for (what, entry) in foreign {
        let said = enter(&bed, &server, "steward", &entry);
        assert_eq!(said.status, 403, "{what} of somebody else: {}", said.text());
    }
    assert_eq!(version(&server), before, "something was changed");

    // A key of the owner's that was good, and is revoked: what it signs afterwards counts for nothing.
    let city = "port-meridian".parse().unwrap();
    let home: AgencyId = "pmpd".parse().unwrap();
    let deputy = KeyPair::from_seed(&city, "deputy".parse().unwrap(), "pmpd".parse().unwrap(), &[9; 32]);
    let mut key = serde_json::to_value(&deputy.holder).unwrap();
    key["entry"] = json!("key");
    assert_eq!(enter(&bed, &server, "steward", &key).status, 201);
    let suspended = |number: &str, hours: i64| {
        let from = Timestamp::now();
        let until = from + SignedDuration::from_hours(hours);
        let over = Over::Account("nobody-in-particular".parse().unwrap());
        let draft = SuspensionDraft { number: number.into(), over, from, until, ..of_owner.clone() };
        json!({"entry": "suspension", "note": sign(&draft.to_string(), &[deputy.private.as_str()])})
    };
    let said = enter(&bed, &server, "steward", &suspended("S-2", 1));
    assert_eq!(said.status, 201, "{}", said.text());
    let end = json!({"entry": "key_end", "holder": "deputy", "reason": "The key was stolen."});
    assert_eq!(enter(&bed, &server, "steward", &end).status, 201);
    let before = version(&server);
    refused("a suspension by a revoked key", &suspended("S-3", 1), "the key of `deputy` was revoked");
    let by_owner =
        |register: u64| draft(&|it| (it.scope, it.register) = (Scope::Owner(AgencyId::clone(&home)), register));
    let note = sign(&by_owner(before), &[founders[0], &deputy.private]);
    refused("an order by a revoked key", &order(note), "the key of `deputy` was revoked");
    assert_eq!(version(&server), before, "something was changed");

    let note = bed.signed_order(&server, "frs", "family", "2026-1");
    let cut_off = server.ask(&bed.as_who("steward", Ask::post("/api/v1/register/cut-offs", &json!({"note": note}))));
    assert_eq!(cut_off.status, 201, "{}", cut_off.text());
    let before = version(&server);
    refused("a replayed order", &order(note), "is already in the register");
    let older = draft(&|it| {
        it.number = "2026-2".into();
        it.agency = "marshals".parse().unwrap();
        it.issued_at = Timestamp::now() - SignedDuration::from_hours(24);
        it.register = before;
        it.closure_count = 1;
        it.closure_digest = clear_policy::closure_digest(&[it.agency.clone()].into());
    });
    refused("an order older than the newest", &order(sign(&older, &founders)), "before the newest order");
    let freed = json!({"entry": "edge", "kind": "parent", "from": "border-department", "to": "frontier-service", "ended_at": "2018-01-01T00:00:00Z"});
    refused("a re-parenting that would free an agency", &freed, "frees nobody");
    let member =
        json!({"entry": "member", "task_force": "harbor-task-force", "agency": "frs", "from": "2026-01-01T00:00:00Z"});
    refused("a cut-off member", &member, "under a cut-off order");
    let child = announcement("frs-two", Some("frs"));
    assert_eq!(enter(&bed, &server, "steward", &child).status, 201);
    let register = server.ask(&Ask::get("/api/v1/register")).json();
    let closure = register["orders"][0]["closure"].as_array().unwrap();
    assert!(closure.contains(&json!("frs-two")), "{closure:?}");
    assert_eq!(version(&server), before + 1);
}

#[test]
fn entries_are_forms_on_a_page() {
    let bed = Bed::bare();
    let server = bed.serve();
    let page = server.ask(&bed.as_who("steward", Ask::get("/steward/entries"))).text();
    for form in clear_policy::FORMS.iter().filter(|form| form.entry != "cut_off") {
        assert!(page.contains(&format!("id=\"{}\"", form.entry)), "{}", form.entry);
    }
    let fields = |from: &'static str| {
        Ask::form(
            "/steward/entries",
            &[("entry", "member"), ("task_force", "harbor-task-force"), ("agency", "narcotics"), ("from", from)],
        )
    };
    let before = version(&server);
    let bad = server.ask(&bed.as_who("steward", fields("")));
    assert_eq!(bad.status, 400);
    assert!(bad.text().contains("From: is empty") && bad.text().contains("value=\"narcotics\""), "{}", bad.text());
    assert_eq!(server.ask(&bed.as_who("officer", fields("2026-01-01"))).status, 403);
    assert_eq!(version(&server), before);
    let good = server.ask(&bed.as_who("steward", fields("2026-01-01")));
    assert_eq!(good.status, 201, "{}", good.text());
    let register = server.ask(&Ask::get("/api/v1/register")).json();
    assert_eq!(register["task_forces"][0]["members"], json!(["county-sheriff", "marshals", "narcotics"]));
}

#[test]
fn s18_public_surfaces_give_the_same_bytes_to_everybody() {
    let bed = Bed::bare();
    drop(bed.serve().stop());
    // As it is in a city: what everybody sees of the log does not move between two askers.
    let server = bed.serve_at_pace("8760h", 4);
    bed.cut_off_frs(&server);
    for path in
        ["/api/v1/register", "/log/checkpoint", "/log.vkey", "/log/tile/entries/000.p/1", "/api/v1/openapi.json"]
    {
        let anonymous = server.ask(&Ask::get(path));
        for who in ["cut_off", "officer", "oversight"] {
            let said = server.ask(&bed.as_who(who, Ask::get(path)));
            assert_eq!((said.status, &said.body), (anonymous.status, &anonymous.body), "{who} {path}");
        }
    }
}

/// Nothing opens a register of which an entry does not read: the process ends and says which.
#[test]
fn gr05_a_register_that_does_not_read_serves_nothing() {
    let bed = Bed::bare();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = clear_store::Store::folder(&bed.dir).await.unwrap();
        let fence = store.ledger.lead().await.unwrap();
        let head = store.ledger.head().await.unwrap();
        let batch = clear_store::Batch {
            recorded_at: Timestamp::now(),
            drafts: vec![],
            register: vec![b"{\"entry\":\"forgive_everybody\"}".to_vec()],
            expects_register: head.register,
            outbox: vec![],
        };
        store.ledger.commit(&fence, batch).await.unwrap();
        store.close().await;
    });
    let place = bed.place();
    let mut args = vec!["serve", "--port", "0"];
    args.extend(place.iter().map(String::as_str));
    let output = run(&args);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("of the register does not read"), "{}", stderr(&output));
    assert!(stderr(&output).contains("forgive_everybody"), "{}", stderr(&output));
}
