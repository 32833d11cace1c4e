//! Measures rows that arrive one at a time: `--example arrive -- FILE.csv ROLE=COLUMN,… ARRIVING`.
//!
//! All rows but the last `ARRIVING` are linked together; those arrive one by one. Printed: what one costs, and how far the
//! clusters are those of a batch over all rows (F1 of the pairs that either has in a cluster).

#![allow(clippy::disallowed_methods, reason = "a measurement: it reads the file that it is given")]
#![allow(missing_docs, unreachable_pub, reason = "an example has no callers")]

use std::time::{Duration, Instant};

use clear_link::metrics::Truth;
use clear_link::{Linked, Linker, Options, Role, Table, link};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, map, arriving] = args.as_slice() else { return Err("FILE.csv ROLE=COLUMN,… ARRIVING".into()) };
    let arriving: usize = arriving.parse()?;
    let map = clear_link::mapped(map.split(','))?;
    let mut reader = csv::Reader::from_path(file)?;
    let columns = reader.headers()?.clone();
    let place = |name: &str| columns.iter().position(|column| column == name).ok_or(format!("no column `{name}`"));
    let wanted: Vec<usize> = map.iter().map(|(_, column)| place(column)).collect::<Result<_, _>>()?;
    let roles: Vec<Role> = map.iter().map(|(role, _)| *role).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for record in reader.records() {
        let record = record?;
        rows.push(wanted.iter().map(|at| record.get(*at).unwrap_or_default().to_owned()).collect());
    }
    let linked = |rows: &[Vec<String>]| -> Linked {
        let mut table = Table::new(&roles);
        for row in rows {
            table.push(row.iter().map(String::as_str));
        }
        link(table, &Options::default(), &mut |_| {})
    };
    let before = rows.len().saturating_sub(arriving);
    let (first, last) = rows.split_at(before);
    println!("| step | rows | wall s |\n|---|---|---|");
    let began = Instant::now();
    let batch = linked(first);
    println!("| batch of the rows that are there | {before} | {:.2} |", began.elapsed().as_secs_f64());
    let began = Instant::now();
    let mut linker = Linker::new(batch);
    println!("| made ready for more | {before} | {:.2} |", began.elapsed().as_secs_f64());
    let mut times: Vec<Duration> = Vec::with_capacity(last.len());
    for row in last {
        let began = Instant::now();
        linker.insert(row.iter().map(String::as_str));
        times.push(began.elapsed());
    }
    let all: Duration = times.iter().sum();
    println!("| one at a time | {} | {:.2} |", last.len(), all.as_secs_f64());
    times.sort_unstable();
    let at = |share: f64| {
        let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    println!("\none row: p50 {:.3} ms, p99 {:.3} ms, at most {:.3} ms", at(0.50), at(0.99), at(1.0));
    let whole = linked(&rows);
    let alike = Truth { persons: &whole.clusters, split: None }.of_clusters(linker.clusters());
    println!("beside a batch of all rows: F1 of pairs in clusters {:.5}", alike.f1());
    Ok(())
}
