//! A restored backup that has not heard of an order (S16), and the witnesses and anchors that notice it (GR22).

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clear_audit::{CosignerKey, Opened, What, signed_text};
use clear_policy::KeyPair;
use clear_testkit::story;
use serde_json::json;

use crate::bed::{Ask, Bed, Server, run, stderr, stdout, until};

const SOON: Duration = Duration::from_secs(60);

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// Serves the bed with these further arguments.
fn serve(bed: &Bed, more: &[&str]) -> Server {
    let args = [vec!["serve".to_owned()], bed.place(), vec!["--port".to_owned(), "0".to_owned()]].concat();
    let more = more.iter().map(|arg| (*arg).to_owned());
    Server::start(&args.into_iter().chain(more).collect::<Vec<_>>(), &bed.beside("said"))
        .unwrap_or_else(|said| panic!("no server: {said}"))
}

/// Puts a backup in the place of the data folder.
fn restore(bed: &Bed, backup: &Path) {
    fs::remove_dir_all(&bed.dir).unwrap();
    copy(backup, &bed.dir);
}

fn size_of(note: &str) -> u64 {
    note.lines().nth(1).unwrap().parse().unwrap()
}

/// How many entries the newest checkpoint in the folder covers.
fn logged(bed: &Bed) -> u64 {
    size_of(&fs::read_to_string(bed.dir.join("log/checkpoint")).unwrap())
}

fn asks(bed: &Bed, server: &Server, who: &str) -> u16 {
    server.ask(&bed.find(who, &json!({"name": "smith"}))).status
}

/// The founders' private keys as files.
fn keys(bed: &Bed) -> Vec<PathBuf> {
    let keys: Vec<KeyPair> = story::fixed_keys(&story::register());
    let write = |key: &KeyPair| {
        let path = bed.beside(&format!("{}.key", key.holder.holder));
        fs::write(&path, &key.private).unwrap();
        path
    };
    keys.iter().map(write).collect()
}

fn resume(bed: &Bed, more: &[&str]) -> (Option<i32>, String) {
    let place = bed.place();
    let args: Vec<&str> = ["register", "resume"].into_iter().chain(place.iter().map(String::as_str)).collect();
    let output = run(&[args.as_slice(), more].concat());
    (output.status.code(), format!("{}{}", stdout(&output), stderr(&output)))
}

/// A witness's process for the bed's log.
struct Watcher {
    server: Server,
    dir: PathBuf,
    key: CosignerKey,
}

impl Watcher {
    fn of(bed: &Bed, name: &str) -> Watcher {
        let dir = bed.beside(name);
        let made =
            run(&["witness", "key", "--dir", dir.to_str().unwrap(), "--name", &format!("witness.example/{name}")]);
        assert!(made.status.success(), "{}", stderr(&made));
        let key = CosignerKey::parse(stdout(&made).trim()).unwrap();
        Watcher { server: Watcher::serve(bed, &dir, "127.0.0.1:0"), dir, key }
    }

    fn serve(bed: &Bed, dir: &Path, listen: &str) -> Server {
        let vkey = bed.dir.join("log.vkey");
        let args = ["witness", "--dir", dir.to_str().unwrap(), "--log", vkey.to_str().unwrap(), "--listen", listen];
        let said = dir.join("said");
        Server::start(&args.map(str::to_owned), &said).unwrap_or_else(|said| panic!("no witness: {said}"))
    }

    /// What `--witness` takes.
    fn flag(&self) -> String {
        format!("{}={}", self.server.url, self.key)
    }

    fn newest(&self) -> Option<String> {
        let said = self.server.ask(&Ask::get("/checkpoint/port-meridian/node-1"));
        (said.status == 200).then(|| said.text())
    }

    /// Waits until it has cosigned what was logged since the log had so many entries.
    fn in_step(&self, bed: &Bed, since: u64) {
        grown(bed, since);
        let entries = logged(bed);
        until("the witness has cosigned it", SOON, || self.newest().is_some_and(|note| size_of(&note) >= entries));
    }
}

/// Waits until the log's checkpoint is well beyond this size.
fn grown(bed: &Bed, since: u64) {
    until("the log has grown", SOON, || bed.dir.join("log/checkpoint").is_file() && logged(bed) > since + 3);
}

