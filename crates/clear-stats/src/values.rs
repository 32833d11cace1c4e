//! Columns of values: text by dictionary, everything else as it is.

use std::collections::HashMap;

use clear_record::Column;
use jiff::civil::{Date, DateTime};

/// What kind of values a column has, in the words of the open-data API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Boolean,
    Time,
}

impl Type {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Number => "number",
            Type::Boolean => "checkbox",
            Type::Time => "floating_timestamp",
        }
    }
}

/// One value, taken out of its column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
    Boolean(bool),
    /// Microseconds since 1970 on the city's clock.
    Time(i64),
}

/// A value in its column: a code for text, else the value itself. Equal cells are equal values.
pub(crate) type Cell = Option<u64>;

/// The values of one column, a cell for each row.
pub(crate) struct Values {
    pub(crate) holds: Type,
    cells: Vec<u64>,
    texts: Texts,
}

const NULL: u64 = u64::MAX;

/// A number so that equal numbers are equal bits; NULL's bits are no number's.
fn bits(number: f64) -> u64 {
    // Zero has two signs, and not-a-number many forms; neither may make two groups of one value.
    if number == 0.0 { 0 } else { number.to_bits() }
}

impl Values {
    pub(crate) fn new(column: Column) -> Values {
        let holds = match column {
            Column::Int64 | Column::Float64 => Type::Number,
            Column::Boolean => Type::Boolean,
            Column::Date32 | Column::TimestampMicros => Type::Time,
            Column::Utf8 | Column::FixedBinary16 | Column::List => Type::Text,
        };
        Values { holds, cells: Vec::new(), texts: Texts::default() }
    }

    pub(crate) fn cell(&self, row: usize) -> Cell {
        self.cells.get(row).copied().filter(|cell| *cell != NULL)
    }

    /// Puts a value at a row, which is the next or one that is there. A value of another type is none.
    pub(crate) fn set(&mut self, row: usize, value: Option<Value>) {
        let cell = match (self.holds, value) {
            (Type::Text, Some(Value::Text(text))) => u64::from(self.texts.take(&text)),
            (Type::Number, Some(Value::Number(number))) if number.is_finite() => bits(number),
            (Type::Boolean, Some(Value::Boolean(value))) => u64::from(value),
            (Type::Time, Some(Value::Time(micros))) => micros as u64 ^ (1 << 63),
            _ => NULL,
        };
        match self.cells.get_mut(row) {
            Some(place) => {
                let before = std::mem::replace(place, cell);
                self.let_go(before);
            }
            None => self.cells.push(cell),
        }
    }

    /// Takes a row out; the last row takes its place.
    pub(crate) fn swap_remove(&mut self, row: usize) {
        if row < self.cells.len() {
            let before = self.cells.swap_remove(row);
            self.let_go(before);
        }
    }

    fn let_go(&mut self, cell: u64) {
        if self.holds == Type::Text && cell != NULL {
            self.texts.let_go(cell);
        }
    }

    /// The value of a cell of this column.
    pub(crate) fn value(&self, cell: u64) -> Value {
        match self.holds {
            Type::Text => Value::Text(self.texts.text(cell).to_owned()),
            Type::Number => Value::Number(f64::from_bits(cell)),
            Type::Boolean => Value::Boolean(cell != 0),
            Type::Time => Value::Time((cell ^ (1 << 63)) as i64),
        }
    }

    /// For each code of a text column, whether the text passes; the predicate runs once over the dictionary.
    pub(crate) fn passing(&self, mut passes: impl FnMut(&str) -> bool) -> Vec<bool> {
        self.texts.by_code.iter().map(|text| passes(&text.0)).collect()
    }
}

/// A dictionary that forgets a text when its last row is gone.
#[derive(Default)]
struct Texts {
    by_code: Vec<(Box<str>, u32)>,
    codes: HashMap<Box<str>, u32>,
    free: Vec<u32>,
}

impl Texts {
    fn take(&mut self, text: &str) -> u32 {
        let code = self.codes.get(text).copied().unwrap_or_else(|| {
            let code = self.free.pop().unwrap_or_else(|| {
                self.by_code.push(Default::default());
                (self.by_code.len() - 1) as u32
            });
            if let Some(place) = self.by_code.get_mut(code as usize) {
                *place = (text.into(), 0);
            }
            self.codes.insert(text.into(), code);
            code
        });
        if let Some((_, rows)) = self.by_code.get_mut(code as usize) {
            *rows += 1;
        }
        code
    }

    fn let_go(&mut self, cell: u64) {
        let Some((text, rows)) = self.by_code.get_mut(cell as usize) else { return };
        *rows -= 1;
        if *rows == 0 {
            let text = std::mem::take(text);
            self.codes.remove(&text);
            self.free.push(cell as u32);
        }
    }

    fn text(&self, cell: u64) -> &str {
        self.by_code.get(cell as usize).map_or("", |(text, _)| text)
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

const DAY: i64 = 86_400_000_000;

/// Microseconds since 1970 on the city's clock.
pub(crate) fn micros(at: DateTime) -> i64 {
    let midnight = i64::from(days(at.date())) * DAY;
    let seconds = i64::from(at.hour()) * 3_600 + i64::from(at.minute()) * 60 + i64::from(at.second());
    midnight + seconds * 1_000_000 + i64::from(at.subsec_nanosecond()) / 1_000
}

fn days(date: Date) -> i32 {
    Date::constant(1970, 1, 1).until(date).map_or(0, |span| span.get_days())
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

    #[test]
    fn a_text_is_forgotten_with_its_last_row() {
        let mut values = Values::new(Column::Utf8);
        let text = |text: &str| Some(Value::Text(text.into()));
        for (row, word) in ["a", "b", "a"].into_iter().enumerate() {
            values.set(row, text(word));
        }
        values.set(1, text("a"));
        assert!(!values.texts.codes.contains_key("b") && values.texts.by_code.iter().all(|(text, _)| &**text != "b"));
        values.set(0, text("c"));
        values.swap_remove(0);
        assert_eq!(values.texts.codes.keys().map(|text| &**text).collect::<Vec<_>>(), ["a"]);
        assert_eq!(values.cells.len(), 2);
        values.set(0, None);
        assert_eq!(values.cell(0), None);
    }
}
