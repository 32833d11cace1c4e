//! Codes of one column of one chunk, as narrow as they can be. Zero is NULL.

/// A code for each row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Codes {
    Byte(Vec<u8>),
    Short(Vec<u16>),
    Long(Vec<u32>),
}

/// Runs the same words over whichever width there is.
macro_rules! each_width {
    ($codes:expr, $values:ident => $body:expr) => {
        match $codes {
            $crate::store::Codes::Byte($values) => $body,
            $crate::store::Codes::Short($values) => $body,
            $crate::store::Codes::Long($values) => $body,
        }
    };
}
pub(crate) use each_width;

/// A code of any width as the widest.
pub(crate) fn wide(code: impl Into<u32>) -> u32 {
    code.into()
}

impl Default for Codes {
    fn default() -> Codes {
        Codes::Byte(Vec::new())
    }
}

impl Codes {
    /// These codes, as narrow as they can be.
    pub(crate) fn of(codes: Vec<u32>) -> Codes {
        match codes.iter().max().copied().unwrap_or(0) {
            most if most <= u32::from(u8::MAX) => Codes::Byte(codes.into_iter().map(|code| code as u8).collect()),
            most if most <= u32::from(u16::MAX) => Codes::Short(codes.into_iter().map(|code| code as u16).collect()),
            _ => Codes::Long(codes),
        }
    }

    pub(crate) fn get(&self, row: usize) -> u32 {
        each_width!(self, values => values.get(row).map_or(0, |code| wide(*code)))
    }

    /// Puts a code at a row, which is the next or one that is there.
    pub(crate) fn set(&mut self, row: usize, code: u32) {
        self.widen(code);
        match self {
            Codes::Byte(values) => put(values, row, code as u8),
            Codes::Short(values) => put(values, row, code as u16),
            Codes::Long(values) => put(values, row, code),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Codes::Byte(values) => values.capacity(),
            Codes::Short(values) => values.capacity() * 2,
            Codes::Long(values) => values.capacity() * 4,
        }
    }

    fn widen(&mut self, code: u32) {
        if let Codes::Byte(values) = self
            && code > u32::from(u8::MAX)
        {
            *self = Codes::Short(values.iter().map(|code| u16::from(*code)).collect());
        }
        if let Codes::Short(values) = self
            && code > u32::from(u16::MAX)
        {
            *self = Codes::Long(values.iter().map(|code| u32::from(*code)).collect());
        }
    }
}

fn put<T>(values: &mut Vec<T>, row: usize, value: T) {
    match values.get_mut(row) {
        Some(place) => *place = value,
        None => values.push(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_widen_as_they_grow() {
        let mut codes = Codes::default();
        let given = [0, 1, 255, 256, 65_535, 65_536, u32::MAX];
        given.iter().enumerate().for_each(|(row, code)| codes.set(row, *code));
        assert!(matches!(codes, Codes::Long(_)));
        assert!(given.iter().enumerate().all(|(row, code)| codes.get(row) == *code));
        for most in [0, 255, 256, 65_535, 65_536] {
            let given: Vec<u32> = vec![0, most];
            let codes = Codes::of(given.clone());
            assert_eq!([codes.get(0), codes.get(1), codes.get(2)], [0, most, 0]);
            assert_eq!(codes.bytes() <= 4, most < 65_536);
        }
    }
}
