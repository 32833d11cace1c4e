//! Rows on their way out: as JSON lines, or as a sheet of comma-separated values (RFC 4180).

use clear_policy::Grant;
use clear_query::RowsMatch;
use clear_record::{Kind, fields};
use serde_json::Value;

use crate::shown::{View, view};
use crate::{Disclosed, Error, Shown, salted_digest};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line.
    Ndjson,
    /// A heading, then one row a line.
    Csv,
}

/// What a part of rows is, beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// How many rows it has.
    pub rows: usize,
}

/// Columns of a sheet before those of the record.
const ABOUT: [&str; 6] = ["id", "originator", "handling", "caveats", "recipients", "valid_from"];

/// Writes the batches of one answer, in order.
#[derive(Clone)]
pub struct Writer {
    form: Form,
    /// Of a sheet: the record's columns, as the first batch's grant opens them. What closes later is empty from there on.
    columns: Option<Vec<&'static str>>,
}

impl Writer {
    /// A writer of an answer that has not begun.
    pub fn new(form: Form) -> Writer {
        Writer { form, columns: None }
    }

    /// Reduces a batch to what may leave. A sheet has its heading in the first part, also where there is no row.
    ///
    /// # Errors
    /// When a row cannot be written as JSON, which no row of ours should do.
    pub fn part(&mut self, grant: &Grant, found: Option<RowsMatch>) -> Result<Disclosed<Written>, Error> {
        let (versions, known) = found.map(RowsMatch::into_found).unwrap_or_default();
        let mut bytes = Vec::new();
        if self.form == Form::Csv && self.columns.is_none() {
            let sight = known.sight(grant);
            let open = fields(Kind::Incident).iter().filter(|field| sight.knows(field.class));
            let columns: Vec<&'static str> = open.map(|field| field.name).collect();
            line(&mut bytes, ABOUT.iter().chain(&columns).copied());
            self.columns = Some(columns);
        }
        let mut told = Vec::with_capacity(versions.len());
        for version in &versions {
            let Some(View::Shown(shown)) = view(grant, version, &known) else { continue };
            told.push(version.id);
            match &self.columns {
                None => {
                    serde_json::to_writer(&mut bytes, &shown)?;
                    bytes.push(b'\n');
                }
                Some(columns) => row(&mut bytes, &shown, columns),
            }
        }
        let out = Written { rows: told.len() };
        told.sort_unstable();
        Ok(Disclosed { digest: salted_digest(&bytes), out, bytes, told })
    }
}

fn row(bytes: &mut Vec<u8>, shown: &Shown, columns: &[&'static str]) {
    let (sharing, caveats) = (&shown.sharing, shown.sharing.caveats.join(" "));
    let (handling, recipients) = (sharing.handling.to_owned(), sharing.recipients.join(" "));
    let about =
        [&shown.id, &shown.originator, &handling, &caveats, &recipients, &shown.valid_from].map(String::to_owned);
    let cells = columns.iter().map(|column| match shown.fields.get(*column) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        // A list stays what it is, as JSON in one cell.
        Some(value) => value.to_string(),
    });
    line(bytes, about.into_iter().chain(cells));
}

pub(crate) fn line(bytes: &mut Vec<u8>, cells: impl Iterator<Item = impl AsRef<str>>) {
    for (at, cell) in cells.enumerate() {
        let cell = cell.as_ref();
        if at > 0 {
            bytes.push(b',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            bytes.push(b'"');
            bytes.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            bytes.push(b'"');
        } else {
            bytes.extend_from_slice(cell.as_bytes());
        }
    }
    bytes.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        let written = |cells: &[&str]| {
            let mut bytes = Vec::new();
            line(&mut bytes, cells.iter());
            String::from_utf8(bytes).expect("text")
        };
        for (cells, text) in [
            (&["a", "", "b c"][..], "a,,b c\r\n"),
            (&["a,b", "say \"x\"", "two\nlines"][..], "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n"),
        ] {
            assert_eq!(written(cells), text);
        }
    }
}
