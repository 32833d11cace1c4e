//! Rules that are not proved are not served under; rules that are, come with a certificate; changes hold at once or not at
//! all.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clear_audit::What;
use serde_json::{Value, json};

use crate::bed::{Bed, Server, run, signal, stderr, stdout, until};

/// A machine without a solver.
const NO_SOLVER: &[(&str, &str)] = &[("CVC5", "/nowhere/cvc5")];

/// Permits a partner's clerks what partners may; every statement still holds.
const WIDER: &str = r#"@id("partner-clerks") @why("Clerks of partners read as partners do.")
permit (principal, action in Action::"read", resource)
when { principal has agency && resource.handling == Handling::"white" && principal.roles.contains(Role::"clerk") };
"#;

/// Shuts everything to everybody.
const SHUT: &str = r#"@id("closed-today") @why("Nothing is read today.")
forbid (principal, action in Action::"see", resource);
"#;

/// The rules that come with the program, in a folder, with a file added.
fn folder(bed: &Bed, name: &str, own: &str) -> PathBuf {
    let folder = bed.beside(name);
    fs::create_dir(&folder).unwrap();
    for (file, text) in clear_rules::Texts::embedded().iter() {
        fs::write(folder.join(file), text).unwrap();
    }
    fs::write(folder.join("local.cedar"), own).unwrap();
    folder
}

fn serve(bed: &Bed, rules: &Path, set: &[(&str, &str)]) -> Result<Server, String> {
    let rules = ["--rules".to_owned(), rules.display().to_string(), "--port".to_owned(), "0".to_owned()];
    let args = [vec!["serve".to_owned()], bed.place(), rules.to_vec()].concat();
    let said = bed.beside("said");
    Server::start_under(&args, &said, set).map_err(|error| format!("{error}\n{}", fs::read_to_string(&said).unwrap()))
}

#[track_caller]
fn says(server: &Server, words: &str) {
    until(words, Duration::from_secs(60), || server.stderr().contains(words));
}

/// How an officer's question ends.
fn officer_reads(bed: &Bed, server: &Server) -> (u16, String) {
    let said = server.ask(&bed.find("officer", &json!({"name": bed.cast().family_name})));
    (said.status, if said.status == 200 { String::new() } else { said.code() })
}

#[test]
fn s09_a_permit_for_one_agency_does_not_load_and_the_question_that_it_would_allow_is_shown() {
    let bed = Bed::bare();
    let lines = "\n".repeat(11);
    let permit = format!(
        "{lines}@id(\"for-frs\") @why(\"A favour.\") permit (principal, action in Action::\"read\", resource)\n\
         when {{ principal has agency && principal.agency == Agency::\"frs\" }};\n"
    );
    let rules = folder(&bed, "rules", &permit);
    let said = serve(&bed, &rules, &[]).err().expect("it should not start");
    assert!(said.contains("cannot load: statement ") && said.contains(" is not proved: read_"), "{said}");
    assert!(said.contains("sees nothing of any record: decided by `for-frs` (local.cedar:12)"), "{said}");
    assert!(said.contains("agency Agency frs") && said.contains("the label has"), "{said}");
    // Without a solver nobody can say what the rule does, so it does not load either.
    let said = serve(&bed, &rules, NO_SOLVER).err().expect("it should not start");
    assert!(said.contains("cannot load: the rules are not proved") && said.contains("/nowhere/cvc5"), "{said}");
}

