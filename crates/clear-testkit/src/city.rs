//! The people of an invented city, Port Meridian, around real incidents that have none.
//!
//! In:    a seed, the incidents, and a [`Plan`]: who owns the records.
//! Out:   a [`City`]: drafts, the [`Cast`] of the demonstration, and which person records are one person.
//! Never: a real person's name, plate, telephone or door; a number that does not follow from the seed; a field that
//!        tells more than the record kinds have.
//!
//! # How
//! About one incident in five is given people, vehicles, items and reports as its primary type asks
//! (`city/profiles.rs`); traffic stops and hot-file entries follow. Whatever is invented cannot exist: house numbers begin at
//! 90,000, plates are of a state `PM`, telephone numbers lie in the range 555-01xx that is kept for fiction, vehicle
//! numbers begin with a 0 that no maker has. Sex, race and age are drawn without regard to the part somebody plays.
//!
//! INVARIANT (what names a record is at least as strict as it): every label here is made `within` the labels of all
//! records that its own names. The cast comes first, so that its ids are the same for every seed and set of incidents.
//!
//! # Change here
//! What an offence brings with it: `city/profiles.rs`. A share: the constants below. The story's characters: `cast`.

mod profiles;

use std::collections::HashMap;

use clear_ingest::forms::age_on;
use clear_record::{
    AccountId, AgencyId, Arrest, ArrestId, BadId, Caveat, Charge, Draft, Handling, HotFile, HotFileId, HotTopic,
    Incident, IncidentId, Instrument, Involvement, InvolvementId, Kind, Label, Method, Narrative, NarrativeId, Part,
    Person, PersonId, Property, PropertyId, PropertyStatus, Provenance, Race, Record, RecordId, Sex, Stop, StopId,
    StopOutcome, Vehicle, VehicleId,
};
use jiff::civil::{Date, DateTime, date, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::names;
use crate::rng::Rng;
use profiles::Profile;

/// The source's name in provenance and in derived ids.
pub const SOURCE: &str = "port-meridian";

/// Of a hundred incidents, how many are given people.
const CASES_PERCENT: u64 = 20;
/// Of a thousand incidents, how many places and times see a stop.
const STOPS_PERMILLE: u64 = 62;
/// Of a hundred persons, how many are under 18.
const JUVENILES_PERCENT: u64 = 7;
/// Of a hundred adults who are new to the city's records, how many have a vehicle in them.
const OWNERS_PERCENT: u64 = 40;

/// Whose records they are.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The police department that owns them.
    pub owner: AgencyId,
    /// The account that filed them.
    pub author: AccountId,
    /// The agency behind administrative instruments: in the story, the one to be cut off.
    pub administrative: AgencyId,
    /// The city's time zone.
    pub time_zone: TimeZone,
}

/// The invented city.
#[derive(Debug, Clone)]
pub struct City {
    /// What to file, each after every record that it names (the incidents are the caller's).
    pub drafts: Vec<Draft>,
    /// The story's characters.
    pub cast: Cast,
    /// For each person record, the number of the person that it is about: the truth that a linker is measured by.
    pub truth: Vec<(PersonId, u32)>,
}

/// The fixed characters of the demonstration. Their ids depend on the owner alone.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The person of the stop.
    pub person: PersonId,
    /// That person's given name.
    pub given_name: String,
    /// That person's family name.
    pub family_name: String,
    /// That person's date of birth.
    pub date_of_birth: Date,
    /// The name as somebody mistypes it, one letter short: a search for it must find the person.
    pub misspelt: String,
    /// That person's vehicle.
    pub vehicle: VehicleId,
    /// Its plate.
    pub plate: String,
    /// The stop.
    pub stop: StopId,
    /// Its event number.
    pub event_number: String,
    /// A judge's warrant for the person.
    pub warrant: HotFileId,
    /// An administrative instrument for the same person, of [`Plan::administrative`].
    pub administrative: HotFileId,
    /// A real incident that the person is named in, as a witness.
    pub incident: IncidentId,
    /// Its case number.
    pub case_number: String,
    /// Their part in it.
    pub involvement: InvolvementId,
    /// A person whose record is *gray*: whom to ask, nothing else.
    pub gray: PersonId,
    /// A person whose record is *black*: no sign of a hit.
    pub black: PersonId,
    /// A person whose record is sealed.
    pub sealed: PersonId,
}

/// Why no city could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The story needs a real incident to stand on.
    #[error("among {given} incidents none has both a case number of its own and a block")]
    NoIncident {
        /// How many there were.
        given: usize,
    },
}

