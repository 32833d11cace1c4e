//! Bar P4: how fast a decision is, beside plain Cedar in the same run.
//!
//! The register has 100 agencies, of which 20 own records, and 300 agreements; labels are spread over owners and pairs of
//! owners, kinds, handling and caveats. Asked by an owner's officer, by partners under agreements, on behalf of others.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clear_policy::{
    Agency, AgencyKind, Agreement, Decision, DeclaredPurpose, DeclaredUseCode, Entry, Installation, KeyPair, Register,
    Sights, Slice, decide,
};
use clear_record::{
    AccountId, AgencyId, Caveat, FieldClass, Handling, Inquiry, Kind, Label, Origin, Purpose, Relation, Request, Role,
    Standing, UseCode,
};
use clear_rules::CedarRules;
use clear_testkit::rng::Rng;

const OWNERS: usize = 20;
const AGENCIES: usize = 100;
const AGREEMENTS: usize = 300;

/// Measures and prints the table.
pub(super) fn run(labels: usize) -> anyhow::Result<()> {
    let mut rng = Rng::new(4);
    let register = register(&mut rng)?;
    let (few, many) = (labels_of(&mut rng, labels / 10)?, labels_of(&mut rng, labels)?);
    let askers = askers()?;
    println!("{} agencies, {} agreements", register.agencies().count(), register.agreements().count());
    println!("\n| the decision | each | per second | CPU s | bar |\n|---|---|---|---|---|");

    let plain = CedarRules::embedded()?;
    let slice = whole_slice(&register, askers.first().context("an asker")?);
    let calls = 9 * few.len().min(500);
    row("plain Cedar, one action of one label (the peer)", calls, "", || {
        for label in few.iter().take(500) {
            plain.judge_plainly(&slice, label).map_err(anyhow::Error::from)?;
        }
        Ok(())
    })?;

    for (labels, bar) in [(&few, "≤ 100 ms"), (&many, "≤ 1 s, moonshot 200 ms")] {
        for (name, request) in
            ["an owner's officer", "a partner's officer", "on behalf of a partner"].iter().zip(&askers)
        {
            // Rules and sights that have never been asked anything.
            let (rules, sights) = (CedarRules::embedded()?, Sights::new());
            row(&format!("cold, {} labels, all relations: {name}", labels.len()), 1, bar, || {
                permitted(decide(&register, &rules, labels, &sights, request))
            })?;
        }
    }

    let (rules, sights) = (CedarRules::embedded()?, Sights::new());
    for request in &askers {
        permitted(decide(&register, &rules, &many, &sights, request))?;
    }
    row("first question of an asker like others", askers.len(), "", || {
        let sights = Sights::new();
        askers.iter().try_for_each(|request| permitted(decide(&register, &rules, &many, &sights, request)))
    })?;
    let rounds = 1_000_000;
    row("cached: the whole decision", rounds, "≤ 1 µs", || {
        (0..rounds)
            .zip(askers.iter().cycle())
            .try_for_each(|(_, request)| permitted(decide(&register, &rules, &many, &sights, request)))
    })?;

    let mut changed = register.clone();
    let mut worst = Duration::ZERO;
    let changes = 20;
    row(
        &format!("after one change of the register, {} labels", many.len()),
        changes * askers.len(),
        "≤ 10 ms",
        || {
            for change in 0..changes {
                let agreement = changed.agreements().nth(change * 7).context("an agreement")?.clone();
                let classes = [FieldClass::Operational, FieldClass::Contact, FieldClass::Identity];
                changed.apply(&Entry::Agreement(Agreement { classes: classes.into(), ..agreement }))?;
                for request in &askers {
                    let began = Instant::now();
                    permitted(decide(&changed, &rules, &many, &sights, request))?;
                    worst = worst.max(began.elapsed());
                }
            }
            Ok(())
        },
    )?;
    println!("\nSlowest after a change: {:.2} ms. Peak memory {} MiB.", super::ms(worst), super::peak_mib());
    Ok(())
}

fn row(name: &str, count: usize, bar: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (began, cpu) = (Instant::now(), super::cpu_time());
    work()?;
    let (wall, cpu) = (began.elapsed(), super::cpu_time().saturating_sub(cpu));
    let each = wall / u32::try_from(count.max(1))?;
    println!("| {name} | {each:.2?} | {:.0} | {:.2} | {bar} |", 1.0 / each.as_secs_f64(), cpu.as_secs_f64());
    Ok(())
}

fn permitted(decision: Decision) -> anyhow::Result<()> {
    match decision {
        Decision::Permit(grant) => {
            std::hint::black_box(grant.reach(Relation::Any));
            Ok(())
        }
        Decision::Deny(denial) => bail!("{denial}"),
    }
}

