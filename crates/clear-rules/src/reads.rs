//! What a policy can read, found in its text without running it.
//!
//! In:    a policy.
//! Out:   [`Reads`]: which attributes it reads, which words it names; and whether its body asks for the action.
//! Never: guesses. What it does not know how to look into reads everything.

use cedar_policy::Policy;
use clear_policy::{Named, Reads};
use clear_record::{Caveat, FieldClass, Handling, Instrument, Kind, Relation, Role};
use serde_json::Value;

/// What one policy reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) reads: Reads,
    /// Whether its body, beyond its head, says something about the action.
    pub(crate) action: bool,
}

/// What the policy can read.
pub(crate) fn of(policy: &Policy) -> Found {
    let everything = Found { reads: Reads::everything(), action: true };
    let mut found = Found { reads: Reads::nothing(), action: false };
    let Ok(policy) = policy.to_json() else { return everything };
    let head = |part: &str| policy.get(part).and_then(|head| head.get("op")).and_then(Value::as_str);
    // The heads of our policies say something of the action alone; another head could name somebody.
    if head("principal") != Some("All") || head("resource") != Some("All") {
        return everything;
    }
    let Some(conditions) = policy.get("conditions").and_then(Value::as_array) else { return everything };
    let looked = conditions.iter().try_for_each(|condition| found.look(condition.get("body")?));
    looked.map_or(everything, |()| found)
}

impl Found {
    /// Looks through an expression; `None` where something stands there that is not known.
    fn look(&mut self, expression: &Value) -> Option<()> {
        let (operator, operand) = expression.as_object().filter(|object| object.len() == 1)?.iter().next()?;
        match operator.as_str() {
            "Value" => self.value(operand),
            // Only what is asked of them counts, which `.` and `has` say; one that stands by itself could be compared whole.
            "Var" => match operand.as_str()? {
                "action" => {
                    self.action = true;
                    Some(())
                }
                _ => None,
            },
            "." | "has" => {
                self.attribute(operand.get("attr")?.as_str()?)?;
                let of = operand.get("left")?;
                match of.get("Var").and_then(Value::as_str) {
                    Some("principal" | "resource" | "context") => Some(()),
                    _ => self.look(of),
                }
            }
            "Set" => operand.as_array()?.iter().try_for_each(|member| self.look(member)),
            "!" | "neg" | "isEmpty" => self.look(operand.get("arg")?),
            "if-then-else" => ["if", "then", "else"].iter().try_for_each(|part| self.look(operand.get(*part)?)),
            "&&" | "||" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "in" | "contains"
            | "containsAll" | "containsAny" => {
                self.look(operand.get("left")?)?;
                self.look(operand.get("right")?)
            }
            "like" => self.look(operand.get("left")?),
            _ => None,
        }
    }

