//! What everybody may know: who has access, who is cut off, and what that does not cover (mission, statement 4).

use clear_policy::{Covers, OrderDraft, Register, Scope};
use clear_record::AgencyId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::desk::Desk;

/// The public register.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicRegister {
    /// The installation's title.
    pub installation: String,
    /// Its short name, as orders and suspensions write it.
    pub name: String,
    /// The register's version: how many entries it has.
    pub version: u64,
    /// Whom to write to.
    pub legal_contact: String,
    /// Every agency, with what it may see.
    pub agencies: Vec<PublicAgency>,
    /// Agencies of which notice was given, and that have no access yet.
    pub announced: Vec<PublicAnnouncement>,
    /// Task forces that have not ended.
    pub task_forces: Vec<PublicTaskForce>,
    /// Vendors' engagements that have not ended.
    pub vendors: Vec<PublicVendor>,
    /// Every cut-off order, oldest first.
    pub orders: Vec<PublicOrder>,
    /// Suspensions in force.
    pub suspensions: Vec<PublicSuspension>,
    /// Purposes that are denied to everybody, with the legal basis.
    pub denied_purposes: Vec<(String, String)>,
    /// Flows of data out of the installation, and whether a cut-off reaches them.
    pub flows: Vec<PublicFlow>,
}

/// An agency and its access.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicAgency {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// The agency that it is a part of.
    pub parent: Option<String>,
    /// `owner`, `access`, `suspended`, `cut off`, `announced` or `none`.
    pub access: String,
    /// The order that cut it off.
    pub order: Option<String>,
    /// Its agreements in force.
    pub agreements: Vec<PublicAgreement>,
}

/// An agency of which notice was given (GR01): whoever knows better may object until the notice ends.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicAnnouncement {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The agency that it is a part of.
    pub parent: Option<String>,
    /// The agency that it continues.
    pub predecessor: Option<String>,
    /// Who announced it.
    pub by: String,
    /// Until when nobody can admit it.
    pub notice_until: String,
}

/// A task force.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicTaskForce {
    /// Its agency's id.
    pub agency: String,
    /// Which agency leads it.
    pub lead: String,
    /// Its members at this moment.
    pub members: Vec<String>,
    /// Until when.
    pub until: String,
}

/// A vendor's engagement.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicVendor {
    /// The contract's number.
    pub number: String,
    /// Which vendor.
    pub vendor: String,
    /// Which owner engaged it.
    pub owner: String,
    /// For what.
    pub work: String,
    /// Until when.
    pub until: String,
}

/// An agreement in force.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicAgreement {
    /// Its number.
    pub number: String,
    /// Whose records.
    pub owner: String,
    /// Which data classes.
    pub kinds: Vec<String>,
    /// Which field classes.
    pub classes: Vec<String>,
    /// For which purposes.
    pub purposes: Vec<String>,
    /// Since when.
    pub from: String,
    /// Until when.
    pub until: Option<String>,
    /// SHA-256 of the executed document.
    pub document: String,
}

/// A cut-off order.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicOrder {
    /// Its number.
    pub number: String,
    /// The agency that it names.
    pub agency: String,
    /// When it was issued.
    pub issued_at: String,
    /// Every agency that it covers by now.
    pub closure: Vec<String>,
    /// Whose data it closes.
    pub scope: String,
    /// Its public text.
    pub text: String,
    /// Whom the agency may write to.
    pub contact: String,
    /// Who signed it.
    pub signers: Vec<String>,
    /// The signed note, checkable with any signed-note tool.
    pub note: String,
    /// From when the founding quorum has ended it, where its founding document gives that power; it stays here for ever.
    pub ended_from: Option<String>,
}

/// A suspension in force.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicSuspension {
    /// Its number.
    pub number: String,
    /// The agency; an account's suspension is not public.
    pub agency: String,
    /// Until when.
    pub until: String,
    /// Why.
    pub reason: String,
}

/// A flow out.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicFlow {
    /// Its name.
    pub name: String,
    /// What leaves.
    pub fields: String,
    /// On which legal basis.
    pub legal_basis: String,
    /// Who is known to read it.
    pub readers: Vec<String>,
    /// Whether a cut-off reaches it.
    pub reached: bool,
    /// What that means.
    pub note: String,
}

