//! What tests, benches and the demonstration stand on: a city of invented people, a clock that stands still, numbers
//! from a seed, and a PostgreSQL of one's own.
//!
//! In:    seeds, and real incidents that have no persons in them.
//! Out:   [`city::City`], names by census frequency, [`clock::noon`], a private [`postgres`] server.
//! Never: speaks of a real person; asks the time or the system for randomness in what it generates.
//!
//! # How
//! Everything generated follows from a seed, so that a failing test fails again and a demonstration shows the same
//! page twice.
//!
//! # Change here
//! Questions that are wrong in a stated way: `asked.rs`. The city: `city.rs` and `city/profiles.rs`. Names: `names.rs`, with the lists in `data/`.

pub mod asked;
pub mod city;
pub mod clock;
pub mod dispatch;
pub mod names;
pub mod postgres;
pub mod rng;
pub mod story;
