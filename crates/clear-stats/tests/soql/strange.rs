//! Questions that nobody would ask, made of every function by its signature: the engine answers each, or the question is
//! refused with its place; nothing breaks, and no answer breaks off.

use clear_soql::SoqlType;
use clear_soql::functions::{FUNCTIONS, Function, Kind, Takes};
use clear_soql::types::Types;
use clear_stats::soql::{Asked, Fault};
use proptest::prelude::*;

use crate::sample::asked;

/// What makes choices: numbers that run out as zeros.
struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    fn one(&mut self, of: usize) -> usize {
        self.0.next().unwrap_or(0) as usize % of.max(1)
    }

    fn from<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.one(list.len())]
    }
}

/// An expression of that type.
fn expr(wanted: SoqlType, depth: usize, choices: &mut Choices) -> String {
    if depth == 0 || choices.one(3) == 0 {
        return leaf(wanted, choices);
    }
    let gives = |function: &&Function| {
        let mut signatures = function.signatures.iter();
        function.kind != Kind::Window
            && signatures.any(|signature| match signature.gives {
                clear_soql::functions::Gives::One(of) => of == wanted,
                clear_soql::functions::Gives::Same(_) => true,
            })
    };
    let fitting: Vec<&Function> = FUNCTIONS.iter().filter(gives).collect();
    let function = *choices.from(&fitting);
    call(function, wanted, depth, choices)
}

fn call(function: &Function, wanted: SoqlType, depth: usize, choices: &mut Choices) -> String {
    let signature = choices.from(function.signatures);
    let letter = |class: Types, choices: &mut Choices| {
        let list: Vec<SoqlType> = SoqlType::ALL.iter().copied().filter(|of| class.has(*of)).collect();
        if class.has(wanted) { wanted } else { *choices.from(&list) }
    };
    let mut arguments = Vec::new();
    let all = signature.takes.iter().chain(signature.more);
    for takes in all {
        let of = match takes {
            Takes::One(of) => *of,
            Takes::Same(_, class) => letter(*class, choices),
        };
        arguments.push(expr(of, depth - 1, choices));
    }
    let name = function.name;
    match (function.kind, arguments.as_slice()) {
        (Kind::Operator, [one]) => match name {
            "op$NOT" => format!("(NOT {one})"),
            "#IS_NULL" => format!("({one} IS NULL)"),
            "#IS_NOT_NULL" => format!("({one} IS NOT NULL)"),
            _ if name.starts_with("cast$") => format!("({one})::{}", &name[5..]),
            _ => format!("(- {one})"),
        },
        (Kind::Operator, [a, b]) => match name {
            "#LIKE" => format!("({a} LIKE {b})"),
            "#NOT_LIKE" => format!("({a} NOT LIKE {b})"),
            "#IN" => format!("({a} IN ({b}))"),
            "#NOT_IN" => format!("({a} NOT IN ({b}, NULL))"),
            _ => format!("({a} {} {b})", &name[3..]),
        },
        (Kind::Operator, [a, b, c]) => format!("({a} BETWEEN {b} AND {c})"),
        (Kind::Window, _) => format!("{name}({})", arguments.join(", ")),
        _ => format!("{name}({})", arguments.join(", ")),
    }
}

