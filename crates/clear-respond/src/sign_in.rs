//! Signing in and out, sessions, tokens, devices and new accounts: logged like every request.

use std::collections::BTreeSet;
use std::sync::Arc;

use clear_audit::{Event, What};
use clear_identity::{
    Credential, Device, Ended, Enrolled, Holding, Issued, Proven, Refused, SignIn, SignedIn, Unproven,
};
use clear_policy::{Decision, Deed, Order, may};
use clear_record::{AccountId, DeviceId, Inquiry, Origin, Request, Standing};
use jiff::Timestamp;

pub use clear_identity::NewAccount;

use crate::desk::{Desk, Error};
use crate::entry::{Entry, Refusal};

impl Desk {
    /// Signs somebody in with password and one-time code. The event is in the log before this returns. Whoever an order
    /// closes the installation to is told so, after having proven everything.
    ///
    /// # Errors
    /// `Ok(Err(_))` when the person is not let in; `Err(_)` when nothing can be logged.
    pub async fn sign_in(&self, given: SignIn<'_>, origin: &Origin) -> Result<Result<SignedIn, Refused>, Refusal> {
        let closed = |standing: &Standing| self.order_closing(standing).map(|order| order.draft.number.clone());
        let outcome = self.identity().sign_in(given, self.clock(), closed).await;
        let event = Event {
            at: self.clock(),
            // Whatever was typed stands in the sealed entry only if it can be an account's name at all.
            account: given.account.trim().to_lowercase().parse().ok(),
            address: Some(origin.address.clone()),
            ..Event::default()
        };
        let event = match &outcome {
            Ok(signed) => Event {
                what: What::SignIn,
                agency: signed.standing.agency.clone(),
                session: Some(signed.number.clone()),
                device: signed.standing.device.clone(),
                ..event
            },
            Err(refused) => Event { what: What::SignInRefused, why: Some(refused.to_string()), ..event },
        };
        self.log().append(&event, None).wait().await.map_err(|down| self.log_down(&down))?;
        Ok(outcome)
    }

    /// Proves who is at the other end of a connection. A session that is presented on another device than its own proves
    /// nothing, and that it was tried is in the log (S3).
    ///
    /// # Errors
    /// [`Unproven`], with what to do next.
    pub async fn prove_from(&self, credential: Credential<'_>, origin: &Origin) -> Result<Proven<Standing>, Unproven> {
        let outcome = self.prove(credential).await;
        if let Err(Unproven::OtherDevice { account, number }) = &outcome {
            let event = Event {
                what: What::SignInRefused,
                at: self.clock(),
                account: Some(account.clone()),
                address: Some(origin.address.clone()),
                session: Some(number.clone()),
                why: Some("the session was presented on another device than its own".into()),
                ..Event::default()
            };
            if let Err(down) = self.log().append(&event, None).wait().await {
                // It is refused all the same, and the operator sees that the log is down.
                self.log_down(&down);
            }
        }
        outcome
    }

    /// Ends a session; says whether there was one. `who` is whom it proves, if it still proves anybody.
    ///
    /// # Errors
    /// When the cards cannot be written or nothing can be logged; the session has ended in the second case.
    pub async fn sign_out(&self, secret: &str, who: Option<&Proven<Standing>>, origin: &Origin) -> Result<bool, Error> {
        let ended = self.identity().sign_out(secret).await?;
        if let Some(who) = who.filter(|who| ended && who.account.is_some()) {
            self.noted(Event { what: What::SignOut, ..by(who, origin) }).await?;
        }
        Ok(ended)
    }

