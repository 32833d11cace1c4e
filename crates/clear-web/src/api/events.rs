//! Events of dispatch: stops and calls that open inquiries by themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_respond::{NewEvent, OpenedEvent};

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// Takes in a stop or a dispatch. The same event again opens inquiries for officers who are new to it, and nothing else.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "Inquiries", operation_id = "event",
    request_body(content = NewEvent, example = json!({"event": "E-1042", "kind": "stop", "unit": "1203", "officers": ["officer-1042"]})),
    responses(
        (status = 201, description = "Told for the first time: an inquiry for each officer assigned, or one for the unit.", body = OpenedEvent),
        (status = 200, description = "Told before.", body = OpenedEvent),
        Refusals
    ),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn event(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, input.json::<NewEvent>()?).await?;
    let opened = app.desk.take_event(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    let status = if opened.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [("x-clear-request", number.to_string())], Json(opened)).into_response())
}
