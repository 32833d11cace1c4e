//! Columns together, sealed one by one.

use std::io::Cursor;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, PrimitiveArray, RecordBatch, UInt8Array, UInt16Array,
    UInt32Array,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Float64Type, Int64Type, Schema, UInt8Type, UInt16Type, UInt32Type,
};
use bytes::Bytes;
use object_store::path::Path as Name;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{ChunkReader, Length};

use crate::{Error, Place};

const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;
/// What every sealed column is bound to.
const FORM: &[u8; 8] = b"columns\x01";

/// One column, as it is in memory.
#[derive(Debug, Clone)]
pub enum Values {
    /// Codes of one byte.
    Bytes(Vec<u8>),
    /// Codes of two.
    Shorts(Vec<u16>),
    /// Codes of four.
    Longs(Vec<u32>),
    /// Numbers, those that are none among them.
    Numbers(Vec<f64>),
    /// Microseconds.
    Times(Vec<i64>),
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Values::Bytes(values) => values.len(),
            Values::Shorts(values) => values.len(),
            Values::Longs(values) => values.len(),
            Values::Numbers(values) => values.len(),
            Values::Times(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn data_type(&self) -> DataType {
        match self {
            Values::Bytes(_) => DataType::UInt8,
            Values::Shorts(_) => DataType::UInt16,
            Values::Longs(_) => DataType::UInt32,
            Values::Numbers(_) => DataType::Float64,
            Values::Times(_) => DataType::Int64,
        }
    }

    fn into_array(self) -> ArrayRef {
        match self {
            Values::Bytes(values) => Arc::new(UInt8Array::from(values)),
            Values::Shorts(values) => Arc::new(UInt16Array::from(values)),
            Values::Longs(values) => Arc::new(UInt32Array::from(values)),
            Values::Numbers(values) => Arc::new(Float64Array::from(values)),
            Values::Times(values) => Arc::new(Int64Array::from(values)),
        }
    }

    fn of_arrays(parts: &[ArrayRef]) -> Option<Values> {
        Some(match parts.first()?.data_type() {
            DataType::UInt8 => Values::Bytes(joined::<UInt8Type>(parts)?),
            DataType::UInt16 => Values::Shorts(joined::<UInt16Type>(parts)?),
            DataType::UInt32 => Values::Longs(joined::<UInt32Type>(parts)?),
            DataType::Float64 => Values::Numbers(joined::<Float64Type>(parts)?),
            DataType::Int64 => Values::Times(joined::<Int64Type>(parts)?),
            _ => return None,
        })
    }
}

/// The values of all parts; none where one of them is null.
fn joined<T: ArrowPrimitiveType>(parts: &[ArrayRef]) -> Option<Vec<T::Native>> {
    let mut values = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        let part: &PrimitiveArray<T> = part.as_primitive_opt()?;
        if part.null_count() > 0 {
            return None;
        }
        values.extend_from_slice(part.values());
    }
    Some(values)
}

/// A key that is overwritten when it goes.
struct Key([u8; KEY_LEN]);

impl Drop for Key {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

/// Columns that were put aside together. Dropped with the last who could ask for one of them.
pub struct Object {
    place: Place,
    name: Name,
    /// None: it was destroyed.
    key: RwLock<Option<Key>>,
    /// How its columns are read.
    metadata: ArrowReaderMetadata,
    rows: usize,
    /// Each column's place in the Parquet file.
    columns: Vec<Range<u64>>,
    /// Each sealed column's place in the object.
    sealed: Vec<Range<u64>>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({} columns)", self.columns.len())
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if self.take_key() {
            self.place.delete_later(self.name.clone());
        }
    }
}

