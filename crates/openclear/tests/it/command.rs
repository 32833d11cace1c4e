//! The commands themselves: help with an example, exit codes, the check of a log that somebody changed.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::bed::{Ask, Bed, run, stderr, stdout};

/// The commands of a help text.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A line that is indented deeper goes on with the sentence above it.
    let named = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_help_with_an_example() {
    let mut open: Vec<Vec<String>> = vec![vec![]];
    let mut leaves = 0;
    while let Some(command) = open.pop() {
        let args: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let output = run(&args);
        let help = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        let below = commands(&help);
        // An example stands at the command or at the one that it belongs to.
        let above: Vec<&str> = command.iter().rev().skip(1).rev().map(String::as_str).chain(["--help"]).collect();
        let is_shown = help.contains("openclear ") && help.contains("Example:")
            || !command.is_empty() && stdout(&run(&above)).contains("Example:");
        if below.is_empty() {
            leaves += 1;
            assert!(is_shown, "`openclear {}` shows no example: {help}", command.join(" "));
        }
        open.extend(below.into_iter().map(|name| [command.clone(), vec![name]].concat()));
    }
    assert!(leaves >= 15, "only {leaves} commands");
    let top = stdout(&run(&["--help"]));
    for command in ["demo", "init", "serve", "import", "register", "ask", "audit", "policy"] {
        assert!(commands(&top).iter().any(|known| known == command), "`{command}` is missing: {top}");
    }
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2));
    assert_eq!(run(&["serve", "--port", "many"]).status.code(), Some(2));
}

#[test]
fn the_rules_that_are_built_in_load() {
    let output = run(&["policy", "check"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&run(&["policy", "check", "--json"]))).unwrap();
    assert_eq!((&report["loads"], &report["problems"]), (&json!(true), &json!([])));
    assert!(report["policies"].as_array().unwrap().len() > 20);

    let folder = tempfile::TempDir::new().unwrap();
    let policies = concat!(env!("CARGO_MANIFEST_DIR"), "/../clear-rules/policies");
    assert!(Command::new("cp").args(["-a", policies]).arg(folder.path().join("rules")).status().unwrap().success());
    let rules = folder.path().join("rules");
    fs::write(rules.join("orders.cedar"), "permit (principal, action, resource) when { principal.nose == 1 };")
        .unwrap();
    let output = run(&["policy", "check", "--rules", rules.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(5), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("orders.cedar"), "{}", stdout(&output));
}

#[test]
fn a_changed_log_is_found_and_the_entry_named() {
    let bed = Bed::bare();
    let server = bed.serve();
    for number in 0..40 {
        server.ask(&bed.as_who("clerk", Ask::post("/api/v1/records/vehicle", &json!({"plate": format!("A{number}")}))));
    }
    let vkey = bed.dir.join("log.vkey");
    let (dir, vkey) = (bed.dir.to_str().unwrap(), vkey.to_str().unwrap());
    // Over HTTP, with a key that came another way.
    let remote = run(&["audit", "verify", &server.url, "--vkey", vkey, "--json"]);
    assert_eq!(remote.status.code(), Some(0), "{}{}", stdout(&remote), stderr(&remote));
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    let verified: Value = serde_json::from_str(&stdout(&run(&["audit", "verify", dir, "--json"]))).unwrap();
    assert_eq!(verified["whole"], true);
    let size = verified["size"].as_u64().unwrap();

    let segment = fs::read_dir(bed.dir.join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "log"))
        .unwrap();
    let whole = fs::read(&segment).unwrap();
    for share in [3, 5, 9] {
        let mut flipped = whole.clone();
        let at = whole.len() * share / 10;
        flipped[at] ^= 1;
        fs::write(&segment, flipped).unwrap();
        let output = run(&["audit", "verify", dir]);
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(5), "byte {at}: {said}{}", stderr(&output));
        let (_, rest) = said.split_once("entry ").unwrap_or_else(|| panic!("byte {at}: no entry is named: {said}"));
        let entry: u64 = rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
        assert!(entry < size, "byte {at}: entry {entry} of {size}");
        // Such a log is not served from.
        let served = run(&["serve", "--dir", dir, "--port", "0"]);
        assert_eq!(served.status.code(), Some(1), "byte {at}: it serves");
        assert!(stderr(&served).contains("cannot open the log"), "{}", stderr(&served));
    }
    fs::write(&segment, &whole).unwrap();
    assert_eq!(run(&["audit", "verify", dir]).status.code(), Some(0));

    // A key of another log fits nothing.
    let other = Bed::bare();
    let output = run(&["audit", "verify", dir, "--vkey", other.dir.join("log.vkey").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(5), "{}", stdout(&output));
}

