//! The log as strangers see it: at fixed times, by few sizes, and nothing beyond.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use clear_audit::{Flaw, Log, Opened, Options, Public, Source, SourceError, What, verify, verify_folder};

use crate::{HOUR, event, open, options, refused};

/// What a stranger can fetch.
struct Stranger<'a>(&'a Log);

impl Source for Stranger<'_> {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        match path {
            "checkpoint" => Ok(self.0.public_checkpoint().into_bytes()),
            path => self.0.public_tile(path).unwrap().ok_or(SourceError::Missing),
        }
    }

    fn next_checkpoint(&self) -> Option<jiff::Timestamp> {
        self.0.next_public()
    }
}

fn paced(folder: &Path, every: Duration, bucket: u64) -> Log {
    Log::open(Options { public: Some(Public { every, bucket }), ..options(folder, Duration::ZERO) }).unwrap().0
}

fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let began = Instant::now();
    while !reached() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn gr22_the_public_log_grows_by_a_bucket_whatever_happened() {
    let folder = tempfile::tempdir().unwrap();
    let log = paced(folder.path(), Duration::ZERO, 8);
    assert_eq!(log.public_size(), 0);
    let mut sizes = vec![0];
    for count in [1, 3, 1, 20, 1] {
        let pending: Vec<_> = (0..count).map(|number| log.append(&event(number), None)).collect();
        let receipts: Vec<_> = pending.into_iter().map(|pending| pending.wait_blocking().unwrap()).collect();
        for receipt in receipts {
            until("the entry is public", || receipt.included(&Stranger(&log), log.vkey()).is_ok());
        }
        let verified = verify(&Stranger(&log), log.vkey()).unwrap();
        assert!(verified.size.is_multiple_of(8) && sizes.iter().all(|size| *size < verified.size), "{verified:?}");
        sizes.push(verified.size);
    }
    assert_eq!(sizes[1], 8, "one entry alone is a bucket");
    // A cover is an entry like any other to whoever has no key, and none to whoever counts what happened.
    let bundle = log.public_tile("tile/entries/000.p/8").unwrap().unwrap();
    assert!(bundle.chunks(35).all(|leaf| leaf[..3] == [0, 33, 1]), "all leaves have one form");
    let opened: Vec<_> = log.openings(0..log.size()).unwrap().map(|opened| opened.unwrap().1).collect();
    let of = |what: What| opened.iter().filter(|entry| matches!(entry, Opened::Event(event) if event.what == what)).count();
    assert_eq!((of(What::Answered), of(What::Answered) + of(What::Cover)), (26, opened.len()));
    log.close().unwrap();
    assert_eq!(verify_folder(folder.path(), log.vkey()).unwrap().opened as usize, opened.len());
}

#[test]
fn gr22_the_public_log_grows_when_nothing_happens() {
    let folder = tempfile::tempdir().unwrap();
    let log = paced(folder.path(), Duration::from_millis(40), 4);
    let mut size = 0;
    for _ in 0..3 {
        until("the next public checkpoint", || log.public_size() > size);
        size = log.public_size();
        assert!(size.is_multiple_of(4), "{size}");
    }
    assert_eq!(verify(&Stranger(&log), log.vkey()).unwrap().opened, 0);
}

