//! Addresses: `3134 West Chicago Avenue, Apt 2` is number 3134 on `W CHICAGO AVE`, in the block `031XX`.
//!
//! In:    what records say; what somebody asks; which rows are open.
//! Out:   rows with scores and reasons; streets that begin as typed.
//! Never: takes a street for known, or for misspelt, because of a row that is not open.
//!
//! # How
//! Each street in one spelling has a list of its rows, and each row its numbers. A street is found by its name; direction
//! and kind must not contradict, or cost something. Only where no open row has the name are names of one edit tried.
//!
//! # Change here
//! How an address is read: `parse.rs` here. What a match is worth: [`Addresses::find`].

mod parse;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use parse::{Address, Numbers, Street};
pub(crate) use parse::{address, is_street_kind};

use crate::query::Why;
use crate::rows::RowId;

/// A street with a number, as an address names them, in one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreetText {
    /// Direction before the name: `W`.
    pub before: Option<&'static str>,
    /// `MADISON`, `79TH`, `LAKE SHORE`.
    pub name: String,
    /// `ST`, `AVE`.
    pub kind: Option<&'static str>,
    /// Direction after the kind.
    pub after: Option<&'static str>,
    /// The house number, or the first of a block or range.
    pub number: Option<u32>,
}

/// The street and number of an address; `None` for a crossing, or where it names no street.
pub fn street_of(text: &str) -> Option<StreetText> {
    let Address { numbers, streets } = address(text);
    let [Street { before, name, kind, after }] = <[Street; 1]>::try_from(streets).ok()?;
    Some(StreetText { before, name, kind, after, number: numbers.map(|numbers| numbers.low) })
}

type StreetId = u32;

/// A shorter name may be any other.
const MISSPELT_CHARS_MIN: usize = 4;

/// What a street's other kind, a part of its name and a misspelling leave of a score.
const KIND_DIFFERS: f32 = 0.9;
const PART_OF_NAME: f32 = 0.9;
const MISSPELT: f32 = 0.8;

struct Held {
    street: Street,
    // Ascending; twice for a row that names it twice.
    rows: Vec<RowId>,
}

/// The addresses of one field class.
#[derive(Default)]
pub(crate) struct Addresses {
    streets: Vec<Option<Held>>,
    ids: HashMap<Street, StreetId>,
    names: BTreeMap<Box<str>, Vec<StreetId>>,
    // What each row says, ascending by row: its street, and its numbers if it is no crossing and has any.
    rows: Vec<RowId>,
    places: Vec<(StreetId, Option<(u32, u32)>)>,
}

clear_record::snapshot!(Held { street, rows });
clear_record::snapshot!(Addresses { streets, ids, names, rows, places });

const GONE: StreetId = StreetId::MAX;

/// How a street was found by its name.
#[derive(Clone)]
enum Named {
    Same,
    Part,
    Misspelt,
}

impl Addresses {
    pub(crate) fn insert(&mut self, row: RowId, text: &str) {
        let Address { numbers, streets } = address(text);
        let numbers = numbers.map(|numbers| (numbers.low, numbers.high));
        for street in streets {
            let id = self.street(street);
            if let Some(Some(held)) = self.streets.get_mut(id as usize) {
                held.rows.push(row);
            }
            self.rows.push(row);
            self.places.push((id, numbers));
        }
    }

    fn street(&mut self, street: Street) -> StreetId {
        if let Some(id) = self.ids.get(&street) {
            return *id;
        }
        let id = StreetId::try_from(self.streets.len()).unwrap_or(GONE);
        self.names.entry(street.name.as_str().into()).or_default().push(id);
        self.ids.insert(street.clone(), id);
        self.streets.push(Some(Held { street, rows: Vec::new() }));
        id
    }

