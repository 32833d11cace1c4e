//! A map's question on the road of whoever asks: residents get the public set, whoever has signed in what is open.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use clear_record::Inquiry;
use clear_respond::{Of, Question, Redact};

use crate::app::App;
use crate::asker::{Answered, Asker, Out, numbers};
use crate::fault::Fault;
use crate::maps::wish::Unread;
use crate::pages::bar;

/// An answer, of whichever road.
pub(crate) enum Seen<Q: Question>
where
    Q::Match: Redact,
{
    /// Of the asker's own.
    Own(Box<Answered<Out<Q>>>),
}

impl<Q: Question> Seen<Q>
where
    Q::Match: Redact,
{
    pub(crate) fn get(&self) -> &Out<Q> {
        match self {
            Seen::Own(answered) => answered.response.get(),
        }
    }

    /// The headers of what is in the log.
    pub(crate) fn headers(&self) -> HeaderMap {
        match self {
            Seen::Own(answered) => numbers(&answered.response.receipt().to_header(), &answered.number),
        }
    }

    /// Whether everybody gets the same.
    pub(crate) fn is_public(&self) -> bool {
        match self {
            Seen::Own(_) => false,
        }
    }
}

/// The set that whoever asks gets a map of.
pub(crate) fn set_of(asker: &Asker) -> Of {
    if asker.standing.account.is_some() { Of::Incidents } else { Of::Crimes }
}

/// Asks, by the road of whoever it is.
pub(crate) async fn asked<Q: Question>(
    app: &Arc<App>,
    asker: &Asker,
    kept: &Inquiry,
    question: Q,
) -> Result<Seen<Q>, Fault>
where
    Q::Match: Redact,
{
    let inquiry = bar::stated(kept.clone(), &asker.standing);
    Ok(Seen::Own(Box::new(asker.ask(app, inquiry, None, question).await?)))
}

/// What does not read.
pub(crate) fn unread(Unread(what): Unread) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("{what}."))
}
