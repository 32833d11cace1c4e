//! The ledger and the projections that follow it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use clear_graph::{Graph, Shared};
use clear_link::block_keys;
use clear_place::Geography;
use clear_policy::Grant;
use clear_record::{
    FieldClass, Handling, Kind, LabelId, LabelSet, PerClass, Reach, Record, RecordId, RowSet, Seq, Sight, Version,
};
use clear_search::{Index, spelling};
use clear_stats::sets::{Crimes, Incidents, PointKey};
use clear_stats::{ColdPlace, Columns, Engine, Limits};
use clear_store::{AsOf, Ledger};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::blocks::Blocks;
use crate::relations::{Labels, Relations, Ties, Tightened};
use crate::tending::{Tending, Turn, settle};

/// Why a question could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question is wrong; the text says where and how to mend it.
    #[error("{0}")]
    Question(String),
    /// A question about a set is wrong; it says where.
    #[error("{0}")]
    Set(Box<crate::SetFault>),
    /// The analysis engine could not be started.
    #[error("cannot start the analysis engine")]
    Engine(#[from] Arc<clear_stats::NoEngine>),
    /// Columns of a set do not come back from where they were put.
    #[error("cannot read the columns of a set")]
    Cold(#[from] clear_stats::ColdError),
    /// The ledger could not be read.
    #[error("cannot read the ledger")]
    Store(#[from] clear_store::Error),
    /// A thread that reads ahead did not end.
    #[error("a thread that reads the ledger did not end: the process is stopping")]
    Stopped,
}

impl Error {
    /// What an error of counts and rows means.
    pub(crate) fn of_stats(error: clear_stats::Error) -> Error {
        match error {
            clear_stats::Error::Ours(error) => Error::Cold(error),
            error => Error::Question(error.to_string()),
        }
    }

    /// What a fault of a question about a set means, told as the open-data API does.
    pub(crate) fn of_set(fault: clear_stats::soql::Fault) -> Error {
        match fault.ours() {
            Some(error) => Error::Cold(error.clone()),
            None => Error::Set(Box::new(crate::SetFault::of(&fault))),
        }
    }

    /// The same, told in a sentence.
    pub(crate) fn of_question(fault: clear_stats::soql::Fault) -> Error {
        match fault.ours() {
            Some(error) => Error::Cold(error.clone()),
            None => Error::Question(fault.to_string()),
        }
    }
}

/// After so many versions at once, nobody folds more before what memory has no room for was put aside.
const SETTLED_AFTER: usize = 5_000;

/// Versions that are folded into the projections at once.
const FOLD_MAX: usize = 20_000;

/// The shelves that questions are answered from.
pub struct Shelves {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) folds: Arc<RwLock<Folds>>,
    pub(crate) following: tokio::sync::Mutex<()>,
    tightened: Tightened,
    /// Where the city's areas lie: public, and the same for all.
    geography: RwLock<Arc<Geography>>,
    /// The city's clock, which says what is published by now.
    time_zone: RwLock<TimeZone>,
    engine: OnceLock<Result<Engine, Arc<clear_stats::NoEngine>>>,
    /// What the sets hold, for their newest versions.
    pub(crate) held: Mutex<crate::sets::Held>,
    /// What the projection of columns is made with.
    pub(crate) made_of: Arc<RwLock<MadeOf>>,
    /// Whether somebody sees to the columns.
    tended: Arc<AtomicBool>,
}

/// What the projection of columns is made with.
#[derive(Clone, Default)]
pub(crate) struct MadeOf {
    /// The key of the public sets' points, and the city's clock.
    publishing: Option<(PointKey, TimeZone)>,
    /// How many bytes of columns may be in memory, and where the others go.
    bounded: Option<(usize, ColdPlace)>,
}

impl MadeOf {
    /// Whether columns can be put where they should go.
    pub(crate) fn place_answers(&self) -> bool {
        self.bounded.as_ref().is_none_or(|(_, place)| place.answers())
    }

    /// A projection of nothing.
    pub(crate) fn columns(&self) -> Columns {
        let columns = match &self.publishing {
            Some((key, time_zone)) => {
                Columns::of(vec![Box::new(Incidents), Box::new(Crimes::new(key.clone(), time_zone.clone()))])
            }
            None => Columns::new(),
        };
        match &self.bounded {
            Some((bytes, place)) => columns.bounded(place.clone(), *bytes),
            None => columns,
        }
    }
}

/// The projections. Delete them, fold the ledger again, get the same.
pub(crate) struct Folds {
    pub(crate) seq: Seq,
    pub(crate) index: Index,
    pub(crate) columns: Columns,
    pub(crate) activity: crate::activity::Activity,
    /// What is linked to what, and the current label of each record that has a body.
    pub(crate) graph: Graph,
    pub(crate) relations: Relations,
    /// Every label that a version here has, by its number.
    pub(crate) label_values: Labels,
    /// Records whose current label is black.
    pub(crate) black: RowSet,
    /// Where in the ledger the current version of each record is that has a body.
    pub(crate) places: HashMap<RecordId, Seq>,
    /// Persons who may be the same, by the linker's blocking keys.
    pub(crate) blocks: Blocks,
    /// Hot-file entries in force, by the day on which they lapse.
    pub(crate) lapses: BTreeSet<(Date, RecordId)>,
    pub(crate) lapse_of: HashMap<RecordId, Date>,
    /// The version at `seq`: which record's, and when it was recorded.
    pub(crate) last: Option<(RecordId, Timestamp)>,
    /// The place of the last version without a body.
    pub(crate) expunged: Seq,
}

impl Default for Folds {
    fn default() -> Folds {
        Folds {
            seq: Seq::default(),
            index: Index::default(),
            activity: Default::default(),
            columns: Columns::default(),
            graph: Graph::new(spelt),
            relations: Relations::default(),
            label_values: Labels::default(),
            black: RowSet::default(),
            places: HashMap::new(),
            blocks: Blocks::default(),
            lapses: BTreeSet::new(),
            lapse_of: HashMap::new(),
            last: None,
            expunged: Seq::default(),
        }
    }
}

/// The one spelling of what links, which is that of the search: what it finds as the same plate, links as the same.
pub(crate) fn spelt(shared: Shared, text: &str) -> Option<String> {
    match shared {
        Shared::Plate | Shared::Vin | Shared::IdentityNumber | Shared::SerialNumber => spelling::number(text),
        Shared::Phone => spelling::phone(text),
        Shared::Address => spelling::house(text),
    }
}

impl Folds {
    fn apply(&mut self, version: &Version) {
        self.index.apply(version);
        let label = self.label_values.get(version.label.0 as usize);
        self.columns.apply_labelled(version, label);
        self.activity.apply(version, label);
        self.relations.apply(version, self.label(version.id).is_none());
        self.graph.apply(version);
        if version.record.is_some() && label.is_some_and(|label| label.handling == Handling::Black) {
            self.black.insert(version.id);
        } else {
            self.black.remove(version.id);
        }
        match &version.record {
            Some(record) => {
                self.places.insert(version.id, version.seq);
                if let Record::Person(person) = record {
                    self.blocks.put(version.id, &block_keys(person));
                }
            }
            None => {
                self.places.remove(&version.id);
                self.blocks.remove(version.id);
                self.expunged = version.seq;
            }
        }
        if version.id.kind == Kind::HotFile {
            self.apply_lapse(version);
        }
        self.seq = version.seq;
        self.last = Some((version.id, version.recorded_at));
    }

    fn apply_lapse(&mut self, version: &Version) {
        if let Some(day) = self.lapse_of.remove(&version.id) {
            self.lapses.remove(&(day, version.id));
        }
        if let Some(Record::HotFile(entry)) = &version.record
            && let (Some(day), None) = (entry.lapses_on, entry.lapsed_on)
        {
            self.lapse_of.insert(version.id, day);
            self.lapses.insert((day, version.id));
        }
    }
}

impl Shelves {
    /// Shelves over a ledger, empty until they [`catch_up`](Shelves::catch_up).
    pub fn new(ledger: Arc<dyn Ledger>) -> Shelves {
        Shelves {
            ledger,
            folds: Arc::default(),
            following: tokio::sync::Mutex::new(()),
            tightened: Tightened::default(),
            geography: RwLock::default(),
            time_zone: RwLock::new(TimeZone::UTC),
            engine: OnceLock::new(),
            held: Mutex::default(),
            made_of: Arc::default(),
            tended: Arc::default(),
        }
    }

    /// Lets the projection make the public sets, under the key of their points and on the city's clock. Before anything is
    /// folded; afterwards it changes nothing.
    pub fn publishing(&self, key: PointKey, time_zone: TimeZone) {
        *self.time_zone.write().unwrap_or_else(PoisonError::into_inner) = time_zone.clone();
        self.make_columns(|made_of| made_of.publishing = Some((key, time_zone)));
    }

    /// Lets at most so many bytes of the sets' columns be in memory; what is used least goes to the place, which is emptied. Without
    /// a number, all are in memory, and of a folder what is left is deleted. Before anything is folded.
    ///
    /// # Errors
    /// When there is no such place, or it cannot be emptied.
    pub fn bound_columns(&self, bytes: Option<usize>, place: &str) -> Result<(), Error> {
        let Some(bytes) = bytes else { return Ok(ColdPlace::emptied(std::path::Path::new(place))?) };
        let place = ColdPlace::named(place)?;
        self.make_columns(|made_of| made_of.bounded = Some((bytes, place)));
        Ok(())
    }

    fn make_columns(&self, change: impl FnOnce(&mut MadeOf)) {
        let mut made_of = self.made_of.write().unwrap_or_else(PoisonError::into_inner);
        let mut folds = self.folds.write().unwrap_or_else(PoisonError::into_inner);
        if folds.seq == Seq::default() {
            change(&mut made_of);
            folds.columns = made_of.columns();
        }
    }

    pub(crate) fn time_zone(&self) -> TimeZone {
        self.time_zone.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets questions about sets put aside in this folder what does not fit the memory for them. Without it, they are refused.
    pub fn spill_into(&self, folder: PathBuf) {
        let limits = Limits { spill: Some(folder), ..Limits::default() };
        let _ = self.engine.set(Engine::new(&limits).map_err(Arc::new));
    }

    /// The counts of arrests, stops and hot-file entries, by what and quarter: for tables that are released, never for askers.
    pub fn activity(&self) -> BTreeMap<(&'static str, crate::Quarter), crate::ActivityTable> {
        self.folds().activity.tables()
    }

    /// The engine that answers questions about sets.
    pub(crate) fn engine(&self) -> Result<&Engine, Error> {
        let made = || Engine::new(&Limits::default()).map_err(Arc::new);
        self.engine.get_or_init(made).as_ref().map_err(|error| Error::Engine(error.clone()))
    }

    /// Folds everything up to `visible` into the projections: what is not in the log is not visible.
    ///
    /// # Errors
    /// When the ledger cannot be read; the projections stay where they were.
    pub async fn catch_up(&self, visible: Seq) -> Result<(), Error> {
        if self.folds().seq >= visible {
            if self.folds().columns.failed().is_some() {
                self.tend();
            }
            return Ok(());
        }
        let _one_follower = self.following.lock().await;
        let mut ahead = self.ahead(self.folds().seq, visible);
        loop {
            if self.folds().seq >= visible {
                self.tend();
                return Ok(());
            }
            let versions = ahead.await.map_err(|_| Error::Stopped)??;
            // The next ones are read and opened while these are folded.
            let last = versions.last().map_or(visible, |version| version.seq);
            ahead = self.ahead(last, visible);
            let known = self.folds().label_values.len();
            let labels = match versions.iter().map(|version| version.label.0 as usize).max() {
                Some(most) if most >= known => Some(Arc::new(self.ledger.labels().await?)),
                _ => None,
            };
            let thawing = self.folds().columns.written_by(versions.iter());
            if !thawing.is_empty() {
                // Before anybody is held up. What does not come back is found out below.
                tokio::task::spawn_blocking(move || thawing.work()).await.map_err(|_| Error::Stopped)?;
            }
            let seq = self.fold(&versions, labels, visible);
            self.tightened.passed(seq);
            tracing::debug!(seq = seq.0, "projections followed the ledger");
            if versions.len() >= SETTLED_AFTER {
                let settling = self.folds().columns.settling();
                settle(settling).await?;
            }
        }
    }

    /// Folds versions that were read, with all labels where there are new ones; gives how far the projections are.
    fn fold(&self, versions: &[Version], labels: Option<Labels>, visible: Seq) -> Seq {
        let mut folds = self.folds.write().unwrap_or_else(PoisonError::into_inner);
        if versions.is_empty() {
            // A gap in the numbers would make every question wait for ever; there is none by the ledger's promise.
            folds.seq = visible;
        }
        if let Some(labels) = labels {
            folds.label_values = labels;
        }
        for version in versions {
            folds.apply(version);
        }
        if versions.iter().any(|version| version.record.is_none()) {
            // What was expunged leaves nothing in the index's memory either.
            folds.index.compact();
            folds.blocks.compact();
        }
        folds.seq
    }

    /// Puts what was folded in the order in which it is found soonest: worth its tenth of a second after many versions.
    pub fn compact(&self) {
        let mut folds = self.folds.write().unwrap_or_else(PoisonError::into_inner);
        folds.index.compact();
        folds.blocks.compact();
    }

    /// The next versions, read by another thread.
    fn ahead(&self, after: Seq, upto: Seq) -> tokio::task::JoinHandle<Result<Vec<Version>, clear_store::Error>> {
        let ledger = self.ledger.clone();
        tokio::spawn(
            async move { if after >= upto { Ok(Vec::new()) } else { ledger.follow(after, upto, FOLD_MAX).await } },
        )
    }

    /// Sees to the columns, while questions are answered and rows come in: puts in order what came in out of order, a first load
    /// above all, once there is much of it; puts aside what memory has no room for; takes in what had to wait for columns; folds
    /// them again where that is what is left to do.
    fn tend(&self) {
        let needed = {
            let columns = &self.folds().columns;
            columns.is_ragged() || columns.has_grown() || columns.failed().is_some()
        };
        if !needed || self.tended.swap(true, Ordering::SeqCst) {
            return;
        }
        let tending = Tending {
            ledger: self.ledger.clone(),
            folds: self.folds.clone(),
            made_of: self.made_of.clone(),
            _turn: Turn(self.tended.clone()),
        };
        tokio::spawn(tending.run());
    }

    pub(crate) fn folds(&self) -> RwLockReadGuard<'_, Folds> {
        self.folds.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in where the city's areas lie.
    pub fn chart(&self, geography: Geography) {
        *self.geography.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(geography);
    }

    /// Where the city's areas lie.
    pub fn geography(&self) -> Arc<Geography> {
        self.geography.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How far the projections are.
    pub fn seq(&self) -> Seq {
        self.folds().seq
    }

    /// The current label of a record, for the write road.
    pub fn label_of(&self, id: RecordId) -> Option<LabelId> {
        self.folds().label(id)
    }

    /// The records that are parts of this one, for the write road.
    pub fn parts_of(&self, whole: RecordId) -> Vec<RecordId> {
        self.folds().graph.parts_of(whole)
    }

    /// The current versions of records, for the write road: to compare and to correct, never to show.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn current(&self, ids: &[RecordId], seq: Seq) -> Result<Vec<Version>, Error> {
        Ok(self.ledger.read(ids, AsOf { seq, valid: None }).await?)
    }

    /// The incidents that changed between two places in the ledger, each with whether there was one before.
    pub(crate) async fn changed(&self, after: Seq, upto: Seq) -> Result<Vec<(RecordId, bool)>, Error> {
        Ok(self.ledger.changed(Kind::Incident, after, upto).await?)
    }

    /// The last version that was recorded at a moment or before, found by halving: they are recorded in their order.
    pub(crate) async fn seq_at(&self, at: Timestamp, visible: Seq) -> Result<Seq, Error> {
        let (mut low, mut high) = (0, visible.0);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let version = self.ledger.follow(Seq(middle - 1), Seq(middle), 1).await?;
            if version.first().is_some_and(|version| version.recorded_at <= at) {
                low = middle
            } else {
                high = middle - 1
            }
        }
        Ok(Seq(low))
    }

    /// The current versions of those records that the sight shows. Labels are tested before any body is fetched, and
    /// again on what was fetched.
    pub(crate) async fn read(&self, ids: &[RecordId], sight: &Sight<'_>, seq: Seq) -> Result<Vec<Version>, Error> {
        let shown: Vec<(RecordId, Seq)> = {
            let folds = self.folds();
            let shown = |id: &RecordId| folds.label(*id).is_some_and(|label| sight.shows(label, *id));
            ids.iter().filter(|id| shown(id)).filter_map(|id| Some((*id, *folds.places.get(id)?))).collect()
        };
        if shown.is_empty() {
            return Ok(Vec::new());
        }
        // The projections may be further than the question: then what was newest there is not where they say.
        let mut versions = if shown.iter().all(|(_, place)| *place <= seq) {
            self.ledger.read_at(&shown).await?
        } else {
            let ids: Vec<RecordId> = shown.into_iter().map(|(id, _)| id).collect();
            self.ledger.read(&ids, AsOf { seq, valid: None }).await?
        };
        versions.retain(|version| version.record.is_some() && sight.shows(version.label, version.id));
        Ok(versions)
    }

    /// The single records that an asker is tied to, at the moment of its question.
    pub fn ties(&self, grant: &Grant) -> Ties {
        // The hidden ones first: projections that pass a version between the two hide it by its label.
        let hidden = self.tightened.hidden();
        let folds = self.folds();
        folds.relations.ties(&folds.graph, grant, hidden)
    }

    /// Hides records that a filing at `seq` tightened, at once, until the projections have passed it.
    pub fn tighten(&self, seq: Seq, ids: Vec<RecordId>) {
        self.tightened.add(seq, ids);
        self.tightened.passed(self.seq());
    }

    /// How many filings tightened something since the start: an answer that was begun at another count may tell of a
    /// record that is not its asker's any more.
    pub fn tightenings(&self) -> u64 {
        self.tightened.count()
    }

    /// The same, of filings that tightened an incident: those that a public answer may tell of.
    pub fn tightenings_of_incidents(&self) -> u64 {
        self.tightened.incidents()
    }

    /// The decision in force on how a record is handled, with the id of its own record, for the write road.
    pub fn restriction(&self, id: RecordId) -> Option<(RecordId, clear_record::Restriction)> {
        self.folds().relations.restriction(id).cloned()
    }

    /// Records whose restriction has come to its end, for the write road.
    pub fn restrictions_ended(&self, now: jiff::Timestamp) -> Vec<RecordId> {
        self.folds().relations.restrictions_ended(now)
    }

    /// The records that an assignment or referral opens to somebody, for the write road.
    pub fn covered_by(&self, id: RecordId) -> Vec<RecordId> {
        let folds = self.folds();
        folds.relations.covers(&folds.graph, id)
    }

    /// Every record that names this one, for the write road.
    pub fn naming(&self, id: RecordId) -> Vec<RecordId> {
        self.folds().graph.naming(id)
    }

    /// Every version of a record, oldest first, for the write road.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn history(&self, id: RecordId, upto: Seq) -> Result<Vec<Version>, Error> {
        Ok(self.ledger.history(id, upto).await?)
    }
}

impl Folds {
    /// The current label of a record that has a body.
    pub(crate) fn label(&self, id: RecordId) -> Option<LabelId> {
        self.graph.label(id)
    }

    /// Of these records those that match and that a sight of theirs alone would show as pointers: matched as a gray record is.
    pub(crate) fn pointed(&self, query: &clear_search::Query, rows: &RowSet) -> Vec<RecordId> {
        if rows.is_empty() {
            return Vec::new();
        }
        let labels = rows.iter().filter_map(|id| self.label(id));
        let pointing = Reach { pointer: labels.collect(), class: PerClass::from_fn(|_: FieldClass| LabelSet::empty()) };
        let nothing = Reach::nothing();
        let sight = Sight::of(&nothing).with(rows.clone(), &pointing);
        self.index.find_pointers(query, rows.iter(), &sight).hits.into_iter().map(|hit| hit.id).collect()
    }
}
