//! Open-data questions that nobody would ask, over HTTP: whatever is sent is answered, or refused with its place. Never a 5xx,
//! never half an answer.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::city::{Answer, City};

/// Pieces that questions are made of, and some that none is.
const PIECES: &[&str] = &[
    "select",
    "distinct",
    "where",
    "group by",
    "having",
    "order by",
    "limit",
    "offset",
    "search",
    "join",
    "left outer join",
    "on",
    "as",
    "union",
    "union all",
    "minus",
    "intersect",
    "|>",
    "case",
    "when",
    "then",
    "else",
    "end",
    "and",
    "or",
    "not",
    "in",
    "like",
    "between",
    "is null",
    "is not null",
    "asc",
    "desc",
    "nulls first",
    "over",
    "partition by",
    "filter",
    "rows between",
    "unbounded preceding",
    "current row",
    "following",
    "(",
    ")",
    "(",
    ")",
    ",",
    ",",
    ".",
    "*",
    ":*",
    "[",
    "]",
    "+",
    "-",
    "/",
    "%",
    "^",
    "||",
    "=",
    "==",
    "!=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "::",
    ";",
    "--",
    "/*",
    "*/",
    "'",
    "\"",
    "`",
    "id",
    ":id",
    ":updated_at",
    "date",
    "ward",
    "beat",
    "block",
    "arrest",
    "location",
    "primary_type",
    "colour",
    "@crimes",
    "@iucr",
    "@this",
    "@zzzz-zzzz",
    "a",
    "n",
    "number",
    "text",
    "floating_timestamp",
    "point",
    "0",
    "1",
    "-1",
    "0.1",
    "1e400",
    "1e-400",
    "NaN",
    "12345678901234567890",
    "999999999999",
    "null",
    "true",
    "false",
    "'THEFT'",
    "'O''HARE'",
    "'2019-07-01'",
    "'2019-02-30'",
    "'POINT (-87 41)'",
    "'MULTIPOLYGON (((0 0, 1 1, 1 0, 0 1, 0 0)))'",
    "count(*)",
    "count(",
    "sum(",
    "avg(",
    "median(",
    "min(",
    "max(",
    "round(",
    "ln(",
    "substring(",
    "split_part(",
    "date_trunc_ym(",
    "date_extract_dow(",
    "within_circle(",
    "within_box(",
    "within_polygon(",
    "extent(",
    "simplify(",
    "row_number()",
    "rank()",
    "lag(",
    "ntile(",
    "first_value(",
    "coalesce(",
    "case(",
    "iif(",
    "unaccent(",
    "power(",
    "\u{0}",
    "\u{202e}",
    "é",
    "🚓",
    "\\",
    "$",
    "#",
    "?",
    "&",
    "~",
    "\t",
    "\n",
];

/// Questions that are nearly right: a condition, a measure and a key, put into each of the shapes that clients ask in.
fn shaped() -> impl Strategy<Value = String> {
    let value = || {
        select(vec![
            "ward",
            "id",
            "beat",
            "date",
            "location",
            "arrest",
            "null",
            "'x'",
            "0",
            "1 / (ward - 27)",
            "ln(0 - ward)",
            "ward::text",
            "block::number",
            "date::text::floating_timestamp",
            "substring(block, ward, -ward)",
            "10 ^ 400",
            "12345678901234567890123456789012345678901234567890",
            "location.latitude",
            ":updated_at",
            "date_diff_d(date, '1')",
            "case when arrest then ward end",
            "make_point(1e308, ward)",
            "distance_in_meters(location, 'POINT EMPTY')",
            "round(ward / 7, 400)",
            "left_pad(beat, 99999999999, beat)",
            "replace(block, '', 'xx')",
            "2 % 0",
            "to_floating_timestamp(:updated_at, 'Nowhere/Else')",
            "num_points(simplify(location, -1))",
        ])
    };
    let condition = select(vec![
        "ward > 1",
        "arrest",
        "not arrest",
        "date between '2019' and '2020-13-01'",
        "block like '%\\'",
        "ward in (1, null)",
        "within_circle(location, 41.9, -87.6, 1e309)",
        "within_box(location, 999, 0, -999, 0)",
        "intersects(location, location)",
        "within_polygon(location, 'MULTIPOLYGON (((-88 41, -87 42, -87 41, -88 42, -88 41)))')",
        "date > 'yesterday'",
        "1 = '1'",
        "caseless_one_of(primary_type, 'theft')",
        "ward = ward + null",
        ":id > 'row-'",
        "null",
        "location is null",
    ]);
    let shape = select(vec![
        "select A where C",
        "select A as x, B as x where C",
        "select A, count(*) where C group by A order by B",
        "select A, count(B) as n group by A having n > A",
        "select *, A as a where C order by a desc limit 2 offset 1",
        "select distinct A, B order by A",
        "select A as a where C |> select a, count(*) group by a",
        "select A as a union all select B",
        "select @j.ward, A join @crimes as j on @j.ward = ward where C",
        "select rank() over (partition by A order by B) as r where C",
        "select sum(A) filter (where C), median(B)",
        "select A, lag(B, 1, A) over (order by date rows 2 preceding)",
        "select A search 'theft' where C",
        "select * (except A) where C",
        "select min(A), max(B), avg(A), stddev_samp(B), regr_slope(A, B)",
    ]);
    (shape, value(), value(), condition).prop_map(|(shape, a, b, c)| {
        let word = |word: &str| match word {
            "A" => a.to_owned(),
            "B" => b.to_owned(),
            "C" => c.to_owned(),
            other => other.to_owned(),
        };
        // Letters that stand alone.
        let mut text = String::new();
        for part in shape.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            let (name, rest) =
                part.split_at(part.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(part.len()));
            text.push_str(&word(name));
            text.push_str(rest);
        }
        text
    })
}

