//! What is linked to what, under a Sight.
//!
//! In:    versions in `seq` order; places to start from, the asker's [`Sight`], a [`Window`] of days.
//! Out:   [`Node`]s and the [`Link`]s between them, pages in one order, shortest paths; and the label of each record.
//! Never: returns a record; shows by existence, degree, length, order or paging that something hidden is there.
//!
//! # How
//! Each record says edges by its fields: to a record that it names, or to a value that others may share, such as a plate. An
//! edge is governed by the label of the record that says it and by the class of the field. [`Graph::under`] is the only way to
//! an edge; what the Sight hides ends there, before anything is counted, sorted or walked through. Records that only join
//! others (an involvement, somebody's word that two records are of one person) are links and no nodes.
//!
//! # Change here
//! What is linked, and by which field: the list in `fields.rs`. What is a node: [`THINGS`]. How far a walk goes: `walk.rs`.
//!
//! [`Sight`]: clear_record::Sight

mod chart;
mod fields;
mod graph;
mod leaf;
mod node;
mod walk;

pub use chart::{Chart, Expanded, Linked, Placed, Wish};
pub use fields::{JOINTS, Shared, THINGS, names};
pub use graph::Graph;
pub use leaf::{Common, Leaf, Link, Neighbour, Page, Window};
pub use node::{BadNode, Node};
pub use walk::{HOPS_MAX, HUB_MAX, LOOKED_AT_MAX, PATHS_MAX, Path, Paths};
