//! Persons by census frequencies, and questions for them that are wrong in one stated way each.
//!
//! In:    how many; the census's lists of names, or those of `names.rs`, which are shorter.
//! Out:   [`Drawn`] persons; for each of [`KINDS`] the questions that somebody types who means one of them.
//! Never: a name that belongs to somebody: given and family name are drawn apart.
//!
//! # Change here
//! A way to ask wrongly: a name in [`KINDS`] and its arm in `question`.

use std::collections::HashMap;

use crate::names;
use crate::rng::Rng;

/// A person as drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// Given name.
    pub given: &'static str,
    /// Middle initial.
    pub middle: Option<&'static str>,
    /// Family name.
    pub family: &'static str,
    /// A second family name: joined by a hyphen to the first in some, kept as an alias in others.
    pub second: Option<(&'static str, bool)>,
    /// Days from the first of January 1950 to the date of birth.
    pub born: u32,
}

/// A name's own number is its place: the generator of names is small, the census's lists are not.
pub struct Lists {
    female: List,
    male: List,
    family: List,
}

struct List {
    names: Vec<&'static str>,
    upto: Vec<f64>,
}

impl List {
    fn draw(&self, rng: &mut Rng) -> &'static str {
        let most = self.upto.last().copied().unwrap_or(0.0);
        let at = rng.next_u64() as f64 / u64::MAX as f64 * most;
        self.names.get(self.upto.partition_point(|upto| *upto <= at)).copied().unwrap_or("")
    }
}

impl Lists {
    /// The lists of the census of 1990, as published: name, percent, cumulative percent, rank; of women's, of men's and of
    /// family names.
    pub fn of(female: String, male: String, family: String) -> Lists {
        let list = |text: String| -> List {
            // Kept for as long as the process: a measurement draws from them to its end.
            let text: &'static str = Box::leak(text.into_boxed_str());
            let mut sum = 0.0;
            let lines = text.lines().filter_map(|line| {
                let mut fields = line.split_ascii_whitespace();
                let (name, share) = (fields.next()?, fields.next()?.parse::<f64>().ok()?);
                // The rarest are rounded to nothing.
                sum += share.max(0.0003);
                Some((name, sum))
            });
            let (names, upto) = lines.unzip();
            List { names, upto }
        };
        Lists { female: list(female), male: list(male), family: list(family) }
    }
}

/// So many persons; others for another seed.
pub fn persons(count: usize, lists: Option<&Lists>, seed: u64) -> Vec<Drawn> {
    let mut rng = Rng::new(8 ^ seed << 32);
    (0..count).map(|_| person(&mut rng, lists)).collect()
}

fn person(rng: &mut Rng, lists: Option<&Lists>) -> Drawn {
    let drawn = names::person(rng);
    let (given, family) = match lists {
        None => (drawn.given, drawn.family),
        Some(lists) => {
            let given = if rng.percent(50) { lists.female.draw(rng) } else { lists.male.draw(rng) };
            (given, lists.family.draw(rng))
        }
    };
    let second = match lists {
        None => names::family(rng),
        Some(lists) => lists.family.draw(rng),
    };
    let second = match rng.below(100) {
        0..3 => Some((second, true)),
        3..6 => Some((second, false)),
        _ => None,
    };
    Drawn {
        given,
        middle: drawn.middle,
        family,
        second: second.filter(|(second, _)| *second != family),
        born: rng.below(20_000) as u32,
    }
}

/// So many of [`KINDS`], the first ones, are what bar P1 is about.
pub const BAR_KINDS: usize = 7;

/// The kinds of questions.
pub const KINDS: [&str; 10] = [
    "one typo, given name",
    "one typo, family name",
    "one typo in each",
    "two typos in one name",
    "nickname",
    "swapped order",
    "swapped, one typo",
    "sounds alike",
    "initial and family name",
    "hyphen or former name",
];

/// A question: which person is meant, and what was typed.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The person's place among those drawn.
    pub person: usize,
    /// What was typed.
    pub text: String,
    /// How many persons the true answer cannot be told from by what was asked: those of whom the question, without its mistakes,
    /// says the same.
    pub namesakes: u32,
    by: By,
}

