//! Under which address this server is asked, and the addresses of its sets.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use clear_respond::SetInfo;

/// The server as its client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    scheme: &'static str,
    /// Host and port.
    pub(crate) domain: String,
}

impl Site {
    /// The site that a request names. A host that could not stand in an address is none.
    pub(crate) fn of(https: bool, uri: &Uri, headers: &HeaderMap) -> Site {
        let host = uri.authority().map(|authority| authority.as_str().to_owned());
        let host = host.or_else(|| Some(headers.get(header::HOST)?.to_str().ok()?.to_owned()));
        let plain = |host: &String| {
            !host.is_empty() && host.bytes().all(|it| it.is_ascii_alphanumeric() || b".-:[]".contains(&it))
        };
        let domain = host.filter(plain).unwrap_or_else(|| "localhost".to_owned());
        Site { scheme: if https { "https" } else { "http" }, domain }
    }

    /// The site of a request.
    pub(crate) fn of_parts(https: bool, parts: &Parts) -> Site {
        Site::of(https, &parts.uri, &parts.headers)
    }

    /// An address here.
    pub(crate) fn to(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.domain)
    }

    /// The page of a set.
    pub(crate) fn page(&self, set: &SetInfo) -> String {
        self.to(&format!("/data/{}", set.alias))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_host_is_told_back_only_where_it_is_one() {
        let of = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            Site::of(true, &Uri::from_static("/data.json"), &headers).to("/x")
        };
        assert_eq!(of("data.example:8443"), "https://data.example:8443/x");
        assert_eq!(of("[::1]:80"), "https://[::1]:80/x");
        assert_eq!(of("evil\"><script>"), "https://localhost/x");
    }
}
