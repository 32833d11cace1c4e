//! A small city to decide about: `pd` and `so` own records, `bor` is a department with the agencies `frs` and `sis` under
//! it, `new` continues `frs`, `state` and `tf` are partners, `board` oversees.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD, Engine};
use clear_policy::{
    Affiliation, Agency, AgencyKind, Agreement, BadEntry, Covers, Decision, DeclaredPurpose, DeclaredUseCode, Denial,
    Edge, EdgeKind, Entry, Grant, Installation, KeyHolder, OrderDraft, Over, Register, Scope, Sights, SuspensionDraft,
    closure_digest, decide,
};
use clear_record::{
    AccountId, AgencyId, FieldClass, Inquiry, Kind, Label, Origin, Purpose, Request, RequestId, Role, Standing, UseCode,
};
use clear_rules::CedarRules;
use ed25519_dalek::SigningKey;
use signed_note::{Note, Signer, StandardSigner, key_id, new_ed25519_verifier_key};

pub(crate) static RULES: LazyLock<CedarRules> = LazyLock::new(|| CedarRules::embedded().expect("the rules load"));

pub(crate) fn at(text: &str) -> jiff::Timestamp {
    format!("{text}T00:00:00Z").parse().expect("a date")
}

pub(crate) fn agency(name: &str) -> AgencyId {
    name.parse().expect("an agency id")
}

pub(crate) fn account(name: &str) -> AccountId {
    name.parse().expect("an account id")
}

pub(crate) fn agencies(names: &str) -> BTreeSet<AgencyId> {
    names.split_whitespace().map(agency).collect()
}

/// A person's key: the seed makes it, the name goes before it.
fn secret(seed: u8, name: &str) -> (StandardSigner, String) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = [&[1], key.verifying_key().as_bytes().as_slice()].concat();
    let text = BASE64_STANDARD.encode([&[1], key.to_bytes().as_slice()].concat());
    let skey = format!("PRIVATE+KEY+{name}+{:08x}+{text}", key_id(name, &public));
    (StandardSigner::new(&skey).expect("a signer"), new_ed25519_verifier_key(name, &key.verifying_key()))
}

pub(crate) fn signer(name: &str) -> StandardSigner {
    secret(seed(name), name).0
}

/// The verifier key under a name, of the key that belongs to `whose`.
pub(crate) fn verifier(name: &str, whose: &str) -> String {
    secret(seed(whose), name).1
}