/// Makes the city. The same seed, plan and incidents (in any order) give the same bytes.
///
/// # Errors
/// None of the incidents can carry the story.
pub fn generate(seed: u64, incidents: &[(IncidentId, Incident)], plan: &Plan) -> Result<City, Error> {
    let mut ordered: Vec<&(IncidentId, Incident)> = incidents.iter().collect();
    ordered.sort_by_key(|(id, incident)| (incident.occurred_from, *id));
    let mut city = Builder {
        plan,
        rng: Rng::new(seed),
        streets: ordered.iter().filter_map(|(_, incident)| street(incident.block.as_deref()?)).collect(),
        drafts: Vec::new(),
        counters: HashMap::new(),
        truth: Vec::new(),
        people: 0,
        pool: Vec::new(),
        cars: Vec::new(),
        plates: 0,
    };
    let cast = cast(&mut city, &ordered)?;
    for (id, incident) in &ordered {
        if city.rng.percent(CASES_PERCENT) {
            case(&mut city, *id, incident);
        }
        if city.rng.permille(STOPS_PERMILLE) {
            stop(&mut city, incident);
        }
    }
    if let Some((_, last)) = ordered.last() {
        wanted(&mut city, last.occurred_from);
    }
    Ok(City { drafts: city.drafts, cast, truth: city.truth })
}

/// A person as the builder remembers them.
#[derive(Clone)]
struct Known {
    id: PersonId,
    number: u32,
    person: Person,
    label: Label,
}

struct Builder<'a> {
    plan: &'a Plan,
    rng: Rng,
    streets: Vec<String>,
    drafts: Vec<Draft>,
    counters: HashMap<Kind, u64>,
    truth: Vec<(PersonId, u32)>,
    people: u32,
    /// Adults whose records carry no caveat: only they turn up a second time.
    pool: Vec<Known>,
    /// Vehicles of theirs.
    cars: Vec<(VehicleId, Known)>,
    plates: u64,
}

