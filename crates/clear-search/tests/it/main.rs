//! What is found, as a table; and that nothing hidden is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod hidden;
mod persons;
mod seeds;
mod text;

use clear_record::{
    AccountId, AgencyId, FieldClass, Kind, LabelId, LabelSet, Method, PerClass, Provenance, Reach, Record, RecordId,
    Seq, Sight, Version,
};
use clear_search::{Born, Filter, Found, Index, Query, Terms, Who};
use jiff::Timestamp;
use jiff::civil::Date;

pub(crate) fn id(kind: Kind, number: u128) -> RecordId {
    RecordId { kind, raw: number }
}

pub(crate) fn version(seq: u64, id: RecordId, label: u32, record: Option<Record>) -> Version {
    let agency: AgencyId = "police".parse().unwrap();
    let author: AccountId = "clerk".parse().unwrap();
    let provenance = Provenance {
        agency,
        author,
        method: Method::Filed,
        source: "api".into(),
        reference: None,
        derived: Default::default(),
    };
    let now = Timestamp::UNIX_EPOCH;
    Version { seq: Seq(seq), id, label: LabelId(label), valid_from: now, recorded_at: now, provenance, record }
}

pub(crate) fn record(kind: Kind, json: &str) -> Record {
    Record::from_bytes(kind, json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

pub(crate) fn all() -> Reach {
    let labels: LabelSet = (0..64).map(LabelId).collect();
    Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| labels.clone()) }
}

/// An index of these records, numbered from 1, all under label 0.
pub(crate) fn index(records: &[(Kind, &str)]) -> Index {
    let mut index = Index::new();
    for (seq, (kind, json)) in (1..).zip(records) {
        index.apply(&version(seq, id(*kind, u128::from(seq)), 0, Some(record(*kind, json))));
    }
    index
}

/// The numbers of the hits with their reasons.
pub(crate) fn shown(found: &Found) -> String {
    let hit = |hit: &clear_search::Hit| {
        let why: Vec<String> = hit.why.iter().map(ToString::to_string).collect();
        format!("{}{} ({})", if hit.pointer { "pointer " } else { "" }, hit.id.raw, why.join(", "))
    };
    found.hits.iter().map(hit).collect::<Vec<_>>().join("; ")
}

pub(crate) fn person(name: &str) -> Terms {
    Terms::person(name)
}

pub(crate) fn find(index: &Index, terms: Terms) -> String {
    shown(&index.find(&Query::of(terms), &Sight::of(&all())))
}

