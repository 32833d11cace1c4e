//! The running log: appends from any thread, one thread that writes.

#![expect(clippy::disallowed_methods, reason = "stores: log-frames, log-tiles")]

mod cuts;
mod pending;
mod teller;
mod writer;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use clear_record::RequestId;
use jiff::Timestamp;
use signed_note::StandardSigner;
use tlog_tiles::{Hash, record_hash};
use tokio::sync::oneshot;

use crate::checkpoint;
use crate::cover;
use crate::destroy;
use crate::error::{Error, LogDown};
use crate::event::{Event, What};
use crate::frame::{self, Entry, MAX_BODY, SEGMENT_HEADER};
use crate::health::{Degraded, Health, SpoolReady};
use crate::keys::{self, Keys};
use crate::note::{self, NoteFlaw};
use crate::openings::{Alarm, Openings};
use crate::public::{self, Pace, Public};
use crate::receipt::{self, Receipt, Statement};
use crate::recover::{self, Found, Outbox};
use crate::seal::{self, OpeningKey};
use crate::spool::{self, Spool, Spooling, There};
use crate::tree::Tree;

pub use pending::Pending;
use pending::{Promise, Waiting};
use teller::Teller;
use writer::{Writer, run};

/// A segment is ended at this size, in bytes.
const SEGMENT_BYTES: u64 = 64 << 20;
/// A batch takes no further entry after this many bytes, so that the first of them does not wait for ever.
const BATCH_BYTES: usize = 8 << 20;
/// So many bytes of entries may wait for the disk. Then questions are refused, so that a slow disk does not fill the memory.
const QUEUE_BYTES: usize = 128 << 20;
/// So many cover leaves are written together at most.
const COVERS: u64 = 4096;

/// Where the log is, and how it signs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder: the log is in its `log/`, the verifier key in its `log.vkey`.
    pub folder: PathBuf,
    /// The folder of keys: `log.key` and `log-openings.key`, made when the log is.
    pub keys: PathBuf,
    /// `installation/node`: the first line of every checkpoint.
    pub origin: String,
    /// How long synced entries wait for a checkpoint at most; one second is usual.
    pub checkpoint_every: Duration,
    /// When the public checkpoint moves on; `None` leaves it where it is, as commands do that serve nobody.
    pub public: Option<Public>,
    /// A folder on another volume, where entries go when the log's own volume fails. Without one, nothing is logged then.
    pub spool: Option<PathBuf>,
    /// So long a question waits for a disk that does not answer; then it is refused, and the log is called slow.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            folder: PathBuf::new(),
            keys: PathBuf::new(),
            origin: String::new(),
            checkpoint_every: Duration::from_secs(1),
            public: None,
            spool: None,
            patience: Duration::from_secs(10),
        }
    }
}

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// How many entries the log has.
    pub size: u64,
    /// The highest outbox number in it; 0 is none.
    pub last_outbox: u64,
    /// The first outbox number that is not in it although a later one is.
    pub missing_outbox: Option<u64>,
    /// The length of the torn tail that was cut, in bytes.
    pub cut_bytes: u64,
    /// Tiles that were there with content that we never wrote, and were written again from the frames.
    pub mended: Vec<String>,
    /// How many entries came back from the spool.
    pub spooled: u64,
}