fn question() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => vec(select(PIECES), 1..24).prop_map(|pieces| format!("select {}", pieces.join(" "))),
        1 => vec(select(PIECES), 1..12).prop_map(|pieces| pieces.concat()),
        4 => shaped(),
        // A right one, cut off anywhere or with a piece in it that does not belong there.
        2 => (shaped(), any::<prop::sample::Index>(), select(PIECES)).prop_map(|(text, at, piece)| {
            let at = (0..=at.index(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let (head, tail) = text.split_at(at);
            if piece.len() % 2 == 0 { head.to_owned() } else { format!("{head} {piece} {tail}") }
        }),
        1 => any::<String>(),
    ]
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// An answer, or what is wrong in one of the two envelopes.
fn is_said(what: &str, answer: &Answer) -> Result<(), TestCaseError> {
    prop_assert!(matches!(answer.status, 200 | 400), "{}: {} {}", what, answer.status, answer.text());
    if answer.status == 400 || answer.header("content-type").contains("json") {
        let said: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| TestCaseError::fail(format!("{what}: {error}: {}", answer.text())))?;
        let has_code = said["errorCode"].is_string() && said["message"].is_string();
        prop_assert!(answer.status == 200 || has_code, "{}: {}", what, said);
        // A place is one in the question.
        if let (Some(column), Some(line)) =
            (said["data"]["position"]["column"].as_u64(), said["data"]["position"]["line"].as_str())
        {
            prop_assert!(column >= 1 && column as usize <= line.chars().count() + 1, "{}: {}", what, said);
        }
    }
    Ok(())
}

#[test]
fn no_question_over_http_is_the_servers_fault() {
    let city = City::open();
    for number in 0..6 {
        let incident = json!({
            "case_number": format!("JC{number:06}"), "occurred_from": format!("2019-07-0{}T12:00:00", number + 1),
            "offences": [{"iucr": "0820", "primary_type": "THEFT"}], "block": "014XX W FERRY ST", "beat": "0411",
            "ward": 25 + number, "arrest": number % 2 == 0, "latitude": 41.8894, "longitude": -87.6182,
        });
        city.file("incident", &incident);
    }
    let ask = |line: &str, body: &[u8]| city.ask(line, &[], body);
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let forms = select(vec!["json", "csv", "geojson", "tsv"]);
    let way = (question(), forms, 0..4_u8);
    let run = runner.run(&way, |(question, form, way)| {
        let answer = match way {
            0 => ask(&format!("GET /resource/crimes.{form}?$query={}", encoded(&question)), b""),
            1 => ask(&format!("GET /resource/crimes.{form}?$where={}&$limit=3", encoded(&question)), b""),
            2 => ask(&format!("GET /resource/crimes.{form}?$select={}&$order=id", encoded(&question)), b""),
            _ => {
                let body = json!({"query": question, "page": {"pageSize": 5}}).to_string();
                ask("POST /api/v3/views/crimes/query.json", body.as_bytes())
            }
        };
        is_said(&question, &answer)
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(ask("GET /resource/crimes.json?$select=count(*)", b"").json(), json!([{"count": "6"}]), "it serves on");
}
