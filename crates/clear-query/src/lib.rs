//! Runs a question under a grant.
//!
//! In:    a [`Question`], a [`Grant`], the [`Shelves`]: the ledger and the projections that follow it.
//! Out:   [`Matches`]: what was found and may be noticed. What of it may leave is `clear-redact`'s to say.
//! Never: fetches a body before its label was tested; lets an engine see more than the asker's [`Sight`].
//!
//! # How
//! Projections are folds over the ledger's versions, up to the last one that is in the log. A question first lets them
//! catch up, asks an engine under the Sight (labels, and the relations of [`Ties`]), then reads the bodies of what it found.
//!
//! # Change here
//! A new kind of question: a file beside `find.rs`, and its answer in `clear-redact`. A new projection: `shelves.rs`. A relation
//! between askers and records: `relations.rs`.
//!
//! [`Sight`]: clear_record::Sight

mod activity;
mod blocks;
mod changes;
mod check;
mod counts;
mod find;
mod kept;
mod known;
mod lapsing;
mod links;
mod locate;
mod measure;
mod narrow;
mod open;
mod place;
mod relations;
mod rows;
mod sets;
mod shelves;
mod sql;
mod tallies;
mod tending;
mod tiles;

pub use activity::{ACTIVITIES, ActivityTable, Quarter};
pub use changes::{Changed, Changes, ChangesMatch};
pub use check::{CHECK_LIMITS, Check, CheckLimits, CheckMatch, CheckOf, CheckedLine, RefusedLine};
pub use counts::{Counted, Counts};
pub use find::{Find, FindMatch, FoundVersion};
pub use kept::{Kept, Restored};
pub use known::Known;
pub use lapsing::Lapsing;
pub use links::{Links, LinksMatch};
pub use locate::{Locate, LocateMatch};
pub use measure::{Measures, MeasuresFound, MeasuresMatch, MeasuresView};
pub use open::{Open, OpenMatch, Related, SamePerson};
pub use place::{
    AreaValue, AreasOf, Cells, ClusterOnMap, ClustersOf, DensityOf, Following, HotSpotsOf, Made, Make, NearRepeatOf,
    Of, Per, Place, Placed, Week, Which,
};
pub use relations::Ties;
pub use rows::{Cursor, Rows, RowsMatch};
pub use sets::{
    Covered, SetAsked, SetClauses, SetFault, SetHeld, SetInfo, SetRows, SetSource, covered_set, given_batch,
    is_ordered, iucr_rows, public_sets, set_named,
};
pub use shelves::{Error, Shelves};
pub use sql::{Sql, SqlForm, SqlMatch};
pub use tending::FoldedSets;
pub use tiles::{Marked, TileDot, TileLayer, TileMatch, TileOf};

// What sets are made of.
pub use clear_soql::types::shape;
pub use clear_stats::sets::{PointKey, SetColumn, SoqlType, published_before};
pub use clear_stats::soql::Field as SetRowsField;
pub use clear_stats::soql::number_shown;

// What a match says in the words of the links, of the measures and of the search.
pub use clear_graph::{HOPS_MAX, HUB_MAX, Node, THINGS as LINKED_KINDS};
pub use clear_search::{Facet, Piece, Snippet, Suggested, Suggestion};
pub use clear_stats::measures;

use clear_policy::Grant;
use clear_record::Seq;

/// Something that can be asked.
pub trait Question: serde::Serialize + Clone + Send + Sync + 'static {
    /// What is found.
    type Match: Send;
    /// Its name in the log, in metrics and in the API.
    const NAME: &'static str;
    /// Asks the engines, under the grant's reach, at `seq`.
    fn run(
        &self,
        shelves: &Shelves,
        grant: &Grant,
        seq: Seq,
    ) -> impl Future<Output = Result<Self::Match, Error>> + Send;

    /// Black records that the question would have hit, and that its asker does not see (GR15). Their owners are told;
    /// the asker is not, by nothing that it could observe.
    fn silent_hits(&self, _shelves: &Shelves, _grant: &Grant) -> Vec<SilentHit> {
        Vec::new()
    }
}

/// A black record that somebody's question would have hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentHit {
    /// Which.
    pub id: clear_record::RecordId,
    /// Whose.
    pub owners: std::collections::BTreeSet<clear_record::AgencyId>,
}

/// What a question found. Made by [`run`] alone.
pub struct Matches<Q: Question> {
    found: Q::Match,
}

impl<Q: Question> Matches<Q> {
    /// What was found, for `clear-redact`.
    pub fn into_found(self) -> Q::Match {
        self.found
    }
}

/// Runs a question under a grant, over everything up to `visible`.
///
/// # Errors
/// [`Error::Question`] when the question itself is wrong, else what went wrong with us.
pub async fn run<Q: Question>(
    shelves: &Shelves,
    grant: &Grant,
    visible: Seq,
    question: &Q,
) -> Result<Matches<Q>, Error> {
    shelves.catch_up(visible).await?;
    Ok(Matches { found: question.run(shelves, grant, visible).await? })
}
