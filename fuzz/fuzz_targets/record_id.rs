//! An id reads back as it was written, and has one spelling.
#![no_main]

use clear_record::RecordId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<RecordId>() {
        assert_eq!(id.to_string(), text);
    }
});
