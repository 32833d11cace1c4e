//! A file of any bytes gives rows and ends; reading it again gives the same rows.
#![no_main]

use std::io::Cursor;

use clear_ingest::{Options, Row, chicago_crimes};
use jiff::{Timestamp, tz::TimeZone};
use libfuzzer_sys::fuzz_target;

/// The ids of the drafts and the lines of the rejections.
fn rows(bytes: &[u8]) -> Vec<String> {
    let options = Options {
        owner: "police".parse().expect("an agency id"),
        author: "importer".parse().expect("an account id"),
        time_zone: TimeZone::UTC,
        now: Timestamp::from_second(1_600_000_000).expect("a moment"),
    };
    let Ok(reader) = chicago_crimes::read(Cursor::new(bytes.to_vec()), "fuzz", options) else { return Vec::new() };
    // A small packed file may unpack to a very large one; its first rows are enough.
    let rows = reader.take(500).map_while(Result::ok);
    rows.map(|row| match row {
        Row::Draft(draft) => draft.id.to_string(),
        Row::Rejection(rejection) => rejection.line.to_string(),
    })
    .collect()
}

fuzz_target!(|bytes: &[u8]| assert_eq!(rows(bytes), rows(bytes)));
