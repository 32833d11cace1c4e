//! A tree back to canonical text: keywords in capitals, parentheses only where the precedence needs them.

use std::fmt::{self, Display, Formatter, Write};

use crate::ast::{
    Bound, Every, Expr, Item, JoinKind, Link, Name, Named, Node, Nulls, Order, Part, Prefix, Query, Select, SetKind,
    Source, precedence,
};
use crate::parse::RESERVED;

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        for (link, part) in &self.then {
            let all = if matches!(link, Link::Rows(_, Every::All)) { " ALL" } else { "" };
            let word = match link {
                Link::Pipe => "|>",
                Link::Rows(SetKind::Union, _) => "UNION",
                Link::Rows(SetKind::Intersect, _) => "INTERSECT",
                Link::Rows(SetKind::Minus, _) => "MINUS",
            };
            write!(f, " {word}{all} {part}")?;
        }
        Ok(())
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Part::Select(select) => write!(f, "{select}"),
            Part::Nested(query) => write!(f, "({query})"),
        }
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Bound::First => f.write_str("UNBOUNDED PRECEDING"),
            Bound::Before(rows) => write!(f, "{rows} PRECEDING"),
            Bound::Current => f.write_str("CURRENT ROW"),
            Bound::After(rows) => write!(f, "{rows} FOLLOWING"),
            Bound::Last => f.write_str("UNBOUNDED FOLLOWING"),
        }
    }
}

impl Display for Named {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

impl Display for Select {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.distinct { "SELECT DISTINCT " } else { "SELECT " })?;
        list(f, &self.items)?;
        if let Some(from) = &self.from {
            write!(f, " FROM @{}", from.table.name.as_str())?;
            table_alias(f, &from.alias)?;
        }
        for join in &self.joins {
            f.write_str(match join.kind {
                JoinKind::Inner => " JOIN ",
                JoinKind::Left => " LEFT OUTER JOIN ",
                JoinKind::Right => " RIGHT OUTER JOIN ",
                JoinKind::Full => " FULL OUTER JOIN ",
            })?;
            match &join.with {
                Source::Table(table) => write!(f, "@{}", table.name.as_str())?,
                Source::Query(query) => write!(f, "({query})")?,
            }
            table_alias(f, &join.alias)?;
            write!(f, " ON {}", join.on)?;
        }
        if let Some(filter) = &self.filter {
            write!(f, " WHERE {filter}")?;
        }
        if !self.group_by.is_empty() {
            f.write_str(" GROUP BY ")?;
            list(f, &self.group_by)?;
        }
        if let Some(having) = &self.having {
            write!(f, " HAVING {having}")?;
        }
        if !self.order_by.is_empty() {
            f.write_str(" ORDER BY ")?;
            list(f, &self.order_by)?;
        }
        if let Some(words) = &self.search {
            f.write_str(" SEARCH ")?;
            text(f, words)?;
        }
        if let Some(limit) = self.limit {
            write!(f, " LIMIT {limit}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " OFFSET {offset}")?;
        }
        Ok(())
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Item::All { table, system, except, .. } => {
                if let Some(table) = table {
                    write!(f, "@{}.", table.as_str())?;
                }
                f.write_str(if *system { ":*" } else { "*" })?;
                if !except.is_empty() {
                    f.write_str("(EXCEPT ")?;
                    list(f, except)?;
                    f.write_char(')')?;
                }
                Ok(())
            }
            Item::Value { value, alias: None } => write!(f, "{value}"),
            Item::Value { value, alias: Some(alias) } => write!(f, "{value} AS {alias}"),
        }
    }
}

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.by, if self.descending { " DESC" } else { "" })?;
        f.write_str(match self.nulls {
            None => "",
            Some(Nulls::First) => " NULLS FIRST",
            Some(Nulls::Last) => " NULLS LAST",
        })
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.as_str();
        let mut chars = text.strip_prefix(':').unwrap_or(text).chars();
        let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
        let plain = first && chars.all(|c| c.is_alphanumeric() || c == '_') && !RESERVED.contains(&text);
        if plain { f.write_str(text) } else { write!(f, "`{text}`") }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Null => f.write_str("NULL"),
            Node::Boolean(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            Node::Number(number) => f.write_str(number),
            Node::Text(value) => text(f, value),
            Node::Column(name) => write!(f, "{name}"),
            Node::Joined { table, column } => write!(f, "@{}.{column}", table.as_str()),
            Node::Star => f.write_char('*'),
            Node::Prefix(prefix, of) => {
                f.write_str(match prefix {
                    // Two minus signs would begin a comment.
                    Prefix::Minus if matches!(of.node, Node::Prefix(Prefix::Minus, _)) => "- ",
                    Prefix::Minus => "-",
                    Prefix::Plus => "+",
                    Prefix::Not => "NOT ",
                })?;
                at_least(f, of, binds(self))
            }
            Node::Infix(left, infix, right) => {
                let own = infix.precedence();
                let (on_left, on_right) = if own == precedence::POWER { (own + 1, own) } else { (own, own + 1) };
                at_least(f, left, on_left)?;
                write!(f, " {} ", infix.word())?;
                at_least(f, right, on_right)
            }
            Node::IsNull { of, not } => {
                at_least(f, of, precedence::TEST)?;
                f.write_str(if *not { " IS NOT NULL" } else { " IS NULL" })
            }
            Node::Like { of, not, pattern } => {
                tested(f, of, *not, "LIKE")?;
                at_least(f, pattern, precedence::COMPARISON)
            }
            Node::Between { of, not, low, high } => {
                tested(f, of, *not, "BETWEEN")?;
                at_least(f, low, precedence::COMPARISON)?;
                f.write_str(" AND ")?;
                at_least(f, high, precedence::COMPARISON)
            }
            Node::In { of, not, list: values } => {
                tested(f, of, *not, "IN")?;
                f.write_char('(')?;
                list(f, values)?;
                f.write_char(')')
            }
            Node::Cast(of, name) => {
                at_least(f, of, precedence::CAST)?;
                write!(f, "::{name}")
            }
            Node::Field(of, name) => {
                at_least(f, of, precedence::POSTFIX)?;
                write!(f, ".{name}")
            }
            Node::Index(of, index) => {
                at_least(f, of, precedence::POSTFIX)?;
                write!(f, "[{index}]")
            }
            Node::Call { name, distinct, arguments, filter, over } => {
                if name.as_str() == "case" {
                    f.write_str("case")?
                } else {
                    write!(f, "{name}")?
                }
                f.write_str(if *distinct { "(DISTINCT " } else { "(" })?;
                list(f, arguments)?;
                f.write_char(')')?;
                if let Some(filter) = filter {
                    write!(f, " FILTER (WHERE {filter})")?;
                }
                let Some(window) = over else { return Ok(()) };
                f.write_str(" OVER (")?;
                if !window.partition_by.is_empty() {
                    f.write_str("PARTITION BY ")?;
                    list(f, &window.partition_by)?;
                }
                if !window.order_by.is_empty() {
                    f.write_str(if window.partition_by.is_empty() { "ORDER BY " } else { " ORDER BY " })?;
                    list(f, &window.order_by)?;
                }
                if let Some(frame) = &window.frame {
                    let blank = if window.partition_by.is_empty() && window.order_by.is_empty() { "" } else { " " };
                    let word = if frame.rows { "ROWS" } else { "RANGE" };
                    write!(f, "{blank}{word} BETWEEN {} AND {}", frame.from, frame.to)?;
                }
                f.write_char(')')
            }
            Node::Case(case) => {
                f.write_str("CASE")?;
                for (when, then) in &case.branches {
                    write!(f, " WHEN {when} THEN {then}")?;
                }
                if let Some(otherwise) = &case.otherwise {
                    write!(f, " ELSE {otherwise}")?;
                }
                f.write_str(" END")
            }
        }
    }
}

