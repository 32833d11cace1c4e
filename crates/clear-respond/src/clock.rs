//! A clock that cannot be used to open what a date closed: set back, it stands still; set forward, it goes on as before.
//!
//! In:    what the machine's clock says, and how long the process has run.
//! Out:   the time that decisions are made by.
//! Never: goes back; jumps forward, which would end a suspension or a hold before its time.
//!
//! # How
//! [`steady`] compares the machine's clock with the time since the process began. Within [`DRIFT`] the machine is believed,
//! as it is corrected now and then; beyond, the process counts by itself until the two agree again, and says so once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::desk::Clock;

/// How far the machine's clock may go ahead of the time that has passed: corrections are smaller, attacks are larger.
pub const DRIFT: SignedDuration = SignedDuration::from_mins(2);

/// The machine's clock, steadied.
pub fn steady() -> Clock {
    let began = Instant::now();
    steadied(Arc::new(Timestamp::now), move || began.elapsed())
}

/// A clock, steadied by one that only ever counts up.
pub fn steadied(clock: Clock, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Clock {
    let last: Mutex<Option<(Timestamp, Duration)>> = Mutex::default();
    let jumped = std::sync::Once::new();
    Arc::new(move || {
        let (said, elapsed) = (clock(), elapsed());
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match *last {
            None => said,
            Some((before, at)) => {
                let passed = SignedDuration::try_from(elapsed.saturating_sub(at)).unwrap_or(SignedDuration::ZERO);
                let expected = before.saturating_add(passed).unwrap_or(before);
                let jumps = said.duration_since(expected).abs() > DRIFT;
                if jumps {
                    jumped.call_once(|| {
                        tracing::error!(
                            "the machine's clock jumped from {expected} to {said}; the process counts by itself. Mend the clock and start again"
                        );
                    });
                }
                if jumps { expected } else { said.max(before) }
            }
        };
        *last = Some((now, elapsed));
        now
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    #[test]
    fn a_clock_that_jumps_is_not_believed_and_one_that_drifts_is() {
        let (wall, ran) = (Arc::new(AtomicI64::new(1_000_000)), Arc::new(AtomicU64::new(0)));
        let at = |second: i64| Timestamp::from_second(second).expect("a time");
        let clock = {
            let (wall, ran) = (wall.clone(), ran.clone());
            let machine: Clock = Arc::new(move || at(wall.load(Ordering::SeqCst)));
            steadied(machine, move || Duration::from_secs(ran.load(Ordering::SeqCst)))
        };
        let reads = |seconds: i64, ran_seconds: u64| {
            wall.store(seconds, Ordering::SeqCst);
            ran.store(ran_seconds, Ordering::SeqCst);
            clock().as_second()
        };
        assert_eq!(reads(1_000_000, 0), 1_000_000);
        assert_eq!(reads(1_000_010, 10), 1_000_010);
        assert_eq!(reads(1_000_050, 20), 1_000_050, "a correction forward");
        assert_eq!(reads(1_000_040, 30), 1_000_050, "a correction back: it stands still");
        assert_eq!(reads(2_000_000, 40), 1_000_060, "a jump forward");
        assert_eq!(reads(2_000_060, 100), 1_000_120, "and it stays unbelieved");
        assert_eq!(reads(500_000, 110), 1_000_130, "a jump back");
        assert_eq!(reads(1_000_141, 120), 1_000_141, "mended");
    }
}
