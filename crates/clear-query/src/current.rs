//! The current version of each record that has a body: its label, and its place in the ledger.

use std::collections::HashMap;

use clear_record::{LabelId, RecordId, Seq};

/// Labels and places of current versions.
#[derive(Default)]
pub(crate) struct Current {
    of: HashMap<RecordId, (LabelId, Seq)>,
}

clear_record::snapshot!(Current { of });

impl Current {
    pub(crate) fn insert(&mut self, id: RecordId, label: LabelId, seq: Seq) {
        self.of.insert(id, (label, seq));
    }

    pub(crate) fn remove(&mut self, id: &RecordId) {
        self.of.remove(id);
    }

    pub(crate) fn contains_key(&self, id: &RecordId) -> bool {
        self.of.contains_key(id)
    }

    /// The label.
    pub(crate) fn get(&self, id: &RecordId) -> Option<&LabelId> {
        self.of.get(id).map(|(label, _)| label)
    }

    /// The place.
    pub(crate) fn place(&self, id: &RecordId) -> Option<Seq> {
        self.of.get(id).map(|(_, seq)| *seq)
    }
}
