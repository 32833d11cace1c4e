//! Measures: what a number of a board, a trend or an hour counts. One list.
//!
//! In:    a set's name for its date; what is asked; tables that were counted under the asker's Sight.
//! Out:   which tables are needed ([`Tally`]), and from them boards, trends and hours, each figure with its bounds.
//! Never: counts by itself; calls a change what may be chance; says anything about a person.
//!
//! # How
//! Whoever answers counts each [`Tally`] on whatever set and engine, under the Sight. Measures are told apart afterwards: the
//! tables are grouped by everything that a measure looks at, so that one pass serves them all.
//!
//! # Change here
//! A measure: one line of [`MEASURES`]; the API, the page, the docs and the tests have it. Which periods a board compares:
//! `periods.rs`. How sure a figure is: `exact.rs`.

mod board;
mod exact;
mod hours;
mod periods;
mod trend;

use jiff::civil::Date;

pub use board::{Board, BoardAsk, BoardRow, Cell, Compared, SIGNIFICANT, Says};
pub use exact::{Bounds, corrected, poisson_bounds, ratio_bounds, same_rate, same_share, share_bounds};
pub use hours::{Hours, HoursAsk};
pub use periods::{Days, PERIODS, Period, Window};
pub use trend::{Month, Series, Trend, TrendAsk};

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of incidents.
    Incidents,
    /// A share of incidents, 0 to 1.
    Share,
}

impl Unit {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Unit::Incidents => "incidents",
            Unit::Share => "share",
        }
    }
}

/// A circumstance that a measure looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// An arrest was made.
    Arrest,
    /// It was domestic.
    Domestic,
    /// The report stands as cleared, by arrest or otherwise.
    Cleared,
}

/// One measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// Its name in questions: `robbery`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What a figure is.
    pub unit: Unit,
    /// What it counts, in a sentence.
    pub counts: &'static str,
    /// Whose definition it is.
    pub source: &'static str,
    /// The FBI codes of the first offence that count; none is all.
    pub fbi_codes: &'static [&'static str],
    /// What must hold beside; of a share, of its part alone.
    pub when: Option<When>,
    /// Whether it stands on a board unless others are named.
    pub usual: bool,
}

const UCR: &str = "FBI, Uniform Crime Reporting Handbook (2004), Part I offences; the city's own codes for them";
const RECORDS: &str = "this installation's records";
const CLEARANCE: &str =
    "FBI, Uniform Crime Reporting Handbook (2004), clearances; here by the day of the offence, not of its clearance";

/// The city's codes of index offences against persons.
const VIOLENT: &[&str] = &["01A", "02", "03", "04A", "04B"];
/// The city's codes of index offences against property.
const PROPERTY: &[&str] = &["05", "06", "07", "09"];
/// All of them.
const INDEX: &[&str] = &["01A", "02", "03", "04A", "04B", "05", "06", "07", "09"];

const fn count(
    name: &'static str,
    title: &'static str,
    counts: &'static str,
    fbi_codes: &'static [&'static str],
    usual: bool,
) -> Measure {
    let source = if fbi_codes.is_empty() { RECORDS } else { UCR };
    Measure { name, title, unit: Unit::Incidents, counts, source, fbi_codes, when: None, usual }
}

const fn share(
    name: &'static str,
    title: &'static str,
    counts: &'static str,
    (fbi_codes, when, source): (&'static [&'static str], When, &'static str),
) -> Measure {
    Measure { name, title, unit: Unit::Share, counts, source, fbi_codes, when: Some(when), usual: false }
}

