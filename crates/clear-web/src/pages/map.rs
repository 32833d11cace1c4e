//! The map: a picture that needs no script, its figures as tables, and a map to move around in for whoever wants it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use clear_place::LayerName;
use clear_respond::{Following, HotSpotsOf, Made, Make, Of, Placed};

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::assets;
use crate::fault::Fault;
use crate::maps::asked::{asked, set_of};
use crate::maps::draw::{self, figure};
use crate::maps::pictures::{source, title};
use crate::maps::wish::{SHOWS, Unread, Wish};
use crate::pages::bar::{Bar, Choice};
use crate::pages::chrome::Chrome;
use crate::pages::html;

/// Rows of a table under a map.
const ROWS_MAX: usize = 25;

/// A table of figures.
#[derive(Default)]
struct Table {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    note: String,
}

/// The map to move around in.
struct Island {
    box_: String,
    layers: String,
    marks: &'static str,
    query: String,
}

#[derive(Template)]
#[template(path = "map.html")]
struct MapPage {
    chrome: Chrome,
    bar: Bar,
    signed_in: bool,
    /// Whether it is everybody's map.
    public: bool,
    shows: Vec<Choice>,
    layers: Vec<Choice>,
    per_square_km: bool,
    wish: Wish,
    problem: Option<String>,
    svg: String,
    says: String,
    incidents: u64,
    elsewhere: u64,
    period: String,
    tables: Vec<Table>,
    query: String,
    island: Option<Island>,
    loader: &'static str,
    script: &'static str,
    worker: &'static str,
    style: &'static str,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let set = set_of(&asker, &pairs);
    let (wish, mut problem) = match Wish::read(&pairs, set) {
        Ok(wish) => (wish, None),
        // The form as it is empty, with what is wrong above it.
        Err(Unread(what)) => (empty(set)?, Some(format!("{what}."))),
    };
    let mut status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut bar = Bar::of(&app, &asker.standing, &kept, None);
    let mut seen = None;
    if problem.is_none() {
        match asked(&app, &asker, &kept, set, wish.place.clone()).await {
            Ok(answer) => seen = Some(answer),
            Err(fault) if fault.is_mistake() => {
                bar = Bar::of(&app, &asker.standing, &kept, Some(fault.problem()));
                problem = Some(fault.problem().message.clone());
                status = fault.status();
            }
            Err(fault) => return Err(fault),
        }
    }
    let choices = |known: &[(&str, &str)], chosen: &str| -> Vec<Choice> {
        let choice = |(code, title): &(&str, &str)| Choice {
            code: (*code).into(),
            title: (*title).into(),
            chosen: *code == chosen,
        };
        known.iter().map(choice).collect()
    };
    let geography = app.desk.geography();
    let layers: Vec<(&str, &str)> = geography.layers().map(|layer| (layer.word(), layer.title())).collect();
    let mut page = MapPage {
        chrome: Chrome::of(&app, Some(&asker.standing), "map"),
        bar,
        signed_in: asker.standing.account.is_some(),
        public: set == Of::Crimes,
        shows: choices(SHOWS, wish.show),
        layers: choices(&layers, wish.said("layer")),
        per_square_km: wish.said("per") == "square_km",
        problem,
        svg: String::new(),
        says: String::new(),
        incidents: 0,
        elsewhere: 0,
        period: String::new(),
        tables: Vec::new(),
        query: wish.query(),
        island: None,
        loader: &assets::LOADER_PATH,
        script: &assets::MAP_PATH,
        worker: &assets::WORKER_PATH,
        style: &assets::MAP_STYLE_PATH,
        wish,
    };
    if let Some(seen) = &seen {
        let placed: &Placed = seen.get();
        page.says = draw::in_words(placed);
        if !matches!(placed.made, Made::NearRepeat(_)) {
            let picture = draw::picture(&geography, placed, &title(&app, &page.wish), &source(&app, set));
            page.svg = picture.svg("map");
        }
        (page.incidents, page.elsewhere) = (placed.incidents, placed.elsewhere);
        page.period = match (placed.from, placed.to) {
            (Some(from), Some(to)) => format!("{from} to {to}"),
            (Some(from), None) => format!("from {from}"),
            (None, Some(to)) => format!("to {to}"),
            (None, None) => String::new(),
        };
        page.tables = tables(placed);
        page.island = geography.city().filter(|_| !page.svg.is_empty()).map(|city| {
            let (low, high) = (city.bounds().low, city.bounds().high);
            let which = page.wish.query_of_which();
            Island {
                box_: format!("{},{},{},{}", low.longitude, low.latitude, high.longitude, high.latitude),
                layers: geography
                    .layers()
                    .filter(|layer| *layer != LayerName::Areas)
                    .map(LayerName::word)
                    .collect::<Vec<_>>()
                    .join(","),
                // Tiles have the usual settings; another picture's cells would be others.
                marks: if page.wish.place.make == Make::HotSpots(HotSpotsOf::default()) {
                    "hot-spots"
                } else {
                    "incidents"
                },
                query: if which.is_empty() { which } else { format!("?{which}") },
            }
        });
    }
    let mut response = html(&page)?;
    *response.status_mut() = status;
    if let Some(seen) = &seen {
        response.headers_mut().extend(seen.headers());
    }
    // This page alone has scripts: its own, from this host. The worker too; pictures that the map makes of itself are `blob:`.
    let policy = "default-src 'self'; script-src 'self'; worker-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(response)
}

