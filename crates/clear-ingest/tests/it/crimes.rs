use std::collections::HashSet;
use std::error::Error as _;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use clear_ingest::{Error, Options, Rejection, Row, chicago_crimes};
use clear_record::{Draft, Incident, Kind, Label, Method, Record, RecordId};
use flate2::write::GzEncoder;
use jiff::tz::TimeZone;
use proptest::prelude::*;

const PORTAL: &str = "ID,Case Number,Date,Block,IUCR,Primary Type,Description,Location Description,Arrest,Domestic,Beat,District,Ward,Community Area,FBI Code,X Coordinate,Y Coordinate,Year,Updated On,Latitude,Longitude,Location";
const API: &str = "id,case_number,date,block,iucr,primary_type,description,location_description,arrest,domestic,beat,district,ward,community_area,fbi_code,x_coordinate,y_coordinate,year,updated_on,latitude,longitude,location";
const MIRROR: &str = "ID,Case Number,Date,Block,IUCR,Primary Type,Description,Location Description,Arrest,Domestic,Beat,District,Ward,Community Area,FBI Code,X Coordinate,Y Coordinate,Updated On,Latitude,Longitude";
const ROW: &str = r#"11505285,JB513249,11/12/2018 02:15:00 PM,085XX S CREGIER AVE,0620,BURGLARY,UNLAWFUL ENTRY,"SCHOOL, PUBLIC, BUILDING",false,false,0412,004,8,45,05,1189680,1848520,11/19/2018 04:22:02 PM,41.739381109,-87.580621746"#;

fn options() -> Options {
    Options {
        owner: "city-police".parse().unwrap(),
        author: "importer".parse().unwrap(),
        time_zone: TimeZone::get("America/Chicago").unwrap(),
        now: "2018-11-20T12:00:00Z".parse().unwrap(),
    }
}

fn reader(text: impl Into<Vec<u8>>) -> Result<chicago_crimes::Reader, Error> {
    chicago_crimes::read(Cursor::new(text.into()), "test.csv", options())
}

fn split(rows: impl Iterator<Item = Result<Row, Error>>) -> (Vec<Draft>, Vec<Rejection>) {
    let (mut drafts, mut rejections) = (Vec::new(), Vec::new());
    for row in rows {
        match row.expect("the file reads to its end") {
            Row::Draft(draft) => drafts.push(draft),
            Row::Rejection(rejection) => rejections.push(rejection),
        }
    }
    (drafts, rejections)
}

fn load(text: impl Into<Vec<u8>>) -> (Vec<Draft>, Vec<Rejection>) {
    split(reader(text).expect("the header is right"))
}

fn incident(draft: &Draft) -> &Incident {
    match &draft.record {
        Record::Incident(incident) => incident,
        other => panic!("a {} came out", other.kind()),
    }
}

/// The row with some cells changed, under the mirror's header.
fn with(changes: &[(&str, &str)]) -> String {
    let mut cells: Vec<String> = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(ROW.as_bytes())
        .records()
        .next()
        .unwrap()
        .unwrap()
        .iter()
        .map(|cell| format!("\"{cell}\""))
        .collect();
    for (column, value) in changes {
        let place = MIRROR.split(',').position(|name| name == *column).expect("a column");
        cells[place] = (*value).to_owned();
    }
    format!("{MIRROR}\n{}\n", cells.join(","))
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/sample/chicago-crimes-2018-10-01-to-2018-11-11.csv.zst")
}

#[test]
fn a_row_becomes_an_incident_with_every_field() {
    let (drafts, rejections) = load(format!("{MIRROR}\n{ROW}\n"));
    assert_eq!(rejections, []);
    let owner = options().owner;
    let draft = &drafts[0];
    assert_eq!(draft.id, RecordId::derived(Kind::Incident, &owner, "chicago-crimes", "11505285"));
    assert_eq!(draft.label, Label::of(owner.clone(), Kind::Incident));
    assert_eq!(draft.valid_from.to_string(), "2018-11-12T20:15:00Z", "winter time in Chicago is six hours behind");
    assert_eq!(draft.provenance.method, Method::Imported);
    assert_eq!(draft.provenance.reference.as_deref(), Some("11505285"));
    let json = serde_json::to_string(&draft.record.to_json()).unwrap();
    assert_eq!(
        json,
        r#"{"case_number":"JB513249","occurred_from":"2018-11-12T14:15:00","offences":[{"iucr":"0620","primary_type":"BURGLARY","description":"UNLAWFUL ENTRY","fbi_code":"05"}],"block":"085XX S CREGIER AVE","location_description":"SCHOOL, PUBLIC, BUILDING","beat":"0412","district":"004","ward":8,"community_area":45,"arrest":false,"domestic":false,"updated_on":"2018-11-19T16:22:02","x_coordinate":1189680.0,"y_coordinate":1848520.0,"latitude":41.739381109,"longitude":-87.580621746}"#
    );
}

