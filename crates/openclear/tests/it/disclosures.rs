//! The disclosure ledger of a running server: lists, pages, openings, reindex, and a week's *was this you?*

use std::time::Duration;

use serde_json::json;

use crate::bed::{Ask, Bed, PASSWORD, Said, Server, percent, run, stderr, stdout, until};

/// What a persona is shown, as a page or as JSON.
fn get(bed: &Bed, server: &Server, who: &str, path: &str) -> Said {
    let said = server.ask(&bed.as_who(who, Ask::get(path)));
    assert_eq!(said.status, 200, "{path}: {}", said.text());
    assert!(!said.is_page() || said.body.len() <= 60_000, "{path} has {} bytes", said.body.len());
    said
}

#[test]
fn gr27_a_server_lists_shows_and_opens_what_was_disclosed() {
    let bed = Bed::city();
    let server = bed.serve();
    let (plate, vehicle) = (bed.cast().plate.clone(), bed.cast().vehicle.to_string());
    let person = bed.cast().person.to_string();
    for (who, record) in [("officer", &vehicle), ("officer", &person)] {
        let said = server.ask(&bed.open_record(who, record));
        assert_eq!(said.status, 200, "{}", said.text());
    }
    let found = server.ask(&bed.find("officer", &json!({"plate": plate})));
    assert_eq!(found.status, 200);

    let list = get(&bed, &server, "clerk", &format!("/api/v1/disclosures?record={vehicle}&limit=10")).json();
    assert!(list["count"].as_u64().unwrap() >= 2 && list["exact"] == true && list["behind"] == 0, "{list}");
    let numbers: Vec<&str> =
        list["disclosures"].as_array().unwrap().iter().filter_map(|it| it["request"].as_str()).collect();
    assert!(numbers.contains(&found.number().unwrap()), "{list}");
    // The page says the same to a browser.
    let page = get(&bed, &server, "clerk", &format!("/disclosures?about=record&value={vehicle}")).text();
    for words in [vehicle.as_str(), &bed.person("officer").account, "stop E-1042", "entry "] {
        assert!(page.contains(words), "`{words}` is not on the page");
    }
    let report = get(&bed, &server, "clerk", &format!("/disclosures/report?person={person}")).text();
    assert!(report.contains("Who saw what was filed about you") && report.contains("px-"), "{report}");
    assert!(!report.contains(&bed.person("officer").account), "a report names no officer");
    for (path, code) in [
        ("/api/v1/disclosures?record=nonsense", "wrong"),
        ("/api/v1/disclosures?record=veh_1&agency=pmpd", "wrong"),
        ("/api/v1/disclosures?from=yesterday", "wrong"),
        ("/api/v1/disclosures?limit=0", "wrong"),
        ("/api/v1/disclosures/people/x/report", "bad_id"),
        ("/api/v1/log/openings?from=x", "wrong"),
        ("/api/v1/log/openings?wait=99", "wrong"),
    ] {
        let said = server.ask(&bed.as_who("clerk", Ask::get(path)));
        assert_eq!((said.status, said.code().as_str()), (400, code), "{path}");
    }
    // Openings, line by line; the list's entries are among them.
    let openings = get(&bed, &server, "clerk", "/api/v1/log/openings?from=0");
    assert_eq!(openings.header("content-type"), Some("application/x-ndjson"));
    let lines: Vec<serde_json::Value> =
        openings.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in list["disclosures"].as_array().unwrap() {
        assert!(lines.iter().any(|it| it["entry"] == line["entry"] && it["leaf"] == line["leaf"]), "{line}");
    }
    assert!(openings.header("x-clear-next").unwrap().parse::<u64>().unwrap() > 0);
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");

    // The index is made again from the log alone, and says the same.
    let dir = bed.dir.display().to_string();
    let made = run(&["audit", "reindex", "--dir", &dir]);
    assert!(made.status.success() && stdout(&made).contains("has all"), "{}{}", stdout(&made), stderr(&made));
    let server = bed.serve();
    let again = get(&bed, &server, "clerk", &format!("/api/v1/disclosures?record={vehicle}&limit=10")).json();
    assert_eq!(again, list);
    assert!(server.ask(&Ask::get("/metrics")).text().contains("disclosure_index 0"));
    let busy = run(&["audit", "reindex", "--dir", &dir]);
    assert!(!busy.status.success() && stderr(&busy).contains("in use"), "{}", stderr(&busy));
}