/// The log. A clone is the same log.
#[derive(Clone)]
pub struct Log {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    orders: Option<Sender<Order>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What callers and the log's thread both know.
struct Shared {
    log: PathBuf,
    signer: StandardSigner,
    origin: String,
    vkey: String,
    openings: OpeningKey,
    queued: AtomicU64,
    /// The bytes of the entries that wait for the log's thread.
    waiting_bytes: AtomicUsize,
    queue_bytes: usize,
    synced: AtomicU64,
    syncs: AtomicU64,
    checkpoint: Mutex<String>,
    public: Mutex<String>,
    public_pace: Option<Public>,
    alarm: Alarm,
    down: Mutex<Option<LogDown>>,
    spool: SpoolReady,
    degraded: Mutex<Option<Degraded>>,
    /// Since when the log's thread is at one piece of work, in microseconds of `began`; 0 while it rests.
    busy: AtomicU64,
    began: Instant,
    patience: Duration,
    /// The newest time in an event, µs: the log has no clock of its own.
    latest: AtomicI64,
}

enum Order {
    Append(Entry, oneshot::Sender<u64>),
    Publish(oneshot::Sender<()>),
    Close(mpsc::Sender<()>),
    #[cfg(test)]
    Panic,
    /// The thread waits until the other end is dropped, as for a disk.
    #[cfg(test)]
    Stall(mpsc::Receiver<()>),
}

impl Log {
    /// Opens the log of a folder, or begins one. Opening is recovery.
    ///
    /// # Errors
    /// A folder in use; a key that is missing or of another log; a frame changed after it was synced; frames that do not
    /// bear out the checkpoint; a disk that cannot be read or written.
    pub fn open(options: Options) -> Result<(Log, Recovered), Error> {
        Log::open_with(options, SEGMENT_BYTES)
    }

    /// The same, without a public checkpoint before the first append: for whoever may find that the log must not be gone on
    /// with.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_held(options: Options) -> Result<(Log, Recovered), Error> {
        Log::open_as(options, SEGMENT_BYTES, QUEUE_BYTES, false)
    }

    fn open_with(options: Options, segment_bytes: u64) -> Result<(Log, Recovered), Error> {
        Log::open_as(options, segment_bytes, QUEUE_BYTES, true)
    }

    #[cfg(test)]
    fn open_bounded(options: Options, segment_bytes: u64, queue_bytes: usize) -> Result<(Log, Recovered), Error> {
        Log::open_as(options, segment_bytes, queue_bytes, true)
    }

    fn open_as(
        options: Options,
        segment_bytes: u64,
        queue_bytes: usize,
        begun: bool,
    ) -> Result<(Log, Recovered), Error> {
        let log = options.folder.join("log");
        fs::create_dir_all(&log).map_err(Error::write(&log))?;
        let lock = lock(&log)?;
        let on_disk = read_checkpoint(&log)?;
        let fresh = on_disk.is_none() && frame::segments(&log)?.is_empty();
        let Keys { signer, vkey, openings } = keys::load(&options.keys, &options.folder, &options.origin, fresh)?;
        let head = on_disk.as_deref().map(|text| checkpoint::check(text.as_bytes(), &vkey));
        let head = head.transpose().map_err(|source| Error::Checkpoint { source })?;
        let unfinished = destroy::found(&log)?;
        let Found { tree, segment, file, length, outbox, cut_bytes, mended } = recover::recover(&log, head.as_ref())?;
        if !mended.is_empty() {
            tracing::warn!(tiles = ?mended, "tiles were changed by somebody else; written again from the frames");
        }
        let size = tree.size();
        check_openings_key(&log, &options.keys, &openings, size)?;
        let spools = spool::folders(&log, options.spool.as_deref(), &options.origin)?;
        let waiting = spools.iter().map(|folder| spool::waiting(folder, &vkey));
        let waiting = waiting.collect::<Result<Vec<_>, Error>>()?;
        let spool = spool::arm(&log, options.spool.as_deref(), &options.origin)?;
        let shared = Arc::new(Shared {
            log: log.clone(),
            signer,
            origin: options.origin,
            vkey,
            openings,
            queued: AtomicU64::new(size),
            waiting_bytes: AtomicUsize::new(0),
            queue_bytes,
            synced: AtomicU64::new(size),
            syncs: AtomicU64::new(0),
            checkpoint: Mutex::new(on_disk.unwrap_or_default()),
            public: Mutex::default(),
            public_pace: options.public,
            alarm: Alarm::quiet(),
            down: Mutex::new(None),
            spool: match &spool {
                None => SpoolReady::None,
                Some(spool) if spool.same_volume => SpoolReady::SameVolume,
                Some(_) => SpoolReady::Ready,
            },
            degraded: Mutex::new(None),
            busy: AtomicU64::new(0),
            began: Instant::now(),
            patience: options.patience,
            latest: AtomicI64::new(0),
        });
        let mut writer = Writer {
            shared: Arc::clone(&shared),
            tree,
            next: size,
            segment,
            file,
            length,
            reserved: length,
            segment_bytes,
            spool,
            spooling: None,
            buffer: Vec::new(),
            checkpointed: head.map(|head| head.size),
            checkpointed_at: Instant::now(),
            checkpoint_every: options.checkpoint_every,
            publishing: Vec::new(),
            pace: Pace::new(None, 0, Timestamp::now()),
            begun,
            teller: Teller::begin(),
            wrote: false,
            _lock: lock,
        };
        let (mut spooled, mut outbox) = (0, outbox);
        for waiting in waiting.into_iter().flatten() {
            let (merged, rows) = writer.merge(waiting)?;
            spooled += merged;
            outbox.then(&rows);
        }
        let size = writer.next;
        writer.shared.queued.store(size, Ordering::Relaxed);
        // The entry that says so may have come from the spool.
        if let Some(unfinished) = unfinished {
            destroy::finish(&log, &shared.openings, &unfinished, size, &shared.alarm)?;
        }
        writer.write_checkpoint()?;
        let own = locked(&shared.checkpoint).clone();
        let (public, public_size) = public::open(&log, &shared.vkey, &own)?;
        *locked(&shared.public) = public;
        writer.pace = Pace::new(options.public, public_size, Timestamp::now());
        let (orders, queue) = mpsc::channel();
        let thread = std::thread::Builder::new().name("audit-log".into()).spawn(move || run(writer, &queue));
        let thread = thread.map_err(Error::write(&log))?;
        let handle = Handle { shared, orders: Some(orders), thread: Mutex::new(Some(thread)) };
        let (last_outbox, missing_outbox) = (outbox.last, outbox.missing());
        let recovered = Recovered { size, last_outbox, missing_outbox, cut_bytes, mended, spooled };
        Ok((Log { handle: Arc::new(handle) }, recovered))
    }

