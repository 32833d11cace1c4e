//! The shipped sample on the shipped areas: what block-shifted coordinates allow.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::cast_precision_loss, reason = "counts of rows")]

use clear_place::{Areas, Blocks, Degrees, Feet, How, Kernel, Properties, Seeded, Street, Study, from_feet, to_feet};

struct Row {
    block: String,
    beat: String,
    district: String,
    area: String,
    kind: String,
    /// Days since the first of October 2018.
    day: i32,
    at: Option<Degrees>,
    feet: Option<Feet>,
}

fn rows() -> Vec<Row> {
    let packed = include_bytes!("../../../data/sample/chicago-crimes-2018-10-01-to-2018-11-11.csv.zst");
    let text = zstd::decode_all(packed.as_slice()).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let titles = reader.headers().unwrap().clone();
    let at = |title: &str| titles.iter().position(|it| it == title).unwrap();
    let (block, beat, district, area) = (at("Block"), at("Beat"), at("District"), at("Community Area"));
    let (latitude, longitude, x, y) = (at("Latitude"), at("Longitude"), at("X Coordinate"), at("Y Coordinate"));
    let (date, kind) = (at("Date"), at("Primary Type"));
    let number = |row: &csv::StringRecord, at: usize| row[at].parse::<f64>().ok();
    let day = |date: &str| {
        let part = |range| date.get(range).and_then(|text: &str| text.parse::<i32>().ok()).unwrap();
        (part(0..2) - 10) * 31 + part(3..5) - 1
    };
    let row = |row: csv::StringRecord| Row {
        block: row[block].to_owned(),
        beat: row[beat].to_owned(),
        district: row[district].to_owned(),
        area: row[area].to_owned(),
        kind: row[kind].to_owned(),
        day: day(&row[date]),
        at: number(&row, longitude)
            .zip(number(&row, latitude))
            .map(|(longitude, latitude)| Degrees { longitude, latitude }),
        feet: number(&row, x).zip(number(&row, y)).map(|(x, y)| Feet { x, y }),
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn layer(name: &str, digits: usize) -> Areas {
    let packed: &[u8] = match name {
        "beats" => include_bytes!("../../../data/geography/beats.geojson.zst"),
        "districts" => include_bytes!("../../../data/geography/districts.geojson.zst"),
        _ => include_bytes!("../../../data/geography/areas.geojson.zst"),
    };
    let text = zstd::decode_all(packed).unwrap();
    Areas::geojson(&text, Properties { code: "code", digits, name: Some("name") }).unwrap()
}

#[test]
fn the_files_own_pairs_of_coordinates_are_ours() {
    let mut worst: f64 = 0.0;
    for row in rows() {
        let Some((at, feet)) = row.at.zip(row.feet) else { continue };
        let ours = to_feet(at);
        worst = worst.max((ours.x - feet.x).hypot(ours.y - feet.y));
        assert!(from_feet(feet).distance_m(at) < 0.5, "{at:?} {feet:?}");
    }
    // The file's feet are whole numbers: half a foot in each direction.
    assert!(worst < 0.8, "{worst} feet");
}

#[test]
fn most_incidents_lie_in_the_area_they_are_filed_under() {
    for (name, digits, of, least, most) in [
        ("beats", 4, (|row| row.beat.as_str()) as fn(&Row) -> &str, 0.90, 0.95),
        ("districts", 3, |row| row.district.as_str(), 0.96, 1.0),
        ("areas", 0, |row| row.area.as_str(), 0.97, 1.0),
    ] {
        let layer = layer(name, digits);
        let (mut here, mut located, mut nowhere) = (0u32, 0u32, 0u32);
        for row in rows() {
            let Some(at) = row.at else { continue };
            located += 1;
            match layer.of(at) {
                Some(area) if area.code == of(&row) => here += 1,
                Some(_) => {}
                None => nowhere += 1,
            }
        }
        let share = f64::from(here) / f64::from(located);
        println!(
            "{name}: {here} of {located} in the area they are filed under, {:.2} %; {nowhere} in none",
            share * 100.0
        );
        assert!((least..=most).contains(&share), "{name}: {share}");
    }
}

#[test]
fn neighbouring_beats_share_their_sides_and_no_point() {
    let beats = layer("beats", 4);
    // 277 outlines; one beat has three of them.
    assert_eq!(beats.all().len(), 275);
    let total: f64 = beats.all().iter().map(|area| area.square_km).sum();
    // The city says 234 square miles with its water.
    assert!((585.0..=620.0).contains(&total), "{total} km²");
    let mut random = Seeded::new(3435);
    for _ in 0..3_000 {
        let share = |random: &mut Seeded| random.below(1_000_000) as f64 / 1e6;
        let at = Degrees { longitude: -87.85 + 0.3 * share(&mut random), latitude: 41.65 + 0.37 * share(&mut random) };
        let holding = beats.all().iter().filter(|area| area.shape.holds(at)).count();
        assert!(holding <= 1, "{at:?} in {holding}");
        assert_eq!(
            beats.of(at).map(|area| &area.code),
            beats.all().iter().find(|area| area.shape.holds(at)).map(|area| &area.code)
        );
    }
}

/// `031XX W CHICAGO AVE` as street and number: enough of a reading for the file's own blocks.
fn street(block: &str) -> Option<(Street, u32)> {
    let words: Vec<&str> = block.split_whitespace().collect();
    let (number, rest) = words.split_first()?;
    let number = number.replace('X', "0").parse().ok()?;
    let (before, rest) = match rest.split_first()? {
        (first, rest) if ["N", "S", "E", "W"].contains(first) => ((*first).to_owned(), rest),
        _ => (String::new(), rest),
    };
    let (kind, name) = rest.split_last()?;
    let is_kind =
        ["ST", "AVE", "BLVD", "PL", "RD", "DR", "CT", "PKWY", "TER", "LN", "HWY", "PLZ", "SQ", "WAY"].contains(kind);
    let (name, kind) = if is_kind { (name.join(" "), (*kind).to_owned()) } else { (rest.join(" "), String::new()) };
    Some((Street { name, kind, before, after: String::new() }, number))
}

#[test]
fn addresses_that_were_held_out_are_found() {
    let all: Vec<(Street, u32, Degrees)> = rows()
        .iter()
        .filter_map(|row| street(&row.block).zip(row.at).map(|((street, number), at)| (street, number, at)))
        .collect();
    // By incident: one in five is held out. By block: one block in five is, with all its incidents.
    for (name, by_block, least, far_m) in [("incidents", false, 0.85, 120.0), ("blocks", true, 0.55, 160.0)] {
        let held_out = |at: usize, (street, number, _): &(Street, u32, Degrees)| match by_block {
            false => at % 5 == 0,
            true => {
                let text = format!("{street} {}", number / 100);
                text.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) % 5 == 0
            }
        };
        let mut blocks = Blocks::default();
        let (mut asked, mut found, mut between, mut errors) = (0, 0, 0, Vec::new());
        for (at, row) in all.iter().enumerate().filter(|(at, row)| !held_out(*at, row)) {
            let _ = at;
            blocks.learn(row.0.clone(), row.1, row.2);
        }
        blocks.settle();
        for (_, (street, number, at)) in all.iter().enumerate().filter(|(at, row)| held_out(*at, row)) {
            asked += 1;
            if let Some(located) = blocks.locate(street, Some(*number)) {
                found += 1;
                between += u32::from(located.how == How::Between);
                errors.push(located.at.distance_m(*at));
            }
        }
        errors.sort_by(f64::total_cmp);
        let (rate, middle) = (found as f64 / asked as f64, errors[errors.len() / 2]);
        let worst = errors[errors.len() * 95 / 100];
        println!(
            "{name} held out: {found} of {asked} found, {:.1} % ({between} between known blocks), half within {middle:.0} m, 95 % within {worst:.0} m",
            rate * 100.0
        );
        assert!(rate >= least && middle <= far_m, "{name}: {rate} {middle}");
    }
}

#[test]
fn hot_spots_of_four_weeks_say_more_than_chance_of_the_next_two() {
    let beats = layer("beats", 4);
    let rows = rows();
    let thefts = |days: std::ops::Range<i32>| -> Vec<Degrees> {
        rows.iter().filter(|row| row.kind == "THEFT" && days.contains(&row.day)).filter_map(|row| row.at).collect()
    };
    let study = Study::of(Some(&beats), &[], 250.0).unwrap();
    let weeks = [thefts(28..35), thefts(35..42)];
    let hot = study.hot_map(&thefts(0..28), &weeks, 500.0, 0.05).unwrap();
    let dense = study.dense_map(&thefts(0..28), &weeks, Kernel::Quartic, 500.0, 0.05).unwrap();
    for (name, found) in [("Gi*", hot.following), ("density", dense.following)] {
        println!("{name}: {found:?}");
        assert!(found.pai.unwrap() > 2.0 && found.pei.unwrap() > 0.1, "{name}: {found:?}");
    }
    assert!((580.0..=620.0).contains(&study.square_km()), "{}", study.square_km());
    let other = study.hot_map(&thefts(0..28), &[], 500.0, 0.05).unwrap();
    assert_eq!(other.marked, hot.marked, "what follows changes no map");
}
