//! The stop: two taps from the car's screen to what is known of a plate.
//!
//! Dispatch's event, or *Start stop*, opens the inquiry; a plate and *Check* ask under it, and nothing else is to be
//! filled in. Works on a telephone's width, without a script.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_record::{EventKind, Inquiry, InquiryId, Kind, RecordId};
use clear_respond::{Find, InquiryKind, NewEvent, Open, OpenInquiry};

use crate::api::inquiries::named;
use crate::app::App;
use crate::asker::{Asker, KeptInquiry, keep_inquiry};
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::chrome::Chrome;
use crate::pages::html;
use crate::pages::shown::{self, Card, Warning};

/// Hits of a plate that the page shows.
const HITS_MAX: usize = 8;

/// An open inquiry, as the page has it.
struct Line {
    number: String,
    case: String,
    reason: String,
    unit: String,
    until: String,
}

/// What a plate gave.
struct Checked {
    plate: String,
    total: usize,
    warnings: Vec<Warning>,
    cards: Vec<Card>,
    beside: Vec<Card>,
    pointers: Vec<String>,
    number: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "stop.html")]
struct Stop {
    chrome: Chrome,
    /// The inquiry that the next check goes under.
    now: Option<Line>,
    others: Vec<Line>,
    emergency: Option<String>,
    plate: String,
    problem: Option<String>,
    result: Option<Checked>,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    let pairs: BTreeMap<String, String> = pairs.into_iter().collect();
    let said = |name: &str| pairs.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let open = app.desk.my_inquiries(&asker.standing).await.map_err(|error| Fault::ours(&error))?;
    let wanted = said("inquiry");
    let kept_number = kept.number.as_ref().map(InquiryId::as_str);
    // The one that the page names, the one that the browser keeps, or the newest event.
    let now = wanted
        .as_deref()
        .and_then(|wanted| open.iter().find(|open| open.number.as_str() == wanted))
        .or_else(|| open.iter().find(|open| Some(open.number.as_str()) == kept_number))
        .or_else(|| open.iter().find(|open| open.kind == InquiryKind::Event));
    let emergency = kept.emergency.clone().filter(|_| now.map(|now| now.number.as_str()) == kept_number);
    let keep = now.map(|now| Inquiry {
        number: Some(now.number.clone()),
        emergency: emergency.clone(),
        // What was answered about the words of this inquiry stays answered.
        for_them: kept.for_them.filter(|_| Some(now.number.as_str()) == kept_number),
        released: kept.released.clone(),
        ..Inquiry::default()
    });
    let plate = said("plate").unwrap_or_default();
    let mut page = Stop {
        chrome: Chrome::of(&app, Some(&asker.standing), "stop"),
        now: now.map(|now| line(&app, now)),
        others: open.iter().filter(|it| Some(*it) != now).map(|it| line(&app, it)).collect(),
        emergency,
        plate: plate.clone(),
        problem: None,
        result: None,
    };
    if let (Some(inquiry), false) = (&keep, plate.is_empty()) {
        match check(&app, &asker, inquiry, &plate).await {
            Ok(result) => page.result = Some(result),
            Err(fault) if fault.status() == StatusCode::BAD_REQUEST => {
                page.problem = Some(fault.problem().message.clone());
            }
            Err(fault) => return Err(fault),
        }
    }
    let Some(inquiry) = keep else { return html(&page) };
    // The records that the officer opens from here are opened under the same inquiry, with all of its parts in the bar.
    let stated = app.desk.stated(&asker.standing, &inquiry).await;
    Ok(([(SET_COOKIE, keep_inquiry(&app, &stated))], html(&page)?).into_response())
}

