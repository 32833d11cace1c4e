//! How far one word is from another, letter by letter.
//!
//! In:    two words as bytes; meant for folded ones, right for any.
//! Out:   a number of edits, or a similarity.
//! Never: allocates for words of up to 64 letters.

/// Letters added, left out, changed or swapped with their neighbour, if at most `most` (optimal string alignment: no letter
/// is edited twice).
///
/// Bit-parallel: H. Hyyrö, *A bit-vector algorithm for computing Levenshtein and Damerau edit distances*, 2003.
pub fn edits(a: &[u8], b: &[u8], most: u8) -> Option<u8> {
    if a.len().abs_diff(b.len()) > usize::from(most) {
        return None;
    }
    let (a, b) = without_shared_ends(a, b);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let edits = match short.len() {
        0 => long.len(),
        1..=64 => bit_parallel(short, long),
        _ => row_by_row(short, long),
    };
    u8::try_from(edits).ok().filter(|edits| *edits <= most)
}

fn without_shared_ends<'t>(a: &'t [u8], b: &'t [u8]) -> (&'t [u8], &'t [u8]) {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(start..).unwrap_or_default(), b.get(start..).unwrap_or_default());
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (a.get(..a.len() - end).unwrap_or_default(), b.get(..b.len() - end).unwrap_or_default())
}

/// A column of the table in two words of bits: where it goes up by one and where it goes down. `short` has 1 to 64 letters.
fn bit_parallel(short: &[u8], long: &[u8]) -> usize {
    let last = 1u64 << (short.len() - 1);
    let (mut up, mut down, mut diagonal, mut places_before) = (u64::MAX, 0u64, 0u64, 0u64);
    let mut edits = short.len();
    for letter in long {
        let places = places(short, *letter);
        let swapped = ((!diagonal & places) << 1) & places_before;
        diagonal = ((places & up).wrapping_add(up) ^ up) | places | down | swapped;
        let right_up = down | !(diagonal | up);
        let right_down = diagonal & up;
        edits += usize::from(right_up & last != 0);
        edits -= usize::from(right_down & last != 0);
        let right_up = (right_up << 1) | 1;
        up = (right_down << 1) | !(diagonal | right_up);
        down = right_up & diagonal;
        places_before = places;
    }
    edits
}

/// Where a letter stands in a word, as bits. The words are short: looking is cheaper than a table.
fn places(word: &[u8], letter: u8) -> u64 {
    word.iter().enumerate().fold(0, |bits, (at, own)| bits | (u64::from(*own == letter) << at))
}

/// The same by the definition, for long words.
fn row_by_row(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut edits = (cell(&last, j) + usize::from(x != y)).min(cell(&last, j + 1) + 1).min(cell(&row, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                edits = edits.min(cell(&before, j - 1) + 1);
            }
            row.push(edits);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

/// Similarity from 0 to 1, where a shared beginning counts more (0.1 for each of up to four letters).
///
/// W. E. Winkler, *String comparator metrics and enhanced decision rules in the Fellegi-Sunter model of record linkage*, 1990.
/// Two empty words are equal. Letters beyond the 64th are compared for equality only.
pub fn jaro_winkler(a: &[u8], b: &[u8]) -> f32 {
    if a == b {
        return 1.0;
    }
    // As published, the order of the two can matter, because each letter takes the first that is free. Here it does not.
    let (a, b) = if (a.len(), a) <= (b.len(), b) { (a, b) } else { (b, a) };
    let (a, b) = (a.get(..64).unwrap_or(a), b.get(..64).unwrap_or(b));
    let jaro = jaro(a, b);
    let shared = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count();
    #[expect(clippy::cast_precision_loss, reason = "at most 4")]
    let shared = shared as f32;
    jaro + shared * 0.1 * (1.0 - jaro)
}

/// The letters of a word that are marked, in order.
fn marked(word: &[u8], bits: u64) -> impl Iterator<Item = u8> + '_ {
    word.iter().enumerate().filter(move |(at, _)| bits & (1 << at) != 0).map(|(_, letter)| *letter)
}

/// Both words have at most 64 letters.
fn jaro(a: &[u8], b: &[u8]) -> f32 {
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut in_a, mut in_b) = (0u64, 0u64);
    for (i, x) in a.iter().enumerate() {
        let near = b.iter().enumerate().take(i + window + 1).skip(i.saturating_sub(window));
        if let Some((j, _)) = near.into_iter().find(|(j, y)| *y == x && in_b & (1 << j) == 0) {
            in_a |= 1 << i;
            in_b |= 1 << j;
        }
    }
    let common = in_a.count_ones();
    if common == 0 {
        return 0.0;
    }
    let moved = marked(a, in_a).zip(marked(b, in_b)).filter(|(x, y)| x != y).count() / 2;
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    let (common, moved, a, b) = (common as f32, moved as f32, a.len() as f32, b.len() as f32);
    (common / a + common / b + (common - moved) / common) / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edits_are_counted_with_swapped_neighbours_as_one() {
        for (a, b, expected) in [
            ("SMITH", "SMITH", Some(0)),
            ("SMITH", "SMYTH", Some(1)),
            ("SMITH", "SMTIH", Some(1)),
            ("SMITH", "SMITHS", Some(1)),
            ("SMITH", "MITH", Some(1)),
            ("SMITH", "MSIHT", Some(2)),
            ("CA", "ABC", None),
            ("SMITH", "JONES", None),
            ("", "AB", Some(2)),
            ("", "ABC", None),
        ] {
            assert_eq!(edits(a.as_bytes(), b.as_bytes(), 2), expected, "{a} {b}");
            assert_eq!(edits(b.as_bytes(), a.as_bytes(), 2), expected, "{b} {a}");
        }
    }

    #[test]
    fn jaro_winkler_has_the_published_values() {
        for (a, b, expected) in [
            ("MARTHA", "MARHTA", 0.961),
            ("DIXON", "DICKSONX", 0.813),
            ("DWAYNE", "DUANE", 0.840),
            ("SHACKLEFORD", "SHACKELFORD", 0.982),
            ("ABC", "XYZ", 0.0),
            ("", "A", 0.0),
            ("", "", 1.0),
        ] {
            let similarity = jaro_winkler(a.as_bytes(), b.as_bytes());
            assert!((similarity - expected).abs() < 0.0006, "{a} {b}: {similarity}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_count_is_the_plain_one(a in "[A-D]{0,12}|[AB]{60,80}", b in "[A-D]{0,12}|[AB]{60,80}") {
            let plain = u8::try_from(row_by_row(a.as_bytes(), b.as_bytes())).unwrap();
            prop_assert_eq!(edits(a.as_bytes(), b.as_bytes(), u8::MAX), Some(plain));
            prop_assert_eq!(edits(a.as_bytes(), b.as_bytes(), plain.saturating_sub(1)).is_none(), plain > 0);
        }

        #[test]
        fn similarity_is_symmetric_and_bounded(a in "[A-E]{0,9}|\\PC{0,80}", b in "[A-E]{0,9}|\\PC{0,80}") {
            let similarity = jaro_winkler(a.as_bytes(), b.as_bytes());
            prop_assert!((0.0..=1.0).contains(&similarity));
            prop_assert_eq!(similarity, jaro_winkler(b.as_bytes(), a.as_bytes()));
        }
    }
}
