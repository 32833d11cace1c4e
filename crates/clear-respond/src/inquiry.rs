//! Inquiries: why somebody asks, read before anything is answered.
//!
//! In:    a request whose inquiry is stated in parts, or by the number of an opened inquiry.
//! Out:   a [`Grant`] with the request's entry in the log; or a refusal: asked back, held, refused.
//! Never: answers; believes a number, a release or a task force that it has not looked up for this very asker.
//!
//! # How
//! A number is replaced by the parts of the inquiry that it names, and the whole is decided anew under the asker's own
//! path, question by question. What the decision flags goes to the reviewers before the answer leaves; what it holds is
//! written down and waits for a second person, who releases that one question once.
//!
//! # Change here
//! Opening, taking over, events: `opened.rs`. Holds: `hold.rs`. The review queue: `review.rs`.

pub(crate) mod card;
mod hold;
mod opened;
mod review;

pub use hold::{HeldQuestion, HoldState};
pub use opened::{InquiryKind, NewEvent, NewInquiry, OpenInquiry, OpenedEvent};
pub use review::{Outcome, Queue, Review, TermPrecision};

pub(crate) use review::{Urgent, flag};

use clear_policy::{Decision, Denial, Flag, Grant};
use clear_record::{Inquiry, Request, Standing};
use serde::Serialize;

use crate::desk::{Desk, Error};
use crate::entry::{Entry, Refusal};

/// The questions of a standing analytic inquiry. Every other question names somebody or opens a record.
const ANALYTIC: [&str; 3] = ["counts", "rows", "place"];

/// A question that may be run.
pub(crate) struct Granted<'a> {
    /// Its entry in the log.
    pub(crate) entry: Entry<'a>,
    /// Within what.
    pub(crate) grant: Grant,
    /// Its inquiry, part by part: what it is decided by, now and again while it is answered.
    pub(crate) inquiry: Inquiry,
}

/// Decides one question with everything that its inquiry says. Every road that answers begins here.
///
/// # Errors
/// A [`Refusal`], which is in the log.
pub(crate) async fn granted<'a, Q: Serialize>(
    desk: &'a Desk,
    request: &Request<Q>,
    name: &str,
) -> Result<Granted<'a>, Refusal> {
    let asked = format!("{name} {}", serde_json::to_string(&request.question).unwrap_or_default());
    // Cards are read before the log has the question, so that the log has it whole; nothing is decided here.
    let read = read(desk, request, &asked).await;
    let facts = |inquiry: Inquiry| Request {
        id: request.id.clone(),
        asked_at: request.asked_at,
        standing: request.standing.clone(),
        inquiry,
        origin: request.origin.clone(),
        see: request.see,
        question: (),
    };
    let (facts, trouble) = match read {
        Ok(Stated { inquiry, trouble }) => (facts(inquiry), trouble.map(Ok)),
        Err(error) => (facts(request.inquiry.clone()), Some(Err(error))),
    };
    let mut entry = Entry::asked(desk, &facts, name, &request.question);
    // An asker whom an order or a suspension bars gets that, whatever is wrong with the inquiry.
    let decide = || {
        let now = desk.now();
        clear_policy::decide(&now.register, &*desk.rules(), &now.labels, desk.sights(), &facts)
    };
    let decision = decide();
    if facts.inquiry.for_them == Some(true) {
        entry.must_be_logged().await?;
    }
    if let Decision::Deny(_) = &decision
        && let Err(error) = owned_up(desk, &facts, &asked).await
    {
        return Err(entry.failed(&error).await);
    }
    let grant = match (decision, trouble) {
        (_, Some(Err(error))) => return Err(entry.failed(&error).await),
        (Decision::Deny(denial @ (Denial::Ordered(_) | Denial::Suspended(_) | Denial::SignIn)), _) => {
            return Err(entry.refuse(denial).await);
        }
        (_, Some(Ok(Trouble::None))) => return Err(entry.refuse(Denial::NoInquiry).await),
        (_, Some(Ok(Trouble::Differs(what)))) => return Err(entry.wrong(what).await),
        (Decision::Permit(grant), None) => grant,
        (Decision::Deny(Denial::Held(held)), None) => {
            entry.must_be_logged().await?;
            return Err(match hold::put(desk, &facts, &asked, held).await {
                Ok(denial) => entry.refuse(denial).await,
                Err(error) => entry.failed(&error).await,
            });
        }
        (Decision::Deny(denial), None) => return Err(entry.refuse(denial).await),
    };
    if facts.inquiry.analytic && !ANALYTIC.contains(&name) {
        return Err(entry.refuse(Denial::AnalyticOnly).await);
    }
    // A card is written from here on, if any: the log has the question first.
    if facts.inquiry.released.is_some() || !grant.flags().is_empty() {
        entry.must_be_logged().await?;
    }
    if let Some(number) = &facts.inquiry.released {
        // INVARIANT (a release is used once): two questions that name the same one race here, and one of them wins.
        match hold::use_up(desk, number).await {
            Ok(true) => {}
            Ok(false) => return Err(entry.refuse(Denial::HoldUsed(number.clone())).await),
            Err(error) => return Err(entry.failed(&error).await),
        }
    }
    // The reviewers have it before the asker has anything.
    if let Err(error) = review::flag(desk, &facts, &asked, grant.flags()).await {
        return Err(entry.failed(&error).await);
    }
    Ok(Granted { entry, grant, inquiry: facts.inquiry })
}

