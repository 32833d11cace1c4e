//! INVARIANT (hidden rows end in the leaf): answer and error under a Sight equal those over a projection that never
//! held what the Sight hides.

use clear_record::{FieldClass, Kind, LabelId, PerClass, Reach, RecordId, RowSet, Sight, Version};
use clear_stats::{ColdPlace, Columns, Counts, Crowd, Spot};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::version;

pub(crate) type Seeds = [usize; 6];

/// An incident whose fields of closed classes come from other seeds.
pub(crate) fn incident(seeds: &Seeds, opens: impl Fn(FieldClass) -> bool) -> String {
    let seed = |class, at: usize| if opens(class) { seeds[at] } else { seeds[at].wrapping_mul(5).wrapping_add(at + 3) };
    let operational = |at, values: &[&'static str]| values[seed(FieldClass::Operational, at) % values.len()];
    let place = |at, values: &[&'static str]| values[seed(FieldClass::Place, at) % values.len()];
    format!(
        r#"{{"occurred_from":"{}"{}{}{}{}{}}}"#,
        operational(0, &["2017-01-01T10:00:00", "2017-02-01T10:00:00", "2018-01-01T00:00:00"]),
        operational(1, &["", r#","beat":"0411""#, r#","beat":"0412""#, r#","beat":"HIDDEN""#]),
        operational(2, &["", r#","ward":1"#, r#","ward":2"#, r#","ward":999"#]),
        operational(
            3,
            &[
                "",
                r#","offences":[{"iucr":"0110","primary_type":"HOMICIDE"}]"#,
                r#","offences":[{"iucr":"0820","primary_type":"THEFT"}]"#
            ]
        ),
        place(4, &["", r#","address":"1 W MAIN ST""#, r#","address":"2 W MAIN ST""#]),
        place(
            5,
            &[
                "",
                r#","latitude":41.5,"longitude":-87.5"#,
                r#","latitude":0.0,"longitude":0.0"#,
                r#","latitude":-0.0,"longitude":-87.5"#
            ]
        ),
    )
}

fn any_reach() -> impl Strategy<Value = Reach> {
    vec(0..16u8, 9).prop_map(|bits| {
        let set = |bits: u8| (0..4).filter(|label| bits >> label & 1 == 1).map(LabelId).collect();
        // Few labels in each class, so that some columns are readable nowhere.
        Reach {
            pointer: set(bits[8]),
            class: PerClass::from_fn(|class| set(bits[class as usize] & bits[(class as usize + 1) % 8])),
        }
    })
}

/// What labels open, what relations open beyond on single incidents, and what was tightened since.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    any: Reach,
    relations: Vec<(RowSet, Reach)>,
    tightened: RowSet,
}

impl Seen {
    pub(crate) fn sight(&self) -> Sight<'_> {
        let any = Sight::of(&self.any).without(self.tightened.clone());
        self.relations.iter().fold(any, |sight, (rows, reach)| sight.with(rows.clone(), reach))
    }
}

pub(crate) fn id(raw: u128) -> RecordId {
    RecordId { kind: Kind::Incident, raw }
}

pub(crate) fn any_seen() -> impl Strategy<Value = Seen> {
    let rows = |most| vec(0..20u128, 0..most).prop_map(|raws| raws.into_iter().map(id).collect::<RowSet>());
    (any_reach(), vec((rows(8), any_reach()), 0..3), rows(4)).prop_map(|(any, relations, tightened)| Seen {
        any,
        relations,
        tightened,
    })
}

fn any_filter() -> impl Strategy<Value = String> {
    let column = || {
        proptest::sample::select(vec![
            "beat",
            "ward",
            "primary_type",
            "address",
            "latitude",
            "occurred_from",
            "year",
            "arrest",
            "nothing",
        ])
    };
    let value = || {
        proptest::sample::select(vec![
            "'0411'",
            "'HIDDEN'",
            "'2'",
            "1",
            "999",
            "-0",
            "41.5",
            "null",
            "true",
            "'2017-02-01'",
            "'THEFT'",
            "beat",
            "ward",
        ])
    };
    let infix = proptest::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        4 => (column(), infix, value()).prop_map(|(a, infix, b)| format!("{a} {infix} {b}")),
        1 => (column(), any::<bool>()).prop_map(|(a, not)| format!("{a} is {}null", if not { "not " } else { "" })),
        1 => (column(), vec(value(), 1..4), any::<bool>()).prop_map(|(a, list, not)| format!("{a} {}in ({})", if not { "not " } else { "" }, list.join(", "))),
        1 => (column(), value(), value()).prop_map(|(a, low, high)| format!("{a} between {low} and {high}")),
        1 => (column(), proptest::sample::select(vec!["'04%'", "'%'", "'_IDDEN'", "null", "1"])).prop_map(|(a, pattern)| format!("{a} like {pattern}")),
        1 => column().prop_map(str::to_owned),
        1 => (column(), value()).prop_map(|(a, b)| format!("1 / (ward - 999) > 0 or lower({a}) = {b}")),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or ({b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

fn any_counts() -> impl Strategy<Value = Counts> {
    let column = proptest::sample::select(vec![
        "beat",
        "ward",
        "primary_type",
        "address",
        "latitude",
        "year",
        "month",
        "occurred_from",
        "iucr",
        "nothing",
    ]);
    (vec(column, 0..3), option::of(any_filter()), 0..10usize).prop_map(|(group_by, filter, limit)| Counts {
        group_by: group_by.into_iter().map(Into::into).collect(),
        filter: filter.map(|text| clear_soql::parse::expression(&text).expect("reads")),
        limit,
    })
}

pub(crate) fn columns(versions: &[Version]) -> Columns {
    let mut columns = Columns::new();
    versions.iter().for_each(|version| columns.apply(version));
    columns
}

/// Everything that was filed, and of it what the Sight allows, as if nothing else had been.
pub(crate) fn filed_and_allowed(
    filed: &[(u128, u32, Option<Seeds>)],
    sight: &Sight<'_>,
) -> (Vec<Version>, Vec<Version>) {
    let label_of = |number: u128| {
        filed.iter().rev().find(|(other, ..)| *other == number).map(|(_, label, _)| LabelId(*label)).unwrap()
    };
    let mut full = Vec::new();
    let mut allowed = Vec::new();
    for (seq, (number, label, seeds)) in (1..).zip(filed) {
        let made = |opens: &dyn Fn(FieldClass) -> bool| seeds.as_ref().map(|seeds| incident(seeds, opens));
        full.push(version(seq, *number, *label, made(&|_| true).as_deref()));
        // A record's current label governs all its versions.
        let current = label_of(*number);
        if sight.opens_any(current, id(*number)) {
            let opens = |class| sight.opens(class, current, id(*number));
            allowed.push(version(seq, *number, *label, made(&opens).as_deref()));
        }
    }
    (full, allowed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_answer_equals_that_of_a_projection_of_what_is_allowed(
        filed in vec((0..20u128, 0..4u32, option::weighted(0.9, any::<Seeds>())), 0..40),
        seen in any_seen(),
        questions in vec(any_counts(), 16),
    ) {
        let sight = seen.sight();
        let (full, allowed) = filed_and_allowed(&filed, &sight);
        // Of some, every column is put aside after each filing.
        let folder = tempfile::tempdir().unwrap();
        let full = match filed.len() % 8 {
            0 => {
                let mut aside = Columns::new().bounded(ColdPlace::folder(folder.path()).unwrap(), 0);
                full.iter().for_each(|version| aside.apply(version));
                aside
            }
            _ => columns(&full),
        };
        let allowed = columns(&allowed);
        let shelf = |columns: &Columns| columns.shelf("incidents", &sight).unwrap();
        for question in questions {
            prop_assert_eq!(full.count(&question, &sight), allowed.count(&question, &sight), "{:?}", question);
            let conditions: Vec<_> = question.filter.into_iter().collect();
            for within in [[-88.0, -1.0, 0.0, 42.0], [-88.0, 41.0, -87.0, 42.0]] {
                let crowds = shelf(&full).crowds(&conditions, within);
                prop_assert_eq!(&crowds, &shelf(&allowed).crowds(&conditions, within));
                let spots = shelf(&full).spots(&conditions, Some(within));
                prop_assert!(spots == shelf(&allowed).spots(&conditions, Some(within)));
                prop_assert_eq!(crowds.map(|crowds| crowds.unwrap_or_default()), spots.map(|spots| counted(&spots.spots)));
            }
        }
    }
}

/// How many spots have the same coordinates, in the order in which crowds come.
fn counted(spots: &[Spot]) -> Vec<Crowd> {
    let mut crowds: Vec<Crowd> = Vec::new();
    for Spot { longitude, latitude, .. } in spots {
        match crowds.iter_mut().find(|crowd| (crowd.longitude, crowd.latitude) == (*longitude, *latitude)) {
            Some(crowd) => crowd.count += 1,
            None => crowds.push(Crowd { longitude: *longitude, latitude: *latitude, count: 1 }),
        }
    }
    crowds.sort_by(|one, other| (one.longitude, one.latitude).partial_cmp(&(other.longitude, other.latitude)).unwrap());
    crowds
}
