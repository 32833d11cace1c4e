//! The linker beside its peer, Splink 5.0.0, on the same rows in the same run (P2).
//!
//! In:    the folders LINKAGE (the rows) and SPLINK (the peer's scripts); where they are missing, invented persons alone.
//! Out:   one table: F1 of pairs and of clusters, CPU seconds, wall, peak memory, and how many times the peer's each is.
//! Never: gives either side a hint from the column of truth; both have the settings that they come with, or are published with.
//!
//! # How
//! Ours is the `openclear` of the demo build, as anybody would call it; its figures are its own `--json`. The peer runs its
//! published scripts in a virtual environment in the target folder, made once. CPU, wall and memory are of the whole
//! process until the clusters are there: on both sides without what measures quality, on both sides with the start.
//!
//! # Change here
//! A set of rows: a line of [`SETS`].

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::given;
use crate::run::cargo;

/// Rows that both link.
struct Set {
    name: &'static str,
    /// In the folder LINKAGE; none where they are invented here.
    files: &'static [&'static str],
    /// What the columns are, and the column of truth.
    map: &'static str,
    truth: &'static [&'static str],
    /// The peer's script and its arguments, the file among them as `{}`.
    script: &'static str,
    arguments: &'static [&'static str],
    /// The environment variable by which the script wants its rows, and what of LINKAGE it wants.
    variable: Option<(&'static str, &'static str)>,
    /// The last stage of linking in the script.
    last: &'static str,
}

const POLICE: &str = "given_name=first_name,middle_name=middle_initial,surname=last_name,suffix=suffix,date_of_birth=dob,sex=sex,race=race,street_number=street_no,address=street,postcode=zip,phone=phone,id_number=ssn4";

const SETS: &[Set] = &[
    Set {
        name: "FEBRL4, 2 × 5,000",
        files: &["febrl/dataset4a.csv", "febrl/dataset4b.csv"],
        map: "given_name=given_name,surname=surname,street_number=street_number,address=address_1,address2=address_2,city=suburb,postcode=postcode,state=state,date_of_birth=date_of_birth,id_number=soc_sec_id",
        truth: &["rec_id", "--truth-stem", "2"],
        script: "splink_febrl.py",
        arguments: &["detailed", "1e6"],
        variable: Some(("DATA", "")),
        last: "count",
    },
    Set {
        name: "historical figures, dev half",
        files: &["historical_figures/historical_dev.parquet"],
        map: "given_name=first_name,surname=surname,full_name=full_name,date_of_birth=dob,birth_place=birth_place,postcode=postcode_fake,sex=gender,occupation=occupation",
        truth: &["cluster"],
        script: "splink_historical.py",
        arguments: &["1e7"],
        variable: Some(("HISTORICAL", "historical_figures/historical_dev.parquet")),
        last: "cluster@.95",
    },
    Set {
        name: "police persons, 100,000",
        files: &["police_persons/persons_100k.csv.zst"],
        map: POLICE,
        truth: &["person_id"],
        script: "splink_police.py",
        arguments: &["{}", "1e7"],
        variable: None,
        last: "cluster@.95",
    },
    Set {
        name: "invented persons, 1,000,000",
        files: &[],
        map: POLICE,
        truth: &["person_id"],
        script: "splink_police.py",
        arguments: &["{}", "1e7"],
        variable: None,
        last: "cluster@.95",
    },
];

