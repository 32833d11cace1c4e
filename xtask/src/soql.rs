//! The page about the open-data query language: its types, its functions and the sample, from the lists they stand in.
//!
//! In:    `clear_soql::functions::FUNCTIONS`, `SoqlType::ALL`, the sample of the tests of `clear-stats`.
//! Out:   the parts of `docs/soql.md` between its marks.
//! Never: says something about a function that its entry does not.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use clear_soql::SoqlType;
use clear_soql::functions::{FUNCTIONS, Function, Gives, Kind, Signature, Takes};
use clear_soql::types::Types;

use crate::page::{self, Mode};

const PAGE: &str = "docs/soql.md";
const SAMPLE: &str = "crates/clear-stats/tests/soql/sample.tsv";

/// Writes the tables of the page.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let path = root.join(PAGE);
    let text = page::read(&path)?;
    let text = page::between(&text, "functions", &functions())?;
    let text = page::between(&text, "sample", &sample(&page::read(&root.join(SAMPLE))?))?;
    page::settle(&path, &text, mode, "soql")
}

fn functions() -> String {
    let mut text = String::new();
    for (kind, title) in [
        (Kind::Operator, "Operators"),
        (Kind::Scalar, "Functions of a row"),
        (Kind::Aggregate, "Functions of many rows"),
        (Kind::Window, "Functions of the rows around, with `OVER (…)`"),
    ] {
        let _ = writeln!(
            text,
            "\n### {title}\n\n| name | takes → gives | what it does | example | answer |\n|---|---|---|---|---|"
        );
        for function in FUNCTIONS.iter().filter(|function| function.kind == kind) {
            let ways: Vec<String> = function.signatures.iter().map(way).collect();
            let cell = |text: &str| text.replace('|', "\\|");
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | `{}` | {} |",
                cell(&shown(function)),
                ways.join("<br>"),
                cell(function.doc),
                cell(function.example),
                cell(function.answer)
            );
        }
    }
    text.push('\n');
    text
}

/// An operator as it is written, a function by its name.
fn shown(function: &Function) -> String {
    let name = function.name;
    let written = name.strip_prefix("op$").map(str::to_owned);
    let cast = name.strip_prefix("cast$").map(|to| format!("::{to}"));
    let word = name.strip_prefix('#').map(|word| word.replace('_', " "));
    written.or(cast).or(word).unwrap_or_else(|| name.to_owned())
}

fn way(signature: &Signature) -> String {
    let takes = |takes: &Takes| match takes {
        Takes::One(of) => of.word().to_owned(),
        Takes::Same(letter, class) => format!("{letter}: {}", class_of(*class)),
    };
    let mut arguments: Vec<String> = signature.takes.iter().map(takes).collect();
    if !signature.more.is_empty() {
        arguments.push(format!("[{}] …", signature.more.iter().map(takes).collect::<Vec<_>>().join(", ")));
    }
    let gives = match signature.gives {
        Gives::One(of) => of.word().to_owned(),
        Gives::Same(letter) => letter.to_string(),
    };
    format!("({}) → {gives}", arguments.join(", "))
}

fn class_of(class: Types) -> String {
    for (known, name) in [
        (Types::ANY, "any"),
        (Types::ORDERED, "ordered"),
        (Types::SIZED, "ordered, no checkbox"),
        (Types::TIME, "time"),
        (Types::POINTS, "points"),
        (Types::LINES, "lines"),
        (Types::POLYGONS, "polygons"),
        (Types::GEO, "geometry"),
    ] {
        if known == class {
            return name.to_owned();
        }
    }
    let of = SoqlType::ALL.iter().filter(|of| class.has(**of));
    of.map(|of| of.word()).collect::<Vec<_>>().join(" or ")
}

fn sample(tsv: &str) -> String {
    let mut text = String::from("\n");
    for (at, line) in tsv.lines().enumerate() {
        let cells: Vec<&str> = line.split('\t').collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if at == 0 {
            let _ = writeln!(text, "|{}", "---|".repeat(cells.len()));
        }
    }
    text.push('\n');
    text
}