/// Whoever answers *yes, it is for them* is refused, and a reviewer looks at it all the same (S2).
async fn owned_up(desk: &Desk, facts: &Request<()>, asked: &str) -> Result<(), Error> {
    if facts.inquiry.for_them != Some(true) {
        return Ok(());
    }
    let mut flags = clear_policy::flags(&desk.register(), facts);
    flags.retain(|flag| matches!(flag, Flag::Term { .. }));
    review::flag(desk, facts, asked, &flags).await
}

struct Stated {
    inquiry: Inquiry,
    trouble: Option<Trouble>,
}

enum Trouble {
    /// No such open inquiry of this asker's.
    None,
    /// The question states something else than the inquiry that it names.
    Differs(String),
}

async fn read<Q>(desk: &Desk, request: &Request<Q>, asked: &str) -> Result<Stated, Error> {
    let mut stated = Stated { inquiry: request.inquiry.clone(), trouble: None };
    if request.inquiry.number.is_some() {
        match opened::find(desk, &request.standing, &request.inquiry, request.asked_at).await? {
            Some(open) => match open.states(&request.inquiry) {
                Ok(inquiry) => stated.inquiry = inquiry,
                Err(what) => stated.trouble = Some(Trouble::Differs(what)),
            },
            None => stated.trouble = Some(Trouble::None),
        }
    }
    // INVARIANT (a release is looked up before it is decided with): what is no release of this very question is none.
    if let Some(number) = stated.inquiry.released.take() {
        let digest = hold::digest(&request.standing, &stated.inquiry, asked);
        if hold::is_released(desk, &number, &digest, request.asked_at).await? {
            stated.inquiry.released = Some(number);
        }
    }
    Ok(stated)
}

impl Desk {
    /// The inquiry with the parts of the opened one that it names, for whoever must know its path before it is asked.
    /// Where it names none that is open to this asker, it comes back as it is, and the road refuses it.
    pub async fn stated(&self, standing: &Standing, inquiry: &Inquiry) -> Inquiry {
        if inquiry.number.is_none() {
            return inquiry.clone();
        }
        let open = opened::find(self, standing, inquiry, self.clock()).await;
        // An error is the road's to report: it reads the same card again and fails there, in the log.
        open.ok().flatten().and_then(|open| open.states(inquiry).ok()).unwrap_or_else(|| inquiry.clone())
    }
}
