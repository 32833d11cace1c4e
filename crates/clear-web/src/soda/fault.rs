//! The two envelopes in which the open-data API says no.
//!
//! In:    what is wrong.
//! Out:   a status, headers, and a body that old clients know how to read.
//! Never: a status of 500 or above for what a client sent.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clear_respond::SetFault;
use serde_json::{Value, json};

/// A refusal of the open-data API.
#[derive(Debug)]
pub(crate) struct SodaFault {
    status: StatusCode,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

impl SodaFault {
    /// A question that is wrong, with its code and place (the envelope of the query coordinator).
    pub(crate) fn query(set: &str, fault: SetFault) -> SodaFault {
        let SetFault { code, message, mut data } = fault;
        data.insert("dataset".to_owned(), json!(set));
        let body = json!({"message": message, "errorCode": code, "data": data});
        SodaFault { status: StatusCode::BAD_REQUEST, body, headers: Vec::new() }
    }

    /// A parameter that is wrong.
    pub(crate) fn parameter(set: &str, name: &str, message: String) -> SodaFault {
        let code = "req.bad-parameter";
        let data = json!({"dataset": set, "parameter": name});
        let body = json!({"message": message, "errorCode": code, "data": data});
        SodaFault { status: StatusCode::BAD_REQUEST, body, headers: Vec::new() }
    }

    /// More rows than can be had in this form.
    pub(crate) fn too_many_rows(set: &str, message: String) -> SodaFault {
        let body = json!({"message": message, "errorCode": "req.row-limit-exceeded", "data": {"dataset": set}});
        SodaFault { status: StatusCode::BAD_REQUEST, body, headers: Vec::new() }
    }

    fn coded(status: StatusCode, code: &str, message: &str, data: Value) -> SodaFault {
        let body = json!({"code": code, "error": true, "message": message, "data": data});
        SodaFault { status, body, headers: Vec::new() }
    }

    /// What is refused before this API sees it: an address that there is not, a body that is too long.
    pub(crate) fn of(status: StatusCode, code: &str, message: &str) -> SodaFault {
        SodaFault::coded(status, code, message, json!({}))
    }

    /// No set of that name.
    pub(crate) fn no_such_set(id: &str) -> SodaFault {
        SodaFault::coded(StatusCode::NOT_FOUND, "dataset.missing", "Not found", json!({"id": id}))
    }

    /// No row of that name.
    pub(crate) fn no_such_row(set: &str, row: &str) -> SodaFault {
        let data = json!({"dataset": set, "id": row});
        SodaFault::coded(StatusCode::NOT_FOUND, "soda.row.not-found", "Not found", data)
    }

    /// A form that there is not.
    pub(crate) fn no_such_form(said: &str) -> SodaFault {
        let message = format!("There is no form `{said}`; there are json, csv, tsv, geojson, parquet and xlsx.");
        SodaFault::coded(StatusCode::NOT_ACCEPTABLE, "not_acceptable", &message, json!({"form": said}))
    }

    /// A body that does not read.
    pub(crate) fn body(message: &str) -> SodaFault {
        SodaFault::coded(StatusCode::BAD_REQUEST, "invalid_request", message, json!({}))
    }

    /// A write.
    pub(crate) fn method(allow: HeaderValue) -> SodaFault {
        let message = "This API is for reading; records are filed under `/api/v1`.";
        let mut fault = SodaFault::coded(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message, json!({}));
        fault.headers.push(("allow", allow.to_str().unwrap_or_default().to_owned()));
        fault
    }

    /// Too much at once.
    pub(crate) fn throttled(seconds: u64) -> SodaFault {
        let message =
            "Too many requests from this address. Say an application token in `X-App-Token` for a higher rate.";
        let data = json!({"retryAfterSeconds": seconds});
        let mut fault = SodaFault::coded(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message, data);
        fault.headers.push(("retry-after", seconds.to_string()));
        fault
    }

    /// Something went wrong with us; the operator has the chain.
    pub(crate) fn ours() -> SodaFault {
        let message = "Something went wrong here. It is noted, and it is not your question.";
        SodaFault::coded(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, json!({}))
    }
}

impl IntoResponse for SodaFault {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(header::CONTENT_TYPE, super::JSON)], self.body.to_string()).into_response();
        super::open(response.headers_mut());
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelopes_are_the_originals() {
        let message = "Query coordinator error: query.soql.no-such-column; No such column: xx".to_owned();
        let fault = SetFault { code: "query.soql.no-such-column".into(), message, data: serde_json::Map::new() };
        let said = SodaFault::query("ijzp-q8t2", fault);
        assert_eq!(said.body["errorCode"], "query.soql.no-such-column");
        assert_eq!(said.body["data"]["dataset"], "ijzp-q8t2");
        let said = SodaFault::no_such_set("zzzz-zzzz");
        assert_eq!(
            said.body.to_string(),
            r#"{"code":"dataset.missing","error":true,"message":"Not found","data":{"id":"zzzz-zzzz"}}"#
        );
    }
}
