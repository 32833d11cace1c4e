CREATE TABLE IF NOT EXISTS openclear.meta (layout int8 NOT NULL, ledger bytea NOT NULL);
-- One row. Whoever locks it holds the ledger.
CREATE TABLE IF NOT EXISTS openclear.head (
    epoch int8 NOT NULL, seq int8 NOT NULL, register int8 NOT NULL, outbox int8 NOT NULL
);
CREATE TABLE IF NOT EXISTS openclear.label (id int8 PRIMARY KEY, text text NOT NULL);
CREATE TABLE IF NOT EXISTS openclear.origin (id int8 PRIMARY KEY, text text NOT NULL);
CREATE TABLE IF NOT EXISTS openclear.version (
    seq int8 PRIMARY KEY, id bytea NOT NULL, label int8 NOT NULL, origin int8 NOT NULL,
    valid_from int8 NOT NULL, recorded_at int8 NOT NULL, body bytea
);
-- Sealed bytes do not compress.
ALTER TABLE openclear.version ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS version_id ON openclear.version (id, seq);
CREATE TABLE IF NOT EXISTS openclear.register (version int8 PRIMARY KEY, body bytea NOT NULL);
CREATE TABLE IF NOT EXISTS openclear.outbox (
    number int8 PRIMARY KEY, upto int8 NOT NULL, register int8 NOT NULL, clear int8 NOT NULL, body bytea NOT NULL
);
-- Keys are ordered by their bytes, as in the other engine, whatever the server's language.
CREATE TABLE IF NOT EXISTS openclear.card (
    kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, revision int8 NOT NULL, owner text, due int8, body bytea NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX IF NOT EXISTS card_due ON openclear.card (kind, due) WHERE due IS NOT NULL;
-- Revisions come from one counter, so that a card that was deleted and made again never has a revision twice.
CREATE SEQUENCE IF NOT EXISTS openclear.revision;
