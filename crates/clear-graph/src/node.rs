//! What a chart has at the ends of its links.

use std::fmt;
use std::str::FromStr;

use clear_record::RecordId;

use crate::fields::{Shared, THINGS};

/// A record, or a value that records share.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A record, one of [`THINGS`].
    Record(RecordId),
    /// A value in its one spelling.
    Value(Shared, Box<str>),
}

/// A text that is no node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadNode(String);

impl fmt::Display for BadNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadNode {}

impl Node {
    /// A value as it would be linked by: `None` where its text names none.
    pub fn value(shared: Shared, text: &str, spell: fn(Shared, &str) -> Option<String>) -> Option<Node> {
        spell(shared, text).map(|text| Node::Value(shared, text.into()))
    }

    /// What it is, in a word: `person`, `plate`.
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Record(id) => id.kind.name(),
            Node::Value(shared, _) => shared.word(),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Record(id) => fmt::Display::fmt(id, f),
            Node::Value(shared, text) => write!(f, "{}:{text}", shared.word()),
        }
    }
}

// A telephone number is somebody's: it does not reach a log by accident.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Record(id) => fmt::Display::fmt(id, f),
            Node::Value(shared, _) => write!(f, "{}(…)", shared.word()),
        }
    }
}

/// A record's id, or `plate:AB12345` with the value as it is written here; [`Node::value`] takes any spelling.
impl FromStr for Node {
    type Err = BadNode;

    fn from_str(text: &str) -> Result<Node, BadNode> {
        if let Some((word, value)) = text.split_once(':') {
            let words = || Shared::ALL.iter().map(|shared| shared.word()).collect::<Vec<_>>().join(", ");
            let shared = Shared::from_word(word.trim())
                .ok_or_else(|| BadNode(format!("a shared value is one of {}", words())))?;
            return Ok(Node::Value(shared, value.trim().into()));
        }
        let id: RecordId = text.trim().parse().map_err(|bad: clear_record::BadId| BadNode(bad.to_string()))?;
        if !THINGS.contains(&id.kind) {
            let things = THINGS.map(|kind| kind.name().replace('_', " ")).join(", ");
            return Err(BadNode(format!("links lead from and to a {things}, or a shared value like plate:AB12345")));
        }
        Ok(Node::Record(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_written_and_read() {
        for (text, expected) in [
            ("per_00000000000000000000000007", Ok("per_00000000000000000000000007")),
            (" plate: AB12345 ", Ok("plate:AB12345")),
            ("address:1420 W FERRY ST", Ok("address:1420 W FERRY ST")),
            ("shoe:42", Err("a shared value is one of plate, vin, address, phone, identity_number, serial_number")),
            (
                "nar_00000000000000000000000007",
                Err(
                    "links lead from and to a person, incident, arrest, stop, vehicle, property, hot file, or a shared value like plate:AB12345",
                ),
            ),
            ("nobody", Err("`nobody` is not a record id like `inc_0123…` (26 characters after the underscore)")),
        ] {
            let read = text.parse::<Node>().map(|node| node.to_string()).map_err(|bad| bad.to_string());
            assert_eq!(read, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
        assert_eq!(format!("{:?}", Node::Value(Shared::Phone, "3125550100".into())), "phone(…)");
    }
}
