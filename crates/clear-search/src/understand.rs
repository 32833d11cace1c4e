//! What somebody typed into the one box: a plate, a number, an address, a person, a telephone, words, an id, a licence.
//!
//! In:    the text.
//! Out:   the likeliest reading, in words too, and the others.
//! Never: looks into an index: what is understood depends on the text alone.
//!
//! # Change here
//! The order of the readings: [`readings`]. How dates are written: `dates.rs`. What a licence says: `licence.rs`.

mod dates;
mod licence;

use std::fmt;

use clear_record::RecordId;
use jiff::civil::Date;

use crate::plates::{self, Pattern};
use crate::prose::Wanted;
use crate::query::{Born, Terms, Who};
use crate::{address, text};

/// From so many words without a number on, a text is read as words before it is read as a name.
const SENTENCE_WORDS: usize = 5;

/// How a text was understood, and how else it could be.
#[derive(Clone, PartialEq)]
pub struct Understood {
    /// What to look for.
    pub terms: Terms,
    /// In words, for the page: `the number HX123456`.
    pub how: String,
    /// Other readings, the likelier first, with their words.
    pub others: Vec<(Terms, String)>,
    /// What would have been read otherwise, but for a mistake; and how to mend it.
    pub note: Option<String>,
}

// What was typed may name a person.
impl fmt::Debug for Understood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Understood({:?}, {} others)", self.terms, self.others.len())
    }
}

type Reading = (Terms, String);

/// Reads what was typed. Always finds a reading; a text without letters and digits is a name that nobody has.
pub fn understand(typed: &str) -> Understood {
    let typed = typed.trim();
    let mut note = None;
    let mut readings = readings(typed, &mut note).into_iter();
    let (terms, how) = readings.next().unwrap_or_else(|| person(typed, None, None));
    Understood { terms, how, others: readings.collect(), note }
}

/// A date as somebody writes one: `1980-02-01`, `02/01/1980`, `2/1/80`, `Feb 1, 1980`, `01.02.1980`.
pub fn read_date(text: &str) -> Option<Date> {
    let words: Vec<&str> = text.split_whitespace().collect();
    dates::date_in(&words).filter(|(_, rest)| rest.is_empty()).map(|(date, _)| date)
}

/// Every reading, the likeliest first.
fn readings(typed: &str, note: &mut Option<String>) -> Vec<Reading> {
    if let Some(licence) = licence::licence(typed) {
        return vec![person(&licence.name, licence.date_of_birth, licence.number)];
    }
    if let Ok(id) = typed.parse::<RecordId>() {
        return vec![(Terms::Id(id), format!("the record {id}"))];
    }
    let words: Vec<&str> = typed.split_whitespace().collect();
    let number = text::number(typed);
    let says = words_asked(typed, note);
    if says && let Some(asked) = asked_words(typed, note) {
        return vec![asked];
    }
    if typed.contains(['*', '?', '_']) {
        return patterned(typed, note);
    }
    let mut readings = Vec::new();
    if let Some((date, rest)) = dates::date_in(&words) {
        readings.push(person(&rest.join(" "), Some(date), None));
        readings.extend(plate(&words, &number));
        return readings;
    }
    if is_case_number(typed, &number) {
        readings.push((Terms::CaseNumber(typed.to_owned()), format!("the number {number}")));
    }
    readings.extend(telephone(typed));
    let (place, sure) = place(typed, &words);
    if let Some(place) = place.clone().filter(|_| sure) {
        readings.push(place);
    }
    readings.extend(plate(&words, &number));
    let sentence = words.len() >= SENTENCE_WORDS && !typed.contains(|c: char| c.is_ascii_digit() || c == ',');
    if sentence && !sure {
        readings.extend(asked_words(typed, note));
    }
    readings.extend(born_in(&words));
    readings.push(person(typed, None, None));
    // A single word without digits may be a vanity plate; a name is likelier.
    let vanity = words.len() == 1 && (1..=8).contains(&number.chars().count());
    if vanity && !number.chars().any(|c| c.is_ascii_digit()) {
        readings.push((Terms::Plate(typed.to_owned()), format!("the plate {number}")));
    }
    readings.extend(place.filter(|_| !sure));
    if !sentence || sure {
        readings.extend(asked_words(typed, &mut None));
    }
    readings
}

