//! Projections as bytes and back, so that a start can read what it would otherwise fold again.
//!
//! In:    values made of numbers, texts and collections; or the bytes that were made of them.
//! Out:   bytes, little-endian, each collection after its length; or equal values.
//! Never: opens a file, seals or checks anything, reads what another build wrote: whoever keeps such bytes sees to all that.
//!
//! # How
//! A struct says its fields once, by [`snapshot!`](crate::snapshot), and cannot forget one. Nothing in the bytes says what
//! they are: both ends are the same build of the program, which the keeper of the bytes checks (docs/decisions/0061).
//!
//! # Change here
//! A kind of value that projections hold and that is missing here: an `impl` below.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::io::{Error, ErrorKind, Read, Result, Write};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

use crate::{
    AccountId, AgencyId, Assignment, FieldClass, Incident, Kind, LabelId, PerClass, RecordId, Referral, Restriction,
    RowSet, Seq,
};

/// A value that can be written as bytes and read back as an equal one.
pub trait Snapshot: Sized {
    /// Writes the value.
    ///
    /// # Errors
    /// When `out` takes no more.
    fn write(&self, out: &mut impl Write) -> Result<()>;

    /// Reads a value.
    ///
    /// # Errors
    /// When `from` ends, or what it gives is no such value.
    fn read(from: &mut impl Read) -> Result<Self>;

    /// Writes several values, one behind the other. Numbers do it in larger pieces.
    ///
    /// # Errors
    /// As [`write`](Snapshot::write).
    fn write_each(values: &[Self], out: &mut impl Write) -> Result<()> {
        values.iter().try_for_each(|value| value.write(out))
    }

    /// Reads so many values.
    ///
    /// # Errors
    /// As [`read`](Snapshot::read); and where there is no memory for so many.
    fn read_each(count: usize, from: &mut impl Read) -> Result<Vec<Self>> {
        let mut values = room(count)?;
        for _ in 0..count {
            values.push(Self::read(from)?);
        }
        Ok(values)
    }
}

/// Makes a struct a [`Snapshot`], given all its fields: `snapshot!(Names { tokens, pairs, starts, words });`
#[macro_export]
macro_rules! snapshot {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl $crate::Snapshot for $type {
            fn write(&self, out: &mut impl ::std::io::Write) -> ::std::io::Result<()> {
                $($crate::Snapshot::write(&self.$field, out)?;)*
                Ok(())
            }

            fn read(from: &mut impl ::std::io::Read) -> ::std::io::Result<Self> {
                $(let $field = $crate::Snapshot::read(from)?;)*
                Ok($type { $($field),* })
            }
        }
    };
}

/// What was read is not what it should be.
pub fn not_a(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("this is no {what}"))
}

fn room<T>(count: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    // What was cut off or is not ours may ask for any number.
    values.try_reserve_exact(count).map_err(|_| Error::from(ErrorKind::OutOfMemory))?;
    Ok(values)
}

fn write_count(count: usize, out: &mut impl Write) -> Result<()> {
    (count as u64).write(out)
}

fn read_count(from: &mut impl Read) -> Result<usize> {
    usize::try_from(u64::read(from)?).map_err(|_| not_a("length"))
}

/// Bytes of numbers that are turned at once.
const PIECE: usize = 8_192;

macro_rules! numbers {
    ($($number:ident)*) => {$(
        impl Snapshot for $number {
            fn write(&self, out: &mut impl Write) -> Result<()> {
                out.write_all(&self.to_le_bytes())
            }

            fn read(from: &mut impl Read) -> Result<$number> {
                let mut bytes = [0; size_of::<$number>()];
                from.read_exact(&mut bytes)?;
                Ok($number::from_le_bytes(bytes))
            }

            fn write_each(values: &[$number], out: &mut impl Write) -> Result<()> {
                const SIZE: usize = size_of::<$number>();
                let mut bytes = [0; PIECE];
                for part in values.chunks(PIECE / SIZE) {
                    for (slot, value) in bytes.chunks_exact_mut(SIZE).zip(part) {
                        slot.copy_from_slice(&value.to_le_bytes());
                    }
                    out.write_all(bytes.get(..part.len() * SIZE).unwrap_or_default())?;
                }
                Ok(())
            }

            fn read_each(count: usize, from: &mut impl Read) -> Result<Vec<$number>> {
                const SIZE: usize = size_of::<$number>();
                let mut values = room(count)?;
                let mut bytes = [0; PIECE];
                while values.len() < count {
                    let part = (count - values.len()).min(PIECE / SIZE);
                    let bytes = bytes.get_mut(..part * SIZE).unwrap_or_default();
                    from.read_exact(bytes)?;
                    let (numbers, _) = bytes.as_chunks::<SIZE>();
                    values.extend(numbers.iter().map(|bytes| $number::from_le_bytes(*bytes)));
                }
                Ok(values)
            }
        }
    )*};
}

numbers!(u8 i8 u16 i16 u32 i32 u64 i64 u128 f32 f64);

impl Snapshot for bool {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        u8::from(*self).write(out)
    }

    fn read(from: &mut impl Read) -> Result<bool> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(not_a("yes or no")),
        }
    }
}

