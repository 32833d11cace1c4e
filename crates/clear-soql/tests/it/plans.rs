//! What queries mean: types, aliases and errors with their places, as a table; and that no query is too strange.

use clear_soql::plan::{self, Field, Plan, Schema, Table};
use clear_soql::{Error, Position, SoqlType, functions, parse};
use proptest::collection::vec;
use proptest::prelude::*;

fn schema() -> Schema {
    let crimes = [
        (":id", SoqlType::Text),
        (":updated_at", SoqlType::FixedTimestamp),
        ("id", SoqlType::Number),
        ("date", SoqlType::FloatingTimestamp),
        ("block", SoqlType::Text),
        ("primary_type", SoqlType::Text),
        ("arrest", SoqlType::Checkbox),
        ("ward", SoqlType::Number),
        ("location", SoqlType::Point),
        ("area", SoqlType::MultiPolygon),
        ("more", SoqlType::Json),
    ];
    let wards = [(":id", SoqlType::Text), ("ward", SoqlType::Number), ("name", SoqlType::Text)];
    let table = |names: [&str; 2], fields: &[(&str, SoqlType)]| Table {
        names: names.map(str::to_owned).to_vec(),
        fields: fields.iter().map(|(name, of)| Field::new(name, *of)).collect(),
    };
    Schema { tables: vec![table(["ijzp-q8t2", "crimes"], &crimes), table(["abcd-1234", "wards"], &wards)] }
}

fn planned(text: &str) -> Result<Plan, Error> {
    plan::of(text, &parse::query(text)?, &schema())
}

/// `name:type` of each column, or `code row:column description`.
fn fields(text: &str) -> String {
    match planned(text) {
        Ok(plan) => {
            let fields = plan.fields().iter().map(|field| format!("{}:{}", field.name, field.soql_type));
            fields.collect::<Vec<_>>().join(" ")
        }
        Err(error) => {
            let Position { row, column, line } = error.position();
            let marked = line.chars().skip(column - 1).collect::<String>();
            assert!(text.is_empty() || !marked.is_empty(), "{text}: the place is in the text");
            let code = error.code().trim_start_matches("query.soql.");
            format!("{code} {row}:{column} {}", error.description())
        }
    }
}

/// Every line of a table that does not hold, not the first alone.
#[derive(Default)]
struct All(Vec<String>);

impl All {
    fn see(&mut self, text: &str, found: String, wanted: &str) {
        if found != wanted {
            self.0.push(format!("{text}\n   found: {found}\n  wanted: {wanted}"));
        }
    }