#[test]
fn every_spelling_of_the_header_gives_the_same_draft() {
    let (expected, _) = load(format!("{MIRROR}\n{ROW}\n"));
    let long = r#"11505285,JB513249,11/12/2018 02:15:00 PM,085XX S CREGIER AVE,0620,BURGLARY,UNLAWFUL ENTRY,"SCHOOL, PUBLIC, BUILDING",false,false,0412,004,8,45,05,1189680,1848520,2018,11/19/2018 04:22:02 PM,41.739381109,-87.580621746,"(41.739381109, -87.580621746)""#;
    let api = r#""11505285","JB513249","2018-11-12T14:15:00.000","085XX S CREGIER AVE","0620","BURGLARY","UNLAWFUL ENTRY","SCHOOL, PUBLIC, BUILDING",false,false,"0412","004","8","45","05","1189680","1848520","2018","2018-11-19T16:22:02.000","41.739381109","-87.580621746","
(41.739381109, -87.580621746)""#.replace('\n', "");
    let spreadsheet =
        long.replace(",0412,004,8,", ",412,4,8.0,").replace(",0620,", ",620,").replace(",false,", ",FALSE,");
    let only_location = long.replace(",41.739381109,-87.580621746,", ",,,");
    let files = [
        ("portal", format!("{PORTAL}\n{long}\n")),
        ("byte order mark", format!("\u{feff}{PORTAL}\n{long}\n")),
        ("Windows line ends", format!("{PORTAL}\r\n{long}\r\n")),
        ("no last line end", format!("{PORTAL}\n{long}")),
        ("blank lines", format!("{PORTAL}\n\n{long}\n\n\n")),
        ("API", format!("{API}\n{api}\n")),
        ("capitals", format!("{}\n{long}\n", API.to_uppercase())),
        ("quoted header", format!("\"{}\"\n{long}\n", PORTAL.replace(',', "\",\""))),
        (
            "no Location",
            format!(
                "{}\n{}\n",
                PORTAL.replace(",Location", "\u{1}").replacen('\u{1}', ",Location", 1).replace('\u{1}', ""),
                &long[..long.rfind(",\"(").unwrap()]
            ),
        ),
        ("a spreadsheet's numbers", format!("{PORTAL}\n{spreadsheet}\n")),
        ("position in Location only", format!("{PORTAL}\n{only_location}\n")),
        ("a further column", format!("{PORTAL},Zip Codes\n{long},60617\n")),
    ];
    for (what, text) in files {
        let (drafts, rejections) = load(text);
        assert_eq!(rejections.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "{what}");
        assert_eq!(drafts, expected, "{what}");
    }
}

