//! What only the founding quorum does: ends a cut-off, where the founding document gives that power, and replaces a
//! founding key.
//!
//! An ended order stays in the register for ever, with its ending beside it (docs/decisions/0004).

use std::fmt;

use clear_record::{AccountId, AgencyId};
use jiff::{SignedDuration, Timestamp};
use signed_note::StandardVerifier;

use crate::note::{Lines, one_line, signed, text};
use crate::{BadOrder, KeyHolder, Register};

const ENDING: &str = "OpenCLEAR ending of a cut-off, version 1";
const SUCCESSION: &str = "OpenCLEAR founding key succession, version 1";

/// The ending of a cut-off order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The installation's name.
    pub installation: AgencyId,
    /// Its own number.
    pub number: String,
    /// Which order it ends.
    pub order: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when the order no longer closes anything, after the notice that the founding document fixes.
    pub holds_from: Timestamp,
    /// The register's version that it was drafted at.
    pub register: u64,
    /// The public text.
    pub text: String,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{ENDING}")?;
        writeln!(f, "installation: {}", self.installation)?;
        writeln!(f, "number: {}", one_line(&self.number))?;
        writeln!(f, "order: {}", one_line(&self.order))?;
        writeln!(f, "issued: {}", self.issued_at)?;
        writeln!(f, "holds from: {}", self.holds_from)?;
        writeln!(f, "register: {}", self.register)?;
        writeln!(f, "text: {}", one_line(&self.text))
    }
}

impl Ending {
    /// Reads a signed ending and checks everything about it against the register as it is.
    ///
    /// # Errors
    /// See [`BadOrder`]; the register is not changed here.
    pub fn check(note: &str, register: &Register) -> Result<Ending, BadOrder> {
        let text = text(note)?;
        let mut lines = Lines::of(&text, ENDING)?;
        let ending = Ending {
            installation: lines.value("installation")?,
            number: lines.text("number")?.1.to_owned(),
            order: lines.text("order")?.1.to_owned(),
            issued_at: lines.value("issued")?,
            holds_from: lines.value("holds from")?,
            register: lines.value("register")?,
            text: lines.text("text")?.1.to_owned(),
        };
        let founding = register.founding().filter(|founding| founding.name == ending.installation);
        let founding = founding.ok_or_else(|| BadOrder::OtherInstallation(ending.installation.clone()))?;
        let power = founding.ends_cut_offs.as_ref().ok_or(BadOrder::NoPower)?;
        if !register.orders().iter().any(|order| order.draft.number == ending.order) {
            return Err(BadOrder::NoOrder(ending.order));
        }
        if register.ending_of(&ending.order).is_some() {
            return Err(BadOrder::Ended(ending.order));
        }
        if ending.register != register.version() {
            return Err(BadOrder::Stale { drafted: ending.register, is: register.version() });
        }
        let notice = SignedDuration::from_hours(24 * i64::from(power.notice_days));
        if ending.holds_from.duration_since(ending.issued_at) < notice {
            return Err(BadOrder::Notice { days: power.notice_days, from: ending.holds_from });
        }
        let keys: Vec<&KeyHolder> = register.founding_keys().iter().collect();
        signed(note, &text, &keys, &register.ended_keys()).by(founding.quorum.max(2))?;
        Ok(ending)
    }
}

/// The replacement of a founding key, or its end without a successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The installation's name.
    pub installation: AgencyId,
    /// Whose founding key ends.
    pub holder: AccountId,
    /// Who holds one from now on, for which agency, and the verifier key; `None`: nobody.
    pub successor: Option<KeyHolder>,
    /// The register's version that it was drafted at.
    pub register: u64,
    /// Why, in a sentence.
    pub text: String,
}

impl fmt::Display for Succession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{SUCCESSION}")?;
        writeln!(f, "installation: {}", self.installation)?;
        writeln!(f, "holder: {}", self.holder)?;
        match &self.successor {
            Some(key) => writeln!(f, "successor: {} {} {}", key.holder, key.agency, key.verifier)?,
            None => writeln!(f, "successor: nobody")?,
        }
        writeln!(f, "register: {}", self.register)?;
        writeln!(f, "text: {}", one_line(&self.text))
    }
}

impl Succession {
    /// Reads a signed succession and checks everything about it against the register as it is. The key that ends does not
    /// count among the signatures: whoever stole it could name the own successor.
    ///
    /// # Errors
    /// See [`BadOrder`]; the register is not changed here.
    pub fn check(note: &str, register: &Register) -> Result<Succession, BadOrder> {
        let text = text(note)?;
        let mut lines = Lines::of(&text, SUCCESSION)?;
        let installation = lines.value("installation")?;
        let holder = lines.value("holder")?;
        let (line, said) = lines.text("successor")?;
        let successor = match said.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["nobody"] => None,
            [holder, agency, verifier] => Some(KeyHolder {
                holder: crate::note::read(line, holder)?,
                agency: crate::note::read(line, agency)?,
                verifier: (*verifier).to_owned(),
            }),
            _ => {
                let what = "should be `nobody`, or an account, an agency and a verifier key".to_owned();
                return Err(BadOrder::Value { line, what });
            }
        };
        let succession = Succession {
            installation,
            holder,
            successor,
            register: lines.value("register")?,
            text: lines.text("text")?.1.to_owned(),
        };
        let founding = register.founding().filter(|founding| founding.name == succession.installation);
        let founding = founding.ok_or_else(|| BadOrder::OtherInstallation(succession.installation.clone()))?;
        if succession.register != register.version() {
            return Err(BadOrder::Stale { drafted: succession.register, is: register.version() });
        }
        let keys = register.founding_keys();
        if !keys.iter().any(|key| key.holder == succession.holder) {
            return Err(BadOrder::NoFounder(succession.holder));
        }
        let left: Vec<&KeyHolder> = keys.iter().filter(|key| key.holder != succession.holder).collect();
        match &succession.successor {
            None if left.len() < 3 || left.len() < founding.quorum => return Err(BadOrder::TooFewFounders),
            Some(key)
                if StandardVerifier::new(&key.verifier).is_err()
                    || register.was_a_key(&key.verifier)
                    || register
                        .keys()
                        .iter()
                        .any(|known| known.holder == key.holder && known.holder != succession.holder) =>
            {
                return Err(BadOrder::NewKey);
            }
            _ => {}
        }
        let quorum = founding.quorum.max(2).min(left.len());
        signed(note, &text, &left, &register.ended_keys()).by(quorum)?;
        Ok(succession)
    }
}
