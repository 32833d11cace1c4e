//! Where a record's neighbours are found.
//!
//! In:    a person record.
//! Out:   [`BlockKey`]s: records that share none are not looked at together.
//! Never: depends on any other record; so keys tell nothing of what is hidden.

use clear_names::{parts, sound};
use clear_record::Person;

use crate::dict::{hash_bytes, mix};

/// A neighbourhood of a record. A hash; two unlike neighbourhoods may share one, so it finds candidates and decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockKey(pub u64);

/// The neighbourhoods of a person, in order, the same on every machine: the identity number; each name's sound with the
/// whole date of birth, with its year, or with its day; two names' sounds with the year, or alone where there is no date.
pub fn block_keys(person: &Person) -> Vec<BlockKey> {
    let mut keys: Vec<u64> = Vec::new();
    if let Some(number) = &person.identity_number {
        let mut folded = Vec::new();
        if crate::fold::fold_number(number, &mut folded) {
            keys.push(mix(1, hash_bytes(&folded)));
        }
    }
    let names = [&person.given_name, &person.family_name, &person.middle_name];
    let mut sounds: Vec<u64> = names
        .into_iter()
        .flatten()
        .flat_map(|name| parts(name))
        .flat_map(|part| if part.pieces.len() > 1 { part.pieces } else { vec![part.whole] })
        .filter(|word| word.len() > 1)
        .map(|word| sound(&word).number())
        .collect();
    sounds.sort_unstable();
    sounds.dedup();
    sounds.truncate(6);
    let birth = person.date_of_birth.map(|birth| birth.to_string());
    let (year, day) = birth.as_deref().and_then(|birth| birth.split_once('-')).unwrap_or_default();
    for (at, sound) in sounds.iter().enumerate() {
        if !year.is_empty() {
            keys.push(mix(mix(2, *sound), hash_bytes(day.as_bytes())));
        }
        for other in sounds.iter().skip(at + 1) {
            let both = mix(mix(3, *sound), *other);
            keys.push(mix(both, hash_bytes(year.as_bytes())));
            if year.is_empty() {
                keys.push(mix(both, 4));
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(BlockKey).collect()
}
