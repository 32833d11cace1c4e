//! The log's volume fails under a running server: it goes on in its spool, or says no, and the next start has everything.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clear_audit::{Folder, Receipt, What};
use serde_json::json;

use crate::bed::{Ask, Bed, PASSWORD, Said, Server, ask, run, stdout, until};
use crate::trouble::Disk;

const CONTACT: &str = "the duty desk, extension 1042";

/// A city whose log is on a small disk of its own; the ledger is not.
struct Place {
    bed: Bed,
    disk: Disk,
    receipts: Vec<Receipt>,
}

impl Place {
    fn new() -> Place {
        let bed = Bed::city();
        let (log, aside) = (bed.dir.join("log"), bed.beside("log-aside"));
        fs::rename(&log, &aside).unwrap();
        let disk = Disk::of(log.clone(), 2);
        let copied =
            std::process::Command::new("cp").arg("-a").arg(format!("{}/.", aside.display())).arg(&log).status();
        assert!(copied.unwrap().success());
        Place { bed, disk, receipts: vec![] }
    }

    fn serve(&self, spool: &Path) -> Server {
        let args = ["--port", "0", "--contact", CONTACT, "--spool"].map(str::to_owned);
        let args =
            [vec!["serve".to_owned()], self.bed.place(), args.to_vec(), vec![spool.display().to_string()]].concat();
        Server::start(&args, &self.bed.beside("said")).unwrap_or_else(|said| panic!("no server: {said}"))
    }

    /// Asks something that is answered or denied, and so logged with what it was about; keeps its receipt.
    fn asks(&mut self, server: &Server) -> Said {
        let long = "why ".repeat(200);
        let question = json!({"plate": "NONE 1"});
        let mut inquiry = self.bed.inquiry("officer");
        inquiry["reason"] = long.into();
        let asked = Ask::post("/api/v1/find", &json!({"inquiry": inquiry, "question": question}));
        let said = server.ask(&self.bed.as_who("officer", asked));
        if said.status == 200 {
            self.receipts.push(Receipt::parse(said.header("x-clear-receipt").unwrap()).unwrap());
        }
        said
    }

    fn state(&self, server: &Server) -> (u16, serde_json::Value) {
        let said = server.ask(&Ask::get("/healthz"));
        (said.status, said.json())
    }

