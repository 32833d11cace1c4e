//! clear-search.
