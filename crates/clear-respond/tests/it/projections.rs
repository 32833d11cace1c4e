//! Projections between two runs: what was kept answers as the ledger does, or is not taken.

use std::path::{Path, PathBuf};

use clear_query::{PointKey, Restored, Shelves};
use clear_record::{Kind, RecordId, Seq};
use clear_respond::{Counts, Filing, Find, ingest, rebuild_projections};
use clear_store::{Program, Store};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::bed::{Bed, PLATE, PROGRAM};

const OTHER: Program = || Some([2; 32]);
const NONE: Program = || None;

async fn file_person(bed: &Bed, given: &str, family: &str) -> RecordId {
    file(bed, Kind::Person, json!({"given_name": given, "family_name": family, "date_of_birth": "1980-02-01"})).await
}

async fn file(bed: &Bed, kind: Kind, record: serde_json::Value) -> RecordId {
    let clerk = bed.asker("clerk").await;
    let (agency, account) = (clerk.agency.clone().unwrap(), clerk.account.clone().unwrap());
    let record = record.to_string();
    let draft = ingest::forms::read(kind, record.as_bytes(), &agency, &account, bed.now(), None).unwrap();
    let id = draft.id;
    bed.file("clerk", Filing::Records(vec![draft])).await.unwrap();
    id
}

/// What an officer is answered, in full.
async fn answers(bed: &Bed) -> Vec<String> {
    let inquiry = bed.inquiry("officer", "seen near the quay").await;
    let find = |name: &str| Find { name: Some(name.to_owned()), ..Find::default() };
    let mut answers = Vec::new();
    for question in [
        find("Oddny Brandvold"),
        find("brandvold odny"),
        find("Grethe"),
        Find { plate: Some(PLATE.to_owned()), ..Find::default() },
    ] {
        answers.push(format!("{:?}", bed.ask("officer", &inquiry, question).await.unwrap()));
    }
    let counts = Counts { by: vec!["beat".to_owned(), "year".to_owned()], ..Counts::default() };
    let counted = bed.ask("officer", &inquiry, counts).await.unwrap();
    assert!(counted.total > 0);
    answers.push(format!("{counted:?}"));
    answers
}

#[tokio::test]
async fn a_start_from_a_snapshot_answers_as_one_from_the_ledger() {
    let bed = Bed::open().await;
    file_person(&bed, "Oddny", "Brandvold").await;
    file(&bed, Kind::Incident, json!({"occurred_from": "2018-10-02T23:15:00", "beat": "0411"})).await;
    let before = bed.desk.keep_projections(1).await;
    assert_eq!(before, bed.desk.projections_kept());
    assert!(before > Seq(0));
    // What comes after the snapshot is followed.
    file_person(&bed, "Grethe", "Brandvold").await;
    file(&bed, Kind::Incident, json!({"occurred_from": "2018-10-03T01:15:00", "beat": "0412"})).await;
    let asked = answers(&bed).await;
    let bed = bed.restart().await;
    assert_eq!(bed.desk.projections_kept(), before, "the snapshot was taken");
    assert_eq!(answers(&bed).await, asked);
    // Without it, the same.
    let folded = |folder: &Path| std::fs::remove_dir_all(folder.join("projections")).unwrap();
    let bed = bed.restart_after(folded).await;
    assert_eq!((bed.desk.projections_kept(), answers(&bed).await), (Seq(0), asked.clone()));
    // A kill while one is written leaves a part, which is nothing.
    bed.desk.keep_projections(1).await;
    let cut = |folder: &Path| {
        let whole = snapshot(folder);
        std::fs::rename(&whole, whole.with_extension("part")).unwrap();
    };
    let bed = bed.killed(cut).await;
    assert_eq!((bed.desk.projections_kept(), answers(&bed).await), (Seq(0), asked));
}

fn snapshot(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder.join("projections")).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().find(|path| path.extension().is_some_and(|it| it == "snapshot")).unwrap()
}

