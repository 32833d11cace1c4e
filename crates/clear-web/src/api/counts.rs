//! Counts.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clear_record::{Inquiry, Seq};
use clear_respond::Counts;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{CountsSchema, InquirySchema, Refusals};

/// A count.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskCounts {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// What to count.
    #[schema(value_type = CountsSchema)]
    question: Counts,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Counts incidents, grouped and filtered.
#[utoipa::path(
    post, path = "/api/v1/counts", tag = "Ask", operation_id = "counts",
    request_body(content = AskCounts, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]},
        "question": {"by": ["primary_type"], "where": "beat = '0411'", "limit": 10}
    })),
    responses((status = 200, description = "The counts, of the incidents that the asker may see.", body = clear_respond::CountedTable), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn counts(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let AskCounts { inquiry, question, see } = input.json()?;
    Ok(asker.ask(&app, inquiry, see, question).await?.into_http())
}
