//! All rows in some order, a piece at a time: a download of everything.
//!
//! In:    what [`Top`] is made of, with the row's `:id` in its order; how much memory there is.
//! Out:   [`Run`]s in that order; or nothing, where rows have to be put in order the long way.
//! Never: copies a row before it is asked for.
//!
//! # How
//! What a row is ordered by is a few numbers. They and the row's place are sorted, then the places alone are kept: four bytes a row.

use std::sync::Arc;

use clear_cold::Error;

use super::{By, Ready, Top};
use crate::lens::{Classes, Lens, View};
use crate::predicate::Part;
use crate::scan::Run;
use crate::store::{CHUNK_ROWS, Frozen, Open};

/// Rows in order.
pub(crate) struct All {
    /// Each chunk that has some of them.
    chunks: Vec<Option<(Arc<Open>, Arc<View>)>>,
    places: Vec<u32>,
    at: usize,
}

impl All {
    /// All rows in order. `room` says whether there is memory for so many bytes more; `None` where there is not, where columns are
    /// put aside and would come back for every piece, and where the order has more steps than are sorted here.
    ///
    /// # Errors
    /// When a column that is looked at cannot be read.
    pub(crate) fn of(
        table: &Frozen,
        lens: &Lens,
        top: &Top,
        wanted: Classes,
        room: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<All>, Error> {
        // Behind the row's own id there are no ties.
        let Some(id) = top.order.iter().position(|step| step.by == By::Id) else { return Ok(None) };
        if table.tier.is_some() {
            return Ok(None);
        }
        match id {
            0 => sorted::<1>(table, lens, top, wanted, room),
            1 => sorted::<2>(table, lens, top, wanted, room),
            2 => sorted::<3>(table, lens, top, wanted, room),
            _ => Ok(None),
        }
    }

    /// What the places take, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.places.len() * size_of::<u32>()
    }

    /// The next rows, at most so many; none at the end.
    pub(crate) fn next(&mut self, most: usize) -> Vec<Run> {
        let mut runs: Vec<(usize, Run)> = Vec::new();
        for place in self.places.iter().skip(self.at).take(most) {
            let (chunk, row) = (*place as usize / CHUNK_ROWS, (*place as usize % CHUNK_ROWS) as u16);
            match runs.last_mut().filter(|(last, _)| *last == chunk) {
                Some((_, run)) => run.rows.push(row),
                None => {
                    let Some(Some((open, view))) = self.chunks.get(chunk) else { continue };
                    let run = Run { chunk, open: Arc::clone(open), view: Arc::clone(view), rows: vec![row] };
                    runs.push((chunk, run));
                }
            }
        }
        self.at = self.at.saturating_add(most).min(self.places.len());
        runs.into_iter().map(|(_, run)| run).collect()
    }
}

fn sorted<const STEPS: usize>(
    table: &Frozen,
    lens: &Lens,
    top: &Top,
    wanted: Classes,
    room: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<All>, Error> {
    let reading = table.reading();
    let steps: Vec<Ready> = top.order.iter().take(STEPS).map(|step| Ready::of(table, *step)).collect();
    let wanted = wanted | super::looked_at(table, top);
    let rows = table.chunks.iter().map(|chunk| chunk.rows).sum();
    // Memory that is not written to is not taken.
    let mut keys: Vec<([u64; STEPS], u32)> = Vec::with_capacity(rows);
    let mut chunks = Vec::with_capacity(table.chunks.len());
    for at in 0..table.chunks.len() {
        let Some(chunk) = table.open(at, &reading).map(Arc::new) else { continue };
        let view = Arc::new(lens.view(table, &chunk, at, wanted));
        let part = Part { table, chunk: &chunk, view: &view };
        let before = keys.len();
        for row in part.rows(top.filter.as_ref()).rows() {
            let mut key = [0; STEPS];
            key.iter_mut().zip(&steps).for_each(|(number, step)| *number = step.number(&part, usize::from(row)));
            keys.push((key, (at * CHUNK_ROWS) as u32 + u32::from(row)));
        }
        let found = keys.len() - before;
        if !room(found * size_of::<([u64; STEPS], u32)>()) {
            return Ok(None);
        }
        chunks.push((found > 0).then_some((chunk, view)));
        reading.done()?;
    }
    keys.sort_unstable();
    keys.truncate(top.most);
    let places = keys.iter().map(|(_, place)| *place).collect();
    Ok(Some(All { chunks, places, at: 0 }))
}
