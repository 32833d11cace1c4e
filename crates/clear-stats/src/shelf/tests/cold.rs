#![cfg(test)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests open what they look at"))]
//! Columns that were put aside: nothing of an answer depends on where they are, and nothing of what was expunged stays there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::{ColdError, ColdPlace, Fault};

/// Everything of every row, in an order of its own.
const ALL: &str = "select * from t order by \":id\"";

/// A projection with a budget, and the folder of its place.
fn bounded(budget: usize) -> (Columns, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let place = ColdPlace::folder(folder.path()).unwrap();
    (Columns::new().bounded(place, budget), folder)
}

/// Versions folded with nothing in memory, settled and compacted now and then; rows come in while it is compacted.
pub(super) fn cold(versions: &[Version], compact_at: usize) -> (Columns, TempDir) {
    let (mut columns, folder) = bounded(0);
    let mut compacting = None;
    for (at, version) in versions.iter().enumerate() {
        if at == compact_at {
            let mut begun = columns.begin_all();
            if at % 2 == 0 {
                begun.work();
            }
            compacting = Some(begun);
        }
        columns.apply(version);
        if at % 7 == 3 {
            columns.settling_all().work().unwrap();
        }
        if at == compact_at.saturating_add(5)
            && let Some(mut begun) = compacting.take()
        {
            begun.work();
            columns.end_compaction(begun);
        }
    }
    columns.settling_all().work().unwrap();
    assert_eq!(columns.bytes_at_hand(), 0);
    (columns, folder)
}

fn filed(number: u128, seq: u64) -> Version {
    let seed = (number * 31 + u128::from(seq)) as usize;
    version(seq, number, 0, Some(&incident(&[seed, seed / 2, seed / 3, seed / 5, seed, seed / 7], |_| true)))
}

fn answer(columns: &Columns, sql: &str) -> String {
    let reach = all();
    let shelf = columns.shelf("incidents", &Sight::of(&reach)).unwrap();
    runtime().block_on(asked(&engine(), &shelf, sql))
}

fn fault(columns: &Columns, sql: &str) -> Option<Fault> {
    let reach = all();
    let shelf = columns.shelf("incidents", &Sight::of(&reach)).unwrap();
    runtime().block_on(async {
        match engine().sql(vec![("t", shelf)], sql).await {
            Ok(stream) => stream.try_collect::<Vec<RecordBatch>>().await.err().map(Fault::of),
            Err(fault) => Some(fault),
        }
    })
}

fn objects(folder: &Path) -> BTreeSet<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// A hundred rows in memory and aside.
fn hundred() -> (Columns, Columns, TempDir) {
    let versions: Vec<Version> = (0..100).map(|number| filed(number, number as u64 + 1)).collect();
    let (aside, folder) = cold(&versions, usize::MAX);
    (columns(&versions, usize::MAX), aside, folder)
}

#[test]
fn what_rows_do_not_fit_in_memory_is_aside_and_no_more() {
    let (mut columns, folder) = bounded(6_000);
    for number in 0..400 {
        columns.apply(&filed(number, number as u64 + 1));
        columns.settle().unwrap();
        assert!(columns.bytes_at_hand() <= 6_000, "{}", columns.bytes_at_hand());
    }
    assert!(!objects(folder.path()).is_empty() && columns.bytes_aside() > 0);
    // Reading keeps to it, too.
    for sql in [ALL, "select beat, ward, count(*) from t group by 1, 2", "select * from t order by latitude limit 5"] {
        answer(&columns, sql);
        assert!(columns.bytes_at_hand() <= 6_000, "{}", columns.bytes_at_hand());
    }
    // One that has room stays in memory altogether.
    let (mut roomy, folder) = bounded(1 << 20);
    (0..400).for_each(|number| roomy.apply(&filed(number, number as u64 + 1)));
    roomy.settle().unwrap();
    assert!(objects(folder.path()).is_empty());
    assert_eq!(answer(&roomy, ALL), answer(&columns, ALL));
}

