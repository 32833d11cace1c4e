//! A map as a file, for reports: `/map.svg` and `/map.png`.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use clear_place::Picture;
use clear_respond::{Of, Place};

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::maps::asked::{Seen, asked, set_of, unread};
use crate::maps::draw;
use crate::maps::wish::{SHOWS, Wish};

/// The map as SVG.
pub(crate) async fn svg(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (seen, picture) = drawn(&app, &asker, &kept, &pairs).await?;
    Ok(file(&seen, "image/svg+xml", "map.svg", picture.svg("map").into_bytes()))
}

/// The map as PNG, twice as many pixels as the SVG has.
pub(crate) async fn png(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (seen, picture) = drawn(&app, &asker, &kept, &pairs).await?;
    let painted = tokio::task::spawn_blocking(move || picture.png(2.0)).await;
    let bytes = painted.map_err(|error| Fault::ours(&error))?.map_err(|error| Fault::ours(&error))?;
    Ok(file(&seen, "image/png", "map.png", bytes))
}

async fn drawn(
    app: &Arc<App>,
    asker: &Asker,
    kept: &clear_record::Inquiry,
    pairs: &[(String, String)],
) -> Result<(Seen<Place>, Picture), Fault> {
    let set = set_of(asker, pairs);
    let wish = Wish::read(pairs, set).map_err(unread)?;
    let title = title(app, &wish);
    let source = source(app, set);
    let seen = asked(app, asker, kept, set, wish.place).await?;
    let picture = draw::picture(&app.desk.geography(), seen.get(), &title, &source);
    Ok((seen, picture))
}

/// What a map is called.
pub(crate) fn title(app: &App, wish: &Wish) -> String {
    let show = SHOWS.iter().find(|(word, _)| *word == wish.show).map_or("", |(_, title)| *title);
    let kind = wish.place.which.primary_type.as_ref().map(|kind| format!(", {kind}")).unwrap_or_default();
    format!("{}: {show}{kind}", app.names().title)
}

/// Where a map's figures come from.
pub(crate) fn source(app: &App, set: Of) -> String {
    let set = match set {
        Of::Incidents => "incidents that the asker may see",
        Of::Crimes => "public crimes set, by block",
    };
    format!("{}: {set}. Figures are preliminary.", app.names().title)
}

fn file(seen: &Seen<Place>, content_type: &'static str, name: &'static str, body: Vec<u8>) -> Response {
    let headers =
        [(CONTENT_TYPE, content_type.to_owned()), (CONTENT_DISPOSITION, format!("inline; filename=\"{name}\""))];
    (seen.headers(), headers, body).into_response()
}
