//! Openings as they are made (GR27): with them a holder works the leaves out that the public log shows.
//!
//! In:    a place in the log.
//! Out:   lines: entry, leaf, random bytes and the bytes exactly as committed; or, where an owner may not have them whole,
//!        the leaf and the line of its list.
//! Never: gives an owner the opening of an entry that tells of another owner's records, or of another agency's officer.
//!
//! Why a part of an opening is not given: decision 0019.

use std::collections::BTreeMap;
use std::time::Duration;

use clear_audit::{Event, Key, Opened, Opening, Place, Receipt, What, Whose};
use clear_identity::Proven;
use clear_record::{AgencyId, Request};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{Disclosure, Reader, Told, Unread, belongings, hex, reader};
use crate::desk::Desk;
use crate::entry::{Entry, Refusal};

/// Lines of one answer.
const LINES_MAX: usize = 500;
/// The longest wait for something new.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// What the log says of a reading like this one, so that a reader who waits is not woken by its own reading.
const READING: &str = "openings";

/// From where on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningsWish {
    /// The first entry.
    pub from: u64,
    /// How long to wait where there is nothing yet, seconds, at most 30.
    pub wait_s: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Openings {
    /// The lines, oldest first.
    pub lines: Vec<OpeningLine>,
    /// `from` of the next answer.
    pub next: u64,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpeningLine {
    /// Its place.
    pub entry: u64,
    /// The hash of its leaf in the tree, in hex.
    pub leaf: String,
    /// The 32 random bytes of its commitment, in hex; a clear entry has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Its bytes exactly as committed, where they are text; they are JSON of an event, or of an entry of the register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether it is given whole: the leaf is the hash of what is given.
    pub whole: bool,
    /// What it says of the reader's own records, where it is not given whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<Disclosure>,
    /// Whether it was destroyed, as an expungement orders; a later entry states the basis.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroyed: bool,
    /// Why it does not open: an alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<String>,
}

/// An entry as it was read.
enum Read {
    Whole(Box<Opening>),
    Told(Box<Told>),
    Flawed { entry: u64, leaf: [u8; 32], why: String },
}

impl Desk {
    /// The openings from a place of the log on: to oversight of every entry, to an owner of what was disclosed of its
    /// records. With a wait, the answer comes when there is something, so that a holder has them as they are made.
    ///
    /// # Errors
    /// A [`Refusal`], as for [`Desk::disclosures`].
    pub async fn openings(&self, request: Proven<Request<OpeningsWish>>) -> Result<(Openings, Receipt), Refusal> {
        let entry = Entry::asked(self, &request, READING, &request.question);
        let reader = match reader(self, &request) {
            Ok(reader) => reader,
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        let wish = request.question;
        if wish.wait_s > WAIT_MAX.as_secs() {
            return Err(entry.wrong(format!("`wait` should be from 0 to {} seconds", WAIT_MAX.as_secs())).await);
        }
        let openings = match self.wait_for_openings(&reader, wish).await {
            Ok(openings) => openings,
            Err(error) => return Err(entry.failed(&error).await),
        };
        // An order may have come while this waited.
        if let Err(denial) = super::reader(self, &Request { asked_at: self.clock(), ..request.into_inner() }) {
            return Err(entry.refuse(*denial).await);
        }
        let event = Event {
            count: Some(openings.lines.len() as u64),
            why: Some(READING.into()),
            ..entry.event(What::Answered)
        };
        let receipt = entry.ended(event).await?;
        Ok((openings, receipt))
    }

    async fn wait_for_openings(&self, reader: &Reader, wish: OpeningsWish) -> Result<Openings, Unread> {
        let index = self.ledger_index();
        let until = Instant::now() + Duration::from_secs(wish.wait_s);
        let mut from = wish.from;
        index.caught_up(self.log().synced_size(), super::CATCH_UP).await;
        loop {
            let (owner, looked) = (reader.owner(), index.clone());
            let read = tokio::task::spawn_blocking(move || read(&looked, owner.as_ref(), from)).await?;
            let (entries, next) = read?;
            let left = until.saturating_duration_since(Instant::now());
            let news = entries.iter().any(Read::is_news) || entries.len() == LINES_MAX;
            if news || left.is_zero() {
                let mut lines = Vec::with_capacity(entries.len());
                let mut names = BTreeMap::new();
                for read in entries {
                    lines.push(self.opening_line(reader, read, &mut names).await?);
                }
                return Ok(Openings { lines, next });
            }
            // What was read and is no news is given with what comes; an owner's look goes on where nothing was found.
            if entries.is_empty() {
                from = next.max(from);
            }
            index.grown(next, left).await;
        }
    }

    async fn opening_line(
        &self,
        reader: &Reader,
        read: Read,
        names: &mut BTreeMap<clear_record::AccountId, String>,
    ) -> Result<OpeningLine, Unread> {
        let line = |entry: u64, leaf: &[u8; 32]| OpeningLine {
            entry,
            leaf: hex(leaf),
            salt: None,
            body: None,
            whole: false,
            disclosure: None,
            destroyed: false,
            flaw: None,
        };
        Ok(match read {
            Read::Flawed { entry, leaf, why } => OpeningLine { flaw: Some(why), ..line(entry, &leaf) },
            Read::Whole(opening) if opening.is_destroyed() => {
                OpeningLine { destroyed: true, ..line(opening.index, &opening.leaf) }
            }
            Read::Whole(opening) => whole(&opening, line(opening.index, &opening.leaf)),
            Read::Told(told) => {
                let bare = line(told.opening.index, &told.opening.leaf);
                match may_have_whole(reader, &told.event) {
                    true => whole(&told.opening, bare),
                    false => OpeningLine { disclosure: Some(self.line(reader, &told, names).await?), ..bare },
                }
            }
        })
    }
}

/// An owner has an opening whole where every record of it is its own, and so is the officer.
fn may_have_whole(reader: &Reader, event: &Event) -> bool {
    event.is_all_of(&reader.home) && event.agency.as_ref() == Some(&reader.home)
}

fn whole(opening: &Opening, bare: OpeningLine) -> OpeningLine {
    match std::str::from_utf8(&opening.body) {
        Ok(body) => {
            OpeningLine { salt: opening.salt.map(|salt| hex(&salt)), body: Some(body.to_owned()), whole: true, ..bare }
        }
        // Nothing that is written today; its leaf stands, and its bytes are in the log's folder.
        Err(_) => OpeningLine { flaw: Some("its bytes are no text".into()), ..bare },
    }
}

impl Read {
    /// Whether somebody who waits wants to know: anything but the readings of openings.
    fn is_news(&self) -> bool {
        let Read::Whole(opening) = self else { return true };
        let Opened::Event(event) = &opening.opened else { return true };
        match event.what {
            What::Asked => event.question.as_deref().is_none_or(|asked| asked.split(' ').next() != Some(READING)),
            What::Answered => event.why.as_deref() != Some(READING),
            _ => true,
        }
    }
}

/// The next entries for a reader, and where the next look begins.
fn read(
    index: &clear_audit::Disclosures,
    owner: Option<&AgencyId>,
    from: u64,
) -> Result<(Vec<Read>, u64), clear_audit::Error> {
    let flawed =
        |place: Place, why: String| index.leaf(place).map(|leaf| Read::Flawed { entry: place.index, leaf, why });
    let mut entries = Vec::new();
    let Some(owner) = owner else {
        let mut broken = Vec::new();
        let next = index.read_from(from, LINES_MAX, |place, opening| match opening {
            Ok(opening) => entries.push(Read::Whole(Box::new(opening))),
            Err(why) => broken.push((entries.len() + broken.len(), place, why)),
        })?;
        for (at, place, why) in broken {
            entries.insert(at.min(entries.len()), flawed(place, why.to_owned())?);
        }
        return Ok((entries, next));
    };
    let upto = index.upto();
    let places = index.oldest(Whose::Of(owner), &Key::All, from..upto.max(from), LINES_MAX)?;
    let next = match places.last() {
        Some(last) if places.len() == LINES_MAX => last.index + 1,
        _ => upto.max(from),
    };
    for place in places {
        match index.entry(place) {
            Ok(opening) if opening.is_destroyed() => entries.push(Read::Whole(Box::new(opening))),
            Ok(opening) => entries.extend(belongings(index, opening)?.map(|told| Read::Told(Box::new(told)))),
            Err(clear_audit::Error::Opening { why, .. }) => entries.push(flawed(place, why.to_owned())?),
            Err(error) => return Err(error),
        }
    }
    Ok((entries, next))
}
