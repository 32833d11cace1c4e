//! How a record is handled: white, gray, black; and who would have hit what is black.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_record::{AccountId, Caution, Handling, Inquiry, RecordId};
use clear_respond::{Filing, Open, Restrict, Seen, SilentHitNotice};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// A decision on how one record is handled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandlingWish {
    /// `white`: shared under the agreements; `gray`: others learn whom to ask; `black`: no sign of it.
    #[schema(value_type = String)]
    pub(crate) handling: Handling,
    /// Why.
    pub(crate) reason: String,
    /// Who else stands behind it; for black, and to end black.
    #[schema(value_type = Option<String>)]
    pub(crate) second_person: Option<AccountId>,
    /// When it ends by itself, as a moment or as a day; for black within a year.
    pub(crate) until: Option<String>,
    /// What an asker is told who would have hit a black record: `approach_with_caution` or `call_before_acting`.
    #[schema(value_type = Option<String>)]
    pub(crate) caution: Option<Caution>,
}

/// A decision that is in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Handled {
    /// The record.
    pub(crate) record: String,
    /// How it is handled now.
    pub(crate) handling: &'static str,
    /// The ledger's place. What was made before it, nobody gets any more.
    pub(crate) seq: u64,
}

/// Sets how a record is handled. When this answers, nothing leaves any more that was open before.
#[utoipa::path(
    post, path = "/api/v1/records/{record}/handling", tag = "File", operation_id = "handling",
    params(("record" = String, Path, description = "The record's id."), crate::openapi::InquiryHeaders),
    request_body(content = HandlingWish, example = json!({"handling": "black", "reason": "Covert operation under warrant 24-SW-118", "second_person": "l-ortega", "until": "2027-03-01", "caution": "call_before_acting"})),
    responses((status = 201, description = "In force.", body = Handled), (status = 404, description = "There is no such record that the asker may see.", body = crate::fault::Problem), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn handling(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(record): Path<String>,
    input: Input,
) -> Result<Response, Fault> {
    let id: RecordId = record
        .parse()
        .map_err(|bad: clear_record::BadId| Fault::new(StatusCode::BAD_REQUEST, "bad_id", format!("{bad}.")))?;
    let (handled, headers) = set(&app, &asker, asker.inquiry.clone(), id, input.json()?).await?;
    Ok((StatusCode::CREATED, headers, Json(handled)).into_response())
}

/// Opens the record and sets how it is handled; who may not open it, learns nothing else.
pub(crate) async fn set(
    app: &App,
    asker: &Asker,
    inquiry: Inquiry,
    id: RecordId,
    wish: HandlingWish,
) -> Result<(Handled, HeaderMap), Fault> {
    let until = wish.until.as_deref().map(|text| moment(app, text)).transpose()?;
    let opened = asker.ask(app, inquiry.clone(), None, Open { id }).await?;
    let Some(record) = Seen::of(&opened.response) else {
        let receipt = opened.response.receipt().to_header();
        return Err(Fault::not_found().numbered(&opened.number).with("x-clear-receipt", &receipt));
    };
    let HandlingWish { handling, reason, second_person, caution, .. } = wish;
    let filing = Filing::Restrict(Restrict { record, handling, reason, second_person, until, caution });
    let (accepted, number) = asker.file(app, inquiry, filing).await?;
    let headers = numbers(&accepted.receipt.to_header(), &number);
    Ok((Handled { record: id.to_string(), handling: handling.word(), seq: accepted.seq.0 }, headers))
}

/// A moment, or the end of a day on the city's clock.
fn moment(app: &App, text: &str) -> Result<Timestamp, Fault> {
    let text = text.trim();
    let end_of_day = || {
        let day: Date = text.parse().ok()?;
        app.desk.time_zone().to_timestamp(day.at(23, 59, 59, 0)).ok()
    };
    text.parse().ok().or_else(end_of_day).ok_or_else(|| {
        let what = "`until` is neither a moment like `2027-03-01T00:00:00Z` nor a day like `2027-03-01`.";
        Fault::new(StatusCode::BAD_REQUEST, "bad_until", what)
    })
}

/// Questions that would have hit black records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SilentHits {
    /// The questions, newest first.
    silent_hits: Vec<SilentHitNotice>,
}

/// Lists the questions that would have hit black records of one's own agency, as far as one sees those records.
#[utoipa::path(
    get, path = "/api/v1/silent-hits", tag = "Review", operation_id = "silent_hits",
    params(crate::openapi::InquiryHeaders),
    responses((status = 200, description = "The questions, newest first. Their askers know nothing of it.", body = SilentHits), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn silent_hits(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    asker.bind(&app, &asker.inquiry)?;
    let request = app.desk.request(&asker.standing, asker.inquiry.clone(), asker.origin.clone(), None, ());
    let number = request.id.clone();
    let listed = app.desk.silent_hits(request).await;
    let (silent_hits, receipt) = listed.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok((numbers(&receipt.to_header(), &number), Json(SilentHits { silent_hits })).into_response())
}
