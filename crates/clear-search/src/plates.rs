//! Plates: whole, misread by one character, or a piece, over pairs of neighbouring characters.

use std::collections::{HashMap, HashSet};

use crate::keys::Keys;
use crate::query::Why;
use crate::rows::RowId;
use crate::text;

/// A piece of a plate must have so many characters.
const PIECE_CHARS_MIN: usize = 3;

/// The plates and VINs of an index.
#[derive(Default)]
pub(crate) struct Plates {
    whole: Keys,
    vins: Keys,
    text: HashMap<RowId, Box<str>>,
    pairs: HashMap<(char, char), Vec<RowId>>,
}

fn pairs(plate: &str) -> HashSet<(char, char)> {
    plate.chars().zip(plate.chars().skip(1)).collect()
}

impl Plates {
    pub(crate) fn insert(&mut self, row: RowId, plate: Option<&str>, vin: Option<&str>) {
        let plate = plate.map(text::number).unwrap_or_default();
        if !plate.is_empty() {
            self.whole.insert(&plate, row);
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

    /// Rows whose plate may match, each with its score and reason, once each.
    pub(crate) fn find(&self, asked: &str) -> Vec<(RowId, f32, Why)> {
        let asked = text::number(asked);
        let mut found: HashMap<RowId, (f32, Why)> = HashMap::new();
        found.extend(self.whole.get(&asked).map(|row| (row, (1.0, Why::Plate))));
        for row in self.vins.get(&asked) {
            found.entry(row).or_insert((1.0, Why::Vin));
        }
        let chars = asked.chars().count();
        if chars >= PIECE_CHARS_MIN {
            // One changed character leaves at least one pair, except in the middle of three.
            let rows: HashSet<RowId> =
                pairs(&asked).iter().filter_map(|pair| self.pairs.get(pair)).flatten().copied().collect();
            for row in rows {
                let Some(plate) = self.text.get(&row) else { continue };
                let recorded = || plate.to_string();
                let long = plate.chars().count();
                let changed = || plate.chars().zip(asked.chars()).filter(|(a, b)| a != b).count();
                if long == chars && changed() == 1 && chars > PIECE_CHARS_MIN {
                    found.entry(row).or_insert((0.8, Why::PlateMisread { recorded: recorded() }));
                } else if long > chars && plate.contains(&asked) {
                    let score = 0.5 + 0.25 * chars as f32 / long as f32;
                    found.entry(row).or_insert((score, Why::PlateContains { recorded: recorded() }));
                }
            }
        }
        found.into_iter().map(|(row, (score, why))| (row, score, why)).collect()
    }
}
