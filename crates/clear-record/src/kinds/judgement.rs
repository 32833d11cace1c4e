use crate::PersonId;
use crate::label::words;
use crate::schema::record;

words! {
    /// What a person found out about two records.
    Verdict {
        /// They are of the same person.
        Same = "same",
        /// They are of two persons.
        Different = "different",
    }
}

record! {
    /// What somebody decided about two person records: that they are of one person, or of two. It outranks whatever the
    /// linker computes; a correction of it takes the decision back.
    Judgement {
        /// One record.
        one: PersonId, Identity;
        /// The other.
        other: PersonId, Identity;
        /// What was decided.
        verdict: Verdict, Identity;
        /// What it rests on, in words.
        reason: String, Narrative;
    }
}