/// Asks for the plate, and for the warnings on the vehicle when there is one.
async fn check(app: &App, asker: &Asker, inquiry: &Inquiry, plate: &str) -> Result<Checked, Fault> {
    let question = Find { plate: Some(plate.to_owned()), limit: Some(HITS_MAX), ..Find::default() };
    let answered = asker.ask(app, inquiry.clone(), None, question).await?;
    let found = answered.response.get();
    let mut result = Checked {
        plate: plate.to_uppercase(),
        total: found.total,
        warnings: vec![],
        cards: found.hits.iter().map(|hit| shown::card(app, &hit.record, hit.why.clone())).collect(),
        beside: vec![],
        pointers: found.pointers.iter().map(|pointer| shown::agency(app, &pointer.ask)).collect(),
        number: answered.number.to_string(),
        entry: answered.response.receipt().index(),
    };
    let first = found.hits.iter().find(|hit| hit.record.kind == Kind::Vehicle.name());
    let Some(id) = first.and_then(|hit| hit.record.id.parse::<RecordId>().ok()) else { return Ok(result) };
    let answered = asker.ask(app, inquiry.clone(), None, Open { id }).await?;
    let Some(record) = &answered.response.get().record else { return Ok(result) };
    result.warnings = record.alerts.iter().map(|alert| shown::warning(app, alert)).collect();
    result
        .warnings
        .sort_by_key(|warning| ["confirm", "information", "none"].iter().position(|look| *look == warning.look));
    let people = record.related.iter().filter(|related| related.shown.kind == Kind::Person.name());
    result.beside = people.map(|related| shown::card(app, &related.shown, vec![])).collect();
    let titles: BTreeMap<String, String> = record
        .related
        .iter()
        .map(|related| (related.shown.id.clone(), related.shown.title.clone()))
        .chain([(record.shown.id.clone(), record.shown.title.clone())])
        .collect();
    let cards = result.warnings.iter_mut().map(|warning| &mut warning.card);
    for card in cards.chain(&mut result.cards).chain(&mut result.beside) {
        shown::name_references(&mut card.lines, &titles, &record.shown.id);
    }
    Ok(result)
}

fn line(app: &App, open: &OpenInquiry) -> Line {
    Line {
        number: open.number.to_string(),
        case: open.case.clone(),
        reason: open.reason.clone(),
        unit: open.unit.clone().unwrap_or_default(),
        until: open.until.to_zoned(app.desk.time_zone()).strftime("%H:%M").to_string(),
    }
}

/// Starts a stop, ends one, takes an event over, or states an emergency; then the page again.
pub(crate) async fn act(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let form = input.form()?;
    let inquiry = || form.get("inquiry").unwrap_or_default();
    let (keep, number) = match form.get("do").as_deref() {
        Some("start") => {
            let officers = asker.standing.account.iter().cloned().collect();
            let event = NewEvent {
                event: form.get("event"),
                kind: EventKind::Stop,
                unit: form.get("unit"),
                officers,
                at: None,
                purpose: None,
                use_code: None,
                reason: None,
            };
            let (request, number) = asker.deed(&app, event).await?;
            let opened = app.desk.take_event(request).await;
            let opened = opened.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
            let mine = opened.inquiries.into_iter().find(|open| open.holder == asker.standing.account);
            (Inquiry { number: mine.map(|mine| mine.number), ..Inquiry::default() }, Some(number))
        }
        Some("take_over") => {
            let (request, number) = asker.deed(&app, form.get("event").unwrap_or_default()).await?;
            let taken = app.desk.take_over(request).await;
            let taken = taken.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
            (Inquiry { number: Some(taken.number), ..Inquiry::default() }, Some(number))
        }
        Some("end") => {
            let (request, number) = asker.deed(&app, named(&inquiry())?).await?;
            app.desk.close_inquiry(request).await.map_err(|refusal| Fault::refused(&app, refusal, &number))?;
            (Inquiry::default(), Some(number))
        }
        Some("emergency") => {
            let sentence = form.get("sentence");
            (Inquiry { number: Some(named(&inquiry())?), emergency: sentence, ..Inquiry::default() }, None)
        }
        _ => return Err(Fault::new(StatusCode::BAD_REQUEST, "wrong", "There is no such button on this page.")),
    };
    let cookie = keep_inquiry(&app, &keep);
    let place = HeaderValue::from_static("/stop");
    let mut response = (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie)], [(LOCATION, place)]).into_response();
    if let Some(Ok(number)) = number.map(|number| HeaderValue::from_str(number.as_str())) {
        response.headers_mut().insert("x-clear-request", number);
    }
    Ok(response)
}
