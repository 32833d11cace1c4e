//! Incidents, counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use clear_respond::Counts;

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::pages::bar::{self, Bar, Choice};
use crate::pages::chrome::Chrome;
use crate::pages::{html, mistaken};

/// What may be counted by: the column, and its name for people.
const BY: &[(&str, &str)] = &[("primary_type", "Type of offence"), ("beat", "Beat"), ("month", "Month")];
const ROWS_MAX: usize = 60;

/// One row of the table.
struct Row {
    name: String,
    count: u64,
    /// The bar's length, 0 to 100.
    length: f64,
}

#[derive(Template)]
#[template(path = "counts.html")]
struct CountsPage {
    chrome: Chrome,
    bar: Bar,
    by: Vec<Choice>,
    condition: String,
    problem: Option<String>,
    column: &'static str,
    rows: Vec<Row>,
    total: u64,
    asked: bool,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let pairs: BTreeMap<String, String> = pairs.into_iter().collect();
    let said = |name: &str| pairs.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let (by, column) =
        BY.iter().find(|(by, _)| said("by") == Some(by)).copied().unwrap_or(("primary_type", "Type of offence"));
    let condition = said("where").unwrap_or_default().to_owned();
    let mut page = CountsPage {
        chrome: Chrome::of(&app, Some(&asker.standing), "counts"),
        bar: Bar::of(&app, &asker.standing, &kept, None),
        by: BY
            .iter()
            .map(|(code, title)| Choice { code: (*code).into(), title: (*title).into(), chosen: *code == by })
            .collect(),
        condition: condition.clone(),
        problem: None,
        column,
        rows: vec![],
        total: 0,
        asked: false,
    };
    let question = Counts {
        by: vec![by.to_owned()],
        condition: (!condition.is_empty()).then_some(condition),
        limit: Some(ROWS_MAX),
    };
    let inquiry = bar::stated(kept.clone(), &asker.standing);
    match asker.ask(&app, inquiry, None, question).await {
        Ok(answered) => {
            let table = answered.response.get();
            page.rows = rows(&table.rows);
            if by == "month" {
                page.rows.sort_by(|a, b| a.name.cmp(&b.name));
            }
            (page.total, page.asked) = (table.total, true);
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

/// The rows with their bars; the count is the last column.
#[expect(clippy::cast_precision_loss, reason = "a bar's length needs no more than a float has")]
fn rows(table: &[Vec<Option<String>>]) -> Vec<Row> {
    let read = |row: &Vec<Option<String>>| -> Option<(String, u64)> {
        let name = row.first()?.clone().unwrap_or_else(|| "not known".to_owned());
        Some((name, row.last()?.as_ref()?.parse().ok()?))
    };
    let read: Vec<(String, u64)> = table.iter().filter_map(read).collect();
    let most = read.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    read.into_iter()
        .map(|(name, count)| Row { name, count, length: (count as f64 * 1000.0 / most as f64).round() / 10.0 })
        .collect()
}
