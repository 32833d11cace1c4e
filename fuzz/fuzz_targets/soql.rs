//! Whatever a query prints reads back as the same query; whatever reads is planned or refused.
#![no_main]

#[path = "../bodies/soql.rs"]
mod soql;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| soql::body(text));
