//! How likely a hand makes one word of another: which typing errors are the ordinary ones.
//!
//! In:    two folded words that are a few edits apart.
//! Out:   what the edits cost together, in hundredths of an ordinary one.
//! Never: looks at how frequent a word is.

/// What each slip of the asker's hand costs, in hundredths of an ordinary one.
///
/// A slip costs the more, the more others like it there are at its place: to leave a letter out, to swap it with the next or to
/// type it twice can be done in one way each, while a wrong letter is one of twenty-five, of which the keys beside the right one and,
/// for a vowel, the other vowels are what hands and ears make of it.
mod cost {
    /// Two neighbours swapped.
    pub(super) const SWAPPED: u16 = 80;
    /// A letter left out.
    pub(super) const LEFT_OUT: u16 = 80;
    /// A letter typed twice.
    pub(super) const DOUBLED: u16 = 85;
    /// The key beside it on the keyboard.
    pub(super) const BESIDE: u16 = 90;
    /// Another vowel.
    pub(super) const VOWEL: u16 = 95;
    /// A letter too many.
    pub(super) const ADDED: u16 = 115;
    /// Any other letter instead.
    pub(super) const OTHER: u16 = 120;
    /// On top, at the first letter: it is the one that people get right.
    pub(super) const FIRST: u16 = 30;
}

/// What a slip costs of which nothing more is known.
const ORDINARY: u16 = 100;

/// A letter that is missing at the end: there a name may be only begun, which is no slip, so that many such are not taken for
/// slips.
const CUT: u16 = 100;

/// No edit costs less.
pub(crate) const LEAST: u16 = cost::SWAPPED;

/// Longer words are compared by their number of edits alone.
const LETTERS_MAX: usize = 24;

/// The cheapest way from one word to the other by optimal string alignment, in hundredths. `edits` is how many there are.
pub(crate) fn cost(asked: &[u8], recorded: &[u8], edits: u8) -> u16 {
    if edits == 0 {
        return 0;
    }
    if asked.len().max(recorded.len()) > LETTERS_MAX {
        return u16::from(edits) * ORDINARY;
    }
    // What both begin with costs nothing, and the letter before the first difference tells a doubled one.
    let mut before = [u16::MAX / 2; LETTERS_MAX + 1];
    let mut last = before;
    for (at, slot) in last.iter_mut().enumerate().take(recorded.len() + 1) {
        *slot = (1..=at).map(|at| left_out(at - 1)).sum();
    }
    for (i, x) in asked.iter().enumerate() {
        let mut row = [u16::MAX / 2; LETTERS_MAX + 1];
        let get = |row: &[u16], at: usize| row.get(at).copied().unwrap_or(u16::MAX / 2);
        let out = added(asked, i);
        let mut left = get(&last, 0) + out;
        if let Some(slot) = row.first_mut() {
            *slot = left;
        }
        for (j, y) in recorded.iter().enumerate() {
            let mut best = get(&last, j) + if x == y { 0 } else { instead(*x, *y) + first(i.min(j)) };
            best = best.min(get(&last, j + 1) + out).min(left + if i + 1 == asked.len() { CUT } else { left_out(j) });
            let swapped = i > 0 && j > 0 && x != y && asked.get(i - 1) == Some(y) && recorded.get(j - 1) == Some(x);
            if swapped {
                best = best.min(get(&before, j - 1) + cost::SWAPPED + first(i.min(j) - 1));
            }
            if let Some(slot) = row.get_mut(j + 1) {
                *slot = best;
            }
            left = best;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.get(recorded.len()).copied().unwrap_or_default()
}

fn first(at: usize) -> u16 {
    if at == 0 { cost::FIRST } else { 0 }
}

/// A letter of the recorded word that was not typed.
fn left_out(at: usize) -> u16 {
    cost::LEFT_OUT + first(at)
}

/// A letter that was typed and is not in the recorded word.
fn added(asked: &[u8], at: usize) -> u16 {
    let letter = asked.get(at);
    let twice = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().any(|at| asked.get(at) == letter);
    if twice { cost::DOUBLED } else { cost::ADDED + first(at) }
}

fn instead(a: u8, b: u8) -> u16 {
    let vowel = |letter| matches!(letter, b'A' | b'E' | b'I' | b'O' | b'U' | b'Y');
    if are_beside(a, b) {
        cost::BESIDE
    } else if vowel(a) && vowel(b) {
        cost::VOWEL
    } else {
        cost::OTHER
    }
}

/// The rows of a keyboard.
const KEYS: [&[u8]; 4] = [b"1234567890", b"QWERTYUIOP", b"ASDFGHJKL", b"ZXCVBNM"];

fn are_beside(a: u8, b: u8) -> bool {
    KEYS.iter().any(|row| row.windows(2).any(|keys| keys == [a, b] || keys == [b, a]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_slips_cost_less() {
        for (asked, recorded, edits, expected) in [
            ("SMITH", "SMITH", 0, 0),
            ("SMIHT", "SMITH", 1, 80),
            ("SMTH", "SMITH", 1, 80),
            ("MATEWS", "MATTEWS", 1, 80),
            ("SMITTH", "SMITH", 1, 85),
            ("SMUTH", "SMITH", 1, 90),
            ("SMETH", "SMITH", 1, 95),
            ("SMIT", "SMITH", 1, 100),
            ("SMI", "SMITH", 2, 200),
            ("SMITHS", "SMITH", 1, 115),
            ("SMIPH", "SMITH", 1, 120),
            ("MITH", "SMITH", 1, 110),
            ("XSMITH", "SMITH", 1, 145),
            ("BMITH", "SMITH", 1, 150),
            ("MSITH", "SMITH", 1, 110),
            ("MSIHT", "SMITH", 2, 190),
            ("", "AB", 2, 190),
            ("AB", "", 2, 260),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAA", 1, 100),
        ] {
            assert_eq!(cost(asked.as_bytes(), recorded.as_bytes(), edits), expected, "{asked} {recorded}");
        }
    }
}
