//! A map as a picture: SVG for pages, PNG for reports.
//!
//! In:    shapes, cells, points with their colours; a legend; what to say to those who do not see it.
//! Out:   the picture: the same marks as SVG text or as PNG bytes.
//! Never: fetches a font, a tile or a style from anywhere; says by colour alone what the legend does not say in words.
//!
//! # How
//! Everything becomes [`Mark`]s in pixels first, in the order in which they are painted. SVG writes them down; PNG paints them with
//! `paint.rs`, and writes words with the strokes of `letters.rs`, because a server has no fonts to count on.
//!
//! # Change here
//! The colours: [`ramp`] and the constants below it. Where legend and scale stand: [`Picture::marks`].

mod letters;
mod paint;

use std::fmt::Write as _;

use crate::areas::{Areas, Bounds, Shape};
use crate::point::{Degrees, Metres};
use crate::project::TransverseMercator;
use crate::tile::thin_ring;

/// A colour, red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

/// More incidents than chance has.
pub const HOT: Colour = Colour(178, 32, 44);
/// Fewer.
pub const COLD: Colour = Colour(44, 110, 170);
/// Neither, and areas without a value.
pub const NEITHER: Colour = Colour(236, 236, 230);
/// Points.
pub const POINT: Colour = Colour(28, 61, 110);
/// The lines between areas.
pub const LINE: Colour = Colour(150, 150, 145);
const PAPER: Colour = Colour(255, 255, 255);
const INK: Colour = Colour(40, 44, 52);

/// So many colours from light to dark: each darker than the one before, so that they are told apart in grey as well.
pub fn ramp(count: usize) -> Vec<Colour> {
    const STOPS: [Colour; 5] =
        [Colour(255, 246, 222), Colour(253, 214, 142), Colour(246, 147, 72), Colour(207, 73, 43), Colour(124, 20, 44)];
    let between = |at: f64| {
        let (from, share) = (at.floor(), at.fract());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4")]
        let from = from as usize;
        let stop = |at: usize| STOPS.get(at.min(STOPS.len() - 1)).copied().unwrap_or(NEITHER);
        stop(from).towards(stop(from + 1), share)
    };
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(|at| between(at as f64 / last * (STOPS.len() - 1) as f64)).collect()
}

impl Colour {
    fn towards(self, other: Colour, share: f64) -> Colour {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
        let mixed = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Colour(mixed(self.0, other.0), mixed(self.1, other.1), mixed(self.2, other.2))
    }

    fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

type Place = (f64, f64);

/// What is painted, in pixels from the north-west corner.
#[derive(Debug, Clone, PartialEq)]
enum Mark {
    /// Rings, filled by the even-odd rule, and their lines.
    Rings {
        rings: Vec<Vec<Place>>,
        fill: Option<Colour>,
        line: Option<(Colour, f64)>,
        opacity: f64,
        says: Option<String>,
    },
    /// A disc.
    Disc { at: Place, radius: f64, fill: Colour, opacity: f64, says: Option<String> },
    /// A line of corners, not closed.
    Line { corners: Vec<Place>, colour: Colour, width: f64 },
    /// Words, beginning at their foot's left end.
    Words { at: Place, size: f64, bold: bool, text: String },
}

/// What a colour means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The colour.
    pub colour: Colour,
    /// What it means.
    pub words: String,
}

/// A map that is being drawn.
#[derive(Debug, Clone)]
pub struct Picture {
    title: String,
    says: String,
    source: String,
    plane: TransverseMercator,
    /// Pixels a metre, and the plane's point at the map's north-west corner.
    scale: f64,
    corner: Metres,
    width: f64,
    height: f64,
    marks: Vec<Mark>,
    legend: (String, Vec<Entry>),
}

/// Beside the map: the legend's column, pixels.
const LEGEND_PX: f64 = 210.0;
/// Around everything.
const MARGIN_PX: f64 = 12.0;
/// A thinned outline is at most so far off, pixels.
const THIN_PX: f64 = 0.4;

impl Picture {
    /// A map of the box, at most so wide and so high, pixels, the legend not counted. `says` is the text for whoever does not see
    /// it, `source` where the data come from.
    pub fn of(bounds: Bounds, size: (f64, f64), title: &str, says: &str, source: &str) -> Picture {
        let bounds = if bounds.is_nothing() { Bounds::NOTHING.with(Degrees::default()) } else { bounds };
        let plane = TransverseMercator::around(bounds.centre());
        let corners = [
            bounds.low,
            bounds.high,
            Degrees { longitude: bounds.low.longitude, ..bounds.high },
            Degrees { longitude: bounds.high.longitude, ..bounds.low },
        ];
        let corners = corners.map(|corner| plane.plane(corner));
        let least = |of: fn(&Metres) -> f64| corners.iter().map(of).fold(f64::INFINITY, f64::min);
        let most = |of: fn(&Metres) -> f64| corners.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        let (west, east, south, north) = (least(|at| at.x), most(|at| at.x), least(|at| at.y), most(|at| at.y));
        let (wide, high) = ((east - west).max(100.0), (north - south).max(100.0));
        let scale = (size.0.max(50.0) / wide).min(size.1.max(50.0) / high);
        Picture {
            title: title.to_owned(),
            says: says.to_owned(),
            source: source.to_owned(),
            plane,
            scale,
            corner: Metres { x: west, y: north },
            width: wide * scale,
            height: high * scale,
            marks: Vec::new(),
            legend: (String::new(), Vec::new()),
        }
    }

