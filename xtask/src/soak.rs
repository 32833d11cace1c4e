//! The long runs: the second evaluator over many questions, the log under many flips, cuts and kills, the gate
//! under ten thousand sessions, columns in a bucket, and each parser fuzzed in turn, from its seeds.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

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
        one(root, package, test, variable, times)?;
    }
    println!("a bucket: the build with its client, against a server that speaks S3");
    cargo(root, "test -p clear-cold --features s3 --test it")?;
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

/// Runs one test by its name, and fails where nothing ran: a test that was given another name would pass for ever.
fn one(root: &Path, package: &str, test: &str, variable: &str, times: &str) -> Result<()> {
    let mut running = Command::new("cargo")
        .args(["test", "-p", package, "--test", "it", test, "--", "--exact", "--nocapture"])
        .env(variable, times)
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo does not start")?;
    let mut said = String::new();
    if let Some(output) = running.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.context("cargo says what is no text")?;
            println!("{line}");
            said.push_str(&line);
            said.push('\n');
        }
    }
    if !running.wait().context("cargo does not end")?.success() {
        bail!("it did not hold: {test}");
    }
    if !passed_one(&said) {
        bail!("no test of {package} is called {test}: nothing ran");
    }
    Ok(())
}

/// Whether exactly one test ran and passed, by what the test harness says at its end.
fn passed_one(said: &str) -> bool {
    let passed: u64 = said
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. ")?.split_once(" passed")?.0.parse::<u64>().ok())
        .sum();
    passed == 1
}

fn targets(manifest: &str) -> Vec<String> {
    let bins = manifest.split("[[bin]]").skip(1);
    bins.filter_map(|bin| bin.split('"').nth(1)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_under_which_nothing_ran_is_not_passed() {
        let said = |passed: u64| {
            format!(
                "\nrunning {passed} tests\ntest result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; 31 filtered out; finished in 2.25s\n"
            )
        };
        assert!(passed_one(&said(1)) && !passed_one(&said(0)) && !passed_one(&said(2)) && !passed_one(""));
    }

    #[test]
    fn each_line_names_a_test_that_there_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (package, test, variable, _) in LOG {
            let (module, name) = test.rsplit_once("::").unwrap_or(("main", test));
            let path = root.join(format!("crates/{package}/tests/it/{module}.rs"));
            let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(source.contains(&format!("fn {name}(")) && source.contains(variable), "{package}: {test}");
        }
    }

    #[test]
    fn each_bin_is_a_target() {
        let manifest = "[package]\nname = \"fuzz\"\n[[bin]]\nname = \"a\"\npath = \"a.rs\"\n[[bin]]\nname = \"b\"\n";
        assert_eq!(targets(manifest), ["a", "b"]);
    }
}
