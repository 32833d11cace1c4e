//! A request's entry in the log: opened when it is asked, ended exactly once.

use clear_audit::{Event, LogDown, Receipt, What};
use clear_policy::{Denial, Grant, Order};
use clear_record::{Request, Seq};
use clear_redact::Disclosed;
use serde::Serialize;
use std::sync::Arc;

use crate::desk::{Desk, chain};

/// Why nothing came back.
#[derive(Debug)]
pub enum Refusal {
    /// The decision was no.
    Denied {
        /// Why, in words for the asker.
        denial: Box<Denial>,
        /// That the refusal is in the log.
        receipt: Box<Receipt>,
    },
    /// The question or filing itself is wrong; the text says where and how to mend it.
    Wrong {
        /// What is wrong.
        what: String,
        /// That it is in the log.
        receipt: Box<Receipt>,
    },
    /// An order came while the answer was made.
    Cut(Arc<Order>),
    /// Something went wrong with us; the operator has the chain under the request's number.
    Failed,
    /// Nothing can be logged, so nothing is answered.
    LogDown,
}

/// An answer that may leave: disclosed, and in the log.
pub struct Response<T> {
    disclosed: Disclosed<T>,
    receipt: Receipt,
}

impl<T> Response<T> {
    /// Puts an answer and its receipt together.
    ///
    /// INVARIANT (nothing leaves without its receipt): the receipt is of the same request and the same bytes.
    fn new(request: &clear_record::RequestId, disclosed: Disclosed<T>, receipt: Receipt) -> Option<Response<T>> {
        let same = receipt.request() == Some(request) && receipt.digest() == Some(disclosed.digest());
        same.then_some(Response { disclosed, receipt })
    }

    /// The answer, for a page.
    pub fn get(&self) -> &T {
        self.disclosed.get()
    }

    /// The receipt, for a header.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The answer's bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.disclosed.into_bytes()
    }
}

/// A request's entry in the log.
pub(crate) struct Entry<'a> {
    desk: &'a Desk,
    event: Event,
    ended: bool,
}

impl<'a> Entry<'a> {
    /// Opens the entry: the *asked* event is in the queue before anything is decided.
    pub(crate) fn asked<Q>(desk: &'a Desk, request: &Request<Q>, name: &str, question: &impl Serialize) -> Entry<'a> {
        let event = event(request, name, question);
        // Nobody waits for this one alone: the ending event comes behind it in the same order and is waited for.
        drop(desk.log().append(&event, None));
        desk.count("asked");
        Entry { desk, event, ended: false }
    }

    pub(crate) fn event(&self, what: What) -> Event {
        // The question stands in the asked event; the ending one refers to it by the request's number.
        Event { what, at: self.desk.clock(), question: None, reason: None, ..self.event.clone() }
    }

    async fn end(&mut self, event: &Event) -> Result<Receipt, LogDown> {
        self.ended = true;
        self.desk.count(match event.what {
            What::Answered => "answered",
            What::Denied => "denied",
            What::Filed => "filed",
            What::Cut => "cut",
            _ => "failed",
        });
        self.desk.log().append(event, None).wait().await
    }

    /// Marks the entry as ended by an event that the outbox carries.
    pub(crate) fn ended_by_outbox(mut self) {
        self.ended = true;
        self.desk.count("filed");
    }

    /// Ends the entry of a deed that leaves nothing but its own event.
    pub(crate) async fn done(mut self) -> Result<Receipt, Refusal> {
        let event = self.event(What::Filed);
        self.end(&event).await.map_err(|down| self.desk.log_down(&down))
    }

    /// Ends the entry with a denial.
    pub(crate) async fn refuse(mut self, denial: Denial) -> Refusal {
        let why = Some(format!("{}: {denial}", denial.code()));
        let event = Event { why, register: Some(self.desk.register().version()), ..self.event(What::Denied) };
        match self.end(&event).await {
            Ok(receipt) => Refusal::Denied { denial: Box::new(denial), receipt: Box::new(receipt) },
            Err(down) => self.desk.log_down(&down),
        }
    }

    /// Ends the entry because the question is wrong.
    pub(crate) async fn wrong(mut self, what: String) -> Refusal {
        let event = Event { why: Some(format!("wrong: {what}")), ..self.event(What::Failed) };
        match self.end(&event).await {
            Ok(receipt) => Refusal::Wrong { what, receipt: Box::new(receipt) },
            Err(down) => self.desk.log_down(&down),
        }
    }

    /// Ends the entry because something went wrong with us.
    pub(crate) async fn failed(mut self, error: &(dyn std::error::Error + Send + Sync)) -> Refusal {
        let request = self.event.request.clone();
        tracing::error!(request = request.as_ref().map(|id| id.as_str()), "{}", chain(error));
        let event = Event { why: Some("an error of ours".into()), ..self.event(What::Failed) };
        match self.end(&event).await {
            Ok(_) => Refusal::Failed,
            Err(down) => self.desk.log_down(&down),
        }
    }

    /// Ends the entry with an answer, waits until the log has it, and lets the answer go if its grant still holds.
    pub(crate) async fn answered<T>(mut self, grant: &Grant, disclosed: Disclosed<T>) -> Result<Response<T>, Refusal> {
        let told = disclosed.told();
        let event = Event {
            records: told.to_vec(),
            count: Some(told.len() as u64),
            register: Some(grant.register()),
            seq: Some(Seq(self.desk.visible().0)),
            digest: Some(disclosed.digest().to_owned()),
            ..self.event(What::Answered)
        };
        let receipt = match self.end(&event).await {
            Ok(receipt) => receipt,
            Err(down) => return Err(self.desk.log_down(&down)),
        };
        let register = self.desk.register();
        if !grant.holds(&register) {
            let order = register
                .closed_to(grant.path())
                .or_else(|| register.owners_closed_to(grant.path()).into_values().next());
            return Err(order.map_or(Refusal::Failed, Refusal::Cut));
        }
        let Some(request) = &self.event.request else { return Err(Refusal::Failed) };
        Response::new(request, disclosed, receipt).ok_or(Refusal::Failed)
    }
}

// Every way out leads here: an asker that hangs up, a panic, a shutdown.
impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let (what, why) = match std::thread::panicking() {
                true => (What::Crashed, "an error of ours"),
                false => (What::Cut, "the asker went away"),
            };
            let event = Event { why: Some(why.into()), ..self.event(what) };
            drop(self.desk.log().append(&event, None));
            self.desk.count("cut");
        }
    }
}

/// The event of a request, with the fields of AU-3.
pub(crate) fn event<Q>(request: &Request<Q>, name: &str, question: &impl Serialize) -> Event {
    let question = serde_json::to_string(question).unwrap_or_default();
    Event {
        at: request.asked_at,
        request: Some(request.id.clone()),
        what: What::Asked,
        account: request.standing.account.clone(),
        agency: request.standing.agency.clone(),
        on_behalf_of: request.inquiry.on_behalf_of.clone(),
        address: Some(request.origin.address.clone()),
        session: request.origin.session.clone(),
        purpose: request.inquiry.purpose.clone(),
        use_code: request.inquiry.use_code.clone(),
        case: request.inquiry.case.clone(),
        reason: request.inquiry.reason.clone(),
        question: Some(format!("{name} {question}")),
        ..Event::default()
    }
}
