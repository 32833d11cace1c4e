use jiff::Timestamp;

use crate::schema::record;
use crate::{AgencyId, RecordId};

record! {
    /// One record, referred by its owner to another agency: a file for a prosecutor. What rules open to a recipient,
    /// they open on that record for that agency for as long as this lasts.
    Referral {
        /// Which record.
        record: RecordId, Operational;
        /// To which agency.
        agency: AgencyId, Operational;
        /// From which moment.
        from: Timestamp, Operational;
        /// Until which moment; open while absent.
        until: Option<Timestamp>, Operational;
        /// Why, in the owner's words.
        reason: Option<String>, Narrative;
    }
}

impl Referral {
    /// Whether it is in force at a moment.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}
