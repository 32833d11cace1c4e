//! INVARIANT (hidden rows end in the leaf), from the front: answer and error of any question of the open-data language under a
//! Sight equal those over a projection that never held what the Sight hides.

use clear_record::Sight;
use clear_soql::Position;
use clear_stats::soql::{Asked, Fault};
use clear_stats::{Asking, Columns, Engine, Limits, RecordBatch, ask, planned};
use datafusion::arrow::util::pretty::pretty_format_batches;
use futures_util::TryStreamExt;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::hidden::{Seeds, any_seen, columns, filed_and_allowed};

/// A number, a text and a condition, one of each, of the columns of incidents and of one that there is not.
fn number() -> BoxedStrategy<String> {
    let leaf = select(vec![
        "ward",
        "latitude",
        "ward - 999",
        "year",
        "0",
        "-1",
        "0.5",
        "null",
        "beat::number",
        "length(address)",
        "nothing",
        "date_extract_d(occurred_from)",
        "1 / (ward - 999)",
        "ln(ward - 2)",
        "split_part(beat, '4', 2)::number",
    ]);
    let leaf = leaf.prop_map(str::to_owned);
    leaf.prop_recursive(2, 6, 2, |inner| {
        let infix = select(vec!["+", "-", "*", "/", "%", "^"]);
        prop_oneof![
            (inner.clone(), infix, inner.clone()).prop_map(|(a, infix, b)| format!("({a} {infix} {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("case when {a} > 1 then {b} end")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("round({a}, {b})")),
        ]
    })
    .boxed()
}

fn text() -> BoxedStrategy<String> {
    let leaf = select(vec![
        "beat",
        "primary_type",
        "address",
        "'HIDDEN'",
        "'0411'",
        "null",
        ":id",
        "upper(address)",
        "beat || primary_type",
        "substring(beat, ward)",
        "left_pad(beat, ward, '0')",
        "occurred_from::text",
    ]);
    leaf.prop_map(str::to_owned).boxed()
}

fn condition() -> BoxedStrategy<String> {
    let infix = || select(vec!["=", "!=", "<", ">="]);
    let leaf = prop_oneof![
        (number(), infix(), number()).prop_map(|(a, infix, b)| format!("({a} {infix} {b})")),
        (text(), infix(), text()).prop_map(|(a, infix, b)| format!("({a} {infix} {b})")),
        (text(), select(vec!["'04%'", "'%IDDEN'", "'_'"])).prop_map(|(a, pattern)| format!("({a} like {pattern})")),
        (number(), any::<bool>()).prop_map(|(a, not)| format!("({a} is {}null)", if not { "not " } else { "" })),
        (number(), number()).prop_map(|(a, b)| format!("({a} in (999, 1, {b}))")),
        select(vec!["arrest", "occurred_from > '2017-02-01'", "true", "null", "starts_with(beat, '04')"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("(not {a})")),
        ]
    })
    .boxed()
}

fn question() -> impl Strategy<Value = String> {
    let aggregate = || select(vec!["sum", "avg", "min", "max", "median", "stddev_pop", "count", "count_distinct"]);
    let window =
        select(vec!["rank()", "row_number()", "lag(ward)", "first_value(beat)", "sum(ward)", "count(*)", "ntile(2)"]);
    prop_oneof![
        (number(), text(), condition()).prop_map(|(a, b, c)| format!("select {a} as a, {b} as b where {c}")),
        (number(), condition()).prop_map(|(a, c)| format!("select *, {a} as a where {c} order by a desc limit 3")),
        (text(), condition()).prop_map(|(b, c)| format!("select beat, ward where {c} order by {b} limit 3 offset 1")),
        (aggregate(), number(), condition()).prop_map(|(f, a, c)| format!("select count(*) as n, {f}({a}) as a where {c}")),
        (text(), aggregate(), number(), condition())
            .prop_map(|(b, f, a, c)| format!("select {b} as b, {f}({a}) as a, count(*) as n where {c} group by b having n > 1")),
        (text(), number()).prop_map(|(b, a)| format!("select {b} as b, count(*) as n group by b order by n desc, sum({a}) limit 2")),
        (window, text(), number())
            .prop_map(|(w, b, a)| format!("select beat, {w} over (partition by {b} order by {a}) as w order by w limit 9")),
        (text(), condition()).prop_map(|(b, c)| format!("select distinct {b} as b where {c}")),
        (text(), condition()).prop_map(|(b, c)| format!("select {b} as b union all select beat where {c}")),
        (text(), condition()).prop_map(|(b, c)| format!("select {b} as b where {c} minus select beat")),
        (number(), condition())
            .prop_map(|(a, c)| format!("select a.beat, b.ward as other from @this as a left join @this as b on a.ward = b.ward and {c} where {a} is not null limit 7")),
        (number(), condition()).prop_map(|(a, c)| format!("select {a} as a, beat where {c} |> select a, count(*) as n group by a")),
        select(vec!["0411", "main st", "hidden", "homicide 0412"]).prop_map(|words| format!("select beat, address search '{words}'")),
        number().prop_map(|a| format!("select sum({a}) filter (where ward = 999) as a, max(occurred_from), min(:updated_at)")),
    ]
}

/// The answer as text, or the error's code and place.
async fn answered(engine: &Engine, columns: &Columns, sight: &Sight<'_>, question: &str) -> String {
    let Some(shelf) = columns.shelf("incidents", sight) else { return "no such table".to_owned() };
    let told = |fault: Fault| match fault.position() {
        Some(Position { row, column, .. }) => format!("{} {row}:{column}", fault.code()),
        None => panic!("{question}: {fault:?}"),
    };
    let tables = [Asking::Shelf(shelf.clone())];
    let planned = match planned(&tables, &Asked::Whole(question.to_owned()), Some(1_000)) {
        Ok(planned) => planned,
        Err(fault) => return told(fault),
    };
    let answer = match ask(engine, tables.into(), &planned).await {
        Ok(answer) => answer,
        Err(fault) => return told(fault),
    };
    let fields = format!("{:?}", answer.fields);
    let batches: Vec<RecordBatch> =
        answer.batches.try_collect().await.unwrap_or_else(|error| panic!("{question}: {error}"));
    format!("{fields}\n{}", pretty_format_batches(&batches).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("OPENCLEAR_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)))]

    #[test]
    fn any_question_is_answered_as_if_nothing_else_had_been_filed(
        filed in vec((0..20u128, 0..4u32, option::weighted(0.9, any::<Seeds>())), 0..40),
        seen in any_seen(),
        questions in vec(question(), 8),
    ) {
        let sight = seen.sight();
        let (full, allowed) = filed_and_allowed(&filed, &sight);
        let (full, allowed) = (columns(&full), columns(&allowed));
        let engine = Engine::new(&Limits::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for question in questions {
            let (full, allowed) = runtime.block_on(async {
                (answered(&engine, &full, &sight, &question).await, answered(&engine, &allowed, &sight, &question).await)
            });
            prop_assert_eq!(full, allowed, "{}", question);
        }
    }
}