fn leaf(of: SoqlType, choices: &mut Choices) -> String {
    let list: &[&str] = match of {
        SoqlType::Text => &["block", "primary_type", "case_number", "''", "'a%b\\'", "'2017'", "'é🚓'", "NULL"],
        SoqlType::Number => &["ward", "amount", "0", "-1", "1e308", "1e-308", "0.1", "'7'", "NULL", "99999999999"],
        SoqlType::Checkbox => &["arrest", "domestic", "true", "false", "NULL"],
        SoqlType::FloatingTimestamp => &["date", "'2016-02-29'", "'0001-01-01'", "'9999-12-31T23:59:59.999'", "NULL"],
        SoqlType::FixedTimestamp => &[":updated_at", "'2016-02-29T12:00:00Z'", "NULL"],
        SoqlType::Point => &["location", "'POINT (-87.6 41.8)'", "'POINT EMPTY'", "make_point(ward, amount)", "NULL"],
        SoqlType::MultiPoint => &["'MULTIPOINT ((1 2), (3 4))'", "'MULTIPOINT EMPTY'"],
        SoqlType::Line => &["'LINESTRING (0 0, 1 1, 0 1, 1 0)'", "'LINESTRING (0 0)'"],
        SoqlType::MultiLine => &["'MULTILINESTRING ((0 0, 1 1), (0 1, 1 0))'"],
        SoqlType::Polygon => &["'POLYGON ((0 0, 4 4, 4 0, 0 4, 0 0))'", "'POLYGON ((0 0))'", "'POLYGON EMPTY'"],
        SoqlType::MultiPolygon => &["'MULTIPOLYGON (((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 1)), ((9 9, 9 9)))'"],
        SoqlType::Url => &["'https://example.org'::url"],
        SoqlType::Json => &["'{}'::json"],
    };
    (*choices.from(list)).to_owned()
}

fn question(bytes: Vec<u8>) -> String {
    let mut choices = Choices(bytes.into_iter());
    let any = |choices: &mut Choices| *choices.from(SoqlType::ALL);
    let of = any(&mut choices);
    let first = expr(of, 3, &mut choices);
    let condition = expr(SoqlType::Checkbox, 2, &mut choices);
    let key = expr(SoqlType::Text, 1, &mut choices);
    let windows: Vec<&Function> = FUNCTIONS.iter().filter(|function| function.kind != Kind::Operator).collect();
    let function = *choices.from(&windows);
    let over = call(function, SoqlType::Number, 1, &mut choices);
    let frames = [
        "",
        "",
        " ROWS 2 PRECEDING",
        " ROWS BETWEEN 1 PRECEDING AND 3 FOLLOWING",
        " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
        " RANGE BETWEEN CURRENT ROW AND CURRENT ROW",
    ];
    let frame = *choices.from(&frames);
    match choices.one(7) {
        0 => format!("SELECT {first} AS x WHERE {condition} ORDER BY {key}"),
        1 => format!("SELECT {key} AS k, count({first}) AS n GROUP BY k HAVING count(*) > 1 ORDER BY n DESC"),
        2 => format!("SELECT id, {over} OVER (PARTITION BY arrest ORDER BY {key}{frame}) AS w WHERE {condition}"),
        3 => format!("SELECT DISTINCT {first} AS x LIMIT 5"),
        4 => format!("SELECT {first} AS x MINUS SELECT {first} AS y WHERE {condition}"),
        5 => format!(
            "SELECT id, @j.n LEFT JOIN (SELECT ward, {first} AS n) AS j ON {condition} OR ward = @j.ward LIMIT 9"
        ),
        _ => format!("SELECT {over} AS x |> SELECT x, count(*) AS n GROUP BY x"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("OPENCLEAR_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1500)))]

    #[test]
    fn no_question_breaks_the_engine(bytes in proptest::collection::vec(any::<u8>(), 10..80)) {
        let question = question(bytes);
        match asked(&Asked::Whole(question.clone())).0 {
            Ok(_) | Err(Fault::Question(_)) => {}
            Err(fault) => prop_assert!(false, "{question}\n{fault:?}"),
        }
    }
}

#[test]
fn most_of_the_strange_questions_are_answered() {
    // The property above would hold of questions that are all refused.
    let mut state = 1_u64;
    let mut answered = 0;
    for _ in 0..300 {
        let bytes = (0..60).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        answered += usize::from(asked(&Asked::Whole(question(bytes.collect()))).0.is_ok());
    }
    assert!(answered > 100, "{answered} of 300");
}
