//! Reviews: what a second person looks at afterwards.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_record::ReviewId;
use clear_respond::Review;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// What waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reviews {
    /// Emergencies first, then what is due first.
    reviews: Vec<Review>,
}

/// A reviewer's word.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reviewed {
    /// `in_order` or `not_in_order`.
    outcome: Word,
    /// What was looked at, in a sentence.
    note: String,
}

#[derive(Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    InOrder,
    NotInOrder,
}

/// What waits for a review; what nobody looked at in time is marked.
#[utoipa::path(
    get, path = "/api/v1/reviews", tag = "Review", operation_id = "reviews",
    responses((status = 200, description = "What waits.", body = Reviews), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn all(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, ()).await?;
    let queue = app.desk.queue(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok(([("x-clear-request", number.to_string())], Json(Reviews { reviews: queue.reviews })).into_response())
}

/// Says of a reviewed question whether it was in order. Never its asker.
#[utoipa::path(
    post, path = "/api/v1/reviews/{number}", tag = "Review", operation_id = "review",
    params(("number" = String, Path, description = "The review's number.")),
    request_body(content = Reviewed, example = json!({"outcome": "in_order", "note": "Called the sergeant; the child was found."})),
    responses((status = 200, description = "Reviewed.", body = Review), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(review): Path<String>,
    input: Input,
) -> Result<Response, Fault> {
    let Reviewed { outcome, note } = input.json()?;
    let (request, number) = asker.deed(&app, named(&review)?).await?;
    let reviewed = app.desk.review(request, outcome == Word::InOrder, &note).await;
    let reviewed = reviewed.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok(([("x-clear-request", number.to_string())], Json(reviewed)).into_response())
}

pub(crate) fn named(text: &str) -> Result<ReviewId, Fault> {
    text.parse().map_err(|bad: clear_record::BadId| {
        Fault::new(StatusCode::BAD_REQUEST, "bad_id", format!("number: {bad}.")).at_field(Some("number".into()))
    })
}
