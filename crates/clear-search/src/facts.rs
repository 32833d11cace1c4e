//! What is known of persons beside their names, by value: dates of birth and numbers.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Result, Write};

use clear_record::Snapshot;

use hashbrown::HashTable;
use jiff::civil::Date;

use crate::column::Column;
use crate::text;

/// A date as a number in the order of dates, so that its parts can be read back; zero is none.
pub(crate) fn day(date: Date) -> u32 {
    let year = u32::try_from(i32::from(date.year()) + 10_000).unwrap_or_default();
    year << 9 | u32::from(date.month().unsigned_abs()) << 5 | u32::from(date.day().unsigned_abs())
}

/// Year, month and day of such a number.
pub(crate) fn parts_of(day: u32) -> [u32; 3] {
    [day >> 9, day >> 5 & 15, day & 31]
}

/// Dates of birth, and the persons born on a day.
#[derive(Default)]
pub(crate) struct Births {
    of: Column<u32>,
    on: BTreeMap<u32, Vec<u32>>,
}

impl Births {
    pub(crate) fn insert(&mut self, person: u32, day: u32) {
        self.of.set(person, day);
        let persons = self.on.entry(day).or_default();
        if persons.len() == persons.capacity() {
            persons.reserve_exact(persons.len() / 8 + 1);
        }
        persons.push(person);
    }

    pub(crate) fn remove(&mut self, person: u32) {
        let day = self.of(person);
        self.of.set(person, 0);
        if let Some(persons) = self.on.get_mut(&day) {
            persons.retain(|other| *other != person);
            if persons.is_empty() {
                self.on.remove(&day);
            }
        }
    }

    /// Zero if it is not known.
    pub(crate) fn of(&self, person: u32) -> u32 {
        self.of.get(person)
    }

    /// The persons born on these days, the first and the last among them.
    pub(crate) fn within(&self, from: u32, to: u32) -> impl Iterator<Item = u32> + '_ {
        let days = (from <= to).then(|| self.on.range(from..=to));
        days.into_iter().flatten().flat_map(|(_, persons)| persons.iter().copied())
    }

    pub(crate) fn size(&self) -> usize {
        self.of.bytes() + self.on.values().map(|persons| persons.capacity() * 4 + 48).sum::<usize>()
    }
}

clear_record::snapshot!(Births { of, on });

/// A number as a key: up to twelve letters and digits exactly, a longer one by a hash. Zero is none.
pub(crate) fn number_key(number: &str) -> u64 {
    let text = text::number(number);
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0' + 1,
        _ => byte.saturating_sub(b'A') + 11,
    };
    match text.len() {
        // Each letter or digit is more than zero, so that `0` and `00` differ; twelve stay below 2^63.
        0..=12 => text.bytes().fold(0u64, |packed, byte| packed * 37 + u64::from(digit(byte))),
        _ => spread(&text) | 1 << 63,
    }
}

