//! Parts are in one spelling already, and two names match the same both ways.
#![no_main]

use clear_names::{Name, PARTS_MAX, TOKEN_LETTERS_MAX, compare, compare_names, folded, parts, sound};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (a, b) = text.split_once('\n').unwrap_or((text, text));
    let words = parts(a);
    assert!(words.len() <= PARTS_MAX);
    for part in &words {
        assert!((1..=TOKEN_LETTERS_MAX).contains(&part.whole.len()));
        assert_eq!(folded(&part.whole), part.whole);
        assert_eq!(sound(&part.whole), sound(&part.whole));
    }
    let (there, back) = (compare(a, b), compare(b, a));
    assert!((0.0..=1.0).contains(&there.score));
    assert_eq!(there.score.to_bits(), back.score.to_bits());
    let name = Name::of(a);
    assert_eq!(compare_names(&name, &name).score, if name.is_empty() { 0.0 } else { 1.0 });
});
