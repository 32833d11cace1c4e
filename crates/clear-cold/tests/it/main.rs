//! Columns come back bit for bit, or not at all.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[cfg(feature = "s3")]
mod bucket;

use std::path::{Path, PathBuf};

use clear_cold::{Error, Place, Values};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a column is, to the bit.
fn bits(values: &Values) -> (&'static str, Vec<u64>) {
    match values {
        Values::Bytes(values) => ("bytes", values.iter().map(|value| u64::from(*value)).collect()),
        Values::Shorts(values) => ("shorts", values.iter().map(|value| u64::from(*value)).collect()),
        Values::Longs(values) => ("longs", values.iter().map(|value| u64::from(*value)).collect()),
        Values::Numbers(values) => ("numbers", values.iter().map(|value| value.to_bits()).collect()),
        Values::Times(values) => ("times", values.iter().map(|value| *value as u64).collect()),
    }
}

fn three(rows: usize) -> Vec<Values> {
    let number = |row: usize| if row.is_multiple_of(5) { f64::NAN } else { row as f64 / 7.0 };
    vec![
        Values::Shorts((0..rows).map(|row| (row * 31 % 1_000) as u16).collect()),
        Values::Numbers((0..rows).map(number).collect()),
        Values::Times((0..rows).map(|row| if row == 3 { i64::MIN } else { row as i64 * 1_000_003 }).collect()),
    ]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_column_is_read_as_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::folder(folder.path()).unwrap();
    for rows in [0, 1, 1_000, 65_536] {
        let given = three(rows);
        let object = place.keep(given.clone()).unwrap();
        for (at, values) in given.iter().enumerate().rev() {
            if rows > 0 {
                assert_eq!(bits(&object.read(at).unwrap()), bits(values), "{rows} {at}");
            }
        }
        assert_eq!(object.read(3).unwrap_err(), Error::Gone);
    }
}

#[test]
fn nothing_of_it_is_in_clear_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("of somebody else"), "stays").unwrap();
    std::fs::write(folder.path().join("0123.cold#1"), "left by a crash").unwrap();
    let place = Place::folder(folder.path()).unwrap();
    assert_eq!(files(folder.path()).len(), 1);
    let number = 1234.5678f64;
    let object = place.keep(vec![Values::Numbers(vec![number; 3]), Values::Times(vec![77; 3])]).unwrap();
    let all = files(folder.path()).into_iter().find(|path| path.extension().is_some_and(|it| it == "cold")).unwrap();
    let bytes = std::fs::read(&all).unwrap();
    assert_eq!(bytes.len() as u64, object.bytes());
    for word in [b"PAR1".as_slice(), &number.to_le_bytes(), &77u64.to_le_bytes()] {
        assert!(!bytes.windows(word.len()).any(|found| found == word), "{word:?}");
    }
    object.destroy();
    assert_eq!((files(folder.path()).len(), place.sweep()), (1, 0));
    assert_eq!(object.read(0).unwrap_err(), Error::Gone);
}

#[test]
fn what_was_touched_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::folder(folder.path()).unwrap();
    let one = place.keep(three(500)).unwrap();
    let path = files(folder.path()).pop().unwrap();
    let whole = std::fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 40 + 1) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        let read: Vec<_> = (0..3).map(|column| one.read(column)).collect();
        assert_eq!(read.iter().filter(|read| matches!(read, Err(Error::Changed))).count(), 1, "{at}");
        let rest = read.iter().enumerate().filter_map(|(at, read)| Some((at, read.as_ref().ok()?)));
        rest.for_each(|(at, values)| assert_eq!(bits(values), bits(&three(500)[at])));
    }
    // Another object's bytes, a shorter one, none.
    let other = place.keep(three(500)).unwrap();
    let other_path = files(folder.path()).into_iter().find(|it| *it != path).unwrap();
    std::fs::copy(&other_path, &path).unwrap();
    assert!((0..3).all(|column| one.read(column).unwrap_err() == Error::Changed));
    std::fs::write(&path, &whole[..20]).unwrap();
    assert!((0..3).all(|column| one.read(column).is_err()));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(one.read(0).unwrap_err(), Error::Gone);
    drop(one);
    assert!(other.read(2).is_ok());
}

#[test]
fn what_cannot_be_deleted_now_is_deleted_later() {
    let outside = tempfile::tempdir().unwrap();
    let (folder, away) = (outside.path().join("place"), outside.path().join("away"));
    let place = Place::folder(&folder).unwrap();
    let objects = [place.keep(three(10)).unwrap(), place.keep(three(10)).unwrap()];
    // The folder is gone, and something that is none stands where it was.
    std::fs::rename(&folder, &away).unwrap();
    std::fs::write(&folder, "").unwrap();
    for object in &objects {
        object.destroy();
        assert_eq!(object.read(0).unwrap_err(), Error::Gone);
    }
    assert_eq!((place.sweep(), files(&away).len()), (2, 2));
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    assert_eq!((place.sweep(), files(&folder).len()), (0, 0));
}

#[test]
fn it_serves_whoever_asks_asynchronous_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let place = Place::folder(folder.path()).unwrap();
        let object = place.keep(three(10)).unwrap();
        assert_eq!(bits(&object.read(1).unwrap()), bits(&three(10)[1]));
    });
    assert!(Place::named("s3://").is_err());
    assert!(Place::folder(Path::new("/proc/no/such")).is_err());
}

fn any_values(rows: usize) -> impl Strategy<Value = Values> {
    prop_oneof![
        vec(any::<u8>(), rows).prop_map(Values::Bytes),
        vec(0..9u8, rows).prop_map(Values::Bytes),
        vec(any::<u16>(), rows).prop_map(Values::Shorts),
        vec(any::<u32>(), rows).prop_map(Values::Longs),
        vec(any::<u64>().prop_map(f64::from_bits), rows).prop_map(Values::Numbers),
        vec(proptest::sample::select(vec![0.0, -0.0, 1.5, f64::NAN, f64::INFINITY]), rows).prop_map(Values::Numbers),
        vec(any::<i64>(), rows).prop_map(Values::Times),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_columns_come_back(columns in (1..300usize).prop_flat_map(|rows| vec(any_values(rows), 1..6))) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::folder(folder.path()).unwrap();
        let object = place.keep(columns.clone()).unwrap();
        for (at, values) in columns.iter().enumerate() {
            prop_assert_eq!(bits(&object.read(at).unwrap()), bits(values));
        }
    }
}
