//! Measures, on the build that `make demo` makes.
//!
//! Each measure is a subcommand of the binary, `openclear bench <name>`, so that it measures what is shipped and can be
//! run on any machine; this chore builds and calls them in turn.

use std::path::Path;

use anyhow::{Result, bail};

use crate::run::cargo;

/// The measures, in the order of the bars.
const MEASURES: &[&str] = &["load", "ask"];

/// Runs the measures named, or all.
pub(crate) fn run(root: &Path, names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !MEASURES.contains(&name.as_str())) {
        bail!("no measure is called {unknown}; there are: {}", MEASURES.join(", "));
    }
    cargo(root, "build --profile demo -p openclear")?;
    let chosen = MEASURES.iter().filter(|measure| names.is_empty() || names.iter().any(|name| name == *measure));
    for measure in chosen {
        cargo(root, &format!("run --quiet --profile demo -p openclear -- bench {measure}"))?;
    }
    Ok(())
}
