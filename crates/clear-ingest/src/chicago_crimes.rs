//! The city's crime files: "Crimes - 2001 to Present" of the Chicago data portal, and extracts of it.
//!
//! In:    CSV, plain, .gz or .zst; headers in the portal's spelling (`Primary Type`) or the API's (`primary_type`), in
//!        any case and order; with or without `ID`, `Year` and `Location`.
//! Out:   one [`clear_record::Incident`] a row, or a [`Rejection`].
//! Never: merges rows (a homicide has a row per victim, under one case number), fills in what is missing, drops a
//!        value that it cannot read.
//!
//! # How
//! - **Ids** derive from the row's `ID`. A row without one derives it from the fields that say what happened when and
//!   where, and from how many rows with the same ones went before it in the file. Fields that later extracts change
//!   (arrest, codes of areas, coordinates, `Updated On`) have no part in it. A repeated `ID` is the same record again.
//! - **Missing** is blank. It is also what the city writes for *unknown*: coordinates 0, 0 (and the point in another
//!   state to which a state plane position of 0, 0 projects), ward or community area 0.
//! - **Rejected** is what cannot be read or cannot be: a date that does not exist or lies ahead, a latitude of 97, a
//!   `Year` that is not the date's, a row without date, IUCR code or primary type. A value that is unusual but readable is kept: an IUCR code that the table does not
//!   know is counted in [`Reader::unknown_codes`], a position outside the city stays where the source put it.
//!
//! # Change here
//! A column: `Column` and `COLUMNS`. A date format: `date_time`.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use clear_record::{Draft, Incident, Iucr, Kind, Label, Method, Offence, Provenance, Record, RecordId};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use sha2::{Digest, Sha256};

use crate::input::{Fields, Input, Line};
use crate::{Error, Options, Rejection, Row};

/// The source's name in provenance and in the registry of sources.
pub const SOURCE: &str = "chicago-crimes";

/// Opens a file; what it is packed with is told from its first bytes.
///
/// # Errors
/// The file cannot be opened, is packed in a way that is not read here, is empty, or its header is another file's.
pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Reader, Error> {
    Reader::new(Input::open(path.as_ref())?, options)
}

/// Reads bytes from anywhere, under a name for error texts.
///
/// # Errors
/// As [`open`].
pub fn read(input: impl Read + Send + 'static, name: &str, options: Options) -> Result<Reader, Error> {
    Reader::new(Input::new(input, name.to_owned(), None)?, options)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    CaseNumber,
    Date,
    Block,
    Iucr,
    PrimaryType,
    Description,
    LocationDescription,
    Arrest,
    Domestic,
    Beat,
    District,
    Ward,
    CommunityArea,
    FbiCode,
    XCoordinate,
    YCoordinate,
    Year,
    UpdatedOn,
    Latitude,
    Longitude,
    Location,
}

/// The columns in the portal's order and spelling, and whether a file must have them. The API's spelling differs in
/// case and in what stands between the words, which is why only letters and digits are compared.
const COLUMNS: [(Column, &str, bool); 22] = [
    (Column::Id, "ID", false),
    (Column::CaseNumber, "Case Number", true),
    (Column::Date, "Date", true),
    (Column::Block, "Block", true),
    (Column::Iucr, "IUCR", true),
    (Column::PrimaryType, "Primary Type", true),
    (Column::Description, "Description", true),
    (Column::LocationDescription, "Location Description", true),
    (Column::Arrest, "Arrest", true),
    (Column::Domestic, "Domestic", true),
    (Column::Beat, "Beat", true),
    (Column::District, "District", true),
    (Column::Ward, "Ward", true),
    (Column::CommunityArea, "Community Area", true),
    (Column::FbiCode, "FBI Code", true),
    (Column::XCoordinate, "X Coordinate", true),
    (Column::YCoordinate, "Y Coordinate", true),
    (Column::Year, "Year", false),
    (Column::UpdatedOn, "Updated On", true),
    (Column::Latitude, "Latitude", true),
    (Column::Longitude, "Longitude", true),
    (Column::Location, "Location", false),
];

impl Column {
    fn name(self) -> &'static str {
        COLUMNS.get(self as usize).map_or("", |(_, name, _)| name)
    }
}

