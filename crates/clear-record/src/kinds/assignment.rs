use jiff::Timestamp;

use crate::schema::record;
use crate::{AccountId, IncidentId};

record! {
    /// Who works on an incident, and who supervises them: what rules open to the assigned and their supervisor, they
    /// open on the incident and its parts for as long as this lasts. Nobody assigns himself.
    Assignment {
        /// To which incident.
        incident: IncidentId, Operational;
        /// Which account is assigned.
        account: AccountId, Source;
        /// Which account supervises the assigned one.
        supervisor: Option<AccountId>, Source;
        /// From which moment.
        from: Timestamp, Operational;
        /// Until which moment; open while absent.
        until: Option<Timestamp>, Operational;
    }
}

impl Assignment {
    /// Whether it is in force at a moment.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}
