//! How often one address may ask.
//!
//! In:    an address, perhaps with an application token; the time that has passed.
//! Out:   yes, or how many seconds to wait.
//! Never: keeps who asked what; keeps an address for longer than it takes to fill its bucket again.
//!
//! A token says which program asks, and proves nothing: nobody registers it. With one, a program has a rate of its own,
//! which is higher; all programs of one address together have ten times that.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use sha2::{Digest, Sha256};

/// Rates of the open-data API, for one address.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Requests per second without an application token.
    pub without_token: f64,
    /// Requests per second with one.
    pub with_token: f64,
    /// Seconds of rest that may be saved up and asked at once.
    pub burst_seconds: f64,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates { without_token: 1_000.0, with_token: 5_000.0, burst_seconds: 10.0 }
    }
}

/// Who is counted: an address, one token of it, all tokens of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Token(IpAddr, [u8; 8]),
    Tokens(IpAddr),
}

struct Bucket {
    left: f64,
    at: Instant,
}

/// Buckets that are kept at once; past it, those that are full again are forgotten.
const BUCKETS_MAX: usize = 65_536;
const TOKENS_TOGETHER: f64 = 10.0;

/// The buckets.
#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<Who, Bucket>>,
}

impl Throttle {
    /// Takes one request out of its bucket, or says how many seconds until there is one.
    pub(crate) fn take(&self, rates: &Rates, address: IpAddr, token: Option<&str>, now: Instant) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX {
            let rate = rates.without_token.min(rates.with_token).max(f64::MIN_POSITIVE);
            buckets.retain(|_, bucket| {
                bucket.left + now.duration_since(bucket.at).as_secs_f64() * rate < rate * rates.burst_seconds
            });
        }
        let wanted = match token {
            None => vec![(Who::Address(address), rates.without_token)],
            Some(token) => {
                let digest = Sha256::digest(token.as_bytes());
                let mut short = [0; 8];
                short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
                vec![
                    (Who::Token(address, short), rates.with_token),
                    (Who::Tokens(address), rates.with_token * TOKENS_TOGETHER),
                ]
            }
        };
        for (who, rate) in wanted {
            let most = (rate * rates.burst_seconds).max(1.0);
            let bucket = buckets.entry(who).or_insert(Bucket { left: most, at: now });
            bucket.left = (bucket.left + now.saturating_duration_since(bucket.at).as_secs_f64() * rate).min(most);
            bucket.at = now;
            if bucket.left < 1.0 {
                let seconds = ((1.0 - bucket.left) / rate.max(1e-6)).ceil().clamp(1.0, 3_600.0);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 3600")]
                return Err(seconds as u64);
            }
            bucket.left -= 1.0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_token_has_a_higher_rate_and_rest_fills_the_bucket() {
        let rates = Rates { without_token: 1.0, with_token: 4.0, burst_seconds: 2.0 };
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let bed = (Throttle::default(), rates, Instant::now());
        fn ask(bed: &(Throttle, Rates, Instant), address: IpAddr, token: Option<&str>, seconds: f64) -> u64 {
            let now = bed.2 + Duration::from_secs_f64(seconds);
            bed.0.take(&bed.1, address, token, now).err().unwrap_or(0)
        }
        assert_eq!([(); 3].map(|()| ask(&bed, here, None, 0.0)), [0, 0, 1]);
        assert_eq!([(); 3].map(|()| ask(&bed, there, None, 0.0)), [0, 0, 1], "another address has its own");
        assert_eq!([(); 9].map(|()| ask(&bed, here, Some("a"), 0.0)), [0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(ask(&bed, here, Some("b"), 0.0), 0, "another program has its own");
        assert_eq!((ask(&bed, here, None, 0.5), ask(&bed, here, None, 1.0), ask(&bed, here, None, 1.0)), (1, 0, 1));
        // Tokens out of thin air do not add up without end.
        let made_up = (0..200).filter(|name| ask(&bed, there, Some(&name.to_string()), 0.0) == 0).count();
        assert_eq!(made_up, 80);
    }
}
