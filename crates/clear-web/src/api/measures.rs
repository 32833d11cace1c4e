//! Measures.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use clear_record::{Inquiry, Seq};
use clear_respond::{Measured, Measures, PublicAnswer, Unpublished};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{InquirySchema, MeasuresSchema, Refusals};
use crate::soda::Line;

/// A question about figures.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskMeasures {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// What to measure.
    #[schema(value_type = MeasuresSchema)]
    question: Measures,
    /// The answer must have seen the ledger up to here.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Gives a board, a trend or the hours of a week, each figure with its bounds, and with every comparison whether it is more
/// than chance.
#[utoipa::path(
    post, path = "/api/v1/measures", tag = "Ask", operation_id = "measures",
    request_body(content = AskMeasures, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Weekly board of the district", "on_behalf_of": ["pmpd"]},
        "question": {"view": "board", "measures": ["index", "robbery"], "by": "beat", "district": "004", "on": "2019-07-16"}
    })),
    responses((status = 200, description = "The figures, of the incidents that the asker may see.", body = clear_respond::Measured), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn measures(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let AskMeasures { inquiry, question, see } = input.json()?;
    Ok(asker.ask(&app, inquiry, see, question).await?.into_http())
}

/// The same, with the question in the query string, as it stands in the address of the page, and the inquiry in
/// `X-Inquiry-…` headers.
#[utoipa::path(
    get, path = "/api/v1/measures", tag = "Ask", operation_id = "measures_by_query",
    params(
        ("view" = Option<String>, Query, description = "`board`, `trend` or `hours`.", example = "board"),
        ("measures" = Option<String>, Query, description = "Names of measures, separated by commas, or several times.", example = "index,robbery"),
        ("by" = Option<String>, Query, description = "A row for each value of this column.", example = "beat"),
        ("on" = Option<String>, Query, description = "The last day of a board.", example = "2019-07-16"),
        ("from" = Option<String>, Query, description = "The first day of a trend or of hours."),
        ("to" = Option<String>, Query, description = "Their last day."),
        ("set" = Option<String>, Query, description = "`incidents`, or the public extract, `crimes`."),
        ("as_of" = Option<String>, Query, description = "The figures as they stood at a moment, or at a place in the ledger.", example = "2019-07-16T00:00:00Z"),
        ("district" = Option<String>, Query, description = "Incidents of this district alone.", example = "004"),
        ("beat" = Option<String>, Query, description = "Incidents of this beat alone."),
        ("community_area" = Option<u16>, Query, description = "Incidents of this community area alone."),
        ("ward" = Option<u16>, Query, description = "Incidents of this ward alone."),
        ("type" = Option<String>, Query, description = "Incidents of this primary type alone."),
        ("where" = Option<String>, Query, description = "A condition in SoQL.", example = "domestic = true"),
        ("residents" = Option<String>, Query, description = "Residents by value, for rates: `25:98514,26:18001`; `:2700000` for all together."),
        ("see" = Option<u64>, Query, description = "The answer must have seen the ledger up to here."),
        crate::openapi::InquiryHeaders,
    ),
    responses((status = 200, description = "As `POST`, the same bytes.", body = clear_respond::Measured), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn measures_by_query(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (question, see) = question(pairs)?;
    Ok(asker.ask(&app, asker.inquiry.clone(), see, question).await?.into_http())
}

/// The same figures of the public extract, for everybody: without an account and without an inquiry. The newest seven days are
/// missing, and an incident has no status.
#[utoipa::path(
    get, path = "/api/v1/figures", tag = "Ask", operation_id = "figures",
    params(
        ("view" = Option<String>, Query, description = "`board`, `trend` or `hours`.", example = "trend"),
        ("measures" = Option<String>, Query, description = "Names of measures, separated by commas, or several times.", example = "index,robbery"),
        ("by" = Option<String>, Query, description = "A row for each value of this column.", example = "district"),
        ("on" = Option<String>, Query, description = "The last day of a board."),
        ("from" = Option<String>, Query, description = "The first day of a trend or of hours."),
        ("to" = Option<String>, Query, description = "Their last day."),
        ("district" = Option<String>, Query, description = "Incidents of this district alone."),
        ("beat" = Option<String>, Query, description = "Incidents of this beat alone."),
        ("community_area" = Option<u16>, Query, description = "Incidents of this community area alone."),
        ("ward" = Option<u16>, Query, description = "Incidents of this ward alone."),
        ("type" = Option<String>, Query, description = "Incidents of this primary type alone."),
        ("where" = Option<String>, Query, description = "A condition in SoQL."),
        ("residents" = Option<String>, Query, description = "Residents by value, for rates."),
    ),
    responses((status = 200, description = "The figures.", body = clear_respond::Measured), Refusals)
)]
pub(crate) async fn figures(
    State(app): State<Arc<App>>,
    line: Line,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (question, _) = question(pairs)?;
    let answer = published(&app, &line, question).await?;
    Ok(([(CONTENT_TYPE, "application/json")], answer.bytes().to_vec()).into_response())
}

