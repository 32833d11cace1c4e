//! Every function of one row that DataFusion does not have, or has otherwise, as one user-defined function.
//!
//! In:    a [`FunctionId`] and arguments of the types that its signature says.
//! Out:   a value for each row; NULL where an argument is, and where there is no answer.
//! Never: fails on a value, but for a question that takes more steps than one question gets; asks the time.
//!
//! # Change here
//! A function: its entry in `clear_soql::functions`, and an arm in `SoqlFunction::rows`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clear_soql::functions::{self, FunctionId};
use clear_soql::{Shape, SoqlType, types};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::shapes::{self, Place, Prepared};
use super::times::{self, Part};
use super::values::{Column, layout, number_shown, numbers, points, texts, times as time_array, truths};
use super::words;

/// A function with what is known of it before there are rows.
#[derive(Debug)]
pub(crate) struct SoqlFunction {
    id: FunctionId,
    name: &'static str,
    takes: Vec<SoqlType>,
    gives: SoqlType,
    /// A geometry that stands in the query, the last argument, made ready once.
    prepared: Option<Arc<Prepared>>,
    /// Pairs of rows that a join has looked at.
    pairs: Option<Arc<AtomicU64>>,
    /// The words of a search.
    words: Vec<String>,
    signature: Signature,
}

impl PartialEq for SoqlFunction {
    fn eq(&self, other: &SoqlFunction) -> bool {
        let shape = |function: &SoqlFunction| function.prepared.as_ref().map(|prepared| Arc::clone(&prepared.shape));
        (self.id, &self.takes, self.gives, &self.words) == (other.id, &other.takes, other.gives, &other.words)
            && self.name == other.name
            && shape(self) == shape(other)
            && self.pairs.as_ref().map(Arc::as_ptr) == other.pairs.as_ref().map(Arc::as_ptr)
    }
}

impl Eq for SoqlFunction {}

impl Hash for SoqlFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id, self.name, &self.takes, self.gives, &self.words).hash(state);
        // Two of the same function differ by few things; a geometry's points need not all be counted in.
        self.prepared.as_ref().map(|prepared| prepared.shape.parts.len()).hash(state);
    }
}

/// The function of that id for arguments of those types.
pub(super) fn udf(id: FunctionId, takes: Vec<SoqlType>, gives: SoqlType) -> ScalarUDF {
    made(id, functions::of(id).name, takes, gives, None, Vec::new())
}

/// A function of geometries, of which the last stands in the query.
pub(super) fn udf_with(id: FunctionId, takes: Vec<SoqlType>, gives: SoqlType, shape: Arc<Shape>) -> ScalarUDF {
    let prepared = Arc::new(Prepared::of(shape));
    made(id, functions::of(id).name, takes, gives, Some(prepared), Vec::new())
}

/// Whether all words stand in these texts together.
pub(super) fn search(texts: usize, words: &str) -> ScalarUDF {
    let words = words::search_words(words);
    made(FunctionId::Contains, SEARCH, vec![SoqlType::Text; texts], SoqlType::Checkbox, None, words)
}

const SEARCH: &str = "search";

/// Yes, for each pair of rows that a join looks at, until one question's pairs are too many.
pub(super) fn paired(left: SoqlType, right: SoqlType) -> ScalarUDF {
    let signature = Signature::any(2, Volatility::Immutable);
    let (id, takes, gives) = (FunctionId::And, vec![left, right], SoqlType::Checkbox);
    let pairs = Some(Arc::default());
    let function = SoqlFunction { id, name: PAIRED, takes, gives, prepared: None, pairs, words: Vec::new(), signature };
    ScalarUDF::new_from_impl(function)
}

const PAIRED: &str = "paired";

/// How many pairs of rows one join looks at: two tables of millions have more than there is time for.
const PAIRS_MAX: u64 = 50_000_000;

/// How many border lines one geometry of a question is compared with, over all rows: some tens of seconds.
const LINES_MAX: u64 = 20_000_000_000;

/// NULL for what is no number: a sum that grew beyond all numbers.
pub(super) fn finite() -> ScalarUDF {
    made(FunctionId::Plus, "finite", vec![SoqlType::Number], SoqlType::Number, None, Vec::new())
}

