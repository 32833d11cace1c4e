//! The certificate of non-disclosure: made from the log, run again, and refused where something left.

use std::fs;
use std::path::Path;

use clear_audit::{Event, What};
use serde_json::json;

use crate::bed::{Ask, Bed, Server, run, stdout};

/// Asks as everybody, so that the log has something to say.
fn ask_around(bed: &Bed, server: &Server) {
    for who in ["officer", "partner", "cut_off", "sister", "sheriff", "oversight"] {
        server.ask(&bed.find(who, &json!({"name": bed.cast().misspelt})));
        server.ask(&bed.open_record(who, bed.cast().person));
    }
}

/// Exit code and what was said of `openclear certificate`.
fn certificate(args: &[&str]) -> (i32, String) {
    let output = run(&[&["certificate"], args].concat());
    (output.status.code().unwrap(), format!("{}{}", stdout(&output), String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn gr02_no_access_after_the_order_is_certified_and_run_again() {
    let bed = Bed::city();
    let server = bed.serve();
    ask_around(&bed, &server);
    bed.cut_off_frs(&server);
    ask_around(&bed, &server);
    let (dir, vkey) = (bed.dir.display().to_string(), bed.dir.join("log.vkey").display().to_string());

    // Stewards and oversight ask the running server.
    let ask = |who: &str, query: &str| server.ask(&bed.as_who(who, Ask::get(&format!("/api/v1/certificate?{query}"))));
    for who in ["steward", "oversight"] {
        let said = ask(who, "agency=frs");
        assert_eq!(said.status, 200, "{who}: {}", said.text());
        let text = said.json()["certificate"].as_str().expect("a certificate").to_owned();
        for line in
            ["agency: frs", "covers: frs,", "covers: border-department,", "order: 2026-1, entry ", "productions: 0"]
        {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(text.contains("statement: no access by frs or anything that it covers"), "{text}");
        assert!(text.contains("of which touch the covered: 4 asked, 0 answered, 4 denied"), "{text}");
        let page = server.ask(&bed.as_who(who, Ask::get("/certificate?agency=frs")));
        assert!(page.text().contains("No access") && page.text().contains("agency: frs"), "{}", page.text());
    }
    for (who, query, status, word) in [
        ("officer", "agency=frs", 403, ""),
        ("cut_off", "agency=frs", 403, "cut_off"),
        ("anonymous", "agency=frs", 401, ""),
        ("steward", "agency=nobody", 400, "does not know"),
        ("steward", "agency=marshals-x", 400, "does not know"),
        ("steward", "agency=narcotics", 400, "no order covers"),
        ("steward", "agency=frs&from=soon", 400, "should be a number"),
        ("steward", "agency=frs&from=10&to=5", 400, "is not before"),
        ("steward", "agency=frs&from=10&to=99999999", 400, "is not before"),
        ("steward", "agency=frs&wrong=1", 400, ""),
    ] {
        let said = ask(who, query);
        assert_eq!(said.status, status, "{who} {query}: {}", said.text());
        assert!(said.text().contains(word), "{who} {query}: {}", said.text());
    }
    // Before the order it had access: that is a list, and no certificate.
    let said = ask("oversight", "agency=frs&from=0").json();
    assert_eq!((&said["certificate"], &said["count"]), (&json!(null), &json!(4)), "{said:#}");
    assert_eq!(said["accesses"][0]["what"], "answered");

    // Served or not, from the folder. Two runs give the same bytes; so does an auditor's copy, which cannot sign.
    let file = bed.beside("certificate.txt").display().to_string();
    let size = server.ask(&Ask::get("/log/checkpoint")).text().lines().nth(1).unwrap().to_owned();
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir, "--to", &size, "--out", &file]);
    assert_eq!(code, 0, "{said}");
    let text = fs::read_to_string(&file).unwrap();
    let (code, again) = certificate(&["--agency", "frs", "--dir", &dir, "--to", &size]);
    assert_eq!((code, again.as_str()), (0, text.as_str()));
    let (code, said) = certificate(&["--check", &file, "--server", &server.url, "--vkey", &vkey]);
    assert!(code == 0 && said.contains("The certificate about frs holds"), "{said}");
    let (code, said) =
        certificate(&["--agency", "frs", "--server", &server.url, "--as", &bed.person("oversight").token]);
    assert!(code == 0 && said.contains("OpenCLEAR certificate of non-disclosure"), "{said}");
    let (code, said) =
        certificate(&["--agency", "frs", "--from", "0", "--server", &server.url, "--as", &bed.person("steward").token]);
    assert!(code == 5 && said.contains("the log shows 4 accesses for frs"), "{said}");
    assert!(server.stop().0.success());

    let copy = bed.beside("copy");
    copy_folder(&bed.dir.join("log"), &copy.join("log"));
    fs::create_dir_all(copy.join("keys")).unwrap();
    fs::copy(bed.dir.join("keys/log-openings.key"), copy.join("keys/log-openings.key")).unwrap();
    let copy = copy.display().to_string();
    let (code, said) = certificate(&["--check", &file, "--dir", &copy, "--vkey", &vkey]);
    assert!(code == 0 && said.contains("the same text, byte for byte"), "{said}");
    let (code, said) = certificate(&["--agency", "frs", "--dir", &copy, "--vkey", &vkey, "--to", &size]);
    let unsigned = text.split("\n\n— ").next().unwrap();
    assert!(code == 0 && said.starts_with(unsigned) && said.contains("Not signed"), "{said}");
    // By dates of the log's life: nothing happened before it began, and something did later.
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir, "--from", "2000-01-01"]);
    assert!(code == 5 && said.contains("4 accesses"), "{said}");
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir, "--from", "2999-01-01"]);
    assert!(code == 1 && said.contains("is not before"), "{said}");
    // An agency without an order speaks for itself alone.
    let (code, said) = certificate(&["--agency", "frontier-service", "--dir", &dir, "--from", "order"]);
    assert!(code == 0 && said.contains("covers: frontier-service,") && !said.contains("covers: frs,"), "{said}");
    let (code, said) = certificate(&["--agency", "narcotics", "--dir", &dir, "--from", "0"]);
    assert!(code == 0 && !said.contains("order:"), "{said}");

    // Whoever alters the text is found out, signed or not.
    for (from, to) in
        [("0 answered", "1 answered"), ("agency: frs", "agency: marshals"), ("productions: 0", "productions: 1")]
    {
        assert!(text.contains(from), "{from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let (code, said) = certificate(&["--check", &file, "--dir", &dir, "--vkey", &vkey]);
        assert!(code == 5 && said.contains("is not what the key"), "{from}: {said}");
        // Signed anew by a keeper who lies, it still does not come out of the log.
        let lie = clear_audit::sign_note(&bed.dir, &(unsigned.replacen(from, to, 1) + "\n")).unwrap();
        fs::write(&file, lie).unwrap();
        let (code, said) = certificate(&["--check", &file, "--dir", &dir, "--vkey", &vkey]);
        assert!(code == 5 && said.contains("does NOT hold"), "{from}: {said}");
    }
}

