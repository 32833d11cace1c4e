//! Measures the log beside the disk that it is on (`make bench`; the table is in docs/performance.md).
//!
//! `measure DIR [ENTRIES] [SECONDS]`: an empty folder on the disk to be measured; how large the log grows, ten million
//! without a word; how long each row of the first table takes. Prints two tables; removes what it wrote.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measuring program says what failed and ends"
)]
#![allow(clippy::disallowed_methods, reason = "a measurement in a folder of its own")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clear_audit::{Event, Folder, Log, Options, What, has_leaf, verify, verify_folder};
use clear_record::RequestId;

fn main() {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().expect("a folder"));
    let entries: u64 = args.next().map_or(10_000_000, |text| text.parse().expect("how many entries"));
    let seconds: u64 = args.next().map_or(4, |text| text.parse().expect("how many seconds"));
    fs::create_dir_all(&dir).unwrap();
    assert!(fs::read_dir(&dir).unwrap().next().is_none(), "{} is not empty", dir.display());
    askers(&dir, Duration::from_secs(seconds));
    growth(&dir, entries);
    fs::remove_dir_all(&dir).unwrap();
}

fn options(folder: &Path) -> Options {
    Options {
        folder: folder.to_owned(),
        keys: folder.join("keys"),
        origin: "measure/1".into(),
        checkpoint_every: Duration::from_secs(1),
        ..Options::default()
    }
}

/// An answered event with the fields that most have.
fn event() -> Event {
    Event {
        request: Some(RequestId::fresh()),
        what: What::Answered,
        account: Some("officer-1042".parse().unwrap()),
        agency: Some("pmpd".parse().unwrap()),
        at: jiff::Timestamp::now(),
        count: Some(1),
        digest: Some("b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c".into()),
        ..Event::default()
    }
}

/// In so many turns each row alternates between the log and the bare disk, so that both see the same disk and neighbours.
const TURNS: u32 = 10;

/// Events per second and waiting time beside the disk's own group commits.
fn askers(dir: &Path, time: Duration) {
    println!(
        "| askers at once | each waits for | events/s | waiting ms p50 / p99 | mean group | the disk alone at that size: groups/s | records/s | share | an answer waits, fsyncs p50 / p99 | CPU µs an event |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (askers, signed) in [1usize, 16, 256].into_iter().flat_map(|askers| [(askers, false), (askers, true)]) {
        let folder = dir.join(format!("askers-{askers}"));
        let (log, _) = Log::open(options(&folder)).unwrap();
        let (mut waits, mut busy, mut cpu) = (Vec::new(), Duration::ZERO, Duration::ZERO);
        let (mut syncs, mut alone, mut alone_busy) = (0u64, 0u64, Duration::ZERO);
        for _ in 0..TURNS {
            let (began, used, before) = (Instant::now(), cpu_time(), log.syncs());
            waits.extend(runtime.block_on(ask(&log, askers, signed, time / TURNS)));
            busy += began.elapsed();
            cpu += cpu_time() - used;
            syncs += log.syncs() - before;
            let began = Instant::now();
            alone += disk(dir, (frame_bytes(&folder) / syncs) as usize, time / TURNS);
            alone_busy += began.elapsed();
        }
        log.close().unwrap();
        drop(log);
        waits.sort_unstable();
        let (rate, group) = (waits.len() as f64 / busy.as_secs_f64(), waits.len() as f64 / syncs as f64);
        let alone = alone as f64 / alone_busy.as_secs_f64();
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!(
            "| {askers} | {} | {rate:.0} | {:.2} / {:.2} | {group:.1} | {alone:.0} | {:.0} | {:.0} % | {:.1} / {:.1} | {:.1} |",
            if signed { "its receipt, signed" } else { "the disk" },
            at(0.5),
            at(0.99),
            alone * group,
            100.0 * rate / (alone * group),
            at(0.5) / 1000.0 * alone,
            at(0.99) / 1000.0 * alone,
            cpu.as_secs_f64() * 1e6 / waits.len() as f64,
        );
        fs::remove_dir_all(folder).unwrap();
    }
}

/// So many askers, one entry after the other each; gives how long each entry was waited for.
async fn ask(log: &Log, askers: usize, signed: bool, time: Duration) -> Vec<Duration> {
    let began = Instant::now();
    let one = move |log: Log| async move {
        let mut waits = Vec::new();
        while began.elapsed() < time {
            let asked = Instant::now();
            let pending = log.append(&event(), None);
            if signed {
                pending.wait().await.unwrap();
            } else {
                pending.durable().await.unwrap();
            }
            waits.push(asked.elapsed());
        }
        waits
    };
    let tasks: Vec<_> = (0..askers).map(|_| tokio::spawn(one(log.clone()))).collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all
}