impl Desk {
    /// The public register at this moment.
    pub fn public_register(&self) -> PublicRegister {
        let (register, now) = (self.register(), self.clock());
        let founding = register.founding();
        PublicRegister {
            installation: founding.map(|founding| founding.title.clone()).unwrap_or_default(),
            name: founding.map(|founding| founding.name.to_string()).unwrap_or_default(),
            version: register.version(),
            legal_contact: founding.map(|founding| founding.legal_contact.clone()).unwrap_or_default(),
            agencies: register.agencies().map(|agency| public_agency(&register, &agency.id, now)).collect(),
            announced: register
                .announced()
                .filter_map(|announcement| public_announcement(&register, announcement))
                .collect(),
            task_forces: register
                .task_forces()
                .filter(|task_force| now < task_force.until)
                .map(|task_force| PublicTaskForce {
                    agency: task_force.agency.to_string(),
                    lead: task_force.lead.to_string(),
                    members: register.members_of(&task_force.agency, now).map(|it| it.agency.to_string()).collect(),
                    until: task_force.until.to_string(),
                })
                .collect(),
            vendors: register
                .vendors()
                .filter(|vendor| now < vendor.until)
                .map(|vendor| PublicVendor {
                    number: vendor.number.clone(),
                    vendor: vendor.vendor.to_string(),
                    owner: vendor.owner.to_string(),
                    work: vendor.work.clone(),
                    until: vendor.until.to_string(),
                })
                .collect(),
            orders: register.orders().iter().map(|order| public_order(&register, order)).collect(),
            suspensions: register
                .suspensions()
                .filter(|suspension| suspension.from <= now && now < suspension.until)
                .filter_map(|suspension| {
                    Some(PublicSuspension {
                        number: suspension.number.clone(),
                        agency: match &suspension.over {
                            clear_policy::Over::Agency(agency) => agency.to_string(),
                            _ => return None,
                        },
                        until: suspension.until.to_string(),
                        reason: suspension.reason.clone(),
                    })
                })
                .collect(),
            denied_purposes: register
                .purposes()
                .filter_map(|purpose| Some((purpose.title.clone(), purpose.denied.clone()?)))
                .collect(),
            flows: register
                .flows()
                .iter()
                .map(|flow| PublicFlow {
                    name: flow.name.clone(),
                    fields: flow.fields.clone(),
                    legal_basis: flow.legal_basis.clone(),
                    readers: flow.readers.clone(),
                    reached: flow.reached,
                    note: flow.note.clone(),
                })
                .collect(),
        }
    }

    /// The purposes that may be stated, code and title, for the inquiry bar.
    pub fn purposes(&self) -> Vec<(String, String)> {
        self.register()
            .purposes()
            .filter(|purpose| purpose.denied.is_none())
            .map(|p| (p.code.to_string(), p.title.clone()))
            .collect()
    }

    /// The use codes that may be stated, code and title.
    pub fn use_codes(&self) -> Vec<(String, String)> {
        self.register().use_codes().map(|code| (code.code.to_string(), code.title.clone())).collect()
    }

    /// The city's time zone, UTC before the founding.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        time_zone(&self.register())
    }

    /// An agency's name for people.
    pub fn agency_name(&self, id: &AgencyId) -> Option<String> {
        self.register().agency(id).map(|agency| agency.name.clone())
    }
}

/// An order as it would be, to be looked at before it is signed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OrderPreview {
    /// The text to sign.
    pub text: String,
    /// Every agency that it covers, id and name.
    pub closure: Vec<(String, String)>,
    /// Their number, to be re-typed.
    pub count: usize,
    /// Their digest, to be re-typed.
    pub digest: String,
}

/// Drafts an order against the register as it is: the closure is computed, never typed.
///
/// # Errors
/// The agency is not registered, its closure holds an owner, or nothing is founded.
pub fn order_preview(
    desk: &Desk,
    number: &str,
    agency: &AgencyId,
    covers: Covers,
    scope: Scope,
    contact: Option<&str>,
    text: &str,
) -> Result<(OrderDraft, OrderPreview), clear_policy::BadOrder> {
    let (register, issued_at) = (desk.register(), desk.clock());
    let founding = register.founding().ok_or_else(|| clear_policy::BadOrder::UnknownAgency(agency.clone()))?;
    if register.agency(agency).is_none() {
        return Err(clear_policy::BadOrder::UnknownAgency(agency.clone()));
    }
    let closure = register.closure(agency, covers, issued_at);
    // Said before anybody signs, not when they have.
    if let Some(owner) = closure.iter().find(|agency| register.is_owner(agency)) {
        return Err(clear_policy::BadOrder::HoldsOwner(owner.clone()));
    }
    let draft = OrderDraft {
        installation: founding.name.clone(),
        number: number.to_owned(),
        agency: agency.clone(),
        covers,
        scope,
        issued_at,
        register: register.version(),
        closure_count: closure.len(),
        closure_digest: clear_policy::closure_digest(&closure),
        contact: contact.unwrap_or(&founding.legal_contact).to_owned(),
        text: text.to_owned(),
    };
    let named =
        |id: &AgencyId| (id.to_string(), register.agency(id).map(|agency| agency.name.clone()).unwrap_or_default());
    let preview = OrderPreview {
        text: draft.to_string(),
        closure: closure.iter().map(named).collect(),
        count: draft.closure_count,
        digest: draft.closure_digest.clone(),
    };
    Ok((draft, preview))
}

