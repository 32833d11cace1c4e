//! The barcode of a driver's licence or identity card (AAMVA DL/ID Card Design Standard, annex D), as a scanner types it.

use jiff::civil::Date;

/// What a licence says that is looked for.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Licence {
    /// Given, middle and family name.
    pub(crate) name: String,
    pub(crate) date_of_birth: Option<Date>,
    /// The licence's number.
    pub(crate) number: Option<String>,
}

/// Elements of the standard, so that one can be told from the value before it where line ends were lost on the way.
const ELEMENTS: [&str; 40] = [
    "DAA", "DAC", "DAD", "DAG", "DAH", "DAI", "DAJ", "DAK", "DAQ", "DAR", "DAS", "DAT", "DAU", "DAW", "DAX", "DAY",
    "DAZ", "DBA", "DBB", "DBC", "DBD", "DBN", "DBS", "DCA", "DCB", "DCD", "DCF", "DCG", "DCK", "DCS", "DCT", "DCU",
    "DDA", "DDB", "DDC", "DDD", "DDE", "DDF", "DDG", "DDK",
];

/// Longer is no licence.
const CHARS_MAX: usize = 4_000;

/// Reads a barcode; `None` for anything else.
pub(crate) fn licence(text: &str) -> Option<Licence> {
    let text = text.trim_start();
    if !text.starts_with('@') || text.chars().nth(CHARS_MAX).is_some() {
        return None;
    }
    let header = ["ANSI ", "AAMVA"].iter().find_map(|mark| text.find(mark))?;
    let values = values(text.get(header..)?);
    let value = |element: &str| values.iter().find(|(name, _)| *name == element).map(|(_, value)| value.as_str());
    let given = value("DAC").or_else(|| value("DCT"));
    let parts = [given, value("DAD"), value("DCS"), value("DCU")];
    let mut name = parts.into_iter().flatten().map(|part| part.replace(',', " ")).collect::<Vec<_>>().join(" ");
    if name.trim().is_empty() {
        name = value("DAA").unwrap_or_default().to_owned();
    }
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let date_of_birth = value("DBB").and_then(date);
    let number = value("DAQ").filter(|number| !number.is_empty()).map(str::to_owned);
    (!name.is_empty() || number.is_some()).then_some(Licence { name, date_of_birth, number })
}

/// The elements with their values, empty and "none" left out.
fn values(text: &str) -> Vec<(&'static str, String)> {
    let lines: Vec<&str> = text.split(|c: char| c.is_control()).filter(|line| !line.trim().is_empty()).collect();
    let mut values = Vec::new();
    // The header alone is one line; with two more there are line ends.
    if lines.len() > 2 {
        for line in lines {
            // The first element of a subfile follows its type, after the header on one line: `…ZI03190008DLDAQ…`.
            let line = ["DLD", "IDD"]
                .iter()
                .find_map(|mark| line.rfind(mark))
                .map_or(line, |at| line.get(at + 2..).unwrap_or(line));
            let element = ELEMENTS.iter().find(|element| line.starts_with(**element));
            values.extend(element.and_then(|element| Some((*element, line.get(3..)?.to_owned()))));
        }
    } else {
        let starts: Vec<(usize, &'static str)> = marks(text);
        let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
        for ((at, element), end) in starts.iter().zip(ends) {
            values.extend(text.get(at + 3..end).map(|value| (*element, value.to_owned())));
        }
    }
    let said = |(element, value): (&'static str, String)| {
        let value = value.trim().trim_end_matches(',').trim();
        let none = value.is_empty() || value.eq_ignore_ascii_case("none") || value.eq_ignore_ascii_case("unavl");
        (!none).then(|| (element, value.to_owned()))
    };
    values.into_iter().filter_map(said).collect()
}

/// Where elements begin, each once: the second `DAC` is part of a name.
fn marks(text: &str) -> Vec<(usize, &'static str)> {
    let body = ["DLDAQ", "IDDAQ", "DLDCS", "IDDCS", "DLDAA", "IDDAA", "DLDCA", "IDDCA"];
    let Some(begin) = body.iter().filter_map(|mark| text.find(mark)).min().map(|at| at + 2) else { return Vec::new() };
    // Eight figures follow the date of birth; what ends in its `D` is no element.
    let figures =
        |at: usize| text.get(at + 3..at + 11).is_some_and(|date| date.bytes().all(|byte| byte.is_ascii_digit()));
    let birth = text.match_indices("DBB").map(|(at, _)| at).find(|at| figures(*at));
    let is_mark = |at: usize| birth.is_none_or(|birth| at == birth || at + 3 <= birth || at > birth);
    let mut marks: Vec<(usize, &'static str)> = Vec::new();
    let mut at = begin;
    while let Some(rest) = text.get(at..) {
        let next = ELEMENTS.iter().filter(|element| !marks.iter().any(|(_, other)| other == *element));
        let place = |element: &&'static str| {
            let offset = rest.match_indices(*element).map(|(offset, _)| offset).find(|offset| is_mark(at + offset))?;
            Some((offset, *element))
        };
        let Some((offset, element)) = next.filter_map(place).min() else { break };
        marks.push((at + offset, element));
        at += offset + 3;
    }
    marks
}

/// `MMDDCCYY` in the United States, `CCYYMMDD` in Canada.
fn date(text: &str) -> Option<Date> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let of = |year: i16, month: i16, day: i16| {
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        (1850..=2200).contains(&year).then_some(date)
    };
    if digits.len() != 8 {
        return None;
    }
    of(number(4, 8)?, number(0, 2)?, number(2, 4)?).or_else(|| of(number(0, 4)?, number(4, 6)?, number(6, 8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "@\n\u{1e}\rANSI 636035080102DL00410278ZI03190008DLDAQS51412345678\nDCSSAMPLE\nDDEN\nDACALEX\nDDFN\nDADLEE\nDDGN\nDCAD\nDBB08151984\nDAG1 EXAMPLE ST\nDAIPORT MERIDIAN\r";

    #[test]
    fn barcodes_are_read() {
        let lost = CARD.replace(|c: char| c.is_control(), "");
        let canada = CARD.replace("08151984", "19840815");
        let old = "@\n\u{1e}\rAAMVA6360350101DL00290179DLDAASAMPLE,ALEX,LEE\nDAQ123\nDBB1984-08-15\r";
        for (text, expected) in [
            (CARD, Some("ALEX LEE SAMPLE|1984-08-15|S51412345678")),
            (&lost, Some("ALEX LEE SAMPLE|1984-08-15|S51412345678")),
            (&canada, Some("ALEX LEE SAMPLE|1984-08-15|S51412345678")),
            (old, Some("SAMPLE,ALEX,LEE|1984-08-15|123")),
            (&CARD.replace("DADLEE", "DADNONE"), Some("ALEX SAMPLE|1984-08-15|S51412345678")),
            (&CARD.replace("08151984", "00000000"), Some("ALEX LEE SAMPLE|-|S51412345678")),
            ("@", None),
            ("@ANSI ", None),
            ("@somebody", None),
            ("ANSI 636035080102DL00410278ZI03190008DLDAQS5", None),
            (&format!("@ANSI {}", "DLDAQ".repeat(2_000)), None),
        ] {
            let shown = licence(text).map(|it| {
                let birth = it.date_of_birth.map_or("-".to_owned(), |birth| birth.to_string());
                format!("{}|{birth}|{}", it.name, it.number.unwrap_or_default())
            });
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
    }
}
