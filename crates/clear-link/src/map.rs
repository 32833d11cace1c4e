//! Which column is what, as people write it: `ROLE=COLUMN`.
//!
//! In:    the pieces of a map.
//! Out:   roles with their columns' names, in the order in which they are written.
//! Never: looks at a file: whether there is such a column, the reader says.

use crate::error::Error;
use crate::role::Role;

/// Reads the pieces of a map; empty ones are left out.
///
/// # Errors
/// When a piece is not of the form `ROLE=COLUMN`, names no role, or gives a role again; when there is no piece at all.
///
/// ```
/// let map = clear_link::mapped(["surname=last", "phone = Phone No."])?;
/// assert_eq!(map, [(clear_link::Role::Surname, "last".to_owned()), (clear_link::Role::Phone, "Phone No.".to_owned())]);
/// # Ok::<(), clear_link::Error>(())
/// ```
pub fn mapped<T: AsRef<str>>(pieces: impl IntoIterator<Item = T>) -> Result<Vec<(Role, String)>, Error> {
    let mut roles: Vec<(Role, String)> = Vec::new();
    for piece in pieces {
        let piece = piece.as_ref().trim();
        if piece.is_empty() {
            continue;
        }
        let (name, column) = piece.split_once('=').ok_or_else(|| Error::Unmapped(piece.to_owned()))?;
        let role = Role::named(name.trim()).ok_or_else(|| Error::NoRole(name.trim().to_owned()))?;
        if roles.iter().any(|(known, _)| *known == role) {
            return Err(Error::RoleTwice(role));
        }
        roles.push((role, column.trim().to_owned()));
    }
    if roles.is_empty() { Err(Error::NothingMapped) } else { Ok(roles) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_read_or_refused_with_its_reason() {
        let said = |map: &str| match mapped(map.split(',')) {
            Ok(roles) => roles.iter().map(|(role, column)| format!("{role}:{column}")).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        for (map, expected) in [
            ("surname=last,phone=Phone No.", "surname:last phone:Phone No."),
            (" surname = last ,", "surname:last"),
            ("surname=a=b", "surname:a=b"),
            ("surname=", "surname:"),
            ("surname", "`surname` is not of the form ROLE=COLUMN"),
            ("surname=a,surname=b", "the role `surname` is given twice"),
            (",", "the map names no column"),
            ("", "the map names no column"),
        ] {
            assert_eq!(said(map), expected, "{map:?}");
        }
        assert!(said("Surname=last").starts_with("`Surname` is no role; the roles are given_name middle_name surname"));
    }
}
