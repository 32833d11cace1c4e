//! What the city says of itself: sets, releases, reports; and where data lives, looked for on a real disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clear_record::STORES;
use serde_json::json;

use crate::bed::{Ask, Bed, Server, run, stderr, stdout, until};

/// The real binary on the bed's folder, with further options.
pub(crate) fn served(bed: &Bed, extra: &[&str]) -> Server {
    let said = bed.beside("said");
    let extra = ["--port", "0", "--public-every", "0s", "--public-bucket", "1"]
        .iter()
        .chain(extra)
        .map(|text| (*text).to_owned());
    let args = [vec!["serve".to_owned()], bed.place(), extra.collect()].concat();
    Server::start(&args, &said).unwrap_or_else(|said| panic!("no server: {said}"))
}

/// Some questions, most of them the officer's.
fn asked(bed: &Bed, server: &Server) {
    for (who, count) in [("officer", 9), ("partner", 2), ("stranger", 7), ("cut_off", 6)] {
        for _ in 0..count {
            server.ask(&bed.find(who, &json!({"name": "smith"})));
        }
    }
}

fn release(server: &Server) -> u64 {
    until("a release is made", Duration::from_secs(90), || {
        !server.ask(&Ask::get("/api/v1/transparency/releases")).json().as_array().unwrap().is_empty()
    });
    server.ask(&Ask::get("/api/v1/transparency/releases")).json()[0]["release"].as_u64().unwrap()
}

#[test]
fn gr28_a_release_is_frozen_in_the_log_and_made_again_from_its_openings() {
    let bed = Bed::bare();
    let server = served(&bed, &["--releases", "minute"]);
    asked(&bed, &server);
    let number = release(&server);
    let path = format!("/api/v1/transparency/releases/{number}");
    let said = server.ask(&Ask::get(&path));
    let text = said.text();
    let csv = server.ask(&Ask::get(&format!("{path}.csv"))).text();
    let page = server.ask(&Ask::get(&format!("/transparency/{number}"))).text();
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");

    // What is small is not in it: the partner's two questions are told together with somebody's more.
    assert!(csv.contains(",by_purpose,frs,total,6\n") || csv.contains("frs+"), "{csv}");
    assert!(
        !csv.lines()
            .any(|line| [",1", ",2", ",3", ",4"].iter().any(|end| line.ends_with(end)) && !line.contains("numbers")),
        "{csv}"
    );
    assert!(page.contains("together") && page.contains("withheld"));

    // Whoever holds the openings makes it again, to the byte.
    let dir = bed.dir.display().to_string();
    let again = run(&["report", "recompute", "--dir", &dir, "--release", &number.to_string()]);
    assert!(
        again.status.success() && stdout(&again).contains("borne out to the byte"),
        "{} {}",
        stdout(&again),
        stderr(&again)
    );
    let file = bed.beside("release.json");
    fs::write(&file, &text).unwrap();
    let by_file = |file: &Path| run(&["report", "recompute", "--dir", &dir, "--file", &file.display().to_string()]);
    assert!(by_file(&file).status.success(), "{}", stdout(&by_file(&file)));
    // Another text is not.
    fs::write(&file, text.replacen("\"total\": ", "\"total\": 1", 1)).unwrap();
    let other = by_file(&file);
    assert_eq!(other.status.code(), Some(5), "{}", stdout(&other));
    assert!(stdout(&other).contains("NOT borne out: its text is not in the log"), "{}", stdout(&other));
    // After a restart it is the same release, and a copy that lost its card finds it in the log.
    let server = served(&bed, &["--releases", "quarter"]);
    assert_eq!(server.ask(&Ask::get(&path)).text(), text);
}

/// Every opening from the first on, as oversight reads them.
fn openings(bed: &Bed, server: &Server, upto: u64) -> String {
    let (mut text, mut next) = (String::new(), 0);
    while next < upto {
        let said = server.ask(&bed.as_who("oversight", Ask::get(&format!("/api/v1/log/openings?from={next}"))));
        assert_eq!(said.status, 200, "{}", said.text());
        text.push_str(&said.text());
        next = said.header("x-clear-next").unwrap().parse().unwrap();
    }
    text
}

