//! What waits for a second person: questions to release, and questions to look at.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_respond::{HeldQuestion, Review};
use jiff::Timestamp;

use crate::api::{holds, reviews};
use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::chrome::Chrome;
use crate::pages::{html, shown};

/// A question that waits, in words.
struct Waiting {
    number: String,
    who: String,
    agency: String,
    purpose: String,
    case: String,
    reason: String,
    emergency: String,
    question: String,
    /// Why it waits.
    why: String,
    due: String,
    overdue: bool,
    urgent: bool,
    /// Whether the one who looks at the page asked it.
    own: bool,
}

#[derive(Template)]
#[template(path = "reviews.html")]
struct Reviews {
    chrome: Chrome,
    holds: Vec<Waiting>,
    reviews: Vec<Waiting>,
}

pub(crate) async fn page(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (request, number) = asker.deed(&app, ()).await?;
    let queue = app.desk.queue(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
    html(&Reviews {
        chrome: Chrome::of(&app, Some(&asker.standing), "reviews"),
        holds: queue.holds.iter().map(|hold| held(&app, &asker, hold)).collect(),
        reviews: queue.reviews.iter().map(|review| reviewed(&app, &asker, review)).collect(),
    })
}

fn held(app: &App, asker: &Asker, hold: &HeldQuestion) -> Waiting {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let inquiry = &hold.inquiry;
    Waiting {
        number: hold.number.to_string(),
        who: hold.account.to_string(),
        agency: shown::agency(app, hold.agency.as_str()),
        purpose: text(inquiry.purpose.as_ref().map(|purpose| purpose.as_str())),
        case: text(inquiry.case.as_deref()),
        reason: text(inquiry.reason.as_deref()),
        emergency: String::new(),
        question: hold.question.clone(),
        why: hold.basis.clone(),
        due: clock(app, hold.due),
        overdue: hold.due <= app.desk.clock(),
        urgent: true,
        own: asker.standing.account.as_ref() == Some(&hold.account),
    }
}

fn reviewed(app: &App, asker: &Asker, review: &Review) -> Waiting {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let mut flags: Vec<String> = review.flags.iter().map(ToString::to_string).collect();
    // The asker's own answer to what was asked back.
    flags.extend(
        review.for_them.map(|yes| if yes { "said it was for them" } else { "said it was not for them" }.to_owned()),
    );
    Waiting {
        number: review.number.to_string(),
        who: review.account.to_string(),
        agency: shown::agency(app, review.agency.as_str()),
        purpose: text(review.purpose.as_ref().map(|purpose| purpose.as_str())),
        case: text(review.case.as_deref()),
        reason: text(review.reason.as_deref()),
        emergency: text(review.emergency.as_deref()),
        question: review.question.clone(),
        why: flags.join(", "),
        due: clock(app, review.due),
        overdue: review.overdue,
        urgent: review.urgent,
        own: asker.standing.account.as_ref() == Some(&review.account),
    }
}

/// A moment as the city's clock shows it.
pub(crate) fn clock(app: &App, at: Timestamp) -> String {
    at.to_zoned(app.desk.time_zone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Decides one thing, then the page again.
pub(crate) async fn decide(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let form = input.form()?;
    let numbered = form.get("number").unwrap_or_default();
    let done = match form.get("do").as_deref() {
        Some(word @ ("release" | "refuse")) => {
            let (request, number) = asker.deed(&app, holds::named(&numbered)?).await?;
            app.desk.decide_hold(request, word == "release").await.map(|_| number.clone()).map_err(|it| (it, number))
        }
        Some(word @ ("in_order" | "not_in_order")) => {
            let (request, number) = asker.deed(&app, reviews::named(&numbered)?).await?;
            let note = form.get("note").unwrap_or_default();
            app.desk.review(request, word == "in_order", &note).await.map(|_| number.clone()).map_err(|it| (it, number))
        }
        _ => return Err(Fault::new(StatusCode::BAD_REQUEST, "wrong", "There is no such button on this page.")),
    };
    let number = done.map_err(|(refusal, number)| Fault::refused(&app, refusal, &number))?;
    let place = HeaderValue::from_static("/reviews");
    Ok((StatusCode::SEE_OTHER, [("x-clear-request", number.to_string())], [(LOCATION, place)]).into_response())
}
