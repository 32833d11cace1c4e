use jiff::Timestamp;

use crate::label::{Caution, Handling};
use crate::schema::record;
use crate::{AccountId, RecordId};

record! {
    /// A decision of the owner's on how one record is handled (GR15): white, gray or black. It is the reason for the
    /// label that the record has since; its author is the account that filed it.
    Restriction {
        /// Which record.
        record: RecordId, Operational;
        /// How it is handled from now on.
        handling: Handling, Operational;
        /// Why, in the author's words.
        reason: String, Narrative;
        /// The second person who stands behind it.
        second_person: Option<AccountId>, Source;
        /// When it ends by itself; for black within a year.
        until: Option<Timestamp>, Operational;
        /// What an asker is told who would have hit it; nothing while absent.
        caution: Option<Caution>, Operational;
        /// When it was ended, by a later decision or by its date.
        ended_at: Option<Timestamp>, Operational;
    }
}