#[test]
fn s22_an_answer_that_somebody_forged_or_hid_is_found() {
    let bed = Bed::city();
    let server = bed.serve();
    // Somebody of the state police also works for the agency; that the two are one is a commitment in the log.
    let partner = bed.person("partner").clone();
    let hat =
        json!([{"entry": "affiliation", "account": partner.account, "agency": "frs", "from": "2026-01-01T00:00:00Z"}]);
    let said = server.ask(&bed.as_who("steward", Ask::post("/api/v1/register/entries", &hat)));
    assert_eq!(said.status, 201, "{}", said.text());
    bed.cut_off_frs(&server);
    ask_around(&bed, &server);
    assert!(server.stop().0.success());
    let dir = bed.dir.display().to_string();
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir]);
    assert_eq!(code, 0, "{said}");

    let event = |request: &str, what| Event {
        at: jiff::Timestamp::now(),
        request: Some(request.parse().unwrap_or_else(|_| clear_record::RequestId::fresh())),
        what,
        ..Event::default()
    };
    let append = |events: &[Event]| {
        let (log, _) = bed.log();
        for event in events {
            log.append(event, None).wait_blocking().unwrap();
        }
        log.close().unwrap();
    };
    // An answer to somebody of the closure.
    let agency = || Some("frs".parse().unwrap());
    let answered = Event { agency: agency(), count: Some(3), ..event("", What::Answered) };
    append(std::slice::from_ref(&answered));
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir]);
    assert!(code == 5 && said.contains("the log shows 1 accesses for frs") && said.contains("3 records"), "{said}");
    // One that an order came between had not left.
    let withheld = Event { what: What::Withheld, ..answered };
    append(&[withheld]);
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir]);
    assert!(code == 0 && said.contains("1 withheld"), "{said}");
    // An answer whose events keep quiet about the second hat: the register of then says it.
    let asked = Event {
        account: Some(partner.account.parse().unwrap()),
        agency: Some(partner.agency.parse().unwrap()),
        question: Some("find {}".into()),
        register: Some(u64::MAX),
        ..event("", What::Asked)
    };
    let quiet = Event { what: What::Answered, count: Some(1), ..asked.clone() };
    append(&[asked, quiet]);
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir]);
    assert!(code == 5 && said.contains("the log shows 1 accesses for frs"), "{said}");
    // A part of a streamed answer is an access as well.
    let other = Bed::city();
    let server = other.serve();
    other.cut_off_frs(&server);
    assert!(server.stop().0.success());
    let (log, _) = other.log();
    let batch = Event { recipients: ["frs".parse().unwrap()].into(), count: Some(128), ..event("", What::Batch) };
    log.append(&batch, None).wait_blocking().unwrap();
    let production = Event {
        what: What::Production,
        recipients: ["frs".parse().unwrap()].into(),
        docket: Some("P-2026-1".into()),
        why: Some("delivered\nby hand".into()),
        ..event("", What::Production)
    };
    log.append(&production, None).wait_blocking().unwrap();
    log.close().unwrap();
    let dir = other.dir.display().to_string();
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir]);
    assert!(code == 5 && said.contains("was batch (128 records"), "{said}");
    // A production is no access: it is listed, one line each.
    let size = said.split("entry ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let after = (size.parse::<u64>().unwrap() + 1).to_string();
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir, "--from", &after]);
    assert!(code == 0 && said.contains("productions: 1\nproduction: P-2026-1, entry "), "{said}");
    assert!(said.contains("for frs: delivered by hand (0 records)"), "{said}");
    // A changed opening is no ground for a certificate.
    let frames = other.dir.join("log/frames-000001.log");
    let mut bytes = fs::read(&frames).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&frames, bytes).unwrap();
    let (code, said) = certificate(&["--agency", "frs", "--dir", &dir]);
    assert!(code == 5 && said.contains("the log cannot be trusted") && said.contains("entry "), "{said}");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        match item.file_type().unwrap().is_dir() {
            true => copy_folder(&item.path(), &to.join(item.file_name())),
            false => drop(fs::copy(item.path(), to.join(item.file_name())).unwrap()),
        }
    }
}
