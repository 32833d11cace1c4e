//! The log's volume fails: what takes over, what is refused, what is found afterwards. Each failure is a real one.

use std::path::PathBuf;
use std::process::Stdio;

use clear_audit::{Health, SpoolReady};

use super::*;

/// A log on a disk of its own, whose spool is elsewhere.
struct Bench {
    disk: Tmpfs,
    spool: tempfile::TempDir,
}

impl Bench {
    fn new(size: &str) -> Bench {
        Bench { disk: Tmpfs::new(size), spool: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> PathBuf {
        self.disk.0.path().join("data")
    }

    fn spool(&self) -> PathBuf {
        self.spool.path().join("spool")
    }

    fn options(&self) -> Options {
        fs::create_dir_all(self.folder()).unwrap();
        Options { spool: Some(self.spool()), ..options(&self.folder(), Duration::from_millis(20)) }
    }

    fn open(&self) -> (Log, Recovered) {
        Log::open(self.options()).unwrap()
    }
}

fn large(number: u64) -> Event {
    Event { reason: Some("x".repeat(3000)), ..event(number) }
}

/// Appends until the log is on its spool; gives every receipt.
fn until_it_spools(log: &Log) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    while log.health() == Health::Well {
        assert!(receipts.len() < 20_000, "the disk is full at last");
        receipts.push(log.append(&large(1), None).wait_blocking().unwrap());
    }
    receipts
}

fn degraded(log: &Log) -> clear_audit::Degraded {
    match log.health() {
        Health::Spooling(degraded) => degraded,
        other => panic!("{other:?}"),
    }
}

fn said(down: &LogDown) -> bool {
    down.reason().contains("No space left on device")
}

#[test]
fn gr24_a_full_disk_and_the_spool_takes_over_without_losing_an_answer() {
    let bench = Bench::new("1m");
    let (log, _) = bench.open();
    assert_eq!(log.spool(), SpoolReady::Ready);
    let mut receipts = until_it_spools(&log);
    let before = log.synced_size();
    for number in 1..=50 {
        receipts.push(log.append(&event(number), Some(number)).wait_blocking().unwrap());
    }
    receipts.push(log.append_clear(b"order 7", Some(51)).wait_blocking().unwrap());
    assert_eq!(log.synced_size(), before, "the log's own volume is not written to again");
    // Every answer had its place at once, in order, and one entry more says what happened.
    let total = receipts.len() as u64 + 1;
    assert_eq!(receipts.last().unwrap().index() + 1, total);
    let trouble = degraded(&log);
    assert!(said(&trouble.reason) && trouble.entries == total - before, "{trouble:?}");
    assert!(!trouble.reason.in_public().contains('/'), "{}", trouble.reason.in_public());
    assert_eq!(log.state(), Ok(()));
    receipts.iter().for_each(|receipt| assert_eq!(receipt.check(log.vkey()), Ok(())));
    assert!(fs::metadata(bench.spool().join("spool.frames")).unwrap().len() > 1000);
    // Sealed: nobody reads a question there.
    let bytes = fs::read(bench.spool().join("spool.frames")).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"answered"));
    log.close().unwrap();

    // Room again: the next start brings it all into the log before anybody can ask.
    bench.disk.mount(&["-o", "remount,size=16m"]);
    let (log, recovered) = bench.open();
    assert_eq!((recovered.size, recovered.last_outbox), (total, 51));
    assert_eq!(recovered.spooled, total - before);
    assert_eq!(log.health(), Health::Well);
    assert!(!bench.spool().join("spool.frames").exists(), "a second copy is not kept");
    let source = Folder(bench.folder().join("log"));
    for receipt in &receipts {
        assert_eq!(receipt.included(&source, log.vkey()).unwrap(), total);
    }
    let events: Vec<What> = log
        .openings(0..total)
        .unwrap()
        .filter_map(|opened| match opened.unwrap().1 {
            Opened::Event(event) => Some(event.what),
            _ => None,
        })
        .collect();
    assert_eq!(events.iter().filter(|what| **what == What::Degraded).count(), 1);
    assert_eq!(log.append(&event(1), None).wait_blocking().unwrap().index(), total);
    log.close().unwrap();
    assert_eq!(verify_folder(&bench.folder(), log.vkey()).unwrap().size, total + 1);
}

