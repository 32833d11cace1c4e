//! Persons by name, birth, numbers, address, plate and marks. In plain words: docs/search.md.
//!
//! # How
//! `meaning.rs` gives persons who may match, with a bound of how well. Those of the best bounds are scored, each by its
//! own fields alone and by those of them that are open; when as many as were asked for are better than the next bound,
//! the others are only counted. A strict reading comes first. Where it finds fewer than [`ENOUGH`] that this asker may
//! see, the name is read widely.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use clear_record::{FieldClass, Kind, LabelId, RecordId, Sight};
use hashbrown::HashMap;

use super::meaning::{Looked, Reading, candidates, quality, readings};
use super::name::{self, Fit};
use super::{Kept, POINTER_SCORE};
use crate::facets::Tally;
use crate::facts::{day, number_key, parts_of, phone_key};
use crate::names::WORDS_FEW;
use crate::persons::mark_words;
use crate::query::{Born, Found, Hit, Query, Who, Why};
use crate::rows::RowId;
use crate::tokens::Care;
use crate::{Index, text};

/// Where a strict reading finds fewer, a wide one is added.
const ENOUGH: usize = 20;

/// How much each thing that is asked weighs in the score.
mod weight {
    pub(super) const NAME: f32 = 0.6;
    pub(super) const NUMBER: f32 = 0.6;
    pub(super) const BIRTH: f32 = 0.4;
    pub(super) const PHONE: f32 = 0.4;
    pub(super) const PLATE: f32 = 0.4;
    pub(super) const ADDRESS: f32 = 0.3;
    pub(super) const MARKS: f32 = 0.2;
}

/// How good a date of birth is that is not the same.
mod birth {
    pub(super) const SWAPPED: f32 = 0.8;
    pub(super) const NEAR: f32 = 0.5;
}

pub(super) fn find(index: &Index, who: &Who, query: &Query, kept: &Kept<'_>, sight: &Sight<'_>) -> Found {
    let mut asked = Asked::of(index, who, sight);
    let mut found = asked.found(index, query, kept, sight);
    if who.name.is_some() && found.total < ENOUGH {
        asked.read(index, who, Care::Wide);
        found = asked.found(index, query, kept, sight);
    }
    found
}

/// The same, where nothing is open: then every name is read widely, whatever is found.
pub(super) fn find_pointers(
    index: &Index,
    who: &Who,
    query: &Query,
    among: &[u32],
    kept: &Kept<'_>,
    sight: &Sight<'_>,
) -> Found {
    if among.is_empty() {
        return Found { hits: Vec::new(), total: 0, facets: Vec::new(), suggested: Vec::new() };
    }
    let mut asked = Asked::looked_up(index, who, sight);
    asked.read(index, who, Care::Wide);
    let among: Vec<(u32, f32)> = among.iter().map(|person| (*person, f32::INFINITY)).collect();
    asked.among(index, &among, query, kept, sight)
}

/// A question, looked up.
struct Asked<'a> {
    readings: Vec<Reading>,
    looked: Looked,
    named: bool,
    born: Option<Born>,
    number: u64,
    phone: u64,
    plate: Option<&'a str>,
    /// Persons who own a vehicle with the plate, by a link that is open; ascending.
    owners: Vec<u32>,
    /// Persons at the address, each with how well it matches and why; ascending.
    at_address: Vec<(u32, f32, Why)>,
    address: bool,
    /// For each asked word, the words of marks that begin with it.
    marks: Vec<Vec<u32>>,
    weight: f32,
}

/// What there is for one person, in fields that may be looked at.
#[derive(Clone, Copy)]
struct Evidence {
    score: f32,
    /// Whether a pointer may come of it: everything asked of identity is as asked.
    points: bool,
}

