//! clear-stats.
