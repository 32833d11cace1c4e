//! The log as it grows, for owners and oversight; strangers get `/log/` at fixed times.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use clear_respond::Newest;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::openapi::Refusals;

/// The log's own checkpoint, as it is made.
#[utoipa::path(
    get, path = "/api/v1/log/checkpoint", tag = "Log", operation_id = "newest_checkpoint",
    responses((status = 200, description = "A signed note (c2sp.org/tlog-checkpoint).", body = String, content_type = "text/plain"), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn checkpoint(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, Newest { path: "checkpoint".to_owned() }).await?;
    let read = clear_respond::newest_checkpoint(&app.desk, request).await;
    let (checkpoint, receipt) = read.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    Ok((numbers(&receipt.to_header(), &number), headers, checkpoint).into_response())
}

/// A tile of hashes or a bundle of entries, as far as the log's own checkpoint reaches.
#[utoipa::path(
    get, path = "/api/v1/log/tile/{path}", tag = "Log", operation_id = "newest_tile",
    params(("path" = String, Path, description = "As c2sp.org/tlog-tiles has it, after `tile/`.", example = "0/000")),
    responses((status = 200, description = "The tile's or bundle's bytes.", body = Vec<u8>, content_type = "application/octet-stream"), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn tile(
    State(app): State<Arc<App>>,
    asker: Asker,
    Path(path): Path<String>,
) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, Newest { path: format!("tile/{path}") }).await?;
    let read = clear_respond::newest_tile(&app.desk, request).await;
    let bytes = read.map_err(|refusal| Fault::refused(&app, refusal, &number))?.ok_or_else(Fault::no_such_page)?;
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")], bytes).into_response())
}
