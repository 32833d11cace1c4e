//! A condition of the asker's, typed first and then run over what the leaf lets through.
//!
//! Three-valued as in SQL: `None` is NULL, and a row is kept where the condition is true.

use std::cmp::Ordering;

use clear_soql::{Expr, Infix, Node, Prefix, Span};

use crate::columns::{Leaf, Shown};
use crate::error::Error;
use crate::values::{self, Type, Value};

/// A condition that is known to have no error in it.
pub(crate) enum Test {
    Constant(Option<bool>),
    /// A yes-or-no column.
    Is(usize),
    Not(Box<Test>),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    IsNull(usize),
    /// A text column against whatever is constant: the answer for each code of the dictionary.
    Coded(usize, Vec<bool>),
    Compare(Operand, Infix, Operand),
    In(Operand, Vec<Option<Value>>),
    Like(Operand, Vec<Wild>),
}

/// A value of a row, or one that the question says.
pub(crate) enum Operand {
    Column(usize, Type),
    Constant(Option<Value>),
}

/// One sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wild {
    /// `%`
    Any,
    /// `_`
    One,
    Is(char),
}

/// Types a condition. Looks at names and types only, never at a row.
pub(crate) fn typed(leaf: &Leaf<'_>, expr: &Expr) -> Result<Test, Error> {
    let test = |expr| typed(leaf, expr).map(Box::new);
    let plain = match &expr.node {
        Node::Prefix(Prefix::Not, of) => return Ok(Test::Not(test(of)?)),
        Node::Infix(a, Infix::And, b) => return Ok(Test::And(test(a)?, test(b)?)),
        Node::Infix(a, Infix::Or, b) => return Ok(Test::Or(test(a)?, test(b)?)),
        Node::IsNull { of, not } => {
            let isnt = match operand(leaf, of)? {
                Operand::Column(column, _) => Test::IsNull(column),
                Operand::Constant(value) => Test::Constant(Some(value.is_none())),
            };
            return Ok(negated(isnt, *not));
        }
        Node::Infix(a, infix, b) if is_comparison(*infix) => {
            let (left, right) = together(operand(leaf, a)?, operand(leaf, b)?, b.span)?;
            Test::Compare(left, *infix, right)
        }
        Node::Between { of, not, low, high } => {
            let bound = |infix, bound: &Expr| -> Result<Box<Test>, Error> {
                let (left, right) = together(operand(leaf, of)?, operand(leaf, bound)?, bound.span)?;
                Ok(Box::new(coded(leaf, Test::Compare(left, infix, right))))
            };
            let both = Test::And(bound(Infix::GreaterEqual, low)?, bound(Infix::LessEqual, high)?);
            return Ok(negated(both, *not));
        }
        Node::In { of, not, list } => {
            let mut values = Vec::new();
            let left = operand(leaf, of)?;
            for item in list {
                let (_, right) = together(left.copy(), operand(leaf, item)?, item.span)?;
                let Operand::Constant(value) = right else {
                    return Err(Error::TypeMismatch { what: "a list holds values, not columns".into(), at: item.span });
                };
                values.push(value);
            }
            return Ok(negated(coded(leaf, Test::In(left, values)), *not));
        }
        Node::Like { of, not, pattern } => {
            let left = operand(leaf, of)?;
            expect(left.holds(), Type::Text, of.span)?;
            let like = match operand(leaf, pattern)? {
                Operand::Constant(Some(Value::Text(pattern))) => Test::Like(left, wilds(&pattern)),
                Operand::Constant(None) => Test::Constant(None),
                _ => {
                    return Err(Error::TypeMismatch { what: "a pattern is a text in quotes".into(), at: pattern.span });
                }
            };
            return Ok(negated(coded(leaf, like), *not));
        }
        _ => match operand(leaf, expr)? {
            Operand::Column(column, Type::Boolean) => Test::Is(column),
            Operand::Constant(Some(Value::Boolean(value))) => Test::Constant(Some(value)),
            Operand::Constant(None) => Test::Constant(None),
            other => {
                let found = other.holds().map_or("null", Type::word);
                return Err(Error::NonBooleanWhere { found, at: expr.span });
            }
        },
    };
    Ok(coded(leaf, plain))
}

fn negated(test: Test, not: bool) -> Test {
    if not { Test::Not(Box::new(test)) } else { test }
}

