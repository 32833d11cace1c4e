//! A typed plan as a plan of DataFusion: expressions, never text.
//!
//! In:    a [`Plan`] and what its tables are scanned from.
//! Out:   a [`LogicalPlan`] whose columns are those of the plan, in its order.
//! Never: writes SQL; lets an expression fail on a value.
//!
//! # How
//! Sources are named `s0`, `s1`; keys of groups `k0`, aggregates `a0`, window functions `w0`. The order is put on rows
//! before the last projection, so that what is ordered by need not be selected, and only rows that are kept are computed.

use std::sync::Arc;

use clear_soql::functions::FunctionId as F;
use clear_soql::plan::{Aggregate, Groups, Order, Plan, Rel, RelNode, Select, Typed, TypedNode, Value, Window};
use clear_soql::{Bound, Every, Frame, JoinKind, SetKind, SoqlType, types};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, JoinType, Result, ScalarValue, TableReference};
use datafusion::functions_aggregate as aggregates;
use datafusion::functions_window as windows;
use datafusion::functions_window::expr_fn::{dense_rank, lag, lead, ntile, rank, row_number};
use datafusion::logical_expr::expr::{AggregateFunction, InList, WindowFunction};
use datafusion::logical_expr::{
    Between, Case, Cast, Expr, LogicalPlan, LogicalPlanBuilder, Operator, Sort, SortExpr, TableSource, WindowFrame,
    WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition, binary_expr, lit,
};

use super::{gather, scalar, values};

/// A limit beyond this is no limit: no table has so many rows, and engines add to it.
const ROWS_MAX: u64 = 1 << 40;

/// The plan over those tables, in the order of the schema it was made with.
///
/// # Errors
/// What the engine cannot do, in its words.
pub(super) fn plan(plan: &Plan, tables: &[Arc<dyn TableSource>]) -> Result<LogicalPlan> {
    let translated = rel(&plan.root, tables)?;
    let builder = match plan.root.node {
        // Rows of two queries have no order of their own; they get one of all their columns.
        RelNode::Rows { .. } => {
            let orderable = types::Types::ORDERED.or(types::Types::one(SoqlType::Point));
            let ordered = plan.root.fields.iter().filter(|field| orderable.has(field.soql_type));
            let by = |field: &clear_soql::plan::Field| match field.soql_type {
                SoqlType::Point => {
                    scalar::udf(F::CastText, vec![SoqlType::Point], SoqlType::Text).call(vec![named(&field.name)])
                }
                _ => named(&field.name),
            };
            let sorts: Vec<SortExpr> = ordered.map(|field| by(field).sort(true, false)).collect();
            sorted(translated, sorts)?
        }
        _ => translated,
    };
    builder.build()
}

/// Something that gives rows, its columns under their names.
fn rel(rel: &Rel, tables: &[Arc<dyn TableSource>]) -> Result<LogicalPlanBuilder> {
    match &rel.node {
        RelNode::Table(at) => {
            let builder = scan(*at, "t", tables)?;
            let columns = rel.fields.iter().map(|field| {
                let column = Expr::Column(Column::new(Some(TableReference::bare("t")), field.name.clone()));
                column.alias(field.name.clone())
            });
            builder.project(columns.collect::<Vec<_>>())
        }
        RelNode::Select(own) => select(own, &rel.fields, tables),
        RelNode::Rows { kind, every, left, right } => rows(*kind, *every, rel, left, right, tables),
    }
}

fn scan(at: usize, name: &str, tables: &[Arc<dyn TableSource>]) -> Result<LogicalPlanBuilder> {
    match tables.get(at) {
        Some(source) => LogicalPlanBuilder::scan(TableReference::bare(name), Arc::clone(source), None),
        None => Ok(LogicalPlanBuilder::empty(false)),
    }
}

