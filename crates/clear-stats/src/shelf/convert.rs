//! The asker's expressions as predicates of the leaf, where they are of a kind that cannot fail.
//!
//! In:    an expression over a shelf's columns.
//! Out:   the [`Predicate`] that is true for the same rows; nothing, where there is none.
//! Never: runs an expression over a dictionary that could fail for a text, or that looks at two columns.
//!
//! # How
//! Comparisons, `IN`, `BETWEEN`, `IS NULL` and a box become predicates of their own. Any other condition on *one* text
//! column, made of [`TOTAL`] functions and constants, is run by the engine itself over the column's dictionary: it says the
//! same as it would row by row, and once for each text.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema};
use clear_soql::Infix;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::physical_expr::create_physical_expr;

use super::{Shelf, Source};
use crate::predicate::{self, Predicate};
use crate::sets::Layout;
use crate::store::Words;
use crate::values::Value;

/// Functions of one text that give something for every text, and NULL for none.
const TOTAL: &[&str] = &[
    "#LIKE",
    "#NOT_LIKE",
    "btrim",
    "caseless_contains",
    "caseless_eq",
    "caseless_ne",
    "caseless_one_of",
    "caseless_starts_with",
    "char_length",
    "character_length",
    "contains",
    "ends_with",
    "length",
    "lower",
    "ltrim",
    "replace",
    "reverse",
    "rtrim",
    "starts_with",
    "strpos",
    "substring",
    "trim",
    "unaccent",
    "upper",
];

/// Texts over which a condition is run at once.
const DICTIONARY_MAX: usize = 1 << 20;

/// Whether the leaf can run it.
pub(super) fn can(shelf: &Shelf, expr: &Expr) -> bool {
    converted(shelf, expr, false).is_some()
}

/// As a predicate of the leaf.
pub(super) fn predicate(shelf: &Shelf, expr: &Expr) -> Option<Predicate> {
    converted(shelf, expr, true)
}

/// All of them; nothing where there is none.
pub(super) fn all(predicates: Vec<Predicate>) -> Option<Predicate> {
    (!predicates.is_empty()).then(|| Predicate::all_of(predicates))
}

/// `made`: with the dictionary's answers in it; else only to know that it can be made.
fn converted(shelf: &Shelf, expr: &Expr, made: bool) -> Option<Predicate> {
    let of = |expr: &Expr| converted(shelf, expr, made);
    let negated = |predicate: Predicate, not: bool| if not { Predicate::Not(Box::new(predicate)) } else { predicate };
    let plain = match expr {
        Expr::Alias(alias) => return of(&alias.expr),
        Expr::Not(inner) => of(inner).map(|inner| negated(inner, true)),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            of(left).zip(of(right)).map(|(left, right)| Predicate::all_of(vec![left, right]))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            of(left).zip(of(right)).map(|(left, right)| Predicate::Or(vec![left, right]))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            infix(*op).and_then(|infix| compared(shelf, left, infix, right, made))
        }
        Expr::IsNull(inner) => null(shelf, inner),
        Expr::IsNotNull(inner) => null(shelf, inner).map(|null| negated(null, true)),
        Expr::Between(between) => {
            let low = compared(shelf, &between.expr, Infix::GreaterEqual, &between.low, made);
            let high = compared(shelf, &between.expr, Infix::LessEqual, &between.high, made);
            low.zip(high).map(|(low, high)| negated(Predicate::all_of(vec![low, high]), between.negated))
        }
        Expr::InList(list) => in_list(shelf, &list.expr, &list.list, made).map(|is| negated(is, list.negated)),
        Expr::Literal(ScalarValue::Boolean(value), _) => Some(Predicate::Constant(*value)),
        Expr::Literal(ScalarValue::Null, _) => Some(Predicate::Constant(None)),
        Expr::Column(_) => match column(shelf, expr)? {
            (column, Layout::Flag) => Some(Predicate::Coded(column, Arc::new([false, false, true]))),
            _ => None,
        },
        Expr::ScalarFunction(function) if function.name() == "within_box" => within_box(shelf, &function.args),
        Expr::ScalarFunction(function) if function.name() == "within_circle" => within_circle(shelf, &function.args),
        _ => None,
    };
    plain.or_else(|| over_dictionary(shelf, expr))
}

