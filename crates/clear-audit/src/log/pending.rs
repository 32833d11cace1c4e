//! What a caller has while its entry is on the way to the disk.

use super::*;

/// An entry on its way to the disk.
#[must_use = "an entry is only durable once it was waited for"]
pub struct Pending {
    pub(super) state: Waiting,
}

pub(super) enum Waiting {
    For(oneshot::Receiver<u64>, Promise),
    Down(LogDown),
}

/// What a receipt needs beside the place.
pub(super) struct Promise {
    pub(super) shared: Arc<Shared>,
    pub(super) leaf: Hash,
    pub(super) salt: Option<[u8; 32]>,
    pub(super) request: Option<RequestId>,
    pub(super) digest: Option<String>,
    /// Whether it stands for a row of the outbox, which is committed: its waiter has nothing to give up.
    pub(super) committed: bool,
}

impl Pending {
    pub(super) fn down(down: LogDown) -> Pending {
        Pending { state: Waiting::Down(down) }
    }

    /// Why the entry was not even queued, if it was not.
    pub fn refused(&self) -> Option<&LogDown> {
        match &self.state {
            Waiting::Down(down) => Some(down),
            Waiting::For(..) => None,
        }
    }

    /// Waits until the entry is on the disk.
    ///
    /// A row of the outbox is waited out; every other entry is given up when the disk has not answered for
    /// [`Options::patience`].
    ///
    /// # Errors
    /// The log is down or slow: the entry may or may not be found later, and nothing may be answered.
    pub async fn wait(self) -> Result<Receipt, LogDown> {
        let (index, promise) = self.settled().await?;
        promise.receipt(index)
    }

    /// As [`Pending::wait`], for an entry whose receipt nobody is shown: gives its place. A signature costs several times
    /// what all else of an entry does.
    ///
    /// # Errors
    /// As [`Pending::wait`].
    pub async fn durable(self) -> Result<u64, LogDown> {
        let (index, promise) = self.settled().await?;
        index.ok_or_else(|| promise.shared.why_not())
    }

    async fn settled(self) -> Result<(Option<u64>, Promise), LogDown> {
        let (mut place, promise) = match self.state {
            Waiting::Down(down) => return Err(down),
            Waiting::For(place, promise) => (place, promise),
        };
        loop {
            match tokio::time::timeout(promise.shared.patience, &mut place).await {
                Ok(index) => return Ok((index.ok(), promise)),
                Err(_) => promise.still_hopes()?,
            }
        }
    }

    /// As [`Pending::wait`], for threads outside an async runtime.
    ///
    /// # Errors
    /// As [`Pending::wait`].
    pub fn wait_blocking(self) -> Result<Receipt, LogDown> {
        let (place, promise) = match self.state {
            Waiting::Down(down) => return Err(down),
            Waiting::For(place, promise) => (place, promise),
        };
        let (waker, mut place) = (Waker::from(Arc::new(Unpark(std::thread::current()))), pin!(place));
        let mut until = Instant::now() + promise.shared.patience;
        loop {
            if let Poll::Ready(index) = place.as_mut().poll(&mut Context::from_waker(&waker)) {
                return promise.receipt(index.ok());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                promise.still_hopes()?;
                until = Instant::now() + promise.shared.patience;
            }
            std::thread::park_timeout(left);
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Promise {
    /// Whether waiting on makes sense.
    fn still_hopes(&self) -> Result<(), LogDown> {
        match self.shared.slow() {
            Some(waiting) if !self.committed => {
                let seconds = waiting.as_secs();
                Err(LogDown::passing(&format!("the disk has not answered for {seconds} s; it may do so yet")))
            }
            _ => Ok(()),
        }
    }

    /// Signs on the waiter's thread: a signature costs more than the log's thread spends on a whole entry.
    fn receipt(self, index: Option<u64>) -> Result<Receipt, LogDown> {
        let Promise { shared, leaf, salt, request, digest, .. } = self;
        let Some(index) = index else { return Err(shared.why_not()) };
        Receipt::sign(&shared.signer, Statement { origin: shared.origin.clone(), index, leaf, salt, request, digest })
    }
}
