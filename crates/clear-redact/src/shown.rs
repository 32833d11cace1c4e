//! One record as the asker may see it.

use clear_policy::Grant;
use clear_query::Known;
use clear_record::{AgencyId, FieldClass, FieldType, Record, RecordId, Version, fields};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One record, reduced to the fields whose classes are open to the asker.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Shown {
    /// The record's id.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// A title made of its open fields.
    pub title: String,
    /// Who contributed it.
    pub originator: String,
    /// On which terms it is shared (GR09).
    pub sharing: Sharing,
    /// Since when it was true in the world.
    pub valid_from: String,
    /// The open fields, in the dictionary's order; absent and closed ones are both left out.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// On which terms a record is shared: these go with it wherever it goes (GR09).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Sharing {
    /// The agencies that own it; re-sharing needs each one's own grant.
    pub originators: Vec<String>,
    /// `white`, `gray` or `black`.
    pub handling: &'static str,
    /// Restrictions on it, as far as the asker may know them.
    pub caveats: Vec<&'static str>,
    /// The rules that these restrictions follow from, by their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Whom the answer is for. Nobody else may have it from its asker.
    pub recipients: Vec<String>,
}

/// A record that the asker may know of without reading: whom to ask, nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Pointer {
    /// The agency to ask.
    pub ask: String,
}

/// What a version becomes for an asker.
#[expect(clippy::large_enum_variant, reason = "nearly all are shown")]
pub(crate) enum View {
    Shown(Shown),
    Pointer(Pointer),
}

/// Reduces a version.
pub(crate) fn view(grant: &Grant, version: &Version, known: &Known) -> Option<View> {
    let sight = known.sight(grant);
    let record = version.record.as_ref()?;
    let open = |class: FieldClass| sight.opens(class, version.label, version.id);
    if !sight.opens_any(version.label, version.id) {
        let ask = version.provenance.agency.to_string();
        return sight.points(version.label, version.id).then_some(View::Pointer(Pointer { ask }));
    }
    let mut json = record.to_json();
    let mut shown = Map::new();
    for field in fields(record.kind()).iter().filter(|field| open(field.class)) {
        let Some(value) = json.remove(field.name) else { continue };
        let reference = matches!(field.holds, FieldType::Reference(_));
        let may_follow =
            || value.as_str().and_then(|id| id.parse().ok()).is_some_and(|id: RecordId| known.may_follow(id));
        if !reference || may_follow() {
            shown.insert(field.name.to_owned(), value);
        }
    }
    Some(View::Shown(Shown {
        id: version.id.to_string(),
        kind: record.kind().name(),
        title: title(record, &shown),
        originator: version.provenance.agency.to_string(),
        sharing: sharing(grant, version, known, open(FieldClass::Operational))?,
        valid_from: version.valid_from.to_string(),
        fields: shown,
    }))
}

/// The terms of a version. One whose label nobody knows does not leave.
fn sharing(grant: &Grant, version: &Version, known: &Known, operational: bool) -> Option<Sharing> {
    let label = known.label(version.label)?;
    // A caveat tells something of what happened; who may not read that, learns no more than the handling.
    let caveats = label.caveats.iter().filter(|_| operational).map(|caveat| caveat.word()).collect();
    let rules = version.provenance.derived.iter().filter(|_| operational).cloned().collect();
    Some(Sharing {
        originators: label.owners.iter().map(AgencyId::to_string).collect(),
        handling: label.handling.word(),
        caveats,
        rules,
        recipients: grant.recipients().iter().map(AgencyId::to_string).collect(),
    })
}

fn listed<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A title from fields that are open, never from others.
fn title(record: &Record, shown: &Map<String, Value>) -> String {
    let text = |name: &str| shown.get(name).and_then(Value::as_str);
    let joined =
        |names: &[&str], between: &str| names.iter().filter_map(|name| text(name)).collect::<Vec<_>>().join(between);
    let moment = |name: &str| text(name).map(|moment| moment.replace('T', " ").chars().take(16).collect::<String>());
    let title = match record {
        Record::Person(_) => {
            let given = joined(&["given_name", "middle_name"], " ");
            match (text("family_name"), given.is_empty()) {
                (Some(family), false) => format!("{family}, {given}"),
                (Some(family), true) => family.to_owned(),
                (None, _) => given,
            }
        }
        Record::Incident(_) => {
            let offence = shown.get("offences").and_then(|offences| offences.get(0));
            let primary = offence.and_then(|offence| offence.get("primary_type")).and_then(Value::as_str);
            [primary, text("block"), text("case_number")].into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }
        Record::Involvement(_) => joined(&["part"], " "),
        Record::Narrative(_) => joined(&["title"], " "),
        Record::Arrest(_) => listed([text("booking_number").map(str::to_owned), moment("arrested_at")]),
        Record::Stop(_) => {
            listed([text("event_number").map(str::to_owned), moment("stopped_at"), text("block").map(str::to_owned)])
        }
        Record::Vehicle(_) => {
            let plate = joined(&["plate_state", "plate"], " ");
            let rest = joined(&["colour", "make", "model"], " ");
            [plate, rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
        }
        Record::Property(_) => joined(&["description", "inventory_number"], " · "),
        Record::HotFile(_) => joined(&["topic", "instrument"], ": ").replace('_', " "),
        Record::Assignment(_) => listed([moment("from"), text("account").map(str::to_owned)]),
        Record::Referral(_) => listed([moment("from"), text("agency").map(str::to_owned)]),
        Record::Restriction(_) => joined(&["handling"], ""),
        Record::Judgement(_) => joined(&["verdict"], ""),
    };
    if title.is_empty() { record.kind().name().replace('_', " ") } else { title }
}
