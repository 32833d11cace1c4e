//! Figures, as they go over the wire.

use clear_policy::Grant;
use clear_query::{MeasuresFound, MeasuresMatch, measures};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Redact, Reduced};

/// Figures of incidents that the asker may see: one of `board`, `trend` and `hours`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Measured {
    /// The first day of which there is anything.
    pub data_from: Option<String>,
    /// The last.
    pub data_to: Option<String>,
    /// The measures, with what each counts.
    pub measures: Vec<MeasureSaid>,
    /// A board.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board: Option<MeasuredBoard>,
    /// A trend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<MeasuredTrend>,
    /// The hours of a week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<MeasuredHours>,
    /// What is to be known of the figures.
    pub notes: Vec<String>,
}

/// A measure.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasureSaid {
    /// Its name.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// `incidents` or `share`.
    pub unit: &'static str,
    /// What it counts.
    pub counts: &'static str,
    /// Whose definition it is.
    pub source: &'static str,
}

/// A number with how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredFigure {
    /// How many incidents.
    pub count: u64,
    /// Of a share: of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// The number in the measure's unit; a share of nothing is null.
    pub value: Option<f64>,
    /// Its lower bound, 95 %: exact, Poisson for a count and binomial for a share.
    pub lower: f64,
    /// Its upper bound.
    pub upper: f64,
    /// For 100,000 residents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<MeasuredRate>,
}

/// A number for 100,000 residents in the period.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredRate {
    /// The number.
    pub value: f64,
    /// Its lower bound, 95 %.
    pub lower: f64,
    /// Its upper bound.
    pub upper: f64,
}

/// Days, both ends included.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredDays {
    /// The first.
    pub from: String,
    /// The last.
    pub to: String,
}

/// A board.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredBoard {
    /// Its last day.
    pub on: String,
    /// What its rows are told apart by, beside the measure.
    pub by: Option<&'static str>,
    /// The periods.
    pub periods: Vec<MeasuredPeriod>,
    /// The rows.
    pub rows: Vec<MeasuredRow>,
    /// How many comparisons the evidence is corrected for.
    pub compared: usize,
}

/// A period of a board.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredPeriod {
    /// `7_days`, `28_days` or `year_to_date`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Its days.
    pub now: MeasuredDays,
    /// As many days before.
    pub previous: Option<MeasuredDays>,
    /// The same of last year.
    pub last_year: Option<MeasuredDays>,
}

/// A row of a board.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredRow {
    /// The measure's name.
    pub measure: &'static str,
    /// Whether the row is of everything together.
    pub all: bool,
    /// Else its value; null is "not known".
    pub value: Option<String>,
    /// A cell for each period.
    pub cells: Vec<MeasuredCell>,
}

/// A measure in a period.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredCell {
    /// In the period itself.
    pub now: MeasuredFigure,
    /// Beside as many days before.
    pub previous: Option<MeasuredChange>,
    /// Beside the same of last year.
    pub last_year: Option<MeasuredChange>,
}

/// An earlier figure, and whether the later one differs by more than chance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredChange {
    /// The earlier figure.
    pub then: MeasuredFigure,
    /// How likely so great a difference is by chance: the exact conditional test of two Poisson counts, Fisher's of two shares.
    pub p: f64,
    /// The same, corrected for everything that stands beside it (Benjamini and Hochberg).
    pub corrected: f64,
    /// The later rate over the earlier; null where the earlier is nothing, and for shares.
    pub ratio: Option<f64>,
    /// Its lower bound, 95 %.
    pub ratio_lower: Option<f64>,
    /// Its upper bound; null is without end.
    pub ratio_upper: Option<f64>,
    /// `more`, `fewer`, or `no evidence of change`.
    pub says: &'static str,
}

/// A trend.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredTrend {
    /// Its days.
    pub days: MeasuredDays,
    /// A series for each measure.
    pub series: Vec<MeasuredSeries>,
    /// How many comparisons the evidence is corrected for.
    pub compared: usize,
}

/// A measure, month after month.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredSeries {
    /// The measure's name.
    pub measure: &'static str,
    /// The months in order.
    pub months: Vec<MeasuredMonth>,
}

/// A month.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredMonth {
    /// `2019-07`.
    pub month: String,
    /// Whether only some of its days are counted.
    pub partial: bool,
    /// Its figure.
    pub figure: MeasuredFigure,
    /// Beside the same month of the year before.
    pub last_year: Option<MeasuredChange>,
}

