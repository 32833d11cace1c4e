//! Rows in an order of their own, so that the order in which they were given does not matter.
//!
//! In:    a [`Table`]; the rows that a person decided something about.
//! Out:   [`Ordered`]: the same rows by what they say, values numbered by their first appearance there, and of rows that say
//!        the same too often one alone.
//! Never: takes two rows for copies that differ in a value, or of which one was decided about.
//!
//! # How
//! Estimation draws pairs by number, sums run in order, and ties go to the smaller number: all that is a function of the
//! rows' order. Here the order is that of hashes of what they say, the family name first, so that rows that will be compared
//! lie near each other in memory. Rows that say the same are interchangeable.
//!
//! A row that stands in the table more than [`WHOLE_BLOCK`] times, letter by letter, says nothing about how often strangers
//! agree: it was copied, not met again. One of them is linked, and the others go where it goes ([`Copies`]).
#![expect(clippy::indexing_slicing, reason = "codes index the dictionaries that made them, rows their own columns")]

use hashbrown::HashSet;

use crate::block::WHOLE_BLOCK;
use crate::compare::Pattern;
use crate::declared;
use crate::dict::{Dict, hash_bytes, mix};
use crate::prepared::Prepared;
use crate::role::Role;
use crate::table::{Column, NONE, Table};

/// A table in its own order.
pub(crate) struct Ordered {
    pub(crate) table: Table,
    /// For each of its rows, which one that was as given.
    pub(crate) given: Vec<u32>,
    pub(crate) copies: Vec<Copies>,
}

/// Rows that say the same as another.
pub(crate) struct Copies {
    /// The row in the ordered table that stands for them.
    pub(crate) of: u32,
    /// The others, by their numbers as given.
    pub(crate) rows: Vec<u32>,
    /// Log odds that they are one person by declared weights alone: a full name and a date of birth tell it, a name does not.
    pub(crate) tells: f32,
}

pub(crate) fn ordered(table: Table, decided: &HashSet<u32>) -> Ordered {
    let order = order(&table);
    let same = |a: u32, b: u32| table.columns.iter().all(|column| column.codes[a as usize] == column.codes[b as usize]);
    let mut given: Vec<u32> = Vec::with_capacity(order.len());
    let mut copies: Vec<Copies> = Vec::new();
    for run in order.chunk_by(|a, b| same(*a, *b)) {
        let (kept, free): (Vec<u32>, Vec<u32>) = run.iter().copied().partition(|row| decided.contains(row));
        given.extend(kept);
        match free.split_first() {
            Some((first, rest)) if free.len() > WHOLE_BLOCK && says_something(&table, *first) => {
                let tells = declared_odds(&table, *first);
                copies.push(Copies { of: given.len() as u32, rows: rest.to_vec(), tells });
                given.push(*first);
            }
            _ => given.extend(free),
        }
    }
    Ordered { table: put_in_order(table, &given), given, copies }
}

fn says_something(table: &Table, row: u32) -> bool {
    table.columns.iter().any(|column| column.codes[row as usize] != NONE)
}

/// The rows by what they say.
fn order(table: &Table) -> Vec<u32> {
    let rank = |column: &Column| match column.role {
        Role::Surname => 0,
        Role::FullName => 1,
        Role::GivenName => 2,
        _ => 3,
    };
    let mut columns: Vec<&Column> = table.columns.iter().collect();
    columns.sort_by_key(|column| rank(column));
    let mut keys: Vec<(u64, u64, u32)> = (0..table.rows() as u32).map(|row| (0, 0, row)).collect();
    for (at, column) in columns.into_iter().enumerate() {
        let salt = mix(at as u64, hash_bytes(column.role.name().as_bytes()));
        let hashes: Vec<u64> =
            (0..column.values.len() as u32).map(|code| mix(salt, hash_bytes(column.values.get(code)))).collect();
        for ((first, rest, _), code) in keys.iter_mut().zip(&column.codes) {
            let hash = hashes.get(*code as usize).copied().unwrap_or(salt);
            if at == 0 {
                *first = hash;
            }
            *rest = mix(*rest, hash);
        }
    }
    keys.sort_unstable();
    keys.into_iter().map(|(.., row)| row).collect()
}

/// These rows of the table in this order, each value with the number of its first appearance.
fn put_in_order(table: Table, order: &[u32]) -> Table {
    let column = |column: Column| {
        let mut values = Dict::default();
        let mut codes_of: Vec<u32> = vec![NONE; column.values.len()];
        let mut code = |row: &u32| {
            let old = column.codes[*row as usize];
            if old == NONE {
                return NONE;
            }
            let new = &mut codes_of[old as usize];
            if *new == NONE {
                *new = values.intern(column.values.get(old));
            }
            *new
        };
        let codes = order.iter().map(&mut code).collect();
        Column::of(column.role, codes, values)
    };
    table.with_columns(order.len() as u32, column)
}

/// The roles that weights are declared for.
const DECLARED: [Role; 6] =
    [Role::GivenName, Role::MiddleName, Role::Surname, Role::FullName, Role::DateOfBirth, Role::IdNumber];

/// Log odds that two rows that say what this one says are one person, by declared weights.
fn declared_odds(table: &Table, row: u32) -> f32 {
    let roles: Vec<Role> = DECLARED.into_iter().filter(|role| table.column(*role).is_some()).collect();
    let mut prepared = Prepared::of(Table::new(&roles));
    for _ in 0..2 {
        prepared.push(roles.iter().map(|role| table.value(*role, row).unwrap_or_default()));
    }
    prepared.declare(|role, value| declared::shipped().ln(role, value));
    let mut pattern = Pattern::default();
    prepared.compare(0, 1, &mut pattern);
    declared::shipped().model.fitted_to(&prepared.comparisons).score(&pattern)
}
