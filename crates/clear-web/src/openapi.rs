//! The OpenAPI document, made from the wire types and the handlers.

use std::collections::BTreeSet;

use clear_record::{Kind, json_schema};
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi, ToSchema};

use crate::api::{
    accounts, certificate, changes, check, counts, cut_offs, disclosures, events, file, find, handling, holds,
    inquiries, links, measures, newest, open, openings, place, productions, reference, register, replay, reviews, rows,
    session, sql, transparency, was_this_you,
};
use crate::fault::Problem;

/// The document as text, for `docs/openapi.json`.
pub fn openapi_json() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
pub(crate) fn document() -> Value {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    // OpenAPI 3.1 schemas are JSON Schema: the records' own go in as they are.
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for kind in Kind::ALL {
            schemas.insert(format!("record_{kind}"), json_schema(kind));
        }
    }
    let kinds: Vec<Value> =
        Kind::ALL.map(|kind| serde_json::json!({"$ref": format!("#/components/schemas/record_{kind}")})).to_vec();
    let body = "/paths/~1api~1v1~1records~1{record}/post/requestBody/content/application~1json/schema";
    if let Some(schema) = document.pointer_mut(body) {
        *schema = serde_json::json!({"oneOf": kinds});
    }
    document
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "OpenCLEAR",
        description = "A city's police records, shared under agreements, for stated purposes, with cut-offs that hold and a log that outsiders can check.\n\nEvery question about records states an inquiry: purpose, use code, case, reason, on whose behalf. Every answer carries its receipt in `X-Clear-Receipt`. A connection carries one account.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        find::find, find::find_by_query, check::check, open::open, counts::counts, rows::rows, place::place, place::locate, links::links, measures::measures, measures::measures_by_query, measures::figures, changes::changes, sql::sql, file::file,
        handling::handling, handling::silent_hits,
        inquiries::open, inquiries::mine, inquiries::close, inquiries::take_over, events::event,
        holds::all, holds::one, holds::release, holds::refuse, reviews::all, reviews::one,
        register::register, register::enter, cut_offs::preview, replay::replay, cut_offs::enter, certificate::certificate, newest::checkpoint, newest::tile,
        transparency::set, transparency::release, transparency::report,
        accounts::enrol, session::sign_in, session::sign_out, session::me, session::devices, session::end_device,
        disclosures::list, disclosures::report, disclosures::delays, disclosures::delay, disclosures::review_delay,
        disclosures::forget, openings::openings, was_this_you::ask, was_this_you::say,
        productions::list, productions::docket, productions::one, productions::determine, productions::release,
        reference::openapi, reference::docs
    ),
    tags(
        (name = "Ask", description = "Questions. Bodies hold what was disclosed and nothing else."),
        (name = "Inquiries", description = "Why somebody asks, stated once and named with each question."),
        (name = "Review", description = "A second person: what is released, and what is looked at afterwards."),
        (name = "Disclosures", description = "Who saw what, why, when: for owners, originators, oversight, and the people themselves."),
        (name = "File", description = "Records in."),
        (name = "Register", description = "Agencies, agreements, orders: who has access."),
        (name = "Accounts", description = "Signing in."),
        (name = "Productions", description = "What courts, laws and agencies demand: the custodian's docket."),
        (name = "Log", description = "The log as it grows, for owners and oversight. Everybody reads it at fixed times, under `/log/`."),
        (name = "Reference", description = "This interface.")
    ),
    modifiers(&Credentials)
)]
struct Api;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = |words: &str| {
            SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).description(Some(words)).build())
        };
        components.add_security_scheme("token", bearer("An API token (`oct_…`), or a session's token (`ocs_…`)."));
        let cookie = ApiKeyValue::with_description("session", "What signing in on a page leaves.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// What every operation may answer instead.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the macro alone")]
