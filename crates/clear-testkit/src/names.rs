//! Names by census frequency, and the ways in which they come to be written wrongly.
//!
//! In:    a [`Rng`].
//! Out:   names, misspellings, nicknames.
//! Never: a name that belongs to somebody: given and family name are drawn apart.
//!
//! # Change here
//! The lists: `data/`, with their origin. A nickname: [`NICKNAMES`]. A way to err: [`typo`].

use std::sync::LazyLock;

use clear_record::Sex;

use crate::rng::Rng;

/// A person's name as drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// Given name.
    pub given: &'static str,
    /// Middle initial.
    pub middle: Option<&'static str>,
    /// Family name.
    pub family: &'static str,
    /// From whose list the given name is.
    pub sex: Sex,
}

/// A name, given and family name each by its frequency. Two million take well under a second.
pub fn person(rng: &mut Rng) -> Name {
    let (given, sex) = if rng.percent(50) { (given_female(rng), Sex::Female) } else { (given_male(rng), Sex::Male) };
    let middle = rng.percent(55).then(|| rng.word(&INITIALS));
    Name { given, middle, family: family(rng), sex }
}

/// A family name by its frequency.
pub fn family(rng: &mut Rng) -> &'static str {
    FAMILY.draw(rng)
}

/// A given name by its frequency among women.
pub fn given_female(rng: &mut Rng) -> &'static str {
    FEMALE.draw(rng)
}

/// A given name by its frequency among men.
pub fn given_male(rng: &mut Rng) -> &'static str {
    MALE.draw(rng)
}

struct List {
    names: Vec<&'static str>,
    /// The sum of the weights up to and with each name.
    upto: Vec<u64>,
}

static FAMILY: LazyLock<List> = LazyLock::new(|| list(include_str!("../data/family-names.txt")));
static FEMALE: LazyLock<List> = LazyLock::new(|| list(include_str!("../data/given-names-female.txt")));
static MALE: LazyLock<List> = LazyLock::new(|| list(include_str!("../data/given-names-male.txt")));

fn list(text: &'static str) -> List {
    let mut sum = 0;
    let (names, upto) = text
        .lines()
        .filter_map(|line| {
            let (name, weight) = line.split_once(' ')?;
            sum += weight.parse::<u64>().ok()?;
            Some((name, sum))
        })
        .unzip();
    List { names, upto }
}

impl List {
    fn draw(&self, rng: &mut Rng) -> &'static str {
        let at = rng.below(self.upto.last().copied().unwrap_or(0));
        self.names.get(self.upto.partition_point(|upto| *upto <= at)).copied().unwrap_or("")
    }
}

const INITIALS: [&str; 20] =
    ["A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "O", "P", "R", "S", "T", "V", "W"];

/// Given names and what people are called instead.
pub const NICKNAMES: &[(&str, &[&str])] = &[
    ("Alexander", &["Alex"]),
    ("Andrew", &["Andy", "Drew"]),
    ("Anthony", &["Tony"]),
    ("Barbara", &["Barb"]),
    ("Benjamin", &["Ben"]),
    ("Catherine", &["Cathy", "Kate"]),
    ("Charles", &["Charlie", "Chuck"]),
    ("Christine", &["Chris", "Tina"]),
    ("Christopher", &["Chris"]),
    ("Daniel", &["Dan", "Danny"]),
    ("David", &["Dave"]),
    ("Deborah", &["Deb", "Debbie"]),
    ("Donald", &["Don"]),
    ("Dorothy", &["Dot", "Dottie"]),
    ("Edward", &["Ed", "Eddie"]),
    ("Elizabeth", &["Liz", "Beth", "Betty"]),
    ("Frank", &["Frankie"]),
    ("Gregory", &["Greg"]),
    ("James", &["Jim", "Jimmy"]),
    ("Jennifer", &["Jen", "Jenny"]),
    ("Jessica", &["Jess"]),
    ("John", &["Johnny", "Jack"]),
    ("Joseph", &["Joe", "Joey"]),
    ("Katherine", &["Kathy", "Kate"]),
    ("Kenneth", &["Ken", "Kenny"]),
    ("Kimberly", &["Kim"]),
    ("Lawrence", &["Larry"]),
    ("Margaret", &["Maggie", "Peggy"]),
    ("Matthew", &["Matt"]),
    ("Michael", &["Mike", "Mick"]),
    ("Nicholas", &["Nick"]),
    ("Pamela", &["Pam"]),
    ("Patricia", &["Pat", "Patty"]),
    ("Patrick", &["Pat"]),
    ("Rebecca", &["Becky"]),
    ("Richard", &["Rick", "Dick"]),
    ("Robert", &["Bob", "Rob"]),
    ("Ronald", &["Ron"]),
    ("Samuel", &["Sam"]),
    ("Sandra", &["Sandy"]),
    ("Stephen", &["Steve"]),
    ("Steven", &["Steve"]),
    ("Susan", &["Sue"]),
    ("Theodore", &["Ted"]),
    ("Thomas", &["Tom"]),
    ("Timothy", &["Tim"]),
    ("William", &["Bill", "Will"]),
];

/// What somebody of that given name is called instead, if the table knows.
pub fn nickname(rng: &mut Rng, given: &str) -> Option<&'static str> {
    let (_, short) = NICKNAMES.iter().find(|(long, _)| *long == given)?;
    rng.pick(short).copied()
}