fn is_comparison(infix: Infix) -> bool {
    use Infix::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(infix, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
}

fn operand(leaf: &Leaf<'_>, expr: &Expr) -> Result<Operand, Error> {
    let at = expr.span;
    Ok(Operand::Constant(match &expr.node {
        Node::Null => None,
        Node::Boolean(value) => Some(Value::Boolean(*value)),
        Node::Text(text) => Some(Value::Text(text.clone())),
        Node::Number(digits) => Some(Value::Number(number(digits, at)?)),
        Node::Prefix(sign @ (Prefix::Minus | Prefix::Plus), of) => match operand(leaf, of)? {
            Operand::Constant(Some(Value::Number(number))) => {
                Some(Value::Number(if *sign == Prefix::Minus { -number } else { number }))
            }
            Operand::Constant(None) => None,
            _ => return Err(Error::TypeMismatch { what: "a sign stands before a number".into(), at }),
        },
        Node::Column(name) => {
            let name = name.as_str();
            let column =
                leaf.column(name).ok_or_else(|| Error::NoSuchColumn { name: name.to_owned(), at: Some(at) })?;
            return Ok(Operand::Column(column, leaf.holds(column)));
        }
        Node::Call { name, .. } => return Err(Error::NoSuchFunction { name: name.as_str().to_owned(), at }),
        _ => return Err(Error::TypeMismatch { what: "only columns and values can be compared here".into(), at }),
    }))
}

fn number(digits: &str, at: Span) -> Result<f64, Error> {
    let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| Error::TypeMismatch { what: format!("{digits} is no number"), at })
}

fn expect(found: Option<Type>, expected: Type, at: Span) -> Result<(), Error> {
    match found {
        Some(found) if found != expected => {
            Err(Error::TypeMismatch { what: format!("expected {}, but got {}", expected.word(), found.word()), at })
        }
        _ => Ok(()),
    }
}

/// Two operands of one type. A text in quotes becomes a time or number where the other side is one.
fn together(left: Operand, right: Operand, at: Span) -> Result<(Operand, Operand), Error> {
    let (left_holds, right_holds) = (left.holds(), right.holds());
    let (left, right) = (left.read_as(right_holds), right.read_as(left_holds));
    if let Some(expected) = left.holds() {
        expect(right.holds(), expected, at)?;
    }
    Ok((left, right))
}

impl Operand {
    /// Its type; `None` for NULL, which is of every type.
    fn holds(&self) -> Option<Type> {
        match self {
            Operand::Column(_, holds) => Some(*holds),
            Operand::Constant(value) => Some(match value.as_ref()? {
                Value::Text(_) => Type::Text,
                Value::Number(_) => Type::Number,
                Value::Boolean(_) => Type::Boolean,
                Value::Time(_) => Type::Time,
            }),
        }
    }

    fn read_as(self, holds: Option<Type>) -> Operand {
        let read = |text: &str| match holds {
            Some(Type::Time) => values::time_written(text).map(Value::Time),
            Some(Type::Number) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number),
            _ => None,
        };
        match &self {
            Operand::Constant(Some(Value::Text(text))) => match read(text) {
                Some(value) => Operand::Constant(Some(value)),
                None => self,
            },
            _ => self,
        }
    }

    fn copy(&self) -> Operand {
        match self {
            Operand::Column(column, holds) => Operand::Column(*column, *holds),
            Operand::Constant(value) => Operand::Constant(value.clone()),
        }
    }

    fn value(&self, leaf: &Leaf<'_>, row: Shown) -> Option<Value> {
        match self {
            Operand::Column(column, _) => Some(leaf.values(*column)?.value(leaf.cell(row, *column)?)),
            Operand::Constant(value) => value.clone(),
        }
    }

    fn text_column(&self) -> Option<usize> {
        match self {
            Operand::Column(column, Type::Text) => Some(*column),
            _ => None,
        }
    }
}

