//! How sure a count is: exact bounds and exact tests, so that 2 → 3 is not "+50 %".
//!
//! In:    counts, and over how many days or of how many each was counted.
//! Out:   bounds, two-sided p-values, and p-values corrected for how many were looked at.
//! Never: uses a normal approximation: counts of a beat and a week are small.
//!
//! # Sources
//! Bounds of a Poisson count: F. Garwood, *Biometrika* 28 (1936) 437. Two Poisson counts: J. Przyborowski and H. Wilenski,
//! *Biometrika* 31 (1940) 313: given their sum, one of them is binomial. Bounds of a share: C. Clopper and E. Pearson,
//! *Biometrika* 26 (1934) 404. Two shares: R. A. Fisher's exact test. A two-sided p-value is the probability of everything
//! that is no likelier than what was seen. Many comparisons: Y. Benjamini and Y. Hochberg, *J. R. Stat. Soc. B* 57 (1995) 289.
//! The functions beneath: DLMF (dlmf.nist.gov) 5.11, 8.9, 8.11, 8.17.

/// From a lower to an upper bound, with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The lower.
    pub lower: f64,
    /// The upper; may be infinite.
    pub upper: f64,
}

/// What is outside of the bounds, on either side.
const TAIL: f64 = 0.025;

/// As likely as another outcome is what differs from it by rounding alone.
const AS_LIKELY: f64 = 1.0 + 1e-7;

/// The bounds of what a count of events says of how many were to be expected.
pub fn poisson_bounds(count: u64) -> Bounds {
    let count = real(count);
    let lower = if count == 0.0 { 0.0 } else { gamma_quantile(count, TAIL) };
    Bounds { lower, upper: gamma_quantile(count + 1.0, 1.0 - TAIL) }
}

/// The bounds of what `part` of `whole` says of a share. Of nothing, nothing is said: 0 to 1.
pub fn share_bounds(part: u64, whole: u64) -> Bounds {
    if whole == 0 {
        return Bounds { lower: 0.0, upper: 1.0 };
    }
    let (part, whole) = (real(part.min(whole)), real(whole));
    let lower = if part == 0.0 { 0.0 } else { beta_quantile(part, whole - part + 1.0, TAIL) };
    let upper = if part == whole { 1.0 } else { beta_quantile(part + 1.0, whole - part, 1.0 - TAIL) };
    Bounds { lower, upper }
}

/// Whether two counts, each over its days, come from one rate: the two-sided p-value.
pub fn same_rate(count: u64, days: u64, other: u64, other_days: u64) -> f64 {
    let (all, days, other_days) = (count + other, real(days), real(other_days));
    if all == 0 || days + other_days == 0.0 {
        return 1.0;
    }
    binomial_two_sided(count, all, days / (days + other_days))
}

/// The bounds of the ratio of two rates, the first over the second. `None` where neither counted anything.
pub fn ratio_bounds(count: u64, days: u64, other: u64, other_days: u64) -> Option<Bounds> {
    let all = count + other;
    if all == 0 || days == 0 || other_days == 0 {
        return None;
    }
    let Bounds { lower, upper } = share_bounds(count, all);
    let odds = |share: f64| if share >= 1.0 { f64::INFINITY } else { share / (1.0 - share) };
    let each = real(other_days) / real(days);
    Some(Bounds { lower: odds(lower) * each, upper: odds(upper) * each })
}

/// Whether two shares are the same: the two-sided p-value of Fisher's exact test.
pub fn same_share(part: u64, whole: u64, other_part: u64, other_whole: u64) -> f64 {
    let (part, other_part) = (part.min(whole), other_part.min(other_whole));
    let (parts, all) = (part + other_part, whole + other_whole);
    let (least, most) = (parts.saturating_sub(other_whole), parts.min(whole));
    if least == most {
        return 1.0;
    }
    let ln_ways = |part: u64| ln_choose(whole, part) + ln_choose(other_whole, parts - part);
    let seen = ln_ways(part);
    let limit = seen + AS_LIKELY.ln();
    let ln_all = ln_choose(all, parts);
    // The likeliest outcome stands in the middle; from each end on, outcomes count as long as they are no likelier.
    let from_below = (least..=most).take_while(|at| ln_ways(*at) <= limit);
    let below: Vec<u64> = from_below.collect();
    let next = below.last().map_or(least, |last| last + 1);
    let above = (next..=most).rev().take_while(|at| ln_ways(*at) <= limit);
    let p: f64 = below.iter().copied().chain(above).map(|at| (ln_ways(at) - ln_all).exp()).sum();
    p.min(1.0)
}

