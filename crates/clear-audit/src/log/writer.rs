//! The log's thread: one writes, batch after batch; the tree, the checkpoints and the spool follow.

#![expect(clippy::disallowed_methods, reason = "stores: log-frames")]

use super::*;

/// What the log's thread owns.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) tree: Tree,
    /// The next entry's place.
    pub(super) next: u64,
    pub(super) segment: u32,
    pub(super) file: Option<File>,
    /// Where the segment's frames end.
    pub(super) length: u64,
    /// Where the room behind them ends; the file is that long, or as long as the frames.
    pub(super) reserved: u64,
    pub(super) segment_bytes: u64,
    /// What takes over when the log's volume fails, once.
    pub(super) spool: Option<Spool>,
    pub(super) spooling: Option<Spooling>,
    /// The frames of the batch.
    pub(super) buffer: Vec<u8>,
    /// The size of the newest checkpoint; `None` before the first.
    pub(super) checkpointed: Option<u64>,
    pub(super) checkpointed_at: Instant,
    pub(super) checkpoint_every: Duration,
    /// Who waits for a checkpoint over what is written now.
    pub(super) publishing: Vec<oneshot::Sender<()>>,
    /// When strangers see the next checkpoint, and how large it is then.
    pub(super) pace: Pace,
    /// Whether public checkpoints are made, with their cover leaves: of a log that was opened held, not before the first
    /// append.
    pub(super) begun: bool,
    pub(super) teller: Teller,
    /// Whether a batch was written just now.
    pub(super) wrote: bool,
    /// Held as long as the thread runs; the system frees it with the process.
    pub(super) _lock: File,
}

/// The log's thread.
pub(super) fn run(mut writer: Writer, queue: &Receiver<Order>) {
    // Whatever ends this thread, a panic of ours included, nobody is told that the log is healthy.
    struct Ended(Arc<Shared>);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.end(LogDown::new("the log's thread has ended"));
        }
    }
    let ended = Ended(Arc::clone(&writer.shared));
    let (mut batch, mut closing) = (Vec::new(), None);
    let mut outcome = writer.serve(queue, &mut batch, &mut closing);
    if let Err(error) = &outcome
        && let Some(spool) = writer.spool.take()
    {
        let down = LogDown::because(error);
        tracing::error!(reason = down.reason(), "ALARM: the audit log's volume has failed; the spool takes over");
        outcome =
            writer.take_over(spool, down, &mut batch).and_then(|()| writer.serve(queue, &mut batch, &mut closing));
    }
    match outcome {
        Ok(()) => writer.shared.end(LogDown::new("the log is closed")),
        Err(error) => {
            let before = locked(&writer.shared.degraded).as_ref().map(|degraded| degraded.reason.clone());
            let down = LogDown::because(&error);
            let down = before.map_or(down.clone(), |before| down.after(&before));
            tracing::error!(reason = down.reason(), "ALARM: the audit log is down; nothing may be answered");
            // INVARIANT (never retried): from here every waiter and every later append gets this reason.
            writer.shared.end(down);
            closing = None;
        }
    }
    drop((batch, writer, ended));
    if let Some(done) = closing {
        let _ = mpsc::Sender::send(&done, ());
    }
}

/// How long the log's thread stays awake for the next entry behind a batch. Who has just got an answer often asks again at once, and
/// to fall asleep and be woken takes about as long as this.
const AWAKE: Duration = Duration::from_micros(40);

/// The next order, if it comes within moments; others may run meanwhile.
fn soon(queue: &Receiver<Order>) -> Option<Order> {
    let began = Instant::now();
    while began.elapsed() < AWAKE {
        if let Ok(order) = queue.try_recv() {
            return Some(order);
        }
        std::thread::yield_now();
    }
    None
}

/// What is written and synced together: each entry's leaf, and who waits for it.
type Waiters = Vec<(Vec<u8>, oneshot::Sender<u64>)>;

