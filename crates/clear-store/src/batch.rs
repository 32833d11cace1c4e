//! A batch made ready before any lock is taken: labels and origins told apart, bodies written out.

use std::collections::BTreeSet;

use clear_record::{AccountId, AgencyId, Draft, Label, Method, Provenance, RecordId};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cores::spread;
use crate::seal::{Contents, envelope};

/// Where versions came from: a provenance without the source's own number, which is sealed with the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    pub(crate) agency: AgencyId,
    pub(crate) author: AccountId,
    pub(crate) method: Method,
    pub(crate) source: String,
    /// The rules that put caveats on the label.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) derived: BTreeSet<String>,
}

impl Origin {
    fn is_of(&self, provenance: &Provenance) -> bool {
        self.agency == provenance.agency
            && self.author == provenance.author
            && self.method == provenance.method
            && self.source == provenance.source
            && self.derived == provenance.derived
    }
}

impl From<&Origin> for Provenance {
    fn from(origin: &Origin) -> Provenance {
        let Origin { agency, author, method, source, derived } = origin.clone();
        Provenance { agency, author, method, source, reference: None, derived }
    }
}

/// A draft made ready.
pub(crate) struct Plain {
    pub(crate) id: RecordId,
    /// Its label's place in the batch's list.
    pub(crate) label: usize,
    /// Its origin's place in the batch's list.
    pub(crate) origin: usize,
    pub(crate) valid_from: i64,
    pub(crate) envelope: Vec<u8>,
}

/// A batch's drafts made ready.
pub(crate) struct Ready {
    pub(crate) recorded_at: i64,
    /// The labels of the batch, each once, with their canonical text.
    pub(crate) labels: Vec<(String, Label)>,
    /// The origins of the batch, each once, with their canonical text.
    pub(crate) origins: Vec<(String, Origin)>,
    pub(crate) rows: Vec<Plain>,
}

/// Makes drafts ready.
pub(crate) async fn ready(recorded_at: jiff::Timestamp, drafts: Vec<Draft>) -> Result<Ready, Error> {
    let (mut labels, mut origins) = (Distinct::default(), Distinct::default());
    let mut rows = Vec::with_capacity(drafts.len());
    for Draft { id, record, label, valid_from, provenance } in drafts {
        if record.kind() != id.kind {
            return Err(Error::Kind { id, is: record.kind() });
        }
        let label = labels.place(|known| *known == label, || label.clone());
        let origin = origins.place(|known: &Origin| known.is_of(&provenance), || origin(&provenance));
        rows.push((
            id,
            label,
            origin,
            valid_from.as_microsecond(),
            Contents { reference: provenance.reference, record },
        ));
    }
    let write = |(id, label, origin, valid_from, contents): (RecordId, usize, usize, i64, Contents)| Plain {
        id,
        label,
        origin,
        valid_from,
        envelope: envelope(&contents),
    };
    let rows = spread(rows, move |part| Ok(part.into_iter().map(write).collect())).await?;
    Ok(Ready {
        recorded_at: recorded_at.as_microsecond(),
        labels: labels.with_text(),
        origins: origins.with_text(),
        rows,
    })
}

fn origin(provenance: &Provenance) -> Origin {
    let Provenance { agency, author, method, source, reference: _, derived } = provenance.clone();
    Origin { agency, author, method, source, derived }
}

/// The different values of a batch, in the order in which they came. A batch has few of them.
struct Distinct<T> {
    values: Vec<T>,
    last: usize,
}

impl<T> Default for Distinct<T> {
    fn default() -> Distinct<T> {
        Distinct { values: Vec::new(), last: 0 }
    }
}

impl<T: Serialize> Distinct<T> {
    /// The place of a value. Neighbours are mostly alike, so the last one is tried first.
    fn place(&mut self, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
        if !self.values.get(self.last).is_some_and(&is) {
            self.last = self.values.iter().position(is).unwrap_or_else(|| {
                self.values.push(make());
                self.values.len() - 1
            });
        }
        self.last
    }

    fn with_text(self) -> Vec<(String, T)> {
        // Structs of names and sets of names, in declared and in sorted order: one value has one text.
        self.values.into_iter().map(|value| (serde_json::to_string(&value).unwrap_or_default(), value)).collect()
    }
}
