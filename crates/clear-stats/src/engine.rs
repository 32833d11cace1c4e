//! The engine that runs plans over shelves: DataFusion, with nothing in it but what a question needs.
//!
//! In:    shelves by name; a plan over them.
//! Out:   a stream of record batches.
//! Never: opens a file or an address that a plan names; has a table that is not a shelf of this request; changes anything.
//!
//! # How
//! Each request gets a session of its own with its own shelves and no other table: no information schema, no definition of
//! tables, no functions that read files, tell the time or throw dice. A session runs in one partition, so that the same
//! question gives the same bytes twice; what is quick counts on all cores by itself.
//!
//! Memory is counted for all requests together. A sort or a grouping that would take more goes to the disk, into the folder
//! given; one that cannot is refused, and nothing is killed.
//!
//! # Change here
//! What sessions are like: [`Engine::session`]. The limits: [`Limits`].

#![expect(clippy::disallowed_methods, reason = "stores: analysis-spill")]

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionStateDefaults};
use datafusion::logical_expr::{LogicalPlan, Volatility};
use datafusion::optimizer::{Optimizer, OptimizerConfig as _, OptimizerRule};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner as _};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::shelf::{QuickPlanner, QuickRule, Shelf, ShelfTable, carried};
use crate::told::Told;
use crate::top::TOP_MAX;

/// What all questions together may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Memory for sorting and grouping, bytes.
    pub memory_bytes: usize,
    /// The folder for what does not fit; without it, such questions are refused. It is emptied of what it has.
    pub spill: Option<PathBuf>,
    /// How much may lie there, bytes.
    pub spill_bytes: u64,
}

impl Default for Limits {
    /// A quarter of a gigabyte, and no folder.
    fn default() -> Limits {
        Limits { memory_bytes: 256 << 20, spill: None, spill_bytes: 16 << 30 }
    }
}

/// Runs plans over shelves, for all requests.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    /// What makes a plan cheaper, in order.
    rules: Vec<Rule>,
    /// The same without what is about several tables.
    of_one_table: Arc<Optimizer>,
}

type Rule = Arc<dyn OptimizerRule + Send + Sync>;

/// Rules about joins, unions and subqueries: a third of the time in which a plan of one table is made goes into finding that it
/// has none.
const OF_SEVERAL_TABLES: &[&str] = &[
    "decorrelate_lateral_join",
    "decorrelate_predicate_subquery",
    "eliminate_cross_join",
    "eliminate_join",
    "eliminate_outer_join",
    "extract_equijoin_predicate",
    "filter_null_join_keys",
    "optimize_unions",
    "rewrite_set_comparison",
    "scalar_subquery_to_join",
    "unions_to_filter",
];

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// The engine could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the analysis engine")]
pub struct NoEngine(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Why a question of the engine's has no answer. None of them tells of a hidden row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The question is wrong, or one of its expressions is for some visible row.
    #[error("{0}")]
    Question(String),
    /// It needs more memory, or more room on the disk, than questions may take.
    #[error("the question needs more memory than there is: filter, or group by fewer columns")]
    TooLarge,
    /// Something went wrong with us.
    #[error("the analysis engine failed: {0}")]
    Ours(String),
    /// Something went wrong with us: columns that were put aside do not come back.
    #[error("the question cannot be answered now")]
    Cold(#[from] clear_cold::Error),
}

impl Fault {
    /// What an error of the engine's means.
    pub fn of(error: DataFusionError) -> Fault {
        if let Some(error) = ours(error.find_root()) {
            return Fault::Cold(error.clone());
        }
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Fault::TooLarge,
            DataFusionError::Internal(what) => Fault::Ours(what.clone()),
            DataFusionError::IoError(error) => Fault::Ours(error.to_string()),
            root => Fault::Question(root.strip_backtrace()),
        }
    }
}

/// The error of columns that were put aside and do not come back, if it is one.
pub(crate) fn ours(error: &DataFusionError) -> Option<&clear_cold::Error> {
    match error {
        DataFusionError::External(cause) => cause.downcast_ref(),
        _ => None,
    }
}

