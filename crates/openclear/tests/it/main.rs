//! The whole of OpenCLEAR from outside: the real binary on a real folder, over real loopback HTTP.
//!
//! One file a topic. `bed.rs` founds the small city that they share, starts and ends servers, and asks them.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]
#![allow(missing_docs, reason = "tests are read, not called")]

mod bed;
mod browser;
mod certificate;
mod check;
mod command;
mod disclosures;
mod events;
mod export;
mod gate;
mod govern;
mod hidden;
mod import;
mod index;
mod kill;
mod link;
mod log;
mod map;
mod notebook;
mod orders;
mod pages;
mod papers;
mod prove;
mod replay;
mod report;
mod rollback;
mod routes;
mod soda;
mod spool;
mod stats;
mod stop;
mod story;
mod trouble;
mod verify_go;
mod walkthrough;
mod wrong;
