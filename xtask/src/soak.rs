//! The long runs: the second evaluator over many questions, the log under many flips, cuts and kills, the gate
//! under ten thousand sessions, and each parser
//! fuzzed in turn, from its seeds.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::page;
use crate::run::{cargo, has};

/// How many random questions the rules and the second evaluator must agree about; `make test` asks a tenth.
const QUESTIONS: &str = "100000";

/// Tests of the log and of the gate that run longer here: package, test, the variable that says how often, how often.
const LOG: &[(&str, &str, &str, &str)] = &[
    ("clear-audit", "gr22_any_flipped_byte_is_found_and_its_entry_named", "OPENCLEAR_FLIPS", "10000"),
    ("clear-audit", "gr24_cut_at_each_write_of_a_crash_run_what_was_acknowledged_is_there", "OPENCLEAR_CUTS", "1000"),
    ("openclear", "kill::kill_nine", "OPENCLEAR_KILLS", "500"),
    ("openclear", "gate::s12_gr02_gr04_an_order_among_streams_over_http_1", "OPENCLEAR_SESSIONS", "10000"),
    ("openclear", "gate::s12_gr02_gr04_an_order_among_streams_over_http_1_with_tls", "OPENCLEAR_SESSIONS", "10000"),
    ("openclear", "gate::s12_gr02_gr04_an_order_among_streams_over_http_2", "OPENCLEAR_SESSIONS", "10000"),
    ("openclear", "gate::s12_gr02_gr04_an_order_among_streams_over_http_2_with_tls", "OPENCLEAR_SESSIONS", "10000"),
];

/// Asks the second evaluator, then runs every target of `fuzz/` for so many seconds.
pub(crate) fn run(root: &Path, seconds: u64) -> Result<()> {
    println!("the rules and the second evaluator: {QUESTIONS} questions");
    let oracle = Command::new("cargo")
        .args(["test", "-p", "clear-rules", "--test", "it", "oracle"])
        .env("OPENCLEAR_QUESTIONS", QUESTIONS)
        .current_dir(root)
        .status()
        .context("cargo does not start")?;
    if !oracle.success() {
        bail!("the rules and the second evaluator disagree");
    }
    for (package, test, variable, times) in LOG {
        println!("{test}: {times} times");
        let done = Command::new("cargo")
            .args(["test", "-p", package, "--test", "it", test, "--", "--exact", "--nocapture"])
            .env(variable, times)
            .current_dir(root)
            .status()
            .context("cargo does not start")?;
        if !done.success() {
            bail!("it did not hold: {test}");
        }
    }
    if !has("fuzz") {
        bail!(
            "cargo-fuzz is not installed: `cargo install cargo-fuzz --locked`, and `rustup toolchain install nightly`"
        );
    }
    let manifest = page::read(&root.join("fuzz/Cargo.toml"))?;
    let targets = targets(&manifest);
    targets.first().context("fuzz/Cargo.toml names no target")?;
    for target in targets {
        println!("{target}: {seconds} s");
        // What the run finds goes to `corpus`, which is not kept; the seeds are, and are never written to.
        let folders = format!("fuzz/corpus/{target} fuzz/seeds/{target}");
        std::fs::create_dir_all(root.join("fuzz/corpus").join(&target))?;
        cargo(root, &format!("+nightly fuzz run {target} {folders} -- -max_total_time={seconds} -max_len=65536"))?;
    }
    Ok(())
}

fn targets(manifest: &str) -> Vec<String> {
    let bins = manifest.split("[[bin]]").skip(1);
    bins.filter_map(|bin| bin.split('"').nth(1)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bin_is_a_target() {
        let manifest = "[package]\nname = \"fuzz\"\n[[bin]]\nname = \"a\"\npath = \"a.rs\"\n[[bin]]\nname = \"b\"\n";
        assert_eq!(targets(manifest), ["a", "b"]);
    }
}
