//! *Was this you?* (S3): once a week each officer looks at what was asked in the own name, and says yes or no.
//!
//! In:    a round of the weekly job; a look; a word.
//! Out:   [`WasThisYou`]: by device, address and hour; and what a *no* does.
//! Never: waits for anybody's signature: a *no* shuts the account at once.
//!
//! # How
//! A *no* disables the account and ends its connections, writes a *disputed* event, and puts it before the reviewers as
//! urgent. A steward (whoever may enrol accounts) looks and says whether it was in order: then the account opens again;
//! otherwise it stays shut until it is enrolled anew, with another password and second factor. It is no suspension of the
//! register, because those are notes that somebody's key signs, and whose login is borrowed has no key (decision 0020).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use clear_audit::{Disclosures, Event, Key, Opened, Receipt, What, Whose};
use clear_identity::Proven;
use clear_policy::{Decision, Deed, Denial, Flag, may};
use clear_record::{AccountId, Request, Standing};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CATCH_UP, Unread, reader};
use crate::desk::{Desk, Error};
use crate::entry::{Entry, Refusal};
use crate::gate::{Connection, Whom};
use crate::inquiry::{self, card, card::Kept};

const DIGEST: &str = "was-this-you";
const ROUND: &str = "was-this-you-round";
const LAST: &str = "last";
/// Whose cards are those that nobody has answered.
const WAITING: &str = "waiting";
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Entries that are grouped; a week in which a program asked more shows the newest.
const LOOKED_AT: usize = 20_000;
/// Cases that a group names, so that one remembers.
const CASES: usize = 5;

/// What was asked in somebody's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WasThisYou {
    /// From when.
    #[schema(value_type = String)]
    pub from: Timestamp,
    /// Until when.
    #[schema(value_type = String)]
    pub until: Timestamp,
    /// How many questions and sign-ins.
    pub count: u64,
    /// By device, address and hour, the newest first.
    pub groups: Vec<AskedGroup>,
}

/// What was asked from one device and address within one hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AskedGroup {
    /// The hour's beginning.
    #[schema(value_type = String)]
    pub hour: Timestamp,
    /// The device, as in the log; a sign-in that was refused has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The network address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Questions and filings.
    pub questions: u64,
    /// Sign-ins.
    pub sign_ins: u64,
    /// Sign-ins that were refused.
    pub refused: u64,
    /// Some of the cases that were stated.
    pub cases: Vec<String>,
}

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct DigestRound {
    /// How many accounts have something to look at.
    pub due: usize,
}

/// A digest that waits for its account, by places in the log: what is shown is worked out when it is looked at.
#[derive(Clone, Serialize, Deserialize)]
struct Waiting {
    from: Timestamp,
    until: Timestamp,
    from_entry: u64,
    until_entry: u64,
}

#[derive(Serialize, Deserialize)]
struct Round {
    at: Timestamp,
    entry: u64,
}

/// Accounts that have something to look at: for the notice on every page.
#[derive(Default)]
pub(crate) struct Due(RwLock<BTreeSet<AccountId>>);

impl Due {
    fn add(&self, account: AccountId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(account);
    }

    fn remove(&self, account: &AccountId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(account);
    }

    fn has(&self, account: &AccountId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(account)
    }
}

impl Desk {
    /// Whether somebody has a digest to look at.
    pub fn is_asked_was_this_you(&self, account: &AccountId) -> bool {
        self.digests.has(account)
    }