pub(crate) enum Refusals {
    /// The question or filing does not read, or is wrong; the message says where.
    #[response(status = 400)]
    Wrong(Problem),
    /// Nobody has signed in, or what was presented proves nothing; the message says what to do.
    #[response(status = 401)]
    SignIn(Problem),
    /// No: cut off (with the order), suspended, nothing open, not permitted, purpose denied.
    #[response(status = 403)]
    Denied(Problem),
    /// The reason has words that also stand for somebody else: the message asks whether this is for them, and the same
    /// request with `for_them` answers. Or a release was used already.
    #[response(status = 409)]
    AskedBack(Problem),
    /// The body is too long.
    #[response(status = 413)]
    TooLong(Problem),
    /// The body is of another content type.
    #[response(status = 415)]
    ContentType(Problem),
    /// This connection has carried answers to another account; use one for each.
    #[response(status = 421)]
    OneStanding(Problem),
    /// The inquiry lacks a part (`missing` names it) or says something that the register does not declare.
    #[response(status = 422)]
    Inquiry(Problem),
    /// The question waits for a second person: `hold` has its number, its clock and whom to telephone.
    #[response(status = 423)]
    Held(Problem),
    /// Something went wrong with us; the operator finds it under the request's number.
    #[response(status = 500)]
    Failed(Problem),
    /// Nothing can be logged or decided, so nothing is answered.
    #[response(status = 503)]
    Closed(Problem),
}

/// The inquiry, where the body is something else.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "read by the macro alone")]
pub(crate) struct InquiryHeaders {
    /// The purpose, one of the register's.
    #[param(rename = "X-Inquiry-Purpose", example = "criminal_investigation")]
    purpose: Option<String>,
    /// The legal use code, one of the register's.
    #[param(rename = "X-Inquiry-Use-Code", example = "C")]
    use_code: Option<String>,
    /// The case, incident or event number.
    #[param(rename = "X-Inquiry-Case", example = "JC-104233")]
    case: Option<String>,
    /// The reason in the asker's words.
    #[param(rename = "X-Inquiry-Reason", example = "Suspect named by a witness")]
    reason: Option<String>,
    /// On whose behalf: agencies, separated by commas; the own agency is named too.
    #[param(rename = "X-Inquiry-On-Behalf-Of", example = "pmpd")]
    on_behalf_of: Option<String>,
    /// The number of an opened inquiry of one's own: the other parts come from it.
    #[param(rename = "X-Inquiry")]
    number: Option<String>,
    /// The task force that one asks for.
    #[param(rename = "X-Inquiry-Task-Force")]
    task_force: Option<String>,
    /// The answer to a question that was put back: `yes` or `no`.
    #[param(rename = "X-Inquiry-For-Them")]
    for_them: Option<String>,
    /// Imminent danger to somebody's life, in a sentence. Answered at once and reviewed.
    #[param(rename = "X-Inquiry-Emergency")]
    emergency: Option<String>,
    /// The number of the hold that a second person released for this very question.
    #[param(rename = "X-Inquiry-Released")]
    released: Option<String>,
    /// The person for whom one asks, where that is another: the account or unit that called in.
    #[param(rename = "X-Inquiry-Requestor")]
    requestor: Option<String>,
}

/// What every question says of itself. Missing parts are refused by name.
#[derive(ToSchema)]
#[schema(as = Inquiry)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct InquirySchema {
    /// Why: a code that the register declares.
    #[schema(example = "criminal_investigation")]
    purpose: Option<String>,
    /// Under which legal use: a code that the register declares.
    #[schema(example = "C")]
    use_code: Option<String>,
    /// The case, incident or event number.
    case: Option<String>,
    /// The reason in the asker's words.
    reason: Option<String>,
    /// On whose behalf; the own agency is named too.
    on_behalf_of: Option<BTreeSet<String>>,
    /// The number of an opened inquiry of one's own: the other parts come from it.
    number: Option<String>,
    /// The task force that one asks for.
    task_force: Option<String>,
    /// Agencies whose installations hand the question on.
    relays: Option<BTreeSet<String>>,
    /// Agencies that the answer is delivered to.
    recipients: Option<BTreeSet<String>>,
    /// The answer to a question that was put back: whether this is for the agency that it names.
    for_them: Option<bool>,
    /// Imminent danger to somebody's life, in a sentence. Answered at once and reviewed.
    emergency: Option<String>,
    /// The number of the hold that a second person released for this very question.
    released: Option<String>,
    /// The person for whom one asks, where that is another: the account or unit that called in.
    requestor: Option<String>,
    /// Whether to be shown counts and de-identified rows alone, as under a standing analytic inquiry.
    analytic: Option<bool>,
}

