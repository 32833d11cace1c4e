//! What one asker may see, record by record: what labels open, and what relations to single records open beyond.
//!
//! INVARIANT (a sight is a union): a field of a record exists for the asker where the reach of *any* relation opens it
//! on the record's label, or where the record is in the set of a relation whose reach does; never otherwise, and never
//! for a record that was tightened since.

use std::collections::HashSet;
use std::sync::Arc;

use crate::{FieldClass, LabelId, Reach, RecordId};

/// A set of records; cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RowSet(Arc<HashSet<RecordId>>);

impl RowSet {
    /// Whether the record is in the set.
    pub fn contains(&self, id: RecordId) -> bool {
        self.0.contains(&id)
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many records are in the set.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts a record in.
    pub fn insert(&mut self, id: RecordId) {
        Arc::make_mut(&mut self.0).insert(id);
    }

    /// Takes a record out.
    pub fn remove(&mut self, id: RecordId) {
        if self.contains(id) {
            Arc::make_mut(&mut self.0).remove(&id);
        }
    }

    /// The records, in no order.
    pub fn iter(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<RecordId> for RowSet {
    fn from_iter<I: IntoIterator<Item = RecordId>>(ids: I) -> RowSet {
        RowSet(Arc::new(ids.into_iter().collect()))
    }
}

impl std::fmt::Debug for RowSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RowSet({})", self.len())
    }
}

/// What one question may see. Engines ask it for every row, by label and id.
#[derive(Debug, Clone)]
pub struct Sight<'a> {
    any: &'a Reach,
    special: Vec<(RowSet, &'a Reach)>,
    hidden: RowSet,
}

impl<'a> Sight<'a> {
    /// What labels alone open.
    pub fn of(any: &'a Reach) -> Sight<'a> {
        Sight { any, special: Vec::new(), hidden: RowSet::default() }
    }

    /// Adds what a relation opens on the records that stand in it. One that opens nothing more costs nothing later.
    #[must_use]
    pub fn with(mut self, rows: RowSet, reach: &'a Reach) -> Sight<'a> {
        if !rows.is_empty() && !reach.is_within(self.any) {
            self.special.push((rows, reach));
        }
        self
    }

    /// Hides these records, whatever opens them: they were tightened, and the projections do not know it yet.
    #[must_use]
    pub fn without(mut self, hidden: RowSet) -> Sight<'a> {
        self.hidden = hidden;
        self
    }

    /// Whether a field of this class on this record exists for the asker.
    pub fn opens(&self, class: FieldClass, label: LabelId, id: RecordId) -> bool {
        self.tests(id, |reach| reach.opens(class, label))
    }

    /// Whether some field of this record exists for the asker.
    pub fn opens_any(&self, label: LabelId, id: RecordId) -> bool {
        self.tests(id, |reach| reach.opens_any(label))
    }

    /// Whether the asker may learn whom to ask about this record.
    pub fn points(&self, label: LabelId, id: RecordId) -> bool {
        self.tests(id, |reach| reach.pointer.contains(label))
    }

    /// Whether the asker may notice this record at all.
    pub fn shows(&self, label: LabelId, id: RecordId) -> bool {
        self.tests(id, |reach| reach.shows(label))
    }

    /// Whether fields of this class exist for the asker on any label; a field of another class is an unknown field.
    pub fn knows(&self, class: FieldClass) -> bool {
        self.reaches().any(|reach| !reach.class[class].is_empty())
    }

    /// Whether nothing can be seen.
    pub fn is_nothing(&self) -> bool {
        self.reaches().all(Reach::is_nothing)
    }

    /// What labels alone open, for engines that prepare a table by label.
    pub fn any(&self) -> &'a Reach {
        self.any
    }

    /// Whether more must be looked at than the label: relations, or records that were tightened.
    pub fn is_by_row(&self) -> bool {
        !self.special.is_empty() || !self.hidden.is_empty()
    }

    /// The relations' reaches for one record, beside [`any`](Sight::any); `None` where the record is hidden.
    pub fn beyond(&self, id: RecordId) -> Option<impl Iterator<Item = &'a Reach> + '_> {
        let hidden = !self.hidden.is_empty() && self.hidden.contains(id);
        (!hidden).then(|| self.special.iter().filter(move |(rows, _)| rows.contains(id)).map(|(_, reach)| *reach))
    }

    /// The records for which the label alone does not say what is open; some may come twice. For engines that count by
    /// label: these are the rows to count one by one.
    pub fn singled(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.special.iter().flat_map(|(rows, _)| rows.iter()).chain(self.hidden.iter())
    }

    fn reaches(&self) -> impl Iterator<Item = &'a Reach> + '_ {
        std::iter::once(self.any).chain(self.special.iter().map(|(_, reach)| *reach))
    }

    fn tests(&self, id: RecordId, test: impl Fn(&Reach) -> bool) -> bool {
        if !self.is_by_row() {
            return test(self.any);
        }
        self.beyond(id).is_some_and(|mut beyond| test(self.any) || beyond.any(test))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, LabelSet, PerClass};

    fn reach(class: FieldClass, label: u32) -> Reach {
        let set: LabelSet = [LabelId(label)].into_iter().collect();
        let opened = |it| if it == class { set.clone() } else { LabelSet::empty() };
        Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(opened) }
    }

    #[test]
    fn a_sight_is_the_union_over_relations_less_what_was_tightened() {
        let id = |raw| RecordId { kind: Kind::Incident, raw };
        let (any, assigned) = (reach(FieldClass::Operational, 0), reach(FieldClass::Narrative, 1));
        let rows: RowSet = [id(7), id(8)].into_iter().collect();
        let sight = Sight::of(&any).with(rows, &assigned).without([id(8)].into_iter().collect());
        let (operational, narrative) = (FieldClass::Operational, FieldClass::Narrative);
        for (class, label, raw, opens) in [
            (operational, 0, 1, true),
            (operational, 0, 7, true),
            (operational, 1, 7, false),
            (narrative, 1, 7, true),
            (narrative, 1, 1, false),
            (narrative, 0, 7, false),
            // Hidden, whatever opens it.
            (operational, 0, 8, false),
            (narrative, 1, 8, false),
        ] {
            assert_eq!(sight.opens(class, LabelId(label), id(raw)), opens, "{class} {label} {raw}");
        }
        assert!(sight.knows(narrative) && !sight.knows(FieldClass::Contact));
        assert!(sight.shows(LabelId(1), id(7)) && !sight.shows(LabelId(1), id(1)) && !sight.shows(LabelId(1), id(8)));
    }

    #[test]
    fn a_relation_that_opens_no_more_is_left_out() {
        let any = reach(FieldClass::Operational, 0);
        let rows: RowSet = [RecordId { kind: Kind::Incident, raw: 1 }].into_iter().collect();
        assert!(!Sight::of(&any).with(rows.clone(), &any).is_by_row());
        assert!(!Sight::of(&any).with(RowSet::default(), &reach(FieldClass::Place, 0)).is_by_row());
        assert!(Sight::of(&any).with(rows, &reach(FieldClass::Place, 0)).is_by_row());
    }
}
