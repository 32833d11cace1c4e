//! Maps, tiles and located addresses: made of what the engine let out under the reach.
//!
//! In:    what `clear-query` made of incidents.
//! Out:   the same; of a tile, the records that it shows by themselves.
//! Never: adds a record: a value whose class is closed on its label was never on the map.

use clear_policy::Grant;
use clear_query::{LocateMatch, Marked, Placed, TileMatch};

use crate::{Redact, Reduced};

impl Redact for Placed {
    type Out = Placed;

    fn redact(self, _grant: &Grant) -> Reduced<Placed> {
        // Counts, densities and cells tell of no single record.
        Reduced { out: self, told: Vec::new() }
    }
}

impl Redact for TileMatch {
    type Out = Marked;

    fn redact(self, _grant: &Grant) -> Reduced<Marked> {
        Reduced { out: self.marked, told: self.told }
    }
}

impl Redact for LocateMatch {
    type Out = LocateMatch;

    fn redact(self, _grant: &Grant) -> Reduced<LocateMatch> {
        // A block is where it is; that incidents were recorded on it is what the asker may see anyhow.
        Reduced { out: self, told: Vec::new() }
    }
}
