//! A table made ready to be compared: names cut into words, each value's shape and rarity computed once.
//!
//! In:    a [`Table`]; later, single rows.
//! Out:   [`Prepared`]: the values of each row beside each other, so that comparing two rows reads two places.
//! Never: compares.
#![expect(clippy::indexing_slicing, reason = "codes index the dictionaries that made them")]

use hashbrown::HashMap;

use crate::company::Company;
use crate::dict::Dict;
use crate::levels::Kind;
use crate::rarity::Rarity;
use crate::role::Role;
use crate::table::{Column, NONE, Table, fold};
use crate::words::{Shape, Words};

/// Comparisons at most: one for each role.
pub(crate) const MOST: usize = 20;

/// Other names of a row that are kept.
pub(crate) const REST: usize = 3;

/// The rows, ready to be compared.
pub(crate) struct Prepared {
    pub(crate) rows: u32,
    stride: usize,
    cells: Vec<u32>,
    pub(crate) words: Words,
    /// Which names keep company; nothing, unless it was learnt from the rows.
    pub(crate) company: Company,
    pub(crate) given: Option<usize>,
    pub(crate) surname: Option<usize>,
    /// The first of [`REST`] cells with names that are neither.
    pub(crate) rest: Option<usize>,
    pub(crate) fields: Vec<Field>,
    pub(crate) comparisons: Vec<Comparison>,
    roles: Vec<Role>,
}

/// One comparison of this table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparison {
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    /// Which of `fields`; not for names.
    pub(crate) field: usize,
}

/// A comparison's values.
pub(crate) struct Field {
    pub(crate) role: Role,
    pub(crate) slot: usize,
    pub(crate) values: Dict,
    shapes: Vec<Shape>,
    /// Of dates, the eight digits in a number.
    pub(crate) digits: Vec<u32>,
    pub(crate) rarity: Rarity,
    /// Of a street: the house number, and both as one value.
    pub(crate) number: Option<(usize, Dict)>,
    pub(crate) both: Option<Both>,
}

/// Street and house number as one value.
pub(crate) struct Both {
    pub(crate) slot: usize,
    pairs: HashMap<u64, u32>,
    pub(crate) rarity: Rarity,
}

impl Prepared {
    pub(crate) fn of(table: Table) -> Prepared {
        let roles: Vec<Role> = table.roles().collect();
        let rows = table.rows() as u32;
        let mut prepared = Prepared::shaped(roles);
        prepared.rows = rows;
        prepared.cells = vec![NONE; rows as usize * prepared.stride];
        let mut columns: Vec<Column> = table.columns;
        let mut take = |role: Role| columns.iter().position(|c| c.role == role).map(|at| columns.swap_remove(at));
        let names = NAMES.map(&mut take);
        let numbers = take(Role::StreetNumber);
        prepared.put_names(&names);
        drop(names);
        let stride = prepared.stride;
        for at in 0..prepared.fields.len() {
            let Some(column) = take(prepared.fields[at].role) else { continue };
            let cells = &mut prepared.cells;
            let field = &mut prepared.fields[at];
            column.codes.iter().enumerate().for_each(|(row, code)| cells[row * stride + field.slot] = *code);
            column.codes.iter().for_each(|code| field.rarity.add(*code));
            field.values = column.values;
            let (Some((slot, dict)), Some(column)) = (&mut field.number, &numbers) else { continue };
            column.codes.iter().enumerate().for_each(|(row, code)| cells[row * stride + *slot] = *code);
            *dict = column.values.clone();
        }
        if let Some(column) = &numbers
            && let Some(field) = prepared.fields.iter_mut().find(|field| field.role == Role::StreetNumber)
        {
            column.codes.iter().enumerate().for_each(|(row, code)| prepared.cells[row * stride + field.slot] = *code);
            column.codes.iter().for_each(|code| field.rarity.add(*code));
            field.values = column.values.clone();
        }
        for field in &mut prepared.fields {
            field.settle(&mut prepared.cells, stride);
        }
        prepared.words.settle(rows);
        prepared
    }

