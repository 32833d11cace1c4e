//! `openclear link` from outside: what comes out, what keeps it the same, and what bad files do.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clear_testkit::names;
use clear_testkit::rng::Rng;
use serde_json::Value;
use tempfile::TempDir;

use crate::bed::{run, stderr, stdout};

const HEADER: &str = "id,first,last,dob,phone,who";
const MAP: &str = "given_name=first,surname=last,date_of_birth=dob,phone=phone";

/// Invented rows, one to three a person, with a typing error here and there.
fn persons(count: usize, seed: u64) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let mut rows = Vec::new();
    for person in 0..count {
        let name = names::person(&mut rng);
        let birth = format!("{}-{:02}-{:02}", 1940 + rng.below(60), 1 + rng.below(12), 1 + rng.below(28));
        let phone = format!("555{:07}", rng.below(10_000_000));
        for _ in 0..=rng.below(3) {
            let last = if rng.percent(15) { names::typo(&mut rng, name.family) } else { name.family.to_owned() };
            let phone = if rng.percent(60) { phone.as_str() } else { "" };
            rows.push(format!("{},{last},{birth},{phone},P{person}", name.given));
        }
    }
    rows.iter().enumerate().map(|(at, row)| format!("R{at},{row}")).collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, header: &str, rows: &[String]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        path
    }

    /// Links with `--out` and `--json`; the figures, and the clusters as they were written.
    fn link(&self, files: &[&Path], more: &[&str]) -> (Value, String) {
        let out = self.path("clusters.csv");
        let files = files.iter().map(|file| file.to_str().unwrap());
        let rest = ["--map", MAP, "--json", "--out", out.to_str().unwrap()];
        let args: Vec<&str> = ["link"].into_iter().chain(files).chain(rest).chain(more.iter().copied()).collect();
        let output = run(&args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        (serde_json::from_str(&stdout(&output)).unwrap(), fs::read_to_string(out).unwrap())
    }
}

/// The clusters by file and row.
fn clusters(written: &str) -> BTreeMap<(String, String), String> {
    let mut lines = written.lines();
    assert_eq!(lines.next(), Some("file,id,cluster"));
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    lines.map(cells).map(|cells| ((cells[0].clone(), cells[1].clone()), cells[2].clone())).collect()
}

#[test]
fn every_row_gets_a_cluster_and_the_figures_say_how_good_they_are() {
    let folder = Folder::new();
    let rows = persons(400, 1);
    let file = folder.file("persons.csv", HEADER, &rows);
    let (figures, written) = folder.link(&[&file], &["--truth", "who"]);
    assert_eq!(figures["rows"], rows.len());
    assert_eq!(clusters(&written).len(), rows.len());
    assert!(figures["cluster"]["f1"].as_f64().unwrap() > 0.97, "{figures:#}");
    assert!(figures["pairwise"]["best"]["f1"].as_f64() >= figures["pairwise"]["0.5"]["f1"].as_f64(), "{figures:#}");
    for stage in ["read", "prepare", "candidates", "estimate", "score", "cluster", "write"] {
        assert!(figures["stages_s"][stage].is_number(), "no stage `{stage}`: {figures:#}");
    }
    assert!(figures["cpu_s"].is_number() && figures["peak_memory_mb"].as_u64() > Some(0), "{figures:#}");
    // The truth is for the figures: without it, the same clusters.
    let (plain, without) = folder.link(&[&file], &[]);
    assert_eq!(without, written);
    assert!(plain["pairwise"].is_null() && plain["cluster"].is_null());
    // In words, the same figures.
    let file = file.to_str().unwrap();
    let said = stdout(&run(&["link", file, "--map", MAP, "--truth", "who"]));
    assert!(said.contains(&format!("{} rows are {} persons", rows.len(), figures["clusters"])), "{said}");
    assert!(said.contains(&format!("F1 {}", figures["cluster"]["f1"])) && said.contains("s CPU"), "{said}");
}

#[test]
fn pairs_of_copies_count_like_all_others() {
    let folder = Folder::new();
    // A hundred rows that say the same, of which forty are somebody else's in truth, among three hundred who are nobody else.
    let copy = |at: usize| format!("{at},Ana,Cruz,1990-01-01,5550001,{}", if at < 60 { "A" } else { "B" });
    let other = |at: usize| format!("{at},Given{at},Family{at},19{:02}-03-{:02},,{at}", at % 80, at % 28 + 1);
    let rows: Vec<String> = (0..400).map(|at| if at < 100 { copy(at) } else { other(at) }).collect();
    let file = folder.file("copies.csv", HEADER, &rows);
    let (figures, _) = folder.link(&[&file], &["--truth", "who"]);
    assert_eq!(figures["rows_copied"], 99, "{figures:#}");
    // 60 × 59 / 2 + 40 × 39 / 2 pairs are true, and 60 × 40 are said of a hundred rows' 4,950 that are not.
    for counted in [&figures["pairwise"]["0.5"], &figures["pairwise"]["0.99"], &figures["cluster"]] {
        let said = [&counted["tp"], &counted["fp"], &counted["fn"]].map(|count| count.as_u64());
        assert_eq!(said, [Some(2_550), Some(2_400), Some(0)], "{figures:#}");
    }
}

