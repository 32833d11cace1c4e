//! Signing in and out, and who one is.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use clear_record::{DeviceId, Origin};
use clear_respond::{Device, Machine, Refusal, Refused, SignIn, SignedIn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Close};
use crate::asker::{Asker, device_of};
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
///
/// A program's session is a device of its own: it is what its token is. A request that carries a device's cookie opens a
/// session which that device alone can use.
#[utoipa::path(
    post, path = "/api/v1/sign-in", tag = "Accounts", operation_id = "sign_in",
    request_body(content = SignInWish, example = json!({"account": "r-quinn", "password": "…", "code": "123456"})),
    responses((status = 200, description = "The session.", body = Session), Refusals)
)]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(wire): Extension<Arc<Wire>>,
    headers: HeaderMap,
    input: Input,
) -> Result<Response, Fault> {
    let SignInWish { account, password, code } = input.json()?;
    let device = device_of(&app, &headers);
    let machine = match &device {
        Some(secret) => Machine::Browser { secret: Some(secret), name: name_of(&headers) },
        None => Machine::Program,
    };
    let signed_in = enter(&app, &wire, SignIn { account: &account, password: &password, code: &code, machine }).await?;
    let session = Session {
        token: signed_in.secret.reveal().to_owned(),
        expires: signed_in.expires_at.to_string(),
        number: signed_in.number.clone(),
    };
    Ok((Extension(Close), Json(session)).into_response())
}

/// What a browser or program calls itself.
pub(crate) fn name_of(headers: &HeaderMap) -> &str {
    headers.get(axum::http::header::USER_AGENT).and_then(|name| name.to_str().ok()).unwrap_or_default()
}

/// Lets somebody in, or says why not.
pub(crate) async fn enter(app: &App, wire: &Wire, given: SignIn<'_>) -> Result<SignedIn, Fault> {
    let origin = Origin { address: wire.peer.ip().to_string(), session: None };
    match app.desk.sign_in(given, &origin).await {
        Ok(Ok(signed_in)) => Ok(signed_in),
        Ok(Err(Refused::Ordered { order })) => {
            Err(app.desk.order(&order).map_or_else(Fault::closed, Fault::ordered).closing())
        }
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
            let contact = app.contact();
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
    app.desk.sign_out(secret, Some(&asker.standing), &asker.origin).await.map_err(|error| Fault::ours(&error))?;
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
    /// The device that it is bound to, as in the log.
    device: Option<String>,
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
    asker.signed_in(&app)?;
    let standing = &asker.standing;
    let (Some(account), Some(agency)) = (&standing.account, &standing.agency) else { return Err(Fault::sign_in()) };
    let me = Me {
        account: account.to_string(),
        agency: agency.to_string(),
        agency_name: app.desk.agency_name(agency).unwrap_or_default(),
        roles: standing.roles.iter().map(ToString::to_string).collect(),
        session: standing.session().map(str::to_owned),
        device: standing.device.as_ref().map(ToString::to_string),
        purposes: app.desk.purposes(),
        use_codes: app.desk.use_codes(),
    };
    Ok(Json(me).into_response())
}

/// A device of one's own: a machine that one signed in on, or a program's session or token.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnDevice {
    /// Its id, as in the log.
    pub(crate) id: String,
    /// What it calls itself, or what its token is for.
    pub(crate) name: String,
    /// `machine` or `program`.
    pub(crate) kind: &'static str,
    /// Since when.
    pub(crate) enrolled_at: String,
    /// When it was last used, to the minute.
    pub(crate) last_seen: String,
    /// How many sessions and tokens are open on it.
    pub(crate) open: usize,
    /// Whether this is asked from it.
    pub(crate) this: bool,
}

/// The devices of the own account.
#[utoipa::path(
    get, path = "/api/v1/devices", tag = "Accounts", operation_id = "devices",
    responses((status = 200, description = "Where one is signed in, or was.", body = Vec<OwnDevice>), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn devices(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    Ok(Json(own_devices(&app, &asker).await?).into_response())
}

/// The devices of whoever asks.
pub(crate) async fn own_devices(app: &App, asker: &Asker) -> Result<Vec<OwnDevice>, Fault> {
    asker.signed_in(app)?;
    let account = asker.standing.account.as_ref().ok_or_else(Fault::sign_in)?;
    let devices = app.desk.devices(account).await.map_err(|error| Fault::ours(&error))?;
    let own = |device: Device| OwnDevice {
        this: asker.standing.device.as_ref() == Some(&device.id),
        id: device.id.to_string(),
        name: device.name,
        kind: if device.program { "program" } else { "machine" },
        enrolled_at: device.enrolled_at.to_string(),
        last_seen: device.last_seen.to_string(),
        open: device.open,
    };
    Ok(devices.into_iter().map(own).collect())
}

/// What the end of a device ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedDevice {
    /// The device.
    id: String,
    /// How many sessions and tokens ended with it.
    ended: usize,
}

/// Ends a device of the own account, with every session and token on it: for a handheld that is lost.
#[utoipa::path(
    post, path = "/api/v1/devices/{device}/end", tag = "Accounts", operation_id = "end_device",
    params(("device" = String, Path, description = "The device's id.")),
    responses((status = 200, description = "It has ended.", body = EndedDevice), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn end_device(
    State(app): State<Arc<App>>,
    Path(device): Path<String>,
    asker: Asker,
) -> Result<Response, Fault> {
    let ended = end_own(&app, &asker, &device).await?;
    Ok(Json(EndedDevice { id: device, ended }).into_response())
}

/// Ends a device of whoever asks.
pub(crate) async fn end_own(app: &App, asker: &Asker, device: &str) -> Result<usize, Fault> {
    asker.signed_in(app)?;
    let account = asker.standing.account.as_ref().ok_or_else(Fault::sign_in)?;
    let none = || {
        Fault::new(
            StatusCode::NOT_FOUND,
            "no_such_device",
            "You have no such device; GET /api/v1/devices lists those that you have.",
        )
    };
    let device: DeviceId = device.parse().map_err(|_| none())?;
    let ended = app.desk.end_device(account, &device, &asker.origin).await;
    ended.map_err(|error| Fault::ours(&error))?.ok_or_else(none)
}
