//! Code tables, versioned with the source. Data: `data/codes/` with its ORIGIN note.

use std::sync::LazyLock;

/// One row of the Illinois Uniform Crime Reporting table as the city publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iucr {
    /// Four characters, leading zero kept: `0110`, `141A`.
    pub code: &'static str,
    /// `HOMICIDE`.
    pub primary: &'static str,
    /// `FIRST DEGREE MURDER`.
    pub secondary: &'static str,
    /// Whether it is an index offence.
    pub index: bool,
}

impl Iucr {
    /// The row of that code; leading zeros may be missing.
    pub fn of(code: &str) -> Option<&'static Iucr> {
        let code = format!("{:0>4}", code.trim());
        let at = IUCR.binary_search_by(|row| row.code.cmp(&code)).ok()?;
        IUCR.get(at)
    }
}

/// The IUCR table, sorted by code.
pub static IUCR: LazyLock<Vec<Iucr>> = LazyLock::new(|| {
    let mut rows: Vec<Iucr> = include_str!("../data/iucr.psv")
        .lines()
        .filter_map(|line| {
            let mut parts = line.split('|');
            Some(Iucr {
                code: parts.next()?,
                primary: parts.next()?,
                secondary: parts.next()?,
                index: parts.next()? == "I",
            })
        })
        .collect();
    rows.sort_by_key(|row| row.code);
    rows
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_with_and_without_their_leading_zero() {
        assert_eq!(Iucr::of("110").map(|row| row.primary), Some("HOMICIDE"));
        assert_eq!(Iucr::of("0110").map(|row| row.index), Some(true));
        assert_eq!(Iucr::of("nope"), None);
        assert!(IUCR.len() > 380, "{}", IUCR.len());
    }
}
