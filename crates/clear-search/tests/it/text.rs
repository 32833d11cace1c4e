//! What is found by free text, places and hours; and the same with and without what is hidden.

use clear_record::{FieldClass, Kind, LabelId, PerClass, Reach, Record, RowSet, Sight, Snapshot, Version};
use clear_search::{Area, Filter, Found, Index, Point, Query, Snippet, Terms, Wanted};
use jiff::civil::Weekday;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{all, id, record, shown, version};

fn words(text: &str) -> Terms {
    Terms::Words(Wanted::read(text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

fn find(index: &Index, query: Query) -> Found {
    index.find(&query, &Sight::of(&all()))
}

const ABOUT: &str = "inc_00000000000000000000000009";

fn narrative(text: &str) -> String {
    format!(r#"{{"about":"{ABOUT}","title":"Report","text":"{text}"}}"#)
}

#[test]
fn free_text_is_found() {
    let mut index = Index::new();
    let theft = r#"{"occurred_from":"2018-03-04T10:00:00","offences":[{"iucr":"0820","primary_type":"THEFT","description":"FROM BUILDING"}],"location_description":"GAS STATION"}"#;
    let records = [
        (Kind::Narrative, narrative("The burglar broke the rear door and fled in a red car.")),
        (Kind::Narrative, narrative("Two burglaries through a broken rear window. The door was not locked.")),
        (Kind::Narrative, narrative("A red door. A red door. A red door.")),
        (Kind::Person, r#"{"marks":"Dragon tattoo on the left arm"}"#.to_owned()),
        (Kind::Incident, theft.to_owned()),
        (Kind::Incident, theft.to_owned()),
        (Kind::Vehicle, r#"{"make":"FORD","model":"FUSION","colour":"RED","model_year":2014}"#.to_owned()),
        (Kind::Property, r#"{"status":"stolen","description":"red bicycle, 21 gears"}"#.to_owned()),
    ];
    for (seq, (kind, json)) in (1..).zip(&records) {
        index.apply(&version(seq, id(*kind, u128::from(seq)), 0, Some(record(*kind, json))));
    }
    for (asked, expected) in [
        ("burglary", "2 (narrative says BURGLARY)"),
        ("\"burglar\"", "1 (narrative says \"BURGLAR\")"),
        ("\"rear door\"", "1 (narrative says \"REAR DOOR\")"),
        ("\"door rear\"", ""),
        ("rear door", "1 (narrative says REAR, narrative says DOOR); 2 (narrative says REAR, narrative says DOOR)"),
        ("door -rear", "3 (narrative says DOOR)"),
        ("marks:dragon", "4 (marks says DRAGON)"),
        ("narrative:dragon", ""),
        ("vehicle:red OR property:red", "7 (vehicle says RED); 8 (property says RED)"),
        ("bicyc*", "8 (property says BICYC*)"),
        ("thefts", "5 (offence says THEFTS); 6 (offence says THEFTS)"),
        (
            "gas \"from building\"",
            "5 (place says GAS, offence says \"FROM BUILDING\"); 6 (place says GAS, offence says \"FROM BUILDING\")",
        ),
        ("(dragon OR fusion) -ford", "4 (marks says DRAGON)"),
        ("unicorn", ""),
    ] {
        assert_eq!(shown(&find(&index, Query::of(words(asked)))), expected, "{asked}");
    }
    let meant = |asked: &str| {
        let found = find(&index, Query::of(words(asked)));
        found
            .suggested
            .iter()
            .map(|it| format!("{} → {} ({})", it.asked, it.instead, it.count))
            .collect::<Vec<_>>()
            .join("; ")
    };
    for (asked, expected) in [
        ("burgler", "BURGLER → BURGLAR (1)"),
        ("thefft", "THEFFT → THEFT (2)"),
        ("door", ""),
        ("xyzzy", ""),
        ("cra", ""),
    ] {
        assert_eq!(meant(asked), expected, "{asked}");
    }
}

#[test]
fn more_of_a_rare_word_in_a_short_text_scores_more() {
    let mut index = Index::new();
    let texts = [
        "red red car",
        "red car parked",
        "red car parked for a very long time in front of the house",
        "car",
        "knife car",
    ];
    for (seq, text) in (1..).zip(texts) {
        index.apply(&version(
            seq,
            id(Kind::Narrative, u128::from(seq)),
            0,
            Some(record(Kind::Narrative, &narrative(text))),
        ));
    }
    let order = |asked: &str| {
        let found = find(&index, Query::of(words(asked)));
        assert!(found.hits.iter().all(|hit| (0.0..=1.0).contains(&hit.score)));
        found.hits.iter().map(|hit| hit.id.raw).collect::<Vec<_>>()
    };
    assert_eq!(order("red"), [1, 2, 3]);
    assert_eq!(order("narrative:knife OR red").first(), Some(&5), "rare before frequent");
}

#[test]
fn places_and_hours_are_kept() {
    let mut index = Index::new();
    let incident = |latitude: f64, time: &str, district: &str, area: u16| {
        format!(
            r#"{{"occurred_from":"2018-03-{time}:30:00","latitude":{latitude},"longitude":-87.63,"district":"{district}","community_area":{area}}}"#
        )
    };
    // The fourth of March 2018 was a Sunday.
    let records = [
        incident(41.880, "04T00", "001", 32),
        incident(41.881, "05T13", "1", 32),
        incident(41.890, "06T23", "018", 8),
        r#"{"occurred_from":"2018-03-07T12:00:00"}"#.to_owned(),
    ];
    for (seq, json) in (1..).zip(&records) {
        index.apply(&version(seq, id(Kind::Incident, u128::from(seq)), 0, Some(record(Kind::Incident, json))));
    }
    let point = |latitude, longitude| Point { latitude, longitude };
    let circle = |radius_m| Area::circle(point(41.880, -87.63), radius_m).ok();
    let polygon =
        Area::polygon(vec![point(41.8805, -87.64), point(41.8805, -87.62), point(41.90, -87.62), point(41.90, -87.64)])
            .ok();
    for (filter, expected) in [
        (Filter { area: circle(50), ..Filter::default() }, "1"),
        (Filter { area: circle(200), ..Filter::default() }, "2 1"),
        (Filter { area: polygon, ..Filter::default() }, "3 2"),
        (Filter { district: Some("1".into()), ..Filter::default() }, "2 1"),
        (Filter { district: Some("9".into()), ..Filter::default() }, ""),
        (Filter { community_area: Some(8), ..Filter::default() }, "3"),
        (Filter { hours: Some((12, 14)), ..Filter::default() }, "4 2"),
        (Filter { hours: Some((23, 1)), ..Filter::default() }, "3 1"),
        (Filter { weekdays: vec![Weekday::Sunday, Weekday::Tuesday], ..Filter::default() }, "3 1"),
        (Filter { area: circle(200), hours: Some((0, 1)), ..Filter::default() }, "1"),
    ] {
        let found = find(&index, Query { filter: filter.clone(), ..Query::of(Terms::Incidents) });
        let ids: Vec<String> = found.hits.iter().map(|hit| hit.id.raw.to_string()).collect();
        assert_eq!((ids.join(" ").as_str(), found.total), (expected, ids.len()), "{filter:?}");
    }
    let found = find(&index, Query { facets: true, ..Query::of(Terms::Incidents) });
    let facets: Vec<String> = found.facets.iter().map(|facet| format!("{}: {:?}", facet.by, facet.counts)).collect();
    assert_eq!(
        facets.join("; "),
        r#"kind: [("incident", 4)]; year: [("2018", 4)]; district: [("001", 2), ("018", 1)]; community_area: [("32", 2), ("8", 1)]"#
    );
}

#[test]
fn what_is_begun_is_suggested() {
    let mut index = Index::new();
    for (seq, (kind, json)) in (1..).zip([
        (Kind::Person, r#"{"address":"12 N State St","marks":"statue"}"#),
        (Kind::Incident, r#"{"occurred_from":"2018-03-04T10:00:00","block":"000XX N STATE ST"}"#),
        (Kind::Vehicle, r#"{"plate":"STA123"}"#),
    ]) {
        index.apply(&version(seq, id(kind, u128::from(seq)), 0, Some(record(kind, json))));
    }
    let suggested = |begun: &str, reach: &Reach| {
        let suggested = index.suggest(begun, 10, &Sight::of(reach));
        suggested.iter().map(|it| format!("{} {} {}", it.kind, it.text, it.count)).collect::<Vec<_>>().join("; ")
    };
    let mut operational = Reach::nothing();
    operational.class[FieldClass::Operational] = all().class[FieldClass::Operational].clone();
    assert_eq!(suggested("sta", &all()), "street N STATE ST 2; plate STA123 1; word STATUE 1");
    assert_eq!(suggested("sta", &operational), "street N STATE ST 1");
    assert_eq!(suggested("st", &all()), "");
}

const TEXTS: [&str; 8] = [
    "The burglar broke the rear door",
    "burglaries rear window",
    "red car",
    "red red car at the rear door",
    "a dragon on the arm",
    "knife",
    "",
    "burgler",
];
const STREETS: [&str; 8] = [
    "3134 W CHICAGO AVE",
    "031XX W CHICAGO AVE",
    "12 N STATE ST",
    "12 N SLATE ST",
    "N STATE ST / W MADISON ST",
    "W MADISON ST",
    "100 E 79TH ST",
    "100 E 79TH PL",
];
const PLATES: [&str; 6] = ["AB12345", "ABI2345", "A812345", "AB12346", "XAB1234", "STATE1"];
const PHONES: [&str; 2] = ["312-555-0142", "(312) 555 0143"];

type Seeds = [usize; 8];

/// A record whose fields of closed classes say something else.
fn made(kind: Kind, seeds: &Seeds, opens: impl Fn(FieldClass) -> bool) -> Record {
    let pick = |texts: &[&str], class: FieldClass, at: usize| {
        let seed = if opens(class) { seeds[at] } else { seeds[at].wrapping_mul(5).wrapping_add(at + 3) };
        texts[seed % texts.len()].to_owned()
    };
    use FieldClass::{Biometric, Contact, Identity, Narrative, Operational, Place};
    let json = match kind {
        Kind::Person => format!(
            r#"{{"marks":"{}","caution":"{}","address":"{}","phone":"{}"}}"#,
            pick(&TEXTS, Biometric, 0),
            pick(&TEXTS, Operational, 1),
            pick(&STREETS, Contact, 2),
            pick(&PHONES, Contact, 3),
        ),
        Kind::Vehicle => format!(
            r#"{{"plate":"{}","colour":"{}"}}"#,
            pick(&PLATES, Identity, 0),
            pick(&["RED", "BLUE"], Operational, 1)
        ),
        Kind::Narrative => format!(
            r#"{{"about":"{ABOUT}","title":"{}","text":"{}"}}"#,
            pick(&TEXTS, Operational, 0),
            pick(&TEXTS, Narrative, 1)
        ),
        _ => format!(
            r#"{{"occurred_from":"2018-03-0{}:00:00","block":"{}","address":"{}","district":"{}","community_area":{},"latitude":41.88{},"longitude":-87.63,"offences":[{{"iucr":"1","primary_type":"{}"}}]}}"#,
            pick(&["4T01", "5T12", "6T23"], Operational, 0),
            pick(&STREETS, Operational, 1),
            pick(&STREETS, Place, 2),
            pick(&["001", "018"], Operational, 3),
            pick(&["8", "32"], Operational, 4),
            pick(&["0", "1", "9"], Place, 5),
            pick(&TEXTS, Operational, 6),
        ),
    };
    record(kind, &json)
}

#[derive(Debug, Clone)]
struct Filed {
    number: u128,
    kind: Kind,
    label: u32,
    seeds: Option<Seeds>,
}

fn any_filed() -> impl Strategy<Value = Filed> {
    let kinds = select(vec![Kind::Person, Kind::Vehicle, Kind::Incident, Kind::Narrative, Kind::Narrative]);
    (0..20u128, kinds, 0..4u32, option::weighted(0.9, any::<Seeds>())).prop_map(|(number, kind, label, seeds)| Filed {
        number,
        kind,
        label,
        seeds,
    })
}

fn any_reach() -> impl Strategy<Value = Reach> {
    vec(any::<u8>(), 10).prop_map(|bits| {
        let set = |bits: u8| (0..4).filter(|label| bits >> label & 1 == 1).map(LabelId).collect();
        Reach { pointer: set(bits[8] & bits[9]), class: PerClass::from_fn(|class| set(bits[class as usize])) }
    })
}

#[derive(Debug, Clone)]
struct Seen {
    any: Reach,
    relations: Vec<(RowSet, Reach)>,
    tightened: RowSet,
}

impl Seen {
    fn sight(&self) -> Sight<'_> {
        let any = Sight::of(&self.any).without(self.tightened.clone());
        self.relations.iter().fold(any, |sight, (rows, reach)| sight.with(rows.clone(), reach))
    }
}

fn any_seen() -> impl Strategy<Value = Seen> {
    let rows = |most| {
        vec(0..20u128, 0..most).prop_map(|numbers| {
            numbers.iter().flat_map(|number| Kind::ALL.map(|kind| id(kind, *number))).collect::<RowSet>()
        })
    };
    (any_reach(), vec((rows(8), any_reach()), 0..3), rows(4)).prop_map(|(any, relations, tightened)| Seen {
        any,
        relations,
        tightened,
    })
}

fn any_query() -> impl Strategy<Value = Query> {
    let asked = [
        "burglary",
        "rear door",
        "\"rear door\"",
        "red OR knife",
        "red -car",
        "burg*",
        "marks:dragon",
        "burgler",
        "thw",
        "red car rear door",
        "(burglar OR red) rear",
        "doors",
        "offence:red",
        "windo",
        "drago",
    ];
    let terms = prop_oneof![
        6 => select(asked.to_vec()).prop_map(words),
        4 => select(STREETS.to_vec()).prop_map(|text| Terms::Address(text.into())),
        2 => select(vec!["Madison & State", "chicago", "N Stat", "79th", "3100-3150 chicago", "12 n slate st"])
            .prop_map(|text| Terms::Address(text.into())),
        3 => select(vec!["AB12345", "AB1?3*", "*2345", "812345", "A?12*"]).prop_map(|text| Terms::Plate(text.into())),
        1 => select(PHONES.to_vec()).prop_map(|text| Terms::phone(text)),
        3 => Just(Terms::Incidents),
    ];
    let point = Point { latitude: 41.88, longitude: -87.63 };
    let area = prop_oneof![Just(60u32), Just(150), Just(5_000)]
        .prop_map(move |radius_m| Area::circle(point, radius_m).unwrap());
    let filter = (
        option::weighted(0.2, area),
        option::weighted(0.1, select(vec!["1", "018"])),
        option::weighted(0.1, select(vec![8u16, 32])),
        option::weighted(0.1, select(vec![(0u8, 12u8), (22, 2)])),
        option::weighted(0.1, Just(vec![Weekday::Sunday])),
    )
        .prop_map(|(area, district, community_area, hours, weekdays)| Filter {
            area,
            district: district.map(Into::into),
            community_area,
            hours,
            weekdays: weekdays.unwrap_or_default(),
            ..Filter::default()
        });
    (terms, filter, 0..20usize, 0..3usize).prop_map(|(terms, filter, limit, offset)| Query {
        terms,
        filter,
        limit,
        offset,
        facets: true,
    })
}

/// The ledger, and the ledger of what the Sight allows.
fn ledgers(filed: &[Filed], sight: &Sight<'_>) -> (Vec<Version>, Vec<Version>) {
    let (mut full, mut allowed) = (Vec::new(), Vec::new());
    let last = |it| filed.iter().rev().find(|filed| id(filed.kind, filed.number) == it).map(|filed| filed.label);
    for (seq, filed) in (1..).zip(filed) {
        let id = id(filed.kind, filed.number);
        let body =
            |opens: &dyn Fn(FieldClass) -> bool| filed.seeds.as_ref().map(|seeds| made(filed.kind, seeds, opens));
        full.push(version(seq, id, filed.label, body(&|_| true)));
        // A record's current label governs all its versions.
        let label = LabelId(last(id).unwrap_or(filed.label));
        if sight.shows(label, id) {
            let opens = |class| sight.opens(class, label, id) || sight.points(label, id);
            allowed.push(version(seq, id, filed.label, body(&opens)));
        }
    }
    (full, allowed)
}

fn index(versions: &[Version]) -> Index {
    let mut index = Index::new();
    versions.iter().for_each(|version| index.apply(version));
    index
}

/// What is shown of the hits' own texts.
fn snippets(versions: &[Version], query: &Query, found: &Found, sight: &Sight<'_>) -> Vec<Snippet> {
    let Terms::Words(wanted) = &query.terms else { return Vec::new() };
    let of = |hit: &clear_search::Hit| {
        let version = versions.iter().rev().find(|version| version.id == hit.id)?;
        let opens = |class| sight.opens(class, hit.label, hit.id);
        Some(clear_search::snippets(version.record.as_ref()?, wanted, opens))
    };
    found.hits.iter().filter_map(of).flatten().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// INVARIANT (a hidden row is as if absent).
    #[test]
    fn text_places_and_counts_equal_those_of_an_index_of_what_is_allowed(
        filed in vec(any_filed(), 0..40), seen in any_seen(), queries in vec(any_query(), 24),
        begun in vec(select(vec!["red", "sta", "chic", "ab1", "bur", "N Sta", "79th"]), 4),
    ) {
        let sight = seen.sight();
        let (full, allowed) = ledgers(&filed, &sight);
        let (whole, part) = (index(&full), index(&allowed));
        for query in queries {
            let (found, expected) = (whole.find(&query, &sight), part.find(&query, &sight));
            prop_assert_eq!(&found, &expected, "{:?}", &query);
            // Bit by bit: a score that differs in its last place tells of a hidden text.
            let bits = |found: &Found| found.hits.iter().map(|hit| hit.score.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&found), bits(&expected));
            prop_assert_eq!(snippets(&full, &query, &found, &sight), snippets(&allowed, &query, &expected, &sight));
        }
        for begun in begun {
            prop_assert_eq!(whole.suggest(begun, 5, &sight), part.suggest(begun, 5, &sight), "{}", begun);
        }
    }

    #[test]
    fn an_index_rebuilt_from_newest_versions_says_the_same(
        filed in vec(any_filed(), 0..60), seen in any_seen(), queries in vec(any_query(), 8),
    ) {
        let sight = seen.sight();
        let (full, _) = ledgers(&filed, &sight);
        let newest: Vec<Version> = full.iter().enumerate()
            .filter(|(at, version)| full[at + 1..].iter().all(|later| later.id != version.id))
            .map(|(_, version)| version.clone()).collect();
        let (grown, rebuilt) = (index(&full), index(&newest));
        for query in queries {
            prop_assert_eq!(grown.find(&query, &sight), rebuilt.find(&query, &sight), "{:?}", &query);
        }
    }

    #[test]
    fn an_index_read_from_its_snapshot_says_the_same_and_goes_on(
        filed in vec(any_filed(), 0..60), seen in any_seen(), queries in vec(any_query(), 8), cut in 0..60usize,
    ) {
        let sight = seen.sight();
        let (full, _) = ledgers(&filed, &sight);
        let (before, after) = full.split_at(cut.min(full.len()));
        let mut bytes = Vec::new();
        index(before).write(&mut bytes).unwrap();
        let mut rest = &*bytes;
        let mut read = Index::read(&mut rest).unwrap();
        prop_assert!(rest.is_empty());
        after.iter().for_each(|version| read.apply(version));
        let grown = index(&full);
        prop_assert_eq!((grown.len(), grown.seq()), (read.len(), read.seq()));
        for query in queries {
            prop_assert_eq!(grown.find(&query, &sight), read.find(&query, &sight), "{:?}", &query);
        }
    }

    #[test]
    fn no_question_is_too_strange(text in "[\\PC\"()*:?_ -]{0,60}", word in ".{0,20}") {
        let understood = clear_search::understand(&text);
        let mut index = Index::new();
        let json = format!("\"{}\"", word.escape_unicode().to_string().replace("\\u{", "").replace('}', " "));
        index.apply(&version(1, id(Kind::Person, 1), 0, Some(record(Kind::Person, &format!(r#"{{"marks":{json},"address":{json}}}"#)))));
        let others = understood.others.into_iter().map(|(terms, _)| terms);
        for terms in others.chain([understood.terms]) {
            find(&index, Query { facets: true, ..Query::of(terms) });
        }
        index.suggest(&text, 10, &Sight::of(&all()));
    }
}
