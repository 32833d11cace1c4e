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

impl Position {
    /// The line, and below it a mark at the character, as the API's envelope shows it.
    #[must_use]
    pub fn marked(&self) -> String {
        let before = self.line.chars().take(self.column.saturating_sub(1));
        let blank: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        format!("{}\n{blank}^", self.line)
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} character {}", self.row, self.column)
    }
}

/// One of the details of an error, as the API's envelope has it under `data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// A name or words.
    Text(String),
    /// A count.
    Number(u64),
}

/// A query that does not read, or does not fit its tables.
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
    /// Parentheses, signs or operators nested deeper than [`crate::DEPTH_MAX`], or aliases that unfold too far.
    #[error("the query is nested too deeply at {at}")]
    TooDeep {
        /// Where.
        at: Position,
    },
    /// What reads, but cannot be asked.
    #[error("{what} at {at}")]
    Refused {
        /// What and why.
        what: String,
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
    /// No table of that id or alias.
    #[error("no such table: {table} at {at}")]
    NoSuchTable {
        /// As asked.
        table: String,
        /// Where.
        at: Position,
    },
    /// No column and no alias of that name.
    #[error("no such column: {column} at {at}")]
    NoSuchColumn {
        /// As asked.
        column: String,
        /// Where.
        at: Position,
    },
    /// No function of that name with that many arguments.
    #[error("no such function: {function} of {arity} arguments at {at}")]
    NoSuchFunction {
        /// As asked.
        function: String,
        /// How many arguments were given.
        arity: usize,
        /// Where.
        at: Position,
    },
    /// A value that does not fit where it stands.
    #[error("type mismatch for {function}, is {found} at {at}")]
    TypeMismatch {
        /// The function or operator: `upper`, `op$=`, `#LIKE`, `cast$number`.
        function: String,
        /// The type of the value.
        found: &'static str,
        /// Where the value stands.
        at: Position,
    },
    /// Arguments that could be meant in several ways.
    #[error("ambiguous call of {function} at {at}")]
    AmbiguousCall {
        /// The function.
        function: String,
        /// Where.
        at: Position,
    },
    /// An aggregate or window function where there are no groups yet.
    #[error("cannot use aggregate function {function} in {clause} at {at}")]
    AggregateInUngroupedContext {
        /// The function.
        function: String,
        /// The clause: `WHERE`, `GROUP BY`.
        clause: &'static str,
        /// Where.
        at: Position,
    },
    /// A column beside groups that is not grouped by.
    #[error("column {column} is not in group by at {at}")]
    ColumnNotInGroupBys {
        /// The column.
        column: String,
        /// Where.
        at: Position,
    },
    /// Two columns of one name.
    #[error("there is already a column named {name} selected at {at}")]
    DuplicateAlias {
        /// The name.
        name: String,
        /// Where the second stands.
        at: Position,
    },
    /// A column that is left out twice.
    #[error("column {column} has already been excluded at {at}")]
    RepeatedException {
        /// The column.
        column: String,
        /// Where it stands again.
        at: Position,
    },
    /// An alias that is told by itself.
    #[error("circular reference while defining alias {name} at {at}")]
    CircularAliasDefinition {
        /// The alias.
        name: String,
        /// Where.
        at: Position,
    },
    /// A `WHERE` or `ON` that is not yes or no.
    #[error("the condition is a {found}, not a checkbox, at {at}")]
    NonBooleanWhere {
        /// What it is instead.
        found: &'static str,
        /// Where.
        at: Position,
    },
    /// A `HAVING` that is not yes or no.
    #[error("the condition on groups is a {found}, not a checkbox, at {at}")]
    NonBooleanHaving {
        /// What it is instead.
        found: &'static str,
        /// Where.
        at: Position,
    },
    /// A value that cannot be grouped by.
    #[error("cannot group by a {found} at {at}")]
    NonGroupableGroup {
        /// Its type.
        found: &'static str,
        /// Where.
        at: Position,
    },
    /// A value that has no order.
    #[error("cannot order by a {found} at {at}")]
    UnOrderableOrder {
        /// Its type.
        found: &'static str,
        /// Where.
        at: Position,
    },
}

