//! What is asked of every text: the fuzz target runs it, and the tests of `clear-soql` over its seeds.

use clear_soql::plan::{self, Field, Schema, Table};
use clear_soql::{SoqlType, parse};

/// Whatever a query prints reads back as the same query; whatever reads is planned or refused, with a place in the text.
pub(crate) fn body(text: &str) {
    if let Ok(query) = parse::query(text) {
        let printed = query.to_string();
        let again = parse::query(&printed).expect("what is printed is a query");
        assert_eq!(again.to_string(), printed);
        if let Err(error) = plan::of(text, &query, &schema()) {
            let at = error.position();
            assert!(at.column <= at.line.chars().count() + 1, "{}", error.message());
        }
    }
    if let Ok(expression) = parse::expression(text) {
        let printed = expression.to_string();
        let again = parse::expression(&printed).expect("what is printed is an expression");
        assert_eq!(again.to_string(), printed);
    }
    let clauses = parse::Clauses { select: Some("ward"), filter: Some(text), ..parse::Clauses::default() };
    if let Ok(written) = parse::clauses(&clauses) {
        let _ = plan::of(&written.text, &written.query, &schema());
    }
}

/// A column of every type.
fn schema() -> Schema {
    let mut fields: Vec<Field> = SoqlType::ALL.iter().map(|of| Field::new(of.word(), *of)).collect();
    for (name, of) in [(":id", SoqlType::Text), ("ward", SoqlType::Number), ("date", SoqlType::FloatingTimestamp)] {
        fields.push(Field::new(name, of));
    }
    Schema { tables: vec![Table { names: vec!["abcd-1234".into(), "crimes".into()], fields }] }
}
