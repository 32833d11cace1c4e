//! Everything that persons are found by, but their addresses.
//!
//! In:    persons, each with its row.
//! Out:   persons' numbers by name, date, number, telephone and mark; and what each person has of these.
//! Never: looks at a label: who may see a class of fields is asked in `find/person.rs`, before a field of it is looked at.
//!
//! # How
//! Persons are numbered by themselves, without gaps for records of other kinds, in the order of their rows. Taking one
//! out leaves its number empty.

use clear_record::{Person, Sex};

use crate::column::Column;
use crate::facts::{Births, Numbers, day, number_key, phone_key};
use crate::names::Names;
use crate::rows::RowId;
use crate::text;
use crate::words::Words;

/// The persons of an index.
#[derive(Default)]
pub(crate) struct Persons {
    // Ascending. The row of one that was taken out stays, and is no row any more.
    rows: Vec<RowId>,
    // Class identity.
    pub(crate) names: Names,
    pub(crate) births: Births,
    pub(crate) identity_numbers: Numbers,
    // Class biometric.
    sexes: Column<u8>,
    pub(crate) marks: Words,
    // Class contact.
    pub(crate) phones: Numbers,
}

clear_record::snapshot!(Persons { rows, names, births, identity_numbers, sexes, marks, phones });

/// Words of a description that say nothing.
const EMPTY_WORDS: [&str; 10] = ["A", "AN", "AND", "AT", "IN", "OF", "ON", "THE", "TO", "WITH"];

/// The words of scars, marks and tattoos, and of a question for them.
pub(crate) fn mark_words(text: &str) -> Vec<String> {
    let words = text::name_parts(text)
        .into_iter()
        .flat_map(|part| if part.pieces.is_empty() { vec![part.whole] } else { part.pieces });
    words.filter(|word| !EMPTY_WORDS.contains(&word.as_str())).collect()
}

impl Persons {
    /// Adds a person. Rows come ascending.
    pub(crate) fn insert(&mut self, row: RowId, person: &Person) {
        let number = self.rows.len() as u32;
        self.rows.push(row);
        self.names.push(person);
        if let Some(birth) = person.date_of_birth {
            self.births.insert(number, day(birth));
        }
        self.identity_numbers.insert(number, person.identity_number.as_deref().map_or(0, number_key));
        self.phones.insert(number, person.phone.as_deref().map_or(0, phone_key));
        self.sexes.set(number, sex_code(person.sex));
        let marks = person.marks.as_deref().map(mark_words).unwrap_or_default();
        if !marks.is_empty() {
            self.marks.insert(number, marks.iter().map(|word| (word.as_str(), 0)));
        }
    }

    /// Puts in order what came in any, and leaves no trace of what is gone.
    pub(crate) fn settle(&mut self) {
        self.names.settle();
    }

    pub(crate) fn remove(&mut self, row: RowId) {
        let Some(number) = self.of(row) else { return };
        self.names.remove(number);
        self.births.remove(number);
        self.identity_numbers.remove(number);
        self.phones.remove(number);
        self.sexes.set(number, 0);
        self.marks.remove(number);
    }

    /// The person of a row.
    pub(crate) fn of(&self, row: RowId) -> Option<u32> {
        self.rows.binary_search(&row).ok().map(|at| at as u32)
    }

    pub(crate) fn row(&self, number: u32) -> RowId {
        self.rows.get(number as usize).copied().unwrap_or(RowId::MAX)
    }

    pub(crate) fn sex(&self, number: u32) -> Option<Sex> {
        match self.sexes.get(number) {
            1 => Some(Sex::Male),
            2 => Some(Sex::Female),
            3 => Some(Sex::Unknown),
            _ => None,
        }
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.rows.capacity() * 4
            + self.names.size()
            + self.births.size()
            + self.identity_numbers.size()
            + self.sexes.bytes()
            + self.phones.size()
    }
}

fn sex_code(sex: Option<Sex>) -> u8 {
    match sex {
        None => 0,
        Some(Sex::Male) => 1,
        Some(Sex::Female) => 2,
        Some(Sex::Unknown) => 3,
    }
}
