//! A submission to a witness reads back as it was sent.
#![no_main]

use clear_audit::Submission;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(submission) = Submission::parse(body) {
        assert_eq!(submission.to_string().as_bytes(), body);
    }
});
