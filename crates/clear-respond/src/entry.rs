//! A request's entry in the log: opened when it is asked, ended exactly once.

use std::collections::BTreeSet;

use clear_audit::{Event, LogDown, Pending, Receipt, What};
use clear_policy::{Denial, Grant, RuleFault};
use clear_record::{Request, Seq};
use clear_redact::Disclosed;
use serde::Serialize;

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
    /// An order or a suspension came while the answer was made.
    Cut(Box<Denial>),
    /// Something went wrong with us; the operator has the chain under the request's number.
    Failed,
    /// Nothing can be logged, so nothing is answered.
    LogDown,
}

/// An answer that may leave: disclosed, and in the log.
pub struct Response<T> {
    disclosed: Disclosed<T>,
    receipt: Receipt,
    /// How many tightenings there were when it was made.
    tightenings: u64,
    /// Whose it is, for the log, should it not leave after all.
    event: Box<Event>,
}

impl<T> Response<T> {
    /// Puts an answer and its receipt together.
    ///
    /// INVARIANT (nothing leaves without its receipt): the receipt is of the same request and the same bytes.
    fn new(event: Event, disclosed: Disclosed<T>, receipt: Receipt) -> Option<Response<T>> {
        let same = receipt.request() == Some(event.request.as_ref()?) && receipt.digest() == Some(disclosed.digest());
        same.then(|| Response { disclosed, receipt, tightenings: 0, event: Box::new(event) })
    }

    /// The event that says that it did not leave.
    pub(crate) fn withheld(&self, why: &str) -> Event {
        let digest = Some(self.disclosed.digest().to_owned());
        Event { what: What::Withheld, why: Some(why.to_owned()), digest, ..Event::clone(&self.event) }
    }

    /// The answer, for a page.
    pub fn get(&self) -> &T {
        self.disclosed.get()
    }

    pub(crate) fn tightenings(&self) -> u64 {
        self.tightenings
    }

    /// Notes under how many tightenings it was made.
    pub(crate) fn made_under(self, tightenings: u64) -> Response<T> {
        Response { tightenings, ..self }
    }