#[test]
fn gr22_strangers_get_what_the_public_checkpoint_covers_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let log = paced(folder.path(), Duration::ZERO, 300);
    log.append(&event(1), None).wait_blocking().unwrap();
    until("the first bucket", || log.public_size() == 300);
    let public = log.public_checkpoint();
    log.close().unwrap();
    // It goes on for those who may know, in steps of its own.
    let (log, _) = open(folder.path());
    for number in 0..260 {
        let receipt = log.append(&event(number), None).wait_blocking().unwrap();
        if number % 20 == 0 {
            tokio::runtime::Runtime::new().unwrap().block_on(log.publish()).unwrap();
            assert!(log.tile(&format!("tile/0/{:03}", receipt.index() / 256 + 1)).unwrap().is_none());
            let missing = receipt.included(&Stranger(&log), log.vkey());
            assert!(matches!(missing, Err(Flaw::NotYet { size: 300, .. })), "{missing:?}");
        }
    }
    assert_eq!((log.public_checkpoint(), log.published_size() > 500), (public.clone(), true));
    for level in ["entries", "0", "1", "2"] {
        let covered = match level {
            "1" => 1,
            "2" => 0,
            _ => 300u64,
        };
        for number in 0..4u64 {
            for width in 1..=256u64 {
                let part = if width == 256 { String::new() } else { format!(".p/{width}") };
                let path = format!("tile/{level}/{number:03}{part}");
                let there = log.public_tile(&path).unwrap();
                assert_eq!(there.is_some(), number * 256 + width <= covered, "{path}");
                if let Some(bytes) = there {
                    assert_eq!(bytes.len() as u64, width * if level == "entries" { 35 } else { 32 }, "{path}");
                }
            }
        }
    }
    assert_eq!(verify(&Stranger(&log), log.vkey()).unwrap().size, 300);
    log.close().unwrap();
    // Neither a start nor an end moves it on; and an end's tiles are enough to write it all again.
    fs::remove_dir_all(folder.path().join("log/tile")).unwrap();
    let (log, _) = open(folder.path());
    assert_eq!(log.public_checkpoint(), public);
    assert_eq!(verify(&Stranger(&log), log.vkey()).unwrap().size, 300);
}

#[test]
fn what_is_not_public_yet_says_when_it_will_be() {
    let folder = tempfile::tempdir().unwrap();
    let log = paced(folder.path(), HOUR * 24 * 365, 4);
    let receipt = log.append(&event(1), None).wait_blocking().unwrap();
    let said = receipt.included(&Stranger(&log), log.vkey()).unwrap_err().to_string();
    let next = log.next_public().unwrap();
    assert_eq!(said, format!("entry 0 is not under the checkpoint yet, which covers 0; the next one is due at {next}"));
    assert!(next > jiff::Timestamp::now());
}

#[test]
fn s22_a_public_checkpoint_that_the_log_does_not_bear_out_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let log = paced(folder.path(), Duration::ZERO, 4);
    log.append(&event(1), None).wait_blocking().unwrap();
    until("the first bucket", || log.public_size() == 4);
    log.close().unwrap();
    let other = tempfile::tempdir().unwrap();
    crate::copy(&folder.path().join("keys"), &other.path().join("keys"));
    let fork = paced(other.path(), Duration::ZERO, 4);
    fork.append(&event(2), None).wait_blocking().unwrap();
    until("the fork's first bucket", || fork.public_size() == 4);
    let forked = fork.public_checkpoint();
    for _ in 0..2 {
        fork.append(&event(2), None).wait_blocking().unwrap();
    }
    until("the fork's next bucket", || fork.public_size() > 4);
    let longer = fork.public_checkpoint();
    let path = folder.path().join("log/public");
    let good = fs::read_to_string(&path).unwrap();
    verify_folder(folder.path(), log.vkey()).unwrap();
    for (text, at_start, later) in [
        (forked, "are not those of the checkpoint", "was rewritten"),
        (longer, "the log holds 4: entry 4 is missing", "was rewritten"),
        (good.replacen("\n4\n", "\n5\n", 1), "cannot be trusted", "cannot be trusted"),
        ("nothing".to_owned(), "cannot be trusted", "cannot be trusted"),
    ] {
        fs::write(&path, &text).unwrap();
        let said = refused(folder.path());
        assert!(said.contains(at_start), "{text}: {said}");
        let said = verify_folder(folder.path(), log.vkey()).unwrap_err().to_string();
        assert!(said.contains(later), "{text}: {said}");
    }
    fs::write(&path, good).unwrap();
    verify_folder(folder.path(), log.vkey()).unwrap();
}
