//! The disclosure ledger: who saw what, why, when (GR26, GR27).
//!
//! In:    a question about the log by an owner of records, an originator, or an oversight body.
//! Out:   a [`DisclosureList`] with its receipt: lines from the sealed entries of the log, newest first.
//! Never: shows an owner what was another's; names another agency's officer to an owner; answers from anything but the log.
//!
//! # How
//! The index of `clear-audit` says where in the log it stands; the lines are made from those entries. An owner's lines are
//! of what was its own when it was disclosed, as the entry says: what is not the asker's is not found, by the same look
//! and with the same words as what is not there. Clerks and stewards of owners and oversight bodies read, as the rules for
//! reviewing say; an order over an agency ends that with everything else.
//!
//! # Change here
//! Openings for whoever wants to work leaves out: `openings.rs`. A person's own report and what may delay it:
//! `subject.rs`. *Was this you?*: `digest.rs`.

mod digest;
mod openings;
mod owners;
mod pseudonym;
mod subject;

pub use digest::{AskedGroup, DigestRound, WasThisYou};
pub use openings::{OpeningLine, Openings, OpeningsWish};
pub use subject::{Delay, DelayReview, NewDelay, ReviewDelay, SubjectLine, SubjectReport};

pub(crate) use digest::{Due, looked_at, may_open};
pub(crate) use owners::owners;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use clear_audit::{Disclosures, Event, Key, Opened, Opening, Place, Receipt, What, Whose};
use clear_identity::Proven;
use clear_policy::{AgencyKind, Decision, Deed, Denial, may};
use clear_record::{AccountId, AgencyId, RecordId, Request};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::desk::Desk;
use crate::entry::{Entry, Refusal};

/// Lines of one page, unless fewer are wanted.
pub const PAGE: usize = 100;
/// Lines of one page at most.
const PAGE_MAX: usize = 500;
/// Records of one person that are looked at.
const PERSON_RECORDS_MAX: usize = 200;
/// Up to so many places of several records, each entry is counted once.
const EXACT_MAX: u64 = 20_000;
/// How long a list waits for an index that is behind; then it says how far behind it is.
const CATCH_UP: Duration = Duration::from_secs(2);

/// So many entries behind is an alarm.
const LAGGING: u64 = 100_000;

/// What a list is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Everything that the asker may read of.
    Everything,
    /// One record.
    Record(RecordId),
    /// A person: the record, and every record that names it.
    Person(RecordId),
    /// What went to an agency, or had it on its path.
    Agency(AgencyId),
    /// What one officer saw: an account, or the pseudonym of one.
    Officer(String),
    /// What was disclosed for a case.
    Case(String),
}

/// A question to the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureWish {
    /// About what.
    pub about: About,
    /// From this day on, in the city's time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Up to this day, inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Lines before this entry of the log: the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How many lines, at most 500.
    pub limit: usize,
}

/// One disclosure.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Disclosure {
    /// The entry of the log that says so.
    pub entry: u64,
    /// The hash of its leaf in the tree, in hex.
    pub leaf: String,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// `answered`, `batch` (a part of a streamed answer) or `production`.
    #[schema(value_type = String)]
    pub what: What,
    /// The request's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The home agency of who saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The account; another agency's officer under a pseudonym, but to oversight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// Whether `officer` is a pseudonym.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pseudonym: bool,
    /// Every agency of the question.
    pub path: Vec<String>,
    /// The agencies that it went on to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// The declared purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The declared use code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_code: Option<String>,
    /// The case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Why, in the asker's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The danger that was stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<String>,
    /// The docket of a production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docket: Option<String>,
    /// Which records: those that were the reader's own then; all of them, to oversight.
    pub records: Vec<String>,
    /// How many other records it told of.
    pub others: u64,
    /// Why it did not leave after all: an order came, or a record was closed tighter, in that moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}

