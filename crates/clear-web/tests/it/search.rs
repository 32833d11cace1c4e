//! The search box and the check of a list, by API and page: what was understood, what else it could be, what was found.

use serde_json::{Value, json};

use crate::city::{Answer, City, code};

const INQUIRY: [(&str, &str); 5] = [
    ("purpose", "criminal_investigation"),
    ("use_code", "C"),
    ("case", "JC-1"),
    ("reason", "Witness names a suspect"),
    ("on_behalf_of", "pmpd"),
];

fn url_form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A city with a few records that say something, and their ids by a word.
fn city() -> (City, Value) {
    let city = City::open();
    let person = city.some_person();
    let vehicle = city.file("vehicle", &json!({"plate": "QX44712", "colour": "RED", "make": "FORD"}));
    let incident = city.file(
        "incident",
        &json!({
            "case_number": "PM100001", "occurred_from": "2018-03-04T23:10:00", "beat": "0411", "district": "004",
            "block": "014XX W FERRY ST", "latitude": 41.88, "longitude": -87.63,
            "offences": [{"iucr": "0610", "primary_type": "BURGLARY", "description": "FORCIBLE ENTRY"}]
        }),
    );
    let narrative = city.file(
        "narrative",
        &json!({"about": incident, "title": "Report", "text": "The burglar <b>broke</b> the rear door and fled in a red car."}),
    );
    let property = city.file(
        "property",
        &json!({"inventory_number": "INV-1042", "status": "stolen", "description": "bicycle", "serial_number": "WTU-98765"}),
    );
    let ids = json!({"person": person, "vehicle": vehicle, "incident": incident, "narrative": narrative, "property": property});
    (city, ids)
}

fn find(city: &City, query: &[(&str, &str)]) -> Answer {
    city.ask_as("officer", &format!("GET /api/v1/find?{}", url_form(query)), b"")
}

