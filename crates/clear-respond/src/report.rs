//! Compliance reports of a quarter or a year, for those whom the rules let read the log's counts (GR29).
//!
//! In:    the months' counts, a period.
//! Out:   a [`Report`]: figures with their definitions, in full, and its CSV.
//! Never: is public: its counts are not suppressed. What everybody gets is a release (`release.rs`).

use std::fmt;
use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use clear_audit::{Flaw, Folder, Opened, Receipt, Walk};
use clear_identity::Proven;
use clear_policy::{Decision, Deed, Entry as RegisterEntry, may};
use clear_record::Request;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::desk::Desk;
use crate::entry::{Entry, Refusal};
use crate::release::field;
use crate::tally::{Months, Tally};

/// A quarter or a year: `2026-Q3`, `2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    year: i16,
    quarter: Option<i8>,
}

impl Period {
    /// The quarter that a month (`2026-08`) is in.
    pub fn quarter_of(month: &str) -> Option<Period> {
        let (year, month) = month.split_once('-')?;
        let month: i8 = month.parse().ok().filter(|month| (1..=12).contains(month))?;
        Some(Period { year: year.parse().ok()?, quarter: Some((month - 1) / 3 + 1) })
    }

    /// The months of it.
    fn months(self) -> Vec<String> {
        let months = match self.quarter {
            Some(quarter) => quarter * 3 - 2..=quarter * 3,
            None => 1..=12,
        };
        months.map(|month| format!("{:04}-{month:02}", self.year)).collect()
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Period, String> {
        let bad = || format!("`{text}` is neither a quarter (2026-Q3) nor a year (2026)");
        let (year, quarter) = match text.trim().split_once("-Q") {
            Some((year, quarter)) => (year, Some(quarter.parse().map_err(|_| bad())?)),
            None => (text.trim(), None),
        };
        let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        let good = is_year && quarter.is_none_or(|quarter| (1..=4).contains(&quarter));
        if good { Ok(Period { year: year.parse().map_err(|_| bad())?, quarter }) } else { Err(bad()) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.quarter {
            Some(quarter) => write!(f, "{:04}-Q{quarter}", self.year),
            None => write!(f, "{:04}", self.year),
        }
    }
}

/// A compliance report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Report {
    /// The installation's title.
    pub installation: String,
    /// The period.
    pub period: String,
    /// The log that it counts.
    pub log: String,
    /// How many of the log's entries were counted when it was made; the period's are among them.
    pub upto: u64,
    /// The figures: section, name, count. A definition stands with each section in [`SECTIONS`].
    pub figures: Vec<Figure>,
    /// Questions and deeds month by month.
    pub months: Vec<Figure>,
}

/// A figure of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figure {
    /// The section's id.
    pub section: String,
    /// What is counted: one part for each column of the section.
    pub of: Vec<String>,
    /// How many.
    pub count: u64,
}

/// A section of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What a figure in it counts.
    pub defined: &'static str,
    /// What the parts of `of` are.
    pub columns: &'static [&'static str],
    /// Whether people would rather look at it than read it.
    pub drawn: bool,
}

