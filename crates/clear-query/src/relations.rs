//! How askers stand to single records, and what owners decided on single records: facts of the ledger, folded.
//!
//! - *author*: who filed a record's first version by hand. A correction makes nobody an author: whoever guesses an id
//!   would read what it names.
//! - *assigned*, *supervisor*: by an assignment in force, to its incident and all parts of it.
//! - *recipient*: by a referral in force, to the one record that it names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use clear_graph::Graph;
use clear_policy::Grant;
use clear_record::{
    AccountId, AgencyId, Assignment, Caution, Kind, Method, Record, RecordId, Referral, Relation, Restriction, RowSet,
    Seq, Sight, Version,
};
use jiff::Timestamp;

/// The single records that an asker is tied to, and those that were tightened since the projections were made.
#[derive(Debug, Clone, Default)]
pub struct Ties {
    sets: Vec<(Relation, RowSet)>,
    hidden: RowSet,
}

impl Ties {
    /// What a grant opens to an asker with these ties.
    pub fn sight<'a>(&'a self, grant: &'a Grant) -> Sight<'a> {
        let any = Sight::of(grant.reach(Relation::Any)).without(self.hidden.clone());
        self.sets.iter().fold(any, |sight, (relation, rows)| sight.with(rows.clone(), grant.reach(*relation)))
    }
}

/// The facts of relations.
#[derive(Default)]
pub(crate) struct Relations {
    authored: HashMap<AccountId, RowSet>,
    author_of: HashMap<RecordId, AccountId>,
    assignments: HashMap<RecordId, Assignment>,
    assigned: HashMap<AccountId, BTreeSet<RecordId>>,
    supervised: HashMap<AccountId, BTreeSet<RecordId>>,
    referrals: HashMap<RecordId, Referral>,
    referred: HashMap<AgencyId, BTreeSet<RecordId>>,
    /// By the record that is restricted: the decision in force.
    restrictions: HashMap<RecordId, (RecordId, Restriction)>,
    cautioned: RowSet,
}

clear_record::snapshot!(Relations {
    authored,
    author_of,
    assignments,
    assigned,
    supervised,
    referrals,
    referred,
    restrictions,
    cautioned,
});

impl Relations {
    /// Takes in one version. `is_new` says that the ledger had no version of the record before.
    pub(crate) fn apply(&mut self, version: &Version, is_new: bool) {
        self.forget(version.id);
        match &version.record {
            None => {
                if let Some(author) = self.author_of.remove(&version.id)
                    && let Some(rows) = self.authored.get_mut(&author)
                {
                    rows.remove(version.id);
                }
                self.restrictions.remove(&version.id);
                self.cautioned.remove(version.id);
            }
            Some(record) => {
                // A program that imports reads nothing of it.
                if is_new && version.provenance.method == Method::Filed {
                    let author = &version.provenance.author;
                    self.authored.entry(author.clone()).or_default().insert(version.id);
                    self.author_of.insert(version.id, author.clone());
                }
                self.remember(version.id, record);
            }
        }
    }

    fn remember(&mut self, id: RecordId, record: &Record) {
        match record {
            Record::Assignment(assignment) => {
                self.assigned.entry(assignment.account.clone()).or_default().insert(id);
                if let Some(supervisor) = &assignment.supervisor {
                    self.supervised.entry(supervisor.clone()).or_default().insert(id);
                }
                self.assignments.insert(id, assignment.clone());
            }
            Record::Referral(referral) => {
                self.referred.entry(referral.agency.clone()).or_default().insert(id);
                self.referrals.insert(id, referral.clone());
            }
            Record::Restriction(restriction) => {
                if restriction.ended_at.is_none() {
                    self.cautioned.remove(restriction.record);
                    if restriction.caution.is_some() {
                        self.cautioned.insert(restriction.record);
                    }
                    self.restrictions.insert(restriction.record, (id, restriction.clone()));
                } else if self.restrictions.get(&restriction.record).is_some_and(|(known, _)| *known == id) {
                    self.restrictions.remove(&restriction.record);
                    self.cautioned.remove(restriction.record);
                }
            }
            _ => {}
        }
    }

    /// Forgets what the record's last version said of others.
    fn forget(&mut self, id: RecordId) {
        fn take<K: std::hash::Hash + Eq>(sets: &mut HashMap<K, BTreeSet<RecordId>>, key: &K, id: RecordId) {
            if let Some(ids) = sets.get_mut(key) {
                ids.remove(&id);
                if ids.is_empty() {
                    sets.remove(key);
                }
            }
        }
        if let Some(assignment) = self.assignments.remove(&id) {
            take(&mut self.assigned, &assignment.account, id);
            if let Some(supervisor) = &assignment.supervisor {
                take(&mut self.supervised, supervisor, id);
            }
        }
        if let Some(referral) = self.referrals.remove(&id) {
            take(&mut self.referred, &referral.agency, id);
        }
    }

