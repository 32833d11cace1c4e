//! What the city says of itself, as pages: the sets, a release, where data lives, a compliance report.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_respond::{
    FlowSet, Line, Period, PublicFlow, PublicProduction, PublishedRelease, Report, SECTIONS, Section, StoreSet, Told,
};

use crate::api::transparency::{Listed, by_number, listed, reported};
use crate::app::App;
use crate::asker::{Asker, Visitor, numbers};
use crate::fault::Fault;
use crate::pages::chrome::Chrome;
use crate::pages::html;

#[derive(Template)]
#[template(path = "transparency.html")]
struct TransparencyPage {
    chrome: Chrome,
    register: u64,
    with_access: usize,
    agreements: usize,
    cut_off: usize,
    orders: usize,
    flows: usize,
    unreached: usize,
    productions: Vec<PublicProduction>,
    releases: Vec<Listed>,
    newest: Option<ReleaseView>,
    legal_contact: String,
}

#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage {
    chrome: Chrome,
    release: ReleaseView,
}

#[derive(Template)]
#[template(path = "stores.html")]
struct StoresPage {
    chrome: Chrome,
    stores: StoreSet,
    flows: FlowSet,
}

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    chrome: Chrome,
    period: String,
    choices: Vec<String>,
    problem: Option<String>,
    report: Option<ReportView>,
}

#[derive(Template)]
#[template(path = "report_file.html")]
struct ReportFile {
    report: ReportView,
}

impl StoresPage {
    /// The flows by who declared them.
    fn both(&self) -> [(&'static str, &[PublicFlow]); 2] {
        [("Of the program", &self.flows.program), ("Declared by the city", &self.flows.declared)]
    }
}

/// A release for the page.
struct ReleaseView {
    published: Arc<PublishedRelease>,
    tables: Vec<TableView>,
    numbers: Vec<(String, Option<u64>)>,
}

/// A table for the page.
struct TableView {
    title: &'static str,
    told: Told,
}

impl ReleaseView {
    fn of(published: Arc<PublishedRelease>) -> ReleaseView {
        let title = |name: &str| match name {
            "by_purpose" => "By agency and stated purpose",
            "by_end" => "By agency and how they ended",
            "denials" => "Denials by reason",
            "holds" => "Holds by what a second person decided",
            _ => "Reviews by outcome",
        };
        let tables = published.release.tables().into_iter().filter(|(_, told)| told.total != Some(0));
        let tables = tables.map(|(name, told)| TableView { title: title(name), told: told.clone() }).collect();
        ReleaseView { numbers: published.release.numbers(), tables, published }
    }
}

impl TableView {
    /// What a line counts, in words.
    fn words(&self, line: &Line) -> String {
        line.of.join(" + ").replace('_', " ")
    }

    /// Columns in which anything was counted: those that are empty throughout are said in a sentence.
    fn columns(&self) -> Vec<(usize, &Line)> {
        self.told.columns.iter().enumerate().filter(|(_, line)| line.total > 0).collect()
    }

    fn cell(&self, row: &usize, column: &usize) -> String {
        let cell = self.told.cells.get(*row).and_then(|cells| cells.get(*column)).copied().flatten();
        cell.map_or_else(|| "withheld".to_owned(), |count| count.to_string())
    }

    /// Rows in which anything was counted.
    fn rows(&self) -> Vec<(usize, &Line)> {
        self.told.rows.iter().enumerate().filter(|(_, line)| line.total > 0).collect()
    }

    /// Those that counted nothing.
    fn idle(&self) -> String {
        let idle = self.told.rows.iter().filter(|line| line.total == 0).flat_map(|line| &line.of);
        idle.filter(|name| *name != "other").cloned().collect::<Vec<_>>().join(", ")
    }
}

/// A compliance report for the page and the file.
struct ReportView {
    report: Report,
}

/// A bar beside a table's row.
struct Bar {
    of: Vec<String>,
    count: u64,
    /// Per cent of the longest.
    width: u64,
}

impl ReportView {
    fn sections(&self) -> Vec<(&'static Section, Vec<Bar>)> {
        let rows = |section: &'static Section| bars(self.report.of(section.id).map(|it| (it.of.clone(), it.count)));
        SECTIONS.iter().map(|section| (section, rows(section))).filter(|(_, rows)| !rows.is_empty()).collect()
    }

