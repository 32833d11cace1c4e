//! The registry of places where data lives, and of ways by which it leaves (GR30).
//!
//! In:    nothing; the two lists are written here by hand.
//! Out:   [`STORES`] and [`FLOWS`], for the page `/stores-and-flows`, its JSON, docs/stores-and-flows.md and the checks.
//! Never: opens anything; names an agency or a city's own flows, which are entries of the register.
//!
//! # How
//! INVARIANT (what is not in the registry does not build): opening a file, a socket or a process is a disallowed method
//! (clippy.toml). A source file that does it says `#![expect(clippy::disallowed_methods, reason = "stores: …; flows: …")]`
//! with ids of this registry, and `cargo xtask check stores` compares: each id must be here, each file must be named by the
//! line that it names, and each file of a line must exist and say so. A test starts a server and holds every file of its
//! folder, and everything that its process has open, against [`Store::holds_file`].
//!
//! # Change here
//! A new place or way out: one line here, the attribute in the source file, `cargo xtask stores`.

/// A place where data lives: on a disk, in memory, beside the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Store {
    /// Its id, which the source files name.
    pub id: &'static str,
    /// What it is.
    pub name: &'static str,
    /// Which data live there.
    pub holds: &'static str,
    /// How it is protected there: sealed under which key, or in clear.
    pub protected: &'static str,
    /// How long it stays, and what empties it.
    pub kept: &'static str,
    /// Its files in the data folder; `*` stands for any characters. Empty: it has none there.
    pub files: &'static [&'static str],
    /// The source files that open it. `src/lib.rs` stands for its whole crate.
    pub opened_by: &'static [&'static str],
}

/// A way by which data leaves the process for somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboundFlow {
    /// Its id, which the source files name.
    pub id: &'static str,
    /// What it is.
    pub name: &'static str,
    /// What leaves.
    pub fields: &'static str,
    /// On which legal basis.
    pub legal_basis: &'static str,
    /// Who is known to read it downstream.
    pub readers: &'static str,
    /// Whether a cut-off reaches it.
    pub reached: bool,
    /// What that means, in a sentence.
    pub note: &'static str,
    /// The source files that open it.
    pub opened_by: &'static [&'static str],
}

impl Store {
    /// Whether a file of the data folder belongs to this store; `path` is relative to the folder.
    ///
    /// ```
    /// let log = clear_record::STORES.iter().find(|store| store.id == "log-frames").unwrap();
    /// assert!(log.holds_file("log/frames-000001.log"));
    /// assert!(!log.holds_file("log/notes.txt"));
    /// ```
    pub fn holds_file(&self, path: &str) -> bool {
        self.files.iter().any(|pattern| matches(pattern, path))
    }
}

/// Whether `text` is of the form of `pattern`, where `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| matches(tail, rest))),
    }
}