    /// Which cells a row of these roles has, and what is compared.
    fn shaped(roles: Vec<Role>) -> Prepared {
        let has = |role: Role| roles.contains(&role);
        let parts = has(Role::GivenName) || has(Role::Surname);
        let mut stride = 0;
        let mut slot = |cells: usize| {
            stride += cells;
            stride - cells
        };
        let given = (has(Role::GivenName) || (!parts && has(Role::FullName))).then(|| slot(1));
        let surname = (has(Role::Surname) || (!parts && has(Role::FullName))).then(|| slot(1));
        let rest = (given.is_some() || has(Role::MiddleName) || has(Role::FullName)).then(|| slot(REST));
        let mut comparisons = Vec::new();
        let names = [
            (Role::GivenName, Kind::Given, given),
            (Role::Surname, Kind::Surname, surname),
            (Role::MiddleName, Kind::Middle, rest),
        ];
        for (role, kind, slot) in names {
            if slot.is_some() {
                comparisons.push(Comparison { role, kind, field: 0 });
            }
        }
        let mut fields = Vec::new();
        for role in Role::ALL {
            let street = *role == Role::Address && has(Role::StreetNumber);
            let lone = *role == Role::StreetNumber && !has(Role::Address);
            let kind = if lone { Some(Kind::Number) } else { Kind::of(*role) };
            let Some(kind) = kind.filter(|_| has(*role) && !NAMES.contains(role)) else { continue };
            comparisons.push(Comparison { role: *role, kind, field: fields.len() });
            fields.push(Field {
                role: *role,
                slot: slot(1),
                values: Dict::default(),
                shapes: Vec::new(),
                digits: Vec::new(),
                rarity: Rarity::default(),
                number: street.then(|| (slot(1), Dict::default())),
                both: street.then(|| Both { slot: slot(1), pairs: HashMap::new(), rarity: Rarity::default() }),
            });
        }
        Prepared {
            rows: 0,
            stride,
            cells: Vec::new(),
            words: Words::default(),
            company: Company::default(),
            given,
            surname,
            rest,
            fields,
            comparisons,
            roles,
        }
    }

    /// Takes what is rare from a declaration, of each role and value, instead of counting it.
    pub(crate) fn declare(&mut self, ln: impl Fn(Role, &[u8]) -> f32) {
        let words = 0..self.words.len() as u32;
        let of = |role: Role| words.clone().map(|word| ln(role, self.words.text(word))).collect::<Vec<f32>>();
        let (given, surname) = (of(Role::GivenName), of(Role::Surname));
        let any = given.iter().zip(&surname).map(|(given, surname)| given.min(*surname)).collect();
        self.words.given.declare(given);
        self.words.surname.declare(surname);
        self.words.any.declare(any);
        for field in &mut self.fields {
            let values = 0..field.values.len() as u32;
            field.rarity.declare(values.map(|code| ln(field.role, field.values.get(code))).collect());
        }
    }

    /// A row's cells.
    pub(crate) fn row(&self, row: u32) -> &[u32] {
        let start = row as usize * self.stride;
        &self.cells[start..start + self.stride]
    }

    /// Reads a little of each row and of its names, so that they are near when they are compared.
    pub(crate) fn touch(&self, rows: impl Iterator<Item = u32> + Clone) {
        let mut seen = 0;
        for row in rows.clone() {
            let cells = self.row(row);
            seen ^= cells.first().copied().unwrap_or(0) ^ cells.last().copied().unwrap_or(0);
        }
        for row in rows {
            let cells = self.row(row);
            for slot in [self.given, self.surname].into_iter().flatten().filter(|slot| cells[*slot] != NONE) {
                seen ^= self.words.touch(cells[slot]);
            }
            for field in &self.fields {
                let code = cells[field.slot] as usize;
                seen ^= field.shapes.get(code).map_or(0, |shape| u32::from(shape.len));
            }
        }
        std::hint::black_box(seen);
    }

    pub(crate) fn field(&self, role: Role) -> Option<&Field> {
        self.fields.iter().find(|field| field.role == role)
    }

    fn put_names(&mut self, columns: &[Option<Column>; 4]) {
        // The words of each different value, once.
        let mut scratch = Vec::new();
        let cut: [Vec<Box<[u32]>>; 4] = std::array::from_fn(|which| {
            let Some(column) = &columns[which] else { return Vec::new() };
            let whole = NAMES[which] == Role::Surname;
            let one = |code: u32| {
                self.words.cut(column.values.get(code), whole, &mut scratch);
                scratch.as_slice().into()
            };
            (0..column.values.len() as u32).map(one).collect()
        });
        for row in 0..self.rows {
            let words: [&[u32]; 4] = std::array::from_fn(|which| match &columns[which] {
                Some(column) if column.codes[row as usize] != NONE => &*cut[which][column.codes[row as usize] as usize],
                _ => &[],
            });
            self.put_name(row, words, true);
        }
    }

