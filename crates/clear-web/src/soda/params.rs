//! The parameters of a question, as they stand in an address.
//!
//! In:    the pairs of a query string, the set's columns.
//! Out:   what is asked, and how it is to be written; or the parameter that is wrong.
//! Never: takes a parameter that it does not know for nothing: a filter that is misspelt would give everything.

use std::collections::BTreeMap;

use clear_respond::{SetAsked, SetClauses, SetInfo};

use super::fault::SodaFault;

/// Rows of an answer that does not say how many.
pub(crate) const LIMIT_DEFAULT: u64 = 1_000;

/// What a request says.
#[derive(Debug, PartialEq)]
pub(crate) struct Params {
    /// The question.
    pub(crate) asked: SetAsked,
    /// The application token.
    pub(crate) token: Option<String>,
    /// Whether a byte order mark is wanted.
    pub(crate) bom: bool,
}

const CLAUSES: [&str; 9] = ["$select", "$where", "$group", "$having", "$order", "$limit", "$offset", "$q", "$query"];
const OTHERS: [&str; 3] = ["$$app_token", "$$bom", "$$exclude_system_fields"];

/// Reads the parameters. `limit` is how many rows come where none is said.
pub(crate) fn read(set: &SetInfo, pairs: &[(String, String)], limit: Option<u64>) -> Result<Params, SodaFault> {
    let wrong = |name: &str, message: String| SodaFault::parameter(set.id, name, message);
    let mut said: BTreeMap<String, &str> = BTreeMap::new();
    let mut equal: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        let lower = name.trim().to_lowercase();
        if lower.starts_with('$') {
            if !CLAUSES.contains(&lower.as_str()) && !OTHERS.contains(&lower.as_str()) {
                let known = CLAUSES.iter().chain(&OTHERS).copied().collect::<Vec<_>>().join(", ");
                return Err(wrong(name, format!("Unrecognized arguments [{name}]; there are {known}, and columns")));
            }
            if said.insert(lower, value).is_some() {
                return Err(wrong(name, format!("{name} is said twice")));
            }
        } else {
            equal.push((lower, value.clone()));
        }
    }
    let get = |name: &str| said.get(name).map(|text| (*text).to_owned());
    let number = |name: &str| -> Result<Option<u64>, SodaFault> {
        let Some(text) = said.get(name) else { return Ok(None) };
        let read = text.trim().parse::<u64>();
        read.map(Some).map_err(|_| wrong(name, format!("{name} should be a whole number from 0 on, and is `{text}`")))
    };
    let yes = |name: &str, default: bool| match said.get(name).map(|text| text.trim().to_lowercase()) {
        None => Ok(default),
        Some(text) if text == "true" => Ok(true),
        Some(text) if text == "false" => Ok(false),
        Some(text) => Err(wrong(name, format!("{name} should be true or false, and is `{text}`"))),
    };
    let asked = match get("$query") {
        Some(query) => {
            if let Some(other) = CLAUSES.iter().find(|name| **name != "$query" && said.contains_key(**name)) {
                return Err(wrong(other, format!("$query says everything; {other} cannot be said beside it")));
            }
            if !equal.is_empty() {
                return Err(wrong("$query", "$query says everything; a column cannot be said beside it".to_owned()));
            }
            SetAsked::Whole { query, limit }
        }
        None => {
            let select = get("$select").filter(|text| !text.trim().is_empty());
            let system = !yes("$$exclude_system_fields", true)?;
            SetAsked::Clauses(SetClauses {
                select: select.or_else(|| (system && !said.contains_key("$group")).then(|| ":*, *".to_owned())),
                condition: get("$where").filter(|text| !text.trim().is_empty()),
                equal,
                group: get("$group").filter(|text| !text.trim().is_empty()),
                having: get("$having").filter(|text| !text.trim().is_empty()),
                order: get("$order").filter(|text| !text.trim().is_empty()),
                search: get("$q").filter(|text| !text.trim().is_empty()),
                limit: number("$limit")?.or(limit),
                offset: number("$offset")?,
            })
        }
    };
    yes("$$exclude_system_fields", true)?;
    Ok(Params { asked, token: get("$$app_token").filter(|text| !text.is_empty()), bom: yes("$$bom", false)? })
}

/// The pairs of a query string.
pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(query: &str) -> String {
        let set = clear_respond::set_named("crimes").expect("the set");
        match read(set, &pairs(Some(query)), Some(LIMIT_DEFAULT)) {
            Ok(Params { asked: SetAsked::Whole { query, limit }, .. }) => format!("{query} / {limit:?}"),
            Ok(Params { asked: SetAsked::Clauses(clauses), .. }) => {
                let SetClauses { select, condition, equal, group, having, order, search, limit, offset } = clauses;
                let equal: Vec<String> = equal.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let parts = [select, condition, group, having, order, search];
                let parts: Vec<String> = parts.into_iter().map(|part| part.unwrap_or_default()).collect();
                format!("{} / {} {limit:?} {offset:?}", parts.join("|"), equal.join("&"))
            }
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn parameters_become_a_question() {
        for (query, asked) in [
            ("", "||||| /  Some(1000) None"),
            ("$LIMIT=5&$Offset=10", "||||| /  Some(5) Some(10)"),
            ("$select=a&$where=b&$group=c&$having=d&$order=e&$q=f", "a|b|c|d|e|f /  Some(1000) None"),
            ("primary_type=THEFT&Ward=27", "||||| / primary_type=THEFT&ward=27 Some(1000) None"),
            ("block=O'HARE&$where=a or b", "|a or b|||| / block=O'HARE Some(1000) None"),
            ("$query=select 1&$$app_token=x&$$bom=true", "select 1 / Some(1000)"),
            ("$$exclude_system_fields=false", ":*, *||||| /  Some(1000) None"),
            ("$limit=999999999999", "||||| /  Some(999999999999) None"),
        ] {
            assert_eq!(said(query), asked, "{query}");
        }
        for (query, wrong) in [
            ("$foo=1", "Unrecognized arguments [$foo]"),
            ("$$version=2.1", "Unrecognized arguments [$$version]"),
            ("$limit=-1", "$limit should be a whole number"),
            ("$limit=", "$limit should be a whole number"),
            ("$offset=1.5", "$offset should be a whole number"),
            ("$limit=1&$LIMIT=2", "is said twice"),
            ("$query=select 1&$limit=2", "$limit cannot be said beside it"),
            ("$query=select 1&ward=2", "a column cannot be said beside it"),
            ("$$bom=maybe", "$$bom should be true or false"),
        ] {
            assert!(said(query).contains(wrong), "{query}: {}", said(query));
        }
    }
}
