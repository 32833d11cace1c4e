//! clear-jobs.