fn made(
    id: FunctionId,
    name: &'static str,
    takes: Vec<SoqlType>,
    gives: SoqlType,
    prepared: Option<Arc<Prepared>>,
    words: Vec<String>,
) -> ScalarUDF {
    let kind = if takes.is_empty() { TypeSignature::Nullary } else { TypeSignature::Any(takes.len()) };
    let signature = Signature::new(kind, Volatility::Immutable);
    ScalarUDF::new_from_impl(SoqlFunction { id, name, takes, gives, prepared, pairs: None, words, signature })
}

impl ScalarUDFImpl for SoqlFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(layout(self.gives))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let too_much =
            |what: &str| Err(DataFusionError::ResourcesExhausted(format!("too many {what} for one question")));
        if let Some(pairs) = &self.pairs {
            let before = pairs.fetch_add(args.number_rows as u64, Ordering::Relaxed);
            if before > PAIRS_MAX {
                return too_much("pairs of rows");
            }
            return Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))));
        }
        if self.prepared.as_ref().is_some_and(|prepared| prepared.lines_seen() > LINES_MAX) {
            return too_much("lines of a geometry");
        }
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let columns: Vec<Column> = args
            .args
            .iter()
            .zip(&self.takes)
            .map(|(arg, takes)| Column::of(arg, &layout(*takes)))
            .collect::<Result<_>>()?;
        let array = self.rows(&columns, rows);
        if array.len() < rows {
            // It was broken off: see `texts`.
            return too_much("texts");
        }
        if constant {
            return ScalarValue::try_from_array(&array, 0).map(ColumnarValue::Scalar);
        }
        Ok(ColumnarValue::Array(array))
    }
}

/// An argument that is not there is NULL in every row.
struct Arguments<'a>(&'a [Column]);

impl<'a> Arguments<'a> {
    fn number(&self, at: usize, row: usize) -> Option<f64> {
        self.0.get(at)?.number(row)
    }

    fn text(&self, at: usize, row: usize) -> Option<&'a str> {
        self.0.get(at)?.text(row)
    }

    fn time(&self, at: usize, row: usize) -> Option<i64> {
        self.0.get(at)?.time(row)
    }

    fn shape(&self, at: usize, row: usize, soql_type: SoqlType) -> Option<Shape> {
        let column = self.0.get(at)?;
        if soql_type == SoqlType::Point {
            return column.point(row).filter(|position| shapes::is_sane(*position)).map(shapes::point);
        }
        types::shape(column.text(row)?)
    }
}

impl SoqlFunction {
    fn taken(&self, at: usize) -> SoqlType {
        self.takes.get(at).copied().unwrap_or(SoqlType::Text)
    }

