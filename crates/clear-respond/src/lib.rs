//! The two roads: [`answer`] lets out, [`accept`] lets in.
//!
//! In:    a [`Proven`] request: a [`Question`], or a [`Filing`].
//! Out:   a [`Response`] or an [`Accepted`], each with its receipt; or a [`Refusal`].
//! Never: knows HTTP; lets anything out that is not decided, redacted and logged.
//!
//! # How
//! Every request leaves one *asked* event and exactly one event that ends it; every way out of a road goes through
//! [`entry`]. What was committed and is not yet in the log is not visible. An order is acknowledged when its [`Gate`]
//! holds.
//!
//! # Change here
//! What a filing checks: `accept.rs`. What happens at start: `desk.rs`. What the public sees: `public.rs`.

mod accept;
mod desk;
mod entry;
mod gate;
mod public;
mod sign_in;

pub use accept::{Accepted, AcceptedOrder, BadFiling, Filing, accept};
pub use desk::{Clock, Desk, Error, Parts};
pub use entry::{Refusal, Response};
pub use gate::{Bound, Connection, Gate};
pub use public::{
    OrderPreview, PublicAgency, PublicAgreement, PublicFlow, PublicOrder, PublicRegister, PublicSuspension,
    order_preview,
};
pub use sign_in::NewAccount;

// What a caller needs to speak to the roads, so that it depends on this crate alone.
pub use clear_identity::{Credential, Proven, Refused, SignedIn, Unproven};
pub use clear_ingest as ingest;
pub use clear_policy as policy;
pub use clear_query::{Counts, Find, Lapsing, Open, Question};
pub use clear_redact::{
    Alert, CountedTable, Found, FoundHit, Opened, OpenedRecord, Pointer, Redact, RelatedRecord, SamePersonRecord, Shown,
};

use clear_policy::Decision;
use clear_record::Request;

use crate::entry::Entry;

/// Answers one request. Whatever leaves OpenCLEAR leaves through here.
///
/// # Errors
/// A [`Refusal`]: denied, wrong, failed, or nothing can be logged. Each is in the log before it is returned, but the last.
pub async fn answer<Q: Question>(
    desk: &Desk,
    request: Proven<Request<Q>>,
) -> Result<Response<<Q::Match as Redact>::Out>, Refusal>
where
    Q::Match: Redact,
{
    let entry = Entry::asked(desk, &request, Q::NAME, &request.question);
    let now = desk.now();
    let grant = match clear_policy::decide(&now.register, desk.rules(), &now.labels, desk.sights(), &request) {
        Decision::Permit(grant) => grant,
        Decision::Deny(denial) => return Err(entry.refuse(denial).await),
    };
    // An asker that names a `seq` must see it; what is not in the log is not visible to anybody.
    let visible = desk.visible();
    if request.see.is_some_and(|seq| seq > visible) {
        return Err(entry
            .wrong("`see` names a version that is not in the log; use the seq of your own filing's receipt".into())
            .await);
    }
    let matches = match clear_query::run(desk.shelves(), &grant, visible, &request.question).await {
        Ok(matches) => matches,
        Err(clear_query::Error::Question(what)) => return Err(entry.wrong(what).await),
        Err(error) => return Err(entry.failed(&error).await),
    };
    let disclosed = match clear_redact::apply(&grant, matches) {
        Ok(disclosed) => disclosed,
        Err(error) => return Err(entry.failed(&error).await),
    };
    entry.answered(&grant, disclosed).await
}
