//! Measures the name matcher on labelled pairs: `cargo run --release -p clear-names --example name_bench -- CASES.csv`.
//!
//! In:    a CSV file with the columns `case_group,schema,name1,name2,is_match`; rows of other schemas than `Person` are left out.
//! Out:   precision, recall and F1 in all, by group and by half, nanoseconds a pair; with `--scores` a line for each pair.
//! Never: changes what the matcher does: labels are for measuring.
#![allow(clippy::cast_precision_loss, reason = "counts of rows")]
#![allow(clippy::indexing_slicing, reason = "an example stops at a file that is not what it asks for")]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Instant;

use clear_names::{MATCH, Name, compare, compare_names};

struct Case {
    group: String,
    a: String,
    b: String,
    same: bool,
    score: f32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file? name_bench CASES.csv [--scores]")?;
    let cases = cases(&path)?;
    if arguments.next().is_some() {
        for case in &cases {
            println!("{:.3}\t{}\t{}\t{}\t{:?}", case.score, case.same, case.a, case.b, compare(&case.a, &case.b).pairs);
        }
        return Ok(());
    }
    let all: Vec<&Case> = cases.iter().collect();
    println!("{:<24} {:>5} {:>9} {:>7} {:>6}", "pairs", "n", "precision", "recall", "F1");
    show("all", &all, MATCH);
    for group in cases.iter().map(|case| case.group.as_str()).collect::<BTreeSet<_>>() {
        show(group, &cases.iter().filter(|case| case.group == group).collect::<Vec<_>>(), MATCH);
    }
    // The threshold is a constant that was not looked for here. Had it been, on one part, the other parts would say this:
    let halves: [Vec<&Case>; 2] = [0, 1].map(|half| cases.iter().skip(half).step_by(2).collect());
    for (name, learnt, tested) in [("even", &halves[1], &halves[0]), ("odd", &halves[0], &halves[1])] {
        show(&format!("{name} rows"), tested, MATCH);
        let best = best(learnt);
        show(&format!("{name} at others' {best:.2}"), tested, best);
    }
    for group in cases.iter().map(|case| case.group.as_str()).collect::<BTreeSet<_>>() {
        let (tested, learnt): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.group == group);
        let best = best(&learnt);
        show(&format!("{group} at others' {best:.2}"), &tested, best);
    }
    for threshold in [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9] {
        show(&format!("all at {threshold:.2}"), &all, threshold);
    }
    speed(&cases);
    Ok(())
}

fn cases(path: &str) -> Result<Vec<Case>, Box<dyn std::error::Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let header = reader.headers()?.clone();
    let column = |name: &str| header.iter().position(|own| own == name).ok_or(format!("no column {name}"));
    let (group, schema, a, b, same) =
        (column("case_group")?, column("schema")?, column("name1")?, column("name2")?, column("is_match")?);
    let mut cases = Vec::new();
    for row in reader.records() {
        let row = row?;
        if &row[schema] == "Person" {
            let (a, b) = (row[a].to_owned(), row[b].to_owned());
            let score = compare(&a, &b).score;
            cases.push(Case { group: row[group].to_owned(), a, b, same: &row[same] == "true", score });
        }
    }
    Ok(cases)
}

fn show(name: &str, cases: &[&Case], threshold: f32) {
    let (precision, recall, f1) = figures(cases, threshold);
    println!("{name:<24} {:>5} {precision:>9.3} {recall:>7.3} {f1:>6.3}", cases.len());
}

fn figures(cases: &[&Case], threshold: f32) -> (f64, f64, f64) {
    let count = |found: bool, same: bool| {
        cases.iter().filter(|case| (case.score >= threshold) == found && case.same == same).count() as f64
    };
    let (hits, wrong, missed) = (count(true, true), count(true, false), count(false, true));
    (hits / (hits + wrong), hits / (hits + missed), 2.0 * hits / (2.0 * hits + wrong + missed))
}

fn best(cases: &[&Case]) -> f32 {
    let thresholds = (10u8..=99).map(|hundredth| f32::from(hundredth) / 100.0);
    thresholds.max_by(|x, y| figures(cases, *x).2.total_cmp(&figures(cases, *y).2)).unwrap_or(MATCH)
}

/// Several rounds over all pairs; the fastest counts, since others use the machine too.
fn speed(cases: &[Case]) {
    let names: Vec<(Name, Name)> = cases.iter().map(|case| (Name::of(&case.a), Name::of(&case.b))).collect();
    let fastest = |round: &dyn Fn()| {
        let seconds = (0..200).map(|_| {
            let start = Instant::now();
            round();
            start.elapsed().as_secs_f64()
        });
        seconds.fold(f64::INFINITY, f64::min) * 1e9 / cases.len() as f64
    };
    let written = fastest(&|| cases.iter().for_each(|case| drop(black_box(compare(&case.a, &case.b)))));
    let ready = fastest(&|| names.iter().for_each(|(a, b)| drop(black_box(compare_names(a, b)))));
    println!("nanoseconds a pair: {written:.0} as written, {ready:.0} made ready before");
}
