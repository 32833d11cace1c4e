//! A small server of its own: for a witness, and for a node that may not serve.
//!
//! In:    a listener, a router that gives no records.
//! Out:   its answers, over HTTP/1.1 and HTTP/2, with TLS or without.
//! Never: answers anything of an installation: no gate stands before it.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower_service::Service;

use crate::tls::Tls;

const CONNECTIONS_MAX: usize = 256;
/// For the head of a request, and for TLS to begin.
const HEAD: Duration = Duration::from_secs(10);
/// A connection ends after so long, whatever it does: nobody needs one for longer.
const CONNECTION: Duration = Duration::from_secs(120);

/// Serves a router until `shutdown` is ready.
pub(crate) async fn serve(router: Router, listener: TcpListener, tls: Option<Tls>, shutdown: impl Future<Output = ()>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        while connections.try_join_next().is_some() {}
        let slot = tokio::select! {
            () = &mut shutdown => break,
            slot = slots.clone().acquire_owned() => slot,
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (router, tls) = (router.clone(), tls.clone());
                connections.spawn(async move {
                    let talk = async {
                        match tls {
                            None => converse(router, stream).await,
                            Some(Tls(tls)) => {
                                if let Ok(Ok(stream)) = timeout(HEAD, tls.accept(stream)).await {
                                    converse(router, stream).await;
                                }
                            }
                        }
                    };
                    let _ = timeout(CONNECTION, talk).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    connections.shutdown().await;
}

async fn converse(router: Router, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    http.http2().timer(TokioTimer::new()).max_concurrent_streams(16);
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let answer = router.clone().call(request.map(Body::new));
        async move {
            let mut response: Response = match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            for (name, value) in ALWAYS {
                let name = HeaderName::from_static(name);
                response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
            }
            Ok::<_, Infallible>(response)
        }
    });
    // Errors here are of the other end: gone, too slow, not HTTP.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

const ALWAYS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

/// A text with its status.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Response {
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text.into()).into_response()
}

/// A page with its status.
pub(crate) fn page(status: StatusCode, page: &impl askama::Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!("cannot render a page: {error}");
            status.into_response()
        }
    }
}
