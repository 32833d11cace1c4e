//! The open-data query language (SoQL): text in, syntax tree out.
//!
//! In:    the text of a query, or of one of its clauses.
//! Out:   a [`Select`] or an [`Expr`] whose nodes know where they stood; or an [`Error`] with its code and position.
//! Never: knows a table, a column or a type; overflows the stack, whatever it is given.
//!
//! # How
//! [`parse`] reads tokens by precedence, loosest first: `OR`, `AND`, `NOT`, then `IS NULL LIKE BETWEEN IN`, comparisons,
//! `+ - ||`, `* / %`, `^` (right), unary, `::type`, `.field` and `[…]`. Whatever `Display` prints reads back as the same
//! tree; that is the property test.
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
//! clause: `parse.rs`, and its printing in `print.rs`.

mod ast;
mod error;
mod lex;
pub mod parse;
mod print;

pub use ast::{Case, DEPTH_MAX, Expr, Infix, Item, Name, Node, Nulls, Order, Prefix, Select, Span, Window};
pub use error::{Error, Position};
