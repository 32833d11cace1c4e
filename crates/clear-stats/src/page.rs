//! Which incidents, a page at a time.

use clear_record::{RecordId, Sight};
use clear_soql::Expr;

use crate::columns::Columns;
use crate::error::Error;
use crate::filter;

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

impl Columns {
    /// The next incidents under a Sight for which every condition is true, at most `most` of them, in the order in which
    /// they were first filed. A correction does not move an incident. A page may be empty before the end.
    ///
    /// # Errors
    /// As [`Columns::count`]: errors depend on the question and the Sight alone, never on a row.
    pub fn page(&self, conditions: &[Expr], sight: &Sight<'_>, from: Place, most: usize) -> Result<Page, Error> {
        let Some(leaf) = self.leaf("incidents", sight, None) else { return Ok(Page { ids: Vec::new(), next: None }) };
        let tests = conditions.iter().map(|filter| filter::typed(&leaf, filter)).collect::<Result<Vec<_>, _>>()?;
        let all = leaf.writer.numbered();
        let end = from.0.saturating_add(LOOKED_AT_MAX).min(all);
        let mut ids = Vec::new();
        for number in from.0..end {
            if ids.len() == most {
                return Ok(Page { ids, next: Some(Place(number)) });
            }
            ids.extend(leaf.incident(number as u32, |chunk, row, open| {
                tests.iter().all(|test| test.of(leaf.table(), chunk, row, open) == Some(true))
            }));
        }
        Ok(Page { ids, next: (end < all).then_some(Place(end)) })
    }
}