/// The rows of a keyboard: a slip hits a neighbour.
const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// A word as a hurried hand types it: two letters swapped, one left out, doubled, or hit beside. Never the same word,
/// unless it has no letter to change.
pub fn typo(rng: &mut Rng, word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    for _ in 0..8 {
        let wrong = slip(rng, &letters);
        if wrong != word {
            return wrong;
        }
    }
    // Only words like "aa", where every swap is the word itself, come here.
    letters.first().map_or_else(String::new, |first| format!("{word}{}", first.to_lowercase()))
}

fn slip(rng: &mut Rng, letters: &[char]) -> String {
    let mut wrong = letters.to_vec();
    // The first letter is the one that people get right.
    let inner = u64::try_from(letters.len()).unwrap_or(0).saturating_sub(1);
    let at = usize::try_from(1 + rng.below(inner)).unwrap_or(1);
    let Some(letter) = letters.get(at).copied() else { return wrong.into_iter().collect() };
    match rng.below(4) {
        0 if at + 1 < wrong.len() => wrong.swap(at, at + 1),
        1 if wrong.len() > 2 => {
            wrong.remove(at);
        }
        2 => wrong.insert(at, letter),
        _ => {
            if let Some(slot) = wrong.get_mut(at) {
                *slot = neighbour(rng, letter);
            }
        }
    }
    wrong.into_iter().collect()
}

fn neighbour(rng: &mut Rng, letter: char) -> char {
    let small = letter.to_ascii_lowercase();
    let beside: Vec<char> = KEYS
        .iter()
        .flat_map(|row| {
            let place = row.chars().position(|key| key == small);
            let beside = move |shift: isize| place.and_then(|at| row.chars().nth(at.checked_add_signed(shift)?));
            [beside(-1), beside(1)]
        })
        .flatten()
        .collect();
    rng.pick(&beside).copied().unwrap_or('x')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_names_are_frequent() {
        let mut rng = Rng::new(1);
        let names: Vec<Name> = (0..50_000).map(|_| person(&mut rng)).collect();
        let share = |family: &str| names.iter().filter(|name| name.family == family).count();
        // Smith is 1.006 % of the population and the list holds 57 % of it: 1.77 %, so 883 of 50,000.
        assert!((750..1010).contains(&share("Smith")), "{}", share("Smith"));
        assert!(share("Smith") > 5 * share("Bell"));
        assert!(names.iter().all(|name| !name.family.is_empty() && !name.given.is_empty()));
    }

    #[test]
    fn the_lists_are_whole() {
        assert_eq!((FAMILY.names.len(), FEMALE.names.len(), MALE.names.len()), (3000, 500, 500));
    }

    #[test]
    fn a_typo_is_another_word_of_nearly_the_same_length() {
        let mut rng = Rng::new(2);
        for word in ["Smith", "Marrowick", "Li", "aa", "A", "Ng", "O", "Ødegård"] {
            for _ in 0..200 {
                let wrong = typo(&mut rng, word);
                assert_ne!(wrong, word);
                assert!(wrong.chars().count().abs_diff(word.chars().count()) <= 1, "{word} {wrong}");
            }
        }
        assert_eq!(typo(&mut rng, ""), "");
    }
}
