//! A table that a query made, as it goes over the wire.

use clear_policy::Grant;
use clear_query::SqlMatch;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{Redact, Reduced};

/// A table that a query made of the incidents that the asker may see.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SqlTable {
    /// The columns, in order.
    pub columns: Vec<SqlColumn>,
    /// The rows: a value for each column, null where there is none.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more than the limit.
    pub more: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// `text`, `number`, `checkbox` or `floating_timestamp`.
    pub holds: &'static str,
}

impl Redact for SqlMatch {
    type Out = SqlTable;

    fn redact(self, _grant: &Grant) -> Reduced<SqlTable> {
        // The engine saw what the asker may see. Which records a query of counts and sums tells of, no list of ids says: the
        // log has the query itself.
        let columns = self.columns.into_iter().map(|(name, holds)| SqlColumn { name, holds }).collect();
        Reduced { out: SqlTable { columns, rows: self.rows, more: self.more }, told: Vec::new() }
    }
}