#[test]
fn gr28_a_holder_of_the_openings_makes_a_release_again_without_the_operators_folder_or_keys() {
    let bed = Bed::bare();
    let server = served(&bed, &["--releases", "minute"]);
    asked(&bed, &server);
    let number = release(&server);
    // Elsewhere, with what everybody and oversight can read.
    let elsewhere = bed.beside("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let put = |name: &str, text: &str| {
        fs::write(elsewhere.join(name), text).unwrap();
        elsewhere.join(name).display().to_string()
    };
    let file = put("4.json", &server.ask(&Ask::get(&format!("/api/v1/transparency/releases/{number}"))).text());
    let vkey = put("published.vkey", &server.ask(&Ask::get("/log.vkey")).text());
    let entry = server.ask(&Ask::get("/api/v1/transparency/releases")).json()[0]["entry"].as_u64().unwrap();
    until("strangers see the release's entry", Duration::from_secs(20), || {
        let checkpoint = server.ask(&Ask::get("/log/checkpoint")).text();
        checkpoint.lines().nth(1).is_some_and(|size| size.parse::<u64>().unwrap() > entry)
    });
    let lines = openings(&bed, &server, entry + 1);
    let made_again = |openings: &str| {
        let openings = put("openings.ndjson", openings);
        let args =
            ["report", "recompute", "--openings", &openings, "--log", &server.url, "--file", &file, "--vkey", &vkey];
        let again = run(&args);
        (again.status.code().unwrap(), format!("{}{}", stdout(&again), stderr(&again)))
    };
    let (code, said) = made_again(&lines);
    assert!(code == 0 && said.contains("borne out to the byte"), "{said}");
    // A line that says something else, one that is left out, one that was made up whole.
    let said = "\\\"what\\\":\\\"answered\\\"";
    let answered = lines.lines().find(|line| line.contains(said)).unwrap();
    for (from, to, why) in [
        (
            answered.to_owned(),
            answered.replacen(said, &said.replace("answered", "failed"), 1),
            "what its line says is not what its leaf was made of",
        ),
        (format!("{answered}\n"), String::new(), "its line is missing"),
    ] {
        let (code, said) = made_again(&lines.replacen(&from, &to, 1));
        assert!(code == 5 && said.contains("NOT borne out") && said.contains(why), "{said}");
    }
    // Who has them in part has too little to count from.
    let officers = lines.lines().take(3).collect::<Vec<_>>().join("\n");
    let (code, said) = made_again(&officers);
    assert!(code == 5 && said.contains("NOT borne out"), "{said}");
    let alone = run(&["report", "recompute", "--openings", &file]);
    assert!(alone.status.code() == Some(2) && stderr(&alone).contains("--log"), "{}", stderr(&alone));
}

