//! Rows, streamed.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clear_record::{Inquiry, Seq};
use clear_respond::{Bound, Broken, Form, Next, Part, Rows, Streamed};
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{InquirySchema, Refusals, RowsSchema};

/// A question for rows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskRows {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// Which rows.
    #[schema(value_type = RowsSchema)]
    question: Rows,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Incidents as rows, sent while they are read: JSON lines, or comma-separated values.
///
/// The rows are as they were at one moment of the ledger. Each part is in the log before it is sent. The receipt of the
/// whole comes behind the body, in the trailer `X-Clear-Receipt`; an answer that ends without one is not whole.
#[utoipa::path(
    post, path = "/api/v1/rows", tag = "Ask", operation_id = "rows",
    params(("format" = Option<String>, Query, description = "`ndjson` or `csv`; what `Accept` prefers unless said, JSON lines unless that says.")),
    request_body(content = AskRows, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]},
        "question": {"from": "2018-10-01", "to": "2018-10-31", "beat": "0411", "type": "THEFT"}
    })),
    responses((status = 200, description = "The rows that the asker may see, in the order in which they were first filed.",
        content((String = "application/x-ndjson"), (String = "text/csv")),
        headers(("X-Clear-Request" = String, description = "The request's number in the log."), ("X-Clear-Seq" = u64, description = "The moment of the ledger that the rows are of."))), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn rows(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    input: Input,
) -> Result<Response, Fault> {
    let form = form(&pairs, &headers)?;
    let AskRows { inquiry, question, see } = input.json()?;
    let inquiry = app.desk.stated(&asker.standing, &inquiry).await;
    let bound = asker.bind(&app, &inquiry)?;
    let request = app.desk.request(&asker.standing, inquiry, asker.origin.clone(), see, question);
    let number = request.id.clone();
    match clear_respond::stream(&app.desk, request, form).await {
        // The gate has not let this connection in: nothing but a refusal goes over it.
        Ok(_) if bound == Bound::Closed => Err(Fault::closed().numbered(&number)),
        Ok(streamed) => {
            let (desk, connection) = (app.desk.clone(), asker.connection());
            Ok(answer(streamed, form, move |part| {
                desk.gate().tell(&connection, part.told());
                part.may_leave(&desk)
            }))
        }
        Err(refusal) => Err(Fault::refused(&app, refusal, &number)),
    }
}

/// The body is made as it is read: nothing is asked of the road before the connection has room for it.
fn answer(streamed: Streamed, form: Form, leaves: impl Fn(&Part) -> bool + Send + 'static) -> Response {
    let (content_type, name) = match form {
        Form::Ndjson => ("application/x-ndjson", "rows.ndjson"),
        Form::Csv => ("text/csv; charset=utf-8; header=present", "rows.csv"),
    };
    let said = [
        ("content-type", content_type.to_owned()),
        ("content-disposition", format!("attachment; filename=\"{name}\"")),
        ("x-clear-request", streamed.number().to_string()),
        ("x-clear-seq", streamed.seq().0.to_string()),
        ("trailer", "x-clear-receipt".to_owned()),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in said {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    let frames = stream::unfold(Some((streamed, leaves)), |streamed| async {
        let (mut streamed, leaves) = streamed?;
        Some(match streamed.next().await {
            // A record of it was tightened in this very moment: the reader asks again.
            Ok(Next::Part(part)) if !leaves(&part) => (Err::<_, Broken>(Broken), None),
            Ok(Next::Part(part)) => (Ok(Frame::data(Bytes::from(part.into_bytes()))), Some((streamed, leaves))),
            Ok(Next::End(receipt)) => {
                let mut trailers = HeaderMap::new();
                if let Ok(value) = HeaderValue::from_str(&receipt.to_header()) {
                    trailers.insert("x-clear-receipt", value);
                }
                (Ok(Frame::trailers(trailers)), None)
            }
            // The connection breaks off here, so that nobody takes a part for the whole.
            Err(broken) => (Err::<_, Broken>(broken), None),
        })
    });
    (headers, Body::new(StreamBody::new(frames))).into_response()
}

/// How the rows are to be written.
fn form(pairs: &[(String, String)], headers: &HeaderMap) -> Result<Form, Fault> {
    if let Some((name, _)) = pairs.iter().find(|(name, _)| name != "format") {
        let message = format!("The query string does not read: there is no `{name}`; it may say `format`.");
        return Err(Fault::new(StatusCode::BAD_REQUEST, "bad_query", message));
    }
    if let Some((_, format)) = pairs.first() {
        return match format.as_str() {
            "ndjson" => Ok(Form::Ndjson),
            "csv" => Ok(Form::Csv),
            _ => Err(Fault::new(StatusCode::BAD_REQUEST, "bad_query", "`format` should be `ndjson` or `csv`.")),
        };
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    // The first of ours that is named; weights are not weighed, because there are two.
    let named = accept.split(',').filter_map(|part| part.split(';').next()).find_map(|media| match media.trim() {
        "text/csv" => Some(Form::Csv),
        "application/x-ndjson" | "application/json" | "application/*" | "*/*" => Some(Form::Ndjson),
        "text/*" => Some(Form::Csv),
        _ => None,
    });
    let message = "Rows are written as `application/x-ndjson` or `text/csv`; `Accept` names neither.";
    named.ok_or_else(|| Fault::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_what_was_asked_for() {
        let read = |query: &str, accept: &str| {
            let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            form(&pairs, &headers).map_err(|fault| fault.problem().code)
        };
        for (query, accept, form) in [
            ("", "", Ok(Form::Ndjson)),
            ("", "*/*", Ok(Form::Ndjson)),
            ("", "text/csv", Ok(Form::Csv)),
            ("", "text/html, text/csv;q=0.9, */*;q=0.1", Ok(Form::Csv)),
            ("", "application/x-ndjson", Ok(Form::Ndjson)),
            ("format=csv", "application/x-ndjson", Ok(Form::Csv)),
            ("format=ndjson", "text/csv", Ok(Form::Ndjson)),
            ("", "image/png", Err("not_acceptable")),
            ("format=xml", "", Err("bad_query")),
            ("from=2018-10-01", "", Err("bad_query")),
        ] {
            assert_eq!(read(query, accept), form, "{query} {accept}");
        }
    }
}