/// Measures every set that is there.
pub(super) fn run(root: &Path, folder: &Path) -> Result<()> {
    println!(
        "`openclear link FILE … --map ROLE=COLUMN,… --truth COLUMN --out clusters.csv --json`, and Splink's scripts\n"
    );
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let rows = found("LINKAGE", "the rows", SETS.iter().flat_map(|set| set.files.iter().copied()));
    let scripts = found("SPLINK", "the peer's scripts", SETS.iter().map(|set| set.script).chain(["metrics.py"]));
    let python = match &scripts {
        Ok(_) => Some(peer(&target(root))?),
        Err(_) => None,
    };
    println!(
        "| rows | linker | F1 of pairs: best threshold | p ≥ 0.5 | F1 of clusters | CPU s | wall s | peak MB |\n|---|---|---|---|---|---|---|---|"
    );
    for set in SETS {
        let files: Vec<PathBuf> = match (&rows, set.files) {
            (_, []) => vec![invented(root, folder)?],
            (Ok(rows), files) => files.iter().map(|file| rows.join(file)).collect(),
            (Err(_), _) => continue,
        };
        let ours = ours(root, folder, set, &files)?;
        print!("{}", ours.row(set.name, "OpenCLEAR"));
        if let (Ok(scripts), Some(python)) = (&scripts, &python) {
            let peer = peers(python, scripts, rows.as_ref().ok(), set, &files)?;
            print!("{}", peer.row(set.name, "Splink 5.0.0"));
            println!(
                "| {} | **ours ÷ the peer's** | | | | {:.3} | {:.3} | {:.3} |",
                set.name,
                ours.cpu_s / peer.cpu_s,
                ours.wall_s / peer.wall_s,
                ours.peak_mb / peer.peak_mb
            );
        }
    }
    println!(
        "\nClusters: ours as they come; the peer's at that of its script's six thresholds which the truth likes best."
    );
    for missing in [rows.err(), scripts.err()].into_iter().flatten() {
        println!("Not measured: {missing}");
    }
    Ok(())
}

/// The labelled pairs of names, in the same folder.
pub(super) fn pairs_of_names() -> Result<PathBuf, String> {
    let file = "name_bench/cases.csv";
    found("LINKAGE", "the pairs of names", [file].into_iter()).map(|folder| folder.join(file))
}

/// The folder that the variable names, if it has these files; else what is missing, and how to give it.
fn found<'a>(variable: &str, what: &str, files: impl Iterator<Item = &'a str>) -> Result<PathBuf, String> {
    let mut files: Vec<&str> = files.collect();
    files.dedup();
    let Some(folder) = given(variable) else {
        return Err(format!(
            "{what}. {variable} is not set; `{variable}=FOLDER make bench`, where FOLDER has {}",
            files.join(", ")
        ));
    };
    let missing: Vec<&str> = files.into_iter().filter(|file| !folder.join(file).is_file()).collect();
    // Children run in other folders.
    match std::path::absolute(&folder) {
        Ok(folder) if missing.is_empty() => Ok(folder),
        _ => Err(format!("{what}. The folder {variable}={} lacks {}", folder.display(), missing.join(", "))),
    }
}

/// What one linker did on one set.
struct Figures {
    best: Option<f64>,
    even: Option<f64>,
    clusters: Option<f64>,
    cpu_s: f64,
    wall_s: f64,
    peak_mb: f64,
}

impl Figures {
    fn row(&self, set: &str, linker: &str) -> String {
        let f1 = |f1: Option<f64>| f1.map_or_else(|| "–".to_owned(), |f1| format!("{f1:.4}"));
        format!(
            "| {set} | {linker} | {} | {} | {} | {:.2} | {:.2} | {:.0} |\n",
            f1(self.best),
            f1(self.even),
            f1(self.clusters),
            self.cpu_s,
            self.wall_s,
            self.peak_mb
        )
    }
}

/// The folder of built files.
pub(super) fn target(root: &Path) -> PathBuf {
    given("CARGO_TARGET_DIR").unwrap_or_else(|| root.join("target"))
}

fn ours(root: &Path, folder: &Path, set: &Set, files: &[PathBuf]) -> Result<Figures> {
    let mut command = Command::new(target(root).join("demo/openclear"));
    command.arg("link").args(files).args(["--map", set.map, "--json", "--truth"]).args(set.truth);
    command.arg("--out").arg(folder.join("clusters.csv"));
    let said: Value = serde_json::from_str(&output(&mut command)?).context("`openclear link` printed no JSON")?;
    let at = |pointer: &str| said.pointer(pointer).and_then(Value::as_f64);
    let number = |name: &str| at(&format!("/{name}")).with_context(|| format!("`openclear link` says no `{name}`"));
    Ok(Figures {
        best: at("/pairwise/best/f1"),
        even: at("/pairwise/0.5/f1"),
        clusters: at("/cluster_across_files/f1").or_else(|| at("/cluster/f1")),
        cpu_s: number("cpu_s")?,
        wall_s: number("wall_s")?,
        peak_mb: number("peak_memory_mb")?,
    })
}

