//! One question to one answer. Every candidate goes through [`Index::seen`] before it becomes a hit.

mod meaning;
mod name;
mod person;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use clear_record::{FieldClass, Kind, LabelId, RecordId, Sex, Sight};

use crate::address::Addresses;
use crate::events::{self, Events};
use crate::facets::Tally;
use crate::keys::Keys;
use crate::prose::Read;
use crate::query::{Born, Filter, Found, Hit, Query, Suggested, Terms, Why};
use crate::rows::{Row, RowId};
use crate::{Index, text};

/// Every pointer's score: how well a hidden record matches is a fact about it.
const POINTER_SCORE: f32 = 0.0;

/// A row that matches and that the asker may notice.
struct Candidate {
    row: Row,
    score: f32,
    why: Vec<Why>,
    pointer: bool,
}

/// The order of hits: open before pointers, better, newer, id. Pointers have neither score nor time.
type Rank = (bool, Reverse<u32>, Reverse<Option<i64>>, RecordId);

impl Index {
    /// Answers a question under a Sight.
    pub fn find(&self, query: &Query, sight: &Sight<'_>) -> Found {
        let kept = Kept::of(self, &query.filter, sight);
        if let Terms::Person(who) = &query.terms {
            return person::find(self, who, query, &kept, sight);
        }
        self.find_others(query, &kept, sight)
    }

    /// Answers a question under a Sight that shows nothing but pointers, and of no other records than these: they are looked
    /// at, and not everybody with such a name.
    pub fn find_pointers(&self, query: &Query, among: impl Iterator<Item = RecordId>, sight: &Sight<'_>) -> Found {
        let kept = Kept::of(self, &query.filter, sight);
        if let Terms::Person(who) = &query.terms {
            let mut persons: Vec<u32> = among.filter_map(|id| self.persons.of(self.rows.of(id)?)).collect();
            persons.sort_unstable();
            persons.dedup();
            return person::find_pointers(self, who, query, &persons, &kept, sight);
        }
        self.find_others(query, &kept, sight)
    }

    /// What is asked of others than persons.
    fn find_others(&self, query: &Query, kept: &Kept<'_>, sight: &Sight<'_>) -> Found {
        if let Terms::Incidents = query.terms {
            return match &query.filter.area {
                Some(area) => self.listed(query, kept, self.newest_first(self.places.near(area))),
                None => self.listed(query, kept, self.events.iter(&self.rows)),
            };
        }
        let read = match &query.terms {
            Terms::Words(wanted) => Some(self.prose.find(wanted, &self.rows, sight)),
            _ => None,
        };
        let candidates = match &read {
            Some(read) => self.said(read),
            None => self.matching(&query.terms, sight),
        };
        let ranked = candidates.into_iter().filter(|it| kept.keeps(&it.row, it.pointer)).map(|candidate| {
            let when = events::when(&candidate.row, sight).filter(|_| !candidate.pointer);
            // Scores are not negative, so their bits are in their order.
            let rank: Rank = (candidate.pointer, Reverse(candidate.score.to_bits()), Reverse(when), candidate.row.id);
            (rank, candidate)
        });
        // A row says what is wanted once; other terms may find it by several fields, of which the best counts.
        let ranked = if read.is_some() { ranked.collect() } else { best_of_each(ranked) };
        // Pointers are neither counted nor paged: how many there are is not the asker's to know.
        let (mut pointers, mut ranked): (Vec<_>, Vec<_>) = ranked.into_iter().partition(|(_, it)| it.pointer);
        pointers.sort_unstable_by_key(|(rank, _)| *rank);
        let total = ranked.len();
        let mut tally = Tally::default();
        for (_, candidate) in ranked.iter().filter(|_| query.facets) {
            if let Some(at) = self.rows.of(candidate.row.id) {
                tally.add(self, at, &candidate.row, sight);
            }
        }
        let suggested = match &read {
            Some(read) => read.suggested.clone(),
            None => streets_meant(ranked.iter().map(|(_, candidate)| candidate)),
        };
        // Only what is shown is sorted.
        let end = query.offset.saturating_add(query.limit);
        if end < total {
            ranked.select_nth_unstable_by_key(end, |(rank, _)| *rank);
            ranked.truncate(end);
        }
        ranked.sort_unstable_by_key(|(rank, _)| *rank);
        let hit = |(_, Candidate { row, score, why, pointer }): (Rank, Candidate)| {
            let said = read.as_ref().and_then(|read| Some(read.why(&self.prose, self.rows.of(row.id)?)));
            Hit { id: row.id, label: row.label, score, why: said.unwrap_or(why), pointer }
        };
        let hits = ranked.into_iter().skip(query.offset).chain(pointers).map(hit).collect();
        Found { hits, total, facets: tally.facets(self), suggested }
    }

