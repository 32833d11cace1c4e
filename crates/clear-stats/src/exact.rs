//! Sums that do not depend on the order of what is summed.
//!
//! A sum of floats that is rounded at every step tells in its last digits how rows were split, and so that hidden rows lie
//! between them. This one is rounded once, at the end: numbers are added as integers, in bins of 32 bits by their exponent
//! (the *small superaccumulator* of R. M. Neal, "Fast exact summation using small and large superaccumulators", 2015).

/// A sum in the making.
#[derive(Debug, Clone)]
pub(crate) struct Exact {
    /// Bin *n* counts units of 2^(32n - 1074).
    bins: Box<[i64; BINS]>,
    /// How many numbers were added since carries were brought up.
    since: u32,
}

/// Exponents of finite doubles reach over 2,046 bits, and a mantissa over three bins.
const BINS: usize = 68;

impl Default for Exact {
    fn default() -> Exact {
        Exact { bins: Box::new([0; BINS]), since: 0 }
    }
}

impl Exact {
    /// Adds a number; what is not finite is not added.
    pub(crate) fn add(&mut self, number: f64) {
        if !number.is_finite() {
            return;
        }
        let bits = number.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as usize;
        let mantissa = (bits & ((1 << 52) - 1)) | if exponent == 0 { 0 } else { 1 << 52 };
        let place = exponent.saturating_sub(1);
        let wide = u128::from(mantissa) << (place % 32);
        let sign = if number < 0.0 { -1 } else { 1 };
        for (bin, at) in self.bins.iter_mut().skip(place / 32).zip(0..3) {
            *bin += sign * (wide >> (at * 32) & 0xffff_ffff) as i64;
        }
        self.since += 1;
        // A bin takes 2^31 additions of 32 bits.
        if self.since == 1 << 30 {
            self.carry();
        }
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, mut other: Exact) {
        self.carry();
        other.carry();
        self.bins.iter_mut().zip(other.bins.iter()).for_each(|(bin, other)| *bin += other);
        self.carry();
    }

    /// Brings all bins but the last within 32 bits, not negative.
    fn carry(&mut self) {
        let mut over = 0;
        let last = BINS - 1;
        for (at, bin) in self.bins.iter_mut().enumerate() {
            let sum = *bin + over;
            over = if at == last { 0 } else { sum >> 32 };
            *bin = if at == last { sum } else { sum & 0xffff_ffff };
        }
        self.since = 0;
    }

    /// The sum, rounded once to the nearest double.
    pub(crate) fn value(&self) -> f64 {
        let mut sum = self.clone();
        sum.carry();
        let negative = sum.bins.last().is_some_and(|last| *last < 0);
        if negative {
            sum.bins.iter_mut().for_each(|bin| *bin = -*bin);
            sum.carry();
        }
        let Some(top) = sum.bins.iter().rposition(|bin| *bin != 0) else { return 0.0 };
        let bin = |at: usize| sum.bins.get(at).copied().unwrap_or(0) as u128;
        let from = top.saturating_sub(3);
        let mut wide = (from..=top).rev().fold(0u128, |wide, at| wide << 32 | bin(at));
        if sum.bins.iter().take(from).any(|bin| *bin != 0) {
            // Something more beneath: it decides which way a half is rounded.
            wide |= 1;
        }
        let scale = from as i32 * 32 - 1_074;
        // In two steps: the whole power of two may be less than the least double.
        let value = wide as f64 * 2f64.powi(scale / 2) * 2f64.powi(scale - scale / 2);
        if negative { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(numbers: &[f64]) -> f64 {
        let mut sum = Exact::default();
        numbers.iter().for_each(|number| sum.add(*number));
        sum.value()
    }

    #[test]
    fn sums_are_rounded_once() {
        for (numbers, expected) in [
            (&[][..], 0.0),
            (&[0.1, 0.2, 0.3], 0.6),
            (&[1e16, 1.0, -1e16], 1.0),
            (&[1e308, 1e308, -1e308, -1e308, 5.0], 5.0),
            (&[-1.5, -2.5], -4.0),
            (&[41.8; 10], 418.0),
            (&[f64::MAX, -f64::MAX], 0.0),
            (&[f64::MIN_POSITIVE, f64::MIN_POSITIVE], 2.0 * f64::MIN_POSITIVE),
            (&[1.0, f64::EPSILON / 2.0], 1.0),
            (&[1.0, f64::EPSILON / 2.0, 1e-300], 1.0 + f64::EPSILON),
            (&[9_007_199_254_740_992.0, 1.0, 1.0], 9_007_199_254_740_994.0),
        ] {
            assert_eq!(sum(numbers), expected, "{numbers:?}");
        }
    }

    proptest! {
        #[test]
        fn a_sum_does_not_depend_on_order_or_parts(numbers in proptest::collection::vec(-1e12..1e12f64, 0..40), at in 0..40usize) {
            let whole = sum(&numbers);
            let reversed: Vec<f64> = numbers.iter().rev().copied().collect();
            prop_assert_eq!(sum(&reversed).to_bits(), whole.to_bits());
            let (one, other) = numbers.split_at(at.min(numbers.len()));
            let (mut a, mut b) = (Exact::default(), Exact::default());
            one.iter().for_each(|number| a.add(*number));
            other.iter().for_each(|number| b.add(*number));
            a.merge(b);
            prop_assert_eq!(a.value().to_bits(), whole.to_bits());
        }
    }
}
