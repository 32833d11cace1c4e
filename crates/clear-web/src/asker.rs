//! Who asks, and how its question goes down the road.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clear_record::{AgencyId, Inquiry, Origin, Purpose, Request, RequestId, Seq, Standing, UseCode};
use clear_respond::{Accepted, Bearer, Bound, Credential, Filing, Proven, Question, Redact, Response, accept, answer};

use crate::app::App;
use crate::fault::Fault;
use crate::serve::Wire;

/// Somebody proven, on a connection.
pub(crate) struct Asker {
    pub(crate) standing: Proven<Standing>,
    pub(crate) origin: Origin,
    /// The session's secret, where a session proved it.
    pub(crate) session: Option<String>,
    /// What the headers say of the inquiry.
    pub(crate) inquiry: Inquiry,
    wire: Arc<Wire>,
}

/// An answer with the number of its request.
pub(crate) struct Answered<T> {
    pub(crate) response: Response<T>,
    pub(crate) number: RequestId,
}

/// What a question's answer is.
pub(crate) type Out<Q> = <<Q as Question>::Match as Redact>::Out;

impl Asker {
    /// Asks one question.
    pub(crate) async fn ask<Q: Question>(
        &self,
        app: &App,
        inquiry: Inquiry,
        see: Option<Seq>,
        question: Q,
    ) -> Result<Answered<Out<Q>>, Fault>
    where
        Q::Match: Redact,
    {
        let inquiry = app.desk.stated(&self.standing, &inquiry).await;
        let bound = self.bind(app, &inquiry)?;
        loop {
            let origin = self.origin.clone();
            let request = app.desk.request(&self.standing, inquiry.clone(), origin, see, question.clone());
            let number = request.id.clone();
            let response = match answer(&app.desk, request).await {
                // The gate has not let this connection in: nothing but a refusal goes over it.
                Ok(_) if bound == Bound::Closed => return Err(Fault::closed().numbered(&number)),
                Ok(response) => response,
                Err(refusal) => return Err(Fault::refused(app, refusal, &number)),
            };
            app.desk.gate().tell(&self.wire.connection, response.told());
            // Each turn needs a filing that tightens something in the moment between the two lines.
            if let Some(response) = app.desk.leaves(response).await {
                return Ok(Answered { response, number });
            }
        }
    }

    /// Files something.
    pub(crate) async fn file(
        &self,
        app: &App,
        inquiry: Inquiry,
        filing: Filing,
    ) -> Result<(Accepted, RequestId), Fault> {
        let inquiry = app.desk.stated(&self.standing, &inquiry).await;
        self.bind(app, &inquiry)?;
        let request = app.desk.request(&self.standing, inquiry, self.origin.clone(), None, filing);
        let number = request.id.clone();
        let accepted = accept(&app.desk, request).await.map_err(|refusal| Fault::refused(app, refusal, &number))?;
        Ok((accepted, number))
    }

    /// A deed of the asker's that is no filing, with its number.
    pub(crate) async fn deed<Q>(&self, app: &App, question: Q) -> Result<(Proven<Request<Q>>, RequestId), Fault> {
        // The parts of an inquiry that is named by its number are on the path too.
        let inquiry = app.desk.stated(&self.standing, &self.inquiry).await;
        self.bind(app, &inquiry)?;
        let request = app.desk.request(&self.standing, inquiry, self.origin.clone(), None, question);
        let number = request.id.clone();
        Ok((request, number))
    }

    /// A connection carries one standing, and the gate knows its path before the first byte of an answer.
    pub(crate) fn bind(&self, app: &App, inquiry: &Inquiry) -> Result<Bound, Fault> {
        let Some(account) = &self.standing.account else { return Ok(Bound::Yes) };
        let path = app.desk.path_of(&self.standing, inquiry);
        let bearer = Bearer { account, device: self.standing.device.as_ref(), path: &path };
        match app.desk.gate().bind(&self.wire.connection, bearer) {
            Bound::Another => Err(Fault::another_standing()),
            bound => Ok(bound),
        }
    }

