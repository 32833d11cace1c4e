//! A stop, as the officer has it in the hand: two taps to what is known of a plate (P9).

use serde_json::json;

use crate::bed::{Ask, Bed, PASSWORD, Server, percent};
use crate::browser::{Browser, WIDTH};

/// A session, as signing in leaves it in the browser.
fn session(bed: &Bed, server: &Server, who: &str, turn: i64) -> String {
    let account = &bed.person(who).account;
    let signed_in = json!({"account": account, "password": PASSWORD, "code": bed.code(who, turn)});
    let said = server.ask(&Ask::post("/api/v1/sign-in", &signed_in));
    assert_eq!(said.status, 200, "{}", said.text());
    said.json()["token"].as_str().unwrap().to_owned()
}

#[test]
fn p9_two_taps_from_the_car_to_a_plate_result() {
    let bed = Bed::city();
    let server = bed.serve();
    let cast = bed.cast();
    let session = session(&bed, &server, "officer", 1);
    let mut browser = Browser::open(&bed.beside("phone"));
    browser.cookie(&server.url, "session", &session);
    browser.load(&format!("{}/stop", server.url));

    browser.wait_for("button[value=start]");
    browser.tap("button[value=start]");
    // The cursor is in the plate's field already: that is no third tap.
    browser.wait_for("#plate:focus");
    browser.type_text(&cast.plate);
    browser.tap("form[role=search] button");
    browser.wait_for("section[aria-label=Result]");

    assert_eq!(browser.taps, 2);
    let page = browser.html().to_lowercase();
    for words in [
        "judicial warrant",
        "confirm first",
        "administrative",
        "no action",
        "receipt",
        &cast.family_name.to_lowercase(),
    ] {
        assert!(page.contains(words), "`{words}` is not on the page: {page}");
    }
    assert!(page.find("confirm first") < page.find("no action"), "what to confirm stands first");
    assert!(browser.page_width() <= WIDTH as f64, "wider than a telephone: {}", browser.page_width());
}

#[test]
fn p9_a_stop_page_is_small_on_the_wire_and_needs_no_script() {
    let bed = Bed::city();
    let server = bed.serve();
    let cast = bed.cast();
    let session = session(&bed, &server, "officer", 1);
    let cookie = format!("session={session}");
    let event = json!({"event": "E-1042", "kind": "stop", "officers": [bed.person("officer").account]});
    let told = server.ask(&bed.as_who("importer", Ask::post("/api/v1/events", &event)));
    assert_eq!(told.status, 201, "{}", told.text());
    // Dispatch has opened the event: the plate is the first thing on the page.
    let page = server.ask(&Ask::get("/stop").with("cookie", &cookie));
    assert!(page.status == 200 && page.text().contains("E-1042") && page.text().contains("id=\"plate\""));
    let result = server.ask(&Ask::get(&format!("/stop?plate={}", percent(&cast.plate))).with("cookie", &cookie));
    assert_eq!(result.status, 200, "{}", result.text());
    let text = result.text();
    assert!(text.contains("confirm first") && !text.contains("<script"));
    let style = text.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let icon = text.split("rel=\"icon\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let whole: usize =
        result.body.len() + server.ask(&Ask::get(&style)).body.len() + server.ask(&Ask::get(&icon)).body.len();
    assert!(whole <= 60_000, "{whole} bytes");
    // And the records that are opened from it are opened under the same inquiry, which the browser now keeps.
    let kept = result.headers.iter().find(|(name, value)| name == "set-cookie" && value.starts_with("inquiry="));
    let kept = kept.unwrap().1.split(';').next().unwrap().to_owned();
    let vehicle = Ask::get(&format!("/records/{}", cast.vehicle)).with("cookie", &format!("{cookie}; {kept}"));
    let vehicle = server.ask(&vehicle);
    assert!(vehicle.status == 200 && vehicle.text().contains("E-1042"), "{}", vehicle.text());
}
