//! How many, by what.

use std::collections::HashMap;

use clear_record::Sight;
use clear_soql::{Expr, Name};

use crate::columns::{Columns, Leaf};
use crate::error::Error;
use crate::filter;
use crate::values::{Cell, Value};

/// What to count.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// The columns to count by; none counts everything together.
    pub group_by: Vec<String>,
    /// What to count; everything if `None`.
    pub filter: Option<Expr>,
    /// At most so many groups, the largest.
    pub limit: usize,
}

/// The answer, in a total order: largest count first, then by values, nulls last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns counted by, then `count`.
    pub columns: Vec<String>,
    /// A value for each column, `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many groups there are, of which `rows` has at most `limit`.
    pub groups: usize,
    /// How many incidents were counted.
    pub total: u64,
}

impl Columns {
    /// Counts incidents under a Sight.
    ///
    /// # Errors
    /// A column that the asker can read nowhere or that does not exist, a function or operator that is not known here,
    /// values that do not go together, a condition that is not yes or no. Errors depend on the question and the Sight
    /// alone, never on a row.
    pub fn count(&self, counts: &Counts, sight: &Sight<'_>) -> Result<Table, Error> {
        let leaf = self.leaf(sight);
        let group_by: Vec<usize> = counts.group_by.iter().map(|name| column(&leaf, name)).collect::<Result<_, _>>()?;
        let test = counts.filter.as_ref().map(|filter| filter::typed(&leaf, filter)).transpose()?;
        let mut groups: HashMap<Box<[Cell]>, u64> = HashMap::new();
        let mut total = 0;
        let mut key: Vec<Cell> = Vec::new();
        for row in leaf.rows() {
            if test.as_ref().is_some_and(|test| test.of(&leaf, row) != Some(true)) {
                continue;
            }
            total += 1;
            key.clear();
            key.extend(group_by.iter().map(|column| leaf.cell(row, *column)));
            match groups.get_mut(key.as_slice()) {
                Some(count) => *count += 1,
                None => _ = groups.insert(key.as_slice().into(), 1),
            }
        }
        if group_by.is_empty() {
            // Nothing counted is a count too.
            groups.entry(Box::default()).or_insert(0);
        }
        let columns = group_by.iter().map(|column| leaf.name(*column).to_owned()).chain(["count".to_owned()]).collect();
        let found = groups.len();
        Ok(Table { columns, rows: ordered(&leaf, &group_by, groups, counts.limit), groups: found, total })
    }
}

fn column(leaf: &Leaf<'_>, name: &str) -> Result<usize, Error> {
    let name = Name::new(name.trim());
    leaf.column(name.as_str()).ok_or_else(|| Error::NoSuchColumn { name: name.as_str().to_owned(), at: None })
}

/// Cells become values before they are ordered: a code's order tells when a text was first seen, hidden rows included.
fn ordered(
    leaf: &Leaf<'_>,
    group_by: &[usize],
    groups: HashMap<Box<[Cell]>, u64>,
    limit: usize,
) -> Vec<Vec<Option<String>>> {
    let value = |(cell, column): (&Cell, &usize)| -> Option<Value> { Some(leaf.values(*column)?.value((*cell)?)) };
    let mut rows: Vec<(u64, Vec<Option<Value>>)> =
        groups.iter().map(|(key, count)| (*count, key.iter().zip(group_by).map(value).collect())).collect();
    rows.sort_by(|(count, values), (other_count, others)| {
        let by_value = values.iter().zip(others).map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => a.compare(b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
        other_count.cmp(count).then_with(|| by_value.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then))
    });
    let shown = |(count, values): (u64, Vec<Option<Value>>)| {
        values.into_iter().map(|value| value.map(|value| value.shown())).chain([Some(count.to_string())]).collect()
    };
    rows.into_iter().take(limit).map(shown).collect()
}
