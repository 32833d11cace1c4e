CREATE TABLE IF NOT EXISTS meta (layout INTEGER NOT NULL, ledger BLOB NOT NULL, settled INTEGER NOT NULL);
-- The key of one body. A place in the ledger may have keys of several attempts, of which one was committed.
CREATE TABLE IF NOT EXISTS key (
    seq INTEGER NOT NULL, attempt INTEGER NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (seq, attempt)
) WITHOUT ROWID;
-- Keys that were destroyed on purpose: their bodies are empty, not lost.
CREATE TABLE IF NOT EXISTS expunged (seq INTEGER NOT NULL, attempt INTEGER NOT NULL, PRIMARY KEY (seq, attempt)) WITHOUT ROWID;
-- Owners that have a key file.
CREATE TABLE IF NOT EXISTS owner (agency TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