/// What to look for: one of `text`, `name`, `plate`, `address`, `phone`, `words`, `case_number`, `identity_number` or
/// `id`; or none of them, with dates, hours, a beat or an area, to list incidents.
#[derive(ToSchema)]
#[schema(as = Find)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct FindSchema {
    /// Whatever the asker typed; the answer says how it was understood.
    text: Option<String>,
    /// Which of the readings of `text` that an answer offers is meant.
    read_as: Option<String>,
    /// A person's name, in any order, misspelt or partial.
    name: Option<String>,
    /// With a name: the date of birth.
    #[schema(format = Date)]
    date_of_birth: Option<String>,
    /// Persons born then alone: `1980`, `1980~2`, `1980-03-01..1981-02-28`.
    born: Option<String>,
    /// Persons of this age alone, in years: `34`, `30-40`.
    age: Option<String>,
    /// Persons of this sex alone: `M`, `F`, `U`.
    sex: Option<String>,
    /// Persons whose home address is on this block or street alone.
    home: Option<String>,
    /// Words of scars, marks and tattoos, of a person.
    marks: Option<String>,
    /// The owner's person identity number.
    identity_number: Option<String>,
    /// A registration plate, a part of one, or one with wildcards: `AB?12*`.
    plate: Option<String>,
    /// An address, a block, a street, or two streets that cross.
    address: Option<String>,
    /// A telephone number.
    phone: Option<String>,
    /// Words of free text: `burglary "rear door" -garage`, `knife OR gun`, `burglar*`, `marks:dragon`.
    words: Option<String>,
    /// A case number.
    case_number: Option<String>,
    /// A record's id.
    id: Option<String>,
    /// Incidents from this day on.
    #[schema(format = Date)]
    from: Option<String>,
    /// Incidents up to and including this day.
    #[schema(format = Date)]
    to: Option<String>,
    /// Incidents on this beat.
    beat: Option<String>,
    /// Records of this kind alone.
    kind: Option<String>,
    /// Incidents in this district.
    district: Option<String>,
    /// Incidents in this community area.
    community_area: Option<u16>,
    /// Incidents around this point, with `radius_m`: `41.88,-87.63`.
    near: Option<String>,
    /// How far around it, 1 to 50,000 metres.
    radius_m: Option<u32>,
    /// Incidents inside these corners, in order: `41.8,-87.6;41.9,-87.6;41.9,-87.7`.
    polygon: Option<String>,
    /// Incidents from one full hour of the day to another: `22-2`.
    hours: Option<String>,
    /// Incidents on these days of the week: `sat,sun`.
    weekdays: Option<String>,
    /// Whether to count the hits by kind, year, beat, district and community area.
    facets: Option<bool>,
    /// How many hits, 20 unless said, 200 at most.
    limit: Option<u64>,
    /// How many hits to leave out first.
    offset: Option<u64>,
}

/// A file against the records, line by line.
#[derive(ToSchema)]
#[schema(as = Check)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct CheckSchema {
    /// What each line is: `person`, `plate` or `property`.
    of: String,
    /// The file: one on each line; or CSV whose first line names its columns; or JSON, an object on each line.
    file: String,
}

/// How many incidents, grouped and filtered.
#[derive(ToSchema)]
#[schema(as = Counts)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct CountsSchema {
    /// Columns to group by: `primary_type`, `beat`, `year`, `month` …
    by: Vec<String>,
    /// A condition in SoQL: `arrest = true AND beat = '0411'`.
    #[schema(rename = "where")]
    condition: Option<String>,
    /// How many rows, 1,000 unless said.
    limit: Option<u64>,
}

/// Incidents as rows. At least one of `from`, `to`, `beat`, `type` and `where` is said.
#[derive(ToSchema)]
#[schema(as = Rows)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct RowsSchema {
    /// Incidents from this day on.
    #[schema(format = Date)]
    from: Option<String>,
    /// Incidents up to and including this day.
    #[schema(format = Date)]
    to: Option<String>,
    /// Incidents on this beat.
    beat: Option<String>,
    /// Incidents whose first offence is of this primary type: `THEFT`.
    #[schema(rename = "type")]
    primary_type: Option<String>,
    /// A condition in SoQL, as in counts: `arrest = true AND ward = 27`.
    #[schema(rename = "where")]
    condition: Option<String>,
    /// How many rows at most; all unless said.
    limit: Option<u64>,
}

