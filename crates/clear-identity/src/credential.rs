//! Sessions and tokens: what is presented with each request, and who it proves.
//!
//! In:    a [`Credential`] and the moment.
//! Out:   [`Proven<Standing>`](Proven), or [`Unproven`].
//! Never: keeps the secret: a card lies under its SHA-256.

use clear_record::{AccountId, AgencyId, DeviceId, Standing};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::{self, Body};
use crate::device::Opened;
use crate::identity::{body, bytes, later};
use crate::{Error, Identity, Proven, Secret, Unproven, secret};

pub(crate) const SESSION: &str = "session";
pub(crate) const TOKEN: &str = "token";
/// How often a use is noted: a write for each request would be a load without a reader.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// For how long an ended session's card stays, so that its holder reads *ended* and not *unknown*.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// What somebody presents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// Nothing: a resident.
    Anonymous,
    /// A session's secret, and that of the machine on which it is presented, if the machine has one.
    Session {
        /// The session's.
        secret: &'a str,
        /// The machine's.
        device: Option<&'a str>,
    },
    /// A token's secret.
    Token(&'a str),
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Credential::Anonymous => "Anonymous",
            Credential::Session { .. } => "Session(…)",
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
    /// The device that it is bound to.
    pub device: Option<DeviceId>,
    /// The number of the order that ended it.
    pub ended_by: Option<String>,
}

/// What the card of a session or token says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    pub(crate) account: AccountId,
    /// The account's home agency when this was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agency: Option<AgencyId>,
    pub(crate) number: String,
    pub(crate) label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<DeviceId>,
    /// The hash of the machine's secret, without which this proves nothing; a program has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device_key: Option<String>,
    /// How many ends by order there had been when this was made.
    #[serde(default)]
    pub(crate) ends: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) last_seen: Timestamp,
}

/// What is to be made: a session or a token.
struct Issue<'a> {
    kind: &'static str,
    secret: Secret,
    label: &'a str,
    device: Opened,
    ends: u64,
    now: Timestamp,
    expires_at: Timestamp,
}

impl Identity {
    /// Establishes who presents this. What an order ended still says who that is, with the order's number in
    /// `ended_by`: its holder is told, and nothing opens.
    ///
    /// # Errors
    /// [`Unproven`], whose `Display` is what the asker may read.
    pub async fn prove(&self, credential: Credential<'_>, now: Timestamp) -> Result<Proven<Standing>, Unproven> {
        let (kind, presented, device) = match credential {
            Credential::Anonymous => return Ok(Proven::resident()),
            Credential::Session { secret, device } => (SESSION, secret, device),
            Credential::Token(secret) => (TOKEN, secret, None),
        };
        let card_key = secret::key(presented);
        // A proof is of both secrets: what was proven on one device is not remembered for another.
        let key = (kind, format!("{card_key} {}", device.map(secret::key).unwrap_or_default()));
        let begun = match self.cache.find(&key, now) {
            Ok(proven) => return Ok(proven),
            Err(begun) => begun,
        };
        let (mut held, card) = self.read::<Held>(kind, &card_key).await?.ok_or(Unproven::Unknown)?;
        if !held.is_at_home(device) {
            return Err(Unproven::OtherDevice { account: held.account, number: held.number });
        }
        let (account, _) = self.read::<Body>(account::KIND, held.account.as_str()).await?.ok_or(Unproven::Unknown)?;
        let standing = Standing { device: held.device.clone(), ..account.standing() };
        // Before anything that would send its holder to the sign-in page, where only the order waits.
        if let Some(order) = self.ends().await?.order_over(&held) {
            let standing = Standing { ended_by: Some(order.to_owned()), ..standing };
            let proven = Proven::by_session(standing, &held.number);
            self.cache.keep(begun, key, proven.clone(), now, held.expires_at);
            return Ok(proven);
        }
        if now >= held.expires_at {
            return Err(Unproven::Expired { at: held.expires_at });
        }
        let rested = now.duration_since(held.last_seen);
        match kind {
            SESSION if rested >= self.timers.idle => return Err(Unproven::Idle),
            TOKEN if rested >= self.timers.unused => return Err(Unproven::Unused),
            _ => {}
        }
        if account.disabled {
            return Err(Unproven::Disabled);
        }
        if rested >= NOTED_EVERY {
            held.last_seen = now;
            let noted = bytes(kind, &held)?;
            match self.cards.put(kind, &card_key, card.revision, card.owner.as_deref(), card.due, noted).await {
                // Another request of the same minute noted it, or it was just ended; then no proof is remembered.
                Ok(_) | Err(clear_store::Error::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let proven = Proven::by_session(standing, &held.number);
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
        let missing = || Error::NoSuchAccount { account: account.clone() };
        let ends = self.ends().await?.count;
        let (known, _) = self.read::<Body>(account::KIND, account.as_str()).await?.ok_or_else(missing)?;
        let (secret, device) = (Secret::fresh("oct_")?, Opened { id: DeviceId::fresh(), key: None, fresh: None });
        self.issue(&known, Issue { kind: TOKEN, secret, label, device, ends, now, expires_at }).await
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

    /// What an account holds: sessions first, in no telling order.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn holdings(&self, account: &AccountId) -> Result<Vec<Holding>, Error> {
        let (held, ends) = (self.held(account).await?, self.ends().await?);
        let holding = |(kind, _, held): (&'static str, String, Held)| {
            let ended_by = ends.order_over(&held).map(str::to_owned);
            held.holding(kind, ended_by)
        };
        Ok(held.into_iter().map(holding).collect())
    }

    /// A session of somebody who has just proven everything. `ends` was counted before it was asked whether an order
    /// closes the account: an order in between ends the session.
    pub(crate) async fn open(
        &self,
        account: &Body,
        device: Opened,
        ends: u64,
        now: Timestamp,
    ) -> Result<Issued, Error> {
        let (secret, expires_at) = (Secret::fresh("ocs_")?, later(now, self.timers.session));
        self.issue(account, Issue { kind: SESSION, secret, label: "", device, ends, now, expires_at }).await
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

    async fn issue(&self, account: &Body, issue: Issue<'_>) -> Result<Issued, Error> {
        let Issue { kind, secret, label, device, ends, now, expires_at } = issue;
        let number = secret::number()?;
        let held = Held {
            account: account.id.clone(),
            agency: Some(account.agency.clone()),
            number: number.clone(),
            label: label.to_owned(),
            device: Some(device.id),
            device_key: device.key,
            ends,
            created_at: now,
            expires_at,
            last_seen: now,
        };
        // Sessions are many and are cleared away; tokens are few and stay until they are revoked.
        let due = (kind == SESSION).then(|| later(expires_at, REMEMBERED));
        self.cards
            .put(kind, &secret::key(secret.reveal()), 0, Some(account.id.as_str()), due, bytes(kind, &held)?)
            .await?;
        Ok(Issued { secret, number, expires_at })
    }

    pub(crate) async fn held(&self, account: &AccountId) -> Result<Vec<(&'static str, String, Held)>, Error> {
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
    fn holding(self, kind: &str, ended_by: Option<String>) -> Holding {
        Holding {
            kind: if kind == SESSION { HoldingKind::Session } else { HoldingKind::Token },
            number: self.number,
            label: self.label,
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_seen: self.last_seen,
            device: self.device,
            ended_by,
        }
    }
}
