//! Every kind of event, with the parts that an audit record of it must have (NIST SP 800-53 AU-3, CJIS AU-3; GR21).
//!
//! In:    an [`Event`].
//! Out:   the word and meaning of its kind, and the parts that it lacks.
//! Never: reads a log; decides what is logged.
//!
//! # How
//! The table is a `match` over every kind, so that a new one does not build without its line. docs/log-events.md is drawn
//! from it, and a test drives a server through the kinds and asks of every event of its log what it lacks.

use std::fmt::Write as _;

use crate::event::{Event, What};

/// A part of an audit record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// When, in UTC, to a hundredth of a second or better.
    When,
    /// From which network address; `local` on the machine itself.
    WhereFrom,
    /// Which request.
    Request,
    /// In which session, or by which token.
    Session,
    /// Who: the account.
    Operator,
    /// For which agency: it receives what is answered.
    Agency,
    /// Why it ended so, or what changed.
    Outcome,
    /// What was asked or filed.
    Question,
    /// Under which register, rules and labels it was decided.
    DecidedUnder,
    /// What left: its digest.
    Digest,
}

impl Part {
    /// The part in words, and the fields of an event that hold it.
    const fn about(self) -> (&'static str, &'static str) {
        match self {
            Part::When => ("when", "`at`: UTC, microseconds"),
            Part::WhereFrom => ("where from", "`address`, and `device` where the credential is bound to one"),
            Part::Request => ("request", "`request`"),
            Part::Session => ("session", "`session`: its public number"),
            Part::Operator => ("operator", "`account`, `roles`"),
            Part::Agency => {
                ("receiving agency", "`agency`; secondary recipients: `recipients`, `relays`; all of them: `path`")
            }
            Part::Outcome => ("outcome", "`what`, with `why`"),
            Part::Question => ("question", "`question`"),
            Part::DecidedUnder => ("decided under", "`register`, `rules`, `labels`"),
            Part::Digest => ("what left", "`digest`, `records`, `count`"),
        }
    }

    fn is_in(self, event: &Event) -> bool {
        match self {
            Part::When => event.at > jiff::Timestamp::UNIX_EPOCH,
            Part::WhereFrom => event.address.as_ref().is_some_and(|address| !address.is_empty()),
            Part::Request => event.request.is_some(),
            Part::Session => event.session.is_some(),
            Part::Operator => event.account.is_some(),
            Part::Agency => event.agency.is_some(),
            Part::Outcome => event.why.as_ref().is_some_and(|why| !why.is_empty()),
            Part::Question => event.question.is_some(),
            Part::DecidedUnder => event.register.is_some() && event.rules.is_some() && event.labels.is_some(),
            Part::Digest => event.digest.is_some(),
        }
    }
}

/// A kind of event.
struct Kind {
    word: &'static str,
    means: &'static str,
    needs: &'static [Part],
    /// Whether it is of a request: a resident's has neither account nor session nor agency.
    of_request: bool,
}

/// What every event has.
const ALWAYS: &[Part] = &[Part::When, Part::WhereFrom];
/// What every event of a request has, unless a resident asked.
const ASKER: &[Part] = &[Part::Session, Part::Operator, Part::Agency];

