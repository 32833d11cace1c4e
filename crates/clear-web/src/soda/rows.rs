//! An answer of rows, sent while it is made.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clear_respond::{
    Broken, Published, SetAsked, SetForm, SetInfo, SetLayout, SetState, SoqlType, Unpublished, publish,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use jiff::Timestamp;

use super::fault::SodaFault;
use super::{Line, open, tag_of, zipped};
use crate::app::App;

/// Headers above this are left out, as in the original: some proxies take no longer ones.
const HEADER_MAX: usize = 5_000;

/// What is to be sent.
pub(super) struct Wish {
    pub(super) set: &'static SetInfo,
    pub(super) asked: SetAsked,
    pub(super) form: SetForm,
    pub(super) layout: SetLayout,
    /// Whether a browser should keep it as a file.
    pub(super) download: bool,
}

/// Answers a question with rows, or says that the client has them already.
pub(super) async fn send(app: &Arc<App>, line: &Line, wish: Wish) -> Result<Response, SodaFault> {
    let Wish { set, asked, form, layout, download } = wish;
    let state = app.desk.set_state(set).await.map_err(|_| SodaFault::ours())?;
    let question = serde_json::to_vec(&asked).unwrap_or_default();
    let how = format!("{form:?} {layout:?}");
    let mut version = state.version.clone();
    if question.contains(&b'@') {
        // Perhaps it joins others.
        for other in clear_respond::public_sets() {
            let state = app.desk.set_state(other).await.map_err(|_| SodaFault::ours())?;
            version.push_str(&state.version);
        }
    }
    let tag = tag_of(&[set.id.as_bytes(), version.as_bytes(), &question, how.as_bytes()]);
    if is_known(line, &tag, &state) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        told(response.headers_mut(), &tag, &state);
        return Ok(response);
    }
    let wrong = |unpublished| match unpublished {
        Unpublished::Wrong(fault) => SodaFault::query(set.id, fault),
        Unpublished::TooManyRows(message) => SodaFault::too_many_rows(set.id, message),
        Unpublished::Failed => SodaFault::ours(),
    };
    let published = publish(&app.desk, &state, asked, form, layout).await.map_err(wrong)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    let fields = published.fields();
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let types: Vec<&str> = fields.iter().map(|field| header_word(field.soql_type)).collect();
    for (name, list) in [("x-soda2-fields", names), ("x-soda2-types", types)] {
        let text = serde_json::to_string(&list).unwrap_or_default();
        if text.len() <= HEADER_MAX
            && let Ok(value) = HeaderValue::from_str(&text)
        {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if download {
        let name = format!("attachment; filename=\"{}.{}\"", set.alias, form.extension());
        if let Ok(value) = HeaderValue::from_str(&name) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
    }
    // Parquet and workbooks are packed already.
    let gzip = line.takes_gzip() && !matches!(form, SetForm::Parquet | SetForm::Xlsx);
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    told(&mut headers, &if gzip { zipped(&tag) } else { tag }, &state);
    if line.is_head {
        return Ok((headers, Body::empty()).into_response());
    }
    let (desk, connection) = (app.desk.clone(), line.connection());
    let leaves = move |published: &Published| {
        // The gate first: what is closed after this line resets the connection.
        desk.gate().tell_public(&connection);
        published.may_leave(&desk)
    };
    Ok((headers, body(published, gzip, leaves)).into_response())
}

/// What every answer says of its set.
fn told(headers: &mut HeaderMap, tag: &str, state: &SetState) {
    open(headers);
    let updated = http_date(state.updated_at);
    for (name, value) in [
        ("etag", tag),
        ("last-modified", updated.as_str()),
        ("x-soda2-truth-last-modified", updated.as_str()),
        ("x-soda2-data-out-of-date", "false"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// The name of a type in the header: there, and there alone, the original calls a checkbox a boolean.
fn header_word(soql_type: SoqlType) -> &'static str {
    match soql_type {
        SoqlType::Checkbox => "boolean",
        other => other.word(),
    }
}

fn is_known(line: &Line, tag: &str, state: &SetState) -> bool {
    if line.says_tag() {
        return line.has(tag);
    }
    let since = line.headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    since.and_then(read_http_date).is_some_and(|since| state.updated_at.as_second() <= since.as_second())
}

/// A moment as HTTP writes it (RFC 9110, 5.6.7).
pub(super) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn read_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

/// The body is made as it is read: nothing is computed before the connection has room for it.
fn body(published: Published, gzip: bool, leaves: impl Fn(&Published) -> bool + Send + 'static) -> Body {
    let packer = gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let frames = stream::unfold(Some((published, packer, leaves)), |state| async {
        let (mut published, mut packer, leaves) = state?;
        loop {
            let part = match published.next().await {
                Ok(Some(part)) if leaves(&published) => part,
                Ok(None) => {
                    let rest = packer.take().and_then(|packer| packer.finish().ok()).unwrap_or_default();
                    return (!rest.is_empty()).then(|| (Ok(Frame::data(Bytes::from(rest))), None));
                }
                // A record of it was closed in this very moment, or something is wrong with us: the connection breaks off
                // here, so that nobody takes a part for the whole.
                Ok(Some(_)) | Err(Broken) => return Some((Err(Broken), None)),
            };
            let part = match &mut packer {
                None => part,
                Some(packer) => {
                    // Memory takes everything.
                    let _ = packer.write_all(&part);
                    std::mem::take(packer.get_mut())
                }
            };
            if !part.is_empty() {
                return Some((Ok::<_, Broken>(Frame::data(Bytes::from(part))), Some((published, packer, leaves))));
            }
        }
    });
    Body::new(StreamBody::new(frames))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_https() {
        let at: Timestamp = "2026-12-01T06:07:08Z".parse().unwrap();
        assert_eq!(http_date(at), "Tue, 01 Dec 2026 06:07:08 GMT");
        assert_eq!(read_http_date("Tue, 01 Dec 2026 06:07:08 GMT"), Some(at));
        assert_eq!(read_http_date("yesterday"), None);
    }
}
