//! The register as one signed file, that a citizen keeps and verifies.

use std::fs;

use serde_json::json;

use crate::bed::{Ask, Bed, run, stdout};

fn verify(args: &[&str]) -> (i32, String) {
    let output = run(&[&["register", "verify"], args].concat());
    (output.status.code().unwrap(), format!("{}{}", stdout(&output), String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn gr28_the_register_is_one_signed_file_that_anybody_verifies() {
    let bed = Bed::bare();
    let server = bed.serve();
    let partner = bed.person("partner").account.clone();
    let hat =
        json!([{"entry": "affiliation", "account": partner, "agency": "narcotics", "from": "2026-01-01T00:00:00Z"}]);
    let said = server.ask(&bed.as_who("steward", Ask::post("/api/v1/register/entries", &hat)));
    assert_eq!(said.status, 201, "{}", said.text());
    bed.cut_off_frs(&server);
    let (file, vkey) =
        (bed.beside("register.txt").display().to_string(), bed.dir.join("log.vkey").display().to_string());
    let output = run(&["register", "export", "--url", &server.url, "--out", &file]);
    assert!(output.status.success(), "{}", stdout(&output));
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("OpenCLEAR register, version 1\nlog: port-meridian/node-1\ninstallation: port-meridian\n")
    );
    // Who belongs where is a commitment, here and in the public log.
    assert!(!text.contains(&format!("\"account\":\"{partner}\"")), "{text}");
    assert!(text.contains("{\"entry\":\"affiliation\",\"leaf\":"), "{text}");
    let tile = server.ask(&Ask::get("/log/tile/entries/000.p/1")).body;
    assert!(!tile.is_empty(), "the log's first entry is in the clear");

    let (code, said) = verify(&[&file, "--vkey", &vkey, "--log", &server.url]);
    assert_eq!(code, 0, "{said}");
    for words in
        ["1 order; every signature is good", "order 2026-1: frs", "as commitments", "Each of them stands in the log"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    // It is the same after a start, out of the ledger and the log.
    server.kill();
    let server = bed.serve();
    let again = server.ask(&Ask::get("/register/export")).text();
    let entries =
        |text: &str| text.lines().skip(5).take_while(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(entries(&text), entries(&again));

    let lines: Vec<&str> = text.lines().collect();
    let changed = |from: &str, to: &str| text.replacen(from, to, 1);
    let agency = lines.iter().position(|line| line.contains("\"entry\":\"agency\"")).unwrap();
    let dropped: String =
        lines.iter().enumerate().filter(|(at, _)| *at != agency).map(|(_, line)| format!("{line}\n")).collect();
    let commitment = text.split("\"commitment\":\"").nth(1).unwrap()[..8].to_owned();
    let other = if commitment.starts_with('0') { "1" } else { "0" };
    for (what, altered, word) in [
        ("a name", changed("Federal", "Fedoral"), "is not what the key"),
        ("a dropped line", dropped.clone(), "on something is missing"),
        (
            "a line that is no entry",
            changed("{\"entry\":\"agency\"", "{\"entry\":\"agncy\""),
            &format!("line {}", agency + 1),
        ),
        ("a commitment", changed(&commitment, &format!("{other}{}", &commitment[1..])), "is not what the key"),
        ("the version", changed("version: ", "version: 1"), "has"),
        ("the heading", changed("OpenCLEAR register", "OpenCLEAR regster"), "line 1"),
        ("the signature", changed("— port-meridian/node-1 ", "— port-meridian/node-2 "), "is not what the key"),
        ("all of it", "nothing".to_owned(), "not a signed note"),
    ] {
        fs::write(&file, altered).unwrap();
        let (code, said) = verify(&[&file, "--vkey", &vkey]);
        assert_eq!(code, 5, "{what}: {said}");
        assert!(said.contains("NOT the register") && said.contains(word), "{what}: {said}");
    }
    // A keeper who signs a register without one of its entries is found by the entries that follow from it.
    let unsigned = dropped.split("\n\n— ").next().unwrap();
    let version: usize = lines[3].strip_prefix("version: ").unwrap().parse().unwrap();
    let lie = unsigned.replacen(&format!("version: {version}"), &format!("version: {}", version - 1), 1) + "\n";
    fs::write(&file, clear_audit::sign_note(&bed.dir, &lie).unwrap()).unwrap();
    let (code, said) = verify(&[&file, "--vkey", &vkey]);
    assert!(code == 5 && said.contains("does not follow from the lines before it") && said.contains("line "), "{said}");
    // Another log's key, and a commitment that is not in the log.
    fs::write(&file, &text).unwrap();
    let stranger = Bed::bare();
    let other_key = stranger.dir.join("log.vkey").display().to_string();
    let (code, said) = verify(&[&file, "--vkey", &other_key]);
    assert!(code == 5 && said.contains("is not what the key"), "{said}");
    let invented = clear_audit::sign_note(
        &bed.dir,
        &(text.split("\n\n— ").next().unwrap().replacen(&commitment, &format!("{other}{}", &commitment[1..]), 1)
            + "\n"),
    );
    fs::write(&file, invented.unwrap()).unwrap();
    let (code, said) = verify(&[&file, "--vkey", &vkey, "--log", &server.url]);
    assert!(code == 5 && said.contains("NOT in the log"), "{said}");
}
