//! A receipt reads back as it was written.
#![no_main]

use clear_audit::Receipt;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(receipt) = Receipt::parse(text) {
        let again = Receipt::parse(&receipt.to_header()).expect("reads back");
        assert!(again == receipt);
    }
});
