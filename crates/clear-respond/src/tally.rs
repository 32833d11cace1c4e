//! What is counted of the log: questions by agency, purpose and end, and everything else by kind.
//!
//! In:    the log's entries in order, opened.
//! Out:   a [`Tally`] of a range of entries; [`Months`], which follows the log.
//! Never: holds a name, a question, a record or an account; forgets an entry of its range.
//!
//! # How
//! A tally's size is that of the city's agencies times purposes times ends, whatever the number of events. [`Months`] adds
//! what is new to the month that it happened in, writes itself down in a card now and then, and begins there after a
//! restart; a page reads it as it is and never waits for the log. Adding a million events costs some seconds of one core
//! (docs/transparency.md has the measure); what is read again each time is at most the log's last segment.

use std::collections::{BTreeMap, BTreeSet};

use clear_audit::{Event, Log, Opened, What};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Counts over a range of the log's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tally {
    /// Entries of the log, of whatever kind.
    pub entries: u64,
    /// Entries that could not be counted because their openings were destroyed.
    pub destroyed: u64,
    /// Questions and deeds that ended: agency, purpose, how, and how many. A resident's agency is empty.
    #[serde(with = "rows")]
    pub ended: BTreeMap<(String, String, String), u64>,
    /// Denials by their code.
    pub denials: BTreeMap<String, u64>,
    /// Holds that a second person released or refused.
    pub holds: BTreeMap<String, u64>,
    /// Reviews by outcome.
    pub reviews: BTreeMap<String, u64>,
    /// Terms: by their number, how many flagged questions were reviewed, and how many were not in order.
    pub terms: BTreeMap<String, (u64, u64)>,
    /// Steps of compelled productions.
    pub productions: BTreeMap<String, u64>,
    /// Entries of the register by their name: orders, agreements, suspensions …
    pub register: BTreeMap<String, u64>,
    /// Questions by their name: `find`, `open`, `certificate` …
    pub questions: BTreeMap<String, u64>,
    /// Requests of public pages, by page.
    pub public: BTreeMap<String, u64>,
    /// Every event by its kind.
    pub kinds: BTreeMap<String, u64>,
    /// Records that left, in answers and in parts of streams.
    pub records: u64,
    /// Which purposes are counted apart.
    pub(crate) purposes: BTreeSet<String>,
}

/// How many different purposes are counted apart; whatever is asked for beyond is counted together. The declared ones of
/// a city are some dozens.
const PURPOSES_MAX: usize = 256;
/// What a purpose that nobody declared is counted as.
pub(crate) const OTHER: &str = "other";
/// What is counted where nothing was stated.
pub(crate) const NONE: &str = "none";

impl Tally {
    /// Counts one entry.
    pub(crate) fn count(&mut self, opened: &Opened) {
        // What fills the log up for strangers' eyes is no event of anybody's.
        if matches!(opened, Opened::Event(event) if event.what == What::Cover) {
            return;
        }
        self.entries += 1;
        match opened {
            Opened::Event(event) => self.event(event),
            Opened::Destroyed => self.destroyed += 1,
            Opened::Clear(body) | Opened::Sealed(body) => {
                #[derive(Deserialize)]
                struct Named {
                    entry: String,
                }
                if let Ok(Named { entry }) = serde_json::from_slice(body) {
                    add(&mut self.register, &entry, 1);
                }
            }
        }
    }

