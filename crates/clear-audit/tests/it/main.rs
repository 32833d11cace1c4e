//! The log as others use it: many threads, crashes, full disks, and people who change bytes.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod keeping;
mod known;
mod parsers;
mod public;
mod spool;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clear_audit::{
    Error, Event, Flaw, Folder, Log, LogDown, Opened, Options, Receipt, ReceiptFlaw, Recovered, What, extends, verify,
    verify_folder,
};
use clear_record::RequestId;

const HOUR: Duration = Duration::from_secs(3600);

fn options(folder: &Path, checkpoint_every: Duration) -> Options {
    Options {
        folder: folder.to_owned(),
        keys: folder.join("keys"),
        origin: "port-meridian/1".into(),
        checkpoint_every,
        ..Options::default()
    }
}

fn open(folder: &Path) -> (Log, Recovered) {
    Log::open(options(folder, HOUR)).unwrap()
}

fn refused(folder: &Path) -> String {
    let error = Log::open(options(folder, HOUR)).err().expect("the log does not open");
    std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn event(number: u64) -> Event {
    Event {
        request: Some(RequestId::fresh()),
        what: What::Answered,
        question: Some(format!("{{\"number\":{number}}}")),
        digest: Some(format!("{number:064x}")),
        ..Event::default()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

/// A copy of the folder as a crash would leave it.
fn image(folder: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    copy(folder, image.path());
    image
}

fn frames(folder: &Path) -> PathBuf {
    folder.join("log/frames-000001.log")
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// Where each frame of a segment begins, and where the last one ends: behind it, there is room.
/// Each frame: magic 4, length 4, kind 1, entry 8, first entry of its batch 8.
fn places(segment: &[u8]) -> Vec<usize> {
    let mut places = vec![32];
    loop {
        let at = places[places.len() - 1];
        match segment.get(at..at + 8) {
            Some(head) if head.starts_with(b"CLF1") => {
                places.push(at + u32::from_be_bytes(head[4..].try_into().unwrap()) as usize);
            }
            _ => return places,
        }
    }
}

/// How far the frames of a folder's first segment reach, in bytes.
fn reach(folder: &Path) -> u64 {
    fs::read(frames(folder)).map_or(0, |bytes| *places(&bytes).last().unwrap() as u64)
}

/// How many bytes there are before the room at the end.
fn filled(bytes: &[u8]) -> u64 {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
}

fn flip(path: &Path, at: u64, bits: u8) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at as usize] ^= bits;
    fs::write(path, bytes).unwrap();
}

/// Deterministic numbers for choosing places.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn many_threads_share_syncs_and_each_gets_its_own_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let (log, recovered) = open(folder.path());
    assert_eq!(
        recovered,
        Recovered { size: 0, last_outbox: 0, missing_outbox: None, cut_bytes: 0, mended: vec![], spooled: 0 }
    );
    let (threads, each) = (16, 150);
    let receipts: Vec<(Receipt, Event)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let log = log.clone();
                scope.spawn(move || {
                    let mut last = None;
                    let mut kept = Vec::new();
                    for number in 0..each {
                        let event = event(thread * each + number);
                        let receipt = log.append(&event, None).wait_blocking().unwrap();
                        // Frame order is log order: what a thread appends later stands later.
                        assert!(last < Some(receipt.index()));
                        assert!(log.synced_size() > receipt.index());
                        last = Some(receipt.index());
                        kept.push((receipt, event));
                    }
                    kept
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let total = threads * each;
    let indices: BTreeSet<u64> = receipts.iter().map(|(receipt, _)| receipt.index()).collect();
    assert!(indices.into_iter().eq(0..total), "indices are dense");
    log.close().unwrap();
    let source = Folder(folder.path().join("log"));
    let opened: Vec<Opened> = log.openings(0..u64::MAX).unwrap().map(|entry| entry.unwrap().1).collect();
    for (receipt, event) in &receipts {
        assert_eq!(receipt.check(log.vkey()), Ok(()));
        assert_eq!(receipt.request(), event.request.as_ref());
        assert_eq!(receipt.digest(), event.digest.as_deref());
        assert_eq!(opened[receipt.index() as usize], Opened::Event(event.clone()));
        assert!(receipt.is_of(&serde_json::to_vec(event).unwrap()));
        if receipt.index() % 37 == 0 || receipt.index() + 1 == total {
            assert_eq!(receipt.included(&source, log.vkey()).unwrap(), total);
        }
    }
    assert_eq!(verify(&source, log.vkey()).unwrap().size, total);
    assert_eq!(verify_folder(folder.path(), log.vkey()).unwrap().opened, total);
    let segment = length(&frames(folder.path()));
    assert_eq!(log.append(&event(0), None).wait_blocking().unwrap_err().reason(), "the log is closed");
    assert_eq!(length(&frames(folder.path())), segment);
}

#[tokio::test]
async fn a_dropped_pending_is_logged_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    for number in 1..=50 {
        drop(log.append(&event(number), Some(number)));
    }
    assert_eq!(log.size(), 50);
    let last = log.append_body(false, &serde_json::to_vec(&event(51)).unwrap(), Some(51)).wait().await.unwrap();
    assert_eq!((last.index(), last.digest().is_some()), (50, true));
    drop(log);
    let (log, recovered) = open(folder.path());
    assert_eq!((recovered.size, recovered.last_outbox), (51, 51));
    assert_eq!(log.synced_size(), 51);
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    for number in 1..=4 {
        log.append(&event(number), Some(number)).wait_blocking().unwrap();
    }
    let start = reach(folder.path());
    let lost = log.append(&event(5), Some(5)).wait_blocking().unwrap();
    let end = reach(folder.path());
    let crashed = image(folder.path());
    let whole = fs::read(frames(crashed.path())).unwrap();
    assert!(whole.len() as u64 > end + 1000 && filled(&whole) <= end, "there is room behind the frames");
    let reopened = |torn: &Path, cut_bytes: u64| {
        let (log, recovered) = open(torn);
        assert_eq!(
            recovered,
            Recovered { size: 4, last_outbox: 4, missing_outbox: None, cut_bytes, mended: vec![], spooled: 0 }
        );
        // Going on costs syncs; a few places stand for all.
        if cut_bytes % 32 == 1 {
            assert_eq!(log.append(&event(5), Some(5)).wait_blocking().unwrap().index(), 4);
            log.close().unwrap();
            assert_eq!(verify_folder(torn, log.vkey()).unwrap().size, 5);
            assert!(lost.included(&Folder(torn.join("log")), log.vkey()).is_err(), "the cut entry is not the new one");
        }
    };
    for at in start..end {
        // The file ends there; or its room begins there; or it has been written but for the beginning.
        let mut roomy = whole.clone();
        roomy[at as usize..].fill(0);
        let mut headless = whole.clone();
        headless[start as usize..=at as usize].fill(0);
        for (kind, bytes) in [(0, &whole[..at as usize]), (1, &roomy), (2, &headless)] {
            if kind > 0 && at % 16 != 0 {
                continue;
            }
            let torn = image(crashed.path());
            fs::write(frames(torn.path()), bytes).unwrap();
            let cut = filled(bytes).saturating_sub(start);
            let checked = verify_folder(torn.path(), log.vkey()).unwrap();
            assert_eq!((checked.size, checked.beyond, checked.torn_bytes), (0, 4, cut), "{kind} {at}");
            reopened(torn.path(), cut);
        }
        if at % 4 == 0 {
            let torn = image(crashed.path());
            flip(&frames(torn.path()), at, 0x10);
            reopened(torn.path(), filled(&fs::read(frames(torn.path())).unwrap()) - start);
        }
    }
    // Even the segment's header can be torn, and then nothing of it was acknowledged.
    let torn = image(crashed.path());
    fs::write(frames(torn.path()), b"OpenCLE").unwrap();
    assert_eq!(
        open(torn.path()).1,
        Recovered { size: 0, last_outbox: 0, missing_outbox: None, cut_bytes: 7, mended: vec![], spooled: 0 }
    );
}

#[test]
fn a_batch_torn_in_its_middle_is_cut_from_there() {
    for attempt in 0.. {
        assert!(attempt < 50, "entries never shared a sync");
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = open(folder.path());
        let waiting: Vec<_> = (1..=100).map(|number| log.append(&event(number), Some(number))).collect();
        waiting.into_iter().for_each(|pending| drop(pending.wait_blocking().unwrap()));
        let torn = image(folder.path());
        let bytes = fs::read(frames(torn.path())).unwrap();
        let places = places(&bytes);
        assert_eq!(places.len(), 101);
        let batch = u64::from_be_bytes(bytes[places[99] + 17..places[99] + 25].try_into().unwrap());
        if batch > 97 {
            continue;
        }
        // A page in the middle of the last batch never reached the disk; pages after it did. Where it was room, it still is.
        let middle = batch + 1;
        let (offset, next) = (places[middle as usize], places[middle as usize + 1]);
        let mut changed = bytes.clone();
        changed[offset + 40] ^= 0xff;
        let mut roomy = bytes.clone();
        roomy[offset..next].fill(0);
        for changed in [changed, roomy] {
            let torn = image(folder.path());
            fs::write(frames(torn.path()), &changed).unwrap();
            let (log, recovered) = open(torn.path());
            assert_eq!((recovered.size, recovered.last_outbox), (middle, middle));
            assert_eq!(recovered.cut_bytes, filled(&bytes) - offset as u64);
            log.close().unwrap();
            assert_eq!(verify_folder(torn.path(), log.vkey()).unwrap().size, middle);
        }
        return;
    }
}

#[test]
fn a_frame_changed_after_its_sync_stops_the_log_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    let mut starts = vec![0];
    for number in 0..6 {
        log.append(&event(number), None).wait_blocking().unwrap();
        starts.push(reach(folder.path()));
    }
    let crashed = image(folder.path());
    let fill = |folder: &Path, range: std::ops::Range<u64>| {
        let mut bytes = fs::read(frames(folder)).unwrap();
        bytes[range.start as usize..range.end as usize].fill(0);
        fs::write(frames(folder), bytes).unwrap();
    };
    for entry in 0..5 {
        for at in (starts[entry]..starts[entry + 1]).step_by(7) {
            let changed = image(crashed.path());
            flip(&frames(changed.path()), at, 1);
            let offset = if at < 32 { 0 } else { starts[entry].max(32) };
            let expected = format!("log damaged: entry {entry}, segment `frames-000001.log`, offset {offset}");
            assert_eq!(refused(changed.path()), expected);
            let flaw = verify_folder(changed.path(), log.vkey()).unwrap_err();
            assert_eq!(flaw.entry(), Some(entry as u64), "{flaw}");
        }
    }
    // Zeros are no end while something stands behind them: the beginning of a frame, a whole one, several.
    for (from, to, entry) in
        [(starts[2], starts[2] + 4, 2), (starts[2], starts[3], 2), (starts[1], starts[4], 1), (starts[4], starts[5], 4)]
    {
        let changed = image(crashed.path());
        fill(changed.path(), from..to);
        let expected = format!("log damaged: entry {entry}, segment `frames-000001.log`, offset {from}");
        assert_eq!(refused(changed.path()), expected);
        let flaw = verify_folder(changed.path(), log.vkey()).unwrap_err();
        assert_eq!(flaw.entry(), Some(entry), "{flaw}");
    }
    // Under a checkpoint, the last frame is no torn tail either.
    log.close().unwrap();
    for at in [starts[5], starts[6] - 1] {
        let changed = image(folder.path());
        flip(&frames(changed.path()), at, 1);
        assert!(refused(changed.path()).starts_with("log damaged: entry 5,"));
    }
    let shortened = image(folder.path());
    fs::OpenOptions::new().write(true).open(frames(shortened.path())).unwrap().set_len(starts[5]).unwrap();
    assert_eq!(refused(shortened.path()), "the checkpoint covers 6 entries, the log holds 5: entry 5 is missing");
    let flaw = verify_folder(shortened.path(), log.vkey()).unwrap_err();
    assert_eq!(flaw.to_string(), "entry 5 is missing: the frames end before it, the checkpoint covers 6 entries");
    // Nor is room: what the checkpoint covers is missed, wherever zeros begin.
    let zeroed = image(folder.path());
    fill(zeroed.path(), starts[4]..starts[6]);
    assert_eq!(refused(zeroed.path()), "the checkpoint covers 6 entries, the log holds 4: entry 4 is missing");
    assert_eq!(verify_folder(zeroed.path(), log.vkey()).unwrap_err().entry(), Some(4));
}

#[test]
fn room_stands_behind_the_frames_of_a_running_log_and_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    for number in 1..=3 {
        log.append(&event(number), None).wait_blocking().unwrap();
        let (reach, length) = (reach(folder.path()), length(&frames(folder.path())));
        assert!((reach + 60_000..reach + 70_000).contains(&length), "{length} bytes for {reach}");
        let checked = verify_folder(folder.path(), log.vkey()).unwrap();
        assert_eq!((checked.beyond, checked.torn_bytes), (number, 0));
    }
    let crashed = image(folder.path());
    log.close().unwrap();
    assert_eq!(length(&frames(folder.path())), reach(folder.path()));
    let (log, recovered) = open(crashed.path());
    assert_eq!((recovered.size, recovered.cut_bytes), (3, 0));
    // What stands in the room of a crashed log was never acknowledged: a torn tail like any other.
    log.append(&event(4), None).wait_blocking().unwrap();
    let crashed = image(crashed.path());
    let place = reach(crashed.path()) + 1000;
    flip(&frames(crashed.path()), place, 1);
    let (_, recovered) = open(crashed.path());
    assert_eq!((recovered.size, recovered.cut_bytes), (4, 1001));
}

