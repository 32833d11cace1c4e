//! By what one can ask, and how that is written in the file.

use clear_record::{AccountId, AgencyId, RecordId, RequestId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::event::{Event, What};
use crate::seal::OpeningKey;

const TAG: &[u8] = b"OpenCLEAR disclosure index key 1\0";

/// What a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// Every disclosure.
    All,
    /// What was disclosed of a record.
    Record(RecordId),
    /// What was disclosed to an agency: the asker's, or any other on the path, or a recipient.
    Agency(&'a AgencyId),
    /// What was disclosed to an officer.
    Account(&'a AccountId),
    /// What was disclosed for a case.
    Case(&'a str),
    /// What was asked and tried in an account's name, whatever came of it.
    Asked(&'a AccountId),
    /// The *asked* event of a request.
    Question(&'a RequestId),
    /// What of a request was logged and did not leave.
    Withheld(&'a RequestId),
    /// Entries that do not open.
    Flawed,
    /// Every thousandth entry, so that reading can begin anywhere.
    Milestone,
}

/// Among whose records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// Anybody's: for oversight.
    Anybodys,
    /// Those that were this owner's when they were disclosed.
    Of(&'a AgencyId),
}

/// The hash under which something stands in the file.
pub(super) type Hash = [u8; 16];

/// A list's part. An answer that told of one owner's records alone, as nearly all do, stands in one part: the owner's list
/// is its two parts, oversight's the rest and every owner's first. No entry stands in two parts of a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// Of what told of this owner's records alone.
    Sole(&'a AgencyId),
    /// Of what told of this owner's records and of others.
    Shared(&'a AgencyId),
    /// Of what told of several owners' records or of nobody's, and of what is no disclosure.
    Rest,
}

/// What an event is found under.
pub(super) struct Found {
    pub(super) hashes: Vec<Hash>,
    /// The part of the one owner whose records alone it told of.
    pub(super) sole: Option<Hash>,
}

/// Makes the hashes.
pub(super) struct Hasher(Hmac<Sha256>);

impl Hasher {
    /// Under a key derived from the log's opening key, which has a fixed length, so that a plain hash derives soundly.
    pub(super) fn new(key: &OpeningKey) -> Hasher {
        let derived = Sha256::new().chain_update(TAG).chain_update(key.0).finalize();
        // HMAC fills a key up to its block with zeros (RFC 2104); so it is given whole.
        let mut block = [0; 64];
        block.iter_mut().zip(derived).for_each(|(to, from)| *to = from);
        Hasher(Hmac::new(&block.into()))
    }

    /// A part, as it stands in the file.
    pub(super) fn part(&self, part: Part<'_>) -> Hash {
        match part {
            Part::Sole(owner) => self.hashed("sole", &[], owner.as_str()),
            Part::Shared(owner) => self.hashed("shared", &[], owner.as_str()),
            Part::Rest => self.hashed("rest", &[], ""),
        }
    }

    pub(super) fn key(&self, part: &Hash, key: &Key<'_>) -> Hash {
        let record;
        let (kind, text) = match key {
            Key::All => ("all", ""),
            Key::Record(id) => {
                record = id.to_string();
                ("record", record.as_str())
            }
            Key::Agency(id) => ("agency", id.as_str()),
            Key::Account(id) => ("account", id.as_str()),
            Key::Case(case) => ("case", *case),
            Key::Asked(id) => ("asked", id.as_str()),
            Key::Question(id) => ("question", id.as_str()),
            Key::Withheld(id) => ("withheld", id.as_str()),
            Key::Flawed => ("flawed", ""),
            Key::Milestone => ("milestone", ""),
        };
        self.hashed(kind, part, text)
    }

    fn hashed(&self, kind: &str, part: &[u8], text: &str) -> Hash {
        let mut mac = self.0.clone();
        // The kinds are words of ours, a part is of one length or absent, the text comes last: no two are the same bytes.
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(part);
        mac.update(text.as_bytes());
        let tag = mac.finalize().into_bytes();
        let mut hash = Hash::default();
        hash.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        hash
    }

    /// Under what an event is found, each once.
    pub(super) fn of_event(&self, event: &Event) -> Found {
        let (mut hashes, mut sole) = (Vec::new(), None);
        let rest = |key: &Key<'_>| self.key(&self.part(Part::Rest), key);
        match event.what {
            What::Asked | What::SignIn | What::SignInRefused => {
                hashes.extend(event.request.as_ref().map(|request| rest(&Key::Question(request))));
                hashes.extend(event.account.as_ref().map(|account| rest(&Key::Asked(account))));
            }
            What::Withheld => hashes.extend(event.request.as_ref().map(|request| rest(&Key::Withheld(request)))),
            _ if event.discloses() => match event.owners.keys().next() {
                Some(owner) if event.is_all_of(owner) => {
                    let part = self.part(Part::Sole(owner));
                    self.disclosed(event, &part, &event.records, &mut hashes);
                    sole = Some(part);
                }
                _ => {
                    self.disclosed(event, &self.part(Part::Rest), &event.records, &mut hashes);
                    for owner in event.owners.keys() {
                        self.disclosed(event, &self.part(Part::Shared(owner)), &event.records_of(owner), &mut hashes);
                    }
                }
            },
            _ => {}
        }
        hashes.sort_unstable();
        hashes.dedup();
        Found { hashes, sole }
    }

    fn disclosed(&self, event: &Event, part: &Hash, records: &[RecordId], hashes: &mut Vec<Hash>) {
        hashes.push(self.key(part, &Key::All));
        hashes.extend(records.iter().map(|id| self.key(part, &Key::Record(*id))));
        // An agency stands on the path as well as at the home of who asks.
        let mut agencies: Vec<&AgencyId> = event.agencies().collect();
        agencies.sort_unstable();
        agencies.dedup();
        hashes.extend(agencies.into_iter().map(|agency| self.key(part, &Key::Agency(agency))));
        hashes.extend(event.account.as_ref().map(|account| self.key(part, &Key::Account(account))));
        hashes.extend(event.case.as_ref().map(|case| self.key(part, &Key::Case(case))));
    }
}