    pub(crate) fn remove(&mut self, row: RowId) {
        let mut at = self.rows.partition_point(|other| *other < row);
        while self.rows.get(at) == Some(&row) {
            if let Some((id, _)) = self.places.get_mut(at).map(|place| std::mem::replace(place, (GONE, None))) {
                self.leave(row, id);
            }
            at += 1;
        }
    }

    fn leave(&mut self, row: RowId, id: StreetId) {
        let Some(slot) = self.streets.get_mut(id as usize) else { return };
        let Some(held) = slot else { return };
        if let Ok(at) = held.rows.binary_search(&row) {
            held.rows.remove(at);
        }
        if held.rows.is_empty()
            && let Some(Held { street, .. }) = slot.take()
        {
            self.ids.remove(&street);
            if let Some(ids) = self.names.get_mut(street.name.as_str()) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.names.remove(street.name.as_str());
                }
            }
        }
    }

    fn held(&self, id: StreetId) -> Option<&Held> {
        self.streets.get(id as usize)?.as_ref()
    }

    fn places_of(&self, row: RowId) -> impl Iterator<Item = (StreetId, Option<Numbers>)> + '_ {
        let from = self.rows.partition_point(|other| *other < row);
        let rows = self.rows.iter().skip(from).take_while(move |other| **other == row);
        rows.zip(self.places.iter().skip(from))
            .map(|(_, (street, numbers))| (*street, numbers.map(|(low, high)| Numbers { low, high })))
    }

    /// Rows at what is asked, each with its score and reasons, once each; open ones and others alike, except that
    /// only `open` ones count as having a street.
    pub(crate) fn find(&self, asked: &str, open: impl Fn(RowId) -> bool) -> Vec<(RowId, f32, Vec<Why>)> {
        let Address { numbers, streets } = address(asked);
        match streets.as_slice() {
            [] => Vec::new(),
            [street] => self.on(street, numbers, &open),
            [first, second, ..] => self.crossing(first, second, &open),
        }
    }

    fn on(
        &self,
        street: &Street,
        numbers: Option<Numbers>,
        open: &dyn Fn(RowId) -> bool,
    ) -> Vec<(RowId, f32, Vec<Why>)> {
        let mut found: BTreeMap<RowId, (f32, Vec<Why>)> = BTreeMap::new();
        for (id, worth, reasons) in self.streets_like(street, open) {
            let Some(held) = self.held(id) else { continue };
            for row in &held.rows {
                let places = self.places_of(*row).filter(|(street, _)| *street == id);
                let best =
                    places.filter_map(|(_, recorded)| placed(numbers, recorded)).max_by(|a, b| a.0.total_cmp(&b.0));
                let Some((score, why)) = best else { continue };
                let score = score * worth;
                if found.get(row).is_none_or(|(other, _)| score > *other) {
                    found.insert(*row, (score, std::iter::once(why).chain(reasons.clone()).collect()));
                }
            }
        }
        found.into_iter().map(|(row, (score, why))| (row, score, why)).collect()
    }

    /// Rows that name both streets.
    fn crossing(&self, first: &Street, second: &Street, open: &dyn Fn(RowId) -> bool) -> Vec<(RowId, f32, Vec<Why>)> {
        if first == second {
            return Vec::new();
        }
        let on = |street| self.on(street, None, open);
        let (first, second) = (on(first), on(second));
        let second: BTreeMap<RowId, (f32, Vec<Why>)> =
            second.into_iter().map(|(row, score, why)| (row, (score, why))).collect();
        let both = |(row, score, why): (RowId, f32, Vec<Why>)| {
            let (other, others) = second.get(&row)?;
            // Each of the two was found as a street, for 0.8.
            let worth = (score / STREET) * (other / STREET);
            let reasons = why.into_iter().chain(others.iter().cloned()).filter(|why| *why != Why::Street);
            // One street, named twice, does not cross itself.
            let streets: BTreeSet<StreetId> = self.places_of(row).map(|(street, _)| street).collect();
            (streets.len() > 1).then(|| (row, worth, std::iter::once(Why::Crossing).chain(reasons).collect()))
        };
        first.into_iter().filter_map(both).collect()
    }

    /// The streets that may be meant, with what each leaves of a score and what there is to say about it.
    fn streets_like(&self, asked: &Street, open: &dyn Fn(RowId) -> bool) -> Vec<(StreetId, f32, Vec<Why>)> {
        let words: Vec<&str> = asked.name.split(' ').collect();
        let is_part = |name: &str| words.iter().all(|word| name.split(' ').any(|other| other == *word));
        let named = |name: &str| match name == asked.name {
            true => Some(Named::Same),
            false => is_part(name).then_some(Named::Part),
        };
        let mut like = self.streets_named(asked, named);
        let is_open = |(id, ..): &(StreetId, f32, Vec<Why>)| self.is_open(*id, open);
        if !like.iter().any(is_open) {
            let numbered = |name: &str| name.bytes().any(|byte| byte.is_ascii_digit());
            // 78th street is not a misspelt 79th.
            if asked.name.len() >= MISSPELT_CHARS_MIN && !numbered(&asked.name) {
                let near = |name: &str| {
                    !numbered(name) && clear_names::edits(asked.name.as_bytes(), name.as_bytes(), 1) == Some(1)
                };
                like.extend(self.streets_named(asked, |name| near(name).then_some(Named::Misspelt)));
            }
        }
        like
    }

    fn is_open(&self, id: StreetId, open: &dyn Fn(RowId) -> bool) -> bool {
        self.held(id).is_some_and(|held| held.rows.iter().any(|row| open(*row)))
    }

    fn streets_named(&self, asked: &Street, named: impl Fn(&str) -> Option<Named>) -> Vec<(StreetId, f32, Vec<Why>)> {
        let mut like = Vec::new();
        for (name, ids) in &self.names {
            let Some(named) = named(name) else { continue };
            for id in ids {
                let Some(Held { street, .. }) = self.held(*id) else { continue };
                let contradicts = |a: Option<&str>, b: Option<&str>| a.is_some() && b.is_some() && a != b;
                if contradicts(asked.before, street.before) || contradicts(asked.after, street.after) {
                    continue;
                }
                let (mut worth, mut reasons) = (1.0, Vec::new());
                match named {
                    Named::Same => {}
                    Named::Part => {
                        worth *= PART_OF_NAME;
                        reasons.push(Why::StreetPart { recorded: street.to_string() });
                    }
                    Named::Misspelt => {
                        worth *= MISSPELT;
                        reasons.push(Why::StreetMisspelt { asked: asked.name.clone(), recorded: street.to_string() });
                    }
                }
                if contradicts(asked.kind, street.kind) {
                    worth *= KIND_DIFFERS;
                    reasons.push(Why::StreetKind { recorded: street.to_string() });
                }
                like.push((*id, worth, reasons));
            }
        }
        like
    }

    /// Streets whose name, or whose whole spelling, begins so, with how many rows each that are open.
    pub(crate) fn beginning(&self, begun: &str, open: impl Fn(RowId) -> bool) -> Vec<(String, Vec<RowId>)> {
        let Some(Street { before, name, .. }) = address(begun).streets.into_iter().next() else { return Vec::new() };
        let from = self
            .names
            .range::<str, _>((Bound::Included(name.as_str()), Bound::Unbounded))
            .take_while(|(other, _)| other.starts_with(name.as_str()));
        let held = from.flat_map(|(_, ids)| ids).filter_map(|id| self.held(*id));
        held.filter(|held| before.is_none() || held.street.before.is_none() || held.street.before == before)
            .map(|held| (held.street.to_string(), held.rows.iter().copied().filter(|row| open(*row)).collect()))
            .collect()
    }
}