/// Where each column stands in this file.
struct Layout {
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
    ignored: Vec<String>,
}

/// A file being read: an iterator of rows, which ends after an error.
pub struct Reader {
    input: Input,
    layout: Layout,
    options: Options,
    fields: Fields,
    /// How often each row without an ID has been seen.
    seen: HashMap<u128, u64>,
    /// The codes met so far, and whether the table knows them.
    codes: HashMap<String, bool>,
    unknown_codes: BTreeMap<String, u64>,
    ended: bool,
}

impl Iterator for Reader {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Result<Row, Error>> {
        while !self.ended {
            match self.next_row() {
                Ok(Some(row)) => return Some(Ok(row)),
                Ok(None) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl Reader {
    fn new(mut input: Input, options: Options) -> Result<Reader, Error> {
        let name = input.name().to_owned();
        let mut fields = Fields::default();
        match input.next_line()? {
            None => return Err(Error::Empty { name }),
            // A header that does not split lacks its columns, and that is what is said of it.
            Some(Line::Text(line) | Line::TooLong(line)) => {
                let _ = fields.split(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line));
            }
        }
        let layout = layout(&name, &fields)?;
        Ok(Reader {
            input,
            layout,
            options,
            fields,
            seen: HashMap::new(),
            codes: HashMap::new(),
            unknown_codes: BTreeMap::new(),
            ended: false,
        })
    }

    /// Bytes read from the file so far, as they lie on disk.
    pub fn bytes_read(&self) -> u64 {
        self.input.bytes_read()
    }

    /// The file's length on disk, where it has one.
    pub fn total_bytes(&self) -> Option<u64> {
        self.input.total_bytes()
    }

    /// The number of the line last read, the header being line 1.
    pub fn line(&self) -> u64 {
        self.input.number()
    }

    /// Columns of the file that are not read.
    pub fn ignored_columns(&self) -> &[String] {
        &self.layout.ignored
    }

    /// IUCR codes that the table does not know, with how many drafts bear them so far.
    pub fn unknown_codes(&self) -> &BTreeMap<String, u64> {
        &self.unknown_codes
    }

    fn next_row(&mut self) -> Result<Option<Row>, Error> {
        loop {
            let (line, result) = match self.input.next_line()? {
                None => return Ok(None),
                Some(Line::Text([])) => continue,
                Some(Line::TooLong(line)) => (line, Err(Fault::row("is longer than 64 KiB"))),
                Some(Line::Text(line)) => match self.fields.split(line) {
                    Err(_) => (line, Err(Fault::row("opens a quote and does not close it"))),
                    Ok(()) if self.fields.len() != self.layout.width => {
                        let reason =
                            format!("has {} fields where the header has {}", self.fields.len(), self.layout.width);
                        (line, Err(Fault { column: None, reason }))
                    }
                    Ok(()) => (line, incident(&Cells { layout: &self.layout, fields: &self.fields }, &self.options)),
                },
            };
            return Ok(Some(match result {
                Err(Fault { column, reason }) => {
                    let row = String::from_utf8_lossy(line).chars().take(Rejection::ROW_CHARS).collect();
                    Row::Rejection(Rejection {
                        line: self.input.number(),
                        field: column.map(Column::name),
                        reason,
                        row,
                    })
                }
                Ok((incident, number)) => Row::Draft(self.draft(incident, number)),
            }));
        }
    }

    fn draft(&mut self, incident: Incident, number: Option<String>) -> Draft {
        let Options { owner, author, time_zone, .. } = &self.options;
        let id = match &number {
            Some(number) => RecordId::derived(Kind::Incident, owner, SOURCE, number),
            None => {
                let digest = digest(&incident);
                let occurrence = self.seen.entry(digest).and_modify(|count| *count += 1).or_insert(1);
                RecordId::derived(Kind::Incident, owner, "chicago-crimes/row", &format!("{digest:032x}/{occurrence}"))
            }
        };
        for offence in &incident.offences {
            let known = match self.codes.get(&offence.iucr) {
                Some(known) => *known,
                None => {
                    let known = Iucr::of(&offence.iucr).is_some();
                    self.codes.insert(offence.iucr.clone(), known);
                    known
                }
            };
            if !known {
                *self.unknown_codes.entry(offence.iucr.clone()).or_default() += 1;
            }
        }
        // An hour that the clocks skip in spring is read as the one after it, one that they repeat in autumn as the
        // first of the two. Dates are at most the present, so that they lie within what a timestamp can hold.
        let valid_from = time_zone.to_timestamp(incident.occurred_from).unwrap_or(self.options.now);
        Draft {
            id,
            label: Label::of(owner.clone(), Kind::Incident),
            valid_from,
            provenance: Provenance {
                agency: owner.clone(),
                author: author.clone(),
                method: Method::Imported,
                source: SOURCE.to_owned(),
                reference: number,
                derived: std::collections::BTreeSet::new(),
            },
            record: Record::Incident(incident),
        }
    }
}

fn layout(name: &str, header: &Fields) -> Result<Layout, Error> {
    let mut layout = Layout { places: [None; COLUMNS.len()], width: header.len(), ignored: Vec::new() };
    let mut found = Vec::new();
    for place in 0..header.len() {
        let text = String::from_utf8_lossy(header.get(place).unwrap_or_default());
        let shown: String = text.chars().take(40).collect();
        match COLUMNS.iter().find(|(_, column, _)| bare(column) == bare(&text)) {
            None => layout.ignored.push(shown.clone()),
            Some((column, column_name, _)) => {
                if let Some(slot) = layout.places.get_mut(*column as usize)
                    && slot.replace(place).is_some()
                {
                    return Err(Error::RepeatedColumn { name: name.to_owned(), column: column_name });
                }
            }
        }
        if found.len() < 40 {
            found.push(shown);
        }
    }
    let missing: Vec<String> = COLUMNS
        .iter()
        .filter(|(column, _, needed)| *needed && layout.places.get(*column as usize) == Some(&None))
        .map(|(_, column_name, _)| (*column_name).to_owned())
        .collect();
    if missing.is_empty() {
        Ok(layout)
    } else {
        Err(Error::Header { name: name.to_owned(), source_name: "the city's crimes", missing, found })
    }
}

/// A column's name without case, blanks and underscores.
fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// What is wrong with a row.
struct Fault {
    column: Option<Column>,
    reason: String,
}

impl Fault {
    fn row(reason: &str) -> Fault {
        Fault { column: None, reason: reason.to_owned() }
    }
}

/// The cells of one row by column. A blank cell, and one whose column the file lacks, is `None`.
struct Cells<'a> {
    layout: &'a Layout,
    fields: &'a Fields,
}

impl<'a> Cells<'a> {
    fn bytes(&self, column: Column) -> Option<&'a [u8]> {
        let place = (*self.layout.places.get(column as usize)?)?;
        self.fields.get(place).filter(|cell| !cell.is_empty())
    }

