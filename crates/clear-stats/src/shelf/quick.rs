//! What is asked most, answered from codes: counts by groups, and first rows by an order, directly on a shelf.
//!
//! In:    a plan.
//! Out:   the same plan with [`Quick`] nodes where an aggregate, or a sort with a limit, stands on a filtered shelf.
//! Never: says anything else than the plan beneath it would; chooses by anything but the question and what is visible.
//!
//! # How
//! The rule comes before the engine turns distinct counts into two aggregates. A node keeps the plan that it replaces: there
//! are groupings with more groups than are counted at once, and then that plan is run.
//!
//! # Change here
//! A function of a time that can be counted by: [`GRAINS`]. A measure: `measure`.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, DataFusionError, Result};
use datafusion::datasource::source_as_provider;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Aggregate, Expr, Extension, LogicalPlan, Sort, SortExpr, TableScan, UserDefinedLogicalNode,
    UserDefinedLogicalNodeCore,
};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::arrays::{Batches, Source, of_values};
use super::provider::{BATCH_ROWS, apart, of_arrow, of_ours, one_partition};
use super::{Shelf, ShelfTable, convert};
use crate::group::{self, Grouping, Groups, Key, Measure, Outcome};
use crate::sets::Layout;
use crate::times::Grain;
use crate::top::{self, All, By, Step, TOP_MAX, Top};

/// Different texts that are put in order for one question.
const RANKED_MAX: usize = 1 << 16;
/// A limit above any number of rows.
const ALL: usize = usize::MAX / 2;
/// Threads that count.
const THREADS: usize = 2;

/// Functions of one time, and what they give.
const GRAINS: &[(&str, Grain)] = &[
    ("date_trunc_y", Grain::Year),
    ("date_trunc_ym", Grain::Month),
    ("date_trunc_ymd", Grain::Day),
    ("date_extract_y", Grain::YearNumber),
    ("date_extract_m", Grain::MonthNumber),
    ("date_extract_d", Grain::DayNumber),
    ("date_extract_hh", Grain::Hour),
    ("date_extract_mm", Grain::Minute),
    ("date_extract_ss", Grain::Second),
    ("date_extract_dow", Grain::Weekday),
    ("date_extract_woy", Grain::Week),
];

/// The engine's own words for the same.
const PARTS: &[(&str, &str, Grain)] = &[
    ("date_trunc", "year", Grain::Year),
    ("date_trunc", "month", Grain::Month),
    ("date_trunc", "day", Grain::Day),
    ("date_part", "year", Grain::YearNumber),
    ("date_part", "month", Grain::MonthNumber),
    ("date_part", "day", Grain::DayNumber),
    ("date_part", "hour", Grain::Hour),
    ("date_part", "minute", Grain::Minute),
    ("date_part", "dow", Grain::Weekday),
    ("date_part", "week", Grain::Week),
];

/// Finds what is quick.
#[derive(Debug, Default)]
pub(crate) struct QuickRule;

impl OptimizerRule for QuickRule {
    fn name(&self) -> &'static str {
        "quick_shelves"
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        plan.transform_down_with_subqueries(|node| {
            let quick = match &node {
                // What it keeps beneath is for when it cannot be quick.
                LogicalPlan::Extension(extension) if extension.node.as_any().is::<Quick>() => {
                    return Ok(Transformed::new(node, false, TreeNodeRecursion::Jump));
                }
                LogicalPlan::Aggregate(aggregate) => grouped(&node, aggregate),
                LogicalPlan::Sort(sort) => topped(sort),
                _ => None,
            };
            Ok(match quick {
                Some(quick) => Transformed::new(quick, true, TreeNodeRecursion::Jump),
                None => Transformed::no(node),
            })
        })
    }
}

/// What a quick node does.
#[derive(Debug, Clone)]
enum What {
    Group(Grouping),
    Top(Top),
    /// All rows, or more than are kept at once.
    All(Top),
}

/// Something on a shelf that is answered from codes.
#[derive(Debug, Clone)]
pub(crate) struct Quick {
    shelf: Shelf,
    what: What,
    schema: DFSchemaRef,
    /// The plan that it stands for.
    instead: Arc<LogicalPlan>,
}

