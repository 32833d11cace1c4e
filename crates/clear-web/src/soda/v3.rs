//! SODA 3: a question as one text, posted or in the address; and exports of whole sets.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use clear_respond::{SetAsked, SetForm, SetInfo, SetLayout};
use serde::Deserialize;
use serde_json::Value;

use super::Line;
use super::fault::SodaFault;
use super::params::{self, LIMIT_DEFAULT};
use super::resource::{is_of_download, set_and_form};
use super::rows::{self, Wish};
use crate::app::App;
use crate::fault::Fault;
use crate::input::Input;

/// What a body says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    query: Option<String>,
    page: Option<Page>,
    /// Whether the system's columns come with the rows of a question that selects everything.
    include_synthetic: Option<bool>,
    include_system: Option<bool>,
    /// Orders are total here, whatever this says.
    #[serde(rename = "orderingSpecifier")]
    _ordering: Option<Value>,
    /// Answers come as soon as they can.
    #[serde(rename = "timeout")]
    _timeout: Option<Value>,
    #[serde(rename = "clientContext")]
    _context: Option<Value>,
    parameters: Option<serde_json::Map<String, Value>>,
    #[serde(default)]
    serialization_options: Writing,
}

/// How values in text are written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Writing {
    separator: Option<char>,
    bom: Option<bool>,
    /// Times have milliseconds here, whatever this says.
    #[serde(rename = "preciseTimestamps")]
    _precise: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Page {
    page_number: Option<u64>,
    page_size: Option<u64>,
}

/// A question that was posted.
pub(crate) async fn query(
    State(app): State<Arc<App>>,
    line: Line,
    Path((id, file)): Path<(String, String)>,
    input: Input,
) -> Result<Result<Response, SodaFault>, Fault> {
    Ok(match body(&input) {
        Ok(body) => answer(&app, &line, &id, &file, body).await,
        Err(fault) => Err(fault),
    })
}

/// The same, with the question in the address.
pub(crate) async fn query_by_address(
    State(app): State<Arc<App>>,
    line: Line,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, SodaFault> {
    let mut body = Body::default();
    let mut page = Page { page_number: None, page_size: None };
    let wrong = |name: &str, message: &str| SodaFault::parameter(&id, name, format!("{name} {message}"));
    for (name, value) in params::pairs(line.query.as_deref()) {
        let number = || value.trim().parse().map_err(|_| wrong(&name, "should be a whole number from 1 on"));
        match name.trim_start_matches('$').to_lowercase().as_str() {
            "query" => body.query = Some(value.clone()),
            "pagenumber" => page.page_number = Some(number()?),
            "pagesize" => page.page_size = Some(number()?),
            "includesynthetic" => match value.as_str() {
                "true" => body.include_synthetic = Some(true),
                "false" => body.include_synthetic = Some(false),
                _ => return Err(wrong(&name, "should be true or false")),
            },
            "bom" => body.serialization_options.bom = Some(value == "true"),
            "app_token" | "orderingspecifier" | "timeout" => {}
            _ if is_of_download(&name, &value) => {}
            _ => return Err(SodaFault::parameter(&id, &name, format!("Unrecognized arguments [{name}]"))),
        }
    }
    if page.page_number.is_some() || page.page_size.is_some() {
        body.page = Some(page);
    }
    answer(&app, &line, &id, &file, body).await
}

fn body(input: &Input) -> Result<Body, SodaFault> {
    if input.bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Body::default());
    }
    if input.bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(SodaFault::body("The body does not read: it should be an object, as `{\"query\": \"SELECT *\"}`."));
    }
    serde_json::from_slice(&input.bytes).map_err(|error| SodaFault::body(&format!("The body does not read: {error}.")))
}