#[test]
fn gr24_a_log_that_is_written_to_is_whole_at_every_look() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(options(folder.path(), Duration::from_millis(5))).unwrap();
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (written, ended) = (log.clone(), &ended);
        scope.spawn(move || {
            for round in 0..60 {
                // Batches from one entry to megabytes, so that a look falls into the middle of some.
                let each: Vec<_> = (0..1 + round % 30)
                    .map(|number| match number % 3 {
                        0 => written.append_clear(&vec![b'r'; 70_000], None),
                        _ => written.append(&event(number), None),
                    })
                    .collect();
                each.into_iter().for_each(|pending| drop(pending.wait_blocking().unwrap()));
            }
            ended.store(true, std::sync::atomic::Ordering::Release);
        });
        let mut looks = 0;
        while looks < 3 || !ended.load(std::sync::atomic::Ordering::Acquire) {
            verify_folder(folder.path(), log.vkey()).unwrap();
            looks += 1;
        }
    });
    log.close().unwrap();
    assert_eq!(verify_folder(folder.path(), log.vkey()).unwrap().size, log.size());
}

/// A log of all kinds of entries, with checkpoints on the way; gives where each frame ends.
fn grown(folder: &Path, entries: u64) -> (Vec<u64>, String) {
    let (log, _) = Log::open(options(folder, Duration::ZERO)).unwrap();
    let mut ends = Vec::new();
    for number in 0..entries {
        let pending = match number % 50 {
            7 => log.append_clear(format!("order {number}").as_bytes(), None),
            8 => log.append_clear(&vec![b'r'; 70_000], None),
            9 => log.append_body(false, b"no event of this version", None),
            _ => log.append(&event(number), Some(number + 1)),
        };
        pending.wait_blocking().unwrap();
        ends.push(reach(folder));
    }
    log.close().unwrap();
    (ends, log.vkey().to_owned())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The entry that a byte belongs to, told from the formats alone.
fn owner(path: &str, bytes: &[u8], at: u64, ends: &[u64]) -> Option<u64> {
    if path == "checkpoint" || path == "public" {
        return None;
    }
    if path.starts_with("frames-") {
        return Some(ends.iter().filter(|end| **end <= at).count() as u64);
    }
    let number: u64 = path.split('/').nth(2).unwrap().trim_end_matches(".p").parse().unwrap();
    match path.split('/').nth(1).unwrap() {
        "0" => Some(number * 256 + at / 32),
        "1" => Some((number * 256 + at / 32) * 256),
        "entries" => {
            let (mut start, mut entry) = (0, number * 256);
            loop {
                let next =
                    start + 2 + u64::from(u16::from_be_bytes([bytes[start as usize], bytes[start as usize + 1]]));
                if at < next {
                    return Some(entry);
                }
                (start, entry) = (next, entry + 1);
            }
        }
        other => panic!("level {other}"),
    }
}

/// How often, unless a long run (`make soak`) says otherwise.
fn times(name: &str, usually: u64) -> u64 {
    std::env::var(name).map_or(usually, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// A key with one bit changed opens nothing. The line end after it is no part of it.
fn key_flipped(folder: &Path, path: &Path, dice: &mut Dice) {
    let before = fs::read(path).unwrap();
    let at = dice.below(before.len() as u64 - 1);
    flip(path, at, 1 << dice.below(8));
    let error = Log::open(options(folder, HOUR)).err();
    assert!(error.is_some(), "{} byte {at} went unnoticed", path.display());
    fs::write(path, before).unwrap();
}

#[test]
fn gr24_cut_at_each_write_of_a_crash_run_what_was_acknowledged_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    let mut acknowledged = vec![(32, None)];
    for number in 0..times("OPENCLEAR_CUTS", 25) {
        let receipt = log.append(&event(number), Some(number + 1)).wait_blocking().unwrap();
        acknowledged.push((reach(folder.path()), Some(receipt)));
    }
    // No checkpoint yet: nothing but the frames says what was acknowledged.
    let crashed = image(folder.path());
    let mut dice = Dice(5);
    let whole = fs::read(frames(crashed.path())).unwrap();
    for (writes, pair) in acknowledged.windows(2).enumerate() {
        let (start, end) = (pair[0].0, pair[1].0);
        // The file ends there, or its room begins there.
        let inside = start + 1 + dice.below(end - start - 1);
        for (at, room) in [(start, false), (inside, false), (end - 1, false), (start, true), (inside, true)] {
            let cut = image(crashed.path());
            let mut bytes = whole[..at as usize].to_vec();
            if room {
                bytes.resize(whole.len(), 0);
            }
            fs::write(frames(cut.path()), bytes).unwrap();
            let (log, recovered) = open(cut.path());
            assert_eq!((recovered.size, recovered.last_outbox), (writes as u64, writes as u64), "cut at {at}");
            log.close().unwrap();
            for receipt in acknowledged[..=writes].iter().filter_map(|(_, receipt)| receipt.as_ref()) {
                receipt.included(&Folder(cut.path().join("log")), log.vkey()).unwrap();
            }
        }
    }
}

#[test]
fn gr22_any_flipped_byte_is_found_and_its_entry_named() {
    let folder = tempfile::tempdir().unwrap();
    let (ends, vkey) = grown(folder.path(), 600);
    let log = folder.path().join("log");
    let checked = verify_folder(folder.path(), &vkey).unwrap();
    assert_eq!((checked.size, checked.opened, checked.beyond, checked.torn_bytes), (600, 576, 0, 0));
    let mut all = Vec::new();
    files(&log, &mut all);
    all.retain(|path| length(path) > 0);
    all.sort();
    let published: Vec<PathBuf> = all.iter().filter(|path| !path.starts_with(log.join("tile"))).cloned().collect();
    assert!(all.len() > 150, "whole tiles, and the parts that older checkpoints need");
    let mut dice = Dice(7);
    let mut last = all.clone();
    let current =
        ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000", "tile/entries/002.p/88"];
    last.retain(|path| current.iter().any(|name| path.ends_with(name)));
    assert_eq!(last.len(), current.len());
    let keys: Vec<PathBuf> =
        ["keys/log.key", "keys/log-openings.key", "log.vkey"].map(|name| folder.path().join(name)).into();
    for round in 0..times("OPENCLEAR_FLIPS", 300) {
        if round % 10 == 9 {
            key_flipped(folder.path(), &keys[dice.below(3) as usize], &mut dice);
            continue;
        }
        // Every second one in the frames or the checkpoint, the others anywhere.
        let pool = match round % 4 {
            0 | 1 => &published,
            2 => &all,
            _ => &last,
        };
        let path = &pool[dice.below(pool.len() as u64) as usize];
        let before = fs::read(path).unwrap();
        let at = dice.below(before.len() as u64);
        flip(path, at, 1 << dice.below(8));
        let name = path.strip_prefix(&log).unwrap().to_str().unwrap();
        match verify_folder(folder.path(), &vkey) {
            Ok(_) => panic!("`{name}` byte {at} went unnoticed"),
            Err(flaw) => assert_eq!(flaw.entry(), owner(name, &before, at, &ends), "`{name}` byte {at}: {flaw}"),
        }
        if name == "checkpoint" || current.contains(&name) {
            assert!(verify(&Folder(log.clone()), &vkey).is_err(), "an outsider sees it too");
        }
        // And at the next start: what the frames cannot bear out is refused, what follows from them is written again.
        match Log::open(options(folder.path(), HOUR)) {
            Err(_) if !name.starts_with("tile") => fs::write(path, &before).unwrap(),
            Ok((log, recovered)) if name.starts_with("tile") => {
                log.close().unwrap();
                assert_eq!(recovered.mended, [name], "byte {at}");
            }
            outcome => panic!("`{name}` byte {at} at a start: {:?}", outcome.map(|(_, recovered)| recovered)),
        }
        assert_eq!(fs::read(path).unwrap(), before, "`{name}`");
    }
    verify_folder(folder.path(), &vkey).unwrap();
    fs::write(log.join("tile/0/0"), b"").unwrap();
    assert_eq!(verify_folder(folder.path(), &vkey).unwrap_err().to_string(), "`tile/0/0` does not belong to a log");
}

#[test]
fn tiles_are_written_again_from_the_frames() {
    let folder = tempfile::tempdir().unwrap();
    let (_, vkey) = grown(folder.path(), 520);
    let log = folder.path().join("log");
    let mut before = Vec::new();
    files(&log.join("tile"), &mut before);
    let whole = |path: &&PathBuf| {
        !path.to_str().unwrap().contains(".p/") || path.ends_with("002.p/8") || path.ends_with("1/000.p/2")
    };
    let kept: Vec<_> = before.iter().filter(whole).map(|path| (path, fs::read(path).unwrap())).collect();
    assert_eq!(kept.len(), 7);
    fs::remove_file(log.join("tile/entries/000")).unwrap();
    fs::remove_file(log.join("tile/1/000.p/2")).unwrap();
    fs::write(log.join("tile/0/001"), b"").unwrap();
    flip(&log.join("tile/entries/001"), 900, 4);
    let (opened, recovered) = open(folder.path());
    assert_eq!((recovered.size, recovered.mended), (520, vec!["tile/entries/001".to_owned()]));
    for (path, bytes) in kept {
        assert_eq!(fs::read(path).unwrap(), bytes, "{}", path.display());
    }
    opened.close().unwrap();
    verify_folder(folder.path(), &vkey).unwrap();
}

/// A small file system of its own, unmounted at the end.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn new(size: &str) -> Tmpfs {
        let folder = tempfile::tempdir().unwrap();
        let tmpfs = Tmpfs(folder);
        tmpfs.mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        tmpfs
    }

    fn mount(&self, arguments: &[&str]) {
        let done = Command::new("mount").args(arguments).arg(self.0.path()).output().expect("`mount` runs");
        let why = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success(),
            "a full disk can only be shown on a file system of its own; mount (as root): {why}"
        );
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn gr24_a_full_disk_ends_the_log_and_loses_nothing() {
    let disk = Tmpfs::new("1m");
    let folder = disk.0.path().join("data");
    fs::create_dir(&folder).unwrap();
    let (log, _) = open(&folder);
    let mut receipts = Vec::new();
    let down: LogDown = loop {
        assert!(receipts.len() < 10_000, "a megabyte is full at last");
        match log.append(&Event { reason: Some("x".repeat(3000)), ..event(1) }, None).wait_blocking() {
            Ok(receipt) => receipts.push(receipt),
            Err(down) => break down,
        }
    };
    assert!(receipts.len() > 100);
    assert!(down.reason().contains("No space left on device"), "{down}");
    // Room again changes nothing: it is never retried.
    disk.mount(&["-o", "remount,size=8m"]);
    for _ in 0..3 {
        assert_eq!(log.append(&event(2), None).wait_blocking(), Err(down.clone()));
    }
    assert_eq!(log.append_clear(b"order", None).wait_blocking(), Err(down.clone()));
    assert_eq!(log.state(), Err(down.clone()));
    assert_eq!(log.close(), Err(down));
    let (log, recovered) = open(&folder);
    assert!(recovered.size >= receipts.len() as u64);
    let next = log.append(&event(3), None).wait_blocking().unwrap();
    assert_eq!(next.index(), recovered.size);
    log.close().unwrap();
    assert_eq!(verify_folder(&folder, log.vkey()).unwrap().size, recovered.size + 1);
    for receipt in receipts.iter().chain([&next]) {
        receipt.included(&Folder(folder.join("log")), log.vkey()).unwrap();
    }
}

#[test]
fn a_receipt_reads_back_and_a_forged_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    let event = event(1);
    let sealed = log.append(&event, None).wait_blocking().unwrap();
    let clear = log.append_clear(b"order 7", None).wait_blocking().unwrap();
    assert!(clear.is_of(b"order 7") && !clear.is_of(b"order 8") && clear.salt().is_none());
    for receipt in [&sealed, &clear] {
        let header = receipt.to_header();
        assert!(header.len() < 600 && header.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let back = Receipt::parse(&header).unwrap();
        assert_eq!(&back, receipt);
        assert_eq!(back.check(log.vkey()), Ok(()));
        for at in 0..header.len() {
            let mut forged = header.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let verdict =
                Receipt::parse(std::str::from_utf8(&forged).unwrap()).and_then(|forged| forged.check(log.vkey()));
            assert!(verdict.is_err(), "character {at}");
        }
    }
    assert_eq!(Receipt::parse("").unwrap_err(), ReceiptFlaw::Malformed);
    let other = tempfile::tempdir().unwrap();
    let (stranger, _) = Log::open(options(other.path(), HOUR)).unwrap();
    assert_eq!(sealed.check(stranger.vkey()), Err(ReceiptFlaw::Signature));
    assert_eq!(sealed.check("nonsense"), Err(ReceiptFlaw::VerifierKey));
    let source = Folder(folder.path().join("log"));
    assert!(matches!(sealed.included(&source, log.vkey()), Err(Flaw::NotYet { entry: 0, size: 0, .. })));
    // The same place in a log with other entries, signed by the same key: the receipt is proof against it.
    log.close().unwrap();
    let rewritten = tempfile::tempdir().unwrap();
    copy(&folder.path().join("keys"), &rewritten.path().join("keys"));
    let (fork, _) = open(rewritten.path());
    for number in 0..5 {
        fork.append(&self::event(number), None).wait_blocking().unwrap();
    }
    fork.close().unwrap();
    let forked = Folder(rewritten.path().join("log"));
    assert_eq!(fork.vkey(), log.vkey());
    assert!(matches!(sealed.included(&forked, log.vkey()), Err(Flaw::NotIncluded { entry: 0 })));
    assert_eq!(sealed.included(&source, log.vkey()).unwrap(), 2);
    assert!(matches!(extends(&forked, log.vkey(), &log.checkpoint()), Err(Flaw::Rewritten { older: 2, newer: 5 })));
    assert!(matches!(extends(&source, log.vkey(), &fork.checkpoint()), Err(Flaw::Rewritten { older: 5, newer: 2 })));
}

#[test]
fn every_checkpoint_is_extended_by_every_later_one() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(options(folder.path(), Duration::ZERO)).unwrap();
    let source = Folder(folder.path().join("log"));
    let mut checkpoints = vec![log.checkpoint()];
    for size in 1..=300 {
        let receipt = log.append(&event(size), None).wait_blocking().unwrap();
        // The receipt comes with the sync, the checkpoint right after it.
        let began = Instant::now();
        while matches!(receipt.included(&source, log.vkey()), Err(Flaw::NotYet { .. })) {
            assert!(began.elapsed() < Duration::from_secs(20), "no checkpoint came");
            std::thread::yield_now();
        }
        if size % 29 == 0 || size == 256 || size == 257 {
            checkpoints.push(log.checkpoint());
            for older in &checkpoints {
                assert_eq!(extends(&source, log.vkey(), older).unwrap(), size);
            }
        }
    }
}