fn gauge(server: &Server, name: &str) -> f64 {
    let metrics = server.ask(&Ask::get("/metrics")).text();
    let line =
        metrics.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("no {name}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Nobody gets anything, and everybody is told whom to call.
fn nothing_is_served(bed: &Bed, server: &Server) {
    let before = logged(bed);
    for who in ["anonymous", "cut_off", "officer", "steward", "oversight"] {
        for ask in [
            bed.find(who, &json!({"name": "smith"})),
            bed.as_who(who, Ask::get("/api/v1/register")),
            bed.as_who(who, Ask::get("/register")),
            bed.as_who(who, Ask::get("/search")),
            bed.as_who(who, Ask::get("/log/checkpoint")),
            bed.as_who(who, Ask::get("/metrics")),
            bed.as_who(who, Ask::get("/")),
        ] {
            let said = server.ask(&ask);
            assert_eq!(said.status, 503, "{who} {} {}: {}", ask.method, ask.path, said.text());
            if ask.path != "/metrics" && ask.path != "/" {
                assert!(said.text().contains("register resume"), "{}: {}", ask.path, said.text());
            }
            assert!(said.text().contains("555-0100"), "{}: whom to call: {}", ask.path, said.text());
        }
    }
    let healthz = server.ask(&Ask::get("/healthz"));
    assert_eq!((healthz.status, healthz.json()["state"].as_str()), (503, Some("not serving")));
    assert_eq!(logged(bed), before, "nothing was appended");
}

#[test]
fn s16_a_restored_backup_serves_nothing_until_the_founding_quorum_resumes_it() {
    let bed = Bed::bare();
    let (anchor, backup) = (bed.beside("anchor"), bed.beside("backup"));
    let server = serve(&bed, &["--anchor", anchor.to_str().unwrap()]);
    let healthz = server.ask(&Ask::get("/healthz")).json();
    assert_eq!((&healthz["rollback"], &healthz["watchers"]), (&json!("detectable"), &json!(["anchor: in step"])));
    assert_eq!(asks(&bed, &server, "cut_off"), 200);
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    copy(&bed.dir, &backup);

    let before = logged(&bed);
    let server = bed.serve();
    bed.cut_off_frs(&server);
    assert_eq!(asks(&bed, &server, "cut_off"), 403);
    // Killed, not stopped: the anchor has the order before that.
    grown(&bed, before);
    until("the anchor has it", SOON, || size_of(&fs::read_to_string(&anchor).unwrap()) >= logged(&bed));
    server.kill();

    restore(&bed, &backup);
    let (behind, known) = (logged(&bed), fs::read_to_string(&anchor).unwrap());
    let server = bed.serve();
    nothing_is_served(&bed, &server);
    let words = format!("anchor knows {} entries, this log has {behind}", size_of(&known));
    assert!(server.stderr().contains(&words), "{}", server.stderr());
    assert_eq!(server.stop().0.code(), Some(5));
    // No other command goes on with it either.
    let place = bed.place();
    let account = bed.person("importer").account.clone();
    let token = ["token", "--account", &account, "--days", "2", "--label", "a nightly load"];
    let refused = run(&token.into_iter().chain(place.iter().map(String::as_str)).collect::<Vec<_>>());
    assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
    assert!(stderr(&refused).contains("is not what it is known to be"), "{}", stderr(&refused));
    assert_eq!(logged(&bed), behind);

    // Too few, twice the same, another size, another log, a stranger.
    let founders = keys(&bed);
    let key = |at: usize| founders[at].to_str().unwrap();
    let why = "The disk was lost.";
    let (code, said) = resume(&bed, &["--text", why, "--key", key(0)]);
    assert!(code == Some(3) && said.contains("needs 2 signatures") && said.contains("has 1"), "{said}");
    let (code, said) = resume(&bed, &["--text", why, "--key", key(0), "--key", key(0)]);
    assert!(code == Some(3) && said.contains("needs 2 signatures"), "{said}");
    let (code, draft) = resume(&bed, &["--text", why, "--draft"]);
    assert_eq!(code, Some(0), "{draft}");
    let draft: String =
        draft.lines().filter(|line| !line.starts_with("anchor knows")).map(|line| format!("{line}\n")).collect();
    let root = known.lines().nth(2).unwrap();
    assert!(draft.contains(&format!("against: {} {root} anchor\n", size_of(&known))), "{draft}");
    let signed = |text: &str| {
        let keys: Vec<String> = founders[..2].iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let path = bed.beside("signed");
        fs::write(&path, clear_policy::sign(text, &[&keys[0], &keys[1]]).unwrap()).unwrap();
        path
    };
    for (from, to, words) in [
        (format!("goes on at: {behind} "), format!("goes on at: {} ", behind + 1), "lets the log go on at"),
        ("port-meridian/node-1".to_owned(), "port-meridian/node-2".to_owned(), "is of the log"),
        (
            "installation: port-meridian".to_owned(),
            "installation: elsewhere".to_owned(),
            "for the installation `elsewhere`",
        ),
        (format!("against: {} ", size_of(&known)), "against: 7 ".to_owned(), "draft it again"),
    ] {
        assert!(draft.contains(&from), "{from} in {draft}");
        let (code, said) = resume(&bed, &["--note", signed(&draft.replacen(&from, &to, 1)).to_str().unwrap()]);
        assert!(code == Some(3) && said.contains(words), "{to}: {said}");
    }
    assert_eq!(logged(&bed), behind, "nothing was appended");
    assert_eq!(fs::read_to_string(&anchor).unwrap(), known);

    let (code, said) = resume(&bed, &["--note", signed(&draft).to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    let aside: Vec<PathBuf> = fs::read_dir(anchor.parent().unwrap())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("anchor.until-"))
        .collect();
    assert_eq!(fs::read_to_string(&aside[0]).unwrap(), known, "the old anchor is kept");
    let (log, recovered) = bed.log();
    let clear = log
        .openings(behind..recovered.size)
        .unwrap()
        .any(|opened| matches!(opened.unwrap().1, Opened::Clear(text) if text.starts_with(draft.as_bytes())));
    assert!(clear, "the founders' note stands in the log, for everybody");
    log.close().unwrap();
    drop(log);
    let (code, said) = resume(&bed, &["--text", why, "--key", key(0), "--key", key(1)]);
    assert!(code == Some(1) && said.contains("nothing to resume"), "{said}");
    let server = bed.serve();
    assert_eq!(asks(&bed, &server, "officer"), 200);
    // What came after the backup is gone, which is why somebody has to say so: the order is entered again.
    assert_eq!(asks(&bed, &server, "cut_off"), 200);
    bed.cut_off_frs(&server);
    assert_eq!(asks(&bed, &server, "cut_off"), 403);
    assert!(server.stop().0.success());
}

#[test]
fn s16_an_anchor_that_is_gone_is_no_first_start() {
    let bed = Bed::bare();
    let anchor = bed.beside("anchor");
    let flag = anchor.to_str().unwrap();
    assert!(serve(&bed, &["--anchor", flag]).stop().0.success());
    fs::remove_file(&anchor).unwrap();
    let server = bed.serve();
    nothing_is_served(&bed, &server);
    drop(server);
    let founders = keys(&bed);
    let (first, second) = (founders[0].to_str().unwrap(), founders[2].to_str().unwrap());
    let (code, said) = resume(&bed, &["--text", "It was deleted.", "--key", first, "--key", second]);
    assert!(code == Some(0) && said.contains("is gone"), "{said}");
    let server = bed.serve();
    assert_eq!(asks(&bed, &server, "officer"), 200);
    assert!(server.stop().0.success());

    // An anchor inside the folder, on a volume that is not there, and of another log.
    let place = bed.place();
    for (path, words) in [
        (bed.dir.join("anchor"), "inside the data folder"),
        (bed.beside("nowhere").join("anchor"), "is its volume mounted?"),
        (bed.beside("other"), "is it another log's?"),
    ] {
        fs::write(bed.beside("other"), "not a checkpoint\n").unwrap();
        let args = ["serve", "--port", "0", "--anchor", path.to_str().unwrap()];
        let refused = run(&args.into_iter().chain(place.iter().map(String::as_str)).collect::<Vec<_>>());
        assert!(!refused.status.success() && stderr(&refused).contains(words), "{}", stderr(&refused));
    }
}

#[test]
fn s16_a_witness_that_knows_more_keeps_a_restored_backup_shut() {
    let bed = Bed::bare();
    let backup = bed.beside("backup");
    let mut watcher = Watcher::of(&bed, "oversight");
    assert!(bed.serve().stop().0.success());
    copy(&bed.dir, &backup);
    let before = logged(&bed);
    let server = serve(&bed, &["--witness", &watcher.flag()]);
    bed.cut_off_frs(&server);
    watcher.in_step(&bed, before);
    assert!(server.stop().0.success());
    let guards = fs::read(bed.dir.join("guards.json")).unwrap();

    // Asked at the start.
    restore(&bed, &backup);
    let server = serve(&bed, &["--witness", &watcher.flag()]);
    nothing_is_served(&bed, &server);
    assert!(server.stderr().contains("witness.example/oversight knows"), "{}", server.stderr());
    drop(server);

    // Asked in vain at the start: it serves, with an alarm, until the witness is there and knows more.
    restore(&bed, &backup);
    fs::write(bed.dir.join("guards.json"), guards).unwrap();
    let address = watcher.server.url.trim_start_matches("http://").to_owned();
    watcher.server.kill();
    let server = bed.serve();
    assert_eq!(asks(&bed, &server, "officer"), 200);
    watcher.server = Watcher::serve(&bed, &watcher.dir, &address);
    until("nothing is served any more", SOON, || {
        let said = crate::bed::ask(&server.url, &bed.find("officer", &json!({"name": "smith"})));
        said.is_ok_and(|said| said.status == 503 && said.text().contains("register resume"))
    });
    nothing_is_served(&bed, &server);
    drop(server);

    // The founders let it go on against what the witness knows. The witness does not follow: that stays an alarm.
    let founders = keys(&bed);
    let (first, second) = (founders[0].to_str().unwrap(), founders[1].to_str().unwrap());
    let (code, said) = resume(&bed, &["--text", "The disk was lost.", "--key", first, "--key", second]);
    assert_eq!(code, Some(0), "{said}");
    let server = bed.serve();
    assert_eq!(asks(&bed, &server, "officer"), 200);
    let refuses = json!(["witness.example/oversight: refuses"]);
    until("the alarm", SOON, || server.ask(&Ask::get("/healthz")).json()["watchers"] == refuses);
    assert_eq!(asks(&bed, &server, "officer"), 200);
    assert!(server.stop().0.success());
}

#[test]
fn gr22_a_witness_that_hangs_is_an_alarm_and_holds_nothing_up() {
    let bed = Bed::bare();
    let watcher = Watcher::of(&bed, "there");
    let down = Watcher::of(&bed, "down");
    let flag = down.flag();
    down.server.kill();
    // It takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = bed.beside("hangs");
    let key = run(&["witness", "key", "--dir", dir.to_str().unwrap(), "--name", "witness.example/hangs"]);
    let hanging = format!("http://{}={}", silent.local_addr().unwrap(), stdout(&key).trim());
    let server = serve(&bed, &["--witness", &watcher.flag(), "--witness", &flag, "--witness", &hanging]);
    let mut answered = 0;
    let healthz = |server: &Server| server.ask(&Ask::get("/healthz")).json()["watchers"].clone();
    let expected =
        json!(["witness.example/there: in step", "witness.example/down: late", "witness.example/hangs: late"]);
    until("both are told of", SOON, || {
        assert_eq!(asks(&bed, &server, "officer"), 200);
        answered += 1;
        healthz(&server) == expected
    });
    // Each of these waits took longer than a hundred answers do.
    assert!(answered > 100, "{answered} answers while two witnesses were waited for");
    assert_eq!((gauge(&server, "log_watchers"), gauge(&server, "log_watchers_alarmed")), (3.0, 2.0));
    let page = server.ask(&Ask::get("/log")).text();
    assert!(page.contains("Rollback detectable.") && page.contains("witness.example/hangs: <b>late"), "{page}");
    watcher.in_step(&bed, 0);
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
    drop(silent);
    // One event for each change of state.
    let events = bed.events();
    let said = |what: What| -> Vec<String> {
        events.iter().filter(|(_, event)| event.what == what).map(|(_, event)| event.why.clone().unwrap()).collect()
    };
    let watched = "the log is watched by witness.example/there, witness.example/down, witness.example/hangs";
    assert_eq!(said(What::Configured).last().unwrap(), watched);
    let alarms = said(What::WitnessAlarm);
    assert_eq!(alarms.len(), 2, "{alarms:?}");
    assert!(alarms.iter().all(|why| why.contains("is late since")), "{alarms:?}");
}

#[test]
fn gr22_cosignatures_stand_under_the_checkpoint_and_a_node_without_a_watcher_says_so() {
    let bed = Bed::bare();
    let (one, two) = (Watcher::of(&bed, "newspaper"), Watcher::of(&bed, "council"));
    let server = bed.serve();
    let healthz = server.ask(&Ask::get("/healthz")).json();
    assert_eq!((&healthz["rollback"], &healthz["watchers"]), (&json!("not detectable"), &json!([])));
    assert!(server.ask(&Ask::get("/log")).text().contains("Rollback not detectable."));
    assert!(server.stop().0.success());

    // Strangers see a checkpoint each second; the witnesses are asked for those in between as well.
    let pace = ["--public-every", "1s", "--public-bucket", "4"];
    let server = serve(&bed, &[&pace[..], &["--witness", &one.flag(), "--witness", &two.flag()]].concat());
    let vkey = fs::read_to_string(bed.dir.join("log.vkey")).unwrap();
    let holds = |note: &str, watcher: &Watcher| watcher.key.check(&signed_text(note).unwrap(), note).is_ok();
    let mut cosigned = String::new();
    until("both have cosigned the published checkpoint", SOON, || {
        asks(&bed, &server, "officer");
        cosigned = server.ask(&Ask::get("/log/checkpoint")).text();
        holds(&cosigned, &one) && holds(&cosigned, &two)
    });
    // It is as good a signed note as before, for those who know the log's key only.
    clear_audit::open_note(&cosigned, &vkey).unwrap();
    let verified = run(&["audit", "verify", &server.url, "--vkey", bed.dir.join("log.vkey").to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
    let page = one.server.ask(&Ask::get("/")).text();
    assert!(page.contains("port-meridian/node-1") && page.contains("It has never been shown two views"), "{page}");
    assert!(server.stop().0.success());
    assert!(fs::read_to_string(bed.dir.join("cosigned")).unwrap().contains("— witness.example/"));
}

#[test]
fn gr22_two_views_are_named_and_kept_by_the_witness_and_by_whoever_compares() {
    let bed = Bed::bare();
    let watcher = Watcher::of(&bed, "oversight");
    let (backup, vkey) = (bed.beside("backup"), bed.dir.join("log.vkey"));
    assert!(bed.serve().stop().0.success());
    copy(&bed.dir, &backup);
    let grow = |times: usize, more: &[&str]| -> String {
        let before = logged(&bed);
        let server = serve(&bed, more);
        for _ in 0..times {
            asks(&bed, &server, "officer");
        }
        if !more.is_empty() {
            watcher.in_step(&bed, before);
        }
        assert!(server.stop().0.success());
        fs::read_to_string(bed.dir.join("log/checkpoint")).unwrap()
    };
    let first = grow(3, &["--witness", &watcher.flag()]);
    let original = bed.beside("original");
    copy(&bed.dir, &original);
    // The copy goes on by itself, beyond what the witness knows, and is then shown to it.
    restore(&bed, &backup);
    let second = grow(30, &[]);
    let server = serve(&bed, &["--witness", &watcher.flag()]);
    nothing_is_served(&bed, &server);
    assert!(server.stderr().contains("two views of this log"), "{}", server.stderr());
    drop(server);
    let page = watcher.server.ask(&Ask::get("/")).text();
    assert!(page.contains("Something does not fit"), "{page}");
    let name = page.split("/evidence/").nth(1).unwrap().split('"').next().unwrap();
    let evidence = watcher.server.ask(&Ask::get(&format!("/evidence/{name}"))).text();
    assert!(evidence.contains("log: port-meridian/node-1"), "{evidence}");
    let kept: Vec<_> = fs::read_dir(bed.dir.join("evidence")).unwrap().collect();
    assert_eq!(kept.len(), 1, "the node keeps it too");

    let file = |name: &str, text: &str| {
        let path = bed.beside(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (first, second) = (file("first", &first), file("second", &second));
    let (data, original, kept) = (bed.dir.to_str().unwrap(), original.to_str().unwrap(), bed.beside("kept"));
    let compare = |one: &str, other: &str, more: &[&str]| -> (Option<i32>, String) {
        let kept = kept.to_str().unwrap();
        let args = ["audit", "compare", one, other, "--vkey", vkey.to_str().unwrap(), "--evidence", kept];
        let output = run(&[&args, more].concat());
        (output.status.code(), format!("{}{}", stdout(&output), stderr(&output)))
    };
    let before = file("before", &fs::read_to_string(backup.join("log/checkpoint")).unwrap());
    assert_eq!(compare(&first, original, &[]).0, Some(0));
    let (code, said) = compare(&before, original, &[]);
    assert!(code == Some(0) && said.contains("They agree"), "{said}");
    let (code, said) = compare(&first, &second, &[]);
    assert!(code == Some(1) && said.contains("say with --log"), "{said}");
    assert!(!kept.exists());
    for (one, other, more) in [(first.as_str(), data, vec![]), (second.as_str(), first.as_str(), vec!["--log", data])] {
        let (code, said) = compare(one, other, &more);
        assert!(code == Some(5) && said.contains("TWO VIEWS"), "{said}");
    }
    let kept: Vec<PathBuf> = fs::read_dir(&kept).unwrap().map(|file| file.unwrap().path()).collect();
    let text = fs::read_to_string(&kept[0]).unwrap();
    assert!(text.contains(fs::read_to_string(&first).unwrap().trim_end()), "{text}");
    assert!(text.contains(fs::read_to_string(&second).unwrap().lines().nth(2).unwrap()), "{text}");
    assert!(!text.split("--- the consistency proof").nth(1).unwrap().lines().nth(1).unwrap().is_empty(), "{text}");
}

#[test]
fn a_witness_refuses_with_a_word() {
    let bed = Bed::bare();
    let watcher = Watcher::of(&bed, "oversight");
    let post = |body: &str| {
        let said = watcher.server.ask(&Ask::post_bytes("/add-checkpoint", "text/plain", body.as_bytes().to_vec()));
        (said.status, said.header("content-type").unwrap_or_default().to_owned(), said.text())
    };
    let checkpoint = fs::read_to_string(bed.dir.join("log/checkpoint")).unwrap();
    assert_eq!(post("hello").0, 400);
    assert_eq!(post(&format!("old 0\n\n{}", checkpoint.replacen("port-meridian", "elsewhere", 1))).0, 404);
    assert_eq!(post(&format!("old 0\n\n{}", checkpoint.replacen('\n', "\n1", 1))).0, 403);
    let conflict = post(&format!("old 1\n\n{checkpoint}"));
    assert_eq!(conflict, (409, "text/x.tlog.size".to_owned(), "0\n".to_owned()));
    let (status, _, line) = post(&format!("old 0\n\n{checkpoint}"));
    assert_eq!(status, 200);
    watcher.key.check(&signed_text(&checkpoint).unwrap(), &line).unwrap();
    let large = format!("old 0\n\n{}", "x".repeat(100_000));
    assert_eq!(post(&large).0, 413);
    assert_eq!(watcher.server.ask(&Ask::get("/evidence/..%2Fwitness.key")).status, 404);
    assert_eq!(watcher.server.ask(&Ask::get("/checkpoint/elsewhere")).status, 404);
    assert_eq!(watcher.server.ask(&Ask::get("/witness.vkey")).text().trim(), watcher.key.to_string());
    let dir = watcher.dir.to_str().unwrap();
    for (args, words) in [
        (vec!["witness", "key", "--dir", dir, "--name", "a"], "holds a witness's key already"),
        (vec!["witness", "key", "--dir", "/tmp/never", "--name", "a b"], "cannot be a witness's name"),
        (vec!["witness", "--dir", dir, "--log", "x"], "is not a log's verifier key"),
        (vec!["witness", "--dir", bed.dir.to_str().unwrap(), "--log", "x"], "there is no witness's key"),
    ] {
        let refused = run(&args);
        assert!(!refused.status.success() && stderr(&refused).contains(words), "{}", stderr(&refused));
    }
    assert_eq!(watcher.server.ask(&Ask::get("/healthz")).text(), "witnessing\n");
}
