//! A file for a check, line by line: what is asked, and what is refused with its mend.

use std::collections::HashMap;

use clear_search::{Born, Terms, Who, read_date, understand};
use jiff::civil::Date;
use serde_json::Value;

use super::{CHECK_LIMITS, Check, CheckOf};
use crate::Error;

/// A longer line is none.
const LINE_CHARS_MAX: usize = 400;
/// A shorter number or plate would list many.
const NUMBER_CHARS_MIN: usize = 4;
const PLATE_CHARS_MIN: usize = 2;
const NAME_LETTERS_MIN: usize = 2;

/// A line that was not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedLine {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What is wrong with it and how to mend it.
    pub why: String,
}

/// A line that is asked.
pub(super) struct AskedLine {
    pub(super) line: usize,
    pub(super) terms: Terms,
    pub(super) understood: String,
}

/// A file that was read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) asked: Vec<AskedLine>,
    pub(super) refused: Vec<RefusedLine>,
}

/// What one line says, by column.
#[derive(Default)]
struct Said {
    /// The name, plate or number.
    what: String,
    date_of_birth: Option<String>,
}

/// The columns of each kind of file; those of a name are put together in this order.
fn columns(of: CheckOf) -> &'static [&'static str] {
    match of {
        CheckOf::Person => {
            &["name", "full_name", "given_name", "first_name", "middle_name", "family_name", "last_name", "surname"]
        }
        CheckOf::Plate => &["plate", "license_plate", "licence_plate"],
        CheckOf::Property => &["inventory_number", "serial_number", "property_number", "number"],
    }
}

const BIRTHS: [&str; 3] = ["date_of_birth", "dob", "born"];

/// Reads a file.
///
/// # Errors
/// When it is too long, or says nothing.
pub(super) fn lines(check: &Check) -> Result<Read, Error> {
    let limits = CHECK_LIMITS;
    if check.file.chars().count() > limits.file_chars {
        let most = limits.file_chars;
        return Err(Error::Question(format!("a file has at most {most} characters: send it in parts")));
    }
    let file = check.file.trim_start_matches('\u{feff}');
    let begins_as_json = file.trim_start().starts_with('{');
    let rows = if begins_as_json {
        json(check.of, file)
    } else {
        match headed(check.of, file) {
            Some(rows) => rows,
            None => plain(file),
        }
    };
    if rows.is_empty() {
        return Err(Error::Question("the file has no line that says anything".into()));
    }
    if rows.len() > limits.lines {
        return Err(Error::Question(format!(
            "a file has at most {} lines and this one has {}: send it in parts",
            limits.lines,
            rows.len()
        )));
    }
    let mut read = Read::default();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (line, said) in rows {
        let asked =
            said.and_then(|said| asked(check.of, &said)).and_then(|(terms, understood)| match seen.get(&understood) {
                Some(first) => Err(format!("it is the same as line {first}: leave it out")),
                None => Ok((terms, understood)),
            });
        match asked {
            Ok((terms, understood)) => {
                seen.insert(understood.clone(), line);
                read.asked.push(AskedLine { line, terms, understood });
            }
            Err(why) => read.refused.push(RefusedLine { line, why }),
        }
    }
    Ok(read)
}

type Rows = Vec<(usize, Result<Said, String>)>;

fn plain(file: &str) -> Rows {
    let said = file.lines().enumerate().filter(|(_, text)| !text.trim().is_empty());
    said.map(|(at, text)| (at + 1, Ok(Said { what: text.trim().to_owned(), date_of_birth: None }))).collect()
}

fn is_column(name: &str, wanted: &str) -> bool {
    let name = name.trim().to_lowercase();
    name.replace([' ', '-'], "_") == wanted
}

/// CSV, if its first line names a column that is looked for.
fn headed(of: CheckOf, file: &str) -> Option<Rows> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(file.as_bytes());
    let mut records = reader.records();
    let heading = records.next()?.ok()?;
    let places = |names: &[&str]| -> Vec<usize> {
        names.iter().filter_map(|wanted| heading.iter().position(|name| is_column(name, wanted))).collect()
    };
    let (what, births) = (places(columns(of)), places(&BIRTHS));
    if what.is_empty() {
        return None;
    }
    let mut rows = Rows::new();
    for record in records {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, |position| position.line() as usize);
                let cell = |at: &usize| record.get(*at).filter(|cell| !cell.is_empty());
                if record.iter().all(str::is_empty) {
                    continue;
                }
                let what = what.iter().filter_map(cell).collect::<Vec<_>>().join(" ");
                let date_of_birth = births.iter().find_map(cell).map(str::to_owned);
                rows.push((line, Ok(Said { what, date_of_birth })));
            }
            Err(error) => {
                let line = error.position().map_or(0, |position| position.line() as usize);
                rows.push((line, Err("it does not read as CSV in UTF-8: save the file again".to_owned())));
            }
        }
    }
    Some(rows)
}

fn json(of: CheckOf, file: &str) -> Rows {
    let row = |(at, text): (usize, &str)| {
        let read = serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
        let said = read.ok_or_else(|| "it is not a JSON object on one line".to_owned()).map(|value| {
            let cell = |name: &&str| match value.get(*name)? {
                Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            let what = columns(of).iter().filter_map(cell).collect::<Vec<_>>().join(" ");
            Said { what, date_of_birth: BIRTHS.iter().find_map(cell) }
        });
        (at + 1, said)
    };
    file.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()).map(row).collect()
}

