//! Proofs of the last seconds, so that a page with thirty parts is proven once.
//!
//! In:    proofs as they are made, and the word that one has ended.
//! Out:   the proof again, for seconds.
//! Never: remembers a secret (only its hash), or gives out a proof after this process has ended one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clear_record::Standing;
use jiff::{SignedDuration, Timestamp};

use crate::Proven;

/// How many proofs are remembered. More live sessions than this still work, a little slower.
const MOST: usize = 4096;
/// For how long.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

/// The kind of a credential and the key of its card.
pub(crate) type Key = (&'static str, String);

#[derive(Debug, Default)]
pub(crate) struct Cache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ends: u64,
    proofs: HashMap<Key, Proof>,
}

#[derive(Debug)]
struct Proof {
    proven: Proven<Standing>,
    proven_at: Timestamp,
    expires_at: Timestamp,
}

/// How many ends there had been before a proof was begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun(u64);

/// Held while something is ended.
pub(crate) struct Ending<'a>(&'a Cache);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Cache {
    /// The proof, if it is fresh; otherwise the ticket to give back with a new one.
    pub(crate) fn find(&self, key: &Key, now: Timestamp) -> Result<Proven<Standing>, Begun> {
        let state = self.state();
        match state.proofs.get(key) {
            Some(proof) if proof.is_fresh(now) => Ok(proof.proven.clone()),
            _ => Err(Begun(state.ends)),
        }
    }

    /// Remembers a proof, unless something ended since it was begun: the proof may be of that.
    pub(crate) fn keep(&self, begun: Begun, key: Key, proven: Proven<Standing>, now: Timestamp, expires_at: Timestamp) {
        let mut state = self.state();
        if state.ends != begun.0 {
            return;
        }
        if state.proofs.len() >= MOST {
            state.proofs.retain(|_, proof| proof.is_fresh(now));
        }
        if state.proofs.len() < MOST {
            state.proofs.insert(key, Proof { proven, proven_at: now, expires_at });
        }
    }

    /// INVARIANT (an end holds at once): when the guard goes, every proof is forgotten, however the writing ended.
    pub(crate) fn ending(&self) -> Ending<'_> {
        Ending(self)
    }

    /// Forgets every proof, also those that are being made. Ends are rare and proofs are cheap, so there is no need to
    /// find the right one.
    fn end(&self) {
        let mut state = self.state();
        state.ends += 1;
        state.proofs.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change above is whole before it can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proof {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.proven_at);
        // A negative age is a clock that was set back: prove again.
        !age.is_negative() && age < FRESH && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(text: &str) -> Key {
        ("session", text.to_owned())
    }

    #[test]
    fn a_proof_is_fresh_for_seconds_and_never_past_its_end() {
        let cache = Cache::default();
        let begun = cache.find(&key("a"), at(100)).unwrap_err();
        cache.keep(begun, key("a"), Proven::resident(), at(100), at(103));
        for (second, found) in [(99, false), (100, true), (102, true), (103, false)] {
            assert_eq!(cache.find(&key("a"), at(second)).is_ok(), found, "at {second}");
        }
        assert!(cache.find(&("token", "a".to_owned()), at(100)).is_err(), "a session is no token");
    }

    #[test]
    fn an_end_holds_at_once_for_kept_proofs_and_for_those_being_made() {
        let cache = Cache::default();
        let begun = cache.find(&key("a"), at(0)).unwrap_err();
        cache.keep(begun, key("a"), Proven::resident(), at(0), at(9));
        drop(cache.ending());
        assert!(cache.find(&key("a"), at(0)).is_err());
        cache.keep(begun, key("b"), Proven::resident(), at(0), at(9));
        assert!(cache.find(&key("b"), at(0)).is_err(), "begun before the end");
    }

    #[test]
    fn no_more_than_the_most_are_kept() {
        let cache = Cache::default();
        let begun = cache.find(&key(""), at(0)).unwrap_err();
        for name in 0..=MOST {
            cache.keep(begun, key(&name.to_string()), Proven::resident(), at(0), at(9));
        }
        assert_eq!(cache.state().proofs.len(), MOST);
        cache.keep(begun, key("later"), Proven::resident(), at(6), at(9));
        assert_eq!(cache.state().proofs.len(), 1, "stale ones make room");
    }
}
