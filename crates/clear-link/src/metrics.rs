//! How good an answer is, against a truth that was not used to find it.
//!
//! In:    clusters or scored pairs, and the true person of each row.
//! Out:   precision, recall, F1, over pairs.
//! Never: changes an answer.

use hashbrown::HashMap;

/// Pairs counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quality {
    /// Pairs that are said and true.
    pub right: u64,
    /// Pairs that are said.
    pub said: u64,
    /// Pairs that are true.
    pub truth: u64,
}

impl Quality {
    /// Share of what is said that is true.
    pub fn precision(&self) -> f64 {
        self.right as f64 / self.said.max(1) as f64
    }
    /// Share of what is true that is said.
    pub fn recall(&self) -> f64 {
        self.right as f64 / self.truth.max(1) as f64
    }
    /// Their harmonic mean.
    pub fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (self.said + self.truth).max(1) as f64
    }
}

/// Clusters against the truth, pairs counted; rows that `counts` leaves out are not counted.
pub fn of_clusters(clusters: &[u32], truth: &[u32], counts: impl Fn(usize) -> bool) -> Quality {
    let (mut by_cluster, mut by_truth, mut by_both) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (row, (cluster, truth)) in clusters.iter().zip(truth).enumerate() {
        if counts(row) {
            *by_cluster.entry(*cluster).or_insert(0_u64) += 1;
            *by_truth.entry(*truth).or_insert(0_u64) += 1;
            *by_both.entry((*cluster, *truth)).or_insert(0_u64) += 1;
        }
    }
    let pairs = |n: &u64| n * (n - 1) / 2;
    Quality {
        right: by_both.values().map(pairs).sum(),
        said: by_cluster.values().map(pairs).sum(),
        truth: by_truth.values().map(pairs).sum(),
    }
}
