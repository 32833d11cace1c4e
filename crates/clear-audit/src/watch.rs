//! Who watches this log, and whether they keep up. Shared by those who tell the watchers and those who show it.
//!
//! In:    how far the anchor and each witness are, and what went wrong with them.
//! Out:   each watcher's state for pages and metrics; changes of it, once each; the newest cosigned checkpoint.
//! Never: holds an answer up. A watcher that is late is told of, and nothing waits for it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::anchor::Contradiction;
use crate::cosign;

/// A watcher that has not kept up for so long is late.
const LATE: SignedDuration = SignedDuration::from_secs(15);

/// So many cosigned checkpoints are remembered: from a moment before one becomes public until a witness is asked again.
const RECENT: usize = 16;

/// The watchers of a log. A clone is the same.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    watchers: Vec<Watcher>,
    contradiction: Option<Contradiction>,
    /// The checkpoints that were cosigned last, the newest at the end.
    recent: VecDeque<String>,
    /// The public checkpoint, with the cosignatures that there are for it.
    public: Option<String>,
}

/// An anchor or a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watcher {
    /// `anchor`, or the witness's name.
    pub name: String,
    /// How far it is. Not for everybody: the log's true size tells when somebody was looked up.
    pub size: u64,
    /// When it last knew all that there was.
    pub in_step_at: Timestamp,
    /// What went wrong the last time.
    pub trouble: Option<String>,
    /// Whether that is a refusal, which waiting does not mend.
    pub refuses: bool,
    /// Whether it is late, or refuses: an alarm.
    pub alarm: bool,
}

impl Watch {
    /// Watchers of these names, none of whom knows anything yet.
    pub fn of(names: impl IntoIterator<Item = String>, now: Timestamp) -> Watch {
        let watcher = |name| Watcher { name, size: 0, in_step_at: now, trouble: None, refuses: false, alarm: false };
        let watchers = names.into_iter().map(watcher).collect();
        Watch(Arc::new(Mutex::new(State { watchers, ..State::default() })))
    }

    /// A watcher has a checkpoint of this size, which was the newest at that time.
    pub fn reached(&self, name: &str, size: u64, at: Timestamp) {
        self.with(name, |watcher| {
            watcher.size = watcher.size.max(size);
            watcher.in_step_at = watcher.in_step_at.max(at);
            (watcher.trouble, watcher.refuses) = (None, false);
        });
    }

    /// A watcher could not be told.
    pub fn failed(&self, name: &str, why: String) {
        self.with(name, |watcher| (watcher.trouble, watcher.refuses) = (Some(why), false));
    }

    /// A watcher refused, which waiting does not mend.
    pub fn refused(&self, name: &str, why: String) {
        self.with(name, |watcher| (watcher.trouble, watcher.refuses) = (Some(why), true));
    }

    /// Looks who is late while the log has so many entries; gives those whose state has changed.
    pub fn look(&self, size: u64, now: Timestamp) -> Vec<Watcher> {
        let mut changed = Vec::new();
        for watcher in &mut self.state().watchers {
            if watcher.size >= size && watcher.trouble.is_none() {
                watcher.in_step_at = now;
            }
            let alarm = watcher.refuses || now.duration_since(watcher.in_step_at) > LATE;
            if alarm != watcher.alarm {
                watcher.alarm = alarm;
                changed.push(watcher.clone());
            }
        }
        changed
    }

    /// The watchers, the anchor first.
    pub fn watchers(&self) -> Vec<Watcher> {
        self.state().watchers.clone()
    }

