//! Which pairs are worth comparing.
//!
//! In:    a [`Prepared`] table.
//! Out:   pairs of rows that share a key, each once, in order.
//! Never: goes quadratic: a key that too many rows share is divided by further keys, and what is left is compared with
//!        its neighbours in order only.
#![expect(clippy::indexing_slicing, reason = "codes index the dictionaries that made them; hot loop")]

use crate::compare::area;
use crate::dict::hash_bytes;
use crate::prepared::{Prepared, key};
use crate::role::Role;
use crate::table::NONE;

/// Rows of one key that are compared each with each.
const WHOLE_BLOCK: usize = 40;
/// Rows of one key that are compared each with so many that follow it in order, where the key is too common.
const NEIGHBOURS: usize = 8;

/// How the pairs were found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// By which key, how many pairs, rows in blocks that were too large.
    pub kinds: Vec<(&'static str, usize, usize)>,
}

pub(crate) fn pairs(prepared: &Prepared) -> (Vec<u64>, Found) {
    let mut all: Vec<u64> = Vec::new();
    let mut found = Found::default();
    let mut keys: Vec<(u64, u32)> = Vec::new();
    let order = Order::of(prepared);
    for (name, kind) in KINDS {
        keys.clear();
        let mut row_keys: Vec<u64> = Vec::new();
        for row in 0..prepared.rows {
            row_keys.clear();
            kind(prepared, row as usize, &mut row_keys);
            row_keys.sort_unstable();
            row_keys.dedup();
            keys.extend(row_keys.iter().map(|key| (*key, row)));
        }
        keys.sort_unstable();
        let before = all.len();
        let mut capped = 0;
        for block in keys.chunk_by(|a, b| a.0 == b.0) {
            capped += pair_up(prepared, &order, block, &mut all);
        }
        if !keys.is_empty() {
            found.kinds.push((name, all.len() - before, capped));
        }
        if all.len() > 4_000_000 {
            all.sort_unstable();
            all.dedup();
        }
    }
    all.sort_unstable();
    all.dedup();
    (all, found)
}

fn pair(a: u32, b: u32) -> u64 {
    u64::from(a.min(b)) << 32 | u64::from(a.max(b))
}

fn pair_up(_prepared: &Prepared, order: &Order, block: &[(u64, u32)], out: &mut Vec<u64>) -> usize {
    if block.len() < 2 {
        return 0;
    }
    if block.len() <= WHOLE_BLOCK {
        for (at, (_, a)) in block.iter().enumerate() {
            out.extend(block[at + 1..].iter().map(|(_, b)| pair(*a, *b)));
        }
        return 0;
    }
    let mut rows: Vec<(u64, u32)> = block.iter().map(|(_, row)| (order.by_name[*row as usize], *row)).collect();
    window(&mut rows, out);
    rows.iter_mut().for_each(|(by, row)| *by = order.by_date[*row as usize]);
    window(&mut rows, out);
    block.len()
}

fn window(rows: &mut [(u64, u32)], out: &mut Vec<u64>) {
    rows.sort_unstable();
    for (at, (_, a)) in rows.iter().enumerate() {
        out.extend(rows[at + 1..].iter().take(NEIGHBOURS).map(|(_, b)| pair(*a, *b)));
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
        let text = |code: Option<&u32>| code.map_or(&[][..], |code| prepared.words.dict.get(*code));
        let lead = |text: &[u8], most: usize| {
            text.iter().take(most).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
                << (8 * (most - text.len().min(most)))
        };
        for row in 0..prepared.rows as usize {
            let surname = lead(text(prepared.surname.get(row)), 4);
            let given = lead(text(prepared.given.get(row)), 4);
            let date = dates
                .and_then(|field| Some(field.values.get(*field.codes.get(row)?)))
                .map_or(0, |date| date.iter().fold(0_u64, |sum, digit| sum << 4 | u64::from(digit & 15)));
            by_name.push(surname << 32 | given);
            by_date.push(date << 32 | (given >> 16) << 16 | surname >> 16);
        }
        Order { by_name, by_date }
    }
}

type Keys = fn(&Prepared, usize, &mut Vec<u64>);

/// Every way to find a pair. One that needs a role that is absent gives no keys.
const KINDS: &[(&str, Keys)] = &[
    ("two names", two_names),
    ("name and date", |p, row, out| name_and_date(p, row, out, 0..8, 2)),
    ("name and year", |p, row, out| name_and_date(p, row, out, 0..4, 3)),
    ("name and day", |p, row, out| name_and_date(p, row, out, 4..8, 4)),
    ("date and place", date_and_place),
    ("name and place", name_and_place),
    ("number", number),
    ("street", street),
    ("date and initial", date_and_initial),
];

