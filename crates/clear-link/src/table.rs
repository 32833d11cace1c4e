//! Records as columns of codes.
//!
//! In:    rows of values, each under a [`Role`].
//! Out:   a [`Table`]: for each role a code a row, and each different value once, folded.
//! Never: reads a file; knows which rows are the same person.
//!
//! # How
//! A value is looked up as it was written; only a value that was not seen before is folded. So the cost of folding
//! grows with the number of different values, not of rows.

use crate::dict::Dict;
use crate::fold::{self, DateOrder};
use crate::role::Role;

/// No value: missing is missing, neither agreement nor disagreement.
pub(crate) const NONE: u32 = u32::MAX;

/// Rows that may be about the same persons. Rows are numbered from 0 in the order in which they are added.
#[derive(Clone, Default)]
pub struct Table {
    rows: u32,
    files: Vec<u32>,
    pub(crate) columns: Vec<Column>,
}

/// One role's values.
#[derive(Clone)]
pub(crate) struct Column {
    pub(crate) role: Role,
    pub(crate) codes: Vec<u32>,
    pub(crate) values: Dict,
    written: Dict,
    folded: Vec<u32>,
    order: DateOrder,
}

impl Table {
    /// A table of these roles, in the order in which [`Table::push`] will be given their values.
    pub fn new(roles: &[Role]) -> Table {
        let column = |role: &Role| Column {
            role: *role,
            codes: Vec::new(),
            values: Dict::default(),
            written: Dict::default(),
            folded: Vec::new(),
            order: DateOrder::MonthFirst,
        };
        Table { rows: 0, files: vec![0], columns: roles.iter().map(column).collect() }
    }

    /// From here on, rows are of a further file.
    pub fn next_file(&mut self) {
        self.files.push(self.rows);
    }

    /// The roles, in order.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        self.columns.iter().map(|column| column.role)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows as usize
    }

    /// The file of a row, from 0.
    pub fn file_of(&self, row: u32) -> usize {
        self.files.partition_point(|start| *start <= row).saturating_sub(1)
    }

    /// Adds a row; values beyond the roles are not looked at, values left out are missing.
    pub fn push<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) -> u32 {
        let mut values = values.into_iter();
        let mut scratch = Vec::new();
        for column in &mut self.columns {
            let code = values.next().map_or(NONE, |value| column.code(value, &mut scratch));
            column.codes.push(code);
        }
        self.rows += 1;
        self.rows - 1
    }

    /// In which order dates with the year last are written, learnt from these values. To be called, if at all, before
    /// the first row.
    pub fn learn_date_order<'a>(&mut self, role: Role, written: impl IntoIterator<Item = &'a str>) {
        let (mut day, mut month) = (0_usize, 0_usize);
        for order in written.into_iter().filter_map(fold::order_shown) {
            match order {
                DateOrder::DayFirst => day += 1,
                DateOrder::MonthFirst => month += 1,
            }
        }
        for column in self.columns.iter_mut().filter(|column| column.role == role) {
            column.order = if day > month { DateOrder::DayFirst } else { DateOrder::MonthFirst };
        }
    }

    pub(crate) fn column(&self, role: Role) -> Option<&Column> {
        self.columns.iter().find(|column| column.role == role)
    }

    /// A row's folded value.
    pub fn value(&self, role: Role, row: u32) -> Option<&str> {
        let column = self.column(role)?;
        let code = column.codes.get(row as usize).copied().filter(|code| *code != NONE)?;
        Some(column.values.text(code))
    }
}

impl Table {
    /// The table with other columns, of so many rows.
    pub(crate) fn with_columns(self, rows: u32, column: impl FnMut(Column) -> Column) -> Table {
        Table { rows, files: self.files, columns: self.columns.into_iter().map(column).collect() }
    }
}

impl Column {
    /// A column that takes no more rows.
    pub(crate) fn of(role: Role, codes: Vec<u32>, values: Dict) -> Column {
        let (written, folded) = (Dict::default(), Vec::new());
        Column { role, codes, values, written, folded, order: DateOrder::MonthFirst }
    }

    fn code(&mut self, value: &str, scratch: &mut Vec<u8>) -> u32 {
        if value.is_empty() {
            return NONE;
        }
        let written = self.written.intern(value.as_bytes());
        if let Some(code) = self.folded.get(written as usize) {
            return *code;
        }
        let code = if fold(self.role, value, self.order, scratch) { self.values.intern(scratch) } else { NONE };
        self.folded.push(code);
        code
    }
}

/// Folds a value as its role wants it; `false` where it says nothing.
pub(crate) fn fold(role: Role, value: &str, order: DateOrder, out: &mut Vec<u8>) -> bool {
    match role {
        Role::DateOfBirth => fold::fold_date(value, order, out),
        Role::Phone | Role::IdNumber | Role::StreetNumber => fold::fold_number(value, out),
        Role::Email => fold::fold_email(value, out),
        _ => fold::fold_words(value, out),
    }
}
