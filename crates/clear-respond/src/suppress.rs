//! Which counts of a table may be told, so that no small one can be told from the others.
//!
//! In:    a table of counts, and the threshold below which a count is small.
//! Out:   the table with lines put together and cells withheld; every total in it is exact.
//! Never: rounds or changes a count; publishes a total that is small.
//!
//! # How
//! The rule is that of statistical agencies: a count from 1 to `threshold - 1` is withheld (*primary*), and others with it
//! (*complementary*), so that subtracting what is told from the totals does not give it back (Federal Committee on
//! Statistical Methodology, Statistical Policy Working Paper 22, 2005, chapter IV; the graph view of what can be computed:
//! D. Gusfield, SIAM J. Comput. 17(3), 1988).
//!
//! 1. *Small lines are put together*, the smallest first, until their total is at least `threshold + k - 2` for `k` lines:
//!    then each of them can be anything from 1 to `threshold - 1` for whoever knows the total and that none is zero. So
//!    every total that is told is zero or not small, and two tables with the same totals tell nothing about each other.
//! 2. *A small cell gets a rectangle*: three more cells in two rows and two columns, withheld with it, with room to move one
//!    against the other while every total stays. The room goes over all of 1 to `threshold - 1`.
//! 3. *Where there is no such rectangle*, the row is put together with another one, and 2 begins again.
//!
//! INVARIANT (a small count cannot be recomputed): for every withheld small cell, each value from 1 to `threshold - 1` is
//! borne out by everything that is told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The smallest threshold that counts as one: with 2, a withheld cell could only be a 1.
pub const THRESHOLD_MIN: u64 = 3;
/// The threshold unless the operator names one.
pub const THRESHOLD: u64 = 5;

/// A table as it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) columns: Vec<String>,
    /// Each row with one count for each column.
    pub(crate) rows: Vec<(String, Vec<u64>)>,
}

/// A table as it may be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// The columns, some of them several put together.
    pub columns: Vec<Line>,
    /// The rows, some of them several put together.
    pub rows: Vec<Line>,
    /// For each row, for each column: the count; `null` where it is withheld.
    pub cells: Vec<Vec<Option<u64>>>,
    /// The total; `null` where it is small, and then nothing else is told.
    pub total: Option<u64>,
}

/// A row or a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// What it counts; several where they were put together.
    pub of: Vec<String>,
    /// Its total.
    pub total: u64,
}

/// The table with what may be told of it.
pub(crate) fn told(counted: &Counted, threshold: u64) -> Told {
    let threshold = threshold.max(THRESHOLD_MIN);
    let total: u64 = counted.rows.iter().flat_map(|(_, cells)| cells).sum();
    if 0 < total && total < threshold {
        return Told { columns: vec![], rows: vec![], cells: vec![], total: None };
    }
    let mut table = Table::of(counted);
    if !table.put_small_rows_together(threshold) {
        table.put_all_rows_together();
    }
    table = table.turned();
    if !table.put_small_rows_together(threshold) {
        table.put_all_rows_together();
    }
    table = table.turned();
    loop {
        match table.withheld(threshold) {
            Ok(withheld) => return table.told(&withheld, total),
            // Fewer rows each time; in a single one the cells are the columns' totals, of which none is small. Should one be,
            // the total alone is told.
            Err(_) if table.rows.len() < 2 => {
                return Told { columns: vec![], rows: vec![], cells: vec![], total: Some(total) };
            }
            Err(row) => table.put_together_with_another(row),
        }
    }
}

/// A table whose lines can be put together.
struct Table {
    columns: Vec<Vec<String>>,
    rows: Vec<Vec<String>>,
    cells: Vec<Vec<u64>>,
}

impl Table {
    fn of(counted: &Counted) -> Table {
        Table {
            columns: counted.columns.iter().map(|name| vec![name.clone()]).collect(),
            rows: counted.rows.iter().map(|(name, _)| vec![name.clone()]).collect(),
            cells: counted.rows.iter().map(|(_, cells)| cells.clone()).collect(),
        }
    }

    fn turned(self) -> Table {
        let cells = (0..self.columns.len())
            .map(|column| self.cells.iter().map(|row| row.get(column).copied().unwrap_or_default()).collect());
        Table { cells: cells.collect(), columns: self.rows, rows: self.columns }
    }

