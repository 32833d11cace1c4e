//! Changes.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clear_record::{Inquiry, Seq};
use clear_respond::Changes;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{ChangesSchema, InquirySchema, Refusals};

/// A question about what changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskChanges {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// Since when.
    #[schema(value_type = ChangesSchema)]
    question: Changes,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Lists incidents that were filed or corrected since a moment, each with what it was: what makes figures of that moment differ
/// from today's.
#[utoipa::path(
    post, path = "/api/v1/changes", tag = "Ask", operation_id = "changes",
    request_body(content = AskChanges, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Figures of last week's board", "on_behalf_of": ["pmpd"]},
        "question": {"since": "2019-07-16T00:00:00Z"}
    })),
    responses((status = 200, description = "What changed, of the incidents that the asker may see.", body = clear_respond::ChangedList), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn changes(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let AskChanges { inquiry, question, see } = input.json()?;
    Ok(asker.ask(&app, inquiry, see, question).await?.into_http())
}
