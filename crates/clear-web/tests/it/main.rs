//! The server on a real port: a real desk on SQLite, the shipped rules and register, plain sockets as clients.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod analysis;
mod api;
mod city;
mod devices;
mod gate;
mod inquiries;
mod labels;
mod links;
mod maps;
mod pages;
mod productions;
mod published;
mod rows;
mod search;
mod soda;
mod strange;
mod walkthrough;
mod wire;
