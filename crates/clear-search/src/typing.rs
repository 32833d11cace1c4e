//! How likely a hand makes one word of another: which typing errors are the ordinary ones.
//!
//! In:    two folded words that are a few edits apart.
//! Out:   what the edits cost together, in hundredths of an ordinary one.
//! Never: looks at how frequent a word is.

/// What each slip of the asker's hand costs, in hundredths of an ordinary one: as much as it is unlikely.
///
/// A cost is the negative logarithm of how often such a slip is made where it could be, and costs of several are added up as
/// logarithms are. A slip is made in one name of ten, in one of some seven places, and in four ways equally often: two neighbours
/// are swapped, a letter is left out, one is added, one is wrong. A swap and an omission can be made in one way each. An added
/// letter is one of twenty-five, or, half of the time, its neighbour typed twice. A wrong letter is one of twenty-five, or, half of
/// the time, one of the two keys beside the right one; what ears make of a vowel is another vowel, which is half as likely as a
/// key beside it. So `SMIHT` comes from `SMITH` fifty times as often as `SMIPH` does: ln(1/280) for the one, ln(1/14,000) for the
/// other, and their ratio is 80 to 136.
mod cost {
    /// Two neighbours swapped.
    pub(super) const SWAPPED: u16 = 80;
    /// A letter left out.
    pub(super) const LEFT_OUT: u16 = 80;
    /// A letter typed twice.
    pub(super) const DOUBLED: u16 = 90;
    /// The key beside it on the keyboard.
    pub(super) const BESIDE: u16 = 100;
    /// Another vowel.
    pub(super) const VOWEL: u16 = 110;
    /// A letter too many.
    pub(super) const ADDED: u16 = 136;
    /// Any other letter instead.
    pub(super) const OTHER: u16 = 136;
    /// On top, at the first letter: people err there half as often as elsewhere.
    pub(super) const FIRST: u16 = 10;
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
        // No way of so few edits strays further from the diagonal.
        let (from, to) = (i.saturating_sub(usize::from(edits)), i + usize::from(edits) + 1);
        if from > 0 {
            left = u16::MAX / 2;
        }
        for (j, y) in recorded.iter().enumerate().take(to).skip(from) {
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
            ("SMITTH", "SMITH", 1, 90),
            ("SMUTH", "SMITH", 1, 100),
            ("SMETH", "SMITH", 1, 110),
            ("SMIT", "SMITH", 1, 100),
            ("SMI", "SMITH", 2, 200),
            ("SMITHS", "SMITH", 1, 136),
            ("SMIPH", "SMITH", 1, 136),
            ("MITH", "SMITH", 1, 90),
            ("XSMITH", "SMITH", 1, 146),
            ("BMITH", "SMITH", 1, 146),
            ("MSITH", "SMITH", 1, 90),
            ("MSIHT", "SMITH", 2, 170),
            ("", "AB", 2, 170),
            ("AB", "", 2, 282),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAA", 1, 100),
        ] {
            assert_eq!(cost(asked.as_bytes(), recorded.as_bytes(), edits), expected, "{asked} {recorded}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ways_that_are_not_looked_at_cost_more(asked in "[ABE]{0,9}", recorded in "[ABE]{0,9}") {
            let (asked, recorded) = (asked.as_bytes(), recorded.as_bytes());
            if let Some(edits) = clear_names::edits(asked, recorded, 2).filter(|edits| *edits > 0) {
                proptest::prop_assert_eq!(cost(asked, recorded, edits), cost(asked, recorded, 9));
            }
        }
    }
}