impl PartialEq for Quick {
    fn eq(&self, other: &Quick) -> bool {
        self.instead == other.instead
    }
}

impl Eq for Quick {}

impl PartialOrd for Quick {
    fn partial_cmp(&self, other: &Quick) -> Option<std::cmp::Ordering> {
        self.instead.partial_cmp(&other.instead)
    }
}

impl Hash for Quick {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.instead.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for Quick {
    fn name(&self) -> &str {
        "Quick"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.instead]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Group(_) => "groups",
            What::Top(_) => "first rows",
            What::All(_) => "rows in order",
        };
        write!(f, "Quick: {what} of {}", self.shelf.set().alias)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Quick> {
        let Some(instead) = inputs.into_iter().next() else {
            return Err(DataFusionError::Internal("a quick node stands for a plan".into()));
        };
        Ok(Quick { instead: Arc::new(instead), ..self.clone() })
    }
}

fn extension(quick: Quick) -> LogicalPlan {
    LogicalPlan::Extension(Extension { node: Arc::new(quick) })
}

/// What a plan comes down to: a shelf, the conditions on it, and what each column of the plan is over the shelf's own.
struct Bare {
    shelf: Shelf,
    scan: TableScan,
    filters: Vec<Expr>,
    columns: HashMap<Column, Expr>,
}

impl Bare {
    fn of(plan: &LogicalPlan) -> Option<Bare> {
        match plan {
            LogicalPlan::TableScan(scan) if scan.fetch.is_none() => {
                let provider = source_as_provider(&scan.source).ok()?;
                let any: &dyn std::any::Any = &*provider;
                let shelf = any.downcast_ref::<ShelfTable>()?.shelf().clone();
                let own = |column: &Column| Expr::Column(Column::new_unqualified(&column.name));
                let columns = scan.projected_schema.columns().into_iter().map(|column| (column.clone(), own(&column)));
                let columns = columns.collect();
                Some(Bare { shelf, filters: scan.filters.clone(), columns, scan: scan.clone() })
            }
            LogicalPlan::Filter(filter) => {
                let mut bare = Bare::of(&filter.input)?;
                let condition = bare.over_shelf(&filter.predicate)?;
                bare.filters.push(condition);
                Some(bare)
            }
            LogicalPlan::Projection(projection) => {
                let mut bare = Bare::of(&projection.input)?;
                let named = projection.schema.columns().into_iter().zip(&projection.expr);
                let columns = named.map(|(column, expr)| Some((column, bare.over_shelf(expr)?)));
                bare.columns = columns.collect::<Option<_>>()?;
                Some(bare)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let mut bare = Bare::of(&alias.input)?;
                let named = alias.schema.columns().into_iter().zip(alias.input.schema().columns());
                let columns = named.map(|(column, own)| Some((column, bare.columns.get(&own)?.clone())));
                bare.columns = columns.collect::<Option<_>>()?;
                Some(bare)
            }
            _ => None,
        }
    }

    /// An expression of the plan's columns as one of the shelf's.
    fn over_shelf(&self, expr: &Expr) -> Option<Expr> {
        let mut known = true;
        let over = expr.clone().unalias().transform_down(|node| {
            Ok(match node {
                Expr::Column(column) => match self.columns.get(&column) {
                    Some(own) => Transformed::new(own.clone(), true, TreeNodeRecursion::Jump),
                    None => {
                        known = false;
                        Transformed::no(Expr::Column(column))
                    }
                },
                other => Transformed::no(other),
            })
        });
        over.ok().filter(|_| known).map(|over| over.data)
    }

    fn filter(&self) -> Option<Option<crate::predicate::Predicate>> {
        let predicates = self.filters.iter().map(|filter| convert::predicate(&self.shelf, filter));
        Some(convert::all(predicates.collect::<Option<_>>()?))
    }

    fn column(&self, expr: &Expr) -> Option<(Source, Layout)> {
        let Expr::Column(column) = expr else { return None };
        let (source, declared) = self.shelf.source_of(&column.name)?;
        Some((source, declared.layout))
    }

    fn own_column(&self, expr: &Expr) -> Option<(usize, Layout)> {
        match self.column(expr)? {
            (Source::Column(column), layout) if !matches!(layout, Layout::Point { .. }) => Some((column, layout)),
            _ => None,
        }
    }
}

