//! The steward's page: an order is drafted, looked at, signed elsewhere, and put in force.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_record::Role;
use clear_respond::{OrderPreview, Replay};

use crate::api::cut_offs::{Acknowledged, OrderWish, draft, put_in_force};
use crate::api::replay::{DAYS, previewed};
use crate::app::{App, Received};
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::chrome::Chrome;
use crate::pages::html;

/// What the steward is doing.
enum Step {
    Draft,
    Look(OrderPreview),
    Done(Box<Acknowledged>),
}

#[derive(Template)]
#[template(path = "steward.html")]
struct Steward {
    chrome: Chrome,
    step: Step,
    wish: OrderWish,
    note: String,
    problem: Option<String>,
    /// What the order would have changed, for stewards.
    replay: Option<Replay>,
    /// Agencies that an order may name: id, name.
    agencies: Vec<(String, String)>,
}

impl Steward {
    fn new(app: &App, asker: &Asker, step: Step, wish: OrderWish) -> Steward {
        let agencies = app.desk.public_register().agencies;
        let agencies = agencies.into_iter().filter(|agency| agency.access != "cut off" && agency.access != "owner");
        Steward {
            chrome: Chrome::of(app, Some(&asker.standing), "steward"),
            step,
            wish,
            note: String::new(),
            problem: None,
            replay: None,
            agencies: agencies.map(|agency| (agency.id, agency.name)).collect(),
        }
    }

    /// Whether the closure was looked at on this page.
    fn looked(&self) -> bool {
        matches!(self.step, Step::Look(_))
    }

    fn refused(self, fault: &Fault) -> Result<Response, Fault> {
        let mut response = html(&Steward { problem: Some(fault.problem().message.clone()), ..self })?;
        *response.status_mut() = fault.status();
        Ok(response)
    }
}

fn blank() -> OrderWish {
    let text = String::new;
    OrderWish {
        number: text(),
        agency: text(),
        covers: "under".into(),
        scope: "installation".into(),
        text: text(),
        contact: None,
    }
}

pub(crate) async fn page(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    html(&Steward::new(&app, &asker, Step::Draft, blank()))
}

/// Shows the closure by name, before anybody signs.
pub(crate) async fn preview(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    let form = input.form()?;
    let said = |name: &str| form.get(name).unwrap_or_default();
    let wish = OrderWish {
        number: said("number"),
        agency: said("agency"),
        covers: said("covers"),
        scope: said("scope"),
        text: said("text"),
        contact: form.get("contact"),
    };
    match draft(&app, &wish) {
        Ok(preview) => {
            // Whoever may not enter orders sees the closure; what others asked is not for everybody to see.
            let replay = match asker.standing.roles.contains(&Role::Steward) {
                true => Some(previewed(&app, &asker, &preview.text, DAYS).await?.0.replay),
                false => None,
            };
            html(&Steward { replay, ..Steward::new(&app, &asker, Step::Look(preview), wish) })
        }
        Err(fault) => Steward::new(&app, &asker, Step::Draft, wish).refused(&fault),
    }
}

/// Puts the signed order in force.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Extension(received): Extension<Received>,
    asker: Asker,
    input: Input,
) -> Result<Response, Fault> {
    // Browsers send line ends of their own; the signatures are over single ones.
    let note = input.form()?.raw("note").replace("\r\n", "\n");
    match put_in_force(&app, &asker, received, note.clone()).await {
        Ok((acknowledged, headers)) => {
            let page = Steward::new(&app, &asker, Step::Done(Box::new(acknowledged)), blank());
            Ok((StatusCode::CREATED, headers, html(&page)?).into_response())
        }
        Err(fault) if fault.status() == StatusCode::BAD_REQUEST => {
            let page = Steward { note, ..Steward::new(&app, &asker, Step::Draft, blank()) };
            page.refused(&fault)
        }
        Err(fault) => Err(fault),
    }
}
