//! The SQL box.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use clear_respond::Sql;
use serde_json::Value;

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::pages::bar::{self, Bar};
use crate::pages::chrome::Chrome;
use crate::pages::html;

/// Rows on a page; a program gets more.
const ROWS_MAX: usize = 200;
/// Characters of a value on the page.
const VALUE_CHARS: usize = 80;

#[derive(Template)]
#[template(path = "sql.html")]
struct SqlPage {
    chrome: Chrome,
    bar: Bar,
    sql: String,
    problem: Option<String>,
    /// Each with whether it holds numbers.
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
    more: bool,
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
    let sql = pairs.get("sql").cloned().unwrap_or_default();
    let mut page = SqlPage {
        chrome: Chrome::of(&app, Some(&asker.standing), "analysis"),
        bar: Bar::of(&app, &asker.standing, &kept, None),
        sql: sql.clone(),
        problem: None,
        columns: vec![],
        rows: vec![],
        more: false,
        number: String::new(),
        entry: 0,
    };
    if sql.trim().is_empty() {
        asker.signed_in(&app)?;
        return html(&page);
    }
    let question = Sql { sql, limit: Some(ROWS_MAX) };
    match asker.ask(&app, bar::stated(kept.clone(), &asker.standing), None, question).await {
        Ok(answered) => {
            let found = answered.response.get();
            page.columns = found.columns.iter().map(|it| (it.name.clone(), it.holds == "number")).collect();
            page.rows = found.rows.iter().map(|row| row.iter().map(said).collect()).collect();
            page.more = found.more;
            page.number = answered.number.to_string();
            page.entry = answered.response.receipt().index();
            html(&page)
        }
        Err(fault) if matches!(fault.status(), StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
            page.bar = Bar::of(&app, &asker.standing, &kept, Some(fault.problem()));
            page.problem = Some(fault.problem().message.clone());
            let mut response = html(&page)?;
            *response.status_mut() = fault.status();
            Ok(response)
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
    if text.chars().count() <= VALUE_CHARS {
        return text;
    }
    text.chars().take(VALUE_CHARS - 1).chain(['…']).collect()
}
