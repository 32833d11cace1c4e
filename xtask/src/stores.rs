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
use cargo_metadata::MetadataCommand;
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
    "ureq::run",
    "fjall::builder::Builder::open",
    "socket2::Socket::new",
    "tokio::net::TcpSocket::new_v4",
    "tokio::net::TcpSocket::new_v6",
    "tokio::net::lookup_host",
    "std::net::ToSocketAddrs::to_socket_addrs",
    "std::net::UdpSocket::bind",
    "std::net::UdpSocket::connect",
    "std::os::unix::net::UnixDatagram::unbound",
    "std::path::Path::exists",
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
    "TcpSocket::new",
    "UdpSocket::",
    "UnixListener::bind",
    "UnixStream::connect",
    "UnixDatagram::",
    "Socket::new(",
    "to_socket_addrs(",
    "lookup_host(",
    "PoolOptions",
    "ConnectOptions",
    "Pool::connect",
    "Database::builder",
    "Database::open",
    "ureq::",
    "tempfile::",
];

const ATTRIBUTE: &str = "clippy::disallowed_methods";

/// Compares registry and source, then writes the page.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let clippy = page::read(&root.join("clippy.toml"))?;
    let mut objections = refusals(&clippy);
    objections.extend(misspelt(&clippy, &libraries(root)?));
    if !page::read(&root.join("Cargo.toml"))?.contains("disallowed_methods = \"deny\"") {
        objections.push("Cargo.toml does not deny `disallowed_methods` to the workspace".to_owned());
    }
    let mut said = BTreeMap::new();
    for folder in crates(root)? {
        let files = sources(&folder.join("src"))?;
        let front = folder.join("src/lib.rs");
        let whole = front.is_file() && is_of_all(&page::read(&front)?);
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

/// Whether a crate's first file speaks for all of them: by `#![…]`, and not by `#[…]` at one item.
fn is_of_all(front: &str) -> bool {
    let inner = front.split("#![").skip(1).filter_map(|rest| rest.split(")]").next());
    inner.into_iter().any(|text| text.contains(ATTRIBUTE) && !text.starts_with("cfg_attr(test"))
}

/// The source of the libraries that clippy.toml names, by their name in paths. `sqlx` is in `sqlx-core` and its like.
fn libraries(root: &Path) -> Result<BTreeMap<String, String>> {
    let clippy = page::read(&root.join("clippy.toml"))?;
    let wanted: BTreeSet<&str> = paths(&clippy).filter_map(|path| path.split("::").next()).collect();
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec()?;
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for package in metadata.packages {
        let name = package.name.to_string().replace('-', "_");
        let Some(library) = wanted.iter().find(|it| name == **it || name.starts_with(&format!("{it}_"))) else {
            continue;
        };
        let Some(folder) = package.manifest_path.parent() else { continue };
        let text = found.entry((*library).to_owned()).or_default();
        for file in sources(&folder.join("src").into_std_path_buf())? {
            text.push_str(&page::read(&file)?);
        }
    }
    Ok(found)
}

/// The paths that clippy.toml refuses.
fn paths(clippy: &str) -> impl Iterator<Item = &str> {
    clippy.split("path = \"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// Lines of clippy.toml that name nothing: clippy would never meet them, and with `allow-invalid` it does not say so. Those of
/// `std` it says itself.
fn misspelt(clippy: &str, libraries: &BTreeMap<String, String>) -> Vec<String> {
    let mut objections = Vec::new();
    for path in paths(clippy) {
        let parts: Vec<&str> = path.split("::").collect();
        let [library, .., name] = parts.as_slice() else { continue };
        if *library == "std" {
            let line = clippy.lines().find(|line| line.contains(&format!("\"{path}\"")));
            if line.is_some_and(|line| line.contains("allow-invalid")) {
                objections.push(format!("clippy.toml lets {path} be misspelt, which every crate could know"));
            }
            continue;
        }
        let Some(source) = libraries.get(*library) else {
            objections.push(format!("clippy.toml names {path}, and no library is called {library}"));
            continue;
        };
        let is_fn = [format!("fn {name}("), format!("fn {name}<")].iter().any(|words| source.contains(words));
        let of = parts.iter().rev().nth(1).filter(|of| of.starts_with(|first: char| first.is_ascii_uppercase()));
        let is_of = of.is_none_or(|of| {
            ["struct", "trait", "enum", "type"].iter().any(|kind| source.contains(&format!("{kind} {of}")))
        });
        if !is_fn || !is_of {
            objections.push(format!("clippy.toml names {path}, which {library} does not have"));
        }
    }
    objections
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

/// The lines before the unit tests that open something. A file of tests alone begins with `#![cfg(test)]`.
fn opening(source: &str) -> Vec<(usize, &'static str)> {
    let code = source.lines().take_while(|line| !matches!(line.trim(), "#[cfg(test)]" | "#![cfg(test)]")).enumerate();
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
        assert_eq!(opening("#![cfg(test)]\nfn f() {\n    std::fs::write(a, b)\n}"), []);
        for line in [
            "TcpSocket::new_v4()?;",
            "UnixDatagram::unbound()?;",
            "SqlitePoolOptions::new()",
            "fjall::Database::builder(path)",
        ] {
            assert_eq!(opening(line).len(), 1, "{line}");
        }
        assert_eq!(refusals("").len(), REFUSED.len());
    }

    #[test]
    fn gr30_a_refusal_that_names_nothing_is_objected_to() {
        let libraries = BTreeMap::from([(
            "ureq".to_owned(),
            "pub struct Agent; impl Agent { pub fn run(self) {} }\npub fn get<T>() {}".to_owned(),
        )]);
        for (line, objection) in [
            ("{ path = \"ureq::get\", allow-invalid = true }", None),
            ("{ path = \"ureq::Agent::run\", allow-invalid = true }", None),
            ("{ path = \"ureq::got\", allow-invalid = true }", Some("ureq does not have")),
            ("{ path = \"ureq::Agents::run\", allow-invalid = true }", Some("ureq does not have")),
            ("{ path = \"urec::get\", allow-invalid = true }", Some("no library is called urec")),
            ("{ path = \"std::fs::read\" }", None),
            ("{ path = \"std::fs::read\", allow-invalid = true }", Some("be misspelt")),
        ] {
            let said = misspelt(line, &libraries);
            assert_eq!(said.len(), usize::from(objection.is_some()), "{line}: {said:?}");
            assert!(objection.is_none_or(|words| said.iter().any(|it| it.contains(words))), "{line}: {said:?}");
        }
        assert!(is_of_all("#![expect(\n    clippy::disallowed_methods,\n    reason = \"stores: a\"\n)]"));
        assert!(!is_of_all("#[expect(clippy::disallowed_methods, reason = \"stores: a\")]\nfn f() {}"));
        assert!(!is_of_all("#![cfg_attr(test, allow(clippy::disallowed_methods, reason = \"x\"))]"));
    }
}