    /// Rows in the order of the list of events, each once.
    fn newest_first(&self, mut rows: Vec<RowId>) -> impl Iterator<Item = RowId> {
        rows.sort_unstable_by_key(|at| events::order(&self.rows, *at));
        rows.into_iter()
    }

    /// Rows that say what is wanted. Each is open; why it was found is looked up when it is shown.
    fn said(&self, read: &Read) -> Vec<Candidate> {
        let candidate = |(at, score): &(RowId, f32)| {
            Some(Candidate { row: self.rows.get(*at)?, score: *score, why: Vec::new(), pointer: false })
        };
        read.rows.iter().filter_map(candidate).collect()
    }

    fn matching(&self, terms: &Terms, sight: &Sight<'_>) -> Vec<Candidate> {
        let by = |class: FieldClass, found: Vec<(RowId, f32, Why)>| -> Vec<Candidate> {
            let seen =
                |(row, score, why): (RowId, f32, Why)| self.seen(sight, class, row, score, why.points(), vec![why]);
            found.into_iter().filter_map(seen).collect()
        };
        match terms {
            Terms::Plate(plate) => by(FieldClass::Identity, self.plates.find(plate)),
            Terms::Address(address) => {
                let at = |(class, addresses): (FieldClass, &Addresses)| -> Vec<Candidate> {
                    let open = |at: RowId| self.rows.get(at).is_some_and(|row| sight.opens(class, row.label, row.id));
                    let found = addresses.find(address, open);
                    // A pointer by address would say where somebody lives.
                    let seen = |(row, score, why)| self.seen(sight, class, row, score, false, why);
                    found.into_iter().filter_map(seen).collect()
                };
                self.addresses.iter().flat_map(at).collect()
            }
            Terms::CaseNumber(number) => {
                let number = text::number(number);
                let found = |keys: &Keys, why: Why| keys.get(&number).map(|row| (row, 1.0, why.clone())).collect();
                let mut candidates = by(FieldClass::Operational, found(&self.numbers, Why::Number));
                candidates.extend(by(FieldClass::Identity, found(&self.serials, Why::Serial)));
                candidates
            }
            Terms::Id(id) => {
                let Some(row) = self.rows.of(*id) else { return Vec::new() };
                // A record shows by its id where any class is open.
                let classes = FieldClass::ALL.iter();
                classes.filter_map(|class| self.seen(sight, *class, row, 1.0, true, vec![Why::Id])).collect()
            }
            // Answered by themselves, before.
            Terms::Person(_) | Terms::Words(_) | Terms::Incidents => Vec::new(),
        }
    }

    /// A match by a field of this class, if the asker may know of it.
    ///
    /// INVARIANT (a hidden row is as if absent): a row that the Sight opens for the class is a hit; one that is
    /// a pointer is a bare pointer, and only where `points` says that the match names it; any other is nothing.
    fn seen(
        &self,
        sight: &Sight<'_>,
        class: FieldClass,
        row: RowId,
        score: f32,
        points: bool,
        why: Vec<Why>,
    ) -> Option<Candidate> {
        let row = self.rows.get(row)?;
        if sight.opens(class, row.label, row.id) {
            Some(Candidate { row, score, why, pointer: false })
        } else if points && sight.points(row.label, row.id) {
            Some(Candidate { row, score: POINTER_SCORE, why: Vec::new(), pointer: true })
        } else {
            None
        }
    }