impl Builder<'_> {
    /// Files a draft under the next number of its kind.
    fn file<I: TryFrom<RecordId, Error = BadId>>(
        &mut self,
        record: impl Into<Record>,
        label: &Label,
        when: DateTime,
    ) -> I {
        let record = record.into();
        let kind = record.kind();
        let counter = self.counters.entry(kind).and_modify(|count| *count += 1).or_insert(1);
        let id = RecordId::derived(kind, &self.plan.owner, SOURCE, &counter.to_string());
        let mut label = Label { kind, instrument: None, ..label.clone() };
        if let Record::HotFile(entry) = &record {
            label.instrument = Some(entry.instrument);
        }
        self.drafts.push(Draft {
            id,
            record,
            label,
            valid_from: self.plan.time_zone.to_timestamp(when).unwrap_or(Timestamp::UNIX_EPOCH),
            provenance: Provenance {
                agency: self.plan.owner.clone(),
                author: self.plan.author.clone(),
                method: Method::Filed,
                source: SOURCE.to_owned(),
                reference: None,
                derived: std::collections::BTreeSet::new(),
            },
        });
        typed(id)
    }

    fn plain(&self, kind: Kind) -> Label {
        Label::of(self.plan.owner.clone(), kind)
    }

    fn file_person(&mut self, person: Person, number: u32, label: &Label, when: DateTime) -> Known {
        let id = self.file(person.clone(), label, when);
        self.truth.push((id, number));
        Known { id, number, person, label: label.clone() }
    }

    fn address(&mut self) -> Option<String> {
        let street = self.rng.pick(&self.streets)?.clone();
        let number = 90_000 + self.rng.below(10_000);
        let flat = if self.rng.percent(40) { format!(", APT {}", 1 + self.rng.below(40)) } else { String::new() };
        Some(format!("{number} {street}{flat}"))
    }

    fn phone(&mut self) -> String {
        format!("{}-555-01{:02}", 210 + self.rng.below(780), self.rng.below(100))
    }

    fn plate(&mut self) -> String {
        self.plates += 1;
        // Every plate is another, and none is that of the cast.
        let letter = |at: u64| char::from(b'A' + u8::try_from(at % 26).unwrap_or(0));
        let number = self.plates * 7919 % 260_000;
        format!("{}P {:04}", letter(number / 10_000), number % 10_000)
    }

    fn vin(&mut self) -> String {
        let letters: Vec<char> = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789".chars().collect();
        let rest: String = (0..14).filter_map(|_| self.rng.pick(&letters).copied()).collect();
        format!("0PM{rest}")
    }

    /// A person who was in no record before.
    fn new_person(&mut self, case: &Label, caveats: &[Caveat], when: DateTime) -> Known {
        let name = names::person(&mut self.rng);
        let juvenile = self.rng.percent(JUVENILES_PERCENT);
        let age = if juvenile {
            self.rng.between(10, 17)
        } else if self.rng.percent(75) {
            self.rng.between(18, 49)
        } else {
            self.rng.between(50, 84)
        };
        let born = birthday(when.date(), age, self.rng.between(1, 360));
        let mut person = blank_person();
        person.family_name = Some(name.family.to_owned());
        person.given_name = Some(name.given.to_owned());
        person.middle_name = name.middle.map(str::to_owned);
        person.date_of_birth = self.rng.percent(94).then_some(born);
        person.sex = Some(name.sex);
        person.race = self.rng.weighted(&RACES);
        person.height_cm = self.rng.percent(60).then(|| small(self.rng.between(152, 196)));
        person.weight_kg = self.rng.percent(60).then(|| small(self.rng.between(48, 115)));
        person.marks = self.rng.percent(9).then(|| self.rng.word(profiles::MARKS).to_owned());
        person.address = if self.rng.percent(85) { self.address() } else { None };
        person.phone = self.rng.percent(65).then(|| self.phone());
        person.caution = self.rng.percent(2).then(|| self.rng.word(profiles::CAUTIONS).to_owned());
        let mut label = self.plain(Kind::Person).within(case);
        label.caveats.extend(caveats);
        if juvenile {
            label.caveats.insert(Caveat::Juvenile);
        }
        self.people += 1;
        let known = self.file_person(person, self.people, &label, when);
        if !juvenile && label == self.plain(Kind::Person) {
            self.pool.push(known.clone());
            if self.rng.percent(OWNERS_PERCENT) {
                self.new_vehicle(&known, when);
            }
        }
        known
    }

    /// A person who was in a record before: sometimes under a record of its own, spelled otherwise.
    fn old_person(&mut self, when: DateTime) -> Option<Known> {
        let known = self.rng.pick(&self.pool).cloned()?;
        if self.rng.percent(35) { Some(self.again(&known, when)) } else { Some(known) }
    }

    /// The same person, written down anew by somebody who did not look.
    fn again(&mut self, known: &Known, when: DateTime) -> Known {
        let mut person = known.person.clone();
        let rng = &mut self.rng;
        let (given, family) =
            (person.given_name.take().unwrap_or_default(), person.family_name.take().unwrap_or_default());
        let (mut new_given, mut new_family) = (given.clone(), family.clone());
        match rng.below(10) {
            0..=2 => new_family = names::typo(rng, &family),
            3 | 4 => new_given = names::typo(rng, &given),
            5 | 6 => match names::nickname(rng, &given) {
                Some(nickname) => new_given = nickname.to_owned(),
                None => new_given = given.chars().take(1).collect(),
            },
            7 | 8 => {
                new_family = names::family(rng).to_owned();
                if rng.percent(60) {
                    person.aliases = vec![format!("{given} {family}")];
                }
            }
            _ => person.middle_name = None,
        }
        person.given_name = Some(new_given);
        person.family_name = Some(new_family);
        if rng.percent(12) {
            // Day and month change places where that is a date, as they do between forms.
            person.date_of_birth =
                person.date_of_birth.map(|born| Date::new(born.year(), born.day(), born.month()).unwrap_or(born));
        }
        if rng.percent(20) {
            person.phone = None;
        }
        person.identity_number = None;
        person.caution = None;
        if self.rng.percent(30) {
            person.address = self.address();
        }
        self.file_person(person, known.number, &known.label, when)
    }

    fn new_vehicle(&mut self, owner: &Known, when: DateTime) -> VehicleId {
        let (make, model) = self.rng.pick(profiles::CARS).copied().unwrap_or_default();
        let vehicle = Vehicle {
            plate: Some(self.plate()),
            plate_state: Some("PM".to_owned()),
            vin: Some(self.vin()),
            make: Some(make.to_owned()),
            model: Some(model.to_owned()),
            model_year: Some(small(self.rng.between(1998, 2018))),
            colour: Some(self.rng.word(profiles::COLOURS).to_owned()),
            owner: Some(owner.id),
        };
        let id = self.file(vehicle, &owner.label, when);
        if owner.label == self.plain(Kind::Person) {
            self.cars.push((id, owner.clone()));
        }
        id
    }
}

/// The id of a record that was filed under its own kind.
#[expect(clippy::expect_used, reason = "the id was made from the record's own kind; another type here is our mistake")]
fn typed<I: TryFrom<RecordId, Error = BadId>>(id: RecordId) -> I {
    I::try_from(id).expect("the id has the record's kind")
}