    /// Logs an event. `outbox` is the number of the ledger's outbox row that it stands for, if any.
    ///
    /// The entry is queued when this returns, and is written even if the [`Pending`] is dropped.
    pub fn append(&self, event: &Event, outbox: Option<u64>) -> Pending {
        match serde_json::to_vec(event) {
            Ok(body) => self.seal(&body, outbox, Some(event)),
            Err(error) => Pending::down(LogDown::because(&error)),
        }
    }

    /// Logs a text for everybody: an order, an agreement, a rule, a publication.
    pub fn append_clear(&self, text: &[u8], outbox: Option<u64>) -> Pending {
        self.queue(text.len(), None, || Ok((seal::clear(text, outbox.unwrap_or(0)), None)))
    }

    /// Logs an outbox row's body: a text for everybody, or the JSON of an [`Event`].
    pub fn append_body(&self, clear: bool, body: &[u8], outbox: Option<u64>) -> Pending {
        if clear {
            self.append_clear(body, outbox)
        } else {
            self.seal(body, outbox, serde_json::from_slice::<Event>(body).ok().as_ref())
        }
    }

    fn seal(&self, body: &[u8], outbox: Option<u64>, event: Option<&Event>) -> Pending {
        self.queue(body.len(), event, || {
            let (entry, salt) = seal::sealed(&self.handle.shared.openings, body, outbox.unwrap_or(0))?;
            Ok((entry, Some(salt)))
        })
    }

