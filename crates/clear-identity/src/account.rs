//! Accounts: who may sign in, for which agency, as what.
//!
//! In:    an enrolment, at a moment.
//! Out:   the [`Account`]; its second factor, once.
//! Never: gives out a hash, or a second factor a second time.

use std::collections::BTreeSet;

use clear_record::{AccountId, AgencyId, Role, Standing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::{Written, body};
use crate::{Error, Identity, Secret, code, password};

pub(crate) const KIND: &str = "account";

/// Who is to be enrolled.
#[derive(Clone)]
pub struct NewAccount {
    /// Its id, by which it signs in and stands in the log.
    pub id: AccountId,
    /// Its holder's name, for display.
    pub name: String,
    /// Its home agency.
    pub agency: AgencyId,
    /// What it is for.
    pub roles: BTreeSet<Role>,
    /// A person's password. A service (importer, job, an agency's server) has none: it uses tokens.
    pub password: Option<String>,
    /// The moment.
    pub now: Timestamp,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What an enrolment gives, once.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// A person's second factor; `None` for a service.
    pub second_factor: Option<SecondFactor>,
}

/// The shared secret of an authenticator app.
#[derive(Debug, Clone)]
pub struct SecondFactor {
    /// In base 32, to be typed.
    pub secret_base32: Secret,
    /// As `otpauth://…`, to be scanned.
    pub otpauth_url: Secret,
}

/// An account, as its steward sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its holder's name.
    pub name: String,
    /// Its home agency.
    pub agency: AgencyId,
    /// What it is for.
    pub roles: BTreeSet<Role>,
    /// Whether it is a service's.
    pub service: bool,
    /// When it was first enrolled.
    pub created_at: Timestamp,
    /// When it last signed in or was enrolled.
    pub last_used_at: Timestamp,
    /// Whether it is disabled.
    pub disabled: bool,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What an account's card says. It has no `Debug`: it holds the second factor.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    pub(crate) id: AccountId,
    pub(crate) name: String,
    pub(crate) agency: AgencyId,
    pub(crate) roles: BTreeSet<Role>,
    /// Argon2id in PHC's form; `None` for a service.
    pub(crate) password: Option<String>,
    /// The shared secret in base 32; `None` for a service.
    pub(crate) factor: Option<String>,
    /// INVARIANT (a code works once): the last step whose code was used; that one and earlier ones are refused.
    pub(crate) last_step: Option<u64>,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    pub(crate) disabled: bool,
}

impl Body {
    pub(crate) fn standing(&self) -> Standing {
        Standing {
            account: Some(self.id.clone()),
            agency: Some(self.agency.clone()),
            roles: self.roles.clone(),
            ..Standing::default()
        }
    }

    /// The shared secret, for a person.
    pub(crate) fn factor(&self) -> Result<Option<[u8; 20]>, Error> {
        let read = |text: &String| code::read(text).ok_or_else(|| Error::Factor { account: self.id.clone() });
        self.factor.as_ref().map(read).transpose()
    }

    fn account(self) -> Account {
        Account {
            service: self.password.is_none(),
            id: self.id,
            name: self.name,
            agency: self.agency,
            roles: self.roles,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            disabled: self.disabled,
        }
    }

    pub(crate) fn written(self) -> Written<Body> {
        Written { owner: Some(self.agency.as_str().to_owned()), due: None, body: self }
    }
}

impl Identity {
    /// Enrols a person or a service. The second factor is given here and never again.
    ///
    /// # Errors
    /// [`Error::Taken`] when there is such an account, [`Error::Password`] when the password cannot be taken.
    pub async fn enrol(&self, new: NewAccount) -> Result<Enrolled, Error> {
        let NewAccount { id, name, agency, roles, password, now } = new;
        let (password, factor, enrolled) = self.proofs(&id, &name, password).await?;
        let fresh = Body {
            id: id.clone(),
            name,
            agency,
            roles,
            password,
            factor,
            last_step: None,
            created_at: now,
            last_used_at: now,
            disabled: false,
        };
        self.change(KIND, id.as_str(), |before: Option<Body>| match before {
            Some(_) => Err(Error::Taken { account: id.clone() }),
            None => Ok(fresh.clone().written()),
        })
        .await?;
        Ok(enrolled)
    }

