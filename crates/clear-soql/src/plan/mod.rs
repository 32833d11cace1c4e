//! A query as it is meant: names are columns, calls are functions, every value has a type.
//!
//! In:    a [`Query`](crate::Query) with the text that its places are in, and the [`Schema`] of the tables it may ask.
//! Out:   a [`Plan`]: what to compute, in stages, in a total order; or an [`Error`](crate::Error) with its place.
//! Never: sees a row; asks the time; overflows the stack; takes time that grows faster than the query.
//!
//! # How
//! Literals take the type that their place wants ([`crate::types`]). Aggregates and window functions are taken out of the
//! expressions they stand in and numbered, so that an engine computes them in their own stage. Equal expressions are found
//! by a hash of what they say.
//!
//! INVARIANT (a plan is shallow): no expression is deeper than [`TYPED_DEPTH_MAX`], because engines recurse. Chains of
//! `AND`, `OR`, `+`, `*` and `||` are one call of many arguments.

mod alias;
mod analyse;
mod resolve;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::ast::{Every, Frame, JoinKind, Name, SetKind, Span};
use crate::functions::FunctionId;
use crate::types::SoqlType;
use crate::wkt::Shape;

pub use analyse::of;

/// How deep an expression of a plan may be.
pub const TYPED_DEPTH_MAX: usize = 128;

/// How many selects a query may be made of, joined queries included.
pub const SELECTS_MAX: usize = 32;

/// A column of a table or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in queries, lower case; a system column begins with a colon.
    pub name: String,
    /// Its type.
    pub soql_type: SoqlType,
}

impl Field {
    /// A column of that name and type.
    pub fn new(name: &str, soql_type: SoqlType) -> Field {
        Field { name: Name::new(name).as_str().to_owned(), soql_type }
    }
}

/// A table that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it may be called in `JOIN @…`: its id, its alias.
    pub names: Vec<String>,
    /// Its columns in order.
    pub fields: Vec<Field>,
}

/// The tables that a query may ask; the first is the one it is sent to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// The tables.
    pub tables: Vec<Table>,
}

/// What to compute.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where the rows come from.
    pub root: Rel,
}

impl Plan {
    /// The columns of the answer.
    pub fn fields(&self) -> &[Field] {
        &self.root.fields
    }
}

/// Something that gives rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rel {
    /// What it is.
    pub node: RelNode,
    /// Its columns.
    pub fields: Vec<Field>,
    /// Whether its rows come in a total order, as those of a select do.
    pub ordered: bool,
}

/// What gives rows.
#[derive(Debug, Clone, PartialEq)]
pub enum RelNode {
    /// A table, by its number in the [`Schema`].
    Table(usize),
    /// A select.
    Select(Box<Select>),
    /// Rows of two, column by column.
    Rows {
        /// How they go together.
        kind: SetKind,
        /// Whether equal rows are one.
        every: Every,
        /// The first.
        left: Box<Rel>,
        /// The second; as many columns, of the same types.
        right: Box<Rel>,
    },
}

/// One select, in the order of its stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// What it reads; the first, then what is joined to it.
    pub sources: Vec<Source>,
    /// Rows that are kept.
    pub filter: Option<Typed>,
    /// Words that must stand in the texts of a row of the first source.
    pub search: Option<String>,
    /// If rows become groups: how.
    pub groups: Option<Groups>,
    /// Window functions, over rows or groups; [`TypedNode::Window`] is one by its number.
    pub windows: Vec<Window>,
    /// The columns of the answer, in order.
    pub items: Vec<Typed>,
    /// Whether equal rows are one.
    pub distinct: bool,
    /// The order of the answer, total: what was asked, then what makes it total. Empty where the order of the first
    /// source is kept. With `distinct`, over [`TypedNode::Item`] alone.
    pub order_by: Vec<Order>,
    /// At most so many rows.
    pub limit: Option<u64>,
    /// So many rows are left out at the beginning.
    pub offset: Option<u64>,
}

/// One thing that a select reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Where its rows come from.
    pub rel: Rel,
    /// How it is joined to those before it; `None` for the first.
    pub join: Option<(JoinKind, Typed)>,
}

/// How rows become groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    /// What they are grouped by, over rows; [`TypedNode::Key`] is one by its number. None: all rows are one group.
    pub keys: Vec<Typed>,
    /// What is computed of each group; [`TypedNode::Aggregate`] is one by its number.
    pub aggregates: Vec<Aggregate>,
    /// Groups that are kept.
    pub having: Option<Typed>,
}

/// One value of many rows.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// The function.
    pub function: FunctionId,
    /// Its arguments, over rows; none for `count(*)`.
    pub arguments: Vec<Typed>,
    /// Which rows count.
    pub filter: Option<Typed>,
    /// The type of the value.
    pub soql_type: SoqlType,
}