    fn queue(
        &self,
        length: usize,
        event: Option<&Event>,
        make: impl FnOnce() -> Result<(Entry, Option<[u8; 32]>), Error>,
    ) -> Pending {
        let shared = &self.handle.shared;
        if length > MAX_BODY {
            return Pending::down(LogDown::new(&format!(
                "an entry of {length} bytes is more than {MAX_BODY}; not logged"
            )));
        }
        if let Err(down) = shared.state() {
            return Pending::down(down);
        }
        let (entry, salt) = match make() {
            Ok(made) => made,
            Err(error) => return Pending::down(LogDown::because(&error)),
        };
        let leaf = record_hash(&entry.leaf);
        // What the outbox has is committed already: it is neither refused for want of room, nor given up by its waiter.
        let committed = entry.outbox != 0;
        let bytes = entry.leaf.len() + entry.opening.len();
        let waiting = shared.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if !committed && waiting + bytes > shared.queue_bytes && waiting > 0 {
            shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Pending::down(LogDown::passing(&format!("{waiting} bytes of entries wait for the disk already")));
        }
        if let Some(event) = event {
            shared.latest.fetch_max(event.at.as_microsecond(), Ordering::Relaxed);
        }
        let request = event.and_then(|event| event.request.clone());
        let digest = event.and_then(|event| receipt::hex(event.digest.as_deref()?)).map(str::to_owned);
        let (woken, place) = oneshot::channel();
        shared.queued.fetch_add(1, Ordering::Relaxed);
        // A queue without a reader drops the order, and with it `woken`: waiting then tells why the log is down.
        if let Some(orders) = &self.handle.orders {
            let _ = orders.send(Order::Append(entry, woken));
        }
        let promise = Promise { shared: Arc::clone(shared), leaf, salt, request, digest, committed };
        Pending { state: Waiting::For(place, promise) }
    }

    /// How many entries there are, the waiting ones included.
    pub fn size(&self) -> u64 {
        self.handle.shared.queued.load(Ordering::Relaxed)
    }

    /// How many entries are on the log's own disk; those of a spool are not among them.
    pub fn synced_size(&self) -> u64 {
        self.handle.shared.synced.load(Ordering::Acquire)
    }

    /// How often this process has synced entries: how many share a sync tells how busy the disk is.
    pub fn syncs(&self) -> u64 {
        self.handle.shared.syncs.load(Ordering::Relaxed)
    }

    /// The newest published checkpoint, as it is in `log/checkpoint`.
    pub fn checkpoint(&self) -> String {
        locked(&self.handle.shared.checkpoint).clone()
    }

    /// Signs a text for people with the log's key: a certificate, the register's export.
    ///
    /// # Errors
    /// A text that could be taken for a checkpoint or a receipt, or is no lines.
    pub fn sign_note(&self, text: &str) -> Result<String, NoteFlaw> {
        note::signed(&self.handle.shared.signer, text)
    }

