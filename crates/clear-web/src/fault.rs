//! What is answered when the answer is no. One type, written as JSON under `/api` and as a page elsewhere.
//!
//! In:    a [`Refusal`], a proof that failed, a request that does not read.
//! Out:   status, headers, and a body that says what happened and what to do next.
//! Never: says more of *not yours* than of *not there*; shows the asker a chain of causes.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use clear_record::RequestId;
use clear_respond::policy::{Denial, Order};
use clear_respond::{Refusal, Unproven};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, Close};
use crate::pages;
use crate::soda::fault::SodaFault;

/// A refusal, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"code": "inquiry_incomplete", "message": "The inquiry does not say: case, reason.", "missing": ["case", "reason"], "request": "5j2v0k7q8w1x3y9z4a6b0c2d1e"}))]
pub(crate) struct Problem {
    /// A short word for programs: `cut_off`, `inquiry_incomplete`, `not_found` …
    pub code: &'static str,
    /// What happened and what to do, in a sentence for people.
    pub message: String,
    /// The order that cut the asker's agency, or one it asks for, off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<ProblemOrder>,
    /// The question's hold, where it waits for a second person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<ProblemHold>,
    /// The parts of the inquiry that are missing, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<&'static str>,
    /// The field that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The request's number, as it stands in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// A hold, as it is shown to whoever waits.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ProblemHold {
    /// Its number; once released, the same question names it in `released`.
    pub number: String,
    /// By when somebody should have decided.
    pub due: String,
    /// Whom to telephone.
    pub contact: String,
}

/// A cut-off order, as it is shown to whom it cuts off.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ProblemOrder {
    /// Its number.
    pub number: String,
    /// When it was issued.
    pub issued_at: String,
    /// The agency that it names.
    pub agency: String,
    /// Its public text.
    pub text: String,
    /// Whom the agency may write to.
    pub contact: String,
    /// The signed note, checkable with any signed-note tool.
    pub note: String,
}

impl From<&Order> for ProblemOrder {
    fn from(order: &Order) -> ProblemOrder {
        ProblemOrder {
            number: order.draft.number.clone(),
            issued_at: order.draft.issued_at.to_string(),
            agency: order.draft.agency.to_string(),
            text: order.draft.text.clone(),
            contact: order.draft.contact.clone(),
            note: order.note.clone(),
        }
    }
}

/// Everything about a refusal.
#[derive(Debug, Clone)]
pub(crate) struct Fault(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    status: StatusCode,
    problem: Problem,
    headers: Vec<(HeaderName, HeaderValue)>,
    close: bool,
}

const NOT_FOUND: &str = "There is no such record that you may see.";

impl Fault {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Fault {
        let problem = Problem {
            code,
            message: message.into(),
            order: None,
            hold: None,
            missing: vec![],
            field: None,
            request: None,
        };
        Fault(Box::new(Inner { status, problem, headers: vec![], close: false }))
    }

