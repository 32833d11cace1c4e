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
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clear_audit::{Event, Folder, Log, Options, Source, SourceError, What, has_leaf, verify, verify_folder};
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
    let mut peer = Peer::new(dir);
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
            alone += peer.groups((frame_bytes(&folder) / syncs) as usize, time / TURNS);
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

/// The bytes of a log's frames, without the room behind the last of them.
fn frame_bytes(folder: &Path) -> u64 {
    let items = fs::read_dir(folder.join("log")).unwrap().map(|item| item.unwrap());
    let mut segments: Vec<_> =
        items.map(|item| item.path()).filter(|path| path.to_string_lossy().contains("frames-")).collect();
    segments.sort();
    let newest = segments.pop().map_or(0, |newest| {
        let bytes = fs::read(newest).unwrap();
        bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
    });
    newest + segments.iter().map(|path| fs::metadata(path).unwrap().len()).sum::<u64>()
}

/// What the disk does by itself: one file, as large as a segment of the log, written once and synced before anything is
/// measured, and overwritten from then on. It never grows, so that its fdatasync has no length to write: the log's has.
struct Peer {
    file: File,
    at: u64,
}

const PEER_BYTES: u64 = 64 << 20;

impl Peer {
    fn new(dir: &Path) -> Peer {
        let mut file = File::create(dir.join("alone")).unwrap();
        for _ in 0..PEER_BYTES >> 20 {
            file.write_all(&vec![0xa5; 1 << 20]).unwrap();
        }
        file.sync_all().unwrap();
        let mut peer = Peer { file, at: 0 };
        // Warm: what the first syncs cost is nobody's rate.
        peer.groups(4096, Duration::from_millis(200));
        peer
    }

    /// Writes so many bytes behind the last ones, with their fdatasync.
    fn group(&mut self, data: &[u8]) {
        if self.at + data.len() as u64 > PEER_BYTES {
            self.at = 0;
        }
        self.file.write_all_at(data, self.at).unwrap();
        self.file.sync_data().unwrap();
        self.at += data.len() as u64;
    }

    /// How many groups of so many bytes it does in this time.
    fn groups(&mut self, bytes: usize, time: Duration) -> u64 {
        let (data, began, mut count) = (vec![0x5a; bytes], Instant::now(), 0u64);
        while began.elapsed() < time {
            self.group(&data);
            count += 1;
        }
        count
    }

    /// How long one such group takes, in the middle of so many, ms.
    fn wait_ms(&mut self, bytes: usize, times: usize) -> f64 {
        let data = vec![0x5a; bytes];
        let mut waits: Vec<Duration> = (0..times)
            .map(|_| {
                let began = Instant::now();
                self.group(&data);
                began.elapsed()
            })
            .collect();
        middle_ms(&mut waits)
    }
}

fn middle_ms(waits: &mut [Duration]) -> f64 {
    waits.sort_unstable();
    waits[waits.len() / 2].as_secs_f64() * 1000.0
}

/// Counts the files that a proof reads.
struct Counting(Folder, AtomicU64);

impl Source for Counting {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.get(path)
    }
}

/// Proofs of a thousand random entries, each with its own leaf: wall ms and CPU ms of one, and the files that it reads.
fn proofs(source: &Counting, vkey: &str, size: u64) -> (f64, f64, f64) {
    const PROOFS: u64 = 1000;
    let mut dice = 7u64;
    let leaves: Vec<(u64, [u8; 32])> = (0..PROOFS)
        .map(|_| {
            dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let entry = (dice >> 20) % size;
            (entry, leaf(&source.0, entry, size))
        })
        .collect();
    source.1.store(0, Ordering::Relaxed);
    let (began, cpu) = (Instant::now(), cpu_time());
    for (entry, leaf) in leaves {
        assert_eq!(has_leaf(source, vkey, entry, leaf).unwrap(), size);
    }
    let a_proof = |duration: Duration| duration.as_secs_f64() * 1000.0 / PROOFS as f64;
    let files = source.1.load(Ordering::Relaxed) as f64 / PROOFS as f64;
    (a_proof(began.elapsed()), a_proof(cpu_time() - cpu), files)
}

/// The hash of an entry's leaf, from its tile; the proof is what shows that it is the right one.
fn leaf(source: &Folder, entry: u64, size: u64) -> [u8; 32] {
    let (number, width) = (entry / 256, (size - entry / 256 * 256).min(256));
    let (millions, thousands, ones) = (number / 1_000_000, number / 1000 % 1000, number % 1000);
    let part = if width < 256 { format!(".p/{width}") } else { String::new() };
    let path = match (millions, thousands) {
        (0, 0) => format!("tile/0/{ones:03}{part}"),
        (0, _) => format!("tile/0/x{thousands:03}/{ones:03}{part}"),
        _ => format!("tile/0/x{millions:03}/x{thousands:03}/{ones:03}{part}"),
    };
    let (tile, at) = (source.get(&path).unwrap(), (entry % 256) as usize * 32);
    tile[at..at + 32].try_into().unwrap()
}

/// Waits until nothing is left to be written: tiles are not synced one by one, and the system writes them when it likes.
fn settled() {
    assert!(std::process::Command::new("sync").status().unwrap().success());
}

/// What stays the same when the log is ten times as long.
fn growth(dir: &Path, entries: u64) {
    println!(
        "\n| entries | appended/s | waiting ms p50 alone, tiles still being written | and when they are | the disk alone at that size, ms p50 | proof ms: first / again | CPU ms of one, again | files that it reads | start: every byte checked, entries/s | verify (tiles), entries/s | verify (frames, openings, tiles), entries/s | CPU s of both | memory MiB: after growth / peak of checks |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let folder = dir.join("growth");
    let mut peer = Peer::new(dir);
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
        let mut alone = || {
            let mut waits = Vec::new();
            for _ in 0..500 {
                let asked = Instant::now();
                log.append(&event(), None).wait_blocking().unwrap();
                waits.push(asked.elapsed());
                size += 1;
            }
            middle_ms(&mut waits)
        };
        let behind_growth = alone();
        settled();
        let waited = alone();
        let disk = peer.wait_ms((frame_bytes(&folder) / size) as usize, 500);
        let vkey = log.vkey().to_owned();
        log.close().unwrap();
        drop(log);
        let source = Folder(folder.join("log"));
        let counting = Counting(source.clone(), AtomicU64::new(0));
        // The same entries twice: what the second turn is faster by, is files that were not in the memory.
        let (first, ..) = proofs(&counting, &vkey, size);
        let (again, proof_cpu, files) = proofs(&counting, &vkey, size);
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
            "| {size} | {appended:.0} | {behind_growth:.2} | {waited:.2} | {disk:.2} | {first:.3} / {again:.3} | {proof_cpu:.3} | {files:.1} | {:.0} ({start:.1} s) | {:.0} ({tiles:.1} s) | {:.0} ({whole:.1} s) | {:.1} | {grown} / {} |",
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