    /// An entry at or before the first one of this moment: where to begin to read what happened since.
    ///
    /// It looks at one event of each segment, the newest first, so that a long log costs little.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn before(&self, moment: jiff::Timestamp) -> Result<u64, Error> {
        let segments = frame::segments(&self.handle.shared.log)?;
        for (_, path) in segments.iter().rev() {
            let Some(first) = frame::Reader::claimed_first(path)? else { continue };
            for opened in self.openings(first..u64::MAX)? {
                let (_, opened) = opened?;
                let crate::Opened::Event(event) = opened else { continue };
                if event.at < moment {
                    return Ok(first);
                }
                break;
            }
        }
        Ok(0)
    }

    /// The folder that the log is in, for [`Folder`](crate::Folder).
    pub fn folder(&self) -> &Path {
        &self.handle.shared.log
    }

    /// Waits until everything that was appended before is under the published checkpoint.
    ///
    /// # Errors
    /// What ended the log.
    pub async fn publish(&self) -> Result<(), LogDown> {
        let (done, published) = oneshot::channel();
        let sent = self.handle.orders.as_ref().is_some_and(|orders| orders.send(Order::Publish(done)).is_ok());
        if sent && published.await.is_ok() {
            return Ok(());
        }
        Err(self.handle.shared.why_not())
    }

    /// How many entries the published checkpoint covers.
    pub fn published_size(&self) -> u64 {
        size_of(&self.checkpoint())
    }

    /// The log's name: the first line of every checkpoint.
    pub fn origin(&self) -> &str {
        &self.handle.shared.origin
    }

    /// The key that outsiders check checkpoints and receipts with.
    pub fn vkey(&self) -> &str {
        &self.handle.shared.vkey
    }

    /// How the log is: well, slow, on its spool, or down.
    pub fn health(&self) -> Health {
        let shared = &self.handle.shared;
        if let Err(down) = shared.state() {
            return Health::Down(down);
        }
        if let Some(waiting) = shared.slow() {
            return Health::Slow { waiting };
        }
        locked(&shared.degraded).clone().map_or(Health::Well, Health::Spooling)
    }

    /// Whether a spool stands ready.
    pub fn spool(&self) -> SpoolReady {
        self.handle.shared.spool
    }

    /// Whether anything can be logged, on the log's volume or on its spool.
    ///
    /// # Errors
    /// What ended it.
    pub fn state(&self) -> Result<(), LogDown> {
        self.handle.shared.state()
    }

    /// Writes what is queued and a last checkpoint, and ends the log. Blocks until that is done.
    ///
    /// # Errors
    /// What ended the log before.
    pub fn close(&self) -> Result<(), LogDown> {
        let (done, closed) = mpsc::channel();
        let sent = self.handle.orders.as_ref().is_some_and(|orders| orders.send(Order::Close(done)).is_ok());
        let in_order = sent && closed.recv().is_ok();
        if let Some(thread) = locked(&self.handle.thread).take() {
            let _ = thread.join();
        }
        if in_order { Ok(()) } else { self.state() }
    }

    /// The checkpoint that strangers get: it moves on at fixed times only, by one of few sizes.
    pub fn public_checkpoint(&self) -> String {
        locked(&self.handle.shared.public).clone()
    }

    /// How many entries the public checkpoint covers.
    pub fn public_size(&self) -> u64 {
        size_of(&self.public_checkpoint())
    }

    /// When the next public checkpoint is due; `None` where none is made, or each as soon as there is something new.
    pub fn next_public(&self) -> Option<Timestamp> {
        self.handle.shared.public_pace?.next(Timestamp::now())
    }

    /// A tile or bundle, by its path in the log, as far as the public checkpoint reaches: for strangers.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn public_tile(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        public::tile(&self.handle.shared.log, self.public_size(), path)
    }

    /// A tile or bundle, by its path in the log, as far as the log's own checkpoint reaches: for witnesses, owners and
    /// oversight.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        public::tile(&self.handle.shared.log, self.published_size(), path)
    }

    /// The first entry that this process could not open though it should: an alarm. A destroyed opening is none.
    pub fn unopened(&self) -> Option<u64> {
        self.handle.shared.alarm.raised()
    }

    /// Where an entry that does not open is said.
    pub(crate) fn alarm(&self) -> &Alarm {
        &self.handle.shared.alarm
    }

    /// What opens the entries, for the index that follows them.
    pub(crate) fn opening_key(&self) -> &OpeningKey {
        &self.handle.shared.openings
    }

    /// The synced entries of a range, opened.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn openings(&self, range: Range<u64>) -> Result<Openings, Error> {
        let range = range.start..range.end.min(self.synced_size());
        let shared = &self.handle.shared;
        Openings::new(&shared.log, shared.openings.clone(), range, shared.alarm.clone())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = locked(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> Result<(), LogDown> {
        locked(&self.down).clone().map_or(Ok(()), Err)
    }

    /// For how long the log's thread has been at one piece of work, if that is too long.
    fn slow(&self) -> Option<Duration> {
        let since = self.busy.load(Ordering::Acquire);
        let busy = self.began.elapsed().saturating_sub(Duration::from_micros(since));
        (since != 0 && busy >= self.patience).then_some(busy)
    }

    fn set_busy(&self, busy: bool) {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
        self.busy.store(if busy { now } else { 0 }, Ordering::Release);
    }

    /// Why an order to the log's thread came to nothing.
    fn why_not(&self) -> LogDown {
        let degraded = || locked(&self.degraded).as_ref().map(|degraded| degraded.reason.clone());
        self.state().err().or_else(degraded).unwrap_or_else(|| LogDown::new("the log's thread has ended"))
    }

    /// The first reason stays.
    fn end(&self, down: LogDown) {
        locked(&self.down).get_or_insert(down);
    }
}

