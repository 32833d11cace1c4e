//! INVARIANT (a hidden row is as if absent): the answer under a Sight equals the answer over an index that never held
//! what the Sight hides.

use clear_record::{
    FieldClass, Kind, LabelId, LabelSet, PerClass, Reach, Record, RowSet, Sex, Sight, Snapshot, Version,
};
use clear_search::{Born, Filter, Index, Query, Terms, Who};
use jiff::civil::Date;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::{id, record, version};

const NAMES: [&str; 19] = [
    "John",
    "Jack",
    "Jon",
    "Robert",
    "Bob",
    "Philip",
    "Filip",
    "Phillips",
    "Johnny",
    "J",
    "Smith",
    "Smyth",
    "Smithson",
    "O'Brien",
    "Mc Donald",
    "McDonald",
    "Macdonald",
    "Garcia-Lopez",
    "Lopez",
];
const MARKS: [&str; 4] = ["tattoo of an eagle", "Scar, left arm", "tattoos", "eagle on left hand"];
const PHONES: [&str; 3] = ["312 555 0100", "+1 (312) 555-0100", "3125550199"];
const SEXES: [&str; 3] = ["M", "F", "U"];
const PLATES: [&str; 5] = ["AB12345", "AB12346", "XAB12345", "BA12345", "12345"];
const PLACES: [&str; 5] =
    ["3134 W CHICAGO AVE", "031XX W CHICAGO AVE", "3150 W Chicago Ave", "12 N State St", "Chicago Ave"];
const NUMBERS: [&str; 4] = ["HX1", "HX-1", "HX2", "IR 77"];
const BIRTHS: [&str; 4] = ["1980-02-01", "1980-01-02", "1981-02-01", "1990-12-31"];
const DAYS: [&str; 4] = ["2018-03-04", "2018-03-05", "2018-03-06", "2019-01-01"];
const BEATS: [&str; 3] = ["0411", "411", "1121"];

/// What a record is made from, so that its closed fields can be made from something else.
type Seeds = [usize; 10];

fn pick(words: &[&str], seed: usize) -> String {
    words[seed % words.len()].to_owned()
}

