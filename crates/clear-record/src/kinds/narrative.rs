use crate::RecordId;
use crate::schema::record;

record! {
    /// A narrative or supplement: the report's words, about an incident, arrest or stop.
    Narrative {
        /// What it is about.
        about: RecordId, Operational;
        /// A short title: `Supplementary report 2`.
        title: Option<String>, Operational;
        /// The words.
        text: String, Narrative;
    }
}
