//! clear-ingest.
