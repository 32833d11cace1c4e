//! The register as one signed file, that a citizen can keep and verify.
//!
//! In:    the register's entries, and where each stands in the log.
//! Out:   a signed note: a heading, five lines, then one line of JSON per entry, in order.
//! Never: shows who belongs where, which words are looked for, or which person is suspended: of those, the commitment.
//!
//! # How
//! An entry that everybody may read is given as the JSON that stands in the log. Any other is given by the place of its
//! leaf and the commitment that the leaf is, so that anybody can see that it was there, and whoever is shown the entry
//! with its salt can check that it was this one. Verifying folds the entries again, and so checks every order's and
//! every agency suspension's signatures.
//!
//! # Change here
//! What everybody may read: [`Entry::is_public`].

use clear_audit::{NoteFlaw, Opened};
use clear_policy::{BadEntry, Entry, Register};
use clear_record::AgencyId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::desk::Desk;

const HEADING: &str = "OpenCLEAR register, version 1";
const NODE: &str = "node";
const LEAVES: &str = "register-leaves";
/// The lines before the first entry.
const HEAD_LINES: usize = 5;

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum ExportError {
    #[error("cannot read the register")]
    Store(#[from] clear_store::Error),
    #[error("cannot read the log")]
    Log(#[from] clear_audit::Error),
    #[error("entry {0} of the register is not in the log as it is in the ledger")]
    Differs(usize),
    #[error("the register is empty: nothing was founded")]
    Empty,
    #[error("cannot sign")]
    Sign(#[from] NoteFlaw),
    #[error("cannot publish the log")]
    LogDown(#[from] clear_audit::LogDown),
    #[error("reading the log was interrupted")]
    Unfinished,
}

/// Where the register's entries stand in the log, as far as it was looked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Leaves {
    /// The log was looked through up to here.
    upto: u64,
    known: Vec<Place>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    leaf: u64,
    /// Lowercase hex; absent for an entry that everybody may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commitment: Option<String>,
}

/// An entry that is not shown.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Withheld {
    entry: String,
    leaf: u64,
    commitment: String,
}

impl Desk {
    /// The register as one signed file.
    ///
    /// # Errors
    /// See [`ExportError`].
    pub async fn register_export(&self) -> Result<String, ExportError> {
        let bodies: Vec<Vec<u8>> = self.ledger_register().await?;
        let register = self.register();
        let founding = register.founding().ok_or(ExportError::Empty)?;
        // What is not in the log is not visible: the register in memory is what the log has.
        let bodies = bodies.get(..register.version() as usize).unwrap_or(&bodies).to_vec();
        let leaves = self.places(bodies.clone()).await?;
        // Whoever looks for the commitments finds them under the checkpoint.
        if leaves.known.last().is_some_and(|place| place.leaf >= self.public_log().published_size()) {
            self.public_log().publish().await?;
        }
        let mut text = format!(
            "{HEADING}\nlog: {}\ninstallation: {}\nversion: {}\nat: {}\n",
            self.public_log().origin(),
            founding.name,
            bodies.len(),
            self.clock()
        );
        for (number, (body, place)) in (1..).zip(bodies.iter().zip(&leaves.known)) {
            let line = match (&place.commitment, serde_json::from_slice::<Entry>(body)) {
                (_, Err(_)) => return Err(ExportError::Differs(number)),
                (None, Ok(entry)) if entry.is_public() => String::from_utf8_lossy(body).into_owned(),
                // An entry that an older version logged in the clear is in the log for everybody; it is not repeated.
                (commitment, Ok(entry)) => {
                    let (entry, commitment) = (entry.name().to_owned(), commitment.clone().unwrap_or_default());
                    serde_json::to_string(&Withheld { entry, leaf: place.leaf, commitment }).unwrap_or_default()
                }
            };
            text.push_str(&line);
            text.push('\n');
        }
        Ok(self.public_log().sign_note(&text)?)
    }

    /// Where each of these entries stands in the log. The log is looked through once, and not again after a restart.
    async fn places(&self, bodies: Vec<Vec<u8>>) -> Result<Leaves, ExportError> {
        let known = |leaves: &Leaves| leaves.known.len() >= bodies.len();
        let cached = self.cached_leaves();
        if known(&cached) {
            return Ok(cached);
        }
        let turn = self.reading.clone().lock_owned().await;
        let card = self.cards().get(NODE, LEAVES).await?;
        let (revision, stored) = card.map_or((0, Leaves::default()), |card| {
            // What does not read is found again in the log.
            (card.revision, serde_json::from_slice(&card.body).unwrap_or_default())
        });
        let newest = if stored.known.len() > self.cached_leaves().known.len() { stored } else { self.cached_leaves() };
        let (log, wanted) = (self.public_log().clone(), bodies.len());
        let look = move || {
            let _turn = turn;
            look(&log, newest, &bodies)
        };
        let found = tokio::task::spawn_blocking(look).await.map_err(|_| ExportError::Unfinished)??;
        if found.known.len() < wanted {
            return Err(ExportError::Differs(found.known.len() + 1));
        }
        let body = serde_json::to_vec(&found).unwrap_or_default();
        // Somebody else may have written it meanwhile; then it is there.
        let _ = self.cards().put(NODE, LEAVES, revision, None, None, body).await;
        self.keep_leaves(found.clone());
        Ok(found)
    }
}

/// Looks through the log for entries of the register that are not known yet.
fn look(log: &clear_audit::Log, mut leaves: Leaves, bodies: &[Vec<u8>]) -> Result<Leaves, ExportError> {
    for leaf in log.openings(leaves.upto..u64::MAX)?.of_outbox() {
        let Some(wanted) = bodies.get(leaves.known.len()) else { break };
        let leaf = leaf?;
        let (Opened::Clear(body) | Opened::Sealed(body)) = &leaf.opened else { continue };
        if body != wanted {
            return Err(ExportError::Differs(leaves.known.len() + 1));
        }
        let commitment = leaf.commitment.map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        leaves.known.push(Place { leaf: leaf.index, commitment });
        leaves.upto = leaf.index + 1;
    }
    Ok(leaves)
}

/// What an export was found to say, and to be right about.
#[derive(Debug, Clone)]
pub struct CheckedExport {
    /// The log's origin.
    pub log: String,
    /// When it was made.
    pub at: Timestamp,
    /// The register that its entries fold to. Who belongs where is not in it.
    pub register: Register,
    /// Entries that are given as commitments only: the leaf's place, and its hash in the log's tree.
    pub withheld: Vec<(u64, [u8; 32])>,
}

/// What is wrong with an export.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum ExportFlaw {
    #[error("line {line} should be `{expected}`")]
    Line { line: usize, expected: String },
    #[error(
        "the file says that the register has {said} entries, and has {is}: from line {line} on something is missing or too much"
    )]
    Count { line: usize, said: usize, is: usize },
    #[error("line {line} is no entry of a register: {what}")]
    Entry { line: usize, what: String },
    #[error("line {line} does not follow from the lines before it: {source}")]
    Fold { line: usize, source: BadEntry },
    #[error(transparent)]
    Note(#[from] NoteFlaw),
    #[error("line 2 names the log `{said}`; the key is of `{is}`")]
    OtherLog { said: String, is: String },
}