    fn place(&self, at: Degrees) -> Place {
        let at = self.plane.plane(at);
        (MARGIN_PX + (at.x - self.corner.x) * self.scale, MARGIN_PX + (self.corner.y - at.y) * self.scale)
    }

    fn shape(&self, shape: &Shape) -> Vec<Vec<Place>> {
        let ring = |ring: &Vec<Degrees>| {
            let places: Vec<Place> = ring.iter().map(|corner| self.place(*corner)).collect();
            thin_ring(&places, THIN_PX)
        };
        shape.rings().map(ring).filter(|ring| ring.len() >= 3).collect()
    }

    /// Paints areas; `paint` gives for each, by its number, the colour and what it says.
    pub fn areas(&mut self, areas: &Areas, paint: impl Fn(usize) -> (Colour, String)) {
        for (at, area) in areas.all().iter().enumerate() {
            let (fill, says) = paint(at);
            let rings = self.shape(&area.shape);
            let line = Some((PAPER, 0.75));
            self.marks.push(Mark::Rings { rings, fill: Some(fill), line, opacity: 1.0, says: Some(says) });
        }
    }

    /// Draws the outlines of areas.
    pub fn outlines(&mut self, areas: &Areas, colour: Colour, width: f64) {
        let rings: Vec<_> = areas.all().iter().flat_map(|area| self.shape(&area.shape)).collect();
        self.marks.push(Mark::Rings { rings, fill: None, line: Some((colour, width)), opacity: 1.0, says: None });
    }

    /// Fills all areas alike, as ground.
    pub fn ground(&mut self, areas: &Areas) {
        for area in areas.all() {
            let rings = self.shape(&area.shape);
            self.marks.push(Mark::Rings { rings, fill: Some(NEITHER), line: None, opacity: 1.0, says: None });
        }
    }

    /// Paints a polygon given by its corners.
    pub fn polygon(&mut self, corners: &[Degrees], fill: Colour, opacity: f64, says: Option<String>) {
        let ring: Vec<Place> = corners.iter().map(|corner| self.place(*corner)).collect();
        self.marks.push(Mark::Rings { rings: vec![ring], fill: Some(fill), line: None, opacity, says });
    }

    /// Paints squares that do not overlap, all alike: one mark, however many there are.
    pub fn squares(&mut self, squares: &[[Degrees; 4]], fill: Colour, opacity: f64) {
        let ring = |corners: &[Degrees; 4]| corners.iter().map(|corner| self.place(*corner)).collect();
        let rings = squares.iter().map(ring).collect();
        self.marks.push(Mark::Rings { rings, fill: Some(fill), line: None, opacity, says: None });
    }

    /// Draws the line around a polygon given by its corners.
    pub fn ring(&mut self, corners: &[Degrees], colour: Colour, width: f64, says: Option<String>) {
        let ring: Vec<Place> = corners.iter().map(|corner| self.place(*corner)).collect();
        self.marks.push(Mark::Rings { rings: vec![ring], fill: None, line: Some((colour, width)), opacity: 1.0, says });
    }

    /// Paints a point as a disc of so many pixels' radius.
    pub fn dot(&mut self, at: Degrees, radius: f64, fill: Colour, says: Option<String>) {
        self.marks.push(Mark::Disc { at: self.place(at), radius, fill, opacity: 0.65, says });
    }

    /// Says what the colours mean.
    pub fn legend(&mut self, title: &str, entries: Vec<Entry>) {
        self.legend = (title.to_owned(), entries);
    }

    fn size(&self) -> (f64, f64) {
        let legend = 70.0 + 22.0 * self.legend.1.len() as f64 + 60.0;
        ((self.width + LEGEND_PX + 3.0 * MARGIN_PX).ceil(), (self.height.max(legend) + 2.0 * MARGIN_PX + 18.0).ceil())
    }

