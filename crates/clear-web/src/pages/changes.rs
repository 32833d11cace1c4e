//! What changed since a moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use clear_respond::{ChangedIncident, Changes};
use serde_json::Value;

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::pages::bar::{self, Bar};
use crate::pages::chrome::Chrome;
use crate::pages::{html, mistaken, short};

/// Incidents on a page.
const PAGE: usize = 50;
/// Characters of a value that the list shows.
const VALUE_CHARS: usize = 60;

struct Row {
    id: String,
    title: String,
    what: &'static str,
    old_type: String,
    new_type: String,
    fields: Vec<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "changes.html")]
struct ChangesPage {
    chrome: Chrome,
    bar: Bar,
    since: String,
    problem: Option<String>,
    asked: bool,
    total: usize,
    first: usize,
    rows: Vec<Row>,
    next: Option<String>,
    number: String,
    entry: u64,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let pairs: BTreeMap<String, String> = pairs.into_iter().collect();
    let since = pairs.get("since").map(|text| text.trim().to_owned()).unwrap_or_default();
    let offset: usize = pairs.get("offset").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut page = ChangesPage {
        chrome: Chrome::of(&app, Some(&asker.standing), "analysis"),
        bar: Bar::of(&app, &asker.standing, &kept, None),
        since: since.clone(),
        problem: None,
        asked: false,
        total: 0,
        first: offset + 1,
        rows: vec![],
        next: None,
        number: String::new(),
        entry: 0,
    };
    if since.is_empty() {
        asker.signed_in(&app)?;
        return html(&page);
    }
    let question = Changes { since: since.clone(), limit: Some(PAGE), offset: (offset > 0).then_some(offset) };
    match asker.ask(&app, bar::stated(kept.clone(), &asker.standing), None, question).await {
        Ok(answered) => {
            let found = answered.response.get();
            page.rows = found.changed.iter().map(row).collect();
            (page.asked, page.total) = (true, found.total);
            let next = offset + found.changed.len();
            page.next = (next < found.total).then(|| {
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("since", &since)
                    .append_pair("offset", &next.to_string())
                    .finish();
                format!("/changes?{query}")
            });
            page.number = answered.number.to_string();
            page.entry = answered.response.receipt().index();
            html(&page)
        }
        Err(fault) if fault.is_mistake() => {
            page.bar = Bar::of(&app, &asker.standing, &kept, Some(fault.problem()));
            page.problem = Some(fault.problem().message.clone());
            mistaken(&page, &fault)
        }
        Err(fault) => Err(fault),
    }
}

fn row(changed: &ChangedIncident) -> Row {
    let said = |value: &Value| {
        let text = match value {
            Value::Null => "–".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        short(&text, VALUE_CHARS)
    };
    Row {
        id: changed.record.id.clone(),
        title: changed.record.title.clone(),
        what: changed.what,
        old_type: changed.old_type.clone().unwrap_or_else(|| "–".to_owned()),
        new_type: changed.new_type.clone().unwrap_or_else(|| "–".to_owned()),
        fields: changed.fields.iter().map(|it| (it.field.replace('_', " "), said(&it.old), said(&it.new))).collect(),
    }
}
