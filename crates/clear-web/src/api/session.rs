//! Signing in and out, and who one is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use clear_record::Origin;
use clear_respond::{Refusal, Refused, SignedIn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Close};
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;
use crate::serve::Wire;

/// What signing in takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInWish {
    /// The account.
    account: String,
    /// Its password.
    password: String,
    /// The six digits of the authenticator app.
    code: String,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// What is presented from now on, as `Authorization: Bearer`.
    token: String,
    /// When it ends, used or not.
    expires: String,
    /// The session's public number, as in the log.
    number: String,
}

/// Opens a session with password and one-time code. The connection ends with the answer: the next one is somebody's own.
#[utoipa::path(
    post, path = "/api/v1/sign-in", tag = "Accounts", operation_id = "sign_in",
    request_body(content = SignInWish, example = json!({"account": "r-quinn", "password": "…", "code": "123456"})),
    responses((status = 200, description = "The session.", body = Session), Refusals)
)]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(wire): Extension<Arc<Wire>>,
    input: Input,
) -> Result<Response, Fault> {
    let SignInWish { account, password, code } = input.json()?;
    let signed_in = enter(&app, &wire, &account, &password, &code).await?;
    let session = Session {
        token: signed_in.secret.reveal().to_owned(),
        expires: signed_in.expires_at.to_string(),
        number: signed_in.number.clone(),
    };
    Ok((Extension(Close), Json(session)).into_response())
}

/// Lets somebody in, or says why not.
pub(crate) async fn enter(
    app: &App,
    wire: &Wire,
    account: &str,
    password: &str,
    code: &str,
) -> Result<SignedIn, Fault> {
    let origin = Origin { address: wire.peer.ip().to_string(), session: None };
    match app.desk.sign_in(account, password, code, &origin).await {
        Ok(Ok(signed_in)) => Ok(signed_in),
        Ok(Err(refused)) => {
            let status = match &refused {
                Refused::Locked { .. } => StatusCode::TOO_MANY_REQUESTS,
                Refused::Failed(error) => {
                    tracing::error!("cannot sign anybody in: {error}");
                    StatusCode::SERVICE_UNAVAILABLE
                }
                _ => StatusCode::UNAUTHORIZED,
            };
            Err(Fault::new(status, "sign_in_refused", refused.to_string()).closing())
        }
        Err(Refusal::LogDown) => {
            let contact = app.names().legal_contact;
            let message = format!(
                "Nothing can be logged at the moment, so nobody is let in. Please tell the operator: {contact}"
            );
            Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, "log_down", message))
        }
        Err(_) => Err(Fault::crashed()),
    }
}

/// Ends the session that is presented.
#[utoipa::path(
    post, path = "/api/v1/sign-out", tag = "Accounts", operation_id = "sign_out",
    responses((status = 204, description = "The session has ended."), Refusals),
    security(("session" = []))
)]
pub(crate) async fn sign_out(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let secret = asker.session.as_deref().ok_or_else(Fault::sign_in)?;
    app.desk.sign_out(secret).await.map_err(|error| Fault::ours(&error))?;
    Ok((Extension(Close), StatusCode::NO_CONTENT).into_response())
}

/// Who one is here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// The account.
    account: String,
    /// Its home agency.
    agency: String,
    /// The agency's name.
    agency_name: String,
    /// What the account is for.
    roles: Vec<String>,
    /// The number of the session or token, as in the log.
    session: Option<String>,
    /// The purposes that may be stated, code and title.
    purposes: Vec<(String, String)>,
    /// The use codes that may be stated, code and title.
    use_codes: Vec<(String, String)>,
}

/// Who one is here, and what an inquiry may say.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "Accounts", operation_id = "me",
    responses((status = 200, description = "The own standing.", body = Me), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn me(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let standing = &asker.standing;
    let (Some(account), Some(agency)) = (&standing.account, &standing.agency) else { return Err(Fault::sign_in()) };
    let me = Me {
        account: account.to_string(),
        agency: agency.to_string(),
        agency_name: app.desk.agency_name(agency).unwrap_or_default(),
        roles: standing.roles.iter().map(ToString::to_string).collect(),
        session: standing.session().map(str::to_owned),
        purposes: app.desk.purposes(),
        use_codes: app.desk.use_codes(),
    };
    Ok(Json(me).into_response())
}
