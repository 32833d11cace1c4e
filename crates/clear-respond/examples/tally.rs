//! What counting the log costs: writes invented events into a log and counts them.
//!
//! `cargo run --release -p clear-respond --example tally -- 1000000`
#![allow(clippy::disallowed_methods, reason = "a measurement in a folder of its own")]
#![allow(missing_docs, clippy::indexing_slicing, reason = "a measurement is read, not called")]

use std::time::{Duration, Instant};

use clear_audit::{Event, Log, Options, What};
use clear_respond::report_of_folder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let events: u64 = std::env::args().nth(1).map_or(Ok(100_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let options = Options {
        folder: folder.path().into(),
        keys: folder.path().join("keys"),
        origin: "measured/1".into(),
        checkpoint_every: Duration::from_secs(1),
        ..Options::default()
    };
    let (log, _) = Log::open(options)?;
    let begun = jiff::Timestamp::now();
    for number in 0..events {
        let asked = Event {
            at: begun,
            what: if number.is_multiple_of(2) { What::Asked } else { What::Answered },
            request: Some(clear_record::RequestId::fresh()),
            account: Some(format!("officer-{}", number % 500).parse()?),
            agency: Some(format!("agency-{}", number % 30).parse()?),
            purpose: Some(["patrol", "warrants", "traffic"][number as usize % 3].into()),
            use_code: Some("C".into()),
            case: Some(format!("JB{number}")),
            reason: Some("suspect named by a witness".into()),
            question: Some(r#"find {"name":"somebody invented"}"#.into()),
            address: Some("10.0.0.7".into()),
            session: Some("n1".into()),
            ..Event::default()
        };
        drop(log.append(&asked, None));
        // The queue holds what is not written yet.
        if number.is_multiple_of(10_000) {
            log.append(&asked, None).wait_blocking()?;
        }
    }
    let vkey = log.vkey().to_owned();
    log.close()?;
    let year = begun.strftime("%Y").to_string().parse().map_err(|what: String| what)?;
    let began = Instant::now();
    let report = report_of_folder(folder.path(), &vkey, year)?;
    let took = began.elapsed();
    println!(
        "{} entries read, opened, checked against the tree and counted in {:.2} s: {:.1} s a million; {} figures",
        report.upto,
        took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / report.upto as f64,
        report.figures.len()
    );
    Ok(())
}