fn peers(python: &Path, scripts: &Path, rows: Option<&PathBuf>, set: &Set, files: &[PathBuf]) -> Result<Figures> {
    let mut command = Command::new(python);
    command.args(["-W", "ignore", "-c", include_str!("peer.py")]).arg(scripts).args([set.script, set.last]);
    let file = files.first().map(|file| file.display().to_string()).unwrap_or_default();
    command.args(set.arguments.iter().map(|argument| argument.replace("{}", &file)));
    if let (Some((variable, of)), Some(rows)) = (set.variable, rows) {
        command.env(variable, rows.join(of));
    }
    let said = output(&mut command)?;
    let line = |begin: &str| said.lines().rev().find_map(|line| line.strip_prefix(begin));
    let used: Value = serde_json::from_str(line("LINKED ").context("the peer's script has no such stage")?)?;
    let result: Value = serde_json::from_str(&format!("{{{}", line("{").context("the peer printed no figures")?))?;
    let number =
        |name: &str| used.get(name).and_then(Value::as_f64).with_context(|| format!("the peer says no `{name}`"));
    let f1 = |of: &Value| of.get("f1").and_then(Value::as_f64);
    let mut at = result.get("at").and_then(Value::as_array).into_iter().flatten();
    let clusters = result.get("clusters").and_then(Value::as_object).into_iter().flatten();
    Ok(Figures {
        best: result.get("best").and_then(f1),
        even: at.find(|at| at.get("prob").and_then(Value::as_f64) == Some(0.5)).and_then(f1),
        clusters: clusters.filter_map(|(_, figures)| f1(figures)).reduce(f64::max),
        cpu_s: number("cpu_s")?,
        wall_s: number("wall_s")?,
        peak_mb: number("peak_mb")?,
    })
}

/// The Python of a virtual environment that has the peer.
fn peer(target: &Path) -> Result<PathBuf> {
    let works = "import pandas, pyarrow, splink; assert splink.__version__ == '5.0.0'";
    python(target, "splink-5.0.0", works, &["splink==5.0.0", "pandas", "pyarrow"])
}

/// The Python of a virtual environment of that name with these packages; made where it is not there yet. `works` is a
/// program that fails without them.
pub(super) fn python(target: &Path, name: &str, works: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = target.join(name);
    let python = folder.join("bin/python");
    let is_there = || {
        let mut command = Command::new(&python);
        command.args(["-c", works]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !is_there() {
        eprintln!("Making a virtual environment with {} in {}, once", packages.join(", "), folder.display());
        output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
            .context("the peer wants `python3` with its module `venv`")?;
        output(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        if !is_there() {
            bail!("{} lacks one of {}, though they were installed", python.display(), packages.join(", "));
        }
    }
    Ok(python)
}

/// A million rows of invented persons.
fn invented(root: &Path, folder: &Path) -> Result<PathBuf> {
    let path = folder.join("invented.csv");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    // Together with the binary, so that both want the same features of what they share, and nothing is built twice.
    cargo(root, "build --quiet --profile demo -p openclear -p clear-testkit --bin openclear --example invent")?;
    let mut command = Command::new(target(root).join("demo/examples/invent"));
    let status = command.arg("1000000").stdout(file).status().context("cannot start the example `invent`")?;
    if !status.success() {
        bail!("the example `invent` failed ({status})");
    }
    Ok(path)
}

/// What a command prints; its complaints are an error's if it fails.
fn output(command: &mut Command) -> Result<String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = said.lines().rev().take(5).collect();
        bail!("`{shown}` failed ({}): {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join("; "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
