//! The key that says where in their cells the points of blocks lie: one for an installation, the same on every node.

use clear_query::PointKey;
use clear_record::DeviceId;
use clear_store::Cards;

use crate::desk::Error;

const SECRET: &str = "secret";
const BLOCKS: &str = "blocks";
const TRIES: usize = 4;

/// The installation's key; made at its first start.
///
/// # Errors
/// When the cards cannot be read or written.
pub(crate) async fn of_blocks(cards: &dyn Cards) -> Result<PointKey, Error> {
    for _ in 0..TRIES {
        if let Some(card) = cards.get(SECRET, BLOCKS).await? {
            return Ok(PointKey::of(&String::from_utf8_lossy(&card.body)));
        }
        // Random numbers of the kind that sessions' devices have: a hundred bits each.
        let secret = format!("{}{}", DeviceId::fresh(), DeviceId::fresh());
        match cards.put(SECRET, BLOCKS, 0, None, None, secret.into_bytes()).await {
            // Another node was quicker: then its key is everybody's.
            Ok(_) | Err(clear_store::Error::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(SECRET))
}
