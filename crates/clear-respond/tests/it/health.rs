//! How the installation says that it is, and the clock at a start.

use clear_audit::{Opened, What};
use clear_respond::{HealthPart, State};

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

#[tokio::test]
async fn what_other_parts_say_stands_beside_the_log() {
    let bed = Bed::open().await;
    let health = bed.desk.health().await;
    assert_eq!(health.state(), State::Well, "{health:?}");
    for name in ["log", "spool", "ledger", "register", "clock"] {
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
