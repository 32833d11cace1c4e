//! Which pairs are worth comparing.
//!
//! In:    a [`Prepared`] table.
//! Out:   pairs of rows that share a rare combination of values, each once, in order.
//! Never: goes quadratic: a combination that too many rows share is compared with its neighbours in order only.
//!
//! # How
//! Each row has atoms: the sounds of its names, year and day of birth, places, numbers. Rows are compared where they
//! share a combination of up to three atoms that chance alone would give to [`CHANCE`] or a few more rows of the table at most, by
//! the atoms' own counts; and only the smallest such combinations are keys. So in a small table a family name is
//! enough, in a large one it takes family name, year and postal code; and the pairs grow with the rows, not with their
//! square. Atoms of one group (two places) say the same thing twice, so they do not combine.
#![expect(clippy::indexing_slicing, reason = "codes index the dictionaries that made them; hot loop")]

use hashbrown::HashMap;

use crate::dict::mix;
use crate::prepared::{Prepared, REST};
use crate::role::Role;
use crate::table::NONE;

/// Rows of a million that may share a key by chance; a small table can afford more: the fourth root of how much smaller
/// it is, times as many.
const CHANCE: f32 = 4.0;

/// How rare a key must be: ln of one over its share of the rows.
pub(crate) fn needed(rows: u32) -> f32 {
    (rows as f32 / chance(rows)).ln()
}

fn chance(rows: u32) -> f32 {
    CHANCE * (1e6 / rows.max(1) as f32).max(1.0).powf(0.25)
}

/// Rows of one key that are compared each with each.
pub(crate) const WHOLE_BLOCK: usize = 48;
/// Rows of a larger block that are compared each with so many that follow it, by name and by date.
const NEIGHBOURS: usize = 6;
/// Keys that are held at once.
const KEYS_AT_ONCE: usize = 8 << 20;
/// One row of so many tells how many keys there are.
const SAMPLED: usize = 61;
/// Atoms of a row at most.
const ATOMS: usize = 14;

/// How the pairs were found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Keys of all rows.
    pub keys: usize,
    /// Rows in blocks that were too large to be compared each with each.
    pub capped: usize,
    /// The largest block.
    pub largest: usize,
    /// Rows that were not compared, because they say letter by letter what more than 48 others say: they go where one of
    /// those goes, if it says enough to tell a person by.
    pub copies: usize,
}

/// One thing that a row may share with others.
#[derive(Clone, Copy, Default)]
struct Atom {
    group: u8,
    hash: u64,
    /// ln of one over its share of the rows.
    rarity: f32,
}

pub(crate) fn pairs(prepared: &Prepared) -> (Vec<u64>, Found) {
    let atoms = Atoms::of(prepared);
    let needed = needed(prepared.rows);
    let mut found = Found::default();
    // How many passes it takes, a few rows tell well enough.
    let mut of_few = 0;
    for row in (0..prepared.rows).step_by(SAMPLED) {
        atoms.keys(prepared, row, needed, &mut |_| of_few += 1);
    }
    let passes = (of_few * SAMPLED).div_ceil(KEYS_AT_ONCE).max(1) as u64;
    let order = Order::of(prepared);
    let mut all: Vec<u64> = Vec::new();
    let mut keys: Vec<u64> = Vec::with_capacity(of_few * SAMPLED / passes as usize);
    for pass in 0..passes {
        keys.clear();
        for row in 0..prepared.rows {
            atoms.keys(prepared, row, needed, &mut |key| {
                found.keys += usize::from(pass == 0);
                if key % passes == pass {
                    keys.push((key >> 32) << 32 | u64::from(row));
                }
            });
        }
        keys.sort_unstable();
        for block in keys.chunk_by(|a, b| a >> 32 == b >> 32) {
            pair_up(&order, block, &mut all, &mut found);
        }
    }
    drop(keys);
    all.sort_unstable();
    all.dedup();
    (all, found)
}

/// Year and day of a date, month before day.
fn parts(digits: u32) -> (u64, u64) {
    (u64::from(digits >> 16), u64::from(digits & 0xffff))
}

fn pair(a: u32, b: u32) -> u64 {
    u64::from(a.min(b)) << 32 | u64::from(a.max(b))
}