    fn event(&mut self, event: &Event) {
        add(&mut self.kinds, event.what.word(), 1);
        let why = event.why.as_deref().unwrap_or_default();
        if event.what.ends() {
            let agency = event.agency.as_ref().map(|agency| agency.as_str().to_owned()).unwrap_or_default();
            let key = (agency, self.purpose(event), how(event).to_owned());
            *self.ended.entry(key).or_default() += 1;
        }
        match event.what {
            What::Asked => {
                let name = event.question.as_deref().and_then(|question| question.split(' ').next());
                add(&mut self.questions, name.unwrap_or(NONE), 1);
            }
            What::Denied => add(&mut self.denials, before_colon(why), 1),
            What::Released => add(&mut self.holds, last_word(why), 1),
            What::Production => add(&mut self.productions, before_colon(why), 1),
            What::Reviewed => {
                // Looking at the queue is an event of the same kind; only an outcome is counted.
                let Some((_, outcome)) = why.rsplit_once(": ") else { return };
                add(&mut self.reviews, outcome, 1);
                for term in &event.terms {
                    let (reviewed, against) = self.terms.entry(term.clone()).or_default();
                    *reviewed += 1;
                    *against += u64::from(outcome != "in order");
                }
            }
            What::PublicCounts => {
                for (page, count) in why.split("; ").filter_map(|page| page.rsplit_once(' ')) {
                    add(&mut self.public, page, count.parse().unwrap_or_default());
                }
            }
            // The end of a streamed answer counts its rows again; its parts name their records.
            What::Answered | What::Batch => self.records += event.records.len() as u64,
            _ => {}
        }
    }

    fn purpose(&mut self, event: &Event) -> String {
        let Some(purpose) = event.purpose.as_ref().map(|purpose| purpose.as_str()) else { return NONE.to_owned() };
        let is_code = purpose.len() <= 64 && purpose.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_code && self.purposes.len() < PURPOSES_MAX && !self.purposes.contains(purpose) {
            self.purposes.insert(purpose.to_owned());
        }
        if self.purposes.contains(purpose) { purpose.to_owned() } else { OTHER.to_owned() }
    }

    /// Adds another tally's counts.
    pub(crate) fn add(&mut self, other: &Tally) {
        self.entries += other.entries;
        self.destroyed += other.destroyed;
        self.records += other.records;
        self.purposes.extend(other.purposes.iter().cloned());
        for (key, count) in &other.ended {
            *self.ended.entry(key.clone()).or_default() += count;
        }
        for (term, (reviewed, against)) in &other.terms {
            let (all, not) = self.terms.entry(term.clone()).or_default();
            *all += reviewed;
            *not += against;
        }
        for (mine, theirs) in [
            (&mut self.denials, &other.denials),
            (&mut self.holds, &other.holds),
            (&mut self.reviews, &other.reviews),
            (&mut self.productions, &other.productions),
            (&mut self.register, &other.register),
            (&mut self.questions, &other.questions),
            (&mut self.public, &other.public),
            (&mut self.kinds, &other.kinds),
        ] {
            theirs.iter().for_each(|(name, count)| add(mine, name, *count));
        }
    }

    /// How many questions and deeds ended.
    pub(crate) fn total(&self) -> u64 {
        self.ended.values().sum()
    }
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str, count: u64) {
    match counts.get_mut(name) {
        Some(known) => *known += count,
        None => _ = counts.insert(name.to_owned(), count),
    }
}

/// How a request ended, in one word.
fn how(event: &Event) -> &'static str {
    match event.what {
        What::Failed if event.why.as_deref().is_some_and(|why| why.starts_with("wrong")) => "wrong",
        what => what.word(),
    }
}

fn before_colon(text: &str) -> &str {
    text.split(':').next().unwrap_or_default().trim()
}

fn last_word(text: &str) -> &str {
    text.rsplit(' ').next().unwrap_or_default()
}

/// JSON has no keys of three parts: a row for each.
mod rows {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Key = (String, String, String);

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<Key, u64>, to: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Key, u64>, D::Error> {
        Ok(Vec::<(Key, u64)>::deserialize(from)?.into_iter().collect())
    }
}

/// The whole log's counts, month by month in the city's time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Months {
    /// How many of the log's entries are counted.
    pub upto: u64,
    /// By month, `2026-11`.
    pub months: BTreeMap<String, Tally>,
    /// The month of the newest event: an entry without a time belongs to it.
    newest: String,
}

/// How many entries are read at once, so that nobody holds much of the log in memory and a stop is heard.
const TURN: u64 = 100_000;

