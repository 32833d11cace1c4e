//! The language as a table of texts, and as properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod plans;
mod seeds;

use clear_soql::{
    Bound, Case, DEPTH_MAX, Every, Expr, Frame, From, Infix, Item, Join, JoinKind, Link, Name, Named, Node, Nulls,
    Order, Part, Position, Prefix, Query, Select, SetKind, Source, Span, Window, parse,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// The canonical text of an expression, or `code row:column`.
fn read(text: &str) -> String {
    show(parse::expression(text))
}

fn read_query(text: &str) -> String {
    show(parse::query(text))
}

fn show(read: Result<impl std::fmt::Display, clear_soql::Error>) -> String {
    match read {
        Ok(tree) => tree.to_string(),
        Err(error) => {
            let Position { row, column, .. } = error.position();
            format!("{} {row}:{column}", error.code().trim_start_matches("query.soql."))
        }
    }
}

/// With every operation in brackets, so that precedence shows.
fn grouped(text: &str) -> String {
    fn go(expr: &Expr) -> String {
        match &expr.node {
            Node::Prefix(prefix, of) => format!("[{prefix:?} {}]", go(of)),
            Node::Infix(a, infix, b) => format!("[{} {} {}]", go(a), infix.word(), go(b)),
            Node::IsNull { of, .. } => format!("[{} null?]", go(of)),
            Node::Like { of, pattern, .. } => format!("[{} like {}]", go(of), go(pattern)),
            Node::Between { of, low, high, .. } => format!("[{} between {} {}]", go(of), go(low), go(high)),
            Node::Cast(of, name) => format!("[{} as {name}]", go(of)),
            Node::Field(of, name) => format!("[{} . {name}]", go(of)),
            Node::Index(of, index) => format!("[{} @ {}]", go(of), go(index)),
            _ => expr.to_string(),
        }
    }
    go(&parse::expression(text).expect("reads"))
}

#[test]
fn precedence_is_loosest_first_as_published() {
    for (text, tree) in [
        ("a or b and not c = d", "[a OR [b AND [Not [c = d]]]]"),
        ("not a is null", "[Not [a null?]]"),
        ("a = b is null", "[[a = b] null?]"),
        ("a between b + 1 and c and d", "[[a between [b + 1] c] AND d]"),
        ("a like b || 'x'", "[a like [b || 'x']]"),
        ("a < b + c * d ^ e ^ f", "[a < [b + [c * [d ^ [e ^ f]]]]]"),
        ("a - b - c", "[[a - b] - c]"),
        ("a / b % c", "[[a / b] % c]"),
        ("-a ^ b", "[[Minus a] ^ b]"),
        ("-a::number", "[Minus [a as number]]"),
        ("a.b[1]::text", "[[[a . b] @ 1] as text]"),
        ("(a or b) and c", "[[a OR b] AND c]"),
        ("a == b", "[a = b]"),
        ("a <> b", "[a != b]"),
    ] {
        assert_eq!(grouped(text), tree, "{text}");
    }
}

#[test]
fn expressions_read() {
    for (text, canonical) in [
        ("Primary_Type = 'THEFT'", "primary_type = 'THEFT'"),
        ("'it''s'", "'it''s'"),
        (r#""a\"b\u0041\n""#, "'a\"bA\n'"),
        ("`Primary Type` IS not null", "`primary type` IS NOT NULL"),
        ("`select`", "`select`"),
        (":º is null", ":º IS NULL"),
        (":id = 'row-1' and :updated_at > '2018'", ":id = 'row-1' AND :updated_at > '2018'"),
        ("x not in (1, .5, 1e-6)", "x NOT IN (1, .5, 1e-6)"),
        ("x not like '%a_'", "x NOT LIKE '%a_'"),
        ("count(*)", "count(*)"),
        ("count(distinct x)", "count(DISTINCT x)"),
        ("now()", "now()"),
        ("within_circle(location, 41.8, -87.6, 500)", "within_circle(location, 41.8, -87.6, 500)"),
        ("CASE when a then 1 WHEN b then 2 else 3 end", "CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END"),
        ("case(a, 1, true, 2)", "case(a, 1, TRUE, 2)"),
        ("sum(x) filter (where y > 1)", "sum(x) FILTER (WHERE y > 1)"),
        (
            "rank() over (partition by a, b order by c desc nulls last)",
            "rank() OVER (PARTITION BY a, b ORDER BY c DESC NULLS LAST)",
        ),
        ("row_number() over ()", "row_number() OVER ()"),
        (
            "sum(x) over (order by d rows between 6 preceding and current row)",
            "sum(x) OVER (ORDER BY d ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)",
        ),
        ("sum(x) over (range unbounded preceding)", "sum(x) OVER (RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"),
        ("@j.ward = @abcd-1234.`the ward`", "@j.ward = @abcd-1234.`the ward`"),
        ("@j.:id", "@j.:id"),
        ("range = rows and union = left", "range = rows AND union = left"),
        ("a -- and b\n + /* two */ 2", "a + 2"),
        ("- - a", "- -a"),
        ("((((a))))", "a"),
        ("filter = over", "filter = over"),
        ("1;", "1"),
    ] {
        assert_eq!(read(text), canonical, "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_code_and_place() {
    for (text, error) in [
        ("", "unexpected-eof 1:1"),
        ("a +", "unexpected-eof 1:4"),
        ("a b", "bad-parse 1:3"),
        ("a = = b", "bad-parse 1:5"),
        ("a = not b", "bad-parse 1:5"),
        ("a is null + 1", "bad-parse 1:11"),
        ("a in ()", "bad-parse 1:7"),
        ("a not b", "bad-parse 1:3"),
        ("a between 1 or 2", "bad-parse 1:13"),
        ("(a", "unexpected-eof 1:3"),
        ("a)", "bad-parse 1:2"),
        ("a\n  = 'x", "unterminated-string 2:5"),
        ("\"abc", "unterminated-string 1:1"),
        (r#""\q""#, "unexpected-character 1:3"),
        ("a = §", "unexpected-character 1:5"),
        ("é = §", "unexpected-character 1:5"),
        ("a : b", "unexpected-character 1:3"),
        ("`abc", "unexpected-eof 1:5"),
        ("``", "unexpected-character 1:2"),
        ("a /* b", "unexpected-eof 1:7"),
        ("select", "bad-parse 1:1"),
        ("case when a then b", "unexpected-eof 1:19"),
        ("f(a,)", "bad-parse 1:5"),
        ("a b §", "bad-parse 1:3"),
        ("a ! b", "unexpected-character 1:3"),
        ("a @ b", "unexpected-character 1:3"),
        ("@j", "unexpected-eof 1:3"),
        ("@j.*", "bad-parse 1:4"),
        ("sum(x) over (rows 3)", "bad-parse 1:20"),
        ("sum(x) over (rows between 1 preceding)", "bad-parse 1:38"),
    ] {
        assert_eq!(read(text), error, "{text}");
    }
    let error = parse::expression("a = 1\nand b c").unwrap_err();
    assert_eq!(error.position(), &Position { row: 2, column: 7, line: "and b c".into() });
    assert_eq!(error.to_string(), "expected the end of the query, but got `c` at line 2 character 7");
}

#[test]
fn queries_read() {
    for (text, canonical) in [
        ("select *", "SELECT *"),
        ("select :*, *(except a, b), c as d", "SELECT :*, *(EXCEPT a, b), c AS d"),
        (
            "select primary_type, count(*) as n where year = 2017 group by primary_type having n > 5 order by n desc, 1 limit 5 offset 10",
            "SELECT primary_type, count(*) AS n WHERE year = 2017 GROUP BY primary_type HAVING n > 5 ORDER BY n DESC, 1 LIMIT 5 OFFSET 10",
        ),
        ("select a offset 3 limit 2", "SELECT a LIMIT 2 OFFSET 3"),
        ("select a search 'x y' order by a", "SELECT a ORDER BY a SEARCH 'x y'"),
        ("select distinct a", "SELECT DISTINCT a"),
        ("select a limit 1 limit 2", "bad-parse 1:18"),
        ("select a limit -1", "bad-parse 1:16"),
        ("select a limit 99999999999999999999999", "bad-parse 1:16"),
        ("select a limit 1.5", "bad-parse 1:16"),
        ("select", "unexpected-eof 1:7"),
        ("select a from b", "bad-parse 1:15"),
        ("select a from @b as c where @c.x", "SELECT a FROM @b AS c WHERE @c.x"),
        (
            "select *, @j.*(except :id) join @abcd-1234 as j on a = @j.b",
            "SELECT *, @j.*(EXCEPT :id) JOIN @abcd-1234 AS j ON a = @j.b",
        ),
        (
            "select a left join @b on c right outer join @d as @e on f",
            "SELECT a LEFT OUTER JOIN @b ON c RIGHT OUTER JOIN @d AS e ON f",
        ),
        (
            "select a full outer join (select b |> select c) as j on true",
            "SELECT a FULL OUTER JOIN (SELECT b |> SELECT c) AS j ON TRUE",
        ),
        ("select a join (select b) on c", "bad-parse 1:26"),
        ("select a join b on c", "bad-parse 1:15"),
        (
            "select a |> select b union all (select c intersect select d)",
            "SELECT a |> SELECT b UNION ALL (SELECT c INTERSECT SELECT d)",
        ),
        ("select a minus select b", "SELECT a MINUS SELECT b"),
        ("select a |> (select b)", "bad-parse 1:13"),
        ("select a union", "unexpected-eof 1:15"),
        ("(select a) union (select b)", "(SELECT a) UNION (SELECT b)"),
        ("select a order by a nulls middle", "bad-parse 1:27"),
        ("where a", "bad-parse 1:1"),
    ] {
        assert_eq!(read_query(text), canonical, "{text}");
    }
    assert_eq!(show(parse::selection("distinct a, b as c").map(|(_, items)| items[1].clone())), "b AS c");
    assert_eq!(parse::orders("a desc, b").unwrap().len(), 2);
    let deep = format!("{}select a{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(read_query(&deep).starts_with("bad-parse"));
    assert_eq!(parse::groups("a, b").unwrap().len(), 2);
}

#[test]
fn clauses_are_read_each_by_itself() {
    let read = |clauses: parse::Clauses<'_>| match parse::clauses(&clauses) {
        Ok(written) => format!("{} | {}", written.text, written.query),
        Err(error) => {
            let Position { row, column, line } = error.position();
            format!("{} {row}:{column} {line}", error.code().trim_start_matches("query.soql."))
        }
    };
    let none = parse::Clauses::default();
    for (clauses, query) in [
        (none, "SELECT * | SELECT *"),
        (parse::Clauses { select: Some(" "), search: Some(""), ..none }, "SELECT * | SELECT *"),
        (
            parse::Clauses {
                select: Some("a, count(*)"),
                filter: Some("b > 1 -- all of it"),
                equal: &[("Arrest", "true"), ("block", "O'HARE")],
                group: Some("a"),
                order: Some("a desc"),
                search: Some("it's"),
                limit: Some("5"),
                offset: Some("10"),
                ..none
            },
            "SELECT a, count(*) WHERE b > 1 -- all of it AND `Arrest` = 'true' AND `block` = 'O''HARE' GROUP BY a ORDER BY a desc SEARCH 'it''s' LIMIT 5 OFFSET 10 | SELECT a, count(*) WHERE b > 1 AND arrest = 'true' AND block = 'O''HARE' GROUP BY a ORDER BY a DESC SEARCH 'it''s' LIMIT 5 OFFSET 10",
        ),
        // A clause says what it is for and nothing else.
        (parse::Clauses { filter: Some("a limit 1"), ..none }, "bad-parse 1:18 SELECT * WHERE a limit 1"),
        (
            parse::Clauses { filter: Some("a ="), order: Some("b"), ..none },
            "unexpected-eof 1:19 SELECT * WHERE a = ORDER BY b",
        ),
        (parse::Clauses { select: Some("a"), limit: Some("-1"), ..none }, "bad-parse 1:16 SELECT a LIMIT -1"),
        (
            parse::Clauses { limit: Some("999999999999"), ..none },
            "SELECT * LIMIT 999999999999 | SELECT * LIMIT 999999999999",
        ),
        (
            parse::Clauses { filter: Some("a = 'x"), order: Some("b'"), ..none },
            "unterminated-string 1:20 SELECT * WHERE a = 'x ORDER BY b'",
        ),
        (
            parse::Clauses { filter: Some("a /* b"), order: Some("c */"), ..none },
            "unexpected-eof 1:22 SELECT * WHERE a /* b ORDER BY c */",
        ),
    ] {
        assert_eq!(read(clauses), query);
    }
}

#[test]
fn spans_name_the_bytes_that_an_expression_was_read_from() {
    let text = "a = 1 and (lower(b) like 'x%')";
    let Node::Infix(left, _, right) = parse::expression(text).unwrap().node else { panic!("an AND") };
    assert_eq!(&text[left.span.start..left.span.end], "a = 1");
    assert_eq!(&text[right.span.start..right.span.end], "(lower(b) like 'x%')");
    assert_eq!(Position::of(text, right.span).column, 11);
}

#[test]
fn no_depth_overflows_the_stack() {
    // Half of the smallest stack that a thread of a server gets.
    let deep = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        for text in [
            "(".repeat(100_000),
            format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000)),
            "not ".repeat(100_000) + "a",
            "- ".repeat(100_000) + "a",
            "a^".repeat(100_000) + "a",
            "f(".repeat(100_000),
            "case when ".repeat(100_000),
            vec!["a"; 100_000].join("+"),
            "a".to_owned() + &"[1]".repeat(100_000),
            "a".to_owned() + &"::b".repeat(100_000),
        ] {
            assert!(parse::expression(&text).is_err(), "{}", &text[..20]);
        }
        let long = vec!["a = 1"; DEPTH_MAX - 2].join(" or ");
        let tree = parse::expression(&long).expect("a long chain reads");
        assert_eq!(parse::expression(&tree.to_string()), Ok(tree.clone()));
        let nested = format!("{}a{}", "f(".repeat(60), ")".repeat(60));
        assert_eq!(read(&nested), nested);
        // Lists are wide, not deep.
        assert!(parse::expression(&format!("a in ({})", vec!["1"; 100_000].join(","))).is_ok());
    });
    deep.unwrap().join().expect("no overflow");
}

fn at(node: Node) -> Expr {
    Expr::new(node, Span::default())
}

fn any_name() -> impl Strategy<Value = Name> {
    prop_oneof![
        "[a-z_][a-z0-9_]{0,6}".prop_map(|name| Name::new(&name)),
        "[^`]{1,6}".prop_map(|name| Name::new(&name)),
        ":[a-z_]{1,6}".prop_map(|name| Name::new(&name)),
        proptest::sample::select(vec!["select", "case", "not", "filter", "over", "null", "end"]).prop_map(Name::new),
    ]
}

fn any_order(by: impl Strategy<Value = Expr>) -> impl Strategy<Value = Order> {
    let nulls = option::of(proptest::sample::select(vec![Nulls::First, Nulls::Last]));
    (by, any::<bool>(), nulls).prop_map(|(by, descending, nulls)| Order { by, descending, nulls })
}

fn any_table() -> impl Strategy<Value = Name> {
    "[a-z0-9]{1,4}(-[a-z0-9]{1,4})?".prop_map(|name| Name::new(&name))
}

fn unplaced(name: Name) -> Named {
    Named { name, span: Span::default() }
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let bound = prop_oneof![
        Just(Bound::First),
        any::<u64>().prop_map(Bound::Before),
        Just(Bound::Current),
        any::<u64>().prop_map(Bound::After),
        Just(Bound::Last),
    ];
    (any::<bool>(), bound.clone(), bound).prop_map(|(rows, from, to)| Frame { rows, from, to })
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Boolean),
        proptest::sample::select(vec!["0", "12", "0.5", ".5", "1e6", "2.5E-3"]).prop_map(|n| Node::Number(n.into())),
        ".{0,8}".prop_map(Node::Text),
        any_name().prop_map(Node::Column),
        (any_table(), any_name()).prop_map(|(table, column)| Node::Joined { table, column }),
    ]
    .prop_map(at);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let argument = prop_oneof![4 => inner.clone(), 1 => Just(at(Node::Star))];
        let window = (vec(inner.clone(), 0..3), vec(any_order(inner.clone()), 0..3), option::of(any_frame()))
            .prop_map(|(partition_by, order_by, frame)| Window { partition_by, order_by, frame });
        prop_oneof![
            (proptest::sample::select(vec![Prefix::Minus, Prefix::Plus, Prefix::Not]), boxed())
                .prop_map(|(p, e)| Node::Prefix(p, e)),
            (boxed(), proptest::sample::select(Infix::ALL), boxed()).prop_map(|(a, infix, b)| Node::Infix(a, infix, b)),
            (boxed(), any::<bool>()).prop_map(|(of, not)| Node::IsNull { of, not }),
            (boxed(), any::<bool>(), boxed()).prop_map(|(of, not, pattern)| Node::Like { of, not, pattern }),
            (boxed(), any::<bool>(), boxed(), boxed()).prop_map(|(of, not, low, high)| Node::Between {
                of,
                not,
                low,
                high
            }),
            (boxed(), any::<bool>(), vec(inner.clone(), 1..4)).prop_map(|(of, not, list)| Node::In { of, not, list }),
            (boxed(), any_name()).prop_map(|(of, name)| Node::Cast(of, name)),
            (boxed(), any_name()).prop_map(|(of, name)| Node::Field(of, name)),
            (boxed(), boxed()).prop_map(|(of, index)| Node::Index(of, index)),
            (any_name(), any::<bool>(), vec(argument, 0..4), option::of(boxed()), option::of(window)).prop_map(
                |(name, distinct, arguments, filter, over)| Node::Call { name, distinct, arguments, filter, over }
            ),
            (vec((inner.clone(), inner.clone()), 1..3), option::of(boxed()))
                .prop_map(|(branches, otherwise)| Node::Case(Case { branches, otherwise })),
        ]
        .prop_map(at)
    })
}

