//! Labels at work: derived caveats, relations, white, gray and black, and nothing that leaves after it was closed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clear_identity::Credential;
use clear_record::{
    AgencyId, Caveat, Draft, Inquiry, Kind, Label, Method, Origin, Provenance, Purpose, Record, RecordId, UseCode,
};
use clear_respond::{Bearer, Filing, Find, Noted};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::city::{Answer, City};

/// Connections, and what each answer on them told of.
type Told = Arc<Mutex<Vec<(u64, Vec<RecordId>)>>>;

const EVERYBODY: [&str; 8] = ["officer", "analyst", "clerk", "oversight", "partner", "sheriff", "cut_off", "stranger"];

impl City {
    fn correct(&self, who: &str, kind: &str, id: &str, record: &Value) {
        let answer = self.ask_as(who, &format!("POST /api/v1/records/{kind}?id={id}"), record.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    fn opened(&self, who: &str, id: &str) -> Answer {
        self.ask_as(who, &format!("GET /api/v1/records/{id}"), b"")
    }

    /// Who opens a record, of everybody.
    fn open_to(&self, id: &str) -> Vec<&'static str> {
        EVERYBODY.into_iter().filter(|who| self.opened(who, id).status == 200).collect()
    }

    fn found(&self, who: &str, path: &str) -> Answer {
        self.ask_as(who, &format!("GET /api/v1/find?{path}"), b"")
    }

    fn handle(&self, who: &str, id: &str, wish: &Value) -> Answer {
        self.ask_as(who, &format!("POST /api/v1/records/{id}/handling"), wish.to_string().as_bytes())
    }

    /// The terms that stand in a record.
    fn sharing(&self, who: &str, id: &str) -> Value {
        self.opened(who, id).json()["record"]["shown"]["sharing"].clone()
    }

    /// Files a draft under a label of the test's own making.
    fn file_under(&self, who: &str, record: Record, tighten: impl Fn(&mut Label)) -> String {
        let (desk, token) = (self.desk.clone(), self.token(who).to_owned());
        self.runtime.block_on(async move {
            let asker = desk.prove(Credential::Token(&token)).await.unwrap();
            let (agency, author) = (asker.agency.clone().unwrap(), asker.account.clone().unwrap());
            let mut label = Label::of(agency.clone(), record.kind());
            tighten(&mut label);
            let draft = draft(RecordId::fresh(record.kind()), record, label, &agency, author.as_str());
            let filing = Filing::Records(vec![draft]);
            let request = desk.request(&asker, Inquiry::default(), Origin::default(), None, filing);
            clear_respond::accept(&desk, request).await.unwrap().filed[0].to_string()
        })
    }
}

/// A city in which somebody is there for a second signature: a person, not a program.
fn city() -> City {
    let city = City::open();
    city.enrol_person("second-person");
    city
}

fn draft(id: RecordId, record: Record, label: Label, agency: &AgencyId, author: &str) -> Draft {
    Draft {
        id,
        record,
        label,
        valid_from: Timestamp::now(),
        provenance: Provenance {
            agency: agency.clone(),
            author: author.parse().unwrap(),
            method: Method::Filed,
            source: "test".into(),
            reference: None,
            derived: BTreeSet::new(),
        },
    }
}

fn record(kind: Kind, json: &Value) -> Record {
    Record::from_bytes(kind, json.to_string().as_bytes()).unwrap()
}

fn incident(primary: &str) -> Value {
    json!({"occurred_from": "2019-06-01T12:00:00", "offences": [{"iucr": "9ZZZ", "primary_type": primary}]})
}

fn in_days(days: i64) -> String {
    (Timestamp::now() + SignedDuration::from_hours(24 * days)).to_string()
}

fn black() -> Value {
    json!({"handling": "black", "reason": "Covert operation, warrant 24-SW-118", "second_person": "second-person", "until": in_days(90)})
}

#[test]
fn gr16_caveats_follow_the_facts_when_they_change() {
    let city = city();
    let case = city.file("incident", &incident("THEFT"));
    let person =
        city.file("person", &json!({"family_name": "Farrow", "given_name": "Edda", "date_of_birth": "1990-01-01"}));
    let part = city.file("involvement", &json!({"incident": case, "part": "victim", "person": person}));
    let report = city.file("narrative", &json!({"about": case, "text": "Edda Farrow was met at the pier."}));
    let partners = ["officer", "analyst", "clerk", "oversight", "partner", "sheriff", "cut_off"];
    assert_eq!(city.open_to(&part), partners);
    assert_eq!(city.sharing("clerk", &part)["caveats"], json!([]));

    // The incident's offence becomes another: its parts are closed, each with the rule that closed it.
    city.correct("officer", "incident", &case, &incident("CRIM SEXUAL ASSAULT"));
    for id in [&part, &person, &report] {
        assert_eq!(city.open_to(id), ["officer", "analyst", "clerk", "oversight"], "{id}");
        let sharing = city.sharing("clerk", id);
        assert_eq!(
            (&sharing["caveats"], &sharing["rules"]),
            (&json!(["protected_victim"]), &json!(["sexual-offence-victim"])),
            "{id}"
        );
    }
    // What happened stays what everybody knows; who it was does not show beside it.
    assert_eq!(city.open_to(&case), partners);
    assert_eq!(city.opened("partner", &case).json()["record"]["related"], json!([]));
    assert_eq!(city.found("partner", "name=edda+farrow").json()["total"], 0);

    // A filing never loosens: the offence goes back, the label stays.
    city.correct("officer", "incident", &case, &incident("THEFT"));
    assert_eq!(city.open_to(&part), ["officer", "analyst", "clerk", "oversight"]);

    // A corrected date of birth makes a minor of a witness; another part makes a victim of him.
    let case = city.file("incident", &incident("SEX OFFENSE"));
    let person = city.file("person", &json!({"family_name": "Holt", "date_of_birth": "1990-01-01"}));
    let part = city.file("involvement", &json!({"incident": case, "part": "witness", "person": person}));
    assert_eq!(city.sharing("clerk", &part)["caveats"], json!([]));
    city.correct("officer", "person", &person, &json!({"family_name": "Holt", "date_of_birth": "2005-01-01"}));
    assert_eq!(city.sharing("clerk", &part)["caveats"], json!(["juvenile"]));
    assert_eq!(city.sharing("clerk", &person)["rules"], json!(["under-18"]));
    city.correct("officer", "involvement", &part, &json!({"incident": case, "part": "victim", "person": person}));
    assert_eq!(city.sharing("clerk", &part)["caveats"], json!(["juvenile", "protected_victim"]));
    assert_eq!(city.open_to(&part), ["officer", "clerk", "oversight"]);
}

#[test]
fn gr12_sharing_is_opt_in_per_partner_and_per_data_class() {
    let city = city();
    let person = city.some_person();
    let case = city.file("incident", &incident("THEFT"));
    let vehicle = city.file("vehicle", &json!({"plate": "PM 4411", "plate_state": "PM"}));
    let stop = city.file("stop", &json!({"stopped_at": "2019-06-01T12:00:00"}));
    let entry = city.file("hot_file", &json!({"topic": "stolen_vehicle", "instrument": "stolen", "authority": "pmpd", "vehicle": vehicle, "entered_on": "2019-07-01"}));
    let report = city.file("narrative", &json!({"about": case, "text": "Taken from the pier."}));
    let assignment =
        city.file("assignment", &json!({"incident": case, "account": "analyst-1", "from": "2019-06-01T00:00:00Z"}));
    // As the agreements say, kind by kind; a kind that none of them names is nobody's.
    for (id, partners) in [
        (&person, &["partner", "sheriff", "cut_off"][..]),
        (&case, &["partner", "sheriff", "cut_off"]),
        (&vehicle, &["partner", "sheriff", "cut_off", "sister"]),
        (&stop, &["sheriff"]),
        (&entry, &["partner", "sheriff", "cut_off", "sister"]),
        (&report, &["sheriff"]),
        (&assignment, &[]),
    ] {
        let open: Vec<&str> = ["partner", "sheriff", "cut_off", "sister", "stranger"]
            .into_iter()
            .filter(|who| city.opened(who, id).status == 200)
            .collect();
        assert_eq!(open, partners, "{id}");
    }
    assert_eq!(city.opened("stranger", &person).code(), "nothing_open");
}

#[test]
fn gr09_every_record_carries_its_terms() {
    let city = city();
    let id = city.some_person();
    let terms = |recipients: Value| json!({"originators": ["pmpd"], "handling": "white", "caveats": [], "recipients": recipients});
    assert_eq!(city.sharing("officer", &id), terms(json!(["pmpd"])));
    // The home agency of the asker, not whatever else it belongs to.
    assert_eq!(city.sharing("partner", &id), terms(json!(["marshals"])));
    let found = city.found("partner", "name=calloway").json();
    assert_eq!(found["hits"][0]["record"]["sharing"], terms(json!(["marshals"])));
}

#[test]
fn s01_passing_on_is_judged_by_the_recipient() {
    let city = city();
    let id = city.some_person();
    let ask = |recipients: Value| {
        let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Witness names a suspect", "on_behalf_of": ["marshals"], "recipients": recipients});
        let body = json!({"inquiry": inquiry, "question": {"id": id}}).to_string();
        city.ask_as("partner", "POST /api/v1/find", body.as_bytes())
    };
    assert_eq!(ask(json!([])).json()["total"], 1);
    // Another agency with an agreement of its own: both are the recipients, and no more than both may read.
    let passed = ask(json!(["county-sheriff"])).json();
    assert_eq!(passed["hits"][0]["record"]["sharing"]["recipients"], json!(["county-sheriff", "marshals"]));
    // One without, and one that is cut off.
    assert_eq!(ask(json!(["meridian-courier"])).code(), "nothing_open");
    city.cut_off("frs", "2026-1");
    assert_eq!(ask(json!(["frs"])).code(), "cut_off");
}

#[test]
fn relations_open_single_records_and_end() {
    let city = city();
    let case = city.file_under("officer", record(Kind::Incident, &incident("ARSON")), |label| {
        label.caveats.insert(Caveat::OpenInvestigation);
    });
    let report = city.file("narrative", &json!({"about": case, "text": "A can was found in the yard."}));
    // Who filed it, and the clerk; nobody else of the house.
    assert_eq!(city.open_to(&case), ["officer", "clerk", "oversight"]);
    let number = |who: &str| {
        city.ask_as(
            who,
            "POST /api/v1/counts",
            json!({"inquiry": inquiry("pmpd"), "question": {}}).to_string().as_bytes(),
        )
        .json()["total"]
            .clone()
    };
    assert_eq!((number("officer"), number("analyst")), (json!(1), json!(0)));

    // Nobody assigns or supervises himself.
    let at = "2019-06-01T00:00:00Z";
    for own in [json!({"account": "officer-1042"}), json!({"account": "analyst-1", "supervisor": "officer-1042"})] {
        let mut own = own;
        own["incident"] = json!(case);
        own["from"] = json!(at);
        let refused = city.ask_as("officer", "POST /api/v1/records/assignment", own.to_string().as_bytes());
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains("somebody else files it"), "{}", refused.text());
    }
    // Whom somebody else assigns reads it and its parts, in records, hits and numbers alike.
    let assignment = city.file("assignment", &json!({"incident": case, "account": "analyst-1", "from": at}));
    assert_eq!(city.open_to(&case), ["officer", "analyst", "clerk", "oversight"]);
    assert_eq!(city.open_to(&report), ["officer", "analyst", "clerk", "oversight"]);
    assert_eq!(number("analyst"), json!(1));
    assert_eq!(city.found("analyst", "from=2019-06-01&to=2019-06-01").json()["total"], 1);
    // The assignment ends: at once, everywhere.
    city.correct(
        "clerk",
        "assignment",
        &assignment,
        &json!({"incident": case, "account": "analyst-1", "from": at, "until": "2019-07-01T00:00:00Z"}),
    );
    assert_eq!(city.open_to(&case), ["officer", "clerk", "oversight"]);
    assert_eq!((number("analyst"), city.opened("analyst", &report).status), (json!(0), 404));
    // The supervisor of whoever is assigned.
    city.file("assignment", &json!({"incident": case, "account": "clerk-1", "supervisor": "analyst-1", "from": at}));
    assert_eq!(city.open_to(&report), ["officer", "analyst", "clerk", "oversight"]);

