//! Which incidents, a page at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use clear_record::{Kind, RecordId, Sight};
use clear_soql::Expr;

use crate::columns::{Columns, Leaf};
use crate::error::Error;
use crate::filter;
use crate::lens::Lens;
use crate::store::{Frozen, Open};

/// How far a reader of pages is. Its inside tells how many rows there are, hidden ones included: it never leaves.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Place(usize);

/// A page of incidents.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    /// The incidents, in the order in which they were first filed.
    pub ids: Vec<RecordId>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

/// Rows that are looked at for one page: whoever asks for what is rare gets an empty page, and nobody waits for it.
const LOOKED_AT_MAX: usize = 65_536;

/// The incidents that are looked at for one page, with what exists of them for one asker. What comes in later does not change it.
pub struct Window {
    table: Arc<Frozen>,
    lens: Lens,
    from: usize,
    /// Where each row is, chunk and row; none, where it is gone.
    places: Vec<Option<(usize, usize)>>,
    /// Whether there is more behind them.
    more: bool,
}

/// Chunks that are kept open for one page.
const OPEN_MAX: usize = 16;

impl Columns {
    /// The next incidents that may be looked at under a Sight.
    pub fn window(&self, sight: &Sight<'_>, from: Place) -> Option<Window> {
        let writer = self.table("incidents")?;
        let all = writer.numbered();
        let end = from.0.saturating_add(LOOKED_AT_MAX).min(all);
        let places = (from.0..end).map(|number| writer.place(number as u32)).collect();
        Some(Window { table: writer.frozen(), lens: Lens::new(sight, writer), from: from.0, places, more: end < all })
    }

    /// The next incidents under a Sight for which every condition is true, at most `most` of them.
    ///
    /// # Errors
    /// As [`Window::page`].
    pub fn page(&self, conditions: &[Expr], sight: &Sight<'_>, from: Place, most: usize) -> Result<Page, Error> {
        let window = self.window(sight, from);
        window.map_or_else(|| Ok(Page { ids: Vec::new(), next: None }), |window| window.page(conditions, most))
    }
}

impl Window {
    /// The incidents for which every condition is true, at most `most` of them, in the order in which they were first filed. A
    /// correction does not move an incident. A page may be empty before the end.
    ///
    /// # Errors
    /// As [`Columns::count`]: errors depend on the question and the Sight alone, never on a row; but for [`Error::Ours`].
    pub fn page(&self, conditions: &[Expr], most: usize) -> Result<Page, Error> {
        let leaf = Leaf { table: &self.table, lens: &self.lens };
        let tests = conditions.iter().map(|filter| filter::typed(&leaf, filter)).collect::<Result<Vec<_>, _>>()?;
        let reading = self.table.reading();
        let mut open: BTreeMap<usize, Open> = BTreeMap::new();
        let mut ids = Vec::new();
        for (number, place) in (self.from..).zip(&self.places) {
            if ids.len() == most {
                return reading.done().map_err(Error::Ours).map(|()| Page { ids, next: Some(Place(number)) });
            }
            let Some((at, row)) = *place else { continue };
            let Some(chunk) = self.table.chunks.get(at) else { continue };
            let classes = self.lens.row(chunk, at, row);
            if classes == 0 {
                continue;
            }
            if open.len() >= OPEN_MAX && !open.contains_key(&at) {
                reading.done()?;
                open.clear();
            }
            let chunk = open.entry(at).or_insert_with(|| Open::of(chunk, &reading));
            if tests.iter().all(|test| test.of(&self.table, chunk, row, classes) == Some(true)) {
                let id = self.table.record(number as u32);
                ids.extend(id.filter(|id| id.kind == Kind::Incident));
            }
        }
        reading.done()?;
        let next = self.more.then(|| Place(self.from + self.places.len()));
        Ok(Page { ids, next })
    }
}
