//! What is stated about an action, for every possible question.
//!
//! Each claim describes questions that no rule may allow, as a condition of Cedar's.
//!
//! # Change here
//! A new attribute of the schema that holds agencies: a line in [`PARTS`] and a `path-holds-…` among the rules. Something
//! that must stay shut whatever rules are written later: a claim.

use std::sync::LazyLock;

use clear_record::FieldClass;

/// A statement in words, with the questions that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The statement.
    pub says: String,
    /// The questions that no rule may allow.
    pub(crate) described: String,
}

/// The attributes of an asker that hold agencies, in words. The schema's are compared with these, so that a new one which
/// nothing is proved of does not load.
pub(crate) const PARTS: &[(&str, &str)] = &[
    ("agency", "the asker's own agency"),
    ("affiliations", "an agency that the asker also belongs to"),
    ("task_force", "the task force, its lead or a member"),
    ("beneficiaries", "an agency on whose behalf is asked"),
    ("relays", "an agency that hands the question on"),
    ("recipients", "an agency that the answer is delivered to"),
];

/// Attributes that are made of the others: the union of all, and those of it that are closed.
pub(crate) const WHOLES: &[&str] = &["path", "closed"];

const OVERSIGHT: &str = "principal.roles.contains(Role::\"oversight\")";
const CLERK: &str = "principal.roles.contains(Role::\"clerk\")";
const HOME: &str =
    "(principal has agency && resource.owners == [principal.agency] && principal.path == resource.owners)";
const HANDED_ON: &str = "(principal has agency && !([principal.agency].containsAll(principal.recipients)))";
const IN_DANGER: &str = "(context.emergency && principal.roles.contains(Role::\"officer\"))";
const REFERRED: &str = "context.relation == Relation::\"recipient\"";

const OWNER: &str = "principal has agency_kind && principal.agency_kind == AgencyKind::\"owner\" &&";
const BOARD: &str = "principal has agency_kind && principal.agency_kind == AgencyKind::\"oversight\" &&";

/// Who does what: whatever is permitted later to somebody else is found.
static DOERS: LazyLock<[(&str, &str, String); 7]> = LazyLock::new(|| {
    let any = |of: &str, roles: &[&str]| {
        let roles: Vec<String> = roles.iter().map(|role| format!("Role::\"{role}\"")).collect();
        format!("({of} principal.roles.containsAny([{}]))", roles.join(", "))
    };
    let board = any(BOARD, &["oversight"]);
    [
        ("file", "officers, clerks and programs of an owner", any(OWNER, &["officer", "clerk", "service"])),
        (
            "govern",
            "stewards of an owner, beside attesting",
            format!("{} || context.entry == Entry::\"attestation\"", any(OWNER, &["steward"])),
        ),
        ("handle", "officers and clerks of an owner", any(OWNER, &["officer", "clerk"])),
        (
            "inquire",
            "officers, analysts, clerks, partners and programs of a registered agency",
            any("principal has agency_kind &&", &["officer", "analyst", "clerk", "partner", "service"]),
        ),
        (
            "review",
            "clerks and stewards of an owner, and oversight",
            format!("{} || {board}", any(OWNER, &["clerk", "steward"])),
        ),
        ("produce", "clerks and stewards of an owner", any(OWNER, &["clerk", "steward"])),
        ("operate", "stewards of an owner, and oversight", format!("{} || {board}", any(OWNER, &["steward"]))),
    ]
});

/// What is stated about an action, in the order in which it is proved.
pub fn claims(action: &str) -> Vec<Claim> {
    let mut claims = of_every_action();
    let class = FieldClass::ALL.iter().copied().find(|class| action == format!("read_{}", class.word()));
    if class.is_some() || action == "point" {
        claims.extend(of_every_sight());
    }
    if action == "point" {
        claims.extend(of_pointers());
    }
    if let Some(class) = class {
        claims.extend(of_class(class));
    }
    if let Some((who, described)) =
        DOERS.iter().find(|(of, ..)| *of == action).map(|(_, who, described)| (who, described))
    {
        claims.push(claim(format!("nobody does this but {who}"), format!("!({described})")));
    }
    if action == "govern" {
        claims.push(claim("an installation is founded by no request", "context.entry == Entry::\"installation\""));
    }
    claims
}

fn claim(says: impl Into<String>, described: impl Into<String>) -> Claim {
    Claim { says: says.into(), described: described.into() }
}

fn of_every_action() -> Vec<Claim> {
    let mut claims = vec![claim(
        "a path that meets a closure is allowed by no rule",
        "principal.path.containsAny(principal.closed)",
    )];
    claims.extend(PARTS.iter().map(|(part, words)| {
        let met = match *part {
            "agency" => "principal has agency && principal.closed.contains(principal.agency)".to_owned(),
            part => format!("principal.{part}.containsAny(principal.closed)"),
        };
        claim(format!("a question whose `{part}` meets a closure ({words}) is allowed by no rule"), met)
    }));
    claims.push(claim("a purpose that is denied to everybody is allowed by no rule", "context.purpose_denied"));
    claims.push(claim("an asker without an agency is allowed nothing", "!(principal has agency)"));
    claims
}

