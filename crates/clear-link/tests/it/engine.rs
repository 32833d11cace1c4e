//! The engine: what a score is made of, what never depends on order, what bad input does.

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
        let sum: f32 =
            waterfall.before + waterfall.household + waterfall.steps.iter().map(|step| step.bits).sum::<f32>();
        assert!((sum - waterfall.after).abs() < 0.01, "{waterfall}");
        assert!((waterfall.after - pair.ln_odds / std::f32::consts::LN_2).abs() < 0.01);
    }
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

#[test]
fn equal_rows_are_linear() {
    let row = ["ANA", "CRUZ", "1990-01-01", "1 MAIN ST", "60601", "5550000001"].map(str::to_owned);
    let linked = linked(&vec![row; 20_000], &Options::default());
    assert!(linked.compared <= 20_000 * 12, "{}", linked.compared);
    assert!(linked.found.capped >= 20_000);
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
