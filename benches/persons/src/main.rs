//! Measures the person search alone (P1, P8): `cargo run --profile demo -- PERSONS QUESTIONS [--lists FOLDER] [--peers N] [--seed N]`.
//!
//! FOLDER has the census's files `dist.*`; without it, the shorter lists of the test kit are used. With `--peers`,
//! PostgreSQL's `pg_trgm` and tantivy answer the first N questions of each kind on the same persons in the same run.
//!
//! It is a package of its own because of its peer tantivy, which nothing else needs and which builds for minutes.
//!
//! # How
//! The true person is *found* if the first 20 hits hold it. Where the question, without its mistakes, says the same of more than
//! 20 persons (those of one name; for an initial, those of one initial and family name), nothing tells them apart: there, one of
//! these counts. The questions for which it is not so are counted apart as well.

#![allow(clippy::disallowed_methods, reason = "a measurement: it reads lists of names, and asks a private server")]
#![allow(missing_docs, unreachable_pub, reason = "a program has no callers")]

mod postgres_peer;
mod tantivy_peer;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clear_record::{
    Kind, LabelId, LabelSet, Method, PerClass, Person, Provenance, Reach, Record, RecordId, Seq, Sex, Sight, Version,
};
use clear_search::{Index, Query, Terms};
use clear_testkit::asked::{self, Asked, BAR_KINDS, Drawn, KINDS, Lists, Namesakes};
use jiff::civil::Date;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (mut numbers, mut lists, mut peers, mut seed) = (Vec::new(), None, 0usize, 0u64);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--lists" => lists = args.next().map(PathBuf::from),
            "--peers" => peers = args.next().ok_or("how many questions for the peers?")?.parse()?,
            "--seed" => seed = args.next().ok_or("which seed?")?.parse()?,
            number => numbers.push(number.parse::<usize>()?),
        }
    }
    let [count, questions] = numbers.try_into().map_err(|_| "PERSONS QUESTIONS [--lists FOLDER] [--peers N] [--seed N]")?;
    let list = |folder: &PathBuf, name: &str| std::fs::read_to_string(folder.join(name));
    let lists = lists.map(|folder| {
        let [female, male, family] =
            ["dist.female.first", "dist.male.first", "dist.all.last"].map(|name| list(&folder, name));
        std::io::Result::Ok(Lists::of(female?, male?, family?))
    });
    let persons = asked::persons(count, lists.transpose()?.as_ref(), seed);
    let namesakes = Namesakes::of(&persons);
    let asked: Vec<(&str, Vec<Asked>)> =
        KINDS.iter().map(|kind| (*kind, asked::questions(kind, questions, &persons, &namesakes, seed))).collect();
    drop(namesakes);

    let (before, began, cpu) = (resident_bytes(), Instant::now(), cpu_time());
    let mut index = Index::new();
    for (at, person) in persons.iter().enumerate() {
        index.apply(&version(at, person)?);
    }
    // As a start does, after so many.
    index.compact();
    println!("{count} persons, {questions} questions of each kind\n");
    println!("| step | wall s | CPU s | bytes a person | resident, bytes a person |\n|---|---|---|---|---|");
    let each = |bytes: usize| bytes / count.max(1);
    let row = |step: &str, began: Instant, cpu: Duration, index: &Index, before: usize| {
        let (wall, cpu) = (began.elapsed().as_secs_f64(), (cpu_time() - cpu).as_secs_f64());
        let resident = resident_bytes().saturating_sub(before);
        println!("| {step} | {wall:.2} | {cpu:.2} | {} | {} |", each(index.persons_bytes()), each(resident));
    };
    row("build, one version after the other", began, cpu, &index, before);

    println!("\n{HEADING}");
    let labels: LabelSet = (0..1).map(LabelId).collect();
    let reach = Reach { pointer: LabelSet::default(), class: PerClass::from_fn(|_| labels.clone()) };
    let ours = |asked: &Asked| {
        let found = index.find(&Query::of(Terms::person(asked.text.clone())), &Sight::of(&reach));
        let hits = found.hits.iter().filter_map(|hit| usize::try_from(hit.id.raw).ok()).collect();
        Ok((hits, found.total, None))
    };
    table("", &asked, usize::MAX, &persons, ours)?;
    if peers == 0 {
        return Ok(());
    }
    drop(index);
    println!("\nThe peers, the first {peers} questions of each kind; PostgreSQL's times are as `psql` says them.\n");
    println!("{HEADING}");
    let peer = tantivy_peer::Peer::of(&persons)?;
    let timed =
        |hits: Result<Vec<usize>, _>| hits.map(|hits| (hits.len(), hits)).map(|(total, hits)| (hits, total, None));
    table("tantivy, trigrams by BM25: ", &asked, peers, &persons, |asked| timed(peer.trigrams(&asked.text)))?;
    table("tantivy, fuzzy terms: ", &asked, peers, &persons, |asked| timed(peer.fuzzy(&asked.text)))?;
    drop(peer);
    let peer = postgres_peer::Peer::of(&persons)?;
    let mut answers = Vec::new();
    for (_, asked) in &asked {
        answers.extend(peer.answers(asked.get(..peers.min(asked.len())).unwrap_or_default())?);
    }
    let mut answers = answers.into_iter();
    let said = |_: &Asked| {
        let (hits, time) = answers.next().ok_or("an answer of PostgreSQL is missing")?;
        let total = hits.len();
        Ok((hits, total, Some(time)))
    };
    table("PostgreSQL, pg_trgm: ", &asked, peers, &persons, said)
}

