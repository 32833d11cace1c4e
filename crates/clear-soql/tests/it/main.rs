//! The language as a table of texts, and as properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use clear_soql::{
    Case, DEPTH_MAX, Expr, Infix, Item, Name, Node, Nulls, Order, Position, Prefix, Select, Span, Window, parse,
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
        ("select a from b", "bad-parse 1:10"),
        ("select a order by a nulls middle", "bad-parse 1:27"),
        ("where a", "bad-parse 1:1"),
    ] {
        assert_eq!(read_query(text), canonical, "{text}");
    }
    assert_eq!(show(parse::selection("distinct a, b as c").map(|(_, items)| items[1].clone())), "b AS c");
    assert_eq!(parse::orders("a desc, b").unwrap().len(), 2);
    assert_eq!(parse::groups("a, b").unwrap().len(), 2);
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

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Boolean),
        proptest::sample::select(vec!["0", "12", "0.5", ".5", "1e6", "2.5E-3"]).prop_map(|n| Node::Number(n.into())),
        ".{0,8}".prop_map(Node::Text),
        any_name().prop_map(Node::Column),
    ]
    .prop_map(at);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let argument = prop_oneof![4 => inner.clone(), 1 => Just(at(Node::Star))];
        let window = (vec(inner.clone(), 0..3), vec(any_order(inner.clone()), 0..3))
            .prop_map(|(partition_by, order_by)| Window { partition_by, order_by });
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

fn any_query() -> impl Strategy<Value = Select> {
    let item = prop_oneof![
        (any::<bool>(), vec(any_name(), 0..3)).prop_map(|(system, except)| Item::All {
            system,
            except,
            span: Span::default()
        }),
        (any_expr(), option::of(any_name())).prop_map(|(value, alias)| Item::Value { value, alias }),
    ];
    let clauses =
        (option::of(any_expr()), vec(any_expr(), 0..3), option::of(any_expr()), vec(any_order(any_expr()), 0..3));
    (any::<bool>(), vec(item, 1..4), clauses, option::of(".{0,5}"), option::of(any::<u64>()), option::of(any::<u64>()))
        .prop_map(|(distinct, items, (filter, group_by, having, order_by), search, limit, offset)| Select {
            distinct,
            items,
            filter,
            group_by,
            having,
            order_by,
            search,
            limit,
            offset,
        })
}

/// An item without its place, which canonical text moves.
fn unplaced(mut query: Select) -> Select {
    for item in &mut query.items {
        if let Item::All { span, .. } = item {
            *span = Span::default();
        }
    }
    query
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
        prop_assert_eq!(parse::query(&text).map(unplaced).map_err(|error| format!("{text}: {error}")), Ok(query));
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