fn grouped(node: &LogicalPlan, aggregate: &Aggregate) -> Option<LogicalPlan> {
    let bare = Bare::of(&aggregate.input)?;
    let over = |exprs: &[Expr]| -> Option<Vec<Expr>> { exprs.iter().map(|expr| bare.over_shelf(expr)).collect() };
    let keys: Vec<Key> = over(&aggregate.group_expr)?.iter().map(|expr| key(&bare, expr)).collect::<Option<_>>()?;
    let measures: Vec<Measure> =
        over(&aggregate.aggr_expr)?.iter().map(|expr| measure(&bare, expr)).collect::<Option<_>>()?;
    // Whether different values are kept as bits is a matter of how many texts there are, hidden ones too: it may decide
    // what is quick only where that changes no digit.
    let sums = measures.iter().any(|measure| matches!(measure, Measure::Sum(_) | Measure::Mean(_)));
    if sums && measures.iter().any(|measure| matches!(measure, Measure::Distinct(_))) {
        return None;
    }
    let filter = bare.filter()?;
    Some(extension(Quick {
        shelf: bare.shelf,
        what: What::Group(Grouping { filter, keys, measures }),
        schema: Arc::clone(&aggregate.schema),
        instead: Arc::new(node.clone()),
    }))
}

fn key(bare: &Bare, expr: &Expr) -> Option<Key> {
    match expr {
        Expr::Column(_) => Some(Key::Column(bare.own_column(expr)?.0)),
        Expr::Cast(cast) if cast.field.data_type().is_numeric() => {
            key(bare, &cast.expr).filter(|key| matches!(key, Key::Time(_, grain) if !is_time(*grain)))
        }
        Expr::ScalarFunction(function) => {
            let time = |expr: &Expr| match bare.own_column(expr)? {
                (column, Layout::Time) => Some(column),
                _ => None,
            };
            match function.args.as_slice() {
                [of] => {
                    let (_, grain) = GRAINS.iter().find(|(name, _)| *name == function.name())?;
                    Some(Key::Time(time(of)?, *grain))
                }
                [Expr::Literal(part, _), of] => {
                    let part = part.try_as_str().flatten()?.to_lowercase();
                    let known = |(name, word, _): &&(&str, &str, Grain)| *name == function.name() && *word == part;
                    let (.., grain) = PARTS.iter().find(known)?;
                    Some(Key::Time(time(of)?, *grain))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_time(grain: Grain) -> bool {
    matches!(grain, Grain::Year | Grain::Month | Grain::Day)
}

fn measure(bare: &Bare, expr: &Expr) -> Option<Measure> {
    let Expr::AggregateFunction(function) = expr else { return None };
    let params = &function.params;
    if params.filter.is_some() || !params.order_by.is_empty() || params.null_treatment.is_some() {
        return None;
    }
    let [of] = params.args.as_slice() else { return None };
    let number = |layout: Layout| matches!(layout, Layout::Few | Layout::Number);
    Some(match (function.func.name(), params.distinct, of) {
        ("count", false, Expr::Literal(value, _)) if !value.is_null() => Measure::Rows,
        ("count", _, Expr::Column(_)) if bare.column(of)?.0 == Source::Id => Measure::Rows,
        ("count", false, _) => Measure::Present(bare.own_column(of)?.0),
        ("count", true, _) => Measure::Distinct(bare.own_column(of)?.0),
        ("sum", false, _) => {
            bare.own_column(of).filter(|(_, layout)| number(*layout)).map(|(at, _)| Measure::Sum(at))?
        }
        ("avg", false, _) => {
            bare.own_column(of).filter(|(_, layout)| number(*layout)).map(|(at, _)| Measure::Mean(at))?
        }
        ("min", _, _) => Measure::Least(extreme(bare, of)?),
        ("max", _, _) => Measure::Most(extreme(bare, of)?),
        _ => return None,
    })
}

fn extreme(bare: &Bare, of: &Expr) -> Option<usize> {
    let (column, layout) = bare.own_column(of)?;
    matches!(layout, Layout::Few | Layout::Number | Layout::Time).then_some(column)
}

fn topped(sort: &Sort) -> Option<LogicalPlan> {
    // A sort beneath that had no limit would be taken for one that nobody needs.
    let most = sort.fetch.unwrap_or(ALL);
    let bare = Bare::of(&sort.input)?;
    let step = |step: &SortExpr| -> Option<(Step, SortExpr)> {
        let over = bare.over_shelf(&step.expr)?;
        let by = match bare.column(&over)? {
            (Source::Id, _) => By::Id,
            (Source::Column(column), Layout::Text) => {
                (bare.shelf.table().words(column).codes() <= RANKED_MAX).then_some(By::Column(column))?
            }
            (Source::Column(column), layout) if !matches!(layout, Layout::Point { .. }) => By::Column(column),
            _ => return None,
        };
        let over = SortExpr { expr: over, asc: step.asc, nulls_first: step.nulls_first };
        Some((Step { by, descending: !step.asc, nulls_first: step.nulls_first }, over))
    };
    let (order, over): (Vec<Step>, Vec<SortExpr>) =
        sort.expr.iter().map(step).collect::<Option<Vec<_>>>()?.into_iter().unzip();
    if most > TOP_MAX && !order.iter().any(|step| step.by == By::Id) {
        return None;
    }
    let filter = bare.filter()?;
    let schema = Arc::clone(&bare.scan.projected_schema);
    let qualified = |mut step: SortExpr| {
        step.expr = match step.expr {
            Expr::Column(column) => Expr::Column(Column::new(Some(bare.scan.table_name.clone()), column.name)),
            other => other,
        };
        step
    };
    let mut beneath = LogicalPlan::TableScan(bare.scan.clone());
    for condition in without(&bare.filters, &bare.scan.filters) {
        let over = requalified(condition, &bare.scan)?;
        beneath = LogicalPlan::Filter(datafusion::logical_expr::Filter::try_new(over, Arc::new(beneath)).ok()?);
    }
    let instead = LogicalPlan::Sort(Sort {
        expr: over.into_iter().map(qualified).collect(),
        input: Arc::new(beneath),
        fetch: Some(most),
    });
    let top = Top { filter, order, most };
    let what = if most <= TOP_MAX { What::Top(top) } else { What::All(top) };
    let quick = extension(Quick { shelf: bare.shelf, what, schema, instead: Arc::new(instead) });
    rebuilt(&sort.input, quick)
}

/// The conditions that stood above the scan.
fn without<'a>(all: &'a [Expr], scan: &[Expr]) -> impl Iterator<Item = &'a Expr> {
    all.iter().skip(scan.len())
}

fn requalified(condition: &Expr, scan: &TableScan) -> Option<Expr> {
    let qualified = condition.clone().transform(|node| {
        Ok(match node {
            Expr::Column(column) => {
                Transformed::yes(Expr::Column(Column::new(Some(scan.table_name.clone()), column.name)))
            }
            other => Transformed::no(other),
        })
    });
    qualified.ok().map(|qualified| qualified.data)
}

/// The same plan over rows that are in order and filtered already.
fn rebuilt(plan: &LogicalPlan, quick: LogicalPlan) -> Option<LogicalPlan> {
    match plan {
        LogicalPlan::TableScan(_) => Some(quick),
        LogicalPlan::Filter(filter) => rebuilt(&filter.input, quick),
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => {
            let input = rebuilt(plan.inputs().first()?, quick)?;
            plan.with_new_exprs(plan.expressions(), vec![input]).ok()
        }
        _ => None,
    }
}

/// Plans quick nodes.
#[derive(Debug, Default)]
pub(crate) struct QuickPlanner;

#[async_trait::async_trait]
impl ExtensionPlanner for QuickPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(quick) = node.as_any().downcast_ref::<Quick>() else { return Ok(None) };
        let Some(instead) = physical_inputs.first() else { return Ok(None) };
        let schema: SchemaRef = Arc::clone(quick.schema.inner());
        let properties = one_partition(Arc::clone(&schema));
        let (shelf, what, instead) = (quick.shelf.clone(), quick.what.clone(), Arc::clone(instead));
        Ok(Some(Arc::new(QuickExec { shelf, what, schema, instead, properties })))
    }
}

/// The running of a quick node.
#[derive(Debug, Clone)]
struct QuickExec {
    shelf: Shelf,
    what: What,
    schema: SchemaRef,
    instead: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for QuickExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quick: {}", self.shelf.set().alias)
    }
}

