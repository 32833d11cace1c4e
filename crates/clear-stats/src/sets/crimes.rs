//! The public set "Crimes - 2001 to Present": which rows an incident has in it, and what stands in them.
//!
//! In:    [`Version`]s in `seq` order with the labels that they were filed under; a key of the installation's.
//! Out:   for each record that changes: its incident's public rows, none where it is not public.
//! Never: an exact address or position, a person, a name, a word of a narrative, anything of an incident whose label is
//!        not [publishable](Label::is_publishable); a row that depends on one that is not public.
//!
//! # How
//! - **Rows.** One an incident; a homicide has one for each victim, so that `case_number` is no key. How many victims:
//!   those that are filed white and unsealed, and one before any is filed. Who they are has no part in it.
//! - **Place.** The block (`031XX W CHICAGO AVE`) and a point. INVARIANT (a point is the block's): the point is a keyed
//!   function of the block, the same for every incident on it, so that no number of incidents averages out to a door. It lies in
//!   the cell of [`CELL_FEET`] in which the block's first public incident lies; where in the cell is the key's to say.
//! - **Corrections show.** A reclassified incident is rewritten in place and its `updated_on` moves; an unfounded one
//!   stays, as in the original, with what it was reclassified to.
//! - The last seven days are left out when the set is read ([`published_before`]), by the reader's clock: a fold has none.
//!
//! # Change here
//! A column: [`CrimeRow`] and `published.rs`. What may be public at all: [`Label::is_publishable`], with docs/decisions/0049.

mod kept;

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};

use clear_record::{
    Caveat, Handling, Incident, Involvement, Iucr, Kind, Label, LabelId, Method, Part, Record, RecordId, Version,
};
use hmac::{Hmac, KeyInit, Mac};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::{CRIMES, Derive, Rows, Set, plane};
use crate::times::micros;
use crate::values::Value;

/// The side of a cell, feet: half the length of the city's usual block.
pub const CELL_FEET: f64 = 330.0;

/// How many whole days before a day are not published yet.
pub const LAG_DAYS: i64 = 7;

/// The moment before which incidents are published on a day, on the city's clock: the seven days before it, and the day
/// itself, are left out. It changes once a day, so that an answer stays the same for a day.
pub fn published_before(today: Date) -> DateTime {
    let day = today.checked_sub(LAG_DAYS.days()).unwrap_or(Date::MIN);
    day.to_datetime(jiff::civil::Time::midnight())
}

/// One row of the set.
#[derive(Clone, PartialEq)]
struct CrimeRow {
    id: i64,
    case_number: Option<String>,
    date: DateTime,
    block: Option<String>,
    iucr: Option<String>,
    primary_type: Option<String>,
    description: Option<String>,
    location_description: Option<String>,
    arrest: Option<bool>,
    domestic: Option<bool>,
    beat: Option<String>,
    district: Option<String>,
    ward: Option<i64>,
    community_area: Option<String>,
    fbi_code: Option<String>,
    x_coordinate: Option<f64>,
    y_coordinate: Option<f64>,
    year: i64,
    updated_on: DateTime,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

impl CrimeRow {
    /// The cells in the order of the set's columns; the point is made of two of them.
    fn cells(self) -> Vec<Option<Value>> {
        let text = |text: Option<String>| text.map(Value::Text);
        let time = |at: DateTime| Some(Value::Time(micros(at)));
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 a float is exact")]
        let whole = |number: i64| Some(Value::Number(number as f64));
        let number = |number: Option<f64>| number.map(Value::Number);
        vec![
            whole(self.id),
            text(self.case_number),
            time(self.date),
            text(self.block),
            text(self.iucr),
            text(self.primary_type),
            text(self.description),
            text(self.location_description),
            self.arrest.map(Value::Boolean),
            self.domestic.map(Value::Boolean),
            text(self.beat),
            text(self.district),
            self.ward.and_then(whole),
            text(self.community_area),
            text(self.fbi_code),
            number(self.x_coordinate),
            number(self.y_coordinate),
            whole(self.year),
            time(self.updated_on),
            number(self.latitude),
            number(self.longitude),
            None,
        ]
    }
}

impl std::fmt::Debug for CrimeRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CrimeRow({})", self.id)
    }
}

