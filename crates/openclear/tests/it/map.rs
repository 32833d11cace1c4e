//! The map in a real browser: a picture for everybody, and one to move around in for those whose browser runs scripts.

use std::f64::consts::{PI, TAU};
use std::fs;
use std::path::Path;

use crate::bed::{Ask, Bed};
use crate::browser::Browser;

/// Where a place lies in the world, 0 to 1 to the east and to the south (Web Mercator).
fn world(longitude: f64, latitude: f64) -> (f64, f64) {
    let south = (PI / 4.0 + latitude.to_radians() / 2.0).tan().ln();
    ((longitude + 180.0) / 360.0, 0.5 - south / TAU)
}

/// Where it stands in a map of that size, which shows a box with a margin of 16 pixels.
fn on_map(size: (f64, f64), box_: &[f64], place: (f64, f64)) -> (f64, f64) {
    let (west, north) = world(box_[0], box_[3]);
    let (east, south) = world(box_[2], box_[1]);
    let scale = ((size.0 - 32.0) / (east - west)).min((size.1 - 32.0) / (south - north));
    let at = world(place.0, place.1);
    let from = |at: f64, low: f64, high: f64, size: f64| size / 2.0 + (at - (low + high) / 2.0) * scale;
    (from(at.0, west, east, size.0), from(at.1, north, south, size.1))
}

#[test]
fn the_map_is_a_picture_without_scripts_and_can_be_moved_around_in_with_them() {
    let bed = Bed::city();
    let layers = bed.dir.join("geography");
    fs::create_dir_all(&layers).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/geography");
    for layer in ["beats", "districts", "areas"].map(|layer| format!("{layer}.geojson.zst")) {
        fs::copy(shipped.join(&layer), layers.join(&layer)).unwrap();
    }
    let server = bed.serve();
    // The one incident of its type, so that the map has one dot: where the public set says that its block is.
    bed.file_placed(&server, "JZ000001", "ARSON");
    let alone = "/resource/crimes.json?case_number=JZ000001&$select=primary_type,block,latitude,longitude";
    let alone = server.ask(&Ask::get(alone)).json()[0].clone();
    let said = |name: &str| alone[name].as_str().unwrap_or_else(|| panic!("no {name} in {alone}")).to_owned();
    let (kind, block) = (said("primary_type"), said("block"));
    let place = (said("longitude").parse().unwrap(), said("latitude").parse().unwrap());
    let address = format!("{}/map?type={kind}&from=2018-10-20&to=2018-10-20", server.url);

    let mut browser = Browser::open(&bed.beside("map"));
    browser.load(&address);
    browser.wait_for("#map-picture svg");
    let page = browser.html();
    assert!(page.contains("<b>1</b> incidents") && !page.contains("Move around in the map"), "{page}");

    browser.run_scripts();
    browser.load(&address);
    browser.tap("p.actions button.quiet");
    // The picture goes when the map is there with all its tiles.
    browser.wait_for("#map-picture[hidden]");
    let page = browser.html();
    let box_ = page.split("data-box=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let box_: Vec<f64> = box_.split(',').map(|degrees| degrees.parse().unwrap()).collect();
    let island = browser.shown_at("#map-island canvas");
    let dot = on_map((island.width, island.height), &box_, place);
    // Where nothing is, nothing is said; on the dot stands what it is.
    browser.click(island.left + 4.0, island.top + 4.0);
    browser.click(island.left + dot.0, island.top + dot.1);
    browser.wait_for(".maplibregl-popup");
    let page = browser.html();
    let popup = page.split("maplibregl-popup-content").nth(1).unwrap();
    assert!(popup.contains(&kind.replace('&', "&amp;")) && popup.contains(&block), "{popup}");
    assert_eq!(page.matches("maplibregl-popup-content").count(), 1);
}