/// P-values corrected for how many were looked at: those at most *q* are wrong in a share of at most *q*, on average.
pub fn corrected(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    let p = |at: usize| p_values.get(at).copied().unwrap_or(1.0);
    order.sort_by(|one, other| p(*one).total_cmp(&p(*other)));
    let mut corrected = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (rank, at) in (1u32..).zip(&order).collect::<Vec<_>>().into_iter().rev() {
        least = least.min(p(*at) * real(p_values.len() as u64) / f64::from(rank));
        if let Some(place) = corrected.get_mut(*at) {
            *place = least;
        }
    }
    corrected
}

#[expect(clippy::cast_precision_loss, reason = "counts of a city are far below 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}

fn binomial_two_sided(seen: u64, all: u64, share: f64) -> f64 {
    let expected = share * real(all);
    #[expect(clippy::float_cmp, reason = "exactly the expected number is the likeliest outcome")]
    if real(seen) == expected {
        return 1.0;
    }
    let ln_share = (share.ln(), (-share).ln_1p());
    let ln_at = |at: u64| ln_choose(all, at) + real(at) * ln_share.0 + real(all - at) * ln_share.1;
    let limit = ln_at(seen) + AS_LIKELY.ln();
    // On each side of the expected number outcomes get less likely, so that the first that counts is found by halving.
    let (at_most, at_least) =
        (|count: u64| binomial_at_most(count, all, share), |count: u64| binomial_at_least(count, all, share));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a count")]
    let (floor, ceiling) = (expected.floor() as u64, (expected.ceil() as u64).min(all));
    let p = if real(seen) < expected {
        let from = ceiling + first(all - ceiling + 1, |step| ln_at(ceiling + step) <= limit);
        at_most(seen) + if from > all { 0.0 } else { at_least(from) }
    } else {
        let step = first(floor + 1, |step| ln_at(floor - step) <= limit);
        at_least(seen) + if step > floor { 0.0 } else { at_most(floor - step) }
    };
    p.min(1.0)
}

/// The first of `0..count` for which a test holds that holds from there on; `count` if there is none.
fn first(count: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = u64::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// The probability of at most so many of all.
fn binomial_at_most(count: u64, all: u64, share: f64) -> f64 {
    if count >= all { 1.0 } else { beta_at_most(1.0 - share, real(all - count), real(count) + 1.0) }
}

/// The probability of at least so many of all: its own function, because what is left of 1 has no digits where it is small.
fn binomial_at_least(count: u64, all: u64, share: f64) -> f64 {
    if count == 0 { 1.0 } else { beta_at_most(share, real(count), real(all - count) + 1.0) }
}

fn ln_choose(all: u64, part: u64) -> f64 {
    ln_gamma(real(all) + 1.0) - ln_gamma(real(part) + 1.0) - ln_gamma(real(all - part) + 1.0)
}

/// The logarithm of the gamma function, for positive arguments: Stirling's series (DLMF 5.11.1) from 12 on.
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 7] =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let (mut x, mut below) = (x, 1.0);
    while x < 12.0 {
        below *= x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = TERMS.iter().rev().fold(0.0, |sum, term| sum * square + term) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - f64::ln(below)
}

/// More steps than any count needs: both fractions settle after about the root of their argument.
const STEPS_MAX: u32 = 100_000;
const SETTLED: f64 = 1e-15;

/// A continued fraction `b0 + a1 / (b1 + a2 / (b2 + …))`, evaluated from the front (Lentz's method).
fn continued(b0: f64, step: impl Fn(f64) -> (f64, f64)) -> f64 {
    const TINY: f64 = 1e-300;
    let off_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut value, mut c, mut d) = (off_zero(b0), off_zero(b0), 0.0);
    for at in 1..STEPS_MAX {
        let (a, b) = step(f64::from(at));
        d = 1.0 / off_zero(b + a * d);
        c = off_zero(b + a / c);
        let change = c * d;
        value *= change;
        if (change - 1.0).abs() < SETTLED {
            break;
        }
    }
    value
}

/// The regularised lower incomplete gamma function P(a, x).
fn gamma_at_most(x: f64, a: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = a * x.ln() - x - ln_gamma(a);
    if x < a + 1.0 {
        // DLMF 8.11.4.
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for at in 1..STEPS_MAX {
            term *= x / (a + f64::from(at));
            sum += term;
            if term < sum * SETTLED {
                break;
            }
        }
        (front + f64::ln(sum)).exp()
    } else {
        // DLMF 8.9.2, contracted.
        let fraction = continued(x + 1.0 - a, |at| (at * (a - at), x + 2.0 * at + 1.0 - a));
        1.0 - front.exp() / fraction
    }
}

