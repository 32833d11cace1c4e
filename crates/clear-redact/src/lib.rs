//! clear-redact.
