//! The own devices: where one is signed in, and the end of one.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};

use crate::api::session::{OwnDevice, end_own, own_devices};
use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::pages::chrome::Chrome;
use crate::pages::html;

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices {
    chrome: Chrome,
    devices: Vec<OwnDevice>,
}

pub(crate) async fn page(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let devices = own_devices(&app, &asker).await?;
    html(&Devices { chrome: Chrome::of(&app, Some(&asker.standing), "devices"), devices })
}

/// Ends one; the own one too, after which the next page is the sign-in page.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Path(device): Path<String>,
    asker: Asker,
) -> Result<Response, Fault> {
    end_own(&app, &asker, &device).await?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, "/devices")]).into_response())
}
