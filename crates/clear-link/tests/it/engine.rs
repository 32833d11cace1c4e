//! The engine: what a score is made of, what never depends on order, what bad input does.

use std::collections::{BTreeMap, BTreeSet};

use clear_link::metrics::Truth;
use clear_link::{Linked, Linker, Model, Options, Role, Table, link};

const ROLES: [Role; 6] =
    [Role::GivenName, Role::Surname, Role::DateOfBirth, Role::Address, Role::Postcode, Role::Phone];

/// Numbers from a fixed seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most
    }
}

const GIVEN: [&str; 12] =
    ["ROBERT", "TAMSIN", "JOHN", "MARY", "ELIZABETH", "CARLOS", "WEI", "AMINA", "OLUF", "PETRA", "DUNCAN", "YUSUF"];
const START: [&str; 16] =
    ["BRAN", "KEL", "MOR", "TASS", "VIN", "HAL", "DOR", "PELL", "GRE", "SOM", "LUN", "FAR", "WES", "NOR", "CAL", "RUD"];
const END: [&str; 12] = ["TON", "BERG", "LEY", "MAN", "SEN", "FORD", "WICK", "ELLI", "OVA", "STEIN", "DALE", "HURST"];

/// Invented rows of invented persons, up to five a person, with mistakes; and who each is.
fn city(persons: usize, seed: u64) -> (Vec<[String; 6]>, Vec<u32>) {
    let mut dice = Dice(seed);
    let mut rows: Vec<([String; 6], u32)> = Vec::new();
    for person in 0..persons as u32 {
        let true_row = [
            GIVEN[dice.below(12)].to_owned(),
            format!("{}{}{}", START[dice.below(16)], ["", "A", "O", "E"][dice.below(4)], END[dice.below(12)]),
            format!("{}-{:02}-{:02}", 1940 + dice.below(65), 1 + dice.below(12), 1 + dice.below(28)),
            format!("{} {} ST", 1 + dice.below(9000), START[dice.below(16)]),
            format!("606{:02}", dice.below(60)),
            format!("555{:07}", dice.below(9_999_999)),
        ];
        for _ in 0..1 + dice.below(5) {
            let mut row = true_row.clone();
            for value in &mut row {
                match dice.below(20) {
                    0 | 1 => value.clear(),
                    2 => {
                        value.remove(dice.below(value.len()));
                    }
                    3 => value.push('7'),
                    _ => {}
                }
            }
            rows.push((row, person));
        }
    }
    for at in (1..rows.len()).rev() {
        rows.swap(at, dice.below(at + 1));
    }
    rows.into_iter().unzip()
}

fn linked(rows: &[[String; 6]], options: &Options) -> Linked {
    let mut table = Table::new(&ROLES);
    for row in rows {
        table.push(row.iter().map(String::as_str));
    }
    link(table, options, &mut |_| {})
}

fn f1(clusters: &[u32], persons: &[u32]) -> f64 {
    Truth { persons, split: None }.of_clusters(clusters).f1()
}

#[test]
fn an_invented_city_is_put_together_without_labels() {
    let (rows, persons) = city(3_000, 1);
    let f1 = f1(&linked(&rows, &Options::default()).clusters, &persons);
    assert!(f1 > 0.985, "{f1}");
}

#[test]
fn arriving_one_at_a_time_is_nearly_the_batch() {
    let (rows, persons) = city(3_000, 2);
    let batch = linked(&rows, &Options::default());
    let (before, after) = rows.split_at(rows.len() * 9 / 10);
    let mut linker = Linker::new(linked(before, &Options::default()));
    for row in after {
        linker.insert(row.iter().map(String::as_str));
    }
    assert_eq!(linker.rows() as usize, rows.len());
    let alike = f1(linker.clusters(), &batch.clusters);
    assert!(alike > 0.99, "{alike}");
    let f1 = f1(linker.clusters(), &persons);
    assert!(f1 > 0.98, "{f1}");
}

#[test]
fn a_waterfall_adds_up_to_the_score() {
    let (rows, _) = city(500, 3);
    let linked = linked(&rows, &Options::default());
    for pair in linked.pairs.iter().take(500) {
        let waterfall = linked.explain(pair.a, pair.b);
        let sum: f32 = waterfall.before
            + waterfall.company
            + waterfall.household
            + waterfall.steps.iter().map(|step| step.bits).sum::<f32>();
        assert!((sum - waterfall.after).abs() < 0.01, "{waterfall}");
        assert!((waterfall.after - pair.ln_odds / std::f32::consts::LN_2).abs() < 0.01);
    }
}

/// Two circles of names: in each, every given name stands beside every family name; none stands beside one of the other circle.
fn two_circles(persons: usize, seed: u64) -> Vec<[String; 6]> {
    let mut dice = Dice(seed);
    let row = |_| {
        let circle = dice.below(2);
        let given = GIVEN[circle * 6 + dice.below(6)].to_owned();
        let surname = format!(
            "{}{}{}",
            START[circle * 8 + dice.below(8)],
            ["", "A", "O", "E"][dice.below(4)],
            END[dice.below(12)]
        );
        let born = format!("{}-{:02}-{:02}", 1940 + dice.below(65), 1 + dice.below(12), 1 + dice.below(28));
        [given, surname, born, String::new(), String::new(), String::new()]
    };
    (0..persons).map(row).collect()
}

