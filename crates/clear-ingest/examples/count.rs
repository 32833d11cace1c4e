//! Reads a crime file and says what came of it: `cargo run --release -p clear-ingest --example count -- FILE`.

use std::time::Instant;

use clear_ingest::{Options, Row, chicago_crimes};
use jiff::tz::TimeZone;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let options = Options {
            owner: "city-police".parse()?,
            author: "importer".parse()?,
            time_zone: TimeZone::get("America/Chicago")?,
            now: jiff::Timestamp::now(),
        };
        let begun = Instant::now();
        let (mut drafts, mut rejections) = (0u64, 0u64);
        let mut reader = chicago_crimes::open(&path, options)?;
        for row in reader.by_ref() {
            match row? {
                Row::Draft(_) => drafts += 1,
                Row::Rejection(rejection) => {
                    rejections += 1;
                    println!("{rejection}");
                }
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let rate = (drafts + rejections) as f64 / seconds;
        println!("{path}: {drafts} drafts, {rejections} rejections, {seconds:.2} s, {rate:.0} rows a second");
        println!("  unknown codes {:?}, ignored columns {:?}", reader.unknown_codes(), reader.ignored_columns());
    }
    Ok(())
}