/// What the street alone is worth.
const STREET: f32 = 0.8;

/// How well recorded numbers are what was asked, if at all.
fn placed(asked: Option<Numbers>, recorded: Option<Numbers>) -> Option<(f32, Why)> {
    let Some(asked) = asked else { return Some((STREET, Why::Street)) };
    let recorded = recorded?;
    match (asked.is_one(), recorded.is_one()) {
        (true, true) if asked == recorded => Some((1.0, Why::Address)),
        (true, true) => asked.hundred().meets(recorded).then_some((0.7, Why::SameBlock)),
        (_, false) => asked.meets(recorded).then_some((0.9, Why::Block)),
        (false, true) => asked.meets(recorded).then_some((0.95, Why::InRange)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: [&str; 10] = [
        "3134 W CHICAGO AVE",
        "031XX W CHICAGO AVE",
        "3150 W CHICAGO AVE",
        "000XX N STATE ST",
        "000XX S STATE ST",
        "100 E 79TH ST",
        "100 E 78TH ST",
        "N STATE ST / W MADISON ST",
        "S DR MARTIN LUTHER KING JR DR",
        "100 E 79TH PL",
    ];

    fn shown(addresses: &Addresses, asked: &str) -> String {
        let mut found = addresses.find(asked, |_| true);
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let why = |why: &[Why]| why.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let hit = |(row, score, reasons): &(RowId, f32, Vec<Why>)| format!("{row} {score:.2} {}", why(reasons));
        found.iter().map(hit).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn addresses_are_found() {
        let mut addresses = Addresses::default();
        for (row, text) in (0..).zip(RECORDED) {
            addresses.insert(row, text);
        }
        for (asked, expected) in [
            (
                "3134 West Chicago Avenue",
                "0 1.00 same address; 1 0.90 same block; 2 0.70 another house of the same block",
            ),
            ("3100 block w chicago", "0 0.95 in the asked range; 2 0.95 in the asked range; 1 0.90 same block"),
            ("3140-3160 w chicago", "2 0.95 in the asked range; 1 0.90 same block"),
            ("3134 E Chicago Ave", ""),
            (
                "3134 Chicago St",
                "0 0.90 same address, recorded W CHICAGO AVE; 1 0.81 same block, recorded W CHICAGO AVE; \
                 2 0.63 another house of the same block, recorded W CHICAGO AVE",
            ),
            (
                "3134 W Chcago Ave",
                "0 0.80 same address, CHCAGO read as W CHICAGO AVE; 1 0.72 same block, CHCAGO read as W CHICAGO AVE; 2 0.56 another house of the same block, CHCAGO read as W CHICAGO AVE",
            ),
            ("12 n state", "3 0.90 same block"),
            ("100 e 79 st", "5 1.00 same address; 9 0.90 same address, recorded E 79TH PL"),
            ("madison & state", "7 1.00 streets cross here"),
            ("state at madisn", "7 0.80 streets cross here, MADISN read as W MADISON ST"),
            ("state & state", ""),
            ("madison & 79th", ""),
            ("king dr", "8 0.72 same street, part of the name S DR MARTIN LUTHER KING JR DR"),
            ("nowhere", ""),
        ] {
            assert_eq!(shown(&addresses, asked), expected, "{asked}");
        }
        for row in (0..10).rev() {
            addresses.remove(row);
        }
        assert!(addresses.ids.is_empty() && addresses.names.is_empty(), "nothing stays behind");
    }

    #[test]
    fn a_street_is_misspelt_only_where_no_open_row_has_it() {
        let mut addresses = Addresses::default();
        addresses.insert(0, "12 N SLATE ST");
        addresses.insert(1, "12 N STATE ST");
        let found = |open: &dyn Fn(RowId) -> bool| {
            let found = addresses.find("12 N SLATE ST", open);
            found.into_iter().map(|(row, ..)| row).filter(|row| open(*row)).collect::<Vec<_>>()
        };
        assert_eq!((found(&|_| true), found(&|row| row == 1)), (vec![0], vec![1]));
    }
}
