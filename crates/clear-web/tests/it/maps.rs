//! Maps: the same figures by API, page, picture and tile, under the Sight, past the log.

use clear_place::{Geography, LayerName};
use serde_json::{Value, json};

use crate::city::City;

/// Two beats side by side, as a layer.
const BEATS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"0411"},"geometry":{"type":"Polygon","coordinates":[[[-87.70,41.80],[-87.66,41.80],[-87.66,41.84],[-87.70,41.84],[-87.70,41.80]]]}},
{"type":"Feature","properties":{"code":"0412"},"geometry":{"type":"Polygon","coordinates":[[[-87.66,41.80],[-87.62,41.80],[-87.62,41.84],[-87.66,41.84],[-87.66,41.80]]]}}]}"#;

/// A city of two beats with a crowd of thefts in a corner of the one, and some anywhere.
fn city() -> City {
    let city = City::open();
    let mut geography = Geography::default();
    geography.take(LayerName::Beats, BEATS.as_bytes()).unwrap();
    city.desk.chart(geography);
    for at in 0..40u32 {
        let (crowd, day) = (at < 30, 1 + at % 28);
        let shift = f64::from(at % 6) * 0.0004;
        let (latitude, longitude) = if crowd {
            (41.812 + shift, -87.688 + shift)
        } else {
            (41.805 + f64::from(at - 30) * 0.003, -87.655 + f64::from(at - 30) * 0.003)
        };
        let incident = json!({
            "case_number": format!("JB{at:06}"), "occurred_from": format!("2018-10-{day:02}T12:00:00"),
            "offences": [{"iucr": "0820", "primary_type": "THEFT", "description": "$500 AND UNDER"}],
            "block": if crowd { "031XX W CHICAGO AVE" } else { "012XX N STATE ST" },
            "beat": if crowd { "0411" } else { "0412" }, "latitude": latitude, "longitude": longitude,
        });
        city.file("incident", &incident);
    }
    city.file("incident", &json!({"occurred_from": "2018-10-03T10:00:00", "offences": [{"iucr": "0820", "primary_type": "THEFT"}], "beat": "0411"}));
    city
}

fn inquiry() -> Value {
    json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]})
}

/// What a map is made of, asked by somebody.
fn placed(city: &City, persona: &str, question: Value) -> (u16, Value) {
    let body = json!({"inquiry": inquiry(), "question": question}).to_string();
    let answer = city.ask_as(persona, "POST /api/v1/place", body.as_bytes());
    (answer.status, answer.json())
}

#[test]
fn every_kind_of_map_is_made_of_what_its_asker_may_see() {
    let city = city();
    let (status, areas) = placed(&city, "officer", json!({"make": {"areas": {"divisions": 1}}}));
    assert_eq!(status, 200, "{areas}");
    let counts: Vec<_> = areas["made"]["areas"]["areas"]
        .as_array()
        .unwrap()
        .iter()
        .map(|area| (area["code"].as_str().unwrap(), area["count"].as_u64().unwrap()))
        .collect();
    // What is filed under a beat counts there, coordinates or not.
    assert_eq!(counts, [("0411", 31), ("0412", 10)]);

    let (_, hot) = placed(
        &city,
        "officer",
        json!({"make": {"hot_spots": {"cell_m": 200, "distance_m": 300, "weeks": 1}}, "which": {"to": "2018-10-21"}}),
    );
    let cells = hot["made"]["hot_spots"]["cells"]["shown"].as_array().unwrap();
    assert!(cells.iter().any(|cell| cell["hot"] == true) && hot["elsewhere"] == 1, "{hot}");
    let week = &hot["made"]["hot_spots"]["accuracy"]["weeks"][0];
    assert_eq!((week["from"].as_str(), week["to"].as_str()), (Some("2018-10-22"), Some("2018-10-28")));
    assert!(week["pai"].as_f64().unwrap() > 5.0, "{week}");

    let (_, dense) = placed(&city, "officer", json!({"make": {"density": {"bandwidth_m": 400}}}));
    assert!(!dense["made"]["density"]["cells"]["shown"].as_array().unwrap().is_empty(), "{dense}");
    let (_, again) = placed(&city, "officer", json!({"make": {"near_repeat": {"seed": 7}}}));
    assert_eq!(again["made"]["near_repeat"]["seed"], 7, "{again}");
    let (_, clusters) = placed(&city, "officer", json!({"make": {"clusters": {"least": 5}}}));
    assert_eq!(clusters["made"]["clusters"]["clusters"][0]["incidents"], 30, "{clusters}");

    for (question, what) in [
        (json!({"make": {"hot_spots": {"cell_m": 1}}}), "cell_m is 1; it should be between 10 and 20000"),
        (json!({"make": {"areas": {"layer": "districts"}}}), "this installation has no layer `districts`"),
        (json!({"make": {"density": {}}, "which": {"where": "nobody = 1"}}), "No such column: nobody"),
        (json!({"make": {"hot_spots": {"weeks": 99}}}), "weeks is 99; it should be between 0 and 12"),
    ] {
        let (status, said) = placed(&city, "officer", question.clone());
        assert!(status == 400 && said["message"].as_str().unwrap().contains(what), "{question}: {said}");
    }
    let (status, _) = placed(&city, "stranger", json!({"make": {"areas": {}}}));
    assert_eq!(status, 403);
}