    /// Which word of a row plays which part.
    fn put_name(&mut self, row: u32, [of_given, of_surname, of_middle, of_full]: [&[u32]; 4], count: bool) {
        let split = !self.roles.contains(&Role::GivenName) && !self.roles.contains(&Role::Surname);
        let (given, surname, others): (u32, u32, [&[u32]; 3]) = match (split, of_full) {
            (true, []) => (NONE, NONE, [of_middle, &[], &[]]),
            (true, [one]) => (*one, NONE, [of_middle, &[], &[]]),
            (true, [first, between @ .., last]) => (*first, *last, [between, of_middle, &[]]),
            (false, _) => {
                let given = of_given.first().copied().unwrap_or(NONE);
                let surname = of_surname.first().copied().unwrap_or(NONE);
                (given, surname, [of_given.get(1..).unwrap_or_default(), of_middle, of_full])
            }
        };
        let mut rest = [NONE; REST];
        let mut at = 0;
        for word in others.into_iter().flatten() {
            if at < REST && *word != given && *word != surname && !rest.contains(word) {
                rest[at] = *word;
                at += 1;
            }
        }
        let start = row as usize * self.stride;
        let cells = &mut self.cells[start..start + self.stride];
        for (slot, word) in [(self.given, given), (self.surname, surname)] {
            if let Some(slot) = slot {
                cells[slot] = word;
            }
        }
        if let Some(slot) = self.rest {
            cells[slot..slot + REST].copy_from_slice(&rest);
        }
        if count {
            self.words.given.add(given);
            self.words.surname.add(surname);
            [given, surname].into_iter().chain(rest).for_each(|word| self.words.any.add(word));
        }
    }

    /// The rows under other numbers: each at the place that `given` says, and copies of some at further places. What is rare
    /// stays as it was settled.
    pub(crate) fn in_given_order<'a>(
        mut self,
        given: &'a [u32],
        copies: impl Iterator<Item = (u32, &'a [u32])> + Clone,
    ) -> Prepared {
        let rows = given.len() + copies.clone().map(|(_, rows)| rows.len()).sum::<usize>();
        let mut cells = vec![NONE; rows * self.stride];
        let each = (0..).zip(given).map(|(of, row)| (of, std::slice::from_ref(row)));
        for (of, rows) in each.chain(copies) {
            for row in rows {
                let start = *row as usize * self.stride;
                cells[start..start + self.stride].copy_from_slice(self.row(of));
            }
        }
        self.cells = cells;
        self.rows = rows as u32;
        self
    }

    /// Adds a row whose values are in the order of the table's roles. What is rare stays as it was settled.
    pub(crate) fn push<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) -> u32 {
        let row = self.rows;
        self.rows += 1;
        self.cells.resize(self.rows as usize * self.stride, NONE);
        let mut scratch = Vec::new();
        let mut words: [Vec<u32>; 4] = Default::default();
        let start = row as usize * self.stride;
        let roles = self.roles.clone();
        for (role, value) in roles.iter().zip(values) {
            if !fold(*role, value, crate::fold::DateOrder::MonthFirst, &mut scratch) {
                continue;
            }
            if let Some(which) = NAMES.iter().position(|name| name == role) {
                self.words.cut(&scratch, *role == Role::Surname, &mut words[which]);
            } else if let Some(field) = self.fields.iter_mut().find(|field| field.role == *role) {
                self.cells[start + field.slot] = field.code(&scratch);
            } else if *role == Role::StreetNumber
                && let Some((slot, dict)) = self.fields.iter_mut().find_map(|field| field.number.as_mut())
            {
                self.cells[start + *slot] = dict.intern(&scratch);
            }
        }
        for field in &mut self.fields {
            field.put_both(&mut self.cells[start..], false);
        }
        let [given, surname, middle, full] = &words;
        self.put_name(row, [given, surname, middle, full], false);
        row
    }
}

/// The roles that are names, in the order in which they are cut.
const NAMES: [Role; 4] = [Role::GivenName, Role::Surname, Role::MiddleName, Role::FullName];

impl Field {
    pub(crate) fn shape(&self, code: u32) -> Shape {
        self.shapes[code as usize]
    }

    fn settle(&mut self, cells: &mut [u32], stride: usize) {
        for code in 0..self.values.len() as u32 {
            self.describe(code);
        }
        self.rarity.settle(self.values.len());
        cells.chunks_exact_mut(stride.max(1)).for_each(|row| self.put_both(row, true));
        if let Some(both) = &mut self.both {
            both.rarity.settle(both.pairs.len());
        }
    }

    fn describe(&mut self, code: u32) {
        let value = self.values.get(code);
        if self.role == Role::DateOfBirth {
            self.digits.push(value.iter().fold(0, |digits, byte| digits << 4 | u32::from(byte & 15)));
        } else {
            self.shapes.push(Shape::of(value));
        }
    }

    fn code(&mut self, folded: &[u8]) -> u32 {
        let known = self.values.len();
        let code = self.values.intern(folded);
        if code as usize == known {
            self.describe(code);
        }
        code
    }

    fn put_both(&mut self, cells: &mut [u32], count: bool) {
        let (Some((number, _)), Some(both)) = (&self.number, &mut self.both) else { return };
        let (street, number) = (cells[self.slot], cells[*number]);
        if street != NONE && number != NONE {
            let next = both.pairs.len() as u32;
            let code = *both.pairs.entry(u64::from(street) << 32 | u64::from(number)).or_insert(next);
            cells[both.slot] = code;
            if count {
                both.rarity.add(code);
            }
        }
    }
}
