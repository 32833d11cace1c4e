//! The rules in force, and their texts in the log.
//!
//! In:    rules that may be served under.
//! Out:   their texts as entries in clear, one for each file; then the rules in force.
//! Never: serves under rules whose texts are not in the log.
//!
//! # How
//! Rules have a digest, over all their texts. The first time that a log meets one, it gets the texts, word for word; a card
//! remembers which it has. Two starts that race, or a crash before the card, write them twice, which harms nobody.
//!
//! # Change here
//! What an entry of a text looks like: [`RuleText`]; docs/log.md says how a stranger works the digest out.

use std::collections::BTreeMap;
use std::sync::Arc;

use clear_audit::{Event, What};
use clear_policy::Rules;
use serde::{Deserialize, Serialize};

use super::{Desk, Error, NODE, PoisonError};
use crate::inquiry::card;

/// The card that says where in the log the texts of which rules begin.
const RULES: &str = "rules";

/// A file of the rules, as it stands in the log for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleText {
    /// The digest of the rules that it is of.
    pub openclear_rules: String,
    /// Which of the files, from 1, in the order of their names.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// The file's name.
    pub file: String,
    /// Its text, word for word.
    pub text: String,
}

impl Desk {
    /// Puts other rules in force. The log has their texts and says so first; what was decided by the former ones and has not
    /// left yet, does not leave any more.
    ///
    /// # Errors
    /// When the log cannot be written; the rules are the former ones then.
    pub async fn change_rules(&self, rules: Arc<dyn Rules>, why: String) -> Result<(), Error> {
        self.publish_rules(&*rules).await?;
        let event = Event {
            what: What::Rules,
            at: self.clock(),
            address: Some("local".to_owned()),
            rules: Some(rules.digest().to_owned()),
            why: Some(why),
            ..Event::default()
        };
        self.log.append(&event, None).durable().await?;
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        Ok(())
    }

    /// Makes sure that the log has the texts of these rules.
    pub(super) async fn publish_rules(&self, rules: &dyn Rules) -> Result<(), Error> {
        let (digest, texts) = (rules.digest().to_owned(), rules.texts());
        let known = card::get::<BTreeMap<String, u64>>(self, NODE, RULES).await?;
        // A copy of the log that was restored may be shorter than the card knows it.
        let has = |known: &card::Kept<BTreeMap<String, u64>>| {
            known.body.get(&digest).is_some_and(|entry| *entry < self.log.synced_size())
        };
        if texts.is_empty() || known.as_ref().is_some_and(has) {
            return Ok(());
        }
        let (of, mut first, mut last) = (texts.len(), None, None);
        for (at, (file, text)) in texts.into_iter().enumerate() {
            let text = RuleText { openclear_rules: digest.clone(), number: at + 1, of, file, text };
            let body = serde_json::to_vec(&text).map_err(|source| Error::Card { kind: RULES, source })?;
            let pending = self.log.append_clear(&body, None);
            match first {
                None => first = Some(pending.durable().await?),
                Some(_) => last = Some(pending),
            }
        }
        if let Some(last) = last {
            last.durable().await?;
        }
        card::change(self, NODE, RULES, |known: &mut BTreeMap<String, u64>| {
            known.insert(digest.clone(), first.unwrap_or_default());
        })
        .await
    }
}