impl Writer {
    /// Writes batch after batch until the log is closed.
    fn serve(
        &mut self,
        queue: &Receiver<Order>,
        batch: &mut Waiters,
        closing: &mut Option<mpsc::Sender<()>>,
    ) -> Result<(), Error> {
        while closing.is_none() {
            self.shared.set_busy(false);
            let soon = if self.wrote { soon(queue) } else { None };
            self.wrote = false;
            let due = self.checkpoint_due().into_iter().chain(self.public_due(Timestamp::now()));
            let first = match (soon, due.min()) {
                (Some(order), _) => Ok(order),
                (None, None) => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                (None, Some(left)) => queue.recv_timeout(left),
            };
            self.shared.set_busy(true);
            match first {
                Ok(order) => {
                    // No timer: the batch is what gathered while the last one was synced.
                    let orders = std::iter::once(order).chain(std::iter::from_fn(|| queue.try_recv().ok()));
                    self.gather(orders, batch, closing);
                    self.write(batch)?;
                    self.wrote = true;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.checkpoint_due() == Some(Duration::ZERO) || !self.publishing.is_empty() {
                self.write_checkpoint()?;
            }
            for waiter in self.publishing.drain(..) {
                // On the spool there is no checkpoint: the waiter is dropped, and is told why.
                if self.spooling.is_none() {
                    let _ = waiter.send(());
                }
            }
            self.publish_for_all(batch)?;
        }
        self.write_checkpoint()?;
        self.publish_for_all(batch)?;
        if self.spooling.is_none()
            && let Err(error) = self.cut_room()
        {
            tracing::warn!(reason = LogDown::because(&error).reason(), "room behind the log's last frame stays");
        }
        Ok(())
    }

    /// How long the next public checkpoint has time. The tree stands still while the spool is in use, and so do strangers.
    fn public_due(&self, at: Timestamp) -> Option<Duration> {
        if self.spooling.is_some() || !self.begun { None } else { self.pace.due(self.next, at) }
    }

    /// Makes the public checkpoint, if its time has come: fills the log up with cover leaves, and lets strangers see what is
    /// signed then.
    /// The covers are a batch like any other: should their write fail, the spool begins with them, as the log may.
    fn publish_for_all(&mut self, batch: &mut Waiters) -> Result<(), Error> {
        let at = Timestamp::now();
        if self.public_due(at) != Some(Duration::ZERO) {
            return Ok(());
        }
        let mut left = self.pace.covers(self.next);
        while left > 0 {
            let first = self.next;
            self.buffer.clear();
            for index in first..first.saturating_add(left.min(COVERS)) {
                let entry = cover::entry(&self.shared.openings, at)?;
                frame::encode(&mut self.buffer, &entry, index, first);
                batch.push((entry.leaf, oneshot::channel().0));
            }
            let count = batch.len() as u64;
            self.shared.queued.fetch_add(count, Ordering::Relaxed);
            self.write(batch)?;
            left = left.saturating_sub(count);
        }
        self.write_checkpoint()?;
        let text = locked(&self.shared.checkpoint).clone();
        public::write(&self.shared.log, &text)?;
        *locked(&self.shared.public) = text;
        self.pace.made(self.next, at);
        Ok(())
    }

    fn gather(
        &mut self,
        orders: impl Iterator<Item = Order>,
        batch: &mut Waiters,
        closing: &mut Option<mpsc::Sender<()>>,
    ) {
        let first = self.next;
        self.buffer.clear();
        for (index, order) in (first..).zip(orders) {
            match order {
                Order::Append(entry, woken) => {
                    let bytes = entry.leaf.len() + entry.opening.len();
                    self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
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
                #[cfg(test)]
                Order::Panic => panic!("a panic of the log's thread, for a test"),
                #[cfg(test)]
                Order::Stall(until) => {
                    let _ = until.recv();
                    break;
                }
            }
            if self.buffer.len() >= BATCH_BYTES {
                break;
            }
        }
    }

    /// One write, one sync; then the waiters; then the tree.
    fn write(&mut self, batch: &mut Waiters) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        self.begun = true;
        if let Some(spooling) = &mut self.spooling {
            spooling.write(&self.buffer)?;
            self.wake(batch);
            return Ok(());
        }
        let first = self.next;
        let full = self.length > SEGMENT_HEADER as u64 && self.length + self.buffer.len() as u64 > self.segment_bytes;
        let began = self.file.is_none() || full;
        if began {
            self.begin_segment(first)?;
        }
        let (end, path) = (self.length + self.buffer.len() as u64, self.path());
        // The batch that needs more room reserves it, behind itself, with its own sync: the zeros are written, because a file
        // whose blocks are only promised grows with each sync as one without them does.
        let room = if end > self.reserved { frame::room(end, self.segment_bytes) } else { &[] };
        if let Some(file) = &self.file {
            let write = || {
                file.write_all_at(&self.buffer, self.length)?;
                file.write_all_at(room, end)?;
                file.sync_data()
            };
            write().map_err(Error::write(&path))?;
        }
        if began {
            let log = &self.shared.log;
            File::open(log).and_then(|folder| folder.sync_all()).map_err(Error::write(log))?;
        }
        self.length = end;
        self.reserved = self.reserved.max(end + room.len() as u64);
        let leaves = self.wake(batch);
        leaves.iter().try_for_each(|leaf| self.tree.push(leaf))
    }

    /// Tells the waiters of a batch that is on a disk; gives its leaves.
    fn wake(&mut self, batch: &mut Waiters) -> Vec<Vec<u8>> {
        let first = self.next;
        self.next += batch.len() as u64;
        self.shared.syncs.fetch_add(1, Ordering::Relaxed);
        match &self.spooling {
            None => self.shared.synced.store(self.next, Ordering::Release),
            Some(_) => {
                if let Some(degraded) = locked(&self.shared.degraded).as_mut() {
                    degraded.entries += batch.len() as u64;
                }
            }
        }
        let (leaves, waiters) = batch.drain(..).unzip();
        self.teller.tell(first, waiters);
        leaves
    }

    /// Goes on in the spool, from the first entry that the log's volume is not known to have.
    ///
    /// INVARIANT (never retried): the log's volume is not written to again by this process. What the failed batch left on it
    /// is looked at by the next start.
    fn take_over(&mut self, spool: Spool, reason: LogDown, batch: &mut Waiters) -> Result<(), Error> {
        let since = Timestamp::from_microsecond(self.shared.latest.load(Ordering::Relaxed)).unwrap_or_default();
        if batch.is_empty() {
            self.buffer.clear();
        }
        let (address, why) = (Some("local".to_owned()), Some(reason.in_public()));
        let what = Event { at: since, what: What::Degraded, address, why, ..Event::default() };
        let body = serde_json::to_vec(&what).map_err(|_| Error::Randomness)?;
        let (entry, _) = seal::sealed(&self.shared.openings, &body, 0)?;
        let index = self.next + batch.len() as u64;
        frame::encode(&mut self.buffer, &entry, index, self.next);
        batch.push((entry.leaf, oneshot::channel().0));
        self.shared.queued.fetch_add(1, Ordering::Relaxed);
        self.spooling = Some(spool.begin(self.next, &self.buffer)?);
        locked(&self.shared.degraded).get_or_insert(Degraded { reason, since, entries: 0 });
        self.checkpointed = Some(self.next);
        self.wake(batch);
        // Who waits for a checkpoint waits for nothing now.
        self.publishing.clear();
        self.spool = Some(spool);
        Ok(())
    }

    /// Appends what waits in a spool and the log has not, and ends the spool; gives how many entries it had, and their
    /// numbers in the outbox.
    ///
    /// A crash on the way is harmless: each entry has the place that it had in the spool, and what is there is skipped.
    pub(super) fn merge(&mut self, mut waiting: spool::Waiting) -> Result<(u64, Outbox), Error> {
        let (first, size) = (waiting.first(), self.next);
        if first > size {
            return Err(Error::SpoolAhead { first, size });
        }
        let (mut there, mut batch) = (There::from(&self.shared.log, first)?, Waiters::new());
        let (mut merged, mut outbox) = (0, Outbox::default());
        self.buffer.clear();
        while let Some(spooled) = waiting.next()? {
            merged += 1;
            outbox.note(spooled.entry.outbox);
            if spooled.index < size {
                let same = |entry: &Entry| entry.leaf == spooled.entry.leaf && entry.outbox == spooled.entry.outbox;
                if !there.next()?.as_ref().is_some_and(same) {
                    return Err(Error::SpoolOther { entry: spooled.index });
                }
                continue;
            }
            frame::encode(&mut self.buffer, &spooled.entry, spooled.index, self.next);
            batch.push((spooled.entry.leaf, oneshot::channel().0));
            if self.buffer.len() >= BATCH_BYTES {
                self.write(&mut batch)?;
                self.buffer.clear();
            }
        }
        self.write(&mut batch)?;
        self.write_checkpoint()?;
        waiting.end()?;
        tracing::warn!(entries = merged, first, "what the spool held is in the log");
        Ok((merged, outbox))
    }

    /// Ends the last segment and starts the next one, whose header goes to disk with the first batch.
    fn begin_segment(&mut self, first: u64) -> Result<(), Error> {
        self.cut_room()?;
        self.segment += 1;
        let path = self.path();
        let begin = || -> std::io::Result<File> {
            let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
            file.write_all_at(&frame::segment_header(first), 0)?;
            Ok(file)
        };
        self.file = Some(begin().map_err(Error::write(&path))?);
        (self.length, self.reserved) = (SEGMENT_HEADER as u64, 0);
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.shared.log.join(frame::segment_name(self.segment))
    }

    /// Cuts the room behind the last frame. It is not synced: room that comes back with a crash is room still.
    fn cut_room(&mut self) -> Result<(), Error> {
        if let Some(file) = self.file.as_ref().filter(|_| self.reserved > self.length) {
            file.set_len(self.length).map_err(Error::write(&self.path()))?;
        }
        self.reserved = self.length;
        Ok(())
    }

    /// How long the next checkpoint has time; `None` where there is nothing new.
    fn checkpoint_due(&self) -> Option<Duration> {
        let news = self.checkpointed != Some(self.next);
        news.then(|| self.checkpoint_every.saturating_sub(self.checkpointed_at.elapsed()))
    }

    /// Publishes tiles and checkpoint over all that is synced, if there is news.
    pub(super) fn write_checkpoint(&mut self) -> Result<(), Error> {
        let size = self.next;
        if self.checkpointed == Some(size) {
            return Ok(());
        }
        if self.spooling.is_some() {
            // The tree stands still until the log is back; the spool says by itself how far it goes.
            if let Some(spool) = &self.spool {
                spool.note(&self.shared.signer, size)?;
            }
            (self.checkpointed, self.checkpointed_at) = (Some(size), Instant::now());
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