/// Weights as made up as everything else here.
const RACES: [(Race, u64); 7] = [
    (Race::White, 30),
    (Race::Black, 30),
    (Race::Hispanic, 26),
    (Race::Asian, 8),
    (Race::Native, 1),
    (Race::Pacific, 1),
    (Race::Unknown, 4),
];

fn blank_person() -> Person {
    Person {
        family_name: None,
        given_name: None,
        middle_name: None,
        aliases: Vec::new(),
        misspellings: Vec::new(),
        date_of_birth: None,
        identity_number: None,
        sex: None,
        race: None,
        height_cm: None,
        weight_kg: None,
        marks: None,
        address: None,
        phone: None,
        caution: None,
    }
}

/// The date of birth of somebody who is `age` on that day and had a birthday `since` days ago.
fn birthday(day: Date, age: i32, since: i32) -> Date {
    day.saturating_sub(age.years()).saturating_sub(since.days())
}

fn small(number: i32) -> u16 {
    u16::try_from(number).unwrap_or(0)
}

/// `031XX W CHICAGO AVE` is in `W CHICAGO AVE`.
fn street(block: &str) -> Option<String> {
    let (_, street) = block.split_once(' ')?;
    Some(street.trim().to_owned()).filter(|street| !street.is_empty())
}

/// How tightly a case is kept: most are plain.
fn tightness(city: &mut Builder<'_>, arrested: bool) -> Label {
    let mut case = city.plain(Kind::Incident);
    match city.rng.below(1000) {
        0..=5 => case.handling = Handling::Black,
        6..=19 => case.handling = Handling::Gray,
        20..=39 => {
            case.caveats.insert(Caveat::Sealed);
        }
        40..=109 if !arrested => {
            case.caveats.insert(Caveat::OpenInvestigation);
        }
        _ => {}
    }
    case
}

/// Somebody's part in a case, and the label of that part.
struct Role {
    known: Known,
    label: Label,
}

/// One incident's people, things and words.
fn case(city: &mut Builder<'_>, incident_id: IncidentId, incident: &Incident) {
    let when = incident.occurred_from;
    let primary = incident.offences.first().map_or("", |offence| offence.primary_type.as_str());
    let profile = profiles::of(primary);
    let arrested = incident.arrest == Some(true);
    let case = tightness(city, arrested);

    let victim = city.rng.percent(profile.victim).then(|| {
        let caveats: &[Caveat] = if profile.protected { &[Caveat::ProtectedVictim] } else { &[] };
        // Whom the law protects is in no other record: a second one would tell.
        let known =
            if profile.protected { city.new_person(&case, caveats, when) } else { somebody(city, &case, 12, when) };
        let injury = if primary == "HOMICIDE" {
            Some("Fatal")
        } else if primary == "BATTERY" && city.rng.percent(50) {
            Some("Minor")
        } else {
            None
        };
        involve(city, incident_id, Part::Victim, known, &case, injury, when)
    });
    let suspect = if arrested {
        let known = somebody(city, &case, 45, when);
        Some(involve(city, incident_id, Part::Offender, known, &case, None, when))
    } else if city.rng.percent(profile.suspect) {
        let known = somebody(city, &case, 45, when);
        Some(involve(city, incident_id, Part::Suspect, known, &case, None, when))
    } else {
        None
    };
    let witness = city.rng.percent(profile.witness).then(|| {
        let known = somebody(city, &case, 6, when);
        let part = if city.rng.percent(70) { Part::Witness } else { Part::Complainant };
        involve(city, incident_id, part, known, &case, None, when)
    });

    if city.rng.percent(profile.vehicle) {
        seen_vehicle(city, incident_id, primary, victim.as_ref(), suspect.as_ref(), &case, when);
    }
    let item = thing(city, incident_id, profile, victim.as_ref(), &case, when);
    let arrest = suspect
        .as_ref()
        .filter(|_| arrested)
        .map(|suspect| arrest(city, incident_id, incident, profile, suspect, &case));
    if incident.domestic == Some(true)
        && city.rng.percent(15)
        && let Some(suspect) = &suspect
    {
        protect(city, suspect, when);
    }
    words(city, &Words { incident_id, incident, profile, case: &case, victim, suspect, witness, item, arrest });
}

/// Somebody for a case: in so many of a hundred cases, a person known before.
fn somebody(city: &mut Builder<'_>, case: &Label, known_percent: u64, when: DateTime) -> Known {
    if city.rng.percent(known_percent)
        && let Some(known) = city.old_person(when)
    {
        return known;
    }
    city.new_person(case, &[], when)
}