/// The key that says where in its cell a block's point lies. It never leaves the installation.
#[derive(Clone)]
pub struct PointKey([u8; 32]);

impl PointKey {
    /// The key that a secret text stands for.
    pub fn of(secret: &str) -> PointKey {
        let digest = Sha256::new().chain_update(b"OpenCLEAR point key 1\0").chain_update(secret.as_bytes()).finalize();
        PointKey(digest.into())
    }

    /// Two numbers in [0, 1) for a block of an owner.
    fn place(&self, block: &Block) -> (f64, f64) {
        // HMAC fills a key up to its block with zeros (RFC 2104); so it is given whole.
        let mut key = [0; 64];
        key.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        let mut mac: Hmac<Sha256> = Hmac::new(&key.into());
        mac.update(block.owner.as_bytes());
        mac.update(&[0]);
        mac.update(block.name.as_bytes());
        let tag = mac.finalize().into_bytes();
        let number = |from: usize| {
            let bits = tag.iter().skip(from).take(4).fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
            f64::from(bits) / 4_294_967_296.0
        };
        (number(0), number(4))
    }
}

impl std::fmt::Debug for PointKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PointKey")
    }
}

/// A block of an owner's city: two cities may have a block of one name.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Block {
    owner: Box<str>,
    name: Box<str>,
}

/// A block's point: feet, and the same in degrees.
#[derive(Clone, Copy, PartialEq)]
struct Point {
    x: f64,
    y: f64,
    latitude: f64,
    longitude: f64,
}

/// An incident whose rows may change without a version of its own.
struct Homicide {
    incident: Incident,
    about: About,
}

/// What is known of an incident's version beside its contents.
#[derive(Clone)]
struct About {
    id: RecordId,
    label: LabelId,
    owner: Box<str>,
    reference: Option<i64>,
    updated_on: DateTime,
}

/// The rows that an incident has from now on, in place of those that it had.
#[derive(Clone, PartialEq)]
struct Rewritten {
    /// The incident.
    id: RecordId,
    /// The label that its rows stand under.
    label: LabelId,
    /// Its rows; empty where it has none any more.
    rows: Vec<CrimeRow>,
}

/// The fold.
pub struct Crimes {
    key: PointKey,
    time_zone: TimeZone,
    points: HashMap<Block, Point>,
    homicides: HashMap<u128, Homicide>,
    /// By incident: its victims that count.
    victims: HashMap<u128, BTreeSet<u128>>,
    victim_of: HashMap<u128, u128>,
}

impl Crimes {
    /// Nothing yet, under a key; times of filing are told on the clock of a zone.
    pub fn new(key: PointKey, time_zone: TimeZone) -> Crimes {
        Crimes {
            key,
            time_zone,
            points: HashMap::new(),
            homicides: HashMap::new(),
            victims: HashMap::new(),
            victim_of: HashMap::new(),
        }
    }

    /// Takes in one version with its label; gives the rows that change, if any do. Versions come in `seq` order.
    fn apply(&mut self, version: &Version, label: Option<&Label>) -> Option<Rewritten> {
        match (&version.record, version.id.kind) {
            (Some(Record::Incident(incident)), _) => self.incident(version, incident, label),
            (Some(Record::Involvement(involvement)), _) => self.involvement(version.id, involvement, label),
            (None, Kind::Incident) => self.withdrawn(version.id, version.label),
            (None, Kind::Involvement) => self.no_victim(version.id.raw),
            _ => None,
        }
    }

    fn incident(&mut self, version: &Version, incident: &Incident, label: Option<&Label>) -> Option<Rewritten> {
        let Some(label) = label.filter(|label| label.is_publishable()) else {
            return self.withdrawn(version.id, version.label);
        };
        let filed = || version.recorded_at.to_zoned(self.time_zone.clone()).datetime();
        let imported = version.provenance.method == Method::Imported;
        let about = About {
            id: version.id,
            label: version.label,
            owner: label.owners.first().map(|owner| owner.as_str()).unwrap_or_default().into(),
            reference: version.provenance.reference.as_deref().filter(|_| imported).and_then(|text| text.parse().ok()),
            // What the source says of its own rows; a correction here moves it by our clock.
            updated_on: incident.updated_on.filter(|_| imported).unwrap_or_else(filed),
        };
        if is_homicide(incident) && !imported {
            self.homicides.insert(version.id.raw, Homicide { incident: incident.clone(), about: about.clone() });
        } else {
            self.homicides.remove(&version.id.raw);
        }
        let rows = self.rows(incident, &about);
        Some(Rewritten { id: version.id, label: version.label, rows })
    }

