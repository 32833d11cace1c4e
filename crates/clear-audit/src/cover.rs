//! Cover leaves: entries that say nothing, so that the log's growth says nothing either.
//!
//! A stranger sees the log grow from one public checkpoint to the next. If it grew by what happened, a small hour would
//! show that somebody was asked about just then. So it grows by a *bucket*: the smallest of `bucket`, `bucket × 4`,
//! `bucket × 16` … that what happened fits into, and never by nothing.
//!
//! INVARIANT (a cover is like any other): it is sealed under fresh random bytes as an event is, and its leaf has the same
//! form; only whoever may read openings can tell one from the other.

use jiff::Timestamp;

use crate::error::Error;
use crate::event::{Event, What};
use crate::frame::Entry;
use crate::seal::{self, OpeningKey};

/// Each bucket is as many times as large as the one before.
const STEP: u64 = 4;

/// How many cover leaves fill up a log that has grown by so many entries since the last public checkpoint.
pub(crate) fn count(growth: u64, bucket: u64) -> u64 {
    let mut size = bucket.max(1);
    while size < growth {
        size = size.saturating_mul(STEP);
    }
    size - growth
}

/// A cover leaf's entry.
///
/// # Errors
/// No randomness.
pub(crate) fn entry(key: &OpeningKey, at: Timestamp) -> Result<Entry, Error> {
    let event = Event { what: What::Cover, at, ..Event::default() };
    // An event without free text always has its JSON; were there none, the cover would be one all the same.
    let body = serde_json::to_vec(&event).unwrap_or_default();
    Ok(seal::sealed(key, &body, 0)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_grows_by_a_bucket_and_never_by_nothing() {
        for (growth, bucket, grown) in [
            (0, 256, 256),
            (1, 256, 256),
            (256, 256, 256),
            (257, 256, 1024),
            (1024, 256, 1024),
            (1025, 256, 4096),
            (70_000, 256, 262_144),
            (0, 1, 1),
            (1, 1, 1),
            (2, 1, 4),
            (5, 4, 16),
            (0, 0, 1),
        ] {
            assert_eq!(growth + count(growth, bucket), grown, "{growth} {bucket}");
        }
    }
}
