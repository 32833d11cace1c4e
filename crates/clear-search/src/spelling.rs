//! The one spelling of what records share: numbers, telephones, houses.
//!
//! In:    a text of a record, or of an asker.
//! Out:   the text in its one spelling, so that equal texts name the same; `None` where it names nothing.
//! Never: looks into an index.

use crate::address;
use crate::text;

/// A plate, a vehicle's, an item's or a person's number: letters and digits alone.
pub fn number(text: &str) -> Option<String> {
    Some(text::number(text)).filter(|number| !number.is_empty())
}

/// A telephone number: its digits, at least seven, without the country's 1 in front.
pub fn phone(text: &str) -> Option<String> {
    Some(text::phone(text)).filter(|phone| !phone.is_empty())
}

/// One house on one street: `1420 W FERRY ST`. A block, a street, a crossing and a post box are no house.
pub fn house(text: &str) -> Option<String> {
    let found = address::address(text);
    let (Some(numbers), [street]) = (found.numbers, found.streets.as_slice()) else { return None };
    numbers.is_one().then(|| format!("{} {street}", numbers.low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_house_has_one_spelling() {
        for (text, expected) in [
            ("1420 West Ferry Street, Apt 2", Some("1420 W FERRY ST")),
            ("1420 w. ferry st", Some("1420 W FERRY ST")),
            ("014XX W FERRY ST", None),
            ("W Ferry St", None),
            ("Ferry & State", None),
            ("", None),
        ] {
            assert_eq!(house(text).as_deref(), expected, "{text}");
        }
        assert_eq!((number(" ab-12 345 ").as_deref(), number("--")), (Some("AB12345"), None));
        assert_eq!((phone("+1 (312) 555-0100").as_deref(), phone("555")), (Some("3125550100"), None));
    }
}