/// The sections, in order. One line makes the page, the file and the CSV.
pub const SECTIONS: &[Section] = &[
    Section {
        id: "agencies",
        title: "Questions by agency",
        defined: "Questions and deeds that ended in the period, by the asker's home agency. Residents have no account.",
        columns: &["agency"],
        drawn: true,
    },
    Section {
        id: "ends",
        title: "How they ended",
        defined: "Each question has exactly one end: answered, filed, denied, held, wrong (the question itself), failed (an error of ours), cut (an order came, or the asker went away), crashed.",
        columns: &["end"],
        drawn: true,
    },
    Section {
        id: "questions",
        title: "By agency, purpose and end",
        defined: "The same questions by the purpose that the asker stated.",
        columns: &["agency", "purpose", "end"],
        drawn: false,
    },
    Section {
        id: "denials",
        title: "Denials by reason",
        defined: "Denied questions by the code of the denial.",
        columns: &["reason"],
        drawn: true,
    },
    Section {
        id: "holds",
        title: "Holds",
        defined: "Held questions that a second person released or refused in the period.",
        columns: &["decision"],
        drawn: false,
    },
    Section {
        id: "reviews",
        title: "Reviews",
        defined: "Questions that a reviewer looked at, by outcome.",
        columns: &["outcome"],
        drawn: false,
    },
    Section {
        id: "terms",
        title: "Precision of terms",
        defined: "Reviewed questions whose reason had words of these terms, and how many of them were not in order.",
        columns: &["terms", "what"],
        drawn: false,
    },
    Section {
        id: "register",
        title: "Entries of the register",
        defined: "Agreements, cut-off orders, suspensions and all other entries, by kind.",
        columns: &["entry"],
        drawn: false,
    },
    Section {
        id: "productions",
        title: "Compelled productions",
        defined: "Steps of the docket; a production has several.",
        columns: &["step"],
        drawn: false,
    },
    Section {
        id: "asked",
        title: "Questions by name",
        defined: "What was asked for, by the name of the question; certificates, replays and reports are among them.",
        columns: &["question"],
        drawn: false,
    },
    Section {
        id: "public",
        title: "Public pages",
        defined: "How often pages for everybody were asked for. Who asked is not kept.",
        columns: &["page"],
        drawn: false,
    },
    Section {
        id: "events",
        title: "Events of the log",
        defined: "Entries of the log by kind: docs/log-events.md says what each is.",
        columns: &["kind"],
        drawn: false,
    },
    Section {
        id: "whole",
        title: "All together",
        defined: "Entries of the log in the period, records that left, and entries whose openings are destroyed and that are counted nowhere else.",
        columns: &["what"],
        drawn: false,
    },
];

/// Makes a report of the months' counts.
pub(crate) fn report(installation: String, log: String, months: &Months, period: Period) -> Report {
    let wanted = period.months();
    let tally = months.of(|month| wanted.iter().any(|wanted| wanted == month));
    let mut figures = Vec::new();
    let mut put = |section: &str, of: &[&str], count: u64| {
        let of = of.iter().map(|part| (*part).to_owned()).collect();
        figures.push(Figure { section: section.to_owned(), of, count });
    };
    let sum = |by: fn(&(String, String, String)) -> &String| {
        let mut sums = std::collections::BTreeMap::<String, u64>::new();
        for (key, count) in &tally.ended {
            *sums.entry(by(key).clone()).or_default() += count;
        }
        sums
    };
    let named = |agency: &str| if agency.is_empty() { "residents".to_owned() } else { agency.to_owned() };
    for (agency, count) in sum(|(agency, ..)| agency) {
        put("agencies", &[&named(&agency)], count);
    }
    for (end, count) in sum(|(.., end)| end) {
        put("ends", &[&end], count);
    }
    for ((agency, purpose, end), count) in &tally.ended {
        put("questions", &[&named(agency), purpose, end], *count);
    }
    for (section, counts) in lists(&tally) {
        for (name, count) in counts {
            put(section, &[name], *count);
        }
    }
    for (terms, (reviewed, against)) in &tally.terms {
        put("terms", &[terms, "reviewed"], *reviewed);
        put("terms", &[terms, "not in order"], *against);
    }
    for (what, count) in
        [("entries", tally.entries), ("records that left", tally.records), ("destroyed openings", tally.destroyed)]
    {
        put("whole", &[what], count);
    }
    let months_of = |month: &String| Figure {
        section: "months".to_owned(),
        of: vec![month.clone()],
        count: months.of(|known| known == month).total(),
    };
    Report {
        installation,
        period: period.to_string(),
        log,
        upto: months.upto,
        figures,
        months: wanted.iter().map(months_of).collect(),
    }
}

