//! What lies below gives way: a database that goes, a disk that fills. Clear words, and nothing acknowledged is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clear_record::RecordId;
use serde_json::{Value, json};

use crate::bed::{Ask, Bed, Said, Server, ask, run, stdout, until};

fn vehicle(bed: &Bed, plate: &str) -> Ask {
    bed.as_who("clerk", Ask::post("/api/v1/records/vehicle", &json!({"plate": plate})))
}

fn plate_of(bed: &Bed, url: &str, id: &str) -> Result<Value, u16> {
    let said = ask(url, &bed.open_record("clerk", id)).map_err(|_| 0u16)?;
    if said.status == 200 { Ok(said.json()["record"]["shown"]["fields"]["plate"].clone()) } else { Err(said.status) }
}

/// A refusal that says it is ours, without a chain of causes for the asker.
fn ours(said: &Said, what: &str) {
    assert!([500, 503].contains(&said.status), "{what}: {} {}", said.status, said.text());
    let message = said.json()["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.len() > 20, "{what}: {message}");
    for inner in ["postgres", "sqlx", "SQLITE", "sqlite", "/tmp", "No space", "os error"] {
        assert!(!said.text().contains(inner), "{what} tells the asker `{inner}`: {}", said.text());
    }
}

#[test]
fn a_postgres_that_goes_away_is_said_and_comes_back() {
    let mut database = clear_testkit::postgres::Server::start().unwrap_or_else(|error| panic!("{error}"));
    let bed = Bed::bare_on(&database.url());
    let server = bed.serve();
    let filed = server.ask(&vehicle(&bed, "PG 1"));
    assert_eq!(filed.status, 201, "{}", filed.text());
    let id = filed.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.ask(&Ask::get("/healthz")).status, 200);

    database.stop().unwrap();
    ours(&server.ask(&vehicle(&bed, "PG 2")), "a filing");
    ours(&server.ask(&bed.open_record("clerk", &id)), "a question");
    let healthz = server.ask(&Ask::get("/healthz"));
    assert_eq!(healthz.status, 503, "{}", healthz.text());
    // Who has access is known still: the register is in memory.
    assert_eq!(server.ask(&Ask::get("/register")).status, 200);
    assert!(server.stderr().contains("cannot be reached"), "the operator is told: {}", server.stderr());

    database.resume().unwrap();
    until("it is answered again", Duration::from_secs(30), || plate_of(&bed, &server.url, &id) == Ok("PG 1".into()));
    let after = server.ask(&vehicle(&bed, "PG 3"));
    assert_eq!(after.status, 201, "{}", after.text());
    assert_eq!(server.ask(&Ask::get("/healthz")).status, 200);
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
    let verified = run(&["audit", "verify", bed.dir.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
}

/// A file system of a few megabytes. Unmounted when dropped.
pub(crate) struct Disk(PathBuf);

impl Disk {
    pub(crate) fn of(path: PathBuf, megabytes: u32) -> Disk {
        fs::create_dir_all(&path).unwrap();
        let disk = Disk(path);
        disk.mount(&["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]);
        disk
    }

    pub(crate) fn enlarge(&self, megabytes: u32) {
        self.mount(&["-o", &format!("remount,size={megabytes}m")]);
    }

    fn mount(&self, args: &[&str]) {
        let mounted = Command::new("mount").args(args).arg(&self.0).output().expect("mount is there");
        let said = String::from_utf8_lossy(&mounted.stderr);
        assert!(mounted.status.success(), "this test fills a disk of its own and must mount a tmpfs, as root: {said}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

#[test]
fn a_full_disk_is_said_and_what_was_acknowledged_is_there_afterwards() {
    let mut bed = Bed::bare();
    let disk = Disk::of(bed.beside("disk"), 12);
    copy(&bed.dir, &disk.0);
    bed.dir = disk.0.join("data");
    let server = bed.serve();

    let mut acknowledged: Vec<(RecordId, String)> = Vec::new();
    let mut file = |server: &Server, number: usize| -> Said {
        let plate = format!("F{number:05}");
        // Fields of a vehicle are short; what fills the disk is a long one.
        let said = server.ask(&bed.as_who(
            "clerk",
            Ask::post("/api/v1/records/vehicle", &json!({"plate": plate, "model": noise(number, 60_000)})),
        ));
        if said.status == 201 {
            acknowledged.push((said.json()["id"].as_str().unwrap().parse().unwrap(), plate));
        }
        said
    };
    let refused =
        (0..2000).map(|number| file(&server, number)).find(|said| said.status != 201).expect("the disk fills");
    ours(&refused, "a filing on a full disk");
    // It stays that way, it is not a fault of one request, and everybody is told.
    for number in 2000..2010 {
        let said = file(&server, number);
        if said.status != 201 {
            ours(&said, "another filing on a full disk");
        }
    }
    until("a monitor is told", Duration::from_secs(10), || {
        let _ = file(&server, 2100);
        server.ask(&Ask::get("/healthz")).status == 503
    });
    let said = server.stderr();
    assert!(said.contains("no room is left") || said.contains("No space left"), "the operator is told why: {said}");
    assert!(!said.contains("panicked"), "{said}");
    server.kill();
    assert!(acknowledged.len() >= 10, "{} filings fitted", acknowledged.len());

    disk.enlarge(96);
    let server = bed.serve();
    for (id, plate) in &acknowledged {
        assert_eq!(plate_of(&bed, &server.url, &id.to_string()), Ok(plate.as_str().into()), "{plate} was acknowledged");
    }
    let said = server.ask(&vehicle(&bed, "ROOM 1"));
    assert_eq!(said.status, 201, "{}", said.text());
    assert_eq!(server.ask(&Ask::get("/healthz")).status, 200);
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    let verified = run(&["audit", "verify", bed.dir.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
}

/// Letters that do not compress.
fn noise(seed: usize, length: usize) -> String {
    let mut rng = clear_testkit::rng::Rng::new(seed as u64);
    (0..length).map(|_| char::from(b'A' + u8::try_from(rng.below(26)).unwrap())).collect()
}
