//! Request bodies: bounded, of the right type, and read with the place of what is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::app::App;
use crate::fault::Fault;
use crate::serve::Wire;

/// How much longer than other bodies a question about public sets may be.
const QUESTION_TIMES: usize = 8;

/// A body and what it says it is.
pub(crate) struct Input {
    content_type: String,
    pub(crate) bytes: Bytes,
}

impl Input {
    /// The body as JSON of a type.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        self.expect("application/json")?;
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let what = if self.bytes.is_empty() { "the body is empty".to_owned() } else { error.to_string() };
            Fault::new(StatusCode::BAD_REQUEST, "bad_json", format!("The body does not read: {what}."))
        })
    }

    /// The body as it is, where it is JSON that somebody else reads.
    pub(crate) fn json_bytes(&self) -> Result<&[u8], Fault> {
        self.expect("application/json")?;
        Ok(&self.bytes)
    }

    /// The body as plain text, if it says that it is.
    pub(crate) fn text(&self) -> Option<Result<String, Fault>> {
        let text = String::from_utf8(self.bytes.to_vec());
        let fault = |_| Fault::new(StatusCode::BAD_REQUEST, "bad_text", "The body is not text in UTF-8.");
        (self.content_type == "text/plain").then(|| text.map_err(fault))
    }

    /// The body as a file of lines, if it says that it is one: CSV, text, or JSON lines.
    pub(crate) fn file(&self) -> Option<Result<String, Fault>> {
        let is = matches!(self.content_type.as_str(), "text/csv" | "text/plain" | "application/x-ndjson");
        let fault = |_| Fault::new(StatusCode::BAD_REQUEST, "bad_text", "The body is not text in UTF-8.");
        is.then(|| String::from_utf8(self.bytes.to_vec()).map_err(fault))
    }

    /// The body as a page's form.
    pub(crate) fn form(&self) -> Result<Form, Fault> {
        self.expect("application/x-www-form-urlencoded")?;
        Ok(Form(url::form_urlencoded::parse(&self.bytes).into_owned().collect()))
    }

    fn expect(&self, content_type: &str) -> Result<(), Fault> {
        if self.content_type == content_type {
            return Ok(());
        }
        let message = format!("This address takes `Content-Type: {content_type}`.");
        Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", message))
    }
}

/// A page's form, by field.
pub(crate) struct Form(pub(crate) BTreeMap<String, String>);

impl Form {
    /// A field without white space around it; absent and blank are the same.
    pub(crate) fn get(&self, field: &str) -> Option<String> {
        let text = self.0.get(field)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A field as it was typed.
    pub(crate) fn raw(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }
}

impl FromRequest<Arc<App>> for Input {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Input, Fault> {
        let (parts, body) = request.into_parts();
        // A question about the public sets may have a city's outline in it, a hundred thousand points of it.
        let times = if crate::soda::is_here(parts.uri.path()) { QUESTION_TIMES } else { 1 };
        let most = app.config.body_max_bytes.saturating_mul(times);
        let wire = parts.extensions.get::<Arc<Wire>>().cloned();
        let too_long = || {
            if let Some(wire) = &wire {
                wire.close_unread();
            }
            let message = format!(
                "The body is longer than {most} bytes. Load files with `openclear import`, or file in smaller parts."
            );
            Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", message).closing()
        };
        let header = |name| {
            parts.headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok()).unwrap_or_default()
        };
        if header(header::CONTENT_LENGTH).parse::<u64>().is_ok_and(|length| length > most as u64) {
            return Err(too_long());
        }
        let content_type =
            header(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match timeout(app.config.body_timeout, Limited::new(body, most).collect()).await {
            Ok(Ok(collected)) => Ok(Input { content_type, bytes: collected.to_bytes() }),
            Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_long()),
            Ok(Err(_)) => Err(Fault::new(StatusCode::BAD_REQUEST, "cut_short", "The body ended too early.").closing()),
            Err(_) => {
                if let Some(wire) = &wire {
                    wire.close_unread();
                }
                Err(Fault::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "The body took too long to arrive.").closing())
            }
        }
    }
}