fn involve(
    city: &mut Builder<'_>,
    incident: IncidentId,
    part: Part,
    known: Known,
    case: &Label,
    injury: Option<&str>,
    when: DateTime,
) -> Role {
    let label = city.plain(Kind::Involvement).within(case).within(&known.label);
    let age_years = known.person.date_of_birth.and_then(|born| age_on(born, when.date()));
    let record = Involvement {
        incident,
        part,
        person: Some(known.id),
        vehicle: None,
        age_years,
        injury: injury.map(str::to_owned),
    };
    let _: InvolvementId = city.file(record, &label, when);
    Role { known, label }
}

fn seen_vehicle(
    city: &mut Builder<'_>,
    incident: IncidentId,
    primary: &str,
    victim: Option<&Role>,
    suspect: Option<&Role>,
    case: &Label,
    when: DateTime,
) {
    let stolen = primary == "MOTOR VEHICLE THEFT";
    let Some(owner) = (if stolen { victim } else { suspect.or(victim) }) else { return };
    let vehicle = city.new_vehicle(&owner.known, when);
    let label = city.plain(Kind::Involvement).within(case).within(&owner.known.label);
    let record = Involvement {
        incident,
        part: Part::Vehicle,
        person: None,
        vehicle: Some(vehicle),
        age_years: None,
        injury: None,
    };
    let _: InvolvementId = city.file(record, &label, when);
    if stolen && city.rng.percent(60) {
        let mut entry = entry(HotTopic::StolenVehicle, Instrument::Stolen, city.plan.owner.clone(), when.date());
        entry.vehicle = Some(vehicle);
        entry.reference = Some(format!("SV-{:06}", city.rng.below(1_000_000)));
        entry.offence = Some("Motor vehicle theft".to_owned());
        entry.lapses_on = Some(when.date().saturating_add(4.years()));
        let _: HotFileId = city.file(entry, &label, when);
    }
}

/// An item, as the report calls it.
fn thing(
    city: &mut Builder<'_>,
    incident: IncidentId,
    profile: &Profile,
    victim: Option<&Role>,
    case: &Label,
    when: DateTime,
) -> Option<&'static str> {
    let (share, status, descriptions) = profile.item;
    if !city.rng.percent(share) {
        return None;
    }
    let description = city.rng.word(descriptions);
    let owner = victim.filter(|_| status == PropertyStatus::Stolen);
    let mut label = city.plain(Kind::Property).within(case);
    if let Some(owner) = owner {
        label = label.within(&owner.known.label);
    }
    let serial = city.rng.percent(30).then(|| format!("PM{:08}", city.rng.below(100_000_000)));
    let kept = status == PropertyStatus::Evidence;
    let record = Property {
        inventory_number: kept.then(|| format!("{}", 14_000_000 + city.rng.below(1_000_000))),
        incident: Some(incident),
        status,
        description: description.to_owned(),
        serial_number: serial.clone(),
        owner: owner.map(|owner| owner.known.id),
        received_at: kept.then(|| later(when, city.rng.between(40, 300))),
        storage: kept.then(|| format!("Property room {}, shelf {}", 1 + city.rng.below(4), 1 + city.rng.below(120))),
    };
    let item: PropertyId = city.file(record, &label, when);
    if !kept && serial.is_some() && city.rng.percent(35) {
        let mut entry = entry(HotTopic::StolenProperty, Instrument::Stolen, city.plan.owner.clone(), when.date());
        entry.property = Some(item);
        entry.reference = Some(format!("SP-{:06}", city.rng.below(1_000_000)));
        entry.offence = Some("Theft".to_owned());
        entry.lapses_on = Some(when.date().saturating_add(1.years()));
        let _: HotFileId = city.file(entry, &label, when);
    }
    Some(description)
}

fn later(when: DateTime, minutes: i32) -> DateTime {
    when.saturating_add(minutes.minutes())
}

fn arrest(
    city: &mut Builder<'_>,
    incident_id: IncidentId,
    incident: &Incident,
    profile: &Profile,
    suspect: &Role,
    case: &Label,
) -> (ArrestId, Label) {
    let when = later(incident.occurred_from, city.rng.between(15, 600));
    let label = city.plain(Kind::Arrest).within(case).within(&suspect.known.label);
    let (statute, description) = profile.charge;
    let mut charges = vec![Charge { statute: statute.to_owned(), description: Some(description.to_owned()) }];
    if city.rng.percent(12) {
        charges.push(Charge {
            statute: "720 ILCS 5/31-1".to_owned(),
            description: Some("Resisting or obstructing a peace officer".to_owned()),
        });
    }
    let record = Arrest {
        person: suspect.known.id,
        incident: Some(incident_id),
        arrested_at: when,
        booking_number: Some(format!("{}", 19_700_000 + city.counters.get(&Kind::Arrest).copied().unwrap_or(0))),
        charges,
        beat: incident.beat.clone(),
        address: None,
    };
    (city.file(record, &label, when), label)
}

