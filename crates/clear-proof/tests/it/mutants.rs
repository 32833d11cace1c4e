//! Rules with one thing broken, each found by a statement, with a question that shows it.

use clear_proof::{Statement, prove_of};
use clear_rules::{CedarRules, Effect};

use crate::{CARELESS, changed, rules};

/// Proves the statements about an action that say this.
fn about(rules: &CedarRules, action: &str, says: &str) -> Vec<Statement> {
    let proof = prove_of(rules, &|of, statement| of == action && statement.contains(says)).unwrap();
    assert!(!proof.statements.is_empty(), "nothing says `{says}` about `{action}`");
    proof.statements
}

#[track_caller]
fn holds(rules: &CedarRules, action: &str, says: &str) {
    for statement in about(rules, action, says) {
        assert!(statement.proved, "{statement:#?}");
    }
}

/// Some question is allowed now, by the careless rule; it is told with the asker, the label where there is one, and the
/// rule's place.
#[track_caller]
fn is_caught(rules: &CedarRules, action: &str, says: &str) {
    let found = about(rules, action, says);
    let words: Vec<&String> = found.iter().filter_map(|statement| statement.counterexample.as_ref()).collect();
    assert!(!words.is_empty(), "{action}, {says}: {found:#?}");
    for words in words {
        assert!(words.contains("`all` (all.cedar:1)") && words.contains("the asker has "), "{words}");
        assert!(!action.starts_with("read") || words.contains("the label has "), "{words}");
    }
}

/// Each forbid, with the statement that needs it, and about which action that is seen.
const NEEDED: &[(&str, &str, &str)] = &[
    ("closed-path", "operate", "a path that meets a closure"),
    ("path-holds-home", "operate", "`agency` meets a closure"),
    ("path-holds-affiliations", "operate", "`affiliations` meets a closure"),
    ("path-holds-task-force", "operate", "`task_force` meets a closure"),
    ("path-holds-beneficiaries", "operate", "`beneficiaries` meets a closure"),
    ("path-holds-relays", "operate", "`relays` meets a closure"),
    ("path-holds-recipients", "operate", "`recipients` meets a closure"),
    ("denied-purpose", "operate", "denied to everybody"),
    ("founded-once", "govern", "founded by no request"),
    ("agreed-operational", "read_operational", "operational is read only where agreements open it"),
    ("agreed-place", "read_place", "place is read only where agreements open it"),
    ("agreed-identity", "read_identity", "identity is read only where agreements open it"),
    ("agreed-contact", "read_contact", "contact is read only where agreements open it"),
    ("agreed-biometric", "read_biometric", "biometric is read only where agreements open it"),
    ("agreed-narrative", "read_narrative", "narrative is handed on to another agency only"),
    ("agreed-protected", "read_protected", "no agreement opens anything, protected"),
    ("agreed-source", "read_source", "source is read only where agreements open it"),
    ("sealed", "read_place", "sealed"),
    ("juvenile", "read_place", "juvenile"),
    ("protected-victim", "read_place", "a protected victim's record"),
    ("protected-victim-unnamed", "read_contact", "a protected victim's contact"),
    ("intelligence", "read_place", "criminal intelligence"),
    ("open-investigation", "read_place", "an open investigation"),
    ("gray-stays-home", "read_narrative", "a gray record"),
    ("black-shows-nothing", "read_place", "a black record"),
    ("pointers-are-gray", "point", "to gray records alone"),
    ("oversight-alone", "read_place", "oversight reads no place fields"),
    ("protected-by-office", "read_protected", "officers, clerks and partners alone"),
    ("somebody-owns-it", "read_place", "nobody owns"),
];

#[test]
fn s09_each_lost_forbid_is_found_with_a_question_that_shows_it() {
    let embedded = CedarRules::embedded().unwrap();
    let forbids = embedded.policies().iter().filter(|policy| policy.effect == Effect::Forbid);
    let listed = |id: &str| NEEDED.iter().any(|(known, ..)| *known == id);
    let unlisted: Vec<&str> = forbids.map(|policy| policy.id.as_str()).filter(|id| !listed(id)).collect();
    assert_eq!(unlisted, [""; 0], "a new forbid needs a line here, and a statement that needs it");
    let whole = rules(&[CARELESS], None);
    for (lost, action, says) in NEEDED {
        // With the forbid the statement holds whatever is permitted; without it, it does not.
        holds(&whole, action, says);
        is_caught(&rules(&[CARELESS], Some(lost)), action, says);
    }
}

#[test]
fn s09_each_action_that_an_order_does_not_reach_is_found() {
    let stated = clear_proof::stated(&CedarRules::embedded().unwrap());
    let mut actions: Vec<&str> = stated.iter().map(|(action, _)| action.as_str()).collect();
    actions.retain(|action| *action != clear_rules::SCHEMA);
    actions.dedup();
    let says = "a path that meets a closure";
    for (at, spared) in actions.iter().enumerate() {
        let others: Vec<String> =
            actions.iter().filter(|action| *action != spared).map(|action| format!("Action::\"{action}\"")).collect();
        let head = format!(
            "forbid (principal, action in [{}], resource)\nwhen {{ principal.path.containsAny",
            others.join(", ")
        );
        let mutant = changed(&[CARELESS], |_, text| {
            text.replace("forbid (principal, action, resource)\nwhen { principal.path.containsAny", &head)
        });
        is_caught(&mutant, spared, says);
        holds(&mutant, actions[(at + 1) % actions.len()], says);
    }
}

#[test]
fn s09_a_carve_out_is_found_whichever_part_of_the_path_it_spares() {
    // Somebody puts a relay, a recipient, an affiliation out of the order's reach; somebody else lets emergencies through.
    let carve_outs = [
        (
            "{ principal.path.containsAll(principal.relays) }",
            "{ principal.path.containsAny(principal.relays) || principal.relays.isEmpty() }",
            "`relays`",
        ),
        (
            "{ principal.path.containsAll(principal.recipients) }",
            "{ principal.roles.contains(Role::\"partner\") || principal.path.containsAll(principal.recipients) }",
            "`recipients`",
        ),
        (
            "{ principal.path.containsAny(principal.closed) };",
            "{ principal.path.containsAny(principal.closed) } unless { principal.roles.contains(Role::\"officer\") };",
            "path that meets",
        ),
    ];
    for (from, to, says) in carve_outs {
        let mutant = changed(&[CARELESS], |_, text| text.replace(from, to));
        is_caught(&mutant, "read_identity", says);
    }
    let spared = changed(&[CARELESS], |_, text| {
        text.replace(
            "forbid (principal, action, resource)\nwhen { principal.path.containsAny(principal.closed) };",
            "forbid (principal, action in Action::\"see\", resource)\nwhen { principal.path.containsAny(principal.closed) && !context.emergency };",
        )
    });
    is_caught(&spared, "read_place", "an emergency opens no closure");
}
