//! The open-data query language (SoQL): text in, syntax tree out; tree and schema in, typed plan out.
//!
//! In:    the text of a query, or of its clauses; the names and types of the columns that it may ask.
//! Out:   a [`Query`] or an [`Expr`] whose nodes know where they stood; a [`plan::Plan`]; or an [`Error`] with its code and
//!        position.
//! Never: sees a row, or a column that is not in the schema it is given; overflows the stack, whatever it is given.
//!
//! # How
//! [`parse`] reads tokens by precedence, loosest first: `OR`, `AND`, `NOT`, then `IS NULL LIKE BETWEEN IN`, comparisons,
//! `+ - ||`, `* / %`, `^` (right), unary, `::type`, `.field` and `[…]`. Whatever `Display` prints reads back as the same
//! tree; that is the property test. [`plan::of`] finds columns, aliases and functions ([`functions::FUNCTIONS`]), reads
//! literals as the type that is wanted, and orders the work in stages.
//!
//! # Example
//! ```
//! let tree = clear_soql::parse::expression("a = 1 or b is null")?;
//! assert_eq!(tree.to_string(), "a = 1 OR b IS NULL");
//! # Ok::<(), clear_soql::Error>(())
//! ```
//!
//! # Change here
//! A token: `lex.rs`. An operator: [`Infix`] in `ast.rs` (its word and precedence) and the lexer's table of signs. A
//! clause: `parse.rs`, its printing in `print.rs` and its meaning in `plan/analyse.rs`. A function: `functions.rs`.

mod ast;
mod error;
pub mod functions;
mod lex;
pub mod parse;
pub mod plan;
mod print;
pub mod types;
mod wkt;

pub use ast::{
    Bound, Case, DEPTH_MAX, Every, Expr, Frame, From, Infix, Item, Join, JoinKind, Link, Name, Named, Node, Nulls,
    Order, Part, Prefix, Query, Select, SetKind, Source, Span, Window,
};
pub use error::{Detail, Error, Position};
pub use types::SoqlType;
pub use wkt::Shape;