fn any_select(nested: BoxedStrategy<Query>) -> impl Strategy<Value = Select> {
    let item = prop_oneof![
        (option::of(any_table()), any::<bool>(), vec(any_name(), 0..3)).prop_map(|(table, system, except)| {
            let except = except.into_iter().map(unplaced).collect();
            Item::All { table, system, except, span: Span::default() }
        }),
        (any_expr(), option::of(any_name()))
            .prop_map(|(value, alias)| Item::Value { value, alias: alias.map(unplaced) }),
    ];
    let alias = || option::of(any_name().prop_map(unplaced));
    let from = (any_table().prop_map(unplaced), alias()).prop_map(|(table, alias)| From { table, alias });
    let with = prop_oneof![
        any_table().prop_map(|table| Source::Table(unplaced(table))),
        nested.prop_map(|query| Source::Query(Box::new(query))),
    ];
    let kind = proptest::sample::select(vec![JoinKind::Inner, JoinKind::Left, JoinKind::Right, JoinKind::Full]);
    let join = (kind, with, any_name().prop_map(unplaced), any_expr()).prop_map(|(kind, with, alias, on)| Join {
        kind,
        with,
        alias: Some(alias),
        on,
    });
    let clauses =
        (option::of(any_expr()), vec(any_expr(), 0..3), option::of(any_expr()), vec(any_order(any_expr()), 0..3));
    let sources = (option::of(from), vec(join, 0..2));
    (
        any::<bool>(),
        vec(item, 1..4),
        sources,
        clauses,
        option::of(".{0,5}"),
        option::of(any::<u64>()),
        option::of(any::<u64>()),
    )
        .prop_map(
            |(distinct, items, (from, joins), (filter, group_by, having, order_by), search, limit, offset)| Select {
                distinct,
                items,
                from,
                joins,
                filter,
                group_by,
                having,
                order_by,
                search,
                limit,
                offset,
            },
        )
}

