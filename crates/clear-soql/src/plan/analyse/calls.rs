//! Calls of functions: scalars stay where they stand; aggregates and window functions are taken out and numbered.

use super::{One, Place};
use crate::ast::Window as Over;
use crate::ast::{Bound, Expr, Frame, Node, Span};
use crate::error::Error;
use crate::functions::{self, Function, FunctionId, Kind};
use crate::plan::resolve::{self};
use crate::plan::{Aggregate, Order, Typed, TypedNode, Value, Window};
use crate::types::{SoqlType, Types};

/// How many aggregates one select may have.
const AGGREGATES_MAX: usize = 500;

/// How many window functions one query may have: each is a level of the engine's plan.
const WINDOWS_MAX: usize = 32;

impl<'q> One<'_, '_, 'q> {
    pub(super) fn call(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        let (called, kind) = self.called(expr)?;
        let inner = match (called.over, kind) {
            (Some(_), _) => Place::Window,
            (None, Kind::Aggregate) => Place::Rows("an aggregate function"),
            _ => self.place,
        };
        let place = std::mem::replace(&mut self.place, inner);
        let arguments = if called.all { Vec::new() } else { self.each(called.arguments)? };
        let filter = called.filter.map(|filter| self.filter(filter)).transpose()?;
        let over = called.over.map(|over| self.over(over, called.span)).transpose()?;
        self.place = place;
        self.meant(called, arguments, filter, over)
    }

    /// Whether what was written may stand where it stands, and of what kind it is.
    fn called(&self, expr: &'q Expr) -> Result<(Called<'q>, Kind), Error> {
        let span = expr.span;
        let Node::Call { name, distinct, arguments, filter, over } = &expr.node else {
            return Err(self.refused("No function is called", span));
        };
        let name = if *distinct { format!("{}_distinct", name.as_str()) } else { name.as_str().to_owned() };
        let all = name == "count" && matches!(arguments.as_slice(), [Expr { node: Node::Star, .. }]);
        let arity = arguments.len();
        let fits = |function: &&Function| {
            function.signatures.iter().any(|signature| match arity.checked_sub(signature.takes.len()) {
                Some(0) => true,
                Some(_) => !signature.more.is_empty(),
                None => false,
            })
        };
        let Some(function) = functions::named(&name).find(fits) else {
            return Err(Error::NoSuchFunction { function: name, arity, at: self.at(span) });
        };
        let kind = function.kind;
        if filter.is_some() && kind != Kind::Aggregate {
            return Err(self.refused(format!("FILTER belongs to an aggregate function, and `{name}' is none"), span));
        }
        if over.is_none() && kind == Kind::Window {
            return Err(self.refused(format!("The window function `{name}' needs OVER (…)"), span));
        }
        if over.is_some() && !matches!(kind, Kind::Window | Kind::Aggregate) {
            return Err(self.refused(format!("OVER belongs to a window function, and `{name}' is none"), span));
        }
        let clause = match self.place {
            Place::Rows(clause) => Some(clause),
            Place::Window => Some("OVER").filter(|_| over.is_some()),
            Place::Groups => None,
        };
        let late = over.is_some() || kind == Kind::Aggregate;
        if let Some(clause) = clause.filter(|_| late) {
            return Err(Error::AggregateInUngroupedContext { function: name, clause, at: self.at(span) });
        }
        let (filter, over) = (filter.as_deref(), over.as_ref());
        Ok((Called { name, all, arguments, filter, over, span }, kind))
    }