fn lists(tally: &Tally) -> [(&'static str, &std::collections::BTreeMap<String, u64>); 8] {
    [
        ("denials", &tally.denials),
        ("holds", &tally.holds),
        ("reviews", &tally.reviews),
        ("register", &tally.register),
        ("productions", &tally.productions),
        ("asked", &tally.questions),
        ("public", &tally.public),
        ("events", &tally.kinds),
    ]
}

impl Report {
    /// A section's figures.
    pub fn of<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Figure> {
        self.figures.iter().filter(move |figure| figure.section == section)
    }

    /// A line for each figure, with its definition's section.
    pub fn csv(&self) -> String {
        let mut text = String::from("period,section,of,and,and,count\n");
        for figure in self.figures.iter().chain(&self.months) {
            let part = |at: usize| field(figure.of.get(at).map(String::as_str).unwrap_or_default());
            let _ = writeln!(
                text,
                "{},{},{},{},{},{}",
                self.period,
                figure.section,
                part(0),
                part(1),
                part(2),
                figure.count
            );
        }
        text
    }
}

impl Desk {
    /// A report, for whoever the rules let read the log's counts; asking for it is logged.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub async fn compliance_report(&self, request: Proven<Request<Period>>) -> Result<(Report, Receipt), Refusal> {
        let period = request.question;
        let entry = Entry::asked(self, &request, "report", &period.to_string());
        if let Decision::Deny(denial) = may(&self.register(), &*self.rules(), Deed::Operate, &request) {
            return Err(entry.refuse(denial).await);
        }
        let title = self.register().founding().map(|founding| founding.title.clone()).unwrap_or_default();
        let report = report(title, self.public_log().origin().to_owned(), &self.months(), period);
        let receipt = entry.told(report.figures.len() as u64).await?;
        Ok((report, receipt))
    }

    /// The months that anything was counted in, for choosing a period. No count is told.
    pub fn counted_months(&self) -> Vec<String> {
        self.months().months.keys().filter(|month| !month.is_empty()).cloned().collect()
    }
}

/// Makes a report from a data folder with its openings, for whoever holds one.
///
/// # Errors
/// A log that is not whole, has no opening key, or whose published checkpoint is not signed with `vkey`.
pub fn report_of_folder(dir: &Path, vkey: &str, period: Period) -> Result<Report, Flaw> {
    let published = clear_audit::published(&Folder(dir.join("log")), vkey)?;
    let (mut months, mut title, mut time_zone) = (Months::default(), String::new(), TimeZone::UTC);
    let mut walk = Walk::open(dir, published.size)?;
    while let Some(leaf) = walk.next().transpose()? {
        if title.is_empty()
            && let Opened::Clear(body) = &leaf.opened
            && let Ok(RegisterEntry::Installation(founding)) = serde_json::from_slice(body)
        {
            time_zone = TimeZone::get(&founding.time_zone).unwrap_or(TimeZone::UTC);
            title = founding.title;
        }
        months.count(&leaf.opened, &time_zone);
        months.upto = leaf.index + 1;
    }
    clear_audit::begins_with(&Folder(dir.join("log")), vkey, published.size, walk.root())?;
    Ok(report(title, published.origin, &months, period))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_quarter_or_a_year() {
        let months = |text: &str| text.parse::<Period>().map(|period| (period.to_string(), period.months().len()));
        assert_eq!(months("2026-Q3"), Ok(("2026-Q3".to_owned(), 3)));
        assert_eq!(months(" 2026"), Ok(("2026".to_owned(), 12)));
        for bad in ["2026-Q5", "26-Q1", "2026-13", "", "quarter", "2026-Q", "20é6"] {
            assert!(months(bad).unwrap_err().contains("2026-Q3"), "{bad}");
        }
        assert_eq!(Period::quarter_of("2026-08").unwrap().to_string(), "2026-Q3");
        assert_eq!("2026-Q4".parse::<Period>().unwrap().months(), ["2026-10", "2026-11", "2026-12"]);
    }

    #[test]
    fn every_figure_belongs_to_a_section_that_defines_it() {
        let mut months = Months::default();
        let mut tally = Tally::default();
        tally.ended.insert(("pmpd".into(), "patrol".into(), "denied".into()), 4);
        tally.terms.insert("T1".into(), (3, 1));
        tally.denials.insert("no_agreement".into(), 4);
        months.months.insert("2026-08".into(), tally);
        let report = report("City".into(), "log".into(), &months, "2026-Q3".parse().unwrap());
        for figure in &report.figures {
            let section = SECTIONS.iter().find(|section| section.id == figure.section).unwrap();
            assert_eq!(section.columns.len(), figure.of.len(), "{}", figure.section);
        }
        assert!(report.csv().contains("2026-Q3,questions,pmpd,patrol,denied,4\n"));
        assert!(report.csv().contains("2026-Q3,months,2026-08,,,4\n"));
        assert_eq!(report.of("agencies").map(|figure| figure.count).sum::<u64>(), 4);
    }
}
