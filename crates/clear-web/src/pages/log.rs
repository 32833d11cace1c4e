//! The log, and how to check it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;

use crate::app::App;
use crate::asker::Visitor;
use crate::fault::Fault;
use crate::pages::chrome::Chrome;
use crate::pages::html;

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    chrome: Chrome,
    origin: String,
    size: String,
    root: String,
    checkpoint: String,
    vkey: String,
    site: String,
    rollback: &'static str,
    watchers: Vec<(String, bool)>,
    /// When the next public checkpoint is due.
    next: Option<String>,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Visitor(who): Visitor,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let log = app.desk.public_log();
    let watch = &app.config.watch;
    let checkpoint = watch.with_cosignatures(&log.public_checkpoint());
    let mut lines = checkpoint.lines().map(str::to_owned);
    let mut line = || lines.next().unwrap_or_default();
    let host =
        uri.authority().map(ToString::to_string).or_else(|| Some(headers.get(header::HOST)?.to_str().ok()?.to_owned()));
    let scheme = if app.config.https { "https" } else { "http" };
    html(&LogPage {
        chrome: Chrome::of(&app, who.as_deref(), "log"),
        origin: line(),
        size: line(),
        root: line(),
        vkey: log.vkey().to_owned(),
        site: format!("{scheme}://{}", host.unwrap_or_else(|| "localhost".to_owned())),
        checkpoint,
        rollback: watch.rollback(),
        watchers: watch.watchers().iter().map(|watcher| (watcher.name.clone(), watcher.alarm)).collect(),
        next: log.next_public().map(|next| next.to_string()),
    })
}