    /// The connection that it came by, for the gate.
    pub(crate) fn connection(&self) -> Arc<clear_respond::Connection> {
        self.wire.connection.clone()
    }

    /// Fails for residents, and for those whom an order cuts off or whose session or token one ended: they get the order.
    pub(crate) fn signed_in(&self, app: &App) -> Result<(), Fault> {
        if self.standing.account.is_none() {
            return Err(Fault::sign_in());
        }
        let ended = self.standing.ended_by.as_ref().map(|number| app.desk.order(number));
        // An order holds before the last of its closure's sessions has ended.
        match ended.or_else(|| app.desk.order_closing(&self.standing).map(Some)) {
            None => Ok(()),
            Some(Some(order)) => Err(Fault::ordered(order)),
            Some(None) => Err(Fault::closed()),
        }
    }
}

impl<T> Answered<T> {
    /// The answer for a program: the disclosed bytes, and nothing but them.
    pub(crate) fn into_http(self) -> HttpResponse {
        let headers = numbers(&self.response.receipt().to_header(), &self.number);
        (headers, [(header::CONTENT_TYPE, "application/json")], self.response.into_bytes()).into_response()
    }
}

/// The headers of what is in the log.
pub(crate) fn numbers(receipt: &str, number: &RequestId) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-clear-receipt", receipt), ("x-clear-request", number.as_str())] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers
}

impl FromRequestParts<Arc<App>> for Asker {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Asker, Fault> {
        let Some(wire) = parts.extensions.get::<Arc<Wire>>().cloned() else { return Err(Fault::crashed()) };
        let origin = Origin { address: wire.peer.ip().to_string(), session: None };
        let presented = presented(&parts.headers, session_name(app))?;
        let device = device_of(app, &parts.headers);
        let credential = match &presented {
            None => Credential::Anonymous,
            // The prefixes are the identity office's own: what is not a session's is proven as a token.
            Some(secret) if secret.starts_with("ocs_") => Credential::Session { secret, device: device.as_deref() },
            Some(secret) => Credential::Token(secret),
        };
        let proven = app.desk.prove_from(credential, &origin).await;
        let standing = proven.map_err(|unproven| Fault::unproven(&unproven))?;
        let session = presented.filter(|secret| secret.starts_with("ocs_"));
        let inquiry = inquiry_of_headers(&parts.headers)?;
        Ok(Asker { standing, origin, session, inquiry, wire })
    }
}

/// Somebody who may also be nobody: on public pages an ended session is no reason to refuse.
pub(crate) struct Visitor(pub(crate) Option<Proven<Standing>>);

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Visitor, Self::Rejection> {
        let asker = Asker::from_request_parts(parts, app).await.ok();
        Ok(Visitor(asker.map(|asker| asker.standing).filter(|standing| standing.account.is_some())))
    }
}

/// The name of the session's cookie. `__Host-` binds it to this host, which browsers only allow with HTTPS.
pub(crate) fn session_name(app: &App) -> &'static str {
    if app.config.https { "__Host-session" } else { "session" }
}

/// What a browser was given to be known again by, whoever signs in on it.
pub(crate) fn device_of(app: &App, headers: &HeaderMap) -> Option<String> {
    cookie_of(headers, device_name(app))
}

fn device_name(app: &App) -> &'static str {
    if app.config.https { "__Host-device" } else { "device" }
}

/// The cookie that a device keeps, as long as browsers keep one.
pub(crate) fn device_cookie(app: &App, secret: &str) -> String {
    format!("{}; Max-Age={}", cookie(app, device_name(app), secret), 400 * 24 * 60 * 60)
}

/// A cookie for this site's own requests alone, out of reach of scripts.
pub(crate) fn cookie(app: &App, name: &str, value: &str) -> String {
    let secure = if app.config.https { "; Secure" } else { "" };
    let end = if value.is_empty() { "; Max-Age=0" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{end}")
}

fn presented(headers: &HeaderMap, session_name: &str) -> Result<Option<String>, Fault> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let bearer = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, secret)) = bearer else {
            let message = "The Authorization header should be `Bearer` and an API token.";
            return Err(Fault::new(StatusCode::UNAUTHORIZED, "unproven", message).with("www-authenticate", "Bearer"));
        };
        return Ok(Some(secret.trim().to_owned()));
    }
    Ok(cookie_of(headers, session_name))
}

