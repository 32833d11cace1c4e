//! How many, by what.

use clear_record::Sight;
use clear_soql::{Expr, Name};

use crate::columns::{Columns, Leaf};
use crate::error::Error;
use crate::filter;
use crate::group::{self, Grouping, Groups, Key, Measure, Outcome};
use crate::shelf::Shelf;
use crate::values::Value;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// values that do not go together, a condition that is not yes or no, more groups than are counted here. But for the
    /// last, errors depend on the question and the Sight alone, never on a row; the last on visible rows alone.
    pub fn count(&self, counts: &Counts, sight: &Sight<'_>) -> Result<Table, Error> {
        self.shelf("incidents", sight).map_or_else(|| Ok(Table::default()), |shelf| shelf.count(counts))
    }
}

impl Shelf {
    /// Counts the rows.
    ///
    /// # Errors
    /// As [`Columns::count`]; and [`Error::Ours`].
    pub fn count(&self, counts: &Counts) -> Result<Table, Error> {
        let leaf = self.leaf();
        let group_by: Vec<usize> = counts.group_by.iter().map(|name| column(&leaf, name)).collect::<Result<_, _>>()?;
        let filter = counts.filter.as_ref().map(|filter| filter::typed(&leaf, filter)).transpose()?;
        let keys = group_by.iter().map(|column| Key::Column(*column)).collect();
        let grouping = Grouping { filter, keys, measures: vec![Measure::Rows] };
        let groups = match group::run(leaf.table, leaf.lens, &grouping, 2)? {
            Some(Outcome::Groups(groups)) => groups,
            Some(Outcome::TooMany) | None => return Err(Error::TooManyGroups),
        };
        let name = |column: &usize| leaf.table.set.columns.get(*column).map_or("", |column| column.field_name);
        let columns = group_by.iter().map(name).chain(["count"]).map(str::to_owned).collect();
        Ok(table(columns, groups, counts.limit))
    }
}

fn column(leaf: &Leaf<'_>, name: &str) -> Result<usize, Error> {
    let name = Name::new(name.trim());
    leaf.column(name.as_str()).ok_or_else(|| Error::NoSuchColumn { name: name.as_str().to_owned(), at: None })
}

/// Groups come in the order of their values; the largest go first.
fn table(columns: Vec<String>, groups: Groups, limit: usize) -> Table {
    let counts: Vec<u64> = groups.measures.into_iter().next().unwrap_or_default().into_iter().map(number).collect();
    let mut order: Vec<usize> = (0..groups.len).collect();
    let count = |group: usize| counts.get(group).copied().unwrap_or(0);
    order.sort_by_key(|group| std::cmp::Reverse(count(*group)));
    let shown = |group: usize| {
        let value = |key: &Vec<Option<Value>>| key.get(group).and_then(Option::as_ref).map(Value::shown);
        groups.keys.iter().map(value).chain([Some(count(group).to_string())]).collect()
    };
    Table {
        columns,
        rows: order.into_iter().take(limit).map(shown).collect(),
        groups: groups.len,
        total: counts.iter().sum(),
    }
}

fn number(value: Option<Value>) -> u64 {
    match value {
        Some(Value::Number(number)) => number as u64,
        _ => 0,
    }
}