/// Rows of two queries. `ALL` numbers equal rows, so that the second of the one meets the second of the other.
fn rows(
    kind: SetKind,
    every: Every,
    own: &Rel,
    left: &Rel,
    right: &Rel,
    tables: &[Arc<dyn TableSource>],
) -> Result<LogicalPlanBuilder> {
    let side = |of: &Rel| -> Result<LogicalPlanBuilder> {
        // Both sides under the same names, whatever they called their columns.
        let columns = of.fields.iter().enumerate().map(|(at, field)| named(&field.name).alias(format!("c{at}")));
        let builder = rel(of, tables)?.project(columns.collect::<Vec<_>>())?;
        if kind == SetKind::Union || every == Every::Once {
            return Ok(builder);
        }
        let all: Vec<Expr> = (0..of.fields.len()).map(|at| named(&format!("c{at}"))).collect();
        let mut numbered = row_number();
        if let Expr::WindowFunction(function) = &mut numbered {
            function.params.partition_by = all;
        }
        builder.window(vec![numbered.alias("n")])
    };
    let (left, right) = (side(left)?, side(right)?.build()?);
    let together = match (kind, every) {
        (SetKind::Union, Every::All) => left.union(right)?,
        (SetKind::Union, Every::Once) => left.union_distinct(right)?,
        (SetKind::Intersect, every) => {
            LogicalPlanBuilder::new(LogicalPlanBuilder::intersect(left.build()?, right, every == Every::All)?)
        }
        (SetKind::Minus, every) => {
            LogicalPlanBuilder::new(LogicalPlanBuilder::except(left.build()?, right, every == Every::All)?)
        }
    };
    let schema = Arc::clone(together.schema());
    let columns = own.fields.iter().enumerate().map(|(at, field)| {
        // Whatever the engine calls them now, they are in their places.
        let column = schema.columns().get(at).cloned().unwrap_or_else(|| Column::new_unqualified(format!("c{at}")));
        Expr::Column(column).alias(field.name.clone())
    });
    together.project(columns.collect::<Vec<_>>())
}

fn select(
    select: &Select,
    fields: &[clear_soql::plan::Field],
    tables: &[Arc<dyn TableSource>],
) -> Result<LogicalPlanBuilder> {
    let mut builder: Option<LogicalPlanBuilder> = None;
    let mut layouts: Vec<Vec<(String, DataType)>> = Vec::new();
    for (at, source) in select.sources.iter().enumerate() {
        let name = format!("s{at}");
        let own = match &source.rel.node {
            RelNode::Table(table) => scan(*table, &name, tables)?,
            _ => rel(&source.rel, tables)?.alias(TableReference::bare(name.as_str()))?,
        };
        let schema = Arc::clone(own.schema());
        let layout = source.rel.fields.iter().map(|field| {
            let found = schema.field_with_unqualified_name(&field.name).map(|field| field.data_type().clone());
            (field.name.clone(), found.unwrap_or_else(|_| values::layout(field.soql_type)))
        });
        layouts.push(layout.collect());
        let scope = Scope { layouts: &layouts, aggregates: &[], windows: &[] };
        builder = Some(match (builder, &source.join) {
            (Some(before), Some((kind, on))) => {
                let kind = match kind {
                    JoinKind::Inner => JoinType::Inner,
                    JoinKind::Left => JoinType::Left,
                    JoinKind::Right => JoinType::Right,
                    JoinKind::Full => JoinType::Full,
                };
                before.join_on(own.build()?, kind, vec![scope.paired(at, scope.expr(on)?, &select.sources)])?
            }
            _ => own,
        });
    }
    let mut builder = builder.unwrap_or_else(|| LogicalPlanBuilder::empty(true));
    let aggregates = select.groups.as_ref().map(|groups| groups.aggregates.as_slice()).unwrap_or_default();
    let scope = Scope { layouts: &layouts, aggregates, windows: &select.windows };
    if let Some(filter) = &select.filter {
        builder = builder.filter(scope.expr(filter)?)?;
    }
    if let Some(words) = &select.search {
        builder = builder.filter(scope.search(words, &select.sources)?)?;
    }
    if let Some(groups) = &select.groups {
        builder = scope.grouped(builder, groups)?;
    }
    builder = scope.windowed(builder, &select.windows)?;
    let items = |scope: &Scope<'_>| -> Result<Vec<Expr>> { select.items.iter().map(|item| scope.expr(item)).collect() };
    let order =
        |order: &Order| -> Result<SortExpr> { Ok(scope.expr(&order.by)?.sort(!order.descending, order.nulls_first)) };
    let sorts: Vec<SortExpr> = select.order_by.iter().map(order).collect::<Result<_>>()?;
    let limit = select.limit.filter(|limit| *limit < ROWS_MAX).map(|limit| limit as usize);
    let offset = select.offset.unwrap_or(0).min(ROWS_MAX) as usize;
    let ordered = |builder: LogicalPlanBuilder| -> Result<LogicalPlanBuilder> {
        let builder = sorted(builder, sorts.clone())?;
        if limit.is_none() && offset == 0 { Ok(builder) } else { builder.limit(offset, limit) }
    };
    if select.distinct {
        let columns = items(&scope)?.into_iter().enumerate().map(|(at, item)| item.alias(format!("c{at}")));
        let builder = ordered(builder.project(columns.collect::<Vec<_>>())?.distinct()?)?;
        let columns = fields.iter().enumerate().map(|(at, field)| named(&format!("c{at}")).alias(field.name.clone()));
        return builder.project(columns.collect::<Vec<_>>());
    }
    let columns = items(&scope)?.into_iter().zip(fields).map(|(item, field)| item.alias(field.name.clone()));
    ordered(builder)?.project(columns.collect::<Vec<_>>())
}