#[test]
fn an_idle_log_publishes_what_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(options(folder.path(), Duration::from_millis(30))).unwrap();
    let receipt = log.append(&event(1), None).wait_blocking().unwrap();
    let began = Instant::now();
    while !log.checkpoint().starts_with("port-meridian/1\n1\n") {
        assert!(began.elapsed() < Duration::from_secs(20), "no checkpoint came");
        std::thread::yield_now();
    }
    assert_eq!(receipt.included(&Folder(folder.path().join("log")), log.vkey()).unwrap(), 1);
    assert_eq!(fs::read_to_string(folder.path().join("log/checkpoint")).unwrap(), log.checkpoint());
}

#[test]
fn what_is_published_is_served_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    grown(folder.path(), 257);
    let (log, _) = open(folder.path());
    for (path, length) in [
        ("tile/0/000", 8192),
        ("tile/0/000.p/7", 7 * 32),
        ("tile/0/001.p/1", 32),
        ("tile/1/000.p/1", 32),
        // Each length in 16 bits: the first entries are sealed, a text is shorter.
        ("tile/entries/000.p/3", 3 * 35),
        ("tile/entries/001.p/1", 35),
    ] {
        assert_eq!(log.tile(path).unwrap().map(|bytes| bytes.len()), Some(length), "{path}");
        assert_eq!(log.public_tile(path).unwrap(), None, "{path}: the public checkpoint is of nothing yet");
    }
    for path in [
        "",
        ".",
        "..",
        "lock",
        "public",
        "checkpoint",
        "tile/0/001",
        "tile/0/001.p/2",
        "tile/1/000",
        "tile/63/000",
        "frames-000001.log",
        "../keys/log.key",
        "tile/0/../../frames-000001.log",
        "/etc/passwd",
        "tile/0/002",
        "tile/0",
        "tile/0/000/",
        "tile//0/000",
        "checkpoint/",
        "./checkpoint",
        "tile/0/000%2f",
        "tile/0/000\0",
    ] {
        assert_eq!(log.tile(path).unwrap(), None, "{path}");
    }
}

