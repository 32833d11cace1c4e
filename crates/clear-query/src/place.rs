//! Places: how many incidents each area has, where they lie thick, where hot, whether they repeat nearby, where they cluster.

use std::collections::BTreeMap;

use clear_place::{
    Accuracy, Bands, Classes, Clusters, Degrees, DenseCell, HotCell, Kernel, LayerName, Level, NearRepeat, Study,
    nested_means,
};
use clear_policy::Grant;
use clear_record::{FieldClass, Seq};
use clear_soql::{Expr, Infix, Node};
use clear_stats::sets::published_before;
use clear_stats::{Box4, Crowd, Shelf, Spot, Spots};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Error, Question, Shelves};

/// Which incidents a map is of. All that are said hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    /// Of which set.
    #[serde(skip_serializing_if = "Of::is_incidents")]
    pub set: Of,
    /// Incidents from this day on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Incidents up to and including this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Incidents whose first offence is of this primary type: `THEFT`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub primary_type: Option<String>,
    /// A condition in SoQL, as in counts: `arrest = true AND ward = 27`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// Sets that have places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Incidents, as far as the asker may see them.
    #[default]
    Incidents,
    /// The public crimes set: each incident where its block is.
    Crimes,
}

impl Of {
    fn is_incidents(&self) -> bool {
        *self == Of::Incidents
    }
}

/// A map of incidents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What is made of them.
    pub make: Make,
    /// Which incidents.
    #[serde(default)]
    pub which: Which,
}

/// What is made of incidents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Make {
    /// Each area of a layer with how many it has, in classes.
    Areas(AreasOf),
    /// Density by a kernel.
    Density(DensityOf),
    /// Hot and cold cells.
    HotSpots(HotSpotsOf),
    /// Whether incidents repeat nearby soon.
    NearRepeat(NearRepeatOf),
    /// Groups that lie closer together than chance has it.
    Clusters(ClustersOf),
}

/// What an area's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// How many incidents.
    #[default]
    Area,
    /// Incidents per square kilometre.
    SquareKm,
}

/// A choropleth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AreasOf {
    /// The layer.
    pub layer: LayerName,
    /// What is shown of each area.
    pub per: Per,
    /// How often the mean divides: two to the power of it are the most classes; 1 to 4.
    pub divisions: u32,
}

/// A density map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DensityOf {
    /// The kernel.
    pub kernel: Kernel,
    /// Its bandwidth, metres.
    pub bandwidth_m: f64,
    /// The side of a cell, metres.
    pub cell_m: f64,
    /// The densest share of the area, whose accuracy is shown.
    pub share: f64,
    /// How many following weeks it is held against, 0 to 12.
    pub weeks: u32,
}

/// A hot-spot map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HotSpotsOf {
    /// The side of a cell, metres.
    pub cell_m: f64,
    /// How far around a cell others count, metres.
    pub distance_m: f64,
    /// The false discovery rate.
    pub rate: f64,
    /// How many following weeks it is held against, 0 to 12.
    pub weeks: u32,
}

/// Knox's table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NearRepeatOf {
    /// The width of a band of distance, metres.
    pub distance_m: f64,
    /// How many bands of distance, beside the same place.
    pub distances: usize,
    /// The width of a band of time, days.
    pub days: u32,
    /// How many bands of time.
    pub times: usize,
    /// How often the days are shuffled.
    pub shuffles: u32,
    /// What the shuffles begin with.
    pub seed: u64,
}

/// Nearest-neighbour hierarchical clusters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClustersOf {
    /// How sure a pair is nearer than chance.
    pub level: Level,
    /// The least number of incidents of a cluster.
    pub least: usize,
}

impl Default for AreasOf {
    fn default() -> AreasOf {
        AreasOf { layer: LayerName::default(), per: Per::default(), divisions: 3 }
    }
}

impl Default for DensityOf {
    fn default() -> DensityOf {
        DensityOf { kernel: Kernel::Quartic, bandwidth_m: 500.0, cell_m: 250.0, share: 0.05, weeks: 2 }
    }
}

impl Default for HotSpotsOf {
    fn default() -> HotSpotsOf {
        HotSpotsOf { cell_m: 250.0, distance_m: 500.0, rate: 0.05, weeks: 2 }
    }
}

impl Default for NearRepeatOf {
    fn default() -> NearRepeatOf {
        NearRepeatOf { distance_m: 100.0, distances: 4, days: 7, times: 4, shuffles: 199, seed: 1 }
    }
}