    fn text(&self, column: Column) -> Result<Option<&'a str>, Fault> {
        self.parsed(column, |cell| std::str::from_utf8(cell).map_err(|_| "is not UTF-8 text"))
    }

    fn parsed<T>(
        &self,
        column: Column,
        parse: impl FnOnce(&'a [u8]) -> Result<T, &'static str>,
    ) -> Result<Option<T>, Fault> {
        let Some(cell) = self.bytes(column) else { return Ok(None) };
        parse(cell).map(Some).map_err(|reason| Fault { column: Some(column), reason: reason.to_owned() })
    }

    fn owned(&self, column: Column) -> Result<Option<String>, Fault> {
        Ok(self.text(column)?.map(str::to_owned))
    }
}

/// One row, and its ID where it has one.
fn incident(cells: &Cells<'_>, options: &Options) -> Result<(Incident, Option<String>), Fault> {
    let needed = |column: Column| Fault { column: Some(column), reason: "is blank".to_owned() };
    let occurred_from = cells.parsed(Column::Date, date_time)?.ok_or_else(|| needed(Column::Date))?;
    if occurred_from.year() < 1900 {
        return Err(Fault { column: Some(Column::Date), reason: "lies before 1900".to_owned() });
    }
    if occurred_from > latest_clock(options.now) {
        return Err(Fault { column: Some(Column::Date), reason: "lies in the future".to_owned() });
    }
    if let Some(year) = cells.parsed(Column::Year, whole_number)?
        && i32::from(year) != i32::from(occurred_from.year())
    {
        return Err(Fault {
            column: Some(Column::Year),
            reason: format!("is not the year of the date, {}", occurred_from.year()),
        });
    }
    let offence = Offence {
        iucr: cells.parsed(Column::Iucr, |cell| code(cell, 4))?.ok_or_else(|| needed(Column::Iucr))?,
        primary_type: cells.owned(Column::PrimaryType)?.ok_or_else(|| needed(Column::PrimaryType))?,
        description: cells.owned(Column::Description)?,
        fbi_code: cells.parsed(Column::FbiCode, |cell| code(cell, 2))?,
    };
    let (x_coordinate, y_coordinate) =
        (cells.parsed(Column::XCoordinate, decimal)?, cells.parsed(Column::YCoordinate, decimal)?);
    let (x_coordinate, y_coordinate) = if (x_coordinate, y_coordinate) == (Some(0.0), Some(0.0)) {
        (None, None)
    } else {
        (x_coordinate, y_coordinate)
    };
    let (latitude, longitude) = position(cells)?;
    let incident = Incident {
        case_number: cells.owned(Column::CaseNumber)?,
        occurred_from,
        occurred_to: None,
        offences: vec![offence],
        block: cells.owned(Column::Block)?,
        location_description: cells.owned(Column::LocationDescription)?,
        beat: cells.parsed(Column::Beat, |cell| digits(cell, 4))?,
        district: cells.parsed(Column::District, |cell| digits(cell, 3))?,
        ward: cells.parsed(Column::Ward, whole_number)?.filter(|ward| *ward != 0),
        community_area: cells.parsed(Column::CommunityArea, whole_number)?.filter(|area| *area != 0),
        arrest: cells.parsed(Column::Arrest, yes_or_no)?,
        domestic: cells.parsed(Column::Domestic, yes_or_no)?,
        status: None,
        updated_on: cells.parsed(Column::UpdatedOn, date_time)?,
        address: None,
        x_coordinate,
        y_coordinate,
        latitude,
        longitude,
    };
    Ok((incident, cells.owned(Column::Id)?))
}

/// Latitude and longitude: from their own columns, or from `Location` where those are blank.
fn position(cells: &Cells<'_>) -> Result<(Option<f64>, Option<f64>), Fault> {
    let own = (cells.parsed(Column::Latitude, decimal)?, cells.parsed(Column::Longitude, decimal)?);
    let (given, from) = match (own, cells.parsed(Column::Location, pair)?) {
        ((None, None), Some((latitude, longitude))) => ((Some(latitude), Some(longitude)), [Column::Location; 2]),
        _ => (own, [Column::Latitude, Column::Longitude]),
    };
    let [latitude_from, longitude_from] = from;
    let (latitude, longitude) = given;
    if latitude.is_some_and(|degrees| degrees.abs() > 90.0) {
        return Err(Fault {
            column: Some(latitude_from),
            reason: "is no latitude: it lies beyond 90 degrees".to_owned(),
        });
    }
    if longitude.is_some_and(|degrees| degrees.abs() > 180.0) {
        return Err(Fault {
            column: Some(longitude_from),
            reason: "is no longitude: it lies beyond 180 degrees".to_owned(),
        });
    }
    if let (Some(latitude), Some(longitude)) = given {
        let is = |(at_latitude, at_longitude): (f64, f64)| {
            (latitude - at_latitude).abs() < 1e-6 && (longitude - at_longitude).abs() < 1e-6
        };
        // The second is where position 0, 0 of the Illinois East state plane (EPSG:3435) lies.
        if [(0.0, 0.0), (36.619446395, -91.686565684)].into_iter().any(is) {
            return Ok((None, None));
        }
    }
    Ok((latitude, longitude))
}

/// The digest of the fields that say what happened when and where, in capitals and with single blanks.
fn digest(incident: &Incident) -> u128 {
    fn part(hash: &mut Sha256, text: Option<&str>) {
        let canonical =
            text.unwrap_or_default().split_ascii_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
        hash.update((canonical.len() as u64).to_be_bytes());
        hash.update(canonical.as_bytes());
    }
    let mut hash = Sha256::new();
    part(&mut hash, incident.case_number.as_deref());
    part(&mut hash, Some(&incident.occurred_from.to_string()));
    part(&mut hash, incident.block.as_deref());
    part(&mut hash, incident.location_description.as_deref());
    for offence in &incident.offences {
        part(&mut hash, Some(&offence.iucr));
        part(&mut hash, Some(&offence.primary_type));
        part(&mut hash, offence.description.as_deref());
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// What the clock shows at this moment where the day is furthest ahead: a local time after it has happened nowhere.
pub(crate) fn latest_clock(now: jiff::Timestamp) -> DateTime {
    Offset::constant(14).to_datetime(now)
}

/// `11/01/2018 12:00:00 PM` or `2018-11-01T12:00:00.000`.
fn date_time(cell: &[u8]) -> Result<DateTime, &'static str> {
    const UNREADABLE: &str = "is not a date like `11/01/2018 12:00:00 PM` or `2018-11-01T12:00:00.000`";
    const IMPOSSIBLE: &str = "is a date or time that does not exist";
    let number = |digits: &[u8]| -> Result<i16, &'static str> {
        digits.iter().try_fold(0i16, |number, byte| match byte {
            b'0'..=b'9' => Ok(number * 10 + i16::from(byte - b'0')),
            _ => Err(UNREADABLE),
        })
    };
    let (year, month, day, clock) = match cell {
        [m1, m2, b'/', d1, d2, b'/', y1, y2, y3, y4, b' ', clock @ ..] => {
            (number(&[*y1, *y2, *y3, *y4])?, number(&[*m1, *m2])?, number(&[*d1, *d2])?, clock)
        }
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b' ', clock @ ..] => {
            (number(&[*y1, *y2, *y3, *y4])?, number(&[*m1, *m2])?, number(&[*d1, *d2])?, clock)
        }
        _ => return Err(UNREADABLE),
    };
    let [h1, h2, b':', n1, n2, b':', s1, s2, rest @ ..] = clock else { return Err(UNREADABLE) };
    let (hour, minute, second) = (number(&[*h1, *h2])?, number(&[*n1, *n2])?, number(&[*s1, *s2])?);
    let mut nanosecond = 0;
    let hour = match rest {
        [] => hour,
        [b' ', half @ (b'A' | b'a' | b'P' | b'p'), b'M' | b'm'] => {
            if !(1..=12).contains(&hour) {
                return Err(IMPOSSIBLE);
            }
            hour % 12 + if matches!(half, b'P' | b'p') { 12 } else { 0 }
        }
        [b'.', fraction @ ..] if (1..=9).contains(&fraction.len()) => {
            for place in 0..9 {
                let digit = match fraction.get(place) {
                    None => 0,
                    Some(digit @ b'0'..=b'9') => i32::from(digit - b'0'),
                    Some(_) => return Err(UNREADABLE),
                };
                nanosecond = nanosecond * 10 + digit;
            }
            hour
        }
        _ => return Err(UNREADABLE),
    };
    let small = |number: i16| i8::try_from(number).map_err(|_| IMPOSSIBLE);
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, nanosecond)
        .map_err(|_| IMPOSSIBLE)
}

