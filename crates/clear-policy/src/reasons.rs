//! Reasons are read, with care: what an inquiry's words make the system ask back, hold, or have reviewed.
//!
//! In:    the register, a standing, an inquiry.
//! Out:   a question to put to the asker, a basis on which a question waits for a second person, or [`Flag`]s for a
//!        reviewer.
//! Never: publishes a word that it looks for; takes a word for a proof: a word asks, and the asker's answer counts.
//!
//! # How
//! Terms are data of the register: whole normalised words that point at an agency or a purpose. Where they stand in a
//! reason, the asker is asked whether the question is for that agency. *Yes* makes it a beneficiary (the register puts it
//! on the path, so that orders and rules see it as if it had been named); *no* is an attestation: the question goes on and
//! is reviewed, and a partner agency's waits for a second person.
//!
//! # Change here
//! What else a reviewer should look at: [`Flag`] and [`flags`]. What waits: [`held`].

use std::fmt;

use clear_record::{AgencyId, Inquiry, Request, Role};
use serde::{Deserialize, Serialize};

use crate::{AgencyKind, Denial, Register, Terms};

/// What a reviewer should look at afterwards. A flag opens and closes nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "flag", rename_all = "snake_case")]
pub enum Flag {
    /// Somebody's life is in danger, as the asker stated (GR17).
    Emergency,
    /// The reason has words of these terms, and the asker attested that the question is for nobody else.
    Term {
        /// The terms' number; the words stay in the register.
        number: String,
    },
    /// The reason says nothing that could be checked.
    Vague,
    /// The account's holder says that what was done in the own name was somebody else; the account is shut (S3).
    Disputed,
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flag::Emergency => f.write_str("emergency"),
            Flag::Term { number } => write!(f, "words of terms {number}"),
            Flag::Vague => f.write_str("vague reason"),
            Flag::Disputed => f.write_str("“not me”: the account is shut until a steward has looked"),
        }
    }
}

/// The question to put to an asker whose reason has words that point at somebody else, and who has not answered it.
pub(crate) fn asked_back<Q>(register: &Register, request: &Request<Q>) -> Option<Denial> {
    if request.inquiry.for_them.is_some() {
        return None;
    }
    let met = pointing(register, request);
    let mut about: Vec<String> = met
        .iter()
        .filter_map(|terms| match (&terms.about, &terms.purpose) {
            (Some(agency), _) => Some(register.agency(agency).map_or_else(|| agency.to_string(), |it| it.name.clone())),
            (None, Some(code)) => {
                let title = register.purpose(code).map_or_else(|| code.to_string(), |it| it.title.clone());
                Some(format!("the purpose “{title}”"))
            }
            (None, None) => None,
        })
        .collect();
    about.sort();
    about.dedup();
    (!about.is_empty()).then(|| Denial::AskBack {
        question: format!("Is this for {}?", about.join(" or for ")),
        terms: met.iter().map(|terms| terms.number.clone()).collect(),
    })
}

/// The answer *yes, it is for that purpose*: as if it had been stated, so that a denied one is refused.
pub(crate) fn stated_by_answer<Q>(register: &Register, request: &Request<Q>) -> Option<Denial> {
    if request.inquiry.for_them != Some(true) {
        return None;
    }
    let met = pointing(register, request);
    let mut purposes = met.iter().filter_map(|terms| register.purpose(terms.purpose.as_ref()?));
    purposes.find_map(|purpose| {
        let basis = purpose.denied.clone()?;
        Some(Denial::PurposeDenied { purpose: purpose.title.clone(), basis })
    })
}

