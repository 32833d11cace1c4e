//! Measures, on the build that `make demo` makes.
//!
//! Each measure is a subcommand of the binary, `openclear bench <name>`, so that it measures what is shipped and can be
//! run on any machine; this chore builds it, gives it an empty folder and prints the command above each table. The log
//! and its disclosure index are measured by examples of their own crate, which need no more than the log: the one beside the bare
//! disk, the other at fifty million events. So is the comparison of two names. The person search, beside PostgreSQL and tantivy, is
//! a package of its own in `benches/`, so that nobody else builds the peer. Analysis is asked through HTTP beside DuckDB and PostgreSQL by `scripts/bench/analysis.py`, and its
//! columns alone by an example, at three sizes. The linker is measured beside its peer in `linkage.rs`.
//!
//! # Change here
//! A measure: a line of [`MEASURES`], and where it is no command of the binary, one of [`program`].

mod linkage;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::run::cargo;

/// The measures, each with its arguments.
const MEASURES: &[(&str, &str)] = &[
    ("decide", ""),
    ("enforce", ""),
    ("gate", "--rows 1000 "),
    ("log", "10000000 4"),
    ("disclosures", "50000000 {}"),
    ("load", ""),
    ("ask", "--persons 200000 --questions 2000"),
    ("ask-2m", "--persons 2000000 --questions 2000"),
    ("ask-16", "--persons 200000 --questions 2000 --askers 16"),
    ("persons", "200000 2000 --peers 100"),
    ("persons-2m", "2000000 2000 --peers 20"),
    ("names", ""),
    ("link", ""),
    ("analysis", "--rows 8000000"),
    ("columns", "800000 "),
    ("columns-8m", "8000000 "),
    ("columns-24m", "24000000 "),
];

/// Runs the measures named, or all.
pub(crate) fn run(root: &Path, names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !MEASURES.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = MEASURES.iter().map(|(name, _)| *name).collect();
        bail!("no measure is called {unknown}; there are: {}", known.join(", "));
    }
    cargo(root, "build --profile demo -p openclear")?;
    for (name, arguments) in MEASURES {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let folder = std::env::temp_dir().join(format!("openclear-bench-{}-{name}", std::process::id()));
        println!("\n## {name}\n");
        let done = measure(root, name, arguments, &folder);
        // A folder that is not there any more is what is wanted.
        drop(std::fs::remove_dir_all(&folder));
        done?;
    }
    Ok(())
}

/// Runs one measure in a folder of its own.
fn measure(root: &Path, name: &str, arguments: &str, folder: &Path) -> Result<()> {
    let what = name.split('-').next().unwrap_or(name);
    if what == "link" {
        return linkage::run(root, folder);
    }
    let files = match what {
        "load" => crime_files(root)?.join(" "),
        // One file has rows enough for every stream.
        "gate" => crime_files(root)?.into_iter().take(1).collect(),
        "persons" | "ask" => given("NAMES").map(|lists| format!(" --lists {}", lists.display())).unwrap_or_default(),
        "analysis" => {
            let works = "import duckdb, psycopg";
            let python =
                linkage::python(&linkage::target(root), "analysis-peers", works, &["duckdb", "psycopg[binary]"])?;
            let files = crime_files(root)?.join(" ");
            format!(" --python {} --peers scripts/bench/analysis.py {files}", python.display())
        }
        // The folder, whose rows are repeated.
        "columns" => given("CRIMES").unwrap_or_else(|| root.join("data/sample")).display().to_string(),
        "names" => match linkage::pairs_of_names() {
            Ok(file) => file.display().to_string(),
            Err(missing) => {
                println!("Not measured: {missing}");
                return Ok(());
            }
        },
        _ => String::new(),
    };
    let (program, shown) = program(what);
    let shown = format!("{shown}{arguments}{files}").replace("{}", "DIR");
    println!("`{}`\n", shown);
    cargo(root, &format!("{program}{arguments}{files}").replace("{}", &folder.display().to_string()))
}

/// What cargo runs for a measure, up to its arguments, and how that is shown; `{}` is its folder.
fn program(what: &str) -> (String, String) {
    let example = |package: &str, example: &str, folder: &str| {
        let program = format!("-p {package} --example {example} -- {folder}");
        (format!("run --quiet --profile demo {program}"), format!("cargo run --profile demo {program}"))
    };
    match what {
        "log" => example("clear-audit", "measure", "{} "),
        "disclosures" => example("clear-audit", "disclosures", ""),
        "persons" => {
            let program = "--manifest-path benches/persons/Cargo.toml -- ";
            (format!("run --quiet --profile demo {program}"), format!("cargo run --profile demo {program}"))
        }
        "names" => example("clear-names", "name_bench", ""),
        "columns" => example("clear-stats", "analysis", ""),
        _ => {
            let program = format!("bench {what} --dir {{}} ");
            (format!("run --quiet --profile demo -p openclear -- {program}"), format!("openclear {program}"))
        }
    }
}

/// The folder that an environment variable names.
fn given(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// The crime files of the folder CRIMES, or the sample that ships with the project.
fn crime_files(root: &Path) -> Result<Vec<String>> {
    let folder = std::env::var_os("CRIMES").map_or_else(|| root.join("data/sample"), PathBuf::from);
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path().display().to_string()))
        .filter(|path| [".csv", ".csv.gz", ".csv.zst"].iter().any(|ending| path.ends_with(ending)))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{} has no crime files (.csv, .csv.gz, .csv.zst); set CRIMES to a folder that has", folder.display());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn the_command_above_a_table_can_be_copied() {
        for (what, shown) in [
            ("decide", "openclear bench decide --dir {} "),
            ("log", "cargo run --profile demo -p clear-audit --example measure -- {} "),
            ("disclosures", "cargo run --profile demo -p clear-audit --example disclosures -- "),
            ("persons", "cargo run --profile demo --manifest-path benches/persons/Cargo.toml -- "),
            ("analysis", "openclear bench analysis --dir {} "),
            ("columns", "cargo run --profile demo -p clear-stats --example analysis -- "),
            ("names", "cargo run --profile demo -p clear-names --example name_bench -- "),
        ] {
            let (run, said) = program(what);
            assert_eq!(said, shown);
            let arguments = |command: &str| command.split_once(" -- ").map(|(_, rest)| rest.to_owned());
            assert!(arguments(&said).is_none() || arguments(&said) == arguments(&run), "{run} is not {said}");
        }
    }
}
