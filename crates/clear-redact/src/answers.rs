//! The answers, as they go over the wire.

use clear_policy::Grant;
use clear_query::{Counted, FindMatch, OpenMatch};
use clear_record::{FieldClass, Record, Sight, Version};
use serde::Serialize;
use utoipa::ToSchema;

use crate::shown::{View, view};
use crate::{Pointer, Redact, Reduced, Shown};

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Found {
    /// How the question was understood.
    pub understood: String,
    /// How many records match, of those that the asker may see.
    pub total: usize,
    /// This page of them, best first.
    pub hits: Vec<FoundHit>,
    /// Records that match and are not open: whom to ask about them.
    pub pointers: Vec<Pointer>,
    /// What to mind here, in the words of an owner that says no more than this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<&'static str>,
}

/// One hit.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FoundHit {
    /// The record.
    pub record: Shown,
    /// Why it matched, in words.
    pub why: Vec<String>,
}

/// One record with what stands beside it; `record` is null when there is none that the asker may see.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Opened {
    /// The record.
    pub record: Option<OpenedRecord>,
    /// Whom to ask, when the record is only a pointer.
    pub pointer: Option<Pointer>,
}

/// An open record.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpenedRecord {
    /// The record itself.
    pub shown: Shown,
    /// Hot-file entries about it or about somebody or something that it names.
    pub alerts: Vec<Alert>,
    /// Records that it names or that name it.
    pub related: Vec<RelatedRecord>,
    /// Other records that are probably of the same person.
    pub same_person: Vec<SamePersonRecord>,
}

/// A hot-file entry with what an officer does on it (GR19).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Alert {
    /// The entry.
    pub shown: Shown,
    /// What stands behind it, in words.
    pub instrument: &'static str,
    /// `confirm first`, `information`, `no action` or `lapsed: no action`.
    pub action: &'static str,
}

/// A record beside another.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RelatedRecord {
    /// The record.
    pub shown: Shown,
}

/// A record of probably the same person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SamePersonRecord {
    /// The record.
    pub shown: Shown,
    /// Why the linker thinks so.
    pub why: Vec<String>,
}

/// A table of counts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CountedTable {
    /// The columns, the count last.
    pub columns: Vec<String>,
    /// The rows, largest count first; null is "not known".
    pub rows: Vec<Vec<Option<String>>>,
    /// How many incidents were counted in all.
    pub total: u64,
}

impl Redact for FindMatch {
    type Out = Found;

    fn redact(self, grant: &Grant) -> Reduced<Found> {
        let mut told = Vec::new();
        let (mut hits, mut pointers) = (Vec::new(), Vec::new());
        for hit in self.hits {
            match view(grant, &hit.version, &self.known) {
                Some(View::Shown(record)) => {
                    told.push(hit.version.id);
                    hits.push(FoundHit { record, why: hit.why });
                }
                Some(View::Pointer(pointer)) => {
                    told.push(hit.version.id);
                    pointers.push(pointer);
                }
                None => {}
            }
        }
        // Two gray records of one agency are one pointer: how many there are is not said.
        pointers.sort();
        pointers.dedup();
        let cautions = self.cautions.into_iter().map(clear_record::Caution::sentence).collect();
        Reduced { out: Found { understood: self.understood, total: self.total, hits, pointers, cautions }, told }
    }
}

impl Redact for OpenMatch {
    type Out = Opened;

    fn redact(self, grant: &Grant) -> Reduced<Opened> {
        let mut told = Vec::new();
        let mut show = |version: &Version| -> Option<Shown> {
            match view(grant, version, &self.known)? {
                View::Shown(shown) => {
                    told.push(version.id);
                    Some(shown)
                }
                View::Pointer(_) => None,
            }
        };
        let Some(version) = self.version else {
            return Reduced { out: Opened { record: None, pointer: None }, told };
        };
        let out = match show(&version) {
            Some(shown) => {
                let alerts = self
                    .alerts
                    .iter()
                    .filter_map(|entry| alert(&self.known.sight(grant), entry, show(entry)?))
                    .collect();
                let related = self
                    .related
                    .iter()
                    .filter_map(|related| Some(RelatedRecord { shown: show(&related.version)? }))
                    .collect();
                let same_person = self
                    .same_person
                    .into_iter()
                    .filter_map(|same| Some(SamePersonRecord { shown: show(&same.version)?, why: same.why }))
                    .collect();
                Opened { record: Some(OpenedRecord { shown, alerts, related, same_person }), pointer: None }
            }
            None => match view(grant, &version, &self.known) {
                Some(View::Pointer(pointer)) => {
                    told.push(version.id);
                    Opened { record: None, pointer: Some(pointer) }
                }
                _ => Opened { record: None, pointer: None },
            },
        };
        Reduced { out, told }
    }
}

fn alert(sight: &Sight<'_>, version: &Version, shown: Shown) -> Option<Alert> {
    let Some(Record::HotFile(entry)) = &version.record else { return None };
    let action = if entry.lapsed_on.is_some() { "lapsed: no action" } else { entry.instrument.action() };
    // The instrument is an operational field like any other; without it an entry says nothing that one may act on.
    let open = sight.opens(FieldClass::Operational, version.label, version.id);
    open.then(|| Alert { shown, instrument: entry.instrument.title(), action })
}

impl Redact for Counted {
    type Out = CountedTable;

    fn redact(self, _grant: &Grant) -> Reduced<CountedTable> {
        // The engine counted under the reach; a table of counts tells of no single record.
        let out = CountedTable { columns: self.table.columns, rows: self.table.rows, total: self.table.total };
        Reduced { out, told: Vec::new() }
    }
}
