//! A question that the solver found, in words.

use cedar_policy::{Authorizer, Entities, EntityUid};
use cedar_policy_symcc::Env;
use clear_rules::CedarRules;

/// The question that was found, and the rules that allow it.
pub(crate) fn of(rules: &CedarRules, found: &Env) -> String {
    let response = Authorizer::new().is_authorized(&found.request, rules.cedar().1, &found.entities);
    let allowed: Vec<String> =
        response.diagnostics().reason().map(|id| rule(rules, AsRef::<str>::as_ref(id))).collect();
    let described = [("the asker", found.request.principal()), ("the label", found.request.resource())];
    let described: Vec<String> = described
        .into_iter()
        .filter_map(|(who, uid)| Some(format!("{who} has {}", attributes(&found.entities, uid?)?)))
        .collect();
    let context = found.request.context().and_then(|context| context.to_json_value().ok());
    let context =
        context.map(|context| format!("; the context is {}", short(&context.to_string()))).unwrap_or_default();
    let allowed = if allowed.is_empty() { "-".to_owned() } else { allowed.join(", ") };
    format!("decided by {allowed}: {}{context}", described.join("; "))
}

/// A rule with its place.
pub(crate) fn rule(rules: &CedarRules, id: &str) -> String {
    match rules.policies().iter().find(|policy| policy.id == id) {
        Some(policy) => format!("`{id}` ({}:{})", policy.file, policy.line),
        None => format!("`{id}`"),
    }
}

fn attributes(entities: &Entities, uid: &EntityUid) -> Option<String> {
    let entity = entities.get(uid)?.to_json_value().ok()?;
    let attributes = entity.get("attrs")?.as_object()?;
    let all: Vec<String> =
        attributes.iter().map(|(name, value)| format!("{name} {}", short(&value.to_string()))).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// An entity as its type and id: `{"__entity":{"type":"Role","id":"clerk"}}` is `Role clerk`.
fn short(json: &str) -> String {
    let mut text = json.replace("{\"__entity\":{\"type\":\"", "").replace("\",\"id\":\"", " ").replace("\"}}", "");
    text.retain(|letter| letter != '"');
    text
}
