//! The desk: what the roads need, wired once. Its fields are private; nothing reads past the roads.

mod publish;
mod rules;

pub(crate) use publish::PublishError;
pub use rules::RuleText;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use clear_audit::{Disclosures, Event, Log, LogDown, Recovered, What};
use clear_identity::{Credential, Identity, Proven, Unproven};
use clear_policy::{BadEntry, Entry, Register, Rules, Sights};
use clear_query::Shelves;
use clear_record::{AccountId, Inquiry, Label, Origin, Request, RequestId, Seq, Standing};
use clear_store::{Batch, Cards, Fence, OutboxBody, Store};
use jiff::Timestamp;

use crate::entry::Refusal;
use crate::gate::Gate;
use crate::inquiry::Urgent;

const NODE: &str = "node";
const STARTED: &str = "started";

/// The clock, as an argument.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a desk is made of.
pub struct Parts {
    /// The ledger and the cards.
    pub store: Store,
    /// The log, recovered.
    pub log: Log,
    /// What recovery of the log found.
    pub recovered: Recovered,
    /// The rules in force.
    pub rules: Arc<dyn Rules>,
    /// The clock.
    pub clock: Clock,
}

/// How much of the sets' columns may be in memory.
#[derive(Debug, Clone)]
pub struct Room {
    /// How many bytes of columns.
    pub memory_bytes: usize,
    /// Where the others go, sealed: a folder or `s3://bucket/prefix`. Unless it is said, a folder in the data folder.
    pub place: Option<String>,
}