    // Who corrects what he does not see is not its author.
    let other = city.file_under("officer", record(Kind::Incident, &incident("THEFT")), |label| {
        label.caveats.insert(Caveat::OpenInvestigation);
    });
    city.correct("clerk", "incident", &other, &incident("ARSON"));
    assert_eq!(city.open_to(&other), ["officer", "clerk", "oversight"]);

    // A referral opens one gray record to one agency, and is the owner's to make.
    let person = city.some_person();
    assert_eq!(
        city.handle("clerk", &person, &json!({"handling": "gray", "reason": "Subject of a joint inquiry"})).status,
        201
    );
    let hits = |who: &str| city.found(who, "name=marcus+calloway").json()["total"].clone();
    assert_eq!((hits("partner"), hits("sheriff")), (json!(0), json!(0)));
    let referral = json!({"record": person, "agency": "marshals", "from": at, "reason": "Request 118"});
    let id = city.file("referral", &referral);
    assert_eq!((hits("partner"), hits("sheriff")), (json!(1), json!(0)));
    let mut ended = referral.clone();
    ended["until"] = json!("2019-07-01T00:00:00Z");
    city.correct("officer", "referral", &id, &ended);
    assert_eq!((hits("partner"), hits("sheriff")), (json!(0), json!(0)));
    for (wrong, what) in [
        (json!({"record": "per_00000000000000000000000000", "agency": "marshals", "from": at}), "there is no record"),
        (json!({"record": person, "agency": "nowhere", "from": at}), "does not know the agency"),
        (json!({"record": id, "agency": "marshals", "from": at}), "referred to nobody"),
        (json!({"record": person, "agency": "marshals", "from": at, "until": "2018-01-01T00:00:00Z"}), "lies before"),
    ] {
        let refused = city.ask_as("officer", "POST /api/v1/records/referral", wrong.to_string().as_bytes());
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains(what), "{}", refused.text());
    }
}

