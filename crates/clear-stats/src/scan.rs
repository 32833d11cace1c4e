//! Visible rows in one order, whatever chunks they lie in.
//!
//! In:    a table, a [`Lens`], a filter.
//! Out:   the rows for which it is true, in the order of date (none is last) and `:id`, so many at a time.
//! Never: gives an order, or a place where one piece ends and the next begins, that depends on a hidden row.
//!
//! # How
//! INVARIANT (what is read is a function of what is visible): an engine that reads these rows cannot tell by any sum's
//! last digit, any tie or any window that there are others. Chunks overlap little in their dates; where they do, their rows are
//! merged run by run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::lens::{Classes, Lens, View};
use crate::predicate::{Part, Predicate};
use crate::store::{Frozen, Key};

/// Some rows of one chunk, in order.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) chunk: usize,
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
    /// The next key of each chunk that is being read.
    next: BinaryHeap<Reverse<(Key, usize)>>,
    open: Vec<Open>,
}

struct Open {
    chunk: usize,
    view: Arc<View>,
    rows: Vec<u16>,
    at: usize,
}

impl Scan {
    /// A reader; `wanted` are the classes of the columns that are read of its rows.
    pub(crate) fn new(table: Arc<Frozen>, lens: Arc<Lens>, filter: Option<Predicate>, wanted: Classes) -> Scan {
        let spans = table.chunks.iter().enumerate().filter(|(_, chunk)| chunk.rows > 0);
        let mut waiting: Vec<(Key, usize)> = spans.map(|(at, chunk)| (chunk.span().0, at)).collect();
        waiting.sort_unstable_by(|one, other| other.cmp(one));
        let wanted = wanted | filter.as_ref().map_or(0, |filter| filter.classes(&table));
        Scan { table, lens, filter, wanted, waiting, next: BinaryHeap::new(), open: Vec::new() }
    }

    /// The next rows, so many unless there are no more; none at the end.
    pub(crate) fn next(&mut self, most: usize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut left = most;
        while left > 0 {
            while self.waiting.last().is_some_and(|(least, _)| {
                self.next.peek().is_none_or(|Reverse((next, _))| least <= next)
            }) {
                self.open_next();
            }
            let Some(Reverse((_, chunk))) = self.next.pop() else { break };
            let after = self.next.peek().map(|Reverse((key, _))| *key);
            let bound = [after, self.waiting.last().map(|(key, _)| *key)].into_iter().flatten().min();
            let Some(at) = self.open.iter().position(|open| open.chunk == chunk) else { continue };
            let Some((open, data)) = self.open.get_mut(at).zip(self.table.chunks.get(chunk)) else { continue };
            let rest = open.rows.get(open.at..).unwrap_or_default();
            let before = |bound: Key| rest.partition_point(|row| data.key(usize::from(*row)) < bound);
            let run = bound.map_or(rest.len(), before).clamp(1, rest.len().max(1)).min(left);
            let rows = rest.get(..run).unwrap_or_default().to_vec();
            left -= rows.len();
            open.at += run;
            match runs.last_mut().filter(|last| last.chunk == chunk) {
                Some(last) => last.rows.extend(rows),
                None => runs.push(Run { chunk, view: Arc::clone(&open.view), rows }),
            }
            match open.rows.get(open.at) {
                Some(row) => self.next.push(Reverse((data.key(usize::from(*row)), chunk))),
                None => drop(self.open.swap_remove(at)),
            }
        }
        runs
    }

    fn open_next(&mut self) {
        let Some((_, at)) = self.waiting.pop() else { return };
        let Some(chunk) = self.table.chunks.get(at) else { return };
        let view = self.lens.view(&self.table, at, self.wanted);
        let part = Part { table: &self.table, chunk, view: &view };
        let bits = part.rows(self.filter.as_ref());
        let rows: Vec<u16> = match chunk.order() {
            Some(order) => order.iter().copied().filter(|row| bits.get(usize::from(*row))).collect(),
            None => bits.rows().collect(),
        };
        let Some(first) = rows.first() else { return };
        self.next.push(Reverse((chunk.key(usize::from(*first)), at)));
        self.open.push(Open { chunk: at, view: Arc::new(view), rows, at: 0 });
    }
}
