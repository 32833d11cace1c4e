//! Answers that others have published, and another implementation's.

use std::time::Duration;

use clear_audit::{Folder, begins_with, open_note, parsers, verify};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use crate::{HOUR, open, options};

/// The example of Go's `note` package, which C2SP's signed notes are.
const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const COSIGNED: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

#[test]
fn gr22_the_published_example_of_a_signed_note_is_accepted_and_no_changed_one() {
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    assert_eq!(open_note(NOTE, NEUMANN).unwrap(), text);
    assert_eq!(open_note(&format!("{NOTE}{COSIGNED}"), NEUMANN).unwrap(), text, "others may sign too");
    for (changed, key) in [
        (NOTE.replacen("think", "thank", 1), NEUMANN.to_owned()),
        (NOTE.replacen("x08go", "x08gp", 1), NEUMANN.to_owned()),
        (NOTE.replacen("\n\n", "\n", 1), NEUMANN.to_owned()),
        (NOTE.to_owned(), NEUMANN.replacen("c74f20a3", "c74f20a4", 1)),
        (NOTE.to_owned(), NEUMANN.replacen("PeterNeumann", "PaulNeumann", 1)),
    ] {
        assert!(open_note(&changed, &key).is_err(), "{changed}{key}");
    }
}

#[test]
fn gr22_the_published_example_of_a_checkpoint_reads() {
    // <https://c2sp.org/tlog-checkpoint>, the specification's example.
    let example = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    assert_eq!(parsers::checkpoint(example.as_bytes()), Ok(true));
    for (from, to) in [("20852163", "020852163"), ("20852163", "-1"), ("CsUY", "!sUY"), ("\n20852163", ""), ("\n\n", "\n")] {
        assert_eq!(parsers::checkpoint(example.replacen(from, to, 1).as_bytes()), Ok(false), "{from} {to}");
    }
}