fn seed(name: &str) -> u8 {
    name.bytes().fold(7, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
}

pub(crate) fn key(holder: &str, of: &str) -> KeyHolder {
    KeyHolder { holder: account(holder), agency: agency(of), verifier: verifier(holder, holder) }
}

/// One line of the register.
pub(crate) fn known(id: &str, kind: AgencyKind, parent: Option<&str>, predecessor: Option<&str>) -> Entry {
    let [parent, predecessor] = [parent, predecessor].map(|other| other.map(agency));
    Entry::Agency(Agency {
        id: agency(id),
        name: id.to_uppercase(),
        kind,
        ori: None,
        jurisdiction: None,
        parent,
        predecessor,
        contact: "desk".into(),
    })
}

pub(crate) fn founding() -> Installation {
    Installation {
        name: agency("city"),
        title: "City".into(),
        time_zone: "America/Chicago".into(),
        founding_keys: vec![key("ann", "pd"), key("bob", "pd"), key("cyd", "pd")],
        quorum: 2,
        legal_contact: "counsel@city".into(),
        notice_days: 7,
        ends_cut_offs: None,
    }
}

pub(crate) fn agreement(number: &str, owner: &str, with: &str, classes: &[FieldClass]) -> Agreement {
    Agreement {
        number: number.into(),
        owner: agency(owner),
        agency: agency(with),
        kinds: BTreeSet::from([Kind::Incident, Kind::Person]),
        classes: classes.iter().copied().collect(),
        purposes: BTreeSet::from([Purpose("case".into())]),
        use_codes: BTreeSet::from([UseCode("C".into())]),
        from: at("2020-01-01"),
        until: Some(at("2030-01-01")),
        document: "00".into(),
        signatories: vec!["chief".into()],
    }
}

pub(crate) const BASIC: &[FieldClass] = &[FieldClass::Operational, FieldClass::Place, FieldClass::Identity];

pub(crate) fn city() -> Register {
    let mut register = Register::new();
    let mut entries = vec![Entry::Installation(founding())];
    entries.extend([
        known("pd", AgencyKind::Owner, None, None),
        known("so", AgencyKind::Owner, None, None),
        known("bor", AgencyKind::Parent, None, None),
        known("frs", AgencyKind::Federal, Some("bor"), None),
        known("sis", AgencyKind::Federal, Some("bor"), None),
        known("new", AgencyKind::Federal, None, Some("frs")),
        known("state", AgencyKind::State, None, None),
        known("tf", AgencyKind::TaskForce, None, None),
        known("board", AgencyKind::Oversight, None, None),
        Entry::Purpose(DeclaredPurpose {
            code: Purpose("case".into()),
            title: "Criminal investigation".into(),
            denied: None,
            held: None,
            events: Default::default(),
        }),
        Entry::Purpose(DeclaredPurpose {
            code: Purpose("removal".into()),
            title: "Civil enforcement".into(),
            denied: Some("2-173-030".into()),
            held: None,
            events: Default::default(),
        }),
        Entry::UseCode(DeclaredUseCode { code: UseCode("C".into()), title: "Criminal justice".into() }),
        Entry::Key(key("sam", "so")),
        Entry::Key(key("sue", "so")),
        Entry::Key(key("fay", "state")),
    ]);
    for (number, owner, with) in [
        ("1", "pd", "state"),
        ("2", "pd", "frs"),
        ("3", "pd", "sis"),
        ("4", "pd", "tf"),
        ("5", "so", "frs"),
        ("6", "so", "state"),
    ] {
        entries.push(Entry::Agreement(agreement(number, owner, with, BASIC)));
    }
    entries.push(Entry::Agreement(agreement("7", "so", "pd", &[FieldClass::Operational, FieldClass::Source])));
    entries.push(Entry::Agreement(agreement("8", "pd", "so", &[FieldClass::Operational, FieldClass::Identity])));
    for entry in entries {
        register.apply(&entry).unwrap_or_else(|error| panic!("{}: {error}", entry.name()));
    }
    register
}

/// An order against an agency, as it would be drafted of the register as it is.
pub(crate) fn draft(register: &Register, number: &str, against: &str, covers: Covers, scope: Scope) -> OrderDraft {
    let issued_at = at("2026-01-01");
    let closure = register.closure(&agency(against), covers, issued_at);
    OrderDraft {
        installation: agency("city"),
        number: number.into(),
        agency: agency(against),
        covers,
        scope,
        issued_at,
        register: register.version(),
        closure_count: closure.len(),
        closure_digest: closure_digest(&closure),
        contact: "counsel@city".into(),
        text: "Its access to any police database ends and the cut remains permanent.".into(),
    }
}

pub(crate) fn signed(draft: &OrderDraft, signers: &[StandardSigner]) -> Entry {
    Entry::CutOff { note: note(draft, signers) }
}

/// A signed note over what a draft says.
pub(crate) fn note(draft: &impl ToString, signers: &[StandardSigner]) -> String {
    let mut note = Note::new(draft.to_string().as_bytes(), &[]).expect("a note");
    let signers: Vec<&dyn Signer> = signers.iter().map(|signer| signer as &dyn Signer).collect();
    note.add_sigs(&signers).expect("signatures");
    String::from_utf8(note.to_bytes()).expect("text")
}

/// Cuts an agency off with two founding keys.
pub(crate) fn cut(register: &mut Register, number: &str, against: &str, covers: Covers) -> Result<(), BadEntry> {
    let draft = draft(register, number, against, covers, Scope::Installation);
    register.apply(&signed(&draft, &[signer("ann"), signer("bob")]))
}

pub(crate) fn edge(kind: EdgeKind, from: &str, to: &str, ended: Option<&str>) -> Entry {
    Entry::Edge(Edge { kind, from: agency(from), to: agency(to), ended_at: ended.map(at) })
}

pub(crate) fn affiliation(who: &str, with: &str, until: Option<&str>) -> Entry {
    Entry::Affiliation(Affiliation {
        account: account(who),
        agency: agency(with),
        from: at("2020-01-01"),
        until: until.map(at),
    })
}

/// A suspension of an agency, signed with one founding key.
pub(crate) fn suspension(number: &str, over: &str, from: &str, until: &str) -> Entry {
    suspended(number, Over::Agency(agency(over)), from, until)
}

pub(crate) fn suspended(number: &str, over: Over, from: &str, until: &str) -> Entry {
    let draft = SuspensionDraft {
        installation: agency("city"),
        number: number.into(),
        over,
        from: at(from),
        until: at(until),
        reason: "Borrowed login.".into(),
    };
    Entry::Suspension { note: note(&draft, &[signer("ann")]) }
}

/// Who asks, for whom (the own agency is named too), when.
pub(crate) fn ask(who: &str, home: &str, roles: &str, on_behalf_of: &str, when: &str) -> Request<()> {
    Request {
        id: "q1".parse::<RequestId>().expect("an id"),
        asked_at: at(when),
        standing: Standing {
            account: Some(account(who)),
            agency: Some(agency(home)),
            roles: roles.split_whitespace().map(|word| Role::from_word(word).expect("a role")).collect(),
            ..Standing::default()
        },
        inquiry: Inquiry {
            purpose: Some(Purpose("case".into())),
            use_code: Some(UseCode("C".into())),
            case: Some("JC100".into()),
            reason: Some("Burglary.".into()),
            on_behalf_of: Some(agencies(on_behalf_of)),
            ..Inquiry::default()
        },
        origin: Origin::default(),
        see: None,
        question: (),
    }
}

/// Incidents of `pd`, of `so`, of both; a vehicle of `pd`, which no agreement shares.
pub(crate) fn labels() -> Vec<Label> {
    let both = Label { owners: agencies("pd so"), ..Label::of(agency("pd"), Kind::Incident) };
    vec![
        Label::of(agency("pd"), Kind::Incident),
        Label::of(agency("so"), Kind::Incident),
        both,
        Label::of(agency("pd"), Kind::Vehicle),
    ]
}

pub(crate) fn decided(register: &Register, request: &Request<()>) -> Decision {
    decide(register, &*RULES, &labels(), &Sights::new(), request)
}

#[track_caller]
pub(crate) fn permitted(register: &Register, request: &Request<()>) -> Grant {
    match decided(register, request) {
        Decision::Permit(grant) => grant,
        Decision::Deny(denial) => panic!("denied: {denial}"),
    }
}

#[track_caller]
pub(crate) fn denied(register: &Register, request: &Request<()>) -> Denial {
    match decided(register, request) {
        Decision::Deny(denial) => denial,
        Decision::Permit(grant) => panic!("permitted: {grant:?}"),
    }
}

/// What a grant opens on each of [`labels`], as the first two letters of each class.
pub(crate) fn opens(grant: &Grant) -> Vec<String> {
    let reach = grant.reach(clear_record::Relation::Any);
    (0..labels().len() as u32)
        .map(clear_record::LabelId)
        .map(|label| {
            let classes =
                FieldClass::ALL.iter().filter(|class| reach.opens(**class, label)).map(|class| &class.word()[..2]);
            classes.collect::<Vec<_>>().join(" ")
        })
        .collect()
}
