//! A checkpoint says one thing, and is one under its own log's key alone.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    clear_audit::parsers::checkpoint(bytes).expect("holds for any bytes");
});
