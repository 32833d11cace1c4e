//! A map's question on the road of whoever asks: residents get the public set, whoever has signed in what is open.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use clear_record::Inquiry;
use clear_respond::{Of, PublicAnswer, Question, Redact, Unpublished, published};

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
    /// Everybody's.
    Public(Box<PublicAnswer<Out<Q>>>),
}

impl<Q: Question> Seen<Q>
where
    Q::Match: Redact,
{
    pub(crate) fn get(&self) -> &Out<Q> {
        match self {
            Seen::Own(answered) => answered.response.get(),
            Seen::Public(answer) => answer.get(),
        }
    }

    /// The headers of what is in the log.
    pub(crate) fn headers(&self) -> HeaderMap {
        match self {
            Seen::Own(answered) => numbers(&answered.response.receipt().to_header(), &answered.number),
            // What is everybody's leaves a count, and no receipt.
            Seen::Public(_) => HeaderMap::new(),
        }
    }

    /// Whether everybody gets the same.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self, Seen::Public(_))
    }
}

/// The set that whoever asks gets a map of: the public one, unless somebody has signed in and does not ask for that.
pub(crate) fn set_of(asker: &Asker, pairs: &[(String, String)]) -> Of {
    let public = pairs.iter().any(|(name, value)| name == "of" && value == "crimes");
    if asker.standing.account.is_none() || public { Of::Crimes } else { Of::Incidents }
}

/// Asks, by the road of whoever it is.
pub(crate) async fn asked<Q: Question>(
    app: &Arc<App>,
    asker: &Asker,
    kept: &Inquiry,
    set: Of,
    question: Q,
) -> Result<Seen<Q>, Fault>
where
    Q::Match: Redact,
{
    // What is everybody's is also that of whoever is cut off: it is no answer to them.
    if set == Of::Crimes {
        return everybodys(app, asker, &question).await;
    }
    // A program says its inquiry in headers, a browser keeps it.
    let said = if asker.inquiry == Inquiry::default() { kept } else { &asker.inquiry };
    let inquiry = bar::stated(said.clone(), &asker.standing);
    Ok(Seen::Own(Box::new(asker.ask(app, inquiry, None, question).await?)))
}

/// How often an answer is made again because an incident was closed meanwhile.
const TURNS_MAX: usize = 3;

/// Asks as everybody may: under the grant of the public sets, without a trail of who asked.
async fn everybodys<Q: Question>(app: &Arc<App>, asker: &Asker, question: &Q) -> Result<Seen<Q>, Fault>
where
    Q::Match: Redact,
{
    for _ in 0..TURNS_MAX {
        let answer = published(&app.desk, question).await.map_err(|unpublished| match unpublished {
            Unpublished::Wrong(fault) => Fault::new(StatusCode::BAD_REQUEST, "wrong", fault.plainly().to_owned()),
            Unpublished::TooManyRows(what) => Fault::new(StatusCode::BAD_REQUEST, "wrong", what),
            Unpublished::Failed => Fault::crashed(),
        })?;
        // From here on a closing resets the connection; one that was before shows in the answer.
        app.desk.gate().tell_public(&asker.connection());
        if answer.may_leave(&app.desk) {
            return Ok(Seen::Public(Box::new(answer)));
        }
    }
    Err(Fault::closed())
}

/// What does not read.
pub(crate) fn unread(Unread(what): Unread) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("{what}."))
}
