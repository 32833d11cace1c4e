//! Bar P4: what enforcement costs a search.
//!
//! The same questions are asked twice: each with its decision, of an index over many labels under a Sight that opens them;
//! and of the same persons under one label that is open to everybody, with no decision. Both give the same hits, or the run
//! fails. What the first takes more is enforcement.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clear_policy::{Decision, Sights, decide};
use clear_record::{
    Kind, Label, LabelId, LabelSet, Method, PerClass, Person, Provenance, Reach, Record, RecordId, Relation, Request,
    Seq, Sight, Version,
};
use clear_rules::CedarRules;
use clear_search::{Found, Index, Query, Terms};
use clear_testkit::{names, rng::Rng};

use super::decide::{askers, register};

/// Measures and prints the table.
pub(super) fn run(persons: usize, labels: usize, questions: usize) -> anyhow::Result<()> {
    let mut rng = Rng::new(9);
    let (register, rules, sights) = (register(&mut rng)?, CedarRules::embedded()?, Sights::new());
    let labels = labels_of(labels)?;
    let asker: Request<()> = askers()?.into_iter().next().context("an asker")?;
    let decided = || match decide(&register, &rules, &labels, &sights, &asker) {
        Decision::Permit(grant) => Ok(grant),
        Decision::Deny(denial) => bail!("{denial}"),
    };
    decided()?;

    let (mut many, mut one) = (Index::new(), Index::new());
    let mut known = Vec::with_capacity(persons);
    for at in 0..persons {
        let name = names::person(&mut rng);
        let label = LabelId(u32::try_from(rng.below(labels.len() as u64))?);
        let version = version(at, label, &name)?;
        many.apply(&version);
        one.apply(&Version { label: LabelId(0), ..version });
        known.push(name);
    }
    let mut asked = Vec::with_capacity(questions);
    for _ in 0..questions {
        let name = known.get(rng.below(persons as u64) as usize).context("a person to ask for")?;
        let name = format!("{} {}", names::typo(&mut rng, name.given), names::typo(&mut rng, name.family));
        asked.push(Query::of(Terms::person(name)));
    }

    let open = |labels: usize| -> anyhow::Result<Reach> {
        let labels: LabelSet = (0..u32::try_from(labels)?).map(LabelId).collect();
        Ok(Reach { pointer: LabelSet::default(), class: PerClass::from_fn(|_| labels.clone()) })
    };
    let (reach, everybody) = (open(labels.len())?, open(1)?);
    println!("{persons} persons, {} labels; {questions} misspelt names", labels.len());
    let (mut under, mut beside) = (Vec::new(), Vec::new());
    let (mut under_time, mut beside_time, mut decision_time) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    // Turn by turn, so that the machine's other work falls on both.
    for query in &asked {
        let began = Instant::now();
        std::hint::black_box(decided()?.reach(Relation::Any));
        decision_time += began.elapsed();
        under.push(many.find(query, &Sight::of(&reach)));
        under_time += began.elapsed();
        let began = Instant::now();
        beside.push(one.find(query, &Sight::of(&everybody)));
        beside_time += began.elapsed();
    }
    let same = |(a, b): (&Found, &Found)| {
        let ids = |found: &Found| -> Vec<RecordId> { found.hits.iter().map(|hit| hit.id).collect() };
        a.total == b.total && ids(a) == ids(b)
    };
    ensure!(under.iter().zip(&beside).all(same), "the two stores answered differently");
    let each = |time: Duration| time / u32::try_from(asked.len().max(1)).unwrap_or(u32::MAX);
    let share = under_time.as_secs_f64() / beside_time.as_secs_f64() - 1.0;
    println!("\n| a search | each |\n|---|---|");
    println!("| under one label, no decision | {:.2?} |", each(beside_time));
    println!("| decided, and under many labels | {:.2?} |", each(under_time));
    println!("| of that, the decision | {:.2?} |", each(decision_time));
    println!("\nEnforcement: {:.1} % of the search alone (bar: 3 % of a question's whole work).", share * 100.0);
    Ok(())
}

/// Labels of one owner and of every set of others, one after the other: its officers see all of them.
fn labels_of(count: usize) -> anyhow::Result<Vec<Label>> {
    let label = |set: usize| -> anyhow::Result<Label> {
        let mut label = Label::of("agency-00".parse()?, Kind::Person);
        for other in (1..20).filter(|other| set >> other & 1 == 1) {
            label.owners.insert(format!("agency-{other:02}").parse()?);
        }
        Ok(label)
    };
    ensure!(count <= 1 << 19, "there are not {count} different labels");
    (0..count).map(|set| label(set << 1)).collect()
}

fn version(at: usize, label: LabelId, name: &names::Name) -> anyhow::Result<Version> {
    let agency = "agency-00".parse()?;
    let person = Person { given_name: Some(name.given.into()), family_name: Some(name.family.into()), ..super::EMPTY };
    Ok(Version {
        seq: Seq(at as u64 + 1),
        id: RecordId::derived(Kind::Person, &agency, "bench", &at.to_string()),
        label,
        valid_from: jiff::Timestamp::UNIX_EPOCH,
        recorded_at: jiff::Timestamp::UNIX_EPOCH,
        provenance: Provenance {
            agency,
            author: "bench".parse()?,
            method: Method::Imported,
            source: "bench".into(),
            reference: None,
            derived: BTreeSet::new(),
        },
        record: Some(Record::Person(person)),
    })
}
