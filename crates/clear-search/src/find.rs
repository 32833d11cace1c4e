//! One question to one answer. Every candidate goes through [`Index::seen`] before it becomes a hit.

mod meaning;
mod name;
mod person;

use std::cmp::Reverse;
use std::collections::HashMap;

use clear_record::{FieldClass, Kind, LabelId, RecordId, Sex, Sight};

use crate::events::{self, Events};
use crate::query::{Born, Filter, Found, Hit, Query, Terms, Why};
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
        if let Terms::Incidents = query.terms {
            return self.listed(query, &kept);
        }
        let mut best: HashMap<RecordId, (Rank, Candidate)> = HashMap::new();
        for candidate in self.candidates(&query.terms, sight) {
            if !kept.keeps(&candidate.row, candidate.pointer) {
                continue;
            }
            let Row { id, .. } = candidate.row;
            let when = events::when(&candidate.row, sight).filter(|_| !candidate.pointer);
            // Scores are not negative, so their bits are in their order.
            let rank = (candidate.pointer, Reverse(candidate.score.to_bits()), Reverse(when), id);
            if best.get(&id).is_none_or(|(other, _)| rank < *other) {
                best.insert(id, (rank, candidate));
            }
        }
        let mut ranked: Vec<(Rank, Candidate)> = best.into_values().collect();
        ranked.sort_unstable_by_key(|(rank, _)| *rank);
        // Pointers are neither counted nor paged: how many there are is not the asker's to know.
        let pointers = ranked.split_off(ranked.partition_point(|(_, candidate)| !candidate.pointer));
        let total = ranked.len();
        let page = ranked.into_iter().skip(query.offset).take(query.limit);
        let hit = |Candidate { row, score, why, pointer }| Hit { id: row.id, label: row.label, score, why, pointer };
        Found { hits: page.chain(pointers).map(|(_, candidate)| hit(candidate)).collect(), total }
    }

    fn candidates(&self, terms: &Terms, sight: &Sight<'_>) -> Vec<Candidate> {
        let by = |class: FieldClass, found: Vec<(RowId, f32, Why)>| -> Vec<Candidate> {
            let seen =
                |(row, score, why): (RowId, f32, Why)| self.seen(sight, class, row, score, why.points(), vec![why]);
            found.into_iter().filter_map(seen).collect()
        };
        match terms {
            Terms::Plate(plate) => by(FieldClass::Identity, self.plates.find(plate)),
            Terms::Address(address) => {
                self.addresses.iter().flat_map(|(class, addresses)| by(class, addresses.find(address))).collect()
            }
            Terms::CaseNumber(number) => {
                let rows = self.numbers.get(&text::number(number));
                by(FieldClass::Operational, rows.map(|row| (row, 1.0, Why::Number)).collect())
            }
            Terms::Id(id) => {
                let Some(row) = self.rows.of(*id) else { return Vec::new() };
                // A record shows by its id where any class is open.
                let classes = FieldClass::ALL.iter();
                classes.filter_map(|class| self.seen(sight, *class, row, 1.0, true, vec![Why::Id])).collect()
            }
            // Answered by themselves, before.
            Terms::Person(_) | Terms::Incidents => Vec::new(),
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
    fn listed(&self, query: &Query, kept: &Kept<'_>) -> Found {
        let kinds = if query.filter.kinds.is_empty() { &[Kind::Incident][..] } else { &query.filter.kinds };
        let mut found = Found { hits: Vec::new(), total: 0 };
        for row in self.events.iter(&self.rows).filter_map(|at| self.rows.get(at)) {
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
        }
        found
    }
}

/// A filter, ready to test rows.
struct Kept<'a> {
    index: &'a Index,
    sight: &'a Sight<'a>,
    kinds: &'a [Kind],
    /// Seconds since 1970, the first one in and the first one out.
    from: Option<i64>,
    to: Option<i64>,
    beat: Option<u32>,
    sex: Option<Sex>,
    born: Option<Born>,
    /// Rows of persons whose home address is in the area, ascending.
    area: Option<Vec<RowId>>,
}

impl<'a> Kept<'a> {
    fn of(index: &'a Index, filter: &'a Filter, sight: &'a Sight<'a>) -> Kept<'a> {
        let midnight = |date| i64::from(events::days(date)) * 86_400;
        let area = filter.area.as_deref().map(|area| {
            let found = index.addresses[FieldClass::Contact].find(area);
            let mut rows: Vec<RowId> = found.into_iter().map(|(row, ..)| row).collect();
            rows.sort_unstable();
            rows
        });
        Kept {
            index,
            sight,
            kinds: &filter.kinds,
            from: filter.occurred_from.map(midnight),
            to: filter.occurred_to.map(|date| midnight(date) + 86_400),
            beat: filter.beat.as_deref().map(|beat| index.events.beat_asked(beat)),
            sex: filter.sex,
            born: filter.born,
            area,
        }
    }

    fn is_before(&self, row: &Row) -> bool {
        self.from.is_some_and(|from| row.when.is_some_and(|when| when < from))
    }

    fn keeps(&self, row: &Row, pointer: bool) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&row.id.kind);
        let unfiltered = self.from.is_none() && self.to.is_none() && self.beat.is_none();
        // A closed field keeps nothing: halving a range would read a pointer's date out.
        let readable =
            !pointer && Events::has(row.id.kind) && self.sight.opens(FieldClass::Operational, row.label, row.id);
        kind && (unfiltered
            || readable
                && self.from.is_none_or(|from| row.when.is_some_and(|when| when >= from))
                && self.to.is_none_or(|to| row.when.is_some_and(|when| when < to))
                && self.beat.is_none_or(|beat| row.beat == beat))
            && self.keeps_personal(row.id, row.label, pointer)
    }

    /// The same for a person, who has neither time nor beat.
    fn keeps_person(&self, id: RecordId, label: LabelId, pointer: bool) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&id.kind);
        let undated = self.from.is_none() && self.to.is_none() && self.beat.is_none();
        kind && undated && self.keeps_personal(id, label, pointer)
    }

    fn keeps_personal(&self, id: RecordId, label: LabelId, pointer: bool) -> bool {
        if self.sex.is_none() && self.born.is_none() && self.area.is_none() {
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
            && self.area.as_ref().is_none_or(|rows| opens(FieldClass::Contact) && rows.binary_search(&at).is_ok())
    }
}