impl<'a> Asked<'a> {
    fn of(index: &Index, who: &'a Who, sight: &Sight<'_>) -> Asked<'a> {
        let mut asked = Asked::looked_up(index, who, sight);
        asked.read(index, who, Care::Strict);
        asked
    }

    /// Everything but the name.
    fn looked_up(index: &Index, who: &'a Who, sight: &Sight<'_>) -> Asked<'a> {
        let mut at_address: Vec<(u32, f32, Why)> = Vec::new();
        if let Some(address) = &who.address {
            let open =
                |at: RowId| index.rows.key(at).is_some_and(|(id, label)| sight.opens(FieldClass::Contact, label, id));
            let found = index.addresses[FieldClass::Contact].find(address, open);
            at_address.extend(
                found
                    .into_iter()
                    .filter_map(|(row, score, why)| Some((index.persons.of(row)?, score, why.into_iter().next()?))),
            );
            at_address.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
            at_address.dedup_by_key(|(person, ..)| *person);
        }
        let mut asked = Asked {
            readings: Vec::new(),
            looked: Looked::default(),
            named: who.name.as_ref().is_some_and(|name| !text::name_parts(name).is_empty()),
            born: who.born,
            number: who.identity_number.as_deref().map_or(0, number_key),
            phone: who.phone.as_deref().map_or(0, phone_key),
            plate: who.plate.as_deref(),
            owners: who.plate.as_deref().map(|plate| owners(index, plate, sight)).unwrap_or_default(),
            at_address,
            address: who.address.is_some(),
            marks: who.marks.as_deref().map(|marks| marks_like(index, marks)).unwrap_or_default(),
            weight: 0.0,
        };
        let weights = [
            (asked.named, weight::NAME),
            (asked.number != 0, weight::NUMBER),
            (asked.born.is_some(), weight::BIRTH),
            (asked.phone != 0, weight::PHONE),
            (asked.plate.is_some(), weight::PLATE),
            (asked.address, weight::ADDRESS),
            (!asked.marks.is_empty(), weight::MARKS),
        ];
        asked.weight = weights.iter().filter(|(asked, _)| *asked).map(|(_, weight)| weight).sum();
        asked
    }

    fn read(&mut self, index: &Index, who: &Who, care: Care) {
        let names = &index.persons.names;
        let read = |name| readings(names, name, care, &mut self.looked);
        self.readings = who.name.as_deref().map(read).unwrap_or_default();
    }

    /// Whether something was asked that finds by itself; what only weighs finds by itself where there is none.
    fn leads(&self) -> bool {
        self.named || self.number != 0 || self.phone != 0 || self.plate.is_some()
    }

    fn found(&self, index: &Index, query: &Query, kept: &Kept<'_>, sight: &Sight<'_>) -> Found {
        self.among(index, &self.candidates(index), query, kept, sight)
    }

    /// Of these persons, each once, the best bounds first.
    fn among(&self, index: &Index, persons: &[(u32, f32)], query: &Query, kept: &Kept<'_>, sight: &Sight<'_>) -> Found {
        let mut better = Better::of(query.offset.saturating_add(query.limit));
        let by_words = self.is_a_name();
        let initials = self.readings.iter().any(|reading| reading.initials().next().is_some());
        let mut bound = f32::INFINITY;
        let mut only_counted = false;
        let mut alike = Alike::default();
        for few in persons.chunks(TOGETHER) {
            let keys = keys(index, few);
            let words = if by_words && !only_counted { words(index, few, initials) } else { [None; TOGETHER] };
            for (((person, other), key), words) in few.iter().zip(keys).zip(words) {
                if *other < bound {
                    bound = *other;
                    only_counted = only_counted || better.are_all_above(bound);
                }
                let Some((row, id, label)) = key else { continue };
                let open = sight.opens(FieldClass::Identity, label, id);
                // Where it is sure that they match, those who will not be shown need no score.
                if only_counted && open {
                    better.total += usize::from(kept.keeps_person(id, label, false));
                    continue;
                }
                let score = || self.open(index, *person, (id, label), open, sight, &mut None);
                let evidence = match words.filter(|_| open) {
                    Some(words) => alike.evidence(words, score),
                    None => score(),
                };
                if let Some(evidence) = evidence {
                    if kept.keeps_person(id, label, false) {
                        better.add(evidence.score, id, row);
                    }
                } else if !open && sight.points(label, id) {
                    let fields = Fields { identity: true, contact: false, biometric: false };
                    let evidence = self.evidence(index, *person, fields, &mut None);
                    if evidence.is_some_and(|evidence| evidence.points) && kept.keeps_person(id, label, true) {
                        better.pointers.push((id, label));
                    }
                }
            }
        }
        let (offset, limit) = (query.offset, query.limit);
        let Better { best, mut pointers, total, .. } = better;
        let page = best.into_sorted_vec().into_iter().skip(offset).take(limit);
        let hit = |(Reverse(score), id, row): (Reverse<u32>, RecordId, RowId)| {
            let (person, (_, label)) = (index.persons.of(row)?, index.rows.key(row)?);
            let mut why = Some(Vec::new());
            self.open(index, person, (id, label), sight.opens(FieldClass::Identity, label, id), sight, &mut why);
            Some(Hit { id, label, score: f32::from_bits(score), why: why.unwrap_or_default(), pointer: false })
        };
        let mut hits: Vec<Hit> = page.filter_map(hit).collect();
        // Pointers are neither counted nor paged: how many there are is not the asker's to know.
        pointers.sort_unstable_by_key(|(id, _)| *id);
        let pointer = |(id, label)| Hit { id, label, score: POINTER_SCORE, why: Vec::new(), pointer: true };
        hits.extend(pointers.into_iter().map(pointer));
        let facets = if query.facets { Tally::of(Kind::Person, total).facets(index) } else { Vec::new() };
        Found { hits, total, facets, suggested: Vec::new() }
    }

    /// Whether a name is all that is asked: then persons of the same words score the same.
    fn is_a_name(&self) -> bool {
        self.named && self.weight <= weight::NAME
    }

    /// Every person who may match, each once, the best bounds first.
    fn candidates(&self, index: &Index) -> Vec<(u32, f32)> {
        let mut found: Vec<(u32, f32)> = Vec::new();
        for reading in &self.readings {
            candidates(&index.persons.names, reading, &mut found);
        }
        if !self.is_a_name() {
            found.iter_mut().for_each(|(_, bound)| *bound = f32::INFINITY);
        }
        let persons = &index.persons;
        let mut others: Vec<u32> = Vec::new();
        others.extend(
            Some(self.number).filter(|key| *key != 0).into_iter().flat_map(|key| persons.identity_numbers.get(key)),
        );
        others.extend(Some(self.phone).filter(|key| *key != 0).into_iter().flat_map(|key| persons.phones.get(key)));
        others.extend(&self.owners);
        if !self.leads() {
            others.extend(self.at_address.iter().map(|(person, ..)| *person));
            let words = self.marks.iter().flatten();
            others
                .extend(words.flat_map(|word| persons.marks.postings(*word)).map(|entry| persons.marks.row_of(*entry)));
            let days = match self.born {
                None => Vec::new(),
                Some(Born::Between(from, to)) => vec![(day(from), day(to))],
                Some(Born::On(date)) => {
                    [Some(day(date)), swapped(day(date))].into_iter().flatten().map(|day| (day, day)).collect()
                }
            };
            others.extend(days.into_iter().flat_map(|(from, to)| persons.births.within(from, to)));
        }
        found.extend(others.into_iter().map(|person| (person, f32::INFINITY)));
        in_order(found)
    }

    /// What the asker may know of a match; `identity` says whether that class is open.
    fn open(
        &self,
        index: &Index,
        person: u32,
        (id, label): (RecordId, LabelId),
        identity: bool,
        sight: &Sight<'_>,
        why: &mut Option<Vec<Why>>,
    ) -> Option<Evidence> {
        let fields = Fields {
            identity,
            contact: (self.phone != 0 || self.address) && sight.opens(FieldClass::Contact, label, id),
            biometric: !self.marks.is_empty() && sight.opens(FieldClass::Biometric, label, id),
        };
        if fields.identity || fields.contact || fields.biometric {
            self.evidence(index, person, fields, why)
        } else {
            None
        }
    }

    /// How well a person matches by these classes of fields, and why; `None` if not at all.
    ///
    /// INVARIANT (a hidden row is as if absent): no field of another class is looked at.
    fn evidence(&self, index: &Index, person: u32, fields: Fields, why: &mut Option<Vec<Why>>) -> Option<Evidence> {
        let persons = &index.persons;
        let mut got = 0.0;
        let (mut found, mut points) = (false, true);
        let mut say = |reason: Why| {
            if let Some(why) = why {
                why.push(reason);
            }
        };
        if fields.identity && self.number != 0 {
            let same = persons.identity_numbers.of(person) == self.number;
            if same {
                got += weight::NUMBER;
                say(Why::IdentityNumber);
            }
            found |= same;
            points &= same;
        }
        if fields.identity && self.named {
            let fit: Option<Fit> = name::best(&persons.names, &self.readings, person, &mut say);
            points &= fit.as_ref().is_some_and(|fit| fit.points);
            found |= fit.is_some();
            got += weight::NAME * fit.map_or(0.0, |fit| fit.quality);
        }
        if fields.identity
            && let Some(born) = self.born
        {
            // A wrong date of birth makes a worse hit, not none: it is the field that is wrong most often.
            let match_ = birth_match(born, persons.births.of(person));
            points &= matches!(match_, Some((_, Why::Birth))) && (self.named || self.number != 0);
            if let Some((quality, reason)) = match_ {
                got += weight::BIRTH * quality;
                found |= !self.leads() && !matches!(reason, Why::BirthNear);
                say(reason);
            }
        }
        if fields.identity
            && let Some(plate) = self.plate
        {
            let owns = self.owners.binary_search(&person).is_ok();
            if owns {
                got += weight::PLATE;
                say(Why::OwnerOf { plate: text::number(plate) });
            }
            found |= owns;
            points &= owns;
        }
        if fields.contact && self.phone != 0 && persons.phones.of(person) == self.phone {
            got += weight::PHONE;
            found = true;
            say(Why::Phone);
        }
        if fields.contact
            && let Ok(at) = self.at_address.binary_search_by_key(&person, |(person, ..)| *person)
            && let Some((_, quality, reason)) = self.at_address.get(at)
        {
            got += weight::ADDRESS * quality;
            found |= !self.leads();
            say(reason.clone());
        }
        if fields.biometric
            && let Some(entry) = persons.marks.entry_of(person)
        {
            let mut matched = 0;
            for meant in &self.marks {
                let word = persons.marks.tokens_of(entry).find(|(word, _)| meant.binary_search(word).is_ok());
                if let Some((word, _)) = word {
                    matched += 1;
                    say(Why::Mark { recorded: persons.marks.text(word).to_owned() });
                }
            }
            got += weight::MARKS * matched as f32 / self.marks.len().max(1) as f32;
            found |= !self.leads() && matched > 0;
        }
        (found && self.weight > 0.0).then(|| Evidence { score: got / self.weight, points })
    }
}

