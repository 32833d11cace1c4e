//! What is logged is kept.

use super::*;

/// The modules that write the log's own files.
const WRITERS: [&str; 11] = [
    "log",
    "log/writer",
    "log/pending",
    "log/teller",
    "recover",
    "spool",
    "frame",
    "tree",
    "keys",
    "destroy",
    "public",
];

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
        "tree.rs: match fs::remove_dir_all(&parts)",
        // The room behind the frames, in which there is nothing.
        "log/writer.rs: file.set_len(self.length)",
        // The same, and a torn tail, never acknowledged.
        "recover.rs: file.set_len(scanned.end)",
        "recover.rs: return fs::remove_file(path)",
        // A spool that the log has swallowed, one whose first write was torn, the memory of one given up.
        "spool.rs: match fs::remove_file(&path)",
        "spool.rs: fs::remove_file(&path).map_err",
        "spool.rs: return match fs::remove_file(&memory)",
        // The note of an opening that is destroyed by now.
        "destroy.rs: fs::remove_file(&path).map_err",
    ];
    let removals = removals();
    for removal in &removals {
        let known = expected.iter().any(|known| removal.starts_with(known));
        assert!(known, "`{removal}` removes something of the log: GR23 and docs/recovery.md say what may be");
    }
    // A list that names what is gone, or a look that misses a file, is no guard.
    for known in expected {
        assert!(removals.iter().any(|removal| removal.starts_with(known)), "`{known}` is nowhere any more");
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (folder, prefix) in [(source.join("log"), "log/")] {
        for file in fs::read_dir(folder).unwrap() {
            let name = file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            // A test of its own.
            if name == "cuts" {
                continue;
            }
            assert!(
                WRITERS.contains(&format!("{prefix}{name}").as_str()),
                "{name}.rs writes the log and is not looked at"
            );
        }
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
