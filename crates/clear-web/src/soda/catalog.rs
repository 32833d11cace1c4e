//! The catalogue: which sets there are, for programs that look for sets.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clear_respond::{SetInfo, SetState};
use serde_json::{Value, json};

use super::fault::SodaFault;
use super::site::Site;
use super::views::{LICENSE, data_type};
use super::{Line, answered, params};
use crate::app::App;

/// Sets of a page that does not say how many.
const LIMIT_DEFAULT: usize = 100;

/// `/api/catalog/v1`. What of its parameters is not known here narrows nothing: there are few sets.
pub(crate) async fn search(State(app): State<Arc<App>>, line: Line) -> Result<Response, SodaFault> {
    line.may_ask(&app, None)?;
    let pairs = params::pairs(line.query.as_deref());
    let said = |name: &str| -> Vec<String> {
        let values = pairs.iter().filter(|(known, _)| known == name || known.strip_suffix("[]") == Some(name));
        values.flat_map(|(_, value)| value.split(',')).map(|value| value.trim().to_lowercase()).collect()
    };
    let number = |name: &str, default: usize| -> Result<usize, SodaFault> {
        let Some(text) = said(name).into_iter().next() else { return Ok(default) };
        let wrong = |_| SodaFault::parameter("catalog", name, format!("{name} should be a whole number from 0 on"));
        text.parse().map_err(wrong)
    };
    let (domains, ids, only, kinds, words) = (said("domains"), said("ids"), said("only"), said("types"), said("q"));
    let here = line.site.domain.to_lowercase();
    let bare = here.rsplit_once(':').map_or(here.as_str(), |(host, _)| host).to_owned();
    let wanted = |set: &SetInfo| {
        let text = format!("{} {} {} {}", set.name, set.description, set.tags.join(" "), set.alias).to_lowercase();
        (domains.is_empty() || domains.iter().any(|domain| *domain == here || *domain == bare))
            && (ids.is_empty() || ids.iter().any(|id| id == set.id || id == set.alias))
            && (only.is_empty() || only.iter().any(|kind| matches!(kind.as_str(), "dataset" | "datasets")))
            && (kinds.is_empty() || kinds.iter().any(|kind| matches!(kind.as_str(), "dataset" | "datasets")))
            && words.iter().flat_map(|words| words.split_whitespace()).all(|word| text.contains(word))
    };
    let mut found = Vec::new();
    for set in clear_respond::public_sets().filter(|set| wanted(set)) {
        found.push((set, app.desk.set_state(set).await.map_err(|_| SodaFault::ours())?));
    }
    let order = said("order").into_iter().next().unwrap_or_default();
    let (by, descending) = order.split_once(' ').map_or((order.as_str(), false), |(by, way)| (by, way == "desc"));
    match by {
        "name" => found.sort_by_key(|(set, _)| set.name),
        "updatedat" | "data_updated_at" => found.sort_by_key(|(_, state)| state.updated_at),
        "createdat" => found.sort_by_key(|(_, state)| state.updated_at),
        _ => {}
    }
    if descending {
        found.reverse();
    }
    let size = found.len();
    let page = found.into_iter().skip(number("offset", 0)?).take(number("limit", LIMIT_DEFAULT)?);
    let results: Vec<Value> = page.map(|(set, state)| result(&app, &line.site, set, &state)).collect();
    let timings = json!({"serviceMillis": 0, "searchMillis": [0, 0]});
    Ok(answered(&line, &json!({"results": results, "resultSetSize": size, "timings": timings, "warnings": []})))
}

