//! Well-known text of geometries, two dimensions (OGC 06-103r4, section 7): text in, coordinates out, and back.
//!
//! In:    `MULTIPOLYGON (((-87.6 41.8, …)))`, x before y; `SRID=4326;` in front is taken for what it says.
//! Out:   a [`Shape`]; `None` for what does not read.
//! Never: recurses; takes a number that can be no coordinate.

use crate::types::SoqlType;

/// A coordinate beyond this is no place; it would only be lost in what is computed of it.
const COORDINATE_MAX: f64 = 1e7;

/// A longitude and a latitude, degrees.
pub(crate) type Position = [f64; 2];

/// The coordinates of a geometry.
///
/// Every geometry has parts, every part rings, every ring positions: a point is one of each, points are a part each, a
/// line is one ring of one part, lines are a part each, a polygon is one part with its outer ring first.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What it is; one of the geometries.
    pub kind: SoqlType,
    /// Its parts.
    pub parts: Vec<Vec<Vec<[f64; 2]>>>,
}

const KINDS: [(&str, SoqlType, usize); 6] = [
    // Longer words first: `MULTIPOINT` does not begin with `POINT`, but a table is read from the top.
    ("MULTIPOLYGON", SoqlType::MultiPolygon, 3),
    ("MULTILINESTRING", SoqlType::MultiLine, 2),
    ("MULTIPOINT", SoqlType::MultiPoint, 1),
    ("LINESTRING", SoqlType::Line, 1),
    ("POLYGON", SoqlType::Polygon, 2),
    ("POINT", SoqlType::Point, 1),
];

fn head(text: &str) -> Option<(SoqlType, usize, &str)> {
    let text = text.trim();
    let text = match text.get(..5) {
        Some(srid) if srid.eq_ignore_ascii_case("srid=") => text.split_once(';')?.1.trim_start(),
        _ => text,
    };
    let (word, kind, depth) = KINDS
        .into_iter()
        .find(|(word, ..)| text.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)))?;
    Some((kind, depth, text.get(word.len()..)?))
}

/// What a text begins to be, whether or not it reads on.
pub(crate) fn kind(text: &str) -> Option<SoqlType> {
    head(text).map(|(kind, ..)| kind)
}

/// Reads a geometry.
pub(crate) fn read(text: &str) -> Option<Shape> {
    let (kind, depth, body) = head(text)?;
    let mut cursor = Cursor { rest: body };
    if cursor.word("EMPTY") {
        return cursor.is_done().then(|| Shape { kind, parts: Vec::new() });
    }
    let parts = match (kind, depth) {
        (SoqlType::Point, _) => {
            cursor.sign('(')?;
            let position = cursor.position()?;
            cursor.sign(')')?;
            vec![vec![vec![position]]]
        }
        (SoqlType::MultiPoint, _) => cursor.list(|cursor| {
            // Both `(1 2, 3 4)` and `((1 2), (3 4))` are written.
            let inner = cursor.sign('(').is_some();
            let position = cursor.position()?;
            if inner {
                cursor.sign(')')?;
            }
            Some(vec![vec![position]])
        })?,
        (SoqlType::Line, _) => vec![vec![cursor.list(Cursor::position)?]],
        (SoqlType::MultiLine, _) => cursor.list(|cursor| Some(vec![cursor.list(Cursor::position)?]))?,
        (SoqlType::Polygon, _) => vec![cursor.list(|cursor| cursor.list(Cursor::position))?],
        _ => cursor.list(|cursor| cursor.list(|cursor| cursor.list(Cursor::position)))?,
    };
    cursor.is_done().then_some(Shape { kind, parts })
}

struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn is_done(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let found = self.rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
        if found {
            self.rest = self.rest.get(word.len()..).unwrap_or_default();
        }
        found
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        self.skip();
        self.rest = self.rest.strip_prefix(sign)?;
        Some(())
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.sign('(')?;
        let mut list = vec![one(self)?];
        while self.sign(',').is_some() {
            list.push(one(self)?);
        }
        self.sign(')')?;
        Some(list)
    }

    fn number(&mut self) -> Option<f64> {
        self.skip();
        let len = self
            .rest
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
            .count();
        let (number, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        number.parse::<f64>().ok().filter(|number| number.abs() <= COORDINATE_MAX)
    }

    fn position(&mut self) -> Option<Position> {
        let x = self.number()?;
        // A blank must part the two, or `12` would be read as `1` and `2` of nothing.
        if !self.rest.starts_with(char::is_whitespace) {
            return None;
        }
        Some([x, self.number()?])
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (word, ..) =
            KINDS.into_iter().find(|(_, kind, _)| *kind == self.kind).unwrap_or(("POINT", SoqlType::Point, 1));
        if self.parts.is_empty() {
            return write!(f, "{word} EMPTY");
        }
        write!(f, "{word} ")?;
        let line = |f: &mut std::fmt::Formatter<'_>, ring: &[Position]| -> std::fmt::Result {
            for (at, [x, y]) in ring.iter().enumerate() {
                write!(f, "{}{x} {y}", if at == 0 { "(" } else { ", " })?;
            }
            f.write_str(")")
        };
        let many = matches!(self.kind, SoqlType::MultiPoint | SoqlType::MultiLine | SoqlType::MultiPolygon);
        let rings = matches!(self.kind, SoqlType::Polygon | SoqlType::MultiPolygon);
        if many {
            f.write_str("(")?;
        }
        for (at, part) in self.parts.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            if rings {
                f.write_str("(")?;
            }
            for (at, ring) in part.iter().enumerate() {
                f.write_str(if at == 0 { "" } else { ", " })?;
                line(f, ring)?;
            }
            if rings {
                f.write_str(")")?;
            }
        }
        f.write_str(if many { ")" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_is_written_again() {
        for (text, written) in [
            ("point(-87.6 41.8)", "POINT (-87.6 41.8)"),
            ("SRID=4326; POINT (1 2)", "POINT (1 2)"),
            ("MULTIPOINT (1 2, 3 4)", "MULTIPOINT ((1 2), (3 4))"),
            ("MULTIPOINT ((1 2), (3 4))", "MULTIPOINT ((1 2), (3 4))"),
            ("LINESTRING (1 2, 3 4)", "LINESTRING (1 2, 3 4)"),
            ("MULTILINESTRING ((1 2,3 4),(5 6,7 8))", "MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))"),
            ("POLYGON ((0 0,1 0,1 1,0 0))", "POLYGON ((0 0, 1 0, 1 1, 0 0))"),
            ("MULTIPOLYGON (((0 0,1 0,1 1,0 0)))", "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"),
            ("polygon empty", "POLYGON EMPTY"),
        ] {
            assert_eq!(read(text).map(|shape| shape.to_string()).as_deref(), Some(written), "{text}");
        }
        for text in [
            "",
            "POINT",
            "POINT ()",
            "POINT (1)",
            "POINT (1 2) x",
            "POINT (1 nan)",
            "POLYGON (1 2)",
            "CIRCLE (1 2)",
            "POINT (1 2, 3 4)",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