fn protect(city: &mut Builder<'_>, suspect: &Role, when: DateTime) {
    let mut entry = entry(HotTopic::Protection, Instrument::ProtectionOrder, city.plan.owner.clone(), when.date());
    entry.person = Some(suspect.known.id);
    entry.reference = Some(format!("OP-{:06}", city.rng.below(1_000_000)));
    entry.offence = Some("Must keep away from a protected person".to_owned());
    entry.lapses_on = Some(when.date().saturating_add(2.years()));
    let _: HotFileId = city.file(entry, &suspect.label, when);
}

fn entry(topic: HotTopic, instrument: Instrument, authority: AgencyId, entered_on: Date) -> HotFile {
    HotFile {
        topic,
        instrument,
        authority,
        reference: None,
        offence: None,
        person: None,
        vehicle: None,
        property: None,
        entered_on,
        validated_on: None,
        lapses_on: None,
        lapsed_on: None,
        caution: None,
    }
}

struct Words<'a> {
    incident_id: IncidentId,
    incident: &'a Incident,
    profile: &'a Profile,
    case: &'a Label,
    victim: Option<Role>,
    suspect: Option<Role>,
    witness: Option<Role>,
    item: Option<&'static str>,
    arrest: Option<(ArrestId, Label)>,
}

/// The reports of a case.
fn words(city: &mut Builder<'_>, about: &Words<'_>) {
    if !city.rng.percent(72) {
        return;
    }
    let when = later(about.incident.occurred_from, 90);
    // A report speaks of everybody in the case, by name or not: it is as strict as the strictest part.
    let mut label = city.plain(Kind::Narrative).within(about.case);
    for role in [&about.victim, &about.suspect, &about.witness].into_iter().flatten() {
        label = label.within(&role.label);
    }
    // No name is written down of whom the law protects, in any report.
    let closed = label.caveats.contains(&Caveat::ProtectedVictim) || label.caveats.contains(&Caveat::Juvenile);
    let called = |role: &Option<Role>, word: &str| match role {
        Some(role) if !closed => full_name(&role.known.person).unwrap_or_else(|| word.to_owned()),
        _ => word.to_owned(),
    };
    let offence =
        about.incident.offences.first().map_or_else(String::new, |offence| offence.primary_type.to_lowercase());
    let clock = about.incident.occurred_from.time();
    let fill = |template: &str| {
        template
            .replace("{block}", about.incident.block.as_deref().unwrap_or("the place"))
            .replace("{time}", &format!("{:02}:{:02}", clock.hour(), clock.minute()))
            .replace("{offence}", &offence)
            .replace("{victim}", &called(&about.victim, "the victim"))
            .replace("{suspect}", &called(&about.suspect, "an unknown person"))
            .replace("{item}", &about.item.map_or_else(|| "nothing so far".to_owned(), lower_first))
    };
    let mut sentences = vec![fill(city.rng.word(profiles::OPENINGS)), fill(city.rng.word(about.profile.stories))];
    if about.witness.is_some() {
        sentences.push(format!("{} saw part of it and left a telephone number.", called(&about.witness, "A witness")));
    }
    if about.arrest.is_some() {
        sentences
            .push(format!("{} was arrested and taken to the district station.", called(&about.suspect, "One person")));
    }
    sentences.push(fill(city.rng.word(profiles::ENDINGS)));
    let text = sentences.iter().map(|sentence| upper_first(sentence)).collect::<Vec<_>>().join(" ");
    let original = Narrative { about: about.incident_id.id(), title: Some("Original report".to_owned()), text };
    let _: NarrativeId = city.file(original, &label, when);

    if city.rng.percent(12) {
        let text = city.rng.word(profiles::SUPPLEMENTS).to_owned();
        let supplement =
            Narrative { about: about.incident_id.id(), title: Some("Supplementary report 1".to_owned()), text };
        let days = city.rng.between(1, 6);
        let _: NarrativeId = city.file(supplement, &label, when.saturating_add(days.days()));
    }
    if let Some((arrest, arrest_label)) = &about.arrest
        && city.rng.percent(40)
    {
        let text =
            "The arrested person was told of the charge and of the right to counsel, and made one telephone call.";
        let note = Narrative { about: arrest.id(), title: Some("Arrest report".to_owned()), text: text.to_owned() };
        let label = Label { kind: Kind::Narrative, ..arrest_label.clone() };
        let _: NarrativeId = city.file(note, &label, when);
    }
}