/// The hours of a week.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeasuredHours {
    /// The measure's name.
    pub measure: &'static str,
    /// Its days.
    pub days: MeasuredDays,
    /// For each day of the week from Sunday on, how many in each hour from midnight on.
    pub weekdays: Vec<Vec<MeasuredFigure>>,
    /// All days together, by hour.
    pub by_hour: Vec<MeasuredFigure>,
    /// All hours together, by day of the week.
    pub by_weekday: Vec<MeasuredFigure>,
    /// Everything together.
    pub all: MeasuredFigure,
}

fn figure(it: &measures::Figure) -> MeasuredFigure {
    let rate = it.rate.map(|(value, bounds)| MeasuredRate { value, lower: bounds.lower, upper: bounds.upper });
    MeasuredFigure { count: it.count, of: it.of, value: it.value, lower: it.bounds.lower, upper: it.bounds.upper, rate }
}

fn change(it: &measures::Compared) -> MeasuredChange {
    MeasuredChange {
        then: figure(&it.then),
        p: it.p,
        corrected: it.corrected,
        ratio: it.ratio,
        ratio_lower: it.bounds.map(|bounds| bounds.lower),
        ratio_upper: it.bounds.map(|bounds| bounds.upper).filter(|upper| upper.is_finite()),
        says: it.says.words(),
    }
}

fn days(it: measures::Days) -> MeasuredDays {
    MeasuredDays { from: it.from.to_string(), to: it.to.to_string() }
}

impl Redact for MeasuresMatch {
    type Out = Measured;

    fn redact(self, _grant: &Grant) -> Reduced<Measured> {
        // The engine counted under the sight; a figure tells of no single record.
        let said = |it: &&'static measures::Measure| MeasureSaid {
            name: it.name,
            title: it.title,
            unit: it.unit.word(),
            counts: it.counts,
            source: it.source,
        };
        let mut out = Measured {
            data_from: self.span.map(|span| span.from.to_string()),
            data_to: self.span.map(|span| span.to.to_string()),
            measures: self.measures.iter().map(said).collect(),
            notes: self.notes(),
            ..Measured::default()
        };
        match self.found {
            MeasuresFound::Board(on, board) => {
                let period = |it: &measures::Window| MeasuredPeriod {
                    name: it.period.name,
                    title: it.period.title,
                    now: days(it.now),
                    previous: it.previous.map(days),
                    last_year: it.last_year.map(days),
                };
                let cell = |it: &measures::Cell| MeasuredCell {
                    now: figure(&it.now),
                    previous: it.previous.as_ref().map(change),
                    last_year: it.last_year.as_ref().map(change),
                };
                let row = |it: &measures::BoardRow| MeasuredRow {
                    measure: it.measure.name,
                    all: it.value.is_none(),
                    value: it.value.clone().flatten(),
                    cells: it.cells.iter().map(cell).collect(),
                };
                out.board = Some(MeasuredBoard {
                    on: on.to_string(),
                    by: self.by,
                    periods: board.windows.iter().map(period).collect(),
                    rows: board.rows.iter().map(row).collect(),
                    compared: board.compared,
                });
            }
            MeasuresFound::Trend(span, trend) => {
                let month = |it: &measures::Month| MeasuredMonth {
                    month: it.first.to_string().chars().take(7).collect(),
                    partial: it.partial,
                    figure: figure(&it.figure),
                    last_year: it.last_year.as_ref().map(change),
                };
                let series = |it: &measures::Series| MeasuredSeries {
                    measure: it.measure.name,
                    months: it.months.iter().map(month).collect(),
                };
                out.trend = Some(MeasuredTrend {
                    days: days(span),
                    series: trend.series.iter().map(series).collect(),
                    compared: trend.compared,
                });
            }
            MeasuresFound::Hours(span, hours) => {
                let figures = |figures: &Vec<measures::Figure>| figures.iter().map(figure).collect();
                out.hours = Some(MeasuredHours {
                    measure: self.measures.first().map_or("", |measure| measure.name),
                    days: days(span),
                    weekdays: hours.weekdays.iter().map(figures).collect(),
                    by_hour: figures(&hours.by_hour),
                    by_weekday: figures(&hours.by_weekday),
                    all: figure(&hours.all),
                });
            }
        }
        Reduced { out, told: Vec::new() }
    }
}
