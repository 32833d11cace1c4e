//! The API: one file for each thing that can be asked. Bodies of answers are exactly what was disclosed.

pub(crate) mod accounts;
pub(crate) mod counts;
pub(crate) mod cut_offs;
pub(crate) mod file;
pub(crate) mod find;
pub(crate) mod open;
pub(crate) mod reference;
pub(crate) mod register;
pub(crate) mod session;