#[test]
fn names_that_keep_company_say_less_together() {
    let company = |rows: &[[String; 6]]| -> f32 {
        let linked = linked(rows, &Options::default());
        let all: f32 = (0..200).map(|row| linked.explain(row, row).company).sum();
        all / 200.0
    };
    // In a circle of half the rows, a name of it has the other name twice as often: that is one bit, of which less is believed
    // of names that few combinations have. Where names say nothing of each other, what one person's rows repeat is most of it.
    let (rows, _) = city(2_000, 13);
    let (circles, independent) = (company(&two_circles(8_000, 12)), company(&rows));
    assert!((-1.0..-0.55).contains(&circles) && independent > -0.4, "{circles} {independent}");
}

/// Names that many spell in several ways, some oftener than others; and a slip now and then, which makes names that nobody has.
/// The rarer of two ways says little, the rarer of a name and a slip says much; a row says a name and a birthday, no more.
#[test]
fn a_city_that_spells_its_names_in_many_ways_is_put_together() {
    const WAYS: [&[&str]; 8] = [
        &["MOHAMMED", "MUHAMMAD", "MOHAMED", "MOHAMMAD"],
        &["HUSSEIN", "HUSSAIN", "HOSSEIN"],
        &["SERGEI", "SERGEY", "SERGUEI"],
        &["DMITRI", "DMITRY", "DIMITRI"],
        &["FATIMA", "FATMA", "FATIMAH"],
        &["AISHA", "AYESHA", "AYSHA"],
        &["YELENA", "ELENA", "OLENA"],
        &["NATALIA", "NATALYA", "NATALIYA"],
    ];
    let mut dice = Dice(14);
    let mut rows: Vec<[String; 6]> = Vec::new();
    let mut persons = Vec::new();
    for person in 0..4_000 {
        let names = [dice.below(8).min(dice.below(8)), dice.below(8).min(dice.below(8))];
        let born = format!("{}-{:02}-{:02}", 1940 + dice.below(65), 1 + dice.below(12), 1 + dice.below(28));
        for _ in 0..2 {
            let [given, surname] = names.map(|name| {
                let ways = WAYS[name];
                let mut written = ways[dice.below(ways.len()).min(dice.below(ways.len()))].to_owned();
                if dice.below(12) == 0 {
                    let letter = (b'A' + dice.below(26) as u8) as char;
                    let at = dice.below(written.len());
                    written.replace_range(at..=at, &letter.to_string());
                }
                written
            });
            rows.push([given, surname, born.clone(), String::new(), String::new(), String::new()]);
            persons.push(person);
        }
    }
    let f1 = f1(&linked(&rows, &Options::default()).clusters, &persons);
    assert!(f1 > 0.9, "{f1}");
}

#[test]
fn decisions_outrank_scores() {
    let (rows, _) = city(200, 4);
    let plain = linked(&rows, &Options::default());
    let joined =
        plain.pairs.iter().find(|pair| plain.clusters[pair.a as usize] == plain.clusters[pair.b as usize]).unwrap();
    let apart = (0..rows.len() as u32).find(|row| plain.clusters[*row as usize] != plain.clusters[0]).unwrap();
    let options = Options { same: vec![(apart, 0)], different: vec![(joined.b, joined.a)], ..Options::default() };
    let decided = linked(&rows, &options);
    assert_ne!(decided.clusters[joined.a as usize], decided.clusters[joined.b as usize]);
    assert_eq!(decided.clusters[apart as usize], decided.clusters[0]);
    let both = Options { same: vec![(apart, 0)], different: vec![(0, apart)], ..Options::default() };
    let decided = linked(&rows, &both);
    assert_ne!(decided.clusters[apart as usize], decided.clusters[0]);
}

#[test]
fn a_model_is_kept_and_read_back() {
    let (rows, _) = city(500, 5);
    let first = linked(&rows, &Options::default());
    let text = first.model().to_json();
    let model = Model::from_json(&text).unwrap();
    let again = linked(&rows, &Options { model: Some(model), ..Options::default() });
    assert_eq!(again.clusters, first.clusters);
    assert_eq!(again.model().to_json(), text);
    for (broken, said) in [
        ("{", "the model is not JSON"),
        ("{}", "this is not a model of this version of the linker"),
        (&*text.replacen("0.", "0.1", 1), "the model was changed after it was written: its digest does not fit"),
    ] {
        assert_eq!(Model::from_json(broken).err().unwrap().to_string(), said);
    }
}

