//! The disclosure ledger and a person's own report as pages.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_respond::{Disclosure, SubjectReport};

use crate::api::disclosures::{DisclosureQuery, listed, reported};
use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::pages::chrome::Chrome;
use crate::pages::reviews::clock;
use crate::pages::{html, shown};

/// What one can look for: the field's name and its label.
const ABOUT: [(&str, &str); 5] = [
    ("person", "A person’s records"),
    ("record", "One record"),
    ("agency", "An agency"),
    ("officer", "An officer"),
    ("case", "A case"),
];

/// Lines of the page.
const LINES: &str = "50";

/// A disclosure in words.
struct Line {
    entry: u64,
    leaf: String,
    at: String,
    agency: String,
    officer: String,
    also: String,
    purpose: String,
    case: String,
    why: String,
    records: Vec<String>,
    others: u64,
    what: &'static str,
    withheld: String,
}

#[derive(Template)]
#[template(path = "disclosures.html")]
struct Ledger {
    chrome: Chrome,
    /// Field, label, whether it is chosen.
    abouts: Vec<(&'static str, &'static str, bool)>,
    value: String,
    from: String,
    until: String,
    problem: Option<String>,
    listed: bool,
    lines: Vec<Line>,
    count: u64,
    exact: bool,
    behind: u64,
    flawed: Vec<u64>,
    /// The address of the next page.
    next: Option<String>,
    /// The person whose report can be made.
    person: Option<String>,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let said = |name: &str| {
        let found = pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.trim().to_owned()).unwrap_or_default()
    };
    let (about, value) = (said("about"), said("value"));
    let chosen = |field: &str| about == field && !value.is_empty();
    let part = |field: &str| chosen(field).then(|| value.clone());
    let query = DisclosureQuery {
        record: part("record"),
        person: part("person"),
        agency: part("agency"),
        officer: part("officer"),
        case: part("case"),
        from: Some(said("from")),
        until: Some(said("until")),
        before: Some(said("before")),
        limit: Some(LINES.to_owned()),
    };
    let mut ledger = Ledger {
        chrome: Chrome::of(&app, Some(&asker.standing), "disclosures"),
        abouts: ABOUT.map(|(field, label)| (field, label, about == field)).to_vec(),
        value: value.clone(),
        from: said("from"),
        until: said("until"),
        problem: None,
        listed: false,
        lines: Vec::new(),
        count: 0,
        exact: true,
        behind: 0,
        flawed: Vec::new(),
        next: None,
        person: chosen("person").then(|| value.clone()),
    };
    let listed = match query.wish() {
        Ok(wish) => listed(&app, &asker, wish).await,
        Err(fault) => {
            asker.signed_in(&app)?;
            Err(fault)
        }
    };
    let (list, receipt, number) = match listed {
        Ok(listed) => listed,
        Err(fault) if fault.status() == StatusCode::BAD_REQUEST => {
            ledger.problem = Some(fault.problem().message.clone());
            let mut response = html(&ledger)?;
            *response.status_mut() = fault.status();
            return Ok(response);
        }
        Err(fault) => return Err(fault),
    };
    let next = |before: u64| {
        let mut to = url::form_urlencoded::Serializer::new(String::from("/disclosures?"));
        for (name, text) in [("about", &about), ("value", &value), ("from", &ledger.from), ("until", &ledger.until)] {
            to.append_pair(name, text);
        }
        to.append_pair("before", &before.to_string()).finish()
    };
    ledger.next = list.next.map(next);
    ledger.listed = true;
    ledger.lines = list.disclosures.iter().map(|disclosure| line(&app, disclosure)).collect();
    (ledger.count, ledger.exact, ledger.behind, ledger.flawed) = (list.count, list.exact, list.behind, list.flawed);
    Ok((numbers(&receipt, &number), html(&ledger)?).into_response())
}

fn line(app: &App, disclosure: &Disclosure) -> Line {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let home = disclosure.agency.as_deref().unwrap_or_default();
    let also = disclosure.path.iter().chain(&disclosure.recipients).filter(|id| *id != home);
    let also: std::collections::BTreeSet<String> = also.map(|id| shown::agency(app, id)).collect();
    let why = match &disclosure.emergency {
        Some(danger) => format!("Emergency: {danger}"),
        None => text(&disclosure.reason),
    };
    Line {
        entry: disclosure.entry,
        leaf: disclosure.leaf.chars().take(16).collect(),
        at: clock(app, disclosure.at),
        agency: shown::agency(app, home),
        officer: text(&disclosure.officer),
        also: also.into_iter().collect::<Vec<_>>().join(", "),
        purpose: text(&disclosure.purpose),
        case: disclosure.docket.clone().or_else(|| disclosure.case.clone()).unwrap_or_default(),
        why,
        records: disclosure.records.iter().take(20).cloned().collect(),
        others: disclosure.others + disclosure.records.len().saturating_sub(20) as u64,
        what: match disclosure.what.ends() {
            true => "answer",
            false if disclosure.docket.is_some() => "production",
            false => "part of a stream",
        },
        withheld: text(&disclosure.withheld),
    }
}

#[derive(Template)]
#[template(path = "subject_report.html")]
struct Report {
    chrome: Chrome,
    report: SubjectReport,
    made_at: String,
}

/// A person's own report, to be printed.
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let person = pairs.iter().find(|(name, _)| name == "person").map(|(_, text)| text.as_str()).unwrap_or_default();
    let (report, receipt, number) = reported(&app, &asker, person).await?;
    let page = Report {
        chrome: Chrome::of(&app, Some(&asker.standing), "disclosures"),
        made_at: clock(&app, report.made_at),
        report,
    };
    Ok((numbers(&receipt, &number), html(&page)?).into_response())
}