fn ascii(cell: &[u8]) -> Option<&str> {
    std::str::from_utf8(cell).ok().filter(|text| text.is_ascii())
}

/// A code of letters and digits, filled up with zeros on the left.
fn code(cell: &[u8], width: usize) -> Result<String, &'static str> {
    match ascii(cell) {
        Some(text) if text.len() <= 8 && cell.iter().all(u8::is_ascii_alphanumeric) => Ok(padded(text, width)),
        _ => Err("is not a code of letters and digits"),
    }
}

/// A number kept as text, filled up with zeros on the left. Spreadsheets turn `011` into `11` and `11.0`.
fn digits(cell: &[u8], width: usize) -> Result<String, &'static str> {
    let cell = cell.strip_suffix(b".0").unwrap_or(cell);
    match ascii(cell) {
        Some(text) if (1..=width).contains(&text.len()) && cell.iter().all(u8::is_ascii_digit) => {
            Ok(padded(text, width))
        }
        _ if width == 4 => Err("is not a number of at most four digits"),
        _ => Err("is not a number of at most three digits"),
    }
}

fn padded(text: &str, width: usize) -> String {
    let mut padded = String::with_capacity(width.max(text.len()));
    padded.extend(std::iter::repeat_n('0', width.saturating_sub(text.len())));
    padded.push_str(text);
    padded.make_ascii_uppercase();
    padded
}

