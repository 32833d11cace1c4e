//! Compelled production: the custodian's docket (GR20).
//!
//! In:    what a court, a law or an agency demands; counsel's determination; two persons' releases.
//! Out:   docket entries; a [`Manifest`] of what is delivered off-system; counts for the public.
//! Never: answers whoever demands, for whom this is no access; decides the law; releases on one person's word.
//!
//! # How
//! An entry is docketed, determined by counsel, released by the custodian and by counsel, in this order. Whoever demands
//! is a name in the entry and never on the path of a question: a cut-off agency asks nothing here, the custodian does.
//! Each step is a request that is decided, and leaves a *production* event before it leaves anything else.
//!
//! # Change here
//! A kind of instrument: [`ProductionInstrument`]. Who may keep the docket: `clear-rules/policies/governance.cedar`. Which
//! office a role holds: [`offices`].

use std::collections::{BTreeMap, BTreeSet};

use clear_audit::{Event, Receipt, What};
use clear_identity::Proven;
use clear_policy::{Decision, Deed, Denial, may};
use clear_record::{AccountId, AgencyId, RecordId, Request, Role, Seq, Standing};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::desk::{Desk, Error};
use crate::entry::{Entry, Refusal};

const KIND: &str = "production";
/// The longest text of an entry, characters.
const TEXT_MAX_CHARS: usize = 4000;
/// The most records of one production; more are docketed in parts.
const RECORDS_MAX: usize = 500;

/// On what a demand rests, as the custodian read it off the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductionInstrument {
    /// A warrant signed by a judge.
    JudicialWarrant,
    /// A court's order.
    CourtOrder,
    /// A subpoena of a court or grand jury.
    JudicialSubpoena,
    /// A law that itself demands the records.
    Statute,
    /// A subpoena that an agency signed itself.
    AdministrativeSubpoena,
    /// A warrant that an agency signed itself.
    AdministrativeWarrant,
    /// A letter or request without compulsion.
    Request,
}

impl ProductionInstrument {
    /// All of them, as a form lists them.
    pub const ALL: [ProductionInstrument; 7] = [
        ProductionInstrument::JudicialWarrant,
        ProductionInstrument::CourtOrder,
        ProductionInstrument::JudicialSubpoena,
        ProductionInstrument::Statute,
        ProductionInstrument::AdministrativeSubpoena,
        ProductionInstrument::AdministrativeWarrant,
        ProductionInstrument::Request,
    ];

    /// The word in the interface, the log and the public counts.
    pub const fn word(self) -> &'static str {
        match self {
            ProductionInstrument::JudicialWarrant => "judicial_warrant",
            ProductionInstrument::CourtOrder => "court_order",
            ProductionInstrument::JudicialSubpoena => "judicial_subpoena",
            ProductionInstrument::Statute => "statute",
            ProductionInstrument::AdministrativeSubpoena => "administrative_subpoena",
            ProductionInstrument::AdministrativeWarrant => "administrative_warrant",
            ProductionInstrument::Request => "request",
        }
    }

    /// Whether such an instrument is signed by a judge: always, never, or as the paper says.
    const fn judge(self) -> Option<bool> {
        match self {
            ProductionInstrument::JudicialWarrant | ProductionInstrument::CourtOrder => Some(true),
            ProductionInstrument::JudicialSubpoena | ProductionInstrument::Statute => None,
            ProductionInstrument::AdministrativeSubpoena
            | ProductionInstrument::AdministrativeWarrant
            | ProductionInstrument::Request => Some(false),
        }
    }

    /// Whether it produces nothing until a court has spoken: nobody independent has seen it yet.
    const fn awaits_court(self) -> bool {
        matches!(self, ProductionInstrument::AdministrativeSubpoena | ProductionInstrument::AdministrativeWarrant)
    }
}

/// What counsel says of a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Determination {
    /// The records are produced, once both have released them.
    Comply,
    /// The demand is contested.
    Object,
    /// Nothing happens until a court has spoken.
    AwaitingCourt,
    /// There is nothing of the kind.
    HoldsNothing,
}

