//! Boards, trends and hours: one address for each, with its filters.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use clear_record::{Inquiry, Seq, Standing};
use clear_respond::{
    DIMENSIONS, MEASURES, Measured, MeasuredBoard, MeasuredCell, MeasuredChange, MeasuredFigure, MeasuredHours,
    MeasuredTrend, Measures, MeasuresView,
};

use crate::api::measures::{published, question};
use crate::app::App;
use crate::asker::{Asker, KeptInquiry, Visitor};
use crate::fault::Fault;
use crate::pages::bar::{self, Bar, Choice};
use crate::pages::chrome::Chrome;
use crate::pages::{html, mistaken};
use crate::soda::Line;

/// What a trend shows on the page unless others are named.
const TREND_USUAL: [&str; 3] = ["index", "violent", "property"];
/// What the hours are of unless another is named.
const HOURS_USUAL: &str = "incidents";
/// The height of a trend's chart, and the width of a month and of the whole, in its own units.
const CHART_HEIGHT: f64 = 120.0;
const CHART_WIDTH: f64 = 720.0;
/// Fewer months do not make broader bars.
const MONTHS_LEAST: usize = 12;
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A change as the page says it.
struct Change {
    then: String,
    /// `more`, `fewer` or `none`: how it looks.
    look: &'static str,
    says: &'static str,
    /// How sure that is.
    sure: String,
}

/// A figure as the page says it.
struct Said {
    value: String,
    bounds: String,
    rate: String,
}

struct BoardCell {
    now: Said,
    previous: Option<Change>,
    last_year: Option<Change>,
}

struct BoardLine {
    measure: &'static str,
    counts: &'static str,
    value: Option<String>,
    cells: Vec<BoardCell>,
    /// The length of the bar of the second period, 0 to 100.
    length: f64,
}

/// A period's heading.
struct Head {
    title: &'static str,
    days: String,
    /// Whether anything is compared with as many days before.
    previous: bool,
}

struct Board {
    on: String,
    by: Option<&'static str>,
    heads: Vec<Head>,
    lines: Vec<BoardLine>,
    compared: usize,
}

/// A month of a chart.
struct Bar28 {
    x: String,
    y: String,
    width: String,
    height: String,
    /// Where the bounds are.
    middle: String,
    upper: String,
    lower: String,
    title: String,
    partial: bool,
}

struct TrendChart {
    title: &'static str,
    most: String,
    bars: Vec<Bar28>,
}

struct TrendLine {
    month: String,
    partial: bool,
    cells: Vec<(Said, Option<Change>)>,
}

struct Trend {
    titles: Vec<&'static str>,
    charts: Vec<TrendChart>,
    lines: Vec<TrendLine>,
    compared: usize,
}

struct HoursLine {
    title: &'static str,
    /// Each with its shade, 0 to 5.
    cells: Vec<(String, u8)>,
    all: String,
}

struct Hours {
    title: &'static str,
    days: String,
    lines: Vec<HoursLine>,
    by_hour: Vec<String>,
    all: String,
}

#[derive(Template)]
#[template(path = "analysis.html")]
struct Analysis {
    chrome: Chrome,
    /// Whether it is of the public extract, for everybody.
    public: bool,
    bar: Bar,
    said: BTreeMap<String, String>,
    views: Vec<Choice>,
    by: Vec<Choice>,
    measures: Vec<Choice>,
    problem: Option<String>,
    notes: Vec<String>,
    board: Option<Board>,
    trend: Option<Trend>,
    hours: Option<Hours>,
    data: String,
    /// The same question of the API.
    api: String,
    number: String,
    entry: u64,
}

impl Analysis {
    /// A field as it was typed.
    fn get(&self, name: &str) -> &str {
        self.said.get(name).map_or("", String::as_str)
    }
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut page = Analysis::of(&app, &asker.standing, &kept, &pairs);
    let fault = match asked(pairs) {
        Ok((question, see)) => {
            page.api = address("/api/v1/measures", &question);
            match asker.ask(&app, bar::stated(kept.clone(), &asker.standing), see, question).await {
                Ok(answered) => {
                    page.fill(answered.response.get());
                    page.number = answered.number.to_string();
                    page.entry = answered.response.receipt().index();
                    return html(&page);
                }
                Err(fault) if fault.is_mistake() => fault,
                Err(fault) => return Err(fault),
            }
        }
        Err(fault) => {
            asker.signed_in(&app)?;
            fault
        }
    };
    page.bar = Bar::of(&app, &asker.standing, &kept, Some(fault.problem()));
    page.wrong(&fault)
}

