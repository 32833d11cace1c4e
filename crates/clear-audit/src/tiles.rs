//! The C2SP paths of tiles and entry bundles, and a bundle's bytes.
//!
//! <https://c2sp.org/tlog-tiles>: `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`, 256 hashes or entries each.

use std::fmt;

/// How many hashes or entries a whole tile has.
pub(crate) const WIDTH: u64 = 256;

/// The place of a tile or bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TilePath {
    /// The tile's level; `None` is a bundle of entries.
    pub(crate) level: Option<u8>,
    /// Its number at that level.
    pub(crate) number: u64,
    /// How many hashes or entries it has, 1 to 256.
    pub(crate) width: u16,
}

impl TilePath {
    pub(crate) fn whole(self) -> TilePath {
        TilePath { width: WIDTH as u16, ..self }
    }

    pub(crate) fn is_whole(self) -> bool {
        u64::from(self.width) == WIDTH
    }

    /// The place that this path names; `None` for every other text, other spellings of a place included.
    pub(crate) fn parse(path: &str) -> Option<TilePath> {
        let rest = path.strip_prefix("tile/")?;
        let (level, rest) = rest.split_once('/')?;
        let level = match level {
            "entries" => None,
            digits => Some(digits.parse::<u8>().ok().filter(|level| *level < 64)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            None => (rest, WIDTH as u16),
            Some((number, width)) => (number, width.parse().ok().filter(|width| (1..WIDTH as u16).contains(width))?),
        };
        let mut value: u64 = 0;
        for group in number.split('/') {
            let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
            value = value.checked_mul(1000)?.checked_add(digits)?;
        }
        let place = TilePath { level, number: value, width };
        (place.to_string() == path).then_some(place)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            None => f.write_str("tile/entries/")?,
            Some(level) => write!(f, "tile/{level}/")?,
        }
        let mut groups = vec![self.number % 1000];
        let mut rest = self.number / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (left, group) in groups.iter().enumerate().rev() {
            if left > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if !self.is_whole() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// Appends a leaf to a bundle: its length in 16 bits, then its bytes.
pub(crate) fn push_leaf(bundle: &mut Vec<u8>, leaf: &[u8]) {
    bundle.extend_from_slice(&(leaf.len() as u16).to_be_bytes());
    bundle.extend_from_slice(leaf);
}

/// The next leaf of a bundle, and the rest; `None` where the bytes end too early.
pub(crate) fn take_leaf(bundle: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bundle.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |level, number, width| TilePath { level, number, width };
        let cases = [
            // The specification's own example: tile number 1234067 with 256 and with 112 hashes.
            (path(Some(0), 1_234_067, 256), "tile/0/x001/x234/067"),
            (path(None, 1_234_067, 112), "tile/entries/x001/x234/067.p/112"),
            (path(Some(0), 0, 256), "tile/0/000"),
            (path(Some(0), 273, 112), "tile/0/273.p/112"),
            (path(Some(1), 1, 17), "tile/1/001.p/17"),
            (path(Some(2), 0, 1), "tile/2/000.p/1"),
            (path(None, 999, 255), "tile/entries/999.p/255"),
            (path(None, 1000, 256), "tile/entries/x001/000"),
            (path(Some(5), 123_456_789, 256), "tile/5/x123/x456/789"),
        ];
        for (place, text) in cases {
            assert_eq!(place.to_string(), text);
            assert_eq!(TilePath::parse(text), Some(place));
        }
    }

    #[test]
    fn other_spellings_name_nothing() {
        for text in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/0/0",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/x000/001",
            "tile/0/../../keys/log.key",
            "tile/64/000",
            "tile/0/000.p/../000",
            "tile/data/000",
            "tile/-1/000",
            "tile/+1/000",
            "tile/0/+01",
            "tile/0/001/002",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(TilePath::parse(text), None, "{text}");
        }
    }
}