    /// Enrols an account again: new password, new second factor, every session, token and device ended, no lock, enabled.
    /// It is the one way back for somebody who lost a password or a telephone, or was away for too long.
    ///
    /// # Errors
    /// [`Error::NoSuchAccount`]; [`Error::Kind`] when a service is given a password, or a person none;
    /// [`Error::Password`] when the password cannot be taken.
    pub async fn re_enrol(
        &self,
        account: &AccountId,
        password: Option<String>,
        now: Timestamp,
    ) -> Result<Enrolled, Error> {
        let missing = || Error::NoSuchAccount { account: account.clone() };
        let (known, _) = self.read::<Body>(KIND, account.as_str()).await?.ok_or_else(missing)?;
        if known.password.is_some() != password.is_some() {
            return Err(Error::Kind { account: account.clone() });
        }
        let (password, factor, enrolled) = self.proofs(account, &known.name, password).await?;
        // What was held under the old proofs goes first, so that it is never live beside the new ones.
        self.end_holdings(account).await?;
        self.change(KIND, account.as_str(), |before: Option<Body>| {
            let (password, factor) = (password.clone(), factor.clone());
            let known = before.ok_or_else(missing)?;
            Ok::<_, Error>(
                Body { password, factor, last_step: None, last_used_at: now, disabled: false, ..known }.written(),
            )
        })
        .await?;
        self.end_holdings(account).await?;
        self.forget_devices(account).await?;
        self.forget_attempts(account.as_str()).await?;
        Ok(enrolled)
    }

    /// Disables an account: its sessions and tokens prove nothing from now on.
    ///
    /// # Errors
    /// [`Error::NoSuchAccount`].
    pub async fn disable(&self, account: &AccountId) -> Result<(), Error> {
        let _ended = self.cache.ending();
        self.change(KIND, account.as_str(), |before: Option<Body>| {
            let known = before.ok_or_else(|| Error::NoSuchAccount { account: account.clone() })?;
            Ok::<_, Error>(Body { disabled: true, ..known }.written())
        })
        .await?;
        Ok(())
    }

    /// Disables an account and ends every session and token that it holds, so that it begins anew when it is enabled.
    /// Gives how many those were.
    ///
    /// # Errors
    /// [`Error::NoSuchAccount`].
    pub async fn shut(&self, account: &AccountId) -> Result<usize, Error> {
        self.disable(account).await?;
        self.end_holdings(account).await
    }

    /// Enables an account that was disabled.
    ///
    /// # Errors
    /// [`Error::NoSuchAccount`].
    pub async fn enable(&self, account: &AccountId) -> Result<(), Error> {
        self.change(KIND, account.as_str(), |before: Option<Body>| {
            let known = before.ok_or_else(|| Error::NoSuchAccount { account: account.clone() })?;
            Ok::<_, Error>(Body { disabled: false, ..known }.written())
        })
        .await?;
        Ok(())
    }

    /// One account, if there is one of that id.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn account(&self, account: &AccountId) -> Result<Option<Account>, Error> {
        Ok(self.read::<Body>(KIND, account.as_str()).await?.map(|(known, _)| known.account()))
    }

    /// Every account, by id.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let cards = self.cards.list(KIND, None).await?;
        cards.iter().map(|card| Ok(body::<Body>(KIND, card)?.account())).collect()
    }

    /// What is kept to prove an account by, and what its holder is given.
    async fn proofs(
        &self,
        id: &AccountId,
        name: &str,
        password: Option<String>,
    ) -> Result<(Option<String>, Option<String>, Enrolled), Error> {
        let Some(password) = password else { return Ok((None, None, Enrolled { second_factor: None })) };
        password::check(&password, id.as_str(), name)
            .map_err(|source| Error::Password { account: id.clone(), source })?;
        let hash = self.press.hash(password).await?;
        let factor = code::fresh()?;
        let second_factor = SecondFactor {
            secret_base32: Secret::of(code::base32(factor)),
            otpauth_url: Secret::of(code::otpauth_url(id, factor)),
        };
        Ok((Some(hash), Some(code::base32(factor)), Enrolled { second_factor: Some(second_factor) }))
    }
}
