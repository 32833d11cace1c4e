//! The interface's own description.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// This interface as an OpenAPI document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "Reference", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI.", content_type = "application/json"))
)]
pub(crate) async fn openapi(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")], app.openapi.clone()).into_response()
}

/// This interface as a page.
#[utoipa::path(
    get, path = "/api/v1/docs", tag = "Reference", operation_id = "docs",
    responses((status = 200, description = "A page.", content_type = "text/html"))
)]
pub(crate) async fn docs(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")], app.reference.clone())
        .into_response()
}