fn empty(set: Of) -> Result<Wish, Fault> {
    Wish::read(&[], set).map_err(|Unread(what)| Fault::new(StatusCode::BAD_REQUEST, "wrong", what))
}

/// What a map shows, as figures.
fn tables(placed: &Placed) -> Vec<Table> {
    match &placed.made {
        Made::Areas { layer, areas, .. } => {
            let mut most: Vec<_> = areas.iter().filter(|area| area.count > 0).collect();
            most.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.code.cmp(&b.code)));
            let row =
                |area: &&clear_respond::AreaValue| vec![area.name.clone(), area.count.to_string(), figure(area.value)];
            let note = if most.len() > ROWS_MAX {
                format!("The {ROWS_MAX} of {} areas with most; the others are in the file.", most.len())
            } else {
                String::new()
            };
            vec![Table {
                title: format!("By {}", layer.title().to_lowercase()),
                columns: vec![layer.title(), "Incidents", "Value shown"],
                rows: most.iter().take(ROWS_MAX).map(row).collect(),
                note,
            }]
        }
        Made::Density { share, accuracy, .. } => {
            vec![following(accuracy, &format!("the densest {} % of the area", figure(share * 100.0)))]
        }
        Made::HotSpots { accuracy, .. } => vec![following(accuracy, "the hot cells")],
        Made::NearRepeat(table) => vec![near_repeat(table)],
        Made::Clusters { clusters, thresholds_m } => {
            let row = |cluster: &clear_respond::ClusterOnMap| {
                let axes = cluster.major_m.zip(cluster.minor_m);
                let axes = axes.map_or_else(String::new, |(major, minor)| {
                    format!("{} × {} m", figure(2.0 * major), figure(2.0 * minor))
                });
                vec![
                    cluster.order.to_string(),
                    cluster.incidents.to_string(),
                    format!("{:.4}, {:.4}", cluster.centre.latitude, cluster.centre.longitude),
                    axes,
                ]
            };
            let first = thresholds_m.first().copied().unwrap_or_default();
            vec![Table {
                title: "Clusters".to_owned(),
                columns: vec!["Order", "Incidents", "Centre", "Ellipse"],
                rows: clusters.iter().take(ROWS_MAX).map(row).collect(),
                note: format!("Two incidents were near below {} m.", figure(first)),
            }]
        }
    }
}

fn following(accuracy: &Following, marked: &str) -> Table {
    let together = accuracy.together;
    let index = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    let week = |week: &clear_respond::Week| {
        let it = &week.accuracy;
        vec![
            format!("{} to {}", week.from, week.to),
            it.incidents.to_string(),
            it.hits.to_string(),
            index(it.pai),
            index(it.pei),
        ]
    };
    let mut rows: Vec<Vec<String>> = accuracy.weeks.iter().map(week).collect();
    if rows.len() > 1 {
        rows.push(vec![
            "together".to_owned(),
            together.incidents.to_string(),
            together.hits.to_string(),
            index(together.pai),
            index(together.pei),
        ]);
    }
    let note = if rows.is_empty() {
        "It was not held against any following week.".to_owned()
    } else {
        let area = 100.0 * together.marked as f64 / (together.cells.max(1)) as f64;
        format!(
            "Marked: {marked}, {} % of the area. An index (PAI) of 1 is what marking at random gives; PEI is the share of what was possible with hindsight.",
            figure(area)
        )
    };
    Table {
        title: "How it did in the weeks that followed".to_owned(),
        columns: vec!["Week", "Incidents", "In the marked area", "PAI", "PEI"],
        rows,
        note,
    }
}

fn near_repeat(table: &clear_place::NearRepeat) -> Table {
    let row = |cell: &clear_place::Cell| {
        let distance = if cell.to_m <= 1.0 {
            "same place".to_owned()
        } else {
            format!("{} to {} m", figure(cell.from_m), figure(cell.to_m))
        };
        let ratio = cell.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
        vec![
            distance,
            format!("{} to {} days", cell.from_days, cell.to_days),
            cell.observed.to_string(),
            figure(cell.expected),
            ratio,
            format!("{:.3}", cell.p),
            format!("{:.3}", cell.rate),
        ]
    };
    Table {
        title: "Pairs by distance and days".to_owned(),
        columns: vec!["Distance", "Days", "Pairs", "Expected", "Ratio", "p", "False discovery rate"],
        rows: table.cells.iter().map(row).collect(),
        note: format!("Expected: the mean of {} shuffles of the days, with seed {}.", table.shuffles, table.seed),
    }
}

impl MapPage {
    /// Whether the setting of one kind of map is to be shown.
    fn is(&self, show: &str) -> bool {
        self.wish.show == show
    }

    /// What was said, or else what holds.
    fn or<'a>(&'a self, name: &str, unless_said: &'a str) -> &'a str {
        let said = self.wish.said(name);
        if said.is_empty() { unless_said } else { said }
    }
}
