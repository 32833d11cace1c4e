//! The tables: under each hash the places of its entries, numbered.
//!
//! | table | key | value |
//! |---|---|---|
//! | `places` | hash, entry | segment, offset, number under this hash |
//! | `counts` | hash | how many |
//! | `quarters` | quarter of an hour since 1970 | its first entry |
//! | `state` | `log`, `position` | whose index it is; up to which entry, segment and offset the log was read |
//! | `owners` | part | – : the owners' first parts, which oversight's list is made of |

#![expect(clippy::disallowed_methods, reason = "stores: disclosures")]

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use sha2::{Digest, Sha256};

use super::key::{Found, Hash, Hasher, Key, Part, Whose};
use crate::Log;
use crate::error::Error;
use crate::event::Event;
use crate::seal::OpeningKey;

/// Blocks of the tables that are kept in memory, bytes.
const CACHE_BYTES: u64 = 64 << 20;
/// Journals of the tables, bytes; the least that the engine takes.
const JOURNAL_BYTES: u64 = 64 << 20;
const QUARTER_SECONDS: i64 = 900;
const LOG: &str = "log";
const POSITION: &str = "position";

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The entry's place in the log.
    pub index: u64,
    /// Its segment's number.
    pub segment: u32,
    /// Where its frame begins there, bytes.
    pub offset: u32,
}

/// An entry to be noted.
pub struct Indexed {
    pub(super) place: Place,
    pub(super) hashes: Vec<Hash>,
    pub(super) sole: Option<Hash>,
    pub(super) quarter: Option<i64>,
}

impl Indexed {
    /// Under how many keys it stands, for a measurement.
    pub fn keys(&self) -> usize {
        self.hashes.len() + usize::from(self.sole.is_some())
    }
}

/// The tables of an index.
pub struct Postings {
    folder: PathBuf,
    hasher: Hasher,
    database: Database,
    places: Keyspace,
    counts: Keyspace,
    quarters: Keyspace,
    state: Keyspace,
    owners: Keyspace,
    /// What is in `owners`.
    known: RwLock<BTreeSet<Hash>>,
}

impl Postings {
    /// The tables of this log in a folder, begun anew where they are of another log or of a longer one.
    pub(super) fn of_log(folder: &Path, log: &Log) -> Result<Postings, Error> {
        let postings = Postings::open(folder, log.opening_key())?;
        let whose = Sha256::digest(log.vkey());
        let fault = Error::index(folder);
        let known = postings.state.get(LOG).map_err(&fault)?;
        let fits = known.as_deref() == Some(whose.as_slice()) && postings.next()? <= log.synced_size();
        if fits {
            return Ok(postings);
        }
        let postings = match known {
            None => postings,
            Some(_) => {
                tracing::warn!("the disclosure index is of another log, or of a longer one; it is made again");
                drop(postings);
                std::fs::remove_dir_all(folder).map_err(Error::write(folder))?;
                Postings::open(folder, log.opening_key())?
            }
        };
        postings.state.insert(LOG, whose.as_slice()).map_err(&fault)?;
        Ok(postings)
    }

    /// The tables in a folder under a key of this length: for measuring them without a log.
    ///
    /// # Errors
    /// A folder that is in use, or cannot be written.
    pub fn apart(folder: &Path, key: [u8; 32]) -> Result<Postings, Error> {
        Postings::open(folder, &OpeningKey(key))
    }

