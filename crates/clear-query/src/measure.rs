//! Measures: boards, trends and hours of incidents.

use std::collections::BTreeMap;

use clear_policy::Grant;
use clear_record::Seq;
use clear_stats::measures::{
    self, Board, BoardAsk, DIMENSIONS, Days, Hours, HoursAsk, MEASURES, Measure, Trend, TrendAsk,
};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::changes;
use crate::tallies::Tallies;
use crate::{Error, Question, Shelves};

/// What to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasuresView {
    /// 7 days, 28 days and the year to date, beside what went before.
    #[default]
    Board,
    /// Month after month.
    Trend,
    /// The hours of a week.
    Hours,
}

impl MeasuresView {
    /// Each, in order.
    pub const ALL: [MeasuresView; 3] = [MeasuresView::Board, MeasuresView::Trend, MeasuresView::Hours];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            MeasuresView::Board => "board",
            MeasuresView::Trend => "trend",
            MeasuresView::Hours => "hours",
        }
    }
}

/// Figures of incidents, by measures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Measures {
    /// What to show: `board`, `trend` or `hours`.
    pub view: MeasuresView,
    /// Which measures: `index`, `robbery`, `clearance` …; the usual ones unless said. Hours show the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<String>,
    /// Of a board: a row for each `district`, `beat`, `community_area`, `ward`, `primary_type` or `location_description`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Of a board: its last day; the newest day with an incident unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Date>,
    /// Of a trend and of hours: from this day on; two years and one year back unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Of a trend and of hours: up to and including this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Of which set: `incidents`, or the public extract, `crimes`, in which the last seven days are missing and an incident has
    /// no status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The figures as they stood then: a moment, `2019-07-16T00:00:00Z`, or a place in the ledger, as a receipt has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Incidents of this district alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// Incidents of this beat alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beat: Option<String>,
    /// Incidents of this community area alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub community_area: Option<u16>,
    /// Incidents of this ward alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ward: Option<u16>,
    /// Incidents whose first offence is of this primary type alone.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub primary_type: Option<String>,
    /// A condition in SoQL, as in counts.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Of a board: how many residents each value of `by` has, and `""` for all together: rates for 100,000 of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub residents: BTreeMap<String, u64>,
}

const MEASURES_MAX: usize = 40;
const RESIDENTS_MAX: usize = 1_000;

/// What was measured.
pub struct MeasuresMatch {
    /// The days of which there is anything.
    pub span: Option<Days>,
    /// The measures, in order.
    pub measures: Vec<&'static Measure>,
    /// What it was told apart by.
    pub by: Option<&'static str>,
    /// As of which moment, as it was said.
    pub as_of: Option<String>,
    /// The figures.
    pub found: MeasuresFound,
}

/// The figures.
pub enum MeasuresFound {
    /// A board, with its last day.
    Board(Date, Board),
    /// A trend.
    Trend(Days, Trend),
    /// Hours.
    Hours(Days, Hours),
}

