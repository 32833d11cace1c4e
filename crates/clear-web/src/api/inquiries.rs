//! Inquiries: opened once, named by their number with each question.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_record::InquiryId;
use clear_respond::{NewInquiry, OpenInquiry};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// Open inquiries.
#[derive(Serialize, ToSchema)]
pub(crate) struct Inquiries {
    /// The newest first.
    inquiries: Vec<OpenInquiry>,
}

/// Opens an inquiry. Questions name it in `X-Inquiry` or in the inquiry's `number`; each is judged anew.
#[utoipa::path(
    post, path = "/api/v1/inquiries", tag = "Inquiries", operation_id = "open_inquiry",
    request_body(content = NewInquiry, example = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Suspect named by a witness"})),
    responses((status = 201, description = "Open.", body = OpenInquiry), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn open(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, input.json::<NewInquiry>()?).await?;
    let opened = app.desk.open_inquiry(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok((StatusCode::CREATED, [("x-clear-request", number.to_string())], Json(opened)).into_response())
}

/// The open inquiries of one's own.
#[utoipa::path(
    get, path = "/api/v1/inquiries", tag = "Inquiries", operation_id = "my_inquiries",
    responses((status = 200, description = "What is open, the newest first.", body = Inquiries), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn mine(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    let inquiries = app.desk.my_inquiries(&asker.standing).await.map_err(|error| Fault::ours(&error))?;
    Ok(Json(Inquiries { inquiries }).into_response())
}

/// Ends an inquiry of one's own.
#[utoipa::path(
    post, path = "/api/v1/inquiries/{number}/close", tag = "Inquiries", operation_id = "close_inquiry",
    params(("number" = String, Path, description = "The inquiry's number.")),
    responses((status = 200, description = "Ended.", body = OpenInquiry), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(inquiry): Path<String>,
) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, named(&inquiry)?).await?;
    let closed = app.desk.close_inquiry(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok(([("x-clear-request", number.to_string())], Json(closed)).into_response())
}

/// Takes an inquiry over: the relief officer's own one of the same parts opens, and the old one ends.
#[utoipa::path(
    post, path = "/api/v1/inquiries/{number}/hand-over", tag = "Inquiries", operation_id = "take_over_inquiry",
    params(("number" = String, Path, description = "The inquiry's number, or the event's.")),
    responses((status = 201, description = "The inquiry of the relief officer.", body = OpenInquiry), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn take_over(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(inquiry): Path<String>,
) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, inquiry).await?;
    let taken = app.desk.take_over(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok((StatusCode::CREATED, [("x-clear-request", number.to_string())], Json(taken)).into_response())
}

pub(crate) fn named(text: &str) -> Result<InquiryId, Fault> {
    text.parse().map_err(|bad: clear_record::BadId| {
        Fault::new(StatusCode::BAD_REQUEST, "bad_id", format!("number: {bad}.")).at_field(Some("number".into()))
    })
}
