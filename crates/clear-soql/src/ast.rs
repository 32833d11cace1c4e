//! The syntax tree: what was written, nothing about what it means.

/// How deep a tree may be. A chain of `OR`s of this many terms is read; a deeper one is an error, not a crash.
pub const DEPTH_MAX: usize = 400;

/// The bytes of the text that a node was read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From the beginning of this one to the end of the other.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end }
    }
}

/// A column, function, type or alias: lower case, because names are case-insensitive. System names keep their colon.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name of that text. A back quote cannot be written in a name, so it is left out.
    pub fn new(text: &str) -> Name {
        Name(text.replace('`', "").to_lowercase())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name with its place. Two are equal when they are the same name, wherever they stood.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name.
    pub name: Name,
    /// Where it stood.
    pub span: Span,
}

impl PartialEq for Named {
    fn eq(&self, other: &Named) -> bool {
        self.name == other.name
    }
}

/// An expression with its place. Two are equal when they say the same, wherever they stood.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it says.
    pub node: Node,
    /// Where it stood.
    pub span: Span,
    depth: usize,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.node == other.node
    }
}

impl Expr {
    /// An expression that stood there.
    pub fn new(node: Node, span: Span) -> Expr {
        let mut below = 0;
        node.each_child(&mut |child| below = below.max(child.depth));
        Expr { node, span, depth: below + 1 }
    }

    /// How many levels it has; a column has one.
    pub fn depth(&self) -> usize {
        self.depth
    }
}

/// What an expression says.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `NULL`.
    Null,
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// A number as written, without sign: `1`, `0.5`, `1e6`.
    Number(String),
    /// A text, its quotes and escapes resolved.
    Text(String),
    /// A column; a system column has a leading colon: `:id`.
    Column(Name),
    /// A column of a joined table: `@j.ward`.
    Joined {
        /// What the table is called, without its `@`.
        table: Name,
        /// The column.
        column: Name,
    },
    /// `*` as an argument: `count(*)`.
    Star,
    /// `-x`, `+x`, `NOT x`.
    Prefix(Prefix, Box<Expr>),
    /// `a + b`.
    Infix(Box<Expr>, Infix, Box<Expr>),
    /// `x IS NULL`, `x IS NOT NULL`.
    IsNull {
        /// What is tested.
        of: Box<Expr>,
        /// Whether `NOT` was said.
        not: bool,
    },
    /// `x LIKE pattern`.
    Like {
        /// What is tested.
        of: Box<Expr>,
        /// Whether `NOT` was said.
        not: bool,
        /// `%` for any characters, `_` for one.
        pattern: Box<Expr>,
    },
    /// `x BETWEEN low AND high`, both included.
    Between {
        /// What is tested.
        of: Box<Expr>,
        /// Whether `NOT` was said.
        not: bool,
        /// The lower bound.
        low: Box<Expr>,
        /// The upper bound.
        high: Box<Expr>,
    },
    /// `x IN (a, b)`; at least one.
    In {
        /// What is tested.
        of: Box<Expr>,
        /// Whether `NOT` was said.
        not: bool,
        /// The values.
        list: Vec<Expr>,
    },
    /// `x::type`.
    Cast(Box<Expr>, Name),
    /// `x.field`.
    Field(Box<Expr>, Name),
    /// `x[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `f(a, b)`.
    Call {
        /// The function.
        name: Name,
        /// Whether `DISTINCT` was said.
        distinct: bool,
        /// The arguments in order.
        arguments: Vec<Expr>,
        /// `FILTER (WHERE …)`.
        filter: Option<Box<Expr>>,
        /// `OVER (…)`.
        over: Option<Window>,
    },
    /// `CASE WHEN … THEN … ELSE … END`.
    Case(Case),
}