    /// Events by filter alone, newest first. Only those on the asked page become hits; all are counted.
    fn listed(&self, query: &Query, kept: &Kept<'_>, rows: impl Iterator<Item = RowId>) -> Found {
        let kinds = if query.filter.kinds.is_empty() { &[Kind::Incident][..] } else { &query.filter.kinds };
        let mut found = Found { hits: Vec::new(), total: 0, facets: Vec::new(), suggested: Vec::new() };
        let mut tally = Tally::default();
        for (at, row) in rows.filter_map(|at| Some((at, self.rows.get(at)?))) {
            if kept.is_before(&row) {
                break;
            }
            if !kinds.contains(&row.id.kind)
                || !kept.sight.opens(FieldClass::Operational, row.label, row.id)
                || !kept.keeps(&row, false)
            {
                continue;
            }
            if found.total >= query.offset && found.hits.len() < query.limit {
                found.hits.push(Hit { id: row.id, label: row.label, score: 1.0, why: vec![Why::Kept], pointer: false });
            }
            found.total += 1;
            if query.facets {
                tally.add(self, at, &row, kept.sight);
            }
        }
        found.facets = tally.facets(self);
        found
    }
}

/// Of each record the candidate that ranks best, in no order.
fn best_of_each(ranked: impl Iterator<Item = (Rank, Candidate)>) -> Vec<(Rank, Candidate)> {
    let mut best: HashMap<RecordId, (Rank, Candidate)> = HashMap::new();
    for (rank, candidate) in ranked {
        let id = candidate.row.id;
        if best.get(&id).is_none_or(|(other, _)| rank < *other) {
            best.insert(id, (rank, candidate));
        }
    }
    best.into_values().collect()
}

/// A filter, ready to test rows.
struct Kept<'a> {
    index: &'a Index,
    filter: &'a Filter,
    sight: &'a Sight<'a>,
    kinds: &'a [Kind],
    /// Seconds since 1970, the first one in and the first one out.
    from: Option<i64>,
    to: Option<i64>,
    beat: Option<u32>,
    sex: Option<Sex>,
    born: Option<Born>,
    /// Rows of persons whose home address is there, ascending.
    home: Option<Vec<RowId>>,
}

