//! Cards as JSON: what inquiries, holds and reviews are kept on.

use clear_store::Card;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::desk::{Desk, Error};

/// What a card says, and its revision, which a change names.
pub(crate) struct Kept<T> {
    pub(crate) revision: u64,
    pub(crate) body: T,
}

/// How often a change is tried again where somebody else was quicker.
const TRIES: usize = 20;

pub(crate) async fn get<T: DeserializeOwned>(
    desk: &Desk,
    kind: &'static str,
    key: &str,
) -> Result<Option<Kept<T>>, Error> {
    desk.cards().get(kind, key).await?.map(|card| read(kind, &card)).transpose()
}

pub(crate) async fn list<T: DeserializeOwned>(
    desk: &Desk,
    kind: &'static str,
    owner: &str,
) -> Result<Vec<Kept<T>>, Error> {
    desk.cards().list(kind, Some(owner)).await?.iter().map(|card| read(kind, card)).collect()
}

/// Writes a card where its revision is still that one; says whether it was.
pub(crate) async fn put<T: Serialize>(
    desk: &Desk,
    kind: &'static str,
    key: &str,
    revision: u64,
    owner: Option<&str>,
    due: Option<Timestamp>,
    body: &T,
) -> Result<bool, Error> {
    let bytes = serde_json::to_vec(body).map_err(|source| Error::Card { kind, source })?;
    match desk.cards().put(kind, key, revision, owner, due, bytes).await {
        Ok(_) => Ok(true),
        Err(clear_store::Error::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes what `change` makes of the card as it is, and again where somebody else was quicker.
pub(crate) async fn change<T: Serialize + DeserializeOwned + Default>(
    desk: &Desk,
    kind: &'static str,
    key: &str,
    change: impl Fn(&mut T),
) -> Result<(), Error> {
    for _ in 0..TRIES {
        let Kept { revision, mut body } =
            get(desk, kind, key).await?.unwrap_or_else(|| Kept { revision: 0, body: T::default() });
        change(&mut body);
        if put(desk, kind, key, revision, None, None, &body).await? {
            return Ok(());
        }
    }
    Err(Error::Busy(kind))
}

fn read<T: DeserializeOwned>(kind: &'static str, card: &Card) -> Result<Kept<T>, Error> {
    let body = serde_json::from_slice(&card.body).map_err(|source| Error::Card { kind, source })?;
    Ok(Kept { revision: card.revision, body })
}
