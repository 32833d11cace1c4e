//! Which records an answer tells of: a plan that carries, beside each row, the rows of the shelf that it is made of.
//!
//! In:    a plan over shelves, as the optimizer leaves it.
//! Out:   the same plan with more columns, each named by [`MARK`]: numbers of rows, or NULL.
//! Never: lets the asker name such a column: names are resolved before there is one, and [`carried`] refuses one that looks like it.
//!
//! # How
//! What keeps rows keeps their numbers, and a join has those of both sides. A group is a figure, unless it is made of one
//! row: then it has that row's number. Functions that pick one row's value (the first, the one before, the smallest text)
//! pick its number too. What puts many rows into one value is refused: whoever wants rows asks for rows.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::functions_aggregate::expr_fn::{count, min};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, ExprSchemable, LogicalPlan, Projection, SortExpr, TableScan, TableScanBuilder, Union,
    Window, lit, when,
};

use super::{MARK, ShelfTable};

/// The plan with the numbers of its rows.
///
/// # Errors
/// [`DataFusionError::Plan`] where a query puts rows into one value, or is made of parts whose rows cannot be told.
pub(crate) fn carried(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut looks_like = false;
    plan.apply_with_subqueries(|node| {
        looks_like |= node.schema().fields().iter().any(|field| field.name().starts_with(MARK));
        Ok(TreeNodeRecursion::Continue)
    })?;
    if looks_like {
        return Err(wrong("a name begins with a character that has no form"));
    }
    Carrier { made: 0 }.carry(plan)
}

fn wrong(what: &str) -> DataFusionError {
    DataFusionError::Plan(what.to_owned())
}

/// Makes names for columns of numbers.
struct Carrier {
    made: usize,
}

impl Carrier {
    fn name(&mut self) -> String {
        self.made += 1;
        format!("{MARK}{}", self.made)
    }

    fn carry(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        figures_only(&plan)?;
        let mut inputs: Vec<LogicalPlan> =
            plan.inputs().into_iter().cloned().map(|input| self.carry(input)).collect::<Result<_>>()?;
        let has_marks = inputs.iter().any(|input| !marks(input).is_empty());
        let of_one = |inputs: &mut Vec<LogicalPlan>| inputs.pop().ok_or_else(|| wrong("a plan without an input"));
        match &plan {
            LogicalPlan::TableScan(scan) => self.numbered(scan),
            _ if !has_marks => Ok(plan.clone()),
            LogicalPlan::Projection(projection) => {
                let input = of_one(&mut inputs)?;
                let exprs = projection.expr.iter().cloned().chain(marks(&input).into_iter().map(Expr::Column));
                Ok(LogicalPlan::Projection(Projection::try_new(exprs.collect(), Arc::new(input))?))
            }
            LogicalPlan::Aggregate(aggregate) => self.grouped(aggregate, of_one(&mut inputs)?),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let columns = input.schema().columns().into_iter().map(Expr::Column).collect();
                let aggregate = Aggregate::try_new(Arc::clone(input), columns, Vec::new())?;
                self.grouped(&aggregate, of_one(&mut inputs)?)
            }
            LogicalPlan::Window(window) => self.windowed(window, of_one(&mut inputs)?),
            LogicalPlan::Union(union) => self.united(union, inputs),
            LogicalPlan::Filter(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Join(_) => plan.with_new_exprs(plan.expressions(), inputs),
            _ => Err(wrong("a query is made of selects, joins, groups, windows and unions; it has something else")),
        }
    }