    /// A literal: a plain value, an entity, a set of them.
    fn value(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(()),
            Value::Array(members) => members.iter().try_for_each(|member| self.value(member)),
            Value::Object(_) => {
                let entity = value.get("__entity")?;
                self.named(entity.get("type")?.as_str()?, entity.get("id")?.as_str()?)
            }
            Value::Null => None,
        }
    }

    fn attribute(&mut self, name: &str) -> Option<()> {
        let reads = &mut self.reads;
        if let Some(at) = Reads::SETS.iter().position(|set| *set == name) {
            reads.sets |= 1 << at;
            return Some(());
        }
        let read = |named: &mut Named| *named = Some(named.unwrap_or(0));
        match name {
            "agency_kind" => reads.agency_kind = true,
            "purpose" => reads.purpose = true,
            "purpose_denied" => reads.purpose_denied = true,
            "use_code" => reads.use_code = true,
            "emergency" => reads.emergency = true,
            "roles" => read(&mut reads.roles),
            "relation" => read(&mut reads.relation),
            "agreed" => read(&mut reads.agreed),
            "kind" => read(&mut reads.kind),
            "handling" => read(&mut reads.handling),
            "caveats" => read(&mut reads.caveats),
            "instrument" => read(&mut reads.instrument),
            _ => return None,
        }
        Some(())
    }

    /// A word that the policy names. Naming is reading: without the attribute there would be nothing to compare it with.
    fn named(&mut self, of: &str, id: &str) -> Option<()> {
        let name = |named: &mut Named, at: Option<usize>| {
            *named = Some(named.unwrap_or(0) | 1 << at?);
            Some(())
        };
        let words = |words: &[&str]| words.iter().position(|word| *word == id);
        let reads = &mut self.reads;
        match of {
            "Agency" => reads.agencies_by_name = true,
            // Known wherever it is read, and an action can only be compared with the action.
            "AgencyKind" | "Action" | "Entry" => {}
            "Role" => name(&mut reads.roles, words(Role::WORDS))?,
            "Relation" => name(&mut reads.relation, words(Relation::WORDS))?,
            "Class" => name(&mut reads.agreed, words(FieldClass::WORDS))?,
            "Handling" => name(&mut reads.handling, words(Handling::WORDS))?,
            "Caveat" => name(&mut reads.caveats, words(Caveat::WORDS))?,
            "Instrument" => name(&mut reads.instrument, words(Instrument::WORDS))?,
            "Kind" => name(&mut reads.kind, Kind::ALL.iter().position(|kind| kind.name() == id))?,
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Found {
        let text = format!("permit (principal, action, resource) when {{ {body} }};");
        of(&text.parse().expect("a policy"))
    }

    #[test]
    fn only_what_is_read_counts_and_doubt_reads_everything() {
        let nothing = Reads::nothing();
        let sets = |sets: &[&str]| {
            sets.iter().fold(0, |bits, set| bits | 1 << Reads::SETS.iter().position(|it| it == set).expect("a set"))
        };
        let cases = [
            ("true", nothing.clone()),
            ("context.emergency", Reads { emergency: true, ..nothing.clone() }),
            ("principal has agency", Reads { sets: sets(&["agency"]), ..nothing.clone() }),
            (
                "resource.owners == [principal.agency] && principal.path.containsAll(principal.relays)",
                Reads { sets: sets(&["owners", "agency", "path", "relays"]), ..nothing.clone() },
            ),
            ("resource.caveats.contains(Caveat::\"sealed\")", Reads { caveats: Some(2), ..nothing.clone() }),
            (
                "principal.roles.containsAny([Role::\"officer\", Role::\"clerk\"])",
                Reads { roles: Some(5), ..nothing.clone() },
            ),
            ("!context.agreed.isEmpty()", Reads { agreed: Some(0), ..nothing.clone() }),
            ("context.purpose like \"x*\"", Reads { purpose: true, ..nothing.clone() }),
            (
                "principal.path.contains(Agency::\"x\")",
                Reads { sets: sets(&["path"]), agencies_by_name: true, ..nothing.clone() },
            ),
            ("principal == Asker::\"this\"", Reads::everything()),
            ("[principal].contains(principal)", Reads::everything()),
            ("context == {purpose: \"x\"}", Reads::everything()),
            ("{a: context.purpose}.a == \"x\"", Reads::everything()),
            ("principal.badge == \"x\"", Reads::everything()),
            ("principal.agency.parent == principal.agency", Reads::everything()),
            ("principal.hasTag(\"x\")", Reads::everything()),
            ("principal is Asker", Reads::everything()),
            ("ip(context.purpose).isLoopback()", Reads::everything()),
        ];
        for (body, reads) in cases {
            assert_eq!(found(body).reads, reads, "{body}");
        }
        assert!(found("action in Action::\"see\"").action);
        assert!(!found("context.emergency").action);
        let named: Policy = "permit (principal == Asker::\"x\", action, resource);".parse().expect("a policy");
        assert_eq!(of(&named).reads, Reads::everything());
    }
}