/// Hits by their numbers, how many there are, and how long it took where the answerer says so itself.
type Answer = Result<(Vec<usize>, usize, Option<Duration>), Box<dyn std::error::Error>>;

const HEADING: &str = "| question | found in 20 | said of ≤ 20 persons: found in 20 | found first | p50 ms | p99 ms | thread's CPU: p50 ms | p99 ms | mean hits | CPU s |
|---|---|---|---|---|---|---|---|---|---|";

/// Asks every question and prints a row for each kind and one for all.
fn table(
    who: &str,
    asked: &[(&str, Vec<Asked>)],
    most: usize,
    persons: &[Drawn],
    mut answer: impl FnMut(&Asked) -> Answer,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut all, mut of_bar) = (Tally::default(), Tally::default());
    for (at, (kind, asked)) in asked.iter().enumerate() {
        let mut tally = Tally::default();
        let cpu = cpu_time();
        for asked in asked.iter().take(most) {
            let (began, worked) = (Instant::now(), thread_time());
            let (hits, total, time) = answer(asked)?;
            tally.worked.push(thread_time().saturating_sub(worked));
            tally.times.push(time.unwrap_or_else(|| began.elapsed()));
            tally.hits += total;
            let rare = asked.namesakes <= 20;
            let found = asked.is_answered(&hits, persons);
            if !found && std::env::var_os("MISSED").is_some() {
                let meant = persons.get(asked.person).map(|person| format!("{} {}", person.given, person.family));
                eprintln!(
                    "{kind}: {} meant {} of {}, {total} hits",
                    asked.text,
                    meant.unwrap_or_default(),
                    asked.namesakes
                );
            }
            tally.found += usize::from(found);
            tally.rare += usize::from(rare);
            tally.rare_found += usize::from(rare && found);
            tally.first += usize::from(hits.first().is_some_and(|hit| asked.says_the_same_of(*hit, persons)));
        }
        tally.cpu = cpu_time() - cpu;
        tally.print(&format!("{who}{kind}"));
        if at < BAR_KINDS {
            of_bar.add(tally.clone());
        }
        all.add(tally);
        if at + 1 == BAR_KINDS {
            of_bar.print(&format!("{who}**the bar's kinds, those above**"));
        }
    }
    all.print(&format!("{who}**all**"));
    Ok(())
}

#[derive(Default, Clone)]
struct Tally {
    times: Vec<Duration>,
    worked: Vec<Duration>,
    cpu: Duration,
    hits: usize,
    found: usize,
    rare: usize,
    rare_found: usize,
    first: usize,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.times.extend(other.times);
        self.worked.extend(other.worked);
        self.cpu += other.cpu;
        self.hits += other.hits;
        self.found += other.found;
        self.rare += other.rare;
        self.rare_found += other.rare_found;
        self.first += other.first;
    }

    fn print(&mut self, name: &str) {
        self.times.sort_unstable();
        self.worked.sort_unstable();
        let count = self.times.len().max(1);
        let at = |times: &[Duration], share: f64| {
            let at = ((count as f64 * share) as usize).min(count - 1);
            times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        println!(
            "| {name} | {:.4} | {:.4} of {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {} | {:.2} |",
            share(self.found, count),
            share(self.rare_found, self.rare),
            self.rare,
            share(self.first, count),
            at(&self.times, 0.50),
            at(&self.times, 0.99),
            at(&self.worked, 0.50),
            at(&self.worked, 0.99),
            self.hits / count,
            self.cpu.as_secs_f64(),
        );
    }
}

fn version(at: usize, drawn: &Drawn) -> Result<Version, Box<dyn std::error::Error>> {
    let family = match drawn.second {
        Some((second, true)) => format!("{}-{second}", drawn.family),
        _ => drawn.family.to_owned(),
    };
    let aliases = match drawn.second {
        Some((second, false)) => vec![format!("{} {second}", drawn.given)],
        _ => Vec::new(),
    };
    let born = Date::new(1950, 1, 1)?.checked_add(jiff::Span::new().days(i64::from(drawn.born)))?;
    let person = Person {
        given_name: Some(drawn.given.into()),
        middle_name: drawn.middle.map(Into::into),
        family_name: Some(family),
        aliases,
        misspellings: Vec::new(),
        date_of_birth: Some(born),
        identity_number: None,
        sex: Some(if drawn.born.is_multiple_of(2) { Sex::Female } else { Sex::Male }),
        race: None,
        height_cm: None,
        weight_kg: None,
        marks: None,
        address: None,
        phone: None,
        caution: None,
    };
    Ok(Version {
        seq: Seq(at as u64 + 1),
        id: RecordId { kind: Kind::Person, raw: at as u128 },
        label: LabelId(0),
        valid_from: jiff::Timestamp::UNIX_EPOCH,
        recorded_at: jiff::Timestamp::UNIX_EPOCH,
        provenance: Provenance {
            agency: "agency".parse()?,
            author: "bench".parse()?,
            method: Method::Imported,
            source: "bench".into(),
            reference: None,
            derived: BTreeSet::new(),
        },
        record: Some(Record::Person(person)),
    })
}

/// CPU time of this thread alone: what others do on the machine is not in it.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// CPU time of this process: user and system, in ticks of 1/100 s (proc(5)).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

/// What of this process is in memory now.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or(0) * 1_024
}
