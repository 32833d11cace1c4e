//! Invents records of invented persons, for linking: `cargo run -p clear-testkit --example invent -- 1000000 > persons.csv`.
//!
//! In:    how many rows; a seed, if another than 1 is wanted.
//! Out:   CSV with the columns of a booking sheet, the same for the same seed; `person_id` says whose each row is.
//! Never: a person who exists: every part of a person is drawn apart from the others.
//!
//! # How
//! A person has one to twenty rows, most have one. Names go by census frequency; three in ten persons have their names from
//! a short list, as happens where a city's newcomers share a language. Persons move, change telephones, marry, have twins and fathers
//! of the same name. A row takes one of its person's addresses and telephones, leaves things out, and is typed by a hurried hand.

#![allow(clippy::disallowed_methods, reason = "a generator: it writes to standard output")]
#![allow(missing_docs, unreachable_pub, reason = "an example has no callers")]

use std::io::Write as _;

use clear_testkit::names::{self, typo};
use clear_testkit::rng::Rng;

/// How many rows a person has, in ten thousands of persons.
const ROWS: [(usize, u64); 10] =
    [(1, 6_995), (2, 1_394), (3, 616), (4, 345), (5, 205), (6, 149), (8, 117), (10, 91), (14, 62), (20, 26)];

const SHORT_LIST_GIVEN: [[&str; 12]; 2] = [
    ["Jose", "Juan", "Luis", "Carlos", "Jesus", "Antonio", "Miguel", "Pedro", "Jorge", "Angel", "Javier", "Hector"],
    ["Maria", "Rosa", "Juana", "Carmen", "Ana", "Leticia", "Claudia", "Sandra", "Silvia", "Gloria", "Elena", "Teresa"],
];
const SHORT_LIST_FAMILY: [&str; 30] = [
    "Garcia",
    "Rodriguez",
    "Martinez",
    "Hernandez",
    "Lopez",
    "Gonzalez",
    "Perez",
    "Sanchez",
    "Rivera",
    "Ramirez",
    "Torres",
    "Flores",
    "Diaz",
    "Gomez",
    "Ortiz",
    "Cruz",
    "Morales",
    "Reyes",
    "Ramos",
    "Ruiz",
    "Chavez",
    "Vasquez",
    "Gutierrez",
    "Castillo",
    "Jimenez",
    "Moreno",
    "Alvarez",
    "Romero",
    "Mendoza",
    "Aguilar",
];

/// Parts of the family names that are too rare for a list: two in five persons have one.
const BEGIN: [&str; 40] = [
    "Al", "Bar", "Ben", "Bor", "Bran", "Cal", "Chan", "Cor", "Dal", "Del", "Dor", "Ed", "El", "Fal", "Fer", "Gar",
    "Gil", "Gor", "Hal", "Har", "Hol", "Jan", "Kal", "Ker", "Kol", "Lan", "Lor", "Mal", "Mar", "Mel", "Nor", "Ol",
    "Pal", "Per", "Ros", "Sal", "Ster", "Tor", "Val", "Wil",
];
const MIDDLE: [&str; 24] = [
    "", "a", "e", "i", "o", "u", "an", "ar", "as", "be", "de", "en", "er", "es", "in", "is", "le", "li", "on", "or",
    "ro", "ta", "ti", "vi",
];
const END: [&str; 32] = [
    "bach", "baum", "beck", "berg", "by", "dal", "dale", "den", "der", "ers", "field", "ford", "gan", "ger", "ham",
    "hurst", "kin", "kowski", "land", "ler", "ley", "lin", "man", "mer", "nik", "scu", "ski", "son", "stein", "ton",
    "well", "wick",
];

const STREETS: usize = 2_500;
const SUFFIXES: [&str; 6] = ["AVE", "ST", "PL", "BLVD", "RD", "DR"];
const AREAS: [&str; 4] = ["773", "312", "708", "872"];

