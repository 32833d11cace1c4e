//! Where the incidents of a set are, one by one or counted, for maps.

use std::collections::HashMap;
use std::sync::Arc;

use clear_record::RecordId;
use clear_soql::Expr;

use crate::columns::Leaf;
use crate::error::Error;
use crate::filter;
use crate::group::{self, Grouping, Key, Measure, Outcome};
use crate::lens::bit;
use crate::predicate::{Part, Predicate};
use crate::shelf::Shelf;
use crate::store::{Cell, Frozen, NO_TIME};
use crate::values::Value;

/// One incident on the map.
#[derive(Clone, PartialEq)]
pub struct Spot {
    /// Which.
    pub id: RecordId,
    /// Longitude, degrees WGS 84.
    pub longitude: f64,
    /// Latitude, degrees WGS 84.
    pub latitude: f64,
    /// When, microseconds since 1970 on the city's clock; `None` where that is closed.
    pub micros: Option<i64>,
    /// Its primary type; `None` where that is closed.
    pub kind: Option<Arc<str>>,
    /// Its block; `None` where that is closed or not recorded.
    pub block: Option<Arc<str>>,
}

/// Incidents on the map.
#[derive(Clone, Default, PartialEq)]
pub struct Spots {
    /// Those with coordinates that the asker may read, in the order of their ids.
    pub spots: Vec<Spot>,
    /// How many more there are that the asker may see and that have no such coordinates.
    pub elsewhere: u64,
}

/// A box, degrees: west, south, east, north.
pub type Box4 = [f64; 4];

impl Shelf {
    /// The rows for which every condition is true, with their places; those in the box alone, if there is one.
    ///
    /// # Errors
    /// As [`Shelf::count`]; coordinates that the asker can read nowhere are no such column.
    pub fn spots(&self, conditions: &[Expr], within: Option<Box4>) -> Result<Spots, Error> {
        let none = |name: &str| Error::NoSuchColumn { name: name.to_owned(), at: None };
        let leaf = self.leaf();
        let table = leaf.table;
        let reading = table.reading();
        let column = |name: &str| leaf.column(name).ok_or_else(|| none(name));
        let (longitude, latitude) = (column("longitude")?, column("latitude")?);
        let time = table.set.date().filter(|date| is_readable(&leaf, *date));
        let (kind, block) = (leaf.column("primary_type"), leaf.column("block"));
        let tests = conditions.iter().map(|filter| filter::typed(&leaf, filter)).collect::<Result<Vec<_>, _>>()?;
        let filter = (!tests.is_empty()).then_some(Predicate::And(tests));
        let read = [Some(longitude), Some(latitude), time, kind, block];
        let classes = read.iter().flatten().filter_map(|column| table.set.columns.get(*column));
        let wanted =
            classes.fold(filter.as_ref().map_or(0, |filter| filter.classes(table)), |all, it| all | bit(it.class));
        let mut texts = Texts::default();
        let mut found = Spots::default();
        for at in 0..table.chunks.len() {
            reading.done()?;
            let Some(chunk) = table.open(at, &reading) else { continue };
            let view = leaf.lens.view(table, &chunk, at, wanted | table.date_class());
            let part = Part { table, chunk: &chunk, view: &view };
            for row in part.rows(filter.as_ref()).rows() {
                let row = usize::from(row);
                let cell = |column: usize| part.open(column).has(row).then(|| chunk.data(column).cell(row));
                let number = |column: usize| table.number(column, cell(column)?);
                // 0, 0 is how files say that they do not know.
                let place = number(longitude).zip(number(latitude)).filter(|at| *at != (0.0, 0.0));
                let Some((longitude, latitude)) = place else {
                    found.elsewhere += 1;
                    continue;
                };
                let inside = within.is_none_or(|[west, south, east, north]| {
                    (west..=east).contains(&longitude) && (south..=north).contains(&latitude)
                });
                let id = chunk.numbers.get(row).and_then(|number| table.record(*number));
                let Some(id) = id.filter(|_| inside) else { continue };
                let micros = time.and_then(|column| match cell(column)? {
                    Cell::Time(time) if time != NO_TIME => Some(time),
                    _ => None,
                });
                let kind = kind.and_then(|column| texts.of(table, column, cell(column)?));
                let block = block.and_then(|column| texts.of(table, column, cell(column)?));
                found.spots.push(Spot { id, longitude, latitude, micros, kind, block });
            }
        }
        reading.done()?;
        // Where a row stands in the projection tells when it came, hidden ones in between included.
        found.spots.sort_by_key(|spot| spot.id);
        Ok(found)
    }
}

/// How many incidents have the same coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crowd {
    /// Longitude, degrees WGS 84.
    pub longitude: f64,
    /// Latitude, degrees WGS 84.
    pub latitude: f64,
    /// How many.
    pub count: u64,
}

impl Shelf {
    /// The rows in a box for which every condition is true, counted by their coordinates, in order: what a map of many
    /// needs, without a list of them. `None` where they have more different ones than are counted.
    ///
    /// # Errors
    /// As [`Shelf::spots`].
    pub fn crowds(&self, conditions: &[Expr], within: Box4) -> Result<Option<Vec<Crowd>>, Error> {
        let none = |name: &str| Error::NoSuchColumn { name: name.to_owned(), at: None };
        let leaf = self.leaf();
        let column = |name: &str| leaf.column(name).ok_or_else(|| none(name));
        let (lon, lat) = (column("longitude")?, column("latitude")?);
        let mut tests = conditions.iter().map(|filter| filter::typed(&leaf, filter)).collect::<Result<Vec<_>, _>>()?;
        let [west, south, east, north] = within;
        tests.push(Predicate::Box { lon, lat, west, east, south, north });
        let keys = vec![Key::Column(lon), Key::Column(lat)];
        let grouping = Grouping { filter: Some(Predicate::And(tests)), keys, measures: vec![Measure::Rows] };
        let Some(Outcome::Groups(groups)) = group::run(leaf.table, leaf.lens, &grouping, 2)? else {
            return Ok(None);
        };
        let number = |values: Option<&Vec<Option<Value>>>, at: usize| match values.and_then(|values| values.get(at)) {
            Some(Some(Value::Number(number))) => Some(*number),
            _ => None,
        };
        let crowd = |at: usize| {
            let (longitude, latitude) = (number(groups.keys.first(), at)?, number(groups.keys.get(1), at)?);
            let count = number(groups.measures.first(), at)? as u64;
            // 0, 0 is how files say that they do not know.
            ((longitude, latitude) != (0.0, 0.0)).then_some(Crowd { longitude, latitude, count })
        };
        Ok(Some((0..groups.len).filter_map(crowd).collect()))
    }
}

fn is_readable(leaf: &Leaf<'_>, column: usize) -> bool {
    leaf.table.set.columns.get(column).is_some_and(|column| leaf.lens.knows(column.class))
}

/// Each text once, however many rows have it.
#[derive(Default)]
struct Texts(HashMap<(usize, u32), Arc<str>>);

impl Texts {
    fn of(&mut self, table: &Frozen, column: usize, cell: Cell) -> Option<Arc<str>> {
        let Cell::Code(code) = cell else { return None };
        if let Some(known) = self.0.get(&(column, code)) {
            return Some(known.clone());
        }
        let Some(Value::Text(text)) = table.value(column, cell) else { return None };
        let text: Arc<str> = text.into();
        self.0.insert((column, code), text.clone());
        Some(text)
    }
}