impl Determination {
    /// All of them, as a form lists them.
    pub const ALL: [Determination; 4] =
        [Determination::Comply, Determination::Object, Determination::AwaitingCourt, Determination::HoldsNothing];

    /// The word in the interface, the log and the public counts.
    pub const fn word(self) -> &'static str {
        match self {
            Determination::Comply => "comply",
            Determination::Object => "object",
            Determination::AwaitingCourt => "awaiting_court",
            Determination::HoldsNothing => "holds_nothing",
        }
    }
}

/// A demand, as it is docketed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// What it is.
    pub instrument: ProductionInstrument,
    /// Whether a judge signed it.
    pub judge_signed: bool,
    /// The court, where there is one.
    #[serde(default)]
    pub court: Option<String>,
    /// The instrument's own number.
    #[serde(default)]
    pub reference: Option<String>,
    /// Who demands, in words.
    pub demanded_by: String,
    /// Who demands, if it is an agency of the register. It may be cut off: it does not ask, the custodian does.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub agency: Option<AgencyId>,
    /// How it was served.
    pub service: String,
    /// When it was received.
    #[schema(value_type = String, format = Date)]
    pub received: Date,
    /// Until when it wants an answer.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub deadline: Option<Date>,
    /// The law that the demand names, in words.
    pub legal_basis: String,
    /// What it demands, in words.
    pub scope: String,
    /// The records that fall under it, as far as they are known.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub records: BTreeSet<RecordId>,
}

/// Counsel's word on an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Determine {
    /// The entry's number.
    pub number: String,
    /// What counsel says.
    pub determination: Determination,
    /// Why, for the file.
    pub reasons: String,
    /// The court's decision, where an instrument that no judge signed is complied with.
    #[serde(default)]
    pub court_decision: Option<String>,
    /// The records to be produced; absent: those of the entry.
    #[serde(default)]
    pub records: Option<BTreeSet<RecordId>>,
}

/// One of the two releases of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseProduction {
    /// The entry's number.
    pub number: String,
}

/// The docket, or one entry of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Docket {
    /// The entry's number; absent: all.
    pub number: Option<String>,
}

/// For whom somebody releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Office {
    /// Who keeps the records.
    Custodian,
    /// Who answers for the law.
    Counsel,
}

impl Office {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Office::Custodian => "custodian",
            Office::Counsel => "counsel",
        }
    }
}

/// A determination that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Determined {
    /// What it is.
    pub determination: Determination,
    /// Who made it; absent: it is how such an instrument begins.
    #[schema(value_type = Option<String>)]
    pub by: Option<AccountId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why.
    pub reasons: String,
    /// What a court decided.
    pub court_decision: Option<String>,
}

/// A release that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GivenRelease {
    /// As what.
    pub office: Office,
    /// By whom.
    #[schema(value_type = String)]
    pub by: AccountId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// An entry of the docket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Production {
    /// Its number.
    pub number: String,
    /// Whose records are demanded.
    #[schema(value_type = String)]
    pub owner: AgencyId,
    /// What was docketed.
    pub demand: Demand,
    /// By whom.
    #[schema(value_type = String)]
    pub docketed_by: AccountId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub docketed_at: Timestamp,
    /// What counsel says by now.
    pub determined: Option<Determined>,
    /// Who has released it by now.
    pub releases: Vec<GivenRelease>,
    /// What was produced, when both had released it.
    pub manifest: Option<Manifest>,
}

/// What was produced, to lie with what is delivered. It holds no content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// When the second release was given.
    #[schema(value_type = String, format = DateTime)]
    pub produced_at: Timestamp,
    /// How far the ledger was.
    #[schema(value_type = u64)]
    pub seq: Seq,
    /// A random number, in hexadecimal, without which the digests confirm nothing (GR44).
    pub salt: String,
    /// The records.
    pub records: Vec<ManifestRow>,
}

/// A record of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestRow {
    /// The record.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// The place of the version that was produced.
    #[schema(value_type = u64)]
    pub seq: Seq,
    /// SHA-256 over salt (as written) and the version as the ledger keeps it, in hexadecimal.
    pub digest: String,
}

