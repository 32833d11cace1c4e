//! Signing in: account, password, code.
//!
//! In:    what was typed, on which machine, and the moment; whether an order closes the account.
//! Out:   [`SignedIn`] or [`Refused`].
//! Never: works less, or answers otherwise, for an account that is not there.

use clear_record::{AccountId, Standing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{self, Body};
use crate::identity::{Written, later};
use crate::{Error, Identity, Issued, Machine, Proven, Refused, Secret, Timers, code, credential, device, secret};

const ATTEMPTS: &str = "attempt";

/// The times of the recent attempts that did not end in a session.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempts {
    times: Vec<Timestamp>,
}

/// What somebody signs in with.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// The account, as it was typed.
    pub account: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The one-time code.
    pub code: &'a str,
    /// On what.
    pub machine: Machine<'a>,
}

impl std::fmt::Debug for SignIn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("machine", &self.machine).finish_non_exhaustive()
    }
}

/// A session, as its holder receives it.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the holder presents from now on ([`Credential::Session`](crate::Credential::Session)).
    pub secret: Secret,
    /// The session's public number, as in the log.
    pub number: String,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub standing: Proven<Standing>,
    /// What a browser keeps and presents with the session, where it has just been given one.
    pub device: Option<Secret>,
}

impl Identity {
    /// Opens a session for whoever gives account, password and one-time code rightly. `closed` gives the number of the
    /// order that closes an account; it is asked when everything has been proven, so that strangers learn nothing.
    ///
    /// # Errors
    /// [`Refused`], whose `Display` is what the asker may read.
    pub async fn sign_in(
        &self,
        given: SignIn<'_>,
        now: Timestamp,
        closed: impl FnOnce(&Standing) -> Option<String>,
    ) -> Result<SignedIn, Refused> {
        let SignIn { account, password, code, machine } = given;
        // Telephones capitalise the first letter of a field.
        let name = account.trim().to_ascii_lowercase();
        self.count_attempt(&name, now).await?;
        let known = self.known(&name).await?;
        let password_fits = self.press.fits(known.as_ref().and_then(|known| known.password.clone()), password).await?;
        // Both are judged before either is looked at: which of them was wrong is not for the asker to measure.
        let factor = match &known {
            Some(known) => known.factor()?,
            None => None,
        };
        let step = code::step_of(factor.unwrap_or_default(), code, now).filter(|_| factor.is_some());
        let (Some(known), true, Some(step)) = (known, password_fits, step) else { return Err(Refused::NotRight) };
        let known = self.use_code(&known, step, now).await?;
        self.forget_attempts(&name).await?;
        let ends = self.ends().await?.count;
        if let Some(order) = closed(&known.standing()) {
            return Err(Refused::Ordered { order });
        }
        let opened = self.enrol_device(&known.id, machine, now).await?;
        let (device, id) = (opened.fresh.clone(), opened.id.clone());
        let Issued { secret, number, expires_at } = self.open(&known, opened, ends, now).await?;
        let standing = Standing { device: Some(id), ..known.standing() };
        Ok(SignedIn { secret, standing: Proven::by_session(standing, &number), number, expires_at, device })
    }

    /// INVARIANT (an attempt is counted before it is judged): of a hundred guesses at the same moment, only the
    /// allowed number is ever compared. Names are counted whether or not they are accounts, so that a lock tells nothing.
    async fn count_attempt(&self, name: &str, now: Timestamp) -> Result<(), Refused> {
        let window = self.timers.failure_window;
        self.change(ATTEMPTS, &secret::key(name), |before: Option<Attempts>| {
            let mut times = before.unwrap_or_default().times;
            if let Some(until) = locked_until(&times, &self.timers, now) {
                return Err(Refused::Locked { until });
            }
            times.retain(|time| now.duration_since(*time).abs() < window);
            times.push(now);
            Ok(Written { body: Attempts { times }, owner: None, due: Some(later(now, window)) })
        })
        .await?;
        // Each attempt leaves at most one card and clears up to two that no longer matter: they cannot pile up.
        self.tidy(ATTEMPTS, now).await?;
        for kind in [credential::SESSION, device::MACHINE, device::ENROLMENT] {
            self.tidy(kind, now).await?;
        }
        Ok(())
    }