/// A test of one text column against constants as a table over its dictionary. No test here can fail, so a text that
/// only hidden rows have leaves no trace.
fn coded(leaf: &Leaf<'_>, test: Test) -> Test {
    let passing = |column: usize, passes: &dyn Fn(&str) -> bool| {
        leaf.values(column).map(|values| Test::Coded(column, values.passing(passes)))
    };
    let coded = match &test {
        Test::Compare(left, infix, Operand::Constant(Some(Value::Text(right)))) => {
            left.text_column().and_then(|column| passing(column, &|text| holds(*infix, text.cmp(right.as_str()))))
        }
        Test::In(left, list) if list.iter().all(Option::is_some) => {
            let is_one =
                |text: &str| list.iter().flatten().any(|value| matches!(value, Value::Text(item) if item == text));
            left.text_column().and_then(|column| passing(column, &is_one))
        }
        Test::Like(left, pattern) => left.text_column().and_then(|column| passing(column, &|text| like(text, pattern))),
        _ => None,
    };
    coded.unwrap_or(test)
}

fn holds(infix: Infix, order: Ordering) -> bool {
    match infix {
        Infix::Equal => order.is_eq(),
        Infix::NotEqual => order.is_ne(),
        Infix::Less => order.is_lt(),
        Infix::LessEqual => order.is_le(),
        Infix::Greater => order.is_gt(),
        Infix::GreaterEqual => order.is_ge(),
        _ => false,
    }
}

impl Test {
    /// What the condition says of a row.
    pub(crate) fn of(&self, leaf: &Leaf<'_>, row: Shown) -> Option<bool> {
        match self {
            Test::Constant(value) => *value,
            Test::Is(column) => leaf.cell(row, *column).map(|cell| cell != 0),
            Test::Not(of) => of.of(leaf, row).map(|value| !value),
            Test::And(a, b) => match (a.of(leaf, row), b.of(leaf, row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Test::Or(a, b) => match (a.of(leaf, row), b.of(leaf, row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Test::IsNull(column) => Some(leaf.cell(row, *column).is_none()),
            Test::Coded(column, passing) => passing.get(leaf.cell(row, *column)? as usize).copied(),
            Test::Compare(a, infix, b) => {
                let (a, b) = (a.value(leaf, row)?, b.value(leaf, row)?);
                Some(holds(*infix, a.compare(&b)))
            }
            Test::In(of, list) => {
                let value = of.value(leaf, row)?;
                let is_one = list.iter().flatten().any(|item| item.compare(&value).is_eq());
                // `x IN (1, NULL)` is not known where x is not 1.
                if !is_one && list.iter().any(Option::is_none) { None } else { Some(is_one) }
            }
            Test::Like(of, pattern) => match of.value(leaf, row)? {
                Value::Text(text) => Some(like(&text, pattern)),
                _ => None,
            },
        }
    }
}

fn wilds(pattern: &str) -> Vec<Wild> {
    let wild = |c| match c {
        '%' => Wild::Any,
        '_' => Wild::One,
        c => Wild::Is(c),
    };
    pattern.chars().map(wild).collect()
}

/// Whether a text fits a pattern, in time of text times pattern at worst.
fn like(text: &str, pattern: &[Wild]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut sign) = (0, 0);
    // Where to go on after the last `%` if what follows does not fit.
    let mut again: Option<(usize, usize)> = None;
    while at < text.len() {
        match (pattern.get(sign), text.get(at)) {
            (Some(Wild::Any), _) => {
                again = Some((sign + 1, at));
                sign += 1;
                continue;
            }
            (Some(Wild::One), _) => {}
            (Some(Wild::Is(c)), Some(found)) if c == found => {}
            _ => {
                let Some((after, from)) = again else { return false };
                again = Some((after, from + 1));
                (sign, at) = (after, from + 1);
                continue;
            }
        }
        at += 1;
        sign += 1;
    }
    pattern.get(sign..).unwrap_or_default().iter().all(|sign| *sign == Wild::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_sql() {
        for (text, pattern, fits) in [
            ("THEFT", "THEFT", true),
            ("THEFT", "T%", true),
            ("THEFT", "%F_", true),
            ("THEFT", "%E%T%", true),
            ("THEFT", "%X%", false),
            ("THEFT", "_", false),
            ("", "%", true),
            ("", "_", false),
            ("a%b", "a%b", true),
            ("aab", "%ab", true),
            ("é", "_", true),
        ] {
            assert_eq!(like(text, &wilds(pattern)), fits, "{text} {pattern}");
        }
        assert!(!like(&"a".repeat(2_000), &wilds(&("%a".repeat(500) + "b"))));
    }
}