    fn end(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

#[test]
fn columns_have_names_and_types() {
    let mut assert_all = All::default();
    for (text, answer) in [
        (
            "select *",
            "id:number date:floating_timestamp block:text primary_type:text arrest:checkbox ward:number location:point area:multipolygon more:json",
        ),
        ("select :*, id", ":id:text :updated_at:fixed_timestamp id:number"),
        ("select *(except date, block, primary_type, arrest, ward, location, area, more)", "id:number"),
        ("select Ward, WARD as w", "ward:number w:number"),
        (
            "select count(*), count(:id), count(1), sum(ward)",
            "count:number count_id:number count_1:number sum_ward:number",
        ),
        ("select id + ward, id + ward", "id_ward:number id_ward_1:number"),
        ("select upper(block) as b, b || 'x' as c, length(c)", "b:text c:text length_c:number"),
        (
            "select date_trunc_ym(date) as month, count(*) as n group by month having n > 1 order by n desc",
            "month:floating_timestamp n:number",
        ),
        ("select primary_type, count(*) group by primary_type order by count desc", "primary_type:text count:number"),
        ("select date.year, location.latitude", "date_year:number location_latitude:number"),
        ("select case when arrest then 1 end as c, iif(arrest, block, null) as i", "c:number i:text"),
        ("select coalesce(null, ward) as c, greatest(date, '2018-01-01') as g", "c:number g:floating_timestamp"),
        ("select null as n, 'x' as t, true as b, 1.5 as f", "n:text t:text b:checkbox f:number"),
        ("select ward where ward = '5' and date > '2018-01-01T00:00:00' and arrest = 'true'", "ward:number"),
        ("select ward where location = 'POINT (-87 41)'", "ward:number"),
        ("select within_polygon(location, 'MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))') as w", "w:checkbox"),
        (
            "select simplify(area, 0.1) as a, convex_hull(location) as h group by area",
            "non-groupable-group 1:70 Non-groupable group by",
        ),
        ("select spatial_union(location) as u, extent(area) as e", "u:multipoint e:multipolygon"),
        ("select spatial_union(area, area) as u", "u:multipolygon"),
        (
            "select row_number() over (partition by ward order by date) as r, sum(ward) over () as s",
            "r:number s:number",
        ),
        ("select lag(date, 2, '2018-01-01') over (order by date) as l", "l:floating_timestamp"),
        ("select ward, rank() over (order by count(*) desc) as r group by ward", "ward:number r:number"),
        (
            "select ward, @w.name, @w.ward as other join @wards as w on ward = @w.ward",
            "ward:number name:text other:number",
        ),
        ("select ward, w.name left join @abcd-1234 as w on ward = w.ward", "ward:number name:text"),
        ("select ward, @w.* join @wards as w on true", "ward:number ward_1:number name:text"),
        ("select ward, @wards.name join @wards on ward = @wards.ward", "ward:number name:text"),
        (
            "select ward, @m.n join (select ward, count(*) as n group by ward) as m on ward = @m.ward",
            "ward:number n:number",
        ),
        ("select primary_type as t, count(*) as n group by t |> select max(n) as most", "most:number"),
        ("select ward union select ward from @wards", "ward:number"),
        ("select name from @wards as w", "name:text"),
        ("select t.ward from @this as t", "ward:number"),
        ("select distinct ward order by ward", "ward:number"),
        ("select ward search 'theft'", "ward:number"),
        ("select ward::text || '/' || arrest as x, '5'::number as n, block::number as m", "x:text n:number m:number"),
        (
            "select median(ward), stddev_pop(ward), regr_slope(ward, id)",
            "median_ward:number stddev_pop_ward:number regr_slope_ward_id:number",
        ),
        ("select count(distinct block), sum(ward) filter (where arrest) as s", "count_distinct_block:number s:number"),
    ] {
        assert_all.see(text, fields(text), answer);
    }
    assert_all.end();
}

#[test]
fn what_does_not_fit_is_told_with_its_code_and_place() {
    let mut assert_all = All::default();
    for (text, answer) in [
        ("SELECT xx", "no-such-column 1:8 No such column: xx"),
        ("select ward\nwhere\n  xx = 1", "no-such-column 3:3 No such column: xx"),
        ("select *(except xx)", "no-such-column 1:17 No such column: xx"),
        ("select *(except ward, ward)", "repeated-exception 1:23 Repeated exception with column: ward"),
        ("select foo(1)", "no-such-function 1:8 No such function 'foo'; arity=1"),
        ("select upper(block, block)", "no-such-function 1:8 No such function 'upper'; arity=2"),
        ("select sum(distinct ward)", "no-such-function 1:8 No such function 'sum_distinct'; arity=1"),
        ("select block::nothing", "no-such-function 1:8 No such function 'cast$nothing'; arity=1"),
        ("select location.foo", "no-such-function 1:8 No such function 'point_foo'; arity=1"),
        ("select more['a']", "no-such-function 1:8 No such function 'op$[]'; arity=2"),
        ("select upper(ward)", "type-mismatch 1:14 Type mismatch for upper, is number"),
        ("select ward where block = 5", "type-mismatch 1:27 Type mismatch for op$=, is number"),
        ("select ward where ward = 'x'", "type-mismatch 1:26 Type mismatch for op$=, is text"),
        ("select ward where ward like '5%'", "type-mismatch 1:19 Type mismatch for #LIKE, is number"),
        ("select ward where date > '2017-02-29'", "type-mismatch 1:26 Type mismatch for op$>, is text"),
        ("select ward where date between '2018' and 'never'", "type-mismatch 1:43 Type mismatch for #BETWEEN, is text"),
        ("select ward where ward in (1, 'x')", "type-mismatch 1:31 Type mismatch for #IN, is text"),
        ("select ward where location < 'POINT (1 2)'", "type-mismatch 1:19 Type mismatch for op$<, is point"),
        ("select date_extract_y(block)", "type-mismatch 1:23 Type mismatch for date_extract_y, is text"),
        (
            "select within_polygon(location, 'MULTIPOLYGON (((0 0')",
            "type-mismatch 1:33 Type mismatch for within_polygon, is text",
        ),
        ("select 'abc'::number", "type-mismatch 1:8 Type mismatch for cast$number, is text"),
        ("select location::number", "type-mismatch 1:8 Type mismatch for cast$number, is point"),
        ("select case when ward then 1 end", "type-mismatch 1:18 Type mismatch for case, is number"),
        ("select iif(arrest, 1, block)", "type-mismatch 1:23 Type mismatch for iif, is text"),
        ("select not ward", "type-mismatch 1:12 Type mismatch for op$NOT, is number"),
        ("select -block", "type-mismatch 1:9 Type mismatch for op$-, is text"),
        ("select spatial_union(null, null)", "ambiguous-call 1:8 Ambiguous call of function spatial_union"),
        (
            "select ward where count(*) > 1",
            "aggregate-in-ungrouped-context 1:19 Aggregate function 'count' used in ungrouped context: WHERE",
        ),
        (
            "select count(*) group by sum(ward)",
            "aggregate-in-ungrouped-context 1:26 Aggregate function 'sum' used in ungrouped context: GROUP BY",
        ),
        (
            "select count(*) as n where n > 1",
            "aggregate-in-ungrouped-context 1:28 Aggregate function 'count' used in ungrouped context: WHERE",
        ),
        (
            "select sum(count(*))",
            "aggregate-in-ungrouped-context 1:12 Aggregate function 'count' used in ungrouped context: an aggregate function",
        ),
        (
            "select ward where rank() over () = 1",
            "aggregate-in-ungrouped-context 1:19 Aggregate function 'rank' used in ungrouped context: WHERE",
        ),
        ("select ward, count(*)", "column-not-in-group-bys 1:8 Column 'ward' is not in group by"),
        ("select block, count(*) group by ward", "column-not-in-group-bys 1:8 Column 'block' is not in group by"),
        ("select * group by ward", "column-not-in-group-bys 1:8 Column 'id' is not in group by"),
        (
            "select count(*) group by ward order by block",
            "column-not-in-group-bys 1:40 Column 'block' is not in group by",
        ),
        ("select ward having true", "column-not-in-group-bys 1:8 Column 'ward' is not in group by"),
        (
            "select upper(block), count(*) group by lower(block)",
            "column-not-in-group-bys 1:14 Column 'block' is not in group by",
        ),
        ("select ward as w, w", "duplicate-alias 1:19 Duplicate alias: w"),
        ("select ward, ward", "duplicate-alias 1:14 Duplicate alias: ward"),
        ("select *, ward", "duplicate-alias 1:11 Duplicate alias: ward"),
        ("select ward as a, id as A", "duplicate-alias 1:25 Duplicate alias: a"),
        ("select @wards.name join @wards on true join @wards on true", "duplicate-alias 1:45 Duplicate alias: wards"),
        ("select a + 1 as b, b + 1 as a", "circular-alias-definition 1:20 Circular alias definition: b"),
        ("select upper(block) as block", "circular-alias-definition 1:14 Circular alias definition: block"),
        ("select ward where ward", "non-boolean-where 1:19 Non-boolean where"),
        ("select ward where ward + 1", "non-boolean-where 1:19 Non-boolean where"),
        ("select ward join @wards as w on 1", "non-boolean-where 1:33 Non-boolean where"),
        ("select count(*) group by ward having ward", "non-boolean-having 1:38 Non-boolean having"),
        ("select count(*) group by more", "non-groupable-group 1:26 Non-groupable group by"),
        ("select ward order by location", "un-orderable-order 1:22 Un-orderable order by"),
        ("select ward join @zzzz-zzzz on true", "no-such-table 1:18 No such table: zzzz-zzzz"),
        ("select ward from @nowhere as n", "no-such-table 1:18 No such table: nowhere"),
        ("select @x.ward", "no-such-table 1:8 No such table: x"),
        ("select @w.nothing join @wards as w on true", "no-such-column 1:8 No such column: nothing"),
        ("select ward join @wards as w on name = 'x'", "no-such-column 1:33 No such column: name"),
        (
            "select ward, id union select ward",
            "bad-parse 1:30 Bad parse: Rows of 2 and of 1 columns do not go together",
        ),
        ("select ward union select block", "type-mismatch 1:26 Type mismatch for UNION, is text"),
        ("select rank()", "bad-parse 1:8 Bad parse: The window function `rank' needs OVER (…)"),
        (
            "select upper(block) over ()",
            "bad-parse 1:8 Bad parse: OVER belongs to a window function, and `upper' is none",
        ),
        (
            "select upper(block) filter (where arrest)",
            "bad-parse 1:8 Bad parse: FILTER belongs to an aggregate function, and `upper' is none",
        ),
        ("select sum(ward) filter (where ward)", "non-boolean-where 1:32 Non-boolean where"),
        ("select ntile(0) over ()", "bad-parse 1:8 Bad parse: `ntile' takes whole numbers and values, not expressions"),
        (
            "select lag(ward, id) over ()",
            "bad-parse 1:8 Bad parse: `lag' takes whole numbers and values, not expressions",
        ),
        (
            "select sum(ward) over (rows between current row and 1 preceding)",
            "bad-parse 1:8 Bad parse: The frame ends before it begins",
        ),
        (
            "select sum(ward) over (order by ward range 1 preceding)",
            "bad-parse 1:8 Bad parse: RANGE takes UNBOUNDED and CURRENT ROW; rows are counted with ROWS",
        ),
        (
            "select distinct ward order by id",
            "bad-parse 1:31 Bad parse: With DISTINCT, the order must be by what is selected",
        ),
        ("select 1e999", "bad-parse 1:8 Bad parse: The number is too large"),
        ("select upper(*)", "bad-parse 1:14 Bad parse: `*` stands alone: count(*)"),
    ] {
        assert_all.see(text, fields(text), answer);
    }
    assert_all.end();
}

#[test]
fn an_error_is_told_in_the_words_of_the_original() {
    let error = planned("SELECT xx").unwrap_err();
    assert_eq!(
        error.message(),
        r#"Query coordinator error: query.soql.no-such-column; No such column: xx; position: Map(row -> 1, column -> 8, line -> "SELECT xx\n       ^")"#
    );
    assert_eq!(error.position().marked(), "SELECT xx\n       ^");
    assert_eq!(format!("{:?}", error.details()), r#"[("column", Text("xx"))]"#);
    let error = planned("select \"a\tb\" + 1").unwrap_err();
    assert!(error.message().ends_with(r#"line -> "select \"a\tb\" + 1\n       ^")"#), "{}", error.message());
}

#[test]
fn every_function_has_a_way_to_be_called_and_an_example_that_reads() {
    for function in functions::FUNCTIONS {
        assert!(std::ptr::eq(functions::of(function.id), function), "{}", function.name);
        assert!(!function.signatures.is_empty() && !function.doc.is_empty(), "{}", function.name);
        assert!(parse::expression(function.example).is_ok(), "{}", function.example);
    }
    for name in "avg sum min max count count_distinct median stddev_pop stddev_samp regr_slope regr_intercept regr_r2 case iif \
        coalesce nullif greatest least abs ceil floor round ln upper lower unaccent starts_with contains substring replace \
        trim length split_part caseless_eq caseless_ne caseless_contains caseless_starts_with caseless_one_of date_trunc_y \
        date_trunc_ym date_trunc_ymd date_extract_y date_extract_m date_extract_d date_extract_hh date_extract_mm \
        date_extract_ss date_extract_dow date_extract_woy date_diff_d within_circle within_box within_polygon intersects \
        distance_in_meters convex_hull extent num_points simplify simplify_preserve_topology spatial_union snap_to_grid \
        make_point row_number rank dense_rank ntile lag lead first_value last_value"
        .split_whitespace()
    {
        assert!(functions::named(name).next().is_some(), "{name}");
    }
}

#[test]
fn no_query_unfolds_or_descends_too_far() {
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        // Each alias is the one before twice: 2^60 nodes.
        let doubling: Vec<String> = (1..60).map(|at| format!("a{} + a{} as a{at}", at - 1, at - 1)).collect();
        let doubling = format!("select ward as a0, {}", doubling.join(", "));
        let nots = format!("select {}arrest", "not ".repeat(60));
        let casts = format!("select block{}", "::text".repeat(390));
        let tests = format!("select ward{}", " is null".repeat(390));
        let aliases: Vec<String> = (1..300).map(|at| format!("abs(a{}) as a{at}", at - 1)).collect();
        let aliases = format!("select ward as a0, {}", aliases.join(", "));
        let pipes = vec!["select ward"; 40].join(" |> ");
        let windows: Vec<String> = (0..40).map(|at| format!("lag(ward, {at}) over () as w{at}")).collect();
        let windows = format!("select {}", windows.join(", "));
        let chain = format!("select {}", vec!["ward"; 390].join(" + "));
        let ors = format!("select ward where {}", vec!["ward = 1"; 390].join(" or "));
        for (text, reads) in [
            (doubling, false),
            (nots, true),
            (casts, false),
            (tests, false),
            (aliases, false),
            (pipes, false),
            (windows, false),
            (chain, true),
            (ors, true),
        ] {
            let planned = planned(&text);
            assert_eq!(planned.is_ok(), reads, "{} {:?}", &text[..60], planned.err().map(|error| error.description()));
        }
        let list = format!("select ward where ward in ({})", vec!["'1'"; 100_000].join(","));
        assert!(planned(&list).is_ok());
        let ring = (0..100_000).map(|at| format!("{at} {}", at % 7)).collect::<Vec<_>>().join(", ");
        assert!(planned(&format!("select ward where within_polygon(location, 'POLYGON (({ring}))')")).is_ok());
    });
    small.unwrap().join().expect("no overflow");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_query_is_too_strange_to_be_planned_or_refused(words in vec(proptest::sample::select(vec![
        "select", "distinct", "*", ":*", "ward", "block", "date", "arrest", "location", "area", ",", "as", "x", "where", "=", "'5'",
        "'2018'", "'POINT (1 2)'", "5", "+", "-", "||", "and", "or", "not", "(", ")", "is null", "like", "between", "in", "group by",
        "having", "order by", "desc", "limit 1", "offset 2", "search 'a'", "count(*)", "sum(", "upper(", "rank()", "over (", "filter (where",
        "case when", "then", "end", "join @wards as w on", "@w.name", "union", "|>", "::text", "::number", ".latitude", "null", "coalesce(",
    ]), 0..24)) {
        let text = format!("select {}", words.join(" "));
        for text in [text.as_str(), &words.join(" ")] {
            if let Err(error) = planned(text) {
                let Position { row, column, line } = error.position();
                prop_assert_eq!(text.lines().nth(row - 1).unwrap_or_default(), line.as_str());
                prop_assert!(*column <= line.chars().count() + 1);
                prop_assert!(error.message().starts_with("Query coordinator error: query.soql."));
            }
        }
    }
}
