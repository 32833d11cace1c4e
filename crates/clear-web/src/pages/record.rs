//! One record.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use clear_record::{AgencyId, Caution, RecordId, Role};
use clear_respond::{Open, Opened};

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::pages::bar::{self, Bar};
use crate::pages::chrome::Chrome;
use crate::pages::html;
use crate::pages::shown::{self, Card, Group, Warning};

/// Records of one kind that stand beside the page's, at most.
const BESIDE_MAX: usize = 25;

/// Records of one kind beside the page's.
struct Beside {
    title: &'static str,
    cards: Vec<Card>,
    more: usize,
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    chrome: Chrome,
    bar: Bar,
    id: String,
    kind: String,
    kind_words: &'static str,
    title: String,
    /// Whether links lead from records of this kind.
    links: bool,
    warnings: Vec<Warning>,
    groups: Vec<Group>,
    beside: Vec<Beside>,
    same_person: Vec<Card>,
    pointer: Option<String>,
    originator: String,
    /// Whether to offer the form; what it may do, the rules say.
    may_handle: bool,
    cautions: Vec<(&'static str, &'static str)>,
    owners: Vec<String>,
    recipients: Vec<String>,
    handling: &'static str,
    caveats: Vec<String>,
    rules: String,
    valid_from: String,
    number: String,
    entry: u64,
    receipt: String,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Path(record): Path<String>,
) -> Result<Response, Fault> {
    let id: RecordId = record.parse().map_err(|_| Fault::not_found())?;
    let answered = asker.ask(&app, bar::stated(kept.clone(), &asker.standing), None, Open { id }).await?;
    let opened = answered.response.get();
    let mut page = RecordPage {
        chrome: Chrome::of(&app, Some(&asker.standing), "search"),
        bar: Bar::of(&app, &asker.standing, &kept, None),
        id: id.to_string(),
        kind: id.kind.to_string(),
        kind_words: shown::kind_words(id.kind.name()),
        title: String::new(),
        links: clear_respond::LINKED_KINDS.contains(&id.kind),
        warnings: vec![],
        groups: vec![],
        beside: vec![],
        same_person: vec![],
        pointer: None,
        originator: String::new(),
        may_handle: false,
        cautions: Caution::ALL.iter().map(|caution| (caution.word(), caution.sentence())).collect(),
        owners: vec![],
        recipients: vec![],
        handling: "",
        caveats: vec![],
        rules: String::new(),
        valid_from: String::new(),
        number: answered.number.to_string(),
        entry: answered.response.receipt().index(),
        receipt: answered.response.receipt().to_header(),
    };
    match (&opened.record, &opened.pointer) {
        (Some(record), _) => {
            page.title.clone_from(&record.shown.title);
            page.warnings = shown::own_warning(&app, &record.shown).into_iter().collect();
            page.warnings.extend(record.alerts.iter().map(|alert| shown::warning(&app, alert)));
            page.groups = shown::groups(&app, &record.shown);
            page.same_person =
                record.same_person.iter().map(|same| shown::card(&app, &same.shown, same.why.clone())).collect();
            // An alert stands above already, and a same person in a box of its own.
            let above = |id: &str| record.alerts.iter().any(|alert| alert.shown.id == id);
            let mut kinds: Vec<&str> = record.related.iter().map(|related| related.shown.kind).collect();
            kinds.dedup();
            page.beside = kinds
                .into_iter()
                .map(|kind| {
                    let of_kind =
                        record.related.iter().filter(|related| related.shown.kind == kind && !above(&related.shown.id));
                    let mut cards: Vec<Card> =
                        of_kind.map(|related| shown::card(&app, &related.shown, vec![])).collect();
                    let more = cards.len().saturating_sub(BESIDE_MAX);
                    cards.truncate(BESIDE_MAX);
                    Beside { title: shown::kinds_words(kind), cards, more }
                })
                .filter(|beside| !beside.cards.is_empty())
                .collect();
            page.originator = shown::agency(&app, &record.shown.originator);
            let sharing = &record.shown.sharing;
            page.recipients = sharing.recipients.iter().map(|id| shown::agency(&app, id)).collect();
            page.owners = sharing.originators.iter().map(|id| shown::agency(&app, id)).collect();
            let home = asker.standing.agency.as_ref().map(AgencyId::as_str);
            let role = [Role::Officer, Role::Clerk].iter().any(|role| asker.standing.roles.contains(role));
            page.may_handle = role && sharing.originators.iter().any(|owner| Some(owner.as_str()) == home);
            page.handling = sharing.handling;
            page.caveats = sharing.caveats.iter().map(|word| word.replace('_', " ")).collect();
            page.rules = sharing.rules.join(", ");
            page.valid_from = record.shown.valid_from.clone();
        }
        (None, Some(pointer)) => page.pointer = Some(shown::agency(&app, &pointer.ask)),
        (None, None) => {
            let receipt = answered.response.receipt().to_header();
            return Err(Fault::not_found().numbered(&answered.number).with("x-clear-receipt", &receipt));
        }
    }
    // What to confirm stands before what needs no action.
    page.warnings
        .sort_by_key(|warning| ["confirm", "information", "none"].iter().position(|look| *look == warning.look));
    page.name_references(opened);
    html(&page)
}

impl RecordPage {
    fn name_references(&mut self, opened: &Opened) {
        let Some(record) = &opened.record else { return };
        let related = record.related.iter().map(|related| &related.shown);
        let same = record.same_person.iter().map(|same| &same.shown);
        let all = std::iter::once(&record.shown).chain(related).chain(same);
        let titles: BTreeMap<String, String> = all.map(|shown| (shown.id.clone(), shown.title.clone())).collect();
        let warned = self.warnings.iter_mut().map(|warning| &mut warning.card);
        let beside = self.beside.iter_mut().flat_map(|beside| &mut beside.cards).chain(&mut self.same_person);
        let cards = warned.chain(beside).map(|card| &mut card.lines);
        for lines in cards.chain(self.groups.iter_mut().map(|group| &mut group.lines)) {
            shown::name_references(lines, &titles, &self.id);
        }
    }
}