/// Every place where data lives.
pub const STORES: &[Store] = &[
    Store {
        id: "ledger",
        name: "The ledger",
        holds: "every version of every record; the register; the outbox of the log",
        protected: "each record's body sealed with AES-256-GCM under a random key of its own, which is in `record-keys`; record ids, labels, times and the register in clear; outbox rows (questions of filings without contents) in clear until the next transaction",
        kept: "for ever, unless expunged: then the body's key is destroyed; SQLite overwrites what it deletes (`secure_delete`), and its temporary tables are in memory",
        files: &["ledger.db", "ledger.db-wal", "ledger.db-shm", "lock"],
        opened_by: &[
            "crates/clear-store/src/files.rs",
            "crates/clear-store/src/lite.rs",
            "crates/clear-store/src/postgres.rs",
        ],
    },
    Store {
        id: "cards",
        name: "The cards",
        holds: "accounts with their password hashes and second factors, sessions and tokens (digests), devices, open inquiries, held questions and reviews (with the question, in clear), the docket of productions, counts, the key of the public map's points",
        protected: "in clear, in the ledger's database, readable by the program's account alone",
        kept: "sessions, holds and reviews until they are over; accounts and the docket for ever",
        files: &[],
        opened_by: &["crates/clear-store/src/lite.rs", "crates/clear-store/src/postgres.rs"],
    },
    Store {
        id: "analysis-spill",
        name: "What questions of analysis put aside",
        holds: "rows of answers in the making, of what their asker sees, where sorting or grouping needs more memory than questions may take",
        protected: "in clear, in a folder of the program's account alone",
        kept: "until the answer is made; a start empties the folder",
        files: &["analysis-spill/*"],
        opened_by: &["crates/clear-stats/src/engine.rs"],
    },
    Store {
        id: "analysis-cold",
        name: "Columns of the sets that have no room in memory",
        holds: "codes, numbers and times of rows, without the texts that the codes stand for; only where the operator sets a limit (`--analysis-memory`)",
        protected: "sealed with AES-256-GCM under a key for each object, which is in the process's memory alone; in a folder, or in a bucket that the operator names",
        kept: "until the process ends: then nothing opens it, and a start deletes it; an expungement destroys key and object of every chunk that has the row before it is passed on",
        files: &["analysis-cold/*"],
        opened_by: &["crates/clear-cold/src/place.rs"],
    },
    Store {
        id: "record-keys",
        name: "The records' keys",
        holds: "one key for each body, and one for each owner",
        protected: "each wrapped under its owner's key; the owners' keys in files that the program's account alone may read",
        kept: "until a record is expunged",
        files: &["keys/keys.db", "keys/keys.db-wal", "keys/keys.db-shm", "keys/owner-*.key", "keys/lock"],
        opened_by: &[
            "crates/clear-store/src/files.rs",
            "crates/clear-store/src/keys.rs",
            "crates/clear-store/src/lite.rs",
        ],
    },
    Store {
        id: "log-frames",
        name: "The audit log",
        holds: "every question with its asker, purpose and reason; every answer by record ids; filings, sign-ins, orders, publications",
        protected: "events sealed with AES-256-GCM under a key of their own, derived from the openings' key; orders, agreements, rules and publications in clear",
        kept: "at least as long as the longest live disclosure; never shorter than a year; never rewritten",
        files: &["log/frames-*.log", "log/lock", "log/destroying"],
        opened_by: &[
            "crates/clear-audit/src/destroy.rs",
            "crates/clear-audit/src/disclosures/follow.rs",
            "crates/clear-audit/src/frame.rs",
            "crates/clear-audit/src/log.rs",
            "crates/clear-audit/src/log/writer.rs",
            "crates/clear-audit/src/recover.rs",
        ],
    },
    Store {
        id: "log-spool",
        name: "The log's spool",
        holds: "the same as the audit log, from the moment that its own volume failed until the next start",
        protected: "sealed as the log is, on another volume, where the operator named one",
        kept: "until the log has it again",
        files: &["log/spool"],
        opened_by: &["crates/clear-audit/src/spool.rs"],
    },
    Store {
        id: "disclosures",
        name: "The disclosure index",
        holds: "where in the log each disclosure stands, by record, agency, account and case",
        protected: "keyed hashes under a key derived from the openings' key; no name and no number in clear",
        kept: "made again from the log at any time; after an expungement, until that is done",
        files: &["disclosures/*"],
        opened_by: &["crates/clear-audit/src/disclosures/postings.rs"],
    },
    Store {
        id: "log-tiles",
        name: "The log's public face",
        holds: "commitments under fresh random salts, hashes, signed checkpoints; what is public in clear",
        protected: "public",
        kept: "for ever",
        files: &["log/tile/*", "log/checkpoint*", "log/public*", "log.vkey*"],
        opened_by: &[
            "crates/clear-audit/src/keys.rs",
            "crates/clear-audit/src/log.rs",
            "crates/clear-audit/src/public.rs",
            "crates/clear-audit/src/tree.rs",
            "crates/clear-audit/src/verify.rs",
        ],
    },
    Store {
        id: "log-keys",
        name: "The log's keys",
        holds: "the key that signs checkpoints and receipts; the key that opens events",
        protected: "files that the program's account alone may read",
        kept: "as long as the log",
        files: &["keys/log.key", "keys/log-openings.key"],
        opened_by: &[
            "crates/clear-audit/src/keys.rs",
            "crates/clear-audit/src/note.rs",
            "crates/openclear/src/open.rs",
        ],
    },
    Store {
        id: "guards",
        name: "Anchor, witnesses, evidence",
        holds: "who watches the log; the newest checkpoints that were vouched for, in an anchor file outside the folder; signed checkpoints of two views that contradict each other",
        protected: "public: checkpoints and signatures",
        kept: "the newest; evidence for ever",
        files: &["guards.json*", "evidence/*", "cosigned*", "resumptions/*"],
        opened_by: &[
            "crates/clear-audit/src/anchor.rs",
            "crates/clear-audit/src/views.rs",
            "crates/openclear/src/guards.rs",
        ],
    },
    Store {
        id: "witness-state",
        name: "What a witness of somebody else's log keeps",
        holds: "its own signing key; the newest checkpoint of each log that it watches",
        protected: "in a folder of its own; the key readable by the program's account alone",
        kept: "for ever",
        files: &[],
        opened_by: &["crates/clear-audit/src/witness.rs"],
    },
    Store {
        id: "projections",
        name: "Search, statistics and links",
        holds: "names, words, places, codes and links of records, as engines need them",
        protected: "in the process's memory, in clear; every look filtered by what the asker may see; on a disk as the store `snapshots` alone",
        kept: "until the process ends; an expunged record leaves at once",
        files: &[],
        opened_by: &[],
    },
    Store {
        id: "snapshots",
        name: "Search and links as they were last kept",
        holds: "the same as the projections, of all records, so that a start need not fold them again",
        protected: "sealed with AES-256-GCM under a key that seals one snapshot alone, beside the records' keys",
        kept: "until the next one; the next expungement destroys key and file before it is acknowledged",
        files: &["projections/*.snapshot", "projections/*.part", "keys/snapshot-*.key"],
        opened_by: &[
            "crates/clear-store/src/files.rs",
            "crates/clear-store/src/snapshots.rs",
            "crates/openclear/src/open.rs",
        ],
    },
    Store {
        id: "rules",
        name: "The rules in force",
        holds: "policies and their certificate; no record",
        protected: "read only",
        kept: "the operator's",
        files: &[],
        opened_by: &["crates/clear-rules/src/texts.rs", "crates/openclear/src/rules.rs"],
    },
    Store {
        id: "tls-files",
        name: "The certificate of HTTPS",
        holds: "certificate chain and private key",
        protected: "the operator's files, read once at start",
        kept: "the operator's",
        files: &[],
        opened_by: &["crates/clear-web/src/tls.rs"],
    },
    Store {
        id: "imports",
        name: "Files that are brought in",
        holds: "rows of records, before they are filed",
        protected: "the operator's files; read, never written; a pipe is read without a copy",
        kept: "the operator deletes them when they are in",
        files: &[],
        opened_by: &[
            "crates/clear-ingest/src/input.rs",
            "crates/clear-ingest/src/tables.rs",
            "crates/openclear/src/import.rs",
        ],
    },
    Store {
        id: "papers",
        name: "Files that an operator's command reads or writes where it is told",
        holds: "orders, register entries, signatures, certificates, exports of the register, reports of counts; a person's signing key; rows that were rejected at an import; clusters and models of the linker",
        protected: "as the operator keeps them; signing keys readable by their maker alone",
        kept: "the operator's",
        files: &["keys-of-founders/*.key"],
        opened_by: &[
            "crates/openclear/src/ask.rs",
            "crates/openclear/src/audit.rs",
            "crates/openclear/src/certificate.rs",
            "crates/openclear/src/export.rs",
            "crates/openclear/src/founding.rs",
            "crates/openclear/src/import.rs",
            "crates/openclear/src/link.rs",
            "crates/openclear/src/register.rs",
            "crates/openclear/src/replay.rs",
            "crates/openclear/src/report.rs",
            "crates/openclear/src/resume.rs",
            "crates/openclear/src/views.rs",
            "crates/openclear/src/witness.rs",
            "crates/openclear/src/rules.rs",
        ],
    },
    Store {
        id: "geography",
        name: "The city's areas",
        holds: "where beats, districts and community areas lie: what the city publishes",
        protected: "in clear: public",
        kept: "as the operator puts them there",
        files: &["geography/*.geojson", "geography/*.geojson.zst"],
        opened_by: &["crates/openclear/src/geography.rs"],
    },
    Store {
        id: "demonstration",
        name: "The demonstration's own files",
        holds: "passwords, tokens and one-time secrets of invented personas; a public extract while it is filled",
        protected: "in clear: an invented city",
        kept: "as long as the demonstration's folder",
        files: &["personas.json", "guide.json"],
        opened_by: &[
            "crates/openclear/src/client.rs",
            "crates/openclear/src/demo.rs",
            "crates/openclear/src/founding.rs",
        ],
    },
    Store {
        id: "measurements",
        name: "Folders and processes of tests and measurements",
        holds: "invented or public data",
        protected: "in clear",
        kept: "removed with the measurement",
        files: &[],
        opened_by: &[
            "crates/clear-testkit/src/postgres.rs",
            "crates/openclear/src/bench.rs",
            "crates/openclear/src/bench/analysis.rs",
            "crates/openclear/src/bench/ask.rs",
            "crates/openclear/src/bench/gate.rs",
            "crates/openclear/src/story.rs",
        ],
    },
    Store {
        id: "temporary-files",
        name: "Temporary files, spill files, swap of its own",
        holds: "nothing: the program makes none",
        protected: "queries that do not fit in memory fail; SQLite's temporary tables are in memory; a test looks at the temporary folder",
        kept: "–",
        files: &[],
        opened_by: &[],
    },
    Store {
        id: "core-dumps",
        name: "Core dumps",
        holds: "nothing: the program sets its limit for them to zero at start",
        protected: "a test reads the limit of a running server",
        kept: "–",
        files: &[],
        opened_by: &[],
    },
    Store {
        id: "operators-messages",
        name: "Messages for operators and metrics",
        holds: "what failed, with the request's number; counts by route and status. No name, no question, no address of an asker",
        protected: "standard error, and `/metrics`",
        kept: "as the operator's log keeper does",
        files: &[],
        opened_by: &[],
    },
    Store {
        id: "askers-machines",
        name: "Browsers and programs of askers",
        holds: "what was answered to them; in a browser the session's secret, and the inquiry (purpose, case, reason) until it is closed",
        protected: "answers say `no-store`; cookies are out of reach of scripts and of other sites",
        kept: "an answer that has left is not called back; the log says what it was",
        files: &[],
        opened_by: &[],
    },
    Store {
        id: "backups",
        name: "Copies that the operator makes",
        holds: "whatever was copied: of the ledger sealed bodies, cards in clear",
        protected: "the records' keys are in another folder, so that a copy of the ledger opens no record; a copy of both does",
        kept: "the operator's; destroying a key reaches no copy of the keys that was made before",
        files: &[],
        opened_by: &[],
    },
];

