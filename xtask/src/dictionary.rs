//! The data dictionary: a page and a JSON Schema for each kind, from the one declaration of its fields.
//!
//! In:    `clear_record::fields`, `doc`, `json_schema`.
//! Out:   `docs/dictionary.md`, `docs/schema/<kind>.json`.
//! Never: says something about a field that its `record!` line does not.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clear_record::{Column, Field, FieldClass, FieldType, Kind};

use crate::page::{self, Mode};

const FRONT: &str = "# Data dictionary\n\nWritten by `cargo xtask dictionary` from the declarations in `crates/clear-record/src/kinds`; the same lines make the\nstructs, the JSON Schemas in [schema/](schema) and the columns of the projection. The *class* is what rules open and close:\na field that is readable on no record does not exist for the asker.\n\n";

/// Writes the dictionary and the schemas.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    page::settle(&root.join("docs/dictionary.md"), &dictionary(), mode, "dictionary")?;
    let folder = root.join("docs/schema");
    let mut expected = BTreeSet::new();
    for kind in Kind::ALL {
        let name = format!("{kind}.json");
        let schema = serde_json::to_string_pretty(&clear_record::json_schema(kind))?;
        page::settle(&folder.join(&name), &format!("{schema}\n"), mode, "dictionary")?;
        expected.insert(name);
    }
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !expected.contains(&name) {
            bail!("docs/schema/{name} belongs to no kind of record; delete it");
        }
    }
    Ok(())
}

fn dictionary() -> String {
    let mut text = String::from(FRONT);
    text.push_str("| class | tells |\n|---|---|\n");
    for class in FieldClass::ALL {
        let _ = writeln!(text, "| {class} | {} |", tells(*class));
    }
    for kind in Kind::ALL {
        let _ = writeln!(text, "\n## {kind}\n\n{}\n", clear_record::doc(kind).trim());
        text.push_str("| field | type | class | optional | meaning | column |\n|---|---|---|---|---|---|\n");
        rows(&mut text, "", clear_record::fields(kind), true);
    }
    text
}

/// What a class tells, in a few words for the reader of the dictionary.
fn tells(class: FieldClass) -> &'static str {
    match class {
        FieldClass::Operational => "what happened, when, its status and codes, beat and block",
        FieldClass::Place => "exact address and coordinates of an event",
        FieldClass::Identity => "names, dates of birth, numbers and plates that identify",
        FieldClass::Contact => "where somebody lives and how to reach them",
        FieldClass::Biometric => "physical description",
        FieldClass::Narrative => "free text",
        FieldClass::Protected => "what the law protects",
        FieldClass::Source => "where the record came from and who entered it",
    }
}

fn rows(text: &mut String, before: &str, fields: &[Field], columns: bool) {
    for field in fields {
        let optional = if field.optional { "yes" } else { "" };
        let column = if columns { column(field.column()) } else { "" };
        let meaning = field.doc.trim().replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{before}{}` | {} | {} | {optional} | {meaning} | {column} |",
            field.name,
            holds(&field.holds),
            field.class
        );
        // A group's fields stand below it with their path; the projection has no column of their own for them.
        match field.holds {
            FieldType::Group(inner) => rows(text, &format!("{before}{}.", field.name), inner, false),
            FieldType::List(FieldType::Group(inner)) => rows(text, &format!("{before}{}[].", field.name), inner, false),
            _ => {}
        }
    }
}

fn holds(holds: &FieldType) -> String {
    match holds {
        FieldType::Text => "text".to_owned(),
        FieldType::Integer => "whole number".to_owned(),
        FieldType::Decimal => "decimal number".to_owned(),
        FieldType::Boolean => "yes or no".to_owned(),
        FieldType::Date => "date".to_owned(),
        FieldType::DateTime => "date and time, local".to_owned(),
        FieldType::Timestamp => "moment, UTC".to_owned(),
        FieldType::Reference(Some(kind)) => format!("id of a {kind}"),
        FieldType::Reference(None) => "id of a record".to_owned(),
        FieldType::Agency => "agency".to_owned(),
        FieldType::Code(words) => format!("one of {}", words.join(", ")),
        FieldType::List(item) => format!("list: {}", self::holds(item)),
        FieldType::Group(_) => "group".to_owned(),
    }
}

fn column(column: Column) -> &'static str {
    match column {
        Column::Utf8 => "utf8",
        Column::Int64 => "int64",
        Column::Float64 => "float64",
        Column::Boolean => "boolean",
        Column::Date32 => "date32",
        Column::TimestampMicros => "timestamp, µs",
        Column::FixedBinary16 => "16 bytes",
        Column::List => "first value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_inside_a_group_stand_below_it_with_their_path() {
        let text = dictionary();
        let at = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle} is in the dictionary"));
        assert!(at("| `offences` | list: group |") < at("| `offences[].iucr` | text | operational |"));
        assert!(at("\n## person\n") < at("\n## hot_file\n"));
    }
}