/// Why a desk could not be opened or founded.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum Error {
    #[error("cannot use the store")]
    Store(#[from] clear_store::Error),
    #[error("cannot follow the ledger")]
    Query(#[from] clear_query::Error),
    #[error("cannot write the log")]
    Log(#[from] LogDown),
    #[error("cannot read the log")]
    ReadLog(#[source] clear_audit::Error),
    #[error("cannot use the accounts")]
    Identity(#[from] clear_identity::Error),
    #[error("entry {version} of the register does not read: {what}")]
    Register { version: u64, what: String },
    #[error("entry {number} is not taken")]
    Entry { number: usize, source: BadEntry },
    #[error("the installation is already founded; its register has {0} entries")]
    AlreadyFounded(u64),
    #[error(
        "the log says that outbox row {0} is in it, but the ledger ends at {1}: the ledger is older than the log (a restored copy?); not serving"
    )]
    Behind(u64, u64),
    #[error(
        "the ledger says that outbox row {ledger} is in the log, but the log has them only up to {log}: the log is older than the ledger (a restored copy, or an empty folder where its volume should be mounted?); not serving"
    )]
    LogBehind { log: u64, ledger: u64 },
    #[error(
        "the log has later rows of the ledger's outbox and lacks row {0}: a filing would be shown that was never logged (parts of two copies in one folder?); not serving"
    )]
    OutboxGap(u64),
    #[error(
        "the machine's clock is {behind_s} s behind the log's newest entry. Set the clock and start again; if the log's newest entry is what is wrong, start once with --accept-clock"
    )]
    ClockBehind { behind_s: i64 },
    #[error("an entry of the docket does not read")]
    Docket(#[source] serde_json::Error),
    #[error("access of `{account}` was ended by order {order}: it gets no token")]
    Ordered { account: AccountId, order: String },
    #[error("closing the log was interrupted")]
    Unfinished,
    #[error("a card of the kind `{kind}` does not read")]
    Card { kind: &'static str, source: serde_json::Error },
    #[error("a card of the kind `{0}` is written by too many at once")]
    Busy(&'static str),
}

/// The register and the labels at one moment.
pub(crate) struct Now {
    pub(crate) register: Arc<Register>,
    pub(crate) labels: Arc<Vec<Label>>,
}

/// The desk.
pub struct Desk {
    pub(crate) store: Store,
    log: Log,
    rules: RwLock<Arc<dyn Rules>>,
    clock: Clock,
    /// The newest time that was seen, µs.
    latest: AtomicI64,
    identity: Identity,
    shelves: Shelves,
    /// Answers in their last step; a tightening waits for them.
    pub(crate) leaving: crate::tighten::Leaving,
    sights: Sights,
    gate: Gate,
    register: RwLock<Arc<Register>>,
    labels: RwLock<Arc<Vec<Label>>>,
    visible: AtomicU64,
    /// The last row of the outbox that was given to the log. Written by who holds the pen.
    appended: AtomicU64,
    /// With how many entries the log has the register of this version in it, at most.
    register_within: AtomicU64,
    /// The one who writes. Held from the decision of a filing to its place in the log's queue.
    pub(crate) writer: tokio::sync::Mutex<Fence>,
    /// The one who reads a good part of the log: a replay, a certificate, the register's export.
    pub(crate) reading: Arc<tokio::sync::Mutex<()>>,
    /// Where the register's entries stand in the log.
    pub(crate) leaves: Arc<Mutex<crate::export::Leaves>>,
    counts: Mutex<HashMap<&'static str, u64>>,
    pub(crate) urgent: Urgent,
    /// Who saw what: follows the log behind everybody's back.
    pub(crate) disclosures: Arc<Disclosures>,
    /// Who is asked *was this you?*
    pub(crate) digests: crate::disclosures::Due,
    /// What is counted of the log.
    pub(crate) books: crate::transparency::Books,
    board: crate::health::Board,
    pub(crate) silent: crate::silent::Waiting,
    /// What the public sets' columns hold.
    pub(crate) summaries: crate::publish::Summaries,
    pub(crate) answers: crate::publish::kept::Answers,
    /// How far the projections had followed the ledger when they were kept last; zero if they are not.
    pub(crate) kept: AtomicU64,
    /// Released tables of arrests, stops and hot files.
    pub(crate) activities: crate::publish::activity::Activities,
}

impl Desk {
    /// Opens the desk, with as much memory for the sets' columns as they need.
    ///
    /// # Errors
    /// As [`Desk::open_bounded`].
    pub async fn open(parts: Parts) -> Result<Desk, Error> {
        Desk::open_bounded(parts, None).await
    }

    /// Opens the desk: takes the lead, appends what the outbox has and the log lacks, in order, and only then makes the
    /// ledger visible. Nothing listens before this returns.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open_bounded(parts: Parts, bound: Option<Room>) -> Result<Desk, Error> {
        let Parts { store, log, recovered, rules, clock } = parts;
        if let Some(missing) = recovered.missing_outbox {
            return Err(Error::OutboxGap(missing));
        }
        let fence = store.ledger.lead().await?;
        let head = store.ledger.head().await?;
        if recovered.last_outbox > head.outbox {
            return Err(Error::Behind(recovered.last_outbox, head.outbox));
        }
        let unlogged = store.ledger.unlogged().await?;
        // A row leaves the outbox only when the log has it: all before the first that is still there are in the log.
        let logged = unlogged.first().map_or(head.outbox, |row| row.number.saturating_sub(1));
        if recovered.last_outbox < logged {
            return Err(Error::LogBehind { log: recovered.last_outbox, ledger: logged });
        }
        let mut last = None;
        for row in unlogged.into_iter().filter(|row| row.number > recovered.last_outbox) {
            last = Some(log.append_body(row.clear, &row.body, Some(row.number)));
        }
        if let Some(pending) = last {
            pending.durable().await?;
        }
        store.ledger.logged(head.outbox).await?;
        let register = crate::resume::founded(&store).await?;
        let gate = Gate::new();
        let folder = log.folder().parent().unwrap_or(log.folder()).to_owned();
        let ledger = folder.join("disclosures");
        let shelves = Shelves::new(store.ledger.clone());
        shelves.spill_into(folder.join("analysis-spill"));
        shelves.bound_columns(
            bound.as_ref().map(|bound| bound.memory_bytes),
            &match bound {
                Some(Room { place: Some(place), .. }) => place,
                _ => folder.join("analysis-cold").display().to_string(),
            },
        )?;
        let desk = Desk {
            identity: Identity::new(store.cards.clone()),
            shelves,
            leaving: crate::tighten::Leaving::default(),
            sights: Sights::new(),
            gate,
            register: RwLock::new(Arc::new(register)),
            labels: RwLock::new(Arc::new(store.ledger.labels().await?)),
            visible: AtomicU64::new(head.seq.0),
            appended: AtomicU64::new(head.outbox),
            register_within: AtomicU64::new(log.size()),
            writer: tokio::sync::Mutex::new(fence),
            reading: Arc::default(),
            leaves: Arc::default(),
            counts: Mutex::default(),
            urgent: Urgent::default(),
            disclosures: Arc::new(Disclosures::open(&log, &ledger)),
            digests: crate::disclosures::Due::default(),
            books: crate::transparency::Books::default(),
            board: crate::health::Board::default(),
            silent: crate::silent::Waiting::default(),
            summaries: crate::publish::Summaries::default(),
            answers: crate::publish::kept::Answers::default(),
            kept: AtomicU64::new(0),
            activities: crate::publish::activity::Activities::default(),
            store,
            log,
            rules: RwLock::new(rules),
            clock,
            latest: AtomicI64::new(i64::MIN),
        };
        // Nothing listens yet; every order of the register closes the gate anew.
        drop(crate::govern::take_effect(&desk, &Register::new()));
        crate::govern::end_credentials(&desk, &Register::new()).await;
        desk.end_crashed().await?;
        if recovered.spooled > 0 {
            let why = Some("what was logged while the log's volume had failed is in the log".to_owned());
            let event = Event {
                what: What::Spooled,
                at: desk.clock(),
                count: Some(recovered.spooled),
                why,
                address: Some("local".to_owned()),
                ..Event::default()
            };
            desk.log.append(&event, None).durable().await?;
        }
        desk.count_urgent().await?;
        desk.remember_digests().await?;
        desk.make_public_sets().await?;
        desk.project().await?;
        desk.open_books().await?;
        desk.open_activity().await?;
        desk.publish_rules(&*desk.rules()).await?;
        desk.start().await?;
        Ok(desk)
    }

    /// Says in the log that the process serves, and writes down where.
    async fn start(&self) -> Result<(), Error> {
        let event = Event {
            what: What::Started,
            at: self.clock(),
            address: Some("local".to_owned()),
            register: Some(self.register().version()),
            rules: Some(self.rules().digest().to_owned()),
            labels: Some(self.labels().len() as u64),
            seq: Some(self.visible()),
            why: Some(format!("openclear {} as {}", env!("CARGO_PKG_VERSION"), self.log.origin())),
            ..Event::default()
        };
        let index = self.log.append(&event, None).durable().await?;
        let revision = self.started().await?.map_or(0, |(revision, _)| revision);
        let body = index.to_string().into_bytes();
        self.store.cards.put(NODE, STARTED, revision, None, None, body).await?;
        Ok(())
    }

    async fn started(&self) -> Result<Option<(u64, u64)>, Error> {
        let card = self.store.cards.get(NODE, STARTED).await?;
        Ok(card.map(|card| {
            // An unreadable number means that the whole log is looked at, which is slow and right.
            let index = std::str::from_utf8(&card.body).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
            (card.revision, index)
        }))
    }

    /// Gives every request that a crash left without an end its *crashed* event.
    async fn end_crashed(&self) -> Result<(), Error> {
        let mut open: HashMap<RequestId, Event> = HashMap::new();
        // A process writes down where it said *started* when it has done this; only what came after needs a look.
        let from = self.started().await?.map_or(0, |(_, index)| index);
        for opened in self.log.openings(from..self.log.synced_size()).map_err(Error::ReadLog)? {
            let (_, opened) = opened.map_err(Error::ReadLog)?;
            let clear_audit::Opened::Event(event) = opened else { continue };
            match event.what {
                // What ended in order left nothing open: the end of a request may have been destroyed since, and does not show.
                What::Stopped => open.clear(),
                // It says whose end it was, if it was one: what is destroyed is not unsaid.
                What::Destroyed => _ = event.request.as_ref().map(|request| open.remove(request)),
                _ => {}
            }
            // The log fills itself up by the machine's clock, which is not the desk's.
            if event.what == What::Cover {
                continue;
            }
            self.latest.fetch_max(event.at.as_microsecond(), Ordering::SeqCst);
            let Some(request) = event.request.clone() else { continue };
            if event.what == What::Asked {
                open.insert(request, event);
            } else if event.what.ends() {
                open.remove(&request);
            }
        }
        let mut pending = Vec::new();
        for event in open.into_values() {
            let why = Some("the process ended while this was open".to_owned());
            let event = Event { what: What::Crashed, at: self.clock(), why, question: None, reason: None, ..event };
            pending.push(self.log.append(&event, None));
        }
        for pending in pending {
            pending.durable().await?;
        }
        Ok(())
    }

    /// Founds the installation: its register and first accounts, in a ledger that is empty.
    ///
    /// # Errors
    /// [`Error::AlreadyFounded`], or the first entry that is not taken; nothing was changed then.
    pub async fn found(&self, entries: &[Entry]) -> Result<(), Error> {
        let fence = self.writer.lock().await;
        let mut register = Register::clone(&self.register());
        if register.version() > 0 {
            return Err(Error::AlreadyFounded(register.version()));
        }
        let mut bodies = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            register.apply(entry).map_err(|source| Error::Entry { number: at + 1, source })?;
            bodies.push(
                serde_json::to_vec(entry)
                    .map_err(|error| Error::Register { version: at as u64 + 1, what: error.to_string() })?,
            );
        }
        let row = |(entry, body): (&Entry, &Vec<u8>)| OutboxBody { clear: entry.is_public(), body: body.clone() };
        let outbox = entries.iter().zip(&bodies).map(row).collect();
        let batch = Batch { recorded_at: self.clock(), drafts: vec![], register: bodies, expects_register: 0, outbox };
        self.publish(&fence, batch, register).await.map_err(|error| match error {
            PublishError::Store(error) => Error::Store(error),
            PublishError::Log(down) => Error::Log(down),
            PublishError::Register(error) => error,
        })?;
        // On the clock of the city that was founded just now.
        self.make_public_sets().await
    }

    /// Lets the projection make the public sets; before the first record is folded.
    async fn make_public_sets(&self) -> Result<(), Error> {
        let key = crate::publish::key::of_blocks(self.cards()).await?;
        self.shelves.publishing(key, self.time_zone());
        Ok(())
    }

    /// Proves who is at the other end.
    ///
    /// # Errors
    /// [`Unproven`], with what to do next.
    pub async fn prove(&self, credential: Credential<'_>) -> Result<Proven<Standing>, Unproven> {
        self.identity.prove(credential, self.clock()).await
    }

    /// Makes a request of a proven asker, now.
    pub fn request<Q>(
        &self,
        asker: &Proven<Standing>,
        inquiry: Inquiry,
        origin: Origin,
        see: Option<Seq>,
        question: Q,
    ) -> Proven<Request<Q>> {
        asker.request(RequestId::fresh(), self.clock(), inquiry, origin, see, question)
    }

    /// The path that a request would have, for the gate.
    pub fn path_of(
        &self,
        standing: &Standing,
        inquiry: &Inquiry,
    ) -> std::collections::BTreeSet<clear_record::AgencyId> {
        let register = self.register();
        // The gate is asked next; an order that the quorum has ended closes it no longer.
        crate::govern::reopen_ended(self, &register);
        register.path(standing, inquiry, self.clock())
    }

    /// The gate of this process.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The log's public face: tiles, checkpoint, verifier key.
    pub fn public_log(&self) -> &Log {
        &self.log
    }

    /// The time on the desk's clock. It never goes back, not even to before the newest event of the log: a date that has
    /// passed has passed.
    pub fn clock(&self) -> Timestamp {
        let now = (self.clock)();
        let latest = self.latest.fetch_max(now.as_microsecond(), Ordering::SeqCst);
        Timestamp::from_microsecond(latest).map_or(now, |latest| latest.max(now))
    }

    /// How many requests ended how since the start, for metrics.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let mut counts: Vec<_> = self.lock_counts().iter().map(|(name, count)| (*name, *count)).collect();
        counts.sort_unstable();
        counts
    }

    /// How far the clock is behind the newest time that was seen.
    pub(crate) fn clock_behind(&self) -> Option<jiff::SignedDuration> {
        let latest = Timestamp::from_microsecond(self.latest.load(Ordering::SeqCst)).ok()?;
        Some(latest.duration_since((self.clock)()))
    }

    /// Whether the ledger answers.
    pub(crate) async fn ledger_answers(&self) -> Result<(), clear_store::Error> {
        self.store.ledger.head().await.map(drop)
    }

    pub(crate) fn board(&self) -> &crate::health::Board {
        &self.board
    }

    /// Ends the desk in order: the last event and checkpoint are on the disk when this returns.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn close(&self) -> Result<(), Error> {
        self.close_books().await?;
        self.keep_projections(crate::projections::AHEAD_AT_END).await;
        self.note(What::Stopped, None, "local", None).await?;
        let log = self.log.clone();
        // Closing waits for the disk, which is no work for a runtime's thread.
        tokio::task::spawn_blocking(move || log.close()).await.map_err(|_| Error::Unfinished)??;
        Ok(())
    }

    /// Logs an event that belongs to no request, and waits until the log has it.
    pub(crate) async fn note(
        &self,
        what: What,
        account: Option<AccountId>,
        address: &str,
        why: Option<String>,
    ) -> Result<(), LogDown> {
        let event =
            Event { what, at: self.clock(), account, address: Some(address.to_owned()), why, ..Event::default() };
        self.log.append(&event, None).durable().await.map(|_| ())
    }

    /// Logs that one who watches the log has changed: late, refusing, or in step again.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn note_watcher(&self, watcher: &clear_audit::Watcher) -> Result<(), LogDown> {
        self.note(What::WitnessAlarm, None, "local", Some(watcher.to_string())).await
    }

    /// Logs by whom the log is watched from here on.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn note_guards(&self, watchers: &[String]) -> Result<(), LogDown> {
        let who = if watchers.is_empty() { "nobody".to_owned() } else { watchers.join(", ") };
        self.note(What::Configured, None, "local", Some(format!("the log is watched by {who}"))).await
    }

    pub(crate) fn now(&self) -> Now {
        // Labels first: a register that is newer than the labels hides too much for a moment, never too little.
        let labels = self.labels.read().unwrap_or_else(PoisonError::into_inner).clone();
        Now { register: self.register(), labels }
    }

    pub(crate) fn register(&self) -> Arc<Register> {
        self.register.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn labels(&self) -> Arc<Vec<Label>> {
        self.labels.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn visible(&self) -> Seq {
        Seq(self.visible.load(Ordering::SeqCst))
    }

    pub(crate) fn cards(&self) -> &dyn Cards {
        self.store.cards.as_ref()
    }

    pub(crate) fn cached_leaves(&self) -> crate::export::Leaves {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn keep_leaves(&self, leaves: crate::export::Leaves) {
        *self.leaves.lock().unwrap_or_else(PoisonError::into_inner) = leaves;
    }

    /// The register's entries as the ledger has them.
    pub(crate) async fn ledger_register(&self) -> Result<Vec<Vec<u8>>, clear_store::Error> {
        let entries = self.store.ledger.register(0).await?;
        Ok(entries.into_iter().map(|(_, body)| body).collect())
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn rules(&self) -> Arc<dyn Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn sights(&self) -> &Sights {
        &self.sights
    }

    /// The digest of the rules in force.
    pub fn rules_digest(&self) -> String {
        self.rules().digest().to_owned()
    }

    /// The cards, for what goes on behind an answer's back.
    pub(crate) fn cards_shared(&self) -> Arc<dyn Cards> {
        self.store.cards.clone()
    }

    /// Whether the date of some restriction has come, so that a job ends it.
    pub fn has_ended_restrictions(&self) -> bool {
        !self.shelves.restrictions_ended(self.clock()).is_empty()
    }

    /// Takes in where the city's areas lie: before anybody asks, and the same for all.
    pub fn chart(&self, geography: clear_place::Geography) {
        self.shelves.chart(geography);
    }

    /// Where the city's areas lie.
    pub fn geography(&self) -> Arc<clear_place::Geography> {
        self.shelves.geography()
    }

    /// How many labels are in use: 20,000 are a tested limit.
    pub fn labels_in_use(&self) -> usize {
        self.labels().len()
    }

    pub(crate) fn shelves(&self) -> &Shelves {
        &self.shelves
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn count(&self, name: &'static str) {
        *self.lock_counts().entry(name).or_default() += 1;
    }

    pub(crate) fn log_down(&self, down: &LogDown) -> Refusal {
        tracing::error!("{}", chain(down));
        Refusal::LogDown
    }

    fn lock_counts(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error with its causes, joined by colons.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