impl ExecutionPlan for QuickExec {
    fn name(&self) -> &'static str {
        "QuickExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.instead]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(instead) = children.into_iter().next() else { return Ok(self) };
        Ok(Arc::new(QuickExec { instead, ..(*self).clone() }))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let quick = self.clone();
        let schema = Arc::clone(&self.schema);
        let answer = async move {
            if let What::All(top) = &quick.what {
                let all = quick.all(top.clone(), &context).await?;
                return Ok(match all {
                    Some(all) => all,
                    None => quick.instead.execute(partition, context)?.boxed(),
                });
            }
            let run = quick.clone();
            // Counting keeps a core for milliseconds: not one that answers others meanwhile.
            let made = SpawnedTask::spawn_blocking(move || run.run()).join().await;
            let batch = made.map_err(|error| DataFusionError::External(Box::new(error)))??;
            let answer = match batch {
                Some(batch) => stream::iter([Ok(batch)]).boxed(),
                None => quick.instead.execute(partition, context)?.boxed(),
            };
            Ok::<_, DataFusionError>(answer)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(answer).try_flatten())))
    }
}

impl QuickExec {
    /// The answer in one batch; `None` where it must be made the long way.
    fn run(&self) -> Result<Option<RecordBatch>> {
        match &self.what {
            What::Group(grouping) => {
                match group::run(self.shelf.table(), self.shelf.lens(), grouping, THREADS).map_err(of_ours)? {
                    Some(Outcome::Groups(groups)) => self.of_groups(groups).map(Some),
                    Some(Outcome::TooMany) | None => Ok(None),
                }
            }
            What::All(_) => Ok(None),
            What::Top(top) => {
                let Some(sources) = self.sources() else { return Ok(None) };
                let wanted = self.shelf.classes(&sources);
                let runs = top::run(self.shelf.table(), self.shelf.lens(), top, wanted).map_err(of_ours)?;
                let mut batches = Batches::new(self.shelf.clone(), sources, Arc::clone(&self.schema));
                Ok(Some(batches.batch(&runs).map_err(of_arrow)?))
            }
        }
    }

