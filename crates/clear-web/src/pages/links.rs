//! What a record is linked with, drawn and listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use clear_respond::{LinkChart, LinkedNode, Links};

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::pages::bar::{self, Bar};
use crate::pages::chart::{self, BOX_HEIGHT, BOX_WIDTH};
use crate::pages::chrome::Chrome;
use crate::pages::{html, short, shown};

/// Neighbours of each node that a page shows.
const PAGE: usize = 12;
/// Nodes that are opened on one page beside the first.
const OPEN_MAX: usize = 4;
/// Characters of a title that fit a box, and of its second line.
const TITLE_CHARS: usize = 20;
const UNDER_CHARS: usize = 30;

/// What the page asks for, as it stands in its address.
#[derive(Default, Clone)]
struct Asked {
    from: String,
    to: String,
    common: bool,
    open: Vec<String>,
    hops: String,
    since: String,
    until: String,
    offset: usize,
}

impl Asked {
    fn of(pairs: &[(String, String)]) -> Asked {
        let get = |name: &str| {
            let text = pairs.iter().find(|(known, _)| known == name).map(|(_, text)| text.trim());
            text.unwrap_or_default().to_owned()
        };
        let open = pairs.iter().filter(|(name, _)| name == "open").map(|(_, text)| text.trim().to_owned());
        Asked {
            from: get("from"),
            to: get("to"),
            common: get("show") == "common",
            open: open.filter(|text| !text.is_empty()).take(OPEN_MAX).collect(),
            hops: get("hops"),
            since: get("since"),
            until: get("until"),
            offset: get("offset").parse().unwrap_or(0),
        }
    }

    /// The page's address; the question is in it, the inquiry is not.
    fn address(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let common = if self.common { "common" } else { "" };
        let offset = if self.offset == 0 { String::new() } else { self.offset.to_string() };
        for (name, text) in [
            ("from", self.from.as_str()),
            ("to", &self.to),
            ("show", common),
            ("hops", &self.hops),
            ("since", &self.since),
            ("until", &self.until),
            ("offset", &offset),
        ] {
            if !text.is_empty() {
                query.append_pair(name, text);
            }
        }
        self.open.iter().for_each(|node| _ = query.append_pair("open", node));
        format!("/links?{}", query.finish())
    }

    /// With a node opened beside those that are.
    fn opened(&self, node: &str) -> Option<String> {
        let is = self.open.iter().any(|open| open == node) || (self.to.is_empty() && self.from == node);
        if is || self.open.len() == OPEN_MAX {
            return None;
        }
        let mut other = self.clone();
        other.open.push(node.to_owned());
        Some(other.address())
    }

    /// From another start.
    fn starting(&self, node: &str) -> String {
        Asked { from: node.to_owned(), since: self.since.clone(), until: self.until.clone(), ..Asked::default() }
            .address()
    }

    fn paged(&self, offset: usize) -> String {
        Asked { offset, ..self.clone() }.address()
    }

    fn question(&self) -> Result<Links, String> {
        let day = |title: &str, text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| format!("`{title}` is not a date like 2019-07-16.")),
        };
        let hops = match self.hops.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| "`Links in a way` is a whole number.".to_owned())?),
        };
        Ok(Links {
            from: self.from.clone(),
            to: (!self.to.is_empty()).then(|| self.to.clone()),
            common: self.common.then_some(true),
            open: self.open.clone(),
            hops,
            since: day("Since", &self.since)?,
            until: day("Until", &self.until)?,
            limit: Some(PAGE),
            offset: (self.offset > 0).then_some(self.offset),
        })
    }
}

/// A box of the chart.
struct Placed {
    kind: &'static str,
    x: i32,
    y: i32,
    title: String,
    whole: String,
    under: String,
    href: String,
    first: bool,
}

/// A line of the chart.
struct Line {
    path: String,
    /// Whether it is beside the way by which its end was reached.
    beside: bool,
}

