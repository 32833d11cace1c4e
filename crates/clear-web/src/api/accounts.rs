//! Accounts.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_record::{AccountId, AgencyId, Role};
use clear_respond::NewAccount;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// An account to enrol.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrolment {
    /// Its id, by which it signs in and stands in the log.
    #[schema(value_type = String)]
    id: AccountId,
    /// Its holder's name, for display.
    name: String,
    /// Its home agency.
    #[schema(value_type = String)]
    agency: AgencyId,
    /// What it is for: `officer`, `analyst`, `clerk`, `steward`, `oversight`, `service`, `partner`.
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
    /// A person's password; a service has none and uses tokens.
    password: Option<String>,
}

/// What an enrolment gives, once.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolledAccount {
    /// The account.
    id: String,
    /// For an authenticator app, typed: base 32. Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor_base32: Option<String>,
    /// For an authenticator app, scanned. Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor_url: Option<String>,
}

/// Enrols an account. The second factor is in the answer and never again.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "Accounts", operation_id = "enrol",
    params(crate::openapi::InquiryHeaders),
    request_body(content = Enrolment, example = json!({"id": "r-quinn", "name": "R. Quinn", "agency": "pmpd", "roles": ["officer"], "password": "a long sentence nobody knows"})),
    responses((status = 201, description = "Enrolled.", body = EnrolledAccount), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn enrol(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let Enrolment { id, name, agency, roles, password } = input.json()?;
    asker.bind(&app, &asker.inquiry)?;
    let account = id.to_string();
    let new = NewAccount { id, name, agency, roles, password, now: app.desk.clock() };
    let request = app.desk.request(&asker.standing, asker.inquiry.clone(), asker.origin.clone(), None, new);
    let number = request.id.clone();
    let enrolled = app.desk.enrol_for(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    let factor = enrolled.second_factor.as_ref();
    let body = EnrolledAccount {
        id: account,
        second_factor_base32: factor.map(|factor| factor.secret_base32.reveal().to_owned()),
        second_factor_url: factor.map(|factor| factor.otpauth_url.reveal().to_owned()),
    };
    Ok((StatusCode::CREATED, [("x-clear-request", number.to_string())], Json(body)).into_response())
}