fn any_query() -> impl Strategy<Value = Query> {
    let single = Query { first: Part::Select(Box::new(select_star())), then: Vec::new() };
    Just(single).boxed().prop_recursive(2, 4, 3, |inner| {
        let part = prop_oneof![
            2 => any_select(inner.clone().boxed()).prop_map(|select| Part::Select(Box::new(select))),
            1 => inner.clone().prop_map(|query| Part::Nested(Box::new(query))),
        ];
        let kind = proptest::sample::select(vec![SetKind::Union, SetKind::Intersect, SetKind::Minus]);
        let every = proptest::sample::select(vec![Every::Once, Every::All]);
        let rows = (kind, every, part.clone()).prop_map(|(kind, every, part)| (Link::Rows(kind, every), part));
        let pipe = any_select(inner.boxed()).prop_map(|select| (Link::Pipe, Part::Select(Box::new(select))));
        (part, vec(prop_oneof![rows, pipe], 0..2)).prop_map(|(first, then)| Query { first, then })
    })
}

fn select_star() -> Select {
    let all = Item::All { table: None, system: false, except: Vec::new(), span: Span::default() };
    Select { items: vec![all], ..Select::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_printed_reads_back_as_the_same_tree(tree in any_expr()) {
        let text = tree.to_string();
        prop_assert_eq!(parse::expression(&text).map_err(|error| format!("{text}: {error}")), Ok(tree));
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_query(query in any_query()) {
        let text = query.to_string();
        prop_assert_eq!(parse::query(&text).map_err(|error| format!("{text}: {error}")), Ok(query));
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = parse::expression(&text);
        let _ = parse::query(&text);
    }

    #[test]
    fn no_soup_of_tokens_is_too_strange(words in vec(proptest::sample::select(vec![
        "select", "where", "a", "(", ")", "not", "in", "like", "between", "and", "or", "is", "null", "'x'", "1", "-", "^", "::",
        ".", "[", "]", "case", "when", "then", "end", ",", "*", ":id", "`q`", "'", "\"", "order", "by", "limit", "over", "filter", "\n",
        "@j", "join", "on", "union", "|>", "from", "rows", "as",
    ]), 0..40)) {
        let text = words.join(" ");
        for read in [parse::expression(&text).map(|tree| tree.to_string()), parse::query(&text).map(|tree| tree.to_string())] {
            match read {
                Ok(canonical) => prop_assert!(show(parse::query(&canonical)) == canonical || read_again(&canonical)),
                Err(error) => {
                    let Position { row, column, line } = error.position();
                    prop_assert_eq!(text.lines().nth(row - 1).unwrap_or_default(), line.as_str());
                    prop_assert!(*column <= line.chars().count() + 1);
                }
            }
        }
    }
}

fn read_again(canonical: &str) -> bool {
    read(canonical) == canonical
}
