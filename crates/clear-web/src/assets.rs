//! The stylesheet, the icon and the map's scripts, in the program itself.
//!
//! The bundles of `assets/islands/` are made by `islands/build.mjs` and kept packed; `cargo xtask check islands` makes them again and
//! compares.

use std::io::Read as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::fault::Fault;

const STYLE: &str = include_str!("../assets/style.css");
const ICON: &str = include_str!("../assets/icon.svg");
const LOADER: &[u8] = include_bytes!("../assets/islands/loader.js.gz");
const MAP: &[u8] = include_bytes!("../assets/islands/map.js.gz");
const WORKER: &[u8] = include_bytes!("../assets/islands/map-worker.js.gz");
const MAP_STYLE: &[u8] = include_bytes!("../assets/islands/map.css.gz");

fn named(stem: &str, ending: &str, contents: &[u8]) -> String {
    let digest: String = Sha256::digest(contents).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("/assets/{stem}.{digest}.{ending}")
}

/// The stylesheet's path. It holds a digest of the contents, so that it may be kept for ever.
pub(crate) static STYLE_PATH: LazyLock<String> = LazyLock::new(|| named("style", "css", STYLE.as_bytes()));
/// The icon's path.
pub(crate) static ICON_PATH: LazyLock<String> = LazyLock::new(|| named("icon", "svg", ICON.as_bytes()));
/// What offers the map that can be moved.
pub(crate) static LOADER_PATH: LazyLock<String> = LazyLock::new(|| named("loader", "js", LOADER));
/// That map.
pub(crate) static MAP_PATH: LazyLock<String> = LazyLock::new(|| named("map", "js", MAP));
/// The worker of that map.
pub(crate) static WORKER_PATH: LazyLock<String> = LazyLock::new(|| named("map-worker", "js", WORKER));
/// The stylesheet of that map.
pub(crate) static MAP_STYLE_PATH: LazyLock<String> = LazyLock::new(|| named("map", "css", MAP_STYLE));

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// One of them.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Fault> {
    let path = format!("/assets/{name}");
    let plain = |content_type, text: &'static str| {
        Ok(([(CONTENT_TYPE, content_type), (CACHE_CONTROL, FOR_EVER)], text).into_response())
    };
    match path {
        path if path == *STYLE_PATH => plain("text/css; charset=utf-8", STYLE),
        path if path == *ICON_PATH => plain("image/svg+xml", ICON),
        path if path == *LOADER_PATH => packed(&headers, SCRIPT, LOADER),
        path if path == *MAP_PATH => packed(&headers, SCRIPT, MAP),
        path if path == *WORKER_PATH => packed(&headers, SCRIPT, WORKER),
        path if path == *MAP_STYLE_PATH => packed(&headers, "text/css; charset=utf-8", MAP_STYLE),
        _ => Err(Fault::no_such_page()),
    }
}

/// A bundle as it is kept, or unpacked for whoever does not say that it can.
fn packed(asked: &HeaderMap, content_type: &'static str, bundle: &'static [u8]) -> Result<Response, Fault> {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, FOR_EVER), (VARY, "accept-encoding")];
    let takes = asked.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    let refuses = |rest: &str| rest.replace(' ', "").ends_with(";q=0");
    let takes = takes.flat_map(|text| text.split(',')).any(|one| one.trim().starts_with("gzip") && !refuses(one));
    if takes {
        return Ok((headers, [(CONTENT_ENCODING, "gzip")], bundle).into_response());
    }
    let mut text = Vec::new();
    GzDecoder::new(bundle).read_to_end(&mut text).map_err(|error| Fault::ours(&error))?;
    Ok((headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundle_unpacks_and_asks_no_other_host() {
        for bundle in [LOADER, MAP, WORKER, MAP_STYLE] {
            let mut text = String::new();
            GzDecoder::new(bundle).read_to_string(&mut text).unwrap();
            assert!(!text.contains("sourceMappingURL"), "a source map would be fetched");
        }
    }
}