    /// The records that an asker is tied to at the moment of its question.
    pub(crate) fn ties(&self, graph: &Graph, grant: &Grant, hidden: RowSet) -> Ties {
        let standing = grant.standing();
        let mut sets = Vec::new();
        if let Some(account) = &standing.account {
            sets.extend(self.authored.get(account).map(|rows| (Relation::Author, rows.clone())));
            sets.push((Relation::Assigned, self.worked_on(graph, self.assigned.get(account), grant.at())));
            sets.push((Relation::Supervisor, self.worked_on(graph, self.supervised.get(account), grant.at())));
        }
        if let Some(agency) = &standing.agency {
            let referred = self.referred.get(agency).into_iter().flatten();
            let in_force = referred.filter_map(|id| self.referrals.get(id)).filter(|it| it.holds_at(grant.at()));
            sets.push((Relation::Recipient, in_force.map(|referral| referral.record).collect()));
        }
        sets.retain(|(_, rows)| !rows.is_empty());
        Ties { sets, hidden }
    }

    /// The incidents of these assignments as far as they are in force, with all their parts.
    fn worked_on(&self, graph: &Graph, ids: Option<&BTreeSet<RecordId>>, at: Timestamp) -> RowSet {
        let assignments = ids.into_iter().flatten().filter_map(|id| self.assignments.get(id));
        let incidents = assignments.filter(|it| it.holds_at(at)).map(|it| it.incident.id());
        let mut rows: BTreeSet<RecordId> = BTreeSet::new();
        let mut ahead: Vec<RecordId> = incidents.collect();
        while let Some(id) = ahead.pop() {
            if rows.insert(id) {
                ahead.extend(graph.parts_of(id));
            }
        }
        rows.into_iter().collect()
    }

    /// The decision in force on a record, with the id of its record.
    pub(crate) fn restriction(&self, id: RecordId) -> Option<&(RecordId, Restriction)> {
        self.restrictions.get(&id)
    }

    /// Decisions whose end has come, by the record that they restrict.
    pub(crate) fn restrictions_ended(&self, now: Timestamp) -> Vec<RecordId> {
        let ended = self.restrictions.iter().filter(|(_, (_, it))| it.until.is_some_and(|until| until <= now));
        let mut ids: Vec<RecordId> = ended.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// Black records whose owner has something to say to whoever would have hit them.
    pub(crate) fn cautioned(&self) -> &RowSet {
        &self.cautioned
    }

    /// What is said of one.
    pub(crate) fn caution(&self, id: RecordId) -> Option<Caution> {
        self.restrictions.get(&id).and_then(|(_, restriction)| restriction.caution)
    }

    /// The records that an assignment or referral covers now, whoever is tied to them by it.
    pub(crate) fn covers(&self, graph: &Graph, id: RecordId) -> Vec<RecordId> {
        let incident = self.assignments.get(&id).map(|assignment| assignment.incident.id());
        let mut covered: Vec<RecordId> = self.referrals.get(&id).map(|referral| referral.record).into_iter().collect();
        let mut ahead: Vec<RecordId> = incident.into_iter().collect();
        while let Some(id) = ahead.pop() {
            if !covered.contains(&id) {
                covered.push(id);
                ahead.extend(graph.parts_of(id));
            }
        }
        covered
    }
}

/// Records that became stricter and that the projections do not know as such yet.
///
/// INVARIANT (tightened is subtracted): from the moment in which a record is in here, no sight opens it until the
/// projections have passed the version that tightened it.
#[derive(Default)]
pub(crate) struct Tightened(RwLock<(u64, BTreeMap<Seq, Vec<RecordId>>, RowSet)>, AtomicU64);

impl Tightened {
    /// Adds records that a filing at `seq` tightened.
    pub(crate) fn add(&self, seq: Seq, ids: Vec<RecordId>) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (count, by_seq, rows) = &mut *inner;
        *count += 1;
        if ids.iter().any(|id| id.kind == Kind::Incident) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
        ids.iter().for_each(|id| rows.insert(*id));
        by_seq.entry(seq).or_default().extend(ids);
    }

    /// Forgets what the projections have passed.
    pub(crate) fn passed(&self, seq: Seq) {
        if self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .first_key_value()
            .is_none_or(|(first, _)| *first > seq)
        {
            return;
        }
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (_, by_seq, rows) = &mut *inner;
        *by_seq = by_seq.split_off(&Seq(seq.0 + 1));
        *rows = by_seq.values().flatten().copied().collect();
    }

    /// Those that are hidden now.
    pub(crate) fn hidden(&self) -> RowSet {
        self.0.read().unwrap_or_else(PoisonError::into_inner).2.clone()
    }

    /// How many filings tightened an incident since the start.
    pub(crate) fn incidents(&self) -> u64 {
        self.1.load(Ordering::SeqCst)
    }

    /// How many filings tightened something since the start.
    pub(crate) fn count(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Labels as values, shared.
pub(crate) type Labels = Arc<Vec<clear_record::Label>>;
