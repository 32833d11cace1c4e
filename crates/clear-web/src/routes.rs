//! Every route, in one table. The router is made from it, and so are the tests *routes × askers*.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};

use crate::api::{accounts, counts, cut_offs, file, find, open, reference, register, session};
use crate::app::{App, note_route};
use crate::fault::Fault;
use crate::{assets, pages, public_log, watch};

/// One thing that can be asked over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `GET` or `POST`; a `GET` answers `HEAD` as well.
    pub method: &'static str,
    /// The path; parts in braces vary.
    pub path: &'static str,
    /// Its name, for tests and the reference.
    pub name: &'static str,
    /// Who gets more than a refusal. Which records: the rules say.
    pub who: &'static str,
    /// What it does.
    pub doc: &'static str,
}

const ANYBODY: &str = "anybody";
const ASKER: &str = "whoever an agreement and the rules let ask";
const SIGNED_IN: &str = "whoever has signed in";
const FILER: &str = "whoever the rules let file";
const STEWARD: &str = "stewards of an owner";

macro_rules! routes {
    ($($method:ident $path:literal $name:literal $who:ident $handler:path, $doc:literal;)*) => {
        /// Every route.
        pub const ROUTES: &[Route] = &[
            $(Route { method: stringify!($method), path: $path, name: $name, who: $who, doc: $doc },)*
        ];

        fn table() -> Router<Arc<App>> {
            Router::new()$(.route($path, on(MethodFilter::$method, $handler)))*
        }
    };
}

routes! {
    POST "/api/v1/find" "find" ASKER find::find, "Finds persons, plates, addresses, cases and incidents.";
    GET "/api/v1/find" "find_by_query" ASKER find::find_by_query, "The same, with the question in the query string and the inquiry in headers.";
    GET "/api/v1/records/{record}" "open" ASKER open::open, "Opens one record with what stands beside it.";
    POST "/api/v1/records/{record}" "file" FILER file::file, "Files a record of a kind, or corrects one.";
    POST "/api/v1/counts" "counts" ASKER counts::counts, "Counts incidents.";
    GET "/api/v1/register" "register" ANYBODY register::register, "Who has access, who is cut off, and what that does not cover.";
    POST "/api/v1/register/entries" "enter" STEWARD register::enter, "Appends entries to the register, all or none.";
    POST "/api/v1/register/cut-offs/preview" "preview_cut_off" SIGNED_IN cut_offs::preview, "Drafts a cut-off order and shows its closure.";
    POST "/api/v1/register/cut-offs" "cut_off" STEWARD cut_offs::enter, "Puts a signed cut-off order in force.";
    POST "/api/v1/accounts" "enrol" STEWARD accounts::enrol, "Enrols an account.";
    POST "/api/v1/sign-in" "sign_in" ANYBODY session::sign_in, "Opens a session with password and one-time code.";
    POST "/api/v1/sign-out" "sign_out" SIGNED_IN session::sign_out, "Ends the session.";
    GET "/api/v1/me" "me" SIGNED_IN session::me, "Who one is here.";
    GET "/api/v1/openapi.json" "openapi" ANYBODY reference::openapi, "This interface as an OpenAPI document.";
    GET "/api/v1/docs" "docs" ANYBODY reference::docs, "This interface as a page.";

    GET "/log/checkpoint" "log_checkpoint" ANYBODY public_log::checkpoint, "The log's newest signed checkpoint.";
    GET "/log/tile/{*path}" "log_tile" ANYBODY public_log::tile, "A tile or entry bundle of the log.";
    GET "/log.vkey" "log_vkey" ANYBODY public_log::verifier_key, "The log's verifier key.";
    GET "/healthz" "healthz" ANYBODY watch::healthz, "Whether questions can be answered.";
    GET "/metrics" "metrics" ANYBODY watch::metrics, "Numbers for operators, without personal data.";
    GET "/assets/{name}" "asset" ANYBODY assets::asset, "The stylesheet and the icon.";

    GET "/" "home" ANYBODY pages::home::page, "What this is.";
    GET "/sign-in" "sign_in_page" ANYBODY pages::sign_in::page, "Signing in.";
    POST "/sign-in" "sign_in_form" ANYBODY pages::sign_in::enter, "Signing in.";
    POST "/sign-out" "sign_out_form" ANYBODY pages::sign_in::leave, "Signing out.";
    GET "/search" "search_page" ASKER pages::search::page, "The search box and what it found.";
    POST "/search" "search_form" ANYBODY pages::search::keep, "Keeps the inquiry and goes on to what was to be found.";
    GET "/records/{record}" "record_page" ASKER pages::record::page, "One record.";
    GET "/counts" "counts_page" ASKER pages::counts::page, "Incidents by type, beat and month.";
    GET "/register" "register_page" ANYBODY pages::register::page, "Who has access to police data here.";
    GET "/log" "log_page" ANYBODY pages::log::page, "The log and how to check it.";
    GET "/steward" "steward_page" SIGNED_IN pages::steward::page, "Drafting a cut-off order.";
    POST "/steward/preview" "steward_preview" SIGNED_IN pages::steward::preview, "A drafted order with its closure.";
    POST "/steward/cut-offs" "steward_cut_off" STEWARD pages::steward::enter, "A signed order is put in force.";
}

/// The router of the table.
pub(crate) fn router(app: Arc<App>) -> Router {
    table()
        .route_layer(axum::middleware::from_fn(note_route))
        .fallback(async |_: Request| Fault::no_such_page())
        .with_state(app)
}