fn inquiry(agency: &str) -> Value {
    json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Witness names a suspect", "on_behalf_of": [agency]})
}

#[test]
fn gr15_black_gives_no_sign_and_gray_says_whom_to_ask() {
    let city = city();
    let person = city.some_person();
    let case = city.file("incident", &incident("HOMICIDE"));
    let part = city.file("involvement", &json!({"incident": case, "part": "suspect", "person": person}));
    let count = |who: &str| {
        let agency = if who == "partner" { "marshals" } else { "pmpd" };
        let body = json!({"inquiry": inquiry(agency), "question": {"by": ["primary_type"]}}).to_string();
        String::from_utf8(city.ask_as(who, "POST /api/v1/counts", body.as_bytes()).body).unwrap()
    };
    assert!(count("partner").contains("HOMICIDE"));
    assert_eq!(city.handle("clerk", &case, &black()).status, 201);
    assert_eq!(city.handle("clerk", &person, &black()).status, 201);

    for who in ["officer", "analyst", "partner", "sheriff"] {
        // No hit, no count, no group, no part; the same bytes as for what is not there.
        let (there, nowhere) = (city.found(who, "name=marcus+calloway"), city.found(who, "name=nobody+whatever"));
        assert_eq!((there.status, &there.body), (200, &nowhere.body), "{who}");
        for id in [&person, &case, &part] {
            let kind = id.split('_').next().unwrap();
            let (there, nowhere) =
                (city.opened(who, id), city.opened(who, &format!("{kind}_00000000000000000000000000")));
            let text = |answer: &Answer| answer.text().replace(answer.header("x-clear-request"), "…");
            assert_eq!((there.status, text(&there)), (404, text(&nowhere)), "{who} {id}");
        }
    }
    assert!(!count("partner").contains("HOMICIDE") && !count("officer").contains("HOMICIDE"));
    // Never hidden from the custodian and oversight.
    for id in [&person, &case, &part] {
        assert_eq!(city.open_to(id), ["clerk", "oversight"], "{id}");
    }

    // The two who made it black make it gray: a name, misspelt too, says whom to ask and nothing else.
    let gray = json!({"handling": "gray", "reason": "The operation is over", "second_person": "second-person"});
    assert_eq!(city.handle("clerk", &person, &gray).status, 201);
    for (name, pointer) in [
        ("marcus+calloway", true),
        ("marcus+caloway", true),
        ("marcus+callo", false),
        ("m+calloway", false),
        ("calloway", false),
    ] {
        let found = city.found("partner", &format!("name={name}")).json();
        let expected = if pointer { json!([{"ask": "pmpd"}]) } else { json!([]) };
        assert_eq!((&found["pointers"], &found["hits"], &found["total"]), (&expected, &json!([]), &json!(0)), "{name}");
    }
    assert_eq!(city.opened("partner", &person).json(), json!({"record": null, "pointer": {"ask": "pmpd"}}));
    assert_eq!(city.opened("officer", &person).status, 200);
    // White again: as it was before, parts too.
    let white = json!({"handling": "white", "reason": "The operation is over", "second_person": "second-person"});
    for id in [&person, &case] {
        assert_eq!(city.handle("clerk", id, &white).status, 201);
    }
    for id in [&person, &case, &part] {
        assert_eq!(city.opened("partner", id).status, 200, "{id}");
    }
}