#[test]
fn gr24_both_full_and_nothing_is_logged_any_more() {
    let bench = Bench::new("1m");
    let second = Tmpfs::new("256k");
    let options = Options { spool: Some(second.0.path().join("spool")), ..bench.options() };
    let (log, _) = Log::open(options.clone()).unwrap();
    let mut receipts = until_it_spools(&log);
    let down = loop {
        match log.append(&large(2), None).wait_blocking() {
            Ok(receipt) => receipts.push(receipt),
            Err(down) => break down,
        }
    };
    assert!(said(&down) && down.reason().contains("and before that"), "{down}");
    assert!(!down.is_passing());
    assert_eq!(log.health(), Health::Down(down.clone()));
    // Room again on both changes nothing: neither is asked again.
    bench.disk.mount(&["-o", "remount,size=16m"]);
    second.mount(&["-o", "remount,size=16m"]);
    for _ in 0..3 {
        assert_eq!(log.append(&event(2), None).wait_blocking(), Err(down.clone()));
    }
    assert_eq!(log.close(), Err(down));
    let (log, recovered) = Log::open(options).unwrap();
    assert!(recovered.size > receipts.len() as u64);
    log.close().unwrap();
    for receipt in &receipts {
        receipt.included(&Folder(bench.folder().join("log")), log.vkey()).unwrap();
    }
    verify_folder(&bench.folder(), log.vkey()).unwrap();
}

/// What holds whenever the log comes back: every receipt's entry is in it.
fn comes_back(folder: &Path, options: Options, receipts: &[Receipt]) {
    let (log, recovered) = Log::open(options).unwrap();
    assert!(recovered.size >= receipts.len() as u64);
    log.close().unwrap();
    for receipt in receipts {
        receipt.included(&Folder(folder.join("log")), log.vkey()).unwrap();
    }
    verify_folder(folder, log.vkey()).unwrap();
}

#[test]
fn gr24_a_folder_that_goes_away() {
    let bench = Bench::new("8m");
    let (log, _) = bench.open();
    let aside = bench.folder().join("aside");
    fs::rename(bench.folder().join("log"), &aside).unwrap();
    // The open file can be written still; the tree's files, made anew each time, cannot.
    let (mut receipts, began) = (Vec::new(), Instant::now());
    while log.health() == Health::Well {
        assert!(began.elapsed() < Duration::from_secs(20), "a missing folder is noticed");
        receipts.push(log.append(&event(1), None).wait_blocking().unwrap());
    }
    receipts.push(log.append(&event(2), None).wait_blocking().unwrap());
    log.close().unwrap();
    drop(log);
    // What the fallen log made in its place is empty; the real one comes back.
    let _ = fs::remove_dir_all(bench.folder().join("log"));
    fs::rename(&aside, bench.folder().join("log")).unwrap();
    comes_back(&bench.folder(), bench.options(), &receipts);
}

#[test]
fn gr24_a_disk_whose_writes_fail() {
    let (disk, spool) = (Freezer::new(), tempfile::tempdir().unwrap());
    let data = disk.disk().join("data");
    fs::create_dir(&data).unwrap();
    let options = Options { spool: Some(spool.path().join("spool")), ..options(&data, Duration::from_millis(20)) };
    let (log, _) = Log::open(options.clone()).unwrap();
    let mut receipts: Vec<Receipt> =
        (0..10).map(|number| log.append(&event(number), None).wait_blocking().unwrap()).collect();
    // What a kernel does with a disk that loses writes: the file system gives up, and every sync fails from now on.
    run("mount", &["-o", "remount,abort", disk.disk().to_str().unwrap()]);
    for number in 1..=20 {
        receipts.push(log.append(&event(number), Some(number)).wait_blocking().unwrap());
    }
    assert!(matches!(log.health(), Health::Spooling(_)), "{:?}", log.health());
    log.close().unwrap();
    drop(log);
    let error = Log::open(options.clone()).err().expect("nothing is served from a disk that fails");
    assert!(error.to_string().starts_with("cannot write"), "{error}");
    disk.mend();
    comes_back(&data, options, &receipts);
}

