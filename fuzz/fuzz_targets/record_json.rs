//! Contents read back as they were stored. The first byte chooses the kind.
#![no_main]

use clear_record::{Kind, Record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, contents)) = bytes.split_first() else { return };
    let kind = Kind::ALL[usize::from(*first) % Kind::ALL.len()];
    if let Ok(record) = Record::from_bytes(kind, contents) {
        let stored = record.to_bytes();
        assert_eq!(Record::from_bytes(kind, &stored).expect("reads back").to_bytes(), stored);
    }
});
