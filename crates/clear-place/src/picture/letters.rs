//! Letters of strokes, for pictures that are painted where there is no font.
//!
//! Each letter stands on a grid 4 wide and 6 high; `y` grows upwards and below 0 are the tails. Drawn for this project; a sign
//! that is not here is left as a gap.

use super::Place;

/// Strokes of a sign: runs of `xy` digit pairs, parted by spaces; `-` before a `y` is below the line.
const SIGNS: &[(char, &str)] = &[
    ('A', "00 26 40 a 12 32"),
    ('B', "00 06 26 35 34 23 03 a 23 32 31 20 00"),
    ('C', "45 36 16 05 01 10 30 41"),
    ('D', "00 06 26 44 42 20 00"),
    ('E', "46 06 00 40 a 03 33"),
    ('F', "46 06 00 a 03 33"),
    ('G', "45 36 16 05 01 10 30 41 43 23"),
    ('H', "00 06 a 40 46 a 03 43"),
    ('I', "20 26"),
    ('J', "36 31 20 10 01"),
    ('K', "00 06 a 46 02 a 13 40"),
    ('L', "06 00 40"),
    ('M', "00 06 23 46 40"),
    ('N', "00 06 40 46"),
    ('O', "10 01 05 16 36 45 41 30 10"),
    ('P', "00 06 36 45 44 33 03"),
    ('Q', "10 01 05 16 36 45 41 30 10 a 22 40"),
    ('R', "00 06 36 45 44 33 03 a 23 40"),
    ('S', "45 36 16 05 04 13 33 42 41 30 10 01"),
    ('T', "20 26 a 06 46"),
    ('U', "06 01 10 30 41 46"),
    ('V', "06 20 46"),
    ('W', "06 10 24 30 46"),
    ('X', "00 46 a 06 40"),
    ('Y', "06 23 46 a 23 20"),
    ('Z', "06 46 00 40"),
    ('0', "10 01 05 16 36 45 41 30 10"),
    ('1', "15 26 20 a 10 30"),
    ('2', "05 16 36 45 44 00 40"),
    ('3', "05 16 36 45 44 33 42 41 30 10 01 a 33 23"),
    ('4', "30 36 02 42"),
    ('5', "46 06 03 33 42 41 30 00"),
    ('6', "36 16 05 01 10 30 41 42 33 03"),
    ('7', "06 46 10"),
    ('8', "13 04 05 16 36 45 44 33 13 02 01 10 30 41 42 33"),
    ('9', "10 30 41 45 36 16 05 04 13 43"),
    ('.', "20 21"),
    (',', "21 20 1-1"),
    (':', "20 21 a 23 24"),
    (';', "21 20 1-1 a 23 24"),
    ('-', "13 33"),
    ('–', "03 43"),
    ('+', "03 43 a 21 25"),
    ('/', "00 46"),
    ('(', "36 24 22 30"),
    (')', "16 24 22 10"),
    ('%', "00 46 a 05 16 15 05 a 30 41 31 30"),
    ('<', "45 03 41"),
    ('>', "05 43 01"),
    ('=', "02 42 a 04 44"),
    ('\'', "26 24"),
    ('"', "16 14 a 36 34"),
    ('&', "40 15 26 35 02 01 10 20 42"),
    ('²', "15 26 36 35 14 34"),
    ('·', "23 24"),
    ('*', "24 26 a 14 36 a 34 16"),
    ('?', "05 16 36 45 44 22 21 a 20 20"),
    ('!', "26 22 a 20 21"),
];

/// The strokes of a text whose first letter's foot begins at a place, so many pixels high in all.
pub(super) fn strokes(text: &str, (x, y): Place, size: f64) -> Vec<Vec<Place>> {
    let unit = size * 0.72 / 6.0;
    let mut left = x;
    let mut strokes = Vec::new();
    for sign in text.chars() {
        // Small letters are the large ones, smaller: enough for a legend.
        let is_small = sign.is_lowercase();
        let large = sign.to_uppercase().next().unwrap_or(sign);
        let unit = if is_small { unit * 0.8 } else { unit };
        if let Some((_, runs)) = SIGNS.iter().find(|(known, _)| *known == large) {
            for run in runs.split(" a ") {
                let place = |pair: &str| {
                    let mut digits = pair.chars();
                    let across = digits.next()?.to_digit(10)?;
                    let up: i32 = digits.as_str().parse().ok()?;
                    Some((left + f64::from(across) * unit, y - f64::from(up) * unit))
                };
                strokes.push(run.split(' ').filter_map(place).collect());
            }
        }
        left += unit * if sign == ' ' { 4.0 } else { 5.6 };
    }
    strokes
}