#[derive(Clone)]
struct Person {
    given: String,
    middle: &'static str,
    family: String,
    suffix: &'static str,
    birth: (i32, u64, u64),
    woman: bool,
    race: &'static str,
    homes: Vec<[String; 3]>,
    phones: Vec<String>,
    number: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let rows: usize = args.next().ok_or("how many rows? invent ROWS [SEED]")?.parse()?;
    let seed = args.next().map_or(Ok(1), |seed| seed.parse())?;
    let mut rng = Rng::new(seed);
    let streets: Vec<String> = (0..STREETS).map(|_| street(&mut rng)).collect();
    let mut lines: Vec<String> = Vec::with_capacity(rows);
    let (mut before, mut number) = (None, 0);
    while lines.len() < rows {
        let one = person(&mut rng, &streets, before.as_ref());
        for _ in 0..rng.weighted(&ROWS).unwrap_or(1).min(rows - lines.len()) {
            lines.push(format!("P{number:07},{}", row(&mut rng, &one)));
        }
        before = Some(one);
        number += 1;
    }
    // A row's place says nothing of whose it is.
    for at in (1..lines.len()).rev() {
        lines.swap(at, below(&mut rng, at + 1));
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(
        out,
        "rec_id,person_id,first_name,middle_initial,last_name,suffix,dob,sex,race,street_no,street,zip,phone,ssn4"
    )?;
    for (at, line) in lines.iter().enumerate() {
        writeln!(out, "R{at:07},{line}")?;
    }
    Ok(out.flush()?)
}

fn below(rng: &mut Rng, bound: usize) -> usize {
    usize::try_from(rng.below(bound as u64)).unwrap_or(0)
}

fn street(rng: &mut Rng) -> String {
    let name = if rng.percent(25) { format!("{}TH", 20 + rng.below(120)) } else { names::family(rng).to_uppercase() };
    format!("{} {name} {}", rng.word(&["N", "S", "E", "W"]), rng.word(&SUFFIXES))
}

fn family(rng: &mut Rng) -> String {
    // The list of the test kit has 57 of 100 people's names.
    if rng.percent(57) {
        return names::family(rng).to_owned();
    }
    // The lesser of two draws, so that rare names are not all equally rare.
    let early = |rng: &mut Rng, bound: usize| below(rng, bound).min(below(rng, bound));
    let parts = [&BEGIN[..], &MIDDLE[..], &END[..]];
    parts.iter().filter_map(|parts| parts.get(early(rng, parts.len()))).copied().collect()
}

fn home(rng: &mut Rng, streets: &[String]) -> [String; 3] {
    let street = rng.pick(streets).cloned().unwrap_or_default();
    [format!("{}", 1 + rng.below(9_999)), street, format!("{}", 60_601 + rng.below(50))]
}

fn phone(rng: &mut Rng) -> String {
    format!("{}{}", rng.word(&AREAS), 2_000_000 + rng.below(8_000_000))
}

/// A person; three in a hundred are of the household of the one before: a twin, or a child of the same name.
fn person(rng: &mut Rng, streets: &[String], before: Option<&Person>) -> Person {
    let woman = rng.percent(28);
    let short = rng.percent(30);
    let given = match (short, woman) {
        (true, _) => rng.word(SHORT_LIST_GIVEN.get(usize::from(woman)).map_or(&[][..], |list| &list[..])),
        (_, true) => names::given_female(rng),
        (_, false) => names::given_male(rng),
    };
    let of_short = |rng: &mut Rng| {
        let at = below(rng, SHORT_LIST_FAMILY.len()).min(below(rng, SHORT_LIST_FAMILY.len()));
        SHORT_LIST_FAMILY.get(at).copied().unwrap_or_default().to_owned()
    };
    let age = 18 + rng.between(0, 44) + if rng.percent(20) { rng.between(0, 19) } else { 0 };
    let mut person = Person {
        given: given.to_owned(),
        middle: if rng.percent(65) { rng.word(&INITIALS) } else { "" },
        family: if short { of_short(rng) } else { family(rng) },
        suffix: "",
        birth: (2024 - age, 1 + rng.below(12), 1 + rng.below(28)),
        woman,
        race: match short {
            true => rng.word(&["WWH", "WWH", "HIS"]),
            false => rng.word(&["BLK", "BLK", "WHI", "WHI", "API"]),
        },
        homes: vec![home(rng, streets)],
        phones: vec![phone(rng)],
        number: format!("{:04}", rng.below(10_000)),
    };
    if let Some(before) = before.filter(|_| rng.percent(3)) {
        person.family.clone_from(&before.family);
        person.homes.truncate(0);
        person.homes.extend(before.homes.first().cloned());
        person.race = before.race;
        if rng.percent(50) {
            person.birth = before.birth;
        } else {
            person.given.clone_from(&before.given);
            person.woman = before.woman;
            person.suffix = "JR";
            person.birth = ((before.birth.0 + rng.between(18, 40)).min(2006), 1 + rng.below(12), 1 + rng.below(28));
        }
    }
    if rng.percent(50) {
        person.homes.push(home(rng, streets));
    }
    if rng.percent(30) {
        person.phones.push(phone(rng));
    }
    person
}

const INITIALS: [&str; 20] =
    ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T"];

/// A row as it was written down, without its number and its person.
fn row(rng: &mut Rng, person: &Person) -> String {
    let mut given = person.given.clone();
    match rng.below(100) {
        // The table knows two persons in five; so about four rows in a hundred have one.
        0..9 => given = names::nickname(rng, &given).map_or(given, str::to_owned),
        9..14 => given = typo(rng, &given),
        14 => given.truncate(1),
        _ => {}
    }
    let mut last = person.family.clone();
    if rng.percent(5) {
        last = typo(rng, &last);
    }
    if rng.permille(12) {
        last = format!("{last}-{}", family(rng));
    } else if person.woman && rng.percent(5) {
        last = family(rng);
    }
    if rng.percent(1) {
        std::mem::swap(&mut given, &mut last);
    }
    let [number, mut street, zip] = match rng.pick(&person.homes).filter(|_| rng.permille(964)) {
        Some(home) => home.clone(),
        None => Default::default(),
    };
    if !street.is_empty() && rng.percent(8) {
        street = typo(rng, &street);
    }
    let middle = if rng.percent(80) { person.middle } else { "" };
    let suffix = if rng.percent(70) { person.suffix } else { "" };
    let race = if rng.percent(97) { person.race } else { "UNK" };
    let phone = rng.pick(&person.phones).filter(|_| rng.percent(60)).map_or("", String::as_str);
    let id = if rng.percent(47) { person.number.as_str() } else { "" };
    let (sex, birth) = (if person.woman { "F" } else { "M" }, birth(rng, person.birth));
    let (given, last, street) = (given.to_uppercase(), last.to_uppercase(), street.to_uppercase());
    format!("{given},{middle},{last},{suffix},{birth},{sex},{race},{number},{street},{zip},{phone},{id}")
}

/// A date as it was written down: a digit wrong, day and month exchanged, another month, another day, or not at all.
fn birth(rng: &mut Rng, (year, month, day): (i32, u64, u64)) -> String {
    let (mut month, mut day) = (month, day);
    match rng.below(1_000) {
        0..30 => {
            let mut digits = format!("{year}-{month:02}-{day:02}");
            let at = [2, 3, 5, 6, 8, 9].get(below(rng, 6)).copied().unwrap_or(3);
            digits.replace_range(at..=at, &rng.below(10).to_string());
            return digits;
        }
        30..35 if day < 13 => (month, day) = (day, month),
        35..50 => month = 1 + rng.below(12),
        50..60 => (month, day) = (1 + rng.below(12), 1 + rng.below(28)),
        60..73 => return String::new(),
        _ => {}
    }
    format!("{year}-{month:02}-{day:02}")
}