/// Each person once with the best bound, the best bounds first, those of one bound by number.
fn in_order(found: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    // As whole numbers, which are sorted without a branch; the bits of bounds, which are not negative, are in their order.
    let mut sorted: Vec<u64> =
        found.into_iter().map(|(person, bound)| u64::from(person) << 32 | u64::from(!bound.to_bits())).collect();
    sorted.sort_unstable();
    sorted.dedup_by_key(|entry| *entry >> 32);
    sorted.iter_mut().for_each(|entry| *entry = entry.rotate_left(32));
    sorted.sort_unstable();
    sorted.into_iter().map(|entry| (entry as u32, f32::from_bits(!((entry >> 32) as u32)))).collect()
}

/// So many persons are fetched from memory together: each is in other places of it, and fetches that do not wait for each other
/// take the time of one.
const TOGETHER: usize = 32;

/// Row, id and label of a few persons.
fn keys(index: &Index, few: &[(u32, f32)]) -> [Option<(RowId, RecordId, LabelId)>; TOGETHER] {
    let mut rows = [RowId::MAX; TOGETHER];
    for (row, (person, _)) in rows.iter_mut().zip(few) {
        *row = index.persons.row(*person);
    }
    rows.map(|row| index.rows.key(row).map(|(id, label)| (row, id, label)))
}

