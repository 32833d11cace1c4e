//! `openclear bench ask`: persons by name, through the whole road (P1); and how long a start over them takes.
//!
//! Decision, search, redaction and the durable audit are in every time, HTTP is not. Persons and questions are those of
//! `benches/persons`: what is *found*, too. The true person is found if the first 20 hits hold it; where the question, without
//! its mistakes, says the same of more than 20 persons, one of these counts.

#![expect(clippy::disallowed_methods, reason = "stores: measurements")]

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clear_record::{Draft, Kind, Label, Method, Person, Provenance, Record, RecordId, Sex};
use clear_respond::{Desk, Find};
use clear_testkit::asked::{self, Asked, BAR_KINDS, Drawn, KINDS, Lists, Namesakes};
use jiff::civil::Date;

use super::{EMPTY, Step, cpu_time, desk, heading, inquiry, ms, origin, peak_mib};
use crate::import::file;
use crate::open::Place;

/// Ask for persons.
#[derive(clap::Args)]
pub(super) struct Args {
    /// An empty folder.
    #[arg(long)]
    dir: PathBuf,
    /// How many persons there are.
    #[arg(long, default_value_t = 200_000)]
    persons: usize,
    /// How many questions of each kind.
    #[arg(long, default_value_t = 2_000)]
    questions: usize,
    /// How many askers at once.
    #[arg(long, default_value_t = 1)]
    askers: usize,
    /// The folder of the census's lists of names (`dist.female.first`, `dist.male.first`, `dist.all.last`); without it, the
    /// shorter lists of the test kit, in which many persons have one name.
    #[arg(long, value_name = "DIR")]
    lists: Option<PathBuf>,
    /// Other persons and questions for another seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Persons that are filed at once.
const FILED: usize = 20_000;

pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    let list = |folder: &PathBuf, name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let lists = args.lists.as_ref().map(|folder| {
        let [female, male, family] =
            ["dist.female.first", "dist.male.first", "dist.all.last"].map(|name| list(folder, name));
        anyhow::Ok(Lists::of(female?, male?, family?))
    });
    let drawn = asked::persons(args.persons, lists.transpose()?.as_ref(), args.seed);
    let namesakes = Namesakes::of(&drawn);
    let questions: Vec<(&str, Vec<Asked>)> = KINDS
        .iter()
        .map(|kind| (*kind, asked::questions(kind, args.questions, &drawn, &namesakes, args.seed)))
        .collect();
    drop(namesakes);

    let (desk, importer, officer) = desk(&args.dir).await?;
    let (Some(owner), Some(author)) = (importer.agency.clone(), importer.account.clone()) else { bail!("no account") };
    heading();
    let step = Step::begin("file persons");
    let id = |at: usize| RecordId::derived(Kind::Person, &owner, "bench", &at.to_string());
    let provenance = Provenance {
        agency: owner.clone(),
        author,
        method: Method::Imported,
        source: "bench".into(),
        reference: None,
        derived: BTreeSet::new(),
    };
    for (part, persons) in drawn.chunks(FILED).enumerate() {
        let draft = |(at, drawn): (usize, &Drawn)| {
            anyhow::Ok(Draft {
                id: id(part * FILED + at),
                record: Record::Person(person(drawn)?),
                label: Label::of(owner.clone(), Kind::Person),
                valid_from: desk.clock(),
                provenance: provenance.clone(),
            })
        };
        file(&desk, &importer, persons.iter().enumerate().map(draft).collect::<Result<_, _>>()?).await?;
    }
    step.end(args.persons, "persons");
    let places: Arc<HashMap<String, usize>> = Arc::new((0..drawn.len()).map(|at| (id(at).to_string(), at)).collect());

