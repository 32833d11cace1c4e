//! How maps are made, in plain words.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::asker::Visitor;
use crate::fault::Fault;
use crate::pages::chrome::Chrome;
use crate::pages::html;

#[derive(Template)]
#[template(path = "map_about.html")]
struct MapAbout {
    chrome: Chrome,
}

pub(crate) async fn page(State(app): State<Arc<App>>, Visitor(who): Visitor) -> Result<Response, Fault> {
    html(&MapAbout { chrome: Chrome::of(&app, who.as_deref(), "map") })
}
