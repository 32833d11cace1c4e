//! How wide a question's rows can become, before it is run.
//!
//! In:    a plan.
//! Out:   yes, or that it needs more memory than there is.
//! Never: looks at a row: the same question is refused or not, whatever there is.
//!
//! # How
//! Sorts and groupings take their share of a pool, and put aside or fail what does not fit. An expression takes what it takes: a text
//! repeated a million times, for each of 8,192 rows, is eight gigabytes, and the program would be killed. So each expression is given
//! a width, bytes, from what it is made of: columns are as wide as texts of records are at most, a literal is as long as it is, and
//! functions that make texts longer say by how much. What is computed of one row must be no wider than [`ROW_MAX`]. Functions of the
//! open-data language are not asked: they break off a batch that becomes too long (`soql/values.rs`).

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchemaRef, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable as _, LogicalPlan, Operator, WindowFunctionDefinition};

use crate::soql::SoqlFunction;

/// What is computed of one row, bytes: of a batch's 8,192 rows, half a gigabyte if all of them were that wide.
const ROW_MAX: u64 = 64 << 10;

/// A text of a record, bytes. Few are a tenth of it.
const TEXT: u64 = 1_000;

/// A number, a time, a flag, a point.
const VALUE: u64 = 16;

/// A text that many rows were put together to: the pool has counted it.
const GATHERED: u64 = ROW_MAX / 2;

/// What takes the place of something in a text, where it is no literal.
const REPLACING: u64 = 16;

/// What a function may add to its texts.
const ADDED: u64 = 64;

/// Whether a plan's rows are of a width that there is memory for.
///
/// # Errors
/// [`DataFusionError::ResourcesExhausted`] where they are not.
pub(crate) fn fits(plan: &LogicalPlan) -> Result<()> {
    widths(plan).map(drop)
}

/// The widths of a plan's columns, in order.
fn widths(plan: &LogicalPlan) -> Result<Vec<u64>> {
    let inputs: Vec<(DFSchemaRef, Vec<u64>)> = (plan.inputs().into_iter())
        .map(|input| Ok((DFSchemaRef::clone(input.schema()), widths(input)?)))
        .collect::<Result<_>>()?;
    let scope = Scope(&inputs);
    // What is asked or sorted by is computed as well as what is given.
    let mut row = 0;
    let mut computed = Vec::new();
    for expr in plan.expressions() {
        let width = scope.width(&expr)?;
        computed.push(width);
        if !matches!(expr, Expr::Column(_)) {
            row += width;
        }
    }
    if row > ROW_MAX && !matches!(plan, LogicalPlan::Filter(_) | LogicalPlan::Join(_)) {
        return Err(too_wide());
    }
    let columns = plan.schema().fields().len();
    let first = || inputs.first().map(|(_, widths)| widths.clone()).unwrap_or_default();
    let mut found = match plan {
        LogicalPlan::TableScan(scan) => scan
            .projected_schema
            .fields()
            .iter()
            .map(|field| if is_text(field.data_type()) { TEXT } else { VALUE })
            .collect(),
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) => computed,
        LogicalPlan::Window(_) => [first(), computed].concat(),
        LogicalPlan::Join(_) => {
            let own = |at: usize| {
                let (table, field) = plan.schema().qualified_field(at);
                scope.named(table, field.name())
            };
            (0..columns).map(own).collect()
        }
        LogicalPlan::Union(_) => {
            let widest =
                |at: usize| inputs.iter().filter_map(|(_, widths)| widths.get(at).copied()).max().unwrap_or(TEXT);
            (0..columns).map(widest).collect()
        }
        LogicalPlan::Values(values) => {
            let of = |at: usize| {
                values
                    .values
                    .iter()
                    .filter_map(|row| row.get(at))
                    .map(|expr| scope.width(expr))
                    .max_by(|one, other| one.as_ref().ok().cmp(&other.as_ref().ok()))
            };
            (0..columns).map(|at| of(at).unwrap_or(Ok(VALUE))).collect::<Result<_>>()?
        }
        _ => first(),
    };
    if found.len() != columns {
        // Grouping sets and their like: as wide as anything there is.
        let widest = found.iter().chain(inputs.iter().flat_map(|(_, widths)| widths)).copied().max().unwrap_or(TEXT);
        found = vec![widest; columns];
    }
    Ok(found)
}

/// The columns that expressions of a node can name.
struct Scope<'a>(&'a [(DFSchemaRef, Vec<u64>)]);

