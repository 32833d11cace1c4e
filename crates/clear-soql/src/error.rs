//! What can be wrong with a query's text, in the words and codes of the open-data API.

use crate::Span;

/// Where in the text, as the API's error envelope tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub row: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// The line itself.
    pub line: String,
}

impl Position {
    /// The position where a span of this text begins.
    pub fn of(text: &str, span: Span) -> Position {
        Position::at(text, span.start)
    }

    /// The position of a byte of this text; one past the end is the end.
    pub(crate) fn at(text: &str, byte: usize) -> Position {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(line_start..).unwrap_or_default();
        Position {
            row: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            line: rest.split('\n').next().unwrap_or_default().trim_end_matches('\r').to_owned(),
        }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} character {}", self.row, self.column)
    }
}

/// A query that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Something else would have been right here.
    #[error("expected {expected}, but got `{found}` at {at}")]
    BadParse {
        /// What would have been right.
        expected: &'static str,
        /// What stands there.
        found: String,
        /// Where.
        at: Position,
    },
    /// Parentheses, signs or operators nested deeper than [`crate::DEPTH_MAX`].
    #[error("the query is nested too deeply at {at}")]
    TooDeep {
        /// Where.
        at: Position,
    },
    /// A character that begins no token.
    #[error("unexpected character `{character}` at {at}")]
    UnexpectedCharacter {
        /// The character.
        character: char,
        /// Where.
        at: Position,
    },
    /// The text ends where it should go on.
    #[error("unexpected end of the query at {at}: expected {expected}")]
    UnexpectedEof {
        /// What would have been right.
        expected: &'static str,
        /// Where.
        at: Position,
    },
    /// A string without its closing quote.
    #[error("unterminated string at {at}")]
    UnterminatedString {
        /// Where the string begins.
        at: Position,
    },
}

impl Error {
    /// The API's code: `query.soql.bad-parse`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::BadParse { .. } | Error::TooDeep { .. } => "query.soql.bad-parse",
            Error::UnexpectedCharacter { .. } => "query.soql.unexpected-character",
            Error::UnexpectedEof { .. } => "query.soql.unexpected-eof",
            Error::UnterminatedString { .. } => "query.soql.unterminated-string",
        }
    }

    /// Where it is wrong.
    pub fn position(&self) -> &Position {
        match self {
            Error::BadParse { at, .. }
            | Error::TooDeep { at }
            | Error::UnexpectedCharacter { at, .. }
            | Error::UnexpectedEof { at, .. }
            | Error::UnterminatedString { at } => at,
        }
    }
}
