//! Every route, in one table. The router is made from it, and so are the tests *routes × askers*.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};

use crate::api::{
    accounts, certificate, changes, check, counts, cut_offs, disclosures, events, file, find, handling, holds,
    inquiries, links, measures, newest, open, openings, productions, reference, register, replay, reviews, rows,
    session, sql, transparency, was_this_you,
};
use crate::app::{App, note_route};
use crate::fault::Fault;
use crate::soda::{catalog, citizen, resource, v3, views};
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

impl Route {
    /// The path as the OpenAPI document has it, which knows no part that goes over several segments.
    pub(crate) fn described(&self) -> String {
        self.path.replace("{*", "{")
    }
}

const ANYBODY: &str = "anybody";
const ASKER: &str = "whoever an agreement and the rules let ask";
const SIGNED_IN: &str = "whoever has signed in";
const FILER: &str = "whoever the rules let file";
const KEEPER: &str = "clerks and stewards of an owner";
const HANDLER: &str = "whoever the rules let handle records of their own agency";
const STEWARD: &str = "stewards of an owner";
const DISPATCH: &str = "dispatch; an officer for the own stop";
const REVIEWER: &str = "reviewers, never of their own questions";
const READER: &str = "clerks and stewards of an owner, of its own records; oversight bodies, of all";
const OPERATOR: &str = "whoever is on the machine itself";
const OVERSEER: &str = "stewards of an owner and oversight bodies";

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
    POST "/api/v1/find" "find" ASKER find::find, "Finds persons, plates, addresses, telephones, words, cases and incidents.";
    GET "/api/v1/find" "find_by_query" ASKER find::find_by_query, "The same, with the question in the query string and the inquiry in headers.";
    GET "/api/v1/records/{record}" "open" ASKER open::open, "Opens one record with what stands beside it.";
    POST "/api/v1/records/{record}" "file" FILER file::file, "Files a record of a kind, or corrects one.";
    POST "/api/v1/records/{record}/handling" "handling" HANDLER handling::handling, "Sets how a record is handled: white, gray, black.";
    GET "/api/v1/silent-hits" "silent_hits" HANDLER handling::silent_hits, "Who would have hit black records of one's own agency.";
    POST "/api/v1/check" "check" ASKER check::check, "Checks a file of persons, plates or property against the records.";
    POST "/api/v1/counts" "counts" ASKER counts::counts, "Counts incidents.";
    POST "/api/v1/rows" "rows" ASKER rows::rows, "Gives incidents as rows, streamed.";
    POST "/api/v1/links" "links" ASKER links::links, "Shows what a record or a shared value is linked with, or how it leads to another.";
    POST "/api/v1/measures" "measures" ASKER measures::measures, "Gives boards, trends and hours of incidents.";
    GET "/api/v1/measures" "measures_by_query" ASKER measures::measures_by_query, "The same, with the question in the query string and the inquiry in headers.";
    GET "/api/v1/figures" "figures" ANYBODY measures::figures, "Boards, trends and hours of the public extract.";
    POST "/api/v1/sql" "sql" ASKER sql::sql, "Answers a query in SQL over what the asker may see of the incidents.";
    POST "/api/v1/changes" "changes" ASKER changes::changes, "Lists incidents that were filed or corrected since a moment.";
    POST "/api/v1/inquiries" "open_inquiry" ASKER inquiries::open, "Opens an inquiry.";
    GET "/api/v1/inquiries" "my_inquiries" SIGNED_IN inquiries::mine, "The open inquiries of one's own.";
    POST "/api/v1/inquiries/{number}/close" "close_inquiry" ASKER inquiries::close, "Ends an inquiry of one's own.";
    POST "/api/v1/inquiries/{number}/hand-over" "take_over_inquiry" ASKER inquiries::take_over, "Takes a colleague's inquiry over.";
    POST "/api/v1/events" "event" DISPATCH events::event, "Takes in a stop or a dispatch, which opens inquiries.";
    GET "/api/v1/holds" "holds" REVIEWER holds::all, "The questions that wait for a second person.";
    GET "/api/v1/holds/{number}" "hold" SIGNED_IN holds::one, "A hold of one's own question.";
    POST "/api/v1/holds/{number}/release" "release_hold" REVIEWER holds::release, "Releases a held question, once.";
    POST "/api/v1/holds/{number}/refuse" "refuse_hold" REVIEWER holds::refuse, "Refuses to release a held question.";
    GET "/api/v1/reviews" "reviews" REVIEWER reviews::all, "What waits for a review.";
    POST "/api/v1/reviews/{number}" "review" REVIEWER reviews::one, "Says of a question whether it was in order.";
    GET "/api/v1/register" "register" ANYBODY register::register, "Who has access, who is cut off, and what that does not cover.";
    POST "/api/v1/register/entries" "enter" STEWARD register::enter, "Appends entries to the register, all or none.";
    POST "/api/v1/register/cut-offs/preview" "preview_cut_off" SIGNED_IN cut_offs::preview, "Drafts a cut-off order and shows its closure.";
    POST "/api/v1/register/cut-offs/replay" "replay_cut_off" STEWARD replay::replay, "Decides the last days' questions again under a drafted order.";
    POST "/api/v1/register/cut-offs" "cut_off" STEWARD cut_offs::enter, "Puts a signed cut-off order in force.";
    GET "/api/v1/certificate" "certificate" OVERSEER certificate::certificate, "Says from the log that an agency had no access, or lists what it had.";
    GET "/api/v1/disclosures" "disclosures" READER disclosures::list, "Who saw what, why, when.";
    GET "/api/v1/disclosures/people/{person}/report" "subject_report" READER disclosures::report, "A person's own report of who saw what.";
    GET "/api/v1/disclosures/delays" "delays" READER disclosures::delays, "What delays a disclosure in such reports.";
    POST "/api/v1/disclosures/delays" "delay" KEEPER disclosures::delay, "Asks for a delay, for a second person to review.";
    POST "/api/v1/disclosures/delays/{number}" "review_delay" READER disclosures::review_delay, "A second person's word about a delay.";
    POST "/api/v1/disclosures/pseudonyms/{name}/forget" "forget_pseudonym" READER disclosures::forget, "Deletes who is behind a pseudonym.";
    GET "/api/v1/log/openings" "openings" READER openings::openings, "Openings of the log as they are made.";
    GET "/api/v1/transparency/{set}" "transparency_set" ANYBODY transparency::set, "A public set: access, cut-offs, flows, stores, releases.";
    GET "/api/v1/transparency/releases/{number}" "release" ANYBODY transparency::release, "A release of counts, as it stands in the log.";
    GET "/api/v1/reports/{period}" "compliance_report" OVERSEER transparency::report, "The log's counts of a quarter or a year, in full.";
    POST "/api/v1/accounts" "enrol" STEWARD accounts::enrol, "Enrols an account.";
    POST "/api/v1/sign-in" "sign_in" ANYBODY session::sign_in, "Opens a session with password and one-time code.";
    POST "/api/v1/sign-out" "sign_out" SIGNED_IN session::sign_out, "Ends the session.";
    GET "/api/v1/me" "me" SIGNED_IN session::me, "Who one is here.";
    GET "/api/v1/was-this-you" "was_this_you" SIGNED_IN was_this_you::ask, "What was asked in one's own name.";
    POST "/api/v1/was-this-you" "say_was_this_you" SIGNED_IN was_this_you::say, "Says that it was oneself, or not.";
    GET "/api/v1/devices" "devices" SIGNED_IN session::devices, "The own devices.";
    POST "/api/v1/devices/{device}/end" "end_device" SIGNED_IN session::end_device, "Ends an own device with what is open on it.";
    GET "/api/v1/productions" "productions" KEEPER productions::list, "The docket of compelled productions.";
    POST "/api/v1/productions" "docket" KEEPER productions::docket, "Dockets a demand.";
    GET "/api/v1/productions/{number}" "production" KEEPER productions::one, "An entry of the docket.";
    POST "/api/v1/productions/{number}/determination" "determine" KEEPER productions::determine, "Notes counsel's determination.";
    POST "/api/v1/productions/{number}/release" "release_production" KEEPER productions::release, "Gives one of the two releases.";
    GET "/api/v1/log/checkpoint" "newest_checkpoint" OVERSEER newest::checkpoint, "The log's own checkpoint, as it is made.";
    GET "/api/v1/log/tile/{*path}" "newest_tile" OVERSEER newest::tile, "A tile or bundle as far as the log's own checkpoint reaches.";
    GET "/api/v1/openapi.json" "openapi" ANYBODY reference::openapi, "This interface as an OpenAPI document.";
    GET "/api/v1/docs" "docs" ANYBODY reference::docs, "This interface as a page.";

    GET "/resource/{set}" "set_rows" ANYBODY resource::rows, "Rows of a public set, as SODA 2.1 gives them.";
    GET "/resource/{set}/{row}" "set_row" ANYBODY resource::row, "One row of a public set.";
    GET "/api/views.json" "set_views" ANYBODY views::all, "What is told of the public sets.";
    GET "/api/views" "set_views_bare" ANYBODY views::all, "The same.";
    GET "/api/views/{set}" "set_view" ANYBODY views::one, "What is told of a public set.";
    GET "/api/views/{set}/{file}" "set_download" ANYBODY resource::download, "A public set as a file: rows.csv, rows.json, rows.geojson, rows.parquet, rows.xlsx.";
    GET "/views.json" "set_views_short" ANYBODY views::all, "As under /api/views.";
    GET "/views/{set}" "set_view_short" ANYBODY views::one, "As under /api/views.";
    GET "/views/{set}/{file}" "set_download_short" ANYBODY resource::download, "As under /api/views.";
    GET "/api/catalog/v1" "set_catalog" ANYBODY catalog::search, "The catalogue of public sets.";
    GET "/data.json" "set_dcat" ANYBODY catalog::dcat, "The catalogue in DCAT-US 1.1.";
    GET "/d/{set}" "set_link" ANYBODY resource::page, "The page of a public set.";
    POST "/api/v3/views/{set}/{file}" "set_query" ANYBODY v3::query, "Asks a public set, as SODA 3 does: query.json, export.csv.";
    GET "/api/v3/views/{set}/{file}" "set_query_by_address" ANYBODY v3::query_by_address, "The same, with the question in the address.";
    GET "/clearpath/api/1.0/crimes/{what}" "citizen_crimes" ANYBODY citizen::crimes, "The original's interface for residents: list, major, nearbyXY, rdNo, type.";
    GET "/clearpath/api/1.0/mostWanted/list" "citizen_most_wanted" ANYBODY citizen::nothing, "The original's list of persons wanted: empty here.";
    GET "/clearpath/api/1.0/communityCalendar/events" "citizen_calendar" ANYBODY citizen::nothing, "The original's calendar: empty here.";

    GET "/register/export" "register_export" ANYBODY certificate::register_export, "The register as one signed file.";
    GET "/log/checkpoint" "log_checkpoint" ANYBODY public_log::checkpoint, "The log's public checkpoint.";
    GET "/log/tile/{*path}" "log_tile" ANYBODY public_log::tile, "A tile or entry bundle of the log, as far as the public checkpoint reaches.";
    GET "/log.vkey" "log_vkey" ANYBODY public_log::verifier_key, "The log's verifier key.";
    GET "/healthz" "healthz" ANYBODY watch::healthz, "Whether questions can be answered.";
    GET "/metrics" "metrics" OPERATOR watch::metrics, "Numbers for operators, without personal data.";
    GET "/assets/{name}" "asset" ANYBODY assets::asset, "The stylesheet and the icon.";

    GET "/" "home" ANYBODY pages::home::page, "What this is.";
    GET "/sign-in" "sign_in_page" ANYBODY pages::sign_in::page, "Signing in.";
    POST "/sign-in" "sign_in_form" ANYBODY pages::sign_in::enter, "Signing in.";
    POST "/sign-out" "sign_out_form" ANYBODY pages::sign_in::leave, "Signing out.";
    GET "/search" "search_page" ASKER pages::search::page, "The search box and what it found.";
    POST "/search" "search_form" ANYBODY pages::search::keep, "Keeps the inquiry and goes on to what was to be found.";
    GET "/records/{record}" "record_page" ASKER pages::record::page, "One record.";
    POST "/records/{record}/judgement" "judgement_form" FILER pages::judgement::enter, "Says whether another record is of the same person.";
    POST "/records/{record}/handling" "handling_form" HANDLER pages::handling::enter, "Sets how a record is handled.";
    GET "/check" "check_page" SIGNED_IN pages::check::page, "The form for a list to be checked.";
    POST "/check" "check_form" ASKER pages::check::act, "What each line of a list found.";
    GET "/counts" "counts_page" ASKER pages::counts::page, "Incidents by type, beat and month.";
    GET "/analysis" "analysis_page" ASKER pages::analysis::page, "Boards, trends and hours of incidents.";
    GET "/figures" "figures_page" ANYBODY pages::analysis::public, "Boards, trends and hours of the public extract.";
    GET "/sql" "sql_page" ASKER pages::sql::page, "The SQL box.";
    GET "/changes" "changes_page" ASKER pages::changes::page, "Incidents that were filed or corrected since a moment.";
    GET "/links" "links_page" ASKER pages::links::page, "What a record is linked with, drawn and listed.";
    GET "/stop" "stop_page" SIGNED_IN pages::stop::page, "The stop: a plate, checked under the event's inquiry.";
    POST "/stop" "stop_form" ASKER pages::stop::act, "Starts, takes over or ends a stop, or states an emergency.";
    GET "/reviews" "reviews_page" REVIEWER pages::reviews::page, "What waits for a second person.";
    POST "/reviews" "reviews_form" REVIEWER pages::reviews::decide, "Releases a hold or reviews a question.";
    POST "/inquiry/reply" "reply_form" ANYBODY pages::reply::keep, "Keeps the reply to what was asked back, and goes on.";
    GET "/register" "register_page" ANYBODY pages::register::page, "Who has access to police data here.";
    GET "/transparency" "transparency_page" ANYBODY pages::transparency::page, "What the city says of itself.";
    GET "/transparency/{number}" "release_page" ANYBODY pages::transparency::release, "A release of counts.";
    GET "/stores-and-flows" "stores_page" ANYBODY pages::transparency::stores, "Where data lives, and by which ways it leaves.";
    GET "/reports" "reports_page" OVERSEER pages::transparency::reports, "A compliance report.";
    GET "/log" "log_page" ANYBODY pages::log::page, "The log and how to check it.";
    GET "/disclosures" "disclosures_page" READER pages::disclosures::page, "Who saw what, why, when.";
    GET "/disclosures/report" "subject_report_page" READER pages::disclosures::report, "A person's own report, to be printed.";
    GET "/was-this-you" "was_this_you_page" SIGNED_IN pages::was_this_you::page, "What was asked in one's own name.";
    POST "/was-this-you" "was_this_you_form" SIGNED_IN pages::was_this_you::say, "Says that it was oneself, or not.";
    GET "/certificate" "certificate_page" OVERSEER pages::certificate::page, "A certificate that an agency had no access.";
    GET "/steward" "steward_page" SIGNED_IN pages::steward::page, "Drafting a cut-off order.";
    POST "/steward/preview" "steward_preview" SIGNED_IN pages::steward::preview, "A drafted order with its closure.";
    GET "/steward/entries" "entries_page" SIGNED_IN pages::entries::page, "The register's entries as forms.";
    POST "/steward/entries" "entries_form" STEWARD pages::entries::enter, "An entry that was filled in.";
    GET "/productions" "productions_page" KEEPER pages::productions::page, "The docket of compelled productions.";
    POST "/productions" "docket_form" KEEPER pages::productions::docket, "A demand that was filled in.";
    GET "/productions/{number}" "production_page" KEEPER pages::productions::one, "An entry of the docket, with its manifest.";
    POST "/productions/{number}/determination" "determine_form" KEEPER pages::productions::determine, "Counsel's determination that was filled in.";
    POST "/productions/{number}/release" "release_form" KEEPER pages::productions::release, "A release.";
    GET "/data" "data_page" ANYBODY pages::data::page, "The public sets, and how programs read them.";
    GET "/data/{set}" "data_set_page" ANYBODY pages::data::set, "One public set: its columns, some of its rows, downloads.";
    GET "/devices" "devices_page" SIGNED_IN pages::devices::page, "The own devices.";
    POST "/devices/{device}/end" "end_device_form" SIGNED_IN pages::devices::end, "Ends an own device.";
    POST "/steward/cut-offs" "steward_cut_off" STEWARD pages::steward::enter, "A signed order is put in force.";
}

/// The name of a page or set for everybody, by its pattern: what is counted in totals and not as somebody's question.
pub(crate) fn public_name(method: &str, pattern: &str) -> Option<&'static str> {
    // Questions of the machine's own watchers, and a page's stylesheet, are nobody's visit.
    const NO_VISITS: [&str; 4] = ["healthz", "metrics", "asset", "sign_in_page"];
    let asked = if method == "POST" { "POST" } else { "GET" };
    let route = ROUTES.iter().find(|route| route.path == pattern && route.method == asked)?;
    // What is posted is a deed, but for questions about the public sets.
    if asked == "POST" && !crate::soda::is_here(route.path) {
        return None;
    }
    (route.who == ANYBODY && !NO_VISITS.contains(&route.name)).then_some(route.name)
}

/// The router of the table.
pub(crate) fn router(app: Arc<App>) -> Router {
    table()
        .route_layer(axum::middleware::from_fn(note_route))
        .fallback(async |_: Request| Fault::no_such_page())
        .with_state(app)
}