    /// The devices of an account.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn devices(&self, account: &AccountId) -> Result<Vec<Device>, Error> {
        Ok(self.identity().devices(account, self.clock()).await?)
    }

    /// Ends a device of somebody's own, with every session and token on it. Gives how many those were; `None` when the
    /// account has no such device.
    ///
    /// # Errors
    /// When the cards cannot be written or nothing can be logged.
    pub async fn end_device(
        &self,
        account: &AccountId,
        device: &DeviceId,
        origin: &Origin,
    ) -> Result<Option<usize>, Error> {
        match self.identity().end_device(account, device).await {
            Ok(ended) => {
                let event = Event {
                    what: What::Configured,
                    account: Some(account.clone()),
                    address: Some(origin.address.clone()),
                    session: origin.session.clone(),
                    device: Some(device.clone()),
                    why: Some(format!("device ended, with {ended} sessions and tokens")),
                    ..Event::default()
                };
                self.noted(event).await?;
                Ok(Some(ended))
            }
            Err(clear_identity::Error::NoSuchDevice { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Enrols an account on an empty desk, at founding. Later accounts come by [`Desk::enrol_for`].
    ///
    /// # Errors
    /// A password that is too short, an account that exists.
    pub async fn enrol(&self, account: NewAccount) -> Result<Enrolled, Error> {
        let id = account.id.clone();
        // What cannot be logged is not begun.
        self.log().state()?;
        let enrolled = self.identity().enrol(account).await?;
        self.note(What::Configured, Some(id), "local", Some("account enrolled".into())).await?;
        Ok(enrolled)
    }

    /// Issues an API token, on the machine itself: at founding, or for a program.
    ///
    /// # Errors
    /// When there is no such account, or an order closes the installation to it.
    pub async fn issue_token(&self, account: &AccountId, label: &str, expires_at: Timestamp) -> Result<String, Error> {
        if let Some(known) = self.identity().account(account).await? {
            let standing = Standing { account: Some(known.id), agency: Some(known.agency), ..Standing::default() };
            if let Some(order) = self.order_closing(&standing) {
                return Err(Error::Ordered { account: account.clone(), order: order.draft.number.clone() });
            }
        }
        let Issued { secret, .. } = self.identity().issue_token(account, label, self.clock(), expires_at).await?;
        self.note(What::Configured, Some(account.clone()), "local", Some("token issued".into())).await?;
        Ok(secret.reveal().to_owned())
    }

    /// What an account holds: sessions and tokens, the ended ones too.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn holdings(&self, account: &AccountId) -> Result<Vec<Holding>, Error> {
        Ok(self.identity().holdings(account).await?)
    }

    /// Ends a session or token by its public number, on the machine itself.
    ///
    /// # Errors
    /// When the account has none of that number.
    pub async fn end_holding(&self, account: &AccountId, number: &str) -> Result<(), Error> {
        self.identity().revoke(account, number).await?;
        self.note(What::Configured, Some(account.clone()), "local", Some(format!("session or token {number} ended")))
            .await?;
        Ok(())
    }

    /// Enrols an account for somebody who may (the rules say who).
    ///
    /// # Errors
    /// As [`crate::accept`].
    pub async fn enrol_for(&self, request: Proven<Request<NewAccount>>) -> Result<Enrolled, Refusal> {
        let mut entry = Entry::asked(self, &request, "enrol", &request.question.id);
        if let Decision::Deny(denial) = may(&self.register(), &*self.rules(), Deed::Govern("account"), &request) {
            return Err(entry.refuse(denial).await);
        }
        entry.must_be_logged().await?;
        match self.identity().enrol(request.question.clone()).await {
            Ok(enrolled) => {
                entry.done().await?;
                Ok(enrolled)
            }
            Err(error) => Err(entry.wrong(error.to_string()).await),
        }
    }

    /// An order of the register, for whoever it cuts off.
    pub fn order(&self, number: &str) -> Option<Arc<Order>> {
        self.register().orders().iter().find(|order| order.draft.number == number).cloned()
    }

    /// Ends every session and token that the closure of an order holds: of its agencies' accounts, and of accounts with
    /// an affiliation to one of them. To be said when the gate is closed, again when the closure has grown, and at every
    /// start, because a process can end between an order and this.
    ///
    /// # Errors
    /// When the cards cannot be written: the register denies the closure all the same.
    pub(crate) async fn end_credentials(&self, order: &str) -> Result<(), Error> {
        let (register, now) = (self.register(), self.clock());
        let Some(closure) = register.closure_of(order) else { return Ok(()) };
        let hats = register.affiliations().iter().filter(|hat| {
            closure.contains(&hat.agency) && hat.from <= now && hat.until.is_none_or(|until| now < until)
        });
        let accounts: BTreeSet<AccountId> = hats.map(|hat| hat.account.clone()).collect();
        Ok(self.identity().end_by_order(closure, &accounts, order).await?)
    }

    /// How many sessions and tokens an order ended that would still be open: for the steward's screen.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn ended_by(&self, order: &str) -> Result<Ended, Error> {
        Ok(self.identity().ended_by(order, self.clock()).await?)
    }

    /// Logs an event that belongs to no request, now, and waits until the log has it.
    pub(crate) async fn noted(&self, event: Event) -> Result<(), clear_audit::LogDown> {
        self.log().append(&Event { at: self.clock(), ..event }, None).durable().await.map(|_| ())
    }

    /// The order that closes the whole installation to this standing, whatever it would ask.
    pub fn order_closing(&self, standing: &Standing) -> Option<Arc<Order>> {
        let (register, now) = (self.register(), self.clock());
        register.closed_to(&register.path(standing, &Inquiry::default(), now), now)
    }
}

/// What the log says of somebody who does something that is no request.
fn by(who: &Proven<Standing>, origin: &Origin) -> Event {
    Event {
        account: who.account.clone(),
        agency: who.agency.clone(),
        roles: who.roles.clone(),
        device: who.device.clone(),
        session: who.session().map(str::to_owned),
        address: Some(origin.address.clone()),
        ..Event::default()
    }
}
