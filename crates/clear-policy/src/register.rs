//! The register: agencies, edges, agreements, affiliations, orders. In memory, the fold of its entries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clear_record::{AccountId, AgencyId, FieldClass, Inquiry, Kind, Purpose, Standing, UseCode};
use jiff::{SignedDuration, Timestamp};

use crate::ending::{Ending, Succession};
use crate::entry::{
    Admission, Affiliation, Agency, AgencyKind, Agreement, Announcement, Attestation, DeclaredPurpose, DeclaredUseCode,
    Edge, EdgeKind, Entry, Flow, Installation, KeyEnd, KeyHolder, Member, TaskForce, Terms, Vendor,
};
use crate::order::{BadOrder, Covers, Order, OrderDraft, Scope};
use crate::suspension::{Over, Suspension};

/// An entry that the register does not take, with the reason. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum BadEntry {
    #[error("the register is empty: its first entry founds the installation")]
    NotFounded,
    #[error("the installation is already founded as `{0}`")]
    AlreadyFounded(AgencyId),
    #[error("an installation needs three founding keys of different persons and a quorum between two and their number")]
    Founding,
    #[error("whoever may end a cut-off gives notice of it: `ends_cut_offs.notice_days` is at least 1")]
    NoNotice,
    #[error("the key of `{0}` is not a verifier key (`name+hash+base64`)")]
    Key(AccountId),
    #[error("`{0}` holds a signing key already; a person has one")]
    SecondKey(AccountId),
    #[error("the time zone `{0}` is not known")]
    TimeZone(String),
    #[error("the agency `{0}` is already registered")]
    KnownAgency(AgencyId),
    #[error("the register does not know the agency `{0}`")]
    UnknownAgency(AgencyId),
    #[error("`{0}` is not an agency that owns records here")]
    NotAnOwner(AgencyId),
    #[error("`{0}` cannot be its own parent or predecessor, near or far")]
    Circle(AgencyId),
    #[error("there is no such open edge from `{0}` to `{1}`")]
    NoEdge(AgencyId, AgencyId),
    #[error("`{0}` is under a cut-off order; a cut-off is permanent and no agreement reopens it")]
    CutOff(AgencyId),
    #[error("agreement {0} ends before it begins")]
    EndsBeforeItBegins(String),
    #[error("the register declares no purpose `{0}`")]
    UnknownPurpose(Purpose),
    #[error("the purpose `{0}` is denied to everybody, and no later entry lifts that")]
    DenialStays(Purpose),
    #[error("agreement {0} is between other parties; give this one another number")]
    OtherParties(String),
    #[error("the register declares no use code `{0}`")]
    UnknownUseCode(UseCode),
    #[error("`{0}` is announced and not yet admitted: a second person admits it after the notice")]
    NotAdmitted(AgencyId),
    #[error("`{0}` is not announced; an `announcement` comes first")]
    NotAnnounced(AgencyId),
    #[error(
        "`{0}` is registered by one person's announcement and a second person's admission; enter an `announcement`"
    )]
    Announce(AgencyId),
    #[error("the entry does not say who enters it, and when")]
    WhoAndWhen,
    #[error("`{agency}` was announced by `{by}`; a second person admits it")]
    SamePerson { agency: AgencyId, by: AccountId },
    #[error("the notice for `{agency}` ends at {until}; admit it then")]
    Notice { agency: AgencyId, until: Timestamp },
    #[error(
        "the edge from `{from}` to `{to}` is what puts `{to}` under order {order}; a new parent or predecessor is entered beside it, and frees nobody"
    )]
    WouldFree { from: AgencyId, to: AgencyId, order: String },
    #[error("`{0}` is not an agency of the kind `{1}`")]
    NotOfKind(AgencyId, &'static str),
    #[error("there is no task force `{0}`")]
    NoTaskForce(AgencyId),
    #[error("`{0}` ends before it begins")]
    Dates(String),
    #[error("terms {0} need words, and either an agency (`about`) or a `purpose` that they point at")]
    Terms(String),
    #[error("`{0}` holds no signing key that could end; a founding key ends by a `succession`")]
    NoKey(AccountId),
    #[error("the key of `{0}` belonged to somebody already, or has ended; a new one has to be made")]
    OldKey(AccountId),
    #[error("there is no suspension {0}")]
    NoSuspension(String),
    #[error(transparent)]
    Order(#[from] BadOrder),
}

/// The register as it is after `version` entries.
#[derive(Debug, Clone, Default)]
pub struct Register {
    version: u64,
    cut: u64,
    founding: Option<Installation>,
    agencies: BTreeMap<AgencyId, Agency>,
    /// Those of the agencies that wait for their admission.
    announced: BTreeMap<AgencyId, Announcement>,
    edges: Vec<Edge>,
    /// The founding keys as they are now, after successions.
    founders: Vec<KeyHolder>,
    keys: Vec<KeyHolder>,
    ended_keys: Vec<KeyHolder>,
    purposes: BTreeMap<Purpose, DeclaredPurpose>,
    use_codes: BTreeMap<UseCode, DeclaredUseCode>,
    agreements: BTreeMap<String, Agreement>,
    affiliations: Vec<Affiliation>,
    attestations: BTreeMap<AccountId, Timestamp>,
    task_forces: BTreeMap<AgencyId, TaskForce>,
    members: Vec<Member>,
    vendors: BTreeMap<String, Vendor>,
    terms: BTreeMap<String, Terms>,
    suspensions: BTreeMap<String, Suspension>,
    endings: Vec<Ending>,
    orders: Vec<Arc<Order>>,
    /// The closure of each order, kept as it grows: INVARIANT (a closure never shrinks).
    closures: Vec<BTreeSet<AgencyId>>,
    flows: Vec<Flow>,
    /// Every moment at which a date in the register begins or ends something.
    moments: BTreeSet<Timestamp>,
}

impl Register {
    /// An empty register: nobody may do anything.
    pub fn new() -> Register {
        Register::default()
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// See [`BadEntry`]; nothing was changed then.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), BadEntry> {
        if self.founding.is_none() && !matches!(entry, Entry::Installation(_)) {
            return Err(BadEntry::NotFounded);
        }
        match entry {
            Entry::Installation(installation) => self.found(installation)?,
            Entry::Agency(agency) => self.register_agency(agency)?,
            Entry::Edge(edge) => self.draw(edge)?,
            Entry::Key(key) => self.make_known(key)?,
            Entry::Purpose(purpose) => {
                let denied = self.purposes.get(&purpose.code).is_some_and(|known| known.denied.is_some());
                if denied && purpose.denied.is_none() {
                    return Err(BadEntry::DenialStays(purpose.code.clone()));
                }
                self.purposes.insert(purpose.code.clone(), purpose.clone());
            }
            Entry::UseCode(code) => {
                self.use_codes.insert(code.code.clone(), code.clone());
            }
            Entry::Agreement(agreement) => self.agree(agreement)?,
            Entry::Affiliation(affiliation) => {
                self.known(&affiliation.agency)?;
                if affiliation.until.is_some_and(|until| until <= affiliation.from) {
                    return Err(BadEntry::Dates(format!("{} at {}", affiliation.account, affiliation.agency)));
                }
                // The same beginning again, with an end, ends an affiliation.
                self.affiliations.retain(|known| {
                    known.account != affiliation.account
                        || known.agency != affiliation.agency
                        || known.from != affiliation.from
                });
                self.moments.insert(affiliation.from);
                self.moments.extend(affiliation.until);
                self.moments.extend(overdue(affiliation.from));
                self.affiliations.push(affiliation.clone());
            }
            Entry::Announcement(announcement) => self.announce(announcement)?,
            Entry::Admission(admission) => self.admit(admission)?,
            Entry::TaskForce(task_force) => self.date(task_force)?,
            Entry::Member(member) => self.enrol(member)?,
            Entry::Vendor(vendor) => self.engage(vendor)?,
            Entry::Terms(terms) => self.look_for(terms)?,
            Entry::Attestation(attestation) => {
                let Attestation { account: Some(account), at: Some(at) } = attestation else {
                    return Err(BadEntry::WhoAndWhen);
                };
                self.attestations.insert(account.clone(), *at);
                self.moments.insert(*at);
                self.moments.extend(overdue(*at));
            }
            Entry::KeyEnd(end) => self.end_key(end)?,
            Entry::Succession { note } => self.succeed(Succession::check(note, self)?),
            Entry::Suspension { note } => {
                let suspension = Suspension::check(note, self)?;
                self.moments.extend([suspension.from, suspension.until]);
                self.suspensions.insert(suspension.number.clone(), suspension);
            }
            Entry::SuspensionEnd(end) => {
                let suspension =
                    self.suspensions.get_mut(&end.number).ok_or_else(|| BadEntry::NoSuspension(end.number.clone()))?;
                suspension.until = suspension.until.min(end.at.max(suspension.from));
                self.moments.insert(end.at);
            }
            Entry::CutOff { note } => {
                let order = Order::check(note, self)?;
                self.orders.push(Arc::new(order));
                self.closures.push(BTreeSet::new());
                self.cut += 1;
            }
            Entry::Ending { note } => {
                let ending = Ending::check(note, self)?;
                self.moments.insert(ending.holds_from);
                self.endings.push(ending);
            }
            Entry::Flow(flow) => self.flows.push(flow.clone()),
        }
        self.grow_closures();
        self.version += 1;
        Ok(())
    }

    fn found(&mut self, installation: &Installation) -> Result<(), BadEntry> {
        if let Some(founding) = &self.founding {
            return Err(BadEntry::AlreadyFounded(founding.name.clone()));
        }
        let holders: BTreeSet<_> = installation.founding_keys.iter().map(|key| &key.holder).collect();
        let verifiers: BTreeSet<_> = installation.founding_keys.iter().map(|key| material(&key.verifier)).collect();
        let persons = holders.len().min(verifiers.len());
        if persons < 3 || persons < installation.founding_keys.len() || !(2..=persons).contains(&installation.quorum) {
            return Err(BadEntry::Founding);
        }
        for key in &installation.founding_keys {
            check_key(key)?;
        }
        if installation.ends_cut_offs.as_ref().is_some_and(|power| power.notice_days == 0) {
            return Err(BadEntry::NoNotice);
        }
        if jiff::tz::TimeZone::get(&installation.time_zone).is_err() {
            return Err(BadEntry::TimeZone(installation.time_zone.clone()));
        }
        self.founders = installation.founding_keys.clone();
        self.founding = Some(installation.clone());
        Ok(())
    }

    fn announce(&mut self, announcement: &Announcement) -> Result<(), BadEntry> {
        if announcement.by.is_none() || announcement.at.is_none() {
            return Err(BadEntry::WhoAndWhen);
        }
        self.register_agency(&announcement.agency)?;
        self.announced.insert(announcement.agency.id.clone(), announcement.clone());
        Ok(())
    }

    fn admit(&mut self, admission: &Admission) -> Result<(), BadEntry> {
        let (Some(by), Some(at)) = (&admission.by, admission.at) else { return Err(BadEntry::WhoAndWhen) };
        let agency = &admission.agency;
        let announced = self.announced.get(agency).ok_or_else(|| BadEntry::NotAnnounced(agency.clone()))?;
        if announced.by.as_ref() == Some(by) {
            return Err(BadEntry::SamePerson { agency: agency.clone(), by: by.clone() });
        }
        let until = self.notice_of(agency).unwrap_or(Timestamp::MAX);
        if at < until {
            return Err(BadEntry::Notice { agency: agency.clone(), until });
        }
        if self.orders_over(agency, at).any(|order| order.draft.scope == Scope::Installation) {
            return Err(BadEntry::CutOff(agency.clone()));
        }
        self.announced.remove(agency);
        Ok(())
    }

    /// When the public notice of an announced agency ends.
    pub fn notice_of(&self, agency: &AgencyId) -> Option<Timestamp> {
        let days = self.founding.as_ref().map_or_else(crate::entry::notice_days, |founding| founding.notice_days);
        let at = self.announced.get(agency)?.at?;
        at.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()
    }

    fn date(&mut self, task_force: &TaskForce) -> Result<(), BadEntry> {
        self.of_kind(&task_force.agency, AgencyKind::TaskForce)?;
        self.admitted(&task_force.lead)?;
        if task_force.until <= task_force.from {
            return Err(BadEntry::Dates(task_force.agency.to_string()));
        }
        self.declared(&task_force.purposes, &BTreeSet::new())?;
        self.not_cut_off(&task_force.lead, task_force.from)?;
        self.moments.extend([task_force.from, task_force.until]);
        self.task_forces.insert(task_force.agency.clone(), task_force.clone());
        Ok(())
    }

    fn enrol(&mut self, member: &Member) -> Result<(), BadEntry> {
        if !self.task_forces.contains_key(&member.task_force) {
            return Err(BadEntry::NoTaskForce(member.task_force.clone()));
        }
        self.admitted(&member.agency)?;
        if member.until.is_some_and(|until| until <= member.from) {
            return Err(BadEntry::Dates(format!("{} in {}", member.agency, member.task_force)));
        }
        // Nobody is kept in because of an order: the end of a membership that there is may be entered.
        let ends_a_known_one = member.until.is_some() && self.members.iter().any(|known| is_same_member(known, member));
        if !ends_a_known_one {
            self.not_cut_off(&member.agency, member.from)?;
        }
        self.moments.insert(member.from);
        self.moments.extend(member.until);
        self.members.retain(|known| !is_same_member(known, member));
        self.members.push(member.clone());
        Ok(())
    }

    fn engage(&mut self, vendor: &Vendor) -> Result<(), BadEntry> {
        self.of_kind(&vendor.vendor, AgencyKind::Vendor)?;
        if !self.is_owner(&vendor.owner) {
            return Err(BadEntry::NotAnOwner(vendor.owner.clone()));
        }
        if vendor.until <= vendor.from {
            return Err(BadEntry::Dates(vendor.number.clone()));
        }
        self.not_cut_off(&vendor.vendor, vendor.from)?;
        self.moments.extend([vendor.from, vendor.until]);
        self.vendors.insert(vendor.number.clone(), vendor.clone());
        Ok(())
    }

    fn look_for(&mut self, terms: &Terms) -> Result<(), BadEntry> {
        let words = terms.words.iter().all(|word| !crate::terms::normal(word).is_empty());
        if terms.words.is_empty() || !words || terms.about.is_some() == terms.purpose.is_some() {
            return Err(BadEntry::Terms(terms.number.clone()));
        }
        if let Some(agency) = &terms.about {
            self.known(agency)?;
        }
        self.declared(&terms.purpose.iter().cloned().collect(), &BTreeSet::new())?;
        self.terms.insert(terms.number.clone(), terms.clone());
        Ok(())
    }

    fn end_key(&mut self, end: &KeyEnd) -> Result<(), BadEntry> {
        let at = self.keys.iter().position(|key| key.holder == end.holder);
        let at = at.ok_or_else(|| BadEntry::NoKey(end.holder.clone()))?;
        let key = self.keys.remove(at);
        self.ended_keys.push(key);
        Ok(())
    }

    fn succeed(&mut self, succession: Succession) {
        let (ended, mut left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.founders).into_iter().partition(|key| key.holder == succession.holder);
        self.ended_keys.extend(ended);
        left.extend(succession.successor);
        self.founders = left;
    }

    fn register_agency(&mut self, agency: &Agency) -> Result<(), BadEntry> {
        if self.agencies.contains_key(&agency.id) {
            return Err(BadEntry::KnownAgency(agency.id.clone()));
        }
        for other in [&agency.parent, &agency.predecessor].into_iter().flatten() {
            self.known(other)?;
        }
        self.agencies.insert(agency.id.clone(), agency.clone());
        let edges = [(EdgeKind::Parent, &agency.parent), (EdgeKind::Predecessor, &agency.predecessor)];
        for (kind, from) in edges {
            if let Some(from) = from {
                self.edges.push(Edge { kind, from: from.clone(), to: agency.id.clone(), ended_at: None });
            }
        }
        Ok(())
    }

    fn draw(&mut self, edge: &Edge) -> Result<(), BadEntry> {
        self.known(&edge.from)?;
        self.known(&edge.to)?;
        if let Some(at) = edge.ended_at {
            self.frees_nobody(edge)?;
            let open = self.edges.iter_mut().find(|known| {
                known.kind == edge.kind && known.from == edge.from && known.to == edge.to && known.ended_at.is_none()
            });
            open.ok_or_else(|| BadEntry::NoEdge(edge.from.clone(), edge.to.clone()))?.ended_at = Some(at);
            return Ok(());
        }
        if self.connected(&edge.to, Covers::Under, Timestamp::MIN).contains(&edge.from) {
            return Err(BadEntry::Circle(edge.to.clone()));
        }
        self.edges.push(edge.clone());
        Ok(())
    }

    /// Ending an edge shrinks no closure, and an entry that looks as if it did is refused with the order's number.
    fn frees_nobody(&self, edge: &Edge) -> Result<(), BadEntry> {
        let would = self.orders.iter().zip(&self.closures).find(|(order, closure)| {
            let stands = self.ending_of(&order.draft.number).is_none();
            stands && closure.contains(&edge.from) && closure.contains(&edge.to)
        });
        match would {
            None => Ok(()),
            Some((order, _)) => Err(BadEntry::WouldFree {
                from: edge.from.clone(),
                to: edge.to.clone(),
                order: order.draft.number.clone(),
            }),
        }
    }

    fn make_known(&mut self, key: &KeyHolder) -> Result<(), BadEntry> {
        self.known(&key.agency)?;
        check_key(key)?;
        // Founding keys count, and so does the same key under another name: one signature would count as two persons'.
        let same =
            |known: &KeyHolder| known.holder == key.holder || material(&known.verifier) == material(&key.verifier);
        if self.keys().into_iter().any(same) {
            return Err(BadEntry::SecondKey(key.holder.clone()));
        }
        if self.was_a_key(&key.verifier) {
            return Err(BadEntry::OldKey(key.holder.clone()));
        }
        self.keys.push(key.clone());
        Ok(())
    }

    fn agree(&mut self, agreement: &Agreement) -> Result<(), BadEntry> {
        self.admitted(&agreement.agency)?;
        if !self.is_owner(&agreement.owner) {
            return Err(BadEntry::NotAnOwner(agreement.owner.clone()));
        }
        // The subtraction in `decide` holds whatever an agreement says; refusing it here spares everybody the doubt.
        let closes = |order: &Arc<Order>| match &order.draft.scope {
            Scope::Installation => true,
            Scope::Owner(owner) => *owner == agreement.owner,
        };
        if self.orders_over(&agreement.agency, agreement.from).any(closes) {
            return Err(BadEntry::CutOff(agreement.agency.clone()));
        }
        if agreement.until.is_some_and(|until| until <= agreement.from) {
            return Err(BadEntry::EndsBeforeItBegins(agreement.number.clone()));
        }
        let known = self.agreements.get(&agreement.number);
        if known.is_some_and(|known| known.owner != agreement.owner || known.agency != agreement.agency) {
            return Err(BadEntry::OtherParties(agreement.number.clone()));
        }
        self.declared(&agreement.purposes, &agreement.use_codes)?;
        self.moments.insert(agreement.from);
        self.moments.extend(agreement.until);
        self.agreements.insert(agreement.number.clone(), agreement.clone());
        Ok(())
    }

    fn known(&self, agency: &AgencyId) -> Result<(), BadEntry> {
        match self.agencies.contains_key(agency) {
            true => Ok(()),
            false => Err(BadEntry::UnknownAgency(agency.clone())),
        }
    }

    fn admitted(&self, agency: &AgencyId) -> Result<(), BadEntry> {
        self.known(agency)?;
        match self.announced.contains_key(agency) {
            true => Err(BadEntry::NotAdmitted(agency.clone())),
            false => Ok(()),
        }
    }

    fn of_kind(&self, agency: &AgencyId, kind: AgencyKind) -> Result<(), BadEntry> {
        self.admitted(agency)?;
        match self.agencies.get(agency).is_some_and(|known| known.kind == kind) {
            true => Ok(()),
            false => Err(BadEntry::NotOfKind(agency.clone(), kind.word())),
        }
    }

    fn not_cut_off(&self, agency: &AgencyId, at: Timestamp) -> Result<(), BadEntry> {
        match self.orders_over(agency, at).any(|order| order.draft.scope == Scope::Installation) {
            true => Err(BadEntry::CutOff(agency.clone())),
            false => Ok(()),
        }
    }

    fn declared(&self, purposes: &BTreeSet<Purpose>, use_codes: &BTreeSet<UseCode>) -> Result<(), BadEntry> {
        if let Some(purpose) = purposes.iter().find(|purpose| !self.purposes.contains_key(purpose)) {
            return Err(BadEntry::UnknownPurpose(purpose.clone()));
        }
        if let Some(code) = use_codes.iter().find(|code| !self.use_codes.contains_key(code)) {
            return Err(BadEntry::UnknownUseCode(code.clone()));
        }
        Ok(())
    }

    fn grow_closures(&mut self) {
        for at in 0..self.orders.len() {
            let Some(order) = self.orders.get(at).cloned() else { continue };
            let now = self.closure(&order.draft.agency, order.draft.covers, order.draft.issued_at);
            if let Some(closure) = self.closures.get_mut(at) {
                closure.extend(now);
            }
        }
    }

    /// The agencies that an order over `agency` covers, by every edge that ever held at or after `issued_at`.
    pub fn closure(&self, agency: &AgencyId, covers: Covers, issued_at: Timestamp) -> BTreeSet<AgencyId> {
        self.connected(agency, covers, issued_at)
    }

    fn connected(&self, agency: &AgencyId, covers: Covers, issued_at: Timestamp) -> BTreeSet<AgencyId> {
        let mut found = BTreeSet::from([agency.clone()]);
        let mut next = vec![agency.clone()];
        while let Some(from) = next.pop() {
            for edge in self.edges.iter().filter(|edge| edge.ended_at.is_none_or(|end| end >= issued_at)) {
                let other = match covers {
                    _ if edge.from == from => &edge.to,
                    Covers::Family if edge.to == from => &edge.from,
                    _ => continue,
                };
                if found.insert(other.clone()) {
                    next.push(other.clone());
                }
            }
        }
        found
    }

    /// The orders whose closure holds the agency, and that are not ended at that moment.
    pub fn orders_over(&self, agency: &AgencyId, at: Timestamp) -> impl Iterator<Item = &Arc<Order>> {
        self.closing(at).filter(|(_, closure)| closure.contains(agency)).map(|(order, _)| order)
    }

    /// The ending of an order, where the quorum ended it.
    pub fn ending_of(&self, order: &str) -> Option<&Ending> {
        self.endings.iter().find(|ending| ending.order == order)
    }

    fn closing(&self, at: Timestamp) -> impl Iterator<Item = (&Arc<Order>, &BTreeSet<AgencyId>)> {
        let ended = move |order: &Order| self.ending_of(&order.draft.number).is_some_and(|end| end.holds_from <= at);
        self.orders.iter().zip(&self.closures).filter(move |(order, _)| !ended(order))
    }

    /// Counts an entry whose text is not shown, for whoever reads an export that names it by its commitment alone.
    pub fn withhold(&mut self) {
        self.version += 1;
    }

    /// This register as it would be under a drafted order, before anybody signs it: to look at, never to serve.
    ///
    /// # Errors
    /// What is wrong with the draft.
    pub fn under(&self, draft: &OrderDraft) -> Result<Register, BadOrder> {
        draft.check(self)?;
        let mut under = self.clone();
        let order = Order { draft: draft.clone(), signers: Vec::new(), note: String::new() };
        under.orders.push(Arc::new(order));
        under.closures.push(BTreeSet::new());
        under.cut += 1;
        under.version += 1;
        under.grow_closures();
        Ok(under)
    }

    /// Every agency that a question touches: the asker's own and the union of the [`Parts`].
    ///
    /// INVARIANT (the path holds every agency of a question): a field that names an agency is added to `Parts`, or not at
    /// all.
    pub fn path(&self, standing: &Standing, inquiry: &Inquiry, at: Timestamp) -> BTreeSet<AgencyId> {
        let parts = self.parts(standing, inquiry, at);
        let Parts { affiliations, task_force, beneficiaries, relays, recipients } = parts;
        standing
            .agency
            .iter()
            .cloned()
            .chain([affiliations, task_force, beneficiaries, relays, recipients].into_iter().flatten())
            .collect()
    }

    /// The agencies of a question by how it touches them.
    pub fn parts(&self, standing: &Standing, inquiry: &Inquiry, at: Timestamp) -> Parts {
        // Every field by name, so that a new one that names an agency cannot be forgotten here.
        let Standing { account, agency, roles: _, device: _, ended_by: _ } = standing;
        let Inquiry {
            task_force,
            on_behalf_of,
            relays,
            recipients,
            for_them,
            purpose: _,
            use_code: _,
            case: _,
            reason: _,
            number: _,
            emergency: _,
            released: _,
            requestor: _,
            analytic: _,
        } = inquiry;
        let hats = self.hats(account.as_ref(), at);
        let mut parts = Parts {
            affiliations: hats.map(|hat| hat.agency.clone()).collect(),
            task_force: task_force.iter().cloned().collect(),
            beneficiaries: on_behalf_of.iter().flatten().cloned().collect(),
            relays: relays.clone(),
            recipients: recipients.clone(),
        };
        // The answer *yes, it is for them* names them as openly as `on_behalf_of` would have.
        if *for_them == Some(true) {
            let met = self.terms_met(&crate::reasons::said(inquiry), at).into_iter();
            parts.beneficiaries.extend(met.filter_map(|terms| terms.about.clone()));
        }
        // Whoever asks as a task force, for one or towards one, asks for all its members: it never widens a member.
        for set in [&mut parts.task_force, &mut parts.beneficiaries, &mut parts.relays, &mut parts.recipients] {
            let members: Vec<AgencyId> = set.iter().flat_map(|agency| self.behind(agency, at)).collect();
            set.extend(members);
        }
        let home = agency.iter().flat_map(|agency| self.behind(agency, at));
        parts.task_force.extend(home);
        parts
    }

    /// Who carries a closure's agencies along without being of them: accounts with a hat of one, and task forces that one
    /// leads or is a member of. A connection may have begun before they did.
    pub fn carrying(&self, closure: &BTreeSet<AgencyId>, at: Timestamp) -> (BTreeSet<AccountId>, BTreeSet<AgencyId>) {
        let lasts = |from: Timestamp, until: Option<Timestamp>| from <= at && until.is_none_or(|until| at < until);
        let hats = self.affiliations.iter().filter(|hat| closure.contains(&hat.agency) && lasts(hat.from, hat.until));
        let members = self.members.iter().filter(|member| lasts(member.from, member.until));
        let members = members.map(|member| (&member.task_force, &member.agency));
        let leads = self.task_forces.iter().map(|(id, task_force)| (id, &task_force.lead));
        let joined = members.chain(leads).filter(|(_, agency)| closure.contains(*agency));
        (hats.map(|hat| hat.account.clone()).collect(), joined.map(|(id, _)| id.clone()).collect())
    }

    fn hats<'a>(&'a self, account: Option<&'a AccountId>, at: Timestamp) -> impl Iterator<Item = &'a Affiliation> {
        self.affiliations.iter().filter(move |hat| {
            account == Some(&hat.account) && hat.from <= at && hat.until.is_none_or(|until| at < until)
        })
    }

    /// The lead and the current members of a task force; nobody for other agencies.
    fn behind(&self, agency: &AgencyId, at: Timestamp) -> Vec<AgencyId> {
        let Some(task_force) = self.task_forces.get(agency) else { return Vec::new() };
        let members = self.members_of(agency, at).map(|member| member.agency.clone());
        members.chain([task_force.lead.clone()]).collect()
    }

    /// The current members of a task force.
    pub fn members_of<'a>(&'a self, task_force: &'a AgencyId, at: Timestamp) -> impl Iterator<Item = &'a Member> {
        self.members.iter().filter(move |member| {
            member.task_force == *task_force && member.from <= at && member.until.is_none_or(|until| at < until)
        })
    }

    /// The task force of that id, while it lasts.
    pub fn task_force(&self, agency: &AgencyId, at: Timestamp) -> Option<&TaskForce> {
        self.task_forces.get(agency).filter(|task_force| task_force.from <= at && at < task_force.until)
    }

    /// A vendor on a path whom no owner has engaged at that moment.
    pub fn unengaged(&self, path: &BTreeSet<AgencyId>, at: Timestamp) -> Option<AgencyId> {
        let vendor = |agency: &&AgencyId| {
            self.agencies.get(agency).is_some_and(|known| known.kind == AgencyKind::Vendor)
                && !self
                    .vendors
                    .values()
                    .any(|vendor| vendor.vendor == **agency && vendor.from <= at && at < vendor.until)
        };
        path.iter().find(vendor).cloned()
    }

    /// Whether an account with affiliations has not said within a year that they are all declared.
    pub fn unattested(&self, account: &AccountId, at: Timestamp) -> bool {
        let Some(since) = self.hats(Some(account), at).map(|hat| hat.from).min() else { return false };
        let last = self.attestations.get(account).copied().map_or(since, |attested| attested.max(since));
        overdue(last).is_some_and(|overdue| overdue <= at)
    }

    /// The terms that a reason meets: those of agencies that are cut off and of denied purposes.
    pub fn terms_met(&self, reason: &str, at: Timestamp) -> Vec<&Terms> {
        let said = crate::terms::normal(reason);
        let live = |terms: &&Terms| {
            let agency = terms.about.as_ref().is_some_and(|agency| self.orders_over(agency, at).next().is_some());
            let purpose = terms.purpose.as_ref().and_then(|purpose| self.purposes.get(purpose));
            agency || purpose.is_some_and(|purpose| purpose.denied.is_some())
        };
        self.terms.values().filter(live).filter(|terms| crate::terms::met(&terms.words, &said)).collect()
    }

    /// The orders that close the whole installation to a path.
    pub fn closed_to(&self, path: &BTreeSet<AgencyId>, at: Timestamp) -> Option<Arc<Order>> {
        self.met(path, at).find(|order| order.draft.scope == Scope::Installation).cloned()
    }

    /// The owners whose data an order closes to a path, each with its order.
    pub fn owners_closed_to(&self, path: &BTreeSet<AgencyId>, at: Timestamp) -> BTreeMap<AgencyId, Arc<Order>> {
        self.met(path, at)
            .filter_map(|order| match &order.draft.scope {
                Scope::Owner(owner) => Some((owner.clone(), order.clone())),
                Scope::Installation => None,
            })
            .collect()
    }

    /// The agencies of a path that an order closes these owners' records to; an order for the installation closes all.
    pub fn closed_among(
        &self,
        path: &BTreeSet<AgencyId>,
        owners: &BTreeSet<AgencyId>,
        at: Timestamp,
    ) -> BTreeSet<AgencyId> {
        let closes = |order: &Order| match &order.draft.scope {
            Scope::Installation => true,
            Scope::Owner(owner) => owners.contains(owner),
        };
        path.iter().filter(|agency| self.orders_over(agency, at).any(|order| closes(order))).cloned().collect()
    }

    fn met<'a>(&'a self, path: &'a BTreeSet<AgencyId>, at: Timestamp) -> impl Iterator<Item = &'a Arc<Order>> {
        self.closing(at).filter(|(_, closure)| !closure.is_disjoint(path)).map(|(order, _)| order)
    }

    /// The suspension in force over a standing or any agency of a path.
    pub fn suspended(&self, standing: &Standing, path: &BTreeSet<AgencyId>, at: Timestamp) -> Option<&Suspension> {
        self.suspensions.values().filter(|suspension| suspension.from <= at && at < suspension.until).find(
            |suspension| match &suspension.over {
                Over::Account(account) => standing.account.as_ref() == Some(account),
                Over::Device(device) => standing.device.as_ref() == Some(device),
                Over::Agency(agency) => !self.connected(agency, Covers::Under, suspension.from).is_disjoint(path),
            },
        )
    }

    /// The field classes that agreements in force open on records of these owners, for every agency of the path: the
    /// intersection over owners and agencies, so that the strictest wins (GR08). An owner needs no agreement with itself.
    pub fn agreed(
        &self,
        path: &BTreeSet<AgencyId>,
        owners: &BTreeSet<AgencyId>,
        kind: Kind,
        purpose: &Purpose,
        use_code: &UseCode,
        at: Timestamp,
    ) -> BTreeSet<FieldClass> {
        // Nobody can open what nobody owns, and a path without an agency opens nothing.
        if owners.is_empty() || path.is_empty() {
            return BTreeSet::new();
        }
        let mut agreed: BTreeSet<FieldClass> = FieldClass::ALL.iter().copied().collect();
        for owner in owners {
            for agency in path.iter().filter(|agency| *agency != owner) {
                let open: BTreeSet<FieldClass> = self
                    .agreements
                    .values()
                    .filter(|agreement| {
                        agreement.owner == *owner
                            && agreement.agency == *agency
                            && agreement.kinds.contains(&kind)
                            && agreement.purposes.contains(purpose)
                            && agreement.use_codes.contains(use_code)
                            && agreement.from <= at
                            && agreement.until.is_none_or(|until| at < until)
                    })
                    .flat_map(|agreement| agreement.classes.iter().copied())
                    .collect();
                agreed.retain(|class| open.contains(class));
            }
        }
        agreed
    }

    /// Which of the intervals between two dates of the register a moment lies in, by the date that begins it: within one, no
    /// date changes anything.
    pub fn interval(&self, at: Timestamp) -> Option<Timestamp> {
        self.moments.range(..=at).next_back().copied()
    }

    /// How many entries were taken.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many cut-off orders were taken.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// How much has been taken that may end a grant: orders, agencies that their closures have grown by, suspensions. It
    /// only grows; while it stands, grants hold.
    pub fn stops(&self) -> u64 {
        let closed: usize = self.closures.iter().map(BTreeSet::len).sum();
        self.cut + (closed + self.suspensions.len()) as u64
    }

    /// The founding document.
    pub fn founding(&self) -> Option<&Installation> {
        self.founding.as_ref()
    }

    /// The agency of that id.
    pub fn agency(&self, id: &AgencyId) -> Option<&Agency> {
        self.agencies.get(id)
    }

    /// The agency of that id, if it is registered and not only announced.
    pub fn is_admitted(&self, id: &AgencyId) -> bool {
        self.agencies.contains_key(id) && !self.announced.contains_key(id)
    }

    /// Agencies that wait for their admission.
    pub fn announced(&self) -> impl Iterator<Item = &Announcement> {
        self.announced.values()
    }

    /// All task forces ever dated.
    pub fn task_forces(&self) -> impl Iterator<Item = &TaskForce> {
        self.task_forces.values()
    }

    /// All vendors' engagements in their newest version.
    pub fn vendors(&self) -> impl Iterator<Item = &Vendor> {
        self.vendors.values()
    }

    /// All terms. Not for the public.
    pub fn terms(&self) -> impl Iterator<Item = &Terms> {
        self.terms.values()
    }

    /// All endings of orders.
    pub fn endings(&self) -> &[Ending] {
        &self.endings
    }

    /// All agencies, by id.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// Whether the agency owns records here.
    pub fn is_owner(&self, id: &AgencyId) -> bool {
        self.agencies.get(id).is_some_and(|agency| agency.kind == AgencyKind::Owner)
    }

    /// Whether the agency oversees this installation.
    pub fn is_oversight(&self, id: &AgencyId) -> bool {
        self.agencies.get(id).is_some_and(|agency| agency.kind == AgencyKind::Oversight)
    }

    /// All edges, ended ones too.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Signing keys of persons: the founding ones and those made known later, without those that have ended.
    pub fn keys(&self) -> Vec<&KeyHolder> {
        self.founders.iter().chain(&self.keys).collect()
    }

    /// The founding keys as they are after successions.
    pub fn founding_keys(&self) -> &[KeyHolder] {
        &self.founders
    }

    /// Keys whose signatures count no more.
    pub fn ended_keys(&self) -> Vec<&KeyHolder> {
        self.ended_keys.iter().collect()
    }

    /// Whether a key was ever somebody's.
    pub(crate) fn was_a_key(&self, verifier: &str) -> bool {
        let all = self.founders.iter().chain(&self.keys).chain(&self.ended_keys);
        all.into_iter().any(|known| material(&known.verifier) == material(verifier))
    }

    /// The purpose of that code.
    pub fn purpose(&self, code: &Purpose) -> Option<&DeclaredPurpose> {
        self.purposes.get(code)
    }

    /// All purposes.
    pub fn purposes(&self) -> impl Iterator<Item = &DeclaredPurpose> {
        self.purposes.values()
    }

    /// All use codes.
    pub fn use_codes(&self) -> impl Iterator<Item = &DeclaredUseCode> {
        self.use_codes.values()
    }

    /// Whether the use code is declared.
    pub fn knows_use_code(&self, code: &UseCode) -> bool {
        self.use_codes.contains_key(code)
    }

    /// All agreements in their newest version.
    pub fn agreements(&self) -> impl Iterator<Item = &Agreement> {
        self.agreements.values()
    }

    /// All affiliations ever declared.
    pub fn affiliations(&self) -> &[Affiliation] {
        &self.affiliations
    }

    /// All suspensions ever made.
    pub fn suspensions(&self) -> impl Iterator<Item = &Suspension> {
        self.suspensions.values()
    }

    /// All cut-off orders, in the order they were taken.
    pub fn orders(&self) -> &[Arc<Order>] {
        &self.orders
    }

    /// The agencies that an order covers by now.
    pub fn closure_of(&self, number: &str) -> Option<&BTreeSet<AgencyId>> {
        self.orders
            .iter()
            .zip(&self.closures)
            .find(|(order, _)| order.draft.number == number)
            .map(|(_, closure)| closure)
    }

    /// All declared flows out.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }
}

/// The agencies of a question, beside the asker's own, by how it touches them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// The agencies that the asker also belongs to.
    pub affiliations: BTreeSet<AgencyId>,
    /// The task force that it acts for, with its lead and members.
    pub task_force: BTreeSet<AgencyId>,
    /// On whose behalf it asks.
    pub beneficiaries: BTreeSet<AgencyId>,
    /// Agencies whose installations hand the question on.
    pub relays: BTreeSet<AgencyId>,
    /// Agencies that the answer is delivered to.
    pub recipients: BTreeSet<AgencyId>,
}

/// The first moment at which an attestation of that time is older than a year.
fn overdue(attested: Timestamp) -> Option<Timestamp> {
    attested.checked_add(SignedDuration::from_hours(24 * 366) + SignedDuration::from_nanos(1)).ok()
}

/// Whether two entries speak of one membership; the later one says how long it lasts.
fn is_same_member(one: &Member, other: &Member) -> bool {
    one.task_force == other.task_force && one.agency == other.agency && one.from == other.from
}

/// The key itself, without the name that goes before it.
fn material(verifier: &str) -> &str {
    // Base64 has a `+` of its own: what follows the last one may be the same for two keys.
    verifier.splitn(3, '+').nth(2).unwrap_or(verifier)
}

fn check_key(key: &KeyHolder) -> Result<(), BadEntry> {
    match signed_note::StandardVerifier::new(&key.verifier) {
        Ok(_) => Ok(()),
        Err(_) => Err(BadEntry::Key(key.holder.clone())),
    }
}
