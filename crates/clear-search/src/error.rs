//! What can be wrong with what somebody asks. Each message says how to mend it, and depends on the question alone.

/// A question that cannot be asked so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing to find.
    #[error("write a word to find")]
    Nothing,
    /// A quotation is not closed.
    #[error("the quotation that begins at character {at} has no end: add a \"")]
    Quotation {
        /// Where it begins, in characters from 1.
        at: usize,
    },
    /// A bracket has no partner.
    #[error("the bracket at character {at} has no partner")]
    Bracket {
        /// Where it stands, in characters from 1.
        at: usize,
    },
    /// Nothing but what must not be there.
    #[error("NOT leaves out of what is found: say also what to find")]
    OnlyNot,
    /// An operator without something beside it.
    #[error("{word} at character {at} stands between two words")]
    Operator {
        /// Which.
        word: &'static str,
        /// Where it stands, in characters from 1.
        at: usize,
    },
    /// A beginning of a word that is too short.
    #[error("{begun}* is too short: a beginning has {PREFIX_CHARS_MIN} letters or more")]
    Beginning {
        /// The beginning.
        begun: String,
    },
    /// No field has this name.
    #[error("there is no field {name}: the fields are {}", crate::prose::field_names().join(", "))]
    Field {
        /// As asked.
        name: String,
    },
    /// A question of too many words.
    #[error("a question has at most {WORDS_MAX} words and {DEPTH_MAX} brackets in each other")]
    TooLong,
    /// A plate that would list too many.
    #[error("a plate with wildcards has {PLATE_FIXED_MIN} letters and digits or more beside them")]
    PlateTooOpen,
    /// A radius or a position that is none.
    #[error("a circle has a latitude, a longitude and a radius of 1 to {RADIUS_MAX_M} metres")]
    Circle,
    /// A polygon that is none; says why.
    #[error("this polygon cannot be searched: {0}")]
    Polygon(&'static str),
    /// Hours or weekdays that are none.
    #[error("{0}")]
    Window(&'static str),
}

/// A beginning of a word has so many letters, so that it does not list the dictionary.
pub(crate) const PREFIX_CHARS_MIN: usize = 3;
/// Words in one question.
pub(crate) const WORDS_MAX: usize = 32;
/// Brackets in brackets.
pub(crate) const DEPTH_MAX: usize = 8;
/// Letters and digits of a plate beside its wildcards, so that they do not list the store.
pub(crate) const PLATE_FIXED_MIN: usize = 3;
/// The longest radius, metres.
pub(crate) const RADIUS_MAX_M: u32 = 50_000;
