//! The proof itself, in a file of its own, so that its privacy is easy to see.
//!
//! In:    a standing that this crate has just established.
//! Out:   [`Proven<Standing>`](Proven), and from it [`Proven<Request<Q>>`](Proven).
//! Never: is made from anything that a caller can build.

use std::ops::Deref;

use clear_record::{Inquiry, Origin, Request, RequestId, Seq, Standing};
use jiff::Timestamp;

/// Something whose asker this crate has established. Whoever takes one need not ask again who it is.
///
/// Nobody else can make one:
///
/// ```compile_fail,E0451
/// use clear_identity::Proven;
/// use clear_record::Standing;
/// let forged: Proven<Standing> = Proven { inner: Standing::resident(), session: None };
/// ```
///
/// nor change the one that it was given:
///
/// ```compile_fail,E0596
/// use clear_identity::Proven;
/// use clear_record::{Role, Standing};
/// fn promote(proven: &mut Proven<Standing>) {
///     proven.roles.insert(Role::Steward);
/// }
/// ```
///
/// Reading is free:
///
/// ```
/// use clear_identity::Proven;
/// use clear_record::{Role, Standing};
/// fn is_steward(proven: &Proven<Standing>) -> bool {
///     proven.roles.contains(&Role::Steward)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven<T> {
    inner: T,
    session: Option<String>,
}

impl<T> Proven<T> {
    /// The public number of the session or token by which this was proven; `None` for a resident. It is no secret.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }
}

impl Proven<Standing> {
    pub(crate) fn resident() -> Proven<Standing> {
        Proven { inner: Standing::resident(), session: None }
    }

    pub(crate) fn by_session(standing: Standing, number: &str) -> Proven<Standing> {
        Proven { inner: standing, session: Some(number.to_owned()) }
    }

    /// One question or filing of this asker. The standing and `origin.session` are those that were proven, whatever
    /// the caller wrote into `origin`.
    pub fn request<Q>(
        &self,
        id: RequestId,
        asked_at: Timestamp,
        inquiry: Inquiry,
        origin: Origin,
        see: Option<Seq>,
        question: Q,
    ) -> Proven<Request<Q>> {
        let origin = Origin { session: self.session.clone(), ..origin };
        let inner = Request { id, asked_at, standing: self.inner.clone(), inquiry, origin, see, question };
        Proven { inner, session: self.session.clone() }
    }
}

impl<Q> Proven<Request<Q>> {
    /// The request, for whoever has made use of its proof.
    pub fn into_inner(self) -> Request<Q> {
        self.inner
    }
}

impl<T> Deref for Proven<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_carries_what_was_proven_and_not_what_was_said() {
        let proven = Proven::by_session(Standing::resident(), "n1");
        let said = Origin { address: "10.0.0.1".to_owned(), session: Some("another's".to_owned()) };
        let request =
            proven.request(RequestId::fresh(), Timestamp::UNIX_EPOCH, Inquiry::default(), said, Some(Seq(7)), "q");
        assert_eq!(request.session(), Some("n1"));
        let request = request.into_inner();
        assert_eq!(request.origin, Origin { address: "10.0.0.1".to_owned(), session: Some("n1".to_owned()) });
        assert_eq!((request.standing, request.see, request.question), (Standing::resident(), Some(Seq(7)), "q"));
    }
}