impl Asked {
    /// Whether a person is the one who is meant, or one of whom the question, without its mistakes, says the same.
    pub fn says_the_same_of(&self, hit: usize, persons: &[Drawn]) -> bool {
        let Some((hit, meant)) = persons.get(hit).zip(persons.get(self.person)) else { return hit == self.person };
        let is_called = |family: &str| hit.family == family || hit.second.is_some_and(|(second, _)| second == family);
        match self.by {
            By::Name => hit.given == meant.given && is_called(meant.family),
            By::Second => hit.given == meant.given && meant.second.is_some_and(|(second, _)| is_called(second)),
            By::Both => hit.given == meant.given && hit.family == meant.family && hit.second == meant.second,
            By::Initial => initial(hit.given) == initial(meant.given) && is_called(meant.family),
        }
    }

    /// Whether one of the first 20 hits answers: the true person; one of whom the question says the same, where there are more
    /// than 20 of those.
    pub fn is_answered(&self, hits: &[usize], persons: &[Drawn]) -> bool {
        let same = |hit: usize| self.namesakes > 20 && self.says_the_same_of(hit, persons);
        hits.iter().take(20).any(|hit| *hit == self.person || same(*hit))
    }
}

/// How many persons have a name.
pub struct Namesakes {
    same: HashMap<(usize, usize), u32>,
    initials: HashMap<(u8, usize), u32>,
    both: HashMap<(usize, usize, usize), u32>,
}

/// Drawn names are equal where their places in memory are.
fn at(name: &'static str) -> usize {
    name.as_ptr() as usize
}

fn initial(name: &str) -> u8 {
    name.bytes().next().unwrap_or(0)
}

impl Namesakes {
    /// Counts these persons' names.
    pub fn of(persons: &[Drawn]) -> Namesakes {
        let mut namesakes =
            Namesakes { same: HashMap::with_capacity(persons.len()), initials: HashMap::new(), both: HashMap::new() };
        for person in persons {
            *namesakes.same.entry((at(person.given), at(person.family))).or_default() += 1;
            *namesakes.initials.entry((initial(person.given), at(person.family))).or_default() += 1;
            if let Some((second, _)) = person.second {
                *namesakes.same.entry((at(person.given), at(second))).or_default() += 1;
                *namesakes.initials.entry((initial(person.given), at(second))).or_default() += 1;
                *namesakes.both.entry((at(person.given), at(person.family), at(second))).or_default() += 1;
            }
        }
        namesakes
    }
}

/// So many questions of a kind; others for another seed.
pub fn questions(kind: &str, count: usize, persons: &[Drawn], namesakes: &Namesakes, seed: u64) -> Vec<Asked> {
    let mut rng = Rng::new((kind.len() as u64 * 31 + 5) ^ seed << 32);
    let Namesakes { same, initials, both } = namesakes;
    let mut asked = Vec::with_capacity(count);
    for _ in 0..count * 200 {
        if asked.len() == count {
            break;
        }
        let person = rng.below(persons.len() as u64) as usize;
        let Some(drawn) = persons.get(person) else { continue };
        let Some((text, by)) = question(kind, drawn, &mut rng) else { continue };
        let second = drawn.second.map(|(second, _)| at(second));
        let namesakes = match by {
            By::Name => same.get(&(at(drawn.given), at(drawn.family))),
            By::Second => second.and_then(|second| same.get(&(at(drawn.given), second))),
            By::Both => second.and_then(|second| both.get(&(at(drawn.given), at(drawn.family), second))),
            By::Initial => initials.get(&(initial(drawn.given), at(drawn.family))),
        };
        asked.push(Asked { person, text, namesakes: namesakes.copied().unwrap_or(0), by });
    }
    asked
}

/// What a question says of the person.
#[derive(Debug, Clone, Copy)]
enum By {
    Name,
    /// The second family name in place of the first.
    Second,
    /// Both family names.
    Both,
    /// A family name and the first letter of a given name.
    Initial,
}