    fn rows(&self, columns: &[Column], rows: usize) -> ArrayRef {
        use FunctionId as F;
        let of = Arguments(columns);
        let number = |at: usize, row: usize| of.number(at, row);
        let text = |at: usize, row: usize| of.text(at, row);
        let one = |compute: fn(f64) -> f64| numbers(rows, |row| Some(compute(number(0, row)?)));
        let two = |compute: fn(f64, f64) -> f64| numbers(rows, |row| Some(compute(number(0, row)?, number(1, row)?)));
        let chain = |compute: fn(f64, f64) -> f64| {
            numbers(rows, |row| {
                let mut all = (0..columns.len()).map(|at| number(at, row));
                let first = all.next()??;
                all.try_fold(first, |sum, next| Some(compute(sum, next?)))
            })
        };
        let changed = |change: fn(&str) -> String| texts(rows, |row| Some(change(text(0, row)?)));
        let compared =
            |compare: fn(&str, &str) -> bool| truths(rows, |row| Some(compare(text(0, row)?, text(1, row)?)));
        let caseless = |compare: fn(&str, &str) -> bool| {
            let small = Small::of(&columns.get(1), rows);
            truths(rows, |row| Some(compare(&text(0, row)?.to_lowercase(), small.at(row)?)))
        };
        let extracted = |part: Part| numbers(rows, |row| Some(times::part(of.time(0, row)?, part) as f64));
        let truncated = |part: Part| time_array(rows, self.gives, |row| Some(times::beginning(of.time(0, row)?, part)));
        match self.id {
            F::Contains if self.name == SEARCH => self.searched(&of, rows),
            F::Add => chain(|a, b| a + b),
            F::Multiply => chain(|a, b| a * b),
            F::Subtract => two(|a, b| a - b),
            F::Divide => two(|a, b| a / b),
            F::Modulo => two(|a, b| a % b),
            F::Power => two(f64::powf),
            F::Negate => one(|a| -a),
            F::Plus => one(|a| a),
            F::Abs => one(f64::abs),
            F::Ceil => one(f64::ceil),
            F::Floor => one(f64::floor),
            F::Ln => one(f64::ln),
            F::Round => numbers(rows, |row| {
                let digits = if columns.len() > 1 { number(1, row)? } else { 0.0 };
                rounded(number(0, row)?, digits)
            }),
            F::Concat => texts(rows, |row| {
                let mut joined = String::new();
                for at in 0..columns.len() {
                    joined.push_str(text(at, row)?);
                }
                Some(joined)
            }),
            F::Upper => changed(str::to_uppercase),
            F::Lower => changed(str::to_lowercase),
            F::Unaccent => changed(words::unaccent),
            F::Trim => changed(|text| text.trim().to_owned()),
            F::TrimLeading => changed(|text| text.trim_start().to_owned()),
            F::TrimTrailing => changed(|text| text.trim_end().to_owned()),
            F::Length => numbers(rows, |row| Some(text(0, row)?.chars().count() as f64)),
            F::StartsWith => compared(|text, other| text.starts_with(other)),
            F::Contains => compared(|text, other| text.contains(other)),
            F::Like => self.like(&of, rows),
            F::CaselessEq => caseless(|text, other| text == other),
            F::CaselessNe => caseless(|text, other| text != other),
            F::CaselessContains => caseless(|text, other| text.contains(other)),
            F::CaselessStartsWith => caseless(|text, other| text.starts_with(other)),
            F::CaselessOneOf | F::CaselessNotOneOf => truths(rows, |row| {
                let small = text(0, row)?.to_lowercase();
                let mut others = (1..columns.len()).map(|at| text(at, row));
                let found = others.any(|other| other.is_some_and(|other| other.to_lowercase() == small));
                let unknown = !found && (1..columns.len()).any(|at| text(at, row).is_none());
                if unknown { None } else { Some(found == (self.id == F::CaselessOneOf)) }
            }),
            F::Substring => texts(rows, |row| {
                let count = if columns.len() > 2 { Some(number(2, row)?) } else { None };
                words::substring(text(0, row)?, number(1, row)?, count)
            }),
            F::Replace => texts(rows, |row| words::replace(text(0, row)?, text(1, row)?, text(2, row)?)),
            F::SplitPart => texts(rows, |row| words::split_part(text(0, row)?, text(1, row)?, number(2, row)?)),
            F::LeftPad | F::RightPad => {
                texts(rows, |row| words::pad(text(0, row)?, number(1, row)?, text(2, row)?, self.id == F::LeftPad))
            }
            F::DateTruncY | F::DatezTruncY => truncated(Part::Year),
            F::DateTruncYm | F::DatezTruncYm => truncated(Part::Month),
            F::DateTruncYmd | F::DatezTruncYmd => truncated(Part::Day),
            F::DateExtractY => extracted(Part::Year),
            F::DateExtractM => extracted(Part::Month),
            F::DateExtractD => extracted(Part::Day),
            F::DateExtractHh => extracted(Part::Hour),
            F::DateExtractMm => extracted(Part::Minute),
            F::DateExtractSs => extracted(Part::Second),
            F::DateExtractDow => extracted(Part::Weekday),
            F::DateExtractWoy => extracted(Part::IsoWeek),
            F::DateExtractIsoY => extracted(Part::IsoYear),
            F::DateDiffD => numbers(rows, |row| Some(times::days_between(of.time(0, row)?, of.time(1, row)?) as f64)),
            F::ToFloatingTimestamp => {
                let mut known: Option<(&str, Option<jiff::tz::TimeZone>)> = None;
                time_array(rows, SoqlType::FloatingTimestamp, |row| {
                    let (time, zone) = (of.time(0, row)?, of.text(1, row)?);
                    if known.as_ref().is_none_or(|(name, _)| *name != zone) {
                        known = Some((zone, jiff::tz::TimeZone::get(zone).ok()));
                    }
                    let (_, zone) = known.as_ref()?;
                    let offset = zone.as_ref()?.to_offset(jiff::Timestamp::from_microsecond(time).ok()?);
                    time.checked_add(i64::from(offset.seconds()) * 1_000_000)
                })
            }
            F::CastText => self.as_text(&of, columns, rows),
            F::CastNumber => numbers(rows, |row| types::number(text(0, row)?)),
            F::CastCheckbox => truths(rows, |row| types::checkbox(text(0, row)?)),
            F::CastFloating => time_array(rows, self.gives, |row| types::floating(text(0, row)?)),
            F::CastFixed => time_array(rows, self.gives, |row| types::fixed(text(0, row)?)),
            F::CastUrl | F::CastJson => texts(rows, |row| text(0, row)),
            _ => self.place_rows(&of, rows),
        }
    }

