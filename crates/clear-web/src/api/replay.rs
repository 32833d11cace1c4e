//! What an order would have changed: the last days' questions, decided again under a draft.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_record::RequestId;
use clear_respond::policy::OrderDraft;
use clear_respond::{Change, Preview, Previewed, preview};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// How far back, unless it is said.
pub(crate) const DAYS: u16 = 90;
/// Ten years.
const DAYS_MAX: u16 = 3660;

/// A drafted order to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayWish {
    /// The order's text as the preview gives it; signatures under it are not needed.
    text: String,
    /// How many days back; 90 unless said.
    #[serde(default = "days")]
    days: u16,
}

fn days() -> u16 {
    DAYS
}

/// Decides the last days' questions again as if a drafted order were in force: refused, users, joint cases, others.
#[utoipa::path(
    post, path = "/api/v1/register/cut-offs/replay", tag = "Register", operation_id = "replay_cut_off",
    params(crate::openapi::InquiryHeaders),
    request_body(content = ReplayWish, example = json!({"text": "OpenCLEAR cut-off order, version 1\ninstallation: …\n", "days": 90})),
    responses((status = 200, description = "What would change, and for how many of everybody else nothing would.", body = clear_respond::Replay), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn replay(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let ReplayWish { text, days } = input.json()?;
    let (previewed, number) = previewed(&app, &asker, &text, days).await?;
    let headers = numbers(&previewed.receipt.to_header(), &number);
    Ok((headers, Json(previewed.replay)).into_response())
}

/// The replay of an order's text, for an asker who may enter orders.
pub(crate) async fn previewed(
    app: &App,
    asker: &Asker,
    text: &str,
    days: u16,
) -> Result<(Previewed, RequestId), Fault> {
    let wrong = |field: &str, what: String| {
        Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("{field}: {what}.")).at_field(Some(field.to_owned()))
    };
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(wrong("days", format!("should be between 1 and {DAYS_MAX}")));
    }
    let text = text.replace("\r\n", "\n");
    let draft = OrderDraft::parse(text.split("\n\n— ").next().unwrap_or_default());
    let order = draft.map_err(|bad| wrong("text", bad.to_string()))?;
    asker.bind(app, &asker.inquiry)?;
    let question = Preview { change: Change { order: Some(order), rules: None }, days };
    let request = app.desk.request(&asker.standing, asker.inquiry.clone(), asker.origin.clone(), None, question);
    let number = request.id.clone();
    let previewed = preview(&app.desk, request).await.map_err(|refusal| Fault::refused(app, refusal, &number))?;
    Ok((previewed, number))
}
