//! Sessions and tokens: what is presented with each request, and who it proves.
//!
//! In:    a [`Credential`] and the moment.
//! Out:   [`Proven<Standing>`](Proven), or [`Unproven`].
//! Never: keeps the secret: a card lies under its SHA-256.

use clear_record::{AccountId, AgencyId, Standing};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::{self, Body};
use crate::identity::{body, bytes, later};
use crate::{Error, Identity, Proven, Secret, Unproven, secret};

pub(crate) const SESSION: &str = "session";
const TOKEN: &str = "token";
/// How often a use is noted: a write for each request would be a load without a reader.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// For how long an ended session's card stays, so that its holder reads *ended* and not *unknown*.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// What somebody presents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// Nothing: a resident.
    Anonymous,
    /// A session's secret.
    Session(&'a str),
    /// A token's secret.
    Token(&'a str),
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Credential::Anonymous => "Anonymous",
            Credential::Session(_) => "Session(…)",
            Credential::Token(_) => "Token(…)",
        })
    }
}

/// A fresh session or token.
#[derive(Debug, Clone)]
pub struct Issued {
    /// What its holder presents. Given once.
    pub secret: Secret,
    /// Its public number, by which it stands in the log and is revoked.
    pub number: String,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
}

/// Whether something held is a session or a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldingKind {
    /// Opened by signing in.
    Session,
    /// Issued to a program.
    Token,
}

/// A session or token, as its account's steward sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Which of the two.
    pub kind: HoldingKind,
    /// Its public number.
    pub number: String,
    /// What it is for, in its issuer's words; empty for a session.
    pub label: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
}

/// What the card of a session or token says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    account: AccountId,
    number: String,
    label: String,
    created_at: Timestamp,
    expires_at: Timestamp,
    last_seen: Timestamp,
}

