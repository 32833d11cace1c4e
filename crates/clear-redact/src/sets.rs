//! Rows of a set on their way out, in every form that the open-data API gives them.
//!
//! In:    the fields of an answer, then its batches in order.
//! Out:   bytes: a head, a part for each batch, an end; together one document.
//! Never: keeps a batch that it has written; adds a value that was not in it; writes a number as something that is none.
//!
//! # How
//! One file a family of forms; what they share, how a single cell is read and shown, is in `cell.rs`. A number is a JSON
//! *string*, as in the original; a null is left out of JSON and empty in CSV; a point is GeoJSON in JSON and WKT in CSV.
//! The forms are those of RFC 8259, RFC 4180, RFC 7946 (with the `crs` member of its predecessor, which old clients ask
//! for), Parquet and Office Open XML.
//!
//! # Change here
//! A form: [`SetForm`], a line in [`FORMS`], and a file that writes it.

mod cell;
mod files;
mod json;
mod text;

use clear_query::SoqlType;
use arrow::array::RecordBatch;

/// A field of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetField {
    /// Its name in the answer: `primary_type`.
    pub name: String,
    /// Its name for people: `Primary Type`.
    pub title: String,
    /// Its type.
    pub soql_type: SoqlType,
}

/// How rows of a set are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetForm {
    /// An array of objects.
    Json,
    /// Comma-separated values, each in quotes, under the fields' names.
    Csv,
    /// The same with tabs.
    Tsv,
    /// A collection of features.
    GeoJson,
    /// Comma-separated values as people open them in a spreadsheet: titles, dates of the country.
    Download,
    /// The rows of the older `rows.json`: arrays, behind eight columns of the system's.
    Rows,
    /// Parquet.
    Parquet,
    /// A workbook.
    Xlsx,
}

/// What a form is called and what it is.
pub const FORMS: &[(SetForm, &str, &str)] = &[
    (SetForm::Json, "json", "application/json;charset=utf-8"),
    (SetForm::Csv, "csv", "text/csv;charset=utf-8"),
    (SetForm::Tsv, "tsv", "text/tab-separated-values;charset=utf-8"),
    (SetForm::GeoJson, "geojson", "application/vnd.geo+json;charset=utf-8"),
    (SetForm::Download, "csv", "text/csv;charset=utf-8"),
    (SetForm::Rows, "json", "application/json;charset=utf-8"),
    (SetForm::Parquet, "parquet", "application/vnd.apache.parquet"),
    (SetForm::Xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
];

impl SetForm {
    /// The extension of its files.
    pub fn extension(self) -> &'static str {
        FORMS.iter().find(|(form, ..)| *form == self).map_or("", |(_, extension, _)| extension)
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        FORMS.iter().find(|(form, ..)| *form == self).map_or("", |(.., content_type)| content_type)
    }
}

/// How an answer is written beside its form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetLayout {
    /// Whether a byte order mark stands before values in text.
    pub bom: bool,
    /// What stands before the rows of [`SetForm::Rows`], and closes with them: the view, as JSON.
    pub view: Option<String>,
}

/// Rows that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// A batch has another layout than its fields say.
    #[error("the rows are not laid out as their fields say: {0}")]
    Layout(String),
    /// More rows than a workbook is given.
    #[error("a workbook has at most {0} rows here; ask for CSV or Parquet, or for fewer rows with $limit")]
    TooManyRows(usize),
    /// The Parquet writer failed.
    #[error("cannot write Parquet")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The workbook's writer failed.
    #[error("cannot write a workbook")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

/// Writes one answer.
pub struct SetWriter {
    fields: Vec<SetField>,
    rows: u64,
    inner: Inner,
}

enum Inner {
    Json(json::Objects),
    GeoJson(json::Features),
    Rows(json::Arrays),
    Text(text::Lines),
    Parquet(files::Parquet),
    Xlsx(Box<files::Workbook>),
}

impl SetWriter {
    /// A writer of an answer with these fields.
    pub fn new(form: SetForm, fields: Vec<SetField>, layout: SetLayout) -> SetWriter {
        let inner = match form {
            SetForm::Json => Inner::Json(json::Objects::new(&fields)),
            SetForm::GeoJson => Inner::GeoJson(json::Features::new(&fields)),
            SetForm::Rows => Inner::Rows(json::Arrays::new(&fields, layout.view.unwrap_or_else(|| "{}".to_owned()))),
            SetForm::Csv => Inner::Text(text::Lines::quoted(',', layout.bom)),
            SetForm::Tsv => Inner::Text(text::Lines::quoted('\t', layout.bom)),
            SetForm::Download => Inner::Text(text::Lines::for_people(layout.bom)),
            SetForm::Parquet => Inner::Parquet(files::Parquet::new()),
            SetForm::Xlsx => Inner::Xlsx(Box::new(files::Workbook::new())),
        };
        SetWriter { fields, rows: 0, inner }
    }

    /// What the answer begins with.
    ///
    /// # Errors
    /// When a file cannot be begun.
    pub fn head(&mut self) -> Result<Vec<u8>, SetError> {
        match &mut self.inner {
            Inner::Json(_) => Ok(b"[".to_vec()),
            Inner::GeoJson(_) => Ok(br#"{"type":"FeatureCollection","features":["#.to_vec()),
            Inner::Rows(arrays) => Ok(arrays.head()),
            Inner::Text(lines) => Ok(lines.head(&self.fields)),
            Inner::Parquet(file) => file.head(&self.fields),
            Inner::Xlsx(book) => book.head(&self.fields).map(|()| Vec::new()),
        }
    }

    /// The next rows. What comes may be empty where a file is written in larger parts.
    ///
    /// # Errors
    /// When the batch is not laid out as the fields say, or a file cannot take it.
    pub fn part(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, SetError> {
        let columns = cell::columns(&self.fields, batch)?;
        let mut out = Vec::with_capacity(batch.num_rows() * self.fields.len() * 16);
        for row in 0..batch.num_rows() {
            let first = self.rows == 0;
            match &mut self.inner {
                Inner::Json(objects) => objects.row(&columns, row, first, &mut out),
                Inner::GeoJson(features) => features.row(&columns, row, first, &mut out),
                Inner::Rows(arrays) => arrays.row(&columns, row, self.rows, &mut out),
                Inner::Text(lines) => lines.row(&columns, row, &mut out),
                Inner::Xlsx(book) => book.row(&columns, row)?,
                Inner::Parquet(_) => {}
            }
            self.rows += 1;
        }
        if let Inner::Parquet(file) = &mut self.inner {
            out = file.part(&columns, batch.num_rows())?;
        }
        Ok(out)
    }

    /// What the answer ends with.
    ///
    /// # Errors
    /// When a file cannot be closed.
    pub fn end(&mut self) -> Result<Vec<u8>, SetError> {
        match &mut self.inner {
            Inner::Json(_) => Ok(b"]\n".to_vec()),
            Inner::GeoJson(_) => Ok(
                br#"],"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}}
"#
                .to_vec(),
            ),
            Inner::Rows(_) => Ok(b"]}\n".to_vec()),
            Inner::Text(_) => Ok(Vec::new()),
            Inner::Parquet(file) => file.end(),
            Inner::Xlsx(book) => book.end(),
        }
    }

    /// How many rows were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}
