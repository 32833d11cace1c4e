//! Values in lines: CSV and TSV as programs read them, CSV as people open it.

use super::SetField;
use super::cell::{self, Cell, Column};

/// Writes lines.
pub(super) struct Lines {
    separator: u8,
    bom: bool,
    for_people: bool,
}

impl Lines {
    /// Every value in quotes, under the fields' names.
    pub(super) fn quoted(separator: char, bom: bool) -> Lines {
        Lines { separator: separator as u8, bom, for_people: false }
    }

    /// Quotes where they are needed, under the fields' titles.
    pub(super) fn for_people(bom: bool) -> Lines {
        Lines { separator: b',', bom, for_people: true }
    }

    pub(super) fn head(&self, fields: &[SetField]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.bom {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                out.push(self.separator);
            }
            self.value(if self.for_people { &field.title } else { &field.name }, &mut out);
        }
        out.push(b'\n');
        out
    }

    pub(super) fn row(&self, columns: &[Column<'_>], row: usize, out: &mut Vec<u8>) {
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.push(self.separator);
            }
            match column.cell(row) {
                None => {}
                Some(Cell::Text(text) | Cell::Json(text) | Cell::Shape(text)) => self.value(text, out),
                Some(Cell::Number(digits)) => self.value(&digits, out),
                Some(Cell::Boolean(yes)) => self.value(if yes { "true" } else { "false" }, out),
                Some(Cell::Time(micros)) if self.for_people => self.value(&cell::time_for_people(micros), out),
                Some(Cell::Time(micros)) => self.value(&cell::time(micros, column.field.soql_type), out),
                // The original's downloads tell latitude first.
                Some(Cell::Point(x, y)) if self.for_people => self.value(&format!("({y}, {x})"), out),
                Some(Cell::Point(x, y)) => self.value(&cell::well_known(x, y), out),
            }
        }
        out.push(b'\n');
    }

    fn value(&self, text: &str, out: &mut Vec<u8>) {
        let special = |byte: u8| byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r');
        if self.for_people && !text.bytes().any(special) {
            out.extend_from_slice(text.as_bytes());
            return;
        }
        out.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        out.push(b'"');
    }
}