fn table_alias(f: &mut Formatter<'_>, alias: &Option<Named>) -> fmt::Result {
    alias.as_ref().map_or(Ok(()), |alias| write!(f, " AS {alias}"))
}

/// How tightly an expression holds together.
fn binds(expr: &Expr) -> u8 {
    match &expr.node {
        Node::Prefix(Prefix::Not, _) => precedence::NOT,
        Node::Prefix(..) => precedence::SIGN,
        Node::Infix(_, infix, _) => infix.precedence(),
        Node::IsNull { .. } | Node::Like { .. } | Node::Between { .. } | Node::In { .. } => precedence::TEST,
        Node::Cast(..) => precedence::CAST,
        Node::Field(..) | Node::Index(..) => precedence::POSTFIX,
        _ => precedence::ATOM,
    }
}

fn at_least(f: &mut Formatter<'_>, expr: &Expr, least: u8) -> fmt::Result {
    if binds(expr) < least { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

fn tested(f: &mut Formatter<'_>, of: &Expr, not: bool, word: &str) -> fmt::Result {
    at_least(f, of, precedence::TEST)?;
    write!(f, " {}{word} ", if not { "NOT " } else { "" })
}

fn list(f: &mut Formatter<'_>, values: &[impl Display]) -> fmt::Result {
    for (at, value) in values.iter().enumerate() {
        write!(f, "{}{value}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}

fn text(f: &mut Formatter<'_>, value: &str) -> fmt::Result {
    write!(f, "'{}'", value.replace('\'', "''"))
}