fn of_every_sight() -> Vec<Claim> {
    let caveat = |caveat: &str| format!("resource.caveats.contains(Caveat::\"{caveat}\") && !{OVERSIGHT}");
    vec![
        claim("an emergency opens no closure", "context.emergency && principal.path.containsAny(principal.closed)"),
        claim(
            "a black record shows nothing to anybody but its owner's clerks and oversight, in no emergency and no relation",
            format!("resource.handling == Handling::\"black\" && !{OVERSIGHT} && !({HOME} && {CLERK})"),
        ),
        claim(
            "a sealed record shows nothing to anybody but its owner's clerks and oversight, in no emergency and no relation",
            format!("{} && !({HOME} && {CLERK})", caveat("sealed")),
        ),
        claim(
            "a juvenile's record shows nothing to anybody but its owner's officers and clerks and oversight",
            format!(
                "{} && !({HOME} && principal.roles.containsAny([Role::\"officer\", Role::\"clerk\"]))",
                caveat("juvenile")
            ),
        ),
        claim(
            "a protected victim's record shows nothing to anybody but its owner's people and oversight",
            format!("{} && !{HOME}", caveat("protected_victim")),
        ),
        claim(
            "criminal intelligence shows nothing to anybody but its owner's analysts, officers and author, and oversight",
            format!(
                "{} && !({HOME} && (principal.roles.containsAny([Role::\"analyst\", Role::\"officer\"]) || \
                 context.relation == Relation::\"author\"))",
                caveat("intelligence")
            ),
        ),
        claim(
            "an open investigation shows nothing to anybody but those of its owner's people who filed, work or supervise \
             it, its owner's clerks, and oversight",
            format!(
                "{} && !({HOME} && ({CLERK} || [Relation::\"author\", Relation::\"assigned\", \
                 Relation::\"supervisor\"].contains(context.relation)))",
                caveat("open_investigation")
            ),
        ),
        claim(
            "who is no officer, analyst, clerk, partner or oversight sees nothing of any record",
            "!principal.roles.containsAny([Role::\"officer\", Role::\"analyst\", Role::\"clerk\", \
             Role::\"partner\", Role::\"oversight\"])",
        ),
        claim("a record that nobody owns shows nothing", "resource.owners.isEmpty()"),
        claim(
            "who asks as oversight belongs to an oversight body and asks for nobody else",
            format!(
                "{OVERSIGHT} && !(principal has agency && principal.path == [principal.agency] && \
                 principal has agency_kind && principal.agency_kind == AgencyKind::\"oversight\")"
            ),
        ),
    ]
}

fn of_pointers() -> Vec<Claim> {
    vec![
        claim("a pointer is given to gray records alone", "resource.handling != Handling::\"gray\""),
        claim("a pointer is given only where some agreement opens something", "context.agreed.isEmpty()"),
        claim("oversight gets no pointers", OVERSIGHT),
    ]
}

fn of_class(class: FieldClass) -> Vec<Claim> {
    let overseen = matches!(class, FieldClass::Operational | FieldClass::Source);
    let referred = matches!(class, FieldClass::Operational | FieldClass::Place | FieldClass::Identity);
    let urgent = referred || class == FieldClass::Contact;
    let not_agreed = format!("!context.agreed.contains(Class::\"{class}\")");
    let mut unless = Vec::new();
    if overseen {
        unless.push(("by oversight", OVERSIGHT.to_owned()));
    }
    if referred {
        unless.push((
            "by a referral where some agreement opens something",
            format!("({REFERRED} && !context.agreed.isEmpty())"),
        ));
    }
    if urgent {
        unless.push((
            "in an emergency by officers where some agreement opens something",
            format!("({IN_DANGER} && !context.agreed.isEmpty())"),
        ));
    }
    let words: String = unless.iter().map(|(words, _)| format!(", or {words}")).collect();
    let but: String = unless.iter().map(|(_, described)| format!(" && !{described}")).collect();
    let (but_oversight, and_no_oversight) =
        if overseen { (" but oversight", format!(" && !{OVERSIGHT}")) } else { ("", String::new()) };
    let mut claims = vec![
        claim(
            format!("{class} is read only where agreements open it for the whole path{words}"),
            format!("{not_agreed}{but}"),
        ),
        claim(
            format!("where no agreement opens anything, {class} is read by nobody{but_oversight}"),
            format!("context.agreed.isEmpty(){and_no_oversight}"),
        ),
        claim(
            format!("{class} is handed on to another agency only where agreements open it for that one as well"),
            format!("{not_agreed} && {HANDED_ON}"),
        ),
        claim(
            "a gray record is read by its owner's people and oversight; by others in an emergency or by a referral, and \
             then handed on to nobody",
            format!(
                "resource.handling == Handling::\"gray\" && !{OVERSIGHT} && !{HOME} && (!({}) || {HANDED_ON})",
                match (referred, urgent) {
                    (true, _) => format!("{REFERRED} || {IN_DANGER}"),
                    (false, true) => IN_DANGER.to_owned(),
                    (false, false) => "false".to_owned(),
                }
            ),
        ),
    ];
    if !overseen {
        claims.push(claim(format!("oversight reads no {class} fields, whatever other roles it has"), OVERSIGHT));
    }
    if class == FieldClass::Protected {
        claims.push(claim(
            "protected fields are read by officers, clerks and partners alone",
            "!principal.roles.containsAny([Role::\"officer\", Role::\"clerk\", Role::\"partner\"])",
        ));
    }
    let unnamed = [FieldClass::Identity, FieldClass::Contact, FieldClass::Biometric, FieldClass::Protected];
    if unnamed.contains(&class) {
        claims.push(claim(
            format!("a protected victim's {class} fields are read by officers and clerks alone"),
            "resource.caveats.contains(Caveat::\"protected_victim\") && \
             !principal.roles.containsAny([Role::\"officer\", Role::\"clerk\"])",
        ));
    }
    claims
}
