//! What can be wrong with a question, in the codes of the open-data API.

use clear_soql::Span;

/// A question that cannot be answered. Says the same whether a column is hidden or does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No column of that name that the asker can read on any label.
    #[error("No such column: {name}")]
    NoSuchColumn {
        /// The name as asked.
        name: String,
        /// Where in the condition; `None` for a group.
        at: Option<Span>,
    },
    /// A function that is not known here.
    #[error("No such function: {name}")]
    NoSuchFunction {
        /// The name as asked.
        name: String,
        /// Where.
        at: Span,
    },
    /// Values that do not go together, or an operator that is not known here.
    #[error("Type mismatch: {what}")]
    TypeMismatch {
        /// What does not fit.
        what: String,
        /// Where.
        at: Span,
    },
    /// A condition that is not yes or no.
    #[error("Cannot filter by an expression of type {found}")]
    NonBooleanWhere {
        /// What it is instead.
        found: &'static str,
        /// Where.
        at: Span,
    },
    /// More groups than are counted at once.
    #[error("Too many groups: group by fewer columns, or filter")]
    TooManyGroups,
    /// Something went wrong with us: columns that were put aside do not come back. The only one that is no fault of the question.
    #[error(transparent)]
    Ours(#[from] clear_cold::Error),
}

impl Error {
    /// The API's code: `query.soql.no-such-column`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::NoSuchColumn { .. } => "query.soql.no-such-column",
            Error::NoSuchFunction { .. } => "query.soql.no-such-function",
            Error::TypeMismatch { .. } => "query.soql.type-mismatch",
            Error::NonBooleanWhere { .. } => "query.soql.non-boolean-where",
            Error::TooManyGroups => "req.row-limit-exceeded",
            Error::Ours(_) => "internal-error",
        }
    }

    /// Where in the condition; `None` for a group.
    pub fn span(&self) -> Option<Span> {
        match self {
            Error::NoSuchColumn { at, .. } => *at,
            Error::TooManyGroups | Error::Ours(_) => None,
            Error::NoSuchFunction { at, .. } | Error::TypeMismatch { at, .. } | Error::NonBooleanWhere { at, .. } => {
                Some(*at)
            }
        }
    }
}
