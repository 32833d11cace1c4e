//! The answers, as they go over the wire.

use clear_policy::Grant;
use clear_query::{Counted, Facet, FindMatch, OpenMatch, Snippet, Suggested, Suggestion};
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
    /// How else it can be: say `read_as` to have it read so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoRead>,
    /// A mistake without which the question would have been understood otherwise, and how to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How many records match, of those that the asker may see.
    pub total: usize,
    /// This page of them, best first.
    pub hits: Vec<FoundHit>,
    /// Records that match and are not open: whom to ask about them.
    pub pointers: Vec<Pointer>,
    /// The records that match and may be seen, counted by their properties.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facets: Vec<FoundFacet>,
    /// What was perhaps meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggested: Vec<Meant>,
    /// What begins as typed, where nothing was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub begins: Vec<Begins>,
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
    /// The pieces of its texts that show what was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snippets: Vec<FoundSnippet>,
}

/// Another reading of what was asked.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AlsoRead {
    /// For `read_as`.
    pub read_as: &'static str,
    /// In words.
    pub how: String,
}

/// Hits by one property.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FoundFacet {
    /// `kind`, `year`, `beat`, `district` or `community_area`.
    pub by: &'static str,
    /// The values with most hits, at most 50.
    pub counts: Vec<FacetCount>,
}

/// Hits with one value.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// How many hits have it.
    pub count: usize,
}

/// A spelling that was perhaps meant.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Meant {
    /// What was asked.
    pub asked: String,
    /// What was perhaps meant.
    pub instead: String,
    /// How many records that may be seen have it.
    pub count: usize,
}

/// Something that begins as typed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Begins {
    /// `street`, `plate` or `word`.
    pub kind: &'static str,
    /// The text.
    pub text: String,
    /// How many records that may be seen have it.
    pub count: usize,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FoundSnippet {
    /// The field.
    pub field: &'static str,
    /// The piece in order.
    pub pieces: Vec<SnippetPiece>,
}

/// A run of a piece.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SnippetPiece {
    /// The text, as recorded.
    pub text: String,
    /// Whether it is what was asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub marked: bool,
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
    /// The id of this record and those together, of a person: the same for whoever sees the same of them, another when a
    /// record joins or leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
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
                    let sight = self.known.sight(grant);
                    let open = |snippet: &Snippet| sight.opens(snippet.class, hit.version.label, hit.version.id);
                    let snippets = hit.snippets.into_iter().filter(open).map(snippet).collect();
                    hits.push(FoundHit { record, why: hit.why, snippets });
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
        let also = self.also.into_iter().map(|(read_as, how)| AlsoRead { read_as, how }).collect();
        let counted = |(value, count)| FacetCount { value, count };
        let facet = |it: Facet| FoundFacet { by: it.by, counts: it.counts.into_iter().map(counted).collect() };
        let meant = |Suggested { asked, instead, count }| Meant { asked, instead, count };
        let begins = |Suggestion { kind, text, count }| Begins { kind, text, count };
        let out = Found {
            understood: self.understood,
            also,
            note: self.note,
            total: self.total,
            hits,
            pointers,
            // The engine counted these under the sight, as it did the total.
            facets: self.facets.into_iter().map(facet).collect(),
            suggested: self.suggested.into_iter().map(meant).collect(),
            begins: self.begins.into_iter().map(begins).collect(),
            cautions,
        };
        Reduced { out, told }
    }
}

fn snippet(snippet: Snippet) -> FoundSnippet {
    let piece = |it: clear_query::Piece| SnippetPiece { text: it.text, marked: it.marked };
    FoundSnippet { field: snippet.field, pieces: snippet.pieces.into_iter().map(piece).collect() }
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
                let cluster = self.cluster.map(|id| id.to_string());
                Opened { record: Some(OpenedRecord { shown, alerts, related, same_person, cluster }), pointer: None }
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