/// Rows in that order. The builder's own `sort` takes a part of an order that is equal to the condition before it for a
/// column of that condition, which there is not.
fn sorted(builder: LogicalPlanBuilder, sorts: Vec<SortExpr>) -> Result<LogicalPlanBuilder> {
    if sorts.is_empty() {
        return Ok(builder);
    }
    let input = Arc::new(builder.build()?);
    Ok(LogicalPlanBuilder::new(LogicalPlan::Sort(Sort { expr: sorts, input, fetch: None })))
}

fn named(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// What expressions of one select may name.
struct Scope<'a> {
    /// By source, its columns and how they are laid out.
    layouts: &'a [Vec<(String, DataType)>],
    aggregates: &'a [Aggregate],
    windows: &'a [Window],
}

impl Scope<'_> {
    fn all(&self, list: &[Typed]) -> Result<Vec<Expr>> {
        list.iter().map(|typed| self.expr(typed)).collect()
    }

    fn column(&self, source: usize, column: usize, soql_type: SoqlType) -> Expr {
        let found = self.layouts.get(source).and_then(|columns| columns.get(column));
        let (name, layout) = found.cloned().unwrap_or_else(|| (String::new(), values::layout(soql_type)));
        let expr = Expr::Column(Column::new(Some(TableReference::bare(format!("s{source}"))), name));
        let wanted = values::layout(soql_type);
        if layout == wanted { expr } else { Expr::Cast(Cast::new(Box::new(expr), wanted)) }
    }

    /// A join's condition that counts the pairs of rows which it is asked of.
    fn paired(&self, joined: usize, on: Expr, sources: &[clear_soql::plan::Source]) -> Expr {
        let first = |at: usize| {
            let field = sources.get(at).and_then(|source| source.rel.fields.first());
            field.map(|field| (self.column(at, 0, field.soql_type), field.soql_type))
        };
        match (first(0), first(joined)) {
            (Some((left, takes)), Some((right, other))) => on.and(scalar::paired(takes, other).call(vec![left, right])),
            _ => on,
        }
    }

    fn grouped(&self, builder: LogicalPlanBuilder, groups: &Groups) -> Result<LogicalPlanBuilder> {
        let keys = self.all(&groups.keys)?.into_iter().enumerate().map(|(at, key)| key.alias(format!("k{at}")));
        let mut computed = Vec::new();
        for (at, aggregate) in groups.aggregates.iter().enumerate() {
            computed.push(self.aggregate(aggregate)?.alias(format!("a{at}")));
        }
        if groups.keys.is_empty() && computed.is_empty() {
            // `HAVING` alone makes one group of all rows.
            computed.push(aggregates::expr_fn::count(lit(1_i64)).alias("a0"));
        }
        let builder = builder.aggregate(keys.collect::<Vec<_>>(), computed)?;
        match &groups.having {
            Some(having) => builder.filter(self.expr(having)?),
            None => Ok(builder),
        }
    }

    /// The arguments of an aggregate; where its filter does not hold, they are NULL, which no aggregate counts.
    fn counted(&self, arguments: &[Typed], filter: Option<&Typed>) -> Result<Vec<Expr>> {
        let mut arguments = if arguments.is_empty() { vec![lit(1_i64)] } else { self.all(arguments)? };
        if let (Some(filter), Some(first)) = (filter, arguments.first_mut()) {
            let (filter, then) = (self.expr(filter)?, std::mem::replace(first, lit(ScalarValue::Null)));
            *first = Expr::Case(Case::new(None, vec![(Box::new(filter), Box::new(then))], None));
        }
        Ok(arguments)
    }

    fn udaf(function: F, arguments: &[Typed]) -> Option<Arc<datafusion::logical_expr::AggregateUDF>> {
        Some(match function {
            F::Count | F::CountDistinct => aggregates::count::count_udaf(),
            F::Sum => aggregates::sum::sum_udaf(),
            F::Avg => aggregates::average::avg_udaf(),
            F::Min => aggregates::min_max::min_udaf(),
            F::Max => aggregates::min_max::max_udaf(),
            F::Median => aggregates::median::median_udaf(),
            F::StddevPop => aggregates::stddev::stddev_pop_udaf(),
            F::StddevSamp => aggregates::stddev::stddev_udaf(),
            F::RegrSlope => aggregates::regr::regr_slope_udaf(),
            F::RegrIntercept => aggregates::regr::regr_intercept_udaf(),
            F::RegrR2 => aggregates::regr::regr_r2_udaf(),
            F::Extent | F::ConvexHull | F::SpatialUnion => {
                let takes = arguments.first().map_or(SoqlType::Point, |argument| argument.soql_type);
                Arc::new(gather::udaf(function, takes))
            }
            _ => return None,
        })
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Result<Expr> {
        let arguments = self.counted(&aggregate.arguments, aggregate.filter.as_ref())?;
        let distinct = aggregate.function == F::CountDistinct;
        let udaf = Self::udaf(aggregate.function, &aggregate.arguments).unwrap_or_else(aggregates::count::count_udaf);
        Ok(Expr::AggregateFunction(AggregateFunction::new_udf(udaf, arguments, distinct, None, Vec::new(), None)))
    }

    /// Window functions over columns: what they are grouped and ordered by is computed first. An engine that compares orders
    /// by their expressions does not know each of them again.
    fn windowed(&self, builder: LogicalPlanBuilder, windows: &[Window]) -> Result<LogicalPlanBuilder> {
        let mut computed: Vec<Expr> = Vec::new();
        let mut over = Vec::new();
        for window in windows {
            let mut expr = self.window(window)?;
            if let Expr::WindowFunction(function) = &mut expr {
                let params = &mut function.params;
                let keys =
                    params.partition_by.iter_mut().chain(params.order_by.iter_mut().map(|order| &mut order.expr));
                for key in keys.filter(|key| !matches!(key, Expr::Column(_))) {
                    let at = computed.iter().position(|known| known == key).unwrap_or_else(|| {
                        computed.push(key.clone());
                        computed.len() - 1
                    });
                    *key = named(&format!("x{at}"));
                }
            }
            over.push(expr);
        }
        let mut builder = builder;
        if !computed.is_empty() {
            let columns: Vec<Expr> = builder.schema().columns().into_iter().map(Expr::Column).collect();
            let computed = computed.into_iter().enumerate().map(|(at, expr)| expr.alias(format!("x{at}")));
            builder = builder.project(columns.into_iter().chain(computed).collect::<Vec<_>>())?;
        }
        for (at, expr) in over.into_iter().enumerate() {
            builder = builder.window(vec![expr.alias(format!("w{at}"))])?;
        }
        Ok(builder)
    }

    fn window(&self, window: &Window) -> Result<Expr> {
        let first = |arguments: &[Expr]| arguments.first().cloned().unwrap_or_else(|| lit(1_i64));
        let whole = |at: usize| match window.arguments.get(at).and_then(Typed::literal) {
            Some(Value::Number(number)) => Some(*number as i64),
            _ => None,
        };
        let other = window.arguments.get(2).map(literal).transpose()?;
        let arguments = self.counted(&window.arguments, window.filter.as_ref())?;
        let mut expr = match window.function {
            F::RowNumber => row_number(),
            F::Rank => rank(),
            F::DenseRank => dense_rank(),
            F::Ntile => ntile(lit(whole(0).unwrap_or(1))),
            F::Lag => lag(first(&arguments), Some(whole(1).unwrap_or(1)), other),
            F::Lead => lead(first(&arguments), Some(whole(1).unwrap_or(1)), other),
            F::FirstValue => windows::nth_value::first_value(first(&arguments)),
            F::LastValue => windows::nth_value::last_value(first(&arguments)),
            function => {
                let udaf = Self::udaf(function, &window.arguments).unwrap_or_else(aggregates::count::count_udaf);
                let mut made = WindowFunction::new(WindowFunctionDefinition::AggregateUDF(udaf), arguments);
                made.params.distinct = function == F::CountDistinct;
                Expr::WindowFunction(Box::new(made))
            }
        };
        if let Expr::WindowFunction(function) = &mut expr {
            function.params.partition_by = self.all(&window.partition_by)?;
            for order in &window.order_by {
                let by = self.expr(&order.by)?;
                function.params.order_by.push(by.sort(!order.descending, order.nulls_first));
            }
            function.params.window_frame = match window.frame {
                Some(frame) => framed(frame),
                None => WindowFrame::new((!window.order_by.is_empty()).then_some(false)),
            };
        }
        Ok(expr)
    }

    /// Whether the words stand in the texts of the first source.
    fn search(&self, words: &str, sources: &[clear_soql::plan::Source]) -> Result<Expr> {
        let fields = sources.first().map(|source| source.rel.fields.as_slice()).unwrap_or_default();
        let texts = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.soql_type == SoqlType::Text && !field.name.starts_with(':'));
        let texts: Vec<Expr> = texts.map(|(at, _)| self.column(0, at, SoqlType::Text)).collect();
        Ok(scalar::search(texts.len(), words).call(texts))
    }

    fn expr(&self, typed: &Typed) -> Result<Expr> {
        match &typed.node {
            TypedNode::Literal(_) => Ok(lit(literal(typed)?)),
            TypedNode::Column { source, column } => Ok(self.column(*source, *column, typed.soql_type)),
            TypedNode::Key(at) => Ok(named(&format!("k{at}"))),
            TypedNode::Item(at) => Ok(named(&format!("c{at}"))),
            TypedNode::Aggregate(at) => {
                let function = self.aggregates.get(*at).map_or(F::Count, |aggregate| aggregate.function);
                Ok(numeric(function, named(&format!("a{at}"))))
            }
            TypedNode::Window(at) => {
                let function = self.windows.get(*at).map_or(F::Count, |window| window.function);
                Ok(numeric(function, named(&format!("w{at}"))))
            }
            TypedNode::Call(function, arguments) => self.call(*function, arguments, typed.soql_type),
        }
    }

    /// An argument as what equality can be asked of.
    fn comparable(&self, typed: &Typed) -> Result<Expr> {
        let expr = self.expr(typed)?;
        if typed.soql_type == SoqlType::Point {
            return Ok(scalar::udf(F::CastText, vec![SoqlType::Point], SoqlType::Text).call(vec![expr]));
        }
        Ok(expr)
    }

    fn compared(&self, operator: Operator, arguments: &[Typed]) -> Result<Expr> {
        match arguments {
            [left, right] => Ok(binary_expr(self.comparable(left)?, operator, self.comparable(right)?)),
            _ => Ok(lit(ScalarValue::Boolean(None))),
        }
    }

    fn call(&self, function: F, arguments: &[Typed], gives: SoqlType) -> Result<Expr> {
        let one = || -> Result<Expr> {
            match arguments.first() {
                Some(argument) => self.expr(argument),
                None => Ok(lit(ScalarValue::Null)),
            }
        };
        Ok(match function {
            F::Or => balanced(self.all(arguments)?, Expr::or),
            F::And => balanced(self.all(arguments)?, Expr::and),
            F::Not => Expr::Not(Box::new(one()?)),
            F::Equal => self.compared(Operator::Eq, arguments)?,
            F::NotEqual => self.compared(Operator::NotEq, arguments)?,
            F::Less => self.compared(Operator::Lt, arguments)?,
            F::LessEqual => self.compared(Operator::LtEq, arguments)?,
            F::Greater => self.compared(Operator::Gt, arguments)?,
            F::GreaterEqual => self.compared(Operator::GtEq, arguments)?,
            F::IsNull => Expr::IsNull(Box::new(one()?)),
            F::IsNotNull => Expr::IsNotNull(Box::new(one()?)),
            F::NotLike => Expr::Not(Box::new(self.own(F::Like, arguments, gives)?)),
            F::Between | F::NotBetween => match arguments {
                [of, low, high] => Expr::Between(Between::new(
                    Box::new(self.expr(of)?),
                    function == F::NotBetween,
                    Box::new(self.expr(low)?),
                    Box::new(self.expr(high)?),
                )),
                _ => lit(ScalarValue::Boolean(None)),
            },
            F::In | F::NotIn => {
                let mut list =
                    arguments.iter().map(|argument| self.comparable(argument)).collect::<Result<Vec<_>>>()?;
                let of = if list.is_empty() { lit(ScalarValue::Boolean(None)) } else { list.remove(0) };
                Expr::InList(InList::new(Box::new(of), list, function == F::NotIn))
            }
            F::Case | F::Iif => self.case(arguments, function == F::Iif)?,
            F::Coalesce => datafusion::functions::core::expr_fn::coalesce(self.all(arguments)?),
            F::Greatest => datafusion::functions::core::expr_fn::greatest(self.all(arguments)?),
            F::Least => datafusion::functions::core::expr_fn::least(self.all(arguments)?),
            F::Nullif => {
                let null = lit(ScalarValue::try_from(&values::layout(gives))?);
                let equal = self.compared(Operator::Eq, arguments)?;
                Expr::Case(Case::new(None, vec![(Box::new(equal), Box::new(null))], Some(Box::new(one()?))))
            }
            F::Concat => {
                let texts = arguments.iter().map(|argument| {
                    let expr = self.expr(argument)?;
                    Ok(match argument.soql_type {
                        SoqlType::Text => expr,
                        other => scalar::udf(F::CastText, vec![other], SoqlType::Text).call(vec![expr]),
                    })
                });
                let texts = texts.collect::<Result<Vec<_>>>()?;
                scalar::udf(F::Concat, vec![SoqlType::Text; texts.len()], SoqlType::Text).call(texts)
            }
            _ => self.own(function, arguments, gives)?,
        })
    }

    fn case(&self, arguments: &[Typed], iif: bool) -> Result<Expr> {
        let (branches, otherwise) = match arguments {
            [when, then, otherwise] if iif => (vec![(when, then)], Some(otherwise)),
            pairs => {
                let branches = pairs.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
                (branches.collect(), None)
            }
        };
        let mut when_then = Vec::new();
        let mut otherwise = otherwise.map(|typed| self.expr(typed)).transpose()?.map(Box::new);
        for (when, then) in branches {
            if matches!(when.literal(), Some(Value::Checkbox(true))) {
                // What stands behind TRUE is what is left.
                otherwise = Some(Box::new(self.expr(then)?));
                break;
            }
            when_then.push((Box::new(self.expr(when)?), Box::new(self.expr(then)?)));
        }
        match otherwise {
            Some(otherwise) if when_then.is_empty() => Ok(*otherwise),
            otherwise => Ok(Expr::Case(Case::new(None, when_then, otherwise))),
        }
    }

    /// A function of ours. A geometry that stands in the query as the last argument is made ready once.
    fn own(&self, function: F, arguments: &[Typed], gives: SoqlType) -> Result<Expr> {
        let takes: Vec<SoqlType> = arguments.iter().map(|argument| argument.soql_type).collect();
        if let (F::WithinPolygon | F::Intersects | F::DistanceInMeters, [first, second]) = (function, arguments) {
            if let Some(Value::Shape(shape)) = second.literal() {
                let udf = scalar::udf_with(function, vec![first.soql_type], gives, Arc::clone(shape));
                return Ok(udf.call(vec![self.expr(first)?]));
            }
            if let (Some(Value::Shape(shape)), F::Intersects | F::DistanceInMeters) = (first.literal(), function) {
                let udf = scalar::udf_with(function, vec![second.soql_type], gives, Arc::clone(shape));
                return Ok(udf.call(vec![self.expr(second)?]));
            }
        }
        Ok(scalar::udf(function, takes, gives).call(self.all(arguments)?))
    }
}