/// One value for each row, of the rows around it.
#[derive(Debug, Clone)]
pub struct Window {
    /// The function, a window function or an aggregate.
    pub function: FunctionId,
    /// Its arguments; none for `count(*)`.
    pub arguments: Vec<Typed>,
    /// Which rows count.
    pub filter: Option<Typed>,
    /// Rows of equal values are together.
    pub partition_by: Vec<Typed>,
    /// Their order; what makes it total is at its end where the function tells equal rows apart.
    pub order_by: Vec<Order>,
    /// Which of them count, if said.
    pub frame: Option<Frame>,
    /// The type of the value.
    pub soql_type: SoqlType,
}

// Two calls are one if they say the same, wherever they stand and whatever type follows from it.
impl PartialEq for Aggregate {
    fn eq(&self, other: &Aggregate) -> bool {
        self.function == other.function && self.arguments == other.arguments && self.filter == other.filter
    }
}

impl PartialEq for Window {
    fn eq(&self, other: &Window) -> bool {
        self.function == other.function
            && self.arguments == other.arguments
            && self.filter == other.filter
            && self.partition_by == other.partition_by
            && self.order_by == other.order_by
            && self.frame == other.frame
    }
}

/// One term of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What is ordered by.
    pub by: Typed,
    /// Whether the largest comes first.
    pub descending: bool,
    /// Whether nulls come first.
    pub nulls_first: bool,
}

/// A value as it stands in a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// Yes or no.
    Checkbox(bool),
    /// A number.
    Number(f64),
    /// A text, address or JSON value.
    Text(String),
    /// Microseconds since 1970, on the city's clock or in UTC.
    Time(i64),
    /// A geometry.
    Shape(Arc<Shape>),
}

/// An expression of a known type. Two are equal when they say the same, wherever they stood.
#[derive(Debug, Clone)]
pub struct Typed {
    /// What it says.
    pub node: TypedNode,
    /// The type of its value.
    pub soql_type: SoqlType,
    /// Where it stood in the text.
    pub span: Span,
    hash: u64,
    depth: usize,
    size: usize,
    /// Whether an aggregate or a window function is in it.
    late: Late,
}

/// What in an expression is known later than its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Late {
    Nothing,
    Aggregate,
    Window,
}

impl PartialEq for Typed {
    fn eq(&self, other: &Typed) -> bool {
        self.hash == other.hash && self.soql_type == other.soql_type && self.node == other.node
    }
}

/// What a typed expression says.
#[derive(Debug, Clone, PartialEq)]
pub enum TypedNode {
    /// A value.
    Literal(Value),
    /// A column of a source, both by number.
    Column {
        /// The source.
        source: usize,
        /// The column.
        column: usize,
    },
    /// What the groups are made by, by number.
    Key(usize),
    /// A value of the group, by number.
    Aggregate(usize),
    /// A value of the rows around, by number.
    Window(usize),
    /// A column of the answer, by number.
    Item(usize),
    /// A function of values. `CASE` is conditions and values in turn; `IN` is the value, then the list; `AND`, `OR`, `+`,
    /// `*` and `||` take two or more.
    Call(FunctionId, Vec<Typed>),
}

impl Typed {
    fn new(node: TypedNode, soql_type: SoqlType, span: Span) -> Typed {
        let mut hasher = DefaultHasher::new();
        let (mut depth, mut size, mut late) = (0, 1_usize, Late::Nothing);
        std::mem::discriminant(&node).hash(&mut hasher);
        match &node {
            TypedNode::Literal(value) => match value {
                Value::Null => 0.hash(&mut hasher),
                Value::Checkbox(value) => value.hash(&mut hasher),
                Value::Number(number) => number.to_bits().hash(&mut hasher),
                Value::Text(text) => text.hash(&mut hasher),
                Value::Time(micros) => micros.hash(&mut hasher),
                Value::Shape(shape) => shape.parts.len().hash(&mut hasher),
            },
            TypedNode::Column { source, column } => (source, column).hash(&mut hasher),
            TypedNode::Key(at) | TypedNode::Item(at) => at.hash(&mut hasher),
            TypedNode::Aggregate(at) => {
                late = Late::Aggregate;
                at.hash(&mut hasher);
            }
            TypedNode::Window(at) => {
                late = Late::Window;
                at.hash(&mut hasher);
            }
            TypedNode::Call(function, arguments) => {
                function.hash(&mut hasher);
                for argument in arguments {
                    argument.hash.hash(&mut hasher);
                    depth = depth.max(argument.depth);
                    size = size.saturating_add(argument.size);
                    late = late.max(argument.late);
                }
            }
        }
        Typed { node, soql_type, span, hash: hasher.finish(), depth: depth + 1, size, late }
    }

    /// How many levels it has; a column has one.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The value, if it is one.
    pub fn literal(&self) -> Option<&Value> {
        if let TypedNode::Literal(value) = &self.node { Some(value) } else { None }
    }
}
