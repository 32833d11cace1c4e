//! The search page.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_record::{Inquiry, Standing};
use clear_respond::Find;

use crate::app::App;
use crate::asker::{Asker, KeptInquiry, keep_inquiry};
use crate::fault::{Fault, Problem};
use crate::input::{Form, Input};
use crate::pages::bar::{self, Bar};
use crate::pages::chrome::Chrome;
use crate::pages::html;
use crate::pages::shown::{self, Card};

const PAGE: usize = 20;

/// What the search form asks for, as it was typed.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) q: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) beat: String,
    page: usize,
}

impl Asked {
    fn of(get: impl Fn(&str) -> String) -> Asked {
        Asked {
            q: get("q"),
            from: get("from"),
            to: get("to"),
            beat: get("beat"),
            page: get("page").parse().unwrap_or(1).max(1),
        }
    }

    fn is_nothing(&self) -> bool {
        [&self.q, &self.from, &self.to, &self.beat].iter().all(|text| text.is_empty())
    }

    /// The page's address; the question is in it, the inquiry is not.
    fn address(&self, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, text) in [("q", &self.q), ("from", &self.from), ("to", &self.to), ("beat", &self.beat)] {
            if !text.is_empty() {
                query.append_pair(name, text);
            }
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        let query = query.finish();
        if query.is_empty() { "/search".to_owned() } else { format!("/search?{query}") }
    }

    fn question(&self) -> Result<Find, String> {
        let day = |name: &str, text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| format!("`{name}` is not a date like 2019-07-16.")),
        };
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Find {
            text: said(&self.q),
            from: day("From", &self.from)?,
            to: day("To", &self.to)?,
            beat: said(&self.beat),
            limit: Some(PAGE),
            offset: Some((self.page - 1) * PAGE),
            ..Find::default()
        })
    }
}

/// What was found, for the page.
pub(crate) struct Results {
    pub(crate) understood: String,
    pub(crate) total: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) hits: Vec<Card>,
    pub(crate) pointers: Vec<String>,
    /// What an owner lets be told of what is not shown.
    pub(crate) cautions: Vec<&'static str>,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
    pub(crate) number: String,
    pub(crate) entry: u64,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    chrome: Chrome,
    bar: Bar,
    asked: Asked,
    problem: Option<String>,
    results: Option<Results>,
}

/// The form, and what it found when something was asked.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let pairs: BTreeMap<String, String> = pairs.into_iter().collect();
    let asked = Asked::of(|name| pairs.get(name).map(|text| text.trim().to_owned()).unwrap_or_default());
    if asked.is_nothing() {
        asker.signed_in(&app)?;
        return show(&app, &asker.standing, &kept, asked, None, None);
    }
    let question = match asked.question() {
        Ok(question) => question,
        Err(what) => {
            asker.signed_in(&app)?;
            let mut response = show(
                &app,
                &asker.standing,
                &kept,
                asked,
                Some(&Fault::new(StatusCode::BAD_REQUEST, "wrong", what)),
                None,
            )?;
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return Ok(response);
        }
    };
    let inquiry = bar::stated(kept.clone(), &asker.standing);
    let answered = match asker.ask(&app, inquiry, None, question).await {
        Ok(answered) => answered,
        // What the asker can mend on this page is said on this page.
        Err(fault) if matches!(fault.status(), StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
            let mut response = show(&app, &asker.standing, &kept, asked, Some(&fault), None)?;
            *response.status_mut() = fault.status();
            return Ok(response);
        }
        Err(fault) => return Err(fault),
    };
    let found = answered.response.get();
    let first = (asked.page - 1) * PAGE;
    let results = Results {
        understood: found.understood.clone(),
        total: found.total,
        first: first + 1,
        last: (first + PAGE).min(found.total),
        hits: found.hits.iter().map(|hit| shown::card(&app, &hit.record, hit.why.clone())).collect(),
        cautions: found.cautions.clone(),
        pointers: found.pointers.iter().map(|pointer| shown::agency(&app, &pointer.ask)).collect(),
        previous: (asked.page > 1).then(|| asked.address(asked.page - 1)),
        next: (first + PAGE < found.total).then(|| asked.address(asked.page + 1)),
        number: answered.number.to_string(),
        entry: answered.response.receipt().index(),
    };
    show(&app, &asker.standing, &kept, asked, None, Some(results))
}

fn show(
    app: &App,
    standing: &Standing,
    kept: &Inquiry,
    asked: Asked,
    fault: Option<&Fault>,
    results: Option<Results>,
) -> Result<Response, Fault> {
    let problem: Option<&Problem> = fault.map(Fault::problem);
    html(&Search {
        chrome: Chrome::of(app, Some(standing), "search"),
        bar: Bar::of(app, standing, kept, problem),
        asked,
        problem: problem.map(|problem| problem.message.clone()),
        results,
    })
}

/// Keeps the inquiry and goes on to the question's own address, which can be reloaded and gone back to.
pub(crate) async fn keep(State(app): State<Arc<App>>, input: Input) -> Result<Response, Fault> {
    let form: Form = input.form()?;
    let inquiry = bar::read(&form)?;
    let asked = Asked::of(|name| form.get(name).unwrap_or_default());
    let place = HeaderValue::from_str(&asked.address(1)).map_err(|error| Fault::ours(&error))?;
    Ok((StatusCode::SEE_OTHER, [(SET_COOKIE, keep_inquiry(&app, &inquiry))], [(LOCATION, place)]).into_response())
}