impl Measures {
    fn asked(&self) -> Result<Vec<&'static Measure>, Error> {
        if self.measures.len() > MEASURES_MAX {
            return Err(wrong(format!("at most {MEASURES_MAX} measures at a time")));
        }
        let named = |name: &String| {
            Measure::named(name.trim()).ok_or_else(|| {
                let names: Vec<&str> = MEASURES.iter().map(|measure| measure.name).collect();
                wrong(format!("a measure is one of {}", names.join(", ")))
            })
        };
        let asked = self.measures.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        if asked.is_empty() {
            return Ok(MEASURES.iter().filter(|measure| measure.usual).collect());
        }
        Ok(asked)
    }

    fn by(&self) -> Result<Option<&'static str>, Error> {
        let Some(by) = self.by.as_deref().map(str::trim).filter(|by| !by.is_empty()) else { return Ok(None) };
        let names: Vec<&str> = DIMENSIONS.iter().map(|(name, _)| *name).collect();
        measures::dimension(by).map(Some).ok_or_else(|| wrong(format!("by is one of {}", names.join(", "))))
    }

    /// What must hold of an incident, each in SoQL.
    fn conditions(&self) -> Result<Vec<String>, Error> {
        let said = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(|text| text.replace('\'', "''"))
        };
        if let Some(text) = &self.condition {
            // Alone, so that it cannot end what it is put into.
            clear_soql::parse::expression(text).map_err(|error| wrong(error.to_string()))?;
        }
        let conditions = [
            said(&self.district).map(|district| format!("district = '{district:0>3}'")),
            said(&self.beat).map(|beat| format!("beat = '{:0>4}'", beat.to_uppercase())),
            self.community_area.map(|area| format!("community_area = '{area}'")),
            self.ward.map(|ward| format!("ward = '{ward}'")),
            said(&self.primary_type).map(|text| format!("primary_type = '{}'", text.to_uppercase())),
            self.condition.clone().filter(|text| !text.trim().is_empty()),
        ];
        Ok(conditions.into_iter().flatten().collect())
    }

    /// The days of a trend or of hours, `years` back unless said.
    fn days(&self, newest: Date, years: i16) -> Result<Days, Error> {
        let to = self.to.unwrap_or(newest);
        let back = to.checked_sub(years.years()).and_then(|day| day.checked_add(1.day())).unwrap_or(to);
        let from = self.from.unwrap_or(back);
        if from > to {
            return Err(wrong(format!("from ({from}) is after to ({to})")));
        }
        Ok(Days { from, to })
    }
}

impl MeasuresMatch {
    /// What is to be known of the figures.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(as_of) = &self.as_of {
            notes.push(format!("As it was known at {as_of}. What was expunged since is in no figure."));
        }
        match (&self.found, self.span) {
            (_, None) => notes.push("There is no incident that you may see.".to_owned()),
            (MeasuresFound::Board(on, board), Some(span)) => {
                if *on > span.to {
                    notes.push(format!("Records end on {}: the last days of the board have none.", span.to));
                }
                if board.windows.iter().any(|it| it.last_year.is_none()) {
                    notes.push(format!("Records begin on {}: nothing is compared with days before.", span.from));
                }
                if board.left_out > 0 {
                    notes.push(format!("{} rows are left out; name fewer measures.", board.left_out));
                }
            }
            (MeasuresFound::Trend(..) | MeasuresFound::Hours(..), Some(_)) => {}
        }
        notes
    }
}

fn wrong(what: String) -> Error {
    Error::Question(what)
}

impl Question for Measures {
    type Match = MeasuresMatch;
    const NAME: &'static str = "measures";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<MeasuresMatch, Error> {
        let (asked, by, conditions) = (self.asked()?, self.by()?, self.conditions()?);
        if self.residents.len() > RESIDENTS_MAX {
            return Err(wrong(format!("residents has at most {RESIDENTS_MAX} values")));
        }
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let as_of = self.as_of.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let tallies = match (self.set.as_deref().map(str::trim).unwrap_or("incidents"), as_of) {
            ("incidents" | "", None) => Tallies::incidents(shelves, &sight, None).await?,
            ("incidents" | "", Some(text)) => {
                let since = changes::moment(shelves, text, "as_of", seq).await?;
                Tallies::incidents(shelves, &sight, Some(since)).await?
            }
            ("crimes", None) => Tallies::crimes(shelves, &sight, grant.at())?,
            ("crimes", Some(_)) => return Err(wrong("as_of goes with incidents: the public set is as it is".into())),
            _ => return Err(wrong("set is incidents or crimes".into())),
        };
        if let Some(condition) = self.condition.as_deref().filter(|text| !text.trim().is_empty()) {
            // Alone, so that a place in an error is a place in what the asker wrote.
            tallies.check(condition)?;
        }
        self.measured(grant, &asked, by, &conditions, &tallies).await
    }
}