#[test]
fn a_model_that_was_saved_gives_the_same_clusters() {
    let folder = Folder::new();
    let file = folder.file("persons.csv", HEADER, &persons(300, 2));
    let model = folder.path("model.json");
    let with_model = ["--model", model.to_str().unwrap()];
    let (_, first) = folder.link(&[&file], &with_model);
    let saved = fs::read_to_string(&model).unwrap();
    let (_, second) = folder.link(&[&file], &with_model);
    assert_eq!(first, second);
    assert_eq!(fs::read_to_string(&model).unwrap(), saved, "a model that is used is not written again");
    assert!(!saved.contains("Smith"), "a model holds no value of a row");
    for (broken, says) in [
        ("{}", "not a model of this version"),
        (&*saved.replacen("0.", "0.1", 1), "digest does not fit"),
        ("x", "JSON"),
    ] {
        fs::write(&model, broken).unwrap();
        let output = run(&["link", file.to_str().unwrap(), "--map", MAP, with_model[0], with_model[1]]);
        assert_eq!(output.status.code(), Some(1), "{says}");
        assert!(stderr(&output).contains(says), "{says}: {}", stderr(&output));
    }
}

#[test]
fn a_report_has_its_charts_and_no_name() {
    let folder = Folder::new();
    let mut rows = persons(300, 3);
    rows.push("R9998,Zebedee,Quackenbosch,1950-01-02,5550001111,Z".to_owned());
    rows.push("R9999,Zebedee,Quackenbosh,1950-01-02,,Z".to_owned());
    let file = folder.file("persons.csv", HEADER, &rows);
    let report = folder.path("report.html");
    folder.link(&[&file], &["--report", report.to_str().unwrap(), "--truth", "who"]);
    let page = fs::read_to_string(report).unwrap();
    for chart in ["Match weights", "alibration", "luster", "orst"] {
        assert!(page.contains(chart), "no chart `{chart}`");
    }
    assert!(page.matches("<svg").count() >= 4, "{} charts", page.matches("<svg").count());
    assert!(!page.to_lowercase().contains("quackenbos"), "the report shows a name");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"), "{page}");
}

#[test]
fn two_files_are_linked_between_and_within() {
    let folder = Folder::new();
    let rows = persons(300, 4);
    let (odd, even): (Vec<_>, Vec<_>) = rows.iter().cloned().enumerate().partition(|(at, _)| at % 2 == 1);
    let of = |rows: Vec<(usize, String)>| rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
    let a = folder.file("a, or one.csv", HEADER, &of(even));
    let b = folder.file("b.csv", HEADER, &of(odd));
    let (figures, written) = folder.link(&[&a, &b], &["--truth", "who"]);
    assert_eq!(figures["rows"], rows.len());
    assert!(figures["cluster"]["f1"].as_f64().unwrap() > 0.97, "{figures:#}");
    assert!(figures["cluster_across_files"]["f1"].as_f64().unwrap() > 0.97, "{figures:#}");
    let quoted = format!("\"{}\",R0,", a.display());
    assert!(written.lines().any(|line| line.starts_with(&quoted)), "a comma in a file's name is quoted");
    assert_eq!(written.lines().filter(|line| line.starts_with(&b.display().to_string())).count(), rows.len() / 2);
}

