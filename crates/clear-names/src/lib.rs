//! What is known about person names: one spelling for all scripts, nicknames, sound, and how well two names match.
//!
//! In:    names, as somebody wrote them.
//! Out:   their parts in one spelling, keys to find similar ones by, and how alike two are.
//! Never: does IO, panics on any text, or costs more for a name of 10,000 letters than for a long one.
//!
//! # How
//! `fold` makes one spelling, `parts` the words of a name; `distance`, `sound` and `nicknames` compare single words. `name` makes a
//! whole name ready, `compare` says how well two match: docs/names.md, in plain words.
//!
//! # Change here
//! A nickname or spelling: `data`. A letter that is read otherwise: `fold.rs`. Letters that stand for one another: `reading.rs`.
//! What a deviation is worth: `compare.rs`.

mod compare;
mod distance;
mod fold;
mod lexicon;
mod name;
mod nicknames;
mod parts;
mod reading;
mod sound;
mod words;

pub use compare::{MATCH, Match, Pair, Why, compare, compare_names};
pub use distance::{edits, jaro_winkler};
pub use fold::folded;
pub use name::Name;
pub use nicknames::{Kin, are_nicknames, kin, nicknames, spellings};
pub use parts::{PARTS_MAX, Part, TOKEN_LETTERS_MAX, parts};
pub use sound::{Sound, sound};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/names.md")]
struct HowTwoNamesAreCompared;
