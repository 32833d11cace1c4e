//! Measures, on the build that `make demo` makes.
//!
//! Each measure is a subcommand of the binary, `openclear bench <name>`, so that it measures what is shipped and can be
//! run on any machine; this chore builds it, gives it an empty folder and prints the command above each table. The log
//! and its disclosure index are measured by examples of their own crate, which need no more than the log: the one beside the bare
//! disk, the other at fifty million events.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::run::cargo;

/// The measures, each with its arguments.
const MEASURES: &[(&str, &str)] = &[
    ("decide", ""),
    ("enforce", ""),
    ("gate", "--rows 1000 "),
    ("log", "10000000 4"),
    ("disclosures", "50000000"),
    ("load", ""),
    ("ask", "--persons 100000 --questions 10000"),
    ("ask-16", "--persons 100000 --questions 10000 --askers 16"),
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
        let what = name.split('-').next().unwrap_or(name);
        let files = match what {
            "load" => crime_files(root)?.join(" "),
            // One file has rows enough for every stream.
            "gate" => crime_files(root)?.into_iter().take(1).collect(),
            _ => String::new(),
        };
        let (shown, command) = match what {
            "log" => {
                let program = "run --quiet --profile demo -p clear-audit --example measure --";
                (format!("cargo {program} DIR {arguments}"), format!("{program} {} {arguments}", folder.display()))
            }
            "disclosures" => {
                let program = "run --quiet --profile demo -p clear-audit --example disclosures --";
                (format!("cargo {program} {arguments} DIR"), format!("{program} {arguments} {}", folder.display()))
            }
            _ => (
                format!("openclear bench {what} --dir DIR {arguments}{files}"),
                format!(
                    "run --quiet --profile demo -p openclear -- bench {what} --dir {} {arguments}{files}",
                    folder.display()
                ),
            ),
        };
        println!("\n## {name}\n\n`{shown}`\n");
        let done = cargo(root, &command);
        // A folder that is not there any more is what is wanted.
        drop(std::fs::remove_dir_all(&folder));
        done?;
    }
    Ok(())
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
