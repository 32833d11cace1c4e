//! Importing: what cannot be read changes nothing, and an interrupted load is redone without doubles.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use clear_record::{Record, Seq};
use serde_json::Value;

use crate::bed::{Bed, run, sample, spawn, stderr, stdout, until};

/// Every version's id and contents.
fn contents(bed: &Bed) -> Vec<(String, String)> {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (desk, store) = bed.open().await;
        let upto = store.ledger.head().await.unwrap().seq;
        let versions = store.ledger.follow(Seq(0), upto, usize::MAX >> 1).await.unwrap();
        let read = |record: &Option<Record>| {
            record.as_ref().map(|record| String::from_utf8(record.to_bytes()).unwrap()).unwrap()
        };
        let mut contents: Vec<_> =
            versions.iter().map(|version| (version.id.to_string(), read(&version.record))).collect();
        contents.sort();
        desk.close().await.unwrap();
        drop(desk);
        store.close().await;
        contents
    })
}

fn args(bed: &Bed, file: &str) -> Vec<String> {
    let token = bed.person("importer").token.clone();
    [
        vec!["import".to_owned(), "chicago-crimes".to_owned()],
        bed.place(),
        vec!["--json".to_owned(), "--as".to_owned(), token, file.to_owned()],
    ]
    .concat()
}

fn import(bed: &Bed, file: &str) -> (Option<i32>, String, String) {
    let args = args(bed, file);
    let output = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn a_file_that_does_not_read_is_said_and_changes_nothing() {
    let bed = Bed::bare();
    let whole = fs::read(sample()).unwrap();
    let (truncated, other, empty, odd) =
        (bed.beside("truncated.csv.zst"), bed.beside("other.csv"), bed.beside("empty.csv"), bed.beside("odd.csv"));
    fs::write(&truncated, &whole[..4000]).unwrap();
    fs::write(&other, "ID,Case Number,When\n1,HX1,yesterday\n").unwrap();
    fs::write(&empty, "").unwrap();
    fs::write(
        &odd,
        "ID,Case Number,Date,Block,IUCR,Primary Type,Description,Location Description,Arrest,Domestic,Beat,District,Ward,Community Area,FBI Code,X Coordinate,Y Coordinate,Updated On,Latitude,Longitude\n\
         1,JB1,10/01/2018 01:00:00 PM,0XX N A ST,0820,THEFT,SMALL,STREET,false,false,0431,004,7,51,06,,,11/18/2018 04:02:28 PM,,\n\
         2,JB2,13/45/2018 01:00:00 PM,0XX N A ST,0820,THEFT,SMALL,STREET,false,false,0431,004,7,51,06,,,11/18/2018 04:02:28 PM,,\n\
         3,JB3,10/01/2018 01:00:00 PM,0XX N A ST,0820,THEFT,SMALL,STREET,perhaps,false,0431,004,7,51,06,,,11/18/2018 04:02:28 PM,,\n\
         4,,10/01/2018 02:00:00 PM,0XX N A ST,0820,THEFT,SMALL,STREET,false,false,0431,004,7,51,06,,,11/18/2018 04:02:28 PM,,\n",
    )
    .unwrap();
    let missing = bed.beside("missing.csv");
    for (file, says) in [
        (&missing, vec!["cannot read", "missing.csv", "No such file"]),
        (&bed.dir, vec!["data"]),
        (&other, vec!["other.csv", "is not a file of", "columns", "Primary Type"]),
        (&empty, vec!["empty.csv", "is empty"]),
        (&truncated, vec!["truncated.csv.zst", "cannot read"]),
    ] {
        let (code, _, said) = import(&bed, file.to_str().unwrap());
        assert_eq!(code, Some(1), "{}: {said}", file.display());
        for words in says {
            assert!(
                said.to_lowercase().contains(&words.to_lowercase()),
                "{}: `{words}` is not in: {said}",
                file.display()
            );
        }
        assert!(!said.contains("panicked"), "{said}");
        assert!(contents(&bed).is_empty(), "{} changed something", file.display());
    }
    let bad_token = run(&[
        "import",
        "chicago-crimes",
        "--dir",
        bed.dir.to_str().unwrap(),
        "--as",
        "oct_wrong",
        odd.to_str().unwrap(),
    ]);
    assert_eq!(bad_token.status.code(), Some(1), "{}", stderr(&bad_token));
    assert!(contents(&bed).is_empty());

    // Of a file that reads, bad rows are rejected with line, field and reason, and the others load.
    let (code, said, rejected) = import(&bed, odd.to_str().unwrap());
    let figures: Value = serde_json::from_str(said.trim()).unwrap_or_else(|_| panic!("{rejected}"));
    assert_eq!((code, &figures["filed"], &figures["rejected"]), (Some(0), &2.into(), &2.into()), "{said} {rejected}");
    for words in ["line 3: Date ", "line 4: Arrest "] {
        assert!(rejected.contains(words), "`{words}` is not in: {rejected}");
    }
}

#[test]
fn an_interrupted_import_is_redone_without_doubles() {
    let sample = sample();
    let file = sample.to_str().unwrap();
    let clean = Bed::bare();
    let began = Instant::now();
    let (code, said, _) = import(&clean, file);
    let took = began.elapsed();
    let figures: Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!(code, Some(0), "{said}");
    let clean = contents(&clean);
    assert_eq!(clean.len() as u64, figures["filed"].as_u64().unwrap());
    let ids: BTreeSet<&String> = clean.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), clean.len(), "a clean load files each row once");

    // Killed when the first batch is in the log, which names its 20,000 records, and then wherever the redoing is.
    let bed = Bed::bare();
    let frames = bed.dir.join("log/frames-000001.log");
    // Room behind the frames is not counted.
    let length = || fs::read(&frames).ok().and_then(|bytes| bytes.iter().rposition(|byte| *byte != 0)).unwrap_or(0);
    let before = length();
    let mut child = spawn(&args(&bed, file), &bed.beside("said"));
    until("the first batch is logged", Duration::from_secs(120), || length() > before + 200_000);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(contents(&bed).len(), 20_000, "the first batch, and nothing of the second");
    for share in [0.2, 0.5, 0.8] {
        let mut child = spawn(&args(&bed, file), &bed.beside("said"));
        std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * share));
        child.kill().unwrap();
        child.wait().unwrap();
        let there = contents(&bed).len();
        assert!(there == 20_000 || there == clean.len(), "a batch is half there: {there}");
    }
    let (code, said, _) = import(&bed, file);
    let figures: Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        figures["filed"].as_u64().unwrap() + figures["unchanged"].as_u64().unwrap(),
        clean.len() as u64,
        "{said}"
    );
    assert!(contents(&bed) == clean, "an interrupted load, redone, is not the clean one");
    let verified = run(&["audit", "verify", bed.dir.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
}
