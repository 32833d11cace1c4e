//! clear-proof.
