//! How many arrests, stops and hot-file entries there were: what released tables are counted of.
//!
//! In:    versions with their labels.
//! Out:   counts by quarter, district and one detail, of white records alone.
//! Never: tells a count to an asker: that is `clear-respond`'s, once for each quarter and with small ones withheld.

use std::collections::{BTreeMap, HashMap};

use std::io::{Read, Result, Write};

use clear_record::snapshot::not_a;
use clear_record::{Caveat, Handling, Instrument, Label, Record, RecordId, Snapshot, StopOutcome, Version};
use jiff::civil::Date;

/// What is counted.
pub const ACTIVITIES: [&str; 3] = ["arrests", "stops", "hot files"];

const FOR_AN_INCIDENT: &str = "for a reported incident";
const OTHERWISE: &str = "otherwise";
const NOT_SAID: &str = "outcome not said";

/// Where one record counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    activity: &'static str,
    quarter: Quarter,
    district: String,
    detail: &'static str,
}

/// A quarter of a year on the city's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter {
    /// The year.
    pub year: i16,
    /// 1 to 4.
    pub quarter: i8,
}

impl Quarter {
    /// The quarter that a day is in.
    pub fn of(day: Date) -> Quarter {
        Quarter { year: day.year(), quarter: (day.month() - 1) / 3 + 1 }
    }
}

impl std::fmt::Display for Quarter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.quarter)
    }
}

clear_record::snapshot!(Activity { places, counts });

/// What every detail is one of.
fn details() -> impl Iterator<Item = &'static str> {
    let said = [FOR_AN_INCIDENT, OTHERWISE, NOT_SAID].into_iter();
    said.chain(StopOutcome::WORDS.iter().copied()).chain(Instrument::WORDS.iter().copied())
}

impl Snapshot for Place {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.activity.to_owned().write(out)?;
        (self.quarter.year, self.quarter.quarter, self.district.clone(), self.detail.to_owned()).write(out)
    }

    fn read(from: &mut impl Read) -> Result<Place> {
        let among = |mut words: Box<dyn Iterator<Item = &'static str>>, word: String| {
            words.find(|known| *known == word).ok_or_else(|| not_a("word of an activity"))
        };
        let activity = among(Box::new(ACTIVITIES.into_iter()), String::read(from)?)?;
        let (year, quarter, district, detail) = Snapshot::read(from)?;
        Ok(Place {
            activity,
            quarter: Quarter { year, quarter },
            district,
            detail: among(Box::new(details()), detail)?,
        })
    }
}

/// One table before anything of it is withheld: by district and detail.
pub type ActivityTable = BTreeMap<(String, &'static str), u64>;

/// The fold.
#[derive(Default)]
pub(crate) struct Activity {
    places: HashMap<RecordId, Place>,
    counts: BTreeMap<Place, u64>,
}

impl Activity {
    pub(crate) fn apply(&mut self, version: &Version, label: Option<&Label>) {
        let place = label.filter(|label| counts(label)).and_then(|_| version.record.as_ref()).and_then(place);
        let before = match place.clone() {
            Some(place) => self.places.insert(version.id, place),
            None => self.places.remove(&version.id),
        };
        if let Some(before) = before
            && let Some(count) = self.counts.get_mut(&before)
        {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&before);
            }
        }
        if let Some(place) = place {
            *self.counts.entry(place).or_default() += 1;
        }
    }

    /// The tables of every quarter in which something was.
    pub(crate) fn tables(&self) -> BTreeMap<(&'static str, Quarter), ActivityTable> {
        let mut tables: BTreeMap<(&'static str, Quarter), ActivityTable> = BTreeMap::new();
        for (place, count) in &self.counts {
            let table = tables.entry((place.activity, place.quarter)).or_default();
            *table.entry((place.district.clone(), place.detail)).or_default() += count;
        }
        tables
    }
}

/// What is gray, black, sealed or intelligence is in no table: not even as a number.
fn counts(label: &Label) -> bool {
    let closed = [Caveat::Sealed, Caveat::Intelligence, Caveat::OpenInvestigation];
    label.handling == Handling::White && closed.iter().all(|caveat| !label.caveats.contains(caveat))
}

fn place(record: &Record) -> Option<Place> {
    let at = |activity, day: Date, beat: Option<&str>, detail| Place {
        activity,
        quarter: Quarter::of(day),
        district: district(beat),
        detail,
    };
    match record {
        Record::Arrest(arrest) => {
            let detail = if arrest.incident.is_some() { FOR_AN_INCIDENT } else { OTHERWISE };
            Some(at("arrests", arrest.arrested_at.date(), arrest.beat.as_deref(), detail))
        }
        Record::Stop(stop) => {
            let detail = stop.outcome.map_or(NOT_SAID, |outcome| outcome.word());
            Some(at("stops", stop.stopped_at.date(), stop.beat.as_deref(), detail))
        }
        Record::HotFile(entry) => Some(Place {
            district: entry.topic.word().to_owned(),
            ..at("hot files", entry.entered_on, None, entry.instrument.word())
        }),
        _ => None,
    }
}

/// The district of a beat: its first two digits, written with three.
fn district(beat: Option<&str>) -> String {
    let beat = beat.map(|beat| format!("{:0>4}", beat.trim()));
    let beat = beat.as_deref().filter(|beat| beat.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = beat.and_then(|beat| beat.get(..2));
    digits.map_or_else(|| "not known".to_owned(), |digits| format!("0{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_is_in_a_district_and_a_day_in_a_quarter() {
        for (beat, of) in [
            (Some("0411"), "004"),
            (Some("411"), "004"),
            (Some("2533"), "025"),
            (Some("x"), "not known"),
            (None, "not known"),
        ] {
            assert_eq!(district(beat), of);
        }
        for (day, of) in [("2026-01-01", "2026-Q1"), ("2026-06-30", "2026-Q2"), ("2026-12-31", "2026-Q4")] {
            assert_eq!(Quarter::of(day.parse().unwrap()).to_string(), of);
        }
    }
}
