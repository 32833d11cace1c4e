//! What goes with the versions of an answer: references that may be followed, labels in words, the asker's ties.

use std::collections::BTreeMap;

use clear_policy::Grant;
use clear_record::{Label, LabelId, Record, RecordId, Sight, Version};

use crate::{Shelves, Ties};

/// What is known beside the versions that were found, for `clear-redact`.
#[derive(Debug, Clone, Default)]
pub struct Known {
    ids: Vec<RecordId>,
    labels: BTreeMap<LabelId, Label>,
    ties: Ties,
}

impl Known {
    /// Whether the asker may know that there is such a record, and so follow a reference to it.
    pub fn may_follow(&self, id: RecordId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// The label of a version that was found.
    pub fn label(&self, label: LabelId) -> Option<&Label> {
        self.labels.get(&label)
    }

    /// What the versions were found under.
    pub fn sight<'a>(&'a self, grant: &'a Grant) -> Sight<'a> {
        self.ties.sight(grant)
    }
}

/// What is known beside these versions.
pub(crate) fn known<'a>(
    shelves: &Shelves,
    versions: impl Iterator<Item = &'a Version>,
    grant: &Grant,
    ties: &Ties,
) -> Known {
    let sight = ties.sight(grant);
    let folds = shelves.folds();
    let (mut ids, mut labels): (Vec<RecordId>, BTreeMap<LabelId, Label>) = Default::default();
    for version in versions {
        if let Some(label) = folds.label_values.get(version.label.0 as usize) {
            labels.entry(version.label).or_insert_with(|| label.clone());
        }
        let named = version.record.iter().flat_map(Record::names);
        ids.extend(named.filter(|id| folds.label(*id).is_some_and(|label| sight.opens_any(label, *id))));
    }
    ids.sort_unstable();
    ids.dedup();
    Known { ids, labels, ties: ties.clone() }
}