#[test]
fn gr24_a_merge_that_a_crash_interrupts_at_any_moment_is_continued() {
    let bench = Bench::new("1m");
    let (log, _) = bench.open();
    let mut receipts = until_it_spools(&log);
    for number in 1..=40 {
        receipts.push(log.append(&event(number), Some(number)).wait_blocking().unwrap());
    }
    log.close().unwrap();
    drop(log);
    // Everything as the crash leaves it, on a disk with room.
    let kept = tempfile::tempdir().unwrap();
    copy(&bench.folder(), &kept.path().join("data"));
    copy(&bench.spool(), &kept.path().join("spool"));
    let total = receipts.len() as u64 + 1;
    let open_in = |place: &Path| {
        fs::write(
            place.join("data/log/spool"),
            // The log remembers a path; the copies are elsewhere.
            format!("{}\n{}", place.join("spool").display(), fs::read_to_string(place.join("spool/spool.id")).unwrap()),
        )
        .unwrap();
        Log::open(Options { spool: Some(place.join("spool")), ..options(&place.join("data"), HOUR) })
    };
    let whole = |place: &Path| {
        let (log, recovered) = open_in(place).unwrap();
        assert_eq!((recovered.size, recovered.last_outbox), (total, 40));
        log.close().unwrap();
        for receipt in &receipts {
            receipt.included(&Folder(place.join("data/log")), log.vkey()).unwrap();
        }
        assert_eq!(verify_folder(&place.join("data"), log.vkey()).unwrap().size, total);
    };
    // What a whole merge writes is, cut at any byte, what a crash in it leaves.
    let merged = tempfile::tempdir().unwrap();
    copy(kept.path(), merged.path());
    whole(merged.path());
    let (from, to) = (reach(&kept.path().join("data")), reach(&merged.path().join("data")));
    assert!(to > from);
    let after = fs::read(frames(&merged.path().join("data"))).unwrap();
    let mut dice = Dice(11);
    let mut cuts: Vec<u64> = (0..12).map(|_| from.saturating_sub(300) + dice.below(to - from + 300)).collect();
    cuts.extend([from, from + 1, to - 1, to]);
    for cut in cuts {
        let crashed = tempfile::tempdir().unwrap();
        copy(kept.path(), crashed.path());
        let checkpoint = fs::read_to_string(crashed.path().join("data/log/checkpoint")).unwrap();
        assert!(!checkpoint.is_empty());
        fs::write(frames(&crashed.path().join("data")), &after[..cut.max(from) as usize]).unwrap();
        whole(crashed.path());
    }
    // Between the two removals, and before them.
    let removing = tempfile::tempdir().unwrap();
    copy(merged.path(), removing.path());
    fs::copy(kept.path().join("spool/spool.frames"), removing.path().join("spool/spool.frames")).unwrap();
    whole(removing.path());
    assert!(!removing.path().join("spool/spool.frames").exists());
}

/// Copies a folder that is written to: what goes while this looks was replaced by what is there.
fn copy_running(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let path = item.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_running(&path, &target);
        } else if let Ok(bytes) = fs::read(&path) {
            fs::write(target, bytes).unwrap();
        }
    }
}

