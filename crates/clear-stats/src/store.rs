//! What the projection is made of: bits, codes, dictionaries, chunks of rows, and tables of chunks.
//!
//! In:    rows of typed values, each with the record that it is of and that record's label.
//! Out:   [`Frozen`] tables, which readers hold while writers go on.
//! Never: knows an asker.
//!
//! # How
//! A reader holds a table by its `Arc`; a writer copies what somebody else holds, chunk by chunk and column by column,
//! before it writes ([`Arc::make_mut`]). So an answer sees one `seq` and nothing waits for it. Where there is a budget for columns, a
//! `tier` puts aside those that are used least, and a reader fetches what it looks at.

mod bits;
mod chunk;
mod codes;
mod column;
mod dictionary;
mod table;
mod tier;

pub(crate) use bits::Bits;
pub(crate) use chunk::{CHUNK_ROWS, Cell, Chunk, Data, Key, NO_TIME, Open, Reading, Zone};
pub(crate) use codes::{Codes, each_width, wide};
pub(crate) use dictionary::Words;
pub(crate) use table::{Compaction, Frozen, Held, Settling, Writer, row_id_text};
pub(crate) use tier::Tier;