/// The bytes of a log's frames.
fn frame_bytes(folder: &Path) -> u64 {
    let items = fs::read_dir(folder.join("log")).unwrap().map(|item| item.unwrap());
    let frames = items.filter(|item| item.file_name().to_string_lossy().starts_with("frames-"));
    frames.map(|item| item.metadata().unwrap().len()).sum()
}

/// How many writes of so many bytes, each with its fdatasync, the disk does in this time.
fn disk(dir: &Path, bytes: usize, time: Duration) -> u64 {
    let path = dir.join("alone");
    let (mut file, data) = (File::create(&path).unwrap(), vec![0x5a; bytes]);
    let (began, mut count) = (Instant::now(), 0u64);
    while began.elapsed() < time {
        file.write_all(&data).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    fs::remove_file(path).unwrap();
    count
}

/// What stays the same when the log is ten times as long.
fn growth(dir: &Path, entries: u64) {
    println!(
        "\n| entries | appended/s | waiting ms p50 alone | proof ms (1,000 random entries) | start: every byte checked, entries/s | verify (tiles), entries/s | verify (frames, openings, tiles), entries/s | CPU s of both | memory MiB: after growth / peak of checks |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let folder = dir.join("growth");
    let mut size = 0;
    for target in [entries / 10, entries] {
        let (log, _) = Log::open(options(&folder)).unwrap();
        let (began, from) = (Instant::now(), size);
        let mut last = None;
        while size < target {
            let pending = log.append(&event(), None);
            if pending.refused().is_some() {
                std::thread::yield_now();
                continue;
            }
            last = Some(pending);
            size += 1;
        }
        last.map(|pending| pending.wait_blocking().unwrap());
        let appended = (size - from) as f64 / began.elapsed().as_secs_f64();
        let grown = resident_mib();
        let mut waits = Vec::new();
        for _ in 0..500 {
            let asked = Instant::now();
            log.append(&event(), None).wait_blocking().unwrap();
            waits.push(asked.elapsed());
            size += 1;
        }
        waits.sort_unstable();
        let vkey = log.vkey().to_owned();
        log.close().unwrap();
        drop(log);
        let source = Folder(folder.join("log"));
        let began = Instant::now();
        let mut dice = 7u64;
        for _ in 0..1000 {
            dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let entry = (dice >> 20) % size;
            // The leaf is another one's: the proof is made, checked, and does not fit. That costs what a fitting one does.
            assert!(has_leaf(&source, &vkey, entry, [0; 32]).is_err());
        }
        let proof = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let (log, recovered) = Log::open(options(&folder)).unwrap();
        let start = began.elapsed().as_secs_f64();
        assert_eq!(recovered.size, size);
        log.close().unwrap();
        drop(log);
        let cpu = cpu_time();
        let began = Instant::now();
        assert_eq!(verify(&source, &vkey).unwrap().size, size);
        let tiles = began.elapsed().as_secs_f64();
        let began = Instant::now();
        assert_eq!(verify_folder(&folder, &vkey).unwrap().opened, size);
        let whole = began.elapsed().as_secs_f64();
        let rate = |seconds: f64| size as f64 / seconds;
        println!(
            "| {size} | {appended:.0} | {:.2} | {proof:.3} | {:.0} ({start:.1} s) | {:.0} ({tiles:.1} s) | {:.0} ({whole:.1} s) | {:.1} | {grown} / {} |",
            waits[waits.len() / 2].as_secs_f64() * 1000.0,
            rate(start),
            rate(tiles),
            rate(whole),
            (cpu_time() - cpu).as_secs_f64(),
            peak_mib(),
        );
    }
    println!("\nThe folder: {} MiB.", bytes(&folder) >> 20);
}

fn bytes(folder: &Path) -> u64 {
    let items = fs::read_dir(folder).unwrap().map(|item| item.unwrap());
    items.map(|item| if item.path().is_dir() { bytes(&item.path()) } else { item.metadata().unwrap().len() }).sum()
}

/// CPU time of this process: user and system, in ticks of 1/100 s (proc(5)).
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn resident_mib() -> u64 {
    status("VmRSS:")
}

fn peak_mib() -> u64 {
    status("VmHWM:")
}
