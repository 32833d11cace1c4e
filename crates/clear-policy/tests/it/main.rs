//! The register, its orders and the decision, with the rules that come with the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod decision;
mod monotone;
mod orders;
mod register;
mod world;
