//! The disclosure index: where in the log it stands who saw what, why, when.
//!
//! In:    the log's synced entries, in order; a question by record, agency, officer, case.
//! Out:   [`Place`]s, newest first, and how many there are; the sealed entries themselves, opened.
//! Never: is waited for by an answer to somebody; keeps a name, a number or a reason: what an entry says stands in the log
//!        alone.
//!
//! # How
//! A thread follows the log and notes, for each entry, under which keys it is to be found (`key.rs`): keyed hashes, under
//! a key derived from the log's opening key, so that a thief of the file learns neither a name nor a guess about one. Each
//! key's places are numbered as they come, so that a count between two places is one subtraction. The tables and the place
//! up to which the log was read are written in one batch: a crash loses work that is done again, never a place.
//!
//! INVARIANT (the index is no gate): nothing that answers a question about records calls this module. When the index lags
//! or breaks, that is an alarm ([`Disclosures::state`]), and it is made again from the log.
//!
//! # Change here
//! By what one can ask: `key.rs`. The tables: `postings.rs`. How the log is read: `follow.rs`.

mod follow;
mod key;
mod postings;

pub use key::{Key, Whose};
pub use postings::{Indexed, Place, Postings};

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::Log;
use crate::error::Error;
use crate::openings::Opened;
use crate::seal::OpeningKey;

/// How often the thread looks for new entries while nobody waits for it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The index of a running log. It follows the log until it is dropped.
pub struct Disclosures {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What readers and the thread both know.
struct Shared {
    log: Log,
    folder: PathBuf,
    key: OpeningKey,
    /// The tables; absent while they could not be opened.
    postings: Mutex<Option<Arc<Postings>>>,
    /// How far the log was read.
    next: watch::Sender<u64>,
    stopped: Mutex<Option<Arc<str>>>,
    ended: AtomicBool,
    wake: (Mutex<bool>, Condvar),
}

/// An entry as the log has it, with what shows that it is the one of its leaf.
#[derive(Clone, PartialEq)]
pub struct Opening {
    /// Its place in the log.
    pub index: u64,
    /// The hash of its leaf in the tree.
    pub leaf: [u8; 32],
    /// The random bytes of its commitment; a clear entry has none.
    pub salt: Option<[u8; 32]>,
    /// Its bytes, exactly as committed.
    pub body: Vec<u8>,
    /// What they say.
    pub opened: Opened,
}

// INVARIANT (people's data has no Debug): an opening names persons.
impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening({})", self.index)
    }
}

impl Opening {
    /// Whether it was destroyed on a legal basis: the leaf stands, and nobody can say any more what it said.
    pub fn is_destroyed(&self) -> bool {
        self.salt.is_none() && !matches!(self.opened, Opened::Clear(_))
    }
}

impl Disclosures {
    /// The index of a log, in a folder of its own, which is made where it is missing. It catches up by itself. An index of
    /// another log, or one that is further than the log (a restored copy), is begun anew.
    ///
    /// This does not fail: an index that cannot be opened is an alarm of [`Disclosures::state`], and no reason not to
    /// serve.
    pub fn open(log: &Log, folder: &Path) -> Disclosures {
        let key = log.opening_key().clone();
        let shared = Arc::new(Shared {
            log: log.clone(),
            folder: folder.to_owned(),
            key,
            postings: Mutex::default(),
            next: watch::Sender::new(0),
            stopped: Mutex::default(),
            ended: AtomicBool::new(false),
            wake: (Mutex::default(), Condvar::new()),
        });
        let following = Arc::clone(&shared);
        let spawned = std::thread::Builder::new().name("disclosures".into()).spawn(move || run(&following));
        let thread = spawned.map_err(|error| shared.stop(&error)).ok();
        Disclosures { shared, thread }
    }

