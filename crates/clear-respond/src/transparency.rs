//! What the city says of itself: who has access, who is cut off, what leaves otherwise, and counts at fixed times (GR28).
//!
//! In:    the register, the registry of stores and flows, the log.
//! Out:   public sets, the same bytes for everybody; releases of counts, made when their time has come.
//! Never: tells a count between releases; keeps who looked at a public page; lets a page wait for the log.
//!
//! # How
//! [`Desk::keep_books`] is called now and then by the server (`openclear serve` does, each second at most): it counts the
//! log's new entries, logs how often public pages were asked for (once an hour), and makes the release that is due. Pages
//! read what it left in memory.
//!
//! # Change here
//! A set: a struct here, a line in `clear-web`'s `api/transparency.rs`. A released number: `release.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use clear_audit::{Event, Opened, What};
use clear_record::{FLOWS, STORES};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::desk::{Desk, Error};
use crate::public::{PublicAgency, PublicFlow, PublicOrder, PublicSuspension};
use crate::release::{self, Called, Head, Plan, Release, field};
use crate::tally::{Months, Tally};

const NODE: &str = "node";
const COUNTS: &str = "counts";
/// The kind of the cards that releases are kept on, and whose they are.
const RELEASE: &str = "release";
const EVERYBODY: &str = "everybody";
/// How many entries are counted before the counts are written down again.
const KEPT_EVERY: u64 = 50_000;
const PUBLIC_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// The counts of an open desk.
#[derive(Default)]
pub(crate) struct Books {
    /// Held by whoever counts.
    turn: tokio::sync::Mutex<Turn>,
    months: RwLock<Arc<Months>>,
    releases: RwLock<Arc<Vec<Arc<PublishedRelease>>>>,
    public: Mutex<BTreeMap<&'static str, u64>>,
}

#[derive(Default)]
struct Turn {
    loaded: bool,
    /// The card's revision, and how far it had counted.
    revision: u64,
    kept: u64,
    public_since: Option<Timestamp>,
    /// When the last period ended that needs no release any more.
    settled: Option<Timestamp>,
}

/// A release with its place in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishedRelease {
    /// The entry of the log that its text is.
    pub entry: u64,
    /// The text, byte for byte.
    pub text: String,
    /// What it says.
    pub release: Release,
}

/// Who has access (set *access*).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AccessSet {
    /// The register that it is drawn from, and the checkpoint.
    #[serde(flatten)]
    pub made: MadeAt,
    /// Every agency, with its agreements.
    pub agencies: Vec<PublicAgency>,
}

/// Who is cut off (set *cut-offs*).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CutOffSet {
    /// The register that it is drawn from, and the checkpoint.
    #[serde(flatten)]
    pub made: MadeAt,
    /// Every order, oldest first.
    pub orders: Vec<PublicOrder>,
    /// Suspensions in force.
    pub suspensions: Vec<PublicSuspension>,
}

/// By which ways data leaves, and whether a cut-off reaches them (set *flows*).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FlowSet {
    /// The register that it is drawn from, and the checkpoint.
    #[serde(flatten)]
    pub made: MadeAt,
    /// Those of the program itself.
    pub program: Vec<PublicFlow>,
    /// Those that the city declared in its register.
    pub declared: Vec<PublicFlow>,
}

/// Where data lives (set *stores*).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StoreSet {
    /// Every place.
    pub stores: Vec<PublicStore>,
}

/// A place where data lives.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicStore {
    /// Its id.
    pub id: &'static str,
    /// What it is.
    pub name: &'static str,
    /// Which data live there.
    pub holds: &'static str,
    /// How they are protected there.
    pub protected: &'static str,
    /// How long they stay.
    pub kept: &'static str,
}

/// What a set is drawn from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MadeAt {
    /// The installation's title.
    pub installation: String,
    /// The register's version.
    pub register: u64,
    /// The log's newest checkpoint that strangers see.
    pub checkpoint: String,
    /// Whether that checkpoint has the register of this version in it. A set shows an order at once, and strangers see the log
    /// grow at its times alone: until then this is false, and the next checkpoint has it. It is not said how far the log is.
    pub in_checkpoint: bool,
}

/// What keeping the books did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// The release that was made.
    pub released: Option<u64>,
    /// Whether there is more to count, so that it should be called again soon.
    pub more: bool,
}

impl Desk {
    /// The set *access*.
    pub fn access_set(&self) -> AccessSet {
        AccessSet { made: self.made_at(), agencies: self.public_register().agencies }
    }

    /// The set *cut-offs*.
    pub fn cut_off_set(&self) -> CutOffSet {
        let register = self.public_register();
        CutOffSet { made: self.made_at(), orders: register.orders, suspensions: register.suspensions }
    }

