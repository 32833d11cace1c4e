//! What the ledger keeps: versions of records, each with where it came from and when we knew it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, AgencyId, Label, LabelId, Record, RecordId, Seq};

/// How a version came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Typed into a form or sent to the API.
    Filed,
    /// Read from a file by an importer.
    Imported,
}

/// Where a version came from. Every version has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The agency that contributed it.
    pub agency: AgencyId,
    /// The account that filed it.
    pub author: AccountId,
    /// How it came in.
    pub method: Method,
    /// The source's name, as in the registry of sources: `chicago-crimes`, `api`.
    pub source: String,
    /// The source's own number for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The rules of [`derive`](crate::derive) that put caveats on the label, by their ids, so that a reader sees why.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub derived: BTreeSet<String>,
}

/// A record that is proposed, before the ledger has taken it.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its id: fresh, derived from the source, or that of the record it corrects.
    pub id: RecordId,
    /// Its contents.
    pub record: Record,
    /// Its label.
    pub label: Label,
    /// Since when it was true in the world.
    pub valid_from: Timestamp,
    /// Where it came from.
    pub provenance: Provenance,
}

/// One version of a record, as the ledger keeps it: append-only, bitemporal.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its place in commit order.
    pub seq: Seq,
    /// Which record.
    pub id: RecordId,
    /// The label that it was filed under. The record's *current* label is its newest version's.
    pub label: LabelId,
    /// Since when it was true in the world.
    pub valid_from: Timestamp,
    /// Since when we knew it.
    pub recorded_at: Timestamp,
    /// Where it came from.
    pub provenance: Provenance,
    /// Its contents; `None` when the record was expunged and its key destroyed.
    pub record: Option<Record>,
}