/// How many demands there were: for the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicProduction {
    /// On what they rest.
    pub instrument: &'static str,
    /// What counsel says; `undetermined` before that.
    pub determination: &'static str,
    /// How many.
    pub count: u64,
    /// How many of them were produced.
    pub produced: u64,
    /// How many records that were.
    pub records: u64,
}

/// Why a step is not taken: the words that its maker reads.
enum Step {
    Wrong(String),
    Denied(Box<Denial>),
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Step {
    fn from(error: E) -> Step {
        Step::Failed(Box::new(error))
    }
}

fn wrong<T>(what: impl Into<String>) -> Result<T, Step> {
    Err(Step::Wrong(what.into()))
}

impl Desk {
    /// Dockets a demand. What no judge signed begins as *awaiting court* where an agency signed it itself.
    ///
    /// # Errors
    /// As [`crate::accept`].
    pub async fn docket(&self, request: Proven<Request<Demand>>) -> Result<(Production, Receipt), Refusal> {
        let entry = Entry::asked(self, &request, "docket", &request.question.instrument.word());
        let _pen = self.writer.lock().await;
        let step = async {
            let keeper = self.keeper(&request)?;
            self.check(&keeper, &request.question).await?;
            let demand = request.question.clone();
            let awaiting = Determined {
                determination: Determination::AwaitingCourt,
                by: None,
                at: self.clock(),
                reasons: "No court has spoken: such an instrument begins here.".into(),
                court_decision: None,
            };
            let production = Production {
                number: self.next_number(&keeper).await?,
                owner: keeper.agency,
                determined: demand.instrument.awaits_court().then_some(awaiting),
                demand,
                docketed_by: keeper.account,
                docketed_at: self.clock(),
                releases: Vec::new(),
                manifest: None,
            };
            Ok((production, 0))
        };
        let step = step.await;
        self.take(entry, "docketed", step).await
    }

    /// Notes what counsel says of a demand.
    ///
    /// # Errors
    /// As [`crate::accept`].
    pub async fn determine(&self, request: Proven<Request<Determine>>) -> Result<(Production, Receipt), Refusal> {
        let said = &request.question;
        let entry = Entry::asked(self, &request, "determine", &(&said.number, said.determination.word()));
        let _pen = self.writer.lock().await;
        let step = async {
            let keeper = self.keeper(&request)?;
            if !keeper.offices.contains(&Office::Counsel) {
                return Err(Step::Denied(Box::new(Denial::NotPermitted(Deed::Produce))));
            }
            let (mut production, revision) = self.entry_of(&keeper, &said.number).await?;
            if let Some(given) = production.releases.first() {
                return wrong(format!(
                    "{} is released by {} already: its determination stands.",
                    said.number, given.by
                ));
            }
            text("reasons", &said.reasons)?;
            if let Some(records) = &said.records {
                self.owned(&keeper, records).await?;
                production.demand.records.clone_from(records);
            }
            let decision = said.court_decision.as_deref().map(str::trim).filter(|decision| !decision.is_empty());
            if let Some(decision) = decision {
                text("court_decision", decision)?;
            }
            if said.determination == Determination::Comply {
                if production.demand.records.is_empty() {
                    return wrong("There is nothing to comply with: name the records that are produced.");
                }
                if production.demand.instrument.awaits_court() && decision.is_none() {
                    return wrong(format!(
                        "No judge signed this {}: it awaits a court. State the court's decision, or object.",
                        production.demand.instrument.word().replace('_', " ")
                    ));
                }
            }
            production.determined = Some(Determined {
                determination: said.determination,
                by: Some(keeper.account),
                at: self.clock(),
                reasons: said.reasons.trim().to_owned(),
                court_decision: decision.map(str::to_owned),
            });
            Ok((production, revision))
        };
        let step = step.await;
        self.take(entry, "determined", step).await
    }

