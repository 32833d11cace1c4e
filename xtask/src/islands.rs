//! The islands' bundles are made of the sources that stand beside them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::page::{self, Mode};

const WEB: &str = "crates/clear-web";
const BUNDLES: &str = "crates/clear-web/assets/islands";

/// Objects to a source that has changed since the bundles were made. Needs no npm.
pub(crate) fn run(root: &Path, _: Mode) -> Result<()> {
    let made_of = page::read(&root.join(BUNDLES).join("MADE-OF.txt"))?;
    let mut objections = Vec::new();
    for line in made_of.lines() {
        let (digest, name) = line.split_once("  ").with_context(|| format!("MADE-OF.txt: `{line}`"))?;
        // Bundles are kept packed, and packed again elsewhere they may differ: their contents count.
        let bytes = match name.starts_with("assets/") {
            true => unpacked(&root.join(WEB).join(format!("{name}.gz")))?,
            false => fs::read(root.join(WEB).join(name)).with_context(|| format!("cannot read {name}"))?,
        };
        let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if found != digest {
            objections
                .push(format!("{WEB}/{name} is not what the bundles were made of; `cargo xtask islands` makes them"));
        }
    }
    if objections.is_empty() { Ok(()) } else { bail!("{}", objections.join("\n")) }
}

/// Makes the bundles with npm; checking, into the target folder, and compares.
pub(crate) fn make(root: &Path, mode: Mode) -> Result<()> {
    let folder = root.join(WEB).join("islands");
    let run = |program: &str, arguments: &[&str]| -> Result<()> {
        let status = Command::new(program).args(arguments).current_dir(&folder).status();
        let status = status.with_context(|| format!("cannot run {program}"))?;
        if status.success() { Ok(()) } else { bail!("{program} {} failed", arguments.join(" ")) }
    };
    run("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    run("npm", &["run", "check"])?;
    if mode != Mode::Check {
        return run("npm", &["run", "build"]);
    }
    let again = folder.join("node_modules/.again");
    run("node", &["build.mjs", "node_modules/.again"])?;
    let (was, is) = (page::read(&root.join(BUNDLES).join("MADE-OF.txt"))?, page::read(&again.join("MADE-OF.txt"))?);
    if was == is { Ok(()) } else { bail!("the bundles made again are others:\n{was}\n{is}") }
}

fn unpacked(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let packed = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes)?;
    Ok(bytes)
}
