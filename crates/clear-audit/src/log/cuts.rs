//! A crash run, cut at each write of each file: frames of many segments, tiles, bundles, both checkpoints.

#![cfg(test)]

use std::collections::BTreeMap;

use super::*;
use crate::{Folder, verify_folder};

/// A file of a crash image: its path in the folder, its bytes.
type Files = BTreeMap<PathBuf, Vec<u8>>;

fn image(folder: &Path) -> Files {
    fn walk(at: &Path, root: &Path, found: &mut Files) {
        for item in fs::read_dir(at).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if let Ok(bytes) = fs::read(&path) {
                // What goes while this looks was replaced by what is there.
                found.insert(path.strip_prefix(root).unwrap().to_owned(), bytes);
            }
        }
    }
    let mut found = Files::new();
    walk(folder, folder, &mut found);
    found
}

fn put(files: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// How far the frames of a segment reach; the header is none, and where it is missing, nothing is reached.
fn reach(segment: &[u8]) -> usize {
    let mut at = SEGMENT_HEADER.min(segment.len());
    while let Some(length) = segment.get(at..).and_then(frame::claimed_length) {
        at += length;
    }
    at
}

/// What a start makes of a crash image: everything that was acknowledged by then, and at most what was under way.
fn holds(files: &Files, acknowledged: &[Receipt], most: u64, what: &str) {
    let folder = put(files);
    let (log, recovered) =
        Log::open_with(crashing(folder.path()), 2000).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!((acknowledged.len() as u64..=most).contains(&recovered.size), "{what}: {recovered:?}");
    log.close().unwrap();
    // The newest are what a crash could take; the others are under the same root.
    for receipt in acknowledged.iter().rev().take(4) {
        receipt
            .included(&Folder(folder.path().join("log")), log.vkey())
            .unwrap_or_else(|flaw| panic!("{what}: {flaw}"));
    }
    verify_folder(folder.path(), log.vkey()).unwrap_or_else(|flaw| panic!("{what}: {flaw}"));
}

fn crashing(folder: &Path) -> Options {
    // Strangers see every checkpoint, so that theirs is written as often as the log's own.
    let public = Some(Public { every: Duration::ZERO, bucket: 1 });
    Options {
        folder: folder.to_owned(),
        keys: folder.join("keys"),
        origin: "test/1".into(),
        public,
        checkpoint_every: Duration::ZERO,
        ..Options::default()
    }
}

#[test]
fn gr24_cut_at_each_write_of_each_file_nothing_that_was_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = Log::open_with(crashing(folder.path()), 2000).unwrap();
    let (mut acknowledged, mut before, mut dice) = (Vec::new(), image(folder.path()), 9u64);
    let mut below = |limit: usize| {
        dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (dice >> 33) as usize % limit.max(1)
    };
    let (mut cut, mut batch) = (BTreeMap::<String, usize>::new(), 0u64);
    // Batches of several entries, over many segments and past the first whole tile.
    // The first whole tile is near, so that the run goes past it.
    let many: Vec<_> = (0..240).map(|_| log.append(&Event::default(), None)).collect();
    acknowledged.extend(many.into_iter().map(|pending| pending.wait_blocking().unwrap()));
    before.extend(image(folder.path()));
    while acknowledged.len() < 290 {
        batch += 1;
        let pending: Vec<_> = (0..1 + batch % 7)
            .map(|number| log.append(&Event { why: Some(format!("{batch}/{number}")), ..Event::default() }, None))
            .collect();
        let receipts: Vec<_> = pending.into_iter().map(|pending| pending.wait_blocking().unwrap()).collect();
        if batch.is_multiple_of(2) {
            let (done, published) = oneshot::channel();
            log.handle.orders.as_ref().unwrap().send(Order::Publish(done)).unwrap();
            let _ = published.blocking_recv();
        }
        let (after, most) = (image(folder.path()), log.size());
        let news: Vec<_> = after.iter().filter(|(path, bytes)| before.get(*path) != Some(*bytes)).collect();
        let is_frames = |path: &Path| path.to_str().unwrap().contains("frames-");
        // What is written behind the frames, is written when they are on the disk and their waiters know.
        let mut behind = before.clone();
        behind.extend(
            news.iter().filter(|(path, _)| is_frames(path)).map(|(path, bytes)| ((*path).clone(), (*bytes).clone())),
        );
        let both: Vec<Receipt> = acknowledged.iter().chain(&receipts).cloned().collect();
        for (path, bytes) in &news {
            let name = path.to_str().unwrap();
            let kind = ["frames-", "tile/", "checkpoint", "public"].into_iter().find(|kind| name.contains(kind));
            let Some(kind) = kind.filter(|_| !name.ends_with(".new")) else { continue };
            let reach = |bytes: &[u8]| if kind == "frames-" { reach(bytes) } else { bytes.len() };
            let (was, is) = (before.get(*path).map_or(0, |bytes| reach(bytes)), reach(bytes));
            let mut places = vec![was, was + below(is.saturating_sub(was)), is.saturating_sub(1)];
            if kind != "frames-" {
                places = vec![places[below(3)]];
            }
            // Of a segment that has only lost its room, nothing was written.
            places.retain(|at| kind != "frames-" || *at >= was);
            // What was written can end there, and where there is room, the room can begin there.
            let roomy = kind == "frames-" && bytes.len() > is;
            let cuts = places.into_iter().flat_map(|at| [Some((at, false)), roomy.then_some((at, true))]);
            for (at, room) in cuts.flatten() {
                let mut part = bytes[..at.min(bytes.len())].to_vec();
                if room {
                    part.resize(bytes.len(), 0);
                }
                let (mut crashed, there) = match kind {
                    "frames-" => {
                        // Segments are begun one behind the other.
                        let mut crashed = before.clone();
                        let earlier = news.iter().filter(|(other, _)| is_frames(other) && other < path);
                        crashed.extend(earlier.map(|(path, bytes)| ((*path).clone(), (*bytes).clone())));
                        (crashed, &acknowledged)
                    }
                    _ => (behind.clone(), &both),
                };
                match kind {
                    // They are put in place whole, under another name first: that is what a crash can leave torn.
                    "checkpoint" | "public" => crashed.insert(path.with_extension("new"), part),
                    _ => crashed.insert((*path).clone(), part),
                };
                holds(&crashed, there, most, &format!("{name} cut at {at} (room behind it: {room}) in batch {batch}"));
                *cut.entry(kind.to_owned()).or_default() += 1;
            }
        }
        acknowledged.extend(receipts);
        before = after;
    }
    log.close().unwrap();
    for kind in ["frames-", "tile/", "checkpoint", "public"] {
        assert!(cut.get(kind).is_some_and(|cuts| *cuts > 5), "{cut:?}");
    }
    // What no crash does, somebody might: a synced file cut short is refused, and a tile is made again.
    let whole = image(folder.path());
    for (path, bytes) in whole.iter().filter(|(path, bytes)| path.starts_with("log") && !bytes.is_empty()) {
        let name = path.to_str().unwrap();
        let newest = whole.keys().rfind(|path| path.to_str().unwrap().contains("frames-")) == Some(path);
        if newest || ((name.contains(".p/") || name.contains("frames-")) && below(8) > 0) {
            continue;
        }
        let mut crashed = whole.clone();
        crashed.insert(path.clone(), bytes[..below(bytes.len())].to_vec());
        if name.contains("tile/") {
            holds(&crashed, &acknowledged, log.size(), name);
        } else {
            let place = put(&crashed);
            assert!(Log::open_with(crashing(place.path()), 2000).is_err(), "{name} cut short went unnoticed");
        }
    }
}