    /// Gives one of the two releases. With the second one the production is made: its manifest is in the answer, and its
    /// records stand by id in the log.
    ///
    /// # Errors
    /// As [`crate::accept`].
    pub async fn release_production(
        &self,
        request: Proven<Request<ReleaseProduction>>,
    ) -> Result<(Production, Receipt), Refusal> {
        let number = &request.question.number;
        let entry = Entry::asked(self, &request, "release_production", number);
        let _pen = self.writer.lock().await;
        let step = async {
            let keeper = self.keeper(&request)?;
            let (mut production, revision) = self.entry_of(&keeper, number).await?;
            if production.manifest.is_some() {
                return wrong(format!("{number} was produced already."));
            }
            match production.determined.as_ref().map(|determined| determined.determination) {
                Some(Determination::Comply) => {}
                None => return wrong(format!("Counsel has not determined {number} yet: nothing is released.")),
                Some(other) => {
                    let word = other.word().replace('_', " ");
                    return wrong(format!("Counsel's determination of {number} is “{word}”: nothing is released."));
                }
            }
            // INVARIANT (two persons release): one person's second word is no second person's word.
            if production.releases.iter().any(|given| given.by == keeper.account) {
                return Err(Step::Denied(Box::new(Denial::SecondPerson)));
            }
            let taken = |office: &Office| production.releases.iter().any(|given| given.office == *office);
            let Some(office) = keeper.offices.iter().copied().find(|office| !taken(office)) else {
                let missing = if taken(&Office::Custodian) { Office::Counsel } else { Office::Custodian };
                return wrong(format!("{number} waits for the release of {}.", missing.word()));
            };
            production.releases.push(GivenRelease { office, by: keeper.account.clone(), at: self.clock() });
            if production.releases.len() == 2 {
                production.manifest = Some(self.manifest(&keeper, &production.demand.records).await?);
            }
            Ok((production, revision))
        };
        let step = step.await;
        let what = match &step {
            Ok((production, _)) if production.manifest.is_some() => "produced",
            _ => "released by one",
        };
        self.take(entry, what, step).await
    }

    /// The docket of the own agency, newest first, or one entry of it.
    ///
    /// # Errors
    /// As [`crate::answer`].
    pub async fn productions(&self, request: Proven<Request<Docket>>) -> Result<(Vec<Production>, Receipt), Refusal> {
        let entry = Entry::asked(self, &request, "productions", &request.question);
        let found = async {
            let keeper = self.keeper(&request)?;
            match &request.question.number {
                Some(number) => Ok(vec![self.entry_of(&keeper, number).await?.0]),
                None => {
                    let mut all = self.all(Some(&keeper.agency)).await?;
                    all.sort_by(|one, other| (other.docketed_at, &other.number).cmp(&(one.docketed_at, &one.number)));
                    Ok(all)
                }
            }
        };
        match found.await {
            Ok(found) => {
                let receipt = entry.told(found.len() as u64).await?;
                Ok((found, receipt))
            }
            Err(step) => Err(refused(entry, step).await),
        }
    }

    /// How many demands there were and what became of them, by instrument and determination. It is public (GR20, GR28).
    ///
    /// # Errors
    /// When the docket cannot be read.
    pub async fn public_productions(&self) -> Result<Vec<PublicProduction>, Error> {
        let mut counts: BTreeMap<(&'static str, &'static str), (u64, u64, u64)> = BTreeMap::new();
        for production in self.all(None).await? {
            let determined = production.determined.map_or("undetermined", |made| made.determination.word());
            let counted = counts.entry((production.demand.instrument.word(), determined)).or_default();
            let produced = production.manifest.map(|manifest| manifest.records.len() as u64);
            counted.0 += 1;
            counted.1 += u64::from(produced.is_some());
            counted.2 += produced.unwrap_or_default();
        }
        let public = |((instrument, determination), (count, produced, records))| PublicProduction {
            instrument,
            determination,
            count,
            produced,
            records,
        };
        Ok(counts.into_iter().map(public).collect())
    }

