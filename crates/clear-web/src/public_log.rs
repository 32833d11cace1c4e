//! The log for everybody: checkpoint, tiles, verifier key, at the paths of <https://c2sp.org/tlog-tiles>.

#![expect(clippy::disallowed_methods, reason = "stores: log-tiles")]

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::fault::Fault;

const TEXT: &str = "text/plain; charset=utf-8";

/// The newest signed checkpoint.
pub(crate) async fn checkpoint(State(app): State<Arc<App>>) -> Response {
    public(TEXT, "no-cache", app.desk.public_log().checkpoint())
}

/// A tile of hashes or a bundle of entries.
pub(crate) async fn tile(State(app): State<Arc<App>>, Path(path): Path<String>) -> Result<Response, Fault> {
    let path = format!("tile/{path}");
    let file = app.desk.public_log().tile_file(&path).ok_or_else(Fault::no_such_page)?;
    let bytes = tokio::fs::read(&file).await.map_err(|error| Fault::ours(&error))?;
    // A full tile never changes; a partial one is replaced by a wider one soon.
    let keep = if path.contains(".p/") { "public, max-age=60" } else { "public, max-age=31536000, immutable" };
    Ok(public("application/octet-stream", keep, bytes))
}

/// The key to check checkpoints and receipts with.
pub(crate) async fn verifier_key(State(app): State<Arc<App>>) -> Response {
    public(TEXT, "public, max-age=300", format!("{}\n", app.desk.public_log().vkey()))
}

/// Anybody's page may read these: the log is there to be checked.
fn public(content_type: &'static str, keep: &'static str, body: impl IntoResponse) -> Response {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, keep), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    let mut response = (headers, body).into_response();
    response.headers_mut().insert("cross-origin-resource-policy", axum::http::HeaderValue::from_static("cross-origin"));
    response
}