#[test]
fn gr15_black_names_two_persons_a_reason_and_an_end() {
    let city = city();
    let id = city.some_person();
    let but = |field: &str, value: Value| {
        let mut wish = black();
        wish[field] = value;
        wish
    };
    for (wish, what) in [
        (but("reason", json!("x")), "`reason`"),
        (but("second_person", json!(null)), "black needs two"),
        (but("second_person", json!("clerk-1")), "yourself"),
        (but("second_person", json!("deputy-marshal")), "nobody's account at your agency"),
        (but("second_person", json!("crimes-importer")), "nobody's account at your agency"),
        (but("second_person", json!("who-is-this")), "nobody's account at your agency"),
        (but("until", json!(null)), "within a year"),
        (but("until", json!(in_days(400))), "too far"),
        (but("until", json!("2019-01-01")), "in the past"),
        (but("until", json!("soon")), "neither a moment"),
        (but("handling", json!("purple")), "unknown variant"),
        (but("caution", json!("he has a dog")), "unknown variant"),
        (json!({"handling": "white", "reason": "It is white already"}), "white already"),
        (
            json!({"handling": "gray", "reason": "Ask us about this one", "caution": "approach_with_caution"}),
            "for black records",
        ),
        (json!({"handling": "gray"}), "missing field `reason`"),
    ] {
        let refused = city.handle("clerk", &id, &wish);
        assert_eq!(refused.status, 400, "{wish}: {}", refused.text());
        assert!(refused.text().contains(what), "{wish}: {}", refused.text());
        assert_eq!(city.sharing("partner", &id)["handling"], "white", "nothing changed");
    }
    // Not as a record, by nobody whose it is not, and not what one does not see.
    let as_record = json!({"record": id, "handling": "black", "reason": "By the back door"});
    assert_eq!(city.ask_as("clerk", "POST /api/v1/records/restriction", as_record.to_string().as_bytes()).status, 400);
    for who in ["partner", "stranger", "oversight", "analyst", "steward"] {
        assert_ne!(city.handle(who, &id, &black()).status, 201, "{who}");
    }
    assert_eq!(city.sharing("partner", &id)["handling"], "white");

    assert_eq!(city.handle("clerk", &id, &black()).status, 201);
    let text = |answer: &Answer| answer.text().replace(answer.header("x-clear-request"), "…");
    let (there, nowhere) =
        (city.handle("officer", &id, &black()), city.handle("officer", "per_00000000000000000000000000", &black()));
    assert_eq!((there.status, text(&there)), (404, text(&nowhere)));
    // Loosened by the same two alone, whichever of them asks; the keeper is a clerk too and is not one of them.
    let white = |second: &str| json!({"handling": "white", "reason": "The operation is over", "second_person": second});
    assert_eq!(city.handle("keeper", &id, &white("clerk-1")).status, 400);
    assert_eq!(city.handle("clerk", &id, &white("officer-1042")).status, 400);
    assert_eq!(city.open_to(&id), ["clerk", "oversight"]);
    assert_eq!(city.handle("clerk", &id, &white("second-person")).status, 201);
    assert_eq!(city.opened("partner", &id).status, 200);
}

