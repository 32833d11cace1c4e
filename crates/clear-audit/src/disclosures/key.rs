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

    pub(super) fn hash(&self, whose: Whose<'_>, key: &Key<'_>) -> Hash {
        let whose = match whose {
            Whose::Anybodys => "",
            Whose::Of(owner) => owner.as_str(),
        };
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
        };
        let mut mac = self.0.clone();
        // Ids have no zero byte, and the free text comes last: no two keys are the same bytes.
        for part in [kind, whose, text] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        let tag = mac.finalize().into_bytes();
        let mut hash = Hash::default();
        hash.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        hash
    }

    /// Under what an event is found, each once.
    pub(super) fn of_event(&self, event: &Event) -> Vec<Hash> {
        let mut hashes = Vec::new();
        let mut add = |whose, key: Key<'_>| hashes.push(self.hash(whose, &key));
        match event.what {
            What::Asked | What::SignIn | What::SignInRefused => {
                if let Some(request) = &event.request {
                    add(Whose::Anybodys, Key::Question(request));
                }
                if let Some(account) = &event.account {
                    add(Whose::Anybodys, Key::Asked(account));
                }
            }
            What::Withheld => {
                if let Some(request) = &event.request {
                    add(Whose::Anybodys, Key::Withheld(request));
                }
            }
            _ if event.discloses() => {
                self.disclosed(event, Whose::Anybodys, event.records.iter().copied(), &mut add);
                for (owner, places) in &event.owners {
                    let every = places.is_empty();
                    let records = (0u32..).zip(event.records.iter().copied());
                    let owned = records.filter(|(at, _)| every || places.binary_search(at).is_ok()).map(|(_, id)| id);
                    self.disclosed(event, Whose::Of(owner), owned, &mut add);
                }
            }
            _ => {}
        }
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    fn disclosed<'a>(
        &self,
        event: &'a Event,
        whose: Whose<'a>,
        records: impl Iterator<Item = RecordId>,
        add: &mut impl FnMut(Whose<'a>, Key<'a>),
    ) {
        add(whose, Key::All);
        records.for_each(|id| add(whose, Key::Record(id)));
        event.agencies().for_each(|agency| add(whose, Key::Agency(agency)));
        if let Some(account) = &event.account {
            add(whose, Key::Account(account));
        }
        if let Some(case) = &event.case {
            add(whose, Key::Case(case));
        }
    }
}