fn person(name: &str, date_of_birth: Option<Date>, identity_number: Option<String>) -> Reading {
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == ',');
    let mut how = "a person".to_owned();
    if !name.is_empty() {
        how += &format!(" named {name}");
    }
    if let Some(birth) = date_of_birth {
        how += &format!("{} born {birth}", if name.is_empty() { "" } else { "," });
    }
    if let Some(number) = &identity_number {
        how += &format!(", with the number {number}");
    }
    let name = (!name.is_empty()).then(|| name.to_owned());
    (Terms::Person(Who { name, born: date_of_birth.map(Born::On), identity_number, ..Who::default() }), how)
}

/// A name with the year of birth beside it: `john smith 1980`.
fn born_in(words: &[&str]) -> Option<Reading> {
    let year = |word: &str| {
        let word = word.trim_matches(',');
        word.parse::<i16>().ok().filter(|year| word.len() == 4 && (1900..=2100).contains(year))
    };
    let (at, year) = words.iter().enumerate().find_map(|(at, word)| Some((at, year(word)?)))?;
    let named: Vec<&str> = words.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, word)| *word).collect();
    let is_name = |word: &&str| !word.contains(|c: char| c.is_ascii_digit());
    let name = named.join(" ").trim_matches(|c: char| c.is_whitespace() || c == ',').to_owned();
    if name.is_empty() || !named.iter().all(is_name) {
        return None;
    }
    let how = format!("a person named {name}, born in {year}");
    Some((Terms::Person(Who { name: Some(name), born: Some(Born::about(year, 0)), ..Who::default() }), how))
}

/// Whether what was typed can only be a question for words: quoted, of a field, or with operators.
fn words_asked(typed: &str, note: &mut Option<String>) -> bool {
    let quoted = typed.contains(['"', '“', '”', '„']);
    let operator = typed.split_whitespace().any(|word| matches!(word, "OR" | "NOT" | "AND"));
    let has_small = typed.contains(char::is_lowercase);
    let fielded = typed.split_whitespace().any(|word| {
        let name = word.split_once(':').filter(|(_, rest)| !rest.is_empty()).map(|(name, _)| name.to_lowercase());
        name.is_some_and(|name| crate::prose::field_names().contains(&name.as_str()))
    });
    let asked = quoted || fielded || operator && has_small;
    if asked && let Err(error) = Wanted::read(typed) {
        *note = Some(error.to_string());
        return false;
    }
    asked
}

fn asked_words(typed: &str, note: &mut Option<String>) -> Option<Reading> {
    match Wanted::read(typed) {
        Ok(wanted) => Some((Terms::Words(wanted), format!("text that says {typed}"))),
        Err(error) => {
            note.get_or_insert_with(|| error.to_string());
            None
        }
    }
}

/// With wildcards: a plate if it has a digit or a single one is open, else the beginning of a word.
fn patterned(typed: &str, note: &mut Option<String>) -> Vec<Reading> {
    let mut readings = Vec::new();
    let shown = plates::spelt(typed);
    match Pattern::read(typed) {
        Ok(_) => readings.push((Terms::Plate(typed.to_owned()), format!("the plate {shown}"))),
        Err(error) => *note = Some(error.to_string()),
    }
    let first = !typed.contains(|c: char| c.is_ascii_digit() || matches!(c, '?' | '_'));
    if let Some(asked) = Wanted::read(typed).ok().filter(|_| typed.contains('*')) {
        let reading = (Terms::Words(asked), format!("text that says {typed}"));
        readings.insert(if first { 0 } else { readings.len() }, reading);
    }
    readings.push(person(typed, None, None));
    readings
}

/// `(312) 555-0142`, `312.555.0142`, `+1 312 555 0142`, `3125550142`, `555-0142`.
fn telephone(typed: &str) -> Option<Reading> {
    let written = typed.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '+' | '/'));
    let digits = text::phone(typed);
    let local = digits.len() == 7 && typed.get(3..4) == Some("-");
    (written && (digits.len() == 10 || local)).then(|| (Terms::phone(typed), format!("the telephone number {digits}")))
}

