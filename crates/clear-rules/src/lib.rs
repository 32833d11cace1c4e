//! clear-rules.
