//! The stylesheet and the icon, in the program itself.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::fault::Fault;

const STYLE: &str = include_str!("../assets/style.css");
const ICON: &str = include_str!("../assets/icon.svg");

fn named(stem: &str, ending: &str, text: &str) -> String {
    let digest: String = Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("/assets/{stem}.{digest}.{ending}")
}

/// The stylesheet's path. It holds a digest of the contents, so that it may be kept for ever.
pub(crate) static STYLE_PATH: LazyLock<String> = LazyLock::new(|| named("style", "css", STYLE));
/// The icon's path.
pub(crate) static ICON_PATH: LazyLock<String> = LazyLock::new(|| named("icon", "svg", ICON));

/// One of them.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Fault> {
    let path = format!("/assets/{name}");
    let (content_type, text) = match path {
        path if path == *STYLE_PATH => ("text/css; charset=utf-8", STYLE),
        path if path == *ICON_PATH => ("image/svg+xml", ICON),
        _ => return Err(Fault::no_such_page()),
    };
    Ok(([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")], text).into_response())
}
