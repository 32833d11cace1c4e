//! A table made ready to be compared: names cut into words, each value's shape and rarity computed once.
//!
//! In:    a [`Table`].
//! Out:   [`Prepared`]: for each comparison the values of every row.
//! Never: compares.
#![expect(clippy::indexing_slicing, reason = "codes index the dictionaries that made them")]

use crate::dict::{Dict, mix};
use crate::levels::{self, Kind};
use crate::role::Role;
use crate::table::{Column, NONE, Table};
use crate::words::Shape;
use hashbrown::HashMap;

/// Comparisons at most: one for each role.
pub(crate) const MOST: usize = 20;

/// The rows, ready to be compared.
pub(crate) struct Prepared {
    pub(crate) rows: u32,
    pub(crate) words: Words,
    pub(crate) given: Vec<u32>,
    pub(crate) surname: Vec<u32>,
    /// Names that are neither, three at most.
    pub(crate) rest: Vec<[u32; 3]>,
    pub(crate) fields: Vec<Field>,
    pub(crate) comparisons: Vec<Comparison>,
}

/// One comparison of this table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparison {
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    pub(crate) shared: bool,
    /// Which of `fields`; not for names.
    pub(crate) field: usize,
}

/// The words of all names.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) dict: Dict,
    pub(crate) shape: Vec<Shape>,
    /// The parts of a hyphenated or spaced name.
    pub(crate) pieces: Vec<[u32; 2]>,
    /// The nicknames of each word that are words here too.
    pub(crate) nicknames: Vec<Vec<u32>>,
    pub(crate) given: Rarity,
    pub(crate) surname: Rarity,
    pub(crate) any: Rarity,
}

/// How rare each value is: the logarithm of one over its share of the values.
#[derive(Default, Clone)]
pub(crate) struct Rarity {
    pub(crate) counts: Vec<u32>,
    pub(crate) total: u32,
}

impl Rarity {
    pub(crate) fn add(&mut self, code: u32) {
        if code == NONE {
            return;
        }
        if self.counts.len() <= code as usize {
            self.counts.resize(code as usize + 1, 0);
        }
        self.counts[code as usize] += 1;
        self.total += 1;
    }

    pub(crate) fn of(codes: &[u32], values: usize) -> Rarity {
        let mut rarity = Rarity { counts: vec![0; values], total: 0 };
        codes.iter().for_each(|code| rarity.add(*code));
        rarity
    }

    pub(crate) fn count(&self, code: u32) -> u32 {
        self.counts.get(code as usize).copied().unwrap_or(0)
    }

    /// ln(1 / share), of the rarer of two values.
    pub(crate) fn ln(&self, a: u32, b: u32) -> f32 {
        let count = self.count(a).min(self.count(b)).max(1);
        (self.total.max(1) as f32 / count as f32).ln()
    }
}

/// A comparison's values.
pub(crate) struct Field {
    pub(crate) codes: Vec<u32>,
    pub(crate) values: Dict,
    pub(crate) shape: Vec<Shape>,
    pub(crate) rarity: Rarity,
    /// Of a street: the house numbers of the rows and the values of both together.
    pub(crate) number: Option<(Vec<u32>, Dict)>,
    pub(crate) both: Option<(Vec<u32>, Rarity)>,
}

impl Prepared {
    pub(crate) fn of(table: Table) -> Prepared {
        let rows = table.rows() as u32;
        let mut columns: Vec<Column> = table.columns;
        let mut take =
            |role: Role| columns.iter().position(|column| column.role == role).map(|at| columns.swap_remove(at));
        let mut names =
            Names::of(take(Role::GivenName), take(Role::Surname), take(Role::MiddleName), take(Role::FullName), rows);
        let mut numbers = take(Role::StreetNumber);
        let mut comparisons = Vec::new();
        let mut fields = Vec::new();
        let mut name =
            |role, kind| comparisons.push(Comparison { role, kind, shared: levels::shared_at_home(role), field: 0 });
        if !names.given.is_empty() {
            name(Role::GivenName, Kind::Given);
        }
        if !names.surname.is_empty() {
            name(Role::Surname, Kind::Surname);
        }
        if !names.rest.is_empty() {
            name(Role::MiddleName, Kind::Middle);
        }
        for role in Role::ALL {
            let (Some(kind), Some(column)) = (Kind::of(*role), take(*role)) else { continue };
            let number = if *role == Role::Address { numbers.take() } else { None };
            comparisons.push(Comparison {
                role: *role,
                kind,
                shared: levels::shared_at_home(*role),
                field: fields.len(),
            });
            fields.push(Field::of(column, kind, number));
        }
        if let Some(column) = numbers.take() {
            comparisons.push(Comparison {
                role: Role::StreetNumber,
                kind: Kind::Number,
                shared: true,
                field: fields.len(),
            });
            fields.push(Field::of(column, Kind::Number, None));
        }
        names.words.meet_nicknames();
        Prepared {
            rows,
            words: names.words,
            given: names.given,
            surname: names.surname,
            rest: names.rest,
            fields,
            comparisons,
        }
    }

    pub(crate) fn field(&self, role: Role) -> Option<&Field> {
        self.comparisons
            .iter()
            .find(|c| c.role == role && !matches!(c.kind, Kind::Given | Kind::Surname | Kind::Middle))
            .map(|c| &self.fields[c.field])
    }
}