    pub(crate) async fn forget_attempts(&self, name: &str) -> Result<(), Error> {
        self.remove(ATTEMPTS, &secret::key(name)).await?;
        Ok(())
    }

    /// The account of that name. A name that can be nobody's is looked for as well, as it costs the same.
    async fn known(&self, name: &str) -> Result<Option<Body>, Error> {
        let key = name.parse::<AccountId>().map_or_else(|_| "?".to_owned(), |id| id.as_str().to_owned());
        Ok(self.read::<Body>(account::KIND, &key).await?.map(|(known, _)| known))
    }

    /// INVARIANT (a code works once): the step is written where the card is still as it was judged, or judged again.
    async fn use_code(&self, judged: &Body, step: u64, now: Timestamp) -> Result<Body, Refused> {
        self.change(account::KIND, judged.id.as_str(), |before: Option<Body>| {
            let known = before.ok_or(Refused::NotRight)?;
            // A new enrolment gives a new hash: what was judged is then no longer the account's.
            if known.password != judged.password || known.last_step.is_some_and(|used| used >= step) {
                return Err(Refused::NotRight);
            }
            if known.disabled {
                return Err(Refused::Disabled);
            }
            if now.duration_since(known.last_used_at) > self.timers.unused {
                return Err(Refused::Unused);
            }
            Ok(Body { last_step: Some(step), last_used_at: known.last_used_at.max(now), ..known }.written())
        })
        .await
    }

    /// Deletes up to two cards that are due for it.
    async fn tidy(&self, kind: &'static str, now: Timestamp) -> Result<(), Error> {
        for _ in 0..2 {
            let Some(card) = self.cards.claim(kind, now, later(now, self.timers.failure_window)).await? else { break };
            match self.cards.delete(kind, &card.key, card.revision).await {
                // Somebody wrote it in between, and it matters again.
                Ok(()) | Err(clear_store::Error::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Until when these attempts lock, if they do: for a window after the last of as many as lock within one.
fn locked_until(times: &[Timestamp], timers: &Timers, now: Timestamp) -> Option<Timestamp> {
    let window = timers.failure_window;
    let newest = times.last()?;
    let oldest = times.iter().rev().nth(timers.failures.max(1) - 1)?;
    let until = later(*newest, window);
    // An attempt from far in the future is the trace of a clock that was wrong; it must not lock for years.
    let near = newest.duration_since(now) < window;
    (newest.duration_since(*oldest) <= window && now < until && near).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_needs_five_in_a_window_and_holds_for_one_after_the_last() {
        let at = |minute: i64| Timestamp::from_second(1_000_000 + minute * 60).unwrap();
        for (minutes, now, until) in [
            (&[][..], 0, None),
            (&[0, 0, 0, 0], 0, None),
            (&[0, 0, 0, 0, 0], 0, Some(15)),
            (&[0, 3, 6, 9, 15], 15, Some(30)),
            (&[0, 3, 6, 9, 15], 29, Some(30)),
            (&[0, 3, 6, 9, 15], 30, None),
            (&[0, 3, 6, 9, 16], 16, None),
            (&[0, 9, 9, 9, 9, 9], 10, Some(24)),
            // The clock was set back a little: still locked. By much: not for ever.
            (&[9, 9, 9, 9, 9], 0, Some(24)),
            (&[9000, 9000, 9000, 9000, 9000], 0, None),
        ] {
            let times: Vec<_> = minutes.iter().map(|minute| at(*minute)).collect();
            assert_eq!(locked_until(&times, &Timers::default(), at(now)), until.map(at), "{minutes:?} at {now}");
        }
    }
}