    /// What can notice that the log was rolled back, in words for everybody.
    pub fn rollback(&self) -> &'static str {
        if self.state().watchers.is_empty() { "not detectable" } else { "detectable" }
    }

    /// A checkpoint that a watcher has cosigned, with its line; and the public one of this moment. Gives both with the
    /// cosignatures that there are by now: the newest that was cosigned, and the public one.
    pub fn cosigned(&self, note: &str, public: &str) -> (String, String) {
        let mut state = self.state();
        match state.recent.iter_mut().find(|known| same(known, note)) {
            Some(known) => *known = cosign::joined(note, known),
            None => state.recent.push_back(note.to_owned()),
        }
        if state.recent.len() > RECENT {
            state.recent.pop_front();
        }
        // A witness may have been asked for the newest a moment before that became public.
        let mut signed = state.public.take().filter(|known| same(known, public)).unwrap_or_else(|| public.to_owned());
        for known in &state.recent {
            signed = cosign::joined(&signed, known);
        }
        state.public = Some(signed.clone());
        let size = |note: &&String| note.lines().nth(1).and_then(|size| size.parse::<u64>().ok()).unwrap_or(0);
        let newest = state.recent.iter().max_by_key(size).cloned().unwrap_or_default();
        (newest, signed)
    }

    /// A checkpoint with the cosignatures that there are for it.
    pub fn with_cosignatures(&self, note: &str) -> String {
        let state = self.state();
        let known = state.public.iter().chain(&state.recent).find(|known| same(known, note));
        known.map_or_else(|| note.to_owned(), |known| cosign::joined(note, known))
    }

    /// Somebody knows more of this log, or another one. The first one stays.
    pub fn contradicted(&self, contradiction: Contradiction) {
        self.state().contradiction.get_or_insert(contradiction);
    }

    /// Why this log may not be gone on with.
    pub fn contradiction(&self) -> Option<Contradiction> {
        self.state().contradiction.clone()
    }

    fn with(&self, name: &str, change: impl FnOnce(&mut Watcher)) {
        if let Some(watcher) = self.state().watchers.iter_mut().find(|watcher| watcher.name == name) {
            change(watcher);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two notes are copies of one checkpoint, whoever signed them.
fn same(one: &str, other: &str) -> bool {
    let text = |note: &str| note.split("\n\n").next().unwrap_or_default().to_owned();
    text(one) == text(other)
}

impl Watcher {
    /// Its state in words for everybody: no sizes, and nothing of the operator's.
    pub fn for_everybody(&self) -> String {
        let state = match (self.alarm, self.refuses) {
            (false, _) => "in step",
            (true, false) => "late",
            (true, true) => "refuses",
        };
        format!("{}: {state}", self.name)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.watchers().iter().map(|watcher| &watcher.name)).finish()
    }
}

impl fmt::Display for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.alarm, &self.trouble) {
            (false, _) => write!(f, "{} is in step", self.name),
            (true, Some(why)) if self.refuses => write!(f, "{} refuses: {why}", self.name),
            (true, Some(why)) => write!(f, "{} is late since {:.0}: {why}", self.name, self.in_step_at),
            (true, None) => write!(f, "{} is late since {:.0}", self.name, self.in_step_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_watcher_is_told_of_once_and_again_when_it_is_back() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let watch = Watch::of(["anchor".to_owned(), "w/1".to_owned()], at(0));
        let changes =
            |size, second| -> Vec<String> { watch.look(size, at(second)).iter().map(ToString::to_string).collect() };
        let none: Vec<String> = vec![];
        assert_eq!(watch.rollback(), "detectable");
        assert_eq!(Watch::default().rollback(), "not detectable");
        watch.reached("anchor", 10, at(1));
        watch.reached("w/1", 10, at(1));
        assert_eq!(changes(10, 100), none);
        // The log grows all the time; who is a moment behind is in step.
        for second in 101..140 {
            watch.reached("anchor", second as u64, at(second));
            if second == 110 {
                watch.failed("w/1", "no answer".into());
            }
            let told = changes(second as u64 + 5, second + 1);
            // Since 100 it has not kept up: told at the first look after 15 seconds, and never again.
            let expected = if second == 115 {
                vec!["w/1 is late since 1970-01-01T00:01:40Z: no answer".to_owned()]
            } else {
                vec![]
            };
            assert_eq!(told, expected, "at {second}");
        }
        let late = watch.watchers().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(late, ["anchor is in step", "w/1 is late since 1970-01-01T00:01:40Z: no answer"]);
        watch.reached("w/1", 300, at(141));
        assert_eq!(changes(300, 142), ["w/1 is in step"]);
        watch.refused("w/1", "two views".into());
        assert_eq!(changes(300, 142), ["w/1 refuses: two views"]);
        assert_eq!(changes(300, 143), none);
    }

    #[test]
    fn the_public_checkpoint_keeps_its_cosignatures_while_the_log_goes_on() {
        let note = |size: u64, lines: &str| {
            format!("city/1\n{size}\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— city/1 AAAAAQID\n{lines}")
        };
        let (one, two) = ("— w/1 AAAABAUG\n", "— w/2 AAAABwgJ\n");
        let watch = Watch::default();
        assert_eq!(watch.with_cosignatures(&note(5, "")), note(5, ""));
        // Asked for the newest; then that became public; then the log went on, and the other witness was slower.
        watch.cosigned(&note(5, one), &note(2, ""));
        let said = watch.cosigned(&note(5, two), &note(5, ""));
        assert_eq!(said, (note(5, &format!("{two}{one}")), note(5, &format!("{two}{one}"))));
        for size in 6..100 {
            let (newest, public) = watch.cosigned(&note(size, one), &note(5, ""));
            assert_eq!((newest, public), (note(size, one), note(5, &format!("{two}{one}"))));
        }
        assert_eq!(watch.with_cosignatures(&note(5, "")), note(5, &format!("{two}{one}")));
        assert_eq!(watch.with_cosignatures(&note(101, "")), note(101, ""));
        let (_, public) = watch.cosigned(&note(100, one), &note(90, ""));
        assert_eq!(public, note(90, one));
    }
}
