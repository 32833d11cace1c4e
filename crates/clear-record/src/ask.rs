//! The words of a question: who asks, under which inquiry. No verdict; that is `clear-policy`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::label::words;
use crate::{AccountId, AgencyId, DeviceId, HoldId, InquiryId, RequestId, Seq};

words! {
    /// What an account is for. A person may have several.
    Role {
        /// Patrol officer, detective.
        Officer = "officer",
        /// Analyst.
        Analyst = "analyst",
        /// Records custodian's clerk.
        Clerk = "clerk",
        /// Data steward: agreements, orders.
        Steward = "steward",
        /// Oversight body, court, city council.
        Oversight = "oversight",
        /// A program: an importer, a job, an agency's server.
        Service = "service",
        /// A member of a partner agency.
        Partner = "partner",
    }
}

words! {
    /// What opens an inquiry by itself.
    EventKind {
        /// An officer stops a person or a vehicle.
        Stop = "stop",
        /// A call is given to a unit.
        Dispatch = "dispatch",
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The code as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name(text.trim().to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

codes! {
    /// Why somebody asks: a code that the register declares (`criminal_investigation`), data of the installation.
    Purpose,
    /// The legal use code: a code that the register declares; the NCIC purpose codes are the usual set (`C`, `J` …).
    UseCode,
}

/// A proven person or service. The path adds what the register knows of its affiliations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The account; `None` for a resident, who needs none.
    pub account: Option<AccountId>,
    /// The home agency; `None` for a resident.
    pub agency: Option<AgencyId>,
    /// What the account is for.
    pub roles: BTreeSet<Role>,
    /// The machine that the credential is bound to: a car, a handheld, a desk (GR11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The number of the order that ended the credential. It opens nothing any more; its holder gets the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
}

impl Standing {
    /// A resident: no account, no agency, the smallest grant.
    pub fn resident() -> Standing {
        Standing::default()
    }
}

/// What every question about persons must say (GR07). Parts are optional here and demanded by `clear-policy`, so that
/// a missing one is refused by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Inquiry {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// Under which legal use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_code: Option<UseCode>,
    /// The case, incident or event number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The reason in the asker's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// On whose behalf; the own agency is named too. `None` is "not said".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<BTreeSet<AgencyId>>,
    /// The number of the opened inquiry that the other parts come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<InquiryId>,
    /// The task force that the asker acts for (GR10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_force: Option<AgencyId>,
    /// Agencies whose installations hand the question on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub relays: BTreeSet<AgencyId>,
    /// Agencies that the answer is delivered to: of a subscription, an export, a re-share (GR09).
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub recipients: BTreeSet<AgencyId>,
    /// The asker's answer when asked back whether this is for an agency that the reason's words point at: `true` means
    /// that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_them: Option<bool>,
    /// Imminent danger to somebody's life, in a sentence (GR17).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<String>,
    /// The number of the hold that a second person released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<HoldId>,
    /// The person for whom the asker asks, where that is another: the account or unit that called in (AU-3). It opens
    /// nothing and closes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requestor: Option<String>,
    /// The question is asked under a standing analytic inquiry: counts and de-identified rows, no names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub analytic: bool,
}

/// Where a request came from, for the log (AU-3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The network address of the other end, or `local`.
    pub address: String,
    /// A random number of the session or token; not its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// One question or filing, by one asker, at one moment. Decisions are pure functions of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<Q> {
    /// Its own number.
    pub id: RequestId,
    /// When it was asked; decisions use this clock and no other.
    pub asked_at: Timestamp,
    /// Who asks.
    pub standing: Standing,
    /// Why.
    pub inquiry: Inquiry,
    /// From where.
    pub origin: Origin,
    /// The answer must have seen the ledger up to here.
    pub see: Option<Seq>,
    /// What is asked.
    pub question: Q,
}
