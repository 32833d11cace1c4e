//! Values of arguments, row by row, whatever array or constant they come in.
//!
//! In:    what DataFusion gives a function: arrays, or one value for all rows.
//! Out:   a value for each row, and arrays of what was computed, in the layout of [`layout`].
//! Never: fails on a value: what cannot be computed is NULL, so that an answer never breaks off.

use std::sync::Arc;

use clear_soql::SoqlType;
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Float64Builder, StringViewArray, StringViewBuilder, StructArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;

/// How a type is laid out in record batches. Geometries other than points are well-known text.
pub fn layout(soql_type: SoqlType) -> DataType {
    match soql_type {
        SoqlType::Number => DataType::Float64,
        SoqlType::Checkbox => DataType::Boolean,
        SoqlType::FloatingTimestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        SoqlType::FixedTimestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        SoqlType::Point => DataType::Struct(point_fields()),
        SoqlType::Text
        | SoqlType::Url
        | SoqlType::Json
        | SoqlType::MultiPoint
        | SoqlType::Line
        | SoqlType::MultiLine
        | SoqlType::Polygon
        | SoqlType::MultiPolygon => DataType::Utf8View,
    }
}

fn point_fields() -> Fields {
    Fields::from(vec![Field::new("x", DataType::Float64, true), Field::new("y", DataType::Float64, true)])
}

/// One argument of one function, by row.
pub(super) struct Column {
    array: ArrayRef,
    /// Whether there is one value for all rows.
    constant: bool,
}

impl Column {
    /// An argument as an array of the layout of its type.
    pub(super) fn of(value: &ColumnarValue, layout: &DataType) -> Result<Column> {
        let (array, constant) = match value {
            ColumnarValue::Array(array) => (Arc::clone(array), false),
            ColumnarValue::Scalar(scalar) => (scalar.to_array()?, true),
        };
        let array = if array.data_type() == layout { array } else { cast(&array, layout)? };
        Ok(Column { array, constant })
    }

    fn at(&self, row: usize) -> Option<usize> {
        let at = if self.constant { 0 } else { row };
        (at < self.array.len() && self.array.is_valid(at)).then_some(at)
    }

    pub(super) fn is_constant(&self) -> bool {
        self.constant
    }

    pub(super) fn number(&self, row: usize) -> Option<f64> {
        let at = self.at(row)?;
        Some(self.array.as_any().downcast_ref::<Float64Array>()?.value(at))
    }

    pub(super) fn text(&self, row: usize) -> Option<&str> {
        let at = self.at(row)?;
        Some(self.array.as_any().downcast_ref::<StringViewArray>()?.value(at))
    }

    pub(super) fn truth(&self, row: usize) -> Option<bool> {
        let at = self.at(row)?;
        Some(self.array.as_any().downcast_ref::<BooleanArray>()?.value(at))
    }

    pub(super) fn time(&self, row: usize) -> Option<i64> {
        let at = self.at(row)?;
        Some(self.array.as_any().downcast_ref::<TimestampMicrosecondArray>()?.value(at))
    }

    /// Longitude and latitude.
    pub(super) fn point(&self, row: usize) -> Option<[f64; 2]> {
        let at = self.at(row)?;
        let point = self.array.as_any().downcast_ref::<StructArray>()?;
        let axis = |axis: usize| -> Option<f64> {
            let values = point.columns().get(axis)?.as_any().downcast_ref::<Float64Array>()?;
            values.is_valid(at).then(|| values.value(at))
        };
        Some([axis(0)?, axis(1)?])
    }
}

/// Numbers; what is not finite is NULL.
pub(super) fn numbers(rows: usize, mut of: impl FnMut(usize) -> Option<f64>) -> ArrayRef {
    let mut numbers = Float64Builder::with_capacity(rows);
    for row in 0..rows {
        // Zero has two signs; one of them is enough.
        numbers.append_option(of(row).filter(|number| number.is_finite()).map(|number| number + 0.0));
    }
    Arc::new(numbers.finish())
}

pub(super) fn truths(rows: usize, of: impl FnMut(usize) -> Option<bool>) -> ArrayRef {
    Arc::new((0..rows).map(of).collect::<BooleanArray>())
}

/// The texts of one batch together, bytes at most.
const TEXTS_MAX: usize = 128 << 20;

/// Texts; fewer than rows where they would be longer together than there is memory for.
pub(super) fn texts<T: AsRef<str>>(rows: usize, mut of: impl FnMut(usize) -> Option<T>) -> ArrayRef {
    let mut texts = StringViewBuilder::with_capacity(rows);
    let mut bytes = 0;
    for row in 0..rows {
        // A text of more than two gigabytes fits in no array; nobody is helped by it.
        match of(row) {
            Some(text) => {
                bytes += text.as_ref().len();
                if bytes > TEXTS_MAX {
                    break;
                }
                if texts.try_append_value(text.as_ref()).is_err() {
                    texts.append_null();
                }
            }
            None => texts.append_null(),
        }
    }
    Arc::new(texts.finish())
}

pub(super) fn times(rows: usize, soql_type: SoqlType, of: impl FnMut(usize) -> Option<i64>) -> ArrayRef {
    let times = (0..rows).map(of).collect::<TimestampMicrosecondArray>();
    Arc::new(if soql_type == SoqlType::FixedTimestamp { times.with_timezone("UTC") } else { times })
}

/// Points, longitude before latitude.
pub(super) fn points(rows: usize, mut of: impl FnMut(usize) -> Option<[f64; 2]>) -> ArrayRef {
    let mut axes = (Float64Builder::with_capacity(rows), Float64Builder::with_capacity(rows));
    let mut there = Vec::with_capacity(rows);
    for row in 0..rows {
        let point = of(row);
        there.push(point.is_some());
        axes.0.append_option(point.map(|[x, _]| x));
        axes.1.append_option(point.map(|[_, y]| y));
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(axes.0.finish()), Arc::new(axes.1.finish())];
    Arc::new(StructArray::new(point_fields(), columns, Some(NullBuffer::from(there))))
}

/// A number as the API writes it: the fewest digits that tell it apart, and not more than fifteen, so that `0.1 + 0.2` is
/// `0.3`. Whole numbers are written in full.
pub fn number_shown(number: f64) -> String {
    let shortest = number.to_string();
    let whole = number.fract() == 0.0;
    let digits = shortest.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    if whole || digits <= 15 || !number.is_finite() {
        return if shortest == "-0" { "0".to_owned() } else { shortest };
    }
    // Fourteen digits behind the first are fifteen in all.
    format!("{number:.14e}").parse::<f64>().map_or(shortest, |rounded| rounded.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_without_the_dust_of_binary() {
        for (number, shown) in [
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333333333"),
            (2.0 / 3.0, "0.666666666666667"),
            (5.0, "5"),
            (-0.0, "0"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (41.886_815_123, "41.886815123"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
        ] {
            assert_eq!(number_shown(number), shown);
        }
    }
}