    /// Ends a step: the production event is durable before the entry is written, and both before anything leaves.
    async fn take(
        &self,
        entry: Entry<'_>,
        what: &str,
        step: Result<(Production, u64), Step>,
    ) -> Result<(Production, Receipt), Refusal> {
        let (production, revision) = match step {
            Ok(step) => step,
            Err(step) => return Err(refused(entry, step).await),
        };
        let determined = production.determined.as_ref().map_or("undetermined", |made| made.determination.word());
        let why = format!("{what}: {}, {determined}", production.demand.instrument.word());
        let records: Vec<RecordId> =
            production.manifest.iter().flat_map(|manifest| &manifest.records).map(|row| row.id).collect();
        let event = Event {
            docket: Some(production.number.clone()),
            recipients: production.demand.agency.iter().cloned().collect(),
            why: Some(why),
            count: Some(records.len() as u64),
            owners: crate::disclosures::owners(self, &records),
            records,
            seq: production.manifest.as_ref().map(|manifest| manifest.seq),
            ..entry.event(What::Production)
        };
        if let Err(down) = self.log().append(&event, None).wait().await {
            return Err(self.log_down(&down));
        }
        let body = match serde_json::to_vec(&production) {
            Ok(body) => body,
            Err(error) => return Err(entry.failed(&error).await),
        };
        let owner = Some(production.owner.as_str());
        if let Err(error) = self.cards().put(KIND, &production.number, revision, owner, None, body).await {
            return Err(entry.failed(&error).await);
        }
        let receipt = entry.done().await?;
        Ok((production, receipt))
    }

    /// Who keeps the docket here: decided by the rules, in the name of an agency, in an office.
    fn keeper<Q>(&self, request: &Request<Q>) -> Result<Keeper, Step> {
        if let Decision::Deny(denial) = may(&self.register(), &*self.rules(), Deed::Produce, request) {
            return Err(Step::Denied(Box::new(denial)));
        }
        let Standing { account: Some(account), agency: Some(agency), roles, .. } = request.standing.clone() else {
            return Err(Step::Denied(Box::new(Denial::SignIn)));
        };
        Ok(Keeper { account, agency, offices: offices(&roles) })
    }

    async fn check(&self, keeper: &Keeper, demand: &Demand) -> Result<(), Step> {
        for (name, said) in [
            ("demanded_by", Some(demand.demanded_by.as_str())),
            ("service", Some(demand.service.as_str())),
            ("legal_basis", Some(demand.legal_basis.as_str())),
            ("scope", Some(demand.scope.as_str())),
            ("court", demand.court.as_deref()),
            ("reference", demand.reference.as_deref()),
        ] {
            if let Some(said) = said {
                text(name, said)?;
            }
        }
        let word = demand.instrument.word().replace('_', " ");
        match demand.instrument.judge() {
            Some(true) if !demand.judge_signed => {
                return wrong(format!(
                    "judge_signed: a {word} is signed by a judge. If nobody but an agency signed it, docket it as administrative."
                ));
            }
            Some(false) if demand.judge_signed => {
                return wrong(format!(
                    "judge_signed: no judge signs a {word}. If a judge did, docket it as what the judge signed."
                ));
            }
            _ => {}
        }
        if demand.judge_signed && demand.court.is_none() {
            return wrong("court: whose judge signed it?");
        }
        let today = self.clock().to_zoned(self.time_zone()).date();
        if demand.received > today {
            return wrong(format!("received: {} has not come yet.", demand.received));
        }
        if demand.deadline.is_some_and(|deadline| deadline < demand.received) {
            return wrong("deadline: it lies before the day on which the demand was received.");
        }
        if let Some(agency) = demand.agency.as_ref().filter(|agency| self.register().agency(agency).is_none()) {
            return wrong(format!("agency: the register does not know `{agency}`; leave it out and name who demands."));
        }
        self.owned(keeper, &demand.records).await
    }

    /// Whether these are records of the keeper's agency. One that is not there and one of somebody else's are the same.
    async fn owned(&self, keeper: &Keeper, records: &BTreeSet<RecordId>) -> Result<(), Step> {
        if records.len() > RECORDS_MAX {
            return wrong(format!("records: {} are too many; docket at most {RECORDS_MAX} at once.", records.len()));
        }
        self.shelves().catch_up(self.visible()).await?;
        let labels = self.labels();
        for id in records {
            let label = self.shelves().label_of(*id).and_then(|label| labels.get(label.0 as usize));
            if !label.is_some_and(|label| label.owners.contains(&keeper.agency)) {
                return wrong(format!("records: there is no record {id} of your agency."));
            }
        }
        Ok(())
    }

