//! A question that needs more memory than there is spills, or is refused; nothing is killed and nothing is left.

use arrow::array::{Array as _, AsArray as _};
use clear_record::Sight;
use clear_stats::{Columns, Engine, Fault, Limits, RecordBatch, Shelf};
use futures_util::TryStreamExt as _;

use crate::{all, version};

fn forty() -> Columns {
    let mut columns = Columns::new();
    for number in 0..40 {
        columns.apply(&version(number as u64 + 1, number, 0, Some(r#"{"occurred_from":"2017-01-01T10:00:00"}"#)));
    }
    columns
}

/// How many rows an answer has, or the fault.
async fn rows(engine: &Engine, shelf: &Shelf) -> Result<usize, Fault> {
    let many = r#"select a.":id" as x, b.":id" as y, c.":id" as z from t a cross join t b cross join t c order by y, x, z desc"#;
    let stream = engine.sql(vec![("t", shelf.clone())], many).await?;
    let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(Fault::of)?;
    Ok(batches.iter().map(RecordBatch::num_rows).sum())
}

#[test]
fn what_does_not_fit_is_refused_or_goes_to_the_disk() {
    let reach = all();
    let shelf = forty().shelf("incidents", &Sight::of(&reach)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let small = Limits { memory_bytes: 16 << 20, spill: None, spill_bytes: 0 };
    assert_eq!(runtime.block_on(rows(&Engine::new(&small).unwrap(), &shelf)), Err(Fault::TooLarge));
    let folder = std::env::temp_dir().join(format!("openclear-spill-{}", std::process::id()));
    let spilling = Limits { memory_bytes: 16 << 20, spill: Some(folder.clone()), spill_bytes: 1 << 30 };
    let answered = runtime.block_on(rows(&Engine::new(&spilling).unwrap(), &shelf));
    let left = std::fs::read_dir(&folder).unwrap().count();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((answered, left), (Ok(64_000), 0));
}

/// The most memory that this process had at once, bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
}

/// Forty rows, each with each of forty, six times: four thousand million rows, some hundred gigabytes.
const MANY: &str = "t a cross join t b cross join t c cross join t d cross join t e cross join t f";

#[test]
fn a_question_that_needs_a_hundred_gigabytes_is_refused_and_nothing_is_killed() {
    let reach = all();
    let shelf = forty().shelf("incidents", &Sight::of(&reach)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = std::env::temp_dir().join(format!("openclear-much-{}", std::process::id()));
    let limits = Limits { memory_bytes: 32 << 20, spill: Some(folder.clone()), spill_bytes: 64 << 20 };
    let engine = Engine::new(&limits).unwrap();
    let all_six = r#"a.":id" || b.":id" || c.":id" || d.":id" || e.":id" || f.":id""#;
    let questions = [
        format!(r#"select a.":id", b.":id", c.":id", d.":id", e.":id", f.":id" from {MANY} order by 6, 5, 4, 3, 2, 1"#),
        format!("select {all_six} from {MANY} order by 1 desc"),
        format!("select distinct {all_six} from {MANY}"),
        format!("select count(distinct {all_six}) from {MANY}"),
        format!("select {all_six}, count(*) from {MANY} group by 1"),
        format!("select string_agg({all_six}, ',') from {MANY}"),
        format!("select array_agg({all_six}) from {MANY}"),
        format!(r#"select row_number() over (order by {all_six}) from {MANY}"#),
        format!(r#"select lag(x, 1) over (partition by x order by x) from (select {all_six} x from {MANY}) s"#),
        format!("select {all_six} from {MANY} union select {all_six} from {MANY}"),
        format!("select {all_six} from {MANY} except select {all_six} from {MANY}"),
        format!(
            "select count(*) from (select {all_six} x from {MANY}) l join (select {all_six} x from {MANY}) r on l.x = r.x"
        ),
        format!(
            "select count(*) from (select {all_six} x from {MANY}) l full join (select {all_six} x from {MANY}) r on l.x < r.x"
        ),
        format!("select median(a.latitude + b.latitude) from {MANY}"),
        r#"select repeat(":id", 2000000000) from t"#.to_owned(),
        r#"select lpad(":id", 2147483647, 'x') from t"#.to_owned(),
        r#"select length(rpad(":id", 1000000000, 'x')) from t"#.to_owned(),
    ];
    let doubled =
        (0..40).fold(r#"select ":id" x from t"#.to_owned(), |inner, _| format!("select x || x x from ({inner}) s"));
    for question in questions.into_iter().chain([doubled]) {
        let began = std::time::Instant::now();
        let ended = runtime.block_on(async {
            let mut stream = engine.sql(vec![("t", shelf.clone())], &question).await?;
            let mut rows = 0;
            while let Some(batch) = stream.try_next().await.map_err(Fault::of)? {
                rows += batch.num_rows();
                // Who reads an answer that never ends goes away in the end.
                if rows > 1_000_000 {
                    break;
                }
            }
            Ok(rows)
        });
        println!("{question}: {ended:?}, {:?}, {} MB at most", began.elapsed(), peak() >> 20);
        assert!(matches!(ended, Err(Fault::TooLarge | Fault::Question(_))), "{question}: {ended:?}");
        assert!(peak() < 1 << 30, "{question} took {} bytes", peak());
    }
    drop(engine);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn texts_that_a_question_makes_long_are_refused_in_the_open_data_language_too() {
    use clear_stats::soql::Asked;
    use clear_stats::{Asking, ask, planned};
    let reach = all();
    let mut columns = Columns::new();
    for number in 0..2_000 {
        let json = r#"{"occurred_from":"2017-01-01T10:00:00","beat":"0411","ward":27}"#;
        columns.apply(&version(number as u64 + 1, number, 0, Some(json)));
    }
    let shelf = columns.shelf("incidents", &Sight::of(&reach)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::new(&Limits::default()).unwrap();
    let long_literal = format!("select '{}' as x, beat", "x".repeat(1_000_000));
    for (question, is_answered) in [
        ("select left_pad(beat, 1000000, 'x') as x", false),
        ("select left_pad(beat, ward * 30000, 'x') as x", false),
        ("select length(right_pad(beat, ward * 30000, 'x')) as x", false),
        (
            "select replace(replace(replace(beat, '4', 'YYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY'), 'Y', 'ZZZZZZZZZZZZZZZZZZZZZZ'), 'Z', left_pad(beat, 99, 'x')) as x",
            false,
        ),
        (long_literal.as_str(), false),
        ("select left_pad(beat, 30, 'x') as x", true),
        ("select left_pad(beat, ward, 'x') || beat as x, replace(beat, '0', beat) as y", true),
    ] {
        let tables = vec![Asking::Shelf(shelf.clone())];
        let planned = planned(&tables, &Asked::Whole(question.to_owned()), None).unwrap();
        let answered = runtime.block_on(async {
            let answer = ask(&engine, tables, &planned).await.map_err(|fault| fault.code())?;
            let batches = answer.batches.try_collect::<Vec<RecordBatch>>().await;
            batches.map(drop).map_err(|error| clear_stats::soql::fault(error).code())
        });
        assert_eq!(answered, if is_answered { Ok(()) } else { Err("query.execution.too-large") }, "{question}");
        assert!(peak() < 1 << 30, "{question} took {} bytes", peak());
    }
}

#[test]
fn all_rows_in_an_order_come_whatever_the_limit_that_is_said() {
    let reach = all();
    let shelf = forty().shelf("incidents", &Sight::of(&reach)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = std::env::temp_dir().join(format!("openclear-all-{}", std::process::id()));
    // Too little for a heap of the rows that are asked for; a sort goes to the disk.
    let limits = Limits { memory_bytes: 3 << 20, spill: Some(folder.clone()), spill_bytes: 1 << 30 };
    let engine = Engine::new(&limits).unwrap();
    let ids = |question: &str| -> Result<Vec<String>, Fault> {
        let batches: Vec<RecordBatch> = runtime.block_on(async {
            let stream = engine.sql(vec![("t", shelf.clone())], question).await?;
            stream.try_collect().await.map_err(Fault::of)
        })?;
        let texts = batches.iter().flat_map(|batch| {
            let column = batch.column_by_name(":id").unwrap().as_string_view().clone();
            (0..column.len()).map(move |row| column.value(row).to_owned()).collect::<Vec<_>>()
        });
        Ok(texts.collect())
    };
    let sorted = ids(r#"select * from t order by ":id" limit 1000000000"#).unwrap();
    assert!(sorted.len() == 40 && sorted.is_sorted());
    let turned = ids(r#"select ":id", beat from t order by beat, ":id" desc"#).unwrap();
    assert_eq!(turned.iter().rev().collect::<Vec<_>>(), sorted.iter().collect::<Vec<_>>());
    // What no quick way is for is sorted by the engine, with a limit above.
    let many = r#"select a.":id" from t a cross join t b cross join t c order by upper(a.":id"), b.":id", c.":id" limit 1000000000"#;
    let many = ids(many).unwrap();
    assert!(many.len() == 64_000 && many.is_sorted());
    drop(engine);
    std::fs::remove_dir_all(&folder).unwrap();
}
