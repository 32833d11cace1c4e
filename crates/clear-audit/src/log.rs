//! The running log: appends from any thread, one thread that writes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
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
use crate::event::Event;
use crate::frame::{self, Entry, MAX_BODY, SEGMENT_HEADER};
use crate::keys::{self, Keys};
use crate::note::{self, NoteFlaw};
use crate::openings::{Alarm, Openings};
use crate::public::{self, Pace, Public};
use crate::receipt::{self, Receipt, Statement};
use crate::recover::{self, Found};
use crate::seal::{self, OpeningKey};
use crate::tree::Tree;

/// A segment is ended at this size, in bytes.
const SEGMENT_BYTES: u64 = 64 << 20;
/// A batch takes no further entry after this many bytes, so that the first of them does not wait for ever.
const BATCH_BYTES: usize = 8 << 20;
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
}

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// How many entries the log has.
    pub size: u64,
    /// The highest outbox number in it; 0 is none.
    pub last_outbox: u64,
    /// The length of the torn tail that was cut, in bytes.
    pub cut_bytes: u64,
    /// Tiles that were there with content that we never wrote, and were written again from the frames.
    pub mended: Vec<String>,
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
    synced: AtomicU64,
    checkpoint: Mutex<String>,
    public: Mutex<String>,
    public_pace: Option<Public>,
    alarm: Alarm,
    down: Mutex<Option<LogDown>>,
}

enum Order {
    Append(Entry, oneshot::Sender<u64>),
    Publish(oneshot::Sender<()>),
    Close(mpsc::Sender<()>),
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

    fn open_with(options: Options, segment_bytes: u64) -> Result<(Log, Recovered), Error> {
        let log = options.folder.join("log");
        fs::create_dir_all(&log).map_err(Error::write(&log))?;
        let lock = lock(&log)?;
        let on_disk = read_checkpoint(&log)?;
        let fresh = on_disk.is_none() && frame::segments(&log)?.is_empty();
        let Keys { signer, vkey, openings } = keys::load(&options.keys, &options.folder, &options.origin, fresh)?;
        let head = on_disk.as_deref().map(|text| checkpoint::check(text.as_bytes(), &vkey));
        let head = head.transpose().map_err(|source| Error::Checkpoint { source })?;
        let unfinished = destroy::found(&log)?;
        let Found { tree, segment, file, length, last_outbox, cut_bytes, mended } =
            recover::recover(&log, head.as_ref())?;
        if !mended.is_empty() {
            tracing::warn!(tiles = ?mended, "tiles were changed by somebody else; written again from the frames");
        }
        let size = tree.size();
        let shared = Arc::new(Shared {
            log: log.clone(),
            signer,
            origin: options.origin,
            vkey,
            openings,
            queued: AtomicU64::new(size),
            synced: AtomicU64::new(size),
            checkpoint: Mutex::new(on_disk.unwrap_or_default()),
            public: Mutex::default(),
            public_pace: options.public,
            alarm: Alarm::quiet(),
            down: Mutex::new(None),
        });
        if let Some(unfinished) = unfinished {
            destroy::finish(&log, &shared.openings, &unfinished, size, &shared.alarm)?;
        }
        let mut writer = Writer {
            shared: Arc::clone(&shared),
            tree,
            segment,
            file,
            length,
            segment_bytes,
            buffer: Vec::new(),
            checkpointed: head.map(|head| head.size),
            checkpointed_at: Instant::now(),
            checkpoint_every: options.checkpoint_every,
            publishing: Vec::new(),
            pace: Pace::new(None, 0, Timestamp::now()),
            _lock: lock,
        };
        writer.write_checkpoint()?;
        let own = locked(&shared.checkpoint).clone();
        let (public, public_size) = public::open(&log, &shared.vkey, &own)?;
        *locked(&shared.public) = public;
        writer.pace = Pace::new(options.public, public_size, Timestamp::now());
        let (orders, queue) = mpsc::channel();
        let thread = std::thread::Builder::new().name("audit-log".into()).spawn(move || run(writer, &queue));
        let thread = thread.map_err(Error::write(&log))?;
        let handle = Handle { shared, orders: Some(orders), thread: Mutex::new(Some(thread)) };
        Ok((Log { handle: Arc::new(handle) }, Recovered { size, last_outbox, cut_bytes, mended }))
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
        let request = event.and_then(|event| event.request.clone());
        let digest = event.and_then(|event| receipt::hex(event.digest.as_deref()?)).map(str::to_owned);
        let (woken, place) = oneshot::channel();
        shared.queued.fetch_add(1, Ordering::Relaxed);
        // A queue without a reader drops the order, and with it `woken`: waiting then tells why the log is down.
        if let Some(orders) = &self.handle.orders {
            let _ = orders.send(Order::Append(entry, woken));
        }
        Pending { state: Waiting::For { place, shared: Arc::clone(shared), leaf, salt, request, digest } }
    }

    /// How many entries there are, the waiting ones included.
    pub fn size(&self) -> u64 {
        self.handle.shared.queued.load(Ordering::Relaxed)
    }