#[test]
fn a_snapshot_is_the_same_whatever_is_aside() {
    let (hot, columns, _folder) = hundred();
    let written = |columns: &Columns| {
        let mut bytes = Vec::new();
        columns.held().unwrap().write(&mut bytes).unwrap();
        bytes
    };
    let bytes = written(&columns);
    for budget in [0, 3_000, 1 << 20] {
        let (empty, folder) = bounded(budget);
        let mut restored = empty.restored(&mut bytes.as_slice()).unwrap();
        assert!(restored.bytes_at_hand() <= budget && (budget > 3_000) == objects(folder.path()).is_empty());
        assert_eq!(answer(&restored, ALL), answer(&hot, ALL));
        for version in [filed(7, 101), version(102, 8, 0, None), filed(300, 103)] {
            restored.apply(&version);
        }
        assert_eq!(restored.rows(), vec![("incidents", 100)]);
        assert_eq!(answer(&restored, "select count(*) from t"), "100");
    }
}

#[test]
fn what_labels_and_zones_rule_out_is_not_fetched() {
    let date = |number: u128| format!(r#"{{"occurred_from":"20{:02}-01-01T00:00:00","beat":"0411"}}"#, number / 16);
    let versions: Vec<Version> = (0..160)
        .map(|number| version(number as u64 + 1, number, u32::from(number >= 80), Some(&date(number))))
        .collect();
    let (columns, folder) = cold(&versions, usize::MAX);
    let sight = Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| [LabelId(0)].into_iter().collect()) };
    let shelf = columns.shelf("incidents", &Sight::of(&sight)).unwrap();
    // Whatever is fetched from now on fails.
    objects(folder.path()).iter().for_each(|path| std::fs::remove_file(path).unwrap());
    let answer = |sql: &str| runtime().block_on(asked(&engine(), &shelf, sql));
    assert_eq!(answer("select count(*) from t"), "80");
    assert_eq!(answer("select beat from t where occurred_from >= timestamp '2005-01-01' limit 3"), "");
    assert_eq!(answer("select count(*) from t where occurred_from < timestamp '1999-01-01' and beat = '0411'"), "0");
    assert!(answer("select count(*) from t where beat = '0411'").starts_with("error"));
}

