//! clear-identity.