impl Default for ClustersOf {
    fn default() -> ClustersOf {
        ClustersOf { level: Level::Thousandth, least: 10 }
    }
}

/// What was made of incidents, and of how many.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placed {
    /// Incidents that it is made of.
    pub incidents: u64,
    /// Incidents that match and are in no place of the map: without coordinates or outside.
    pub elsewhere: u64,
    /// The first day of what it is made of.
    pub from: Option<Date>,
    /// The last day of what it is made of.
    pub to: Option<Date>,
    /// What was made.
    pub made: Made,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// A choropleth.
    Areas {
        /// The layer.
        layer: LayerName,
        /// What an area's value is.
        per: Per,
        /// The classes of the values, by nested means.
        classes: Classes,
        /// Each area.
        areas: Vec<AreaValue>,
    },
    /// A density map.
    Density {
        /// The kernel.
        kernel: Kernel,
        /// Its bandwidth, metres.
        bandwidth_m: f64,
        /// The cells above nothing.
        cells: Cells<DenseCell>,
        /// The densest share of the area.
        share: f64,
        /// How the densest cells did in the following weeks.
        accuracy: Following,
    },
    /// A hot-spot map.
    HotSpots {
        /// How far around a cell others count, metres.
        distance_m: f64,
        /// The false discovery rate.
        rate: f64,
        /// The cells that stand out.
        cells: Cells<HotCell>,
        /// How the hot cells did in the following weeks.
        accuracy: Following,
    },
    /// Knox's table.
    NearRepeat(NearRepeat),
    /// Clusters.
    Clusters {
        /// Below how many metres a pair was near, by order.
        thresholds_m: Vec<f64>,
        /// The clusters, the first order first, the largest first.
        clusters: Vec<ClusterOnMap>,
    },
}

/// An area with its value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AreaValue {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How many incidents are filed under it.
    pub count: u64,
    /// The value that its class is of.
    pub value: f64,
    /// Its class, from 0.
    pub class: usize,
}

/// Square cells on the plane around a point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cells<T> {
    /// The point.
    pub around: Degrees,
    /// The side of a cell, metres.
    pub cell_m: f64,
    /// How many cells the study area has.
    pub of: usize,
    /// Those that are shown.
    pub shown: Vec<T>,
}

/// How a map did in the weeks that followed it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Following {
    /// Each week, with its first and last day.
    pub weeks: Vec<Week>,
    /// All of them together.
    pub together: Accuracy,
}

/// A following week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Week {
    /// Its first day.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// How the map did in it.
    #[serde(flatten)]
    pub accuracy: Accuracy,
}

/// A cluster on the map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterOnMap {
    /// 1: of incidents; 2: of such clusters.
    pub order: u32,
    /// How many incidents.
    pub incidents: usize,
    /// Its middle.
    pub centre: Degrees,
    /// Half the long axis of its ellipse, metres; `None` where there is none.
    pub major_m: Option<f64>,
    /// Half the short axis, metres.
    pub minor_m: Option<f64>,
    /// The long axis, degrees clockwise from north.
    pub bearing_degrees: Option<f64>,
    /// The corners of its hull.
    pub hull: Vec<Degrees>,
}

const NO_PLACES: &str = "where incidents lie is not open to you; how many each area has is: show that";
const WEEKS_MAX: u32 = 12;
const DAY_MICROS: i64 = 86_400_000_000;
/// Groups of one count: a city has some hundreds of beats.
const AREAS_MAX: usize = 70_000;