    /// The ids and salted digests of what is produced, as it is in the ledger now.
    async fn manifest(&self, keeper: &Keeper, records: &BTreeSet<RecordId>) -> Result<Manifest, Step> {
        // Looked at again: a record may have been expunged since it was docketed.
        self.owned(keeper, records).await?;
        let ids: Vec<RecordId> = records.iter().copied().collect();
        let seq = self.visible();
        let mut salt = [0u8; 16];
        getrandom::fill(&mut salt)?;
        let salt = hex(&salt);
        let mut rows = Vec::with_capacity(ids.len());
        for version in self.shelves().current(&ids, seq).await? {
            let Some(record) = &version.record else {
                return wrong(format!("records: {} is there no more; determine again what is produced.", version.id));
            };
            let digest = Sha256::new().chain_update(&salt).chain_update(record.to_bytes()).finalize();
            rows.push(ManifestRow { id: version.id, seq: version.seq, digest: hex(&digest) });
        }
        if let Some(gone) = ids.iter().find(|id| !rows.iter().any(|row| row.id == **id)) {
            return wrong(format!("records: {gone} is there no more; determine again what is produced."));
        }
        rows.sort_by_key(|row| row.id);
        Ok(Manifest { produced_at: self.clock(), seq, salt, records: rows })
    }

    async fn entry_of(&self, keeper: &Keeper, number: &str) -> Result<(Production, u64), Step> {
        let card = self.cards().get(KIND, number).await?;
        let card = card.filter(|card| card.owner.as_deref() == Some(keeper.agency.as_str()));
        match card {
            Some(card) => Ok((serde_json::from_slice(&card.body)?, card.revision)),
            None => wrong(format!("There is no entry {number} in the docket of your agency.")),
        }
    }

    async fn all(&self, owner: Option<&AgencyId>) -> Result<Vec<Production>, Error> {
        let cards = self.cards().list(KIND, owner.map(AgencyId::as_str)).await?;
        cards.iter().map(|card| serde_json::from_slice(&card.body).map_err(Error::Docket)).collect()
    }

    /// The agency's next number of the year.
    async fn next_number(&self, keeper: &Keeper) -> Result<String, Step> {
        let year = self.clock().to_zoned(self.time_zone()).year();
        let start = format!("{}-{year}-", keeper.agency);
        let cards = self.cards().list(KIND, Some(keeper.agency.as_str())).await?;
        let last = cards.iter().filter_map(|card| card.key.strip_prefix(&start)?.parse::<u32>().ok()).max();
        Ok(format!("{start}{:04}", last.unwrap_or_default() + 1))
    }
}

/// Somebody who keeps the docket.
struct Keeper {
    account: AccountId,
    agency: AgencyId,
    offices: Vec<Office>,
}

/// The offices that an account's roles hold. The rules say who keeps the docket at all; this, which half of it.
fn offices(roles: &BTreeSet<Role>) -> Vec<Office> {
    let held = [(Role::Clerk, Office::Custodian), (Role::Steward, Office::Counsel)];
    held.into_iter().filter(|(role, _)| roles.contains(role)).map(|(_, office)| office).collect()
}

async fn refused(entry: Entry<'_>, step: Step) -> Refusal {
    match step {
        Step::Wrong(what) => entry.wrong(what).await,
        Step::Denied(denial) => entry.refuse(*denial).await,
        Step::Failed(error) => entry.failed(error.as_ref()).await,
    }
}

fn text(name: &str, said: &str) -> Result<(), Step> {
    match said.trim().chars().count() {
        0 => wrong(format!("{name}: it is empty.")),
        1..=TEXT_MAX_CHARS => Ok(()),
        _ => wrong(format!("{name}: it is longer than {TEXT_MAX_CHARS} characters.")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
