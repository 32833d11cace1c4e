//! A shelf as a table of an engine's plan.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures_util::{StreamExt as _, stream};

use super::arrays::{Batches, Source};
use super::{Shelf, convert};
use crate::predicate::Predicate;
use crate::scan::Scan;

/// Rows of one batch. The cut is at the same visible rows for everybody who sees the same.
pub(super) const BATCH_ROWS: usize = if cfg!(test) { 5 } else { 8_192 };

/// A shelf as a table.
#[derive(Debug)]
pub(crate) struct ShelfTable {
    shelf: Shelf,
}

impl ShelfTable {
    pub(crate) fn new(shelf: Shelf) -> ShelfTable {
        ShelfTable { shelf }
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }
}

#[async_trait::async_trait]
impl TableProvider for ShelfTable {
    fn schema(&self) -> SchemaRef {
        self.shelf.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let kind = |filter: &&Expr| match convert::can(&self.shelf, filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(kind).collect())
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(projection) => Arc::new(self.shelf.schema().project(projection)?),
            None => self.shelf.schema(),
        };
        let at = |at: usize| self.shelf.source_at(at).map(|(source, _)| source);
        let sources: Vec<Source> = match projection {
            Some(projection) => projection.iter().filter_map(|place| at(*place)).collect(),
            None => (0..schema.fields().len()).filter_map(at).collect(),
        };
        let predicates: Option<Vec<Predicate>> =
            filters.iter().map(|filter| convert::predicate(&self.shelf, filter)).collect();
        let Some(predicates) = predicates else {
            return Err(DataFusionError::Internal("a filter came down that was not taken".into()));
        };
        let filter = convert::all(predicates);
        Ok(Arc::new(ShelfExec::new(self.shelf.clone(), sources, schema, filter, limit)))
    }
}

/// The reading of a shelf.
pub(super) struct ShelfExec {
    shelf: Shelf,
    sources: Vec<Source>,
    schema: SchemaRef,
    filter: Option<Predicate>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl ShelfExec {
    fn new(
        shelf: Shelf,
        sources: Vec<Source>,
        schema: SchemaRef,
        filter: Option<Predicate>,
        limit: Option<usize>,
    ) -> ShelfExec {
        let properties = one_partition(Arc::clone(&schema));
        ShelfExec { shelf, sources, schema, filter, limit, properties }
    }
}

/// The next batch, made on another thread, and what makes the one after.
pub(super) async fn apart<F>(mut next: F) -> Result<Option<(RecordBatch, F)>>
where
    F: FnMut() -> Result<Option<RecordBatch>> + Send + 'static,
{
    let work = SpawnedTask::spawn_blocking(move || next().map(|batch| (batch, next)));
    let (batch, next) = work.join().await.map_err(|error| DataFusionError::External(Box::new(error)))??;
    Ok(batch.map(|batch| (batch, next)))
}

/// An error of columns that were put aside, as the engine passes it on.
pub(super) fn of_ours(error: clear_cold::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// An error of a batch; one of ours stays to be known as such.
pub(super) fn of_arrow(error: ArrowError) -> DataFusionError {
    match error {
        ArrowError::ExternalError(ours) => DataFusionError::External(ours),
        error => error.into(),
    }
}

/// Of a plan that gives all its rows in one partition.
pub(super) fn one_partition(schema: SchemaRef) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Incremental,
        Boundedness::Bounded,
    ))
}

impl fmt::Debug for ShelfExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShelfExec({:?})", self.shelf)
    }
}

impl DisplayAs for ShelfExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filtered = if self.filter.is_some() { ", filtered" } else { "" };
        write!(f, "Shelf: {}{filtered}", self.shelf.set().alias)
    }
}

impl ExecutionPlan for ShelfExec {
    fn name(&self) -> &'static str {
        "ShelfExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let wanted = self.shelf.classes(&self.sources);
        let (table, lens) = (Arc::clone(self.shelf.table()), Arc::clone(self.shelf.lens()));
        let mut scan = Scan::new(table, lens, self.filter.clone(), wanted);
        let mut batches = Batches::new(self.shelf.clone(), self.sources.clone(), Arc::clone(&self.schema));
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut next = move || -> Result<Option<RecordBatch>> {
            let runs = scan.next(BATCH_ROWS.min(left)).map_err(of_ours)?;
            left -= runs.iter().map(|run| run.rows.len()).sum::<usize>();
            (!runs.is_empty()).then(|| batches.batch(&runs).map_err(of_arrow)).transpose()
        };
        let batches = if self.shelf.table().tier.is_none() {
            stream::iter(std::iter::from_fn(move || next().transpose())).boxed()
        } else {
            // Whoever reads what was put aside waits, and must not let others wait on its thread.
            stream::try_unfold(next, apart).boxed()
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}
