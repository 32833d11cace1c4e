//! The public sets as pages: which there are, how programs read them; and one set with some of its rows.
//!
//! In:    a set's name; words, days, a condition.
//! Out:   its newest rows, its columns, links to the same rows as files. Without a script.
//! Never: asks otherwise than programs do: table, download and API cannot differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use clear_respond::{SetAsked, SetClauses, SetForm, SetInfo, SetLayout, SoqlType, Unpublished, publish, set_named};
use jiff::civil::{Date, DateTime};
use serde_json::Value;

use crate::app::App;
use crate::asker::Visitor;
use crate::fault::Fault;
use crate::pages::chrome::Chrome;
use crate::pages::html;
use crate::soda::Line;
use crate::soda::catalog::DISTRIBUTIONS;
use crate::soda::site::Site;

/// Rows of a page.
const ROWS: u64 = 25;
/// Columns of a page's table; a file has all.
const COLUMNS: usize = 9;

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    chrome: Chrome,
    sets: Vec<Listed>,
    site: Site,
    host: String,
}

/// A set in the list.
struct Listed {
    set: &'static SetInfo,
    rows: String,
    updated: String,
}

#[derive(Template)]
#[template(path = "data_set.html")]
struct SetPage {
    chrome: Chrome,
    set: &'static SetInfo,
    rows_of_all: String,
    updated: String,
    words: String,
    from: String,
    to: String,
    condition: String,
    /// Whether the set has a day to be narrowed by.
    dated: bool,
    problem: Option<String>,
    heads: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
    more: Option<String>,
    /// The question as an address of the API.
    api: String,
    downloads: Vec<(&'static str, String)>,
}

pub(crate) async fn page(State(app): State<Arc<App>>, Visitor(who): Visitor, line: Line) -> Result<Response, Fault> {
    let mut sets = Vec::new();
    for set in clear_respond::public_sets() {
        let (rows, updated) = about(&app, set).await?;
        sets.push(Listed { set, rows, updated });
    }
    let host = line.site.domain.clone();
    html(&DataPage { chrome: Chrome::of(&app, who.as_deref(), "data"), sets, site: line.site, host })
}

/// How many rows a set has, and when it last changed.
async fn about(app: &Arc<App>, set: &'static SetInfo) -> Result<(String, String), Fault> {
    let ours = |_| Fault::crashed();
    let state = app.desk.set_state(set).await.map_err(ours)?;
    let summary = app.desk.set_summary(set, &state).await.map_err(ours)?;
    Ok((grouped(summary.rows), state.updated_at.strftime("%Y-%m-%d").to_string()))
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = (0..digits.len().div_ceil(3))
        .rev()
        .filter_map(|group| {
            let end = digits.len() - group * 3;
            digits.get(end.saturating_sub(3)..end)
        })
        .collect();
    groups.join(",")
}

pub(crate) async fn set(
    State(app): State<Arc<App>>,
    Visitor(who): Visitor,
    line: Line,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let set = set_named(&name).ok_or_else(Fault::no_such_page)?;
    let pairs: BTreeMap<String, String> =
        url::form_urlencoded::parse(line.query.as_deref().unwrap_or_default().as_bytes()).into_owned().collect();
    let said = |name: &str| pairs.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let date = set.columns.iter().find(|column| column.field_name == "date").map(|column| column.field_name);
    let offset: u64 = said("offset").parse().unwrap_or(0);
    let (rows_of_all, updated) = about(&app, set).await?;
    let mut page = SetPage {
        chrome: Chrome::of(&app, who.as_deref(), "data"),
        set,
        rows_of_all,
        updated,
        words: said("words"),
        from: said("from"),
        to: said("to"),
        condition: said("where"),
        dated: date.is_some(),
        problem: None,
        heads: Vec::new(),
        rows: Vec::new(),
        more: None,
        api: String::new(),
        downloads: Vec::new(),
    };
    let asked = page.asked(date);
    page.address(&asked);
    match rows(&app, &line, set, &asked, offset).await {
        Ok((heads, mut rows)) => {
            if rows.len() > ROWS as usize {
                rows.truncate(ROWS as usize);
                let mut next = url::form_urlencoded::Serializer::new(String::new());
                for (name, value) in pairs.iter().filter(|(name, _)| *name != "offset") {
                    next.append_pair(name, value);
                }
                next.append_pair("offset", &(offset.saturating_add(ROWS)).to_string());
                page.more = Some(format!("/data/{}?{}", set.alias, next.finish()));
            }
            (page.heads, page.rows) = (heads, rows);
            html(&page)
        }
        Err(Some(problem)) => {
            page.problem = Some(problem);
            let mut response = html(&page)?;
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Ok(response)
        }
        Err(None) => Err(Fault::crashed()),
    }
}

impl SetPage {
    /// What the form asks for.
    fn asked(&self, date: Option<&str>) -> SetClauses {
        let mut conditions = Vec::new();
        if let Some(date) = date {
            if let Ok(day) = self.from.parse::<Date>() {
                conditions.push(format!("{date} >= '{day}T00:00:00'"));
            }
            if let Ok(next) = self.to.parse::<Date>().and_then(|day| day.tomorrow()) {
                conditions.push(format!("{date} < '{next}T00:00:00'"));
            }
        }
        if !self.condition.is_empty() {
            // Last, in brackets of its own, and alone where it is alone: then its places are those of the address.
            conditions.push(if conditions.is_empty() {
                self.condition.clone()
            } else {
                format!("({})", self.condition)
            });
        }
        SetClauses {
            condition: (!conditions.is_empty()).then(|| conditions.join(" AND ")),
            search: (!self.words.is_empty()).then(|| self.words.clone()),
            order: date.map(|date| format!("{date} DESC")),
            ..SetClauses::default()
        }
    }

