//! The open-data query language over a small sample: questions and their answers, line by line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod sample;
mod strange;

use clear_soql::functions;
use clear_stats::soql::{Asked, Clauses, Fault};
use sample::{Shown, ask, asked};

/// Lines `question`, tab, `answer`; a line that begins with `#` says what follows.
const CASES: [(&str, &str); 8] = [
    ("select", include_str!("select.tsv")),
    ("filter", include_str!("filter.tsv")),
    ("numbers", include_str!("numbers.tsv")),
    ("texts", include_str!("texts.tsv")),
    ("times", include_str!("times.tsv")),
    ("places", include_str!("places.tsv")),
    ("groups", include_str!("groups.tsv")),
    ("wrong", include_str!("wrong.tsv")),
];

fn lines(file: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once('\t').unwrap_or((line, "")))
}

#[test]
fn every_question_has_its_answer() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (name, file) in CASES {
        for (question, answer) in lines(file) {
            count += 1;
            let found = ask(question);
            if found != answer {
                wrong.push(format!("{name}: {question}\n   found: {found}\n  wanted: {answer}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} questions:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 300, "{count} questions");
}

#[test]
fn every_function_does_what_its_example_says() {
    let mut wrong = Vec::new();
    for function in functions::FUNCTIONS {
        let found = ask(&format!("SELECT {} AS answer LIMIT 1", function.example));
        if found != function.answer {
            wrong.push(format!(
                "{}: {}\n   found: {found}\n  wanted: {}",
                function.name, function.example, function.answer
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn clauses_are_answered_like_the_query_that_they_make() {
    let none = Clauses::default();
    let some = |text: &str| Some(text.to_owned());
    for (clauses, answer) in [
        (Clauses { select: some("id"), limit: some("2"), ..none.clone() }, "11094001 / 9012002"),
        (Clauses { select: some("id"), equal: vec![("Ward".into(), "4".into())], ..none.clone() }, "11094001"),
        (
            Clauses {
                select: some("id"),
                equal: vec![("arrest".into(), "true".into()), ("primary_type".into(), "NARCOTICS".into())],
                filter: some("ward > 17"),
                ..none.clone()
            },
            "10912009",
        ),
        (Clauses { select: some("id"), equal: vec![("block".into(), "O'HARE ST".into())], ..none.clone() }, "10712008"),
        (Clauses { select: some("id"), search: some("cornell"), ..none.clone() }, "10412007"),
        (
            Clauses {
                select: some("primary_type, count(*)"),
                group: some("primary_type"),
                order: some("count desc"),
                limit: some("2"),
                ..none.clone()
            },
            "THEFT|4 / BATTERY|3",
        ),
        (Clauses { filter: some("xx = 1"), ..none.clone() }, "!query.soql.no-such-column 1:16"),
        (Clauses { limit: some("999999999999"), select: some("count(*)"), ..none.clone() }, "12"),
    ] {
        assert_eq!(asked(&Asked::Clauses(clauses.clone())).shown(), answer, "{clauses:?}");
    }
}

#[test]
fn columns_are_named_and_typed_also_where_there_are_no_rows() {
    let Ok(Shown { fields, rows, .. }) = asked(&Asked::Whole("select *, :id where false".into())).0 else { panic!() };
    let fields: Vec<String> = fields.iter().map(|field| format!("{}:{}", field.name, field.soql_type)).collect();
    assert_eq!(
        fields.join(" "),
        "id:number case_number:text date:floating_timestamp block:text primary_type:text arrest:checkbox \
         domestic:checkbox beat:text ward:number amount:number location:point :id:text"
    );
    assert_eq!(rows, "");
}

#[test]
fn a_polygon_of_a_hundred_thousand_points_is_a_question_like_another() {
    let ring: Vec<String> = (0..=100_000)
        .map(|at| f64::from(at % 100_000) * std::f64::consts::TAU / 100_000.0)
        .map(|angle| format!("{} {}", -87.66 + 0.08 * angle.cos(), 41.86 + 0.08 * angle.sin()))
        .collect();
    let polygon = format!("POLYGON (({}))", ring.join(", "));
    // The southernmost corner is a place of the sample: on the border is not within.
    for (function, count) in [("within_polygon", "4"), ("intersects", "5")] {
        let question = format!("select count(*) where {function}(location, '{polygon}')");
        assert_eq!(ask(&question), count, "{function}");
    }
    assert_eq!(ask(&format!("select num_points('{polygon}') limit 1")), "100001");
    assert_eq!(ask(&format!("select num_points(simplify('{polygon}', 0.01)) < 20 limit 1")), "true");
}

#[test]
fn what_is_nested_deeply_is_answered_or_refused() {
    for (question, answer) in [
        (format!("select {} limit 1", vec!["ward"; 390].join(" + ")), "1560"),
        (format!("select count(*) where {}", vec!["ward = 4"; 390].join(" or ")), "1"),
        (format!("select {}ward{} limit 1", "abs(".repeat(60), ")".repeat(60)), "4"),
        (format!("select {}1{} limit 1", "case when arrest then ".repeat(30), " end".repeat(30)), "1"),
        (format!("select {}arrest limit 1", "not ".repeat(60)), "true"),
        (vec!["select ward"; 32].join(" |> ") + " limit 1", "4"),
        (
            (0..31).fold("select ward".to_owned(), |question, at| {
                format!("{question} where ward > 0 order by ward desc limit 9 |> select lag(ward) over (order by ward rows {at} preceding) + 0 as x, ward")
            }) + " order by ward limit 1",
            "-|11",
        ),
        (format!("select count(*) where ward in ({})", (0..20_000).map(|at| at.to_string()).collect::<Vec<_>>().join(",")), "12"),
    ] {
        assert_eq!(ask(&question), answer, "{}", &question[..50]);
    }
    for question in [
        format!("select {}ward{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("select {}arrest", "not ".repeat(1_000)),
        format!("select ward{}", "::text".repeat(1_000)),
    ] {
        assert!(ask(&question).starts_with("!query.soql.bad-parse"), "{}", &question[..50]);
    }
}

#[test]
fn a_question_of_more_pairs_than_anybody_has_time_for_is_refused() {
    // Twelve rows beside themselves again and again; most pairs are looked at and left out.
    let joins: String = (0..8).map(|at| format!(" join @this as t{at} on ward < @a.ward + 100")).collect();
    assert_eq!(
        ask(&format!("select count(*) from @this as a{joins}")).split(' ').next(),
        Some("!query.execution.too-large")
    );
    assert_eq!(ask("select count(*) join @wards as w on ward = @w.ward and @w.members > 50"), "5");
}

#[test]
fn a_question_of_more_memory_than_it_gets_is_refused() {
    let fault = sample::with_memory(
        1_000_000,
        "select a.id as i, b.id as j, c.id as k, d.id as l, e.id as m from @this as a join @this as b on true join @this as c on true join @this as d on true join @this as e on true order by b.block, c.block, d.block, e.block",
    );
    assert!(matches!(fault, Err(Fault::TooLarge(_))), "{fault:?}");
}
