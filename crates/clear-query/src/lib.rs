//! clear-query.
