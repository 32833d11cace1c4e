//! One cell: read from its column, shown as text.

use std::fmt::Write as _;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use clear_query::{SoqlType, number_shown};

use super::{SetError, SetField};

/// A column of a batch, in one of the layouts that cells are read from.
pub(super) enum Cells {
    Text(StringArray),
    Float(Float64Array),
    Integer(Int64Array),
    Decimal(Decimal128Array),
    Boolean(BooleanArray),
    Time(TimestampMicrosecondArray),
    Point(ArrayRef, Float64Array, Float64Array),
    Shape(StringArray),
}

/// A column with its field.
pub(super) struct Column<'a> {
    pub(super) field: &'a SetField,
    pub(super) cells: Cells,
}

/// One value.
pub(super) enum Cell<'a> {
    Text(&'a str),
    /// As it is written everywhere: digits, perhaps a sign, a point; never an exponent.
    Number(String),
    Boolean(bool),
    /// Microseconds since 1970.
    Time(i64),
    /// Longitude, latitude.
    Point(f64, f64),
    /// Well-known text of a geometry that is no point.
    Shape(&'a str),
    /// A JSON document.
    Json(&'a str),
}

/// The columns of a batch in the order of the fields.
pub(super) fn columns<'a>(fields: &'a [SetField], batch: &RecordBatch) -> Result<Vec<Column<'a>>, SetError> {
    if fields.len() != batch.num_columns() {
        return Err(SetError::Layout(format!("{} columns for {} fields", batch.num_columns(), fields.len())));
    }
    let column = |(field, array): (&'a SetField, &ArrayRef)| Ok(Column { field, cells: cells(field, array)? });
    fields.iter().zip(batch.columns()).map(column).collect()
}

fn cells(field: &SetField, array: &ArrayRef) -> Result<Cells, SetError> {
    let wrong = || SetError::Layout(format!("{} is {} and not {}", field.name, array.data_type(), field.soql_type));
    let to = |data_type: &DataType| cast(array, data_type).map_err(|_| wrong());
    Ok(match field.soql_type {
        SoqlType::Text | SoqlType::Url | SoqlType::Json => Cells::Text(to(&DataType::Utf8)?.as_string().clone()),
        SoqlType::Number => match array.data_type() {
            DataType::Decimal128(..) => Cells::Decimal(array.as_primitive().clone()),
            data_type if data_type.is_integer() => {
                Cells::Integer(to(&DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            _ => Cells::Float(to(&DataType::Float64)?.as_primitive::<Float64Type>().clone()),
        },
        SoqlType::Checkbox => Cells::Boolean(to(&DataType::Boolean)?.as_boolean().clone()),
        SoqlType::FloatingTimestamp | SoqlType::FixedTimestamp => {
            let zone = match array.data_type() {
                DataType::Timestamp(_, zone) => zone.clone(),
                _ => None,
            };
            let micros = to(&DataType::Timestamp(TimeUnit::Microsecond, zone))?;
            Cells::Time(micros.as_primitive::<TimestampMicrosecondType>().clone())
        }
        SoqlType::Point => {
            let parts = array.as_struct_opt().ok_or_else(wrong)?;
            let part = |at: usize| {
                let part = parts.columns().get(at)?;
                Some(cast(part, &DataType::Float64).ok()?.as_primitive::<Float64Type>().clone())
            };
            let (Some(x), Some(y)) = (part(0), part(1)) else { return Err(wrong()) };
            Cells::Point(array.clone(), x, y)
        }
        SoqlType::MultiPoint | SoqlType::Line | SoqlType::MultiLine | SoqlType::Polygon | SoqlType::MultiPolygon => {
            Cells::Shape(to(&DataType::Utf8)?.as_string().clone())
        }
    })
}

impl Column<'_> {
    /// The value of a row; `None` for a null, and for what is no value: a number that is none, a time that no calendar has.
    pub(super) fn cell(&self, row: usize) -> Option<Cell<'_>> {
        match &self.cells {
            Cells::Text(array) => array.is_valid(row).then(|| match self.field.soql_type {
                SoqlType::Json => Cell::Json(array.value(row)),
                _ => Cell::Text(array.value(row)),
            }),
            Cells::Float(array) => array
                .is_valid(row)
                .then(|| array.value(row))
                .filter(|it| it.is_finite())
                .map(|it| Cell::Number(number_shown(it))),
            Cells::Integer(array) => array.is_valid(row).then(|| Cell::Number(array.value(row).to_string())),
            Cells::Decimal(array) => array.is_valid(row).then(|| {
                let text = array.value_as_string(row);
                let bare = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
                Cell::Number(bare.to_owned())
            }),
            Cells::Boolean(array) => array.is_valid(row).then(|| Cell::Boolean(array.value(row))),
            Cells::Time(array) => {
                array.is_valid(row).then(|| array.value(row)).filter(|it| is_told(*it)).map(Cell::Time)
            }
            Cells::Point(array, x, y) => {
                let is_there = array.is_valid(row) && x.is_valid(row) && y.is_valid(row);
                is_there.then(|| Cell::Point(x.value(row), y.value(row)))
            }
            Cells::Shape(array) => array.is_valid(row).then(|| Cell::Shape(array.value(row))),
        }
    }
}

const DAY: i64 = 86_400_000_000;
/// Days from 1970 of 0001-01-01 and after 9999-12-31: four digits tell the years between.
const DAYS_TOLD: std::ops::Range<i64> = -719_162..2_932_897;

fn is_told(micros: i64) -> bool {
    DAYS_TOLD.contains(&micros.div_euclid(DAY))
}

/// The parts of a time.
pub(super) struct Clock {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    millis: i64,
}

/// A time's parts. Years are counted from March, so that the leap day is last.
pub(super) fn clock(micros: i64) -> Clock {
    let (days, within) = (micros.div_euclid(DAY) + 719_468, micros.rem_euclid(DAY));
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let second = within / 1_000_000;
    Clock {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * from_march + 2) / 5 + 1,
        hour: second / 3_600,
        minute: second / 60 % 60,
        second: second % 60,
        millis: within / 1_000 % 1_000,
    }
}

/// `2017-09-17T23:57:00.000`, with a `Z` for a moment in UTC.
pub(super) fn time(micros: i64, soql_type: SoqlType) -> String {
    let Clock { year, month, day, hour, minute, second, millis } = clock(micros);
    let zone = if soql_type == SoqlType::FixedTimestamp { "Z" } else { "" };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}{zone}")
}