/// Every measure. Incidents that were found not to have happened are in none of them. An incident counts once, by its first
/// and most serious offence (the hierarchy rule of the handbook), on the day on which it began.
///
/// Response times are not among them: no record here says when a call came in and when somebody arrived.
pub const MEASURES: &[Measure] = &[
    count("incidents", "All incidents", "Incidents of every kind.", &[], true),
    count("index", "Index crime", "Incidents whose first offence is an index offence.", INDEX, true),
    count(
        "violent",
        "Index crime against persons",
        "Homicide, criminal sexual assault, robbery, aggravated assault and battery.",
        VIOLENT,
        true,
    ),
    count(
        "homicide",
        "Homicide",
        "Murder and non-negligent manslaughter. Records have a row for each victim.",
        &["01A"],
        true,
    ),
    count("sexual_assault", "Criminal sexual assault", "Criminal sexual assault.", &["02"], true),
    count("robbery", "Robbery", "Robbery.", &["03"], true),
    count("aggravated_assault", "Aggravated assault", "Aggravated assault.", &["04A"], true),
    count("aggravated_battery", "Aggravated battery", "Aggravated battery.", &["04B"], true),
    count(
        "property",
        "Index crime against property",
        "Burglary, theft, motor vehicle theft and arson.",
        PROPERTY,
        true,
    ),
    count("burglary", "Burglary", "Burglary.", &["05"], true),
    count("theft", "Theft", "Larceny and theft, motor vehicles left out.", &["06"], true),
    count("motor_vehicle_theft", "Motor vehicle theft", "Motor vehicle theft.", &["07"], true),
    count("arson", "Arson", "Arson.", &["09"], true),
    Measure {
        name: "arrests",
        title: "Incidents with an arrest",
        unit: Unit::Incidents,
        counts: "Incidents in which an arrest was made, whenever it was.",
        source: RECORDS,
        fbi_codes: &[],
        when: Some(When::Arrest),
        usual: false,
    },
    Measure {
        name: "domestic",
        title: "Domestic incidents",
        unit: Unit::Incidents,
        counts: "Incidents that are marked as domestic.",
        source: RECORDS,
        fbi_codes: &[],
        when: Some(When::Domestic),
        usual: false,
    },
    share(
        "arrest_share",
        "With an arrest",
        "The share of incidents in which an arrest was made.",
        (&[], When::Arrest, RECORDS),
    ),
    share(
        "domestic_share",
        "Domestic",
        "The share of incidents that are marked as domestic.",
        (&[], When::Domestic, RECORDS),
    ),
    share(
        "clearance",
        "Cleared",
        "The share of index offences whose report stands as cleared, by arrest or by exceptional means.",
        (INDEX, When::Cleared, CLEARANCE),
    ),
    share(
        "violent_clearance",
        "Cleared, against persons",
        "The share of index offences against persons whose report stands as cleared.",
        (VIOLENT, When::Cleared, CLEARANCE),
    ),
    share(
        "homicide_clearance",
        "Cleared homicides",
        "The share of homicides whose report stands as cleared.",
        (&["01A"], When::Cleared, CLEARANCE),
    ),
];

impl Measure {
    /// The measure of that name.
    pub fn named(name: &str) -> Option<&'static Measure> {
        MEASURES.iter().find(|measure| measure.name == name)
    }

    /// Whether an incident is in it (of a share: in its part).
    fn part(&self, facts: &Facts) -> bool {
        self.whole(facts)
            && match self.when {
                None => true,
                Some(When::Arrest) => facts.arrest,
                Some(When::Domestic) => facts.domestic,
                // What has no status says by its arrest that it is cleared.
                Some(When::Cleared) => facts.cleared.unwrap_or(facts.arrest),
            }
    }

    /// Whether an incident is in what a share is of.
    fn whole(&self, facts: &Facts) -> bool {
        self.fbi_codes.is_empty() || facts.fbi_code.as_deref().is_some_and(|code| self.fbi_codes.contains(&code))
    }
}

/// What a table is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A column of the set.
    Column(&'static str),
    /// The year of the set's date.
    Year,
    /// Its month, 1 to 12.
    Month,
    /// Its day, written `2019-07-16` and on.
    Day,
    /// Its full hour, 0 to 23.
    Hour,
    /// Its day of the week, 0 for Sunday.
    Weekday,
}

/// What measures look at; the last of them only where the set has it.
const FACTS: [By; 4] = [By::Column("fbi_code"), By::Column("arrest"), By::Column("domestic"), By::Column("status")];

/// A table that is to be counted: rows of values, the count last, every group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What it is grouped by, in order.
    pub by: Vec<By>,
    /// What must hold, in SoQL: each on its own.
    pub conditions: Vec<String>,
}

/// Rows of a counted table: values in the order of [`Tally::by`], and how many.
pub type Tallied = Vec<(Vec<Option<String>>, u64)>;

/// What a set is called where sets differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// Its date: `occurred_from`, `date`.
    pub date: &'static str,
    /// Whether it says how a report stands.
    pub status: bool,
}

/// The incidents of the records.
pub const INCIDENTS: Names = Names { date: "occurred_from", status: true };
/// The public extract.
pub const CRIMES: Names = Names { date: "date", status: false };

