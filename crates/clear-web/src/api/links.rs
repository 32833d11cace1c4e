//! Links.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clear_record::{Inquiry, Seq};
use clear_respond::Links;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{InquirySchema, LinksSchema, Refusals};

/// A question about links.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskLinks {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// Where to start, and where to go.
    #[schema(value_type = LinksSchema)]
    question: Links,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Shows what a record or a shared value is linked with; or the shortest ways from one to another; or what two have in
/// common. What is not there and what is not yours is the same 404.
#[utoipa::path(
    post, path = "/api/v1/links", tag = "Ask", operation_id = "links",
    request_body(content = AskLinks, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Who was with the suspect", "on_behalf_of": ["pmpd"]},
        "question": {"from": "per_3f6z0c1m8k2q4w9y7t5r6n1b0a", "to": "plate:AB12345", "hops": 4, "since": "2019-01-01"}
    })),
    responses(
        (status = 200, description = "The chart, of what the asker may see.", body = clear_respond::LinkChart),
        (status = 404, description = "There is nothing there that the asker may see.", body = crate::fault::Problem),
        Refusals
    ),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn links(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let AskLinks { inquiry, question, see } = input.json()?;
    let answered = asker.ask(&app, inquiry, see, question).await?;
    if answered.response.get().nodes.is_empty() {
        let receipt = answered.response.receipt().to_header();
        return Err(Fault::not_found().numbered(&answered.number).with("x-clear-receipt", &receipt));
    }
    Ok(answered.into_http())
}
