//! The invented city around the sample that ships.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::LazyLock;

use clear_ingest::{Options, Row, chicago_crimes, forms};
use clear_record::{
    Caveat, Draft, Handling, Incident, IncidentId, Instrument, Kind, Label, Part, Person, PersonId, Record, RecordId,
};
use clear_testkit::city::{self, City, Plan};
use clear_testkit::clock;
use jiff::tz::TimeZone;

fn plan() -> Plan {
    Plan {
        owner: "port-meridian-police".parse().unwrap(),
        author: "records-desk".parse().unwrap(),
        administrative: "frs".parse().unwrap(),
        time_zone: TimeZone::get("America/Chicago").unwrap(),
    }
}

/// The sample's first rows: enough for every kind of case, and each test runs in its own process.
static INCIDENTS: LazyLock<Vec<(IncidentId, Incident)>> = LazyLock::new(|| incidents(8_000));

fn incidents(most: usize) -> Vec<(IncidentId, Incident)> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/sample/chicago-crimes-2018-10-01-to-2018-11-11.csv.zst");
    let Plan { owner, author, time_zone, .. } = plan();
    let options = Options { owner, author, time_zone, now: clock::noon() };
    chicago_crimes::open(path, options)
        .expect("the sample opens")
        .take(most)
        .map(|row| match row.expect("the sample reads") {
            Row::Draft(Draft { id, record: Record::Incident(incident), .. }) => (id.try_into().unwrap(), incident),
            other => panic!("{other:?}"),
        })
        .collect()
}

static CITY: LazyLock<City> = LazyLock::new(|| city::generate(1, &INCIDENTS, &plan()).expect("a city"));

/// Everything of a draft, as bytes.
fn bytes(city: &City) -> Vec<String> {
    city.drafts
        .iter()
        .map(|draft| {
            let label = serde_json::to_string(&draft.label).unwrap();
            let provenance = serde_json::to_string(&draft.provenance).unwrap();
            let body = String::from_utf8(draft.record.to_bytes()).unwrap();
            format!("{} {label} {} {provenance} {body}", draft.id, draft.valid_from)
        })
        .collect()
}