/// The words of a few persons, of each who has not too many: all that can touch a score.
fn words(index: &Index, few: &[(u32, f32)], initials: bool) -> [Option<Words>; TOGETHER] {
    let mut words = [None; TOGETHER];
    for (words, (person, _)) in words.iter_mut().zip(few) {
        *words = index.persons.names.marked_few(*person, initials);
    }
    words
}

/// A person's words, with nothing where there are fewer.
type Words = [u32; WORDS_FEW];

/// What was found for persons' words. Common names are many persons': each is scored once.
#[derive(Default)]
struct Alike(HashMap<Words, Option<Evidence>>);

impl Alike {
    fn evidence(&mut self, words: Words, score: impl FnOnce() -> Option<Evidence>) -> Option<Evidence> {
        *self.0.entry(words).or_insert_with(score)
    }
}

/// The classes of a record's fields that may be looked at.
#[derive(Clone, Copy)]
struct Fields {
    identity: bool,
    contact: bool,
    biometric: bool,
}

/// The best so far.
struct Better {
    /// Those that will be shown, if no better ones come; the worst of them is on top.
    best: BinaryHeap<(Reverse<u32>, RecordId, RowId)>,
    wanted: usize,
    pointers: Vec<(RecordId, LabelId)>,
    total: usize,
}