#[test]
fn gr24_a_spool_cut_at_each_of_its_writes_holds_what_was_acknowledged() {
    let bench = Bench::new("1m");
    let (log, _) = bench.open();
    let mut receipts = until_it_spools(&log);
    let image = || {
        let kept = tempfile::tempdir().unwrap();
        copy_running(&bench.folder(), &kept.path().join("data"));
        copy_running(&bench.spool(), &kept.path().join("spool"));
        kept
    };
    let (mut dice, mut before) = (Dice(17), image());
    for number in 1..=12u64 {
        // Several entries in one write, every other time.
        let several = if number % 2 == 0 { 3 } else { 1 };
        let pending: Vec<_> = (0..several).map(|_| log.append(&event(number), None)).collect();
        let written: Vec<Receipt> = pending.into_iter().map(|pending| pending.wait_blocking().unwrap()).collect();
        let after = image();
        let frames = |place: &tempfile::TempDir| fs::read(place.path().join("spool/spool.frames")).unwrap();
        let (was, is) = (frames(&before), frames(&after));
        assert!(is.starts_with(&was) && is.len() > was.len(), "it grows by its writes alone");
        let least = receipts.len() as u64 + 1;
        for at in [was.len(), was.len() + 1 + dice.below((is.len() - was.len() - 1) as u64) as usize, is.len() - 1] {
            let crashed = tempfile::tempdir().unwrap();
            copy(before.path(), crashed.path());
            fs::write(crashed.path().join("spool/spool.frames"), &is[..at]).unwrap();
            let id = fs::read_to_string(crashed.path().join("spool/spool.id")).unwrap();
            let spool = crashed.path().join("spool");
            fs::write(crashed.path().join("data/log/spool"), format!("{}\n{id}", spool.display())).unwrap();
            let options = Options { spool: Some(spool), ..options(&crashed.path().join("data"), HOUR) };
            let (log, recovered) =
                Log::open(options).unwrap_or_else(|error| panic!("write {number} cut at {at}: {error}"));
            let most = least + written.len() as u64;
            assert!((least..most).contains(&recovered.size), "write {number} cut at {at}: {recovered:?}");
            log.close().unwrap();
            for receipt in &receipts {
                receipt.included(&Folder(crashed.path().join("data/log")), log.vkey()).unwrap();
            }
        }
        receipts.extend(written);
        before = after;
    }
    log.close().unwrap();
}

#[test]
fn gr22_a_changed_spool_is_found_at_the_next_start() {
    let bench = Bench::new("1m");
    let (log, _) = bench.open();
    until_it_spools(&log);
    for number in 1..=20 {
        log.append(&event(number), None).wait_blocking().unwrap();
    }
    log.close().unwrap();
    drop(log);
    bench.disk.mount(&["-o", "remount,size=16m"]);
    let kept = tempfile::tempdir().unwrap();
    copy(&bench.spool(), kept.path());
    let mut dice = Dice(3);
    for name in ["spool.frames", "spool.note", "spool.id"] {
        let bytes = fs::read(kept.path().join(name)).unwrap();
        for round in 0..40 {
            let mut changed = bytes.clone();
            let at = dice.below(bytes.len() as u64) as usize;
            changed[at] ^= 1 << dice.below(8);
            fs::write(bench.spool().join(name), changed).unwrap();
            let error = Log::open(bench.options()).err();
            assert!(error.is_some(), "{name} byte {at}, round {round}, went unnoticed");
        }
        fs::write(bench.spool().join(name), &bytes).unwrap();
    }
    // Shortened, emptied, removed; the log that it belongs to is older; another log's.
    let bytes = fs::read(kept.path().join("spool.frames")).unwrap();
    for length in [0, 31, 32, 40, bytes.len() / 2, bytes.len() - 1] {
        fs::write(bench.spool().join("spool.frames"), &bytes[..length]).unwrap();
        assert!(Log::open(bench.options()).is_err(), "cut at {length}");
    }
    fs::remove_file(bench.spool().join("spool.frames")).unwrap();
    assert!(Log::open(bench.options()).is_err(), "gone");
    let aside = bench.spool().with_extension("aside");
    fs::rename(bench.spool(), &aside).unwrap();
    let said = Log::open(bench.options()).err().unwrap().to_string();
    assert!(said.contains("is not there; is its volume mounted?") && said.contains("docs/recovery.md"), "{said}");
    // Even where it is not named any more: the log remembers it.
    assert!(Log::open(Options { spool: None, ..bench.options() }).is_err());
    fs::rename(&aside, bench.spool()).unwrap();
    fs::write(bench.spool().join("spool.frames"), &bytes).unwrap();
    let stranger = tempfile::tempdir().unwrap();
    let other = Options { spool: Some(bench.spool()), origin: "elsewhere/1".into(), ..options(stranger.path(), HOUR) };
    assert!(Log::open(other).err().unwrap().to_string().contains("is the spool of another log"));
    // Its new place is as good as its old one; and without a word of it, what waits is brought home all the same.
    let (log, recovered) = Log::open(Options { spool: None, ..bench.options() }).unwrap();
    assert!(recovered.spooled > 20);
    assert_eq!(log.spool(), SpoolReady::None);
    log.close().unwrap();
    verify_folder(&bench.folder(), log.vkey()).unwrap();
}

