//! What orders ended. One card says it for every agency and account, so that an order ends ten thousand sessions in one
//! write, before anybody has counted them.
//!
//! In:    the agencies and accounts of an order's closure, the order's number.
//! Out:   [`Ended`]; for each credential the order that ended it, if one did.
//! Never: takes an end back: there is no function that removes an entry, whatever becomes of the order later.
//!
//! # How
//! Ends are counted. Each credential keeps how many there had been when it was made; an end with a greater number ended
//! it. A count and no time of day, because a clock that was set back must not make an ended session young again.

use std::collections::{BTreeMap, BTreeSet};

use clear_record::{AccountId, AgencyId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::credential::{Held, SESSION, TOKEN};
use crate::identity::{Written, body};
use crate::{Error, Identity};

const KIND: &str = "ended-by-order";
const KEY: &str = "all";

/// How much an order ended, of what had not ended by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions.
    pub sessions: usize,
    /// Tokens.
    pub tokens: usize,
}

/// What the card says.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ends {
    /// How many ends there have been.
    pub(crate) count: u64,
    agencies: BTreeMap<AgencyId, Vec<End>>,
    accounts: BTreeMap<AccountId, Vec<End>>,
}

/// An order's end of an agency or account.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    order: String,
    /// The count when the order first ended it: of several orders, the first one is named.
    first: u64,
    /// The count when the order was last said to end it; credentials made before are ended.
    last: u64,
}

impl Identity {
    /// Ends every session and token of accounts of these agencies, and of these accounts, for ever. The order's number
    /// is what their holders are told from now on. Saying it again, or for a closure that has grown, is no error.
    ///
    /// It is one write, whatever the number of sessions.
    ///
    /// # Errors
    /// When the card cannot be written; nothing is ended then.
    pub async fn end_by_order(
        &self,
        agencies: &BTreeSet<AgencyId>,
        accounts: &BTreeSet<AccountId>,
        order: &str,
    ) -> Result<(), Error> {
        let _ended = self.cache.ending();
        let end = |before: Option<Ends>| {
            let mut ends = before.unwrap_or_default();
            ends.add(agencies, accounts, order);
            Ok::<_, Error>(Written { body: ends, owner: None, due: None })
        };
        self.change(KIND, KEY, end).await?;
        Ok(())
    }

    /// How much an order ended that would still be open at this moment. It looks at every session and token, so that it
    /// is asked when the order holds and not before.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn ended_by(&self, order: &str, now: Timestamp) -> Result<Ended, Error> {
        let (ends, mut count) = (self.ends().await?, Ended::default());
        for (kind, ended) in [(SESSION, &mut count.sessions), (TOKEN, &mut count.tokens)] {
            for card in self.cards.list(kind, None).await? {
                let held: Held = body(kind, &card)?;
                *ended += usize::from(now < held.expires_at && ends.order_over(&held) == Some(order));
            }
        }
        Ok(count)
    }

    /// What orders have ended by now.
    pub(crate) async fn ends(&self) -> Result<Ends, Error> {
        Ok(self.read::<Ends>(KIND, KEY).await?.map(|(ends, _)| ends).unwrap_or_default())
    }
}

impl Ends {
    /// The number of the first order that ended this credential.
    pub(crate) fn order_over(&self, held: &Held) -> Option<&str> {
        let agency = held.agency.as_ref().and_then(|agency| self.agencies.get(agency));
        let account = self.accounts.get(&held.account);
        let ends = agency.into_iter().chain(account).flatten().filter(|end| end.last > held.ends);
        ends.min_by_key(|end| end.first).map(|end| end.order.as_str())
    }

    fn add(&mut self, agencies: &BTreeSet<AgencyId>, accounts: &BTreeSet<AccountId>, order: &str) {
        self.count += 1;
        for agency in agencies {
            say(self.agencies.entry(agency.clone()).or_default(), order, self.count);
        }
        for account in accounts {
            say(self.accounts.entry(account.clone()).or_default(), order, self.count);
        }
    }
}

fn say(ends: &mut Vec<End>, order: &str, count: u64) {
    match ends.iter_mut().find(|end| end.order == order) {
        Some(end) => end.last = count,
        None => ends.push(End { order: order.to_owned(), first: count, last: count }),
    }
}
