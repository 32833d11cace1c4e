//! What chance alone would do: the normal distribution, many tests at once, a generator with a seed.

/// P(Z > z) for a standard normal Z, to about twelve digits.
pub fn normal_above(z: f64) -> f64 {
    if z.is_nan() {
        return f64::NAN;
    }
    let tail = half_erfc(z.abs() / std::f64::consts::SQRT_2);
    if z >= 0.0 { tail } else { 1.0 - tail }
}

/// P(|Z| > |z|).
pub fn normal_beyond(z: f64) -> f64 {
    2.0 * normal_above(z.abs())
}

/// erfc(x) / 2 for x ≥ 0: the series of erf for small x, the continued fraction of erfc above (Abramowitz & Stegun 7.1.6
/// and 7.1.14).
fn half_erfc(x: f64) -> f64 {
    let square = x * x;
    let root_pi = std::f64::consts::PI.sqrt();
    if x < 1.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= 2.0 * square / (2.0 * f64::from(n) + 1.0);
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return 0.5 - sum * (-square).exp() / root_pi;
    }
    // From far inside outwards; at 1 two hundred steps leave nothing to gain.
    let fraction = (1..=200).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
    (-square).exp() / root_pi / fraction / 2.0
}

/// Each p-value as the smallest false discovery rate at which its test is a discovery (Benjamini & Hochberg, *Controlling the
/// false discovery rate*, JRSS B 57, 1995; under positive dependence by Benjamini & Yekutieli, 2001). In the order given.
pub fn discovery_rates(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let tests = p_values.len() as f64;
    let mut rates = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (above, (at, p)) in order.into_iter().enumerate() {
        least = least.min(p * tests / (tests - above as f64));
        if let Some(rate) = rates.get_mut(at) {
            *rate = least;
        }
    }
    rates
}

/// Random numbers that are the same for the same seed: SplitMix64 (Steele, Lea & Flood, *Fast splittable pseudorandom number
/// generators*, OOPSLA 2014). For permutations, never for secrets.
#[derive(Debug, Clone)]
pub struct Seeded(u64);

impl Seeded {
    /// From a seed.
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, each as likely (Lemire's multiplication with rejection, 2019).
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let uneven = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            #[expect(clippy::cast_possible_truncation, reason = "the lower and the upper half")]
            let (low, high) = (product as u64, (product >> 64) as u64);
            if low >= uneven {
                return high;
            }
        }
    }

    /// Any order of these, each as likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            #[expect(clippy::cast_possible_truncation, reason = "below a length")]
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_never_fall_with_p_and_are_none_of_none() {
        assert!(discovery_rates(&[]).is_empty());
        // The example of Benjamini and Hochberg's paper: 15 p-values, four rejected at 0.05.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let rates = discovery_rates(&p);
        assert_eq!(rates.iter().filter(|rate| **rate <= 0.05).count(), 4);
        assert!(rates.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn a_seed_decides_and_no_number_is_preferred() {
        let (mut a, mut b) = (Seeded::new(1), Seeded::new(1));
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            let drawn = a.below(7);
            assert_eq!(drawn, b.below(7));
            counts[drawn as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_700..=10_300).contains(count)), "{counts:?}");
        assert_eq!(Seeded::new(1).below(0), 0);
        // The first numbers of SplitMix64 with seed 1234567, as its authors' test vector has them.
        let mut known = Seeded::new(1_234_567);
        assert_eq!([known.next(), known.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }
}
