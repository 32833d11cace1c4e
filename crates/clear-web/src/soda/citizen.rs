//! The original's own interface for residents, version 1.0, `clearpath/api/1.0/…`: a few questions about the public set,
//! under the names that its programs know.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use clear_respond::{SetAsked, SetClauses, SetForm, SetLayout, Unpublished, publish, set_named};
use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value, json};

use super::fault::SodaFault;
use super::{Line, answered, params};
use crate::app::App;

/// Its fields: their names there, the set's column, and how a value is told.
const FIELDS: &[(&str, &str, Tell)] = &[
    ("beat", "beat", text),
    ("block", "block", text),
    ("communityArea", "community_area", text),
    ("cpdDistrict", "district", text),
    ("dateOccurred", "date", date),
    ("iucr", "iucr", text),
    ("iucrDescription", "description", text),
    ("lastUpdated", "updated_on", date),
    ("locationDesc", "location_description", text),
    ("primary", "primary_type", text),
    ("rdNo", "case_number", text),
    ("ward", "ward", text),
    ("xCoordinate", "x_coordinate", text),
    ("yCoordinate", "y_coordinate", text),
];

type Tell = fn(&Value) -> Value;

fn text(value: &Value) -> Value {
    value.clone()
}

/// `Oct-01-2013 11:55 PM`.
fn date(value: &Value) -> Value {
    let read = value.as_str().and_then(|text| text.parse::<DateTime>().ok());
    read.map_or(Value::Null, |at| json!(at.strftime("%b-%d-%Y %I:%M %p").to_string()))
}

/// FBI codes of index crimes (the department's own definition, after the Uniform Crime Reporting program's part I).
const MAJOR: [&str; 9] = ["01A", "02", "03", "04A", "04B", "05", "06", "07", "09"];
const MAX_DEFAULT: u64 = 500;

/// `crimes/{what}`.
pub(crate) async fn crimes(
    State(app): State<Arc<App>>,
    line: Line,
    Path(what): Path<String>,
) -> Result<Response, SodaFault> {
    line.may_ask(&app, None)?;
    let asked = asked(&what, &params::pairs(line.query.as_deref()))?;
    let set = set_named("crimes").ok_or_else(|| SodaFault::no_such_set("crimes"))?;
    let state = app.desk.set_state(set).await.map_err(|_| SodaFault::ours())?;
    let published = publish(&app.desk, &state, asked, SetForm::Json, SetLayout::default()).await;
    let mut published = published.map_err(|unpublished| match unpublished {
        Unpublished::Wrong(fault) => SodaFault::query(set.id, fault),
        Unpublished::TooManyRows(message) => SodaFault::too_many_rows(set.id, message),
        Unpublished::Failed => SodaFault::ours(),
    })?;
    let mut body = Vec::new();
    while let Some(part) = published.next().await.map_err(|_| SodaFault::ours())? {
        body.extend_from_slice(&part);
    }
    app.desk.gate().tell_public(&line.connection());
    if !published.may_leave(&app.desk) {
        return Err(SodaFault::ours());
    }
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(&body).map_err(|_| SodaFault::ours())?;
    Ok(answered(&line, &Value::Array(rows.iter().map(told).collect())))
}

fn told(row: &Map<String, Value>) -> Value {
    let field =
        |(name, column, tell): &(&str, &str, Tell)| ((*name).to_owned(), row.get(*column).map_or(Value::Null, tell));
    Value::Object(FIELDS.iter().map(field).collect())
}

/// `mostWanted/list` and `communityCalendar/events`: no record here is of that kind and public, and so the lists are empty.
pub(crate) async fn nothing(State(app): State<Arc<App>>, line: Line) -> Result<Response, SodaFault> {
    line.may_ask(&app, None)?;
    Ok(answered(&line, &json!([])))
}

