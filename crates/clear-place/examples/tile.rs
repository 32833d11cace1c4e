//! A small tile of every kind of feature, on standard output, for another decoder: `scripts/crosscheck/tile.py`.

use std::io::Write as _;

use clear_place::{Layer, Tile, Unit, Value, shape_of_wkt};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tile = Tile::new(12, 1050, 1523).ok_or("no such tile")?;
    let mut beats = Layer::new("beats");
    let text = |text: &str| Value::Text(text.to_owned());
    let whole = shape_of_wkt(
        "POLYGON ((-87.70 41.80, -87.66 41.80, -87.66 41.84, -87.70 41.84, -87.70 41.80), (-87.69 41.81, -87.69 41.82, -87.68 41.82, -87.68 41.81, -87.69 41.81))",
    )?;
    let parts = shape_of_wkt(
        "MULTIPOLYGON (((-87.66 41.80, -87.65 41.80, -87.65 41.84, -87.66 41.84)), ((-87.64 41.80, -87.63 41.80, -87.63 41.84, -87.64 41.84)))",
    )?;
    beats.polygon(Some(1), &tile.rings(&whole), &[("code", text("0411")), ("name", text("0411"))]);
    beats.polygon(Some(2), &tile.rings(&parts), &[("code", text("0412")), ("name", text("of two parts"))]);
    let mut incidents = Layer::new("incidents");
    incidents.point(None, Unit { x: 100, y: 200 }, &[("count", Value::Count(1)), ("type", text("THEFT"))]);
    incidents.point(None, Unit { x: -5, y: 4100 }, &[("count", Value::Count(12)), ("z", Value::Number(2.5))]);
    std::io::stdout().write_all(&Layer::tile([beats, incidents]))?;
    Ok(())
}