/// The figures of the public extract, for everybody.
pub(crate) async fn public(
    State(app): State<Arc<App>>,
    Visitor(visitor): Visitor,
    line: Line,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut page = Analysis::of(&app, &Standing::resident(), &Inquiry::default(), &pairs);
    page.chrome = Chrome::of(&app, visitor.as_deref(), "figures");
    page.public = true;
    let found = match asked(pairs.clone()) {
        Ok((question, _)) => {
            page.api = address("/api/v1/figures", &question);
            published(&app, &line, question).await
        }
        Err(fault) => Err(fault),
    };
    match found {
        Ok(answer) => {
            page.fill(answer.get());
            html(&page)
        }
        Err(fault) if fault.status() == StatusCode::BAD_REQUEST => page.wrong(&fault),
        Err(fault) => Err(fault),
    }
}

/// The question of the page's address; what a view shows unless it is said.
fn asked(pairs: Vec<(String, String)>) -> Result<(Measures, Option<Seq>), Fault> {
    let (mut question, see) = question(pairs)?;
    if question.measures.is_empty() {
        question.measures = match question.view {
            MeasuresView::Board => vec![],
            MeasuresView::Trend => TREND_USUAL.map(str::to_owned).to_vec(),
            MeasuresView::Hours => vec![HOURS_USUAL.to_owned()],
        };
    }
    Ok((question, see))
}

impl Analysis {
    /// The form as it was filled in.
    fn of(app: &App, standing: &Standing, kept: &Inquiry, pairs: &[(String, String)]) -> Analysis {
        let said: BTreeMap<String, String> =
            pairs.iter().map(|(name, text)| (name.clone(), text.trim().to_owned())).collect();
        let get = |name: &str| said.get(name).map_or("", String::as_str);
        let views = MeasuresView::ALL.map(|view| Choice {
            code: view.word().into(),
            title: match view {
                MeasuresView::Board => "Board: 7 days, 28 days, year to date",
                MeasuresView::Trend => "Trend: month after month",
                MeasuresView::Hours => "Hours of the week",
            }
            .into(),
            chosen: get("view") == view.word(),
        });
        let chosen = |name: &str| {
            pairs.iter().any(|(field, text)| field == "measures" && text.split(',').any(|text| text.trim() == name))
        };
        let by = |(name, title): &(&str, &str)| Choice {
            code: (*name).into(),
            title: (*title).into(),
            chosen: get("by") == *name,
        };
        let measure = |it: &clear_respond::Measure| Choice {
            code: it.name.into(),
            title: it.title.into(),
            chosen: chosen(it.name),
        };
        Analysis {
            chrome: Chrome::of(app, Some(standing), "analysis"),
            public: false,
            bar: Bar::of(app, standing, kept, None),
            views: views.into_iter().collect(),
            by: DIMENSIONS.iter().map(by).collect(),
            measures: MEASURES.iter().map(measure).collect(),
            problem: None,
            notes: vec![],
            board: None,
            trend: None,
            hours: None,
            data: String::new(),
            api: String::new(),
            number: String::new(),
            entry: 0,
            said,
        }
    }

    /// The page with what is wrong with the question.
    fn wrong(&mut self, fault: &Fault) -> Result<Response, Fault> {
        self.problem = Some(fault.problem().message.clone());
        mistaken(self, fault)
    }
}

/// The question's address in the API.
fn address(path: &str, question: &Measures) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(question) {
        for (name, value) in &fields {
            match value {
                serde_json::Value::String(text) => _ = query.append_pair(name, text),
                serde_json::Value::Array(texts) => {
                    let texts: Vec<&str> = texts.iter().filter_map(serde_json::Value::as_str).collect();
                    query.append_pair(name, &texts.join(","));
                }
                serde_json::Value::Object(pairs) => {
                    let pairs: Vec<String> = pairs.iter().map(|(value, count)| format!("{value}:{count}")).collect();
                    query.append_pair(name, &pairs.join(","));
                }
                other => _ = query.append_pair(name, &other.to_string()),
            }
        }
    }
    format!("{path}?{}", query.finish())
}

