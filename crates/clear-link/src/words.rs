//! How alike two words are.
//!
//! In:    folded words.
//! Out:   edits, Jaro-Winkler similarity, a phonetic key.
//! Never: allocates for words of usual length.

/// A word with what makes most comparisons a matter of a few instructions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape {
    /// Which of 32 classes of letters it has: words whose masks differ in many bits are many edits apart.
    pub(crate) mask: u32,
    pub(crate) len: u8,
    pub(crate) sound: u32,
}

impl Shape {
    pub(crate) fn of(word: &[u8]) -> Shape {
        let mask = word.iter().fold(0_u32, |mask, byte| mask | 1 << (byte & 31));
        Shape { mask, len: word.len().min(255) as u8, sound: sound(word) }
    }

    /// Whether the words may be within so many edits. One edit changes at most two bits of the mask.
    pub(crate) fn may_be_within(self, other: Shape, most: u32) -> bool {
        u32::from(self.len.abs_diff(other.len)) <= most && (self.mask ^ other.mask).count_ones() <= 2 * most
    }
}

/// Edits (add, leave out, change, swap neighbours) if at most 2, otherwise `None`. Optimal string alignment.
pub(crate) fn edits(a: &[u8], b: &[u8]) -> Option<u8> {
    let (a, b) = trimmed(a, b);
    let (a, b) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    match (a, b) {
        ([], []) => return Some(0),
        ([], [_]) | ([_], [_]) => return Some(1),
        ([], [_, _]) => return Some(2),
        ([w, x], [y, z]) if w == z && x == y => return Some(1),
        ([_, _], [_, _]) => return Some(2),
        _ if b.len() - a.len() > 2 => return None,
        _ => {}
    }
    if b.len() > 24 {
        return None;
    }
    // A row of the alignment at a time; words are short after trimming.
    let mut before = [0_u8; 25];
    let mut row = [0_u8; 25];
    let mut next = [0_u8; 25];
    for (column, cost) in row.iter_mut().enumerate().take(a.len() + 1) {
        *cost = column as u8;
    }
    for (i, y) in b.iter().enumerate() {
        next[0] = i as u8 + 1;
        let mut least = next[0];
        for (j, x) in a.iter().enumerate() {
            let mut cost = (row[j] + u8::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[i - 1] && a[j - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            next[j + 1] = cost;
            least = least.min(cost);
        }
        if least > 2 {
            return None;
        }
        before = row;
        row = next;
    }
    Some(row[a.len()]).filter(|edits| *edits <= 2)
}

fn trimmed<'a>(a: &'a [u8], b: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - end], &b[..b.len() - end])
}

/// Jaro-Winkler similarity, 0 to 1 (Winkler 1990: prefix of at most four, scale 0.1). Words over 64 bytes are cut.
pub(crate) fn jaro_winkler(a: &[u8], b: &[u8]) -> f32 {
    let (a, b) = (&a[..a.len().min(64)], &b[..b.len().min(64)]);
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut taken = 0_u64;
    let mut matched = [0_u8; 64];
    let mut matches = 0;
    for (i, x) in a.iter().enumerate() {
        let from = i.saturating_sub(window);
        let to = (i + window + 1).min(b.len());
        for (j, y) in b.iter().enumerate().take(to).skip(from) {
            if x == y && taken & (1 << j) == 0 {
                taken |= 1 << j;
                matched[matches] = *x;
                matches += 1;
                break;
            }
        }
    }
    if matches == 0 {
        return 0.0;
    }
    let of_b = b.iter().enumerate().filter(|(j, _)| taken & (1 << j) != 0).map(|(_, y)| y);
    let moved = of_b.zip(&matched[..matches]).filter(|(y, x)| y != x).count() / 2;
    let m = matches as f32;
    let jaro = (m / a.len() as f32 + m / b.len() as f32 + (m - moved as f32) / m) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count() as f32;
    jaro + prefix * 0.1 * (1.0 - jaro)
}

/// Words that sound alike have the same key: first sound and up to five consonant classes, vowels left out, doubled
/// sounds once. After Soundex (Russell 1918), with `PH`=`F`, `CK`=`K`, `GH` and `H` silent, and first letters by class.
pub(crate) fn sound(word: &[u8]) -> u32 {
    let mut key = 0_u32;
    let mut codes = 0;
    let mut last = 0;
    for (at, byte) in word.iter().enumerate() {
        let next = word.get(at + 1).copied().unwrap_or(0);
        let class = match byte {
            b'B' | b'V' | b'W' => {
                if at > 0 && *byte == b'W' {
                    0
                } else {
                    1
                }
            }
            b'P' if next == b'H' => 2,
            b'P' => 3,
            b'F' => 2,
            b'C' if matches!(next, b'E' | b'I' | b'Y') => 4,
            b'S' | b'Z' | b'X' => 4,
            b'C' | b'K' | b'Q' => 5,
            b'G' if next == b'H' => 0,
            b'G' | b'J' => 6,
            b'D' | b'T' => 7,
            b'L' => 8,
            b'M' | b'N' => 9,
            b'R' => 10,
            b'A' | b'E' | b'I' | b'O' | b'U' | b'Y' | b'H' if at == 0 => 11,
            b'A' | b'E' | b'I' | b'O' | b'U' | b'Y' | b'H' => 0,
            _ => 12 + u32::from(byte % 3),
        };
        if class != 0 && class != last && codes < 6 {
            key = key << 4 | class;
            codes += 1;
        }
        if !(class == 0 && matches!(byte, b'H' | b'W')) {
            last = class;
        }
    }
    key
}