/// `09/17/2017 11:57:00 PM`.
pub(super) fn time_for_people(micros: i64) -> String {
    let Clock { year, month, day, hour, minute, second, .. } = clock(micros);
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{month:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02} {half}")
}

/// `POINT (-87.6 41.8)`.
pub(super) fn well_known(x: f64, y: f64) -> String {
    format!("POINT ({} {})", number_shown(x), number_shown(y))
}

/// A geometry as GeoJSON; `null` where its text is none.
pub(super) fn geometry(cell: &Cell<'_>, out: &mut Vec<u8>) {
    let mut text = String::new();
    match cell {
        Cell::Point(x, y) => {
            _ = write!(text, r#"{{"type":"Point","coordinates":[{},{}]}}"#, number_shown(*x), number_shown(*y))
        }
        Cell::Shape(known) => text = shape(known).unwrap_or_else(|| "null".to_owned()),
        _ => text.push_str("null"),
    }
    out.extend_from_slice(text.as_bytes());
}

/// Well-known text as GeoJSON.
fn shape(text: &str) -> Option<String> {
    let shape = clear_query::shape(text)?;
    let position = |at: &[f64; 2]| format!("[{},{}]", number_shown(at[0]), number_shown(at[1]));
    let ring = |ring: &Vec<[f64; 2]>| format!("[{}]", ring.iter().map(position).collect::<Vec<_>>().join(","));
    let part = |part: &Vec<Vec<[f64; 2]>>| format!("[{}]", part.iter().map(ring).collect::<Vec<_>>().join(","));
    let joined = |parts: Vec<String>| format!("[{}]", parts.join(","));
    let rings = || shape.parts.iter().flatten();
    let (name, coordinates) = match shape.kind {
        SoqlType::MultiPoint => ("MultiPoint", joined(rings().flatten().map(position).collect())),
        SoqlType::Line => ("LineString", rings().next().map_or_else(|| "[]".to_owned(), ring)),
        SoqlType::MultiLine => ("MultiLineString", joined(rings().map(ring).collect())),
        SoqlType::Polygon => ("Polygon", shape.parts.first().map_or_else(|| "[]".to_owned(), part)),
        SoqlType::MultiPolygon => ("MultiPolygon", joined(shape.parts.iter().map(part).collect())),
        _ => ("Point", rings().flatten().next().map_or_else(|| "[]".to_owned(), position)),
    };
    Some(format!(r#"{{"type":"{name}","coordinates":{coordinates}}}"#))
}

/// Whether a field is a place on the map.
pub(super) fn is_geometry(soql_type: SoqlType) -> bool {
    matches!(
        soql_type,
        SoqlType::Point
            | SoqlType::MultiPoint
            | SoqlType::Line
            | SoqlType::MultiLine
            | SoqlType::Polygon
            | SoqlType::MultiPolygon
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (micros, shown, people) in [
            (0, "1970-01-01T00:00:00.000", "01/01/1970 12:00:00 AM"),
            (1_505_692_620_000_000, "2017-09-17T23:57:00.000", "09/17/2017 11:57:00 PM"),
            (951_825_600_500_000, "2000-02-29T12:00:00.500", "02/29/2000 12:00:00 PM"),
            (-1, "1969-12-31T23:59:59.999", "12/31/1969 11:59:59 PM"),
        ] {
            assert_eq!(time(micros, SoqlType::FloatingTimestamp), shown);
            assert_eq!(time_for_people(micros), people);
        }
        // Against another calendar, over all that is told.
        for day in (-719_162..2_932_897i64).step_by(97) {
            let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
            assert_eq!(time(day * DAY, SoqlType::FixedTimestamp), format!("{date}T00:00:00.000Z"));
        }
        assert!(!is_told(i64::MIN) && !is_told(i64::MAX) && is_told(-62_135_596_800_000_000));
    }

    #[test]
    fn geometries_are_written_as_geojson() {
        let written = |text: &str| shape(text).unwrap_or_default();
        assert_eq!(
            written("MULTIPOLYGON (((-87.6 41.8, -87.5 41.8, -87.5 41.9, -87.6 41.8)))"),
            r#"{"type":"MultiPolygon","coordinates":[[[[-87.6,41.8],[-87.5,41.8],[-87.5,41.9],[-87.6,41.8]]]]}"#
        );
        assert_eq!(written("LINESTRING (0 1, 2 3)"), r#"{"type":"LineString","coordinates":[[0,1],[2,3]]}"#);
        assert_eq!(written("MULTIPOINT ((0 1), (2 3))"), r#"{"type":"MultiPoint","coordinates":[[0,1],[2,3]]}"#);
        assert_eq!(written("no shape"), "");
    }
}