    fn like(&self, of: &Arguments<'_>, rows: usize) -> ArrayRef {
        let mut known: Option<(&str, Vec<words::Wild>)> = None;
        truths(rows, |row| {
            let (text, pattern) = (of.text(0, row)?, of.text(1, row)?);
            if known.as_ref().is_none_or(|(written, _)| *written != pattern) {
                known = Some((pattern, words::wilds(pattern)));
            }
            let (_, wilds) = known.as_ref()?;
            Some(words::like(text, wilds))
        })
    }

    fn searched(&self, of: &Arguments<'_>, rows: usize) -> ArrayRef {
        truths(rows, |row| {
            let mut found = vec![false; self.words.len()];
            for at in 0..self.takes.len() {
                let Some(text) = of.text(at, row) else { continue };
                for word in words::search_words(text) {
                    if let Some(place) = self.words.binary_search(&word).ok().and_then(|at| found.get_mut(at)) {
                        *place = true;
                    }
                }
            }
            Some(found.iter().all(|found| *found))
        })
    }

    fn as_text(&self, of: &Arguments<'_>, columns: &[Column], rows: usize) -> ArrayRef {
        texts(rows, |row| {
            let column = columns.first()?;
            match self.taken(0) {
                SoqlType::Number => column.number(row).map(number_shown),
                SoqlType::Checkbox => column.truth(row).map(|truth| truth.to_string()),
                SoqlType::FloatingTimestamp => column.time(row).map(times::shown),
                SoqlType::FixedTimestamp => column.time(row).map(|time| times::shown(time) + "Z"),
                SoqlType::Point => of.shape(0, row, SoqlType::Point).map(|shape| shape.to_string()),
                _ => column.text(row).map(str::to_owned),
            }
        })
    }

