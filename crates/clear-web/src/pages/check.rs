//! The check page: lines in, what each found out.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use clear_record::{Inquiry, Standing};
use clear_respond::{CHECK_LIMITS, Check, CheckOf, LineChecked, LineRefused};

use crate::app::App;
use crate::asker::{Asker, KeptInquiry, keep_inquiry};
use crate::fault::{Fault, Problem};
use crate::input::{Form, Input};
use crate::pages::bar::{self, Bar, Choice};
use crate::pages::chrome::Chrome;
use crate::pages::{html, shown};

/// What one line found, for the page.
struct Line {
    line: usize,
    understood: String,
    total: usize,
    hits: Vec<Hit>,
    pointers: Vec<String>,
}

/// One hit in a row of the table.
struct Hit {
    id: String,
    title: String,
    why: String,
}

struct Results {
    lines: Vec<Line>,
    refused: Vec<LineRefused>,
    cautions: Vec<&'static str>,
    /// How many lines found something.
    found: usize,
    number: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    chrome: Chrome,
    bar: Bar,
    of: Vec<Choice>,
    file: String,
    lines_max: usize,
    problem: Option<String>,
    results: Option<Results>,
}

/// The empty form.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    show(&app, &asker.standing, &kept, CheckOf::Person, String::new(), None, None)
}

/// Checks what was filled in. The lines stand in no address: they are many, and of persons.
pub(crate) async fn act(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let form: Form = input.form()?;
    let kept = bar::read(&form)?;
    let said = form.get("of");
    let of = CheckOf::ALL.into_iter().find(|of| said.as_deref() == Some(of.name())).unwrap_or(CheckOf::Person);
    let file = form.raw("file").to_owned();
    let inquiry = bar::stated(kept.clone(), &asker.standing);
    let cookie = [(SET_COOKIE, keep_inquiry(&app, &kept))];
    match asker.ask(&app, inquiry, None, Check { of, file: file.clone() }).await {
        Ok(answered) => {
            let checked = answered.response.get();
            let lines: Vec<Line> = checked.lines.iter().map(|line| row(&app, line)).collect();
            let results = Results {
                found: lines.iter().filter(|line| line.total > 0 || !line.pointers.is_empty()).count(),
                lines,
                refused: checked.refused.clone(),
                cautions: checked.cautions.clone(),
                number: answered.number.to_string(),
                entry: answered.response.receipt().index(),
            };
            // The lines are not sent back: each stands in the table as it was read.
            Ok((cookie, show(&app, &asker.standing, &kept, of, String::new(), None, Some(results))?).into_response())
        }
        Err(fault) if fault.is_mistake() => {
            let mut response = show(&app, &asker.standing, &kept, of, file, Some(&fault), None)?;
            *response.status_mut() = fault.status();
            Ok((cookie, response).into_response())
        }
        Err(fault) => Err(fault),
    }
}

fn row(app: &App, checked: &LineChecked) -> Line {
    let hit = |hit: &clear_respond::CheckedHit| {
        let card = shown::card(app, &hit.record, vec![]);
        Hit { id: card.id, title: card.title, why: hit.why.join(", ") }
    };
    Line {
        line: checked.line,
        understood: checked.understood.clone(),
        total: checked.total,
        hits: checked.hits.iter().map(hit).collect(),
        pointers: checked.pointers.iter().map(|pointer| shown::agency(app, &pointer.ask)).collect(),
    }
}

fn show(
    app: &App,
    standing: &Standing,
    kept: &Inquiry,
    of: CheckOf,
    file: String,
    fault: Option<&Fault>,
    results: Option<Results>,
) -> Result<Response, Fault> {
    let problem: Option<&Problem> = fault.map(Fault::problem);
    let title = |of: CheckOf| match of {
        CheckOf::Person => "Persons: a name, and a date of birth where it is known",
        CheckOf::Plate => "Registration plates",
        CheckOf::Property => "Property: inventory or serial numbers",
    };
    let choice = |it: CheckOf| Choice { code: it.name().to_owned(), title: title(it).to_owned(), chosen: it == of };
    html(&CheckPage {
        chrome: Chrome::of(app, Some(standing), "check"),
        bar: Bar::of(app, standing, kept, problem),
        of: CheckOf::ALL.into_iter().map(choice).collect(),
        file,
        lines_max: CHECK_LIMITS.lines,
        problem: problem.map(|problem| problem.message.clone()),
        results,
    })
}
