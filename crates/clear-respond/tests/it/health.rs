//! How the installation says that it is, and the clock at a start.

use clear_audit::{Opened, What};
use clear_respond::{About, DisclosureWish, HealthPart, State};
use sha2::{Digest, Sha256};

use crate::bed::Bed;

fn part(health: &clear_respond::Health, name: &str) -> HealthPart {
    health.parts.iter().find(|part| part.name == name).unwrap_or_else(|| panic!("no part `{name}`")).clone()
}

#[tokio::test]
async fn gr24_a_clock_that_went_back_is_said_at_the_start() {
    let bed = Bed::open().await;
    bed.later(600);
    let bed = bed.restart().await;
    assert!(bed.desk.check_clock().is_ok());
    // Five minutes are a correction; an hour is somebody's doing, or a dead battery.
    bed.later(-5);
    let bed = bed.restart().await;
    assert!(bed.desk.check_clock().is_ok());
    bed.later(-60);
    let before = bed.desk.clock();
    let bed = bed.restart().await;
    let said = bed.desk.check_clock().unwrap_err().to_string();
    assert!(said.contains("Set the clock and start again") && said.contains("--accept-clock"), "{said}");
    let health = bed.desk.health().await;
    assert_eq!((health.state(), part(&health, "clock").state), (State::Degraded, State::Degraded));
    // At the operator's word it starts; time stands still, and the log says so.
    bed.desk.accept_clock().await.unwrap();
    assert!(bed.desk.clock() >= before);
    let log = bed.desk.public_log();
    let configured = log.openings(0..log.synced_size()).unwrap().filter_map(|opened| match opened.unwrap().1 {
        Opened::Event(event) if event.what == What::Configured => event.why,
        _ => None,
    });
    assert!(configured.last().unwrap().contains("started at the operator's word"));
}

/// Changes the opening of an entry and makes the frame's checksum anew, as somebody would who knows the format.
fn tampered(folder: &std::path::Path, entry: u64) {
    let path = folder.join("log/frames-000001.log");
    let mut bytes = std::fs::read(&path).unwrap();
    let mut at = 32;
    loop {
        let length = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        if u64::from_be_bytes(bytes[at + 9..at + 17].try_into().unwrap()) == entry {
            bytes[at + length - 9] ^= 1;
            let sum = Sha256::digest(&bytes[at..at + length - 8]);
            bytes[at + length - 8..at + length].copy_from_slice(&sum[..8]);
            return std::fs::write(&path, bytes).unwrap();
        }
        at += length;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gr22_an_entry_that_cannot_be_opened_shows_in_health() {
    let bed = Bed::open().await;
    let (entry, _) = bed.events().into_iter().find(|(_, event)| event.what == What::Configured).unwrap();
    assert_eq!(part(&bed.desk.health().await, "openings").state, State::Well);
    // A new index meets it, and whoever reads it; a restart does not make it well.
    let bed = bed
        .restart()
        .await
        .restart_after(|folder| {
            tampered(folder, entry);
            std::fs::remove_dir_all(folder.join("disclosures")).unwrap();
        })
        .await;
    let bed = looked_at(bed).await.restart().await;
    looked_at(bed).await;
}

/// Waits for the index by a question to it, and finds the alarm.
async fn looked_at(bed: Bed) -> Bed {
    let wish = DisclosureWish { about: About::Everything, from: None, until: None, before: None, limit: 1 };
    let request = bed.request("oversight", wish).await;
    let list = bed.desk.disclosures(request).await.unwrap().0;
    assert_eq!((list.behind, list.flawed.len()), (0, 1));
    let health = bed.desk.health().await;
    assert_eq!((health.state(), part(&health, "openings").state), (State::Degraded, State::Degraded));
    bed
}

#[tokio::test]
async fn what_other_parts_say_stands_beside_the_log() {
    let bed = Bed::open().await;
    let health = bed.desk.health().await;
    assert_eq!(health.state(), State::Well, "{health:?}");
    for name in ["log", "spool", "openings", "ledger", "register", "clock"] {
        assert_eq!(part(&health, name).state, State::Well, "{name}");
    }
    bed.desk.tell(HealthPart::new("witness", State::Degraded, "one of two is late"));
    assert_eq!(bed.desk.health().await.state(), State::Degraded);
    bed.desk.tell(HealthPart::new("witness", State::Well, "both are in step"));
    assert_eq!(bed.desk.health().await.state(), State::Well);
    bed.desk.public_log().close().unwrap();
    let health = bed.desk.health().await;
    assert_eq!((health.state(), part(&health, "log").state), (State::Down, State::Down));
}
