//! What is logged is kept.

use super::*;

/// The modules that write the log's own files.
const WRITERS: [&str; 8] = ["log", "recover", "spool", "frame", "tree", "keys", "destroy", "public"];

/// Where they remove or shorten a file, tests apart.
fn removals() -> Vec<String> {
    let mut found = Vec::new();
    for name in WRITERS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name).with_extension("rs");
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for line in code.lines().filter(|line| line.contains("fs::remove_") || line.contains(".set_len(")) {
            found.push(format!("{name}.rs: {}", line.trim()));
        }
    }
    found
}

#[test]
fn gr23_no_part_of_the_log_is_ever_removed_for_its_age() {
    // GR23 wants a year, and never less than the longest live disclosure. There is no pruning at all: what the
    // log removes or shortens is listed here, and none of it is an entry that was acknowledged.
    let expected = [
        // A part of a tile whose whole is there.
        "match fs::remove_dir_all(&parts)",
        // A torn tail, never acknowledged.
        "file.set_len(offset)",
        "return fs::remove_file(path)",
        // A spool that the log has swallowed, one whose first write was torn, the memory of one given up, and the note of a
        // destruction that is done.
        "match fs::remove_file(&path)",
        "fs::remove_file(&path).map_err",
        "match fs::remove_file(&memory)",
        // The note of an opening that is destroyed by now.
        "destroy.rs: ",
    ];
    for removal in removals() {
        let known = expected.iter().any(|known| removal.contains(known));
        assert!(known, "`{removal}` removes something of the log: GR23 and docs/recovery.md say what may be");
    }
    // And as it is used: segment after segment, opened again and again, every one of them stays.
    let folder = tempfile::tempdir().unwrap();
    let mut kept: BTreeSet<PathBuf> = BTreeSet::new();
    for round in 0..6u64 {
        let (log, recovered) = open(folder.path());
        assert_eq!(recovered.size, round * 40);
        for number in 0..40 {
            log.append(&event(number), None).wait_blocking().unwrap();
        }
        log.close().unwrap();
        let now: BTreeSet<PathBuf> = fs::read_dir(folder.path().join("log"))
            .unwrap()
            .map(|item| item.unwrap().path())
            .filter(|path| path.to_str().unwrap().contains("frames-"))
            .collect();
        assert!(now.is_superset(&kept));
        kept = now;
    }
    let (log, _) = open(folder.path());
    assert_eq!(log.openings(0..u64::MAX).unwrap().count(), 240, "the oldest can be opened still");
}