    /// The places of what stands under a key, within a range of the log, newest first, at most `max`.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn newest(&self, whose: Whose<'_>, key: &Key<'_>, range: Range<u64>, max: usize) -> Result<Vec<Place>, Error> {
        self.postings()?.newest(whose, key, range, max)
    }

    /// The same, oldest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn oldest(&self, whose: Whose<'_>, key: &Key<'_>, range: Range<u64>, max: usize) -> Result<Vec<Place>, Error> {
        self.postings()?.oldest(whose, key, range, max)
    }

    /// How many places stand under a key within a range of the log.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn count(&self, whose: Whose<'_>, key: &Key<'_>, range: Range<u64>) -> Result<u64, Error> {
        self.postings()?.count(whose, key, range)
    }

    /// The first entry of a moment, to the quarter of an hour before it. Days of every time zone begin at one.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn at(&self, moment: jiff::Timestamp) -> Result<u64, Error> {
        Ok(self.postings()?.at(moment)?.unwrap_or_else(|| self.upto()))
    }

    /// The entry at a place, from the log itself.
    ///
    /// # Errors
    /// [`Error::Opening`] where it does not open; the frame is then damaged, under another key, or its opening destroyed.
    pub fn entry(&self, place: Place) -> Result<Opening, Error> {
        let opening = follow::entry(self.shared.log.folder(), &self.shared.key, place);
        if let Err(Error::Opening { entry, why }) = &opening {
            self.shared.log.alarm().raise(*entry, why);
        }
        opening
    }

    /// The leaf hash of an entry that may not open.
    ///
    /// # Errors
    /// When its frame cannot be read.
    pub fn leaf(&self, place: Place) -> Result<[u8; 32], Error> {
        follow::leaf(self.shared.log.folder(), place)
    }

    /// Gives the entries from `index` on, in order, at most `max`; what does not open with why. Gives the first that was
    /// not read.
    ///
    /// # Errors
    /// When the index or the log cannot be read.
    pub fn read_from(
        &self,
        index: u64,
        max: usize,
        mut each: impl FnMut(Place, Result<Opening, &'static str>),
    ) -> Result<u64, Error> {
        let before = self.newest(Whose::Anybodys, &Key::Milestone, 0..index.saturating_add(1), 1)?;
        let begin = before.first().copied().unwrap_or(Place { index: 0, segment: 1, offset: 0 });
        let (log, upto) = (&self.shared.log, self.shared.log.synced_size());
        if index >= upto {
            return Ok(index);
        }
        follow::read(log.folder(), &self.shared.key, begin, index..upto, max, &mut each)
    }

    /// How many entries of the log are in the index.
    pub fn upto(&self) -> u64 {
        *self.shared.next.borrow()
    }

    /// Waits, no longer than that, until the first `upto` entries of the log are in the index. Gives how many are missing.
    pub async fn caught_up(&self, upto: u64, within: Duration) -> u64 {
        let mut next = self.shared.next.subscribe();
        self.shared.wake();
        // A wait that ends too early is a list that says how many entries it lacks.
        let _ = tokio::time::timeout(within, next.wait_for(|next| *next >= upto)).await;
        upto.saturating_sub(self.upto())
    }

    /// Waits, no longer than that, until the log has an entry at or after `from` that is in the index.
    pub async fn grown(&self, from: u64, within: Duration) {
        let mut next = self.shared.next.subscribe();
        let _ = tokio::time::timeout(within, next.wait_for(|next| *next > from)).await;
    }

    /// Whether the index follows the log; how many entries it is behind.
    ///
    /// # Errors
    /// [`Error::Stopped`] with what stopped it.
    pub fn state(&self) -> Result<u64, Error> {
        match locked(&self.shared.stopped).clone() {
            Some(reason) => Err(Error::Stopped { reason }),
            None => Ok(self.shared.log.synced_size().saturating_sub(self.upto())),
        }
    }

    fn postings(&self) -> Result<Arc<Postings>, Error> {
        let postings = locked(&self.shared.postings).clone();
        postings.ok_or_else(|| {
            let reason = locked(&self.shared.stopped).clone();
            Error::Stopped { reason: reason.unwrap_or_else(|| "it is being opened".into()) }
        })
    }
}

impl Drop for Disclosures {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.shared.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The first reason stays; it is said once.
    fn stop(&self, error: &dyn std::error::Error) {
        let reason = crate::LogDown::because(error);
        tracing::error!(
            "the disclosure index has stopped; answers go on, nobody can read the ledger: {}",
            reason.reason()
        );
        locked(&self.stopped).get_or_insert(reason.reason().into());
    }

    fn wake(&self) {
        *locked(&self.wake.0) = true;
        self.wake.1.notify_all();
    }

    /// Rests until there is something to look at.
    fn rest(&self) {
        let woken = locked(&self.wake.0);
        let waited = self.wake.1.wait_timeout_while(woken, LOOK_EVERY, |woken| !*woken);
        let (mut woken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *woken = false;
    }
}

/// Opens the tables and follows the log until it is told to end.
fn run(shared: &Shared) {
    let follow = || -> Result<(), Error> {
        let postings = Arc::new(Postings::of_log(&shared.folder, &shared.log)?);
        let mut follower = follow::Follower::at(shared.log.folder(), postings.position()?);
        // What did not open when it was met is an alarm after a restart too, as long as it does not open.
        if let Some(place) = postings.oldest(Whose::Anybodys, &Key::Flawed, 0..u64::MAX, 1)?.first()
            && let Err(Error::Opening { entry, why }) = follow::entry(shared.log.folder(), &shared.key, *place)
        {
            shared.log.alarm().raise(entry, why);
        }
        shared.next.send_replace(postings.next()?);
        *locked(&shared.postings) = Some(Arc::clone(&postings));
        while !shared.ended.load(Ordering::Acquire) {
            if follower.follow(&postings, &shared.key, shared.log.synced_size(), shared.log.alarm())? {
                shared.next.send_replace(follower.next());
            } else {
                shared.rest();
            }
        }
        Ok(())
    };
    if let Err(error) = follow() {
        shared.stop(&error);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

mod tests;
