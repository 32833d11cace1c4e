//! The words of a question: who asks, under which inquiry. No verdict; that is `clear-policy`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::label::words;
use crate::{AccountId, AgencyId, RequestId, Seq};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The account; `None` for a resident, who needs none.
    pub account: Option<AccountId>,
    /// The home agency; `None` for a resident.
    pub agency: Option<AgencyId>,
    /// What the account is for.
    pub roles: BTreeSet<Role>,
}

impl Standing {
    /// A resident: no account, no agency, the smallest grant.
    pub fn resident() -> Standing {
        Standing { account: None, agency: None, roles: BTreeSet::new() }
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