#[test]
fn a_log_that_cannot_be_trusted_or_shared_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let (ends, vkey) = grown(folder.path(), 5);
    assert_eq!(ends.len(), 5);
    let (log, _) = open(folder.path());
    assert!(matches!(Log::open(options(folder.path(), HOUR)), Err(Error::InUse { .. })));
    log.close().unwrap();
    let spoiled = |spoil: &dyn Fn(&Path)| {
        let copy = image(folder.path());
        spoil(copy.path());
        refused(copy.path()).replace(copy.path().to_str().unwrap(), "DIR")
    };
    let remove = |name: &'static str| move |folder: &Path| fs::remove_file(folder.join(name)).unwrap();
    let write = |name: &'static str, text: String| move |folder: &Path| fs::write(folder.join(name), &text).unwrap();
    let missing = "the log has entries, but its key DIR/keys";
    assert_eq!(spoiled(&remove("keys/log.key")), format!("{missing}/log.key is missing"));
    assert_eq!(spoiled(&remove("keys/log-openings.key")), format!("{missing}/log-openings.key is missing"));
    assert_eq!(
        spoiled(&remove("log/frames-000001.log")),
        "the checkpoint covers 5 entries, the log holds 0: entry 0 is missing"
    );
    assert_eq!(spoiled(&write("keys/log.key", "x".into())), "DIR/keys/log.key is not a note signing key");
    let stranger = tempfile::tempdir().unwrap();
    let (other, _) = open(stranger.path());
    assert_eq!(
        spoiled(&write("log.vkey", other.vkey().into())),
        "DIR/log.vkey is not the verifier of the log's signing key"
    );
    assert_eq!(
        spoiled(&write("log/checkpoint", other.checkpoint())),
        "the checkpoint on disk cannot be trusted: it is not signed by the key of `port-meridian/1`"
    );
    assert_eq!(
        spoiled(&write("log/checkpoint", String::new())),
        "the checkpoint on disk cannot be trusted: it is not a signed checkpoint"
    );
    let elsewhere = Options { origin: "elsewhere/1".into(), ..options(folder.path(), HOUR) };
    assert!(Log::open(elsewhere).err().unwrap().to_string().ends_with("is the key of another origin"));
    for origin in ["", "a b", "a+b", "a\nb"] {
        let bad = Options { origin: origin.into(), ..options(stranger.path(), HOUR) };
        assert!(matches!(Log::open(bad), Err(Error::InUse { .. } | Error::Origin { .. })), "{origin}");
    }
    use std::os::unix::fs::PermissionsExt;
    for key in ["log.key", "log-openings.key"] {
        assert_eq!(fs::metadata(folder.path().join("keys").join(key)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_to_string(folder.path().join("log.vkey")).unwrap().trim(), vkey);
    // The lost verifier key is written again; it follows from the signing key.
    fs::remove_file(folder.path().join("log.vkey")).unwrap();
    drop(open(folder.path()));
    assert_eq!(fs::read_to_string(folder.path().join("log.vkey")).unwrap().trim(), vkey);
}

#[test]
fn an_entry_too_large_is_refused_and_the_log_stays_up() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    let down = log.append_clear(&vec![0; (64 << 20) + 1], None).wait_blocking().unwrap_err();
    assert!(down.reason().contains("not logged"), "{down}");
    assert_eq!(log.state(), Ok(()));
    assert_eq!(log.append_clear(b"", None).wait_blocking().unwrap().index(), 0);
}

