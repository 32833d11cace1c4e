//! Tells waiters that their entries are on the disk, while the log's thread writes the next batch: waking several costs a part of
//! what a sync does, and the disk would stand still meanwhile.

use super::*;

/// So many at most are told by the log's thread itself: one is woken sooner than another thread, which would wake it.
const AT_ONCE: usize = 2;

/// The waiters of a batch, and the place of the first of them.
struct Told(u64, Vec<oneshot::Sender<u64>>);

impl Told {
    fn tell(self) {
        // A waiter that went away changes nothing: the entry is logged.
        (self.0..).zip(self.1).for_each(|(place, waiter)| {
            let _ = waiter.send(place);
        });
    }
}

/// The thread that tells them; it ends with the log's thread, when it has told all.
pub(super) struct Teller {
    batches: Option<Sender<Told>>,
    thread: Option<JoinHandle<()>>,
}

impl Teller {
    /// Begins it. Where the system gives no thread, the log's own tells everybody.
    pub(super) fn begin() -> Teller {
        let (batches, told) = mpsc::channel::<Told>();
        let tell_all = move || told.into_iter().for_each(Told::tell);
        let thread = std::thread::Builder::new().name("audit-teller".into()).spawn(tell_all).ok();
        Teller { batches: Some(batches), thread }
    }

    /// Tells the waiters of the batch that begins at `first`, in their order.
    pub(super) fn tell(&self, first: u64, waiters: Vec<oneshot::Sender<u64>>) {
        let told = Told(first, waiters);
        match &self.batches {
            // Nobody takes it where the thread is not there.
            Some(batches) if told.1.len() > AT_ONCE => batches.send(told).unwrap_or_else(|unsent| unsent.0.tell()),
            _ => told.tell(),
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waiter_gets_its_place_whoever_tells_it_and_before_the_teller_ends() {
        let teller = Teller::begin();
        let mut waiting = Vec::new();
        for (first, count) in [(0, 1), (1, 2), (3, 3), (6, 100), (106, 1)] {
            let (tell, wait): (Vec<_>, Vec<_>) = (0..count).map(|_| oneshot::channel()).unzip();
            teller.tell(first, tell);
            waiting.extend(wait);
        }
        // Who went away is passed over.
        let (gone, mut last) = (oneshot::channel(), oneshot::channel());
        drop(gone.1);
        teller.tell(107, vec![gone.0, oneshot::channel().0, last.0]);
        drop(teller);
        for (place, mut waiter) in (0..).zip(waiting) {
            assert_eq!(waiter.try_recv(), Ok(place));
        }
        assert_eq!(last.1.try_recv(), Ok(109));
    }
}
