//! A signed note reads back as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    clear_audit::parsers::note(bytes).expect("holds for any bytes");
});
