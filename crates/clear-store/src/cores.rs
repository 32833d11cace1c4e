//! Spreads work that needs no lock over the cores.

use crate::Error;

/// Below this many items a second thread costs more than it gives.
const WORTH_SPREADING: usize = 256;

/// Does the same to every part of a list, each part on a thread that may block, and joins what comes out, in order.
pub(crate) async fn spread<T, U, F>(mut items: Vec<T>, work: F) -> Result<Vec<U>, Error>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(Vec<T>) -> Result<Vec<U>, Error> + Clone + Send + 'static,
{
    if items.len() < WORTH_SPREADING {
        return work(items);
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let each = items.len().div_ceil(cores);
    let mut parts = Vec::with_capacity(cores);
    while !items.is_empty() {
        let rest = items.split_off(each.min(items.len()));
        let (part, work) = (std::mem::replace(&mut items, rest), work.clone());
        parts.push(tokio::task::spawn_blocking(move || work(part)));
    }
    let mut done = Vec::new();
    for part in parts {
        let part = part.await.map_err(|source| Error::Stopped { source })??;
        if done.is_empty() { done = part } else { done.extend(part) }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_order_is_kept() {
        for count in [0, 1, 255, 256, 257, 10_001] {
            let items: Vec<u32> = (0..count).collect();
            let doubled = super::spread(items, |part| Ok(part.into_iter().map(|n| n * 2).collect())).await.expect("spreads");
            assert_eq!(doubled, (0..count).map(|n| n * 2).collect::<Vec<u32>>());
        }
    }
}
