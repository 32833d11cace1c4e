//! The picture of what was made of incidents.

use std::f64::consts::PI;

use clear_place::{
    Bounds, COLD, Classes, Colour, Degrees, Entry, Geography, HOT, LINE, LayerName, Metres, NEITHER, POINT, Picture,
    TransverseMercator, cell_corners, ramp,
};
use clear_respond::{AreaValue, Cells, ClusterOnMap, Made, Per, Placed};

/// The largest map, pixels.
const SIZE: (f64, f64) = (640.0, 700.0);
/// Classes of a density map.
const DENSITY_CLASSES: u32 = 3;

/// The picture, with its title and what it says to whoever does not see it.
pub(crate) fn picture(geography: &Geography, placed: &Placed, title: &str, source: &str) -> Picture {
    let says = in_words(placed);
    let bounds = geography.city().map_or_else(|| bounds_of(placed), |areas| areas.bounds());
    let mut picture = Picture::of(bounds, SIZE, title, &says, source);
    match &placed.made {
        Made::Areas { layer, per, classes, areas } => {
            choropleth(&mut picture, geography, (*layer, *per), classes, areas);
        }
        Made::Density { cells, .. } => {
            grounded(&mut picture, geography);
            let values: Vec<f64> = cells.shown.iter().map(|cell| cell.per_square_km).collect();
            let classes = clear_place::nested_means(&values, DENSITY_CLASSES).unwrap_or_default();
            let colours = ramp(classes.len());
            squares(&mut picture, cells, |cell| {
                (cell.at, colours.get(classes.of(cell.per_square_km)).copied().unwrap_or(NEITHER))
            });
            outlined(&mut picture, geography);
            let range = |(low, high): (f64, f64)| format!("{} to {}", figure(low), figure(high));
            let words = classes.ranges().into_iter().map(range);
            picture.legend("Incidents per km²", entries(&colours, words));
        }
        Made::HotSpots { cells, .. } => {
            grounded(&mut picture, geography);
            squares(&mut picture, cells, |cell| (cell.at, if cell.hot { HOT } else { COLD }));
            outlined(&mut picture, geography);
            let count = |hot: bool| cells.shown.iter().filter(|cell| cell.hot == hot).count();
            let legend = [
                (HOT, format!("hot: {} cells", count(true))),
                (COLD, format!("cold: {} cells", count(false))),
                (NEITHER, "neither".to_owned()),
            ];
            picture.legend("Beyond chance", legend.map(|(colour, words)| Entry { colour, words }).into());
        }
        Made::Clusters { clusters, .. } => {
            grounded(&mut picture, geography);
            outlined(&mut picture, geography);
            for cluster in clusters.iter().rev() {
                clustered(&mut picture, cluster);
            }
            let orders = clusters.iter().map(|cluster| cluster.order).max().unwrap_or(0);
            let words = (1..=orders).map(|order| match order {
                1 => "clusters of incidents".to_owned(),
                2 => "clusters of those".to_owned(),
                _ => format!("order {order}"),
            });
            let entry = |(order, words)| Entry { colour: colour_of(order), words };
            picture.legend("Clusters", (1..).zip(words).map(entry).collect());
        }
        // A table has no picture: the city as ground, so that a report is not left with a hole.
        Made::NearRepeat(_) => {
            grounded(&mut picture, geography);
            outlined(&mut picture, geography);
        }
    }
    picture
}

/// What a map shows, in a sentence or two.
pub(crate) fn in_words(placed: &Placed) -> String {
    let of = format!("{} incidents", placed.incidents);
    let following = |pai: Option<f64>| match pai {
        Some(pai) => {
            format!(" In the weeks that followed, the marked area had {pai:.1} times its share of the incidents.")
        }
        None => String::new(),
    };
    match &placed.made {
        Made::Areas { layer, areas, .. } => {
            let mut most: Vec<&AreaValue> = areas.iter().filter(|area| area.count > 0).collect();
            most.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.code.cmp(&b.code)));
            let named: Vec<String> =
                most.iter().take(3).map(|area| format!("{} ({})", area.name, figure(area.value))).collect();
            match named.as_slice() {
                [] => format!("No incident in any {}.", layer.title().to_lowercase()),
                named => format!("{of} by {}. Most in {}.", layer.title().to_lowercase(), named.join(", ")),
            }
        }
        Made::Density { bandwidth_m, cells, accuracy, .. } => {
            let most = cells.shown.iter().map(|cell| cell.per_square_km).fold(0.0, f64::max);
            format!(
                "Density of {of}, with a bandwidth of {bandwidth_m} metres; at most {} per square kilometre.{}",
                figure(most),
                following(accuracy.together.pai)
            )
        }
        Made::HotSpots { rate, cells, accuracy, .. } => {
            let hot = cells.shown.iter().filter(|cell| cell.hot).count();
            format!(
                "Of {} cells, {hot} are hot and {} cold at a false discovery rate of {rate}; made of {of}.{}",
                cells.of,
                cells.shown.len() - hot,
                following(accuracy.together.pai)
            )
        }
        Made::NearRepeat(table) => {
            let standing = table
                .cells
                .iter()
                .filter(|cell| cell.rate <= 0.05 && cell.ratio.is_some_and(|ratio| ratio > 1.0))
                .count();
            format!(
                "{standing} of {} bands of distance and days have more pairs than chance, of {of}.",
                table.cells.len()
            )
        }
        Made::Clusters { clusters, .. } => {
            let first = clusters.iter().filter(|cluster| cluster.order == 1);
            let (count, inside) =
                first.fold((0, 0), |(count, inside), cluster| (count + 1, inside + cluster.incidents));
            format!("{count} clusters with {inside} of {of}.")
        }
    }
}

