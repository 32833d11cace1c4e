//! Signing in and out, and new accounts: logged like every request.

use clear_audit::What;
use clear_identity::{Enrolled, Proven, Refused, SignedIn};
use clear_policy::{Decision, Deed, may};
use clear_record::{AccountId, Origin, Request};
use jiff::Timestamp;

pub use clear_identity::NewAccount;

use crate::desk::{Desk, Error};
use crate::entry::{Entry, Refusal};

impl Desk {
    /// Signs somebody in with password and one-time code. The event is in the log before this returns.
    ///
    /// # Errors
    /// `Ok(Err(_))` when the person is not let in; `Err(_)` when nothing can be logged.
    pub async fn sign_in(
        &self,
        account: &str,
        password: &str,
        code: &str,
        origin: &Origin,
    ) -> Result<Result<SignedIn, Refused>, Refusal> {
        let outcome = self.identity().sign_in(account, password, code, self.clock()).await;
        let (what, why) = match &outcome {
            Ok(_) => (What::SignIn, None),
            Err(refused) => (What::SignInRefused, Some(refused.to_string())),
        };
        // Whatever was typed stands in the sealed entry only if it can be an account's name at all.
        self.note(what, account.trim().to_lowercase().parse().ok(), &origin.address, why)
            .await
            .map_err(|down| self.log_down(&down))?;
        Ok(outcome)
    }

    /// Ends a session; says whether there was one.
    ///
    /// # Errors
    /// When the cards cannot be written.
    pub async fn sign_out(&self, secret: &str) -> Result<bool, Error> {
        Ok(self.identity().sign_out(secret).await?)
    }

    /// Enrols an account on an empty desk, at founding. Later accounts come by [`Desk::enrol_for`].
    ///
    /// # Errors
    /// A password that is too short, an account that exists.
    pub async fn enrol(&self, account: NewAccount) -> Result<Enrolled, Error> {
        let id = account.id.clone();
        let enrolled = self.identity().enrol(account).await?;
        self.note(What::Configured, Some(id), "local", Some("account enrolled".into())).await?;
        Ok(enrolled)
    }

    /// Issues an API token, on the machine itself: at founding, or for a program.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn issue_token(&self, account: &AccountId, label: &str, expires_at: Timestamp) -> Result<String, Error> {
        let issued = self.identity().issue_token(account, label, self.clock(), expires_at).await?;
        self.note(What::Configured, Some(account.clone()), "local", Some("token issued".into())).await?;
        Ok(issued.secret.reveal().to_owned())
    }

    /// Enrols an account for somebody who may (the rules say who).
    ///
    /// # Errors
    /// As [`crate::accept`].
    pub async fn enrol_for(&self, request: Proven<Request<NewAccount>>) -> Result<Enrolled, Refusal> {
        let entry = Entry::asked(self, &request, "enrol", &request.question.id);
        if let Decision::Deny(denial) = may(&self.register(), self.rules(), Deed::Govern("account"), &request) {
            return Err(entry.refuse(denial).await);
        }
        match self.identity().enrol(request.question.clone()).await {
            Ok(enrolled) => {
                entry.done().await?;
                Ok(enrolled)
            }
            Err(error) => Err(entry.wrong(error.to_string()).await),
        }
    }
}