impl Better {
    fn of(wanted: usize) -> Better {
        Better { best: BinaryHeap::new(), wanted, pointers: Vec::new(), total: 0 }
    }

    fn add(&mut self, score: f32, id: RecordId, row: RowId) {
        self.total += 1;
        // Scores are not negative, so their bits are in their order.
        let hit = (Reverse(score.to_bits()), id, row);
        if self.best.len() < self.wanted {
            self.best.push(hit);
        } else if let Some(mut worst) = self.best.peek_mut().filter(|worst| hit < **worst) {
            *worst = hit;
        }
    }

    /// Whether as many as are wanted score more than this.
    fn are_all_above(&self, bound: f32) -> bool {
        let worst = self.best.peek().map_or(u32::MAX, |(Reverse(score), ..)| *score);
        bound.is_finite() && self.best.len() >= self.wanted && worst > bound.to_bits()
    }
}

/// The persons who own a vehicle with this plate, where the vehicle's own label opens the link.
fn owners(index: &Index, plate: &str, sight: &Sight<'_>) -> Vec<u32> {
    let rows = index.plates.find(plate).into_iter().filter(|(_, _, why)| matches!(why, Why::Plate));
    let open = rows.filter(|(row, ..)| {
        index.rows.key(*row).is_some_and(|(id, label)| sight.opens(FieldClass::Identity, label, id))
    });
    let owner = |(row, ..): (RowId, f32, Why)| index.persons.of(index.rows.of(*index.owners.get(&row)?)?);
    let mut owners: Vec<u32> = open.filter_map(owner).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// For each asked word, the recorded words that begin with it: `tattoo` finds `tattoos`.
fn marks_like(index: &Index, marks: &str) -> Vec<Vec<u32>> {
    let words = mark_words(marks).into_iter().take(super::meaning::PARTS_MAX);
    let like = |word: String| {
        let mut ids: Vec<u32> = if word.len() < 3 {
            index.persons.marks.id(&word).into_iter().collect()
        } else {
            index.persons.marks.beginning(&word).collect()
        };
        ids.sort_unstable();
        ids
    };
    words.map(like).collect()
}

/// Day and month the other way round, if that is another day that may be one.
fn swapped(day: u32) -> Option<u32> {
    let [year, month, of_month] = parts_of(day);
    (of_month <= 12 && of_month != month).then_some(year << 9 | of_month << 5 | month)
}

/// How well a date of birth matches; zero is no date.
pub(super) fn birth_match(asked: Born, recorded: u32) -> Option<(f32, Why)> {
    if recorded == 0 {
        return None;
    }
    match asked {
        Born::Between(from, to) => {
            (day(from)..=day(to)).contains(&recorded).then_some((quality::SAME, Why::BirthWithin))
        }
        Born::On(date) if day(date) == recorded => Some((quality::SAME, Why::Birth)),
        Born::On(date) if swapped(day(date)) == Some(recorded) => Some((birth::SWAPPED, Why::BirthSwapped)),
        Born::On(date) => {
            let same = parts_of(day(date)).into_iter().zip(parts_of(recorded)).filter(|(a, b)| a == b).count();
            (same == 2).then_some((birth::NEAR, Why::BirthNear))
        }
    }
}
