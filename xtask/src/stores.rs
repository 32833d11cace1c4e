//! The registry of stores and flows, held against the source files that open them (GR30).
//!
//! In:    `clear_record::STORES` and `FLOWS`, clippy.toml, the source of our crates.
//! Out:   docs/stores-and-flows.md, or an objection for each file that opens what no line of the registry names.
//! Never: believes the registry: each line's files are looked at, and each file's line.
//!
//! # How
//! Clippy refuses the methods of clippy.toml wherever no attribute expects them. Here every such attribute has to name
//! lines of the registry that name the file in turn; and because a test run has no clippy, lines that open something
//! in a file without the attribute are objected to by their words as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};
use clear_record::{FLOWS, STORES};

use crate::fronts::{crates, sources};
use crate::page::{self, Mode};

const FRONT: &str = "# Stores and flows\n\nWritten by `cargo xtask stores` from the registry in `crates/clear-record/src/stores.rs`; the same lines make the page\n`/stores-and-flows` and its JSON. Opening a file, a socket or a process is refused by clippy in every source file that does\nnot name a line of this registry, and `cargo xtask check` compares both ways. A test starts a server and holds every file\nof its folder against these lines.\n";

/// The methods that clippy.toml must refuse, whatever else it does.
const REFUSED: &[&str] = &[
    "std::fs::File::open",
    "std::fs::File::create",
    "std::fs::OpenOptions::open",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::fs::write",
    "std::fs::rename",
    "tokio::fs::read",
    "tokio::fs::write",
    "tokio::fs::File::open",
    "tempfile::tempdir",
    "sqlx::pool::PoolOptions::connect_with",
    "std::net::TcpListener::bind",
    "std::net::TcpStream::connect",
    "tokio::net::TcpListener::bind",
    "tokio::net::TcpStream::connect",
    "ureq::Agent::config_builder",
    "std::process::Command::new",
    "tokio::process::Command::new",
];

/// Words that open something, for files without the attribute.
const OPENING: &[&str] = &[
    "fs::read",
    "fs::write",
    "fs::copy",
    "fs::rename",
    "fs::remove_",
    "fs::create_dir",
    "File::open",
    "File::create",
    "OpenOptions::new",
    "DirBuilder::new",
    "Command::new",
    "TcpListener::bind",
    "TcpStream::connect",
    "UdpSocket::bind",
    "UnixListener::bind",
    "UnixStream::connect",
    "ureq::",
    "tempfile::",
];

const ATTRIBUTE: &str = "clippy::disallowed_methods";

/// Compares registry and source, then writes the page.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let mut objections = refusals(&page::read(&root.join("clippy.toml"))?);
    if !page::read(&root.join("Cargo.toml"))?.contains("disallowed_methods = \"deny\"") {
        objections.push("Cargo.toml does not deny `disallowed_methods` to the workspace".to_owned());
    }
    let mut said = BTreeMap::new();
    for folder in crates(root)? {
        let files = sources(&folder.join("src"))?;
        let front = folder.join("src/lib.rs");
        let whole = front.is_file() && !attributes(&page::read(&front)?).is_empty();
        for path in files {
            let place = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let source = page::read(&path)?;
            let attributes = attributes(&source);
            if attributes.is_empty() && !whole {
                let lines = opening(&source);
                objections.extend(lines.into_iter().map(|(line, word)| {
                    format!(
                        "{place}:{line} names {word}, and no line of the registry ({ATTRIBUTE} is not expected there)"
                    )
                }));
            }
            if !attributes.is_empty() {
                said.insert(place, attributes);
            }
        }
    }
    objections.extend(differences(&said));
    if !objections.is_empty() {
        bail!("{}", objections.join("\n"));
    }
    page::settle(&root.join("docs/stores-and-flows.md"), &drawn(), mode, "stores")
}

/// What clippy.toml should refuse and does not.
fn refusals(clippy: &str) -> Vec<String> {
    let missing = REFUSED.iter().filter(|path| !clippy.contains(&format!("path = \"{path}\"")));
    missing.map(|path| format!("clippy.toml does not refuse {path}")).collect()
}

/// The reasons of a file's attributes, those of tests left out. Without a reason it is an empty one, which names nothing.
fn attributes(source: &str) -> Vec<String> {
    let mut rest = source;
    let mut reasons = Vec::new();
    while let Some((before, after)) = rest.split_once(ATTRIBUTE) {
        let line = before.rsplit('\n').next().unwrap_or_default();
        let inner = after.split(")]").next().unwrap_or_default();
        rest = after;
        if line.contains("cfg_attr(test") || line.trim_start().starts_with("//") {
            continue;
        }
        let reason = inner.split_once("reason = \"").and_then(|(_, text)| text.split('"').next());
        reasons.push(reason.unwrap_or_default().to_owned());
    }
    reasons
}

