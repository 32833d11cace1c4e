//! The SQL box: one query over what the asker may see of the incidents.
//!
//! # How
//! The query is planned over a shelf, in which hidden rows and columns do not exist, and runs in a session that has nothing
//! else. It runs on a thread of its own with a deep stack, because a query can be nested as deep as it is long, and
//! ends after a time, because one can be asked that never would.
//!
//! INVARIANT (a row is a disclosure): the plan carries which records each row is made of, and the log has those of the rows that
//! left. A figure of many records names none.

use std::collections::BTreeSet;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clear_policy::Grant;
use clear_record::{RecordId, Seq};
use clear_stats::{Engine, Fault, Piece, Shelf};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use crate::{Error, Question, Shelves};

/// A query in SQL over the table `incidents`. It reads, and does nothing else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sql {
    /// The query.
    pub sql: String,
    /// How many rows at most: 1,000 unless said, 10,000 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// How the answer is written: `table` unless said, `ndjson`, `csv` or `parquet`.
    #[serde(skip_serializing_if = "SqlForm::is_table")]
    pub form: SqlForm,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SqlForm {
    /// Columns, then rows, in one JSON object.
    #[default]
    Table,
    /// One JSON object a line.
    Ndjson,
    /// A heading, then one row a line.
    Csv,
    /// An Apache Parquet file, with the types that the query gives.
    Parquet,
}

impl SqlForm {
    fn is_table(&self) -> bool {
        *self == SqlForm::Table
    }
}

const SQL_CHARS_MAX: usize = 8_000;
const LIMIT_DEFAULT: usize = 1_000;
const LIMIT_MAX: usize = 10_000;
/// Characters of an answer, all values together.
const ANSWER_CHARS_MAX: usize = 8_000_000;
/// How long a query may take.
const TIME_MAX: Duration = Duration::from_secs(60);
const STACK_BYTES: usize = 256 << 20;
/// Queries that run at once; the others wait.
static RUNNING: Semaphore = Semaphore::const_new(2);

/// What a query found.
#[derive(Debug, Default)]
pub struct SqlMatch {
    /// The columns in order, each with what it holds.
    pub columns: Vec<(String, &'static str)>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more.
    pub more: bool,
    /// The records that the rows are made of.
    pub told: BTreeSet<RecordId>,
    /// How it is to be written.
    pub form: SqlForm,
    /// The same rows with their types, for a file that has types.
    pub typed: Option<(SchemaRef, Vec<RecordBatch>)>,
}

fn wrong(what: impl Into<String>) -> Error {
    Error::Question(what.into())
}

impl Question for Sql {
    type Match = SqlMatch;
    const NAME: &'static str = "sql";

    async fn run(&self, shelves: &Shelves, grant: &Grant, _seq: Seq) -> Result<SqlMatch, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if limit > LIMIT_MAX {
            return Err(wrong(format!("limit is at most {LIMIT_MAX}")));
        }
        if self.sql.trim().is_empty() {
            return Err(wrong("say what: select primary_type, count(*) from incidents group by 1 order by 2 desc"));
        }
        if self.sql.chars().count() > SQL_CHARS_MAX {
            return Err(wrong(format!("a query has at most {SQL_CHARS_MAX} characters")));
        }
        let ties = shelves.ties(grant);
        let shelf = shelves.folds().columns.shelf("incidents", &ties.sight(grant));
        let shelf = shelf.ok_or_else(|| wrong("there is no such set here"))?;
        let engine = shelves.engine()?.clone();
        let _turn = RUNNING.acquire().await;
        deep(engine, shelf, self.clone(), limit).await
    }
}

/// Runs a query on a thread with a deep stack.
async fn deep(engine: Engine, shelf: Shelf, question: Sql, limit: usize) -> Result<SqlMatch, Error> {
    let (told, answer) = oneshot::channel();
    let runtime = Handle::current();
    let work = move || {
        let found = runtime.block_on(async {
            tokio::time::timeout(TIME_MAX, rows(&engine, shelf, &question, limit)).await.unwrap_or_else(|_| {
                Err(wrong(format!(
                    "the query took more than {} seconds: filter, or count less at a time",
                    TIME_MAX.as_secs()
                )))
            })
        });
        // Whoever asked may be gone.
        drop(told.send(found));
    };
    let thread = std::thread::Builder::new().name("sql".to_owned()).stack_size(STACK_BYTES).spawn(work);
    if thread.is_err() {
        return Err(wrong("the machine is too busy for queries; ask again later"));
    }
    // A query that the engine stumbles over is one that it does not run.
    answer.await.unwrap_or_else(|_| Err(wrong("the engine cannot run this query; write it otherwise")))
}

async fn rows(engine: &Engine, shelf: Shelf, question: &Sql, limit: usize) -> Result<SqlMatch, Error> {
    let mut answer = engine.told("incidents", shelf, &question.sql).await.map_err(of_engine)?;
    let schema = answer.schema();
    let columns = schema.fields().iter().map(|field| (field.name().clone(), holds(field.data_type()))).collect();
    let mut found = SqlMatch { columns, form: question.form, ..SqlMatch::default() };
    let (mut chars, mut typed) = (0, Vec::new());
    while let Some(piece) = answer.next(limit - found.rows.len()).await {
        let Piece { batch, records, cut } = piece.map_err(of_engine)?;
        found.told.extend(records);
        for row in values(&batch)? {
            chars += row.iter().map(|value| value.as_str().map_or(8, str::len)).sum::<usize>();
            if chars > ANSWER_CHARS_MAX {
                return Err(wrong("the answer is too long: name fewer columns or rows"));
            }
            found.rows.push(row);
        }
        if question.form == SqlForm::Parquet {
            typed.push(batch);
        }
        found.more = cut;
        if cut {
            break;
        }
    }
    found.typed = (question.form == SqlForm::Parquet).then_some((schema, typed));
    Ok(found)
}

fn of_engine(fault: Fault) -> Error {
    if let Fault::Cold(error) = fault {
        return Error::Cold(error);
    }
    if let Fault::Ours(what) = &fault {
        tracing::error!("the analysis engine stumbled over a query: {what}");
        return wrong("the engine cannot run this query; write it otherwise");
    }
    wrong(fault.to_string())
}

fn holds(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "checkbox",
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => "floating_timestamp",
        of if of.is_numeric() => "number",
        _ => "text",
    }
}

/// The rows of a batch: numbers and flags as such, everything else as text.
fn values(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, Error> {
    let options = FormatOptions::default().with_null("");
    let mut rows: Vec<Vec<Value>> = (0..batch.num_rows()).map(|_| Vec::with_capacity(batch.num_columns())).collect();
    for column in batch.columns() {
        let shown = ArrayFormatter::try_new(column.as_ref(), &options).map_err(|error| wrong(error.to_string()))?;
        let of = holds(column.data_type());
        for (at, row) in rows.iter_mut().enumerate() {
            if column.is_null(at) {
                row.push(Value::Null);
                continue;
            }
            let text = shown.value(at).try_to_string().map_err(|error| wrong(error.to_string()))?;
            let value = match of {
                "number" => serde_json::from_str(&text).ok().filter(Value::is_number),
                "checkbox" => Some(Value::Bool(text == "true")),
                _ => None,
            };
            row.push(value.unwrap_or(Value::String(text)));
        }
    }
    Ok(rows)
}