/// What is linked with a record or a shared value: its neighbours; or, with `to`, the shortest ways there.
#[derive(ToSchema)]
#[schema(as = Links)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct LinksSchema {
    /// Where to start: a record's id, or a shared value such as `plate:AB12345`, `phone:312 555 0100`,
    /// `address:1420 W Ferry St`.
    from: String,
    /// Where to go.
    to: Option<String>,
    /// With `to`: what both are linked with, in place of the ways from one to the other.
    common: Option<bool>,
    /// More records or values whose neighbours are shown, at most eight.
    open: Option<Vec<String>>,
    /// How many links a way has at most: 4 unless said, 6 at most.
    hops: Option<u64>,
    /// Dated records from this day on alone.
    #[schema(format = Date)]
    since: Option<String>,
    /// Dated records up to and including this day alone.
    #[schema(format = Date)]
    until: Option<String>,
    /// How many neighbours of each are shown, 20 unless said, 100 at most.
    limit: Option<u64>,
    /// How many neighbours of `from` to leave out first.
    offset: Option<u64>,
}

/// A query in SQL over the table `incidents`. It reads, and does nothing else.
#[derive(ToSchema)]
#[schema(as = Sql)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct SqlSchema {
    /// The query.
    sql: String,
    /// How many rows at most: 1,000 unless said, 10,000 at most.
    limit: Option<u64>,
    /// How the answer is written: `table` unless said, `ndjson`, `csv` or `parquet`.
    form: Option<String>,
}

/// Incidents that were filed or corrected since a moment.
#[derive(ToSchema)]
#[schema(as = Changes)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct ChangesSchema {
    /// Since when: a moment, `2019-07-16T00:00:00Z`, or a place in the ledger, as a receipt has it.
    since: String,
    /// How many, 50 unless said, 500 at most.
    limit: Option<u64>,
    /// How many to leave out first.
    offset: Option<u64>,
}

/// Figures of incidents, by measures.
#[derive(ToSchema)]
#[schema(as = Measures)]
#[allow(dead_code, reason = "read by the macro alone; a test compares it with the real one")]
pub(crate) struct MeasuresSchema {
    /// What to show: `board`, `trend` or `hours`.
    view: Option<String>,
    /// Which measures: `index`, `robbery`, `clearance` …; the usual ones unless said. Hours show the first.
    measures: Option<Vec<String>>,
    /// Of a board: a row for each `district`, `beat`, `community_area`, `ward`, `primary_type` or `location_description`.
    by: Option<String>,
    /// Of a board: its last day; the newest day with an incident unless said.
    #[schema(format = Date)]
    on: Option<String>,
    /// Of a trend and of hours: from this day on; two years and one year back unless said.
    #[schema(format = Date)]
    from: Option<String>,
    /// Of a trend and of hours: up to and including this day.
    #[schema(format = Date)]
    to: Option<String>,
    /// Of which set: `incidents`, or the public extract, `crimes`.
    set: Option<String>,
    /// The figures as they stood then: a moment, `2019-07-16T00:00:00Z`, or a place in the ledger, as a receipt has it.
    as_of: Option<String>,
    /// Incidents of this district alone.
    district: Option<String>,
    /// Incidents of this beat alone.
    beat: Option<String>,
    /// Incidents of this community area alone.
    community_area: Option<u16>,
    /// Incidents of this ward alone.
    ward: Option<u16>,
    /// Incidents whose first offence is of this primary type alone.
    #[schema(rename = "type")]
    primary_type: Option<String>,
    /// A condition in SoQL, as in counts.
    #[schema(rename = "where")]
    condition: Option<String>,
    /// Of a board: how many residents each value of `by` has, and `""` for all together: rates for 100,000 of them.
    residents: Option<std::collections::BTreeMap<String, u64>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ROUTES;
    use clear_record::{Inquiry, Purpose, RecordId, UseCode};
    use clear_respond::{Changes, Check, CheckOf, Counts, Find, Links, Measures, MeasuresView, Rows, Sql};

