//! Values, in the words of the open-data API.

use jiff::civil::{Date, DateTime};

use crate::sets::Layout;
pub(crate) use crate::times::micros;

/// What kind of values a column has, in the words of the open-data API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Boolean,
    Time,
}

impl Type {
    /// What a column of that layout has.
    pub(crate) fn of(layout: Layout) -> Option<Type> {
        match layout {
            Layout::Text => Some(Type::Text),
            Layout::Few | Layout::Number => Some(Type::Number),
            Layout::Flag => Some(Type::Boolean),
            Layout::Time => Some(Type::Time),
            Layout::Point { .. } => None,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Number => "number",
            Type::Boolean => "checkbox",
            Type::Time => "floating_timestamp",
        }
    }
}

/// One value.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number; one that is not finite is kept as NULL.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// Microseconds since 1970 on the city's clock.
    Time(i64),
}

// Values are of people: they reach no log by accident.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value(…)")
    }
}

impl Value {
    /// Total order within one type: text by bytes, numbers by size, no before yes, earlier before later.
    pub(crate) fn compare(&self, other: &Value) -> std::cmp::Ordering {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
            (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            // Two types never meet in one column.
            _ => std::cmp::Ordering::Equal,
        }
    }

    /// As the open-data API writes it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Boolean(value) => value.to_string(),
            Value::Time(micros) => time_shown(*micros),
        }
    }
}

/// `2017-09-17T23:57:00.000`.
fn time_shown(micros: i64) -> String {
    let span = jiff::Span::new().try_microseconds(micros);
    let at =
        span.and_then(|span| Date::constant(1970, 1, 1).to_datetime(jiff::civil::Time::midnight()).checked_add(span));
    at.map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string())
}

/// A time as somebody writes it in a question: `2017-09-17`, `2017-09-17T23:57:00`, with a blank for the `T`.
pub(crate) fn time_written(text: &str) -> Option<i64> {
    let text = text.trim();
    let at = text
        .parse::<DateTime>()
        .ok()
        .or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())));
    at.map(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for (text, shown) in [
            ("2017-09-17T23:57:00", "2017-09-17T23:57:00.000"),
            ("2017-09-17 23:57:00.5", "2017-09-17T23:57:00.500"),
            ("2017-09-17", "2017-09-17T00:00:00.000"),
            ("1969-12-31T23:59:59", "1969-12-31T23:59:59.000"),
        ] {
            assert_eq!(time_written(text).map(time_shown).as_deref(), Some(shown), "{text}");
        }
        assert_eq!(time_written("yesterday"), None);
    }
}