impl Engine {
    /// An engine with these limits.
    ///
    /// # Errors
    /// When the folder cannot be made or emptied.
    pub fn new(limits: &Limits) -> Result<Engine, NoEngine> {
        let wrong = |error: DataFusionError| NoEngine(Box::new(error));
        let mode = match &limits.spill {
            Some(folder) => {
                // What a crash has left there is rows of somebody's question.
                if folder.is_dir() {
                    std::fs::remove_dir_all(folder).map_err(|error| NoEngine(Box::new(error)))?;
                }
                std::fs::create_dir_all(folder).map_err(|error| NoEngine(Box::new(error)))?;
                DiskManagerMode::Directories(vec![folder.clone()])
            }
            None => DiskManagerMode::Disabled,
        };
        let disk = DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(limits.spill_bytes);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes)))
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(wrong)?;
        Ok(Engine::with(runtime, true))
    }

    fn with(runtime: Arc<RuntimeEnv>, quick: bool) -> Engine {
        let mut rules: Vec<Rule> = Optimizer::new().rules;
        let before = rules.iter().position(|rule| rule.name() == "single_distinct_aggregation_to_group_by");
        if quick {
            rules.insert(before.unwrap_or(rules.len()), Arc::new(QuickRule));
        }
        let of_one = rules.iter().filter(|rule| !OF_SEVERAL_TABLES.contains(&rule.name())).cloned();
        Engine { runtime, of_one_table: Arc::new(Optimizer::with_rules(of_one.collect())), rules }
    }

    /// Runs one query in SQL over shelves, each by its name.
    ///
    /// # Errors
    /// [`Fault::Question`] when the query does not read, or does anything but read; [`Fault::TooLarge`] when it needs more
    /// memory than there is. What goes wrong later comes in the stream, as [`Fault::of`] tells it.
    pub async fn sql(&self, shelves: Vec<(&str, Shelf)>, query: &str) -> Result<SendableRecordBatchStream, Fault> {
        let tables = shelves.into_iter().map(|(name, shelf)| (name, Engine::table(shelf))).collect();
        let context = self.session(tables).map_err(Fault::of)?;
        let plan = context.state().create_logical_plan(query).await.map_err(Fault::of)?;
        self.run(&context, &plan).await.map_err(Fault::of)
    }

    /// The same over one shelf, for an asker: each row comes with the records that it is made of.
    ///
    /// # Errors
    /// As [`sql`](Engine::sql); and [`Fault::Question`] where a query puts rows into one value.
    pub async fn told(&self, name: &str, shelf: Shelf, query: &str) -> Result<Told, Fault> {
        let context = self.session(vec![(name, Engine::table(shelf.clone()))]).map_err(Fault::of)?;
        let plan = context.state().create_logical_plan(query).await.map_err(Fault::of)?;
        reads_only(&plan).and_then(|()| crate::width::fits(&plan)).map_err(Fault::of)?;
        // What is quick hides its rows; it is looked for again when the plan carries them.
        let plain = self.rules.iter().filter(|rule| rule.name() != QuickRule.name()).cloned().collect();
        let plan = state(Arc::clone(&self.runtime), plain).optimize(&plan).map_err(Fault::of)?;
        let plan = carried(plan).map_err(Fault::of)?;
        let stream = self.run(&context, &plan).await.map_err(Fault::of)?;
        Ok(Told::new(shelf, stream))
    }

    /// A session with these tables and no other.
    ///
    /// # Errors
    /// When two have one name.
    pub(crate) fn session(&self, tables: Vec<(&str, Arc<dyn TableProvider>)>) -> Result<SessionContext> {
        // Not the template's own: tables of one request must not be in another's.
        let context = SessionContext::new_with_state(state(Arc::clone(&self.runtime), self.rules.clone()));
        for (name, table) in tables {
            let name = datafusion::common::TableReference::bare(name);
            if context.table_exist(name.clone())? {
                return Err(DataFusionError::Plan("two tables have one name".into()));
            }
            context.register_table(name, table)?;
        }
        Ok(context)
    }

    /// A shelf as a table of a session.
    pub(crate) fn table(shelf: Shelf) -> Arc<dyn TableProvider> {
        Arc::new(ShelfTable::new(shelf))
    }

    /// Runs a plan that reads.
    ///
    /// # Errors
    /// When the plan does anything but read, cannot be planned, or needs more memory than there is.
    pub(crate) async fn run(&self, context: &SessionContext, plan: &LogicalPlan) -> Result<SendableRecordBatchStream> {
        reads_only(plan)?;
        crate::width::fits(plan)?;
        let state = context.state();
        let plan = state.analyzer().execute_and_check(plan.clone(), &state.options(), |_, _| {})?;
        let optimizer = if is_of_one_table(&plan)? { &*self.of_one_table } else { state.optimizer() };
        let plan = optimizer.optimize(plan, &state, |_, _| {})?;
        let physical = spilling(state.query_planner().create_physical_plan(&plan, &state).await?)?;
        execute_stream(physical, context.task_ctx())
    }

    /// The same, that runs everything the long way.
    #[cfg(test)]
    pub(crate) fn without_quick(self) -> Engine {
        Engine::with(self.runtime, false)
    }
}

