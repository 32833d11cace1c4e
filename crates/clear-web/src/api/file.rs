//! File.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use clear_record::{Kind, RecordId};
use clear_respond::Filing;
use clear_respond::ingest::forms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Corrects {
    id: Option<String>,
}

/// What was filed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Filed {
    /// The record's id.
    id: String,
    /// The ledger's place; a question that names it in `see` sees the record.
    seq: u64,
}

/// Files a record, or, with `id`, the next version of one.
///
/// A correction keeps what it does not name, what its filer may not see included; `null`, or an empty list, takes a field
/// out.
#[utoipa::path(
    post, path = "/api/v1/records/{record}", tag = "File", operation_id = "file",
    params(
        ("record" = String, Path, description = "The record's kind: `person`, `incident`, `involvement`, `narrative`, `arrest`, `stop`, `vehicle`, `property`, `hot_file`, `assignment`, `referral`.", example = "vehicle"),
        ("id" = Option<String>, Query, description = "The record to correct."),
        crate::openapi::InquiryHeaders,
    ),
    request_body(content = Object, description = "The record's fields, as the schema of its kind says. Unknown fields are refused.", example = json!({"plate": "AB 12345", "plate_state": "IL", "make": "Ford", "colour": "blue"})),
    responses((status = 201, description = "Durable and in the log.", body = Filed), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(record): Path<String>,
    query: Result<Query<Corrects>, axum::extract::rejection::QueryRejection>,
    input: Input,
) -> Result<Response, Fault> {
    let wrong = |code, what: String| Fault::new(StatusCode::BAD_REQUEST, code, format!("{what}."));
    let kind = Kind::from_name(&record).ok_or_else(|| {
        let kinds = Kind::ALL.map(Kind::name).join(", ");
        Fault::new(
            StatusCode::NOT_FOUND,
            "no_such_kind",
            format!("There is no kind of record of that name; the kinds are {kinds}."),
        )
    })?;
    let Query(Corrects { id }) = query.map_err(|bad| wrong("bad_query", bad.body_text()))?;
    let id: Option<RecordId> =
        id.map(|id| id.parse()).transpose().map_err(|bad: clear_record::BadId| wrong("bad_id", bad.to_string()))?;
    let json = input.json_bytes()?;
    let filing = match (&asker.standing.agency, &asker.standing.account) {
        (Some(agency), Some(account)) => {
            let draft = forms::read(kind, json, agency, account, app.desk.clock(), id)
                .map_err(|bad| wrong("bad_record", bad.to_string()).at_field(bad.field))?;
            let emptied = forms::emptied(&draft, json);
            match id {
                Some(_) => Filing::Correction { draft: Box::new(draft), emptied },
                None => Filing::Records(vec![draft]),
            }
        }
        // Nobody's filing is an empty one; the road refuses it and logs that.
        _ => Filing::Records(vec![]),
    };
    let (accepted, number) = asker.file(&app, asker.inquiry.clone(), filing).await?;
    let id = accepted.filed.first().or(id.as_ref()).map(ToString::to_string).unwrap_or_default();
    let place = format!("/api/v1/records/{id}");
    let headers = numbers(&accepted.receipt.to_header(), &number);
    Ok((StatusCode::CREATED, headers, [(header::LOCATION, place)], Json(Filed { id, seq: accepted.seq.0 }))
        .into_response())
}