    fn months(&self) -> Vec<Bar> {
        bars(self.report.months.iter().map(|it| (it.of.clone(), it.count)))
    }
}

fn bars(rows: impl Iterator<Item = (Vec<String>, u64)>) -> Vec<Bar> {
    let rows: Vec<(Vec<String>, u64)> = rows.collect();
    let longest = rows.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1);
    rows.into_iter().map(|(of, count)| Bar { of, count, width: count * 100 / longest }).collect()
}

/// A report as a page of its own, to be printed or sent: no script, no other file.
///
/// # Errors
/// When it cannot be rendered.
pub fn report_html(report: Report) -> Result<String, askama::Error> {
    ReportFile { report: ReportView { report } }.render()
}

/// The first page.
pub(crate) async fn page(State(app): State<Arc<App>>, Visitor(who): Visitor) -> Result<Response, Fault> {
    let (register, flows) = (app.desk.public_register(), app.desk.flow_set());
    let count =
        |words: &[&str]| register.agencies.iter().filter(|agency| words.contains(&agency.access.as_str())).count();
    let productions = app.desk.public_productions().await.unwrap_or_else(|error| {
        tracing::error!("the docket's totals are not shown: {error}");
        Vec::new()
    });
    let every = || flows.program.iter().chain(&flows.declared);
    html(&TransparencyPage {
        chrome: Chrome::of(&app, who.as_deref(), "transparency"),
        register: register.version,
        with_access: count(&["owner", "access"]),
        agreements: register.agencies.iter().map(|agency| agency.agreements.len()).sum(),
        cut_off: count(&["cut off"]),
        orders: register.orders.len(),
        flows: every().count(),
        unreached: every().filter(|flow| !flow.reached).count(),
        productions,
        releases: listed(&app).into_iter().take(40).collect(),
        newest: app.desk.releases().last().cloned().map(ReleaseView::of),
        legal_contact: register.legal_contact,
    })
}

/// One release.
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    Visitor(who): Visitor,
    Path(number): Path<String>,
) -> Result<Response, Fault> {
    let release = ReleaseView::of(by_number(&app, &number)?);
    html(&ReleasePage { chrome: Chrome::of(&app, who.as_deref(), "transparency"), release })
}

/// Where data lives, and by which ways it leaves.
pub(crate) async fn stores(State(app): State<Arc<App>>, Visitor(who): Visitor) -> Result<Response, Fault> {
    let chrome = Chrome::of(&app, who.as_deref(), "transparency");
    html(&StoresPage { chrome, stores: app.desk.store_set(), flows: app.desk.flow_set() })
}

/// A compliance report.
pub(crate) async fn reports(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let wanted = pairs.iter().find(|(name, _)| name == "period").map(|(_, text)| text.trim().to_owned());
    asker.signed_in(&app)?;
    let mut choices: Vec<String> = Vec::new();
    for month in app.desk.counted_months().iter().rev() {
        let quarter = Period::quarter_of(month).map(|period| period.to_string());
        let year = month.split('-').next().map(str::to_owned);
        choices.extend([quarter, year].into_iter().flatten());
    }
    choices.sort_by(|a, b| b.cmp(a));
    choices.dedup();
    let mut page = ReportsPage {
        chrome: Chrome::of(&app, Some(&asker.standing), "transparency"),
        period: wanted.clone().unwrap_or_default(),
        choices,
        problem: None,
        report: None,
    };
    let Some(wanted) = wanted.filter(|text| !text.is_empty()) else { return html(&page) };
    match reported(&app, &asker, &wanted).await {
        Ok((report, receipt, number)) => {
            page.report = Some(ReportView { report });
            Ok((numbers(&receipt.to_header(), &number), html(&page)?).into_response())
        }
        Err(fault) if fault.status() == StatusCode::BAD_REQUEST => {
            page.problem = Some(fault.problem().message.clone());
            let mut response = html(&page)?;
            *response.status_mut() = fault.status();
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}
