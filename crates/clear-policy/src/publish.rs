//! What everybody may read: the grant of the public sets.
//!
//! In:    the register, the rules' digest, the labels in use, a moment.
//! Out:   a [`Grant`] that opens the class *operational* on the labels that may be public, or a [`Denial`].
//! Never: opens a class that tells who somebody is or where exactly something was; looks at who asks.
//!
//! # How
//! INVARIANT (public is the same for all): the grant is a function of register, labels and moment. A resident, an officer
//! and an agency that is cut off read the same bytes, so that a cut-off neither opens nor closes anything here, and what is
//! read leaves no trail of anybody.
//!
//! It is no permit of the rules': they judge who asks and why, and here nobody asks. What may be public is said by the
//! owner, label by label ([`Label::is_publishable`]): gray, black, or any caveat takes a record out, at once.
//!
//! # Change here
//! Which owners publish: [`publishes`]. Why this is code and not a rule: docs/decisions/0049.

use clear_record::{FieldClass, Label, LabelId, LabelSet, PerClass, Reach};
use jiff::Timestamp;

use crate::sights::Sight;
use crate::{Decision, Denial, Grant, Register, RuleFault, Rules};

/// Decides what everybody may read at a moment. `labels` are the labels in use, by id.
pub fn publish(register: &Register, rules: &dyn Rules, labels: &[Label], at: Timestamp) -> Decision {
    if register.founding().is_none() {
        return Decision::Deny(Denial::Fault(RuleFault("the register is empty".into())));
    }
    let open: LabelSet =
        (0..).map(LabelId).zip(labels).filter(|(_, label)| publishes(register, label)).map(|(id, _)| id).collect();
    let class = |class| if class == FieldClass::Operational { open.clone() } else { LabelSet::empty() };
    let reach = Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(class) };
    Decision::Permit(Grant::of_everybody(register, rules, at, Sight::same(reach)))
}

/// Whether what has this label is in the public sets: it may be, and every owner of it is an owner of this installation.
fn publishes(register: &Register, label: &Label) -> bool {
    label.is_publishable() && label.owners.iter().all(|owner| register.is_owner(owner))
}