impl Which {
    /// What must hold of an incident; with the days after `to` that are to be looked at as well.
    fn conditions(&self, days_more: u32) -> Result<Vec<Expr>, Error> {
        let wrong = |error: clear_soql::Error| Error::Question(error.to_string());
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(Error::Question(format!("from ({from}) is after to ({to})")));
        }
        let after = |day: Date| {
            day.checked_add((i64::from(days_more) + 1).days())
                .map_err(|_| Error::Question(format!("to ({day}) is too far")))
        };
        let date = match self.set {
            Of::Incidents => "occurred_from",
            Of::Crimes => "date",
        };
        let text = |text: &str| text.trim().replace('\'', "''");
        let said = [
            self.from.map(|day| format!("{date} >= '{day}T00:00:00'")),
            self.to.map(after).transpose()?.map(|day| format!("{date} < '{day}T00:00:00'")),
            self.primary_type.as_deref().map(|kind| format!("primary_type = '{}'", text(kind))),
            // Apart from the others, so that a place in its text is a place in what the asker wrote.
            self.condition.clone(),
        ];
        said.iter().flatten().map(|text| clear_soql::parse::expression(text).map_err(wrong)).collect()
    }

    /// The rows of its set, as the asker sees them: of the public one, those that are published by now.
    fn shelf(&self, shelves: &Shelves, grant: &Grant) -> Option<Shelf> {
        let ties = shelves.ties(grant);
        let of = |alias: &str| shelves.folds().columns.shelf(alias, &ties.sight(grant));
        match self.set {
            Of::Incidents => of("incidents"),
            Of::Crimes => {
                let today = grant.at().to_zoned(shelves.time_zone()).date();
                of("crimes").map(|shelf| shelf.before(clear_stats::micros(published_before(today))))
            }
        }
    }

    /// Whether the asker may read anywhere where incidents of its set lie.
    pub(crate) fn has_places(&self, shelves: &Shelves, grant: &Grant) -> bool {
        let ties = shelves.ties(grant);
        self.set == Of::Crimes || ties.sight(grant).knows(FieldClass::Place)
    }

    /// The incidents on the map, of the sight.
    pub(crate) fn spots(
        &self,
        shelves: &Shelves,
        grant: &Grant,
        days_more: u32,
        within: Option<Box4>,
    ) -> Result<Spots, Error> {
        let conditions = self.conditions(days_more)?;
        let shelf = self.shelf(shelves, grant).ok_or_else(|| Error::Question("there is no such set here".into()))?;
        shelf.spots(&conditions, within).map_err(Error::of_stats)
    }

    /// The incidents in a box, counted by their coordinates; `None` where those are too many different ones.
    pub(crate) fn crowds(&self, shelves: &Shelves, grant: &Grant, within: Box4) -> Result<Option<Vec<Crowd>>, Error> {
        let conditions = self.conditions(0)?;
        let shelf = self.shelf(shelves, grant).ok_or_else(|| Error::Question("there is no such set here".into()))?;
        shelf.crowds(&conditions, within).map_err(Error::of_stats)
    }
}

impl Question for Place {
    type Match = Placed;
    const NAME: &'static str = "place";

    async fn run(&self, shelves: &Shelves, grant: &Grant, _seq: Seq) -> Result<Placed, Error> {
        match &self.make {
            Make::Areas(of) => areas(of, &self.which, shelves, grant),
            Make::Density(of) => {
                let split = Split::of(&self.which, shelves, grant, of.weeks)?;
                let study = split.study(shelves, of.cell_m)?;
                let found = study.dense_map(&split.before(), &split.weeks(), of.kernel, of.bandwidth_m, of.share);
                let found = found.map_err(wrong)?;
                let accuracy = split.following(found.weeks, found.following);
                let cells = cells(&study, of.cell_m, found.cells, found.dense);
                let made =
                    Made::Density { kernel: of.kernel, bandwidth_m: of.bandwidth_m, cells, share: of.share, accuracy };
                Ok(split.placed(made))
            }
            Make::HotSpots(of) => {
                let split = Split::of(&self.which, shelves, grant, of.weeks)?;
                let study = split.study(shelves, of.cell_m)?;
                let found = study.hot_map(&split.before(), &split.weeks(), of.distance_m, of.rate).map_err(wrong)?;
                let accuracy = split.following(found.weeks, found.following);
                let cells = cells(&study, of.cell_m, found.cells, found.marked);
                Ok(split.placed(Made::HotSpots { distance_m: of.distance_m, rate: of.rate, cells, accuracy }))
            }
            Make::NearRepeat(of) => {
                let split = Split::of(&self.which, shelves, grant, 0)?;
                let dated: Vec<(Degrees, i32)> =
                    split.made_of.iter().filter_map(|spot| Some((place_of(spot), day_of(spot)?))).collect();
                let (places, days): (Vec<Degrees>, Vec<i32>) = dated.into_iter().unzip();
                let study = split.study(shelves, 1_000.0)?;
                let bands =
                    Bands { distance_m: of.distance_m, distances: of.distances, days: of.days, times: of.times };
                let table = clear_place::near_repeat(&study.plane(&places), &days, bands, of.shuffles, of.seed);
                Ok(split.placed(Made::NearRepeat(table.map_err(wrong)?)))
            }
            Make::Clusters(of) => {
                let split = Split::of(&self.which, shelves, grant, 0)?;
                let study = split.study(shelves, 250.0)?;
                let points = study.plane(&split.before());
                let found = clear_place::clusters(&points, study.square_km(), of.level, of.least).map_err(wrong)?;
                let Clusters { thresholds_m, clusters } = found;
                let on_map = |cluster: clear_place::Cluster| ClusterOnMap {
                    order: cluster.order,
                    incidents: cluster.incidents,
                    centre: study.degrees(cluster.centre),
                    major_m: cluster.ellipse.map(|ellipse| ellipse.major_m),
                    minor_m: cluster.ellipse.map(|ellipse| ellipse.minor_m),
                    bearing_degrees: cluster.ellipse.map(|ellipse| ellipse.bearing_degrees),
                    hull: cluster.hull.iter().map(|corner| study.degrees(*corner)).collect(),
                };
                let clusters = clusters.into_iter().map(on_map).collect();
                Ok(split.placed(Made::Clusters { thresholds_m, clusters }))
            }
        }
    }
}