    /// Everything that was acknowledged is in the log, and whole; each filing is in it once.
    fn all_is_there(&self) {
        let verified = run(&["audit", "verify", self.bed.dir.to_str().unwrap()]);
        assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
        let vkey = fs::read_to_string(self.bed.dir.join("log.vkey")).unwrap();
        for receipt in &self.receipts {
            receipt.included(&Folder(self.bed.dir.join("log")), vkey.trim()).unwrap();
        }
        let mut filed: BTreeMap<String, usize> = BTreeMap::new();
        for (_, event) in self.bed.events() {
            if event.what == What::Filed {
                event.records.iter().for_each(|record| *filed.entry(record.to_string()).or_default() += 1);
            }
        }
        let twice: Vec<_> = filed.iter().filter(|(_, times)| **times != 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}

#[test]
fn gr24_the_logs_disk_fills_and_the_spool_takes_over_orders_included() {
    let mut place = Place::new();
    let spool = place.bed.beside("spool");
    let server = place.serve(&spool);
    assert_eq!(place.state(&server), (200, place.state(&server).1));
    assert!(["serving", "degraded"].contains(&place.state(&server).1["state"].as_str().unwrap()));
    assert!(server.ask(&Ask::get("/metrics")).text().contains("log_state 0"));
    // Not one question is refused while the disk fills and the spool takes over.
    for number in 0.. {
        assert!(number < 5_000, "two megabytes are full at last");
        let said = place.asks(&server);
        assert_eq!(said.status, 200, "question {number}: {}", said.text());
        if number % 20 == 0 && place.state(&server).1["parts"]["log"]["state"] == "degraded" {
            break;
        }
    }
    let (status, health) = place.state(&server);
    assert_eq!((status, health["state"].as_str(), health["call"].as_str()), (200, Some("degraded"), Some(CONTACT)));
    assert_eq!(health["parts"]["spool"]["state"], "degraded");
    assert!(health["parts"]["spool"]["entries"].as_u64() > Some(0) && health["parts"]["log"]["since"].is_string());
    assert!(!health.to_string().contains("/tmp"), "no path for strangers: {health}");
    let metrics = server.ask(&Ask::get("/metrics")).text();
    assert!(metrics.contains("log_state 1") && !metrics.contains("log_spooled_entries 0"), "{metrics}");
    assert!(server.stderr().contains("ALARM") && server.stderr().contains("No space left"), "{}", server.stderr());
    // Stewards see it on every page; others do not.
    let sign_in = |who: &str| {
        let wish =
            json!({"account": place.bed.person(who).account, "password": PASSWORD, "code": place.bed.code(who, 1)});
        let said = server.ask(&Ask::post("/api/v1/sign-in", &wish));
        format!("session={}", said.json()["token"].as_str().unwrap())
    };
    let page = |who: &str| server.ask(&Ask::get("/register").with("cookie", &sign_in(who))).text();
    assert!(page("steward").contains(CONTACT) && !page("officer").contains(CONTACT));
    // A filing, and an order: both durable, and the order holds at once.
    let vehicle = Ask::post("/api/v1/records/vehicle", &json!({"plate": "SPOOL 1"}));
    let filed = server.ask(&place.bed.as_who("clerk", vehicle));
    assert_eq!(filed.status, 201, "{}", filed.text());
    place.receipts.push(Receipt::parse(filed.header("x-clear-receipt").unwrap()).unwrap());
    let id = filed.json()["id"].as_str().unwrap().to_owned();
    place.bed.cut_off_frs(&server);
    let cut_off = |server: &Server, bed: &Bed| server.ask(&bed.find("cut_off", &json!({"plate": "SPOOL 1"}))).code();
    assert_eq!(cut_off(&server, &place.bed), "cut_off");
    assert_eq!(place.asks(&server).status, 200);

    // The machine dies; the disk gets room; the next start brings everything home before it listens.
    server.kill();
    assert!(spool.join("spool.frames").exists());
    place.disk.enlarge(32);
    let server = place.serve(&spool);
    assert!(!spool.join("spool.frames").exists(), "what the log has is not kept twice");
    assert_eq!(place.state(&server).1["parts"]["log"]["state"], "well");
    assert_eq!(cut_off(&server, &place.bed), "cut_off");
    assert_eq!(server.ask(&place.bed.open_record("clerk", &id)).status, 200);
    assert_eq!(place.asks(&server).status, 200);
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
    place.all_is_there();
    let whats: Vec<What> = place.bed.events().into_iter().map(|(_, event)| event.what).collect();
    for what in [What::Degraded, What::Spooled] {
        assert_eq!(whats.iter().filter(|found| **found == what).count(), 1, "{what:?}");
    }
}

#[test]
fn gr24_both_disks_fill_and_nothing_is_served_and_the_screen_says_whom_to_call() {
    let mut place = Place::new();
    let second = Disk::of(place.bed.beside("second"), 1);
    let spool = place.bed.beside("second").join("spool");
    let server = place.serve(&spool);
    let refused = loop {
        assert!(place.receipts.len() < 10_000, "both are full at last");
        let said = place.asks(&server);
        if said.status != 200 {
            break said;
        }
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "log_down"));
    assert!(refused.text().contains(CONTACT), "{}", refused.text());
    let (status, health) = place.state(&server);
    assert_eq!((status, health["state"].as_str(), health["call"].as_str()), (503, Some("not serving"), Some(CONTACT)));
    let page = server
        .ask(&Ask::form("/sign-in", &[("account", "x"), ("password", "y"), ("code", "1")]).with("origin", &server.url));
    assert!(page.status >= 400, "{}", page.text());
    // Room again changes nothing in this process: neither disk is asked again.
    place.disk.enlarge(32);
    second.enlarge(32);
    assert_eq!(place.asks(&server).status, 503);
    server.kill();
    let server = place.serve(&spool);
    until("it is answered again", Duration::from_secs(10), || {
        ask(&server.url, &Ask::get("/healthz")).is_ok_and(|said| said.status == 200)
    });
    assert_eq!(place.asks(&server).status, 200);
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    place.all_is_there();
}

#[test]
fn gr24_what_is_missing_at_a_start_is_said_and_nothing_is_served() {
    let bed = Bed::city();
    let spool = bed.beside("spool");
    let args = [bed.place(), vec!["--port".to_owned(), "0".to_owned()]].concat();
    let serve = |more: &[&str]| {
        let args: Vec<&str> =
            ["serve"].into_iter().chain(args.iter().map(String::as_str)).chain(more.iter().copied()).collect();
        let done = run(&args);
        assert!(!done.status.success());
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    let with_spool = [args.clone(), vec!["--spool".to_owned(), spool.display().to_string()]].concat();
    let started = Server::start(&[vec!["serve".to_owned()], with_spool].concat(), &bed.beside("said"));
    started.unwrap_or_else(|said| panic!("no server: {said}")).kill();

    let away = |path: PathBuf, words: &[&str]| {
        let aside = path.with_extension("aside");
        fs::rename(&path, &aside).unwrap();
        let said = serve(&[]);
        words.iter().for_each(|word| assert!(said.contains(word), "{}: `{word}` is not in: {said}", path.display()));
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::rename(&aside, &path).unwrap();
    };
    away(bed.dir.join("keys/log.key"), &["its key", "log.key is missing"]);
    away(bed.dir.join("keys/log-openings.key"), &["log-openings.key is missing"]);
    away(spool, &["its volume mounted?", "docs/recovery.md"]);
    // An empty folder where the log's volume should be mounted is no new log.
    away(bed.dir.join("log"), &["older than the ledger", "its volume should be mounted?"]);
    let frames = bed.dir.join("log/frames-000001.log");
    let bytes = fs::read(&frames).unwrap();
    let mut changed = bytes.clone();
    // Behind the frames of a log that was killed, there is room.
    let filled = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    changed[filled / 2] ^= 4;
    fs::write(&frames, changed).unwrap();
    let said = serve(&[]);
    assert!(said.contains("log damaged: entry "), "{said}");
    fs::write(&frames, bytes).unwrap();
    bed.serve().kill();
}
