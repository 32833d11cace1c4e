//! The demonstration: the story from its first line to its last, and a folder that is used again.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::bed::{Ask, Server, ask, percent, run, stderr, stdout};

#[test]
fn demo_story() {
    let folder = tempfile::TempDir::new().unwrap();
    let dir = folder.path().join("demo");
    let dir = dir.to_str().unwrap();
    let output = run(&["demo", "--story", "--dir", dir, "--port", "0"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}\n{}", stderr(&output));
    let told = said.lines().filter(|line| line.split_once("  ").is_some_and(|(time, _)| is_time(time)));
    let times: Vec<&str> = told.map(|line| line.split("  ").next().unwrap()).collect();
    for time in ["0:00", "1:30", "2:30", "3:30", "4:30", "6:00", "7:00", "8:00", "9:00", "9:45"] {
        assert!(times.contains(&time), "nothing is told of {time}: {said}");
    }
    // Go is there when tests run: the step that a demonstration without it leaves out is played here.
    for step in ["A restored backup: ", "Go's verifier: ", "It does not start again: "] {
        assert!(said.contains(step), "the step `{step}` was not played: {said}");
    }
    // From its first line on, it is told line by line.
    let first = said.lines().position(|line| line.starts_with("0:00  ")).unwrap();
    for line in said.lines().skip(first).filter(|line| *line != "The story holds.") {
        assert!(line.split_once("  ").is_some_and(|(time, _)| is_time(time)), "`{line}` does not begin with its time");
    }
    assert!(said.contains("The story holds."), "{said}");

    // A folder with something in it is not played in.
    let again = run(&["demo", "--story", "--dir", dir, "--port", "0"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("is not empty"), "{}", stderr(&again));

    // The demonstration itself uses the folder again: the city, the accounts, and the order of the story.
    let said_file = folder.path().join("said");
    let args = ["demo", "--dir", dir, "--port", "0"].map(str::to_owned);
    let server = Server::start(&args, &said_file).unwrap();
    let guide: Value = serde_json::from_str(&fs::read_to_string(Path::new(dir).join("guide.json")).unwrap()).unwrap();
    let personas: Value =
        serde_json::from_str(&fs::read_to_string(Path::new(dir).join("personas.json")).unwrap()).unwrap();
    for (who, status) in [("officer", 200), ("partner", 200), ("cut_off", 403)] {
        let persona = personas.as_array().unwrap().iter().find(|persona| persona["persona"] == who).unwrap();
        let inquiry = serde_json::json!({"purpose": "criminal_investigation", "use_code": "C", "case": guide["case_number"], "reason": "a test", "on_behalf_of": [persona["agency"]]});
        let question =
            Ask::get(&format!("/api/v1/find?plate={}", percent(guide["plate"].as_str().unwrap()))).under(&inquiry);
        let said = ask(
            &server.url,
            &question.with("authorization", &format!("Bearer {}", persona["token"].as_str().unwrap())),
        )
        .unwrap();
        assert_eq!(said.status, status, "{who}: {}", said.text());
    }
    // As its guide says it.
    let as_officer = format!("{dir}/personas.json#officer");
    let asked = run(&[
        "ask",
        "person",
        "--name",
        guide["misspelt"].as_str().unwrap(),
        "--purpose",
        "criminal_investigation",
        "--use-code",
        "C",
        "--case",
        guide["case_number"].as_str().unwrap(),
        "--reason",
        "witness statement",
        "--as",
        &as_officer,
        "--url",
        &server.url,
    ]);
    assert_eq!(asked.status.code(), Some(0), "{}", stderr(&asked));
    assert!(
        stdout(&asked).contains(guide["person"].as_str().unwrap()) && stdout(&asked).contains("receipt "),
        "{}",
        stdout(&asked)
    );
    let code = run(&["code", "officer", "--dir", dir]);
    assert!(
        stdout(&code).trim().len() == 6 && stdout(&code).trim().bytes().all(|byte| byte.is_ascii_digit()),
        "{}",
        stdout(&code)
    );
    // Ctrl-C ends it cleanly.
    let (status, said) = server.stop();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("Stopped cleanly."), "{said}");
}

/// `0:00`, `9:45`.
fn is_time(text: &str) -> bool {
    text.split_once(':').is_some_and(|(minute, second)| {
        minute.parse::<u8>().is_ok() && second.len() == 2 && second.parse::<u8>().is_ok_and(|second| second < 60)
    })
}
