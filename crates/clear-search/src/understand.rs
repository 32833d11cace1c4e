//! What somebody typed into the one box: a plate, a number, an address, an id or a person.

use std::fmt;

use clear_record::RecordId;
use jiff::civil::Date;

use crate::query::{Born, Terms, Who};
use crate::{address, text};

/// How a text was understood, and how else it could be.
#[derive(Clone, PartialEq)]
pub struct Understood {
    /// What to look for.
    pub terms: Terms,
    /// In words, for the page: `case number HX123456`.
    pub how: String,
    /// Other readings, the likelier first, with their words.
    pub others: Vec<(Terms, String)>,
}

// What was typed may name a person.
impl fmt::Debug for Understood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Understood({:?}, {} others)", self.terms, self.others.len())
    }
}

/// Reads what was typed. Always finds a reading; a text without letters and digits is a name that nobody has.
pub fn understand(typed: &str) -> Understood {
    let typed = typed.trim();
    let mut readings: Vec<(Terms, String)> = Vec::new();
    if let Ok(id) = typed.parse::<RecordId>() {
        readings.push((Terms::Id(id), format!("the record {id}")));
    } else {
        let words: Vec<&str> = typed.split_whitespace().collect();
        let dated = date_in(&words);
        let dated_first = dated.is_some();
        readings.extend(dated.map(|(date, rest)| person(&rest.join(" "), Some(date))));
        let number = text::number(typed);
        let place = is_address(&words);
        if is_case_number(typed, &number) {
            readings.push((Terms::CaseNumber(typed.to_owned()), format!("the number {number}")));
        }
        if place {
            readings.push((Terms::Address(typed.to_owned()), format!("the address {typed}")));
        }
        if is_plate(&words, &number) {
            readings.push((Terms::Plate(typed.to_owned()), format!("the plate {number}")));
        }
        if !dated_first {
            // A single word without digits may be a vanity plate; a name is likelier.
            readings.push(person(typed, None));
            let letters_only =
                number.chars().count() <= 8 && !number.is_empty() && !number.chars().any(|c| c.is_ascii_digit());
            if words.len() == 1 && letters_only {
                readings.push((Terms::Plate(typed.to_owned()), format!("the plate {number}")));
            }
        }
        if !place && words.len() > 1 && !dated_first {
            readings.push((Terms::Address(typed.to_owned()), format!("the street {typed}")));
        }
    }
    let mut readings = readings.into_iter();
    let (terms, how) = readings.next().unwrap_or_else(|| person(typed, None));
    Understood { terms, how, others: readings.collect() }
}

fn person(name: &str, date_of_birth: Option<Date>) -> (Terms, String) {
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == ',');
    let how = match (name.is_empty(), date_of_birth) {
        (false, None) => format!("a person named {name}"),
        (false, Some(birth)) => format!("a person named {name}, born {birth}"),
        (true, Some(birth)) => format!("a person born {birth}"),
        (true, None) => "a person".to_owned(),
    };
    let name = (!name.is_empty()).then(|| name.to_owned());
    (Terms::Person(Who { name, born: date_of_birth.map(Born::On), ..Who::default() }), how)
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

fn is_plate(words: &[&str], number: &str) -> bool {
    let vin = words.len() == 1 && number.len() == 17;
    let plate = words.len() <= 2 && (2..=8).contains(&number.chars().count());
    (vin || plate) && number.chars().any(|c| c.is_ascii_digit())
}

fn is_address(words: &[&str]) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    let first = text::number(first);
    let numbered = first.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && (first.len() <= 5 && first.bytes().all(|byte| byte.is_ascii_digit()) || first.ends_with("XX"));
    let named = rest.iter().any(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 3);
    let kind = rest.last().is_some_and(|last| address::is_street_kind(&text::number(last)));
    numbered && named || kind
}

/// The first date among the words, and the others.
fn date_in<'a>(words: &[&'a str]) -> Option<(Date, Vec<&'a str>)> {
    let (at, date) = words.iter().enumerate().find_map(|(at, word)| Some((at, date(word)?)))?;
    let label = |word: &str| matches!(word.to_ascii_lowercase().as_str(), "dob" | "dob:" | "born" | "*");
    Some((
        date,
        words.iter().enumerate().filter(|(other, word)| *other != at && !label(word)).map(|(_, word)| *word).collect(),
    ))
}

/// `1980-02-01`, `02/01/1980` (month first), `01.02.1980` (day first).
fn date(word: &str) -> Option<Date> {
    let word = word.trim_matches(|c: char| matches!(c, ',' | ';' | '(' | ')'));
    let parts = |sign| -> Option<[i16; 3]> {
        word.split(sign).map(|part| part.parse().ok()).collect::<Option<Vec<i16>>>()?.try_into().ok()
    };
    let [year, month, day] = match (parts('-'), parts('/'), parts('.')) {
        (Some(parts), ..) => parts,
        (_, Some([month, day, year]), _) => [year, month, day],
        (.., Some([day, month, year])) => [year, month, day],
        _ => return None,
    };
    let century = (1850..=2200).contains(&year);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|_| century)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_says_how_it_understood() {
        for (typed, how, others) in [
            ("HX123456", "the number HX123456", "the plate HX123456; a person named HX123456"),
            (
                "hx 123-456",
                "the number HX123456",
                "the plate HX123456; a person named hx 123-456; the street hx 123-456",
            ),
            ("E-1042", "the number E1042", "the plate E1042; a person named E-1042"),
            ("AB 12 345", "a person named AB 12 345", "the street AB 12 345"),
            ("AB12345", "the plate AB12345", "a person named AB12345"),
            ("John Smith", "a person named John Smith", "the street John Smith"),
            ("Smith", "a person named Smith", "the plate SMITH"),
            ("Smith, John 02/01/1980", "a person named Smith, John, born 1980-02-01", ""),
            ("John Smith dob 1980-02-01", "a person named John Smith, born 1980-02-01", ""),
            ("1980-02-01", "a person born 1980-02-01", "the plate 19800201"),
            ("John 02/31/1980", "a person named John 02/31/1980", "the street John 02/31/1980"),
            ("3134 W Chicago Ave", "the address 3134 W Chicago Ave", "a person named 3134 W Chicago Ave"),
            ("031XX W CHICAGO AVE", "the address 031XX W CHICAGO AVE", "a person named 031XX W CHICAGO AVE"),
            ("Lake Shore Drive", "the address Lake Shore Drive", "a person named Lake Shore Drive"),
            ("1HGCM82633A004352", "the plate 1HGCM82633A004352", "a person named 1HGCM82633A004352"),
            ("inc_00000000000000000000000007", "the record inc_00000000000000000000000007", ""),
            ("", "a person", ""),
            ("🙂", "a person named 🙂", ""),
        ] {
            let understood = understand(typed);
            let said: Vec<&str> = understood.others.iter().map(|(_, how)| how.as_str()).collect();
            assert_eq!((understood.how.as_str(), said.join("; ").as_str()), (how, others), "{typed}");
        }
    }
}