impl Analysis {
    fn fill(&mut self, found: &Measured) {
        if let (Some(from), Some(to)) = (&found.data_from, &found.data_to) {
            self.data = format!("{from} to {to}");
        }
        self.notes.clone_from(&found.notes);
        let title =
            |name: &str| found.measures.iter().find(|it| it.name == name).map_or(("", ""), |it| (it.title, it.counts));
        self.board = found.board.as_ref().map(|board| a_board(board, title));
        self.trend = found.trend.as_ref().map(|trend| a_trend(trend, title));
        self.hours = found.hours.as_ref().map(|hours| the_hours(hours, title));
    }
}

fn a_board(found: &MeasuredBoard, title: impl Fn(&str) -> (&'static str, &'static str)) -> Board {
    let second = |cells: &[MeasuredCell]| cells.get(1).map_or(0, |cell| cell.now.count);
    // Bars are compared within their measure, rows of everything left out.
    let most = |measure: &str| {
        let rows = found.rows.iter().filter(|row| row.measure == measure && (!row.all || found.by.is_none()));
        rows.map(|row| second(&row.cells)).max().unwrap_or(0)
    };
    let all = found.rows.iter().map(|row| second(&row.cells)).max().unwrap_or(0);
    let line = |row: &clear_respond::MeasuredRow| {
        let (measure, counts) = title(row.measure);
        let of = if found.by.is_some() { most(row.measure) } else { all };
        BoardLine {
            measure,
            counts,
            value: (!row.all).then(|| row.value.clone().unwrap_or_else(|| "not known".to_owned())),
            cells: row.cells.iter().map(a_cell).collect(),
            length: if row.all && found.by.is_some() { 0.0 } else { length(second(&row.cells), of) },
        }
    };
    Board {
        on: found.on.clone(),
        by: found.by.and_then(|by| DIMENSIONS.iter().find(|(name, _)| *name == by)).map(|(_, title)| *title),
        heads: found
            .periods
            .iter()
            .map(|it| Head {
                title: it.title,
                days: format!("{} to {}", it.now.from, it.now.to),
                previous: it.name != "year_to_date",
            })
            .collect(),
        lines: found.rows.iter().map(line).collect(),
        compared: found.compared,
    }
}

fn a_cell(cell: &MeasuredCell) -> BoardCell {
    BoardCell {
        now: said(&cell.now),
        previous: cell.previous.as_ref().map(a_change),
        last_year: cell.last_year.as_ref().map(a_change),
    }
}

fn a_change(change: &MeasuredChange) -> Change {
    let look = match change.says {
        "more" => "more",
        "fewer" => "fewer",
        _ => "none",
    };
    let ratio = change.ratio.map(|ratio| {
        let lower = change.ratio_lower.map(decimal).unwrap_or_default();
        let upper = change.ratio_upper.map_or("∞".to_owned(), decimal);
        format!("ratio {} ({lower} to {upper}), ", decimal(ratio))
    });
    Change {
        then: said(&change.then).value,
        look,
        says: change.says,
        sure: format!(
            "{}p = {}, corrected {}",
            ratio.unwrap_or_default(),
            p_value(change.p),
            p_value(change.corrected)
        ),
    }
}