/// INVARIANT (a question reads): whatever else a plan could do, it does not do here.
fn reads_only(plan: &LogicalPlan) -> Result<()> {
    let mut reads = true;
    plan.apply_with_subqueries(|node| {
        reads &= !matches!(
            node,
            LogicalPlan::Ddl(_)
                | LogicalPlan::Dml(_)
                | LogicalPlan::Copy(_)
                | LogicalPlan::Explain(_)
                | LogicalPlan::Analyze(_)
                | LogicalPlan::Statement(_)
                | LogicalPlan::DescribeTable(_)
        );
        Ok(if reads { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    if reads { Ok(()) } else { Err(DataFusionError::Plan("a question reads, and does nothing else".into())) }
}

/// The same plan, with sorts that keep at most a few rows in memory: one that keeps more than [`TOP_MAX`] is a whole one, which goes
/// to the disk, with a limit above.
fn spilling(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let spilled = plan.transform_up(|node| {
        let any: &dyn std::any::Any = &*node;
        let many =
            any.downcast_ref::<SortExec>().and_then(|sort| Some((sort, sort.fetch().filter(|it| *it > TOP_MAX)?)));
        Ok(match many {
            Some((sort, most)) => {
                let whole: Arc<dyn ExecutionPlan> = Arc::new(sort.with_fetch(None));
                Transformed::yes(Arc::new(GlobalLimitExec::new(whole, 0, Some(most))))
            }
            None => Transformed::no(node),
        })
    })?;
    Ok(spilled.data)
}

/// Whether a plan reads one table once, and has no subquery.
fn is_of_one_table(plan: &LogicalPlan) -> Result<bool> {
    let (mut tables, mut others) = (0, 0);
    plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::TableScan(_) => tables += 1,
            LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::SubqueryAlias(_) => {}
            _ => others += 1,
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(tables == 1 && others == 0)
}

/// What a sort keeps back for the merging of what it has put on the disk, bytes.
const MERGE_BYTES: usize = 1 << 20;

fn state(runtime: Arc<RuntimeEnv>, rules: Vec<Rule>) -> SessionState {
    let config = SessionConfig::new()
        .with_sort_spill_reservation_bytes(MERGE_BYTES)
        .with_target_partitions(1)
        .with_batch_size(8_192)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(true)
        .with_collect_statistics(false)
        // A text that doubles with each turn has no width that could be told.
        .set_bool("datafusion.execution.enable_recursive_ctes", false);
    let steady = |volatility: Volatility| volatility == Volatility::Immutable;
    let mut scalar = SessionStateDefaults::default_scalar_functions();
    scalar.retain(|function| steady(function.signature().volatility));
    SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_optimizer_rules(rules)
        .with_query_planner(Arc::new(Planner))
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_scalar_functions(scalar)
        .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .build()
}

/// The engine's planner, which knows quick nodes.
#[derive(Debug)]
struct Planner;

#[async_trait::async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(QuickPlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}
