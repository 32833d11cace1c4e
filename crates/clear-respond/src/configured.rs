//! The configuration in the log: its digest and which settings changed, at each start and each reading again.
//!
//! In:    the effective settings, by name, without secrets.
//! Out:   an event *configured*.
//! Never: is given a secret; logs a setting's value.

use std::collections::BTreeMap;

use clear_audit::{Event, What};
use sha2::{Digest, Sha256};

use crate::desk::{Desk, Error};
use crate::inquiry::card::{self, Kept};

const NODE: &str = "node";
const CONFIGURATION: &str = "configuration";

impl Desk {
    /// Logs the settings that are in force from now on: their digest, and the names of those that changed since the last
    /// time, whichever process that was. Gives the names.
    ///
    /// # Errors
    /// When the log cannot be written; then nothing should be served under them.
    pub async fn configured(&self, settings: &BTreeMap<String, String>, when: &str) -> Result<Vec<String>, Error> {
        // Of each value its digest: what a card says of a setting is enough to see that it changed.
        let now: BTreeMap<String, String> =
            settings.iter().map(|(name, value)| (name.clone(), digest(value))).collect();
        let known: Option<Kept<BTreeMap<String, String>>> = card::get(self, NODE, CONFIGURATION).await?;
        let (revision, before) = known.map_or((0, BTreeMap::new()), |kept| (kept.revision, kept.body));
        let names: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        let changed: Vec<String> =
            names.into_iter().filter(|name| before.get(*name) != now.get(*name)).cloned().collect();
        let all: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let words =
            if changed.is_empty() { "nothing changed".to_owned() } else { format!("changed {}", changed.join(", ")) };
        let event = Event {
            what: What::Configured,
            address: Some("local".to_owned()),
            rules: Some(self.rules().digest().to_owned()),
            digest: Some(digest(&all.join("\n"))),
            why: Some(format!("{when}: {words}")),
            ..Event::default()
        };
        self.noted(event).await?;
        if !changed.is_empty() {
            card::put(self, NODE, CONFIGURATION, revision, None, None, &now).await?;
        }
        Ok(changed)
    }

    /// Logs that settings were read again and not taken.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn not_configured(&self, when: &str, why: &str) -> Result<(), Error> {
        let event = Event {
            what: What::Configured,
            address: Some("local".to_owned()),
            why: Some(format!("{when}: not taken: {why}")),
            ..Event::default()
        };
        Ok(self.noted(event).await?)
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
