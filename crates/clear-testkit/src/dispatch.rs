//! A dispatch system of the invented city: the stops and calls of a shift, as `POST /api/v1/events` takes them.
//!
//! In:    a seed, a [`Shift`]: which units with which officers, from when, how long.
//! Out:   [`Event`]s in the order of their time, or each posted through a closure.
//! Never: names a person who is stopped; a number that does not follow from the seed.
//!
//! # How
//! Each unit is given a call or stops somebody every quarter of an hour or so. Now and then an event is told twice, as
//! dispatch systems do when a line breaks, and now and then a second unit is sent to it under the same number.
//!
//! # Change here
//! What calls say: `CALLS` and `STOPS`. How often: the constants below.

use clear_record::{AccountId, EventKind};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::rng::Rng;

/// Of a hundred events, how many are stops.
const STOPS_PERCENT: u64 = 60;
/// Of a hundred events, how many are told again.
const AGAIN_PERCENT: u64 = 8;
/// Of a hundred calls, how many get a second unit.
const SECOND_UNIT_PERCENT: u64 = 20;
/// Of a hundred events, how many name the unit alone.
const UNIT_ALONE_PERCENT: u64 = 5;

const STOPS: &[&str] =
    &["tail lamp out", "ran a red light", "no front plate", "speeding by the school", "matches a lookout"];
const CALLS: &[&str] = &[
    "burglar alarm, shop",
    "noise, third complaint",
    "fight outside a bar",
    "crash, nobody hurt",
    "somebody at the back door",
    "stolen bicycle",
];

/// A unit on duty.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its number.
    pub number: String,
    /// Who is in it.
    pub officers: Vec<AccountId>,
}

/// A shift.
#[derive(Debug, Clone)]
pub struct Shift {
    /// The units on duty.
    pub units: Vec<Unit>,
    /// When it begins.
    pub from: Timestamp,
    /// How long it lasts.
    pub lasts: SignedDuration,
}

/// An event, as dispatch tells it: the body of `POST /api/v1/events`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Its number.
    pub event: String,
    /// What it is.
    pub kind: EventKind,
    /// The unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The officers assigned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub officers: Vec<AccountId>,
    /// When it began.
    pub at: Timestamp,
    /// What the call says.
    pub reason: String,
}

impl Event {
    /// The event as JSON.
    pub fn body(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The events of a shift. The same seed and shift give the same events.
pub fn events(seed: u64, shift: &Shift) -> Vec<Event> {
    let mut rng = Rng::new(seed);
    let mut told = Vec::new();
    let mut number = 1000 + rng.below(1000);
    let mut minute = 0;
    let minutes = shift.lasts.as_secs() / 60;
    let between = 15 / i64::try_from(shift.units.len().max(1)).unwrap_or(1);
    loop {
        minute += 1 + i64::try_from(rng.below(2 * u64::try_from(between.max(1)).unwrap_or(1))).unwrap_or(0);
        if minute >= minutes {
            return told;
        }
        let Some(unit) = rng.pick(&shift.units).cloned() else { return told };
        number += 1 + rng.below(3);
        let stop = rng.percent(STOPS_PERCENT);
        let alone = rng.percent(UNIT_ALONE_PERCENT) || unit.officers.is_empty();
        let event = Event {
            event: format!("E-{number}"),
            kind: if stop { EventKind::Stop } else { EventKind::Dispatch },
            unit: Some(unit.number.clone()),
            officers: if alone { Vec::new() } else { unit.officers.clone() },
            at: shift.from + SignedDuration::from_mins(minute),
            reason: rng.word(if stop { STOPS } else { CALLS }).to_owned(),
        };
        let again = rng.percent(AGAIN_PERCENT);
        let second = (!stop && !alone && rng.percent(SECOND_UNIT_PERCENT)).then(|| rng.pick(&shift.units)).flatten();
        told.push(event.clone());
        if again {
            told.push(event.clone());
        }
        // The second unit is told under the first one's: an event has one unit and as many officers as it takes.
        if let Some(second) = second.filter(|second| second.number != unit.number && !second.officers.is_empty()) {
            let officers = unit.officers.iter().chain(&second.officers).cloned().collect();
            told.push(Event { officers, ..event });
        }
    }
}

/// Posts the events of a shift one after the other; gives how many there were.
///
/// # Errors
/// The first that `post` gives.
pub fn play<E>(seed: u64, shift: &Shift, mut post: impl FnMut(&Event) -> Result<(), E>) -> Result<usize, E> {
    let events = events(seed, shift);
    for event in &events {
        post(event)?;
    }
    Ok(events.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn shift() -> Shift {
        let unit = |number: &str, officers: &[&str]| Unit {
            number: number.to_owned(),
            officers: officers.iter().map(|name| name.parse().expect("an account")).collect(),
        };
        Shift {
            units: vec![unit("1203", &["a-one", "a-two"]), unit("1204", &["b-one"]), unit("1299", &[])],
            from: crate::clock::noon(),
            lasts: SignedDuration::from_hours(8),
        }
    }

    #[test]
    fn a_shift_is_the_same_for_a_seed_in_order_and_of_every_sort() {
        let told = events(7, &shift());
        assert_eq!(told, events(7, &shift()));
        assert_ne!(told, events(8, &shift()));
        assert!(told.len() > 60, "{}", told.len());
        assert!(told.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let stops = told.iter().filter(|event| event.kind == EventKind::Stop).count();
        assert!(stops > 20 && told.len() - stops > 10, "{stops} of {}", told.len());
        assert!(told.iter().any(|event| event.officers.is_empty()));
        let mut by_number: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        told.iter().for_each(|event| by_number.entry(&event.event).or_default().push(event));
        let again = by_number.values().filter(|told| told.len() > 1 && told[0] == told[1]).count();
        let second =
            by_number.values().filter(|told| told.windows(2).any(|it| it[0].officers != it[1].officers)).count();
        assert!(again > 0 && second > 0, "{again} told twice, {second} with a second unit");
        // The same number is always the same event.
        assert!(by_number.values().all(|told| told.iter().all(|it| it.kind == told[0].kind && it.at == told[0].at)));
    }

    #[test]
    fn a_body_is_what_the_interface_takes() {
        let event = events(7, &shift()).into_iter().find(|event| !event.officers.is_empty()).expect("one");
        let body = event.body();
        let fields: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(fields, ["event", "kind", "unit", "officers", "at", "reason"]);
    }

    #[test]
    fn playing_stops_at_the_first_that_is_not_taken() {
        let mut posted = 0;
        let played = play(7, &shift(), |_| {
            posted += 1;
            if posted == 3 { Err("refused") } else { Ok(()) }
        });
        assert_eq!((played, posted), (Err("refused"), 3));
    }
}