    /// All marks: the map's, then legend, scale bar and source.
    fn all_marks(&self) -> Vec<Mark> {
        let words =
            |at: Place, size: f64, bold: bool, text: &str| Mark::Words { at, size, bold, text: text.to_owned() };
        let left = self.width + 2.0 * MARGIN_PX;
        let mut marks = self.marks.clone();
        let mut y = MARGIN_PX + 14.0;
        let (title, entries) = &self.legend;
        for line in broken(title, 27) {
            marks.push(words((left, y), 13.0, true, &line));
            y += 17.0;
        }
        y += 4.0;
        for entry in entries {
            let swatch = vec![(left, y - 11.0), (left + 22.0, y - 11.0), (left + 22.0, y + 3.0), (left, y + 3.0)];
            let line = Some((LINE, 0.75));
            marks.push(Mark::Rings { rings: vec![swatch], fill: Some(entry.colour), line, opacity: 1.0, says: None });
            for line in broken(&entry.words, 26) {
                marks.push(words((left + 30.0, y), 12.0, false, &line));
                y += 16.0;
            }
            y += 6.0;
        }
        let metres = round_length(LEGEND_PX * 0.55 / self.scale);
        let length = metres * self.scale;
        y += 16.0;
        let bar = vec![(left, y - 5.0), (left, y), (left + length, y), (left + length, y - 5.0)];
        marks.push(Mark::Line { corners: bar, colour: INK, width: 1.5 });
        let said = if metres >= 1000.0 { format!("{} km", metres / 1000.0) } else { format!("{metres} m") };
        marks.push(words((left + length + 6.0, y + 1.0), 12.0, false, &said));
        let foot = self.size().1 - 8.0;
        marks.push(words((MARGIN_PX, foot), 11.0, false, &self.source));
        marks
    }

    /// The picture as SVG. `id` sets its parts apart from those of another picture on the same page.
    pub fn svg(&self, id: &str) -> String {
        let (width, height) = self.size();
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-says\" font-family=\"system-ui, 'Segoe UI', 'Liberation Sans', sans-serif\" fill=\"{}\">",
            INK.hex()
        );
        let _ = write!(
            out,
            "<title id=\"{id}-title\">{}</title><desc id=\"{id}-says\">{}</desc>",
            escaped(&self.title),
            escaped(&self.says)
        );
        let _ = write!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>", PAPER.hex());
        for mark in self.all_marks() {
            write_mark(&mut out, &mark);
        }
        out.push_str("</svg>");
        out
    }

    /// The picture as PNG, with `zoom` pixels for each of the SVG's, 1 to 4.
    ///
    /// # Errors
    /// When the compressor fails, which writing to memory does not.
    pub fn png(&self, zoom: f64) -> std::io::Result<Vec<u8>> {
        let (width, height) = self.size();
        let mut canvas = paint::Canvas::new(width, height, zoom.clamp(1.0, 4.0), PAPER);
        for mark in self.all_marks() {
            match &mark {
                Mark::Rings { rings, fill, line, opacity, .. } => {
                    if let Some(fill) = fill {
                        canvas.fill(rings, *fill, *opacity);
                    }
                    if let Some((colour, width)) = line {
                        rings.iter().for_each(|ring| canvas.stroke(ring, true, *width, *colour));
                    }
                }
                Mark::Disc { at, radius, fill, opacity, .. } => canvas.fill(&[disc(*at, *radius)], *fill, *opacity),
                Mark::Line { corners, colour, width } => canvas.stroke(corners, false, *width, *colour),
                Mark::Words { at, size, bold, text } => {
                    let width = if *bold { size / 8.0 } else { size / 11.0 };
                    for stroke in letters::strokes(text, *at, *size) {
                        canvas.stroke(&stroke, false, width, INK);
                    }
                }
            }
        }
        canvas.png()
    }
}

fn disc((x, y): Place, radius: f64) -> Vec<Place> {
    (0..16)
        .map(|at| {
            let turn = f64::from(at) / 16.0 * std::f64::consts::TAU;
            (x + radius * turn.cos(), y + radius * turn.sin())
        })
        .collect()
}

fn write_mark(out: &mut String, mark: &Mark) {
    let says = |says: &Option<String>| says.as_ref().map(|says| format!("<title>{}</title>", escaped(says)));
    // An element with words in it is closed behind them, another at once.
    let closed = |name: &str, says: Option<String>| match says {
        Some(says) => format!(">{says}</{name}>"),
        None => "/>".to_owned(),
    };
    let thin = |opacity: f64| if opacity < 1.0 { format!(" fill-opacity=\"{opacity}\"") } else { String::new() };
    let _ = match mark {
        Mark::Rings { rings, .. } if rings.is_empty() => Ok(()),
        Mark::Rings { rings, fill, line, opacity, says: told } => {
            let fill = fill.map_or_else(|| "none".to_owned(), Colour::hex);
            let line = line.map_or_else(String::new, |(colour, width)| {
                format!(" stroke=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"", colour.hex())
            });
            let path: String = rings.iter().map(|ring| path(ring, true)).collect();
            let end = closed("path", says(told));
            write!(out, "<path d=\"{path}\" fill=\"{fill}\" fill-rule=\"evenodd\"{}{line}{end}", thin(*opacity))
        }
        Mark::Disc { at: (x, y), radius, fill, opacity, says: told } => {
            let end = closed("circle", says(told));
            write!(
                out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{}\"{}{end}",
                fill.hex(),
                thin(*opacity)
            )
        }
        Mark::Line { corners, colour, width } => {
            let path = path(corners, false);
            write!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"/>", colour.hex())
        }
        Mark::Words { at: (x, y), size, bold, text } => {
            let weight = if *bold { " font-weight=\"600\"" } else { "" };
            write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\"{weight}>{}</text>", escaped(text))
        }
    };
}

