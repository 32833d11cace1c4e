//! The disclosure ledger: who saw what, why, when; a person's own report, and what may delay it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_record::{AgencyId, HoldId, RecordId, RequestId};
use clear_respond::{About, Delay, DisclosureList, DisclosureWish, NewDelay, PAGE, ReviewDelay, SubjectReport};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// What is looked for, as it comes in a query string.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisclosureQuery {
    pub(crate) record: Option<String>,
    pub(crate) person: Option<String>,
    pub(crate) agency: Option<String>,
    pub(crate) officer: Option<String>,
    pub(crate) case: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) limit: Option<String>,
}

impl DisclosureQuery {
    /// The question that it is; blank parts are not said.
    pub(crate) fn wish(&self) -> Result<DisclosureWish, Fault> {
        let said =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let wrong = |field: &str, what: String| {
            Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("{field}: {what}.")).at_field(Some(field.to_owned()))
        };
        let id = |field: &str, text: String| text.parse::<RecordId>().map_err(|bad| wrong(field, bad.to_string()));
        let mut about = Vec::new();
        if let Some(text) = said(&self.record) {
            about.push(About::Record(id("record", text)?));
        }
        if let Some(text) = said(&self.person) {
            about.push(About::Person(id("person", text)?));
        }
        if let Some(text) = said(&self.agency) {
            let agency: Result<AgencyId, _> = text.parse();
            about.push(About::Agency(agency.map_err(|bad| wrong("agency", bad.to_string()))?));
        }
        about.extend(said(&self.officer).map(About::Officer));
        about.extend(said(&self.case).map(About::Case));
        if about.len() > 1 {
            let what = "Ask for one of `record`, `person`, `agency`, `officer` and `case`.";
            return Err(Fault::new(StatusCode::BAD_REQUEST, "wrong", what));
        }
        let day = |field: &str, text: &Option<String>| {
            let text = said(text);
            text.map(|text| {
                text.parse().map_err(|_| wrong(field, format!("`{text}` should be a day like `2026-07-01`")))
            })
            .transpose()
        };
        let number = |field: &str, text: &Option<String>| {
            let text = said(text);
            text.map(|text| text.parse::<u64>().map_err(|_| wrong(field, format!("`{text}` should be a number"))))
                .transpose()
        };
        Ok(DisclosureWish {
            about: about.pop().unwrap_or(About::Everything),
            from: day("from", &self.from)?,
            until: day("until", &self.until)?,
            before: number("before", &self.before)?,
            limit: number("limit", &self.limit)?.map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        })
    }
}

/// Lists disclosures, newest first: of a record, of a person, to an agency, to an officer, for a case, or everything.
///
/// Owners read about their own records, oversight about all. What is not the asker's is not there: an empty list.
#[utoipa::path(
    get, path = "/api/v1/disclosures", tag = "Disclosures", operation_id = "disclosures",
    params(
        ("record" = Option<String>, Query, description = "Of one record."),
        ("person" = Option<String>, Query, description = "Of a person's record and every record that names it."),
        ("agency" = Option<String>, Query, description = "To an agency: the asker's own, one on the path, or one that it went on to."),
        ("officer" = Option<String>, Query, description = "To one officer: an account of one's own agency, or a pseudonym from a list; any account, to oversight."),
        ("case" = Option<String>, Query, description = "For a case."),
        ("from" = Option<String>, Query, description = "From this day on, in the city's time zone."),
        ("until" = Option<String>, Query, description = "Up to this day, inclusive."),
        ("before" = Option<u64>, Query, description = "The next page: `next` of the last one."),
        ("limit" = Option<u64>, Query, description = "Lines of a page, at most 500; 100 unless said."),
    ),
    responses((status = 200, description = "The list.", body = DisclosureList), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(query): Query<DisclosureQuery>,
) -> Result<Response, Fault> {
    let (list, receipt, number) = listed(&app, &asker, query.wish()?).await?;
    Ok((numbers(&receipt, &number), Json(list)).into_response())
}

/// The list, with its receipt and number.
pub(crate) async fn listed(
    app: &App,
    asker: &Asker,
    wish: DisclosureWish,
) -> Result<(DisclosureList, String, RequestId), Fault> {
    let (request, number) = asker.deed(app, wish).await?;
    let listed = app.desk.disclosures(request).await;
    let (list, receipt) = listed.map_err(|refusal| Fault::refused(app, refusal, &number))?;
    Ok((list, receipt.to_header(), number))
}

