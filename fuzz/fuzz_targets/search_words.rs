//! A question for words that reads, reads the same again; and its words are marked in the text that is made of them.
#![no_main]

use clear_record::{Kind, Record};
use clear_search::{Wanted, snippets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(wanted) = Wanted::read(text) else { return };
    assert!(Wanted::read(text).is_ok_and(|again| again == wanted), "the same text reads the same");
    let json = serde_json::json!({"about": "inc_00000000000000000000000007", "text": text});
    let record = Record::from_bytes(Kind::Narrative, json.to_string().as_bytes()).expect("a narrative of any text");
    for snippet in snippets(&record, &wanted, |_| true) {
        assert!(snippet.pieces.iter().any(|piece| piece.marked), "a snippet shows what was asked");
        for piece in snippet.pieces.iter().filter(|piece| piece.marked) {
            assert!(text.contains(&piece.text), "a snippet invents nothing");
        }
    }
});