fn pair_up(order: &Order, block: &[u64], out: &mut Vec<u64>, found: &mut Found) {
    found.largest = found.largest.max(block.len());
    if block.len() <= WHOLE_BLOCK {
        for (at, a) in block.iter().enumerate() {
            out.extend(block[at + 1..].iter().filter(|b| *a as u32 != **b as u32).map(|b| pair(*a as u32, *b as u32)));
        }
        return;
    }
    found.capped += block.len();
    let mut rows: Vec<(u64, u32)> =
        block.iter().map(|row| (order.by_name[*row as u32 as usize], *row as u32)).collect();
    window(&mut rows, out);
    rows.iter_mut().for_each(|(by, row)| *by = order.by_date[*row as usize]);
    window(&mut rows, out);
}

fn window(rows: &mut [(u64, u32)], out: &mut Vec<u64>) {
    rows.sort_unstable();
    for (at, (_, a)) in rows.iter().enumerate() {
        out.extend(rows[at + 1..].iter().take(NEIGHBOURS).filter(|(_, b)| a != b).map(|(_, b)| pair(*a, *b)));
    }
}

/// What gives each row its atoms. Rarities are those of the rows that it was made of.
pub(crate) struct Atoms {
    rows: f32,
    /// The cell of the date, and of each date its year and its day, with their rarities.
    date: Option<(usize, usize)>,
    dates: Vec<[(u64, f32); 2]>,
    years: HashMap<u64, u32>,
    days: HashMap<u64, u32>,
    values: Vec<Source>,
}

/// Where an atom comes from.
struct Source {
    group: u8,
    slot: usize,
    field: usize,
    /// House number and street together.
    both: bool,
}

const NAME: u8 = 1;
const YEAR: u8 = 2;
const DAY: u8 = 3;
const PLACE: u8 = 4;

/// Roles with atoms, and the group in which they say the same thing.
const SOURCES: [(Role, u8); 9] = [
    (Role::Phone, 5),
    (Role::IdNumber, 6),
    (Role::Email, 7),
    (Role::Address, PLACE),
    (Role::Postcode, PLACE),
    (Role::BirthPlace, PLACE),
    (Role::City, PLACE),
    (Role::Address2, PLACE),
    (Role::Occupation, 8),
];

impl Atoms {
    pub(crate) fn of(prepared: &Prepared) -> Atoms {
        let (mut years, mut days) = (HashMap::new(), HashMap::new());
        let place = |role: Role| prepared.fields.iter().position(|field| field.role == role);
        let date = place(Role::DateOfBirth).map(|field| (field, prepared.fields[field].slot));
        let mut values = Vec::new();
        for (role, group) in SOURCES {
            let Some(field) = place(role) else { continue };
            if let Some(both) = &prepared.fields[field].both {
                values.push(Source { group, slot: both.slot, field, both: true });
            }
            values.push(Source { group, slot: prepared.fields[field].slot, field, both: false });
        }
        if let Some((field, _)) = date {
            let field = &prepared.fields[field];
            for (code, digits) in field.digits.iter().enumerate() {
                let (year, day) = parts(*digits);
                *years.entry(year).or_insert(0) += field.rarity.count(code as u32);
                *days.entry(day).or_insert(0) += field.rarity.count(code as u32);
            }
        }
        let rows = prepared.rows.max(1) as f32;
        let mut atoms = Atoms { rows, date, dates: Vec::new(), years, days, values };
        if let Some((field, _)) = date {
            atoms.dates = prepared.fields[field].digits.iter().map(|digits| atoms.of_date(*digits)).collect();
        }
        atoms
    }

    /// Year and day, with their rarities.
    fn of_date(&self, digits: u32) -> [(u64, f32); 2] {
        let rarity = |count: Option<&u32>| (self.rows / count.copied().unwrap_or(1).max(1) as f32).ln();
        let (year, day) = parts(digits);
        [(year, rarity(self.years.get(&year))), (day, rarity(self.days.get(&day)))]
    }

