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

mod decide;
mod entry;
mod keys;
mod order;
mod register;
mod rules;
mod template;

pub use decide::{Decision, Denial, Grant, Sights, decide, may};
pub use entry::{Affiliation, Agency, AgencyKind, Agreement, Edge, EdgeKind, Entry, Flow, Installation, KeyHolder};
pub use entry::{DeclaredPurpose, DeclaredUseCode, Suspension, SuspensionEnd};
pub use keys::{BadKey, KeyPair, sign};
pub use order::{BadOrder, Covers, Order, OrderDraft, Scope, closure_digest};
pub use register::{BadEntry, Register};
pub use rules::{Deed, RuleFault, Rules, Slice, Verdict};
pub use template::{BadTemplate, Founder, Founding, OrderTemplate, Template};

#[doc(no_inline)]
pub use clear_record::{Inquiry, Request, Standing};
