//! The nouns of a police records system: what is recorded, under which label, and who asks for it.
//!
//! In:    nothing; other crates build these values.
//! Out:   records ([`Person`], [`Incident`] …), typed ids, [`Label`]s, [`Version`]s, [`Reach`], and the words of a
//!        question ([`Standing`], [`Inquiry`], [`Request`]).
//! Never: does IO, asks the time, decides anything. (Fresh ids take their randomness from the system.)
//!
//! # How
//! One [`record!`] declaration per kind yields the struct, its field list, its JSON Schema, its columns and its page
//! in the data dictionary. Everything that differs between kinds stands in that one declaration.
//!
//! # Change here
//! A field: its `record!` in `kinds/`. A kind: one file in `kinds/` and one line in `kinds.rs`. A field class or
//! caveat: `label.rs`. What closes a record by itself: the table in `derive.rs`. After any of them: `cargo xtask dictionary`.

mod ask;
mod codes;
pub mod derive;
mod id;
mod kinds;
mod label;
mod schema;
mod sight;
pub mod snapshot;
mod stores;
mod version;

pub use ask::{EventKind, Inquiry, Origin, Purpose, Request, Role, Standing, UseCode};
pub use codes::{IUCR, Iucr};
pub use id::{AccountId, AgencyId, BadId, DeviceId, HoldId, InquiryId, Kind, RecordId, RequestId, ReviewId, Seq, Text};
pub use id::{ArrestId, HotFileId, IncidentId, InvolvementId, NarrativeId, PersonId, PropertyId, StopId, VehicleId};
pub use id::{AssignmentId, JudgementId, ReferralId, RestrictionId};
pub use kinds::*;
pub use label::{
    Caution, Caveat, FieldClass, Handling, Instrument, Label, LabelId, LabelSet, PerClass, Reach, Relation,
};
pub use schema::{Column, Field, FieldType, FieldValue, json_schema};
pub use sight::{RowSet, Sight};
pub use snapshot::Snapshot;
pub use stores::{FLOWS, OutboundFlow, STORES, Store};
pub use version::{Draft, Method, Provenance, Version};
