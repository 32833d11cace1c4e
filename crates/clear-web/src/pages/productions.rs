//! The docket of compelled productions: the list, the form, an entry with its steps and its manifest.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_record::{RecordId, Role};
use clear_respond::{Demand, Determination, Production, ProductionInstrument};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::productions::{DeterminationWish, decide, enter, let_go, look};
use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::{Form, Input};
use crate::pages::chrome::Chrome;
use crate::pages::html;

#[derive(Template)]
#[template(path = "productions.html")]
struct Productions {
    chrome: Chrome,
    productions: Vec<Production>,
    instruments: [ProductionInstrument; 7],
    /// What was typed, where it was not taken.
    typed: Form,
    problem: Option<String>,
}

impl Productions {
    fn word(&self, text: &str) -> String {
        spoken(text)
    }

    fn was(&self, field: &str) -> &str {
        self.typed.raw(field)
    }
}

#[derive(Template)]
#[template(path = "production.html")]
struct OneProduction {
    chrome: Chrome,
    production: Production,
    determinations: [Determination; 4],
    counsel: bool,
    problem: Option<String>,
}

impl OneProduction {
    fn word(&self, text: &str) -> String {
        spoken(text)
    }

    /// Whether counsel's word is to comply and something is left to release.
    fn waits_for_release(&self) -> bool {
        let comply = |made: &clear_respond::Determined| made.determination == Determination::Comply;
        self.production.manifest.is_none() && self.production.determined.as_ref().is_some_and(comply)
    }

    fn records(&self) -> String {
        let ids: Vec<String> = self.production.demand.records.iter().map(ToString::to_string).collect();
        ids.join("\n")
    }
}

fn spoken(text: &str) -> String {
    text.replace('_', " ")
}

pub(crate) async fn page(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (productions, headers) = look(&app, &asker, None).await?;
    let page = list(&app, &asker, productions, Form(Default::default()), None);
    Ok((headers, html(&page)?).into_response())
}

fn list(app: &App, asker: &Asker, productions: Vec<Production>, typed: Form, problem: Option<String>) -> Productions {
    let chrome = Chrome::of(app, Some(&asker.standing), "productions");
    Productions { chrome, productions, instruments: ProductionInstrument::ALL, typed, problem }
}

/// Dockets what was typed and goes on to the entry.
pub(crate) async fn docket(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let form = input.form()?;
    let docketed = match demand(&form) {
        Ok(demand) => enter(&app, &asker, demand).await,
        Err(fault) => Err(fault),
    };
    match docketed {
        Ok((production, headers)) => Ok(go(&production.number, headers)),
        Err(fault) if fault.status() == StatusCode::BAD_REQUEST => {
            let page = list(&app, &asker, Vec::new(), form, Some(fault.problem().message.clone()));
            let mut response = html(&page)?;
            *response.status_mut() = fault.status();
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    asker: Asker,
) -> Result<Response, Fault> {
    let (found, headers) = look(&app, &asker, Some(number)).await?;
    let production = found.into_iter().next().ok_or_else(Fault::not_found)?;
    Ok((headers, html(&entry(&app, &asker, production, None))?).into_response())
}

fn entry(app: &App, asker: &Asker, production: Production, problem: Option<String>) -> OneProduction {
    OneProduction {
        chrome: Chrome::of(app, Some(&asker.standing), "productions"),
        production,
        determinations: Determination::ALL,
        // Which form is shown; what may be done is decided where it is done.
        counsel: asker.standing.roles.contains(&Role::Steward),
        problem,
    }
}

/// Notes counsel's determination.
pub(crate) async fn determine(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    asker: Asker,
    input: Input,
) -> Result<Response, Fault> {
    let form = input.form()?;
    let wish = async {
        let wish = DeterminationWish {
            determination: read("determination", json!(form.raw("determination")))?,
            reasons: form.raw("reasons").to_owned(),
            court_decision: form.get("court_decision"),
            records: Some(records(&form)?),
        };
        decide(&app, &asker, number.clone(), wish).await
    };
    let done = wish.await;
    again(&app, &asker, number, done.map(|(_, headers)| headers)).await
}

/// Gives a release.
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    asker: Asker,
) -> Result<Response, Fault> {
    let done = let_go(&app, &asker, number.clone()).await;
    again(&app, &asker, number, done.map(|(_, headers)| headers)).await
}

/// The entry again: as it is now, or with a word about why nothing changed.
async fn again(app: &App, asker: &Asker, number: String, done: Result<HeaderMap, Fault>) -> Result<Response, Fault> {
    match done {
        Ok(headers) => Ok(go(&number, headers)),
        Err(fault) if fault.status() == StatusCode::BAD_REQUEST => {
            let (found, _) = look(app, asker, Some(number)).await?;
            let production = found.into_iter().next().ok_or_else(Fault::not_found)?;
            let mut response = html(&entry(app, asker, production, Some(fault.problem().message.clone())))?;
            *response.status_mut() = fault.status();
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}

fn go(number: &str, headers: HeaderMap) -> Response {
    // A number is made of letters, digits and dashes.
    (StatusCode::SEE_OTHER, headers, [(LOCATION, format!("/productions/{number}"))]).into_response()
}

fn demand(form: &Form) -> Result<Demand, Fault> {
    Ok(Demand {
        instrument: read("instrument", json!(form.raw("instrument")))?,
        judge_signed: form.get("judge_signed").is_some(),
        court: form.get("court"),
        reference: form.get("reference"),
        demanded_by: form.raw("demanded_by").to_owned(),
        agency: form.get("agency").map(|agency| read("agency", json!(agency))).transpose()?,
        service: form.raw("service").to_owned(),
        received: read("received", json!(form.raw("received")))?,
        deadline: form.get("deadline").map(|deadline| read("deadline", json!(deadline))).transpose()?,
        legal_basis: form.raw("legal_basis").to_owned(),
        scope: form.raw("scope").to_owned(),
        records: records(form)?,
    })
}

/// Record ids, one a line or with spaces or commas between.
fn records(form: &Form) -> Result<BTreeSet<RecordId>, Fault> {
    let ids = form.raw("records").split([' ', ',', '\n', '\r', '\t']).filter(|id| !id.is_empty());
    ids.map(|id| read("records", json!(id))).collect()
}

fn read<T: DeserializeOwned>(field: &str, said: Value) -> Result<T, Fault> {
    serde_json::from_value(said).map_err(|error| {
        Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("{field}: {error}.")).at_field(Some(field.to_owned()))
    })
}