fn public_agency(register: &Register, id: &AgencyId, now: Timestamp) -> PublicAgency {
    let agency = register.agency(id);
    let order = register.orders_over(id, now).next();
    let nobody = clear_record::Standing::resident();
    let suspended = register.suspended(&nobody, &std::iter::once(id.clone()).collect(), now).is_some();
    let agreements: Vec<PublicAgreement> = register
        .agreements()
        .filter(|agreement| {
            agreement.agency == *id && agreement.from <= now && agreement.until.is_none_or(|until| now < until)
        })
        .map(|agreement| PublicAgreement {
            number: agreement.number.clone(),
            owner: agreement.owner.to_string(),
            kinds: agreement.kinds.iter().map(ToString::to_string).collect(),
            classes: agreement.classes.iter().map(ToString::to_string).collect(),
            purposes: agreement
                .purposes
                .iter()
                .map(|code| register.purpose(code).map_or_else(|| code.to_string(), |purpose| purpose.title.clone()))
                .collect(),
            from: agreement.from.strftime("%Y-%m-%d").to_string(),
            until: agreement.until.map(|until| until.strftime("%Y-%m-%d").to_string()),
            document: agreement.document.clone(),
        })
        .collect();
    let access = match (order, suspended, register.is_owner(id), agreements.is_empty()) {
        _ if !register.is_admitted(id) => "announced",
        (Some(_), ..) => "cut off",
        (_, true, ..) => "suspended",
        (_, _, true, _) => "owner",
        (_, _, _, false) => "access",
        _ => "none",
    };
    PublicAgency {
        id: id.to_string(),
        name: agency.map(|agency| agency.name.clone()).unwrap_or_default(),
        kind: agency.map(|agency| agency.kind.word().replace('_', " ")).unwrap_or_default(),
        parent: agency.and_then(|agency| agency.parent.as_ref()).map(ToString::to_string),
        access: access.to_owned(),
        order: order.map(|order| order.draft.number.clone()),
        agreements: if order.is_some() { Vec::new() } else { agreements },
    }
}

fn public_announcement(register: &Register, announcement: &clear_policy::Announcement) -> Option<PublicAnnouncement> {
    let agency = &announcement.agency;
    Some(PublicAnnouncement {
        id: agency.id.to_string(),
        name: agency.name.clone(),
        parent: agency.parent.as_ref().map(ToString::to_string),
        predecessor: agency.predecessor.as_ref().map(ToString::to_string),
        by: announcement.by.as_ref()?.to_string(),
        notice_until: register.notice_of(&agency.id)?.to_string(),
    })
}

fn public_order(register: &Register, order: &clear_policy::Order) -> PublicOrder {
    let draft = &order.draft;
    PublicOrder {
        number: draft.number.clone(),
        agency: draft.agency.to_string(),
        issued_at: draft.issued_at.to_string(),
        closure: register.closure_of(&draft.number).into_iter().flatten().map(ToString::to_string).collect(),
        scope: match &draft.scope {
            Scope::Installation => "every record of this installation".to_owned(),
            Scope::Owner(owner) => format!("records of {owner}"),
        },
        text: draft.text.clone(),
        contact: draft.contact.clone(),
        signers: order.signers.iter().map(ToString::to_string).collect(),
        note: order.note.clone(),
        ended_from: register.ending_of(&draft.number).map(|ending| ending.holds_from.to_string()),
    }
}

/// The city's clock as the register says it.
pub(crate) fn time_zone(register: &Register) -> jiff::tz::TimeZone {
    let zone = register.founding().and_then(|founding| jiff::tz::TimeZone::get(&founding.time_zone).ok());
    zone.unwrap_or(jiff::tz::TimeZone::UTC)
}