#[test]
fn gr15_black_ends_by_itself_when_its_day_comes() {
    let city = city();
    let case = city.file("incident", &incident("ARSON"));
    let report = city.file("narrative", &json!({"about": case, "text": "A can was found in the yard."}));
    let mut wish = black();
    wish["until"] = json!((Timestamp::now() + SignedDuration::from_secs(2)).to_string());
    assert_eq!(city.handle("clerk", &case, &wish).status, 201);
    assert_eq!(city.opened("sheriff", &report).status, 404);
    let end = |who: &str| {
        let (desk, token) = (city.desk.clone(), city.token(who).to_owned());
        city.runtime.block_on(async move {
            let asker = desk.prove(Credential::Token(&token)).await.unwrap();
            let request = desk.request(&asker, Inquiry::default(), Origin::default(), None, Filing::EndRestrictions);
            clear_respond::accept(&desk, request).await.map(|accepted| accepted.filed.len()).ok()
        })
    };
    // Before the day there is nothing to end, whoever asks; and not everybody may.
    assert_eq!((end("keeper"), end("officer"), end("partner")), (Some(0), None, None));
    let begun = Instant::now();
    while !city.desk.has_ended_restrictions() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    // The incident, its report, and the decision with its end written into it.
    assert_eq!(end("keeper"), Some(3));
    assert_eq!((city.opened("sheriff", &case).status, city.opened("sheriff", &report).status), (200, 200));
    assert!(!city.desk.has_ended_restrictions());
}

