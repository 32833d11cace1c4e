//! A tile's place has one spelling, and none leads out of the log.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    clear_audit::parsers::tile_path(bytes).expect("holds for any bytes");
});
