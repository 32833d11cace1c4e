//! The open-data API over HTTP: forms, headers, envelopes, and what of the incidents is public.

use std::io::Read;
use std::net::TcpStream;

use clear_web::{Config, Rates};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::city::{Answer, City};

const SET: &str = "ijzp-q8t2";

fn incident(number: usize, primary: &str, iucr: &str) -> Value {
    json!({
        "case_number": format!("JC{number:06}"),
        "occurred_from": format!("2019-07-{:02}T12:{:02}:00", 1 + number % 28, number % 60),
        "offences": [{"iucr": iucr, "primary_type": primary, "fbi_code": "06"}],
        "block": "014XX W FERRY ST", "address": "1420 W FERRY ST", "location_description": "STREET, \"SIDEWALK\"",
        "beat": "411", "district": "4", "ward": 27, "community_area": 8, "arrest": number.is_multiple_of(2), "domestic": false,
        "latitude": 41.8894 + number as f64 * 1e-5, "longitude": -87.6182
    })
}

/// A city with five incidents of July 2019.
fn city() -> City {
    with(Config::default())
}

fn with(config: Config) -> City {
    let city = City::with(config);
    for number in 0..5 {
        let (primary, iucr) = if number < 3 { ("THEFT", "0820") } else { ("BATTERY", "0460") };
        city.file("incident", &incident(number, primary, iucr));
    }
    city
}

fn get(city: &City, path: &str) -> Answer {
    city.ask(&format!("GET {path}"), &[], b"")
}

