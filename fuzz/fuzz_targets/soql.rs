//! Whatever a query prints reads back as the same query.
#![no_main]

use clear_soql::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(query) = parse::query(text) {
        let printed = query.to_string();
        let again = parse::query(&printed).expect("what is printed is a query");
        assert_eq!(again.to_string(), printed);
    }
    if let Ok(expression) = parse::expression(text) {
        let printed = expression.to_string();
        let again = parse::expression(&printed).expect("what is printed is an expression");
        assert_eq!(again.to_string(), printed);
    }
});