/// Figures of the public extract, as everybody may have them.
pub(crate) async fn published(app: &App, line: &Line, question: Measures) -> Result<PublicAnswer<Measured>, Fault> {
    let question = Measures { set: Some("crimes".to_owned()), ..question };
    let answer = clear_respond::published(&app.desk, &question).await.map_err(|unpublished| match unpublished {
        Unpublished::Wrong(fault) => Fault::new(StatusCode::BAD_REQUEST, "wrong", fault.message),
        Unpublished::TooManyRows(message) => Fault::new(StatusCode::BAD_REQUEST, "wrong", message),
        Unpublished::Failed => Fault::crashed(),
    })?;
    app.desk.gate().tell_public(&line.connection());
    if answer.may_leave(&app.desk) { Ok(answer) } else { Err(Fault::crashed()) }
}

/// The question that a query string asks; a blank field says nothing, as in a form.
pub(crate) fn question(pairs: Vec<(String, String)>) -> Result<(Measures, Option<Seq>), Fault> {
    let said =
        pairs.into_iter().map(|(name, text)| (name, text.trim().to_owned())).filter(|(_, text)| !text.is_empty());
    let (measures, mut pairs): (Vec<_>, Vec<_>) = said.partition(|(name, _)| name == "measures");
    // These may be said several times.
    let measures: Vec<String> = measures.into_iter().map(|(_, names)| names).collect();
    if !measures.is_empty() {
        pairs.push(("measures".to_owned(), measures.join(",")));
    }
    super::asked(pairs, &["community_area", "ward"], |name, text| match name {
        "measures" => {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            Some(Ok(json!(names.collect::<Vec<_>>())))
        }
        "residents" => {
            Some(residents(text).map(|all| json!(all)).ok_or("`residents` is like 25:98514,26:18001".to_owned()))
        }
        _ => None,
    })
}

/// `25:98514,26:18001`.
fn residents(text: &str) -> Option<BTreeMap<String, u64>> {
    let pair = |pair: &str| {
        let (value, count) = pair.rsplit_once(':')?;
        Some((value.trim().to_owned(), count.trim().parse().ok()?))
    };
    text.split(',').map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_like_the_json_question() {
        let read = |text: &str| {
            let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            question(pairs)
                .map(|(asked, see)| (serde_json::to_string(&asked).unwrap(), see.map(|seq| seq.0)))
                .map_err(|fault| fault.problem().message.clone())
        };
        for (text, expected) in [
            ("", r#"{"view":"board"}"#),
            (
                "view=trend&measures=index,robbery&measures=theft&by=&beat=0411",
                r#"{"view":"trend","measures":["index","robbery","theft"],"beat":"0411"}"#,
            ),
            (
                "community_area=25&type=THEFT&where=arrest+%3D+true",
                r#"{"view":"board","community_area":25,"type":"THEFT","where":"arrest = true"}"#,
            ),
            (
                "by=community_area&residents=25:98514,:2700000",
                r#"{"view":"board","by":"community_area","residents":{"":2700000,"25":98514}}"#,
            ),
        ] {
            assert_eq!(read(text), Ok((expected.to_owned(), None)), "{text}");
        }
        for (text, what) in [
            ("ward=two", "`ward` is not a whole number"),
            ("colour=red", "unknown field `colour`"),
            ("view=map", "unknown variant `map`"),
            ("beat=1&beat=2", "twice"),
            ("residents=many", "`residents` is like 25:98514,26:18001"),
            ("on=yesterday", "does not read"),
        ] {
            assert!(read(text).unwrap_err().contains(what), "{text}");
        }
    }
}
