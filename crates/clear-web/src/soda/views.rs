//! What is told of a set: its view, as clients of the original read it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use clear_respond::{SetInfo, SetState, Summary, set_named};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fault::SodaFault;
use super::site::Site;
use super::{Line, answered};
use crate::app::App;

/// Every set's view.
pub(crate) async fn all(State(app): State<Arc<App>>, line: Line) -> Result<Response, SodaFault> {
    line.may_ask(&app, None)?;
    let mut views = Vec::new();
    for set in clear_respond::public_sets() {
        views.push(view(&app, &line.site, set, false).await?);
    }
    Ok(answered(&line, &Value::Array(views)))
}

/// One set's view: `{id}` or `{id}.json`.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    line: Line,
    Path(name): Path<String>,
) -> Result<Response, SodaFault> {
    line.may_ask(&app, None)?;
    let id = name.strip_suffix(".json").unwrap_or(&name);
    let set = set_named(id).ok_or_else(|| SodaFault::no_such_set(id))?;
    Ok(answered(&line, &view(&app, &line.site, set, true).await?))
}

/// The view of a set. With `contents`, what its columns hold is counted.
pub(crate) async fn view(app: &App, site: &Site, set: &'static SetInfo, contents: bool) -> Result<Value, SodaFault> {
    let state = app.desk.set_state(set).await.map_err(|_| SodaFault::ours())?;
    let summary = match contents {
        true => app.desk.set_summary(set, &state).await.ok(),
        false => None,
    };
    Ok(described(app, site, set, &state, summary.as_deref()))
}

fn seconds(at: Timestamp) -> i64 {
    at.as_second()
}

fn described(app: &App, site: &Site, set: &SetInfo, state: &SetState, summary: Option<&Summary>) -> Value {
    let names = app.names();
    let first = column_id(set, 0);
    let columns: Vec<Value> = (0..)
        .zip(set.columns)
        .map(|(at, column)| {
            let mut told = json!({
                "id": column_id(set, at),
                "name": column.name,
                "dataTypeName": data_type(column.soql_type.word()),
                "description": column.description,
                "fieldName": column.field_name,
                "position": at + 1,
                "renderTypeName": data_type(column.soql_type.word()),
                "tableColumnId": column_id(set, at),
                "format": {},
            });
            if let (Some(contents), Some(told)) =
                (summary.and_then(|it| it.contents(column.field_name)), told.as_object_mut())
            {
                told.insert("cachedContents".to_owned(), contents);
            }
            told
        })
        .collect();
    let updated = seconds(state.updated_at);
    let mut view = json!({
        "id": set.id,
        "name": set.name,
        "resourceName": set.alias,
        "description": set.description,
        "attribution": names.title,
        "category": "Public Safety",
        "tags": set.tags,
        "createdAt": updated,
        "publicationDate": updated,
        "rowsUpdatedAt": updated,
        "viewLastModified": updated,
        "rowIdentifierColumnId": first,
        "columns": columns,
        "license": {"name": LICENSE, "termsLink": site.page(set)},
        "licenseId": "PUBLIC_DOMAIN",
        "metadata": {
            "rowIdentifier": first.to_string(),
            "availableDisplayTypes": ["table", "fatrow", "page"],
            "rowLabel": set.row_label,
            "attachments": [],
        },
    });
    // What clients of the original look for, and what is the same for every set here.
    let office = json!({"id": "open-data", "displayName": names.title, "type": "interactive"});
    let same = [
        ("assetType", json!("dataset")),
        ("displayType", json!("table")),
        ("viewType", json!("tabular")),
        ("provenance", json!("official")),
        ("publicationStage", json!("published")),
        ("publicationAppendEnabled", json!(false)),
        ("publicationGroup", json!(first)),
        ("oid", json!(first)),
        ("tableId", json!(first)),
        ("newBackend", json!(true)),
        ("hideFromCatalog", json!(false)),
        ("hideFromDataJson", json!(false)),
        ("averageRating", json!(0)),
        ("downloadCount", json!(0)),
        ("numberOfComments", json!(0)),
        ("totalTimesRated", json!(0)),
        ("viewCount", json!(0)),
        ("approvals", json!([])),
        ("grants", json!([{"inherited": false, "type": "viewer", "flags": ["public"]}])),
        ("query", json!({})),
        ("rights", json!(["read"])),
        ("flags", json!(["default"])),
        ("owner", office.clone()),
        ("tableAuthor", office),
    ];
    if let Some(told) = view.as_object_mut() {
        told.extend(same.map(|(name, value)| (name.to_owned(), value)));
    }
    if let (Some(summary), Some(told)) = (summary, view.as_object_mut()) {
        told.insert("rowCount".to_owned(), json!(summary.rows));
    }
    view
}

/// What may be done with the rows.
pub(crate) const LICENSE: &str =
    "Public record, as it is, without warranty; not to be used to find out where somebody lives";

/// The number of a column, the same on every installation.
pub(super) fn column_id(set: &SetInfo, at: usize) -> u64 {
    // Four letters and digits of the set's name, read as a number, leave room for a thousand columns each.
    let digits = set.id.bytes().filter_map(|byte| char::from(byte).to_digit(36)).take(4);
    digits.fold(0, |number, digit| number * 36 + u64::from(digit)) * 1_000 + at as u64 + 1
}

/// The name of a type in views, where one is older than the language's.
pub(super) fn data_type(word: &str) -> &str {
    match word {
        "floating_timestamp" => "calendar_date",
        "fixed_timestamp" => "date",
        word => word,
    }
}

/// The view as it stands in the older `rows.json`: behind the columns of the system's.
pub(super) async fn for_rows(app: &App, site: &Site, set: &'static SetInfo) -> Result<String, SodaFault> {
    let mut view = view(app, site, set, false).await?;
    let system = ["sid", "id", "position", "created_at", "created_meta", "updated_at", "updated_meta", "meta"];
    let system = system.into_iter().map(|name| {
        json!({
            "id": -1, "name": name, "dataTypeName": "meta_data", "fieldName": format!(":{name}"), "position": 0,
            "renderTypeName": "meta_data", "format": {}, "flags": ["hidden"]
        })
    });
    if let Some(Value::Array(columns)) = view.get_mut("columns") {
        let own = std::mem::take(columns);
        *columns = system.chain(own).collect();
    }
    Ok(view.to_string())
}
