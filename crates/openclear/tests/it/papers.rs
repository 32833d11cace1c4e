//! What people hold in their hands: tokens, receipts, texts that two persons sign.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::bed::{Ask, Bed, run, stderr, stdout};

fn ok(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    stdout(&output)
}

#[test]
fn a_token_is_issued_used_listed_and_ended_on_the_machine() {
    let bed = Bed::bare();
    let dir = bed.dir.to_str().unwrap().to_owned();
    let account = bed.person("importer").account.clone();
    let token = |args: &[&str]| run(&[&["token", "--dir", &dir, "--account", &account], args].concat());
    let secret = ok(token(&["--days", "2", "--label", "a nightly load"])).trim().to_owned();
    assert!(
        secret.starts_with("oct_") && !secret.contains(char::is_whitespace),
        "it prints the token and nothing else"
    );

    let me = |server: &crate::bed::Server| {
        server.ask(&Ask::get("/api/v1/me").with("authorization", &format!("Bearer {secret}")))
    };
    let server = bed.serve();
    let said = me(&server);
    assert_eq!((said.status, said.json()["account"].as_str()), (200, Some(account.as_str())), "{}", said.text());
    let number = said.json()["session"].as_str().unwrap().to_owned();
    // A folder that is served from is left alone.
    let busy = token(&["--list"]);
    assert_eq!(busy.status.code(), Some(1), "{}", stdout(&busy));
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");

    let listed: Value = serde_json::from_str(&ok(token(&["--list", "--json"]))).unwrap();
    let mine: Vec<&Value> =
        listed.as_array().unwrap().iter().filter(|held| held["label"] == "a nightly load").collect();
    assert_eq!((mine.len(), &mine[0]["number"], &mine[0]["ended_by"]), (1, &json!(number), &Value::Null), "{listed}");
    assert!(mine[0]["device"].is_string(), "a token is a device of its own");
    let text = ok(token(&["--list"]));
    assert!(text.contains(&number) && text.contains("a nightly load") && !text.contains(&secret), "{text}");

    for (args, words) in [
        (&["--end", "0123456789abcdef"][..], "has no session or token"),
        (&["--end", ""][..], "has no session or token"),
    ] {
        let wrong = token(args);
        assert_eq!(wrong.status.code(), Some(1), "{}", stdout(&wrong));
        assert!(stderr(&wrong).contains(words), "{}", stderr(&wrong));
    }
    assert_eq!(token(&["--end", &number, "--list"]).status.code(), Some(2));
    assert!(stderr(&run(&["token", "--dir", &dir, "--account", "nobody"])).contains("no account `nobody`"));
    // Another's number ends nothing.
    let other = run(&["token", "--dir", &dir, "--account", &bed.person("clerk").account, "--end", &number]);
    assert_eq!(other.status.code(), Some(1));
    ok(token(&["--end", &number]));
    assert!(!ok(token(&["--list"])).contains(&number));
    let server = bed.serve();
    let said = me(&server);
    assert_eq!((said.status, said.code().as_str()), (401, "unproven"), "{}", said.text());
    let (status, _) = server.stop();
    assert!(status.success());
    let noted = bed.events();
    let noted = |words: &str| {
        noted.iter().filter(|(_, event)| event.why.as_ref().is_some_and(|why| why.contains(words))).count()
    };
    assert_eq!(noted(&format!("{number} ended")), 1, "that it was ended is in the log");
}