// INVARIANT (people's data has no Debug): a reason names persons.
impl std::fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disclosure").field("entry", &self.entry).finish_non_exhaustive()
    }
}

/// What the ledger answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DisclosureList {
    /// The newest first.
    pub disclosures: Vec<Disclosure>,
    /// How many there are in all, on every page.
    pub count: u64,
    /// Whether `count` is exact; of a person with many records it may count an answer once for each record.
    pub exact: bool,
    /// `before` of the next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Entries of the log that the index has not read yet; this list may lack what they say.
    pub behind: u64,
    /// Entries that do not open, each an alarm: for oversight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flawed: Vec<u64>,
    /// Entries of this page whose opening was destroyed, as an expungement orders: they were, and say nothing any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destroyed: Vec<u64>,
}

/// Who reads, and what is theirs.
pub(crate) struct Reader {
    pub(crate) home: AgencyId,
    /// Whether all records are its business: an oversight body.
    pub(crate) oversight: bool,
}

impl Reader {
    /// Whose records it reads about.
    pub(crate) fn owner(&self) -> Option<AgencyId> {
        (!self.oversight).then(|| self.home.clone())
    }
}

/// Who may read the ledger, and about what; decided as a review is. An agency that an order cuts off reads nothing.
pub(crate) fn reader<Q>(desk: &Desk, request: &Request<Q>) -> Result<Reader, Box<Denial>> {
    let register = desk.register();
    if let Decision::Deny(denial) = may(&register, &*desk.rules(), Deed::Review, request) {
        return Err(Box::new(denial));
    }
    let home = request.standing.agency.clone().ok_or(Denial::SignIn).map_err(Box::new)?;
    let kind = register.agency(&home).map(|agency| agency.kind);
    match kind {
        Some(AgencyKind::Oversight) => Ok(Reader { home, oversight: true }),
        _ if register.is_owner(&home) => Ok(Reader { home, oversight: false }),
        _ => Err(Box::new(Denial::NotPermitted(Deed::Review))),
    }
}

/// What is looked for, after names were looked up.
#[derive(Clone)]
pub(crate) enum Sought {
    Everything,
    Records(Vec<RecordId>),
    Agency(AgencyId),
    Account(AccountId),
    Case(String),
    /// Nothing that this reader could find.
    Nothing,
}

impl Sought {
    fn keys(&self) -> Vec<Key<'_>> {
        match self {
            Sought::Everything => vec![Key::All],
            Sought::Records(ids) => ids.iter().map(|id| Key::Record(*id)).collect(),
            Sought::Agency(id) => vec![Key::Agency(id)],
            Sought::Account(id) => vec![Key::Account(id)],
            Sought::Case(case) => vec![Key::Case(case)],
            Sought::Nothing => Vec::new(),
        }
    }
}

/// An entry that says that something was disclosed, with what belongs to it.
pub(crate) struct Told {
    pub(crate) opening: Opening,
    pub(crate) event: Event,
    pub(crate) asked: Option<Event>,
    pub(crate) withheld: Option<String>,
}

/// What was found in the log.
pub(crate) struct Looked {
    pub(crate) told: Vec<Told>,
    pub(crate) count: u64,
    pub(crate) exact: bool,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<u64>,
    pub(crate) flawed: Vec<u64>,
    pub(crate) destroyed: Vec<u64>,
}

