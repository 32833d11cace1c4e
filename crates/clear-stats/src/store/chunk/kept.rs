//! A chunk as bytes and back.
//!
//! In:    a chunk; or bytes, and the set whose rows they are.
//! Out:   bytes; or the chunk.
//! Never: takes over a column that has not a value for each row.

use std::io::{Read, Result, Write};
use std::sync::Arc;

use clear_record::{Snapshot, snapshot};

use super::{Chunk, Data, Labels, Zone};
use crate::sets::{Layout, Set};
use crate::store::{Codes, each_width};

impl Snapshot for Codes {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        let width: u8 = match self {
            Codes::Byte(_) => 1,
            Codes::Short(_) => 2,
            Codes::Long(_) => 4,
        };
        width.write(out)?;
        each_width!(self, values => values.write(out))
    }

    fn read(from: &mut impl Read) -> Result<Codes> {
        match u8::read(from)? {
            1 => Vec::read(from).map(Codes::Byte),
            2 => Vec::read(from).map(Codes::Short),
            4 => Vec::read(from).map(Codes::Long),
            _ => Err(snapshot::not_a("width of codes")),
        }
    }
}

impl Snapshot for Zone {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        match self {
            Zone::Any => 0u8.write(out),
            Zone::Numbers(low, high) => (1u8, *low, *high).write(out),
            Zone::Times(low, high) => (2u8, *low, *high).write(out),
        }
    }

    fn read(from: &mut impl Read) -> Result<Zone> {
        match u8::read(from)? {
            0 => Ok(Zone::Any),
            1 => <(f64, f64)>::read(from).map(|(low, high)| Zone::Numbers(low, high)),
            2 => <(i64, i64)>::read(from).map(|(low, high)| Zone::Times(low, high)),
            _ => Err(snapshot::not_a("zone")),
        }
    }
}

impl Chunk {
    pub(crate) fn write(&self, out: &mut impl Write) -> Result<()> {
        (self.rows as u64, self.gone as u64).write(out)?;
        self.numbers.write(out)?;
        self.ids.write(out)?;
        self.created.write(out)?;
        self.updated.write(out)?;
        self.labels.known.write(out)?;
        self.labels.of.write(out)?;
        for column in &self.columns {
            match &*column.data_once().map_err(std::io::Error::other)? {
                Data::Codes(codes) => codes.write(out)?,
                Data::Numbers(numbers) => numbers.write(out)?,
                Data::Times(times) => times.write(out)?,
                Data::Made => {}
            }
        }
        self.zones.write(out)?;
        self.lacking.write(out)
    }

    pub(crate) fn read(set: &Set, from: &mut impl Read) -> Result<Chunk> {
        let (rows, gone) = <(u64, u64)>::read(from)?;
        let rows = rows as usize;
        let whole = |length: usize| if length == rows { Ok(()) } else { Err(snapshot::not_a("value for each row")) };
        let numbers: Vec<u32> = Vec::read(from)?;
        let ids: Vec<u64> = Vec::read(from)?;
        let (created, updated): (Vec<u32>, Vec<u32>) = Snapshot::read(from)?;
        let labels = Labels { known: Vec::read(from)?, of: Arc::new(Codes::read(from)?) };
        [numbers.len(), ids.len(), created.len(), updated.len(), labels.len()].into_iter().try_for_each(whole)?;
        let mut columns = Vec::with_capacity(set.columns.len());
        for column in set.columns {
            let data = match column.layout {
                Layout::Text | Layout::Few | Layout::Flag => {
                    let codes = Codes::read(from)?;
                    whole(each_width!(&codes, values => values.len()))?;
                    Data::Codes(codes)
                }
                Layout::Number => {
                    let numbers: Vec<f64> = Vec::read(from)?;
                    whole(numbers.len())?;
                    Data::Numbers(numbers)
                }
                Layout::Time => {
                    let times: Vec<i64> = Vec::read(from)?;
                    whole(times.len())?;
                    Data::Times(times)
                }
                Layout::Point { .. } => Data::Made,
            };
            columns.push(data);
        }
        let mut chunk = Chunk::new(columns, set.date());
        (chunk.rows, chunk.gone, chunk.labels) = (rows, gone as usize, labels);
        (chunk.numbers, chunk.ids) = (Arc::new(numbers), Arc::new(ids));
        (chunk.created, chunk.updated) = (Arc::new(created), Arc::new(updated));
        (chunk.zones, chunk.lacking) = Snapshot::read(from)?;
        let of_each = |length: usize| length == set.columns.len();
        if of_each(chunk.zones.len()) && of_each(chunk.lacking.len()) {
            Ok(chunk)
        } else {
            Err(snapshot::not_a("chunk"))
        }
    }
}