    /// The set *flows*.
    pub fn flow_set(&self) -> FlowSet {
        let program = FLOWS.iter().map(|flow| PublicFlow {
            name: flow.name.to_owned(),
            fields: flow.fields.to_owned(),
            legal_basis: flow.legal_basis.to_owned(),
            readers: vec![flow.readers.to_owned()],
            reached: flow.reached,
            note: flow.note.to_owned(),
        });
        FlowSet { made: self.made_at(), program: program.collect(), declared: self.public_register().flows }
    }

    /// The set *stores*.
    pub fn store_set(&self) -> StoreSet {
        let stores = STORES.iter().map(|store| PublicStore {
            id: store.id,
            name: store.name,
            holds: store.holds,
            protected: store.protected,
            kept: store.kept,
        });
        StoreSet { stores: stores.collect() }
    }

    fn made_at(&self) -> MadeAt {
        let register = self.register();
        MadeAt {
            installation: register.founding().map(|founding| founding.title.clone()).unwrap_or_default(),
            register: register.version(),
            // Read before the checkpoint: that one may only be newer.
            in_checkpoint: self.register_is_public(),
            checkpoint: self.public_log().public_checkpoint(),
        }
    }

    /// The releases, oldest first.
    pub fn releases(&self) -> Arc<Vec<Arc<PublishedRelease>>> {
        self.books.releases.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A release by its number.
    pub fn release(&self, number: u64) -> Option<Arc<PublishedRelease>> {
        self.releases().iter().find(|published| published.release.head.openclear_release == number).cloned()
    }

    /// Notes that a public page was asked for; by whom is not kept.
    pub fn count_public(&self, page: &'static str) {
        *self.books.public.lock().unwrap_or_else(PoisonError::into_inner).entry(page).or_default() += 1;
    }

    /// The counts as they are at this moment, for those whom the rules let look: see [`crate::report`].
    pub(crate) fn months(&self) -> Arc<Months> {
        self.books.months.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts what is new in the log, logs the public pages' totals when an hour has passed, and makes the release that is
    /// due. One call reads at most a hundred thousand entries; `more` says that there are others.
    ///
    /// # Errors
    /// When log or cards cannot be read or written. It can be called again.
    pub async fn keep_books(&self, plan: Plan) -> Result<Kept, Error> {
        let mut turn = self.books.turn.lock().await;
        if !turn.loaded {
            self.find_lost(&mut turn).await?;
        }
        let since = *turn.public_since.get_or_insert_with(|| self.clock());
        if self.clock().duration_since(since) >= PUBLIC_EVERY {
            self.log_public().await?;
            turn.public_since = Some(self.clock());
        }
        let more = self.follow(&mut turn).await?;
        let released = self.release_due(&mut turn, plan).await?;
        self.release_activity(plan.threshold).await?;
        Ok(Kept { released, more })
    }

    /// Writes the counts down, and the public pages' totals into the log: the last thing before the log is closed.
    pub(crate) async fn close_books(&self) -> Result<(), Error> {
        self.log_public().await?;
        let mut turn = self.books.turn.lock().await;
        self.keep_months(&mut turn).await
    }

    async fn log_public(&self) -> Result<(), Error> {
        let counts = std::mem::take(&mut *self.books.public.lock().unwrap_or_else(PoisonError::into_inner));
        if counts.is_empty() {
            return Ok(());
        }
        let pages: Vec<String> = counts.iter().map(|(page, count)| format!("{page} {count}")).collect();
        let event = Event {
            what: What::PublicCounts,
            address: Some("local".to_owned()),
            count: Some(counts.values().sum()),
            why: Some(pages.join("; ")),
            ..Event::default()
        };
        let pending = self.log().append(&Event { at: self.clock(), ..event }, None);
        let queued = pending.refused().is_none();
        let Err(down) = pending.durable().await else { return Ok(()) };
        // What waits for a slow disk is told when the disk answers; everything else is told with the next hour's.
        if !(queued && down.is_passing()) {
            let mut public = self.books.public.lock().unwrap_or_else(PoisonError::into_inner);
            for (page, count) in counts {
                *public.entry(page).or_default() += count;
            }
        }
        Err(down.into())
    }

    /// How many looks at public pages wait to be told in the log. A process that is killed loses them: an hour's at most.
    pub fn public_untold(&self) -> u64 {
        self.books.public.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Reads what was kept: releases and counts are there from the first request on.
    pub(crate) async fn open_books(&self) -> Result<(), Error> {
        let mut turn = self.books.turn.lock().await;
        if let Some(card) = self.cards().get(NODE, COUNTS).await? {
            turn.revision = card.revision;
            // Counts that do not read are counted again.
            let months: Months = serde_json::from_slice(&card.body).unwrap_or_default();
            turn.kept = months.upto;
            *self.books.months.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(months);
        }
        let mut releases = Vec::new();
        for card in self.cards().list(RELEASE, Some(EVERYBODY)).await? {
            let read = serde_json::from_slice::<PublishedRelease>(&card.body);
            releases.push(Arc::new(read.map_err(|source| Error::Card { kind: RELEASE, source })?));
        }
        releases.sort_by_key(|published| published.release.head.openclear_release);
        *self.books.releases.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(releases);
        Ok(())
    }

    /// Finds releases that the log has and no card: a process can end between the two.
    async fn find_lost(&self, turn: &mut Turn) -> Result<(), Error> {
        let mut releases = Vec::clone(&self.releases());
        // What the log has is published.
        let from = releases.last().map_or(0, |last| last.release.head.end_entry);
        let known = releases.len() as u64;
        let log = self.public_log().clone();
        let lost = tokio::task::spawn_blocking(move || {
            let mut lost = Vec::new();
            for opened in log.openings(from..u64::MAX)? {
                let (entry, opened) = opened?;
                let Opened::Clear(body) = opened else { continue };
                if let Some(release) = release::looks_like_one(&body).filter(|it| it.head.openclear_release > known) {
                    lost.push(PublishedRelease { entry, text: String::from_utf8_lossy(&body).into_owned(), release });
                }
            }
            Ok::<_, clear_audit::Error>(lost)
        });
        for published in lost.await.map_err(|_| Error::Unfinished)?.map_err(Error::ReadLog)? {
            self.keep_release(&published).await?;
            releases.push(Arc::new(published));
        }
        *self.books.releases.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(releases);
        turn.loaded = true;
        Ok(())
    }

    async fn follow(&self, turn: &mut Turn) -> Result<bool, Error> {
        let before = self.months();
        if before.upto == self.public_log().synced_size() {
            return Ok(false);
        }
        let (mut months, log, time_zone) = (Months::clone(&before), self.public_log().clone(), self.time_zone());
        let followed = tokio::task::spawn_blocking(move || {
            let more = months.follow(&log, &time_zone)?;
            Ok::<_, clear_audit::Error>((months, more))
        });
        let (months, more) = followed.await.map_err(|_| Error::Unfinished)?.map_err(Error::ReadLog)?;
        let counted = months.upto;
        *self.books.months.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(months);
        if counted.saturating_sub(turn.kept) >= KEPT_EVERY {
            self.keep_months(turn).await?;
        }
        Ok(more)
    }

    async fn keep_months(&self, turn: &mut Turn) -> Result<(), Error> {
        let months = self.months();
        let body = serde_json::to_vec(months.as_ref()).map_err(|source| Error::Card { kind: NODE, source })?;
        turn.revision = self.cards().put(NODE, COUNTS, turn.revision, None, None, body).await?;
        turn.kept = months.upto;
        Ok(())
    }

    /// Makes the release of the period that has ended, unless nothing was asked in it: that is told with the next one.
    async fn release_due(&self, turn: &mut Turn, plan: Plan) -> Result<Option<u64>, Error> {
        let (register, time_zone, now) = (self.register(), self.time_zone(), self.clock());
        let Some(founding) = register.founding() else { return Ok(None) };
        let last = self.releases().last().cloned();
        let log = self.public_log().clone();
        let since = match (&last, turn.settled) {
            (Some(last), settled) => settled.map_or(last.release.head.until, |it| it.max(last.release.head.until)),
            (None, Some(settled)) => settled,
            (None, None) => first_moment(&log).map_err(Error::ReadLog)?.unwrap_or(now),
        };
        let Some((until, period)) = release::due(plan, since, now, &time_zone) else {
            turn.settled = Some(since);
            return Ok(None);
        };
        // A release goes as far as strangers see, so that it tells no size of the log that they do not know. What comes after
        // the public checkpoint is told with the next one.
        let (checkpoint, size) = (log.public_checkpoint(), log.public_size());
        let first = last.as_ref().map_or(0, |last| last.release.head.end_entry);
        let counted = tokio::task::spawn_blocking(move || {
            let mut tally = Tally::default();
            for opened in log.openings(first..size.max(first))? {
                tally.count(&opened?.1);
            }
            Ok::<_, clear_audit::Error>(tally)
        });
        let tally = counted.await.map_err(|_| Error::Unfinished)?.map_err(Error::ReadLog)?;
        turn.settled = Some(until);
        if tally.total() == 0 {
            return Ok(None);
        }
        let called = |id: &str, name: &str| Called { id: id.to_owned(), name: name.to_owned() };
        let number = last.as_ref().map_or(0, |last| last.release.head.openclear_release) + 1;
        let from = match &last {
            Some(last) => last.release.head.until,
            None => first_moment(self.public_log()).map_err(Error::ReadLog)?.unwrap_or(until),
        };
        let head = Head {
            openclear_release: number,
            installation: founding.title.clone(),
            period,
            from,
            until,
            made_at: now,
            first_entry: first,
            end_entry: size,
            checkpoint,
            threshold: plan.threshold,
            register: register.version(),
            agencies: register.agencies().map(|agency| called(agency.id.as_str(), &agency.name)).collect(),
            purposes: register.purposes().map(|purpose| called(purpose.code.as_str(), &purpose.title)).collect(),
        };
        let release = release::made(head, &tally);
        let text = release.text();
        // INVARIANT (released is frozen): what is shown is this text, and it is in the log before anybody sees it.
        let entry = self.public_log().append_clear(text.as_bytes(), None).durable().await?;
        let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        let event = Event {
            what: What::Published,
            address: Some("local".to_owned()),
            digest: Some(digest),
            register: Some(release.head.register),
            why: Some(format!("release {number} of {}: entry {entry}", release.head.period)),
            ..Event::default()
        };
        self.noted(event).await?;
        let published = PublishedRelease { entry, text, release };
        self.keep_release(&published).await?;
        let mut releases = Vec::clone(&self.releases());
        releases.push(Arc::new(published));
        *self.books.releases.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(releases);
        Ok(Some(number))
    }

    async fn keep_release(&self, published: &PublishedRelease) -> Result<(), Error> {
        let body = serde_json::to_vec(published).map_err(|source| Error::Card { kind: RELEASE, source })?;
        let key = format!("{:010}", published.release.head.openclear_release);
        match self.cards().put(RELEASE, &key, 0, Some(EVERYBODY), None, body).await {
            Ok(_) | Err(clear_store::Error::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// When the log's first event happened.
fn first_moment(log: &clear_audit::Log) -> Result<Option<Timestamp>, clear_audit::Error> {
    for opened in log.openings(0..u64::MAX)? {
        if let (_, Opened::Event(event)) = opened? {
            return Ok(Some(event.at));
        }
    }
    Ok(None)
}

impl AccessSet {
    /// A line for each agency and agreement.
    pub fn csv(&self) -> String {
        let mut lines = vec![
            "agency,name,kind,parent,access,order,agreement,owner,from,until,kinds,classes,purposes,document"
                .to_owned(),
        ];
        for agency in &self.agencies {
            let about = [
                agency.id.as_str(),
                &agency.name,
                &agency.kind,
                agency.parent.as_deref().unwrap_or_default(),
                &agency.access,
                agency.order.as_deref().unwrap_or_default(),
            ]
            .map(field)
            .join(",");
            if agency.agreements.is_empty() {
                lines.push(format!("{about},,,,,,,,"));
            }
            for it in &agency.agreements {
                let (kinds, classes, purposes) = (it.kinds.join("; "), it.classes.join("; "), it.purposes.join("; "));
                let until = it.until.as_deref().unwrap_or_default();
                let rest = [&it.number, &it.owner, &it.from, until, &kinds, &classes, &purposes, &it.document];
                lines.push(format!("{about},{}", rest.map(field).join(",")));
            }
        }
        lines.join("\n") + "\n"
    }
}

impl CutOffSet {
    /// A line for each order and each agency that it covers.
    pub fn csv(&self) -> String {
        let mut lines = vec!["order,issued_at,named,scope,covers,ended_from,contact,text".to_owned()];
        for order in &self.orders {
            for agency in &order.closure {
                let ended = order.ended_from.as_deref().unwrap_or_default();
                let line = [
                    order.number.as_str(),
                    &order.issued_at,
                    &order.agency,
                    &order.scope,
                    agency,
                    ended,
                    &order.contact,
                    &order.text,
                ];
                lines.push(line.map(field).join(","));
            }
        }
        lines.join("\n") + "\n"
    }
}

impl FlowSet {
    /// A line for each flow.
    pub fn csv(&self) -> String {
        let mut lines = vec!["flow,declared_by,fields,legal_basis,readers,reached,note".to_owned()];
        let said = |by: &str, flow: &PublicFlow| {
            let (readers, reached) = (flow.readers.join("; "), if flow.reached { "yes" } else { "no" });
            [flow.name.as_str(), by, &flow.fields, &flow.legal_basis, &readers, reached, &flow.note]
                .map(field)
                .join(",")
        };
        lines.extend(self.program.iter().map(|flow| said("program", flow)));
        lines.extend(self.declared.iter().map(|flow| said("register", flow)));
        lines.join("\n") + "\n"
    }
}

impl StoreSet {
    /// A line for each store.
    pub fn csv(&self) -> String {
        let mut lines = vec!["store,name,holds,protected,kept".to_owned()];
        lines.extend(
            self.stores.iter().map(|it| [it.id, it.name, it.holds, it.protected, it.kept].map(field).join(",")),
        );
        lines.join("\n") + "\n"
    }
}
