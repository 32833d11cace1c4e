//! What is linked, as tables; and that nothing hidden links.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod hidden;

use clear_graph::{Graph, HUB_MAX, Leaf, Link, Node, Page, Shared, Window};
use clear_record::{
    AccountId, AgencyId, FieldClass, Kind, LabelId, LabelSet, Method, PerClass, Provenance, Reach, Record, RecordId,
    Seq, Sight, Version,
};
use jiff::Timestamp;

pub(crate) fn id(kind: Kind, raw: u128) -> RecordId {
    RecordId { kind, raw }
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

/// Letters and digits in upper case; an address needs a number in front.
pub(crate) fn spell(shared: Shared, text: &str) -> Option<String> {
    let spelt: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let named = !spelt.is_empty() && (shared != Shared::Address || text.starts_with(|c: char| c.is_ascii_digit()));
    named.then_some(spelt)
}

pub(crate) fn all() -> Reach {
    let labels: LabelSet = (0..64).map(LabelId).collect();
    Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| labels.clone()) }
}

/// `per1` for a person's id in a line of a table.
fn named(word: &str) -> RecordId {
    let at = word.find(|c: char| c.is_ascii_digit()).unwrap();
    let kind = Kind::ALL.into_iter().find(|kind| id(*kind, 0).to_string().starts_with(&word[..at])).unwrap();
    id(kind, word[at..].parse().unwrap())
}

fn node(word: &str) -> Node {
    if word.contains(':') { word.parse().unwrap() } else { Node::Record(named(word)) }
}

fn word(node: &Node) -> String {
    match node {
        Node::Record(id) => word_of(*id),
        value => value.to_string(),
    }
}

fn word_of(id: RecordId) -> String {
    format!("{}{}", id.to_string().split('_').next().unwrap(), id.raw)
}

fn links(links: &[Link]) -> String {
    links.iter().map(|link| format!("{} by {}", link.what, word_of(link.by))).collect::<Vec<_>>().join(" + ")
}

fn page(page: Option<Page>) -> String {
    let Some(page) = page else { return "not there".to_owned() };
    let line = |it: &clear_graph::Neighbour| format!("{} ({})", word(&it.node), links(&it.links));
    format!("{}: {}", page.total, page.neighbours.iter().map(line).collect::<Vec<_>>().join(", "))
}

/// A line is `id label json`, where `per1` in the json stands for the id.
fn graph(lines: &[&str]) -> Graph {
    let mut graph = Graph::new(spell);
    for (seq, line) in (1..).zip(lines) {
        file(&mut graph, seq, line);
    }
    graph
}

fn file(graph: &mut Graph, seq: u64, line: &str) {
    let mut parts = line.splitn(3, ' ');
    let id = named(parts.next().unwrap());
    let label = parts.next().unwrap().parse().unwrap();
    let json = parts.next().map(|json| {
        let words: Vec<String> = json
            .split('"')
            .enumerate()
            .map(|(at, text)| match text.strip_prefix('@') {
                Some(text) if at % 2 == 1 => named(text).to_string(),
                _ => text.to_owned(),
            })
            .collect();
        words.join("\"")
    });
    graph.apply(&version(seq, id, label, json.map(|json| record(id.kind, &json))));
}

const CITY: [&str; 18] = [
    r#"per1 0 {"family_name":"A","address":"12 N State St","phone":"3125550100"}"#,
    r#"per2 0 {"family_name":"B","address":"12 n state st","identity_number":"IR 7"}"#,
    r#"per3 0 {"family_name":"C","address":"N State St"}"#,
    r#"per4 0 {"family_name":"D"}"#,
    r#"inc1 0 {"occurred_from":"2019-01-05T10:00:00","address":"12 N State St"}"#,
    r#"inc2 0 {"occurred_from":"2019-03-05T10:00:00"}"#,
    r#"inv1 0 {"incident":"@inc1","part":"suspect","person":"@per1"}"#,
    r#"inv2 0 {"incident":"@inc1","part":"victim","person":"@per2"}"#,
    r#"inv3 0 {"incident":"@inc2","part":"suspect","person":"@per1"}"#,
    r#"inv4 0 {"incident":"@inc2","part":"witness","person":"@per3"}"#,
    r#"inv5 0 {"incident":"@inc2","part":"vehicle","vehicle":"@veh1"}"#,
    r#"veh1 0 {"plate":"AB 12345","owner":"@per3"}"#,
    r#"veh2 0 {"plate":"ab12345"}"#,
    r#"jdg1 0 {"one":"@per3","other":"@per4","verdict":"same","reason":"x"}"#,
    r#"jdg2 0 {"one":"@per1","other":"@per4","verdict":"different","reason":"x"}"#,
    r#"nar1 0 {"about":"@inc1","text":"x"}"#,
    r#"arr1 0 {"person":"@per1","incident":"@inc1","arrested_at":"2019-01-06T10:00:00"}"#,
    r#"stp1 0 {"stopped_at":"2018-01-06T10:00:00","person":"@per1","vehicle":"@veh2"}"#,
];