/// docs/recovery.md says what to do with such a copy.
#[test]
fn gr24_a_slow_copy_of_a_running_log_names_its_hole_and_is_whole_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    let vkey = log.vkey().to_owned();
    (0..20).for_each(|number| drop(log.append(&event(number), None).wait_blocking().unwrap()));
    let early = fs::read(frames(folder.path())).unwrap();
    let end = *places(&early).last().unwrap();
    (20..60).for_each(|number| drop(log.append(&event(number), None).wait_blocking().unwrap()));
    let late = fs::read(frames(folder.path())).unwrap();
    let grown = places(&late);
    let last = *grown.last().unwrap();
    assert!(end + 1000 < last && last < early.len(), "they grew into the room");
    let copied = image(folder.path());
    // The front was read when there were twenty, the rest later: between two frames, in the middle of one, at the end.
    for at in [grown[30], grown[30] + 17, last, last + 5] {
        let bytes = [&early[..at], &late[at..]].concat();
        fs::write(frames(copied.path()), &bytes).unwrap();
        let whole = at >= last;
        match verify_folder(copied.path(), &vkey) {
            Ok(checked) => assert!(whole && checked.size + checked.beyond == 20, "{at}: {checked:?}"),
            Err(flaw) => {
                assert!(!whole, "{at}: {flaw}");
                let said = flaw.to_string();
                assert!(said.contains("entry 20") && said.contains(&format!("at offset {end}")), "{at}: {said}");
            }
        }
        fs::File::options().write(true).open(frames(copied.path())).unwrap().set_len(end as u64).unwrap();
        let checked = verify_folder(copied.path(), &vkey).unwrap();
        assert_eq!((checked.size + checked.beyond, checked.torn_bytes), (20, 0));
    }
    log.close().unwrap();
}
