//! The register, its orders and the decision, with the rules that come with the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod decision;
mod founders;
mod members;
mod monotone;
mod orders;
mod path;
mod publish;
mod reasons;
mod register;
mod resumption;
mod sights;
mod world;