    /// Whether the week is over, so that a job makes the digests due.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn are_digests_due(&self) -> Result<bool, Error> {
        let last: Option<Kept<Round>> = card::get(self, ROUND, LAST).await?;
        Ok(last.is_none_or(|last| self.clock().duration_since(last.body.at) >= WEEK))
    }

    /// Makes the digest of each account due that was used since the last round; of a week, where there was none.
    ///
    /// # Errors
    /// A [`Refusal`] to everybody who is no reviewer.
    pub async fn make_digests(&self, request: Proven<Request<()>>) -> Result<DigestRound, Refusal> {
        let mut entry = Entry::asked(self, &request, "make_digests", &());
        if let Err(denial) = reader(self, &request) {
            return Err(entry.refuse(*denial).await);
        }
        entry.must_be_logged().await?;
        match self.digest_round(request.asked_at).await {
            Ok(round) => {
                entry.also(What::Reviewed, format!("was this you: {} accounts are asked", round.due));
                entry.done().await?;
                Ok(round)
            }
            Err(error) => Err(entry.failed(&error).await),
        }
    }

    async fn digest_round(&self, now: Timestamp) -> Result<DigestRound, Unread> {
        let index = self.ledger_index();
        let size = self.log().synced_size();
        index.caught_up(size, CATCH_UP).await;
        // What the index lacks is the next week's.
        let upto = index.upto().min(size);
        let last: Option<Kept<Round>> = card::get(self, ROUND, LAST).await?;
        let (revision, since, from) = match last {
            Some(Kept { revision, body }) => (revision, body.at, body.entry),
            None => (0, now.saturating_sub(WEEK).unwrap_or(now), index.at(now.saturating_sub(WEEK).unwrap_or(now))?),
        };
        let mut due = 0;
        for account in self.identity().accounts().await.map_err(Error::from)? {
            if account.service || account.disabled {
                continue;
            }
            if index.count(Whose::Anybodys, &Key::Asked(&account.id), from..upto)? == 0 {
                continue;
            }
            let fresh = Waiting { from: since, until: now, from_entry: from, until_entry: upto };
            self.wait_for_word(&account.id, fresh).await?;
            due += 1;
        }
        card::put(self, ROUND, LAST, revision, None, None, &Round { at: now, entry: upto }).await?;
        Ok(DigestRound { due })
    }

    /// Whoever did not answer last week's is asked about both.
    async fn wait_for_word(&self, account: &AccountId, fresh: Waiting) -> Result<(), Error> {
        let kept: Option<Kept<Waiting>> = card::get(self, DIGEST, account.as_str()).await?;
        let (revision, waiting) = match kept {
            Some(Kept { revision, body }) => {
                (revision, Waiting { from: body.from, from_entry: body.from_entry, ..fresh })
            }
            None => (0, fresh),
        };
        if card::put(self, DIGEST, account.as_str(), revision, Some(WAITING), None, &waiting).await? {
            self.digests.add(account.clone());
        }
        Ok(())
    }

    /// Remembers at the start who has something to look at.
    pub(crate) async fn remember_digests(&self) -> Result<(), Error> {
        for card in self.cards().list(DIGEST, Some(WAITING)).await? {
            if let Ok(account) = card.key.parse() {
                self.digests.add(account);
            }
        }
        Ok(())
    }

    /// What was asked in the asker's own name, where a digest waits for a word.
    ///
    /// # Errors
    /// A [`Refusal`]: nobody, or somebody whom an order or a suspension bars.
    pub async fn was_this_you(&self, request: Proven<Request<()>>) -> Result<(Option<WasThisYou>, Receipt), Refusal> {
        let entry = Entry::asked(self, &request, "was_this_you", &());
        let account = match self.own(&request) {
            Ok(account) => account,
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        match self.digest_of(&account).await {
            Ok(digest) => {
                let receipt = entry.told(digest.as_ref().map_or(0, |digest| digest.count)).await?;
                Ok((digest, receipt))
            }
            Err(error) => Err(entry.failed(&error).await),
        }
    }

    async fn digest_of(&self, account: &AccountId) -> Result<Option<WasThisYou>, Unread> {
        let kept: Option<Kept<Waiting>> = card::get(self, DIGEST, account.as_str()).await?;
        let Some(Kept { body, .. }) = kept else { return Ok(None) };
        let (index, account) = (self.ledger_index(), account.clone());
        let look = move || grouped(&index, &account, &body);
        Ok(Some(tokio::task::spawn_blocking(look).await??))
    }

    /// The officer's word: yes, all of that was me; or no. After a *no* the account is shut when this returns, and every
    /// connection of it has ended but the one that brought the word.
    ///
    /// A question that was proven in the very moment of the *no* may still be answered; the log has it.
    ///
    /// # Errors
    /// A [`Refusal`]: nobody, somebody who is barred, or nothing to look at.
    pub async fn say_was_this_you(
        &self,
        request: Proven<Request<bool>>,
        by: Option<&Connection>,
    ) -> Result<Receipt, Refusal> {
        let mut entry = Entry::asked(self, &request, "say_was_this_you", &request.question);
        let account = match self.own(&request) {
            Ok(account) => account,
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        let kept: Option<Kept<Waiting>> = match card::get(self, DIGEST, account.as_str()).await {
            Ok(kept) => kept,
            Err(error) => return Err(entry.failed(&error).await),
        };
        let Some(Kept { revision, body }) = kept else {
            return Err(entry.wrong("nothing waits for your word".into()).await);
        };
        entry.must_be_logged().await?;
        if !request.question
            && let Err(error) = self.shut(&request, &account, &body, by).await
        {
            return Err(entry.failed(&error).await);
        }
        match self.cards().delete(DIGEST, account.as_str(), revision).await {
            Ok(()) | Err(clear_store::Error::Conflict { .. }) => {}
            Err(error) => return Err(entry.failed(&error).await),
        }
        self.digests.remove(&account);
        entry.done().await
    }

    /// Shuts an account on its holder's word.
    async fn shut(
        &self,
        request: &Request<bool>,
        account: &AccountId,
        waiting: &Waiting,
        by: Option<&Connection>,
    ) -> Result<(), Error> {
        let why = format!("not me: something between {} and {}", waiting.from, waiting.until);
        let event = Event {
            what: What::Disputed,
            at: self.clock(),
            request: Some(request.id.clone()),
            account: Some(account.clone()),
            agency: request.standing.agency.clone(),
            device: request.standing.device.clone(),
            address: Some(request.origin.address.clone()),
            session: request.origin.session.clone(),
            why: Some(why.clone()),
            ..Event::default()
        };
        // The log has it before anything is done, and the account is shut before anything else is.
        self.log().append(&event, None).wait().await?;
        self.identity().shut(account).await?;
        self.gate().interrupt_others("disputed", Whom::Account(account), by);
        inquiry::flag(self, request, &why, &[Flag::Disputed]).await
    }

    /// Somebody with an account of its own, whom nothing bars.
    fn own<Q>(&self, request: &Request<Q>) -> Result<AccountId, Box<Denial>> {
        let Standing { account, ended_by, .. } = &request.standing;
        let (register, at) = (self.register(), request.asked_at);
        let path = register.path(&request.standing, &request.inquiry, at);
        if let Some(order) = register.closed_to(&path, at) {
            return Err(Box::new(Denial::Ordered(order)));
        }
        if let Some(suspension) = register.suspended(&request.standing, &path, at) {
            return Err(Box::new(Denial::Suspended(suspension.clone())));
        }
        account.clone().filter(|_| ended_by.is_none()).ok_or(Denial::SignIn).map_err(Box::new)
    }
}

/// What a reviewer's word about a disputed account does. Whoever may not enrol accounts, may not say it.
pub(crate) async fn looked_at(desk: &Desk, account: &AccountId, in_order: bool) -> Result<(), Error> {
    if in_order {
        desk.identity().enable(account).await?;
    }
    Ok(())
}

/// Whether somebody may open a disputed account again.
pub(crate) fn may_open<Q>(desk: &Desk, request: &Request<Q>) -> Result<(), Box<Denial>> {
    match may(&desk.register(), &*desk.rules(), Deed::Govern("account"), request) {
        Decision::Permit(_) => Ok(()),
        Decision::Deny(denial) => Err(Box::new(denial)),
    }
}

fn grouped(index: &Disclosures, account: &AccountId, waiting: &Waiting) -> Result<WasThisYou, clear_audit::Error> {
    let range = waiting.from_entry..waiting.until_entry;
    let key = Key::Asked(account);
    let count = index.count(Whose::Anybodys, &key, range.clone())?;
    let mut groups: BTreeMap<(Timestamp, Option<String>, Option<String>), AskedGroup> = BTreeMap::new();
    for place in index.newest(Whose::Anybodys, &key, range, LOOKED_AT)? {
        // What does not open is an alarm elsewhere, and no reason to show an officer nothing.
        let Ok(Opened::Event(event)) = index.entry(place).map(|opening| opening.opened) else { continue };
        let seconds = event.at.as_second();
        let hour = Timestamp::from_second(seconds - seconds.rem_euclid(3600)).unwrap_or(event.at);
        let device = event.device.as_ref().map(ToString::to_string);
        let group = groups.entry((hour, device.clone(), event.address.clone())).or_insert_with(|| AskedGroup {
            hour,
            device,
            address: event.address.clone(),
            questions: 0,
            sign_ins: 0,
            refused: 0,
            cases: Vec::new(),
        });
        match event.what {
            What::SignIn => group.sign_ins += 1,
            What::SignInRefused => group.refused += 1,
            _ => group.questions += 1,
        }
        if let Some(case) = event.case.filter(|case| group.cases.len() < CASES && !group.cases.contains(case)) {
            group.cases.push(case);
        }
    }
    let groups = groups.into_values().rev().collect();
    Ok(WasThisYou { from: waiting.from, until: waiting.until, count, groups })
}
