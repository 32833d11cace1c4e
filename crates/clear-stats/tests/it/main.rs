//! Counts as a table of questions; and that nothing hidden is counted.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod hidden;
mod questions;
mod spill;

use clear_record::{
    AccountId, AgencyId, Column, FieldClass, Kind, LabelId, LabelSet, Method, PerClass, Provenance, Reach, Record,
    RecordId, Seq, Sight, Version,
};
use clear_soql::{Position, parse};
use clear_stats::{Columns, Counts, schema};
use jiff::Timestamp;

pub(crate) fn version(seq: u64, number: u128, label: u32, json: Option<&str>) -> Version {
    let agency: AgencyId = "police".parse().unwrap();
    let author: AccountId = "clerk".parse().unwrap();
    let provenance = Provenance {
        agency,
        author,
        method: Method::Filed,
        source: "api".into(),
        reference: None,
        derived: Default::default(),
    };
    let record = json.map(|json| {
        Record::from_bytes(Kind::Incident, json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
    });
    let (id, now) = (RecordId { kind: Kind::Incident, raw: number }, Timestamp::UNIX_EPOCH);
    Version { seq: Seq(seq), id, label: LabelId(label), valid_from: now, recorded_at: now, provenance, record }
}

pub(crate) fn all() -> Reach {
    let labels: LabelSet = (0..64).map(LabelId).collect();
    Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| labels.clone()) }
}