/// A node in the list.
struct Row {
    kind: &'static str,
    kind_words: &'static str,
    title: String,
    /// The record's page.
    record: Option<String>,
    degree: usize,
    more: bool,
    open: Option<String>,
    start: String,
    links: Vec<(String, String)>,
}

/// Neighbours that are not on the page.
struct Rest {
    title: String,
    first: usize,
    last: usize,
    total: usize,
    previous: Option<String>,
    next: Option<String>,
}

/// What was found.
struct Results {
    width: i32,
    height: i32,
    boxes: Vec<Placed>,
    lines: Vec<Line>,
    says: String,
    ways: Vec<String>,
    notes: Vec<String>,
    rests: Vec<Rest>,
    rows: Vec<Row>,
    number: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "links.html")]
struct LinksPage {
    chrome: Chrome,
    bar: Bar,
    asked: Asked,
    problem: Option<String>,
    results: Option<Results>,
    box_width: i32,
    box_height: i32,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let asked = Asked::of(&pairs);
    let mut page = LinksPage {
        chrome: Chrome::of(&app, Some(&asker.standing), "search"),
        bar: Bar::of(&app, &asker.standing, &kept, None),
        asked: asked.clone(),
        problem: None,
        results: None,
        box_width: BOX_WIDTH,
        box_height: BOX_HEIGHT,
    };
    if asked.from.is_empty() {
        asker.signed_in(&app)?;
        return html(&page);
    }
    let fault = match asked.question() {
        Ok(question) => match asker.ask(&app, bar::stated(kept, &asker.standing), None, question).await {
            Ok(answered) => {
                let chart = answered.response.get();
                if chart.nodes.is_empty() {
                    let receipt = answered.response.receipt().to_header();
                    return Err(Fault::not_found().numbered(&answered.number).with("x-clear-receipt", &receipt));
                }
                let (number, entry) = (answered.number.to_string(), answered.response.receipt().index());
                page.results = Some(results(&asked, chart, number, entry));
                return html(&page);
            }
            Err(fault) if fault.status() == StatusCode::BAD_REQUEST => fault,
            Err(fault) => return Err(fault),
        },
        Err(what) => {
            asker.signed_in(&app)?;
            Fault::new(StatusCode::BAD_REQUEST, "wrong", what)
        }
    };
    page.problem = Some(fault.problem().message.clone());
    let mut response = html(&page)?;
    *response.status_mut() = StatusCode::BAD_REQUEST;
    Ok(response)
}