impl Scope<'_> {
    fn named(&self, table: Option<&datafusion::common::TableReference>, name: &str) -> u64 {
        let of = |(schema, widths): &(DFSchemaRef, Vec<u64>)| {
            let at = schema.index_of_column_by_name(table, name)?;
            widths.get(at).copied()
        };
        let widest = || self.0.iter().flat_map(|(_, widths)| widths).copied().max();
        self.0.iter().find_map(of).or_else(widest).unwrap_or(TEXT)
    }

    /// How wide an expression's values are.
    fn width(&self, expr: &Expr) -> Result<u64> {
        let width = match expr {
            Expr::Alias(alias) => return self.width(&alias.expr),
            Expr::Column(column) => return Ok(self.named(column.relation.as_ref(), &column.name)),
            Expr::OuterReferenceColumn(..) => return Ok(TEXT),
            Expr::Literal(value, _) => return Ok(literal(value)),
            Expr::BinaryExpr(it) => {
                let both = self.width(&it.left)?.saturating_add(self.width(&it.right)?);
                if it.op == Operator::StringConcat { both } else { VALUE }
            }
            Expr::Case(case) => {
                let asked = case.when_then_expr.iter().map(|(when, _)| when).chain(&case.expr);
                for asked in asked {
                    self.width(asked)?;
                }
                let given = case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr);
                self.widest(given.map(|given| &**given))?
            }
            // One value for all rows, as long as it is not one of what is given.
            Expr::Cast(cast) if matches!(unaliased(&cast.expr), Expr::Literal(..)) => return self.width(&cast.expr),
            Expr::Cast(cast) => self.cast(&cast.expr)?,
            Expr::TryCast(cast) => self.cast(&cast.expr)?,
            Expr::ScalarFunction(function) => {
                let args = function.args.iter().map(|arg| self.width(arg)).collect::<Result<Vec<u64>>>()?;
                let of: &dyn std::any::Any = function.func.inner().as_ref();
                if of.is::<SoqlFunction>() {
                    let all = args.iter().fold(VALUE, |all, width| all.saturating_add(*width));
                    return Ok(match (self.gives_text(expr), expr.any_column_refs()) {
                        (false, _) => VALUE,
                        (true, true) => TEXT,
                        (true, false) => all,
                    });
                }
                self.called(expr, function.func.name(), &function.args, &args)?
            }
            Expr::AggregateFunction(function) => {
                let params = &function.params;
                let widest = self.widest(params.args.iter().chain(params.filter.as_deref()))?;
                gathered(function.func.name(), widest)
            }
            Expr::WindowFunction(window) => {
                let params = &window.params;
                let asked = params.args.iter().chain(&params.partition_by).chain(params.filter.as_deref());
                let widest = self.widest(asked)?;
                match &window.fun {
                    WindowFunctionDefinition::AggregateUDF(function) => gathered(function.name(), widest),
                    WindowFunctionDefinition::WindowUDF(_) => widest,
                }
            }
            Expr::ScalarSubquery(of) => widths(&of.subquery)?.into_iter().max().unwrap_or(VALUE),
            Expr::Exists(of) => widths(&of.subquery.subquery).map(|_| VALUE)?,
            Expr::InSubquery(of) => {
                self.width(&of.expr)?;
                widths(&of.subquery.subquery).map(|_| VALUE)?
            }
            // Whatever it is made of, it is no text but one of those.
            other => {
                let mut widest = VALUE;
                let mut wrong = None;
                other.apply_children(|child| {
                    match self.width(child) {
                        Ok(width) => widest = widest.max(width),
                        Err(error) => wrong = Some(error),
                    }
                    Ok(TreeNodeRecursion::Continue)
                })?;
                match wrong {
                    Some(error) => return Err(error),
                    None => widest,
                }
            }
        };
        if width > ROW_MAX { Err(too_wide()) } else { Ok(width) }
    }

    fn widest<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Result<u64> {
        let mut widest = VALUE;
        for expr in exprs {
            widest = widest.max(self.width(expr)?);
        }
        Ok(widest)
    }

    fn cast(&self, of: &Expr) -> Result<u64> {
        Ok(self.width(of)?.max(ADDED))
    }

    /// How wide what a function gives is.
    fn called(&self, call: &Expr, name: &str, args: &[Expr], widths: &[u64]) -> Result<u64> {
        let at = |at: usize| widths.get(at).copied().unwrap_or(0);
        let times = |at: usize| match args.get(at).map(unaliased) {
            Some(Expr::Literal(value, _)) => number(value),
            _ => u64::MAX,
        };
        let all = || widths.iter().fold(ADDED, |all, width| all.saturating_add(*width));
        Ok(match name {
            "repeat" => at(0).saturating_mul(times(1)),
            // Characters of up to four bytes.
            "lpad" | "rpad" => at(0).max(times(1).saturating_mul(4)),
            "replace" | "regexp_replace" => {
                let with = match args.get(2).map(unaliased) {
                    Some(Expr::Literal(..)) => at(2),
                    _ => at(2).min(REPLACING),
                };
                at(0).saturating_add(1).saturating_mul(with.max(1))
            }
            "coalesce" | "nvl" | "nvl2" | "nullif" | "greatest" | "least" => {
                widths.iter().copied().max().unwrap_or(VALUE)
            }
            // The separator between each two.
            "concat_ws" => all().saturating_add(at(0).saturating_mul(widths.len() as u64)),
            _ => match self.gives_text(call) {
                true => all(),
                false => VALUE,
            },
        })
    }

    /// Whether a call gives a text, as far as that can be told.
    fn gives_text(&self, call: &Expr) -> bool {
        let told = self.0.iter().find_map(|(schema, _)| call.get_type(schema.as_ref()).ok());
        let alone = || call.get_type(&datafusion::common::DFSchema::empty()).ok();
        told.or_else(alone).is_none_or(|told| is_text(&told))
    }
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        Expr::Cast(cast) => unaliased(&cast.expr),
        expr => expr,
    }
}

fn gathered(name: &str, widest: u64) -> u64 {
    match name {
        "string_agg" | "array_agg" | "extent" | "convex_hull" | "spatial_union" => GATHERED,
        _ => widest,
    }
}

fn literal(value: &ScalarValue) -> u64 {
    value.try_as_str().flatten().map_or(VALUE, |text| text.len() as u64)
}

/// A whole number of a literal; what is none makes nothing long.
fn number(value: &ScalarValue) -> u64 {
    let number = value.to_string().parse::<f64>().unwrap_or(0.0);
    if number > 0.0 { number as u64 } else { 0 }
}

fn is_text(of: &arrow::datatypes::DataType) -> bool {
    use arrow::datatypes::DataType;
    !(of.is_numeric() || of.is_temporal() || matches!(of, DataType::Boolean | DataType::Null | DataType::Struct(_)))
}

fn too_wide() -> DataFusionError {
    DataFusionError::ResourcesExhausted("what is computed of one row is too long".to_owned())
}
