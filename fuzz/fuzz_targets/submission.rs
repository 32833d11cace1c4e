//! A submission to a witness is written as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    clear_audit::parsers::submission(bytes).expect("holds for any bytes");
});