/// The set's column that an expression is, and how it is kept.
fn column(shelf: &Shelf, expr: &Expr) -> Option<(usize, Layout)> {
    let Expr::Column(column) = expr else { return None };
    match shelf.source_of(&column.name)? {
        (Source::Column(at), column) => Some((at, column.layout)),
        _ => None,
    }
}

fn null(shelf: &Shelf, expr: &Expr) -> Option<Predicate> {
    let (at, layout) = column(shelf, expr)?;
    Some(match layout {
        Layout::Point { lon, lat } => Predicate::Or(vec![Predicate::Null(lon), Predicate::Null(lat)]),
        _ => Predicate::Null(at),
    })
}

fn infix(op: Operator) -> Option<Infix> {
    Some(match op {
        Operator::Eq => Infix::Equal,
        Operator::NotEq => Infix::NotEqual,
        Operator::Lt => Infix::Less,
        Operator::LtEq => Infix::LessEqual,
        Operator::Gt => Infix::Greater,
        Operator::GtEq => Infix::GreaterEqual,
        _ => return None,
    })
}

fn compared(shelf: &Shelf, left: &Expr, infix: Infix, right: &Expr, made: bool) -> Option<Predicate> {
    match (column(shelf, left), column(shelf, right)) {
        (Some((one, a)), Some((other, b))) => {
            let alike = match (a, b) {
                (Layout::Few | Layout::Number, Layout::Few | Layout::Number) => true,
                (Layout::Point { .. }, _) => false,
                (a, b) => a == b,
            };
            alike.then_some(Predicate::Pair(one, infix, other))
        }
        (Some((one, layout)), None) => with_constant(shelf, one, layout, infix, right, made),
        (None, Some((other, layout))) => {
            with_constant(shelf, other, layout, crate::predicate::turned(infix), left, made)
        }
        (None, None) => None,
    }
}

fn with_constant(
    shelf: &Shelf,
    column: usize,
    layout: Layout,
    infix: Infix,
    constant: &Expr,
    made: bool,
) -> Option<Predicate> {
    let Expr::Literal(value, _) = constant else { return None };
    if value.is_null() {
        return Some(Predicate::Constant(None));
    }
    let value = constant_of(value, layout)?;
    if !made {
        return Some(Predicate::Constant(None));
    }
    predicate::compare(shelf.table(), column, infix, &value)
}

/// A constant that a column of that layout is compared to.
fn constant_of(value: &ScalarValue, layout: Layout) -> Option<Value> {
    match (layout, value) {
        (Layout::Text, _) => value.try_as_str().flatten().map(|text| Value::Text(text.to_owned())),
        (Layout::Few | Layout::Number, ScalarValue::Float64(Some(number))) => {
            (!number.is_nan()).then_some(Value::Number(*number))
        }
        (Layout::Flag, ScalarValue::Boolean(Some(flag))) => Some(Value::Boolean(*flag)),
        (Layout::Time, ScalarValue::TimestampMicrosecond(Some(time), _)) => Some(Value::Time(*time)),
        _ => None,
    }
}

fn in_list(shelf: &Shelf, of: &Expr, list: &[Expr], made: bool) -> Option<Predicate> {
    let (at, layout) = column(shelf, of)?;
    let mut texts = std::collections::HashSet::new();
    let mut others = Vec::new();
    for item in list {
        let Expr::Literal(value, _) = item else { return None };
        if value.is_null() {
            others.push(Predicate::Constant(None));
            continue;
        }
        match constant_of(value, layout)? {
            Value::Text(text) => _ = texts.insert(text),
            _ => others.push(with_constant(shelf, at, layout, Infix::Equal, item, made)?),
        }
    }
    if !texts.is_empty() && made {
        others.push(predicate::coded_text(shelf.table(), at, |text| texts.contains(text)));
    }
    Some(Predicate::Or(others))
}

/// `within_box(point, nw_lat, nw_lon, se_lat, se_lon)`, edges included.
fn within_box(shelf: &Shelf, args: &[Expr]) -> Option<Predicate> {
    let (lon, lat, [north, west, south, east]) = point_and_numbers(shelf, args)?;
    Some(Predicate::Box { lon, lat, west, east, south, north })
}