    fn open(folder: &Path, key: &OpeningKey) -> Result<Postings, Error> {
        std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
        let open = || -> fjall::Result<_> {
            let database = Database::builder(folder)
                .cache_size(CACHE_BYTES)
                .max_journaling_size(JOURNAL_BYTES)
                .worker_threads(1)
                .open()?;
            let table = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default);
            let tables = (table("places")?, table("counts")?, table("quarters")?, table("state")?, table("owners")?);
            Ok((database, tables))
        };
        let fault = Error::index(folder);
        let (database, (places, counts, quarters, state, owners)) = open().map_err(&fault)?;
        let known = owners.iter().map(|guard| Ok(Hash::try_from(guard.key()?.as_ref()).unwrap_or_default()));
        let known = known.collect::<fjall::Result<BTreeSet<Hash>>>().map_err(&fault)?;
        Ok(Postings {
            folder: folder.to_owned(),
            hasher: Hasher::new(key),
            database,
            places,
            counts,
            quarters,
            state,
            owners,
            known: RwLock::new(known),
        })
    }

    /// Where a list stands: its parts, no entry in two of them.
    fn hashes(&self, whose: Whose<'_>, key: &Key<'_>) -> Vec<Hash> {
        let rest = self.hasher.part(Part::Rest);
        let disclosed = matches!(key, Key::All | Key::Record(_) | Key::Agency(_) | Key::Account(_) | Key::Case(_));
        let parts = match whose {
            _ if !disclosed => vec![rest],
            Whose::Of(owner) => vec![self.hasher.part(Part::Sole(owner)), self.hasher.part(Part::Shared(owner))],
            Whose::Anybodys => {
                let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
                known.iter().copied().chain([rest]).collect()
            }
        };
        parts.iter().map(|part| self.hasher.key(part, key)).collect()
    }

    /// The hash of a key that is no disclosure's.
    pub(super) fn hash(&self, key: &Key<'_>) -> Hash {
        self.hasher.key(&self.hasher.part(Part::Rest), key)
    }

    /// The entry at this place with what it is found under.
    pub fn indexed(&self, place: Place, event: &Event) -> Indexed {
        let quarter = Some(event.at.as_second().div_euclid(QUARTER_SECONDS));
        let Found { hashes, sole } = self.hasher.of_event(event);
        Indexed { place, hashes, sole, quarter }
    }

    /// Notes entries, in order, and that the log was read up to the place after them: all of it or nothing.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn write(&self, entries: &[Indexed], upto: Place) -> Result<(), Error> {
        self.write_tables(entries, upto).map_err(Error::index(&self.folder))
    }

    fn write_tables(&self, entries: &[Indexed], upto: Place) -> fjall::Result<()> {
        let mut batch = self.database.batch();
        let mut counts: HashMap<Hash, u64> = HashMap::new();
        let newest = self.quarters.last_key_value().map(fjall::Guard::key).transpose()?;
        let mut newest = newest.and_then(|key| Some(i64::from_be_bytes(key.as_ref().try_into().ok()?)));
        for Indexed { place, hashes, sole, quarter } in entries {
            if let Some(part) = sole
                && self.known.write().unwrap_or_else(PoisonError::into_inner).insert(*part)
            {
                batch.insert(&self.owners, *part, []);
            }
            for hash in hashes {
                let count = match counts.get(hash) {
                    Some(count) => *count,
                    None => number(self.counts.get(hash)?.as_deref()),
                };
                counts.insert(*hash, count + 1);
                batch.insert(&self.places, key(hash, place.index), value(*place, count));
            }
            // A quarter of an hour begins with its first entry; what is logged late stands with what was logged then.
            if let Some(quarter) = quarter.filter(|quarter| newest.is_none_or(|newest| newest < *quarter)) {
                batch.insert(&self.quarters, quarter.to_be_bytes(), place.index.to_be_bytes());
                newest = Some(quarter);
            }
        }
        for (hash, count) in &counts {
            batch.insert(&self.counts, *hash, count.to_be_bytes());
        }
        batch.insert(&self.state, POSITION, key_of_position(upto));
        batch.commit()
    }

    /// Up to where the log was read.
    pub(super) fn position(&self) -> Result<Place, Error> {
        let bytes = self.state.get(POSITION).map_err(Error::index(&self.folder))?;
        let read = bytes.and_then(|bytes| {
            let (index, rest) = bytes.split_first_chunk()?;
            let (segment, rest) = rest.split_first_chunk()?;
            let (offset, _) = rest.split_first_chunk()?;
            let (segment, offset) = (u32::from_be_bytes(*segment), u32::from_be_bytes(*offset));
            Some(Place { index: u64::from_be_bytes(*index), segment, offset })
        });
        Ok(read.unwrap_or(Place { index: 0, segment: 0, offset: 0 }))
    }

    pub(super) fn next(&self) -> Result<u64, Error> {
        Ok(self.position()?.index)
    }

    /// Makes sure that what was written is on the disk.
    ///
    /// # Errors
    /// When it is not.
    pub fn sync(&self) -> Result<(), Error> {
        self.database.persist(PersistMode::SyncAll).map_err(Error::index(&self.folder))
    }

    /// How much of the disk the tables take, bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn disk_bytes(&self) -> Result<u64, Error> {
        self.database.disk_space().map_err(Error::index(&self.folder))
    }

    /// The places under a key, newest first, at most `max`.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn newest(&self, whose: Whose<'_>, key: &Key<'_>, range: Range<u64>, max: usize) -> Result<Vec<Place>, Error> {
        let mut places = Vec::new();
        for hash in self.hashes(whose, key) {
            let part = self.part(&hash, &range).rev().take(max);
            part.map(|guard| self.place(guard)).try_for_each(|place| place.map(|(place, _)| places.push(place)))?;
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.truncate(max);
        Ok(places)
    }

    /// The same, oldest first.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn oldest(&self, whose: Whose<'_>, key: &Key<'_>, range: Range<u64>, max: usize) -> Result<Vec<Place>, Error> {
        let mut places = Vec::new();
        for hash in self.hashes(whose, key) {
            let part = self.part(&hash, &range).take(max);
            part.map(|guard| self.place(guard)).try_for_each(|place| place.map(|(place, _)| places.push(place)))?;
        }
        places.sort_unstable();
        places.truncate(max);
        Ok(places)
    }

    /// How many places stand under a key: of each part, the number of the last one within the range, less that of the
    /// first.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn count(&self, whose: Whose<'_>, key: &Key<'_>, range: Range<u64>) -> Result<u64, Error> {
        let mut count = 0;
        for hash in self.hashes(whose, key) {
            let mut within = self.part(&hash, &range);
            let Some(first) = within.next() else { continue };
            let (_, first) = self.place(first)?;
            let last = within.next_back().map(|last| self.place(last)).transpose()?;
            count += last.map_or(first, |(_, last)| last) - first + 1;
        }
        Ok(count)
    }

    fn part(&self, hash: &Hash, range: &Range<u64>) -> fjall::Iter {
        self.places.range(key(hash, range.start)..key(hash, range.end.max(range.start)))
    }

    /// The first entry in or after the quarter of an hour of a moment; `None` where there is none yet.
    pub(super) fn at(&self, moment: jiff::Timestamp) -> Result<Option<u64>, Error> {
        let fault = Error::index(&self.folder);
        let quarter = moment.as_second().div_euclid(QUARTER_SECONDS);
        let Some(first) = self.quarters.range(quarter.max(0).to_be_bytes()..).next() else { return Ok(None) };
        Ok(Some(number(Some(&first.value().map_err(fault)?))))
    }

    fn place(&self, guard: fjall::Guard) -> Result<(Place, u64), Error> {
        let (key, value) = guard.into_inner().map_err(Error::index(&self.folder))?;
        let read = || {
            let index = u64::from_be_bytes(*key.last_chunk()?);
            let (segment, rest) = value.split_first_chunk()?;
            let (offset, rest) = rest.split_first_chunk()?;
            let (segment, offset) = (u32::from_be_bytes(*segment), u32::from_be_bytes(*offset));
            Some((Place { index, segment, offset }, number(Some(rest))))
        };
        read().ok_or_else(|| Error::index(&self.folder)(fjall::Error::Unrecoverable))
    }
}

fn number(bytes: Option<&[u8]>) -> u64 {
    bytes.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?))).unwrap_or(0)
}

fn key(hash: &Hash, index: u64) -> [u8; 24] {
    let mut key = [0; 24];
    let (front, back) = key.split_at_mut(hash.len());
    front.copy_from_slice(hash);
    back.copy_from_slice(&index.to_be_bytes());
    key
}

fn value(place: Place, number: u64) -> Vec<u8> {
    [&place.segment.to_be_bytes()[..], &place.offset.to_be_bytes(), &number.to_be_bytes()].concat()
}

fn key_of_position(place: Place) -> Vec<u8> {
    [&place.index.to_be_bytes()[..], &place.segment.to_be_bytes(), &place.offset.to_be_bytes()].concat()
}
