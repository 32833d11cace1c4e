//! Temporary: serves a city to look at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]
#[path = "../tests/it/city.rs"]
mod city;
use serde_json::json;
fn main() {
    let city = city::City::open();
    let id = city.file("person", &json!({"family_name": "Calloway", "given_name": "Marcus", "middle_name": "J", "date_of_birth": "1981-04-03", "sex": "M", "race": "W", "height_cm": 183, "weight_kg": 84, "marks": "Scar on the left cheek; tattoo of an anchor, right forearm", "address": "1420 W Ferry St", "phone": "+1 555-0177", "identity_number": "0934417", "aliases": ["Mark Callaway"], "caution": "Has carried a knife"}));
    let other = city.file("person", &json!({"family_name": "Callaway", "given_name": "Mark", "date_of_birth": "1981-04-03", "sex": "M", "identity_number": "0934417", "address": "88 Quay Rd"}));
    city.file("person", &json!({"family_name": "Calloway", "given_name": "Denise", "date_of_birth": "1979-11-20", "sex": "F", "address": "1420 W Ferry St"}));
    city.file("person", &json!({"family_name": "Galloway", "given_name": "Marcus", "date_of_birth": "2000-01-09", "sex": "M"}));
    city.file("hot_file", &json!({"topic": "wanted_person", "instrument": "judicial_warrant", "authority": "county-sheriff", "person": id, "entered_on": "2019-07-01", "offence": "Burglary", "reference": "19-CR-2210"}));
    city.file("hot_file", &json!({"topic": "wanted_person", "instrument": "detainer", "authority": "frs", "person": id, "entered_on": "2019-07-02", "reference": "D-77812"}));
    city.file("hot_file", &json!({"topic": "missing_person", "instrument": "missing", "authority": "pmpd", "person": other, "entered_on": "2019-06-02"}));
    let kinds = [("THEFT", "OVER $500", "0810", "06"), ("BATTERY", "SIMPLE", "0460", "08B"), ("BURGLARY", "FORCIBLE ENTRY", "0610", "05"), ("NARCOTICS", "POSS: CANNABIS 30GMS OR LESS", "1811", "18"), ("ASSAULT", "SIMPLE", "0560", "08A")];
    let mut last = String::new();
    for at in 0..60usize {
        let (primary, description, iucr, fbi) = kinds[(at * at + at / 3) % kinds.len()];
        last = city.file("incident", &json!({"case_number": format!("JC{}", 271_000 + at * 37), "occurred_from": format!("2019-{:02}-{:02}T{:02}:15:00", 1 + at % 7, 1 + at % 27, at % 24), "offences": [{"iucr": iucr, "primary_type": primary, "description": description, "fbi_code": fbi}], "block": format!("0{}XX W FERRY ST", 12 + at % 5), "location_description": "STREET", "beat": ["0411", "0412", "0413"][at % 3], "district": "004", "arrest": at % 4 == 0, "domestic": false, "status": "open", "latitude": 41.8, "longitude": -87.6}));
    }
    city.file("involvement", &json!({"incident": last, "part": "suspect", "person": id, "age_years": 38}));
    city.file("narrative", &json!({"about": last, "title": "Original report", "text": "At 2115 hours the reporting officer was flagged down by the complainant, who stated that an unknown male had taken a laptop bag from the front seat of an unlocked vehicle and had fled on foot westbound.\nA witness named the suspect as Marcus Calloway, known to the witness from the neighborhood. The vehicle was processed; one latent print was lifted from the door frame."}));
    let car = city.file("vehicle", &json!({"plate": "QX 4471", "plate_state": "IL", "make": "Ford", "model": "Escape", "model_year": 2012, "colour": "blue", "owner": id}));
    city.file("involvement", &json!({"incident": last, "part": "vehicle", "vehicle": car}));
    city.file("arrest", &json!({"person": id, "incident": last, "arrested_at": "2019-07-03T22:40:00", "booking_number": "CB19-55210", "charges": [{"statute": "720 ILCS 5/16-1", "description": "Theft"}], "beat": "0411"}));
    city.file("property", &json!({"incident": last, "status": "evidence", "description": "Laptop bag, black, with laptop", "inventory_number": "14488210", "storage": "ERPS 2"}));
    if std::env::args().any(|arg| arg == "cut") {
        city.cut_off("border-department", "2019-07-16/1");
    }
    println!("{}", json!({"address": city.address.to_string(), "person": id, "incident": last, "officer": city.token("officer"), "cut_off": city.token("cut_off"), "steward": city.token("steward"), "partner": city.token("partner")}));
    loop {
        std::thread::park();
    }
}