    fn withdrawn(&mut self, id: RecordId, label: LabelId) -> Option<Rewritten> {
        self.homicides.remove(&id.raw);
        Some(Rewritten { id, label, rows: Vec::new() })
    }

    fn involvement(&mut self, id: RecordId, involvement: &Involvement, label: Option<&Label>) -> Option<Rewritten> {
        // That somebody died is no secret of a juvenile's; what is black or sealed gives no sign of itself.
        let open = |label: &&Label| label.handling == Handling::White && !label.caveats.contains(&Caveat::Sealed);
        let counts = involvement.part == Part::Victim && label.filter(open).is_some();
        if !counts {
            return self.no_victim(id.raw);
        }
        let incident = involvement.incident.id().raw;
        let before = self.victim_of.insert(id.raw, incident);
        if let Some(before) = before.filter(|before| *before != incident)
            && let Some(victims) = self.victims.get_mut(&before)
        {
            victims.remove(&id.raw);
        }
        let is_new = self.victims.entry(incident).or_default().insert(id.raw);
        if is_new { self.rewritten(incident) } else { None }
    }

    fn no_victim(&mut self, raw: u128) -> Option<Rewritten> {
        let incident = self.victim_of.remove(&raw)?;
        let victims = self.victims.get_mut(&incident)?;
        victims.remove(&raw);
        if victims.is_empty() {
            self.victims.remove(&incident);
        }
        self.rewritten(incident)
    }

    fn rewritten(&mut self, raw: u128) -> Option<Rewritten> {
        let homicide = self.homicides.get(&raw)?;
        let (incident, about) = (homicide.incident.clone(), homicide.about.clone());
        let rows = self.rows(&incident, &about);
        Some(Rewritten { id: about.id, label: about.label, rows })
    }

    fn rows(&mut self, incident: &Incident, about: &About) -> Vec<CrimeRow> {
        let row = self.row(incident, about);
        // Rows of the source's file are one a victim already.
        let count = if self.homicides.contains_key(&about.id.raw) {
            self.victims.get(&about.id.raw).map_or(1, |victims| victims.len().max(1))
        } else {
            1
        };
        let numbered = |at: usize| CrimeRow { id: number_of(about, at), ..row.clone() };
        (0..count).map(numbered).collect()
    }

    fn row(&mut self, incident: &Incident, about: &About) -> CrimeRow {
        let said =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let offence = incident.offences.first();
        let iucr =
            offence.map(|offence| format!("{:0>4}", offence.iucr.trim().to_uppercase())).filter(|it| it != "0000");
        // The table says what a code means; a row that says more of itself keeps its words, as years ago they were others.
        let known = iucr.as_deref().and_then(Iucr::of);
        let primary = offence.map(|offence| offence.primary_type.trim()).filter(|text| !text.is_empty());
        let block = incident.block.as_deref().and_then(block_of);
        let block = block.or_else(|| incident.address.as_deref().filter(|it| has_number(it)).and_then(block_of));
        let point = block.as_deref().and_then(|block| self.point(block, incident, about));
        CrimeRow {
            id: 0,
            case_number: said(&incident.case_number),
            date: incident.occurred_from,
            iucr,
            primary_type: primary.map(str::to_uppercase).or_else(|| known.map(|row| row.primary.to_owned())),
            description: offence
                .and_then(|offence| said(&offence.description))
                .or_else(|| known.map(|row| row.secondary.to_owned())),
            location_description: said(&incident.location_description),
            arrest: incident.arrest,
            domestic: incident.domestic,
            beat: said(&incident.beat).map(|beat| format!("{beat:0>4}")),
            district: said(&incident.district).map(|district| format!("{district:0>3}")),
            ward: incident.ward.filter(|ward| *ward > 0).map(i64::from),
            community_area: incident.community_area.filter(|area| *area > 0).map(|area| area.to_string()),
            fbi_code: offence.and_then(|offence| said(&offence.fbi_code)).map(|code| code.to_uppercase()),
            x_coordinate: point.map(|point| point.x),
            y_coordinate: point.map(|point| point.y),
            year: i64::from(incident.occurred_from.year()),
            updated_on: about.updated_on,
            latitude: point.map(|point| point.latitude),
            longitude: point.map(|point| point.longitude),
            block,
        }
    }

