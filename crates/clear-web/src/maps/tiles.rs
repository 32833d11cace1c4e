//! Vector tiles: `/tiles/{layer}/{z}/{x}/{y}.mvt`.
//!
//! Areas are public and the same for all. Incidents and hot spots are a question like any other: residents get the public
//! set's, whoever has signed in what is open, and what is in a tile stands in the log.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_place::{Bounds, Layer, LayerName, Shape, Tile, Unit, Value, cell_corners};
use clear_respond::{Marked, TileLayer, TileOf};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::maps::asked::{asked, set_of, unread};
use crate::maps::wish;

const MVT: &str = "application/vnd.mapbox-vector-tile";
/// A layer's areas change with an election or a reform.
const AREAS_KEPT: &str = "public, max-age=86400";
/// What is one asker's is asked for again, and comes back as *not modified*.
const OWN: &str = "private, no-cache";

/// One tile.
pub(crate) async fn tile(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Path((layer, z, x, y)): Path<(String, u8, u32, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let number = y.strip_suffix(".mvt").and_then(|y| y.parse::<u32>().ok()).ok_or_else(Fault::no_such_page)?;
    let tile = Tile::new(z, x, number).ok_or_else(Fault::no_such_page)?;
    if let Some(name) = LayerName::from_word(&layer) {
        let geography = app.desk.geography();
        let areas = geography.layer(name).ok_or_else(Fault::no_such_page)?.clone();
        let drawn = tokio::task::spawn_blocking(move || areas_on(tile, name, &areas)).await;
        return Ok(answered(&headers, AREAS_KEPT, HeaderMap::new(), drawn.map_err(|error| Fault::ours(&error))?));
    }
    let layer = TileLayer::from_word(&layer).ok_or_else(Fault::no_such_page)?;
    let set = set_of(&asker, &pairs);
    let which = wish::which(&pairs, set).map_err(unread)?;
    let seen = asked(&app, &asker, &kept, set, TileOf { z, x, y: number, layer, which }).await?;
    let keep = if seen.is_public() { "public, max-age=60" } else { OWN };
    Ok(answered(&headers, keep, seen.headers(), marked_on(tile, seen.get())))
}

fn areas_on(tile: Tile, name: LayerName, areas: &clear_place::Areas) -> Vec<u8> {
    let reach = tile.reach();
    let mut layer = Layer::new(name.word());
    for (number, area) in (1..).zip(areas.all()).filter(|(_, area)| area.bounds.meets(reach)) {
        let says = [("code", Value::Text(area.code.clone())), ("name", Value::Text(area.name.clone()))];
        layer.polygon(Some(number), &tile.rings(&area.shape), &says);
    }
    Layer::tile([layer])
}

fn marked_on(tile: Tile, marked: &Marked) -> Vec<u8> {
    match marked {
        Marked::Dots(dots) => {
            let mut layer = Layer::new("incidents");
            for dot in dots {
                let mut says = vec![("count", Value::Count(u64::from(dot.count)))];
                let texts = [("type", &dot.kind), ("block", &dot.block), ("occurred", &dot.occurred)];
                says.extend(texts.into_iter().filter_map(|(name, text)| Some((name, Value::Text(text.clone()?)))));
                says.extend(dot.record.map(|record| ("record", Value::Text(record.to_string()))));
                layer.point(None, Unit { x: dot.x, y: dot.y }, &says);
            }
            Layer::tile([layer])
        }
        Marked::Cells(cells) => {
            let mut layer = Layer::new("hot-spots");
            for cell in &cells.shown {
                let ring = cell_corners(cells.around, cells.cell_m, cell.at).to_vec();
                if !Bounds::of(ring.iter().copied()).meets(tile.reach()) {
                    continue;
                }
                let says = [
                    ("is", Value::Text(if cell.hot { "hot" } else { "cold" }.to_owned())),
                    ("count", Value::Count(cell.count)),
                    ("z", Value::Number(cell.local.z)),
                    ("rate", Value::Number(cell.local.rate)),
                ];
                layer.polygon(None, &tile.rings(&Shape { polygons: vec![vec![ring]] }), &says);
            }
            Layer::tile([layer])
        }
    }
}

/// The tile, or that it is the one that is there already. An empty one is a tile too.
fn answered(asked: &HeaderMap, keep: &'static str, more: HeaderMap, body: Vec<u8>) -> Response {
    let digest: String = Sha256::digest(&body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    let known = asked.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let known = known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let headers = [(CONTENT_TYPE, MVT), (CACHE_CONTROL, keep), (VARY, "cookie, authorization")];
    let mut response = match known {
        true => (StatusCode::NOT_MODIFIED, more, headers).into_response(),
        false => (more, headers, body).into_response(),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
