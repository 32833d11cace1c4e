//! The seven questions of analysis over many crimes: `cargo run --profile demo -p clear-stats --example analysis -- 8000000 DIR OUT`.
//!
//! DIR has the public extract, one `crimes_*.csv.zst` a year. Its rows are repeated, with shifted ids, case numbers and dates, to
//! as many as are said, and folded into the set `crimes`. Prints what memory they take, and for each question the milliseconds of the
//! wall and of all cores, the best of five. With OUT, writes the same rows as `OUT/crimes.parquet`, for `scripts/bench/analysis.py`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a measurement: it reads the files it is given"
)]

use std::io::BufReader;
use std::path::PathBuf;
use std::time::Instant;

use clear_record::{
    AccountId, AgencyId, Kind, Label, LabelId, LabelSet, Method, PerClass, Provenance, Reach, RecordId, Seq, Sight,
    Version,
};
use clear_stats::sets::{CRIMES, Derive, Rows, Set};
use clear_stats::{Columns, Engine, Limits, RecordBatch, Shelf, Value, parquet};
use jiff::Timestamp;
use jiff::civil::DateTime;

/// The questions, as the bars number them.
const QUESTIONS: &[(&str, &str)] = &[
    ("1 type, year", "select primary_type, year, count(*) from crimes group by primary_type, year"),
    (
        "2 box, dates, by day",
        "select date_trunc('day', date), count(*) from crimes where latitude between 41.86 and 41.92 and longitude between -87.7 \
         and -87.62 and date >= timestamp '2016-01-01' and date < timestamp '2017-01-01' group by 1 order by 1",
    ),
    (
        "3 box, by month",
        "select date_trunc('month', date), count(*) from crimes where latitude between 41.86 and 41.92 and longitude between \
         -87.7 and -87.62 group by 1 order by 1",
    ),
    ("4 newest 100", "select * from crimes where primary_type = 'HOMICIDE' order by date desc, \":id\" limit 100"),
    ("5 distinct cases", "select count(distinct case_number) from crimes"),
    ("6 district, blocks", "select district, count(distinct block) from crimes group by district order by district"),
    (
        "7 text match",
        "select count(*) from crimes where description like '%GUN%' or location_description like '%SCHOOL%'",
    ),
];

const DAY: i64 = 86_400_000_000;
/// By how much each repetition is shifted.
const SHIFT_DAYS: i64 = 2_190;

/// Gives out the rows that it was given.
struct Given(Vec<Vec<Option<Value>>>);

impl Derive for Given {
    fn set(&self) -> &'static Set {
        &CRIMES
    }

    fn derive(&mut self, version: &Version, _: Option<&Label>) -> Vec<Rows> {
        let (at, count) = (version.seq.0 as usize - 1, self.0.len());
        let (row, turn) = (&self.0[at % count], (at / count) as i64);
        let mut row = row.clone();
        for (column, value) in CRIMES.columns.iter().zip(&mut row) {
            match (column.field_name, value) {
                ("id", Some(Value::Number(id))) => *id += 20_000_000.0 * turn as f64,
                ("case_number", Some(Value::Text(text))) if turn > 0 => *text = format!("{turn}{text}"),
                ("date" | "updated_on", Some(Value::Time(time))) => *time += turn * SHIFT_DAYS * DAY,
                ("year", value) => *value = None,
                _ => {}
            }
        }
        if let Some(Value::Time(time)) = row[2] {
            let year = Timestamp::from_microsecond(time).unwrap().strftime("%Y").to_string();
            row[17] = Some(Value::Number(year.parse().unwrap()));
        }
        vec![Rows { id: version.id, label: version.label, rows: vec![row] }]
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [wanted, folder, out @ ..] = arguments.as_slice() else { panic!("ROWS DIR [OUT]") };
    let wanted: usize = wanted.parse().expect("a number of rows");
    let given = read(&PathBuf::from(folder));
    println!("{} rows read", given.len());
    let mut columns = Columns::of(vec![Box::new(Given(given))]);
    let began = Instant::now();
    let agency: AgencyId = "police".parse().unwrap();
    let author: AccountId = "clerk".parse().unwrap();
    for at in 0..wanted {
        let provenance = Provenance {
            agency: agency.clone(),
            author: author.clone(),
            method: Method::Imported,
            source: "chicago-crimes".into(),
            reference: None,
            derived: Default::default(),
        };
        let now = Timestamp::UNIX_EPOCH;
        columns.apply(&Version {
            seq: Seq(at as u64 + 1),
            id: RecordId { kind: Kind::Incident, raw: (at as u128 + 1) << 64 | at as u128 },
            label: LabelId((at % 20) as u32),
            valid_from: now,
            recorded_at: now,
            provenance,
            record: None,
        });
    }
    println!("folded in {:.1} s; ragged: {}", began.elapsed().as_secs_f64(), columns.is_ragged());
    let began = Instant::now();
    columns.compact();
    println!("put in order in {:.1} s; {} MB", began.elapsed().as_secs_f64(), columns.bytes() / 1_000_000);
    let labels: LabelSet = (0..20).map(LabelId).collect();
    let half: LabelSet = (0..20).filter(|label| label % 2 == 0).map(LabelId).collect();
    let engine = Engine::new(&Limits { memory_bytes: 4 << 30, ..Limits::default() }).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (who, labels) in [("all labels", labels.clone()), ("every second label", half)] {
        let reach = Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| labels.clone()) };
        let shelf = columns.shelf("crimes", &Sight::of(&reach)).unwrap();
        println!(
            "\n{who}: {} rows\n\n| question | wall ms | CPU ms | rows |\n|---|---|---|---|",
            shelf.rows().unwrap()
        );
        for (name, sql) in QUESTIONS {
            let (wall, cpu, rows) = measured(&runtime, &engine, &shelf, sql);
            println!("| {name} | {wall:.1} | {cpu:.1} | {rows} |");
        }
    }
    if let [out, ..] = out {
        let reach = Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| labels.clone()) };
        let shelf = columns.shelf("crimes", &Sight::of(&reach)).unwrap();
        let began = Instant::now();
        let file = std::fs::File::create(PathBuf::from(out).join("crimes.parquet")).unwrap();
        let rows = parquet(&shelf, None, std::io::BufWriter::new(file)).unwrap();
        println!("\n{rows} rows written in {:.1} s", began.elapsed().as_secs_f64());
    }
}

