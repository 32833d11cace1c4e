//! *Was this you?* as a page: what was asked in the own name, and two buttons.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use clear_respond::AskedGroup;

use crate::api::was_this_you::{asked, said};
use crate::app::{App, Close};
use crate::asker::{Asker, forget, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::chrome::Chrome;
use crate::pages::html;
use crate::pages::reviews::clock;

/// What was done within an hour, in words.
struct Group {
    hour: String,
    device: String,
    here: bool,
    address: String,
    what: String,
    cases: String,
}

#[derive(Template)]
#[template(path = "was_this_you.html")]
struct Page {
    chrome: Chrome,
    /// From, until, how many.
    period: Option<(String, String, u64)>,
    groups: Vec<Group>,
    /// Whether the account has just been shut.
    shut: bool,
    contact: String,
}

pub(crate) async fn page(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (digest, receipt, number) = asked(&app, &asker).await?;
    let here = asker.standing.device.as_ref().map(ToString::to_string);
    let page = Page {
        chrome: Chrome::of(&app, Some(&asker.standing), "was-this-you"),
        period: digest.as_ref().map(|digest| (clock(&app, digest.from), clock(&app, digest.until), digest.count)),
        groups: digest
            .into_iter()
            .flat_map(|digest| digest.groups)
            .take(200)
            .map(|it| group(&app, &here, it))
            .collect(),
        shut: false,
        contact: String::new(),
    };
    Ok((numbers(&receipt, &number), html(&page)?).into_response())
}

fn group(app: &App, here: &Option<String>, group: AskedGroup) -> Group {
    let counted = [
        (group.questions, "question", "questions"),
        (group.sign_ins, "sign-in", "sign-ins"),
        (group.refused, "refused sign-in", "refused sign-ins"),
    ];
    let words = counted.iter().filter(|(count, ..)| *count > 0);
    let words = words.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }));
    Group {
        hour: clock(app, group.hour),
        here: group.device.is_some() && group.device == *here,
        device: group.device.unwrap_or_default(),
        address: group.address.unwrap_or_default(),
        what: words.collect::<Vec<_>>().join(", "),
        cases: group.cases.join(", "),
    }
}

/// Takes the officer's word.
pub(crate) async fn say(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let was_me = match input.form()?.get("was_me").as_deref() {
        Some("yes") => true,
        Some("no") => false,
        _ => return Err(Fault::new(StatusCode::BAD_REQUEST, "wrong", "There is no such button on this page.")),
    };
    let (receipt, number) = said(&app, &asker, was_me).await?;
    if was_me {
        let place = HeaderValue::from_static("/search");
        return Ok((StatusCode::SEE_OTHER, numbers(&receipt, &number), [(LOCATION, place)]).into_response());
    }
    let page = Page {
        chrome: Chrome::of(&app, None, "was-this-you"),
        period: None,
        groups: Vec::new(),
        shut: true,
        contact: app.names().legal_contact,
    };
    // The session has ended; its cookies go with it.
    let cookies = AppendHeaders(forget(&app).map(|cookie| (SET_COOKIE, cookie)));
    Ok((Extension(Close), numbers(&receipt, &number), cookies, html(&page)?).into_response())
}