impl Node {
    /// Calls `see` with each expression directly below.
    pub fn each_child<'a>(&'a self, see: &mut dyn FnMut(&'a Expr)) {
        match self {
            Node::Null | Node::Boolean(_) | Node::Number(_) | Node::Text(_) | Node::Column(_) | Node::Star => {}
            Node::Joined { .. } => {}
            Node::Prefix(_, of) | Node::IsNull { of, .. } | Node::Cast(of, _) | Node::Field(of, _) => see(of),
            Node::Infix(left, _, right) | Node::Index(left, right) => {
                see(left);
                see(right);
            }
            Node::Like { of, pattern, .. } => {
                see(of);
                see(pattern);
            }
            Node::Between { of, low, high, .. } => {
                see(of);
                see(low);
                see(high);
            }
            Node::In { of, list, .. } => {
                see(of);
                list.iter().for_each(see);
            }
            Node::Call { arguments, filter, over, .. } => {
                arguments.iter().for_each(&mut *see);
                filter.iter().for_each(|filter| see(filter));
                if let Some(window) = over {
                    window.partition_by.iter().for_each(&mut *see);
                    window.order_by.iter().for_each(|order| see(&order.by));
                }
            }
            Node::Case(case) => {
                for (when, then) in &case.branches {
                    see(when);
                    see(then);
                }
                case.otherwise.iter().for_each(|otherwise| see(otherwise));
            }
        }
    }
}

/// `CASE WHEN … THEN … ELSE … END`.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Condition and value, in order; at least one.
    pub branches: Vec<(Expr, Expr)>,
    /// The value after `ELSE`.
    pub otherwise: Option<Box<Expr>>,
}

/// `OVER (PARTITION BY … ORDER BY … ROWS …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// What rows are grouped by.
    pub partition_by: Vec<Expr>,
    /// What rows are ordered by.
    pub order_by: Vec<Order>,
    /// Which rows of the group count, if said.
    pub frame: Option<Frame>,
}

/// `ROWS BETWEEN 3 PRECEDING AND CURRENT ROW`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Whether bounds count rows (`ROWS`) rather than equals in the order (`RANGE`).
    pub rows: bool,
    /// The first row.
    pub from: Bound,
    /// The last row.
    pub to: Bound,
}

/// One end of a [`Frame`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// `UNBOUNDED PRECEDING`.
    First,
    /// `n PRECEDING`, rows.
    Before(u64),
    /// `CURRENT ROW`.
    Current,
    /// `n FOLLOWING`, rows.
    After(u64),
    /// `UNBOUNDED FOLLOWING`.
    Last,
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `NOT`
    Not,
}

macro_rules! infixes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $precedence:literal;)*) => {
        /// An operator between two operands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Infix { $($(#[$doc])* $name,)* }

        impl Infix {
            /// Every operator, loosest first.
            pub const ALL: &'static [Infix] = &[$(Infix::$name,)*];

            /// How it is written in canonical text.
            pub const fn word(self) -> &'static str {
                match self { $(Infix::$name => $word,)* }
            }

            /// How tightly it binds; more is tighter.
            pub const fn precedence(self) -> u8 {
                match self { $(Infix::$name => $precedence,)* }
            }
        }
    };
}

infixes! {
    /// Either.
    Or = "OR", 1;
    /// Both.
    And = "AND", 2;
    /// Equal; also written `==`.
    Equal = "=", 5;
    /// Not equal; also written `<>`.
    NotEqual = "!=", 5;
    /// Less.
    Less = "<", 5;
    /// Less or equal.
    LessEqual = "<=", 5;
    /// Greater.
    Greater = ">", 5;
    /// Greater or equal.
    GreaterEqual = ">=", 5;
    /// Sum.
    Add = "+", 6;
    /// Difference.
    Subtract = "-", 6;
    /// Texts joined.
    Concat = "||", 6;
    /// Product.
    Multiply = "*", 7;
    /// Quotient.
    Divide = "/", 7;
    /// Remainder.
    Modulo = "%", 7;
    /// Power; binds to the right.
    Power = "^", 8;
}

/// The precedences between which the operators of [`Infix`] stand.
pub(crate) mod precedence {
    /// Anything.
    pub(crate) const LOOSEST: u8 = 1;
    /// `NOT x`.
    pub(crate) const NOT: u8 = 3;
    /// `IS NULL`, `LIKE`, `BETWEEN`, `IN`.
    pub(crate) const TEST: u8 = 4;
    /// The operands of those.
    pub(crate) const COMPARISON: u8 = 5;
    /// `^`, which binds to the right.
    pub(crate) const POWER: u8 = 8;
    /// `-x`, `+x`.
    pub(crate) const SIGN: u8 = 9;
    /// `x::type`.
    pub(crate) const CAST: u8 = 10;
    /// `x.field`, `x[index]`.
    pub(crate) const POSTFIX: u8 = 11;
    /// What needs no parentheses anywhere.
    pub(crate) const ATOM: u8 = 12;
}

