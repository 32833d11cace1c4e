//! What an order would have changed, from the questions that were really asked; and decisions made again from the log.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clear_audit::{Opened, What};
use clear_policy::{Decision, Entry, Register};
use clear_rules::CedarRules;
use serde_json::{Value, json};

use crate::bed::{Ask, Bed, Said, Server, run, stderr, stdout};

/// Asks as that persona, in that case.
fn in_case(bed: &Bed, server: &Server, who: &str, case: &str) -> Said {
    let mut inquiry = bed.inquiry(who);
    inquiry["case"] = json!(case);
    let question = json!({"inquiry": inquiry, "question": {"plate": bed.cast().plate}});
    server.ask(&bed.as_who(who, Ask::post("/api/v1/find", &question)))
}

fn draft(bed: &Bed, server: &Server, agency: &str, covers: &str) -> String {
    let wish = json!({"agency": agency, "number": "2026-1", "covers": covers, "text": "Access ends."});
    let said = server.ask(&bed.as_who("steward", Ask::post("/api/v1/register/cut-offs/preview", &wish)));
    said.json()["text"].as_str().unwrap().to_owned()
}

#[test]
fn gr04_an_order_is_looked_at_against_the_questions_that_were_asked() {
    let bed = Bed::city();
    let server = bed.serve();
    // Two cases that the closure shares with others, one of its own, one of others.
    for (who, case) in [
        ("cut_off", "JB-shared-1"),
        ("officer", "JB-shared-1"),
        ("cut_off", "JB-shared-2"),
        ("partner", "JB-shared-2"),
        ("cut_off", "JB-own"),
        ("officer", "JB-others"),
        ("clerk", "JB-others"),
        ("oversight", "JB-others"),
    ] {
        let said = in_case(&bed, &server, who, case);
        assert_eq!(said.status, 200, "{who}: {}", said.text());
    }
    // One for the closure's own sake by somebody else, and one that is refused as things are.
    let mut inquiry = bed.inquiry("partner");
    inquiry["on_behalf_of"] = json!([bed.person("partner").agency, "frs"]);
    let for_them = json!({"inquiry": inquiry, "question": {"plate": bed.cast().plate}});
    let for_them = server.ask(&bed.as_who("partner", Ask::post("/api/v1/find", &for_them))).status;
    let stranger = in_case(&bed, &server, "stranger", "JB-others");
    assert_eq!(stranger.status, 403, "{}", stranger.text());

    let text = draft(&bed, &server, "frs", "family");
    let ask = |who: &str, text: &str| {
        server.ask(&bed.as_who(who, Ask::post("/api/v1/register/cut-offs/replay", &json!({"text": text}))))
    };
    let said = ask("steward", &text);
    assert_eq!(said.status, 200, "{}", said.text());
    let replay = said.json();
    let met = u64::from(for_them == 200);
    assert_eq!(replay["questions"], 10, "{replay:#}");
    assert_eq!(replay["refused"], 3 + met, "{replay:#}");
    assert_eq!(replay["users"], 1 + met, "{replay:#}");
    assert_eq!(replay["joint_cases"], 2, "{replay:#}");
    assert_eq!((&replay["others_changed"], &replay["others_unchanged"]), (&json!(0), &json!(6)), "{replay:#}");
    assert_eq!(replay["closure"].as_array().unwrap().len(), 3, "{replay:#}");
    assert_eq!(replay["days"], 90);
    assert_eq!(replay["not_replayable"], 0, "{replay:#}");
    // The steward's page says the same, to stewards alone.
    let form =
        [("number", "2026-1"), ("agency", "frs"), ("covers", "family"), ("scope", "installation"), ("text", "x")];
    let page = server.ask(&bed.as_who("steward", Ask::form("/steward/preview", &form)));
    assert!(page.text().contains("What it would have changed in the last 90 days"), "{}", page.text());
    let page = server.ask(&bed.as_who("partner", Ask::form("/steward/preview", &form)));
    assert!(!page.text().contains("What it would have changed"), "what others asked is not for everybody");

    for (who, text, status, word) in [
        ("partner", text.as_str(), 403, "may not enter `cut_off`"),
        ("anonymous", &text, 401, ""),
        ("steward", "not an order", 400, "line 1"),
        ("steward", &text.replace("agency: frs", "agency: nobody-knows"), 400, "nobody-knows"),
        ("steward", &text.replace("closure: 3", "closure: 2"), 400, "closure"),
        ("steward", &text.replace("register: ", "register: 1"), 400, "drafted"),
    ] {
        let said = ask(who, text);
        assert_eq!(said.status, status, "{who}: {}", said.text());
        assert!(said.text().contains(word), "{who}: {}", said.text());
    }
    let days = json!({"text": text, "days": 0});
    let said = server.ask(&bed.as_who("steward", Ask::post("/api/v1/register/cut-offs/replay", &days)));
    assert_eq!(said.status, 400, "{}", said.text());

    // From the folder, unserved: the same figures. Under other rules: whoever notices is named.
    let order = bed.beside("order.txt");
    fs::write(&order, &text).unwrap();
    let (dir, order) = (bed.dir.display().to_string(), order.display().to_string());
    let token = bed.person("steward").token.clone();
    let output = run(&["policy", "replay", "--order", &order, "--json", "--server", &server.url, "--as", &token]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(server.stop().0.success());
    let replayed = |args: &[&str]| run(&[&["policy", "replay", "--dir", &dir], args].concat());
    let output = replayed(&["--order", &order, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let again: Value = serde_json::from_str(&stdout(&output)).unwrap();
    for figure in ["questions", "refused", "users", "joint_cases", "others_unchanged", "others_changed", "closure"] {
        assert_eq!(again[figure], replay[figure], "{figure}");
    }
    let output = replayed(&["--order", &order]);
    let sentence = format!(
        "Under order 2026-1, the last 90 days' 10 questions: {} refused ({}), {} joint cases, all others unchanged (6).",
        3 + met,
        if met == 0 { "1 user" } else { "2 users" },
        2
    );
    assert!(stdout(&output).contains(&sentence), "{}", stdout(&output));

    let rules = other_rules(&bed);
    let output = replayed(&["--rules", &rules]);
    assert_eq!(output.status.code(), Some(5), "{}{}", stdout(&output), stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("CHANGED") && text.contains("answered becomes refused"), "{text}");
    let same = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clear-rules/policies").display().to_string();
    let output = replayed(&["--rules", &same]);
    assert!(stdout(&output).contains("0 refused (0 users)"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    for (args, word) in [
        (vec![], "--order FILE"),
        (vec!["--order", "no-such-file"], "cannot read no-such-file"),
        (vec!["--rules", "no-such-folder"], "no-such-folder"),
    ] {
        let output = replayed(&args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(stderr(&output).contains(word), "{args:?}: {}", stderr(&output));
    }
}

/// The built-in rules with one more: partners are refused.
fn other_rules(bed: &Bed) -> String {
    let folder = bed.beside("other-rules");
    fs::create_dir_all(&folder).unwrap();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../clear-rules/policies")).unwrap() {
        let file = file.unwrap().path();
        fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    let rule = "@id(\"no-partners\")\n@why(\"A rule of the test.\")\nforbid (principal, action, resource)\nwhen { principal has agency_kind && principal.agency_kind == AgencyKind::\"owner\" };\n";
    fs::write(folder.join("zz_test.cedar"), rule).unwrap();
    folder.display().to_string()
}

#[test]
fn decisions_are_made_again_from_the_log_as_they_were() {
    let bed = Bed::city();
    let server = bed.serve();
    let all = |server: &Server| {
        for who in ["officer", "partner", "cut_off", "sister", "sheriff", "clerk", "oversight", "stranger"] {
            server.ask(&bed.find(who, &json!({"name": bed.cast().misspelt})));
            server.ask(&bed.open_record(who, bed.cast().person));
            server.ask(&bed.as_who(who, Ask::post("/api/v1/find", &json!({"question": {"plate": "x"}}))));
        }
        let mut inquiry = bed.inquiry("officer");
        inquiry["on_behalf_of"] = json!(["frs"]);
        let ask = Ask::post("/api/v1/find", &json!({"inquiry": inquiry, "question": {"plate": "x"}}));
        server.ask(&bed.as_who("officer", ask));
    };
    all(&server);
    bed.cut_off_frs(&server);
    all(&server);
    assert!(server.stop().0.success());

    let labels = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (desk, store) = bed.open().await;
        let labels = store.ledger.labels().await.unwrap();
        desk.close().await.unwrap();
        drop(desk);
        store.close().await;
        labels
    });
    // The register, version by version, out of the log alone.
    let (log, recovered) = bed.log();
    let (mut registers, mut asked, mut outcomes) = (vec![Register::new()], BTreeMap::new(), BTreeMap::new());
    for opened in log.openings(0..recovered.size).unwrap() {
        match opened.unwrap().1 {
            Opened::Destroyed => {}
            Opened::Clear(text) if serde_json::from_slice::<clear_respond::RuleText>(&text).is_ok() => {}
            Opened::Clear(body) | Opened::Sealed(body) => {
                let mut register = registers.last().unwrap().clone();
                register.apply(&serde_json::from_slice::<Entry>(&body).unwrap()).unwrap();
                registers.push(register);
            }
            Opened::Event(event) => {
                let Some(request) = event.request.clone() else { continue };
                match event.what {
                    What::Asked => drop(asked.insert(request, event)),
                    what if what.ends() => drop(outcomes.insert(request, event)),
                    _ => {}
                }
            }
        }
    }
    let rules = CedarRules::embedded().unwrap();
    let (mut answered, mut denied) = (0, 0);
    for (request, event) in asked {
        if !["find ", "open "].iter().any(|name| event.question.as_deref().unwrap().starts_with(name)) {
            continue;
        }
        let outcome = &outcomes[&request];
        let register = &registers[outcome.register.or(event.register).unwrap() as usize];
        let labels = &labels[..event.labels.unwrap() as usize];
        match clear_respond::decided_again(&event, register, &rules, labels).expect("all that a decision needs") {
            Decision::Permit(grant) => {
                assert_eq!((outcome.what, &outcome.path), (What::Answered, grant.path()), "{request}");
                answered += 1;
            }
            Decision::Deny(denial) => {
                assert_eq!(outcome.what, What::Denied, "{request}: {denial}");
                let why = outcome.why.as_deref().unwrap();
                assert_eq!(why, format!("{}: {denial}", denial.code()), "{request}");
                denied += 1;
            }
        }
    }
    assert!(answered >= 15 && denied >= 20, "{answered} answered, {denied} denied");
}
