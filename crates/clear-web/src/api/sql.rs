//! SQL.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clear_record::{Inquiry, Seq};
use clear_respond::Sql;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{InquirySchema, Refusals, SqlSchema};

/// A query in SQL.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskSql {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// The query.
    #[schema(value_type = SqlSchema)]
    question: Sql,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Answers a query in SQL over the table `incidents`, of what the asker may see: hidden rows and columns do not exist in it.
#[utoipa::path(
    post, path = "/api/v1/sql", tag = "Ask", operation_id = "sql",
    request_body(content = AskSql, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]},
        "question": {"sql": "select beat, count(*) as n from incidents where primary_type = 'ROBBERY' group by beat order by n desc", "limit": 20}
    })),
    responses((status = 200, description = "The table.", body = clear_respond::SqlTable), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn sql(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let AskSql { inquiry, question, see } = input.json()?;
    Ok(asker.ask(&app, inquiry, see, question).await?.into_http())
}