fn results(asked: &Asked, found: &LinkChart, number: String, entry: u64) -> Results {
    let place: BTreeMap<&str, usize> = (0..).zip(&found.nodes).map(|(at, node)| (node.node.as_str(), at)).collect();
    let places = |one: &str, other: &str| Some((*place.get(one)?, *place.get(other)?));
    let pairs: Vec<(usize, usize)> = found.links.iter().filter_map(|link| places(&link.one, &link.other)).collect();
    let why: BTreeMap<(usize, usize), String> = found
        .links
        .iter()
        .filter_map(|link| {
            let (one, other) = places(&link.one, &link.other)?;
            let mut whats: Vec<&str> = link.because.iter().map(|because| because.what.as_str()).collect();
            whats.dedup();
            Some(((one.min(other), one.max(other)), whats.join(", ")))
        })
        .collect();
    let why = |one: usize, other: usize| why.get(&(one.min(other), one.max(other))).cloned().unwrap_or_default();
    let laid = chart::layout(found.nodes.len(), &pairs);
    let at = |at: usize| laid.places.get(at).copied().flatten();
    let before = |at: usize| laid.before.get(at).copied().flatten();
    let lines = pairs.iter().filter_map(|(one, other)| {
        let led = before(*other) == Some(*one) || before(*one) == Some(*other);
        Some(Line { path: chart::line(at(*one)?, at(*other)?), beside: !led })
    });
    let boxes = (0..).zip(&found.nodes).filter_map(|(number, node)| {
        let (x, y) = at(number)?;
        let said = before(number).map(|before| why(before, number)).filter(|text| !text.is_empty());
        let under = [Some(kind_words(node.kind).to_lowercase()), said].into_iter().flatten().collect::<Vec<_>>();
        Some(Placed {
            kind: look(node),
            x,
            y,
            title: short(&title(node), TITLE_CHARS),
            whole: format!("{}: {}", kind_words(node.kind), title(node)),
            under: short(&under.join(" · "), UNDER_CHARS),
            href: asked.opened(&node.node).unwrap_or_else(|| asked.starting(&node.node)),
            first: number == 0,
        })
    });
    let named = |node: &str| {
        let node = place.get(node).and_then(|at| found.nodes.get(*at));
        node.map(title).unwrap_or_default()
    };
    let way = |path: &Vec<String>| {
        let mut text = path.first().map(|node| named(node)).unwrap_or_default();
        for (one, other) in path.iter().zip(path.iter().skip(1)) {
            let words = places(one, other).map(|(one, other)| why(one, other)).unwrap_or_default();
            text.push_str(&format!(" – {words} – {}", named(other)));
        }
        text
    };
    let mut rests: Vec<Rest> = found
        .expanded
        .iter()
        .map(|it| {
            let own = it.node == found.nodes.first().map_or("", |node| &node.node) && asked.to.is_empty();
            let next = it.offset + it.shown;
            Rest {
                title: named(&it.node),
                first: (it.offset + 1).min(it.total),
                last: next.min(it.total),
                total: it.total,
                previous: (own && it.offset > 0).then(|| asked.paged(it.offset.saturating_sub(PAGE))),
                next: (own && next < it.total).then(|| asked.paged(next)),
            }
        })
        .collect();
    if let Some(total) = found.common_total {
        let next = asked.offset + found.common.len();
        rests.insert(
            0,
            Rest {
                title: "both".to_owned(),
                first: asked.offset + 1,
                last: next,
                total,
                previous: (asked.offset > 0).then(|| asked.paged(asked.offset.saturating_sub(PAGE))),
                next: (next < total).then(|| asked.paged(next)),
            },
        );
    }
    let rows = (0..).zip(&found.nodes).map(|(number, node)| {
        let own: Vec<(String, String)> = (0..found.nodes.len())
            .filter(|other| *other != number)
            .filter_map(|other| {
                let why = why(number, other);
                (!why.is_empty()).then(|| (why, found.nodes.get(other).map(title).unwrap_or_default()))
            })
            // What stands before has the link in its own line.
            .take(if number == 0 { 0 } else { 3 })
            .collect();
        Row {
            kind: look(node),
            kind_words: kind_words(node.kind),
            title: title(node),
            record: node.record.as_ref().map(|record| record.id.clone()),
            degree: node.degree,
            more: node.more,
            open: asked.opened(&node.node),
            start: asked.starting(&node.node),
            links: own,
        }
    });
    Results {
        width: laid.width,
        height: laid.height,
        boxes: boxes.collect(),
        lines: lines.collect(),
        says: format!(
            "{} records and values with {} links between them; the list below says the same",
            found.nodes.len(),
            found.links.len()
        ),
        ways: found.paths.iter().map(way).collect(),
        notes: found.notes.clone(),
        rests,
        rows: rows.collect(),
        number,
        entry,
    }
}

/// Its class on the page: the kinds of records have colours already.
fn look(node: &LinkedNode) -> &'static str {
    if node.record.is_some() { node.kind } else { "value" }
}

fn title(node: &LinkedNode) -> String {
    if node.title.is_empty() { kind_words(node.kind).to_owned() } else { node.title.clone() }
}

fn kind_words(kind: &str) -> &'static str {
    match kind {
        "plate" => "Plate",
        "vin" => "Vehicle number",
        "address" => "Address",
        "phone" => "Telephone",
        "identity_number" => "Identity number",
        "serial_number" => "Serial number",
        kind => shown::kind_words(kind),
    }
}
