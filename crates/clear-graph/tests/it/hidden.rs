//! INVARIANT (hidden edges end in the leaf): every answer under a Sight equals the answer over a graph that never held what
//! the Sight hides: existence, degree, order, pages, links, common neighbours, paths and their length.

use std::collections::HashMap;

use clear_graph::{Graph, Node, Shared, THINGS, Window, Wish};
use clear_record::{FieldClass, Kind, LabelId, PerClass, Reach, Record, RecordId, RowSet, Sight};
use jiff::civil::Date;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::{id, record, spell, version};

/// What a record is made from, so that its closed fields can be made from something else.
type Seeds = [usize; 6];

const EACH: u128 = 5;
const PLATES: [&str; 3] = ["AB1", "AB2", ""];
const PLACES: [&str; 3] = ["1 State St", "2 State St", "State St"];
const PHONES: [&str; 3] = ["3125550100", "3125550101", ""];
const DAYS: [&str; 3] = ["2019-01-01", "2019-01-02", "2019-01-03"];
const PARTS: [&str; 3] = ["suspect", "victim", "witness"];

/// A record whose fields of closed classes come from other seeds.
fn made(kind: Kind, seeds: &Seeds, opens: &dyn Fn(FieldClass) -> bool) -> Record {
    let seed = |class: FieldClass, at: usize| {
        if opens(class) { seeds[at] } else { seeds[at].wrapping_mul(7).wrapping_add(at + 1) }
    };
    let pick = |class, at: usize, words: &[&str]| words[seed(class, at) % words.len()].to_owned();
    let named = |class, at: usize, kind: Kind| id(kind, seed(class, at) as u128 % EACH);
    let maybe = |class, at: usize, name: &str, kind: Kind| {
        let seed = seed(class, at);
        if seed.is_multiple_of(3) { String::new() } else { format!(r#","{name}":"{}""#, id(kind, seed as u128 % EACH)) }
    };
    use FieldClass::{Contact, Identity, Operational, Place};
    let json = match kind {
        Kind::Person => format!(
            r#"{{"address":"{}","phone":"{}","identity_number":"{}"}}"#,
            pick(Contact, 0, &PLACES),
            pick(Contact, 1, &PHONES),
            pick(Identity, 2, &PLATES)
        ),
        Kind::Incident => format!(
            r#"{{"occurred_from":"{}T10:00:00","address":"{}"}}"#,
            pick(Operational, 0, &DAYS),
            pick(Place, 1, &PLACES)
        ),
        Kind::Involvement => format!(
            r#"{{"incident":"{}","part":"{}"{}{}}}"#,
            named(Operational, 0, Kind::Incident),
            pick(Operational, 1, &PARTS),
            maybe(Identity, 2, "person", Kind::Person),
            maybe(Identity, 3, "vehicle", Kind::Vehicle)
        ),
        Kind::Narrative => format!(r#"{{"about":"{}","text":"x"}}"#, named(Operational, 0, Kind::Incident)),
        Kind::Arrest => format!(
            r#"{{"person":"{}","arrested_at":"{}T10:00:00","address":"{}"{}}}"#,
            named(Identity, 0, Kind::Person),
            pick(Operational, 1, &DAYS),
            pick(Place, 2, &PLACES),
            maybe(Operational, 3, "incident", Kind::Incident)
        ),
        Kind::Stop => format!(
            r#"{{"stopped_at":"{}T10:00:00"{}{}}}"#,
            pick(Operational, 0, &DAYS),
            maybe(Identity, 1, "person", Kind::Person),
            maybe(Identity, 2, "vehicle", Kind::Vehicle)
        ),
        Kind::Vehicle => {
            format!(r#"{{"plate":"{}"{}}}"#, pick(Identity, 0, &PLATES), maybe(Identity, 1, "owner", Kind::Person))
        }
        Kind::Judgement => {
            let verdict = pick(Identity, 2, &["same", "different"]);
            let (one, other) = (named(Identity, 0, Kind::Person), named(Identity, 1, Kind::Person));
            format!(r#"{{"one":"{one}","other":"{other}","verdict":"{verdict}","reason":"x"}}"#)
        }
        _ => format!(
            r#"{{"topic":"stolen_vehicle","instrument":"stolen","authority":"a","entered_on":"{}"{}{}}}"#,
            pick(Operational, 0, &DAYS),
            maybe(Identity, 1, "person", Kind::Person),
            maybe(Identity, 2, "vehicle", Kind::Vehicle)
        ),
    };
    record(if matches!(kind, Kind::Property) { Kind::HotFile } else { kind }, &json)
}

const KINDS: [Kind; 9] = [
    Kind::Person,
    Kind::Incident,
    Kind::Involvement,
    Kind::Narrative,
    Kind::Arrest,
    Kind::Stop,
    Kind::Vehicle,
    Kind::Judgement,
    Kind::HotFile,
];

#[derive(Debug, Clone)]
struct Filed {
    number: u128,
    kind: Kind,
    label: u32,
    seeds: Option<Seeds>,
}

fn any_filed() -> impl Strategy<Value = Filed> {
    let kind = prop_oneof![2 => proptest::sample::select(&KINDS[..]), 1 => Just(Kind::Involvement)];
    (0..EACH, kind, 0..4u32, option::weighted(0.9, any::<Seeds>())).prop_map(|(number, kind, label, seeds)| Filed {
        number,
        kind,
        label,
        seeds,
    })
}

fn any_reach() -> impl Strategy<Value = Reach> {
    vec(any::<u8>(), 18).prop_map(|bits| {
        // Two of three are open, so that there is something to find.
        let set = |at: usize| (0..4).filter(|label| (bits[at] | bits[at + 9]) >> label & 1 == 1).map(LabelId).collect();
        Reach { pointer: set(8), class: PerClass::from_fn(|class| set(class as usize)) }
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
        let id = (proptest::sample::select(&KINDS[..]), 0..EACH).prop_map(|(kind, number)| id(kind, number));
        vec(id, 0..most).prop_map(|ids| ids.into_iter().collect::<RowSet>())
    };
    (any_reach(), vec((rows(8), any_reach()), 0..3), rows(5)).prop_map(|(any, relations, tightened)| Seen {
        any,
        relations,
        tightened,
    })
}

fn any_node() -> impl Strategy<Value = Node> {
    prop_oneof![
        4 => (proptest::sample::select(&THINGS[..]), 0..EACH).prop_map(|(kind, number)| Node::Record(id(kind, number))),
        1 => proptest::sample::select(vec![
            (Shared::Plate, "AB1"), (Shared::Plate, "AB2"), (Shared::Address, "1STATEST"), (Shared::Phone, "3125550100"),
            (Shared::IdentityNumber, "AB1"), (Shared::Phone, "NOBODY"),
        ]).prop_map(|(shared, text)| Node::Value(shared, text.into())),
    ]
}

fn any_window() -> impl Strategy<Value = Window> {
    let day =
        || option::weighted(0.3, proptest::sample::select(&DAYS[..]).prop_map(|day| day.parse::<Date>().unwrap()));
    (day(), day()).prop_map(|(from, to)| Window { from, to })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_answer_equals_that_over_a_graph_of_what_is_allowed(
        filed in vec(any_filed(), 0..70),
        seen in any_seen(),
        window in any_window(),
        asked in vec((any_node(), any_node(), 0..7usize, 0..4usize, 1..5usize), 24),
    ) {
        let sight = seen.sight();
        let mut labels: HashMap<RecordId, LabelId> = HashMap::new();
        for it in &filed {
            labels.insert(id(it.kind, it.number), LabelId(it.label));
        }
        let (mut full, mut allowed) = (Graph::new(spell), Graph::new(spell));
        for (seq, it) in (1..).zip(&filed) {
            let id = id(it.kind, it.number);
            // A record's current label governs all its versions.
            let current = labels[&id];
            full.apply(&version(seq, id, it.label, it.seeds.as_ref().map(|seeds| made(it.kind, seeds, &|_| true))));
            if sight.opens_any(current, id) {
                let opens = |class| sight.opens(class, current, id);
                allowed.apply(&version(seq, id, it.label, it.seeds.as_ref().map(|seeds| made(it.kind, seeds, &opens))));
            }
        }
        let (ours, theirs) = (full.under(&sight, window), allowed.under(&sight, window));
        for (one, other, hops, offset, limit) in asked {
            prop_assert_eq!(ours.knows(&one), theirs.knows(&one), "{:?}", one);
            prop_assert_eq!(ours.neighbours(&one, offset, limit), theirs.neighbours(&one, offset, limit), "{:?}", one);
            prop_assert_eq!(ours.degree(&one, limit), theirs.degree(&one, limit), "{:?}", one);
            prop_assert_eq!(ours.links(&one, &other), theirs.links(&one, &other), "{:?} {:?}", one, other);
            prop_assert_eq!(ours.common(&one, &other, offset, limit), theirs.common(&one, &other, offset, limit));
            prop_assert_eq!(ours.paths(&one, &other, hops), theirs.paths(&one, &other, hops), "{:?} {:?} {}", one, other, hops);
            let (to, open) = (hops.is_multiple_of(2).then(|| other.clone()), vec![other.clone()]);
            let wish = Wish { from: one.clone(), to, common: hops == 2, open, hops, offset, limit };
            prop_assert_eq!(ours.chart(&wish), theirs.chart(&wish), "{:?}", wish);
            if let Node::Record(id) = one {
                prop_assert_eq!(full.naming_under(id, &sight), allowed.naming_under(id, &sight));
            }
        }
    }

    #[test]
    fn the_fold_in_another_order_of_correction_ends_the_same(filed in vec(any_filed(), 0..50), asked in vec(any_node(), 12)) {
        let mut newest: HashMap<RecordId, &Filed> = HashMap::new();
        for it in &filed {
            newest.insert(id(it.kind, it.number), it);
        }
        let apply = |graph: &mut Graph, seq, it: &Filed| {
            let record = it.seeds.as_ref().map(|seeds| made(it.kind, seeds, &|_| true));
            graph.apply(&version(seq, id(it.kind, it.number), it.label, record));
        };
        let (mut folded, mut rebuilt) = (Graph::new(spell), Graph::new(spell));
        (1..).zip(&filed).for_each(|(seq, it)| apply(&mut folded, seq, it));
        let mut ids: Vec<_> = newest.into_iter().collect();
        ids.sort_unstable_by_key(|(id, _)| *id);
        (1..).zip(&ids).for_each(|(seq, (_, it))| apply(&mut rebuilt, seq, it));
        prop_assert_eq!(folded.size(), rebuilt.size());
        let reach = crate::all();
        let sight = Sight::of(&reach);
        for node in asked {
            let page = |graph: &Graph| graph.under(&sight, Window::default()).neighbours(&node, 0, 99);
            prop_assert_eq!(page(&folded), page(&rebuilt));
        }
    }
}
