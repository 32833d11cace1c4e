//! A receipt in its holder's hands: checked against the log, and without it; and an opening that is destroyed.

use std::fs;

use serde_json::json;

use crate::bed::{Ask, Bed, run, stderr, stdout};

fn audit(args: &[&str]) -> (i32, String) {
    let output = run(&[&["audit"], args].concat());
    (output.status.code().unwrap(), format!("{}{}", stdout(&output), stderr(&output)))
}

#[test]
fn gr22_a_receipt_is_checked_when_its_entry_is_public_and_later_without_any_network() {
    let bed = Bed::city();
    let server = bed.serve_at_pace("8760h", 4);
    let said = server.ask(&bed.find("officer", &json!({"name": "smith"})));
    let receipt = bed.beside("receipt.txt").display().to_string();
    fs::write(&receipt, said.header("x-clear-receipt").unwrap()).unwrap();
    let (url, vkey) = (server.url.clone(), bed.dir.join("log.vkey").display().to_string());
    let steward = bed.person("steward").token.clone();

    // The promise holds at once; the public log has the entry from its next checkpoint on, and says when that is.
    let (code, said) = audit(&["check", &receipt, "--vkey", &vkey]);
    assert!(code == 0 && said.contains("Promised by port-meridian/node-1 as entry"), "{said}");
    let (code, said) = audit(&["check", &receipt, "--vkey", &vkey, "--log", &url]);
    assert!(code == 5 && said.contains("Not yet in the log that is published"), "{said}");
    assert!(said.contains("the next one is due at 20"), "{said}");
    let (code, said) = audit(&["proof", &receipt, "--vkey", &vkey, "--log", &url]);
    assert!(code == 5 && said.contains("No proof: entry"), "{said}");
    // An owner's steward need not wait.
    crate::bed::until("the log's own checkpoint reaches it", std::time::Duration::from_secs(20), || {
        audit(&["check", &receipt, "--vkey", &vkey, "--log", &url, "--as", &steward]).0 == 0
    });
    let (code, said) = audit(&["verify", &url, "--vkey", &vkey, "--as", &steward]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
    let (code, said) = audit(&["verify", &url, "--vkey", &vkey]);
    assert!(code == 0 && said.contains("is whole: 0 entries"), "{said}");
    let officer = bed.person("officer").token.clone();
    let (code, said) = audit(&["verify", &url, "--vkey", &vkey, "--as", &officer]);
    assert!(code == 5 && said.contains("403"), "{said}");
    assert!(server.stop().0.success());

    let server = bed.serve();
    crate::bed::until("the entry is public", std::time::Duration::from_secs(20), || {
        server.ask(&bed.find("officer", &json!({"name": "smith"})));
        audit(&["check", &receipt, "--vkey", &vkey, "--log", &server.url]).0 == 0
    });
    let proof = bed.beside("receipt.tlog-proof").display().to_string();
    let (code, said) = audit(&["proof", &receipt, "--vkey", &vkey, "--log", &server.url, "--out", &proof]);
    assert!(code == 0 && said.contains("Written to"), "{said}");
    assert!(server.stop().0.success());
    // Nothing is served any more.
    let (code, said) = audit(&["check", &receipt, "--vkey", &vkey, "--proof", &proof]);
    assert!(code == 0 && said.contains("The log has it: included under the checkpoint of"), "{said}");
    let text = fs::read_to_string(&proof).unwrap();
    for (from, to, why) in [
        ("\nindex ", "\nindex 1", "NOT in the log"),
        ("— port-meridian/node-1 ", "— port-meridian/node-2 ", "NOT in the log: the checkpoint cannot be trusted"),
        ("@v1", "@v9", "NOT a proof: line 1"),
    ] {
        fs::write(&proof, text.replacen(from, to, 1)).unwrap();
        let (code, said) = audit(&["check", &receipt, "--vkey", &vkey, "--proof", &proof]);
        assert!(code == 5 && said.contains(why), "{from}: {said}");
    }
    let forged = fs::read_to_string(&receipt).unwrap().replacen('A', "B", 1);
    let (code, said) = audit(&["check", &forged, "--vkey", &vkey]);
    assert!(code == 5 && said.contains("NOT a receipt of this log"), "{said}");
}

#[test]
fn gr22_an_opening_is_shown_with_its_receipt_and_destroyed_on_a_legal_basis() {
    let bed = Bed::city();
    let server = bed.serve();
    let said = server.ask(&bed.find("officer", &json!({"name": "smith"})));
    let header = said.header("x-clear-receipt").unwrap().to_owned();
    let (dir, vkey) = (bed.dir.display().to_string(), bed.dir.join("log.vkey").display().to_string());
    let entry = clear_audit::Receipt::parse(&header).unwrap().index().to_string();
    let basis = "order of the circuit court, 26-1042";
    let (code, said) = audit(&["destroy", "--dir", &dir, "--entry", &entry, "--basis", basis]);
    assert!(code == 1 && said.contains("in use by another process"), "{said}");
    assert!(server.stop().0.success());

    let event = bed.events().into_iter().find(|(index, _)| index.to_string() == entry).unwrap().1;
    let opening = bed.beside("event.json");
    fs::write(&opening, serde_json::to_string(&event).unwrap() + "\n").unwrap();
    let opening = opening.display().to_string();
    let (code, said) = audit(&["check", &header, "--vkey", &vkey, "--log", &dir, "--opening", &opening]);
    assert!(code == 0 && said.contains("The entry says what") && said.contains("The log has it"), "{said}");
    fs::write(&opening, serde_json::to_string(&event).unwrap().replacen("answered", "denied", 1)).unwrap();
    let (code, said) = audit(&["check", &header, "--vkey", &vkey, "--opening", &opening]);
    assert!(code == 5 && said.contains("NOT what the entry says"), "{said}");

    let (log, recovered) = bed.log();
    let mut openings = log.openings(0..recovered.size).unwrap().map(Result::unwrap);
    let clear = openings.find(|(_, opened)| matches!(opened, clear_audit::Opened::Clear(_))).unwrap().0.to_string();
    log.close().unwrap();
    drop((openings, log));
    for (entry, basis, why) in [(clear.as_str(), basis, "text for everybody"), (entry.as_str(), " ", "legal basis"), ("999999", basis, "has no entry")] {
        let (code, said) = audit(&["destroy", "--dir", &dir, "--entry", entry, "--basis", basis]);
        assert!(code == 3 && said.contains(why), "{entry}: {said}");
    }
    let (code, said) = audit(&["destroy", "--dir", &dir, "--entry", &entry, "--basis", basis]);
    assert!(code == 0 && said.contains(&format!("The opening of entry {entry} is destroyed")), "{said}");
    let (code, said) = audit(&["verify", &dir]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
    // The receipt's promise holds as before, and the installation opens; what the entry said is in no certificate.
    let (code, said) = audit(&["check", &header, "--vkey", &vkey, "--log", &dir]);
    assert!(code == 0, "{said}");
    let output = run(&["certificate", "--agency", "frs", "--from", "0", "--dir", &dir]);
    assert!(stderr(&output).contains(&format!("the opening of entry {entry} was destroyed")), "{}", stderr(&output));
    let server = bed.serve();
    assert_eq!(server.ask(&Ask::get("/healthz")).status, 200);
    assert!(server.stop().0.success());
}
