//! Open.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use clear_record::{RecordId, Seq};
use clear_respond::Open;
use serde::Deserialize;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::openapi::Refusals;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct See {
    see: Option<u64>,
}

/// Opens one record with what stands beside it. What is not there and what is not yours is the same 404.
#[utoipa::path(
    get, path = "/api/v1/records/{record}", tag = "Ask", operation_id = "open",
    params(
        ("record" = String, Path, description = "The record's id.", example = "per_3f6z0c1m8k2q4w9y7t5r6n1b0a"),
        ("see" = Option<u64>, Query, description = "The answer must have seen the ledger up to here."),
        crate::openapi::InquiryHeaders,
    ),
    responses(
        (status = 200, description = "The record, or whom to ask about it.", body = clear_respond::Opened),
        (status = 404, description = "There is no such record that the asker may see.", body = crate::fault::Problem),
        Refusals
    ),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(record): Path<String>,
    query: Result<Query<See>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Fault> {
    let id: RecordId = record
        .parse()
        .map_err(|bad: clear_record::BadId| Fault::new(StatusCode::BAD_REQUEST, "bad_id", format!("{bad}.")))?;
    let Query(See { see }) =
        query.map_err(|bad| Fault::new(StatusCode::BAD_REQUEST, "bad_query", format!("{}.", bad.body_text())))?;
    let answered = asker.ask(&app, asker.inquiry.clone(), see.map(Seq), Open { id }).await?;
    let opened = answered.response.get();
    if opened.record.is_none() && opened.pointer.is_none() {
        let receipt = answered.response.receipt().to_header();
        return Err(Fault::not_found().numbered(&answered.number).with("x-clear-receipt", &receipt));
    }
    Ok(answered.into_http())
}