#[test]
fn s09_a_certificate_is_enough_for_the_rules_that_it_names_and_for_no_others() {
    let bed = Bed::bare();
    let rules = folder(&bed, "rules", WIDER);
    let (folder, note) = (rules.display().to_string(), rules.join("proof.note"));
    let key = bed.dir.join("keys/log.key").display().to_string();
    let certificate = note.display().to_string();
    let proved = run(&["policy", "prove", "--rules", &folder, "--json", "--key", &key, "--certificate", &certificate]);
    assert_eq!(proved.status.code(), Some(0), "{}", stderr(&proved));
    let report: Value = serde_json::from_str(&stdout(&proved)).unwrap();
    assert_eq!(report["holds"], json!(true));
    assert!(report["statements"].as_array().unwrap().len() > 200);
    assert!(fs::read_to_string(&note).unwrap().starts_with("OpenCLEAR proof of rules, version 1\nrules: "));

    let server = serve(&bed, &rules, NO_SOLVER).unwrap();
    assert!(server.stderr().contains("certified by port-meridian/node-1"), "{}", server.stderr());
    // While it runs, too: other rules want another certificate, and with theirs they hold.
    let proof = fs::read(&note).unwrap();
    let wider = WIDER.replace("partner-clerks", "partner-clerks-too");
    fs::write(rules.join("local.cedar"), format!("{WIDER}\n{wider}")).unwrap();
    signal(server.id(), "HUP");
    says(&server, "is about other rules");
    let proved = run(&["policy", "prove", "--rules", &folder, "--json", "--key", &key, "--certificate", &certificate]);
    assert_eq!(proved.status.code(), Some(0), "{}", stderr(&proved));
    signal(server.id(), "HUP");
    says(&server, "are in force: ");
    server.stop();
    fs::write(&note, proof).unwrap();
    // Another comment, and it is other rules; another signer, and it is nobody's word.
    fs::write(rules.join("local.cedar"), format!("// Small.\n{WIDER}")).unwrap();
    let said = serve(&bed, &rules, NO_SOLVER).err().expect("it should not start");
    assert!(said.contains("is about other rules"), "{said}");
    fs::write(rules.join("local.cedar"), WIDER).unwrap();
    // The log's key of another installation counts for nothing here, unless the operator says so.
    let other = Bed::bare();
    let said = serve(&other, &rules, NO_SOLVER).err().expect("it should not start");
    assert!(said.contains("is signed by no key that counts here (port-meridian/node-1)"), "{said}");
    let vkey = bed.dir.join("log.vkey").display().to_string();
    let args = [
        vec!["serve".to_owned()],
        other.place(),
        ["--port", "0", "--rules", &folder, "--rules-key", &vkey].map(str::to_owned).to_vec(),
    ];
    let server = Server::start_under(&args.concat(), &other.beside("said"), NO_SOLVER).unwrap();
    assert!(server.stderr().contains("certified by port-meridian/node-1"), "{}", server.stderr());
}

#[test]
fn gr05_rules_are_swapped_while_running_at_once_or_not_at_all() {
    let bed = Bed::city();
    let rules = folder(&bed, "rules", "// Nothing of our own.\n");
    let server = serve(&bed, &rules, NO_SOLVER).unwrap();
    assert!(server.stderr().contains("they only shut more"), "{}", server.stderr());
    assert_eq!(officer_reads(&bed, &server).0, 200, "{}", server.stderr());
    // A typo: its place is said, and the rules in force stay.
    fs::write(rules.join("local.cedar"), "// One.\n\n@id(\"x\") @why(\"X.\") forbid (principal action, resource);\n")
        .unwrap();
    signal(server.id(), "HUP");
    says(&server, "The rules in force stay");
    says(&server, "local.cedar:3:");
    assert_eq!(officer_reads(&bed, &server).0, 200);
    // Rules that open more are not taken without a proof.
    fs::write(rules.join("local.cedar"), WIDER).unwrap();
    signal(server.id(), "HUP");
    says(&server, "cannot load: the rules are not proved");
    // Rules that shut more hold at once.
    fs::write(rules.join("local.cedar"), SHUT).unwrap();
    signal(server.id(), "HUP");
    says(&server, "are in force: they only shut more");
    assert_eq!(officer_reads(&bed, &server), (403, "nothing_open".to_owned()));
    let _ = server.stop();
    let changes: Vec<_> = bed.events().into_iter().filter(|(_, event)| event.what == What::Rules).collect();
    assert_eq!(changes.len(), 1, "a change that was taken is logged, one that was not is none");
    assert!(
        changes[0].1.rules.is_some() && changes[0].1.why.as_deref() == Some("they only shut more than those before")
    );
}