#[test]
fn a_receipt_is_checked_and_an_altered_one_or_another_logs_is_found() {
    let bed = Bed::bare();
    let server = bed.serve();
    let filed = server.ask(&bed.as_who("clerk", Ask::post("/api/v1/records/vehicle", &json!({"plate": "A1"}))));
    assert_eq!(filed.status, 201, "{}", filed.text());
    let receipt = filed.header("x-clear-receipt").unwrap().to_owned();
    let vkey = bed.dir.join("log.vkey").display().to_string();
    let check = |receipt: &str, log: Option<&str>, vkey: &str| {
        let log: Vec<&str> = log.iter().flat_map(|log| ["--log", log]).collect();
        run(&[&["audit", "check", receipt, "--vkey", vkey], log.as_slice()].concat())
    };
    // The checkpoint that covers the entry comes within a second.
    crate::bed::until("the receipt's entry is under a checkpoint", std::time::Duration::from_secs(20), || {
        check(&receipt, Some(&server.url), &vkey).status.code() == Some(0)
    });
    let said = ok(check(&receipt, Some(&server.url), &vkey));
    assert!(said.contains("Promised by") && said.contains("included under the checkpoint"), "{said}");
    // From a file, without a log; and against the folder itself.
    let paper = bed.beside("receipt.txt");
    fs::write(&paper, format!("{receipt}\n")).unwrap();
    let said = ok(check(paper.to_str().unwrap(), None, &vkey));
    assert!(said.contains("Promised by") && !said.contains("included"), "{said}");
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    ok(check(&receipt, Some(bed.dir.to_str().unwrap()), &vkey));

    // One letter in any part of it.
    let mut flaws = 0;
    for at in (0..receipt.len()).step_by(7) {
        let mut altered = receipt.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        if altered == receipt {
            continue;
        }
        let output = check(&altered, None, &vkey);
        assert_eq!(output.status.code(), Some(5), "byte {at}: {}{}", stdout(&output), stderr(&output));
        assert!(stdout(&output).contains("NOT a receipt of this log"), "{}", stdout(&output));
        flaws += 1;
    }
    assert!(flaws > 10, "only {flaws} alterations of {receipt}");
    // Another log's key, another log, and something that is no receipt at all.
    let other = Bed::bare();
    let other_key = other.dir.join("log.vkey").display().to_string();
    assert_eq!(check(&receipt, None, &other_key).status.code(), Some(5));
    let elsewhere = check(&receipt, Some(other.dir.to_str().unwrap()), &vkey);
    assert_eq!(elsewhere.status.code(), Some(5), "{}{}", stdout(&elsewhere), stderr(&elsewhere));
    assert!(stdout(&elsewhere).contains("NOT in the log"), "{}", stdout(&elsewhere));
    assert_eq!(check("a letter from a friend", None, &vkey).status.code(), Some(5));
}

#[test]
fn a_second_person_signs_the_same_text_and_one_persons_two_signatures_are_one() {
    let bed = Bed::bare();
    let server = bed.serve();
    let keys: Vec<PathBuf> = clear_testkit::story::fixed_keys(&clear_testkit::story::register())
        .iter()
        .take(2)
        .enumerate()
        .map(|(at, key)| {
            let path = bed.beside(&format!("founder-{at}.key"));
            fs::write(&path, format!("{}\n", key.private)).unwrap();
            path
        })
        .collect();
    let draft = json!({"agency": "frs", "number": "2026-1", "covers": "family", "text": "Access ends."});
    let preview = server.ask(&bed.as_who("steward", Ask::post("/api/v1/register/cut-offs/preview", &draft)));
    assert_eq!(preview.status, 200, "{}", preview.text());
    let paper = |name: &str, text: &str| {
        let path = bed.beside(name);
        fs::write(&path, text).unwrap();
        path
    };
    let sign = |text: &PathBuf, keys: &[&PathBuf]| {
        let keys: Vec<&str> = keys.iter().flat_map(|key| ["--key", key.to_str().unwrap()]).collect();
        run(&[&["register", "sign", text.to_str().unwrap()], keys.as_slice()].concat())
    };
    let unsigned = paper("order.txt", preview.json()["text"].as_str().unwrap());
    let one = paper("one.txt", &ok(sign(&unsigned, &[&keys[0]])));
    let twice = paper("twice.txt", &ok(sign(&one, &[&keys[0]])));
    let two = paper("two.txt", &ok(sign(&one, &[&keys[1]])));
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let signatures = |path: &PathBuf| read(path).lines().filter(|line| line.starts_with("— ")).count();
    assert_eq!((signatures(&one), signatures(&two)), (1, 2));
    assert!(read(&two).starts_with(&read(&one)), "the second signature is added; the first stays as it was");

    let put = |path: &PathBuf| {
        let note = json!({"note": read(path)});
        server.ask(&bed.as_who("steward", Ask::post("/api/v1/register/cut-offs", &note)))
    };
    for (what, path) in [("one signature", &one), ("one person's two", &twice)] {
        let refused = put(path);
        assert_eq!((refused.status, refused.code().as_str()), (400, "wrong"), "{what}: {}", refused.text());
        let message = refused.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("has 1"), "{what}: {message}");
    }
    let list = server.ask(&Ask::get("/api/v1/register")).json();
    assert_eq!(list["orders"], json!([]), "nothing was put in force");
    // A text that was changed after the first had signed it.
    let changed = paper("changed.txt", &read(&one).replace("Access ends.", "Access ends, for a while."));
    let changed = sign(&changed, &[&keys[1]]);
    if changed.status.success() {
        let refused = put(&paper("changed-two.txt", &stdout(&changed)));
        assert_eq!((refused.status, refused.code().as_str()), (400, "wrong"), "{}", refused.text());
    }
    assert_eq!(put(&two).status, 201);
    for (key, words) in
        [(paper("no.key", "not a key\n"), "not a private key"), (bed.beside("nowhere.key"), "cannot read")]
    {
        let refused = sign(&unsigned, &[&key]);
        assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
        assert!(stderr(&refused).contains(words) && stdout(&refused).is_empty(), "{}", stderr(&refused));
    }
}