fn wrong(error: clear_place::Error) -> Error {
    Error::Question(error.to_string())
}

fn cells<T>(study: &Study, cell_m: f64, of: usize, shown: Vec<T>) -> Cells<T> {
    Cells { around: study.around, cell_m, of, shown }
}

/// Both conditions. Neither depends on where it stood.
fn both(one: Expr, other: Expr) -> Expr {
    let span = one.span;
    Expr::new(Node::Infix(Box::new(one), Infix::And, Box::new(other)), span)
}

/// The column that an area's incidents are filed under.
fn column_of(layer: LayerName) -> &'static str {
    match layer {
        LayerName::Beats => "beat",
        LayerName::Districts => "district",
        LayerName::Areas => "community_area",
    }
}

/// A choropleth counts what is filed under each area, as tables do: a shifted coordinate lies in the next beat too often.
fn areas(of: &AreasOf, which: &Which, shelves: &Shelves, grant: &Grant) -> Result<Placed, Error> {
    let AreasOf { layer, per, divisions } = *of;
    if !(1..=4).contains(&divisions) {
        return Err(Error::Question(format!("divisions is {divisions}; it should be between 1 and 4")));
    }
    let geography = shelves.geography();
    let Some(drawn) = geography.layer(layer) else {
        return Err(Error::Question(format!("this installation has no layer `{}`", layer.word())));
    };
    let filter = which.conditions(0)?.into_iter().reduce(both);
    let counts = clear_stats::Counts { group_by: vec![column_of(layer).to_owned()], filter, limit: AREAS_MAX };
    let shelf = which.shelf(shelves, grant);
    let table = shelf.map_or_else(|| Ok(clear_stats::Table::default()), |shelf| shelf.count(&counts));
    let table = table.map_err(Error::of_stats)?;
    let mut by_code: BTreeMap<String, u64> = BTreeMap::new();
    for row in &table.rows {
        if let [Some(code), Some(count)] = row.as_slice() {
            *by_code.entry(layer.code(code)).or_default() += count.parse::<u64>().unwrap_or_default();
        }
    }
    let mut found: Vec<AreaValue> = Vec::new();
    for area in drawn.all() {
        let count = by_code.get(&area.code).copied().unwrap_or_default();
        let value = match per {
            Per::Area => count as f64,
            Per::SquareKm if area.square_km > 0.0 => (count as f64 / area.square_km * 100.0).round() / 100.0,
            Per::SquareKm => 0.0,
        };
        found.push(AreaValue { code: area.code.clone(), name: area.name.clone(), count, value, class: 0 });
    }
    let values: Vec<f64> = found.iter().map(|area| area.value).collect();
    let classes = nested_means(&values, divisions).unwrap_or_default();
    for area in &mut found {
        area.class = classes.of(area.value);
    }
    let incidents = found.iter().map(|area| area.count).sum();
    Ok(Placed {
        incidents,
        elsewhere: table.total.saturating_sub(incidents),
        from: which.from,
        to: which.to,
        made: Made::Areas { layer, per, classes, areas: found },
    })
}

/// Incidents that a map is made of, and those of the weeks that follow, by which it is judged.
struct Split {
    made_of: Vec<Spot>,
    later: Vec<Vec<Spot>>,
    elsewhere: u64,
    first: Option<i32>,
    /// The last day of what it is made of.
    last: Option<i32>,
}

fn place_of(spot: &Spot) -> Degrees {
    Degrees { longitude: spot.longitude, latitude: spot.latitude }
}

/// Days since 1970.
fn day_of(spot: &Spot) -> Option<i32> {
    i32::try_from(spot.micros?.div_euclid(DAY_MICROS)).ok()
}

/// `2018-10-01T12:30`.
pub(crate) fn minute(micros: i64) -> Option<String> {
    let at = Date::constant(1970, 1, 1).to_datetime(jiff::civil::Time::midnight());
    let at = at.checked_add(jiff::Span::new().try_microseconds(micros).ok()?).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M").to_string())
}