fn spread(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A telephone number as a key: its last ten digits, so that a country's code in front makes no difference.
pub(crate) fn phone_key(phone: &str) -> u64 {
    let digits: String = text::number(phone).chars().filter(char::is_ascii_digit).collect();
    number_key(digits.get(digits.len().saturating_sub(10)..).unwrap_or_default())
}

/// One number for each person, and the persons who have a number.
#[derive(Default)]
pub(crate) struct Numbers {
    of: Column<u64>,
    // The first person of each number, found by the number's hash; the number itself is in the column.
    first: HashTable<u32>,
    more: HashMap<u64, Vec<u32>>,
}

// The table of first persons is made again: it is found by their numbers.
impl Snapshot for Numbers {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.of.write(out)?;
        let first: Vec<u32> = self.first.iter().copied().collect();
        first.write(out)?;
        self.more.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Numbers> {
        let of: Column<u64> = Column::read(from)?;
        let persons: Vec<u32> = Vec::read(from)?;
        let mut first = HashTable::with_capacity(persons.len());
        let hashed = |person: &u32| hash(of.get(*person));
        for person in persons {
            first.insert_unique(hashed(&person), person, hashed);
        }
        let more = HashMap::read(from)?;
        Ok(Numbers { of, first, more })
    }
}

fn hash(key: u64) -> u64 {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

impl Numbers {
    /// Adds a person's number; zero is none.
    pub(crate) fn insert(&mut self, person: u32, key: u64) {
        if key == 0 {
            return;
        }
        self.of.set(person, key);
        if self.first(key).is_some() {
            self.more.entry(key).or_default().push(person);
        } else {
            let of = &self.of;
            self.first.insert_unique(hash(key), person, |person| hash(of.get(*person)));
        }
    }

    fn first(&self, key: u64) -> Option<u32> {
        self.first.find(hash(key), |person| self.of.get(*person) == key).copied()
    }

    /// Zero if there is none.
    pub(crate) fn of(&self, person: u32) -> u64 {
        self.of.get(person)
    }

    pub(crate) fn get(&self, key: u64) -> impl Iterator<Item = u32> + '_ {
        self.first(key).into_iter().chain(self.more.get(&key).into_iter().flatten().copied())
    }

    pub(crate) fn remove(&mut self, person: u32) {
        let key = self.of(person);
        if key == 0 {
            return;
        }
        if let Ok(entry) = self.first.find_entry(hash(key), |other| *other == person) {
            entry.remove();
            let next = self.more.get_mut(&key).and_then(Vec::pop);
            if let Some(next) = next {
                let of = &self.of;
                self.first.insert_unique(hash(key), next, |person| hash(of.get(*person)));
            }
        } else if let Some(more) = self.more.get_mut(&key) {
            more.retain(|other| *other != person);
        }
        if self.more.get(&key).is_some_and(Vec::is_empty) {
            self.more.remove(&key);
        }
        self.of.set(person, 0);
    }

    pub(crate) fn size(&self) -> usize {
        self.of.bytes()
            + self.first.allocation_size()
            + self.more.values().map(|more| more.capacity() * 4 + 48).sum::<usize>()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.more.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_until_they_are_removed() {
        for number in ["HX123456", "0", "a long key that cannot be packed", "Иван", "00"] {
            let mut numbers = Numbers::default();
            for person in [3, 5, 9] {
                numbers.insert(person, number_key(number));
            }
            numbers.insert(10, number_key("other"));
            let found = |numbers: &Numbers| {
                let mut found: Vec<u32> = numbers.get(number_key(number)).collect();
                found.sort_unstable();
                found
            };
            assert_eq!(found(&numbers), [3, 5, 9], "{number}");
            numbers.remove(3);
            assert_eq!(found(&numbers), [5, 9], "{number}");
            for person in [9, 9, 5, 10] {
                numbers.remove(person);
            }
            assert!(numbers.is_empty(), "{number}");
        }
    }

    #[test]
    fn keys_tell_numbers_apart() {
        for (a, b, same) in [
            ("0", "00", false),
            ("IR 77-1", "ir771", true),
            ("123456789012", "1234567890123", false),
            ("", " - ", true),
        ] {
            assert_eq!(number_key(a) == number_key(b), same, "{a} {b}");
        }
        assert_eq!(number_key(""), 0);
        for (a, b, same) in [
            ("(312) 555-0123", "+1 312 555 0123", true),
            ("312 555 0123", "312 555 0124", false),
            ("call me", "", true),
        ] {
            assert_eq!(phone_key(a) == phone_key(b), same, "{a} {b}");
        }
    }

    #[test]
    fn days_are_in_order_and_can_be_read_back() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(parts_of(day(date("1980-02-01"))), [11_980, 2, 1]);
        assert!(day(date("1979-12-31")) < day(date("1980-01-01")));
        let mut births = Births::default();
        for (person, text) in [(0, "1980-02-01"), (4, "1980-02-01"), (7, "1990-01-01")] {
            births.insert(person, day(date(text)));
        }
        births.remove(0);
        assert_eq!(births.within(day(date("1980-01-01")), day(date("1990-01-01"))).collect::<Vec<_>>(), [4, 7]);
        assert_eq!((births.of(0), births.within(5, 4).count()), (0, 0));
    }
}
