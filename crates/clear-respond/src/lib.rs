//! clear-respond.
