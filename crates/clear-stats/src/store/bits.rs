//! A set of rows of one chunk.

/// One bit for each row, 64 to a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    rows: usize,
}

impl Bits {
    pub(crate) fn none(rows: usize) -> Bits {
        Bits { words: vec![0; rows.div_ceil(64)], rows }
    }

    pub(crate) fn all(rows: usize) -> Bits {
        let mut bits = Bits { words: vec![u64::MAX; rows.div_ceil(64)], rows };
        bits.trim();
        bits
    }

    /// The rows of a range; what lies beyond the last row is none.
    pub(crate) fn range(rows: usize, range: std::ops::Range<usize>) -> Bits {
        let mut bits = Bits::none(rows);
        for (at, word) in bits.words.iter_mut().enumerate() {
            let from = range.start.clamp(at * 64, at * 64 + 64) - at * 64;
            let to = range.end.clamp(at * 64, at * 64 + 64) - at * 64;
            *word = below(to) & !below(from);
        }
        bits.trim();
        bits
    }

    /// The rows for which a test holds.
    pub(crate) fn of<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> Bits {
        let mut bits = Bits::all(values.len());
        bits.narrow(values, test);
        bits
    }

    /// Keeps the rows whose value passes. Words that are empty already are not looked at.
    pub(crate) fn narrow<T: Copy>(&mut self, values: &[T], test: impl Fn(T) -> bool) {
        for (word, values) in self.words.iter_mut().zip(values.chunks(64)) {
            if *word == 0 {
                continue;
            }
            if word.count_ones() < 8 {
                for at in ones(*word) {
                    if !values.get(at).is_some_and(|value| test(*value)) {
                        *word &= !(1 << at);
                    }
                }
                continue;
            }
            let mut passing = 0u64;
            for (at, value) in values.iter().enumerate() {
                passing |= u64::from(test(*value)) << at;
            }
            *word &= passing;
        }
    }

    /// Keeps the rows for which a test by row number holds.
    pub(crate) fn retain(&mut self, test: impl Fn(usize) -> bool) {
        for (at, word) in self.words.iter_mut().enumerate() {
            for bit in ones(*word) {
                if !test(at * 64 + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    pub(crate) fn and(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    pub(crate) fn and_not(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    pub(crate) fn clear(&mut self) {
        self.words.iter_mut().for_each(|word| *word = 0);
    }

    pub(crate) fn set(&mut self, row: usize, on: bool) {
        if let Some(word) = self.words.get_mut(row / 64)
            && row < self.rows
        {
            *word = *word & !(1 << (row % 64)) | u64::from(on) << (row % 64);
        }
    }

    pub(crate) fn get(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The rows of the set in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u16> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| ones(*word).map(move |bit| (at * 64 + bit) as u16))
    }

    fn trim(&mut self) {
        if let Some(last) = self.words.last_mut()
            && !self.rows.is_multiple_of(64)
        {
            *last &= below(self.rows % 64);
        }
    }
}

fn below(bit: usize) -> u64 {
    if bit >= 64 { u64::MAX } else { (1 << bit) - 1 }
}

/// The places of the bits that are on, in order.
fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = word.trailing_zeros() as usize;
        (word != 0).then(|| {
            word &= word - 1;
            at
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_rows_do_what_sets_do() {
        for rows in [0, 1, 63, 64, 65, 200] {
            assert_eq!(Bits::all(rows).count(), rows);
            assert!(Bits::none(rows).is_empty());
            let values: Vec<usize> = (0..rows).collect();
            let odd = Bits::of(&values, |value| value % 2 == 1);
            assert_eq!(
                odd.rows().map(usize::from).collect::<Vec<_>>(),
                (0..rows).filter(|row| row % 2 == 1).collect::<Vec<_>>()
            );
            let mut even = Bits::all(rows);
            even.and_not(&odd);
            assert_eq!(even.count() + odd.count(), rows);
            even.and(&odd);
            assert!(even.is_empty());
            let range = Bits::range(rows, 3..100);
            assert_eq!(range.count(), rows.min(100).saturating_sub(3));
            assert!((0..rows).all(|row| range.get(row) == (3..100).contains(&row)));
            let mut few = Bits::range(rows, 0..5);
            few.narrow(&values, |value| value != 2);
            few.retain(|row| row != 3);
            assert_eq!(
                few.rows().map(usize::from).collect::<Vec<_>>(),
                [0, 1, 4].into_iter().filter(|row| *row < rows).collect::<Vec<_>>()
            );
        }
    }
}