fn full_name(person: &Person) -> Option<String> {
    Some(format!("{} {}", person.given_name.as_deref()?, person.family_name.as_deref()?))
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A stop in the place and on the day of an incident, of somebody who has no part in it.
fn stop(city: &mut Builder<'_>, near: &Incident) {
    let when = later(near.occurred_from, city.rng.between(20, 900));
    let plain = city.plain(Kind::Stop);
    let driver = if city.rng.percent(30) {
        let car = city.rng.pick(&city.cars).cloned();
        car.map(|(vehicle, known)| (known, Some(vehicle)))
    } else {
        None
    };
    let (known, vehicle) = match driver {
        Some(driver) => driver,
        None => {
            let known = somebody(city, &plain, 55, when);
            let vehicle = city.rng.percent(75).then(|| city.new_vehicle(&known, when));
            (known, vehicle)
        }
    };
    let outcomes = [(StopOutcome::Released, 45), (StopOutcome::Warning, 30), (StopOutcome::Citation, 25)];
    let record = Stop {
        // Longer than that of the cast, E-1042, and so never the same.
        event_number: Some(format!("E-0{:06}", city.counters.get(&Kind::Stop).copied().unwrap_or(0))),
        stopped_at: when,
        beat: near.beat.clone(),
        block: near.block.clone(),
        reason: Some(city.rng.word(profiles::STOP_REASONS).to_owned()),
        person: Some(known.id),
        vehicle,
        searched: Some(city.rng.percent(8)),
        outcome: city.rng.weighted(&outcomes),
    };
    let label = plain.within(&known.label);
    let _: StopId = city.file(record, &label, when);
}

/// Wanted and missing persons, as the files stand on the last day.
fn wanted(city: &mut Builder<'_>, today: DateTime) {
    let pool = city.pool.clone();
    for known in &pool {
        let when = today.saturating_sub(city.rng.between(1, 38).days());
        let owner = city.plan.owner.clone();
        let (instrument, authority) = match city.rng.below(1000) {
            0..=21 => (Instrument::JudicialWarrant, owner),
            22..=27 => (Instrument::Administrative, city.plan.administrative.clone()),
            28..=29 => (Instrument::Detainer, city.plan.administrative.clone()),
            30..=31 => (Instrument::Civil, owner),
            _ => continue,
        };
        let mut entry = entry(HotTopic::WantedPerson, instrument, authority, when.date());
        entry.person = Some(known.id);
        let number = city.rng.below(1_000_000);
        (entry.reference, entry.offence) = match instrument {
            Instrument::JudicialWarrant => {
                (Some(format!("W-{number:06}")), Some(city.rng.word(profiles::WARRANTS).to_owned()))
            }
            Instrument::Civil => (Some(format!("C-{number:06}")), Some("Body attachment: unpaid support".to_owned())),
            _ => (Some(format!("A-{number:06}")), Some("Administrative matter".to_owned())),
        };
        entry.validated_on = city.rng.percent(30).then(|| today.date());
        let _: HotFileId = city.file(entry, &known.label, when);
    }
    for _ in 0..1 + pool.len() / 200 {
        let when = today.saturating_sub(city.rng.between(1, 30).days());
        let plain = city.plain(Kind::Person);
        let known = city.new_person(&plain, &[], when);
        let mut entry = entry(HotTopic::MissingPerson, Instrument::Missing, city.plan.owner.clone(), when.date());
        entry.person = Some(known.id);
        entry.reference = Some(format!("M-{:06}", city.rng.below(1_000_000)));
        let _: HotFileId = city.file(entry, &known.label, when);
    }
}

/// The characters of the story, filed before everybody else.
fn cast(city: &mut Builder<'_>, incidents: &[&(IncidentId, Incident)]) -> Result<Cast, Error> {
    let mut uses: HashMap<&str, u32> = HashMap::new();
    for (_, incident) in incidents {
        *uses.entry(incident.case_number.as_deref().unwrap_or("")).or_default() += 1;
    }
    let carries = |incident: &Incident| {
        incident.block.is_some() && incident.case_number.as_deref().is_some_and(|number| uses.get(number) == Some(&1))
    };
    let of_theft =
        |incident: &Incident| incident.offences.first().is_some_and(|offence| offence.primary_type == "THEFT");
    let (incident_id, incident) = incidents
        .iter()
        .find(|(_, incident)| carries(incident) && of_theft(incident) && incident.arrest != Some(true))
        .or_else(|| incidents.iter().find(|(_, incident)| carries(incident)))
        .ok_or(Error::NoIncident { given: incidents.len() })?;
    let case_number = incident.case_number.clone().unwrap_or_default();
    let last_day = incidents.last().map_or(incident.occurred_from, |(_, last)| last.occurred_from).date();
    let seen = incident.occurred_from;
    let plain = city.plain(Kind::Person);

    let (given_name, family_name, date_of_birth) = ("Dorian", "Marrowick", date(1984, 3, 17));
    let mut person = character(given_name, family_name, date_of_birth, Sex::Male);
    person.middle_name = Some("T".to_owned());
    person.identity_number = Some("PM-0001042".to_owned());
    person.height_cm = Some(181);
    person.weight_kg = Some(78);
    person.marks = Some("Scar over the right eyebrow".to_owned());
    person.address = Some("90042 W HARBOR LIGHT AVE, APT 3".to_owned());
    person.phone = Some("312-555-0142".to_owned());
    person.caution = Some("Carries insulin and needles: ask before a search.".to_owned());
    city.people += 1;
    let known = city.file_person(person, city.people, &plain, seen);

    let plate = "PM 1042".to_owned();
    let vehicle = Vehicle {
        plate: Some(plate.clone()),
        plate_state: Some("PM".to_owned()),
        vin: Some("0PM1042PMERD1042X".to_owned()),
        make: Some("Toyota".to_owned()),
        model: Some("Corolla".to_owned()),
        model_year: Some(2011),
        colour: Some("Silver".to_owned()),
        owner: Some(known.id),
    };
    let vehicle: VehicleId = city.file(vehicle, &plain, seen);

    let involvement = Involvement {
        incident: *incident_id,
        part: Part::Witness,
        person: Some(known.id),
        vehicle: None,
        age_years: age_on(date_of_birth, seen.date()),
        injury: None,
    };
    let involvement: InvolvementId = city.file(involvement, &plain, seen);

    let entered = last_day.saturating_sub(20.days());
    let mut warrant = entry(HotTopic::WantedPerson, Instrument::JudicialWarrant, city.plan.owner.clone(), entered);
    warrant.person = Some(known.id);
    warrant.reference = Some("W-001042".to_owned());
    warrant.offence = Some("Failure to appear: retail theft".to_owned());
    warrant.validated_on = Some(last_day);
    warrant.caution = Some("Carries insulin and needles: ask before a search.".to_owned());
    let warrant: HotFileId = city.file(warrant, &plain, entered.to_datetime(time(9, 0, 0, 0)));
    let mut administrative =
        entry(HotTopic::WantedPerson, Instrument::Administrative, city.plan.administrative.clone(), entered);
    administrative.person = Some(known.id);
    administrative.reference = Some("A-001042".to_owned());
    administrative.offence = Some("Administrative matter".to_owned());
    let administrative: HotFileId = city.file(administrative, &plain, entered.to_datetime(time(10, 0, 0, 0)));

    let event_number = "E-1042".to_owned();
    let stopped_at = last_day.to_datetime(time(21, 2, 0, 0));
    let stop = Stop {
        event_number: Some(event_number.clone()),
        stopped_at,
        beat: incident.beat.clone(),
        block: incident.block.clone(),
        reason: Some("Right tail lamp out.".to_owned()),
        person: Some(known.id),
        vehicle: Some(vehicle),
        searched: Some(false),
        outcome: None,
    };
    let stop: StopId = city.file(stop, &plain, stopped_at);

    let mut closed = |given: &str, family: &str, born: Date, sex: Sex, tighten: &dyn Fn(&mut Label)| {
        let mut label = plain.clone();
        tighten(&mut label);
        city.people += 1;
        city.file_person(character(given, family, born, sex), city.people, &label, seen).id
    };
    let gray = closed("Imogen", "Thackwell", date(1971, 9, 2), Sex::Female, &|label| label.handling = Handling::Gray);
    let black = closed("Lucan", "Ostreby", date(1979, 1, 28), Sex::Male, &|label| label.handling = Handling::Black);
    let sealed = closed("Maren", "Quillfeather", date(1990, 6, 11), Sex::Female, &|label| {
        label.caveats.insert(Caveat::Sealed);
    });

    Ok(Cast {
        person: known.id,
        given_name: given_name.to_owned(),
        family_name: family_name.to_owned(),
        date_of_birth,
        misspelt: "Dorian Marowick".to_owned(),
        vehicle,
        plate,
        stop,
        event_number,
        warrant,
        administrative,
        incident: *incident_id,
        case_number,
        involvement,
        gray,
        black,
        sealed,
    })
}

fn character(given: &str, family: &str, born: Date, sex: Sex) -> Person {
    let mut person = blank_person();
    person.given_name = Some(given.to_owned());
    person.family_name = Some(family.to_owned());
    person.date_of_birth = Some(born);
    person.sex = Some(sex);
    person.race = Some(Race::Unknown);
    person
}