    /// A scan with the number of each row.
    fn numbered(&mut self, scan: &TableScan) -> Result<LogicalPlan> {
        let provider = source_as_provider(&scan.source)?;
        let any: &dyn std::any::Any = &*provider;
        let Some(table) = any.downcast_ref::<ShelfTable>() else { return Ok(LogicalPlan::TableScan(scan.clone())) };
        let shelf = table.shelf().clone().numbered();
        let last = shelf.schema().fields().len().saturating_sub(1);
        let own = scan.projection.clone().unwrap_or_else(|| (0..last).collect());
        let projection = own.into_iter().chain([last]).collect();
        let source = provider_as_source(Arc::new(ShelfTable::new(shelf)));
        let scan = TableScanBuilder::new(scan.table_name.clone(), source)
            .with_projection(Some(projection))
            .with_filters(scan.filters.clone())
            .with_fetch(scan.fetch)
            .build()?;
        // Each under a name of its own, so that a table can be joined with itself.
        let columns = scan.projected_schema.columns().into_iter().map(|column| match column.name == MARK {
            true => Expr::Column(column).alias(self.name()),
            false => Expr::Column(column),
        });
        let columns = columns.collect();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(LogicalPlan::TableScan(scan)))?))
    }

    /// Groups, each with the number of its row where it has one, and those of the rows whose values it shows.
    fn grouped(&mut self, aggregate: &Aggregate, input: LogicalPlan) -> Result<LogicalPlan> {
        let rows = self.name();
        let mut measures = aggregate.aggr_expr.clone();
        measures.push(count(lit(1)).alias(&rows));
        let mut columns: Vec<Expr> = aggregate.schema.columns().into_iter().map(Expr::Column).collect();
        for mark in marks(&input) {
            let least = self.name();
            measures.push(min(Expr::Column(mark.clone())).alias(&least));
            let alone = when(named(&rows).eq(lit(1_i64)), named(&least)).end()?;
            columns.push(alone.alias(self.name()));
            for measure in &aggregate.aggr_expr {
                if let Some(picked) = picked(measure, &mark, input.schema())? {
                    let name = self.name();
                    measures.push(picked.alias(&name));
                    columns.push(named(&name));
                }
            }
        }
        let grouped = Aggregate::try_new(Arc::new(input), aggregate.group_expr.clone(), measures)?;
        Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(LogicalPlan::Aggregate(grouped)))?))
    }

    /// Windows, with the numbers of the rows whose values they show.
    fn windowed(&mut self, window: &Window, input: LogicalPlan) -> Result<LogicalPlan> {
        let mut exprs = window.window_expr.clone();
        for mark in marks(&input) {
            for expr in &window.window_expr {
                let Expr::WindowFunction(function) = expr.clone().unalias() else { continue };
                if let Some(seen) = seen(*function, &mark, input.schema())? {
                    exprs.push(seen.alias(self.name()));
                }
            }
        }
        Ok(LogicalPlan::Window(Window::try_new(exprs, Arc::new(input))?))
    }

    /// Rows of several, each with as many numbers as the one that has most.
    fn united(&mut self, union: &Union, inputs: Vec<LogicalPlan>) -> Result<LogicalPlan> {
        let most = inputs.iter().map(|input| marks(input).len()).max().unwrap_or(0);
        let names: Vec<String> = (0..most).map(|_| self.name()).collect();
        let even = |(before, input): (&Arc<LogicalPlan>, LogicalPlan)| -> Result<Arc<LogicalPlan>> {
            let own = before.schema().columns().into_iter().map(Expr::Column);
            let known = marks(&input).into_iter().map(Expr::Column);
            let filled = known.chain(std::iter::repeat(lit(ScalarValue::Float64(None))));
            let columns = own.chain(filled.zip(&names).map(|(mark, name)| mark.alias(name))).collect();
            Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(input))?)))
        };
        let inputs = union.inputs.iter().zip(inputs).map(even).collect::<Result<_>>()?;
        let own = union.schema.iter().map(|(table, field)| (table.cloned(), Arc::clone(field)));
        let numbers = names.iter().map(|name| (None, Arc::new(Field::new(name, DataType::Float64, true))));
        let schema = DFSchema::new_with_metadata(own.chain(numbers).collect(), union.schema.metadata().clone())?;
        Ok(LogicalPlan::Union(Union { inputs, schema: Arc::new(schema) }))
    }
}