/// A number with as many places as it needs.
pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        whole if whole >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        some if some >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn choropleth(
    picture: &mut Picture,
    geography: &Geography,
    (layer, per): (LayerName, Per),
    classes: &Classes,
    areas: &[AreaValue],
) {
    let Some(drawn) = geography.layer(layer) else { return };
    let colours = ramp(classes.len());
    // Both lists are in the order of the codes of one layer.
    picture.areas(drawn, |at| match areas.get(at) {
        Some(area) => {
            let colour = colours.get(area.class).copied().unwrap_or(NEITHER);
            let per_km =
                if per == Per::SquareKm { format!(", {} per km²", figure(area.value)) } else { String::new() };
            (colour, format!("{} {}: {}{per_km}", layer.title(), area.name, area.count))
        }
        None => (NEITHER, String::new()),
    });
    if layer == LayerName::Beats
        && let Some(districts) = geography.layer(LayerName::Districts)
    {
        picture.outlines(districts, LINE, 1.2);
    }
    let whole = per == Per::Area;
    let range = |(at, (low, high)): (usize, (f64, f64))| match whole {
        // Counts are whole: a class ends below the next one's beginning.
        true if at + 1 < classes.len() => counts(low.ceil(), (high.ceil() - 1.0).max(low.ceil())),
        true => counts(low.ceil(), high),
        false => format!("{} to {}", figure(low), figure(high)),
    };
    let title = if whole { "Incidents" } else { "Incidents per km²" };
    let words: Vec<String> = classes.ranges().into_iter().enumerate().map(range).collect();
    picture.legend(title, entries(&colours, words.into_iter()));
}

fn counts(low: f64, high: f64) -> String {
    if low >= high { figure(low) } else { format!("{}–{}", figure(low), figure(high)) }
}

fn entries(colours: &[Colour], words: impl Iterator<Item = String>) -> Vec<Entry> {
    colours.iter().zip(words).map(|(colour, words)| Entry { colour: *colour, words }).collect()
}

fn grounded(picture: &mut Picture, geography: &Geography) {
    if let Some(city) = geography.city() {
        picture.ground(city);
    }
}

fn outlined(picture: &mut Picture, geography: &Geography) {
    if let Some(areas) = geography.layer(LayerName::Districts).or_else(|| geography.city()) {
        picture.outlines(areas, LINE, 0.8);
    }
}

/// Cells of one colour are one mark: a density map has thousands.
fn squares<T>(picture: &mut Picture, cells: &Cells<T>, of: impl Fn(&T) -> (Degrees, Colour)) {
    let mut by_colour: Vec<(Colour, Vec<[Degrees; 4]>)> = Vec::new();
    for cell in &cells.shown {
        let (at, colour) = of(cell);
        let corners = cell_corners(cells.around, cells.cell_m, at);
        match by_colour.iter_mut().find(|(known, _)| *known == colour) {
            Some((_, squares)) => squares.push(corners),
            None => by_colour.push((colour, vec![corners])),
        }
    }
    for (colour, found) in by_colour {
        picture.squares(&found, colour, 0.8);
    }
}

fn colour_of(order: u32) -> Colour {
    match order {
        1 => HOT,
        2 => COLD,
        _ => POINT,
    }
}

fn clustered(picture: &mut Picture, cluster: &ClusterOnMap) {
    let says = Some(format!("{} incidents", cluster.incidents));
    let colour = colour_of(cluster.order);
    match (cluster.order, cluster.major_m, cluster.minor_m, cluster.bearing_degrees) {
        (1, Some(major_m), Some(minor_m), Some(bearing)) => {
            picture.polygon(&ellipse(cluster.centre, major_m, minor_m, bearing), colour, 0.55, says);
        }
        (1, ..) => picture.dot(cluster.centre, 4.0, colour, says),
        _ => picture.ring(&cluster.hull, colour, 1.6, says),
    }
}

/// The corners of an ellipse.
fn ellipse(centre: Degrees, major_m: f64, minor_m: f64, bearing_degrees: f64) -> Vec<Degrees> {
    let plane = TransverseMercator::around(centre);
    let turn = bearing_degrees.to_radians();
    let corner = |at: i32| {
        let angle = f64::from(at) / 12.0 * PI;
        let (along, across) = (major_m * angle.cos(), minor_m * angle.sin());
        // The bearing is clockwise from north.
        plane.degrees(Metres {
            x: along * turn.sin() + across * turn.cos(),
            y: along * turn.cos() - across * turn.sin(),
        })
    };
    (0..24).map(corner).collect()
}

/// The box around what is shown, where the city has no areas.
fn bounds_of(placed: &Placed) -> Bounds {
    let places: Vec<Degrees> = match &placed.made {
        Made::Density { cells, .. } => cells.shown.iter().map(|cell| cell.at).collect(),
        Made::HotSpots { cells, .. } => cells.shown.iter().map(|cell| cell.at).collect(),
        Made::Clusters { clusters, .. } => clusters.iter().flat_map(|cluster| cluster.hull.clone()).collect(),
        _ => Vec::new(),
    };
    Bounds::of(places)
}