/// On which basis a question waits until a second person has released it. Nothing of an emergency waits, and no question
/// of an owner's own officer: a warning about a person with a weapon, a judge's warrant or a missing child must reach
/// the officer who stands before that person.
pub(crate) fn held<Q>(register: &Register, request: &Request<Q>) -> Option<String> {
    let Request { standing, inquiry, .. } = request;
    let home = standing.agency.as_ref()?;
    let owner = register.is_owner(home);
    if inquiry.emergency.is_some() || (owner && standing.roles.contains(&Role::Officer)) {
        return None;
    }
    let purpose = inquiry.purpose.as_ref().and_then(|code| register.purpose(code));
    if let Some((purpose, basis)) = purpose.and_then(|purpose| Some((purpose, purpose.held.as_ref()?))) {
        return Some(format!("the purpose “{}” waits for a second person ({basis})", purpose.title));
    }
    if owner {
        return None;
    }
    // An owner is asked about its own records; that delivers nothing to anybody else.
    let other = |agency: &&AgencyId| *agency != home && !register.is_owner(agency);
    if let Some(agency) = inquiry.on_behalf_of.iter().flatten().find(other) {
        let name = register.agency(agency).map_or_else(|| agency.to_string(), |it| it.name.clone());
        return Some(format!("it is on behalf of another agency, {name}"));
    }
    let flagged = inquiry.for_them == Some(false) && !pointing(register, request).is_empty();
    flagged.then(|| "its reason has words that also stand for another agency or purpose".to_owned())
}

/// What a reviewer should look at, whether the question is answered or not.
pub fn flags<Q>(register: &Register, request: &Request<Q>) -> Vec<Flag> {
    let Request { standing, inquiry, .. } = request;
    let mut flags = Vec::new();
    if inquiry.emergency.is_some() {
        flags.push(Flag::Emergency);
    }
    let met = pointing(register, request);
    flags.extend(met.iter().map(|terms| Flag::Term { number: terms.number.clone() }));
    // Programs state one reason for all their questions; it was looked at when the program got its token.
    if !standing.roles.contains(&Role::Service) && inquiry.reason.as_deref().is_some_and(is_vague) {
        flags.push(Flag::Vague);
    }
    flags
}

/// Whom a hold's asker may telephone: the owners' own desks, as the register has them.
pub(crate) fn desk_of_owners(register: &Register) -> String {
    let owners = register.agencies().filter(|agency| agency.kind == AgencyKind::Owner);
    owners.map(|agency| agency.contact.clone()).collect::<Vec<_>>().join("; ")
}

/// Everything that is said in words of why and for whom: each of these is a place to write who really asks.
pub(crate) fn said(inquiry: &Inquiry) -> String {
    let Inquiry { reason, emergency, requestor, case, .. } = inquiry;
    let said: Vec<&str> = [reason, emergency, requestor, case].into_iter().flatten().map(String::as_str).collect();
    said.join("\n")
}

/// The terms whose words stand in what was said, but for those that point at somebody on
/// whose behalf the asker openly asks.
fn pointing<'a, Q>(register: &'a Register, request: &Request<Q>) -> Vec<&'a Terms> {
    let Request { standing, inquiry, asked_at, .. } = request;
    let named = |agency: &AgencyId| {
        standing.agency.as_ref() == Some(agency)
            || inquiry.on_behalf_of.as_ref().is_some_and(|named| named.contains(agency))
    };
    let mut met = register.terms_met(&said(inquiry), *asked_at);
    met.retain(|terms| !terms.about.as_ref().is_some_and(named));
    met.retain(|terms| terms.purpose.is_none() || terms.purpose != inquiry.purpose);
    met
}

/// Words that say that there is a reason, and not which.
const EMPTY_WORDS: &[&str] = &[
    "a",
    "an",
    "and",
    "business",
    "case",
    "check",
    "checking",
    "duty",
    "for",
    "general",
    "info",
    "information",
    "inquiry",
    "investigation",
    "law",
    "lookup",
    "na",
    "need",
    "none",
    "of",
    "official",
    "on",
    "per",
    "police",
    "query",
    "reason",
    "request",
    "required",
    "research",
    "routine",
    "search",
    "test",
    "the",
    "to",
    "use",
    "work",
];

/// Whether a reason says nothing that could be checked: fewer than two words, beside those that every reason could have.
fn is_vague(reason: &str) -> bool {
    let words = reason.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let telling = words.map(str::to_lowercase).filter(|word| !EMPTY_WORDS.contains(&word.as_str()));
    telling.filter(|word| word.chars().count() > 1).count() < 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s10_a_reason_that_says_nothing_is_vague() {
        for vague in ["", "   ", "police business", "official use", "investigation", "x", "check.", "stop", "n/a"] {
            assert!(is_vague(vague), "{vague}");
        }
        for told in
            ["Suspect named by a witness", "tail lamp out", "witness statement", "burglary, lot 9", "Hit and run"]
        {
            assert!(!is_vague(told), "{told}");
        }
    }
}