/// Every way out that the program itself has. What else a city hands out is declared in its register, as entries `flow`.
pub const FLOWS: &[OutboundFlow] = &[
    OutboundFlow {
        id: "answers",
        name: "Answers to askers",
        fields: "what the grant of the question opens, field by field",
        legal_basis: "the agreement and the rules that the question was decided under; both are in the log with the answer",
        readers: "the asker and the agencies on the question's path",
        reached: true,
        note: "A cut-off is acknowledged when no further byte can leave for the closure; what left before is in the log.",
        opened_by: &["crates/clear-web/src/serve.rs"],
    },
    OutboundFlow {
        id: "public-pages",
        name: "Public pages and sets",
        fields: "the register, orders, the log's commitments and checkpoints, released counts with small ones suppressed; rows of incidents that their owners left white, by block, without persons, addresses and words, after seven days",
        legal_basis: "the city's duty to say who has access, and to publish what happened",
        readers: "everybody, agencies that are cut off included",
        reached: false,
        note: "What is public is public: everybody gets the same bytes, and nothing in them is about a person.",
        opened_by: &["crates/clear-web/src/serve.rs"],
    },
    OutboundFlow {
        id: "database-server",
        name: "The ledger on a PostgreSQL server",
        fields: "as the stores `ledger` and `cards`",
        legal_basis: "the operator's choice of where the ledger is kept",
        readers: "whoever administers that server",
        reached: false,
        note: "Only where the operator names a server: bodies are sealed before they go there and the keys stay here.",
        opened_by: &["crates/clear-store/src/postgres.rs"],
    },
    OutboundFlow {
        id: "analysis-bucket",
        name: "Columns in a bucket",
        fields: "as the store `analysis-cold`: ciphertext, and when which object was written and read",
        legal_basis: "the operator's choice of where memory's overflow is kept",
        readers: "whoever runs that bucket",
        reached: false,
        note: "Only where the operator names a bucket: columns are sealed before they go there, and the keys never leave the process's memory.",
        opened_by: &["crates/clear-cold/src/place.rs"],
    },
    OutboundFlow {
        id: "operators-client",
        name: "The operator's commands",
        fields: "a question, an order or a file, to the server that the operator names",
        legal_basis: "as the question's",
        readers: "that server",
        reached: true,
        note: "A client like any other: the server decides.",
        opened_by: &["crates/openclear/src/client.rs"],
    },
    OutboundFlow {
        id: "witnesses",
        name: "Witnesses of the log",
        fields: "the log's name, signed checkpoints with the number of entries and their root, proofs that it only grew",
        legal_basis: "the operator's choice of who watches the log; nothing in it is about a person",
        readers: "the witnesses that the operator names",
        reached: false,
        note: "Nothing about a person leaves, but a witness sees at once how fast the log grows, which strangers do not.",
        opened_by: &["crates/openclear/src/witness.rs"],
    },
    OutboundFlow {
        id: "solver",
        name: "The solver that proves the rules",
        fields: "the rules and their schema, as formulas; no record, no question of anybody's",
        legal_basis: "none needed: the rules are public",
        readers: "a process on the same machine, while rules are proved",
        reached: false,
        note: "It never sees data about a person.",
        opened_by: &["crates/clear-proof/src/lib.rs"],
    },
    OutboundFlow {
        id: "productions",
        name: "Compelled productions",
        fields: "what two persons released on a docket, with its manifest",
        legal_basis: "the instrument on the docket",
        readers: "whoever the instrument names",
        reached: false,
        note: "Delivered off the system by the custodian; each is counted in public. A cut-off agency asks nothing itself.",
        opened_by: &[],
    },
    OutboundFlow {
        id: "measurements",
        name: "Clients that measurements play",
        fields: "questions about invented data, over loopback",
        legal_basis: "none needed",
        readers: "the measured server",
        reached: false,
        note: "Part of `openclear bench` and of the demonstration's own check alone.",
        opened_by: &[
            "crates/openclear/src/bench/analysis.rs",
            "crates/openclear/src/bench/gate.rs",
            "crates/openclear/src/story.rs",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn gr30_ids_are_unique_and_nothing_is_left_blank() {
        let stores: BTreeSet<_> = STORES.iter().map(|store| store.id).collect();
        assert_eq!(stores.len(), STORES.len());
        let flows: BTreeSet<_> = FLOWS.iter().map(|flow| flow.id).collect();
        assert_eq!(flows.len(), FLOWS.len());
        for store in STORES {
            let said = [store.name, store.holds, store.protected, store.kept];
            assert!(said.iter().all(|text| !text.is_empty()), "{}", store.id);
        }
        for flow in FLOWS {
            let said = [flow.name, flow.fields, flow.legal_basis, flow.readers, flow.note];
            assert!(said.iter().all(|text| !text.is_empty()), "{}", flow.id);
        }
    }

    #[test]
    fn no_file_belongs_to_two_stores() {
        let of = |path: &str| STORES.iter().filter(|s| s.holds_file(path)).map(|s| s.id).collect::<Vec<_>>();
        for (path, store) in [
            ("ledger.db-wal", "ledger"),
            ("keys/keys.db", "record-keys"),
            ("keys/owner-pmpd.key", "record-keys"),
            ("keys/log.key", "log-keys"),
            ("keys/snapshot-00ff.key", "snapshots"),
            ("projections/00ff.snapshot", "snapshots"),
            ("log/frames-000001.log", "log-frames"),
            ("log/tile/0/x001/x234/067", "log-tiles"),
        ] {
            assert_eq!(of(path), [store], "{path}");
        }
        assert!(of("ledger.db.bak").is_empty() && of("keys/owner.key").is_empty() && of("elsewhere").is_empty());
    }
}