#[test]
fn s03_an_officer_says_not_me_and_the_borrowed_session_ends() {
    let bed = Bed::city();
    let account = bed.person("officer").account.clone();
    let args = [
        &["serve".to_owned()][..],
        &bed.place(),
        &[
            "--port",
            "0",
            "--keeper",
            &bed.person("keeper").token,
            "--keeper-purpose",
            "records_service",
            "--keeper-use-code",
            "C",
        ]
        .map(str::to_owned),
    ]
    .concat();
    // Somebody asks under the officer's token before the week's round.
    let server = bed.serve();
    let find = format!("/api/v1/find?plate={}", percent(&bed.cast().plate));
    let borrowed = bed.as_who("officer", Ask::get(&find).under(&bed.inquiry("officer")));
    assert_eq!(server.ask(&borrowed).status, 200);
    server.stop();
    let server = Server::start(&args, &bed.beside("said")).unwrap();
    until("the round was made", Duration::from_secs(30), || {
        let said = server.ask(&bed.as_who("officer", Ask::get("/api/v1/was-this-you"))).json();
        said["digest"]["count"].as_u64().is_some_and(|count| count >= 1)
    });
    // Signing in leads there, whatever was wanted.
    let fields =
        [("account", account.as_str()), ("password", PASSWORD), ("code", &bed.code("officer", 1)), ("next", "/counts")];
    let signed_in = server.ask(&Ask::form("/sign-in", &fields));
    assert_eq!((signed_in.status, signed_in.header("location")), (303, Some("/was-this-you")), "{}", signed_in.text());
    let cookies: Vec<String> = signed_in
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, cookie)| cookie.split(';').next().unwrap().to_owned())
        .collect();
    let browser = |ask: Ask| server.ask(&ask.with("cookie", &cookies.join("; ")));
    let notice = browser(Ask::get("/counts"));
    assert!(notice.text().contains("href=\"/was-this-you\""), "{}", notice.text());
    let page = browser(Ask::get("/was-this-you"));
    assert!(
        page.status == 200 && page.text().contains("not me") && page.text().contains("127.0.0.1"),
        "{}",
        page.text()
    );
    let said = browser(Ask::form("/was-this-you", &[("was_me", "no")]));
    assert!(said.status == 200 && said.text().contains("Your account is shut"), "{}", said.text());
    // Session, token and sign-in: none of them opens anything.
    assert_eq!(browser(Ask::get("/counts")).status, 401);
    assert_eq!(server.ask(&borrowed).status, 401);
    let fields =
        [("account", account.as_str()), ("password", PASSWORD), ("code", &bed.code("officer", 2)), ("next", "/")];
    assert_eq!(server.ask(&Ask::form("/sign-in", &fields)).status, 401);
    // The steward looks.
    let reviews = get(&bed, &server, "steward", "/api/v1/reviews").json();
    let review =
        reviews["reviews"].as_array().unwrap().iter().find(|it| it["account"] == account.as_str()).unwrap().clone();
    assert!(review["urgent"] == true && review["flags"][0]["flag"] == "disputed", "{review}");
    let path = format!("/api/v1/reviews/{}", review["number"].as_str().unwrap());
    let word = json!({"outcome": "in_order", "note": "It was a colleague in the same car."});
    assert_eq!(server.ask(&bed.as_who("clerk", Ask::post(&path, &word))).status, 403);
    let decided = server.ask(&bed.as_who("steward", Ask::post(&path, &word)));
    assert_eq!(decided.status, 200, "{}", decided.text());
    assert_eq!(server.ask(&borrowed).status, 401, "what was held before has ended");
}
