//! A date among what was typed.

use jiff::civil::Date;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Two figures above this are a year of the last century: nobody who is asked for is born in the future.
const CENTURY_FROM: i16 = 30;

/// The first date among the words, and the others. Words that only say that it is a date of birth are left out.
pub(super) fn date_in<'a>(words: &[&'a str]) -> Option<(Date, Vec<&'a str>)> {
    let (at, long, date) = words.iter().enumerate().find_map(|(at, word)| {
        let spelt = || words.get(at..at + 3).and_then(spelt);
        date(word).map(|date| (at, 1, date)).or_else(|| spelt().map(|date| (at, 3, date)))
    })?;
    let label = |word: &str| matches!(word.to_ascii_lowercase().as_str(), "dob" | "dob:" | "born" | "*" | "d.o.b.");
    let other = |(place, word): (usize, &&'a str)| {
        let is_date = (at..at + long).contains(&place);
        (!is_date && !label(word)).then_some(*word)
    };
    Some((date, words.iter().enumerate().filter_map(other).collect()))
}

/// `1980-02-01`; `02/01/1980`, `02-01-1980` and `2/1/80`, month first; `01.02.1980`, day first.
fn date(word: &str) -> Option<Date> {
    let word = word.trim_matches(|c: char| matches!(c, ',' | ';' | '(' | ')'));
    let short = word.trim_start_matches(|c: char| c.is_alphabetic() || c == ':');
    let word = if word.to_ascii_lowercase().starts_with("dob") { short } else { word };
    let parts = |sign| -> Option<[&str; 3]> { word.split(sign).collect::<Vec<_>>().try_into().ok() };
    let [year, month, day] = match (parts('-'), parts('/'), parts('.')) {
        (Some([year, month, day]), ..) if year.len() == 4 => [year, month, day],
        (Some([month, day, year]), ..) if year.len() == 4 => [year, month, day],
        (_, Some([month, day, year]), _) => [year, month, day],
        (.., Some([day, month, year])) if year.len() == 4 => [year, month, day],
        _ => return None,
    };
    of(year, month.parse().ok()?, day)
}

/// `Feb 1, 1980`, `1 February 1980`.
fn spelt(words: &[&str]) -> Option<Date> {
    let [first, second, year] = words else { return None };
    let month = |word: &str| -> Option<i8> {
        let word = word.trim_end_matches(['.', ',']).to_ascii_uppercase();
        let long = (3..=9).contains(&word.len());
        let at = MONTHS.iter().position(|month| word.starts_with(month)).filter(|_| long)?;
        i8::try_from(at + 1).ok()
    };
    let year = year.trim_end_matches(',');
    let (month, day) =
        month(first).map(|month| (month, second)).or_else(|| month(second).map(|month| (month, first)))?;
    of(year, month, day.trim_end_matches(','))
}

fn of(year: &str, month: i8, day: &str) -> Option<Date> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(year) || !digits(day) {
        return None;
    }
    let year = match (year.len(), year.parse::<i16>().ok()?) {
        (2, short) if short > CENTURY_FROM => 1900 + short,
        (2, short) => 2000 + short,
        (4, year) if (1850..=2200).contains(&year) => year,
        _ => return None,
    };
    Date::new(year, month, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        for (text, expected) in [
            ("1980-02-01", "1980-02-01|"),
            ("02/01/1980", "1980-02-01|"),
            ("2/1/80", "1980-02-01|"),
            ("2/1/05", "2005-02-01|"),
            ("02-01-1980", "1980-02-01|"),
            ("01.02.1980", "1980-02-01|"),
            ("(02/01/1980)", "1980-02-01|"),
            ("smith dob:02/01/1980", "1980-02-01|smith"),
            ("smith born Feb 1, 1980 john", "1980-02-01|smith john"),
            ("1 February 1980", "1980-02-01|"),
            ("1 feb. 1980", "1980-02-01|"),
            ("02/31/1980", "-"),
            ("13/01/1980", "-"),
            ("00/00/0000", "-"),
            ("1/2", "-"),
            ("1.2.3", "-"),
            ("march 5 people", "-"),
            ("a-b-cdef", "-"),
        ] {
            let words: Vec<&str> = text.split_whitespace().collect();
            let read = date_in(&words).map_or("-".to_owned(), |(date, rest)| format!("{date}|{}", rest.join(" ")));
            assert_eq!(read, expected, "{text}");
        }
    }
}