fn result(app: &App, site: &Site, set: &SetInfo, state: &SetState) -> Value {
    let column =
        |tell: fn(&clear_respond::SetColumn) -> String| -> Vec<String> { set.columns.iter().map(tell).collect() };
    json!({
        "resource": {
            "id": set.id,
            "name": set.name,
            "description": set.description,
            "attribution": app.names().title,
            "attribution_link": null,
            "contact_email": null,
            "type": "dataset",
            "parent_fxf": [],
            "provenance": "official",
            "createdAt": state.updated_at.to_string(),
            "updatedAt": state.updated_at.to_string(),
            "data_updated_at": state.updated_at.to_string(),
            "metadata_updated_at": state.updated_at.to_string(),
            "publication_date": state.updated_at.to_string(),
            "download_count": 0,
            "page_views": {"page_views_last_week": 0, "page_views_last_month": 0, "page_views_total": 0},
            "columns_name": column(|column| column.name.to_owned()),
            "columns_field_name": column(|column| column.field_name.to_owned()),
            "columns_datatype": column(|column| title(data_type(column.soql_type.word()))),
            "columns_description": column(|column| column.description.to_owned()),
            "columns_format": set.columns.iter().map(|_| json!({})).collect::<Vec<_>>(),
            "blob_mime_type": null,
            "locked": false,
        },
        "classification": {
            "categories": ["public safety"],
            "tags": set.tags,
            "domain_category": "Public Safety",
            "domain_tags": set.tags,
            "domain_metadata": [],
        },
        "metadata": {"domain": site.domain, "license": LICENSE},
        "permalink": site.to(&format!("/d/{}", set.id)),
        "link": site.page(set),
        "owner": {"id": "open-data", "user_type": "interactive", "display_name": app.names().title},
        "creator": {"id": "open-data", "user_type": "interactive", "display_name": app.names().title},
    })
}

/// `calendar_date` as the catalogue writes it: `Calendar date`.
fn title(word: &str) -> String {
    let text = word.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `/data.json`: the catalogue in DCAT-US 1.1 (resources.data.gov, *Project Open Data Metadata Schema v1.1*).
pub(crate) async fn dcat(State(app): State<Arc<App>>, line: Line) -> Result<Response, SodaFault> {
    line.may_ask(&app, None)?;
    let names = app.names();
    let host = line.site.domain.rsplit_once(':').map_or(line.site.domain.as_str(), |(host, _)| host);
    let mut datasets = Vec::new();
    for set in clear_respond::public_sets() {
        let state = app.desk.set_state(set).await.map_err(|_| SodaFault::ours())?;
        let date = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
        let distribution = |(extension, media, title): &(&str, &str, &str)| {
            json!({
                "@type": "dcat:Distribution",
                "title": title,
                "downloadURL": line.site.to(&format!("/api/views/{}/rows.{extension}?accessType=DOWNLOAD", set.id)),
                "mediaType": media,
            })
        };
        datasets.push(json!({
            "@type": "dcat:Dataset",
            "accessLevel": "public",
            "identifier": line.site.to(&format!("/api/views/{}", set.id)),
            "title": set.name,
            "description": set.description,
            "keyword": set.tags,
            "theme": ["Public Safety"],
            "issued": date(state.updated_at),
            "modified": date(state.updated_at),
            "publisher": {"@type": "org:Organization", "name": names.title},
            // A role's address as RFC 2142 has them; whom to write to on paper stands in the name.
            "contactPoint": {"@type": "vcard:Contact", "fn": names.legal_contact, "hasEmail": format!("mailto:open-data@{host}")},
            "landingPage": line.site.page(set),
            "distribution": DISTRIBUTIONS.iter().map(distribution).collect::<Vec<_>>(),
        }));
    }
    let catalog = json!({
        "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
        "@id": line.site.to("/data.json"),
        "@type": "dcat:Catalog",
        "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
        "describedBy": "https://project-open-data.cio.gov/v1.1/schema/catalog.json",
        "dataset": datasets,
    });
    Ok(answered(&line, &catalog))
}

/// The forms of a set that can be downloaded: extension, media type, name.
pub(crate) const DISTRIBUTIONS: &[(&str, &str, &str)] = &[
    ("csv", "text/csv", "CSV"),
    ("json", "application/json", "JSON"),
    ("geojson", "application/vnd.geo+json", "GeoJSON"),
    ("parquet", "application/vnd.apache.parquet", "Parquet"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Workbook (XLSX)"),
];