fn named(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

/// The columns of numbers that a plan gives.
fn marks(plan: &LogicalPlan) -> Vec<Column> {
    plan.schema().columns().into_iter().filter(|column| column.name.starts_with(MARK)).collect()
}

/// The number of a row where another expression has a value.
fn number_of(mark: &Column, of: &Expr) -> Result<Expr> {
    when(of.clone().is_not_null(), Expr::Column(mark.clone())).end()
}

fn is_text(of: &Expr, schema: &DFSchema) -> Result<bool> {
    Ok(matches!(of.get_type(schema)?, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View))
}

/// What an aggregate makes of many rows.
fn listed(name: &str) -> DataFusionError {
    wrong(&format!("{name} puts rows into one value: ask for the rows"))
}

/// The number of the row whose value an aggregate shows; `None` where it is a figure of many.
fn picked(measure: &Expr, mark: &Column, schema: &DFSchema) -> Result<Option<Expr>> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = measure.clone().unalias() else {
        return Ok(None);
    };
    let Some(of) = params.args.first().cloned() else { return Ok(None) };
    let number = number_of(mark, &of)?;
    let name = func.name();
    Ok(match name {
        "array_agg" | "string_agg" => return Err(listed(name)),
        "first_value" | "last_value" | "nth_value" => {
            let mut params = params;
            if let Some(first) = params.args.first_mut() {
                *first = number;
            }
            Some(Expr::AggregateFunction(AggregateFunction { func, params }))
        }
        // The smallest and largest number or time is a figure; a text is somebody's.
        "min" | "max" if is_text(&of, schema)? => {
            let order = vec![SortExpr::new(of, name == "min", false)];
            let first = AggregateFunction::new_udf(first_value_udaf(), vec![number], false, params.filter, order, None);
            Some(Expr::AggregateFunction(first))
        }
        _ => None,
    })
}

/// The number of the row whose value a window shows.
fn seen(mut function: WindowFunction, mark: &Column, schema: &DFSchema) -> Result<Option<Expr>> {
    let name = function.fun.name().to_owned();
    let Some(of) = function.params.args.first().cloned() else { return Ok(None) };
    match name.as_str() {
        "array_agg" | "string_agg" => Err(listed(&name)),
        "min" | "max" if is_text(&of, schema)? => {
            Err(wrong("a window has no smallest text here: order by it, and take the first"))
        }
        "lag" | "lead" | "first_value" | "last_value" | "nth_value" => {
            // What stands for a missing row is no row's.
            let number = number_of(mark, &of)?;
            function.params.args.truncate(2);
            if let Some(first) = function.params.args.first_mut() {
                *first = if function.params.null_treatment.is_some() { number } else { Expr::Column(mark.clone()) };
            }
            Ok(Some(Expr::WindowFunction(Box::new(function))))
        }
        _ => Ok(None),
    }
}

/// A query inside an expression gives one value: it must be a figure.
fn figures_only(plan: &LogicalPlan) -> Result<()> {
    let mut all = true;
    plan.apply_expressions(|expr| {
        expr.apply(|expr| {
            if let Expr::ScalarSubquery(inner) = expr {
                all &= is_figure(&inner.subquery)?;
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    if all { Ok(()) } else { Err(wrong("a query inside a value shows a value of one row: join it")) }
}

fn is_figure(plan: &LogicalPlan) -> Result<bool> {
    match plan {
        LogicalPlan::Projection(Projection { input, .. }) => is_figure(input),
        LogicalPlan::Subquery(inner) => is_figure(&inner.subquery),
        LogicalPlan::SubqueryAlias(alias) => is_figure(&alias.input),
        LogicalPlan::Sort(sort) => is_figure(&sort.input),
        LogicalPlan::Limit(limit) => is_figure(&limit.input),
        LogicalPlan::Aggregate(aggregate) => {
            let none = Column::from_name(MARK);
            let pick = |measure: &Expr| Ok(picked(measure, &none, aggregate.input.schema())?.is_some());
            let picks = aggregate.aggr_expr.iter().map(pick).collect::<Result<Vec<bool>>>()?;
            Ok(aggregate.group_expr.is_empty() && !picks.contains(&true))
        }
        LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => Ok(true),
        _ => Ok(false),
    }
}