#[test]
fn what_cannot_be_linked_is_said_plainly() {
    let folder = Folder::new();
    let good = folder.file("good.csv", HEADER, &persons(10, 5));
    let good = good.to_str().unwrap();
    let empty = folder.path("empty.csv");
    fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    let torn = folder.path("torn.parquet");
    fs::write(&torn, "PAR1 and nothing else").unwrap();
    let torn = torn.to_str().unwrap();
    let here = folder.0.path().to_str().unwrap();
    let nowhere = folder.path("nowhere/clusters.csv");
    let nowhere = nowhere.to_str().unwrap();
    let table: Vec<(&str, Vec<&str>, i32, Vec<&str>)> = vec![
        ("a column that is not there", vec![good, "--map", "surname=lst"], 1, vec!["no column `lst`", "`last`", good]),
        ("an id that is not there", vec![good, "--map", MAP, "--id", "nr"], 1, vec!["no column `nr`"]),
        ("a truth that is not there", vec![good, "--map", MAP, "--truth", "t"], 1, vec!["no column `t`"]),
        ("a role that is none", vec![good, "--map", "nose=last"], 1, vec!["`nose` is no role", "given_name"]),
        ("a role twice", vec![good, "--map", "surname=last,surname=first"], 1, vec!["`surname` is given twice"]),
        ("no equals sign", vec![good, "--map", "surname"], 1, vec!["ROLE=COLUMN"]),
        ("an empty map", vec![good, "--map", ""], 1, vec!["names no column"]),
        ("no map", vec![good], 2, vec!["--map"]),
        ("a file that is not there", vec!["/nowhere/persons.csv", "--map", MAP], 1, vec!["/nowhere/persons.csv"]),
        ("a second that is not there", vec![good, "/nowhere/b.csv", "--map", MAP], 1, vec!["/nowhere/b.csv"]),
        ("a folder", vec![here, "--map", MAP], 1, vec![here]),
        ("an empty file", vec![empty, "--map", MAP], 1, vec![empty]),
        ("a torn Parquet file", vec![torn, "--map", MAP], 1, vec![torn]),
        ("a folder to write to that is not there", vec![good, "--map", MAP, "--out", nowhere], 1, vec![nowhere]),
    ];
    let mut wrong = Vec::new();
    for (what, args, code, says) in table {
        let output = run(&[&["link"], &*args].concat());
        let said = stderr(&output);
        let told = says.iter().all(|words| said.contains(words)) && !said.contains("panicked");
        if output.status.code() != Some(code) || !told {
            wrong.push(format!("{what}: {} and not {code} with {says:?}: {said}", output.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn odd_rows_are_only_odd_rows() {
    let folder = Folder::new();
    let long = "X".repeat(10_000);
    let rows = |row: &dyn Fn(usize) -> String, count: usize| (0..count).map(row).collect::<Vec<_>>();
    // Every tenth has the same name and day of birth as the other tenths, and a number of its own.
    let crowded = |at: usize| match at % 10 {
        0 => format!("{at},Ana,Cruz,1990-01-01,{at},A"),
        _ => format!("{at},Given{at},Family{at},19{:02}-03-{:02},,A", at % 80, at % 28 + 1),
    };
    let table: Vec<(&str, Vec<String>)> = vec![
        ("a header alone", vec![]),
        ("one row", vec!["1,Ana,Cruz,1990-01-01,5550001,A".to_owned()]),
        ("no date", rows(&|at| format!("{at},Ana,Cruz,00/00/0000,,A"), 60)),
        ("no calendar's date", rows(&|at| format!("{at},Ana,Cruz{at},31/02/19{:02},,A", at % 90), 60)),
        ("null bytes", rows(&|at| format!("{at},A\0na,\0,\0\0,{at}\0,A"), 60)),
        ("emoji", rows(&|at| format!("{at},😀,👩‍👩‍👧{at},🎂,☎,A"), 60)),
        ("right to left", rows(&|at| format!("{at},محمد,بن علي{at},١٩٩٠,,A"), 60)),
        ("combining marks", rows(&|at| format!("{at},e\u{301}\u{302}\u{323},\u{301},1990-01-01,,A"), 60)),
        ("10,000 letters", rows(&|at| format!("{at},{long},{long}{at},{long},{long},A"), 60)),
        ("nothing", rows(&|_| ",,,,,".to_owned(), 60)),
        ("short rows", rows(&|at| format!("{at},Ana"), 60)),
        ("long rows", rows(&|at| format!("{at},Ana,Cruz,1990-01-01,5550001,A,B,C,D"), 60)),
        ("an open quote", rows(&|at| format!("{at},\"Ana,Cruz,1990-01-01,5550001,A"), 3)),
        ("2,000 rows that are the same", rows(&|at| format!("{at},Ana,Cruz,1990-01-01,5550001,A"), 2_000)),
        ("200 rows in one block", rows(&crowded, 2_000)),
    ];
    for (what, rows) in table {
        let file = folder.file("odd.csv", HEADER, &rows);
        let (figures, written) = folder.link(&[&file], &["--truth", "who"]);
        let count = figures["rows"].as_u64().unwrap();
        let lines = if written.contains('"') { 0 } else { written.lines().count() as u64 - 1 };
        assert!(count == lines || lines == 0, "{what}: {count} rows, {lines} lines");
        let pairs = figures["pairs_scored"].as_u64().unwrap();
        assert!(pairs <= 60 * count, "{what}: {pairs} pairs are compared for {count} rows");
        let said = |words: &str| {
            let said = stdout(&run(&["link", file.to_str().unwrap(), "--map", MAP]));
            assert!(said.contains(words), "{what}: {said}");
        };
        match what {
            // They say who somebody is, and say the same.
            "2,000 rows that are the same" => {
                assert_eq!((&figures["clusters"], &figures["rows_copied"]), (&1.into(), &1_999.into()), "{figures:#}");
                said("letter by letter");
            }
            // Too many to be compared each with each: a cap, and a word of it.
            "200 rows in one block" => {
                assert!(figures["rows_in_large_blocks"].as_u64() >= Some(200), "the cap is not said: {figures:#}");
                said("too large to be compared each with each");
            }
            _ => {}
        }
    }
}
