//! Loads invented vehicles into a store and follows them back, and prints rows per second for both.
//!
//! `cargo run --release -p clear-store --example load -- 1600000 20000 [folder | postgres://address]`
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use clear_record::{Draft, Kind, Label, Method, Provenance, Record, RecordId, Seq, Vehicle};
use clear_store::{AsOf, Batch, OutboxBody, Store};
use jiff::Timestamp;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows: u64 = arguments.next().as_deref().unwrap_or("200000").parse()?;
    let each: u64 = arguments.next().as_deref().unwrap_or("20000").parse()?;
    let place = arguments.next();
    let folder = tempfile::TempDir::new()?;
    let store = match place.as_deref() {
        Some(url) if url.starts_with("postgres") => Store::postgres(url, &folder.path().join("keys")).await?,
        Some(path) => Store::folder(Path::new(path)).await?,
        None => Store::folder(folder.path()).await?,
    };
    let fence = store.ledger.lead().await?;
    let register = store.ledger.head().await?.register;
    let first = store.ledger.head().await?.seq;

    let mut committing = std::time::Duration::ZERO;
    for start in (0..rows).step_by(usize::try_from(each)?) {
        let drafts = (start..rows.min(start + each)).map(draft).collect::<Result<Vec<_>, _>>()?;
        let outbox = vec![OutboxBody { clear: true, body: b"loaded".to_vec() }];
        let began = Instant::now();
        store
            .ledger
            .commit(
                &fence,
                Batch {
                    recorded_at: Timestamp::UNIX_EPOCH,
                    drafts,
                    register: vec![],
                    expects_register: register,
                    outbox,
                },
            )
            .await?;
        committing += began.elapsed();
    }
    report("commit", rows, committing);

    let began = Instant::now();
    let (mut after, upto) = (first, store.ledger.head().await?.seq);
    while after < upto {
        let page = store.ledger.follow(after, upto, 10_000).await?;
        after = page.last().map_or(upto, |version| version.seq);
    }
    report("follow", rows, began.elapsed());

    let began = Instant::now();
    let as_of = AsOf { seq: Seq(u64::MAX), valid: None };
    let mut read = 0;
    for start in (0..rows).step_by(usize::try_from(rows / 20 + 1)?) {
        let ids = (start..rows.min(start + 1000))
            .map(|number| draft(number).map(|draft| draft.id))
            .collect::<Result<Vec<_>, _>>()?;
        read += store.ledger.read(&ids, as_of).await?.len() as u64;
    }
    report("read", read, began.elapsed());
    store.close().await;
    Ok(())
}

fn report(what: &str, rows: u64, took: std::time::Duration) {
    println!("{what}: {rows} rows in {:.2} s, {:.0} rows/s", took.as_secs_f64(), rows as f64 / took.as_secs_f64());
}

/// An invented vehicle of about the size of an incident's record.
fn draft(number: u64) -> Result<Draft, Box<dyn Error>> {
    let agency = "north".parse()?;
    let vehicle = Vehicle {
        plate: Some(format!("Z{number:07}")),
        plate_state: Some("ZZ".to_owned()),
        vin: Some(format!("1ABCD2345E{number:08}")),
        make: Some("Invented Motor Works of the North".to_owned()),
        model: Some("Series Nine, long wheelbase, four doors, diesel".to_owned()),
        model_year: Some(2001),
        colour: Some("green over grey, white roof, dented left door".to_owned()),
        owner: None,
    };
    Ok(Draft {
        id: RecordId::derived(Kind::Vehicle, &agency, "load", &number.to_string()),
        record: Record::from(vehicle),
        label: Label::of("north".parse()?, Kind::Vehicle),
        valid_from: Timestamp::UNIX_EPOCH,
        provenance: Provenance {
            agency,
            author: "loader".parse()?,
            method: Method::Imported,
            source: "load".to_owned(),
            reference: Some(number.to_string()),
            derived: std::collections::BTreeSet::new(),
        },
    })
}