async fn answer(app: &Arc<App>, line: &Line, id: &str, file: &str, mut body: Body) -> Result<Response, SodaFault> {
    let (kind, extension) = file.rsplit_once('.').unwrap_or((file, "json"));
    let (set, form) = set_and_form(id, extension)?;
    let is_export = match (kind, form) {
        ("query", SetForm::Json | SetForm::Csv | SetForm::GeoJson) => false,
        ("export", _) => true,
        ("query", _) => return Err(SodaFault::no_such_form(extension)),
        _ => return Err(SodaFault::no_such_set(id)),
    };
    line.may_ask(app, None)?;
    let Writing { separator, bom, .. } = std::mem::take(&mut body.serialization_options);
    if separator
        .is_some_and(|it| !it.is_ascii() || it.is_ascii_alphanumeric() || matches!(it, '"' | '\n' | '\r' | '\0'))
    {
        let message = "separator should be one character that stands in no value, like `,`, `;` or a tab".to_owned();
        return Err(SodaFault::parameter(set.id, "serializationOptions", message));
    }
    let layout = SetLayout { bom: bom.unwrap_or(false), separator, view: None };
    let asked = asked(set, body, is_export)?;
    rows::send(app, line, Wish { set, asked, form, layout, download: is_export }).await
}

fn asked(set: &SetInfo, body: Body, is_export: bool) -> Result<SetAsked, SodaFault> {
    let says_nothing = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
    if body.parameters.as_ref().is_some_and(|parameters| !parameters.values().all(says_nothing)) {
        let message = "A question has no parameters here; write their values into it".to_owned();
        return Err(SodaFault::parameter(set.id, "parameters", message));
    }
    let query = body.query.filter(|query| !query.trim().is_empty()).unwrap_or_else(|| "SELECT *".to_owned());
    let synthetic = body.include_synthetic.or(body.include_system).unwrap_or(!is_export);
    let query = if synthetic { with_system(&query) } else { query };
    let Some(page) = body.page else {
        return Ok(SetAsked::Whole { query, limit: (!is_export).then_some(LIMIT_DEFAULT) });
    };
    let (number, size) = (page.page_number.unwrap_or(1), page.page_size.unwrap_or(LIMIT_DEFAULT));
    if number == 0 {
        return Err(SodaFault::parameter(set.id, "page", "pageNumber counts from 1".to_owned()));
    }
    let offset = (number - 1).saturating_mul(size);
    // The page is one of what the question gives, its own limit included.
    Ok(SetAsked::Whole { query: format!("{query} |> SELECT * LIMIT {size} OFFSET {offset}"), limit: None })
}

/// A question that begins by selecting everything, with the system's columns before it.
fn with_system(query: &str) -> String {
    let text = query.trim_start();
    let rest = text.get(..6).filter(|word| word.eq_ignore_ascii_case("select")).and_then(|_| text.get(6..));
    let rest = rest.and_then(|rest| rest.trim_start().strip_prefix('*'));
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => format!("SELECT :*, *{rest}"),
        _ => query.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_becomes_a_question() {
        let set = clear_respond::set_named("crimes").expect("the set");
        let said = |json: &str, is_export: bool| match serde_json::from_str(json) {
            Err(error) => format!("wrong: {error}"),
            Ok(body) => match asked(set, body, is_export) {
                Ok(SetAsked::Whole { query, limit }) => format!("{query} / {limit:?}"),
                other => format!("wrong: {other:?}"),
            },
        };
        for (json, is_export, asked) in [
            ("{}", false, "SELECT :*, * / Some(1000)"),
            ("{}", true, "SELECT * / None"),
            (r#"{"includeSynthetic": false}"#, false, "SELECT * / Some(1000)"),
            (r#"{"query": "select * where ward = 1"}"#, false, "SELECT :*, * where ward = 1 / Some(1000)"),
            (r#"{"query": "select ward"}"#, false, "select ward / Some(1000)"),
            (
                r#"{"query": "select ward", "page": {"pageNumber": 3, "pageSize": 20}}"#,
                false,
                "select ward |> SELECT * LIMIT 20 OFFSET 40 / None",
            ),
            (
                r#"{"page": {"pageNumber": 18446744073709551615}, "includeSynthetic": false}"#,
                false,
                "SELECT * |> SELECT * LIMIT 1000 OFFSET 18446744073709551615 / None",
            ),
        ] {
            assert_eq!(said(json, is_export), asked, "{json}");
        }
        for json in
            [r#"{"page": {"pageNumber": 0}}"#, r#"{"sql": "x"}"#, r#"{"query": 7}"#, r#"{"parameters": {"a": 1}}"#]
        {
            assert!(said(json, false).starts_with("wrong: "), "{json}");
        }
    }
}