#[test]
fn bad_input_is_only_bad_input() {
    let long = "X".repeat(10_000);
    let odd = [
        "",
        " ",
        "\0",
        "😀😀",
        "👩‍👩‍👧",
        "é\u{301}\u{302}",
        "محمد",
        "Ω",
        &long,
        "00/00/0000",
        "31/02/1999",
        "-",
        "'",
        "null",
        "99999999",
    ];
    let mut rows: Vec<[String; 6]> = Vec::new();
    for a in odd {
        for b in odd {
            rows.push([a, b, a, b, a, b].map(str::to_owned));
        }
    }
    assert_eq!(linked(&rows, &Options::default()).clusters.len(), rows.len());
    for few in [0, 1, 2] {
        assert_eq!(linked(&rows[..few], &Options::default()).clusters.len(), few);
    }
    let mut linker = Linker::new(linked(&rows, &Options::default()));
    for row in &rows {
        linker.insert(row.iter().map(String::as_str));
    }
}

/// Rows that are equal letter by letter are one person where they say who; which takes no longer than reading them.
#[test]
fn equal_rows_are_one_person_where_they_say_who() {
    for (row, persons) in [
        (["ANA", "CRUZ", "1990-01-01", "1 MAIN ST", "60601", "5550000001"], 1),
        (["TAMSIN", "QUIMBY", "1990-01-01", "", "", ""], 1),
        (["JOHN", "SMITH", "", "", "", ""], 20_000),
        (["", "", "1990-01-01", "", "60601", ""], 20_000),
        (["", "", "", "", "", ""], 20_000),
        (["unknown", "N/A", "00/00/0000", "-", "", "0"], 20_000),
    ] {
        let linked = linked(&vec![row.map(str::to_owned); 20_000], &Options::default());
        let clusters: BTreeSet<u32> = linked.clusters.iter().copied().collect();
        assert_eq!(clusters.len(), persons, "{row:?}");
        assert!(linked.compared <= 20_000 * 12, "{row:?} {}", linked.compared);
        let said = row.iter().take(2).all(|value| !value.is_empty() && *value != "unknown") || !row[4].is_empty();
        assert_eq!(linked.found.copies, if said { 19_999 } else { 0 }, "{row:?}");
        let rows: usize = linked.copied.iter().map(|copied| copied.rows.len()).sum();
        assert_eq!((linked.pairs.len(), rows), (0, linked.found.copies), "{row:?}");
    }
}

#[test]
fn copies_go_where_the_row_goes_that_they_are_copies_of() {
    let (mut rows, mut persons) = city(400, 6);
    let plain = linked(&rows, &Options::default());
    let copied: Vec<(usize, [String; 6])> = (0..200).map(|_| (7, rows[7].clone())).collect();
    persons.extend(copied.iter().map(|(of, _)| persons[*of]).collect::<Vec<_>>());
    rows.extend(copied.into_iter().map(|(_, row)| row));
    let found = linked(&rows, &Options::default());
    assert_eq!((found.found.copies, found.clusters.len()), (200, rows.len()));
    let (before, copies) = found.clusters.split_at(plain.clusters.len());
    assert!(copies.iter().all(|cluster| *cluster == before[7]));
    assert_eq!(before, plain.clusters, "and change nothing for the others");
    // A copy that somebody decided about is a row of its own.
    let apart = rows.len() as u32 - 1;
    let options = Options { different: vec![(apart, 7)], ..Options::default() };
    let decided = linked(&rows, &options);
    assert_ne!(decided.clusters[apart as usize], decided.clusters[7]);
}

/// What is found is a function of what the rows say, not of the order in which they come.
#[test]
fn the_order_of_rows_does_not_matter() {
    let groups = |rows: &[[String; 6]], linked: &Linked| -> Vec<Vec<[String; 6]>> {
        let mut groups: BTreeMap<u32, Vec<[String; 6]>> = BTreeMap::new();
        for (row, cluster) in rows.iter().zip(&linked.clusters) {
            groups.entry(*cluster).or_default().push(row.clone());
        }
        let mut groups: Vec<_> = groups
            .into_values()
            .map(|mut group| {
                group.sort();
                group
            })
            .collect();
        groups.sort();
        groups
    };
    for (persons, seed) in [(1, 7), (2, 8), (30, 9), (300, 10), (1_500, 11)] {
        let (mut rows, _) = city(persons, seed);
        let first = linked(&rows, &Options::default());
        let (groups_first, model) = (groups(&rows, &first), first.model().to_json());
        let mut dice = Dice(seed + 100);
        for _ in 0..3 {
            for at in (1..rows.len()).rev() {
                rows.swap(at, dice.below(at + 1));
            }
            let again = linked(&rows, &Options::default());
            assert_eq!(again.model().to_json(), model, "{persons} persons");
            assert_eq!(groups(&rows, &again), groups_first, "{persons} persons");
            assert_eq!((again.compared, again.pairs.len()), (first.compared, first.pairs.len()), "{persons} persons");
        }
    }
}

#[test]
fn a_table_of_names_alone_or_of_numbers_alone_is_linked() {
    for roles in [vec![Role::FullName], vec![Role::Phone], vec![Role::StreetNumber], vec![Role::Sex, Role::Suffix]] {
        let mut table = Table::new(&roles);
        for number in 0..200 {
            let value = format!("{} {}{}", GIVEN[number % 12], START[number % 16], END[number % 11]);
            table.push(roles.iter().map(|_| value.as_str()));
        }
        assert_eq!(link(table, &Options::default(), &mut |_| {}).clusters.len(), 200);
    }
}