fn whole_number(cell: &[u8]) -> Result<u16, &'static str> {
    let cell = cell.strip_suffix(b".0").unwrap_or(cell);
    ascii(cell).and_then(|text| text.parse().ok()).ok_or("is not a whole number")
}

fn decimal(cell: &[u8]) -> Result<f64, &'static str> {
    // "inf" and "nan" parse, and are no coordinates.
    ascii(cell).and_then(|text| text.parse().ok()).filter(|number: &f64| number.is_finite()).ok_or("is not a number")
}

/// `(41.88, -87.62)`.
fn pair(cell: &[u8]) -> Result<(f64, f64), &'static str> {
    const UNREADABLE: &str = "is not a position like `(41.88, -87.62)`";
    let inside = cell.strip_prefix(b"(").and_then(|cell| cell.strip_suffix(b")")).ok_or(UNREADABLE)?;
    let mut parts = inside.split(|byte| *byte == b',').map(|part| decimal(part.trim_ascii()));
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(latitude)), Some(Ok(longitude)), None) => Ok((latitude, longitude)),
        _ => Err(UNREADABLE),
    }
}

fn yes_or_no(cell: &[u8]) -> Result<bool, &'static str> {
    let is = |words: [&str; 3]| words.iter().any(|word| cell.eq_ignore_ascii_case(word.as_bytes()));
    if is(["true", "y", "1"]) {
        Ok(true)
    } else if is(["false", "n", "0"]) {
        Ok(false)
    } else {
        Err("is neither true nor false")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_both_formats() {
        let read = |text: &str| date_time(text.as_bytes()).map(|date| date.to_string());
        let lines = [
            ("11/01/2018 12:00:00 PM", "2018-11-01T12:00:00"),
            ("11/01/2018 12:00:00 AM", "2018-11-01T00:00:00"),
            ("11/01/2018 11:59:59 pm", "2018-11-01T23:59:59"),
            ("02/29/2016 01:05:00 AM", "2016-02-29T01:05:00"),
            ("11/01/2018 13:30:00", "2018-11-01T13:30:00"),
            ("2018-11-01T12:00:00.000", "2018-11-01T12:00:00"),
            ("2018-11-01T12:00:00", "2018-11-01T12:00:00"),
            ("2018-11-01 12:00:00.5", "2018-11-01T12:00:00.5"),
        ];
        for (text, expected) in lines {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "02/29/2018 01:00:00 AM",
            "13/01/2018 01:00:00 AM",
            "11/01/2018 13:00:00 PM",
            "11/01/2018 00:30:00 AM",
            "2018-11-01T24:00:00",
            "2018-11-01T12:60:00",
        ] {
            assert_eq!(read(text), Err("is a date or time that does not exist"), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "11/1/2018 1:00:00 AM",
            "2018-11-01",
            "11/01/2018 12:00:00 XM",
            "2018-11-01T12:00:00.",
            "2018-11-01T12:00:00.1234567890",
            "1１/01/2018 12:00:00 PM",
        ] {
            assert!(read(text).is_err_and(|reason| reason.starts_with("is not a date")), "{text}");
        }
    }

    #[test]
    fn every_column_stands_at_its_own_place() {
        for (place, (column, name, _)) in COLUMNS.iter().enumerate() {
            assert_eq!(*column as usize, place, "{name}");
        }
    }

    #[test]
    fn numbers_that_a_spreadsheet_has_touched_are_read() {
        assert_eq!(digits(b"11", 3).as_deref(), Ok("011"));
        assert_eq!(digits(b"11.0", 3).as_deref(), Ok("011"));
        assert_eq!(code(b"110", 4).as_deref(), Ok("0110"));
        assert_eq!(code(b"141a", 4).as_deref(), Ok("141A"));
        assert_eq!(whole_number(b"35.0"), Ok(35));
        assert!(digits(b"01234", 4).is_err() && digits(b"12A", 3).is_err() && code(b"08 B", 2).is_err());
        assert!(decimal(b"inf").is_err() && decimal(b"NaN").is_err() && whole_number(b"-1").is_err());
    }
}