/// A person's own report, to be handed over: agencies, officers under pseudonyms, purposes, days.
#[utoipa::path(
    get, path = "/api/v1/disclosures/people/{person}/report", tag = "Disclosures", operation_id = "subject_report",
    params(("person" = String, Path, description = "The person's record.")),
    responses((status = 200, description = "Who saw what was filed about this person.", body = SubjectReport), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(person): Path<String>,
) -> Result<Response, Fault> {
    let (report, receipt, number) = reported(&app, &asker, &person).await?;
    Ok((numbers(&receipt, &number), Json(report)).into_response())
}

/// The report, with its receipt and number.
pub(crate) async fn reported(
    app: &App,
    asker: &Asker,
    person: &str,
) -> Result<(SubjectReport, String, RequestId), Fault> {
    let person: RecordId = person.trim().parse().map_err(|bad: clear_record::BadId| {
        Fault::new(StatusCode::BAD_REQUEST, "bad_id", format!("person: {bad}.")).at_field(Some("person".into()))
    })?;
    let (request, number) = asker.deed(app, person).await?;
    let reported = app.desk.subject_report(request).await;
    let (report, receipt) = reported.map_err(|refusal| Fault::refused(app, refusal, &number))?;
    Ok((report, receipt.to_header(), number))
}

/// Grounds that delay a disclosure in a person's own report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delays {
    /// The newest first, ended ones too.
    delays: Vec<Delay>,
}

/// Lists the delays of one's own agency, or all of them for oversight.
#[utoipa::path(
    get, path = "/api/v1/disclosures/delays", tag = "Disclosures", operation_id = "delays",
    responses((status = 200, description = "Every delay with its ground, day and review.", body = Delays), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn delays(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, ()).await?;
    let delays = app.desk.delays(request).await;
    let (delays, receipt) = delays.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok((numbers(&receipt.to_header(), &number), Json(Delays { delays })).into_response())
}

/// Asks for a delay: a ground and a day. It delays nothing before a second person has reviewed it.
#[utoipa::path(
    post, path = "/api/v1/disclosures/delays", tag = "Disclosures", operation_id = "delay",
    request_body(content = NewDelay, example = json!({"person": "per_01jz3v9xq8m2k4n6p8r0s2t4v6", "case": "24-SW-118", "ground": "Covert operation under warrant 24-SW-118 (725 ILCS 5/108A)", "until": "2026-12-01"})),
    responses((status = 201, description = "It waits for a second person.", body = Delay), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn delay(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let wish: NewDelay = input.json()?;
    let (request, number) = asker.deed(&app, wish).await?;
    let delayed = app.desk.delay(request).await;
    let (delay, receipt) = delayed.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok((StatusCode::CREATED, numbers(&receipt.to_header(), &number), Json(delay)).into_response())
}

/// A second person's word about a delay. Never of whoever asked for it.
#[utoipa::path(
    post, path = "/api/v1/disclosures/delays/{number}", tag = "Disclosures", operation_id = "review_delay",
    params(("number" = String, Path, description = "The delay's number.")),
    request_body(content = ReviewDelay, example = json!({"granted": true, "note": "Read the warrant; it runs until November."})),
    responses((status = 200, description = "Reviewed.", body = Delay), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn review_delay(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(delay): Path<String>,
    input: Input,
) -> Result<Response, Fault> {
    let word: ReviewDelay = input.json()?;
    let delay: HoldId = delay.parse().map_err(|bad: clear_record::BadId| {
        Fault::new(StatusCode::BAD_REQUEST, "bad_id", format!("number: {bad}.")).at_field(Some("number".into()))
    })?;
    let (request, number) = asker.deed(&app, delay).await?;
    let reviewed = app.desk.review_delay(request, &word).await;
    let (delay, receipt) = reviewed.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok((numbers(&receipt.to_header(), &number), Json(delay)).into_response())
}

/// Deletes who is behind a pseudonym of one's own lists, for ever. The lines stay.
#[utoipa::path(
    post, path = "/api/v1/disclosures/pseudonyms/{name}/forget", tag = "Disclosures", operation_id = "forget_pseudonym",
    params(("name" = String, Path, description = "The pseudonym.")),
    responses((status = 204, description = "Nobody knows any more who that was."), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn forget(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, name).await?;
    let forgotten = app.desk.forget_pseudonym(request).await;
    let receipt = forgotten.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok((StatusCode::NO_CONTENT, numbers(&receipt.to_header(), &number)).into_response())
}