/// A record whose fields of closed classes come from other seeds.
fn made(kind: Kind, seeds: &Seeds, opens: impl Fn(FieldClass) -> bool) -> Record {
    let seed = |class: FieldClass, at: usize| {
        if opens(class) { seeds[at] } else { seeds[at].wrapping_mul(7).wrapping_add(at + 1) }
    };
    let operational = |words: &[&str], at| pick(words, seed(FieldClass::Operational, at));
    let json = match kind {
        Kind::Person => {
            let name = |at| pick(&NAMES, seed(FieldClass::Identity, at));
            let list = |at, every| {
                let given = seed(FieldClass::Identity, at).is_multiple_of(every);
                if given { format!("\"{} {}\"", name(at - 1), name(at - 3)) } else { String::new() }
            };
            let (biometric, contact) = (|at| seed(FieldClass::Biometric, at), |at| seed(FieldClass::Contact, at));
            format!(
                r#"{{"given_name":"{}","family_name":"{}","aliases":[{}],"misspellings":[{}],"date_of_birth":"{}","identity_number":"{}","address":"{}","phone":"{}","marks":"{}","sex":"{}"}}"#,
                name(0),
                name(1),
                list(5, 3),
                list(6, 4),
                pick(&BIRTHS, seed(FieldClass::Identity, 2)),
                pick(&NUMBERS, seed(FieldClass::Identity, 3)),
                pick(&PLACES, contact(6)),
                pick(&PHONES, contact(7)),
                pick(&MARKS, biometric(8)),
                pick(&SEXES, biometric(9)),
            )
        }
        Kind::Vehicle => {
            let owner = id(Kind::Person, seed(FieldClass::Identity, 1) as u128 % 25);
            format!(r#"{{"plate":"{}","owner":"{owner}"}}"#, pick(&PLATES, seed(FieldClass::Identity, 0)))
        }
        Kind::Stop => format!(
            r#"{{"event_number":"{}","stopped_at":"{}T10:00:00","beat":"{}","block":"{}"}}"#,
            operational(&NUMBERS, 0),
            operational(&DAYS, 1),
            operational(&BEATS, 2),
            operational(&PLACES, 3),
        ),
        _ => format!(
            r#"{{"case_number":"{}","occurred_from":"{}T10:00:00","beat":"{}","block":"{}","address":"{}"}}"#,
            operational(&NUMBERS, 0),
            operational(&DAYS, 1),
            operational(&BEATS, 2),
            operational(&PLACES, 3),
            pick(&PLACES, seed(FieldClass::Place, 4)),
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
    let kinds = proptest::sample::select(vec![Kind::Person, Kind::Person, Kind::Vehicle, Kind::Incident, Kind::Stop]);
    (0..25u128, kinds, 0..5u32, option::weighted(0.9, any::<[usize; 10]>()))
        .prop_map(|(number, kind, label, seeds)| Filed { number, kind, label, seeds })
}

fn any_reach() -> impl Strategy<Value = Reach> {
    vec(any::<u8>(), 9).prop_map(|bits| {
        let set = |bits: u8| (0..5).filter(|label| bits >> label & 1 == 1).map(LabelId).collect();
        Reach { pointer: set(bits[8] & bits[7]), class: PerClass::from_fn(|class| set(bits[class as usize])) }
    })
}

/// What labels open, what relations open beyond on single records, and what was tightened since.
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
        vec(0..25u128, 0..most).prop_map(|numbers| {
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
    let name = vec(proptest::sample::select(&NAMES[..]), 1..3).prop_map(|parts| parts.join(" "));
    let name = prop_oneof![
        name,
        "[JS][oOmMhHiI]{1,4}",
        "J Smith",
        "jhon smtih",
        "john mid smith",
        "mc donald",
        "Bobby O Brien",
        "Felipe S",
        "jnho Smithsno",
        "john jon smith jack"
    ];
    let text = |words: &'static [&'static str]| proptest::sample::select(words).prop_map(str::to_owned);
    let date =
        |words: &'static [&'static str]| proptest::sample::select(words).prop_map(|text| text.parse::<Date>().unwrap());
    let born = || {
        prop_oneof![
            2 => date(&BIRTHS).prop_map(Born::On),
            1 => (1979..1982i16, 0..3i16).prop_map(|(year, within)| Born::about(year, within)),
            1 => (20..40i16, 0..9i16, date(&DAYS)).prop_map(|(age, more, on)| Born::aged(age, age + more, on)),
        ]
    };
    let terms = prop_oneof![
        9 => (
            option::weighted(0.8, name), option::weighted(0.3, born()), option::weighted(0.2, text(&NUMBERS)),
            option::weighted(0.2, text(&PHONES)), option::weighted(0.2, text(&PLACES)), option::weighted(0.1, text(&PLATES)),
            option::weighted(0.2, text(&["eagle", "tattoo", "scar left", "le"])),
        ).prop_map(|(name, born, identity_number, phone, address, plate, marks)| {
            Terms::Person(Who { name, born, identity_number, phone, address, plate, marks })
        }),
        2 => prop_oneof![text(&PLATES), Just("B12".to_owned()), Just("AB12348".to_owned())].prop_map(Terms::Plate),
        2 => text(&PLACES).prop_map(Terms::Address),
        1 => text(&NUMBERS).prop_map(Terms::CaseNumber),
        1 => (0..25u128, proptest::sample::select(&Kind::ALL[..])).prop_map(|(raw, kind)| Terms::Id(id(kind, raw))),
        2 => Just(Terms::Incidents),
    ];
    let kinds =
        option::weighted(0.2, vec(proptest::sample::select(&Kind::ALL[..]), 1..4)).prop_map(Option::unwrap_or_default);
    let filter = (
        option::weighted(0.2, date(&DAYS)),
        option::weighted(0.2, date(&DAYS)),
        option::weighted(0.2, text(&BEATS)),
        kinds,
        option::weighted(0.1, proptest::sample::select(&[Sex::Male, Sex::Female][..])),
        option::weighted(0.1, born()),
        option::weighted(0.1, text(&PLACES)),
    )
        .prop_map(|(occurred_from, occurred_to, beat, kinds, sex, born, home)| Filter {
            occurred_from,
            occurred_to,
            beat,
            kinds,
            sex,
            born,
            home,
            ..Filter::default()
        });
    (terms, filter, 0..30usize, 0..3usize).prop_map(|(terms, filter, limit, offset)| Query {
        terms,
        filter,
        limit,
        offset,
        facets: true,
    })
}

/// The versions as the ledger holds them, and as a ledger would that holds only what the Sight allows.
fn ledgers(filed: &[Filed], sight: &Sight<'_>) -> (Vec<Version>, Vec<Version>) {
    let mut full = Vec::new();
    let mut allowed = Vec::new();
    // A record's current label governs all its versions.
    let current = |id| {
        filed.iter().rev().find(|filed| self::id(filed.kind, filed.number) == id).map(|filed| LabelId(filed.label))
    };
    for (seq, filed) in (1..).zip(filed) {
        let id = id(filed.kind, filed.number);
        let contents =
            |opens: &dyn Fn(FieldClass) -> bool| filed.seeds.as_ref().map(|seeds| made(filed.kind, seeds, opens));
        full.push(version(seq, id, filed.label, contents(&|_| true)));
        let label = current(id).unwrap_or(LabelId(filed.label));
        if sight.shows(label, id) {
            let opens = |class| sight.opens(class, label, id) || sight.points(label, id);
            allowed.push(version(seq, id, filed.label, contents(&opens)));
        }
    }
    (full, allowed)
}

fn index(versions: &[Version]) -> Index {
    let mut index = Index::new();
    versions.iter().for_each(|version| index.apply(version));
    index
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_answer_equals_that_of_an_index_of_what_is_allowed(
        filed in vec(any_filed(), 0..40), seen in any_seen(), queries in vec(any_query(), 24),
    ) {
        let sight = seen.sight();
        let (full, allowed) = ledgers(&filed, &sight);
        let (full, allowed) = (index(&full), index(&allowed));
        for query in queries {
            prop_assert_eq!(full.find(&query, &sight), allowed.find(&query, &sight), "{}", said(&query));
        }
    }

    #[test]
    fn an_index_rebuilt_from_newest_versions_answers_the_same(
        filed in vec(any_filed(), 0..60), seen in any_seen(), queries in vec(any_query(), 8),
    ) {
        let sight = seen.sight();
        let (full, _) = ledgers(&filed, &sight);
        let newest: Vec<Version> = full.iter().enumerate()
            .filter(|(at, version)| full[at + 1..].iter().all(|later| later.id != version.id))
            .map(|(_, version)| version.clone()).collect();
        let (grown, rebuilt) = (index(&full), index(&newest));
        prop_assert_eq!(grown.len(), rebuilt.len());
        for query in queries {
            prop_assert_eq!(grown.find(&query, &sight), rebuilt.find(&query, &sight), "{:?}", &query);
        }
    }

    #[test]
    fn an_index_read_from_its_snapshot_answers_the_same_and_goes_on(
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
    fn pointers_among_some_records_are_those_of_a_sight_that_points_at_them(
        filed in vec(any_filed(), 0..40), ids in vec((0..25u128, proptest::sample::select(vec![Kind::Person, Kind::Vehicle])), 0..12),
        queries in vec(any_query(), 12),
    ) {
        let rows: RowSet = ids.into_iter().map(|(raw, kind)| id(kind, raw)).collect();
        let (nothing, all) = (Reach::nothing(), (0..20).map(LabelId).collect());
        let pointing = Reach { pointer: all, class: PerClass::from_fn(|_| LabelSet::empty()) };
        let sight = Sight::of(&nothing).with(rows.clone(), &pointing);
        let (full, _) = ledgers(&filed, &sight);
        let index = index(&full);
        for query in queries {
            let query = Query { facets: false, ..query };
            prop_assert_eq!(index.find_pointers(&query, rows.iter(), &sight), index.find(&query, &sight), "{}", said(&query));
        }
    }

    #[test]
    fn no_text_is_too_strange(text in ".{0,60}", long in 0..2_000usize) {
        let mut index = Index::new();
        let text = text.repeat(if long % 50 == 0 { long } else { 1 });
        let name = serde_free(&text);
        index.apply(&version(1, id(Kind::Person, 1), 0, Some(record(Kind::Person, &format!(r#"{{"family_name":{name},"address":{name}}}"#)))));
        index.apply(&version(2, id(Kind::Vehicle, 2), 0, Some(record(Kind::Vehicle, &format!(r#"{{"plate":{name}}}"#)))));
        let understood = clear_search::understand(&text);
        let all = crate::all();
        index.find(&Query::of(understood.terms), &Sight::of(&all));
        for terms in [crate::person(&text), Terms::Plate(text.clone()), Terms::Address(text.clone()), Terms::CaseNumber(text.clone())] {
            index.find(&Query::of(terms), &Sight::of(&all));
        }
    }
}

/// A question in full, which `Debug` does not say.
fn said(query: &Query) -> String {
    match &query.terms {
        Terms::Person(Who { name, born, identity_number, phone, address, plate, marks }) => {
            format!("{name:?} {born:?} {identity_number:?} {phone:?} {address:?} {plate:?} {marks:?} {query:?}")
        }
        _ => format!("{query:?}"),
    }
}

/// A text as JSON.
fn serde_free(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| if matches!(c, '"' | '\\') || c.is_control() { format!("\\u{:04x}", c as u32) } else { c.to_string() })
        .collect();
    format!("\"{escaped}\"")
}