async fn restored(folder: &Path, clock: &TimeZone, program: Program, visible: Option<Seq>) -> String {
    let store = Store::folder(folder).await.unwrap().keeping(program);
    let head = store.ledger.head().await.unwrap().seq;
    let shelves = Shelves::new(store.ledger.clone());
    let secret = store.cards.get("secret", "blocks").await.unwrap().unwrap().body;
    shelves.publishing(PointKey::of(&String::from_utf8(secret).unwrap()), clock.clone());
    let restored = shelves.restore(&store.snapshots, visible.unwrap_or(head)).await.unwrap();
    store.close().await;
    match restored {
        Restored::At(kept) => format!("at {}", kept.seq),
        Restored::Nothing => "nothing".to_owned(),
        Restored::Refused(why) => why.to_owned(),
    }
}

#[tokio::test]
async fn a_snapshot_is_taken_whole_of_this_program_and_of_this_ledger_or_not_at_all() {
    let bed = Bed::open().await;
    file_person(&bed, "Oddny", "Brandvold").await;
    let at = bed.desk.keep_projections(1).await;
    let clock = bed.desk.time_zone();
    let folder = bed.closed().await;
    let folder = folder.path();
    let path = snapshot(folder);
    let whole = std::fs::read(&path).unwrap();
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    for (bytes, program, visible, expected) in [
        (whole.clone(), PROGRAM, None, format!("at {at}")),
        (whole.clone(), OTHER, None, "another build of the program made it".into()),
        (whole.clone(), NONE, None, "another build of the program made it".into()),
        (whole.clone(), PROGRAM, Some(Seq(at.0 - 1)), "the ledger is older than it: restored from a backup?".into()),
        (changed(0), PROGRAM, None, "nothing".into()),
        (changed(40), PROGRAM, None, "nothing".into()),
        (whole[..whole.len() - 1].to_vec(), PROGRAM, None, "nothing".into()),
        (whole.clone(), PROGRAM, None, format!("at {at}")),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(restored(folder, &clock, program, visible).await, expected);
    }
    // Rows that were made on another clock are not those of this one.
    let elsewhere = TimeZone::fixed(jiff::tz::offset(-11));
    let settings = "it is cut off, was changed, or was made under other settings";
    assert_eq!(restored(folder, &elsewhere, PROGRAM, None).await, settings);
    // Beside another ledger of the same length it is of no use.
    let other = Bed::open().await;
    file_person(&other, "Oddny", "Brandvold").await;
    let other = other.closed().await;
    for folder in ["projections", "keys"] {
        std::fs::create_dir_all(other.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(path.parent().unwrap().with_file_name(folder)).unwrap() {
            let from = entry.unwrap().path();
            let name = from.file_name().unwrap().to_owned();
            if folder == "projections" || name.to_str().unwrap().starts_with("snapshot-") {
                std::fs::copy(&from, other.path().join(folder).join(name)).unwrap();
            }
        }
    }
    assert_eq!(restored(other.path(), &clock, PROGRAM, None).await, "it is of another ledger");
}

/// INVARIANT (no snapshot outlives an expungement).
#[tokio::test]
async fn an_expungement_takes_every_snapshot_with_it() {
    let bed = Bed::open().await;
    let person = file_person(&bed, "Oddny", "Brandvold").await;
    bed.desk.keep_projections(1).await;
    let (now, clock) = (bed.now(), bed.desk.time_zone());
    let folder = bed.closed().await;
    let files = || {
        let names = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
        let keys = names(folder.path().join("keys")).filter(|name| name.to_str().unwrap().starts_with("snapshot-"));
        names(folder.path().join("projections")).count() + keys.count()
    };
    assert_eq!(files(), 2);
    let store = Store::folder(folder.path()).await.unwrap().keeping(PROGRAM);
    let fence = store.ledger.lead().await.unwrap();
    store.ledger.expunge(&fence, person, now, vec![]).await.unwrap();
    assert_eq!(files(), 0);
    // Made again, it does not hold what is gone.
    let kept = rebuild_projections(&store, |_, _| ()).await.unwrap().unwrap();
    assert_eq!(kept.seq, store.ledger.head().await.unwrap().seq);
    store.close().await;
    assert_eq!(restored(folder.path(), &clock, PROGRAM, None).await, format!("at {}", kept.seq));
}
