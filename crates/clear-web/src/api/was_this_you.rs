//! *Was this you?*: what was asked in the own name, and the officer's word about it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use clear_record::RequestId;
use clear_respond::WasThisYou;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Close};
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// What waits for a word.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Asked {
    /// What was asked in the own name; absent where nothing waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<WasThisYou>,
}

/// The officer's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Word {
    /// `yes`: all of that was me; `no`: something of it was not.
    was_me: YesNo,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum YesNo {
    Yes,
    No,
}

/// What was asked in one's own name since the last look, by device, address and hour.
#[utoipa::path(
    get, path = "/api/v1/was-this-you", tag = "Accounts", operation_id = "was_this_you",
    responses((status = 200, description = "What waits for one's word.", body = Asked), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn ask(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (digest, receipt, number) = asked(&app, &asker).await?;
    Ok((numbers(&receipt, &number), Json(Asked { digest })).into_response())
}

/// The digest, with its receipt and number.
pub(crate) async fn asked(app: &App, asker: &Asker) -> Result<(Option<WasThisYou>, String, RequestId), Fault> {
    let (request, number) = asker.deed(app, ()).await?;
    let asked = app.desk.was_this_you(request).await;
    let (digest, receipt) = asked.map_err(|refusal| Fault::refused(app, refusal, &number))?;
    Ok((digest, receipt.to_header(), number))
}

/// Says that it was oneself, or not. After `no` the account is shut: its sessions and tokens have ended, and a steward
/// must look before anybody signs in to it again.
#[utoipa::path(
    post, path = "/api/v1/was-this-you", tag = "Accounts", operation_id = "say_was_this_you",
    request_body(content = Word, example = json!({"was_me": "yes"})),
    responses((status = 204, description = "Taken."), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn say(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let Word { was_me } = input.json()?;
    let (receipt, number) = said(&app, &asker, was_me == YesNo::Yes).await?;
    Ok((StatusCode::NO_CONTENT, Extension(Close), numbers(&receipt, &number)).into_response())
}

/// Takes the word; gives its receipt and number.
pub(crate) async fn said(app: &App, asker: &Asker, was_me: bool) -> Result<(String, RequestId), Fault> {
    let (request, number) = asker.deed(app, was_me).await?;
    let connection = asker.connection();
    let said = app.desk.say_was_this_you(request, Some(&connection)).await;
    let receipt = said.map_err(|refusal| Fault::refused(app, refusal, &number))?;
    Ok((receipt.to_header(), number))
}