#[test]
fn s18_public_sets_and_pages_are_the_same_bytes_for_everybody() {
    let bed = Bed::bare();
    let server = served(&bed, &["--releases", "minute"]);
    asked(&bed, &server);
    let number = release(&server);
    bed.cut_off_frs(&server);
    let paths = [
        "/api/v1/transparency/access".to_owned(),
        "/api/v1/transparency/access.csv".to_owned(),
        "/api/v1/transparency/cut-offs".to_owned(),
        "/api/v1/transparency/cut-offs.csv".to_owned(),
        "/api/v1/transparency/flows".to_owned(),
        "/api/v1/transparency/flows.csv".to_owned(),
        "/api/v1/transparency/stores".to_owned(),
        "/api/v1/transparency/stores.csv".to_owned(),
        "/api/v1/transparency/releases".to_owned(),
        format!("/api/v1/transparency/releases/{number}"),
        format!("/api/v1/transparency/releases/{number}.csv"),
    ];
    for path in &paths {
        // The checkpoint moves when something is logged; nobody asks anything else now, so that it comes to rest.
        let whole = || {
            ["anonymous", "cut_off", "sister", "stranger", "officer", "steward", "oversight"].map(|who| {
                let said = server.ask(&bed.as_who(who, Ask::get(path)));
                assert_eq!(said.status, 200, "{who} {path}: {}", said.text());
                said.text()
            })
        };
        until("everybody has the same bytes", Duration::from_secs(20), || {
            let all = whole();
            all.iter().all(|text| *text == all[0])
        });
    }
    let access = server.ask(&Ask::get("/api/v1/transparency/access")).json();
    assert!(access["checkpoint"].as_str().unwrap().lines().count() >= 4, "{access}");
    until("the checkpoint has the register that is shown", Duration::from_secs(20), || {
        server.ask(&Ask::get("/api/v1/transparency/cut-offs")).json()["in_checkpoint"] == true
    });
    let cut_offs = server.ask(&Ask::get("/api/v1/transparency/cut-offs.csv")).text();
    assert!(cut_offs.contains("2026-1,") && cut_offs.lines().count() > 2, "{cut_offs}");
    for bad in ["/api/v1/transparency/nothing", "/api/v1/transparency/releases/0", "/transparency/x"] {
        assert_eq!(server.ask(&Ask::get(bad)).status, 404, "{bad}");
    }
    // Where strangers see the log move by the hour, an order is shown at once, and the set says that the checkpoint lacks it.
    let slow = Bed::bare();
    let behind = slow.serve_at_pace("8760h", 4);
    slow.cut_off_frs(&behind);
    let cut_offs = behind.ask(&Ask::get("/api/v1/transparency/cut-offs")).json();
    assert!(cut_offs["orders"][0]["number"] == "2026-1" && cut_offs["in_checkpoint"] == false, "{cut_offs}");
    // Pages work for everybody, and are small.
    for page in ["/transparency", "/stores-and-flows", &format!("/transparency/{number}")] {
        let said = server.ask(&Ask::get(page));
        assert!(
            said.status == 200 && said.body.len() < 60_000 && !said.text().contains("<script"),
            "{page}: {}",
            said.body.len()
        );
    }
}

#[test]
fn gr29_a_quarters_and_a_years_report_is_made_from_the_log_for_those_who_may_read_it() {
    let bed = Bed::bare();
    let server = served(&bed, &["--releases", "minute"]);
    asked(&bed, &server);
    let year = jiff::Timestamp::now().strftime("%Y").to_string();
    let path = format!("/api/v1/reports/{year}");
    let steward = |path: &str| server.ask(&bed.as_who("steward", Ask::get(path).under(&bed.inquiry("steward"))));
    let counted = || steward(&format!("{path}.csv")).text().contains(&format!("{year},agencies,frs,,,6\n"));
    until("the questions are counted", Duration::from_secs(60), counted);
    let said = steward(&format!("{path}.csv")).text();
    assert!(said.contains(&format!("{year},agencies,frs,,,6\n")), "{said}");
    assert!(said.contains(&format!("{year},questions,frs,criminal_investigation,answered,6\n")), "{said}");
    let page = steward(&format!("/reports?period={year}"));
    assert!(page.status == 200 && page.text().contains("<svg") && page.body.len() < 60_000, "{}", page.text());
    // Not for others, and not for wrong words.
    for who in ["officer", "partner", "cut_off", "stranger"] {
        assert_eq!(server.ask(&bed.as_who(who, Ask::get(&path).under(&bed.inquiry(who)))).status, 403, "{who}");
    }
    assert_eq!(server.ask(&Ask::get(&path)).status, 401);
    assert_eq!(steward("/api/v1/reports/2026-Q7").status, 400);
    assert_eq!(steward("/reports?period=soon").status, 400);
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    // The same figures from the folder, without a server.
    let (html, csv) = (bed.beside("report.html"), bed.beside("report.csv"));
    let dir = bed.dir.display().to_string();
    let made = run(&[
        "report",
        "--year",
        &year,
        "--dir",
        &dir,
        "--html",
        &html.display().to_string(),
        "--csv",
        &csv.display().to_string(),
    ]);
    assert!(made.status.success(), "{}", stderr(&made));
    let (html, csv) = (fs::read_to_string(html).unwrap(), fs::read_to_string(csv).unwrap());
    // Since then it asked for the report, which it was refused.
    assert!(csv.contains(&format!("{year},agencies,frs,,,7\n")), "{csv}");
    assert!(
        html.starts_with("<!doctype html>")
            && html.contains("<svg")
            && !html.contains("<script")
            && !html.contains("http"),
        "{html}"
    );
    let wrong = run(&["report", "--quarter", "2026-Q9", "--dir", &dir]);
    assert!(wrong.status.code() == Some(2) && stderr(&wrong).contains("2026-Q3"), "{}", stderr(&wrong));
}