fn rows(city: &City, query: &str) -> Vec<Value> {
    let answer = get(city, &format!("/resource/{SET}.json?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().as_array().unwrap().clone()
}

#[test]
fn every_form_has_its_media_type_and_the_headers_of_soda() {
    let city = city();
    let path = |name: &str| format!("/resource/{name}?$limit=2&$order=id");
    for (path, content_type, begins, ends) in [
        (path("ijzp-q8t2.json"), "application/json;charset=utf-8", "[{\"id\":\"", "}]\n"),
        (path("CRIMES"), "application/json;charset=utf-8", "[{\"id\":\"", "}]\n"),
        (path("crimes.csv"), "text/csv;charset=utf-8", "\"id\",\"case_number\",\"date\",\"block\",", "\n"),
        (path("crimes.csv") + "&$$bom=true", "text/csv;charset=utf-8", "\u{feff}\"id\",", "\n"),
        (path("crimes.tsv"), "text/tab-separated-values;charset=utf-8", "\"id\"\t\"case_number\"\t", "\n"),
        (
            path("crimes.geojson"),
            "application/vnd.geo+json;charset=utf-8",
            "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[-87.6",
            "\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:OGC:1.3:CRS84\"}}}\n",
        ),
        (path("crimes.parquet"), "application/vnd.apache.parquet", "PAR1", "PAR1"),
        (path("crimes.xlsx"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "PK", ""),
    ] {
        let answer = get(&city, &path);
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{path}: {}", answer.text());
        let text = answer.text();
        assert!(text.starts_with(begins) && text.ends_with(ends), "{path}: {text}");
        for name in ["etag", "last-modified", "x-soda2-truth-last-modified", "x-socrata-requestid"] {
            assert!(!answer.header(name).is_empty(), "{path} has no {name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("x-soda2-data-out-of-date"), "false");
        let fields: Vec<String> = serde_json::from_str(answer.header("x-soda2-fields")).unwrap();
        let types: Vec<String> = serde_json::from_str(answer.header("x-soda2-types")).unwrap();
        assert_eq!((fields.len(), types.len(), fields[21].as_str(), types[21].as_str()), (22, 22, "location", "point"));
        assert_eq!(
            (types[0].as_str(), types[2].as_str(), types[8].as_str()),
            ("number", "floating_timestamp", "boolean")
        );
    }
    // An empty answer has its fields too.
    let empty = get(&city, "/resource/crimes.json?ward=50");
    assert_eq!((empty.status, empty.text().as_str()), (200, "[]\n"));
    assert!(empty.header("x-soda2-fields").starts_with("[\"id\","));
    // By `Accept`, and nothing for HEAD.
    for (accept, content_type) in
        [("text/csv", "text/csv;charset=utf-8"), ("application/json, */*", "application/json;charset=utf-8")]
    {
        let answer = city.ask("GET /resource/ijzp-q8t2", &[("accept", accept)], b"");
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type));
    }
    let head = city.ask("HEAD /resource/ijzp-q8t2.json", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn rows_are_written_as_the_original_writes_them() {
    let city = city();
    let row = &rows(&city, "$order=date&$limit=1")[0];
    assert_eq!(row["date"], "2019-07-01T12:00:00.000");
    assert_eq!(
        (&row["ward"], &row["year"], &row["arrest"], &row["domestic"]),
        (&json!("27"), &json!("2019"), &json!(true), &json!(false))
    );
    assert_eq!(
        (&row["beat"], &row["district"], &row["iucr"], &row["community_area"]),
        (&json!("0411"), &json!("004"), &json!("0820"), &json!("8"))
    );
    assert_eq!((&row["location"]["type"], &row["block"]), (&json!("Point"), &json!("014XX W FERRY ST")));
    assert!(row["id"].is_string() && row.get("address").is_none());
    assert!(
        rows(&city, "$select=case_number,null+as+nothing&$limit=1")[0].get("nothing").is_none(),
        "a null is left out"
    );
    // Numbers have at most fifteen digits, in every form.
    let numbers = &rows(&city, "$select=0.1%2B0.2+as+a,1/3+as+b,12345678901234567+as+c,-0.0+as+d&$limit=1")[0];
    assert_eq!(*numbers, json!({"a": "0.3", "b": "0.333333333333333", "c": "12345678901234568", "d": "0"}));
    assert_eq!(get(&city, "/resource/crimes.csv?$select=0.1%2B0.2+as+a&$limit=1").text(), "\"a\"\n\"0.3\"\n");
    let sheet = get(&city, "/resource/crimes.csv?$select=location_description,ward,arrest&$order=date&$limit=1").text();
    assert_eq!(sheet, "\"location_description\",\"ward\",\"arrest\"\n\"STREET, \"\"SIDEWALK\"\"\",\"27\",\"true\"\n");
    let people = get(&city, "/api/views/ijzp-q8t2/rows.csv?accessType=DOWNLOAD&$order=date&$limit=1").text();
    let lines: Vec<&str> = people.lines().collect();
    assert!(lines[0].starts_with("ID,Case Number,Date,Block,IUCR,Primary Type,"), "{people}");
    assert!(
        lines[1].contains(",07/01/2019 12:00:00 PM,014XX W FERRY ST,0820,THEFT,") && lines[1].ends_with(")\""),
        "{people}"
    );
    let older = get(&city, "/views/ijzp-q8t2/rows.json?$limit=1").json();
    assert_eq!(older["data"][0].as_array().unwrap().len(), 8 + 22);
    assert_eq!(older["meta"]["view"]["columns"].as_array().unwrap().len(), 8 + 22);
}

#[test]
fn what_is_wrong_comes_in_one_of_two_envelopes() {
    let city = city();
    for (line, status, code, words) in [
        ("GET /resource/zzzz-zzzz.json", 404, "dataset.missing", "Not found"),
        ("GET /api/views/zzzz-zzzz.json", 404, "dataset.missing", "Not found"),
        ("GET /d/zzzz-zzzz", 404, "dataset.missing", "Not found"),
        ("GET /resource/ijzp-q8t2/row-none.json", 404, "soda.row.not-found", "Not found"),
        ("GET /resource/ijzp-q8t2/77.json", 404, "soda.row.not-found", "Not found"),
        ("GET /resource/ijzp-q8t2/no'number.json", 404, "soda.row.not-found", "Not found"),
        ("GET /resource/ijzp-q8t2.xml", 406, "not_acceptable", "xml"),
        ("POST /resource/ijzp-q8t2.json", 405, "method_not_allowed", "for reading"),
        ("PUT /resource/ijzp-q8t2/1.json", 405, "method_not_allowed", "for reading"),
        ("DELETE /api/views/ijzp-q8t2", 405, "method_not_allowed", "for reading"),
        ("POST /api/v3/views/zzzz-zzzz/query.json", 404, "dataset.missing", "Not found"),
        ("GET /resource/ijzp-q8t2.json/", 404, "no_such_route", "nothing at this address"),
        ("GET /resource/", 404, "no_such_route", "nothing at this address"),
        ("POST /d/ijzp-q8t2", 405, "method_not_allowed", "for reading"),
    ] {
        let answer = city.ask(line, &[], b"");
        let said = answer.json();
        assert_eq!(
            (answer.status, &said["code"], &said["error"]),
            (status, &json!(code), &json!(true)),
            "{line}: {said}"
        );
        assert!(said["message"].as_str().unwrap().contains(words), "{line}: {said}");
        assert_eq!(answer.header("content-type"), "application/json;charset=utf-8");
    }
    for (query, code, words) in [
        ("$select=xx", "query.soql.no-such-column", "No such column: xx"),
        ("colour=red", "query.soql.no-such-column", "No such column: colour"),
        ("$where=ward", "query.soql.non-boolean-where", ""),
        ("$where=ward+=", "query.soql.", ""),
        ("$where=block+=+'a", "query.soql.unterminated-string", ""),
        ("$select=ward&$group=beat", "query.soql.column-not-in-group-bys", ""),
        ("$foo=1", "req.bad-parameter", "Unrecognized arguments [$foo]"),
        ("$limit=many", "req.bad-parameter", "$limit should be"),
        ("$query=select+1&$where=true", "req.bad-parameter", "cannot be said beside it"),
    ] {
        let answer = get(&city, &format!("/resource/{SET}.json?{query}"));
        let said = answer.json();
        assert_eq!(answer.status, 400, "{query}: {said}");
        assert!(said["errorCode"].as_str().unwrap().starts_with(code), "{query}: {said}");
        assert!(said["message"].as_str().unwrap().contains(words), "{query}: {said}");
        assert_eq!(said["data"]["dataset"], SET, "{query}: {said}");
        if code.contains("no-such-column") {
            assert_eq!(
                (&said["data"]["position"]["row"], said["data"]["position"]["line"].is_string()),
                (&json!(1), true)
            );
            assert!(
                said["message"].as_str().unwrap().starts_with("Query coordinator error: query.soql.no-such-column; ")
            );
        }
    }
}

#[test]
fn an_answer_that_is_known_is_not_sent_again() {
    let city = city();
    let path = "/resource/ijzp-q8t2.json?$where=ward=27";
    let first = get(&city, path);
    let (tag, date) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    for (name, value, status) in [
        ("if-none-match", tag.as_str(), 304),
        ("if-none-match", &format!("\"other\", W/{tag}"), 304),
        ("if-none-match", "\"other\"", 200),
        ("if-modified-since", date.as_str(), 304),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("if-modified-since", "some day", 200),
    ] {
        let answer = city.ask(&format!("GET {path}"), &[(name, value)], b"");
        assert_eq!((answer.status, answer.body.is_empty()), (status, status == 304), "{name}: {value}");
        assert_eq!(answer.header("etag"), tag);
    }
    // Another question and another form have other tags; what is filed changes them.
    for other in ["/resource/ijzp-q8t2.json?$where=ward=26", "/resource/ijzp-q8t2.csv?$where=ward=27"] {
        assert_ne!(get(&city, other).header("etag"), tag);
    }
    city.some_person();
    assert_eq!(get(&city, path).header("etag"), tag, "a person is no row of it");
    city.file("incident", &incident(9, "THEFT", "0820"));
    let changed = city.ask(&format!("GET {path}"), &[("if-none-match", &tag)], b"");
    assert_eq!((changed.status, changed.json().as_array().unwrap().len()), (200, 6));
    // In gzip the same, under a tag of its own that is known without it too.
    let packed = city.ask(&format!("GET {path}"), &[("accept-encoding", "gzip, br")], b"");
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text, changed.text());
    let again = city.ask(&format!("GET {path}"), &[("if-none-match", packed.header("etag"))], b"");
    assert_eq!((again.status, packed.header("etag").ends_with("--gzip\"")), (304, true));
}

#[test]
fn other_sites_pages_may_read_and_nobody_may_write() {
    let city = city();
    let asked = [("origin", "https://map.example"), ("access-control-request-headers", "x-app-token")];
    let preflight = city.ask("OPTIONS /resource/ijzp-q8t2.json", &asked, b"");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, "*"));
    assert!(preflight.header("access-control-allow-headers").contains("X-App-Token"));
    let body = br#"{"query": "select count(*)", "includeSynthetic": false}"#;
    let headers = [("sec-fetch-site", "cross-site"), ("content-type", "application/json")];
    let asked = city.ask("POST /api/v3/views/ijzp-q8t2/query.json", &headers, body);
    assert_eq!((asked.status, asked.json()), (200, json!([{"count": "5"}])));
    // Whoever is signed in and whoever is cut off read the same bytes as everybody.
    let path = "GET /resource/ijzp-q8t2.json";
    let everybodys = city.ask(path, &[], b"");
    city.cut_off("border-department", "2026-1");
    for who in ["officer", "partner", "cut_off", "stranger"] {
        assert_eq!(city.ask_as(who, path, b"").body, everybodys.body, "{who}");
    }
}

#[test]
fn a_row_a_view_the_catalogue_and_dcat() {
    let city = city();
    let row = &rows(&city, "$$exclude_system_fields=false&$limit=1")[0];
    for name in [&row["id"], &row[":id"]] {
        let one = get(&city, &format!("/resource/{SET}/{}.json", name.as_str().unwrap()));
        assert_eq!((one.status, &one.json()["case_number"]), (200, &row["case_number"]), "{}", one.text());
    }
    let view = get(&city, "/api/views/ijzp-q8t2.json").json();
    assert_eq!((&view["id"], &view["name"]), (&json!(SET), &json!("Crimes - 2001 to Present")));
    let column = &view["columns"][2];
    assert_eq!(
        (&column["fieldName"], &column["name"], &column["dataTypeName"], &column["position"]),
        (&json!("date"), &json!("Date"), &json!("calendar_date"), &json!(3))
    );
    assert_eq!(view["rowIdentifierColumnId"], view["columns"][0]["id"]);
    assert_eq!(
        (&column["cachedContents"]["non_null"], &column["cachedContents"]["smallest"]),
        (&json!("5"), &json!("2019-07-01T12:00:00.000"))
    );
    assert!(view["rowsUpdatedAt"].is_u64() && view["createdAt"].is_u64());
    assert_eq!(get(&city, "/views/crimes").json(), view);
    assert_eq!(get(&city, "/api/views.json").json().as_array().unwrap().len(), 7);

    let found = |query: &str| {
        let said = get(&city, &format!("/api/catalog/v1?{query}")).json();
        let ids =
            said["results"].as_array().unwrap().iter().map(|it| it["resource"]["id"].as_str().unwrap().to_owned());
        (said["resultSetSize"].as_u64().unwrap(), ids.collect::<Vec<_>>())
    };
    assert_eq!(found("").0, 7);
    assert_eq!(found("q=crimes+present").1, [SET]);
    assert_eq!(found("ids=ijzp-q8t2,c7ck-438e&limit=1"), (2, vec![SET.to_owned()]));
    assert_eq!(found("domains=data.example").0, 0);
    let here = get(&city, "/api/catalog/v1").json()["results"][0]["metadata"]["domain"].as_str().unwrap().to_owned();
    assert_eq!(found(&format!("domains={here}&only=datasets&search_context={here}&offset=6")).1.len(), 1);
    let dcat = get(&city, "/data.json").json();
    assert_eq!(dcat["conformsTo"], "https://project-open-data.cio.gov/v1.1/schema");
    let dataset = &dcat["dataset"][0];
    for field in
        ["title", "description", "keyword", "modified", "publisher", "contactPoint", "identifier", "accessLevel"]
    {
        assert!(!dataset[field].is_null(), "{field}");
    }
    let link = get(&city, "/d/ijzp-q8t2");
    assert_eq!((link.status, link.header("location")), (303, "/data/crimes"));
}

#[test]
fn the_given_sets_are_asked_in_the_same_language() {
    let city = city();
    city.cut_off("border-department", "2026-1");
    let of = |path: &str| {
        let answer = get(&city, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    let coverage = of("/resource/coverage.json?$select=agency,month,rows");
    assert_eq!(coverage, json!([{"agency": "pmpd", "month": "2019-07-01T00:00:00.000", "rows": "5"}]));
    let covered = of("/resource/cut-offs.json?$select=covers,named&$order=covers");
    assert!(covered.as_array().unwrap().iter().any(|row| row["covers"] == "border-department"), "{covered}");
    let owners = of("/resource/access.json?access=owner&$select=agency");
    assert!(owners.as_array().unwrap().contains(&json!({"agency": "pmpd"})), "{owners}");
    assert_eq!(
        of("/resource/iucr.json?iucr=0110&$select=primary_description,index_code"),
        json!([{"primary_description": "HOMICIDE", "index_code": "I"}])
    );
    assert_eq!(of("/resource/released.json"), json!([]));
    let joined = "select primary_type, @t.index_code as index_code, count(*) join @iucr as t on t.iucr = iucr group by primary_type, @t.index_code order by primary_type";
    let joined: String = url::form_urlencoded::byte_serialize(joined.as_bytes()).collect();
    let joined = of(&format!("/resource/crimes.json?$query={joined}"));
    assert_eq!(joined.as_array().unwrap().len(), 2, "{joined}");
}

#[test]
fn soda_3_asks_in_one_text_and_pages() {
    let city = city();
    let ask = |body: &Value| {
        let answer = city.ask("POST /api/v3/views/ijzp-q8t2/query.json", &[], body.to_string().as_bytes());
        (answer.status, answer.json())
    };
    let all = ask(&json!({})).1;
    assert!(all[0].get(":id").is_some() && all[0].get("primary_type").is_some(), "{all}");
    let bare = ask(&json!({"includeSynthetic": false})).1;
    assert!(bare[0].get(":id").is_none(), "{bare}");
    let page = |number: u64| {
        ask(&json!({"query": "SELECT case_number ORDER BY case_number", "page": {"pageNumber": number, "pageSize": 2}}))
            .1
    };
    assert_eq!(page(1), json!([{"case_number": "JC000000"}, {"case_number": "JC000001"}]));
    assert_eq!(page(3), json!([{"case_number": "JC000004"}]));
    assert_eq!(ask(&json!({"query": "SELECT xx"})).0, 400);
    assert_eq!(ask(&json!({"sql": "x"})).0, 400);
    let export = get(&city, "/api/v3/views/ijzp-q8t2/export.csv?query=SELECT+case_number+WHERE+ward=27");
    assert_eq!((export.status, export.text().lines().count()), (200, 6));
    // The original's own links to files say when they were made, and more.
    for link in [
        "/api/v3/views/ijzp-q8t2/export.csv?fourfour=ijzp-q8t2&cacheBust=1690000000&date=20181015&accessType=DOWNLOAD",
        "/api/views/ijzp-q8t2/rows.csv?date=20181015&accessType=DOWNLOAD&bom=true&format=true",
        "/api/views/ijzp-q8t2/rows.csv?method=export&max_rows=9",
    ] {
        let answer = get(&city, link);
        assert_eq!((answer.status, answer.text().lines().count()), (200, 6), "{link}: {}", answer.text());
    }
    assert_eq!(get(&city, "/api/views/ijzp-q8t2/rows.csv?max_rows=2").text().lines().count(), 3);
    assert_eq!(get(&city, "/api/views/ijzp-q8t2/columns.json").json()[2]["fieldName"], "date");
    let written = |options: Value| {
        let body =
            json!({"query": "SELECT case_number, ward ORDER BY case_number LIMIT 1", "serializationOptions": options});
        let answer = city.ask("POST /api/v3/views/ijzp-q8t2/export.csv", &[], body.to_string().as_bytes());
        (answer.status, answer.text())
    };
    assert_eq!(
        written(json!({"separator": "\t", "bom": true})).1,
        "\u{feff}\"case_number\"\t\"ward\"\n\"JC000000\"\t\"27\"\n"
    );
    for wrong in
        [json!({"separator": "\""}), json!({"separator": "ab"}), json!({"colour": 1}), json!({"separator": "7"})]
    {
        assert_eq!(written(wrong.clone()).0, 400, "{wrong}");
    }
    for body in ["[]", "7", "[\"SELECT *\"]", "{\"query\": \"SELECT", "{\"query\": \"\u{0}\"}"] {
        let answer = city.ask("POST /api/v3/views/ijzp-q8t2/query.json", &[], body.as_bytes());
        let said = answer.text();
        assert!(answer.status == 400 && !said.contains("struct"), "{body}: {said}");
    }
    assert_eq!(ask(&json!({"query": "SELECT 1", "parameters": {"qualified": {}, "unqualified": {}}})).0, 200);
    let long = format!("{{\"query\": \"{}\"}}", "x".repeat(9 << 20));
    let long = city.ask("POST /api/v3/views/ijzp-q8t2/query.json", &[], long.as_bytes());
    assert_eq!((long.status, &long.json()["error"]), (413, &json!(true)), "{}", long.text());
    let places = city.ask("POST /api/v3/views/crimes/export.geojson", &[], br#"{"query": "SELECT location"}"#);
    assert_eq!(places.json()["features"].as_array().unwrap().len(), 5);
}

#[test]
fn the_originals_interface_for_residents_answers() {
    let city = city();
    let of = |path: &str| get(&city, &format!("/clearpath/api/1.0/{path}")).json();
    let day = of("crimes/list?dateOccurred=07-02-2019&max=10");
    assert_eq!(day.as_array().unwrap().len(), 1, "{day}");
    let row = &day[0];
    assert_eq!(
        (&row["dateOccurred"], &row["rdNo"], &row["beat"], &row["cpdDistrict"]),
        (&json!("Jul-02-2019 12:01 PM"), &json!("JC000001"), &json!("0411"), &json!("004"))
    );
    assert_eq!(of("crimes/rdNo?rdNo=jc000003")[0]["primary"], "BATTERY");
    assert_eq!(of("crimes/type?primary=theft&sort=rdNo")[2]["rdNo"], "JC000002");
    let at = |name: &str| row[name].as_str().unwrap().to_owned();
    let near = of(&format!("crimes/nearbyXY?x={}&y={}&radius=10", at("xCoordinate"), at("yCoordinate")));
    assert_eq!(near.as_array().unwrap().len(), 5, "{near}");
    assert_eq!(of("crimes/nearbyXY?x=1&y=1&radius=10"), json!([]));
    assert_eq!(of("crimes/major").as_array().unwrap().len(), 5);
    assert_eq!((of("mostWanted/list"), of("communityCalendar/events")), (json!([]), json!([])));
    assert_eq!(get(&city, "/clearpath/api/1.0/crimes/list?dateOccurred=soon").status, 400);
}

#[test]
fn an_incident_is_public_as_a_block_and_until_it_is_closed() {
    let city = city();
    let points = rows(&city, "$select=distinct+latitude,longitude,x_coordinate,y_coordinate,block");
    assert_eq!(points.len(), 1, "one block, one point: {points:?}");
    let latitude: f64 = points[0]["latitude"].as_str().unwrap().parse().unwrap();
    assert!((latitude - 41.8894).abs() < 0.002, "in its neighbourhood");
    assert!((0..5).all(|number| (latitude - (41.8894 + f64::from(number) * 1e-5)).abs() > 1e-9), "nobody's door");
    // What happened within the last seven days is not told yet.
    let today = Timestamp::now().to_zoned(city.desk.time_zone()).date();
    for (days, told) in [(0, 5), (6, 5), (7, 5), (8, 6), (30, 7)] {
        let day = today.saturating_sub(jiff::Span::new().days(days));
        let mut recent = incident(7, "THEFT", "0820");
        (recent["occurred_from"], recent["case_number"]) =
            (json!(format!("{day}T00:30:00")), json!(format!("JD{days:06}")));
        city.file("incident", &recent);
        assert_eq!(rows(&city, "$select=count(*)")[0]["count"], told.to_string(), "{days} days ago");
    }
    // A homicide has a row for each victim.
    let case = city.file("incident", &incident(20, "HOMICIDE", "0110"));
    let homicides = || rows(&city, "primary_type=HOMICIDE&$select=id,case_number").len();
    assert_eq!(homicides(), 1);
    for name in ["Ada", "Bea"] {
        let person =
            city.file("person", &json!({"family_name": "Farrow", "given_name": name, "date_of_birth": "1990-01-01"}));
        city.file("involvement", &json!({"incident": case, "part": "victim", "person": person}));
    }
    assert_eq!(homicides(), 2);
    // Reclassified, it is told as what it is; its row stays, and its `updated_on` moves.
    let theft = rows(&city, "case_number=JC000000")[0].clone();
    let id = get(&city, "/api/v1/me").status; // nobody
    assert_eq!(id, 401);
    let filed = city.file("incident", &incident(21, "THEFT", "0820"));
    let before = rows(&city, "case_number=JC000021")[0].clone();
    let mut corrected = incident(21, "BATTERY", "0460");
    corrected["case_number"] = json!("JC000021");
    let answer =
        city.ask_as("officer", &format!("POST /api/v1/records/incident?id={filed}"), corrected.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let after = rows(&city, "case_number=JC000021")[0].clone();
    assert_eq!((&after["id"], &after["primary_type"]), (&before["id"], &json!("BATTERY")));
    assert!(after["updated_on"].as_str() >= before["updated_on"].as_str());
    // Closed by its owner, it is gone at once.
    let wish = json!({"handling": "gray", "reason": "A joint inquiry is open", "until": (Timestamp::now() + SignedDuration::from_hours(24)).to_string()});
    let answer = city.ask_as("officer", &format!("POST /api/v1/records/{filed}/handling"), wish.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(rows(&city, "case_number=JC000021").len(), 0);
    assert_eq!(theft["case_number"], "JC000000");
}

#[test]
fn a_closing_resets_connections_that_carry_public_rows() {
    let city = city();
    let filed = city.file("incident", &incident(22, "THEFT", "0820"));
    let mut reader = city.client();
    let answer = reader.ask(&format!("GET /resource/{SET}.json"), &[], b"").unwrap();
    assert_eq!(answer.status, 200);
    let mut other = city.client();
    assert_eq!(other.ask("GET /register", &[], b"").unwrap().status, 200);
    let wish = json!({"handling": "gray", "reason": "A joint inquiry is open"});
    let closed = city.ask_as("officer", &format!("POST /api/v1/records/{filed}/handling"), wish.to_string().as_bytes());
    assert_eq!(closed.status, 201, "{}", closed.text());
    let after = |stream: &mut TcpStream| stream.read(&mut [0; 16]).map(|_| ()).map_err(|error| error.kind());
    assert_eq!(after(reader.stream.get_mut()), Err(std::io::ErrorKind::ConnectionReset));
    assert_eq!(other.ask("GET /register", &[], b"").unwrap().status, 200, "others go on");
}

#[test]
fn who_asks_too_much_waits() {
    let rates = Rates { without_token: 0.001, with_token: 0.001, burst_seconds: 3_000.0 };
    let city = City::with(Config { rates, ..Config::default() });
    let statuses: Vec<u16> = (0..5).map(|_| get(&city, "/resource/iucr.json?$limit=1").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let throttled = get(&city, "/resource/iucr.json?$limit=1");
    assert_eq!(
        (&throttled.json()["code"], throttled.header("retry-after").is_empty()),
        (&json!("too_many_requests"), false)
    );
    for path in ["/resource/iucr.json?$limit=1&$$app_token=mine", "/resource/iucr.json?$limit=1&$$app_token=other"] {
        assert_eq!(get(&city, path).status, 200, "a program has a rate of its own");
    }
    let token = city.ask("GET /resource/iucr.json?$limit=1", &[("x-app-token", "third")], b"");
    assert_eq!(token.status, 200);
}

#[test]
fn the_pages_ask_as_programs_do() {
    let city = city();
    let page = get(&city, "/data");
    assert!(
        page.status == 200 && page.text().contains("Crimes - 2001 to Present") && page.text().contains("sodapy"),
        "{}",
        page.text()
    );
    let crimes = get(&city, "/data/crimes?where=arrest+%3D+true&from=2019-07-01&to=2019-07-31");
    let text = crimes.text();
    assert!(crimes.status == 200 && text.contains("014XX W FERRY ST") && text.contains("2019-07-05 12:04"), "{text}");
    assert!(text.contains("/api/views/ijzp-q8t2/rows.xlsx?%24where=") && !text.contains("<script"), "{text}");
    assert_eq!(text.matches("<tr><td class=\"day\">").count(), 3, "{text}");
    let wrong = get(&city, "/data/crimes?where=colour+%3D+1");
    assert!(wrong.status == 400 && wrong.text().contains("No such column: colour"), "{}", wrong.text());
    assert_eq!(get(&city, "/data/nothing").status, 404);
    for set in ["coverage", "access", "cut-offs", "released", "activity", "iucr"] {
        assert_eq!(get(&city, &format!("/data/{set}")).status, 200, "{set}");
    }
}

/// Whatever is sent, the answer is an answer or says what is wrong with the question; it is never the server's fault.
#[test]
fn nothing_that_is_sent_is_the_servers_fault() {
    let city = city();
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let deep = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let questions = [
        "select 1/0".to_owned(),
        "select ward / (ward - 27), ward % 0, 0 / 0".to_owned(),
        "select 'a'::number, '2018-02-30'::floating_timestamp, 'x'::point".to_owned(),
        "select date_trunc_ymd(date), date_extract_woy(date) where date > '9999-99-99'".to_owned(),
        "select * where date > '2018-02-30T00:00:00'".to_owned(),
        format!("select {}", deep("(", ")", 300)),
        format!("select {}", deep("abs(", ")", 5_000)),
        format!("select {}", deep("not ", "", 20_000)),
        format!("select * where {}", vec!["ward = 1"; 5_000].join(" or ")),
        "select * limit 999999999999 offset 999999999999".to_owned(),
        "select * limit 99999999999999999999999999".to_owned(),
        "select count(*) over (partition by ward order by date rows between 5 preceding and 2 preceding)".to_owned(),
        "select within_polygon(location, 'MULTIPOLYGON (((0 0, 1 1, 1 0, 0 1, 0 0)))')".to_owned(),
        "select within_polygon(location, 'MULTIPOLYGON (((')".to_owned(),
        "select within_circle(location, 1e308, -1e308, 1e308)".to_owned(),
        "select power(10, 400), 10 ^ 400, -(10 ^ 400), ln(-1)".to_owned(),
        "select * join @crimes as a on true join @crimes as b on true join @crimes as c on true".to_owned(),
        "select * union select * union all select * intersect select *".to_owned(),
        "select substring(block, -99999999999, 99999999999), replace(block, '', 'x'), split_part(block, '', 0)"
            .to_owned(),
        "select '\u{0}', '\u{202e}', '\u{1f600}', `\u{1f600}`".to_owned(),
        "\u{0}\u{1}".to_owned(),
        "drop table crimes".to_owned(),
        "select * from information_schema.tables".to_owned(),
        String::new(),
    ];
    for question in questions {
        let shown: String = question.chars().take(80).collect();
        let body = json!({"query": question, "includeSynthetic": false}).to_string();
        let answer = city.ask("POST /api/v3/views/crimes/query.json", &[], body.as_bytes());
        assert!(matches!(answer.status, 200 | 400), "{shown}: {} {}", answer.status, answer.text());
        serde_json::from_slice::<Value>(&answer.body)
            .unwrap_or_else(|error| panic!("{shown}: {error}: {}", answer.text()));
        if question.len() < 8_000 {
            let answer = get(&city, &format!("/resource/crimes.csv?$query={}", encoded(&question)));
            assert!(matches!(answer.status, 200 | 400), "{shown}: {} {}", answer.status, answer.text());
        }
    }
    // An outline of a hundred thousand points.
    let ring: Vec<String> = (0..100_000)
        .map(|at| f64::from(at) / 100_000.0 * std::f64::consts::TAU)
        .map(|angle| format!("{:.6} {:.6}", -87.62 + angle.cos(), 41.89 + angle.sin()))
        .collect();
    let outline = format!("MULTIPOLYGON ((({}, {})))", ring.join(", "), ring[0]);
    let body = json!({"query": format!("select count(*) where within_polygon(location, '{outline}')")}).to_string();
    let answer = city.ask("POST /api/v3/views/crimes/query.json", &[], body.as_bytes());
    assert_eq!((answer.status, answer.text().as_str()), (200, "[{\"count\":\"5\"}]\n"));
    // Parameters of every wrong kind.
    for query in [
        "$select=%00",
        "$where=%ff%fe",
        "$limit=1e3",
        "$offset=-1",
        "$q=%25%25%25",
        "$q='",
        "$order=date+desc+desc",
        "=x",
        "&&&",
        "%24=1",
        "$select=*&$group=*",
        "$having=true",
        "`=1",
        "ward=%27%20or%20%271%27=%271",
        "$$bom=1",
        "$limit=0",
        "location=POINT(0)",
    ] {
        let answer = get(&city, &format!("/resource/crimes.json?{query}"));
        assert!(matches!(answer.status, 200 | 400), "{query}: {} {}", answer.status, answer.text());
    }
    for path in [
        "/resource/.json",
        "/resource/..",
        "/resource/%00.json",
        "/resource/crimes.json/",
        "/api/views/crimes/rows",
        "/api/views/crimes/rows.exe",
        "/api/v3/views/crimes/nothing.json",
        "/clearpath/api/1.0/crimes/nothing",
    ] {
        let answer = get(&city, path);
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    }
}

/// Arrests, stops and hot files are no rows of anybody's: a table for each quarter, made once, with small counts withheld.
#[test]
fn what_is_not_public_is_told_in_tables_that_stay() {
    let city = city();
    let stop = |day: &str, beat: &str, outcome: &str| {
        let stop = json!({"stopped_at": format!("{day}T12:00:00"), "beat": beat, "outcome": outcome});
        city.file("stop", &stop)
    };
    for number in 0..12 {
        stop("2019-05-04", if number % 2 == 0 { "0411" } else { "2533" }, "warning");
    }
    let odd = stop("2019-05-05", "0411", "arrest");
    let plan = clear_respond::Plan { threshold: 3, ..clear_respond::Plan::default() };
    let released = || {
        city.runtime.block_on(city.desk.keep_books(plan)).unwrap();
        get(&city, "/resource/activity.json?$select=activity,period,line,detail,count&activity=stops").json()
    };
    let first = released();
    let cells = first.as_array().unwrap();
    assert!(!cells.is_empty() && cells.iter().all(|cell| cell["period"] == "2019-Q2"), "{first}");
    assert!(cells.iter().all(|cell| cell["count"] != "1" && cell["count"] != "2"), "a small count is told: {first}");
    // What is filed and corrected later changes nothing of it.
    stop("2019-05-06", "0411", "arrest");
    let corrected = json!({"stopped_at": "2019-05-05T12:00:00", "beat": "0411", "outcome": "warning"});
    let answer =
        city.ask_as("officer", &format!("POST /api/v1/records/stop?id={odd}"), corrected.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(released(), first);
    // A quarter that is not over for four weeks is not told.
    let today = Timestamp::now().to_zoned(city.desk.time_zone()).date();
    (0..9).for_each(|_| _ = stop(&today.to_string(), "0411", "warning"));
    assert_eq!(released(), first);
}
