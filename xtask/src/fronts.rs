//! Every crate has a front page and begins with what goes in, what comes out and what it never does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::page::{self, Mode};

/// Objects to a crate without a README, a description or the three lines.
pub(crate) fn run(root: &Path, _: Mode) -> Result<()> {
    let mut objections = Vec::new();
    for folder in crates(root)? {
        let name = folder.strip_prefix(root).unwrap_or(&folder).display().to_string();
        if !folder.join("README.md").is_file() {
            objections.push(format!("{name} has no README.md"));
        }
        if page::read(&folder.join("Cargo.toml"))?.contains("description = \"\"") {
            objections.push(format!("{name}: its Cargo.toml has an empty description"));
        }
        let entry = ["src/lib.rs", "src/main.rs"].map(|file| folder.join(file)).into_iter().find(|path| path.is_file());
        let source = page::read(&entry.with_context(|| format!("{name} has neither lib.rs nor main.rs"))?)?;
        let absent: Vec<&str> = ["In:", "Out:", "Never:"].into_iter().filter(|word| !says(&source, word)).collect();
        if !absent.is_empty() {
            objections.push(format!("{name}: its module doc does not say {}", absent.join(", ")));
        }
    }
    if objections.is_empty() { Ok(()) } else { bail!("{}", objections.join("\n")) }
}

fn says(source: &str, word: &str) -> bool {
    let front = source.lines().take_while(|line| line.starts_with("//!"));
    front
        .filter_map(|line| line.strip_prefix("//! "))
        .any(|line| line.strip_prefix(word).is_some_and(|rest| !rest.trim().is_empty()))
}

/// The folders of our crates, in order.
pub(crate) fn crates(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = listed(&root.join("crates"))?;
    folders.retain(|path| path.join("Cargo.toml").is_file());
    Ok(folders)
}

/// Every Rust file under a folder, in order.
pub(crate) fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in listed(folder)? {
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_that_says_nothing_after_the_word_is_not_enough() {
        assert!(says("//! A thing.\n//!\n//! In:    bytes.\n", "In:"));
        assert!(!says("//! In:\n", "In:"));
        assert!(!says("fn f() {}\n//! In: bytes\n", "In:"));
    }
}
