//! The roads on a real desk: SQLite, the log, the shipped rules and register; and a clock that the test sets.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod bed;
mod disclosures;
mod downed;
mod health;
mod inquiry;
mod lost;
mod projections;
mod review;
mod rules;
mod stops;
mod was_this_you;
