//! JSON: objects, features, and the arrays of the older rows.

use super::SetField;
use super::cell::{self, Cell, Column};

/// `"text"`, escaped.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    // A text always writes to memory.
    let _ = serde_json::to_writer(out, text);
}

fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    string(name, &mut key);
    key.push(b':');
    key
}

/// A value as the original writes it: a number is a string.
fn value(column: &Column<'_>, cell: &Cell<'_>, out: &mut Vec<u8>) {
    match cell {
        Cell::Text(text) => string(text, out),
        Cell::Number(digits) => {
            out.push(b'"');
            out.extend_from_slice(digits.as_bytes());
            out.push(b'"');
        }
        Cell::Boolean(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Cell::Time(micros) => string(&cell::time(*micros, column.field.soql_type), out),
        Cell::Point(..) | Cell::Shape(_) => cell::geometry(cell, out),
        Cell::Json(text) => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => out.extend_from_slice(text.as_bytes()),
            Err(_) => string(text, out),
        },
    }
}

/// An object a row, nulls left out.
pub(super) struct Objects {
    keys: Vec<Vec<u8>>,
}

impl Objects {
    pub(super) fn new(fields: &[SetField]) -> Objects {
        Objects { keys: fields.iter().map(|field| key(&field.name)).collect() }
    }

    pub(super) fn row(&self, columns: &[Column<'_>], row: usize, first: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if first { b"{" } else { b"\n,{" });
        let mut comma = false;
        for (column, key) in columns.iter().zip(&self.keys) {
            let Some(cell) = column.cell(row) else { continue };
            if comma {
                out.push(b',');
            }
            comma = true;
            out.extend_from_slice(key);
            value(column, &cell, out);
        }
        out.push(b'}');
    }
}

/// A feature a row; nulls are kept, the first place is the geometry.
pub(super) struct Features {
    keys: Vec<Vec<u8>>,
    place: Option<usize>,
}

impl Features {
    pub(super) fn new(fields: &[SetField]) -> Features {
        let place = fields.iter().position(|field| cell::is_geometry(field.soql_type));
        Features { keys: fields.iter().map(|field| key(&field.name)).collect(), place }
    }

    pub(super) fn row(&self, columns: &[Column<'_>], row: usize, first: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if first { b"{" } else { b"\n,{" });
        out.extend_from_slice(br#""type":"Feature","geometry":"#);
        match self.place.and_then(|at| columns.get(at)).and_then(|column| column.cell(row)) {
            Some(place) => cell::geometry(&place, out),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(br#","properties":{"#);
        let mut comma = false;
        for (at, (column, key)) in columns.iter().zip(&self.keys).enumerate() {
            if self.place == Some(at) {
                continue;
            }
            if comma {
                out.push(b',');
            }
            comma = true;
            out.extend_from_slice(key);
            match column.cell(row) {
                Some(cell) => value(column, &cell, out),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.extend_from_slice(b"}}");
    }
}

/// The names of the system's columns that come with a row, wherever they stand among the fields.
const ID: &str = ":id";
const CREATED: &str = ":created_at";
const UPDATED: &str = ":updated_at";

/// An array a row: eight columns of the system's, then the set's.
pub(super) struct Arrays {
    view: String,
    system: [Option<usize>; 3],
}

impl Arrays {
    pub(super) fn new(fields: &[SetField], view: String) -> Arrays {
        let at = |name: &str| fields.iter().position(|field| field.name == name);
        Arrays { view, system: [at(ID), at(CREATED), at(UPDATED)] }
    }

    pub(super) fn head(&self) -> Vec<u8> {
        format!(r#"{{"meta":{{"view":{}}},"data":["#, self.view).into_bytes()
    }

    pub(super) fn row(&self, columns: &[Column<'_>], row: usize, at: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(if at == 0 { b"[" } else { b"\n,[" });
        let system = |which: usize| self.system.get(which).copied().flatten().and_then(|at| columns.get(at)?.cell(row));
        let seconds = |cell: Option<Cell<'_>>| match cell {
            Some(Cell::Time(micros)) => micros.div_euclid(1_000_000).to_string(),
            _ => "null".to_owned(),
        };
        match system(0) {
            Some(Cell::Text(id)) => {
                string(id, out);
                out.push(b',');
                string(id, out);
            }
            _ => out.extend_from_slice(b"null,null"),
        }
        let (created, updated) = (seconds(system(1)), seconds(system(2)));
        out.extend_from_slice(format!(r#",{at},{created},null,{updated},null,"{{ }}""#).as_bytes());
        for (place, column) in columns.iter().enumerate() {
            if self.system.contains(&Some(place)) {
                continue;
            }
            out.push(b',');
            match column.cell(row) {
                Some(Cell::Point(x, y)) => string(&cell::well_known(x, y), out),
                Some(Cell::Shape(text)) => string(text, out),
                Some(cell) => value(column, &cell, out),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b']');
    }
}
