//! Reads what others hand in: files of a known source, and forms.
//!
//! In:    bytes, and on whose behalf they are filed.
//! Out:   [`Draft`]s; for a bad row a [`Rejection`] with line, field and reason; for a bad form a [`forms::FormError`].
//! Never: decides who may file, files anything, asks the time, repairs a value by guessing.
//!
//! # How
//! A source is a file here with `open(path)` and `read(bytes)`, each giving a reader that is an iterator of
//! [`Row`]s. A file is streamed: memory does not grow with its length. A bad row never stops a file; a file that
//! cannot be read to its end stops with an [`Error`] that names the line reached.
//!
//! INVARIANT (a row has one id): ids derive from the source's own number, or from the row where it has none, so that
//! loading a file again proposes the same records again. The caller asks the store which of them it has.
//!
//! # Change here
//! A source: one file beside `chicago_crimes.rs`, and a line in README.md. A compression: `input.rs`. A check at
//! entry (GR31) of forms: `forms.rs`.

pub mod chicago_crimes;
pub mod forms;
mod input;
mod parquet_columns;
pub mod tables;

use std::fmt;
use std::io;
use std::path::PathBuf;

use clear_record::{AccountId, AgencyId, Caveat, Draft, Label, Record};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// On whose behalf a file is read, and on which clock.
#[derive(Debug, Clone)]
pub struct Options {
    /// The agency that contributes the rows, and owns them.
    pub owner: AgencyId,
    /// The account that files them.
    pub author: AccountId,
    /// The zone of the source's local times.
    pub time_zone: TimeZone,
    /// The present moment: nothing that has happened lies after it.
    pub now: Timestamp,
}

/// What became of one line of a file.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every row is a draft, and a box would cost an allocation for each"
)]
pub enum Row {
    /// It can be filed.
    Draft(Draft),
    /// It cannot.
    Rejection(Rejection),
}

/// A line that could not become a draft. Nothing of it was taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its number in the (unpacked) file, the header being line 1.
    pub line: u64,
    /// The field at fault, under the name that the source's publisher gives it; `None` when it is the whole line.
    pub field: Option<&'static str>,
    /// Why, as the end of a sentence that begins with the field's name.
    pub reason: String,
    /// The line as it stood, cut to [`Rejection::ROW_CHARS`] characters.
    pub row: String,
}

impl Rejection {
    /// How many characters of the line are kept.
    pub const ROW_CHARS: usize = 400;
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} {}", self.line, self.field.unwrap_or("the row"), self.reason)
    }
}

// A row may speak of people, so it never reaches a log by accident.
impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rejection(line {})", self.line)
    }
}

/// Why a file could not be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, is a folder, or may not be opened.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It broke off: a truncated or damaged compressed file, or a failing disk.
    #[error("cannot read `{name}` beyond line {line}")]
    Read {
        /// The file's name.
        name: String,
        /// The last line that was read whole.
        line: u64,
        /// What the decoder or the system said.
        source: io::Error,
    },
    /// It is an archive or in a compression that is not read here.
    #[error("`{name}` is a {format} file, which is not read here: unpack it first (plain, .gz and .zst are read)")]
    Format {
        /// The file's name.
        name: String,
        /// What its first bytes say it is.
        format: &'static str,
    },
    /// Not even a header.
    #[error("`{name}` is empty: it has no header line")]
    Empty {
        /// The file's name.
        name: String,
    },
    /// The header is another file's.
    #[error("`{name}` is not a file of {source_name}: it lacks the column{} {}; its header has {}", if missing.len() == 1 { "" } else { "s" }, quoted(missing), quoted(found))]
    Header {
        /// The file's name.
        name: String,
        /// The source that was asked for.
        source_name: &'static str,
        /// Columns that must be there and are not.
        missing: Vec<String>,
        /// Columns that are there, at most 40, each cut to 40 characters.
        found: Vec<String>,
    },
    /// Two columns claim to be the same one.
    #[error("`{name}` has the column `{column}` twice")]
    RepeatedColumn {
        /// The file's name.
        name: String,
        /// Which.
        column: &'static str,
    },
}

fn quoted(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The label that a record's own contents ask for: its kind, the instrument of a hot-file entry, and *juvenile* where
/// the age at the event is under 18. Whoever files tightens it to its whole's with [`Label::within`].
pub fn label(owner: &AgencyId, record: &Record) -> Label {
    let mut label = Label::of(owner.clone(), record.kind());
    match record {
        Record::HotFile(entry) => label.instrument = Some(entry.instrument),
        Record::Involvement(involvement) if involvement.age_years.is_some_and(|age| age < 18) => {
            label.caveats.insert(Caveat::Juvenile);
        }
        _ => {}
    }
    label
}