#[test]
fn gr15_a_silent_hit_tells_the_owner_and_nobody_else() {
    let city = city();
    let id = city.some_person();
    assert_eq!(city.handle("clerk", &id, &black()).status, 201);
    let listed = |who: &str| city.ask_as(who, "GET /api/v1/silent-hits", b"");
    let hits = |who: &str| listed(who).json()["silent_hits"].as_array().map_or(0, Vec::len);
    let until = |count: usize| {
        let begun = Instant::now();
        while hits("clerk") != count {
            assert!(begun.elapsed() < Duration::from_secs(20), "{} and not {count}", hits("clerk"));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    // Looking for somebody else leaves nothing; a name that names it does, and opening its id does.
    let (miss, hit) = (city.found("partner", "name=nobody+whatever"), city.found("partner", "name=marcus+calloway"));
    assert_eq!((hit.status, &hit.body), (miss.status, &miss.body));
    until(1);
    city.opened("officer", &id);
    until(2);
    let newest = listed("clerk").json()["silent_hits"].clone();
    assert_eq!((&newest[0]["account"], &newest[1]["agency"]), (&json!("officer-1042"), &json!("marshals")));
    assert_eq!((&newest[1]["record"], &newest[1]["case"]), (&json!(id), &json!("JC-1")));
    // The custodian sees the record, so its own questions are no silent hits; who does not see it, is told of none.
    city.found("clerk", "name=marcus+calloway");
    city.found("partner", "name=nobody+whatever");
    assert_eq!(hits("clerk"), 2);
    assert_eq!((hits("officer"), hits("partner")), (0, 0));
    assert_eq!(listed("stranger").status, 403);

    // A caution says what its owner chose, to whoever names the record, and only where the owner opens anything at all.
    let mut wish = black();
    wish["caution"] = json!("call_before_acting");
    assert_eq!(city.handle("clerk", &id, &wish).status, 201);
    let cautions = |who: &str, name: &str| city.found(who, &format!("name={name}")).json()["cautions"].clone();
    city.file("vehicle", &json!({"plate": "PM 1", "plate_state": "PM"}));
    assert_eq!(cautions("partner", "marcus+calloway"), json!(["Call the duty desk before you act."]));
    assert_eq!(cautions("officer", "marcus+calloway"), json!(["Call the duty desk before you act."]));
    for (who, name) in [
        ("partner", "nobody+whatever"),
        ("partner", "marcus+callo"),
        ("clerk", "marcus+calloway"),
        ("stranger", "marcus+calloway"),
    ] {
        assert_eq!(cautions(who, name), json!(null), "{who} {name}");
    }
    let page = city.ask_as("partner", "GET /search?q=marcus+calloway", b"");
    assert!(page.text().contains("Call the duty desk before you act.") || page.status != 200, "{}", page.text());
}

#[test]
fn gr15_nothing_leaves_after_the_acknowledgement() {
    let city = city();
    let trace_of = |city: &City| city.desk.gate().trace().notes();
    city.desk.gate().trace();
    let ids: Vec<String> = (0..6)
        .map(|at| {
            city.file(
                "person",
                &json!({"family_name": "Tidewater", "given_name": "Ada", "middle_name": format!("N{at}")}),
            )
        })
        .collect();
    let stop = Arc::new(AtomicBool::new(false));
    // Which connections carried an answer that tells of which records.
    let told = Told::default();
    let answers = Arc::new(AtomicUsize::new(0));
    let askers: Vec<_> = (0..6)
        .map(|_| {
            let (desk, token) = (city.desk.clone(), city.token("sheriff").to_owned());
            let (stop, told, answers) = (stop.clone(), told.clone(), answers.clone());
            city.runtime.spawn(async move {
                let asker = desk.prove(Credential::Token(&token)).await.unwrap();
                let inquiry = Inquiry {
                    purpose: Some(Purpose("criminal_investigation".into())),
                    use_code: Some(UseCode("C".into())),
                    case: Some("JC-1".into()),
                    reason: Some("Witness names a suspect".into()),
                    on_behalf_of: Some(["county-sheriff".parse().unwrap()].into()),
                    ..Inquiry::default()
                };
                while !stop.load(Ordering::SeqCst) {
                    // As the server does: bind, answer, tell the gate, look once more, write with the pass.
                    let connection = desk.gate().enter(Box::new(|| {}));
                    let path = desk.path_of(&asker, &inquiry);
                    let account = asker.account.clone().unwrap();
                    desk.gate().bind(&connection, Bearer { account: &account, device: None, path: &path });
                    let find = Find { name: Some("ada tidewater".into()), ..Find::default() };
                    let request = desk.request(&asker, inquiry.clone(), Origin::default(), None, find);
                    let Ok(response) = clear_respond::answer(&desk, request).await else { continue };
                    desk.gate().tell(&connection, response.told());
                    told.lock().unwrap().push((connection.number(), response.told().to_vec()));
                    if let Some(response) = desk.leaves(response).await {
                        let bytes = response.into_bytes().len();
                        for _ in 0..4 {
                            tokio::task::yield_now().await;
                            if let Some(pass) = connection.pass() {
                                pass.wrote(bytes / 4);
                            }
                        }
                        answers.fetch_add(1, Ordering::SeqCst);
                    }
                    desk.gate().leave(&connection);
                }
            })
        })
        .collect();
    let mut acknowledged: Vec<(usize, RecordId)> = Vec::new();
    for id in &ids {
        let before = answers.load(Ordering::SeqCst);
        let begun = Instant::now();
        while answers.load(Ordering::SeqCst) < before + 5 {
            assert!(begun.elapsed() < Duration::from_secs(30), "no answers");
            std::thread::sleep(Duration::from_millis(1));
        }
        let answer = city.handle("clerk", id, &black());
        assert_eq!(answer.status, 201, "{}", answer.text());
        // From here on, by number.
        acknowledged.push((city.desk.gate().trace().len(), id.parse().unwrap()));
    }
    stop.store(true, Ordering::SeqCst);
    for asker in askers {
        city.runtime.block_on(asker).unwrap();
    }
    let (notes, told) = (trace_of(&city), told.lock().unwrap());
    let mut before = 0;
    for (from, id) in acknowledged {
        let telling: BTreeSet<u64> =
            told.iter().filter(|(_, told)| told.contains(&id)).map(|(connection, _)| *connection).collect();
        let wrote = |(_, note): &&(Instant, Noted)| matches!(note, Noted::Wrote { connection, .. } if telling.contains(connection));
        assert_eq!(notes.iter().skip(from).filter(wrote).count(), 0, "{id} left after it was black");
        before += notes.iter().take(from).filter(wrote).count();
    }
    assert!(before > 6, "answers told of the records while they were white: {before}");
}

#[test]
fn twenty_thousand_labels_are_in_use() {
    let city = city();
    let (desk, token) = (city.desk.clone(), city.token("importer").to_owned());
    city.runtime.block_on(async {
        let asker = desk.prove(Credential::Token(&token)).await.unwrap();
        let (agency, author) = (asker.agency.clone().unwrap(), asker.account.clone().unwrap());
        let mut drafts: Vec<Draft> = Vec::new();
        for number in 0..20_000 {
            let mut label = Label::of(agency.clone(), Kind::Vehicle);
            label.owners.insert(format!("owner-{number}").parse().unwrap());
            let vehicle = record(Kind::Vehicle, &json!({"plate": format!("ZZ {number}")}));
            drafts.push(draft(RecordId::fresh(Kind::Vehicle), vehicle, label, &agency, author.as_str()));
        }
        for part in drafts.chunks(1_000) {
            let filing = Filing::Records(part.to_vec());
            let request = desk.request(&asker, Inquiry::default(), Origin::default(), None, filing);
            clear_respond::accept(&desk, request).await.unwrap();
        }
    });
    assert!(city.desk.labels_in_use() >= 20_000);
    let metrics = city.client().ask("GET /metrics", &[], b"").unwrap().text();
    assert!(metrics.contains(&format!("labels {}", city.desk.labels_in_use())), "{metrics}");
    // A record filed now is found under a label that is none of those.
    let own = city.file("vehicle", &json!({"plate": "QQ 7", "plate_state": "PM"}));
    assert_eq!(city.desk.labels_in_use(), 20_001);
    assert_eq!(city.file("vehicle", &json!({"plate": "QQ 8", "plate_state": "PM"})).len(), own.len());
    assert_eq!(city.desk.labels_in_use(), 20_001, "the same label has the same number");
}

#[test]
fn the_page_of_a_record_says_its_terms_and_offers_the_form() {
    let city = city();
    let id = city.some_person();
    let kept = |who: &str| {
        use base64::Engine as _;
        let agency = if who == "partner" { "marshals" } else { "pmpd" };
        format!("inquiry={}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(inquiry(agency).to_string()))
    };
    let page = |who: &str, line: &str, body: &str| {
        let (bearer, cookie) = (format!("Bearer {}", city.token(who)), kept(who));
        let form = ("content-type", "application/x-www-form-urlencoded");
        city.ask(line, &[("authorization", &bearer), ("cookie", &cookie), form], body.as_bytes())
    };
    let read = |who: &str| page(who, &format!("GET /records/{id}"), "");
    let (officer, partner) = (read("officer").text(), read("partner").text());
    assert!(officer.contains("Owned by") && officer.contains("<dt>Handling</dt><dd>white"), "{officer}");
    assert!(officer.contains("/handling\"") && !partner.contains("/handling\""));
    let form = |fields: &str| page("clerk", &format!("POST /records/{id}/handling"), fields);
    let wrong = form("handling=black&reason=Covert+operation&second_person=&until=&caution=");
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    let day = (Timestamp::now() + SignedDuration::from_hours(24 * 30)).to_string();
    let day = day.split('T').next().unwrap();
    let set = form(&format!("handling=black&reason=Covert+operation&second_person=second-person&until={day}&caution="));
    assert_eq!((set.status, set.header("location")), (303, format!("/records/{id}").as_str()));
    assert_eq!((read("clerk").status, read("officer").status), (200, 404));
}

#[test]
fn a_judgement_outranks_the_linker_for_whoever_sees_it_and_is_taken_back_by_its_correction() {
    let city = city();
    let file = |given: &str, birth: &str| {
        city.file("person", &json!({"given_name": given, "family_name": "Brandvold", "date_of_birth": birth}))
    };
    let (one, twin, other) = (file("Odd", "1980-02-03"), file("Odd", "1980-02-03"), file("Even", "1971-11-30"));
    let same = |who: &str, id: &str| -> Vec<String> {
        let opened = city.opened(who, id).json();
        let same = opened["record"]["same_person"].as_array().cloned().unwrap_or_default();
        same.iter().map(|same| same["shown"]["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(same("officer", &one), std::slice::from_ref(&twin));
    let cluster = |id: &str| city.opened("officer", id).json()["record"]["cluster"].as_str().unwrap().to_owned();
    assert_eq!(cluster(&one), cluster(&twin));
    assert_ne!(cluster(&one), cluster(&other));
    // Two records that nothing computes together are one person, by somebody's word.
    let judged = json!({"one": one, "other": other, "verdict": "same", "reason": "Prints taken at both arrests agree"});
    let judgement = city.file("judgement", &judged);
    let three = |id: &str| same("officer", id).len();
    assert_eq!((three(&one), three(&twin), three(&other)), (2, 2, 2), "and the twin comes along");
    // Two that are computed together are two, by somebody's word, which outranks both.
    let parted =
        json!({"one": one, "other": twin, "verdict": "different", "reason": "Brothers; see the birth register"});
    city.file("judgement", &parted);
    assert_eq!((same("officer", &one), same("officer", &twin)), (vec![other.clone()], vec![]));
    // Who does not see one of the records sees nothing of the judgement, nor what it joins.
    let hide = black();
    let hidden = city.handle("clerk", &other, &hide);
    assert_eq!(hidden.status, 201, "{}", hidden.text());
    assert_eq!(same("officer", &one), Vec::<String>::new());
    assert_eq!(city.opened("officer", &judgement).status, 404);
    let related = city.opened("officer", &one).text();
    assert!(!related.contains(&other) && !related.contains(&judgement), "{related}");
    // Taken back by a version of it.
    let mut back = parted.clone();
    back["verdict"] = json!("same");
    assert_eq!(city.ask_as("officer", "POST /api/v1/records/judgement", back.to_string().as_bytes()).status, 201);
    for (wrong, what) in [
        (json!({"one": one, "other": one, "verdict": "same", "reason": "x"}), "is the same record"),
        (
            json!({"one": "per_00000000000000000000000000", "other": "per_00000000000000000000000001", "verdict": "same", "reason": "x"}),
            "there is no record",
        ),
        (json!({"one": one, "other": twin, "verdict": "perhaps", "reason": "x"}), "verdict"),
        (json!({"one": one, "other": twin, "verdict": "same"}), "reason"),
    ] {
        let refused = city.ask_as("officer", "POST /api/v1/records/judgement", wrong.to_string().as_bytes());
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains(what), "{}", refused.text());
    }
}