/// `2 letters and 6 digits` is the city's case number; `E-1042` an event of dispatch.
fn is_case_number(typed: &str, number: &str) -> bool {
    let digits_from = |at: usize| {
        number.get(at..).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let letters_to =
        |at: usize| number.get(..at).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_uppercase()));
    (number.len() == 8 && letters_to(2) && digits_from(2)) || (typed.contains('-') && letters_to(1) && digits_from(1))
}

fn plate(words: &[&str], number: &str) -> Option<Reading> {
    let vin = words.len() == 1 && number.len() == 17;
    let plate = words.len() <= 2 && (2..=8).contains(&number.chars().count());
    let is = (vin || plate) && number.chars().any(|c| c.is_ascii_digit());
    let what = if vin { "vehicle identification number" } else { "plate" };
    is.then(|| (Terms::Plate(words.join(" ")), format!("the {what} {number}")))
}

/// An address, a street or a crossing; and whether it can hardly be anything else.
fn place(typed: &str, words: &[&str]) -> (Option<Reading>, bool) {
    let address = address::address(typed);
    let reading = |what: &str| Some((Terms::Address(typed.to_owned()), format!("the {what} {typed}")));
    let kind = words.last().is_some_and(|last| address::is_street_kind(&text::number(last)));
    match address.streets.as_slice() {
        [] => (None, false),
        [first, second, ..] => {
            let known = |name: &str| name.bytes().any(|byte| byte.is_ascii_digit());
            let whole = [first, second].iter().all(|street| known(&street.name) || street.name.len() >= 3);
            // `John and Mary` are persons; `Madison and State St` cross.
            let spelt = !typed.contains(['&', '/', '@']);
            let told = [first, second].iter().any(|it| it.kind.is_some() || it.before.is_some() || known(&it.name));
            (reading("crossing"), whole && (!spelt || told))
        }
        [street] => {
            let named = street.name.chars().filter(|c| c.is_alphabetic()).count() >= 3
                || street.name.bytes().any(|byte| byte.is_ascii_digit());
            let numbered = address.numbers.is_some_and(|numbers| numbers.high < 1_000_000) && named;
            let first = words.first().is_some_and(|first| first.starts_with(|c: char| c.is_ascii_digit()));
            if numbered && first && words.len() > 1 {
                (reading("address"), !is_split_number(typed))
            } else if kind && words.len() > 1 {
                (reading("street"), true)
            } else if words.len() > 1 && typed.contains(char::is_alphabetic) {
                (reading("street"), false)
            } else {
                (None, false)
            }
        }
    }
}