    /// INVARIANT (a point is the block's): the block's point, made when its first public incident with a position comes.
    fn point(&mut self, block: &str, incident: &Incident, about: &About) -> Option<Point> {
        let key = Block { owner: about.owner.clone(), name: block.into() };
        let at = position(incident);
        if let Some(point) = self.points.get(&key) {
            // What has no position of its own has none on the map either: the source says "not known".
            return at.map(|_| *point);
        }
        let (x, y) = at?;
        let (right, up) = self.key.place(&key);
        let within = |feet: f64, share: f64| ((feet / CELL_FEET).floor() + share) * CELL_FEET;
        let (x, y) = (within(x, right).round(), within(y, up).round());
        let (latitude, longitude) = plane::degrees(x, y)?;
        let nine = |degrees: f64| (degrees * 1e9).round() / 1e9;
        let point = Point { x, y, latitude: nine(latitude), longitude: nine(longitude) };
        self.points.insert(key, point);
        Some(point)
    }
}

impl Derive for Crimes {
    fn set(&self) -> &'static Set {
        &CRIMES
    }

    fn derive(&mut self, version: &Version, label: Option<&Label>) -> Vec<Rows> {
        let rows = |it: Rewritten| Rows {
            id: it.id,
            label: it.label,
            rows: it.rows.into_iter().map(CrimeRow::cells).collect(),
        };
        self.apply(version, label).map(rows).into_iter().collect()
    }

    fn keep(&self, out: &mut dyn Write) -> std::io::Result<()> {
        self.write(out)
    }

    fn restored(&self, from: &mut dyn Read) -> std::io::Result<Box<dyn Derive>> {
        Ok(Box::new(self.read(from)?))
    }
}

/// Feet east and north. Zeros are how the city writes *not known*.
fn position(incident: &Incident) -> Option<(f64, f64)> {
    let there = |a: Option<f64>, b: Option<f64>| a.zip(b).filter(|at| *at != (0.0, 0.0));
    there(incident.x_coordinate, incident.y_coordinate)
        .filter(|(x, y)| plane::degrees(*x, *y).is_some())
        .or_else(|| there(incident.latitude, incident.longitude).and_then(|(lat, lon)| plane::feet(lat, lon)))
}