/// Every file below a folder, relative to it.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut ahead = vec![PathBuf::new()];
    while let Some(at) = ahead.pop() {
        for item in fs::read_dir(folder.join(&at)).into_iter().flatten().flatten() {
            let path = at.join(item.file_name());
            if folder.join(&path).is_dir() { ahead.push(path) } else { _ = found.insert(path.display().to_string()) }
        }
    }
    found
}

#[test]
fn s21_every_file_that_a_server_writes_or_has_open_is_in_the_registry_and_names_nobody() {
    let bed = Bed::city();
    let temp = bed.beside("temp");
    fs::create_dir(&temp).unwrap();
    let said = bed.beside("said");
    let args = [
        vec!["serve".to_owned()],
        bed.place(),
        ["--port", "0", "--releases", "minute", "--public-every", "0s", "--public-bucket", "1"]
            .map(str::to_owned)
            .into(),
    ]
    .concat();
    let server = Server::start_under(&args, &said, &[("TMPDIR", temp.to_str().unwrap())]).unwrap();
    let name = bed.cast().family_name.clone();
    for who in ["officer", "partner"] {
        assert_eq!(server.ask(&bed.find(who, &json!({"name": bed.cast().misspelt}))).status, 200);
        server.ask(&bed.find(who, &json!({"name": name})));
    }
    let rows = json!({"inquiry": bed.inquiry("officer"), "question": {"from": "2018-10-01"}});
    server.ask(&bed.as_who("officer", Ask::post("/api/v1/rows", &rows)));
    let in_registry = |path: &str| STORES.iter().any(|store| store.holds_file(path));
    let strangers: Vec<String> = files(&bed.dir).into_iter().filter(|path| !in_registry(path)).collect();
    assert!(strangers.is_empty(), "no store of the registry has {strangers:?}");
    // What the process has open: files of the folder, its messages, sockets; nothing that was made and unlinked.
    for item in fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().flatten() {
        let Ok(open) = fs::read_link(item.path()) else { continue };
        let text = open.display().to_string();
        let known = match open.strip_prefix(&bed.dir) {
            Ok(path) => in_registry(&path.display().to_string()),
            Err(_) => !text.starts_with('/') || text.starts_with("/dev/") || open == said,
        };
        assert!(known && !text.contains("(deleted)"), "the server has {text} open");
    }
    // No core dump, no temporary file.
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    let (status, messages) = server.stop();
    assert!(status.success(), "{messages}");
    assert_eq!(files(&temp), BTreeSet::new());
    // The story's person is named on no disk in clear: not in the ledger, the log, the keys or the messages.
    let whole = files(&bed.dir).into_iter().map(|path| bed.dir.join(path)).chain([said]);
    for path in whole {
        let bytes = fs::read(&path).unwrap();
        let found = bytes.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name.as_bytes()));
        assert!(!found, "{} names the story's person in clear", path.display());
    }
}
