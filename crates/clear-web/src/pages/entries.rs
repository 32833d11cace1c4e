//! The register's entries as forms, drawn from one list.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_respond::Filing;
use clear_respond::policy::{FORMS, Form, FormField, Holds, form};

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::chrome::Chrome;
use crate::pages::html;

#[derive(Template)]
#[template(path = "entries.html")]
struct Entries {
    chrome: Chrome,
    forms: Vec<FormView>,
    /// Agencies that a field may name: id, name.
    agencies: Vec<(String, String)>,
    problem: Option<String>,
    /// What was entered: its title, the register's version, the receipt.
    done: Option<(&'static str, u64, String)>,
}

struct FormView {
    form: &'static Form,
    open: bool,
    fields: Vec<FieldView>,
}

struct FieldView {
    field: &'static FormField,
    /// What was typed before.
    value: String,
}

impl FieldView {
    fn is(&self, word: &str) -> bool {
        matches!(
            (self.field.holds, word),
            (Holds::Agency, "agency")
                | (Holds::Several, "several")
                | (Holds::Tick, "tick")
                | (Holds::Note, "note")
                | (Holds::OneOf(_), "one_of")
        )
    }

    fn words(&self) -> &'static [&'static str] {
        match self.field.holds {
            Holds::OneOf(words) => words,
            _ => &[],
        }
    }
}

impl Entries {
    /// The page, with one form open and filled in with what was typed.
    fn new(app: &App, asker: &Asker, open: Option<&str>, typed: impl Fn(&str) -> Option<String>) -> Entries {
        let agencies = app.desk.public_register().agencies;
        // A cut-off has a page of its own, where its closure is looked at first.
        let forms = FORMS.iter().filter(|form| form.entry != "cut_off").map(|form| {
            let is_open = open == Some(form.entry);
            let value = |field: &FormField| is_open.then(|| typed(field.name)).flatten().unwrap_or_default();
            let fields = form.fields.iter().map(|field| FieldView { field, value: value(field) }).collect();
            FormView { form, open: is_open, fields }
        });
        Entries {
            chrome: Chrome::of(app, Some(&asker.standing), "entries"),
            forms: forms.collect(),
            agencies: agencies.into_iter().map(|agency| (agency.id, agency.name)).collect(),
            problem: None,
            done: None,
        }
    }
}

pub(crate) async fn page(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    html(&Entries::new(&app, &asker, None, |_| None))
}

/// Enters what was filled in.
pub(crate) async fn enter(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    let typed = input.form()?;
    let name = typed.get("entry").unwrap_or_default();
    // A note's line ends are signed; everything else is read without white space around it.
    let said = |field: &str| typed.0.get(field).cloned();
    let refused = |status: StatusCode, problem: String| {
        let page = Entries { problem: Some(problem), ..Entries::new(&app, &asker, Some(&name), said) };
        html(&page).map(|mut response| {
            *response.status_mut() = status;
            response
        })
    };
    let Some(form) = form(&name) else {
        return refused(StatusCode::BAD_REQUEST, format!("There is no entry `{name}`; choose one below."));
    };
    let entry = match form.entry(said) {
        Ok(entry) => entry,
        Err(bad) => return refused(StatusCode::BAD_REQUEST, format!("{bad}.")),
    };
    match asker.file(&app, asker.inquiry.clone(), Filing::Register(vec![entry])).await {
        Ok((accepted, number)) => {
            let receipt = accepted.receipt.to_header();
            let done = Some((form.title, accepted.register, number.to_string()));
            let page = Entries { done, ..Entries::new(&app, &asker, None, |_| None) };
            Ok((StatusCode::CREATED, numbers(&receipt, &number), html(&page)?).into_response())
        }
        Err(fault) if fault.status() == StatusCode::BAD_REQUEST => {
            refused(fault.status(), fault.problem().message.clone())
        }
        Err(fault) => Err(fault),
    }
}
