//! The open-data API: what programs that read the city's portal already speak (SODA 2.1 and 3), and the original's own.
//!
//! In:    an address with parameters; nobody's name.
//! Out:   rows of the public sets, in the form that was asked for; what is told of the sets; the two error envelopes.
//! Never: writes; tells more to one than to another; answers 5xx to what a client sent; keeps a trail of who asked.
//!
//! # How
//! `params.rs` makes a question of an address, [`clear_respond::publish`] answers it under everybody's grant, and
//! `rows.rs` sends the answer while it is made, through the gate like all else. Residents and everybody else get the same
//! bytes, so that an answer has an `ETag`: a hash of the set's version, the question and the form. How often each address
//! asks is limited by `rates.rs`; that it was asked at all is a total in the log, as for every public page.
//!
//! # Change here
//! A parameter: `params.rs`. A form of rows: `clear-redact`'s `sets.rs`. What is told of a set: `views.rs`,
//! `catalog.rs`. The error envelopes: `fault.rs`. Which sets there are: `clear-query`'s `sets.rs`.

pub(crate) mod catalog;
pub(crate) mod citizen;
pub(crate) mod fault;
mod params;
pub(crate) mod rates;
pub(crate) mod resource;
mod rows;
pub(crate) mod site;
pub(crate) mod v3;
pub(crate) mod views;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clear_record::RequestId;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::serve::Wire;
use fault::SodaFault;
use site::Site;

/// The media type of answers in JSON.
pub(crate) const JSON: &str = "application/json;charset=utf-8";

/// The beginnings of this API's paths.
const PATHS: [&str; 7] = ["/resource/", "/api/views", "/views", "/api/catalog/", "/api/v3/", "/clearpath/api/", "/d/"];

/// Whether a path is of this API: then a refusal has its envelope, and other sites' pages may ask.
pub(crate) fn is_here(path: &str) -> bool {
    path == "/data.json" || PATHS.iter().any(|begin| path.starts_with(begin))
}

/// What is known of a request before its question.
pub(crate) struct Line {
    pub(crate) site: Site,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<String>,
    pub(crate) is_head: bool,
    wire: Arc<Wire>,
}

impl FromRequestParts<Arc<App>> for Line {
    type Rejection = SodaFault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Line, SodaFault> {
        let wire = parts.extensions.get::<Arc<Wire>>().cloned().ok_or_else(SodaFault::ours)?;
        Ok(Line {
            site: Site::of_parts(app.config.https, parts),
            headers: parts.headers.clone(),
            query: parts.uri.query().map(str::to_owned),
            is_head: parts.method == Method::HEAD,
            wire,
        })
    }
}

impl Line {
    /// Whether this address may ask once more; `token` is the one in the address, if there is one.
    pub(crate) fn may_ask(&self, app: &App, token: Option<&str>) -> Result<(), SodaFault> {
        let said = self.headers.get("x-app-token").and_then(|token| token.to_str().ok());
        let token = token.or(said).map(str::trim).filter(|token| !token.is_empty());
        let waited = app.throttle.take(&app.config.rates, self.address(), token, Instant::now());
        waited.map_err(SodaFault::throttled)
    }

    fn address(&self) -> IpAddr {
        self.wire.peer.ip()
    }

    /// Tells the gate that this connection is about to carry rows of public sets.
    pub(crate) fn connection(&self) -> Arc<clear_respond::Connection> {
        self.wire.connection.clone()
    }

    /// Whether the client takes gzip.
    pub(crate) fn takes_gzip(&self) -> bool {
        let said = self.headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        said.flat_map(|text| text.split(',')).any(|part| {
            let mut words = part.split(';').map(str::trim);
            let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
            named
                && !words
                    .any(|weight| matches!(weight.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    }

    /// Whether the client has the answer with this tag already, in whatever coding.
    pub(crate) fn has(&self, tag: &str) -> bool {
        let known = self.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        known.flat_map(|text| text.split(',')).map(str::trim).any(|known| known == "*" || bare(known) == bare(tag))
    }

    /// Whether a conditional request was made by tag: a date counts only where no tag was said (RFC 9110, 13.2.2).
    pub(crate) fn says_tag(&self) -> bool {
        self.headers.contains_key(header::IF_NONE_MATCH)
    }
}

/// A tag without weakness, quotes and coding.
fn bare(tag: &str) -> &str {
    let tag = tag.trim_start_matches("W/").trim_matches('"');
    tag.strip_suffix("--gzip").unwrap_or(tag)
}

/// A tag of parts that say everything that an answer depends on.
pub(crate) fn tag_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// The tag of the same answer in gzip.
pub(crate) fn zipped(tag: &str) -> String {
    format!("\"{}--gzip\"", tag.trim_matches('"'))
}

/// The headers with which any page may read an answer.
pub(crate) fn open(headers: &mut HeaderMap) {
    const ALWAYS: [(&str, &str); 5] = [
        ("access-control-allow-origin", "*"),
        (
            "access-control-expose-headers",
            "ETag, Last-Modified, X-SODA2-Fields, X-SODA2-Types, X-SODA2-Truth-Last-Modified, X-SODA2-Data-Out-Of-Date, X-Socrata-RequestId",
        ),
        ("cross-origin-resource-policy", "cross-origin"),
        ("cache-control", "no-cache"),
        ("vary", "Accept, Accept-Encoding"),
    ];
    for (name, value) in ALWAYS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(number) = HeaderValue::from_str(RequestId::fresh().as_str()) {
        headers.insert("x-socrata-requestid", number);
    }
}

/// What a browser asks before another site's page may send a header of its own or a body (Fetch standard, CORS preflight).
pub(crate) fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    open(response.headers_mut());
    for (name, value) in [
        ("access-control-allow-methods", "GET, HEAD, POST, OPTIONS"),
        ("access-control-allow-headers", "X-App-Token, Content-Type, Accept, If-None-Match, If-Modified-Since"),
        ("access-control-max-age", "86400"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A document that is made at once.
pub(crate) fn answered(line: &Line, document: &Value) -> Response {
    let body = document.to_string();
    let tag = tag_of(&[body.as_bytes()]);
    let mut response = match line.has(&tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, JSON)], body).into_response(),
    };
    open(response.headers_mut());
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
