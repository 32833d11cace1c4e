//! The rules against an independent oracle: the same rules written by hand in another language (`oracle.rego`), under an
//! evaluator that shares no code with Cedar.

use std::cell::Cell;
use std::collections::BTreeSet;

use clear_policy::{Deed, Rules, Slice};
use clear_record::{AgencyId, FieldClass, Kind, Label};
use clear_rules::CedarRules;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use regorus::{Engine, Value};
use serde_json::json;

use crate::alike::{questions, slices};
use crate::matrix::{ASKERS, CIRCUMSTANCES, labels, slice};

/// How many random questions are asked; `OPENCLEAR_QUESTIONS=100000` asks more.
fn questions_asked() -> u32 {
    std::env::var("OPENCLEAR_QUESTIONS").ok().and_then(|many| many.parse().ok()).unwrap_or(10_000)
}

struct Oracle(Engine);

impl Oracle {
    fn new() -> Oracle {
        let mut engine = Engine::new();
        engine.add_policy("oracle.rego".to_owned(), include_str!("oracle.rego").to_owned()).unwrap();
        Oracle(engine)
    }

    fn ask(&mut self, rule: &str, input: &serde_json::Value) -> serde_json::Value {
        self.0.set_input(Value::from_json_str(&input.to_string()).unwrap());
        let said = self.0.eval_rule(format!("data.clear.{rule}")).unwrap();
        serde_json::from_str(&said.to_json_str().unwrap()).unwrap()
    }

    /// The pointer and the classes that are read.
    fn judge(&mut self, slice: &Slice, label: &Label) -> (bool, BTreeSet<String>) {
        let said = self.ask("verdict", &input(slice, Some(label)));
        let classes = said["reads"].as_array().unwrap().iter().map(|class| class.as_str().unwrap().to_owned());
        (said["pointer"].as_bool().unwrap(), classes.collect())
    }

    fn permits(&mut self, slice: &Slice, deed: Deed) -> bool {
        let mut input = input(slice, None);
        let name = match deed {
            Deed::File(kind) => {
                input["kind"] = json!(kind.name());
                "file"
            }
            Deed::Govern(entry) => {
                input["entry"] = json!(entry);
                "govern"
            }
            Deed::Handle => "handle",
            Deed::Inquire => "inquire",
            Deed::Review => "review",
            Deed::Produce => "produce",
            Deed::Operate => "operate",
        };
        self.ask("may", &input).as_array().unwrap().contains(&json!(name))
    }
}

fn input(slice: &Slice, label: Option<&Label>) -> serde_json::Value {
    let agencies = |ids: &BTreeSet<AgencyId>| ids.iter().map(|id| json!(id.as_str())).collect::<Vec<_>>();
    let mut asker = json!({
        "roles": slice.roles.iter().map(|role| role.word()).collect::<Vec<_>>(),
        "path": agencies(&slice.path),
        "affiliations": agencies(&slice.affiliations),
        "task_force": agencies(&slice.task_force),
        "beneficiaries": agencies(&slice.beneficiaries),
        "relays": agencies(&slice.relays),
        "recipients": agencies(&slice.recipients),
        "closed": agencies(&slice.closed),
    });
    if let Some(agency) = &slice.agency {
        asker["agency"] = json!(agency.as_str());
    }
    if let Some(kind) = slice.agency_kind {
        asker["agency_kind"] = json!(kind);
    }
    let label = label.map_or(json!({}), |label| {
        json!({
            "owners": agencies(&label.owners),
            "kind": label.kind.name(),
            "handling": label.handling.word(),
            "caveats": label.caveats.iter().map(|caveat| caveat.word()).collect::<Vec<_>>(),
        })
    });
    let inquiry = json!({
        "purpose_denied": slice.purpose_denied,
        "emergency": slice.emergency,
        "relation": slice.relation.word(),
        "agreed": slice.agreed.iter().map(|class| class.word()).collect::<Vec<_>>(),
    });
    json!({"asker": asker, "label": label, "inquiry": inquiry})
}

fn cedar(rules: &CedarRules, slice: &Slice, label: &Label) -> (bool, BTreeSet<String>) {
    let verdict = rules.judge(slice, label).unwrap();
    (verdict.pointer, verdict.classes.iter().map(|class: &FieldClass| class.word().to_owned()).collect())
}

#[test]
fn s09_the_oracle_agrees_about_every_line_of_the_matrix() {
    let (rules, mut oracle) = (CedarRules::embedded().unwrap(), Oracle::new());
    for (title, under) in CIRCUMSTANCES {
        for line in ASKERS {
            for (name, label) in labels() {
                for kind in [Kind::Incident, Kind::Stop] {
                    let label = Label { kind, ..label.clone() };
                    let slice = slice(line, *under, Some(&label));
                    let (is, oracle) = (cedar(&rules, &slice, &label), oracle.judge(&slice, &label));
                    assert_eq!(is, oracle, "{} reads {name}. {title}", line.0);
                }
            }
        }
    }
}

#[test]
fn s09_the_oracle_agrees_about_random_questions() {
    let (rules, oracle) = (CedarRules::embedded().unwrap(), std::cell::RefCell::new(Oracle::new()));
    let config = Config {
        cases: questions_asked(),
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..Config::default()
    };
    let open = Cell::new(0);
    proptest!(config, |((slice, label) in questions())| {
        let is = cedar(&rules, &slice, &label);
        prop_assert_eq!(&is, &oracle.borrow_mut().judge(&slice, &label));
        open.set(open.get() + usize::from(is.0 || !is.1.is_empty()));
    });
    assert!(open.get() > 500, "too few questions were open to say much: {}", open.get());
}

#[test]
fn s09_the_oracle_agrees_about_deeds() {
    let (rules, oracle) = (CedarRules::embedded().unwrap(), std::cell::RefCell::new(Oracle::new()));
    let config = Config {
        cases: questions_asked() / 20,
        rng_seed: RngSeed::Fixed(6),
        failure_persistence: None,
        ..Config::default()
    };
    let entries = ["installation", "agency", "attestation", "cut_off", "suspension", "account"];
    let deeds: Vec<Deed> = [Kind::Incident, Kind::Restriction]
        .map(Deed::File)
        .into_iter()
        .chain(entries.map(Deed::Govern))
        .chain([Deed::Handle, Deed::Inquire, Deed::Review, Deed::Produce, Deed::Operate])
        .collect();
    proptest!(config, |(slice in slices(), deed in prop::sample::select(deeds))| {
        let said = oracle.borrow_mut().permits(&slice, deed);
        prop_assert_eq!(rules.permits(&slice, deed).unwrap(), said, "{:?}", deed);
    });
}