/// The best of five: wall and CPU milliseconds, and rows of the answer.
fn measured(runtime: &tokio::runtime::Runtime, engine: &Engine, shelf: &Shelf, sql: &str) -> (f64, f64, usize) {
    let mut best = (f64::MAX, f64::MAX, 0);
    for _ in 0..5 {
        let (began, cpu) = (Instant::now(), cpu_ms());
        let rows = runtime.block_on(async {
            let stream = engine.sql(vec![("crimes", shelf.clone())], sql).await.unwrap();
            let batches: Vec<RecordBatch> = futures_util::TryStreamExt::try_collect(stream).await.unwrap();
            batches.iter().map(RecordBatch::num_rows).sum()
        });
        let took = began.elapsed().as_secs_f64() * 1e3;
        if took < best.0 {
            best = (took, cpu_ms() - cpu, rows);
        }
    }
    best
}

/// Milliseconds of all cores that this process has taken.
fn cpu_ms() -> f64 {
    let text = std::fs::read_dir("/proc/self/task").unwrap();
    let of = |task: std::fs::DirEntry| -> Option<f64> {
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<f64>().ok()
    };
    text.flatten().filter_map(of).sum::<f64>() / 1e6
}

fn read(folder: &std::path::Path) -> Vec<Vec<Option<Value>>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut rows = Vec::new();
    for file in files.iter().filter(|file| file.to_string_lossy().ends_with(".csv.zst")) {
        let bytes = zstd::Decoder::new(BufReader::new(std::fs::File::open(file).unwrap())).unwrap();
        let mut reader = csv::Reader::from_reader(bytes);
        for record in reader.records() {
            let record = record.unwrap();
            let text = |at: usize| record.get(at).filter(|text| !text.is_empty());
            let words = |at: usize| text(at).map(|text| Value::Text(text.to_owned()));
            let number = |at: usize| text(at).and_then(|text| text.parse().ok()).map(Value::Number);
            let flag = |at: usize| text(at).map(|text| Value::Boolean(text == "true"));
            let time = |at: usize| {
                let time = DateTime::strptime("%m/%d/%Y %I:%M:%S %p", text(at)?).ok()?;
                let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
                Some(Value::Time(time.as_microsecond()))
            };
            rows.push(vec![
                number(0),
                words(1),
                time(2),
                words(3),
                words(4),
                words(5),
                words(6),
                words(7),
                flag(8),
                flag(9),
                words(10),
                words(11),
                number(12),
                words(13),
                words(14),
                number(15),
                number(16),
                None,
                time(17),
                number(18),
                number(19),
                None,
            ]);
        }
    }
    rows
}