#[test]
fn plain_gzip_and_zstandard_are_told_by_their_first_bytes() {
    let text = format!("{MIRROR}\n{ROW}\n");
    let (expected, _) = load(text.as_str());
    let folder = tempfile::tempdir().unwrap();
    for (what, bytes) in
        [("plain", text.clone().into_bytes()), ("gzip", gzip(text.as_bytes())), ("zstd", zstandard(text.as_bytes()))]
    {
        let path = folder.path().join(format!("{what}.txt"));
        std::fs::write(&path, &bytes).unwrap();
        let mut reader = chicago_crimes::open(&path, options()).unwrap();
        assert_eq!(reader.total_bytes(), Some(bytes.len() as u64), "{what}");
        let (drafts, rejections) = split(reader.by_ref());
        assert_eq!((drafts, rejections.len()), (expected.clone(), 0), "{what}");
        assert_eq!(reader.bytes_read(), bytes.len() as u64, "{what}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

#[test]
fn missing_is_missing() {
    let one = |changes: &[(&str, &str)]| {
        let (drafts, rejections) = load(with(changes));
        assert_eq!(rejections.len(), 0, "{changes:?}");
        incident(&drafts[0]).clone()
    };
    let place =
        |incident: &Incident| [incident.x_coordinate, incident.y_coordinate, incident.latitude, incident.longitude];
    let [x, y, latitude, longitude] = [Some(1189680.0), Some(1848520.0), Some(41.739381109), Some(-87.580621746)];
    assert_eq!(place(&one(&[])), [x, y, latitude, longitude]);
    assert_eq!(place(&one(&[("Latitude", ""), ("Longitude", "")])), [x, y, None, None]);
    assert_eq!(place(&one(&[("Latitude", "0"), ("Longitude", "0.0")])), [x, y, None, None]);
    assert_eq!(
        place(&one(&[
            ("X Coordinate", "0"),
            ("Y Coordinate", "0"),
            ("Latitude", "36.619446395"),
            ("Longitude", "-91.686565684")
        ])),
        [None; 4]
    );
    assert_eq!(
        place(&one(&[("Latitude", "10.5"), ("Longitude", "20.5")])),
        [x, y, Some(10.5), Some(20.5)],
        "readable, so it is kept"
    );
    let blank = one(&[
        ("Case Number", " "),
        ("Block", ""),
        ("Location Description", ""),
        ("Description", ""),
        ("Ward", "0"),
        ("Community Area", ""),
        ("District", ""),
        ("Beat", ""),
        ("Arrest", ""),
        ("Domestic", ""),
        ("FBI Code", ""),
        ("Updated On", ""),
    ]);
    assert_eq!(
        serde_json::to_string(&Record::from(blank).to_json()).unwrap(),
        r#"{"occurred_from":"2018-11-12T14:15:00","offences":[{"iucr":"0620","primary_type":"BURGLARY"}],"x_coordinate":1189680.0,"y_coordinate":1848520.0,"latitude":41.739381109,"longitude":-87.580621746}"#
    );
}

#[test]
fn gr31_a_bad_row_says_which_field_and_why() {
    let lines = [
        (("Date", ""), "line 2: Date is blank"),
        (
            ("Date", "yesterday"),
            "line 2: Date is not a date like `11/01/2018 12:00:00 PM` or `2018-11-01T12:00:00.000`",
        ),
        (("Date", "02/29/2018 12:00:00 PM"), "line 2: Date is a date or time that does not exist"),
        (("Date", "11/22/2018 12:00:00 PM"), "line 2: Date lies in the future"),
        (("Date", "11/22/1818 12:00:00 PM"), "line 2: Date lies before 1900"),
        (("IUCR", ""), "line 2: IUCR is blank"),
        (("IUCR", "06 20"), "line 2: IUCR is not a code of letters and digits"),
        (("Primary Type", "  "), "line 2: Primary Type is blank"),
        (("Arrest", "maybe"), "line 2: Arrest is neither true nor false"),
        (("Beat", "04121"), "line 2: Beat is not a number of at most four digits"),
        (("District", "IV"), "line 2: District is not a number of at most three digits"),
        (("Ward", "-8"), "line 2: Ward is not a whole number"),
        (("Community Area", "99999"), "line 2: Community Area is not a whole number"),
        (("X Coordinate", "1,189"), "line 2: the row has 21 fields where the header has 20"),
        (("X Coordinate", "far"), "line 2: X Coordinate is not a number"),
        (("Latitude", "97.1"), "line 2: Latitude is no latitude: it lies beyond 90 degrees"),
        (("Longitude", "-187"), "line 2: Longitude is no longitude: it lies beyond 180 degrees"),
        (("Latitude", "NaN"), "line 2: Latitude is not a number"),
        (
            ("Updated On", "soon"),
            "line 2: Updated On is not a date like `11/01/2018 12:00:00 PM` or `2018-11-01T12:00:00.000`",
        ),
        (("Longitude", "\"-87"), "line 2: the row opens a quote and does not close it"),
    ];
    for (change, expected) in lines {
        let (drafts, rejections) = load(with(&[change]));
        assert_eq!(rejections.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
        assert_eq!(drafts, [], "{expected}");
    }
    let (_, rejections) = load(format!("{},Year\n{ROW},2017\n", MIRROR));
    assert_eq!(rejections[0].to_string(), "line 2: Year is not the year of the date, 2018");
    assert_eq!(rejections[0].field, Some("Year"));
    let mut bytes = format!("{MIRROR}\n").into_bytes();
    bytes.extend(ROW.replace("BURGLARY", "#").bytes().map(|byte| if byte == b'#' { 0xff } else { byte }));
    let (_, rejections) = load(bytes);
    assert_eq!(rejections[0].to_string(), "line 2: Primary Type is not UTF-8 text");
}

#[test]
fn bad_rows_stop_no_good_ones_and_are_kept_as_they_stood() {
    let bad = ROW.replace("11/12/2018", "99/99/2018").replace("CREGIER", &"X".repeat(1000));
    let good: String = (0..3).map(|number| format!("{}\n", ROW.replace("11505285", &number.to_string()))).collect();
    let (drafts, rejections) = load(format!("{MIRROR}\n{good}{bad}\n\"{good}{bad}\n"));
    assert_eq!(drafts.len(), 5, "the stray quote spoils its own line only");
    assert_eq!(rejections.iter().map(|rejection| rejection.line).collect::<Vec<_>>(), [5, 6, 9]);
    assert_eq!(rejections[0].row.chars().count(), Rejection::ROW_CHARS);
    assert!(bad.starts_with(&rejections[0].row));
    assert!(!format!("{rejections:?}").contains("XXX"), "contents never reach a log by accident");
}

#[test]
fn an_unknown_code_is_kept_and_counted() {
    let mut reader = reader(with(&[("IUCR", "9Z9")])).unwrap();
    let (drafts, rejections) = split(reader.by_ref());
    assert_eq!(rejections, []);
    assert_eq!(incident(&drafts[0]).offences[0].iucr, "09Z9");
    assert_eq!(reader.unknown_codes().iter().collect::<Vec<_>>(), [(&"09Z9".to_owned(), &1)]);
}

#[test]
fn ids_of_rows_without_an_id_are_stable_and_distinct() {
    let other = ROW.replace("0620", "0610");
    let [same, other] = [ROW, &other].map(|row| row.replacen("11505285", "", 1));
    // What a later extract changes has no part in the id, nor has the spelling of blanks and dates.
    let later = same
        .replace(",false,false,", ",true,false,")
        .replace("11/19/2018 04:22:02", "12/19/2018 04:22:02")
        .replace("085XX S CREGIER", "085XX  S cregier")
        .replace("11/12/2018 02:15:00 PM", "2018-11-12T14:15:00.000");
    let ids = |rows: &[&str]| -> Vec<RecordId> {
        let (drafts, rejections) = load(format!("{MIRROR}\n{}\n", rows.join("\n")));
        assert_eq!(rejections.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
        assert!(drafts.iter().all(|draft| draft.provenance.reference.is_none()));
        drafts.iter().map(|draft| draft.id).collect()
    };
    let first = ids(&[&same, &other, &same, &same]);
    assert_eq!(first, ids(&[&same, &other, &same, &same]), "a second run gives the same ids");
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 4, "identical rows are several records");
    let sorted = |ids: &[RecordId]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted(&first), sorted(&ids(&[&same, &same, &other, &same])), "the order of rows does not matter");
    assert_eq!(ids(&[&later]), [first[0]], "a later extract's row is the same record");
    let without_column = format!("{}\n{}\n", &MIRROR["ID,".len()..], &same[1..]);
    assert_eq!(load(without_column).0[0].id, first[0], "a file without the column gives the same id as a blank one");
}

#[test]
fn a_case_number_may_stand_in_several_rows() {
    let second = ROW.replace("11505285", "11505286");
    let (drafts, rejections) = load(format!("{MIRROR}\n{ROW}\n{second}\n"));
    assert_eq!(rejections, []);
    assert_ne!(drafts[0].id, drafts[1].id);
    assert_eq!(incident(&drafts[0]).case_number, incident(&drafts[1]).case_number);
}

#[test]
fn a_wrong_header_names_what_is_missing_and_what_is_there() {
    let error = |text: &str| reader(text).err().map(|error| error.to_string());
    assert_eq!(error("").as_deref(), Some("`test.csv` is empty: it has no header line"));
    assert_eq!(
        error(&MIRROR.replace("Primary Type", "Primery Type").replace("Beat,", "")).as_deref(),
        Some(
            "`test.csv` is not a file of the city's crimes: it lacks the columns `Primary Type`, `Beat`; its header has `ID`, `Case Number`, `Date`, `Block`, `IUCR`, `Primery Type`, `Description`, `Location Description`, `Arrest`, `Domestic`, `District`, `Ward`, `Community Area`, `FBI Code`, `X Coordinate`, `Y Coordinate`, `Updated On`, `Latitude`, `Longitude`"
        )
    );
    assert_eq!(error(&format!("{MIRROR},latitude\n")).as_deref(), Some("`test.csv` has the column `Latitude` twice"));
    assert_eq!(
        error("PK\u{3}\u{4}…").as_deref(),
        Some("`test.csv` is a zip file, which is not read here: unpack it first (plain, .gz and .zst are read)")
    );
    assert!(matches!(reader(&[0u8; 5000][..]), Err(Error::Header { .. })));
    let ignored = reader(format!("{PORTAL},Zip Codes,Wards\n")).unwrap();
    assert_eq!(ignored.ignored_columns(), ["Zip Codes", "Wards"]);
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("nowhere.csv"), folder.path().to_owned()] {
        let error = chicago_crimes::open(&path, options()).err().expect("an error");
        assert_eq!(error.to_string(), format!("cannot open `{}`", path.display()));
        assert!(error.source().is_some());
    }
}

#[test]
fn a_truncated_file_gives_its_rows_and_then_the_line_reached() {
    let text: String = std::iter::once(format!("{MIRROR}\n"))
        .chain((0..20_000).map(|number| format!("{}\n", ROW.replace("11505285", &(number * 7919).to_string()))))
        .collect();
    for packed in [gzip(text.as_bytes()), zstandard(text.as_bytes())] {
        let mut reader = reader(&packed[..packed.len() - packed.len() / 4]).unwrap();
        let rows: Vec<_> = reader.by_ref().collect();
        let (last, whole) = rows.split_last().unwrap();
        assert!(whole.len() > 100 && whole.iter().all(|row| matches!(row, Ok(Row::Draft(_)))), "{}", whole.len());
        match last {
            Err(Error::Read { line, name, .. }) => {
                assert_eq!((*line, name.as_str()), (whole.len() as u64 + 1, "test.csv"))
            }
            other => panic!("{other:?}"),
        }
        assert!(reader.next().is_none(), "nothing comes after an error");
    }
}

#[test]
fn the_sample_reads_whole() {
    let reader = chicago_crimes::open(sample(), options()).expect("the sample is there");
    let (drafts, rejections) = split(reader);
    assert_eq!((drafts.len(), rejections.len()), (29_736, 0));
    assert_eq!(drafts.iter().map(|draft| draft.id).collect::<HashSet<_>>().len(), drafts.len());
    let dates: Vec<_> = drafts.iter().map(|draft| incident(draft).occurred_from.date().to_string()).collect();
    assert_eq!(dates.iter().min().map(String::as_str), Some("2018-10-01"));
    assert_eq!(dates.iter().max().map(String::as_str), Some("2018-11-11"));
    assert_eq!(drafts.iter().filter(|draft| incident(draft).latitude.is_none()).count(), 314);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in 0usize..4) {
        let magic: &[u8] = [&b""[..], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"][magic];
        let bytes = [magic, &bytes].concat();
        if let Ok(reader) = reader(bytes.clone()) {
            for _ in reader {}
        }
        let after_header = [MIRROR.as_bytes(), b"\n", &bytes].concat();
        let lines = 1 + bytes.split(|byte| *byte == b'\n').count();
        let rows = reader(after_header).unwrap().count();
        prop_assert!(rows <= lines);
    }

    #[test]
    fn a_damaged_row_is_a_draft_or_a_rejection(at in 0usize..200, byte in any::<u8>()) {
        let mut row = ROW.as_bytes().to_vec();
        let at = at % row.len();
        row[at] = byte;
        let rows = reader([MIRROR.as_bytes(), b"\n", &row].concat()).unwrap().count();
        prop_assert_eq!(rows, if byte == b'\n' && at != 0 && at + 1 != ROW.len() { 2 } else { 1 });
    }
}
