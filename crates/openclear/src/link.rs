//! `openclear link`: which rows of one or two tables are the same person.
//!
//! In:    CSV or Parquet files, and which of their columns is what.
//! Out:   a cluster for each row, as a file; figures on standard output; a report and a model where they are wanted.
//! Never: opens a store of records: it reads the files that it is given, and nobody's record but theirs.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

mod measure;
mod page;

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clear_ingest::tables;
use clear_link::metrics::{Quality, Truth};
use clear_link::{Linked, Model, Options, Role, Table};
use serde_json::{Value, json};

use crate::End;

/// Find which rows of one or two files are the same person.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear link bookings.csv --map given_name=first,surname=last,date_of_birth=dob,phone=phone --out clusters.csv\n\nRoles: given_name middle_name surname suffix full_name date_of_birth sex race street_number address address2 city state\npostcode phone email id_number birth_place occupation; any may be absent. There is nothing to label or to tune: the\nweights are estimated from the rows. With two files, links are found between and within them. `--truth` is used for\nfigures and changes nothing."
)]
pub(crate) struct Args {
    /// The file: CSV (comma, semicolon or tab; .gz and .zst too) or Parquet.
    file: PathBuf,
    /// A second file with the same columns.
    second: Option<PathBuf>,
    /// The column with each row's id; the first column unless said.
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// What the columns are: ROLE=COLUMN, separated by commas.
    #[arg(long, value_name = "ROLE=COLUMN,…", value_delimiter = ',', required = true)]
    map: Vec<String>,
    /// Write `file,id,cluster` here.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Use the weights in this file; if it is not there, learn them and write it.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Write a report with charts here. It names rows by their number and shows no value.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// A column that says who each row truly is; figures only. With two files, pairs across them are counted.
    #[arg(long, value_name = "COLUMN")]
    truth: Option<String>,
    /// Of the truth, only so many parts between hyphens: 2 makes `rec-17` of `rec-17-dup-0`.
    #[arg(long, value_name = "PARTS", requires = "truth")]
    truth_stem: Option<usize>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// Everything that was read.
struct Rows {
    table: Table,
    ids: Texts,
    persons: Vec<u32>,
    split: Option<u32>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    let mut clock = measure::Clock::start();
    let map = clear_link::mapped(&args.map).context("cannot use `--map`")?;
    let rows = read(&args, &map)?;
    clock.lap("read");
    let options = Options { model: loaded(args.model.as_deref())?, ..Options::default() };
    let learnt = options.model.is_none();
    let Rows { table, ids, persons, split } = rows;
    let linked = clear_link::link(table, &options, &mut |stage| clock.lap(stage));
    if let Some(path) = &args.out {
        write_clusters(path, &args, &ids, split, &linked)?;
        clock.lap("write");
    }
    let used = clock.used();
    if let (Some(path), true) = (&args.model, learnt) {
        std::fs::write(path, linked.model().to_json()).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let truth = args.truth.is_some().then_some(Truth { persons: &persons, split });
    let figures = figures(&linked, truth.as_ref(), &clock, &used);
    if let Some(path) = &args.report {
        let page = page::render(&linked, truth.as_ref(), &figures);
        std::fs::write(path, page).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    if args.json {
        println!("{figures:#}");
    } else {
        print!("{}", in_words(&figures));
    }
    Ok(End::Done)
}

fn read(args: &Args, map: &[(Role, String)]) -> anyhow::Result<Rows> {
    let roles: Vec<Role> = map.iter().map(|(role, _)| *role).collect();
    let mut rows = Rows { table: Table::new(&roles), ids: Texts::default(), persons: Vec::new(), split: None };
    let mut persons: HashMap<String, u32> = HashMap::new();
    for (number, path) in std::iter::once(&args.file).chain(&args.second).enumerate() {
        let file = tables::open(path)?;
        if number > 0 {
            rows.split = u32::try_from(rows.table.rows()).ok();
            rows.table.next_file();
        }
        let columns = file.columns().to_vec();
        let place = |name: &str| -> anyhow::Result<usize> {
            columns
                .iter()
                .position(|column| column == name)
                .with_context(|| format!("`{}` has no column `{name}`; it has {}", path.display(), quoted(&columns)))
        };
        let mut wanted = vec![args.id.as_deref().map_or(Ok(0), place)?];
        wanted.push(args.truth.as_deref().map_or(Ok(usize::MAX), place)?);
        for (_, column) in map {
            wanted.push(place(column)?);
        }
        file.read(&wanted, &mut |values| {
            let [id, truth, values @ ..] = values else { return };
            rows.ids.push(id.trim());
            rows.table.push(values.iter().map(AsRef::as_ref));
            if args.truth.is_some() {
                let truth = stem(truth.trim(), args.truth_stem);
                let next = persons.len() as u32;
                rows.persons.push(match persons.get(truth) {
                    Some(person) => *person,
                    None => *persons.entry(truth.to_owned()).or_insert(next),
                });
            }
        })?;
    }
    Ok(rows)
}

/// The first parts of a text between hyphens.
fn stem(text: &str, parts: Option<usize>) -> &str {
    let Some(parts) = parts else { return text };
    let end = text.match_indices('-').nth(parts.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

fn quoted(columns: &[String]) -> String {
    columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
}

fn loaded(path: Option<&Path>) -> anyhow::Result<Option<Model>> {
    let Some(path) = path.filter(|path| path.exists()) else { return Ok(None) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Some(Model::from_json(&text).with_context(|| format!("cannot use `{}`", path.display()))?))
}

fn write_clusters(path: &Path, args: &Args, ids: &Texts, split: Option<u32>, linked: &Linked) -> anyhow::Result<()> {
    let failed = || format!("cannot write `{}`", path.display());
    let file = std::fs::File::create(path).with_context(failed)?;
    let mut out = std::io::BufWriter::new(file);
    let names = [Some(&args.file), args.second.as_ref()]
        .map(|path| path.map_or(String::new(), |p| csv_field(&p.display().to_string())));
    writeln!(out, "file,id,cluster").with_context(failed)?;
    for (row, cluster) in linked.clusters.iter().enumerate() {
        let second = split.is_some_and(|split| row >= split as usize);
        let name = names.get(usize::from(second)).map_or("", String::as_str);
        writeln!(out, "{name},{},{cluster}", csv_field(ids.get(row))).with_context(failed)?;
    }
    out.flush().with_context(failed)
}

/// A field as RFC 4180 wants it.
fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn figures(linked: &Linked, truth: Option<&Truth<'_>>, clock: &measure::Clock, used: &measure::Used) -> Value {
    let mut sizes: HashMap<u32, usize> = HashMap::new();
    linked.clusters.iter().for_each(|cluster| *sizes.entry(*cluster).or_default() += 1);
    let stages: serde_json::Map<String, Value> =
        clock.stages().iter().map(|(name, seconds)| ((*name).to_owned(), json!(round(*seconds, 3)))).collect();
    let mut figures = json!({
        "rows": linked.clusters.len(),
        "clusters": sizes.len(),
        "largest_cluster": sizes.values().max().copied().unwrap_or_default(),
        "pairs_scored": linked.compared,
        "pairs_kept": linked.pairs.len(),
        "rows_in_large_blocks": linked.found.capped,
        "rows_copied": linked.found.copies,
        "stages_s": stages,
        "wall_s": round(used.wall_s, 3),
        "cpu_s": round(used.cpu_s, 3),
        "peak_memory_mb": used.peak_mib,
    });
    if let Some(truth) = truth {
        let told = truth.told(&linked.pairs, &linked.copied);
        let (ln_odds, best) = truth.best_of_pairs(&told);
        let mut pairwise = serde_json::Map::new();
        let mut of_best = quality(&best);
        of_best["threshold_weight"] = json!(round(f64::from(ln_odds / std::f32::consts::LN_2), 3));
        pairwise.insert("best".to_owned(), of_best);
        for probability in ["0.5", "0.95", "0.99"] {
            let at = probability.parse().unwrap_or(0.5);
            pairwise.insert(probability.to_owned(), quality(&truth.of_pairs(&told, at)));
        }
        figures["pairwise"] = Value::Object(pairwise);
        figures["cluster"] = quality(&Truth { persons: truth.persons, split: None }.of_clusters(&linked.clusters));
        if truth.split.is_some() {
            figures["cluster_across_files"] = quality(&truth.of_clusters(&linked.clusters));
        }
    }
    figures
}

fn quality(quality: &Quality) -> Value {
    json!({
        "f1": round(quality.f1(), 5),
        "precision": round(quality.precision(), 5),
        "recall": round(quality.recall(), 5),
        "tp": quality.right,
        "fp": quality.said - quality.right,
        "fn": quality.truth - quality.right,
    })
}

fn round(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}

fn in_words(figures: &Value) -> String {
    let mut text = format!(
        "{} rows are {} persons; the largest cluster has {} rows.\n{} pairs compared, {} of them kept.\n",
        figures["rows"],
        figures["clusters"],
        figures["largest_cluster"],
        figures["pairs_scored"],
        figures["pairs_kept"]
    );
    if figures["rows_in_large_blocks"] != 0 {
        text += &format!(
            "{} times a row was in a block that is too large to be compared each with each: there it was compared with its neighbours by name and by date only.\n",
            figures["rows_in_large_blocks"]
        );
    }
    if figures["rows_copied"] != 0 {
        text += &format!(
            "{} rows say letter by letter what more than 48 others say: they were not compared, and go where one of those goes if it says enough to tell a person by.\n",
            figures["rows_copied"]
        );
    }
    for (name, part) in [
        ("pairs", &figures["pairwise"]["best"]),
        ("pairs, p ≥ 0.5", &figures["pairwise"]["0.5"]),
        ("pairs, p ≥ 0.95", &figures["pairwise"]["0.95"]),
        ("pairs, p ≥ 0.99", &figures["pairwise"]["0.99"]),
        ("clusters", &figures["cluster"]),
        ("clusters, across files", &figures["cluster_across_files"]),
    ] {
        if part.is_object() {
            text += &format!(
                "{name:<24} F1 {:<8} precision {:<8} recall {:<8}",
                part["f1"], part["precision"], part["recall"]
            );
            text += &format!(" ({} right, {} wrong, {} missed)\n", part["tp"], part["fp"], part["fn"]);
        }
    }
    let stages = figures["stages_s"].as_object().into_iter().flatten();
    text += &stages.map(|(name, seconds)| format!("{name} {seconds} s")).collect::<Vec<_>>().join(", ");
    text += &format!(
        "\n{} s wall, {} s CPU, {} MB at most\n",
        figures["wall_s"], figures["cpu_s"], figures["peak_memory_mb"]
    );
    text
}

/// Texts end to end, which cost their length and four bytes.
#[derive(Default)]
struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    fn get(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}