    fn atoms(&self, p: &Prepared, row: &[u32], atoms: &mut [Atom; ATOMS]) -> (usize, f32) {
        let mut count = 0;
        let mut add = |atom: Atom| {
            if count < ATOMS {
                atoms[count] = atom;
                count += 1;
            }
        };
        let mut seen = [NONE; 5];
        let mut names = 0;
        let mut word = |word: u32| {
            if word == NONE || names == 4 || p.words.letters(word) < 2 {
                return;
            }
            let sound = p.words.sound(word);
            if !seen[..names].contains(&sound) {
                seen[names] = sound;
                names += 1;
                add(Atom { group: NAME, hash: mix(1, u64::from(sound)), rarity: p.words.by_sound.one(sound) });
            }
        };
        if let Some(slot) = p.given {
            word(row[slot]);
        }
        if let Some(surname) = p.surname.map(|slot| row[slot]).filter(|surname| *surname != NONE) {
            let pieces = p.words.pieces(surname);
            if pieces[0] == NONE {
                word(surname);
            } else {
                pieces.into_iter().for_each(&mut word);
            }
        }
        if let Some(slot) = p.rest {
            row[slot..slot + REST].iter().for_each(|rest| word(*rest));
        }
        let mut whole = 0.0;
        if let Some((field, slot)) = self.date
            && row[slot] != NONE
        {
            let (field, code) = (&p.fields[field], row[slot]);
            let known = self.dates.get(code as usize).copied();
            let [(year, of_year), (day, of_day)] = known.unwrap_or_else(|| self.of_date(field.digits[code as usize]));
            whole = (self.rows / field.rarity.count(code).max(1) as f32).ln();
            add(Atom { group: YEAR, hash: mix(2, year), rarity: of_year });
            add(Atom { group: DAY, hash: mix(3, day), rarity: of_day });
        }
        for (salt, source) in self.values.iter().enumerate() {
            let code = row[source.slot];
            if code != NONE {
                let field = &p.fields[source.field];
                let rarity = match &field.both {
                    Some(both) if source.both => both.rarity.one(code),
                    _ => field.rarity.one(code),
                };
                add(Atom { group: source.group, hash: mix(4 + salt as u64, u64::from(code)), rarity });
            }
        }
        (count, whole)
    }

    /// The smallest combinations of a row that are rare enough.
    pub(crate) fn keys(&self, prepared: &Prepared, row: u32, needed: f32, out: &mut impl FnMut(u64)) {
        let mut atoms = [Atom::default(); ATOMS];
        let (count, whole_date) = self.atoms(prepared, prepared.row(row), &mut atoms);
        let atoms = &atoms[..count];
        let mut all = 0;
        let rare2 = |a: &Atom, b: &Atom| -> bool {
            if a.group == YEAR && b.group == DAY { whole_date >= needed } else { a.rarity + b.rarity >= needed }
        };
        let apart = |a: &Atom, b: &Atom| a.group != b.group || a.group == NAME;
        for (i, a) in atoms.iter().enumerate() {
            all ^= a.hash;
            if a.rarity >= needed {
                out(mix(a.hash, 0));
                continue;
            }
            for (j, b) in atoms.iter().enumerate().skip(i + 1) {
                if b.rarity >= needed || !apart(a, b) {
                    continue;
                }
                if rare2(a, b) {
                    out(mix(a.hash ^ b.hash, 0));
                    continue;
                }
                for c in &atoms[j + 1..] {
                    if c.rarity >= needed || !apart(a, c) || !apart(b, c) || rare2(a, c) || rare2(b, c) {
                        continue;
                    }
                    let sum = match (a.group, b.group, c.group) {
                        (YEAR, DAY, _) => whole_date + c.rarity,
                        (_, YEAR, DAY) => whole_date + a.rarity,
                        _ => a.rarity + b.rarity + c.rarity,
                    };
                    if sum >= needed {
                        out(mix(a.hash ^ b.hash ^ c.hash, 0));
                    }
                }
            }
        }
        // Rows that say exactly the same are found even if nothing of it is rare.
        if count > 0 {
            out(mix(all, 1));
        }
    }
}

/// Two orders in which like rows stand near each other.
struct Order {
    by_name: Vec<u64>,
    by_date: Vec<u64>,
}

impl Order {
    fn of(prepared: &Prepared) -> Order {
        let mut by_name = Vec::with_capacity(prepared.rows as usize);
        let mut by_date = Vec::with_capacity(prepared.rows as usize);
        let dates = prepared.field(Role::DateOfBirth);
        let name = |slot: Option<usize>, row: &[u32]| {
            slot.map(|slot| row[slot]).filter(|code| *code != NONE).map_or(&[][..], |code| prepared.words.text(code))
        };
        let lead = |text: &[u8], most: usize| {
            text.iter().take(most).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
                << (8 * (most - text.len().min(most)))
        };
        for row in 0..prepared.rows {
            let row = prepared.row(row);
            let surname = lead(name(prepared.surname, row), 4);
            let given = lead(name(prepared.given, row), 4);
            let date = dates.map_or(0, |field| field.digits.get(row[field.slot] as usize).copied().unwrap_or(0));
            let date = u64::from(date);
            by_name.push(surname << 32 | given);
            by_date.push(date << 32 | (given >> 16) << 16 | surname >> 16);
        }
        Order { by_name, by_date }
    }
}
