//! Decides whether an asker may see what it asks for.
//!
//! In:    a [`Request`], the [`Register`] of agencies, agreements and orders, the labels in use, the [`Rules`].
//! Out:   a [`Decision`]: a [`Grant`] or a [`Denial`], each with its reasons.
//! Never: reads a record, asks the time, touches the network, knows Cedar.
//!
//! # How
//! Cut-offs first; then what the inquiry must say; then rules; silence is denial. Rules are judged once per label and
//! remembered by the digest of everything they were given ([`Sights`]).
//!
//! # Change here
//! What an entry of the register may say: `entry.rs`. What an order covers: `order.rs`. Who may do what: not here but in
//! `clear-rules/policies/`. Why cut-offs have no inverse: docs/decisions/0004.

mod analytic;
mod decide;
mod ending;
mod entry;
mod essence;
mod forms;
mod keys;
mod note;
mod order;
mod publish;
mod reasons;
mod register;
mod resumption;
mod rules;
mod sights;
mod suspension;
mod template;
mod terms;

pub use decide::{Decision, Denial, Grant, Held, Hold, decide, may, refused_before_rules};
pub use ending::{Ending, Succession};
pub use entry::{
    Admission, Affiliation, Agency, AgencyKind, Agreement, Announcement, Attestation, DeclaredPurpose, DeclaredUseCode,
    Edge, EdgeKind, EndingPower, Entry, Flow, Installation, KeyEnd, KeyHolder, Member, SuspensionEnd, TaskForce, Terms,
    Vendor,
};
pub use essence::{Essence, Named, Reads};
pub use forms::{BadForm, FORMS, Form, FormField, Holds, form};
pub use keys::{BadKey, KeyPair, sign};
pub use order::{BadOrder, Covers, Order, OrderDraft, Scope, closure_digest};
pub use publish::publish;
pub use reasons::{Flag, flags};
pub use register::{BadEntry, Parts, Register};
pub use resumption::Resumption;
pub use rules::{Deed, RuleFault, Rules, Slice, Verdict};
pub use sights::{Sight, Sights};
pub use suspension::{Over, Suspension, SuspensionDraft};
pub use template::{BadTemplate, Founder, Founding, OrderTemplate, Template};

#[doc(no_inline)]
pub use clear_record::{Inquiry, Request, Standing};