fn question(kind: &str, drawn: &Drawn, rng: &mut Rng) -> Option<(String, By)> {
    let (given, family) = (drawn.given, drawn.family);
    // Half of a joined name is a question of its own kind.
    if matches!(drawn.second, Some((_, true))) && kind != "hyphen or former name" {
        return None;
    }
    let text = match kind {
        "one typo, given name" => format!("{} {family}", typo(rng, given)?),
        "one typo, family name" => format!("{given} {}", typo(rng, family)?),
        "one typo in each" => format!("{} {}", typo(rng, given)?, typo(rng, family)?),
        "two typos in one name" => {
            let long = if rng.percent(50) { given } else { family };
            let name = if long.len() < 6 { if given.len() > family.len() { given } else { family } } else { long };
            let once = typo(rng, name).filter(|_| name.len() >= 6)?;
            let twice = typo(rng, &once).filter(|twice| *twice != name)?;
            if name == given { format!("{twice} {family}") } else { format!("{given} {twice}") }
        }
        "nickname" => {
            let known = names::NICKNAMES.iter().find(|(long, _)| long.eq_ignore_ascii_case(given))?;
            format!("{} {family}", rng.pick(known.1)?)
        }
        "swapped order" => format!("{family} {given}"),
        "swapped, one typo" if rng.percent(50) => format!("{family}, {}", typo(rng, given)?),
        "swapped, one typo" => format!("{} {given}", typo(rng, family)?),
        "sounds alike" => {
            let (first, last) = (respelt(rng, given), respelt(rng, family));
            match (first, last) {
                (Some(first), _) if rng.percent(50) => format!("{first} {family}"),
                (_, Some(last)) => format!("{given} {last}"),
                (Some(first), None) => format!("{first} {family}"),
                (None, None) => return None,
            }
        }
        "initial and family name" => return Some((format!("{} {family}", given.get(..1)?), By::Initial)),
        _ => {
            let (second, _) = drawn.second?;
            return Some(if rng.percent(50) {
                (format!("{given} {second}"), By::Second)
            } else {
                (format!("{given} {family}-{second}"), By::Both)
            });
        }
    };
    Some((text, By::Name))
}

/// One letter anywhere added, left out, changed or swapped with the next; half of the time as a hurried hand does it.
fn typo(rng: &mut Rng, name: &str) -> Option<String> {
    if name.len() < 3 {
        return None;
    }
    if rng.percent(50) {
        return Some(names::typo(rng, name));
    }
    let letters: Vec<char> = name.chars().collect();
    for _ in 0..20 {
        let mut wrong = letters.clone();
        let at = rng.below(letters.len() as u64) as usize;
        let letter = char::from(b'A' + rng.below(26) as u8);
        match rng.below(4) {
            0 if at + 1 < wrong.len() => wrong.swap(at, at + 1),
            1 => _ = wrong.remove(at),
            2 => wrong.insert(at, letter),
            _ => {
                if let Some(slot) = wrong.get_mut(at) {
                    *slot = letter;
                }
            }
        }
        if wrong != letters {
            return Some(wrong.into_iter().collect());
        }
    }
    None
}

/// Ways to write down what was heard.
const HEARD: [(&str, &str); 27] = [
    ("PH", "F"),
    ("CK", "K"),
    ("TH", "T"),
    ("SCH", "SH"),
    ("GH", ""),
    ("WR", "R"),
    ("KN", "N"),
    ("EI", "IE"),
    ("IE", "Y"),
    ("EY", "Y"),
    ("Y", "I"),
    ("EE", "EA"),
    ("EA", "EE"),
    ("OO", "U"),
    ("OU", "OO"),
    ("AI", "AY"),
    ("LL", "L"),
    ("TT", "T"),
    ("NN", "N"),
    ("SS", "S"),
    ("RR", "R"),
    ("CA", "KA"),
    ("CO", "KO"),
    ("Z", "S"),
    ("S", "Z"),
    ("X", "KS"),
    ("ER", "AR"),
];

/// A name as it sounds: one or two of [`HEARD`].
fn respelt(rng: &mut Rng, name: &str) -> Option<String> {
    let name = name.to_ascii_uppercase();
    let mut written = name.clone();
    for _ in 0..1 + rng.below(2) {
        let fitting: Vec<_> = HEARD.iter().filter(|(from, _)| written.contains(from)).collect();
        let (from, to) = rng.pick(&fitting)?;
        written = written.replacen(from, to, 1);
    }
    (written != name && written.len() >= 3).then_some(written)
}