/// Why the ledger cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub(crate) enum Unread {
    #[error("cannot read the disclosure ledger")]
    Log(#[from] clear_audit::Error),
    #[error("reading the disclosure ledger was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
    #[error("cannot use the cards")]
    Desk(#[from] crate::desk::Error),
}

impl Desk {
    /// Lists disclosures: of a record, a person, to an agency, to an officer, for a case, or everything; newest first.
    ///
    /// # Errors
    /// A [`Refusal`]: no owner's clerk or steward and no oversight body, cut off; a page or a date that cannot be.
    pub async fn disclosures(
        &self,
        request: Proven<Request<DisclosureWish>>,
    ) -> Result<(DisclosureList, Receipt), Refusal> {
        let entry = Entry::asked(self, &request, "disclosures", &request.question);
        let reader = match reader(self, &request) {
            Ok(reader) => reader,
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        let wish = &request.question;
        if !(1..=PAGE_MAX).contains(&wish.limit) {
            return Err(entry.wrong(format!("`limit` should be from 1 to {PAGE_MAX}")).await);
        }
        if wish.from.zip(wish.until).is_some_and(|(from, until)| until < from) {
            return Err(entry.wrong("`until` is before `from`".into()).await);
        }
        let list = async {
            let (sought, left_out) = self.sought(&reader, &wish.about).await?;
            let list = self.list(&reader, sought, wish).await?;
            // What is not looked at is not counted either.
            Ok::<_, Unread>(DisclosureList { exact: list.exact && !left_out, ..list })
        };
        match list.await {
            Ok(list) => {
                let receipt = entry.told(list.disclosures.len() as u64).await?;
                Ok((list, receipt))
            }
            Err(error) => Err(entry.failed(&error).await),
        }
    }

    async fn list(&self, reader: &Reader, sought: Sought, wish: &DisclosureWish) -> Result<DisclosureList, Unread> {
        let behind = self.ledger_index().caught_up(self.log().synced_size(), CATCH_UP).await;
        let days = (wish.from, wish.until);
        let looked = self.look(reader.owner(), sought, days, wish.before, wish.limit).await?;
        let mut disclosures = Vec::with_capacity(looked.told.len());
        let mut names = BTreeMap::new();
        for told in &looked.told {
            disclosures.push(self.line(reader, told, &mut names).await?);
        }
        Ok(DisclosureList {
            next: looked.next,
            disclosures,
            count: looked.count,
            exact: looked.exact,
            behind,
            flawed: looked.flawed,
            destroyed: looked.destroyed,
        })
    }

    /// What an asker's word stands for, and whether that is not all of it. What it may not know stands for nothing.
    async fn sought(&self, reader: &Reader, about: &About) -> Result<(Sought, bool), Unread> {
        let mut left_out = false;
        let sought = match about {
            About::Everything => Sought::Everything,
            About::Record(id) => Sought::Records(vec![*id]),
            About::Person(id) => {
                let (ids, more) = self.records_of_person(*id).await?;
                left_out = more;
                Sought::Records(ids)
            }
            About::Agency(id) => Sought::Agency(id.clone()),
            About::Case(case) => Sought::Case(case.trim().to_owned()),
            About::Officer(text) => match pseudonym::behind(self, &reader.home, text).await? {
                Some(account) => Sought::Account(account),
                None => self.officer(reader, text).await?.map_or(Sought::Nothing, Sought::Account),
            },
        };
        Ok((sought, left_out))
    }

    /// An account by its own name, for oversight and for the account's own agency.
    async fn officer(&self, reader: &Reader, text: &str) -> Result<Option<AccountId>, Unread> {
        let Ok(id) = text.trim().parse::<AccountId>() else { return Ok(None) };
        if reader.oversight {
            return Ok(Some(id));
        }
        let known = self.identity().account(&id).await.map_err(crate::desk::Error::from)?;
        Ok(known.filter(|known| known.agency == reader.home).map(|known| known.id))
    }

    /// The record of a person and every record that names it; and whether there are more of them than are looked at.
    async fn records_of_person(&self, person: RecordId) -> Result<(Vec<RecordId>, bool), Unread> {
        self.shelves().catch_up(self.visible()).await.map_err(crate::desk::Error::from)?;
        let mut ids = vec![person];
        ids.extend(self.shelves().naming(person));
        ids.sort_unstable();
        ids.dedup();
        let more = ids.len() > PERSON_RECORDS_MAX;
        if more {
            // The person's own record is never the one that is left out.
            ids.retain(|id| *id != person);
            ids.truncate(PERSON_RECORDS_MAX - 1);
            ids.push(person);
        }
        Ok((ids, more))
    }

    /// Looks in the log, on a thread that may wait for the disk.
    async fn look(
        &self,
        owner: Option<AgencyId>,
        sought: Sought,
        days: (Option<Date>, Option<Date>),
        before: Option<u64>,
        limit: usize,
    ) -> Result<Looked, Unread> {
        let zone = self.time_zone();
        let begins =
            move |day: Option<Date>| day.and_then(|day| day.to_zoned(zone.clone()).ok()).map(|it| it.timestamp());
        let (from, until) = (begins(days.0), begins(days.1.map(|day| day.saturating_add(1.day()))));
        let index = self.ledger_index();
        let look = move || {
            let bound = |moment: Option<Timestamp>| moment.map(|moment| index.at(moment)).transpose();
            let range = bound(from)?.unwrap_or(0)..bound(until)?.unwrap_or(u64::MAX);
            look(&index, owner.as_ref(), &sought, range, before, limit)
        };
        Ok(tokio::task::spawn_blocking(look).await??)
    }

    /// A line of the list, as this reader may read it.
    async fn line(
        &self,
        reader: &Reader,
        told: &Told,
        names: &mut BTreeMap<AccountId, String>,
    ) -> Result<Disclosure, Unread> {
        let Told { opening, event, asked, withheld } = told;
        let own = reader.oversight || event.agency.as_ref() == Some(&reader.home);
        let officer = match &event.account {
            Some(account) if own => Some(account.to_string()),
            Some(account) => Some(pseudonym::of(self, reader.home.as_str(), account, names).await?),
            None => None,
        };
        let records = match reader.owner() {
            None => event.records.clone(),
            Some(owner) => event.records_of(&owner),
        };
        let text = |id: &AgencyId| id.to_string();
        Ok(Disclosure {
            entry: opening.index,
            leaf: hex(&opening.leaf),
            at: event.at,
            what: event.what,
            request: event.request.as_ref().map(ToString::to_string),
            agency: event.agency.as_ref().map(text),
            pseudonym: officer.is_some() && !own,
            officer,
            path: event.path.iter().map(text).collect(),
            recipients: event.recipients.iter().map(text).collect(),
            purpose: event.purpose.as_ref().map(ToString::to_string),
            use_code: event.use_code.as_ref().map(ToString::to_string),
            case: event.case.clone(),
            reason: asked.as_ref().and_then(|asked| asked.reason.clone()),
            emergency: asked.as_ref().and_then(|asked| asked.emergency.clone()),
            docket: event.docket.clone(),
            others: event.records.len().saturating_sub(records.len()) as u64,
            records: records.iter().map(ToString::to_string).collect(),
            withheld: withheld.clone(),
        })
    }

    /// Forgets who is behind a pseudonym: the line stays, the name comes back to nobody. The next disclosure to that
    /// officer gets another one.
    ///
    /// # Errors
    /// A [`Refusal`]: no reader of the ledger, or no such pseudonym of the reader's own lists.
    pub async fn forget_pseudonym(&self, request: Proven<Request<String>>) -> Result<Receipt, Refusal> {
        let mut entry = Entry::asked(self, &request, "forget_pseudonym", &request.question);
        let reader = match reader(self, &request) {
            Ok(reader) => reader,
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        let scope = (!reader.oversight).then_some(&reader.home);
        entry.must_be_logged().await?;
        match pseudonym::forget(self, scope, &request.question).await {
            Ok(true) => entry.done().await,
            Ok(false) => Err(entry.wrong("there is no such pseudonym".into()).await),
            Err(error) => Err(entry.failed(&error).await),
        }
    }

    /// How the index stands: how many entries it is behind.
    ///
    /// # Errors
    /// What stopped it; answers go on.
    pub fn ledger_state(&self) -> Result<u64, String> {
        self.ledger_index().state().map_err(|error| crate::desk::chain(&error))
    }

    /// The same as a number for strangers, who must not learn from it how fast the log grows: 0 follows, 1 lags far
    /// behind, 2 has stopped.
    pub fn ledger_alarm(&self) -> u8 {
        match self.ledger_state() {
            Ok(behind) if behind < LAGGING => 0,
            Ok(_) => 1,
            Err(_) => 2,
        }
    }

    pub(crate) fn ledger_index(&self) -> Arc<Disclosures> {
        self.disclosures.clone()
    }
}

fn look(
    index: &Disclosures,
    owner: Option<&AgencyId>,
    sought: &Sought,
    range: Range<u64>,
    before: Option<u64>,
    limit: usize,
) -> Result<Looked, clear_audit::Error> {
    let whose = owner.map_or(Whose::Anybodys, Whose::Of);
    let keys = sought.keys();
    let page = range.start..before.map_or(range.end, |before| before.min(range.end));
    let mut places: Vec<Place> = Vec::new();
    let mut count = 0;
    for key in &keys {
        places.extend(index.newest(whose, key, page.clone(), limit + 1)?);
        count += index.count(whose, key, range.clone())?;
    }
    let mut exact = true;
    if keys.len() > 1 {
        exact = count <= EXACT_MAX;
        if exact {
            let mut every: Vec<u64> = Vec::new();
            for key in &keys {
                let all = index.newest(whose, key, range.clone(), usize::try_from(EXACT_MAX).unwrap_or(usize::MAX))?;
                every.extend(all.iter().map(|place| place.index));
            }
            every.sort_unstable();
            every.dedup();
            count = every.len() as u64;
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.dedup();
    }
    let more = places.len() > limit;
    places.truncate(limit);
    let next = places.last().filter(|_| more).map(|place| place.index);
    let (mut flawed, mut destroyed) = (Vec::new(), Vec::new());
    let mut told = Vec::with_capacity(places.len());
    for place in places {
        match index.entry(place) {
            Ok(opening) if opening.is_destroyed() => destroyed.push(opening.index),
            Ok(opening) => told.extend(belongings(index, opening)?),
            Err(clear_audit::Error::Opening { entry, .. }) => flawed.push(entry),
            Err(error) => return Err(error),
        }
    }
    if owner.is_none() {
        flawed.extend(index.newest(Whose::Anybodys, &Key::Flawed, page, PAGE)?.iter().map(|place| place.index));
        flawed.sort_unstable();
        flawed.dedup();
    } else {
        flawed.clear();
    }
    Ok(Looked { told, count, exact, next, flawed, destroyed })
}

/// The entry with its question, and whether it was withheld after all.
fn belongings(index: &Disclosures, opening: Opening) -> Result<Option<Told>, clear_audit::Error> {
    let Opened::Event(event) = &opening.opened else { return Ok(None) };
    let event = event.clone();
    let (mut asked, mut withheld) = (None, None);
    if let Some(request) = &event.request {
        // The question stands before what it led to; what was withheld, right behind it.
        let first = index.oldest(Whose::Anybodys, &Key::Question(request), 0..opening.index, 1)?;
        asked = first.first().and_then(|place| event_at(index, *place));
        let behind = index.oldest(Whose::Anybodys, &Key::Withheld(request), opening.index..u64::MAX, PAGE)?;
        withheld = behind
            .into_iter()
            .filter_map(|place| event_at(index, place))
            .find(|known| known.digest.is_none() || known.digest == event.digest)
            .map(|known| known.why.unwrap_or_default());
    }
    Ok(Some(Told { opening, event, asked, withheld }))
}

fn event_at(index: &Disclosures, place: Place) -> Option<Event> {
    match index.entry(place).ok()?.opened {
        Opened::Event(event) => Some(event),
        _ => None,
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
