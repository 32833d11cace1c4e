//! Runs of cargo: tests and lints.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Every test. The documentation's examples come first, so that the runner's own closing line is the last one.
pub(crate) fn test(root: &Path) -> Result<()> {
    if has("nextest") {
        cargo(root, "test --workspace --doc --quiet")?;
        return cargo(root, "nextest run --workspace");
    }
    println!("cargo-nextest is not installed: running `cargo test`, which has no time limit for a test.");
    println!("`cargo install cargo-nextest --locked` gets it.");
    cargo(root, "test --workspace")
}

/// Formatting, lints, licences.
pub(crate) fn lint(root: &Path) -> Result<()> {
    cargo(root, "fmt --all --check")?;
    cargo(root, "clippy --workspace --all-targets --quiet -- -D warnings")?;
    if has("deny") {
        return cargo(root, "deny check");
    }
    println!(
        "Not checked: licences, advisories and banned crates. `cargo install cargo-deny --locked` gets the checker."
    );
    Ok(())
}

/// Whether cargo knows the command.
pub(crate) fn has(command: &str) -> bool {
    let asked = Command::new("cargo").args([command, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Runs cargo in the source tree, arguments separated by spaces.
pub(crate) fn cargo(root: &Path, arguments: &str) -> Result<()> {
    let mut command = Command::new("cargo");
    // A snapshot that differs is a failure and never a file to sort out later.
    command.args(arguments.split(' ')).current_dir(root).env("INSTA_UPDATE", "no").stdin(Stdio::null());
    plain(&mut command);
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("`cargo {arguments}` failed ({status})");
    }
    Ok(())
}

/// What cargo tells this program about itself is kept from the cargo that it starts: some build scripts look at it, and
/// would build again what the same command built without the chore.
fn plain(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let own =
            name.to_str().is_some_and(|name| name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_"));
        if own {
            command.env_remove(name);
        }
    }
}