    /// Functions of geometries.
    fn place_rows(&self, of: &Arguments<'_>, rows: usize) -> ArrayRef {
        use FunctionId as F;
        let shape = |at: usize, row: usize| of.shape(at, row, self.taken(at));
        match self.id {
            F::WithinCircle => truths(rows, |row| {
                let (shape, lat, lon) = (shape(0, row)?, of.number(1, row)?, of.number(2, row)?);
                let radius = of.number(3, row)?;
                Some(self.distance(&shape, [lon, lat])? <= radius)
            }),
            F::WithinBox => truths(rows, |row| {
                let corner = |at: usize| of.number(at, row);
                let (north, west, south, east) = (corner(1)?, corner(2)?, corner(3)?, corner(4)?);
                let shape = shape(0, row)?;
                let mut all = shapes::positions(&shape);
                let within = |[x, y]: shapes::Position| west <= x && x <= east && south <= y && y <= north;
                Some(!shape.parts.is_empty() && all.all(within))
            }),
            F::WithinPolygon => truths(rows, |row| {
                if let (Some(area), SoqlType::Point) = (&self.prepared, self.taken(0)) {
                    let position = of.0.first()?.point(row)?;
                    return Some(area.place(position) == Place::Inside);
                }
                let own = shape(0, row)?;
                self.against(of, row, |area| area.contains(&own))?
            }),
            F::Intersects => truths(rows, |row| {
                if let (Some(area), SoqlType::Point) = (&self.prepared, self.taken(0)) {
                    let position = of.0.first()?.point(row)?;
                    return area.intersects(&shapes::point(position));
                }
                let own = shape(0, row)?;
                self.against(of, row, |area| area.intersects(&own))?
            }),
            F::DistanceInMeters => numbers(rows, |row| {
                let own = shape(0, row)?;
                if let (SoqlType::Point, SoqlType::Point, None) = (self.taken(0), self.taken(1), &self.prepared) {
                    let other = of.0.get(1)?.point(row)?;
                    return self.distance(&own, other);
                }
                self.against(of, row, |area| area.distance_m(&own))?
            }),
            F::MakePoint => points(rows, |row| {
                let position = [of.number(1, row)?, of.number(0, row)?];
                shapes::is_sane(position).then_some(position)
            }),
            F::NumPoints => numbers(rows, |row| Some(shapes::positions(&shape(0, row)?).count() as f64)),
            F::IsEmpty => truths(rows, |row| Some(shapes::positions(&shape(0, row)?).next().is_none())),
            F::PointLatitude => numbers(rows, |row| of.0.first()?.point(row).map(|[_, y]| y)),
            F::PointLongitude => numbers(rows, |row| of.0.first()?.point(row).map(|[x, _]| x)),
            F::Simplify => self.drawn(rows, |row| shapes::simplified(&shape(0, row)?, of.number(1, row)?)),
            F::SimplifyPreserveTopology => {
                self.drawn(rows, |row| shapes::simplified_untangled(&shape(0, row)?, of.number(1, row)?))
            }
            F::SnapToGrid => self.drawn(rows, |row| Some(shapes::snapped(&shape(0, row)?, of.number(1, row)?))),
            F::SpatialUnion2 => self.drawn(rows, |row| {
                let (first, second) = (shape(0, row)?, shape(1, row)?);
                shapes::union(&[Arc::new(first), Arc::new(second)])
            }),
            // A cast of a text to a geometry.
            _ => self.drawn(rows, |row| types::shape(of.text(0, row)?).filter(|shape| shape.kind == self.gives)),
        }
    }

    fn distance(&self, shape: &Shape, to: shapes::Position) -> Option<f64> {
        if !shapes::is_sane(to) {
            return None;
        }
        match shapes::positions(shape).next() {
            Some(from) if shape.kind == SoqlType::Point => Some(shapes::between_m(from, to)),
            _ => Prepared::of(Arc::new(shape.clone())).distance_m(&shapes::point(to)),
        }
    }

    /// Asks of the last geometry, which stands in the query or in the row.
    fn against<T>(&self, of: &Arguments<'_>, row: usize, ask: impl FnOnce(&Prepared) -> T) -> Option<T> {
        match &self.prepared {
            Some(prepared) => Some(ask(prepared)),
            None => Some(ask(&Prepared::of(Arc::new(of.shape(1, row, self.taken(1))?)))),
        }
    }

    fn drawn(&self, rows: usize, of: impl Fn(usize) -> Option<Shape>) -> ArrayRef {
        if self.gives == SoqlType::Point {
            return points(rows, |row| shapes::positions(&of(row)?).next());
        }
        texts(rows, |row| Some(of(row)?.to_string()))
    }
}

/// A text in small letters for each row; once, if it is the same for all.
struct Small {
    all: Vec<Option<String>>,
    constant: bool,
}

impl Small {
    fn of(column: &Option<&Column>, rows: usize) -> Small {
        let small = |row: usize| column.and_then(|column| column.text(row)).map(str::to_lowercase);
        let constant = column.is_some_and(Column::is_constant);
        Small { all: (0..if constant { 1 } else { rows }).map(small).collect(), constant }
    }

    fn at(&self, row: usize) -> Option<&str> {
        self.all.get(if self.constant { 0 } else { row })?.as_deref()
    }
}

/// Halves go away from 0. What is written in decimal is rounded as it is written: 2.675 to 2.68.
fn rounded(number: f64, digits: f64) -> Option<f64> {
    let digits = digits.trunc();
    if digits.abs() > 300.0 {
        return Some(if digits > 0.0 { number } else { 0.0 });
    }
    let scale = 10_f64.powf(digits.abs());
    let scaled = if digits >= 0.0 { number * scale } else { number / scale };
    if !scaled.is_finite() {
        return Some(number);
    }
    // The dust of binary would turn a written half downwards.
    let whole = number_shown(scaled).parse::<f64>().unwrap_or(scaled).round();
    Some(if digits >= 0.0 { whole / scale } else { whole * scale })
}
