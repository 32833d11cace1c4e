//! clear-web.