/// The block of a block or an address: the last two digits of the house's number hidden, nothing of the house behind it.
fn block_of(text: &str) -> Option<String> {
    const INSIDE: [&str; 11] =
        ["APT", "APARTMENT", "UNIT", "STE", "SUITE", "FL", "FLOOR", "RM", "ROOM", "BSMT", "REAR"];
    let text = text.split([',', '#', ';', '\n']).next().unwrap_or_default().to_uppercase();
    let mut words = text.split_whitespace().peekable();
    let number = words.next_if(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let street: Vec<&str> = words.take_while(|word| !INSIDE.contains(&word.trim_matches('.'))).collect();
    if street.is_empty() {
        return None;
    }
    let street = street.join(" ");
    let Some(number) = number else { return Some(street) };
    // `031XX` is a block already, and `0000X` is how the city writes the numbers below a hundred at times.
    if number.ends_with('X') && number.chars().all(|c| c.is_ascii_digit() || c == 'X') {
        return Some(format!("{number} {street}"));
    }
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    let hundred = digits.parse::<u64>().ok()? / 100;
    Some(format!("{hundred:03}XX {street}"))
}

fn has_number(address: &str) -> bool {
    address.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

fn is_homicide(incident: &Incident) -> bool {
    incident.offences.first().is_some_and(|offence| {
        offence.primary_type.trim().eq_ignore_ascii_case("HOMICIDE")
            || Iucr::of(&offence.iucr).is_some_and(|row| row.primary == "HOMICIDE")
    })
}

/// A row's number: the source's own, or one above all of those, which does not lead back to the record.
fn number_of(about: &About, at: usize) -> i64 {
    if let (Some(number), 0) = (about.reference, at) {
        return number;
    }
    const ABOVE: i64 = 1_000_000_000;
    let digest = Sha256::new()
        .chain_update(b"OpenCLEAR public number\0")
        .chain_update(about.id.raw.to_be_bytes())
        .chain_update((at as u64).to_be_bytes())
        .finalize();
    // 2^52: a number that JavaScript's and a spreadsheet's floats hold exactly.
    let bits = digest.iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte)) % (1 << 52);
    ABOVE + i64::try_from(bits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    use crate::sets::Layout;

    use clear_record::{Provenance, Seq};
    use serde_json::{Value as Json, json};

    struct Bed {
        crimes: Crimes,
        seq: u64,
    }

    fn bed() -> Bed {
        Bed { crimes: Crimes::new(PointKey::of("a test's key"), TimeZone::UTC), seq: 0 }
    }

    impl Bed {
        /// Goes on from a snapshot.
        fn restart(&mut self) {
            let (mut bytes, from) = (Vec::new(), Crimes::new(PointKey::of("a test's key"), TimeZone::UTC));
            self.crimes.write(&mut bytes).unwrap();
            self.crimes = from.read(&mut bytes.as_slice()).unwrap();
        }

        fn version(&mut self, kind: Kind, raw: u128, method: Method, record: Option<&Json>) -> Version {
            self.seq += 1;
            Version {
                seq: Seq(self.seq),
                id: RecordId { kind, raw },
                label: LabelId(0),
                valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
                recorded_at: format!("2026-01-01T00:00:{:02}Z", self.seq).parse().unwrap(),
                provenance: Provenance {
                    agency: "pmpd".parse().unwrap(),
                    author: "clerk".parse().unwrap(),
                    method,
                    source: "test".into(),
                    reference: Some("11482392".into()),
                    derived: BTreeSet::new(),
                },
                record: record.map(|record| Record::from_bytes(kind, record.to_string().as_bytes()).unwrap()),
            }
        }

        fn filed(&mut self, raw: u128, record: &Json) -> Option<Rewritten> {
            self.filed_under(raw, record, |_| {})
        }

        fn filed_under(&mut self, raw: u128, record: &Json, tighten: impl Fn(&mut Label)) -> Option<Rewritten> {
            let kind = if record.get("part").is_some() { Kind::Involvement } else { Kind::Incident };
            let mut label = Label::of("pmpd".parse().unwrap(), kind);
            tighten(&mut label);
            let version = self.version(kind, raw, Method::Filed, Some(record));
            self.crimes.apply(&version, Some(&label))
        }
    }

    fn incident(latitude: f64, longitude: f64) -> Json {
        json!({
            "case_number": "JB1", "occurred_from": "2018-10-02T23:15:00", "block": "031xx W Chicago Ave",
            "address": "3117 W CHICAGO AVE", "offences": [{"iucr": "820", "primary_type": "theft"}], "beat": "411",
            "district": "4", "ward": 27, "community_area": 8, "latitude": latitude, "longitude": longitude
        })
    }

    fn only(rewritten: Option<Rewritten>) -> CrimeRow {
        let rows = rewritten.expect("rows").rows;
        assert_eq!(rows.len(), 1);
        rows.into_iter().next().unwrap()
    }

    #[test]
    fn a_row_has_the_citys_formats() {
        let mut bed = bed();
        let row = only(bed.filed(7, &incident(41.889_5, -87.618_3)));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        assert_eq!((text(&row.iucr), text(&row.primary_type)), ("0820".into(), "THEFT".into()));
        // The table fills in what the report does not say.
        assert_eq!(text(&row.description), "$500 AND UNDER");
        assert_eq!(
            (text(&row.beat), text(&row.district), text(&row.block)),
            ("0411".into(), "004".into(), "031XX W CHICAGO AVE".into())
        );
        assert_eq!((row.year, row.ward, text(&row.community_area)), (2018, Some(27), "8".into()));
        assert!(row.id > 1_000_000_000);
    }

    #[test]
    fn every_incident_on_a_block_has_the_blocks_point_and_none_its_own() {
        let mut bed = bed();
        let (mut seen, doors) = (HashSet::new(), [(41.889_5, -87.618_3), (41.889_9, -87.617_9), (41.889_1, -87.618_9)]);
        for (raw, (latitude, longitude)) in (1..).zip(doors) {
            let row = only(bed.filed(raw, &incident(latitude, longitude)));
            bed.restart();
            let at = (row.latitude.unwrap(), row.longitude.unwrap());
            assert_ne!(at, (latitude, longitude));
            let (x, y) = plane::feet(at.0, at.1).unwrap();
            assert!((x - row.x_coordinate.unwrap()).abs() < 0.01 && (y - row.y_coordinate.unwrap()).abs() < 0.01);
            seen.insert(format!("{at:?}"));
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
        // In the block's neighbourhood: less than a cell's diagonal from its first door.
        let (x, y) = plane::feet(doors[0].0, doors[0].1).unwrap();
        let point = bed.crimes.points.values().next().unwrap();
        assert!((point.x - x).abs() <= CELL_FEET && (point.y - y).abs() <= CELL_FEET);
        // Another key, another point; the same key, the same.
        let mut other = Bed { crimes: Crimes::new(PointKey::of("another"), TimeZone::UTC), seq: 0 };
        let there = only(other.filed(1, &incident(41.889_5, -87.618_3)));
        assert!(!seen.contains(&format!("{:?}", (there.latitude.unwrap(), there.longitude.unwrap()))));
        // What was kept under a key is of no use under another, or on another clock.
        let mut kept = Vec::new();
        bed.crimes.write(&mut kept).unwrap();
        let elsewhere = Crimes::new(PointKey::of("a test's key"), TimeZone::fixed(jiff::tz::offset(-6)));
        assert!([&other.crimes, &elsewhere].iter().all(|crimes| crimes.read(&mut kept.as_slice()).is_err()));
        // No position known, no point; zeros are how that is written.
        let mut unknown = incident(0.0, 0.0);
        assert_eq!(only(bed.filed(9, &unknown)).latitude, None);
        // An address that was filed as a block is told as one.
        unknown["block"] = json!("3117 W CHICAGO AVE APT 2");
        assert_eq!(only(bed.filed(9, &unknown)).block.as_deref(), Some("031XX W CHICAGO AVE"));
    }

    #[test]
    fn a_block_tells_no_house() {
        for (text, block) in [
            ("031XX W CHICAGO AVE", "031XX W CHICAGO AVE"),
            ("0000X N STATE ST", "0000X N STATE ST"),
            ("3117 w chicago ave", "031XX W CHICAGO AVE"),
            ("3117A W CHICAGO AVE, 2nd floor", "031XX W CHICAGO AVE"),
            ("3117-3119 W 63RD ST #4", "031XX W 63RD ST"),
            ("12 N STATE ST UNIT 1402", "000XX N STATE ST"),
            ("12034 S HALSTED ST", "120XX S HALSTED ST"),
            ("W MADISON ST & N STATE ST", "W MADISON ST & N STATE ST"),
            ("99999999999999999999999 W X ST", ""),
            ("3117", ""),
            ("", ""),
        ] {
            assert_eq!(block_of(text).unwrap_or_default(), block, "{text}");
        }
    }

    #[test]
    fn what_is_not_public_has_no_row_and_moves_no_point() {
        let closings: [fn(&mut Label); 3] = [
            |label| label.handling = Handling::Gray,
            |label| label.handling = Handling::Black,
            |label| _ = label.caveats.insert(Caveat::OpenInvestigation),
        ];
        let mut open = bed();
        let alone = only(open.filed(1, &incident(41.889_5, -87.618_3)));
        for close in closings {
            let mut bed = bed();
            assert!(bed.filed_under(8, &incident(41.99, -87.7), close).unwrap().rows.is_empty());
            let row = only(bed.filed(1, &incident(41.889_5, -87.618_3)));
            assert_eq!(row.latitude, alone.latitude);
            // One that is closed afterwards loses its row.
            let gone = bed.filed_under(1, &incident(41.889_5, -87.618_3), close).unwrap();
            assert!(gone.rows.is_empty());
        }
        let expunged = open.version(Kind::Incident, 1, Method::Filed, None);
        assert!(open.crimes.apply(&expunged, None).unwrap().rows.is_empty());
    }

    #[test]
    fn a_homicide_has_a_row_for_each_victim() {
        let mut bed = bed();
        let mut case = incident(41.889_5, -87.618_3);
        case["offences"] = json!([{"iucr": "0110", "primary_type": "HOMICIDE"}]);
        let part = |part: &str| json!({"incident": "inc_00000000000000000000000007", "part": part});
        let count = |rewritten: Option<Rewritten>| {
            rewritten.map(|it| it.rows.iter().map(|row| row.id).collect::<BTreeSet<_>>().len())
        };
        let id: RecordId = "inc_00000000000000000000000007".parse().unwrap();
        assert_eq!(count(bed.filed(id.raw, &case)), Some(1));
        assert_eq!(count(bed.filed(20, &part("victim"))), Some(1));
        assert_eq!(count(bed.filed(21, &part("victim"))), Some(2));
        assert_eq!(count(bed.filed(22, &part("witness"))), None);
        bed.restart();
        // A juvenile's death is counted, a black record gives no sign.
        let juvenile = |label: &mut Label| _ = label.caveats.insert(Caveat::Juvenile);
        assert_eq!(count(bed.filed_under(23, &part("victim"), juvenile)), Some(3));
        assert_eq!(count(bed.filed_under(24, &part("victim"), |label| label.handling = Handling::Black)), None);
        let gone = bed.version(Kind::Involvement, 23, Method::Filed, None);
        assert_eq!(count(bed.crimes.apply(&gone, None)), Some(2));
        // Reclassified, it is one incident with one row again; and back.
        assert_eq!(count(bed.filed(id.raw, &incident(41.889_5, -87.618_3))), Some(1));
        assert_eq!(count(bed.filed(id.raw, &case)), Some(2));
    }

    #[test]
    fn cells_stand_in_the_order_of_the_columns() {
        let mut bed = bed();
        let cells = only(bed.filed(7, &incident(41.889_5, -87.618_3))).cells();
        assert_eq!(cells.len(), CRIMES.columns.len());
        for (column, cell) in CRIMES.columns.iter().zip(&cells) {
            let fits = match cell {
                None => matches!(
                    column.field_name,
                    "location" | "location_description" | "arrest" | "domestic" | "fbi_code"
                ),
                Some(Value::Text(_)) => column.layout == Layout::Text,
                Some(Value::Number(_)) => matches!(column.layout, Layout::Number | Layout::Few),
                Some(Value::Boolean(_)) => column.layout == Layout::Flag,
                Some(Value::Time(_)) => column.layout == Layout::Time,
            };
            assert!(fits, "{}", column.field_name);
        }
    }

    #[test]
    fn a_correction_shows_in_place_and_moves_updated_on() {
        let mut bed = bed();
        let before = only(bed.filed(7, &incident(41.889_5, -87.618_3)));
        let mut corrected = incident(41.889_5, -87.618_3);
        corrected["offences"] = json!([{"iucr": "0460", "primary_type": "BATTERY"}]);
        let after = only(bed.filed(7, &corrected));
        assert_eq!((before.id, after.primary_type.as_deref()), (after.id, Some("BATTERY")));
        assert!(after.updated_on > before.updated_on);
        // A row of the source's keeps the source's number and moment.
        let mut imported = incident(41.889_5, -87.618_3);
        imported["updated_on"] = json!("2018-11-19T16:14:28");
        let version = bed.version(Kind::Incident, 9, Method::Imported, Some(&imported));
        let row = only(bed.crimes.apply(&version, Some(&Label::of("pmpd".parse().unwrap(), Kind::Incident))));
        assert_eq!((row.id, row.updated_on.to_string().as_str()), (11_482_392, "2018-11-19T16:14:28"));
    }

    #[test]
    fn the_last_seven_days_are_not_published_yet() {
        let before = |day: &str| published_before(day.parse().unwrap()).to_string();
        assert_eq!(before("2018-11-19"), "2018-11-12T00:00:00");
        assert_eq!(before("2018-01-03"), "2017-12-27T00:00:00");
    }
}