impl Names {
    fn facts(self) -> impl Iterator<Item = By> {
        FACTS.into_iter().take(if self.status { 4 } else { 3 })
    }

    /// That the date is on one of these days.
    fn within(self, days: Days) -> String {
        let Days { from, to } = days;
        format!("{date} between '{from}T00:00:00' and '{to}T23:59:59.999999'", date = self.date)
    }

    /// A tally of the facts by something, on some days.
    fn tally(self, by: &[By], conditions: &[String], days: Days) -> Tally {
        let by = by.iter().copied().chain(self.facts()).collect();
        Tally { by, conditions: conditions.iter().cloned().chain([self.within(days)]).collect() }
    }
}

/// What may be told apart on a board.
pub const DIMENSIONS: &[(&str, &str)] = &[
    ("district", "District"),
    ("beat", "Beat"),
    ("community_area", "Community area"),
    ("ward", "Ward"),
    ("primary_type", "Type of offence"),
    ("location_description", "Kind of place"),
];

/// The column of a dimension.
pub fn dimension(name: &str) -> Option<&'static str> {
    DIMENSIONS.iter().find(|(known, _)| *known == name).map(|(known, _)| *known)
}

/// What an incident is to a measure.
#[derive(Debug, Default, PartialEq)]
struct Facts {
    fbi_code: Option<String>,
    arrest: bool,
    domestic: bool,
    /// `None` where the set does not say.
    cleared: Option<bool>,
    unfounded: bool,
}

impl Facts {
    /// Reads the values behind the first `before` ones.
    fn read(values: &[Option<String>], before: usize, names: Names) -> Facts {
        let value = |at: usize| values.get(before + at).and_then(|value| value.as_deref());
        let status = value(3).filter(|_| names.status);
        Facts {
            fbi_code: value(0).map(str::to_owned),
            arrest: value(1) == Some("true"),
            domestic: value(2) == Some("true"),
            cleared: status.map(|status| matches!(status, "cleared_by_arrest" | "cleared_otherwise")),
            unfounded: status == Some("unfounded"),
        }
    }
}

/// Counts of one measure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many are in it.
    pub part: u64,
    /// Of a share: of how many.
    pub whole: u64,
}

impl Sum {
    fn add(&mut self, measure: &Measure, facts: &Facts, count: u64) {
        if facts.unfounded {
            return;
        }
        self.part += if measure.part(facts) { count } else { 0 };
        self.whole += if measure.whole(facts) { count } else { 0 };
    }

    /// Its figure in a measure's unit.
    pub fn figure(self, measure: &Measure) -> Figure {
        match measure.unit {
            Unit::Incidents => Figure {
                count: self.part,
                of: None,
                value: Some(real(self.part)),
                bounds: poisson_bounds(self.part),
                rate: None,
            },
            Unit::Share => Figure {
                count: self.part,
                of: Some(self.whole),
                value: (self.whole > 0).then(|| real(self.part) / real(self.whole)),
                bounds: share_bounds(self.part, self.whole),
                rate: None,
            },
        }
    }
}

/// A number with how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// How many incidents.
    pub count: u64,
    /// Of a share: of how many.
    pub of: Option<u64>,
    /// The number itself, in the measure's unit; a share of nothing is none.
    pub value: Option<f64>,
    /// The bounds of the number, 95 %.
    pub bounds: Bounds,
    /// For 100,000 residents, where their number was given: the number, and its bounds.
    pub rate: Option<(f64, Bounds)>,
}