    println!(
        "\n| question | found in 20 | said of ≤ 20 persons: found in 20 | found first | p50 ms | p99 ms | CPU ms a question |\n|---|---|---|---|---|---|---|"
    );
    let (mut all, mut of_bar) = (Tally::default(), Tally::default());
    for (at, (kind, questions)) in questions.iter().enumerate() {
        let cpu = cpu_time();
        let mut tasks = Vec::new();
        for part in questions.chunks(questions.len().div_ceil(args.askers.max(1)).max(1)) {
            let (desk, officer, part) = (desk.clone(), officer.clone(), part.to_vec());
            tasks.push(tokio::spawn(async move {
                let mut answers: Vec<(Asked, Duration, Vec<String>)> = Vec::with_capacity(part.len());
                for asked in part {
                    let began = Instant::now();
                    let question = Find { name: Some(asked.text.clone()), ..Find::default() };
                    let request = desk.request(&officer, inquiry(&officer), origin(), None, question);
                    let answer = clear_respond::answer(&desk, request)
                        .await
                        .map_err(|refusal| anyhow::anyhow!("{}", crate::import::words(&refusal)))?;
                    let took = began.elapsed();
                    let hits = answer.get().hits.iter().take(20).map(|hit| hit.record.id.clone()).collect();
                    answers.push((asked, took, hits));
                }
                anyhow::Ok(answers)
            }));
        }
        let mut tally = Tally::default();
        for task in tasks {
            for (asked, took, hits) in task.await?? {
                let hits: Vec<usize> = hits.iter().filter_map(|id| places.get(id).copied()).collect();
                tally.take(&drawn, &asked, took, &hits);
            }
        }
        tally.cpu = cpu_time().saturating_sub(cpu);
        tally.print(kind);
        if at < BAR_KINDS {
            of_bar.add(tally.clone());
        }
        all.add(tally);
        if at + 1 == BAR_KINDS {
            of_bar.print("**the bar's kinds, those above**");
        }
    }
    all.print("**all**");
    println!("\n{} persons, {} askers at once, {} MiB at most\n", args.persons, args.askers, peak_mib());
    drop(places);

    heading();
    let step = Step::begin("end: keep the projections");
    desk.close().await?;
    drop(desk);
    step.end(args.persons, "persons");
    let step = Step::begin("start from the snapshot");
    let again = Place::folder(&args.dir).open().await?;
    step.end(args.persons, "persons");
    close(again).await?;
    std::fs::remove_dir_all(args.dir.join("projections")).context("cannot delete the snapshot")?;
    let step = Step::begin("start without one: fold everything, and keep it");
    let again = Place::folder(&args.dir).open().await?;
    step.end(args.persons, "persons");
    close(again).await
}

async fn close(desk: Arc<Desk>) -> anyhow::Result<()> {
    Ok(desk.close().await?)
}

fn person(drawn: &Drawn) -> anyhow::Result<Person> {
    let family = match drawn.second {
        Some((second, true)) => format!("{}-{second}", drawn.family),
        _ => drawn.family.to_owned(),
    };
    let aliases = match drawn.second {
        Some((second, false)) => vec![format!("{} {second}", drawn.given)],
        _ => Vec::new(),
    };
    let born = Date::new(1950, 1, 1)?.checked_add(jiff::Span::new().days(i64::from(drawn.born)))?;
    Ok(Person {
        given_name: Some(drawn.given.into()),
        middle_name: drawn.middle.map(Into::into),
        family_name: Some(family),
        aliases,
        date_of_birth: Some(born),
        sex: Some(if drawn.born.is_multiple_of(2) { Sex::Female } else { Sex::Male }),
        ..EMPTY
    })
}

#[derive(Default, Clone)]
struct Tally {
    times: Vec<Duration>,
    cpu: Duration,
    found: usize,
    rare: usize,
    rare_found: usize,
    first: usize,
}

impl Tally {
    fn take(&mut self, drawn: &[Drawn], asked: &Asked, took: Duration, hits: &[usize]) {
        let rare = asked.namesakes <= 20;
        let found = asked.is_answered(hits, drawn);
        self.times.push(took);
        self.found += usize::from(found);
        self.rare += usize::from(rare);
        self.rare_found += usize::from(rare && found);
        self.first += usize::from(hits.first().is_some_and(|hit| asked.says_the_same_of(*hit, drawn)));
    }

    fn add(&mut self, other: Tally) {
        self.times.extend(other.times);
        self.cpu += other.cpu;
        self.found += other.found;
        self.rare += other.rare;
        self.rare_found += other.rare_found;
        self.first += other.first;
    }

    fn print(&mut self, name: &str) {
        self.times.sort_unstable();
        let count = self.times.len().max(1);
        let at = |share: f64| {
            let at = ((count as f64 * share) as usize).min(count - 1);
            self.times.get(at).copied().unwrap_or_default()
        };
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        println!(
            "| {name} | {:.4} | {:.4} of {} | {:.3} | {:.3} | {:.3} | {:.3} |",
            share(self.found, count),
            share(self.rare_found, self.rare),
            self.rare,
            share(self.first, count),
            ms(at(0.50)),
            ms(at(0.99)),
            ms(self.cpu) / count as f64,
        );
    }
}
