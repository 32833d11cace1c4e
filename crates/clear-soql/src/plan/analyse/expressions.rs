//! Expressions, typed: operators, literals, casts and fields.

use super::One;
use crate::ast;
use crate::ast::{DEPTH_MAX, Expr, Infix, Name, Node, Prefix, Span};
use crate::error::{Error, Position};
use crate::functions::{self, Function, FunctionId};
use crate::plan::resolve::{self, Wrong};
use crate::plan::{TYPED_DEPTH_MAX, Typed, TypedNode, Value};
use crate::types::{self, SoqlType};

/// How deep the analysis goes down. Left-deep chains of operators do not count.
const NESTED_MAX: usize = 70;

impl<'q> One<'_, '_, 'q> {
    pub(super) fn typed(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        self.nested += 1;
        if self.nested > NESTED_MAX {
            return Err(Error::TooDeep { at: self.at(expr.span) });
        }
        // A chain leans to the left and may be long; it is walked, not descended.
        let mut chain = Vec::new();
        let mut first = expr;
        while let Node::Infix(left, infix, right) = &first.node {
            chain.push((*infix, &**right, first.span));
            first = left;
        }
        let mut typed = if chain.is_empty() { self.single(first)? } else { self.typed(first)? };
        for (infix, right, span) in chain.into_iter().rev() {
            let right = self.typed(right)?;
            typed = self.infix(typed, infix, right, span)?;
        }
        self.nested -= 1;
        // What is not to be evaluated is not to be built either.
        if typed.depth() > TYPED_DEPTH_MAX.min(DEPTH_MAX) {
            return Err(Error::TooDeep { at: self.at(expr.span) });
        }
        Ok(typed)
    }

    fn infix(&mut self, left: Typed, infix: Infix, right: Typed, span: Span) -> Result<Typed, Error> {
        let function = match infix {
            Infix::Or => FunctionId::Or,
            Infix::And => FunctionId::And,
            Infix::Equal => FunctionId::Equal,
            Infix::NotEqual => FunctionId::NotEqual,
            Infix::Less => FunctionId::Less,
            Infix::LessEqual => FunctionId::LessEqual,
            Infix::Greater => FunctionId::Greater,
            Infix::GreaterEqual => FunctionId::GreaterEqual,
            Infix::Add => FunctionId::Add,
            Infix::Subtract => FunctionId::Subtract,
            Infix::Concat => FunctionId::Concat,
            Infix::Multiply => FunctionId::Multiply,
            Infix::Divide => FunctionId::Divide,
            Infix::Modulo => FunctionId::Modulo,
            Infix::Power => FunctionId::Power,
        };
        let typed = self.operator(function, vec![left, right], span)?;
        Ok(flattened(typed))
    }

    /// A call of one function that is written as a sign or keyword.
    pub(super) fn operator(&mut self, function: FunctionId, arguments: Vec<Typed>, span: Span) -> Result<Typed, Error> {
        let function = functions::of(function);
        self.call_of(std::iter::once(function), function.name, arguments, span).map(|call| {
            let node = TypedNode::Call(call.function, call.arguments);
            Typed::new(node, call.gives, span)
        })
    }