    #[test]
    fn the_document_has_every_api_route_and_no_other() {
        let document = document();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                described.insert((
                    method.to_uppercase(),
                    path.clone(),
                    operation["operationId"].as_str().unwrap().to_owned(),
                ));
            }
        }
        // The open-data API is another's, and described in docs/open-data.md.
        let routed = ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/"));
        let routed: BTreeSet<_> =
            routed.map(|route| (route.method.to_owned(), route.described(), route.name.to_owned())).collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn every_reference_in_the_document_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_described_questions_have_the_fields_of_the_real_ones() {
        let document = document();
        let described = |name: &str| -> BTreeSet<String> {
            document["components"]["schemas"][name]["properties"].as_object().unwrap().keys().cloned().collect()
        };
        let real = |value: Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
        let text = || Some("x".to_owned());
        let day = Some("2019-07-16".parse().unwrap());
        let find = Find {
            text: text(),
            name: text(),
            date_of_birth: day,
            born: text(),
            age: text(),
            sex: Some(clear_record::Sex::Female),
            home: text(),
            marks: text(),
            identity_number: text(),
            plate: text(),
            address: text(),
            read_as: text(),
            phone: text(),
            words: text(),
            kind: text(),
            district: text(),
            community_area: Some(1),
            near: text(),
            radius_m: Some(1),
            polygon: text(),
            hours: text(),
            weekdays: text(),
            facets: Some(true),
            case_number: text(),
            id: Some(RecordId { kind: Kind::Person, raw: 0 }),
            from: day,
            to: day,
            beat: text(),
            limit: Some(1),
            offset: Some(1),
        };
        assert_eq!(described("Find"), real(serde_json::to_value(find).unwrap()));
        let check = Check { of: CheckOf::Plate, file: String::new() };
        assert_eq!(described("Check"), real(serde_json::to_value(check).unwrap()));
        let counts = Counts { by: vec![], condition: text(), limit: Some(1) };
        assert_eq!(described("Counts"), real(serde_json::to_value(counts).unwrap()));
        let rows = Rows { from: day, to: day, beat: text(), primary_type: text(), condition: text(), limit: Some(1) };
        assert_eq!(described("Rows"), real(serde_json::to_value(rows).unwrap()));
        let links = Links {
            from: String::new(),
            to: text(),
            common: Some(true),
            open: vec![String::new()],
            hops: Some(1),
            since: day,
            until: day,
            limit: Some(1),
            offset: Some(1),
        };
        assert_eq!(described("Links"), real(serde_json::to_value(links).unwrap()));
        let measures = Measures {
            view: MeasuresView::Board,
            measures: vec![String::new()],
            by: text(),
            on: day,
            from: day,
            to: day,
            set: text(),
            as_of: text(),
            district: text(),
            beat: text(),
            community_area: Some(1),
            ward: Some(1),
            primary_type: text(),
            condition: text(),
            residents: [(String::new(), 1)].into(),
        };
        let sql = Sql { sql: String::new(), limit: Some(1), form: clear_respond::SqlForm::Csv };
        assert_eq!(described("Sql"), real(serde_json::to_value(sql).unwrap()));
        let changes = Changes { since: String::new(), limit: Some(1), offset: Some(1) };
        assert_eq!(described("Changes"), real(serde_json::to_value(changes).unwrap()));
        assert_eq!(described("Measures"), real(serde_json::to_value(measures).unwrap()));
        let inquiry = Inquiry {
            purpose: Some(Purpose::from("x")),
            use_code: Some(UseCode::from("x")),
            case: text(),
            reason: text(),
            on_behalf_of: Some(BTreeSet::new()),
            number: Some("x".parse().unwrap()),
            task_force: Some("x".parse().unwrap()),
            relays: ["x".parse().unwrap()].into(),
            recipients: ["x".parse().unwrap()].into(),
            for_them: Some(false),
            emergency: text(),
            released: Some("x".parse().unwrap()),
            analytic: true,
            requestor: text(),
        };
        assert_eq!(described("Inquiry"), real(serde_json::to_value(inquiry).unwrap()));
    }
}
