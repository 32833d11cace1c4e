//! Figures on demand, never a timed test: `cargo test -p clear-stats --release --test it -- --ignored --nocapture`.

use std::time::Instant;

use clear_stats::Columns;

use crate::{all, ask, version};

#[test]
#[ignore = "figures, not a test; minutes in a debug build"]
fn figures_for_counts() {
    let mut columns = Columns::new();
    let start = Instant::now();
    for seq in 1..=500_000u64 {
        let json = format!(
            r#"{{"case_number":"HX{seq:06}","occurred_from":"20{:02}-0{}-11T10:00:00","beat":"{:04}","ward":{},"offences":[{{"iucr":"{:04}","primary_type":"TYPE {}"}}]}}"#,
            10 + seq % 9,
            1 + seq % 9,
            seq * 7 % 277,
            seq % 50,
            seq % 400,
            seq * 13 % 31,
        );
        columns.apply(&version(seq, u128::from(seq) << 64, 0, Some(&json)));
    }
    println!("500,000 incidents in {:.1?}", start.elapsed());
    for question in ["", "primary_type, year", "beat | occurred_from >= '2015-01-01' and primary_type like '%1%'"] {
        let start = Instant::now();
        let answer = ask(&columns, question, &all());
        println!("{:.1?} {question:?} {} bytes", start.elapsed(), answer.len());
    }
}
