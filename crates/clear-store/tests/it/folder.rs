//! What only a folder can meet: another process, and a full disk.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use clear_record::Seq;
use clear_store::{Batch, Error, Store};

use crate::bed::{batch, draft, file, outbox};

#[tokio::test]
async fn a_folder_in_use_says_so() {
    let folder = tempfile::TempDir::new().unwrap();
    let lock = folder.path().join("lock");
    // Another process that holds the lock until its input ends.
    let mut other = Command::new("flock")
        .arg(&lock)
        .args(["sh", "-c", "echo held; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    let refused = Store::folder(folder.path()).await;
    assert!(matches!(&refused, Err(Error::InUse { folder: of }) if of == folder.path()), "{refused:?}");
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("in use by another process: stop that process"), "{text}");
    assert!(!folder.path().join("ledger.db").exists(), "nothing was touched");

    drop(other.stdin.take());
    other.wait().unwrap();
    let store = Store::folder(folder.path()).await.unwrap();
    assert!(
        matches!(Store::folder(folder.path()).await, Err(Error::InUse { .. })),
        "nor may this process open it twice"
    );
    store.close().await;
    Store::folder(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_says_where() {
    let refused = Store::folder(Path::new("/proc/nowhere")).await;
    let text = refused.unwrap_err().to_string();
    assert_eq!(
        text,
        "cannot make the folder `/proc/nowhere`: see that it exists and that this account may read and write it"
    );
}

const FULL: &str = "CLEAR_STORE_FULL_DISK";

/// Runs itself again in a mount namespace of its own, where it may mount a small disk without leaving it behind.
#[tokio::test]
async fn a_full_disk_keeps_nothing_half_done() {
    if std::env::var_os(FULL).is_some() {
        return on_a_small_disk().await;
    }
    let root = std::fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me)).unwrap() == 0;
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !root {
        command.args(["--user", "--map-root-user"]);
    }
    let name = "folder::a_full_disk_keeps_nothing_half_done";
    let status =
        command.arg(std::env::current_exe().unwrap()).args(["--exact", name, "--nocapture"]).env(FULL, "1").status();
    assert!(status.expect("`unshare` (util-linux) is installed").success(), "on the small disk");
}

async fn on_a_small_disk() {
    let disk = tempfile::TempDir::new().unwrap();
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(disk.path()).status().unwrap();
    assert!(mounted.success(), "a tmpfs can be mounted here");
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let folder = disk.path().join("data");

    let store = Store::folder(&folder).await.unwrap();
    let fence = store.ledger.lead().await.unwrap();
    let filing = |turn: u128| Batch {
        outbox: vec![outbox("o")],
        ..batch((0..40).map(|n| draft(turn * 100 + n, &"x".repeat(300))).collect())
    };
    let mut turn = 0;
    let refused = loop {
        turn += 1;
        assert!(turn < 2000, "the disk is never full");
        if let Err(error) = store.ledger.commit(&fence, filing(turn)).await {
            break error;
        }
    };
    assert!(matches!(refused, Error::Full { .. }), "{refused:?}");
    assert!(refused.to_string().contains("make room and try again"), "{refused}");
    let whole = u64::try_from(turn - 1).unwrap();
    let is_whole = async |store: &Store, commits: u64| {
        let head = store.ledger.head().await.unwrap();
        assert_eq!((head.seq, head.outbox), (Seq(commits * 40), commits));
        let all = store.ledger.follow(Seq(0), head.seq, 99_999).await.unwrap();
        assert!(all.iter().zip(1..).all(|(version, seq)| version.seq == Seq(seq) && version.record.is_some()));
        assert_eq!(all.len() as u64, commits * 40);
    };
    is_whole(&store, whole).await;
    assert!(store.ledger.commit(&fence, filing(turn)).await.is_err(), "still full");
    is_whole(&store, whole).await;

    std::fs::remove_file(&ballast).unwrap();
    store.ledger.commit(&fence, filing(turn)).await.unwrap();
    is_whole(&store, whole + 1).await;
    store.close().await;
    let store = Store::folder(&folder).await.unwrap();
    file(&store, &fence, &[]).await;
    is_whole(&store, whole + 1).await;
}
