//! A column that most rows leave empty.

use std::io::{Read, Result, Write};

use clear_record::Snapshot;

/// Rows of one piece.
const PIECE_ROWS: usize = 1_024;

/// A value for each number from zero up. Pieces in which every value is the default take no memory.
#[derive(Default)]
pub(crate) struct Column<T> {
    pieces: Vec<Box<[T]>>,
}

impl<T: Copy + Default + PartialEq> Column<T> {
    pub(crate) fn get(&self, at: u32) -> T {
        let at = at as usize;
        self.pieces.get(at / PIECE_ROWS).and_then(|piece| piece.get(at % PIECE_ROWS)).copied().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, at: u32, value: T) {
        let at = at as usize;
        let empty = value == T::default();
        if self.pieces.len() <= at / PIECE_ROWS {
            if empty {
                return;
            }
            self.pieces.resize_with(at / PIECE_ROWS + 1, Box::default);
        }
        let Some(piece) = self.pieces.get_mut(at / PIECE_ROWS) else { return };
        if piece.is_empty() && !empty {
            *piece = vec![T::default(); PIECE_ROWS].into();
        }
        if let Some(slot) = piece.get_mut(at % PIECE_ROWS) {
            *slot = value;
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| size_of::<Box<[T]>>() + size_of_val(&**piece)).sum()
    }
}

impl<T: Snapshot> Snapshot for Column<T> {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.pieces.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Column<T>> {
        Ok(Column { pieces: Vec::read(from)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_there_and_nothing_else_is() {
        let mut column = Column::<u32>::default();
        assert_eq!(column.get(7), 0);
        for at in [5_000, 0, 1_023, 1_024] {
            column.set(at, at + 1);
        }
        column.set(900_000, 0);
        column.set(1_023, 0);
        assert_eq!([0, 1, 1_023, 1_024, 5_000, 9_999].map(|at| column.get(at)), [1, 0, 0, 1_025, 5_001, 0]);
        // Pieces 2 and 3 hold nothing.
        assert_eq!(column.bytes(), 5 * 16 + 3 * 4_096);
    }
}