/// Where P(a, x) takes a value.
fn gamma_quantile(a: f64, p: f64) -> f64 {
    let density = |x: f64| ((a - 1.0) * x.ln() - x - ln_gamma(a)).exp();
    // The mean and some standard deviations hold it for every tail that is asked for.
    let most = a + 12.0 * a.sqrt() + 12.0;
    solve(0.0, most, a, |x| gamma_at_most(x, a) - p, density)
}

/// The regularised incomplete beta function I_x(a, b).
fn beta_at_most(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction settles fast on the smaller side (DLMF 8.17.4).
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_at_most_below(1.0 - x, b, a);
    }
    beta_at_most_below(x, a, b)
}

fn beta_at_most_below(x: f64, a: f64, b: f64) -> f64 {
    let front = a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
    // DLMF 8.17.22 and 8.17.23.
    let fraction = continued(1.0, |at| {
        let half = (at / 2.0).floor();
        let d = if at % 2.0 == 0.0 {
            half * (b - half) * x / ((a + at - 1.0) * (a + at))
        } else {
            -(a + half) * (a + b + half) * x / ((a + at - 1.0) * (a + at))
        };
        (d, 1.0)
    });
    front.exp() / (a * fraction)
}

/// Where I_x(a, b) takes a value.
fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let density = |x: f64| ((a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() - ln_beta).exp();
    solve(0.0, 1.0, a / (a + b), |x| beta_at_most(x, a, b) - p, density)
}