    /// The call as it is meant, taken out of its expression if it is known later than its row.
    fn meant(
        &mut self,
        called: Called<'q>,
        arguments: Vec<Typed>,
        filter: Option<Typed>,
        over: Option<Around>,
    ) -> Result<Typed, Error> {
        let Called { name, all, span, .. } = called;
        let call = if all {
            resolve::Call { function: FunctionId::Count, kind: Kind::Aggregate, arguments, gives: SoqlType::Number }
        } else {
            self.call_of(functions::named(&name), &name, arguments, span)?
        };
        if let Some(Around { partition_by, order_by, frame }) = over {
            if call.kind == Kind::Window {
                self.constants(&call, span)?;
            }
            let resolve::Call { function, arguments, gives, .. } = call;
            // What was put together cannot be taken apart again as a frame moves on.
            let gathers = matches!(function, FunctionId::Extent | FunctionId::ConvexHull | FunctionId::SpatialUnion);
            if gathers && frame.is_some_and(|frame| frame.from != Bound::First) {
                return Err(self.refused(format!("The frame of `{name}' begins with UNBOUNDED PRECEDING"), span));
            }
            let window = Window { function, arguments, filter, partition_by, order_by, frame, soql_type: gives };
            let at = self.windows.number(window);
            if self.whole.windows + at >= WINDOWS_MAX {
                return Err(self.refused(format!("A query has at most {WINDOWS_MAX} window functions"), span));
            }
            return Ok(Typed::new(TypedNode::Window(at), gives, span));
        }
        if call.kind == Kind::Aggregate {
            let resolve::Call { function, arguments, gives, .. } = call;
            let at = self.aggregates.number(Aggregate { function, arguments, filter, soql_type: gives });
            if at >= AGGREGATES_MAX {
                return Err(self.refused(format!("A select has at most {AGGREGATES_MAX} aggregates"), span));
            }
            return Ok(Typed::new(TypedNode::Aggregate(at), gives, span));
        }
        Ok(Typed::new(TypedNode::Call(call.function, call.arguments), call.gives, span))
    }

    fn filter(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        let typed = resolve::as_type(self.typed(expr)?, SoqlType::Checkbox);
        if typed.soql_type != SoqlType::Checkbox {
            return Err(Error::NonBooleanWhere { found: typed.soql_type.word(), at: self.at(typed.span) });
        }
        Ok(typed)
    }

    fn over(&mut self, over: &'q Over, span: Span) -> Result<Around, Error> {
        let mut partition_by = Vec::new();
        for key in &over.partition_by {
            let key = self.typed(key)?;
            if !Types::ORDERED.or(Types::one(SoqlType::Point)).has(key.soql_type) {
                return Err(Error::NonGroupableGroup { found: key.soql_type.word(), at: self.at(key.span) });
            }
            partition_by.push(key);
        }
        let order_by = self.orders(&over.order_by)?;
        if let Some(frame) = &over.frame
            && let Some(what) = wrong_in(frame)
        {
            return Err(self.refused(what, span));
        }
        Ok(Around { partition_by, order_by, frame: over.frame })
    }

    /// How many parts, how many rows, and what stands for a row that is not there must be known before the rows are.
    fn constants(&self, call: &resolve::Call, span: Span) -> Result<(), Error> {
        let whole = |typed: &Typed, least: f64| match typed.literal() {
            Some(Value::Number(number)) => number.fract() == 0.0 && *number >= least && *number <= 1e9,
            _ => false,
        };
        let fits = match (call.function, call.arguments.as_slice()) {
            (FunctionId::Ntile, [parts]) => whole(parts, 1.0),
            (FunctionId::Lag | FunctionId::Lead, [_, rows]) => whole(rows, 0.0),
            (FunctionId::Lag | FunctionId::Lead, [_, rows, other]) => whole(rows, 0.0) && other.literal().is_some(),
            _ => true,
        };
        let name = functions::of(call.function).name;
        if fits {
            Ok(())
        } else {
            Err(self.refused(format!("`{name}' takes whole numbers and values, not expressions"), span))
        }
    }
}

/// A call as it was written.
struct Called<'q> {
    /// With `_distinct` behind it where `DISTINCT` was said.
    name: String,
    /// Whether it is `count(*)`.
    all: bool,
    arguments: &'q [Expr],
    filter: Option<&'q Expr>,
    over: Option<&'q Over>,
    span: Span,
}

/// `OVER (…)`, typed.
struct Around {
    partition_by: Vec<Typed>,
    order_by: Vec<Order>,
    frame: Option<Frame>,
}

/// What is wrong with a frame.
fn wrong_in(frame: &Frame) -> Option<&'static str> {
    let rank = |bound: Bound| -> (u8, i128) {
        match bound {
            Bound::First => (0, 0),
            Bound::Before(rows) => (1, -i128::from(rows)),
            Bound::Current => (2, 0),
            Bound::After(rows) => (3, i128::from(rows)),
            Bound::Last => (4, 0),
        }
    };
    let counted = |bound: Bound| matches!(bound, Bound::Before(_) | Bound::After(_));
    if frame.from == Bound::Last || frame.to == Bound::First || rank(frame.from) > rank(frame.to) {
        return Some("The frame ends before it begins");
    }
    if !frame.rows && (counted(frame.from) || counted(frame.to)) {
        return Some("RANGE takes UNBOUNDED and CURRENT ROW; rows are counted with ROWS");
    }
    None
}
