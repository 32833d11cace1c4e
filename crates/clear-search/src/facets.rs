//! Counts of open hits, by kind, year, beat, district and community area.
//!
//! INVARIANT (a number about hidden rows is a hidden row): only open hits are counted, each by the fields that are open.

use clear_record::{FieldClass, Kind, Sight};

use crate::Index;
use crate::rows::{Row, RowId};

/// Of one facet so many values are said, those with most hits first.
const VALUES_MAX: usize = 50;

/// Hits by one property.
#[derive(Debug, Clone, PartialEq)]
pub struct Facet {
    /// Which property: `kind`, `year`, `beat`, `district`, `community_area`.
    pub by: &'static str,
    /// Its values with their hits, most first, then by value.
    pub counts: Vec<(String, usize)>,
}

/// A facet, and what its codes are called.
type Named = (&'static str, fn(&Index, usize) -> Option<String>);

const FACETS: [Named; 5] = [
    ("kind", |_, code| {
        Kind::ALL.into_iter().find(|kind| usize::from(kind.code()) == code).map(|kind| kind.to_string())
    }),
    ("year", |_, code| i64::try_from(code).ok().map(|code| (code - YEAR_ZERO).to_string())),
    ("beat", |index, code| index.events.beat_named(u32::try_from(code).ok()?)),
    ("district", |index, code| index.places.district_named(u16::try_from(code).ok()?)),
    ("community_area", |_, code| Some(code.to_string())),
];

/// The code of the year nought, so that no year's is below it.
const YEAR_ZERO: i64 = 10_000;

/// The year of a moment in seconds since 1970 (Howard Hinnant's civil_from_days).
fn year(seconds: i64) -> i64 {
    let days = seconds.div_euclid(86_400) + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day = of_era - (365 * year + year / 4 - year / 100);
    // Years of this count begin in March.
    year + days.div_euclid(146_097) * 400 + i64::from((5 * day + 2) / 153 >= 10)
}

/// Counts, hit by hit: by code, because a list of a year's incidents has hundreds of thousands.
#[derive(Default)]
pub(crate) struct Tally {
    /// Of each facet the hits by code.
    counts: [Vec<usize>; FACETS.len()],
}

impl Tally {
    /// So many open hits of a kind that has neither time nor place.
    pub(crate) fn of(kind: Kind, count: usize) -> Tally {
        let mut tally = Tally::default();
        let [kinds, ..] = &mut tally.counts;
        kinds.resize(usize::from(kind.code()), 0);
        kinds.push(count);
        tally
    }

    /// Counts an open hit. Its kind is known; all else is of class operational.
    pub(crate) fn add(&mut self, index: &Index, at: RowId, row: &Row, sight: &Sight<'_>) {
        let kind = Some(usize::from(row.id.kind.code()));
        let mut codes = [kind, None, None, None, None];
        if sight.opens(FieldClass::Operational, row.label, row.id) {
            let year = row.when.and_then(|when| usize::try_from(year(when) + YEAR_ZERO).ok());
            let (district, community) = index.places.areas_of(at);
            let code = |code: u16| Some(usize::from(code)).filter(|code| *code != 0);
            let beat = usize::try_from(row.beat).ok().filter(|beat| *beat != 0);
            codes = [kind, year, beat, code(district), code(community)];
        }
        for (counts, code) in self.counts.iter_mut().zip(codes) {
            let Some(code) = code else { continue };
            if counts.len() <= code {
                counts.resize(code + 1, 0);
            }
            if let Some(count) = counts.get_mut(code) {
                *count += 1;
            }
        }
    }

    /// The facets that have a value, in their order.
    pub(crate) fn facets(self, index: &Index) -> Vec<Facet> {
        let facet = |((by, name), counts): (&Named, Vec<usize>)| {
            let counted = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
            let mut counts: Vec<(String, usize)> =
                counted.filter_map(|(code, count)| Some((name(index, code)?, count))).collect();
            counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            counts.truncate(VALUES_MAX);
            (!counts.is_empty()).then_some(Facet { by, counts })
        };
        FACETS.iter().zip(self.counts).filter_map(facet).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn years_come_back_from_seconds() {
        for day in [
            date(1970, 1, 1),
            date(1969, 12, 31),
            date(2000, 2, 29),
            date(2000, 12, 31),
            date(2018, 3, 1),
            date(1900, 1, 1),
            date(2400, 2, 29),
        ] {
            assert_eq!(year(crate::events::seconds(day.at(23, 59, 59, 0))), i64::from(day.year()), "{day}");
        }
    }
}
