//! What every request passes on its way in and out: the cross-site check, the headers, the metrics, the refusals.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use clear_respond::Desk;
use futures_util::FutureExt;
use hyper::body::Incoming;
use tower_service::Service;

use crate::fault::Fault;
use crate::openapi;
use crate::pages;
use crate::routes::public_name;
use crate::serve::{Config, Error, Wire};
use crate::soda;
use crate::soda::fault::SodaFault;
use crate::soda::rates::Throttle;
use crate::watch::Meter;

/// What handlers share.
pub(crate) struct App {
    pub(crate) desk: Arc<Desk>,
    pub(crate) config: Config,
    pub(crate) meter: Meter,
    pub(crate) openapi: String,
    pub(crate) reference: String,
    pub(crate) throttle: Throttle,
    names: OnceLock<Names>,
}

/// What the founding document says of the installation; it is the first entry of the register and never changes.
#[derive(Clone, Default)]
pub(crate) struct Names {
    pub(crate) title: String,
    pub(crate) legal_contact: String,
}

impl App {
    pub(crate) fn new(desk: Arc<Desk>, config: Config) -> Result<App, Error> {
        let openapi = openapi_text();
        let reference = pages::reference::render(&openapi::document()).map_err(Error::Reference)?;
        Ok(App {
            meter: Meter::new().map_err(Error::Metrics)?,
            desk,
            config,
            openapi,
            reference,
            throttle: Throttle::default(),
            names: OnceLock::new(),
        })
    }

    /// Whom to call when the installation is in trouble.
    pub(crate) fn contact(&self) -> String {
        self.config.contact.clone().unwrap_or_else(|| self.names().legal_contact)
    }

    pub(crate) fn names(&self) -> Names {
        if let Some(names) = self.names.get() {
            return names.clone();
        }
        let register = self.desk.public_register();
        let names = Names { title: register.installation, legal_contact: register.legal_contact };
        if !names.title.is_empty() {
            let _ = self.names.set(names.clone());
        }
        names
    }
}

fn openapi_text() -> String {
    openapi::openapi_json()
}

/// When a request's head was read; for the milliseconds of an order's acknowledgement.
#[derive(Clone, Copy)]
pub(crate) struct Received(pub(crate) Instant);

/// The route that a response came by.
#[derive(Clone)]
struct Matched(String);

/// Notes the route on the response.
pub(crate) async fn note_route(path: MatchedPath, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Matched(path.as_str().to_owned()));
    response
}

/// Answers one HTTP request.
pub(crate) async fn handle(
    app: Arc<App>,
    mut router: Router,
    wire: Arc<Wire>,
    request: hyper::Request<Incoming>,
) -> Response {
    let received = Instant::now();
    wire.spoken.store(true, Ordering::Relaxed);
    let mut request = request.map(Body::new);
    let (method, uri, version) = (request.method().clone(), request.uri().clone(), request.version());
    request.extensions_mut().insert(wire.clone());
    request.extensions_mut().insert(Received(received));
    // What is public is read from any page; nothing there is written, nor read in anybody's name.
    let is_soda = soda::is_here(uri.path());
    let mut response = if is_soda && method == Method::OPTIONS {
        soda::preflight()
    } else if !is_soda && cross_site(&method, &uri, request.headers()) {
        Fault::cross_site().into_response()
    } else {
        let answer = std::panic::AssertUnwindSafe(router.call(request)).catch_unwind().await;
        match answer {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            // The panic's text is on standard error; the request's entry in the log says that it crashed.
            Err(_) => Fault::crashed().into_response(),
        }
    };
    if let Some(allow) = refused_method(&response) {
        response =
            if is_soda { SodaFault::method(allow).into_response() } else { Fault::method(allow).into_response() };
    }
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        response = fault.write(&app, &uri, response);
    }
    finish(&app, &wire, &uri, version, &mut response);
    let route = response.extensions().get::<Matched>().map_or("none", |matched| matched.0.as_str());
    if let Some(page) = public_name(method.as_str(), route) {
        app.desk.count_public(page);
    }
    app.meter.request(&method, route, response.status(), received.elapsed());
    response
}

/// Whether a page of another site makes the browser send this.
fn cross_site(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    if method.is_safe() {
        return false;
    }
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    // The browser's own word, which no page can forge; `Origin` is for browsers that do not say it.
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let here = uri.authority().map(|authority| authority.as_str()).or_else(|| text(header::HOST)).unwrap_or_default();
    origin.split_once("://").is_none_or(|(_, authority)| !authority.eq_ignore_ascii_case(here))
}

fn refused_method(response: &Response) -> Option<HeaderValue> {
    let bare = response.status() == StatusCode::METHOD_NOT_ALLOWED && response.extensions().get::<Fault>().is_none();
    bare.then(|| response.headers().get(header::ALLOW).cloned().unwrap_or_else(|| HeaderValue::from_static("")))
}

/// The headers that every response has. A handler's own wins.
const ALWAYS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Not `no-referrer`: under that, browsers send `Origin: null` with this site's own forms, as another site's would.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
];

fn finish(app: &App, wire: &Wire, uri: &Uri, version: Version, response: &mut Response) {
    for (name, value) in ALWAYS {
        let name = HeaderName::from_static(name);
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.config.https {
        let day = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(day);
    }
    if response.extensions().get::<Close>().is_some() {
        wire.close();
        // HTTP/2 has no such header; there the connection itself says goodbye.
        if version <= Version::HTTP_11 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
    tracing::debug!(path = uri.path(), status = response.status().as_u16(), "answered");
}

/// On a response: the connection ends after it, because whoever comes next may be somebody else.
#[derive(Clone, Copy)]
pub(crate) struct Close;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_site_may_post() {
        let refused = |method: Method, headers: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            map.insert(header::HOST, HeaderValue::from_static("clear.example:8080"));
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            cross_site(&method, &Uri::from_static("/search"), &map)
        };
        assert!(!refused(Method::POST, &[]));
        assert!(!refused(Method::POST, &[("origin", "http://clear.example:8080")]));
        assert!(!refused(Method::POST, &[("sec-fetch-site", "same-origin"), ("origin", "https://clear.example:8080")]));
        // What a browser sends with a form of a page that gives no referrer.
        assert!(!refused(Method::POST, &[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!refused(Method::GET, &[("sec-fetch-site", "cross-site")]));
        assert!(refused(Method::POST, &[("origin", "http://other.example")]));
        assert!(refused(Method::POST, &[("origin", "http://clear.example:9090")]));
        assert!(refused(Method::POST, &[("origin", "null")]));
        assert!(refused(Method::POST, &[("sec-fetch-site", "same-site")]));
        assert!(refused(Method::POST, &[("sec-fetch-site", "cross-site"), ("origin", "http://clear.example:8080")]));
    }
}
