//! Addresses, normalised: `3134 West Chicago Avenue, Apt 2` is `3134 W CHICAGO AVE`, on the block `031XX`.

use std::collections::HashMap;

use crate::query::Why;
use crate::rows::RowId;
use crate::text;
use crate::words::Words;

const WORDS: [(&str, &str); 36] = [
    ("NORTH", "N"),
    ("SOUTH", "S"),
    ("EAST", "E"),
    ("WEST", "W"),
    ("NORTHEAST", "NE"),
    ("NORTHWEST", "NW"),
    ("SOUTHEAST", "SE"),
    ("SOUTHWEST", "SW"),
    ("AVENUE", "AVE"),
    ("AV", "AVE"),
    ("STREET", "ST"),
    ("STR", "ST"),
    ("BOULEVARD", "BLVD"),
    ("BLV", "BLVD"),
    ("BL", "BLVD"),
    ("ROAD", "RD"),
    ("DRIVE", "DR"),
    ("LANE", "LN"),
    ("PLACE", "PL"),
    ("COURT", "CT"),
    ("PARKWAY", "PKWY"),
    ("PKY", "PKWY"),
    ("TERRACE", "TER"),
    ("TERR", "TER"),
    ("CIRCLE", "CIR"),
    ("HIGHWAY", "HWY"),
    ("EXPRESSWAY", "EXPY"),
    ("XPY", "EXPY"),
    ("SQUARE", "SQ"),
    ("PLAZA", "PLZ"),
    ("TRAIL", "TRL"),
    ("ALLEY", "ALY"),
    ("ROW", "ROW"),
    ("WAY", "WAY"),
    ("SAINT", "ST"),
    ("CRESCENT", "CRES"),
];

const UNITS: [&str; 8] = ["APT", "APARTMENT", "UNIT", "SUITE", "STE", "FLOOR", "FL", "RM"];

/// Whether a normalised word is the kind of a street.
pub(crate) fn is_street_kind(word: &str) -> bool {
    WORDS.iter().skip(8).any(|(long, short)| word == *short || word == *long)
}

/// An address taken apart.
#[derive(Debug, PartialEq)]
struct Address {
    /// The house number without leading zeros.
    number: Option<String>,
    /// The block of that number, or the block itself: `031XX`.
    block: Option<String>,
    /// The words of the street.
    street: Vec<String>,
}

fn address(text: &str) -> Address {
    // What follows a comma or a number sign is unit, city and postcode.
    let street = text.split([',', '#']).next().unwrap_or_default();
    let mut address = Address { number: None, block: None, street: Vec::new() };
    for (at, word) in text::name_parts(street).into_iter().map(|part| part.whole).enumerate() {
        if at == 0 && word.len() <= 6 && word.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = word.trim_start_matches('0');
            address.block = Some(format!("{:0>3}XX", number.get(..number.len().saturating_sub(2)).unwrap_or_default()));
            address.number = Some(number.to_owned());
        } else if at == 0 && word.ends_with("XX") && word.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
            address.block = Some(format!("{:0>5}", word.trim_start_matches('0')));
        } else if UNITS.contains(&word.as_str()) && !address.street.is_empty() {
            break;
        } else {
            let short = WORDS.iter().find(|(long, _)| *long == word).map(|(_, short)| (*short).to_owned());
            address.street.push(short.unwrap_or(word));
        }
    }
    address
}

/// The addresses of one field class.
#[derive(Default)]
pub(crate) struct Addresses(Words);

impl Addresses {
    pub(crate) fn insert(&mut self, row: RowId, text: &str) {
        let Address { number, block, street } = address(text);
        if number.is_none() && block.is_none() && street.is_empty() {
            return;
        }
        let tokens = number.iter().map(|number| (format!("#{number}"), 0)).chain(block.map(|block| (block, 0)));
        let tokens: Vec<(String, u8)> = tokens.chain(street.into_iter().map(|word| (word, 1))).collect();
        self.0.insert(row, tokens.iter().map(|(token, mark)| (token.as_str(), *mark)));
    }

    pub(crate) fn remove(&mut self, row: RowId) {
        self.0.remove(row);
    }

    /// Rows with every word that is asked, each with its score and reason. Where only blocks are recorded, a house
    /// number finds its block.
    pub(crate) fn find(&self, asked: &str) -> Vec<(RowId, f32, Why)> {
        let Address { number, block, street } = address(asked);
        if street.is_empty() {
            return Vec::new();
        }
        let mut found: HashMap<RowId, (f32, Why)> = HashMap::new();
        let exact = number.map(|number| (format!("#{number}"), 1.0, Why::Address));
        let block = block.map(|block| (block, 0.9, Why::Block));
        let asks: Vec<_> =
            exact.into_iter().chain(block).map(|(token, score, why)| (Some(token), score, why)).collect();
        let asks = if asks.is_empty() { vec![(None, 0.8, Why::Street)] } else { asks };
        for (first, score, why) in asks {
            let tokens: Option<Vec<&[u32]>> =
                first.iter().chain(&street).map(|token| self.0.id(token).map(|id| self.0.postings(id))).collect();
            let Some(mut lists) = tokens else { continue };
            lists.sort_by_key(|list| list.len());
            let Some((shortest, others)) = lists.split_first() else { continue };
            for entry in shortest.iter().filter(|entry| others.iter().all(|list| list.binary_search(entry).is_ok())) {
                found.entry(self.0.row_of(*entry)).or_insert((score, why.clone()));
            }
        }
        found.into_iter().map(|(row, (score, why))| (row, score, why)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        let spelt = |text: &str| {
            let Address { number, block, street } = address(text);
            format!("{} {} {}", number.as_deref().unwrap_or("-"), block.as_deref().unwrap_or("-"), street.join(" "))
        };
        for (text, expected) in [
            ("3134 West Chicago Avenue, Apt 2, Chicago IL", "3134 031XX W CHICAGO AVE"),
            ("031XX W CHICAGO AVE", "- 031XX W CHICAGO AVE"),
            ("31xx w chicago av", "- 031XX W CHICAGO AVE"),
            ("12 N State St #5", "12 000XX N STATE ST"),
            ("0000X W TERMINAL ST", "- - 0000X W TERMINAL ST"),
            ("12345 S Torrence Ave Unit 7", "12345 123XX S TORRENCE AVE"),
            ("Lake Shore Drive", "- - LAKE SHORE DR"),
            ("", "- - "),
        ] {
            assert_eq!(spelt(text), expected, "{text}");
        }
    }
}