/// The table.
const fn kind(what: What) -> Kind {
    use Part::{Agency, DecidedUnder, Digest, Operator, Outcome, Question, Request, Session};
    match what {
        What::Asked => request(
            "asked",
            "a question or a filing came in; nothing is decided yet",
            &[Request, Question, DecidedUnder],
        ),
        What::Answered => request(
            "answered",
            "an answer left, whole; one about the log itself has no digest",
            &[Request, DecidedUnder],
        ),
        What::Denied => request("denied", "refused, with the denial's code", &[Request, Outcome, DecidedUnder]),
        What::Held => request("held", "waits for a second person", &[Request, Outcome, DecidedUnder]),
        What::Failed => request(
            "failed",
            "broken by an error of ours, or the question was wrong",
            &[Request, Outcome, DecidedUnder],
        ),
        What::Cut => {
            request("cut", "ended by an order half-way, or the asker went away", &[Request, Outcome, DecidedUnder])
        }
        What::Crashed => request(
            "crashed",
            "the process ended while it was open; written at the next start",
            &[Request, Outcome, DecidedUnder],
        ),
        What::Batch => {
            request("batch", "a part of a stream is about to leave, with its records", &[Request, DecidedUnder, Digest])
        }
        What::Withheld => {
            request("withheld", "what is logged as answered, or as a batch, did not leave", &[Request, Outcome, Digest])
        }
        What::Released => request("released", "a hold was released or refused by a second person", &[Request, Outcome]),
        What::Inquiry => request("inquiry", "an inquiry was opened, handed over or ended", &[Request, Outcome]),
        What::Reviewed => request("reviewed", "somebody looked at what waited for review", &[Request, Outcome]),
        What::Alerted => other("alerted", "a supervisor was told of an emergency without asking", &[Operator, Outcome]),
        What::Production => request("production", "a step of a compelled production", &[Request, Outcome]),
        What::Filed => request(
            "filed",
            "records or entries of the register were filed or corrected; a deed is done",
            &[Request, DecidedUnder],
        ),
        What::SignIn => other("sign_in", "somebody signed in", &[Operator, Agency, Session]),
        What::SignInRefused => other("sign_in_refused", "somebody was not let in", &[Outcome]),
        What::SignOut => other("sign_out", "somebody ended the own session", &[Operator, Agency, Session]),
        What::Disputed => request(
            "disputed",
            "somebody said of what was done in the own name that it was somebody else; the account is shut",
            &[Request, Outcome],
        ),
        What::Register => other("register", "an order of the register holds from here on", &[]),
        What::Rules => other("rules", "other rules are in force from here on", &[Outcome]),
        What::Replayed => {
            other("replayed", "questions of the log were decided again, to see what a change would change", &[Outcome])
        }
        What::Configured => {
            other("configured", "the configuration, an account, a token or a device changed", &[Outcome])
        }
        What::Published => {
            other("published", "a release of counts was published; its text is the entry before", &[Outcome, Digest])
        }
        What::PublicCounts => {
            other("public_counts", "how often public pages were asked for, by page; nobody's trail", &[Outcome])
        }
        What::Started => other("started", "the process serves", &[Outcome]),
        What::Stopped => other("stopped", "the process ended in order", &[]),
        What::WitnessAlarm => {
            other("witness_alarm", "a witness or the anchor does not keep up, refuses, or is in step again", &[Outcome])
        }
        What::Resumed => other(
            "resumed",
            "the founding quorum let a log go on that is behind what is known of it elsewhere",
            &[Outcome],
        ),
        What::Degraded => other(
            "degraded",
            "the log's volume failed and the spool took over; the first entry after the failed batch",
            &[Outcome],
        ),
        What::Spooled => {
            other("spooled", "the entries of a spool, `count` of them, came back into the log", &[Outcome])
        }
        What::Cover => other("cover", "nothing happened: it fills a public checkpoint up to its size", &[]),
        What::Destroyed => {
            other("destroyed", "the opening of `entry` was destroyed, on the legal basis in `why`", &[Outcome])
        }
    }
}

/// Every kind, in the order of the table.
const ALL: &[What] = &[
    What::Asked,
    What::Answered,
    What::Denied,
    What::Held,
    What::Failed,
    What::Cut,
    What::Crashed,
    What::Batch,
    What::Withheld,
    What::Released,
    What::Inquiry,
    What::Reviewed,
    What::Alerted,
    What::Production,
    What::Filed,
    What::SignIn,
    What::SignInRefused,
    What::SignOut,
    What::Disputed,
    What::Register,
    What::Rules,
    What::Replayed,
    What::Configured,
    What::Published,
    What::PublicCounts,
    What::Started,
    What::Stopped,
    What::WitnessAlarm,
    What::Resumed,
    What::Degraded,
    What::Spooled,
    What::Cover,
    What::Destroyed,
];

const fn request(word: &'static str, means: &'static str, needs: &'static [Part]) -> Kind {
    Kind { word, means, needs, of_request: true }
}

const fn other(word: &'static str, means: &'static str, needs: &'static [Part]) -> Kind {
    Kind { word, means, needs, of_request: false }
}

impl What {
    /// Every kind of event.
    pub fn all() -> &'static [What] {
        ALL
    }

    /// The word for it, as in an event's JSON.
    pub const fn word(self) -> &'static str {
        kind(self).word
    }
}