/// Where a rising function is zero: by its tangent, and by halving where the tangent leads out.
fn solve(low: f64, high: f64, start: f64, value: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high, mut x) = (low, high, start);
    for _ in 0..200 {
        let at = value(x);
        if at < 0.0 {
            low = x
        } else {
            high = x
        }
        let tangent = x - at / slope(x);
        let next = if tangent > low && tangent < high { tangent } else { f64::midpoint(low, high) };
        if (next - x).abs() <= 1e-13 * x.abs() || high - low <= 1e-14 * high {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Agrees with SciPy 1.17.1 in nine digits.
    fn agrees(ours: f64, theirs: f64, what: &str) {
        let close = (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-12);
        assert!(ours == theirs || close, "{what}: {ours} instead of {theirs}");
    }

    #[test]
    fn bounds_of_a_count() {
        // scipy.stats.chi2.ppf(0.025, 2 * k) / 2 and chi2.ppf(0.975, 2 * k + 2) / 2.
        for (count, lower, upper) in [
            (0, 0.0, 3.6888794541139354),
            (1, 0.025317807984289876, 5.571643390938898),
            (2, 0.24220927854396496, 7.22468766772396),
            (3, 0.6186721228956014, 8.767273069742323),
            (7, 2.8143630515198654, 14.422675361702376),
            (20, 12.216519585403944, 30.8883779026746),
            (100, 81.36399125092314, 121.62679379242638),
            (1_234, 1166.1017185175492, 1304.8203705289225),
            (250_000, 249020.96550432124, 250981.93076097712),
        ] {
            let bounds = poisson_bounds(count);
            agrees(bounds.lower, lower, &format!("{count}"));
            agrees(bounds.upper, upper, &format!("{count}"));
        }
    }

    #[test]
    fn two_counts_and_their_ratio() {
        // scipy.stats.binomtest(k1, k1 + k2, t1 / (t1 + t2)): .pvalue, and .proportion_ci(0.95, "exact") as odds times t2 / t1.
        for (count, other, days, other_days, p, lower, upper) in [
            (3, 2, 7, 7, 1.0, 0.17182849255502072, 17.959160830022526),
            (2, 3, 7, 7, 1.0, 0.0556818890072129, 5.819756578960806),
            (0, 5, 7, 7, 0.0625, 0.0, 1.091279105182546),
            (0, 6, 7, 7, 0.03125, 0.0, 0.8493111942973236),
            (6, 0, 7, 7, 0.03125, 1.1774247257241777, f64::INFINITY),
            (7, 1, 7, 7, 0.0703125, 0.8993003458755109, 315.483385368744),
            (8, 2, 7, 7, 0.109375, 0.7982524004966308, 38.6656560797152),
            (10, 2, 7, 7, 0.03857421875, 1.0655278434989743, 46.93283545338377),
            (12, 30, 28, 28, 0.007915897334896727, 0.18650910683416938, 0.8045290900361236),
            (105, 80, 28, 28, 0.07736219136402087, 0.9719128334352762, 1.7782128652547864),
            (400, 350, 135, 134, 0.08618598763845664, 0.9803243882288638, 1.3131495366977037),
            (5_210, 5_000, 300, 301, 0.02530507221786356, 1.0054901242249397, 1.0870549406448315),
            (30, 10, 7, 28, 1.0619949154763434e-13, 5.709633880603829, 27.51720708407286),
            (1, 9, 1, 3, 0.46815013885498047, 0.007604965385693363, 2.4055623812636235),
            (250_000, 251_000, 365, 366, 0.6573173739852419, 0.9932249221817246, 1.0042952329945982),
        ] {
            let what = format!("{count} in {days} days, {other} in {other_days}");
            let ours = same_rate(count, days, other, other_days);
            assert!((ours - p).abs() <= 1e-7 * p, "{what}: {ours} instead of {p}");
            let bounds = ratio_bounds(count, days, other, other_days).unwrap();
            agrees(bounds.lower, lower, &what);
            agrees(bounds.upper, upper, &what);
        }
        assert_eq!((same_rate(0, 7, 0, 7), ratio_bounds(0, 7, 0, 7)), (1.0, None));
    }

    #[test]
    fn bounds_of_a_share() {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact").
        for (part, whole, lower, upper) in [
            (0, 10, 0.0, 0.30849710781876294),
            (3, 10, 0.06673951117773447, 0.652452850060008),
            (10, 10, 0.6915028921812371, 1.0),
            (250, 1_000, 0.2234304062646791, 0.2780500062237556),
            (12_000, 100_000, 0.11799194558269827, 0.1220301232043587),
            (1, 1, 0.025, 1.0),
            (7, 50_000, 5.6289054241303644e-05, 0.00028843209664428457),
            (0, 0, 0.0, 1.0),
        ] {
            let bounds = share_bounds(part, whole);
            agrees(bounds.lower, lower, &format!("{part} of {whole}"));
            agrees(bounds.upper, upper, &format!("{part} of {whole}"));
        }
    }

    #[test]
    fn two_shares() {
        // scipy.stats.fisher_exact([[a, b], [c, d]]).pvalue, with a of a + b and c of c + d.
        for (a, b, c, d, p) in [
            (3, 7, 1, 9, 0.5820433436532508),
            (8, 2, 1, 5, 0.034965034965034975),
            (120, 880, 90, 910, 0.034202509706968705),
            (0, 5, 5, 0, 0.007936507936507938),
            (0, 0, 3, 4, 1.0),
            (1, 0, 0, 1, 1.0),
            (10, 90, 20, 80, 0.07342758972137636),
            (0, 40, 6, 34, 0.025546605293440734),
            (5_000, 45_000, 5_200, 44_800, 0.037586622023498),
        ] {
            let ours = same_share(a, a + b, c, c + d);
            assert!((ours - p).abs() <= 1e-7 * p, "{a} {b} {c} {d}: {ours} instead of {p}");
        }
    }

    #[test]
    fn many_looks_are_corrected_for() {
        // scipy.stats.false_discovery_control.
        for (p, q) in [
            (&[0.01, 0.04, 0.03, 0.005][..], &[0.02, 0.04, 0.04, 0.02][..]),
            (&[0.001, 0.5, 0.02, 0.049, 0.9], &[0.005, 0.625, 0.05, 0.08166666666666668, 0.9]),
            (&[1.0, 1.0], &[1.0, 1.0]),
            (&[0.05], &[0.05]),
            (&[], &[]),
        ] {
            let ours = corrected(p);
            assert!(ours.len() == q.len() && ours.iter().zip(q).all(|(a, b)| (a - b).abs() < 1e-12), "{p:?}: {ours:?}");
        }
    }

    #[test]
    fn any_count_has_bounds_around_it_and_any_two_a_p_value() {
        for count in (0..400).chain([1_000, 54_321, 1_613_423]) {
            let Bounds { lower, upper } = poisson_bounds(count);
            assert!(lower <= real(count) && real(count) < upper, "{count}: {lower} {upper}");
            for other in [0, 1, 17, 300, 99_999] {
                let (one, turned) = (same_rate(count, 7, other, 7), same_rate(other, 7, count, 7));
                assert!((0.0..=1.0).contains(&one) && (one - turned).abs() < 1e-9, "{count} {other}: {one} {turned}");
            }
        }
    }
}