    /// The same question for programs, and as files.
    fn address(&mut self, asked: &SetClauses) {
        let with = |path: &str, limit: bool| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in [("$where", &asked.condition), ("$q", &asked.search), ("$order", &asked.order)] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            if limit {
                query.append_pair("$limit", "1000");
            }
            let query = query.finish();
            if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
        };
        self.api = with(&format!("/resource/{}.json", self.set.id), true);
        let download = |(extension, _, title): &(&'static str, &str, &'static str)| {
            let path = with(&format!("/api/views/{}/rows.{extension}", self.set.id), false);
            let sign = if path.contains('?') { '&' } else { '?' };
            (*title, format!("{path}{sign}accessType=DOWNLOAD"))
        };
        self.downloads = DISTRIBUTIONS.iter().map(download).collect();
    }
}

type Table = (Vec<(String, bool)>, Vec<Vec<String>>);

/// Some rows, one more than a page has; what is wrong with the question in words, or nothing where it is ours.
async fn rows(
    app: &Arc<App>,
    line: &Line,
    set: &'static SetInfo,
    asked: &SetClauses,
    offset: u64,
) -> Result<Table, Option<String>> {
    let state = app.desk.set_state(set).await.map_err(|_| None)?;
    let columns: Vec<_> = set.columns.iter().filter(|column| shown(set, column.field_name)).take(COLUMNS).collect();
    let select: Vec<String> = columns.iter().map(|column| format!("`{}`", column.field_name)).collect();
    let clauses =
        SetClauses { select: Some(select.join(", ")), limit: Some(ROWS + 1), offset: Some(offset), ..asked.clone() };
    let published = publish(&app.desk, &state, SetAsked::Clauses(clauses), SetForm::Json, SetLayout::default()).await;
    let mut published = published.map_err(|unpublished| match unpublished {
        Unpublished::Wrong(fault) => Some(fault.plainly().to_owned()),
        Unpublished::TooManyRows(message) => Some(message),
        Unpublished::Failed => None,
    })?;
    let mut body = Vec::new();
    while let Some(part) = published.next().await.map_err(|_| None)? {
        body.extend(part);
    }
    app.desk.gate().tell_public(&line.connection());
    if !published.may_leave(&app.desk) {
        return Err(None);
    }
    let read: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&body).map_err(|_| None)?;
    let heads = columns.iter().map(|column| (column.name.to_owned(), column.soql_type == SoqlType::Number)).collect();
    let cell = |row: &BTreeMap<String, Value>, name: &str| match row.get(name) {
        Some(Value::String(text)) => for_people(text),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let rows = read.iter().map(|row| columns.iter().map(|column| cell(row, column.field_name)).collect()).collect();
    Ok((heads, rows))
}

/// Whether a column is in a page's table: those that tell where a row stands elsewhere are left to the files.
fn shown(set: &SetInfo, field_name: &str) -> bool {
    const LEFT_OUT: [&str; 4] = ["id", "case_number", "iucr", "fbi_code"];
    set.alias != "crimes" || !LEFT_OUT.contains(&field_name)
}

/// A time without its seconds; everything else as it is.
fn for_people(text: &str) -> String {
    let bare = text.strip_suffix('Z').unwrap_or(text);
    match bare.parse::<DateTime>() {
        Ok(at) if bare.len() >= 19 => at.strftime("%Y-%m-%d %H:%M").to_string(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_for_people() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_613_423, "1,613,423")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(for_people("2018-10-02T23:15:00.000"), "2018-10-02 23:15");
        assert_eq!(for_people("031XX W CHICAGO AVE"), "031XX W CHICAGO AVE");
    }
}
