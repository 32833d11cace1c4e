//! clear-soql.
