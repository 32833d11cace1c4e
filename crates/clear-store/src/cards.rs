//! A card from its columns, as both engines give them.

use jiff::Timestamp;

use crate::Card;

/// Key, revision, owner, due, body.
pub(crate) type CardColumns = (String, i64, Option<String>, Option<i64>, Vec<u8>);

pub(crate) fn card((key, revision, owner, due, body): CardColumns) -> Card {
    // Only times that were a `Timestamp` are ever written.
    let due = due.and_then(|due| Timestamp::from_microsecond(due).ok());
    Card { key, revision: revision.unsigned_abs(), owner, due, body }
}
