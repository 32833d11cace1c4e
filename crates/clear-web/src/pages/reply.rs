//! The asker's reply to what was put back: whether a question is for somebody else; that a hold was released.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_record::Inquiry;

use crate::api::holds::named;
use crate::app::App;
use crate::asker::{KeptInquiry, keep_inquiry, yes_or_no};
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::sign_in::here_only;

/// Keeps the reply with the inquiry and goes back to the question. The road judges it there.
pub(crate) async fn keep(
    State(app): State<Arc<App>>,
    KeptInquiry(kept): KeptInquiry,
    input: Input,
) -> Result<Response, Fault> {
    let form = input.form()?;
    let for_them = form.get("for_them").map(|text| yes_or_no(&text)).transpose()?;
    let released = form.get("released").map(|text| named(&text)).transpose()?;
    let inquiry =
        Inquiry { for_them: for_them.or(kept.for_them), released: released.or(kept.released.clone()), ..kept };
    let place = HeaderValue::from_str(here_only(form.raw("next"))).map_err(|error| Fault::ours(&error))?;
    Ok((StatusCode::SEE_OTHER, [(SET_COOKIE, keep_inquiry(&app, &inquiry))], [(LOCATION, place)]).into_response())
}