/// `within_circle(point, lat, lon, metres)`, the edge included.
fn within_circle(shelf: &Shelf, args: &[Expr]) -> Option<Predicate> {
    /// A degree of a meridian is 111,195 metres; a little less, so that the box is a little too large.
    const DEGREE_M: f64 = 111_000.0;
    let (lon, lat, [at_lat, at_lon, metres]) = point_and_numbers(shelf, args)?;
    if !crate::soql::is_sane([at_lon, at_lat]) {
        return None;
    }
    let high = metres.max(0.0) / DEGREE_M;
    // Where the circle comes near a pole or goes around the earth, it may be so anywhere.
    let farthest = at_lat.abs() + high;
    let wide = if farthest < 89.0 { high / farthest.to_radians().cos() } else { f64::INFINITY };
    let whole = at_lon.abs() + wide > 180.0;
    let (west, east) = if whole { (f64::MIN, f64::MAX) } else { (at_lon - wide, at_lon + wide) };
    let (south, north) = if whole { (f64::MIN, f64::MAX) } else { (at_lat - high, at_lat + high) };
    Some(Predicate::Circle { lon, lat, centre: [at_lon, at_lat], metres, reach: [west, south, east, north] })
}

/// A set's point, by its longitude and latitude, and numbers that are said.
fn point_and_numbers<const COUNT: usize>(shelf: &Shelf, args: &[Expr]) -> Option<(usize, usize, [f64; COUNT])> {
    let [point, rest @ ..] = args else { return None };
    let (_, Layout::Point { lon, lat }) = column(shelf, point)? else { return None };
    let number = |expr: &Expr| match expr {
        Expr::Literal(ScalarValue::Float64(Some(number)), _) if number.is_finite() => Some(*number),
        _ => None,
    };
    let numbers: Vec<f64> = rest.iter().map(number).collect::<Option<_>>()?;
    Some((lon, lat, numbers.try_into().ok()?))
}

/// A condition of one text column and constants, run by the engine over the dictionary.
fn over_dictionary(shelf: &Shelf, expr: &Expr) -> Option<Predicate> {
    let mut name: Option<String> = None;
    let mut total = true;
    let looked = expr.apply(|node| {
        match node {
            Expr::Column(column) => {
                total &= name.as_ref().is_none_or(|name| *name == column.name);
                name = Some(column.name.clone());
            }
            Expr::ScalarFunction(function) => total &= TOTAL.contains(&function.name()),
            Expr::BinaryExpr(binary) => total &= infix(binary.op).is_some() || binary.op == Operator::StringConcat,
            Expr::Like(like) => total &= like.escape_char.is_none() && matches!(&*like.pattern, Expr::Literal(..)),
            Expr::InList(_) | Expr::Literal(..) | Expr::Not(_) => {}
            _ => total = false,
        }
        Ok(if total { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    looked.ok()?;
    let name = name.filter(|_| total)?;
    let (Source::Column(at), declared) = shelf.source_of(&name)? else { return None };
    let Words::Text(texts) = shelf.table().words(at) else { return None };
    if declared.layout != Layout::Text || shelf.table().words(at).codes() > DICTIONARY_MAX {
        return None;
    }
    // Code zero is NULL. What the condition makes of it must be nothing, as of a row that has no text.
    let values: StringViewArray = std::iter::once(None).chain(texts.iter().skip(1).map(Some)).collect();
    let schema = Arc::new(Schema::new(vec![Field::new(&name, DataType::Utf8View, true)]));
    let physical = {
        let dfschema = DFSchema::try_from(Arc::clone(&schema)).ok()?;
        create_physical_expr(
            &unqualified(expr)?,
            &dfschema,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )
        .ok()?
    };
    let batch = RecordBatch::try_new(schema, vec![Arc::new(values)]).ok()?;
    let array = physical.evaluate(&batch).ok()?.into_array(batch.num_rows()).ok()?;
    let passing = array.as_any().downcast_ref::<BooleanArray>()?;
    if passing.is_valid(0) || passing.null_count() > 1 {
        return None;
    }
    Some(Predicate::Coded(at, passing.iter().map(|passes| passes == Some(true)).collect()))
}

/// The same with columns that name no table.
fn unqualified(expr: &Expr) -> Option<Expr> {
    let renamed = expr.clone().transform(|node| {
        Ok(match node {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::new_unqualified(column.name))),
            other => Transformed::no(other),
        })
    });
    renamed.ok().map(|renamed| renamed.data)
}
