//! The sets, folded by command, and served with no room for their columns in memory.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bed::{Ask, Bed, Server, run, stderr, stdout, until};

const SET: &str = "ijzp-q8t2";

fn objects(bed: &Bed) -> Vec<PathBuf> {
    let entries = fs::read_dir(bed.dir.join("analysis-cold")).map(|entries| entries.map(|it| it.unwrap().path()));
    entries.map(Iterator::collect).unwrap_or_default()
}

fn serve(bed: &Bed, more: &[&str]) -> Server {
    let args =
        [vec!["serve".to_owned()], bed.place(), ["--port", "0", "--public-every", "0s"].map(str::to_owned).to_vec()];
    let args = [args.concat(), more.iter().map(|arg| (*arg).to_owned()).collect()].concat();
    Server::start(&args, &bed.beside("said")).unwrap_or_else(|said| panic!("no server: {said}"))
}

/// What everybody and an officer are told of the sets.
fn answers(bed: &Bed, server: &Server) -> Vec<(u16, Value)> {
    let soda = |query: &str| Ask::get(&format!("/resource/{SET}.json?{query}"));
    let asked = |path: &str, question: Value| {
        bed.as_who("officer", Ask::post(path, &json!({"inquiry": bed.inquiry("officer"), "question": question})))
    };
    let questions = [
        soda("$order=date+DESC,id&$limit=20"),
        soda("$select=primary_type,count(*)&$group=primary_type&$order=primary_type"),
        soda("$select=sum(latitude),max(date)"),
        soda("$where=arrest=true&$limit=5"),
        Ask::get("/resource/cvrg-mnth.json?$order=month"),
        asked("/api/v1/counts", json!({"by": ["primary_type"]})),
        asked(
            "/api/v1/sql",
            json!({"sql": "select beat, count(*), min(occurred_from) from incidents group by 1 order by 1"}),
        ),
    ];
    questions.iter().map(|ask| server.ask(ask)).map(|said| (said.status, said.json())).collect()
}

#[test]
fn the_sets_are_folded_by_command() {
    let bed = Bed::city();
    let dir = bed.dir.to_str().unwrap();
    let told = |args: &[&str]| {
        let output = run(&[&["stats"], args, &["--dir", dir]].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, said, wrong) = told(&["status"]);
    assert!(code == Some(0) && said.starts_with("The ledger has "), "{said}{wrong}");
    let (code, said, wrong) = told(&["rebuild"]);
    assert!(
        code == Some(0) && said.contains(" rows of incidents, ") && said.contains(" rows of crimes; "),
        "{said}{wrong}"
    );
    assert!(!said.contains("put aside"), "{said}");
    let (code, said, wrong) = told(&["rebuild", "--analysis-memory", "0"]);
    assert!(code == Some(0) && said.contains(" put aside."), "{said}{wrong}");
    assert!(objects(&bed).is_empty());
    let (code, _, wrong) = told(&["rebuild", "--analysis-memory", "some"]);
    assert!(code == Some(2) && wrong.contains("write a size like `2GiB`"), "{wrong}");
    let (code, _, wrong) = told(&["rebuild", "--analysis-memory", "1GiB", "--analysis-place", "s3://no-such-bucket/x"]);
    assert!(code == Some(1) && wrong.contains("s3://no-such-bucket/x"), "{wrong}");
}

#[test]
fn a_server_without_room_for_columns_says_the_same_until_they_are_gone() {
    let bed = Bed::city();
    let server = serve(&bed, &[]);
    let whole = answers(&bed, &server);
    assert!(whole.iter().all(|(status, _)| *status == 200), "{whole:?}");
    server.stop();
    fs::create_dir_all(bed.dir.join("analysis-cold")).unwrap();
    fs::write(bed.dir.join("analysis-cold/left-by-a-crash.cold"), "x").unwrap();
    let server = serve(&bed, &["--analysis-memory", "0"]);
    until("columns are put aside", Duration::from_secs(20), || !objects(&bed).is_empty());
    assert!(!bed.dir.join("analysis-cold/left-by-a-crash.cold").exists());
    // The same to the byte, but for places in the log.
    assert_eq!(bodies(answers(&bed, &server)), bodies(whole));
    for path in objects(&bed) {
        fs::remove_file(path).unwrap();
    }
    // Another question each time: what was answered once may be remembered.
    let asked = server.ask(&Ask::get(&format!("/resource/{SET}.json?$select=max(latitude),min(latitude)")));
    assert_eq!(asked.status, 500, "{}", asked.text());
    let sql = json!({"inquiry": bed.inquiry("officer"), "question": {"sql": "select max(ward) from incidents"}});
    let asked = server.ask(&bed.as_who("officer", Ask::post("/api/v1/sql", &sql)));
    assert_eq!(asked.status, 500, "{}", asked.text());
    assert!(!asked.text().contains("aside"), "{}", asked.text());
    let found = server.ask(&bed.find("officer", &json!({"name": "garcia"})));
    assert_eq!(found.status, 200, "{}", found.text());
    let (_, said) = server.stop();
    assert!(said.contains("columns that were put aside are gone"), "{said}");
    // Without the option, nothing is left of it.
    let server = serve(&bed, &[]);
    assert!(objects(&bed).is_empty());
    server.stop();
}

/// Answers without what differs from one question to the next.
fn bodies(answers: Vec<(u16, Value)>) -> Vec<(u16, Value)> {
    let plain = |(status, mut body): (u16, Value)| {
        if let Some(body) = body.as_object_mut() {
            body.retain(|name, _| !matches!(name.as_str(), "receipt" | "request" | "seq" | "asked_at"));
        }
        (status, body)
    };
    answers.into_iter().map(plain).collect()
}
