//! The sample that questions are asked of, and answers as lines of text.

use std::sync::Arc;

use clear_soql::plan::{Field, Schema, Table};
use clear_soql::{SoqlType, types};
use clear_stats::soql::{self, Asked, Fault, layout, number_shown};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch, StringViewArray, StructArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Field as ArrowField, Float64Type, Schema as ArrowSchema, TimestampMicrosecondType,
};
use datafusion::catalog::MemTable;
use datafusion::datasource::provider_as_source;
use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::TableSource;
use futures_util::TryStreamExt;

const CRIMES: [(&str, SoqlType); 13] = [
    (":id", SoqlType::Text),
    (":updated_at", SoqlType::FixedTimestamp),
    ("id", SoqlType::Number),
    ("case_number", SoqlType::Text),
    ("date", SoqlType::FloatingTimestamp),
    ("block", SoqlType::Text),
    ("primary_type", SoqlType::Text),
    ("arrest", SoqlType::Checkbox),
    ("domestic", SoqlType::Checkbox),
    ("beat", SoqlType::Text),
    ("ward", SoqlType::Number),
    ("amount", SoqlType::Number),
    ("location", SoqlType::Point),
];

const WARDS: [(&str, SoqlType); 4] =
    [(":id", SoqlType::Text), ("ward", SoqlType::Number), ("name", SoqlType::Text), ("members", SoqlType::Number)];

fn column(texts: &[Option<&str>], soql_type: SoqlType) -> ArrayRef {
    let read = |read: fn(&str) -> Option<i64>| texts.iter().map(move |text| read((*text)?));
    match soql_type {
        SoqlType::Number => Arc::new(texts.iter().map(|text| types::number((*text)?)).collect::<Float64Array>()),
        SoqlType::Checkbox => Arc::new(texts.iter().map(|text| types::checkbox((*text)?)).collect::<BooleanArray>()),
        SoqlType::FloatingTimestamp => Arc::new(read(types::floating).collect::<TimestampMicrosecondArray>()),
        SoqlType::FixedTimestamp => {
            Arc::new(read(types::fixed).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        SoqlType::Point => {
            let points: Vec<Option<[f64; 2]>> =
                texts.iter().map(|text| Some(types::shape((*text)?)?.parts[0][0][0])).collect();
            let axis = |axis: usize| -> ArrayRef {
                Arc::new(points.iter().map(|point| point.map(|point| point[axis])).collect::<Float64Array>())
            };
            let DataType::Struct(fields) = layout(SoqlType::Point) else { panic!() };
            let there: Vec<bool> = points.iter().map(Option::is_some).collect();
            Arc::new(StructArray::new(fields, vec![axis(0), axis(1)], Some(there.into())))
        }
        _ => Arc::new(texts.iter().copied().collect::<StringViewArray>()),
    }
}

fn table(file: &str, fields: &[(&str, SoqlType)]) -> (Table, Arc<dyn TableSource>) {
    let rows: Vec<Vec<&str>> = file.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let columns = fields.iter().enumerate().map(|(at, (_, soql_type))| {
        let texts: Vec<Option<&str>> =
            rows.iter().map(|row| row.get(at).copied().filter(|text| !text.is_empty())).collect();
        column(&texts, *soql_type)
    });
    let columns: Vec<ArrayRef> = columns.collect();
    let arrow = fields.iter().map(|(name, of)| ArrowField::new(*name, layout(*of), true)).collect::<Vec<_>>();
    let schema = Arc::new(ArrowSchema::new(arrow));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let provider = MemTable::try_new(schema, vec![vec![batch]]).unwrap();
    let fields = fields.iter().map(|(name, of)| Field::new(name, *of)).collect();
    (Table { names: Vec::new(), fields }, provider_as_source(Arc::new(provider)))
}

fn tables() -> (Schema, Vec<Arc<dyn TableSource>>) {
    let (mut crimes, crimes_source) = table(include_str!("sample.tsv"), &CRIMES);
    let (mut wards, wards_source) = table(include_str!("wards.tsv"), &WARDS);
    crimes.names = vec!["ijzp-q8t2".into(), "crimes".into()];
    wards.names = vec!["abcd-1234".into(), "wards".into()];
    (Schema { tables: vec![crimes, wards] }, vec![crimes_source, wards_source])
}

fn session(memory: usize) -> SessionContext {
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0).build_arc().unwrap();
    SessionContext::new_with_config_rt(SessionConfig::new().with_target_partitions(1), runtime)
}

/// An answer as text: values parted by `|`, rows by ` / `, NULL as `-`.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: String,
}

pub(crate) struct Answered(pub(crate) Result<Shown, Fault>);

impl Answered {
    /// The rows, or `!code row:column`.
    pub(crate) fn shown(self) -> String {
        match self.0 {
            Ok(shown) => shown.rows,
            Err(fault) => match fault.position() {
                Some(at) => format!("!{} {}:{}", fault.code(), at.row, at.column),
                None => format!("!{} {fault:?}", fault.code()),
            },
        }
    }
}

pub(crate) fn ask(question: &str) -> String {
    asked(&Asked::Whole(question.to_owned())).shown()
}

pub(crate) fn asked(asked: &Asked) -> Answered {
    Answered(answered(256 << 20, asked))
}

pub(crate) fn with_memory(bytes: usize, question: &str) -> Result<Shown, Fault> {
    answered(bytes, &Asked::Whole(question.to_owned()))
}

fn answered(memory: usize, asked: &Asked) -> Result<Shown, Fault> {
    let (schema, tables) = tables();
    let planned = soql::planned(asked, &schema)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let answer = soql::answer(&session(memory), &planned, &tables).await?;
        let mut lines = Vec::new();
        let batches: Vec<RecordBatch> = answer.batches.try_collect().await.map_err(soql::fault)?;
        for batch in batches {
            assert_eq!(batch.num_columns(), answer.fields.len());
            for row in 0..batch.num_rows() {
                let values = batch.columns().iter().zip(&answer.fields);
                lines.push(values.map(|(column, field)| value(column, row, field)).collect::<Vec<_>>().join("|"));
            }
        }
        Ok(Shown { fields: answer.fields, rows: lines.join(" / ") })
    })
}

fn value(column: &ArrayRef, row: usize, field: &Field) -> String {
    assert_eq!(*column.data_type(), layout(field.soql_type), "{}", field.name);
    if column.is_null(row) {
        return "-".to_owned();
    }
    let time = |micros: i64| {
        let at = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0) + jiff::Span::new().microseconds(micros);
        at.strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string()
    };
    match field.soql_type {
        SoqlType::Number => number_shown(column.as_primitive::<Float64Type>().value(row)),
        SoqlType::Checkbox => column.as_boolean().value(row).to_string(),
        SoqlType::FloatingTimestamp => time(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        SoqlType::FixedTimestamp => time(column.as_primitive::<TimestampMicrosecondType>().value(row)) + "Z",
        SoqlType::Point => {
            let point = column.as_struct();
            let axis = |axis: usize| point.column(axis).as_primitive::<Float64Type>().value(row);
            format!("POINT ({} {})", axis(0), axis(1))
        }
        _ => column.as_string_view().value(row).to_owned(),
    }
}
