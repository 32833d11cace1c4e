//! The first page.

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
#[template(path = "home.html")]
struct Home {
    chrome: Chrome,
    with_access: usize,
    cut_off: usize,
    entries: u64,
}

pub(crate) async fn page(State(app): State<Arc<App>>, Visitor(who): Visitor) -> Result<Response, Fault> {
    let register = app.desk.public_register();
    let count =
        |words: &[&str]| register.agencies.iter().filter(|agency| words.contains(&agency.access.as_str())).count();
    html(&Home {
        chrome: Chrome::of(&app, who.as_deref(), "home"),
        with_access: count(&["owner", "access"]),
        cut_off: count(&["cut off"]),
        entries: app.desk.public_log().public_size(),
    })
}
