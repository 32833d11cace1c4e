//! clear-testkit.