    /// The records that it tells of, for the gate.
    pub fn told(&self) -> &[clear_record::RecordId] {
        self.disclosed.told()
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
    /// The *asked* event on its way to the disk, until somebody waits for it.
    asked: Option<Pending>,
    /// Why the *asked* event was not even taken, if it was not: then nothing else of this request is logged or answered.
    unlogged: Option<LogDown>,
}

impl<'a> Entry<'a> {
    /// Opens the entry: the *asked* event is in the queue before anything is decided.
    pub(crate) fn asked<Q>(desk: &'a Desk, request: &Request<Q>, name: &str, question: &impl Serialize) -> Entry<'a> {
        let now = desk.now();
        let event = Event {
            path: now.register.path(&request.standing, &request.inquiry, request.asked_at),
            register: Some(now.register.version()),
            rules: Some(desk.rules().digest().to_owned()),
            labels: Some(now.labels.len() as u64),
            ..event(request, name, question)
        };
        // Nobody waits for this one alone: the ending event comes behind it in the same order and is waited for.
        let asked = desk.log().append(&event, None);
        let unlogged = asked.refused().cloned();
        desk.count("asked");
        Entry { desk, event, ended: false, asked: Some(asked), unlogged }
    }

    pub(crate) fn event(&self, what: What) -> Event {
        // The question stands in the asked event; the ending one refers to it by the request's number.
        Event { what, at: self.desk.clock(), question: None, reason: None, emergency: None, ..self.event.clone() }
    }

    /// A change of the rules is a stop: what others opened does not leave under these, nor under a digest in the log that
    /// was not decided by.
    pub(crate) fn judged_by_others(&self, grant: &Grant) -> Option<Denial> {
        let same = grant.rules() == self.desk.rules().digest() && self.event.rules.as_deref() == Some(grant.rules());
        (!same).then(|| Denial::Fault(RuleFault("the rules changed while this was answered".to_owned())))
    }

    async fn end(&mut self, event: &Event) -> Result<Receipt, LogDown> {
        self.ended = true;
        self.desk.count(match event.what {
            What::Answered => "answered",
            What::Denied => "denied",
            What::Held => "held",
            What::Filed => "filed",
            What::Cut => "cut",
            _ => "failed",
        });
        if let Some(down) = &self.unlogged {
            return Err(down.clone());
        }
        self.desk.log().append(event, None).wait().await
    }

    /// Waits until the *asked* event of a filing is on the disk, before anything is committed: the event that ends it comes
    /// by the outbox, and after a crash the outbox alone must not end what the log has not asked.
    pub(crate) async fn must_be_logged(&mut self) -> Result<(), Refusal> {
        let Some(asked) = self.asked.take() else { return Ok(()) };
        let Err(down) = asked.durable().await else { return Ok(()) };
        if self.unlogged.is_none() && down.is_passing() {
            // The disk may write it yet; then it needs its end.
            let event = Event { why: Some("the disk did not answer in time".into()), ..self.event(What::Failed) };
            drop(self.desk.log().append(&event, None));
        }
        self.ended = true;
        Err(self.desk.log_down(&down))
    }

    /// Marks the entry as ended by an event that the outbox carries.
    pub(crate) fn ended_by_outbox(mut self) {
        self.ended = true;
        self.desk.count("filed");
    }

    /// Adds an event that says more of a deed; the one that ends it comes behind.
    pub(crate) fn also(&self, what: What, why: String) {
        self.also_of(what, why, BTreeSet::new());
    }

    /// The same, of a question that words of these terms were met in.
    pub(crate) fn also_of(&self, what: What, why: String, terms: BTreeSet<String>) {
        let event = Event { why: Some(why), terms, ..self.event(what) };
        drop(self.desk.log().append(&event, None));
    }

    /// Ends the entry of a deed that leaves nothing but its own event.
    pub(crate) async fn done(mut self) -> Result<Receipt, Refusal> {
        let event = self.event(What::Filed);
        self.end(&event).await.map_err(|down| self.desk.log_down(&down))
    }

    /// Ends the entry of an answer about the log itself, which discloses no record: how many entries it speaks of.
    pub(crate) async fn told(mut self, count: u64) -> Result<Receipt, Refusal> {
        let event = Event { count: Some(count), ..self.event(What::Answered) };
        self.end(&event).await.map_err(|down| self.desk.log_down(&down))
    }

    /// Ends the entry with an event made from it.
    pub(crate) async fn ended(mut self, event: Event) -> Result<Receipt, Refusal> {
        self.end(&event).await.map_err(|down| self.desk.log_down(&down))
    }

    /// Ends the entry with a denial.
    pub(crate) async fn refuse(mut self, denial: Denial) -> Refusal {
        let why = Some(format!("{}: {denial}", denial.code()));
        let what = if matches!(denial, Denial::Held(_)) { What::Held } else { What::Denied };
        let event = Event { why, register: Some(self.desk.register().version()), ..self.event(what) };
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
            path: grant.path().clone(),
            records: told.to_vec(),
            owners: crate::disclosures::owners(self.desk, told),
            count: Some(told.len() as u64),
            register: Some(grant.register()),
            seq: Some(Seq(self.desk.visible().0)),
            digest: Some(disclosed.digest().to_owned()),
            ..self.event(What::Answered)
        };
        let receipt = match self.end(&event).await {
            Ok(receipt) => receipt,
            Err(down) => {
                if down.is_passing() && self.unlogged.is_none() {
                    // The disk may write the answer's event yet; then the log must also say that nothing left.
                    let withheld =
                        Event { why: Some("the disk did not answer in time".into()), ..self.event(What::Withheld) };
                    drop(self.desk.log().append(&withheld, None));
                }
                return Err(self.desk.log_down(&down));
            }
        };
        let register = self.desk.register();
        let ended = grant.ended_by(&register, self.desk.clock()).or_else(|| self.judged_by_others(grant));
        if let Some(denial) = ended {
            // The log says that this was answered; it must also say that it did not leave.
            let why = Some(format!("{}: {denial}", denial.code()));
            let digest = Some(disclosed.digest().to_owned());
            let withheld = Event { why, digest, path: grant.path().clone(), ..self.event(What::Withheld) };
            if let Err(down) = self.desk.log().append(&withheld, None).wait().await {
                return Err(self.desk.log_down(&down));
            }
            return Err(Refusal::Cut(Box::new(denial)));
        }
        let event = Event { path: grant.path().clone(), ..self.event(What::Withheld) };
        Response::new(event, disclosed, receipt).ok_or(Refusal::Failed)
    }
}

// Every way out leads here: an asker that hangs up, a panic, a shutdown.
impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if !self.ended && self.unlogged.is_none() {
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

/// The event of a request, with the fields of AU-3 and everything that its decision is a function of.
///
/// INVARIANT (a decision can be replayed from the log): a new part of [`clear_record::Standing`] or of
/// [`clear_record::Inquiry`] is written here and read in `replay.rs`.
pub(crate) fn event<Q>(request: &Request<Q>, name: &str, question: &impl Serialize) -> Event {
    let question = serde_json::to_string(question).unwrap_or_default();
    Event {
        at: request.asked_at,
        request: Some(request.id.clone()),
        what: What::Asked,
        account: request.standing.account.clone(),
        agency: request.standing.agency.clone(),
        roles: request.standing.roles.clone(),
        device: request.standing.device.clone(),
        ended_by: request.standing.ended_by.clone(),
        inquiry: request.inquiry.number.clone(),
        task_force: request.inquiry.task_force.clone(),
        relays: request.inquiry.relays.clone(),
        recipients: request.inquiry.recipients.clone(),
        for_them: request.inquiry.for_them,
        emergency: request.inquiry.emergency.clone(),
        released: request.inquiry.released.clone(),
        analytic: request.inquiry.analytic,
        requestor: request.inquiry.requestor.clone(),
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