/// A path in tenths of a pixel, each corner from the one before: half as long as absolute ones.
#[expect(clippy::cast_possible_truncation, reason = "tenths of a picture's pixels")]
fn path(corners: &[Place], close: bool) -> String {
    let mut path = String::new();
    let mut pen = (0, 0);
    for (at, (x, y)) in corners.iter().enumerate() {
        let to = ((x * 10.0).round() as i64, (y * 10.0).round() as i64);
        let step = (to.0 - pen.0, to.1 - pen.1);
        if at > 0 && step == (0, 0) {
            continue;
        }
        let letter = if at == 0 { "M" } else { "l" };
        let _ = write!(path, "{letter}{}{}{}", tenths(step.0), if step.1 < 0 { "" } else { " " }, tenths(step.1));
        pen = to;
    }
    if close {
        path.push('Z');
    }
    path
}

fn tenths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    match (value.abs() / 10, value.abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, tenth) => format!("{sign}{whole}.{tenth}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Lines of at most so many characters, parted between words.
fn broken(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The longest of 1, 2, 5, 10, 20 … metres that is not longer.
fn round_length(metres: f64) -> f64 {
    let ten = 10f64.powf(metres.max(1.0).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|times| times * ten).find(|length| *length <= metres).unwrap_or(ten)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::areas::shape_of_wkt;

    fn drawn() -> Picture {
        let square = |west: f64| {
            let east = west + 0.02;
            shape_of_wkt(&format!("POLYGON (({west} 41.8, {east} 41.8, {east} 41.83, {west} 41.83))")).unwrap()
        };
        let areas = Areas::new([
            ("a".to_owned(), "A".to_owned(), square(-87.7)),
            ("b".to_owned(), "B".to_owned(), square(-87.68)),
        ])
        .unwrap();
        let mut picture = Picture::of(areas.bounds(), (300.0, 300.0), "Beats & <more>", "Two areas", "Source: nobody");
        let colours = ramp(2);
        picture.areas(&areas, |at| (colours[at], format!("area {at}: \"{at}\"")));
        picture.outlines(&areas, LINE, 1.0);
        picture.dot(Degrees { longitude: -87.69, latitude: 41.81 }, 4.0, POINT, Some("one".to_owned()));
        picture.legend(
            "Incidents",
            vec![
                Entry { colour: colours[0], words: "1–2".to_owned() },
                Entry { colour: colours[1], words: "3 and more".to_owned() },
            ],
        );
        picture
    }

    #[test]
    fn a_picture_says_what_it_shows() {
        let svg = drawn().svg("m");
        for part in [
            "role=\"img\" aria-labelledby=\"m-title m-says\"",
            "<title id=\"m-title\">Beats &amp; &lt;more&gt;</title><desc id=\"m-says\">Two areas</desc>",
            "<title>area 1: &quot;1&quot;</title>",
            ">1–2</text>",
            " km</text>",
            ">Source: nobody</text>",
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert!(!svg.contains("style=") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn the_same_picture_is_painted() {
        let png = drawn().png(1.0).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        let (width, height) = drawn().size();
        assert_eq!((f64::from(side(16)), f64::from(side(20))), (width, height));
        let empty = Picture::of(Bounds::NOTHING, (300.0, 300.0), "", "", "").png(2.0).unwrap();
        assert!(empty.len() > 100);
    }

    #[test]
    fn colours_grow_darker() {
        for count in [1, 2, 5, 16] {
            let grey =
                |colour: &Colour| 299 * u32::from(colour.0) + 587 * u32::from(colour.1) + 114 * u32::from(colour.2);
            let colours = ramp(count);
            assert_eq!(colours.len(), count);
            assert!(colours.windows(2).all(|pair| grey(&pair[0]) > grey(&pair[1])), "{colours:?}");
        }
    }

    #[test]
    fn lengths_are_round() {
        for (metres, expected) in [(7.0, 5.0), (999.0, 500.0), (1000.0, 1000.0), (2345.0, 2000.0), (0.3, 1.0)] {
            assert_eq!(round_length(metres), expected);
        }
    }
}
