//! Signing in and out.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use clear_respond::{Machine, SignIn as Given};

use crate::api::session;
use crate::app::{App, Close};
use crate::asker::{cookie, cookie_of, device_cookie, device_of, forget, session_name};
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::chrome::Chrome;
use crate::pages::html;
use crate::serve::Wire;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    chrome: Chrome,
    account: &'a str,
    next: &'a str,
    message: Option<&'a str>,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let next = pairs.iter().find(|(name, _)| name == "next").map_or("/search", |(_, next)| next);
    form(&app, "", here_only(next), None)
}

/// The sign-in page with a word about why it is shown.
pub(crate) fn form(app: &App, account: &str, next: &str, message: Option<&str>) -> Result<Response, Fault> {
    html(&SignIn { chrome: Chrome::of(app, None, "sign-in"), account, next, message })
}

/// Lets somebody in.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Extension(wire): Extension<Arc<Wire>>,
    headers: HeaderMap,
    input: Input,
) -> Result<Response, Fault> {
    let form = input.form()?;
    let next = here_only(form.raw("next"));
    let device = device_of(&app, &headers);
    let machine = Machine::Browser { secret: device.as_deref(), name: session::name_of(&headers) };
    let given = Given { account: form.raw("account"), password: form.raw("password"), code: form.raw("code"), machine };
    match session::enter(&app, &wire, given).await {
        Ok(signed_in) => {
            // A new session begins without the last one's inquiry.
            let [_, forgotten] = forget(&app);
            let mut cookies = vec![cookie(&app, session_name(&app), signed_in.secret.reveal()), forgotten];
            cookies.extend(signed_in.device.map(|device| device_cookie(&app, device.reveal())));
            // Before anything else, whether it was oneself who asked last week.
            let asked = signed_in.standing.account.as_ref();
            let next = if asked.is_some_and(|it| app.desk.is_asked_was_this_you(it)) { "/was-this-you" } else { next };
            Ok(go(next, cookies))
        }
        // Who is cut off gets the order, as everywhere.
        Err(fault) if fault.status().is_client_error() && fault.problem().order.is_none() => {
            let mut response = self::form(&app, form.raw("account"), next, Some(&fault.problem().message))?;
            *response.status_mut() = fault.status();
            response.extensions_mut().insert(Close);
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}

/// Lets somebody out, whatever became of the session.
pub(crate) async fn leave(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Fault> {
    if let Some(secret) = cookie_of(&headers, session_name(&app)) {
        app.desk.sign_out(&secret).await.map_err(|error| Fault::ours(&error))?;
    }
    // The device stays known: the next one who signs in here is on the same machine.
    Ok(go("/", forget(&app).into()))
}

fn go(next: &str, cookies: Vec<String>) -> Response {
    let place = HeaderValue::from_str(next).unwrap_or(HeaderValue::from_static("/"));
    // The connection ends, so that the next account does not come over this one's.
    (
        StatusCode::SEE_OTHER,
        Extension(Close),
        AppendHeaders(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie))),
        [(LOCATION, place)],
    )
        .into_response()
}

/// A path of this site, whatever was asked for.
pub(crate) fn here_only(next: &str) -> &str {
    let here = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if here { next } else { "/search" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_no_other_site() {
        for (next, place) in [
            ("/records/per_1?x=1", "/records/per_1?x=1"),
            ("", "/search"),
            ("https://other.example/", "/search"),
            ("//other.example/", "/search"),
            ("/\\other.example", "/search"),
            ("/a b", "/search"),
        ] {
            assert_eq!(here_only(next), place, "{next}");
        }
    }
}