impl Figure {
    /// With the number for 100,000 residents.
    fn per_residents(mut self, residents: Option<u64>) -> Figure {
        let each = residents.filter(|residents| *residents > 0).map(|residents| 100_000.0 / real(residents));
        self.rate = each.filter(|_| self.of.is_none()).zip(self.value).map(|(each, value)| {
            (value * each, Bounds { lower: self.bounds.lower * each, upper: self.bounds.upper * each })
        });
        self
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a city are far below 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}

/// The tally that says in which months there is something.
pub fn months_tally(conditions: &[String]) -> Tally {
    Tally { by: vec![By::Year, By::Month], conditions: conditions.to_vec() }
}

/// The first and the last month of a table by [`months_tally`], up to a day.
pub fn months(tallied: &Tallied, upto: Date) -> Option<Days> {
    let month = |(values, _): &(Vec<Option<String>>, u64)| -> Option<Date> {
        let [Some(year), Some(month)] = values.as_slice() else { return None };
        Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok().filter(|first| *first <= upto)
    };
    let months = || tallied.iter().filter_map(month);
    Some(Days { from: months().min()?, to: months().max()?.last_of_month().min(upto) })
}

/// The tally that says on which days of a month there is something.
pub fn days_tally(names: Names, conditions: &[String], month: Days) -> Tally {
    Tally { by: vec![By::Day], conditions: conditions.iter().cloned().chain([names.within(month)]).collect() }
}

/// The first and the last day of a table by [`days_tally`].
pub fn days(tallied: &Tallied) -> Option<Days> {
    let day = |(values, _): &(Vec<Option<String>>, u64)| -> Option<Date> {
        values.first()?.as_deref()?.get(..10)?.parse().ok()
    };
    let days = || tallied.iter().filter_map(day);
    Some(Days { from: days().min()?, to: days().max()? })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_measure_says_what_it_counts() {
        let names: BTreeSet<&str> = MEASURES.iter().map(|measure| measure.name).collect();
        assert_eq!(names.len(), MEASURES.len());
        for measure in MEASURES {
            assert!(measure.counts.ends_with('.') && measure.title.len() > 3 && !measure.source.is_empty());
            assert_eq!(Measure::named(measure.name), Some(measure));
            assert!(measure.unit == Unit::Incidents || measure.when.is_some(), "{}: a share has a part", measure.name);
            assert!(measure.fbi_codes.iter().all(|code| INDEX.contains(code)));
        }
        assert_eq!([VIOLENT, PROPERTY].concat(), INDEX);
    }

    #[test]
    fn the_page_has_the_list() {
        let page = include_str!("../../../docs/measures.md");
        let mut table = String::from("| measure | | what | source |\n|---|---|---|---|\n");
        for it in MEASURES {
            table.push_str(&format!("| `{}` | {} | {} | {} |\n", it.name, it.title, it.counts, it.source));
        }
        let found = page.split("<!-- measures -->\n").nth(1).and_then(|rest| rest.split("<!-- /measures -->").next());
        assert!(found == Some(&table), "docs/measures.md should have this table:\n{table}");
    }

    #[test]
    fn a_measure_takes_what_it_says() {
        let facts = |line: &str| {
            let values: Vec<Option<String>> =
                line.split(' ').map(|word| (word != "-").then(|| word.to_owned())).collect();
            Facts::read(&values, 1, INCIDENTS)
        };
        let sum = |name: &str, lines: &[&str]| {
            let measure = Measure::named(name).unwrap();
            let mut sum = Sum::default();
            lines.iter().for_each(|line| sum.add(measure, &facts(line), 1));
            if measure.unit == Unit::Share { format!("{} of {}", sum.part, sum.whole) } else { sum.part.to_string() }
        };
        // beat fbi_code arrest domestic status
        let lines = [
            "0411 06 false false open",
            "0411 06 true false cleared_by_arrest",
            "0411 04B false true cleared_otherwise",
            "0411 08B true true -",
            "0411 01A true - suspended",
            "0411 03 false false unfounded",
            "0411 - - - -",
        ];
        for (name, expected) in [
            ("incidents", "6"),
            ("index", "4"),
            ("violent", "2"),
            ("robbery", "0"),
            ("theft", "2"),
            ("arrests", "3"),
            ("domestic", "2"),
            ("arrest_share", "3 of 6"),
            ("domestic_share", "2 of 6"),
            ("clearance", "2 of 4"),
            ("homicide_clearance", "0 of 1"),
        ] {
            assert_eq!(sum(name, &lines), expected, "{name}");
        }
    }

    #[test]
    fn the_days_of_a_set_are_found_up_to_today() {
        let row = |text: &str| (text.split(' ').map(|word| Some(word.to_owned())).collect::<Vec<_>>(), 1);
        let date = |text: &str| text.parse::<Date>().unwrap();
        let found = months(&vec![row("2018 12"), row("2019 2"), row("2091 1"), row("2018 11")], date("2019-02-20"));
        assert_eq!(found, Some(Days { from: date("2018-11-01"), to: date("2019-02-20") }));
        assert_eq!(months(&vec![(vec![None, None], 3)], date("2019-02-20")), None);
        let found = days(&vec![row("2019-02-03T00:00:00.000"), row("2019-02-01T00:00:00.000")]);
        assert_eq!(found, Some(Days { from: date("2019-02-01"), to: date("2019-02-03") }));
    }
}