#[test]
fn persons_are_found_by_name() {
    let index = index(&[
        (Kind::Person, r#"{"given_name":"John","middle_name":"Q","family_name":"Smith"}"#),
        (Kind::Person, r#"{"given_name":"Juan","family_name":"Muñoz-García"}"#),
        (Kind::Person, r#"{"given_name":"Siobhan","family_name":"O'Brien","aliases":["Red Kitty"]}"#),
        (Kind::Person, r#"{"given_name":"Ana","family_name":"De La Cruz"}"#),
        (Kind::Person, r#"{"given_name":"J","family_name":"Washington"}"#),
        (Kind::Person, r#"{"given_name":"Ronald","family_name":"McDonald"}"#),
        (Kind::Person, r#"{"family_name":"Smithers"}"#),
    ]);
    for (asked, expected) in [
        ("john smith", "1 (name: JOHN, name: SMITH)"),
        ("SMITH, John", "1 (name: SMITH, name: JOHN)"),
        ("Smiht John", "1 (one letter off: SMIHT, recorded SMITH, name: JOHN)"),
        ("john q smith", "1 (name: JOHN, initial: Q, recorded Q, name: SMITH)"),
        ("john xavier smith", "1 (name: JOHN, name: SMITH)"),
        ("j smith jr", "1 (initial: J, recorded JOHN, name: SMITH)"),
        ("john smi", "1 (name: JOHN, begins with SMI: SMITH)"),
        ("smith", "1 (name: SMITH); 7 (begins with SMITH: SMITHERS)"),
        ("jane smith", ""),
        ("munoz garcia", "2 (name: MUNOZGARCIA)"),
        ("garcia", "2 (part of a joined name: GARCIA)"),
        ("Munozgarcia juan", "2 (name: MUNOZGARCIA, name: JUAN)"),
        ("Munoz-Lopez juan", "2 (part of a joined name: MUNOZLOPEZ, name: JUAN)"),
        ("obrien siobhan", "3 (name: OBRIEN, name: SIOBHAN)"),
        ("O’Brian", "3 (one letter off: OBRIAN, recorded OBRIEN)"),
        ("kitty obrien", "3 (alias: KITTY, name: OBRIEN)"),
        ("ana delacruz", "4 (name: ANA, part of a joined name: DELACRUZ)"),
        ("cruz", "4 (name: CRUZ)"),
        ("james washingtan", "5 (initial: JAMES, recorded J, one letter off: WASHINGTAN, recorded WASHINGTON)"),
        ("Wahsignton", "5 (2 letters off: WAHSIGNTON, recorded WASHINGTON)"),
        ("ronald mc donald", "6 (name: RONALD, name: MCDONALD)"),
        ("j s", ""),
        ("", ""),
        ("🙂", ""),
    ] {
        assert_eq!(find(&index, person(asked)), expected, "{asked}");
    }
}

#[test]
fn dates_of_birth_and_numbers_weigh() {
    let index = index(&[
        (Kind::Person, r#"{"given_name":"John","family_name":"Smith","date_of_birth":"1980-02-01"}"#),
        (
            Kind::Person,
            r#"{"given_name":"John","family_name":"Smith","date_of_birth":"1980-01-02","identity_number":"IR 77-1"}"#,
        ),
        (Kind::Person, r#"{"given_name":"John","family_name":"Smith","date_of_birth":"1981-02-01"}"#),
        (Kind::Person, r#"{"given_name":"John","family_name":"Smith"}"#),
    ]);
    let ask = |name: Option<&str>, birth: Option<&str>, number: Option<&str>| {
        let who = Who {
            name: name.map(Into::into),
            born: birth.map(|birth| Born::On(birth.parse::<Date>().unwrap())),
            identity_number: number.map(Into::into),
            ..Who::default()
        };
        find(&index, Terms::Person(who))
    };
    let names = "name: JOHN, name: SMITH";
    assert_eq!(
        ask(Some("john smith"), Some("1980-02-01"), None),
        format!(
            "1 ({names}, same date of birth); 2 ({names}, date of birth with day and month swapped); \
             3 ({names}, date of birth differs in one part); 4 ({names})"
        )
    );
    assert_eq!(
        ask(None, Some("1980-02-01"), None),
        "1 (same date of birth); 2 (date of birth with day and month swapped)"
    );
    assert_eq!(ask(None, None, Some("ir771")), "2 (same identity number)");
    assert_eq!(ask(Some("somebody else"), None, Some("IR771")), "2 (same identity number)");
    assert_eq!(ask(None, None, Some("IR772")), "");
    assert_eq!(ask(None, None, None), "");
}

#[test]
fn plates_addresses_and_numbers() {
    let index = index(&[
        (Kind::Vehicle, r#"{"plate":"AB 12-345","vin":"1HGCM82633A004352"}"#),
        (Kind::Vehicle, r#"{"plate":"AB12346"}"#),
        (
            Kind::Incident,
            r#"{"case_number":"HX123456","occurred_from":"2018-03-04T10:00:00","block":"031XX W CHICAGO AVE","address":"3134 W CHICAGO AVE"}"#,
        ),
        (
            Kind::Incident,
            r#"{"case_number":"HX123456","occurred_from":"2018-03-05T10:00:00","block":"031XX W CHICAGO AVE"}"#,
        ),
        (Kind::Person, r#"{"family_name":"Smith","address":"12 North State Street, Apt 3"}"#),
        (Kind::Stop, r#"{"event_number":"E-1042","stopped_at":"2018-01-01T00:00:00","block":"000XX N STATE ST"}"#),
    ]);
    for (terms, expected) in [
        (Terms::Plate("ab12345".into()), "1 (same plate); 2 (plate differs by one character: AB12346)"),
        (Terms::Plate("2346".into()), "2 (part of plate AB12346)"),
        (Terms::Plate("23".into()), ""),
        (Terms::Plate("1hgcm82633a004352".into()), "1 (same vehicle identification number)"),
        (Terms::Address("3134 West Chicago Avenue, Chicago".into()), "3 (same address); 4 (same block)"),
        (Terms::Address("3150 W Chicago Ave".into()), "4 (same block); 3 (same block)"),
        (Terms::Address("chicago ave".into()), "4 (same street); 3 (same street)"),
        (Terms::Address("12 n state st".into()), "5 (same address); 6 (same block)"),
        (Terms::Address("W Nowhere St".into()), ""),
        (Terms::CaseNumber("hx-123456".into()), "4 (same number); 3 (same number)"),
        (Terms::CaseNumber("E1042".into()), "6 (same number)"),
        (Terms::CaseNumber(String::new()), ""),
        (Terms::Id(id(Kind::Incident, 3)), "3 (same id)"),
        (Terms::Id(id(Kind::Person, 3)), ""),
    ] {
        assert_eq!(find(&index, terms.clone()), expected, "{terms:?}");
    }
}

#[test]
fn events_are_listed_newest_first_by_date_and_beat() {
    let json = |day: u32, beat: &str| format!(r#"{{"occurred_from":"2018-03-{day:02}T10:00:00","beat":"{beat}"}}"#);
    let mut index = Index::new();
    // Not in order of time, and more than one batch of arrivals.
    for seq in 1..=1_000u64 {
        let day = 1 + (seq * 7 % 28) as u32;
        let record = record(Kind::Incident, &json(day, if seq % 2 == 0 { "0411" } else { "0412" }));
        index.apply(&version(seq, id(Kind::Incident, u128::from(seq)), 0, Some(record)));
    }
    let date = |text: &str| Some(text.parse::<Date>().unwrap());
    let ask = |from, to, beat: Option<&str>, limit, offset| {
        let filter = Filter { occurred_from: from, occurred_to: to, beat: beat.map(Into::into), ..Filter::default() };
        index.find(&Query { filter, limit, offset, ..Query::of(Terms::Incidents) }, &Sight::of(&all()))
    };
    let everything = ask(None, None, None, 2_000, 0);
    assert_eq!((everything.total, everything.hits.len()), (1_000, 1_000));
    let order: Vec<(u64, u128)> =
        everything.hits.iter().map(|hit| (28 - (hit.id.raw as u64 * 7 % 28), hit.id.raw)).collect();
    assert!(order.is_sorted(), "newest first, then by id");
    let page = ask(None, None, None, 10, 500);
    assert_eq!((page.total, &page.hits[..]), (1_000, &everything.hits[500..510]));
    let day = ask(date("2018-03-08"), date("2018-03-08"), Some("412"), 2_000, 0);
    assert!(day.total > 0 && day.hits.iter().all(|hit| hit.id.raw * 7 % 28 == 7 && hit.id.raw % 2 == 1), "{day:?}");
    assert_eq!(ask(None, None, Some("9999"), 10, 0).total, 0);
    assert_eq!(ask(date("2018-03-09"), date("2018-03-08"), None, 10, 0).total, 0);
}

#[test]
fn a_filter_keeps_what_other_terms_find() {
    let index = index(&[
        (Kind::Incident, r#"{"occurred_from":"2018-03-04T10:00:00","block":"031XX W CHICAGO AVE","beat":"1121"}"#),
        (Kind::Stop, r#"{"stopped_at":"2018-03-05T10:00:00","block":"031XX W CHICAGO AVE","beat":"1122"}"#),
        (Kind::Person, r#"{"family_name":"Smith","address":"3134 W CHICAGO AVE"}"#),
    ]);
    let ask = |filter: Filter| {
        shown(&index.find(&Query { filter, ..Query::of(Terms::Address("3134 w chicago".into())) }, &Sight::of(&all())))
    };
    assert_eq!(ask(Filter::default()), "3 (same address); 2 (same block); 1 (same block)");
    assert_eq!(ask(Filter { kinds: vec![Kind::Stop], ..Filter::default() }), "2 (same block)");
    assert_eq!(ask(Filter { beat: Some("1121".into()), ..Filter::default() }), "1 (same block)");
    assert_eq!(
        ask(Filter { occurred_from: Some("2018-03-05".parse().unwrap()), ..Filter::default() }),
        "2 (same block)"
    );
}

#[test]
fn a_correction_replaces_and_an_expungement_removes() {
    let smith = id(Kind::Person, 1);
    let named = |name: &str| {
        Some(record(
            Kind::Person,
            &format!(r#"{{"family_name":"{name}","date_of_birth":"1980-02-01","identity_number":"7"}}"#),
        ))
    };
    let mut index = Index::new();
    index.apply(&version(1, smith, 0, named("Smith")));
    assert_eq!(find(&index, person("smith")), "1 (name: SMITH)");
    index.apply(&version(2, smith, 0, named("Jones")));
    assert_eq!(
        (find(&index, person("smith")), find(&index, person("jones"))),
        (String::new(), "1 (name: JONES)".into())
    );
    // An older version again changes nothing.
    index.apply(&version(1, smith, 0, named("Smith")));
    assert_eq!(find(&index, person("smith")), "");
    // A new label governs at once.
    index.apply(&version(3, smith, 99, named("Jones")));
    assert_eq!(find(&index, person("jones")), "");
    index.apply(&version(4, smith, 0, None));
    assert_eq!((find(&index, Terms::Id(smith)), index.len(), index.seq()), (String::new(), 0, Seq(4)));
    assert_eq!(find(&index, Terms::Person(Who { identity_number: Some("7".into()), ..Who::default() })), "");
    // The ledger may give back the expunged version at its old place.
    index.apply(&version(5, smith, 0, named("Brown")));
    index.apply(&version(2, smith, 0, None));
    assert!(index.is_empty());
}

#[test]
fn a_pointer_is_found_by_equality_only_and_tells_nothing() {
    let mut index = Index::new();
    let smith = r#"{"given_name":"John","family_name":"Smith","date_of_birth":"1980-02-01","address":"1 W Main St"}"#;
    index.apply(&version(1, id(Kind::Person, 1), 1, Some(record(Kind::Person, smith))));
    index.apply(&version(2, id(Kind::Person, 2), 0, Some(record(Kind::Person, smith))));
    index.apply(&version(3, id(Kind::Vehicle, 3), 1, Some(record(Kind::Vehicle, r#"{"plate":"AB12345"}"#))));
    let labels = |label| LabelSet::from_iter([LabelId(label)]);
    let reach = Reach { pointer: labels(1), class: PerClass::from_fn(|_| labels(0)) };
    let born = |name: &str, birth: &str| {
        Terms::Person(Who { name: Some(name.into()), born: Some(Born::On(birth.parse().unwrap())), ..Who::default() })
    };
    for (terms, pointers) in [
        (person("john smith"), "1"),
        (person("smith"), ""),
        // Misspelt as a white one may be; a beginning would spell it out.
        (person("john smit"), "1"),
        (person("john smi"), ""),
        (person("j smith"), ""),
        (born("john smith", "1980-02-01"), "1"),
        (born("john smith", "1980-01-02"), ""),
        (born("john smith", "1981-02-01"), ""),
        (Terms::Plate("ab12345".into()), "3"),
        (Terms::Plate("ab12346".into()), ""),
        (Terms::Plate("b1234".into()), ""),
        (Terms::Address("1 w main st".into()), ""),
        (Terms::Id(id(Kind::Person, 1)), "1"),
    ] {
        let found = index.find(&Query::of(terms.clone()), &Sight::of(&reach));
        let hits: Vec<_> = found.hits.iter().filter(|hit| hit.pointer).collect();
        assert!(hits.iter().all(|hit| hit.why.is_empty() && hit.score == 0.0));
        assert!(found.hits.is_sorted_by_key(|hit| hit.pointer), "pointers come last");
        assert_eq!(hits.iter().map(|hit| hit.id.raw.to_string()).collect::<String>(), pointers, "{}", shown(&found));
    }
    // A filter on a pointer's fields would read them out.
    let filter = Filter { occurred_from: Some("1900-01-01".parse().unwrap()), ..Filter::default() };
    assert_eq!(index.find(&Query { filter, ..Query::of(Terms::Id(id(Kind::Person, 1))) }, &Sight::of(&reach)).total, 0);
}

#[test]
fn class_by_class_closed_fields_are_as_if_absent() {
    let mut index = Index::new();
    let incident = r#"{"occurred_from":"2018-03-04T10:00:00","block":"031XX W CHICAGO AVE","address":"3134 W CHICAGO AVE","case_number":"HX1"}"#;
    index.apply(&version(1, id(Kind::Incident, 1), 0, Some(record(Kind::Incident, incident))));
    index.apply(&version(
        2,
        id(Kind::Person, 2),
        0,
        Some(record(Kind::Person, r#"{"family_name":"Smith","address":"3134 W CHICAGO AVE"}"#)),
    ));
    for (open, address, number, name, listed) in [
        (FieldClass::Operational, "1 (same block)", "1 (same number)", "", 1),
        (FieldClass::Place, "1 (same address)", "", "", 0),
        (FieldClass::Contact, "2 (same address)", "", "", 0),
        (FieldClass::Identity, "", "", "2 (name: SMITH)", 0),
        (FieldClass::Narrative, "", "", "", 0),
    ] {
        let mut reach = Reach::nothing();
        reach.class[open] = LabelSet::from_iter([LabelId(0)]);
        let ask = |terms| index.find(&Query::of(terms), &Sight::of(&reach));
        assert_eq!(shown(&ask(Terms::Address("3134 W Chicago Ave".into()))), address, "{open}");
        assert_eq!(shown(&ask(Terms::CaseNumber("HX1".into()))), number, "{open}");
        assert_eq!(shown(&ask(person("smith"))), name, "{open}");
        assert_eq!(ask(Terms::Incidents).total, listed, "{open}");
    }
}
