//! A store to test, on either engine, and drafts to put into it.

use std::path::{Path, PathBuf};

use clear_record::{AgencyId, Draft, Kind, Label, Method, Narrative, Provenance, Record, RecordId, Version};
use clear_store::{Batch, Committed, Error, Fence, OutboxBody, Store};
use clear_testkit::postgres::Server;
use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

/// Where a store lives. It can be opened again and again.
pub(crate) struct Bed {
    folder: TempDir,
    server: Option<Server>,
}

impl Bed {
    pub(crate) fn folder() -> Bed {
        Bed { folder: TempDir::new().unwrap(), server: None }
    }

    pub(crate) fn server() -> Bed {
        Bed { folder: TempDir::new().unwrap(), server: Some(Server::start().unwrap_or_else(|error| panic!("{error}"))) }
    }

    pub(crate) async fn try_open(&self) -> Result<Store, Error> {
        match &self.server {
            None => Store::folder(self.folder.path()).await,
            Some(server) => Store::postgres(&server.url(), &self.keys()).await,
        }
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    pub(crate) fn postgres(&mut self) -> &mut Server {
        self.server.as_mut().unwrap()
    }

    /// Whether any file of the ledger or its key store holds these bytes.
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        let data = self.server.as_ref().map(Server::data);
        [Some(self.folder.path().to_owned()), data].into_iter().flatten().any(|folder| folder_holds(&folder, bytes))
    }

    /// A statement straight to the key store, as a fault would have it.
    pub(crate) async fn meddle_with_keys(&self, sql: &'static str) -> u64 {
        let path = self.keys().join("keys.db");
        let mut conn = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
        let done = sqlx::query(sql).execute(&mut conn).await.unwrap().rows_affected();
        conn.close().await.unwrap();
        done
    }

    /// A number straight from the key store.
    pub(crate) async fn ask_keys(&self, sql: &'static str) -> i64 {
        let path = self.keys().join("keys.db");
        let mut conn = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    }

    /// A statement straight to the ledger. Tables are named without their schema.
    pub(crate) async fn meddle_with_ledger(&self, sql: &'static str) {
        match &self.server {
            None => {
                let path = self.folder.path().join("ledger.db");
                let mut conn = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
            Some(server) => {
                let mut conn = sqlx::PgConnection::connect(&server.url()).await.unwrap();
                sqlx::query("SET search_path TO openclear").execute(&mut conn).await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap();
            }
        }
    }
}

fn folder_holds(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return folder_holds(&path, bytes);
        }
        // A socket or a file that went meanwhile holds nothing.
        std::fs::read(&path).is_ok_and(|content| content.windows(bytes.len()).any(|window| window == bytes))
    })
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2024-03-01T12:00:00Z")
}

pub(crate) fn agency(name: &str) -> AgencyId {
    name.parse().unwrap()
}

/// The id of a numbered narrative.
pub(crate) fn id(number: u128) -> RecordId {
    RecordId { kind: Kind::Narrative, raw: number }
}

/// A narrative, by its number and words.
pub(crate) fn draft(number: u128, words: &str) -> Draft {
    Draft {
        id: id(number),
        record: Record::from(Narrative {
            about: RecordId { kind: Kind::Incident, raw: 1 },
            title: None,
            text: words.to_owned(),
        }),
        label: Label::of(agency("north"), Kind::Narrative),
        valid_from: at("2024-01-01T00:00:00Z"),
        provenance: Provenance {
            agency: agency("north"),
            author: "clerk-1".parse().unwrap(),
            method: Method::Filed,
            source: "api".to_owned(),
            reference: Some(format!("reference-of-{words}")),
            derived: ["under-18".to_owned()].into(),
        },
    }
}

/// A batch that expects an empty register.
pub(crate) fn batch(drafts: Vec<Draft>) -> Batch {
    Batch { recorded_at: now(), drafts, register: Vec::new(), expects_register: 0, outbox: Vec::new() }
}

pub(crate) fn outbox(text: &str) -> OutboxBody {
    OutboxBody { clear: true, body: text.as_bytes().to_vec() }
}

/// Commits numbered narratives.
pub(crate) async fn file(store: &Store, fence: &Fence, words: &[(u128, &str)]) -> Committed {
    let drafts = words.iter().map(|(number, words)| draft(*number, words)).collect();
    store.ledger.commit(fence, batch(drafts)).await.unwrap()
}

/// A version in a word: its number and its words, `-` when it was expunged.
pub(crate) fn word(version: &Version) -> String {
    let words = match &version.record {
        Some(Record::Narrative(narrative)) => narrative.text.as_str(),
        Some(_) => "?",
        None => "-",
    };
    let reference = version.record.as_ref().map(|_| format!("reference-of-{words}"));
    assert_eq!(version.provenance.reference, reference, "the reference goes with the body");
    format!("{}:{}={words}", version.seq, version.id.raw)
}

pub(crate) fn words(versions: &[Version]) -> String {
    versions.iter().map(word).collect::<Vec<_>>().join(" ")
}
