//! The source of the city's crime files and the forms, from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod crimes;
mod forms;
