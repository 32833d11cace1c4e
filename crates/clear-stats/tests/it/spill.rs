//! A question that needs more memory than there is spills, or is refused; nothing is killed and nothing is left.

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