impl Measures {
    async fn measured(
        &self,
        grant: &Grant,
        asked: &[&'static Measure],
        by: Option<&'static str>,
        conditions: &[String],
        tallies: &Tallies,
    ) -> Result<MeasuresMatch, Error> {
        let names = tallies.names;
        let today = grant.at().to_zoned(TimeZone::UTC).date();
        let span = span(tallies, today).await?;
        let newest = span.map_or(today, |span| span.to);
        let found = match self.view {
            MeasuresView::Board => {
                let on = self.on.unwrap_or(newest);
                let ask = BoardAsk {
                    names,
                    measures: asked.to_vec(),
                    by,
                    conditions: conditions.to_vec(),
                    on,
                    first: span.map(|span| span.from),
                    residents: self.residents.clone(),
                };
                let mut tables = Vec::new();
                for tally in ask.tallies() {
                    tables.push(tallies.count(&tally).await?);
                }
                MeasuresFound::Board(on, ask.board(tables))
            }
            MeasuresView::Trend => {
                let days = self.days(newest, 2)?;
                let ask = TrendAsk { names, measures: asked.to_vec(), conditions: conditions.to_vec(), days, span };
                MeasuresFound::Trend(days, ask.trend(&tallies.count(&ask.tally()).await?))
            }
            MeasuresView::Hours => {
                let days = self.days(newest, 1)?;
                let measure = asked.first().copied().ok_or_else(|| wrong("say which measure".into()))?;
                let ask = HoursAsk { names, measure, conditions: conditions.to_vec(), days };
                MeasuresFound::Hours(days, ask.hours(&tallies.count(&ask.tally()).await?))
            }
        };
        Ok(MeasuresMatch { span, measures: asked.to_vec(), by, as_of: self.as_of.clone(), found })
    }
}

/// The first and the last day of which the asker sees anything; days that are still to come are mistakes.
async fn span(tallies: &Tallies, today: Date) -> Result<Option<Days>, Error> {
    let months = tallies.count(&measures::months_tally(&[])).await?;
    let Some(months) = measures::months(&months, today) else { return Ok(None) };
    let (mut first, mut last) = (None, None);
    for (month, days) in [(months.from, &mut first), (months.to, &mut last)] {
        let month = Days { from: month.first_of_month(), to: month.last_of_month().min(months.to) };
        *days = measures::days(&tallies.count(&measures::days_tally(tallies.names, &[], month)).await?);
    }
    Ok(first.zip(last).map(|(first, last): (Days, Days)| Days { from: first.from, to: last.to }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_becomes_conditions_or_is_refused_with_its_mend() {
        let read = |json: &str| -> String {
            let asked: Measures = serde_json::from_str(json).expect("reads");
            let said = || Ok::<_, Error>((asked.asked()?, asked.by()?, asked.conditions()?));
            match said() {
                Ok((measures, by, conditions)) => {
                    format!("{} {} {}", measures.len(), by.unwrap_or("-"), conditions.join("; "))
                }
                Err(error) => format!("wrong: {error}"),
            }
        };
        for (json, expected) in [
            (r#"{}"#, "13 - "),
            (
                r#"{"measures": ["robbery"], "by": "beat", "district": "11", "beat": "41a", "community_area": 25, "type": "theft"}"#,
                "1 beat district = '011'; beat = '041A'; community_area = '25'; primary_type = 'THEFT'",
            ),
            (r#"{"type": "O'HARE", "where": "arrest = true"}"#, "13 - primary_type = 'O''HARE'; arrest = true"),
            (
                r#"{"by": "name"}"#,
                "wrong: by is one of district, beat, community_area, ward, primary_type, location_description",
            ),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
        assert!(read(r#"{"measures": ["fear"]}"#).starts_with("wrong: a measure is one of incidents, index"));
        assert!(read(r#"{"where": "arrest = "}"#).starts_with("wrong: "));
        assert!(read(r#"{"where": "a = 1) or (b = 2"}"#).starts_with("wrong: "));
        let days =
            |from: &str, to: &str| Measures { from: from.parse().ok(), to: to.parse().ok(), ..Measures::default() };
        let newest = "2019-07-16".parse().expect("a date");
        let said = |asked: Measures| {
            asked.days(newest, 1).map(|it| format!("{}..{}", it.from, it.to)).unwrap_or_else(|it| it.to_string())
        };
        assert_eq!(said(days("", "")), "2018-07-17..2019-07-16");
        assert_eq!(said(days("", "2018-12-31")), "2018-01-01..2018-12-31");
        assert_eq!(said(days("2019-02-01", "2019-01-01")), "from (2019-02-01) is after to (2019-01-01)");
    }
}
