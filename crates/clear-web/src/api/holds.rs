//! Holds: questions that wait for a second person.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_record::HoldId;
use clear_respond::HeldQuestion;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::openapi::Refusals;

/// What waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Holds {
    /// What is due first comes first.
    holds: Vec<HeldQuestion>,
}

/// The questions that wait, for those who may release them.
#[utoipa::path(
    get, path = "/api/v1/holds", tag = "Review", operation_id = "holds",
    responses((status = 200, description = "What waits.", body = Holds), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn all(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, ()).await?;
    let queue = app.desk.queue(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    Ok(([("x-clear-request", number.to_string())], Json(Holds { holds: queue.holds })).into_response())
}

/// A hold of one's own: how it stands, its clock, and whom to telephone.
#[utoipa::path(
    get, path = "/api/v1/holds/{number}", tag = "Review", operation_id = "hold",
    params(("number" = String, Path, description = "The hold's number.")),
    responses(
        (status = 200, description = "How it stands. Released, the same question names it in the inquiry's `released`, and is answered once.", body = HeldQuestion),
        (status = 404, description = "There is no such hold of one's own.", body = crate::fault::Problem),
        Refusals
    ),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(hold): Path<String>,
) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    let hold = named(&hold)?;
    let hold = app.desk.my_hold(&asker.standing, &hold).await.map_err(|error| Fault::ours(&error))?;
    let hold = hold.ok_or_else(|| {
        Fault::new(StatusCode::NOT_FOUND, "no_such_hold", "There is no such hold of a question of yours.")
    })?;
    Ok(Json(hold).into_response())
}

/// Releases a hold: the question is answered once when it is asked again. A second person of an owner, never the asker.
#[utoipa::path(
    post, path = "/api/v1/holds/{number}/release", tag = "Review", operation_id = "release_hold",
    params(("number" = String, Path, description = "The hold's number.")),
    responses((status = 200, description = "Released.", body = HeldQuestion), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(hold): Path<String>,
) -> Result<Response, Fault> {
    decide(&app, &asker, &hold, true).await
}

/// Refuses to release a hold.
#[utoipa::path(
    post, path = "/api/v1/holds/{number}/refuse", tag = "Review", operation_id = "refuse_hold",
    params(("number" = String, Path, description = "The hold's number.")),
    responses((status = 200, description = "Refused.", body = HeldQuestion), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn refuse(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(hold): Path<String>,
) -> Result<Response, Fault> {
    decide(&app, &asker, &hold, false).await
}

async fn decide(app: &App, asker: &Asker, hold: &str, release: bool) -> Result<Response, Fault> {
    let (request, number) = asker.deed(app, named(hold)?).await?;
    let decided = app.desk.decide_hold(request, release).await;
    let decided = decided.map_err(|refusal| Fault::refused(app, refusal, &number))?;
    Ok(([("x-clear-request", number.to_string())], Json(decided)).into_response())
}

pub(crate) fn named(text: &str) -> Result<HoldId, Fault> {
    text.parse().map_err(|bad: clear_record::BadId| {
        Fault::new(StatusCode::BAD_REQUEST, "bad_id", format!("number: {bad}.")).at_field(Some("number".into()))
    })
}
