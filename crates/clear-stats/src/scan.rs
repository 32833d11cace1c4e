//! Visible rows in one order, whatever chunks they lie in.
//!
//! In:    a table, a [`Lens`], a filter.
//! Out:   the rows for which it is true, in the order of date (none that may be read is last) and `:id`, so many at a time.
//! Never: gives an order, or a place where one piece ends and the next begins, that depends on a hidden row; goes on after
//!        something could not be read.
//!
//! # How
//! INVARIANT (what is read is a function of what is visible): an engine that reads these rows cannot tell by any sum's
//! last digit, any tie or any window that there are others. Chunks overlap little in their dates; where they do, their rows are
//! merged run by run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use clear_cold::Error;

use crate::lens::{Classes, Lens, View};
use crate::predicate::{Part, Predicate};
use crate::store::{Frozen, Key, Open, Reading};

/// Some rows of one chunk, in order.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) chunk: usize,
    pub(crate) open: Arc<Open>,
    pub(crate) view: Arc<View>,
    pub(crate) rows: Vec<u16>,
}

/// A reader of rows in order.
pub(crate) struct Scan {
    table: Arc<Frozen>,
    lens: Arc<Lens>,
    filter: Option<Predicate>,
    wanted: Classes,
    /// Chunks that are not looked into yet, by their least key; the next one is the last.
    waiting: Vec<(Key, usize)>,
    /// The next key of each row of streams that is being read.
    next: BinaryHeap<Reverse<(Key, usize)>>,
    streams: Vec<Stream>,
    reading: Reading,
}

/// Rows of one chunk that are in order.
struct Stream {
    chunk: usize,
    /// None when all its rows were given.
    open: Option<(Arc<Open>, Arc<View>)>,
    rows: Vec<u16>,
    at: usize,
    /// Whether the asker may read the date of these rows; else it is as if they had none.
    dated: bool,
}

impl Stream {
    fn key(&self, chunk: &Open, row: u16) -> Key {
        let (date, id) = chunk.key(usize::from(row));
        (if self.dated { date } else { NO_DATE }, id)
    }
}

/// Where rows without a date stand: after all others.
pub(crate) const NO_DATE: i64 = i64::MAX;

impl Scan {
    /// A reader; `wanted` are the classes of the columns that are read of its rows.
    pub(crate) fn new(table: Arc<Frozen>, lens: Arc<Lens>, filter: Option<Predicate>, wanted: Classes) -> Scan {
        let reading = table.reading();
        let mut waiting: Vec<(Key, usize)> = Vec::with_capacity(table.chunks.len());
        for (at, chunk) in table.chunks.iter().enumerate().filter(|(_, chunk)| chunk.rows > 0) {
            match chunk.span() {
                Ok((least, _)) => waiting.push((least, at)),
                Err(error) => reading.failed(error),
            }
        }
        waiting.sort_unstable_by(|one, other| other.cmp(one));
        let wanted = wanted | table.date_class() | filter.as_ref().map_or(0, |filter| filter.classes(&table));
        Scan { table, lens, filter, wanted, waiting, next: BinaryHeap::new(), streams: Vec::new(), reading }
    }

    /// The next rows, so many unless there are no more; none at the end.
    ///
    /// # Errors
    /// When a column that is looked at cannot be read: then there is no answer.
    pub(crate) fn next(&mut self, most: usize) -> Result<Vec<Run>, Error> {
        let runs = self.next_runs(most);
        self.reading.done().map(|()| runs)
    }

    fn next_runs(&mut self, most: usize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut left = most;
        while left > 0 {
            while self
                .waiting
                .last()
                .is_some_and(|(least, _)| self.next.peek().is_none_or(|Reverse((next, _))| least <= next))
            {
                self.open_next();
            }
            let Some(Reverse((_, at))) = self.next.pop() else { break };
            let after = self.next.peek().map(|Reverse((key, _))| *key);
            let bound = [after, self.waiting.last().map(|(key, _)| *key)].into_iter().flatten().min();
            let Some(stream) = self.streams.get_mut(at) else { continue };
            let Some((open, view)) = stream.open.clone() else { continue };
            let chunk = &*open;
            let rest = stream.rows.get(stream.at..).unwrap_or_default();
            let before = |bound: Key| rest.partition_point(|row| stream.key(chunk, *row) < bound);
            let run = bound.map_or(rest.len(), before).clamp(1, rest.len().max(1)).min(left);
            let rows = rest.get(..run).unwrap_or_default().to_vec();
            left -= rows.len();
            stream.at += run;
            match runs.last_mut().filter(|last| last.chunk == stream.chunk) {
                Some(last) => last.rows.extend(rows),
                None => runs.push(Run { chunk: stream.chunk, open: Arc::clone(&open), view, rows }),
            }
            match stream.rows.get(stream.at) {
                Some(row) => self.next.push(Reverse((stream.key(chunk, *row), at))),
                // Its place stays, and its rows go.
                None => (stream.rows, stream.open) = (Vec::new(), None),
            }
        }
        runs
    }

    fn open_next(&mut self) {
        let Some((_, at)) = self.waiting.pop() else { return };
        let Some(open) = self.table.open(at, &self.reading).map(Arc::new) else { return };
        let chunk = Arc::clone(&open);
        let view = self.lens.view(&self.table, &chunk, at, self.wanted);
        let part = Part { table: &self.table, chunk: &chunk, view: &view };
        let bits = part.rows(self.filter.as_ref());
        let rows: Vec<u16> = match chunk.order() {
            Some(order) => order.iter().copied().filter(|row| bits.get(usize::from(*row))).collect(),
            None => bits.rows().collect(),
        };
        let (dated, mut undated): (Vec<u16>, Vec<u16>) = match self.table.set.date() {
            Some(date) => {
                let open = part.open(date);
                rows.into_iter().partition(|row| open.has(usize::from(*row)))
            }
            None => (rows, Vec::new()),
        };
        undated.sort_unstable_by_key(|row| chunk.ids.get(usize::from(*row)).copied());
        let view = Arc::new(view);
        for (dated, rows) in [(true, dated), (false, undated)] {
            let stream = Stream { chunk: at, open: Some((Arc::clone(&open), Arc::clone(&view))), rows, at: 0, dated };
            if let Some(first) = stream.rows.first() {
                self.next.push(Reverse((stream.key(&chunk, *first), self.streams.len())));
                self.streams.push(stream);
            }
        }
    }
}
