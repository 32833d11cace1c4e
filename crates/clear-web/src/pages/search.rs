//! The search page.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_record::{Inquiry, Standing};
use clear_respond::{AlsoRead, FacetCount, Find, Found, FoundFacet, FoundHit, FoundSnippet};

use crate::app::App;
use crate::asker::{Asker, KeptInquiry, keep_inquiry};
use crate::fault::{Fault, Problem};
use crate::input::{Form, Input};
use crate::pages::bar::{self, Bar};
use crate::pages::chrome::Chrome;
use crate::pages::html;
use crate::pages::shown::{self, Card};

const PAGE: usize = 20;

/// The fields of the form, as they stand in the page's address.
const FIELDS: [&str; 12] =
    ["q", "as", "from", "to", "beat", "hours", "weekdays", "district", "area", "near", "radius", "kind"];

/// What the search form asks for, as it was typed.
#[derive(Default, Clone)]
pub(crate) struct Asked {
    said: BTreeMap<&'static str, String>,
    page: usize,
}

impl Asked {
    fn of(get: impl Fn(&str) -> String) -> Asked {
        let said = FIELDS.iter().map(|name| (*name, get(name))).filter(|(_, text)| !text.is_empty());
        Asked { said: said.collect(), page: get("page").parse().unwrap_or(1).max(1) }
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        self.said.get(name).map_or("", String::as_str)
    }

    /// Whether a field that stands folded away says something.
    pub(crate) fn says_more(&self) -> bool {
        FIELDS.iter().skip(5).take(6).any(|name| self.said.contains_key(name))
    }

    fn is_nothing(&self) -> bool {
        self.said.is_empty()
    }

    /// The same question from its first page on, with a field said otherwise.
    fn with(&self, name: &'static str, text: &str) -> Asked {
        let mut other = Asked { page: 1, ..self.clone() };
        other.said.insert(name, text.to_owned());
        other
    }

    /// The page's address; the question is in it, the inquiry is not.
    fn address(&self, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for name in FIELDS {
            if let Some(text) = self.said.get(name) {
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
        let said = |name: &str| self.said.get(name).cloned();
        let number = |title: &str, name: &str| match self.get(name) {
            "" => Ok(None),
            text => text.parse::<u32>().map(Some).map_err(|_| format!("`{title}` is not a whole number.")),
        };
        let area = number("Community area", "area")?.map(|area| u16::try_from(area).unwrap_or(u16::MAX));
        Ok(Find {
            text: said("q"),
            read_as: said("as"),
            from: day("From", self.get("from"))?,
            to: day("To", self.get("to"))?,
            beat: said("beat"),
            hours: said("hours"),
            weekdays: said("weekdays"),
            district: said("district"),
            community_area: area,
            near: said("near"),
            radius_m: number("Radius", "radius")?,
            kind: said("kind"),
            facets: Some(true),
            limit: Some(PAGE),
            offset: Some((self.page - 1) * PAGE),
            ..Find::default()
        })
    }
}

/// A link with its words.
pub(crate) struct Choice {
    pub(crate) words: String,
    pub(crate) href: Option<String>,
    pub(crate) count: Option<usize>,
}

/// Hits by one property.
pub(crate) struct Facet {
    pub(crate) title: &'static str,
    pub(crate) choices: Vec<Choice>,
}

/// How many values of a property the page shows.
const CHOICES_MAX: usize = 8;

/// What was found, for the page.
pub(crate) struct Results {
    pub(crate) understood: String,
    /// How else it can be read.
    pub(crate) also: Vec<Choice>,
    /// A mistake in what was typed, with its mend.
    pub(crate) note: Option<String>,
    /// What was perhaps meant, or begins so.
    pub(crate) meant: Vec<Choice>,
    pub(crate) facets: Vec<Facet>,
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
        Err(fault) if fault.is_mistake() => {
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
        also: found.also.iter().map(|also| also_read(&asked, also)).collect(),
        note: found.note.clone(),
        meant: meant(&asked, found),
        facets: found.facets.iter().filter_map(|facet| counted(&asked, facet)).collect(),
        hits: found.hits.iter().map(|hit| hit_card(&app, hit)).collect(),
        cautions: found.cautions.clone(),
        pointers: found.pointers.iter().map(|pointer| shown::agency(&app, &pointer.ask)).collect(),
        previous: (asked.page > 1).then(|| asked.address(asked.page - 1)),
        next: (first + PAGE < found.total).then(|| asked.address(asked.page + 1)),
        number: answered.number.to_string(),
        entry: answered.response.receipt().index(),
    };
    show(&app, &asker.standing, &kept, asked, None, Some(results))
}

/// A hit's card; its snippets stand for its long texts.
fn hit_card(app: &App, hit: &FoundHit) -> Card {
    let mut card = shown::card(app, &hit.record, hit.why.clone());
    if !hit.snippets.is_empty() {
        card.lines.retain(|line| !line.long);
        let pieces = |snippet: &FoundSnippet| snippet.pieces.iter().map(|it| (it.text.clone(), it.marked)).collect();
        card.snippets = hit.snippets.iter().map(pieces).collect();
    }
    card
}

fn also_read(asked: &Asked, also: &AlsoRead) -> Choice {
    let href = Some(asked.with("as", also.read_as).address(1));
    Choice { words: also.how.clone(), href, count: None }
}

/// Spellings that were perhaps meant, and what begins as typed. Where the other spelling was searched at once, there is
/// nothing to follow.
fn meant(asked: &Asked, found: &Found) -> Vec<Choice> {
    let suggested = found.suggested.iter().map(|it| {
        let typed = asked.get("q");
        let at = typed.to_ascii_uppercase().find(&it.asked);
        let end = at.map(|at| at + it.asked.len());
        let replaced = at.zip(end).and_then(|(at, end)| {
            Some(format!("{}{}{}", typed.get(..at)?, it.instead.to_lowercase(), typed.get(end..)?))
        });
        let href = (found.total == 0).then(|| asked.with("q", replaced.as_deref().unwrap_or(&it.instead)).address(1));
        Choice { words: it.instead.clone(), href, count: Some(it.count) }
    });
    let begins = found.begins.iter().map(|it| {
        let reading = match it.kind {
            "street" => "address",
            "plate" => "plate",
            _ => "words",
        };
        let href = Some(asked.with("q", &it.text).with("as", reading).address(1));
        Choice { words: format!("{} {}", it.kind, it.text), href, count: Some(it.count) }
    });
    suggested.chain(begins).collect()
}

/// One property's values, each a link that narrows to it.
fn counted(asked: &Asked, facet: &FoundFacet) -> Option<Facet> {
    let title = match facet.by {
        "kind" => "Kind",
        "year" => "Year",
        "beat" => "Beat",
        "district" => "District",
        _ => "Community area",
    };
    let narrowed = |value: &str| match facet.by {
        "kind" => asked.with("kind", value),
        "year" => asked.with("from", &format!("{value}-01-01")).with("to", &format!("{value}-12-31")),
        "beat" => asked.with("beat", value),
        "district" => asked.with("district", value),
        _ => asked.with("area", value),
    };
    let choice = |it: &FacetCount| {
        let words = if facet.by == "kind" { shown::kinds_words(&it.value).to_owned() } else { it.value.clone() };
        Choice { words, href: Some(narrowed(&it.value).address(1)), count: Some(it.count) }
    };
    // One value alone narrows nothing.
    let choices: Vec<Choice> = facet.counts.iter().take(CHOICES_MAX).map(choice).collect();
    (choices.len() > 1).then_some(Facet { title, choices })
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
