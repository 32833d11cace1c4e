//! The register: agencies, edges, agreements, affiliations, orders. In memory, the fold of its entries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clear_record::{AccountId, AgencyId, FieldClass, Inquiry, Kind, Purpose, Standing, UseCode};
use jiff::Timestamp;

use crate::entry::{
    Affiliation, Agency, AgencyKind, Agreement, DeclaredPurpose, DeclaredUseCode, Edge, EdgeKind, Entry, Flow,
    Installation, KeyHolder, Suspension,
};
use crate::order::{BadOrder, Covers, Order, Scope};

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
    #[error("there is a suspension {0} already; give this one another number")]
    KnownSuspension(String),
    #[error("the register declares no use code `{0}`")]
    UnknownUseCode(UseCode),
    #[error("a suspension names either an agency or an account, and lasts at most 14 days")]
    Suspension,
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
    edges: Vec<Edge>,
    keys: Vec<KeyHolder>,
    purposes: BTreeMap<Purpose, DeclaredPurpose>,
    use_codes: BTreeMap<UseCode, DeclaredUseCode>,
    agreements: BTreeMap<String, Agreement>,
    affiliations: Vec<Affiliation>,
    suspensions: BTreeMap<String, Suspension>,
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
                self.moments.insert(affiliation.from);
                self.moments.extend(affiliation.until);
                self.affiliations.push(affiliation.clone());
            }
            Entry::Suspension(suspension) => self.suspend(suspension)?,
            Entry::SuspensionEnd(end) => {
                let suspension =
                    self.suspensions.get_mut(&end.number).ok_or_else(|| BadEntry::NoSuspension(end.number.clone()))?;
                suspension.until = suspension.until.min(end.at);
                self.moments.insert(end.at);
            }
            Entry::CutOff { note } => {
                let order = Order::check(note, self)?;
                self.orders.push(Arc::new(order));
                self.closures.push(BTreeSet::new());
                self.cut += 1;
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
        if jiff::tz::TimeZone::get(&installation.time_zone).is_err() {
            return Err(BadEntry::TimeZone(installation.time_zone.clone()));
        }
        self.founding = Some(installation.clone());
        Ok(())
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

    fn make_known(&mut self, key: &KeyHolder) -> Result<(), BadEntry> {
        self.known(&key.agency)?;
        check_key(key)?;
        // Founding keys count, and so does the same key under another name: one signature would count as two persons'.
        let same =
            |known: &KeyHolder| known.holder == key.holder || material(&known.verifier) == material(&key.verifier);
        if self.keys().into_iter().any(same) {
            return Err(BadEntry::SecondKey(key.holder.clone()));
        }
        self.keys.push(key.clone());
        Ok(())
    }

    fn agree(&mut self, agreement: &Agreement) -> Result<(), BadEntry> {
        self.known(&agreement.agency)?;
        if !self.is_owner(&agreement.owner) {
            return Err(BadEntry::NotAnOwner(agreement.owner.clone()));
        }
        // The subtraction in `decide` holds whatever an agreement says; refusing it here spares everybody the doubt.
        let closes = |order: &Arc<Order>| match &order.draft.scope {
            Scope::Installation => true,
            Scope::Owner(owner) => *owner == agreement.owner,
        };
        if self.orders_over(&agreement.agency).any(closes) {
            return Err(BadEntry::CutOff(agreement.agency.clone()));
        }
        if agreement.until.is_some_and(|until| until <= agreement.from) {
            return Err(BadEntry::EndsBeforeItBegins(agreement.number.clone()));
        }
        let known = self.agreements.get(&agreement.number);
        if known.is_some_and(|known| known.owner != agreement.owner || known.agency != agreement.agency) {
            return Err(BadEntry::OtherParties(agreement.number.clone()));
        }
        if let Some(purpose) = agreement.purposes.iter().find(|purpose| !self.purposes.contains_key(purpose)) {
            return Err(BadEntry::UnknownPurpose(purpose.clone()));
        }
        if let Some(code) = agreement.use_codes.iter().find(|code| !self.use_codes.contains_key(code)) {
            return Err(BadEntry::UnknownUseCode(code.clone()));
        }
        self.moments.insert(agreement.from);
        self.moments.extend(agreement.until);
        self.agreements.insert(agreement.number.clone(), agreement.clone());
        Ok(())
    }

    fn suspend(&mut self, suspension: &Suspension) -> Result<(), BadEntry> {
        let hours = suspension.until.duration_since(suspension.from).as_hours();
        if suspension.agency.is_some() == suspension.account.is_some() || !(0..=14 * 24).contains(&hours) {
            return Err(BadEntry::Suspension);
        }
        if let Some(agency) = &suspension.agency {
            self.known(agency)?;
        }
        if self.suspensions.contains_key(&suspension.number) {
            return Err(BadEntry::KnownSuspension(suspension.number.clone()));
        }
        self.moments.extend([suspension.from, suspension.until]);
        self.suspensions.insert(suspension.number.clone(), suspension.clone());
        Ok(())
    }

    fn known(&self, agency: &AgencyId) -> Result<(), BadEntry> {
        match self.agencies.contains_key(agency) {
            true => Ok(()),
            false => Err(BadEntry::UnknownAgency(agency.clone())),
        }
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

    /// The orders whose closure holds the agency.
    pub fn orders_over(&self, agency: &AgencyId) -> impl Iterator<Item = &Arc<Order>> {
        self.orders.iter().zip(&self.closures).filter(|(_, closure)| closure.contains(agency)).map(|(order, _)| order)
    }

    /// Every agency that a question touches: the asker's own, all current affiliations, and each beneficiary.
    ///
    /// INVARIANT (the path holds every agency of a question): a field that names an agency is added here, or not at all.
    pub fn path(&self, standing: &Standing, inquiry: &Inquiry, at: Timestamp) -> BTreeSet<AgencyId> {
        let hats = self.affiliations.iter().filter(|hat| {
            standing.account.as_ref() == Some(&hat.account)
                && hat.from <= at
                && hat.until.is_none_or(|until| at < until)
        });
        let beneficiaries = inquiry.on_behalf_of.iter().flatten();
        standing.agency.iter().chain(hats.map(|hat| &hat.agency)).chain(beneficiaries).cloned().collect()
    }

    /// The orders that close the whole installation to a path.
    pub fn closed_to(&self, path: &BTreeSet<AgencyId>) -> Option<Arc<Order>> {
        self.met(path).find(|order| order.draft.scope == Scope::Installation).cloned()
    }

    /// The owners whose data an order closes to a path, each with its order.
    pub fn owners_closed_to(&self, path: &BTreeSet<AgencyId>) -> BTreeMap<AgencyId, Arc<Order>> {
        self.met(path)
            .filter_map(|order| match &order.draft.scope {
                Scope::Owner(owner) => Some((owner.clone(), order.clone())),
                Scope::Installation => None,
            })
            .collect()
    }

    /// The agencies of a path that an order closes these owners' records to; an order for the installation closes all.
    pub fn closed_among(&self, path: &BTreeSet<AgencyId>, owners: &BTreeSet<AgencyId>) -> BTreeSet<AgencyId> {
        let closes = |order: &Order| match &order.draft.scope {
            Scope::Installation => true,
            Scope::Owner(owner) => owners.contains(owner),
        };
        path.iter().filter(|agency| self.orders_over(agency).any(|order| closes(order))).cloned().collect()
    }

    fn met(&self, path: &BTreeSet<AgencyId>) -> impl Iterator<Item = &Arc<Order>> {
        self.orders.iter().zip(&self.closures).filter(|(_, closure)| !closure.is_disjoint(path)).map(|(order, _)| order)
    }

    /// The suspension in force over an account or any agency of a path.
    pub fn suspended(
        &self,
        account: Option<&AccountId>,
        path: &BTreeSet<AgencyId>,
        at: Timestamp,
    ) -> Option<&Suspension> {
        self.suspensions.values().find(|suspension| {
            let account = suspension.account.is_some() && suspension.account.as_ref() == account;
            let agency = suspension
                .agency
                .as_ref()
                .is_some_and(|agency| !self.connected(agency, Covers::Under, suspension.from).is_disjoint(path));
            (account || agency) && suspension.from <= at && at < suspension.until
        })
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

    /// Which of the intervals between two dates of the register a moment lies in: within one, no date changes anything.
    pub fn interval(&self, at: Timestamp) -> usize {
        self.moments.range(..=at).count()
    }

    /// How many entries were taken.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many cut-off orders were taken.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// The founding document.
    pub fn founding(&self) -> Option<&Installation> {
        self.founding.as_ref()
    }

    /// The agency of that id.
    pub fn agency(&self, id: &AgencyId) -> Option<&Agency> {
        self.agencies.get(id)
    }

    /// All agencies, by id.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// Whether the agency owns records here.
    pub fn is_owner(&self, id: &AgencyId) -> bool {
        self.agencies.get(id).is_some_and(|agency| agency.kind == AgencyKind::Owner)
    }

    /// All edges, ended ones too.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Signing keys of persons: the founding ones and those made known later.
    pub fn keys(&self) -> Vec<&KeyHolder> {
        self.founding.iter().flat_map(|founding| &founding.founding_keys).chain(&self.keys).collect()
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

/// The key itself, without the name that goes before it.
fn material(verifier: &str) -> &str {
    verifier.rsplit_once('+').map_or(verifier, |(_, material)| material)
}

fn check_key(key: &KeyHolder) -> Result<(), BadEntry> {
    match signed_note::StandardVerifier::new(&key.verifier) {
        Ok(_) => Ok(()),
        Err(_) => Err(BadEntry::Key(key.holder.clone())),
    }
}
