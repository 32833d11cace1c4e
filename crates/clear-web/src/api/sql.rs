//! SQL.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use clear_record::{Inquiry, Seq};
use clear_respond::{Sql, SqlForm, SqlTable};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::{Answered, Asker};
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
/// The log has the records that the rows of the answer are made of.
#[utoipa::path(
    post, path = "/api/v1/sql", tag = "Ask", operation_id = "sql",
    params(("format" = Option<String>, Query, description = "`table`, `ndjson`, `csv` or `parquet`; what the question or `Accept` prefers unless said, a table unless that says.")),
    request_body(content = AskSql, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]},
        "question": {"sql": "select beat, count(*) as n from incidents where primary_type = 'ROBBERY' group by beat order by n desc", "limit": 20}
    })),
    responses((status = 200, description = "The table.",
        content((clear_respond::SqlTable = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"), (String = "application/vnd.apache.parquet")),
        headers(("X-Clear-More" = bool, description = "Whether there are more rows than the limit."))), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn sql(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    input: Input,
) -> Result<Response, Fault> {
    let AskSql { inquiry, mut question, see } = input.json()?;
    let said = pairs.iter().find(|(name, _)| name == "format").map(|(_, name)| named(name)).transpose()?;
    question.form = said.or_else(|| accepted(&headers)).unwrap_or(question.form);
    let form = question.form;
    Ok(written(asker.ask(&app, inquiry, see, question).await?, form))
}

/// How each form is called, its media type, and its file's name.
const FORMS: [(SqlForm, &str, &str, &str); 4] = [
    (SqlForm::Table, "table", "application/json", ""),
    (SqlForm::Ndjson, "ndjson", "application/x-ndjson", "answer.ndjson"),
    (SqlForm::Csv, "csv", "text/csv; charset=utf-8; header=present", "answer.csv"),
    (SqlForm::Parquet, "parquet", "application/vnd.apache.parquet", "answer.parquet"),
];

/// An answer in its form.
pub(crate) fn written(answered: Answered<SqlTable>, form: SqlForm) -> Response {
    let more = answered.response.get().more;
    let mut response = answered.into_http();
    let headers = response.headers_mut();
    headers.insert("x-clear-more", HeaderValue::from_static(if more { "true" } else { "false" }));
    if let Some(&(_, _, media, file)) = FORMS.iter().find(|(known, ..)| *known == form) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        let kept = HeaderValue::from_str(&format!("attachment; filename=\"{file}\""));
        if let Some(kept) = kept.ok().filter(|_| !file.is_empty()) {
            headers.insert(header::CONTENT_DISPOSITION, kept);
        }
    }
    response
}

/// The form of that name.
pub(crate) fn named(name: &str) -> Result<SqlForm, Fault> {
    let form = FORMS.iter().find(|(_, known, ..)| *known == name).map(|(form, ..)| *form);
    let message = "`format` should be `table`, `ndjson`, `csv` or `parquet`.";
    form.ok_or_else(|| Fault::new(StatusCode::BAD_REQUEST, "bad_query", message))
}

/// The first form that `Accept` names; none where it would take whatever comes.
fn accepted(headers: &HeaderMap) -> Option<SqlForm> {
    let accept = headers.get(header::ACCEPT)?.to_str().ok()?;
    let mut medias = accept.split(',').filter_map(|part| part.split(';').next()).map(str::trim);
    let of = |said: &str| FORMS.iter().find(|(_, _, media, _)| media.split(';').next() == Some(said));
    medias.find_map(of).map(|(form, ..)| *form)
}
