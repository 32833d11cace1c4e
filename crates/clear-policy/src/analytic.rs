//! Standing analytic inquiries: counts and de-identified rows, whatever the rules would open beside them.

use clear_record::{FieldClass, Label};

use crate::{Deed, Reads, RuleFault, Rules, Slice, Verdict};

/// The field classes of a de-identified row: what happened, when, under which codes, on which beat; and where the row
/// came from. Names, numbers, doors, faces and free text are not in it.
const DE_IDENTIFIED: [FieldClass; 2] = [FieldClass::Operational, FieldClass::Source];

/// Rules that say of each label what `whole` says, and open no more than de-identified rows. Their digest is another, so
/// that nothing that is remembered of the one is taken for the other.
pub(crate) struct DeIdentified<'a> {
    whole: &'a dyn Rules,
    digest: String,
}

impl DeIdentified<'_> {
    pub(crate) fn of(whole: &dyn Rules) -> DeIdentified<'_> {
        DeIdentified { whole, digest: format!("{}, de-identified", whole.digest()) }
    }
}

impl Rules for DeIdentified<'_> {
    fn judge(&self, slice: &Slice, label: &Label) -> Result<Verdict, RuleFault> {
        let mut verdict = self.whole.judge(slice, label)?;
        verdict.pointer = false;
        verdict.classes.retain(|class| DE_IDENTIFIED.contains(class));
        Ok(verdict)
    }

    fn permits(&self, slice: &Slice, deed: Deed) -> Result<bool, RuleFault> {
        self.whole.permits(slice, deed)
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    fn reads(&self, action: usize) -> Reads {
        // What is taken away here depends on the verdict alone.
        self.whole.reads(action)
    }
}