#[test]
fn a_column_that_does_not_come_back_is_an_error_and_no_answer() {
    let (_, mut columns, folder) = hundred();
    let questions = [
        ALL,
        "select count(beat) from t",
        "select beat, count(*) from t group by beat",
        "select sum(latitude) from t",
        "select * from t order by beat desc limit 3",
        "select a.beat from t a join t b on a.beat = b.beat",
        "select max(occurred_from) from t where ward > 1",
    ];
    let whole: Vec<(PathBuf, Vec<u8>)> =
        objects(folder.path()).into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    let was: Vec<String> = questions.iter().map(|sql| answer(&columns, sql)).collect();
    let broken = |columns: &Columns, error: &ColdError| {
        for sql in questions {
            assert_eq!(fault(columns, sql), Some(Fault::Cold(error.clone())), "{sql}");
        }
        let reach = all();
        let shelf = columns.shelf("incidents", &Sight::of(&reach)).unwrap();
        let counts = crate::Counts { group_by: vec!["beat".into()], filter: None, limit: 9 };
        assert_eq!(shelf.count(&counts), Err(crate::Error::Ours(error.clone())));
        assert!(shelf.dates().is_err() && shelf.coverage().is_err() && shelf.spots(&[], None).is_err());
        let condition = clear_soql::parse::expression("beat = '0411'").unwrap();
        assert!(columns.page(&[condition], &Sight::of(&reach), crate::Place::default(), 9).is_err());
        assert!(crate::parquet(&shelf, None, Vec::new()).is_err());
    };
    // Each byte of it is sealed: one bit is enough.
    for (path, bytes) in &whole {
        let changed: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
        std::fs::write(path, changed).unwrap();
    }
    broken(&columns, &ColdError::Changed);
    for (path, bytes) in &whole {
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(questions.map(|sql| answer(&columns, sql)).to_vec(), was);
    columns.settle().unwrap();
    columns.let_all_go();
    whole.iter().for_each(|(path, _)| std::fs::remove_file(path).unwrap());
    broken(&columns, &ColdError::Gone);
    // What needs no column is known.
    assert_eq!(answer(&columns, "select count(*) from t"), "100");
}

#[test]
fn what_is_filed_over_columns_that_do_not_come_back_waits_for_them() {
    let (mut hot, mut columns, folder) = hundred();
    let away = tempfile::tempdir().unwrap();
    let moved = |from: &Path, to: &Path| {
        for path in objects(from) {
            let to = to.join(path.file_name().unwrap());
            std::fs::copy(&path, to).unwrap();
            std::fs::remove_file(path).unwrap();
        }
    };
    moved(folder.path(), away.path());
    for (number, seq) in [(7, 101), (200, 102), (7, 103), (8, 104)] {
        hot.apply(&filed(number, seq));
        columns.apply(&filed(number, seq));
    }
    assert!(columns.is_waiting() && !columns.is_lost() && columns.failed() == Some(&ColdError::Gone));
    // Also what needs no column: it would be too few.
    assert_eq!(fault(&columns, "select count(*) from t"), Some(Fault::Cold(ColdError::Gone)));
    columns.take_waiting();
    assert!(columns.is_waiting());
    moved(away.path(), folder.path());
    assert!(columns.waited_for().unwrap().work());
    columns.take_waiting();
    assert_eq!((columns.is_waiting(), columns.failed(), columns.seq()), (false, None, hot.seq()));
    assert_eq!(answer(&columns, ALL), answer(&hot, ALL));
}

#[test]
fn an_expungement_leaves_nothing_aside() {
    let (mut hot, mut columns, folder) = hundred();
    let reach = all();
    let held = columns.shelf("incidents", &Sight::of(&reach)).unwrap();
    let was = answer(&hot, ALL);
    let before = objects(folder.path());
    // Only the chunk that has it.
    let of = columns.objects_of(id(42));
    assert_eq!((of.len(), before.len()), (1, 7));
    let gone = version(101, 42, 0, None);
    hot.apply(&gone);
    columns.apply(&gone);
    let after = objects(folder.path());
    // At most the rewritten chunk has come, under another key.
    assert!(before.difference(&after).count() == 1 && after.difference(&before).count() <= 1);
    assert!(
        of.iter().all(|object| object.upgrade().is_none_or(|object| matches!(object.read(0), Err(ColdError::Gone))))
    );
    assert_eq!(answer(&columns, ALL), answer(&hot, ALL));
    // Whoever was reading reads on, what was expunged included, as if it had been in memory.
    assert_eq!(runtime().block_on(asked(&engine(), &held, ALL)), was);
    drop(held);
    columns.settle().unwrap();
    assert_eq!(answer(&columns, ALL), answer(&hot, ALL));
    assert_eq!(objects(folder.path()).len(), 7);
}

#[test]
fn nothing_is_put_aside_that_was_frozen_before_an_expungement() {
    let versions: Vec<Version> = (0..100).map(|number| filed(number, number as u64 + 1)).collect();
    let gone = version(101, 9, 0, None);
    let mut hot = columns(&versions, usize::MAX);
    hot.apply(&gone);
    let begun = || {
        let (mut columns, folder) = bounded(1 << 20);
        versions.iter().for_each(|version| columns.apply(version));
        (columns, folder)
    };
    // Chunks that are in memory and are about to be put aside.
    let (mut columns, folder) = begun();
    let settling = columns.settling_all();
    columns.apply(&gone);
    columns.rebudget(0);
    settling.work().unwrap();
    assert!(objects(folder.path()).is_empty());
    assert_eq!(answer(&columns, ALL), answer(&hot, ALL));
    // A compaction that has not come to it yet.
    let (mut columns, folder) = begun();
    let mut compacting = columns.begin_all();
    columns.apply(&gone);
    columns.rebudget(0);
    compacting.work();
    assert!(objects(folder.path()).is_empty() && !columns.end_compaction(compacting));
    assert_eq!(answer(&columns, ALL), answer(&hot, ALL));
    // One that has put it aside: that goes at once.
    let (mut columns, folder) = begun();
    let mut compacting = columns.begin_all();
    columns.rebudget(0);
    compacting.work();
    columns.rebudget(1 << 20);
    let before = objects(folder.path());
    columns.apply(&gone);
    assert_eq!((before.len(), objects(folder.path()).len()), (7, 6));
    assert!(columns.end_compaction(compacting));
    assert_eq!(answer(&columns, ALL), answer(&hot, ALL));
}

#[test]
fn what_is_expunged_goes_even_where_its_columns_do_not_come_back() {
    let (_, mut columns, folder) = hundred();
    let of = columns.objects_of(id(42));
    for path in objects(folder.path()) {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, bytes.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()).unwrap();
    }
    columns.apply(&version(101, 42, 0, None));
    assert!(of.iter().all(|object| object.upgrade().is_none()));
    // The others go by and by.
    let began = std::time::Instant::now();
    while !objects(folder.path()).is_empty() {
        assert!(began.elapsed().as_secs() < 20);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // The other rows of its chunk went with it: the ledger has them.
    assert!(columns.is_lost() && fault(&columns, "select count(*) from t").is_some());
}

#[test]
fn the_disk_has_no_text_and_no_number_in_clear() {
    let json = r#"{"occurred_from":"2017-01-01T10:00:00","beat":"0411","address":"1 W MAIN ST","latitude":41.515625}"#;
    let versions: Vec<Version> = (0..32).map(|number| version(number as u64 + 1, number, 0, Some(json))).collect();
    let (_columns, folder) = cold(&versions, usize::MAX);
    for path in objects(folder.path()) {
        let bytes = std::fs::read(path).unwrap();
        for word in [b"MAIN".as_slice(), b"0411", b"PAR1", &41.515625f64.to_le_bytes()] {
            assert!(!bytes.windows(word.len()).any(|found| found == word));
        }
    }
}

#[test]
fn rows_are_seen_while_a_compaction_goes_on() {
    let versions: Vec<Version> = (0..100).map(|number| filed(number * 37 % 101, number as u64 + 1)).collect();
    let mut still = columns(&versions, usize::MAX);
    let mut columns = columns(&versions, usize::MAX);
    let mut compacting = columns.begin_all();
    let filed = |columns: &mut Columns, seq: u64| {
        for number in [seq as u128, 200 + seq as u128, 37] {
            columns.apply(&filed(number, seq * 3 + 1_000 + number as u64));
        }
        columns.apply(&version(
            seq * 3 + 2_000,
            50 + seq as u128,
            2,
            Some(r#"{"occurred_from":"2018-01-01T00:00:00"}"#),
        ));
        if seq.is_multiple_of(3) {
            columns.apply(&version(seq * 3 + 3_000, seq as u128, 0, None));
        }
    };
    for seq in 1..20 {
        filed(&mut columns, seq);
        filed(&mut still, seq);
        assert_eq!(answer(&columns, ALL), answer(&still, ALL), "{seq}");
        if seq == 10 {
            compacting.work();
        }
    }
    assert!(columns.end_compaction(compacting));
    assert_eq!((answer(&columns, ALL), columns.rows()), (answer(&still, ALL), still.rows()));
    for seq in 20..30 {
        filed(&mut columns, seq);
        filed(&mut still, seq);
    }
    columns.compact_all();
    assert_eq!((answer(&columns, ALL), columns.rows()), (answer(&still, ALL), still.rows()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_compaction_under_way_changes_nothing(
        filed in vec((0..60u128, 0..4u32, proptest::option::weighted(0.9, any::<Seeds>())), 0..150),
        begin in 0..100usize,
        during in 0..60usize,
        seen in any_seen(),
    ) {
        let sight = seen.sight();
        let (full, _) = filed_and_allowed(&filed, &sight);
        let mut one = Columns::new();
        let mut compacting = None;
        for (at, version) in full.iter().enumerate() {
            if at == begin {
                compacting = Some(one.begin_all());
            }
            one.apply(version);
            if at == begin + during / 2 && let Some(compacting) = &mut compacting {
                compacting.work();
            }
            if at == begin + during && let Some(mut compacting) = compacting.take() {
                compacting.work();
                prop_assert!(one.end_compaction(compacting));
            }
        }
        let other = columns(&full, usize::MAX);
        let (one, other) = (one.shelf("incidents", &sight).unwrap(), other.shelf("incidents", &sight).unwrap());
        let (runtime, engine) = (runtime(), engine());
        for sql in ["select * from t", "select beat, ward, arrest, count(*), max(occurred_from) from t group by 1, 2, 3"] {
            let (one, other) = runtime.block_on(async { (asked(&engine, &one, sql).await, asked(&engine, &other, sql).await) });
            prop_assert_eq!(one, other, "{}", sql);
        }
    }
}