impl Place {
    /// Puts columns of one length aside.
    ///
    /// # Errors
    /// [`Error::NotWritten`]; then nothing is there.
    pub fn keep(&self, columns: Vec<Values>) -> Result<Object, Error> {
        let wrong = |error: &dyn std::fmt::Display| Error::NotWritten(error.to_string());
        let rows = columns.first().map_or(0, Values::len);
        let fields: Vec<Field> = columns
            .iter()
            .enumerate()
            .map(|(at, values)| Field::new(at.to_string(), values.data_type(), false))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let numbers = columns.iter().map(|values| matches!(values, Values::Numbers(_) | Values::Times(_)));
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(|error| wrong(&error))?))
            .set_max_row_group_row_count(Some(rows.max(1)))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true);
        for (at, is_number) in numbers.enumerate() {
            // A dictionary would ask whether two numbers are the same, and there are numbers that are not themselves.
            properties = properties.set_column_dictionary_enabled(at.to_string().into(), !is_number);
        }
        let arrays: Vec<ArrayRef> = columns.into_iter().map(Values::into_array).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|error| wrong(&error))?;
        let mut file: Vec<u8> = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, Arc::clone(&schema), Some(properties.build()))
            .map_err(|error| wrong(&error))?;
        writer.write(&batch).map_err(|error| wrong(&error))?;
        let metadata = writer.close().map_err(|error| wrong(&error))?;
        let of_group = metadata.row_groups().first().map(|group| group.columns()).unwrap_or_default();
        let ranges = of_group.iter().map(|column| {
            let (start, length) = column.byte_range();
            start..start + length
        });
        let ranges: Vec<Range<u64>> = ranges.collect();
        let mut random = [0; KEY_LEN + 16];
        getrandom::fill(&mut random).map_err(|error| wrong(&error))?;
        let (key, name) = random.split_first_chunk::<KEY_LEN>().unwrap_or((&[0; KEY_LEN], &[]));
        let key = Key(*key);
        let cipher = Aes256Gcm::new((&key.0).into());
        let mut object: Vec<u8> = Vec::with_capacity(file.len() + ranges.len() * TAG_LEN);
        let mut sealed = Vec::with_capacity(ranges.len());
        for (at, range) in ranges.iter().enumerate() {
            let mut plain = within(&file, range).unwrap_or_default().to_vec();
            let tag = cipher
                .encrypt_inout_detached((&nonce(at)).into(), FORM, plain.as_mut_slice().into())
                .map_err(|_| wrong(&"a column could not be sealed"))?;
            let start = object.len() as u64;
            object.extend_from_slice(&plain);
            object.extend_from_slice(&tag);
            sealed.push(start..object.len() as u64);
        }
        let name = self.name(name);
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), options).map_err(|error| wrong(&error))?;
        self.put(&name, object)?;
        let key = RwLock::new(Some(key));
        Ok(Object { place: self.clone(), name, key, metadata, rows, columns: ranges, sealed })
    }
}

impl Object {
    /// One column, as it was given.
    ///
    /// # Errors
    /// When it is not there, not as it was, or the place does not answer.
    pub fn read(&self, column: usize) -> Result<Values, Error> {
        let (range, sealed) = self.columns.get(column).zip(self.sealed.get(column)).ok_or(Error::Gone)?;
        let cipher = {
            let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
            Aes256Gcm::new((&key.as_ref().ok_or(Error::Gone)?.0).into())
        };
        let mut bytes = self.place.get(&self.name, sealed.clone())?.to_vec();
        let (text, tag) = bytes.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::Changed)?;
        let tag = (*tag).into();
        cipher
            .decrypt_inout_detached((&nonce(column)).into(), FORM, (&mut *text).into(), &tag)
            .map_err(|_| Error::Changed)?;
        let length = text.len();
        bytes.truncate(length);
        let part = FilePart { start: range.start, bytes: bytes.into() };
        self.decoded(part, column).ok().flatten().filter(|values| values.len() == self.rows).ok_or(Error::Changed)
    }

    fn decoded(&self, part: FilePart, column: usize) -> Result<Option<Values>, ParquetError> {
        let mask = ProjectionMask::leaves(self.metadata.metadata().file_metadata().schema_descr(), [column]);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(part, self.metadata.clone())
            .with_projection(mask)
            .with_batch_size(self.rows.max(1))
            .build()?;
        let mut parts = Vec::new();
        for batch in reader {
            parts.extend(batch?.columns().first().cloned());
        }
        Ok(Values::of_arrays(&parts))
    }

    /// Takes the key away and deletes the object. When this returns, nothing opens it; whether it could be deleted,
    /// [`Place::sweep`] tells.
    pub fn destroy(&self) {
        if self.take_key() {
            self.place.delete(&self.name);
        }
    }

    /// How many bytes it has in its place.
    pub fn bytes(&self) -> u64 {
        self.sealed.last().map_or(0, |last| last.end)
    }

    fn take_key(&self) -> bool {
        self.key.write().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}

/// The nonce of a column: its place. The key seals nothing but these.
fn nonce(column: usize) -> [u8; 12] {
    let mut nonce = [0; 12];
    let (_, number) = nonce.split_at_mut(4);
    number.copy_from_slice(&(column as u64).to_be_bytes());
    nonce
}

fn within<'a>(file: &'a [u8], range: &Range<u64>) -> Option<&'a [u8]> {
    file.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// One column's part of a Parquet file, at its place in it.
struct FilePart {
    start: u64,
    bytes: Bytes,
}

impl FilePart {
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        let at = at.filter(|at| *at <= self.bytes.len());
        at.map(|at| self.bytes.slice(at..)).ok_or_else(|| ParquetError::EOF("not a part of this column".to_owned()))
    }
}

impl Length for FilePart {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for FilePart {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Cursor<Bytes>, ParquetError> {
        Ok(Cursor::new(self.from(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF("not a part of this column".to_owned()));
        }
        Ok(bytes.slice(..length))
    }
}