/// Many as one, so that a chain of four hundred is nine levels deep.
fn balanced(mut list: Vec<Expr>, both: fn(Expr, Expr) -> Expr) -> Expr {
    while list.len() > 1 {
        let mut halved = Vec::with_capacity(list.len().div_ceil(2));
        let mut rest = list.into_iter();
        while let Some(first) = rest.next() {
            halved.push(match rest.next() {
                Some(second) => both(first, second),
                None => first,
            });
        }
        list = halved;
    }
    list.pop().unwrap_or_else(|| lit(ScalarValue::Boolean(None)))
}

/// Counts and ranks as numbers; sums that grew beyond all numbers as NULL.
fn numeric(function: F, expr: Expr) -> Expr {
    match function {
        F::Count | F::CountDistinct | F::RowNumber | F::Rank | F::DenseRank | F::Ntile => {
            Expr::Cast(Cast::new(Box::new(expr), DataType::Float64))
        }
        F::Sum | F::Avg | F::Median | F::StddevPop | F::StddevSamp | F::RegrSlope | F::RegrIntercept | F::RegrR2 => {
            scalar::finite().call(vec![expr])
        }
        _ => expr,
    }
}

fn framed(frame: Frame) -> WindowFrame {
    let rows = |rows: u64| ScalarValue::UInt64(Some(rows.min(u64::from(u32::MAX))));
    let bound = |bound: Bound| match bound {
        Bound::First => WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
        Bound::Before(count) => WindowFrameBound::Preceding(rows(count)),
        Bound::Current => WindowFrameBound::CurrentRow,
        Bound::After(count) => WindowFrameBound::Following(rows(count)),
        Bound::Last => WindowFrameBound::Following(ScalarValue::UInt64(None)),
    };
    let units = if frame.rows { WindowFrameUnits::Rows } else { WindowFrameUnits::Range };
    WindowFrame::new_bounds(units, bound(frame.from), bound(frame.to))
}

/// A value in the layout of its type.
fn literal(typed: &Typed) -> Result<ScalarValue> {
    let layout = values::layout(typed.soql_type);
    Ok(match typed.literal() {
        None | Some(Value::Null) => ScalarValue::try_from(&layout)?,
        Some(Value::Checkbox(truth)) => ScalarValue::Boolean(Some(*truth)),
        Some(Value::Number(number)) => ScalarValue::Float64(Some(*number)),
        Some(Value::Text(text)) => ScalarValue::Utf8View(Some(text.clone())),
        Some(Value::Time(micros)) => {
            let zone = (typed.soql_type == SoqlType::FixedTimestamp).then(|| "UTC".into());
            ScalarValue::TimestampMicrosecond(Some(*micros), zone)
        }
        Some(Value::Shape(shape)) if typed.soql_type == SoqlType::Point => {
            let point = super::shapes::positions(shape).next();
            ScalarValue::try_from_array(&values::points(1, |_| point), 0)?
        }
        Some(Value::Shape(shape)) => ScalarValue::Utf8View(Some(shape.to_string())),
    })
}
