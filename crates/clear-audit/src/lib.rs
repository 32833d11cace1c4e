//! clear-audit.