/// `12 345` and `12 AB 34` are more like a plate than like a house.
fn is_split_number(typed: &str) -> bool {
    let letters = typed.chars().filter(|c| c.is_alphabetic()).count();
    letters < 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_says_how_it_understood() {
        let card = "@\n\u{1e}\rANSI 636035080102DL00410278ZI03190008DLDAQS514\nDCSSAMPLE\nDACALEX\nDBB08151984\r";
        for (typed, how, others) in [
            // A year beside a name.
            (
                "smith, john 1980",
                "a person named smith, john, born in 1980",
                "a person named smith, john 1980; the street smith, john 1980; text that says smith, john 1980",
            ),
            // Numbers.
            ("HX123456", "the number HX123456", "the plate HX123456; a person named HX123456; text that says HX123456"),
            (
                "hx 123-456",
                "the number HX123456",
                "the plate HX123456; a person named hx 123-456; the street hx 123-456; text that says hx 123-456",
            ),
            ("E-1042", "the number E1042", "the plate E1042; a person named E-1042; text that says E-1042"),
            ("inc_00000000000000000000000007", "the record inc_00000000000000000000000007", ""),
            // Plates.
            ("AB12345", "the plate AB12345", "a person named AB12345; text that says AB12345"),
            ("AB 12345", "the plate AB12345", "a person named AB 12345; the street AB 12345; text that says AB 12345"),
            ("AB?12*", "the plate AB?12*", "a person named AB?12*"),
            ("ab_123", "the plate AB_123", "a person named ab_123"),
            (
                "1HGCM82633A004352",
                "the vehicle identification number 1HGCM82633A004352",
                "a person named 1HGCM82633A004352; text that says 1HGCM82633A004352",
            ),
            // Persons.
            ("John Smith", "a person named John Smith", "the street John Smith; text that says John Smith"),
            ("Smith", "a person named Smith", "the plate SMITH; text that says Smith"),
            ("Smith, John 02/01/1980", "a person named Smith, John, born 1980-02-01", ""),
            ("John Smith dob 1980-02-01", "a person named John Smith, born 1980-02-01", ""),
            ("smith 2/1/80", "a person named smith, born 1980-02-01", ""),
            ("Smith Feb 1, 1980", "a person named Smith, born 1980-02-01", ""),
            ("1980-02-01", "a person born 1980-02-01", "the plate 19800201"),
            ("O'Brien", "a person named O'Brien", "the plate OBRIEN; text that says O'Brien"),
            (card, "a person named ALEX SAMPLE, born 1984-08-15, with the number S514", ""),
            // Telephones.
            (
                "(312) 555-0142",
                "the telephone number 3125550142",
                "a person named (312) 555-0142; text that says (312) 555-0142",
            ),
            (
                "+1 312.555.0142",
                "the telephone number 3125550142",
                "a person named +1 312.555.0142; text that says +1 312.555.0142",
            ),
            (
                "555-0142",
                "the telephone number 5550142",
                "the plate 5550142; a person named 555-0142; text that says 555-0142",
            ),
            // Addresses.
            (
                "3134 W Chicago Ave",
                "the address 3134 W Chicago Ave",
                "a person named 3134 W Chicago Ave; text that says 3134 W Chicago Ave",
            ),
            (
                "031XX W CHICAGO AVE",
                "the address 031XX W CHICAGO AVE",
                "a person named 031XX W CHICAGO AVE; text that says 031XX W CHICAGO AVE",
            ),
            (
                "4700 block of S Western",
                "the address 4700 block of S Western",
                "a person named 4700 block of S Western; text that says 4700 block of S Western",
            ),
            (
                "4700-4750 S Western",
                "the address 4700-4750 S Western",
                "a person named 4700-4750 S Western; text that says 4700-4750 S Western",
            ),
            ("100 E 79th", "the address 100 E 79th", "a person named 100 E 79th; text that says 100 E 79th"),
            (
                "Lake Shore Drive",
                "the street Lake Shore Drive",
                "a person named Lake Shore Drive; text that says Lake Shore Drive",
            ),
            (
                "Madison & State",
                "the crossing Madison & State",
                "a person named Madison & State; text that says Madison & State",
            ),
            (
                "79th at Cottage Grove",
                "the crossing 79th at Cottage Grove",
                "a person named 79th at Cottage Grove; text that says 79th at Cottage Grove",
            ),
            (
                "W Madison St/N State St",
                "the crossing W Madison St/N State St",
                "a person named W Madison St/N State St; text that says W Madison St/N State St",
            ),
            (
                "John and Mary",
                "a person named John and Mary",
                "the crossing John and Mary; text that says John and Mary",
            ),
            // Words.
            ("\"rear door\" -garage", "text that says \"rear door\" -garage", ""),
            ("marks:dragon", "text that says marks:dragon", ""),
            ("knife OR gun", "text that says knife OR gun", ""),
            ("burglar*", "text that says burglar*", "the plate BURGLAR*; a person named burglar*"),
            (
                "broke the rear window of a car",
                "text that says broke the rear window of a car",
                "a person named broke the rear window of a car; the street broke the rear window of a car",
            ),
            // Neither.
            (
                "John 02/31/1980",
                "a person named John 02/31/1980",
                "the street John 02/31/1980; text that says John 02/31/1980",
            ),
            ("", "a person", ""),
            ("🙂", "a person named 🙂", ""),
        ] {
            let understood = understand(typed);
            let said: Vec<&str> = understood.others.iter().map(|(_, how)| how.as_str()).collect();
            assert_eq!((understood.how.as_str(), said.join("; ").as_str()), (how, others), "{typed}");
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_mend() {
        for (typed, how, note) in [
            (
                "\"rear door",
                "a person named \"rear door",
                "the quotation that begins at character 1 has no end: add a \"",
            ),
            ("A*", "a person named A*", "a plate with wildcards has 3 letters and digits or more beside them"),
            ("red OR", "a person named red OR", "OR at character 5 stands between two words"),
        ] {
            let understood = understand(typed);
            assert_eq!((understood.how.as_str(), understood.note.as_deref()), (how, Some(note)), "{typed}");
        }
    }
}