pub(super) fn register(rng: &mut Rng) -> anyhow::Result<Register> {
    let name = |at: usize| -> anyhow::Result<AgencyId> { Ok(format!("agency-{at:02}").parse()?) };
    let mut register = Register::new();
    let mut founding_keys = Vec::new();
    for seed in 1..=3u8 {
        let holder: AccountId = format!("founder-{seed}").parse()?;
        founding_keys.push(KeyPair::from_seed(&"bench".parse()?, holder, name(0)?, &[seed; 32]).holder);
    }
    register.apply(&Entry::Installation(Installation {
        name: "bench".parse()?,
        title: "Bench".into(),
        time_zone: "America/Chicago".into(),
        founding_keys,
        quorum: 2,
        legal_contact: "counsel".into(),
        ends_cut_offs: None,
        notice_days: 0,
    }))?;
    for at in 0..AGENCIES {
        let kind = match at {
            at if at < OWNERS => AgencyKind::Owner,
            at if at % 10 == 9 => AgencyKind::Federal,
            at if at % 5 == 0 => AgencyKind::State,
            _ => AgencyKind::Local,
        };
        register.apply(&Entry::Agency(Agency {
            id: name(at)?,
            name: format!("Agency {at}"),
            kind,
            ori: None,
            jurisdiction: None,
            parent: None,
            predecessor: None,
            contact: "desk".into(),
        }))?;
    }
    for code in ["criminal_investigation", "traffic"] {
        register.apply(&Entry::Purpose(DeclaredPurpose {
            code: code.into(),
            title: code.into(),
            denied: None,
            held: None,
            events: Default::default(),
        }))?;
    }
    register.apply(&Entry::UseCode(DeclaredUseCode { code: "C".into(), title: "Criminal justice".into() }))?;
    for number in 0..AGREEMENTS {
        let owner = number % OWNERS;
        // The first partner has one with every owner, so that its sight is the largest.
        let partner = if number < OWNERS { OWNERS } else { OWNERS + rng.below((AGENCIES - OWNERS) as u64) as usize };
        let some = |rng: &mut Rng, share: u64| rng.below(10) < share;
        let kinds: BTreeSet<Kind> = Kind::ALL.into_iter().filter(|_| some(rng, 8)).collect();
        let classes = [FieldClass::Operational].into_iter();
        let classes = classes.chain(FieldClass::ALL.iter().copied().filter(|_| some(rng, 5))).collect();
        register.apply(&Entry::Agreement(Agreement {
            number: number.to_string(),
            owner: name(owner)?,
            agency: name(partner)?,
            kinds,
            classes,
            purposes: [Purpose::from("criminal_investigation")].into(),
            use_codes: [UseCode::from("C")].into(),
            from: format!("20{:02}-01-01T00:00:00Z", 10 + number % 10).parse()?,
            until: Some(format!("20{:02}-01-01T00:00:00Z", 30 + number % 20).parse()?),
            document: "0".repeat(64),
            signatories: vec!["chief".into()],
        }))?;
    }
    Ok(register)
}

/// Different labels: of one owner or of two, of every kind, mostly white and without caveats.
fn labels_of(rng: &mut Rng, count: usize) -> anyhow::Result<Vec<Label>> {
    let mut seen = BTreeSet::new();
    let mut labels = Vec::new();
    while labels.len() < count {
        let mut owner =
            || -> anyhow::Result<AgencyId> { Ok(format!("agency-{:02}", rng.below(OWNERS as u64)).parse()?) };
        let owners: BTreeSet<AgencyId> = [owner()?, owner()?].into();
        let kind = Kind::ALL.get(rng.below(Kind::ALL.len() as u64) as usize).copied().context("a kind")?;
        let mut label = Label { owners, ..Label::of("none".parse()?, kind) };
        label.handling = match rng.below(10) {
            0 => Handling::Black,
            1 | 2 => Handling::Gray,
            _ => Handling::White,
        };
        label.caveats = Caveat::ALL.iter().copied().filter(|_| rng.below(4) == 0).collect();
        if seen.insert(label.clone()) {
            labels.push(label);
        }
    }
    Ok(labels)
}

pub(super) fn askers() -> anyhow::Result<Vec<Request<()>>> {
    let name = |at: usize| -> anyhow::Result<AgencyId> { Ok(format!("agency-{at:02}").parse()?) };
    let ask = |home: usize, role: Role, of: &[usize]| -> anyhow::Result<Request<()>> {
        let mut on_behalf_of = BTreeSet::from([name(home)?]);
        for other in of {
            on_behalf_of.insert(name(*other)?);
        }
        Ok(Request {
            id: "bench".parse()?,
            asked_at: "2026-03-01T12:00:00Z".parse()?,
            standing: Standing {
                account: Some(format!("account-{home}").parse()?),
                agency: Some(name(home)?),
                roles: [role].into(),
                ..Standing::default()
            },
            inquiry: Inquiry {
                purpose: Some("criminal_investigation".into()),
                use_code: Some("C".into()),
                case: Some("HX000000".into()),
                reason: Some("Series of burglaries in the third district".into()),
                on_behalf_of: Some(on_behalf_of),
                ..Inquiry::default()
            },
            origin: Origin::default(),
            see: None,
            question: (),
        })
    };
    let mut askers =
        vec![ask(0, Role::Officer, &[])?, ask(OWNERS, Role::Officer, &[])?, ask(0, Role::Officer, &[OWNERS])?];
    for owner in 1..OWNERS {
        askers.push(ask(owner, Role::Clerk, &[])?);
        askers.push(ask(owner, Role::Analyst, &[OWNERS])?);
    }
    Ok(askers)
}

/// A question as the rules are given it, for the peer.
fn whole_slice(register: &Register, request: &Request<()>) -> Slice {
    let (standing, inquiry) = (&request.standing, &request.inquiry);
    Slice {
        agency: standing.agency.clone(),
        agency_kind: standing.agency.as_ref().and_then(|id| register.agency(id)).map(|agency| agency.kind.word()),
        roles: standing.roles.clone(),
        path: register.path(standing, inquiry, request.asked_at),
        beneficiaries: inquiry.on_behalf_of.iter().flatten().cloned().collect(),
        purpose: inquiry.purpose.clone(),
        use_code: inquiry.use_code.clone(),
        agreed: FieldClass::ALL.iter().copied().collect(),
        ..Slice::default()
    }
}