/// What a line asks, and in words how it was read; or what is wrong with it.
fn asked(of: CheckOf, said: &Said) -> Result<(Terms, String), String> {
    let Said { what, date_of_birth } = said;
    if what.chars().count() > LINE_CHARS_MAX {
        return Err(format!("it has more than {LINE_CHARS_MAX} characters"));
    }
    let letters: String = what.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    let short = |least: usize| letters.chars().count() < least;
    match of {
        CheckOf::Plate if what.contains(['*', '?', '_']) => {
            Err("a check takes whole plates: search with wildcards one by one".into())
        }
        CheckOf::Plate if short(PLATE_CHARS_MIN) => {
            Err(format!("it has no plate: write {PLATE_CHARS_MIN} letters and digits or more"))
        }
        CheckOf::Plate => Ok((Terms::Plate(what.clone()), format!("the plate {letters}"))),
        CheckOf::Property if short(NUMBER_CHARS_MIN) => {
            Err(format!("it has no inventory or serial number: write {NUMBER_CHARS_MIN} letters and digits or more"))
        }
        CheckOf::Property => Ok((Terms::CaseNumber(what.clone()), format!("the number {letters}"))),
        CheckOf::Person => person(what, date_of_birth.as_deref()),
    }
}

fn person(what: &str, date_of_birth: Option<&str>) -> Result<(Terms, String), String> {
    let (name, birth) = match date_of_birth {
        Some(text) => {
            let unread = || format!("{text} is not a date: write it like 1980-02-01, or leave it out");
            (what.to_owned(), Some(read_date(text).ok_or_else(unread)?))
        }
        None => undated(what),
    };
    if name.chars().filter(|c| c.is_alphabetic()).count() < NAME_LETTERS_MIN {
        return Err("it has no name: write a given and a family name".into());
    }
    // Whoever writes a date that is none would take what is found for checked by it.
    if let Some(word) = name.split_whitespace().find(|word| word.chars().filter(char::is_ascii_digit).count() >= 4) {
        return Err(format!("{word} is not a date: write it like 1980-02-01, or leave it out"));
    }
    let mut understood = format!("a person named {name}");
    if let Some(birth) = birth {
        understood += &format!(", born {birth}");
    }
    let who = Who { name: Some(name), born: birth.map(Born::On), ..Who::default() };
    Ok((Terms::Person(who), understood))
}

/// A name with its date of birth behind or before it.
fn undated(what: &str) -> (String, Option<Date>) {
    match understand(what).terms {
        Terms::Person(Who { name, born: Some(Born::On(birth)), .. }) => (name.unwrap_or_default(), Some(birth)),
        _ => (what.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(of: CheckOf, file: &str) -> String {
        let read = lines(&Check { of, file: file.to_owned() }).map_err(|error| error.to_string());
        let Read { asked, refused } = match read {
            Ok(read) => read,
            Err(error) => return error,
        };
        let asked = asked.iter().map(|it| format!("{} {}", it.line, it.understood));
        let refused = refused.iter().map(|it| format!("{}! {}", it.line, it.why));
        asked.chain(refused).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn files_are_read_line_by_line() {
        use CheckOf::{Person, Plate, Property};
        for (of, file, expected) in [
            (
                Person,
                "Smith, John 1980-02-01\n\nJane Doe\nJane Doe\nX\nJohn 02/31/1980\n",
                "1 a person named Smith, John, born 1980-02-01\n3 a person named Jane Doe\n\
                 4! it is the same as line 3: leave it out\n5! it has no name: write a given and a family name\n\
                 6! 02/31/1980 is not a date: write it like 1980-02-01, or leave it out",
            ),
            (
                Person,
                "id,Last Name,First Name,DOB\n7,Smith,John,2/1/80\n8,,,\n9,Doe,Jane,00/00/0000\n10,\"Doe, jr\",Jane,\n",
                "2 a person named John Smith, born 1980-02-01\n5 a person named Jane Doe, jr\n\
                 3! it has no name: write a given and a family name\n\
                 4! 00/00/0000 is not a date: write it like 1980-02-01, or leave it out",
            ),
            (
                Person,
                "{\"name\":\"John Smith\",\"date_of_birth\":\"1980-02-01\"}\n[1]\n{\"name\":null}",
                "1 a person named John Smith, born 1980-02-01\n2! it is not a JSON object on one line\n\
                 3! it has no name: write a given and a family name",
            ),
            (
                Plate,
                "\u{feff}plate,state\nAB 12-345,IL\nAB*,IL\n,IL\nA,IL",
                "2 the plate AB12345\n3! a check takes whole plates: search with wildcards one by one\n\
                 4! it has no plate: write 2 letters and digits or more\n5! it has no plate: write 2 letters and digits or more",
            ),
            (Plate, "ab12345\r\nXY 99\r\n", "1 the plate AB12345\n2 the plate XY99"),
            (
                Property,
                "INV-1042\n12",
                "1 the number INV1042\n2! it has no inventory or serial number: write 4 letters and digits or more",
            ),
            (Property, "\n \n", "the file has no line that says anything"),
            (Plate, "plate\n", "the file has no line that says anything"),
        ] {
            assert_eq!(shown(of, file), expected, "{file}");
        }
        let many = "AB12345\n".repeat(CHECK_LIMITS.lines + 1);
        assert_eq!(shown(Plate, &many), "a file has at most 500 lines and this one has 501: send it in parts");
        assert_eq!(shown(Plate, &"A".repeat(100_001)), "a file has at most 100000 characters: send it in parts");
    }
}
