//! Every dependency has a line of why, and every decision has its four parts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::page::{self, Mode};

const PARTS: &[&str] = &["## Context", "## Decision", "## What we gave up", "## What would change our mind"];

/// Objects to a dependency without a line, a line without a dependency, and a decision without a part.
pub(crate) fn run(root: &Path, _: Mode) -> Result<()> {
    let folder = root.join("docs/decisions");
    let declared = declared(&page::read(&root.join("Cargo.toml"))?);
    let explained = explained(&page::read(&folder.join("0002-dependencies.md"))?);
    let mut objections: Vec<String> = Vec::new();
    objections
        .extend(declared.difference(&explained).map(|name| format!("0002-dependencies.md has no line for {name}")));
    objections.extend(
        explained.difference(&declared).map(|name| format!("0002-dependencies.md explains {name}, which is gone")),
    );

    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let text = page::read(&path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        objections
            .extend(PARTS.iter().filter(|part| !text.contains(**part)).map(|part| format!("{name} has no `{part}`")));
    }
    if objections.is_empty() { Ok(()) } else { bail!("{}", objections.join("\n")) }
}

/// The names under `[workspace.dependencies]` that are not ours.
fn declared(manifest: &str) -> BTreeSet<String> {
    let section = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let names = section.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
    names
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.starts_with("clear-") && !name.starts_with('#'))
        .collect()
}

/// The names in the first column of the table.
fn explained(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_others_crates_are_declared() {
        let manifest = "[workspace.dependencies]\nclear-record = { path = \"x\" }\n# Why\nserde = \"1\"\n\n[profile.dev]\nopt-level = 1\n";
        assert_eq!(declared(manifest), BTreeSet::from(["serde".to_owned()]));
        assert_eq!(
            explained("| crate | why |\n|---|---|\n| `serde` | forms |\n"),
            BTreeSet::from(["serde".to_owned()])
        );
    }
}