#[test]
fn an_installation_is_founded_and_its_steward_cuts_an_agency_off() {
    let folder = tempfile::TempDir::new().unwrap();
    let dir = folder.path().join("records");
    let dir = dir.to_str().unwrap();
    let register = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/chicago-2019/register.json");
    let output = Command::new(env!("CARGO_BIN_EXE_openclear"))
        .args(["init", "--dir", dir, "--register", register, "--steward", "steward-1", "--agency", "cpd", "--json"])
        .env("OPENCLEAR_PASSWORD", crate::bed::PASSWORD)
        .env_remove("OPENCLEAR_POSTGRES")
        .output()
        .unwrap();
    let said: Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let url = said["steward"]["one_time_codes"].as_str().unwrap();
    let factor = url.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let server = crate::bed::Server::start(
        &["serve", "--dir", dir, "--port", "0"].map(str::to_owned),
        &folder.path().join("said"),
    )
    .unwrap();
    let code = clear_identity::one_time_code(factor, jiff::Timestamp::now()).unwrap();
    let session = server.ask(&Ask::post(
        "/api/v1/sign-in",
        &json!({"account": "steward-1", "password": crate::bed::PASSWORD, "code": code.reveal()}),
    ));
    assert_eq!(session.status, 200, "{}", session.text());
    let token = session.json()["token"].as_str().unwrap().to_owned();

    let list = run(&["register", "list", "--json", "--url", &server.url]);
    let list: Value = serde_json::from_str(&stdout(&list)).unwrap();
    let agency = list["agencies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|agency| agency["access"] == "access")
        .expect("an agency has an agreement")["id"]
        .as_str()
        .unwrap();
    let mut keys: Vec<String> = fs::read_dir(format!("{dir}/keys-of-founders"))
        .unwrap()
        .map(|key| key.unwrap().path().display().to_string())
        .collect();
    keys.sort();
    let preview = server
        .ask(
            &Ask::post("/api/v1/register/cut-offs/preview", &json!({"number": "x", "agency": agency, "text": "x"}))
                .with("authorization", &format!("Bearer {token}")),
        )
        .json();
    let confirm = format!("{} {}", preview["count"], preview["digest"].as_str().unwrap());
    let cut = |keys: &[&String]| {
        let keys: Vec<&str> = keys.iter().flat_map(|key| ["--key", key.as_str()]).collect();
        run(&[
            &[
                "register",
                "cut-off",
                "--agency",
                agency,
                "--text",
                "By order.",
                "--confirm",
                &confirm,
                "--url",
                &server.url,
                "--as",
                &token,
            ],
            keys.as_slice(),
        ]
        .concat())
    };
    let one = cut(&[&keys[0]]);
    assert_eq!(one.status.code(), Some(3), "one key was enough: {}", stdout(&one));
    let two = cut(&[&keys[0], &keys[1]]);
    assert_eq!(two.status.code(), Some(0), "{}", stderr(&two));
    assert!(stdout(&two).contains("holds since"), "{}", stdout(&two));
    let list = stdout(&run(&["register", "list", "--url", &server.url]));
    let line = list.lines().find(|line| line.contains(agency)).unwrap();
    assert!(line.contains("cut off") && line.contains("order "), "{line}");
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
}
