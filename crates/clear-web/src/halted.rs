//! What a node answers that may not serve: nothing, whom to call, and what its operator does next (S16).
//!
//! In:    who keeps the installation; a listener.
//! Out:   503 to everything, as a page for people and as JSON for programs; `/healthz` for monitors.
//! Never: opens the store or the log: nothing that was asked could be logged.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;

use crate::plain;
use crate::tls::Tls;

/// What a node that may not serve says of itself.
#[derive(Debug, Clone)]
pub struct Halted {
    /// The installation's title.
    pub installation: String,
    /// Whom to call.
    pub contact: String,
}

/// The sentence for everybody.
const WHY: &str = "This server does not answer: what it holds is older than what is known of it elsewhere, as after an old backup was restored. Orders and corrections that came later could be missing.";
const NEXT: &str =
    "Its operator restores the newest copy, or lets the founders decide with `openclear register resume`.";

/// Answers 503 to everything until `shutdown` is ready.
pub async fn serve_halted(halted: Halted, listener: TcpListener, tls: Option<Tls>, shutdown: impl Future<Output = ()>) {
    let router = Router::new().fallback(answer).with_state(Arc::new(halted));
    plain::serve(router, listener, tls, shutdown).await;
}

#[derive(Template)]
#[template(path = "halted.html")]
struct Page<'a> {
    halted: &'a Halted,
    why: &'static str,
    next: &'static str,
}

async fn answer(State(halted): State<Arc<Halted>>, request: Request) -> Response {
    let path = request.uri().path();
    let json = |body: serde_json::Value| {
        (StatusCode::SERVICE_UNAVAILABLE, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    };
    if path == "/healthz" {
        return json(json!({"state": "not serving", "why": "the log is behind what is known of it elsewhere"}));
    }
    if ["/api/", "/log/", "/log.vkey", "/metrics", "/assets/"].iter().any(|start| path.starts_with(start)) {
        let message = format!("{WHY} Call {}. {NEXT}", halted.contact);
        return json(json!({"code": "behind", "message": message}));
    }
    plain::page(StatusCode::SERVICE_UNAVAILABLE, &Page { halted: &halted, why: WHY, next: NEXT })
}