fn asked(what: &str, pairs: &[(String, String)]) -> Result<SetAsked, SodaFault> {
    let wrong = |name: &str, message: &str| SodaFault::parameter("crimes", name, format!("{name} {message}"));
    let of_all = ["max", "offset", "sort"];
    let own: &[&str] = match what {
        "list" => &["dateOccurred"],
        "major" => &["dateOccurredStart", "dateOccurredEnd"],
        "nearbyXY" => &["x", "y", "radius"],
        "rdNo" => &["rdNo"],
        "type" => &["primary"],
        _ => return Err(SodaFault::no_such_set(what)),
    };
    let known = |name: &str| of_all.iter().chain(own).any(|known| known.eq_ignore_ascii_case(name));
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !known(name)) {
        return Err(wrong(name, &format!("is not known here; there are {}, {}", own.join(", "), of_all.join(", "))));
    }
    let said = |name: &str| {
        let found = pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    let must = |name: &str| said(name).ok_or_else(|| wrong(name, "is missing"));
    let day = |name: &str| -> Result<Option<Date>, SodaFault> {
        let Some(text) = said(name) else { return Ok(None) };
        let read = Date::strptime("%m-%d-%Y", text).map_err(|_| wrong(name, "should be a day as 10-01-2013"))?;
        Ok(Some(read))
    };
    let number = |name: &str| -> Result<f64, SodaFault> {
        let read = must(name)?.parse::<f64>().ok().filter(|number| number.is_finite());
        read.ok_or_else(|| wrong(name, "should be a number of feet"))
    };
    let whole = |name: &str| -> Result<Option<u64>, SodaFault> {
        let Some(text) = said(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| wrong(name, "should be a whole number from 0 on"))
    };
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let from = |day: Date| format!("date >= '{day}T00:00:00'");
    let upto =
        |day: Date| day.tomorrow().map_or_else(|_| "TRUE".to_owned(), |next| format!("date < '{next}T00:00:00'"));
    let conditions: Vec<String> = match what {
        "list" => day("dateOccurred")?.into_iter().flat_map(|day| [from(day), upto(day)]).collect(),
        "major" => {
            let codes: Vec<String> = MAJOR.iter().map(|code| quoted(code)).collect();
            let days = [day("dateOccurredStart")?.map(from), day("dateOccurredEnd")?.map(upto)];
            days.into_iter().flatten().chain([format!("fbi_code in ({})", codes.join(", "))]).collect()
        }
        "nearbyXY" => {
            let (x, y, radius) = (number("x")?, number("y")?, number("radius")?);
            let part = |column: &str, at: f64| format!("({column} - ({at})) * ({column} - ({at}))");
            let near = |column: &str, at: f64| format!("{column} between {} and {}", at - radius, at + radius);
            vec![
                near("x_coordinate", x),
                near("y_coordinate", y),
                format!("{} + {} <= {}", part("x_coordinate", x), part("y_coordinate", y), radius * radius),
            ]
        }
        "rdNo" => vec![format!("case_number = {}", quoted(&must("rdNo")?.to_uppercase()))],
        _ => vec![format!("primary_type = {}", quoted(&must("primary")?.to_uppercase()))],
    };
    let (by, descending) = match said("sort") {
        None => ("date", true),
        Some(text) => {
            let (name, way) = text.split_once([' ', ':', '+']).unwrap_or((text, ""));
            let name = name.trim_start_matches('-');
            let field = FIELDS.iter().find(|(field, column, _)| field.eq_ignore_ascii_case(name) || *column == name);
            let (_, column, _) =
                field.ok_or_else(|| wrong("sort", "should be a field, perhaps with `desc` behind it"))?;
            (*column, text.starts_with('-') || way.trim().eq_ignore_ascii_case("desc"))
        }
    };
    Ok(SetAsked::Clauses(SetClauses {
        condition: (!conditions.is_empty()).then(|| conditions.join(" AND ")),
        order: Some(format!("{by} {}", if descending { "DESC" } else { "ASC" })),
        limit: Some(whole("max")?.unwrap_or(MAX_DEFAULT)),
        offset: whole("offset")?,
        ..SetClauses::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_questions_are_questions_of_the_set() {
        let said = |what: &str, query: &str| match asked(what, &params::pairs(Some(query))) {
            Ok(SetAsked::Clauses(it)) => {
                format!(
                    "{} | {} | {:?} {:?}",
                    it.condition.unwrap_or_default(),
                    it.order.unwrap_or_default(),
                    it.limit,
                    it.offset
                )
            }
            other => format!("{other:?}"),
        };
        for (what, query, question) in [
            ("list", "", " | date DESC | Some(500) None"),
            (
                "list",
                "dateOccurred=10-01-2013&max=5&offset=10&sort=rdNo",
                "date >= '2013-10-01T00:00:00' AND date < '2013-10-02T00:00:00' | case_number ASC | Some(5) Some(10)",
            ),
            ("rdNo", "rdNo=hw486725", "case_number = 'HW486725' | date DESC | Some(500) None"),
            ("type", "primary=O'Hare", "primary_type = 'O''HARE' | date DESC | Some(500) None"),
        ] {
            assert_eq!(said(what, query), question, "{what} {query}");
        }
        assert!(said("major", "dateOccurredStart=10-01-2013").contains("fbi_code in ('01A', '02',"));
        assert!(said("nearbyXY", "x=1178943&y=1903134&radius=500").contains("<= 250000"));
        for (what, query, wrong) in [
            ("list", "dateOccurred=2013-10-01", "should be a day"),
            ("list", "colour=red", "is not known here"),
            ("rdNo", "", "is missing"),
            ("nearbyXY", "x=a&y=1&radius=1", "should be a number"),
            ("nearbyXY", "x=inf&y=1&radius=1", "should be a number"),
            ("list", "sort=colour", "should be a field"),
            ("list", "max=-1", "should be a whole number"),
            ("nothing", "", "dataset.missing"),
        ] {
            assert!(said(what, query).contains(wrong), "{what} {query}: {}", said(what, query));
        }
        assert_eq!(date(&json!("2013-10-01T23:55:00.000")), json!("Oct-01-2013 11:55 PM"));
    }
}
