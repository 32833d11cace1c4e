//! A tile of a map: the incidents in it, or the hot cells.

use clear_place::{Bounds, Degrees, HotCell, Tile, cell_corners};
use clear_policy::Grant;
use clear_record::{RecordId, Seq};
use clear_stats::{Crowd, Spots};
use serde::{Deserialize, Serialize};

use crate::place::{Cells, HotSpotsOf, Made, Make, Of, Place, Which};
use crate::{Error, Question, Shelves};

/// A tile of a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TileOf {
    /// Zoom.
    pub z: u8,
    /// From the west.
    pub x: u32,
    /// From the north.
    pub y: u32,
    /// What is on it.
    pub layer: TileLayer,
    /// Which incidents.
    #[serde(default)]
    pub which: Which,
}

/// What a tile can show of incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TileLayer {
    /// Each incident, or how many a place has where there are many.
    Incidents,
    /// The hot and cold cells of the whole city that reach into the tile.
    HotSpots,
}

impl TileLayer {
    /// The layer of a path's part.
    pub fn from_word(word: &str) -> Option<TileLayer> {
        match word {
            "incidents" => Some(TileLayer::Incidents),
            "hot-spots" => Some(TileLayer::HotSpots),
            _ => None,
        }
    }
}

/// What is on a tile.
#[derive(Debug, Clone, PartialEq)]
pub struct TileMatch {
    /// The incidents that are shown by themselves.
    pub told: Vec<RecordId>,
    /// What is shown.
    pub marked: Marked,
}

/// What is shown on a tile.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Marked {
    /// Incidents.
    Dots(Vec<TileDot>),
    /// Hot and cold cells.
    Cells(Cells<HotCell>),
}

/// One or several incidents of a tile.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TileDot {
    /// To the east, units of the tile.
    pub x: i32,
    /// To the south, units of the tile.
    pub y: i32,
    /// How many incidents.
    pub count: u32,
    /// Which, if it is one by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// Its primary type, if it is one.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its block, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// When, if it is one: `2018-10-01T12:30`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred: Option<String>,
}

/// Incidents of a tile that are shown by themselves. Where there are more, they are counted by place: a tile stays small, and
/// its question names no crowd of records.
const ONE_BY_ONE_MAX: usize = 1_000;

impl Question for TileOf {
    type Match = TileMatch;
    const NAME: &'static str = "tile";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<TileMatch, Error> {
        let tile = Tile::new(self.z, self.x, self.y)
            .ok_or_else(|| Error::Question(format!("there is no tile {}/{}/{}", self.z, self.x, self.y)))?;
        let reach = tile.reach();
        // Whose sight opens no place, sees none on the map; that is no mistake of a map's.
        if !self.which.has_places(shelves, grant) {
            return Ok(TileMatch { told: Vec::new(), marked: Marked::Dots(Vec::new()) });
        }
        match self.layer {
            TileLayer::Incidents => {
                let box4 = [reach.low.longitude, reach.low.latitude, reach.high.longitude, reach.high.latitude];
                // Where there are many, no list of them is made: a tile may be of the whole city and of all years.
                if let Some(crowds) = self.which.crowds(shelves, grant, box4)?
                    && crowds.iter().map(|crowd| crowd.count).sum::<u64>() > ONE_BY_ONE_MAX as u64
                {
                    return Ok(TileMatch { told: Vec::new(), marked: Marked::Dots(counted(tile, &crowds)) });
                }
                let found = self.which.spots(shelves, grant, 0, Some(box4))?;
                // The public set names no record: whoever has one has asked for it by name.
                let named = self.which.set == Of::Incidents;
                Ok(dots(tile, &found, named))
            }
            TileLayer::HotSpots => {
                // With the settings that the page's picture has unless somebody says others.
                let make = Make::HotSpots(HotSpotsOf::default());
                let placed = Place { make, which: self.which.clone() }.run(shelves, grant, seq).await?;
                let Made::HotSpots { mut cells, .. } = placed.made else {
                    return Err(Error::Question("hot spots were asked for".into()));
                };
                let (around, cell_m) = (cells.around, cells.cell_m);
                cells.shown.retain(|cell| Bounds::of(cell_corners(around, cell_m, cell.at)).meets(reach));
                Ok(TileMatch { told: Vec::new(), marked: Marked::Cells(cells) })
            }
        }
    }
}

fn counted(tile: Tile, crowds: &[Crowd]) -> Vec<TileDot> {
    let place = |crowd: &Crowd| (Degrees { longitude: crowd.longitude, latitude: crowd.latitude }, crowd.count);
    let dots = tile.counted(&crowds.iter().map(place).collect::<Vec<_>>());
    let dot = |dot: clear_place::Dot| TileDot {
        x: dot.at.x,
        y: dot.at.y,
        count: dot.count,
        record: None,
        kind: None,
        block: None,
        occurred: None,
    };
    dots.into_iter().map(dot).collect()
}

fn dots(tile: Tile, found: &Spots, named: bool) -> TileMatch {
    let places: Vec<Degrees> =
        found.spots.iter().map(|spot| Degrees { longitude: spot.longitude, latitude: spot.latitude }).collect();
    let mut told = Vec::new();
    let mut dots = Vec::new();
    for dot in tile.dots(&places, ONE_BY_ONE_MAX) {
        let one = dot.one.and_then(|at| found.spots.get(at));
        told.extend(one.map(|spot| spot.id));
        let text = |text: &Option<std::sync::Arc<str>>| text.as_ref().map(ToString::to_string);
        dots.push(TileDot {
            x: dot.at.x,
            y: dot.at.y,
            count: dot.count,
            record: one.filter(|_| named).map(|spot| spot.id),
            kind: one.and_then(|spot| text(&spot.kind)),
            block: one.and_then(|spot| text(&spot.block)),
            occurred: one.and_then(|spot| crate::place::minute(spot.micros?)),
        });
    }
    TileMatch { told, marked: Marked::Dots(dots) }
}
