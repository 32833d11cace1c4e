//! The SQL box.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use clear_respond::Sql;
use serde_json::Value;

use crate::api::sql;
use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::pages::bar::{self, Bar};
use crate::pages::chrome::Chrome;
use crate::pages::{html, mistaken, short};

/// Rows on a page, and in a file.
const ROWS_MAX: usize = 200;
const FILE_ROWS_MAX: usize = 10_000;
/// Characters of a value on the page.
const VALUE_CHARS: usize = 80;

#[derive(Template)]
#[template(path = "sql.html")]
struct SqlPage {
    chrome: Chrome,
    bar: Bar,
    sql: String,
    /// The query as it stands in an address.
    query: String,
    problem: Option<String>,
    /// Each with whether it holds numbers.
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
    more: bool,
    /// How many records the log has of it.
    records: usize,
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
    let text = pairs.get("sql").cloned().unwrap_or_default();
    let mut page = SqlPage {
        chrome: Chrome::of(&app, Some(&asker.standing), "analysis"),
        bar: Bar::of(&app, &asker.standing, &kept, None),
        sql: text.clone(),
        query: String::new(),
        problem: None,
        columns: vec![],
        rows: vec![],
        more: false,
        records: 0,
        number: String::new(),
        entry: 0,
    };
    if text.trim().is_empty() {
        asker.signed_in(&app)?;
        return html(&page);
    }
    let file = pairs.get("format").map(|name| sql::named(name)).transpose()?;
    let limit = if file.is_some() { FILE_ROWS_MAX } else { ROWS_MAX };
    page.query = url::form_urlencoded::Serializer::new(String::new()).append_pair("sql", &text).finish();
    let question = Sql { sql: text, limit: Some(limit), form: file.unwrap_or_default() };
    match asker.ask(&app, bar::stated(kept.clone(), &asker.standing), None, question).await {
        Ok(answered) if file.is_some() => Ok(sql::written(answered, file.unwrap_or_default())),
        Ok(answered) => {
            let found = answered.response.get();
            page.columns = found.columns.iter().map(|it| (it.name.clone(), it.holds == "number")).collect();
            page.rows = found.rows.iter().map(|row| row.iter().map(said).collect()).collect();
            page.more = found.more;
            page.records = answered.response.told().len();
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

fn said(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    };
    short(&text, VALUE_CHARS)
}