impl Field {
    fn of(column: Column, kind: Kind, number: Option<Column>) -> Field {
        let shape = match kind {
            Kind::Exact | Kind::Date => Vec::new(),
            _ => (0..column.values.len() as u32).map(|code| Shape::of(column.values.get(code))).collect(),
        };
        let rarity = Rarity::of(&column.codes, column.values.len());
        let mut field = Field { codes: column.codes, values: column.values, shape, rarity, number: None, both: None };
        if let Some(number) = number {
            let mut pairs: HashMap<u64, u32> = HashMap::new();
            let both: Vec<u32> = field
                .codes
                .iter()
                .zip(&number.codes)
                .map(|(street, number)| {
                    if *street == NONE || *number == NONE {
                        return NONE;
                    }
                    let next = pairs.len() as u32;
                    *pairs.entry(u64::from(*street) << 32 | u64::from(*number)).or_insert(next)
                })
                .collect();
            let rarity = Rarity::of(&both, pairs.len());
            field.both = Some((both, rarity));
            field.number = Some((number.codes, number.values));
        }
        field
    }
}

/// Names as words.
#[derive(Default)]
struct Names {
    words: Words,
    given: Vec<u32>,
    surname: Vec<u32>,
    rest: Vec<[u32; 3]>,
}

impl Names {
    fn of(
        given: Option<Column>,
        surname: Option<Column>,
        middle: Option<Column>,
        full: Option<Column>,
        rows: u32,
    ) -> Names {
        let mut names = Names::default();
        let split = given.is_none() && surname.is_none();
        let columns = [given, surname, middle, full];
        // The words of each different value, once.
        let cut: Vec<Option<Vec<Vec<u32>>>> = columns
            .iter()
            .enumerate()
            .map(|(which, column)| {
                let column = column.as_ref()?;
                Some(
                    (0..column.values.len() as u32)
                        .map(|code| names.words.cut(column.values.get(code), which == 1))
                        .collect(),
                )
            })
            .collect();
        let any_given = columns[0].is_some() || (split && columns[3].is_some());
        let any_surname = columns[1].is_some() || (split && columns[3].is_some());
        let any_rest = columns[2].is_some() || columns[3].is_some();
        let empty: Vec<u32> = Vec::new();
        let of = |which: usize, row: u32| -> &[u32] {
            let (Some(column), Some(cut)) = (&columns[which], &cut[which]) else { return &empty };
            let code = column.codes[row as usize];
            if code == NONE { &empty } else { &cut[code as usize] }
        };
        let mut rest_seen = false;
        for row in 0..rows {
            let mut rest = [NONE; 3];
            let mut at = 0;
            let (mut given, mut surname) = (NONE, NONE);
            let mut put = |word: u32, given: u32, surname: u32, rest: &mut [u32; 3]| {
                if word != given && word != surname && at < 3 && !rest.contains(&word) {
                    rest[at] = word;
                    at += 1;
                }
            };
            if split {
                match of(3, row) {
                    [] => {}
                    [one] => given = *one,
                    [first, middle @ .., last] => {
                        given = *first;
                        surname = *last;
                        middle.iter().for_each(|word| put(*word, given, surname, &mut rest));
                    }
                }
            } else {
                let of_given = of(0, row);
                given = of_given.first().copied().unwrap_or(NONE);
                surname = of(1, row).first().copied().unwrap_or(NONE);
                of_given.iter().skip(1).for_each(|word| put(*word, given, surname, &mut rest));
                of(2, row).iter().for_each(|word| put(*word, given, surname, &mut rest));
                of(3, row).iter().for_each(|word| put(*word, given, surname, &mut rest));
            }
            rest_seen |= at > 0;
            if any_given {
                names.words.given.add(given);
                names.words.any.add(given);
                names.given.push(given);
            }
            if any_surname {
                names.words.surname.add(surname);
                names.words.any.add(surname);
                names.surname.push(surname);
            }
            if any_rest || rest_seen {
                names.rest.resize(row as usize, [NONE; 3]);
                rest.iter().for_each(|word| names.words.any.add(*word));
                names.rest.push(rest);
            }
        }
        names
    }
}

impl Words {
    fn meet_nicknames(&mut self) {
        self.nicknames = vec![Vec::new(); self.dict.len()];
        for (name, nickname) in crate::nick::list() {
            if let (Some(name), Some(nickname)) = (self.dict.find(name), self.dict.find(nickname)) {
                self.nicknames[name as usize].push(nickname);
            }
        }
    }

    /// The words of a name; a family name is one word with pieces.
    fn cut(&mut self, name: &[u8], whole: bool) -> Vec<u32> {
        if whole {
            return vec![self.word(name)];
        }
        name.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).map(|word| self.word(word)).collect()
    }

    fn word(&mut self, written: &[u8]) -> u32 {
        let joined: Vec<u8> = written.iter().copied().filter(|byte| !matches!(byte, b'-' | b' ')).collect();
        let code = self.dict.intern(&joined);
        if code as usize == self.shape.len() {
            self.shape.push(Shape::of(&joined));
            self.pieces.push([NONE; 2]);
            let parts: Vec<&[u8]> =
                written.split(|byte| matches!(byte, b'-' | b' ')).filter(|part| part.len() > 1).collect();
            if parts.len() > 1 {
                let first = self.word(parts[0]);
                let last = self.word(parts[parts.len() - 1]);
                self.pieces[code as usize] = [first, last];
            }
        }
        code
    }
}

/// A key of two codes.
pub(crate) fn key(salt: u64, a: u64, b: u64) -> u64 {
    mix(mix(salt, a), b)
}