/// Checks an export: its lines, the signature of the log's key, and that its entries fold, with every signature of an
/// order in them.
///
/// # Errors
/// The first flaw, with its line where it has one.
pub fn check_export(note: &str, vkey: &str) -> Result<CheckedExport, ExportFlaw> {
    // The shape first: a signature that does not hold cannot say which line it is.
    let (text, _) = note.split_once("\n\n— ").ok_or(NoteFlaw::Malformed)?;
    let lines: Vec<&str> = text.lines().collect();
    let head = Head::read(&lines)?;
    let entries = lines.get(HEAD_LINES..).unwrap_or_default();
    if entries.len() != head.version {
        let line = HEAD_LINES + 1 + head.version.min(entries.len());
        return Err(ExportFlaw::Count { line, said: head.version, is: entries.len() });
    }
    let parsed: Vec<Shown> = (HEAD_LINES + 1..)
        .zip(entries)
        .map(|(line, entry)| Shown::read(entry).map_err(|what| ExportFlaw::Entry { line, what }))
        .collect::<Result<_, _>>()?;
    clear_audit::open_note(note, vkey)?;
    let name = vkey.split('+').next().unwrap_or_default();
    if head.log != name {
        return Err(ExportFlaw::OtherLog { said: head.log, is: name.to_owned() });
    }
    let (mut register, mut withheld, mut persons) = (Register::new(), Vec::new(), false);
    for (line, shown) in (HEAD_LINES + 1..).zip(parsed) {
        match shown {
            Shown::Withheld { name, leaf, hash } => {
                persons |= name == "suspension";
                withheld.extend(hash.map(|hash| (leaf, hash)));
                register.withhold();
            }
            Shown::Entry(entry) => match register.apply(&entry) {
                Ok(()) => {}
                // The end of a suspension that is not shown because a person was suspended.
                Err(BadEntry::NoSuspension(_)) if persons => register.withhold(),
                Err(source) => return Err(ExportFlaw::Fold { line, source }),
            },
        }
    }
    if register.founding().is_none_or(|founding| founding.name != head.installation) {
        return Err(ExportFlaw::Line { line: 3, expected: "installation: as the founding document says".into() });
    }
    Ok(CheckedExport { log: head.log, at: head.at, register, withheld })
}

struct Head {
    log: String,
    installation: AgencyId,
    version: usize,
    at: Timestamp,
}

impl Head {
    fn read(lines: &[&str]) -> Result<Head, ExportFlaw> {
        let flaw = |line: usize, expected: &str| ExportFlaw::Line { line, expected: expected.to_owned() };
        let value = |at: usize, name: &str| {
            let line = lines.get(at).and_then(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.ok_or(flaw(at + 1, &format!("{name}: …")))
        };
        if lines.first() != Some(&HEADING) {
            return Err(flaw(1, HEADING));
        }
        Ok(Head {
            log: value(1, "log")?.to_owned(),
            installation: value(2, "installation")?.parse().map_err(|_| flaw(3, "installation: NAME"))?,
            version: value(3, "version")?.parse().map_err(|_| flaw(4, "version: NUMBER"))?,
            at: value(4, "at")?.parse().map_err(|_| flaw(5, "at: MOMENT"))?,
        })
    }
}

/// One line of an export.
enum Shown {
    Entry(Entry),
    /// `hash` is absent where an older version had logged the entry in the clear.
    Withheld {
        name: String,
        leaf: u64,
        hash: Option<[u8; 32]>,
    },
}

impl Shown {
    fn read(line: &str) -> Result<Shown, String> {
        if let Ok(Withheld { entry: name, leaf, commitment }) = serde_json::from_str::<Withheld>(line) {
            if commitment.is_empty() {
                return Ok(Shown::Withheld { name, leaf, hash: None });
            }
            let hash = commitment_of(&commitment).ok_or("its commitment is not 64 hexadecimal digits")?;
            return Ok(Shown::Withheld { name, leaf, hash: Some(clear_audit::leaf_of_commitment(&hash)) });
        }
        serde_json::from_str(line).map(Shown::Entry).map_err(|error| error.to_string())
    }
}

fn commitment_of(hex: &str) -> Option<[u8; 32]> {
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(byte).collect();
    bytes?.try_into().ok()
}
