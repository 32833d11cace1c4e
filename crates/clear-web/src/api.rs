//! The API: one file for each thing that can be asked. Bodies of answers are exactly what was disclosed.

pub(crate) mod accounts;
pub(crate) mod certificate;
pub(crate) mod check;
pub(crate) mod counts;
pub(crate) mod cut_offs;
pub(crate) mod disclosures;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod find;
pub(crate) mod handling;
pub(crate) mod holds;
pub(crate) mod inquiries;
pub(crate) mod links;
pub(crate) mod measures;
pub(crate) mod newest;
pub(crate) mod open;
pub(crate) mod openings;
pub(crate) mod productions;
pub(crate) mod reference;
pub(crate) mod register;
pub(crate) mod replay;
pub(crate) mod reviews;
pub(crate) mod rows;
pub(crate) mod session;
pub(crate) mod transparency;
pub(crate) mod was_this_you;
