//! The log for everybody: checkpoint, tiles, verifier key, at the paths of <https://c2sp.org/tlog-tiles>.
//!
//! In:    a path.
//! Out:   the public checkpoint; tiles and bundles as far as it reaches; the verifier key.
//! Never: tells what is beyond the public checkpoint from what was never there.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::fault::Fault;

const TEXT: &str = "text/plain; charset=utf-8";
/// When the next public checkpoint is due, for whoever waits for an entry of its own.
const NEXT: HeaderName = HeaderName::from_static("x-clear-next-checkpoint");
/// A tile or bundle never changes; what grows has another path.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The public checkpoint.
pub(crate) async fn checkpoint(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let log = app.desk.public_log();
    let checkpoint = app.config.watch.with_cosignatures(&log.public_checkpoint());
    let mut response = public(&headers, TEXT, "no-cache", checkpoint.into_bytes());
    if let Some(next) = log.next_public().and_then(|next| HeaderValue::from_str(&next.to_string()).ok()) {
        response.headers_mut().insert(NEXT, next);
    }
    response
}

/// A tile of hashes or a bundle of entries.
pub(crate) async fn tile(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let log = app.desk.public_log().clone();
    let read = tokio::task::spawn_blocking(move || log.public_tile(&format!("tile/{path}"))).await;
    let bytes = read.map_err(|error| Fault::ours(&error))?.map_err(|error| Fault::ours(&error))?;
    let bytes = bytes.ok_or_else(Fault::no_such_page)?;
    Ok(public(&headers, "application/octet-stream", FOR_EVER, bytes))
}

/// The key to check checkpoints and receipts with.
pub(crate) async fn verifier_key(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let key = format!("{}\n", app.desk.public_log().vkey());
    public(&headers, TEXT, "public, max-age=300", key.into_bytes())
}

/// Anybody's page may read these: the log is there to be checked. Whoever has the same bytes already gets none.
fn public(asked: &HeaderMap, content_type: &'static str, keep: &'static str, body: Vec<u8>) -> Response {
    let digest: String = Sha256::digest(&body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    let known = asked.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let known = known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, keep), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    let mut response = match known {
        true => (StatusCode::NOT_MODIFIED, headers).into_response(),
        false => (headers, body).into_response(),
    };
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