    /// Rows in order, batch by batch; `None` where they must be made so the long way.
    async fn all(&self, top: Top, context: &TaskContext) -> Result<Option<BoxStream<'static, Result<RecordBatch>>>> {
        let Some(sources) = self.sources() else { return Ok(None) };
        let wanted = self.shelf.classes(&sources);
        let taken = MemoryConsumer::new("rows in order").register(context.memory_pool());
        let shelf = self.shelf.clone();
        let put_in_order = SpawnedTask::spawn_blocking(move || {
            let all = All::of(shelf.table(), shelf.lens(), &top, wanted, &mut |bytes| taken.try_grow(bytes).is_ok());
            all.map(|all| (all, taken))
        });
        let made = put_in_order.join().await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let (Some(mut all), taken) = made.map_err(of_ours)? else { return Ok(None) };
        taken.resize(all.bytes());
        let mut batches = Batches::new(self.shelf.clone(), sources, Arc::clone(&self.schema));
        let next = move || -> Result<Option<RecordBatch>> {
            // The places are in memory as long as there is somebody to ask for the next.
            let _taken = &taken;
            let runs = all.next(BATCH_ROWS);
            (!runs.is_empty()).then(|| batches.batch(&runs).map_err(of_arrow)).transpose()
        };
        Ok(Some(stream::try_unfold(next, apart).boxed()))
    }

    fn sources(&self) -> Option<Vec<Source>> {
        let source = |field: &Arc<arrow::datatypes::Field>| Some(self.shelf.source_of(field.name())?.0);
        self.schema.fields().iter().map(source).collect()
    }

    fn of_groups(&self, groups: Groups) -> Result<RecordBatch> {
        let values = groups.keys.iter().chain(&groups.measures);
        let fields = self.schema.fields().iter();
        let array = |(values, field): (&Vec<_>, &Arc<arrow::datatypes::Field>)| of_values(values, field.data_type());
        let arrays = values.zip(fields).map(array).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(groups.len));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?)
    }
}
