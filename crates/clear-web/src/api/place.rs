//! Maps and addresses for programs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clear_record::{Inquiry, Seq};
use clear_respond::{Locate, Place};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{InquirySchema, Refusals};

/// A map.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskPlace {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// `make`: one of `areas` (`layer`, `per`, `divisions`), `density` (`kernel`, `bandwidth_m`, `cell_m`, `share`, `weeks`),
    /// `hot_spots` (`cell_m`, `distance_m`, `rate`, `weeks`), `near_repeat` (`distance_m`, `distances`, `days`, `times`,
    /// `shuffles`, `seed`) or `clusters` (`level`, `least`). `which`: `from`, `to`, `type`, `where`. What is not said has the
    /// values of docs/place.md.
    #[schema(value_type = Object)]
    question: Place,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Addresses to be located.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskLocate {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// `addresses`: 1 to 1,000 of them, as somebody writes them.
    #[schema(value_type = Object)]
    question: Locate,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Makes a map of incidents: counts by area, density, hot spots, near repeats, clusters.
#[utoipa::path(
    post, path = "/api/v1/place", tag = "Ask", operation_id = "place",
    request_body(content = AskPlace, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]},
        "question": {"make": {"hot_spots": {"cell_m": 250, "distance_m": 500, "rate": 0.05, "weeks": 2}}, "which": {"type": "THEFT", "from": "2018-10-01", "to": "2018-10-28"}}
    })),
    responses((status = 200, description = "What was made, of the incidents that the asker may see: docs/place.md says what each part means.", body = Value), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn place(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let AskPlace { inquiry, question, see } = input.json()?;
    Ok(asker.ask(&app, inquiry, see, question).await?.into_http())
}

/// Says where addresses are, by the blocks of the incidents that the asker may see.
#[utoipa::path(
    post, path = "/api/v1/locate", tag = "Ask", operation_id = "locate",
    request_body(content = AskLocate, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]},
        "question": {"addresses": ["3134 West Chicago Avenue", "031XX W CHICAGO AVE"]}
    })),
    responses((status = 200, description = "Each address with its place, or null; and how many were found.", body = Value), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn locate(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let AskLocate { inquiry, question, see } = input.json()?;
    Ok(asker.ask(&app, inquiry, see, question).await?.into_http())
}
