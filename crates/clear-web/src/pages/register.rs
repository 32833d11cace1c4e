//! The public register: who has access to police data here, who has not, and what that does not cover.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use clear_respond::{PublicAgency, PublicRegister, TermPrecision};

use crate::app::App;
use crate::asker::Visitor;
use crate::fault::Fault;
use crate::pages::chrome::Chrome;
use crate::pages::html;
use crate::pages::shown;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    chrome: Chrome,
    register: PublicRegister,
    with_access: usize,
    cut_off: usize,
    orders: Vec<OrderView>,
    /// How precise the words are that a reason is looked through for: numbers, never the words.
    terms: Vec<TermPrecision>,
}

/// An order with the names of its closure.
struct OrderView {
    number: String,
    agency: String,
    day: String,
    scope: String,
    text: String,
    contact: String,
    signers: String,
    closure: Vec<String>,
    note: String,
    ended_from: Option<String>,
}

pub(crate) async fn page(State(app): State<Arc<App>>, Visitor(who): Visitor) -> Result<Response, Fault> {
    let mut register = app.desk.public_register();
    // Who has access first, then who is cut off, then the others; each by name.
    let rank = |agency: &PublicAgency| match agency.access.as_str() {
        "owner" => 0,
        "access" => 1,
        "suspended" => 2,
        "cut off" => 3,
        "announced" => 5,
        _ => 4,
    };
    register.agencies.sort_by(|a, b| (rank(a), &a.name).cmp(&(rank(b), &b.name)));
    let count =
        |words: &[&str]| register.agencies.iter().filter(|agency| words.contains(&agency.access.as_str())).count();
    let (with_access, cut_off) = (count(&["owner", "access"]), count(&["cut off"]));
    let orders = register.orders.iter().map(|order| OrderView {
        number: order.number.clone(),
        agency: shown::agency(&app, &order.agency),
        day: order.issued_at.chars().take(10).collect(),
        scope: order.scope.clone(),
        text: order.text.clone(),
        contact: order.contact.clone(),
        signers: order.signers.join(", "),
        closure: order.closure.iter().map(|id| shown::agency(&app, id)).collect(),
        note: order.note.clone(),
        ended_from: order.ended_from.clone(),
    });
    let orders = orders.collect();
    // Who has access is in memory, and is told also when the store cannot be asked how the reviews went.
    let terms = app.desk.term_precision().await.unwrap_or_else(|error| {
        tracing::error!("the precision of terms is not shown: {error}");
        Default::default()
    });
    let chrome = Chrome::of(&app, who.as_deref(), "register");
    html(&RegisterPage { chrome, register, with_access, cut_off, orders, terms })
}

impl RegisterPage {
    /// An agency's name.
    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.register.agencies.iter().find(|agency| agency.id == id).map_or(id, |agency| &agency.name)
    }
}
