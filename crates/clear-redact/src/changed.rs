//! What changed, as it goes over the wire.

use std::collections::BTreeSet;

use clear_policy::Grant;
use clear_query::ChangesMatch;
use clear_record::{Kind, RecordId, fields};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::shown::{View, view};
use crate::{Redact, Reduced, Shown};

/// Incidents that were filed or corrected since a moment, of those that the asker may see.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChangedList {
    /// How many there are.
    pub total: usize,
    /// This page of them, the newest incidents first.
    pub changed: Vec<ChangedIncident>,
}

/// An incident that changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChangedIncident {
    /// `filed` or `corrected`.
    pub what: &'static str,
    /// The primary type of the first offence, as it was.
    pub old_type: Option<String>,
    /// The same, as it is.
    pub new_type: Option<String>,
    /// Every field that is another.
    pub fields: Vec<ChangedField>,
    /// The incident as it is.
    pub record: Shown,
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChangedField {
    /// Its name.
    pub field: &'static str,
    /// What it was; null where it was not there.
    #[schema(value_type = Object)]
    pub old: Value,
    /// What it is; null where it is not there.
    #[schema(value_type = Object)]
    pub new: Value,
}

impl Redact for ChangesMatch {
    type Out = ChangedList;

    fn redact(self, grant: &Grant) -> Reduced<ChangedList> {
        let mut told: BTreeSet<RecordId> = BTreeSet::new();
        let shown = |version| match view(grant, version, &self.known) {
            Some(View::Shown(shown)) => Some(shown),
            _ => None,
        };
        let kind = |shown: &Shown| {
            shown.fields.get("offences").and_then(|all| all.get(0)?.get("primary_type")?.as_str()).map(str::to_owned)
        };
        let mut changed = Vec::with_capacity(self.changed.len());
        for it in &self.changed {
            let Some(now) = shown(&it.now) else { continue };
            let then = it.then.as_ref().and_then(shown);
            told.insert(it.now.id);
            let value = |of: &Shown, name: &str| of.fields.get(name).cloned().unwrap_or(Value::Null);
            let fields = match &then {
                None => Vec::new(),
                Some(then) => fields(Kind::Incident)
                    .iter()
                    .map(|it| ChangedField { field: it.name, old: value(then, it.name), new: value(&now, it.name) })
                    .filter(|it| it.old != it.new)
                    .collect(),
            };
            changed.push(ChangedIncident {
                what: if then.is_some() { "corrected" } else { "filed" },
                old_type: then.as_ref().and_then(kind),
                new_type: kind(&now),
                fields,
                record: now,
            });
        }
        Reduced { out: ChangedList { total: self.total, changed }, told: told.into_iter().collect() }
    }
}
