//! Which records are the same person.
//!
//! In:    rows with their values' roles, or the person records that the asker may see; people's decisions about pairs.
//! Out:   scored pairs and clusters, every join with its reasons; a [`Model`] that can be kept.
//! Never: does IO; reads a truth; reads the store; joins two records that a decision parts.
//!
//! # How
//! A [`Table`] takes rows; [`link`] compares those that share a rare combination of values, estimates without labels what
//! each level of agreement is worth (Fellegi and Sunter 1969; expectation-maximisation after Winkler 1988), and joins
//! groups as long as that is more likely right than wrong. A [`Linker`] goes on from there, row by row. [`cluster`] does it
//! for the records of one neighbourhood under a Sight, with declared weights. docs/linking.md says it in plain words.
//!
//! ```
//! use clear_link::{Options, Role, Table, link};
//!
//! let mut table = Table::new(&[Role::GivenName, Role::Surname, Role::DateOfBirth, Role::Phone]);
//! for number in 0..40 {
//!     let (given, surname) = (["ANA", "BO", "CY", "DEE"][number % 4], ["ADLER", "BRIGGS", "COHEN", "DIAZ", "ECK"][number % 5]);
//!     let (birth, phone) = (format!("19{:02}-03-1{}", 50 + number, number % 9), format!("55501{number:02}"));
//!     table.push([given, surname, &birth, &phone]);
//!     table.push([given, surname, &birth, ""]);
//! }
//! let linked = link(table, &Options::default(), &mut |_stage| {});
//! assert_eq!(linked.clusters[0], linked.clusters[1]);
//! assert_ne!(linked.clusters[0], linked.clusters[2]);
//! println!("{}", linked.explain(0, 1));
//! ```
//!
//! # Change here
//! What can be compared: `role.rs`. How: `levels.rs` and `compare.rs`. How pairs are found: `block.rs`. How groups are
//! joined: `agglomerate.rs`. What holds under a Sight: `neighbourhood.rs`.

mod agglomerate;
mod block;
mod company;
mod compare;
mod declared;
mod dict;
mod error;
mod estimate;
mod explain;
mod file;
mod fold;
mod keys;
mod levels;
mod link;
mod linker;
mod map;
pub mod metrics;
mod model;
mod neighbourhood;
mod order;
mod prepared;
mod rarity;
mod role;
mod table;
mod words;

pub use block::Found;
pub use error::Error;
pub use explain::{Step, Waterfall};
pub use keys::{BlockKey, block_keys};
pub use levels::{Kind, Level};
pub use link::{Copied, Linked, Options, Scored, link};
pub use linker::{Arrived, Linker};
pub use map::mapped;
pub use model::{Model, ShownLevel};
pub use neighbourhood::{Cluster, ClusterId, Edge, Judgement, Why, cluster, explain};
pub use role::Role;
pub use table::Table;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
