//! Openings of the log for those whose data it is about, as they are made.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clear_respond::OpeningsWish;
use serde::Deserialize;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::openapi::Refusals;

/// From where on, and how long to wait.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpeningsQuery {
    from: Option<String>,
    wait: Option<String>,
}

/// Openings of the log from an entry on, as JSON lines: with them a holder works the public log's leaves out.
///
/// Oversight gets every entry whole. An owner gets what was disclosed of its records: whole where every record of it and
/// the officer are its own, otherwise the leaf with the line of its list. `X-Clear-Next` is the next `from`; with `wait`
/// the answer comes when there is something new.
#[utoipa::path(
    get, path = "/api/v1/log/openings", tag = "Disclosures", operation_id = "openings",
    params(
        ("from" = Option<u64>, Query, description = "The first entry; 0 unless said."),
        ("wait" = Option<u64>, Query, description = "How long to wait for something new, seconds, at most 30; 0 unless said."),
    ),
    responses((status = 200, description = "At most 500 lines, the oldest first.",
        content((clear_respond::OpeningLine = "application/x-ndjson")),
        headers(("X-Clear-Next" = u64, description = "`from` of the next answer."))), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn openings(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(query): Query<OpeningsQuery>,
) -> Result<Response, Fault> {
    let number = |field: &str, text: &Option<String>| match text {
        None => Ok(0),
        Some(text) => text.trim().parse::<u64>().map_err(|_| {
            let what = format!("{field}: `{text}` should be a number.");
            Fault::new(StatusCode::BAD_REQUEST, "wrong", what).at_field(Some(field.to_owned()))
        }),
    };
    let wish = OpeningsWish { from: number("from", &query.from)?, wait_s: number("wait", &query.wait)? };
    let (request, number) = asker.deed(&app, wish).await?;
    let openings = app.desk.openings(request).await;
    let (openings, receipt) = openings.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    let mut body = Vec::new();
    for line in &openings.lines {
        serde_json::to_writer(&mut body, line).map_err(|error| Fault::ours(&error))?;
        body.push(b'\n');
    }
    let mut headers = numbers(&receipt.to_header(), &number);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert("x-clear-next", HeaderValue::from(openings.next));
    Ok((headers, body).into_response())
}
