//! A dictionary: each different text once, under a dense code.
//!
//! In:    texts.
//! Out:   codes, 0, 1, 2 … in order of first appearance, and the text of a code.
//! Never: forgets a text, gives two codes to one text.

use hashbrown::HashTable;

/// Each different text once. Texts lie end to end in one buffer; the table of codes holds no copy of them.
#[derive(Clone, Default)]
pub(crate) struct Dict {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    codes: HashTable<u32>,
}

impl Dict {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a code; empty if there is no such code.
    pub(crate) fn get(&self, code: u32) -> &[u8] {
        at(&self.bytes, &self.ends, code)
    }

    pub(crate) fn text(&self, code: u32) -> &str {
        std::str::from_utf8(self.get(code)).unwrap_or_default()
    }

    pub(crate) fn find(&self, text: &[u8]) -> Option<u32> {
        let (bytes, ends) = (&self.bytes, &self.ends);
        self.codes.find(hash_bytes(text), |code| at(bytes, ends, *code) == text).copied()
    }

    /// The code of a text, a new one if it is new.
    pub(crate) fn intern(&mut self, text: &[u8]) -> u32 {
        let hash = hash_bytes(text);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(code) = self.codes.find(hash, |code| at(bytes, ends, *code) == text) {
            return *code;
        }
        let code = self.ends.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        let (bytes, ends) = (&self.bytes, &self.ends);
        self.codes.insert_unique(hash, code, |code| hash_bytes(at(bytes, ends, *code)));
        code
    }
}

fn at<'a>(bytes: &'a [u8], ends: &[u32], code: u32) -> &'a [u8] {
    let end = ends.get(code as usize).copied().unwrap_or_default();
    let start = (code as usize).checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

/// Eight bytes at a time, multiplied and folded; the same on every machine.
pub(crate) fn hash_bytes(text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let mut hash = text.len() as u64;
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    mix(hash, u64::from_le_bytes(last))
}

/// Two numbers to one, well mixed.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0x9e37_79b9_7f4a_7c15) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
    (wide as u64) ^ ((wide >> 64) as u64)
}