fn a_trend(found: &MeasuredTrend, title: impl Fn(&str) -> (&'static str, &'static str)) -> Trend {
    let charts = found.series.iter().map(|series| {
        let value = |figure: &MeasuredFigure| figure.value.unwrap_or_default();
        // A bound far above everything would flatten the rest.
        let most =
            series.months.iter().map(|it| it.figure.upper.min(2.0 * value(&it.figure) + 4.0)).fold(0.0, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "months of some years")]
        let each = CHART_WIDTH / series.months.len().max(MONTHS_LEAST) as f64;
        let at = |number: f64| CHART_HEIGHT - (number / most).clamp(0.0, 1.0) * CHART_HEIGHT;
        let bars = (0u32..).zip(&series.months).map(|(number, month)| {
            let x = f64::from(number) * each;
            let top = at(value(&month.figure));
            Bar28 {
                x: decimal(x + each * 0.12),
                y: decimal(top),
                width: decimal(each * 0.76),
                height: decimal(CHART_HEIGHT - top),
                middle: decimal(x + each / 2.0),
                upper: decimal(at(month.figure.upper)),
                lower: decimal(at(month.figure.lower)),
                title: format!("{}: {}", month.month, said(&month.figure).value),
                partial: month.partial,
            }
        });
        let share = series.months.iter().any(|month| month.figure.of.is_some());
        TrendChart {
            title: title(series.measure).0,
            most: if share { per_cent(most) } else { decimal(most) },
            bars: bars.collect(),
        }
    });
    let months = found.series.first().map(|series| series.months.as_slice()).unwrap_or_default();
    let line = |(at, month): (usize, &clear_respond::MeasuredMonth)| TrendLine {
        month: month.month.clone(),
        partial: month.partial,
        cells: found
            .series
            .iter()
            .filter_map(|series| series.months.get(at))
            .map(|it| (said(&it.figure), it.last_year.as_ref().map(a_change)))
            .collect(),
    };
    Trend {
        titles: found.series.iter().map(|series| title(series.measure).0).collect(),
        charts: charts.collect(),
        lines: months.iter().enumerate().map(line).collect(),
        compared: found.compared,
    }
}

fn the_hours(found: &MeasuredHours, title: impl Fn(&str) -> (&'static str, &'static str)) -> Hours {
    let value = |figure: &MeasuredFigure| figure.value.unwrap_or_default();
    let most = found.weekdays.iter().flatten().map(value).fold(0.0, f64::max);
    let shade = |figure: &MeasuredFigure| -> u8 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5")]
        let shade = if most > 0.0 { (value(figure) / most * 5.0).ceil() as u8 } else { 0 };
        shade.min(5)
    };
    let line = |((day, all), title): ((&Vec<MeasuredFigure>, &MeasuredFigure), &&'static str)| HoursLine {
        title,
        cells: day.iter().map(|figure| (said(figure).value, shade(figure))).collect(),
        all: said(all).value,
    };
    Hours {
        title: title(found.measure).0,
        days: format!("{} to {}", found.days.from, found.days.to),
        lines: found.weekdays.iter().zip(&found.by_weekday).zip(&WEEKDAYS).map(line).collect(),
        by_hour: found.by_hour.iter().map(|figure| said(figure).value).collect(),
        all: said(&found.all).value,
    }
}

fn said(figure: &MeasuredFigure) -> Said {
    let value = match (figure.of, figure.value) {
        (None, _) => thousands(figure.count),
        (Some(_), Some(share)) => per_cent(share),
        (Some(_), None) => "–".to_owned(),
    };
    let bounds = match figure.of {
        None => format!("{} to {}", decimal(figure.lower), decimal(figure.upper)),
        Some(0) => String::new(),
        Some(of) => format!(
            "{} of {}; {} to {}",
            thousands(figure.count),
            thousands(of),
            per_cent(figure.lower),
            per_cent(figure.upper)
        ),
    };
    let rate = figure.rate.as_ref().map(|rate| format!("{} for 100,000", decimal(rate.value))).unwrap_or_default();
    Said { value, bounds, rate }
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// As many digits as say something.
fn decimal(number: f64) -> String {
    let places = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{number:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn per_cent(share: f64) -> String {
    format!("{} %", decimal((share * 1_000.0).round() / 10.0))
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "below 0.001".to_owned() } else { format!("{p:.3}") }
}

#[expect(clippy::cast_precision_loss, reason = "a bar's length needs no more than a float has")]
fn length(count: u64, most: u64) -> f64 {
    if most == 0 { 0.0 } else { (count as f64 * 1_000.0 / most as f64).round() / 10.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0, 999, 1_000, 1_613_423].map(thousands), ["0", "999", "1,000", "1,613,423"]);
        assert_eq!([0.0, 0.6186, 8.77, 14.42, 121.6, 2.0].map(decimal), ["0", "0.62", "8.77", "14.4", "122", "2"]);
        assert_eq!([0.0, 0.3333, 1.0].map(per_cent), ["0 %", "33.3 %", "100 %"]);
        assert_eq!([0.0004, 0.0371, 1.0].map(p_value), ["below 0.001", "0.037", "1.000"]);
    }
}
