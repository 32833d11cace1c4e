//! Refusals for people.

use askama::Template;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::asker::{cookie, session_name};
use crate::fault::{Fault, ProblemOrder};
use crate::pages::chrome::Chrome;
use crate::pages::{html, reviews, shown, sign_in};

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    chrome: Chrome,
    title: &'static str,
    message: &'a str,
    order: Option<OrderShown<'a>>,
    request: Option<&'a str>,
    /// Where the question was asked, to go back to with a reply.
    here: &'a str,
    /// What was asked back, where something was.
    asked_back: bool,
    hold: Option<HoldShown<'a>>,
    /// Whether the asker can mend it by stating an inquiry.
    inquiry: bool,
}

struct HoldShown<'a> {
    number: &'a str,
    due: String,
    contact: &'a str,
}

struct OrderShown<'a> {
    order: &'a ProblemOrder,
    agency: String,
    day: String,
}

/// The page of a refusal. Who has not signed in gets the page to do so, at the same address.
pub(crate) fn page(app: &App, uri: &Uri, fault: &Fault) -> Response {
    let problem = fault.problem();
    if fault.status() == StatusCode::UNAUTHORIZED {
        let here = uri.path_and_query().map_or("/search", |here| here.as_str());
        let message = if problem.code == "sign_in" { "Sign in to see this page." } else { problem.message.as_str() };
        let mut response = sign_in::form(app, "", here, Some(message)).unwrap_or_else(IntoResponse::into_response);
        // A session that proves nothing is not sent again.
        if let Ok(gone) = HeaderValue::from_str(&cookie(app, session_name(app), "")) {
            response.headers_mut().append(SET_COOKIE, gone);
        }
        return response;
    }
    let title = match (fault.status(), problem.code) {
        (_, "cut_off") => "Access has ended",
        (_, "ask_back") => "One question back",
        (_, "held") => "This waits for a second person",
        (_, "hold_refused") => "It was not released",
        (_, "attest") => "Attest your affiliations",
        (_, "suspended") => "Access is suspended",
        (_, "purpose_denied") => "This purpose is denied",
        (_, "nothing_open") => "Nothing is open to you here",
        (StatusCode::FORBIDDEN, _) => "Not permitted",
        (_, "not_found") => "No such record",
        (StatusCode::NOT_FOUND, _) => "Nothing at this address",
        (StatusCode::UNPROCESSABLE_ENTITY, _) => "The inquiry is not complete",
        (StatusCode::SERVICE_UNAVAILABLE, _) => "Not answering at the moment",
        (status, _) if status.is_server_error() => "Something went wrong with us",
        _ => "That did not work",
    };
    let order = problem.order.as_ref().map(|order| OrderShown {
        order,
        agency: shown::agency(app, &order.agency),
        day: order.issued_at.chars().take(10).collect(),
    });
    let hold = problem.hold.as_ref().map(|hold| HoldShown {
        number: &hold.number,
        due: hold.due.parse().map_or_else(|_| hold.due.clone(), |due| reviews::clock(app, due)),
        contact: &hold.contact,
    });
    let page = FaultPage {
        here: uri.path_and_query().map_or("/search", |here| here.as_str()),
        asked_back: problem.code == "ask_back",
        hold,
        chrome: Chrome::of(app, None, "fault"),
        title,
        message: &problem.message,
        order,
        request: problem.request.as_deref(),
        inquiry: fault.status() == StatusCode::UNPROCESSABLE_ENTITY,
    };
    // Without a page there is still the status.
    html(&page).unwrap_or_else(|_| fault.status().into_response())
}