impl Event {
    /// The parts that an audit record of this kind must have and this one lacks.
    pub fn lacks(&self) -> Vec<Part> {
        // It stands for nothing that happened anywhere.
        if self.what == What::Cover {
            return Vec::new();
        }
        let kind = kind(self.what);
        let resident = self.account.is_none() && self.agency.is_none() && self.session.is_none();
        let asker = if kind.of_request && !resident { ASKER } else { &[] };
        let needed = ALWAYS.iter().chain(asker).chain(kind.needs);
        needed.copied().filter(|part| !part.is_in(self)).collect()
    }
}

/// The table as a page: docs/log-events.md.
pub fn log_events_page() -> String {
    let mut text = String::from(FRONT);
    let parts = [
        Part::When,
        Part::WhereFrom,
        Part::Request,
        Part::Session,
        Part::Operator,
        Part::Agency,
        Part::Outcome,
        Part::Question,
        Part::DecidedUnder,
        Part::Digest,
    ];
    for part in parts {
        let (words, fields) = part.about();
        let _ = writeln!(text, "| {words} | {fields} |");
    }
    text.push_str(REQUESTOR);
    for what in ALL {
        let kind = kind(*what);
        let asker = if kind.of_request { ASKER } else { &[] };
        let mut needs: Vec<Part> = ALWAYS.iter().chain(asker).chain(kind.needs).copied().collect();
        needs.sort();
        needs.dedup();
        let words: Vec<&str> = needs.iter().map(|part| part.about().0).collect();
        let _ = writeln!(text, "| `{}` | {} | {} |", kind.word, kind.means, words.join(", "));
    }
    text.push_str(BACK);
    text
}

const FRONT: &str = "# What is logged

Drawn from the table in `crates/clear-audit/src/kinds.rs` by its test (`OPENCLEAR_UPDATE_GOLDEN=1 cargo nextest run -p
clear-audit log_events` writes it anew). A server's log is held against the same table in `crates/openclear/tests/it/events.rs`.

## The parts of a record (NIST SP 800-53 AU-3, CJIS Security Policy AU-3)

| part | fields of the event |
|---|---|
";
const REQUESTOR: &str = "| requestor | `requestor`: the person for whom the operator asks, where it is another; `on_behalf_of`, `task_force`: the agencies |
| purpose | `purpose`, `use_code`, `case`, `reason`, `emergency`, `inquiry` |

A resident who asks for public counts has no account, no session and no agency; those parts are absent then, and only then.

## The kinds of events

| kind | what it says | always has |
|---|---|---|
";
const BACK: &str = "
Beside the events stand texts for everybody, in clear: each entry of the register that is public (agreements, orders,
suspensions of agencies, flows …), each file of the rules (before they serve, once for each digest) and each release of counts. Other entries of the register are sealed texts.

What is an export? Rows, certificates, replays and reports are questions (`asked`, with their name first in `question`) and
end like every question; a compelled production is `production`. The register's export, the log's tiles, the pages and
sets for everybody are counted in `public_counts`, by page and hour, and leave no trail of who looked.

What is a correction? A filing of a record that was there: the `filed` event says how many of its records it corrected.

What is an expungement? `destroyed` is that of an opening of this log. The ledger can destroy the key of a record's body; no road leads
to that in this version, so none is logged.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_kind_is_that_of_its_json() {
        for what in What::all() {
            assert_eq!(serde_json::to_value(what).unwrap(), what.word());
        }
    }

    #[test]
    fn gr21_log_events_page_is_that_of_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/log-events.md");
        if std::env::var_os("OPENCLEAR_UPDATE_GOLDEN").is_some() {
            std::fs::write(path, log_events_page()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == log_events_page(), "docs/log-events.md is out of date; see its first lines");
    }

    #[test]
    fn gr21_what_an_event_lacks_is_named() {
        let event = Event { what: What::SignIn, ..Event::default() };
        assert_eq!(event.lacks(), [Part::When, Part::WhereFrom, Part::Operator, Part::Agency, Part::Session]);
        // A resident is nobody; somebody who is known by a session is known in full.
        let asked = Event {
            at: "2026-07-01T12:00:00.25Z".parse().unwrap(),
            what: What::Answered,
            address: Some("203.0.113.7".into()),
            request: Some(clear_record::RequestId::fresh()),
            register: Some(1),
            rules: Some("digest".into()),
            labels: Some(3),
            ..Event::default()
        };
        assert_eq!(asked.lacks(), []);
        let known = Event { session: Some("n1".into()), ..asked };
        assert_eq!(known.lacks(), [Part::Operator, Part::Agency]);
    }
}