#[test]
fn gr22_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for number in 0..70_000u64 {
        drop(log.append_clear(&number.to_be_bytes(), None));
        oracle.push([&[2u8], number.to_be_bytes().as_slice()].concat());
    }
    log.close().unwrap();
    // <https://c2sp.org/tlog-tiles>: 273 full tiles of level 0 and one of 112, one full tile of level 1 and one of 17, one
    // of level 2 with 1.
    for (path, hashes) in [
        ("tile/0/000", 256),
        ("tile/0/272", 256),
        ("tile/0/273.p/112", 112),
        ("tile/1/000", 256),
        ("tile/1/001.p/17", 17),
        ("tile/2/000.p/1", 1),
    ] {
        assert_eq!(log.tile(path).unwrap().map(|tile| tile.len()), Some(hashes * 32), "{path}");
    }
    for path in ["tile/0/273", "tile/0/273.p/113", "tile/0/274.p/1", "tile/1/001.p/18", "tile/2/000.p/2", "tile/3/000.p/1"] {
        assert_eq!(log.tile(path).unwrap(), None, "{path}");
    }
    let verified = verify(&Folder(folder.path().join("log")), log.vkey()).unwrap();
    assert_eq!(verified.root.as_slice(), oracle.root().as_bytes().as_slice());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Another implementation of RFC 6962 has the same root at every size, accepts our log's leaves under it, and any
    /// beginning of the log is that of any longer one.
    #[test]
    fn gr22_another_implementation_agrees(sizes in prop::collection::vec(1u64..90, 1..5), place in any::<prop::sample::Index>()) {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = clear_audit::Log::open(options(folder.path(), HOUR)).unwrap();
        let source = Folder(folder.path().join("log"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let mut roots: Vec<(u64, [u8; 32])> = vec![];
        for more in sizes {
            for _ in 0..more {
                let text = oracle.len().to_be_bytes();
                drop(log.append_clear(&text, None));
                oracle.push([&[2u8], text.as_slice()].concat());
            }
            runtime.block_on(log.publish()).unwrap();
            let root: [u8; 32] = oracle.root().as_bytes().as_slice().try_into().unwrap();
            prop_assert_eq!(clear_audit::published(&source, log.vkey()).unwrap().root, root);
            roots.push((oracle.len(), root));
            for (size, root) in &roots {
                prop_assert_eq!(begins_with(&source, log.vkey(), *size, *root).unwrap(), oracle.len());
            }
        }
        let index = place.index(oracle.len() as usize);
        let proof = oracle.prove_inclusion(index);
        let text = (index as u64).to_be_bytes();
        oracle.root().verify_inclusion(&[&[2u8], text.as_slice()].concat(), index as u64, &proof).unwrap();
        let receipt = log.append_clear(b"the last", None).wait_blocking().unwrap();
        runtime.block_on(log.publish()).unwrap();
        let ours = clear_audit::Proof::of(&receipt, &source, log.vkey()).unwrap();
        oracle.push([&[2u8], b"the last".as_slice()].concat());
        // The path that we write is the one that the other computes, hash by hash.
        let theirs: Vec<u8> = oracle.prove_inclusion(receipt.index() as usize).as_bytes().to_vec();
        prop_assert_eq!(ours.path().concat(), theirs);
        prop_assert_eq!(ours.check(&receipt, log.vkey()).unwrap(), oracle.len());
        log.close().unwrap();
    }
}

#[test]
fn gr22_a_proof_is_checked_without_the_log_and_no_changed_one_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = clear_audit::Log::open(options(folder.path(), Duration::from_secs(3600))).unwrap();
    let receipts: Vec<_> = (0..7u64).map(|number| log.append(&crate::event(number), None).wait_blocking().unwrap()).collect();
    log.close().unwrap();
    let source = Folder(folder.path().join("log"));
    let proof = clear_audit::Proof::of(&receipts[4], &source, log.vkey()).unwrap();
    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 4\n"), "{text}");
    let read = |text: &str| clear_audit::Proof::parse(text);
    assert_eq!(read(&text).unwrap().check(&receipts[4], log.vkey()).unwrap(), 7);
    let beside = text.replacen("index", "extra SGVsbG8=\nindex", 1);
    assert_eq!(read(&beside).unwrap().check(&receipts[4], log.vkey()).unwrap(), 7, "what others put beside it");
    assert!(read(&text).unwrap().check(&receipts[5], log.vkey()).is_err(), "another receipt");
    assert!(read(&text.replacen("index 4", "index 5", 1)).unwrap().check(&receipts[5], log.vkey()).is_err());
    let other = tempfile::tempdir().unwrap();
    assert!(proof.check(&receipts[4], open(other.path()).0.vkey()).is_err(), "another log's key");
    for (at, line) in text.lines().enumerate() {
        let dropped: String = text.lines().enumerate().filter(|(other, _)| *other != at).map(|(_, line)| format!("{line}\n")).collect();
        let refused = |text: &str| !read(text).is_ok_and(|proof| proof.check(&receipts[4], log.vkey()).is_ok());
        assert!(refused(&dropped), "without line {}: {line}", at + 1);
        if let Some(character) = line.chars().find(char::is_ascii_alphanumeric) {
            let other = if character == 'A' { "B" } else { "A" };
            let line = line.replacen(character, other, 1);
            let changed: String = text.lines().enumerate().map(|(other, kept)| format!("{}\n", if other == at { &line } else { kept })).collect();
            assert!(refused(&changed), "line {} changed: {line}", at + 1);
        }
    }
    for (text, line) in [("", 1), ("c2sp.org/tlog-proof@v2\n", 1), ("c2sp.org/tlog-proof@v1\n", 2), ("c2sp.org/tlog-proof@v1\nindex 04\n\n", 2), ("c2sp.org/tlog-proof@v1\nindex 4\nx\n\n", 3), ("c2sp.org/tlog-proof@v1\nindex 4", 2)] {
        assert_eq!(read(text).unwrap_err().line, line, "{text}");
    }
}
