//! A condition of the asker's, typed first and then run over what the leaf lets through.
//!
//! Three-valued as in SQL: a row is kept where the condition is true. What is typed here is a [`Predicate`], which cannot fail.

use clear_soql::{Expr, Infix, Node, Prefix, Span};

use crate::columns::Leaf;
use crate::error::Error;
use crate::predicate::{self, Predicate, holds, turned};
use crate::values::{self, Type, Value};

/// A value of a row, or one that the question says.
enum Operand {
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
pub(crate) fn typed(leaf: &Leaf<'_>, expr: &Expr) -> Result<Predicate, Error> {
    let test = |expr| typed(leaf, expr);
    Ok(match &expr.node {
        Node::Prefix(Prefix::Not, of) => Predicate::Not(Box::new(test(of)?)),
        Node::Infix(a, Infix::And, b) => Predicate::all_of(vec![test(a)?, test(b)?]),
        Node::Infix(a, Infix::Or, b) => Predicate::Or(vec![test(a)?, test(b)?]),
        Node::IsNull { of, not } => {
            let is_null = match operand(leaf, of)? {
                Operand::Column(column, _) => Predicate::Null(column),
                Operand::Constant(value) => Predicate::Constant(Some(value.is_none())),
            };
            negated(is_null, *not)
        }
        Node::Infix(a, infix, b) if is_comparison(*infix) => {
            let (left, right) = together(operand(leaf, a)?, operand(leaf, b)?, b.span)?;
            compared(leaf, &left, *infix, &right)
        }
        Node::Between { of, not, low, high } => {
            let bound = |infix, bound: &Expr| -> Result<Predicate, Error> {
                let (left, right) = together(operand(leaf, of)?, operand(leaf, bound)?, bound.span)?;
                Ok(compared(leaf, &left, infix, &right))
            };
            negated(Predicate::all_of(vec![bound(Infix::GreaterEqual, low)?, bound(Infix::LessEqual, high)?]), *not)
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
            negated(one_of(leaf, &left, values), *not)
        }
        Node::Like { of, not, pattern } => {
            let left = operand(leaf, of)?;
            expect(left.holds(), Type::Text, of.span)?;
            let like = match operand(leaf, pattern)? {
                Operand::Constant(Some(Value::Text(pattern))) => {
                    let pattern = wilds(&pattern);
                    match left {
                        Operand::Column(column, _) => {
                            predicate::coded_text(leaf.table, column, |text| like(text, &pattern))
                        }
                        Operand::Constant(Some(Value::Text(text))) => Predicate::Constant(Some(like(&text, &pattern))),
                        Operand::Constant(_) => Predicate::Constant(None),
                    }
                }
                Operand::Constant(None) => Predicate::Constant(None),
                _ => {
                    return Err(Error::TypeMismatch { what: "a pattern is a text in quotes".into(), at: pattern.span });
                }
            };
            negated(like, *not)
        }
        _ => match operand(leaf, expr)? {
            Operand::Column(column, Type::Boolean) => {
                let yes = predicate::compare(leaf.table, column, Infix::Equal, &Value::Boolean(true));
                yes.unwrap_or(Predicate::Constant(None))
            }
            Operand::Constant(Some(Value::Boolean(value))) => Predicate::Constant(Some(value)),
            Operand::Constant(None) => Predicate::Constant(None),
            other => {
                let found = other.holds().map_or("null", Type::word);
                return Err(Error::NonBooleanWhere { found, at: expr.span });
            }
        },
    })
}

fn negated(test: Predicate, not: bool) -> Predicate {
    if not { Predicate::Not(Box::new(test)) } else { test }
}

fn compared(leaf: &Leaf<'_>, left: &Operand, infix: Infix, right: &Operand) -> Predicate {
    let of_column = |column: &usize, infix, value: &Option<Value>| {
        let value = value.as_ref()?;
        predicate::compare(leaf.table, *column, infix, value)
    };
    match (left, right) {
        (Operand::Column(one, _), Operand::Column(other, _)) => Predicate::Pair(*one, infix, *other),
        (Operand::Column(column, _), Operand::Constant(value)) => {
            of_column(column, infix, value).unwrap_or(Predicate::Constant(None))
        }
        (Operand::Constant(value), Operand::Column(column, _)) => {
            of_column(column, turned(infix), value).unwrap_or(Predicate::Constant(None))
        }
        (Operand::Constant(Some(a)), Operand::Constant(Some(b))) => {
            Predicate::Constant(Some(holds(infix, a.compare(b))))
        }
        (Operand::Constant(_), Operand::Constant(_)) => Predicate::Constant(None),
    }
}

/// `x IN (1, NULL)` is not known where x is not 1.
fn one_of(leaf: &Leaf<'_>, left: &Operand, values: Vec<Option<Value>>) -> Predicate {
    let texts: Option<Vec<&str>> = values
        .iter()
        .map(|value| if let Some(Value::Text(text)) = value { Some(text.as_str()) } else { None })
        .collect();
    if let (Operand::Column(column, Type::Text), Some(texts)) = (left, texts) {
        return predicate::coded_text(leaf.table, *column, |text| texts.contains(&text));
    }
    let is = |value: &Option<Value>| compared(leaf, left, Infix::Equal, &Operand::Constant(value.clone()));
    Predicate::Or(values.iter().map(is).collect())
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
            let layout = leaf.table.set.columns.get(column).map(|column| column.layout);
            let holds = layout.and_then(Type::of).unwrap_or(Type::Text);
            return Ok(Operand::Column(column, holds));
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
