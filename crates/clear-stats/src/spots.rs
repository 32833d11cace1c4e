//! Where incidents are, one by one, for maps.

use std::collections::HashMap;
use std::sync::Arc;

use clear_record::{Kind, RecordId, Sight};
use clear_soql::Expr;

use crate::columns::{Columns, Leaf, Shown};
use crate::error::Error;
use crate::filter;
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

impl Columns {
    /// The incidents under a Sight for which every condition is true, with their places; those in the box alone, if there is
    /// one.
    ///
    /// # Errors
    /// As [`Columns::count`]; coordinates that the asker can read nowhere are no such column.
    pub fn spots(&self, conditions: &[Expr], sight: &Sight<'_>, within: Option<Box4>) -> Result<Spots, Error> {
        let leaf = self.leaf(sight);
        let column = |name: &str| {
            leaf.column(name).ok_or_else(|| Error::NoSuchColumn { name: name.to_owned(), at: None })
        };
        let (longitude, latitude) = (column("longitude")?, column("latitude")?);
        let (time, kind, block) = (leaf.column("occurred_from"), leaf.column("primary_type"), leaf.column("block"));
        let tests = conditions.iter().map(|filter| filter::typed(&leaf, filter)).collect::<Result<Vec<_>, _>>()?;
        let mut texts = Texts::default();
        let mut found = Spots::default();
        for (shown, _, raw) in leaf.rows_in(0..self.len()) {
            if !tests.iter().all(|test| test.of(&leaf, shown) == Some(true)) {
                continue;
            }
            let at = number(&leaf, shown, longitude).zip(number(&leaf, shown, latitude));
            // 0, 0 is how files say that they do not know.
            let Some((longitude, latitude)) = at.filter(|at| *at != (0.0, 0.0)) else {
                found.elsewhere += 1;
                continue;
            };
            let inside = within.is_none_or(|[west, south, east, north]| {
                (west..=east).contains(&longitude) && (south..=north).contains(&latitude)
            });
            if inside {
                let micros = time.and_then(|column| match leaf.values(column)?.value(leaf.cell(shown, column)?) {
                    Value::Time(micros) => Some(micros),
                    _ => None,
                });
                let id = RecordId { kind: Kind::Incident, raw };
                let kind = kind.and_then(|column| texts.of(&leaf, shown, column));
                let block = block.and_then(|column| texts.of(&leaf, shown, column));
                found.spots.push(Spot { id, longitude, latitude, micros, kind, block });
            }
        }
        // Where a row stands in the projection tells when it came, hidden ones in between included.
        found.spots.sort_unstable_by_key(|spot| spot.id);
        Ok(found)
    }
}

fn number(leaf: &Leaf<'_>, shown: Shown, column: usize) -> Option<f64> {
    match leaf.values(column)?.value(leaf.cell(shown, column)?) {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

/// Each text once, however many rows have it.
#[derive(Default)]
struct Texts(HashMap<(usize, u64), Arc<str>>);

impl Texts {
    fn of(&mut self, leaf: &Leaf<'_>, shown: Shown, column: usize) -> Option<Arc<str>> {
        let cell = leaf.cell(shown, column)?;
        if let Some(known) = self.0.get(&(column, cell)) {
            return Some(known.clone());
        }
        let Value::Text(text) = leaf.values(column)?.value(cell) else { return None };
        let text: Arc<str> = text.into();
        self.0.insert((column, cell), text.clone());
        Some(text)
    }
}