    pub(super) fn call_of(
        &self,
        candidates: impl Iterator<Item = &'static Function>,
        name: &str,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Result<resolve::Call, Error> {
        let arity = arguments.len();
        let places: Vec<(&'static str, Span)> =
            arguments.iter().map(|argument| (argument.soql_type.word(), argument.span)).collect();
        resolve::call(candidates, arguments).map_err(|wrong| match wrong {
            Wrong::Arity => Error::NoSuchFunction { function: name.to_owned(), arity, at: self.at(span) },
            Wrong::Argument(at) => {
                let (found, place) = places.get(at).copied().unwrap_or(("text", span));
                Error::TypeMismatch { function: name.to_owned(), found, at: self.at(place) }
            }
            Wrong::Ambiguous => Error::AmbiguousCall { function: name.to_owned(), at: self.at(span) },
        })
    }

    pub(super) fn literal(&self, value: Value, soql_type: SoqlType, span: Span) -> Typed {
        Typed::new(TypedNode::Literal(value), soql_type, span)
    }

    /// Anything but a chain of operators. Each kind has a function of its own, so that going down takes little stack.
    fn single(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        match &expr.node {
            Node::Prefix(prefix, of) => self.prefix(*prefix, of, expr.span),
            Node::Infix(..) => self.typed(expr),
            Node::Cast(of, to) => self.cast(of, to, expr.span),
            Node::Field(of, field) => self.field(of, field, expr.span),
            Node::Call { .. } => self.call(expr),
            Node::Case(case) => self.case(case, expr.span),
            Node::IsNull { .. } | Node::Like { .. } | Node::Between { .. } | Node::In { .. } => self.test(expr),
            _ => self.leaf(expr),
        }
    }

    /// What has nothing below it.
    fn leaf(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        let span = expr.span;
        match &expr.node {
            Node::Boolean(value) => Ok(self.literal(Value::Checkbox(*value), SoqlType::Checkbox, span)),
            Node::Number(digits) => match types::number(digits) {
                Some(number) => Ok(self.literal(Value::Number(number), SoqlType::Number, span)),
                None => Err(self.refused("The number is too large", span)),
            },
            Node::Text(text) => Ok(self.literal(Value::Text(text.clone()), SoqlType::Text, span)),
            Node::Column(name) => self.reference(name, span),
            Node::Joined { table, column } => {
                let source = self.source(table, span)?;
                self.joined(source, column, span)
            }
            Node::Star => Err(self.refused("`*` stands alone: count(*)", span)),
            Node::Index(..) => Err(Error::NoSuchFunction { function: "op$[]".to_owned(), arity: 2, at: self.at(span) }),
            _ => Ok(self.literal(Value::Null, SoqlType::Text, span)),
        }
    }

    /// `IS NULL`, `LIKE`, `BETWEEN`, `IN`.
    fn test(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        let (arguments, not, plain, negated): (Vec<&'q Expr>, _, _, _) = match &expr.node {
            Node::IsNull { of, not } => (vec![of], *not, FunctionId::IsNull, FunctionId::IsNotNull),
            Node::Like { of, not, pattern } => (vec![of, pattern], *not, FunctionId::Like, FunctionId::NotLike),
            Node::Between { of, not, low, high } => {
                (vec![of, low, high], *not, FunctionId::Between, FunctionId::NotBetween)
            }
            Node::In { of, not, list } => {
                (std::iter::once(&**of).chain(list).collect(), *not, FunctionId::In, FunctionId::NotIn)
            }
            _ => return self.leaf(expr),
        };
        let arguments = self.each(arguments)?;
        self.operator(if not { negated } else { plain }, arguments, expr.span)
    }

    pub(super) fn each(&mut self, list: impl IntoIterator<Item = &'q Expr>) -> Result<Vec<Typed>, Error> {
        let mut typed = Vec::new();
        for expr in list {
            typed.push(self.typed(expr)?);
        }
        Ok(typed)
    }

    fn case(&mut self, case: &'q ast::Case, span: Span) -> Result<Typed, Error> {
        let mut arguments = self.each(case.branches.iter().flat_map(|(when, then)| [when, then]))?;
        if let Some(otherwise) = &case.otherwise {
            arguments.push(self.literal(Value::Checkbox(true), SoqlType::Checkbox, otherwise.span));
            arguments.push(self.typed(otherwise)?);
        }
        self.operator(FunctionId::Case, arguments, span)
    }

    fn reference(&mut self, name: &Name, span: Span) -> Result<Typed, Error> {
        if let Some(alias) = self.alias(name, span)? {
            return Ok(Typed { span, ..alias });
        }
        match self.column(name) {
            Some((source, column)) => Ok(self.column_typed(source, column, span)),
            None => Err(Error::NoSuchColumn { column: name.as_str().to_owned(), at: self.at(span) }),
        }
    }

    fn joined(&mut self, source: usize, column: &Name, span: Span) -> Result<Typed, Error> {
        match self.column_of(source, column) {
            Some(column) => Ok(self.column_typed(source, column, span)),
            None => Err(Error::NoSuchColumn { column: column.as_str().to_owned(), at: self.at(span) }),
        }
    }

    fn prefix(&mut self, prefix: Prefix, of: &'q Expr, span: Span) -> Result<Typed, Error> {
        let of = self.typed(of)?;
        let function = match prefix {
            Prefix::Minus => FunctionId::Negate,
            Prefix::Plus => FunctionId::Plus,
            Prefix::Not => FunctionId::Not,
        };
        let typed = self.operator(function, vec![of], span)?;
        // A number with its sign is a number: engines want to see it as one.
        let folded = match &typed.node {
            TypedNode::Call(FunctionId::Negate, arguments) => match arguments.first().and_then(Typed::literal) {
                Some(Value::Number(number)) => Some(Value::Number(-number)),
                _ => None,
            },
            TypedNode::Call(FunctionId::Plus, arguments) => arguments.first().and_then(Typed::literal).cloned(),
            _ => None,
        };
        Ok(match folded {
            Some(value) => self.literal(value, SoqlType::Number, span),
            None => typed,
        })
    }

    fn cast(&mut self, of: &'q Expr, to: &Name, span: Span) -> Result<Typed, Error> {
        let of = self.typed(of)?;
        let function = SoqlType::named(to.as_str()).map(|to| (to, format!("cast${to}")));
        let Some((to, function)) = function else {
            let function = format!("cast${}", to.as_str());
            return Err(Error::NoSuchFunction { function, arity: 1, at: self.at(span) });
        };
        if of.soql_type == to {
            return Ok(Typed { span, ..of });
        }
        let (found, place) = (of.soql_type.word(), of.span);
        if matches!(of.literal(), Some(Value::Null | Value::Text(_))) {
            // What a literal says is known now; what it does not say is the asker's mistake.
            let read = resolve::as_type(of, to);
            let mismatch = |at: Position| Error::TypeMismatch { function: function.clone(), found, at };
            return if read.soql_type == to { Ok(Typed { span, ..read }) } else { Err(mismatch(self.at(place))) };
        }
        let candidates = functions::FUNCTIONS.iter().filter(|known| known.name == function);
        let call = self.call_of(candidates, &function, vec![of], span)?;
        Ok(Typed::new(TypedNode::Call(call.function, call.arguments), call.gives, span))
    }

    fn field(&mut self, of: &'q Expr, field: &Name, span: Span) -> Result<Typed, Error> {
        // `j.ward` is a column of a joined table, unless there is a column `j`.
        if let Node::Column(name) = &of.node
            && let Some(source) = self.dotted(name, of.span)
        {
            return self.joined(source, field, span);
        }
        let of = self.typed(of)?;
        let function = match (of.soql_type, field.as_str()) {
            (SoqlType::Point, "latitude") => FunctionId::PointLatitude,
            (SoqlType::Point, "longitude") => FunctionId::PointLongitude,
            (SoqlType::FloatingTimestamp, "year") => FunctionId::DateExtractY,
            (SoqlType::FloatingTimestamp, "month") => FunctionId::DateExtractM,
            (SoqlType::FloatingTimestamp, "day") => FunctionId::DateExtractD,
            (SoqlType::FloatingTimestamp, "hour") => FunctionId::DateExtractHh,
            (SoqlType::FloatingTimestamp, "minute") => FunctionId::DateExtractMm,
            (SoqlType::FloatingTimestamp, "second") => FunctionId::DateExtractSs,
            (SoqlType::FloatingTimestamp, "dow") => FunctionId::DateExtractDow,
            (SoqlType::FloatingTimestamp, "woy") => FunctionId::DateExtractWoy,
            (SoqlType::FloatingTimestamp, "isoyear") => FunctionId::DateExtractIsoY,
            (of, field) => {
                let function = format!("{of}_{field}");
                return Err(Error::NoSuchFunction { function, arity: 1, at: self.at(span) });
            }
        };
        self.operator(function, vec![of], span)
    }
}

/// Chains of one operator as one call; a difference as a sum.
fn flattened(typed: Typed) -> Typed {
    let Typed { node, soql_type, span, .. } = typed;
    let TypedNode::Call(function, arguments) = node else { return Typed::new(node, soql_type, span) };
    let chains = matches!(
        function,
        FunctionId::And
            | FunctionId::Or
            | FunctionId::Add
            | FunctionId::Subtract
            | FunctionId::Multiply
            | FunctionId::Concat
    );
    let mut arguments = arguments;
    if !chains || arguments.len() != 2 {
        return Typed::new(TypedNode::Call(function, arguments), soql_type, span);
    }
    let (Some(mut right), Some(left)) = (arguments.pop(), arguments.pop()) else {
        return Typed::new(TypedNode::Call(function, arguments), soql_type, span);
    };
    let function = if function == FunctionId::Subtract {
        right = match right.literal() {
            Some(Value::Number(number)) => {
                Typed::new(TypedNode::Literal(Value::Number(-number)), SoqlType::Number, right.span)
            }
            _ => {
                let place = right.span;
                Typed::new(TypedNode::Call(FunctionId::Negate, vec![right]), SoqlType::Number, place)
            }
        };
        FunctionId::Add
    } else {
        function
    };
    let mut chain = match left.node {
        TypedNode::Call(same, arguments) if same == function => arguments,
        node => vec![Typed::new(node, left.soql_type, left.span)],
    };
    chain.push(right);
    Typed::new(TypedNode::Call(function, chain), soql_type, span)
}
