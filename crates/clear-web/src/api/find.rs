//! Find.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use clear_record::{Inquiry, Seq};
use clear_respond::Find;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::{FindSchema, InquirySchema, Refusals};

/// A search.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskFind {
    /// Why, under which use, for which case, on whose behalf.
    #[serde(default)]
    #[schema(value_type = InquirySchema)]
    inquiry: Inquiry,
    /// What to look for.
    #[schema(value_type = FindSchema)]
    question: Find,
    /// The answer must have seen the ledger up to here: the `seq` of a filing of one's own.
    #[schema(value_type = Option<u64>)]
    see: Option<Seq>,
}

/// Finds persons, plates, addresses, telephones, words, cases and incidents.
#[utoipa::path(
    post, path = "/api/v1/find", tag = "Ask", operation_id = "find",
    request_body(content = AskFind, example = json!({
        "inquiry": {"purpose": "criminal_investigation", "use_code": "C", "case": "JC-104233", "reason": "Suspect named by a witness", "on_behalf_of": ["pmpd"]},
        "question": {"name": "smith john", "date_of_birth": "1981-04-03"}
    })),
    responses((status = 200, description = "What was found, of the records that the asker may see.", body = clear_respond::Found,
        headers(("X-Clear-Receipt" = String, description = "The signed receipt of the log's entry."), ("X-Clear-Request" = String, description = "The request's number in the log."))), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn find(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let AskFind { inquiry, question, see } = input.json()?;
    Ok(asker.ask(&app, inquiry, see, question).await?.into_http())
}

/// Finds, with the question in the query string and the inquiry in `X-Inquiry-…` headers.
#[utoipa::path(
    get, path = "/api/v1/find", tag = "Ask", operation_id = "find_by_query",
    params(
        ("text" = Option<String>, Query, description = "Whatever the asker typed."),
        ("read_as" = Option<String>, Query, description = "Which of the offered readings of `text` is meant.", example = "plate"),
        ("name" = Option<String>, Query, description = "A person's name."),
        ("date_of_birth" = Option<String>, Query, description = "With a name.", example = "1981-04-03"),
        ("born" = Option<String>, Query, description = "Persons born then alone: a year, a year about, or two days.", example = "1980~2"),
        ("age" = Option<String>, Query, description = "Persons of this age alone, in years.", example = "30-40"),
        ("sex" = Option<String>, Query, description = "Persons of this sex alone: `M`, `F`, `U`.", example = "F"),
        ("home" = Option<String>, Query, description = "Persons whose home address is on this block or street alone."),
        ("marks" = Option<String>, Query, description = "Words of scars, marks and tattoos, of a person.", example = "eagle"),
        ("identity_number" = Option<String>, Query, description = "The owner's person identity number."),
        ("plate" = Option<String>, Query, description = "A registration plate, a part of one, or one with wildcards.", example = "AB?12*"),
        ("address" = Option<String>, Query, description = "An address, a block, a street, or two streets that cross."),
        ("phone" = Option<String>, Query, description = "A telephone number."),
        ("words" = Option<String>, Query, description = "Words of free text.", example = "burglary \"rear door\" -garage"),
        ("case_number" = Option<String>, Query, description = "A case number."),
        ("id" = Option<String>, Query, description = "A record's id."),
        ("from" = Option<String>, Query, description = "Incidents from this day on.", example = "2019-07-01"),
        ("to" = Option<String>, Query, description = "Incidents up to and including this day.", example = "2019-07-16"),
        ("beat" = Option<String>, Query, description = "Incidents on this beat.", example = "0411"),
        ("kind" = Option<String>, Query, description = "Records of this kind alone.", example = "incident"),
        ("district" = Option<String>, Query, description = "Incidents in this district.", example = "018"),
        ("community_area" = Option<u16>, Query, description = "Incidents in this community area."),
        ("near" = Option<String>, Query, description = "Incidents around this point, with `radius_m`.", example = "41.88,-87.63"),
        ("radius_m" = Option<u32>, Query, description = "How far around it, 1 to 50,000 metres."),
        ("polygon" = Option<String>, Query, description = "Incidents inside these corners, in order.", example = "41.8,-87.6;41.9,-87.6;41.9,-87.7"),
        ("hours" = Option<String>, Query, description = "Incidents from one full hour of the day to another.", example = "22-2"),
        ("weekdays" = Option<String>, Query, description = "Incidents on these days of the week.", example = "sat,sun"),
        ("facets" = Option<bool>, Query, description = "Whether to count the hits by kind, year, beat and area."),
        ("limit" = Option<u64>, Query, description = "How many hits, 20 unless said, 200 at most."),
        ("offset" = Option<u64>, Query, description = "How many hits to leave out first."),
        ("see" = Option<u64>, Query, description = "The answer must have seen the ledger up to here."),
        crate::openapi::InquiryHeaders,
    ),
    responses((status = 200, description = "As `POST`, the same bytes.", body = clear_respond::Found), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn find_by_query(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (question, see) = question(pairs)?;
    Ok(asker.ask(&app, asker.inquiry.clone(), see, question).await?.into_http())
}

/// The question that a query string asks. Its fields are those of the JSON question, and unknown ones are refused alike.
pub(crate) fn question(pairs: Vec<(String, String)>) -> Result<(Find, Option<Seq>), Fault> {
    super::asked(pairs, &["limit", "offset", "community_area", "radius_m"], |name, text| {
        let flag = || text.parse::<bool>().map_err(|_| format!("`{name}` is not true or false"));
        (name == "facets").then(|| flag().map(Value::Bool))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_read_like_the_json_question() {
        let read = |text: &str| {
            let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            question(pairs)
                .map(|(find, see)| (serde_json::to_string(&find).unwrap(), see.map(|seq| seq.0)))
                .map_err(|fault| fault.problem().message.clone())
        };
        assert_eq!(
            read("name=smith+john&limit=5&see=7"),
            Ok((r#"{"name":"smith john","limit":5}"#.to_owned(), Some(7)))
        );
        assert_eq!(
            read("near=41.88,-87.63&radius_m=500&facets=true"),
            Ok((r#"{"near":"41.88,-87.63","radius_m":500,"facets":true}"#.to_owned(), None))
        );
        assert!(read("facets=yes").unwrap_err().contains("`facets` is not true or false"));
        assert!(read("nam=smith").unwrap_err().contains("unknown field `nam`"));
        assert!(read("limit=many").unwrap_err().contains("`limit` is not a whole number"));
        assert!(read("name=a&name=b").unwrap_err().contains("twice"));
        assert!(read("from=yesterday").is_err());
    }
}
