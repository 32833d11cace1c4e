//! The resumption of a log that is behind what is known of it elsewhere: only the founding quorum may say that it goes on
//! (S16).

use std::fmt;

use clear_record::AgencyId;

use crate::note::{Lines, one_line, signed, text};
use crate::{BadOrder, KeyHolder, Register};

const HEADING: &str = "OpenCLEAR resumption of a log, version 1";

/// A resumption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumption {
    /// The installation's name.
    pub installation: AgencyId,
    /// The log's origin.
    pub origin: String,
    /// How many entries the log has as it goes on.
    pub size: u64,
    /// Their root, in base64.
    pub root: String,
    /// What it goes on against: size, root and who knows it, each as a contradiction names itself.
    pub against: Vec<String>,
    /// Why, in a sentence, for everybody.
    pub text: String,
}

impl fmt::Display for Resumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADING}")?;
        writeln!(f, "installation: {}", self.installation)?;
        writeln!(f, "origin: {}", self.origin)?;
        writeln!(f, "goes on at: {} {}", self.size, self.root)?;
        writeln!(f, "against: {}", self.against.join("; "))?;
        writeln!(f, "text: {}", one_line(&self.text))
    }
}

impl Resumption {
    /// Reads a signed resumption and checks who signed it: the founding quorum of this register. Whether it is of this log,
    /// as the log is, is for whoever has the log to say.
    ///
    /// # Errors
    /// See [`BadOrder`].
    pub fn check(note: &str, register: &Register) -> Result<Resumption, BadOrder> {
        let resumption = Resumption::read(note)?;
        let founding = register.founding().filter(|founding| founding.name == resumption.installation);
        let founding = founding.ok_or_else(|| BadOrder::OtherInstallation(resumption.installation.clone()))?;
        let keys: Vec<&KeyHolder> = register.founding_keys().iter().collect();
        signed(note, &text(note)?, &keys, &register.ended_keys()).by(founding.quorum.max(2))?;
        Ok(resumption)
    }

    /// Reads a resumption that was checked when it was taken.
    ///
    /// # Errors
    /// The line that is not as it should be.
    pub fn read(note: &str) -> Result<Resumption, BadOrder> {
        let text = text(note)?;
        let mut lines = Lines::of(&text, HEADING)?;
        let installation = lines.value("installation")?;
        let origin = lines.text("origin")?.1.to_owned();
        let (line, at) = lines.text("goes on at")?;
        let bad = || BadOrder::Value { line, what: "should be a size and a root".to_owned() };
        let (size, root) = at.split_once(' ').ok_or_else(bad)?;
        let size = size.parse().map_err(|_| bad())?;
        let against = lines.text("against")?.1.split("; ").map(str::to_owned).collect();
        let said = lines.text("text")?.1.to_owned();
        Ok(Resumption { installation, origin, size, root: root.to_owned(), against, text: said })
    }
}
