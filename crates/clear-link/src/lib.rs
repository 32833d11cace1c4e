//! clear-link.