/// `type beat ward arrest occurred_from latitude`, `-` for none.
fn incident(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let text = |name: &str, value: &str| if value == "-" { String::new() } else { format!(r#","{name}":"{value}""#) };
    let plain = |name: &str, value: &str| if value == "-" { String::new() } else { format!(r#","{name}":{value}"#) };
    let offences = if words[0] == "-" {
        String::new()
    } else {
        format!(r#","offences":[{{"iucr":"0110","primary_type":"{}"}}]"#, words[0])
    };
    format!(
        r#"{{"occurred_from":"{}"{offences}{}{}{}{}}}"#,
        words[4],
        text("beat", words[1]),
        plain("ward", words[2]),
        plain("arrest", words[3]),
        plain("latitude", words[5]),
    )
}

fn columns() -> Columns {
    let mut columns = Columns::new();
    for (seq, line) in (1..).zip([
        "THEFT 0411 2 true 2017-01-01T10:00:00 41.8",
        "THEFT 0411 10 false 2017-02-01T10:00:00 41.9",
        "THEFT 0412 2 - 2018-01-01T10:00:00 -",
        "BATTERY 0412 - true 2018-03-04T23:57:00.5 41.8",
        "BATTERY - 3 false 2018-03-05T00:00:00 -0.0",
        "- - - - 2019-01-01T00:00:00 0.0",
    ]) {
        columns.apply(&version(seq, u128::from(seq), 0, Some(&incident(line))));
    }
    columns
}

/// `group by | where` to rows, or the error with its place.
pub(crate) fn ask(columns: &Columns, question: &str, reach: &Reach) -> String {
    let (group_by, filter) = question.split_once('|').unwrap_or((question, ""));
    let group_by = group_by.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Into::into).collect();
    let filter = filter.trim();
    let counts = Counts {
        group_by,
        filter: (!filter.is_empty()).then(|| parse::expression(filter).expect("reads")),
        limit: 10_000,
    };
    match columns.count(&counts, &Sight::of(reach)) {
        Ok(table) => {
            let row = |row: &Vec<Option<String>>| {
                row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(" ")
            };
            assert_eq!(
                table.rows.iter().map(|row| row.last().unwrap().as_ref().unwrap().parse::<u64>().unwrap()).sum::<u64>(),
                table.total
            );
            table.rows.iter().map(row).collect::<Vec<_>>().join(", ")
        }
        Err(error) => {
            let place = error.span().map_or("-".into(), |span| Position::of(filter, span).column.to_string());
            format!("{} {place}: {error}", error.code().trim_start_matches("query.soql."))
        }
    }
}

#[test]
fn incidents_are_counted() {
    let columns = columns();
    for (question, answer) in [
        ("", "6"),
        ("primary_type", "THEFT 3, BATTERY 2, NULL 1"),
        ("Primary_Type, beat", "THEFT 0411 2, BATTERY 0412 1, BATTERY NULL 1, THEFT 0412 1, NULL NULL 1"),
        ("year", "2018 3, 2017 2, 2019 1"),
        ("month", "1 3, 3 2, 2 1"),
        ("ward", "2 2, NULL 2, 3 1, 10 1"),
        ("arrest", "false 2, true 2, NULL 2"),
        ("latitude", "0 2, 41.8 2, 41.9 1, NULL 1"),
        ("occurred_from | beat is null", "2018-03-05T00:00:00.000 1, 2019-01-01T00:00:00.000 1"),
        ("iucr", "0110 5, NULL 1"),
        ("| primary_type = 'THEFT' and ward = 2", "2"),
        ("| primary_type != 'THEFT'", "2"),
        ("| not primary_type = 'THEFT'", "2"),
        ("| primary_type in ('THEFT', 'ARSON') or arrest", "4"),
        ("| primary_type not in ('THEFT', null)", "0"),
        ("| ward in (2, null)", "2"),
        ("| ward not in (2)", "2"),
        ("| ward between 2 and 3", "3"),
        ("| ward not between 2 and 3", "1"),
        ("| ward = '10'", "1"),
        ("| ward > null", "0"),
        ("| beat like '041_' and not arrest", "1"),
        ("| beat not like '%1'", "2"),
        ("| beat >= '0412'", "2"),
        ("| occurred_from >= '2018-03-05'", "2"),
        ("| occurred_from between '2018-01-01T00:00:00' and '2018-03-04T23:57:00.500'", "2"),
        ("| latitude > -1 and latitude <= 0", "2"),
        ("| arrest = true", "2"),
        ("| true", "6"),
        ("| null", "0"),
        ("| null is null", "6"),
        ("| 1 < 2", "6"),
        ("| arrest is null or domestic is not null", "2"),
        ("| primary_type = 'NOTHING'", "0"),
        ("beat | primary_type = 'NOTHING'", ""),
    ] {
        assert_eq!(ask(&columns, question, &all()), answer, "{question}");
    }
}

#[test]
fn wrong_questions_are_told_so_with_their_place() {
    let columns = columns();
    for (question, error) in [
        ("xx", "no-such-column -: No such column: xx"),
        ("| ward = 1 and xx = 2", "no-such-column 14: No such column: xx"),
        ("| :id = 2", "no-such-column 1: No such column: :id"),
        ("| lower(beat) = 'x'", "no-such-function 1: No such function: lower"),
        ("| ward = 'two'", "type-mismatch 8: Type mismatch: expected number, but got text"),
        ("| beat = 411", "type-mismatch 8: Type mismatch: expected text, but got number"),
        ("| occurred_from > 'yesterday'", "type-mismatch 17: Type mismatch: expected floating_timestamp, but got text"),
        ("| ward like '1%'", "type-mismatch 1: Type mismatch: expected text, but got number"),
        ("| beat like beat", "type-mismatch 11: Type mismatch: a pattern is a text in quotes"),
        ("| ward + 1 = 2", "type-mismatch 1: Type mismatch: only columns and values can be compared here"),
        ("| ward in (beat)", "type-mismatch 10: Type mismatch: expected number, but got text"),
        ("| ward in (ward)", "type-mismatch 10: Type mismatch: a list holds values, not columns"),
        ("| beat", "non-boolean-where 1: Cannot filter by an expression of type text"),
        ("| not 7", "non-boolean-where 5: Cannot filter by an expression of type number"),
        ("| -arrest = 1", "type-mismatch 1: Type mismatch: a sign stands before a number"),
        ("| ward = 1e999", "type-mismatch 8: Type mismatch: 1e999 is no number"),
    ] {
        assert_eq!(ask(&columns, question, &all()), error, "{question}");
    }
}

#[test]
fn a_limit_keeps_the_largest_groups_and_says_how_many_there_are() {
    let counts = Counts { group_by: vec!["primary_type".into()], filter: None, limit: 1 };
    let table = columns().count(&counts, &Sight::of(&all())).unwrap();
    assert_eq!((table.rows.len(), table.groups, table.total), (1, 3, 6));
    assert_eq!(table.columns, ["primary_type", "count"]);
}

#[test]
fn a_correction_replaces_and_an_expungement_removes() {
    let mut columns = columns();
    columns.apply(&version(7, 1, 0, Some(&incident("ARSON 0411 2 true 2017-01-01T10:00:00 41.8"))));
    assert_eq!(ask(&columns, "primary_type", &all()), "BATTERY 2, THEFT 2, ARSON 1, NULL 1");
    columns.apply(&version(8, 2, 0, None));
    assert_eq!(ask(&columns, "primary_type", &all()), "BATTERY 2, ARSON 1, THEFT 1, NULL 1");
    columns.apply(&version(3, 3, 0, None));
    assert_eq!(ask(&columns, "primary_type", &all()), "BATTERY 2, ARSON 1, NULL 1");
    columns.apply(&version(2, 2, 0, Some(&incident("THEFT 0411 2 true 2017-01-01T10:00:00 41.8"))));
    assert_eq!((columns.len(), columns.seq()), (4, Seq(8)));
    // A new label governs at once.
    columns.apply(&version(9, 1, 99, Some(&incident("ARSON 0411 2 true 2017-01-01T10:00:00 41.8"))));
    assert_eq!(ask(&columns, "primary_type", &all()), "BATTERY 2, NULL 1");
}

#[test]
fn a_column_that_is_readable_nowhere_does_not_exist() {
    let columns = columns();
    let mut reach = Reach::nothing();
    reach.class[FieldClass::Operational] = LabelSet::from_iter([LabelId(0)]);
    for name in ["latitude", "address", "no_such_thing"] {
        assert_eq!(ask(&columns, name, &reach), format!("no-such-column -: No such column: {name}"));
        assert_eq!(
            ask(&columns, &format!("| {name} is null"), &reach),
            format!("no-such-column 1: No such column: {name}")
        );
    }
    assert!(Columns::readable(&Sight::of(&reach)).all(|column| column.class == FieldClass::Operational));
    // Readable on another label: the column is there, and NULL on these rows.
    reach.class[FieldClass::Place] = LabelSet::from_iter([LabelId(5)]);
    assert_eq!(ask(&columns, "latitude", &reach), "NULL 6");
    // A pointer is not counted.
    let pointer = Reach { pointer: LabelSet::from_iter([LabelId(0)]), ..Reach::nothing() };
    assert_eq!(ask(&columns, "", &pointer), "0");
}

#[test]
fn the_schema_is_the_declaration() {
    let schema = schema(Kind::Incident);
    assert!(schema.contains(&("occurred_from", Column::TimestampMicros)) && schema.contains(&("ward", Column::Int64)));
    assert_eq!(schema.len(), clear_record::fields(Kind::Incident).len());
}