/// The size that a checkpoint of ours says.
fn size_of(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many of the newest entries are tried with the opening key; one that opens is enough.
const TRIED: u64 = 64;

/// Makes sure that the opening key is the one that the log's entries are sealed under: with another one, what is sealed from
/// now on could never be opened.
fn check_openings_key(log: &Path, keys: &Path, key: &OpeningKey, size: u64) -> Result<(), Error> {
    let mut failed = false;
    let mut there = There::from(log, size.saturating_sub(TRIED))?;
    while let Some(entry) = there.next()? {
        match seal::open(Some(key), &entry) {
            Ok(Some(_)) if entry.kind == frame::Kind::Sealed => return Ok(()),
            Ok(_) => {}
            Err(_) => failed = true,
        }
    }
    let path = keys.join(keys::OPENINGS);
    if failed {
        Err(Error::Key { path, why: "does not open the log's entries: it is another log's, or was changed" })
    } else {
        Ok(())
    }
}

fn lock(log: &Path) -> Result<File, Error> {
    let path = log.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(Error::write(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path: log.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::write(&path)(error)),
    }
}

fn read_checkpoint(log: &Path) -> Result<Option<String>, Error> {
    let path = log.join("checkpoint");
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::read(&path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Opened, verify_folder};

    #[test]
    fn a_log_goes_on_over_many_segments() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            folder: folder.path().to_owned(),
            keys: folder.path().join("keys"),
            origin: "test/1".into(),
            checkpoint_every: Duration::ZERO,
            ..Options::default()
        };
        for round in 0..3u64 {
            let (log, recovered) = Log::open_with(options.clone(), 2000).unwrap();
            assert_eq!((recovered.size, recovered.last_outbox), (round * 100, round * 100));
            for number in 1..=100u64 {
                let outbox = round * 100 + number;
                let receipt = log.append_clear(outbox.to_string().as_bytes(), Some(outbox)).wait_blocking().unwrap();
                assert_eq!(receipt.index(), outbox - 1);
            }
            for start in [0, 7, 50, 99, 100 * round + 3] {
                let all: Vec<_> = log.openings(start..u64::MAX).unwrap().map(Result::unwrap).collect();
                let expected: Vec<_> = (start..(round + 1) * 100)
                    .map(|index| (index, Opened::Clear((index + 1).to_string().into_bytes())))
                    .collect();
                assert_eq!(all, expected);
            }
            log.close().unwrap();
            assert_eq!(verify_folder(folder.path(), log.vkey()).unwrap().size, (round + 1) * 100);
        }
        assert!(frame::segments(&folder.path().join("log")).unwrap().len() > 5);
        fs::remove_file(folder.path().join("log/frames-000003.log")).unwrap();
        let error = Log::open(options).err().unwrap();
        assert!(error.to_string().contains("`frames-000003.log` is missing"), "{error}");
    }

    fn options(folder: &Path) -> Options {
        Options {
            folder: folder.to_owned(),
            keys: folder.join("keys"),
            origin: "test/1".into(),
            checkpoint_every: Duration::from_secs(3600),
            ..Options::default()
        }
    }

    #[test]
    fn gr24_a_panic_of_the_logs_thread_ends_the_log_and_nobody_waits_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let spool = tempfile::tempdir().unwrap();
        // A spool is no help: what makes us panic once does so again.
        let options = Options { spool: Some(spool.path().join("spool")), ..options(folder.path()) };
        let (log, _) = Log::open(options.clone()).unwrap();
        log.append_clear(b"before", None).wait_blocking().unwrap();
        let orders = log.handle.orders.as_ref().unwrap();
        orders.send(Order::Panic).unwrap();
        let waiting: Vec<_> = (0..10).map(|_| log.append_clear(b"behind", None)).collect();
        for pending in waiting {
            assert_eq!(pending.wait_blocking().unwrap_err().reason(), "the log's thread has ended");
        }
        assert_eq!(
            log.append_clear(b"later", None).wait_blocking().unwrap_err().reason(),
            "the log's thread has ended"
        );
        assert!(matches!(log.health(), Health::Down(_)));
        assert!(log.close().is_err());
        drop(log);
        let (log, recovered) = Log::open(options).unwrap();
        assert_eq!((recovered.size, recovered.spooled), (1, 0));
        assert_eq!(log.append_clear(b"again", None).wait_blocking().unwrap().index(), 1);
    }

    #[test]
    fn gr24_a_queue_that_no_disk_empties_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = Log::open_bounded(options(folder.path()), SEGMENT_BYTES, 100_000).unwrap();
        let (stalled, until) = mpsc::channel();
        log.handle.orders.as_ref().unwrap().send(Order::Stall(until)).unwrap();
        let mut waiting = Vec::new();
        let refused = loop {
            assert!(waiting.len() < 20, "the queue has an end");
            let pending = log.append(&Event { reason: Some("x".repeat(10_000)), ..Event::default() }, None);
            match pending.refused() {
                Some(down) => break down.clone(),
                None => waiting.push(pending),
            }
        };
        assert!(refused.is_passing() && refused.reason().ends_with("wait for the disk already"), "{refused}");
        // An order is in the ledger already: it is never refused for want of room.
        waiting.push(log.append_clear(b"order", Some(1)));
        drop(stalled);
        for (index, pending) in (0..).zip(waiting) {
            assert_eq!(pending.wait_blocking().unwrap().index(), index);
        }
        // One entry larger than all the room there is still passes an empty queue.
        let large = log.append(&Event { reason: Some("x".repeat(200_000)), ..Event::default() }, None);
        assert!(large.wait_blocking().is_ok());
        log.close().unwrap();
    }

    #[test]
    fn gr24_a_poisoned_lock_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = Log::open(options(folder.path())).unwrap();
        let shared = Arc::clone(&log.handle.shared);
        let poisoner = std::thread::spawn(move || {
            let _held =
                (shared.down.lock().unwrap(), shared.checkpoint.lock().unwrap(), shared.degraded.lock().unwrap());
            panic!("a panic while the locks are held, for a test");
        });
        assert!(poisoner.join().is_err());
        assert_eq!(log.append_clear(b"order", None).wait_blocking().unwrap().index(), 0);
        assert_eq!((log.health(), log.state()), (Health::Well, Ok(())));
        log.close().unwrap();
    }

    #[tokio::test]
    async fn who_waits_for_a_checkpoint_gets_one_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = Log::open(Options {
            folder: folder.path().to_owned(),
            keys: folder.path().join("keys"),
            origin: "test/1".into(),
            checkpoint_every: Duration::from_secs(3600),
            ..Options::default()
        })
        .unwrap();
        for size in [3, 6, 6] {
            while log.size() < size {
                drop(log.append(&Event::default(), None));
            }
            log.publish().await.unwrap();
            assert_eq!(log.published_size(), size);
        }
        log.close().unwrap();
        assert!(log.publish().await.is_err());
    }

    #[test]
    fn reading_begins_in_the_segment_that_holds_the_moment() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            folder: folder.path().to_owned(),
            keys: folder.path().join("keys"),
            origin: "test/1".into(),
            checkpoint_every: Duration::from_secs(1),
            ..Options::default()
        };
        let (log, _) = Log::open_with(options, 2000).unwrap();
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        for second in 0..100 {
            log.append(&Event { at: at(second), ..Event::default() }, None).wait_blocking().unwrap();
        }
        for second in [0, 1, 50, 99, 1000] {
            let from = log.before(at(second)).unwrap();
            let first = (second as u64).min(100);
            assert!(from <= first && (second == 0 || first - from < 30), "{second}: {from}");
        }
    }
}