impl Identity {
    /// Establishes who presents this.
    ///
    /// # Errors
    /// [`Unproven`], whose `Display` is what the asker may read.
    pub async fn prove(&self, credential: Credential<'_>, now: Timestamp) -> Result<Proven<Standing>, Unproven> {
        let (kind, presented) = match credential {
            Credential::Anonymous => return Ok(Proven::resident()),
            Credential::Session(presented) => (SESSION, presented),
            Credential::Token(presented) => (TOKEN, presented),
        };
        let key = (kind, secret::key(presented));
        let begun = match self.cache.find(&key, now) {
            Ok(proven) => return Ok(proven),
            Err(begun) => begun,
        };
        let (mut held, card) = self.read::<Held>(kind, &key.1).await?.ok_or(Unproven::Unknown)?;
        if now >= held.expires_at {
            return Err(Unproven::Expired { at: held.expires_at });
        }
        let rested = now.duration_since(held.last_seen);
        match kind {
            SESSION if rested >= self.timers.idle => return Err(Unproven::Idle),
            TOKEN if rested >= self.timers.unused => return Err(Unproven::Unused),
            _ => {}
        }
        let (account, _) = self.read::<Body>(account::KIND, held.account.as_str()).await?.ok_or(Unproven::Unknown)?;
        if account.disabled {
            return Err(Unproven::Disabled);
        }
        if rested >= NOTED_EVERY {
            held.last_seen = now;
            match self
                .cards
                .put(kind, &key.1, card.revision, card.owner.as_deref(), card.due, bytes(kind, &held)?)
                .await
            {
                // Another request of the same minute noted it, or it was just ended; then no proof is remembered.
                Ok(_) | Err(clear_store::Error::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let proven = Proven::by_session(account.standing(), &held.number);
        self.cache.keep(begun, key, proven.clone(), now, held.expires_at);
        Ok(proven)
    }

    /// Issues a token to a program. The secret is given here and never again.
    ///
    /// # Errors
    /// [`Error::NoSuchAccount`]; [`Error::Ended`] when `expires_at` is not after `now`.
    pub async fn issue_token(
        &self,
        account: &AccountId,
        label: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Issued, Error> {
        if expires_at <= now {
            return Err(Error::Ended { at: expires_at });
        }
        if self.cards.get(account::KIND, account.as_str()).await?.is_none() {
            return Err(Error::NoSuchAccount { account: account.clone() });
        }
        self.issue(TOKEN, Secret::fresh("oct_")?, account, label, now, expires_at).await
    }

    /// Ends one session or token of an account by its public number.
    ///
    /// # Errors
    /// [`Error::NoSuchNumber`].
    pub async fn revoke(&self, account: &AccountId, number: &str) -> Result<(), Error> {
        let _ended = self.cache.ending();
        for (kind, key, held) in self.held(account).await? {
            if held.number == number && self.remove(kind, &key).await? {
                return Ok(());
            }
        }
        Err(Error::NoSuchNumber { account: account.clone(), number: number.to_owned() })
    }

    /// Ends the session with this secret. Gives whether there was one.
    ///
    /// # Errors
    /// When the cards cannot be written.
    pub async fn sign_out(&self, secret: &str) -> Result<bool, Error> {
        let _ended = self.cache.ending();
        self.remove(SESSION, &secret::key(secret)).await
    }

    /// Ends every session and token of the accounts that an order meets. Gives how many.
    ///
    /// # Errors
    /// When the cards cannot be read or written; what was ended stays ended.
    pub async fn end_sessions(&self, meets: impl Fn(&AccountId, &AgencyId) -> bool + Send) -> Result<usize, Error> {
        let mut met = Vec::new();
        for card in self.cards.list(account::KIND, None).await? {
            let known: Body = body(account::KIND, &card)?;
            if meets(&known.id, &known.agency) {
                met.push(known.id);
            }
        }
        let mut count = 0;
        for account in met {
            count += self.end_holdings(&account).await?;
        }
        Ok(count)
    }

    /// What an account holds: sessions first, in no telling order.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn holdings(&self, account: &AccountId) -> Result<Vec<Holding>, Error> {
        let held = self.held(account).await?;
        Ok(held.into_iter().map(|(kind, _, held)| held.holding(kind)).collect())
    }

    /// A session of somebody who has just proven everything.
    pub(crate) async fn open(&self, account: &AccountId, now: Timestamp) -> Result<Issued, Error> {
        self.issue(SESSION, Secret::fresh("ocs_")?, account, "", now, later(now, self.timers.session)).await
    }

    /// Ends everything that an account holds. Gives how many.
    pub(crate) async fn end_holdings(&self, account: &AccountId) -> Result<usize, Error> {
        let _ended = self.cache.ending();
        let mut count = 0;
        for (kind, key, _) in self.held(account).await? {
            count += usize::from(self.remove(kind, &key).await?);
        }
        Ok(count)
    }

    async fn issue(
        &self,
        kind: &'static str,
        secret: Secret,
        account: &AccountId,
        label: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Issued, Error> {
        let number = secret::number()?;
        let held = Held {
            account: account.clone(),
            number: number.clone(),
            label: label.to_owned(),
            created_at: now,
            expires_at,
            last_seen: now,
        };
        // Sessions are many and are cleared away; tokens are few and stay until they are revoked.
        let due = (kind == SESSION).then(|| later(expires_at, REMEMBERED));
        self.cards
            .put(kind, &secret::key(secret.reveal()), 0, Some(account.as_str()), due, bytes(kind, &held)?)
            .await?;
        Ok(Issued { secret, number, expires_at })
    }

    async fn held(&self, account: &AccountId) -> Result<Vec<(&'static str, String, Held)>, Error> {
        let mut all = Vec::new();
        for kind in [SESSION, TOKEN] {
            for card in self.cards.list(kind, Some(account.as_str())).await? {
                let held = body(kind, &card)?;
                all.push((kind, card.key, held));
            }
        }
        Ok(all)
    }
}

impl Held {
    fn holding(self, kind: &str) -> Holding {
        Holding {
            kind: if kind == SESSION { HoldingKind::Session } else { HoldingKind::Token },
            number: self.number,
            label: self.label,
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_seen: self.last_seen,
        }
    }
}