#[test]
fn the_box_finds_by_whatever_was_typed_and_says_how_it_read_it() {
    let (city, ids) = city();
    let card = "@\n\u{1e}\rANSI 636035080102DL00410278ZI03190008DLDAQS51\nDCSCALLOWAY\nDACMARCUS\nDBB04031981\r";
    for (query, understood, found) in [
        (vec![("text", "QX-4471?")], "the plate QX4471?", "vehicle"),
        (vec![("text", "QX447I2")], "the plate QX447I2", "vehicle"),
        (vec![("text", "1400 block of W Ferry")], "the address 1400 block of W Ferry", "incident"),
        (vec![("text", "Fery St")], "the street Fery St", "incident"),
        (vec![("text", "\"rear door\"")], "text that says \"rear door\"", "narrative"),
        (vec![("text", card)], "a person named MARCUS CALLOWAY, born 1981-04-03, with the number S51", "person"),
        (vec![("text", "burglary"), ("read_as", "words")], "text that says burglary", "incident"),
        (vec![("words", "offence:burglary")], "words of a text", "incident"),
        (vec![("near", "41.8801,-87.6301"), ("radius_m", "100")], "incidents by date and beat", "incident"),
        (vec![("hours", "22-2"), ("weekdays", "sun"), ("district", "4")], "incidents by date and beat", "incident"),
        (vec![("case_number", "wtu98765")], "a case number", "property"),
    ] {
        let answer = find(&city, &query);
        assert_eq!(answer.status, 200, "{query:?}: {}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["understood"], understood, "{query:?}");
        let hits: Vec<&Value> = answer["hits"].as_array().unwrap().iter().map(|hit| &hit["record"]["id"]).collect();
        assert!(hits.contains(&&ids[found]), "{query:?}: {hits:?}");
    }
    // Another reading is offered, and taken.
    let answer = find(&city, &[("text", "smith")]).json();
    assert_eq!(answer["also"][0], json!({"read_as": "plate", "how": "the plate SMITH"}));
    // A snippet has the words marked, and no more of a text than a piece.
    let hit = find(&city, &[("words", "\"rear door\"")]).json()["hits"][0].clone();
    let marked: Vec<&Value> =
        hit["snippets"][0]["pieces"].as_array().unwrap().iter().filter(|piece| piece["marked"] == true).collect();
    assert_eq!(marked.iter().map(|piece| piece["text"].as_str().unwrap()).collect::<Vec<_>>(), ["rear", "door"]);
    // Counts of what was found; a spelling that was perhaps meant; what begins as typed.
    let counted = find(&city, &[("words", "red"), ("facets", "true")]).json();
    assert_eq!(counted["facets"][0]["by"], "kind");
    assert_eq!(
        counted["facets"][0]["counts"],
        json!([{"value": "narrative", "count": 1}, {"value": "vehicle", "count": 1}])
    );
    let meant = find(&city, &[("words", "burgler")]).json();
    assert_eq!(meant["suggested"], json!([{"asked": "BURGLER", "instead": "BURGLAR", "count": 1}]));
    let begins = find(&city, &[("text", "burgl")]).json();
    assert_eq!(
        begins["begins"],
        json!([{"kind": "word", "text": "BURGLAR", "count": 1}, {"kind": "word", "text": "BURGLARY", "count": 1}])
    );
}

#[test]
fn a_wrong_search_says_how_to_mend_it() {
    let (city, _) = city();
    for (query, message) in [
        (vec![("words", "red \"car")], "the quotation that begins at character 5 has no end"),
        (vec![("words", "-red")], "say also what to find"),
        (vec![("plate", "A*")], "3 letters and digits or more"),
        (vec![("near", "41.88,-87.63")], "near and radius_m are said together"),
        (vec![("polygon", "0,0;0.1,0.1;0,0.1;0.1,0")], "its sides cross"),
        (vec![("polygon", "0,0;0,9;9,9")], "more than one degree"),
        (vec![("hours", "25-2")], "hours are from one full hour to another"),
        (vec![("text", "smith"), ("read_as", "phone")], "this text can be read as person, plate, words"),
        (vec![("kind", "ghost"), ("text", "smith")], "kind is one of"),
    ] {
        let answer = find(&city, &query);
        assert_eq!((answer.status, answer.code().as_str()), (400, "wrong"), "{query:?}");
        assert!(answer.text().contains(message), "{query:?}: {}", answer.text());
    }
}

#[test]
fn the_page_shows_how_it_understood_without_scripts() {
    let (city, _) = city();
    let secret = city.enrol_person("officer-9");
    let post = |path: &str, cookie: &str, body: &str| {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "http://clear.test"),
            ("sec-fetch-site", "same-origin"),
            ("cookie", cookie),
        ];
        city.ask(&format!("POST {path}"), &headers, body.as_bytes())
    };
    let entered = post(
        "/sign-in",
        "",
        &url_form(&[
            ("account", "officer-9"),
            ("password", crate::city::PASSWORD),
            ("code", &code(&secret)),
            ("next", "/search"),
        ]),
    );
    assert_eq!(entered.status, 303, "{}", entered.text());
    // Signing in takes an older inquiry back.
    let cookies = entered.cookies().into_iter().map(|cookie| cookie.split(';').next().unwrap().to_owned());
    let cookies: Vec<String> = cookies.filter(|cookie| !cookie.ends_with('=')).collect();
    let mut fields = vec![("q", "\"rear door\"")];
    fields.extend(INQUIRY);
    let kept = post("/search", &cookies.join("; "), &url_form(&fields));
    let inquiry = kept.cookies()[0].split(';').next().unwrap().to_owned();
    let cookies = format!("{}; {inquiry}", cookies.join("; "));
    let page = |query: &[(&str, &str)]| {
        let page = city.ask(&format!("GET /search?{}", url_form(query)), &[("cookie", &cookies)], b"");
        assert_eq!(page.status, 200, "{query:?}: {}", page.text());
        assert!(page.body.len() <= 60_000 && !page.text().contains("<script"), "{query:?}");
        page.text()
    };
    let words = page(&[("q", "\"rear door\"")]);
    assert!(words.contains("<mark>rear</mark>") && words.contains("&#60;b&#62;broke"), "{words}");
    let person = page(&[("q", "smith")]);
    assert!(person.contains("understood as a person named smith") && person.contains("Also read as:"), "{person}");
    assert!(person.contains("href=\"/search?q=smith&#38;as=plate\""), "{person}");
    let mistaken = page(&[("q", "\"rear door")]);
    assert!(mistaken.contains("the quotation that begins at character 1 has no end"), "{mistaken}");
    let facets = page(&[("q", "red"), ("as", "words")]);
    assert!(facets.contains("kind=vehicle"), "{facets}");
    let meant = page(&[("q", "burgler"), ("as", "words")]);
    assert!(meant.contains("Did you mean:") && meant.contains("q=burglar&#38;as=words"), "{meant}");

    // A list on the page of its own.
    let empty = city.ask("GET /check", &[("cookie", &cookies)], b"");
    assert_eq!(empty.status, 200);
    let mut fields = vec![("of", "plate"), ("file", "plate\nQX44712\nA*\n<i>\n")];
    fields.extend(INQUIRY);
    let checked = post("/check", &cookies, &url_form(&fields));
    assert_eq!(checked.status, 200, "{}", checked.text());
    let text = checked.text();
    assert!(
        text.contains("<b>1</b> of 1 lines found something") && text.contains("Line 3: a check takes whole plates"),
        "{text}"
    );
    assert!(checked.body.len() <= 60_000 && !text.contains("<i>"));
    // Without an inquiry nothing is checked.
    let without = post("/check", &cookies, &url_form(&[("of", "plate"), ("file", "QX44712")]));
    assert_eq!(without.status, 422);
    assert!(without.text().contains("purpose, use_code, case, reason"));
}

