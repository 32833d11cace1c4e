//! Suspensions: one authorised key, at once, reversible, over by themselves. For what shall be permanent: `order.rs`.

use std::fmt;

use clear_record::{AccountId, AgencyId, DeviceId};
use jiff::Timestamp;

use crate::note::{Lines, one_line, read, signed, text};
use crate::{BadOrder, Covers, Register};

const HEADING: &str = "OpenCLEAR suspension, version 1";
const DAYS_MAX: i64 = 14;

/// Who is suspended. A unit is an agency of its own, under its department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// An agency and everything under it.
    Agency(AgencyId),
    /// One account.
    Account(AccountId),
    /// One machine, whoever works on it.
    Device(DeviceId),
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Over::Agency(id) => write!(f, "agency {id}"),
            Over::Account(id) => write!(f, "account {id}"),
            Over::Device(id) => write!(f, "device {id}"),
        }
    }
}

/// A suspension before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspensionDraft {
    /// The installation's name.
    pub installation: AgencyId,
    /// Its number.
    pub number: String,
    /// Who is suspended.
    pub over: Over,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive; at most 14 days later.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// A suspension, as the register keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Its number.
    pub number: String,
    /// Who is suspended.
    pub over: Over,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive; a later entry may bring it forward.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Whose key signed it.
    pub signer: AccountId,
}

impl fmt::Display for SuspensionDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADING}")?;
        writeln!(f, "installation: {}", self.installation)?;
        writeln!(f, "number: {}", one_line(&self.number))?;
        writeln!(f, "over: {}", self.over)?;
        writeln!(f, "from: {}", self.from)?;
        writeln!(f, "until: {}", self.until)?;
        writeln!(f, "reason: {}", one_line(&self.reason))
    }
}

impl Suspension {
    /// From when the suspension of a signed note lasts; `None` where it does not read.
    pub fn dated(note: &str) -> Option<Timestamp> {
        let text = text(note).ok()?;
        text.lines().find_map(|line| line.strip_prefix("from: ")).and_then(|from| from.parse().ok())
    }

    /// Reads a signed suspension and checks everything about it against the register as it is. Any founding key may sign
    /// it, and any key of an agency that owns records here.
    ///
    /// # Errors
    /// See [`BadOrder`]; the register is not changed here.
    pub fn check(note: &str, register: &Register) -> Result<Suspension, BadOrder> {
        let text = text(note)?;
        let mut lines = Lines::of(&text, HEADING)?;
        let installation: AgencyId = lines.value("installation")?;
        if register.founding().is_none_or(|founding| founding.name != installation) {
            return Err(BadOrder::OtherInstallation(installation));
        }
        let (line, number) = lines.text("number")?;
        if number.trim().is_empty() || number.len() > 60 {
            return Err(BadOrder::Value { line, what: "the number is empty or longer than 60 characters".into() });
        }
        let (line, over) = lines.text("over")?;
        let over = match over.split_once(' ') {
            Some(("agency", id)) => Over::Agency(read(line, id)?),
            Some(("account", id)) => Over::Account(read(line, id)?),
            Some(("device", id)) => Over::Device(read(line, id)?),
            _ => {
                let what = format!("`{over}` should be `agency ID`, `account ID` or `device ID`");
                return Err(BadOrder::Value { line, what });
            }
        };
        let (from, until): (Timestamp, Timestamp) = (lines.value("from")?, lines.value("until")?);
        let (_, reason) = lines.text("reason")?;
        if until <= from || until.duration_since(from).as_hours() > DAYS_MAX * 24 {
            return Err(BadOrder::Long { from, until });
        }
        if let Over::Agency(agency) = &over {
            if register.agency(agency).is_none() {
                return Err(BadOrder::UnknownAgency(agency.clone()));
            }
            // One key must not shut out those who could end what it did, nor those who watch it.
            let under = register.closure(agency, Covers::Under, from);
            if let Some(needed) =
                under.into_iter().find(|agency| register.is_owner(agency) || register.is_oversight(agency))
            {
                return Err(BadOrder::SuspendsOwner(needed));
            }
        }
        if register.suspensions().any(|known| known.number == number) {
            return Err(BadOrder::KnownSuspension(number.to_owned()));
        }
        let allowed: Vec<_> = register
            .keys()
            .into_iter()
            .filter(|key| register.is_owner(&key.agency) || register.founding_keys().contains(key))
            .collect();
        let mut signers = signed(note, &text, &allowed, &register.ended_keys()).by(1)?.into_iter();
        let signer = signers.next().ok_or(BadOrder::Signatures { needed: 1, valid: 0, problem: None })?;
        Ok(Suspension { number: number.to_owned(), over, from, until, reason: reason.to_owned(), signer })
    }
}