impl Snapshot for char {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        u32::from(*self).write(out)
    }

    fn read(from: &mut impl Read) -> Result<char> {
        char::from_u32(u32::read(from)?).ok_or_else(|| not_a("character"))
    }
}

impl<T: Snapshot> Snapshot for Vec<T> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        T::write_each(self, out)
    }

    fn read(from: &mut impl Read) -> Result<Vec<T>> {
        T::read_each(read_count(from)?, from)
    }
}

impl<T: Snapshot> Snapshot for Box<[T]> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        T::write_each(self, out)
    }

    fn read(from: &mut impl Read) -> Result<Box<[T]>> {
        Ok(Vec::read(from)?.into_boxed_slice())
    }
}

impl Snapshot for String {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        out.write_all(self.as_bytes())
    }

    fn read(from: &mut impl Read) -> Result<String> {
        String::from_utf8(Vec::read(from)?).map_err(|_| not_a("text"))
    }
}

impl Snapshot for Box<str> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        out.write_all(self.as_bytes())
    }

    fn read(from: &mut impl Read) -> Result<Box<str>> {
        Ok(String::read(from)?.into_boxed_str())
    }
}

impl<T: Snapshot> Snapshot for Option<T> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.is_some().write(out)?;
        self.iter().try_for_each(|value| value.write(out))
    }

    fn read(from: &mut impl Read) -> Result<Option<T>> {
        if bool::read(from)? { T::read(from).map(Some) } else { Ok(None) }
    }
}

macro_rules! tuples {
    ($(($($part:ident)*))*) => {$(
        #[allow(non_snake_case, reason = "a part of a tuple is named as its type")]
        impl<$($part: Snapshot),*> Snapshot for ($($part,)*) {
            fn write(&self, out: &mut impl Write) -> Result<()> {
                let ($($part,)*) = self;
                $($part.write(out)?;)*
                Ok(())
            }

            fn read(from: &mut impl Read) -> Result<Self> {
                Ok(($($part::read(from)?,)*))
            }
        }
    )*};
}

tuples!((A B) (A B C) (A B C D));

impl<K: Snapshot + Eq + Hash, V: Snapshot, S: BuildHasher + Default> Snapshot for HashMap<K, V, S> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        for (key, value) in self {
            key.write(out)?;
            value.write(out)?;
        }
        Ok(())
    }

    fn read(from: &mut impl Read) -> Result<HashMap<K, V, S>> {
        let count = read_count(from)?;
        let mut map = HashMap::default();
        map.try_reserve(count).map_err(|_| Error::from(ErrorKind::OutOfMemory))?;
        for _ in 0..count {
            map.insert(K::read(from)?, V::read(from)?);
        }
        Ok(map)
    }
}

impl<K: Snapshot + Eq + Hash, S: BuildHasher + Default> Snapshot for HashSet<K, S> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        self.iter().try_for_each(|key| key.write(out))
    }

    fn read(from: &mut impl Read) -> Result<HashSet<K, S>> {
        Ok(Vec::<K>::read(from)?.into_iter().collect())
    }
}

impl<K: Snapshot + Ord, V: Snapshot> Snapshot for BTreeMap<K, V> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        for (key, value) in self {
            key.write(out)?;
            value.write(out)?;
        }
        Ok(())
    }

    fn read(from: &mut impl Read) -> Result<BTreeMap<K, V>> {
        // Made at once of what is in order, which is faster than one by one.
        Ok(Vec::<(K, V)>::read(from)?.into_iter().collect())
    }
}

impl<K: Snapshot + Ord> Snapshot for BTreeSet<K> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        self.iter().try_for_each(|key| key.write(out))
    }

    fn read(from: &mut impl Read) -> Result<BTreeSet<K>> {
        Ok(Vec::<K>::read(from)?.into_iter().collect())
    }
}

impl Snapshot for Seq {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.0.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Seq> {
        u64::read(from).map(Seq)
    }
}

impl Snapshot for LabelId {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.0.write(out)
    }

    fn read(from: &mut impl Read) -> Result<LabelId> {
        u32::read(from).map(LabelId)
    }
}

impl Snapshot for Kind {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.code().write(out)
    }

    fn read(from: &mut impl Read) -> Result<Kind> {
        Kind::from_code(u8::read(from)?).ok_or_else(|| not_a("kind of record"))
    }
}

impl Snapshot for RecordId {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.kind.write(out)?;
        self.raw.write(out)
    }

    fn read(from: &mut impl Read) -> Result<RecordId> {
        Ok(RecordId { kind: Kind::read(from)?, raw: u128::read(from)? })
    }
}

macro_rules! texts {
    ($($name:ident)*) => {$(
        impl Snapshot for $name {
            fn write(&self, out: &mut impl Write) -> Result<()> {
                self.as_str().to_owned().write(out)
            }

            fn read(from: &mut impl Read) -> Result<$name> {
                String::read(from)?.parse().map_err(|_| not_a(stringify!($name)))
            }
        }
    )*};
}

texts!(AccountId AgencyId);

