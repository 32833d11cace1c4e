//! The certificate of non-disclosure, and the register as one signed file.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use clear_record::RequestId;
use clear_respond::{CertificateWish, CertifiedAnswer, Mark};
use serde::Deserialize;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::openapi::Refusals;

/// Which certificate is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertificateQuery {
    agency: String,
    from: Option<String>,
    to: Option<String>,
}

/// Says, from the log, that an agency had no access between two checkpoints; or lists what stands against it.
#[utoipa::path(
    get, path = "/api/v1/certificate", tag = "Register", operation_id = "certificate",
    params(
        ("agency" = String, Query, description = "About whom.", example = "removal-office"),
        ("from" = Option<String>, Query, description = "The first checkpoint: a number of entries, a date, a moment, or `order`: since an order over the agency holds. That is it unless said.", example = "order"),
        ("to" = Option<String>, Query, description = "The second: the same, or `newest`, unless said.", example = "newest"),
        crate::openapi::InquiryHeaders,
    ),
    responses((status = 200, description = "The signed certificate; or the accesses, and no certificate.", body = clear_respond::Certified), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn certificate(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(query): Query<CertificateQuery>,
) -> Result<Response, Fault> {
    let (answer, number) = certified(&app, &asker, &query).await?;
    Ok((numbers(&answer.receipt.to_header(), &number), Json(answer.certified)).into_response())
}

impl CertificateQuery {
    /// What somebody typed; nothing is the widest that makes sense.
    pub(crate) fn of(agency: &str, from: &str, to: &str) -> CertificateQuery {
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        CertificateQuery { agency: agency.trim().to_owned(), from: said(from), to: said(to) }
    }
}

/// The certificate that is wanted, for stewards and oversight.
pub(crate) async fn certified(
    app: &App,
    asker: &Asker,
    query: &CertificateQuery,
) -> Result<(CertifiedAnswer, RequestId), Fault> {
    let wrong = |field: &str, what: String| {
        Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("{field}: {what}.")).at_field(Some(field.to_owned()))
    };
    let mark = |field: &str, text: &Option<String>, unless_said: Mark| match text {
        None => Ok(unless_said),
        Some(text) => text.parse().map_err(|what| wrong(field, what)),
    };
    let wish = CertificateWish {
        agency: query.agency.parse().map_err(|bad: clear_record::BadId| wrong("agency", bad.to_string()))?,
        from: mark("from", &query.from, Mark::Order)?,
        to: mark("to", &query.to, Mark::Newest)?,
    };
    asker.bind(app, &asker.inquiry)?;
    let request = app.desk.request(&asker.standing, asker.inquiry.clone(), asker.origin.clone(), None, wish);
    let number = request.id.clone();
    let answer = clear_respond::certificate(&app.desk, request).await;
    Ok((answer.map_err(|refusal| Fault::refused(app, refusal, &number))?, number))
}

/// The register as one signed file, for everybody.
pub(crate) async fn register_export(State(app): State<Arc<App>>) -> Result<Response, Fault> {
    let text = app.desk.register_export().await.map_err(|error| Fault::ours(&error))?;
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    Ok((headers, text).into_response())
}
