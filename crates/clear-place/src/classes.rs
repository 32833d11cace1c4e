//! Classes of a choropleth by nested means.
//!
//! In:    a value for each area, how often to divide.
//! Out:   the limits of the classes; for a value, its class.
//! Never: counts an area without a value as 0.
//!
//! # How
//! The mean divides the values in two, the mean of each half divides it again (Scripter, *Nested-means map classes for
//! statistical maps*, Annals of the AAG 60, 1970): as many classes as two to the number of divisions. The original's maps used them. A half in
//! which all values are the same is not divided, so that there may be fewer classes.

use serde::Serialize;

/// Classes from low to high.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Classes {
    /// The lowest value.
    pub low: f64,
    /// The highest value.
    pub high: f64,
    /// Between two classes; a value on a limit is in the upper one.
    pub limits: Vec<f64>,
}

impl Classes {
    /// How many classes there are.
    pub fn len(&self) -> usize {
        self.limits.len() + 1
    }

    /// Whether there is none: never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The class of a value, from 0.
    pub fn of(&self, value: f64) -> usize {
        self.limits.partition_point(|limit| *limit <= value)
    }

    /// Each class with its ends.
    pub fn ranges(&self) -> Vec<(f64, f64)> {
        let from = std::iter::once(self.low).chain(self.limits.iter().copied());
        let to = self.limits.iter().copied().chain(std::iter::once(self.high));
        from.zip(to).collect()
    }
}

/// Classes by nested means; `None` without a value. Values that are no numbers are left out; at most four divisions are made.
pub fn nested_means(values: &[f64], divisions: u32) -> Option<Classes> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (*sorted.first()?, *sorted.last()?);
    let mut limits = Vec::new();
    divide(&sorted, divisions.min(4), &mut limits);
    Some(Classes { low, high, limits })
}

fn divide(sorted: &[f64], divisions: u32, limits: &mut Vec<f64>) {
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else { return };
    if divisions == 0 || low == high {
        return;
    }
    let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
    let (lower, upper) = sorted.split_at(sorted.partition_point(|value| *value < mean));
    // Rounding can put the mean of two neighbouring numbers onto the lower one.
    if lower.is_empty() || upper.is_empty() {
        return;
    }
    divide(lower, divisions - 1, limits);
    limits.push(mean);
    divide(upper, divisions - 1, limits);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_divide_and_divide_again() {
        // Mean 4; of 1, 2, 3 it is 2; of 4, 10 it is 7.
        let classes = nested_means(&[1.0, 2.0, 3.0, 4.0, 10.0], 2).unwrap();
        assert_eq!(classes.limits, [2.0, 4.0, 7.0]);
        assert_eq!([1.0, 2.0, 3.9, 4.0, 10.0].map(|value| classes.of(value)), [0, 1, 1, 2, 3]);
        assert_eq!(classes.ranges(), [(1.0, 2.0), (2.0, 4.0), (4.0, 7.0), (7.0, 10.0)]);
        assert_eq!(nested_means(&[5.0; 4], 3).unwrap().len(), 1);
        assert_eq!(nested_means(&[], 3), None);
        assert_eq!(nested_means(&[f64::NAN, 1.0], 3).unwrap().high, 1.0);
        assert!(nested_means(&[1.0, 1.0 + f64::EPSILON], 4).unwrap().len() <= 2);
    }
}