// Records as the ledger has them: there are few that a projection keeps whole.
macro_rules! records {
    ($($record:ident)*) => {$(
        impl Snapshot for $record {
            fn write(&self, out: &mut impl Write) -> Result<()> {
                serde_json::to_vec(self)?.write(out)
            }

            fn read(from: &mut impl Read) -> Result<$record> {
                serde_json::from_slice(&Vec::read(from)?).map_err(|_| not_a(stringify!($record)))
            }
        }
    )*};
}

records!(Assignment Incident Referral Restriction);

impl Snapshot for FieldClass {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        (*self as u8).write(out)
    }

    fn read(from: &mut impl Read) -> Result<FieldClass> {
        FieldClass::ALL.get(usize::from(u8::read(from)?)).copied().ok_or_else(|| not_a("class of fields"))
    }
}

impl Snapshot for RowSet {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        write_count(self.len(), out)?;
        self.iter().try_for_each(|id| id.write(out))
    }

    fn read(from: &mut impl Read) -> Result<RowSet> {
        Ok(Vec::<RecordId>::read(from)?.into_iter().collect())
    }
}

impl<T: Snapshot> Snapshot for PerClass<T> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.iter().try_for_each(|(_, value)| value.write(out))
    }

    fn read(from: &mut impl Read) -> Result<PerClass<T>> {
        let values = T::read_each(FieldClass::ALL.len(), from)?;
        PerClass::from_each(values).ok_or_else(|| not_a("value of each class"))
    }
}

impl Snapshot for Date {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        (self.year(), self.month(), self.day()).write(out)
    }

    fn read(from: &mut impl Read) -> Result<Date> {
        let (year, month, day) = <(i16, i8, i8)>::read(from)?;
        Date::new(year, month, day).map_err(|_| not_a("date"))
    }
}

impl Snapshot for DateTime {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.date().write(out)?;
        (self.hour(), self.minute(), self.second(), self.subsec_nanosecond()).write(out)
    }

    fn read(from: &mut impl Read) -> Result<DateTime> {
        let (date, (hour, minute, second, nanosecond)) = <(Date, (i8, i8, i8, i32))>::read(from)?;
        let time = Time::new(hour, minute, second, nanosecond).map_err(|_| not_a("time of day"))?;
        Ok(date.to_datetime(time))
    }
}

impl Snapshot for Timestamp {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        (self.as_second(), self.subsec_nanosecond()).write(out)
    }

    fn read(from: &mut impl Read) -> Result<Timestamp> {
        let (seconds, nanoseconds) = <(i64, i32)>::read(from)?;
        Timestamp::new(seconds, nanoseconds).map_err(|_| not_a("moment"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Held {
        texts: BTreeMap<Box<str>, Vec<u32>>,
        by_id: HashMap<RecordId, (LabelId, Option<i64>)>,
        set: BTreeSet<(Date, char)>,
        rows: RowSet,
        class: PerClass<Vec<String>>,
        bits: Box<[u64]>,
        seq: Seq,
        at: Timestamp,
        on_the_clock: DateTime,
        wide: f64,
    }
    crate::snapshot!(Held { texts, by_id, set, rows, class, bits, seq, at, on_the_clock, wide });

    fn held(many: u32) -> Held {
        let id = |raw| RecordId { kind: Kind::Vehicle, raw };
        Held {
            texts: (0..many).map(|at| (format!("ÄÖ{at}").into(), (0..at).collect())).collect(),
            by_id: (0..many)
                .map(|at| (id(u128::MAX - u128::from(at)), (LabelId(at), (at % 3 > 0).then_some(-7))))
                .collect(),
            set: [(Date::MIN, '\0'), (Date::MAX, '𝄞')].into(),
            rows: (0..many).map(|at| id(at.into())).collect(),
            class: PerClass::from_fn(|class| vec![format!("{class:?}")]),
            bits: (0..u64::from(many) * 3_000).collect(),
            seq: Seq(u64::MAX),
            at: Timestamp::MIN,
            on_the_clock: DateTime::MAX,
            wide: -0.5,
        }
    }

    fn bytes(held: &Held) -> Vec<u8> {
        let mut bytes = Vec::new();
        held.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_was_written_is_read_back() {
        for many in [0, 1, 2, 40] {
            let (held, mut rest) = (held(many), &*bytes(&held(many)));
            assert_eq!(Held::read(&mut rest).unwrap(), held, "{many}");
            assert_eq!(rest, &[] as &[u8], "{many}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_such_value_is_an_error() {
        let whole = bytes(&held(2));
        for length in (0..whole.len()).step_by(whole.len() / 97) {
            assert!(Held::read(&mut whole.get(..length).unwrap()).is_err(), "{length}");
        }
        assert!(bool::read(&mut &[2][..]).is_err());
        assert!(char::read(&mut &[0, 0xd8, 0, 0][..]).is_err());
        assert!(String::read(&mut &[1, 0, 0, 0, 0, 0, 0, 0, 0xff][..]).is_err());
        assert!(Vec::<u64>::read(&mut &[0xff; 16][..]).is_err());
        assert!(Kind::read(&mut &[0xff][..]).is_err());
    }
}
