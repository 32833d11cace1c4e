//! Which test shows which requirement. The number in a test's name is the link: `gr02_a_cut_off_…` shows GR02,
//! `s13_…` plays side door S13, `gr03_gr20_…` shows two.
//!
//! In:    `docs/requirements.md`, the names of all tests in the tree.
//! Out:   the last column of its tables, or what is wrong with them.
//! Never: calls a requirement shown; a person writes `shown`, when its tests show all of it.
//!
//! # How
//! A row's state is `later` (nothing shows it), `partly` (its tests show some of it) or `shown`. A row that is `later`
//! becomes `partly` when its first test appears; one that loses its last test fails until somebody says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};

use crate::fronts::sources;
use crate::page::{self, Mode};

/// Fills the last column of the tables.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in ["crates", "xtask"] {
        for path in sources(&root.join(folder))? {
            for test in tests(&page::read(&path)?) {
                for number in numbers(&test) {
                    found.entry(number).or_default().insert(test.clone());
                }
            }
        }
    }
    let path = root.join("docs/requirements.md");
    let page = filled(&page::read(&path)?, &found)?;
    page::settle(&path, &page, mode, "requirements")
}

/// The names of test functions in a source file.
fn tests(source: &str) -> Vec<String> {
    let mut tests = Vec::new();
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[") {
            marked |= line.contains("test]") || line.contains("::test(");
        } else if let Some((_, rest)) = line.split_once("fn ") {
            if marked || line.starts_with("fn gr") || line.starts_with("fn s") {
                // Inside `proptest!` the mark may stand elsewhere; a number in the name is enough there.
                tests.extend(rest.split('(').next().map(str::to_owned));
            }
            marked = false;
        } else if !line.starts_with("//") {
            marked = false;
        }
    }
    tests
}

/// The requirements that a test's name begins with: `gr02_gr03_x` begins with GR02 and GR03.
fn numbers(test: &str) -> Vec<String> {
    test.split('_').map_while(number).collect()
}

fn number(word: &str) -> Option<String> {
    let digits = word.strip_prefix("gr").or_else(|| word.strip_prefix('s'))?;
    (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| word.to_uppercase())
}

fn filled(page: &str, found: &BTreeMap<String, BTreeSet<String>>) -> Result<String> {
    let mut seen = BTreeSet::new();
    let mut objections = Vec::new();
    let mut text = String::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, what, state, _] = cells.as_slice() else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        if number(&name.to_lowercase()).is_none() {
            text.push_str(line);
            text.push('\n');
            continue;
        }
        if !seen.insert((*name).to_owned()) {
            objections.push(format!("{name} stands there twice"));
        }
        let tests: Vec<String> = found.get(*name).into_iter().flatten().map(|test| format!("`{test}`")).collect();
        let state = match (*state, tests.is_empty()) {
            ("later", false) => "partly",
            ("shown" | "partly", true) => {
                objections.push(format!("{name} is called {state} and no test's name begins with it"));
                state
            }
            ("later" | "shown" | "partly", _) => state,
            _ => {
                objections.push(format!("{name} is neither later nor partly nor shown"));
                state
            }
        };
        text.push_str(format!("| {name} | {what} | {state} | {}", tests.join(", ")).trim_end());
        text.push_str(" |\n");
    }
    objections
        .extend(found.keys().filter(|name| !seen.contains(*name)).map(|name| format!("{name} has tests and no row")));
    for (prefix, count) in [("GR", 55), ("S", 22)] {
        let absent = (1..=count).map(|at| format!("{prefix}{at:02}")).filter(|name| !seen.contains(name));
        objections.extend(absent.map(|name| format!("{name} has no row")));
    }
    if objections.is_empty() { Ok(text) } else { bail!("docs/requirements.md: {}", objections.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with a row of each number, one of them in this state.
    fn page(name: &str, state: &str) -> String {
        let names = (1..=55).map(|at| format!("GR{at:02}")).chain((1..=22).map(|at| format!("S{at:02}")));
        names.map(|row| format!("| {row} | x | {} |  |\n", if row == name { state } else { "later" })).collect()
    }

    fn with(test: &str) -> BTreeMap<String, BTreeSet<String>> {
        numbers(test).into_iter().map(|number| (number, BTreeSet::from([test.to_owned()]))).collect()
    }

    #[test]
    fn a_test_is_listed_with_each_requirement_it_names() {
        assert_eq!(numbers("gr02_gr13_sisters"), ["GR02", "GR13"]);
        assert_eq!(numbers("s13_gr02_sisters"), ["S13", "GR02"]);
        assert_eq!(numbers("small_counts"), [""; 0]);
        let text = filled(&page("GR02", "shown"), &with("gr02_gr13_sisters")).unwrap();
        assert!(text.contains("| GR02 | x | shown | `gr02_gr13_sisters` |\n"));
        assert!(text.contains("| GR13 | x | partly | `gr02_gr13_sisters` |\n"));
        assert!(text.contains("| GR03 | x | later | |\n") || text.contains("| GR03 | x | later |  |\n"), "{text}");
    }

    #[test]
    fn what_is_called_shown_needs_a_test_and_a_test_needs_a_row() {
        let wrong = |page: String, test: &str| filled(&page, &with(test)).unwrap_err().to_string();
        assert!(wrong(page("GR02", "shown"), "").contains("GR02 is called shown and no test's name begins with it"));
        assert!(wrong(page("GR02", "later"), "gr56_x").contains("GR56 has tests and no row"));
        assert!(wrong(page("GR02", "done"), "").contains("GR02 is neither"));
        assert!(wrong(page("GR02", "later").replace("GR03", "GR04"), "").contains("GR04 stands there twice"));
    }

    #[test]
    fn only_tests_count() {
        let source = "#[test]\n/// Why\nfn gr02_a() {}\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn gr03_b() {}\nfn helper() {}\n";
        assert_eq!(tests(source), ["gr02_a", "gr03_b"]);
    }
}