    /// How many entries are on the disk.
    pub fn synced_size(&self) -> u64 {
        self.handle.shared.synced.load(Ordering::Acquire)
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
        Err(self.state().err().unwrap_or_else(|| LogDown::new("the log's thread has ended")))
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

    /// Whether the log is healthy.
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

/// An entry on its way to the disk.
#[must_use = "an entry is only durable once it was waited for"]
pub struct Pending {
    state: Waiting,
}

enum Waiting {
    For {
        place: oneshot::Receiver<u64>,
        shared: Arc<Shared>,
        leaf: Hash,
        salt: Option<[u8; 32]>,
        request: Option<RequestId>,
        digest: Option<String>,
    },
    Down(LogDown),
}

impl Pending {
    fn down(down: LogDown) -> Pending {
        Pending { state: Waiting::Down(down) }
    }

    /// Waits until the entry is on the disk.
    ///
    /// # Errors
    /// The log is down: the entry may or may not be found when the log is opened again, and nothing may be answered.
    pub async fn wait(self) -> Result<Receipt, LogDown> {
        match self.state {
            Waiting::Down(down) => Err(down),
            Waiting::For { place, shared, leaf, salt, request, digest } => {
                let index = place.await;
                receipt(&shared, index.ok(), leaf, salt, request, digest)
            }
        }
    }

    /// As [`Pending::wait`], for threads outside an async runtime.
    ///
    /// # Errors
    /// As [`Pending::wait`].
    ///
    /// # Panics
    /// Inside an async runtime's thread, which must not block.
    pub fn wait_blocking(self) -> Result<Receipt, LogDown> {
        match self.state {
            Waiting::Down(down) => Err(down),
            Waiting::For { place, shared, leaf, salt, request, digest } => {
                let index = place.blocking_recv();
                receipt(&shared, index.ok(), leaf, salt, request, digest)
            }
        }
    }
}

/// Signs on the waiter's thread: a signature costs more than the log's thread spends on a whole entry.
fn receipt(
    shared: &Shared,
    index: Option<u64>,
    leaf: Hash,
    salt: Option<[u8; 32]>,
    request: Option<RequestId>,
    digest: Option<String>,
) -> Result<Receipt, LogDown> {
    let Some(index) = index else {
        return Err(shared.state().err().unwrap_or_else(|| LogDown::new("the log's thread has ended")));
    };
    Receipt::sign(&shared.signer, Statement { origin: shared.origin.clone(), index, leaf, salt, request, digest })
}

/// What the log's thread owns.
struct Writer {
    shared: Arc<Shared>,
    tree: Tree,
    segment: u32,
    file: Option<File>,
    length: u64,
    segment_bytes: u64,
    buffer: Vec<u8>,
    /// The size of the newest checkpoint; `None` before the first.
    checkpointed: Option<u64>,
    checkpointed_at: Instant,
    checkpoint_every: Duration,
    /// Who waits for a checkpoint over what is written now.
    publishing: Vec<oneshot::Sender<()>>,
    /// When strangers see the next checkpoint, and how large it is then.
    pace: Pace,
    /// Held as long as the thread runs; the system frees it with the process.
    _lock: File,
}

/// The log's thread.
fn run(mut writer: Writer, queue: &Receiver<Order>) {
    // Whatever ends this thread, a panic of ours included, nobody is told that the log is healthy.
    struct Ended(Arc<Shared>);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.end(LogDown::new("the log's thread has ended"));
        }
    }
    let ended = Ended(Arc::clone(&writer.shared));
    let mut closing = None;
    match writer.serve(queue, &mut closing) {
        Ok(()) => writer.shared.end(LogDown::new("the log is closed")),
        Err(error) => {
            let down = LogDown::because(&error);
            tracing::error!(reason = down.reason(), "the audit log is down; nothing may be answered");
            // INVARIANT (never retried): from here every waiter and every later append gets this reason.
            writer.shared.end(down);
            closing = None;
        }
    }
    drop((writer, ended));
    if let Some(done) = closing {
        let _ = mpsc::Sender::send(&done, ());
    }
}

