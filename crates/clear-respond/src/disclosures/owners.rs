//! Whose records an answer told of, as the labels say at that moment.
//!
//! It is written into the event (decision 0019), because the index must come out the same when it is made again years
//! later: when labels have changed, and records were expunged.

use std::collections::BTreeMap;

use clear_record::{AgencyId, RecordId};

use crate::desk::Desk;

/// The owners of records: of each, the places of its records in the list; an empty list is all of them.
pub(crate) fn owners(desk: &Desk, records: &[RecordId]) -> BTreeMap<AgencyId, Vec<u32>> {
    let mut owners: BTreeMap<AgencyId, Vec<u32>> = BTreeMap::new();
    if records.is_empty() {
        return owners;
    }
    let labels = desk.labels();
    for (at, id) in (0u32..).zip(records) {
        let label = desk.shelves().label_of(*id).and_then(|label| labels.get(label.0 as usize));
        for owner in label.into_iter().flat_map(|label| &label.owners) {
            match owners.get_mut(owner) {
                Some(places) => places.push(at),
                None => {
                    owners.insert(owner.clone(), vec![at]);
                }
            }
        }
    }
    for places in owners.values_mut().filter(|places| places.len() == records.len()) {
        places.clear();
    }
    owners
}