/// The ids that a reason names: `stores: a, b; flows: c`.
fn named(reason: &str) -> BTreeSet<(&str, &str)> {
    let part = |part: &'static str| {
        let ids = reason.split(';').filter_map(move |text| text.trim().strip_prefix(part)?.trim().strip_prefix(':'));
        ids.flat_map(|ids| ids.split(',')).map(str::trim).filter(|id| !id.is_empty()).map(move |id| (part, id))
    };
    part("stores").chain(part("flows")).collect()
}

/// Where the registry and the source files do not say the same.
fn differences(said: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut registry: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for store in STORES {
        registry.extend(store.opened_by.iter().map(|file| (*file, "stores", store.id)));
    }
    for flow in FLOWS {
        registry.extend(flow.opened_by.iter().map(|file| (*file, "flows", flow.id)));
    }
    let mut source: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    let mut objections = Vec::new();
    for (file, reasons) in said {
        for reason in reasons {
            let named = named(reason);
            if named.is_empty() {
                objections.push(format!("{file} expects {ATTRIBUTE} for `{reason}`; write `stores: …` or `flows: …`"));
            }
            source.extend(named.into_iter().map(|(list, id)| (file.as_str(), list, id)));
        }
    }
    let line = |(file, list, id): &(&str, &str, &str)| format!("{file}: {list}: {id}");
    objections.extend(source.difference(&registry).map(|it| format!("{} is not in the registry", line(it))));
    objections.extend(registry.difference(&source).map(|it| format!("{} is in the registry alone", line(it))));
    objections
}

/// The lines before the unit tests that open something.
fn opening(source: &str) -> Vec<(usize, &'static str)> {
    let code = source.lines().take_while(|line| line.trim() != "#[cfg(test)]").enumerate();
    code.filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter_map(|(at, line)| OPENING.iter().find(|word| line.contains(**word)).map(|word| (at + 1, *word)))
        .collect()
}

fn drawn() -> String {
    let mut text = String::from(FRONT);
    text.push_str("\n## Stores\n\n| store | what lives there | how it is protected | how long | files | opened by |\n|---|---|---|---|---|---|\n");
    let list = |items: &[&str]| items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ");
    for store in STORES {
        let (files, opened) = (list(store.files), list(store.opened_by));
        let _ = writeln!(
            text,
            "| **{}** `{}` | {} | {} | {} | {files} | {opened} |",
            store.name, store.id, store.holds, store.protected, store.kept
        );
    }
    text.push_str("\n## Flows out\n\nThose of the program itself. What else a city hands out (booking prints, hot files, hubs) it declares as entries `flow` of\nits register; the page lists both.\n\n| flow | what leaves | legal basis | known readers | does a cut-off reach it? | opened by |\n|---|---|---|---|---|---|\n");
    for flow in FLOWS {
        let reached = if flow.reached { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "| **{}** `{}` | {} | {} | {} | {reached}: {} | {} |",
            flow.name,
            flow.id,
            flow.fields,
            flow.legal_basis,
            flow.readers,
            flow.note,
            list(flow.opened_by)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_read_over_lines_and_not_from_tests_or_comments() {
        let expect = "#![expect(\n    clippy::disallowed_methods,\n    reason = \"stores: a, b; flows: c\"\n)]";
        assert_eq!(attributes(expect), ["stores: a, b; flows: c"]);
        assert_eq!(attributes("#![cfg_attr(test, allow(clippy::disallowed_methods, reason = \"x\"))]"), [""; 0]);
        assert_eq!(attributes("//! `#![expect(clippy::disallowed_methods)]`"), [""; 0]);
        assert_eq!(attributes("#[allow(clippy::disallowed_methods)]\nfn f() { g(\"reason\") }"), [""]);
    }

    #[test]
    fn gr30_a_store_that_is_not_in_the_registry_is_objected_to() {
        let said = |file: &str, reason: &str| BTreeMap::from([(file.to_owned(), vec![reason.to_owned()])]);
        let objected = |said: &BTreeMap<String, Vec<String>>, words: &str| {
            differences(said).iter().any(|objection| objection.contains(words))
        };
        assert!(objected(
            &said("crates/clear-web/src/cache.rs", "stores: cache"),
            "stores: cache is not in the registry"
        ));
        assert!(objected(
            &said("crates/clear-web/src/cache.rs", "stores: ledger"),
            "stores: ledger is not in the registry"
        ));
        assert!(objected(&said("crates/clear-web/src/cache.rs", "it is only a cache"), "write `stores: …`"));
        assert!(objected(&BTreeMap::new(), "crates/clear-web/src/serve.rs: flows: answers is in the registry alone"));
        assert_eq!(opening("fn f() {\n    std::fs::write(a, b)\n}"), [(2, "fs::write")]);
        assert_eq!(refusals("").len(), REFUSED.len());
    }
}
