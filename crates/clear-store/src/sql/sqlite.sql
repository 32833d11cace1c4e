CREATE TABLE IF NOT EXISTS meta (layout INTEGER NOT NULL, ledger BLOB NOT NULL);
-- One row. Whoever writes it holds the ledger.
CREATE TABLE IF NOT EXISTS head (
    epoch INTEGER NOT NULL, seq INTEGER NOT NULL, register INTEGER NOT NULL, outbox INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS label (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS origin (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS version (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL, label INTEGER NOT NULL, origin INTEGER NOT NULL,
    valid_from INTEGER NOT NULL, recorded_at INTEGER NOT NULL, body BLOB
);
-- The place in the ledger is the row's number, which SQLite keeps at the end of every index entry.
CREATE INDEX IF NOT EXISTS version_id ON version (id);
CREATE TABLE IF NOT EXISTS register (version INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY, upto INTEGER NOT NULL, register INTEGER NOT NULL, clear INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS card (
    kind TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, owner TEXT, due INTEGER, body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS card_due ON card (kind, due) WHERE due IS NOT NULL;
-- Revisions come from one counter, so that a card that was deleted and made again never has a revision twice.
CREATE TABLE IF NOT EXISTS revision (last INTEGER NOT NULL);
