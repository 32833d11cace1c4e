//! Spreads work that needs no lock over the cores.

use std::collections::VecDeque;
use std::sync::LazyLock;

use tokio::task::JoinHandle;

use crate::Error;

/// Below this many items a second thread costs more than it gives.
const WORTH_SPREADING: usize = 256;

/// How many items one part has, where parts are used as they come.
const PART: usize = 1000;

/// Asked once: the answer takes a dozen reads of files, and a question waits for it.
fn cores() -> usize {
    static CORES: LazyLock<usize> =
        LazyLock::new(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    *CORES
}

/// Does the same to every part of a list, each part on a thread that may block, and joins what comes out, in order.
pub(crate) async fn spread<T, U, F>(items: Vec<T>, work: F) -> Result<Vec<U>, Error>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(Vec<T>) -> Result<Vec<U>, Error> + Clone + Send + 'static,
{
    let each = items.len().div_ceil(cores());
    let mut parts = Parts::begin(items, each, work);
    let mut done = Vec::new();
    while let Some(part) = parts.next().await? {
        if done.is_empty() { done = part } else { done.extend(part) }
    }
    Ok(done)
}

/// The same, for a caller that uses each part while the next ones are worked on.
pub(crate) fn stream<T, U, F>(items: Vec<T>, work: F) -> Parts<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(Vec<T>) -> Result<Vec<U>, Error> + Clone + Send + 'static,
{
    Parts::begin(items, PART, work)
}

/// Work under way: as many parts at once as there are cores, given in order.
pub(crate) struct Parts<T, U, F> {
    waiting: VecDeque<Vec<T>>,
    running: VecDeque<JoinHandle<Result<Vec<U>, Error>>>,
    work: F,
}

impl<T, U, F> Parts<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(Vec<T>) -> Result<Vec<U>, Error> + Clone + Send + 'static,
{
    fn begin(items: Vec<T>, each: usize, work: F) -> Parts<T, U, F> {
        let mut waiting = VecDeque::new();
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            waiting.push_back(items.by_ref().take(each.max(WORTH_SPREADING)).collect());
        }
        let mut parts = Parts { waiting, running: VecDeque::new(), work };
        // A single part is worked on where it is used.
        if parts.waiting.len() > 1 {
            for _ in 0..cores() {
                parts.start();
            }
        }
        parts
    }

    fn start(&mut self) {
        if let Some(part) = self.waiting.pop_front() {
            let work = self.work.clone();
            self.running.push_back(tokio::task::spawn_blocking(move || work(part)));
        }
    }

    /// What came out of the next part; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<U>>, Error> {
        match self.running.pop_front() {
            Some(part) => {
                let done = part.await.map_err(|source| Error::Stopped { source })??;
                self.start();
                Ok(Some(done))
            }
            None => self.waiting.pop_front().map(&self.work).transpose(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_order_is_kept() {
        for count in [0, 1, 255, 256, 257, 10_001] {
            let items: Vec<u32> = (0..count).collect();
            let doubled =
                super::spread(items, |part| Ok(part.into_iter().map(|n| n * 2).collect())).await.expect("spreads");
            assert_eq!(doubled, (0..count).map(|n| n * 2).collect::<Vec<u32>>());
            let mut parts =
                super::stream((0..count).collect::<Vec<u32>>(), |part| Ok(part.into_iter().map(|n| n * 2).collect()));
            let mut streamed = Vec::new();
            while let Some(part) = parts.next().await.expect("streams") {
                streamed.extend(part);
            }
            assert_eq!(streamed, doubled);
        }
    }
}
