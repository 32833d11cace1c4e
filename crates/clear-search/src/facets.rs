//! Counts of open hits, by kind, year, beat, district and community area.
//!
//! INVARIANT (a number about hidden rows is a hidden row): only open hits are counted, each by the fields that are open.

use std::collections::{BTreeMap, HashMap};

use clear_record::{FieldClass, Sight};

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

type Value = fn(&Index, RowId, &Row) -> Option<String>;

/// Each facet with its class; a kind is known of every hit.
const FACETS: &[(&str, Option<FieldClass>, Value)] = &[
    ("kind", None, |_, _, row| Some(row.id.kind.to_string())),
    ("year", Some(FieldClass::Operational), |_, _, row| row.when.map(|when| year(when).to_string())),
    ("beat", Some(FieldClass::Operational), |index, _, row| index.events.beat_named(row.beat)),
    ("district", Some(FieldClass::Operational), |index, at, _| index.places.district_of(at).map(str::to_owned)),
    ("community_area", Some(FieldClass::Operational), |index, at, _| {
        index.places.community_of(at).map(|area| area.to_string())
    }),
];

/// The year of a moment in seconds since 1970 (Howard Hinnant's civil_from_days).
fn year(seconds: i64) -> i64 {
    let days = seconds.div_euclid(86_400) + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day = of_era - (365 * year + year / 4 - year / 100);
    // Years of this count begin in March.
    year + days.div_euclid(146_097) * 400 + i64::from((5 * day + 2) / 153 >= 10)
}

/// Counts, hit by hit.
#[derive(Default)]
pub(crate) struct Tally {
    counts: HashMap<(usize, String), usize>,
}

impl Tally {
    /// Counts an open hit.
    pub(crate) fn add(&mut self, index: &Index, at: RowId, row: &Row, sight: &Sight<'_>) {
        for (facet, (_, class, value)) in FACETS.iter().enumerate() {
            if class.is_none_or(|class| sight.opens(class, row.label, row.id))
                && let Some(value) = value(index, at, row)
            {
                *self.counts.entry((facet, value)).or_default() += 1;
            }
        }
    }

    /// The facets that have a value, in their order.
    pub(crate) fn facets(self) -> Vec<Facet> {
        let mut by: BTreeMap<usize, Vec<(String, usize)>> = BTreeMap::new();
        for ((facet, value), count) in self.counts {
            by.entry(facet).or_default().push((value, count));
        }
        let facet = |(at, mut counts): (usize, Vec<(String, usize)>)| {
            counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            counts.truncate(VALUES_MAX);
            Some(Facet { by: FACETS.get(at)?.0, counts })
        };
        by.into_iter().filter_map(facet).collect()
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
