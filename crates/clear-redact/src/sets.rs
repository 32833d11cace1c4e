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

use arrow::array::RecordBatch;
use clear_query::SoqlType;

pub(crate) use files::properties as parquet_properties;

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
    /// What stands between the values of [`SetForm::Csv`], in place of a comma.
    pub separator: Option<char>,
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
            SetForm::Csv => Inner::Text(text::Lines::quoted(layout.separator.unwrap_or(','), layout.bom)),
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
            Inner::GeoJson(_) => Ok(br#"],"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}}
"#
            .to_vec()),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringViewArray, StructArray, TimestampMicrosecondArray};
    use arrow::buffer::NullBuffer;
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    /// Two rows, the second all nulls but for its id.
    fn batch() -> (Vec<SetField>, RecordBatch) {
        let field = |name: &str, title: &str, soql_type| SetField { name: name.into(), title: title.into(), soql_type };
        let fields = vec![
            field("id", "ID", SoqlType::Number),
            field("place", "Place, as said", SoqlType::Text),
            field("arrest", "Arrest", SoqlType::Checkbox),
            field("date", "Date", SoqlType::FloatingTimestamp),
            field("location", "Location", SoqlType::Point),
        ];
        let parts = |number: f64| Arc::new(Float64Array::from(vec![number, 0.0])) as ArrayRef;
        let double = |name: &str| Arc::new(Field::new(name, DataType::Float64, true));
        let point = StructArray::new(
            vec![double("x"), double("y")].into(),
            vec![parts(-87.6), parts(41.8)],
            Some(NullBuffer::from(vec![true, false])),
        );
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Float64Array::from(vec![11_482_392.0, 7.0])),
            Arc::new(StringViewArray::from(vec![Some("STREET, \"SIDEWALK\""), None])),
            Arc::new(BooleanArray::from(vec![Some(true), None])),
            Arc::new(TimestampMicrosecondArray::from(vec![Some(1_505_692_620_000_000), None])),
            Arc::new(point),
        ];
        let schema: Vec<Field> = fields
            .iter()
            .zip(&arrays)
            .map(|(field, array)| Field::new(&field.name, array.data_type().clone(), true))
            .collect();
        (fields, RecordBatch::try_new(Arc::new(Schema::new(schema)), arrays).unwrap())
    }

    fn written(form: SetForm) -> Vec<u8> {
        let (fields, batch) = batch();
        let mut writer = SetWriter::new(form, fields, SetLayout::default());
        let mut out = writer.head().unwrap();
        // In two parts, as an answer comes.
        out.extend(writer.part(&batch.slice(0, 1)).unwrap());
        out.extend(writer.part(&batch.slice(1, 1)).unwrap());
        out.extend(writer.end().unwrap());
        assert_eq!(writer.rows(), 2);
        out
    }

    #[test]
    fn each_form_is_written_as_programs_know_it() {
        let text = |form| String::from_utf8(written(form)).unwrap();
        assert_eq!(
            text(SetForm::Json),
            "[{\"id\":\"11482392\",\"place\":\"STREET, \\\"SIDEWALK\\\"\",\"arrest\":true,\"date\":\"2017-09-17T23:57:00.000\",\"location\":{\"type\":\"Point\",\"coordinates\":[-87.6,41.8]}}\n,{\"id\":\"7\"}]\n"
        );
        assert_eq!(
            text(SetForm::Csv),
            "\"id\",\"place\",\"arrest\",\"date\",\"location\"\n\"11482392\",\"STREET, \"\"SIDEWALK\"\"\",\"true\",\"2017-09-17T23:57:00.000\",\"POINT (-87.6 41.8)\"\n\"7\",,,,\n"
        );
        assert_eq!(
            text(SetForm::Download),
            "ID,\"Place, as said\",Arrest,Date,Location\n11482392,\"STREET, \"\"SIDEWALK\"\"\",true,09/17/2017 11:57:00 PM,\"(41.8, -87.6)\"\n7,,,,\n"
        );
        let places: serde_json::Value = serde_json::from_str(&text(SetForm::GeoJson)).unwrap();
        assert_eq!(places["features"][0]["geometry"]["coordinates"][0], -87.6);
        assert_eq!(places["features"][1]["geometry"], serde_json::Value::Null);
        assert_eq!(
            places["features"][1]["properties"].to_string(),
            r#"{"id":"7","place":null,"arrest":null,"date":null}"#
        );
        let rows: serde_json::Value = serde_json::from_str(&text(SetForm::Rows)).unwrap();
        assert_eq!(rows["data"][1].as_array().unwrap().len(), 8 + 5);
        assert!(written(SetForm::Xlsx).starts_with(b"PK"));
    }

    #[test]
    fn a_parquet_file_that_was_written_in_parts_reads_back() {
        let bytes = bytes::Bytes::from(written(SetForm::Parquet));
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 2);
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let text = arrow::util::pretty::pretty_format_batches(&batches);
        assert!(text.is_ok_and(|text| text.to_string().contains("POINT (-87.6 41.8)")));
    }

    #[test]
    fn a_batch_that_is_laid_out_otherwise_is_refused() {
        let (mut fields, batch) = batch();
        fields.truncate(3);
        let mut writer = SetWriter::new(SetForm::Json, fields, SetLayout::default());
        assert!(matches!(writer.part(&batch), Err(SetError::Layout(_))));
        // A null of every kind is a null.
        let empty = RecordBatch::new_empty(batch.schema());
        assert!(
            SetWriter::new(SetForm::Json, super::tests::batch().0, SetLayout::default())
                .part(&empty)
                .unwrap()
                .is_empty()
        );
    }
}
