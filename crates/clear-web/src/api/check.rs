//! Check.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use clear_record::{Inquiry, Seq};
use clear_respond::{Check, CheckOf};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{CheckSchema, InquirySchema, Refusals};

/// A check.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskCheck {
    /// Why, under which use, for which case, on whose behalf. It is every line's.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// The file.
    #[schema(value_type = CheckSchema)]
    question: Check,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Checks a file of persons, plates or property numbers against the records, line by line: at most 500 lines.
///
/// The file may also be the body itself, as `text/csv`, `text/plain` or `application/x-ndjson`, with `of` in the query
/// string and the inquiry in `X-Inquiry-…` headers.
#[utoipa::path(
    post, path = "/api/v1/check", tag = "Ask", operation_id = "check",
    params(
        ("of" = Option<String>, Query, description = "Where the body is the file: `person`, `plate` or `property`.", example = "plate"),
        crate::openapi::InquiryHeaders,
    ),
    request_body(content = AskCheck, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Plates noted at the scene", "on_behalf_of": ["pmpd"]},
        "question": {"of": "plate", "file": "plate,state\nAB12345,PM\nXY98765,PM\n"}
    })),
    responses((status = 200, description = "What each line found, and which lines were not asked and why.", body = clear_respond::Checked,
        headers(("X-Clear-Receipt" = String, description = "The signed receipt of the log's entry."), ("X-Clear-Request" = String, description = "The request's number in the log."))), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
    input: Input,
) -> Result<Response, Fault> {
    let AskCheck { inquiry, question, see } = match input.file() {
        Some(file) => {
            AskCheck { inquiry: asker.inquiry.clone(), question: Check { of: of(&pairs)?, file: file? }, see: None }
        }
        None => input.json()?,
    };
    Ok(asker.ask(&app, inquiry, see, question).await?.into_http())
}

/// What the lines of a body are.
fn of(pairs: &[(String, String)]) -> Result<CheckOf, Fault> {
    let wrong = || {
        let message = "Say in the query string what the lines are: `of=person`, `of=plate` or `of=property`.";
        Fault::new(StatusCode::BAD_REQUEST, "bad_query", message)
    };
    let [(name, word)] = pairs else { return Err(wrong()) };
    CheckOf::ALL.into_iter().find(|of| name == "of" && of.name() == word).ok_or_else(wrong)
}
