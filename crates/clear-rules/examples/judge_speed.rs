//! How long one label takes: `cargo run --release -p clear-rules --example judge_speed`.

use std::collections::BTreeSet;
use std::time::Instant;

use clear_policy::{Rules, Slice};
use clear_record::{AgencyId, FieldClass, Kind, Label, Role};
use clear_rules::CedarRules;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rules = CedarRules::embedded()?;
    let [owner, partner]: [AgencyId; 2] = ["owner".parse()?, "partner".parse()?];
    let label = Label::of(owner.clone(), Kind::Incident);
    let slice = |agency: &AgencyId, role| Slice {
        agency: Some(agency.clone()),
        agency_kind: Some("owner"),
        roles: BTreeSet::from([role]),
        path: BTreeSet::from([agency.clone()]),
        closed: BTreeSet::new(),
        purpose: Some("case".into()),
        purpose_denied: false,
        use_code: Some("C".into()),
        agreed: FieldClass::ALL.iter().copied().collect(),
        ..Slice::default()
    };
    for (who, slice) in [("officer", slice(&owner, Role::Officer)), ("partner", slice(&partner, Role::Partner))] {
        let rounds = 10_000;
        let begun = Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(rules.judge(&slice, &label)?);
        }
        println!("{who}: {:.1} µs a label", begun.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
    }
    Ok(())
}