impl<'a> Kept<'a> {
    fn of(index: &'a Index, filter: &'a Filter, sight: &'a Sight<'a>) -> Kept<'a> {
        let midnight = |date| i64::from(events::days(date)) * 86_400;
        let home = filter.home.as_deref().map(|home| {
            let open =
                |at: RowId| index.rows.key(at).is_some_and(|(id, label)| sight.opens(FieldClass::Contact, label, id));
            let found = index.addresses[FieldClass::Contact].find(home, open);
            let mut rows: Vec<RowId> = found.into_iter().map(|(row, ..)| row).collect();
            rows.sort_unstable();
            rows
        });
        Kept {
            index,
            filter,
            sight,
            kinds: &filter.kinds,
            from: filter.occurred_from.map(midnight),
            to: filter.occurred_to.map(|date| midnight(date) + 86_400),
            beat: filter.beat.as_deref().map(|beat| index.events.beat_asked(beat)),
            sex: filter.sex,
            born: filter.born,
            home,
        }
    }

    fn is_before(&self, row: &Row) -> bool {
        self.from.is_some_and(|from| row.when.is_some_and(|when| when < from))
    }

    fn keeps(&self, row: &Row, pointer: bool) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&row.id.kind);
        let timed = self.from.is_none() && self.to.is_none() && self.beat.is_none();
        let unfiltered = timed && self.filter.is_anywhere_and_any_hour();
        // A closed field keeps nothing: halving a range would read a pointer's date out.
        let readable =
            !pointer && Events::has(row.id.kind) && self.sight.opens(FieldClass::Operational, row.label, row.id);
        kind && (unfiltered
            || readable
                && self.from.is_none_or(|from| row.when.is_some_and(|when| when >= from))
                && self.to.is_none_or(|to| row.when.is_some_and(|when| when < to))
                && self.beat.is_none_or(|beat| row.beat == beat)
                && self.is_at_the_hour(row)
                && self.is_there(row))
            && self.keeps_personal(row.id, row.label, pointer)
    }

    /// The same for a person, who has neither time nor beat.
    fn keeps_person(&self, id: RecordId, label: LabelId, pointer: bool) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&id.kind);
        let timed = self.from.is_some() || self.to.is_some() || self.beat.is_some();
        let undated = !timed && self.filter.is_anywhere_and_any_hour();
        kind && undated && self.keeps_personal(id, label, pointer)
    }

    fn keeps_personal(&self, id: RecordId, label: LabelId, pointer: bool) -> bool {
        if self.sex.is_none() && self.born.is_none() && self.home.is_none() {
            return true;
        }
        let Some(at) = self.index.rows.of(id).filter(|_| !pointer) else { return false };
        let Some(person) = self.index.persons.of(at) else { return false };
        let opens = |class| self.sight.opens(class, label, id);
        let born = |born| person::birth_match(born, self.index.persons.births.of(person));
        self.sex.is_none_or(|sex| opens(FieldClass::Biometric) && self.index.persons.sex(person) == Some(sex))
            && self.born.is_none_or(|asked| {
                opens(FieldClass::Identity) && matches!(born(asked), Some((_, Why::Birth | Why::BirthWithin)))
            })
            && self.home.as_ref().is_none_or(|rows| opens(FieldClass::Contact) && rows.binary_search(&at).is_ok())
    }

    fn is_at_the_hour(&self, row: &Row) -> bool {
        let Filter { hours, weekdays, .. } = self.filter;
        let in_hours = |(from, to): (u8, u8)| {
            let hour = row.when.map(|when| when.rem_euclid(86_400) / 3_600);
            hour.is_some_and(|hour| {
                let (after, before) = (hour >= i64::from(from), hour < i64::from(to));
                if from < to { after && before } else { after || before }
            })
        };
        // The first of January 1970 was a Thursday.
        let weekday = || row.when.map(|when| (when.div_euclid(86_400) + 3).rem_euclid(7));
        let on_day =
            || weekday().is_some_and(|day| weekdays.iter().any(|it| i64::from(it.to_monday_zero_offset()) == day));
        hours.is_none_or(in_hours) && (weekdays.is_empty() || on_day())
    }

    fn is_there(&self, row: &Row) -> bool {
        let Filter { district, community_area, area, .. } = self.filter;
        if district.is_none() && community_area.is_none() && area.is_none() {
            return true;
        }
        let Some(at) = self.index.rows.of(row.id) else { return false };
        let places = &self.index.places;
        district.as_ref().is_none_or(|district| places.is_district(at, district))
            && community_area.is_none_or(|asked| places.community_of(at) == Some(asked))
            && area.as_ref().is_none_or(|area| places.is_in(at, row, area, self.sight))
    }
}

impl Filter {
    fn is_anywhere_and_any_hour(&self) -> bool {
        let anywhere = self.district.is_none() && self.community_area.is_none() && self.area.is_none();
        anywhere && self.hours.is_none() && self.weekdays.is_empty()
    }
}

/// Streets that were read for a misspelt one, with how many open hits each.
fn streets_meant<'c>(candidates: impl Iterator<Item = &'c Candidate>) -> Vec<Suggested> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for why in candidates.flat_map(|candidate| &candidate.why) {
        if let Why::StreetMisspelt { asked, recorded } = why {
            *counts.entry((asked.clone(), recorded.clone())).or_default() += 1;
        }
    }
    let suggested = |((asked, instead), count)| Suggested { asked, instead, count };
    counts.into_iter().map(suggested).collect()
}