#[test]
fn tiles_hold_incidents_by_themselves_and_come_once() {
    let city = city();
    let areas = city.ask("GET /tiles/beats/12/1050/1523.mvt", &[], b"");
    assert_eq!((areas.status, areas.header("content-type")), (200, "application/vnd.mapbox-vector-tile"));
    assert!(areas.text().contains("0411"));
    let tag = areas.header("etag").to_owned();
    assert_eq!(city.ask("GET /tiles/beats/12/1050/1523.mvt", &[("if-none-match", &tag)], b"").status, 304);

    let path = "/tiles/incidents/12/1050/1523.mvt?type=theft";
    let own = city.ask_as("officer", &format!("GET {path}"), b"");
    assert_eq!((own.status, own.header("cache-control")), (200, "private, no-cache"), "{}", own.text());
    assert!(own.text().contains("031XX W CHICAGO AVE") && own.text().contains("inc_"), "each by itself");
    clear_audit::Receipt::parse(own.header("x-clear-receipt")).unwrap().check(city.desk.public_log().vkey()).unwrap();
    let cells = city.ask_as("officer", "GET /tiles/hot-spots/12/1050/1523.mvt", b"");
    assert!(cells.status == 200 && cells.text().contains("hot"), "{}", cells.text());
    assert_eq!(city.ask_as("stranger", &format!("GET {path}"), b"").status, 403);
    for (path, status) in [
        ("/tiles/beats/2/4/0.mvt", 404),
        ("/tiles/beats/99/0/0.mvt", 404),
        ("/tiles/persons/1/0/0.mvt", 404),
        ("/tiles/beats/1/0/0.png", 404),
        ("/tiles/districts/1/0/0.mvt", 404),
        ("/tiles/incidents/1/0/0.mvt?colour=red", 400),
    ] {
        assert_eq!(city.ask_as("officer", &format!("GET {path}"), b"").status, status, "{path}");
    }
}