/// The sounds of a row's names, each once, four at most.
fn sounds(p: &Prepared, row: usize) -> ([u64; 6], usize) {
    let mut sounds = [0; 6];
    let mut count = 0;
    let mut add = |word: u32| {
        if word == NONE {
            return;
        }
        let shape = p.words.shape[word as usize];
        let sound = u64::from(shape.sound);
        if shape.len > 1 && count < 6 && !sounds[..count].contains(&sound) {
            sounds[count] = sound;
            count += 1;
        }
    };
    if let Some(given) = p.given.get(row) {
        add(*given);
    }
    if let Some(surname) = p.surname.get(row) {
        let pieces = if *surname == NONE { [NONE; 2] } else { p.words.pieces[*surname as usize] };
        if pieces[0] == NONE {
            add(*surname);
        } else {
            pieces.into_iter().for_each(&mut add);
        }
    }
    if let Some(rest) = p.rest.get(row) {
        rest.iter().for_each(|word| add(*word));
    }
    (sounds, count)
}

fn value<'a>(p: &'a Prepared, role: Role, row: usize) -> Option<&'a [u8]> {
    let field = p.field(role)?;
    let code = *field.codes.get(row)?;
    (code != NONE).then(|| field.values.get(code))
}

fn two_names(p: &Prepared, row: usize, out: &mut Vec<u64>) {
    let (sounds, count) = sounds(p, row);
    for a in 0..count {
        for b in a + 1..count {
            out.push(key(1, sounds[a].min(sounds[b]), sounds[a].max(sounds[b])));
        }
    }
}

fn name_and_date(p: &Prepared, row: usize, out: &mut Vec<u64>, part: std::ops::Range<usize>, salt: u64) {
    let Some(date) = value(p, Role::DateOfBirth, row) else { return };
    let part = hash_bytes(&date[part]);
    let (sounds, count) = sounds(p, row);
    out.extend(sounds[..count].iter().map(|sound| key(salt, part, *sound)));
}

const PLACES: [(Role, u64); 4] = [(Role::Postcode, 1), (Role::BirthPlace, 2), (Role::City, 3), (Role::Address, 4)];

fn date_and_place(p: &Prepared, row: usize, out: &mut Vec<u64>) {
    let Some(date) = value(p, Role::DateOfBirth, row) else { return };
    for (role, salt) in PLACES {
        if let Some(place) = value(p, role, row) {
            out.push(key(5 + salt * 256, hash_bytes(date), hash_bytes(place)));
        }
    }
    if let Some(place) = value(p, Role::Postcode, row) {
        out.push(key(6, hash_bytes(date), hash_bytes(area(place))));
    }
}

fn name_and_place(p: &Prepared, row: usize, out: &mut Vec<u64>) {
    let (sounds, count) = sounds(p, row);
    for (role, salt) in PLACES {
        if let Some(place) = value(p, role, row) {
            let place = hash_bytes(place);
            out.extend(sounds[..count].iter().map(|sound| key(7 + salt * 256, place, *sound)));
        }
    }
}

fn number(p: &Prepared, row: usize, out: &mut Vec<u64>) {
    let (sounds, count) = sounds(p, row);
    for (role, salt) in [(Role::Phone, 1), (Role::IdNumber, 2), (Role::Email, 3)] {
        if let Some(number) = value(p, role, row) {
            if number.len() >= 6 {
                out.push(key(8 + salt * 256, hash_bytes(number), 0));
            } else {
                out.extend(sounds[..count].iter().map(|sound| key(9 + salt * 256, hash_bytes(number), *sound)));
                if let Some(date) = value(p, Role::DateOfBirth, row) {
                    out.push(key(10 + salt * 256, hash_bytes(number), hash_bytes(date)));
                }
            }
        }
    }
}

fn street(p: &Prepared, row: usize, out: &mut Vec<u64>) {
    let Some(field) = p.field(Role::Address) else { return };
    let code = field.codes[row];
    if code == NONE {
        return;
    }
    if let Some((both, _)) = &field.both
        && both[row] != NONE
    {
        out.push(key(11, u64::from(both[row]), 0));
    }
}

fn date_and_initial(p: &Prepared, row: usize, out: &mut Vec<u64>) {
    let Some(date) = value(p, Role::DateOfBirth, row) else { return };
    for word in [p.given.get(row), p.surname.get(row)].into_iter().flatten() {
        if *word != NONE
            && let Some(first) = p.words.dict.get(*word).first()
        {
            out.push(key(12, hash_bytes(date), u64::from(*first)));
        }
    }
}