fn persons() -> HashMap<PersonId, &'static Person> {
    CITY.drafts
        .iter()
        .filter_map(|draft| match &draft.record {
            Record::Person(person) => Some((draft.id.try_into().unwrap(), person)),
            _ => None,
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_any_order_of_incidents() {
    let reversed: Vec<_> = INCIDENTS.iter().rev().cloned().collect();
    let again = city::generate(1, &reversed, &plan()).unwrap();
    assert!(bytes(&CITY) == bytes(&again));
    assert_eq!(CITY.truth, again.truth);
    let other = city::generate(2, &INCIDENTS, &plan()).unwrap();
    assert!(bytes(&CITY) != bytes(&other));
    assert_eq!(CITY.cast.person, other.cast.person, "the cast is the same whatever the seed");
    assert_eq!(CITY.cast.stop, other.cast.stop);
}

#[test]
fn whatever_names_a_record_comes_after_it_and_is_at_least_as_strict() {
    let incidents: HashSet<RecordId> = INCIDENTS.iter().map(|(id, _)| id.id()).collect();
    let whole_of_incidents = Label::of(plan().owner, Kind::Incident);
    let mut labels: HashMap<RecordId, &Label> = HashMap::new();
    let mut parts = 0;
    for draft in &CITY.drafts {
        for named in draft.record.names().into_iter().chain(draft.record.wholes()) {
            let label = match labels.get(&named) {
                Some(label) => label,
                None if incidents.contains(&named) => &whole_of_incidents,
                None => panic!("{} names {named}, which is not there before it", draft.id),
            };
            assert!(draft.label.is_within(label), "{} is less strict than {named}", draft.id);
            parts += 1;
        }
        assert_eq!(draft.label.kind, draft.record.kind());
        assert!(labels.insert(draft.id, &draft.label).is_none(), "{} is there twice", draft.id);
    }
    assert!(parts > 8_000, "{parts}");
}

#[test]
fn the_city_is_as_large_as_it_should_be() {
    let whole = city::generate(1, &incidents(usize::MAX), &plan()).unwrap();
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for draft in &whole.drafts {
        *counts.entry(draft.record.kind()).or_default() += 1;
    }
    println!("{counts:?}, {} drafts", whole.drafts.len());
    let ranges = [
        (Kind::Person, 7_600..8_800),
        (Kind::Vehicle, 3_400..4_400),
        (Kind::Involvement, 7_000..11_000),
        (Kind::Narrative, 4_000..6_000),
        (Kind::Arrest, 900..1_600),
        (Kind::Stop, 1_500..2_300),
        (Kind::Property, 2_000..3_500),
        (Kind::HotFile, 500..1_200),
    ];
    for (kind, range) in ranges {
        assert!(range.contains(&counts[&kind]), "{kind}: {}", counts[&kind]);
    }
    assert!(!counts.contains_key(&Kind::Incident), "incidents are the caller's");
}

#[test]
fn every_kind_of_closed_record_is_there_and_rare() {
    let count = |is: &dyn Fn(&Label) -> bool| CITY.drafts.iter().filter(|draft| is(&draft.label)).count();
    let all = CITY.drafts.len();
    for caveat in [Caveat::Juvenile, Caveat::Sealed, Caveat::ProtectedVictim, Caveat::OpenInvestigation] {
        let those = count(&|label| label.caveats.contains(&caveat));
        assert!((30..all / 8).contains(&those), "{caveat}: {those}");
    }
    for handling in [Handling::Gray, Handling::Black] {
        let those = count(&|label| label.handling == handling);
        assert!((12..all / 20).contains(&those), "{handling}: {those}");
    }
    for instrument in [
        Instrument::JudicialWarrant,
        Instrument::Administrative,
        Instrument::Detainer,
        Instrument::Civil,
        Instrument::ProtectionOrder,
        Instrument::Stolen,
        Instrument::Missing,
    ] {
        let those = count(&|label| label.instrument == Some(instrument));
        assert!(those >= 1, "{instrument}: {those}");
    }
}

#[test]
fn gr16_protected_victims_and_juveniles_are_labelled() {
    let by_id: HashMap<RecordId, &Incident> = INCIDENTS.iter().map(|(id, incident)| (id.id(), incident)).collect();
    let persons = persons();
    let (mut victims, mut juveniles) = (0, 0);
    for draft in &CITY.drafts {
        let Record::Involvement(part) = &draft.record else { continue };
        let offence = &by_id[&part.incident.id()].offences[0].primary_type;
        if part.part == Part::Victim
            && ["CRIM SEXUAL ASSAULT", "SEX OFFENSE", "OFFENSE INVOLVING CHILDREN"].contains(&offence.as_str())
        {
            assert!(draft.label.caveats.contains(&Caveat::ProtectedVictim), "{}", draft.id);
            victims += 1;
        }
        let Some(born) = part.person.and_then(|person| persons[&person].date_of_birth) else { continue };
        let age = forms::age_on(born, by_id[&part.incident.id()].occurred_from.date());
        // Day and month that changed places may move a birthday, never by a whole year.
        if age.is_some_and(|age| age < 17) {
            assert!(draft.label.caveats.contains(&Caveat::Juvenile), "{}", draft.id);
            juveniles += 1;
        }
    }
    assert!(victims > 15 && juveniles > 60, "{victims} {juveniles}");
}

#[test]
fn no_report_names_whom_the_law_protects() {
    let persons = persons();
    let closed: HashSet<String> = CITY
        .drafts
        .iter()
        .filter(|draft| {
            draft.label.caveats.contains(&Caveat::ProtectedVictim) || draft.label.caveats.contains(&Caveat::Juvenile)
        })
        .filter_map(|draft| {
            let person = persons.get(&PersonId::try_from(draft.id).ok()?)?;
            Some(format!("{} {}", person.given_name.as_deref()?, person.family_name.as_deref()?))
        })
        .collect();
    assert!(closed.len() > 80, "{}", closed.len());
    let all: HashSet<String> = persons
        .values()
        .filter_map(|person| Some(format!("{} {}", person.given_name.as_deref()?, person.family_name.as_deref()?)))
        .collect();
    let mut named = 0;
    for draft in &CITY.drafts {
        let Record::Narrative(narrative) = &draft.record else { continue };
        assert!(!narrative.text.contains(['{', '}']), "a place was left unfilled: {}", narrative.text);
        let words: Vec<&str> =
            narrative.text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'').collect();
        let names = words.windows(2).filter(|pair| all.contains(&pair.join(" "))).count();
        if draft.label.caveats.contains(&Caveat::ProtectedVictim) || draft.label.caveats.contains(&Caveat::Juvenile) {
            assert_eq!(names, 0, "{}", draft.id);
        } else {
            named += usize::from(names > 0);
        }
    }
    assert!(named > 300, "{named}");
}

#[test]
fn what_is_invented_cannot_exist() {
    let mut plates = HashSet::new();
    for draft in &CITY.drafts {
        match &draft.record {
            Record::Person(person) => {
                if let Some(address) = &person.address {
                    let number: u32 = address.split(' ').next().unwrap().parse().unwrap();
                    assert!((90_000..100_000).contains(&number), "{address}");
                }
                if let Some(phone) = &person.phone {
                    assert!(phone.len() == 12 && phone[4..].starts_with("555-01"), "{phone}");
                }
            }
            Record::Vehicle(vehicle) => {
                assert_eq!(vehicle.plate_state.as_deref(), Some("PM"));
                assert!(plates.insert(vehicle.plate.clone().unwrap()), "a plate is there twice");
                assert!(vehicle.vin.as_deref().is_some_and(|vin| vin.len() == 17 && vin.starts_with('0')));
            }
            _ => {}
        }
    }
}

#[test]
fn every_draft_would_be_taken_as_a_form() {
    let Plan { owner, author, .. } = plan();
    for draft in &CITY.drafts {
        assert!(draft.valid_from < clock::noon(), "{}", draft.id);
        let read =
            forms::read(draft.record.kind(), &draft.record.to_bytes(), &owner, &author, clock::noon(), Some(draft.id));
        match read {
            Ok(read) => assert!(read.record == draft.record && draft.label.is_within(&read.label), "{}", draft.id),
            Err(error) => panic!("{}: {error}", draft.id),
        }
    }
}

#[test]
fn some_people_are_in_several_records_under_several_names() {
    let persons = persons();
    assert_eq!(CITY.truth.len(), persons.len());
    let mut records: BTreeMap<u32, Vec<&Person>> = BTreeMap::new();
    for (id, number) in &CITY.truth {
        records.entry(*number).or_default().push(persons[id]);
    }
    let several: Vec<_> = records.values().filter(|records| records.len() > 1).collect();
    assert!((80..500).contains(&several.len()), "{}", several.len());
    let spelled = |person: &Person| (person.given_name.clone(), person.family_name.clone());
    let differ =
        several.iter().filter(|records| records.iter().any(|person| spelled(person) != spelled(records[0]))).count();
    assert!(differ * 10 > several.len() * 7, "{differ} of {}", several.len());
}

#[test]
fn the_cast_is_as_the_story_says() {
    let cast = &CITY.cast;
    let drafts: HashMap<RecordId, &Draft> = CITY.drafts.iter().map(|draft| (draft.id, draft)).collect();
    let Record::Person(person) = &drafts[&cast.person.id()].record else { panic!() };
    assert_eq!(person.family_name.as_deref(), Some(cast.family_name.as_str()));
    assert_eq!(person.date_of_birth, Some(cast.date_of_birth));
    assert!(person.caution.is_some());
    let Record::Vehicle(vehicle) = &drafts[&cast.vehicle.id()].record else { panic!() };
    assert_eq!((vehicle.plate.as_deref(), vehicle.owner), (Some("PM 1042"), Some(cast.person)));
    let Record::Stop(stop) = &drafts[&cast.stop.id()].record else { panic!() };
    assert_eq!(
        (stop.event_number.as_deref(), stop.person, stop.vehicle),
        (Some("E-1042"), Some(cast.person), Some(cast.vehicle))
    );
    for (id, instrument, authority) in [
        (cast.warrant, Instrument::JudicialWarrant, plan().owner),
        (cast.administrative, Instrument::Administrative, plan().administrative),
    ] {
        let draft = drafts[&id.id()];
        let Record::HotFile(entry) = &draft.record else { panic!() };
        assert_eq!((entry.person, entry.instrument, &entry.authority), (Some(cast.person), instrument, &authority));
        assert_eq!(draft.label.instrument, Some(instrument));
    }
    let Record::Involvement(involvement) = &drafts[&cast.involvement.id()].record else { panic!() };
    assert_eq!((involvement.incident, involvement.person), (cast.incident, Some(cast.person)));
    let numbered: Vec<_> =
        INCIDENTS.iter().filter(|(_, incident)| incident.case_number.as_ref() == Some(&cast.case_number)).collect();
    assert_eq!(numbered.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [cast.incident]);
    let white = |id: PersonId| drafts[&id.id()].label == Label::of(plan().owner, Kind::Person);
    assert!(white(cast.person) && !white(cast.gray) && !white(cast.black) && !white(cast.sealed));
}

#[test]
fn a_city_without_an_incident_to_stand_on_is_refused() {
    let error = city::generate(1, &[], &plan()).unwrap_err();
    assert_eq!(error.to_string(), "among 0 incidents none has both a case number of its own and a block");
    assert!(city::generate(1, &INCIDENTS[..1], &plan()).is_ok());
}