#[test]
fn the_page_shows_a_picture_without_a_script_and_its_figures() {
    let city = city();
    let page = city.ask_as("officer", "GET /map?show=hot-spots&cell_m=200&type=THEFT", b"");
    let text = page.text();
    for part in ["<svg ", "role=\"img\"", "How it did in the weeks that followed", "/map.png?", "false discovery rate"]
    {
        assert!(page.status == 200 && text.contains(part), "{part}: {text}");
    }
    assert!(page.header("content-security-policy").contains("script-src 'self'; worker-src 'self'"));
    let plain = city.ask_as("officer", "GET /register", b"");
    assert!(plain.header("content-security-policy").contains("script-src 'none'"), "no other page has a script");
    let wrong = city.ask_as("officer", "GET /map?show=persons", b"");
    assert!(wrong.status == 400 && wrong.text().contains("should be one of"), "{}", wrong.text());

    let png = city.ask_as("officer", "GET /map.png?layer=beats", b"");
    assert_eq!((png.status, png.header("content-type"), &png.body[..4]), (200, "image/png", &b"\x89PNG"[..]));
    let svg = city.ask_as("officer", "GET /map.svg?show=density", b"");
    assert!(svg.status == 200 && svg.text().starts_with("<svg "));
    let script = text.split("data-script=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let packed = city.ask(&format!("GET {script}"), &[("accept-encoding", "gzip, br")], b"");
    let whole = city.ask(&format!("GET {script}"), &[("accept-encoding", "br, gzip;q=0")], b"");
    assert_eq!((packed.header("content-encoding"), whole.header("content-encoding")), ("gzip", ""));
    assert!(packed.body.len() * 2 < whole.body.len());
}

/// Oversight reads what happened and not where: it gets counts by area, and is told why there is no more.
#[test]
fn whoever_may_not_read_places_gets_areas_and_is_told_so() {
    let city = city();
    let areas = city.ask_as("oversight", "GET /map?layer=beats", b"");
    assert!(areas.status == 200 && areas.text().contains("Beat 0411: 31"), "{}", areas.text());
    for show in ["density", "hot-spots", "near-repeat", "clusters"] {
        let page = city.ask_as("oversight", &format!("GET /map?show={show}"), b"");
        let text = page.text();
        assert!(page.status == 400 && text.contains("where incidents lie is not open to you"), "{show}: {text}");
        assert!(text.contains("<a href=\"/map?show=areas\">") && !text.contains("No such column"), "{show}: {text}");
    }
    for layer in ["incidents", "hot-spots"] {
        let tile = city.ask_as("oversight", &format!("GET /tiles/{layer}/12/1050/1523.mvt"), b"");
        assert!(tile.status == 200 && !tile.text().contains("CHICAGO"), "{layer}: {}", tile.text());
    }
}

#[test]
fn addresses_are_located_by_blocks_that_are_open() {
    let city = city();
    let body = json!({"inquiry": inquiry(), "question": {"addresses": ["3134 West Chicago Avenue", "1 Nowhere Ln", "1201 n state", ""]}});
    let answer = city.ask_as("officer", "POST /api/v1/locate", body.to_string().as_bytes());
    let located = answer.json();
    assert_eq!((answer.status, &located["found"]), (200, &json!(2)), "{located}");
    assert_eq!(
        (&located["located"][0]["street"], &located["located"][0]["how"], &located["located"][1]),
        (&json!("W CHICAGO AVE"), &json!("block"), &Value::Null)
    );
    let none = json!({"inquiry": inquiry(), "question": {"addresses": []}});
    assert_eq!(city.ask_as("officer", "POST /api/v1/locate", none.to_string().as_bytes()).status, 400);
}

#[test]
fn residents_get_the_public_set_by_block_and_no_record_by_name() {
    let city = city();
    let page = city.ask("GET /map?type=THEFT&layer=beats", &[], b"");
    let text = page.text();
    assert!(page.status == 200 && text.contains("Everybody's map") && text.contains("<svg "), "{text}");
    assert!(text.contains("Beat 0411: 31") && page.header("x-clear-receipt").is_empty(), "{text}");
    let tile = city.ask("GET /tiles/incidents/12/1050/1523.mvt", &[], b"");
    assert_eq!((tile.status, tile.header("cache-control")), (200, "public, max-age=60"), "{}", tile.text());
    assert!(tile.text().contains("031XX W CHICAGO AVE") && !tile.text().contains("inc_"), "{}", tile.text());
    let again = city.ask("GET /tiles/incidents/12/1050/1523.mvt", &[("if-none-match", tile.header("etag"))], b"");
    assert_eq!(again.status, 304);
    assert_eq!(city.ask("GET /map.png?show=hot-spots", &[], b"").status, 200);
    // Whoever has signed in may ask for everybody's map too, and gets the same, with or without records of her or his own.
    let officers = city.ask_as("officer", "GET /tiles/incidents/12/1050/1523.mvt?of=crimes", b"");
    assert_eq!((officers.status, &officers.body), (200, &tile.body));
    assert_eq!(city.ask_as("stranger", "GET /map?of=crimes", b"").status, 200);
    // Everybody's question names no column but the public ones.
    let wrong = city.ask("GET /map?where=address+is+not+null", &[], b"");
    assert!(wrong.status == 400 && wrong.text().contains("No such column"), "{}", wrong.text());
}
