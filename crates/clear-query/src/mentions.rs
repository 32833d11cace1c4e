//! Which records name which: the edges between records, each under the label and field class that it stands in.

use std::collections::HashMap;

use clear_record::{FieldClass, LabelId, Record, RecordId, Sight, Version};

/// One edge, as seen from the record that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mention {
    from: RecordId,
    label: LabelId,
    class: FieldClass,
    part: bool,
}

#[derive(Default)]
pub(crate) struct Mentions {
    to: HashMap<RecordId, Vec<Mention>>,
    from: HashMap<RecordId, Vec<(RecordId, LabelId, FieldClass)>>,
}

clear_record::snapshot!(Mention { from, label, class, part });
clear_record::snapshot!(Mentions { to, from });

impl Mentions {
    pub(crate) fn apply(&mut self, version: &Version) {
        for (old, _, _) in self.from.remove(&version.id).unwrap_or_default() {
            if let Some(mentions) = self.to.get_mut(&old) {
                mentions.retain(|mention| mention.from != version.id);
            }
        }
        let Some(record) = &version.record else { return };
        let wholes = record.wholes();
        let edges = edges(record);
        for (to, class) in &edges {
            let mention = Mention { from: version.id, label: version.label, class: *class, part: wholes.contains(to) };
            self.to.entry(*to).or_default().push(mention);
        }
        if !edges.is_empty() {
            self.from.insert(version.id, edges.into_iter().map(|(to, class)| (to, version.label, class)).collect());
        }
    }

    /// The records that name this one, where the edge itself may be seen.
    pub(crate) fn of(&self, id: RecordId, sight: &Sight<'_>) -> Vec<RecordId> {
        let mentions = self.to.get(&id).map(Vec::as_slice).unwrap_or_default();
        let mut from: Vec<RecordId> = mentions
            .iter()
            .filter(|mention| sight.opens(mention.class, mention.label, mention.from))
            .map(|mention| mention.from)
            .collect();
        from.sort_unstable();
        from.dedup();
        from
    }

    /// The records that this one names, where the edge itself may be seen.
    pub(crate) fn named_by(&self, id: RecordId, sight: &Sight<'_>) -> Vec<RecordId> {
        let edges = self.from.get(&id).map(Vec::as_slice).unwrap_or_default();
        edges.iter().filter(|(_, label, class)| sight.opens(*class, *label, id)).map(|(to, _, _)| *to).collect()
    }

    /// Every record that names this one, for the write road.
    pub(crate) fn naming(&self, id: RecordId) -> Vec<RecordId> {
        self.to.get(&id).into_iter().flatten().map(|mention| mention.from).collect()
    }

    pub(crate) fn parts_of(&self, whole: RecordId) -> Vec<RecordId> {
        self.to.get(&whole).into_iter().flatten().filter(|mention| mention.part).map(|mention| mention.from).collect()
    }
}

/// The records that a record names, each with the class of the field that names it.
pub(crate) fn edges(record: &Record) -> Vec<(RecordId, FieldClass)> {
    if record.names().is_empty() {
        return Vec::new();
    }
    let fields = clear_record::fields(record.kind());
    let json = record.to_json();
    fields
        .iter()
        .filter(|field| matches!(field.holds, clear_record::FieldType::Reference(_)))
        .filter_map(|field| Some((json.get(field.name)?.as_str()?.parse().ok()?, field.class)))
        .collect()
}
