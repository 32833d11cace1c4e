//! Registration plates: whole, misread, in part, with wildcards.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, PLATE_FIXED_MIN};
use crate::keys::Keys;
use crate::query::Why;
use crate::rows::RowId;
use crate::text;

/// A piece of a plate must have so many characters.
const PIECE_CHARS_MIN: usize = 3;

/// What a misread character, one that differs, and a fitting pattern are worth.
const LOOKS_ALIKE: f32 = 0.95;
const DIFFERS: f32 = 0.8;
const FITS: f32 = 0.9;

/// Characters that are taken for each other on a plate, each group by its first.
const ALIKE: [&str; 7] = ["0OQD", "1IL", "8B", "5S", "2Z", "6G", "VY"];

/// The plates and VINs of an index.
#[derive(Default)]
pub(crate) struct Plates {
    whole: Keys,
    /// As one would write them who takes all characters of a group for its first.
    alike: Keys,
    vins: Keys,
    text: HashMap<RowId, Box<str>>,
    pairs: HashMap<(char, char), Vec<RowId>>,
}

clear_record::snapshot!(Plates { whole, alike, vins, text, pairs });

fn pairs(plate: &str) -> HashSet<(char, char)> {
    plate.chars().zip(plate.chars().skip(1)).collect()
}

fn alike(plate: &str) -> String {
    let first = |c: char| ALIKE.iter().find(|group| group.contains(c)).and_then(|group| group.chars().next());
    plate.chars().map(|c| first(c).unwrap_or(c)).collect()
}

/// A plate with wildcards: `*` any characters or none, `?` and `_` one.
#[derive(Clone, PartialEq)]
pub struct Pattern(Vec<Place>);

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Is(char),
    One,
    Any,
}

/// A plate with wildcards in one spelling: letters, digits and wildcards.
pub(crate) fn spelt(text: &str) -> String {
    let wildcard = |c: char| matches!(c, '*' | '?' | '_');
    let part = |part: &str| {
        let number = text::number(part.trim_end_matches(wildcard));
        number + part.trim_start_matches(|c| !wildcard(c))
    };
    text.split_inclusive(wildcard).map(part).collect()
}

impl Pattern {
    /// Reads a plate with wildcards; `None` where it has none.
    ///
    /// # Errors
    /// [`Error::PlateTooOpen`] with fewer than three letters and digits: it would list the store.
    pub fn read(text: &str) -> Result<Option<Pattern>, Error> {
        if !text.contains(['*', '?', '_']) {
            return Ok(None);
        }
        let place = |c: char| match c {
            '*' => Place::Any,
            '?' | '_' => Place::One,
            c => Place::Is(c),
        };
        let mut places: Vec<Place> = spelt(text).chars().map(place).take(40).collect();
        places.dedup_by(|a, b| *a == Place::Any && *b == Place::Any);
        let fixed = places.iter().filter(|place| matches!(place, Place::Is(_))).count();
        if fixed < PLATE_FIXED_MIN { Err(Error::PlateTooOpen) } else { Ok(Some(Pattern(places))) }
    }

    /// Pairs that a fitting plate has.
    fn pairs(&self) -> Vec<(char, char)> {
        let two = |places: &[Place]| match places {
            [Place::Is(a), Place::Is(b)] => Some((*a, *b)),
            _ => None,
        };
        self.0.windows(2).filter_map(two).collect()
    }

    fn fits(&self, plate: &str) -> bool {
        let plate: Vec<char> = plate.chars().collect();
        // Where in the plate one may be after each place of the pattern.
        let mut at: Vec<bool> = (0..=plate.len()).map(|at| at == 0).collect();
        for place in &self.0 {
            let mut next = vec![false; plate.len() + 1];
            let mut before = false;
            for (here, to) in next.iter_mut().enumerate() {
                let came = here > 0 && at.get(here - 1).copied().unwrap_or(false);
                let stood = at.get(here).copied().unwrap_or(false);
                *to = match place {
                    Place::Any => before || stood,
                    Place::One => came,
                    Place::Is(c) => came && plate.get(here - 1) == Some(c),
                };
                before = *to;
            }
            at = next;
        }
        at.last().copied().unwrap_or(false)
    }
}

impl Plates {
    pub(crate) fn insert(&mut self, row: RowId, plate: Option<&str>, vin: Option<&str>) {
        let plate = plate.map(text::number).unwrap_or_default();
        if !plate.is_empty() {
            self.whole.insert(&plate, row);
            self.alike.insert(&alike(&plate), row);
            for pair in pairs(&plate) {
                self.pairs.entry(pair).or_default().push(row);
            }
            self.text.insert(row, plate.into());
        }
        let vin = vin.map(text::number).unwrap_or_default();
        if !vin.is_empty() {
            self.vins.insert(&vin, row);
        }
    }

    pub(crate) fn remove(&mut self, row: RowId) {
        self.whole.remove(row);
        self.alike.remove(row);
        self.vins.remove(row);
        for pair in self.text.remove(&row).map(|plate| pairs(&plate)).unwrap_or_default() {
            if let Some(rows) = self.pairs.get_mut(&pair) {
                if let Ok(at) = rows.binary_search(&row) {
                    rows.remove(at);
                }
                if rows.is_empty() {
                    self.pairs.remove(&pair);
                }
            }
        }
    }

    /// Rows whose plate may match, each with its score and reason, once each. A pattern that is too open finds nothing.
    pub(crate) fn find(&self, asked: &str) -> Vec<(RowId, f32, Why)> {
        match Pattern::read(asked) {
            Ok(None) => self.like(&text::number(asked)),
            Ok(Some(pattern)) => self.fitting(&pattern),
            Err(_) => Vec::new(),
        }
    }