#[test]
fn what_is_beside_what() {
    let graph = graph(&CITY);
    let reach = all();
    let sight = Sight::of(&reach);
    let leaf = graph.under(&sight, Window::default());
    for (start, beside) in [
        (
            "per1",
            "6: inc2 (suspect by inv3), inc1 (suspect by inv1), arr1 (person by arr1), stp1 (person by stp1), address:12NSTATEST (address by per1), phone:3125550100 (phone by per1)",
        ),
        ("per3", "3: per4 (same person by jdg1), inc2 (witness by inv4), veh1 (owner by veh1)"),
        ("per4", "1: per3 (same person by jdg1)"),
        ("inc2", "3: per1 (suspect by inv3), per3 (witness by inv4), veh1 (vehicle by inv5)"),
        (
            "inc1",
            "4: per1 (suspect by inv1), per2 (victim by inv2), arr1 (incident by arr1), address:12NSTATEST (address by inc1)",
        ),
        ("plate:AB12345", "2: veh1 (plate by veh1), veh2 (plate by veh2)"),
        ("address:12NSTATEST", "3: per1 (address by per1), per2 (address by per2), inc1 (address by inc1)"),
        ("per9", "not there"),
        ("plate:NONE", "not there"),
    ] {
        assert_eq!(page(leaf.neighbours(&node(start), 0, 99)), beside, "{start}");
    }
    assert_eq!(page(leaf.neighbours(&node("per1"), 1, 2)), "6: inc1 (suspect by inv1), arr1 (person by arr1)");
    assert_eq!(leaf.degree(&node("per1"), 99), 6);
    assert_eq!(leaf.degree(&node("per1"), 3), 4);
    assert_eq!(links(&leaf.links(&node("per1"), &node("inc1"))), "suspect by inv1");
    assert_eq!(links(&leaf.links(&node("per1"), &node("per2"))), "");
    // Somebody with no link is there all the same.
    let lonely = Graph::new(spell);
    let mut lonely = lonely;
    file(&mut lonely, 1, r#"per5 0 {"family_name":"E"}"#);
    assert_eq!(page(lonely.under(&sight, Window::default()).neighbours(&node("per5"), 0, 9)), "0: ");
}

fn path(leaf: &Leaf<'_>, from: &str, to: &str, hops: usize) -> String {
    let Some(found) = leaf.paths(&node(from), &node(to), hops) else { return "not there".to_owned() };
    let path = |path: &clear_graph::Path| {
        let mut text = word(&path.nodes[0]);
        for (between, node) in path.links.iter().zip(&path.nodes[1..]) {
            text.push_str(&format!(" -{}- {}", links(between), word(node)));
        }
        text
    };
    let mut said: Vec<String> = found.paths.iter().map(path).collect();
    said.extend(found.more.then(|| "more".to_owned()));
    said.extend(found.hubs.iter().map(|hub| format!("hub {}", word(hub))));
    said.extend(found.gave_up.then(|| "gave up".to_owned()));
    said.join("; ")
}

#[test]
fn the_shortest_ways_from_one_to_another() {
    let graph = graph(&CITY);
    let reach = all();
    let sight = Sight::of(&reach);
    let leaf = graph.under(&sight, Window::default());
    for (from, to, hops, expected) in [
        ("per1", "inc1", 4, "per1 -suspect by inv1- inc1"),
        (
            "per1",
            "per2",
            4,
            "per1 -suspect by inv1- inc1 -victim by inv2- per2; per1 -address by per1- address:12NSTATEST -address by per2- per2",
        ),
        (
            "per2",
            "per4",
            6,
            "per2 -victim by inv2- inc1 -suspect by inv1- per1 -suspect by inv3- inc2 -witness by inv4- per3 -same person by jdg1- per4; per2 -address by per2- address:12NSTATEST -address by per1- per1 -suspect by inv3- inc2 -witness by inv4- per3 -same person by jdg1- per4",
        ),
        ("per2", "per4", 4, ""),
        ("per1", "per1", 4, ""),
        ("per1", "per9", 4, "not there"),
        (
            "identity_number:IR7",
            "phone:3125550100",
            6,
            "identity_number:IR7 -identity_number by per2- per2 -victim by inv2- inc1 -suspect by inv1- per1 -phone by per1- phone:3125550100; identity_number:IR7 -identity_number by per2- per2 -address by per2- address:12NSTATEST -address by per1- per1 -phone by per1- phone:3125550100",
        ),
    ] {
        assert_eq!(path(&leaf, from, to, hops), expected, "{from} {to} {hops}");
    }
    let common = |one: &str, other: &str| {
        let found = leaf.common(&node(one), &node(other), 0, 9).unwrap();
        let line = |(it, second): &(clear_graph::Neighbour, Vec<Link>)| {
            format!("{} ({} / {})", word(&it.node), links(&it.links), links(second))
        };
        format!("{}: {}", found.total, found.neighbours.iter().map(line).collect::<Vec<_>>().join(", "))
    };
    assert_eq!(common("per1", "per3"), "1: inc2 (suspect by inv3 / witness by inv4)");
    assert_eq!(
        common("per2", "per1"),
        "2: inc1 (victim by inv2 / suspect by inv1), address:12NSTATEST (address by per2 / address by per1)"
    );
}

#[test]
fn a_window_keeps_what_is_dated_in_it() {
    let graph = graph(&CITY);
    let reach = all();
    let sight = Sight::of(&reach);
    let leaf = |from: &str, to: &str| {
        let day = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        graph.under(&sight, Window { from: day(from), to: day(to) })
    };
    assert_eq!(
        page(leaf("2019-02-01", "").neighbours(&node("per1"), 0, 9)),
        "3: inc2 (suspect by inv3), address:12NSTATEST (address by per1), phone:3125550100 (phone by per1)"
    );
    // A path does not lead through what is outside, and the two ends stay.
    assert_eq!(
        path(&leaf("2019-02-01", ""), "per1", "per2", 2),
        "per1 -address by per1- address:12NSTATEST -address by per2- per2"
    );
    assert_eq!(path(&leaf("", "2017-12-31"), "per1", "per3", 6), "");
    // Where the day may not be read there is none.
    let mut closed = all();
    closed.class[FieldClass::Operational] = LabelSet::empty();
    let sight = Sight::of(&closed);
    let window = Window { from: Some("2000-01-01".parse().unwrap()), to: None };
    assert_eq!(
        page(graph.under(&sight, window).neighbours(&node("per1"), 0, 9)),
        "2: address:12NSTATEST (address by per1), phone:3125550100 (phone by per1)"
    );
    assert_eq!(
        page(graph.under(&sight, Window::default()).neighbours(&node("per1"), 0, 9)),
        "4: arr1 (person by arr1), stp1 (person by stp1), address:12NSTATEST (address by per1), phone:3125550100 (phone by per1)"
    );
}

#[test]
fn what_is_hidden_links_nothing() {
    // The victim's part is under label 1, the incident between under 2, the address in the class contact.
    let mut lines: Vec<String> = CITY.iter().map(|line| line.to_string()).collect();
    lines[7] = lines[7].replacen(" 0 ", " 1 ", 1);
    lines[5] = lines[5].replacen(" 0 ", " 2 ", 1);
    let graph = graph(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let labels = |labels: &[u32]| -> Reach {
        let set: LabelSet = labels.iter().copied().map(LabelId).collect();
        let open = |class| if class == FieldClass::Contact { LabelSet::empty() } else { set.clone() };
        Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(open) }
    };
    let beside = |reach: &Reach, start: &str| {
        let sight = Sight::of(reach);
        page(graph.under(&sight, Window::default()).neighbours(&node(start), 0, 9))
    };
    let ways = |reach: &Reach, from: &str, to: &str| {
        let sight = Sight::of(reach);
        path(&graph.under(&sight, Window::default()), from, to, 6)
    };
    let (narrow, wide) = (labels(&[0]), labels(&[0, 1, 2]));
    assert_eq!(beside(&narrow, "per2"), "1: identity_number:IR7 (identity_number by per2)");
    assert_eq!(beside(&wide, "per2"), "2: inc1 (victim by inv2), identity_number:IR7 (identity_number by per2)");
    assert_eq!(beside(&narrow, "per3"), "2: per4 (same person by jdg1), veh1 (owner by veh1)");
    assert_eq!(beside(&narrow, "inc2"), "not there");
    // A value that only closed fields have is no value.
    assert_eq!(beside(&wide, "phone:3125550100"), "not there");
    assert_eq!((ways(&narrow, "per1", "per2"), ways(&narrow, "per1", "inc2")), (String::new(), "not there".to_owned()));
    assert_eq!(ways(&wide, "per1", "per2"), "per1 -suspect by inv1- inc1 -victim by inv2- per2");
    // Who may not read which part somebody played reads that there was one.
    let mut closed = all();
    closed.class[FieldClass::Operational] = LabelSet::empty();
    let mut more = Graph::new(spell);
    file(&mut more, 1, r#"per1 0 {}"#);
    file(&mut more, 2, r#"veh1 0 {}"#);
    file(&mut more, 3, r#"inv1 0 {"incident":"@inc1","part":"suspect","person":"@per1","vehicle":"@veh1"}"#);
    let sight = Sight::of(&closed);
    assert_eq!(
        page(more.under(&sight, Window::default()).neighbours(&node("per1"), 0, 9)),
        "1: veh1 (involvement by inv1)"
    );
}

#[test]
fn a_hub_is_what_the_asker_sees_as_one() {
    // Two persons with one telephone, and many strangers who have it too, half of them under label 1.
    let graph = |strangers: usize| {
        let mut graph = Graph::new(spell);
        for (seq, number) in (1..).zip(0..strangers as u64 + 2) {
            let label = if number < 2 || number % 2 == 0 { 0 } else { 1 };
            file(&mut graph, seq, &format!(r#"per{number} {label} {{"phone":"3125550100"}}"#));
        }
        graph
    };
    let reach = |labels: &[u32]| {
        let set: LabelSet = labels.iter().copied().map(LabelId).collect();
        Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| set.clone()) }
    };
    let through = "per0 -phone by per0- phone:3125550100 -phone by per1- per1";
    for (strangers, labels, expected) in [
        (HUB_MAX - 2, &[0, 1][..], through),
        (HUB_MAX - 1, &[0, 1], "hub phone:3125550100"),
        (HUB_MAX - 1, &[0], through),
        (2 * HUB_MAX, &[0], "hub phone:3125550100"),
    ] {
        let reach = reach(labels);
        let sight = Sight::of(&reach);
        let graph = graph(strangers);
        assert_eq!(
            path(&graph.under(&sight, Window::default()), "per0", "per1", 4),
            expected,
            "{strangers} {labels:?}"
        );
    }
    // It is an end like any other, and is read page by page.
    let (graph, reach) = (graph(2 * HUB_MAX), reach(&[0, 1]));
    let sight = Sight::of(&reach);
    let leaf = graph.under(&sight, Window::default());
    assert_eq!(path(&leaf, "phone:3125550100", "per1", 4), "phone:3125550100 -phone by per1- per1");
    assert_eq!(leaf.neighbours(&node("phone:3125550100"), 395, 5).unwrap().neighbours.len(), 5);
    assert_eq!(leaf.degree(&node("phone:3125550100"), HUB_MAX), HUB_MAX + 1);
}

#[test]
fn a_correction_replaces_and_an_expungement_leaves_nothing() {
    let mut graph = graph(&CITY);
    let reach = all();
    let sight = Sight::of(&reach);
    let beside =
        |graph: &Graph, start: &str| page(graph.under(&sight, Window::default()).neighbours(&node(start), 0, 9));
    file(&mut graph, 19, r#"per1 0 {"phone":"3125550177"}"#);
    assert_eq!(beside(&graph, "phone:3125550100"), "not there");
    assert_eq!(beside(&graph, "phone:3125550177"), "1: per1 (phone by per1)");
    // An older version again changes nothing.
    file(&mut graph, 1, CITY[0]);
    assert_eq!(beside(&graph, "phone:3125550100"), "not there");
    file(&mut graph, 20, "veh1 0");
    assert_eq!(beside(&graph, "plate:AB12345"), "1: veh2 (plate by veh2)");
    assert_eq!(beside(&graph, "veh1"), "not there");
    assert_eq!(graph.label(named("veh1")), None);
    // The involvement that names it still does; when that goes too, so does the node.
    assert_eq!(graph.naming(named("veh1")), [named("inv5")]);
    let nodes = graph.size().0;
    file(&mut graph, 21, "inv5 0");
    assert_eq!(graph.size().0, nodes - 2);
    assert_eq!(graph.parts_of(named("inc1")), [named("inv1"), named("inv2"), named("nar1")]);
    for (seq, line) in (22..).zip(CITY) {
        file(&mut graph, seq, &format!("{} 0", line.split(' ').next().unwrap()));
    }
    assert_eq!(graph.size(), (0, 0));
}

#[test]
fn what_stands_beside_a_node_whatever_is_open() {
    let graph = graph(&CITY);
    let beside: Vec<String> = graph.beside(&node("per3"), 99).into_iter().map(word_of).collect();
    assert_eq!(beside, ["per4", "inc2", "inv4", "veh1", "jdg1"]);
    assert_eq!(graph.beside(&node("plate:AB12345"), 1), [named("veh1")]);
}