#[test]
fn gr24_a_log_that_has_lost_entries_does_not_take_the_spool_for_them() {
    let bench = Bench::new("1m");
    let (log, _) = bench.open();
    until_it_spools(&log);
    log.close().unwrap();
    drop(log);
    bench.disk.mount(&["-o", "remount,size=16m"]);
    let path = frames(&bench.folder());
    let bytes = fs::read(&path).unwrap();
    // Somebody empties the log and its checkpoint while it was down: the spool knows better.
    fs::remove_file(bench.folder().join("log/checkpoint")).unwrap();
    fs::remove_dir_all(bench.folder().join("log/tile")).unwrap();
    fs::write(&path, &bytes[..32]).unwrap();
    let said = Log::open(bench.options()).err().unwrap().to_string();
    assert!(said.contains("but the log holds 0: entry 0 was acknowledged and is gone"), "{said}");
}

/// An ext4 file system in a file, which can be frozen: what is written to it then waits, as with a disk that hangs.
struct Freezer {
    folder: tempfile::TempDir,
}

impl Freezer {
    fn new() -> Freezer {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        fs::File::create(&image).unwrap().set_len(32 << 20).unwrap();
        let freezer = Freezer { folder };
        fs::create_dir(freezer.disk()).unwrap();
        run("mkfs.ext4", &["-q", image.to_str().unwrap()]);
        freezer.mount();
        freezer
    }

    fn mount(&self) {
        let image = self.folder.path().join("image");
        run("mount", &["-o", "loop", image.to_str().unwrap(), self.disk().to_str().unwrap()]);
    }

    /// As an operator does it: unmounted, checked, mounted.
    fn mend(&self) {
        run("umount", &[self.disk().to_str().unwrap()]);
        let image = self.folder.path().join("image");
        let checked = Command::new("e2fsck").args(["-y", "-f", image.to_str().unwrap()]).output().unwrap();
        assert!(checked.status.code().is_some_and(|code| code <= 1), "{}", String::from_utf8_lossy(&checked.stdout));
        self.mount();
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn freeze(&self) {
        run("fsfreeze", &["--freeze", self.disk().to_str().unwrap()]);
    }

    fn thaw(&self) {
        run("fsfreeze", &["--unfreeze", self.disk().to_str().unwrap()]);
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        let quietly = |program: &str, args: &[&str]| {
            let _ = Command::new(program).args(args).arg(self.disk()).stderr(Stdio::null()).status();
        };
        quietly("fsfreeze", &["--unfreeze"]);
        quietly("umount", &["--lazy"]);
    }
}

fn run(program: &str, args: &[&str]) {
    let done = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let why = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "a disk that hangs needs {program}, as root: {why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gr24_a_disk_that_hangs_is_said_and_nothing_is_answered_without_its_event() {
    let freezer = Freezer::new();
    let data = freezer.disk().join("data");
    fs::create_dir(&data).unwrap();
    let quick = Options { patience: Duration::from_millis(150), ..options(&data, HOUR) };
    let (log, _) = Log::open(quick).unwrap();
    log.append(&event(0), None).wait().await.unwrap();
    freezer.freeze();
    let asked = log.append(&event(1), None);
    let order = tokio::spawn(log.append_clear(b"an order, committed in the ledger", Some(1)).wait());
    let blocking = log.append(&event(2), None);
    let blocking = tokio::task::spawn_blocking(move || blocking.wait_blocking());
    let refused = asked.wait().await.unwrap_err();
    assert!(refused.is_passing() && refused.reason().contains("has not answered for"), "{refused}");
    assert!(blocking.await.unwrap().unwrap_err().is_passing());
    assert!(matches!(log.health(), Health::Slow { .. }));
    assert_eq!(log.synced_size(), 1);
    assert!(!order.is_finished(), "what the ledger has committed is waited out");
    freezer.thaw();
    // The disk answers: the log goes on by itself, and what was given up is in it all the same.
    assert_eq!(order.await.unwrap().unwrap().index(), 2);
    assert_eq!(log.append(&event(3), None).wait().await.unwrap().index(), 4);
    assert_eq!(log.health(), Health::Well);
    log.close().unwrap();
    assert_eq!(verify_folder(&data, log.vkey()).unwrap().size, 5);
}