    fn row_total(&self, row: usize) -> u64 {
        self.cells.get(row).map(|cells| cells.iter().sum()).unwrap_or_default()
    }

    fn at(&self, row: usize, column: usize) -> u64 {
        self.cells.get(row).and_then(|cells| cells.get(column)).copied().unwrap_or_default()
    }

    /// The rows that are not empty, the smallest first; of the same size, in their order.
    fn by_size(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.rows.len()).filter(|row| self.row_total(*row) > 0).collect();
        rows.sort_by_key(|row| (self.row_total(*row), *row));
        rows
    }

    /// Puts all small rows together, and larger ones with them until their total says nothing of one of them; `false` where
    /// all of them are too few.
    fn put_small_rows_together(&mut self, threshold: u64) -> bool {
        let by_size = self.by_size();
        if by_size.first().is_none_or(|smallest| self.row_total(*smallest) >= threshold) {
            return true;
        }
        let (mut taken, mut sum) = (Vec::new(), 0);
        for (at, row) in by_size.iter().enumerate() {
            taken.push(*row);
            sum += self.row_total(*row);
            let is_last_small = by_size.get(at + 1).is_none_or(|next| self.row_total(*next) >= threshold);
            if is_last_small && taken.len() >= 2 && sum >= threshold + taken.len() as u64 - 2 {
                self.put_together(&taken);
                return true;
            }
        }
        false
    }

    /// Puts every row together, the empty ones too: the total alone is told.
    fn put_all_rows_together(&mut self) {
        self.put_together(&(0..self.rows.len()).collect::<Vec<_>>());
    }

    /// Puts a row together with the smallest other one that is not empty.
    fn put_together_with_another(&mut self, row: usize) {
        match self.by_size().into_iter().find(|other| *other != row) {
            Some(other) => self.put_together(&[row, other]),
            None => self.put_all_rows_together(),
        }
    }

    /// Puts rows together, in the place of the first of them.
    fn put_together(&mut self, rows: &[usize]) {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        let Some((first, others)) = rows.split_first() else { return };
        for other in others.iter().rev() {
            let (names, cells) = (self.rows.remove(*other), self.cells.remove(*other));
            if let Some(into) = self.rows.get_mut(*first) {
                into.extend(names);
            }
            if let Some(into) = self.cells.get_mut(*first) {
                into.iter_mut().zip(cells).for_each(|(into, count)| *into += count);
            }
        }
        if let Some(names) = self.rows.get_mut(*first) {
            names.sort();
        }
    }

    /// Which cells are withheld; or the row of a small cell that has no rectangle.
    fn withheld(&self, threshold: u64) -> Result<Vec<Vec<bool>>, usize> {
        let mut withheld = vec![vec![false; self.columns.len()]; self.rows.len()];
        let mut mark = |row: usize, column: usize| {
            if let Some(cell) = withheld.get_mut(row).and_then(|cells| cells.get_mut(column)) {
                *cell = true;
            }
        };
        for row in 0..self.rows.len() {
            for column in 0..self.columns.len() {
                let count = self.at(row, column);
                if count == 0 || count >= threshold {
                    continue;
                }
                let (up, down) = (threshold - 1 - count, count - 1);
                let mut best: Option<(u64, usize, usize)> = None;
                for other_row in (0..self.rows.len()).filter(|other| *other != row) {
                    for other_column in (0..self.columns.len()).filter(|other| *other != column) {
                        let beside = (self.at(row, other_column), self.at(other_row, column));
                        let across = self.at(other_row, other_column);
                        if beside.0 < up || beside.1 < up || across < down {
                            continue;
                        }
                        // An empty line stays told as one: that nothing was asked is what a page like this is for.
                        if self.row_total(other_row) == 0 {
                            continue;
                        }
                        let lost = beside.0 + beside.1 + across;
                        if best.is_none_or(|(least, ..)| lost < least) {
                            best = Some((lost, other_row, other_column));
                        }
                    }
                }
                let Some((_, other_row, other_column)) = best else { return Err(row) };
                for (row, column) in
                    [(row, column), (row, other_column), (other_row, column), (other_row, other_column)]
                {
                    mark(row, column);
                }
            }
        }
        Ok(withheld)
    }

    fn told(self, withheld: &[Vec<bool>], total: u64) -> Told {
        let line = |(of, total): (&Vec<String>, u64)| Line { of: of.clone(), total };
        let row_totals: Vec<u64> = (0..self.rows.len()).map(|row| self.row_total(row)).collect();
        let column_total = |column: usize| (0..self.rows.len()).map(|row| self.at(row, column)).sum();
        let column_totals: Vec<u64> = (0..self.columns.len()).map(column_total).collect();
        let cells = self.cells.iter().zip(withheld).map(|(counts, withheld)| {
            counts.iter().zip(withheld).map(|(count, withheld)| (!withheld).then_some(*count)).collect()
        });
        Told {
            cells: cells.collect(),
            rows: self.rows.iter().zip(row_totals).map(line).collect(),
            columns: self.columns.iter().zip(column_totals).map(line).collect(),
            total: Some(total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn counted(rows: &[(&str, &[u64])]) -> Counted {
        let columns = (0..rows.first().map_or(0, |(_, cells)| cells.len())).map(|at| format!("c{at}")).collect();
        Counted { columns, rows: rows.iter().map(|(name, cells)| ((*name).to_owned(), cells.to_vec())).collect() }
    }

    fn drawn(told: &Told) -> String {
        let Some(total) = told.total else { return "withheld".to_owned() };
        let mut text = String::new();
        for (row, cells) in told.rows.iter().zip(&told.cells) {
            let cells: Vec<String> =
                cells.iter().map(|cell| cell.map_or("·".to_owned(), |count| count.to_string())).collect();
            text += &format!("{}: {} = {}; ", row.of.join("+"), cells.join(" "), row.total);
        }
        let totals: Vec<String> =
            told.columns.iter().map(|column| format!("{}={}", column.of.join("+"), column.total)).collect();
        format!("{text}{} of {total}", totals.join(" "))
    }

    #[test]
    fn small_counts_are_withheld_and_others_with_them() {
        type Rows<'a> = &'a [(&'a str, &'a [u64])];
        let cases: &[(Rows<'_>, &str)] = &[
            // Nothing is small: nothing is withheld.
            (&[("a", &[10, 20]), ("b", &[0, 7])], "a: 10 20 = 30; b: 0 7 = 7; c0=10 c1=27 of 37"),
            // One small cell takes three others with it.
            (&[("a", &[2, 20]), ("b", &[30, 7])], "a: · · = 22; b: · · = 37; c0=32 c1=27 of 59"),
            // The cheapest rectangle is taken.
            (
                &[("a", &[2, 20, 9]), ("b", &[30, 7, 0]), ("c", &[8, 90, 6])],
                "a: · 20 · = 31; b: 30 7 0 = 37; c: · 90 · = 104; c0=40 c1=117 c2=15 of 172",
            ),
            // Small rows are put together; an empty one is told.
            (
                &[("a", &[1, 2]), ("b", &[1, 5]), ("c", &[0, 0]), ("d", &[9, 9])],
                "a+b: · · = 9; c: 0 0 = 0; d: · · = 18; c0=11 c1=16 of 27",
            ),
            // One small column would be left beside the first two.
            (&[("a", &[1, 4, 4, 9])], "a: 9 9 = 18; c0+c1+c2=9 c3=9 of 18"),
            // A single row: the cells are the totals, and small ones are put together.
            (&[("a", &[1, 2, 30])], "a: 33 = 33; c0+c1+c2=33 of 33"),
            // Everything is small.
            (&[("a", &[1, 2])], "withheld"),
            (&[("a", &[0, 0])], "a: 0 0 = 0; c0=0 c1=0 of 0"),
        ];
        for (rows, expected) in cases {
            assert_eq!(drawn(&told(&counted(rows), 5)), *expected);
        }
    }

    /// Every value that each cell can have, given everything that is told: found by trying all tables, by nothing that
    /// the rule above knows of.
    fn possible(told: &Told) -> Vec<Vec<BTreeSet<u64>>> {
        fn walk(told: &Told, at: usize, table: &mut Vec<Vec<u64>>, found: &mut Vec<Vec<BTreeSet<u64>>>) {
            let columns = told.columns.len();
            if at == told.rows.len() * columns {
                let fits = (0..columns)
                    .all(|column| table.iter().map(|row| row[column]).sum::<u64>() == told.columns[column].total);
                if fits {
                    for (row, cells) in table.iter().enumerate() {
                        for (column, count) in cells.iter().enumerate() {
                            found[row][column].insert(*count);
                        }
                    }
                }
                return;
            }
            let (row, column) = (at / columns, at % columns);
            let before: u64 = table[row][..column].iter().sum();
            let above: u64 = table[..row].iter().map(|cells| cells[column]).sum();
            let left = told.rows[row].total.saturating_sub(before);
            let room = left.min(told.columns[column].total.saturating_sub(above));
            let choices = match told.cells[row][column] {
                Some(count) => count..=count,
                None if column + 1 == columns => left..=left,
                // What the columns lack is what the last row has: nothing else would fit.
                None if row + 1 == told.rows.len() => {
                    let lacks = told.columns[column].total.saturating_sub(above);
                    lacks..=lacks
                }
                None => 0..=room,
            };
            for count in choices {
                if before + count > told.rows[row].total || above + count > told.columns[column].total {
                    continue;
                }
                if column + 1 == columns && before + count != told.rows[row].total {
                    continue;
                }
                table[row][column] = count;
                walk(told, at + 1, table, found);
            }
            table[row][column] = 0;
        }
        let mut found = vec![vec![BTreeSet::new(); told.columns.len()]; told.rows.len()];
        let mut table = vec![vec![0; told.columns.len()]; told.rows.len()];
        walk(told, 0, &mut table, &mut found);
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// The page's numbers, totals and all, bear out every small value of a withheld small cell.
        #[test]
        fn s14_a_withheld_count_cannot_be_recomputed_from_what_is_told(
            cells in proptest::collection::vec(proptest::collection::vec(prop_oneof![3 => 0u64..=3, 2 => 0u64..=9], 3), 1..=3),
            threshold in 3u64..=4,
        ) {
            let rows: Vec<(String, Vec<u64>)> =
                cells.iter().enumerate().map(|(at, cells)| (format!("r{at}"), cells.clone())).collect();
            let counted = Counted { columns: vec!["a".into(), "b".into(), "c".into()], rows };
            let told = told(&counted, threshold);
            let sum: u64 = cells.iter().flatten().sum();
            prop_assert!(told.total.is_none() || !told.rows.is_empty(), "a table can be told: {cells:?}");
            let Some(total) = told.total else {
                prop_assert!(sum < threshold && told.rows.is_empty());
                return Ok(());
            };
            prop_assert_eq!(total, sum);
            // No total that is told is small, and what is put together bears out every small value of each of its lines.
            for line in told.rows.iter().chain(&told.columns) {
                prop_assert!(line.total == 0 || line.total >= threshold, "{}", drawn(&told));
            }
            for row in &told.rows {
                let small = |name: &String| {
                    let total: u64 = counted.rows.iter().find(|(known, _)| known == name).unwrap().1.iter().sum();
                    0 < total && total < threshold
                };
                if row.of.iter().any(small) {
                    prop_assert!(row.total + 2 >= threshold + row.of.len() as u64 || told.rows.len() == 1, "{}", drawn(&told));
                }
            }
            let possible = possible(&told);
            let small: BTreeSet<u64> = (1..threshold).collect();
            for (row, line) in told.rows.iter().enumerate() {
                for (column, name) in told.columns.iter().enumerate() {
                    let count: u64 = line.of.iter().flat_map(|row| {
                        let cells = &counted.rows.iter().find(|(known, _)| known == row).unwrap().1;
                        name.of.iter().map(|column| cells[counted.columns.iter().position(|known| known == column).unwrap()])
                    }).sum();
                    prop_assert!(possible[row][column].contains(&count), "the true table is one of them");
                    prop_assert!(told.cells[row][column].is_none_or(|told| told == count));
                    if small.contains(&count) {
                        prop_assert!(told.cells[row][column].is_none());
                        prop_assert!(possible[row][column].is_superset(&small), "{}", drawn(&told));
                    }
                }
            }
        }
    }
}
