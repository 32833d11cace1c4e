//! The office where one shows who one is, and how it keeps its cards.
//!
//! In:    the cards, the timers, the cost of a hash.
//! Out:   [`Identity`]; what it does stands in `sign_in.rs`, `credential.rs` and `account.rs`.
//! Never: writes a card without comparing its revision.

use std::sync::Arc;

use clear_store::{Card, Cards};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::cache::Cache;
use crate::password::{Cost, Press};

/// How often a write is tried again when others change the same card.
const TRIES: usize = 16;

/// The numbers of GR50 (CJIS AC-7, AC-11, AC-12, AC-2): data of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// How many failed sign-ins lock an account.
    pub failures: usize,
    /// Within how long they must lie, and for how long after the last one the lock holds.
    pub failure_window: SignedDuration,
    /// For how long a session may rest. Uses are noted once a minute, so that it may end up to a minute early.
    pub idle: SignedDuration,
    /// For how long a session holds at all.
    pub session: SignedDuration,
    /// For how long an account or token may rest.
    pub unused: SignedDuration,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers {
            failures: 5,
            failure_window: SignedDuration::from_mins(15),
            idle: SignedDuration::from_mins(30),
            session: SignedDuration::from_hours(12),
            unused: SignedDuration::from_hours(90 * 24),
        }
    }
}

/// The accounts, sessions and tokens of an installation. One for each process: proofs are remembered for five seconds,
/// and only an end that goes through this value is seen sooner.
pub struct Identity {
    pub(crate) cards: Arc<dyn Cards>,
    pub(crate) timers: Timers,
    pub(crate) press: Press,
    pub(crate) cache: Cache,
}

impl Identity {
    /// On these cards, with the default [`Timers`] and [`Cost`].
    pub fn new(cards: Arc<dyn Cards>) -> Identity {
        Identity::with(cards, Timers::default(), Cost::default())
    }

    /// On these cards, with an installation's own numbers.
    pub fn with(cards: Arc<dyn Cards>, timers: Timers, cost: Cost) -> Identity {
        Identity { cards, timers, press: Press::new(cost), cache: Cache::default() }
    }

    /// What a card says, and the card.
    pub(crate) async fn read<B: DeserializeOwned>(
        &self,
        kind: &'static str,
        key: &str,
    ) -> Result<Option<(B, Card)>, Error> {
        match self.cards.get(kind, key).await? {
            Some(card) => Ok(Some((body(kind, &card)?, card))),
            None => Ok(None),
        }
    }

    /// Writes what `decide` makes of the card as it is, and decides again where somebody else was quicker.
    pub(crate) async fn change<B, E>(
        &self,
        kind: &'static str,
        key: &str,
        mut decide: impl FnMut(Option<B>) -> Result<Written<B>, E>,
    ) -> Result<B, E>
    where
        B: Serialize + DeserializeOwned,
        E: From<Error>,
    {
        for _ in 0..TRIES {
            let (before, revision) = match self.read(kind, key).await? {
                Some((body, card)) => (Some(body), card.revision),
                None => (None, 0),
            };
            let Written { body, owner, due } = decide(before)?;
            match self.cards.put(kind, key, revision, owner.as_deref(), due, bytes(kind, &body)?).await {
                Ok(_) => return Ok(body),
                Err(clear_store::Error::Conflict { .. }) => {}
                Err(error) => return Err(Error::Store(error).into()),
            }
        }
        Err(Error::Busy { kind }.into())
    }

    /// Deletes a card, whatever it says by now. Gives whether there was one.
    pub(crate) async fn remove(&self, kind: &'static str, key: &str) -> Result<bool, Error> {
        for _ in 0..TRIES {
            let Some(card) = self.cards.get(kind, key).await? else { return Ok(false) };
            match self.cards.delete(kind, key, card.revision).await {
                Ok(()) => return Ok(true),
                Err(clear_store::Error::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy { kind })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("timers", &self.timers).finish_non_exhaustive()
    }
}

/// What a card shall say, whose it is, and when it wants attention.
pub(crate) struct Written<B> {
    pub(crate) body: B,
    pub(crate) owner: Option<String>,
    pub(crate) due: Option<Timestamp>,
}

/// What a card says.
pub(crate) fn body<B: DeserializeOwned>(kind: &'static str, card: &Card) -> Result<B, Error> {
    serde_json::from_slice(&card.body).map_err(|source| Error::Damaged { kind, source })
}

/// How a card says it.
pub(crate) fn bytes<B: Serialize>(kind: &'static str, body: &B) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|source| Error::Damaged { kind, source })
}

/// A moment later, or the last that there is.
pub(crate) fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}