pub(crate) fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let all =
        headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let value = all.filter_map(|pair| pair.trim().split_once('=')).find(|(known, _)| *known == name)?.1;
    (!value.is_empty()).then(|| value.to_owned())
}

fn inquiry_of_headers(headers: &HeaderMap) -> Result<Inquiry, Fault> {
    let text = |name: &str| -> Option<String> {
        let text = String::from_utf8_lossy(headers.get(name)?.as_bytes()).trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    Ok(Inquiry {
        purpose: text("x-inquiry-purpose").map(|text| Purpose::from(text.as_str())),
        use_code: text("x-inquiry-use-code").map(|text| UseCode::from(text.as_str())),
        case: text("x-inquiry-case"),
        reason: text("x-inquiry-reason"),
        on_behalf_of: text("x-inquiry-on-behalf-of").map(|text| agencies(&text)).transpose()?,
        number: text("x-inquiry").map(|text| read("x-inquiry", &text)).transpose()?,
        task_force: text("x-inquiry-task-force").map(|text| read("x-inquiry-task-force", &text)).transpose()?,
        for_them: text("x-inquiry-for-them").map(|text| yes_or_no(&text)).transpose()?,
        emergency: text("x-inquiry-emergency"),
        released: text("x-inquiry-released").map(|text| read("x-inquiry-released", &text)).transpose()?,
        requestor: text("x-inquiry-requestor"),
        ..Inquiry::default()
    })
}

fn read<T: FromStr<Err = clear_record::BadId>>(field: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|bad| {
        Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "inquiry_unknown", format!("{field}: {bad}."))
            .at_field(Some(field.to_owned()))
    })
}

/// The answer to a question that was put back.
pub(crate) fn yes_or_no(text: &str) -> Result<bool, Fault> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => {
            let message = "`for_them` should be `yes` or `no`.";
            Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "inquiry_unknown", message)
                .at_field(Some("for_them".into())))
        }
    }
}

/// Agencies, separated by commas or spaces.
pub(crate) fn agencies(text: &str) -> Result<BTreeSet<AgencyId>, Fault> {
    let ids = text.split([',', ' ']).map(str::trim).filter(|id| !id.is_empty());
    ids.map(str::parse).collect::<Result<_, _>>().map_err(|bad: clear_record::BadId| {
        Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "inquiry_unknown", format!("on_behalf_of: {bad}."))
            .at_field(Some("on_behalf_of".into()))
    })
}

const INQUIRY: &str = "inquiry";
/// What of a part is kept in the cookie, characters; browsers keep no cookie above 4 kB.
const PART_MAX_CHARS: usize = 400;

/// The inquiry that the browser keeps from page to page.
pub(crate) struct KeptInquiry(pub(crate) Inquiry);

impl FromRequestParts<Arc<App>> for KeptInquiry {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<KeptInquiry, Self::Rejection> {
        let kept = cookie_of(&parts.headers, INQUIRY).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        Ok(KeptInquiry(kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()))
    }
}

/// The cookie that keeps an inquiry until the browser is closed. It is the asker's own words and proves nothing: the
/// road judges it with every question.
pub(crate) fn keep_inquiry(app: &App, inquiry: &Inquiry) -> String {
    let short = |text: &Option<String>| text.as_ref().map(|text| text.chars().take(PART_MAX_CHARS).collect::<String>());
    let kept = Inquiry {
        case: short(&inquiry.case),
        reason: short(&inquiry.reason),
        emergency: short(&inquiry.emergency),
        requestor: short(&inquiry.requestor),
        ..inquiry.clone()
    };
    cookie(app, INQUIRY, &URL_SAFE_NO_PAD.encode(serde_json::to_vec(&kept).unwrap_or_default()))
}

/// Takes both cookies back.
pub(crate) fn forget(app: &App) -> [String; 2] {
    [cookie(app, session_name(app), ""), cookie(app, INQUIRY, "")]
}
