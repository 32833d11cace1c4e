//! The public sets and releases, and the compliance reports of those who may read the log's counts.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use clear_audit::Receipt;
use clear_record::RequestId;
use clear_respond::{Period, PublishedRelease, Report};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::openapi::Refusals;

/// A release in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed {
    /// Its number.
    pub(crate) release: u64,
    /// The period.
    pub(crate) period: String,
    /// When it was made.
    pub(crate) made_at: String,
    /// The log's entry that its text is.
    pub(crate) entry: u64,
    /// The first entry that it counts.
    pub(crate) first_entry: u64,
    /// The first entry after those that it counts.
    pub(crate) end_entry: u64,
}

/// A public set by its name: `access`, `cut-offs`, `flows`, `stores` or `releases`, as JSON, or with `.csv` as CSV.
#[utoipa::path(
    get, path = "/api/v1/transparency/{set}", tag = "Register", operation_id = "transparency_set",
    params(("set" = String, Path, description = "`access`, `cut-offs`, `flows`, `stores` or `releases`; with `.csv` behind it as CSV.", example = "cut-offs.csv")),
    responses((status = 200, description = "The set: the same bytes for everybody.", body = Value), Refusals)
)]
pub(crate) async fn set(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Response, Fault> {
    let (name, is_csv) = name.strip_suffix(".csv").map_or((name.as_str(), false), |name| (name, true));
    let desk = &app.desk;
    Ok(match (name, is_csv) {
        ("access", false) => json(&desk.access_set()),
        ("access", true) => csv(desk.access_set().csv()),
        ("cut-offs", false) => json(&desk.cut_off_set()),
        ("cut-offs", true) => csv(desk.cut_off_set().csv()),
        ("flows", false) => json(&desk.flow_set()),
        ("flows", true) => csv(desk.flow_set().csv()),
        ("stores", false) => json(&desk.store_set()),
        ("stores", true) => csv(desk.store_set().csv()),
        ("releases", false) => json(&listed(&app)),
        ("releases", true) => {
            let lines = listed(&app).into_iter().map(|it| {
                let Listed { release, period, made_at, entry, first_entry, end_entry } = it;
                format!("{release},{period},{made_at},{entry},{first_entry},{end_entry}\n")
            });
            csv(format!("release,period,made_at,entry,first_entry,end_entry\n{}", lines.collect::<String>()))
        }
        _ => {
            let what = "There is no such set; there are `access`, `cut-offs`, `flows`, `stores` and `releases`.";
            return Err(Fault::new(StatusCode::NOT_FOUND, "no_such_set", what));
        }
    })
}

/// One release of counts: the very text that stands in the log, or with `.csv` its counts as CSV.
#[utoipa::path(
    get, path = "/api/v1/transparency/releases/{number}", tag = "Register", operation_id = "release",
    params(("number" = String, Path, description = "The release's number; with `.csv` behind it as CSV.", example = "1")),
    responses((status = 200, description = "The release, byte for byte as in the log.", body = clear_respond::Release), Refusals)
)]
pub(crate) async fn release(State(app): State<Arc<App>>, Path(number): Path<String>) -> Result<Response, Fault> {
    let (number, is_csv) = number.strip_suffix(".csv").map_or((number.as_str(), false), |number| (number, true));
    let published = by_number(&app, number)?;
    if is_csv {
        return Ok(csv(published.release.csv()));
    }
    Ok((OPEN, [(CONTENT_TYPE, "application/json")], published.text.clone()).into_response())
}

/// A compliance report in full, for stewards of an owner and oversight bodies.
#[utoipa::path(
    get, path = "/api/v1/reports/{period}", tag = "Register", operation_id = "compliance_report",
    params(
        ("period" = String, Path, description = "A quarter or a year; with `.csv` behind it as CSV.", example = "2026-Q3"),
        crate::openapi::InquiryHeaders,
    ),
    responses((status = 200, description = "The report.", body = Report), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(period): Path<String>,
) -> Result<Response, Fault> {
    let (period, is_csv) = period.strip_suffix(".csv").map_or((period.as_str(), false), |period| (period, true));
    let (report, receipt, number) = reported(&app, &asker, period).await?;
    let headers = numbers(&receipt.to_header(), &number);
    Ok(if is_csv { (headers, csv(report.csv())).into_response() } else { (headers, Json(report)).into_response() })
}

/// The report that is wanted.
pub(crate) async fn reported(app: &App, asker: &Asker, period: &str) -> Result<(Report, Receipt, RequestId), Fault> {
    let period: Period = period.parse().map_err(|what: String| {
        Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("period: {what}.")).at_field(Some("period".to_owned()))
    })?;
    let (request, number) = asker.deed(app, period).await?;
    let reported = app.desk.compliance_report(request).await;
    let (report, receipt) = reported.map_err(|refusal| Fault::refused(app, refusal, &number))?;
    Ok((report, receipt, number))
}

/// The releases, newest first.
pub(crate) fn listed(app: &App) -> Vec<Listed> {
    let line = |published: &Arc<PublishedRelease>| Listed {
        release: published.release.head.openclear_release,
        period: published.release.head.period.clone(),
        made_at: published.release.head.made_at.to_string(),
        entry: published.entry,
        first_entry: published.release.head.first_entry,
        end_entry: published.release.head.end_entry,
    };
    app.desk.releases().iter().rev().map(line).collect()
}

/// A release by what somebody typed.
pub(crate) fn by_number(app: &App, number: &str) -> Result<Arc<PublishedRelease>, Fault> {
    let found = number.parse().ok().and_then(|number| app.desk.release(number));
    found.ok_or_else(|| {
        let what = "There is no release of that number; `/api/v1/transparency/releases` lists them.";
        Fault::new(StatusCode::NOT_FOUND, "no_such_release", what)
    })
}

/// Anybody's page may read what is everybody's.
const OPEN: [(axum::http::HeaderName, &str); 1] = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*")];

fn json(set: &impl Serialize) -> Response {
    (OPEN, Json(set)).into_response()
}

fn csv(text: String) -> Response {
    (OPEN, [(CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response()
}