    fn fitting(&self, pattern: &Pattern) -> Vec<(RowId, f32, Why)> {
        let hit = |(row, plate): (RowId, &str)| {
            pattern.fits(plate).then(|| (row, FITS, Why::PlateFits { recorded: plate.to_owned() }))
        };
        let fixed = pattern.pairs();
        if fixed.is_empty() {
            return self.text.iter().map(|(row, plate)| (*row, &**plate)).filter_map(hit).collect();
        }
        let lists = fixed.iter().map(|pair| self.pairs.get(pair).map(Vec::as_slice).unwrap_or_default());
        let shortest = lists.min_by_key(|list| list.len()).unwrap_or_default();
        shortest.iter().filter_map(|row| Some((*row, &**self.text.get(row)?))).filter_map(hit).collect()
    }

    fn like(&self, asked: &str) -> Vec<(RowId, f32, Why)> {
        let mut found: HashMap<RowId, (f32, Why)> = HashMap::new();
        found.extend(self.whole.get(asked).map(|row| (row, (1.0, Why::Plate))));
        for row in self.vins.get(asked) {
            found.entry(row).or_insert((1.0, Why::Vin));
        }
        let chars = asked.chars().count();
        if chars < PIECE_CHARS_MIN {
            return found.into_iter().map(|(row, (score, why))| (row, score, why)).collect();
        }
        for row in self.alike.get(&alike(asked)) {
            let Some(plate) = self.text.get(&row) else { continue };
            found.entry(row).or_insert_with(|| (LOOKS_ALIKE, Why::PlateAlike { recorded: plate.to_string() }));
        }
        // One changed character leaves at least one pair, except in the middle of three.
        let rows: HashSet<RowId> =
            pairs(asked).iter().filter_map(|pair| self.pairs.get(pair)).flatten().copied().collect();
        for row in rows {
            let Some(plate) = self.text.get(&row) else { continue };
            let recorded = || plate.to_string();
            let long = plate.chars().count();
            let changed = || plate.chars().zip(asked.chars()).filter(|(a, b)| a != b).count();
            if long == chars && chars > PIECE_CHARS_MIN && changed() == 1 {
                found.entry(row).or_insert_with(|| (DIFFERS, Why::PlateMisread { recorded: recorded() }));
            } else if long > chars && plate.contains(asked) {
                let score = 0.5 + 0.25 * chars as f32 / long as f32;
                found.entry(row).or_insert_with(|| (score, Why::PlateContains { recorded: recorded() }));
            }
        }
        found.into_iter().map(|(row, (score, why))| (row, score, why)).collect()
    }

    /// Plates that begin so, with their rows.
    pub(crate) fn beginning(&self, begun: &str) -> Vec<(String, RowId)> {
        let Some(first) = pairs(begun).into_iter().next() else { return Vec::new() };
        let rows = self.pairs.get(&first).into_iter().flatten();
        let begins =
            |row: &RowId| Some((self.text.get(row).filter(|plate| plate.starts_with(begun))?.to_string(), *row));
        rows.filter_map(begins).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_plates() {
        for (pattern, plate, fits) in [
            ("AB?12*", "ABX12", true),
            ("AB?12*", "ABX12345", true),
            ("AB?12*", "AB12", false),
            ("ab_12*", "ABX129", true),
            ("*123", "AB123", true),
            ("*123", "123", true),
            ("*123", "1234", false),
            ("A*B*C", "AXBYC", true),
            ("A*B*C", "ABC", true),
            ("A*B*C", "AC", false),
            ("A?1?C", "AX1YC", true),
            ("A?1?C", "AX1C", false),
            ("AB-12?", "AB123", true),
        ] {
            let pattern = Pattern::read(pattern).unwrap().unwrap();
            assert_eq!(pattern.fits(plate), fits, "{plate}");
        }
        for open in ["*", "???", "A*", "A?1*", "*🙂*"] {
            assert!(matches!(Pattern::read(open), Err(Error::PlateTooOpen)), "{open}");
        }
        assert!(matches!(Pattern::read("AB123"), Ok(None)));
    }

    #[test]
    fn plates_are_found_misread_in_part_and_by_pattern() {
        let mut plates = Plates::default();
        for (row, plate) in (0..).zip(["AB12345", "ABI2345", "A812345", "AB12845", "AB12346", "XAB12345"]) {
            plates.insert(row, Some(plate), None);
        }
        let shown = |plates: &Plates, asked: &str| {
            let mut found = plates.find(asked);
            found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            found.iter().map(|(row, _, why)| format!("{row} {why}")).collect::<Vec<_>>().join("; ")
        };
        for (asked, expected) in [
            (
                "ab-12345",
                "0 same plate; 1 plate looks alike: ABI2345; 2 plate looks alike: A812345; \
                 3 plate differs by one character: AB12845; 4 plate differs by one character: AB12346; \
                 5 part of plate XAB12345",
            ),
            ("AB1234*", "0 plate fits: AB12345; 4 plate fits: AB12346"),
            ("A?12?45", "0 plate fits: AB12345; 2 plate fits: A812345; 3 plate fits: AB12845"),
            ("A*", ""),
            ("AB", ""),
        ] {
            assert_eq!(shown(&plates, asked), expected, "{asked}");
        }
        (0..6).for_each(|row| plates.remove(row));
        assert!(plates.pairs.is_empty() && plates.text.is_empty() && plates.alike.get("4812345").next().is_none());
    }
}
