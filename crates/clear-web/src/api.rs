//! The API: one file for each thing that can be asked. Bodies of answers are exactly what was disclosed.

pub(crate) mod accounts;
pub(crate) mod certificate;
pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod counts;
pub(crate) mod cut_offs;
pub(crate) mod disclosures;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod find;
pub(crate) mod handling;
pub(crate) mod holds;
pub(crate) mod inquiries;
pub(crate) mod links;
pub(crate) mod measures;
pub(crate) mod newest;
pub(crate) mod open;
pub(crate) mod openings;
pub(crate) mod place;
pub(crate) mod productions;
pub(crate) mod reference;
pub(crate) mod register;
pub(crate) mod replay;
pub(crate) mod reviews;
pub(crate) mod rows;
pub(crate) mod session;
pub(crate) mod sql;
pub(crate) mod transparency;
pub(crate) mod was_this_you;

use axum::http::StatusCode;
use clear_record::Seq;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::fault::Fault;

/// The question that a query string asks, and how far the answer must have seen the ledger. Its fields are those of the JSON
/// question, each said once, and unknown ones are refused alike; `value` reads those that are no texts and no numbers.
fn asked<Q: DeserializeOwned>(
    pairs: Vec<(String, String)>,
    numbers: &[&str],
    value: impl Fn(&str, &str) -> Option<Result<Value, String>>,
) -> Result<(Q, Option<Seq>), Fault> {
    let wrong = |what: String| {
        Fault::new(StatusCode::BAD_REQUEST, "bad_query", format!("The query string does not read: {what}."))
    };
    let mut question = Map::new();
    let mut see = None;
    for (name, text) in pairs {
        let number = || text.trim().parse::<u64>().map_err(|_| wrong(format!("`{name}` is not a whole number")));
        let value = match value(&name, &text) {
            Some(value) => value.map_err(wrong)?,
            None if name == "see" => {
                see = Some(Seq(number()?));
                continue;
            }
            None if numbers.contains(&name.as_str()) => json!(number()?),
            None => Value::String(text),
        };
        if question.insert(name.clone(), value).is_some() {
            return Err(wrong(format!("`{name}` is there twice")));
        }
    }
    let question = serde_json::from_value(Value::Object(question)).map_err(|error| wrong(error.to_string()))?;
    Ok((question, see))
}
