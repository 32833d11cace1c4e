//! A bundle's entries, put together again, are its bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    clear_audit::parsers::bundle(bytes).expect("holds for any bytes");
});