#[test]
fn s10_a_list_is_checked_under_an_inquiry_with_every_line_answered_for() {
    let (city, ids) = city();
    let inquiry: serde_json::Map<String, Value> = INQUIRY
        .iter()
        .map(|(name, text)| ((*name).to_owned(), if *name == "on_behalf_of" { json!([text]) } else { json!(text) }))
        .collect();
    let ask = |of: &str, file: &str| {
        let body = json!({"inquiry": inquiry, "question": {"of": of, "file": file}});
        city.ask_as("officer", "POST /api/v1/check", body.to_string().as_bytes())
    };
    let checked = ask("person", "name,date_of_birth\n\"Calloway, Marcus\",1981-04-03\nJane Nobody,\nX,00/00/0000\n");
    assert_eq!(checked.status, 200, "{}", checked.text());
    let answer = checked.json();
    assert_eq!(answer["lines"][0]["hits"][0]["record"]["id"], ids["person"]);
    assert_eq!((&answer["lines"][1]["line"], &answer["lines"][1]["total"]), (&json!(3), &json!(0)));
    assert_eq!(answer["refused"][0]["line"], 4);
    assert!(answer["refused"][0]["why"].as_str().unwrap().contains("00/00/0000 is not a date"));
    // Each with its receipt.
    let receipt = clear_audit::Receipt::parse(checked.header("x-clear-receipt")).unwrap();
    receipt.check(city.desk.public_log().vkey()).unwrap();
    let property = ask("property", "inv 1042\nWTU98765\n").json();
    let found = |at: usize| property["lines"][at]["hits"][0]["record"]["id"].clone();
    assert_eq!((found(0), found(1)), (ids["property"].clone(), ids["property"].clone()));
    // The body may be the file.
    let bearer = format!("Bearer {}", city.token("officer"));
    let headers = |content_type: &'static str| {
        [
            ("authorization", bearer.as_str()),
            ("x-inquiry-purpose", "criminal_investigation"),
            ("x-inquiry-use-code", "C"),
            ("x-inquiry-case", "JC-1"),
            ("x-inquiry-reason", "Plates at the scene"),
            ("x-inquiry-on-behalf-of", "pmpd"),
            ("content-type", content_type),
        ]
    };
    for (content_type, body) in
        [("text/csv", "plate\nqx44712\n"), ("application/x-ndjson", "{\"plate\":\"QX44712\"}\n")]
    {
        let checked = city.ask("POST /api/v1/check?of=plate", &headers(content_type), body.as_bytes());
        assert_eq!(checked.status, 200, "{}", checked.text());
        assert_eq!(checked.json()["lines"][0]["hits"][0]["record"]["id"], ids["vehicle"], "{content_type}");
    }
    // What has no inquiry, no kind, or too many lines.
    let mut lacking = inquiry.clone();
    lacking.remove("case");
    let body = json!({"inquiry": lacking, "question": {"of": "plate", "file": "QX44712"}}).to_string();
    let refused = city.ask_as("officer", "POST /api/v1/check", body.as_bytes());
    assert_eq!((refused.status, refused.code().as_str()), (422, "inquiry_incomplete"), "{}", refused.text());
    let most: String = (0..500).map(|line| format!("{line:0>4}{}\n", "X".repeat(190))).collect();
    let checked = ask("plate", &most);
    assert_eq!((checked.status, checked.json()["lines"].as_array().map(Vec::len)), (200, Some(500)));
    let many = ask("plate", &"QX44712\n".repeat(501));
    assert_eq!((many.status, many.code().as_str()), (400, "wrong"));
    assert!(many.text().contains("at most 500 lines and this one has 501"));
    let unsaid = city.ask("POST /api/v1/check", &headers("text/csv"), b"QX44712\n");
    assert_eq!((unsaid.status, unsaid.code().as_str()), (400, "bad_query"));
    // An asker's list finds what the asker's search finds, and no more.
    let partners = city.ask_as("partner", "GET /api/v1/find?plate=qx44712", b"");
    let mut inquiry = Value::Object(inquiry);
    inquiry["on_behalf_of"] = partners_own(&city);
    let body = json!({"inquiry": inquiry, "question": {"of": "plate", "file": "qx44712"}}).to_string();
    let checked = city.ask_as("partner", "POST /api/v1/check", body.as_bytes());
    assert_eq!((partners.status, checked.status), (200, 200), "{} {}", partners.text(), checked.text());
    assert_eq!(checked.json()["lines"][0]["total"], partners.json()["total"]);
    assert_eq!(checked.json()["lines"][0]["pointers"], partners.json()["pointers"]);
}

/// The partner's own agency, on whose behalf it asks.
fn partners_own(city: &City) -> Value {
    let me = city.ask_as("partner", "GET /api/v1/me", b"").json();
    json!([me["agency"]])
}