/// One item after `SELECT`. Two are equal when they say the same, wherever they stood.
#[derive(Debug, Clone)]
pub enum Item {
    /// `*` or, with the system columns, `:*`.
    All {
        /// Of which joined table: `@j.*`; `None` for the first.
        table: Option<Name>,
        /// Whether it was `:*`.
        system: bool,
        /// The columns after `EXCEPT`.
        except: Vec<Named>,
        /// Where it stood.
        span: Span,
    },
    /// An expression.
    Value {
        /// What is computed.
        value: Expr,
        /// The name after `AS`.
        alias: Option<Named>,
    },
}

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        match (self, other) {
            (
                Item::All { table, system, except, span: _ },
                Item::All { table: other_table, system: other_system, except: other_except, span: _ },
            ) => table == other_table && system == other_system && except == other_except,
            (Item::Value { value, alias }, Item::Value { value: other_value, alias: other_alias }) => {
                value == other_value && alias == other_alias
            }
            _ => false,
        }
    }
}

/// Where nulls stand in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// `NULLS FIRST`.
    First,
    /// `NULLS LAST`.
    Last,
}

/// One term after `ORDER BY`.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What is ordered by.
    pub by: Expr,
    /// Whether `DESC` was said.
    pub descending: bool,
    /// Where nulls stand, if said.
    pub nulls: Option<Nulls>,
}

/// A published table by its id or alias, or a query in its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// `@ijzp-q8t2`, without its `@`.
    Table(Named),
    /// `(SELECT …)`.
    Query(Box<Query>),
}

/// Which rows without a partner a join keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `JOIN`: none.
    Inner,
    /// `LEFT OUTER JOIN`: those of the left.
    Left,
    /// `RIGHT OUTER JOIN`: those of the right.
    Right,
    /// `FULL OUTER JOIN`: both.
    Full,
}

/// `JOIN @id AS j ON …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// Which rows without a partner it keeps.
    pub kind: JoinKind,
    /// What is joined.
    pub with: Source,
    /// What it is called, without its `@`.
    pub alias: Option<Named>,
    /// Which rows are partners.
    pub on: Expr,
}

/// `FROM @id AS x`; without it, a query is asked of the table it is sent to.
#[derive(Debug, Clone, PartialEq)]
pub struct From {
    /// The table's id or alias, without its `@`; `this` is the one it is sent to.
    pub table: Named,
    /// What it is called, without its `@`.
    pub alias: Option<Named>,
}

/// One select.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Select {
    /// Whether `DISTINCT` was said.
    pub distinct: bool,
    /// What is selected; at least one.
    pub items: Vec<Item>,
    /// `FROM`.
    pub from: Option<From>,
    /// `JOIN`s in order.
    pub joins: Vec<Join>,
    /// `WHERE`.
    pub filter: Option<Expr>,
    /// `GROUP BY`.
    pub group_by: Vec<Expr>,
    /// `HAVING`.
    pub having: Option<Expr>,
    /// `ORDER BY`.
    pub order_by: Vec<Order>,
    /// `SEARCH 'text'`.
    pub search: Option<String>,
    /// `LIMIT`, rows.
    pub limit: Option<u64>,
    /// `OFFSET`, rows.
    pub offset: Option<u64>,
}

/// Selects in a row, each link taking everything before it: `q1 |> q2 UNION q3` is `(q1 |> q2) UNION q3`.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The first.
    pub first: Part,
    /// What follows, in order.
    pub then: Vec<(Link, Part)>,
}

/// One of the selects that a query is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// `SELECT …`.
    Select(Box<Select>),
    /// A query in parentheses.
    Nested(Box<Query>),
}

/// How a select goes on from what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// `|>`: its rows are asked again.
    Pipe,
    /// Rows of both.
    Rows(SetKind, Every),
}

/// How the rows of two queries go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetKind {
    /// `UNION`: those of either.
    Union,
    /// `INTERSECT`: those of both.
    Intersect,
    /// `MINUS`: those of the first alone.
    Minus,
}

/// Whether a row counts once or as often as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Every {
    /// Equal rows are one.
    Once,
    /// `ALL`: equal rows are as many as they are.
    All,
}