fn date_of(day: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(i64::from(day).days()).ok()
}

fn number_of(date: Date) -> i32 {
    Date::constant(1970, 1, 1).until(date).map_or(0, |span| span.get_days())
}

impl Split {
    /// Without a last day the map ends so many weeks before the newest incident, so that there is something to judge it by.
    fn of(which: &Which, shelves: &Shelves, grant: &Grant, weeks: u32) -> Result<Split, Error> {
        if weeks > WEEKS_MAX {
            return Err(Error::Question(format!("weeks is {weeks}; it should be between 0 and {WEEKS_MAX}")));
        }
        if !which.has_places(shelves, grant) {
            return Err(Error::Question(NO_PLACES.to_owned()));
        }
        let Spots { spots, elsewhere } = which.spots(shelves, grant, weeks * 7, None)?;
        let days = i32::try_from(weeks * 7).unwrap_or(0);
        let last = match which.to {
            Some(to) => Some(number_of(to)),
            None => spots.iter().filter_map(day_of).max().map(|newest| newest - days),
        };
        let mut split = Split {
            made_of: Vec::new(),
            later: (0..weeks).map(|_| Vec::new()).collect(),
            elsewhere,
            first: which.from.map(number_of).or_else(|| spots.iter().filter_map(day_of).min()),
            last,
        };
        for spot in spots {
            let after = day_of(&spot).zip(last).map_or(0, |(day, last)| day - last);
            match usize::try_from((after - 1).div_euclid(7)) {
                Err(_) => split.made_of.push(spot),
                Ok(week) => {
                    if let Some(week) = split.later.get_mut(week) {
                        week.push(spot);
                    }
                }
            }
        }
        Ok(split)
    }

    fn before(&self) -> Vec<Degrees> {
        self.made_of.iter().map(place_of).collect()
    }

    fn weeks(&self) -> Vec<Vec<Degrees>> {
        self.later.iter().map(|week| week.iter().map(place_of).collect()).collect()
    }

    fn study(&self, shelves: &Shelves, cell_m: f64) -> Result<Study, Error> {
        let geography = shelves.geography();
        Study::of(geography.city().map(AsRef::as_ref), &self.before(), cell_m).map_err(wrong)
    }

    fn following(&self, weeks: Vec<Accuracy>, together: Accuracy) -> Following {
        let week = |(at, accuracy): (i32, Accuracy)| {
            let from = self.last? + 1 + at * 7;
            Some(Week { from: date_of(from)?, to: date_of(from + 6)?, accuracy })
        };
        Following { weeks: (0..).zip(weeks).filter_map(week).collect(), together }
    }

    fn placed(&self, made: Made) -> Placed {
        Placed {
            incidents: self.made_of.len() as u64,
            elsewhere: self.elsewhere,
            from: self.first.and_then(date_of),
            to: self.last.and_then(date_of),
            made,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_says_what_it_makes_and_of_which() {
        let read = |json: &str| serde_json::from_str::<Place>(json).map_err(|error| error.to_string());
        let place =
            read(r#"{"make": {"hot_spots": {"cell_m": 300}}, "which": {"type": "THEFT", "from": "2018-10-01"}}"#)
                .unwrap();
        assert_eq!(place.make, Make::HotSpots(HotSpotsOf { cell_m: 300.0, ..HotSpotsOf::default() }));
        assert_eq!(read(r#"{"make": {"areas": {}}}"#).unwrap().make, Make::Areas(AreasOf::default()));
        for json in [
            r#"{"make": {"hot_spots": {"cells": 3}}}"#,
            r#"{"make": {"person_scores": {}}}"#,
            "{}",
            r#"{"make": {"areas": {}}, "of": 1}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
        let conditions = |which: &str, more| {
            let which: Which = serde_json::from_str(which).unwrap();
            which
                .conditions(more)
                .map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            conditions(r#"{"from": "2018-10-01", "to": "2018-10-28", "type": "O'HARE"}"#, 14).unwrap(),
            "occurred_from >= '2018-10-01T00:00:00'; occurred_from < '2018-11-12T00:00:00'; primary_type = 'O''HARE'"
        );
        assert_eq!(conditions("{}", 0).unwrap(), "");
        for which in
            [r#"{"from": "2018-10-02", "to": "2018-10-01"}"#, r#"{"to": "9999-12-31"}"#, r#"{"where": "arrest = "}"#]
        {
            assert!(conditions(which, 0).is_err(), "{which}");
        }
    }
}
