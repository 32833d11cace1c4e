//! The index is made again by command, and a start from what is kept answers as one that folds.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::bed::{Bed, run, stderr, stdout};

#[test]
fn the_index_is_made_again_by_command_and_answers_the_same() {
    let bed = Bed::city();
    let dir = bed.dir.to_str().unwrap();
    let told = |command: &str| {
        let output = run(&["index", command, "--dir", dir]);
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let answers = || {
        let server = bed.serve();
        let questions = [json!({"name": "garcia"}), json!({"name": "jon smiht"}), json!({"from": "2017-01-01"})];
        let answers = questions.map(|question| server.ask(&bed.find("officer", &question)).text());
        (answers, server.stop().1)
    };
    let snapshots = || -> Vec<PathBuf> {
        let entries = fs::read_dir(bed.dir.join("projections")).map(|entries| entries.map(|it| it.unwrap().path()));
        entries.map(Iterator::collect).unwrap_or_default()
    };
    assert_eq!(told("status").0, Some(4));
    let (folded, _) = answers();
    for path in snapshots() {
        fs::remove_file(path).unwrap();
    }
    let (code, said, wrong) = told("rebuild");
    assert_eq!(code, Some(0), "{wrong}");
    assert!(said.starts_with("Folded ") && said.contains("; kept "), "{said}");
    let (code, said, _) = told("status");
    assert!(code == Some(0) && said.contains(" behind the ledger"), "{said}");
    assert_eq!(snapshots().len(), 1);
    let (restored, said) = answers();
    assert_eq!(restored, folded);
    assert!(!said.contains("folded again"), "{said}");
    // What somebody changed is not taken, and the operator is told.
    let path = snapshots().pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (folded_again, said) = answers();
    assert_eq!(folded_again, folded);
    assert!(said.contains("folded again") || said.contains("is not taken"), "{said}");
}