impl Writer {
    /// Writes batch after batch until the log is closed.
    fn serve(&mut self, queue: &Receiver<Order>, closing: &mut Option<mpsc::Sender<()>>) -> Result<(), Error> {
        let mut batch = Vec::new();
        while closing.is_none() {
            let public_due = self.pace.due(self.tree.size(), Timestamp::now());
            let first = match self.checkpoint_due().into_iter().chain(public_due).min() {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(left) => queue.recv_timeout(left),
            };
            match first {
                Ok(order) => {
                    // No timer: the batch is what gathered while the last one was synced.
                    let orders = std::iter::once(order).chain(std::iter::from_fn(|| queue.try_recv().ok()));
                    self.gather(orders, &mut batch, closing);
                    self.write(&mut batch)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.checkpoint_due() == Some(Duration::ZERO) || !self.publishing.is_empty() {
                self.write_checkpoint()?;
            }
            for waiter in self.publishing.drain(..) {
                let _ = waiter.send(());
            }
            self.publish_for_all()?;
        }
        self.write_checkpoint()?;
        self.publish_for_all()
    }

    /// Makes the public checkpoint, if its time has come: fills the log up with cover leaves, and lets strangers see what is
    /// signed then.
    fn publish_for_all(&mut self) -> Result<(), Error> {
        let at = Timestamp::now();
        if self.pace.due(self.tree.size(), at) != Some(Duration::ZERO) {
            return Ok(());
        }
        let (mut left, mut batch) = (self.pace.covers(self.tree.size()), Vec::new());
        while left > 0 {
            let first = self.tree.size();
            self.buffer.clear();
            for index in first..first.saturating_add(left.min(COVERS)) {
                let entry = cover::entry(&self.shared.openings, at)?;
                frame::encode(&mut self.buffer, &entry, index, first);
                batch.push((entry.leaf, oneshot::channel().0));
            }
            let count = batch.len() as u64;
            self.shared.queued.fetch_add(count, Ordering::Relaxed);
            self.write(&mut batch)?;
            left = left.saturating_sub(count);
        }
        self.write_checkpoint()?;
        let text = locked(&self.shared.checkpoint).clone();
        public::write(&self.shared.log, &text)?;
        *locked(&self.shared.public) = text;
        self.pace.made(self.tree.size(), at);
        Ok(())
    }

    fn gather(
        &mut self,
        orders: impl Iterator<Item = Order>,
        batch: &mut Vec<(Vec<u8>, oneshot::Sender<u64>)>,
        closing: &mut Option<mpsc::Sender<()>>,
    ) {
        let first = self.tree.size();
        self.buffer.clear();
        for (index, order) in (first..).zip(orders) {
            match order {
                Order::Append(entry, woken) => {
                    frame::encode(&mut self.buffer, &entry, index, first);
                    batch.push((entry.leaf, woken));
                }
                // What comes behind it is of the next batch: the frames' numbers have no gap.
                Order::Publish(done) => {
                    self.publishing.push(done);
                    break;
                }
                Order::Close(done) => {
                    *closing = Some(done);
                    break;
                }
            }
            if self.buffer.len() >= BATCH_BYTES {
                break;
            }
        }
    }

    /// One write, one sync; then the waiters; then the tree.
    fn write(&mut self, batch: &mut Vec<(Vec<u8>, oneshot::Sender<u64>)>) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let first = self.tree.size();
        let full = self.length > SEGMENT_HEADER as u64 && self.length + self.buffer.len() as u64 > self.segment_bytes;
        let began = self.file.is_none() || full;
        if began {
            self.begin_segment(first)?;
        }
        let path = self.shared.log.join(frame::segment_name(self.segment));
        if let Some(file) = &mut self.file {
            file.write_all(&self.buffer).and_then(|()| file.sync_data()).map_err(Error::write(&path))?;
        }
        if began {
            let log = &self.shared.log;
            File::open(log).and_then(|folder| folder.sync_all()).map_err(Error::write(log))?;
        }
        self.length += self.buffer.len() as u64;
        self.shared.synced.store(first + batch.len() as u64, Ordering::Release);
        let mut leaves = Vec::with_capacity(batch.len());
        for (index, (leaf, woken)) in (first..).zip(batch.drain(..)) {
            // A waiter that went away changes nothing: the entry is logged.
            let _ = woken.send(index);
            leaves.push(leaf);
        }
        leaves.iter().try_for_each(|leaf| self.tree.push(leaf))
    }

    /// Starts the next segment; its header goes to disk with the first batch.
    fn begin_segment(&mut self, first: u64) -> Result<(), Error> {
        self.segment += 1;
        let path = self.shared.log.join(frame::segment_name(self.segment));
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).open(&path).map_err(Error::write(&path))?;
        self.file = Some(file);
        self.length = 0;
        let mut bytes = frame::segment_header(first);
        bytes.append(&mut self.buffer);
        self.buffer = bytes;
        Ok(())
    }

    /// How long the next checkpoint has time; `None` where there is nothing new.
    fn checkpoint_due(&self) -> Option<Duration> {
        let news = self.checkpointed != Some(self.tree.size());
        news.then(|| self.checkpoint_every.saturating_sub(self.checkpointed_at.elapsed()))
    }

    /// Publishes tiles and checkpoint over all that is synced, if there is news.
    fn write_checkpoint(&mut self) -> Result<(), Error> {
        let size = self.tree.size();
        if self.checkpointed == Some(size) {
            return Ok(());
        }
        self.tree.publish()?;
        let text = checkpoint::sign(&self.shared.signer, size, self.tree.root());
        let text = text.map_err(|source| Error::Checkpoint { source })?;
        keys::replace(&self.shared.log.join("checkpoint"), text.as_bytes(), 0o644)?;
        *locked(&self.shared.checkpoint) = text;
        self.checkpointed = Some(size);
        self.checkpointed_at = Instant::now();
        Ok(())
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
            public: None,
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

    #[tokio::test]
    async fn who_waits_for_a_checkpoint_gets_one_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = Log::open(Options {
            folder: folder.path().to_owned(),
            keys: folder.path().join("keys"),
            origin: "test/1".into(),
            checkpoint_every: Duration::from_secs(3600),
            public: None,
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
            public: None,
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