impl Months {
    /// Counts the log's next entries; says whether there are more.
    ///
    /// # Errors
    /// When the log cannot be read; what was counted before stays.
    pub(crate) fn follow(&mut self, log: &Log, time_zone: &TimeZone) -> Result<bool, clear_audit::Error> {
        let end = log.synced_size();
        // A ledger that was put back beside an older log: what was counted is of another log.
        if self.upto > end {
            *self = Months::default();
        }
        let until = end.min(self.upto + TURN);
        for opened in log.openings(self.upto..until)? {
            let (index, opened) = opened?;
            self.count(&opened, time_zone);
            self.upto = index + 1;
        }
        self.upto = until;
        Ok(until < end)
    }

    pub(crate) fn count(&mut self, opened: &Opened, time_zone: &TimeZone) {
        if let Opened::Event(event) = opened {
            let month = month(event.at, time_zone);
            if month != self.newest {
                self.newest = month;
            }
        }
        self.months.entry(self.newest.clone()).or_default().count(opened);
    }

    /// The counts of some months together.
    pub(crate) fn of(&self, wanted: impl Fn(&str) -> bool) -> Tally {
        let mut tally = Tally::default();
        self.months.iter().filter(|(month, _)| wanted(month)).for_each(|(_, counts)| tally.add(counts));
        tally
    }
}

fn month(at: Timestamp, time_zone: &TimeZone) -> String {
    at.to_zoned(time_zone.clone()).strftime("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(what: What, agency: &str, purpose: &str, why: &str) -> Opened {
        Opened::Event(Event {
            at: "2026-11-30T23:30:00Z".parse().unwrap(),
            what,
            agency: (!agency.is_empty()).then(|| agency.parse().unwrap()),
            purpose: (!purpose.is_empty()).then(|| purpose.into()),
            why: Some(why.to_owned()),
            ..Event::default()
        })
    }

    #[test]
    fn events_are_counted_by_agency_purpose_and_end() {
        let mut tally = Tally::default();
        for opened in [
            event(What::Asked, "pmpd", "patrol", ""),
            event(What::Answered, "pmpd", "patrol", ""),
            event(What::Answered, "pmpd", "patrol", ""),
            event(What::Denied, "frs", "'; drop", "no_agreement: there is no agreement"),
            event(What::Failed, "", "", "wrong: no such column"),
            event(What::Released, "pmpd", "", "hold 1 of request 2 released"),
            event(What::PublicCounts, "", "", "home 40; register 2"),
            Opened::Clear(br#"{"entry":"cut_off","note":"x"}"#.to_vec()),
            Opened::Clear(b"a release of counts".to_vec()),
        ] {
            tally.count(&opened);
        }
        let ended: Vec<String> = tally.ended.iter().map(|((a, p, h), n)| format!("{a}/{p}/{h} {n}")).collect();
        assert_eq!(ended, ["/none/wrong 1", "frs/other/denied 1", "pmpd/patrol/answered 2"]);
        assert_eq!(tally.denials["no_agreement"], 1);
        assert_eq!(tally.holds["released"], 1);
        assert_eq!((tally.public["home"], tally.public["register"]), (40, 2));
        assert_eq!(tally.register["cut_off"], 1);
        assert_eq!((tally.entries, tally.total()), (9, 4));
        let json = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&json).unwrap(), tally);
        let mut twice = tally.clone();
        twice.add(&tally);
        assert_eq!((twice.total(), twice.entries, twice.kinds["answered"]), (8, 18, 4));
    }

    #[test]
    fn purposes_that_nobody_declared_fill_no_memory() {
        let mut tally = Tally::default();
        for number in 0..1000 {
            tally.count(&event(What::Denied, "frs", &format!("purpose_{number}"), "x: y"));
        }
        assert_eq!(tally.ended.len(), PURPOSES_MAX + 1);
    }

    #[test]
    fn a_month_is_the_citys() {
        let zone = TimeZone::get("America/Chicago").unwrap();
        let mut months = Months::default();
        months.count(&event(What::Answered, "pmpd", "patrol", ""), &zone);
        months.count(&Opened::Clear(b"x".to_vec()), &zone);
        assert_eq!(months.months.keys().collect::<Vec<_>>(), ["2026-11"]);
        assert_eq!(month("2026-12-01T04:00:00Z".parse().unwrap(), &zone), "2026-11");
        assert_eq!(months.of(|month| month < "2026-12").entries, 2);
    }
}
