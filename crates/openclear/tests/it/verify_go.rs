//! The log under a verifier that shares no code with it: Go's `sumdb/note` and `sumdb/tlog`, built here and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clear_audit::{Folder, Log, Options, Receipt};
use serde_json::json;

use crate::bed::{Ask, Bed, Server, until};

/// The verifier, and the key and files that it is given.
struct Verifier {
    binary: PathBuf,
    key: String,
}

impl Verifier {
    /// Builds `examples/verify-go` with Debian's packages, without any download.
    fn build(bed: &Bed) -> Verifier {
        let binary = bed.beside("verify-go");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/verify-go/main.go");
        let built = Command::new("go")
            .args(["build", "-o"])
            .args([&binary, &source])
            .envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", "")])
            .output()
            .expect("golang-go is installed: scripts/prepare test");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Verifier { binary, key: bed.dir.join("log.vkey").display().to_string() }
    }

    /// What it says of a log; the first line of what it says against it otherwise.
    fn run(&self, log: &str, args: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.binary).args(["-log", log, "-key", &self.key]).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.code() {
            Some(0) => Ok(said),
            Some(1) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            code => panic!("{code:?}: {said}{}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    fn refuses(&self, log: &str, args: &[&str], why: &str) {
        let said = self.run(log, args).expect_err(why);
        assert!(said.starts_with("REFUSED: ") && said.contains(why), "{log} {args:?}: {said}");
    }
}

fn receipt(bed: &Bed, server: &Server) -> String {
    let said = server.ask(&bed.find("officer", &json!({"name": "smith"})));
    assert_eq!(said.status, 200, "{}", said.text());
    said.header("x-clear-receipt").unwrap().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        match item.file_type().unwrap().is_dir() {
            true => copy(&item.path(), &to.join(item.file_name())),
            false => drop(fs::copy(item.path(), to.join(item.file_name())).unwrap()),
        }
    }
}

/// Another log under these keys, or under keys of its own: what a lying server would show.
fn other_log(folder: &Path, keys: Option<&Path>) -> (Log, Vec<Receipt>) {
    if let Some(keys) = keys {
        copy(keys, &folder.join("keys"));
    }
    let options = Options {
        folder: folder.to_owned(),
        keys: folder.join("keys"),
        origin: "port-meridian/node-1".into(),
        checkpoint_every: Duration::ZERO,
        ..clear_audit::Options::default()
    };
    let (log, _) = Log::open(options).unwrap();
    let receipts = (0..3).map(|_| log.append_clear(b"another history", None).wait_blocking().unwrap()).collect();
    log.close().unwrap();
    (log, receipts)
}

#[test]
fn gr22_a_verifier_that_we_did_not_write_accepts_the_log_and_refuses_every_changed_one() {
    let bed = Bed::city();
    let server = bed.serve_at_pace("0s", 4);
    let verifier = Verifier::build(&bed);
    let first = server.ask(&Ask::get("/log/checkpoint")).text();
    let receipts: Vec<String> = (0..5).map(|_| receipt(&bed, &server)).collect();
    let last = Receipt::parse(&receipts[4]).unwrap().index();
    until("the receipts' entries are public", Duration::from_secs(30), || {
        let size = server.ask(&Ask::get("/log/checkpoint")).text();
        size.lines().nth(1).unwrap().parse::<u64>().unwrap() > last
    });
    let write = |name: &str, text: &str| {
        let path = bed.beside(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let older = write("older.txt", &first);
    for receipt in &receipts {
        let said = verifier.run(&server.url, &["-all", "-receipt", receipt, "-older", &older]).unwrap();
        for words in ["signed that it has", "the root follows from all", "begins with the", "has its entry at place"] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
    let clear = verifier.run(&server.url, &["-all", "-clear"]).unwrap();
    assert!(clear.contains("\"entry\":\"agreement\"") && !clear.contains("smith"), "{clear}");
    assert!(server.stop().0.success());

    // The folder is as good as the server, and a copy of it as good as the folder.
    let log = bed.dir.join("log");
    let good = log.display().to_string();
    verifier.run(&good, &["-all", "-receipt", &receipts[0], "-older", &older]).unwrap();
    clear_audit::verify(&Folder(log.clone()), fs::read_to_string(&verifier.key).unwrap().trim()).unwrap();

    let (stranger, _) = other_log(&bed.beside("stranger"), None);
    let foreign = Verifier { binary: verifier.binary.clone(), key: stranger.vkey().to_owned() };
    foreign.refuses(&good, &[], "the checkpoint");

    let checkpoint = fs::read_to_string(log.join("checkpoint")).unwrap();
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    // The tile that an entry is in, as wide as the checkpoint has it.
    let tile = |entry: u64| match (entry / 256, size - entry / 256 * 256) {
        (number, 256..) => format!("{number:03}"),
        (number, width) => format!("{number:03}.p/{width}"),
    };
    let (part, promised) = (tile(0), tile(Receipt::parse(&receipts[0]).unwrap().index()));
    for (number, (path, at, args, why)) in [
        ("checkpoint".to_owned(), 25, vec![], "the checkpoint"),
        (format!("tile/0/{part}"), 7, vec!["-all"], "entry 0 is not the one"),
        (format!("tile/0/{promised}"), 7, vec!["-receipt", receipts[0].as_str()], "tile"),
        (format!("tile/entries/{part}"), 3, vec!["-all"], "entry 0 is not the one"),
        (format!("tile/entries/{part}"), 0, vec!["-all"], "entry 0 is"),
    ]
    .into_iter()
    .enumerate()
    {
        let changed = bed.beside(&format!("changed-{number}"));
        copy(&log, &changed);
        let mut bytes = fs::read(changed.join(&path)).unwrap();
        bytes[at] ^= 1;
        fs::write(changed.join(&path), bytes).unwrap();
        verifier.refuses(&changed.display().to_string(), &args, why);
    }
    let shorter = checkpoint.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size - 1), 1);
    let changed = bed.beside("changed-size");
    copy(&log, &changed);
    fs::write(changed.join("checkpoint"), shorter).unwrap();
    verifier.refuses(&changed.display().to_string(), &[], "the checkpoint");

    // A keeper who signs another history with the right key is found out by whoever kept a checkpoint or a receipt.
    let fork = bed.beside("fork");
    let (forked, promised) = other_log(&fork, Some(&bed.dir.join("keys")));
    let history = write("history.txt", &forked.checkpoint());
    verifier.refuses(&good, &["-older", &history], "was rewritten");
    verifier.refuses(&good, &["-receipt", &promised[1].to_header()], "is not the one of the receipt");
    let fork = fork.join("log").display().to_string();
    verifier.run(&fork, &["-all"]).unwrap();
    verifier.refuses(&fork, &["-older", &write("newest.txt", &checkpoint)], "was rolled back");
    verifier.refuses(&fork, &["-receipt", &receipts[0]], "is not public yet");
    verifier.refuses(&good, &["-receipt", &receipts[0].replacen('A', "B", 1)], "the receipt");
}
