//! Questions in the open-data query language, answered by DataFusion.
//!
//! In:    an [`Asked`]: text as clients send it; the tables that it may be asked of, each with its columns' types.
//! Out:   an [`Answer`]: fields and a stream of record batches in a total order; or a [`Fault`] of the asker's.
//! Never: writes SQL text; sees a row that its tables do not give; fails on a value once rows flow; answers anything but
//!        what the asker wrote with a fault of the asker's.
//!
//! # How
//! [`clear_soql`] reads and types the question. `translate` makes a plan of expressions from it; functions that DataFusion
//! lacks are in `scalar` and `gather`. What cannot be computed (a division by zero, a text that is no number) is NULL, as
//! decision 0047 says, so that neither an error nor its absence tells of rows, and an answer that has begun is finished.
//!
//! # Change here
//! A function: `clear_soql::functions`, then `scalar.rs`. A clause: `translate.rs`.

mod gather;
mod scalar;
mod shapes;
#[cfg(test)]
mod tests;
mod times;
mod translate;
mod values;
mod words;

use std::sync::Arc;

use clear_soql::plan::{self, Schema};
use clear_soql::{Detail, Position, parse};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{LogicalPlan, TableSource};

pub use clear_soql::plan::Field;
pub(crate) use scalar::SoqlFunction;
pub(crate) use shapes::{between_m, is_sane};
pub use values::{layout, number_shown};

/// A question as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// `$query`, and the body of SODA 3.
    Whole(String),
    /// Clause by clause.
    Clauses(Clauses),
}

/// The parameters of a request; what is empty is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clauses {
    /// `$select`.
    pub select: Option<String>,
    /// `$where`.
    pub filter: Option<String>,
    /// `field=value`: the column's name and the value, as equality beside `$where`.
    pub equal: Vec<(String, String)>,
    /// `$group`.
    pub group: Option<String>,
    /// `$having`.
    pub having: Option<String>,
    /// `$order`.
    pub order: Option<String>,
    /// `$q`.
    pub search: Option<String>,
    /// `$limit`, rows.
    pub limit: Option<String>,
    /// `$offset`, rows.
    pub offset: Option<String>,
}

/// A question that was read and typed: nothing of it is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The text that places are in.
    pub text: String,
    /// What it means.
    pub plan: plan::Plan,
}

impl Planned {
    /// The columns of the answer.
    pub fn fields(&self) -> &[Field] {
        self.plan.fields()
    }

    /// Gives the answer at most so many rows, if the question did not say how many.
    pub fn limited(&mut self, rows: u64) {
        if let plan::RelNode::Select(select) = &mut self.plan.root.node {
            select.limit.get_or_insert(rows);
        }
    }
}

/// Columns and rows.
pub struct Answer {
    /// The columns, in order.
    pub fields: Vec<Field>,
    /// The rows, in the layout of [`layout`], in a total order.
    pub batches: SendableRecordBatchStream,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// A question that cannot be answered; every kind but the last is told to the asker as theirs.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It does not read, or does not fit its tables.
    #[error(transparent)]
    Question(#[from] clear_soql::Error),
    /// It would need more memory, or more steps, than one question gets.
    #[error("the question needs more memory or more steps than one question gets")]
    TooLarge(#[source] DataFusionError),
    /// The engine cannot do it.
    #[error("the question cannot be computed as it stands")]
    Engine(#[source] DataFusionError),
    /// Something went wrong with us: columns that were put aside do not come back.
    #[error("the question cannot be answered now")]
    Ours(#[source] DataFusionError),
}

impl Fault {
    pub(crate) fn of(error: DataFusionError) -> Fault {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Fault::TooLarge(error),
            root if crate::engine::ours(root).is_some() => Fault::Ours(error),
            _ => Fault::Engine(error),
        }
    }

    /// What broke an answer off that had begun.
    pub fn running(error: DataFusionError) -> Fault {
        Fault::of(error)
    }

    /// What went wrong with us, if something did.
    pub fn ours(&self) -> Option<&clear_cold::Error> {
        match self {
            Fault::Ours(error) => crate::engine::ours(error.find_root()),
            _ => None,
        }
    }

    /// The API's code: `query.soql.no-such-column`.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Question(error) => error.code(),
            Fault::TooLarge(_) => "query.execution.too-large",
            Fault::Engine(_) => "query.soql.bad-parse",
            Fault::Ours(_) => "internal-error",
        }
    }

    /// The `message` of the API's envelope.
    pub fn message(&self) -> String {
        match self {
            Fault::Question(error) => error.message(),
            other => format!("Query coordinator error: {}; {other}", self.code()),
        }
    }

    /// What the envelope's `data` has beside the data set and the position, in order.
    pub fn details(&self) -> Vec<(&'static str, Detail)> {
        if let Fault::Question(error) = self { error.details() } else { Vec::new() }
    }

    /// Where in the question, if it is in one place.
    pub fn position(&self) -> Option<&Position> {
        if let Fault::Question(error) = self { Some(error.position()) } else { None }
    }
}

/// What an error of an [`Answer`]'s batches says to the asker.
pub fn fault(error: DataFusionError) -> Fault {
    Fault::of(error)
}

/// Reads and types a question. Depends on the question and the schema alone.
///
/// # Errors
/// What is wrong with the question, with its code and place.
pub fn planned(asked: &Asked, schema: &Schema) -> Result<Planned, Fault> {
    let (text, query) = match asked {
        Asked::Whole(text) => (text.clone(), parse::query(text)?),
        Asked::Clauses(clauses) => {
            let equal: Vec<(&str, &str)> =
                clauses.equal.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let written = parse::clauses(&parse::Clauses {
                select: clauses.select.as_deref(),
                filter: clauses.filter.as_deref(),
                equal: &equal,
                group: clauses.group.as_deref(),
                having: clauses.having.as_deref(),
                order: clauses.order.as_deref(),
                search: clauses.search.as_deref(),
                limit: clauses.limit.as_deref(),
                offset: clauses.offset.as_deref(),
            })?;
            (written.text, written.query)
        }
    };
    let plan = plan::of(&text, &query, schema)?;
    Ok(Planned { text, plan })
}

/// The engine's plan for a question over those tables, which are in the order of the schema it was planned with.
///
/// # Errors
/// What the engine cannot do.
pub fn logical(planned: &Planned, tables: &[Arc<dyn TableSource>]) -> Result<LogicalPlan, Fault> {
    translate::plan(&planned.plan, tables).map_err(Fault::of)
}

/// Answers a question in a session.
///
/// # Errors
/// What the engine cannot do, and a question that needs more memory than the session has.
pub async fn answer(
    session: &SessionContext,
    planned: &Planned,
    tables: &[Arc<dyn TableSource>],
) -> Result<Answer, Fault> {
    let plan = logical(planned, tables)?;
    crate::width::fits(&plan).map_err(Fault::of)?;
    let frame = session.execute_logical_plan(plan).await.map_err(Fault::of)?;
    let batches = frame.execute_stream().await.map_err(Fault::of)?;
    Ok(Answer { fields: planned.fields().to_vec(), batches })
}
