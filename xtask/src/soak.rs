//! The long runs: the second evaluator over many questions, and each parser fuzzed in turn, from its seeds.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::page;
use crate::run::{cargo, has};

/// How many random questions the rules and the second evaluator must agree about; `make test` asks a tenth.
const QUESTIONS: &str = "100000";

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