impl Error {
    /// The API's code: `query.soql.bad-parse`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::BadParse { .. } | Error::TooDeep { .. } | Error::Refused { .. } => "query.soql.bad-parse",
            Error::UnexpectedCharacter { .. } => "query.soql.unexpected-character",
            Error::UnexpectedEof { .. } => "query.soql.unexpected-eof",
            Error::UnterminatedString { .. } => "query.soql.unterminated-string",
            Error::NoSuchTable { .. } => "query.soql.no-such-table",
            Error::NoSuchColumn { .. } => "query.soql.no-such-column",
            Error::NoSuchFunction { .. } => "query.soql.no-such-function",
            Error::TypeMismatch { .. } => "query.soql.type-mismatch",
            Error::AmbiguousCall { .. } => "query.soql.ambiguous-call",
            Error::AggregateInUngroupedContext { .. } => "query.soql.aggregate-in-ungrouped-context",
            Error::ColumnNotInGroupBys { .. } => "query.soql.column-not-in-group-bys",
            Error::DuplicateAlias { .. } => "query.soql.duplicate-alias",
            Error::RepeatedException { .. } => "query.soql.repeated-exception",
            Error::CircularAliasDefinition { .. } => "query.soql.circular-alias-definition",
            Error::NonBooleanWhere { .. } => "query.soql.non-boolean-where",
            Error::NonBooleanHaving { .. } => "query.soql.non-boolean-having",
            Error::NonGroupableGroup { .. } => "query.soql.non-groupable-group",
            Error::UnOrderableOrder { .. } => "query.soql.un-orderable-order",
        }
    }

    /// Where it is wrong.
    pub fn position(&self) -> &Position {
        match self {
            Error::BadParse { at, .. }
            | Error::TooDeep { at }
            | Error::Refused { at, .. }
            | Error::UnexpectedCharacter { at, .. }
            | Error::UnexpectedEof { at, .. }
            | Error::UnterminatedString { at }
            | Error::NoSuchTable { at, .. }
            | Error::NoSuchColumn { at, .. }
            | Error::NoSuchFunction { at, .. }
            | Error::TypeMismatch { at, .. }
            | Error::AmbiguousCall { at, .. }
            | Error::AggregateInUngroupedContext { at, .. }
            | Error::ColumnNotInGroupBys { at, .. }
            | Error::DuplicateAlias { at, .. }
            | Error::RepeatedException { at, .. }
            | Error::CircularAliasDefinition { at, .. }
            | Error::NonBooleanWhere { at, .. }
            | Error::NonBooleanHaving { at, .. }
            | Error::NonGroupableGroup { at, .. }
            | Error::UnOrderableOrder { at, .. } => at,
        }
    }

    /// What is wrong, in the words that clients of the original portal know.
    pub fn description(&self) -> String {
        match self {
            Error::BadParse { expected, found, .. } => format!("Bad parse: Expected {expected}, but got `{found}'"),
            Error::TooDeep { .. } => "Bad parse: The query is nested too deeply".to_owned(),
            Error::Refused { what, .. } => format!("Bad parse: {what}"),
            Error::UnexpectedCharacter { character, .. } => format!("Unexpected character: {character}"),
            Error::UnexpectedEof { .. } => "Unexpected EOF".to_owned(),
            Error::UnterminatedString { .. } => "Unterminated string".to_owned(),
            Error::NoSuchTable { table, .. } => format!("No such table: {table}"),
            Error::NoSuchColumn { column, .. } => format!("No such column: {column}"),
            Error::NoSuchFunction { function, arity, .. } => format!("No such function '{function}'; arity={arity}"),
            Error::TypeMismatch { function, found, .. } => format!("Type mismatch for {function}, is {found}"),
            Error::AmbiguousCall { function, .. } => format!("Ambiguous call of function {function}"),
            Error::AggregateInUngroupedContext { function, clause, .. } => {
                format!("Aggregate function '{function}' used in ungrouped context: {clause}")
            }
            Error::ColumnNotInGroupBys { column, .. } => format!("Column '{column}' is not in group by"),
            Error::DuplicateAlias { name, .. } => format!("Duplicate alias: {name}"),
            Error::RepeatedException { column, .. } => format!("Repeated exception with column: {column}"),
            Error::CircularAliasDefinition { name, .. } => format!("Circular alias definition: {name}"),
            Error::NonBooleanWhere { .. } => "Non-boolean where".to_owned(),
            Error::NonBooleanHaving { .. } => "Non-boolean having".to_owned(),
            Error::NonGroupableGroup { .. } => "Non-groupable group by".to_owned(),
            Error::UnOrderableOrder { .. } => "Un-orderable order by".to_owned(),
        }
    }

    /// The `message` of the API's envelope: code, description and position.
    pub fn message(&self) -> String {
        let Position { row, column, .. } = self.position();
        let line = quoted(&self.position().marked());
        format!(
            "Query coordinator error: {}; {}; position: Map(row -> {row}, column -> {column}, line -> {line})",
            self.code(),
            self.description()
        )
    }

    /// What the envelope's `data` has beside the data set and the position, in order.
    pub fn details(&self) -> Vec<(&'static str, Detail)> {
        let text = |text: &str| Detail::Text(text.to_owned());
        match self {
            Error::BadParse { .. } | Error::TooDeep { .. } | Error::Refused { .. } => {
                let said = self.description();
                vec![("message", text(said.strip_prefix("Bad parse: ").unwrap_or(&said)))]
            }
            Error::UnexpectedCharacter { character, .. } => vec![("character", Detail::Text(character.to_string()))],
            Error::NoSuchTable { table, .. } => vec![("table", text(table))],
            Error::NoSuchColumn { column, .. }
            | Error::ColumnNotInGroupBys { column, .. }
            | Error::RepeatedException { column, .. } => vec![("column", text(column))],
            Error::NoSuchFunction { function, arity, .. } => {
                vec![("function", text(function)), ("arity", Detail::Number(*arity as u64))]
            }
            Error::TypeMismatch { function, found, .. } => vec![("function", text(function)), ("type", text(found))],
            Error::AmbiguousCall { function, .. } => vec![("function", text(function))],
            Error::AggregateInUngroupedContext { function, clause, .. } => {
                vec![("function", text(function)), ("clause", text(clause))]
            }
            Error::DuplicateAlias { name, .. } | Error::CircularAliasDefinition { name, .. } => {
                vec![("name", text(name))]
            }
            Error::UnexpectedEof { .. }
            | Error::UnterminatedString { .. }
            | Error::NonBooleanWhere { .. }
            | Error::NonBooleanHaving { .. }
            | Error::NonGroupableGroup { .. }
            | Error::UnOrderableOrder { .. } => Vec::new(),
        }
    }
}

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
