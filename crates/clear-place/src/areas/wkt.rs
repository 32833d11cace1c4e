//! Polygons in the well-known text of OGC 06-103r4: `POLYGON ((…), (…))` and `MULTIPOLYGON (((…)))`.

use super::{Ring, Shape, closed};
use crate::error::Error;
use crate::point::Degrees;

/// Corners of one shape.
const CORNERS_MAX: usize = 200_000;

/// Reads a polygon or multipolygon; positions are longitude and latitude, what follows them is left out.
///
/// # Errors
/// [`Error::Wkt`] with what is missing.
pub fn shape_of_wkt(text: &str) -> Result<Shape, Error> {
    let text = text.trim();
    let open = text.find('(').ok_or(Error::Wkt("no bracket"))?;
    let (word, rest) = text.split_at(open);
    let word = word.trim().to_ascii_uppercase();
    let word = word.trim_end_matches([' ', 'Z', 'M']);
    let depth = match word {
        "POLYGON" => 2,
        "MULTIPOLYGON" => 3,
        _ => return Err(Error::Wkt("neither POLYGON nor MULTIPOLYGON")),
    };
    let mut polygons: Vec<Vec<Ring>> = if depth == 2 { vec![Vec::new()] } else { Vec::new() };
    let (mut inside, mut corners, mut done) = (0, 0, false);
    let mut run = String::new();
    for sign in rest.chars() {
        if done && !sign.is_whitespace() {
            return Err(Error::Wkt("text behind the last bracket"));
        }
        match sign {
            '(' => {
                inside += 1;
                run.clear();
                match depth - inside {
                    0 => {
                        let rings = polygons.last_mut().ok_or(Error::Wkt("a bracket too many"))?;
                        rings.push(Ring::new());
                    }
                    1 if depth == 3 => polygons.push(Vec::new()),
                    1.. => {}
                    _ => return Err(Error::Wkt("a bracket too many")),
                }
            }
            ')' | ',' => {
                if inside == depth {
                    corners += 1;
                    if corners > CORNERS_MAX {
                        return Err(Error::Wkt("too many corners"));
                    }
                    let ring = polygons.last_mut().and_then(|rings| rings.last_mut());
                    ring.ok_or(Error::Wkt("a bracket is missing"))?.push(corner(&run)?);
                    run.clear();
                }
                if sign == ')' {
                    inside -= 1;
                    if inside < 0 {
                        return Err(Error::Wkt("a bracket too many"));
                    }
                    done = inside == 0;
                }
            }
            sign => run.push(sign),
        }
    }
    if !done {
        return Err(Error::Wkt("a bracket is missing"));
    }
    let rings =
        |rings: Vec<Ring>| -> Vec<Ring> { rings.into_iter().map(closed).filter(|ring| ring.len() >= 3).collect() };
    Ok(Shape { polygons: polygons.into_iter().map(rings).filter(|rings: &Vec<Ring>| !rings.is_empty()).collect() })
}

fn corner(text: &str) -> Result<Degrees, Error> {
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(longitude)), Some(Ok(latitude))) if longitude.is_finite() && latitude.is_finite() => {
            Ok(Degrees { longitude, latitude })
        }
        _ => Err(Error::Wkt("a position should be longitude and latitude")),
    }
}