    /// What a road said, with the request's number.
    pub(crate) fn refused(app: &App, refusal: Refusal, number: &RequestId) -> Fault {
        let (fault, receipt) = match refusal {
            // A receipt says how many entries there are; strangers see that at fixed times only.
            Refusal::Denied { denial, .. } if matches!(*denial, Denial::SignIn) => (Fault::denied(&denial), None),
            Refusal::Denied { denial, receipt } => (Fault::denied(&denial), Some(receipt)),
            Refusal::Wrong { what, receipt } => (Fault::new(StatusCode::BAD_REQUEST, "wrong", what), Some(receipt)),
            Refusal::Cut(denial) => (Fault::denied(&denial), None),
            Refusal::Failed => (
                Fault::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "failed",
                    "Something went wrong with us. The operator finds it under the request's number.",
                ),
                None,
            ),
            Refusal::LogDown => {
                let contact = app.contact();
                let message = format!(
                    "Nothing can be logged at the moment, so nothing is answered. Please tell the operator: {contact}"
                );
                (Fault::new(StatusCode::SERVICE_UNAVAILABLE, "log_down", message), None)
            }
        };
        let fault = fault.numbered(number);
        match receipt {
            Some(receipt) => fault.with("x-clear-receipt", &receipt.to_header()),
            None => fault,
        }
    }

    fn denied(denial: &Denial) -> Fault {
        let status = match denial {
            Denial::Ordered(_)
            | Denial::Suspended(_)
            | Denial::NothingOpen
            | Denial::NotPermitted(_)
            | Denial::HoldRefused(_)
            | Denial::AnalyticOnly
            | Denial::Attest
            | Denial::NotAMember(_)
            | Denial::Unengaged(_)
            | Denial::SecondPerson
            | Denial::PurposeDenied { .. } => StatusCode::FORBIDDEN,
            Denial::SignIn => return Fault::sign_in(),
            Denial::Missing(_) | Denial::Unknown { .. } | Denial::UnknownAgency(_) | Denial::NoInquiry => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            // The question stands in the message; the same request with `for_them` answers it.
            Denial::AskBack { .. } | Denial::HoldUsed(_) => StatusCode::CONFLICT,
            // Nothing comes back before somebody else has unlocked it. No 2xx: a program must not take this for an answer.
            Denial::Held(_) => StatusCode::LOCKED,
            Denial::Fault(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut fault = Fault::new(status, denial.code(), denial.to_string());
        match denial {
            Denial::Ordered(order) => fault.0.problem.order = Some(ProblemOrder::from(order.as_ref())),
            Denial::Missing(parts) => fault.0.problem.missing.clone_from(parts),
            Denial::AskBack { .. } => fault.0.problem.field = Some("for_them".to_owned()),
            Denial::NoInquiry => fault.0.problem.field = Some("number".to_owned()),
            Denial::Held(held) => {
                fault.0.problem.hold = held.hold.as_ref().map(|hold| ProblemHold {
                    number: hold.number.to_string(),
                    due: hold.due.to_string(),
                    contact: held.contact.clone(),
                });
            }
            Denial::Unknown { part, .. } => fault.0.problem.field = Some((*part).to_owned()),
            _ => {}
        }
        fault
    }

    /// An order, for whoever it cuts off.
    pub(crate) fn ordered(order: Arc<Order>) -> Fault {
        Fault::denied(&Denial::Ordered(order))
    }

    /// Nobody has signed in.
    pub(crate) fn sign_in() -> Fault {
        let message = "Sign in first: this needs an account. Programs send `Authorization: Bearer` with an API token.";
        Fault::new(StatusCode::UNAUTHORIZED, "sign_in", message).with("www-authenticate", "Bearer")
    }

    /// What was presented proves nothing.
    pub(crate) fn unproven(unproven: &Unproven) -> Fault {
        match unproven {
            Unproven::Failed(error) => {
                tracing::error!("cannot check who asks: {error}");
                Fault::new(StatusCode::SERVICE_UNAVAILABLE, "unproven", unproven.to_string())
            }
            Unproven::OtherDevice { .. } => Fault::new(StatusCode::UNAUTHORIZED, "other_device", unproven.to_string()),
            _ => Fault::new(StatusCode::UNAUTHORIZED, "unproven", unproven.to_string())
                .with("www-authenticate", "Bearer error=\"invalid_token\""),
        }
    }

    /// Not there and not yours: the same bytes.
    pub(crate) fn not_found() -> Fault {
        Fault::new(StatusCode::NOT_FOUND, "not_found", NOT_FOUND)
    }

    /// No route, or nothing behind it.
    pub(crate) fn no_such_page() -> Fault {
        Fault::new(
            StatusCode::NOT_FOUND,
            "no_such_route",
            "There is nothing at this address. The reference is at /api/v1/docs.",
        )
    }

    pub(crate) fn method(allow: HeaderValue) -> Fault {
        let allowed = allow.to_str().unwrap_or_default();
        let message = format!("This address does not take that method; it takes {allowed}.");
        let mut fault = Fault::new(StatusCode::METHOD_NOT_ALLOWED, "method", message);
        fault.0.headers.push((header::ALLOW, allow));
        fault
    }

    pub(crate) fn cross_site() -> Fault {
        Fault::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "A page of another site tried to act in your name here. Nothing was done.",
        )
    }

    /// This connection carries another standing.
    pub(crate) fn another_standing() -> Fault {
        let message = "This connection has carried answers to another account. Use one connection for each account, and ask again.";
        let mut fault = Fault::new(StatusCode::MISDIRECTED_REQUEST, "one_standing", message);
        fault.0.close = true;
        fault
    }

    /// The gate is closed to the path and the road did not know it yet.
    pub(crate) fn closed() -> Fault {
        Fault::new(
            StatusCode::FORBIDDEN,
            "closed",
            "Access ended while the answer was made. Ask again to see the order.",
        )
    }

    /// Something went wrong with us. The chain goes to the operator.
    pub(crate) fn ours(error: &dyn std::error::Error) -> Fault {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            source = error.source();
        }
        tracing::error!("{chain}");
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "Something went wrong with us. It is in the operator's log.",
        )
    }

    pub(crate) fn crashed() -> Fault {
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "Something went wrong with us. It is in the operator's log.",
        )
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Fault {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// The request's number, in the header; in the body too, but where all bodies must be the same.
    pub(crate) fn numbered(mut self, number: &RequestId) -> Fault {
        if self.0.problem.code != "not_found" {
            self.0.problem.request = Some(number.to_string());
        }
        self.with("x-clear-request", number.as_str())
    }

    pub(crate) fn at_field(mut self, field: Option<String>) -> Fault {
        self.0.problem.field = field;
        self
    }

    pub(crate) fn closing(mut self) -> Fault {
        self.0.close = true;
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Whether it is something that the asker can mend on the page that asked.
    pub(crate) fn is_mistake(&self) -> bool {
        matches!(self.status(), StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY)
    }

    pub(crate) fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// Writes the refusal: JSON for programs, a page for people.
    pub(crate) fn write(&self, app: &App, uri: &Uri, mut bare: Response) -> Response {
        let path = uri.path();
        let for_programs = ["/api/", "/log/", "/assets/", "/log.vkey", "/healthz", "/metrics"]
            .iter()
            .any(|start| path.starts_with(start));
        let mut response = if crate::soda::is_here(path) {
            SodaFault::of(self.0.status, &self.0.problem.code, &self.0.problem.message).into_response()
        } else if for_programs {
            let body = serde_json::to_string(&self.0.problem).unwrap_or_default();
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        } else if self.0.status == StatusCode::MISDIRECTED_REQUEST {
            // A browser shares connections as it likes; sent to the same address, it opens another one.
            let here = uri.path_and_query().map_or("/", |here| here.as_str());
            let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
            if let Ok(here) = HeaderValue::from_str(here) {
                response.headers_mut().insert(header::LOCATION, here);
            }
            response
        } else {
            pages::fault::page(app, uri, self)
        };
        if response.status() == StatusCode::OK {
            *response.status_mut() = self.0.status;
        }
        std::mem::swap(response.extensions_mut(), bare.extensions_mut());
        for (name, value) in &self.0.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        if self.0.close {
            response.extensions_mut().insert(Close);
        }
        response.extensions_mut().insert(self);
        response
    }
}
